"""1,000,000 rows x 25 columns: what a profile and a decision cost, against the alternatives.

Every figure is the best of three runs, all in one process on the same frames. The ratios
are what matters: seconds depend on the machine and on what else it does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

import driftlib as dl

ROWS, NUMERIC, CATEGORICAL = 1_000_000, 20, 5


def make(seed: int) -> pd.DataFrame:
    """Twenty numeric and five categorical columns."""
    rng = np.random.default_rng(seed)
    numbers = {f"x{i}": rng.normal(size=ROWS) for i in range(NUMERIC)}
    names = np.array([f"level {i}" for i in range(30)])
    return pd.DataFrame(numbers | {f"c{i}": rng.choice(names, ROWS) for i in range(CATEGORICAL)})


def best(run: Callable[[], object], times: int = 3) -> float:
    """Least seconds of a few runs."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def sort_and_count(frame: pd.DataFrame) -> None:
    """The least that any exact comparison must do, on as many threads as a profile uses."""
    work: list[Callable[[], object]] = [
        lambda column=frame[name]: (
            np.sort(column.to_numpy()) if column.dtype.kind == "f" else column.value_counts()
        )
        for name in frame
    ]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda job: job(), work))


def scipy_loop(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """KS and chi-square for each column, as most scripts do it."""
    from scipy.stats import chi2_contingency, ks_2samp

    for name in reference:
        a, b = reference[name], current[name]
        if a.dtype.kind == "f":
            ks_2samp(a, b, method="asymp")
        else:
            chi2_contingency([a.value_counts().sort_index(), b.value_counts().sort_index()])


def evidently_preset(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    """Evidently's drift preset with KS and chi-square, where it is installed."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=[f"x{i}" for i in range(NUMERIC)],
        categorical_columns=[f"c{i}" for i in range(CATEGORICAL)],
    )
    sides = [Dataset.from_pandas(side, definition) for side in (current, reference)]
    Report([DataDriftPreset(num_method="ks", cat_method="chisquare")]).run(*sides)


def main() -> None:
    """Print seconds and ratios."""
    os.environ["DO_NOT_TRACK"] = "1"
    reference, current = make(1), make(2)
    baseline = dl.Baseline.fit(reference)
    floor = best(lambda: sort_and_count(current))
    profile = best(lambda: baseline.profile(current))
    decide = best(lambda: dl.detect_drift(baseline, current))
    whole = best(lambda: dl.detect_drift(reference, current))
    rows = [
        ("sort and count one side", floor),
        ("profile of a batch", profile),
        ("baseline to decision", decide),
        ("two frames to decision", whole),
        ("scipy loop", best(lambda: scipy_loop(reference, current), 1)),
    ]
    try:
        rows.append(
            ("Evidently, KS and chi-square", best(lambda: evidently_preset(reference, current), 1))
        )
    except ImportError:
        print("(Evidently is not installed: left out)\n")
    print(f"{ROWS:,} rows x {NUMERIC + CATEGORICAL} columns, {os.cpu_count()} cores\n")
    print(f"{'':<32}{'seconds':>9}{'x sort and count':>19}{'x two frames':>15}")
    for name, seconds in rows:
        print(f"{name:<32}{seconds:>9.2f}{seconds / floor:>19.2f}{seconds / whole:>15.2f}")
    print()
    # Names of driftlib are imported when they are first used.
    pandas = import_seconds("import pandas")
    for code in ("import driftlib", "from driftlib import detect_drift"):
        print(f"{code}: {import_seconds(code) / pandas:.2f} x import pandas")


def import_seconds(code: str) -> float:
    """Least seconds that a new interpreter takes to run some imports, without its own start."""

    def run(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True)

    return best(run(code), 5) - best(run(""), 5)
