"""Tables from wherever they are: frames in memory, Parquet and CSV files."""

from __future__ import annotations

import glob
import gzip
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.errors import DataError, quoted
from driftlib.schema import arrow_to_pandas, as_frame

PARQUET_ENDINGS = (".parquet", ".pq")
CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}


def is_path(source: Any) -> bool:
    """Whether `source` names files rather than being a table."""
    return isinstance(source, str | Path)


def source_name(source: Any, role: str) -> str:
    """What to call `source` in a message: the file's name, or its role.

    Examples
    --------
    >>> source_name("data/march.parquet", "reference"), source_name(None, "reference")
    ('march.parquet', 'reference')
    """
    return Path(source).name if is_path(source) else role


def read_frame(source: Any, role: str = "data") -> pd.DataFrame:
    """Pandas frame from a frame, a pyarrow table, or the path or glob of files.

    Parameters
    ----------
    source : frame, table, str or Path
        Files end in .parquet, .pq, .csv, .tsv (either also with .gz).
    role : str
        "reference" or "current": what to call a table that has no file name.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read as what its ending says, naming
        the file and the reason.

    Examples
    --------
    >>> read_frame(pd.DataFrame({"x": [1]})).shape
    (1, 1)
    """
    if not is_path(source):
        return as_frame(source, role)
    paths = matching_files(source, role)
    tables = [_read_file(path) for path in paths]
    columns = tables[0].column_names
    for path, table in zip(paths, tables, strict=True):
        if set(table.column_names) != set(columns):
            differing = sorted(set(columns) ^ set(table.column_names))
            raise DataError(
                f"{path.name} and {paths[0].name} do not have the same columns "
                f"(only in one of them: {quoted(differing)}): read them separately."
            )
    frames = [
        as_frame(arrow_to_pandas(table), path.name)
        for path, table in zip(paths, tables, strict=True)
    ]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def matching_files(source: str | Path, role: str) -> list[Path]:
    """Files that a path or glob names, in order of their names; at least one."""
    path = Path(source).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        raise DataError(
            f"{role} {str(source)!r} is a folder: name the files in it, such as "
            f"{str(path / '*.parquet')!r}."
        )
    found = sorted(Path(name) for name in glob.glob(str(path), recursive=True))
    found = [name for name in found if name.is_file()]
    if not found:
        raise DataError(
            f"{role} file {str(source)!r} does not exist (looked in {path.absolute().parent}): "
            "check the path."
        )
    return found


def _read_file(path: Path) -> Any:
    name = path.name.lower()
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty (0 bytes): write the file again.")
    if name.endswith(PARQUET_ENDINGS):
        return _read_parquet(path)
    if name.endswith(CSV_ENDINGS):
        return _read_csv(path)
    raise DataError(
        f"{path.name} is neither Parquet nor CSV by its ending: use one of "
        f"{quoted(PARQUET_ENDINGS + CSV_ENDINGS)}."
    )


def _read_parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as Parquet ({first_sentence(error)}): write it again, or "
            "give it the ending .csv if it is text."
        ) from error
    return check_columns(table, path.name)


def _read_csv(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    delimiter = "\t" if ".tsv" in path.name.lower() else ","
    _check_delimiter(path, delimiter)
    try:
        table = csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(strings_can_be_null=True),
        )
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path.name} cannot be read as CSV ({first_sentence(error)}): check that every row "
            "has as many cells as the header."
        ) from error
    for field in table.schema:
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            raise DataError(
                f"{path.name} column {field.name!r} is not UTF-8 text: save the file as UTF-8."
            )
    return check_columns(table, path.name)


def _check_delimiter(path: Path, delimiter: str) -> None:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            header = stream.readline(100_000).decode("utf-8", "replace").strip()
    except OSError as error:
        raise DataError(f"{path.name} cannot be read ({error}): write it again.") from error
    if delimiter in header:
        return
    for other, plural in OTHER_DELIMITERS.items():
        if other in header:
            raise DataError(
                f"{path.name} starts with {header[:80]!r}: its cells seem to be separated by "
                f"{plural}. Save it with commas between cells and a decimal point."
            )


def check_columns(table: Any, name: str) -> Any:
    """The table, if its column names are unique and it has rows."""
    names = table.column_names
    repeated = sorted({column for column in names if names.count(column) > 1})
    if repeated:
        raise DataError(
            f"{name} has more than one column named {quoted(repeated)}: rename or drop all but one."
        )
    if not table.num_rows:
        raise DataError(f"{name} has a header but no rows: write the file again.")
    return table


def first_sentence(error: BaseException) -> str:
    """The start of a library's message, on one line, for a parenthesis."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0].rstrip(".")[:200]
