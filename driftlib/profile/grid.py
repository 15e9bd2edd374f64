"""Choose the grid of a column from the sketch of the reference."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from driftlib.data.counters import counter_note, grows_evenly
from driftlib.data.levels import LevelCounts, count_levels
from driftlib.data.numbers import as_numbers
from driftlib.data.schema import (
    CATEGORICAL,
    EMPTY,
    IDENTIFIER,
    IDENTIFIER_ROWS,
    NUMERIC,
    identifier_note,
)
from driftlib.data.season import NO_SEASON, SeasonRule
from driftlib.data.units import ROW, ROWS, UnitRule
from driftlib.lazily import pd
from driftlib.profile.column import Column
from driftlib.profile.column_counts import HASH_BUCKETS, count_sorted, hash_buckets, sorted_numbers
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.profile.sampling import DistinctSketch, RunLengths
from driftlib.stats.counts import blocks
from driftlib.stats.excess import TAIL
from driftlib.stats.precision import DOUBLE, alike, claims, equal_within, held_as_whole, held_bits

if TYPE_CHECKING:
    from driftlib.profile.sketch import ColumnSketch

HISTOGRAM_BINS = 40
UNIT_CELLS = 20
MAX_LEVELS = 1000
NOT_FINITE = "not compared: no value in the reference is a finite number"


def fit_column(
    sketch: ColumnSketch,
    sample: pd.Series,
    role: str,
    bins: int,
    resolution: int,
    units: bool = False,
) -> Column:
    """Choose a column's grid, and count the sample on it.

    Parameters
    ----------
    sketch : ColumnSketch
        What is known of the whole column.
    sample : pandas.Series
        Its values in a sample of rows, or in all of them.
    role : str
        "feature", "prediction" or "target".
    bins : int
        PSI bins of a numeric column, from 2.
    resolution : int
        Quantiles kept of a numeric column, from 10.
    units : bool
        Whether to choose the cells in which the rows of a unit are counted.

    Returns
    -------
    Column
        Its `reference` has counts where the sketch is that of a whole column in memory;
        any other reference is counted in a second pass, see `with_reference`.

    Examples
    --------
    >>> from driftlib.data.sources import Memory
    >>> from driftlib.profile.sketch import sketch_reference
    >>> frame = pd.DataFrame({"x": np.arange(1000) % 7})
    >>> sketch = sketch_reference(Memory("march", frame), ["x"], (), most=2000, seed=0)
    >>> column = fit_column(sketch.column("x"), frame["x"], "feature", bins=3, resolution=2000)
    >>> column.psi_edges.tolist(), column.bins(column.reference).tolist()
    ([2.5, 4.5], [429, 286, 285])
    """
    name, kind, note = sketch.name, sketch.kind, sketch.note
    if kind == NUMERIC and sketch.rising and _grows(sample):
        note = counter_note(sketch.low, sketch.high)
        missing = int(sample.isna().sum())
        return Column(name, role, IDENTIFIER, note, reference=Counts(len(sample), missing))
    if kind == NUMERIC and sketch.distinct is not None:
        ordered = _streamed_values(sketch, sketch.distinct, sample)
        held = _held_bits(ordered, as_numbers(sample[:0]).bits)
        column = Column(name, role, kind, note, *numeric_grid(ordered, bins, resolution, held))
        return replace(column, unit_edges=_unit_edges(ordered, held)) if units else column
    if kind == NUMERIC:
        numbers, ordered, missing, infinite = sorted_numbers(sample)
        if len(ordered):
            held = held_bits(ordered, numbers.bits)
            grid, psi_edges, histogram_edges = numeric_grid(ordered, bins, resolution, held)
            counts = count_sorted(ordered, grid, missing, infinite, claims(grid, held), held)
            edges = _unit_edges(ordered, held) if units else np.zeros(0)
            return Column(
                name, role, kind, note, grid, psi_edges, histogram_edges,
                reference=counts, unit_edges=edges,
            )  # fmt: skip
        kind, note = EMPTY, NOT_FINITE
    if kind == CATEGORICAL and sketch.distinct is not None:
        levels = sketch.distinct
        about = "" if levels.complete else "about "
        identifier = identifier_note(levels.number, sketch.present, about) if sketch.text else ""
        if not identifier:
            return _level_column(sketch, levels, sample, role)
        kind, note = IDENTIFIER, identifier
    return Column(name, role, kind, note, reference=Counts(len(sample), int(sample.isna().sum())))


def _grows(sample: pd.Series) -> bool:
    """Whether rising numbers, of which these are a sample, grow about as fast everywhere."""
    _, ordered, _, _ = sorted_numbers(sample)
    return len(ordered) >= IDENTIFIER_ROWS and grows_evenly(ordered)


def _streamed_values(
    sketch: ColumnSketch, distinct: DistinctSketch, sample: pd.Series
) -> np.ndarray | RunLengths:
    """All values of a streamed column in order, or those of the sample with the true ends."""
    if distinct.complete:
        return distinct.in_order
    _, ordered, _, _ = sorted_numbers(sample)
    if held_as_whole(ordered):
        return ordered
    ordered = ordered.astype(float)
    ends = np.setdiff1d([sketch.low, sketch.high], np.append(ordered[:1], ordered[-1:]))
    return np.sort(np.append(ordered, ends))


def _held_bits(ordered: np.ndarray | RunLengths, bits: int) -> int:
    return held_bits(ordered.points if isinstance(ordered, RunLengths) else ordered, bits)


def _level_column(
    sketch: ColumnSketch, levels: DistinctSketch, sample: pd.Series, role: str
) -> Column:
    """Categorical column with the reference's commonest levels listed."""
    found = LevelCounts(levels.items, levels.counts, sketch.missing)
    if not levels.complete:
        found = count_levels(sample)
    order = np.lexsort((found.levels.astype(str), -found.counts))
    listed = order[:MAX_LEVELS]
    complete = levels.complete and len(listed) == len(order)
    note = sketch.note
    if not complete:
        about = "" if levels.complete else "about "
        note = f"{about}{levels.number:,} levels, compared in {HASH_BUCKETS} groups by hash"
    no_buckets = np.zeros(0, dtype=np.int64)
    counts = CategoricalCounts(
        int(found.counts.sum()) + found.missing,
        found.missing,
        levels=found.counts[listed],
        unlisted=int(found.counts[order[MAX_LEVELS:]].sum()),
        buckets=no_buckets if complete else hash_buckets(found.levels, found.counts),
    )
    names = tuple(found.levels[listed].tolist())
    return Column(
        sketch.name, role, CATEGORICAL, note, levels=names, complete=complete, reference=counts
    )


def numeric_grid(
    ordered: np.ndarray | RunLengths, bins: int, resolution: int, bits: int = DOUBLE
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose grid, PSI edges and histogram edges of a numeric column.

    Parameters
    ----------
    ordered : array or RunLengths
        Finite values, smallest first, at least one.
    bins : int
        PSI bins, from 2.
    resolution : int
        Quantiles to keep, from 10; all values where no more are distinct.
    bits : int
        Significant bits of the values: those equal but for the last digits are one.

    Returns
    -------
    tuple of three float arrays
        Grid, PSI edges and histogram edges, all sorted; the grid has both kinds of edges.

    Examples
    --------
    >>> grid, psi_edges, _ = numeric_grid(np.arange(100.0), bins=4, resolution=2000)
    >>> psi_edges.tolist()
    [24.5, 49.5, 74.5]
    """
    points = _points(ordered, resolution)
    psi_edges = _psi_edges(ordered, bins, bits)
    if psi_edges.dtype.kind in "iu":
        return _whole_grid(points, psi_edges)
    low, high = float(ordered[0]), float(ordered[len(ordered) - 1])
    with np.errstate(over="ignore"):
        spread = high - low
    even = np.linspace(low, high, HISTOGRAM_BINS + 1) if np.isfinite(spread) else [low, high]
    histogram_edges = np.unique(np.asarray(even, dtype=float))
    grid = np.unique(np.concatenate([points.astype(float), psi_edges, histogram_edges]))
    first = alike(grid, bits)
    if first is not None:
        same = grid[first]
        histogram_edges = np.unique(same[grid.searchsorted(histogram_edges)])
        psi_edges = np.unique(same[grid.searchsorted(psi_edges)])
        grid = np.unique(same)
    return grid, psi_edges, histogram_edges


def _whole_grid(
    points: np.ndarray, psi_edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grid of whole numbers that doubles would run together."""
    low, high = int(points[0]), int(points[-1])
    steps = {low + (high - low) * step // HISTOGRAM_BINS for step in range(HISTOGRAM_BINS + 1)}
    histogram_edges = np.array(sorted(steps), dtype=points.dtype)
    return (
        np.unique(np.concatenate([points, psi_edges, histogram_edges])),
        psi_edges,
        histogram_edges,
    )


def _points(ordered: np.ndarray | RunLengths, resolution: int) -> np.ndarray:
    """All distinct values, or evenly spaced quantiles where there are more than `resolution`."""
    if isinstance(ordered, RunLengths):
        return ordered.points
    changes = [np.zeros(1, dtype=np.intp)]
    for first, block in blocks(ordered[1:]):
        changes.append(first + 1 + np.flatnonzero(block != ordered[first : first + len(block)]))
        if sum(map(len, changes)) > resolution:
            ranks = np.linspace(0, len(ordered) - 1, resolution + 1)
            return ordered[np.round(ranks).astype(np.int64)]
    return ordered[np.concatenate(changes)]


def _psi_edges(
    ordered: np.ndarray | RunLengths, bins: int, bits: int, outer: int = 0
) -> np.ndarray:
    """Inner edges of the PSI bins: between values at the reference's quantiles, fewer where tied.

    An edge lies halfway between two neighbouring values, so that no last digit decides on
    which side of it a value falls. With `outer` rows there is an edge beside so many at either
    end, too.
    """
    n = len(ordered)
    whole = held_as_whole(ordered.points if isinstance(ordered, RunLengths) else ordered)
    places = np.arange(1, bins) * (n - 1) // bins
    if 2 <= outer <= places[0] < n - 1 - outer:
        places = np.concatenate([[outer - 1], places, [n - 1 - outer]])
    quantiles = ordered[places]
    least = most = quantiles
    if not whole:
        quantiles = quantiles.astype(float)
        reach = equal_within(quantiles, bits)
        with np.errstate(over="ignore"):
            least, most = quantiles - reach, quantiles + reach
    starts, ends = ordered.searchsorted(least, "left"), ordered.searchsorted(most, "right")
    # A value so common that it holds several quantiles gets a bin to itself: one edge below it
    # and one above. So a constant has three bins, and moving away from it shows.
    tied = np.flatnonzero(starts[1:] == starts[:-1])
    spikes = np.append(tied, 0) if starts[0] == 0 and ends[0] == n else tied
    ranks = np.unique(np.concatenate([ends[ends < n], starts[spikes], ends[spikes]]))
    low, high = ordered[np.maximum(ranks - 1, 0)], ordered[np.minimum(ranks, n - 1)]
    if whole:
        # Each bin has its upper edge: of whole numbers, what is at an edge is below the next.
        below = low - (low > np.iinfo(low.dtype).min).astype(low.dtype)
        edges = np.where(ranks == n, high, low // 2 + high // 2)
        return np.unique(np.where(ranks == 0, below, edges))
    low, high = low.astype(float), high.astype(float)
    # Beyond the least and the greatest value no neighbour tells how far away the edge may be.
    beyond = np.maximum(np.abs(low) * 2.0**-20, np.finfo(np.float32).tiny)
    beyond = np.where(low == np.rint(low), np.minimum(beyond, 0.5), beyond)
    beyond = np.maximum(beyond, 2 * equal_within(low, bits))
    edges = low / 2 + high / 2
    with np.errstate(over="ignore"):
        edges = np.where(ranks == 0, low - beyond, np.where(ranks == n, high + beyond, edges))
    # Beyond the largest float nothing can lie.
    return np.unique(edges[np.isfinite(edges)])


def _unit_edges(ordered: np.ndarray | RunLengths, bits: int) -> np.ndarray:
    """Edges of the cells in which the rows of a unit are counted: the outermost are tails."""
    return _psi_edges(ordered, UNIT_CELLS, bits, outer=int(np.ceil(TAIL * len(ordered))))


def with_reference(column: Column, sketch: ColumnSketch, counts: Counts, bins: int) -> Column:
    """Put a second pass's counts of the reference into a column.

    Parameters
    ----------
    column : Column
        From `fit_column`.
    sketch : ColumnSketch
        What it was fitted to.
    counts : Counts
        Of the whole reference on the column's grid.
    bins : int
        PSI bins, from 2.

    Returns
    -------
    Column
        With PSI edges taken from the counts where those of the sample were too coarse.
    """
    if isinstance(counts, CategoricalCounts):
        # What the reference has is not unseen, even where the list has no room for it.
        counts = replace(counts, unlisted_names={})
    column = replace(column, reference=counts)
    if isinstance(counts, NumericCounts) and sketch.distinct and not sketch.distinct.complete:
        # The sample's quantiles are off by up to a few tenths of a percent of the rows, and the
        # PSI is sensitive to that. The grid's points are closer to the reference's own.
        inside = np.append(counts.below[1:], counts.present) - counts.at_or_below
        runs = RunLengths(column.grid, counts.at_or_below + inside // 2)
        places = column.grid.searchsorted(_psi_edges(runs, bins, counts.bits), "right") - 1
        places = np.maximum(places, 0)
        return replace(column, psi_edges=np.unique(column.grid[places]))
    return column


def fingerprint(
    columns: Mapping[str, Column], unit: UnitRule = ROWS, season: SeasonRule = NO_SEASON
) -> str:
    """Hash the grids: profiles add, and can be compared, where those of their baselines agree.

    Parameters
    ----------
    columns : mapping of str to Column
        In the baseline's order.
    unit : UnitRule
        What a unit is.
    season : SeasonRule
        What like is compared with like by.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for column in columns.values():
        digest.update(repr((column.name, column.kind, column.levels, column.complete)).encode())
        digest.update(column.grid.tobytes() + column.psi_edges.tobytes())
        digest.update(column.unit_edges.tobytes())
    if unit.kind != ROW:
        digest.update(repr((unit.kind, unit.column, unit.offset)).encode())
    if season:
        digest.update(repr((season.kind, season.columns)).encode())
    return digest.hexdigest()[:16]
