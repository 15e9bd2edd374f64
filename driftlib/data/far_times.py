"""Have pandas 2 read times as pandas 3 does.

Pandas 2 counts nanoseconds: it has no times before 1677 or after 2262, such as the 9999-12-31 that
stands for "never". Texts with different offsets it makes objects, and a time without an offset
after one that has one gets that offset, unasked.
"""

from __future__ import annotations

import re
import threading
import warnings
from datetime import date, datetime
from typing import Any, cast

import numpy as np

from driftlib.lazily import pd

ISO = "ISO8601"
ZONE = r"[T ]\d.*?(?:[Zz]|[+-]\d\d(?::?\d\d)?)\s*$"
# Which warnings are shown is the same for all threads.
_QUIET = threading.Lock()
# After so many years the calendar repeats itself; those from 1700 on are near.
_YEARS, _FIRST = 400, 1700
_CYCLE = np.timedelta64(146_097, "D")
_YEAR = re.compile(r"\s*(\d{4})")
# Eight thousand years on both sides of 1970: what is beyond is no time anybody means.
_MOST_MICROS = 8_030 * 366 * 86_400 * 1_000_000


def read_texts(texts: pd.Series, pattern: str = ISO, utc: bool = False) -> pd.Series:
    """Read texts as times.

    Parameters
    ----------
    texts : pandas.Series of object
        Dates and datetimes may be among them.
    pattern : str
        Of `datetime.strptime`; by default as ISO 8601 has it.
    utc : bool
        Whether all become UTC.

    Returns
    -------
    pandas.Series of datetime64
        NaT where a value is missing or no such time.

    Raises
    ------
    ValueError
        If offsets differ and `utc` is False: "Mixed timezones".

    Examples
    --------
    >>> read_texts(pd.Series(["9999-12-31", "soon"], dtype=object)).dt.year.tolist()
    [9999.0, nan]
    """
    if not _counts_nanoseconds():
        return pd.to_datetime(texts, errors="coerce", format=pattern, utc=utc)
    times = _quietly(texts, pattern, utc)
    unread = np.flatnonzero((times.isna() & texts.notna()).to_numpy())
    # One that is no time at all makes an error of the column, whatever the others are.
    if not len(unread) or not _near(texts.iloc[unread[0]], pattern)[1]:
        return times
    near, cycles = texts.astype(object), np.zeros(len(texts), np.int64)
    for place in unread.tolist():
        near.iloc[place], cycles[place] = _near(texts.iloc[place], pattern)
    return _moved(_quietly(near, pattern, utc), cycles)


def read_counts(counts: pd.Series, unit: str) -> pd.Series:
    """Read numbers as times.

    Parameters
    ----------
    counts : pandas.Series of int or float
        Since 1970.
    unit : {"s", "ms", "us", "ns"}

    Returns
    -------
    pandas.Series of datetime64
        NaT where a number is missing, or beyond what can be held.

    Examples
    --------
    >>> read_counts(pd.Series([253402214400]), "s").astype(str).tolist()
    ['9999-12-31']
    """
    times = pd.to_datetime(counts, unit=cast(Any, unit), errors="coerce")
    if not _counts_nanoseconds() or unit == "ns":
        return times
    micro, numbers = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit], counts.to_numpy()
    far = times.isna().to_numpy() & (np.abs(numbers) < _MOST_MICROS / micro)
    if not far.any():
        return times
    whole, part = np.divmod(numbers[far], 1)
    micros = whole.astype(np.int64) * micro + (part * micro).round().astype(np.int64)
    found = times.to_numpy().astype("M8[us]")
    found[far] = micros.astype("M8[us]")
    return pd.Series(found, index=counts.index, name=counts.name)


def _counts_nanoseconds() -> bool:
    return pd.__version__.startswith("2.")


def _quietly(texts: pd.Series, pattern: str, utc: bool) -> pd.Series:
    """Read texts as pandas 2 can, and refuse what pandas 3 does."""
    with _QUIET, warnings.catch_warnings():
        # That offsets which differ will be an error, as they are here.
        warnings.simplefilter("ignore", FutureWarning)
        times = pd.to_datetime(texts, errors="coerce", format=pattern, utc=utc)
    mixed = times.dtype == object
    if not mixed and not utc and times.dt.tz is not None and pattern == ISO:
        mixed = not texts.dropna().astype(str).str.contains(ZONE).all()
    if mixed:
        raise ValueError("Mixed timezones")
    return times


def _near(value: Any, pattern: str) -> tuple[Any, int]:
    """Give the same time in a year near to ours, and how many times 400 years lie between."""
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, date):
        cycles = _cycles(value.year)
        return value.replace(year=value.year - _YEARS * cycles), cycles
    if pattern == ISO:
        found = _YEAR.match(str(value))
        if found is None:
            return value, 0
        year, start, end = int(found[1]), *found.span(1)
        cycles = _cycles(year)
        return f"{value[:start]}{year - _YEARS * cycles}{value[end:]}", cycles
    try:
        moment = datetime.strptime(value, pattern)
    except (TypeError, ValueError):
        return value, 0
    cycles = _cycles(moment.year)
    return moment.replace(year=moment.year - _YEARS * cycles).strftime(pattern), cycles


def _cycles(year: int) -> int:
    return (year - _FIRST) // _YEARS


def _moved(times: pd.Series, cycles: np.ndarray) -> pd.Series:
    return times.dt.as_unit("us") + cycles * _CYCLE.astype("m8[us]")
