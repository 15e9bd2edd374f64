"""The baseline: a frozen grid per column and the counts of the reference on it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from driftlib.errors import DataError, ParameterError, quoted
from driftlib.files import json_ready, write_whole
from driftlib.profile import (
    HASH_BUCKETS,
    CategoricalCounts,
    Counts,
    NumericCounts,
    Profile,
    count_categories,
    count_numbers,
    count_sorted,
    hash_buckets,
    sorted_values,
)
from driftlib.schema import (
    CATEGORICAL,
    EMPTY,
    NUMERIC,
    Roles,
    as_numbers,
    column_kind,
    count_levels,
    select_features,
)
from driftlib.sources import read_frame, source_name

FORMAT, VERSION = "driftlib baseline", 1
HISTOGRAM_BINS = 40
MAX_LEVELS = 1000
# Below so many cells, starting threads costs more than they save.
CELLS_WORTH_THREADS = 200_000

Item = TypeVar("Item")
Out = TypeVar("Out")


@dataclass(frozen=True)
class Column:
    """One column of a baseline: what it is, its grid, and the reference's counts on it.

    Attributes
    ----------
    name, role, kind, note : str
        Role is "feature", "prediction" or "target"; kind as in `driftlib.schema`.
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
            upper = np.append(counts.at_or_below[self._psi_places], counts.present)
            return np.diff(upper, prepend=0)
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
    kind, note = column_kind(series, categorical)
    if kind == NUMERIC:
        numbers = as_numbers(series)
        ordered, missing, infinite = sorted_values(numbers.values)
        if len(ordered):
            grid, psi_edges, histogram_edges = numeric_grid(ordered, bins, resolution)
            counts = count_sorted(ordered, grid, missing, infinite)
            return Column(
                name, role, kind, note, grid, psi_edges, histogram_edges, reference=counts
            )
        kind, note = EMPTY, "not compared: no value in the reference is a finite number"
    if kind == CATEGORICAL:
        found = count_levels(series)
        order = np.lexsort((found.levels.astype(str), -found.counts))
        listed = order[:MAX_LEVELS]
        complete = len(listed) == len(order)
        levels = tuple(found.levels[listed].tolist())
        unlisted = int(found.counts[order[MAX_LEVELS:]].sum())
        if not complete:
            note = f"{len(order):,} levels, compared in {HASH_BUCKETS} groups by hash"
        counts = CategoricalCounts(
            len(series),
            found.missing,
            levels=found.counts[listed],
            unlisted=unlisted,
            buckets=np.zeros(0, dtype=np.int64)
            if complete
            else hash_buckets(found.levels, found.counts),
        )
        return Column(name, role, kind, note, levels=levels, complete=complete, reference=counts)
    return Column(name, role, kind, note, reference=Counts(len(series), int(series.isna().sum())))


def numeric_grid(
    ordered: np.ndarray, bins: int, resolution: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grid, PSI edges and histogram edges of finite values in order.

    Examples
    --------
    >>> grid, psi_edges, _ = numeric_grid(np.arange(100.0), bins=4, resolution=2000)
    >>> psi_edges.tolist()
    [24.75, 49.5, 74.25]
    """
    n = len(ordered)
    changes = np.flatnonzero(ordered[1:] != ordered[:-1])
    if len(changes) < resolution:
        points = ordered[np.append(0, changes + 1)]
    else:
        points = ordered[np.round(np.linspace(0, n - 1, resolution + 1)).astype(np.int64)]
    psi_edges = _psi_edges(ordered, bins)
    low, high = float(ordered[0]), float(ordered[-1])
    with np.errstate(over="ignore"):
        spread = high - low
    even = np.linspace(low, high, HISTOGRAM_BINS + 1) if np.isfinite(spread) else [low, high]
    histogram_edges = np.unique(np.asarray(even, dtype=float))
    grid = np.unique(np.concatenate([points.astype(float), psi_edges, histogram_edges]))
    return grid, psi_edges, histogram_edges


def _psi_edges(ordered: np.ndarray, bins: int) -> np.ndarray:
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
    if ordered[0] == ordered[-1]:
        spikes = ordered[:1].astype(float)
    edges = np.unique(np.concatenate([quantiles, np.nextafter(spikes, -np.inf)]))
    # Edges that part no reference rows from the next ones would only make empty bins.
    upto = ordered.searchsorted(edges, "right")
    keep = np.append(True, np.diff(upto) > 0)
    keep &= (upto < n) | np.isin(edges, spikes)
    return edges[keep]


@dataclass(frozen=True)
class Baseline:
    """What a later batch is compared with: a grid per column, and the reference on it.

    Raw reference data is never needed again: `save` writes everything to one JSON file.

    Attributes
    ----------
    rows : int
        Rows of the reference.
    columns : mapping of str to Column
        Features in the reference's order, then predictions, then the target.
    roles : Roles
    bins, resolution : int
    id : str
        Fingerprint of the grid: profiles add if theirs are the same.

    Examples
    --------
    >>> reference = pd.DataFrame({"x": range(100), "c": ["a", "b"] * 50})
    >>> baseline = Baseline.fit(reference)
    >>> baseline.table[["kind", "rows", "mean", "levels"]]
                    kind  rows  mean  levels
    feature
    x            numeric   100  49.5     NaN
    c        categorical   100   NaN     2.0
    """

    rows: int
    columns: Mapping[str, Column]
    roles: Roles = field(default_factory=Roles)
    bins: int = 10
    resolution: int = 2000
    id: str = ""

    def __post_init__(self) -> None:
        # Some of a baseline's features keep the whole's fingerprint: the grid is the same.
        if not self.id:
            object.__setattr__(self, "id", _fingerprint(self.columns))

    @classmethod
    def fit(
        cls,
        reference: Any,
        features: Iterable[str] | None = None,
        categorical: Iterable[str] = (),
        bins: int = 10,
        resolution: int = 2000,
        *,
        y_true: str = "y_true",
        y_pred: str = "y_pred",
        y_proba: str = "y_proba",
        timestamp: str | None = None,
    ) -> Baseline:
        """Choose and freeze the grid of every column, and count the reference on it.

        Parameters
        ----------
        reference : frame, table or path
            See `driftlib.sources.read_frame`.
        features : list of str, optional
            Columns to compare; default all but labels, predictions and timestamp.
        categorical : list of str
            Columns to take as categories although they hold numbers, or as categories
            although almost all their values are distinct.
        bins : int
            PSI bins of a numeric feature, at least 2; fewer where values tie.
        resolution : int
            Quantiles kept of a numeric feature, at least 10. KS is exact where the reference
            has no more distinct values, and otherwise low by at most one part in so many.
        y_true, y_pred, y_proba, timestamp : str
            Names of the columns that are no features.

        Raises
        ------
        DriftlibError
            If the reference cannot be read, a name does not exist, or a number is too small.
        """
        for name, value, least in (("bins", bins, 2), ("resolution", resolution, 10)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise ParameterError(f"{name}={value!r} must be a whole number from {least} up.")
        frame = read_frame(reference, "reference")
        roles = Roles(y_true, y_pred, y_proba, timestamp)
        where = source_name(reference, "the reference")
        names = select_features(frame.columns, roles, features, categorical, where)
        if not names:
            raise DataError(
                f"{where} has no feature: its columns are all labels, predictions or the "
                f"timestamp ({quoted(frame.columns)})."
            )
        others = [name for name in frame.columns if roles.of(name) in ("prediction", "target")]
        others.sort(key=roles.of)
        declared = set(categorical)

        def fit(series: pd.Series) -> Column:
            name = str(series.name)
            return fit_column(series, roles.of(name), name in declared, int(bins), int(resolution))

        series = [frame[name] for name in names + others]
        columns = _each(fit, series, len(frame))
        return cls(len(frame), {c.name: c for c in columns}, roles, int(bins), int(resolution))

    @property
    def features(self) -> list[str]:
        """Names of the features, in the reference's order."""
        return [name for name, column in self.columns.items() if column.role == "feature"]

    @cached_property
    def reference(self) -> Profile:
        """The reference's own profile."""
        counts = {name: column.reference for name, column in self.columns.items()}
        return Profile(self.id, self.rows, counts)

    def profile(self, batch: Any) -> Profile:
        """Counts of a batch on this baseline's grid.

        Parameters
        ----------
        batch : frame, table or path
            Columns that the baseline does not have are ignored; those that the batch does
            not have count as missing in all its rows.

        Raises
        ------
        DriftlibError
            If the batch cannot be read, or has none of the features.
        """
        frame = read_frame(batch, "current")
        return self.profile_frame(frame, source_name(batch, "the current data"))

    def profile_frame(self, frame: pd.DataFrame, where: str = "the current data") -> Profile:
        """`profile` of a frame that has passed the gate; it may have no rows."""
        present = set(frame.columns)
        if not present.intersection(self.features):
            raise DataError(
                f"{where} has none of the baseline's features ({quoted(self.features)}): its "
                f"columns are {quoted(frame.columns)}. Rename them, or fit a new baseline."
            )
        pairs = [(column, frame[name]) for name, column in self.columns.items() if name in present]
        counted = _each(lambda pair: pair[0].count(pair[1]), pairs, len(frame))
        found = {column.name: counts for (column, _), counts in zip(pairs, counted, strict=True)}
        columns = {
            name: found[name] if name in found else column.count_absent(len(frame))
            for name, column in self.columns.items()
        }
        return Profile(self.id, len(frame), columns)

    def only(self, features: Iterable[str] | None) -> Baseline:
        """The same baseline with some of its features; None keeps all."""
        if features is None:
            return self
        chosen = set(select_features(self.features, Roles(), features, where="the baseline"))
        kept = {
            name: column
            for name, column in self.columns.items()
            if column.role != "feature" or name in chosen
        }
        return replace(self, columns=kept)

    @property
    def table(self) -> pd.DataFrame:
        """Statistics per column: kind, rows, missing share, mean, std, quantiles, levels."""
        return pd.DataFrame(
            [_summary(column) for column in self.columns.values()],
            index=pd.Index(list(self.columns), name="feature"),
        )

    def to_dict(self) -> dict[str, Any]:
        """The baseline in types that JSON has; `from_dict` is its inverse."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "id": _fingerprint(self.columns),
            "rows": self.rows,
            "bins": self.bins,
            "resolution": self.resolution,
            "roles": asdict(self.roles),
            "columns": {name: _column_to_dict(column) for name, column in self.columns.items()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Baseline:
        """Baseline from what `to_dict` returns."""
        columns = {
            name: _column_from_dict(name, entry) for name, entry in content["columns"].items()
        }
        return cls(
            int(content["rows"]),
            columns,
            Roles(**content["roles"]),
            int(content["bins"]),
            int(content["resolution"]),
        )

    def save(self, path: str | Path) -> Path:
        """Write the baseline as one JSON file, whole or not at all."""
        return write_whole(path, _dump(self.to_dict()) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Baseline:
        """Read a baseline that `save` wrote.

        Raises
        ------
        DriftlibError
            If the file is missing, is no baseline, is damaged, or is of a newer format.
        """
        name = Path(path).name
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise DataError(
                f"baseline {str(path)!r} cannot be read ({reason}): check the path."
            ) from error
        except json.JSONDecodeError as error:
            raise DataError(
                f"{name} is not JSON (line {error.lineno}): write it again with Baseline.save."
            ) from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise DataError(f"{name} is not a baseline: write one with Baseline.save.")
        if content.get("version") != VERSION:
            raise DataError(
                f"{name} has baseline format {content.get('version')}, and this driftlib reads "
                f"format {VERSION}: fit the baseline again, or use a matching driftlib."
            )
        try:
            baseline = cls.from_dict(content)
            intact = baseline.id == content["id"]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(f"{name} is damaged ({error!r}): fit the baseline again.") from error
        if not intact:
            raise DataError(f"{name} was changed by hand or damaged: fit the baseline again.")
        return baseline


def as_baseline(
    reference: Any,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    **names: Any,
) -> Baseline:
    """Baseline from a baseline, the path of a saved one, or reference data."""
    if isinstance(reference, str | Path) and str(reference).lower().endswith(".json"):
        reference = Baseline.load(reference)
    if isinstance(reference, Baseline):
        return reference.only(features)
    return Baseline.fit(reference, features, categorical, **names)


def _fingerprint(columns: Mapping[str, Column]) -> str:
    digest = hashlib.sha256()
    for column in columns.values():
        digest.update(repr((column.name, column.kind, column.levels, column.complete)).encode())
        digest.update(column.grid.tobytes() + column.psi_edges.tobytes())
    return digest.hexdigest()[:16]


def _each(function: Callable[[Item], Out], items: list[Item], rows: int) -> list[Out]:
    """Function of every column, on threads where the data are large: sorting frees the GIL."""
    if rows * len(items) < CELLS_WORTH_THREADS:
        return [function(item) for item in items]
    with ThreadPoolExecutor(min(len(items), os.cpu_count() or 1)) as pool:
        return list(pool.map(function, items))


def _summary(column: Column) -> dict[str, Any]:
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


def _column_to_dict(column: Column) -> dict[str, Any]:
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


def _column_from_dict(name: str, entry: Mapping[str, Any]) -> Column:
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


def _dump(value: Any, depth: int = 0) -> str:
    """JSON with a line for each name and lists on one line, so that people can read it."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, allow_nan=False)
    pad = " " * (depth + 1)
    lines = [f"{pad}{json.dumps(key)}: {_dump(item, depth + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
