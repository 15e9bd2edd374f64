"""Count a sample on a sorted grid, from which every statistic is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

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
    return cumulative_columns([grid], [ordered], [claims or Claims(grid, grid)])[0]


def cumulative_columns(
    grids: Sequence[np.ndarray], columns: Sequence[np.ndarray], claims: Sequence[Claims]
) -> list[Cumulative]:
    """Count some columns, each in order already, at once: of few rows a call costs the most.

    Parameters
    ----------
    grids, columns : sequence of array
        Each column's grid and values, as for `cumulative_sorted`.
    claims : sequence of Claims
        Which values count as which grid point.

    Returns
    -------
    list of Cumulative

    Examples
    --------
    >>> grids, values = [np.array([1.0, 2.0]), np.array([5.0])], [np.array([0, 1]), np.array([7])]
    >>> found = cumulative_columns(grids, values, [Claims(grid, grid) for grid in grids])
    >>> [one.at_or_below.tolist() for one in found], [one.mean for one in found]
    ([[2, 2], [0]], [0.5, 7.0])
    """
    counted = [_counted(*one) for one in zip(columns, claims, strict=True)]
    rows = [len(values) for values in columns]
    firsts = [0, *accumulate(rows)]
    # The columns' cells one after the other: each ends where the next begins.
    places = [0, *accumulate(len(grid) + 1 for grid in grids)]
    bounds = np.zeros(places[-1] + 1, dtype=np.int64)
    apart = np.zeros(places[-1])
    # Distances are taken from the median, so that a feature far from zero loses no digits.
    origins = [_Origin.of(values) for values in columns]
    with np.errstate(over="ignore", invalid="ignore"):
        for k, grid in enumerate(grids):
            start, end = places[k], places[k + 1]
            np.add(counted[k][1], firsts[k], out=bounds[start + 1 : end])
            bounds[end] = firsts[k + 1]
            if len(grid) and rows[k]:
                apart[start : end - 1] = origins[k].to_grid(grid)
                apart[end - 1] = apart[end - 2]
        sums, squares = _sums(columns, origins, bounds)
        held = bounds[1:] - bounds[:-1]
        gaps = held * apart - sums
        tops = np.array(places[1:]) - 1
        gaps[tops] *= -1
        found = []
        for k, (below, at_or_below) in enumerate(counted):
            own = slice(places[k], places[k + 1])
            mean, square = np.nan, 0.0
            if rows[k]:
                offset = sums[own].sum() / rows[k]
                mean, square = float(origins[k].value + offset), squares[k]
                # The mean is within a standard deviation of the median, so little cancels here.
                if math.isfinite(square):
                    square = max(0.0, float(square - rows[k] * offset**2))
            if not (len(grids[k]) and rows[k]):
                gaps[own] = 0.0
            found.append(Cumulative(below, at_or_below, rows[k], gaps[own], mean, square))
    np.maximum(gaps, 0.0, out=gaps)
    if not math.isfinite(gaps.sum()):
        np.nan_to_num(gaps, copy=False)
    return found


def _counted(ordered: np.ndarray, claims: Claims) -> tuple[np.ndarray, np.ndarray]:
    """Count the values below each grid point, and at or below it."""
    below = positions(ordered, claims.lower, "left")
    if not len(ordered) or {ordered.dtype.kind, claims.upper.dtype.kind} == {"i", "u"}:
        return claims.merge(below, positions(ordered, claims.upper, "right"))
    # Of most points there is no value: only at the others is there more to look for.
    at_or_below = below.copy()
    at = (ordered.take(below, mode="clip") <= claims.upper) & (below < len(ordered))
    held = at.nonzero()[0]
    if len(held):
        at_or_below[held] = ordered.searchsorted(claims.upper[held], "right")
    return claims.merge(below, at_or_below)


@dataclass(frozen=True)
class _Origin:
    """What distances are taken from, and whether values are too large for floats."""

    value: Any
    whole: bool

    @classmethod
    def of(cls, ordered: np.ndarray) -> _Origin:
        if not len(ordered):
            return cls(np.nan, False)
        middle, whole = ordered[len(ordered) // 2], held_as_whole(ordered)
        return cls(middle if whole else np.float64(middle), whole)

    def to_grid(self, grid: np.ndarray) -> np.ndarray:
        if self.whole and grid.dtype.kind in "iu":
            return differences(grid, self.value)
        return np.subtract(grid, np.float64(self.value))

    def to_values(self, values: np.ndarray, out: np.ndarray) -> None:
        if self.whole:
            out[:] = differences(values, self.value)
        else:
            np.subtract(values, self.value, out=out)


def _sums(
    columns: Sequence[np.ndarray], origins: Sequence[_Origin], bounds: np.ndarray
) -> tuple[np.ndarray, list[float]]:
    """Add up the distances in each cell, and their squares in each column."""
    starts, ends = bounds[:-1], bounds[1:]
    held = ends - starts
    sums, squares = np.zeros(len(held)), [0.0] * len(columns)
    # One buffer: a new array comes fresh from the system each time where memory is given back
    # at once, as Dask has it done, which costs more than the sums.
    buffer = np.empty(min(BLOCK, int(bounds[-1])))
    first, filled = 0, 0

    def add_up() -> None:
        low, high = ends.searchsorted([first, first + filled - 1], "right")
        cells = low + held[low : high + 1].nonzero()[0]
        inside = np.maximum(starts[cells] - first, 0)
        sums[cells] += np.add.reduceat(buffer[:filled], inside)

    for k, values in enumerate(columns):
        for _, block in blocks(values):
            if filled + len(block) > len(buffer):
                add_up()
                first, filled = first + filled, 0
            part = buffer[filled : filled + len(block)]
            origins[k].to_values(block, part)
            # No product of BLAS, whose own threads would wait for one another.
            squares[k] += float(np.einsum("i,i->", part, part))
            filled += len(block)
    if filled:
        add_up()
    return sums, squares


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
