"""Read files by their endings, whole or some rows at a time, and name those that cannot be."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from driftlib.data.arrow_frames import stored_index
from driftlib.data.csv_files import AsWritten, OtherTypes, read_csv, stream_csv
from driftlib.data.csv_format import check_sheet, csv_format
from driftlib.data.frames import unique_names
from driftlib.data.parquet_files import open_parquet, read_parquet, stream_parquet
from driftlib.data.paths import CSV_ENDINGS, PARQUET_ENDINGS, is_table_name, name_files
from driftlib.data.schema import is_index
from driftlib.errors import DataError
from driftlib.text import counted, quoted

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Header:
    """What is known of a table before its rows are read.

    Parameters
    ----------
    where : str
        What to call the table in a message.
    names : tuple of str
        Its columns.
    rows : int, optional
        None where only reading tells.
    index : tuple of str
        Those that were a pandas index.
    notes : tuple of str
        What was assumed to read it: phrases that follow `where`.
    """

    where: str
    names: tuple[str, ...]
    rows: int | None = None
    index: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_header(path: Path) -> Header:
    """Read the columns of a file, and how many rows it has if it says so.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Header

    Raises
    ------
    DataError
        If the file is empty, damaged at its start or end, or repeats a column name.
    """
    if _is_parquet(path):
        metadata = open_parquet(path).metadata
        schema = metadata.schema.to_arrow_schema()
        names, index = tuple(unique_names(schema.names, path.name)), stored_index(schema)
        named = [name for name in index if not is_index(name)]
        note = f"has the index {quoted(named)}, which is compared only if features= names it"
        notes = (note,) if named else ()
        return Header(path.name, names, metadata.num_rows, index, notes)
    known = csv_format(path)
    return Header(path.name, tuple(unique_names(known.names, path.name)), notes=known.notes)


def read_table(path: Path, as_written: AsWritten | None = None) -> pa.Table:
    """Read all rows of a file.

    Parameters
    ----------
    path : Path
    as_written : mapping of str to collection of str, optional
        Columns of CSV files to read as text: see `driftlib.data.csv_files.read_csv`.

    Returns
    -------
    pyarrow.Table
        At least one row.

    Raises
    ------
    DataError
        If the file cannot be read to its end, repeats a column name or has no rows.
    """
    table = read_parquet(path) if _is_parquet(path) else read_csv(path, as_written)
    unique_names(table.column_names, path.name)
    if not table.num_rows:
        raise DataError(f"{path.name} has a header but no rows: write the file again.")
    return table


def stream_table(
    path: Path,
    names: list[str],
    rows: int,
    types: Mapping[str, pa.DataType] | None = None,
    as_written: AsWritten | None = None,
) -> Iterator[pa.Table]:
    """Read some columns of a file, some rows at a time.

    Parameters
    ----------
    path : Path
    names : list of str
        Columns of the file, at least one.
    rows : int
        About how many rows at a time.
    types : mapping of str to pyarrow.DataType, optional
        Of a CSV file's columns, as `driftlib.data.csv_files.csv_types` finds them; of one that
        is not in it, what the file's start suggests.
    as_written : mapping of str to collection of str, optional
        As for `read_table`.

    Yields
    ------
    pyarrow.Table

    Raises
    ------
    OtherTypes
        If a CSV column does not keep to the type of its start.
    DataError
        If the file cannot be read to its end.
    """
    parquet = _is_parquet(path)
    if parquet:
        yield from gather(stream_parquet(path, names, rows), rows)
    else:
        yield from gather(stream_csv(path, names, types, as_written), rows)


def gather(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Put batches together until they have about as many rows as asked.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
    rows : int
        At least half as many are in each table but the last; columns are in one piece.

    Yields
    ------
    pyarrow.Table

    Examples
    --------
    >>> import pyarrow as pa
    >>> batches = [pa.record_batch({"x": [1, 2]})] * 5
    >>> [len(table) for table in gather(batches, 8)]
    [4, 4, 2]
    """
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= rows / 2:
            yield pa.Table.from_batches(held).combine_chunks()
            held = []
    if held:
        yield pa.Table.from_batches(held).combine_chunks()


def _is_parquet(path: Path) -> bool:
    """Tell Parquet from CSV by the file's ending; an error for a file that cannot be either."""
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read ({error.strerror}): it was removed, or its link leads "
            "nowhere. Read again when all files are there."
        ) from error
    if not stat.S_ISREG(state.st_mode):
        raise DataError(f"{path.name} is a pipe or a device and not a file: leave it out.")
    if state.st_size == 0:
        raise DataError(f"{path.name} is empty (0 bytes): write the file again.")
    check_sheet(path)
    if not is_table_name(path):
        raise DataError(
            f"{path.name} is neither Parquet nor CSV by its ending: use one of "
            f"{quoted(PARQUET_ENDINGS + CSV_ENDINGS)}."
        )
    return path.name.lower().endswith(PARQUET_ENDINGS)


def reading_notes(headers: Iterable[Header]) -> tuple[str, ...]:
    """Say what was assumed to read files, what holds for several of them once.

    Parameters
    ----------
    headers : iterable of Header

    Returns
    -------
    tuple of str
        Sentences without their points.

    Examples
    --------
    >>> headers = [Header(f"{month}.csv", ("x",), notes=("is read as UTF-16",)) for month in "abc"]
    >>> reading_notes(headers)
    ('a.csv, with 2 other files, is read as UTF-16',)
    """
    found: dict[str, list[str]] = {}
    for header in headers:
        for note in header.notes:
            found.setdefault(note, []).append(header.where)
    return tuple(
        " ".join(
            [first + (f", with {counted(len(others), 'other file')}," if others else ""), note]
        )
        for note, (first, *others) in found.items()
    )


def first_damaged(paths: Iterable[Path]) -> str:
    """Find the first file that cannot be read to its end, for a library that names none.

    Parameters
    ----------
    paths : iterable of Path
        Those that are no files here, or no tables by their endings, are passed over.

    Returns
    -------
    str
        The sentence on it; empty if all can be read.
    """
    for path, where in name_files(paths).items():
        if path.is_file() and is_table_name(path):
            try:
                names = list(read_header(path).names)
                for _ in stream_table(path, names, 100_000):
                    pass
            except OtherTypes:
                pass
            except DataError as error:
                return str(error).replace(path.name, where, 1)
    return ""


def first_unlike(paths: Iterable[Path]) -> str:
    """Find the first Parquet file whose columns differ from those of the one before it.

    Parameters
    ----------
    paths : iterable of Path
        Those that are no files here are passed over.

    Returns
    -------
    str
        In what they differ; empty if all are alike.
    """
    before = ""
    types: dict[str, str] = {}
    for path, where in name_files(paths).items():
        if path.is_file() and _is_parquet(path):
            found = {field.name: str(field.type) for field in open_parquet(path).schema_arrow}
            if before and found != types:
                name = next(n for n in types | found if types.get(n) != found.get(n))
                now, then = (d.get(name, "no such column") for d in (found, types))
                return f"for column {name!r}, {where} has {now} and {before} has {then}"
            before, types = where, found
    return ""


def check_alike(headers: Iterable[Header], names: Collection[str] | None = None) -> None:
    """Check that all files have the same columns.

    Parameters
    ----------
    headers : iterable of Header
        One a file, at least one.
    names : collection of str, optional
        Columns that matter; default all.

    Raises
    ------
    DataError
        Naming the first file that differs from the first of all.
    """
    first, *others = headers
    for header in others:
        differing = set(first.names) ^ set(header.names)
        differing &= {n for n in differing if not is_index(n)} if names is None else set(names)
        if differing:
            raise DataError(
                f"{header.where} and {first.where} do not have the same columns "
                f"(only in one of them: {quoted(sorted(differing))}): read them separately."
            )
