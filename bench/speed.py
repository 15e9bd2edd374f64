"""What a check costs: a large batch against the alternatives, a small one, a file, a diagnosis.

Every figure is the best of a few runs, all in one process on the same frames. The ratios
are what matters: seconds depend on the machine and on what else it does. So those that are
promised are also medians over rounds in which each side has its turn.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

import driftlib as dl

ROWS, NUMERIC, CATEGORICAL = 1_000_000, 20, 5
ROUNDS = 7


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
    # First, as a service has it: without all that other tools load.
    small = small_batches()
    reference, current = make(1), make(2)
    baseline = dl.Baseline.fit(reference, unit="row")
    floor = best(lambda: sort_and_count(current))
    profile = best(lambda: baseline.profile(current))
    decide = best(lambda: dl.detect_drift(baseline, current))
    whole = best(lambda: dl.detect_drift(reference, current, unit="row"))
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
    promised(reference, current, baseline)
    print(small)
    diagnoses()
    slider()
    file_check()
    # Names of driftlib are imported when they are first used.
    pandas = import_seconds("import pandas")
    for code in ("import driftlib", "from driftlib import detect_drift"):
        print(f"{code}: {import_seconds(code) / pandas:.2f} x import pandas")


def promised(reference: pd.DataFrame, current: pd.DataFrame, baseline: dl.Baseline) -> None:
    """A check and two frames against the bare sorting and counting, in turns."""
    ways: dict[str, Callable[[], object]] = {
        "sort and count": lambda: sort_and_count(current),
        "baseline to decision": lambda: dl.detect_drift(baseline, current),
        "two frames to decision": lambda: dl.detect_drift(reference, current, unit="row"),
    }
    seconds = np.array([[best(way, 1) for way in ways.values()] for _ in range(ROUNDS)])
    ratios = dict(zip(ways, np.median(seconds / seconds[:, :1], axis=0), strict=True))
    for name, ratio in list(ratios.items())[1:]:
        print(f"{name}, median of {ROUNDS} rounds: {ratio:.2f} x sort and count")
    print()


def small_batches(batches: int = 40) -> str:
    """1,000 rows x 20 columns against a loaded baseline, again and again."""
    columns = [f"x{i}" for i in range(16)] + [f"c{i}" for i in range(4)]
    reference = make(1)[columns].head(50_000)
    with tempfile.TemporaryDirectory() as folder:
        dl.Baseline.fit(reference, unit="row").save(f"{folder}/baseline.json")
        baseline = dl.Baseline.load(f"{folder}/baseline.json")
    frame = make(2)[columns]
    parts = [frame.iloc[1_000 * k : 1_000 * (k + 1)] for k in range(batches)]
    seconds = best(lambda: [dl.detect_drift(baseline, part) for part in parts], ROUNDS)
    start = time.process_time()
    for part in parts:
        dl.detect_drift(baseline, part)
    cpu = time.process_time() - start
    return (
        f"small batch, 1,000 rows x 20 columns: {1e3 * seconds / batches:.1f} ms each, "
        f"{1e3 * cpu / batches:.1f} ms of CPU"
    )


def labelled(rows: int, seed: int, shift: float) -> pd.DataFrame:
    """Twenty features, labels that follow three of them, and the chances as a model's scores."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 20))
    x[:, 0] += shift
    chance = 1 / (1 + np.exp(-(x[:, 0] + x[:, 1] * x[:, 2])))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(20)])
    labels = {"y_true": (rng.random(rows) < chance).astype(int), "y_pred": (chance > 0.5) * 1}
    return frame.assign(**labels, y_proba=chance)


def diagnoses() -> None:
    """A cause at the most rows that are used, against one fit of the classifier it is built on."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    sides = labelled(50_000, 1, 0.0), labelled(50_000, 2, 0.3)
    whole = best(lambda: dl.diagnose(*sides, unit="row"))
    matrix = np.concatenate([side.iloc[:, :20].to_numpy() for side in sides])
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=15, early_stopping=False)
    single = best(lambda: model.fit(matrix, np.repeat([0, 1], 50_000)))
    print(f"diagnosis, 50,000 + 50,000 x 20: {whole:.2f} s, {whole / single:.1f} x one model's fit")


def slider() -> None:
    """All that the page shows at each of some positions of a dial, at 5,000 rows."""
    from driftlib.demo import what_if as steps

    steps.what_if(0.0, 0.1, rows=5_000).why.features  # noqa: B018
    dials = np.arange(1, 13) / 20
    seconds = np.full((3, len(dials)), np.inf)
    for turn, place in np.ndindex(seconds.shape):
        if not place:
            # The page remembers what it has shown.
            for step in (steps._trend, steps._domain, steps._estimate):
                step.cache_clear()
        start = time.process_time()
        steps.what_if(float(dials[place]), 0.1, rows=5_000).why.features  # noqa: B018
        seconds[turn, place] = time.process_time() - start
    least = seconds.min(axis=0)
    print(
        f"slider at 5,000 rows, with the cause, {len(dials)} positions, best of {len(seconds)}: "
        f"median {np.median(least):.2f} s of CPU, at most {least.max():.2f} s"
    )


def file_check() -> None:
    """`driftlib check` of a file of 10,000 rows, against importing pandas and reading it."""
    with tempfile.TemporaryDirectory() as folder:
        baseline, rows = f"{folder}/baseline.json", make(2).head(10_000)
        dl.Baseline.fit(make(1).head(50_000), unit="row").save(baseline)
        rows.to_parquet(f"{folder}/current.parquet")
        rows.to_csv(f"{folder}/current.csv", index=False)
        for ending in ("parquet", "csv"):
            path = f"{folder}/current.{ending}"
            read = f"import pandas; pandas.read_{ending}({path!r})"
            check = f"from driftlib.cli import main; main(['check', {baseline!r}, {path!r}])"
            # In turns, so that a slow moment is both sides'.
            seconds = [[run_seconds(code) for code in ("", read, check)] for _ in range(ROUNDS)]
            start, reading, checking = np.min(seconds, axis=0)
            ratio = (checking - start) / (reading - start)
            print(
                f"driftlib check, 10,000 rows of {ending}: {ratio:.2f} x import pandas and reading"
            )


def run_seconds(code: str) -> float:
    """Seconds that a new interpreter takes."""
    command = [sys.executable, "-c", code]
    return best(lambda: subprocess.run(command, check=False, stdout=subprocess.DEVNULL), 1)


def import_seconds(code: str) -> float:
    """Least seconds that a new interpreter takes to run some imports, without its own start."""

    seconds = [[run_seconds(one) for one in ("", code)] for _ in range(ROUNDS)]
    start, whole = np.min(seconds, axis=0)
    return float(whole - start)
