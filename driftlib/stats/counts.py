"""Count a sample on a sorted grid, from which every statistic is read."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from driftlib.stats.precision import Claims, differences, held_as_whole, positions

# So many values stay in the processor's cache while they are worked on.
BLOCK = 32_000


@dataclass(frozen=True)
class Cumulative:
    """A sample's counts on a sorted grid.

    Parameters
    ----------
    below, at_or_below : int array, shape (points,)
        How many values lie below each grid point, and at or below it.
    rows : int
        How many values there are.
    gaps : float array, shape (points + 1,)
        For each interval between grid points, the sum of the distances from the values
        strictly inside it to its upper end; for the open one at the top, to its lower end.
    mean, squares : float
        Mean, NaN of nothing, and sum of squared distances from it.
    """

    below: np.ndarray
    at_or_below: np.ndarray
    rows: int
    gaps: np.ndarray
    mean: float
    squares: float


def cumulative(grid: ArrayLike, values: ArrayLike) -> Cumulative:
    """Count values on a sorted grid.

    Parameters
    ----------
    grid : float array, shape (points,)
        Sorted, distinct.
    values : float array, shape (rows,)
        Finite, in any order.

    Returns
    -------
    Cumulative

    Examples
    --------
    >>> counts = cumulative([1, 2], [0, 1, 1, 5])
    >>> counts.below.tolist(), counts.at_or_below.tolist(), counts.gaps.tolist()
    ([1, 3], [3, 3], [1.0, 0.0, 3.0])
    """
    return cumulative_sorted(np.asarray(grid), np.sort(np.asarray(values)))


def cumulative_sorted(
    grid: np.ndarray, ordered: np.ndarray, claims: Claims | None = None
) -> Cumulative:
    """Count values that are in order already on a sorted grid.

    Parameters
    ----------
    grid : float array, shape (points,)
        Sorted, distinct.
    ordered : float or int array, shape (rows,)
        Finite, from the smallest up.
    claims : Claims, optional
        Which values count as which grid point; by default those that are equal to it.

    Returns
    -------
    Cumulative
        As of `cumulative`, for the cost of looking up the grid and one sum over the rows.

    Examples
    --------
    >>> counts = cumulative_sorted(np.array([1.0, 2.0]), np.array([0, 1, 1, 5]))
    >>> counts.rows, counts.mean, counts.squares
    (4, 1.75, 14.75)
    """
    claims = claims or Claims(grid, grid)
    below, at_or_below = claims.merge(
        positions(ordered, claims.lower, "left"), positions(ordered, claims.upper, "right")
    )
    n = len(ordered)
    if not n:
        return Cumulative(below, at_or_below, 0, np.zeros(len(grid) + 1), np.nan, 0.0)
    bounds = np.empty(len(grid) + 2, dtype=np.int64)
    bounds[0], bounds[1:-1], bounds[-1] = 0, at_or_below, n
    starts, ends = bounds[:-1], bounds[1:]
    rows = ends - starts
    sums, squares = np.zeros(len(grid) + 1), 0.0
    # One buffer: a new array comes fresh from the system each time where memory is given back
    # at once, as Dask has it done, which costs more than the sums.
    buffer = np.empty(min(BLOCK, n))
    # Distances are taken from the median, so that a feature far from zero loses no digits.
    origin = ordered[n // 2]
    whole = held_as_whole(ordered)
    if not whole:
        origin = np.float64(origin)
    with np.errstate(over="ignore", invalid="ignore"):
        for first, block in blocks(ordered):
            low, high = ends.searchsorted([first, first + len(block) - 1], "right")
            cells = low + rows[low : high + 1].nonzero()[0]
            inside = np.maximum(starts[cells] - first, 0)
            if whole:
                distances = differences(block, origin)
            else:
                distances = np.subtract(block, origin, out=buffer[: len(block)])
            sums[cells] += np.add.reduceat(distances, inside)
            # No product of BLAS, whose own threads would wait for one another.
            squares += float(np.einsum("i,i->", distances, distances))
        offset = sums.sum() / n
        # The mean is within a standard deviation of the median, so little cancels here.
        if math.isfinite(squares):
            squares = max(0.0, float(squares - n * offset**2))
        gaps = np.zeros(len(grid) + 1)
        if len(grid):
            exact = whole and grid.dtype.kind in "iu"
            apart = differences(grid, origin) if exact else grid - np.float64(origin)
            gaps[:-1] = rows[:-1] * apart - sums[:-1]
            gaps[-1] = sums[-1] - rows[-1] * apart[-1]
    np.maximum(gaps, 0.0, out=gaps)
    if not math.isfinite(gaps.sum()):
        gaps = np.nan_to_num(gaps)
    return Cumulative(below, at_or_below, n, gaps, float(origin + offset), squares)


def blocks(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Cut values into blocks that the processor's cache holds.

    Parameters
    ----------
    values : array, shape (rows,)

    Yields
    ------
    first : int
        Number of the block's first value.
    block : array
        At most 32,000 values, not copied.

    Examples
    --------
    >>> [(first, len(block)) for first, block in blocks(np.zeros(40_000))]
    [(0, 32000), (32000, 8000)]
    """
    for first in range(0, len(values), BLOCK):
        yield first, values[first : first + BLOCK]
