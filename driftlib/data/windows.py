"""Cutting a frame into windows: by rows, by calendar, or by the values of a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.errors import DataError, ParameterError, check_whole
from driftlib.text import unknown_name

MOST_WINDOWS = 10_000
# Calendar periods that pandas names by their last day; a window is named by its first.
_PERIOD_STARTS = {
    "M": "MS", "ME": "MS", "Q": "QS", "QE": "QS", "Y": "YS", "YE": "YS", "A": "YS", "W": "W-MON",
}  # fmt: skip


@dataclass(frozen=True)
class Window:
    """Some rows of a frame, in order.

    Attributes
    ----------
    number : int
        Counts from 0.
    start, end : Timestamp, int or value
        Calendar: first instant in and first instant out. Rows: first row in and first row
        out. Column: its value, twice.
    index : slice or int array
        Row positions; empty where the rows are not in memory.
    rows : int
        How many rows it holds.
    note : str
        Says so where the window is partial or empty.
    """

    number: int
    start: Any
    end: Any
    index: slice | np.ndarray
    rows: int
    note: str = ""

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The window's rows of `frame`."""
        return frame.iloc[self.index]


def split(
    frame: pd.DataFrame,
    size: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    where: str = "current",
) -> list[Window]:
    """Windows over a frame.

    Parameters
    ----------
    frame : pandas.DataFrame
    size : int or str, optional
        A number of rows, or with `on` a pandas offset such as "7D" or "MS". Without it,
        one window for each value of `on`, or a single window where `on` is not given either.
    step : int, optional
        Rows from the start of one window to the next; only with a number of rows.
        Default `size`: windows that touch and do not overlap.
    on : str, optional
        A datetime column for calendar windows; row windows follow its order. Rows without
        a value of `on` are in no window.
    where : str
        What to call the frame in an error.

    Returns
    -------
    list of Window
        In order; calendar windows without rows are kept, with 0 rows. Row windows end with
        a partial one where the rows do not divide evenly.

    Raises
    ------
    ParameterError, DataError
        If a size is no positive number or offset, or the column is missing or no time.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": range(5)})
    >>> [(w.start, w.end, w.note) for w in split(frame, 2)]
    [(0, 2, ''), (2, 4, ''), (4, 5, 'partial: 1 of 2 rows')]
    """
    if on is not None and on not in frame.columns:
        raise ParameterError(unknown_name("column", on, frame.columns, where))
    if step is not None and not isinstance(size, int | np.integer):
        raise ParameterError("step= goes with a window of a number of rows: give that too.")
    if size is None:
        return _one_window(len(frame)) if on is None else _by_value(frame[on])
    if isinstance(size, str):
        if on is None:
            raise ParameterError(f"a window of {size!r} needs a datetime column: name it in on=.")
        return _by_calendar(as_times(frame[on], where), size)
    return _by_rows(frame, check_whole("window", size, of="rows"), step, on, where)


def as_times(series: pd.Series, where: str = "current", first: int = 0) -> pd.Series:
    """Column as datetimes; text is parsed. Its first row is number `first` to the reader.

    Raises
    ------
    DataError
        If a value is no date or time, naming the first.
    """
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return series
    text = pd.api.types.is_string_dtype(series.dtype) or series.dtype == object
    if not text:
        raise DataError(
            f"{where} column {series.name!r} holds {series.dtype} values, not dates and times: "
            "convert it with pandas.to_datetime first."
        )
    times = pd.to_datetime(series.astype(object), errors="coerce", format="ISO8601")
    bad = (times.isna() & series.notna()).to_numpy()
    if bad.any():
        row, value = first + int(bad.argmax()), series.iloc[int(bad.argmax())]
        raise DataError(
            f"{where} column {series.name!r} has {value!r} in row {row:,}, which is no date or "
            "time: write times as 2013-03-31 or 2013-03-31 17:00."
        )
    return times


def fitting_window(frame: pd.DataFrame, on: str | None = None, where: str = "current") -> int | str:
    """A window that cuts a frame into a number of pieces that a chart can show.

    Returns
    -------
    str or int
        With `on`, the longest of a year, quarter, month, week, day and hour that gives at
        least six windows; otherwise a twelfth of the rows, but not under 100.

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
    times = as_times(frame[on], where)
    span = times.max() - times.min()
    lengths = {"YS": 365, "QS": 91, "MS": 30, "W": 7, "1D": 1}
    fitting = [size for size, days in lengths.items() if span >= pd.Timedelta(days=6 * days)]
    return fitting[0] if fitting else "1h"


def start_in_words(start: Any, end: Any) -> str:
    """Where a window begins, for a sentence.

    Examples
    --------
    >>> start_in_words(pd.Timestamp("2013-04-01"), pd.Timestamp("2013-05-01"))
    '2013-04-01'
    >>> start_in_words(1000, 2000), start_in_words("JFK", "JFK")
    ('row 1,001', 'JFK')
    """
    if isinstance(start, pd.Timestamp):
        return str(start.date()) if start == start.normalize() else str(start)
    # A window of equal values of a column starts and ends with that value.
    return str(start) if start == end else f"row {start + 1:,}"


def k_of_n(flags: pd.Series, subjects: pd.Series, k: int, n: int) -> pd.Series:
    """Whether each row is flagged, and so are at least k of its subject's last n rows with it.

    Examples
    --------
    >>> flags = pd.Series([True, False, True, True])
    >>> k_of_n(flags, pd.Series(["x"] * 4), 2, 3).tolist()
    [False, False, True, True]
    """
    flags = flags.astype(bool)
    grouped = flags.astype(float).groupby(subjects)
    recent = grouped.transform(lambda column: column.rolling(n, min_periods=1).sum())
    return flags & (recent >= k)


def _one_window(rows: int) -> list[Window]:
    return [Window(0, 0, rows, slice(0, rows), rows)]


def _by_rows(
    frame: pd.DataFrame, size: int, step: int | None, on: str | None, where: str
) -> list[Window]:
    step = size if step is None else check_whole("step", step, of="rows")
    if on is None:
        order, rows = None, len(frame)
    else:
        order = np.argsort(as_times(frame[on], where).to_numpy(), kind="stable")
        order = order[: int(frame[on].notna().sum())]
        rows = len(order)
    windows = []
    # A window that starts inside the last full one's rows would only repeat them.
    for number, start in enumerate(range(0, max(1, rows - max(0, size - step)), step)):
        end = min(start + size, rows)
        index = slice(start, end) if order is None else order[start:end]
        windows.append(row_window(number, start, end, index, size))
    return windows


def row_window(number: int, start: int, end: int, index: slice | np.ndarray, size: int) -> Window:
    """The rows from `start` to before `end`, of `size` rows unless it is the last window."""
    note = "" if end - start == size else f"partial: {end - start:,} of {size:,} rows"
    return Window(number, start, end, index, end - start, note)


def _by_value(series: pd.Series) -> list[Window]:
    codes, values = pd.factorize(series, sort=True, use_na_sentinel=True)
    return [
        Window(number, value, value, index, len(index))
        for number, (value, index) in enumerate(
            zip(values, groups(codes, len(values)), strict=True)
        )
    ]


def _by_calendar(times: pd.Series, size: str) -> list[Window]:
    last = times.max()
    edges = calendar_edges(times.min(), last, size, str(times.name))
    places = groups(calendar_codes(times, edges), len(edges) - 1)
    return [
        calendar_window(number, edges, index, len(index), last)
        for number, index in enumerate(places)
    ]


def calendar_codes(times: pd.Series, edges: pd.DatetimeIndex) -> np.ndarray:
    """Number of the window that each time lies in; -1 for a missing time."""
    return np.where(times.isna(), -1, edges.searchsorted(times, side="right") - 1)


def calendar_window(
    number: int,
    edges: pd.DatetimeIndex,
    index: slice | np.ndarray,
    rows: int,
    last: pd.Timestamp,
) -> Window:
    """The window from one edge to the next, of data that end at `last`."""
    start, end = edges[number], edges[number + 1]
    note = "" if rows else "no rows in this window"
    if number == len(edges) - 2 and (last - start) < 0.9 * (end - start):
        note = f"partial: the data end at {last}"
    return Window(number, start, end, index, rows, note)


def calendar_edges(
    first: pd.Timestamp, last: pd.Timestamp, size: str, name: str
) -> pd.DatetimeIndex:
    """Where the windows that hold `first` to `last` begin, and where the last one ends."""
    if pd.isna(first):
        raise DataError(f"column {name!r} has no dates or times: there are no windows.")
    try:
        offset = pd.tseries.frequencies.to_offset(_PERIOD_STARTS.get(size, size))
    except ValueError:
        offset = None
    if offset is None or offset.n < 1:
        raise ParameterError(
            f"{size!r} is no length of time: use a pandas offset such as '7D', '12h' or 'MS'."
        )
    start = first.normalize()
    # Offsets such as month starts have calendar anchors; the others count from the first day.
    start = offset.rollback(start) if not _is_fixed(offset) else start
    if _is_fixed(offset) and (last - start) / pd.Timedelta(offset) > MOST_WINDOWS:
        raise ParameterError(
            f"windows of {size!r} from {first} to {last} would be more than {MOST_WINDOWS:,}: "
            "use a longer window, or check the timestamps."
        )
    edges = [start]
    while edges[-1] <= last:
        edges.append(edges[-1] + offset)
    return pd.DatetimeIndex(edges)


def _is_fixed(offset: Any) -> bool:
    try:
        pd.Timedelta(offset)
    except (TypeError, ValueError):
        return False
    return True


def groups(codes: np.ndarray, count: int) -> list[np.ndarray]:
    """Positions of each of the codes 0 to `count` - 1, in order."""
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(count + 1))
    return [order[bounds[i] : bounds[i + 1]] for i in range(count)]
