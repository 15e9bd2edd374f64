"""Group rows by segment and window, laid end to end so that each group is a run of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.by_rows import ByRows
from driftlib.data.calendar import read_offset
from driftlib.data.cutters import Rows, Window
from driftlib.data.levels import group_values, level_text
from driftlib.data.schema import UNSUPPORTED, column_kind
from driftlib.data.windows import choose_cutter, split
from driftlib.errors import DataError, ParameterError
from driftlib.lazily import pd
from driftlib.text import quoted, unknown_name

MOST_SEGMENTS = 1_000


@dataclass(frozen=True)
class WindowGroups:
    """Groups of rows: one for each segment and window.

    Parameters
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
        Rows in no window, for want of a value of the window column or of times near it.
    """

    keys: pd.DataFrame
    notes: list[str]
    rows: Rows
    lo: np.ndarray
    hi: np.ndarray
    segment: np.ndarray
    segments: pd.DataFrame
    left_out: int


def window_groups(
    frame: pd.DataFrame,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    where: str = "current",
    time_format: str | None = None,
) -> WindowGroups:
    """Group the rows of a frame by segment and window.

    Windows by calendar or by the values of a column are those of the whole frame, the same for
    every segment; windows of a number of rows count each segment's own rows.

    Parameters
    ----------
    frame : pandas.DataFrame
    window : int or str, optional
        A number of rows, the name of a column, or a pandas offset on the time column; see
        `driftlib.data.windows.choose_cutter`. None for one window of all rows.
    step : int, optional
        Rows from one window's start to the next; only with a number of rows.
    on : str, optional
        The time column.
    by : str or list of str, optional
        Segment columns; rows without a value form a segment of their own.
    where : str
        What to call the frame in an error.
    time_format : str, optional
        How the time column is written: see `driftlib.data.times.as_times`.

    Returns
    -------
    WindowGroups

    Raises
    ------
    DriftlibError
        If windows cannot be made, or a segment column does not exist or has too many values.

    Examples
    --------
    >>> frame = pd.DataFrame({"carrier": ["AA", "UA", "AA", "AA"]})
    >>> groups = window_groups(frame, window=2, by=["carrier"])
    >>> groups.keys.assign(note=groups.notes)
       window  start  end carrier                note
    0       0      0    2      AA
    1       1      2    3      AA  partial: 1 of 2 rows
    2       0      0    1      UA  partial: 1 of 2 rows
    """
    cutter = choose_cutter(window, step, on, frame.columns, where, time_format)
    names = segment_columns(by, frame.columns, where)
    codes, segments = segments_of(frame, names, where)
    if isinstance(cutter, ByRows) and cutter.size is not None:
        order = cutter.order(frame, where)
        rows, lo, hi, groups = _own(frame, cutter, order, codes, len(segments))
    else:
        windows = split(frame, window, step, on, where, time_format)
        rows, lo, hi = _shared(windows, codes, len(segments), len(frame))
        groups = [(number, window) for number in range(len(segments)) for window in windows]
    if not groups:
        column = window if cutter.on is None else cutter.on
        raise DataError(f"{where} column {column!r} has no value in any row: there are no windows.")
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


def segment_columns(
    by: str | Iterable[str] | None,
    columns: Iterable[str],
    where: str = "current",
    taken: Collection[str] = (),
) -> list[str]:
    """Read a `by` argument: the names of segment columns.

    Parameters
    ----------
    by : str or list of str, optional
    columns : iterable of str
        Columns of the table.
    where : str
        What to call the table in an error.
    taken : collection of str
        Names that the result's table has for something else.

    Returns
    -------
    list of str
        Each name once.

    Raises
    ------
    ParameterError
        If a name is no column, or taken. A length of time is told where it belongs.

    Examples
    --------
    >>> segment_columns("carrier", ["carrier", "dest"])
    ['carrier']
    """
    known = list(columns)
    names = [by] if isinstance(by, str) else list(dict.fromkeys(by or ()))
    for name in names:
        if name in known:
            continue
        if isinstance(name, str) and read_offset(name) is not None:
            raise ParameterError(
                f"by= takes segment columns, and {where} has no column {name!r} (it has: "
                f"{quoted(known)}): a length of time goes into window=."
            )
        raise ParameterError(unknown_name("column", name, known, where))
    if clash := [name for name in names if name in taken]:
        raise ParameterError(
            f"by= names {quoted(clash)}, which the table has a column of its own for: rename it."
        )
    return names


def segments_of(
    frame: pd.DataFrame, names: list[str], where: str = "current"
) -> tuple[np.ndarray | None, pd.DataFrame]:
    """Tell the segment of each row of a frame.

    Parameters
    ----------
    frame : pandas.DataFrame
    names : list of str
        Segment columns.
    where : str
        What to call the frame in an error.

    Returns
    -------
    codes : int array or None
        Segment's number of each row; None without segment columns.
    segments : pandas.DataFrame
        Values of the segment columns, a row per segment, in their order.

    Raises
    ------
    DriftlibError
        If a column holds no plain values, or there are more than 1,000 segments.
    """
    if not names:
        return None, pd.DataFrame(index=[0])
    for name in names:
        if column_kind(frame[name])[0] == UNSUPPORTED:
            raise DataError(f"by= names {name!r}, which holds no plain values: leave it out.")
    values = frame[names].assign(**{name: group_values(frame[name]) for name in names})
    codes = values.groupby(names, sort=True, dropna=False, observed=True).ngroup().to_numpy()
    _, first = np.unique(codes, return_index=True)
    check_segments(len(first), names, where)
    return codes, values.iloc[first].reset_index(drop=True)


def check_segments(number: int, names: list[str], where: str) -> None:
    """Raise a `ParameterError` where there are more segments than anybody reads.

    Parameters
    ----------
    number : int
        How many there are.
    names : list of str
        The segment columns.
    where : str
        What to call the table.
    """
    if number > MOST_SEGMENTS:
        raise ParameterError(
            f"by={names!r} makes {number:,} segments of {where}, more than {MOST_SEGMENTS:,}: "
            "use columns with fewer values, or bin them first."
        )


def match_segments(groups: WindowGroups, reference: WindowGroups) -> np.ndarray:
    """Find the reference's group for the segment of each group.

    Parameters
    ----------
    groups, reference : WindowGroups
        Of the same segment columns; the reference is one window.

    Returns
    -------
    int array, shape (groups,)
        Number of the reference's group, -1 for a segment that the reference does not have.

    Examples
    --------
    >>> known = window_groups(pd.DataFrame({"shop": ["A", "B"]}), by=["shop"])
    >>> found = window_groups(pd.DataFrame({"shop": ["B", "C", "B", "C"]}), by=["shop"])
    >>> match_segments(found, known).tolist()
    [1, -1]
    """
    place = {
        segment_key(values): number for number, values in enumerate(reference.segments.to_numpy())
    }
    numbers = [place.get(segment_key(values), -1) for values in groups.segments.to_numpy()]
    return np.array(numbers, dtype=int)[groups.segment]


def segment_key(values: Iterable[Any]) -> tuple[str | None, ...]:
    """Write a segment's values as text, to find the same segment in another table.

    Parameters
    ----------
    values : iterable
        Of the segment columns; in another file, a number may be text.

    Returns
    -------
    tuple of str
        None where a value is missing.

    Examples
    --------
    >>> segment_key([1.0, "EU", None, np.nan])
    ('1', 'EU', None, None)
    """
    return tuple(None if pd.isna(value) else level_text(value) for value in values)


def name_segments(subjects: pd.Series, table: pd.DataFrame, by: Iterable[str]) -> pd.Series:
    """Say of each subject which segment it is of.

    Parameters
    ----------
    subjects : pandas.Series of str
        A feature or metric for each row of the table, with its index.
    table : pandas.DataFrame
        Has the segment columns.
    by : iterable of str
        The segment columns.

    Returns
    -------
    pandas.Series of str
        As they are where there are no segment columns.

    Examples
    --------
    >>> table = pd.DataFrame({"metric": ["f1"], "shop": ["A"], "new": [True]})
    >>> name_segments(table["metric"], table, ["shop", "new"]).tolist()
    ['f1 where shop = A and new = True']
    """
    for number, name in enumerate(by):
        subjects = subjects + f" {'and' if number else 'where'} {name} = " + table[name].astype(str)
    return subjects


def _shared(
    windows: list[Window], codes: np.ndarray | None, segments: int, rows: int
) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Rows and bounds of windows that do not overlap, the same for every segment."""
    if codes is None:
        hi = np.cumsum([window.rows for window in windows], dtype=int)
        if len(windows) == 1 and windows[0].rows == rows:
            return slice(None), hi - rows, hi
        numbers = np.arange(rows)
        order = np.concatenate([numbers[:0], *(numbers[window.index] for window in windows)])
        return order, np.append(0, hi[:-1])[: len(hi)], hi
    window_of = np.full(len(codes), -1)
    for window in windows:
        window_of[window.index] = window.number
    group = np.where(window_of < 0, -1, codes * len(windows) + window_of)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(segments * len(windows) + 1))
    return order[bounds[0] :], bounds[:-1] - bounds[0], bounds[1:] - bounds[0]


def _own(
    frame: pd.DataFrame,
    cutter: ByRows,
    order: Rows,
    codes: np.ndarray | None,
    segments: int,
) -> tuple[Rows, np.ndarray, np.ndarray, list[tuple[int, Window]]]:
    """Rows and bounds of windows of a number of rows, counted within each segment."""
    if codes is not None:
        places = np.arange(len(frame))[order]
        places = order = places[np.argsort(codes[places], kind="stable")]
        sizes = np.bincount(codes[places], minlength=segments).tolist()
    else:
        sizes = [len(frame) if isinstance(order, slice) else len(order)]
    groups, starts, ends, first = [], [], [], 0
    for number, rows in enumerate(sizes):
        windows = cutter.spans(rows) if rows else []
        groups += [(number, window) for window in windows]
        starts += [first + window.start for window in windows]
        ends += [first + window.end for window in windows]
        first += rows
    return order, np.array(starts, dtype=int), np.array(ends, dtype=int), groups
