"""Compare many columns on grids at once: of few rows a call costs more than its work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from driftlib.stats.counts import Cumulative

# So many cells of some columns stay in the processor's cache while they are compared.
CELLS = 70_000


class Ends(NamedTuple):
    """Where the outermost parts of some columns end; rows below and above, columns along.

    Parameters
    ----------
    low, high : int array, shape (columns,)
        Grid points.
    ranks : int array, shape (2, columns)
        Ranks of the rows there, counted from either end.
    known : bool array, shape (2, columns)
        Whether that part is long enough, and its end on the grid.
    """

    low: np.ndarray
    high: np.ndarray
    ranks: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class GridSide:
    """One sample of some columns, each counted on its grid: a row a column.

    Parameters
    ----------
    below, at_or_below : float array, shape (columns, points)
        Rows below each grid point, and at or below it; a shorter grid's last point is there
        repeatedly, with all of what is at or below it.
    rows : float array, shape (columns,)
        All rows of each column.
    gaps : float array, shape (columns, points + 1)
        As of `driftlib.stats.counts.Cumulative`.
    points : int array, shape (columns,)
        Of each grid.
    """

    below: np.ndarray
    at_or_below: np.ndarray
    rows: np.ndarray
    gaps: np.ndarray
    points: np.ndarray

    @classmethod
    def of(cls, counts: Sequence[Cumulative]) -> GridSide:
        """Put columns under one another.

        Parameters
        ----------
        counts : sequence of Cumulative
            One a column, at least one.

        Returns
        -------
        GridSide
        """
        points = np.array([len(one.below) for one in counts])
        most = int(points.max())
        below = np.array([_lengthened(one.below, most) for one in counts], dtype=float)
        upto = below
        if not all(one.below is one.at_or_below for one in counts) or points.min() < most:
            longer = [_lengthened(one.at_or_below, most) for one in counts]
            upto = np.array(longer, dtype=float)
        gaps = np.array([_lengthened(one.gaps, most + 1) for one in counts])
        for row in np.flatnonzero(points < most).tolist():
            end = points[row]
            below[row, end:] = upto[row, end:] = upto[row, end - 1]
            gaps[row, -1], gaps[row, end] = gaps[row, end], 0.0
        return cls(below, upto, np.array([one.rows for one in counts], dtype=float), gaps, points)

    def only(self, columns: np.ndarray) -> GridSide:
        """Take some of the columns.

        Parameters
        ----------
        columns : int array
            Their numbers.

        Returns
        -------
        GridSide
        """
        return GridSide(
            self.below[columns],
            self.at_or_below[columns],
            self.rows[columns],
            self.gaps[columns],
            self.points[columns],
        )

    @cached_property
    def at(self) -> np.ndarray:
        """Rows at each grid point."""
        return self.at_or_below - self.below

    @cached_property
    def is_on_points(self) -> bool:
        """Whether some rows are at a grid point: numbers with many digits hardly ever are."""
        return self.at_or_below is not self.below and bool(self.at.any())

    @cached_property
    def between(self) -> np.ndarray:
        """Rows below the first grid point, between it and the next, ..., above the last."""
        found = np.empty(self.gaps.shape)
        found[:, :-1], found[:, -1] = self.below, self.rows
        found[:, 1:] -= self.at_or_below
        return found

    @cached_property
    def cells(self) -> np.ndarray:
        """Rows before the first grid point, at it, between it and the next, and so on."""
        found = np.empty((len(self.rows), 2 * self.below.shape[1] + 1))
        found[:, ::2], found[:, 1::2] = self.between, self.at
        return found

    @cached_property
    def middles(self) -> tuple[np.ndarray, np.ndarray]:
        """Twice the rows before the middle of the rows at each point, and between two."""
        between = np.zeros(self.gaps.shape)
        between[:, :-1], between[:, -1] = self.below, self.rows
        between[:, 1:] += self.at_or_below
        return self.below + self.at_or_below, between

    @cached_property
    def gap_shares(self) -> np.ndarray:
        """The gaps, by the rows of their column."""
        return self.gaps / self.rows[:, None]

    @cached_property
    def held(self) -> np.ndarray:
        """Cells of each column with rows in them: points, and parts between them."""
        found: np.ndarray = (self.at != 0).sum(axis=1) + self.filled.sum(axis=1)
        return found

    @cached_property
    def ties_on_points(self) -> np.ndarray:
        """What ties at grid points take from the variance of ranks."""
        return _ties(self.at)

    @cached_property
    def filled(self) -> np.ndarray:
        """Whether there are rows in each part between points."""
        return self.between != 0

    @cached_property
    def twice(self) -> np.ndarray:
        """Grid points of each column that have two rows or more."""
        found: np.ndarray = (self.at >= 2).sum(axis=1)
        return found

    @cached_property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Shares of the rows below each point, and at or below it."""
        below = self.below / self.rows[:, None]
        return below, self.at_or_below / self.rows[:, None] if self.is_on_points else below

    @cached_property
    def _kept(self) -> dict[Any, Any]:
        """What was asked for before."""
        return {}

    def widths(self, grids: Sequence[np.ndarray]) -> np.ndarray:
        """Measure how far apart the points of each grid are.

        Parameters
        ----------
        grids : sequence of array
            Those that the columns were counted on: of a side there is one answer, which is kept.

        Returns
        -------
        float array, shape (columns, points - 1)
            0 where a shorter grid has no more points.
        """
        if "widths" not in self._kept:
            width = np.zeros((len(grids), self.below.shape[1] - 1))
            for row, grid in zip(width, grids, strict=True):
                # Whole numbers may be further apart than their type can say.
                points = grid if grid.dtype.kind == "f" else grid.view(np.uint64)
                row[: len(points) - 1] = points[1:] - points[:-1]
            self._kept["widths"] = width
        found: np.ndarray = self._kept["widths"]
        return found

    def ends(self, share: float) -> Ends:
        """Find the ends of the outermost parts of every column.

        Parameters
        ----------
        share : float
            Of its rows.

        Returns
        -------
        Ends
        """
        if share not in self._kept:
            self._kept[share] = self._find_ends(share)
        found: Ends = self._kept[share]
        return found

    def _find_ends(self, share: float) -> Ends:
        rows, columns = self.rows, np.arange(len(self.rows))
        least = np.ceil(share * rows)
        # The row whose rank is that, counted from either end, is at these grid points.
        low = (self.at_or_below < least[:, None]).sum(axis=1)
        high = (self.below <= (rows - least)[:, None]).sum(axis=1) - 1
        inside = np.array([low < self.points, high >= 0])
        low, high = np.minimum(low, self.points - 1), np.maximum(high, 0)
        inner = np.array([self.below[columns, low], rows - self.at_or_below[columns, high]])
        long_enough = (least >= 2) & inner.any(axis=0)
        return Ends(low, high, np.maximum(least, inner + 1), inside & long_enough)


def _lengthened(values: np.ndarray, most: int) -> np.ndarray:
    """Bring counts of a shorter grid to as many numbers as those of the longest have."""
    missing = most - len(values)
    return np.append(values, np.zeros(missing)) if missing > 0 else values


@dataclass(frozen=True)
class Gridded:
    """Two samples of some columns, each counted on the same grid on both sides.

    Parameters
    ----------
    reference, current : GridSide
        At least one row a column and side.

    Examples
    --------
    >>> from driftlib.stats.counts import cumulative
    >>> before, after = cumulative([1, 2, 3], [1, 2, 3]), cumulative([1, 2, 3], [3, 3, 3, 4])
    >>> short = cumulative([7], [7]), cumulative([7], [7, 8])
    >>> Gridded.of([before, short[0]], [after, short[1]]).ks.round(6).tolist()
    [0.666667, 0.5]
    """

    reference: GridSide
    current: GridSide

    @classmethod
    def of(cls, reference: Sequence[Cumulative], current: Sequence[Cumulative]) -> Gridded:
        """Put columns under one another.

        Parameters
        ----------
        reference, current : sequence of Cumulative
            Of each column on the same grid, at least one column.

        Returns
        -------
        Gridded
        """
        return cls(GridSide.of(reference), GridSide.of(current))

    def only(self, columns: np.ndarray) -> Gridded:
        """Take some of the columns.

        Parameters
        ----------
        columns : int array
            Their numbers.

        Returns
        -------
        Gridded
        """
        return Gridded(self.reference.only(columns), self.current.only(columns))

    @cached_property
    def _apart(self) -> tuple[np.ndarray, np.ndarray]:
        """By how much the shares below each point differ, and at or below it."""
        (f_below, f), (g_below, g) = self.reference.shares, self.current.shares
        return f_below - g_below, f - g

    @property
    def ks(self) -> np.ndarray:
        """The Kolmogorov-Smirnov distance: see `driftlib.stats.distances.ks`."""
        below, upto = self._apart
        if not self.current.is_on_points:
            # Of the two sides of a point, one is the more extreme.
            return np.maximum(upto.max(axis=1), -below.min(axis=1))
        most, least = (np.maximum(below, upto).max(axis=1), np.minimum(below, upto).min(axis=1))
        return np.maximum(most, -least)

    def wasserstein(self, grids: Sequence[np.ndarray]) -> np.ndarray:
        """Measure the Wasserstein-1 distance: see `driftlib.stats.distances.wasserstein`.

        Parameters
        ----------
        grids : sequence of array
            The sorted grid of each column.

        Returns
        -------
        float array, shape (columns,)
        """
        width = self.reference.widths(grids)
        (f_below, f), (g_below, g) = self.reference.shares, self.current.shares
        below, upto = self._apart
        gaps = self.current.gaps / self.current.rows[:, None]
        np.subtract(self.reference.gap_shares, gaps, out=gaps)
        area = upto[:, :-1] * width
        area += gaps[:, 1:-1]
        np.abs(area, out=area)
        # Where the functions cannot cross, that is the area between them; elsewhere it is at the
        # least that of two triangles if the straight lines cross, of a trapezium if they do not.
        can = f_below[:, 1:] > g[:, :-1]
        can &= g_below[:, 1:] > f[:, :-1]
        between = can.ravel().nonzero()[0]
        # Of points there is one more a column than of what lies between two.
        points = between + between // area.shape[1]
        start, end = upto.take(points), below.take(points + 1)
        size = np.abs(start) + np.abs(end)
        crossed = start * end < 0
        a, b = start[crossed], end[crossed]
        size[crossed] = (a**2 + b**2) / size[crossed]
        flat = area.ravel()
        flat[between] = np.maximum(flat[between], width.take(between) * size / 2)
        found: np.ndarray = area.sum(axis=1) + np.abs(gaps[:, 0]) + np.abs(gaps[:, -1])
        return found

    @property
    def mann_whitney(self) -> tuple[np.ndarray, np.ndarray]:
        """Statistic and p-value: see `driftlib.stats.significance.mann_whitney`."""
        r, c = self.reference, self.current
        n, m = r.rows, c.rows
        total = n + m
        at, between = r.middles
        pairs = _products(between, c.between)
        # Between grid points where only one sample has values their order is not in question.
        tied = r.between + c.between
        tied *= c.filled & r.filled
        ties = _ties(tied)
        if c.is_on_points:
            pairs += _products(at, c.at)
            ties += _ties(r.at + c.at)
        else:
            ties += r.ties_on_points
        share = pairs / 2 / (n * m)
        variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
        variance[~(variance > 0)] = np.nan
        # Half a pair nearer to the middle: the continuity correction that scipy makes too.
        z = np.maximum(0.0, np.abs(share - 0.5) * n * m - 0.5) / np.sqrt(variance)
        return np.where(np.isnan(variance), np.nan, share), special.erfc(z / np.sqrt(2))


def _ties(tied: np.ndarray) -> np.ndarray:
    """Add up what ties take from the variance of ranks, by columns."""
    return _products(tied * tied, tied) - tied.sum(axis=1)


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Add up the products of two tables' cells, row by row."""
    found: np.ndarray = (a[:, None, :] @ b[:, :, None])[:, 0, 0]
    return found


def blocks_of(points: Sequence[int]) -> Iterator[list[int]]:
    """Put columns with grids of about the same length together, as many as a cache holds.

    Parameters
    ----------
    points : sequence of int
        Of each column's grid.

    Yields
    ------
    list of int
        Numbers of columns; each column once.

    Examples
    --------
    >>> list(blocks_of([2000, 3, 2010, 4, 20_000, 20_000]))
    [[1, 3], [0, 2], [4], [5]]
    """
    block: list[int] = []
    for place in sorted(range(len(points)), key=lambda place: points[place]):
        shortest = points[block[0]] if block else points[place]
        cells = 2 * points[place] * (len(block) + 1)
        if block and (cells > CELLS or points[place] > 2 * shortest + 8):
            yield block
            block = []
        block.append(place)
    if block:
        yield block
