"""Find what a glance would show: values beyond the reference's range, and at a single value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from driftlib.profile.column import Column, written
from driftlib.profile.profile import Counts, NumericCounts
from driftlib.stats.counts import Cumulative
from driftlib.stats.excess import Spike, Tails, beyond_p_value, find_spike, outer_tails
from driftlib.written_numbers import percent

BELOW, ABOVE, INSIDE = "below", "above", "inside"
# Within this share of the range beyond its ends values are no further than their digits say.
NO_FURTHER = 1e-6
# A value outside the range is named where so much of what lies there is that one value.
MOSTLY = 0.8
# A side of the range with less of what lies outside is not worth a word.
FEW = 0.1
# What is taken for a code, whatever belongs together: so many of the rows, so many ranges away.
LEAST_SHARE, FAR = 0.005, 0.5
LEVEL = 0.001


@dataclass(frozen=True)
class Unusual:
    """What of a numeric column lies where the reference has few rows or none.

    Parameters
    ----------
    column : Column
    before, after : NumericCounts
        The two sides, at least one value each, as `Column.alike` brings them to one type.
    spiked : bool
        Whether there may be a value whose share jumped; False where a test has told.
    """

    column: Column
    before: NumericCounts
    after: NumericCounts
    spiked: bool = True

    @cached_property
    def sides(self) -> tuple[Cumulative, Cumulative]:
        """The two as statistics take them."""
        return self.before.cumulative, self.after.cumulative

    @cached_property
    def _places(self) -> tuple[int, int]:
        """Grid points of the reference's ends; before the first or after the last without any."""
        grid, after = self.column.grid, self.after
        if self.within:
            return -1, len(grid)
        low = int(grid.searchsorted(self.before.minimum, "right")) - 1
        high = int(grid.searchsorted(self.before.maximum, "left"))
        if high == len(grid) and self.before.maximum <= grid[-1] + self._slack:
            high -= 1
        if after.minimum >= self.before.minimum - self._slack:
            low = -1
        if after.maximum <= self.before.maximum + self._slack:
            high = len(grid)
        return low, high

    @cached_property
    def below(self) -> int:
        """Current rows that lie below all of the reference, as far as the grid can tell."""
        low, _ = self._places
        return int(self.after.below[low]) if low >= 0 else 0

    @cached_property
    def above(self) -> int:
        """Current rows that lie above all of the reference, as far as the grid can tell."""
        _, high = self._places
        if high == len(self.column.grid):
            return 0
        return int(self.after.present - self.after.at_or_below[high])

    @property
    def _slack(self) -> float:
        with np.errstate(over="ignore"):
            return float(NO_FURTHER * (self.before.maximum - self.before.minimum))

    @property
    def within(self) -> bool:
        """Whether all current values lie within the reference's range, as in most columns."""
        before, after = self.before, self.after
        return before.minimum <= after.minimum and after.maximum <= before.maximum

    @property
    def beyond(self) -> float:
        """Share of the current values beyond the reference's range."""
        return 0.0 if self.within else (self.below + self.above) / self.after.present

    @property
    def beyond_p_value(self) -> float:
        """Of so many beyond the range, or more."""
        if self.within:
            return 1.0
        return beyond_p_value(self.below, self.above, self.before.present, self.after.present)

    @cached_property
    def tails(self) -> Tails:
        """Growth of the reference's outermost half percents."""
        return outer_tails(*self.sides)

    @cached_property
    def spike(self) -> Spike:
        """The value within the range whose share jumped most."""
        return find_spike(*self.sides) if self.spiked else Spike()

    @property
    def spike_share(self) -> float:
        """Share of the current values at the spike."""
        return self.spike.rows / self.after.present

    @property
    def spike_before(self) -> float:
        """The same of the reference."""
        return self.spike.within / self.before.present

    @cached_property
    def ends(self) -> list[End]:
        """What lies below and above the range, without a side that has but a few of the rows."""
        sides = (
            (BELOW, self.below, self.after.minimum, self.after.at_minimum),
            (ABOVE, self.above, self.after.maximum, self.after.at_maximum),
        )
        least = FEW * (self.below + self.above)
        return [End(*side) for side in sides if side[1] > least]

    @cached_property
    def spike_value(self) -> str:
        """The spike's value in words."""
        grid, (point, at) = self.column.grid, divmod(self.spike.cell, 2)
        if at:
            return written(grid[point])
        rows = int(self.after.below[point] - self.after.at_or_below[point - 1])
        low, high = float(grid[point - 1]), float(grid[point])
        middle = high - float(self.after.gaps[point]) / max(1, rows)
        return f"about {shortest_between(low, high, middle)}"

    @property
    def range(self) -> str:
        """The reference's range in words."""
        return f"{written(self.before.minimum)} to {written(self.before.maximum)}"

    @cached_property
    def rest(self) -> NumericCounts:
        """The current rows without those beyond the range and without the spike's surplus."""
        after = self.after
        below, upto = after.below - self.below, after.at_or_below - self.below
        present = after.present - self.below - self.above
        below, upto = np.clip(below, 0, present), np.clip(upto, 0, present)
        total = after.mean * after.present - self._outside
        if self.spike.p_value < LEVEL:
            surplus = round(self.spike.rows - self.spike_before * present)
            point, at = divmod(self.spike.cell, 2)
            upto[point:] -= surplus
            below[point + (1 if at else 0) :] -= surplus
            present -= surplus
            total -= surplus * float(self.column.grid[point])
        missing = after.rows - present
        mean = total / present if present else np.nan
        return replace(after, missing=missing, below=below, at_or_below=upto, mean=mean)

    @property
    def _outside(self) -> float:
        """Sum of the values beyond the range."""
        grid, (low, high) = self.column.grid.astype(float), self._places
        after, sides = self.after, [0.0]
        at = (after.at_or_below - after.below) * grid
        between = np.diff(after.at_or_below, prepend=0) - (after.at_or_below - after.below)
        between = between * grid - after.gaps[:-1]
        if low >= 0:
            sides.append(between[: low + 1].sum() + at[:low].sum())
        if high < len(grid):
            last = (after.present - after.at_or_below[-1]) * grid[-1] + after.gaps[-1]
            sides.append(between[high + 1 :].sum() + at[high + 1 :].sum() + last)
        return float(sum(sides))


@dataclass(frozen=True)
class End:
    """What of the current values lies on one side of the reference's range.

    Parameters
    ----------
    place : str
        "below" or "above".
    rows : int
        How many lie there.
    value : float
        The outermost of them.
    at : int
        How many have that very value.
    """

    place: str
    rows: int
    value: float
    at: int

    @property
    def single(self) -> bool:
        """Whether nearly all are that one value."""
        return self.at > 1 and self.at >= MOSTLY * self.rows


def shortest_between(low: float, high: float, near: float) -> str:
    """Write the number with the fewest digits between two, the nearest to a third.

    Parameters
    ----------
    low, high : float
    near : float
        Between them.

    Returns
    -------
    str

    Examples
    --------
    >>> shortest_between(-0.0003, 0.0008, 0.00002), shortest_between(7.1243, 7.1311, 7.1299)
    ('0', '7.13')
    """
    if low < 0 < high:
        return "0"
    for digits in range(1, 17):
        text = f"{near:.{digits}g}"
        if low < float(text) < high:
            return text
    return f"{near:.4g}"


@dataclass(frozen=True)
class Sentinel:
    """A value at which current rows pile up where the reference has few or none: often a code.

    Parameters
    ----------
    value : str
        In words, such as "-999"; "about 0" where the profile knows it no better.
    place : str
        "below" or "above" the reference's range, or "inside" it.
    reference, current : float
        Its share of the values, then and now.
    rows : int
        Current rows of it.
    least, greatest : float
        The reference's range.
    """

    value: str
    place: str
    reference: float
    current: float
    rows: int
    least: float
    greatest: float

    @property
    def message(self) -> str:
        """The finding in words."""
        where = f"outside {written(self.least)} to {written(self.greatest)}"
        if self.place == INSIDE:
            where = f"{percent(self.reference)} before"
        return f"{percent(self.current)} of the values are {self.value}, {where}"


def find_sentinel(
    column: Column, before: Counts, after: Counts, independent: bool = False
) -> Sentinel | None:
    """Find a value that is likely a code, such as -999 for "not known".

    Parameters
    ----------
    column : Column
        Of a baseline.
    before, after : Counts
        Its counts in the reference and in the current data.
    independent : bool
        Whether rows are independent. Only then a value within the range can be one: else rows of
        one day or customer may well have it in common.

    Returns
    -------
    Sentinel or None
        At least 0.5 % of the rows. Outside the range it is half of the range away, or a number
        that is used for one: 0 or -1 below positive numbers, or all nines.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib.profile.baseline import Baseline
    >>> frame = pd.DataFrame({"x": [value / 10 for value in range(21, 179)]})
    >>> baseline = Baseline.fit(frame)
    >>> profile = baseline.profile(pd.concat([frame, pd.DataFrame({"x": [-999.0] * 4})]))
    >>> found = find_sentinel(baseline.columns["x"], *(
    ...     side.columns["x"] for side in (baseline.reference, profile)))
    >>> found.message
    '2.5 % of the values are -999, outside 2.1 to 17.8'
    """
    if not (isinstance(before, NumericCounts) and isinstance(after, NumericCounts)):
        return None
    ends = before.minimum, before.maximum
    # Nothing lies outside, as in most columns: there is no need to look where.
    if not independent and ends[0] <= after.minimum and after.maximum <= ends[1]:
        return None
    if not (before.present and after.present):
        return None
    unusual = Unusual(column, *column.alike(before, after))
    found = [
        Sentinel(written(end.value), end.place, 0.0, end.at / after.present, end.at, *ends)
        for end in unusual.ends
        if end.at > 1 and _is_code(end.value, *ends)
    ]
    if independent and unusual.spike.p_value < LEVEL:
        shares = unusual.spike_before, unusual.spike_share
        rows = unusual.spike.rows
        found.append(Sentinel(unusual.spike_value, INSIDE, *shares, rows, *ends))
    found = [f for f in found if f.current >= LEAST_SHARE and f.current > 2 * f.reference]
    return max(found, key=lambda f: f.current - f.reference, default=None)


def _is_code(value: float, least: float, greatest: float) -> bool:
    """Whether a value outside a range is far away, or a number that stands for none."""
    away = max(least - value, value - greatest)
    if away >= FAR * (greatest - least):
        return away > 0
    digits = f"{abs(value):.0f}"
    nines = len(digits) > 1 and set(digits) == {"9"} and value == round(value)
    return nines or value in (0, -1)
