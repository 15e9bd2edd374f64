"""The baseline: a frozen grid per column and the counts of the reference on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.batches import Batch, Source, check_rows, each
from driftlib.data.schema import IDENTIFIER, NUMERIC, ColumnRoles, select_features
from driftlib.data.sources import Memory, check_alike, open_source
from driftlib.errors import DataError, ParameterError, check_whole
from driftlib.files import write_whole
from driftlib.profile.column import Column, column_from_dict, column_to_dict, fit_column, summary
from driftlib.profile.profile import Profile
from driftlib.profile.sketch import ReferenceSketch, first_look, grid_column, with_reference
from driftlib.text import quoted

FORMAT, VERSION = "driftlib baseline", 1


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
    roles : ColumnRoles
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
    roles: ColumnRoles = field(default_factory=ColumnRoles)
    bins: int = 10
    resolution: int = 2000
    id: str = ""

    def __post_init__(self) -> None:
        # Some of a baseline's features keep the whole's fingerprint: the grid is the same.
        if not self.id:
            object.__setattr__(self, "id", _fingerprint(self.columns))

    @classmethod
    @known_keywords()
    def fit(
        cls,
        reference: Any,
        bins: int = 10,
        resolution: int = 2000,
        *,
        features: Iterable[str] | None = None,
        categorical: Iterable[str] = (),
        timestamp: str | None = None,
        y_true: str = "y_true",
        y_pred: str = "y_pred",
        y_proba: str = "y_proba",
        seed: int = 0,
    ) -> Baseline:
        """Choose and freeze the grid of every column, and count the reference on it.

        Parameters
        ----------
        reference : frame, table, dataset, path, Dask or Spark DataFrame
            Frames and tables in memory; a pyarrow dataset; a path or glob of Parquet or CSV
            files. What is not in memory is read some rows at a time: up to 200,000 rows (with
            more than 250 columns fewer, but at least 20,000) give what reading them whole
            gives; of more, the grid is that of a sample of so many rows, and a second pass
            counts all rows on it. Numeric columns of at most `resolution` distinct values and
            categories of at most 10,000 levels are exact either way.
        bins : int
            PSI bins of a numeric feature, at least 2; fewer where values tie.
        resolution : int
            Quantiles kept of a numeric feature, at least 10. KS is exact where the reference
            has no more distinct values, and otherwise low by at most one part in so many.
        features : list of str, optional
            Columns to compare; default all but labels, predictions and timestamp.
        categorical : list of str
            Columns to take as categories although they hold numbers, or as categories
            although almost all their values are distinct.
        timestamp : str, optional
            Name of the column that says when a row was seen, which is no feature.
        y_true, y_pred, y_proba : str
            Names of the columns of labels, predictions and probabilities, which are no features.
        seed : int
            Of the sample, from 0 up. Rows are chosen by their number alone, so the same rows
            in the same order give the same grid, in however many files or batches they come.
            On Dask and Spark they are numbered within partitions.

        Raises
        ------
        DriftlibError
            If the reference cannot be read, a name does not exist, or a number is too small.
        """
        bins = check_whole("bins", bins, 2)
        resolution = check_whole("resolution", resolution, 10)
        seed = check_whole("seed", seed, 0)
        categorical = categorical if isinstance(categorical, str) else tuple(categorical)
        source = open_source(reference, "reference", "the reference")
        roles = ColumnRoles(y_true, y_pred, y_proba, timestamp)
        names = _columns_to_fit(source, roles, features, categorical)
        draft = None
        if not isinstance(source, Memory):
            draft = first_look(source, names, frozenset(categorical), resolution, seed)
        if draft and not draft.whole:
            return cls._of_draft(draft, source, roles, bins, resolution)
        frame = draft.sample.frame if draft else source.frame
        declared = set(categorical)

        def fit(series: pd.Series) -> Column:
            name = str(series.name)
            return fit_column(series, roles.of(name), name in declared, bins, resolution)

        columns = each(fit, [frame[name] for name in names], len(frame))
        return cls(len(frame), {c.name: c for c in columns}, roles, bins, resolution)

    @classmethod
    def _of_draft(
        cls, draft: ReferenceSketch, source: Source, roles: ColumnRoles, bins: int, resolution: int
    ) -> Baseline:
        """Baseline of a reference too large for memory, which is counted in a second pass."""
        sample = draft.sample.frame
        columns = {
            name: grid_column(look, sample[name], roles.of(name), bins, resolution)
            for name, look in draft.looks.items()
        }
        uncounted = cls(draft.rows, columns, roles, bins, resolution)
        counted = source.total(uncounted.profile_batch, columns)
        check_rows(counted, draft.rows, source.name)
        columns = {
            name: with_reference(column, draft.looks[name], counted.columns[name], bins)
            for name, column in columns.items()
        }
        return cls(draft.rows, columns, roles, bins, resolution)

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
        batch : frame, table, dataset, path, Dask or Spark DataFrame
            As in `fit`. What is not in memory is read once, some rows at a time, and only the
            columns that the baseline has; those that the batch or one of its files does not
            have count as missing in all its rows.

        Raises
        ------
        DriftlibError
            If the batch cannot be read, or has none of the features.
        """
        source = open_source(batch, "current", "the current data")
        known: set[str] = set()
        for header in source.headers:
            self.check_features(header.names, header.where)
            known.update(header.names)
        return source.total(self.profile_batch, [name for name in self.columns if name in known])

    def profile_batch(self, batch: Batch) -> Profile:
        """`profile` of some rows of a source; there may be none."""
        return self.profile_frame(batch.frame, batch.where, batch.threads)

    def profile_frame(
        self, frame: pd.DataFrame, where: str = "the current data", threads: int | None = None
    ) -> Profile:
        """`profile` of a frame that has passed the gate; it may have no rows."""
        present = set(frame.columns)
        self.check_features(frame.columns, where)
        pairs = [(column, frame[name]) for name, column in self.columns.items() if name in present]
        counted = each(lambda pair: pair[0].count(pair[1]), pairs, len(frame), threads)
        found = {column.name: counts for (column, _), counts in zip(pairs, counted, strict=True)}
        columns = {
            name: found[name] if name in found else column.count_absent(len(frame))
            for name, column in self.columns.items()
        }
        return Profile(self.id, len(frame), columns)

    def check_features(self, names: Iterable[str], where: str) -> None:
        """Raise a `DataError` unless some feature is among the columns of `where`."""
        if not set(self.features).intersection(names):
            raise DataError(
                f"{where} has none of the baseline's features ({quoted(self.features)}): its "
                f"columns are {quoted(names)}. Rename them, or fit a new baseline."
            )

    def only(self, features: Iterable[str] | None) -> Baseline:
        """The same baseline with some of its features; None keeps all."""
        if features is None:
            return self
        chosen = set(select_features(self.features, ColumnRoles(), features, where="the baseline"))
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
            [summary(column) for column in self.columns.values()],
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
            "columns": {name: column_to_dict(column) for name, column in self.columns.items()},
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Baseline:
        """Baseline from what `to_dict` returns."""
        columns = {
            name: column_from_dict(name, entry) for name, entry in content["columns"].items()
        }
        return cls(
            int(content["rows"]),
            columns,
            ColumnRoles(**content["roles"]),
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


@known_keywords()
def as_baseline(
    reference: Any,
    bins: int = 10,
    resolution: int = 2000,
    *,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    seed: int = 0,
) -> Baseline:
    """Take a baseline as it is, load a saved one, or fit one to reference data.

    Parameters
    ----------
    reference : Baseline, path, frame, table, dataset, Dask or Spark DataFrame
        A path that ends in .json is a saved baseline; all else is as in `Baseline.fit`.
    features : list of str, optional
        Columns to compare; of a baseline, those of its features to keep.
    bins, resolution, categorical, timestamp, y_true, y_pred, y_proba : optional
        See `Baseline.fit`. A baseline has them fixed: beside one, each may be left out or
        repeat what the baseline holds.
    seed : int
        Of the sample of a reference larger than memory; a baseline needs none.

    Returns
    -------
    Baseline

    Raises
    ------
    DriftlibError
        If the reference cannot be read or fitted, a name does not exist, or an argument
        contradicts the baseline.

    Examples
    --------
    >>> baseline = Baseline.fit(pd.DataFrame({"x": range(9), "day": "d"}), timestamp="day")
    >>> as_baseline(baseline, timestamp="day") is baseline
    True
    >>> as_baseline(baseline, timestamp="x")
    Traceback (most recent call last):
    driftlib.errors.ParameterError: timestamp='x' is given beside a baseline that was fitted with
    timestamp='day': leave it out, or fit a new baseline.
    """
    if isinstance(reference, str | Path) and str(reference).lower().endswith(".json"):
        reference = Baseline.load(reference)
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp)
    if isinstance(reference, Baseline):
        _check_beside(reference, {"bins": bins, "resolution": resolution} | vars(roles))
        _check_kinds(reference, categorical)
        return reference.only(features)
    return Baseline.fit(
        reference,
        bins,
        resolution,
        features=features,
        categorical=categorical,
        seed=seed,
        **vars(roles),
    )


def _check_beside(baseline: Baseline, given: Mapping[str, Any]) -> None:
    """Raise unless each argument is its default or what the baseline was fitted with."""
    defaults = {"bins": 10, "resolution": 2000} | vars(ColumnRoles())
    held = {"bins": baseline.bins, "resolution": baseline.resolution} | vars(baseline.roles)
    for name, value in given.items():
        if value not in (defaults[name], held[name]):
            raise ParameterError(
                f"{name}={value!r} is given beside a baseline that was fitted with "
                f"{name}={held[name]!r}: leave it out, or fit a new baseline."
            )


def _check_kinds(baseline: Baseline, categorical: Iterable[str]) -> None:
    """Raise if a column is named categorical that the baseline takes as something else."""
    categorical = categorical if isinstance(categorical, str) else tuple(categorical)
    select_features(baseline.columns, baseline.roles, None, categorical, "the baseline")
    for name in map(str, categorical):
        kind = baseline.columns[name].kind
        # The other kinds are not compared, with or without a word from the user.
        if kind in (NUMERIC, IDENTIFIER):
            raise ParameterError(
                f"categorical= names {name!r} beside a baseline that was fitted with {name!r} as "
                f"{kind}: leave it out, or fit a new baseline."
            )


def _columns_to_fit(
    source: Source, roles: ColumnRoles, features: Iterable[str] | None, categorical: Iterable[str]
) -> list[str]:
    """Features in the table's order, then predictions, then the target."""
    known = source.headers[0].names
    names = select_features(known, roles, features, categorical, source.name)
    if not names:
        raise DataError(
            f"{source.name} has no feature: its columns are all labels, predictions or the "
            f"timestamp ({quoted(known)})."
        )
    others = [name for name in known if roles.of(name) in ("prediction", "target")]
    names += sorted(others, key=roles.of)
    check_alike(source.headers, None if features is None else names)
    return names


def _fingerprint(columns: Mapping[str, Column]) -> str:
    digest = hashlib.sha256()
    for column in columns.values():
        digest.update(repr((column.name, column.kind, column.levels, column.complete)).encode())
        digest.update(column.grid.tobytes() + column.psi_edges.tobytes())
    return digest.hexdigest()[:16]


def _dump(value: Any, depth: int = 0) -> str:
    """JSON with a line for each name and lists on one line, so that people can read it."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value, allow_nan=False)
    pad = " " * (depth + 1)
    lines = [f"{pad}{json.dumps(key)}: {_dump(item, depth + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
