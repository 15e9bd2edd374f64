"""Why the loss changed: the waterfall of causes, over time, by feature, by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from driftlib.diagnosis import Diagnosis
from driftlib.timeline import Timeline
from driftlib.visualization import style
from driftlib.visualization.style import escape, figure
from driftlib.visualization.words import brief, listed, shortened, windows_of

TITLES = {
    "covariate_common": "changed mix of<br>familiar inputs",
    "concept": "same inputs,<br>other outcomes",
    "covariate_unseen": "unfamiliar<br>inputs",
    "total": "all together",
}
COLORS = {"covariate_common": "#56B4E9", "concept": "#D55E00", "covariate_unseen": "#009E73"}
PATTERNS = {"covariate_common": "", "concept": "/", "covariate_unseen": "."}
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
        caption=f"Bars: what each cause adds to the mean {loss} (95 % intervals), from the "
        "reference's to the current one. A familiar input is one that both periods have.",
        alt=f"Waterfall of the mean {loss}: "
        + "; ".join(f"{plain_title(n)} {row.value:+.3f}" for n, row in known.iterrows())
        + ".",
        table=table,
        y=f"mean {escape(loss)}",
        height=420,
    )
    start = diagnosis.loss_reference
    base = start + np.append(0, np.cumsum(known["value"].to_numpy())[:-1])
    ends = {"reference": (start, style.REFERENCE)}
    if np.isfinite(diagnosis.loss_current):
        ends["current"] = (diagnosis.loss_current, style.CURRENT)
    for name, (value, color) in ends.items():
        chart.add_trace(
            go.Bar(
                x=[name],
                y=[value],
                marker={"color": color},
                text=[brief(value)],
                textposition="outside",
                hovertemplate=f"{name} %{{y:.4f}}<extra></extra>",
                showlegend=False,
            )
        )
    chart.add_trace(
        go.Bar(
            x=[TITLES[name] for name in known.index],
            y=known["value"].tolist(),
            base=base.tolist(),
            marker={
                "color": [COLORS[name] for name in known.index],
                "pattern": {"shape": [PATTERNS[name] for name in known.index]},
            },
            error_y={
                "type": "data",
                "symmetric": False,
                "array": (known["upper"] - known["value"]).tolist(),
                "arrayminus": (known["value"] - known["lower"]).tolist(),
                "color": style.INK,
            },
            customdata=known[["value", "lower", "upper"]].to_numpy().tolist(),
            hovertemplate="%{customdata[0]:+.4f} (%{customdata[1]:+.4f} to "
            "%{customdata[2]:+.4f})<extra></extra>",
            showlegend=False,
        )
    )
    chart.add_trace(
        go.Scatter(
            x=[TITLES[name] for name in known.index],
            y=(base + known["upper"].clip(lower=0).to_numpy()).tolist(),
            mode="text",
            text=[f"{value:+.3f}" for value in known["value"]],
            textposition="top center",
            hoverinfo="skip",
            showlegend=False,
        )
    )
    order = ["reference", *(TITLES[name] for name in known.index), "current"]
    chart.update_xaxes(categoryorder="array", categoryarray=order)
    chart.update_yaxes(rangemode="tozero")
    return chart


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

    windows = windows_of(timeline.table)
    table = timeline.table.pivot_table(
        index="window", columns="term", values="value", aggfunc="first", dropna=False
    ).reindex(index=list(windows.labels), columns=list(TITLES))
    labels = list(windows.labels.values())
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
        .set_axis(labels)
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
                marker={"color": COLORS[term], "pattern": {"shape": PATTERNS[term]}},
                hovertemplate=f"{plain_title(term)} %{{y:+.4f}}<extra>%{{x}}</extra>",
            )
        )
    total = timeline.table[timeline.table["term"] == "total"].set_index("window")
    total = total.reindex(table.index)
    chart.add_trace(
        go.Scatter(
            x=labels,
            y=total["value"].tolist(),
            mode="markers",
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
                "thickness": 1,
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
    names = [shortened(name) for name in table.index]
    most = listed(table.index[:1]) if len(table) else ""
    title = f"Of the changed inputs, {most} did most to the loss" if most else "No feature to show"
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
    rules = [escape(rule, most=80) for rule in table["rule"]]
    worst = table.loc[table["effect"].idxmax()] if len(table) else None
    title = "No figure without labels, or where the periods do not overlap"
    if worst is not None:
        title = f"With the same inputs the loss rose most where {worst['rule']}"
        if len(table) == 1:
            title = "No group of rows stands out: the change is the same everywhere"
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
