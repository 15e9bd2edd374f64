"""Read text files, write files whole or not at all, and values as JSON has them."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import stat
import tempfile
from pathlib import Path
from typing import Any

from driftlib.errors import DataError
from driftlib.lazily import pd


def home_path(path: str | Path) -> Path:
    """Take a path as a shell does: ~/ is the home folder, and a name may begin with ~.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path

    Examples
    --------
    >>> home_path("~x.csv").as_posix(), home_path("~/x.csv") == Path.home() / "x.csv"
    ('~x.csv', True)
    """
    path = Path(path)
    return path.expanduser() if path.parts[:1] == ("~",) else path


def is_address(path: str) -> bool:
    """Tell whether a path is an address of another machine.

    Parameters
    ----------
    path : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_address(path) for path in ("s3://bucket/a.csv", "https:/x", "C:/a.csv", "a.csv")]
    [True, True, False, False]
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", path) is not None


def shown_name(path: Path) -> str:
    """Write a relative path, or a file's name, for a sentence or a page.

    Parameters
    ----------
    path : Path
        An absolute one is called by its name.

    Returns
    -------
    str
        What is no UTF-8 in it is escaped.

    Examples
    --------
    >>> shown_name(Path("/data/march.csv")), shown_name(Path("day=1/part.csv"))
    ('march.csv', 'day=1/part.csv')
    """
    name = path.name if path.is_absolute() or len(path.parts) == 1 else path.as_posix()
    return name.encode("utf-8", "backslashreplace").decode()


def short_path(path: str) -> str:
    """Write a path for a sentence.

    Parameters
    ----------
    path : str
        Of any length, with any characters.

    Returns
    -------
    str
        In quotes, cut at 200 characters.

    Examples
    --------
    >>> short_path("a.csv"), len(short_path("a" * 5000))
    ("'a.csv'", 205)
    """
    return repr(path if len(path) <= 200 else f"{path[:200]}...")


def read_text(path: str | Path, what: str) -> str:
    """Read a text file, whether or not it begins with a byte order mark.

    Parameters
    ----------
    path : str or Path
    what : str
        What to call it before its path, such as "baseline".

    Returns
    -------
    str

    Raises
    ------
    DataError
        If it is no file here, cannot be read, or is not UTF-8.
    """
    shown = f"{what} {short_path(str(path))}"
    if is_address(str(path)):
        raise DataError(f"{shown} is not read from here: download it.")
    try:
        place = home_path(path)
        mode = place.stat().st_mode
        text = place.read_text(encoding="utf-8-sig") if stat.S_ISREG(mode) else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        reason = "there is a NUL in it" if "\0" in str(path) else reason
        raise DataError(f"{shown} cannot be read ({reason}): check the path.") from error
    if text is None:
        reason = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise DataError(f"{shown} is {reason}: name a file.")
    return text


def write_whole(path: str | Path, content: str | bytes) -> Path:
    """Write a file so that no reader ever sees half of it.

    The content goes to a temporary name in the same folder, which is then renamed; a
    failure leaves whatever was there before. Missing folders are made. Through a link, the file
    that it leads to is written.

    Parameters
    ----------
    path : str or Path
        ~/ is the home folder.
    content : str or bytes
        Text is written as UTF-8, with newlines as they are.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    DataError
        If the folder or file cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder, "a", "b.txt"), "text").read_text()
    'text'
    """
    shown = short_path(str(path))
    if is_address(str(path)):
        raise DataError(f"{shown} is no place on this machine: write a file here, and copy it.")
    data = content.encode("utf-8") if isinstance(content, str) else content
    temporary = None
    try:
        path = home_path(path)
        target = path.resolve() if path.is_symlink() else path
        if target.is_symlink():
            raise OSError(errno.ELOOP, "its link leads in a circle")
        if target.exists() and not target.is_file():
            raise OSError(errno.EINVAL, "it is a folder, a pipe or a device and not a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.name}."[:100], suffix=".part"
        )
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{shown} cannot be written ({reason}): choose another folder.") from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_json(path: str | Path, content: Any) -> Path:
    """Write JSON, indented, whole or not at all.

    Parameters
    ----------
    path : str or Path
    content : object
        In types that JSON has, see `json_ready`.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    DataError
        If the folder or file cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(write_json(Path(folder, "a.json"), {"rows": 3}).read_text(), end="")
    {
     "rows": 3
    }
    """
    return write_whole(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def write_csv(path: str | Path, table: pd.DataFrame, index: bool = True) -> Path:
    """Write a table as CSV, whole or not at all, that no spreadsheet will run.

    Parameters
    ----------
    path : str or Path
    table : pandas.DataFrame
    index : bool
        Whether the table's index is a column of the file.

    Returns
    -------
    Path
        Where it was written, as `safe_csv` puts it.

    Raises
    ------
    DataError
        If the folder or file cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_csv(Path(folder, "a.csv"), pd.DataFrame({"x": [1.5]}), index=False)
    ...     print(path.read_text(), end="")
    x
    1.5
    """
    return write_whole(path, safe_csv(table, index))


# Such texts are formulas for a spreadsheet, and those behind apostrophes are put behind one more,
# so that none is taken for another. A number is none, whatever its sign.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")


def safe_csv(table: pd.DataFrame, index: bool = True) -> str:
    r"""Put a table into CSV whose text no spreadsheet takes for formulas.

    A text or name that starts with one of = + - @, a tab or a carriage return gets an
    apostrophe before it; numbers stay numbers.

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
    >>> text = safe_csv(pd.DataFrame({"a": ["=1+1", "b"], "n": [-1, 2]}), index=False)
    >>> print(text, end="")
    a,n
    '=1+1,-1
    b,2

    Read back with pandas, take the apostrophes off the column that may have them:

    >>> import io
    >>> read = pd.read_csv(io.StringIO(text))
    >>> read["a"].str.replace(r"^'('*[=+\-@\t\r])", r"\1", regex=True).tolist()
    ['=1+1', 'b']
    """
    if index:
        names = ["" if name is None else name for name in table.index.names]
        table = table.reset_index(names=names, allow_duplicates=True)
    else:
        table = table.copy()
    table.columns = [_safe(str(name)) for name in table.columns]
    for place, dtype in enumerate(table.dtypes):
        levels = dtype.categories.dtype if isinstance(dtype, pd.CategoricalDtype) else dtype
        if pd.api.types.is_string_dtype(levels):
            cells = table.iloc[:, place].astype(object)
            table.isetitem(place, cells.map(_safe, na_action="ignore").to_numpy())
    text = table.to_csv(index=False, lineterminator="\n")
    if "\r" in text:
        # Only quotes keep a carriage return, which not all Pythons know, from ending the row.
        text = table.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    return text


def _safe(cell: Any) -> Any:
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell


def json_ready(value: Any) -> Any:
    """Turn a value into types that JSON has.

    Parameters
    ----------
    value : object
        Mappings, sequences, arrays, frames, times and what they hold.

    Returns
    -------
    dict, list, str, int, float, bool or None
        What is no number (NaN, infinity, NaT) is None, times are text, a frame is a list of
        its rows with the index first.

    Examples
    --------
    >>> import numpy as np
    >>> json_ready({"a": np.float64("nan"), "b": np.array([1, 2]), "c": pd.Timestamp("2013-03-01")})
    {'a': None, 'b': [1, 2], 'c': '2013-03-01T00:00:00'}
    """
    if isinstance(value, dict):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return json_ready(value.reset_index().to_dict("records"))
    if hasattr(value, "tolist") and not isinstance(value, pd.Timestamp):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return [json_ready(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if pd.isna(value):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
