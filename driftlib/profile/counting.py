"""Count the rows of a frame on the grids of its columns, and of each of its units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from driftlib.data.batches import each
from driftlib.data.columns import Fetched
from driftlib.data.schema import COMPARABLE, NUMERIC
from driftlib.data.units import UnitRule, unit_codes
from driftlib.lazily import pd
from driftlib.profile.column import Column, count_together
from driftlib.profile.profile import Counts
from driftlib.profile.units import ProfileUnits, UnitColumn, UnitRows
from driftlib.stats.counts import BLOCK
from driftlib.stats.few_rows import Cells, CellsOf


def count_columns(
    columns: Mapping[str, Column],
    fetched: Fetched,
    threads: int | None = None,
    cells_of: CellsOf = Cells.of,
) -> dict[str, Counts]:
    """Count a frame on each column's grid.

    Parameters
    ----------
    columns : mapping of str to Column
        Those that the frame lacks are missing in all its rows.
    fetched : Fetched
        The frame's columns.
    threads : int, optional
        How many to count on; default one a core.
    cells_of : callable
        Makes, or finds, the cells of columns of few rows.

    Returns
    -------
    dict of str to counts
    """
    rows = fetched.rows
    groups = _together([c for name, c in columns.items() if name in fetched.names], rows)

    def count(group: list[Column]) -> list[Counts]:
        values = [fetched[column.name] for column in group]
        if group[0].kind == NUMERIC:
            return list(count_together(group, values, cells_of))
        return [column.count(one) for column, one in zip(group, values, strict=True)]

    cells = rows * len(columns)
    counted = each(count, groups, cells // max(1, len(groups)), threads)
    found = {
        column.name: counts
        for group, parts in zip(groups, counted, strict=True)
        for column, counts in zip(group, parts, strict=True)
    }
    return {
        name: found[name] if name in found else column.count_absent(rows)
        for name, column in columns.items()
    }


def _together(columns: Iterable[Column], rows: int) -> list[list[Column]]:
    """Group columns that are counted together: numeric ones, as many as a cache holds."""
    groups: list[list[Column]] = []
    room = 0
    for column in columns:
        cells = rows + len(column.grid)
        if column.kind != NUMERIC or cells > room:
            groups.append([])
            # What is no number is counted by itself.
            room = BLOCK if column.kind == NUMERIC else 0
        groups[-1].append(column)
        room -= cells
    return groups


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
