"""Draw why the loss changed: over time, by feature and by segment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.verdict import BOTH, CONCEPT, DATA, IMPROVED, UNDETERMINED
from driftlib.diagnosis.windows import Timeline
from driftlib.errors import DataError, ParameterError
from driftlib.text import capital, distinct, quoted, shortened
from driftlib.visualization import style
from driftlib.visualization.marks import category_axis, error_bars
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import WindowLabels, window_labels

if TYPE_CHECKING:
    import plotly.graph_objects as go

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
MOST_BARS = 20


def plain_title(term: str) -> str:
    """Name a term on one line.

    Parameters
    ----------
    term : str
        covariate_common, concept, covariate_unseen or total.

    Returns
    -------
    str
        Plain text.

    Examples
    --------
    >>> plain_title("concept")
    'same inputs, other outcomes'
    """
    return TITLES[term].replace("<br>", " ")


def diagnosis_over_windows(timeline: Timeline) -> go.Figure:
    """Draw the causes of the change of the loss, stacked, window by window, with their total.

    Parameters
    ----------
    timeline : Timeline
        From `diagnose_windows`.

    Returns
    -------
    plotly.graph_objects.Figure
        Windows that could not be diagnosed are marked as such.

    Raises
    ------
    ParameterError
        If there are segments: a row of bars has room for windows only.
    DataError
        If the change of the loss is known in no window.
    """
    import plotly.graph_objects as go

    if timeline.by:
        raise ParameterError(
            f"the timeline has segments ({quoted(timeline.by)}): pass one without by=."
        )
    windows = window_labels(timeline.table)
    table = timeline.table.pivot_table(
        index="window", columns="term", values="value", aggfunc="first", dropna=False
    ).reindex(index=list(windows.labels), columns=list(TITLES))
    if not np.isfinite(table["total"].astype(float)).any():
        raise DataError(_no_total(timeline.table["note"]))
    labels = [escape(label) for label in windows.labels.values()]
    each = timeline.table.drop_duplicates("window").set_index("window")
    verdicts = dict(zip(windows.labels, each.loc[list(windows.labels), "verdict"], strict=True))
    chart = figure(
        escape(_over_windows_title(verdicts, windows), most=None),
        caption="Change of the mean loss against the reference. Bars: what each cause adds or "
        "takes away; diamonds: their sum with its 95 % interval. Hollow: the two periods have "
        "too little in common for the causes to be told apart.",
        alt="Stacked bars by window: "
        + "; ".join(f"{windows.labels[number]} {verdict}" for number, verdict in verdicts.items())
        + ".",
        table=table.rename(columns=plain_title)
        .assign(verdict=list(verdicts.values()))
        .set_axis(list(windows.labels.values()))
        .rename_axis("window"),
        y="change of the mean loss",
        height=420,
    )
    told = np.array([verdict != UNDETERMINED for verdict in verdicts.values()])
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
            error_y=error_bars(
                total["value"], total["lower"], total["upper"], color=style.INK, thickness=1.5
            ),
            text=list(verdicts.values()),
            hovertemplate="%{text}: %{y:+.4f}<extra>%{x}</extra>",
        )
    )
    chart.update_layout(barmode="relative")
    chart.update_xaxes(category_axis())
    return chart


def _no_total(notes: Iterable[str]) -> str:
    why = next((note for note in notes if note), "current has no labels there.")
    return f"In no window is it known how the loss changed: {why}"


def _over_windows_title(verdicts: dict[int, str], windows: WindowLabels) -> str:
    concept = [number for number, verdict in verdicts.items() if verdict in (CONCEPT, BOTH)]
    data = [number for number, verdict in verdicts.items() if verdict in (DATA, BOTH)]
    parts = []
    if concept:
        parts.append(f"concept drift {windows.among(concept)}")
    if data:
        parts.append(f"data drift {windows.among(data)}")
    better = [number for number, verdict in verdicts.items() if verdict == IMPROVED]
    if better:
        parts.append(f"better {windows.among(better)}")
    if not parts:
        open_ = [number for number, verdict in verdicts.items() if verdict == UNDETERMINED]
        if len(open_) == len(verdicts):
            return "The causes cannot be told apart"
        told = "The model is not surely worse" + (" in any window" if len(verdicts) > 1 else "")
        return told + (f"; the cause cannot be told {windows.among(open_)}" if open_ else "")
    # Of many windows some one stands out by chance: the verdict over all may be another.
    alone = "each judged alone: " if len(verdicts) > 1 else ""
    return capital(f"{alone}{'; '.join(parts)}")


@dataclass(frozen=True)
class _Unit:
    """What changes of a loss are drawn in: that of a squared error says little, so in per cent."""

    size: float
    words: str
    sign: str

    def write(self, value: float) -> str:
        """Write a change: three decimals, and none where it is large."""
        value = value / self.size
        digits = 3 if abs(value) < 1 else 1 if abs(value) < 10 else 0
        return f"{value:+,.{digits}f}{self.sign}"


def _unit(diagnosis: Diagnosis) -> _Unit:
    loss = escape(shortened(diagnosis.loss_title))
    if diagnosis.verdict_inputs.relative and diagnosis.loss_reference > 0:
        return _Unit(diagnosis.loss_reference / 100, f"{loss}, % of the reference's", " %")
    return _Unit(1.0, loss, "")


def feature_attribution(diagnosis: Diagnosis) -> go.Figure:
    """Draw which features' change accounts for what changed inputs did to the loss.

    Parameters
    ----------
    diagnosis : Diagnosis
        From `diagnose`.

    Returns
    -------
    plotly.graph_objects.Figure
        At most 20 features, the largest effect first.
    """
    import plotly.graph_objects as go

    unit = _unit(diagnosis)
    table = diagnosis.features.sort_values("effect", key=np.abs, ascending=False).head(MOST_BARS)
    names = distinct([shortened(name) for name in table.index])
    effects = [unit.write(value) for value in table["effect"]]
    title = "No feature to show"
    if len(table):
        first = float(table["effect"].iloc[0])
        did = "raised" if first > 0 else "lowered"
        title = f"Of the changed inputs, {names[0]} {did} the loss most ({unit.write(first)})"
        _, lower, upper = diagnosis.covariate
        if lower <= 0 <= upper:
            title = (
                f"Changed inputs do not clearly change the loss; {names[0]} moves it most "
                f"({unit.write(first)})"
            )
        if not first:
            title = "No changed input did anything to the loss"
    chart = figure(
        escape(title, most=None),
        caption="How much of the change of the loss by changed inputs goes away when a feature is "
        "hidden from the comparison of the two periods. Features that move together share it.",
        alt="Bars: "
        + "; ".join(f"{n} {effect}" for n, effect in zip(names, effects[:5], strict=False))
        + ".",
        table=table,
        x=f"effect on the mean {unit.words}",
        height=130 + 26 * max(2, len(table)),
    )
    chart.add_trace(
        go.Bar(
            x=(table["effect"] / unit.size).tolist(),
            y=[escape(name) for name in names],
            orientation="h",
            marker={"color": COLORS["covariate_common"]},
            hovertemplate="%{y} %{x:+.4~g}" + unit.sign + "<extra></extra>",
        )
    )
    chart.update_yaxes(category_axis(downward=True))
    return chart


def segment_effects(diagnosis: Diagnosis) -> go.Figure:
    """Draw where the model lost most at unchanged inputs, by rule, with 95 % intervals.

    Parameters
    ----------
    diagnosis : Diagnosis
        From `diagnose`.

    Returns
    -------
    plotly.graph_objects.Figure
        At most 20 groups of rows; empty without labels.
    """
    import plotly.graph_objects as go

    unit = _unit(diagnosis)
    table = diagnosis.segments.head(MOST_BARS)
    rules = [escape(rule, most=80) for rule in distinct(table["rule"].tolist())]
    worst = table.iloc[int(table["effect"].argmax())] if len(table) else None
    title = "No figure without labels, or where the periods do not overlap"
    if len(table) == 1:
        title = "No group of rows stands out"
    elif worst is not None:
        did = "rose most" if worst["effect"] > 0 else "fell least"
        most = unit.write(worst["effect"])
        title = f"With the same inputs the loss {did} where {worst['rule']} ({most})"
    chart = figure(
        escape(title, most=None),
        caption="Change of the mean loss at the same inputs, in groups of rows that were found on "
        "one half of the data and measured on the other, with 95 % intervals.",
        alt="Points: "
        + "; ".join(
            f"{rule} {effect}"
            for rule, effect in zip(table["rule"], map(unit.write, table["effect"]), strict=True)
        )
        + ".",
        table=table,
        x=f"change of the mean {unit.words}",
        height=150 + 34 * max(2, len(table)),
    )
    drawn = table[["effect", "lower", "upper"]] / unit.size
    chart.add_vline(x=0, line={"color": style.AXIS, "width": 1})
    chart.add_trace(
        go.Scatter(
            x=drawn["effect"].tolist(),
            y=rules,
            mode="markers",
            marker={"size": 10, "color": COLORS["concept"]},
            error_x=error_bars(drawn["effect"], drawn["lower"], drawn["upper"]),
            hovertemplate="%{y} %{x:+.4~g}" + unit.sign + "<extra></extra>",
            showlegend=False,
        )
    )
    chart.update_yaxes(category_axis(downward=True))
    return chart
