"""Measure the size of a change: pure functions on counts.

Every function takes counts of a reference and a current sample over the same bins or
the same grid, so that one pass over the data serves them all. The tests are in
`driftlib.stats.significance`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from driftlib.errors import DriftlibError
from driftlib.stats.binned import Binned
from driftlib.stats.counts import Cumulative
from driftlib.stats.gridded import Gridded


def occupied(reference: ArrayLike, current: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Prepare two samples' counts for a comparison.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.

    Returns
    -------
    reference : float array, shape (occupied bins,)
    current : float array, shape (occupied bins,)
        Without the bins that are empty on both sides.

    Raises
    ------
    DriftlibError
        If the bins differ in number, or a side has no rows.

    Examples
    --------
    >>> occupied([1, 0, 0], [2, 0, 3])
    (array([1., 0.]), array([2., 3.]))
    """
    p, q = np.asarray(reference, dtype=float), np.asarray(current, dtype=float)
    if p.shape != q.shape or p.ndim != 1:
        raise DriftlibError(
            f"the reference has {p.size} bins and the current sample {q.size}: count both over "
            "the same bins."
        )
    if not (p.sum() > 0 and q.sum() > 0):
        raise DriftlibError(
            "a sample without rows cannot be compared: pass at least one row a side."
        )
    used = (p > 0) | (q > 0)
    return p[used], q[used]


def psi(reference: ArrayLike, current: ArrayLike) -> float:
    """Measure the population stability index between two binned samples.

    The sum of (q - p) ln(q / p) over the bins' shares p and q.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins. A bin that is empty on one side counts as half a row there;
        one that is empty on both does not count.

    Returns
    -------
    float
        0 (same shares) to infinity, symmetric, in nats. By custom 0.1 is a moderate
        and 0.25 a major change, whatever the sample sizes: see
        `driftlib.stats.bin_tests.psi_p_value`.

    Raises
    ------
    DriftlibError
        If the bins differ in number, or a side has no rows.

    References
    ----------
    Yurdakul and Naranjo (2020), J. Risk Model Validation 14(4), 89-100.

    Examples
    --------
    >>> round(psi([253, 302, 204, 134, 72, 26, 8], [177, 262, 285, 158, 88, 25, 6]), 7)
    0.067693
    """
    p, q = occupied(reference, current)
    return float(Binned.of([p], [q]).psi[0])


def psi_in_common(reference: ArrayLike, current: ArrayLike) -> float:
    """Measure the PSI over the bins that both samples have rows in.

    A bin that is empty on one side adds the more to the PSI the more rows there are, as it counts
    as half a row there: how much it matters is told by its share, see `one_sided`.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.

    Returns
    -------
    float
        At most the PSI.

    Examples
    --------
    >>> psi_in_common([50, 50, 0], [50, 50, 0]), psi_in_common([1, 0], [0, 1])
    (0.0, 0.0)
    """
    p, q = occupied(reference, current)
    both = (p > 0) & (q > 0)
    p, q = (p / p.sum())[both], (q / q.sum())[both]
    return float(np.sum((q - p) * np.log(q / p)))


def one_sided(reference: ArrayLike, current: ArrayLike) -> float:
    """Measure the share of rows in bins that the other sample has no rows in.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.

    Returns
    -------
    float
        0 to 1: the larger of the two samples' shares, less what it is on average where both are
        drawn from the same bins.

    Examples
    --------
    >>> round(one_sided([970, 30], [1000, 0]), 3), one_sided([999, 1], [1000, 0]) < 0.001
    (0.03, True)
    """
    p, q = occupied(reference, current)
    n, m = p.sum(), q.sum()
    together = (p + q) / (n + m)
    chance = [float((together * (1 - together) ** rows).sum()) for rows in (m, n)]
    gone, come = float(p[q == 0].sum() / n), float(q[p == 0].sum() / m)
    return max(0.0, gone - chance[0], come - chance[1])


def jensen_shannon(reference: ArrayLike, current: ArrayLike) -> float:
    """Measure the Jensen-Shannon distance between two binned samples.

    The root of the mean of the two Kullback-Leibler divergences, in bits, from the shares
    p and q to their mean.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.

    Returns
    -------
    float
        0 (same shares) to 1 (no bin in common), symmetric.

    Raises
    ------
    DriftlibError
        If the bins differ in number, or a side has no rows.

    References
    ----------
    Endres and Schindelin (2003), IEEE Trans. Information Theory 49(7), 1858-1860.

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 5])
    1.0
    >>> counts = [253, 302, 204, 134, 72, 26, 8], [177, 262, 285, 158, 88, 25, 6]
    >>> round(jensen_shannon(*counts), 6)
    0.110254
    """
    p, q = occupied(reference, current)
    return float(Binned.of([p], [q]).jensen_shannon[0])


def hellinger(reference: ArrayLike, current: ArrayLike) -> float:
    """Measure the Hellinger distance between two binned samples.

    The root of 1 - sum sqrt(p q) over the bins' shares p and q.

    Parameters
    ----------
    reference, current : int array, shape (bins,)
        Rows per bin, same bins.

    Returns
    -------
    float
        0 (same shares) to 1 (no bin in common), symmetric.

    Raises
    ------
    DriftlibError
        If the bins differ in number, or a side has no rows.

    References
    ----------
    Hellinger (1909), J. reine angew. Mathematik 136, 210-271.

    Examples
    --------
    >>> round(hellinger([1, 1], [1, 3]), 6)
    0.184592
    """
    p, q = occupied(reference, current)
    return float(Binned.of([p], [q]).hellinger[0])


def ks(reference: Cumulative, current: Cumulative) -> float:
    """Measure the Kolmogorov-Smirnov distance, max |F - G| of two distribution functions.

    Exact where each value of one sample is a grid point; otherwise low by at most the
    largest share of that sample strictly between two neighbouring grid points.

    Parameters
    ----------
    reference, current : Cumulative
        Counts on the same grid, at least one row a side.

    Returns
    -------
    float
        0 to 1, symmetric, the same for any monotone change of the feature's unit.

    References
    ----------
    Hodges (1958), Arkiv foer Matematik 3(43), 469-486.

    Examples
    --------
    >>> from driftlib.stats.counts import cumulative
    >>> grid = [1, 2, 3]
    >>> round(ks(cumulative(grid, [1, 2, 3]), cumulative(grid, [3, 3, 3, 4])), 6)
    0.666667
    """
    return float(Gridded.of([reference], [current]).ks[0])


def wasserstein(grid: np.ndarray, reference: Cumulative, current: Cumulative) -> float:
    """Measure the Wasserstein-1 distance, the area between two distribution functions.

    Exact in every cell of the grid in which the two functions cannot cross; where they can,
    both are taken as straight lines.

    Parameters
    ----------
    grid : float array, shape (points,)
        Sorted.
    reference, current : Cumulative
        Counts on that grid, at least one row a side.

    Returns
    -------
    float
        0 to infinity, symmetric, in the feature's unit.

    References
    ----------
    Vallender (1974), Theory of Probability and its Applications 18(4), 784-786.

    Examples
    --------
    >>> from driftlib.stats.counts import cumulative
    >>> grid = np.array([0.0, 1.0])
    >>> wasserstein(grid, cumulative(grid, [0, 1]), cumulative(grid, [0, 9]))
    4.0
    """
    return float(Gridded.of([reference], [current]).wasserstein([grid])[0])
