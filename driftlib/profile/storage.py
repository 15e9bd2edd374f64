"""Turn the parts of a baseline into types that JSON has, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from driftlib.data.schema import (
    CATEGORICAL,
    DATETIME,
    EMPTY,
    IDENTIFIER,
    NUMERIC,
    UNSUPPORTED,
)
from driftlib.data.units import COLUMN, TIME, UnitRule
from driftlib.files import json_ready
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.profile.units import SEVERAL, ProfileUnits, UnitColumn

ROLES = ("feature", "prediction", "target")
KINDS = (NUMERIC, CATEGORICAL, DATETIME, IDENTIFIER, EMPTY, UNSUPPORTED)
_COUNTS: dict[str, type[Counts]] = {NUMERIC: NumericCounts, CATEGORICAL: CategoricalCounts}


def column_to_dict(column: Column) -> dict[str, Any]:
    """Turn a column into types that JSON has.

    Parameters
    ----------
    column : Column
        With the reference counted on it.

    Returns
    -------
    dict
        What `column_from_dict` takes; mean, standard deviation and histogram are for readers.
    """
    entry: dict[str, Any] = {"kind": column.kind, "role": column.role, "note": column.note}
    counts = column.reference
    if isinstance(counts, NumericCounts):
        histogram = column.histogram(counts)[1:-1]
        entry |= {"mean": counts.mean, "std": counts.std}
        entry["histogram"] = {"edges": column.histogram_edges, "counts": histogram}
        entry |= {"psi_edges": column.psi_edges, "grid": column.grid}
        entry |= {"unit_edges": column.unit_edges} if len(column.unit_edges) else {}
        entry |= {"may_count": True} if column.may_count else {}
    elif isinstance(counts, CategoricalCounts):
        entry |= {"levels": column.levels, "complete": column.complete}
    entry["reference"] = counts_to_dict(counts)
    ready: dict[str, Any] = json_ready(entry)
    return ready


def counts_to_dict(counts: Counts) -> dict[str, Any]:
    """Turn the counts of a column into types that JSON has.

    Parameters
    ----------
    counts : Counts

    Returns
    -------
    dict
        What `counts_from_dict` takes.
    """
    ready: dict[str, Any] = json_ready({f.name: getattr(counts, f.name) for f in fields(counts)})
    return ready


def counts_from_dict(kind: str, entry: Mapping[str, Any]) -> Counts:
    """Make counts of what `counts_to_dict` returns.

    Parameters
    ----------
    kind : str
        Of the column.
    entry : mapping
        As read from JSON.

    Returns
    -------
    Counts
        Not checked: see `check_column`.

    Raises
    ------
    ValueError, TypeError
        If a part is none of ours.
    """
    stored: dict[str, Any] = {}
    for key, value in entry.items():
        if isinstance(value, list):
            stored[key] = np.asarray(value, dtype=float) if key == "gaps" else whole_numbers(value)
        else:
            stored[key] = np.nan if value is None else value
    return _COUNTS.get(kind, Counts)(**stored)


def column_from_dict(name: str, entry: Mapping[str, Any]) -> Column:
    """Make a column of what `column_to_dict` returns.

    Parameters
    ----------
    name : str
        Name of the column.
    entry : mapping
        As read from JSON.

    Returns
    -------
    Column

    Raises
    ------
    ValueError
        If the counts do not fit the grid or the levels.
    KeyError, TypeError
        If a part is missing or none of ours.
    """
    kind = entry["kind"]
    counts = counts_from_dict(kind, entry["reference"])
    column = Column(name, entry["role"], kind, entry["note"], reference=counts)
    if isinstance(counts, NumericCounts):
        column = replace(
            column,
            grid=_edges(entry["grid"]),
            psi_edges=_edges(entry["psi_edges"]),
            histogram_edges=_edges(entry["histogram"]["edges"]),
            unit_edges=_edges(entry.get("unit_edges", [])),
            may_count=bool(entry.get("may_count", False)),
        )
        if {len(counts.below), len(counts.at_or_below)} != {len(column.grid)}:
            raise ValueError(f"{name}: grid and counts differ in length")
    if isinstance(counts, CategoricalCounts):
        column = replace(column, levels=tuple(entry["levels"]), complete=bool(entry["complete"]))
        if len(column.levels) != len(counts.levels):
            raise ValueError(f"{name}: levels and counts differ in length")
    check_column(column)
    return column


def _edges(values: Any) -> np.ndarray:
    """Read a grid: whole numbers stay whole where doubles would run them together."""
    if isinstance(values, list) and values and all(type(value) is int for value in values):
        return np.asarray(values, dtype=np.int64 if values[-1] < 2**63 else np.uint64)
    return np.asarray(values, dtype=float)


def units_to_dict(baseline_units: ProfileUnits) -> dict[str, Any]:
    """Turn the reference's units into types that JSON has.

    Parameters
    ----------
    baseline_units : ProfileUnits

    Returns
    -------
    dict
        What `units_from_dict` takes: lists of whole numbers, each on one line.
    """
    columns = {}
    for name, column in baseline_units.columns.items():
        alone = np.flatnonzero(column.home > SEVERAL)
        columns[name] = {
            "cells": column.cells.reshape(-1),
            # Of most columns no unit has a missing or an unlisted value.
            "missing": column.missing if column.missing.any() else [],
            "unlisted": column.unlisted if column.unlisted.any() else [],
            "levels": len(column.home),
            "alone": [alone, column.home[alone]],
        }
    ready: dict[str, Any] = json_ready(
        {
            "fold": baseline_units.fold,
            "outside": baseline_units.outside,
            "ids": baseline_units.ids,
            "rows": baseline_units.rows,
            "columns": columns,
        }
    )
    return ready


def units_from_dict(rule: UnitRule, entry: Mapping[str, Any], rows: int) -> ProfileUnits:
    """Make the reference's units of what `units_to_dict` returns.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    entry : mapping
        As read from JSON.
    rows : int
        Rows of the reference.

    Returns
    -------
    ProfileUnits

    Raises
    ------
    ValueError
        If the counts do not fit one another.
    """
    if rule.kind not in (TIME, COLUMN) or not (type(rule.column) is str and rule.column):
        raise ValueError(f"unknown unit {rule.kind!r} of {rule.column!r}")
    ids, sizes = whole_numbers(entry["ids"]), whole_numbers(entry["rows"])
    outside, fold = entry["outside"], entry["fold"]
    ordered = (np.diff(ids) > 0).all() and len(ids) == len(sizes)
    counted = type(outside) is int and outside >= 0 and (sizes >= 0).all()
    if not (ordered and counted and sizes.sum() + outside == rows and fold in range(63)):
        raise ValueError("units do not add up to the rows")
    columns = {}
    for name, part in entry["columns"].items():
        home = np.full(part["levels"], SEVERAL)
        places, units = map(whole_numbers, part["alone"])
        home[places] = units
        cells = whole_numbers(part["cells"]).reshape(len(ids), -1)
        missing, unlisted = (
            whole_numbers(part[key]) if part[key] else np.zeros(len(ids), dtype=np.int64)
            for key in ("missing", "unlisted")
        )
        least = min(int(x.min(initial=0)) for x in (cells, missing, unlisted))
        if least < 0 or (cells.sum(axis=1) + missing + unlisted != sizes).any():
            raise ValueError(f"{name}: counts of units do not add up to their rows")
        if not np.isin(units, ids).all():
            raise ValueError(f"{name}: levels of units that are not there")
        columns[name] = UnitColumn(cells, missing, unlisted, home)
    return ProfileUnits(rule, ids, fold, sizes, outside, columns)


def whole_numbers(values: Any) -> np.ndarray:
    """Read a list of whole numbers, and of nothing else.

    Parameters
    ----------
    values : list
        As read from JSON.

    Returns
    -------
    int array

    Raises
    ------
    ValueError
        If one is none.
    """
    if not {*map(type, values)} <= {int}:
        raise ValueError("a count is no whole number")
    return np.asarray(values, dtype=np.int64)


def texts_of(entry: Any) -> tuple[str, ...]:
    """Read a list of texts, and of nothing else.

    Parameters
    ----------
    entry : list of str
        As read from JSON.

    Returns
    -------
    tuple of str

    Raises
    ------
    ValueError
        If it is anything else.
    """
    if not (isinstance(entry, list) and all(type(text) is str for text in entry)):
        raise ValueError("notes are no list of texts")
    return tuple(entry)


def check_column(column: Column) -> None:
    """Raise unless a column that was read makes sense.

    Parameters
    ----------
    column : Column
        With the reference counted on it.

    Raises
    ------
    ValueError
        If its role or kind is unknown, or its counts cannot be those of any rows.
    """
    counts = column.reference
    if column.role not in ROLES or column.kind not in KINDS:
        raise ValueError(f"{column.name}: unknown role {column.role!r} or kind {column.kind!r}")
    sizes = (counts.rows, counts.missing, counts.absent)
    if not all(type(size) is int for size in sizes) or not 0 <= sizes[2] <= sizes[1] <= sizes[0]:
        raise ValueError(f"{column.name}: missing and all rows do not fit one another")
    sound = True
    if isinstance(counts, NumericCounts):
        sound = _sound_numbers(column, counts)
    elif isinstance(counts, CategoricalCounts):
        known = counts.levels if column.complete else counts.buckets
        listed = known.sum() + (counts.unlisted if column.complete else 0)
        sound = (
            type(counts.unlisted) is int
            and min(counts.levels.min(initial=0), counts.buckets.min(initial=0)) >= 0
            and listed == counts.present
            and len(set(column.levels)) == len(column.levels)
            and all(type(level) is str for level in column.levels)
        )
    if not sound:
        raise ValueError(f"{column.name}: counts that no rows can have")


def _sound_numbers(column: Column, counts: NumericCounts) -> bool:
    """Whether counts on a grid can be those of some rows."""
    below, upto = counts.below, counts.at_or_below
    edges = (column.psi_edges, column.histogram_edges, column.unit_edges)
    finite = all(np.isfinite(x).all() for x in (column.grid, counts.gaps, *edges))
    rising = all((np.diff(x) > 0).all() for x in (column.grid, *edges))
    ends = np.concatenate([[0], upto[:-1]]), np.concatenate([below[1:], [counts.present]])
    return bool(
        finite
        and rising
        and np.isin(np.concatenate(edges[:2]), column.grid).all()
        and len(counts.gaps) == len(column.grid) + 1
        and (counts.gaps >= 0).all()
        # Counts rise along the grid, and end with all rows.
        and (below >= ends[0]).all()
        and (upto >= below).all()
        and (upto <= ends[1]).all()
        and not counts.squares < 0
        and 0 <= counts.infinite + counts.unreadable <= counts.missing
    )
