"""Write the values of tables as a reader wants them: few digits, gaps as a dash."""

from __future__ import annotations

from typing import Any

import numpy as np

from driftlib.lazily import pd
from driftlib.written_numbers import NOT_A_NUMBER, percent

NO_BREAK = "\u00a0"


def is_missing(value: Any) -> bool:
    """Tell whether a cell holds nothing: None, NaN, NaT or NA.

    Parameters
    ----------
    value : object
        Of any type; a list is never missing.

    Returns
    -------
    bool
        True where there is nothing to show.
    """
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; a boolean is none.

    Parameters
    ----------
    value : object
        Of any type, numpy's numbers included.

    Returns
    -------
    bool
        True for whole and floating numbers, NaN included.
    """
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def write_value(value: Any, digits: int = 3) -> str:
    """Write the value of a cell.

    Parameters
    ----------
    value : object
        A number, a boolean, a time or anything that `str` takes.
    digits : int
        Digits of a float that matter; whole places are never rounded away.

    Returns
    -------
    str
        Plain text. Numbers from 10,000 on have commas: below that it may be a year. A time at
        midnight is its day.

    Examples
    --------
    >>> [write_value(value) for value in (True, 2013, 27902, 0.123456, 1234.5, 1e-9, float("nan"))]
    ['yes', '2013', '27,902', '0.123', '1234', '1e-09', '—']
    >>> write_value(0.123456, digits=4), write_value(pd.Timestamp(2013, 4, 1))
    ('0.1235', '2013-04-01')
    """
    if is_missing(value):
        return NOT_A_NUMBER
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}" if abs(int(value)) >= 10_000 else str(value)
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return NOT_A_NUMBER
        size = abs(float(value))
        if size < 10**digits:
            return f"{value:.{digits}g}"
        return f"{value:{',' if size >= 10_000 else ''}.0f}"
    if isinstance(value, pd.Timestamp) and value == value.normalize():
        return f"{value:%Y-%m-%d}"
    return str(value)


def write_share(value: float) -> str:
    """Write a share in per cent.

    Parameters
    ----------
    value : float
        Between 0 and 1, or NaN.

    Returns
    -------
    str
        Per cent; a dash where there is no share.

    Examples
    --------
    >>> write_share(0.0312), write_share(float("nan"))
    ('3.1 %', '—')
    """
    return NOT_A_NUMBER if is_missing(value) else percent(value)


def write_p_value(p: float) -> str:
    """Write a p-value, or what is left of it: below 0.001 its size says nothing more.

    Parameters
    ----------
    p : float
        Between 0 and 1, or NaN.

    Returns
    -------
    str
        Two digits that matter; a dash where nothing was tested.

    Examples
    --------
    >>> [write_p_value(p).replace(NO_BREAK, " ") for p in (0.0312, 1e-9, float("nan"))]
    ['0.031', '< 0.001', '—']
    """
    if is_missing(p):
        return NOT_A_NUMBER
    return f"<{NO_BREAK}0.001" if p < 0.001 else f"{p:.2g}"


def write_size(value: float) -> str:
    """Write a size with two digits, and without digits after the point from 10 on.

    Parameters
    ----------
    value : float
        Or NaN.

    Returns
    -------
    str

    Examples
    --------
    >>> write_size(1394.2), write_size(2.04)
    ('1,394', '2')
    """
    if is_missing(value):
        return NOT_A_NUMBER
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def write_change(value: float) -> str:
    """Write a change with its sign.

    Parameters
    ----------
    value : float
        Or NaN.

    Returns
    -------
    str
        Three digits that matter; a dash where there is no change to speak of.

    Examples
    --------
    >>> write_change(0.01234), write_change(-2), write_change(float("nan"))
    ('+0.0123', '-2', '—')
    """
    return NOT_A_NUMBER if is_missing(value) else f"{value:+.3g}"
