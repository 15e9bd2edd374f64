"""Number the units of the rows of both sides: which day or customer each is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from driftlib.data.predictions import Period
from driftlib.data.sources import Memory
from driftlib.data.unit_choice import AUTO, choose_unit
from driftlib.data.unit_words import UnitNumber, number_of
from driftlib.data.units import (
    COLUMN,
    ROW,
    UnitRule,
    common_units,
    part_of_unit,
    unit_codes,
)
from driftlib.stats.units import near_positions


@dataclass(frozen=True)
class NumberedUnits:
    """Which unit each row is in.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    current : int array, shape (rows,)
        Place in time of the unit of each current row; -1 for none.
    reference : int array, shape (rows,)
        The same of the reference; empty without one.
    numbers : dict of UnitNumber
        How many units each side has, by what to call it.
    part : float
        Which part of a unit a window is at the most.
    """

    rule: UnitRule
    current: np.ndarray
    reference: np.ndarray
    numbers: Mapping[str, UnitNumber]
    part: float = 1.0


def number_units(
    unit: str,
    current: Period,
    reference: Period | None,
    window: int | str | None = None,
    on: str | None = None,
    time_format: str | None = None,
) -> NumberedUnits:
    """Tell what a unit is, and which one each row is in.

    Parameters
    ----------
    unit : str
        As of `driftlib.data.unit_choice.choose_unit`, which asks the reference, or without one
        the current rows.
    current : Period
    reference : Period or None
    window : int or str, optional
        What windows are cut by: one shorter than a unit is the unit, unless `unit` names one.
    on : str, optional
        The time column. Default: the only column of dates and times.
    time_format : str, optional
        How it is written.

    Returns
    -------
    NumberedUnits
        Without numbers where rows are their own units.
    """
    asked = reference or current
    source = Memory(asked.name, asked.frame)
    rule = choose_unit(unit, source, on, time_format=time_format)
    length = None if window in current.frame.columns or isinstance(window, int) else window
    part = part_of_unit(rule, length)
    if part < 1 and unit == AUTO:
        told = f"a unit is a window, which is shorter than {rule.one} of {rule.column!r}"
        shorter = choose_unit(str(window), source, rule.column, time_format=time_format)
        rule, part = replace(shorter, told=told), 1.0
    none = np.zeros(0, int)
    if rule.kind == ROW:
        return NumberedUnits(rule, none, none, {})
    # What is compared are windows, of which none has many units.
    now = unit_codes(rule, current.frame, current.name, fold=False)
    if reference is None:
        numbers = {"the data": number_of(now)}
        return NumberedUnits(rule, _placed(now.ids, now.codes), none, numbers, part)
    past = unit_codes(rule, reference.frame, reference.name, fold=False)
    numbers = {"the reference": number_of(past), "the current data": number_of(now)}
    if rule.kind == COLUMN:
        ids, (after, before) = common_units(rule, now, past)
    else:
        ids = np.union1d(now.ids, past.ids)
        after, before = (np.append(ids.searchsorted(u.ids), -1)[u.codes] for u in (now, past))
    return NumberedUnits(rule, _placed(ids, after), _placed(ids, before), numbers, part)


def _placed(ids: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Place in time of each row's unit."""
    return np.append(near_positions(ids), -1)[codes]
