"""Draw how far predicted numbers lie from what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from driftlib.errors import DataError
from driftlib.performance.prediction_errors import QUANTILES, PredictionErrors
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis, error_bars
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import plain_numbers, thinned, window_labels
from driftlib.written_numbers import significant

if TYPE_CHECKING:
    import plotly.graph_objects as go

REFERENCE_LABEL = "reference"


def error_bands(errors: PredictionErrors) -> go.Figure:
    """Draw the bias of predictions and the spread of their errors, window by window.

    Parameters
    ----------
    errors : PredictionErrors
        With more than 300 windows only every second, third, ... is drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        The reference first; a bar from the lower to the upper quartile, a thin line over the
        middle nine tenths, and a point at the mean.

    Raises
    ------
    DataError
        If no row has a label and a prediction.

    Examples
    --------
    >>> from driftlib.performance.prediction_errors import prediction_errors
    >>> frame = pd.DataFrame({"y_true": [1.5, 2.0, 3.5, 4.0], "y_pred": [1.5, 2.5, 4.5, 6.0]})
    >>> error_bands(prediction_errors(frame)).layout.title.text
    'Predictions are 0.875 too high on average'
    """
    import plotly.graph_objects as go

    worst = errors.worst
    if worst is None:
        raise DataError("No row of the current data has a label and a prediction.")
    windows = window_labels(errors.table)
    numbers = thinned(list(windows.labels))
    table = errors.table.set_index("window").loc[numbers]
    labels = [windows.labels[number] for number in numbers]
    if errors.reference is not None:
        table, labels = pd.concat([errors.reference, table]), [REFERENCE_LABEL, *labels]
    places = [escape(label) for label in labels]
    first = int(errors.reference is not None)
    colors = [style.REFERENCE] * first + [style.CURRENT] * (len(labels) - first)
    chart = figure(
        escape(errors.words(windows.place(int(worst["window"]))), most=None),
        caption="Prediction less label: above 0 the model says too much. A point is the mean of a "
        "window's rows, the bias; the bar holds the middle half of them, the thin line the middle "
        "nine tenths.",
        alt="; ".join(
            f"{label}: mean {significant(bias)}"
            for label, bias in list(zip(labels, table["bias"], strict=True))[:12]
            if bias == bias
        )
        + ".",
        table=pd.DataFrame(
            {"window": labels, "labelled": table["n_labelled"].to_numpy()}
            | {name: table[name].to_numpy() for name in ("bias", *QUANTILES)}
        ),
        x=windows.title or None,
        y="prediction less label",
    )
    chart.add_trace(
        go.Bar(
            x=places,
            y=plain_numbers(table["q75"] - table["q25"]),
            base=plain_numbers(table["q25"]),
            marker={"color": colors, "opacity": 0.35},
            width=0.5 if len(places) <= 4 else 0.7,
            hoverinfo="skip",
            showlegend=False,
        )
    )
    middle = (table["q05"] + table["q95"]) / 2
    chart.add_trace(
        go.Scatter(
            x=places,
            y=plain_numbers(middle),
            mode="markers",
            marker={"size": 1, "color": style.INK},
            error_y=error_bars(
                middle, table["q05"], table["q95"], color=style.INK, thickness=1, width=0
            ),
            hoverinfo="skip",
            showlegend=False,
        )
    )
    chart.add_trace(
        go.Scatter(
            x=places,
            y=plain_numbers(table["bias"]),
            mode="markers",
            marker={"color": colors, "size": 9 if len(places) <= 60 else 5},
            text=[significant(value) if value == value else "" for value in table["bias"]],
            hovertemplate="%{x}: %{text}<extra></extra>",
            showlegend=False,
        )
    )
    chart.add_hline(y=0, line=style.THRESHOLD)
    chart.update_xaxes(category_axis(nticks=12))
    return chart


def predicted_against_actual(errors: PredictionErrors) -> go.Figure:
    """Draw what happened against what was predicted, in groups of rows with like predictions.

    Parameters
    ----------
    errors : PredictionErrors

    Returns
    -------
    plotly.graph_objects.Figure
        A line a period; the diagonal is where predictions are right on average.

    Raises
    ------
    DataError
        If no row has a label and a prediction.
    """
    import plotly.graph_objects as go

    groups = errors.groups
    now = groups[groups["period"] == "current"]
    if now.empty:
        raise DataError("No row of the current data has a label and a prediction.")
    off = now["predicted"] - now["actual"]
    at = int(off.abs().to_numpy().argmax())
    said, happened = (float(now[name].iloc[at]) for name in ("predicted", "actual"))
    side = "high" if said > happened else "low"
    chart = figure(
        f"Where {significant(said)} was predicted, {significant(happened)} happened on average: "
        f"{significant(abs(said - happened))} too {side}",
        caption="Rows in groups by what was predicted, at the same limits in both periods: the "
        "mean of what happened, and the middle nine tenths of it. On the dotted line predictions "
        "are right on average.",
        alt="; ".join(
            f"predicted {significant(p)}, happened {significant(a)}"
            for p, a in now[["predicted", "actual"]].to_numpy()
        )
        + ".",
        table=groups.reset_index(drop=True),
        x="predicted",
        y="what happened",
    )
    ends = [float(groups[["predicted"]].min().min()), float(groups[["predicted"]].max().max())]
    chart.add_trace(
        go.Scatter(
            x=ends, y=ends, mode="lines", line={"color": style.INK, "width": 1, "dash": "dot"},
            hoverinfo="skip", showlegend=False,
        )
    )  # fmt: skip
    for name, color in (("reference", style.REFERENCE), ("current", style.CURRENT)):
        part = groups[groups["period"] == name]
        if part.empty:
            continue
        chart.add_trace(
            go.Scatter(
                x=part["predicted"].tolist(),
                y=part["actual"].tolist(),
                name=name,
                mode="lines+markers",
                line={"color": color, "width": 2},
                marker={"size": 7, "symbol": "circle" if name == "current" else "circle-open"},
                error_y=error_bars(
                    part["actual"], part["q05"], part["q95"], color=color, thickness=1, width=3
                ),
                hovertemplate="%{x:,.4~g}: %{y:,.4~g}<extra>" + name + "</extra>",
            )
        )
    return chart
