"""Count one column of a batch on its grid or its list of levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from driftlib.data.columns import Values
from driftlib.data.levels import KnownLevels, count_levels
from driftlib.data.numbers import Numbers, as_numbers, plain_doubles, without_gaps
from driftlib.data.text_hashes import hash_texts
from driftlib.profile.outside import count_outside
from driftlib.profile.profile import (
    UNLISTED_NAMES,
    CategoricalCounts,
    NumericCounts,
    commonest,
)
from driftlib.stats.counts import Cumulative, cumulative_columns
from driftlib.stats.few_rows import Cells, CellsOf, cumulative_few, has_few_rows
from driftlib.stats.precision import DOUBLE, EXACT, SINGLE, Claims, held_as_single, held_bits

HASH_BUCKETS = 50


def _shortlist(names: np.ndarray, counts: np.ndarray) -> dict[str, int]:
    """Find the commonest names, the first in order where counts tie, without a sort of all."""
    if len(names) > UNLISTED_NAMES:
        least = np.partition(counts, -UNLISTED_NAMES)[-UNLISTED_NAMES]
        more, tied = counts > least, names[counts == least]
        places = UNLISTED_NAMES - int(more.sum())
        names = np.append(names[more], np.partition(tied, places - 1)[:places])
        counts = np.append(counts[more], np.full(places, least))
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def sorted_numbers(values: Values) -> tuple[Numbers, np.ndarray, int, int]:
    """Read a numeric column and sort its finite values.

    Parameters
    ----------
    values : Values

    Returns
    -------
    numbers : Numbers
        Large whole numbers stay whole beside missing values, which are then left out.
    ordered : array
        The finite values, of the same type, smallest first.
    missing, infinite : int
        How many values are missing and infinite.

    Examples
    --------
    >>> sorted_numbers(np.array([2.0, np.nan, np.inf, 1.0]))[1:]
    (array([1., 2.]), 1, 1)
    """
    there = without_gaps(values)
    numbers = as_numbers(there)
    ordered, missing, infinite = _finite(np.sort(numbers.values))
    return numbers, ordered, missing + len(values) - len(there), infinite


def _finite(ordered: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Take the finite ones of values in order; how many are missing, and infinite."""
    if ordered.dtype.kind != "f" or not len(ordered):
        return ordered, 0, 0
    if math.isfinite(ordered[0]) and math.isfinite(ordered[-1]):
        return ordered, 0, 0
    present = int(ordered.searchsorted(np.nan))
    start, end = ordered.searchsorted(-np.inf, "right"), ordered.searchsorted(np.inf)
    return ordered[start:end], len(ordered) - present, int(start + present - end)


def count_sorted(
    ordered: np.ndarray,
    grid: np.ndarray,
    missing: int = 0,
    infinite: int = 0,
    claims: Claims | None = None,
    bits: int = EXACT,
) -> NumericCounts:
    """Count values that are in order already on a grid.

    Parameters
    ----------
    ordered : array
        Finite values, smallest first; there may be none.
    grid : float array
        Sorted.
    missing, infinite : int
        Rows without a finite value.
    claims : Claims, optional
        Which values count as which grid point; by default those that are equal to it.
    bits : int
        Significant bits of the values.

    Returns
    -------
    NumericCounts
        `missing` has both kinds of rows without a value.
    """
    sorted_column = SortedColumn(ordered, missing, infinite, bits)
    return count_sorted_columns([sorted_column], [grid], [claims or Claims(grid, grid)])[0]


@dataclass(frozen=True)
class SortedColumn:
    """A numeric column in order.

    Parameters
    ----------
    ordered : array
        Its finite values, smallest first.
    missing, infinite : int
        Rows without a finite value.
    bits : int
        Significant bits of the values.
    unreadable : int
        How many of the missing rows hold a value that is no number.
    example : str
        The first of those.
    """

    ordered: np.ndarray
    missing: int = 0
    infinite: int = 0
    bits: int = EXACT
    unreadable: int = 0
    example: str = ""

    @classmethod
    def of(cls, values: Values) -> SortedColumn:
        """Read a numeric column and sort it.

        Parameters
        ----------
        values : Values
            What is no number in it counts as missing.

        Returns
        -------
        SortedColumn
        """
        numbers, ordered, missing, infinite = sorted_numbers(values)
        bits = held_bits(ordered, numbers.bits)
        return cls(ordered, missing, infinite, bits, numbers.unreadable, numbers.example)

    @classmethod
    def of_each(cls, columns: Sequence[Values]) -> list[SortedColumn]:
        """Read some numeric columns of a batch and sort them, doubles together.

        Parameters
        ----------
        columns : sequence of Values
            As for `of`, of equally many rows.

        Returns
        -------
        list of SortedColumn
        """
        plain = [plain_doubles(values) for values in columns]
        doubles = [values for values in plain if values is not None and len(values)]
        if len(doubles) < 2:
            return [cls.of(values) for values in columns]
        table = np.array(doubles)
        table.sort(axis=1)
        # Missing values come last.
        finite = (table[:, 0] > -np.inf) & (table[:, -1] < np.inf)
        bits = np.where(held_as_single(table), SINGLE, DOUBLE)
        of_doubles = zip(table, finite.tolist(), bits.tolist(), strict=True)
        found = []
        for values, double in zip(columns, plain, strict=True):
            if double is None or not len(double):
                found.append(cls.of(values))
                continue
            ordered, whole, held = next(of_doubles)
            if whole:
                found.append(cls(ordered, bits=held))
            else:
                part = _finite(ordered)
                found.append(cls(*part, held_bits(part[0], DOUBLE)))
        return found


def count_sorted_columns(
    columns: Sequence[SortedColumn],
    grids: Sequence[np.ndarray],
    claims: Sequence[Claims],
    cells_of: CellsOf = Cells.of,
) -> list[NumericCounts]:
    """Count numeric columns on their grids, together: of few rows a call costs the most.

    Parameters
    ----------
    columns : sequence of SortedColumn
    grids : sequence of float array
        Sorted.
    claims : sequence of Claims
        Which values count as which grid point.
    cells_of : callable
        Makes, or finds, the cells of columns of few rows.

    Returns
    -------
    list of NumericCounts
        `missing` has both kinds of rows without a value.
    """
    counted = []
    found = _cumulative([column.ordered for column in columns], grids, claims, cells_of)
    for column, grid, counts in zip(columns, grids, found, strict=True):
        ordered, missing = column.ordered, column.missing + column.infinite
        rows = len(ordered)
        least, greatest = (float(ordered[0]), float(ordered[-1])) if rows else (np.nan, np.nan)
        counted.append(
            NumericCounts(
                rows + missing,
                missing,
                infinite=column.infinite,
                unreadable=column.unreadable,
                example=column.example,
                mean=counts.mean,
                squares=counts.squares,
                minimum=least,
                maximum=greatest,
                below=counts.below,
                at_or_below=counts.at_or_below,
                gaps=counts.gaps,
                bits=column.bits if rows else EXACT,
                at_minimum=_at_least(ordered),
                at_maximum=_at_greatest(ordered),
                outside=count_outside(ordered, grid),
            )
        )
    return counted


def _at_least(ordered: np.ndarray) -> int:
    """Rows of the least value; nearly always there is one."""
    if len(ordered) < 2 or ordered[1] != ordered[0]:
        return min(1, len(ordered))
    return int(ordered.searchsorted(ordered[0], "right"))


def _at_greatest(ordered: np.ndarray) -> int:
    """Rows of the greatest value."""
    if len(ordered) < 2 or ordered[-2] != ordered[-1]:
        return min(1, len(ordered))
    return len(ordered) - int(ordered.searchsorted(ordered[-1]))


def _cumulative(
    ordered: Sequence[np.ndarray],
    grids: Sequence[np.ndarray],
    claims: Sequence[Claims],
    cells_of: CellsOf,
) -> list[Cumulative]:
    """Count columns on their grids, those of few rows by themselves."""
    columns = list(zip(grids, ordered, claims, strict=True))
    few = [has_few_rows(*column) for column in columns]
    # One alone too: what is counted of a column is the same whatever stands beside it.
    if not any(few):
        return cumulative_columns(grids, ordered, claims)
    cells = cells_of(list(compress(grids, few)), list(compress(claims, few)))
    quick = iter(cumulative_few(cells, list(compress(ordered, few))))
    if all(few):
        return list(quick)
    others = [column for column, is_quick in zip(columns, few, strict=True) if not is_quick]
    rest = iter(cumulative_columns(*zip(*others, strict=True)))
    return [next(quick if is_quick else rest) for is_quick in few]


def count_categories(column: Values, known_levels: KnownLevels, hashed: bool) -> CategoricalCounts:
    """Count a categorical column: one pass by hash, then the few levels looked up.

    Parameters
    ----------
    column : Values
        Compared by their text.
    known_levels : KnownLevels
        The baseline's levels.
    hashed : bool
        Whether to count buckets too, where the baseline does not list every level.

    Returns
    -------
    CategoricalCounts
    """
    found = count_levels(column)
    place = known_levels.places(found.levels)
    unlisted, names = 0, {}
    if place.min(initial=0) < 0:
        # What is no level may be one that is written otherwise.
        found = known_levels.by_name(found)
        place = known_levels.places(found.levels)
        others, rows = found.levels[place < 0], found.counts[place < 0]
        unlisted, names = int(rows.sum()), commonest(_shortlist(others, rows))
    # The last one is for what is not listed.
    counts = np.zeros(len(known_levels.levels) + 1, dtype=np.int64)
    counts[place] = found.counts
    return CategoricalCounts(
        len(column),
        found.missing,
        levels=counts[:-1],
        unlisted=unlisted,
        unlisted_names=names,
        buckets=hash_buckets(found.levels, found.counts) if hashed else np.zeros(0, dtype=np.int64),
    )


def hash_buckets(levels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Count rows by a hash of the level's name that is the same on every machine.

    Parameters
    ----------
    levels : array of str
        Distinct names.
    counts : int array
        Rows of each.

    Returns
    -------
    int array, shape (50,)

    Examples
    --------
    >>> hash_buckets(np.array(["a", "b"], dtype=object), np.array([3, 4])).nonzero()[0].tolist()
    [4, 25]
    """
    weighted = np.bincount(bucket_of(levels), weights=counts, minlength=HASH_BUCKETS)
    return weighted.astype(np.int64)


def bucket_of(levels: np.ndarray) -> np.ndarray:
    """Tell the bucket of each level, by a hash of its name.

    Parameters
    ----------
    levels : array of str

    Returns
    -------
    int array, shape of `levels`
        0 to 49.
    """
    return (hash_texts(levels) % HASH_BUCKETS).astype(np.int64)
