"""Read columns as times, however they are written."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from driftlib.data.far_times import ZONE, read_counts, read_texts
from driftlib.data.levels import MISSING_TEXTS, level_texts
from driftlib.errors import DataError, ParameterError
from driftlib.lazily import pd, types
from driftlib.text import see_guide

# Units of numbers that count from 1970.
EPOCHS = ("s", "ms", "us", "ns")
DAYFIRST, EXCEL = "dayfirst", "excel"
FORMATS = (*EPOCHS, DAYFIRST, EXCEL)
_EXCEL_DAY_0 = np.datetime64("1899-12-30", "us")
_DAY_FIRST = r"^\s*(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>\d{4}|\d{2})\b(?P<rest>.*)$"
_LIKE_A_DATE = r"^\s*\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b"
_NO_TIMES = (*MISSING_TEXTS, " ", "NaT")
# So many values tell whether a column holds times: the first that is there does.
_LOOKED_AT = 1000
ADVICE = (
    "say how times are written with time_format: 's' for seconds since 1970 ('ms' for "
    "milliseconds), 'excel' for Excel's day numbers, 'dayfirst' for 31.12.2013, or a pattern such "
    "as '%Y%m%d'"
)


def check_time_format(time_format: str | None) -> str | None:
    """Check a `time_format`.

    Parameters
    ----------
    time_format : str, optional
        "" is None.

    Returns
    -------
    str or None

    Raises
    ------
    ParameterError
        If it is neither one of the names nor a pattern with a "%".

    Examples
    --------
    >>> check_time_format("%d/%m/%Y"), check_time_format("")
    ('%d/%m/%Y', None)
    """
    if time_format is None or time_format == "":
        return None
    if isinstance(time_format, str) and (time_format in FORMATS or "%" in time_format):
        return time_format
    raise ParameterError(
        f"time_format={time_format!r} is none of 's', 'ms', 'us', 'ns', 'dayfirst' and 'excel', "
        f"and no pattern such as '%d/%m/%Y %H:%M'. {see_guide('own data')}"
    )


def as_times(
    series: pd.Series,
    where: str = "current",
    first: int = 0,
    time_format: str | None = None,
) -> pd.Series:
    """Read a column as datetimes.

    Parameters
    ----------
    series : pandas.Series
        Datetimes or dates of any library; text such as "2013-03-31 17:00", also with "Z", "UTC"
        or an offset at its end; or with `time_format` text and numbers of other kinds.
    where : str
        What to call the table in an error.
    first : int
        What the reader knows the first row by.
    time_format : str, optional
        How text or numbers are to be read: "s", "ms", "us" or "ns" since 1970, "excel" (days
        since 1899-12-30), "dayfirst" (31/12/2013), or a pattern of `datetime.strptime`. Columns
        that hold times already need none.

    Returns
    -------
    pandas.Series
        numpy datetimes, NaT where a value is missing; in UTC where offsets differ.

    Raises
    ------
    DataError
        If a value is no date or time, naming the first; if only some have a time zone.
    ParameterError
        If there is no such `time_format`.

    Examples
    --------
    >>> as_times(pd.Series(["2013-03-31", None])).isna().tolist()
    [False, True]
    >>> as_times(pd.Series([1364747400]), time_format="s").astype(str).tolist()
    ['2013-03-31 16:30:00']
    """
    time_format = check_time_format(time_format)
    series = _plain(series)
    if types.is_datetime64_any_dtype(series.dtype):
        return series
    column = _Column(series, where, first)
    if types.is_bool_dtype(series.dtype) or not (
        types.is_numeric_dtype(series.dtype)
        or types.is_string_dtype(series.dtype)
        or series.dtype == object
    ):
        raise DataError(
            f"{where} column {series.name!r} holds {series.dtype} values, not dates and times: "
            "convert it with pandas.to_datetime first."
        )
    if time_format in EPOCHS:
        return _since_1970(column, time_format)
    if time_format == EXCEL:
        return _excel(column)
    if time_format == DAYFIRST:
        return _iso(column, _day_first(series))
    if time_format is not None:
        return _by_pattern(column, time_format)
    if types.is_numeric_dtype(series.dtype):
        if series.isna().all():
            return pd.Series(pd.NaT, index=series.index, name=series.name, dtype="datetime64[us]")
        raise DataError(
            f"{where} column {series.name!r} holds numbers ({column.example(series.notna())}), not "
            f"dates and times: {ADVICE}."
        )
    return _iso(column, series.astype(object))


def is_time(series: pd.Series, time_format: str | None = None) -> bool:
    """Tell whether a column can be read as times, by its type or its first value.

    Parameters
    ----------
    series : pandas.Series
    time_format : str, optional
        See `as_times`.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_time(pd.Series(["2013-03-31"])), is_time(pd.Series(["Q1"])), is_time(pd.Series([7]))
    (True, False, False)
    """
    if types.is_datetime64_any_dtype(series.dtype):
        return True
    known = _first(series)
    if known.empty:
        return False
    try:
        return bool(as_times(known, time_format=time_format).notna().all())
    except DataError:
        return False


def time_columns(frame: pd.DataFrame, time_format: str | None = None) -> list[str]:
    """List the columns of a table that hold times or dates.

    Parameters
    ----------
    frame : pandas.DataFrame
    time_format : str, optional
        See `as_times`: columns so written count as well.

    Returns
    -------
    list of str

    Examples
    --------
    >>> frame = pd.DataFrame({"day": ["2018-10-22"], "code": ["1234"], "at": [1540166400]})
    >>> time_columns(frame), time_columns(frame, "s")
    (['day'], ['day', 'code', 'at'])
    """
    return [
        str(name)
        for name in frame
        if types.is_datetime64_any_dtype(frame[name].dtype)
        or (is_time(frame[name]) and is_like_a_date(frame[name]))
        or (time_format is not None and is_time(frame[name], time_format))
    ]


def is_like_a_date(series: pd.Series) -> bool:
    """Tell whether a column that cannot be read as times looks as if it held some.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    bool
        Of text, whether its first value is numbers between dots, dashes or slashes; of numbers,
        whether they are so many that each would be a group of its own.

    Examples
    --------
    >>> is_like_a_date(pd.Series(["31/12/2013"])), is_like_a_date(pd.Series(["spring"]))
    (True, False)
    """
    if types.is_numeric_dtype(series.dtype):
        known = series.dropna()
        return known.nunique() > max(60, len(known) // 10)
    return bool(_first(series).astype(str).str.contains(_LIKE_A_DATE).any())


def wall_clock(times: pd.Series) -> np.ndarray:
    """Take what clocks showed at some times.

    Parameters
    ----------
    times : pandas.Series
        As `as_times` returns them.

    Returns
    -------
    datetime64 array
        Without a time zone.
    """
    if times.dt.tz is not None:
        times = times.dt.tz_localize(None)
    return times.to_numpy()


def instants(times: pd.Series) -> np.ndarray:
    """Take times as numpy's datetimes, which sort.

    Parameters
    ----------
    times : pandas.Series
        As `as_times` returns them.

    Returns
    -------
    datetime64 array
        In UTC where they have a time zone.

    Examples
    --------
    >>> zoned = pd.Series(pd.to_datetime(["2013-03-31 02:00+02:00", None]))
    >>> instants(zoned).astype("M8[h]")
    array(['2013-03-31T00', 'NaT'], dtype='datetime64[h]')
    """
    return wall_clock(times if times.dt.tz is None else times.dt.tz_convert("UTC"))


def _first(series: pd.Series) -> pd.Series:
    """Take the first value of a column that is there, or nothing."""
    return _plain(series.dropna().head(_LOOKED_AT)).dropna().head(1)


def _plain(series: pd.Series) -> pd.Series:
    """Arrow's types and categories as numpy's or as text."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _plain(series.astype(dtype.categories.dtype))
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        if pa.types.is_timestamp(dtype.pyarrow_dtype) or pa.types.is_date(dtype.pyarrow_dtype):
            values = pa.chunked_array(series.array.__arrow_array__())
            times = values.to_pandas(date_as_object=False)
            return times.set_axis(series.index).rename(series.name)
    if isinstance(dtype, pd.PeriodDtype):
        return series.dt.to_timestamp()
    if dtype.kind == "O" and types.infer_dtype(series, skipna=True) in ("string", "bytes", "mixed"):
        series = level_texts(series)
    if dtype.kind == "O" or isinstance(dtype, pd.StringDtype):
        # What a CSV file says for a missing value.
        return series.mask(series.isin(_NO_TIMES))
    return series


class _Column:
    """A column that is being read, for messages about it."""

    def __init__(self, series: pd.Series, where: str, first: int) -> None:
        self.series, self.where, self.first = series, where, first

    def example(self, chosen: pd.Series | np.ndarray) -> str:
        place = int(np.asarray(chosen).argmax())
        value = self.series.iloc[place]
        shown = value.item() if isinstance(value, np.generic) else value
        return f"{shown!r} in row {self.first + place:,}"

    def checked(self, times: pd.Series, advice: str) -> pd.Series:
        """Give the times, if all values could be read."""
        bad = (times.isna() & self.series.notna()).to_numpy()
        if bad.any():
            raise DataError(
                f"{self.where} column {self.series.name!r} has {self.example(bad)}, which is no "
                f"{advice}."
            )
        return times


def _iso(column: _Column, text: pd.Series) -> pd.Series:
    text = _numbers_as_text(text)

    def read(utc: bool, values: pd.Series) -> pd.Series:
        return read_texts(values, utc=utc)

    times = _zoned(column, text, read)
    unread = (times.isna() & text.notna()).to_numpy()
    if unread.any():
        # "2013-03-31 17:00:00 UTC" is what several databases write.
        ends = text.astype(str).str.contains(r"\s(?:UTC|GMT)\s*$")
        if ends.to_numpy()[unread].all():
            shorter = text.astype(str).str.replace(r"\s(?:UTC|GMT)\s*$", "Z", regex=True)
            times = _zoned(column, shorter.where(text.notna(), None), read)
    return column.checked(
        times, f"date or time: write times as 2013-03-31 or 2013-03-31 17:00, or {ADVICE}"
    )


def _zoned(
    column: _Column, text: pd.Series, read: Callable[[bool, pd.Series], pd.Series]
) -> pd.Series:
    """Read text of which some has an offset: all or none must, and different ones become UTC."""
    zones = set()
    if types.infer_dtype(text, skipna=True) == "datetime":
        zones = set(text.dropna().map(lambda time: time.tzinfo).unique())
    try:
        if len(zones) > 1:
            raise ValueError("Mixed timezones")
        return read(False, text)
    except (ValueError, TypeError) as error:
        if "timezones" not in str(error):
            raise
        zoned = text.astype(str).str.contains(ZONE).to_numpy()
        naive = ~zoned & text.notna().to_numpy()
        if zoned.any() and naive.any():
            raise DataError(
                f"{column.where} column {column.series.name!r} has a time with a time zone "
                f"({column.example(zoned)}) and one without ({column.example(naive)}): write all "
                "with one, or all without."
            ) from None
        return read(True, text)


def _day_first(series: pd.Series) -> pd.Series:
    """Rewrite 31/12/2013 as 2013-12-31; years of two digits are 1969 to 2068."""
    text = series.astype(object).where(series.notna(), None)
    parts = text.astype(str).str.extract(_DAY_FIRST)
    found = parts["day"].notna()
    year = pd.to_numeric(parts["year"]).where(found, 0).astype(int)
    short = found & (parts["year"].str.len() == 2)
    year = year + np.where(short, np.where(year >= 69, 1900, 2000), 0)
    written = (
        year.astype(str).str.zfill(4)
        + "-"
        + parts["month"].str.zfill(2)
        + "-"
        + parts["day"].str.zfill(2)
        + parts["rest"]
    )
    return text.where(~found, written)


def _by_pattern(column: _Column, pattern: str) -> pd.Series:
    text = _numbers_as_text(column.series.astype(object))

    def read(utc: bool, values: pd.Series) -> pd.Series:
        return read_texts(values, pattern, utc)

    try:
        times = _zoned(column, text, read)
    except (ValueError, re.error) as error:
        raise ParameterError(f"time_format={pattern!r} is no pattern of times: {error}.") from error
    return column.checked(times, f"time as time_format={pattern!r} says: correct one of the two")


def _numbers_as_text(series: pd.Series) -> pd.Series:
    """Write numbers as text: 20130331 is one in most files."""
    if types.infer_dtype(series, skipna=True) in ("string", "datetime", "date", "empty"):
        return series

    def text(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return f"{value:.0f}"
        return str(value) if isinstance(value, int | np.integer) else value

    return series.map(text, na_action="ignore")


def _numbers(column: _Column) -> pd.Series:
    numbers = pd.to_numeric(column.series.astype(object), errors="coerce")
    return pd.Series(
        numbers.to_numpy(float, na_value=np.nan)
        if numbers.dtype.kind != "i"
        else numbers.to_numpy(),
        index=column.series.index,
        name=column.series.name,
    )


def _since_1970(column: _Column, unit: str) -> pd.Series:
    numbers = _numbers(column)
    beyond = numbers.abs() >= 2.0**63
    times = read_counts(numbers.mask(beyond), unit)
    # A thousand times too much is the year 10000 and later, or beyond what pandas has.
    times = times.mask(times >= pd.Timestamp("9999-12-31 23:59:59").as_unit("s"))
    other = {"s": "'ms'", "ms": "'s' or 'us'", "us": "'ms'", "ns": "'us'"}[unit]
    times = column.checked(
        times, f"number of {unit} since 1970 before the year 10000: try time_format={other}"
    )
    known = times.dropna()
    start, end = pd.Timestamp("1970-01-01"), pd.Timestamp("1971-01-02")
    if unit != "s" and len(known) and start <= known.min() and known.max() < end:
        raise DataError(
            f"{column.where} column {column.series.name!r} read with time_format={unit!r} lies "
            f"wholly in 1970 ({column.example(times.notna())}): try time_format={other}."
        )
    return times


def _excel(column: _Column) -> pd.Series:
    numbers = _numbers(column)
    days = numbers.where((numbers >= 1) & (numbers < 2_958_466))
    micros = ((days.astype(float) * 86_400_000).round() * 1_000).to_numpy()
    since = np.full(len(micros), "NaT", "m8[us]")
    since[~np.isnan(micros)] = micros[~np.isnan(micros)].astype("m8[us]")
    times = pd.Series(_EXCEL_DAY_0 + since, numbers.index, name=numbers.name)
    return column.checked(times, "day number of Excel (1 to 2,958,465): correct it")
