"""Split labelled rows: actions learn from the older ones and are judged on the newer ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.data.times import as_times
from driftlib.data.units import TIME, UnitCodes, UnitRule
from driftlib.stats.unit_influence import RowUnits
from driftlib.stats.units import near_positions
from driftlib.text import counted

# Fewer units, or rows, on either side tell nothing.
LEAST_UNITS, LEAST_ROWS = 5, 50


@dataclass(frozen=True)
class Halves:
    """Rows of a period in two parts.

    Parameters
    ----------
    older, newer : int array
        Positions of rows.
    units : RowUnits or None
        Of the newer rows; None where rows are units.
    older_units : RowUnits or None
        Of the older rows.
    counts : (int, int)
        Units of either part; rows where these are units.
    by : str
        How they were split, in words.
    """

    older: np.ndarray
    newer: np.ndarray
    units: RowUnits | None
    older_units: RowUnits | None
    counts: tuple[int, int]
    by: str

    def lacking(self, rule: UnitRule) -> str:
        """Say why the parts are too small.

        Parameters
        ----------
        rule : UnitRule

        Returns
        -------
        str
            Empty where they are not.
        """
        if not len(self.rows):
            return "no row of current has a label"
        for name, rows, units in zip(
            ("older", "newer"), (self.older, self.newer), self.counts, strict=True
        ):
            half = f"the {name} half of the labels has"
            if len(rows) < LEAST_ROWS:
                return f"{half} {counted(len(rows), 'row')}, and {LEAST_ROWS} are needed"
            if units < LEAST_UNITS:
                return f"{half} {rule.counted(units)}, and {LEAST_UNITS} are needed"
        return ""

    @property
    def rows(self) -> np.ndarray:
        """Positions of all rows, in order."""
        return np.sort(np.concatenate([self.older, self.newer]))

    def all_units(self, rule: UnitRule, codes: UnitCodes) -> RowUnits | None:
        """Tell the units of all rows, in order.

        Parameters
        ----------
        rule : UnitRule
        codes : UnitCodes
            Of all rows of the frame.

        Returns
        -------
        RowUnits or None
            None where rows are units.
        """
        return None if self.units is None else units_of_rows(rule, codes, self.rows)

    @property
    def needed(self) -> int:
        """Labelled rows in all from which on something could be told."""
        rows = len(self.older) + len(self.newer)
        least = min(self.counts)
        by_units = rows * LEAST_UNITS / least if least else rows * LEAST_UNITS
        return int(np.ceil(max(2 * LEAST_ROWS, by_units)))


def split(
    frame: pd.DataFrame,
    rows: np.ndarray,
    rule: UnitRule,
    codes: UnitCodes,
    timestamp: str | None,
    time_format: str | None,
    seed: int,
) -> Halves:
    """Split rows by time, whole units on one side.

    Parameters
    ----------
    frame : pandas.DataFrame
    rows : int array
        Positions of the rows with labels.
    rule : UnitRule
    codes : UnitCodes
        Of all rows of the frame; of none where rows are units.
    timestamp, time_format : str or None
        Where time is told; without it units are dealt at random.
    seed : int
        Of that deal.

    Returns
    -------
    Halves
        Of about as many rows each.

    Examples
    --------
    >>> frame = pd.DataFrame({"seen": pd.date_range("2024-01-01", periods=4)[::-1]})
    >>> none = UnitCodes(np.empty(0, int), np.empty(0, int))
    >>> split(frame, np.arange(4), UnitRule(), none, "seen", None, 0).newer.tolist()
    [0, 1]
    """
    by_row = not len(codes.ids)
    unit = np.arange(len(rows)) if by_row else codes.codes[rows]
    rows, unit = rows[unit >= 0], unit[unit >= 0]
    ids, place = np.unique(unit, return_inverse=True)
    if rule.kind == TIME:
        order, by = np.arange(len(ids), dtype=float), "by time"
    elif timestamp is not None and timestamp in frame.columns:
        order, by = _mean_times(frame[timestamp].iloc[rows], place, time_format), "by time"
    else:
        order, by = np.random.default_rng(seed).random(len(ids)), "at random, for want of a time"
    ranked = np.argsort(order, kind="stable")
    sizes = np.bincount(place, minlength=len(ids))
    middle = np.cumsum(sizes[ranked]) - sizes[ranked] / 2
    early = np.zeros(len(ids), dtype=bool)
    early[ranked] = middle <= len(rows) / 2
    older, newer = early[place], ~early[place]
    counts = int(early.sum()), int((~early).sum())
    if by_row:
        return Halves(rows[older], rows[newer], None, None, counts, by)
    units, older_units = (units_of_rows(rule, codes, rows[half]) for half in (newer, older))
    return Halves(rows[older], rows[newer], units, older_units, counts, by)


def units_of_rows(rule: UnitRule, codes: UnitCodes, rows: np.ndarray) -> RowUnits:
    """Tell the units of some rows of one period.

    Parameters
    ----------
    rule : UnitRule
    codes : UnitCodes
        Of all rows of the frame.
    rows : int array
        Positions; each is in a unit.

    Returns
    -------
    RowUnits
        All of the current side.
    """
    held, own = np.unique(codes.codes[rows], return_inverse=True)
    current = np.ones(len(rows), dtype=bool)
    return RowUnits(own, current, near_positions(codes.ids[held]), rule.memory)


def span(
    frame: pd.DataFrame, rows: np.ndarray, timestamp: str | None, time_format: str | None
) -> tuple[str, str]:
    """Tell when some rows begin and end.

    Parameters
    ----------
    frame : pandas.DataFrame
    rows : int array
        Positions.
    timestamp, time_format : str or None
        Where time is told.

    Returns
    -------
    (str, str)
        Times that sort as texts; empty without a time column.
    """
    if timestamp is None or timestamp not in frame.columns:
        return "", ""
    times = as_times(frame[timestamp].iloc[rows], "current", time_format=time_format).dropna()
    if not len(times):
        return "", ""
    return times.min().isoformat(), times.max().isoformat()


def _mean_times(series: pd.Series, place: np.ndarray, time_format: str | None) -> np.ndarray:
    times = as_times(series, "current", time_format=time_format)
    if times.dt.tz is not None:
        times = times.dt.tz_localize(None)
    moments = times.to_numpy().astype("datetime64[us]")
    known = ~np.isnat(moments)
    seconds = np.where(known, moments.astype(np.int64), 0) / 1e6
    count = np.bincount(place, known, place.max(initial=-1) + 1)
    sums = np.bincount(place, seconds, len(count))
    return np.where(count > 0, sums / np.maximum(count, 1), np.inf)
