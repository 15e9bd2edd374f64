"""Read files from people within stated limits; write those that no spreadsheet will run."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import pandas as pd

from driftlib.data.sources import read_frame
from driftlib.errors import DataError

MOST_MEGABYTES = 200
MOST_ROWS = 5_000_000
MOST_COLUMNS = 1_000
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# How files that are often taken for CSV start.
STRANGERS = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}

LIMITS = (
    f"CSV (UTF-8, commas between cells, decimal points) or Parquet, at most {MOST_MEGABYTES} MB, "
    f"{MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns."
)


def read_upload(content: bytes, role: str = "upload") -> pd.DataFrame:
    r"""Read the bytes of an uploaded CSV or Parquet file.

    The file's own name is never used: not as a path, nor to tell what it is.

    Parameters
    ----------
    content : bytes
        The whole file.
    role : str
        What to call the file in a message, such as "reference".

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataError
        If it is empty, too large, neither CSV nor Parquet, or cannot be read as what it is.

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
            f"{MOST_MEGABYTES} MB: use `driftlib check` or the notebooks for larger data."
        )
    ending = "parquet" if content.startswith(b"PAR1") else "csv"
    if ending == "parquet":
        _check_parquet_size(content, role)
    else:
        _check_text(content, role)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{role}.{ending}")
        path.write_bytes(content)
        try:
            frame = read_frame(path, role)
        except DataError as error:
            words = str(error).replace(path.name, f"the {role} file", 1)
            raise DataError(words) from error
    _check_size(len(frame), len(frame.columns), role)
    return frame


def _check_text(content: bytes, role: str) -> None:
    start = content[: 1 << 16]
    for mark, what in STRANGERS.items():
        if start.startswith(mark):
            raise DataError(f"the {role} file is {what}: save it as CSV, in UTF-8.")
    if b"\0" in start:
        raise DataError(
            f"the {role} file is neither CSV nor Parquet (it is binary): save it as CSV."
        )
    _check_size(0, start.splitlines()[0].count(b",") + 1, role)


def _check_parquet_size(content: bytes, role: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.ParquetFile(io.BytesIO(content)).metadata
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"the {role} file starts like Parquet but cannot be read: write it again."
        ) from error
    _check_size(metadata.num_rows, metadata.num_columns, role)


def _check_size(rows: int, columns: int, role: str) -> None:
    for count, most, what in ((rows, MOST_ROWS, "rows"), (columns, MOST_COLUMNS, "columns")):
        if count > most:
            raise DataError(
                f"the {role} file has {count:,} {what} and the limit is {most:,}: use "
                "`driftlib check` or the notebooks for larger data."
            )


def safe_csv(table: pd.DataFrame, index: bool = True) -> str:
    """Write CSV whose text cells no spreadsheet takes for formulas.

    A text that starts with one of = + - @ or a tab gets an apostrophe before it; numbers
    stay numbers.

    Parameters
    ----------
    table : pandas.DataFrame
    index : bool
        Whether the table's index is written too.

    Returns
    -------
    str

    Examples
    --------
    >>> print(safe_csv(pd.DataFrame({"a": ["=1+1", "b"], "n": [-1, 2]}), index=False), end="")
    a,n
    '=1+1,-1
    b,2
    """
    table = table.reset_index() if index else table.copy()
    table.columns = [_safe(str(name)) for name in table.columns]
    for position, name in enumerate(table.columns):
        column = table.iloc[:, position]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            table[name] = column.map(lambda cell: _safe(cell) if isinstance(cell, str) else cell)
    return table.to_csv(index=False, lineterminator="\n")


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
