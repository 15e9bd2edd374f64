"""Judge changes by units: days or customers whose rows have something in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.data.schema import NUMERIC
from driftlib.data.unit_words import UnitNumber, too_few, units_in_words
from driftlib.data.units import ABSENT, UnitRule
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Profile
from driftlib.profile.units import SEVERAL, ProfileUnits, UnitColumn, together
from driftlib.stats.unit_drift import compare_units
from driftlib.stats.units import Units, near_positions

# Bins of a number whose shares are tested beside its mean score.
WIDE_BINS = 10


@dataclass(frozen=True)
class UnitJudgement:
    """What the units say of every column of a comparison.

    Parameters
    ----------
    table : pandas.DataFrame
        p_value, rank_p_value and design_effect by feature; units_reference and units_current.
    cannot_tell : str
        Why nothing can be told; empty where it can.
    """

    table: pd.DataFrame
    cannot_tell: str = ""


def reasons_of(table: pd.DataFrame, rule: UnitRule) -> list[str]:
    """Say for rows of a result's table why nothing could be told.

    Parameters
    ----------
    table : pandas.DataFrame
        With units_reference and units_current.
    rule : UnitRule
        What a unit is.

    Returns
    -------
    list of str
        Empty texts where it could.
    """
    sides = table[["units_reference", "units_current"]].fillna(0)
    return [too_few(rule, a, b) for a, b in sides.itertuples(index=False)]


def first_reason(table: pd.DataFrame, rule: UnitRule) -> str | None:
    """Say why nothing could be told in some row of a result's table.

    Parameters
    ----------
    table : pandas.DataFrame
        With units_reference and units_current.
    rule : UnitRule
        What a unit is.

    Returns
    -------
    str or None
        The first reason; None where all could be told.
    """
    sides = table[["units_reference", "units_current"]].drop_duplicates()
    return next(filter(None, reasons_of(sides, rule)), None)


def judge_units(
    columns: Sequence[Column],
    before: Profile,
    after: Profile,
    rows: pd.DataFrame,
    first: bool,
    part: float = 1.0,
) -> UnitJudgement | None:
    """Test every column with its rows in units.

    Parameters
    ----------
    columns : sequence of Column
        Those of `rows`, in its order.
    before, after : Profile
        On the same grid.
    rows : pandas.DataFrame
        Statistics of each column with rows as independent: p_value, missing_p_value.
    first : bool
        Whether `before` is what the levels were listed from.
    part : float
        Which part of a unit `after` can be at the most.

    Returns
    -------
    UnitJudgement or None
        None where rows are their own units, or a side has no rows.
    """
    if before.units is None or after.units is None:
        return None
    was, now = together(before.units, after.units)
    here, there = np.flatnonzero(was.rows), np.flatnonzero(now.rows)
    if not (len(here) and len(there)):
        return None
    units = Units(
        np.arange(len(here) + len(there)) >= len(here),
        near_positions(was.ids)[np.concatenate([here, there])],
        was.rule.memory,
    )
    table = pd.DataFrame(
        {"units_reference": len(here), "units_current": len(there) if part == 1 else part},
        index=rows.index,
    )
    table[["p_value", "rank_p_value", "design_effect", "unseen_expected"]] = np.nan
    reason = too_few(was.rule, len(here), len(there) if part == 1 else part)
    if reason:
        return UnitJudgement(table, reason)
    tested = rows["p_value"].notna().to_numpy()
    numbers = [c for c, t in zip(columns, tested, strict=True) if t and c.kind == NUMERIC]
    levels = [c for c, t in zip(columns, tested, strict=True) if t and c.kind != NUMERIC]
    chosen = [*numbers, *levels]
    if not chosen:
        return UnitJudgement(table)
    names = [column.name for column in chosen]
    cells = {c.name: _side_by_side(c, was, now, here, there) for c in numbers}
    for column in levels:
        counts, expected = _with_unseen(column, before, was, now, here, there, first)
        cells[column.name] = counts
        table.loc[column.name, "unseen_expected"] = expected
    missing = np.stack([_missing(was, now, here, there, name) for name in names])
    every = np.concatenate([was.rows[here], now.rows[there]])
    drift = compare_units(
        units,
        _padded([cells[c.name] for c in numbers]),
        _padded([_wide(cells[c.name]) for c in numbers]),
        _padded([cells[c.name] for c in levels]),
        (missing, every, rows.loc[names, "missing_p_value"].to_numpy(float)),
        rows.loc[names, "p_value"].to_numpy(float),
    )
    table.loc[names, "p_value"] = drift.p_value
    table.loc[names, "rank_p_value"] = drift.rank_p_value
    table.loc[names, "design_effect"] = drift.design_effect
    return UnitJudgement(table)


def _side_by_side(
    column: Column, was: ProfileUnits, now: ProfileUnits, here: np.ndarray, there: np.ndarray
) -> np.ndarray:
    sides = was.columns[column.name].cells[here], now.columns[column.name].cells[there]
    return np.concatenate(sides)


def _missing(
    was: ProfileUnits, now: ProfileUnits, here: np.ndarray, there: np.ndarray, name: str
) -> np.ndarray:
    return np.concatenate([was.columns[name].missing[here], now.columns[name].missing[there]])


def _with_unseen(
    column: Column,
    before: Profile,
    was: ProfileUnits,
    now: ProfileUnits,
    here: np.ndarray,
    there: np.ndarray,
    first: bool,
) -> tuple[np.ndarray, float]:
    """Rows by unit and level, the last of them those of levels never seen, and their share.

    What a unit of the reference would find new is what it has alone: a level that occurs in no
    other unit was not seen by the others. So both sides are asked the same.
    """
    a, b = was.columns[column.name], now.columns[column.name]
    cells, alone = (
        _left_one_out(column, before, was, a)
        if first and column.complete
        else (a.cells, a.unlisted)
    )
    sides = [np.column_stack([cells, alone])[here], np.column_stack([b.cells, b.unlisted])[there]]
    known = max(1, int(sides[0].sum()))
    return np.concatenate(sides), float(sides[0][:, -1].sum() / known)


def _left_one_out(
    column: Column, before: Profile, was: ProfileUnits, counted: UnitColumn
) -> tuple[np.ndarray, np.ndarray]:
    """Rows by unit and level without those that no other unit has, and those."""
    counts = before.columns[column.name]
    assert isinstance(counts, CategoricalCounts)
    alone = np.flatnonzero((counted.home > SEVERAL) & (counts.levels > 0))
    unit = was.ids.searchsorted(counted.home[alone])
    cell, rows = column.unit_cells[alone], counts.levels[alone]
    taken = np.zeros_like(counted.cells)
    np.add.at(taken, (unit, cell), rows)
    # Some of those rows may be in no unit.
    taken = np.minimum(taken, counted.cells)
    return counted.cells - taken, counted.unlisted + taken.sum(axis=1)


def _padded(parts: list[np.ndarray]) -> np.ndarray | None:
    """Put counts of several columns together as one array, None without any."""
    if not parts:
        return None
    wide = max(part.shape[1] for part in parts)
    return np.stack([np.pad(part, ((0, 0), (0, wide - part.shape[1]))) for part in parts])


def _wide(cells: np.ndarray) -> np.ndarray:
    """Rows by unit and bin: neighbouring cells put together into ten of about the same rows."""
    total = cells.sum(axis=0)
    upto = np.cumsum(total) / max(1, total.sum())
    bins = np.minimum((upto * WIDE_BINS - 1e-9).astype(int), WIDE_BINS - 1)
    wide = np.zeros((len(cells), WIDE_BINS), dtype=cells.dtype)
    np.add.at(wide.T, np.maximum(bins, 0), cells.T)
    return wide


def unit_line(
    rule: UnitRule, profiles: Sequence[ProfileUnits | None], effect: float = np.nan
) -> str:
    """Say in one line what a unit is, how many there are, and how strongly rows belong together.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    profiles : sequence of ProfileUnits or None
        Of the reference, then of the current data.
    effect : float
        Median design effect; NaN where there is none.

    Returns
    -------
    str
    """
    names = ("the reference", "the current data")
    sides = {
        name: None if side is None else _number_of(side)
        for name, side in zip(names, profiles, strict=False)
    }
    return units_in_words(rule, sides, effect)


def _number_of(units: ProfileUnits) -> UnitNumber:
    absent = bool((units.ids == ABSENT >> units.fold).any())
    return UnitNumber(len(units.ids), units.outside, bool(units.fold), absent)
