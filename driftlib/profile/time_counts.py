"""Count a batch's rows along time: counts that add, on equal stretches that grow with the span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from driftlib.data.times import as_times, wall_clock
from driftlib.data.units import ORIGIN
from driftlib.errors import DataError
from driftlib.lazily import pd

# Minutes of a stretch; each fits into the next. So many stretches are kept at the most.
STEPS = (1, 5, 30, 60, 360, 1440, 10_080, 40_320, 524_160)
MOST_STRETCHES = 2048
DAY = 1440
_MINUTE = 60_000_000


@dataclass(frozen=True)
class TimeCounts:
    """Rows of a batch along its time; counts of two batches add.

    Parameters
    ----------
    rows : int
        Rows of the batch.
    unreadable : int
        Rows of parts whose column holds no times.
    example : str
        What is wrong with it there.
    first, last : int
        Microseconds from a fixed Monday to the oldest and the newest row, by the clock of the
        place.
    step : int
        Place in `STEPS` of the stretches' length.
    ids, counts : int array, shape (stretches,)
        Numbers of the stretches that have rows, from the smallest up, and their rows.
    """

    rows: int = 0
    unreadable: int = 0
    example: str = ""
    first: int = 2**62
    last: int = -(2**62)
    step: int = 0
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64), repr=False)

    @property
    def present(self) -> int:
        """Rows with a time."""
        return int(self.counts.sum())

    @property
    def missing(self) -> int:
        """Rows without a time, in parts whose column holds times."""
        return self.rows - self.present - self.unreadable

    @property
    def minutes(self) -> int:
        """Length of a stretch."""
        return STEPS[self.step]

    @property
    def newest(self) -> pd.Timestamp:
        """The newest time, by the clock of the place."""
        return pd.Timestamp(ORIGIN + np.timedelta64(self.last, "us"))

    def begins(self, stretch: int) -> pd.Timestamp:
        """Tell when a stretch begins.

        Parameters
        ----------
        stretch : int
            Its number.

        Returns
        -------
        pandas.Timestamp
        """
        return pd.Timestamp(ORIGIN + np.timedelta64(stretch * self.minutes, "m"))

    def __add__(self, other: TimeCounts) -> TimeCounts:
        step = max(self.step, other.step)
        a, b = self.longer(step), other.longer(step)
        both = replace(
            a,
            rows=a.rows + b.rows,
            unreadable=a.unreadable + b.unreadable,
            example=a.example or b.example,
            first=min(a.first, b.first),
            last=max(a.last, b.last),
        )
        ids = np.append(a.ids, b.ids)
        return _counted(both, ids, np.append(a.counts, b.counts))

    def longer(self, step: int) -> TimeCounts:
        """Put stretches together to longer ones.

        Parameters
        ----------
        step : int
            Place in `STEPS`, at least the own.

        Returns
        -------
        TimeCounts
        """
        if step <= self.step:
            return self
        ids = self.ids // (STEPS[step] // self.minutes)
        return _counted(replace(self, step=step), ids, self.counts)

    def to_dict(self) -> dict[str, Any]:
        """Turn the counts into types that JSON has.

        Returns
        -------
        dict
        """
        whole = {name: getattr(self, name) for name in _SAVED}
        steps = np.diff(self.ids, prepend=0)
        return whole | {"steps": steps.tolist(), "counts": self.counts.tolist()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> TimeCounts:
        """Make counts of what `to_dict` returns.

        Parameters
        ----------
        entry : mapping

        Returns
        -------
        TimeCounts

        Raises
        ------
        ValueError
            If they are those of no rows.
        """
        numbers = [*(entry[name] for name in _SAVED), *entry["steps"], *entry["counts"]]
        if not all(type(number) is int for number in numbers):
            raise ValueError("a count of times is no whole number")
        ids, counts = np.cumsum(entry["steps"]), np.array(entry["counts"], dtype=np.int64)
        times = cls(
            **{name: entry[name] for name in _SAVED}, ids=ids.astype(np.int64), counts=counts
        )
        rising = len(ids) == len(counts) and (np.diff(ids) > 0).all() and (counts > 0).all()
        if not (rising and 0 <= times.step < len(STEPS) and times.missing >= 0):
            raise ValueError("counts of times that no rows can have")
        return times


_SAVED = ("rows", "unreadable", "first", "last", "step")


def count_times(
    series: pd.Series | None, rows: int, where: str, time_format: str | None
) -> TimeCounts:
    """Count rows along time.

    Parameters
    ----------
    series : pandas.Series, optional
        The times; None where the batch has no such column.
    rows : int
        Rows of the batch.
    where : str
        What to call it.
    time_format : str, optional
        How times are written.

    Returns
    -------
    TimeCounts

    Examples
    --------
    >>> times = pd.Series(pd.to_datetime(["2013-03-01 10:00:00", "2013-03-01 10:00:30", None]))
    >>> counts = count_times(times, 3, "march", None)
    >>> counts.counts.tolist(), counts.missing, str(counts.newest)
    ([2], 1, '2013-03-01 10:00:30')
    """
    if series is None or not rows:
        return TimeCounts(rows)
    try:
        times = as_times(series, where, time_format=time_format)
    except DataError as error:
        return TimeCounts(rows, rows, str(error))
    moments = wall_clock(times).astype("datetime64[us]")
    since = (moments - ORIGIN).astype(np.int64)[~np.isnat(moments)]
    if not len(since):
        return TimeCounts(rows)
    ends = TimeCounts(rows, first=int(since.min()), last=int(since.max()))
    minutes = since // _MINUTE
    # Rows of a stretch often follow one another: few runs are much cheaper to sort than rows.
    starts = np.flatnonzero(np.append(True, minutes[1:] != minutes[:-1]))
    return _counted(ends, minutes[starts], np.diff(np.append(starts, len(minutes))))


def _counted(times: TimeCounts, ids: np.ndarray, counts: np.ndarray) -> TimeCounts:
    """Count stretches once each, and put them together until they are few."""
    step = times.step
    ids, places = np.unique(ids, return_inverse=True)
    counts = np.bincount(places, counts, len(ids)).astype(np.int64)
    while len(ids) > MOST_STRETCHES and step < len(STEPS) - 1:
        factor = STEPS[step + 1] // STEPS[step]
        step += 1
        ids, places = np.unique(ids // factor, return_inverse=True)
        counts = np.bincount(places, counts, len(ids)).astype(np.int64)
    return replace(times, step=step, ids=ids, counts=counts)
