"""Lay out values of metrics as tables: judged by limits and by the reference, with what is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups, match_segments
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.limits import Limit, Verdicts, is_compared, judge
from driftlib.performance.metric import Metric
from driftlib.performance.units import UnitComparison, UnitJudgement, widened
from driftlib.text import join_notes

JudgeUnits = Callable[[np.ndarray], UnitJudgement]


@dataclass(frozen=True)
class ReferenceValues:
    """What the reference showed, as one window.

    Parameters
    ----------
    groups : WindowGroups
        A group for each segment.
    measured : MetricValues
        With intervals for independent rows.
    """

    groups: WindowGroups
    measured: MetricValues


def judged_table(
    groups: WindowGroups,
    metrics: Sequence[Metric[Any]],
    values: MetricValues,
    limits: Mapping[str, Limit],
    reference: ReferenceValues | None = None,
    estimated: bool = False,
    units: JudgeUnits | None = None,
) -> pd.DataFrame:
    """Judge values, each segment by its own reference, and lay them out as a result's table.

    Parameters
    ----------
    groups : WindowGroups
    metrics : sequence of Metric
    values : MetricValues
        Of those groups and metrics.
    limits : dict of Limit
        By metric.
    reference : ReferenceValues, optional
        Of the same segment columns and metrics.
    estimated : bool
        Whether the values are estimates.
    units : callable, optional
        From value less that of the reference, (groups, metrics), to what units say of it; None
        where rows are independent.

    Returns
    -------
    pandas.DataFrame
        A row per segment, window and metric: see `driftlib.track_performance`.
    """
    own = None
    if reference is not None:
        own = reference.measured.take(match_segments(groups, reference.groups))
    found = None
    if units is not None:
        found = units(np.nan * values.value if own is None else values.value - own.value)
    verdicts = judge(values, metrics, limits, own, found)
    shown = values if found is None else widened(values, found.own, metrics)
    table = long_table(groups, metrics, shown, verdicts, estimated, found)
    compared = [own is not None and is_compared(metric.name, limits) for metric in metrics]
    remarks = _remarks(values, own, compared, found)
    pairs = zip(table["note"], remarks, strict=True)
    table["note"] = [join_notes(note, *more) for note, more in pairs]
    return table


def _remarks(
    values: MetricValues,
    reference: MetricValues | None,
    compared: Sequence[bool],
    units: UnitJudgement | None,
) -> list[tuple[str, ...]]:
    """Say of each value what it cannot be compared with, and why not; by group and metric."""
    known = np.isfinite(values.value)
    alone = np.zeros_like(known) if reference is None else known & np.isnan(reference.value)
    return [
        (
            "the reference has no value to compare with" if compared[m] and alone[g, m] else "",
            units.cannot_tell[g] if units and compared[m] and known[g, m] else "",
            units.as_rows[g] if units and known[g, m] else "",
        )
        for g, m in np.ndindex(known.shape)
    ]


def reference_table(
    reference: ReferenceValues, metrics: Sequence[Metric[Any]], units: UnitComparison | None
) -> pd.DataFrame:
    """Lay out the reference's own values as a result's table.

    Parameters
    ----------
    reference : ReferenceValues
    metrics : sequence of Metric
    units : UnitComparison or None
        Whose reference it is; None where rows are independent.

    Returns
    -------
    pandas.DataFrame
        A row per segment and metric, as one window.
    """
    measured = reference.measured
    if units is not None:
        measured = widened(measured, units.of_reference(), metrics)
    return long_table(reference.groups, metrics, measured)


def long_table(
    groups: WindowGroups,
    metrics: Sequence[Metric[Any]],
    values: MetricValues,
    verdicts: Verdicts | None = None,
    estimated: bool = False,
    units: UnitJudgement | None = None,
) -> pd.DataFrame:
    """Lay out values as a result's table.

    Parameters
    ----------
    groups : WindowGroups
    metrics : sequence of Metric
    values : MetricValues
        Of those groups and metrics.
    verdicts : Verdicts, optional
        On those values.
    estimated : bool
        Whether the values are estimates.
    units : UnitJudgement, optional
        What units say of them.

    Returns
    -------
    pandas.DataFrame
        A row per group and metric: see `driftlib.track_performance`.
    """
    each = np.repeat(np.arange(len(groups.lo)), len(metrics))
    table = groups.keys.iloc[each].reset_index(drop=True)
    table["n"] = values.n[each]
    table["n_labelled"] = values.n_labelled[each]
    table["metric"] = [metric.name for metric in metrics] * len(groups.lo)
    table["value"] = values.value.ravel()
    table["lower"] = values.lower.ravel()
    table["upper"] = values.upper.ravel()
    table["threshold"] = verdicts.threshold.ravel() if verdicts else np.nan
    table["breached"] = verdicts.breached.ravel() if verdicts else False
    table["degraded"] = verdicts.degraded.ravel() if verdicts else False
    table["estimated"] = estimated
    table["note"] = [note for notes in values.notes for note in notes]
    table["design_effect"] = np.nan if units is None else units.design_effect.ravel()
    table["units_reference"] = np.nan if units is None else units.n_reference[each]
    table["units_current"] = np.nan if units is None else units.n_current[each]
    table["held"] = False
    return table
