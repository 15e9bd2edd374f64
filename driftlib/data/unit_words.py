"""Say what units are, how many there are, and why too few of them tell nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from driftlib.data.units import ABSENT, ROW, UnitCodes, UnitRule
from driftlib.html.numbers import write_size
from driftlib.stats.few_units import FEW_UNITS, cannot_tell
from driftlib.stats.units import Units


@dataclass(frozen=True)
class UnitNumber:
    """How many units a side has.

    Parameters
    ----------
    units : int
    outside : int
        Rows in none.
    folded : bool
        Whether neighbours, or values by their hash, were put together.
    absent : bool
        Whether the side has no column to tell units by.
    """

    units: int
    outside: int = 0
    folded: bool = False
    absent: bool = False


def number_of(units: UnitCodes) -> UnitNumber:
    """Tell how many units a table has.

    Parameters
    ----------
    units : UnitCodes
        Of the table.

    Returns
    -------
    UnitNumber
    """
    absent = bool((units.ids == ABSENT >> units.fold).any())
    return UnitNumber(len(units.ids), units.outside, bool(units.fold), absent)


def too_few(rule: UnitRule, reference: float, current: float) -> str:
    """Say why too few units tell nothing.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    reference, current : float
        How many each side has; below 1 where a window is only a part of one.

    Returns
    -------
    str
        Empty where they are enough: 4 a side, or 20 together. Also where a side has no rows.

    Examples
    --------
    >>> too_few(UnitRule("time", "seen", "D"), 3, 30)
    ''
    >>> too_few(UnitRule("time", "seen", "D"), 3, 7)
    'cannot tell: the reference has 3 days'
    >>> too_few(UnitRule("time", "seen", "D"), 12, 1)
    'cannot tell: the current data have 1 day, and the reference only 12'
    """
    if rule.kind == ROW or not (reference and current):
        return ""
    if current < 1:
        return f"cannot tell: a window is shorter than {rule.one}"
    reference, current = int(reference), int(current)
    side = np.arange(reference + current) >= reference
    if not cannot_tell(Units(side, np.arange(reference + current))):
        return ""
    if reference < FEW_UNITS:
        return few_in_reference(rule, reference)
    own = rule.counted(current)
    return f"cannot tell: the current data have {own}, and the reference only {reference}"


def few_in_reference(rule: UnitRule, reference: float) -> str:
    """Say that a reference has too few units to tell how far they vary.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    reference : float
        How many it has.

    Returns
    -------
    str
        Empty for 4 or more, and where rows are units.

    Examples
    --------
    >>> few_in_reference(UnitRule("time", "seen", "D"), 2)
    'cannot tell: the reference has 2 days'
    """
    if rule.kind == ROW or not reference < FEW_UNITS:
        return ""
    return f"cannot tell: the reference has {rule.counted(int(reference))}"


def units_in_words(
    rule: UnitRule,
    sides: Mapping[str, UnitNumber | None],
    effect: float = np.nan,
    what: str = "columns",
    one: str = "",
) -> str:
    """Say in one line what a unit is, how many there are, and how strongly rows belong together.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    sides : mapping of str to UnitNumber or None
        By what to call the side; None where its units are not known.
    effect : float
        Median design effect; NaN where there is none.
    what : str
        What the design effects are of.
    one : str
        The one thing that the design effect is of, where it is no median.

    Returns
    -------
    str

    Examples
    --------
    >>> rule = UnitRule("time", "seen", "D", told="a unit is a day of 'seen'")
    >>> units_in_words(rule, {"the reference": UnitNumber(31)})
    "A unit is a day of 'seen'; the reference: 31 days."
    """
    told = [f"{rule.told[:1].upper()}{rule.told[1:]}"]
    if rule.kind == ROW:
        return f"{told[0]}."
    for name, side in sides.items():
        if side is None:
            continue
        if side.absent:
            told.append(f"{name}: no column {rule.column!r}, all rows are taken as one unit")
            continue
        rows = f", and {side.outside:,} rows in none" if side.outside else ""
        many = rule.counted(side.units)
        if side.folded:
            many = f"{rule.plural} put together to {side.units} groups"
        told.append(f"{name}: {many}{rows}")
    if effect >= 1.05:
        told.append(
            "rows near each other have much in common: "
            f"{one or f'in half of the {what} a difference'} varies {'' if one else 'at least '}"
            f"{write_size(effect)} times as much as with independent rows"
        )
    return "; ".join(told) + "."
