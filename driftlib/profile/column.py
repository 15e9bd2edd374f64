"""Hold one column of a baseline: its kind, its frozen grid, and the reference counted on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from driftlib.data.columns import Values, count_missing
from driftlib.data.levels import KnownLevels, level_codes
from driftlib.data.numbers import as_numbers
from driftlib.data.schema import CATEGORICAL, NUMERIC
from driftlib.lazily import pd
from driftlib.profile.column_counts import (
    HASH_BUCKETS,
    SortedColumn,
    bucket_of,
    count_categories,
    count_sorted_columns,
)
from driftlib.profile.pickled import ByFields
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, merged
from driftlib.profile.units import UnitColumn, UnitRows, level_cells
from driftlib.stats.distances import ks
from driftlib.stats.few_rows import Cells, CellsOf
from driftlib.stats.precision import Claims, claims, positions


@dataclass(frozen=True)
class Column(ByFields):
    """One column of a baseline: what it is, its grid, and the reference's counts on it.

    Parameters
    ----------
    name, note : str
        Its name, and what a reader should know of how it is compared.
    role : {"feature", "prediction", "target"}
        What the model takes it for.
    kind : str
        As in `driftlib.data.schema`.
    grid, psi_edges, histogram_edges : float array
        Numeric columns: all sorted; both kinds of edges are grid points. The PSI's bins are
        the intervals between edges, each with its upper end.
    levels : tuple of str
        Categorical columns: commonest first.
    complete : bool
        Whether `levels` lists every level of the reference.
    reference : Counts
        The reference counted on the grid.
    unit_edges : float array
        Numeric columns: between them lie the cells in which the rows of a unit are counted.
    may_count : bool
        Numeric columns: whether it is a counter if a batch goes on where the reference ends.

    Examples
    --------
    >>> from driftlib.profile.baseline import Baseline
    >>> march = pd.DataFrame({"sky": ["clear", "cloud", "clear"]})
    >>> column = Baseline.fit(march).columns["sky"]
    >>> column.levels, column.count(pd.Series(["cloud", "fog", None])).levels.tolist()
    (('clear', 'cloud'), [0, 1])
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
    unit_edges: np.ndarray = field(default_factory=lambda: np.zeros(0))
    may_count: bool = False

    @cached_property
    def known_levels(self) -> KnownLevels:
        """The levels, for looking up."""
        return KnownLevels(self.levels)

    @cached_property
    def _psi_places(self) -> np.ndarray:
        return self.grid.searchsorted(self.psi_edges)

    @cached_property
    def _claims(self) -> dict[int, Claims]:
        return {}

    def claims(self, bits: int) -> Claims:
        """Find which values count as which grid point.

        Parameters
        ----------
        bits : int
            Significant bits of a batch's values: they count in the coarser of its and the
            reference's type.

        Returns
        -------
        Claims
        """
        if isinstance(self.reference, NumericCounts):
            bits = min(bits, self.reference.bits)
        if bits not in self._claims:
            self._claims.setdefault(bits, claims(self.grid, bits))
        return self._claims[bits]

    def alike(
        self, before: NumericCounts, after: NumericCounts
    ) -> tuple[NumericCounts, NumericCounts]:
        """Bring two counts on this grid to the coarser of their types.

        Parameters
        ----------
        before, after : NumericCounts

        Returns
        -------
        tuple of two NumericCounts
            What differs in digits that one of the two does not have counts as the same.
        """
        found = self.claims(min(before.bits, after.bits))
        return merged(before, found), merged(after, found)

    def count(self, values: Values) -> Counts:
        """Count a batch's column on this grid.

        Parameters
        ----------
        values : Values
            The column's in the batch; there may be none.

        Returns
        -------
        Counts
            `NumericCounts` or `CategoricalCounts` where the column can be compared.
        """
        if self.kind == NUMERIC:
            return count_together([self], [values])[0]
        if self.kind == CATEGORICAL:
            return count_categories(values, self.known_levels, not self.complete)
        return Counts(len(values), count_missing(values))

    def constant(self, before: NumericCounts, after: NumericCounts) -> bool:
        """Tell whether two sides hold one and the same value.

        Parameters
        ----------
        before, after : NumericCounts
            At least one value a side.

        Returns
        -------
        bool
        """
        ends = before.minimum, before.maximum, after.minimum, after.maximum
        if min(ends) != max(ends) or before.squares or after.squares:
            return False
        # Large whole numbers that differ have the same ends as floats.
        before, after = self.alike(before, after)
        return ks(before.cumulative, after.cumulative) == 0

    def count_absent(self, rows: int) -> Counts:
        """Count a batch that does not have the column.

        Parameters
        ----------
        rows : int
            Rows of the batch: all count as missing.

        Returns
        -------
        Counts
        """
        empty = self.count(pd.Series([], dtype=object))
        return replace(empty, rows=rows, missing=rows, absent=rows)

    @property
    def unit_cells(self) -> np.ndarray:
        """The cell of each level, or bucket, in which the rows of a unit are counted."""
        return level_cells(len(self.levels) if self.complete else HASH_BUCKETS)

    def count_units(self, series: pd.Series | None, rows: UnitRows) -> UnitColumn:
        """Count the rows of each unit of a batch.

        Parameters
        ----------
        series : pandas.Series or None
            The column's values in the batch; None where it has no such column.
        rows : UnitRows
            The units of its rows.

        Returns
        -------
        UnitColumn
            Of a column that can be compared.
        """
        if series is None:
            if self.kind == NUMERIC:
                return rows.absent(len(self.unit_edges) + 1, 0)
            cells = int(self.unit_cells.max(initial=-1)) + 1
            return rows.absent(cells, len(self.levels) if self.complete else 0)
        if self.kind == NUMERIC and self.unit_edges.dtype.kind in "iu":
            there = series.notna().to_numpy()
            values = as_numbers(series[there]).values
            edges = np.arange(float(len(self.unit_edges)))
            found = positions(self.unit_edges, values, "left")
            upto = np.full(len(series), np.nan)
            upto[there] = np.where(np.isfinite(values), found, np.nan)
            return rows.numbers(upto, edges)
        if self.kind == NUMERIC:
            return rows.numbers(as_numbers(series).values, self.unit_edges)
        codes, texts = level_codes(series)
        names = self.known_levels.names_of(texts)
        absent = pd.isna(names)
        if self.complete:
            places = self.known_levels.places(names)
            places = np.where(places < 0, len(self.levels), places)
        else:
            places = bucket_of(np.where(absent, "", names))
        places = np.where(absent, -1, places)
        return rows.levels(np.append(places, -1)[codes], self.unit_cells, self.complete)

    def bins(self, counts: Counts) -> np.ndarray:
        """Count rows per PSI bin, per level, or per hash bucket where not all levels are listed.

        Parameters
        ----------
        counts : NumericCounts or CategoricalCounts
            Of a batch, on this grid.

        Returns
        -------
        int array
            What the PSI compares: its bins are disjoint. Rows of unlisted levels are in none,
            unless there are buckets.
        """
        return self._reference_bins if counts is self.reference else self._bins(counts)

    @cached_property
    def _reference_bins(self) -> np.ndarray:
        return self._bins(self.reference)

    def _bins(self, counts: Counts) -> np.ndarray:
        if isinstance(counts, NumericCounts):
            rows = np.empty(len(self._psi_places) + 1, dtype=np.int64)
            rows[:-1], rows[-1] = counts.at_or_below[self._psi_places], counts.present
            rows[1:] -= rows[:-1].copy()
            return rows
        assert isinstance(counts, CategoricalCounts)
        return counts.levels if self.complete else counts.buckets

    def histogram(self, counts: NumericCounts) -> np.ndarray:
        """Count rows in the histogram's bins, and on either side of it.

        Parameters
        ----------
        counts : NumericCounts
            Of a batch, on this grid.

        Returns
        -------
        int array, shape (edges + 1,)
            Rows below the first edge, in each bin, and above the last edge.
        """
        places = self.grid.searchsorted(self.histogram_edges)
        upto = counts.below[places].copy()
        # The last bin has its upper edge too, where the reference's maximum lies.
        upto[-1] = counts.at_or_below[places[-1]]
        return np.diff(upto, prepend=0, append=counts.present)

    def quantile(self, counts: NumericCounts, share: float) -> float:
        """Find the smallest grid point with a share of the values at or below it.

        Parameters
        ----------
        counts : NumericCounts
            Of a batch, on this grid.
        share : float
            From 0 to 1.

        Returns
        -------
        float
            The reference's own quantile where all its values are grid points. Infinite where it
            lies outside the grid, of which only the number of values is known; NaN of no values.
        """
        if not counts.present:
            return np.nan
        least = max(share * counts.present - 1e-9, 0.5)
        if counts.below[0] >= least:
            return -np.inf
        place = int(np.searchsorted(counts.at_or_below, least))
        return float(self.grid[place]) if place < len(self.grid) else np.inf

    def in_words(self, quantile: float) -> str:
        """Write a quantile.

        Parameters
        ----------
        quantile : float
            From `quantile`.

        Returns
        -------
        str
            Such as "107", or "beyond 112" and "below 88" where it lies outside the grid.

        Examples
        --------
        >>> column = Column("x", "feature", "numeric", grid=np.array([88.0, 112.0]))
        >>> [column.in_words(value) for value in (107.0, np.inf, -np.inf)]
        ['107', 'beyond 112', 'below 88']
        """
        if np.isinf(quantile):
            return (
                f"beyond {written(self.grid[-1])}"
                if quantile > 0
                else f"below {written(self.grid[0])}"
            )
        return f"{quantile:.4g}"

    @cached_property
    def scale(self) -> float:
        """Standard deviation of the reference; NaN of what is no number."""
        return self.reference.std if isinstance(self.reference, NumericCounts) else np.nan

    @cached_property
    def rare_levels(self) -> tuple[int, int]:
        """How many of the levels the reference has once, and twice."""
        was = self.reference
        assert isinstance(was, CategoricalCounts)
        return int((was.levels == 1).sum()), int((was.levels == 2).sum())

    @cached_property
    def alike_share(self) -> float:
        """Chance that two of the reference's rows are alike; 0 where that is not known."""
        was, masses = self.reference, np.zeros(0)
        if isinstance(was, NumericCounts):
            masses = was.at_or_below - was.below
        elif isinstance(was, CategoricalCounts) and self.complete:
            masses = was.levels
        pairs = was.present * (was.present - 1.0)
        return float((masses * (masses - 1.0)).sum()) / pairs if pairs else 0.0

    @property
    def bin_labels(self) -> list[str]:
        """Names of the bins of `bins`."""
        if self.kind == CATEGORICAL:
            return list(self.levels) if self.complete else []
        edges = [written(edge) for edge in self.psi_edges]
        if not edges:
            return ["all"]
        between = [f"{low} to {high}" for low, high in pairwise(edges)]
        return [f"up to {edges[0]}", *between, f"above {edges[-1]}"]


def count_together(
    columns: Sequence[Column], values: Sequence[Values], cells_of: CellsOf = Cells.of
) -> list[NumericCounts]:
    """Count numeric columns of a batch together.

    Parameters
    ----------
    columns : sequence of Column
    values : sequence of Values
        Of each its own in the batch.
    cells_of : callable
        Makes, or finds, the cells of columns of few rows.

    Returns
    -------
    list of NumericCounts
    """
    read = SortedColumn.of_each(values)
    claimed = [column.claims(one.bits) for column, one in zip(columns, read, strict=True)]
    return count_sorted_columns(read, [column.grid for column in columns], claimed, cells_of)


def written(value: Any, digits: int = 4) -> str:
    """Write a value of a grid: with a few digits, or all where doubles would lose the last.

    Parameters
    ----------
    value : int or float
    digits : int
        Significant ones.

    Returns
    -------
    str

    Examples
    --------
    >>> written(np.float64(12345.678)), written(np.int64(10**18 + 1))
    ('1.235e+04', '1000000000000000001')
    """
    return str(int(value)) if isinstance(value, np.integer) else f"{value:.{digits}g}"


def summary(column: Column) -> dict[str, Any]:
    """Describe the reference's column in a row of a table.

    Parameters
    ----------
    column : Column
        Of any kind.

    Returns
    -------
    dict
        kind, rows, missing, mean, std, min, q25, median, q75, max, levels, commonest, note: NaN
        where a number does not apply.
    """
    counts = column.reference
    shares = {"min": 0.0, "q25": 0.25, "median": 0.5, "q75": 0.75, "max": 1.0}
    if isinstance(counts, NumericCounts):
        numbers = {"mean": counts.mean, "std": counts.std}
        numbers |= {name: column.quantile(counts, share) for name, share in shares.items()}
    else:
        numbers = dict.fromkeys(("mean", "std", *shares), np.nan)
    return {
        "kind": column.kind if column.role == "feature" else column.role,
        "rows": counts.rows,
        "missing": counts.missing_share,
        **numbers,
        "levels": len(column.levels) if column.kind == CATEGORICAL else np.nan,
        "commonest": column.levels[0] if column.levels else "",
        "note": column.note,
    }
