"""Is said what estimates rest on, where it does not hold, and nothing where it does?

A reference that the model was trained on, and another share of positives, each in sets drawn anew,
with sets of the same size in which nothing is wrong. Labels that come late: the error of the
windows that are filled in, whether their intervals hold, and how often windows are degraded
although nothing changed, and once accuracy has fallen by .05.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.performance.estimate import estimate_performance
from driftlib.performance.track import track_performance

SEED = 20240115
SETS = 100
DAYS, LATE, EARLY = 364, 180, 90
# Of the labels: accuracy falls by .05.
FLIPPED = 0.0725
METRICS = ("accuracy", "f1", "roc_auc", "brier")


def rows(rng: np.random.Generator, count: int, odds: float = 1.0) -> pd.DataFrame:
    """Rows of a model that is right, the odds of positives so many times the usual."""
    x = rng.normal(size=(10 * count, 3))
    chance = expit(x @ [1.0, 0.7, 0.0] - 1.5)
    y = rng.random(len(x)) < chance
    kept = np.flatnonzero(rng.random(len(x)) < np.where(y, odds, 1) / max(odds, 1))[:count]
    frame = pd.DataFrame(x[kept], columns=["a", "b", "c"])
    return frame.assign(
        y_proba=chance[kept], y_pred=(chance[kept] > 0.5).astype(int), y_true=y[kept].astype(int)
    )


def said_of_shares(number: int) -> tuple[bool, bool]:
    """Whether a changed share of positives is named, and one that did not change."""
    rng = np.random.default_rng([SEED, number])
    reference = rows(rng, 8000)
    found = [
        estimate_performance(reference, rows(rng, 3000, odds), metrics=["accuracy"], unit="row")
        for odds in (2.5, 1.0)
    ]
    named = ["only the share" in one.table["note"].iloc[0] for one in found]
    return named[0], named[1]


def said_of_training(number: int) -> tuple[bool, bool]:
    """Whether a reference of training rows is named, and one of rows that were not seen."""
    from sklearn.ensemble import RandomForestClassifier

    rng = np.random.default_rng([SEED, number])
    data = rows(rng, 8000)
    features = ["a", "b", "c"]
    forest = RandomForestClassifier(20, min_samples_leaf=3, random_state=number)
    forest.fit(data[features][:3000], data["y_true"][:3000])
    data["y_proba"] = forest.predict_proba(data[features])[:, 1]
    data["y_pred"] = (data["y_proba"] > 0.5).astype(int)
    found = [
        estimate_performance(side, data[5500:], metrics=["accuracy"], unit="row").warning
        for side in (data[:3000], data[3000:5500])
    ]
    return bool(found[0]), bool(found[1])


def loans(number: int, flipped: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Loans of a year: a default is known within 180 days, a good loan after 180.

    After the first 90 days a share of them turns out the other way.
    """
    rng = np.random.default_rng([SEED, number])
    days, p = np.sort(rng.uniform(0, DAYS, 24_000)), rng.beta(1.2, 8, 24_000)
    seen = pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D")
    y = (rng.random(len(p)) < p).astype(float)
    other = (days >= EARLY) & (np.random.default_rng([SEED, number, 1]).random(len(p)) < flipped)
    y = np.where(other, 1 - y, y)
    delay = np.where(y == 1, rng.uniform(0, LATE, len(p)), LATE)
    frame = pd.DataFrame({"timestamp": seen, "y_proba": p, "y_pred": (p > 0.3) * 1, "y_true": y})
    known = days + delay <= DAYS
    came = (seen + pd.to_timedelta(delay, unit="D")).where(known)
    late = frame.assign(label_time=came, y_true=frame["y_true"].where(known))
    return late[days < EARLY], late[days >= EARLY], frame.loc[days >= EARLY, "y_true"]


def filled_in(number: int) -> dict[str, float]:
    """Error of windows whose labels are still to come, and what is held and alarmed."""
    reference, current, truth = loans(number)
    given = {"window": "MS", "on": "timestamp", "metrics": METRICS, "unit": "row"}
    full = track_performance(current.assign(y_true=truth), **given).table
    found = track_performance(current, reference=reference, label_time="label_time", **given).table
    young = found["held"].to_numpy(dtype=bool)
    gap = (found["value"] - full["value"]).abs()
    inside = full["value"].between(found["lower"], found["upper"])
    return {
        "error of accuracy": gap[young & (found["metric"] == "accuracy")].mean(),
        "intervals hold": inside[young].mean(),
        "young windows degraded": found.loc[young, "degraded"].mean(),
    }


def of_mature_windows(number: int, flipped: float) -> dict[str, float]:
    """How often windows whose labels are all there are degraded, and whether accuracy's is."""
    reference, current, _ = loans(number, flipped)
    # Windows that are too young take most of the time, and say nothing here.
    current = current[current["timestamp"] < pd.Timestamp("2026-07-01")]
    found = track_performance(
        current, reference=reference, label_time="label_time", window="MS", on="timestamp",
        metrics=METRICS, unit="row",
    ).table  # fmt: skip
    sides = [(side["y_true"] == side["y_pred"]).mean() for side in (reference, current)]
    accuracy = found.loc[found["metric"] == "accuracy", "degraded"]
    return {
        "fall of accuracy": sides[0] - sides[1],
        "metrics of a window degraded": found["degraded"].mean(),
        "accuracy degraded in a window": accuracy.mean(),
        "accuracy degraded in a year": float(accuracy.any()),
    }


def main(sets: int = SETS) -> None:
    """Print the shares."""
    for words, judge in (
        ("another share of positives", said_of_shares),
        ("a reference of training rows", said_of_training),
    ):
        found = np.mean([judge(number) for number in range(sets)], axis=0)
        print(f"{words}: said in {found[0]:.0%} of {sets} sets, {found[1]:.0%} where it is none")
    late = pd.DataFrame([filled_in(number) for number in range(max(1, sets // 5))]).mean()
    print(f"\nlabels that come late, {max(1, sets // 5)} years\n{late.round(4).to_string()}")
    for words, flipped in (("no change", 0.0), ("a fall", FLIPPED)):
        lines = [of_mature_windows(number, flipped) for number in range(sets)]
        print(f"\nwindows that are mature, {words}, {sets} years")
        print(pd.DataFrame(lines).mean().round(4).to_string())


if __name__ == "__main__":
    main()
