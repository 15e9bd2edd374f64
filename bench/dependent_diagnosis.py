"""Diagnosis of rows that belong together: false verdicts, and what is still found.

Days of a month of flights are dealt to two sides at random, so that nothing differs by
construction; then made-up days whose weather (a feature) and fate (of the loss) all rows share.
ICC is the share of a row's variance that is its day's effect, AR the effects' lag-1 memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.diagnosis.diagnose import diagnose
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.verdict import BOTH, CONCEPT, DATA

SEED = 20261204
FILES = Path(__file__).resolve().parents[1] / "data"
START = pd.Timestamp("2013-03-01")
WEATHER = ["temp", "humid", "pressure", "wind_speed", "precip", "visib"]
FEATURES = 6


def share(hits: float, of: int, z: float = 2.576) -> str:
    """Share in percent with its 99 % interval."""
    p = hits / of
    middle, half = p + z * z / 2 / of, z * np.sqrt(p * (1 - p) / of + (z / 2 / of) ** 2)
    low, high = ((middle + s * half) / (1 + z * z / of) for s in (-1, 1))
    return f"{100 * p:.1f} ({100 * max(0, low):.0f}-{100 * high:.0f})"


def summary(name: str, found: Iterable[Diagnosis]) -> dict[str, object]:
    """One row of a table: verdicts, and how far apart the inputs seem to be."""
    found = list(found)
    verdicts, count = Counter(why.verdict for why in found), len(found)
    worse = sum(verdicts[kind] for kind in (DATA, CONCEPT, BOTH))
    return {
        "": name,
        "diagnoses": count,
        "stable": share(verdicts["stable"], count),
        "worse": share(worse, count),
        "concept": share(worse - verdicts[DATA], count),
        "improved": verdicts["improved"],
        "undetermined": verdicts["undetermined"],
        "inputs differ": share(sum(why.domain.p_value < 0.05 for why in found), count),
        "domain AUC": round(float(np.mean([why.domain_auc for why in found])), 3),
        "design effect": round(float(np.median([why.design_effect for why in found])), 1),
    }


def flight_days(repeats: int = 6, rows: int = 3_000) -> None:
    """Days of each month of flights dealt to two sides."""
    files = [pd.read_parquet(FILES / f"{name}.parquet") for name in ("reference", "current")]
    frame = pd.concat(files, ignore_index=True)
    stamp = pd.to_datetime(frame["timestamp"])
    rng = np.random.default_rng(SEED)
    found: dict[str, list[Diagnosis]] = {}
    kinds = [
        ("by days", "auto", [], repeats),
        ("by days, without weather", "auto", WEATHER, repeats),
        ("by rows", "row", [], 1),
    ]
    for _, month in frame.groupby(stamp.dt.month):
        day = stamp[month.index].dt.day
        for name, unit, without, times in kinds:
            for _ in range(times):
                dealt = rng.permutation(day.unique())
                side = day.isin(dealt[: len(dealt) // 2])
                found.setdefault(name, []).append(
                    diagnose(
                        month[side], month[~side], timestamp="timestamp", unit=unit,
                        exclude=without, max_rows=rows, seed=int(rng.integers(1_000)),
                    )
                )  # fmt: skip
    table("Flights, days of a month dealt to two sides, in %", found)


def world(
    rng: np.random.Generator, units: tuple[int, int], rows: int, icc: float = 0.0, ar: float = 0.0,
    shift: float = 0.0, flips: float = 0.0, law: str = "normal", unequal: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Two periods of days: six features, outcomes, and a loss with the day's fate in it."""
    count = sum(units)
    sizes = np.full(count, rows)
    if unequal:
        sizes = np.maximum(5, rows * rng.lognormal(-0.32, 0.8, count)).astype(int)
    day = np.repeat(np.arange(count), sizes)
    now = day >= units[0]

    def effect() -> np.ndarray:
        u = rng.exponential(size=count) - 1 if law == "exponential" else rng.normal(size=count)
        for i in range(1, count):
            u[i] = ar * u[i - 1] + np.sqrt(1 - ar * ar) * u[i]
        return u[day]

    def mixed() -> np.ndarray:
        return np.sqrt(icc) * effect() + np.sqrt(1 - icc) * rng.normal(size=len(day))

    frame = pd.DataFrame({f"x{j}": mixed() for j in range(FEATURES)})
    frame["x0"] += shift * now
    logit = frame["x0"] - 0.7 * frame["x1"] + 0.5 * frame["x0"] * frame["x2"] - 0.5
    y = rng.random(len(day)) < expit(logit)
    y ^= (rng.random(len(day)) < flips) & now
    brier = (y - expit(logit)) ** 2
    # The loss has a day effect of its own: ICC of what inputs leave unexplained.
    frame["cost"] = brier + np.sqrt(icc / (1 - icc)) * brier.std() * effect()
    frame["timestamp"] = START + pd.to_timedelta(day, unit="D")
    return frame[~now], frame[now]


def made_up_days(repeats: int = 60, rows: int = 100) -> None:
    """Made-up days without a change, with other inputs only, and with flipped labels."""
    settings: list[tuple[str, tuple[int, int], dict[str, object]]] = [
        ("no change, rows independent", (20, 20), {}),
        ("no change, ICC .05", (20, 20), {"icc": 0.05}),
        ("no change, ICC .05", (30, 7), {"icc": 0.05}),
        ("no change, ICC .05", (7, 7), {"icc": 0.05}),
        ("no change, ICC .05, AR .4", (30, 15), {"icc": 0.05, "ar": 0.4}),
        ("no change, ICC .05, exponential", (20, 10), {"icc": 0.05, "law": "exponential"}),
        ("no change, ICC .05, unequal days", (30, 15), {"icc": 0.05, "unequal": True}),
        ("one input moved by .7", (20, 20), {"shift": 0.7}),
        ("one input moved by .7, ICC .05", (20, 20), {"shift": 0.7, "icc": 0.05}),
        ("15 % of labels flipped", (20, 20), {"flips": 0.15}),
        ("15 % of labels flipped", (28, 7), {"flips": 0.15}),
        ("15 % of labels flipped, ICC .05", (20, 20), {"flips": 0.15, "icc": 0.05}),
    ]
    found: dict[str, list[Diagnosis]] = {}
    for number, (name, units, options) in enumerate(settings):
        for repeat in range(repeats):
            rng = np.random.default_rng([SEED, number, repeat])
            periods = world(rng, units, rows, **options)  # type: ignore[arg-type]
            why = diagnose(*periods, loss="cost", timestamp="timestamp", seed=repeat)
            found.setdefault(f"{name}; {units[0]}+{units[1]} days", []).append(why)
    table(f"Made-up days of {rows} rows, in %", found)


def table(title: str, found: dict[str, list[Diagnosis]]) -> None:
    """Print one table under its title."""
    rows = [summary(name, diagnoses) for name, diagnoses in found.items()]
    print(f"\n{title}\n\n{pd.DataFrame(rows).to_string(index=False)}", flush=True)


def main() -> None:
    """Print every table."""
    flight_days()
    made_up_days()


if __name__ == "__main__":
    main()
