"""Count how far beyond the ends of a grid values lie, coarsely: counts that add."""

from __future__ import annotations

import numpy as np

# Ends of the parts on either side, in widths of the grid: tenths of it, then twice as far each.
STEPS = np.concatenate([np.arange(1, 11) / 10, 2.0 ** np.arange(1, 11)])
PARTS = len(STEPS) + 1
NEAR = 10
NONE_OUTSIDE = np.zeros(0, dtype=np.int64)


def outside_edges(low: float, high: float) -> np.ndarray:
    """Tell where the parts on either side of a grid end.

    Parameters
    ----------
    low, high : float
        The grid's ends.

    Returns
    -------
    float array, shape (2 * 20,)
        Those below, then those above, from the smallest to the greatest.

    Examples
    --------
    >>> outside_edges(0.0, 10.0)[[0, 19, 20, 39]].tolist()
    [-10240.0, -1.0, 11.0, 10250.0]
    """
    with np.errstate(over="ignore"):
        width = high - low if high > low else max(abs(high), 1.0)
        edges = np.concatenate([low - width * STEPS[::-1], high + width * STEPS])
    return np.nan_to_num(edges)


def count_outside(ordered: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Count the values beyond a grid by how far away they lie.

    Parameters
    ----------
    ordered : array
        Smallest first.
    grid : array
        Sorted.

    Returns
    -------
    int array, shape (2 * 21,) or (0,)
        The farthest below first, the farthest above last; empty where no value is outside.

    Examples
    --------
    >>> found = count_outside(np.array([-999.0, 3.0, 10.5, 10.7]), np.array([0.0, 10.0]))
    >>> found.nonzero()[0].tolist(), found[found > 0].tolist()
    ([4, 21], [1, 2])
    """
    if not (len(ordered) and len(grid)):
        return NONE_OUTSIDE
    low, high = float(grid[0]), float(grid[-1])
    if low <= float(ordered[0]) and float(ordered[-1]) <= high:
        return NONE_OUTSIDE
    edges = outside_edges(low, high)
    half = len(STEPS)
    below = ordered.searchsorted(np.append(edges[:half], low), "left")
    above = ordered.searchsorted(np.append(high, edges[half:]), "right")
    counts = np.concatenate([np.diff(below, prepend=0), np.diff(above, append=len(ordered))])
    return counts.astype(np.int64)


def add_outside(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Add the counts of two batches.

    Parameters
    ----------
    a, b : int array
        From `count_outside`, on the same grid.

    Returns
    -------
    int array
    """
    if not (len(a) and len(b)):
        return a if len(a) else b
    return a + b
