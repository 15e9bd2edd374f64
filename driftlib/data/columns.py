"""Read what a column holds: plain numbers, or categories as texts with their counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api import types

from driftlib.stats.precision import DOUBLE, EXACT


@dataclass(frozen=True)
class Numbers:
    """A column as numbers.

    Parameters
    ----------
    values : int or float array, shape (rows,)
        NaN where a value is missing or cannot be read as a number.
    unreadable : int
        Values that are there but are no numbers.
    example : str
        The first of those.
    bits : int
        Significant bits of the column's type; 64 for whole numbers.
    """

    values: np.ndarray
    unreadable: int = 0
    example: str = ""
    bits: int = DOUBLE


def as_numbers(series: pd.Series) -> Numbers:
    """Read a column as plain integers or floats; infinities are left in place.

    Parameters
    ----------
    series : pandas.Series
        Of any type; texts are parsed, booleans are 0 and 1, times are no numbers.

    Returns
    -------
    Numbers

    Examples
    --------
    >>> numbers = as_numbers(pd.Series(["1.5", "n/a", None]))
    >>> numbers.values.tolist(), numbers.unreadable, numbers.example
    ([1.5, nan, nan], 1, 'n/a')
    """
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return Numbers(series.to_numpy(), bits=_bits(dtype))
    if types.is_bool_dtype(dtype) or (
        types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    ):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(values, bits=_bits(getattr(dtype, "numpy_dtype", dtype)))
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        values = np.full(len(series), np.nan)
    else:
        values = _parsed(series.astype(object))
    lost = np.isnan(values) & series.notna().to_numpy()
    unreadable = int(lost.sum())
    example = str(series.iloc[int(lost.argmax())]) if unreadable else ""
    return Numbers(values, unreadable, example)


def _bits(dtype: Any) -> int:
    if not isinstance(dtype, np.dtype) or dtype.kind not in "biuf":
        return DOUBLE
    return min(np.finfo(dtype).nmant + 1, DOUBLE) if dtype.kind == "f" else EXACT


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
    """
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def count_levels(series: pd.Series) -> LevelCounts:
    """Count the rows of each category, in one pass over the column.

    Parameters
    ----------
    series : pandas.Series

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
    values, counts = _distinct(series)
    missing = len(series) - int(counts.sum())
    if isinstance(series.dtype, pd.StringDtype):
        return LevelCounts(values.to_numpy(dtype=object), counts, missing)
    levels = np.array([level_text(value) for value in values], dtype=object)
    if len(set(levels.tolist())) < len(levels):
        merged = pd.Series(counts).groupby(levels, sort=False).sum()
        levels, counts = merged.index.to_numpy(dtype=object), merged.to_numpy(dtype=np.int64)
    return LevelCounts(levels, counts, missing)


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
        return series
    nested = types.infer_dtype(series, skipna=True) not in ("string", "boolean", "integer")
    # 1 and True are equal as dictionary keys and lists are none at all: text is safe.
    return series.map(level_text, na_action="ignore") if nested else series
