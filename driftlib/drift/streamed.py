"""Windows of a table that is not in memory: one pass over it gives one profile per window."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.batches import Batch, Source
from driftlib.data.windows import (
    MOST_WINDOWS,
    Window,
    as_times,
    calendar_codes,
    calendar_edges,
    calendar_window,
    groups,
    row_window,
)
from driftlib.errors import DataError, ParameterError, check_whole
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.text import unknown_name

# Of each row of a batch the number of its window, -1 for none, and the windows' keys.
Cut = Callable[[Batch], tuple[np.ndarray, list[Hashable]]]
_NOWHERE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Windowed:
    """Profiles by window; those of two batches add.

    Attributes
    ----------
    rows : int
        Rows in all, those in no window too.
    profiles : mapping of window to Profile
    """

    rows: int
    profiles: Mapping[Hashable, Profile]

    def __add__(self, other: Windowed) -> Windowed:
        profiles = dict(self.profiles)
        for key, profile in other.profiles.items():
            profiles[key] = profiles[key] + profile if key in profiles else profile
        _check_number(len(profiles))
        return Windowed(self.rows + other.rows, profiles)


@dataclass(frozen=True)
class Span:
    """First and last time of some rows; NaT where all are missing. `where` holds them."""

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


def profile_windows(
    baseline: Baseline, source: Source, size: int | str | None = None, on: str | None = None
) -> tuple[list[Window], list[Profile], int]:
    """Windows of a source, the profile of each, and the rows of the source.

    Parameters
    ----------
    baseline : Baseline
    source : Source
    size, on
        See `driftlib.data.windows.split`; a number of rows goes without `on`. Calendar windows
        take a look at the column `on` alone first, to know where they start.

    Raises
    ------
    DriftlibError
        If a file has none of the features or no column `on`, or rows have no order.
    """
    for header in source.headers:
        baseline.check_features(header.names, header.where)
        if on is not None and on not in header.names:
            raise ParameterError(unknown_name("column", on, header.names, header.where))
    known = {name for header in source.headers for name in header.names}
    columns = [name for name in baseline.columns if name in known]
    columns += [on] if on is not None and on not in columns else []

    def count(cut: Cut) -> Windowed:
        return source.total(partial(_count, baseline=baseline, cut=cut), columns)

    empty = baseline.profile_frame(pd.DataFrame(columns=columns, dtype=object))
    if isinstance(size, str):
        span = source.total(partial(_span, on=on), [on])
        edges = calendar_edges(span.first, span.last, size, str(on))
        counted = count(partial(_calendar, on=on, edges=edges))
        profiles = [counted.profiles.get(number, empty) for number in range(len(edges) - 1)]
        windows = [
            calendar_window(number, edges, _NOWHERE, profile.rows, span.last)
            for number, profile in enumerate(profiles)
        ]
    elif on is not None:
        counted = count(partial(_values, on=on))
        keys = pd.factorize(pd.Index(list(counted.profiles)), sort=True)[1]
        profiles = [counted.profiles[key] for key in keys]
        windows = [
            Window(number, key, key, _NOWHERE, profile.rows)
            for number, (key, profile) in enumerate(zip(keys, profiles, strict=True))
        ]
    else:
        counted = count(partial(_rows, size=_size(size, source)))
        size = size or counted.rows
        profiles = [counted.profiles[number] for number in sorted(counted.profiles)]
        windows = [
            row_window(number, number * size, number * size + profile.rows, _NOWHERE, size)
            for number, profile in enumerate(profiles)
        ]
    return windows, profiles, counted.rows


def _size(size: int | None, source: Source) -> int | None:
    if size is None:
        return None
    size = check_whole("window", size, of="rows")
    if not source.ordered:
        raise ParameterError(
            f"{source.name} has no order of rows to cut windows of {size:,} by: cut them by time, "
            "with on= and by=, or by a column, with by=."
        )
    return size


def _span(batch: Batch, on: str) -> Span:
    times = as_times(batch.frame[on], batch.where, batch.row)
    return Span(len(times), times.min(), times.max(), batch.where)


def _count(batch: Batch, baseline: Baseline, cut: Cut) -> Windowed:
    frame = batch.frame
    codes, keys = cut(batch)
    _check_number(len(keys))
    profiles = {}
    for key, index in zip(keys, groups(codes, len(keys)), strict=True):
        if len(index):
            part = frame if len(index) == len(frame) else frame.iloc[index]
            profiles[key] = baseline.profile_frame(part, batch.where, batch.threads)
    return Windowed(len(frame), profiles)


def _check_number(windows: int) -> None:
    if windows > MOST_WINDOWS:
        raise ParameterError(
            f"there would be more than {MOST_WINDOWS:,} windows: use longer ones, or a column "
            "with fewer values."
        )


def _calendar(batch: Batch, on: str, edges: pd.DatetimeIndex) -> tuple[np.ndarray, list[Any]]:
    codes = calendar_codes(as_times(batch.frame[on], batch.where, batch.row), edges)
    return _present(codes)


def _values(batch: Batch, on: str) -> tuple[np.ndarray, list[Any]]:
    codes, values = pd.factorize(batch.frame[on])
    return codes, list(values)


def _rows(batch: Batch, size: int | None) -> tuple[np.ndarray, list[Any]]:
    rows = np.arange(batch.first, batch.first + len(batch.frame))
    return _present(rows // size if size else np.zeros_like(rows))


def _present(numbers: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    """Windows' numbers as places in the list of those that occur."""
    occurring = np.unique(numbers[numbers >= 0])
    return np.where(numbers < 0, -1, occurring.searchsorted(numbers)), occurring.tolist()
