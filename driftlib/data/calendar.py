"""Cut the calendar into periods, and find the time that a table spans."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from driftlib.data.batches import Batch
from driftlib.data.times import as_times, wall_clock
from driftlib.errors import DataError, ParameterError
from driftlib.lazily import pd
from driftlib.text import counted

MOST_PERIODS = 10_000
# Between a length of windows and a day on which one begins; and a Monday.
FROM, MONDAY = " from ", "1970-01-05"
# Names that older pandas had for periods named by their last day.
_OLD_NAMES = {"M": "ME", "Q": "QE", "Y": "YE", "A": "YE", "W": "W"}
# A time is far off if more years lie between it and the others than this, and than three times
# those that the others span; it is left out if so few rows are.
FAR_YEARS, FAR_SPANS, FAR_SHARE = 5, 3, 0.05


@lru_cache
def read_offset(text: str) -> pd.offsets.BaseOffset | None:
    """Read a length of time.

    Parameters
    ----------
    text : str
        A pandas offset. Periods named by their last day ("ME", "QE-DEC", "YE-MAR") begin on the
        day after it; weeks begin on Monday ("W", "2W"), or on the day they name ("W-THU").

    Returns
    -------
    pandas.offsets.BaseOffset or None
        None where it is no length of time, or none of at least one unit.

    Examples
    --------
    >>> read_offset("7D"), read_offset("2ME"), read_offset("region"), read_offset("-1D")
    (<7 * Days>, <2 * MonthBegins>, None, None)
    >>> read_offset("YE-MAR"), read_offset("W")
    (<YearBegin: month=4>, <Week: weekday=0>)
    """
    if old := re.fullmatch(r"(\d*)([MQYAW])(-[A-Z]{3})?", text):
        count, name, anchor = old.groups("")
        text = f"{count}{_OLD_NAMES[name]}{anchor or '-MON' * (name == 'W')}"
    try:
        with warnings.catch_warnings():
            # Names that pandas is about to drop are told apart by case only from others.
            warnings.simplefilter("error", FutureWarning)
            warnings.simplefilter("error", DeprecationWarning)
            offset = pd.tseries.frequencies.to_offset(text)
    except (ValueError, FutureWarning, DeprecationWarning):
        return None
    return _by_start(offset) if offset is not None and offset.n >= 1 else None


@dataclass(frozen=True)
class WindowLength:
    """How long windows are, and where they are counted from.

    Parameters
    ----------
    offset : pandas.offsets.BaseOffset
    anchor : pandas.Timestamp, optional
        A day on which a window begins, by the clock of the place; else the data say.
    """

    offset: Any
    anchor: pd.Timestamp | None = None

    @property
    def alike(self) -> bool:
        """Whether windows of several batches begin at the same times."""
        day, n = pd.Timedelta(days=1), self.offset.n
        tick = _is_tick(self.offset)
        whole = n == 1 or (tick and day % pd.Timedelta(self.offset) == pd.Timedelta(0))
        return self.anchor is not None or whole


def window_length(text: str) -> WindowLength | None:
    """Read how long windows are: a length of time, perhaps with a day on which one begins.

    Parameters
    ----------
    text : str
        As for `read_offset`; or such as "7D from 2024-01-01".

    Returns
    -------
    WindowLength or None
        None where it is neither.

    Examples
    --------
    >>> window_length("7D from 2024-01-01").anchor, window_length("7D").alike
    (Timestamp('2024-01-01 00:00:00'), False)
    >>> window_length("7D from soon"), window_length("region")
    (None, None)
    """
    length, since, day = text.partition(FROM)
    offset = read_offset(length)
    if offset is None or not since:
        return None if offset is None else WindowLength(offset)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        return None
    try:
        return WindowLength(offset, pd.Timestamp(day))
    except ValueError:
        return None


def anchored(text: str) -> str:
    """Have windows of several batches begin at the same times: else count them from a Monday.

    Parameters
    ----------
    text : str
        A length of windows.

    Returns
    -------
    str

    Examples
    --------
    >>> anchored("7D"), anchored("D"), anchored("6h"), anchored("7D from 2024-01-03")
    ('7D from 1970-01-05', 'D', '6h', '7D from 2024-01-03')
    """
    length = window_length(text)
    return text if length is None or length.alike else f"{text}{FROM}{MONDAY}"


def _is_tick(offset: Any) -> bool:
    """Whether it is a length of time: a day is one of the calendar."""
    return isinstance(offset, pd.offsets.Tick) and not isinstance(offset, pd.offsets.Day)


def _by_start(offset: Any) -> pd.offsets.BaseOffset:
    """Turn the offset of the days on which periods end into that on which they begin."""
    kind: Any = type(offset)
    if issubclass(kind, pd.offsets.MonthEnd | pd.offsets.BMonthEnd):
        return pd.offsets.MonthBegin(offset.n)
    if issubclass(kind, pd.offsets.QuarterEnd | pd.offsets.BQuarterEnd):
        return pd.offsets.QuarterBegin(offset.n, startingMonth=_next_month(offset.startingMonth))
    if issubclass(kind, pd.offsets.YearEnd | pd.offsets.BYearEnd):
        return pd.offsets.YearBegin(offset.n, month=_next_month(offset.month))
    if issubclass(kind, pd.offsets.SemiMonthEnd):
        return pd.offsets.SemiMonthBegin(offset.n, day_of_month=offset.day_of_month + 1)
    return offset


def _next_month(month: int) -> int:
    return month % 12 + 1


def offset_meant(text: str) -> str | None:
    """Guess the length of time that a text stands for which is none.

    Parameters
    ----------
    text : str

    Returns
    -------
    str or None

    Examples
    --------
    >>> offset_meant("12H"), offset_meant("5T"), offset_meant("region")
    ('12h', '5min', None)
    """
    if not re.fullmatch(r"\d*[A-Za-z]{1,3}", text):
        return None
    for guess in (text.lower(), text.upper(), re.sub("[Tt]$", "min", text)):
        if guess != text and read_offset(guess) is not None:
            return guess
    return None


def calendar_edges(first: pd.Timestamp, last: pd.Timestamp, size: str) -> pd.DatetimeIndex:
    """List where the periods that hold two times begin, and where the last one ends.

    Parameters
    ----------
    first, last : pandas.Timestamp
        Months, weeks and other periods of the calendar begin where the calendar says; lengths
        such as "7D" count from the midnight before `first`, or from the day that `size` names, as
        "7D from 2024-01-01" does. Days are those of the time zone: one
        without a midnight begins at its first instant.
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
    length = window_length(size)
    if length is None:
        meant = offset_meant(size)
        raise ParameterError(
            f"{size!r} is no length of time: use a pandas offset such as "
            f"{repr(meant) if meant else repr('7D') + ', ' + repr('12h') + ' or ' + repr('MS')}."
        )
    offset, zone = length.offset, first.tzinfo
    start = first.tz_localize(None).normalize()
    if _is_tick(offset):
        # Hours are equally long, whatever the clocks do.
        own = _localized(_index([length.anchor or start]), zone)[0]
        lasting = pd.Timedelta(offset)
        begin = own + (first - own) // lasting * lasting if length.anchor else own
        number = (last - begin) // lasting + 1
        if number > MOST_PERIODS:
            raise _too_many(first, last, size)
        return _index([begin]).repeat(number + 1) + lasting * np.arange(number + 1)
    end = last.tz_localize(None)
    edges = [_first_edge(start, length)]
    try:
        while edges[-1] <= end:
            if len(edges) > MOST_PERIODS:
                raise _too_many(first, last, size)
            edges.append(edges[-1] + offset)
    except (pd.errors.OutOfBoundsDatetime, OverflowError) as error:
        raise _too_many(first, last, size) from error
    return _localized(_index(edges), zone)


def _first_edge(start: pd.Timestamp, length: WindowLength) -> pd.Timestamp:
    """Where the window begins that holds a midnight."""
    offset, anchor = length.offset, length.anchor
    if isinstance(offset, pd.offsets.Day):
        over = (start - anchor).days % offset.n if anchor else 0
        return start - np.timedelta64(over, "D")
    if anchor is None:
        return offset.rollback(start)
    edge = offset.rollback(anchor)
    while edge > start:
        edge = edge - offset
    while edge + offset <= start:
        edge = edge + offset
    return edge


def _index(moments: list[pd.Timestamp]) -> pd.DatetimeIndex:
    """Put times together in the unit that they have, which pandas 2 would make nanoseconds."""
    zone = moments[0].tzinfo
    index = pd.DatetimeIndex(np.array([moment.to_datetime64() for moment in moments]))
    return index if zone is None else index.tz_localize("UTC").tz_convert(zone)


def _localized(edges: pd.DatetimeIndex, zone: Any) -> pd.DatetimeIndex:
    """Midnights in a time zone: the first of two, and the first instant of a day without one."""
    if zone is None:
        return edges
    return edges.tz_localize(zone, nonexistent="shift_forward", ambiguous=np.ones(len(edges), bool))


def _too_many(first: pd.Timestamp, last: pd.Timestamp, size: str) -> ParameterError:
    return ParameterError(
        f"windows of {size!r} from {first} to {last} would be more than {MOST_PERIODS:,}: "
        "use a longer window, or check the timestamps."
    )


@dataclass(frozen=True)
class Stretch:
    """Rows whose times lie in the same year.

    Parameters
    ----------
    rows : int
    first, last : pandas.Timestamp
    where : str
        The file or partition that holds the first of these rows.
    row : int
        Its number there.
    dates : bool
        Whether all times are midnights.
    """

    rows: int
    first: pd.Timestamp
    last: pd.Timestamp
    where: str
    row: int
    dates: bool

    def __add__(self, other: Stretch) -> Stretch:
        return Stretch(
            self.rows + other.rows,
            min(self.first, other.first),
            max(self.last, other.last),
            self.where,
            self.row,
            self.dates and other.dates,
        )


@dataclass(frozen=True)
class Span:
    """Times of some rows, year by year; spans of two batches add.

    Parameters
    ----------
    rows : int
        Rows looked at, those without a time too.
    years : mapping of int to Stretch
        By year; empty where no row has a time.
    """

    rows: int
    years: Mapping[int, Stretch] = field(default_factory=dict)

    def __add__(self, other: Span) -> Span:
        years = dict(self.years)
        if years and other.years:
            _check_zones(next(iter(years.values())), next(iter(other.years.values())))
        for year, stretch in other.years.items():
            years[year] = years[year] + stretch if year in years else stretch
        return Span(self.rows + other.rows, years)

    @property
    def apart(self) -> tuple[Stretch, ...]:
        """Years that lie far from those of most rows, in order."""
        years = sorted(self.years)
        runs: list[list[int]] = []
        for year in years:
            if runs and year - runs[-1][-1] <= FAR_YEARS:
                runs[-1].append(year)
            else:
                runs.append([year])
        if len(runs) < 2:
            return ()
        main = max(runs, key=lambda run: sum(self.years[year].rows for year in run))
        gap = max(FAR_YEARS, FAR_SPANS * (main[-1] - main[0] + 1))
        off = [year for year in years if year < main[0] - gap or year > main[-1] + gap]
        return tuple(self.years[year] for year in off)

    @property
    def far(self) -> tuple[Stretch, ...]:
        """What windows go on without: years apart from the others, if they hold few rows."""
        total = sum(stretch.rows for stretch in self.years.values())
        rows = sum(stretch.rows for stretch in self.apart)
        few = rows <= FAR_SHARE * total or (rows == 1 and total >= 10)
        return self.apart if few else ()

    @property
    def near(self) -> Stretch | None:
        """All the rest; None where no row has a time."""
        off = self.far
        stretches = [self.years[year] for year in sorted(self.years)]
        stretches = [stretch for stretch in stretches if stretch not in off]
        if not stretches:
            return None
        total = stretches[0]
        for stretch in stretches[1:]:
            total = total + stretch
        zones = {str(stretch.first.tzinfo) for stretch in stretches}
        if len(zones) == 1:
            return total
        first, last = total.first.tz_convert("UTC"), total.last.tz_convert("UTC")
        return Stretch(total.rows, first, last, total.where, total.row, total.dates)

    @property
    def apart_in_words(self) -> str:
        """Which rows lie far off, in words; empty where none do."""
        if not self.apart:
            return ""
        first, rows = self.apart[0], sum(stretch.rows for stretch in self.apart)
        lies = "lies" if rows == 1 else "lie"
        return (
            f"{counted(rows, 'row')} {lies} far from all other times "
            f"(row {first.row:,} of {first.where}: {first.first})"
        )


def _check_zones(one: Stretch, other: Stretch) -> None:
    if (one.first.tzinfo is None) != (other.first.tzinfo is None):
        naive, zoned = sorted([one, other], key=lambda stretch: stretch.first.tzinfo is not None)
        raise DataError(
            f"times in {zoned.where} have a time zone and those in {naive.where} have none: "
            "make them alike."
        )


def span_of(batch: Batch, on: str, time_format: str | None = None) -> Span:
    """Find the times of a batch, year by year.

    Parameters
    ----------
    batch : Batch
    on : str
        The time column.
    time_format : str, optional
        See `driftlib.data.times.as_times`.

    Returns
    -------
    Span
    """
    times = as_times(batch.frame[on], batch.where, batch.row, time_format)
    there = times.notna().to_numpy()
    if not there.any():
        return Span(len(times))
    rows, known = np.flatnonzero(there), times[there]
    clock = wall_clock(known)
    midnight = clock == clock.astype("datetime64[D]")
    # A year is cheap to tell from numpy's datetimes, and most batches hold one or two.
    year_of = clock.astype("datetime64[Y]").astype(int) + 1970
    years = {}
    for year in np.unique(year_of).tolist():
        own = year_of == year
        part = known[own] if not own.all() else known
        place = int(rows[own.argmax()]) + batch.row
        dates = bool(midnight[own].all())
        years[year] = Stretch(len(part), part.min(), part.max(), batch.where, place, dates)
    return Span(len(times), years)
