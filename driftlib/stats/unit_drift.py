"""Judge the drift of many features whose rows come in units, from counts per unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from driftlib.stats.bin_tests import LEAST_EXPECTED
from driftlib.stats.dependence import arcsine, judge_scores, judge_shares
from driftlib.stats.few_units import RANK_SLACK, cannot_tell, lie_apart, rank_p_value
from driftlib.stats.unit_counts import normal_scores, score_sums
from driftlib.stats.unit_memory import pooled_memory
from driftlib.stats.units import UnitFit, Units, fit_units

# Parts of a feature's error budget; a test that does not apply gives its part to the others.
SCORE_PART, BINS_PART, NUMBER_MISSING_PART = 3.0, 1.0, 2.0
LEVELS_PART, LEVELS_MISSING_PART = 1.0, 1.0


@dataclass(frozen=True)
class UnitDrift:
    """Drift of features, rows in units; arrays of shape (..., features), numbers first.

    Parameters
    ----------
    p_value : float array
        NaN where nothing can be told.
    rank_p_value : float array
        Where a side has few units: the share of subsets of as many units that lie apart from
        the rest at least as far, in any feature. A change is real only if this is at most alpha
        too. 0 where it is not needed.
    design_effect : float array
        How many times the variance is what independent rows would give.
    phi : float array, shape (...)
        Lag-1 memory of the unit effects.
    cannot_tell : bool
        There are too few units.
    shape_p_value, missing_p_value : float array
        The parts of `p_value`: of the values that there are, and of the missing share. NaN where
        nothing can be told.
    """

    p_value: np.ndarray
    rank_p_value: np.ndarray
    design_effect: np.ndarray
    phi: np.ndarray
    cannot_tell: bool = False
    shape_p_value: np.ndarray = field(default_factory=lambda: np.zeros(0))
    missing_p_value: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def real(self, q_value: ArrayLike, alpha: float = 0.05) -> np.ndarray:
        """Whether each change is real.

        Parameters
        ----------
        q_value : float array, shape (..., features)
            `p_value` after Benjamini-Hochberg.
        alpha : float
            Share of checks without drift in which some change may be called real.

        Returns
        -------
        bool array, shape (..., features)
            Never where nothing can be told.
        """
        return (np.asarray(q_value) < alpha) & (self.rank_p_value <= alpha + RANK_SLACK)


def compare_units(
    units: Units,
    cells: ArrayLike | None = None,
    bins: ArrayLike | None = None,
    levels: ArrayLike | None = None,
    missing: tuple[ArrayLike, ArrayLike, ArrayLike] | None = None,
    row_p_value: ArrayLike | None = None,
    alone: bool = False,
) -> UnitDrift:
    """Test every feature for drift, rows of a unit sharing an effect.

    Numbers: the mean normal score with three quarters of the error budget, the shares of bins
    with one. Categories: the shares of levels. Missing values have a third or a half of it
    where there are any.

    Parameters
    ----------
    units : Units
        The sides.
    cells, bins : float array, shape (..., numbers, units, cells or bins)
        Rows of numeric features by fine cell, in order of value, and by PSI bin.
    levels : float array, shape (..., categories, units, levels)
        Rows of categorical features by level, padded with zeros.
    missing : (hits, rows, p_value), optional
        Missing rows and all rows, shape (..., features, units), and the p-value of the missing
        share for independent rows (Fisher's), shape (..., features), NaN where none is missing.
    row_p_value : float array, shape (..., features), optional
        p-value of each feature for independent rows: the answer is never below it, and equal
        to it where no unit has more than one row.
    alone : bool
        Whether the memory of missing shares is told from each feature by itself, as if no other
        had missing values.

    Returns
    -------
    UnitDrift
        Numbers first, then categories.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> units = Units(np.arange(40) >= 20, np.arange(40))
    >>> rows = rng.multinomial(100, [0.25] * 4, size=(3, 40))
    >>> rows[0, 20:] = rng.multinomial(100, [0.1, 0.2, 0.3, 0.4], size=20)
    >>> (compare_units(units, rows, rows).p_value < 0.001).tolist()
    [True, False, False]
    """
    if cannot_tell(units):
        return _nothing(cells, levels)
    groups = []
    if cells is not None:
        tests = [_scores(units, np.asarray(cells, dtype=float))]
        parts = [SCORE_PART]
        if bins is not None:
            tests.append(_shares(units, pool_shares(units, np.asarray(bins, dtype=float))))
            parts.append(BINS_PART)
        groups.append((tests, [*parts, NUMBER_MISSING_PART]))
    if levels is not None:
        counts = np.asarray(levels, dtype=float)
        tests = [_shares(units, at_least_two(counts, pool_shares(units, counts)))]
        groups.append((tests, [LEVELS_PART, LEVELS_MISSING_PART]))
    # The first test of each feature tells its memory: its score, or its levels.
    phi = pooled_memory(units, [(tests[0].fit, tests[0].weights) for tests, _ in groups])
    ranks = np.concatenate([_largest(tests) for tests, _ in groups], axis=-2)
    absent = None if missing is None else _missing(units, phi, *missing, alone=alone)
    if absent is not None:
        ranks = np.maximum(ranks, absent[1])
    p_values, shapes, gone, effects, first = [], [], [], [], 0
    for tests, parts in groups:
        results = [test.judged(units, phi) for test in tests]
        columns = [p for p, _ in results]
        last = first + columns[0].shape[-1]
        columns.append(
            np.full_like(columns[0], np.nan) if absent is None else absent[0][..., first:last]
        )
        p_values.append(weighted_bonferroni(np.stack(columns), parts))
        shapes.append(weighted_bonferroni(np.stack(columns[:-1]), parts[:-1]))
        gone.append(columns[-1])
        effects.append(results[0][1])
        first = last
    p_value = np.concatenate(p_values, axis=-1)
    if row_p_value is not None:
        row = np.asarray(row_p_value, dtype=float)
        single = np.concatenate([tests[0].single for tests, _ in groups], axis=-1)
        p_value = np.where(single, row, np.fmax(p_value, row))
    return UnitDrift(
        p_value,
        rank_p_value(units, ranks, phi),
        np.concatenate(effects, axis=-1),
        phi,
        shape_p_value=np.concatenate(shapes, axis=-1),
        missing_p_value=np.concatenate(gone, axis=-1),
    )


def weighted_bonferroni(p_values: ArrayLike, parts: ArrayLike) -> np.ndarray:
    """p-value of several tests together, each with its part of the error budget.

    Parameters
    ----------
    p_values : float array, shape (tests, ...)
        NaN where a test does not apply: its part goes to the others.
    parts : float array, shape (tests,)
        Positive, in any unit.

    Returns
    -------
    float array, shape (...)
        At most 1; NaN where no test applies.

    Examples
    --------
    >>> weighted_bonferroni([[0.03, 0.03], [0.5, float("nan")]], [3, 1]).round(3).tolist()
    [0.04, 0.03]
    """
    p = np.asarray(p_values, dtype=float)
    part = np.reshape(np.asarray(parts, dtype=float), (-1, *[1] * (p.ndim - 1)))
    part = np.where(np.isnan(p), np.nan, part)
    share = part / np.nansum(part, axis=0, keepdims=True)
    least = np.where(np.isnan(p), np.inf, p / share).min(axis=0)
    return np.where(np.isinf(least), np.nan, np.minimum(1, least))


def pool_shares(units: Units, counts: np.ndarray) -> np.ndarray:
    """Rows by share, those too small for a test put together as one more share.

    Parameters
    ----------
    units : Units
        The sides.
    counts : float array, shape (..., units, shares)
        Rows by unit and share.

    Returns
    -------
    float array, shape (..., units, shares + 1)
        A share that was put to the others, or whose pool is still too small, has no rows.

    Examples
    --------
    >>> import numpy as np
    >>> units = Units(np.array([False, True]), np.arange(2))
    >>> pool_shares(units, np.array([[50.0, 4, 3], [50, 3, 4]])).tolist()
    [[50.0, 0.0, 0.0, 7.0], [50.0, 0.0, 0.0, 7.0]]
    """
    total = counts.sum(-2)
    current = counts[..., units.current, :].sum((-1, -2))
    rows = np.maximum(total.sum(-1), 1)
    least = (np.minimum(current, rows - current) / rows)[..., None]
    small = total * least < LEAST_EXPECTED
    pool = np.where(small[..., None, :], counts, 0).sum(-1, keepdims=True)
    enough = pool.sum(-2, keepdims=True) * least[..., None] >= LEAST_EXPECTED
    return np.concatenate([np.where(small[..., None, :], 0, counts), pool * enough], axis=-1)


def at_least_two(counts: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """Hold the commonest share against all others where pooling leaves it alone.

    Parameters
    ----------
    counts : float array, shape (..., units, shares)
        Rows by unit and share.
    pooled : float array, shape (..., units, shares + 1)
        What `pool_shares` makes of them.

    Returns
    -------
    float array, shape (..., units, shares + 1)

    Examples
    --------
    >>> import numpy as np
    >>> units = Units(np.array([False, True]), np.arange(2))
    >>> counts = np.array([[50.0, 1, 1], [50, 0, 1]])
    >>> at_least_two(counts, pool_shares(units, counts)).tolist()
    [[50.0, 0.0, 0.0, 2.0], [50.0, 0.0, 0.0, 1.0]]
    """
    alone = (pooled.sum(-2) > 0).sum(-1) < 2
    if not alone.any():
        return pooled
    most = np.arange(counts.shape[-1]) == counts.sum(-2).argmax(-1)[..., None]
    one = np.where(most[..., None, :], counts, 0)
    rest = (counts - one).sum(-1, keepdims=True)
    return np.where(alone[..., None, None], np.concatenate([one, rest], axis=-1), pooled)


@dataclass(frozen=True)
class _Test:
    """One test of every feature of a kind: a fit of its scores, and how far subsets lie apart.

    The fit has shape (..., features x shares, units); `used` says which shares count.
    """

    fit: UnitFit
    used: np.ndarray
    subsets: np.ndarray
    shares: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    @property
    def weights(self) -> np.ndarray:
        """Of each score in the pooled memory: features count alike."""
        share = self.used / np.maximum(self.used.sum(-1, keepdims=True), 1)
        return share.reshape(*share.shape[:-2], -1)

    @property
    def single(self) -> np.ndarray:
        """Whether no unit of a feature has more than one row."""
        return np.asarray(self.fit.single.reshape(self.used.shape).all(-1))

    def judged(self, units: Units, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """p-value and design effect of every feature."""
        if self.shares is None:
            test = judge_scores(units, self.fit, phi)
            return test.p_value, test.design_effect
        rows, counts, row_p_value = self.shares
        test = judge_shares(units, self.fit, rows, counts, phi)
        shape = self.used.shape
        count = self.used.sum(-1)
        # Two shares that add up to one are one test.
        tests = np.where(count == 2, 1, count)
        p = np.where(self.used, test.p_value.reshape(shape), 1).min(-1)
        p = np.maximum(np.minimum(1, tests * p), row_p_value)
        weight = np.where(self.used, self.fit.raw_variance.reshape(shape), 0)
        effects = np.where(weight > 0, test.design_effect.reshape(shape), 0)
        effect = (effects * weight).sum(-1)
        effect = effect / np.maximum(weight.sum(-1), 1e-300)
        return np.where(count >= 2, p, np.nan), np.where(count >= 2, effect, np.nan)


def _scores(units: Units, cells: np.ndarray) -> _Test:
    """Test of the mean normal score."""
    rows, sums, squares = score_sums(cells, normal_scores(cells.sum(-2)))
    fit = fit_units(units, rows, sums, squares)
    used = np.ones((*fit.between.shape, 1), dtype=bool)
    apart = lie_apart(units, sums / np.maximum(rows, 1), fit.noise, rows > 0)
    return _Test(fit, used, apart)


def _shares(units: Units, pooled: np.ndarray) -> _Test:
    """Test of the shares of bins or levels, as they were pooled."""
    from scipy.special import chdtrc

    total = pooled.sum(-2)
    used = (total > 0) & (total < total.sum(-1, keepdims=True))
    x = np.moveaxis(pooled, -1, -2)
    n = np.broadcast_to(pooled.sum(-1)[..., None, :], x.shape)
    shape = (*x.shape[:-3], -1, x.shape[-1])
    flat_n, flat_x = n.reshape(shape), x.reshape(shape)
    fit = fit_units(units, flat_n, flat_x, flat_x)
    q, p = (x[..., side].sum(-1) / np.maximum(n[..., side].sum(-1), 1)
            for side in (units.current, ~units.current))  # fmt: skip
    scale = (1 / np.maximum(fit.rows, 1)).sum(-1).reshape(used.shape)
    share = total / np.maximum(total.sum(-1, keepdims=True), 1)
    chi = np.where(used, (q - p) ** 2 / np.where(used, share, 1) / scale, 0).sum(-1)
    row_p = chdtrc(np.maximum(used.sum(-1) - 1, 1), chi)
    found = lie_apart(units, arcsine(x, n), 0.25 / np.maximum(n, 1), n > 0, used)
    return _Test(fit, used, found, (flat_n, flat_x, row_p))


def _missing(
    units: Units,
    phi: np.ndarray,
    hits: ArrayLike,
    rows: ArrayLike,
    row_p_value: ArrayLike,
    alone: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """p-value of the missing share of every feature, and how far subsets lie apart."""
    x, row_p = np.asarray(hits, dtype=float), np.asarray(row_p_value, dtype=float)
    untested = np.isnan(row_p)
    if untested.all():
        return np.full(x.shape[:-1], np.nan), np.zeros((*x.shape[:-1], 1))
    n = np.broadcast_to(np.asarray(rows, dtype=float), x.shape)
    # A feature by itself is the only one of its kind.
    shares, among = (x[..., None, :], n[..., None, :]) if alone else (x, n)
    fit = fit_units(units, among, shares, shares)
    # A sensor that fails stays broken for longer than the weather lasts.
    own = pooled_memory(units, [(fit, 1.0)])
    memory = np.maximum(np.asarray(phi)[..., None] if alone else phi, own)
    p = judge_shares(units, fit, among, shares, memory).p_value.reshape(x.shape[:-1])
    found = lie_apart(units, arcsine(x, n), 0.25 / np.maximum(n, 1), n > 0)
    # Nothing is missing: what is left of the transformed shares is how many rows units have.
    found = np.where(untested[..., None], 0.0, found)
    return np.where(untested, np.nan, np.fmax(p, row_p)), found


def _largest(tests: Sequence[_Test]) -> np.ndarray:
    """How far each subset lies apart in any test of a feature."""
    found = [test.subsets for test in tests]
    return np.maximum.reduce(found)


def _nothing(cells: ArrayLike | None, levels: ArrayLike | None) -> UnitDrift:
    shapes = [np.shape(x)[:-2] for x in (cells, levels) if x is not None]
    shape = (*shapes[0][:-1], sum(s[-1] for s in shapes))
    empty = np.full(shape, np.nan)
    return UnitDrift(
        empty, np.ones(shape), empty, np.zeros(shape[:-1]), True, shape_p_value=empty,
        missing_p_value=empty,
    )  # fmt: skip
