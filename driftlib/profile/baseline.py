"""Fit a baseline: freeze a grid per column, and count the reference and later batches on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib.arguments import known_keywords
from driftlib.data.batches import Batch, Source, check_rows, each
from driftlib.data.columns import Fetched, fetch
from driftlib.data.levels import MISSING_TEXTS
from driftlib.data.opening import open_source
from driftlib.data.schema import (
    CATEGORICAL,
    IDENTIFIER,
    ColumnRoles,
    select_features,
)
from driftlib.data.season import NO_SEASON, SeasonRule, season_cells, season_names
from driftlib.data.times import check_time_format
from driftlib.data.units import ROW, ROWS, TIME, UnitRule
from driftlib.errors import DataError, check_whole
from driftlib.files import shown_name, write_whole
from driftlib.lazily import pd
from driftlib.profile.column import Column, summary
from driftlib.profile.counting import count_columns, count_units
from driftlib.profile.facts import Facts, ReferenceFacts, choose_facts, layouts_of
from driftlib.profile.grid import fingerprint, with_reference
from driftlib.profile.pickled import ByFields
from driftlib.profile.profile import Profile
from driftlib.profile.season_storage import cells_from_dict, cells_to_dict, season_from_dict
from driftlib.profile.storage import (
    column_from_dict,
    column_to_dict,
    texts_of,
    units_from_dict,
    units_to_dict,
)
from driftlib.profile.units import ProfileUnits
from driftlib.profile.written import FORMAT, VERSION, digest, dump, read_content
from driftlib.stats.few_rows import KeptCells
from driftlib.stats.gridded import GridSide
from driftlib.text import first_sentence, quoted

if TYPE_CHECKING:
    from driftlib.profile.sketch import ReferenceSketch

# What reading the content of a file raises that was not written by `Baseline.save`.
_DAMAGE = (
    KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True)
class Baseline(ByFields):
    """What a later batch is compared with: a grid per column, and the reference on it.

    Raw reference data is never needed again: `save` writes everything to one JSON file.

    Parameters
    ----------
    rows : int
        Rows of the reference.
    columns : mapping of str to Column
        Features in the reference's order, then predictions, then the target.
    roles : ColumnRoles
        Names of the columns of labels, predictions and time.
    bins, resolution : int
        PSI bins and quantiles of a numeric column: see `fit`.
    id : str
        Fingerprint of the grid: profiles add if theirs are the same.
    unit : UnitRule
        What a unit is: the rows that were drawn together.
    reference_units : ProfileUnits, optional
        The reference's rows by unit; None where rows are their own units.
    notes : tuple of str
        What was assumed when the reference was read.
    season : SeasonRule
        What like is compared with like by.
    reference_cells : mapping of str to Profile
        With a season, the reference's profile in each of its cells.
    reference_facts : ReferenceFacts, optional
        What the reference is like beside its columns' values; a baseline saved by an older
        driftlib has none.

    Examples
    --------
    >>> reference = pd.DataFrame({"x": range(99, -1, -1), "c": ["a", "b"] * 50})
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
    unit: UnitRule = ROWS
    reference_units: ProfileUnits | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    season: SeasonRule = NO_SEASON
    reference_cells: Mapping[str, Profile] = field(default_factory=dict, repr=False)
    reference_facts: ReferenceFacts | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        # Some of a baseline's features keep the whole's fingerprint: the grid is the same.
        if not self.id:
            object.__setattr__(self, "id", fingerprint(self.columns, self.unit, self.season))

    @classmethod
    @known_keywords()
    def fit(
        cls,
        reference: Any,
        bins: int = 10,
        resolution: int | None = None,
        *,
        features: Iterable[str] | None = None,
        exclude: Iterable[str] = (),
        categorical: Iterable[str] = (),
        timestamp: str | None = None,
        time_format: str | None = None,
        y_true: str = "y_true",
        y_pred: str = "y_pred",
        y_proba: str = "y_proba",
        positive: Any = None,
        unit: str = "auto",
        season: str | Iterable[str] | None = None,
        seed: int = 0,
    ) -> Baseline:
        """Choose and freeze the grid of every column, and count the reference on it.

        What a good reference is, what a unit, and when a season: :doc:`/guides/reference`.

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
        resolution : int, optional
            Quantiles kept of a numeric feature, at least 10; default 2,000, and of more than
            2,000 columns fewer, down to 400 of 10,000. KS is exact where the reference has no
            more distinct values, and otherwise low by at most one part in so many.
        features : list of str, optional
            Columns to compare; default all but labels, predictions, timestamp, stored indexes
            and columns that only count up.
        exclude : list of str
            Columns never to compare.
        categorical : list of str
            Columns to take as categories although they hold numbers, or as categories
            although almost all their values are distinct.
        timestamp : str, optional
            Name of the column that says when a row was seen, which is no feature.
        time_format : str, optional
            How that column is written where it holds neither times nor text such as 2013-03-31
            17:00: "s" or "ms" (numbers since 1970), "excel" (Excel's day numbers), "dayfirst"
            (31/12/2013), or a pattern of `datetime.strptime` such as "%Y%m%d".
        y_true, y_pred, y_proba : str
            Names of the columns of labels, predictions and probabilities, which are no features.
        positive : label, optional
            Taken so that the same keywords serve every function: drift asks for no label.
        unit : str
            What rows were drawn in, and so what tests take as independent: "row"; a length of
            time such as "1D" on the time column; or a column, such as that of the customer,
            which is then no feature. "auto" takes the timestamp, or the only column of dates and
            times: days where there are at least 10, else hours where there are at least 20, else
            rows.
        season : str or list of str, optional
            Compare like with like: "hour", "weekday" or "month" of the time column, or columns,
            which are then no features. Later batches are compared with the reference's rows of
            the same cells (the same months, say), in the shares that they have themselves. What
            the reference lacks is not compared, and said.
        seed : int
            Of the sample, from 0 up. Rows are chosen by their number alone, so the same rows
            in the same order give the same grid, in however many files or batches they come.
            On Dask and Spark they are numbered within partitions.

        Returns
        -------
        Baseline

        Raises
        ------
        DriftlibError
            If the reference cannot be read, a name does not exist, or a number is too small.
        """
        # A baseline that was loaded does without.
        from driftlib.profile.fitting import Chosen, fit_columns

        bins = check_whole("bins", bins, 2)
        if resolution is not None:
            resolution = check_whole("resolution", resolution, 10)
        seed = check_whole("seed", seed, 0)
        categorical = categorical if isinstance(categorical, str) else tuple(categorical)
        exclude = exclude if isinstance(exclude, str) else tuple(exclude)
        time_format = check_time_format(time_format)
        source = open_source(reference, "reference", "the reference")
        roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format)
        chosen = Chosen(features, exclude, categorical, unit, season_names(season))
        fitted = fit_columns(source, roles, chosen, bins, resolution, seed)
        rows = fitted.sketch.rows
        told: Any = {"unit": fitted.unit, "season": fitted.season, "notes": source.notes}
        baseline = cls(rows, fitted.columns, fitted.roles, bins, fitted.resolution, **told)
        baseline = baseline._with_facts(source)
        if not fitted.sketch.complete:
            return baseline._counted(fitted.sketch, source)
        sample = fitted.sketch.sample.frame
        units = None if fitted.unit.kind == ROW else baseline.count_units(sample, source.name)
        cells = baseline.count_cells(sample, source.name)
        baseline = baseline._knowing(baseline._facts_of(fetch(sample), source.name))
        return replace(baseline, reference_units=units, reference_cells=cells)

    def _counted(self, sketch: ReferenceSketch, source: Source) -> Baseline:
        """Count all of the reference on the grids that were chosen from a sample."""
        counted = source.total(self.profile_batch, self.read)
        check_rows(counted, sketch.rows, source.name)
        columns = {
            name: with_reference(column, sketch.columns[name], counted.columns[name], self.bins)
            for name, column in self.columns.items()
        }
        units, cells = counted.units, counted.cells
        known = self._knowing(counted.facts)
        return replace(known, columns=columns, id="", reference_units=units, reference_cells=cells)

    def _with_facts(self, source: Source) -> Baseline:
        """Choose what is kept of batches beside their columns' values."""
        others = [name for name in self.read if name not in self.columns]
        facts = choose_facts(source.headers, self.columns, others, self._time)
        return replace(self, reference_facts=facts)

    def _knowing(self, facts: Facts | None) -> Baseline:
        """Keep what is known of all rows of the reference."""
        known = self.reference_facts
        return replace(self, reference_facts=known.of(facts) if known and facts else None)

    @property
    def _time(self) -> str | None:
        """The column of times, as far as it is known."""
        return self.unit.column if self.unit.kind == TIME else self.roles.timestamp

    def _facts_of(self, fetched: Fetched, where: str) -> Facts | None:
        """Keep what a batch is like beside its columns' values."""
        if self.reference_facts is None:
            return None
        written = self.unit.time_format or self.roles.time_format
        return self.reference_facts.count(fetched, where, written)

    @property
    def features(self) -> list[str]:
        """Names of the features, in the reference's order."""
        return [name for name, column in self.columns.items() if column.role == "feature"]

    @cached_property
    def reference(self) -> Profile:
        """The reference's own profile."""
        counts = {name: column.reference for name, column in self.columns.items()}
        cells = {
            cell: Profile(
                self.id, part.rows, {name: part.columns[name] for name in counts}, part.units
            )
            for cell, part in self.reference_cells.items()
        }
        return Profile(self.id, self.rows, counts, self.reference_units, self.notes, cells)

    @cached_property
    def kept_sides(self) -> dict[tuple[str, ...], GridSide]:
        """The reference's columns as they were compared last, by their names."""
        return {}

    @cached_property
    def kept_cells(self) -> KeptCells:
        """The cells in which batches of few rows were counted."""
        return KeptCells()

    @property
    def read(self) -> list[str]:
        """Columns that a batch is counted by: the own, those of the units and of the season."""
        others = [self.unit.column, *self.season.columns, self._time]
        return list(dict.fromkeys([*self.columns, *filter(None, others)]))

    @cached_property
    def as_written(self) -> dict[str, tuple[str, ...]]:
        """Columns that CSV files are to be read for as text, with their values like "NA"."""
        return {
            name: tuple(text for text in MISSING_TEXTS if text in set(column.levels))
            for name, column in self.columns.items()
            # Truth values are known again however they are read.
            if column.kind in (CATEGORICAL, IDENTIFIER) and not column.known_levels.by_truth
        }

    def open(self, data: Any, role: str = "current", name: str = "the current data") -> Source:
        """Open a table to be counted, its CSV files read as this baseline knows the columns.

        Parameters
        ----------
        data : frame, table, dataset, path, Dask or Spark DataFrame
        role, name : str
            What to call it: see `driftlib.data.opening.open_source`.

        Returns
        -------
        Source

        Raises
        ------
        DriftlibError
            If it cannot be opened.
        """
        return open_source(data, role, name, self.as_written)

    def profile(self, batch: Any) -> Profile:
        """Count a batch on this baseline's grids.

        Parameters
        ----------
        batch : frame, table, dataset, path, Dask or Spark DataFrame
            As in `fit`. What is not in memory is read once, some rows at a time, and only the
            columns that the baseline has; those that the batch or one of its files does not
            have count as missing in all its rows.

        Returns
        -------
        Profile
            Profiles of the same baseline add.

        Raises
        ------
        DriftlibError
            If the batch cannot be read, or has none of the features.

        Examples
        --------
        >>> baseline = Baseline.fit(pd.DataFrame({"x": range(99, -1, -1)}))
        >>> profile = baseline.profile(pd.DataFrame({"x": [50, 60, 200]}))
        >>> profile.rows, profile.columns["x"].maximum
        (3, 200.0)
        """
        source = self.open(batch)
        known: set[str] = set()
        for header in source.headers:
            self.check_features(header.names, header.where)
            known.update(header.names)
        names = [name for name in self.read if name in known]
        profile = source.total(self.profile_batch, names)
        facts = profile.facts and replace(profile.facts, layouts=layouts_of(source.headers))
        return replace(profile, notes=source.notes, facts=facts)

    def profile_batch(self, batch: Batch) -> Profile:
        """Count some rows of a source.

        Parameters
        ----------
        batch : Batch
            There may be no rows in it.

        Returns
        -------
        Profile
        """
        # Units and seasons are told by pandas.
        plain = self.unit.kind == ROW and not self.season
        table, threads = batch.table if plain else batch.frame, batch.threads
        fetched = fetch(table, batch.columns)
        # Rows are hashed beside the columns: on one thread after them, they would all wait.
        jobs: list[Callable[[], Any]] = [
            lambda: self._profile_of(fetched, batch.where, threads),
            lambda: self._facts_of(fetched, batch.where),
        ]
        cells = batch.rows * len(self.columns)
        profile, facts = each(lambda job: job(), jobs, cells // len(jobs), threads)
        found: Profile = replace(profile, facts=facts)
        return found

    def profile_frame(
        self, frame: pd.DataFrame, where: str = "the current data", threads: int | None = None
    ) -> Profile:
        """Count a frame that `driftlib.data` has read.

        Parameters
        ----------
        frame : pandas.DataFrame
            With unique text names; there may be no rows in it.
        where : str
            What to call it in an error.
        threads : int, optional
            How many to count on; default one a core.

        Returns
        -------
        Profile

        Raises
        ------
        DataError
            If it has none of the features.
        """
        return self._profile_of(fetch(frame), where, threads)

    def _profile_of(self, fetched: Fetched, where: str, threads: int | None) -> Profile:
        self.check_features(fetched.names, where)
        cells = self.season and self.count_cells(fetched.frame, where, threads)
        if cells:
            return reduce(add, [replace(part, cells={cell: part}) for cell, part in cells.items()])
        columns = count_columns(self.columns, fetched, threads, self.kept_cells.of)
        if self.unit.kind == ROW:
            return Profile(self.id, fetched.rows, columns)
        units = self.count_units(fetched.frame, where, threads)
        return Profile(self.id, fetched.rows, columns, units)

    def count_cells(
        self, frame: pd.DataFrame, where: str = "the current data", threads: int | None = None
    ) -> dict[str, Profile]:
        """Count the rows of each cell of the season.

        Parameters
        ----------
        frame, where, threads
            As for `profile_frame`.

        Returns
        -------
        dict of str to Profile
            Empty without a season, and without rows.
        """
        if not self.season or not len(frame):
            return {}
        from driftlib.data.windows import positions

        codes, cells = season_cells(self.season, frame, where)
        plain = replace(self, season=NO_SEASON, reference_cells={})
        # Its columns are the same.
        vars(plain)["kept_cells"] = self.kept_cells
        return {
            cell: plain.profile_frame(frame.iloc[rows], where, threads)
            for cell, rows in zip(cells, positions(codes, len(cells)), strict=True)
        }

    def count_units(
        self, frame: pd.DataFrame, where: str = "the current data", threads: int | None = None
    ) -> ProfileUnits:
        """Count the rows of each unit of a frame.

        Parameters
        ----------
        frame, where, threads
            As for `profile_frame`.

        Returns
        -------
        ProfileUnits
        """
        return count_units(self.columns.values(), self.unit, frame, where, threads)

    def check_features(self, names: Iterable[str], where: str) -> None:
        """Refuse data that have none of the features.

        Parameters
        ----------
        names : iterable of str
            The data's columns.
        where : str
            What to call the data in the error.

        Raises
        ------
        DataError
            If no feature is among them.
        """
        if not set(self.features).intersection(names):
            raise DataError(
                f"{where} has none of the baseline's features ({quoted(self.features)}): its "
                f"columns are {quoted(names)}. Rename them, or fit a new baseline."
            )

    def only(self, features: Iterable[str] | None, exclude: Iterable[str] = ()) -> Baseline:
        """Keep some of the features, with the predictions and the target.

        Parameters
        ----------
        features : list of str, optional
            Names of features; None keeps all.
        exclude : list of str
            Names of columns to leave out, predictions and the target too.

        Returns
        -------
        Baseline
            Of the same `id`: its profiles' columns are fewer, their grids the same.

        Raises
        ------
        ParameterError
            If a name is no feature of the baseline.
        """
        exclude = exclude if isinstance(exclude, str) else tuple(exclude)
        if features is None and not exclude:
            return self
        select_features(self.columns, self.roles, features, (), "the baseline", exclude)
        chosen = set(self.features if features is None else features).difference(exclude)
        # What the user names is compared, counter or not.
        kept = {
            name: column if features is None else replace(column, may_count=False)
            for name, column in self.columns.items()
            if name in chosen or (column.role != "feature" and name not in exclude)
        }
        facts = self.reference_facts and self.reference_facts.without_rows
        return replace(self, columns=kept, reference_facts=facts)

    @property
    def table(self) -> pd.DataFrame:
        """Statistics per column: kind, rows, missing share, mean, std, quantiles, levels."""
        return pd.DataFrame(
            [summary(column) for column in self.columns.values()],
            index=pd.Index(list(self.columns), name="feature"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Turn the baseline into types that JSON has.

        Returns
        -------
        dict
            What `from_dict` takes.
        """
        units = self.reference_units
        content = {
            "format": FORMAT,
            "version": VERSION,
            "id": fingerprint(self.columns, self.unit, self.season),
            "rows": self.rows,
            "bins": self.bins,
            "resolution": self.resolution,
            "roles": asdict(self.roles),
            "columns": {name: column_to_dict(column) for name, column in self.columns.items()},
            "unit": asdict(self.unit),
        } | ({} if units is None else {"units": units_to_dict(units.only(self.columns))})
        content |= {"notes": list(self.notes)} if self.notes else {}
        if self.season:
            content |= {"season": asdict(self.season), "cells": cells_to_dict(self.reference.cells)}
        facts = self.reference_facts
        content |= {"facts": facts.to_dict()} if facts else {}
        return content | {"digest": digest(content)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Baseline:
        """Make a baseline of what `to_dict` returns.

        Parameters
        ----------
        content : mapping
            As read from JSON.

        Returns
        -------
        Baseline

        Raises
        ------
        KeyError, TypeError, ValueError, IndexError
            If parts are missing or do not fit one another.
        """
        columns = {
            name: column_from_dict(name, entry) for name, entry in content["columns"].items()
        }
        rows = content["rows"]
        if any(column.reference.rows != rows for column in columns.values()):
            raise ValueError("columns have other numbers of rows than the reference")
        # Format 1 knew of no units.
        unit = UnitRule(**content["unit"]) if "unit" in content else ROWS
        units = units_from_dict(unit, content["units"], rows) if unit.kind != ROW else None
        roles = dict(content["roles"])
        baseline = cls(
            rows,
            columns,
            ColumnRoles(**roles | {"season": tuple(roles.get("season", ()))}),
            int(content["bins"]),
            int(content["resolution"]),
            unit=unit,
            reference_units=units,
            notes=texts_of(content.get("notes", [])),
            season=season_from_dict(content.get("season")),
            reference_facts=ReferenceFacts.from_dict(content["facts"], columns)
            if "facts" in content
            else None,
        )
        cells = cells_from_dict(content.get("cells", {}), columns, baseline.reference)
        return replace(baseline, reference_cells=cells)

    def save(self, path: str | Path) -> Path:
        """Write the baseline as one JSON file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            Its folder is made where it is missing. `as_baseline` and the command line know a
            baseline by the ending .json.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        DriftlibError
            If the file cannot be written.
        """
        return write_whole(path, dump(self.to_dict()) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Baseline:
        """Read a baseline that `save` wrote.

        Parameters
        ----------
        path : str or Path
            Of the file.

        Returns
        -------
        Baseline

        Raises
        ------
        DriftlibError
            If the file is missing, is no baseline, is damaged, or is of a newer format.
        """
        name, content = shown_name(Path(path)), read_content(path)
        try:
            baseline = cls.from_dict(content)
            intact = baseline.id == content["id"]
        except _DAMAGE as error:
            reason = first_sentence(error) or type(error).__name__
            raise DataError(f"{name} is damaged ({reason}): fit the baseline again.") from error
        if not intact:
            raise DataError(f"{name} was changed by hand or damaged: fit the baseline again.")
        return baseline
