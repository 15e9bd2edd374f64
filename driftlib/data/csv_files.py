"""Read CSV files whole or some rows at a time, with the same types either way."""

from __future__ import annotations

import csv as plain_csv
import gzip
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from driftlib.data.levels import MISSING_TEXTS
from driftlib.errors import DataError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa

OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
BLOCK_BYTES = 16_000_000

# Columns to read as text, as it is written, each with what of `MISSING_TEXTS` is a value of it.
AsWritten = Mapping[str, Collection[str]]


class OtherTypes(Exception):
    """A column turned out not to have the type that the start of the file suggests."""


def csv_names(path: Path) -> list[str]:
    """Read the column names of a CSV file.

    Parameters
    ----------
    path : Path
        Ends in .csv, .tsv, .csv.gz or .tsv.gz.

    Returns
    -------
    list of str

    Raises
    ------
    DataError
        If the header cannot be read, is not UTF-8, or is not separated as the ending says.
    """
    try:
        with _open_text(path) as stream:
            start = stream.readline(100_000).strip()
            stream.seek(0)
            names = next(plain_csv.reader(stream, delimiter=_delimiter(path)), [])
    except (OSError, EOFError, zlib.error, plain_csv.Error) as error:
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


def read_csv(path: Path, as_written: AsWritten | None = None) -> pa.Table:
    """Read all rows of a CSV file.

    Parameters
    ----------
    path : Path
    as_written : mapping of str to collection of str, optional
        Columns to read as text, as it is written; with each what it holds of
        `driftlib.data.levels.MISSING_TEXTS` as values. Names that the file lacks are ignored.

    Returns
    -------
    pyarrow.Table
        Each other column of the narrowest type that all its cells fit.

    Raises
    ------
    DataError
        If it cannot be read to its end, or a column is not UTF-8 text.
    """
    from pyarrow import csv

    csv_names(path)
    with _worded(path):
        table = csv.read_csv(_open_bytes(path), **_options(path, as_written))
    _check_text(path, table.schema)
    return _known_missing(table, as_written)


def stream_csv(
    path: Path,
    names: list[str],
    types: Mapping[str, pa.DataType] | None = None,
    as_written: AsWritten | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read some columns of a CSV file, some rows at a time.

    Parameters
    ----------
    path : Path
    names : list of str
        Columns of the file, at least one.
    types : mapping of str to pyarrow.DataType, optional
        Of the columns, as `csv_types` finds them; of one that is not in it, what the file's
        start suggests.
    as_written : mapping of str to collection of str, optional
        As for `read_csv`.

    Yields
    ------
    pyarrow.RecordBatch

    Raises
    ------
    OtherTypes
        If a column without a type in `types` does not keep to the type of its start.
    DataError
        If the file cannot be read to its end.
    """
    import pyarrow as pa
    from pyarrow import csv

    options = _options(path, as_written, include_columns=names, column_types=dict(types or {}))
    try:
        reader = csv.open_csv(_open_bytes(path), read_options=_blocks(), **options)
        _check_text(path, reader.schema)
        for batch in reader:
            yield _known_missing(batch, as_written)
    except (pa.ArrowException, OSError) as error:
        if set(names) - set(types or ()) - set(as_written or ()):
            raise OtherTypes(path.name) from error
        raise _unread(path, error) from error


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a file into a sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise _unread(path, error) from error


def _unread(path: Path, error: Exception) -> DataError:
    reason = first_sentence(error)
    ragged = "CSV parse error" in reason
    remedy = "check that every row has as many cells as the header" if ragged else "write it again"
    return DataError(f"{path.name} cannot be read as CSV ({reason}): {remedy}.")


def _options(path: Path, as_written: AsWritten | None, **convert: Any) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import csv

    types = convert.pop("column_types", {}) | dict.fromkeys(as_written or (), pa.string())
    return {
        "parse_options": csv.ParseOptions(delimiter=_delimiter(path), newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            strings_can_be_null=True,
            null_values=_missing_in_all(as_written),
            column_types=types,
            **convert,
        ),
    }


def _missing_in_all(as_written: AsWritten | None) -> list[str]:
    """List what is a missing value in every column."""
    values = {text for texts in (as_written or {}).values() for text in texts}
    return [text for text in MISSING_TEXTS if text not in values]


def _known_missing(table: Any, as_written: AsWritten | None) -> Any:
    """Blank what is a value in one column of text from the others, where it is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    as_written = as_written or {}
    values = {text for texts in as_written.values() for text in texts}
    for place, field in enumerate(table.schema):
        missing = sorted(values - set(as_written.get(field.name, ())))
        if missing and pa.types.is_string(field.type):
            column = table.column(place)
            blank = pc.is_in(column, value_set=pa.array(missing))
            column = pc.if_else(blank, pa.scalar(None, pa.string()), column)
            table = table.set_column(place, field.name, column)
    return table


def _blocks() -> Any:
    from pyarrow import csv

    return csv.ReadOptions(block_size=BLOCK_BYTES)


def _delimiter(path: Path) -> str:
    return "\t" if ".tsv" in path.name.lower() else ","


def _open_bytes(path: Path) -> Any:
    """Open a file for Arrow, which knows .gz but not .GZ."""
    import pyarrow as pa

    compressed = path.suffix.lower() == ".gz"
    return pa.input_stream(str(path), compression="gzip" if compressed else None)


def _open_text(path: Path) -> IO[str]:
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")


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


def csv_types(
    path: Path, names: list[str], as_written: AsWritten | None = None
) -> dict[str, pa.DataType]:
    """Find the types of a CSV file's columns in bounded memory.

    Parameters
    ----------
    path : Path
    names : list of str
        Columns of the file, at least one.
    as_written : mapping of str to collection of str, optional
        As for `read_csv`.

    Returns
    -------
    dict of str to pyarrow.DataType
        As reading the whole file would find them.

    Raises
    ------
    DataError
        If the file cannot be read to its end, or a column is not UTF-8 text.
    """
    import pyarrow as pa
    from pyarrow import csv

    text = dict.fromkeys(names, pa.string())
    missing = _missing_in_all(as_written)
    options = _options(path, as_written, include_columns=names, column_types=text, check_utf8=False)
    seen: dict[str, pa.DataType] = {"string": pa.string()}
    fitting: dict[str, tuple[str, ...]] = {}
    with _worded(path):
        for batch in csv.open_csv(_open_bytes(path), read_options=_blocks(), **options):
            for name, column in zip(names, _typed(batch, missing).columns, strict=True):
                seen[str(column.type)] = column.type
                kind = _kind(column)
                here = _LOOSER.get(kind, (kind,)) + _TEXT if kind not in _TEXT else (kind, "binary")
                before = fitting.get(name, here)
                if kind != "null":
                    fitting[name] = tuple(kind for kind in before if kind in here)
    types = {name: seen[fitting[name][0]] if name in fitting else pa.null() for name in names}
    _check_text(path, pa.schema(types.items()))
    return types


def _typed(batch: pa.RecordBatch, missing: list[str]) -> pa.Table:
    """Give a batch of text columns the types that a file of just these rows would have."""
    import pyarrow as pa
    from pyarrow import csv

    piece = pa.BufferOutputStream()
    csv.write_csv(batch, piece)
    return csv.read_csv(
        pa.BufferReader(piece.getvalue()),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(strings_can_be_null=True, null_values=missing),
    )


def _kind(column: pa.ChunkedArray) -> str:
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
