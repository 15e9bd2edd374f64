"""Tell columns that only count up: row numbers, ids and times tell nothing but when a row came."""

from __future__ import annotations

import numpy as np

from driftlib.data.schema import IDENTIFIER_ROWS, IDENTIFIER_SHARE

# A counter's tenths of rows span about as many numbers each; those of a sorted measurement do not.
MOST_UNEVEN = 5.0
# A counter goes on no further away than so many times the span it had.
MOST_BETWEEN = 10.0
# Seconds since 1970 of 1990 and 2100, and how many of each unit are in a second.
_EPOCH, _EPOCH_UNITS = (631_152_000, 4_102_444_800), (1, 1_000, 1_000_000, 1_000_000_000)


def is_counter(values: np.ndarray) -> bool:
    """Tell whether a column only counts up, as a row number, an id or an epoch does.

    Parameters
    ----------
    values : array
        Its values in the order of the rows, without those that are missing.

    Returns
    -------
    bool
        True for whole numbers each greater than the one before, if there are at least 10, that
        are times since 1970 or grow about as fast in every tenth of the rows: a measurement
        that a table happens to be sorted by is dense in the middle and thin at its ends.

    Examples
    --------
    >>> is_counter(np.arange(891) + 1), is_counter(np.array([3, 1, 2] * 5))
    (True, False)
    """
    return len(values) >= IDENTIFIER_ROWS and is_rising(values) and grows_evenly(values)


def is_rising(values: np.ndarray) -> bool:
    """Tell whether numbers are whole, and each is greater than the one before.

    Parameters
    ----------
    values : array
        Finite numbers.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_rising(np.array([1, 2, 4])), is_rising(np.array([1.5, 2.0])), is_rising(np.array([2, 2]))
    (True, False, False)
    """
    # Most columns show at once that they are no counters.
    for part in (values[:IDENTIFIER_ROWS], values):
        if not (part[1:] > part[:-1]).all():
            return False
    return values.dtype.kind in "iu" or bool((values == np.floor(values)).all())


def grows_evenly(values: np.ndarray) -> bool:
    """Tell whether rising numbers are times since 1970, or grow about as fast everywhere.

    Parameters
    ----------
    values : array
        Rising numbers, at least 10; they may be a sample.

    Returns
    -------
    bool

    Examples
    --------
    >>> grows_evenly(np.arange(100)), grows_evenly(np.arange(100) ** 3)
    (True, False)
    """
    low, high = float(values[0]), float(values[-1])
    if any(_EPOCH[0] <= low / unit and high / unit <= _EPOCH[1] for unit in _EPOCH_UNITS):
        return True
    places = np.linspace(0, len(values) - 1, min(11, len(values) // 3)).round().astype(int)
    spans = np.diff(values[places].astype(float)) / np.diff(places)
    return bool(spans.max() <= MOST_UNEVEN * spans.min())


def could_count(values: np.ndarray) -> bool:
    """Tell whether a column could be a counter, of rows that have no order.

    Parameters
    ----------
    values : array
        Finite values of some of the rows, in any order.

    Returns
    -------
    bool
        True for whole numbers that are nearly all distinct, and as dense everywhere or times
        since 1970. A counter it is where a later batch goes on where these end.

    Examples
    --------
    >>> could_count(np.array([3, 1, 2, 7, 5, 6, 4, 9, 8, 10])), could_count(np.arange(99) % 7)
    (True, False)
    """
    distinct = np.unique(values)
    whole = values.dtype.kind in "iu" or bool((distinct == np.floor(distinct)).all())
    many = len(distinct) >= max(IDENTIFIER_ROWS, IDENTIFIER_SHARE * len(values))
    return many and whole and grows_evenly(distinct)


def goes_on(before: tuple[float, float], after: tuple[float, float]) -> bool:
    """Tell whether numbers go on where others end.

    Parameters
    ----------
    before, after : (float, float)
        The least and the greatest of each.

    Returns
    -------
    bool
        False where so much lies between them that something else must have happened.

    Examples
    --------
    >>> goes_on((1, 900), (901, 950)), goes_on((1, 900), (850, 950)), goes_on((1, 9), (1e6, 2e6))
    (True, False, False)
    """
    return 0 < after[0] - before[1] <= MOST_BETWEEN * (before[1] - before[0])


def going_on_note(before: tuple[float, float], after: tuple[float, float]) -> str:
    """Word that a column which goes on where the reference ends is not compared.

    Parameters
    ----------
    before, after : (float, float)
        As for `goes_on`.

    Returns
    -------
    str
    """
    spans = ", then ".join(f"from {int(low)} to {int(high)}" for low, high in (before, after))
    return (
        f"not compared: goes on where the reference ends ({spans}), as a row number, an id or a "
        "time does; name it in features= to compare it all the same"
    )


def counter_note(low: float, high: float) -> str:
    """Word that a counter is not compared.

    Parameters
    ----------
    low, high : float
        Its first and last value.

    Returns
    -------
    str

    Examples
    --------
    >>> counter_note(1, 891)
    'not compared: only counts up (from 1 to 891), as a row number, an id or a time does; name it
    in features= to compare it all the same'
    """
    return (
        f"not compared: only counts up (from {int(low)} to {int(high)}), as a row number, an id or "
        "a time does; name it in features= to compare it all the same"
    )
