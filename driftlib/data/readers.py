"""Parquet and CSV files, read whole or some rows at a time; a sentence for those that cannot be."""

from __future__ import annotations

import csv as plain_csv
import gzip
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from driftlib.data.schema import unique_names
from driftlib.errors import DataError
from driftlib.text import first_sentence, quoted

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET_ENDINGS = (".parquet", ".pq")
CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
BLOCK_BYTES = 16_000_000
MIN_BUFFER_BYTES, MAX_BUFFER_BYTES = 16_000, 1_000_000


@dataclass(frozen=True)
class Header:
    """What is known of a table before its rows are read.

    Attributes
    ----------
    where : str
        What to call the table in a message.
    names : tuple of str
        Its columns.
    rows : int, optional
        None where only reading tells.
    """

    where: str
    names: tuple[str, ...]
    rows: int | None = None


class OtherTypes(Exception):
    """A CSV column turned out not to have the type that the start of the file suggests."""


def read_header(path: Path) -> Header:
    """Columns of a file, and its rows if it says so.

    Raises
    ------
    DataError
        If the file is empty, damaged at its start or end, or repeats a column name.
    """
    if _is_parquet(path):
        metadata = _open_parquet(path).metadata
        names, rows = metadata.schema.to_arrow_schema().names, metadata.num_rows
    else:
        names, rows = _csv_names(path), None
    return Header(path.name, tuple(unique_names(names, path.name)), rows)


def read_table(path: Path) -> pa.Table:
    """All rows of a file."""
    import pyarrow as pa

    if _is_parquet(path):
        try:
            table = _open_parquet(path).read()
        except (pa.ArrowException, OSError) as error:
            raise _not_parquet(path, error) from error
    else:
        from pyarrow import csv

        _csv_names(path)
        try:
            table = csv.read_csv(path, **_csv_options(path))
        except (pa.ArrowException, OSError) as error:
            raise _not_csv(path, error) from error
        _check_text(path, table.schema)
    unique_names(table.column_names, path.name)
    if not table.num_rows:
        raise DataError(f"{path.name} has a header but no rows: write the file again.")
    return table


def stream_table(
    path: Path, names: list[str], rows: int, types: Mapping[str, pa.DataType] | None = None
) -> Iterator[pa.Table]:
    """The columns `names` of a file, some rows at a time.

    Parameters
    ----------
    path : Path
    names : list of str
        Columns of the file, at least one.
    rows : int
        About how many rows at a time.
    types : mapping of str to pyarrow.DataType, optional
        Of a CSV file's columns, as `csv_types` finds them; of one that is not in it, what the
        file's start suggests.

    Raises
    ------
    OtherTypes
        If a CSV column does not keep to the type of its start.
    DataError
        If the file cannot be read to its end.
    """
    batches = (
        _stream_parquet(path, names, rows) if _is_parquet(path) else _stream_csv(path, names, types)
    )
    yield from gathered(batches, rows)


def gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Batches put together until they have about as many rows as asked."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(map(len, held)) >= rows / 2:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _is_parquet(path: Path) -> bool:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read ({error.strerror}): it was removed, or its link leads "
            "nowhere. Read again when all files are there."
        ) from error
    if size == 0:
        raise DataError(f"{path.name} is empty (0 bytes): write the file again.")
    if not is_table_name(path):
        raise DataError(
            f"{path.name} is neither Parquet nor CSV by its ending: use one of "
            f"{quoted(PARQUET_ENDINGS + CSV_ENDINGS)}."
        )
    return path.name.lower().endswith(PARQUET_ENDINGS)


def is_table_name(path: Path) -> bool:
    """Whether a path ends as those of Parquet and CSV files do."""
    return path.name.lower().endswith(PARQUET_ENDINGS + CSV_ENDINGS)


def _open_parquet(path: Path, columns: int = 1) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # A row group may hold the whole file: never read one at once. Each column has a buffer.
    buffer = max(MIN_BUFFER_BYTES, min(MAX_BUFFER_BYTES, BLOCK_BYTES // columns))
    try:
        return pq.ParquetFile(
            path, pre_buffer=False, buffer_size=buffer, page_checksum_verification=True
        )
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from error


def _not_parquet(path: Path, error: BaseException) -> DataError:
    return DataError(
        f"{path.name} cannot be read as Parquet ({first_sentence(error)}): write it again, or "
        "give it the ending .csv if it is text."
    )


def _stream_parquet(path: Path, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    try:
        for batch in _open_parquet(path, len(names)).iter_batches(rows, columns=names):
            # Asked for "a", Parquet brings a column called "a.b" along.
            yield batch.select(names)
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from error


def _csv_options(path: Path, **convert: Any) -> dict[str, Any]:
    from pyarrow import csv

    return {
        "parse_options": csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True),
        "convert_options": csv.ConvertOptions(strings_can_be_null=True, **convert),
    }


def _delimiter(path: Path) -> str:
    return "\t" if ".tsv" in path.name.lower() else ","


def _not_csv(path: Path, error: BaseException) -> DataError:
    reason = first_sentence(error)
    ragged = "CSV parse error" in reason
    remedy = "check that every row has as many cells as the header" if ragged else "write it again"
    return DataError(f"{path.name} cannot be read as CSV ({reason}): {remedy}.")


def _csv_names(path: Path) -> list[str]:
    """Column names of a CSV file that is separated as its ending says."""
    try:
        with _open_text(path) as stream:
            start = stream.readline(100_000).strip()
            stream.seek(0)
            names = next(plain_csv.reader(stream, delimiter=_delimiter(path)), [])
    except (OSError, EOFError, plain_csv.Error) as error:
        raise DataError(f"{path.name} cannot be read ({error}): write it again.") from error
    if any("\udc80" <= letter <= "\udcff" for letter in start):
        raise DataError(f"{path.name} has a header that is not UTF-8 text: save the file as UTF-8.")
    if _delimiter(path) not in start:
        for other, plural in OTHER_DELIMITERS.items():
            if other in start:
                raise DataError(
                    f"{path.name} starts with {start[:80]!r}: its cells seem to be separated by "
                    f"{plural}. Save it with commas between cells and a decimal point."
                )
    return names


def _open_text(path: Path) -> IO[str]:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")


def _stream_csv(
    path: Path, names: list[str], types: Mapping[str, pa.DataType] | None
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import csv

    options = _csv_options(path, include_columns=names, column_types=types or {})
    block = csv.ReadOptions(block_size=BLOCK_BYTES)
    try:
        reader = csv.open_csv(path, read_options=block, **options)
        _check_text(path, reader.schema)
        yield from reader
    except (pa.ArrowException, OSError) as error:
        if set(names) - set(types or ()):
            raise OtherTypes(path.name) from error
        raise _not_csv(path, error) from error


# pyarrow takes the first type that every cell of a CSV column fits. Cells that fit one of these
# fit those after it too; any cell fits text, or bytes if it is not UTF-8.
_TEXT = ("string", "binary")
_LOOSER = {
    "bit": ("int64", "bool", "double"),
    "int64": ("int64", "double"),
    "date32[day]": ("date32[day]", "timestamp[s]", "timestamp[ns]"),
    "timestamp[s]": ("timestamp[s]", "timestamp[ns]"),
    "timestamp[s, tz=UTC]": ("timestamp[s, tz=UTC]", "timestamp[ns, tz=UTC]"),
}


def csv_types(path: Path, names: list[str]) -> dict[str, pa.DataType]:
    """Types of a CSV file's columns, as reading it whole would find them, in bounded memory."""
    import pyarrow as pa
    from pyarrow import csv

    text = dict.fromkeys(names, pa.string())
    options = _csv_options(path, include_columns=names, column_types=text, check_utf8=False)
    block = csv.ReadOptions(block_size=BLOCK_BYTES)
    seen: dict[str, pa.DataType] = {"string": pa.string()}
    fitting: dict[str, tuple[str, ...]] = {}
    try:
        for batch in csv.open_csv(path, read_options=block, **options):
            for name, column in zip(names, _typed(batch).columns, strict=True):
                seen[str(column.type)] = column.type
                kind = _csv_kind(column)
                here = _LOOSER.get(kind, (kind,)) + _TEXT if kind not in _TEXT else (kind, "binary")
                before = fitting.get(name, here)
                if kind != "null":
                    fitting[name] = tuple(kind for kind in before if kind in here)
    except (pa.ArrowException, OSError) as error:
        raise _not_csv(path, error) from error
    types = {name: seen[fitting[name][0]] if name in fitting else pa.null() for name in names}
    _check_text(path, pa.schema(types.items()))
    return types


def _typed(batch: pa.RecordBatch) -> pa.Table:
    """A batch of text columns with the types that a file of just these rows would have."""
    import pyarrow as pa
    from pyarrow import csv

    piece = pa.BufferOutputStream()
    csv.write_csv(batch, piece)
    return csv.read_csv(
        pa.BufferReader(piece.getvalue()),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(strings_can_be_null=True),
    )


def _csv_kind(column: pa.ChunkedArray) -> str:
    import pyarrow.compute as pc

    kind = str(column.type)
    if kind == "int64":
        span = pc.min_max(column).as_py()
        # What reads as 0 and 1 here may be a column of truth values.
        return "bit" if span["min"] >= 0 and span["max"] <= 1 else kind
    return kind


def _check_text(path: Path, schema: pa.Schema) -> None:
    import pyarrow as pa

    for field in schema:
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            raise DataError(
                f"{path.name} column {field.name!r} is not UTF-8 text: save the file as UTF-8."
            )


def named(paths: list[Path]) -> dict[Path, str]:
    """What to call each file: its name, or where names repeat its path from a shared folder.

    Examples
    --------
    >>> list(named([Path("d/day=1/part-0.parquet"), Path("d/day=2/part-0.parquet")]).values())
    ['day=1/part-0.parquet', 'day=2/part-0.parquet']
    """
    if len({path.name for path in paths}) == len(paths):
        return {path: path.name for path in paths}
    shared = os.path.commonpath([path.absolute().parent for path in paths])
    return {path: path.absolute().relative_to(shared).as_posix() for path in paths}


def first_damaged(paths: Iterable[Path]) -> str:
    """Sentence on the first file here that cannot be read to its end; empty if all can be."""
    for path, where in named(list(paths)).items():
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
    """In what the first Parquet file that is not like the one before it differs; or nothing."""
    before, types = "", {}
    for path, where in named(list(paths)).items():
        if path.is_file() and _is_parquet(path):
            found = {field.name: str(field.type) for field in _open_parquet(path).schema_arrow}
            if before and found != types:
                name = next(n for n in types | found if types.get(n) != found.get(n))
                now, then = (d.get(name, "no such column") for d in (found, types))
                return f"for column {name!r}, {where} has {now} and {before} has {then}"
            before, types = where, found
    return ""
