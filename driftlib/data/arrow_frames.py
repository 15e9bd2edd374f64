"""Make pandas frames of Arrow tables: the types that pandas has, and the index it had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from driftlib.lazily import pd
from driftlib.stats.precision import MOST_WHOLE

if TYPE_CHECKING:
    import pyarrow as pa

# Where a frame keeps which columns were its index.
_INDEX = "driftlib: its index"


def stored_index(schema: pa.Schema) -> tuple[str, ...]:
    """Name the columns that are a pandas index by what pandas noted in an Arrow schema.

    Parameters
    ----------
    schema : pyarrow.Schema

    Returns
    -------
    tuple of str
        Columns of the schema; an index of row numbers is none.
    """
    names = _pandas_notes(schema.metadata).get("index_columns", ())
    return tuple(name for name in names if isinstance(name, str) and name in schema.names)


def index_of(frame: pd.DataFrame) -> tuple[str, ...]:
    """Name the columns that were a pandas index where a frame was written.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> import pyarrow as pa
    >>> written = pd.DataFrame({"x": [1.5]}, index=pd.Index([7], name="order"))
    >>> index_of(arrow_to_pandas(pa.Table.from_pandas(written)))
    ('order',)
    """
    return tuple(frame.attrs.get(_INDEX, ()))


def arrow_to_pandas(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """Turn a pyarrow table into a pandas frame; text stays in Arrow memory, gaps stay gaps.

    Parameters
    ----------
    table : pyarrow.Table or RecordBatch

    Returns
    -------
    pandas.DataFrame
        Without an index that pandas may have noted in the table's metadata.

    Examples
    --------
    >>> import pyarrow as pa
    >>> arrow_to_pandas(pa.table({"flag": [True, None]}))["flag"].dtype
    BooleanDtype
    """
    import pyarrow as pa

    text = pd.StringDtype("pyarrow")
    mapping = {pa.string(): text, pa.large_string(): text, pa.bool_(): pd.BooleanDtype()}
    categories = pandas_categories(table.schema.metadata)
    table = _usual(table)
    frame = table.to_pandas(types_mapper=mapping.get, ignore_metadata=True)
    whole = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
    for place, kind in enumerate(table.schema.types):
        column = table.column(place)
        if kind in whole and column.null_count and _is_large(frame.iloc[:, place]):
            # As floats, whole numbers beside missing ones would lose their last digits.
            frame.isetitem(place, column.to_pandas(types_mapper=whole.get))
        elif pa.types.is_struct(kind) and column.null_count:
            # What a missing struct holds is nothing, or anything: it tells no type of the others.
            frame.isetitem(place, pd.Series(column.to_pylist(), frame.index, dtype=object))
    for place, name in enumerate(table.schema.names):
        if name in categories and not isinstance(frame.dtypes.iloc[place], pd.CategoricalDtype):
            frame.isetitem(place, frame.iloc[:, place].astype("category"))
    if index := stored_index(table.schema):
        frame.attrs[_INDEX] = list(index)
    return frame


def pandas_categories(metadata: dict[bytes, bytes] | None) -> set[str]:
    """Name the columns that were categories in pandas, of numbers too, which Parquet has as such.

    Parameters
    ----------
    metadata : dict of bytes to bytes, or None
        Of an Arrow schema.

    Returns
    -------
    set of str
        Empty where pandas noted nothing.
    """
    try:
        columns = _pandas_notes(metadata)["columns"]
        return {column["name"] for column in columns if column["pandas_type"] == "categorical"}
    except (KeyError, TypeError, ValueError):
        return set()


def without_dictionaries(frame: pd.DataFrame) -> pd.DataFrame:
    """Arrow's dictionaries in a pandas frame as the categories that they are.

    Parameters
    ----------
    frame : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
    """
    arrow = [n for n, dtype in enumerate(frame.dtypes) if isinstance(dtype, pd.ArrowDtype)]
    import pyarrow as pa

    frame = frame.copy(deep=False)
    for place in arrow:
        kind = frame.dtypes.iloc[place].pyarrow_dtype
        if pa.types.is_dictionary(kind):
            values = pa.chunked_array(frame.iloc[:, place].array.__arrow_array__())
            categories = values.cast(_usual_type(kind)).to_pandas()
            frame.isetitem(place, categories.set_axis(frame.index))
    return frame


def _pandas_notes(metadata: dict[bytes, bytes] | None) -> dict[str, Any]:
    """Read what pandas noted of a table; nothing where it is no object."""
    try:
        notes = json.loads((metadata or {}).get(b"pandas", b"{}"))
    except (ValueError, RecursionError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _is_large(column: pd.Series) -> bool:
    return bool((column.abs() > MOST_WHOLE).any())


def _usual(table: pa.Table | pa.RecordBatch) -> pa.Table | pa.RecordBatch:
    """Give a table's columns the types that all of Arrow's functions know."""
    import pyarrow as pa

    odd = (pa.string_view().id, pa.dictionary(pa.int8(), pa.string()).id)
    if not any(kind.id in odd for kind in table.schema.types):
        return table
    fields = [field.with_type(_usual_type(field.type)) for field in table.schema]
    usual = pa.schema(fields, table.schema.metadata)
    return table if usual.equals(table.schema) else table.cast(usual)


def _usual_type(kind: pa.DataType) -> pa.DataType:
    """Of text views text; of categories of unsigned codes, which pyarrow 22 gives no pandas."""
    import pyarrow as pa

    if kind == pa.string_view():
        return pa.large_string()
    if pa.types.is_dictionary(kind) and pa.types.is_unsigned_integer(kind.index_type):
        return pa.dictionary(pa.int64(), kind.value_type, kind.ordered)
    return kind
