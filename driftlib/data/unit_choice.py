"""Choose what a unit is: from what the user said, and from what the reference has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from driftlib.data.batches import Batch, Source
from driftlib.data.calendar import read_offset
from driftlib.data.sources import Memory
from driftlib.data.units import COLUMN, ROW, TIME, UnitRule, occurring_units, time_numbers
from driftlib.errors import ParameterError
from driftlib.text import counted, quoted

AUTO = "auto"
# Fewer days, or else hours, tell too little of how units differ.
LEAST_DAYS, LEAST_HOURS = 10, 20


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


def _seen(batch: Batch, column: str) -> _Seen:
    hours = occurring_units(*time_numbers(batch.frame[column], "h", batch.where)).ids
    return _Seen(len(batch.frame), np.unique(hours // 24), hours)


def choose_unit(
    unit: str,
    reference: Source,
    timestamp: str | None = None,
    times: Iterable[str] | None = None,
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
        return _of_column(unit, reference, times)
    if unit == ROW:
        return UnitRule(ROW, told="rows are taken as independent, as asked")
    column, said = _time_column(reference, timestamp, times)
    if unit == AUTO:
        return _of_time(reference, column, said)
    offset = read_offset(unit)
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
    rule = UnitRule(TIME, column, offset.freqstr)
    return replace(rule, told=f"a unit is {rule.one} of {column!r}{said}, as asked")


def _of_column(unit: str, reference: Source, times: Iterable[str] | None) -> UnitRule:
    if unit in _time_columns(reference, times):
        return UnitRule(TIME, unit, "D", f"a unit is a day of {unit!r}, as asked")
    return UnitRule(COLUMN, unit, told=f"a unit is the rows with one value of {unit!r}, as asked")


def _of_time(reference: Source, column: str, said: str) -> UnitRule:
    """Days, hours or rows, by how many the reference has."""
    if not column:
        return UnitRule(ROW, told=f"rows are taken as independent: {said}")
    seen = reference.total(partial(_seen, column=column), [column])
    for found, least, offset in ((seen.days, LEAST_DAYS, "D"), (seen.hours, LEAST_HOURS, "h")):
        if len(found) >= least:
            rule = UnitRule(TIME, column, offset)
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
    return [str(name) for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)]


def _time_column(
    reference: Source, timestamp: str | None, times: Iterable[str] | None
) -> tuple[str, str]:
    """Find the time column, and what is to be said of it; empty and why not without one."""
    if timestamp is not None:
        if all(timestamp in header.names for header in reference.headers):
            return timestamp, ""
        return "", f"{reference.name} has no column {timestamp!r}"
    found = _time_columns(reference, times)
    if len(found) == 1:
        return found[0], ", the only column of dates and times"
    if not found:
        return "", f"{reference.name} has no column of dates and times that is known"
    return "", f"{reference.name} has several columns of dates and times ({quoted(found)})"
