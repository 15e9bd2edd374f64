"""Take whatever the user passed as a table: pandas frames with unique text names.

This is the one gate: everything behind it trusts that names are unique text and that a
table has rows and columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from driftlib.data.arrow_frames import arrow_to_pandas, without_dictionaries
from driftlib.errors import DataError
from driftlib.lazily import pd
from driftlib.text import first_sentence, quoted

if TYPE_CHECKING:
    import pyarrow as pa


# So many columns are taken out of a frame sooner than it tells their types.
FEW_COLUMNS = 32
# Where a frame keeps what was assumed when its file was read.
_READING = "driftlib: how it was read"


def with_notes(frame: pd.DataFrame, notes: Iterable[str]) -> pd.DataFrame:
    """Keep with a frame what was assumed when its file was read.

    Parameters
    ----------
    frame : pandas.DataFrame
    notes : iterable of str

    Returns
    -------
    pandas.DataFrame
        The same.
    """
    if notes := list(notes):
        frame.attrs[_READING] = notes
    return frame


def notes_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Tell what was assumed when a frame's file was read.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    tuple of str
        Sentences without their points; empty where there is nothing to say.

    Examples
    --------
    >>> notes_of(with_notes(pd.DataFrame(), ["march.csv has tabs between its cells"]))
    ('march.csv has tabs between its cells',)
    """
    return tuple(frame.attrs.get(_READING, ()))


def as_frame(data: Any, role: str = "data") -> pd.DataFrame:
    """Turn a table of any library into a pandas frame with unique text names.

    Parameters
    ----------
    data : table
        A pandas or polars frame (lazy ones are collected), a pyarrow table or record batch,
        or anything else with `__arrow_c_stream__`, such as a DuckDB relation, an Ibis table,
        a Modin or cuDF frame. Never changed, and not copied where that can be avoided.
    role : str
        What to call it in an error: "reference", "current", a file's name.

    Returns
    -------
    pandas.DataFrame
        At least one row and one column.

    Raises
    ------
    DataError
        If it is no table, has no rows or columns, or repeats a column name.

    Examples
    --------
    >>> as_frame(pd.DataFrame({0: [1.5, 2.5]})).columns.tolist()
    ['0']
    >>> as_frame([1.5, 2.5], "reference")
    Traceback (most recent call last):
    driftlib.errors.DataError: reference is a list, not a table: pass a pandas or polars frame,
    a pyarrow table, or the path of a Parquet or CSV file.
    """
    return frame_and_columns(data, role)[0]


def frame_and_columns(data: Any, role: str = "data") -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Turn a table into a pandas frame as `as_frame` does, and take it apart if it is narrow.

    Parameters
    ----------
    data, role
        As for `as_frame`.

    Returns
    -------
    frame : pandas.DataFrame
        At least one row and one column.
    columns : dict of str to pandas.Series
        Every column, in order; or none: of more than 32, and where the frame had to be changed.

    Raises
    ------
    DataError
        As `as_frame` does.

    Examples
    --------
    >>> frame_and_columns(pd.DataFrame({"x": [1.5, 2.5]}))[1]["x"].tolist()
    [1.5, 2.5]
    """
    frame = _to_pandas(data, role)
    taken: list[tuple[Any, pd.Series]] = []
    if frame.shape[1] <= FEW_COLUMNS:
        taken = [*columns_of(frame)]
    labels = [label for label, _ in taken] or frame.columns.tolist()
    # Half of a surrogate pair is no text that Arrow, or any file, could hold.
    written = (str(name).encode("utf-8", "backslashreplace").decode() for name in labels)
    names = unique_names(written, role)
    if not names:
        raise DataError(f"{role} has no columns: pass a table with one column a feature.")
    if not len(frame):
        raise no_rows(role)
    if names != labels:
        frame, taken = frame.set_axis(names, axis="columns"), []
    dtypes = [column.dtype for _, column in taken] or frame.dtypes.tolist()
    if any(isinstance(dtype, pd.ArrowDtype) for dtype in dtypes):
        frame, taken = without_dictionaries(frame), []
        dtypes = frame.dtypes.tolist()
    objects = [name for name, dtype in zip(names, dtypes, strict=True) if _may_signal(dtype)]
    quiet = _without_signals(frame, objects)
    return quiet, dict(taken) if quiet is frame else {}


def columns_of(frame: pd.DataFrame) -> Iterator[tuple[Any, pd.Series]]:
    """Take a frame apart.

    Parameters
    ----------
    frame : pandas.DataFrame

    Yields
    ------
    label, column
        In order. Without the frame's `attrs`, which pandas would copy for each of them.
    """
    yield from (pd.DataFrame(frame) if frame.attrs else frame).items()


def _may_signal(dtype: Any) -> bool:
    """Whether a column may hold decimals: text does not."""
    return dtype.kind == "O" and not isinstance(dtype, pd.StringDtype)


def _without_signals(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Make signalling decimals missing: the first look at such a value is an error."""
    quiet = {}
    for name in names:
        try:
            frame[name].isna()
        except ArithmeticError:
            values = [None if _signals(value) else value for value in frame[name].to_numpy()]
            quiet[name] = pd.Series(values, frame.index, dtype=object)
    return frame.assign(**quiet) if quiet else frame


def _signals(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_snan()


def _to_pandas(data: Any, role: str) -> pd.DataFrame:
    if isinstance(data, pd.DataFrame):
        return data
    package = type(data).__module__.partition(".")[0]
    if package == "polars" and hasattr(data, "collect"):
        data = data.collect()
    if package == "polars" and hasattr(data, "to_arrow") and hasattr(data, "columns"):
        return arrow_to_pandas(data.to_arrow())
    if package == "pyarrow" and hasattr(data, "to_pandas") and hasattr(data, "schema"):
        return arrow_to_pandas(data)
    if hasattr(data, "__arrow_c_stream__"):
        return arrow_to_pandas(_from_stream(data, role))
    raise _no_table(data, role)


def _from_stream(data: Any, role: str) -> pa.Table:
    """Read a table through the Arrow PyCapsule protocol."""
    import pyarrow as pa

    try:
        reader = pa.RecordBatchReader.from_stream(data)
    except pa.ArrowInvalid as error:
        # A stream of something other than rows: a single column.
        raise _no_table(data, role) from error
    except Exception as error:
        raise _unread(data, role, error) from error
    try:
        return reader.read_all()
    except pa.ArrowException as error:
        raise _unread(data, role, error) from error


def _no_table(data: Any, role: str) -> DataError:
    return DataError(
        f"{role} is a {type(data).__name__}, not a table: pass a pandas or polars frame, "
        "a pyarrow table, or the path of a Parquet or CSV file."
    )


def _unread(data: Any, role: str, error: Exception) -> DataError:
    """Word what another library, whose errors are its own, says of its table."""
    return DataError(
        f"{role} is a {type(data).__name__} that cannot be read ({first_sentence(error)}): check "
        "what it is made from."
    )


def no_rows(name: str) -> DataError:
    """Word the error for a table that has columns and nothing in them.

    Parameters
    ----------
    name : str
        What to call the table.

    Returns
    -------
    DataError
        To be raised.
    """
    return DataError(f"{name} has columns but no rows: pass at least one row.")


def unique_names(names: Iterable[str], where: str) -> list[str]:
    """List a table's column names, none of which may be repeated.

    Parameters
    ----------
    names : iterable of str
    where : str
        What to call the table in an error.

    Returns
    -------
    list of str
        The names, in their order.

    Raises
    ------
    DataError
        If a name occurs twice.

    Examples
    --------
    >>> unique_names(["a", "b", "a"], "march.csv")
    Traceback (most recent call last):
    driftlib.errors.DataError: march.csv has more than one column named 'a': rename or drop all
    but one.
    """
    names = list(names)
    if len(set(names)) < len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise DataError(
            f"{where} has more than one column named {quoted(repeated)}: rename or drop all "
            "but one."
        )
    return names


def stack(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Put frames one under the other, each column of a type that holds all of its values.

    Parameters
    ----------
    frames : list of pandas.DataFrame
        With the same columns, at least one frame.

    Returns
    -------
    pandas.DataFrame
        Pandas categories stay categories where they are so in all frames that have values.

    Examples
    --------
    >>> parts = [pd.DataFrame({"x": [None]}), pd.DataFrame({"x": [1.5]})]
    >>> stack(parts)["x"].dtype
    dtype('float64')
    """
    if len(frames) == 1:
        return frames[0]
    names = list(frames[0].columns)
    # A column without any value has no type of its own: it takes that of the others.
    typed = [frame.dropna(axis="columns", how="all") for frame in frames]
    together = pd.concat(typed, ignore_index=True).reindex(columns=names)
    for name in dict.fromkeys(n for f in typed for n in f.select_dtypes("category").columns):
        parts = [frame[name] for frame in typed if name in frame]
        if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            parts = [frame[name].astype("category") for frame in frames]
            together[name] = pd.api.types.union_categoricals(parts, ignore_order=True)
    return together
