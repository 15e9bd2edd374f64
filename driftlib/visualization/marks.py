"""Draw what several charts share: intervals, axes of categories, severities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.severity import Severity
from driftlib.visualization import style
from driftlib.visualization.panels import add_legend_entry
from driftlib.visualization.windows import plain_numbers

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

    Numbers = Sequence[float] | np.ndarray | pd.Series


def error_bars(value: Numbers, lower: Numbers, upper: Numbers, **looks: Any) -> dict[str, Any]:
    """Make the error bars of intervals that need not be symmetric.

    Parameters
    ----------
    value, lower, upper : sequence of float
        A point each and the ends of its interval; NaN where there is none.
    **looks : object
        Plotly's settings: `color`, `thickness`, `width`.

    Returns
    -------
    dict
        What a trace takes as `error_x` or `error_y`.

    Examples
    --------
    >>> bars = error_bars([0.5, 0.7], [0.25, float("nan")], [0.75, 0.9], width=4)
    >>> bars["array"], bars["arrayminus"], bars["width"]
    ([0.25, 0.2], [0.25, None], 4)
    """
    middle, low, high = (np.asarray(numbers, float) for numbers in (value, lower, upper))
    return {
        "type": "data",
        "symmetric": False,
        "array": plain_numbers(high - middle),
        "arrayminus": plain_numbers(middle - low),
        **looks,
    }


def category_axis(
    names: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    *,
    downward: bool = False,
    **looks: Any,
) -> dict[str, Any]:
    """Make the settings of an axis of categories, whatever they look like.

    Parameters
    ----------
    names : sequence of str, optional
        Where its traces put their marks: names from the data, as they are.
    labels : sequence of str, optional
        What it shows for each of `names`; plotly text.
    downward : bool
        Whether the first category is on top.
    **looks : object
        Further settings of plotly's.

    Returns
    -------
    dict
        What a figure takes as an axis.

    Examples
    --------
    >>> category_axis(downward=True, nticks=4)
    {'type': 'category', 'autorange': 'reversed', 'nticks': 4}
    """
    axis: dict[str, Any] = {"type": "category"}
    if downward:
        axis["autorange"] = "reversed"
    if names is not None and labels is not None:
        axis |= {"tickmode": "array", "tickvals": list(names), "ticktext": list(labels)}
    return axis | looks


def severity_marker(severities: Iterable[object], points: int) -> dict[str, Any]:
    """Make the marker of each point by its severity; smaller where there are many.

    Parameters
    ----------
    severities : iterable of str
        Anything that is no severity is drawn as "none".
    points : int
        How many points the chart has side by side.

    Returns
    -------
    dict
        What a trace takes as `marker`: a symbol and a colour each, one size.
    """
    known = [Severity(str(s)) if s in list(Severity) else Severity.NONE for s in severities]
    return {
        "symbol": [style.SEVERITY_SYMBOLS[severity] for severity in known],
        "color": [style.SEVERITY_COLORS[severity] for severity in known],
        "size": 9 if points <= 30 else 6 if points <= 100 else 4,
    }


def add_severity_legend(chart: go.Figure, severities: Iterable[str]) -> None:
    """Put the severities that occur into the legend.

    Parameters
    ----------
    chart : plotly.graph_objects.Figure
        Changed in place.
    severities : iterable of str
        Of all that is drawn.
    """
    found = set(severities)
    for severity in Severity:
        if severity in found:
            add_legend_entry(chart, severity.words, marker=severity_marker([severity], 1))
