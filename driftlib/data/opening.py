"""Open tables wherever they are: frames in memory, files, datasets, databases, Dask and Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from driftlib.data.arrow_frames import arrow_to_pandas
from driftlib.data.batches import Source
from driftlib.data.csv_files import AsWritten
from driftlib.data.frames import as_frame, frame_and_columns, stack, with_notes
from driftlib.data.levels import MISSING_TEXTS, KnownLevels, count_levels, level_codes
from driftlib.data.paths import is_csv, is_path, matching_files, name_files, naming
from driftlib.data.readers import (
    Header,
    check_alike,
    read_header,
    read_table,
    reading_notes,
)
from driftlib.data.schema import CATEGORICAL, declared_kind
from driftlib.data.sources import Dataset, Files, Memory
from driftlib.data.sql_address import is_sql, sql_address
from driftlib.errors import DataError
from driftlib.files import shown_name
from driftlib.lazily import pd

Out = TypeVar("Out")
ENGINES = ("duckdb", "_duckdb", "ibis")
_SAMPLES = {"Dask": "frame.sample(frac=0.01).compute()", "Spark": "frame.sample(0.01).toArrow()"}


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
        The file's name, that of a table in a database, or the role of a table that has none.

    Examples
    --------
    >>> source_name("data/march.parquet", "reference"), source_name(None, "reference")
    ('march.parquet', 'reference')
    """
    if is_sql(source):
        return sql_address(source).shown
    return shown_name(Path(Path(source).name)) if is_path(source) else role


def read_frame(
    source: Any, role: str = "data", as_written: AsWritten | None = None
) -> pd.DataFrame:
    """Read all rows of a source into one pandas frame.

    Parameters
    ----------
    source : frame, table, dataset, str or Path
        A table as `driftlib.data.frames.as_frame` takes it, or a path, which may be a glob.
        Files end in .parquet, .pq, .csv, .tsv (the latter two also with .gz). Or a text such as
        "sql:postgresql://me@host/sales predictions": see `driftlib.data.sql_address.sql_address`.
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
        frame = stack([as_frame(arrow_to_pandas(table), name) for name, table in tables.items()])
        return with_notes(frame, _notes_on(source, role))
    if is_sql(source):
        from driftlib.data.sql import open_sql

        query = open_sql(source)
        return as_frame(query.read(), query.name)
    if _is_dataset(source):
        return as_frame(Dataset(role, source).read(), role)
    system = _cluster(source)
    if system:
        raise DataError(
            f"{role} is a {system} DataFrame, and this needs its rows in memory: pass a sample "
            f"of it, such as {_SAMPLES[system]}."
        )
    return as_frame(source, role)


def _notes_on(source: str | Path, role: str) -> tuple[str, ...]:
    """Say what was assumed to read files."""
    found = _of_each_file(source, role, read_header)
    return reading_notes(replace(header, where=where) for _, where, header in found)


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
        return read_like(now, reference, "reference"), now
    before = read_frame(reference, "reference")
    if is_csv(current):
        return before, read_like(before, current, "current")
    return before, read_frame(current, "current")


def read_like(known: pd.DataFrame, source: Any, role: str = "data") -> pd.DataFrame:
    r"""Read CSV files by what another table holds as text, truth values written as there.

    Parameters
    ----------
    known : pandas.DataFrame
        The other table.
    source : str or Path
        Of CSV files.
    role : str
        As for `read_frame`.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    DataError
        As for `read_frame`.

    Examples
    --------
    >>> import tempfile
    >>> known = pd.DataFrame({"code": ["007", "NA"], "late": [True, False]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "april.csv")
    ...     _ = path.write_text("code,late\n012,TRUE\nNA,0\n")
    ...     read_like(known, path).values.tolist()
    [['012', 'True'], ['NA', 'False']]
    """
    levels = {
        name: KnownLevels(tuple(count_levels(known[name]).levels.tolist()))
        for name in known.columns
        if declared_kind(known[name])[0] == CATEGORICAL
    }
    texts = {
        name: tuple(text for text in MISSING_TEXTS if text in found.levels)
        for name, found in levels.items()
    }
    frame = read_frame(source, role, texts)
    truths = [name for name in frame.columns if name in levels and levels[name].by_truth]
    written = {}
    for name in truths:
        codes, values = level_codes(frame[name])
        names = levels[name].names_of(values)
        written[name] = np.append(names, np.array([None], dtype=object))[codes]
    return frame.assign(**written)


def open_source(data: Any, role: str, name: str, as_written: AsWritten | None = None) -> Source:
    """Open anything that holds a table, to be counted some rows at a time.

    Parameters
    ----------
    data : frame, table, dataset, path, Dask or Spark DataFrame
        Frames and tables in memory are one batch. A path may be a glob, or be of a database: see
        `read_frame`.
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
    if is_sql(data):
        from driftlib.data.sql import open_sql

        return open_sql(data)
    if _is_dataset(data):
        return Dataset(name, data)
    system = _cluster(data)
    if system:
        from driftlib.data.distributed import cluster_source

        return cluster_source(system, data)
    if _is_relation(data):
        from driftlib.data.relations import Relation

        return Relation(name, data)
    return Memory(name, *frame_and_columns(data, role))


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


def _is_relation(data: Any) -> bool:
    """Tell, by names so that nothing is imported, a table that is read anew pass after pass."""
    package = type(data).__module__.partition(".")[0]
    return package in ENGINES and hasattr(data, "__arrow_c_stream__") and hasattr(data, "select")


def _is_dataset(data: Any) -> bool:
    return (
        type(data).__module__.startswith("pyarrow")
        and hasattr(data, "to_batches")
        and hasattr(data, "count_rows")
    )
