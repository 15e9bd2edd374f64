"""Find the files that a path or glob names, and choose what to call each in a message."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driftlib.data.sql_address import is_sql
from driftlib.errors import DataError
from driftlib.files import home_path, is_address, short_path, shown_name

PARQUET_ENDINGS = (".parquet", ".pq")
CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")


def is_path(source: Any) -> bool:
    """Tell whether a source names files rather than being a table, or where one is.

    Parameters
    ----------
    source : object

    Returns
    -------
    bool

    Examples
    --------
    >>> is_path("data/*.csv"), is_path("sql:sqlite:///april.db seen")
    (True, False)
    """
    return isinstance(source, str | Path) and not is_sql(source)


def is_csv(source: Any) -> bool:
    """Tell whether a source names CSV files.

    Parameters
    ----------
    source : object

    Returns
    -------
    bool

    Examples
    --------
    >>> is_csv("data/*.CSV.GZ"), is_csv("data/a.parquet")
    (True, False)
    """
    return is_path(source) and Path(source).name.lower().endswith(CSV_ENDINGS)


def is_table_name(path: Path) -> bool:
    """Tell whether a path ends as those of Parquet and CSV files do.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_table_name(Path(name)) for name in ("a.PARQUET", "a.csv.gz", "a.xlsx")]
    [True, True, False]
    """
    return path.name.lower().endswith(PARQUET_ENDINGS + CSV_ENDINGS)


def matching_files(source: str | Path, role: str) -> list[Path]:
    """Find the files that a path or glob names.

    Parameters
    ----------
    source : str or Path
    role : str
        "reference" or "current": what to call it in an error.

    Returns
    -------
    list of Path
        In the order of their names, at least one.

    Raises
    ------
    DataError
        If there is none, or a folder where a file should be.
    """
    given = str(source)
    if is_address(given):
        raise DataError(
            f"{role} {short_path(given)} is not read from here: download it, or pass a frame."
        )
    path = home_path(source)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        mode = 0
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"{role} {short_path(given)} cannot be read ({reason}): check the path."
        ) from error
    if stat.S_ISREG(mode):
        return [path]
    if mode and not stat.S_ISDIR(mode):
        raise DataError(
            f"{role} {short_path(given)} is a pipe or a device and not a file: write its rows to a "
            "file first."
        )
    if mode:
        raise DataError(
            f"{role} {str(source)!r} is a folder: name the files in it, such as "
            f"{str(path / '*.parquet')!r}."
        )
    matches = sorted(Path(name) for name in glob.glob(str(path), recursive=True))
    # A link that leads nowhere is no folder: it stays, so that reading it fails.
    found = [match for match in matches if not match.is_dir()]
    for folder in (match for match in matches if match.is_dir() and is_table_name(match)):
        if not any(folder in match.parents for match in found):
            raise DataError(
                f"{role} {str(source)!r} matches the folder {folder.name}: name the files in it, "
                f"such as {str(path / '*.parquet')!r}."
            )
    if not found:
        raise DataError(
            f"{role} file {str(source)!r} does not exist (looked in {path.absolute().parent}): "
            "check the path."
        )
    return found


def arrow_path(path: Path) -> Any:
    """Give Arrow a file by its name, or opened where Arrow cannot take the name.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str or pyarrow.NativeFile

    Raises
    ------
    OSError
        If it cannot be opened.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        import pyarrow as pa

        return pa.OSFile(os.fsencode(path))
    return str(path)


def name_files(paths: Iterable[Path]) -> dict[Path, str]:
    """Choose what to call each file in a message.

    Parameters
    ----------
    paths : iterable of Path

    Returns
    -------
    dict of Path to str
        The file's name, or where names repeat its path from a folder they share; what is no
        UTF-8 in it is escaped.

    Examples
    --------
    >>> list(name_files([Path("d/day=1/part-0.parquet"), Path("d/day=2/part-0.parquet")]).values())
    ['day=1/part-0.parquet', 'day=2/part-0.parquet']
    """
    paths = list(paths)
    if len({path.name for path in paths}) == len(paths):
        return {path: shown_name(path) for path in paths}
    shared = os.path.commonpath([path.absolute().parent for path in paths])
    return {path: shown_name(path.absolute().relative_to(shared)) for path in paths}


@contextmanager
def naming(path: Path, where: str) -> Iterator[None]:
    """Have errors about a file call it what it is to be called.

    Parameters
    ----------
    path : Path
    where : str
        As of `name_files`.

    Yields
    ------
    None
    """
    try:
        yield
    except DataError as error:
        if where in str(error):
            raise
        raise DataError(str(error).replace(path.name, where, 1)) from error
