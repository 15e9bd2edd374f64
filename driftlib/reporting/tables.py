"""Turn results into frames for people: few columns, plain heads, the worst first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from driftlib.advising.actions import KEEP, RETRAIN
from driftlib.advising.advise import Decision
from driftlib.auditing.audit import Audit
from driftlib.data.schema import COMPARABLE
from driftlib.data.units import TIME
from driftlib.diagnosis.losses import SQUARED
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.windows import Timeline
from driftlib.drift.policy import DriftPolicy
from driftlib.errors import DataError
from driftlib.html.numbers import (
    is_missing,
    write_change,
    write_share,
    write_value,
)
from driftlib.performance.metrics import METRICS, Metric
from driftlib.performance.result import Performance
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import CategoricalCounts
from driftlib.quality.finding import QualityPolicy
from driftlib.reporting.sections import Sections
from driftlib.text import shortened
from driftlib.visualization.windows import window_labels
from driftlib.written_numbers import NOT_A_NUMBER, percent

NAMED_LEVELS = 3


def settings_table(policy: DriftPolicy | QualityPolicy) -> pd.DataFrame:
    """Tabulate the settings of a policy, each with a sentence.

    Parameters
    ----------
    policy : DriftPolicy or QualityPolicy
        That drift, or the quality of the data, was judged by.

    Returns
    -------
    pandas.DataFrame
        One row a setting.
    """
    return policy.table.reset_index()


def false_alarms_table(audit: Audit) -> pd.DataFrame:
    """Tabulate how often checks alarmed although nothing had changed.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    pandas.DataFrame
        A row for drift and for performance, and for each length of window.
    """
    found = audit.false_alarms
    return pd.DataFrame(
        {
            "alarm of": found["of"],
            "a check sees": [audit.unit_rule.counted(int(units)) for units in found["units"]],
            "checks": found["deals"],
            "false alarms": found["alarms"],
            "share": found["share"].map(write_share),
            "95 % interval": [
                f"{write_share(low)} to {write_share(high)}"
                for low, high in zip(found["lower"], found["upper"], strict=True)
            ],
        }
    )


def audited_estimates_table(audit: Audit) -> pd.DataFrame:
    """Tabulate how far estimates without labels can be trusted, metric by metric.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    pandas.DataFrame
        A row a metric; none without labels and probabilities.
    """
    found = audit.estimates
    return pd.DataFrame(
        {
            "metric": found["metric"],
            "windows": found["tries"],
            "interval holds what labels show": found["share"].map(write_share),
            "95 % interval": [
                f"{write_share(low)} to {write_share(high)}"
                for low, high in zip(found["lower"], found["upper"], strict=True)
            ],
            "within": found["within"].map(write_value),
        }
    )


def smallest_faults_table(audit: Audit) -> pd.DataFrame:
    """Tabulate from what size on a check sees each fault, feature by feature.

    Parameters
    ----------
    audit : Audit

    Returns
    -------
    pandas.DataFrame
        A row a feature and a column a fault, for the shortest window; a dash where the feature
        cannot have the fault.
    """
    own = audit.smallest[audit.smallest["units"] == audit.take]
    own = own.assign(words=own["words"].where(own["words"] != "", "not seen"),
                     feature=own["feature"].where(own["feature"] != "", "(labels)"))  # fmt: skip
    faults, features = (list(dict.fromkeys(own[name])) for name in ("fault", "feature"))
    table = own.pivot_table(index="feature", columns="fault", values="words", aggfunc="first")
    return table.loc[features, faults].rename_axis(columns=None).reset_index()


def actions_table(decision: Decision) -> pd.DataFrame:
    """Tabulate what each action is worth.

    Parameters
    ----------
    decision : Decision

    Returns
    -------
    pandas.DataFrame
        A row an action; empty where none was tried.
    """
    rows = []
    for row in decision.table.to_dict("records"):
        kept = row["action"] == KEEP
        retrains = row["action"] == RETRAIN
        rows.append(
            {
                "action": f"{row['action']} on {row['fitted_on']}" if retrains else row["action"],
                decision.metric_title: write_value(row["value"]),
                "gain": "" if kept else f"{row['gain']:+.3g}",
                "95 % interval": "" if kept else f"{row['lower']:+.3g} to {row['upper']:+.3g}",
                "pays below a price of": "never"
                if row["break_even"] <= 0
                else _count_or_dash(row["break_even"]),
                "labels it needs": "" if kept else _count_or_dash(row["labels_needed"]),
                "labels to settle it": "" if kept else _count_or_dash(row["labels_to_settle"]),
                "what it does": row["note"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _count_or_dash(number: float) -> str:
    if not np.isfinite(number):
        return "-"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def numbers_table(baseline: Baseline) -> pd.DataFrame:
    """Tabulate what each column of numbers of the reference looks like.

    Parameters
    ----------
    baseline : Baseline
        Of the reference.

    Returns
    -------
    pandas.DataFrame
        One row a column: mean, spread and quartiles.

    Raises
    ------
    DataError
        If no column holds numbers.
    """
    table = baseline.table[baseline.table["mean"].notna()]
    if table.empty:
        raise DataError("No column of the reference holds numbers.")
    shown = pd.DataFrame(
        {"column": table.index, "missing": table["missing"].map(write_share).tolist()}
    )
    for name in ("mean", "std", "min", "q25", "median", "q75", "max"):
        shown[name] = table[name].to_numpy()
    return shown


def categories_table(baseline: Baseline) -> pd.DataFrame:
    """Tabulate what each column of categories of the reference looks like.

    Parameters
    ----------
    baseline : Baseline
        Of the reference.

    Returns
    -------
    pandas.DataFrame
        One row a column, with its commonest levels.

    Raises
    ------
    DataError
        If no column holds categories.
    """
    rows = []
    for name, column in baseline.columns.items():
        counts = column.reference
        if isinstance(counts, CategoricalCounts) and counts.present:
            shares = counts.levels[:NAMED_LEVELS] / counts.present
            named = zip(column.levels, shares.tolist(), strict=False)
            rows.append(
                {
                    "column": name,
                    "missing": percent(counts.missing_share),
                    "levels": len(column.levels),
                    "commonest": ", ".join(f"{shortened(a)} ({percent(s)})" for a, s in named),
                }
            )
    if not rows:
        raise DataError("No column of the reference holds categories.")
    return pd.DataFrame(rows)


def left_out_table(baseline: Baseline, exclude: Iterable[str] = ()) -> pd.DataFrame:
    """Tabulate the columns of the reference that are no features, or cannot be compared, and why.

    Parameters
    ----------
    baseline : Baseline
        Of the reference.
    exclude : iterable of str
        Columns that the reader left out.

    Returns
    -------
    pandas.DataFrame
        One row a column; one that says "none" where there is no such column.
    """
    roles = {"prediction": "what the model said", "target": "the label"}
    rows = [
        (column.name, column.note or f"{roles[column.role]}: compared, but no feature")
        for column in baseline.columns.values()
        if column.role != "feature" or column.kind not in COMPARABLE
    ]
    if baseline.unit.column is not None and baseline.unit.column not in baseline.columns:
        says = "when a row was seen" if baseline.unit.kind == TIME else "which rows belong together"
        rows.append((baseline.unit.column, f"says {says}: no feature"))
    rows += [(name, "left out by exclude") for name in exclude]
    return pd.DataFrame(rows or [("none", "")], columns=["column", "why"])


# What a sign before a metric says, the first that applies.
METRIC_MARKS = {
    "▼": "an alarm of the run",
    "▽": "worse by more than noise in that window alone",
    "◇": "worse than tolerated, perhaps by chance",
    "○": "not judged, as labels are still to come",
}
_FLAGS = dict(zip(METRIC_MARKS, ("alarm", "degraded", "breached", "held"), strict=True))


def metrics_table(perf: Performance) -> pd.DataFrame:
    """Tabulate every metric of every window, marked where it is worse than it may be.

    Parameters
    ----------
    perf : Performance
        Measured or estimated.

    Returns
    -------
    pandas.DataFrame
        One row a window, after one for the reference where there is one; `attrs["note"]` says
        what its signs mean.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 0]})
    >>> metrics_table(track_performance(frame, thresholds={"accuracy": 0.8}))["Accuracy"].tolist()
    ['◇ 0.75']
    """
    windows = window_labels(perf.table)
    parts = [] if perf.reference is None else [("reference", perf.reference)]
    by_window = dict(iter(perf.table.groupby("window")))
    parts += [(windows.labels[number], by_window[number]) for number in windows.labels]
    titles = METRICS[perf.task]
    rows = []
    for label, part in parts:
        first = part.iloc[0]
        row = {"window": label, "rows": int(first["n"]), "labelled": int(first["n_labelled"])}
        for entry in part.to_dict("records"):
            mark = next((f"{sign} " for sign, flag in _FLAGS.items() if entry.get(flag)), "")
            metric = titles[entry["metric"]]
            title = metric.title
            row[title] = f"{mark}{_written(metric, entry['value'])}"
            if title in perf.unmeasured and part is not perf.reference:
                row[title] = "not measured"
        rows.append(row)
    table = pd.DataFrame(rows)
    drawn = {str(value)[0] for row in rows for value in row.values() if value}
    words = [f"{sign} {said}" for sign, said in METRIC_MARKS.items() if sign in drawn]
    estimated = "Estimated without labels. " if perf.table["estimated"].all() else ""
    table.attrs["note"] = f"{estimated}{'; '.join(words)}{'.' * bool(words)}".strip()
    return table


def thresholds_table(perf: Performance) -> pd.DataFrame:
    """Tabulate each metric of the reference, what is tolerated, and how often it was worse.

    Parameters
    ----------
    perf : Performance
        Judged against a reference or against fixed thresholds.

    Returns
    -------
    pandas.DataFrame
        One row a metric; with units the middle one of its windows' design effects.
    """
    titles, rows = METRICS[perf.task], []
    known = {} if perf.reference is None else perf.reference.set_index("metric")["value"].to_dict()
    for name, part in perf.table.groupby("metric", sort=False):
        metric = titles[str(name)]
        rows.append(
            {
                "metric": metric.title,
                "better is": "higher" if metric.higher_is_better else "lower",
                "reference": _written(metric, known.get(name, np.nan)),
                "worst tolerated": _written(metric, part["threshold"].iloc[0]),
                "beyond it": _times(part, "breached"),
                "beyond it and noise": _times(part, "degraded"),
                "design effect": part["design_effect"].dropna().median(),
            }
        )
    table = pd.DataFrame(rows)
    return table if table["design effect"].notna().any() else table.drop(columns="design effect")


def _written(metric: Metric[Any], value: float) -> str:
    return NOT_A_NUMBER if is_missing(value) else metric.write(value)


def _times(part: pd.DataFrame, verdict: str) -> str:
    """Say in how many of the windows that have a value a metric was found worse."""
    measured = int(part["value"].notna().sum())
    return f"{int(part[verdict].sum())} of {measured}" if measured else "not measured"


def missing_table(sections: Sections) -> pd.DataFrame:
    """Tabulate the sections that could not be made, and why.

    Parameters
    ----------
    sections : Sections
        Of the notebook.

    Returns
    -------
    pandas.DataFrame
        One row a reason.

    Raises
    ------
    DataError
        If every section could be made.
    """
    found = sections.list_lacking()
    return pd.DataFrame({"left out": list(found.values()), "why": list(found)})


def _loss_words(found: Diagnosis) -> tuple[str, str, Callable[[float], str]]:
    """Name a loss, write its value, and make a function that writes its changes.

    A squared error is written as its root, and its changes in per cent of the reference's.
    """
    title, loss = found.loss_title, found.loss_current
    if not found.verdict_inputs.relative:
        return title, write_value(loss), write_change
    write = found.verdict_inputs.writer(found.loss_reference / 20)
    squared = found.loss == SQUARED
    return (
        f"root of the {title}" if squared else title,
        write_value(math.sqrt(loss) if squared else loss),
        lambda value: NOT_A_NUMBER if is_missing(value) else write(value, True),
    )


def causes_table(timeline: Timeline) -> pd.DataFrame:
    """Tabulate the verdict on each window, and the change of the loss with its two parts.

    Parameters
    ----------
    timeline : Timeline
        Of `driftlib.diagnose_windows`.

    Returns
    -------
    pandas.DataFrame
        One row a window.
    """
    windows, rows = window_labels(timeline.table), []
    for number, found in zip(windows.labels, timeline.diagnoses, strict=True):
        row: dict[str, Any] = {"window": windows.labels[number]}
        if found is None:
            part = timeline.table[timeline.table["window"] == number]
            rows.append(row | {"verdict": "not diagnosed", "note": part["note"].iloc[0]})
            continue
        terms = found.terms["value"].astype(float)
        title, loss, change = _loss_words(found)
        rows.append(
            row
            | {
                "verdict": found.verdict,
                title: loss,
                "change": change(terms["total"]),
                "concept": change(terms["concept"]),
                "covariate": change(found.covariate[0]),
                "domain AUC": round(found.domain_auc, 2),
            }
            | ({"note": found.cannot_tell} if found.cannot_tell else {})
        )
    table = pd.DataFrame(rows)
    # Without labels nothing is known of the change.
    known = table.notna() & (table != NOT_A_NUMBER)
    return table.loc[:, known.any()]
