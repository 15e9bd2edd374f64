"""Test binned columns: p-values from counts of bins and levels, calibrated at any sample size."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from driftlib.stats.binned import Binned
from driftlib.stats.distances import occupied, psi
from driftlib.stats.significance import NOT_APPLICABLE, TestResult, fisher_exact

# Below this expected count on the smaller side, a bin or level joins the pool.
LEAST_EXPECTED = 5.0


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


def commonest_p_value(
    reference: ArrayLike, current: ArrayLike, unseen: tuple[int, int] = (0, 0)
) -> float:
    """Test the share of the commonest level, exactly: for levels too few for a chi-square.

    Which level that is follows from both sides together, so that the test keeps its size.

    Parameters
    ----------
    reference, current : int array, shape (levels,)
        Rows per level, same levels.
    unseen : (reference rows, current rows)
        Rows of levels that are not listed.

    Returns
    -------
    float
        p-value of Fisher's exact test, 0 to 1; NaN where there is one level, or a side has no
        rows.

    Examples
    --------
    >>> commonest_p_value([20, 20], [100, 0]) < 1e-10
    True
    """
    r, c = np.asarray(reference), np.asarray(current)
    n, m = int(r.sum() + unseen[0]), int(c.sum() + unseen[1])
    if not (r.size and n and m):
        return np.nan
    most = int((r + c).argmax())
    others = n - int(r[most]), m - int(c[most])
    return fisher_exact(others[0], n, others[1], m) if any(others) else np.nan


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


def psi_critical(n_reference: ArrayLike, n_current: ArrayLike, bins: ArrayLike) -> np.ndarray:
    """Find the smallest PSI that one test of level 5 % can tell from no drift, by the plain law.

    Parameters
    ----------
    n_reference, n_current, bins : int or int array
        Rows a side, and bins.

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
    points = [_upper_point(int(number)) for number in k.ravel().tolist()]
    found: np.ndarray = (np.reshape(points, k.shape) * (1 / n + 1 / m))[()]
    return found


@lru_cache(maxsize=1000)
def _upper_point(bins: int) -> float:
    """Find the upper point of the law of so many bins, of which most columns have equally many."""
    return float(special.chdtri(bins - 1, 0.05)) if bins >= 2 else np.nan
