"""Add up any of many profiles at once: their counts lie side by side in arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile
from driftlib.profile.units import NOWHERE, SEVERAL, ProfileUnits, UnitColumn
from driftlib.stats.precision import apart


@dataclass(frozen=True)
class Stack:
    """Profiles of the units of some data, one each, of which any can be added up at once.

    Parameters
    ----------
    parts : list of Profile
        Each of another unit, in order of the units' numbers; at least one.
    columns : mapping of str to float array, shape (parts, numbers)
        What is counted in each part, one number after the other, by column.
    cells : mapping of str to (Stack, int array)
        With a season those of its cells, and which parts have rows of it.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib.profile.baseline import Baseline
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "shop": ["a", "b", "c"]})
    >>> baseline = Baseline.fit(frame, unit="shop", exclude=["shop"])
    >>> stack = Stack.of([baseline.profile_frame(frame.iloc[[row]]) for row in range(3)])
    >>> stack.sum_of(np.array([0, 2])).columns["x"].mean
    2.0
    """

    parts: Sequence[Profile]
    columns: Mapping[str, np.ndarray]
    cells: Mapping[str, tuple[Stack, np.ndarray]]

    @classmethod
    def of(cls, parts: Sequence[Profile]) -> Stack:
        """Lay profiles side by side.

        Parameters
        ----------
        parts : list of Profile
            Of the same baseline, each of the rows of another unit.

        Returns
        -------
        Stack
        """
        columns = {
            name: np.stack([np.concatenate(_numbers(part.columns[name])) for part in parts])
            for name in parts[0].columns
        }
        cells = {}
        for cell in dict.fromkeys(cell for part in parts for cell in part.cells):
            places = [place for place, part in enumerate(parts) if cell in part.cells]
            cells[cell] = cls.of([parts[place].cells[cell] for place in places]), np.array(places)
        return cls(parts, columns, cells)

    def sum_of(self, chosen: np.ndarray) -> Profile:
        """Add up some of the profiles.

        Parameters
        ----------
        chosen : int array
            Their places, from the smallest up; at least one.

        Returns
        -------
        Profile
            As `+` of them gives it.
        """
        parts = [self.parts[place] for place in chosen]
        weights = np.zeros(len(self.parts))
        weights[chosen] = 1
        columns = {
            name: _total([part.columns[name] for part in parts], weights @ numbers)
            for name, numbers in self.columns.items()
        }
        cells = {}
        for cell, (stack, places) in self.cells.items():
            own = np.flatnonzero(np.isin(places, chosen))
            if len(own):
                cells[cell] = stack.sum_of(own)
        units = _joined([part.units for part in parts if part.units is not None], columns)
        rows = sum(part.rows for part in parts)
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        return Profile(parts[0].baseline_id, rows, columns, units, notes, cells)


def size_of(columns: Iterable[Counts]) -> int:
    """Tell how many numbers a profile takes in a stack.

    Parameters
    ----------
    columns : iterable of Counts
        Its columns' counts.

    Returns
    -------
    int
    """
    return sum(len(part) for counts in columns for part in _numbers(counts))


def _numbers(counts: Counts) -> list[np.ndarray]:
    """Take what of a column adds up number by number."""
    few = [counts.rows, counts.missing, counts.absent]
    if isinstance(counts, NumericCounts):
        few += [counts.infinite, counts.unreadable]
        return [np.array(few, float), counts.below, counts.at_or_below, counts.gaps]
    if isinstance(counts, CategoricalCounts):
        return [np.array([*few, counts.unlisted], float), counts.levels, counts.buckets]
    return [np.array(few, float)]


def _total(parts: list[Counts], summed: np.ndarray) -> Counts:
    """Make the counts of some parts of their sums, and of what does not add up."""
    first = parts[0]
    lengths = [len(numbers) for numbers in _numbers(first)]
    few, *grids = np.split(summed, np.cumsum(lengths)[:-1])
    rows, missing, absent, *more = (int(number) for number in few)
    told: dict[str, Any] = {"rows": rows, "missing": missing, "absent": absent}
    if isinstance(first, NumericCounts):
        below, at_or_below, gaps = grids
        numeric = [part for part in parts if isinstance(part, NumericCounts)]
        return replace(
            first,
            **told,
            infinite=more[0],
            unreadable=more[1],
            below=below.astype(np.int64),
            at_or_below=at_or_below.astype(np.int64),
            gaps=gaps,
            bits=min(part.bits for part in numeric),
            example=next((part.example for part in numeric if part.example), ""),
            **_moments(numeric),
            **_ends(numeric),
        )
    if isinstance(first, CategoricalCounts):
        levels, buckets = (numbers.astype(np.int64) for numbers in grids)
        named = [p for p in parts if isinstance(p, CategoricalCounts) and p.unlisted_names]
        names = reduce(add, named).unlisted_names if named else {}
        return replace(
            first, **told, unlisted=more[0], levels=levels, buckets=buckets, unlisted_names=names
        )
    return replace(first, **told)


def _moments(parts: list[NumericCounts]) -> dict[str, Any]:
    held = [(part.present, part.mean, part.squares) for part in parts if part.present]
    if not held:
        return {"mean": np.nan, "squares": 0.0}
    n, means, squares = np.array(held, float).T
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(((n / n.sum()) * means).sum())
        between = np.array([apart(one, mean) for one in means.tolist()])
        return {"mean": mean, "squares": float(squares.sum() + (n * between**2).sum())}


def _ends(parts: list[NumericCounts]) -> dict[str, Any]:
    least = float(np.fmin.reduce([part.minimum for part in parts]))
    greatest = float(np.fmax.reduce([part.maximum for part in parts]))
    outside = [part.outside for part in parts if len(part.outside)]
    return {
        "minimum": least,
        "maximum": greatest,
        "at_minimum": sum(part.at_minimum for part in parts if part.minimum == least),
        "at_maximum": sum(part.at_maximum for part in parts if part.maximum == greatest),
        "outside": np.sum(outside, axis=0) if outside else parts[0].outside,
    }


def _joined(parts: list[ProfileUnits], columns: Mapping[str, Counts]) -> ProfileUnits | None:
    """Put units of different numbers one under the other."""
    if not parts:
        return None
    first = parts[0]
    ids = np.concatenate([part.ids for part in parts])
    joined = {}
    for name in first.columns:
        held = [part.columns[name] for part in parts]
        homes = np.stack([column.home for column in held])
        there = homes != NOWHERE
        number = there.sum(axis=0)
        # Of no unit that has rows of a level the first is taken, which says so.
        own = np.take_along_axis(homes, there.argmax(axis=0)[None], axis=0)[0]
        joined[name] = UnitColumn(
            np.concatenate([column.cells for column in held]),
            np.concatenate([column.missing for column in held]),
            np.concatenate([column.unlisted for column in held]),
            np.where(number > 1, SEVERAL, own),
        )
    rows = np.concatenate([part.rows for part in parts])
    outside = sum(part.outside for part in parts)
    return ProfileUnits(first.rule, ids, first.fold, rows, outside, joined)
