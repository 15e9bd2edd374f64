"""Choose windows, and cut frames in memory into them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from driftlib.data.batches import Batch
from driftlib.data.by_rows import ByRows
from driftlib.data.calendar import offset_meant, span_of, window_length
from driftlib.data.cutters import ByCalendar, ByValue, Rows, Window
from driftlib.data.sources import Memory
from driftlib.data.times import check_time_format
from driftlib.data.units import TIME, UnitRule, part_of_unit
from driftlib.errors import ParameterError, check_whole
from driftlib.lazily import pd
from driftlib.text import quoted, see_guide, unknown_name


def choose_cutter(
    window: int | str | None,
    step: int | None,
    on: str | None,
    columns: Iterable[str],
    where: str = "current",
    time_format: str | None = None,
) -> ByRows | ByCalendar | ByValue:
    """Tell what cuts windows from the arguments of a public function.

    Parameters
    ----------
    window : int or str, optional
        A number of rows; the name of a column, for a window a value; or a pandas offset such as
        "7D" or "MS" on the time column. None for a single window of all rows.
    step : int, optional
        Rows from one window's start to the next; only with a number of rows.
    on : str, optional
        The time column; rows are counted in its order.
    columns : iterable of str
        Columns of the table. A column's name wins over an offset.
    where : str
        What to call the table in an error.
    time_format : str, optional
        How the time column is written: see `driftlib.data.times.as_times`.

    Returns
    -------
    ByRows, ByCalendar or ByValue

    Raises
    ------
    ParameterError
        If `window` is nothing of these, an offset comes without a time column, `on` is no column,
        or `step` comes without rows.

    Examples
    --------
    >>> choose_cutter(500, None, "day", ["day", "x"])
    ByRows(size=500, step=None, on='day', time_format=None)
    >>> choose_cutter("x", None, "day", ["day", "x"])
    ByValue(on='x', levels=())
    """
    names = [str(name) for name in columns]
    time_format = check_time_format(time_format)
    if on is not None and on not in names:
        raise ParameterError(unknown_name("column", on, names, where))
    counted = window is not None and not isinstance(window, str)
    if counted and not isinstance(window, Real):
        raise ParameterError(
            f"window={window!r} must be a number of rows, a length of time such as '7D', or the "
            "name of one column."
        )
    if step is not None and not counted:
        raise ParameterError("step= goes with a window of a number of rows: give that too.")
    if window is None:
        return ByRows()
    if not isinstance(window, str):
        step = None if step is None else check_whole("step", step, of="rows")
        return ByRows(check_whole("window", window, of="rows"), step, on, time_format)
    if window in names:
        return ByValue(window)
    if window_length(window) is None and (meant := offset_meant(window)):
        raise ParameterError(
            f"window={window!r} is neither a column of {where} nor a length of time: did you mean "
            f"{meant!r}?"
        )
    if window_length(window) is None:
        raise ParameterError(
            f"window={window!r} is neither a column of {where} nor a length of time: name one of "
            f"its columns ({quoted(names)}), or give a pandas offset such as '7D', '12h' or 'MS'. "
            f"{see_guide('windows')}"
        )
    if on is None:
        raise ParameterError(
            f"window={window!r} is a length of time and needs a time column: name it in on= or "
            "timestamp=."
        )
    return ByCalendar(window, on, time_format)


def followed_time(
    window: int | str | None,
    on: str | None,
    timestamp: str | None,
    columns: Iterable[str],
    where: str = "current",
) -> str | None:
    """Tell the time column that windows follow, from the arguments of a public function.

    Parameters
    ----------
    window : int or str, optional
        As for `choose_cutter`.
    on : str, optional
        The time column that the caller names for the windows.
    timestamp : str, optional
        The table's time column: the default.
    columns : iterable of str
        Columns of the table.
    where : str
        What to call the table in an error.

    Returns
    -------
    str or None

    Raises
    ------
    ParameterError
        If `on` is no column, or there are no windows that could follow it.

    Examples
    --------
    >>> followed_time("7D", None, "day", ["day"])
    'day'
    >>> followed_time(None, "day", None, ["day"])
    Traceback (most recent call last):
    driftlib.errors.ParameterError: on='day' names the time that windows follow, and there is no
    window=: give one, such as window='7D', or name the column in timestamp=.
    """
    if on is None:
        return timestamp
    names = [str(name) for name in columns]
    if on not in names:
        raise ParameterError(unknown_name("column", on, names, where))
    if window is None:
        raise ParameterError(
            f"on={on!r} names the time that windows follow, and there is no window=: give one, "
            "such as window='7D', or name the column in timestamp=."
        )
    if window in names:
        raise ParameterError(
            f"on={on!r} names the time that windows follow, and window={window!r} makes one for "
            f"each value of that column: leave on= out, or name {on!r} in timestamp=."
        )
    return on


def split(
    frame: pd.DataFrame,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    where: str = "current",
    time_format: str | None = None,
) -> list[Window]:
    """Cut a frame into windows.

    Parameters
    ----------
    frame : pandas.DataFrame
    window, step, on, where, time_format
        See `choose_cutter`.

    Returns
    -------
    list of Window
        In order, with the positions of their rows. Calendar windows without rows are kept;
        windows of rows end with a partial one where the rows do not divide evenly.

    Raises
    ------
    DriftlibError
        If the windows cannot be cut, or a time column holds no times.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": range(5)})
    >>> [(w.start, w.end, w.note) for w in split(frame, 2)]
    [(0, 2, ''), (2, 4, ''), (4, 5, 'partial: 1 of 2 rows')]
    """
    cutter = choose_cutter(window, step, on, frame.columns, where, time_format)
    cutter = cutter.over(Memory(where, frame))
    if isinstance(cutter, ByRows):
        order = cutter.order(frame, where)
        rows = order.stop if isinstance(order, slice) else len(order)
        spans = cutter.spans(rows)
        if isinstance(order, slice):
            return [replace(window, index=slice(window.start, window.end)) for window in spans]
        return [replace(window, index=order[window.start : window.end]) for window in spans]
    codes, keys = cutter.codes(Batch(frame, where=where))
    places = dict(zip(keys, positions(codes, len(keys)), strict=True))
    counts = dict(zip(keys, np.bincount(codes[codes >= 0]).tolist(), strict=True))
    return [
        replace(window, index=places[pieces[0]]) if pieces else window
        for window, pieces in cutter.windows(counts)
    ]


def fitting_window(
    frame: pd.DataFrame,
    on: str | None = None,
    where: str = "current",
    time_format: str | None = None,
    unit: str | None = None,
) -> int | str:
    """Choose a window that cuts a frame into a number of pieces that a chart can show.

    Parameters
    ----------
    frame : pandas.DataFrame
    on : str, optional
        The time column.
    where : str
        What to call the frame in an error.
    time_format : str, optional
        How the time column is written: see `driftlib.data.times.as_times`.
    unit : str, optional
        How long rows belong together, where that is a length of time.

    Returns
    -------
    str or int
        With `on`, the longest of a year, quarter, month, week, day and hour that gives at
        least six windows, of dates without a time at least a day, and at least a unit, for parts
        of one tell nothing; otherwise a twelfth of the rows, but not under 100.

    Raises
    ------
    DriftlibError
        If there is no such column, or it holds no times.

    Examples
    --------
    >>> days = pd.DataFrame({"when": pd.date_range("2013-04-01", "2013-12-31")})
    >>> fitting_window(days, "when"), fitting_window(days)
    ('MS', 100)
    """
    if on is None:
        return max(100, -(-len(frame) // 12))
    if on not in frame.columns:
        raise ParameterError(unknown_name("column", on, frame.columns, where))
    near = span_of(Batch(frame, where=where), on, time_format).near
    span = near.last - near.first if near else pd.Timedelta(0)
    dates = near is None or near.dates
    lengths = {"YS": 365, "QS": 91, "MS": 30, "W": 7, "1D": 1}
    fitting = [size for size, days in lengths.items() if span >= pd.Timedelta(days=6 * days)]
    size = fitting[0] if fitting else "1D" if dates else "1h"
    return unit if unit and part_of_unit(UnitRule(TIME, on, unit), size) < 1 else size


def start_in_words(start: Any, end: Any) -> str:
    """Say where a window begins.

    Parameters
    ----------
    start, end : Timestamp, int or value
        Of a `Window`.

    Returns
    -------
    str

    Examples
    --------
    >>> start_in_words(pd.Timestamp("2013-04-01"), pd.Timestamp("2013-05-01"))
    '2013-04-01'
    >>> start_in_words(1000, 2000), start_in_words("JFK", "JFK")
    ('row 1,001', 'JFK')
    """
    if isinstance(start, pd.Timestamp):
        # On the clock: a time zone may have no midnight on that day.
        clock = start.tz_localize(None)
        return str(start.date()) if clock == clock.normalize() else str(start)
    # A window of equal values of a column starts and ends with that value.
    return str(start) if start == end else f"row {start + 1:,}"


def positions(codes: np.ndarray, count: int) -> list[Rows]:
    """List the positions of each of the codes from 0 up.

    Parameters
    ----------
    codes : int array
        Negative ones are passed over.
    count : int
        How many codes there are.

    Returns
    -------
    list of slice or int array
        Positions in order; slices where the codes are in order, so that rows are not copied.

    Examples
    --------
    >>> positions(np.array([1, -1, 0, 1]), 2)
    [array([2]), array([0, 3])]
    >>> positions(np.array([0, 0, 1]), 2)
    [slice(0, 2, None), slice(2, 3, None)]
    """
    if (codes[1:] >= codes[:-1]).all():
        bounds = np.searchsorted(codes, np.arange(count + 1)).tolist()
        return [slice(bounds[i], bounds[i + 1]) for i in range(count)]
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(count + 1))
    return [order[bounds[i] : bounds[i + 1]] for i in range(count)]
