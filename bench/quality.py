"""Data quality and all features together: what is found of made faults, and with no change.

Findings of data quality on data that are dealt by rows and by days, and the alerts of all features
together with a correlation that comes, and without.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import driftlib as dl
from driftlib.stats.intervals import wilson

DATA = Path(__file__).parents[1] / "data"
ROWS, FEATURES, RUNS = 2_000, 6, 200
CORRELATIONS = {0.0: RUNS, 0.3: 40, 0.5: 40, 0.9: RUNS // 2}


def main() -> None:
    """Print both tables."""
    print(dealt().to_string(index=False), end="\n\n")
    print(together().to_string(index=False))


def dealt() -> pd.DataFrame:
    """Deal the flights of each month to two sides, by rows and by days: nothing differs.

    Returns
    -------
    pandas.DataFrame
        Checks, and those with any finding but the age.
    """
    flights = pd.concat(
        pd.read_parquet(DATA / f"{name}.parquet") for name in ("reference", "current")
    )
    found = []
    for number, (_, month) in enumerate(flights.groupby(flights["timestamp"].dt.month)):
        for kind in ("rows", "days"):
            rng = np.random.default_rng(number)
            days = month["timestamp"].dt.date
            picked = days.isin(rng.permutation(days.unique())[: days.nunique() // 2])
            side = picked if kind == "days" else rng.random(len(month)) < 0.5
            result = dl.detect_drift(month[side], month[~side], timestamp="timestamp")
            wrong = [finding for finding in result.quality if finding.severity != "none"]
            found.append({"dealt by": kind, "checks": 1, "with a finding": int(bool(wrong))})
    return pd.DataFrame(found).groupby("dealt by", as_index=False).sum()


def together() -> pd.DataFrame:
    """Let a correlation come between two of six features whose margins stay as they are.

    Returns
    -------
    pandas.DataFrame
        The share of runs in which all features together are called changed, with its 95 %
        interval, and that with an alert.
    """
    rows = []
    for correlation, runs in CORRELATIONS.items():
        found = [_run(seed, correlation) for seed in range(runs)]
        real, alarmed = np.sum(found, axis=0).tolist()
        lower, upper = wilson(np.array([real]), np.array([runs]))
        rows.append(
            {
                "correlation": correlation, "runs": runs, "found": real / runs,
                "from": float(lower[0]), "to": float(upper[0]),
                "alert": alarmed / runs,
            }
        )  # fmt: skip
    return pd.DataFrame(rows).round(3)


def _run(seed: int, correlation: float) -> tuple[bool, bool]:
    rng = np.random.default_rng(seed)
    before, after = rng.normal(size=(2, ROWS, FEATURES))
    after[:, 1] = correlation * after[:, 0] + np.sqrt(1 - correlation**2) * after[:, 1]
    names = [f"x{place}" for place in range(FEATURES)]
    frames = (pd.DataFrame(side, columns=names) for side in (before, after))
    joint = dl.detect_drift(*frames, joint=True).joint
    return joint.severity != "none", joint.severity.drifted
