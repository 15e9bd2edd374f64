"""Read files from people within stated limits, checked before anything is unpacked."""

from __future__ import annotations

import gzip
import io
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from driftlib.data.csv_format import DELIMITERS, check_text
from driftlib.data.frames import notes_of, with_notes
from driftlib.data.opening import read_frame, read_like
from driftlib.errors import DataError
from driftlib.text import quoted

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_MEGABYTES = 200
MOST_ROWS = 5_000_000
MOST_COLUMNS = 1_000
# What the rows may take once they are in memory.
MOST_UNPACKED_MEGABYTES = 1_000

LIMITS = (
    "CSV (.gz too; best in UTF-8, with commas between cells and decimal points) or Parquet without "
    "nested columns, "
    f"at most {MOST_MEGABYTES} MB, {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns. CSV takes at "
    f"most {MOST_MEGABYTES} MB unpacked, the rows of any file {MOST_UNPACKED_MEGABYTES:,} MB in "
    "memory."
)
_ELSEWHERE = "use `driftlib check` or the notebooks for larger data."
_GZIP = b"\x1f\x8b"
# A value in a column of a type of its own, and one that is an object of Python.
_CELL, _OBJECT = 8, 128


def is_parquet(content: bytes) -> bool:
    """Tell by its start whether a file is Parquet.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    bool
    """
    return content.startswith(b"PAR1")


def read_upload(
    content: bytes, role: str = "upload", known: pd.DataFrame | None = None
) -> pd.DataFrame:
    r"""Read the bytes of an uploaded CSV or Parquet file.

    The file's own name is never used: not as a path, nor to tell what it is.

    Parameters
    ----------
    content : bytes
        The whole file.
    role : str
        What to call the file in a message, such as "reference".
    known : pandas.DataFrame, optional
        The other period: a CSV file is read by what that holds as text, see
        `driftlib.data.opening.read_like`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataError
        If it is empty, too large as it is or unpacked, neither CSV nor Parquet, has nested
        columns, or cannot be read as what it is.

    Examples
    --------
    >>> read_upload(b"y_true,y_pred\n1,0\n").shape
    (1, 2)
    """
    if not content:
        raise DataError(f"the {role} file is empty: choose a file with a header and rows.")
    if len(content) > MOST_MEGABYTES * 2**20:
        raise DataError(
            f"the {role} file has {len(content) / 2**20:,.0f} MB and the limit is "
            f"{MOST_MEGABYTES} MB: {_ELSEWHERE}"
        )
    ending = "parquet" if is_parquet(content) else "csv"
    if ending == "parquet":
        _check_parquet(content, role)
    else:
        content = _unpacked(content, role) if content.startswith(_GZIP) else content
        _check_text(content, role)
    file = f"the {role} file"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{role}.{ending}")
        path.write_bytes(content)
        try:
            if known is None or ending == "parquet":
                frame = read_frame(path, role)
            else:
                frame = read_like(known, path, role)
        except DataError as error:
            raise DataError(str(error).replace(path.name, file, 1)) from error
        notes = [note.replace(path.name, file, 1) for note in notes_of(frame)]
    _check_size(len(frame), len(frame.columns), role)
    return with_notes(frame, notes)


def _unpacked(content: bytes, role: str) -> bytes:
    """Unpack gzip, no further than the limit."""
    most = MOST_MEGABYTES * 2**20
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            text = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"the {role} file is compressed and cannot be unpacked: write it again."
        ) from error
    if len(text) > most:
        raise DataError(
            f"the {role} file unpacks to more than the limit of {MOST_MEGABYTES} MB: {_ELSEWHERE}"
        )
    if not text:
        raise DataError(f"the {role} file is empty: choose a file with a header and rows.")
    return text


def _check_text(content: bytes, role: str) -> None:
    start = content[: 1 << 16]
    check_text(start, f"the {role} file")
    separators = [delimiter.encode() for delimiter in DELIMITERS]
    _check_size(0, max(map(start.splitlines()[0].count, separators)) + 1, role)
    # A cell may be as short as its comma; what is text in it comes on top.
    cells = content.count(b"\n") + max(map(content.count, separators))
    _check_unpacked(_CELL * cells + len(content), role)


def _check_parquet(content: bytes, role: str) -> None:
    """Check what a Parquet file says of itself, and how long its text is, before reading it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        metadata, schema = file.metadata, file.schema_arrow
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
        _check_size(rows, metadata.num_columns, role)
        _check_flat(metadata.schema, schema, role)
        cells = rows * sum(_OBJECT if _is_object(field.type) else _CELL for field in schema)
        texts = [
            (number, chunk)
            for number, group in enumerate(groups)
            for chunk in map(group.column, range(group.num_columns))
            if chunk.physical_type == "BYTE_ARRAY"
        ]
        stored = sum(chunk.total_uncompressed_size for _, chunk in texts)
        _check_unpacked(cells + stored, role)
        # No text is longer than all that is stored of its column.
        longest = sum(chunk.total_uncompressed_size * chunk.num_values for _, chunk in texts)
        if _too_much(cells + longest):
            _check_texts(content, texts, cells, role)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"the {role} file starts like Parquet but cannot be read: write it again."
        ) from error


def _check_flat(stored: pq.ParquetSchema, schema: pa.Schema, role: str) -> None:
    import pyarrow as pa

    columns = [stored.column(place) for place in range(len(stored))]
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    nested += [
        column.path.partition(".")[0]
        for column in columns
        if column.max_repetition_level > 0 or column.max_definition_level > 1
    ]
    if nested or len(columns) != len(schema):
        named = quoted(list(dict.fromkeys(nested))) or "more than it says"
        raise DataError(
            f"the {role} file has nested columns ({named}): write it without them, or "
            "as columns of their own."
        )


def _is_object(kind: pa.DataType) -> bool:
    """Tell whether pandas makes an object of Python of every value."""
    import pyarrow as pa

    types = pa.types
    named = (types.is_string, types.is_large_string, types.is_dictionary, types.is_boolean)
    plain = (types.is_integer, types.is_floating, types.is_timestamp, types.is_duration)
    return not any(told(kind) for told in (*named, *plain, types.is_null))


def _check_texts(
    content: bytes, texts: list[tuple[int, pq.ColumnChunkMetaData]], taken: int, role: str
) -> None:
    """Check how long the text is, of which a file may hold once what its rows repeat."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = list(dict.fromkeys(chunk.path_in_schema for _, chunk in texts))
    file = pq.ParquetFile(io.BytesIO(content), read_dictionary=names)
    for number, chunk in texts:
        name = chunk.path_in_schema
        if "DELTA_BYTE_ARRAY" in chunk.encodings:
            taken += chunk.total_uncompressed_size * chunk.num_values
            if _too_much(taken):
                raise DataError(
                    f"the {role} file stores column {name!r} as differences (DELTA_BYTE_ARRAY), "
                    "which do not tell how much they unpack to: write it again without that."
                )
        elif "DELTA_LENGTH_BYTE_ARRAY" in chunk.encodings:
            taken += chunk.total_uncompressed_size
        else:
            for piece in file.read_row_group(number, [name]).column(name).chunks:
                if pa.types.is_dictionary(piece.type):
                    lengths = pc.binary_length(piece.dictionary).cast("int64")
                    taken += pc.sum(lengths.take(piece.indices)).as_py() or 0
        _check_unpacked(taken, role)


def _check_unpacked(taken: int, role: str) -> None:
    if _too_much(taken):
        raise DataError(
            f"the {role} file takes {taken / 2**20:,.0f} MB or more in memory and the limit is "
            f"{MOST_UNPACKED_MEGABYTES:,} MB: {_ELSEWHERE}"
        )


def _too_much(taken: int) -> bool:
    return taken > MOST_UNPACKED_MEGABYTES * 2**20


def _check_size(rows: int, columns: int, role: str) -> None:
    for count, most, what in ((rows, MOST_ROWS, "rows"), (columns, MOST_COLUMNS, "columns")):
        if count > most:
            raise DataError(
                f"the {role} file has {count:,} {what} and the limit is {most:,}: {_ELSEWHERE}"
            )
