"""A year of windows through the library: how often anything alarms, and what is found when.

Weeks of seven days with 40 rows each, 26 of them the reference. Drift: 20 numbers, counted a
window as the library counts them, followed in `driftlib.stats.watch` by the scores of
`driftlib.drift.run`; an alarm of the library is at most that, as a change must matter, too.
Beside it stand rules of others on the same windows: each window alone, mean and three deviations
of the reference's windows, and, where river is installed, its ADWIN and KSWIN on windows' means.
Performance: `track_performance` with every metric against the reference. "Days" have effects of
their own: ICC is their share of a row's variance. Shares are in percent, with their 99 % interval.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr

import driftlib as dl
from bench.dependence import SEED, table, wilson
from driftlib.drift.run import streams_of
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.units import UnitColumn
from driftlib.stats.watch import watch

FEATURES, REFERENCE, DAYS, ROWS, CELLS = 20, 26, 7, 40, 20
WINDOWS = (12, 52)
LAWS = {
    "independent rows": (0.0, "normal"),
    "days, normal": (0.1, "normal"),
    "days, exponential": (0.1, "exponential"),
}


def day_effects(
    rng: np.random.Generator, weeks: int, features: int, law: str
) -> tuple[np.ndarray, float]:
    """Effects of days, shape (weeks, days, features), and the share of variance that is theirs."""
    icc, kind = LAWS[law]
    shape = (weeks, DAYS, features)
    effect = rng.normal(size=shape) if kind == "normal" else rng.exponential(size=shape) - 1
    return np.sqrt(icc) * effect, icc


def counted(
    rng: np.random.Generator, windows: int, law: str, size: float = 0.0, at: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Counts of 20 numbers in windows; the first moves by some standard deviations of its mean.

    Returns the cells of every window and number, and its mean normal score.
    """
    effect, icc = day_effects(rng, REFERENCE + windows, FEATURES, law)
    spread = np.sqrt(icc / DAYS + (1 - icc) / (DAYS * ROWS))
    effect[REFERENCE + at :, :, 0] += size * spread
    edges = ndtri(np.arange(1, CELLS) / CELLS)
    below = ndtr((edges - effect[..., None]) / np.sqrt(1 - icc))
    cells = rng.multinomial(ROWS, np.diff(below, axis=-1, prepend=0, append=1)).sum(axis=1)
    middles = ndtri((np.arange(CELLS) + 0.5) / CELLS)
    return cells, cells @ middles / (DAYS * ROWS)


def followed(cells: np.ndarray) -> np.ndarray:
    """Whether the library takes each number as changed, by window."""
    none = np.zeros(len(cells), dtype=int)
    names = [f"x{k}" for k in range(FEATURES)]
    baseline = Baseline(0, {name: Column(name, "feature", "numeric") for name in names}, 10, 2000)
    before, after = (
        {name: UnitColumn(cells[part, k], none[part], none[part]) for k, name in enumerate(names)}
        for part in (slice(0, REFERENCE), slice(REFERENCE, None))
    )
    return watch(streams_of(baseline, before, after), FEATURES, windows=52).changed


def each_alone(scores: np.ndarray) -> np.ndarray:
    """A Student test of each window against the reference's, q < 5 % over the numbers."""
    known, now = scores[:REFERENCE], scores[REFERENCE:]
    error = known.std(axis=0, ddof=1) * np.sqrt(1 + 1 / REFERENCE)
    p = 2 * stdtr(REFERENCE - 1, -np.abs(now - known.mean(axis=0)) / error)
    order = np.sort(p, axis=1) * FEATURES / np.arange(1, FEATURES + 1)
    bar = np.where(order < 0.05, np.sort(p, axis=1), 0).max(axis=1, keepdims=True)
    return (p <= bar) & (bar > 0)


def three_deviations(scores: np.ndarray) -> np.ndarray:
    """Beyond the mean and three standard deviations of the reference's windows."""
    known, now = scores[:REFERENCE], scores[REFERENCE:]
    return np.abs(now - known.mean(axis=0)) > 3 * known.std(axis=0, ddof=1)


def detectors() -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """The rules of the library and others; those of river where it is installed."""
    rules = {"each window alone, q < 5 %": each_alone, "mean + 3 sd": three_deviations}
    try:
        from river import drift
    except ImportError:
        return rules

    def by(make: Callable[[], Any]) -> Callable[[np.ndarray], np.ndarray]:
        def found(scores: np.ndarray) -> np.ndarray:
            hits = np.zeros(scores.shape, dtype=bool)
            for k in range(scores.shape[1]):
                detector = make()
                for window, score in enumerate(scores[:, k]):
                    detector.update(float(score))
                    hits[window, k] = detector.drift_detected
            return hits[REFERENCE:]

        return found

    kswin = partial(drift.KSWIN, window_size=REFERENCE, stat_size=8, seed=0)
    return rules | {"ADWIN (river)": by(drift.ADWIN), "KSWIN (river)": by(kswin)}


def predictions(rng: np.random.Generator, weeks: int, start: str, law: str) -> pd.DataFrame:
    """Labels and right probabilities; what the model does not know has effects of days."""
    effect, icc = day_effects(rng, weeks, 1, law)
    x = rng.normal(size=(weeks, DAYS, ROWS))
    hidden = effect + np.sqrt(1 - icc) * rng.normal(size=x.shape)
    days = pd.date_range(start, periods=weeks * DAYS, freq="D")
    proba = ndtr(1.5 * x)
    return pd.DataFrame(
        {
            "when": np.repeat(days, ROWS),
            "y_true": (1.5 * x + hidden > 0).astype(int).ravel(),
            "y_pred": (proba > 0.5).astype(int).ravel(),
            "y_proba": proba.ravel(),
        }
    )


def nothing_changes(repeats: int = 400) -> None:
    """Years in which nothing changes and something alarms; the first quarter of one is another."""
    out, others = [], []
    rules = detectors()
    for law in LAWS:
        hits = {(w, kind): 0 for w in WINDOWS for kind in ("drift", "performance", "either")}
        wrong = {(w, rule): 0 for w in WINDOWS for rule in rules}
        for repeat in range(repeats):
            rng = np.random.default_rng([SEED, repeat])
            cells, scores = counted(rng, max(WINDOWS), law)
            moved = followed(cells).any(axis=1)
            reference = predictions(rng, REFERENCE, "2020-01-06", law)
            current = predictions(rng, max(WINDOWS), "2020-07-06", law)
            # Units change `degraded` of single windows, and take their time; not the evidence.
            perf = dl.track_performance(
                current, window="7D", timestamp="when", reference=reference, unit="row"
            )
            worse = perf.table.groupby("window")["alarm"].any().to_numpy()
            for windows in WINDOWS:
                found = moved[:windows].any(), worse[:windows].any()
                hits[windows, "drift"] += found[0]
                hits[windows, "performance"] += found[1]
                hits[windows, "either"] += any(found)
            for rule, judge in rules.items():
                strange = judge(scores).any(axis=1)
                for windows in WINDOWS:
                    wrong[windows, rule] += strange[:windows].any()
        for windows in WINDOWS:
            line = {"windows": windows, "law": law}
            kinds = ("drift", "performance", "either")
            out.append(line | {kind: wilson(hits[windows, kind], repeats) for kind in kinds})
            others.append(line | {rule: wilson(wrong[windows, rule], repeats) for rule in rules})
    table(f"Years without a change that alarm, of {repeats}", out)
    table(f"The same of other rules for drift of 20 numbers, of {repeats}", others)


def something_changes(repeats: int = 400) -> None:
    """Lasting shifts of one of 20 features."""
    out, others = [], []
    rules = detectors()
    for size in (3, 8):
        for at in (0, 20):
            delays: dict[str, list[float]] = {name: [] for name in ("the library", *rules)}
            for repeat in range(repeats):
                rng = np.random.default_rng([SEED, repeat, at])
                cells, scores = counted(rng, 52, "days, normal", size, at)
                marks = {"the library": followed(cells)}
                marks |= {rule: judge(scores) for rule, judge in rules.items()}
                for rule, mark in marks.items():
                    late = mark[at:, 0]
                    delays[rule].append(late.argmax() + 1 if late.any() else np.inf)
            line = {"shift, window sd": size, "from window": at}
            known = np.array(delays["the library"])
            out.append(line | {"found": wilson(int(np.isfinite(known).sum()), repeats),
                               "median windows": np.median(known),
                               "within 4": wilson(int((known <= 4).sum()), repeats)})  # fmt: skip
            for rule in rules:
                share = 100 * np.isfinite(delays[rule]).mean()
                line[rule] = f"{share:.0f} % in {np.median(delays[rule]):g}"
            others.append(line)
    table(f"A lasting shift of one of 20 features in 52 windows, of {repeats} years", out)
    table("The same of other rules: found, and median windows", others)


def main() -> None:
    """Print the tables."""
    something_changes()
    nothing_changes()


if __name__ == "__main__":
    main()
