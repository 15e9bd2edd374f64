"""Say how numbers changed: what lies where the reference has none, and what the rest did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.profile.column import written
from driftlib.profile.profile import NumericCounts
from driftlib.profile.unusual import FEW, LEVEL, Unusual
from driftlib.stats import distances, significance
from driftlib.stats.precision import apart
from driftlib.written_numbers import percent, percents

if TYPE_CHECKING:
    from driftlib.drift.policy import DriftPolicy
    from driftlib.profile.column import Column

# Less than so many standard deviations is no shift worth a word.
LEAST_SHIFT = 0.02
# From so many standard deviations on, or so many times as wide, nobody would call a change small.
FAR, WIDE = 0.5, 1.5
# What lies outside carries a shift of the mean that is so many standard deviations beyond twice
# that of the rest.
LEAST_CARRIED = 0.1


@dataclass(frozen=True)
class NumericWords:
    """How the numbers of a column changed, in words.

    Parameters
    ----------
    parts : tuple of str
        Parts of a sentence; what lies in a place of its own first, then what the rest did.
    few : bool
        Whether the change is one of few rows, however far those moved.
    """

    parts: tuple[str, ...]
    few: bool = False


def numeric_changes(
    column: Column,
    before: NumericCounts,
    after: NumericCounts,
    row: Mapping[str, Any],
    policy: DriftPolicy,
) -> NumericWords:
    """Say how the numbers of a column changed.

    Parameters
    ----------
    column : Column
    before, after : NumericCounts
        At least two values a side.
    row : mapping of str to value
        The column's row of `DriftResult.table`.
    policy : DriftPolicy

    Returns
    -------
    NumericWords
    """
    whole = _numeric_change(column, before, after)
    scale = column.reference.std if isinstance(column.reference, NumericCounts) else np.nan
    spread = before.has_spread and after.has_spread and before.std > 0 and scale > 0
    if not spread or (_is_flag(before) and _is_flag(after)):
        return NumericWords((whole,))
    # What was tested and is none need not be looked for again.
    spiked = not row["spike_p_value"] >= max(policy.alpha, LEVEL)
    unusual = Unusual(column, *column.alike(before, after), spiked)
    places = _places(unusual, row, policy)
    every = abs(apart(before.mean, after.mean)) / scale
    if places and (words := _apart_from_rest(unusual, places, every, scale, policy.alpha)):
        return words
    far = every >= FAR and row["psi"] < policy.psi_moderate
    few = far or after.std >= WIDE * before.std
    if row["psi"] - row["psi_expected"] >= policy.psi_moderate:
        return NumericWords((whole,), few)
    more = places if row["beyond"] >= policy.share_moderate else _tails(row, policy)
    return NumericWords((whole, *more), few)


def _apart_from_rest(
    unusual: Unusual, places: list[str], every: float, scale: float, alpha: float
) -> NumericWords | None:
    """Say what the rest did, by itself; None where all values moved as one."""
    before, rest = unusual.before, unusual.rest
    if not rest.present:
        return NumericWords(tuple(places))
    if not _moved(unusual, rest, alpha):
        return NumericWords((*places, "the rest did not move"), few=True)
    own = abs(apart(before.mean, rest.mean)) / scale
    single = len(places) > 1 or not unusual.ends or any(end.single for end in unusual.ends)
    if not (single or every > 2 * own + LEAST_CARRIED):
        return None
    shift = _shift(before, rest, scale) or "changed its shape"
    return NumericWords((*places, f"the rest {shift}"), few=own < FAR)


def _places(unusual: Unusual, row: Mapping[str, Any], policy: DriftPolicy) -> list[str]:
    """Say where values lie that the reference has few of, if that is told from chance."""
    beyond = unusual.beyond if row["beyond_p_value"] < policy.alpha else 0.0
    spike = unusual.spike_share if row["spike_p_value"] < policy.alpha else 0.0
    if spike and spike <= 2 * unusual.spike_before:
        spike = 0.0
    # Where one is a small part of the other it is not worth a word.
    places = [_beyond(unusual)] if beyond > FEW * spike else []
    if spike > FEW * beyond:
        now, was = percents(spike, unusual.spike_before)
        places.append(f"{now} of the values are {unusual.spike_value}, was {was}")
    return places


def _beyond(unusual: Unusual) -> str:
    """Say what lies outside the range: the value where it is one, else how far it reaches."""
    present = unusual.after.present
    if all(end.single for end in unusual.ends):
        shares = [f"{percent(end.at / present)} of the values are {written(end.value)}"
                  for end in unusual.ends]  # fmt: skip
        return f"{' and '.join(shares)}, outside {unusual.range}"
    reach = [
        f"{'down' if end.place == 'below' else 'up'} to {written(end.value)}"
        for end in unusual.ends
    ]
    share = percent(unusual.beyond)
    return f"{share} of the values lie outside {unusual.range} ({' and '.join(reach)})"


def _tails(row: Mapping[str, Any], policy: DriftPolicy) -> list[str]:
    """Say that the outermost values became more, where the bins do not show it."""
    if not (row["tails_p_value"] < policy.alpha and row["tails"] >= policy.share_moderate):
        return []
    return [f"{percent(row['tails'])} more of the values lie in its outermost half percents"]


def _moved(unusual: Unusual, rest: NumericCounts, alpha: float) -> bool:
    """Whether what is left changed, too."""
    if rest.present < 2:
        return False
    r, c = unusual.before.cumulative, rest.cumulative
    tests = (
        significance.kolmogorov_p_value(distances.ks(r, c), r.rows, c.rows),
        significance.mann_whitney(r, c).p_value,
    )
    return bool(np.nanmin([*tests, 1.0]) * len(tests) < alpha)


def _numeric_change(column: Column, before: NumericCounts, after: NumericCounts) -> str:
    assert isinstance(column.reference, NumericCounts)
    if _is_flag(before) and _is_flag(after):
        now, was = percents(after.mean, before.mean)
        return f"1 in {now} of the values, was {was}"
    if not all(side.has_spread for side in (column.reference, before, after)):
        return "its values changed (squares are beyond the range of floats: no shift is measured)"
    scale = column.reference.std
    if not scale > 0:
        if before.minimum == after.minimum == after.maximum:
            return "was constant, now has another value with the same first digits"
        # One text where both ends are written alike.
        ends = dict.fromkeys(f"{end:.6g}" for end in (after.minimum, after.maximum))
        return f"was constant ({before.mean:.6g}), now {' to '.join(ends)}"
    parts = list(filter(None, [_shift(before, after, scale)]))
    if before.std > 0:
        spread = after.std / before.std
        if spread > 1.15:
            parts.append(f"spread {spread:.2g} times as wide")
        elif spread < 1 / 1.15:
            parts.append(f"spread {spread:.2g} times as wide" if spread > 0 else "now constant")
    return ", ".join(parts) or "the shape of the distribution changed"


def _shift(before: NumericCounts, after: NumericCounts, scale: float) -> str:
    shift = apart(before.mean, after.mean) / scale
    if abs(shift) < LEAST_SHIFT:
        return ""
    direction = "up" if shift > 0 else "down"
    size = f"{abs(shift):.1g}" if abs(shift) < 1 else f"{abs(shift):.2g}"
    unit = "standard deviation" if size == "1" else "standard deviations"
    return f"shifted {direction} by {size} {unit}"


def _is_flag(counts: NumericCounts) -> bool:
    """Whether every value is 0 or 1: only then do the squares add up to the sum."""
    within = counts.minimum >= 0 and counts.maximum <= 1
    variance = counts.mean * (1 - counts.mean)
    return within and bool(np.isclose(counts.squares / counts.present, variance, atol=1e-12))
