"""Choose what a unit is: from what the user said, and from what the reference has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from driftlib.data.batches import Batch, Source
from driftlib.data.calendar import offset_meant, read_offset
from driftlib.data.schema import DATETIME, EMPTY, UNSUPPORTED, declared_kind
from driftlib.data.sources import Memory
from driftlib.data.units import COLUMN, ROW, TIME, UnitRule, occurring_units, time_numbers
from driftlib.errors import ParameterError
from driftlib.lazily import pd
from driftlib.text import counted, quoted

AUTO = "auto"
# Fewer days, or else hours, tell too little of how units differ.
LEAST_DAYS, LEAST_HOURS = 10, 20
# So many values tell whether a column holds dates.
FIRST = 1000


@dataclass(frozen=True)
class _Seen:
    """Days and hours in which some rows were seen; those of two batches add."""

    rows: int
    days: np.ndarray
    hours: np.ndarray

    def __add__(self, other: _Seen) -> _Seen:
        return _Seen(
            self.rows + other.rows,
            np.union1d(self.days, other.days),
            np.union1d(self.hours, other.hours),
        )


def _seen(batch: Batch, column: str, time_format: str | None) -> _Seen:
    numbers = time_numbers(batch.frame[column], "h", batch.where, time_format)
    hours = occurring_units(*numbers).ids
    return _Seen(batch.rows, np.unique(hours // 24), hours)


def choose_unit(
    unit: str,
    reference: Source,
    timestamp: str | None = None,
    times: Iterable[str] | None = None,
    time_format: str | None = None,
) -> UnitRule:
    """Tell what a unit is, from the argument of a public function and the reference.

    Parameters
    ----------
    unit : str
        "auto": days of the time column where the reference has at least 10 of them, else hours
        where it has at least 20, else rows. "row": rows by themselves. The name of a column: its
        values, or the days of a column of times. A pandas offset such as "1D": so long a time of
        the time column. A column's name wins over an offset.
    reference : Source
        Read once more, its time column alone, for "auto".
    timestamp : str, optional
        The time column. Default: the only column of dates and times.
    times : iterable of str, optional
        The columns that hold dates and times, where that is known; default those of a table in
        memory.
    time_format : str, optional
        How the time column is written: see `driftlib.data.times.as_times`.

    Returns
    -------
    UnitRule

    Raises
    ------
    ParameterError
        If `unit` is neither column nor offset, or an offset has no time column.

    Examples
    --------
    >>> days = pd.DataFrame({"seen": pd.date_range("2013-03-01", periods=30)})
    >>> choose_unit("auto", Memory("march", days)).told
    "a unit is a day of 'seen', the only column of dates and times"
    >>> choose_unit("row", Memory("march", days)).kind
    'row'
    """
    if not isinstance(unit, str) or not unit:
        raise ParameterError(
            f"unit={unit!r} must be 'auto', 'row', a length of time such as '1D', or a column."
        )
    names = [name for header in reference.headers for name in header.names]
    if unit in names:
        rule = _of_column(unit, reference, times)
        return replace(rule, time_format=time_format) if rule.column == timestamp else rule
    if unit == ROW:
        return UnitRule(ROW, told="rows are taken as independent, as asked")
    column, said = time_column(reference, timestamp, times)
    if unit == AUTO:
        return _of_time(reference, column, said, time_format)
    offset = read_offset(unit)
    if offset is None and (meant := offset_meant(unit)):
        raise ParameterError(
            f"unit={unit!r} is neither a column of {reference.name} nor a length of time: did you "
            f"mean {meant!r}?"
        )
    if offset is None:
        raise ParameterError(
            f"unit={unit!r} is neither a column of {reference.name} nor a length of time: name one "
            f"of its columns ({quoted(dict.fromkeys(names))}), or give 'auto', 'row' or a pandas "
            "offset such as '1D'."
        )
    if not column:
        raise ParameterError(
            f"unit={unit!r} is a length of time and needs a time column, but {said}: name it in "
            "timestamp=."
        )
    rule = UnitRule(TIME, column, offset.freqstr, time_format)
    return replace(rule, told=f"a unit is {rule.one} of {column!r}{said}, as asked")


@dataclass(frozen=True)
class _Kinds:
    """Kinds of the columns of some rows; those of two batches add."""

    rows: int
    kinds: Mapping[str, str]

    def __add__(self, other: _Kinds) -> _Kinds:
        both = dict(self.kinds)
        for name, kind in other.kinds.items():
            one = both.get(name, EMPTY)
            both[name] = kind if one == EMPTY else one if kind in (one, EMPTY) else UNSUPPORTED
        return _Kinds(self.rows + other.rows, both)


def _kinds(batch: Batch) -> _Kinds:
    frame = batch.frame
    return _Kinds(len(frame), {str(name): declared_kind(frame[name])[0] for name in frame})


def time_columns(source: Source) -> list[str]:
    """List the columns of dates and times of a table.

    Parameters
    ----------
    source : Source
        Read once.

    Returns
    -------
    list of str
        In the table's order.
    """
    shared = [n for n in source.headers[0].names if all(n in h.names for h in source.headers)]
    kinds = source.total(_kinds, shared).kinds
    return [name for name in shared if kinds[name] == DATETIME]


def _of_column(unit: str, reference: Source, times: Iterable[str] | None) -> UnitRule:
    if unit in _time_columns(reference, times):
        return UnitRule(TIME, unit, "D", told=f"a unit is a day of {unit!r}, as asked")
    return UnitRule(COLUMN, unit, told=f"a unit is the rows with one value of {unit!r}, as asked")


def _of_time(reference: Source, column: str, said: str, time_format: str | None) -> UnitRule:
    """Days, hours or rows, by how many the reference has."""
    if not column:
        return UnitRule(ROW, told=f"rows are taken as independent: {said}")
    seen = reference.total(partial(_seen, column=column, time_format=time_format), [column])
    for found, least, offset in ((seen.days, LEAST_DAYS, "D"), (seen.hours, LEAST_HOURS, "h")):
        if len(found) >= least:
            rule = UnitRule(TIME, column, offset, time_format)
            return replace(rule, told=f"a unit is {rule.one} of {column!r}{said}")
    few = f"{counted(len(seen.days), 'day')} and {counted(len(seen.hours), 'hour')}"
    return UnitRule(
        ROW,
        told=f"rows are taken as independent: {reference.name} has {few} of {column!r}, too few to "
        "tell how much rows of a day have in common",
    )


def _time_columns(reference: Source, times: Iterable[str] | None) -> list[str]:
    if times is not None:
        return list(times)
    if not isinstance(reference, Memory):
        return []
    frame = reference.frame
    return [str(name) for name in frame if holds_moments(frame[name])]


def holds_moments(series: pd.Series) -> bool:
    """Tell whether a column is of dates or times, by its type or that of its first values.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    bool
        False of text, however it is written, and of lengths of time.

    Examples
    --------
    >>> day = pd.Timestamp("2013-03-31").date()
    >>> holds_moments(pd.Series([None, day])), holds_moments(pd.Series([str(day)]))
    (True, False)
    """
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return True
    first = series.dropna().iloc[:FIRST]
    return pd.api.types.infer_dtype(first) in ("date", "datetime", "datetime64")


def time_column(
    reference: Source, timestamp: str | None, times: Iterable[str] | None = None
) -> tuple[str, str]:
    """Find the time column of a reference.

    Parameters
    ----------
    reference : Source
    timestamp : str, optional
        Its name; default the only column of dates and times.
    times : iterable of str, optional
        The columns that hold dates and times, where that is known; default those of a table in
        memory.

    Returns
    -------
    column : str
        Empty without one.
    said : str
        What is to be said of it, or why there is none.
    """
    if timestamp is not None:
        if all(timestamp in header.names for header in reference.headers):
            return timestamp, ""
        return "", f"{reference.name} has no column {timestamp!r} that says when a row was seen"
    found = _time_columns(reference, times)
    if len(found) == 1:
        return found[0], ", the only column of dates and times"
    if not found:
        return "", f"no timestamp is named, and {reference.name} has no column of dates and times"
    return "", f"{reference.name} has several columns of dates and times ({quoted(found)})"
