"""How often does a check of 20 features alarm without any drift, and how often with some?

Every check draws a new reference and a new batch. "Real" is our q < 0.05 in any feature;
"drifted" asks for size as well. Beside it, on the same data: the rule of thumb "PSI over
0.1 in any feature", and scipy's KS test at 5 % in any feature.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import driftlib as dl

FEATURES = 20
SEED = 20260101
Maker = Callable[[np.random.Generator, int], pd.DataFrame]


def continuous(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Normal, exponential and heavy-tailed features in turn."""
    draws = [rng.normal, rng.exponential, lambda size: rng.standard_t(3, size=size)]
    return pd.DataFrame({f"x{i}": draws[i % 3](size=rows) for i in range(FEATURES)})


def discrete(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Counts, flags and values that are mostly zero."""
    draws = [
        lambda: rng.poisson(2, rows),
        lambda: (rng.random(rows) < 0.3).astype(int),
        lambda: np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(size=rows)),
    ]
    return pd.DataFrame({f"x{i}": draws[i % 3]() for i in range(FEATURES)})


def gaps(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Normal features with a tenth to 8 % of the values missing at random."""
    frame = pd.DataFrame({f"x{i}": rng.normal(size=rows) for i in range(FEATURES)})
    return frame.mask(rng.random(frame.shape) < np.geomspace(0.001, 0.08, FEATURES))


def levels(count: int, even: bool) -> Maker:
    """Categories: `count` levels, equally common or with many rare ones."""
    weights = np.ones(count) if even else 1 / np.arange(1, count + 1) ** 1.2
    names = np.array([f"level {i}" for i in range(count)], dtype=object)

    def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
        codes = rng.choice(count, size=(rows, FEATURES), p=weights / weights.sum())
        return pd.DataFrame(
            {f"c{i}": pd.Categorical.from_codes(codes[:, i], names) for i in range(FEATURES)}
        )

    return make


MAKERS: dict[str, Maker] = {
    "continuous": continuous,
    "discrete": discrete,
    "missing at random": gaps,
    "2 levels": levels(2, True),
    "20 levels, some rare": levels(20, False),
    "200 levels, some rare": levels(200, False),
}
SIZES = [
    (100, 100),
    (300, 100),
    (1_000, 1_000),
    (1_000, 100),
    (10_000, 10_000),
    (100_000, 200),
    (100_000, 100_000),
]


def false_alarms(maker: Maker, n: int, m: int, checks: int, seed: int = SEED) -> dict[str, float]:
    """Share of checks without drift in which each rule alarms."""
    rng = np.random.default_rng([seed, n, m])
    hits = np.zeros(4)
    for _ in range(checks):
        reference, current = maker(rng, n), maker(rng, m)
        table = dl.detect_drift(reference, current).table
        hits += [
            (table["q_value"] < 0.05).any(),
            table["drifted"].any(),
            (table["psi"] > 0.1).any(),
            _scipy_alarm(reference, current),
        ]
    return dict(zip(("real", "drifted", "PSI > 0.1", "KS 5 %"), hits / checks, strict=True))


def _scipy_alarm(reference: pd.DataFrame, current: pd.DataFrame) -> float:
    from scipy.stats import ks_2samp

    if isinstance(reference.iloc[:, 0].dtype, pd.CategoricalDtype):
        return np.nan
    return any(
        ks_2samp(reference[name].dropna(), current[name].dropna(), method="asymp").pvalue < 0.05
        for name in reference
    )


def _shifted(size: float) -> Callable[[np.random.Generator, int], pd.DataFrame]:
    return lambda rng, rows: (
        pd.DataFrame(rng.normal(size=(rows, FEATURES)))
        .add_prefix("x")
        .assign(x0=lambda frame: frame["x0"] + size)
    )


def _missing(share: float) -> Maker:
    def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
        frame = _shifted(0.0)(rng, rows)
        return frame.assign(x0=frame["x0"].mask(rng.random(rows) < share))

    return make


def _new_level(share: float) -> Maker:
    def make(rng: np.random.Generator, rows: int) -> pd.DataFrame:
        old = rng.choice(["a", "b", "c"], rows)
        return _shifted(0.0)(rng, rows).assign(x0=np.where(rng.random(rows) < share, "new", old))

    return make


POWER = [
    ("shift of 0.2 sd in one of 20", 1_000, _shifted(0.0), _shifted(0.2)),
    ("shift of 0.2 sd in one of 20", 10_000, _shifted(0.0), _shifted(0.2)),
    ("missing from 1 % to 5 %", 2_000, _missing(0.01), _missing(0.05)),
    ("a new level with 3 % of rows", 2_000, _new_level(0.0), _new_level(0.03)),
]


def power(n: int, before: Maker, after: Maker, checks: int) -> float:
    """Share of checks in which the changed feature is called real."""
    rng = np.random.default_rng([SEED, n])
    found = [
        dl.detect_drift(before(rng, n), after(rng, n)).table.loc["x0", "q_value"] < 0.05
        for _ in range(checks)
    ]
    return float(np.mean(found))


def against_previous(trends: int) -> float:
    """Share of windows that are real against the window before, where nothing changes."""
    rng = np.random.default_rng([SEED, trends])
    hits = []
    for _ in range(trends):
        reference, current = continuous(rng, 500), continuous(rng, 900)
        table = dl.drift_trend(reference, current, window=300, against="previous").table
        hits.append((table["q_value"] < 0.05).groupby(table["window"]).any().mean())
    return float(np.mean(hits))


def checks_for(rows: int) -> int:
    """Fewer checks where each costs more."""
    return 400 if rows <= 2_000 else 200 if rows <= 20_000 else 40


def main() -> None:
    """Print the tables."""
    print(f"No drift, {FEATURES} features: share of checks with an alarm (seed {SEED})\n")
    print(f"{'data':<24}{'reference':>10}{'current':>9}{'checks':>8}{'real':>8}{'drifted':>9}"
          f"{'PSI > 0.1':>11}{'KS 5 %':>8}{'error':>8}")  # fmt: skip
    for name, maker in MAKERS.items():
        for n, m in SIZES:
            checks = checks_for(n + m)
            rates = false_alarms(maker, n, m, checks)
            shown = "".join(
                f"{rate:>{width}.1%}" if rate == rate else f"{'-':>{width}}"
                for rate, width in zip(rates.values(), (8, 9, 11, 8), strict=True)
            )
            error = np.sqrt(0.05 * 0.95 / checks)
            print(f"{name:<24}{n:>10,}{m:>9,}{checks:>8}{shown}{error:>8.1%}", flush=True)
    trends = 400
    share = against_previous(trends)
    error = np.sqrt(0.05 * 0.95 / (3 * trends))
    print(f"\nWindows of 300 rows against the one before, no drift, {trends} trends of three: "
          f"{share:.1%} with a finding (error {error:.1%})")  # fmt: skip
    print("\nPower: share of checks in which the changed feature is called real\n")
    for name, n, before, after in POWER:
        checks = checks_for(n)
        found = power(n, before, after, checks)
        print(f"{name:<32}{n:>8,} rows a side{checks:>6} checks{found:>8.1%}", flush=True)
