"""Count columns of few rows on their grids, all in one: a call costs more than its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TypeAlias

import numpy as np

from driftlib.stats.counts import Cumulative
from driftlib.stats.precision import Claims, held_as_whole

# From so many rows on, it is quicker to look up each grid point among them than each of them.
MOST_ROWS = 4_000
# Cells that are kept: at about 32 bytes each, 16 MB.
MOST_KEPT = 500_000
# Smaller distances of so many rows add up to a number.
HUGE = 1e300
_LOWEST = np.array([-np.inf])


def has_few_rows(grid: np.ndarray, ordered: np.ndarray, claims: Claims) -> bool:
    """Tell whether a column is one that `cumulative_few` counts.

    Parameters
    ----------
    grid, ordered : array
        Its grid, and its values from the smallest up.
    claims : Claims
        Which values count as which grid point.

    Returns
    -------
    bool
        Of up to 4,000 values that doubles hold, on a grid of points that can all be told apart.
    """
    return (
        0 < len(ordered) <= MOST_ROWS
        and grid.dtype.kind == "f"
        and claims.separate
        and not held_as_whole(ordered)
    )


@dataclass(frozen=True)
class Points:
    """The points of some columns, among which each value is searched.

    Parameters
    ----------
    columns : sequence of float array
        Those of each column, smallest first.
    """

    columns: Sequence[np.ndarray]

    def count(self, values: np.ndarray, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Count the points of its own column that are no more than each value.

        Parameters
        ----------
        values, rows, starts
            As for `Ladder.count`, each column's values from the smallest up.

        Returns
        -------
        int array, shape of `values`
        """
        ends = pairwise([0, *accumulate(rows.tolist())])
        found = np.concatenate(
            [
                points.searchsorted(values[first:last], "right")
                for points, (first, last) in zip(self.columns, ends, strict=True)
            ]
        )
        found += np.repeat(starts, rows)
        return found


@dataclass(frozen=True)
class Ladder:
    """The points of some columns, column after column, among which values are looked up.

    A search goes another way for each value, which a processor cannot foresee. So values go to
    one of many slots of the same width, and from there all of them take the same few steps.

    Parameters
    ----------
    points : float array
        Those of a column, smallest first, and as many infinite ones as steps can go too far.
    low, scale : float array, shape (columns,)
        Where the slots of a column begin, and how many there are of them a unit.
    first : int array, shape (columns, slots + 1)
        For each slot the place of the first point that is in it or above.
    origins : int array, shape (columns,)
        The place of each column's first point.
    steps : int
        Twos: two to this power is more than the points of any slot.
    """

    points: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    first: np.ndarray
    origins: np.ndarray
    steps: int

    @classmethod
    def of(cls, columns: Sequence[np.ndarray]) -> Ladder:
        """Make a ladder.

        Parameters
        ----------
        columns : sequence of float array
            Points of each column, at least one, smallest first.

        Returns
        -------
        Ladder
        """
        number = np.array([len(points) for points in columns])
        # As many in all as points: a long column makes no room for many short ones as long.
        slots, most = -(-int(number.sum()) // len(columns)), np.finfo(float).max
        low, high = np.array([(points[0], points[-1]) for points in columns]).T
        # What counts as the least float has no end below.
        low, high = np.maximum(low, -most), np.maximum(high, -most)
        with np.errstate(over="ignore", divide="ignore"):
            scale = np.minimum(slots / np.minimum(high - low, most), most)
        own = np.split(_slots(np.concatenate(columns), number, low, scale, slots), number.cumsum())
        steps = max(int(np.bincount(one).max()) for one in own[:-1]).bit_length()
        beyond = np.full(1 << steps, np.inf)
        origins = np.cumsum(number + len(beyond)) - number - len(beyond)
        return cls(
            np.concatenate([part for points in columns for part in (points, beyond)]),
            low,
            scale,
            np.array([one.searchsorted(np.arange(slots + 1)) for one in own[:-1]])
            + origins[:, None],
            origins,
            steps,
        )

    def count(self, values: np.ndarray, rows: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Count the points of its own column that are no more than each value.

        Parameters
        ----------
        values : float array
            Finite, column after column.
        rows : int array, shape (columns,)
            How many values each column has.
        starts : int array, shape (columns,)
            What each column is counted from.

        Returns
        -------
        int array, shape of `values`
        """
        slots = self.first.shape[1]
        found = _slots(values, rows, self.low, self.scale, slots - 1)
        found += np.repeat(np.arange(len(rows)) * slots, rows)
        found = self.first.take(found)
        for power in reversed(range(self.steps)):
            step = 1 << power
            fits = self.points[step - 1 :].take(found) <= values
            found += fits if step == 1 else np.multiply(fits, step, dtype=np.intp)
        found += np.repeat(starts - self.origins, rows)
        return found


def _slots(
    values: np.ndarray, rows: np.ndarray, low: np.ndarray, scale: np.ndarray, slots: int
) -> np.ndarray:
    """Tell the slot of each value: of a greater one it is never a lower one."""
    with np.errstate(over="ignore"):
        found = values - np.repeat(low, rows)
        found *= np.repeat(scale, rows)
    return found.clip(0, slots, out=found).astype(np.intp)


@dataclass(frozen=True)
class Cells:
    """The cells of some columns' grids, column after column, in which values are counted.

    A column has a cell a grid point, which ends with it, and one for what lies above them all.

    Parameters
    ----------
    starts : int array, shape (columns + 1,)
        The first cell of each column, and the number of all.
    ends : float array, shape (cells,)
        Where they end; of the open one at the top, where it begins.
    upper : float array, shape (cells,)
        Values up to it count as the point before a cell.
    lower : Points or Ladder
        Values from one of them on count as the point of its cell, or are above it.
    """

    starts: np.ndarray
    ends: np.ndarray
    upper: np.ndarray
    lower: Points | Ladder

    @classmethod
    def of(
        cls, grids: Sequence[np.ndarray], claims: Sequence[Claims], often: bool = False
    ) -> Cells:
        """Put the cells of some columns after one another.

        Parameters
        ----------
        grids : sequence of float array
            At least one.
        claims : sequence of Claims
            Which values count as which grid point.
        often : bool
            Whether batch after batch is counted in them: a ladder costs more than one search.

        Returns
        -------
        Cells
        """
        lower = [one.lower for one in claims]
        return cls(
            np.cumsum([0, *(len(grid) + 1 for grid in grids)]),
            np.concatenate([part for grid in grids for part in (grid, grid[-1:])]),
            np.concatenate([part for one in claims for part in (_LOWEST, one.upper)]),
            Ladder.of(lower) if often else Points(lower),
        )


# Makes, or finds, the cells of some grids and their claims.
CellsOf: TypeAlias = Callable[[Sequence[np.ndarray], Sequence[Claims]], Cells]


class KeptCells:
    """Cells as they were asked for: of later batches the same columns are counted."""

    def __init__(self) -> None:
        # With the claims, so that no others are taken for them.
        self._known: dict[tuple[int, ...], tuple[tuple[Claims, ...], Cells]] = {}

    def of(self, grids: Sequence[np.ndarray], claims: Sequence[Claims]) -> Cells:
        """Find the cells of some columns, or make them.

        Parameters
        ----------
        grids, claims
            As of `Cells.of`; claims are of one grid only.

        Returns
        -------
        Cells
        """
        key, known = tuple(map(id, claims)), self._known
        cells = known[key][1] if key in known else None
        if cells and isinstance(cells.lower, Ladder):
            return cells
        found = Cells.of(grids, claims, often=cells is not None)
        if not cells and self.size + len(found.ends) > MOST_KEPT:
            # A new dictionary: another thread may be looking something up.
            self._known = known = {}
        known[key] = tuple(claims), found
        return found

    @property
    def size(self) -> int:
        """How many cells are kept."""
        return sum(len(cells.ends) for _, cells in list(self._known.values()))


def cumulative_few(cells: Cells, columns: Sequence[np.ndarray]) -> list[Cumulative]:
    """Count columns as `driftlib.stats.counts.cumulative_columns` does, by looking up each value.

    Parameters
    ----------
    cells : Cells
        Of their grids.
    columns : sequence of array
        Each column's values, smallest first: see `has_few_rows`.

    Returns
    -------
    list of Cumulative

    Examples
    --------
    >>> from driftlib.stats.precision import claims
    >>> grid = np.array([1.0, 2.0])
    >>> cells = Cells.of([grid], [claims(grid, 53)])
    >>> (found,) = cumulative_few(cells, [np.array([0.0, 1.0, 1.5, 5.0])])
    >>> found.below.tolist(), found.at_or_below.tolist(), found.gaps.tolist()
    ([1, 3], [2, 3], [1.0, 0.5, 3.0])
    """
    rows = np.array([len(values) for values in columns])
    firsts = [0, *accumulate(rows.tolist())]
    values = np.concatenate(columns).astype(float, copy=False)
    starts, number = cells.starts, int(cells.starts[-1])
    places = cells.lower.count(values, rows, starts[:-1])

    def upto(places: np.ndarray) -> np.ndarray:
        held = np.bincount(places, minlength=number)
        # The sum begins anew with each column.
        held[starts[1:-1]] -= rows[:-1]
        return held.cumsum()

    below = at_or_below = upto(places)
    # What is not above the point before its cell counts as that point.
    at = values <= cells.upper.take(places)
    if at.any():
        places -= at
        at_or_below = upto(places)
    # Moments are taken from the median, so that a feature far from zero loses no digits.
    middles = values[firsts[:-1] + rows // 2]
    with np.errstate(over="ignore", invalid="ignore"):
        distances = cells.ends.take(places) - values
        gaps = np.bincount(places, weights=distances, minlength=number)
        # Of what lies above a grid, distances are taken to its end below.
        gaps[starts[1:] - 1] = 0.0 - gaps[starts[1:] - 1]
        # What counts as a point may lie above it, by its last digits.
        if at_or_below is not below:
            np.maximum(gaps, 0.0, out=gaps)
        if not (distances.min() > -HUGE and distances.max() < HUGE):
            np.nan_to_num(gaps, copy=False)
        values = values - np.repeat(middles, rows)
        offsets = np.add.reduceat(values, firsts[:-1]) / rows
        squares = np.add.reduceat(values * values, firsts[:-1])
        # The mean is within a standard deviation of the median, so little cancels here.
        spread = np.maximum(0.0, squares - rows * offsets**2)
    found = zip(
        pairwise(starts.tolist()),
        rows.tolist(),
        (middles + offsets).tolist(),
        np.where(np.isfinite(squares), spread, squares).tolist(),
        strict=True,
    )
    counted = []
    for (start, end), number_of_rows, *moments in found:
        own = below[start : end - 1]
        # One array where they are the same, as of numbers with many digits.
        counts = own if at_or_below is below else at_or_below[start : end - 1]
        counted.append(Cumulative(own, counts, number_of_rows, gaps[start:end], *moments))
    return counted
