"""Write the reference's counts in each cell of a season as JSON, and read them back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from driftlib.data.schema import NUMERIC
from driftlib.data.season import KINDS, MOST_CELLS, NO_SEASON, SeasonRule
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile
from driftlib.profile.storage import (
    check_column,
    counts_from_dict,
    counts_to_dict,
    units_from_dict,
    units_to_dict,
    whole_numbers,
)


def season_from_dict(entry: Mapping[str, Any] | None) -> SeasonRule:
    """Make a rule of a baseline's entry.

    Parameters
    ----------
    entry : mapping, optional
        As read from JSON; None without a season.

    Returns
    -------
    SeasonRule

    Raises
    ------
    ValueError, TypeError
        If it is none of ours.
    """
    if entry is None:
        return NO_SEASON
    rule = SeasonRule(**{**entry, "columns": tuple(entry["columns"])})
    named = rule.columns and all(type(name) is str for name in rule.columns)
    if rule.kind not in KINDS or not named:
        raise ValueError(f"unknown season {rule.kind!r} of {rule.columns!r}")
    return rule


def cells_to_dict(cells: Mapping[str, Profile]) -> dict[str, Any]:
    """Turn the reference's cells into types that JSON has.

    Parameters
    ----------
    cells : mapping of str to Profile

    Returns
    -------
    dict
        What `cells_from_dict` takes.
    """
    return {
        cell: {
            "rows": profile.rows,
            "columns": {name: _shortened(c) for name, c in profile.columns.items()},
        }
        | ({"units": units_to_dict(profile.units.only(profile.columns))} if profile.units else {})
        for cell, profile in cells.items()
    }


def cells_from_dict(
    entry: Mapping[str, Any], columns: Mapping[str, Column], reference: Profile
) -> dict[str, Profile]:
    """Make the reference's cells of what `cells_to_dict` returns.

    Parameters
    ----------
    entry : mapping
        As read from JSON.
    columns : mapping of str to Column
        Of the baseline.
    reference : Profile
        What the cells add up to.

    Returns
    -------
    dict of str to Profile

    Raises
    ------
    ValueError
        If counts do not fit the grids, or do not add up.
    KeyError, TypeError
        If a part is missing or none of ours.
    """
    cells = {}
    for cell, part in entry.items():
        counted = {}
        for name, column in columns.items():
            own = replace(column, reference=_counts(column.kind, part["columns"][name]))
            check_column(own)
            counted[name] = own.reference
        rows, whole = part["rows"], reference.units
        units = None if whole is None else units_from_dict(whole.rule, part["units"], rows)
        if any(counts.rows != rows for counts in counted.values()):
            raise ValueError(f"{cell}: columns have other numbers of rows than the cell")
        cells[cell] = Profile(reference.baseline_id, rows, counted, units)
    if cells and not _add_up(list(cells.values()), reference):
        raise ValueError("the cells of the season do not add up to the reference")
    if len(cells) > MOST_CELLS:
        raise ValueError("too many cells of the season")
    return cells


def _shortened(counts: Counts) -> dict[str, Any]:
    """Write counts in fewer digits: what is added from point to point, and sums to six digits."""
    entry = counts_to_dict(counts)
    if isinstance(counts, NumericCounts):
        upto = np.column_stack([counts.below, counts.at_or_below]).reshape(-1)
        del entry["below"], entry["at_or_below"]
        entry["steps"] = np.diff(upto, prepend=0).tolist()
        entry["gaps"] = [float(f"{gap:.6g}") for gap in counts.gaps.tolist()]
    return entry


def _counts(kind: str, entry: Mapping[str, Any]) -> Counts:
    if kind != NUMERIC:
        return counts_from_dict(kind, entry)
    stored = dict(entry)
    upto = np.cumsum(whole_numbers(stored.pop("steps"))).reshape(-1, 2)
    sides = {"below": upto[:, 0].tolist(), "at_or_below": upto[:, 1].tolist()}
    return counts_from_dict(kind, stored | sides)


def _add_up(cells: list[Profile], reference: Profile) -> bool:
    total: Profile = sum(cells)  # type: ignore[assignment]
    whole, units = reference.units, total.units
    if whole is not None and (units is None or units.rows.tolist() != whole.rows.tolist()):
        return False
    return all(_alike(counts, total.columns[name]) for name, counts in reference.columns.items())


def _alike(a: Counts, b: Counts) -> bool:
    same = (a.rows, a.missing, a.absent) == (b.rows, b.missing, b.absent)
    if isinstance(a, NumericCounts) and isinstance(b, NumericCounts):
        same &= (a.below == b.below).all() and (a.at_or_below == b.at_or_below).all()
    elif isinstance(a, CategoricalCounts) and isinstance(b, CategoricalCounts):
        same &= (a.levels == b.levels).all() and a.unlisted == b.unlisted
    return bool(same)
