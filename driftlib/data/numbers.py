"""Read what a column holds as plain numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from driftlib.data.columns import Text, Values, as_series
from driftlib.data.levels import MISSING_TEXTS, TRUTH, level_text, level_texts
from driftlib.lazily import pd, types
from driftlib.stats.precision import DOUBLE, EXACT

_THOUSANDS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"
_DOUBLES = np.dtype(float)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


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


def as_numbers(column: Values) -> Numbers:
    """Read a column as plain integers or floats; infinities are left in place.

    Parameters
    ----------
    column : Values
        Of any type; texts are parsed, also with thousands separators ("1,234.50"), truth values
        are 0 and 1, times are no numbers.

    Returns
    -------
    Numbers

    Examples
    --------
    >>> numbers = as_numbers(pd.Series(["1.5", "dry", None]))
    >>> numbers.values.tolist(), numbers.unreadable, numbers.example
    ([1.5, nan, nan], 1, 'dry')
    """
    doubles = plain_doubles(column)
    if doubles is not None:
        return Numbers(doubles)
    if isinstance(column, np.ndarray) and column.dtype.kind in "iuf":
        return Numbers(column, bits=_bits(column.dtype))
    series = as_series(column)
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return Numbers(series.to_numpy(), bits=_bits(dtype))
    if types.is_bool_dtype(dtype) or (
        types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype)
    ):
        plain = getattr(dtype, "numpy_dtype", dtype)
        if isinstance(plain, np.dtype) and plain.kind in "iu" and not series.isna().any():
            return Numbers(series.to_numpy(dtype=plain), bits=_bits(plain))
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(values, bits=_bits(plain))
    no_numbers = (
        types.is_datetime64_any_dtype(dtype)
        or types.is_timedelta64_dtype(dtype)
        or types.is_complex_dtype(dtype)
    )
    if not no_numbers:
        return _parsed(series.astype(object))
    return _with_lost(series, np.full(len(series), np.nan), series.notna().to_numpy())


def plain_doubles(column: Values) -> np.ndarray | None:
    """Take a column of doubles as it lies in memory.

    Parameters
    ----------
    column : Values

    Returns
    -------
    float array or None
        None where the column is of any other type.

    Examples
    --------
    >>> plain_doubles(pd.Series([1.5])), plain_doubles(pd.Series([1]))
    (array([1.5]), None)
    """
    if isinstance(column, np.ndarray):
        return column if column.dtype == _DOUBLES else None
    if isinstance(column, Text) or not isinstance(column.dtype, np.dtype):
        return None
    return column.to_numpy() if column.dtype == _DOUBLES else None


def _with_lost(series: pd.Series, values: np.ndarray, present: np.ndarray) -> Numbers:
    """Count the values that are there but are no numbers."""
    lost = np.isnan(values) & present
    unreadable = int(lost.sum())
    example = level_text(series.iloc[int(lost.argmax())]) if unreadable else ""
    return Numbers(values, unreadable, example)


def without_gaps(column: Values) -> Values:
    """Drop missing values beside which whole numbers would become floats.

    Parameters
    ----------
    column : Values

    Returns
    -------
    Values
        The same where its type can hold no whole numbers beside missing values.

    Examples
    --------
    >>> as_numbers(without_gaps(pd.Series([10**18 + 1, None], dtype="Int64"))).values.tolist()
    [1000000000000000001]
    """
    if isinstance(column, np.ndarray):
        return column
    series = as_series(column)
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
        return series
    whole = types.is_integer_dtype(dtype) and not isinstance(dtype, np.dtype)
    return series.dropna() if whole or types.is_object_dtype(dtype) else series


def _bits(dtype: Any) -> int:
    if not isinstance(dtype, np.dtype) or dtype.kind not in "biuf":
        return DOUBLE
    return min(np.finfo(dtype).nmant + 1, DOUBLE) if dtype.kind == "f" else EXACT


def _parsed(series: pd.Series) -> Numbers:
    """Numbers of a column of objects; NaN where there is none."""
    exact = _plain_numbers(series)
    present = series.notna().to_numpy(copy=True)
    rest = np.flatnonzero(present & np.isnan(exact))
    if len(rest):
        codes, distinct = pd.factorize(level_texts(series.iloc[rest]))
        texts = pd.Series(distinct, dtype=object).str.strip()
        exact[rest] = _numbers_of(texts)[codes]
        present[rest] = ~texts.isin(MISSING_TEXTS).to_numpy()[codes]
    return replace(_with_lost(series, exact, present), bits=_bits(exact.dtype))


def _numbers_of(texts: pd.Series) -> np.ndarray:
    """Numbers of texts that are written otherwise than a program would; NaN where there is none."""
    plain = texts.where(texts.str.fullmatch(_THOUSANDS), other=None).str.replace(",", "")
    truth = texts.str.lower().where(texts.str.lower().isin(["true", "false"]), other=None)
    numbers, truths = (
        found.to_numpy(dtype=np.float64, na_value=np.nan) for found in (plain, truth.map(TRUTH))
    )
    return np.where(np.isnan(numbers), truths, numbers)


def written_numbers(series: pd.Series) -> str:
    """Tell whether a column of text holds numbers only, and how they are written.

    Parameters
    ----------
    series : pandas.Series

    Returns
    -------
    {"", "plain", "thousands"}
        Empty if it is no text, or some text is no number; "thousands" if some have separators.

    Examples
    --------
    >>> [written_numbers(pd.Series(texts)) for texts in (["1,234.50", "12"], ["12"], ["1,5", "12"])]
    ['thousands', 'plain', '']
    """
    if not isinstance(series.dtype, pd.StringDtype) and series.dtype != object:
        return ""
    present = series.dropna()
    # The first rows tell of nearly every column that it holds other texts.
    return _written(present.iloc[:100].tolist()) and _written(present.unique().tolist())


def _written(values: Iterable[Any]) -> str:
    """Tell how numbers are written: "plain", "thousands", or "" where a value is no number."""
    how = "plain"
    for value in values:
        # Beside text, numbers are those of another file.
        if type(value) not in (str, int, float):
            return ""
        text = level_text(value)
        if text not in MISSING_TEXTS:
            if re.fullmatch(_THOUSANDS, text):
                how = "thousands"
            elif not re.fullmatch(_NUMBER, text):
                return ""
    return how


def _plain_numbers(series: pd.Series) -> np.ndarray:
    """Read numbers, and texts as a program writes them; NaN where there is none."""
    values = series.to_numpy()
    try:
        found = pd.to_numeric(series, errors="coerce")
        if isinstance(found.dtype, np.dtype) and found.dtype.kind in "iu":
            return found.to_numpy()
        if not types.is_complex_dtype(found.dtype):
            read = ~np.isnan(found.to_numpy(dtype=np.float64, na_value=np.nan))
            exact = np.full(len(series), np.nan)
            # pandas finds what is a number, and reads its text to all digits but the last;
            # comparisons with the grid need that one too.
            exact[read] = values[read].astype(np.float64)
            return exact
    except (TypeError, ValueError, ArithmeticError, RuntimeError):
        # One value that no array of numbers takes: each by itself.
        pass
    return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Any) -> float:
    """Read a single value: infinite if too large for a float, NaN if it is no number."""
    if not isinstance(value, Real | Decimal | str):
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf  # type: ignore[operator]
    except (TypeError, ValueError, ArithmeticError):
        return np.nan
