"""Column kinds, and the one gate that turns whatever the user passed into clean columns.

Everything behind the gate trusts its result: frames are pandas frames with unique
text column names, numeric columns are plain arrays, categories are counts by text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from driftlib.errors import DataError, ParameterError
from driftlib.text import quoted, unknown_name

NUMERIC, CATEGORICAL = "numeric", "categorical"
DATETIME, IDENTIFIER, EMPTY, UNSUPPORTED = "datetime", "identifier", "empty", "unsupported"
COMPARABLE = (NUMERIC, CATEGORICAL)

IDENTIFIER_SHARE = 0.9
IDENTIFIER_ROWS = 10


@dataclass(frozen=True)
class ColumnRoles:
    """Which columns are labels, predictions and time: those are never features.

    Parameters
    ----------
    y_true, y_pred, y_proba : str
        Names of the label, the prediction and the probability; `<y_proba>_<class>` holds
        the probability of one class where there are more than two.
    timestamp : str, optional
        Name of the column that says when a row was seen.

    Examples
    --------
    >>> roles = ColumnRoles(timestamp="day")
    >>> [roles.of(name) for name in ("temp", "y_true", "y_proba_cat", "day")]
    ['feature', 'target', 'prediction', 'timestamp']
    """

    y_true: str = "y_true"
    y_pred: str = "y_pred"
    y_proba: str = "y_proba"
    timestamp: str | None = None

    def of(self, name: str) -> str:
        """Role of a column: "feature", "prediction", "target" or "timestamp"."""
        if name == self.y_true:
            return "target"
        if name in self.proba_columns([name]) or name == self.y_pred:
            return "prediction"
        return "timestamp" if name == self.timestamp else "feature"

    def proba_columns(self, columns: Iterable[str]) -> list[str]:
        """Those of `columns` that hold probabilities, in their order."""
        prefix = f"{self.y_proba}_"
        return [name for name in columns if name == self.y_proba or name.startswith(prefix)]


def as_frame(data: Any, role: str = "data") -> pd.DataFrame:
    """Pandas frame with unique text names from a pandas, polars or pyarrow table.

    Parameters
    ----------
    data : pandas.DataFrame, polars.DataFrame or LazyFrame, pyarrow.Table or RecordBatch
        Never changed, and not copied where that can be avoided.
    role : str
        What to call it in an error: "reference", "current", a file's name.

    Raises
    ------
    DataError
        If it is no table, has no rows or columns, or repeats a column name.

    Examples
    --------
    >>> as_frame(pd.DataFrame({0: [1.5, 2.5]})).columns.tolist()
    ['0']
    """
    frame = _to_pandas(data, role)
    names = [str(name) for name in frame.columns]
    repeated = (
        sorted({name for name in names if names.count(name) > 1})
        if (len(set(names)) < len(names))
        else []
    )
    if repeated:
        raise DataError(
            f"{role} has more than one column named {quoted(repeated)}: rename or drop all but one."
        )
    if not names:
        raise DataError(f"{role} has no columns: pass a table with one column a feature.")
    if not len(frame):
        raise DataError(f"{role} has columns but no rows: pass at least one row.")
    if names != list(frame.columns):
        frame = frame.set_axis(names, axis="columns")
    return frame


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
    raise DataError(
        f"{role} is a {type(data).__name__}, not a table: pass a pandas or polars frame, "
        "a pyarrow table, or the path of a Parquet or CSV file."
    )


def arrow_to_pandas(table: Any) -> pd.DataFrame:
    """Pandas frame from a pyarrow table, text kept in Arrow memory, gaps kept as gaps."""
    import pyarrow as pa

    text = pd.StringDtype("pyarrow")
    mapping = {pa.string(): text, pa.large_string(): text, pa.bool_(): pd.BooleanDtype()}
    return table.to_pandas(types_mapper=mapping.get, ignore_metadata=True)


def column_kind(series: pd.Series, categorical: bool = False) -> tuple[str, str]:
    """Kind of a column, and what a reader should know of that choice.

    Every integer or float column is numeric; booleans, text and pandas categories are
    categorical; text whose values are almost all distinct is an identifier.

    Parameters
    ----------
    series : pandas.Series
        One column of the reference.
    categorical : bool
        Whether the user declared it categorical.

    Returns
    -------
    kind, note : str
        Kind is one of "numeric", "categorical", "datetime", "identifier", "empty",
        "unsupported"; note is empty where there is nothing to say.

    Examples
    --------
    >>> column_kind(pd.Series([0, 1, 1]))
    ('numeric', '')
    >>> column_kind(pd.Series([0, 1, 1]), categorical=True)
    ('categorical', '')
    >>> column_kind(pd.Series([[1], [2]]))
    ('unsupported', 'not compared: holds lists or other nested values')
    """
    kind, note = declared_kind(series, categorical)
    if kind == CATEGORICAL and not (categorical or isinstance(series.dtype, pd.CategoricalDtype)):
        identifier = identifier_note(series.nunique(), int(series.notna().sum()))
        return (IDENTIFIER, identifier) if identifier else (kind, note)
    return kind, note


def declared_kind(series: pd.Series, categorical: bool = False) -> tuple[str, str]:
    """`column_kind` before values are counted: an identifier is still categorical."""
    # Most columns show a value at once.
    if not (series.iloc[:100].notna().any() or series.notna().any()):
        return EMPTY, "not compared: every value is missing in the reference"
    kind, note = kind_of_type(series)
    return (CATEGORICAL if categorical and kind in COMPARABLE else kind), note


def identifier_note(distinct: int, present: int, about: str = "") -> str:
    """What to say of text whose values are almost all distinct; empty for any other.

    Examples
    --------
    >>> identifier_note(50, 100)
    ''
    """
    if present < IDENTIFIER_ROWS or distinct <= IDENTIFIER_SHARE * present:
        return ""
    return (
        f"not compared: an identifier ({about}{distinct:,} distinct values in {present:,} rows); "
        "name it in categorical= to compare it all the same"
    )


def kind_of_type(series: pd.Series) -> tuple[str, str]:
    """Kind of a column by the type of its values alone, and a note; see `column_kind`."""
    dtype = series.dtype
    if types.is_bool_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
        return CATEGORICAL, ""
    if types.is_complex_dtype(dtype):
        return UNSUPPORTED, "not compared: complex numbers"
    if types.is_numeric_dtype(dtype):
        return NUMERIC, ""
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return DATETIME, "not compared: dates and times are not features"
    inferred = types.infer_dtype(series, skipna=True)
    if inferred in ("string", "boolean", "categorical"):
        return CATEGORICAL, ""
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
        return NUMERIC, ""
    if inferred in ("datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period"):
        return DATETIME, "not compared: dates and times are not features"
    if inferred in ("mixed", "mixed-integer"):
        kinds = sorted({type(value).__name__ for value in series.dropna()})
        if set(kinds) <= {"int", "float", "Decimal"}:
            return NUMERIC, ""
        if set(kinds) <= {"str", "int", "float", "bool", "Decimal"}:
            return CATEGORICAL, f"mixed types ({', '.join(kinds)}), compared as text"
        return UNSUPPORTED, "not compared: holds lists or other nested values"
    return UNSUPPORTED, f"not compared: values of type {inferred} are not supported"


@dataclass(frozen=True)
class Numbers:
    """A column as numbers: NaN where a value is missing or cannot be read as a number."""

    values: np.ndarray
    unreadable: int = 0
    example: str = ""


def as_numbers(series: pd.Series) -> Numbers:
    """Column as a plain integer or float array; infinities are left in place.

    Examples
    --------
    >>> as_numbers(pd.Series(["1.5", "n/a", None])).values.tolist()
    [1.5, nan, nan]
    >>> as_numbers(pd.Series(["1.5", "n/a", None])).example
    'n/a'
    """
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return Numbers(series.to_numpy())
    if types.is_bool_dtype(dtype) or (
        types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    ):
        return Numbers(series.to_numpy(dtype=np.float64, na_value=np.nan))
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        values = np.full(len(series), np.nan)
    else:
        values = _parsed(series.astype(object))
    lost = np.isnan(values) & series.notna().to_numpy()
    unreadable = int(lost.sum())
    example = str(series.iloc[int(lost.argmax())]) if unreadable else ""
    return Numbers(values, unreadable, example)


def _parsed(series: pd.Series) -> np.ndarray:
    """Numbers of a column of objects; NaN where there is none."""
    values = pd.to_numeric(series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    read = ~np.isnan(values)
    exact = np.full(len(series), np.nan)
    # pandas finds what is a number, and reads its text to all digits but the last; comparisons
    # with the grid need that one too.
    exact[read] = series.to_numpy()[read].astype(np.float64)
    return exact


@dataclass(frozen=True)
class LevelCounts:
    """A column as categories: distinct texts and how many rows have each."""

    levels: np.ndarray
    counts: np.ndarray
    missing: int


def level_text(value: Any) -> str:
    """Text of a category, the same whether 7 came as integer, float or text.

    Examples
    --------
    >>> [level_text(value) for value in (7, 7.0, "7", 7.5, True, np.bool_(False))]
    ['7', '7', '7', '7.5', 'True', 'False']
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def count_levels(series: pd.Series) -> LevelCounts:
    """Rows per category, one pass over the column.

    Examples
    --------
    >>> counts = count_levels(pd.Series(["b", "a", "b", None]))
    >>> dict(zip(counts.levels.tolist(), counts.counts.tolist())), counts.missing
    ({'b': 2, 'a': 1}, 1)
    """
    if isinstance(series.dtype, pd.CategoricalDtype):
        size = len(series.cat.categories) + 1
        tally = np.bincount(series.cat.codes.to_numpy() + 1, minlength=size)
        values, counts, missing = series.cat.categories, tally[1:], int(tally[0])
        seen = counts > 0
        values, counts = values[seen], counts[seen]
    else:
        tally = _hashable(series).value_counts(sort=False)
        values, counts = tally.index, tally.to_numpy(dtype=np.int64)
        missing = len(series) - int(counts.sum())
    if isinstance(series.dtype, pd.StringDtype):
        return LevelCounts(values.to_numpy(dtype=object), counts, missing)
    levels = np.array([level_text(value) for value in values], dtype=object)
    if len(set(levels.tolist())) < len(levels):
        merged = pd.Series(counts).groupby(levels, sort=False).sum()
        levels, counts = merged.index.to_numpy(dtype=object), merged.to_numpy()
    return LevelCounts(levels, np.asarray(counts, dtype=np.int64), missing)


def _hashable(series: pd.Series) -> pd.Series:
    if series.dtype != object:
        return series
    nested = types.infer_dtype(series, skipna=True) not in ("string", "boolean", "integer")
    # 1 and True are equal as dictionary keys and lists are none at all: text is safe.
    return series.map(level_text, na_action="ignore") if nested else series


def select_features(
    columns: Iterable[str],
    roles: ColumnRoles,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    where: str = "the reference",
) -> list[str]:
    """Feature columns, in the table's order; every name the user gave must exist.

    Raises
    ------
    ParameterError
        If a name in `features` or `categorical` is no column, or is a label, a
        prediction or the timestamp.
    """
    columns = list(columns)
    possible = [name for name in columns if roles.of(name) == "feature"]
    wanted = possible if features is None else _names("features", features)
    known, chosen = set(columns), set(wanted)
    for argument, names in (
        ("features", wanted),
        ("categorical", _names("categorical", categorical)),
    ):
        for name in names:
            if name not in known:
                raise ParameterError(unknown_name("column", name, columns, where))
            if argument == "features" and roles.of(name) != "feature":
                raise ParameterError(
                    f"features= names {name!r}, which is the {roles.of(name)} and so no feature: "
                    "leave it out."
                )
    return [name for name in possible if name in chosen]


def _names(argument: str, names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise ParameterError(
            f"{argument}={names!r} is one piece of text: pass a list of names, such as [{names!r}]."
        )
    return [str(name) for name in names]
