"""Name the windows of a table as a reader would: on an axis and in a sentence."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from driftlib.text import NAMES_SHOWN, distinct, listed, shortened

WHOLE = "the current data"

# A row of a table, as `to_dict("records")` gives it.
Row = Mapping[Hashable, Any]


@dataclass(frozen=True)
class WindowLabels:
    """Windows of a table, in order, with a label each that occurs once.

    Parameters
    ----------
    labels : dict of int to str
        Window's number to its label; plain text.
    unit : str
        What a window is: "month", "week", "day", ... or "window".
    title : str
        What the labels are, for an axis; empty where they say it themselves.
    at : str
        What a sentence puts before a label.
    """

    labels: dict[int, str]
    unit: str = "window"
    title: str = ""
    at: str = "in"

    def place(self, number: int) -> str:
        """Say where in time a window lies, for the end of a sentence.

        Parameters
        ----------
        number : int
            Of the window.

        Returns
        -------
        str
            Plain text.
        """
        return f"{self.at} {self.labels[number]}"

    def among(self, numbers: Iterable[int], most: int = NAMES_SHOWN) -> str:
        """Say where in time some windows lie, for the end of a sentence.

        Parameters
        ----------
        numbers : iterable of int
            Of the windows.
        most : int
            Windows to name at most; more are counted.

        Returns
        -------
        str
            Plain text.

        Examples
        --------
        >>> months = WindowLabels({0: "Apr", 1: "May", 2: "Jun", 3: "Jul", 4: "Aug"}, "month")
        >>> months.among([2]), months.among([0, 1, 2, 3, 4]), months.among([1, 2, 3, 4])
        ('in Jun', 'in all 5 months', 'from May on')
        >>> months.among([0, 2]), months.among([0, 1, 3, 4], most=2)
        ('in Apr and Jun', 'in 4 of 5 months')
        """
        places, chosen = list(self.labels), sorted(set(numbers))
        if len(chosen) == 1:
            return self.place(chosen[0])
        if len(chosen) == len(places):
            how_many = "both" if len(places) == 2 else f"all {len(places):,}"
            return f"in {how_many} {self.unit}s" if places else "in no window"
        if len(chosen) > 2 and chosen == places[-len(chosen) :]:
            return f"from {self.labels[chosen[0]]} on"
        if 0 < len(chosen) <= most and self.at == "in":
            return f"in {listed([self.labels[number] for number in chosen], most)}"
        return f"in {len(chosen):,} of {len(places):,} {self.unit}s"


def window_labels(table: pd.DataFrame) -> WindowLabels:
    """Label the windows of a long table by its `window`, `start` and `end`.

    Parameters
    ----------
    table : pandas.DataFrame
        Any number of rows a window.

    Returns
    -------
    WindowLabels
        Calendar windows by month, day, ...; windows of rows by their first and last row,
        counted from 1; others by their value.

    Examples
    --------
    >>> months = pd.date_range("2013-04-01", periods=3, freq="MS")
    >>> months = pd.DataFrame({"window": [0, 1], "start": months[:2], "end": months[1:]})
    >>> window_labels(months).labels
    {0: 'Apr 2013', 1: 'May 2013'}
    >>> window_labels(pd.DataFrame({"window": [0, 1], "start": [0, 5], "end": [5, 8]})).labels
    {0: '1 to 5', 1: '6 to 8'}
    """
    if not len(table):
        return WindowLabels({})
    each = table.drop_duplicates("window").sort_values("window")
    numbers, starts, ends = (each[name].tolist() for name in ("window", "start", "end"))
    values = (*starts, *ends)
    if len(each) == 1 and starts == [0]:
        return WindowLabels({numbers[0]: WHOLE})
    if all(isinstance(value, pd.Timestamp) for value in values):
        labels, *words = _calendar(starts, ends)
    elif all(isinstance(value, int) for value in values) and starts != ends:
        labels = [f"{start + 1:,} to {end:,}" for start, end in zip(starts, ends, strict=True)]
        words = ["window", "rows in the window", "in rows"]
    else:
        labels, words = [shortened(value) for value in starts], ["window", "", "in"]
    return WindowLabels(dict(zip(numbers, distinct(labels), strict=True)), *words)


_PERIODS = {
    "year": (pd.offsets.YearBegin(), "{t:%Y}"),
    "quarter": (pd.offsets.QuarterBegin(startingMonth=1), "Q{t.quarter} {t.year}"),
    "month": (pd.offsets.MonthBegin(), "{t:%b %Y}"),
}
_LENGTHS = {
    pd.Timedelta(hours=1): ("hour", "start of the hour", "at"),
    pd.Timedelta(days=1): ("day", "", "on"),
    pd.Timedelta(days=7): ("week", "start of the week", "in the week of"),
}


def _calendar(
    starts: Sequence[pd.Timestamp], ends: Sequence[pd.Timestamp]
) -> tuple[list[str], str, str, str]:
    """Labels of calendar windows, what one is, what the axis shows, what goes before a label."""
    midnight = all(start == start.normalize() for start in starts)
    for unit, (offset, form) in _PERIODS.items():
        if midnight and all(
            offset.is_on_offset(start) and start + offset == end
            for start, end in zip(starts, ends, strict=True)
        ):
            return [form.format(t=start) for start in starts], unit, "", "in"
    moments = [_moment(start, midnight) for start in starts]
    lengths = {end - start for start, end in zip(starts, ends, strict=True)}
    if lengths == {pd.Timedelta(0)}:
        return moments, "window", "", "at"
    other = ("window", "start of the window", "in the window from")
    return moments, *(_LENGTHS.get(lengths.pop(), other) if len(lengths) == 1 else other)


def _moment(time: pd.Timestamp, midnight: bool) -> str:
    day = f"{time.day} {time:%b %Y}"
    return day if midnight else f"{day} {time:%H:%M}"


def thinned(numbers: Sequence[int], most: int = 300) -> list[int]:
    """Take every second, third, ... of some numbers, the last among them, if they are too many.

    Parameters
    ----------
    numbers : sequence of int
        Of windows, in order.
    most : int
        How many can be drawn.

    Returns
    -------
    list of int
        At most `most` numbers.

    Examples
    --------
    >>> thinned([0, 1, 2, 3, 4], most=3)
    [0, 2, 4]
    """
    step = max(1, -(-len(numbers) // most))
    return list(numbers)[::-step][::-1]


def plain_numbers(values: Iterable[float]) -> list[float | None]:
    """Turn numbers into what plotly draws: a float each, None where there is none.

    Parameters
    ----------
    values : iterable of float
        An array or a column; NaN where there is no number.

    Returns
    -------
    list of float or None
        As long as `values`.
    """
    return [None if value != value else float(value) for value in values]
