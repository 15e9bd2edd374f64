"""Read what a column holds as categories: texts, with the rows of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from driftlib.data.columns import Text, Values, as_series, count_missing, text_of
from driftlib.lazily import pd, types

# What a cell of a CSV file says where there is no value.
MISSING_TEXTS = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null",
)  # fmt: skip
# Texts of truth values, in lower case.
TRUTH = {"true": "1", "1": "1", "1.0": "1", "false": "0", "0": "0", "0.0": "0"}
# A number with decimals, and no code with leading zeros.
_DECIMALS = re.compile(r"-?(?:0|[1-9]\d*)\.\d+")


@dataclass(frozen=True)
class LevelCounts:
    """A column as categories.

    Parameters
    ----------
    levels : object array, shape (levels,)
        Distinct texts, none without a row.
    counts : int array, shape (levels,)
        Rows with each.
    missing : int
        Rows without a value.
    """

    levels: np.ndarray
    counts: np.ndarray
    missing: int


def level_text(value: Any) -> str:
    """Write a category as text, the same whether 7 came as integer, float or text.

    Parameters
    ----------
    value : object

    Returns
    -------
    str

    Examples
    --------
    >>> [level_text(value) for value in (7, 7.0, "7", 7.5, True, np.bool_(False))]
    ['7', '7', '7', '7.5', 'True', 'False']
    >>> level_text("half a pair " + chr(0xD83D)) == "half a pair " + chr(92) + "ud83d"
    True
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    try:
        text = str(value)
    except Exception:
        # Whatever an object of the user's raises: it is still a value.
        text = f"<{type(value).__name__}>"
    # Half of a surrogate pair is no text that any file could hold.
    return text.encode("utf-8", "backslashreplace").decode()


def count_levels(column: Values) -> LevelCounts:
    """Count the rows of each category, in one pass over the column.

    Parameters
    ----------
    column : Values

    Returns
    -------
    LevelCounts
        Values with the same text are one level.

    Examples
    --------
    >>> counts = count_levels(pd.Series(["b", "a", "b", None]))
    >>> dict(zip(counts.levels.tolist(), counts.counts.tolist())), counts.missing
    ({'b': 2, 'a': 1}, 1)
    """
    text = column if isinstance(column, Text) else text_of(as_series(column))
    if text is not None:
        # Of what pandas takes for it, of few rows, most is spent around the counting.
        return LevelCounts(*text.counted, count_missing(text))
    values, counts = _distinct(as_series(column))
    missing = len(column) - int(counts.sum())
    levels = np.array([level_text(value) for value in values], dtype=object)
    if len(set(levels.tolist())) < len(levels):
        merged = pd.Series(counts).groupby(levels, sort=False).sum()
        levels, counts = merged.index.to_numpy(dtype=object), merged.to_numpy(dtype=np.int64)
    return LevelCounts(levels, counts, missing)


def level_codes(column: Values) -> tuple[np.ndarray, np.ndarray]:
    """Read a column as categories, row by row.

    Parameters
    ----------
    column : Values

    Returns
    -------
    codes : int array, shape (rows,)
        Place of each row's category; -1 of a missing one.
    levels : object array
        Texts of the categories; two may be the same, and some may have no row.

    Examples
    --------
    >>> codes, levels = level_codes(pd.Series([7, None, 8.5]))
    >>> codes.tolist(), levels.tolist()
    ([0, -1, 1], ['7', '8.5'])
    """
    text = column if isinstance(column, Text) else text_of(as_series(column))
    if text is not None:
        return text.coded
    series = as_series(column)
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
    else:
        codes, values = pd.factorize(_hashable(series))
    return codes, np.array([level_text(value) for value in values], dtype=object)


def _distinct(series: pd.Series) -> tuple[pd.Index, np.ndarray]:
    """Distinct values that some row has, and how many rows have each."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = series.cat.categories
        codes = series.cat.codes.to_numpy()
        counts = np.bincount(codes[codes >= 0], minlength=len(categories))
        return categories[counts > 0], counts[counts > 0]
    found = _hashable(series).value_counts(sort=False)
    return found.index, found.to_numpy(dtype=np.int64)


def _hashable(series: pd.Series) -> pd.Series:
    if series.dtype != object:
        return level_texts(series) if _is_nested(series.dtype) else series
    nested = types.infer_dtype(series, skipna=True) not in ("string", "boolean", "integer")
    # 1 and True are equal as dictionary keys and lists are none at all: text is safe.
    return level_texts(series) if nested else series


def group_values(series: pd.Series) -> pd.Series:
    """Take a column whose values rows are grouped by: what cannot be put in order, as text.

    Parameters
    ----------
    series : pandas.Series
        No nested values.

    Returns
    -------
    pandas.Series
        The same where its values have an order.

    Examples
    --------
    >>> group_values(pd.Series([[2], [1]], dtype=object)).tolist()
    ['[2]', '[1]']
    """
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize == 2:
        return series.astype(np.float32)
    if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "O":
        series = series.astype(object)
    if series.dtype != object:
        return series
    try:
        pd.Index(pd.factorize(series, sort=True)[1].tolist())
    except (TypeError, ValueError, ArithmeticError, RuntimeError):
        return level_texts(series)
    return series


def level_texts(series: pd.Series) -> pd.Series:
    """Write each value of a column as a category's text.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    pandas.Series
        Missing values stay missing.

    Examples
    --------
    >>> level_texts(pd.Series([7, b"a"], dtype=object)).tolist()
    ['7', "b'a'"]
    """
    if series.dtype == object or _is_nested(series.dtype):
        return series.astype(object).map(level_text, na_action="ignore")
    # Values are written once each, and not once a row.
    codes, texts = level_codes(series)
    return pd.Series(np.append(texts, np.nan)[codes], series.index, dtype=object, name=series.name)


def _is_nested(dtype: Any) -> bool:
    """Whether a column holds Arrow lists, structs and the like, which cannot be counted."""
    if not isinstance(dtype, pd.ArrowDtype):
        return False
    import pyarrow as pa

    return bool(pa.types.is_nested(dtype.pyarrow_dtype))


@dataclass(frozen=True)
class KnownLevels:
    """The levels of a category, and which texts of another table are the same values.

    The same value is written in more than one way: a truth value as true, TRUE or 1, a whole
    number with gaps beside it as 3.0. What a file says for a missing value, such as NA, is
    missing unless it is a level. "007" is a code and not the number 7.

    Parameters
    ----------
    levels : tuple of str

    Examples
    --------
    >>> known = KnownLevels(("True", "False"))
    >>> known.names_of(np.array(["true", "0", "maybe", "NA"], dtype=object)).tolist()
    ['True', 'False', 'maybe', None]
    >>> KnownLevels(("7", "12")).names_of(np.array(["7.0", "007"], dtype=object)).tolist()
    ['7', '007']
    """

    levels: tuple[str, ...]

    @cached_property
    def _known(self) -> dict[str, int]:
        return {level: place for place, level in enumerate(self.levels)}

    def places(self, names: np.ndarray) -> np.ndarray:
        """Look names up among the levels.

        Parameters
        ----------
        names : object array
            Of `names_of`.

        Returns
        -------
        int array
            The place of each level; -1 of what is none.

        Examples
        --------
        >>> KnownLevels(("a", "b")).places(np.array(["b", None, "c"], dtype=object)).tolist()
        [1, -1, -1]
        """
        known = self._known
        return np.array([known.get(name, -1) for name in names.tolist()], dtype=np.intp)

    @cached_property
    def by_truth(self) -> dict[str, str]:
        """The levels by "0" and "1", where all are truth values; else empty."""
        found = {TRUTH.get(level.lower(), ""): level for level in self.levels}
        return found if "" not in found and len(found) == len(self.levels) else {}

    @cached_property
    def _numbers(self) -> bool:
        """Whether all levels are numbers as a program writes them."""
        return bool(self.levels) and all(level == _plain(level) for level in self.levels)

    def names_of(self, texts: np.ndarray) -> np.ndarray:
        """Write texts as the levels that they are.

        Parameters
        ----------
        texts : object array of str
            Distinct.

        Returns
        -------
        object array
            Texts that are no level stay; None where the text says that there is no value.
        """
        names = np.asarray(texts, dtype=object).copy()
        known = self._known
        for place, text in enumerate(names.tolist()):
            if text not in known:
                names[place] = self._name_of(text)
        return names

    def _name_of(self, text: str) -> str | None:
        """Write a text that is no level as the one it is, if any."""
        if text in MISSING_TEXTS:
            return None
        if self.by_truth:
            return self.by_truth.get(TRUTH.get(text.lower(), ""), text)
        return _plain(text) if self._numbers and _DECIMALS.fullmatch(text) else text

    def by_name(self, found: LevelCounts) -> LevelCounts:
        """Count the rows of each category by its known name.

        Parameters
        ----------
        found : LevelCounts
            By the texts of a column.

        Returns
        -------
        LevelCounts
        """
        names = self.names_of(found.levels)
        if names.tolist() == found.levels.tolist():
            return found
        rows = pd.Series(found.counts).groupby(names, sort=False).sum()
        counts = rows.to_numpy(dtype=np.int64)
        levels = rows.index.to_numpy(dtype=object)
        missing = found.missing + int(found.counts.sum()) - int(counts.sum())
        return LevelCounts(levels, counts, missing)


def _plain(text: str) -> str:
    """Write the text of a number as a program does; other texts stay."""
    try:
        return level_text(float(text))
    except (ValueError, OverflowError):
        return text
