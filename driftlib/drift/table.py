"""Hold the table of a comparison column by column: a pandas frame is made when one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from driftlib.lazily import pd

# Of a table, by name, `feature` among them: lists or arrays, a value a row.
TableColumns: TypeAlias = Mapping[str, Any]


def as_table(columns: TableColumns) -> pd.DataFrame:
    """Make a frame of a table's columns.

    Parameters
    ----------
    columns : mapping of str to array
        `feature` among them.

    Returns
    -------
    pandas.DataFrame
        Indexed by feature.

    Examples
    --------
    >>> as_table({"feature": ["x", "y"], "psi": [0.1, 0.2]})["psi"].to_dict()
    {'x': 0.1, 'y': 0.2}
    """
    index = pd.Index(list(columns["feature"]), name="feature")
    values = {name: values for name, values in columns.items() if name != "feature"}
    return pd.DataFrame(values, index=index)


def stack_columns(tables: Sequence[TableColumns]) -> TableColumns:
    """Put tables of the same columns under one another.

    Parameters
    ----------
    tables : sequence of mapping of str to array
        At least one.

    Returns
    -------
    mapping of str to array

    Examples
    --------
    >>> stacked = stack_columns([{"feature": ["x"], "psi": np.array([k / 10])} for k in (1, 2)])
    >>> stacked["feature"], stacked["psi"].tolist()
    (['x', 'x'], [0.1, 0.2])
    """
    return {
        name: np.concatenate([table[name] for table in tables])
        if isinstance(values, np.ndarray)
        else [value for table in tables for value in table[name]]
        for name, values in tables[0].items()
    }


def columns_of(table: pd.DataFrame) -> TableColumns:
    """Take a frame apart into what `as_table` makes it of.

    Parameters
    ----------
    table : pandas.DataFrame
        With a column `feature`.

    Returns
    -------
    mapping of str to array

    Examples
    --------
    >>> columns_of(pd.DataFrame({"feature": ["x"], "psi": [0.1]}))["psi"].tolist()
    [0.1]
    """
    return {str(name): _values(table[name]) for name in table.columns}


def _values(column: pd.Series) -> Any:
    # Times are values of their own in a pandas array, and may be numbers in another.
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind not in "mM"
    return column.to_numpy() if plain else column.array


class TableRow(Mapping[str, Any]):
    """A row of a table's columns, whose values are looked up when they are asked for.

    Parameters
    ----------
    columns : mapping of str to array
    place : int
        Number of the row.

    Examples
    --------
    >>> row = TableRow({"feature": ["x", "y"], "psi": np.array([0.1, 0.2])}, 1)
    >>> row["feature"], row["psi"]
    ('y', 0.2)
    """

    def __init__(self, columns: TableColumns, place: int) -> None:
        self._columns, self._place = columns, place

    def __getitem__(self, name: str) -> Any:
        value = self._columns[name][self._place]
        return value.item() if isinstance(value, np.generic) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def table_rows(columns: TableColumns) -> list[dict[str, Any]]:
    """Read a table row by row.

    Parameters
    ----------
    columns : mapping of str to array

    Returns
    -------
    list of dict
        By column; numbers and truth values are Python's own.

    Examples
    --------
    >>> table_rows({"feature": ["x"], "psi": [0.1]})
    [{'feature': 'x', 'psi': 0.1}]
    """
    values = [one.tolist() if hasattr(one, "tolist") else one for one in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True)]
