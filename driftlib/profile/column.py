"""One column of a baseline: its kind, its frozen grid, and the reference counted on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from driftlib.data.columns import LevelCounts, as_numbers, count_levels
from driftlib.data.schema import (
    CATEGORICAL,
    EMPTY,
    IDENTIFIER,
    NUMERIC,
    declared_kind,
    identifier_note,
)
from driftlib.files import json_ready
from driftlib.profile.profile import (
    HASH_BUCKETS,
    CategoricalCounts,
    Counts,
    NumericCounts,
    count_categories,
    count_numbers,
    count_sorted,
    hash_buckets,
    sorted_values,
)
from driftlib.stats.counts import blocks

HISTOGRAM_BINS = 40
MAX_LEVELS = 1000
NOT_FINITE = "not compared: no value in the reference is a finite number"


@dataclass(frozen=True)
class Column:
    """One column of a baseline: what it is, its grid, and the reference's counts on it.

    Attributes
    ----------
    name, role, kind, note : str
        Role is "feature", "prediction" or "target"; kind as in `driftlib.data.schema`.
    grid, psi_edges, histogram_edges : float array
        Numeric columns: all sorted; both kinds of edges are grid points. The PSI's bins are
        the intervals between edges, each with its upper end.
    levels : tuple of str
        Categorical columns: commonest first.
    complete : bool
        Whether `levels` lists every level of the reference.
    reference : Counts
    """

    name: str
    role: str
    kind: str
    note: str = ""
    grid: np.ndarray = field(default_factory=lambda: np.zeros(0))
    psi_edges: np.ndarray = field(default_factory=lambda: np.zeros(0))
    histogram_edges: np.ndarray = field(default_factory=lambda: np.zeros(0))
    levels: tuple[str, ...] = ()
    complete: bool = True
    reference: Counts = field(default_factory=Counts)

    @cached_property
    def level_index(self) -> pd.Index:
        """The levels, for looking up."""
        return pd.Index(list(self.levels), dtype=object)

    @cached_property
    def _psi_places(self) -> np.ndarray:
        return self.grid.searchsorted(self.psi_edges)

    def count(self, series: pd.Series) -> Counts:
        """Counts of a batch's column on this grid."""
        if self.kind == NUMERIC:
            return count_numbers(series, self.grid)
        if self.kind == CATEGORICAL:
            return count_categories(series, self.level_index, not self.complete)
        return Counts(len(series), int(series.isna().sum()))

    def count_absent(self, rows: int) -> Counts:
        """Counts of a batch that does not have the column."""
        empty = self.count(pd.Series([], dtype=object))
        return replace(empty, rows=rows, missing=rows, absent=rows)

    def bins(self, counts: Counts) -> np.ndarray:
        """Rows per PSI bin, listed level, or hash bucket where the list is not complete."""
        if isinstance(counts, NumericCounts):
            rows = np.append(counts.at_or_below[self._psi_places], counts.present)
            rows[1:] -= rows[:-1].copy()
            return rows
        assert isinstance(counts, CategoricalCounts)
        return counts.levels if self.complete else counts.buckets

    def histogram(self, counts: NumericCounts) -> np.ndarray:
        """Rows below the histogram's first edge, in each of its bins, and above its last."""
        places = self.grid.searchsorted(self.histogram_edges)
        upto = counts.below[places].copy()
        # The last bin has its upper edge too, where the reference's maximum lies.
        upto[-1] = counts.at_or_below[places[-1]]
        return np.diff(upto, prepend=0, append=counts.present)

    def quantile(self, counts: NumericCounts, share: float) -> float:
        """Smallest grid point with at least `share` of the values at or below it."""
        least = max(share * counts.present - 1e-9, 0.5)
        place = int(np.searchsorted(counts.at_or_below, least))
        return float(self.grid[min(place, len(self.grid) - 1)])

    @property
    def bin_labels(self) -> list[str]:
        """Names of the bins of `bins`."""
        if self.kind == CATEGORICAL:
            return list(self.levels) if self.complete else []
        edges = [f"{edge:.4g}" for edge in self.psi_edges]
        if not edges:
            return ["all"]
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        return [f"up to {edges[0]}", *between, f"above {edges[-1]}"]


def fit_column(
    series: pd.Series, role: str, categorical: bool, bins: int, resolution: int
) -> Column:
    """Grid and reference counts of one column."""
    name = str(series.name)
    kind, note = declared_kind(series, categorical)
    if kind == NUMERIC:
        numbers = as_numbers(series)
        ordered, missing, infinite = sorted_values(numbers.values)
        if len(ordered):
            grid, psi_edges, histogram_edges = numeric_grid(ordered, bins, resolution)
            counts = count_sorted(ordered, grid, missing, infinite)
            return Column(
                name, role, kind, note, grid, psi_edges, histogram_edges, reference=counts
            )
        kind, note = EMPTY, NOT_FINITE
    if kind == CATEGORICAL:
        found = count_levels(series)
        chosen = categorical or isinstance(series.dtype, pd.CategoricalDtype)
        identifier = "" if chosen else identifier_note(len(found.levels), int(found.counts.sum()))
        if not identifier:
            return level_column(name, role, note, found)
        kind, note = IDENTIFIER, identifier
    return Column(name, role, kind, note, reference=Counts(len(series), int(series.isna().sum())))


def level_column(name: str, role: str, note: str, found: LevelCounts) -> Column:
    """Categorical column with the reference's commonest levels listed."""
    order = np.lexsort((found.levels.astype(str), -found.counts))
    listed = order[:MAX_LEVELS]
    complete = len(listed) == len(order)
    if not complete:
        note = f"{len(order):,} levels, compared in {HASH_BUCKETS} groups by hash"
    counts = CategoricalCounts(
        int(found.counts.sum()) + found.missing,
        found.missing,
        levels=found.counts[listed],
        unlisted=int(found.counts[order[MAX_LEVELS:]].sum()),
        buckets=np.zeros(0, dtype=np.int64)
        if complete
        else hash_buckets(found.levels, found.counts),
    )
    levels = tuple(found.levels[listed].tolist())
    return Column(name, role, CATEGORICAL, note, levels=levels, complete=complete, reference=counts)


@dataclass(frozen=True)
class RunLengths:
    """Values in order that repeat: read like the long array they stand for.

    Attributes
    ----------
    points : float array, shape (distinct,)
        The values.
    ends : int array, shape (distinct,)
        Rows up to each value's last.

    Examples
    --------
    >>> runs = RunLengths(np.array([1.0, 5.0]), np.array([3, 4]))
    >>> len(runs), runs[np.array([0, 2, 3])].tolist(), runs.searchsorted(2.0, "right").tolist()
    (4, [1.0, 1.0, 5.0], 3)
    """

    points: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, ranks: np.ndarray | int) -> np.ndarray:
        return self.points[self.ends.searchsorted(ranks, "right")]

    def searchsorted(self, values: np.ndarray, side: Literal["left", "right"]) -> np.ndarray:
        """Rows below each of `values` ("left"), or at or below it ("right")."""
        return np.append(0, self.ends)[self.points.searchsorted(values, side)]


def numeric_grid(
    ordered: np.ndarray | RunLengths, bins: int, resolution: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grid, PSI edges and histogram edges of finite values in order.

    Examples
    --------
    >>> grid, psi_edges, _ = numeric_grid(np.arange(100.0), bins=4, resolution=2000)
    >>> psi_edges.tolist()
    [24.75, 49.5, 74.25]
    """
    points = _points(ordered, resolution)
    psi_edges = psi_edges_of(ordered, bins)
    low, high = float(ordered[0]), float(ordered[len(ordered) - 1])
    with np.errstate(over="ignore"):
        spread = high - low
    even = np.linspace(low, high, HISTOGRAM_BINS + 1) if np.isfinite(spread) else [low, high]
    histogram_edges = np.unique(np.asarray(even, dtype=float))
    grid = np.unique(np.concatenate([points.astype(float), psi_edges, histogram_edges]))
    return grid, psi_edges, histogram_edges


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


def psi_edges_of(ordered: np.ndarray | RunLengths, bins: int) -> np.ndarray:
    """Inner edges of the PSI bins: quantiles of the reference, fewer where values tie."""
    n = len(ordered)
    position = np.arange(1, bins) * (n - 1) / bins
    lower = position.astype(np.int64)
    low = ordered[lower].astype(float)
    high = ordered[np.minimum(lower + 1, n - 1)].astype(float)
    with np.errstate(over="ignore", invalid="ignore"):
        quantiles = np.where(low == high, low, low + (high - low) * (position - lower))
    quantiles = np.where(np.isfinite(quantiles), quantiles, low)
    # A value so common that it holds several quantiles gets a bin to itself: one edge just
    # below it and one at it. So a constant has three bins, and moving away from it shows.
    spikes = quantiles[1:][quantiles[1:] == quantiles[:-1]]
    if ordered[0] == ordered[n - 1]:
        spikes = np.array([float(ordered[0])])
    edges = np.unique(np.concatenate([quantiles, np.nextafter(spikes, -np.inf)]))
    # Edges that part no reference rows from the next ones would only make empty bins.
    upto = ordered.searchsorted(edges, "right")
    keep = np.append(True, np.diff(upto) > 0)
    keep &= (upto < n) | np.isin(edges, spikes)
    return edges[keep]


def summary(column: Column) -> dict[str, Any]:
    """Statistics of the reference's column, for a table."""
    counts = column.reference
    row: dict[str, Any] = {
        "kind": column.kind if column.role == "feature" else column.role,
        "rows": counts.rows,
        "missing": counts.missing_share,
    }
    numbers = isinstance(counts, NumericCounts)
    row |= {"mean": counts.mean, "std": counts.std} if numbers else {"mean": np.nan, "std": np.nan}
    for label, share in (("min", 0.0), ("q25", 0.25), ("median", 0.5), ("q75", 0.75), ("max", 1.0)):
        row[label] = column.quantile(counts, share) if numbers else np.nan
    row["levels"] = len(column.levels) if column.kind == CATEGORICAL else np.nan
    row["commonest"] = column.levels[0] if column.levels else ""
    return row | {"note": column.note}


def column_to_dict(column: Column) -> dict[str, Any]:
    """The column in types that JSON has; `column_from_dict` is its inverse."""
    entry: dict[str, Any] = {"kind": column.kind, "role": column.role, "note": column.note}
    counts = column.reference
    if isinstance(counts, NumericCounts):
        histogram = column.histogram(counts)[1:-1]
        entry |= {"mean": counts.mean, "std": counts.std}
        entry["histogram"] = {"edges": column.histogram_edges, "counts": histogram}
        entry |= {"psi_edges": column.psi_edges, "grid": column.grid}
    elif isinstance(counts, CategoricalCounts):
        entry |= {"levels": column.levels, "complete": column.complete}
    entry["reference"] = {f.name: getattr(counts, f.name) for f in fields(counts)}
    return json_ready(entry)


_COUNTS = {NUMERIC: NumericCounts, CATEGORICAL: CategoricalCounts}


def column_from_dict(name: str, entry: Mapping[str, Any]) -> Column:
    """Column from what `column_to_dict` returns; ValueError where the parts do not fit."""
    kind = entry["kind"]
    stored = {}
    for key, value in entry["reference"].items():
        if isinstance(value, list):
            stored[key] = np.asarray(value, dtype=float if key == "gaps" else np.int64)
        else:
            stored[key] = np.nan if value is None else value
    column = Column(
        name, entry["role"], kind, entry["note"], reference=_COUNTS.get(kind, Counts)(**stored)
    )
    if kind == NUMERIC:
        column = replace(
            column,
            grid=np.asarray(entry["grid"], dtype=float),
            psi_edges=np.asarray(entry["psi_edges"], dtype=float),
            histogram_edges=np.asarray(entry["histogram"]["edges"], dtype=float),
        )
        if len(column.grid) != len(stored["below"]) or len(column.grid) != len(
            stored["at_or_below"]
        ):
            raise ValueError(f"{name}: grid and counts differ in length")
    if kind == CATEGORICAL:
        column = replace(column, levels=tuple(entry["levels"]), complete=bool(entry["complete"]))
        if len(column.levels) != len(stored["levels"]):
            raise ValueError(f"{name}: levels and counts differ in length")
    return column
