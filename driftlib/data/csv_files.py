"""Read CSV files whole or some rows at a time, with the same types either way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib.data.csv_format import CsvFormat, csv_format
from driftlib.data.levels import MISSING_TEXTS
from driftlib.data.paths import arrow_path
from driftlib.errors import DataError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 16_000_000

# Columns to read as text, as it is written, each with what of `MISSING_TEXTS` is a value of it.
AsWritten = Mapping[str, Collection[str]]


class OtherTypes(Exception):
    """A column turned out not to have the type that the start of the file suggests."""


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
    import pyarrow as pa
    from pyarrow import csv

    known = csv_format(path)
    include = {"include_columns": [*known.names, *known.empty]} if known.cells else {}
    options = _options(known, as_written, **include)
    with _worded(path):
        try:
            table = csv.read_csv(_open_bytes(path), **options)
        except pa.ArrowInvalid:
            # Read on threads, it does not tell the row that is wrong; read in order, it does.
            table = csv.open_csv(_open_bytes(path), **options).read_all()
    _check_text(path, table.schema)
    return _known_missing(_checked(path, table, known, as_written, 0), as_written)


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

    known, row = csv_format(path), 0
    read = [*names, *known.empty]
    options = _options(known, as_written, include_columns=read, column_types=dict(types or {}))
    try:
        reader = csv.open_csv(_open_bytes(path), **options)
        _check_text(path, reader.schema)
        for batch in reader:
            yield _known_missing(_checked(path, batch, known, as_written, row), as_written)
            row += len(batch)
    except (pa.ArrowException, UnicodeError, OSError) as error:
        if set(names) - set(types or ()) - set(as_written or ()):
            raise OtherTypes(path.name) from error
        raise _unread(path, error) from error


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a file into a sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, UnicodeError, OSError) as error:
        raise _unread(path, error) from error


def _unread(path: Path, error: Exception) -> DataError:
    reason = first_sentence(error)
    ragged = "CSV parse error" in reason
    remedy = "check that every row has as many cells as the header" if ragged else "write it again"
    return DataError(f"{path.name} cannot be read as CSV ({reason}): {remedy}.")


def _options(known: CsvFormat, as_written: AsWritten | None, **convert: Any) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import csv

    types = convert.pop("column_types", {}) | dict.fromkeys(as_written or (), pa.string())
    types |= dict.fromkeys(known.empty, pa.string())
    named = {"column_names": list(known.cells), "skip_rows": known.skip} if known.cells else {}
    return {
        "read_options": csv.ReadOptions(block_size=BLOCK_BYTES, encoding=known.encoding, **named),
        "parse_options": csv.ParseOptions(delimiter=known.delimiter, newlines_in_values=True),
        "convert_options": csv.ConvertOptions(
            strings_can_be_null=True,
            null_values=_missing_in_all(as_written),
            column_types=types,
            decimal_point=known.decimal,
            **convert,
        ),
    }


def _checked(
    path: Path, table: Any, known: CsvFormat, as_written: AsWritten | None, first: int
) -> Any:
    """Check what the start of the file made one believe of all its rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in known.empty:
        row = _first_row(pc.is_valid(table.column(name)))
        if row >= 0:
            raise DataError(
                f"{path.name} has more cells than its header names in row {first + row:,} "
                f"({table.column(name)[row].as_py()[:80]!r}): name every column."
            )
    if known.decimal == ",":
        for field in table.schema:
            if pa.types.is_string(field.type) and field.name not in (as_written or ()):
                column = table.column(field.name)
                row = _first_row(pc.match_substring_regex(column, _POINTS_BETWEEN_THOUSANDS))
                if row >= 0:
                    raise DataError(
                        f"{path.name} column {field.name!r} has {column[row].as_py()!r} in row "
                        f"{first + row:,}, with points between thousands: write it again without."
                    )
    return table.drop_columns(list(known.empty)) if known.empty else table


_POINTS_BETWEEN_THOUSANDS = r"^\s*[+-]?\d{1,3}(\.\d{3})+(,\d*)?\s*$"


def _first_row(mask: Any) -> int:
    """Find the first row for which something holds; -1 if there is none."""
    import pyarrow.compute as pc

    return int(pc.index(mask, True).as_py())


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


def _open_bytes(path: Path) -> Any:
    """Open a file for Arrow, which knows .gz but not .GZ."""
    import pyarrow as pa

    compressed = path.suffix.lower() == ".gz"
    return pa.input_stream(arrow_path(path), compression="gzip" if compressed else None)


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
    known, missing = csv_format(path), _missing_in_all(as_written)
    options = _options(
        known, as_written, include_columns=names, column_types=text, check_utf8=False
    )
    seen: dict[str, pa.DataType] = {"string": pa.string()}
    fitting: dict[str, tuple[str, ...]] = {}
    with _worded(path):
        for batch in csv.open_csv(_open_bytes(path), **options):
            typed = _typed(batch, missing, known.decimal)
            for name, column in zip(names, typed.columns, strict=True):
                seen[str(column.type)] = column.type
                kind = _kind(column)
                here = _LOOSER.get(kind, (kind,)) + _TEXT if kind not in _TEXT else (kind, "binary")
                before = fitting.get(name, here)
                if kind != "null":
                    fitting[name] = tuple(kind for kind in before if kind in here)
    types = {name: seen[fitting[name][0]] if name in fitting else pa.null() for name in names}
    _check_text(path, pa.schema(types.items()))
    return types


def _typed(batch: pa.RecordBatch, missing: list[str], decimal: str) -> pa.Table:
    """Give a batch of text columns the types that a file of just these rows would have."""
    import pyarrow as pa
    from pyarrow import csv

    piece = pa.BufferOutputStream()
    csv.write_csv(batch, piece)
    return csv.read_csv(
        pa.BufferReader(piece.getvalue()),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            strings_can_be_null=True, null_values=missing, decimal_point=decimal
        ),
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
