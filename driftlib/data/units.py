"""Tell which unit a row belongs to: the day, the customer or the batch that it was drawn with.

Rows of one unit share what befell it, so units are what tests may take as independent. A rule
says what a unit is; `unit_codes` numbers the rows of a table by it. A unit's number is the same
in every table: days count from a fixed Monday, values of a column by a hash of their text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from driftlib.data.calendar import read_offset, window_length
from driftlib.data.levels import level_text
from driftlib.data.times import as_times
from driftlib.errors import DataError
from driftlib.lazily import pd
from driftlib.text import counted

ROW, TIME, COLUMN = "row", "time", "column"
# More units than this are put together: the cost of tests grows with their number.
MOST_UNITS = 512
# The unit of all rows of a table that has no column to tell units by.
ABSENT = -(2**60)
# A Monday, so that weeks begin as those of the calendar do.
ORIGIN = np.datetime64("1970-01-05", "us")
_FIRST_YEAR = "1800-01-01"
_NAMES = {
    "D": "day", "h": "hour", "min": "minute", "W-MON": "week", "MS": "month", "QS-JAN": "quarter",
    "YS-JAN": "year",
}  # fmt: skip


@dataclass(frozen=True)
class UnitRule:
    """What a unit is.

    Parameters
    ----------
    kind : {"row", "time", "column"}
        A row by itself, a length of time, or the rows with one value of a column.
    column : str
        The time column, or that of the values; empty for rows.
    offset : str
        The pandas offset of a unit of time; else empty.
    time_format : str, optional
        How the time column is written: see `driftlib.data.times.as_times`.
    told : str
        What a unit is and how that was told, for a reader.

    Examples
    --------
    >>> UnitRule("time", "seen", "D").counted(30), UnitRule("column", "shop").counted(1)
    ('30 days', '1 value of shop')
    >>> UnitRule("time", "seen", "7D").one, UnitRule("time", "seen", "7D").counted(3)
    ('7 days', '3 units of 7 days')
    """

    kind: str = ROW
    column: str = ""
    offset: str = ""
    time_format: str | None = field(default=None, compare=False)
    told: str = field(default="rows are taken as independent", compare=False)

    @property
    def keyword(self) -> str:
        """The unit as the argument `unit=` of public functions."""
        return {ROW: ROW, TIME: self.offset, COLUMN: self.column}[self.kind]

    @property
    def memory(self) -> bool:
        """Whether neighbouring units may be alike: those of time may."""
        return self.kind == TIME

    @property
    def plural(self) -> str:
        """Units in a sentence."""
        if self.kind == COLUMN:
            return f"values of {self.column}"
        if self.kind == ROW:
            return "rows"
        return f"{_NAMES[self.offset]}s" if self.offset in _NAMES else "units"

    @property
    def one(self) -> str:
        """One unit of time, with its article or its number."""
        name = _NAMES.get(self.offset)
        return f"{'an' if name == 'hour' else 'a'} {name}" if name else self.length

    @property
    def length(self) -> str:
        """The length of a unit of time, such as 7 days."""
        found = re.fullmatch(r"(\d+)(.+)", self.offset)
        known = found is not None and found[2] in _NAMES
        return counted(int(found[1]), _NAMES[found[2]]) if found and known else self.offset

    def counted(self, number: int) -> str:
        """Write a number of units.

        Parameters
        ----------
        number : int

        Returns
        -------
        str
        """
        if self.kind == ROW:
            return counted(number, "row")
        if self.kind == COLUMN:
            return f"{counted(number, 'value')} of {self.column}"
        name = _NAMES.get(self.offset)
        return counted(number, name) if name else f"{counted(number, 'unit')} of {self.length}"


ROWS = UnitRule()


@dataclass(frozen=True)
class UnitCodes:
    """The unit of each row of a table.

    Parameters
    ----------
    codes : int array, shape (rows,)
        Place of each row's unit in `ids`; -1 of a row without a time or value.
    ids : int array, shape (units,)
        Numbers of the units that occur, from the smallest up.
    fold : int
        How often units were put together, see `fold_ids`.
    """

    codes: np.ndarray
    ids: np.ndarray
    fold: int = 0

    @property
    def outside(self) -> int:
        """Rows in no unit."""
        return int((self.codes < 0).sum())


def fold_ids(rule: UnitRule, ids: np.ndarray, fold: int) -> np.ndarray:
    """Put units together, by their numbers alone: so what is counted per unit still adds.

    Parameters
    ----------
    rule : UnitRule
    ids : int array
        Numbers of units that were not put together.
    fold : int
        Units of time: 2 neighbours become 1 so many times. Values: from 1 on they are put into
        512 groups by their hash; groups of independent units are independent.

    Returns
    -------
    int array
        The new number of each.

    Examples
    --------
    >>> fold_ids(UnitRule("time", "seen", "D"), np.array([4, 5, 6]), 1).tolist()
    [2, 2, 3]
    """
    if rule.kind == COLUMN:
        return np.where(ids < 0, ids, ids % MOST_UNITS) if fold else ids
    return ids >> fold if rule.kind == TIME else ids


def least_fold(rule: UnitRule, ids: np.ndarray) -> int:
    """Tell how often units must be put together until there are at most 512.

    Parameters
    ----------
    rule : UnitRule
    ids : int array
        Numbers of units that were not put together, or as often as those of the answer.

    Returns
    -------
    int
        From 0. More units never need less, so parts of a table fold to what the whole does.
    """
    if rule.kind == ROW:
        return 0
    fold = 0
    while len(np.unique(fold_ids(rule, ids, fold))) > MOST_UNITS:
        fold += 1
    return fold


def unit_codes(
    rule: UnitRule, frame: pd.DataFrame, where: str = "the data", fold: bool = True
) -> UnitCodes:
    """Tell the unit of each row.

    Parameters
    ----------
    rule : UnitRule
    frame : pandas.DataFrame
    where : str
        What to call the frame in an error.
    fold : bool
        Whether to put units of time together until there are at most 512.

    Returns
    -------
    UnitCodes
        Of at most 512 units, but for single rows. A frame without the column is one unit; where
        the time column holds no times every row is in no unit. Bring two sides together with
        `common_units`.

    Examples
    --------
    >>> frame = pd.DataFrame({"seen": ["2013-03-01 10:00", "2013-03-01 12:00", None]})
    >>> units = unit_codes(UnitRule("time", "seen", "D"), frame)
    >>> units.codes.tolist(), unit_starts(UnitRule("time", "seen", "D"), units.ids).tolist()
    ([0, 0, -1], [Timestamp('2013-03-01 00:00:00')])
    """
    if rule.kind == ROW:
        return UnitCodes(np.arange(len(frame)), np.arange(len(frame)))
    if rule.column not in frame.columns:
        numbers, known = np.full(len(frame), ABSENT), np.ones(len(frame), dtype=bool)
    elif rule.kind == TIME:
        numbers, known = time_numbers(frame[rule.column], rule.offset, where, rule.time_format)
    else:
        return folded_codes(rule, _value_codes(frame[rule.column]))
    units = occurring_units(numbers, known)
    return folded_codes(rule, units) if fold else units


def folded_codes(rule: UnitRule, units: UnitCodes, least: int = 0) -> UnitCodes:
    """Put units together until there are at most 512.

    Parameters
    ----------
    rule : UnitRule
    units : UnitCodes
    least : int
        The fold that another table has.

    Returns
    -------
    UnitCodes
        Folded at least that often.
    """
    further = max(least - units.fold, least_fold(rule, units.ids))
    if further <= 0:
        return units
    ids, places = np.unique(fold_ids(rule, units.ids, further), return_inverse=True)
    return UnitCodes(np.append(places, -1)[units.codes], ids, units.fold + further)


def common_units(rule: UnitRule, *tables: UnitCodes) -> tuple[np.ndarray, list[np.ndarray]]:
    """Bring the units of several tables together.

    Parameters
    ----------
    rule : UnitRule
        By which all were numbered.
    *tables : UnitCodes

    Returns
    -------
    ids : int array
        Numbers of all units, from the smallest up.
    codes : list of int array
        Of each table, the place of each row's unit in `ids`; -1 in none.

    Examples
    --------
    >>> rule = UnitRule("column", "shop")
    >>> sides = [pd.DataFrame({"shop": shops}) for shops in (["a", "b"], ["b", "c"])]
    >>> ids, (a, b) = common_units(rule, *(unit_codes(rule, side) for side in sides))
    >>> len(ids), bool(a[1] == b[0])
    (3, True)
    """
    fold = max(table.fold for table in tables)
    tables = tuple(folded_codes(rule, table, fold) for table in tables)
    ids = np.unique(np.concatenate([table.ids for table in tables]))
    fold = fold + least_fold(rule, ids)
    tables = tuple(folded_codes(rule, table, fold) for table in tables)
    ids = np.unique(np.concatenate([table.ids for table in tables]))
    places = [np.append(ids.searchsorted(table.ids), -1)[table.codes] for table in tables]
    return ids, places


def unit_starts(rule: UnitRule, ids: np.ndarray, fold: int = 0) -> pd.DatetimeIndex:
    """Tell when units of time begin.

    Parameters
    ----------
    rule : UnitRule
        Of kind "time".
    ids : int array
        Numbers of units.
    fold : int
        How often they were put together.

    Returns
    -------
    pandas.DatetimeIndex
        By the clock of the place, without a time zone.
    """
    first = np.asarray(ids, dtype=np.int64) << fold
    length = _length(rule.offset)
    if length:
        return pd.DatetimeIndex(ORIGIN + (first * length).astype("timedelta64[us]"))
    offset = read_offset(rule.offset)
    return pd.date_range(_FIRST_YEAR, periods=int(first.max(initial=0)) + 1, freq=offset)[first]


def time_numbers(
    series: pd.Series, offset: str, where: str, time_format: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Tell the number of each row's unit of time.

    Parameters
    ----------
    series : pandas.Series
        Times, or texts of them.
    offset : str
        Length of a unit.
    where : str
        What to call the table in an error.
    time_format : str, optional
        How the column is written.

    Returns
    -------
    numbers : int array
        Count from a fixed Monday, or from the year 1800 for months and the like.
    known : bool array
        Whether the row has a time; no row has where the column holds no times.
    """
    try:
        times = as_times(series, where, time_format=time_format)
    except DataError:
        # Who needs the times themselves says what is wrong with them.
        return np.zeros(len(series), dtype=np.int64), np.zeros(len(series), dtype=bool)
    if times.dt.tz is not None:
        times = times.dt.tz_localize(None)
    known = times.notna().to_numpy()
    moments = times.to_numpy().astype("datetime64[us]")
    length = _length(offset)
    if length:
        since = (moments - ORIGIN).astype(np.int64)
        return np.where(known, since, 0) // length, known
    if not known.any():
        return np.zeros(len(times), dtype=np.int64), known
    edges = pd.date_range(_FIRST_YEAR, times.max(), freq=read_offset(offset))
    numbers = edges.to_numpy().astype("datetime64[us]").searchsorted(moments, "right") - 1
    return numbers, known & (numbers >= 0)


def part_of_unit(rule: UnitRule, window: str | None) -> float:
    """Tell which part of a unit a window is.

    Parameters
    ----------
    rule : UnitRule
    window : str, optional
        A length of time; None for other windows.

    Returns
    -------
    float
        1 for windows at least as long as a unit, and where that cannot be told.

    Examples
    --------
    >>> part_of_unit(UnitRule("time", "seen", "D"), "3h"), part_of_unit(UnitRule(), "3h")
    (0.125, 1.0)
    """
    if rule.kind != TIME or window is None:
        return 1.0
    own, other = _length(rule.offset), _length(window)
    return min(1.0, other / own) if own and other else 1.0


def _length(text: str) -> int:
    """Microseconds of a length of time that is always the same by the clock, else 0."""
    length = window_length(text)
    offset = length and length.offset
    if isinstance(offset, pd.offsets.Day):
        return int(offset.n) * 86_400_000_000
    return max(1, int(offset.nanos // 1000)) if isinstance(offset, pd.offsets.Tick) else 0


def occurring_units(numbers: np.ndarray, known: np.ndarray) -> UnitCodes:
    """Turn the numbers of rows' units into places in the list of those that occur.

    Parameters
    ----------
    numbers : int array, shape (rows,)
    known : bool array, shape (rows,)
        Whether the row is in a unit.

    Returns
    -------
    UnitCodes
        Not folded.
    """
    inside = numbers[known]
    # Rows of a unit often follow one another: few changes are much cheaper to sort than rows.
    changes = np.append(True, inside[1:] != inside[:-1])[: len(inside)]
    ids = np.unique(inside[changes])
    codes = np.full(len(numbers), -1, dtype=np.int64)
    runs = ids.searchsorted(inside[changes])
    codes[known] = runs[np.cumsum(changes) - 1] if len(inside) else inside
    return UnitCodes(codes, ids)


def _value_codes(series: pd.Series) -> UnitCodes:
    """Units of a column's values, numbered by a hash of their text."""
    codes, values = pd.factorize(series)
    texts = np.array([level_text(value) for value in values], dtype=object)
    hashes = np.zeros(0, dtype=np.int64)
    if len(texts):
        # Numbers are not negative, and values with the same text are one unit.
        hashes = (pd.util.hash_array(texts, categorize=False) >> np.uint64(1)).astype(np.int64)
    ids, places = np.unique(hashes, return_inverse=True)
    return UnitCodes(np.append(places, -1)[codes], ids)
