"""Measure what the reference's rows show that each group of rows is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from driftlib.data.predictions import Period
from driftlib.data.task import Task
from driftlib.performance.evaluate import MetricValues, evaluate
from driftlib.performance.metric import Metric
from driftlib.performance.reference_groups import ReferenceGroups
from driftlib.performance.tables import ReferenceValues
from driftlib.performance.units import UnitComparison, widened


def reference_values(
    past: Period,
    like: ReferenceGroups,
    comparison: UnitComparison | None,
    task: Task,
    metrics: Sequence[Metric[Any]],
    compared: MetricValues | None = None,
) -> ReferenceValues:
    """Measure metrics of the reference's rows that groups are compared with.

    Parameters
    ----------
    past : Period
        The reference.
    like : ReferenceGroups
        Which of these each group is compared with.
    comparison : UnitComparison or None
        By units; None where rows are independent.
    task : Task
    metrics : sequence of Metric
        Of the task.
    compared : MetricValues, optional
        Of the current rows that can be compared; None where those are all.

    Returns
    -------
    ReferenceValues
        By current group.
    """
    measured = evaluate(past.predictions, task, like.groups, metrics)
    excess = np.broadcast_to(np.sqrt(like.excess), len(like.groups.lo))
    measured = widened(measured, np.repeat(excess[:, None], len(metrics), axis=1), metrics)
    shown = measured
    if comparison is not None:
        shown = widened(measured, comparison.of_reference(), metrics)
    return ReferenceValues(
        measured.take(like.places),
        shown.take(like.places),
        compared,
        like.untold,
        like.remarks,
    )
