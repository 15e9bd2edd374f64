"""Give every chart its looks, one template and palette, and its words for those who cannot see it.

Charts are readable on a light and on a dark page: backgrounds are transparent and all
text that is not coloured on purpose has the middle grey `INK`, which the report's style
sheet replaces by the reader's own text colour.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.files import json_ready, write_whole
from driftlib.html import page
from driftlib.text import shortened

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Okabe and Ito's palette for colour-blind readers (https://jfly.uni-koeln.de/color/).
REFERENCE = "#0072B2"
CURRENT = "#D55E00"
COLORWAY = (REFERENCE, CURRENT, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6F3C", "#5F6B7A")

# Each is told from the others by lightness too, and stands out 3:1 on white and on near-black.
SEVERITY_COLORS = {
    "none": "#858C96",
    "minor": "#4C8FBF",
    "moderate": "#C77700",
    "major": "#C2185B",
}
SEVERITY_SYMBOLS = {
    "none": "circle-open",
    "minor": "circle",
    "moderate": "diamond",
    "major": "triangle-up",
}

# A third each for minor, moderate and major. The first lets the page show through, so that text
# of any theme stays readable on it and only what matters stands out; dark text is readable on
# the second, white text on the last.
SEQUENTIAL = (
    (0.0, "rgba(128, 134, 144, 0.10)"),
    (0.3333, "rgba(230, 159, 0, 0.36)"),
    (0.3334, "#F2BC57"),
    (0.6666, "#E08A36"),
    (0.6667, "#C8472B"),
    (1.0, "#8F0F52"),
)

# Text of it stands out 4.5:1 on white, where a saved picture mostly ends up, and on black.
INK = "#71767E"
GRID = "rgba(128, 134, 144, 0.22)"
AXIS = "rgba(128, 134, 144, 0.55)"
THRESHOLD = {"color": INK, "width": 1.5, "dash": "dash"}
REFERENCE_LINE = {"color": REFERENCE, "width": 1.5, "dash": "dot"}
FONT = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', "
    "'Liberation Sans', Arial, sans-serif"
)
HEIGHT = 392
# Room for a title of one line and a legend of two.
TOP_MARGIN = 84

CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}

MOST_ROWS = 60
MOST_COLUMNS = 16


def escape(text: object, most: int | None = 60) -> str:
    """Make text from the data safe and short for a plotly title, label or hover text.

    Plotly reads some HTML and `%{...}` in text; a name that looks like either is shown
    as it is written. A long name loses its middle.

    Parameters
    ----------
    text : object
        A column's or category's name.
    most : int, optional
        Characters to show at most; None for all.

    Returns
    -------
    str
        Plotly text on one line.

    Examples
    --------
    >>> escape("<b>wind</b>"), escape("abcdefghij", most=5)
    ('&lt;b&gt;wind&lt;/b&gt;', 'ab…ij')
    """
    shown = " ".join(str(text).split()) if most is None else shortened(text, most)
    return html.escape(shown, quote=False).replace("%{", "%&#123;")


@lru_cache(maxsize=1)
def template() -> go.layout.Template:
    """Make the one plotly template, set on each figure and never registered as a default.

    Returns
    -------
    plotly.graph_objects.layout.Template
        The same object each time.
    """
    import plotly.graph_objects as go

    axis = {
        "automargin": True,
        "gridcolor": GRID,
        "linecolor": AXIS,
        "showline": True,
        "tickcolor": AXIS,
        "ticks": "outside",
        "ticklen": 4,
        "title": {"standoff": 10, "font": {"size": 13}},
        "zeroline": False,
    }
    scale = [list(stop) for stop in SEQUENTIAL]
    bar = {"outlinewidth": 0, "thickness": 14, "title": {"font": {"size": 13}}}
    return go.layout.Template(
        layout={
            # Categories such as "1, 2" or "007" are names, not numbers.
            "autotypenumbers": "strict",
            "colorway": list(COLORWAY),
            "font": {"family": FONT, "size": 13, "color": INK},
            "title": {
                "font": {"size": 16},
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 14},
            },
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "margin": {"l": 56, "r": 16, "t": TOP_MARGIN, "b": 48},
            "xaxis": axis | {"showgrid": False},
            "yaxis": axis,
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "bottom",
                "bgcolor": "rgba(0,0,0,0)",
            },
            "hoverlabel": {
                "bgcolor": "#23272E",
                "bordercolor": "#23272E",
                "font": {"family": FONT, "size": 13, "color": "#FFFFFF"},
                "align": "left",
                "namelength": -1,
            },
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": INK, "activecolor": REFERENCE},
            "coloraxis": {"colorscale": scale, "colorbar": bar},
            "bargap": 0.08,
            "hovermode": "closest",
            "dragmode": "zoom",
        },
        data={
            "heatmap": [{"colorscale": scale, "colorbar": bar}],
            "bar": [{"marker": {"line": {"width": 0}}}],
        },
    )


def figure(
    title: str,
    *,
    caption: str,
    alt: str,
    table: pd.DataFrame | Sequence[Mapping[str, Any]],
    x: str | None = None,
    y: str | None = None,
    height: int = HEIGHT,
) -> go.Figure:
    """Make an empty figure that already has its looks, its words and the table behind it.

    Parameters
    ----------
    title : str
        The finding, in one sentence. Plotly text: names from the data go through `escape`.
    caption : str
        One or two sentences on what is shown and how to read it; plain text.
    alt : str
        What the picture shows, for those who cannot see it; plain text.
    table : DataFrame or list of dict
        The numbers drawn, one row a mark, index included unless it only counts rows. At
        most 60 rows and 16 columns are kept, floats to 4 significant digits.
    x, y : str, optional
        Titles of the axes, with unit; plotly text.
    height : int
        Pixels; the width is the page's.

    Returns
    -------
    plotly.graph_objects.Figure
        `layout.meta` holds `caption`, `alt` and `table`: a dict of `columns`, `rows` (a list
        for each) and `total`, the rows there were before any were left out.

    Examples
    --------
    >>> chart = figure("Late flights rose in June", caption="Share late.", alt="A rising line.",
    ...                table=[{"month": "June", "late": 0.25}], y="share late")
    >>> chart.layout.meta["table"]
    {'columns': ['month', 'late'], 'rows': [['June', 0.25]], 'total': 1}
    """
    import plotly.graph_objects as go

    return go.Figure(
        layout={
            "template": template(),
            "title": {"text": title},
            "xaxis": {"title": {"text": x}},
            "yaxis": {"title": {"text": y}},
            "height": height,
            "meta": {"caption": caption, "alt": alt, "table": small_table(table)},
        }
    )


def small_table(table: pd.DataFrame | Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Cut a table to its first rows, in types that JSON has and an order that JSON keeps.

    Parameters
    ----------
    table : DataFrame or list of dict
        See `figure`.

    Returns
    -------
    dict
        `columns`, `rows` and `total`, as `driftlib.html.table.write_boxed_table` takes them.

    Examples
    --------
    >>> small_table(pd.DataFrame({"psi": [0.123456]}, index=pd.Index(["temp"], name="feature")))
    {'columns': ['feature', 'psi'], 'rows': [['temp', 0.1235]], 'total': 1}
    """
    frame = table if isinstance(table, pd.DataFrame) else pd.DataFrame(list(table))
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    shown = frame.iloc[:MOST_ROWS, :MOST_COLUMNS]
    rows = [[_rounded(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    columns = [str(name) for name in shown.columns]
    return {"columns": columns, "rows": json_ready(rows), "total": len(frame)}


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def write_figure_html(figure: go.Figure, path: str | Path, title: str) -> Path:
    """Write one chart as a page of its own that opens offline; whole or not at all.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        With `layout.meta` as `figure` makes it; caption, description and table go below.
    path : str or Path
        Of the file, which is written over.
    title : str
        The page's only h1; plain text.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    chart = page.chart(json.loads(figure.to_json()), name="chart-1")
    body = f"<main><h1>{html.escape(title)}</h1>{chart}</main>"
    return write_whole(path, page.document(title, body, charts=True))
