"""Why the loss changed: the waterfall of causes, over time, by feature, by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from driftlib.diagnosis.diagnose import Diagnosis
from driftlib.diagnosis.windows import Timeline
from driftlib.text import distinct, shortened
from driftlib.visualization import style
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import window_labels

TITLES = {
    "covariate_common": "changed mix of<br>familiar inputs",
    "concept": "same inputs,<br>other outcomes",
    "covariate_unseen": "unfamiliar<br>inputs",
    "total": "all together",
}
# Told from each other by lightness too, and from the two periods' own colours.
COLORS = {
    "covariate_common": style.COLORWAY[5],
    "concept": style.SEVERITY_COLORS["major"],
    "covariate_unseen": style.COLORWAY[2],
}
HALF = 0.38
MOST_BARS = 20


def plain_title(term: str) -> str:
    """Name of a term on one line."""
    return TITLES[term].replace("<br>", " ")


def loss_waterfall(diagnosis: Diagnosis) -> Any:
    """From the reference's loss to the current one, cause by cause, with 95 % intervals.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    plotly.graph_objects.Figure
        Terms without a figure (no labels in current) are left out.

    Examples
    --------
    >>> from driftlib import diagnose, simulate
    >>> data = simulate(1000, feature_drift=0, label_flips=0.3)
    >>> chart = loss_waterfall(diagnose(data.reference, data.current, timestamp="timestamp"))
    >>> chart.layout.title.text.startswith("Concept drift")
    True
    """
    import plotly.graph_objects as go

    terms = diagnosis.terms.loc[list(COLORS)]
    known = terms[np.isfinite(terms["value"])]
    table = pd.DataFrame(
        {
            "part": [plain_title(name) for name in diagnosis.terms.index],
            **{name: diagnosis.terms[name].to_numpy() for name in ("value", "lower", "upper")},
        }
    )
    loss = shortened(diagnosis.loss_title)
    chart = figure(
        escape(diagnosis.headline, most=None),
        caption=f"What each cause adds to the mean {loss} or takes from it, with 95 % intervals, "
        "on the way from the reference's to the current one; the axis does not start at 0. A "
        "familiar input is one that both periods have.",
        alt=f"Waterfall of the mean {loss}: "
        + "; ".join(
            [
                f"reference {diagnosis.loss_reference:.3f}",
                *(f"{plain_title(n)} {row.value:+.3f}" for n, row in known.iterrows()),
                f"current {diagnosis.loss_current:.3f}",
            ]
        ).replace("nan", "not known")
        + ".",
        table=table,
        y=f"mean {escape(loss)}",
        height=400,
    )
    start = diagnosis.loss_reference
    steps = known["value"].to_numpy()
    base = start + np.append(0, np.cumsum(steps)[:-1])
    names = ["reference", *(TITLES[name] for name in known.index), "current"]
    last = len(names) - 1
    _level(chart, 0, start, "reference", style.REFERENCE)
    _level(chart, last, diagnosis.loss_current, "current", style.CURRENT)
    if not np.isfinite(diagnosis.loss_current):
        _above(chart, last, start, "not known")
    places = list(range(1, last))
    chart.add_trace(
        go.Bar(
            x=places,
            y=steps.tolist(),
            base=base.tolist(),
            width=2 * HALF,
            marker={"color": [COLORS[name] for name in known.index]},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (known["upper"] - known["value"]).tolist(),
                "arrayminus": (known["value"] - known["lower"]).tolist(),
                "color": style.INK,
                "thickness": 1.5,
                "width": 6,
            },
            customdata=known[["value", "lower", "upper"]].to_numpy().tolist(),
            hovertemplate="%{customdata[0]:+.4f} (%{customdata[1]:+.4f} to "
            "%{customdata[2]:+.4f})<extra></extra>",
            showlegend=False,
        )
    )
    tops = base + known["upper"].clip(lower=0).to_numpy()
    for place, top, value in zip(places, tops, steps, strict=True):
        _above(chart, place, top, f"{value:+.3f}")
    # From the end of each step to the start of the next.
    ends = np.append(start, base + steps)
    for place, height in enumerate(ends.tolist()[: last if len(known) == len(COLORS) else -1]):
        chart.add_shape(
            type="line", x0=place + HALF, x1=place + 1 - HALF, y0=height, y1=height,
            line={"color": style.AXIS, "width": 1, "dash": "dot"},
        )  # fmt: skip
    lows = base + known["lower"].clip(upper=0).to_numpy()
    _fit(chart, [start, diagnosis.loss_current, *ends, *tops, *lows])
    chart.update_xaxes(tickvals=list(range(len(names))), ticktext=names, range=[-0.6, last + 0.6])
    return chart


def _level(chart: Any, place: int, value: float, name: str, color: str) -> None:
    """A period's own loss, as a line over its place."""
    import plotly.graph_objects as go

    known = np.isfinite(value)
    chart.add_trace(
        go.Scatter(
            x=[place - HALF, place + HALF],
            y=[value, value] if known else [None, None],
            mode="lines",
            line={"color": color, "width": 5},
            hovertemplate=f"{name} %{{y:.4f}}<extra></extra>",
            showlegend=False,
        )
    )
    if known:
        _above(chart, place, value, f"{value:.3f}")


def _above(chart: Any, place: int, height: float, text: str) -> None:
    chart.add_annotation(x=place, y=float(height), text=text, showarrow=False, yshift=12)


def _fit(chart: Any, values: list[float]) -> None:
    """Range of the y axis: what is drawn, and room for the numbers above it."""
    finite = [value for value in values if np.isfinite(value)]
    low, high = min(finite), max(finite)
    room = (high - low) or 0.1 * abs(high) or 0.1
    # A loss is never negative; a step's interval may be.
    floor = min(low, 0.0) if low < 0 else max(0.0, low - 0.15 * room)
    chart.update_yaxes(range=[floor, high + 0.2 * room])


def diagnosis_over_windows(timeline: Timeline) -> Any:
    """Causes of the change of the loss, stacked, window by window, with their total.

    Parameters
    ----------
    timeline : Timeline
        From `diagnose_windows`.

    Returns
    -------
    plotly.graph_objects.Figure
        Windows that could not be diagnosed are marked as such.
    """
    import plotly.graph_objects as go

    windows = window_labels(timeline.table)
    table = timeline.table.pivot_table(
        index="window", columns="term", values="value", aggfunc="first", dropna=False
    ).reindex(index=list(windows.labels), columns=list(TITLES))
    labels = [escape(label) for label in windows.labels.values()]
    verdicts = timeline.table.drop_duplicates("window").set_index("window")["verdict"]
    verdicts = verdicts.reindex(table.index)
    chart = figure(
        escape(_over_windows_title(table, verdicts, windows), most=None),
        caption="Change of the mean loss against the reference. Bars: what each cause adds or "
        "takes away; diamonds: their sum with its 95 % interval. Hollow: the two periods have "
        "too little in common for the causes to be told apart.",
        alt="Stacked bars by window: "
        + "; ".join(f"{windows.labels[number]} {verdict}" for number, verdict in verdicts.items())
        + ".",
        table=table.rename(columns=plain_title)
        .assign(verdict=verdicts)
        .set_axis(list(windows.labels.values()))
        .rename_axis("window"),
        y="change of the mean loss",
        height=420,
    )
    told = (verdicts != "undetermined").to_numpy()
    for term in COLORS:
        values = np.where(told, table[term], np.nan)
        chart.add_trace(
            go.Bar(
                x=labels,
                y=values.tolist(),
                name=plain_title(term),
                marker={"color": COLORS[term]},
                hovertemplate=f"{plain_title(term)} %{{y:+.4f}}<extra>%{{x}}</extra>",
            )
        )
    total = timeline.table[timeline.table["term"] == "total"].set_index("window")
    total = total.reindex(table.index)
    chart.add_trace(
        go.Scatter(
            x=labels,
            y=total["value"].tolist(),
            mode="lines+markers",
            line={"color": style.INK, "width": 1.5},
            name=plain_title("total"),
            marker={
                "symbol": ["diamond" if known else "diamond-open" for known in told],
                "size": 10,
                "color": style.INK,
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (total["upper"] - total["value"]).tolist(),
                "arrayminus": (total["value"] - total["lower"]).tolist(),
                "color": style.INK,
                "thickness": 1.5,
            },
            text=[str(verdict) for verdict in verdicts],
            hovertemplate="%{text}: %{y:+.4f}<extra>%{x}</extra>",
        )
    )
    chart.update_layout(barmode="relative")
    chart.update_xaxes(type="category")
    return chart


def _over_windows_title(table: pd.DataFrame, verdicts: pd.Series, windows: Any) -> str:
    concept = [n for n, v in verdicts.items() if v in ("concept drift", "data and concept drift")]
    data = [n for n, v in verdicts.items() if v in ("data drift", "data and concept drift")]
    parts = []
    if concept:
        parts.append(f"concept drift {windows.among(concept)}")
    if data:
        parts.append(f"data drift {windows.among(data)}")
    better = [number for number, verdict in verdicts.items() if verdict == "improved"]
    if better:
        parts.append(f"better {windows.among(better)}")
    if not parts:
        unknown = (verdicts == "undetermined").all()
        return "The causes cannot be told apart" if unknown else "No window is worse"
    sentence = "; ".join(parts)
    return sentence[0].upper() + sentence[1:]


def feature_attribution(diagnosis: Diagnosis) -> Any:
    """Which features' change accounts for what changed inputs did to the loss.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    plotly.graph_objects.Figure
        At most 20 features, the largest effect first.
    """
    import plotly.graph_objects as go

    table = diagnosis.features.sort_values("effect", key=np.abs, ascending=False).head(MOST_BARS)
    names = distinct([shortened(name) for name in table.index])
    title = "No feature to show"
    if len(table):
        first = float(table["effect"].iloc[0])
        did = "raised" if first > 0 else "lowered"
        title = f"Of the changed inputs, {names[0]} {did} the loss most ({first:+.3f})"
        if not first:
            title = "No changed input did anything to the loss"
    chart = figure(
        escape(title, most=None),
        caption="How much of the change of the loss by changed inputs goes away when a feature is "
        "hidden from the comparison of the two periods. Features that move together share it.",
        alt="Bars: "
        + "; ".join(f"{n} {v:+.3f}" for n, v in zip(names[:5], table["effect"], strict=False))
        + ".",
        table=table,
        x=f"effect on the mean {escape(shortened(diagnosis.loss_title))}",
        height=130 + 26 * max(2, len(table)),
    )
    chart.add_trace(
        go.Bar(
            x=table["effect"].tolist(),
            y=[escape(name) for name in names],
            orientation="h",
            marker={"color": COLORS["covariate_common"]},
            hovertemplate="%{y} %{x:+.4f}<extra></extra>",
        )
    )
    chart.update_yaxes(autorange="reversed", type="category")
    return chart


def segment_effects(diagnosis: Diagnosis) -> Any:
    """Where the model lost most at unchanged inputs, by rule, with 95 % intervals.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    plotly.graph_objects.Figure
    """
    import plotly.graph_objects as go

    table = diagnosis.segments.head(MOST_BARS)
    rules = [escape(rule, most=80) for rule in distinct(table["rule"].tolist())]
    worst = table.loc[table["effect"].idxmax()] if len(table) else None
    title = "No figure without labels, or where the periods do not overlap"
    if len(table) == 1:
        title = "No group of rows stands out: the change is the same everywhere"
    elif worst is not None:
        did = "rose most" if worst["effect"] > 0 else "fell least"
        title = (
            f"With the same inputs the loss {did} where {worst['rule']} ({worst['effect']:+.3f})"
        )
    chart = figure(
        escape(title, most=None),
        caption="Change of the mean loss at the same inputs, in groups of rows that were found on "
        "one half of the data and measured on the other, with 95 % intervals.",
        alt="Points: "
        + "; ".join(f"{row.rule} {row.effect:+.3f}" for row in table.itertuples())
        + ".",
        table=table,
        x=f"change of the mean {escape(shortened(diagnosis.loss_title))} at the same inputs",
        height=150 + 34 * max(2, len(table)),
    )
    chart.add_vline(x=0, line={"color": style.AXIS, "width": 1})
    chart.add_trace(
        go.Scatter(
            x=table["effect"].tolist(),
            y=rules,
            mode="markers",
            marker={"size": 10, "color": COLORS["concept"]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": (table["upper"] - table["effect"]).tolist(),
                "arrayminus": (table["effect"] - table["lower"]).tolist(),
            },
            hovertemplate="%{y} %{x:+.4f}<extra></extra>",
            showlegend=False,
        )
    )
    chart.update_yaxes(autorange="reversed", type="category")
    return chart
