"""Read Parquet files whole or some rows at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from driftlib.data.paths import arrow_path
from driftlib.errors import DataError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

# Of all columns' buffers together, and of one column's.
BUFFER_BYTES = 16_000_000
MIN_BUFFER_BYTES, MAX_BUFFER_BYTES = 16_000, 1_000_000


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turn what Arrow says of a file into a sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as Parquet ({first_sentence(error)}): write it again, or "
            "give it the ending .csv if it is text."
        ) from error


def open_parquet(path: Path, columns: int = 1) -> pq.ParquetFile:
    """Open a Parquet file and read its footer.

    Parameters
    ----------
    path : Path
    columns : int
        How many will be read at a time: they share the memory for buffers.

    Returns
    -------
    pyarrow.parquet.ParquetFile

    Raises
    ------
    DataError
        If it is no Parquet file, or damaged at its end.
    """
    import pyarrow.parquet as pq

    # A row group may hold the whole file: never read one at once. Each column has a buffer.
    buffer = max(MIN_BUFFER_BYTES, min(MAX_BUFFER_BYTES, BUFFER_BYTES // columns))
    with _worded(path):
        return pq.ParquetFile(
            arrow_path(path), pre_buffer=False, buffer_size=buffer, page_checksum_verification=True
        )


def read_parquet(path: Path) -> pa.Table:
    """Read all rows of a Parquet file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    DataError
        If it cannot be read to its end.
    """
    with _worded(path):
        return open_parquet(path).read()


def stream_parquet(path: Path, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
    """Read some columns of a Parquet file, some rows at a time.

    Parameters
    ----------
    path : Path
    names : list of str
        Columns of the file, at least one.
    rows : int
        At most so many at a time.

    Yields
    ------
    pyarrow.RecordBatch

    Raises
    ------
    DataError
        If the file cannot be read to its end.
    """
    with _worded(path):
        for batch in open_parquet(path, len(names)).iter_batches(rows, columns=names):
            # Asked for "a", Parquet brings a column called "a.b" along.
            yield batch.select(names)
