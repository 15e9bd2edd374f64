"""Count the rows of a frame on the grids of its columns, and of each of its units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from driftlib.data.batches import each
from driftlib.data.schema import COMPARABLE
from driftlib.data.units import UnitRule, unit_codes
from driftlib.profile.column import Column
from driftlib.profile.profile import Counts
from driftlib.profile.units import ProfileUnits, UnitColumn, UnitRows


def count_columns(
    columns: Mapping[str, Column], frame: pd.DataFrame, threads: int | None = None
) -> dict[str, Counts]:
    """Count a frame on each column's grid.

    Parameters
    ----------
    columns : mapping of str to Column
        Those that the frame lacks are missing in all its rows.
    frame : pandas.DataFrame
    threads : int, optional
        How many to count on; default one a core.

    Returns
    -------
    dict of str to counts
    """
    present = set(frame.columns)
    pairs = [(column, frame[name]) for name, column in columns.items() if name in present]
    counted = each(lambda pair: pair[0].count(pair[1]), pairs, len(frame), threads)
    found = {column.name: counts for (column, _), counts in zip(pairs, counted, strict=True)}
    return {
        name: found[name] if name in found else column.count_absent(len(frame))
        for name, column in columns.items()
    }


def count_units(
    columns: Iterable[Column],
    rule: UnitRule,
    frame: pd.DataFrame,
    where: str,
    threads: int | None = None,
) -> ProfileUnits:
    """Count the rows of each unit of a frame.

    Parameters
    ----------
    columns : iterable of Column
    rule : UnitRule
        What a unit is.
    frame : pandas.DataFrame
    where : str
        What to call the frame in an error.
    threads : int, optional
        How many to count on; default one a core.

    Returns
    -------
    ProfileUnits
    """
    found = unit_codes(rule, frame, where)
    rows = UnitRows.of(found)
    compared = [column for column in columns if column.kind in COMPARABLE]

    def count(column: Column) -> UnitColumn:
        return column.count_units(frame.get(column.name), rows)

    counted = each(count, compared, len(frame), threads)
    by_name = {column.name: counts for column, counts in zip(compared, counted, strict=True)}
    return ProfileUnits(rule, found.ids, found.fold, rows.rows, found.outside, by_name)
