"""Draw what scores are worth: ROC, precision-recall and reliability curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftlib.text import capital, shortened
from driftlib.visualization import style
from driftlib.visualization.marks import error_bars
from driftlib.visualization.panels import add_panels, height_of
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import plain_numbers
from driftlib.written_numbers import brief

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_LABELS = 12
PERIODS = {
    "reference": {"color": style.REFERENCE, "width": 2, "dash": "dash"},
    "current": {"color": style.CURRENT, "width": 2.5, "dash": "solid"},
}
STAGES = {
    "before": {"color": style.INK, "width": 1.5, "dash": "dash"},
    "after": {"color": style.COLORWAY[2], "width": 2.5, "dash": "solid"},
}
DIAGONAL = {"color": style.INK, "width": 1, "dash": "dot"}
# Area under each curve, by label and period.
Areas = Mapping[tuple[str, str], float]
EVEN = {"range": [-0.02, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1]}


def roc_curves(table: pd.DataFrame) -> go.Figure:
    """Draw ROC curves of the reference and the current data.

    Parameters
    ----------
    table : pandas.DataFrame
        From `driftlib.performance.curves.score_curves`; at most 12 labels are drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per label.

    Examples
    --------
    >>> from driftlib.performance.curves import score_curves
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1, 1], "y_pred": [0, 0, 0, 1],
    ...                       "y_proba": [0.1, 0.4, 0.35, 0.8]})
    >>> roc_curves(score_curves(frame)).layout.title.text
    'ROC AUC is 0.75'
    """
    return _score_chart(
        table,
        ("false_positive_rate", "recall"),
        ("false positive rate", "true positive rate (recall)"),
        ("roc_auc", "ROC AUC"),
        (0.0, 0.0),
        "Share of the label's rows that are found, against the share of all other rows that "
        "are taken for it, at every decision threshold. Dotted: no better than chance.",
    )


def precision_recall_curves(table: pd.DataFrame) -> go.Figure:
    """Draw precision-recall curves of the reference and the current data.

    Parameters
    ----------
    table : pandas.DataFrame
        From `driftlib.performance.curves.score_curves`; at most 12 labels are drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per label.

    Examples
    --------
    >>> from driftlib.performance.curves import score_curves
    >>> frame = pd.DataFrame({"y_true": [0, 0, 1, 1], "y_pred": [0, 0, 0, 1],
    ...                       "y_proba": [0.1, 0.4, 0.35, 0.8]})
    >>> precision_recall_curves(score_curves(frame)).layout.title.text
    'Average precision is 0.83'
    """
    return _score_chart(
        table,
        ("recall", "precision"),
        ("recall", "precision"),
        ("average_precision", "Average precision"),
        None,
        "Share of the rows predicted as the label that carry it, against the share of the "
        "label's rows that are found, at every decision threshold. Precision falls with the "
        "label's own share, also where the scores are as good as before.",
    )


def _score_chart(
    table: pd.DataFrame,
    columns: tuple[str, str],
    axis_titles: tuple[str, str],
    area: tuple[str, str],
    start: tuple[float, float] | None,
    caption: str,
) -> go.Figure:
    import plotly.graph_objects as go

    table = with_period(table)
    labels = list(dict.fromkeys(table["label"]))[:MOST_LABELS]
    ends = table.drop_duplicates(["label", "period"])[["label", "period", area[0], "n"]]
    areas = dict(zip(zip(ends["label"], ends["period"], strict=True), ends[area[0]], strict=True))
    x, y = columns
    chart = figure(
        escape(_area_title(areas, labels, area[1]), most=None),
        caption=caption,
        alt=f"{area[1]}: "
        + (
            "; ".join(f"{label}, {period} {v:.3g}" for (label, period), v in areas.items())
            or "none"
        )
        + ".",
        table=ends,
        height=470 if len(labels) <= 1 else height_of(len(labels)),
    )
    axes = add_panels(chart, [escape(shortened(label)) for label in labels], x=EVEN, y=EVEN)
    for label, axis in zip(labels, axes, strict=True):
        if start is not None:
            _diagonal(chart, axis)
        for period, line in PERIODS.items():
            rows = table[(table["label"] == label) & (table["period"] == period)]
            if rows.empty:
                continue
            first = [start] if start is not None else []
            points = [*first, *rows[[x, y]].itertuples(index=False, name=None)]
            thresholds = [f"{value:.3g}" for value in rows["threshold"]]
            chart.add_trace(
                go.Scatter(
                    x=[float(a) for a, _ in points],
                    y=[float(b) for _, b in points],
                    mode="lines",
                    line=line,
                    name=f"{period} ({brief(areas[label, period], most=2)})"
                    if len(labels) == 1
                    else period,
                    customdata=[*["above all"] * len(first), *thresholds],
                    hovertemplate=f"{axis_titles[0]} %{{x:.1%}}<br>{axis_titles[1]} %{{y:.1%}}"
                    "<br>threshold %{customdata}<extra></extra>",
                    showlegend=label == labels[0],
                    legendgroup=period,
                    **axis,
                )
            )
    if len(labels) == 1:
        _square(chart, *axis_titles)
    return chart


def with_period(table: pd.DataFrame) -> pd.DataFrame:
    """Give each row its period, "current" where the table has no other, and labels as text.

    Parameters
    ----------
    table : pandas.DataFrame
        With `label` and perhaps `period`.

    Returns
    -------
    pandas.DataFrame
        A copy.
    """
    table = table.assign(label=table["label"].astype(str))
    return table if "period" in table else table.assign(period="current")


def _area_title(areas: Areas, labels: Sequence[str], name: str) -> str:
    if not len(areas):
        return f"No period has both kinds of rows: there is no {name}"
    both = [
        (label, areas[label, "reference"], areas[label, "current"])
        for label in labels
        if (label, "reference") in areas and (label, "current") in areas
    ]
    if not both:
        values = ", ".join(f"{value:.2f}" for value in list(areas.values())[:3])
        return f"{name} is {values}"
    label, old, new = max(both, key=lambda entry: abs(entry[2] - entry[1]))
    of = f" for label {shortened(label)}" if len(labels) > 1 else ""
    if f"{old:.2f}" == f"{new:.2f}":
        return f"{name}{of} is {new:.2f}, as in the reference"
    return f"{name}{of} {'fell' if new < old else 'rose'} from {old:.2f} to {new:.2f}"


def _diagonal(chart: go.Figure, axis: dict[str, str]) -> None:
    chart.add_shape(
        type="line", x0=0, y0=0, x1=1, y1=1, xref=axis["xaxis"], yref=axis["yaxis"],
        line=DIAGONAL, layer="below",
    )  # fmt: skip


def _square(chart: go.Figure, x: str, y: str) -> None:
    """One unit as long on both axes, so that the diagonal is one."""
    chart.update_xaxes(title_text=x, constrain="domain", constraintoward="left", showgrid=True)
    chart.update_yaxes(title_text=y, scaleanchor="x", constrain="domain")


def reliability_curve(table: pd.DataFrame) -> go.Figure:
    """Draw observed against predicted shares: whether a score of 0.3 means 30 %.

    Parameters
    ----------
    table : pandas.DataFrame
        From `driftlib.stats.calibration.reliability`, as `Estimate.reliability` holds it; at most
        12 labels are drawn. Of a regression, its expected and observed errors are.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per label: the raw scores, and after calibration.

    Examples
    --------
    >>> table = pd.DataFrame({"label": "1", "calibration": ["before", "after"], "bin": 0, "n": 90,
    ...     "predicted": [0.6, 0.4], "observed": 0.4, "lower": 0.3, "upper": 0.5})
    >>> reliability_curve(table).layout.title.text
    'Calibrated scores are true to within 0 points; the raw scores are up to 20 points off'
    """
    import plotly.graph_objects as go

    if "metric" in table:
        return _expected_errors(table)
    table = table.assign(label=table["label"].astype(str))
    labels = list(dict.fromkeys(table["label"]))[:MOST_LABELS]
    chart = figure(
        escape(_reliability_title(table), most=None),
        caption=(
            "Rows in groups of about equal size by score: how many carry the label, with the 95 % "
            "interval, against what the score says. On the dotted line scores can be taken at "
            "their word. Measured on the reference, each row by a calibration it took no part in."
        ),
        alt=_reliability_alt(table),
        table=table,
        height=470 if len(labels) <= 1 else height_of(len(labels)),
    )
    top = np.nanmax([0.1, *table["predicted"], *table["upper"]])
    span = {"range": [0, min(1.02, 1.06 * float(top))], "nticks": 6}
    axes = add_panels(chart, [escape(shortened(label)) for label in labels], x=span, y=span)
    for label, axis in zip(labels, axes, strict=True):
        _diagonal(chart, axis)
        for stage, line in STAGES.items():
            rows = table[(table["label"] == label) & (table["calibration"] == stage)]
            chart.add_trace(
                go.Scatter(
                    x=plain_numbers(rows["predicted"]),
                    y=plain_numbers(rows["observed"]),
                    mode="lines+markers",
                    line=line,
                    marker={"size": 7, "symbol": "circle" if stage == "after" else "circle-open"},
                    error_y=error_bars(
                        rows["observed"], rows["lower"], rows["upper"], thickness=1.5, width=3
                    ),
                    name=f"{stage} calibration",
                    customdata=rows["n"].tolist(),
                    hovertemplate="predicted %{x:.1%}<br>observed %{y:.1%}<br>%{customdata:,} rows"
                    "<extra></extra>",
                    showlegend=label == labels[0],
                    legendgroup=stage,
                    **axis,
                )
            )
    if len(labels) == 1:
        _square(chart, "predicted share", "observed share")
    return chart


def _expected_errors(table: pd.DataFrame) -> go.Figure:
    """Draw observed against expected errors of a regression, a panel a metric."""
    import plotly.graph_objects as go

    metrics = list(dict.fromkeys(table["metric"]))
    observed = table["observed"].to_numpy(dtype=float)
    with np.errstate(all="ignore"):
        off = np.abs(table["expected"].to_numpy(dtype=float) / observed - 1)
    off = off[np.isfinite(off)]
    inside = (table["lower"] <= table["expected"]) & (table["expected"] <= table["upper"])
    known = f"{100 * np.median(off):.2g} %" if len(off) else "nothing"
    chart = figure(
        f"Errors that were expected of the reference's rows are off by {known} in the median",
        caption=(
            "Rows in groups of about equal size by the error that was expected of them: what the "
            "metric was, with its 95 % interval. On the dotted line it was as expected. Measured "
            "on the reference, each row by a model that has not seen it."
        ),
        alt=f"Observed against expected errors: {int(inside.sum())} of {len(table)} groups as "
        "expected, within their 95 % intervals.",
        table=table,
        height=470 if len(metrics) <= 1 else height_of(len(metrics)),
    )
    # Each metric has a unit of its own.
    axes = add_panels(chart, [escape(shortened(metric)) for metric in metrics], x={"matches": None})
    for metric, axis in zip(metrics, axes, strict=True):
        rows = table[table["metric"] == metric]
        ends = [0.0, float(np.nanmax([*rows["expected"], 0.0]))]
        chart.add_trace(
            go.Scatter(
                x=ends, y=ends, mode="lines", line=DIAGONAL, showlegend=False, hoverinfo="skip",
                **axis,
            )
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=plain_numbers(rows["expected"]),
                y=plain_numbers(rows["observed"]),
                mode="lines+markers",
                line=STAGES["after"],
                error_y=error_bars(
                    rows["observed"], rows["lower"], rows["upper"], thickness=1.5, width=3
                ),
                name="observed",
                customdata=rows["n"].tolist(),
                hovertemplate="expected %{x:.4g}<br>observed %{y:.4g}<br>%{customdata:,} rows"
                "<extra></extra>",
                showlegend=False,
                **axis,
            )
        )
    chart.update_xaxes(title_text="expected")
    return chart


def _gaps(table: pd.DataFrame, stage: str) -> pd.Series:
    rows = table[table["calibration"] == stage]
    return (rows["observed"] - rows["predicted"]).abs().dropna()


def _reliability_title(table: pd.DataFrame) -> str:
    before, after = _gaps(table, "before"), _gaps(table, "after")
    if before.empty and after.empty:
        return "There are no scores to check"
    raw = f"the raw scores are up to {100 * before.max():.2g} points off" if len(before) else ""
    if after.empty:
        return capital(raw)
    text = f"Calibrated scores are true to within {100 * after.max():.2g} points"
    return f"{text}; {raw}" if raw else text


def _reliability_alt(table: pd.DataFrame) -> str:
    parts = []
    for stage in STAGES:
        gaps = _gaps(table, stage)
        if len(gaps):
            parts.append(
                f"{stage} calibration {len(gaps)} groups, {100 * gaps.mean():.2g} points off on "
                f"average, {100 * gaps.max():.2g} at most"
            )
    return f"Observed against predicted shares: {'; '.join(parts) or 'none'}."
