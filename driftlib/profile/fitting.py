"""Choose the columns that a baseline compares, the grid of each, and the unit of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

import numpy as np

from driftlib.data.batches import Source, each
from driftlib.data.counters import could_count
from driftlib.data.numbers import as_numbers
from driftlib.data.readers import check_alike
from driftlib.data.schema import DATETIME, NUMERIC, ColumnRoles, select_features
from driftlib.data.season import SeasonRule, choose_season
from driftlib.data.sources import Memory
from driftlib.data.unit_choice import AUTO, choose_unit, time_columns
from driftlib.data.units import ROW, TIME, UnitRule
from driftlib.errors import DataError
from driftlib.profile.column import Column
from driftlib.profile.grid import fit_column
from driftlib.profile.sketch import ReferenceSketch, sketch_reference
from driftlib.text import quoted

# Quantiles of a numeric column. Tables of very many columns have fewer, so that all fit in memory.
RESOLUTION, LEAST_RESOLUTION = 2_000, 400
MOST_POINTS = 4_000_000


@dataclass(frozen=True)
class Chosen:
    """What the user says of the columns and rows.

    Parameters
    ----------
    features : iterable of str, optional
        The only ones to compare.
    exclude : collection of str
        Never to compare.
    categorical : collection of str
        To take as categories.
    unit : str
        What rows were drawn in: see `driftlib.Baseline.fit`.
    season : tuple of str
        What like is compared with like by.
    """

    features: Iterable[str] | None
    exclude: Collection[str]
    categorical: Collection[str]
    unit: str
    season: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fitted:
    """Grids that were chosen from a reference.

    Parameters
    ----------
    columns : mapping of str to Column
        In the reference's order, then predictions, then the target.
    roles : ColumnRoles
    unit : UnitRule
        What a unit is.
    season : SeasonRule
        What like is compared with like by.
    sketch : ReferenceSketch
        What the grids were chosen from: all rows where it is complete, else a sample.
    resolution : int
        Quantiles kept of a numeric feature.
    """

    columns: dict[str, Column]
    roles: ColumnRoles
    unit: UnitRule
    season: SeasonRule
    sketch: ReferenceSketch
    resolution: int


def fit_columns(
    source: Source, roles: ColumnRoles, chosen: Chosen, bins: int, resolution: int | None, seed: int
) -> Fitted:
    """Choose the grid of every column of a reference.

    Parameters
    ----------
    source : Source
        The reference.
    roles : ColumnRoles
        Without a column of the unit.
    chosen : Chosen
    bins : int
    resolution : int, optional
    seed : int
        See `driftlib.Baseline.fit`.

    Returns
    -------
    Fitted

    Raises
    ------
    DriftlibError
        If the reference cannot be read, or a name does not exist.
    """
    known = source.headers[0].names
    unit = chosen.unit
    drawn = unit if unit in known else None
    seasonal = tuple(name for name in chosen.season if name in known)
    roles = replace(roles, unit=drawn, season=seasonal)
    names = _columns_to_fit(source, roles, chosen)
    if resolution is None:
        resolution = max(LEAST_RESOLUTION, min(RESOLUTION, MOST_POINTS // len(names)))
    role_of = {name: roles.of(name, known) for name in names}
    free = chosen.features is None
    may_count = [name for name in names if free and role_of[name] == "feature"]
    others = dict.fromkeys([roles.timestamp, drawn, *seasonal])
    read = [name for name in others if name in known and name not in names]
    fewer = not free or chosen.exclude
    by_time = unit == AUTO or len(seasonal) < len(chosen.season)
    if fewer and not isinstance(source, Memory) and by_time and roles.timestamp is None:
        # Otherwise the features tell: every column is one, or has a role.
        read += [name for name in time_columns(source) if name not in {*names, *read}]
    everything = [*names, *read]
    sketch = sketch_reference(source, everything, chosen.categorical, resolution, seed, may_count)
    sample = sketch.sample.frame
    rows = Memory(source.name, sample) if sketch.complete else source
    times = _times(source, sketch)
    rule = choose_unit(unit, rows, roles.timestamp, times, roles.time_format)
    season = choose_season(chosen.season, rows, roles, times)
    if rule.kind == TIME and rule.column == drawn:
        roles = replace(roles, unit=None)

    def fit(name: str) -> Column:
        units = rule.kind != ROW
        column = sketch.column(name)
        found = fit_column(column, sample[name], role_of[name], bins, resolution, units)
        if source.ordered or found.kind != NUMERIC or name not in may_count:
            return found
        values = as_numbers(sample[name]).values
        return replace(found, may_count=could_count(values[np.isfinite(values)]))

    # What takes longest comes first, so that no thread waits long for the last column.
    kinds = dict(zip(sample.columns, sample.dtypes, strict=True))
    order = sorted(names, key=lambda name: kinds[name].kind not in "iuf")
    found = dict(zip(order, each(fit, order, len(sample)), strict=True))
    columns = {name: found[name] for name in names}
    return Fitted(columns, roles, rule, season, sketch, resolution)


def _times(source: Source, sketch: ReferenceSketch) -> list[str] | None:
    """Columns of dates and times of what is not in memory."""
    if isinstance(source, Memory):
        return None
    return [name for name, column in sketch.columns.items() if column.kind == DATETIME]


def _columns_to_fit(source: Source, roles: ColumnRoles, chosen: Chosen) -> list[str]:
    """Features in the table's order, then predictions, then the target."""
    known, exclude = source.headers[0].names, chosen.exclude
    names = select_features(
        known, roles, chosen.features, chosen.categorical, source.name, exclude,
        source.headers[0].index,
    )  # fmt: skip
    if not names:
        raise DataError(
            f"{source.name} has no feature: its columns are all labels, predictions or the "
            f"timestamp ({quoted(known)})."
        )
    role_of = {name: roles.of(name, known) for name in known if name not in set(exclude)}
    others = [name for name, role in role_of.items() if role in ("prediction", "target")]
    names += sorted(others, key=role_of.__getitem__)
    # Files may differ in columns that are not compared where the user says which are.
    few = chosen.features is not None or exclude
    check_alike(source.headers, names if few else None)
    return names
