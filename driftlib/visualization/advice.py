"""Draw what each action is worth, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftlib.advising.actions import KEEP, RETRAIN
from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis, error_bars
from driftlib.visualization.style import escape, figure

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from driftlib.advising.advise import Decision


def action_gains(decision: Decision) -> go.Figure:
    """Draw what each action gains over keeping the model as it is.

    Parameters
    ----------
    decision : Decision

    Returns
    -------
    plotly.graph_objects.Figure
        A dot an action with its 95 % interval, the one advised in colour; dotted lines where a
        gain begins to count and where a retraining has paid its price.

    Examples
    --------
    >>> from driftlib import advise
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(rows=1000, feature_drift=0, label_flips=0)
    >>> action_gains(advise(data.reference, data.current, unit="row")).layout.xaxis.title.text
    'gain of the Brier score'
    """
    import plotly.graph_objects as go

    table = decision.table[decision.table["action"] != KEEP]
    names = [
        f"{action} on {rows}" if action == RETRAIN else action
        for action, rows in zip(table["action"], table["fitted_on"], strict=True)
    ]
    advised = [
        action == decision.action and (action != RETRAIN or rows == decision.fitted_on)
        for action, rows in zip(table["action"], table["fitted_on"], strict=True)
    ]
    values = [
        f"{name} {value:+.3g} ({low:+.3g} to {high:+.3g})"
        for name, value, low, high in zip(
            names, table["gain"], table["lower"], table["upper"], strict=True
        )
    ]
    rows_judged = f"the newer {decision.newer:,} rows"
    if decision.both_ways:
        rows_judged = f"all {decision.older + decision.newer:,} rows with labels"
    chart = figure(
        escape(decision.headline, most=None),
        caption=f"How much better the {decision.metric_title} of {rows_judged} "
        "is with each action than without, with 95 % intervals; filled: what is advised."
        if len(table)
        else "No action could be tried.",
        alt=f"Gains by action: {'; '.join(values) or 'none was tried'}.",
        table=table[["action", "fitted_on", "value", "gain", "lower", "upper"]],
        x=f"gain of the {escape(decision.metric_title)}",
        height=150 + 42 * max(2, len(table)),
    )
    bars = error_bars(
        table["gain"], table["lower"], table["upper"], color=style.INK, thickness=1.5, width=5
    )
    chart.add_trace(
        go.Scatter(
            x=table["gain"].tolist(),
            y=names,
            mode="markers",
            marker={
                "size": 11,
                "color": [style.CURRENT if one else "rgba(0,0,0,0)" for one in advised],
                "line": {
                    "width": 2,
                    "color": [style.CURRENT if one else style.REFERENCE for one in advised],
                },
            },
            error_x=bars,
            text=[
                escape(shortened(f"{name}: {note}"))
                for name, note in zip(names, table["note"], strict=True)
            ],
            hovertemplate="%{text}<br>%{x:.4g}<extra></extra>",
            showlegend=False,
        )
    )
    price = decision.price / decision.horizon
    lines = {"keeping": (0.0, style.AXIS)}
    if np.isfinite(decision.minimum_gain) and decision.minimum_gain > 0:
        lines["counts from here"] = decision.minimum_gain, style.AXIS
    if price > 0:
        lines["price of a retraining"] = price, style.INK
    for words, (place, colour) in lines.items():
        chart.add_vline(
            x=place, line={"color": colour, "width": 1, "dash": "dot" if place else "solid"}
        )
        if place:
            chart.add_annotation(
                x=place, y=1, yref="paper", yanchor="bottom", xanchor="left", text=words,
                showarrow=False,
            )  # fmt: skip
    chart.update_yaxes(**category_axis(downward=True))
    return chart
