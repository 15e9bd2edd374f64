"""Windows within segments: rows laid end to end, so that each group is a run of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.data.schema import UNSUPPORTED, column_kind
from driftlib.data.windows import Window, split
from driftlib.errors import DataError, ParameterError
from driftlib.text import unknown_name

MOST_SEGMENTS = 1_000


@dataclass(frozen=True)
class WindowGroups:
    """Groups of rows: one for each segment and window.

    Attributes
    ----------
    keys : pandas.DataFrame
        A row per group: window, start, end, then the segment columns.
    notes : list of str
        What is to be said of each group's window.
    rows : slice or int array
        Positions in the frame, in the order in which `lo` and `hi` count.
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it.
    segment : int array, shape (groups,)
        Number of each group's segment.
    segments : pandas.DataFrame
        Values of the segment columns, a row per segment; without segments one row, no columns.
    left_out : int
        Rows in no window, for want of a value of the window column.
    """

    keys: pd.DataFrame
    notes: list[str]
    rows: slice | np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    segment: np.ndarray
    segments: pd.DataFrame
    left_out: int


def window_groups(
    frame: pd.DataFrame,
    size: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: Iterable[str] = (),
    where: str = "current",
) -> WindowGroups:
    """Windows of each segment.

    Windows by calendar or by the values of a column are those of the whole frame, the same for
    every segment; windows of a number of rows count each segment's own rows.

    Parameters
    ----------
    frame, size, step, on, where
        See `driftlib.data.windows.split`.
    by : iterable of str
        Segment columns; rows without a value form a segment of their own.

    Raises
    ------
    DriftlibError
        If windows cannot be made, or a segment column does not exist or has too many values.

    Examples
    --------
    >>> frame = pd.DataFrame({"carrier": ["AA", "UA", "AA", "AA"]})
    >>> layout = window_groups(frame, size=2, by=["carrier"])
    >>> layout.keys.assign(note=layout.notes)
       window  start  end carrier                note
    0       0      0    2      AA
    1       1      2    3      AA  partial: 1 of 2 rows
    2       0      0    1      UA  partial: 1 of 2 rows
    """
    by = list(by)
    codes, segments = _segments(frame, by, where)
    if isinstance(size, str) or size is None:
        windows = split(frame, size, step, on, where)
        rows, lo, hi = _shared(windows, codes, len(segments))
        groups = [(number, window) for number in range(len(segments)) for window in windows]
    else:
        rows, lo, hi, groups = _own(frame, size, step, on, codes, len(segments), where)
    if not groups:
        raise DataError(f"{where} column {on!r} has no value in any row: there are no windows.")
    segment = np.array([number for number, _ in groups], dtype=int)
    windows = [window for _, window in groups]
    keys = pd.DataFrame(
        {
            "window": [window.number for window in windows],
            "start": [window.start for window in windows],
            "end": [window.end for window in windows],
        }
    )
    keys = pd.concat([keys, segments.iloc[segment].reset_index(drop=True)], axis=1)
    counts = (hi - lo).tolist()
    notes = [w.note or ("" if n else "no rows") for w, n in zip(windows, counts, strict=True)]
    used = len(frame) if isinstance(rows, slice) else len(rows)
    return WindowGroups(keys, notes, rows, lo, hi, segment, segments, len(frame) - used)


def _segments(
    frame: pd.DataFrame, by: list[str], where: str
) -> tuple[np.ndarray | None, pd.DataFrame]:
    """Segment number of each row, or None for a single segment, and each segment's values."""
    if not by:
        return None, pd.DataFrame(index=[0])
    for name in by:
        if name not in frame.columns:
            raise ParameterError(unknown_name("column", name, frame.columns, where))
        if column_kind(frame[name])[0] == UNSUPPORTED:
            raise DataError(f"by= names {name!r}, which holds no plain values: leave it out.")
    codes = frame.groupby(by, sort=True, dropna=False, observed=True).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    if len(first) > MOST_SEGMENTS:
        raise ParameterError(
            f"by={by!r} makes {len(first):,} segments of {where}, more than {MOST_SEGMENTS:,}: "
            "use columns with fewer values, or bin them first."
        )
    return codes, frame[by].iloc[first].reset_index(drop=True)


def _shared(
    windows: list[Window], codes: np.ndarray | None, segments: int
) -> tuple[slice | np.ndarray, np.ndarray, np.ndarray]:
    """Rows and bounds of windows that do not overlap, the same for every segment."""
    if codes is None:
        hi = np.cumsum([window.rows for window in windows])
        single = len(windows) == 1 and isinstance(windows[0].index, slice)
        rows = (
            slice(None) if single else np.concatenate([np.arange(0), *(w.index for w in windows)])
        )
        return rows, np.append(0, hi[:-1])[: len(hi)], hi
    window_of = np.full(len(codes), -1)
    for window in windows:
        window_of[window.index] = window.number
    group = np.where(window_of < 0, -1, codes * len(windows) + window_of)
    rows = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[rows], np.arange(segments * len(windows) + 1))
    return rows[bounds[0] :], bounds[:-1] - bounds[0], bounds[1:] - bounds[0]


def _own(
    frame: pd.DataFrame,
    size: int,
    step: int | None,
    on: str | None,
    codes: np.ndarray | None,
    segments: int,
    where: str,
) -> tuple[slice | np.ndarray, np.ndarray, np.ndarray, list[tuple[int, Window]]]:
    """Rows and bounds of windows of a number of rows, counted within each segment."""
    order = slice(None) if on is None else split(frame, len(frame), None, on, where)[0].index
    if codes is not None:
        order = np.arange(len(frame))[order]
        order = order[np.argsort(codes[order], kind="stable")]
        sizes = np.bincount(codes[order], minlength=segments)
    else:
        sizes = [len(frame) if on is None else len(order)]
    groups, starts, ends, first = [], [], [], 0
    for number, rows in enumerate(sizes):
        windows = split(frame.iloc[:rows], size, step, None, where) if rows else []
        groups += [(number, window) for window in windows]
        starts += [first + window.start for window in windows]
        ends += [first + window.end for window in windows]
        first += int(rows)
    return order, np.array(starts, dtype=int), np.array(ends, dtype=int), groups
