"""Tell which rows are too young to have their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from driftlib.data.calendar import read_offset
from driftlib.data.times import as_times, instants, is_time
from driftlib.errors import DataError, ParameterError
from driftlib.stats.arrival import time_to_mature
from driftlib.text import quoted, unknown_name

DAY = 86_400.0
# Labels with more values than this are numbers: how long they take is asked of all together.
MOST_KINDS = 50


@dataclass(frozen=True)
class LabelTimes:
    """How old the rows of a table are, and how long their labels took.

    Parameters
    ----------
    seen : float array, shape (rows,)
        When each row was seen, in days; NaN where that is not known.
    age : float array, shape (rows,)
        Days from then until the latest time that is known of.
    delay : float array, shape (rows,)
        Days from a row to its label; NaN where that is not known.
    labelled : bool array, shape (rows,)
        Whether each row has a label.
    kind : int array, shape (rows,)
        Number of each label.
    matures : float
        The age, in days, at which a row that has no label will not get one.
    """

    seen: np.ndarray
    age: np.ndarray
    delay: np.ndarray
    labelled: np.ndarray
    kind: np.ndarray
    matures: float = 0.0

    @property
    def pending(self) -> np.ndarray:
        """Whether each row may still get its label."""
        return ~self.labelled & (self.age < self.matures)

    @property
    def young(self) -> np.ndarray:
        """Whether each row was seen when some label is still to come, or later."""
        waiting = self.seen[self.pending]
        return self.seen >= waiting.min() if len(waiting) else np.zeros(len(self.seen), bool)

    @property
    def mature(self) -> np.ndarray:
        """Whether the delay of each row's label is known, and was of a row that is old enough."""
        return ~np.isnan(self.delay) & (self.age >= self.matures)


@dataclass(frozen=True)
class Maturity:
    """When labels come, and of which rows they may still come.

    Parameters
    ----------
    sides : tuple of LabelTimes
        Of the tables, in the order given.
    matures : float
        Days.
    learns : bool
        Whether it is known when each label came.
    """

    sides: tuple[LabelTimes, ...]
    matures: float
    learns: bool

    @property
    def words(self) -> str:
        """After how long a row is old enough, for the reader."""
        days = self.matures
        return f"{days:,.0f} days" if days >= 3 else f"{days * 24:,.1f} hours"


def read_matures(matures: str | None) -> float | None:
    """Read after how long the labels are there.

    Parameters
    ----------
    matures : str or None
        A length of time such as "180D", "36h" or "6M"; "0D" says that labels do not come late.

    Returns
    -------
    float or None
        Days; of months and years the longest.

    Raises
    ------
    ParameterError
        If it is no length of time.

    Examples
    --------
    >>> read_matures("180D"), read_matures("6h"), read_matures("1M"), read_matures("")
    (180.0, 0.25, 31.0, None)
    """
    if matures is None or matures == "":
        return None
    try:
        length = pd.Timedelta(matures).total_seconds() / DAY
    except ValueError:
        offset = read_offset(str(matures))
        if offset is None:
            raise ParameterError(
                f"matures={matures!r} is no length of time: write how long a row waits for its "
                'label, such as "180D" or "36h".'
            ) from None
        starts = pd.date_range("2023-01-01", periods=24, freq="MS")
        length = max((start + offset - start) / pd.Timedelta("1D") for start in starts)
    if not 0 <= length < np.inf:
        raise ParameterError(f"matures={matures!r} is no length of time from now on.")
    return float(length)


def read_maturity(
    tables: Sequence[tuple[str, pd.DataFrame]],
    y_true: str,
    label_time: str | None,
    matures: str | None,
    time: str | None,
    time_format: str | None = None,
) -> Maturity | None:
    """Read when the rows of some tables were seen, and when their labels came.

    Parameters
    ----------
    tables : sequence of (name, frame)
        The first is the current one.
    y_true : str
        Column of the labels.
    label_time : str or None
        Column that says when each row's label became known; not every table needs it.
    matures : str or None
        After how long a row has its label: see `read_matures`.
    time : str or None
        Column that says when a row was seen.
    time_format : str, optional
        How times are written.

    Returns
    -------
    Maturity or None
        None where neither `label_time` nor `matures` is given.

    Raises
    ------
    DriftlibError
        If there is no such column, or no row is old enough to tell how long labels take.
    """
    length = read_matures(matures)
    if not label_time and length is None:
        return None
    said = f"label_time={label_time!r}" if label_time else f"matures={matures!r}"
    if label_time and not any(label_time in frame.columns for _, frame in tables):
        known = list(dict.fromkeys(name for _, frame in tables for name in frame.columns))
        raise ParameterError(
            f"label_time=: {unknown_name('column', label_time, known, tables[0][0])}"
        )
    sides = [
        _read_side(table, y_true, label_time, _time_of(*table, time, said), time_format)
        for table in tables
    ]
    now = max(float(np.nanmax(latest, initial=-np.inf)) for _, latest in sides)
    dated = [replace(side, age=now - side.seen) for side, _ in sides]
    if length is None:
        length = _learn(dated, tables[0][0], str(label_time))
    # A table of its own time of writing has the ages of that time: later labels are not in it.
    aged = [
        replace(side, age=float(np.nanmax(latest, initial=-np.inf)) - side.seen)
        if number and not np.isnan(side.delay).all()
        else side
        for number, (side, (_, latest)) in enumerate(zip(dated, sides, strict=True))
    ]
    learns = any(not np.isnan(side.delay).all() for side in aged)
    return Maturity(tuple(replace(side, matures=length) for side in aged), length, learns)


def _time_of(where: str, frame: pd.DataFrame, time: str | None, said: str) -> str:
    if time is not None and time in frame.columns:
        return time
    if time is not None:
        raise DataError(
            f"{where} has no column {time!r} (it has: {quoted(frame.columns)}), and {said} needs "
            "to know when each row was seen."
        )
    raise ParameterError(
        f'{said} needs to know when each row was seen: name the column with timestamp="...".'
    )


def _read_side(
    table: tuple[str, pd.DataFrame],
    y_true: str,
    label_time: str | None,
    time: str,
    time_format: str | None,
) -> tuple[LabelTimes, np.ndarray]:
    """Read the times of a table, and all that are known to be past; ages are set later."""
    where, frame = table
    seen = _days(as_times(frame[time], where, time_format=time_format))
    delay = np.full(len(seen), np.nan)
    latest = seen
    none = pd.Series(np.nan, index=frame.index)
    labels = frame[y_true] if y_true in frame.columns else none
    labelled = labels.notna().to_numpy()
    if label_time and label_time in frame.columns:
        column = frame[label_time]
        written = time_format if not is_time(column) else None
        came = _days(as_times(column, where, time_format=written))
        # A time that is to come is no label yet.
        came = np.where(labelled, came, np.nan)
        delay = np.maximum(came - seen, 0)
        latest = np.concatenate([seen, came])
    kind = pd.factorize(labels)[0]
    if kind.max(initial=0) >= MOST_KINDS:
        kind = np.minimum(kind, 0)
    return LabelTimes(seen, seen, delay, labelled, kind), latest


def _days(times: pd.Series) -> np.ndarray:
    at = instants(times).astype("datetime64[us]")
    return np.where(np.isnat(at), np.nan, at.astype(np.int64) / (1e6 * DAY))


def _learn(sides: Sequence[LabelTimes], where: str, label_time: str) -> float:
    known = [~np.isnan(side.delay) for side in sides]
    age, delay, kind = (
        np.concatenate([getattr(side, name)[rows] for side, rows in zip(sides, known, strict=True)])
        for name in ("age", "delay", "kind")
    )
    found = time_to_mature(age, delay, kind) if len(age) else None
    if found is None:
        raise DataError(
            f"No row of {where} is old enough to tell from {label_time!r} how long labels take: "
            'say it with matures="180D", or pass older rows.'
        )
    return found
