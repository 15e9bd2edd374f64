"""Keep the names of rare levels out of whatever is written: they may name a person or a shop."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

RARE = "(rare)"


def mask_rare(
    frames: Sequence[pd.DataFrame],
    least: int,
    kept: Collection[str] = (),
    known: Mapping[str, Mapping[str, int]] | None = None,
) -> list[pd.DataFrame]:
    """Replace the levels of text columns that too few rows have by "(rare)".

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        Both periods: a level that enough rows of one have is shown in the other, too.
    least : int
        Rows that a level must have in some frame to be named; below 2 nothing is masked.
    kept : collection of str
        Columns that are left as they are: labels, predictions, times.
    known : mapping of str to mapping of str to int, optional
        Rows of each level in a saved baseline, by column: counts as one more frame.

    Returns
    -------
    list of pandas.DataFrame
        New frames; those that were passed are not changed.

    Examples
    --------
    >>> shops = pd.DataFrame({"shop": ["A", "A", "A", "B"]})
    >>> mask_rare([shops], 2)[0]["shop"].tolist()
    ['A', 'A', 'A', '(rare)']
    """
    if least < 2:
        return list(frames)
    masked = [frame.copy(deep=False) for frame in frames]
    names = dict.fromkeys(str(name) for frame in frames for name in frame.columns)
    for name in names:
        sides = [frame for frame in masked if name in frame.columns]
        if name in kept or not any(_is_text(side[name]) for side in sides):
            continue
        named = {level for level, rows in ((known or {}).get(name) or {}).items() if rows >= least}
        for side in sides:
            rows = side[name].map(_text).value_counts()
            named |= set(rows.index[rows >= least])
        for side in sides:
            texts = side[name].map(_text)
            rare = side[name].notna() & ~texts.isin(named)
            if rare.any():
                side[name] = side[name].astype(object).mask(rare, RARE)
    return masked


def _is_text(column: pd.Series) -> bool:
    """Tell whether a column holds text or categories, no truth values or numbers."""
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    if pd.api.types.is_object_dtype(kind):
        return any(isinstance(value, str) for value in column)
    return pd.api.types.is_string_dtype(kind)


def _text(value: object) -> object:
    """Write a level as text; what is nested has none that is shown."""
    if isinstance(value, list | dict | set | np.ndarray):
        return str(value)
    # What is missing is not equal to itself, or is none of the two that have no answer to that.
    missing = value is None or value is pd.NA or bool(value != value)
    return np.nan if missing else str(value)
