"""From clean labels and predictions to numbers: every metric of every group of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from driftlib.data.groups import Layout
from driftlib.data.predictions import Outcomes
from driftlib.data.task import Problem
from driftlib.performance.limits import Judged, Measured
from driftlib.performance.metrics import REGRESSION, Metric
from driftlib.stats.aggregates import Labelled, LabelledNumbers, group_sums

MOST_CELLS = 20_000_000


def measure(
    outcomes: Outcomes, problem: Problem, layout: Layout, metrics: Sequence[Metric]
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
    part: Outcomes, problem: Problem, layout: Layout, groups: slice, metrics: Sequence[Metric]
) -> Measured:
    lo, hi = layout.lo[groups], layout.hi[groups]
    first = int(lo.min())
    part = part.take(slice(first, int(hi.max())))
    lo, hi = lo - first, hi - first
    labelled = group_sums(part.labelled.astype(np.int64), lo, hi)
    unpredicted = group_sums((part.labelled & ~part.predicted).astype(np.int64), lo, hi)
    evidence: Labelled | LabelledNumbers
    if problem.task == REGRESSION:
        evidence = LabelledNumbers(part.y, part.pred, lo, hi)
    else:
        evidence = Labelled(part.y, part.pred, part.proba, len(problem.classes), lo, hi)
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


def join_notes(*notes: str) -> str:
    """Notes that say something, in one.

    Examples
    --------
    >>> join_notes("partial", "", "no rows")
    'partial; no rows'
    """
    return "; ".join(note for note in notes if note)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count else ""


def long_table(
    layout: Layout,
    metrics: Sequence[Metric],
    measured: Measured,
    judged: Judged | None = None,
    estimated: bool = False,
) -> pd.DataFrame:
    """The table of a result: a row per group and metric."""
    groups, count = measured.value.shape
    each = np.repeat(np.arange(groups), count)
    table = layout.keys.iloc[each].reset_index(drop=True)
    table["n"] = measured.n[each]
    table["n_labelled"] = measured.n_labelled[each]
    table["metric"] = [metric.name for metric in metrics] * groups
    for name in ("value", "lower", "upper"):
        table[name] = getattr(measured, name).ravel()
    table["threshold"] = judged.threshold.ravel() if judged else np.nan
    table["breached"] = judged.breached.ravel() if judged else False
    table["degraded"] = judged.degraded.ravel() if judged else False
    table["estimated"] = estimated
    table["note"] = [note for row in measured.notes for note in row]
    return table
