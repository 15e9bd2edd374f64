"""Find where the concept changed: simple rules for rows that the model now judges worse.

The rules are found on one half of the rows and the effects measured on the other, so that an
effect is not the luck of the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import gammaln

from driftlib.domain.features import MOST_LEVELS
from driftlib.domain.result import Domain
from driftlib.domain.units import deal_units
from driftlib.stats.unit_influence import (
    RowUnits,
    UnitError,
    influence_error,
    influence_memory,
)

COLUMNS = ("rule", "share_reference", "share_current", "effect", "lower", "upper", "worse")
DEPTH = 3
LEAST_SHARE = 0.05
LEAST_ROWS = 50
BINS = 32
MOST_NAMED = 4
# In units of chance: one split of thousands gains this much without cause, and hundreds are tried.
LEAST_GAIN = 12.0
MISSING = MOST_LEVELS + 1
ALL_CODES = frozenset(range(MISSING + 1))


@dataclass(frozen=True)
class Condition:
    """Say which values of a feature are in a segment.

    Parameters
    ----------
    feature : int
        Column of the domain's matrix.
    low, high : float
        Of a number the values in (low, high].
    missing : bool
        Of a number, whether a missing value is in.
    codes : frozenset of int
        Of a category the codes that are in, `MISSING` being that of a missing value.

    Examples
    --------
    >>> Condition(0, low=1.0, missing=False).holds(np.array([1.0, 2.0, np.nan])).tolist()
    [False, True, False]
    """

    feature: int
    low: float = -np.inf
    high: float = np.inf
    missing: bool = True
    codes: frozenset[int] = ALL_CODES

    def holds(self, values: np.ndarray) -> np.ndarray:
        """Tell of each value of the feature whether it is in.

        Parameters
        ----------
        values : float array, shape (rows,)
            The feature's column; codes for a category, NaN where missing.

        Returns
        -------
        bool array, shape (rows,)
            Whether each value is in.
        """
        if self.codes != ALL_CODES:
            return np.isin(_coded(values), list(self.codes))
        inside = (values > self.low) & (values <= self.high)
        return inside | np.isnan(values) if self.missing else inside

    def joined(self, other: Condition) -> Condition:
        """Ask for this condition and another at once.

        Parameters
        ----------
        other : Condition
            Of the same feature.

        Returns
        -------
        Condition
            The values that are in both.
        """
        return Condition(
            self.feature,
            max(self.low, other.low),
            min(self.high, other.high),
            self.missing and other.missing,
            self.codes & other.codes,
        )


def find_segments(
    domain: Domain, loss: np.ndarray, expected: np.ndarray, seed: int = 0
) -> pd.DataFrame:
    """Find segments by how much worse their rows are judged now, at unchanged inputs.

    A tree of depth 3 is grown on one half of the rows; it splits where the surplus of the loss
    over its expectation moved most differently between the periods (the R-learner's weighted
    difference of losses, whose weights are those of the shared density). In each leaf the other
    half gives the concept term, with a 95 % interval that allows for the number of leaves. A
    unit is in one half.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    loss, expected : float array, shape (rows,)
        As in `driftlib.diagnosis.decomposition.decompose`.
    seed : int
        Of the halves.

    Returns
    -------
    pandas.DataFrame
        The largest effect first: rule, share_reference and share_current (of that period's
        rows), effect, lower, upper (change of the mean loss inside the segment), worse (the
        whole interval lies above 0). One row, "all rows", if no split tells rows apart. Without
        segments that have one unit only on a side.

    References
    ----------
    Nie and Wager (2021), Quasi-oracle estimation of heterogeneous treatment effects,
    Biometrika 108(2), 299-319. Athey and Imbens (2016), Recursive partitioning for
    heterogeneous causal effects, PNAS 113(27), 7353-7360 (rules and effects on separate rows).
    """
    current = domain.is_current
    rng = np.random.default_rng(seed)
    if domain.units is None:
        half = np.concatenate(
            [rng.permutation(int(side.sum())) % 2 == 0 for side in (~current, current)]
        )
    else:
        # A change that began midway is in both halves.
        half = deal_units(domain.units, 4, rng) % 2 == 0
    surplus = loss - expected
    leaves = _Tree(domain, half, surplus).grow((), np.flatnonzero(half), DEPTH)
    level = 1 - 0.05 / len(leaves)
    weight = np.concatenate(domain.overlap_weights)
    table = []
    for leaf in leaves:
        inside = np.logical_and.reduce(
            [c.holds(domain.matrix[:, c.feature]) for c in leaf] or [np.ones(len(loss), bool)]
        )
        measured = inside & ~half
        sides = measured & current, measured & ~current
        (effect, one), (before, other) = (
            _weighted_mean(surplus[rows], weight[rows]) for rows in sides
        )
        spread = _spread(domain.units, sides, one, -other, level)
        if domain.units is not None and np.isnan(spread):
            # One day alone does not say what days like it do.
            continue
        effect = effect - before
        table.append(
            {
                "rule": _text(domain, leaf),
                "share_reference": inside[~current].mean(),
                "share_current": inside[current].mean(),
                "effect": effect,
                "lower": effect - spread,
                "upper": effect + spread,
                "worse": bool(effect - spread > 0),
            }
        )
    return pd.DataFrame(table, columns=list(COLUMNS)).sort_values(
        "effect", ascending=False, kind="stable", ignore_index=True
    )


class _Tree:
    """Split some rows greedily on binned features."""

    def __init__(self, domain: Domain, half: np.ndarray, surplus: np.ndarray) -> None:
        self.matrix, self.current = domain.matrix, domain.is_current
        contrast = self.current - np.concatenate([domain.pi_reference, domain.pi_current])
        # The effect in a group of rows is the sum of `top` over the sum of `bottom`.
        self.top, self.bottom = surplus * contrast, contrast**2
        centred = self.top - self.bottom * self.top[half].sum() / self.bottom[half].sum()
        self.noise = float(np.mean(centred[half] ** 2) / np.mean(self.bottom[half]))
        smaller = min(np.bincount(self.current[half]))
        self.least = max(LEAST_ROWS, LEAST_SHARE * smaller)
        self.edges = [
            None if name in domain.levels else _edges(self.matrix[half, j])
            for j, name in enumerate(domain.features)
        ]
        self.bins = [
            _coded(column) if edges is None else _binned(column, edges)
            for column, edges in zip(self.matrix.T, self.edges, strict=True)
        ]

    def grow(
        self, path: tuple[Condition, ...], rows: np.ndarray, depth: int
    ) -> list[tuple[Condition, ...]]:
        """Return the leaves below a node, as the conditions that lead there."""
        splits = [self._best(j, rows) for j in range(len(self.edges))] if depth else []
        gain, sides = max(splits, key=lambda split: split[0], default=(0.0, ()))
        if not sides or gain < LEAST_GAIN:
            return [path]
        leaves: list[tuple[Condition, ...]] = []
        for side in sides:
            inside = rows[side.holds(self.matrix[rows, side.feature])]
            leaves += self.grow(_joined(path, side), inside, depth - 1)
        return leaves

    def _best(self, j: int, rows: np.ndarray) -> tuple[float, tuple[Condition, ...]]:
        """Find a feature's best split: its gain in units of chance, and its two sides."""
        bins = self.bins[j][rows]
        weights = (self.top[rows], self.bottom[rows], self.current[rows], ~self.current[rows])
        sums = np.stack([np.bincount(bins, values) for values in weights])
        used = np.flatnonzero(sums[2] + sums[3])
        best: tuple[float, tuple[Condition, ...]] = (0.0, ())
        for order in self._orders(j, used, sums):
            left = sums[:, order].cumsum(axis=1)[:, :-1]
            whole = sums.sum(axis=1, keepdims=True)
            right = whole - left
            enough = np.minimum(left[2:], right[2:]).min(axis=0) >= self.least
            price = np.zeros(len(enough))
            if self.edges[j] is None:
                first = np.arange(1, len(order))
                named = np.minimum(first, len(order) - first)
                enough &= named <= MOST_NAMED
                price = _price(len(order), named)
            if not enough.any():
                continue
            gain = np.zeros(len(enough))
            for part, sign in ((left, 1), (right, 1), (whole, -1)):
                gain += sign * part[0] ** 2 / np.maximum(part[1], 1e-12)
            gain = np.where(enough, gain / self.noise - price, 0)
            cut = int(gain.argmax())
            if gain[cut] > best[0]:
                best = float(gain[cut]), self._sides(j, order[: cut + 1], order[cut + 1 :])
        return best

    def _orders(self, j: int, used: np.ndarray, sums: np.ndarray) -> list[np.ndarray]:
        """List orders of bins of which every beginning is a possible side of a split."""
        edges = self.edges[j]
        if edges is None:
            # The levels that differ most for certain come first and last: a rule names a few.
            top, bottom = sums[0][used], np.maximum(sums[1][used], 1e-12)
            surplus = top - bottom * top.sum() / bottom.sum()
            return [used[np.argsort(surplus / np.sqrt(bottom))]]
        missing = used == len(edges) + 1
        orders = [used]
        return (
            [*orders, np.concatenate([used[missing], used[~missing]])] if missing.any() else orders
        )

    def _sides(self, j: int, left: np.ndarray, right: np.ndarray) -> tuple[Condition, Condition]:
        edges = self.edges[j]
        if edges is None:
            codes = frozenset(min(left, right, key=len).tolist())
            return Condition(j, codes=codes), Condition(j, codes=ALL_CODES - codes)
        numbers = left[left <= len(edges)]
        cut = np.concatenate([edges, [np.inf]])[numbers.max()] if len(numbers) else -np.inf
        missing = len(numbers) < len(left)
        return Condition(j, high=cut, missing=missing), Condition(j, low=cut, missing=not missing)


def _price(levels: int, named: np.ndarray) -> np.ndarray:
    """Price the gain by chance of more groups of levels to try than cuts of a number."""
    groups = gammaln(levels + 1) - gammaln(named + 1) - gammaln(levels - named + 1)
    return 2 * np.maximum(groups - np.log(BINS), 0)


def _joined(path: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """Add a condition to a path, which holds one for each feature."""
    if all(old.feature != new.feature for old in path):
        return (*path, new)
    return tuple(old.joined(new) if old.feature == new.feature else old for old in path)


def _coded(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), MISSING, values).astype(np.int64)


def _binned(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Put values into bins: k holds edges[k - 1] < x <= edges[k], the last missing values."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))


def _edges(values: np.ndarray) -> np.ndarray:
    """Choose where a number may be cut: quantiles, rounded to what one would say."""
    present = values[~np.isnan(values)]
    if not len(present):
        return np.array([])
    edges = np.quantile(present, np.arange(1, BINS) / BINS)
    if (present == np.floor(present)).all():
        return np.unique(np.floor(edges))
    spread = np.ptp(np.quantile(present, [0.05, 0.95])) or np.ptp(present) or 1.0
    return np.unique(np.round(edges, int(2 - np.floor(np.log10(spread)))))


def _weighted_mean(values: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the weighted mean and the influence of each row on it."""
    if len(values) < 2:
        return np.nan, np.full(len(values), np.nan)
    weight = weight / weight.sum()
    mean = float(weight @ values)
    return mean, weight * (values - mean)


def _spread(
    units: RowUnits | None,
    sides: tuple[np.ndarray, np.ndarray],
    current: np.ndarray,
    reference: np.ndarray,
    level: float,
) -> float:
    """Return half the width of the interval of a difference of two weighted means."""
    if units is None:
        error = np.sqrt(np.sum(current**2) + np.sum(reference**2))
        return UnitError(float(error)).spread(level)
    rows = np.flatnonzero(sides[0] | sides[1])
    inside = units.take(rows)
    if min(inside.counts) < 2:
        return np.nan
    influence = np.empty(len(rows))
    influence[inside.current], influence[~inside.current] = current, reference
    return influence_error(inside, influence, influence_memory(inside, influence[None])).spread(
        level
    )


def _text(domain: Domain, leaf: Sequence[Condition]) -> str:
    """Write a rule as one would say it."""
    parts = [_condition_text(domain, condition) for condition in leaf]
    if len(parts) == 1:
        alone = parts[0].endswith(" or missing)")
        return parts[0].removeprefix("(").removesuffix(")") if alone else parts[0]
    return " and ".join(parts) or "all rows"


def _condition_text(domain: Domain, condition: Condition) -> str:
    name = domain.features[condition.feature]
    values = domain.matrix[:, condition.feature]
    if name in domain.levels:
        return _levels_text(name, domain.levels[name], condition.codes, _coded(values))
    present = values[~np.isnan(values)]
    whole = bool((present == np.floor(present)).all())
    low, high = condition.low, condition.high
    if low == np.inf or high == -np.inf:
        return f"{name} is missing"
    text = _interval_text(name, low, high, whole)
    lost = len(present) < len(values)
    if not text:
        return f"{name} is known"
    return f"({text} or missing)" if lost and condition.missing else text


def _interval_text(name: str, low: float, high: float, whole: bool) -> str:
    least = low + 1 if whole else low
    if np.isinf(low):
        return "" if np.isinf(high) else f"{name} <= {high:.10g}"
    if np.isinf(high):
        return f"{name} {'>=' if whole else '>'} {least:.10g}"
    if least == high:
        return f"{name} = {high:.10g}"
    return f"{least:.10g} {'<=' if whole else '<'} {name} <= {high:.10g}"


def _levels_text(name: str, levels: np.ndarray, codes: frozenset[int], seen: np.ndarray) -> str:
    present = np.unique(seen)
    names = {code: str(levels[code]) for code in range(len(levels))}
    names |= {len(levels): "any other", MISSING: "missing"}
    inside = [names[code] for code in present if code in codes]
    outside = [names[code] for code in present if code not in codes]
    chosen, word = (inside, "in") if len(inside) <= len(outside) else (outside, "not in")
    if len(chosen) == 1:
        return f"{name} {'=' if word == 'in' else '!='} {chosen[0]}"
    return f"{name} {word} ({', '.join(sorted(chosen))})"
