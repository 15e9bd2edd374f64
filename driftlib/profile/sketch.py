"""Sketch a reference in one pass and bounded memory: all that its grids are chosen from.

Sketches of parts of a table add to the sketch of the whole, as profiles do. What holds:

- rows, the kinds of columns, minima and maxima are exact
- the values of a numeric column are all known, with their rows, where there are no more
  distinct ones than asked; so are the levels of a category up to `MOST_LEVELS`
- the quantiles of all other numeric columns, and the commonest levels of all other
  categories, are those of a sample of rows: the rows whose numbers have the smallest hash.
  It depends on the seed and the rows' numbers alone, not on how they are cut into batches.

A reference in memory, and one that fits into the sample, has a sketch whose sample is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from driftlib.data.batches import Batch, Source, each
from driftlib.data.counters import is_rising
from driftlib.data.levels import count_levels
from driftlib.data.numbers import as_numbers, without_gaps, written_numbers
from driftlib.data.schema import (
    CATEGORICAL,
    DATETIME,
    EMPTY,
    NUMERIC,
    UNSUPPORTED,
    declared_kind,
)
from driftlib.data.sources import Memory
from driftlib.errors import DataError
from driftlib.lazily import pd
from driftlib.profile.sampling import ALL_HASHES, DistinctSketch, RowSample, row_hash

SAMPLE_ROWS, FEWEST_SAMPLE_ROWS, SAMPLE_CELLS = 200_000, 20_000, 50_000_000
MOST_LEVELS = 10_000
# So many values tell of nearly every column that it does not rise.
FIRST = 100
THOUSANDS = "thousands"
THOUSANDS_NOTE = "read as numbers with thousands separators"
_CONTENT = {
    NUMERIC: "numbers",
    CATEGORICAL: "text or truth values",
    DATETIME: "dates or times",
    UNSUPPORTED: "nested values",
}


@dataclass(frozen=True)
class ColumnSketch:
    """What a sketch knows of one column.

    Parameters
    ----------
    name : str
        Name of the column.
    kind, note : str
        As in `driftlib.data.schema`, an identifier being still categorical; "empty" as long as
        every value is missing.
    where : str
        The file that told the kind.
    present, missing : int
        Rows with and without a value, of a categorical column.
    text : bool
        Whether it could be an identifier.
    low, high : float
        Least and greatest finite value of a numeric column; of one in memory, if it rises.
    rising : bool
        Whether each value is a whole number greater than the one before, in a table whose rows
        have an order.
    distinct : DistinctSketch, optional
        Values of a categorical column, and of a numeric one that is not in memory and has
        finite ones.
    written : {"", "plain", "thousands"}
        How a categorical column that is not in memory writes numbers, if it holds only those.
    numbers : ColumnSketch, optional
        What it is as numbers, if it holds only those.
    """

    name: str
    kind: str
    note: str = ""
    where: str = ""
    present: int = 0
    missing: int = 0
    text: bool = True
    low: float = np.nan
    high: float = np.nan
    rising: bool = False
    distinct: DistinctSketch | None = None
    written: str = ""
    numbers: ColumnSketch | None = None

    @property
    def read(self) -> ColumnSketch:
        """The sketch of the numbers, where text has thousands separators in some of the rows."""
        if self.numbers is None or self.written != THOUSANDS:
            return self
        return replace(self.numbers, note=THOUSANDS_NOTE)

    def __add__(self, other: ColumnSketch) -> ColumnSketch:
        if EMPTY in (self.kind, other.kind):
            known, empty = (other, self) if self.kind == EMPTY else (self, other)
            return replace(known, missing=known.missing + empty.missing)
        if self.kind != other.kind and self.read.kind == other.read.kind:
            return self.read + other.read
        if self.kind != other.kind:
            raise DataError(
                f"column {self.name!r} holds {_CONTENT[self.kind]} in {self.where}, but "
                f"{_CONTENT[other.kind]} in {other.where}: make them alike, or name it in "
                "categorical= to compare it as text."
            )
        distinct = self.distinct or other.distinct
        if self.distinct and other.distinct:
            distinct = self.distinct + other.distinct
        numbers = self.numbers + other.numbers if self.numbers and other.numbers else None
        return replace(
            self,
            # Some rows with separators are enough: "thousands" is after "plain".
            written=max(self.written, other.written) if numbers else "",
            numbers=numbers,
            note=self.note or other.note,
            present=self.present + other.present,
            missing=self.missing + other.missing,
            text=self.text and other.text,
            rising=self.rising and other.rising and self.high < other.low,
            low=float(np.fmin(self.low, other.low)),
            high=float(np.fmax(self.high, other.high)),
            distinct=distinct,
        )


@dataclass(frozen=True)
class ReferenceSketch:
    """What is learnt of a reference before its grids are chosen.

    Parameters
    ----------
    rows : int
        Rows of the reference.
    columns : mapping of str to ColumnSketch
        The columns by name; empty of a reference in memory.
    sample : RowSample
        Some of the rows, or all.
    whole : callable, optional
        How a column of a reference in memory is sketched.
    """

    rows: int
    columns: Mapping[str, ColumnSketch]
    sample: RowSample = field(repr=False)
    whole: Callable[[pd.Series], ColumnSketch] | None = field(default=None, repr=False)

    def column(self, name: str) -> ColumnSketch:
        """Sketch a column, if it is in memory, or look its sketch up.

        Parameters
        ----------
        name : str

        Returns
        -------
        ColumnSketch
        """
        return self.whole(self.sample.frame[name]) if self.whole else self.columns[name]

    def __add__(self, other: ReferenceSketch) -> ReferenceSketch:
        columns = {name: sketch + other.columns[name] for name, sketch in self.columns.items()}
        return ReferenceSketch(self.rows + other.rows, columns, self.sample + other.sample)

    @property
    def complete(self) -> bool:
        """Whether the sample has every row."""
        return self.sample.rows == self.rows


def sketch_reference(
    source: Source,
    names: list[str],
    categorical: Collection[str],
    most: int,
    seed: int,
    may_count: Collection[str] = (),
) -> ReferenceSketch:
    """Sketch a reference's columns, in one pass.

    Parameters
    ----------
    source : Source
        The reference; one that is in memory is not sampled.
    names : list of str
        Columns that every part of it has.
    categorical : collection of str
        Those to take as categories although they hold numbers.
    most : int
        Distinct values of a numeric column up to which all are kept, from 1.
    seed : int
        Of the sample, from 0.
    may_count : collection of str
        Columns that are not to be compared if they only count up.

    Returns
    -------
    ReferenceSketch

    Raises
    ------
    DataError
        If a part cannot be read, or a column holds values of different kinds in two of them.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, None], "sky": ["clear", "cloud", "clear"]})
    >>> sketch = sketch_reference(Memory("march", frame), ["x", "sky"], (), most=2000, seed=0)
    >>> sketch.complete, sketch.column("x").kind, sketch.column("sky").kind
    (True, 'numeric', 'categorical')
    """
    categorical = frozenset(categorical)
    may_count = frozenset(may_count) - categorical if source.ordered else frozenset()
    whole = partial(
        _sketch_column, where="", categorical=categorical, may_count=may_count, most=None
    )
    if isinstance(source, Memory):
        sample = RowSample.of_all(source.frame)
        return ReferenceSketch(sample.rows, {}, sample, whole)
    size = max(FEWEST_SAMPLE_ROWS, min(SAMPLE_ROWS, SAMPLE_CELLS // len(names)))
    sketch = partial(
        _of_batch,
        categorical=categorical,
        may_count=may_count,
        most=most,
        seed=seed,
        size=size,
        limit=_expected_limit(size, source.rows()),
    )
    total = source.total(sketch, names)
    sample = total.sample.cut()
    if sample.rows == total.rows:
        # As if it had been in memory from the start: one answer for one table.
        frame = sample.frame
        found = each(whole, [frame[name] for name in names], len(frame))
        return ReferenceSketch(len(frame), {c.name: c for c in found}, RowSample.of_all(frame))
    columns = {name: column.read for name, column in total.columns.items()}
    return replace(total, columns=columns, sample=sample)


def _of_batch(
    batch: Batch,
    categorical: Collection[str],
    may_count: Collection[str],
    most: int,
    seed: int,
    size: int,
    limit: np.uint64,
) -> ReferenceSketch:
    frame = batch.frame
    hashes = row_hash(np.arange(batch.first, batch.first + len(frame)), seed)
    sample = RowSample(size, ALL_HASHES, ((hashes, frame),)).below(limit)
    sketch = partial(
        _sketch_column,
        where=batch.where,
        categorical=categorical,
        may_count=may_count,
        most=most,
    )
    columns = each(sketch, [frame[name] for name in frame], len(frame), batch.threads)
    return ReferenceSketch(len(frame), {c.name: c for c in columns}, sample)


def _expected_limit(size: int, rows: int | None) -> np.uint64:
    """Hash below which a few more than `size` of the rows will lie; all where rows are unknown."""
    if rows is None or rows <= 2 * size:
        return ALL_HASHES
    return np.uint64((size + 6 * size**0.5) / rows * float(ALL_HASHES))


def _sketch_column(
    series: pd.Series,
    where: str,
    categorical: Collection[str],
    may_count: Collection[str],
    most: int | None,
) -> ColumnSketch:
    """Sketch of some rows of a column; of all of them, and those in memory, if `most` is None."""
    name = str(series.name)
    declared = name in categorical
    kind, note = declared_kind(series, declared)
    written = written_numbers(series) if kind == CATEGORICAL and not declared else ""
    if most is None and written == THOUSANDS:
        kind, note = NUMERIC, THOUSANDS_NOTE
    if kind == CATEGORICAL:
        found = count_levels(series)
        levels = DistinctSketch(found.levels, found.counts, MOST_LEVELS)
        return ColumnSketch(
            name,
            kind,
            note,
            where,
            present=int(found.counts.sum()),
            missing=found.missing,
            text=not (declared or isinstance(series.dtype, pd.CategoricalDtype)),
            distinct=levels if most is None else levels.thin(),
            written=written,
            numbers=_sketch_numbers(series, where, name in may_count, most)
            if most is not None and written
            else None,
        )
    if kind == NUMERIC and (most is not None or name in may_count):
        return replace(_sketch_numbers(series, where, name in may_count, most), note=note)
    return ColumnSketch(name, kind, note, where, missing=len(series) if kind == EMPTY else 0)


def _sketch_numbers(
    series: pd.Series, where: str, may_count: bool, most: int | None
) -> ColumnSketch:
    """Sketch of some rows of a column of numbers, or of text that is to be read as numbers."""
    found = ColumnSketch(str(series.name), NUMERIC, "", where)
    values = as_numbers(without_gaps(series)).values
    if most is None and not is_rising(_finite(values[:FIRST])):
        # Of a column in memory nothing else is asked.
        return found
    finite = _finite(values)
    if not len(finite):
        return found
    return replace(
        found,
        low=float(finite.min()),
        high=float(finite.max()),
        rising=may_count and is_rising(finite),
        distinct=None if most is None else _distinct(finite, most),
    )


def _finite(values: np.ndarray) -> np.ndarray:
    return values[np.isfinite(values)]


def _distinct(values: np.ndarray, most: int) -> DistinctSketch:
    # Most columns with too many distinct values show it at once, without a sort.
    if len(pd.unique(values[: 2 * most])) > most:
        return DistinctSketch(np.zeros(0), np.zeros(0, dtype=np.int64), most, thinned=64)
    values, counts = np.unique(values, return_counts=True)
    if values.dtype not in (np.int64, np.uint64):
        values = values.astype(float)
    return DistinctSketch(values, counts, most).thin()
