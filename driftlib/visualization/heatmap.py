"""Draw the drift heatmap: features by windows, coloured and marked by how far they moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftlib.drift.policy import DriftPolicy
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.severity import Severity
from driftlib.text import NAMES_SHOWN, counted, listed, wrapped
from driftlib.visualization import style
from driftlib.visualization.levels import (
    TOP,
    alarm_windows,
    change_table,
    column_label,
    compared_with,
    most_drifted,
    segment_course,
    segment_table,
)
from driftlib.visualization.marks import category_axis
from driftlib.visualization.panels import add_legend_entry
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import Row, WindowLabels
from driftlib.written_numbers import brief

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_FEATURES = 40
MOST_WINDOWS = 60
# So many windows still leave room for a number in each cell.
WINDOWS_WITH_NUMBERS = 12
# Pixels of a page's axis, and of a letter of its labels.
LABELLED, LETTER = 700, 8

# Severities by the colour of text that is readable on them.
CLASSES = {("none", "minor"): style.INK, ("moderate",): "#1A1F26", ("major",): "#FFFFFF"}
NO_BREAK = "\u00a0"
HOLLOW = (Severity.MODERATE.open_mark, Severity.MAJOR.open_mark)


def drift_heatmap(result: DriftResult | TrendResult) -> go.Figure:
    """Draw how far every feature moved in every window, the most drifted on top.

    Parameters
    ----------
    result : DriftResult or TrendResult
        A single result is one window; one with segments has a column a segment. At most 40 features
        and the latest 60 windows are drawn.

    Returns
    -------
    plotly.graph_objects.Figure
        The colour's value is 0 where a change is not real, and else the largest of PSI beyond
        chance, change in missing values and unseen values, on a scale where 1 is the
        policy's threshold for moderate, 2 for major, 3 four times major or more.

    Examples
    --------
    >>> from driftlib import detect_drift
    >>> reference = pd.DataFrame({"wind": range(99, -1, -1), "temp": range(99, -1, -1)})
    >>> chart = drift_heatmap(detect_drift(reference, reference.assign(temp=range(90, 190))))
    >>> chart.layout.title.text
    '1 of 2 features drifted: temp'
    """
    import plotly.graph_objects as go

    if isinstance(result, TrendResult) and result.by:
        table, windows = segment_course(result)
    elif isinstance(result, DriftResult) and result.by:
        table, windows = segment_table(result)
    else:
        table, windows = change_table(result)
    order = most_drifted(table)
    kinds = table.drop_duplicates("feature").set_index("feature")["kind"]
    features, numbers = order[:MOST_FEATURES], list(windows.labels)[-MOST_WINDOWS:]
    drawn = table[table["feature"].isin(features) & table["window"].isin(numbers)]
    chart = figure(
        escape(_heatmap_title(result, table, windows), most=None),
        caption=_heatmap_caption(result, drawn, order, numbers, windows),
        alt=_heatmap_alt(features, numbers, windows),
        table=_pivot(drawn, features, windows),
        x=windows.title or None,
        height=140 + 27 * len(features) + (20 if windows.title else 0),
    )
    x = [escape(windows.labels[number]) for number in numbers]
    places = {number: place for place, number in enumerate(numbers)}
    rows = {name: place for place, name in enumerate(features)}
    cells = [
        (rows[entry["feature"]], places[entry["window"]], entry)
        for entry in drawn.to_dict("records")
        if np.isfinite(entry["level"])
    ]
    with_numbers = len(numbers) <= WINDOWS_WITH_NUMBERS
    texts = [_cell(entry, with_numbers) for *_, entry in cells]
    blank = NO_BREAK * max([2, *map(len, texts)])
    # A trace for each class, because text is to be read on each class's own colours.
    for severities, ink in CLASSES.items():
        z = np.full((len(features), len(numbers)), np.nan)
        text, hover = np.full((2, *z.shape), "", dtype=object)
        # Two neighbours of full length make plotly choose a size of text that fits every cell.
        text[:1, :2] = blank
        for (row, column, entry), label in zip(cells, texts, strict=True):
            if entry["severity"] in severities:
                z[row, column] = entry["level"] if entry["severity"] != "none" else 0.0
                text[row, column] = label.center(len(blank), NO_BREAK)
                hover[row, column] = _hover(entry, windows.labels[entry["window"]])
        chart.add_trace(
            go.Heatmap(
                x=x,
                y=features,
                z=z.tolist(),
                name=severities[-1],
                text=text.tolist(),
                texttemplate="%{text}",
                textfont={"color": ink},
                hovertext=hover.tolist(),
                hovertemplate="%{hovertext}<extra></extra>",
                hoverongaps=False,
                coloraxis="coloraxis",
                xgap=2,
                ygap=2,
            )
        )
    if windows.title:
        # An axis with a title pushes the legend down, into the picture.
        chart.update_layout(legend_y=1.03)
    for name, color in _legend(result.policy):
        add_legend_entry(chart, name, marker={"symbol": "square", "size": 12, "color": color})
    # As many labels as a page of the usual width has room for.
    longest = max([1, *(len(windows.labels[number]) for number in numbers)])
    room = int(np.clip(LABELLED // (LETTER * longest + 10), 4, 30))
    chart.update_xaxes(category_axis(showline=False, ticks="", nticks=room))
    named = [escape(column_label(name, kinds[name])) for name in features]
    plain = {"showline": False, "showgrid": False, "tickcolor": "rgba(0,0,0,0)"}
    chart.update_yaxes(category_axis(features, named, downward=True, **plain))
    colors = [list(stop) for stop in style.SEQUENTIAL]
    chart.update_layout(coloraxis={"cmin": 0, "cmax": 3, "colorscale": colors, "showscale": False})
    if len(numbers) == 1:
        _notes_beside(chart, [entry for *_, entry in cells])
    return chart


def _legend(policy: DriftPolicy) -> list[tuple[str, str]]:
    """Name and colour of each class, where the class begins."""
    colors = dict(style.SEQUENTIAL)
    return [
        ("real but small", colors[0.3333]),
        (f"{Severity.MODERATE.mark} moderate, from PSI {policy.psi_moderate:g}", colors[0.3334]),
        (f"{Severity.MAJOR.mark} major, from {policy.psi_major:g}", colors[0.6667]),
        (f"{TOP * policy.psi_major:g} and more", colors[1.0]),
    ]


def _notes_beside(chart: go.Figure, entries: Sequence[Row]) -> None:
    """Make room beside a single column of cells for the first words of each feature's note."""
    chart.update_xaxes(range=[-0.5, 7.5])
    for entry in entries:
        chart.add_annotation(
            x=0.6,
            y=entry["feature"],
            text=escape(entry["note"].split("; ")[0], most=90),
            xanchor="left",
            showarrow=False,
            font={"size": 12},
        )


def _cell(entry: Row, with_number: bool) -> str:
    """Mark and number of a cell; the number is PSI, or a share in percent where that is worse."""
    severity = entry["severity"]
    mark = _mark(entry) if Severity(severity).drifted else ""
    if not with_number or severity == "none":
        return mark
    if mark and entry["driver"] != "PSI":
        return f"{mark} {100 * entry['share']:.0f} %"
    return f"{mark} {brief(entry['psi'], most=2)}".strip()


def _mark(entry: Row) -> str:
    """Sign of a cell's severity, hollow where its window alone drifted and the run has no alarm."""
    severity = Severity(entry["severity"])
    alone = severity.drifted and not entry["alarm"]
    return severity.open_mark if alone else severity.mark


def _hover(entry: Row, label: str) -> str:
    lines = [
        f"<b>{escape(entry['feature'])}</b>, {escape(label)}",
        f"{_mark(entry)} {entry['severity']}{', alarm' if entry['alarm'] else ''}",
        f"PSI {brief(entry['psi'])} (chance alone: up to {brief(entry['psi_critical'])})",
    ]
    if entry["note"]:
        lines += [escape(line, most=None) for line in wrapped(entry["note"])]
    return "<br>".join(lines)


def _heatmap_title(
    result: DriftResult | TrendResult, table: pd.DataFrame, windows: WindowLabels
) -> str:
    if isinstance(result, DriftResult):
        return result.headline
    total = len(result.baseline.features)
    alarms = alarm_windows(table)
    if result.by and (not alarms or len(windows.labels) == 1):
        groups = f"{table['feature'].nunique()} groups of {listed(result.by)}"
        if not alarms:
            return f"In none of {groups} a feature drifted"
        return f"A feature drifted in {len(alarms)} of {groups}: {listed(alarms)}"
    if not alarms:
        return "The feature did not drift" if total == 1 else f"None of {total} features drifted"
    if len(windows.labels) == 1:
        return f"{len(alarms)} of {counted(total, 'feature')} drifted: {listed(alarms)}"
    drifted = sorted(alarms, key=lambda name: -len(alarms[name]))
    first = alarms[drifted[0]]
    alike = [name for name in drifted if alarms[name] == first][:NAMES_SHOWN]
    more = len(drifted) - len(alike)
    what = "group" if result.by else "feature"
    others = f"; {counted(more, f'other {what}')} in some" if more else ""
    return f"{listed(alike)} drifted {windows.among(first)}{others}"


def _heatmap_caption(
    result: DriftResult | TrendResult,
    drawn: pd.DataFrame,
    order: list[str],
    numbers: list[int],
    windows: WindowLabels,
) -> str:
    against = compared_with(result)
    if isinstance(result, DriftResult) and result.by:
        against = "all of the reference" if result.pooled else "the reference's rows of the group"
    furthest = ""
    if isinstance(result, TrendResult) and result.by:
        against = "all of the reference" if result.pooled else "the reference's rows of the group"
        furthest = "Each cell is of the feature that moved furthest in that group and window. "
    sentences = [
        f"{furthest}Change against {against}: PSI beyond what chance gives, or the share of "
        "missing or new values (in %) where that moved more. "
        f"{Severity.MODERATE.mark} moderate, {Severity.MAJOR.mark} major; no mark: "
        "real but too small to matter; empty: not told from chance."
    ]
    if any(_mark(entry) in HOLLOW for entry in drawn.to_dict("records")):
        sentences.append(
            f"Hollow, {' '.join(HOLLOW)}: drift of a window judged alone, no alarm of the run."
        )
    if len(order) > MOST_FEATURES:
        sentences.append(f"The {MOST_FEATURES} most drifted of {len(order):,} columns are shown.")
    if len(windows.labels) > len(numbers):
        what = "groups" if result.by else "windows"
        sentences.append(f"The latest {len(numbers)} of {len(windows.labels):,} {what} are shown.")
    if furthest:
        return " ".join(sentences)
    left_out = len(result.baseline.columns) - len(order)
    if left_out:
        sentences.append(f"Not shown: {counted(left_out, 'column')} that cannot be compared.")
    return " ".join(sentences)


def _heatmap_alt(features: list[str], numbers: list[int], windows: WindowLabels) -> str:
    if not features or not numbers:
        return "Empty grid: no column could be compared."
    first, last = windows.labels[numbers[0]], windows.labels[numbers[-1]]
    span = f"{first} to {last}" if first != last else first
    return (
        f"Grid of {counted(len(features), 'column')} by {counted(len(numbers), windows.unit)}, "
        f"{span}; most drifted: {listed(features)}."
    )


def _pivot(drawn: pd.DataFrame, features: list[str], windows: WindowLabels) -> list[dict[str, Any]]:
    """Make the picture a table: a row per feature, and each window's mark and PSI."""
    cells = {
        (entry["feature"], entry["window"]): (f"{_mark(entry)} {brief(entry['psi'])}")
        for entry in drawn.to_dict("records")
    }
    numbers = sorted(set(drawn["window"]))[-(style.MOST_COLUMNS - 1) :]
    return [
        {"feature": name}
        | {windows.labels[number]: cells.get((name, number), "") for number in numbers}
        for name in features
    ]
