"""Performance: what windows cost, and how often a 95 % interval holds the true value.

Coverage is averaged over models: for each, the true value is known from evenly spaced
quantiles or a very large sample, and windows of random rows are drawn. 95 +- 2 is promised
from 100 rows with 10 positives up. A metric of an unchanged model is called degraded in one
window of forty at most.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri, softmax

from driftlib.performance.metrics import METRICS
from driftlib.performance.track import track_performance
from driftlib.stats.aggregates import GroupedClassification, GroupedRegression

SEED = 20260102
ROWS, WINDOW, STEP = 1_000_000, 10_000, 1_000
MODELS, WINDOWS = 40, 250
REFERENCES = 300
Aggregates = GroupedClassification | GroupedRegression
# Rows to true values, and to windows of some rows: (n, windows) -> aggregates.
World = Callable[[int, int], Aggregates]


def bounds(rows: int, windows: int) -> tuple[np.ndarray, np.ndarray]:
    """First row of each window, and first row after it."""
    lo = np.arange(windows) * rows
    return lo, lo + rows


def binary_world(rng: np.random.Generator, share: float) -> tuple[World, Aggregates]:
    """Two normal populations; the score is a distorted, sometimes rounded probability."""
    distance = rng.uniform(0.2, 3.0)
    slope, offset = rng.choice([0.6, 1.0, 1.6]), rng.choice([-0.7, 0.0, 0.7])
    cut, decimals = rng.choice([0.5, share]), rng.choice([2, 12], p=[1 / 3, 2 / 3])

    def aggregates(
        y: np.ndarray, z: np.ndarray, lo: np.ndarray, hi: np.ndarray
    ) -> GroupedClassification:
        chance = logit(share) + distance * (z + distance * y) - distance**2 / 2
        proba = np.round(expit(offset + slope * chance), decimals)
        proba = np.clip(proba, 0.001, 0.999) if decimals == 2 else proba
        return GroupedClassification(y, (proba > cut).astype(int), proba, 2, lo, hi)

    def draw(rows: int, windows: int) -> GroupedClassification:
        y = (rng.random(rows * windows) < share).astype(int)
        return aggregates(y, rng.normal(size=len(y)), *bounds(rows, windows))

    many = 400_000
    sizes = round(many * share), many - round(many * share)
    z = np.concatenate([ndtri((np.arange(size) + 0.5) / size) for size in sizes])
    return draw, aggregates(np.repeat([1, 0], sizes), z, *bounds(many, 1))


def multiclass_world(rng: np.random.Generator, classes: int) -> tuple[World, Aggregates]:
    """Normal scores, higher for the true class; every class at least a tenth of an even share."""
    shares = rng.dirichlet(np.full(classes, 4.0)) + 0.1 / classes
    shares /= shares.sum()
    pull, tilt, sharp = rng.uniform(0.5, 2.5), rng.normal(0, 0.2, classes), rng.choice([0.7, 1.4])

    def draw(rows: int, windows: int) -> GroupedClassification:
        y = rng.choice(classes, rows * windows, p=shares)
        scores = rng.normal(size=(len(y), classes)) + pull * np.eye(classes)[y]
        proba = softmax(sharp * (pull * scores + np.log(shares) + tilt), axis=1)
        return GroupedClassification(y, proba.argmax(1), proba, classes, *bounds(rows, windows))

    return draw, draw(400_000, 1)


def regression_world(rng: np.random.Generator, noise: str) -> tuple[World, Aggregates]:
    """Labels around 8 with a skewed spread; errors of some shape, larger far from the middle."""
    sizes = {
        "normal errors": lambda size: rng.normal(size=size),
        "Laplace errors": lambda size: rng.laplace(size=size) / np.sqrt(2),
        "t5 errors": lambda size: rng.standard_t(5, size) / np.sqrt(5 / 3),
    }
    spread, uneven = rng.uniform(0.2, 1.2), rng.choice([0.0, 0.3])
    shift, shrink = rng.choice([0.0, 0.3], 2)

    def draw(rows: int, windows: int) -> GroupedRegression:
        x = (rng.gamma(4, 1, rows * windows) - 4) / 2
        error = sizes[noise](len(x)) * spread * (1 + uneven * np.abs(x))
        return GroupedRegression(
            8 + x, 8 + x * (1 - shrink) + shift + error, *bounds(rows, windows)
        )

    return draw, draw(400_000, 1)


def coverage(make: Callable, kind: float | str, task: str, rows: int) -> dict[str, float]:
    """Share of windows whose interval holds the true value, by metric, over many models."""
    rng = np.random.default_rng([SEED, rows])
    held: dict[str, list[np.ndarray]] = {name: [] for name in METRICS[task].known}
    for _ in range(MODELS):
        draw, whole = make(rng, kind)
        windows = draw(rows, WINDOWS)
        for name in METRICS[task].known:
            metric = METRICS[task][name]
            true = metric.value(whole)[0]
            value, lower, upper = metric.measure(windows)
            # A macro average over fewer classes estimates something else.
            said = metric.remarks(windows, [str(k) for k in range(getattr(windows, "classes", 0))])
            known = np.isfinite(value) & (np.array(said) == "")
            held[name].append(((lower <= true) & (true <= upper))[known])
    return {name: np.concatenate(parts).mean() for name, parts in held.items()}


def print_coverage() -> None:
    """Coverage of every interval, in percent."""
    settings = {
        "binary": (binary_world, "share of positives {}", [(100, 0.1), (100, 0.3), (100, 0.5),
                   (300, 0.1), (500, 0.02), (1_000, 0.05), (1_000, 0.3), (5_000, 0.1)]),
        "multiclass": (multiclass_world, "{} classes", [(100, 3), (300, 3), (300, 8), (1_000, 4)]),
        "regression": (regression_world, "{}", [(rows, noise) for rows in (100, 300, 1_000)
                       for noise in ("normal errors", "Laplace errors", "t5 errors")]),
    }  # fmt: skip
    for task, (make, words, cases) in settings.items():
        table = pd.DataFrame(
            {
                f"{rows:,} rows, {words.format(kind)}": coverage(make, kind, task, rows)
                for rows, kind in cases
            }
        ).T
        print(f"\nCoverage of 95 % intervals in percent, {task}, {MODELS} models x {WINDOWS}:")
        print((table * 100).round(1).to_string())


def print_false_alarms() -> None:
    """How often each metric of an unchanged model is called degraded, in percent of windows."""
    rows, size, windows = 400, 200, 40
    found = []
    for seed in range(REFERENCES):
        sides = [scored(count, seed * 2 + k) for k, count in enumerate((rows, size * windows))]
        perf = track_performance(sides[1], window=size, reference=sides[0])
        found.append(perf.table.groupby("metric")["degraded"].mean())
    rates = pd.concat(found, axis=1)
    error = rates.std(axis=1) / np.sqrt(REFERENCES)
    table = pd.DataFrame({"degraded": rates.mean(axis=1), "simulation error": error})
    print(f"\nUnchanged models called degraded, percent of {windows} windows of {size} rows,")
    print(f"{REFERENCES} references of {rows} rows (2.5 promised):")
    print((table * 100).round(2).to_string())


def scored(rows: int, seed: int = SEED) -> pd.DataFrame:
    """Binary labels, predictions and probabilities."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    proba = rng.beta(1 + y, 2 - y)
    return pd.DataFrame({"y_true": y, "y_pred": (proba > 0.5).astype(int), "y_proba": proba})


def classed(rows: int) -> pd.DataFrame:
    """Five classes as text, with the probability of each."""
    rng = np.random.default_rng(SEED)
    y = rng.integers(0, 5, rows)
    proba = softmax(rng.normal(size=(rows, 5)) + np.eye(5)[y], axis=1)
    names = np.array(["ant", "bee", "cat", "dog", "elk"])
    frame = pd.DataFrame(proba, columns=[f"y_proba_{name}" for name in names])
    return frame.assign(y_true=names[y], y_pred=names[proba.argmax(1)])


def numbers(rows: int) -> pd.DataFrame:
    """A regression."""
    rng = np.random.default_rng(SEED)
    y = rng.normal(size=rows)
    return pd.DataFrame({"y_true": y, "y_pred": y + rng.normal(size=rows)})


def best(run: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Least seconds of a few runs: on the clock, and of this process's CPU time."""
    spent = []
    for _ in range(times):
        clock, cpu = time.perf_counter(), time.process_time()
        run()
        spent.append((time.perf_counter() - clock, time.process_time() - cpu))
    return min(clock for clock, _ in spent), min(cpu for _, cpu in spent)


def scikit_learn_loop(frame: pd.DataFrame, windows: int) -> None:
    """Values of the same metrics, without intervals, one window after the other."""
    from sklearn import metrics as sk

    for start in range(0, windows * STEP, STEP):
        part = frame.iloc[start : start + WINDOW]
        y, pred, proba = part["y_true"], part["y_pred"], part["y_proba"]
        for metric in (sk.accuracy_score, sk.precision_score, sk.recall_score, sk.f1_score):
            metric(y, pred)
        sk.recall_score(y, pred, pos_label=0)
        for metric in (
            sk.roc_auc_score,
            sk.average_precision_score,
            sk.log_loss,
            sk.brier_score_loss,
        ):
            metric(y, proba)


def print_speed() -> None:
    """Seconds for sliding windows over a million rows, and how they grow with the rows."""
    frame = scored(ROWS)
    count = (ROWS - WINDOW) // STEP + 1
    print(f"{ROWS:,} rows, windows of {WINDOW:,}, step {STEP:,} ({count} windows), all metrics:")
    rows = {}
    for size in (ROWS // 4, ROWS // 2, ROWS):
        part = frame.iloc[:size]
        rows[f"binary, {size:,} rows"] = best(
            lambda part=part: track_performance(part, window=WINDOW, step=STEP)
        )
    for name, make in (("five classes", classed), ("regression", numbers)):
        other = make(ROWS)
        rows[f"{name}, {ROWS:,} rows"] = best(
            lambda other=other: track_performance(other, window=WINDOW, step=STEP)
        )
    rows[f"accuracy alone, step 10, {ROWS // 10:,} rows"] = best(
        lambda: track_performance(
            frame.iloc[: ROWS // 10], window=WINDOW, step=10, metrics=["accuracy"]
        )
    )
    sample = 20
    clock, cpu = best(lambda: scikit_learn_loop(frame, sample), times=1)
    rows[f"scikit-learn loop, values only (from {sample} windows)"] = (
        clock * count / sample, cpu * count / sample,
    )  # fmt: skip
    table = pd.DataFrame(rows, index=["seconds", "CPU seconds"]).T
    print(table.round(2).to_string())
    _, quarter = rows[f"binary, {ROWS // 4:,} rows"]
    _, whole = rows[f"binary, {ROWS:,} rows"]
    print(f"four times the rows take {whole / quarter:.2f} times the CPU time")


def main() -> None:
    """Speed, then coverage and false alarms."""
    print_speed()
    print_coverage()
    print_false_alarms()
