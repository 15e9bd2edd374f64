"""Tell what columns are: their kinds by the values they hold, their roles by their names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from driftlib.errors import ParameterError
from driftlib.lazily import pd, types
from driftlib.text import unknown_name

NUMERIC, CATEGORICAL = "numeric", "categorical"
DATETIME, IDENTIFIER, EMPTY, UNSUPPORTED = "datetime", "identifier", "empty", "unsupported"
COMPARABLE = (NUMERIC, CATEGORICAL)

IDENTIFIER_SHARE = 0.9
IDENTIFIER_ROWS = 10

# Names that pandas gives to an index: in Parquet, and in a CSV file that has none for it.
_INDEX_NAME = re.compile(r"__index_level_\d+__|Unnamed: \d+(?:\.\d+)?(?:_level_\d+)?|\s*")

_TIMES = ("datetime", "datetime64", "date", "time", "timedelta", "timedelta64", "period")


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
    time_format : str, optional
        How that column is written, where it holds neither times nor text such as 2013-03-31: see
        `driftlib.data.times.as_times`.
    unit : str, optional
        What rows were drawn in, where the user says so: a column of that name is no feature.
    season : tuple of str
        What like is compared with like by, where the user says so; such columns are no features.

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
    time_format: str | None = None
    unit: str | None = None
    season: tuple[str, ...] = ()

    @property
    def keywords(self) -> dict[str, Any]:
        """The names as arguments of public functions, which take the last two in a wider sense."""
        return {name: v for name, v in vars(self).items() if name not in ("unit", "season")}

    def of(self, name: str, columns: Collection[str] = ()) -> str:
        """Tell the role of a column.

        Parameters
        ----------
        name : str
        columns : collection of str
            Names of the table's columns: where `y_proba` is one of them, it holds all
            probabilities, and longer names are features.

        Returns
        -------
        {"feature", "prediction", "target", "timestamp", "unit", "season"}
        """
        if name == self.y_true:
            return "target"
        if name in (self.y_proba, self.y_pred):
            return "prediction"
        if self.y_proba not in columns and self.proba_columns([name]):
            return "prediction"
        if name == self.timestamp:
            return "timestamp"
        if name == self.unit:
            return "unit"
        return "season" if name in self.season else "feature"

    def proba_columns(self, columns: Iterable[str]) -> list[str]:
        """Pick the columns that hold probabilities, by their names.

        Where `y_proba` itself is a column, it is the only one.

        Parameters
        ----------
        columns : iterable of str
            Names of a table's columns.

        Returns
        -------
        list of str
            In the order of `columns`.

        Examples
        --------
        >>> ColumnRoles().proba_columns(["y_proba_cat", "x", "y_proba_dog", "y_probable"])
        ['y_proba_cat', 'y_proba_dog']
        """
        columns, prefix = list(columns), f"{self.y_proba}_"
        if self.y_proba in columns:
            return [self.y_proba]
        return [name for name in columns if name.startswith(prefix)]


@lru_cache(10_000)
def is_index(name: str) -> bool:
    """Tell whether a column is a stored index, by the name that pandas gives it.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_index(name) for name in ("__index_level_0__", "Unnamed: 0", "", "index_level")]
    [True, True, True, False]
    """
    return _INDEX_NAME.fullmatch(name) is not None


def column_kind(series: pd.Series, categorical: bool = False) -> tuple[str, str]:
    """Tell the kind of a column, and what a reader should know of that choice.

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
    kind : {"numeric", "categorical", "datetime", "identifier", "empty", "unsupported"}
    note : str
        Empty where there is nothing to say.

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
    """Tell the kind of a column before its values are counted.

    Parameters
    ----------
    series : pandas.Series
    categorical : bool
        Whether the user declared it categorical.

    Returns
    -------
    kind : str
    note : str
        Both as of `column_kind`, except that an identifier is still categorical.

    Examples
    --------
    >>> declared_kind(pd.Series([None, None]))
    ('empty', 'not compared: every value is missing in the reference')
    """
    # Most columns show a value at once.
    if not (series.iloc[:100].notna().any() or series.notna().any()):
        return EMPTY, "not compared: every value is missing in the reference"
    kind, note = _kind_of_type(series)
    return (CATEGORICAL if categorical and kind in COMPARABLE else kind), note


def identifier_note(distinct: int, present: int, about: str = "") -> str:
    """Word that text whose values are almost all distinct is not compared.

    Parameters
    ----------
    distinct : int
        Different values.
    present : int
        Rows with a value; under 10 say nothing.
    about : str
        "about " where `distinct` is an estimate.

    Returns
    -------
    str
        Empty where at most 90 % of the values are distinct.

    Examples
    --------
    >>> identifier_note(50, 100)
    ''
    >>> identifier_note(1_000, 1_000).partition(";")[0]
    'not compared: an identifier (1,000 distinct values in 1,000 rows)'
    """
    if present < IDENTIFIER_ROWS or distinct <= IDENTIFIER_SHARE * present:
        return ""
    return (
        f"not compared: an identifier ({about}{distinct:,} distinct values in {present:,} rows); "
        "name it in categorical= to compare it all the same"
    )


def _kind_of_type(series: pd.Series) -> tuple[str, str]:
    """Tell the kind of a column by the types of its values alone.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    kind : str
    note : str
        Both as of `column_kind`, but never "identifier" or "empty".

    Examples
    --------
    >>> _kind_of_type(pd.Series(["a", 1], dtype=object))
    ('categorical', 'mixed types (int, str), compared as text')
    """
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
    if inferred in _TIMES:
        return DATETIME, "not compared: dates and times are not features"
    if inferred in ("mixed", "mixed-integer"):
        return _kind_of_mixed(series)
    return UNSUPPORTED, f"not compared: values of type {inferred} are not supported"


def _kind_of_mixed(series: pd.Series) -> tuple[str, str]:
    kinds = sorted({type(value).__name__ for value in series.dropna()})
    if set(kinds) <= {"int", "float", "Decimal"}:
        return NUMERIC, ""
    if set(kinds) <= {"str", "int", "float", "bool", "Decimal"}:
        return CATEGORICAL, f"mixed types ({', '.join(kinds)}), compared as text"
    return UNSUPPORTED, "not compared: holds lists or other nested values"


def select_features(
    columns: Iterable[str],
    roles: ColumnRoles,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    where: str = "the reference",
    exclude: Iterable[str] = (),
    index: Collection[str] = (),
) -> list[str]:
    """Choose the feature columns; every name the user gave must exist.

    A stored index is no feature unless it is named.

    Parameters
    ----------
    columns : iterable of str
        Names of the table's columns.
    roles : ColumnRoles
        Which of them are labels, predictions and time.
    features : iterable of str, optional
        The user's choice; default all columns without another role.
    categorical : iterable of str
        Columns the user declared categorical: checked only.
    where : str
        What to call the table in an error.
    exclude : iterable of str
        Columns that are not to be compared.
    index : collection of str
        Columns that are a stored index, whatever their names.

    Returns
    -------
    list of str
        In the table's order.

    Raises
    ------
    ParameterError
        If a name in `features`, `categorical` or `exclude` is no column, a name in `features`
        is a label, a prediction or the timestamp, or is excluded as well.

    Examples
    --------
    >>> select_features(["y_true", "b", "a"], ColumnRoles())
    ['b', 'a']
    """
    columns = list(columns)
    left_out = set(_names("exclude", exclude))
    possible = [name for name in columns if roles.of(name, columns) == "feature"]
    unusual = left_out.union(index)
    usual = [name for name in possible if not is_index(name) and name not in unusual]
    wanted = usual if features is None else _names("features", features)
    known, chosen = set(columns), set(wanted)
    for argument, names in (
        ("features", wanted),
        ("categorical", _names("categorical", categorical)),
        ("exclude", sorted(left_out)),
    ):
        for name in names:
            if name not in known:
                raise ParameterError(unknown_name("column", name, columns, where))
            if argument == "features" and name in left_out:
                raise ParameterError(
                    f"{name!r} is named in features= and in exclude=: name it in one of them."
                )
            role = roles.of(name, columns)
            if argument == "features" and role != "feature":
                raise ParameterError(
                    f"features= names {name!r}, which is the {role} and so no feature: "
                    "leave it out."
                )
    return [name for name in possible if name in chosen]


def _names(argument: str, names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise ParameterError(
            f"{argument}={names!r} is one piece of text: pass a list of names, such as [{names!r}]."
        )
    return [str(name) for name in names]
