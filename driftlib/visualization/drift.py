"""Draw PSI window by window, beside what chance gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.severity import Severity
from driftlib.text import counted, listed, shortened
from driftlib.visualization import style
from driftlib.visualization.levels import change_table, chosen_features, compared_with
from driftlib.visualization.marks import add_severity_legend, category_axis, severity_marker
from driftlib.visualization.panels import add_panels, height_of
from driftlib.visualization.style import escape, figure
from driftlib.visualization.windows import Row, WindowLabels, plain_numbers, thinned
from driftlib.written_numbers import brief

if TYPE_CHECKING:
    import plotly.graph_objects as go

DEFAULT_PANELS, MOST_PANELS = 6, 12

ZONES = {
    "chance": "rgba(128, 134, 144, 0.24)",
    "moderate": "rgba(230, 159, 0, 0.20)",
    "major": "rgba(194, 24, 91, 0.16)",
}


def psi_trend(trend: TrendResult, features: Iterable[str] | None = None) -> go.Figure:
    """Draw PSI over the windows, beside what chance gives and each window's thresholds.

    Parameters
    ----------
    trend : TrendResult
        From `drift_trend`.
    features : list of str, optional
        At most 12; the 6 most drifted by default.

    Returns
    -------
    plotly.graph_objects.Figure
        A panel per feature on one logarithmic scale. With more than 300 windows only every
        second, third, ... is drawn.

    Raises
    ------
    DriftlibError
        If a name is not in the result.

    Examples
    --------
    >>> from driftlib import drift_trend
    >>> reference = pd.DataFrame({"wind": range(199, -1, -1)})
    >>> current = pd.DataFrame({"wind": [*range(200), *range(100, 300)]})
    >>> psi_trend(drift_trend(reference, current, window=200)).layout.title.text
    'PSI of wind rose above its threshold in rows 201 to 400'
    """
    import plotly.graph_objects as go

    table, windows = change_table(trend)
    names = chosen_features(table, features, DEFAULT_PANELS, MOST_PANELS)
    numbers = thinned(list(windows.labels))
    table = _with_thresholds(table[table["feature"].isin(names)], trend)
    bottom, top = _psi_range(table)
    chart = figure(
        escape(_psi_title(table, names, windows), most=None),
        caption=_psi_caption(trend, numbers, windows),
        alt=_psi_alt(table, names, windows),
        table=_psi_table(table, windows),
        height=height_of(len(names)),
    )
    labels = [escape(windows.labels[number]) for number in numbers]
    axes = add_panels(
        chart,
        [escape(shortened(name)) for name in names],
        x=category_axis(nticks=4, title={"text": windows.title if len(names) == 1 else None}),
        y={
            "type": "log",
            "range": [np.log10(bottom), np.log10(top)],
            "nticks": 5,
            "dtick": 1,
            "tickformat": "~g",
        },
        shared_y=True,
    )
    by_feature = {name: part.set_index("window") for name, part in table.groupby("feature")}
    for name, axis in zip(names, axes, strict=True):
        part = by_feature[name].reindex(numbers)
        _add_zones(chart, part, labels, axis, bottom, top)
        psi = part["psi"].to_numpy(float)
        chart.add_trace(
            go.Scatter(
                x=labels,
                y=plain_numbers(np.where(np.isnan(psi), np.nan, np.fmax(psi, bottom))),
                mode="lines+markers",
                line={"color": style.INK, "width": 1.5},
                marker=_marker(part, len(numbers)),
                text=[
                    _psi_hover(name, label, row)
                    for label, row in zip(labels, part.to_dict("records"), strict=True)
                ],
                hovertemplate="%{text}<extra></extra>",
                name=escape(name),
                showlegend=False,
                **axis,
            )
        )
    chart.update_yaxes(title_text="PSI", selector={"showticklabels": True})
    add_severity_legend(chart, table["severity"])
    chart.update_layout(bargap=0, barmode="overlay")
    return chart


def _marker(part: pd.DataFrame, points: int) -> dict[str, Any]:
    """Mark each window by its severity, hollow where it alone drifted and the run has no alarm."""
    marker = severity_marker(part["severity"], points)
    alone = part["drifted"].eq(True) & ~part["alarm"].eq(True)
    marker["symbol"] = [
        f"{symbol}-open" if hollow else symbol
        for symbol, hollow in zip(marker["symbol"], alone, strict=True)
    ]
    return marker


def _with_thresholds(table: pd.DataFrame, result: TrendResult | DriftResult) -> pd.DataFrame:
    """Table with the PSI of each window from which it is beyond chance, moderate and major.

    A PSI that chance gives is no drift, so with few rows the thresholds start above chance.
    """
    chance, expected = table["psi_critical"], table["psi_expected"]
    return table.assign(
        moderate_from=np.fmax(chance, expected + result.policy.psi_moderate),
        major_from=np.fmax(chance, expected + result.policy.psi_major),
    )


def _psi_range(table: pd.DataFrame) -> tuple[float, float]:
    """Find the ends of the logarithmic axis: far below what chance gives nothing is of interest."""
    chance = table["psi_critical"].min()
    bottom = chance / 3 if chance > 0 else 0.001
    top = np.nanmax([1.0, 1.5 * table["psi"].max(), 2 * table["major_from"].max()])
    return float(np.clip(bottom, 1e-4, 0.1)), float(top)


def _add_zones(
    chart: go.Figure,
    part: pd.DataFrame,
    labels: list[str],
    axis: dict[str, str],
    bottom: float,
    top: float,
) -> None:
    """Draw what chance gives and where moderate and major begin, as bars as wide as a window."""
    import plotly.graph_objects as go

    spans = {
        "chance": (pd.Series(bottom, part.index), part["psi_critical"]),
        "moderate": (part["moderate_from"], part["major_from"]),
        "major": (part["major_from"], pd.Series(top, part.index)),
    }
    for zone, (low, high) in spans.items():
        known = (low.notna() & high.notna()).to_numpy()
        chart.add_trace(
            go.Bar(
                x=[label for label, is_known in zip(labels, known, strict=True) if is_known],
                base=low[known].tolist(),
                y=(high - low)[known].tolist(),
                marker={"color": ZONES[zone], "line": {"width": 0}},
                hoverinfo="skip",
                showlegend=False,
                name=zone,
                **axis,
            )
        )


def _severity_words(severity: object) -> str:
    return Severity(str(severity)).words if severity in list(Severity) else ""


def _psi_hover(name: str, label: str, row: Row) -> str:
    return "<br>".join(
        [
            f"<b>{escape(shortened(name))}</b>, {label}",
            f"PSI {brief(row['psi'])}, {_severity_words(row['severity'])}",
            f"chance alone: up to {brief(row['psi_critical'])}",
            f"moderate from {brief(row['moderate_from'])}, major from {brief(row['major_from'])}",
        ]
    )


def _psi_title(table: pd.DataFrame, names: Sequence[str], windows: WindowLabels) -> str:
    above = table[(table["severity"] != "none") & (table["psi"] >= table["moderate_from"])]
    where = above.groupby("feature")["window"].agg(list).to_dict()
    if not where:
        who = listed(names) if len(names) <= 3 else counted(len(names), "feature")
        return f"PSI of {who} stayed below the threshold" if names else "No feature to compare"
    crossed = sorted((name for name in names if name in where), key=lambda name: -len(where[name]))
    first = where[crossed[0]]
    alike = [name for name in crossed if where[name] == first]
    others = len(crossed) - len(alike)
    rest = f"; {counted(others, 'other feature')} at times" if others else ""
    numbers, whose = list(windows.labels), "its" if len(alike) == 1 else "their"
    if first != numbers and first == numbers[-len(first) :]:
        verb, when = f"rose above {whose} threshold", windows.place(first[0])
        stayed = " and stayed there" if len(first) > 1 else ""
        return f"PSI of {listed(alike)} {verb} {when}{stayed}{rest}"
    return f"PSI of {listed(alike)} was above {whose} threshold {windows.among(first)}{rest}"


def _psi_caption(trend: TrendResult, numbers: list[int], windows: WindowLabels) -> str:
    policy = trend.policy
    sentences = [
        f"PSI against {compared_with(trend)}, on a logarithmic scale. Grey: what chance gives "
        "with so many rows and no drift (one check in twenty beyond). Amber and red: moderate and "
        f"major drift, from {policy.psi_moderate:g} and {policy.psi_major:g} above what chance "
        "gives on average. A change in missing or new values is drift too, whatever its PSI."
    ]
    if (trend.table["drifted"] & ~trend.table["alarm"]).any():
        sentences.append(
            "Hollow: drift of a window judged alone, which is no alarm of the run of windows."
        )
    if len(numbers) < len(windows.labels):
        sentences.append(f"{len(numbers)} of {len(windows.labels):,} windows are drawn.")
    return " ".join(sentences)


def _psi_alt(table: pd.DataFrame, names: Sequence[str], windows: WindowLabels) -> str:
    peaks = table.groupby("feature")["psi"].max()
    parts = [f"{shortened(name)} up to {brief(peaks[name])}" for name in names]
    return (
        f"PSI over {counted(len(windows.labels), windows.unit)}, a panel per feature: "
        f"{'; '.join(parts) or 'none'}."
    )


def _psi_table(table: pd.DataFrame, windows: WindowLabels) -> pd.DataFrame:
    shown = table[["feature", "window", "psi", "psi_critical", "moderate_from", "severity"]]
    return (
        shown.assign(window=shown["window"].map(windows.labels))
        .rename(
            columns={"psi": "PSI", "psi_critical": "chance up to", "moderate_from": "moderate from"}
        )
        .reset_index(drop=True)
    )
