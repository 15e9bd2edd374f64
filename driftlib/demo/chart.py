"""Draw the demonstration: causes of the loss, accuracy, and drift, in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftlib.demo.what_if import WhatIf
from driftlib.diagnosis.result import Diagnosis
from driftlib.drift.trend_result import TrendResult
from driftlib.results import of_the_latest
from driftlib.text import capital
from driftlib.visualization import style
from driftlib.visualization.heatmap import drift_heatmap
from driftlib.visualization.marks import error_bars
from driftlib.visualization.style import escape, figure
from driftlib.written_numbers import brief

if TYPE_CHECKING:
    import plotly.graph_objects as go

TERMS = {
    "covariate_common": ("covariate:<br>shared inputs", style.REFERENCE),
    "covariate_unseen": ("covariate:<br>unseen inputs", style.COLORWAY[5]),
    "concept": ("concept:<br>same inputs", style.SEVERITY_COLORS["major"]),
    "total": ("total", style.SEVERITY_COLORS["none"]),
}
LOSS_RANGE = [-0.03, 0.3]
ACCURACY_RANGE = [0.48, 0.92]
HEIGHT, TOP_PART, RIGHT = 660, 0.56, 0.66
WORKING = "working out the cause …"


def what_if_panel(found: WhatIf) -> go.Figure:
    """Draw the terms of the diagnosis, accuracy measured and estimated, and the drift heatmap.

    Parameters
    ----------
    found : WhatIf
        Terms and estimate are left open where they are not worked out yet.

    Returns
    -------
    plotly.graph_objects.Figure
        Axes do not move with the dials, so that bars of two settings can be compared.

    Examples
    --------
    >>> from driftlib.demo.what_if import what_if
    >>> what_if_panel(what_if(0.0, 0.2, rows=2000)).layout.title.text.partition(":")[0]
    'Concept drift'
    """
    accuracies = _accuracies(found)
    title = capital(found.why.headline) if found.why else WORKING
    chart = figure(
        escape(title, most=None),
        caption=(
            "Left: what changed the loss (the Brier score, the mean squared error of the "
            "probabilities), with 95 % intervals: other inputs, or other outcomes for the same "
            "inputs (concept). Right: accuracy, measured and estimated without labels. Below: "
            "drift of every feature, week by week."
        ),
        alt=_alt(found, accuracies),
        table=_table(found.why, accuracies),
        height=HEIGHT,
    )
    _draw_terms(chart, found.why)
    _draw_accuracies(chart, accuracies)
    _draw_heatmap(chart, found)
    _head(chart, "What changed the loss", 0, 0.95)
    _head(chart, "Accuracy", RIGHT, 0.95)
    return chart


def _accuracies(found: WhatIf) -> pd.DataFrame:
    """Collect value and interval of each accuracy, by what it is."""
    sides = {"now": found.realised.table}
    if found.realised.reference is not None:
        sides = {"reference": found.realised.reference, **sides}
    if found.estimated is not None:
        sides["now, estimated"] = found.estimated.table
    rows = {name: table.iloc[0][["value", "lower", "upper"]] for name, table in sides.items()}
    return pd.DataFrame(rows).T.astype(float)


def _draw_terms(chart: go.Figure, why: Diagnosis | None) -> None:
    import plotly.graph_objects as go

    names = [label for label, _ in TERMS.values()]
    unknown = pd.DataFrame(np.nan, list(TERMS), ["value", "lower", "upper"])
    terms = why.terms.loc[list(TERMS)] if why else unknown
    chart.add_trace(
        go.Bar(
            x=names,
            y=[None if np.isnan(value) else value for value in terms["value"]],
            marker={"color": [color for _, color in TERMS.values()]},
            error_y=error_bars(
                *(terms[name] for name in ("value", "lower", "upper")),
                color=style.INK,
                thickness=1.5,
                width=5,
            ),
            hovertemplate="%{x}: %{y:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    chart.update_layout(
        xaxis={"domain": [0, 0.56], "anchor": "y", "showgrid": False},
        yaxis={
            "domain": [TOP_PART, 0.94],
            "anchor": "x",
            "range": LOSS_RANGE,
            "title": {"text": "change of the loss"},
            "zeroline": True,
            "zerolinecolor": style.AXIS,
        },
    )


def _draw_accuracies(chart: go.Figure, accuracies: pd.DataFrame) -> None:
    import plotly.graph_objects as go

    looks = {
        "reference": (style.REFERENCE, "circle"),
        "now": (style.CURRENT, "circle"),
        "now, estimated": (style.COLORWAY[2], "diamond-open"),
    }
    for name, row in accuracies.iterrows():
        color, symbol = looks[str(name)]
        chart.add_trace(
            go.Scatter(
                x=[str(name).replace(", ", ",<br>")],
                y=[row["value"]],
                mode="markers+text",
                text=[brief(row["value"])],
                textposition="middle right",
                marker={"color": color, "symbol": symbol, "size": 11},
                error_y=error_bars([row["value"]], [row["lower"]], [row["upper"]], color=color),
                hovertemplate=f"{name}: {row['value']:.3f} "
                f"({row['lower']:.3f} to {row['upper']:.3f})<extra></extra>",
                showlegend=False,
                xaxis="x2",
                yaxis="y2",
            )
        )
    places = [name.replace(", ", ",<br>") for name in looks]
    chart.update_layout(
        xaxis2={
            "domain": [RIGHT, 1],
            "anchor": "y2",
            "type": "category",
            "categoryorder": "array",
            "categoryarray": places,
            "range": [-0.5, len(places) - 0.3],
            "showgrid": False,
        },
        yaxis2={
            "domain": [TOP_PART, 0.94],
            "anchor": "x2",
            "range": ACCURACY_RANGE,
            "title": {"text": "accuracy"},
            "tickformat": ".0%",
        },
    )


@of_the_latest
def _heatmap_of(trend: TrendResult) -> go.Figure:
    """Draw the drift heatmap for its place: where labels turn over, it is the same."""
    heatmap = drift_heatmap(trend)
    # The most drifted on top, as elsewhere, would make rows jump when a dial is moved.
    order = {name: place for place, name in enumerate(trend.baseline.columns)}
    for trace in heatmap.data:
        trace.update(xaxis="x3", yaxis="y3")
        if trace.type == "heatmap":
            places = sorted(range(len(trace.y)), key=lambda row: order[trace.y[row]])
            for name in ("y", "z", "text", "hovertext"):
                trace[name] = [trace[name][place] for place in places]
    return heatmap


def _draw_heatmap(chart: go.Figure, found: WhatIf) -> None:
    """Put the drift heatmap as it is into the lower part."""
    heatmap = _heatmap_of(found.trend)
    chart.add_traces(heatmap.data)
    domain = {"xaxis3": [0.0, 1.0], "yaxis3": [0.0, TOP_PART - 0.2]}
    own = {"xaxis3": heatmap.layout.xaxis, "yaxis3": heatmap.layout.yaxis}
    for name, axis in own.items():
        anchor = {"xaxis3": "y3", "yaxis3": "x3"}[name]
        chart.layout[name] = {**axis.to_plotly_json(), "domain": domain[name], "anchor": anchor}
    chart.update_layout(
        coloraxis=heatmap.layout.coloraxis,
        legend={"y": TOP_PART - 0.19, "itemclick": False, "itemdoubleclick": False},
    )


def _head(chart: go.Figure, text: str, x: float, y: float) -> None:
    chart.add_annotation(
        text=f"<b>{text}</b>",
        x=x,
        y=y,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 13},
    )


def _alt(found: WhatIf, accuracies: pd.DataFrame) -> str:
    values = "; ".join(f"{name} {brief(value)}" for name, value in accuracies["value"].items())
    causes = found.why.headline if found.why else "cause not worked out yet"
    return f"{causes}. Accuracy: {values}. {_headline_of(found.trend)}."


@of_the_latest
def _headline_of(trend: TrendResult) -> str:
    """Say what drifted: as the heatmap, the same where labels turn over."""
    return trend.headline


def _table(why: Diagnosis | None, accuracies: pd.DataFrame) -> pd.DataFrame:
    parts = [accuracies.rename("accuracy, {}".format)]
    if why is not None:
        words = {name: label.replace("<br>", " ") for name, (label, _) in TERMS.items()}
        parts.insert(0, why.terms.loc[list(TERMS)].rename(lambda name: f"loss, {words[name]}"))
    return pd.concat(parts).rename_axis("what")[["value", "lower", "upper"]].astype(float)
