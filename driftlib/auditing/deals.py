"""Deal the units of a reference to two sides, so that nothing differs but by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial, reduce
from itertools import accumulate
from operator import add

import numpy as np
import pandas as pd

from driftlib.auditing.order import Order, cells_of_units
from driftlib.data.units import ROW, UnitCodes
from driftlib.data.windows import positions
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import refer_to
from driftlib.profile.stacked import Stack, size_of
from driftlib.profile.units import ProfileUnits

# Windows that are made of one shuffling of the units.
MOST_WINDOWS = 20
# Counts of all units that are held at once at the most, 8 bytes each.
MOST_NUMBERS = 25_000_000


Rows = slice | np.ndarray
# Of groups of rows, and the group of each unit: the profile of each but the last, and of the rest.
Both = Callable[[Sequence[Rows], np.ndarray], Iterator[tuple[Profile, Profile]]]


@dataclass(frozen=True)
class Deal:
    """Some units of a reference taken as a window, against all others.

    Parameters
    ----------
    window, rest : int array
        Positions of the rows of the window, and of all other rows that are in a unit.
    whole : Baseline
        Fitted to all rows.
    count : callable
        Returns the counts of the window and of the rest.
    order : Order, optional
        Of units of time: those of the window follow those of the rest.
    """

    window: np.ndarray
    rest: np.ndarray
    whole: Baseline = field(repr=False)
    count: Callable[[], tuple[Profile, Profile]] = field(repr=False)
    order: Order | None = field(default=None, repr=False)

    @cached_property
    def baseline(self) -> Baseline:
        """The grid of all rows; its reference is `rest`."""
        return refer_to(self.whole, self.in_order(self.count()[1]))

    @property
    def profile(self) -> Profile:
        """Counts of the window on the baseline's grid."""
        return self.in_order(self.count()[0])

    def in_order(self, profile: Profile) -> Profile:
        """Bring counts of units of one side into the deal's order.

        Parameters
        ----------
        profile : Profile

        Returns
        -------
        Profile
        """
        return profile if self.order is None else self.order.counted(profile)

    def sides(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Take the rows of the window and of the rest.

        Parameters
        ----------
        frame : pandas.DataFrame
            All that were dealt.

        Returns
        -------
        tuple of two pandas.DataFrame
            With times of the deal's order, where units are of time.
        """
        if self.order is None:
            return frame.iloc[self.window], frame.iloc[self.rest]
        return self.order.dated(frame, self.window), self.order.dated(frame, self.rest)


@dataclass(frozen=True)
class Dealer:
    """The rows of a reference, to be dealt by units as often as wanted.

    Parameters
    ----------
    baseline : Baseline
        Fitted to the frame.
    frame : pandas.DataFrame
    units : UnitCodes
        Of the frame's rows.
    """

    baseline: Baseline
    frame: pd.DataFrame
    units: UnitCodes

    def deals(self, take: int, rng: np.random.Generator) -> Iterator[Deal]:
        """Deal units at random, without end.

        Each shuffling makes up to 20 windows of different units, with a season of as many of
        each cell as units that follow one another have: a week has one of each weekday. Counts
        add: each unit is counted once, or of many units the rows of each window once a shuffling.

        Parameters
        ----------
        take : int
            Units of a window; at most half of them.
        rng : numpy.random.Generator

        Yields
        ------
        Deal
        """
        number = len(self.units.ids)
        windows = min(number // take, MOST_WINDOWS)
        inside = self.units.codes >= 0
        while True:
            group = np.full(number, windows)
            first = rng.integers(number - windows * take + 1)
            dealt = self._shuffled(rng)[first : first + windows * take]
            group[dealt] = np.repeat(np.arange(windows), take)
            codes = np.where(inside, group[self.units.codes], windows + 1)
            # The last but one are the units that are left over, the last the rows in no unit.
            *groups, _ = positions(codes, windows + 2)
            counted = _once(partial(self._both, groups, group))
            for place, rows in enumerate(groups[:-1]):
                rest = np.flatnonzero(inside & (codes != place))
                order = self._order(group == place)
                yield Deal(np.asarray(rows), rest, self.baseline, partial(counted, place), order)

    @cached_property
    def _cells(self) -> np.ndarray:
        return cells_of_units(self.baseline.season, self.frame, self.units)

    def _shuffled(self, rng: np.random.Generator) -> np.ndarray:
        """Put a unit of the same cell of the season in the place of each."""
        found = np.empty(len(self._cells), dtype=np.int64)
        by_chance = np.lexsort([rng.random(len(found)), self._cells])
        found[np.argsort(self._cells, kind="stable")] = by_chance
        return found

    def _order(self, taken: np.ndarray) -> Order | None:
        rule = self.baseline.unit
        return Order.of(rule, self.units, taken) if rule.memory else None

    @cached_property
    def _both(self) -> Both:
        baseline, number = self.baseline, len(self.units.ids)
        size = size_of(column.reference for column in baseline.columns.values())
        if baseline.unit.kind == ROW or self.units.fold or number * size > MOST_NUMBERS:
            return partial(_counted, baseline, self.frame)
        rows = positions(np.where(self.units.codes < 0, number, self.units.codes), number + 1)
        parts = [baseline.profile_frame(self.frame.iloc[own]) for own in rows[:number]]
        return partial(_summed, Stack.of(parts))


def _once(
    both: Callable[[], Iterator[tuple[Profile, Profile]]],
) -> Callable[[int], tuple[Profile, Profile]]:
    """Count the windows of a shuffling when the first is asked for."""
    found: list[tuple[Profile, Profile]] = []

    def counted(place: int) -> tuple[Profile, Profile]:
        if not found:
            found.extend(both())
        return found[place]

    return counted


def _summed(
    stack: Stack, groups: Sequence[Rows], group: np.ndarray
) -> Iterator[tuple[Profile, Profile]]:
    """Add up counts of units."""
    for place in range(len(groups) - 1):
        own = group == place
        yield stack.sum_of(np.flatnonzero(own)), stack.sum_of(np.flatnonzero(~own))


def _counted(
    baseline: Baseline, frame: pd.DataFrame, groups: Sequence[Rows], _: np.ndarray
) -> Iterator[tuple[Profile, Profile]]:
    """Count the rows of each group, and add up those that are not its own."""
    parts = [baseline.profile_frame(frame.iloc[rows]) for rows in groups]
    upto = list(accumulate(parts, add))
    beyond = list(accumulate(reversed(parts), add))[::-1]
    for place, profile in enumerate(parts[:-1]):
        others = [beyond[place + 1]] if place == 0 else [upto[place - 1], beyond[place + 1]]
        yield profile, reduce(add, others)


def repeat_columns(baseline: Baseline, origin: Mapping[str, str]) -> Baseline:
    """Make a baseline that has columns several times, to try several faults at once.

    Parameters
    ----------
    baseline : Baseline
    origin : mapping of str to str
        Name of each new column, and of the column that it is.

    Returns
    -------
    Baseline
    """
    columns = {name: replace(baseline.columns[old], name=name) for name, old in origin.items()}
    units = baseline.reference_units and _repeat_units(baseline.reference_units, origin)
    cells = {cell: _repeat(part, origin) for cell, part in baseline.reference_cells.items()}
    return replace(baseline, columns=columns, reference_units=units, reference_cells=cells)


def _repeat(profile: Profile, origin: Mapping[str, str]) -> Profile:
    columns = {name: profile.columns[old] for name, old in origin.items()}
    units = profile.units and _repeat_units(profile.units, origin)
    return replace(profile, columns=columns, units=units)


def _repeat_units(units: ProfileUnits, origin: Mapping[str, str]) -> ProfileUnits:
    return replace(units, columns={name: units.columns[old] for name, old in origin.items()})
