"""Lay a chart out for a screen as narrow as a phone's, as page.js does on the pages of a report."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from driftlib.visualization import style

if TYPE_CHECKING:
    import plotly.graph_objects as go

PANEL, SQUARE, BETWEEN = 150, 250, 54
LINE, NAME, TITLE, MOST_TICKS, MOST_WRAPPED = 20, 18, 26, 5, 8
MARKS = re.compile("[◆▲◇△]")


def narrowed(figure: go.Figure) -> go.Figure:
    """Lay a chart out for a narrow screen: one panel a row, short names, few labels.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        As the functions of `driftlib.visualization` make it; it stays as it is.

    Returns
    -------
    plotly.graph_objects.Figure
        The same chart, of a height of its own.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import detect_drift, drift_trend, visualization
    >>> reference = pd.DataFrame({"x": [0.5, 1.5, 2.5] * 100, "z": [0.5, 1.5, 2.5] * 100})
    >>> chart = visualization.psi_trend(drift_trend(reference, reference + 1, window=100))
    >>> [axis.domain for axis in narrowed(chart).select_xaxes()]
    [(0, 1), (0, 1)]
    """
    import plotly.graph_objects as go

    drawn = go.Figure(figure)
    _stack(drawn)
    _shorten(drawn)
    named = (trace for trace in drawn.data if trace.name and trace.showlegend is not False)
    entries = {trace.name for trace in named}
    # Every entry of the legend may take a line of its own, and pushes the panels down.
    room = max(0, len(entries) - 1) * LINE
    height = drawn.layout.height or 450
    drawn.update_layout(height=height + room, legend_font_size=12)
    return drawn


def _axes(figure: go.Figure, letter: str) -> Iterator[Any]:
    yield from (figure.select_xaxes() if letter == "x" else figure.select_yaxes())


def _stack(figure: go.Figure) -> None:
    """Put panels that stand side by side below each other."""
    layout, panels = figure.layout, []
    for x in _axes(figure, "x"):
        y = layout[(x.anchor or "y").replace("y", "yaxis")]
        if x.domain is None or y.domain is None:
            return
        panels.append((x, y, (x.domain[0], y.domain[1])))
    if len(panels) < 2:
        return
    square = any(y.scaleanchor for _, y, _ in panels)
    square |= any(trace.type == "heatmap" for trace in figure.data)
    high = SQUARE if square else PANEL
    whole = len(panels) * high + (len(panels) - 1) * BETWEEN
    panels.sort(key=lambda panel: (-panel[2][1], panel[2][0]))
    tops = {}
    for at, (x, y, corner) in enumerate(panels):
        tops[corner] = top = 1 - at * (high + BETWEEN) / whole
        if at < len(panels) - 1 and x.title.text == panels[-1][0].title.text:
            x.title.text = ""
        x.update(domain=[0, 1], showticklabels=True)
        y.update(domain=[max(0.0, top - high / whole), top], showticklabels=True)
    for note in layout.annotations:
        if note.xref == "paper":
            # The name of a panel stands at its upper left corner.
            nearest = min(tops, key=lambda c: abs(c[0] - note.x) + abs(c[1] - note.y))
            note.update(x=0, y=tops[nearest])
    margin, usual = layout.margin, layout.template.layout.margin
    above, below = margin.t or usual.t or 80, margin.b or usual.b or 56
    figure.update_layout(height=above + whole + below, legend_y=1 + 24 / whole)


def _shorten(figure: go.Figure) -> None:
    """Leave so many words as there is room for."""
    layout = figure.layout
    beside = [
        note for note in layout.annotations if note.xanchor == "left" and note.xref != "paper"
    ]
    if len(beside) > 1:
        # The words beside a single column of cells are in the table below, too.
        figure.layout.annotations = [note for note in layout.annotations if note not in beside]
        layout.xaxis.range = [-0.5, 0.5]
    for trace in figure.data:
        if trace.type == "heatmap" and trace.text is not None and len(trace.text[0]) > 4:
            trace.text = [
                ["".join(MARKS.findall(str(text))[:1]) for text in row] for row in trace.text
            ]
    for y in _axes(figure, "y"):
        if y.ticktext is None and y.type == "category":
            y.update(tickmode="array", tickvals=_categories(figure, y))
            y.ticktext = y.tickvals
        if y.ticktext is not None:
            few = len(y.ticktext) <= MOST_WRAPPED
            y.ticktext = [_fitting(str(text).replace("<br>", " "), few) for text in y.ticktext]
    for x in _axes(figure, "x"):
        if x.type == "category":
            x.nticks = min(x.nticks or MOST_TICKS, MOST_TICKS)
        if x.ticktext is not None and len(x.ticktext) <= 6:
            # Every second name begins a line lower, so that neighbours do not touch.
            lowered = (("<br>" * (at % 2)) + text for at, text in enumerate(x.ticktext))
            x.update(ticktext=[text.replace(" ", "<br>") for text in lowered])
            x.update(tickfont={"size": 11}, tickangle=0)
        if x.title.text:
            x.title.text = "<br>".join(textwrap.wrap(x.title.text, TITLE))


def _categories(figure: go.Figure, axis: Any) -> list[str]:
    """Names along an axis that goes by those of its traces."""
    name = axis.plotly_name.replace("axis", "")
    traces = (trace for trace in figure.data if (trace.yaxis or "y") == name)
    return list(dict.fromkeys(text for trace in traces for text in trace.y if text is not None))


def _fitting(text: str, few: bool) -> str:
    """Break a name of several words where there is room for lines, and else shorten it."""
    plain = html.unescape(text)
    if few and " " in plain:
        return "<br>".join(style.escape(line, NAME) for line in textwrap.wrap(plain, NAME))
    return style.escape(plain, NAME)
