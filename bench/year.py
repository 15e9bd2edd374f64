"""A year of windows through the library: how often anything alarms, and what is found when.

Weeks of seven days with 40 rows each, 26 of them the reference. Drift: 20 numbers, counted a
window as the library counts them, followed in `driftlib.stats.watch` by the scores of
`driftlib.drift.run`; an alarm of the library is at most that, as a change must matter, too.
Performance: `track_performance` with every metric against the reference. "Days" have effects of
their own: ICC is their share of a row's variance. Shares are in percent, with their 99 % interval.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

import driftlib as dl
from bench.dependence import SEED, table, wilson
from driftlib.alerts import make_alerts
from driftlib.drift.run import streams_of
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.units import UnitColumn
from driftlib.stats.watch import Watched, watch

FEATURES, REFERENCE, DAYS, ROWS, CELLS = 20, 26, 7, 40, 20
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


def followed(
    rng: np.random.Generator, windows: int, law: str, size: float = 0.0, at: int = 0
) -> Watched:
    """Follow 20 numbers; the first moves by some standard deviations of a window's mean."""
    effect, icc = day_effects(rng, REFERENCE + windows, FEATURES, law)
    spread = np.sqrt(icc / DAYS + (1 - icc) / (DAYS * ROWS))
    effect[REFERENCE + at :, :, 0] += size * spread
    edges = ndtri(np.arange(1, CELLS) / CELLS)
    below = ndtr((edges - effect[..., None]) / np.sqrt(1 - icc))
    cells = rng.multinomial(ROWS, np.diff(below, axis=-1, prepend=0, append=1)).sum(axis=1)
    none = np.zeros(len(cells), dtype=int)
    names = [f"x{k}" for k in range(FEATURES)]
    baseline = Baseline(0, {name: Column(name, "feature", "numeric") for name in names}, 10, 2000)
    before, after = (
        {name: UnitColumn(cells[part, k], none[part], none[part]) for k, name in enumerate(names)}
        for part in (slice(0, REFERENCE), slice(REFERENCE, None))
    )
    return watch(streams_of(baseline, before, after), FEATURES, windows=52)


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


def nothing_changes(repeats: int = 60) -> None:
    """Years in which nothing changes and something alarms."""
    out = []
    for windows in (12, 52):
        for law in LAWS:
            drift = performance = either = 0
            for repeat in range(repeats):
                rng = np.random.default_rng([SEED, repeat, windows])
                moved = bool(followed(rng, windows, law).changed.any())
                reference = predictions(rng, REFERENCE, "2020-01-06", law)
                current = predictions(rng, windows, "2020-07-06", law)
                # Units change `degraded` of single windows, and take their time; not the evidence.
                perf = dl.track_performance(
                    current, window="7D", timestamp="when", reference=reference, unit="row"
                )
                worse = bool(make_alerts(perf))
                drift, performance = drift + moved, performance + worse
                either += moved or worse
            out.append({"windows": windows, "law": law, "drift": wilson(drift, repeats),
                        "performance": wilson(performance, repeats),
                        "either": wilson(either, repeats)})  # fmt: skip
    table(f"Years without a change that alarm, of {repeats}", out)


def something_changes(repeats: int = 200) -> None:
    """Lasting shifts of one of 20 features."""
    out = []
    for size in (3, 8):
        for at in (0, 20):
            delays = []
            for repeat in range(repeats):
                rng = np.random.default_rng([SEED, repeat, at])
                found = followed(rng, 52, "days, normal", size, at).changed[at:, 0]
                delays.append(found.argmax() + 1 if found.any() else np.inf)
            known = np.array(delays)
            out.append({"shift, window sd": size, "from window": at,
                        "found in %": 100 * np.isfinite(known).mean(),
                        "median windows": np.median(known),
                        "within 4 in %": 100 * (known <= 4).mean()})  # fmt: skip
    table(f"A lasting shift of one of 20 features in 52 windows, of {repeats} years", out)


def main() -> None:
    """Print both tables."""
    something_changes()
    nothing_changes()


if __name__ == "__main__":
    main()
