"""Say what units are, how many there are, and why so many or so few tell nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from driftlib.data.unit_words import UnitNumber, too_few, units_in_words
from driftlib.data.units import ABSENT, ROW, TIME, UnitRule
from driftlib.lazily import pd
from driftlib.profile.units import ProfileUnits


def reasons_of(table: pd.DataFrame, rule: UnitRule) -> list[str]:
    """Say for rows of a result's table why nothing could be told.

    Parameters
    ----------
    table : pandas.DataFrame
        With units_reference and units_current.
    rule : UnitRule
        What a unit is.

    Returns
    -------
    list of str
        Empty texts where it could.
    """
    return [
        "" if np.isnan(a) or np.isnan(b) else reason_of(rule, a, b) for a, b in _numbers_of(table)
    ]


def _numbers_of(table: Mapping[str, Any] | pd.DataFrame) -> list[tuple[float, float]]:
    """Units of the reference and of current, row by row."""
    sides = (np.asarray(table[f"units_{side}"], dtype=float) for side in ("reference", "current"))
    return list(zip(*(side.tolist() for side in sides), strict=True))


def reason_of(rule: UnitRule, reference: float, current: float) -> str:
    """Say why sides that have rows tell nothing, with so many units.

    Parameters
    ----------
    rule : UnitRule
    reference, current : float
        Units of each side; a part of one where current is short.

    Returns
    -------
    str
        Empty where they tell something.
    """
    if rule.kind != ROW and not (reference and current):
        side = "current data" if reference else "reference"
        what = "a time" if rule.kind == TIME else "a value"
        return (
            f"cannot tell: no row of the {side} has {what} in {rule.column!r} that can be read "
            "(unit='row' takes rows as independent)"
        )
    return too_few(rule, reference, current)


def first_reason(table: Mapping[str, Any] | pd.DataFrame, rule: UnitRule) -> str | None:
    """Say why nothing could be told in some row of a result's table.

    Parameters
    ----------
    table : pandas.DataFrame or dict of array
        With units_reference and units_current.
    rule : UnitRule
        What a unit is.

    Returns
    -------
    str or None
        The first reason; None where all could be told.
    """
    if np.isnan(np.asarray(table["units_reference"], dtype=float)).all():
        # Rows are their own units.
        return None
    several = dict.fromkeys(_numbers_of(table))
    reasons = (reason_of(rule, a, b) for a, b in several if not (np.isnan(a) or np.isnan(b)))
    return next(filter(None, reasons), None)


def unit_line(
    rule: UnitRule, profiles: Sequence[ProfileUnits | None], effect: float = np.nan
) -> str:
    """Say in one line what a unit is, how many there are, and how strongly rows belong together.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    profiles : sequence of ProfileUnits or None
        Of the reference, then of the current data.
    effect : float
        Median design effect; NaN where there is none.

    Returns
    -------
    str
    """
    names = ("the reference", "the current data")
    sides = {
        name: None if side is None else _number_of(side)
        for name, side in zip(names, profiles, strict=False)
    }
    return units_in_words(rule, sides, effect)


def _number_of(units: ProfileUnits) -> UnitNumber:
    absent = bool((units.ids == ABSENT >> units.fold).any())
    return UnitNumber(len(units.ids), units.outside, bool(units.fold), absent)
