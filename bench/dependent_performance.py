"""Performance of flights, days of a month dealt at random: `degraded` and label-free values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import driftlib as dl

SEED = 20261202
DATA = Path(__file__).resolve().parents[1] / "data"


def share(hits: float, of: float, z: float = 2.576) -> str:
    """Share in percent with its 99 % interval."""
    p = hits / of
    middle, half = p + z * z / 2 / of, z * np.sqrt(p * (1 - p) / of + (z / 2 / of) ** 2)
    low, high = ((middle + s * half) / (1 + z * z / of) for s in (-1, 1))
    return f"{100 * p:.1f} ({100 * max(0, low):.0f}-{100 * high:.0f})"


def flights() -> pd.DataFrame:
    """All flights of the project's data."""
    files = [pd.read_parquet(DATA / f"{name}.parquet") for name in ("reference", "current")]
    frame = pd.concat(files, ignore_index=True)
    frame["timestamp"] = pd.to_datetime(frame["timestamp"])
    return frame[["timestamp", "y_true", "y_pred", "y_proba"]]


def degraded(reference: pd.DataFrame, current: pd.DataFrame, unit: str = "auto") -> pd.Series:
    """Which metrics are degraded against the reference; NaN where it cannot be told."""
    perf = dl.track_performance(current, reference=reference, timestamp="timestamp", unit=unit)
    found = perf.table.set_index("metric")["degraded"].astype(float)
    return found * np.nan if perf.cannot_tell else found


def flight_days(repeats: int = 20) -> None:
    """Days of each month dealt at random to two sides."""
    rng = np.random.default_rng(SEED)
    out = []
    frame = flights()
    day = frame["timestamp"].dt.normalize()
    for size in (0, 7, 3, 1):
        hits: dict[str, list[pd.Series]] = {"auto": [], "row": []}
        for _, month in frame.groupby(frame["timestamp"].dt.to_period("M")):
            days = day[month.index].unique()
            for _ in range(repeats):
                chosen = rng.permutation(days)[: size or len(days) // 2]
                after = day[month.index].isin(chosen)
                for unit, found in hits.items():
                    found.append(degraded(month[~after], month[after], unit))
        by_unit = {unit: pd.DataFrame(found) for unit, found in hits.items()}
        table = by_unit["auto"].dropna()
        out.append({
            "current": f"{size} days" if size else "half of the days",
            "told": len(table), "degraded, all metrics": share(table.to_numpy().sum(), table.size),
            "worst metric": f"{table.mean().idxmax()} {100 * table.mean().max():.1f}",
            "by rows": f"{100 * by_unit['row'].to_numpy().mean():.0f}",
        })  # fmt: skip
    print("\nFlights, days of a month dealt at random: degraded, in % of metrics\n")
    print(pd.DataFrame(out).to_string(index=False), flush=True)


def flight_estimates(repeats: int = 10) -> None:
    """Estimates without labels, days of each month dealt at random to two sides."""
    rng = np.random.default_rng(SEED)
    out = []
    frame = flights()
    day = frame["timestamp"].dt.normalize()
    for size in (0, 7, 1):
        held: dict[str, list[pd.Series]] = {"auto": [], "row": []}
        worse: dict[str, list[float]] = {"auto": [], "row": []}
        for _, month in frame.groupby(frame["timestamp"].dt.to_period("M")):
            days = day[month.index].unique()
            for _ in range(repeats):
                chosen = rng.permutation(days)[: size or len(days) // 2]
                after = day[month.index].isin(chosen)
                real = dl.track_performance(month[after], unit="row").table
                for unit, found in held.items():
                    made = dl.estimate_performance(
                        month[~after], month[after], timestamp="timestamp", unit=unit
                    ).table
                    inside = (made["lower"] <= real["value"]) & (real["value"] <= made["upper"])
                    found.append(pd.Series(inside.to_numpy(), made["metric"]))
                    worse[unit].append(made["degraded"].mean())
        by_unit, by_row = (pd.DataFrame(held[unit]) for unit in ("auto", "row"))
        out.append({
            "current": f"{size} days" if size else "half of the days", "estimates": len(by_unit),
            "accuracy held": share(by_unit["accuracy"].sum(), len(by_unit)),
            "all metrics held": f"{100 * by_unit.to_numpy().mean():.0f}",
            "least held": f"{by_unit.mean().idxmin()} {100 * by_unit.mean().min():.0f}",
            "accuracy held by rows": f"{100 * by_row['accuracy'].mean():.0f}",
            "degraded": f"{100 * np.mean(worse['auto']):.1f}",
            "degraded by rows": f"{100 * np.mean(worse['row']):.0f}",
        })  # fmt: skip
    print("\nFlights, days dealt at random: estimates that hold the realised value, in %\n")
    print(pd.DataFrame(out).to_string(index=False), flush=True)


def main() -> None:
    """Print every table."""
    flight_days()
    flight_estimates()


if __name__ == "__main__":
    main()
