"""From clean labels and predictions to numbers: every metric of every group of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.data.task import REGRESSION, Task
from driftlib.performance.metrics import Metric
from driftlib.stats.aggregates import GroupedClassification, GroupedRegression, group_sums
from driftlib.text import join_notes

MOST_CELLS = 20_000_000


@dataclass(frozen=True)
class Measured:
    """Values of some metrics in some groups of rows.

    Attributes
    ----------
    value, lower, upper : float array, shape (groups, metrics)
    n, n_labelled : int array, shape (groups,)
    notes : list of list of str
        By group and metric.
    """

    value: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    n: np.ndarray
    n_labelled: np.ndarray
    notes: list[list[str]]


def measure(
    outcomes: Predictions, problem: Task, layout: WindowGroups, metrics: Sequence[Metric]
) -> Measured:
    """Metrics of each group of rows of a layout, from labels."""
    part = outcomes.take(layout.rows)
    # Confusion matrices of many classes are large: some groups at a time.
    size = max(1, MOST_CELLS // max(1, len(problem.classes)) ** 2)
    pieces = [
        _measure_groups(part, problem, layout, slice(first, first + size), metrics)
        for first in range(0, len(layout.lo), size)
    ]
    if len(pieces) == 1:
        return pieces[0]
    names = ("value", "lower", "upper", "n", "n_labelled")
    joined = [np.concatenate([getattr(piece, name) for piece in pieces]) for name in names]
    return Measured(*joined, [notes for piece in pieces for notes in piece.notes])


def _measure_groups(
    part: Predictions, problem: Task, layout: WindowGroups, groups: slice, metrics: Sequence[Metric]
) -> Measured:
    lo, hi = layout.lo[groups], layout.hi[groups]
    first = int(lo.min())
    part = part.take(slice(first, int(hi.max())))
    lo, hi = lo - first, hi - first
    labelled = group_sums(part.labelled.astype(np.int64), lo, hi)
    unpredicted = group_sums((part.labelled & ~part.predicted).astype(np.int64), lo, hi)
    evidence: GroupedClassification | GroupedRegression
    if problem.task == REGRESSION:
        evidence = GroupedRegression(part.y, part.pred, lo, hi)
    else:
        evidence = GroupedClassification(
            part.y, part.pred, part.proba, len(problem.classes), lo, hi
        )
    limits, notes = [], []
    for metric in metrics:
        if metric.needs_proba and part.proba is None:
            limits.append(np.full((3, len(lo)), np.nan))
            notes.append(["no probabilities"] * len(lo))
            continue
        value, lower, upper = metric.measure(evidence)
        limits.append(np.array([value, lower, upper]))
        lacking = labelled - evidence.scored if metric.needs_proba else unpredicted
        what = "probability" if metric.needs_proba else "prediction"
        notes.append(
            [
                join_notes(
                    "" if known else metric.undefined if rows else "no labelled rows",
                    window,
                    _counted(absent, f"labelled row{'s' * (absent != 1)} without a {what}"),
                    remark,
                    part.opposed if metric.needs_proba else "",
                )
                for known, rows, window, absent, remark in zip(
                    np.isfinite(value).tolist(),
                    labelled.tolist(),
                    layout.notes[groups],
                    lacking.tolist(),
                    metric.remarks(evidence, problem.classes),
                    strict=True,
                )
            ]
        )
    value, lower, upper = np.stack(limits, axis=-1)
    return Measured(
        value, lower, upper, hi - lo, labelled, list(map(list, zip(*notes, strict=True)))
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count else ""
