"""Keep a bounded sample of whole rows, as hashes of their cells: rows chosen by what is in them.

A row is chosen by a hash of a few of its columns, so rows that are alike are in the sample all
together or not at all, in whichever batch they come; and samples of two batches add to that of
both. No value can be read back from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from driftlib.data.columns import Fetched, Text, Values, as_series
from driftlib.data.levels import level_codes
from driftlib.data.numbers import as_numbers, plain_doubles
from driftlib.data.schema import CATEGORICAL, NUMERIC
from driftlib.data.text_hashes import hash_texts, mix
from driftlib.data.times import as_times, instants
from driftlib.lazily import types
from driftlib.profile.column import Column
from driftlib.stats.counts import blocks

MOST_ROWS, FEWEST_ROWS = 20_000, 1_000
# A sample of so many cells takes 80 MB: of wide tables fewer rows are kept.
MOST_CELLS = 20_000_000
# Cells that are hashed at once.
CELLS_AT_ONCE = 500_000
KEY_COLUMNS = 3
# Columns that tell fewer rows apart than this are too few to choose rows by.
TOLD_APART = 10_000
# Rows of a sample that are looked at first.
FIRST = (50, 500)
# In so few rows no two have the same hash in a column by chance.
FEW_ROWS = 5_000

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_NONE = np.array([_MISSING])
_UPPER = np.array(33, dtype=np.uint64)


@dataclass(frozen=True)
class RowHashes:
    """Some rows of a batch, a hash a cell; those of two batches add.

    Parameters
    ----------
    names : tuple of str
        The columns.
    rows : int
        Rows of the batch.
    keys : uint64 array, shape (sampled,)
        What a row is chosen by.
    cells : uint32 array, shape (sampled, columns)
        A hash of each value.
    thinned : int
        Only rows whose key ends in so many zero bits are kept.
    """

    names: tuple[str, ...]
    rows: int
    keys: np.ndarray = field(repr=False)
    cells: np.ndarray = field(repr=False)
    thinned: int = 0

    def __add__(self, other: RowHashes) -> RowHashes:
        thinned = max(self.thinned, other.thinned)
        a, b = self.thin(thinned), other.thin(thinned)
        keys, cells = np.append(a.keys, b.keys), np.concatenate([a.cells, b.cells])
        return RowHashes(self.names, self.rows + other.rows, keys, cells, thinned).thin()

    def thin(self, least: int = 0) -> RowHashes:
        """Drop rows until there are no more than 20,000; of over 1,000 columns fewer.

        Parameters
        ----------
        least : int
            Zero bits to thin to at least.

        Returns
        -------
        RowHashes
        """
        rows, thinned = _chosen(self.keys, max(least, self.thinned), len(self.names))
        kept = RowHashes(self.names, self.rows, self.keys[rows], self.cells[rows], thinned)
        if "_whole" in vars(self):
            # What is known of the rows is known of some of them.
            vars(kept)["_whole"] = self._whole[rows]
        return kept

    @property
    def sampled(self) -> int:
        """Rows in the sample."""
        return len(self.keys)

    def alike(self, names: Sequence[str], keys: Sequence[str] = ()) -> np.ndarray:
        """Hash whole rows, so that rows that are alike have the same hash.

        Parameters
        ----------
        names : sequence of str
            Columns in which they are compared.
        keys : sequence of str
            Only rows with a value in each of these.

        Returns
        -------
        uint64 array, shape (rows,)
        """
        there = (self.cells[:, self._places(keys)] != 0).all(axis=1)
        if tuple(names) == self.names:
            return self._whole[there]
        return _one_of(self.cells[there], self._places(names))

    @cached_property
    def _whole(self) -> np.ndarray:
        """A hash of all columns of each row."""
        return _one_of(self.cells, range(len(self.names)))

    def _places(self, names: Sequence[str]) -> list[int]:
        known = {name: place for place, name in enumerate(self.names)}
        return [known[name] for name in names]

    def repeats(self, keys: Sequence[str] = ()) -> dict[int, int]:
        """Count rows that are alike in every column.

        Parameters
        ----------
        keys : sequence of str
            Only rows with a value in each of these are counted: without one, rows are alike that
            were not.

        Returns
        -------
        dict of int to int
            How many different rows occur so many times: `{1: 90, 2: 5}` of 100 rows.
        """
        if len(self.names) > 1 and self.sampled <= FEW_ROWS and self._all_told_apart(keys):
            return {1: self.sampled} if self.sampled else {}
        whole = self.alike(self.names, keys)
        if not len(whole):
            return {}
        times, number = np.unique(multiplicities(whole), return_counts=True)
        return dict(zip(times.tolist(), number.tolist(), strict=True))

    def _all_told_apart(self, keys: Sequence[str]) -> bool:
        """Whether every row has a value in each of the keys, and no two are alike in them."""
        ordered = np.sort(self.keys)
        apart = bool((ordered[1:] != ordered[:-1]).all())
        return apart and all(self.cells[:, place].all() for place in self._places(keys))

    def present(self, name: str) -> int:
        """Count the rows that have a value in one column.

        Parameters
        ----------
        name : str

        Returns
        -------
        int
        """
        return int(np.count_nonzero(self.cells[:, self.names.index(name)]))

    def all_distinct(self, name: str) -> bool:
        """Tell whether one column has no value twice.

        Parameters
        ----------
        name : str

        Returns
        -------
        bool
        """
        column = self.cells[:, self.names.index(name)]
        # Of a column that is no identifier, some of the first rows are alike.
        for rows in (*FIRST, len(column)):
            part = column[:rows]
            part = part[part != 0].tolist()
            if len(set(part)) < len(part):
                return False
        return True


def key_columns(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """Choose what rows are told apart by: the numbers with the most values, all if those are few.

    Parameters
    ----------
    columns : mapping of str to Column
        Of a baseline.

    Returns
    -------
    tuple of str
    """
    values = {n: len(c.grid) for n, c in columns.items() if c.kind == NUMERIC and len(c.grid)}
    best = sorted(values, key=lambda name: (-values[name], name))[:KEY_COLUMNS]
    if float(np.prod([float(values[name]) for name in best])) >= TOLD_APART:
        return tuple(best)
    return tuple(n for n, c in columns.items() if c.kind in (NUMERIC, CATEGORICAL))


def hash_rows(
    fetched: Fetched, names: Sequence[str], keys: Sequence[str], numeric: Collection[str]
) -> RowHashes:
    """Choose some rows of a batch, and hash their cells.

    Parameters
    ----------
    fetched : Fetched
        The batch's columns; one that it lacks is missing in all its rows.
    names : sequence of str
        The columns.
    keys : sequence of str
        Those that rows are chosen by.
    numeric : collection of str
        Those that hold numbers, however they are written.

    Returns
    -------
    RowHashes
    """
    number = fetched.rows
    there, keyed = ([n for n in some if n in fetched.names] for some in (names, keys))
    # Of many columns a list would be looked through again and again.
    numeric = frozenset(numeric)
    few = number <= _most_rows(len(names)) and number * len(there) <= CELLS_AT_ONCE
    if few:
        known = _bits_of_each(fetched, there, numeric)
    else:
        # A table of so many rows would be one large piece of memory among small ones.
        known = {name: _bits_of_each(fetched, [name], numeric)[name] for name in keyed}
    key = np.zeros(number, dtype=np.uint64)
    for first, part in blocks(key):
        for name in keyed:
            # One product a column spreads a number's bits upwards: well enough to go on from.
            part ^= known[name][first : first + len(part)]
            part *= _MISSING
        mix(part, np.empty_like(part))
    rows, thinned = _chosen(key, 0, len(names))
    if len(rows) < number:
        key, fetched = key[rows], fetched.take(rows)
        known = {name: column[rows] for name, column in known.items()}
    cells = np.zeros((len(names), len(rows)), dtype=np.uint32)
    places = {name: place for place, name in enumerate(names)}
    # Several columns at once: of few rows a call costs more than its work.
    step = max(1, CELLS_AT_ONCE // max(1, len(rows)))
    for first in range(0, len(there), step):
        some = there[first : first + step]
        others = [name for name in some if name not in known]
        bits = known | _bits_of_each(fetched, others, numeric) if others else known
        cells[[places[n] for n in some]] = _short_hashes(np.array([bits[n] for n in some]))
    return RowHashes(tuple(names), number, key, cells.T, thinned)


def _short_hashes(bits: np.ndarray) -> np.ndarray:
    """Hash values, of which the bits are written over; the hash of a missing one is 0."""
    missing = bits == _MISSING
    mix(bits, np.empty_like(bits))
    bits >>= _UPPER
    short = bits.astype(np.uint32)
    short += np.uint32(1)
    short[missing] = 0
    return short


def _chosen(keys: np.ndarray, least: int, columns: int) -> tuple[np.ndarray, int]:
    """Rows whose keys end in the fewest zero bits that leave no more than are kept."""
    most = _most_rows(columns)
    # Of many rows, so few bits that far too many are left: fewer never have to be looked at.
    surely = max(least, int(np.log2(len(keys) / most)) - 2) if len(keys) > most else least
    rows = _ending_in_zeros(keys, surely)
    if surely > least and len(rows) <= most:
        surely, rows = least, _ending_in_zeros(keys, least)
    thinned = surely
    while len(rows) > most and thinned < 64:
        rows = rows[(keys[rows] >> np.uint64(thinned)) & np.uint64(1) == 0]
        thinned += 1
    return rows, thinned


def _most_rows(columns: int) -> int:
    """Rows of so many columns that are kept at most."""
    return min(MOST_ROWS, max(FEWEST_ROWS, MOST_CELLS // max(1, columns)))


def _ending_in_zeros(keys: np.ndarray, bits: int) -> np.ndarray:
    """Rows whose keys end in so many zero bits."""
    if not bits:
        return np.arange(len(keys))
    return np.flatnonzero((keys & np.uint64((1 << bits) - 1)) == 0)


def _bits_of_each(
    fetched: Fetched, names: Sequence[str], numeric: Collection[str]
) -> dict[str, np.ndarray]:
    """Turn columns into 64 bits a value, those of numbers together."""
    numbers = [name for name in names if name in numeric]
    table = np.array([_numbers(fetched[name]) for name in numbers], dtype=float)
    found = dict(zip(numbers, _bits_of_numbers(table), strict=True))
    return {name: found[name] if name in found else _bits_of(fetched[name]) for name in names}


def _numbers(values: Values) -> np.ndarray:
    doubles = plain_doubles(values)
    return as_numbers(values).values if doubles is None else doubles


def _bits_of_numbers(numbers: np.ndarray) -> np.ndarray:
    """Turn doubles, which are written over, into 64 bits each."""
    # One zero of both.
    numbers += 0.0
    finite = np.isfinite(numbers)
    bits = numbers.view(np.uint64)
    if not finite.all():
        bits[~finite] = _MISSING
    return bits


def _bits_of(values: Values) -> np.ndarray:
    """Turn times and levels into 64 bits each, the same in whichever type they come."""
    if not isinstance(values, Text) and types.is_datetime64_any_dtype(values.dtype):
        moments = instants(as_times(as_series(values))).astype("datetime64[us]")
        return np.where(np.isnat(moments), _MISSING, moments.astype(np.int64).view(np.uint64))
    codes, levels = level_codes(values)
    # Of a missing value the code is -1: the last one.
    return np.concatenate((hash_texts(levels), _NONE)).take(codes)


def _one_of(cells: np.ndarray, places: Iterable[int]) -> np.ndarray:
    """Make one hash of some columns of each row."""
    whole = np.zeros(len(cells), dtype=np.uint64)
    shifted = np.empty_like(whole)
    for place in places:
        whole ^= cells[:, place]
        mix(whole, shifted)
    return whole


def multiplicities(hashes: np.ndarray) -> np.ndarray:
    """Count how often each hash occurs.

    Parameters
    ----------
    hashes : uint64 array, shape (rows,)

    Returns
    -------
    int array, shape (different hashes,)
        From the smallest hash up.

    Examples
    --------
    >>> multiplicities(np.array([7, 3, 7], dtype=np.uint64)).tolist()
    [1, 2]
    """
    ordered = np.sort(hashes)
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    return np.diff(np.append(starts, len(ordered)))
