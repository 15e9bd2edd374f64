"""Follow every column over a run of windows: what changed for good, and since when.

The reference is cut into windows by the same rule; how its windows vary says what a window may
look like without a change. Each column has a few scores a window: of numbers the mean normal
score and the shares of cells, of categories the shares of levels, of both the missing share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from driftlib.data.calendar import calendar_edges
from driftlib.data.cutters import ByCalendar
from driftlib.data.schema import COMPARABLE, NUMERIC
from driftlib.data.units import TIME, unit_starts
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Profile
from driftlib.profile.units import OWN_CELLS, UnitColumn
from driftlib.stats.dependence import arcsine
from driftlib.stats.unit_counts import normal_scores, score_sums
from driftlib.stats.watch import Streams, join

# Part of a column's evidence that each kind of score makes up.
MEAN_PART, CELLS_PART, LEVELS_PART, MISSING_PART = 0.5, 0.25, 0.75, 0.25
# Rarer cells than so many rows a window are put together.
LEAST_ROWS = 5.0
# Windows with less of the calendar than this are partial.
MOST_OF_A_WINDOW = 0.9

FEATURE = "feature"

# Of each column, a row of counts for every window.
Counted = Mapping[str, UnitColumn]


def count_windows(baseline: Baseline, profiles: Sequence[Profile]) -> Counted:
    """Count the windows of a run coarsely.

    Parameters
    ----------
    baseline : Baseline
        On whose grid they were counted.
    profiles : sequence of Profile
        One a window.

    Returns
    -------
    mapping of str to UnitColumn
        Of each column that is compared; its units are the windows.
    """
    return {
        name: _stacked([_of_profile(profile, column) for profile in profiles])
        for name, column in baseline.columns.items()
        if column.kind in COMPARABLE
    }


@dataclass(frozen=True)
class WindowUnits:
    """Which window each of the reference's units of time is in.

    Parameters
    ----------
    codes : int array, shape (units,)
    whole : bool array, shape (windows,)
        Whether the reference has all of the window.
    """

    codes: np.ndarray
    whole: np.ndarray

    def summed(self, column: UnitColumn) -> UnitColumn:
        """Add the counts of units up to those of whole windows.

        Parameters
        ----------
        column : UnitColumn

        Returns
        -------
        UnitColumn
        """
        summed = column.summed(self.codes, len(self.whole))
        return replace(
            summed,
            cells=summed.cells[self.whole],
            missing=summed.missing[self.whole],
            unlisted=summed.unlisted[self.whole],
        )


def count_reference_windows(baseline: Baseline, cutter: ByCalendar) -> Counted | None:
    """Count the windows of the reference from what a baseline keeps of its units of time.

    Parameters
    ----------
    baseline : Baseline
    cutter : ByCalendar
        What cuts the current data.

    Returns
    -------
    mapping of str to UnitColumn, or None
        None where the baseline keeps no counts by units of that time.
    """
    units, windows = baseline.reference_units, window_units(baseline, cutter)
    if units is None or windows is None:
        return None
    return {name: windows.summed(column) for name, column in units.columns.items()}


def window_units(baseline: Baseline, cutter: ByCalendar) -> WindowUnits | None:
    """Tell which window each of the reference's units of time is in.

    Parameters
    ----------
    baseline : Baseline
    cutter : ByCalendar
        What cuts the current data.

    Returns
    -------
    WindowUnits or None
        None where the baseline keeps no counts by units of that time.
    """
    units = baseline.reference_units
    if units is None or units.rule.kind != TIME or units.rule.column != cutter.on:
        return None
    if not len(units.ids):
        return None
    starts = unit_starts(units.rule, units.ids, units.fold)
    end = unit_starts(units.rule, units.ids[-1:] + 1, units.fold)[0]
    edges = calendar_edges(starts[0], starts[-1], cutter.size)
    codes = edges.searchsorted(starts, side="right") - 1
    length = len(edges) - 1
    if units.fold and len(starts) < 3 * length:
        # Units were put together to what is hardly shorter than a window.
        return None
    whole = np.ones(length, dtype=bool)
    # The reference may begin or end in the middle of a window.
    held = (edges[1] - starts[0]) / (edges[1] - edges[0])
    whole[0] = held >= MOST_OF_A_WINDOW
    whole[-1] &= (end - edges[-2]) / (edges[-1] - edges[-2]) >= MOST_OF_A_WINDOW
    return WindowUnits(codes, whole)


def windows_of(counted: Counted) -> int:
    """Tell how many windows hold rows.

    Parameters
    ----------
    counted : mapping of str to UnitColumn

    Returns
    -------
    int
    """
    return max((int((_rows(column) > 0).sum()) for column in counted.values()), default=0)


def streams_of(
    baseline: Baseline,
    before: Counted,
    after: Counted,
    excused: pd.DataFrame | None = None,
    alike: Mapping[str, np.ndarray] | None = None,
) -> Streams:
    """Score the windows of every column.

    Parameters
    ----------
    baseline : Baseline
    before, after : mapping of str to UnitColumn
        The reference's windows and those of the run.
    excused : pandas.DataFrame, optional
        window and feature of what is not judged.
    alike : mapping of str to float array, optional
        With a season, the reference's rows of each column by its cells, a row for each cell of the
        season: rows vary within those alone.

    Returns
    -------
    Streams
        Their subjects are the baseline's comparable columns, in order.
    """
    parts = []
    for name in followed(baseline):
        rows = None if alike is None else alike[name]
        part = _column_streams(baseline.columns[name], before[name], after[name], rows)
        if excused is not None:
            numbers = excused.loc[excused["feature"] == name, "window"].to_numpy(int)
            part.current[numbers] = np.nan
        parts.append(part)
    return join(parts)


def followed(baseline: Baseline) -> list[str]:
    """List the columns that are followed.

    Parameters
    ----------
    baseline : Baseline

    Returns
    -------
    list of str
    """
    return [name for name, column in baseline.columns.items() if column.kind in COMPARABLE]


def _of_profile(profile: Profile, column: Column) -> UnitColumn:
    """Coarse counts of all rows of a profile: as one unit, where it knows of units."""
    if profile.units is not None:
        own = profile.units.columns[column.name]
        return own.summed(np.zeros(len(own.missing), dtype=int), 1)
    counts = profile.columns[column.name]
    cells, unlisted = column.bins(counts), 0
    if isinstance(counts, CategoricalCounts):
        places = column.unit_cells
        cells = np.bincount(places, cells, int(places.max(initial=-1)) + 1).astype(np.int64)
        unlisted = counts.unlisted if column.complete else 0
    return UnitColumn(cells[None], np.array([counts.missing]), np.array([unlisted]))


def _stacked(windows: Sequence[UnitColumn]) -> UnitColumn:
    return UnitColumn(
        np.concatenate([window.cells for window in windows]),
        np.concatenate([window.missing for window in windows]),
        np.concatenate([window.unlisted for window in windows]),
    )


def _rows(column: UnitColumn) -> np.ndarray:
    return np.asarray(column.cells.sum(axis=1) + column.missing + column.unlisted)


def _column_streams(
    column: Column, before: UnitColumn, after: UnitColumn, alike: np.ndarray | None = None
) -> Streams:
    if column.kind == NUMERIC:
        cells = _common(before.cells, after.cells)
        parts = [
            _mean_score(before, after, alike),
            _share_streams(cells, _of_all(cells), CELLS_PART),
        ]
    else:
        levels = _levels(column, before, before), _levels(column, before, after)
        parts = [_share_streams(levels, _of_all(levels), LEVELS_PART)]
    # Labels come late: their absence says nothing about the data.
    if column.role == FEATURE:
        hits = [side.missing[:, None] for side in (before, after)]
        rows = [_rows(side)[:, None] for side in (before, after)]
        parts.append(_share_streams(hits, rows, MISSING_PART))
    joined = join(parts)
    return replace(joined, subject=np.zeros_like(joined.subject))


def _mean_score(before: UnitColumn, after: UnitColumn, alike: np.ndarray | None = None) -> Streams:
    """Mean normal score of each window, by the reference's order of values."""
    total = before.cells.sum(axis=0)
    scores = normal_scores(total)
    n, own, _ = score_sums(before.cells, scores)
    rows, sums, _ = score_sums(after.cells, scores)
    known, whole, squares = score_sums(total[None] if alike is None else alike, scores)
    within = (squares - whole**2 / np.maximum(known, 1)).sum() / max(1.0, known.sum())
    # A column without any spread has no mean to follow.
    spread = within > 1e-12
    sides = [np.where((r > 0) & spread, s / np.maximum(r, 1), np.nan) for s, r in
             ((own, n), (sums, rows))]  # fmt: skip
    return Streams(
        sides[0][:, None], sides[1][:, None], n[:, None], rows[:, None],
        np.array([max(within, 0.0)]), np.zeros(1, dtype=int), np.array([MEAN_PART]),
    )  # fmt: skip


def _share_streams(hits: Sequence[np.ndarray], rows: Sequence[np.ndarray], part: float) -> Streams:
    """Shares of hits among rows, of the reference's windows and of the run's."""
    n, m = (np.broadcast_to(r, x.shape).astype(float) for x, r in zip(hits, rows, strict=True))
    known, scores = (
        np.where(r > 0, arcsine(x, r), np.nan) for x, r in zip(hits, (n, m), strict=True)
    )
    streams = n.shape[1]
    return Streams(
        known, scores, n, m, np.full(streams, 0.25), np.zeros(streams, dtype=int),
        np.full(streams, part / max(1, streams)),
    )  # fmt: skip


def _of_all(sides: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [side.sum(axis=1, keepdims=True) for side in sides]


def _common(before: np.ndarray, after: np.ndarray) -> list[np.ndarray]:
    """Cells of both sides, the rare ones put together."""
    windows = max(1, int((before.sum(axis=1) > 0).sum()))
    rare = before.sum(axis=0) < LEAST_ROWS * windows
    if not rare.any():
        return [before, after]
    return [
        np.column_stack([side[:, ~rare], side[:, rare].sum(axis=1)]) for side in (before, after)
    ]


def _levels(column: Column, reference: UnitColumn, side: UnitColumn) -> np.ndarray:
    """Rows of the common levels, and of all others with those never seen before.

    Levels that the reference has by chance alone are rarer in later data, which have new ones
    in their place: together they stay as common.
    """
    windows = max(1, int((reference.cells.sum(axis=1) > 0).sum()))
    own = reference.cells.sum(axis=0) >= LEAST_ROWS * windows
    if column.complete and len(column.levels) > len(own):
        # The cells that several levels share.
        own[OWN_CELLS:] = False
    return np.column_stack([side.cells[:, own], side.cells[:, ~own].sum(axis=1) + side.unlisted])
