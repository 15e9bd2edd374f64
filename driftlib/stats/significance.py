"""Test a change: p-values from counts of values in order, of hits, and of many tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from driftlib.stats.counts import Cumulative
from driftlib.stats.gridded import Gridded
from driftlib.stats.hypergeometric import tail


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
