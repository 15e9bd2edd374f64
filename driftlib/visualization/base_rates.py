"""Draw what was predicted and what happened, in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.performance.base_rates import BaseRates
from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import plain_numbers, thinned, window_labels
from driftlib.written_numbers import brief, percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

REFERENCE_LABEL = "reference"


def outcome_rates_trend(rates: BaseRates) -> go.Figure:
    """Draw what happened beside what was predicted, window by window, the reference first.

    Parameters
    ----------
    rates : BaseRates
        With more than 300 windows only every second, third, ... is drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        A line each for labels, predictions and the mean probability.

    Examples
    --------
    >>> from driftlib.performance.base_rates import outcome_rates
    >>> frame = pd.DataFrame({"y_true": [0, 1, 1, 1], "y_pred": [0, 1, 0, 1]})
    >>> outcome_rates_trend(outcome_rates(frame, window=2)).layout.title.text
    'Between 50 % and 100 % were 1; 50 % were predicted to be'
    """
    import plotly.graph_objects as go

    windows = window_labels(rates.table)
    numbers = thinned(list(windows.labels))
    table = rates.table.set_index("window").loc[numbers]
    labels = [windows.labels[number] for number in numbers]
    before = [] if rates.reference is None else [rates.reference]
    whole = pd.concat([*before, table]) if before else table
    places = [escape(label) for label in ([REFERENCE_LABEL] if before else []) + labels]
    lines = _lines(rates)
    drawn = {name: whole[name] for name in lines if whole[name].notna().any()}
    words = percent if rates.positive else brief
    chart = figure(
        escape(rates.headline, most=None),
        caption=_caption(rates, list(drawn)),
        alt="; ".join(
            f"{lines[name][0]} from {words(values.min())} to {words(values.max())}"
            for name, values in drawn.items()
        )
        + ".",
        table=pd.DataFrame(
            {"window": [REFERENCE_LABEL] * len(before) + labels, "rows": whole["n"].to_numpy()}
            | {lines[name][0]: values.to_numpy() for name, values in drawn.items()}
        ),
        x=windows.title or None,
    )
    for name, values in drawn.items():
        title, look = lines[name]
        chart.add_trace(
            go.Scatter(
                x=places,
                y=plain_numbers(values),
                name=escape(title),
                mode="lines+markers",
                line=look,
                marker={"size": 7 if len(places) <= 60 else 4},
                text=[words(value) if value == value else "" for value in values],
                hovertemplate="%{x}: %{text}<extra>%{fullData.name}</extra>",
            )
        )
    chart.update_xaxes(category_axis(nticks=12))
    if rates.positive:
        # Shares have a natural zero; means of labels may lie anywhere.
        chart.update_yaxes(rangemode="tozero", tickformat=".0%")
    return chart


def _lines(rates: BaseRates) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name and look of each line, told apart by dashes as well as by colour."""
    what = f"labelled {shortened(rates.positive)}" if rates.positive else "mean label"
    predicted = f"predicted {shortened(rates.positive)}" if rates.positive else "mean prediction"
    return {
        "actual": (what, {"color": style.CURRENT, "width": 2.5}),
        "expected": ("mean probability", {"color": style.REFERENCE, "width": 2, "dash": "dash"}),
        "predicted": (predicted, {"color": style.COLORWAY[2], "width": 2, "dash": "dot"}),
    }


def _caption(rates: BaseRates, drawn: list[str]) -> str:
    if not rates.positive:
        return "Mean label and mean prediction, over the labelled and over all rows."
    sentences = [f"Share of rows labelled {shortened(rates.positive)}, and predicted to be."]
    if "expected" in drawn:
        sentences.append(
            "The mean probability is what the model expects that share to be: where it parts from "
            "the labels, probabilities can no longer be taken at their word."
        )
    return " ".join(sentences)
