"""Deal the units of a reference to two sides, so that nothing differs but by chance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate
from operator import add

import numpy as np
import pandas as pd

from driftlib.data.units import UnitCodes
from driftlib.data.windows import positions
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import refer_to
from driftlib.profile.units import ProfileUnits

# Windows that are made of one shuffling of the units.
MOST_WINDOWS = 20


@dataclass(frozen=True)
class Deal:
    """Some units of a reference taken as a window, against all others.

    Parameters
    ----------
    window, rest : int array
        Positions of the rows of the window, and of all other rows that are in a unit.
    baseline : Baseline
        Its reference is `rest`.
    profile : Profile
        Counts of the window on the baseline's grid.
    """

    window: np.ndarray
    rest: np.ndarray
    baseline: Baseline
    profile: Profile


def deal(
    baseline: Baseline,
    frame: pd.DataFrame,
    units: UnitCodes,
    take: int,
    rng: np.random.Generator,
) -> Iterator[Deal]:
    """Deal units at random, without end.

    Each shuffling makes up to 20 windows of different units, and all rows are counted once for
    them: counts add.

    Parameters
    ----------
    baseline : Baseline
        Fitted to the frame.
    frame : pandas.DataFrame
    units : UnitCodes
        Of the frame's rows.
    take : int
        Units of a window; at most half of them.
    rng : numpy.random.Generator

    Yields
    ------
    Deal
    """
    number = len(units.ids)
    windows = min(number // take, MOST_WINDOWS)
    inside = units.codes >= 0
    while True:
        group = np.full(number, windows)
        group[rng.permutation(number)[: windows * take]] = np.repeat(np.arange(windows), take)
        codes = np.where(inside, group[units.codes], windows + 1)
        # The last but one are the units that are left over, the last the rows in no unit.
        *chosen, over, _ = positions(codes, windows + 2)
        parts = [baseline.profile_frame(frame.iloc[rows]) for rows in (*chosen, over)]
        upto = list(accumulate(parts, add))
        beyond = list(accumulate(reversed(parts), add))[::-1]
        for place, rows in enumerate(chosen):
            others = [beyond[place + 1]] if place == 0 else [upto[place - 1], beyond[place + 1]]
            rest = np.flatnonzero(inside & (codes != place))
            yield Deal(
                np.asarray(rows), rest, refer_to(baseline, reduce(add, others)), parts[place]
            )


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
