"""Open tables wherever they are: frames in memory, files, pyarrow datasets, Dask and Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from driftlib.data.batches import (
    Batch,
    Counted,
    Source,
    add_up,
    check_rows,
    progress,
    rows_at_once,
    with_rows,
)
from driftlib.data.columns import MISSING_TEXTS, count_levels
from driftlib.data.csv_files import AsWritten, OtherTypes, csv_types
from driftlib.data.frames import arrow_to_pandas, as_frame, stack, unique_names
from driftlib.data.paths import is_csv, is_path, matching_files, name_files, naming
from driftlib.data.readers import (
    Header,
    check_alike,
    first_damaged,
    gather,
    read_header,
    read_table,
    stream_table,
)
from driftlib.data.schema import CATEGORICAL, declared_kind
from driftlib.errors import DataError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

Out = TypeVar("Out")


def source_name(source: Any, role: str) -> str:
    """Choose what to call a source in a message.

    Parameters
    ----------
    source : object
    role : str
        "reference" or "current".

    Returns
    -------
    str
        The file's name, or the role of a table that has none.

    Examples
    --------
    >>> source_name("data/march.parquet", "reference"), source_name(None, "reference")
    ('march.parquet', 'reference')
    """
    return Path(source).name if is_path(source) else role


def read_frame(
    source: Any, role: str = "data", as_written: AsWritten | None = None
) -> pd.DataFrame:
    """Read all rows of a source into one pandas frame.

    Parameters
    ----------
    source : frame, table, dataset, str or Path
        A table as `driftlib.data.frames.as_frame` takes it, or a path, which may be a glob.
        Files end in .parquet, .pq, .csv, .tsv (the latter two also with .gz).
    role : str
        "reference" or "current": what to call a table that has no file name.
    as_written : mapping of str to collection of str, optional
        Columns of CSV files to read as text: see `driftlib.data.csv_files.read_csv`.

    Returns
    -------
    pandas.DataFrame
        At least one row.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read as what its ending says, naming
        the file and the reason; if the rows are on a cluster.

    Examples
    --------
    >>> read_frame(pd.DataFrame({"x": [1]})).shape
    (1, 1)
    """
    if is_path(source):
        read = partial(read_table, as_written=as_written)
        tables = {where: table for _, where, table in _of_each_file(source, role, read)}
        check_alike(Header(where, tuple(table.column_names)) for where, table in tables.items())
        return stack([as_frame(arrow_to_pandas(table), name) for name, table in tables.items()])
    if _is_dataset(source):
        return as_frame(Dataset(role, source).read(), role)
    system = _cluster(source)
    if system:
        raise DataError(
            f"{role} is a {system} DataFrame, and this needs its rows in memory: pass a sample "
            f"of it, such as {_SAMPLES[system]}."
        )
    return as_frame(source, role)


def read_pair(reference: Any, current: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read two tables, so that the text of one is read as text from the CSV files of the other.

    Parameters
    ----------
    reference, current : frame, table, dataset, str or Path
        As for `read_frame`. A table that has types rules a CSV file, which has none; of two CSV
        files the reference rules.

    Returns
    -------
    tuple of two pandas.DataFrame
        The reference and current.

    Raises
    ------
    DataError
        As for `read_frame`.

    Examples
    --------
    >>> march = pd.DataFrame({"code": ["007"]})
    >>> [len(frame) for frame in read_pair(march, march)]
    [1, 1]
    """
    if is_csv(reference) and not is_csv(current):
        now = read_frame(current, "current")
        return read_frame(reference, "reference", _texts_of(now)), now
    before = read_frame(reference, "reference")
    return before, read_frame(current, "current", _texts_of(before) if is_csv(current) else None)


def _texts_of(frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Find the columns of text, each with its values like "NA"."""
    found = {}
    for name in frame.columns:
        kind, _ = declared_kind(frame[name])
        if kind == CATEGORICAL:
            levels = set(count_levels(frame[name]).levels.tolist())
            found[name] = tuple(text for text in MISSING_TEXTS if text in levels)
    return found


_SAMPLES = {"Dask": "frame.sample(frac=0.01).compute()", "Spark": "frame.sample(0.01).toArrow()"}


def open_source(data: Any, role: str, name: str, as_written: AsWritten | None = None) -> Source:
    """Open anything that holds a table, to be counted some rows at a time.

    Parameters
    ----------
    data : frame, table, dataset, path, Dask or Spark DataFrame
        Frames and tables in memory are one batch. A path may be a glob.
    role, name : str
        What to call a table without a file name: in a sentence about the argument, and
        in one about the data.
    as_written : mapping of str to collection of str, optional
        As for `read_frame`.

    Returns
    -------
    Source

    Raises
    ------
    DataError
        If it is no table, or a file cannot be opened.
    MissingExtraError
        If it is a Dask or Spark frame and that package is not there in full.

    Examples
    --------
    >>> source = open_source(pd.DataFrame({"x": [1, 2]}), "current", "the current data")
    >>> source.rows(), source.headers[0].names
    (2, ('x',))
    """
    if is_path(data):
        headers = {
            path: replace(header, where=where)
            for path, where, header in _of_each_file(data, role, read_header)
        }
        return Files(
            Path(data).name, tuple(headers), tuple(headers.values()), as_written=as_written or {}
        )
    if _is_dataset(data):
        return Dataset(name, data)
    system = _cluster(data)
    if system:
        from driftlib.data.distributed import cluster_source

        return cluster_source(system, data)
    return Memory(name, as_frame(data, role))


def _of_each_file(
    source: str | Path, role: str, read: Callable[[Path], Out]
) -> Iterator[tuple[Path, str, Out]]:
    """Give each file, what to call it, and what is read of it."""
    for path, where in name_files(matching_files(source, role)).items():
        with naming(path, where):
            found = read(path)
        yield path, where, found


def _cluster(data: Any) -> str:
    """Tell the system that a frame's rows are on, if any, by name: so none is imported."""
    package = type(data).__module__.partition(".")[0]
    if package in ("dask", "dask_expr") and hasattr(data, "map_partitions"):
        return "Dask" if type(data).__name__ == "DataFrame" else ""
    return "Spark" if package == "pyspark" and hasattr(data, "mapInArrow") else ""


def _is_dataset(data: Any) -> bool:
    return (
        type(data).__module__.startswith("pyarrow")
        and hasattr(data, "to_batches")
        and hasattr(data, "count_rows")
    )


@dataclass(frozen=True)
class Memory:
    """A frame in memory: one batch.

    Parameters
    ----------
    name : str
        What to call it in a message.
    frame : pandas.DataFrame
        As `driftlib.data.frames.as_frame` makes it.
    ordered : bool
        Rows have an order.
    """

    name: str
    frame: pd.DataFrame
    ordered: bool = True

    @property
    def headers(self) -> tuple[Header, ...]:
        """The frame's own."""
        return (Header(self.name, tuple(self.frame.columns), len(self.frame)),)

    def rows(self) -> int:
        """Tell how many rows the frame has.

        Returns
        -------
        int
        """
        return len(self.frame)

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Count all rows at once.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts.
        columns : iterable of str
            Ignored: the batch is the frame, with all its columns.

        Returns
        -------
        counts
        """
        return count(Batch(self.frame, where=self.name))


@dataclass(frozen=True)
class Files:
    """Parquet and CSV files, read some rows at a time, in the order of their names.

    Parameters
    ----------
    name : str
        What to call them together in a message.
    paths : tuple of Path
    headers : tuple of Header
        One a path.
    ordered : bool
        Rows have an order.
    as_written : mapping of str to collection of str
        As for `read_frame`.
    """

    name: str
    paths: tuple[Path, ...]
    headers: tuple[Header, ...]
    ordered: bool = True
    as_written: AsWritten = field(default_factory=dict)
    # What pass after pass would find out anew.
    _types: dict[Path, dict[str, pa.DataType]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def rows(self) -> int | None:
        """Tell how many rows the files have.

        Returns
        -------
        int or None
            None if one is CSV.
        """
        known = [header.rows for header in self.headers if header.rows is not None]
        return sum(known) if len(known) == len(self.headers) else None

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Add up what is counted of all rows; no file's rows are counted in part.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts that add.
        columns : iterable of str
            Columns to read; a batch has those that its file knows.

        Returns
        -------
        counts

        Raises
        ------
        DataError
            If a file cannot be read to its end or changed meanwhile, or none has rows.
        """
        wanted, first = list(columns), 0
        total: Counted | None = None
        with progress(self.rows()) as advance:
            for path, header in zip(self.paths, self.headers, strict=True):
                part = self._count_file(path, header, first, wanted, count, advance)
                check_rows(part, header.rows, header.where)
                if part is not None:
                    total, first = part if total is None else total + part, first + part.rows
        return with_rows(total, self.name)

    def _count_file(
        self,
        path: Path,
        header: Header,
        first: int,
        wanted: list[str],
        count: Callable[[Batch], Counted],
        advance: Callable[[int], Any],
    ) -> Counted | None:
        known = set(header.names)
        names = [name for name in wanted if name in known]

        def counted() -> Counted | None:
            return add_up(self._batches(path, names, first, header.where), count, advance)

        with naming(path, header.where):
            try:
                return counted()
            except OtherTypes:
                found = csv_types(path, names, self.as_written)
                self._types[path] = self._types.get(path, {}) | found
                return counted()

    def _batches(self, path: Path, names: list[str], first: int, where: str) -> Iterator[Batch]:
        row = 0
        types, rows = self._types.get(path), rows_at_once(len(names))
        for table in stream_table(path, names, rows, types, self.as_written):
            yield Batch(arrow_to_pandas(table), first + row, where, row)
            row += len(table)


@dataclass(frozen=True)
class Dataset:
    """A pyarrow dataset, scanned some rows at a time.

    Parameters
    ----------
    name : str
        What to call it in a message.
    data : pyarrow.dataset.Dataset
    ordered : bool
        Rows have an order.
    """

    name: str
    data: ds.Dataset
    ordered: bool = True

    @property
    def headers(self) -> tuple[Header, ...]:
        """Columns that the dataset says it has."""
        return (Header(self.name, tuple(unique_names(self.data.schema.names, self.name))),)

    def rows(self) -> int:
        """Count the rows of all fragments.

        Returns
        -------
        int

        Raises
        ------
        DataError
            If a fragment cannot be read.
        """
        return self._run(lambda: self.data.count_rows())

    def read(self) -> pa.Table:
        """Read all rows.

        Returns
        -------
        pyarrow.Table

        Raises
        ------
        DataError
            If a fragment cannot be read.
        """
        return self._run(lambda: self.data.to_table())

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Add up what is counted of the dataset's fragments, in their order.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts that add.
        columns : iterable of str
            Columns to read.

        Returns
        -------
        counts

        Raises
        ------
        DataError
            If a fragment cannot be read or changed meanwhile, or there are no rows.
        """
        wanted = list(columns)
        expected = self.rows()
        with progress(expected) as advance:
            total = self._run(lambda: add_up(self._batches(wanted), count, advance))
        check_rows(total, expected, self.name)
        return with_rows(total, self.name)

    def _batches(self, names: list[str]) -> Iterator[Batch]:
        first, rows = 0, rows_at_once(len(names))
        scanned = self.data.to_batches(
            columns=names, batch_size=rows, batch_readahead=1, fragment_readahead=1
        )
        for table in gather(scanned, rows):
            yield Batch(arrow_to_pandas(table), first, self.name, first)
            first += len(table)

    def _run(self, work: Callable[[], Any]) -> Any:
        import pyarrow as pa

        try:
            return work()
        except (pa.ArrowException, OSError) as error:
            said = first_damaged(map(Path, getattr(self.data, "files", ())))
            reason = f"{self.name} cannot be read ({first_sentence(error)}): write that file again."
            raise DataError(said or reason) from error
