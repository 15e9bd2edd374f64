"""Hand out the columns of a table by name, in the plainest form that holds their values."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from driftlib.data.arrow_frames import arrow_to_pandas, pandas_categories
from driftlib.data.frames import FEW_COLUMNS, columns_of
from driftlib.lazily import pd

if TYPE_CHECKING:
    import pyarrow as pa

# What holds the values of a column: numbers without a type of their own are an array, text of
# a file is Arrow's, and all else is a pandas column.
Values: TypeAlias = "pd.Series | np.ndarray | Text"
# So few rows are counted sooner than Arrow's functions, or pandas, are loaded.
FEW = 20_000


def is_arrow(table: Any) -> bool:
    """Tell whether something is a table, or an array, of pyarrow.

    Parameters
    ----------
    table : object

    Returns
    -------
    bool
    """
    return type(table).__module__.partition(".")[0] == "pyarrow"


class Text:
    """A column of text as Arrow holds it.

    Parameters
    ----------
    values : pyarrow.Array
        Of text.

    Examples
    --------
    >>> import pyarrow as pa
    >>> codes, levels = Text(pa.array(["b", None, "a", "b"])).coded
    >>> codes.tolist(), levels.tolist()
    ([0, -1, 1, 0], ['b', 'a'])
    """

    def __init__(self, values: pa.Array) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @property
    def counted(self) -> tuple[np.ndarray, np.ndarray]:
        """The texts, each once, and the rows with each."""
        if len(self) <= FEW:
            codes, levels = self.coded
            there = codes[codes >= 0] if self.values.null_count else codes
            return levels, np.bincount(there, minlength=len(levels))
        # Of many rows, to write down the code of each costs more than to count.
        found = self.values.value_counts()
        levels, counts = found.field("values").to_pylist(), plain_array(found.field("counts"))
        if self.values.null_count:
            gap = levels.index(None)
            del levels[gap]
            counts = np.delete(counts, gap)
        return np.array(levels, dtype=object), counts

    @cached_property
    def coded(self) -> tuple[np.ndarray, np.ndarray]:
        """The place of each row's text, -1 where there is none, and the texts: each once."""
        if len(self) <= FEW and "pyarrow.compute" not in sys.modules:
            places: dict[str | None, int] = {}
            found = [places.setdefault(text, len(places)) for text in self.values.to_pylist()]
            codes, levels = np.array(found, dtype=np.int64), [*places]
        else:
            encoded = self.values.dictionary_encode("encode")
            codes, levels = plain_array(encoded.indices), encoded.dictionary.to_pylist()
        if self.values.null_count:
            gap = levels.index(None)
            del levels[gap]
            codes = np.where(codes == gap, -1, codes - (codes > gap))
        return codes, np.array(levels, dtype=object)


def text_of(series: pd.Series) -> Text | None:
    """Take a pandas column of text as Arrow holds it.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    Text or None
        None where it is no text, or Arrow does not hold it.
    """
    if not isinstance(series.dtype, pd.StringDtype) or series.dtype.storage == "python":
        return None
    import pyarrow as pa

    whole = pa.array(series.array)
    return Text(whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole)


class Fetched(ABC, dict[str, Any]):
    """The columns of a table by name: to take one out of a table costs more than to look at it.

    Values are `Values`: see `fetch`.

    Attributes
    ----------
    rows : int
        Of the table.
    names : frozenset of str
        Its columns.
    """

    rows: int
    names: frozenset[str]

    @property
    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """The table as a pandas frame."""

    @abstractmethod
    def take(self, rows: np.ndarray) -> Fetched:
        """Take some rows.

        Parameters
        ----------
        rows : int array
            Their places.

        Returns
        -------
        Fetched
        """

    @abstractmethod
    def _values(self, name: str) -> Values:
        """Take a column out of the table."""

    def __missing__(self, name: str) -> Values:
        values = self[name] = self._values(name)
        return values


class _OfFrame(Fetched):
    def __init__(self, frame: pd.DataFrame, columns: Mapping[str, pd.Series] | None = None) -> None:
        super().__init__()
        self._frame, self.rows = frame, len(frame)
        taken: Mapping[Any, pd.Series] = columns or {}
        # All at once cost less than each by its name, if most are asked for.
        if not taken and frame.shape[1] <= FEW_COLUMNS:
            taken = dict(columns_of(frame))
        self.names = frozenset(taken or frame.columns.tolist())
        self._columns = taken or frame

    @property
    def frame(self) -> pd.DataFrame:
        return self._frame

    def take(self, rows: np.ndarray) -> Fetched:
        return _OfFrame(self._frame.iloc[rows])

    def _values(self, name: str) -> Values:
        series = self._columns[name]
        dtype = series.dtype
        if not isinstance(dtype, np.dtype):
            return text_of(series) or series
        if dtype.kind not in "iuf":
            return series
        # `to_numpy` takes its time to find that there is nothing to do.
        values: Any = series.values
        return values


class _OfArrow(Fetched):
    def __init__(self, table: pa.Table) -> None:
        super().__init__()
        self._table, self.rows = table, len(table)
        self.names = frozenset(table.schema.names)

    @cached_property
    def frame(self) -> pd.DataFrame:
        return arrow_to_pandas(self._table)

    @cached_property
    def _categories(self) -> set[str]:
        return pandas_categories(self._table.schema.metadata)

    def take(self, rows: np.ndarray) -> Fetched:
        return _OfArrow(self._table.take(rows))

    def _values(self, name: str) -> Values:
        from pyarrow import types as kinds

        column = self._table.column(name)
        kind, odd = column.type, name in self._categories
        floats = kinds.is_float32(kind) or kinds.is_float64(kind)
        if not odd and (floats or (kinds.is_integer(kind) and not column.null_count)):
            return plain_array(column.combine_chunks())
        if not odd and (kinds.is_string(kind) or kinds.is_large_string(kind)):
            return Text(column.combine_chunks())
        return arrow_to_pandas(self._table.select([name]))[name]


def fetch(
    table: pd.DataFrame | pa.Table, columns: Mapping[str, pd.Series] | None = None
) -> Fetched:
    """Make the columns of a table ready to be taken out, each once.

    Parameters
    ----------
    table : pandas.DataFrame or pyarrow.Table
        With unique text names.
    columns : mapping of str to pandas.Series, optional
        The frame's, where they were taken out: see `driftlib.data.frames.frame_and_columns`.

    Returns
    -------
    Fetched
        Floats, and whole numbers without gaps, are arrays; text that Arrow holds is `Text`. All
        else is a column of the frame, or as `driftlib.data.arrow_frames.arrow_to_pandas` makes it.

    Examples
    --------
    >>> columns = fetch(pd.DataFrame({"x": [1.5]}))
    >>> columns["x"] is columns["x"], "y" in columns.names
    (True, False)
    >>> import pyarrow as pa
    >>> columns = fetch(pa.table({"x": [1.5, None], "sky": ["clear", "fog"], "wet": [True, None]}))
    >>> columns["x"].tolist(), type(columns["sky"]).__name__, columns["wet"].dtype
    ([1.5, nan], 'Text', BooleanDtype)
    """
    return _OfArrow(table) if is_arrow(table) else _OfFrame(table, columns)


def plain_array(values: pa.Array) -> np.ndarray:
    """Take numbers of Arrow's as they lie in memory: its own ways to numpy load pandas.

    Parameters
    ----------
    values : pyarrow.Array
        Of numbers; whole ones without gaps.

    Returns
    -------
    int or float array
        NaN where there is no value. Not to be changed.

    Examples
    --------
    >>> import pyarrow as pa
    >>> plain_array(pa.array([1, 2, 3])[1:]).tolist()
    [2, 3]
    >>> plain_array(pa.array([1.5, None, 2.5])[1:]).tolist()
    [nan, 2.5]
    """
    if not values.null_count:
        return np.from_dlpack(values)
    present, held = values.buffers()
    start, rows = values.offset, len(values)
    gapless = values.from_buffers(values.type, rows, [None, held], 0, start)
    # A bit a row tells whether it has a value.
    there = np.unpackbits(np.frombuffer(present, np.uint8), bitorder="little")[start:][:rows]
    return np.where(there, np.from_dlpack(gapless), np.nan)


def as_series(values: Values) -> pd.Series:
    """Take a column as pandas has it.

    Parameters
    ----------
    values : Values

    Returns
    -------
    pandas.Series
        The same if it is one.

    Examples
    --------
    >>> as_series(np.array([1.5, 2.5])).tolist()
    [1.5, 2.5]
    """
    if isinstance(values, np.ndarray):
        return pd.Series(values)
    if isinstance(values, Text):
        import pyarrow as pa

        return arrow_to_pandas(pa.table({"values": values.values}))["values"]
    return values


def count_missing(values: Values) -> int:
    """Count the rows of a column that have no value.

    Parameters
    ----------
    values : Values

    Returns
    -------
    int

    Examples
    --------
    >>> count_missing(np.array([1.5, np.nan]))
    1
    """
    if isinstance(values, np.ndarray):
        return int(np.isnan(values).sum()) if values.dtype.kind == "f" else 0
    if isinstance(values, Text):
        return int(values.values.null_count)
    return int(values.isna().sum())
