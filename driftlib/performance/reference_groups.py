"""Tell which rows of the reference each group of rows is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups, match_segments
from driftlib.data.like_rows import SeasonCells
from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.predictions import Predictions
from driftlib.data.task import Task
from driftlib.performance.influence import UnitSums, add_by_unit, influences
from driftlib.performance.metric import Metric
from driftlib.performance.unit_numbers import NumberedUnits
from driftlib.stats.few_units import FEW_UNITS
from driftlib.stats.seasons import degrees_lost


@dataclass(frozen=True)
class ReferenceGroups:
    """Groups of the reference's rows, and which of them each current group is compared with.

    Parameters
    ----------
    groups : WindowGroups
        Of the reference: its segments, or with a season the rows that are like those of the
        current groups.
    places : int array, shape (current groups,)
        Number of the reference's group; -1 for none.
    compared : WindowGroups
        The current groups with the rows that can be compared: all of them without a season.
    likes : tuple of LikeWithLike
        With a season, what is compared in each current group.
    excess : float array, shape (groups of the reference,)
        How many times the variance of a mean is that of as many rows.
    """

    groups: WindowGroups
    places: np.ndarray
    compared: WindowGroups
    likes: tuple[LikeWithLike, ...] = ()
    excess: np.ndarray | float = 1.0

    @property
    def partly(self) -> bool:
        """Whether some rows of some group cannot be compared."""
        return any(like.left_out for like in self.likes)

    @property
    def untold(self) -> list[str]:
        """Why each current group cannot be compared; empty where it can."""
        return [like.reason for like in self.likes] or [""] * len(self.places)

    @property
    def remarks(self) -> list[str]:
        """What cannot be compared of each current group; empty where all can."""
        none = [""] * len(self.places)
        return ["" if like.reason else like.missing for like in self.likes] or none


def reference_groups(
    groups: WindowGroups, reference: WindowGroups, cells: SeasonCells | None = None
) -> ReferenceGroups:
    """Find the rows of the reference that each group is compared with.

    Parameters
    ----------
    groups : WindowGroups
        Of the current rows.
    reference : WindowGroups
        Of the same segment columns; one window.
    cells : SeasonCells, optional
        Of the rows of both tables: each group is compared with rows of its own cells.

    Returns
    -------
    ReferenceGroups
    """
    segments = match_segments(groups, reference)
    if cells is None:
        return ReferenceGroups(reference, segments, groups)
    before, after = (
        [np.arange(len(codes))[side.rows][lo:hi] for lo, hi in zip(side.lo, side.hi, strict=True)]
        for side, codes in ((reference, cells.reference), (groups, cells.current))
    )
    known: dict[tuple[int, tuple[int, ...]], int] = {}
    rows: list[np.ndarray] = []
    excess, places, kept, likes = [], [], [], []
    for own, segment in zip(after, segments.tolist(), strict=True):
        all_rows = before[segment] if segment >= 0 else np.zeros(0, int)
        found = cells.like(all_rows, own, again=True)
        kept.append(found.current)
        likes.append(found.like)
        shares = np.bincount(cells.reference[found.reference], minlength=len(cells.names))
        key = (segment, tuple(shares.tolist()))
        if len(found.reference) and key not in known:
            known[key] = len(rows)
            rows.append(found.reference)
            excess.append(found.excess)
        places.append(known.get(key, -1))
    # What is compared with nothing needs a group to be compared with, of no rows.
    rows, excess = [*rows, np.zeros(0, int)], [*excess, 1.0]
    numbers = pd.DataFrame({"window": np.arange(len(rows)), "start": None, "end": None})
    like = WindowGroups(numbers, [""] * len(rows), *_laid(rows), np.arange(len(rows)),
                        pd.DataFrame(index=range(len(rows))), 0)  # fmt: skip
    order, lo, hi = _laid(kept)
    return ReferenceGroups(
        like,
        np.array(places, dtype=int),
        replace(groups, rows=order, lo=lo, hi=hi),
        tuple(likes),
        np.array(excess),
    )


def _laid(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay positions end to end: those, and the bounds of each."""
    hi = np.cumsum([len(own) for own in rows], dtype=int)
    return np.concatenate([np.zeros(0, int), *rows]), np.append(0, hi[:-1])[: len(hi)], hi


@dataclass(frozen=True)
class LabelledSides:
    """What the rows of the units of both sides add up to, by group.

    Parameters
    ----------
    current : list of UnitSums
        By current group.
    reference : list of UnitSums
        By group of the reference.
    """

    current: list[UnitSums]
    reference: list[UnitSums]


def labelled_sums(
    predictions: Predictions,
    groups: WindowGroups,
    places: np.ndarray,
    task: Task,
    metrics: Sequence[Metric[Any]],
) -> list[UnitSums]:
    """Add up how far labelled rows move metrics, by group and unit.

    Parameters
    ----------
    predictions : Predictions
        Of the frame that the groups were made from.
    groups : WindowGroups
    places : int array, shape (rows,)
        Place in time of each row's unit, the same on both sides; -1 for none.
    task : Task
    metrics : sequence of Metric
        Of the task.

    Returns
    -------
    list of UnitSums
        By group.
    """
    rows, units = predictions.take(groups.rows), places[groups.rows]
    return [
        add_by_unit(influences(rows.take(slice(lo, hi)), task, metrics), units[lo:hi])
        for lo, hi in zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)
    ]


def like_sums(
    now: Predictions,
    past: Predictions,
    like: ReferenceGroups,
    units: NumberedUnits,
    cells: SeasonCells,
    task: Task,
    metrics: Sequence[Metric[Any]],
) -> LabelledSides:
    """Add up how far rows move metrics beyond what the cells of a season foretell, by unit.

    Both sides hold the cells in the same shares, so that what cells foretell is no part of their
    difference, and days of different cells are not unlike by chance. What they foretell is
    learnt from the reference, and what that takes of its degrees of freedom is given back.

    Parameters
    ----------
    now, past : Predictions
        Of the current rows, and of the reference's.
    like : ReferenceGroups
        Of a season.
    units : NumberedUnits
        Of both.
    cells : SeasonCells
        Of both.
    task : Task
    metrics : sequence of Metric
        Of the task.

    Returns
    -------
    LabelledSides
    """
    reference, levels = [], []
    for scores, codes, own in _by_group(past, like.groups, cells.reference, units.reference, task,
                                        metrics):  # fmt: skip
        level = _levels(scores, codes, len(cells.names))
        held = own >= 0
        table = pd.crosstab(own[held], codes[held]).to_numpy() if held.any() else np.zeros((0, 0))
        spare = len(table) - 1 - (degrees_lost(list(table.T)) if table.size else 0)
        levels.append(level if spare >= FEW_UNITS else np.zeros_like(level))
        sums = add_by_unit(scores - levels[-1][:, codes], own)
        if spare >= FEW_UNITS:
            sums = sums.scaled(float(np.sqrt((len(table) - 1) / spare)))
        reference.append(sums)
    current = []
    parts = _by_group(now, like.compared, cells.current, units.current, task, metrics)
    for place, (scores, codes, own) in zip(like.places.tolist(), parts, strict=True):
        left = scores - levels[place][:, codes]
        with np.errstate(invalid="ignore", divide="ignore"):
            known = np.isfinite(left)
            left = left - (np.nansum(left, 1) / known.sum(1))[:, None]
        current.append(add_by_unit(left, own))
    return LabelledSides(current, reference)


def _by_group(
    predictions: Predictions,
    groups: WindowGroups,
    cells: np.ndarray,
    units: np.ndarray,
    task: Task,
    metrics: Sequence[Metric[Any]],
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Influences, cells and units of the rows of each group."""
    rows, order = predictions.take(groups.rows), groups.rows
    return [
        (influences(rows.take(slice(lo, hi)), task, metrics), cells[order][lo:hi],
         units[order][lo:hi])
        for lo, hi in zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)
    ]  # fmt: skip


def _levels(scores: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """Mean score of each cell; 0 where there is none."""
    known = np.isfinite(scores)
    filled = np.where(known, scores, 0)
    sums = np.array([np.bincount(cells, row, count) for row in filled]).reshape(-1, count)
    rows = np.array([np.bincount(cells[row], minlength=count) for row in known])
    return np.asarray(sums / np.maximum(rows.reshape(-1, count), 1))
