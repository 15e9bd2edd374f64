"""Count profiles of windows and segments in one pass over a table, and take references apart."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np

from driftlib.data.batches import Batch, Source
from driftlib.data.by_rows import ByRows
from driftlib.data.cutters import Cutter, Window
from driftlib.data.groups import check_segments, name_segments, segment_key, segments_of
from driftlib.data.opening import read_frame
from driftlib.data.paths import is_path
from driftlib.data.sources import Memory
from driftlib.data.windows import positions
from driftlib.errors import DataError, ParameterError
from driftlib.lazily import pd
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import refer_to
from driftlib.text import quoted, unknown_name

MOST_WINDOWS = 10_000
Segment = tuple[Any, ...]


@dataclass(frozen=True)
class ProfileGroups:
    """Profiles of the windows of each segment; made by `profile_groups`.

    Parameters
    ----------
    segments : mapping of tuple to list of (Window, Profile)
        By the values of the segment columns, None where one is missing; without segment columns
        all rows are one segment, `()`. Windows by calendar or value are the same in all.
    left_out : int
        Rows in no window.
    cutter : Cutter
        What cut the windows, and knows what they depend on.
    """

    segments: Mapping[Segment, list[tuple[Window, Profile]]]
    left_out: int
    cutter: Cutter = field(default_factory=ByRows, repr=False)


def profile_groups(
    baseline: Baseline, source: Source, cutter: Cutter, by: Sequence[str] = ()
) -> ProfileGroups:
    """Count the profile of every window of every segment.

    Parameters
    ----------
    baseline : Baseline
    source : Source
        Read once; windows by calendar first take a look at their column alone. Windows of a
        number of rows, in the order of a column or within segments, need a source in memory.
    cutter : Cutter
    by : sequence of str
        Segment columns.

    Returns
    -------
    ProfileGroups

    Raises
    ------
    DriftlibError
        If a file has none of the features or lacks a column, rows have no order, or there are too
        many windows or segments.
    """
    needed = [name for name in (cutter.on, *by) if name is not None]
    for header in source.headers:
        baseline.check_features(header.names, header.where)
        for name in needed:
            if name not in header.names:
                raise ParameterError(unknown_name("column", name, header.names, header.where))
    known = {name for header in source.headers for name in header.names}
    columns = [name for name in baseline.read if name in known]
    columns = list(dict.fromkeys([*columns, *needed]))
    cutter = cutter.over(source)
    count = partial(_count, baseline=baseline, cutter=cutter, by=tuple(by))
    counted = source.total(count, columns)
    pieces: dict[Segment, dict[Hashable, Profile]] = {}
    everywhere: dict[Hashable, int] = {}
    for (segment, piece), profile in counted.profiles.items():
        pieces.setdefault(segment, {})[piece] = profile
        everywhere[piece] = everywhere.get(piece, 0) + profile.rows
    if not pieces:
        raise DataError(
            f"{source.name} column {cutter.on!r} has no value in any row: there are no windows."
        )
    check_segments(len(pieces), list(by), source.name)
    nothing = baseline.profile_frame(pd.DataFrame(columns=columns, dtype=object))
    empty = replace(nothing, notes=source.notes)
    segments = {}
    for segment in _in_order(pieces, by, source):
        own = pieces[segment]
        within = isinstance(cutter, ByRows) and cutter.size is not None
        rows = {piece: profile.rows for piece, profile in own.items()} if within else everywhere
        segments[segment] = [
            _take(window, [own[piece] for piece in parts if piece in own], empty)
            for window, parts in cutter.windows(rows)
        ]
    inside = sum(everywhere.values())
    return ProfileGroups(segments, counted.rows - inside, cutter)


def segment_baselines(
    reference: Any, baseline: Baseline, by: Sequence[str], segments: Sequence[Segment]
) -> dict[Segment, Baseline] | None:
    """Take the reference apart: for each segment the baseline that its own rows make.

    Parameters
    ----------
    reference : frame, table, dataset, path, Dask or Spark DataFrame, or Baseline
    baseline : Baseline
        Fitted to all of the reference: every segment is counted on its grid.
    by : sequence of str
        Segment columns.
    segments : sequence of tuple
        The segments that are wanted.

    Returns
    -------
    dict of tuple to Baseline, or None
        Without rows for a segment that the reference does not have. None where the reference
        cannot be taken apart: it is a baseline, or has no such columns.
    """
    if isinstance(reference, Baseline) or (
        is_path(reference) and str(reference).lower().endswith(".json")
    ):
        return None
    source = baseline.open(reference, "reference", "the reference")
    if not all(name in header.names for header in source.headers for name in by):
        return None
    found = profile_groups(baseline, source, ByRows(), by).segments
    nothing = baseline.profile_frame(pd.DataFrame(columns=list(baseline.columns), dtype=object))
    profiles = {segment_key(segment): windows[0][1] for segment, windows in found.items()}
    return {
        segment: refer_to(baseline, profiles.get(segment_key(segment), nothing))
        for segment in segments
    }


def compared_baseline(
    baseline: Baseline, by: Sequence[str], followed: Collection[str | None] = ()
) -> Baseline:
    """Leave out of a baseline what tells rows apart, and so is not compared.

    Parameters
    ----------
    baseline : Baseline
    by : sequence of str
        Segment columns.
    followed : collection of str
        Columns that windows follow; predictions and the target are compared all the same.

    Returns
    -------
    Baseline

    Raises
    ------
    ParameterError
        If no feature is left.
    """
    columns = {
        name: column
        for name, column in baseline.columns.items()
        if name not in by and (name not in followed or column.role != "feature")
    }
    if len(columns) == len(baseline.columns):
        return baseline
    if not any(column.role == "feature" for column in columns.values()):
        raise ParameterError(
            f"no feature is left to compare: {quoted(baseline.features)} tells windows or segments "
            "apart. Name another column, or more features."
        )
    return replace(baseline, columns=columns)


def subjects_of(table: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Say what each row of a table is about.

    Parameters
    ----------
    table : pandas.DataFrame
        With the segment columns; `feature` is a column or the index.
    by : sequence of str
        Segment columns.

    Returns
    -------
    pandas.Series of str

    Examples
    --------
    >>> table = pd.DataFrame({"feature": ["x"], "region": ["EU"], "new": [True]})
    >>> subjects_of(table, ["region", "new"]).tolist()
    ['x where region = EU and new = True']
    """
    features = table["feature"] if "feature" in table else table.index.to_series()
    return name_segments(features.astype(str).set_axis(table.index), table, by)


def stack_segments(
    tables: Mapping[Segment, pd.DataFrame], by: Sequence[str], place: int
) -> pd.DataFrame:
    """Put the tables of segments under one another.

    Parameters
    ----------
    tables : mapping of tuple to pandas.DataFrame
        By the values of the segment columns.
    by : sequence of str
        Names of the segment columns.
    place : int
        Where they go among the columns.

    Returns
    -------
    pandas.DataFrame
        Rows numbered anew.
    """
    table = pd.concat(list(tables.values()), ignore_index=True)
    for number, name in enumerate(by):
        values = [segment[number] for segment, part in tables.items() for _ in range(len(part))]
        table.insert(place + number, name, values)
    return table


def ordered_source(
    source: Source, baseline: Baseline, data: Any, cutter: Cutter, by: Sequence[str]
) -> Source:
    """Read a table into memory where its windows need all rows at once.

    Parameters
    ----------
    source : Source
        As `data` was opened.
    baseline : Baseline
        How columns of CSV files are to be read.
    data : frame, table, dataset, path, Dask or Spark DataFrame
    cutter : Cutter
    by : sequence of str
        Segment columns.

    Returns
    -------
    Source
        In memory for windows of a number of rows in the order of a column, or within segments.

    Raises
    ------
    ParameterError
        If the rows are on a cluster, where they have no order.
    """
    whole = isinstance(cutter, ByRows) and cutter.size is not None and (cutter.on or by)
    if not whole or isinstance(source, Memory):
        return source
    cutter.over(source)
    return Memory(source.name, read_frame(data, "current", baseline.as_written))


@dataclass(frozen=True)
class _Counted:
    """Profiles by segment and piece of a window; those of two batches add."""

    rows: int
    profiles: Mapping[tuple[Segment, Hashable], Profile]

    def __add__(self, other: _Counted) -> _Counted:
        profiles = dict(self.profiles)
        for key, profile in other.profiles.items():
            profiles[key] = profiles[key] + profile if key in profiles else profile
        _check_number(len(profiles))
        return _Counted(self.rows + other.rows, profiles)


def _count(batch: Batch, baseline: Baseline, cutter: Cutter, by: Sequence[str]) -> _Counted:
    frame = batch.frame
    segment_codes, segments = segments_of(frame, list(by), batch.where)
    codes, pieces = cutter.codes(batch, segment_codes)
    keys: list[tuple[Segment, Hashable]] = [((), piece) for piece in pieces]
    if segment_codes is not None:
        values = [_plain(row) for row in segments.itertuples(index=False, name=None)]
        codes = np.where(codes < 0, -1, segment_codes * len(pieces) + codes)
        occurring = np.unique(codes[codes >= 0])
        codes = np.where(codes < 0, -1, occurring.searchsorted(codes))
        places = (divmod(number, len(pieces)) for number in occurring.tolist())
        keys = [(values[segment], pieces[piece]) for segment, piece in places]
    _check_number(len(keys))
    sizes = np.bincount(codes[codes >= 0], minlength=len(keys)).tolist()
    profiles = {}
    for key, rows, size in zip(keys, positions(codes, len(keys)), sizes, strict=True):
        part = frame if size == len(frame) else frame.iloc[rows]
        profiles[key] = baseline.profile_frame(part, batch.where, batch.threads)
    return _Counted(len(frame), profiles)


def _plain(values: Segment) -> Segment:
    """Values of segment columns, every missing one None: those of two batches are then alike."""
    return tuple(None if pd.isna(value) else value for value in values)


def _check_number(windows: int) -> None:
    if windows > MOST_WINDOWS:
        raise ParameterError(
            f"there would be more than {MOST_WINDOWS:,} windows: use longer ones, or a column "
            "with fewer values."
        )


def _in_order(segments: Mapping[Segment, Any], by: Sequence[str], source: Source) -> list[Segment]:
    """Segments in the order of their values; that of a pandas category where it is in memory."""
    found = list(segments)
    if not by:
        return found
    table = pd.DataFrame(found, columns=list(by))
    for name in by:
        dtype = source.frame[name].dtype if isinstance(source, Memory) else None
        if isinstance(dtype, pd.CategoricalDtype):
            table[name] = table[name].astype(dtype)
    numbers = table.groupby(list(by), sort=True, dropna=False, observed=True).ngroup()
    return [found[place] for place in np.argsort(numbers.to_numpy(), kind="stable")]


def _take(window: Window, parts: list[Profile], empty: Profile) -> tuple[Window, Profile]:
    """Take the rows of a window that are in one segment, with their profile."""
    profile = replace(reduce(add, parts), notes=empty.notes) if parts else empty
    note = window.note or ("" if profile.rows else "no rows of this segment")
    return replace(window, rows=profile.rows, note=note), profile
