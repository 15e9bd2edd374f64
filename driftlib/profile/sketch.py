"""A first look at a reference too large for memory: all that its grid is chosen from.

Drafts of parts of a table add to the draft of the whole, as profiles do. What holds:

- rows, the kinds of columns, minima and maxima are exact
- the values of a numeric column are all known, with their rows, where there are no more
  distinct ones than asked; so are the levels of a category up to `MOST_LEVELS`
- the quantiles of all other numeric columns, and the commonest levels of all other
  categories, are those of a sample of rows: the rows whose numbers have the smallest hash.
  It depends on the seed and the rows' numbers alone, not on how they are cut into batches.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd

from driftlib.data.batches import Batch, Source, each
from driftlib.data.columns import LevelCounts, as_numbers, count_levels
from driftlib.data.schema import (
    CATEGORICAL,
    COMPARABLE,
    DATETIME,
    EMPTY,
    IDENTIFIER,
    NUMERIC,
    UNSUPPORTED,
    column_kind,
    identifier_note,
    kind_of_type,
)
from driftlib.errors import DataError
from driftlib.profile.column import (
    NOT_FINITE,
    Column,
    RunLengths,
    level_column,
    numeric_grid,
    psi_edges_of,
)
from driftlib.profile.profile import (
    HASH_BUCKETS,
    CategoricalCounts,
    Counts,
    NumericCounts,
    sorted_values,
)
from driftlib.profile.sampling import ALL_HASHES, DistinctSketch, RowSample, row_hash

SAMPLE_ROWS, FEWEST_SAMPLE_ROWS, SAMPLE_CELLS = 200_000, 20_000, 50_000_000
MOST_LEVELS = 10_000
_CONTENT = {
    NUMERIC: "numbers",
    CATEGORICAL: "text or truth values",
    DATETIME: "dates or times",
    UNSUPPORTED: "nested values",
}


@dataclass(frozen=True)
class ColumnSketch:
    """What a draft knows of one column.

    Attributes
    ----------
    name, kind, note, where : str
        Kind as in `driftlib.data.schema`, empty as long as every value is missing; `where` is the
        file that told it.
    present : int
        Rows with a value.
    text : bool
        Whether it could be an identifier.
    low, high : float
        Of the finite values of a numeric column.
    tally : DistinctSketch, optional
        Of a numeric or categorical column.
    """

    name: str
    kind: str = ""
    note: str = ""
    where: str = ""
    present: int = 0
    text: bool = True
    low: float = np.nan
    high: float = np.nan
    tally: DistinctSketch | None = None

    def __add__(self, other: ColumnSketch) -> ColumnSketch:
        if not (self.kind and other.kind):
            return self if self.kind else other
        if self.kind != other.kind:
            raise DataError(
                f"column {self.name!r} holds {_CONTENT[self.kind]} in {self.where}, but "
                f"{_CONTENT[other.kind]} in {other.where}: make them alike, or name it in "
                "categorical= to compare it as text."
            )
        return ColumnSketch(
            self.name,
            self.kind,
            self.note or other.note,
            self.where,
            self.present + other.present,
            self.text and other.text,
            float(np.fmin(self.low, other.low)),
            float(np.fmax(self.high, other.high)),
            self.tally + other.tally if self.tally and other.tally else self.tally or other.tally,
        )


@dataclass(frozen=True)
class ReferenceSketch:
    """What is learnt of a reference before its grid is chosen.

    Attributes
    ----------
    rows : int
    looks : mapping of str to ColumnSketch
    sample : RowSample
    """

    rows: int
    looks: Mapping[str, ColumnSketch]
    sample: RowSample = field(repr=False)

    def __add__(self, other: ReferenceSketch) -> ReferenceSketch:
        looks = {name: look + other.looks[name] for name, look in self.looks.items()}
        return ReferenceSketch(self.rows + other.rows, looks, self.sample + other.sample)

    @property
    def whole(self) -> bool:
        """Whether the sample has every row."""
        return self.sample.rows == self.rows


def first_look(
    source: Source, names: list[str], categorical: Collection[str], most: int, seed: int
) -> ReferenceSketch:
    """Draft of a source's columns, in one pass.

    Parameters
    ----------
    source : Source
    names : list of str
        Columns that every part of it has.
    categorical : collection of str
        Those to take as categories although they hold numbers.
    most : int
        Distinct values of a numeric column up to which all are kept.
    seed : int
        Of the sample.
    """
    size = max(FEWEST_SAMPLE_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // len(names)))
    draft = partial(
        _draft,
        categorical=frozenset(categorical),
        most=most,
        seed=seed,
        size=size,
        limit=_expected_limit(size, source.rows()),
    )
    total = source.total(draft, names)
    return replace(total, sample=total.sample.cut())


def _expected_limit(size: int, rows: int | None) -> np.uint64:
    """Hash below which a few more than `size` of the rows will lie; all where rows are unknown."""
    if rows is None or rows <= 2 * size:
        return ALL_HASHES
    return np.uint64((size + 6 * size**0.5) / rows * float(ALL_HASHES))


def _draft(
    batch: Batch, categorical: Collection[str], most: int, seed: int, size: int, limit: np.uint64
) -> ReferenceSketch:
    frame = batch.frame
    hashes = row_hash(np.arange(batch.first, batch.first + len(frame)), seed)
    sample = RowSample(size, ALL_HASHES, ((hashes, frame),)).below(limit)
    look = partial(_look, where=batch.where, categorical=categorical, most=most)
    looks = each(look, [frame[name] for name in frame], len(frame), batch.threads)
    return ReferenceSketch(len(frame), {look.name: look for look in looks}, sample)


def _look(series: pd.Series, where: str, categorical: Collection[str], most: int) -> ColumnSketch:
    name, present = str(series.name), int(series.notna().sum())
    if not present:
        return ColumnSketch(name)
    kind, note = kind_of_type(series)
    declared = name in categorical
    if declared and kind in COMPARABLE:
        kind = CATEGORICAL
    text = not declared and not isinstance(series.dtype, pd.CategoricalDtype)
    look = ColumnSketch(name, kind, note, where, present, text)
    if kind == CATEGORICAL:
        found = count_levels(series)
        return replace(look, tally=DistinctSketch(found.levels, found.counts, MOST_LEVELS).thin())
    if kind == NUMERIC:
        return _with_values(look, as_numbers(series).values, most)
    return look


def _with_values(look: ColumnSketch, values: np.ndarray, most: int) -> ColumnSketch:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return look
    low, high = float(finite.min()), float(finite.max())
    return replace(look, low=low, high=high, tally=_tally(finite, most))


def _tally(values: np.ndarray, most: int) -> DistinctSketch:
    # Most columns with too many distinct values show it at once, without a sort.
    if len(pd.unique(values[: 2 * most])) > most:
        return DistinctSketch(np.zeros(0), np.zeros(0, dtype=np.int64), most, thinned=64)
    values, counts = np.unique(values, return_counts=True)
    return DistinctSketch(values.astype(float), counts, most).thin()


def grid_column(
    look: ColumnSketch, sample: pd.Series, role: str, bins: int, resolution: int
) -> Column:
    """One column of a baseline, its grid chosen and the reference not yet counted on it."""
    name, kind, note, tally = look.name, look.kind, look.note, look.tally
    if not kind:
        kind, note = column_kind(sample.iloc[:0])
    elif kind == NUMERIC and tally is None:
        kind, note = EMPTY, NOT_FINITE
    elif kind == NUMERIC:
        if tally.complete:
            order = np.argsort(tally.items)
            ordered = RunLengths(tally.items[order], tally.counts[order].cumsum())
        else:
            numbers = as_numbers(sample)
            ordered = sorted_values(numbers.values)[0].astype(float)
            ends = np.array([look.low, look.high])
            ordered = np.sort(np.append(ordered, np.setdiff1d(ends, ordered[[0, -1]])))
        return Column(name, role, kind, note, *numeric_grid(ordered, bins, resolution))
    elif kind == CATEGORICAL:
        about = "" if tally.complete else "about "
        identifier = identifier_note(tally.distinct, look.present, about) if look.text else ""
        if identifier:
            return Column(name, role, IDENTIFIER, identifier)
        if tally.complete:
            return level_column(name, role, note, LevelCounts(tally.items, tally.counts, 0))
        column = level_column(name, role, note, count_levels(sample))
        note = f"about {tally.distinct:,} levels, compared in {HASH_BUCKETS} groups by hash"
        return replace(column, note=note, complete=False)
    return Column(name, role, kind, note)


def with_reference(column: Column, look: ColumnSketch, counts: Counts, bins: int) -> Column:
    """The column with the reference counted on its grid."""
    if isinstance(counts, CategoricalCounts):
        # What the reference has is not unseen, even where the list has no room for it.
        counts = replace(counts, unlisted_names={})
    column = replace(column, reference=counts)
    if isinstance(counts, NumericCounts) and look.tally and not look.tally.complete:
        # The sample's quantiles are off by up to a few tenths of a percent of the rows, and the
        # PSI is sensitive to that. The grid's points are closer to the reference's own.
        inside = np.append(counts.below[1:], counts.present) - counts.at_or_below
        runs = RunLengths(column.grid, counts.at_or_below + inside // 2)
        places = column.grid.searchsorted(psi_edges_of(runs, bins), "right") - 1
        return replace(column, psi_edges=np.unique(column.grid[places]))
    return column
