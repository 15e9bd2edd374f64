"""Judge changes by units: days or customers whose rows have something in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driftlib.data.schema import NUMERIC
from driftlib.data.season import NO_SEASON, SeasonRule
from driftlib.data.units import TIME, unit_starts
from driftlib.drift.unit_lines import reason_of
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Profile
from driftlib.profile.units import SEVERAL, ProfileUnits, together
from driftlib.stats.seasons import degrees_lost, without_season
from driftlib.stats.unit_drift import compare_units
from driftlib.stats.units import Units, near_positions

# Bins of a number whose shares are tested beside its mean score.
WIDE_BINS = 10
# So many degrees of freedom 4 units a side leave.
LEAST_DEGREES = 6
_TOLD = ("p_value", "rank_p_value", "design_effect", "shape_p_value", "missing_p_value")


def judge_units(
    columns: Sequence[Column],
    before: Profile,
    after: Profile,
    rows: Mapping[str, np.ndarray],
    first: bool,
    part: float = 1.0,
    season: SeasonRule = NO_SEASON,
    by_itself: bool = False,
) -> dict[str, np.ndarray] | None:
    """Test every column with its rows in units.

    Parameters
    ----------
    columns : sequence of Column
        Those of `rows`, in their order.
    before, after : Profile
        On the same grid.
    rows : dict of array
        Statistics of each column with rows as independent: p_value, missing_p_value.
    first : bool
        Whether `before` is what the levels were listed from.
    part : float
        Which part of a unit `after` can be at the most.
    season : SeasonRule
        Where the two hold the same cells of a season.
    by_itself : bool
        Whether no column tells what the missing values of another are like.

    Returns
    -------
    dict of str to array, or None
        By column of `columns`: p_value, its parts shape_p_value and missing_p_value, rank_p_value,
        design_effect, units_reference, units_current and unseen_expected; NaN where nothing can be
        told. None where rows are their own units, or a side has no rows.
    """
    sides = _sides(before, after, season)
    if sides is None:
        return None
    was, now, here, there = sides.was, sides.now, sides.here, sides.there
    told, unseen = np.full((len(_TOLD), len(columns)), np.nan), np.full(len(columns), np.nan)
    judged = dict(zip(_TOLD, told, strict=True)) | {
        "units_reference": np.full(len(columns), len(here)),
        "units_current": np.full(len(columns), len(there) if part == 1 else part),
        "unseen_expected": unseen,
    }
    if sides.too_few(part) or sides.too_alone:
        return judged
    tested = ~np.isnan(rows["p_value"])
    numeric = np.array([column.kind == NUMERIC for column in columns], dtype=bool)
    of_numbers, of_levels = np.flatnonzero(tested & numeric), np.flatnonzero(tested & ~numeric)
    numbers, levels = (
        [columns[k] for k in of_numbers.tolist()],
        [columns[k] for k in of_levels.tolist()],
    )
    chosen = [*numbers, *levels]
    if not chosen:
        return judged
    names = [column.name for column in chosen]
    places = np.concatenate([of_numbers, of_levels])

    def cleaned(counted: list[np.ndarray]) -> np.ndarray:
        return without_season(counted, sides.course)

    counts = {c.name: cleaned([cell.counts(c.name) for cell in sides.cells]) for c in numbers}
    for place, column in zip(of_levels, levels, strict=True):
        alone = _levels_alone(column, was) if first and column.complete else None
        parts = [cell.with_unseen(column, alone) for cell in sides.cells]
        counts[column.name] = cleaned(parts)
        known = np.sum([part[: len(here)].sum(axis=0) for part in parts], axis=0)
        unseen[place] = float(known[-1] / max(1, known.sum()))
    missing = np.stack([cleaned([cell.missing(n) for cell in sides.cells])[:, 0] for n in names])
    every = np.concatenate([was.rows[here], now.rows[there]])
    units = Units(
        np.arange(len(here) + len(there)) >= len(here),
        near_positions(was.ids)[np.concatenate([here, there])],
        was.rule.memory,
        sides.lost,
    )
    drift = compare_units(
        units,
        _padded([counts[c.name] for c in numbers]),
        _padded([_wide(counts[c.name]) for c in numbers]),
        _padded([counts[c.name] for c in levels]),
        (missing, every, rows["missing_p_value"][places]),
        rows["p_value"][places],
        by_itself,
    )
    told[:, places] = [getattr(drift, name) for name in _TOLD]
    return judged


def few_alike(
    before: Profile, after: Profile, part: float = 1.0, season: SeasonRule = NO_SEASON
) -> str:
    """Say why units that would be enough are too few once they are compared like with like.

    Parameters
    ----------
    before, after, part, season
        As for `judge_units`.

    Returns
    -------
    str
        Empty where they are enough, or too few in any case.
    """
    sides = _sides(before, after, season)
    if sides is None or sides.too_few(part) or not sides.too_alone:
        return ""
    several = sides.was.rule.counted(len(sides.here) + len(sides.there))
    cells = season.counted(len(sides.cells))
    return f"{several} of both sides together are too few to compare by {cells}"


@dataclass(frozen=True)
class _Sides:
    """The units of both sides, and the cells of the season that they lie in.

    `here` and `there` are the places of those with rows; `course` is the day of the year of each,
    where a cell has a course of its own.
    """

    was: ProfileUnits
    now: ProfileUnits
    here: np.ndarray
    there: np.ndarray
    cells: list[_Cell]
    course: np.ndarray | None

    @cached_property
    def lost(self) -> float:
        """Degrees of freedom that the cells take from the units."""
        rows = [np.concatenate([c.was.rows[self.here], c.now.rows[self.there]]) for c in self.cells]
        return degrees_lost(rows, self.course)

    @property
    def too_alone(self) -> bool:
        """Whether the cells leave too little to tell how far units vary."""
        left = len(self.here) + len(self.there) - 2 - self.lost
        return bool(self.lost) and left < LEAST_DEGREES

    def too_few(self, part: float) -> str:
        """Why there are too few units whatever cells they are in; empty where there are enough."""
        now = len(self.there)
        return reason_of(self.was.rule, len(self.here), now if part == 1 or not now else part)


def _sides(before: Profile, after: Profile, season: SeasonRule) -> _Sides | None:
    """Put the units of two profiles side by side; None where there are none."""
    if before.units is None or after.units is None or not (before.rows and after.rows):
        return None
    was, now = together(before.units, after.units)
    here, there = np.flatnonzero(was.rows), np.flatnonzero(now.rows)
    cells = _cells(before, after, was, now, here, there)
    return _Sides(was, now, here, there, cells, _course(season, was, np.concatenate([here, there])))


@dataclass(frozen=True)
class _Cell:
    """The units of both sides, those of the reference first, in one cell of the season."""

    before: Profile
    was: ProfileUnits
    now: ProfileUnits
    here: np.ndarray
    there: np.ndarray

    def counts(self, name: str) -> np.ndarray:
        """Rows by unit and cell of the values."""
        sides = self.was.columns[name].cells[self.here], self.now.columns[name].cells[self.there]
        return np.concatenate(sides)

    def missing(self, name: str) -> np.ndarray:
        """Rows by unit without and with a value."""
        sides = ((self.was, self.here), (self.now, self.there))
        found = [
            np.column_stack([s.columns[name].missing, s.rows - s.columns[name].missing])[places]
            for s, places in sides
        ]
        return np.concatenate(found)

    def with_unseen(self, column: Column, alone: np.ndarray | None) -> np.ndarray:
        """Rows by unit and level, the last of them those of levels never seen.

        What a unit of the reference would find new is what it has `alone`: a level that occurs in
        no other unit was not seen by the others. So both sides are asked the same.
        """
        a, b = self.was.columns[column.name], self.now.columns[column.name]
        cells, unseen = a.cells, a.unlisted
        counts = self.before.columns[column.name]
        if alone is not None and isinstance(counts, CategoricalCounts):
            alone = alone[(counts.levels[alone] > 0) & (a.home[alone] > SEVERAL)]
            unit = self.was.ids.searchsorted(a.home[alone])
            taken = np.zeros_like(cells)
            np.add.at(taken, (unit, column.unit_cells[alone]), counts.levels[alone])
            # Some of those rows may be in no unit.
            taken = np.minimum(taken, cells)
            cells, unseen = cells - taken, unseen + taken.sum(axis=1)
        sides = np.column_stack([cells, unseen]), np.column_stack([b.cells, b.unlisted])
        return np.concatenate([sides[0][self.here], sides[1][self.there]])


def _cells(
    before: Profile,
    after: Profile,
    was: ProfileUnits,
    now: ProfileUnits,
    here: np.ndarray,
    there: np.ndarray,
) -> list[_Cell]:
    """Take the units of each cell of the season; without one all rows are one cell."""
    if not (before.cells and after.cells):
        return [_Cell(before, was, now, here, there)]
    found = []
    for cell, part in before.cells.items():
        old, new = part.units, after.cells[cell].units
        assert old is not None
        assert new is not None
        old, new = (side.folded(was.fold).on(was.ids) for side in (old, new))
        found.append(_Cell(part, old, new, here, there))
    return found


def _course(season: SeasonRule, units: ProfileUnits, places: np.ndarray) -> np.ndarray | None:
    """Day of the year of each unit, along which a month has a course of its own."""
    if season.kind != "month" or units.rule.kind != TIME:
        return None
    days = unit_starts(units.rule, units.ids, units.fold).day_of_year.to_numpy(dtype=float)
    return days[places]


def _levels_alone(column: Column, was: ProfileUnits) -> np.ndarray:
    """Places of the levels that one unit has, and no other."""
    return np.flatnonzero(was.columns[column.name].home > SEVERAL)


def _padded(parts: list[np.ndarray]) -> np.ndarray | None:
    """Put counts of several columns together as one array, None without any."""
    if not parts:
        return None
    wide = max(part.shape[1] for part in parts)
    return np.stack([np.pad(part, ((0, 0), (0, wide - part.shape[1]))) for part in parts])


def _wide(cells: np.ndarray) -> np.ndarray:
    """Rows by unit and bin: neighbouring cells put together into ten of about the same rows.

    The outermost cells, tails of the reference, stay by themselves.
    """
    inner = cells[:, 1:-1]
    total = inner.sum(axis=0)
    upto = np.cumsum(total) / max(1, total.sum())
    bins = np.minimum((upto * WIDE_BINS - 1e-9).astype(int), WIDE_BINS - 1)
    wide = np.zeros((len(cells), WIDE_BINS), dtype=cells.dtype)
    np.add.at(wide.T, np.maximum(bins, 0), inner.T)
    return np.column_stack([cells[:, :1], wide, cells[:, 1:][:, -1:]])
