"""Test a change: p-values from counts, calibrated at any sample size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from driftlib.stats.binned import Binned
from driftlib.stats.counts import Cumulative
from driftlib.stats.distances import occupied, psi
from driftlib.stats.gridded import Gridded
from driftlib.stats.hypergeometric import tail

# Below this expected count on the smaller side, a bin or level joins the pool.
LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class TestResult:
    """A statistic with its p-value; both NaN where the test does not apply.

    Parameters
    ----------
    statistic : float
        Its range is that of the test.
    p_value : float
        0 to 1.
    degrees_of_freedom : int
        0 where the statistic's law has none.
    """

    __test__ = False  # not a test case, whatever its name suggests to pytest

    statistic: float
    p_value: float
    degrees_of_freedom: int = 0


NOT_APPLICABLE = TestResult(np.nan, np.nan)


def kolmogorov_p_value(distance: float, n_reference: int, n_current: int) -> float:
    """Test a two-sample Kolmogorov-Smirnov distance.

    The law that `scipy.stats.ks_2samp(method="asymp")` uses, through the limit law at a
    corrected argument (Vrbik), which costs a thousandth. Conservative where values tie.

    Parameters
    ----------
    distance : float
        0 to 1.
    n_reference, n_current : int
        Rows a side.

    Returns
    -------
    float
        p-value, 0 to 1; within 5 % of the exact one from 20 effective rows N M / (N + M) on,
        and below that the law of scipy itself.

    References
    ----------
    Vrbik (2018), Pioneer J. Theoretical and Applied Statistics 15(1-2), 15-23.

    Examples
    --------
    >>> round(kolmogorov_p_value(0.2, 100, 100), 4)
    0.0316
    """
    return float(kolmogorov_p_values([distance], [n_reference], [n_current])[0])


def kolmogorov_p_values(
    distances: Sequence[float], n_reference: Sequence[int], n_current: Sequence[int]
) -> np.ndarray:
    """Test some Kolmogorov-Smirnov distances, each as `kolmogorov_p_value` does.

    Parameters
    ----------
    distances : sequence of float
    n_reference, n_current : sequence of int
        Rows a side.

    Returns
    -------
    float array
    """
    effective = [round(n * m / (n + m)) for n, m in zip(n_reference, n_current, strict=True)]
    size = np.maximum(1, effective)
    root = np.sqrt(size)
    x = np.asarray(distances, dtype=float) * root
    corrected = x + 1 / (6 * root) + (x - 1) / (4 * size)
    found: np.ndarray = special.kolmogorov(np.maximum(0.0, corrected))
    few = np.flatnonzero(size < 20)
    if len(few):
        from scipy.stats import kstwo

        found[few] = np.clip(kstwo.sf(np.asarray(distances)[few], size[few]), 0, 1)
    return found


def mann_whitney(reference: Cumulative, current: Cumulative) -> TestResult:
    """Test for a shift by Mann and Whitney: normal approximation, corrected for ties.

    Values of both samples strictly between the same two grid points are taken as tied.

    Parameters
    ----------
    reference, current : Cumulative
        Counts on the same grid, at least one row a side.

    Returns
    -------
    TestResult
        The statistic is the share of (reference, current) pairs in which the current value
        is the larger one, ties counting half: 0 to 1, one half without a shift. It is not
        applicable where all values tie.

    References
    ----------
    Mann and Whitney (1947), Annals of Mathematical Statistics 18(1), 50-60.

    Examples
    --------
    >>> from driftlib.stats.counts import cumulative
    >>> grid = [1, 2, 3, 4]
    >>> result = mann_whitney(cumulative(grid, [1, 2, 3]), cumulative(grid, [2, 3, 4]))
    >>> round(result.statistic, 6), round(result.p_value, 6)
    (0.777778, 0.368688)
    """
    (share,), (p_value,) = Gridded.of([reference], [current]).mann_whitney
    return TestResult(float(share), float(p_value))


def pool_small(
    reference: ArrayLike, current: ArrayLike, unseen: tuple[float, float] = (0, 0)
) -> tuple[np.ndarray, np.ndarray]:
    """Put the bins that are too small for a chi-square law together.

    A bin is small if its combined count gives an expected count under 5 on the smaller
    side. Choosing by the combined count keeps the test's size; choosing by the reference's
    count alone does not. A pool that is still too small joins the smallest other bin.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.
    unseen : (reference rows, current rows)
        Rows of levels that the bins do not list: always in the pool.

    Returns
    -------
    reference : float array, shape (bins that are left,)
    current : float array, shape (bins that are left,)
        The pool last; every row is in one of them.

    Examples
    --------
    >>> pool_small([50, 2, 1], [50, 3, 14])
    (array([50.,  3.]), array([50., 17.]))
    """
    r, c = np.asarray(reference, dtype=float), np.asarray(current, dtype=float)
    n, m = r.sum() + unseen[0], c.sum() + unseen[1]
    smaller_share = min(n, m) / (n + m)
    small = (r + c) * smaller_share < LEAST_EXPECTED
    if r.size and not small.any() and not any(unseen):
        return r, c
    pool_r, pool_c = r[small].sum() + unseen[0], c[small].sum() + unseen[1]
    r, c = r[~small], c[~small]
    if (pool_r + pool_c) * smaller_share >= LEAST_EXPECTED or not r.size:
        return np.append(r, pool_r), np.append(c, pool_c)
    if pool_r + pool_c > 0:
        smallest = (r + c).argmin()
        r[smallest] += pool_r
        c[smallest] += pool_c
    return r, c


def chi_square(
    reference: ArrayLike,
    current: ArrayLike,
    unseen: tuple[float, float] = (0, 0),
    pooled: bool = True,
) -> TestResult:
    """Test the levels of a category: two-sample chi-square, no continuity correction.

    Parameters
    ----------
    reference, current : int array, shape (levels,)
        Rows per level, same levels.
    unseen : (reference rows, current rows)
        Rows of levels that are not listed: one more column, always pooled.
    pooled : bool
        Put small levels together (see `pool_small`). False equals
        `scipy.stats.chi2_contingency(correction=False)`.

    Returns
    -------
    TestResult
        Statistic 0 to infinity; not applicable with fewer than two columns.

    References
    ----------
    Pearson (1900), Philosophical Magazine 50(302), 157-175.

    Examples
    --------
    >>> result = chi_square([4, 2, 0], [1, 1, 4], pooled=False)
    >>> round(result.statistic, 7), result.degrees_of_freedom
    (6.1333333, 2)
    """
    if pooled:
        r, c = pool_small(reference, current, unseen)
    else:
        r, c = np.append(reference, unseen[0]), np.append(current, unseen[1])
    combined = r + c
    r, c, combined = r[combined > 0], c[combined > 0], combined[combined > 0]
    n, m = r.sum(), c.sum()
    if len(combined) < 2 or not (n > 0 and m > 0):
        return NOT_APPLICABLE
    # For two rows the sum over both equals this single one: one subtraction per level.
    statistic = float(
        (((r - combined * (n / (n + m))) ** 2 / combined).sum()) * (n + m) ** 2 / (n * m)
    )
    df = len(combined) - 1
    return TestResult(statistic, float(special.chdtrc(df, statistic)), df)


def fisher_exact(
    reference_hits: int, reference_rows: int, current_hits: int, current_rows: int
) -> float:
    """Test by Fisher's exact law that two shares are equal.

    Parameters
    ----------
    reference_hits, current_hits : int
        Rows with the property, each at most the rows of its side.
    reference_rows, current_rows : int
        Rows a side.

    Returns
    -------
    float
        p-value, 0 to 1: twice the smaller tail, at most 1.

    References
    ----------
    Fisher (1922), J. Royal Statistical Society 85(1), 87-94.

    Examples
    --------
    >>> round(fisher_exact(8, 10, 1, 6), 6)
    0.048951
    """
    hits, total = reference_hits + current_hits, reference_rows + current_rows
    if max(0, hits - reference_rows) == min(hits, current_rows):
        return 1.0
    upper = current_hits >= hits * current_rows / total
    return min(1.0, 2 * tail(int(current_hits), hits, current_rows, total, upper))


def unseen_p_value(
    unseen: int, n_reference: int, n_current: int, singletons: int, doubletons: int
) -> float:
    """Test the number of rows whose level the reference does not have.

    Good and Turing: the levels that the reference shows once foretell how many rows of a
    further sample will show none of its levels. So new values in a column of many rare
    levels are no drift, as long as there are no more of them than that: with f1 and f2 levels
    seen once and twice, they follow a negative binomial law of mean M / N (f1 + 1) and shape
    (f1 + 1)^2 / (f1 + 1 + 2 f2).

    Parameters
    ----------
    unseen : int
        Current rows of levels absent from the reference.
    n_reference, n_current : int
        Rows a side.
    singletons, doubletons : int
        Levels that the reference shows once and twice.

    Returns
    -------
    float
        p-value, 0 to 1: of so many unseen rows or more. 1 where there are none.

    References
    ----------
    Good (1953), Biometrika 40(3-4), 237-264.

    Examples
    --------
    >>> round(unseen_p_value(3, 1000, 1000, 0, 0), 3)
    0.125
    """
    if not unseen:
        return 1.0
    mean = n_current / n_reference * (singletons + 1)
    shape = (singletons + 1) ** 2 / (singletons + 1 + 2 * doubletons)
    return float(special.betainc(unseen, shape, mean / (shape + mean)))


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """Adjust p-values by Benjamini and Hochberg, for many tests at once.

    Calling q < alpha real keeps the share of false discoveries at alpha.

    Parameters
    ----------
    p_values : float array, shape (tests,)
        NaN where there was no test: stays NaN and does not count.

    Returns
    -------
    float array, shape (tests,)
        q-values, 0 to 1, each at least the p-value.

    References
    ----------
    Benjamini and Hochberg (1995), J. Royal Statistical Society B 57(1), 289-300.

    Examples
    --------
    >>> benjamini_hochberg([0.01, np.nan, 0.04]).tolist()
    [0.02, nan, 0.04]
    """
    p = np.asarray(p_values, dtype=float)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested])[::-1]]
    ranks = np.arange(len(order), 0, -1)
    q[order] = np.minimum(1.0, np.minimum.accumulate(p[order] * len(order) / ranks))
    return q


def psi_p_value(reference: ArrayLike, current: ArrayLike, corrected: bool = True) -> float:
    """Test the population stability index against no drift.

    Without drift PSI follows about (1/N + 1/M) times a chi-square law of bins - 1
    degrees of freedom.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.
    corrected : bool
        Pool small bins and add half a row to every bin, which keeps the false-alarm rate at
        small samples. False gives the plain law.

    Returns
    -------
    float
        0 to 1; NaN with fewer than two bins.

    Raises
    ------
    DriftlibError
        If the bins differ in number, or a side has no rows.

    References
    ----------
    Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4), 89-100.

    Examples
    --------
    >>> counts = [253, 302, 204, 134, 72, 26, 8], [177, 262, 285, 158, 88, 25, 6]
    >>> f"{psi_p_value(*counts, corrected=False):.4e}", f"{psi_p_value(*counts):.4e}"
    ('7.2026e-06', '7.9408e-06')
    """
    p, q = occupied(reference, current)
    if corrected:
        return float(psi_p_values(pool_columns(Binned.of([p], [q])))[0])
    if len(p) < 2:
        return np.nan
    return float(special.chdtrc(len(p) - 1, psi(p, q) / (1 / p.sum() + 1 / q.sum())))


def pool_columns(both: Binned) -> Binned:
    """Put the small bins of some columns together, each column's as `pool_small` does.

    Parameters
    ----------
    both : Binned

    Returns
    -------
    Binned
        The same where no bin is small.
    """
    small = both.any_fewer(LEAST_EXPECTED)
    if not small.any():
        return both
    parts = [
        pool_small(*occupied(p, q)) if few else (p, q)
        for (p, q), few in zip(both.columns, small.tolist(), strict=True)
    ]
    return Binned.of(*zip(*parts, strict=True))


def psi_p_values(pooled: Binned) -> np.ndarray:
    """Test the population stability index of some columns, each as `psi_p_value` does.

    Parameters
    ----------
    pooled : Binned
        From `pool_columns`.

    Returns
    -------
    float array
    """
    n, m = pooled.rows
    value = pooled.half_row_psi / (1 / n + 1 / m)
    return np.where(pooled.occupied < 2, np.nan, special.chdtrc(pooled.occupied - 1, value))


def chi_squares(pooled: Binned) -> tuple[np.ndarray, np.ndarray]:
    """Test the levels of some categories, each as `chi_square` does without unseen ones.

    Parameters
    ----------
    pooled : Binned
        From `pool_columns`.

    Returns
    -------
    tuple of two float arrays
        Statistics and p-values; NaN with fewer than two levels.
    """
    statistic = np.where(pooled.occupied < 2, np.nan, pooled.chi_square)
    return statistic, special.chdtrc(pooled.occupied - 1, statistic)


def psi_critical(
    n_reference: ArrayLike, n_current: ArrayLike, bins: ArrayLike, alpha: float = 0.05
) -> np.ndarray:
    """Find the smallest PSI that one test can tell from no drift, by the plain law.

    Parameters
    ----------
    n_reference, n_current, bins : int or int array
        Rows a side, and bins.
    alpha : float
        The test's level, 0 to 1.

    Returns
    -------
    float, or array of float
        (1/N + 1/M) times the chi-square law's upper point; NaN with fewer than two bins.

    References
    ----------
    Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4), 89-100.

    Examples
    --------
    >>> psi_critical([100, 1000], [100, 1000], [10, 10]).round(3).tolist()
    [0.338, 0.034]
    """
    n, m, k = np.asarray(n_reference), np.asarray(n_current), np.asarray(bins)
    points = [_upper_point(int(number), alpha) for number in k.ravel().tolist()]
    found: np.ndarray = (np.reshape(points, k.shape) * (1 / n + 1 / m))[()]
    return found


@lru_cache(maxsize=1000)
def _upper_point(bins: int, alpha: float) -> float:
    """Find the upper point of the law of so many bins, of which most columns have equally many."""
    return float(special.chdtri(bins - 1, alpha)) if bins >= 2 else np.nan
