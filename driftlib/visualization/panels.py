"""Lay a chart out as small panels side by side, each with its name."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from driftlib.visualization.style import TOP_MARGIN

if TYPE_CHECKING:
    import plotly.graph_objects as go

PANEL, BETWEEN, BELOW = 140, 46, 56
BESIDE, NAME = 0.035, 24


def height_of(count: int) -> int:
    """Say how high a chart of so many panels is.

    Parameters
    ----------
    count : int
        Panels; with none there is room for one.

    Returns
    -------
    int
        Pixels.

    Examples
    --------
    >>> height_of(1), height_of(3), height_of(4)
    (404, 304, 490)
    """
    rows, _ = _grid(count)
    panels = rows * PANEL + (rows - 1) * BETWEEN + (100 if count == 1 else 0)
    return TOP_MARGIN + NAME + panels + BELOW


def _grid(count: int) -> tuple[int, int]:
    """Rows and columns of panels: as many side by side as leave each wide enough to read."""
    columns = max(1, min(count, 2 if count in (2, 4) else 3))
    return max(1, -(-count // columns)), columns


def add_panels(
    chart: go.Figure,
    names: Sequence[str],
    x: dict[str, Any] | None = None,
    y: dict[str, Any] | None = None,
    shared_y: bool = False,
) -> list[dict[str, str]]:
    """Lay a chart out as a grid of panels, row by row, all over the same x axis.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place; of the height that `height_of` says.
    names : list of str
        What stands above each panel; plotly text. A single panel has no name of its own.
    x, y : dict, optional
        Settings of every panel's axes.
    shared_y : bool
        Whether the panels share one y axis too; its labels then stand at the left only.

    Returns
    -------
    list of dict
        For each panel the names of its axes, as a trace takes them.
    """
    count = len(names)
    rows, columns = _grid(count)
    whole = rows * PANEL + (rows - 1) * BETWEEN
    beside = BESIDE if shared_y else 2 * BESIDE
    width = (1 - (columns - 1) * beside) / columns
    if count > 1:
        chart.update_layout(legend={"y": 1 + NAME / whole}, margin={"t": TOP_MARGIN + NAME})
    axes = []
    for place, name in enumerate(names):
        row, column = divmod(place, columns)
        suffix = "" if place == 0 else str(place + 1)
        left = column * (width + beside)
        top = 1 - row * (PANEL + BETWEEN) / whole
        lowest = place + columns >= count
        # Numbers below 0 come from rounding, and plotly refuses them.
        bottom = max(0.0, top - PANEL / whole)
        chart.layout[f"xaxis{suffix}"] = {
            "anchor": f"y{suffix}",
            "domain": [left, min(1.0, left + width)],
            "matches": "x" if place else None,
            "showticklabels": lowest,
            **(x or {}),
        }
        chart.layout[f"yaxis{suffix}"] = {
            "anchor": f"x{suffix}",
            "domain": [bottom, min(1.0, top)],
            "matches": "y" if place and shared_y else None,
            "showticklabels": not (shared_y and column),
            **(y or {}),
        }
        if count > 1:
            chart.add_annotation(
                text=f"<b>{name}</b>",
                xref="paper",
                yref="paper",
                x=left,
                y=top,
                xanchor="left",
                yanchor="bottom",
                showarrow=False,
                font={"size": 13},
            )
        axes.append({"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"})
    return axes


def add_legend_entry(
    chart: go.Figure,
    name: str,
    marker: dict[str, Any] | None = None,
    line: dict[str, Any] | None = None,
) -> None:
    """Put looks that several traces share into the legend.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place; its legend no longer answers to clicks.
    name : str
        Plotly text.
    marker, line : dict, optional
        Plotly's settings; what is not given is not drawn.
    """
    import plotly.graph_objects as go

    mode = "+".join(
        kind for kind, looks in (("lines", line), ("markers", marker)) if looks is not None
    )
    chart.add_trace(go.Scatter(x=[None], y=[None], mode=mode, marker=marker, line=line, name=name))
    # The entries stand for no trace of their own that a click could hide.
    chart.update_layout(legend={"itemclick": False, "itemdoubleclick": False})


def draw_across(
    chart: go.Figure, axis: dict[str, str], bottom: float, top: float, looks: dict[str, Any]
) -> None:
    """Draw a band or a line over the whole width of a panel, below all else.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place.
    axis : dict
        The panel, see `add_panels`.
    bottom, top : float
        Ends of the band; if one is not finite, nothing is drawn.
    looks : dict
        Plotly's settings of a shape; with `type` "line" it is a line from bottom to top.
    """
    if isfinite(bottom) and isfinite(top):
        chart.add_shape(
            **{"type": "rect", **looks},
            xref=f"{axis['xaxis']} domain",
            yref=axis["yaxis"],
            x0=0,
            x1=1,
            y0=float(bottom),
            y1=float(top),
            layer="below",
        )
