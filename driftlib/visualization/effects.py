"""Draw how far each feature moved, as sorted bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from driftlib.drift.result import DriftResult
from driftlib.severity import Severity
from driftlib.text import counted, shortened, wrapped
from driftlib.visualization import style
from driftlib.visualization.levels import (
    NOT_FEATURES,
    TOP,
    change_table,
    column_label,
    compared_with,
    most_drifted,
)
from driftlib.visualization.marks import category_axis
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import Row, plain_numbers
from driftlib.written_numbers import brief, percent, percents

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_BARS = 40


def effect_sizes(result: DriftResult) -> go.Figure:
    """Draw how far each feature moved, the furthest on top, by what moved most and how severe.

    Parameters
    ----------
    result : DriftResult
        At most 40 columns are drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        Bars on the policy's own scale: 1 is its threshold for moderate, 2 for major, 3 four
        times major or more; PSI beyond chance, or a share of rows where that is worse: missing,
        unseen, beyond the range, at one value.

    Examples
    --------
    >>> from driftlib import detect_drift
    >>> reference = pd.DataFrame({"wind": range(99, -1, -1), "temp": range(99, -1, -1)})
    >>> effect_sizes(detect_drift(reference, reference.assign(temp=range(90, 190)))).data[0].y
    ('temp', 'wind')
    """
    import plotly.graph_objects as go

    table, _ = change_table(result)
    order = most_drifted(table)
    # Sizes, not ranks: here a change that is not real keeps its length and says so.
    drawn = table.set_index("feature").loc[order].head(MOST_BARS).reset_index()
    entries = drawn.to_dict("records")
    policy = result.policy
    chart = figure(
        escape(_effect_title(result, table, order), most=None),
        caption=(
            f"Size of each change against {compared_with(result)}, on a scale that is linear "
            "between the marked thresholds: PSI beyond what chance gives, or a share of rows where "
            "that is worse (missing, new, beyond the range, at one value). Hollow bars: not told "
            "from chance."
            + (
                f" The first {MOST_BARS} of {len(order):,} columns."
                if len(order) > MOST_BARS
                else ""
            )
        ),
        alt=f"Bars for {counted(len(drawn), 'column')}, sorted: "
        + "; ".join(f"{shortened(e['feature'])} {_effect_words(e)}" for e in entries[:5])
        + ".",
        table=_effect_table(drawn),
        height=116 + 27 * max(2, len(drawn)),
    )
    chart.add_trace(
        go.Bar(
            x=plain_numbers(drawn["level"]),
            y=drawn["feature"].tolist(),
            orientation="h",
            marker={
                "color": [
                    style.SEVERITY_COLORS[e["severity"]]
                    if e["severity"] != "none"
                    else "rgba(0,0,0,0)"
                    for e in entries
                ],
                "line": {
                    "color": [style.SEVERITY_COLORS[e["severity"]] for e in entries],
                    "width": [1 if e["severity"] == "none" else 0 for e in entries],
                },
            },
            text=[f"{Severity(e['severity']).mark} {_effect_words(e)}" for e in entries],
            textposition="outside",
            cliponaxis=False,
            hovertext=[_effect_hover(e) for e in entries],
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
        )
    )
    shares = (policy.share_moderate, policy.share_major)
    ticks = [
        f"{name}<br>PSI {psi:g}<br>or {100 * share:g} %"
        for name, psi, share in zip(
            ("moderate", "major"), (policy.psi_moderate, policy.psi_major), shares, strict=True
        )
    ]
    chart.update_xaxes(
        range=[0, 4.1],
        tickangle=0,
        tickvals=[1, 2, 3],
        ticktext=[*ticks, f"{TOP} times<br>major<br>or more"],
        showgrid=True,
        griddash="dash",
        gridcolor=style.AXIS,
    )
    labels = [escape(column_label(e["feature"], e["kind"])) for e in entries]
    names = drawn["feature"].tolist()
    chart.update_yaxes(category_axis(names, labels, downward=True, ticks="", showgrid=False))
    return chart


_PLACES = {
    "beyond": "at or beyond the ends",
    "spike": "piled up at one value",
    "one_sided": "in values that one side lacks",
}


def _effect_words(entry: Row) -> str:
    moved = entry["level"] > 0 and entry["severity"] != "none"
    if moved and entry["driver"] == "missing":
        now, was = percents(entry["missing_current"], entry["missing_reference"])
        return f"{now} missing, was {was}"
    if moved and entry["driver"] == "unseen":
        return f"{percent(entry['unseen'])} new values"
    if moved and entry["driver"] in _PLACES:
        return f"{percent(entry['share'])} {_PLACES[entry['driver']]}"
    return f"PSI {brief(entry['psi'])}"


def _effect_hover(entry: Row) -> str:
    lines = [f"<b>{escape(entry['feature'])}</b>: {entry['severity']}"]
    lines.append(f"PSI {brief(entry['psi'])} (chance alone: up to {brief(entry['psi_critical'])})")
    return "<br>".join([*lines, *(escape(line, most=None) for line in wrapped(entry["note"]))])


def _effect_title(result: DriftResult, table: pd.DataFrame, order: Sequence[str]) -> str:
    features = table[~table["kind"].isin(NOT_FEATURES)].set_index("feature")
    names = [name for name in order if name in features.index]
    total = len(result.baseline.features)
    drifted = [name for name in names if features.loc[name, "drifted"]]
    if not drifted:
        return f"None of {counted(total, 'feature')} moved far enough to matter"
    first = _effect_words(features.loc[drifted[0]].to_dict())
    enough = f"{len(drifted)} of {counted(total, 'feature')} moved far enough to matter"
    return f"{enough}, {shortened(drifted[0])} most ({first})"


def _effect_table(drawn: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "feature",
        "psi",
        "psi_expected",
        "missing_reference",
        "missing_current",
        "unseen",
        "severity",
        "note",
    ]
    return drawn[columns].rename(columns={"psi": "PSI", "psi_expected": "PSI by chance"})
