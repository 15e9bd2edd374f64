"""Count what holds a table some rows at a time: frames in memory, files, pyarrow datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib.data.arrow_frames import index_of, stored_index
from driftlib.data.batches import (
    Batch,
    Counted,
    add_up,
    check_rows,
    progress,
    rows_at_once,
    with_rows,
)
from driftlib.data.csv_files import AsWritten, OtherTypes, csv_types
from driftlib.data.frames import notes_of, unique_names
from driftlib.data.paths import naming
from driftlib.data.readers import Header, first_damaged, gather, reading_notes, stream_table
from driftlib.errors import DataError
from driftlib.lazily import pd
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds


@dataclass(frozen=True)
class Memory:
    """A frame in memory: one batch.

    Parameters
    ----------
    name : str
        What to call it in a message.
    frame : pandas.DataFrame
        As `driftlib.data.frames.as_frame` makes it.
    columns : mapping of str to pandas.Series, optional
        The frame's, where they were taken out: see `driftlib.data.frames.frame_and_columns`.
    ordered : bool
        Rows have an order.
    """

    name: str
    frame: pd.DataFrame
    columns: Mapping[str, pd.Series] | None = field(default=None, repr=False)
    ordered: bool = True

    @cached_property
    def headers(self) -> tuple[Header, ...]:
        """The frame's own."""
        names = tuple(self.columns or self.frame.columns.tolist())
        return (Header(self.name, names, len(self.frame), index_of(self.frame)),)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed when the frame was read."""
        return notes_of(self.frame)

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
        return count(Batch(self.frame, where=self.name, columns=self.columns))


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
        Columns of CSV files to read as text: see `driftlib.data.csv_files.read_csv`.
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

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed to read the files."""
        return reading_notes(self.headers)

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
            yield Batch(table, first + row, where, row)
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
    notes : tuple of str
        Nothing is assumed to read it.
    """

    name: str
    data: ds.Dataset
    ordered: bool = True
    notes: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[Header, ...]:
        """Columns that the dataset says it has."""
        names = tuple(unique_names(self.data.schema.names, self.name))
        return (Header(self.name, names, index=stored_index(self.data.schema)),)

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
            yield Batch(table, first, self.name, first)
            first += len(table)

    def _run(self, work: Callable[[], Any]) -> Any:
        import pyarrow as pa

        try:
            return work()
        except (pa.ArrowException, OSError) as error:
            said = first_damaged(map(Path, getattr(self.data, "files", ())))
            reason = f"{self.name} cannot be read ({first_sentence(error)}): write that file again."
            raise DataError(said or reason) from error
