"""Evaluate metrics of groups of rows from clean labels and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.data.task import REGRESSION, Task
from driftlib.performance.metric import Metric
from driftlib.stats.aggregates import GroupedClassification, GroupedRegression, group_sums
from driftlib.text import counted, join_notes

# Cells of confusion matrices held in memory at once.
MOST_CONFUSION_CELLS = 20_000_000


@dataclass(frozen=True)
class MetricValues:
    """Values of some metrics in some groups of rows.

    Parameters
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

    def take(self, groups: np.ndarray) -> MetricValues:
        """Take some groups.

        Parameters
        ----------
        groups : int array
            Their numbers; -1 for a group without values.

        Returns
        -------
        MetricValues
            The same for those groups, NaN and 0 rows where there is none.
        """
        none = groups < 0
        value, lower, upper = (
            np.where(none[:, None], np.nan, array[groups])
            for array in (self.value, self.lower, self.upper)
        )
        n, n_labelled = (np.where(none, 0, count[groups]) for count in (self.n, self.n_labelled))
        return MetricValues(value, lower, upper, n, n_labelled, [self.notes[g] for g in groups])


def evaluate(
    predictions: Predictions, task: Task, groups: WindowGroups, metrics: Sequence[Metric[Any]]
) -> MetricValues:
    """Compute metrics of each group of rows from labels.

    Parameters
    ----------
    predictions : Predictions
        Of the frame that the groups were made from.
    task : Task
    groups : WindowGroups
    metrics : sequence of Metric
        Of the task.

    Returns
    -------
    MetricValues

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib.data.groups import window_groups
    >>> from driftlib.performance.metrics import select_metrics
    >>> predictions = Predictions(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 1]), None)
    >>> groups = window_groups(pd.DataFrame(index=range(4)), 2)
    >>> metrics = select_metrics("binary", ["accuracy"], has_proba=False)
    >>> evaluate(predictions, Task("binary", ("no", "yes"), ""), groups, metrics).value.tolist()
    [[1.0], [0.5]]
    """
    rows = predictions.take(groups.rows)
    # Confusion matrices of many classes are large: some groups at a time.
    size = max(1, MOST_CONFUSION_CELLS // max(1, len(task.classes)) ** 2)
    pieces = [
        _evaluate_some(rows, task, groups, slice(first, first + size), metrics)
        for first in range(0, len(groups.lo), size)
    ]
    if len(pieces) == 1:
        return pieces[0]
    return MetricValues(
        value=np.concatenate([piece.value for piece in pieces]),
        lower=np.concatenate([piece.lower for piece in pieces]),
        upper=np.concatenate([piece.upper for piece in pieces]),
        n=np.concatenate([piece.n for piece in pieces]),
        n_labelled=np.concatenate([piece.n_labelled for piece in pieces]),
        notes=[notes for piece in pieces for notes in piece.notes],
    )


def _evaluate_some(
    rows: Predictions,
    task: Task,
    groups: WindowGroups,
    some: slice,
    metrics: Sequence[Metric[Any]],
) -> MetricValues:
    lo, hi = groups.lo[some], groups.hi[some]
    first = int(lo.min())
    part = rows.take(slice(first, int(hi.max())))
    lo, hi = lo - first, hi - first
    labelled = group_sums(part.labelled.astype(np.int64), lo, hi)
    unpredicted = group_sums((part.labelled & ~part.predicted).astype(np.int64), lo, hi)
    unscored = np.zeros_like(labelled)
    aggregates: GroupedClassification | GroupedRegression
    if task.kind == REGRESSION:
        aggregates = GroupedRegression(part.y, part.pred, lo, hi)
    else:
        aggregates = GroupedClassification(part.y, part.pred, part.proba, len(task.classes), lo, hi)
        if part.proba is not None and any(metric.needs_proba for metric in metrics):
            unscored = labelled - aggregates.scored
    limits, notes = [], []
    for metric in metrics:
        if metric.needs_proba and part.proba is None:
            limits.append(np.full((3, len(lo)), np.nan))
            notes.append(["no probabilities"] * len(lo))
            continue
        limits.append(np.array(metric.measure(aggregates)))
        lacking = unscored if metric.needs_proba else unpredicted
        what = "probability" if metric.needs_proba else "prediction"
        notes.append(
            [
                join_notes(
                    "" if known else metric.undefined if count else "no labelled rows",
                    window,
                    f"{counted(absent, 'labelled row')} without a {what}" if absent else "",
                    remark,
                    in_all,
                    part.opposed if metric.needs_proba else "",
                )
                for known, count, window, absent, remark, in_all in zip(
                    np.isfinite(limits[-1][0]).tolist(),
                    labelled.tolist(),
                    groups.notes[some],
                    lacking.tolist(),
                    metric.remarks(aggregates, task.classes),
                    [
                        metric.in_all(ends, rows) if np.isfinite(ends[0]) else ""
                        for ends, rows in zip(
                            limits[-1].T, (labelled - lacking).tolist(), strict=True
                        )
                    ],
                    strict=True,
                )
            ]
        )
    value, lower, upper = np.stack(limits, axis=-1)
    by_group = [list(of_metrics) for of_metrics in zip(*notes, strict=True)]
    return MetricValues(value, lower, upper, hi - lo, labelled, by_group)
