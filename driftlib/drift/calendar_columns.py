"""Find columns that say no more than when a row was seen, such as the day of the week.

A window that the data end in the middle of holds only some weekdays or days of the month: a column
of those differs there from the reference because the window is partial, and not because anything
changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from driftlib.data.batches import Batch, Source
from driftlib.data.cutters import ByCalendar, Window
from driftlib.data.times import as_times, wall_clock
from driftlib.text import join_notes

# Days after which each part of a time comes again.
CYCLES = {"hour": 1, "weekday": 7, "day of the month": 28, "month": 365, "day of the year": 365}
# With fewer rows a value of the calendar, any column would seem to follow it.
FEWEST_ROWS_EACH = 3
PARTIAL = "partial: the data"
NOT_JUDGED = "of which a partial window has only some: not judged"


def excuse_calendar_columns(
    table: pd.DataFrame, source: Source, cutter: ByCalendar, windows: Iterable[Window]
) -> pd.DataFrame:
    """Take the verdict from columns that follow the calendar, in windows that are partial.

    Parameters
    ----------
    table : pandas.DataFrame
        Features of windows, compared.
    source : Source
        What was cut into the windows.
    cutter : ByCalendar
        What cut it.
    windows : iterable of Window

    Returns
    -------
    pandas.DataFrame
        The same, or a copy in which such columns are not drifted, and say why.
    """
    lengths = {
        window.number: (window.end - window.start).days
        for window in windows
        if window.note.startswith(PARTIAL)
    }
    drifted = table[table["drifted"] & table["window"].isin(lengths)]
    if drifted.empty:
        return table
    known = {name for header in source.headers for name in header.names}
    names = [name for name in drifted["feature"].unique() if name in known]
    count = partial(_count, names=tuple(names), on=cutter.on, time_format=cutter.time_format)
    counted = source.total(count, [*names, cutter.on])
    table = table.copy()
    for place, feature, number in zip(
        drifted.index, drifted["feature"], drifted["window"], strict=True
    ):
        part = counted.part_of(feature, lengths[number])
        if part:
            table.loc[place, "severity"] = "none"
            table.loc[place, "real_from"] = np.nan
            table.loc[place, "drifted"] = False
            told = f"follows the {part}, {NOT_JUDGED}"
            table.loc[place, "note"] = join_notes(str(table.loc[place, "note"]), told)
    return table


@dataclass(frozen=True)
class _Followed:
    """Text of each column for each value of each part of a time; those of two batches add."""

    rows: int
    times: int = 0
    texts: Mapping[tuple[str, str], dict[int, str] | None] = field(default_factory=dict)

    def __add__(self, other: _Followed) -> _Followed:
        texts = dict(self.texts)
        for key, found in other.texts.items():
            before = texts.get(key, {})
            # None once a column had two values at the same part of a time.
            texts[key] = None
            if found is not None and before is not None:
                both = before | found
                texts[key] = both if both == found | before else None
        return _Followed(self.rows + other.rows, self.times + other.times, texts)

    def part_of(self, name: str, days: int) -> str | None:
        """Name the part of a time that a column follows and that comes again within some days."""
        for part, cycle in CYCLES.items():
            found = self.texts.get((name, part))
            if (
                found
                and cycle <= days
                and len(set(found.values())) > 1
                and self.times >= FEWEST_ROWS_EACH * len(found)
            ):
                return part
        return None


def _count(batch: Batch, names: tuple[str, ...], on: str, time_format: str | None) -> _Followed:
    frame = batch.frame
    times = as_times(frame[on], batch.where, batch.row, time_format)
    there = times.notna().to_numpy()
    clock = pd.DatetimeIndex(wall_clock(times[there]))
    parts = {
        "hour": clock.hour,
        "weekday": clock.day_of_week,
        "day of the month": clock.day,
        "month": clock.month,
        "day of the year": clock.day_of_year,
    }
    values: dict[tuple[str, str], dict[int, str] | None] = {}
    for name in names:
        if name not in frame.columns:
            continue
        # What is missing is a value like others.
        codes, levels = pd.factorize(frame[name].astype(str)[there], use_na_sentinel=False)
        for part, numbers in parts.items():
            pairs = np.unique(numbers.to_numpy(np.int64) * max(1, len(levels)) + codes)
            place, code = np.divmod(pairs, max(1, len(levels)))
            follows = len(np.unique(place)) == len(place)
            values[name, part] = (
                {int(p): str(levels[c]) for p, c in zip(place, code, strict=True)}
                if follows
                else None
            )
    return _Followed(len(frame), int(there.sum()), values)
