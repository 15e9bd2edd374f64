"""Split a feature's values into parts that can be drawn: values, bins, tenths or categories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from driftlib.profile.column import Column, written
from driftlib.profile.outside import NEAR, STEPS, outside_edges
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.text import counted

MOST_LEVELS = 15
# A numeric feature with so few values is drawn value by value.
MOST_VALUES = 30
# Where one bin of equal width holds more than this, the reference's tenths say more.
CROWDED = 0.6

VALUES, TENTHS, HISTOGRAM, LEVELS = "value", "range", "bin", "category"


@dataclass(frozen=True)
class Outside:
    """Hold what of the current values lies in one part beyond a histogram's edges.

    Parameters
    ----------
    part : str
        In words.
    low, high : float
        Its ends.
    share : float
        Of all values.
    near : bool
        Whether it is so near that a picture of the reference can go on to it.
    """

    part: str
    low: float
    high: float
    share: float
    near: bool

    @property
    def middle(self) -> float:
        """Between its ends."""
        return self.low / 2 + self.high / 2


@dataclass(frozen=True)
class Shares:
    """Hold the shares of the values of two samples, part by part.

    Parameters
    ----------
    parts : list of str
        Plain text; in a histogram the first and last are what lies outside its edges.
    reference, current : float array
        Of all values that are not missing; NaN where a side has none.
    drawn_as : str
        What a part is.
    edges : float array
        Of a histogram.
    outside : tuple of Outside
        Of a histogram, where the current values beyond its edges lie, from the smallest up; empty
        where that is not known.
    """

    parts: list[str]
    reference: np.ndarray
    current: np.ndarray
    drawn_as: str
    edges: np.ndarray
    outside: tuple[Outside, ...] = ()


def shares_of(column: Column, reference: Counts, current: Counts) -> Shares:
    """Compute the shares of two samples, in the parts that show this column best.

    Parameters
    ----------
    column : Column
        As the baseline knows it.
    reference, current : Counts
        Of the column.

    Returns
    -------
    Shares
        Of single values, tenths of the reference, equally wide bins, or categories.
    """
    if isinstance(reference, NumericCounts) and isinstance(current, NumericCounts):
        return _numeric_shares(column, reference, current)
    assert isinstance(reference, CategoricalCounts)
    assert isinstance(current, CategoricalCounts)
    return _level_shares(column, reference, current)


def _numeric_shares(column: Column, reference: NumericCounts, current: NumericCounts) -> Shares:
    at = [counts.at_or_below - counts.below for counts in (reference, current)]
    taken = np.flatnonzero(at[0])
    if len(taken) <= MOST_VALUES and at[0].sum() == reference.present:
        names = [written(value, 6) for value in column.grid[taken]]
        counts = [side[taken] for side in at]
        if at[1][taken].sum() < current.present:
            names.append("new values")
            counts = [
                np.append(side, whole.present - side.sum())
                for side, whole in zip(counts, (reference, current), strict=True)
            ]
        return _shares(names, counts, (reference, current), VALUES)
    counts = [column.histogram(side) for side in (reference, current)]
    tenths = column.bin_labels
    edges = column.histogram_edges
    crowded = counts[0].max() > CROWDED * reference.present and len(tenths) >= 5
    if crowded or len(np.unique(edges.astype(float))) < len(edges):
        bins = [column.bins(side) for side in (reference, current)]
        return _shares(tenths, bins, (reference, current), TENTHS)
    inner = [f"{written(low)} to {written(high)}" for low, high in pairwise(edges)]
    names = [f"below {written(edges[0])}", *inner, f"above {written(edges[-1])}"]
    found = _shares(names, counts, (reference, current), HISTOGRAM, edges)
    return replace(found, outside=_outside(column, current))


def _outside(column: Column, current: NumericCounts) -> tuple[Outside, ...]:
    """Say where the current values beyond the grid lie."""
    if not current.outside.any():
        return ()
    low, high = float(column.grid[0]), float(column.grid[-1])
    edges = outside_edges(low, high)
    half = len(STEPS)
    least, greatest = min(current.minimum, low), max(current.maximum, high)
    starts = np.concatenate([[least], edges[:half], [high], edges[half:]])
    ends = np.concatenate([edges[:half], [low], edges[half:], [greatest]])
    found = []
    for place in np.flatnonzero(current.outside):
        rows = int(current.outside[place])
        start, end = max(float(starts[place]), least), min(float(ends[place]), greatest)
        part = f"{written(start)} to {written(end)}"
        for value, at in ((least, current.at_minimum), (greatest, current.at_maximum)):
            if start <= value <= end and at == rows and not low <= value <= high:
                start = end = value
                part = written(value)
        near = bool(half - NEAR < place <= half + NEAR)
        found.append(Outside(part, start, end, rows / current.present, near))
    return tuple(found)


def _level_shares(
    column: Column, reference: CategoricalCounts, current: CategoricalCounts
) -> Shares:
    sides = (reference, current)
    share = [side.levels / max(1, side.present) for side in sides]
    order = np.argsort(-np.maximum(*share), kind="stable")
    shown, rest = order[:MOST_LEVELS], order[MOST_LEVELS:]
    names = [column.levels[place] for place in shown]
    counts = [side.levels[shown] for side in sides]
    parts = {
        f"{counted(len(rest), 'other value')}": [int(side.levels[rest].sum()) for side in sides]
    }
    unlisted = "new values" if column.complete else "rarer values"
    parts[unlisted] = [side.unlisted for side in sides]
    for name, more in parts.items():
        if any(more):
            names.append(name)
            counts = [np.append(side, extra) for side, extra in zip(counts, more, strict=True)]
    return _shares(names, counts, sides, LEVELS)


def _shares(
    names: list[str],
    counts: list[np.ndarray],
    sides: tuple[Counts, Counts],
    drawn_as: str,
    edges: np.ndarray | None = None,
) -> Shares:
    old, new = (
        side / whole.present if whole.present else np.full(len(side), np.nan)
        for side, whole in zip(counts, sides, strict=True)
    )
    return Shares(names, old, new, drawn_as, np.zeros(0) if edges is None else edges.astype(float))
