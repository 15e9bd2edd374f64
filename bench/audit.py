"""Does an audit foretell what checks of fresh data do? Worlds whose law is known, and flights.

An audit of one reference says how often a check alarms without a change and how often it sees a
fault. Fresh references and windows of the same world, as many units as the audit dealt, show how
often that happens. "apart" is the difference in standard errors of both. A single reference knows
its world only so well: where days differ, that is part of the difference. Flights: audited in
March, counted on days of April to June dealt at random.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import driftlib as dl
from driftlib.auditing.faults import MISSING, SHIFT, detach_labels
from driftlib.auditing.label_faults import DETACHED, LABELS

SEED = 20261125
DAYS, WINDOW, ROWS = 28, 7, 200
FRESH = 100
DATA = Path(__file__).resolve().parents[1] / "data"
World = Callable[[np.random.Generator, int], pd.DataFrame]
KEYWORDS: dict[str, Any] = {"timestamp": "day", "unit": "1D"}


def _days(rng: np.random.Generator, days: int, effect: float, rare: bool = False) -> pd.DataFrame:
    day = np.repeat(np.arange(days), ROWS)
    own = rng.normal(size=(days, 3))[day] * np.sqrt(effect)
    x = own + rng.normal(size=own.shape) * np.sqrt(1 - effect)
    logit = x[:, 0] * 1.5 - (3.0 if rare else 0.0)
    score = 1 / (1 + np.exp(-logit))
    label = (rng.random(len(day)) < score).astype(int)
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "x": x[:, 0],
            "skewed": np.exp(x[:, 1]),
            "c": np.array(list("abcd"))[np.clip(np.rint(x[:, 2] + 1.5), 0, 3).astype(int)],
            "y_true": label,
            "y_pred": (score > 0.5).astype(int),
            "y_proba": score,
        }
    )


def _regression(rng: np.random.Generator, days: int) -> pd.DataFrame:
    frame = _days(rng, days, 0.05).drop(columns="y_proba")
    target = 10 + 2 * frame["x"] + rng.normal(size=len(frame))
    return frame.assign(y_true=target, y_pred=10 + 2 * frame["x"])


WORLDS: dict[str, World] = {
    "independent rows": lambda rng, days: _days(rng, days, 0.0),
    "day effects, 5 % of the variance": lambda rng, days: _days(rng, days, 0.05),
    "day effects, 20 %": lambda rng, days: _days(rng, days, 0.2),
    "rare positives": lambda rng, days: _days(rng, days, 0.05, rare=True),
    "regression": _regression,
}


def _alarms(reference: pd.DataFrame, window: pd.DataFrame) -> tuple[set[str], bool]:
    drift = dl.detect_drift(reference, window, **KEYWORDS)
    perf = dl.track_performance(window, reference=reference, **KEYWORDS)
    return set(drift.drifted), bool(perf.table["alarm"].any())


def _fresh(world: World) -> pd.DataFrame:
    """Count what checks of fresh data do, without and with faults."""
    counts = []
    for repeat in range(FRESH):
        rng = np.random.default_rng((SEED, 1, repeat))
        whole = world(rng, DAYS)
        late = whole["day"] >= whole["day"].min() + pd.Timedelta(days=DAYS - WINDOW)
        reference, window = whole[~late], whole[late]
        drifted, worse = _alarms(reference, window)
        row = {("drift", "", 0.0): bool(drifted), ("performance", "", 0.0): worse}
        baseline = dl.Baseline.fit(reference, **KEYWORDS)
        number = len(baseline.features)
        policy = dl.DriftPolicy(alpha=0.05 / number)
        for fault, name, sizes in ((SHIFT, "x", (0.2, 0.4, 0.8)), (MISSING, "c", (0.01, 0.03))):
            alone = baseline.only([name])
            for size in sizes:
                made = fault.make(window[name], baseline.columns[name], size, rng)
                found = dl.detect_drift(alone, window.assign(**{name: made}), policy=policy)
                row[fault.name, name, size] = name in found.drifted
        for size in DETACHED[1:4]:
            faulty = detach_labels(window, "y_true", size, rng)
            perf = dl.track_performance(faulty, reference=reference, **KEYWORDS)
            row[LABELS, "", size] = bool(perf.table["alarm"].any())
        counts.append(row)
    return pd.DataFrame(counts).mean()


def _foretold(found: dl.Audit) -> dict[tuple[str, str, float], tuple[float, int]]:
    never = found.false_alarms[found.false_alarms["units"] == found.take]
    told = {(row.of, "", 0.0): (row.share, row.deals) for row in never.itertuples()}
    own = found.table[found.table["units"] == found.take]
    return told | {
        (row.fault, row.feature, row.size): (row.share, row.tries) for row in own.itertuples()
    }


def worlds() -> None:
    """Print, for each world, what was foretold and what fresh data did."""
    for name, world in WORLDS.items():
        reference = world(np.random.default_rng((SEED, 0)), DAYS)
        found = dl.audit(reference, window=f"{WINDOW}D", deals=200, tries=60, **KEYWORDS)
        told, rows = _foretold(found), []
        for key, share in _fresh(world).items():
            said, tries = told[key]
            pooled = (said * tries + share * FRESH) / (tries + FRESH)
            error = np.sqrt(max(pooled * (1 - pooled), 1e-4) * (1 / tries + 1 / FRESH))
            rows.append((*key, 100 * said, 100 * share, (said - share) / error))
        columns = ["what", "feature", "size", "foretold %", "fresh %", "apart"]
        print(f"\n{name}\n{pd.DataFrame(rows, columns=columns).round(3).to_string(index=False)}")


def flights() -> None:
    """Print what an audit of March foretells of days dealt from April to June."""
    march = pd.read_parquet(DATA / "reference.parquet")
    later = pd.read_parquet(DATA / "current.parquet")
    found = dl.audit(march, window="7D", deals=200, tries=20, timestamp="timestamp")
    print(f"\n{found.headline}")
    print(found.false_alarms.round(3).to_string(index=False))
    rng, counts = np.random.default_rng((SEED, 2)), []
    for month in (4, 5, 6):
        rows = later[later["timestamp"].dt.month == month]
        day = rows["timestamp"].dt.day
        for _ in range(40):
            chosen = day.isin(rng.choice(day.unique(), 7, replace=False))
            drift = dl.detect_drift(rows[~chosen], rows[chosen], timestamp="timestamp")
            perf = dl.track_performance(
                rows[chosen], reference=rows[~chosen], timestamp="timestamp"
            )
            counts.append((month, bool(drift.drifted), bool(perf.table["alarm"].any())))
    table = pd.DataFrame(counts, columns=["month", "drift", "performance"])
    print(f"\ncounted, 40 deals of 7 days a month\n{table.groupby('month').mean()}")


def main() -> None:
    """Print every table."""
    worlds()
    flights()


if __name__ == "__main__":
    main()
