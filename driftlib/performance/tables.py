"""Lay out values of metrics as tables: judged by limits and by the reference, with what is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.limits import Limit, Verdicts, is_compared, judge
from driftlib.performance.metric import Metric
from driftlib.performance.units import UnitJudgement, widened
from driftlib.text import join_notes

ENDS = ("value", "lower", "upper")
JudgeUnits = Callable[[np.ndarray], UnitJudgement]


@dataclass(frozen=True)
class ReferenceValues:
    """What the reference's rows showed that each group is compared with.

    Parameters
    ----------
    measured : MetricValues
        By group; with intervals for independent rows.
    shown : MetricValues
        The same with intervals that know the units.
    compared : MetricValues, optional
        Of the rows of each group that can be compared, where those are not all.
    untold, remarks : list of str
        Why a group cannot be compared, and what of it cannot; by group, empty for none.
    """

    measured: MetricValues
    shown: MetricValues
    compared: MetricValues | None = None
    untold: Sequence[str] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class JudgedTable:
    """Values judged by limits and by the reference.

    Parameters
    ----------
    table : pandas.DataFrame
        A row per segment, window and metric: see `driftlib.track_performance`.
    basis : pandas.DataFrame
        The same rows with the values of what is compared with the reference.
    """

    table: pd.DataFrame
    basis: pd.DataFrame


def judged_table(
    groups: WindowGroups,
    metrics: Sequence[Metric[Any]],
    values: MetricValues,
    limits: Mapping[str, Limit],
    reference: ReferenceValues | None = None,
    estimated: bool = False,
    units: JudgeUnits | None = None,
) -> JudgedTable:
    """Judge values, each group by its own reference, and lay them out as a result's table.

    Parameters
    ----------
    groups : WindowGroups
    metrics : sequence of Metric
    values : MetricValues
        Of those groups and metrics.
    limits : dict of Limit
        By metric.
    reference : ReferenceValues, optional
        Of the same groups and metrics.
    estimated : bool
        Whether the values are estimates.
    units : callable, optional
        From value less that of the reference, (groups, metrics), to what units say of it; None
        where rows are independent.

    Returns
    -------
    JudgedTable
    """
    own = None if reference is None else reference.measured
    basis = values if reference is None else reference.compared or values
    found = None
    if units is not None:
        found = units(np.nan * values.value if own is None else basis.value - own.value)
    verdicts = judge(values, metrics, limits, own, found, basis)
    shown, held = (
        side if found is None else widened(side, found.own, metrics) for side in (values, basis)
    )
    known = None if reference is None else reference.shown
    table = long_table(groups, metrics, shown, verdicts, estimated, found, known)
    compared = [own is not None and is_compared(metric.name, limits) for metric in metrics]
    shown_from = _shown_from(verdicts, metrics)
    remarks = [
        (*said, *blind)
        for said, blind in zip(
            _remarks(values, reference, compared, found), shown_from, strict=True
        )
    ]
    pairs = zip(table["note"], remarks, strict=True)
    table["note"] = [join_notes(note, *more) for note, more in pairs]
    ends = {name: getattr(held, name).ravel() for name in ENDS}
    labelled = np.repeat(basis.n_labelled, len(metrics))
    return JudgedTable(table, table.assign(n_labelled=labelled, **ends))


def _shown_from(verdicts: Verdicts, metrics: Sequence[Metric[Any]]) -> list[tuple[str, ...]]:
    """Say from which value on a loss would show, where a large one would not; by group."""
    return [
        (
            f"too little is known to show a {'fall' if metric.higher_is_better else 'rise'} "
            f"that does not go {'below' if metric.higher_is_better else 'above'} "
            f"{metric.write(float(value))}",
        )
        if np.isfinite(value)
        else ()
        for values in verdicts.shows
        for value, metric in zip(values.tolist(), metrics, strict=True)
    ]


def _remarks(
    values: MetricValues,
    reference: ReferenceValues | None,
    compared: Sequence[bool],
    units: UnitJudgement | None,
) -> list[tuple[str, ...]]:
    """Say of each value what it cannot be compared with, and why not; by group and metric."""
    known = np.isfinite(values.value)
    none = [""] * len(known)
    unlike, part, lacking = none, none, np.zeros_like(known)
    if reference is not None:
        unlike, part = list(reference.untold) or none, list(reference.remarks) or none
        lacking = known & np.isnan(reference.measured.value)
    alone = "the reference has no value to compare with"
    return [
        (
            unlike[g] or (alone if lacking[g, m] else "") if compared[m] and known[g, m] else "",
            part[g] if compared[m] and known[g, m] else "",
            units.cannot_tell[g] if units and compared[m] and known[g, m] else "",
            units.as_rows[g] if units and known[g, m] else "",
        )
        for g, m in np.ndindex(known.shape)
    ]


def long_table(
    groups: WindowGroups,
    metrics: Sequence[Metric[Any]],
    values: MetricValues,
    verdicts: Verdicts | None = None,
    estimated: bool = False,
    units: UnitJudgement | None = None,
    reference: MetricValues | None = None,
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
    reference : MetricValues, optional
        What the reference showed, by group.

    Returns
    -------
    pandas.DataFrame
        A row per group and metric: see `driftlib.track_performance`.
    """
    each = np.repeat(np.arange(len(groups.lo)), len(metrics))
    shown = {name: getattr(values, name).ravel() for name in ENDS}
    before = {
        f"reference_{name}": np.nan if reference is None else getattr(reference, name).ravel()
        for name in ENDS
    }
    columns = {
        "n": values.n[each],
        "n_labelled": values.n_labelled[each],
        "metric": [metric.name for metric in metrics] * len(groups.lo),
        **shown,
        "threshold": verdicts.threshold.ravel() if verdicts else np.nan,
        "breached": verdicts.breached.ravel() if verdicts else False,
        "degraded": verdicts.degraded.ravel() if verdicts else False,
        "estimated": estimated,
        "note": [note for notes in values.notes for note in notes],
        "design_effect": np.nan if units is None else units.design_effect.ravel(),
        "units_reference": np.nan if units is None else units.n_reference[each],
        "units_current": np.nan if units is None else units.n_current[each],
        "held": False,
        **before,
    }
    # Columns that are added one by one cost a copy of all names each.
    keys = groups.keys.iloc[each].reset_index(drop=True)
    return pd.concat([keys, pd.DataFrame(columns, index=keys.index)], axis=1)
