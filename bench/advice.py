"""Does `dl.advise` choose well? Worlds whose later rows are known, and the flights.

In each world a model was trained before, a reference was scored, and current rows have labels. What
every action is worth is known from 20,000 later rows of the same law. A retraining costs 0.003 of
the Brier score a row, and so does looking for a fault of the feed where there is none. The regret
of a policy is its loss on the later rows, price included, less that of the action that was best.

Right: what was chosen is the best, or within 0.002 of it. Waiting leaves the model as it is.
Where that is wrong it is asked whether labels could have told at all: whether the probabilities of
the law by now, which no procedure knows, are surely better than the model's on all labelled rows.
"""

from __future__ import annotations

import argparse
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

import driftlib as dl
from driftlib.advising.actions import BOTH, KEEP, MEND, NEW, OFFSET, RECALIBRATE, RETRAIN, WAIT
from driftlib.advising.worth import Judge
from driftlib.data.predictions import Predictions
from driftlib.data.task import Task
from driftlib.domain.boosting import boosting_options, one_thread
from driftlib.performance.metrics import METRICS
from driftlib.stats.unit_influence import RowUnits

SEED = 20261126
KINDS = ("stable", "covariate", "concept by segment", "prior shift", "miscalibrated", "feed fault")
TRAIN, REFERENCE, LATER = 8_000, 4_000, 20_000
LABELS = (400, 1_500, 4_000, 8_000)
DAYS = 24
CORRECTIONS = (OFFSET, RECALIBRATE)
PRICE, CLOSE = 0.003, 0.002
NUMBERS = [f"x{place}" for place in range(6)]
DATA = Path(__file__).resolve().parents[1] / "data"


class World:
    """A law of rows before and after a change, and a model trained before.

    Parameters
    ----------
    kind : str
    seed : int
    """

    def __init__(self, kind: str, seed: int) -> None:
        self.kind, self.rng = kind, np.random.default_rng((SEED, seed))
        rng = self.rng
        self.slopes = rng.normal(size=6) * np.array([1.2, 0.9, 0.7, 0.5, 0.4, 0.2])
        self.level = rng.uniform(-1.5, 0.0)
        self.shift = rng.normal(size=6) * rng.uniform(0.3, 0.9)
        self.segment = int(rng.integers(4))
        self.turn = rng.uniform(-0.6, 0.4)
        self.odds = rng.choice([-1, 1]) * rng.uniform(0.6, 1.4)
        self.bend = rng.uniform(0.3, 0.6), rng.normal() * 0.5
        self.broken = int(np.argmax(np.abs(self.slopes)))
        self.fault = str(rng.choice(["missing", "sentinel", "unit"]))
        self.share = rng.uniform(0.3, 0.7)
        self.effect = float(rng.choice([0.0, 0.15]))
        from sklearn.ensemble import HistGradientBoostingClassifier

        train = self._draw(TRAIN, False)
        with one_thread():
            options = boosting_options([*NUMBERS, "group"], (), 0)
            self.model = HistGradientBoostingClassifier(**options)
            self.model.fit(self._matrix(train), train["y_true"])

    def _draw(self, rows: int, changed: bool) -> pd.DataFrame:
        if changed and self.kind == "prior shift":
            many = self._plain(8 * rows, False)
            worth = np.exp(self.odds * many["y_true"])
            kept = many[self.rng.random(len(many)) < worth / worth.max()]
            # As many rows of each day.
            return kept.groupby("day").head(-(-rows // DAYS)).head(rows).reset_index(drop=True)
        return self._plain(rows, changed)

    def _days(self, rows: int) -> pd.DatetimeIndex:
        return pd.Timestamp("2024-01-01") + pd.to_timedelta(
            np.arange(rows) * DAYS // rows, unit="D"
        )

    def _plain(self, rows: int, changed: bool) -> pd.DataFrame:
        rng = self.rng
        x = rng.normal(size=(rows, 6))
        day = np.arange(rows) * DAYS // rows
        x += self.effect * rng.normal(size=(DAYS, 6))[day]
        group = rng.integers(0, 4, rows)
        if changed and self.kind == "covariate":
            x += self.shift
        line = self._line(x, group, changed) + self.effect * rng.normal(size=DAYS)[day]
        y = (rng.random(rows) < expit(line)).astype(int)
        frame = pd.DataFrame(x, columns=NUMBERS)
        return frame.assign(group=group, day=self._days(rows), y_true=y)

    def _line(self, x: np.ndarray, group: np.ndarray, changed: bool) -> np.ndarray:
        line = self.level + x @ self.slopes + 0.6 * np.sin(2 * x[:, 0]) + 0.5 * (group == 1)
        if changed and self.kind == "concept by segment":
            inside = (group == self.segment) | (group == (self.segment + 1) % 4)
            line = np.where(inside, self.level + self.turn * (line - self.level), line)
        return line

    def could_tell(self, current: pd.DataFrame) -> bool:
        """Tell whether labels show a gain to one who knows the law by now.

        Parameters
        ----------
        current : pandas.DataFrame
            Changed rows with their labels.

        Returns
        -------
        bool
            Whether the 95 % interval of what the law's own probabilities gain, on all of them,
            is above 0.
        """
        group = current["group"].map("abcd".index).to_numpy()
        line = self._line(current[NUMBERS].to_numpy(), group, True)
        if self.kind == "prior shift":
            line = line + self.odds
        y, day = current["y_true"].to_numpy(), pd.factorize(current["day"])[0]
        known, seen = (Predictions(y, y, p) for p in (expit(line), current["y_proba"].to_numpy()))
        units = RowUnits(day, np.ones(len(day), dtype=bool), np.arange(day.max() + 1))
        judge = Judge(Task("binary", ("no", "yes"), ""), METRICS["binary"]["brier"], units)
        return judge.gain(known, seen).interval()[0] > 0

    def _matrix(self, frame: pd.DataFrame) -> np.ndarray:
        return frame[[*NUMBERS, "group"]].to_numpy(dtype=float)

    def rows(self, number: int, changed: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Draw rows that the model scored.

        Parameters
        ----------
        number : int
        changed : bool

        Returns
        -------
        (pandas.DataFrame, pandas.DataFrame)
            As they are seen, and as they would be with the feed mended.
        """
        clean = self._draw(number, changed)
        seen = clean.copy()
        if changed and self.kind == "feed fault":
            name = NUMBERS[self.broken]
            hit = self.rng.random(number) < self.share
            if self.fault == "unit":
                seen[name] = clean[name] * 1000
            else:
                seen.loc[hit, name] = np.nan if self.fault == "missing" else -999.0
        both = []
        for frame in (seen, clean):
            with one_thread():
                score = self.model.predict_proba(self._matrix(frame))[:, 1]
            if changed and self.kind == "miscalibrated":
                slope, level = self.bend
                score = expit(level + slope * logit(np.clip(score, 1e-6, 1 - 1e-6)))
            group = frame["group"].map(lambda code: "abcd"[code])
            both.append(frame.assign(group=group, y_proba=score, y_pred=(score > 0.5).astype(int)))
        return both[0], both[1]


def _losses(world: World, advice: dl.Decision) -> dict[tuple[str, str], float]:
    """Loss of every action on later rows, price included."""
    seen, clean = world.rows(LATER, True)
    y = seen["y_true"].to_numpy()
    keep = float(np.mean((seen["y_proba"] - y) ** 2))
    mended = float(np.mean((clean["y_proba"] - y) ** 2))
    found = {(KEEP, ""): keep, (MEND, ""): mended if world.kind == "feed fault" else keep + PRICE}
    if advice.tried:
        scored = advice.score(seen.assign(day=seen["day"] + pd.Timedelta(days=60)))
        for row in scored.table.itertuples():
            extra = PRICE if row.action == RETRAIN else 0.0
            key = row.action, row.fitted_on if row.action == RETRAIN else ""
            found[key] = keep - row.gain + extra
    return found


def one(number: int) -> dict[str, Any]:
    """Ask for advice in one world, and see what became of it.

    Parameters
    ----------
    number : int
        Of the world.

    Returns
    -------
    dict
    """
    kind = KINDS[number % len(KINDS)]
    labels = LABELS[(number // len(KINDS)) % len(LABELS)]
    world = World(kind, number)
    reference, _ = world.rows(REFERENCE, False)
    current, _ = world.rows(labels, True)
    current["day"] += pd.Timedelta(days=30)
    advice = dl.advise(
        reference, current, price=PRICE * LATER, horizon=LATER, timestamp="day", unit="1D"
    )
    losses = _losses(world, advice)
    key = advice.action, advice.fitted_on
    taken = losses[(KEEP, "") if advice.action == WAIT else key]
    best = min(losses, key=lambda name: losses[name])
    low = losses[best]
    row: dict[str, Any] = {
        "world": number, "kind": kind, "labels": labels, "verdict": advice.verdict,
        "action": " ".join(filter(None, key)), "best": " ".join(filter(None, best)),
        "regret": taken - low, "of keeping": losses[KEEP, ""] - low,
        "could tell": advice.action == WAIT and world.could_tell(current),
    }  # fmt: skip
    for name in (NEW, BOTH):
        row[f"of retraining on {name}"] = losses.get((RETRAIN, name), np.nan) - low
    if advice.tried:
        held = advice.table.set_index(["action", "fitted_on"])
        keep = losses[KEEP, ""]
        known = [
            (low <= keep - losses[k] + PRICE * (k[0] == RETRAIN) <= high)
            for (k, low, high) in zip(
                [(a, f if a == RETRAIN else "") for a, f in held.index],
                held["lower"], held["upper"], strict=True,
            )
            if k[0] != KEEP
        ]  # fmt: skip
        row |= {"intervals": len(known), "covered": int(np.sum(known))}
    return row


def run(first: int, last: int) -> pd.DataFrame:
    """Try worlds.

    Parameters
    ----------
    first, last : int
        Numbers of the worlds.

    Returns
    -------
    pandas.DataFrame
    """
    rows = []
    for number in range(first, last):
        rows.append(one(number))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number + 1 - first} of {last - first} worlds")
    return pd.DataFrame(rows)


def report(found: pd.DataFrame) -> None:
    """Print what came of the worlds.

    Parameters
    ----------
    found : pandas.DataFrame
        Of `run`.
    """
    found = found.assign(right=found["regret"] <= CLOSE, waits=found["action"] == WAIT)
    policies = ["regret", "of keeping", *(f"of retraining on {name}" for name in (NEW, BOTH))]
    done = found[~found["waits"]]
    held = found["covered"].sum() / found["intervals"].sum()
    print(
        f"\n{len(found)} worlds, judged on {LATER:,} later rows: right (best, or within {CLOSE}) "
        f"in {100 * found['right'].mean():.0f} %"
    )
    print(f"of the {len(done)} that do not wait: right in {100 * done['right'].mean():.0f} %")
    print(f"95 % intervals of gains hold in {100 * held:.0f} %")
    missed = found[found["waits"] & ~found["right"]]
    told = missed["could tell"].sum()
    print(
        f"{found['waits'].sum()} wait: in {len(missed)} another action was better by more; one who "
        f"knew the law by now could have told by all labels in {told} of these"
    )
    counts = missed.groupby("kind")["could tell"].agg(["size", "sum"])
    print(counts.set_axis(["waits that missed", "could tell"], axis=1).to_string())
    print("\nmean regret\n")
    print(found[policies].mean().round(5).to_string())
    for by in ("kind", "labels"):
        print(f"\nby {by}\n")
        means = found.groupby(by)[["right", "waits", *policies]].mean()
        print(means.round(4).to_string())
    print("\nchosen, by what was best\n")
    print(pd.crosstab(found["best"], found["action"]).to_string())
    print("\nchosen, by kind\n")
    print(pd.crosstab(found["kind"], found["action"]).to_string())


def flights() -> pd.DataFrame:
    """Ask for advice on the flights of each month, and hold it against the next month.

    Returns
    -------
    pandas.DataFrame
        A row a month.
    """
    reference = pd.read_parquet(DATA / "reference.parquet")
    current = pd.read_parquet(DATA / "current.parquet")
    months = [part for _, part in current.groupby(current["timestamp"].dt.to_period("M"))]
    rows = []
    for now, after in pairwise(months):
        advice = dl.advise(
            reference, now, timestamp="timestamp", unit="1D", exclude=["temp", "humid", "pressure"]
        )
        scored = advice.score(after)
        gains = scored.table.set_index(["action", "fitted_on"])["gain"]
        key = advice.action, advice.fitted_on or (NEW if advice.action in CORRECTIONS else "")
        own = advice.table.set_index(["action", "fitted_on"])["gain"]
        rows.append(
            {
                "month": f"{now['timestamp'].iloc[0]:%B}",
                "verdict": advice.verdict,
                "advice": " on ".join(filter(None, (advice.action, advice.fitted_on))),
                "expected": own.get(key, np.nan),
                "next month": gains.get(key, np.nan),
                "best then": scored.best,
                "regret": scored.regret,
                "of keeping": gains.max(),
                "of retraining": gains.max() - gains[RETRAIN, BOTH],
                "borne out": scored.verdict,
            }
        )
    return pd.DataFrame(rows)


def main(arguments: list[str] | None = None) -> None:
    """Try worlds and flights, and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m bench advice", description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="worlds (default 200)")
    parser.add_argument("--first", type=int, default=0, help="number of the first world")
    parser.add_argument("--save", help="CSV file for a row a world")
    parser.add_argument("--flights", action="store_true", help="only the flights")
    parser.add_argument("--report", nargs="*", help="only report what such files hold")
    options = parser.parse_args(arguments or [])
    if options.report:
        return report(pd.concat(map(pd.read_csv, options.report), ignore_index=True))
    if not options.first:
        print(flights().round(4).to_string(index=False))
    if options.flights:
        return None
    found = run(options.first, options.first + options.worlds)
    report(found)
    if options.save:
        dl.write_csv(options.save, found, index=False)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
