"""Estimate the values of metrics in groups of rows, from calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.data.task import Task
from driftlib.performance.assumptions import MixtureCheck
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.influence import UnitSums, add_by_unit
from driftlib.performance.metric import Metric
from driftlib.performance.predictive import predictive_interval
from driftlib.performance.reference_calibration import ReferenceCalibration
from driftlib.performance.unit_effects import ResidualEffects
from driftlib.performance.units import AS_ROWS
from driftlib.stats.aggregates import group_sums
from driftlib.text import join_notes


@dataclass(frozen=True)
class EstimatedValues:
    """Estimates of each group, and what its units add up to.

    Parameters
    ----------
    values : MetricValues
    sums : list of UnitSums
        Of what rows are expected to do to the metrics, by group; empty where rows are independent.
    as_rows : list of str
        Why the interval of each group takes rows as independent; empty where it does not.
    """

    values: MetricValues
    sums: list[UnitSums]
    as_rows: list[str]


def estimate_values(
    new: Predictions,
    labelled: np.ndarray,
    task: Task,
    groups: WindowGroups,
    parts: np.ndarray,
    metrics: Sequence[Metric[Any]],
    learning: ReferenceCalibration,
    seed: int,
    effects: ResidualEffects | None,
    places: np.ndarray,
    check: MixtureCheck | None = None,
) -> EstimatedValues:
    """Estimate metrics of each group of rows, whose labels are only counted.

    Parameters
    ----------
    new : Predictions
        Of the frame that the groups were made from.
    labelled : bool array, shape (rows,)
        Whether each row has a label.
    task : Task
    groups : WindowGroups
    parts : int array, shape (groups,)
        The reference's part that each group learns from; -1 for none.
    metrics : sequence of Metric
        Of classifiers.
    learning : ReferenceCalibration
    seed : int
        Of the draws.
    effects : ResidualEffects or None
        What units do to labels; None where rows are independent.
    places : int array, shape (rows,)
        Place in time of each row's unit, -1 for none; empty where rows are independent.
    check : MixtureCheck, optional
        What says so where only the share of positives seems to have changed.

    Returns
    -------
    EstimatedValues
    """
    positions, usable = np.arange(len(new.pred))[groups.rows], new.usable
    limits = np.full((3, len(groups.lo), len(metrics)), np.nan)
    notes, as_rows = [], [""] * len(groups.lo)
    sums = [add_by_unit(np.zeros((len(metrics), 0)), np.zeros(0, int))] * len(groups.lo)
    windows = groups.keys["window"].tolist()
    for group, (lo, hi) in enumerate(zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)):
        rows = positions[lo:hi]
        used = rows[usable[rows]]
        lost = len(rows) - len(used)
        said = [groups.notes[group]]
        said.append(f"{lost:,} rows without a prediction or probability" if lost else "")
        reasons = totals = [""] * len(metrics)
        if len(used):
            part = new.take(used)
            calibration, remarks = learning.calibration(used, int(parts[group]), group)
            # Of the window's number: a segment gets what its rows alone would get.
            rng = np.random.default_rng([seed, windows[group]])
            own = None
            if effects is not None:
                own = effects.of_rows(calibration, places[used])
                sums[group] = effects.expected(calibration.calibrator, part, places[used])
                as_rows[group] = "" if own else f"{AS_ROWS}: the reference has too few units"
            said.append(check.words(new, used) if check else "")
            limits[:, group] = predictive_interval(
                calibration.calibrator, part, len(task.classes), metrics, rng, own
            )
            said += remarks
            totals = [
                metric.in_all(ends, len(used)) if np.isfinite(ends[0]) else ""
                for metric, ends in zip(metrics, limits[:, group].T, strict=True)
            ]
            reasons = [
                "" if known else f"expected to be undefined: {metric.undefined}"
                for metric, known in zip(metrics, np.isfinite(limits[0, group]), strict=True)
            ]
        notes.append(
            [
                join_notes(reason, *said, in_all, new.opposed if metric.needs_proba else "")
                for metric, reason, in_all in zip(metrics, reasons, totals, strict=True)
            ]
        )
    value, lower, upper = limits
    counts = group_sums(labelled[groups.rows].astype(np.int64), groups.lo, groups.hi)
    values = MetricValues(value, lower, upper, groups.hi - groups.lo, counts, notes)
    return EstimatedValues(values, sums, as_rows)
