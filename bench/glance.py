"""Is a change found that a glance would show, and is its size the same whatever the rows?

Made changes, in both directions, at 1,000 to 1,000,000 rows a side: the severity of each, and
whether its note is what one would say. Then how often codes and spikes in one of 20 features are
found, and how often a change is seen where there is none, in kinds of data that make it hard.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

import driftlib as dl
from bench.dependence import SEED, wilson

FEATURES = 20
SIZES = (1_000, 10_000, 100_000, 1_000_000)
Maker = Callable[[np.random.Generator, int], np.ndarray]
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


def gamma(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Positive numbers with a long tail."""
    return rng.gamma(4, 2, rows) + 2


def zeros(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Nine in ten are zero."""
    return np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(size=rows))


def levels(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Five levels, the rarest with 3 % of the rows."""
    return rng.choice(["a", "b", "c", "d", "e"], rows, p=[0.4, 0.3, 0.2, 0.07, 0.03])


def normal(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Normal numbers."""
    return rng.normal(size=rows)


def heavy(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Student's t with 3 degrees of freedom."""
    return rng.standard_t(3, size=rows)


def skewed(rng: np.random.Generator, rows: int) -> np.ndarray:
    """A log-normal law."""
    return rng.lognormal(sigma=1.5, size=rows)


def rounded(rng: np.random.Generator, rows: int) -> np.ndarray:
    """Normal numbers with one decimal."""
    return np.round(rng.normal(size=rows), 1)


def some(share: float, then: Change) -> Change:
    """Change the rows of a share, chosen at random: `order` is one of the rows."""
    return lambda x, order: np.where(order < share * len(x), then(x, order), x)


def value(new: float | str) -> Change:
    """Put one value everywhere."""
    return lambda x, order: np.full(len(x), new)


# What is changed, how, and the severity that is meant.
CHANGES: list[tuple[str, Maker, Change, str]] = [
    ("nothing", gamma, lambda x, order: x, "none"),
    ("0.5 % are -999", gamma, some(0.005, value(-999.0)), "minor"),
    ("1 % are -999", gamma, some(0.01, value(-999.0)), "minor"),
    ("2.5 % are -999", gamma, some(0.025, value(-999.0)), "moderate"),
    ("8 % are -999", gamma, some(0.08, value(-999.0)), "moderate"),
    ("12 % are -999", gamma, some(0.12, value(-999.0)), "major"),
    ("5 % times 1,000", gamma, some(0.05, lambda x, order: 1000 * x), "moderate"),
    ("top 3 % times 100", gamma,
     lambda x, order: np.where(x > np.quantile(x, 0.97), 100 * x, x), "moderate"),
    ("positives times 10", zeros, lambda x, order: 10 * x, "moderate"),
    ("3 % filled in with 8.8", gamma, some(0.03, value(8.8)), "moderate"),
    ("variance times 1.3", normal, lambda x, order: np.sqrt(1.3) * x, "minor"),
    ("shift of 0.2 sd", normal, lambda x, order: x + 0.2, "minor"),
    ("shift of 1 sd", normal, lambda x, order: x + 1, "major"),
    ("a level of 3 % gone", levels, lambda x, order: np.where(x == "e", "a", x), "moderate"),
    ("3 % missing", normal, some(0.03, value(np.nan)), "moderate"),
]  # fmt: skip
NULLS: dict[str, Maker] = {
    "normal": normal, "log-normal": skewed, "t with 3 degrees": heavy, "mostly zero": zeros,
    "one decimal": rounded,
}  # fmt: skip


def made_change(make: Maker, change: Change, rows: int, seed: int) -> pd.Series:
    """Compare two samples, one of them changed: the row of the only column."""
    rng = np.random.default_rng([SEED, seed, rows])
    reference, current = make(rng, rows), make(rng, rows)
    current = change(current, rng.permutation(rows))
    return dl.detect_drift(pd.DataFrame({"x": reference}), pd.DataFrame({"x": current})).table.iloc[
        0
    ]


def found(share: float, new: float, rows: int, checks: int) -> tuple[int, int, int]:
    """Count checks in which a value in one of 20 features is found, and others are not."""
    hits, moderate, others = 0, 0, 0
    for seed in range(checks):
        rng = np.random.default_rng([SEED, seed, rows])
        sides = [pd.DataFrame(rng.normal(size=(rows, FEATURES))).add_prefix("x") for _ in "ab"]
        sides[1].loc[rng.random(rows) < share, "x0"] = new
        table = dl.detect_drift(*sides).table
        hits += table.loc["x0", "q_value"] < 0.05
        moderate += bool(table.loc["x0", "drifted"])
        others += (table["q_value"].iloc[1:] < 0.05).any()
    return hits, moderate, others


def main() -> None:
    """Print the tables."""
    print(f"Severity of made changes, by rows a side (seed {SEED})\n")
    print(f"{'change':<24}{'meant':<10}" + "".join(f"{size:>12,}" for size in SIZES) + "  note")
    right = 0
    for seed, (name, make, change, meant) in enumerate(CHANGES):
        rows = [made_change(make, change, size, seed) for size in SIZES]
        right += sum(row["severity"] == meant for row in rows)
        shown = "".join(f"{row['severity']:>12}" for row in rows)
        print(f"{name:<24}{meant:<10}{shown}  {rows[1]['note']}", flush=True)
    print(f"\n{right} of {len(CHANGES) * len(SIZES)} severities of {len(CHANGES)} changes as meant")
    print("\nOne of 20 features changed: share of checks in which it is found\n")
    for share, new, rows, checks in (
        (0.01, -999.0, 2_000, 200), (0.02, -999.0, 2_000, 200), (0.01, -999.0, 10_000, 50),
        (0.03, 0.5, 2_000, 200), (0.03, 0.5, 10_000, 50),
    ):  # fmt: skip
        hits, moderate, others = found(share, new, rows, checks)
        shares = (f"{n / checks:.1%}" for n in (hits, moderate, others))
        print(f"{share:.0%} at {new:g}, {rows:,} rows a side, {checks} checks: real "
              f"{next(shares)}, at least moderate {next(shares)}, others {next(shares)}",
              flush=True)  # fmt: skip
    print("\nNothing changed in 20 features: share of checks with a real finding, 99 % interval\n")
    for name, make in NULLS.items():
        for n, m, checks in ((300, 300, 200), (2_000, 500, 150), (500, 5_000, 150)):
            rng = np.random.default_rng([SEED, n, m])
            real = 0
            for _ in range(checks):
                sides = [
                    pd.DataFrame({f"x{i}": make(rng, rows) for i in range(FEATURES)})
                    for rows in (n, m)
                ]
                real += (dl.detect_drift(*sides).table["q_value"] < 0.05).any()
            print(f"{name:<20}{n:>7,}{m:>7,}  {wilson(real, checks)}", flush=True)
