"""Estimate the values of metrics in groups of rows, whatever they are expected from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.influence import UnitSums, add_by_unit
from driftlib.performance.metric import Metric
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


@dataclass(frozen=True)
class GroupEstimate:
    """Estimates of the metrics of some rows that belong together.

    Parameters
    ----------
    limits : float array, shape (3, metrics)
        Value, lower, upper; NaN where a metric is expected to be undefined.
    remarks : sequence of str
        What to know of them; empty where there is nothing.
    sums : UnitSums or None
        What rows are expected to do to the metrics, by unit; None where rows are independent.
    as_rows : str
        Why the intervals take rows as independent; empty where they do not.
    """

    limits: np.ndarray
    remarks: Sequence[str]
    sums: UnitSums | None = None
    as_rows: str = ""


class Expectation(Protocol):
    """What the reference taught of rows without labels."""

    def of_rows(self, rows: np.ndarray, part: int, group: int, window: int) -> GroupEstimate:
        """Estimate the metrics of some new rows.

        Parameters
        ----------
        rows : int array
            Positions in current; at least one, each usable.
        part : int
            The reference's part that they learn from; -1 for none.
        group : int
            Their number among the groups of new rows.
        window : int
            Number of their window.

        Returns
        -------
        GroupEstimate
        """


def estimate_values(
    expectation: Expectation,
    new: Predictions,
    labelled: np.ndarray,
    groups: WindowGroups,
    parts: np.ndarray,
    metrics: Sequence[Metric[Any]],
) -> EstimatedValues:
    """Estimate metrics of each group of rows, whose labels are only counted.

    Parameters
    ----------
    expectation : Expectation
        Of the metrics.
    new : Predictions
        Of the frame that the groups were made from.
    labelled : bool array, shape (rows,)
        Whether each row has a label.
    groups : WindowGroups
    parts : int array, shape (groups,)
        The reference's part that each group learns from; -1 for none.
    metrics : sequence of Metric

    Returns
    -------
    EstimatedValues
    """
    positions, usable = np.arange(len(new.pred))[groups.rows], new.usable
    limits = np.full((3, len(groups.lo), len(metrics)), np.nan)
    notes, as_rows = [], [""] * len(groups.lo)
    sums = [add_by_unit(np.zeros((len(metrics), 0)), np.zeros(0, int))] * len(groups.lo)
    windows = groups.keys["window"].tolist()
    lacking = "a prediction" if new.proba is None else "a prediction or probability"
    for group, (lo, hi) in enumerate(zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)):
        rows = positions[lo:hi]
        used = rows[usable[rows]]
        lost = len(rows) - len(used)
        said = [groups.notes[group], f"{lost:,} rows without {lacking}" if lost else ""]
        reasons = totals = [""] * len(metrics)
        if len(used):
            # Of the window's number: a segment gets what its rows alone would get.
            found = expectation.of_rows(used, int(parts[group]), group, windows[group])
            limits[:, group], as_rows[group] = found.limits, found.as_rows
            said += found.remarks
            sums[group] = found.sums or sums[group]
            totals = [
                metric.in_all(ends, len(used)) if np.isfinite(ends[0]) else ""
                for metric, ends in zip(metrics, found.limits.T, strict=True)
            ]
            reasons = [
                "" if known else f"expected to be undefined: {metric.unexpected}"
                for metric, known in zip(metrics, np.isfinite(found.limits[0]), strict=True)
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
