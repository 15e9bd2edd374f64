"""Read columns as times, and cut the calendar into periods."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from pandas.tseries.frequencies import to_offset

from driftlib.data.batches import Batch
from driftlib.errors import DataError, ParameterError

MOST_PERIODS = 10_000
# Calendar periods that pandas names by their last day; a window is named by its first.
_PERIOD_STARTS = {
    "M": "MS", "ME": "MS", "Q": "QS", "QE": "QS", "Y": "YS", "YE": "YS", "A": "YS", "W": "W-MON",
}  # fmt: skip


def as_times(series: pd.Series, where: str = "current", first: int = 0) -> pd.Series:
    """Read a column as datetimes; text is parsed.

    Parameters
    ----------
    series : pandas.Series
        Datetimes, or text such as "2013-03-31 17:00".
    where : str
        What to call the table in an error.
    first : int
        What the reader knows the first row by.

    Returns
    -------
    pandas.Series
        Datetimes, NaT where a value is missing.

    Raises
    ------
    DataError
        If a value is no date or time, naming the first.

    Examples
    --------
    >>> as_times(pd.Series(["2013-03-31", None])).isna().tolist()
    [False, True]
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


@dataclass(frozen=True)
class Span:
    """First and last time of some rows; spans of two batches add.

    Parameters
    ----------
    rows : int
        Rows looked at, those without a time too.
    first, last : pandas.Timestamp
        NaT where no row has a time.
    where : str
        The file or partition that holds them.
    """

    rows: int
    first: pd.Timestamp
    last: pd.Timestamp
    where: str = ""

    def __add__(self, other: Span) -> Span:
        spans = [span for span in (self, other) if not pd.isna(span.first)]
        if len({span.first.tzinfo is None for span in spans}) == 2:
            naive, zoned = sorted(spans, key=lambda span: span.first.tzinfo is not None)
            raise DataError(
                f"times in {zoned.where} have a time zone and those in {naive.where} have none: "
                "make them alike."
            )
        times = pd.Series([self.first, self.last, other.first, other.last])
        where = spans[0].where if spans else self.where
        return Span(self.rows + other.rows, times.min(), times.max(), where)


def span_of(batch: Batch, on: str) -> Span:
    """Find the first and the last time of a batch.

    Parameters
    ----------
    batch : Batch
    on : str
        The time column.

    Returns
    -------
    Span
    """
    times = as_times(batch.frame[on], batch.where, batch.row)
    return Span(len(times), times.min(), times.max(), batch.where)


def read_offset(text: str) -> pd.offsets.BaseOffset | None:
    """Read a length of time.

    Parameters
    ----------
    text : str
        A pandas offset. Periods named by their end ("ME", "QE", "W") are taken by their start.

    Returns
    -------
    pandas.offsets.BaseOffset or None
        None where it is no length of time, or none of at least one unit.

    Examples
    --------
    >>> read_offset("7D"), read_offset("ME"), read_offset("region"), read_offset("-1D")
    (<7 * Days>, <MonthBegin>, None, None)
    """
    try:
        offset = to_offset(_PERIOD_STARTS.get(text, text))
    except ValueError:
        return None
    return offset if offset is not None and offset.n >= 1 else None


def calendar_edges(first: pd.Timestamp, last: pd.Timestamp, size: str) -> pd.DatetimeIndex:
    """List where the periods that hold two times begin, and where the last one ends.

    Parameters
    ----------
    first, last : pandas.Timestamp
        Months, weeks and other periods of the calendar begin where the calendar says; lengths
        such as "7D" count from the midnight before `first`.
    size : str
        A pandas offset.

    Returns
    -------
    pandas.DatetimeIndex
        One more than there are periods.

    Raises
    ------
    ParameterError
        If `size` is no length of time, or there would be more than 10,000 periods.

    Examples
    --------
    >>> edges = calendar_edges(pd.Timestamp("2013-04-03"), pd.Timestamp("2013-05-02"), "MS")
    >>> [str(edge.date()) for edge in edges]
    ['2013-04-01', '2013-05-01', '2013-06-01']
    """
    offset = read_offset(size)
    if offset is None:
        raise ParameterError(
            f"{size!r} is no length of time: use a pandas offset such as '7D', '12h' or 'MS'."
        )
    start = first.normalize()
    length = _fixed_length(offset)
    if length is None:
        start = offset.rollback(start)
    elif (last - start).total_seconds() > MOST_PERIODS * length.total_seconds():
        raise ParameterError(
            f"windows of {size!r} from {first} to {last} would be more than {MOST_PERIODS:,}: "
            "use a longer window, or check the timestamps."
        )
    edges = [start]
    while edges[-1] <= last:
        edges.append(edges[-1] + offset)
    return pd.DatetimeIndex(edges)


def _fixed_length(offset: pd.offsets.BaseOffset) -> pd.Timedelta | None:
    """Length of an offset that is always equally long; None for periods of the calendar."""
    return pd.Timedelta(offset) if isinstance(offset, pd.offsets.Tick) else None
