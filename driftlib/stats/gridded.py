"""Compare many columns on grids at once: of few rows a call costs more than its work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import special

from driftlib.stats.counts import Cumulative

# So many cells of some columns stay in the processor's cache while they are compared.
CELLS = 70_000


@dataclass(frozen=True)
class GridSide:
    """One sample of some columns, each counted on its grid: a row a column.

    Parameters
    ----------
    upto : float array, shape (columns, 2 * points + 2)
        Rows before each end of a cell: none, below a point, at or below it, ..., all rows.
    gaps : float array, shape (columns, points + 1)
        As of `driftlib.stats.counts.Cumulative`.
    """

    upto: np.ndarray
    gaps: np.ndarray

    @classmethod
    def of(cls, counts: Sequence[Cumulative]) -> GridSide:
        """Put columns under one another; the last point of a shorter grid stands there repeatedly.

        Parameters
        ----------
        counts : sequence of Cumulative
            One a column, at least one.

        Returns
        -------
        GridSide
        """
        points = max(len(one.below) for one in counts)
        upto, gaps = np.zeros((len(counts), 2 * points + 2)), np.zeros((len(counts), points + 1))
        for rows, apart, one in zip(upto, gaps, counts, strict=True):
            end = 2 * len(one.below) + 1
            rows[1:end:2], rows[2:end:2] = one.below, one.at_or_below
            rows[end:-1], rows[-1] = rows[end - 1], one.rows
            apart[: len(one.below)], apart[-1] = one.gaps[:-1], one.gaps[-1]
        return cls(upto, gaps)

    @property
    def rows(self) -> np.ndarray:
        """All rows of each column."""
        return self.upto[:, -1]

    @cached_property
    def cells(self) -> np.ndarray:
        """Rows before the first grid point, at it, between it and the next, and so on."""
        return self.upto[:, 1:] - self.upto[:, :-1]

    @cached_property
    def middles(self) -> np.ndarray:
        """Twice the rows before the middle of each cell."""
        return self.upto[:, :-1] + self.upto[:, 1:]

    @cached_property
    def gap_shares(self) -> np.ndarray:
        """The gaps, by the rows of their column."""
        return self.gaps / self.upto[:, -1:]

    @cached_property
    def held(self) -> np.ndarray:
        """Cells of each column with rows in them."""
        return (self.cells != 0).sum(axis=1)

    @cached_property
    def shares(self) -> np.ndarray:
        """The shares of the rows in `upto`, without both ends."""
        return self.upto[:, 1:-1] / self.upto[:, -1:]


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

    @cached_property
    def _apart(self) -> np.ndarray:
        return self.reference.shares - self.current.shares

    @property
    def ks(self) -> np.ndarray:
        """The Kolmogorov-Smirnov distance: see `driftlib.stats.distances.ks`."""
        return np.maximum(self._apart.max(axis=1), -self._apart.min(axis=1))

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
        width = np.zeros((len(grids), self.current.gaps.shape[1] - 2))
        for row, grid in zip(width, grids, strict=True):
            # Whole numbers may be further apart than their type can say.
            points = grid if grid.dtype.kind == "f" else grid.view(np.uint64)
            row[: len(points) - 1] = points[1:] - points[:-1]
        f, g = self.reference.shares, self.current.shares
        gaps = self.reference.gap_shares - self.current.gap_shares
        area = np.abs(self._apart[:, 1:-1:2] * width + gaps[:, 1:-1])
        # Where the functions cannot cross, that is the area between them; elsewhere it is at the
        # least that of two triangles if the straight lines cross, of a trapezium if they do not.
        can = ((f[:, 2::2] > g[:, 1:-1:2]) & (g[:, 2::2] > f[:, 1:-1:2])).nonzero()
        start, end = self._apart[:, 1:-1:2][can], self._apart[:, 2::2][can]
        size = np.abs(start) + np.abs(end)
        crossed = start * end < 0
        a, b = start[crossed], end[crossed]
        size[crossed] = (a**2 + b**2) / size[crossed]
        area[can] = np.maximum(area[can], width[can] * size / 2)
        found: np.ndarray = area.sum(axis=1) + np.abs(gaps[:, 0]) + np.abs(gaps[:, -1])
        return found

    @property
    def mann_whitney(self) -> tuple[np.ndarray, np.ndarray]:
        """Statistic and p-value: see `driftlib.stats.significance.mann_whitney`."""
        r, c = self.reference.cells, self.current.cells
        n, m = self.reference.rows, self.current.rows
        total = n + m
        share = np.einsum("ij,ij->i", self.reference.middles, c) / 2 / (n * m)
        tied = r + c
        # Between grid points where only one sample has values their order is not in question.
        tied[:, ::2] *= (r[:, ::2] != 0) & (c[:, ::2] != 0)
        ties = np.einsum("ij,ij->i", tied * tied, tied) - tied.sum(axis=1)
        variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
        variance[~(variance > 0)] = np.nan
        # Half a pair nearer to the middle: the continuity correction that scipy makes too.
        z = np.maximum(0.0, np.abs(share - 0.5) * n * m - 0.5) / np.sqrt(variance)
        return np.where(np.isnan(variance), np.nan, share), special.erfc(z / np.sqrt(2))


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
