"""Draw what each cause adds to the loss, as a waterfall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftlib.diagnosis.losses import SQUARED
from driftlib.diagnosis.result import Diagnosis
from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.diagnosis import COLORS, TITLES, plain_title
from driftlib.visualization.marks import error_bars
from driftlib.visualization.style import escape, figure
from driftlib.written_numbers import number_writer, significant

if TYPE_CHECKING:
    import plotly.graph_objects as go

# Half a bar's width; places are 1 apart.
HALF = 0.38
LEAST_TICKS = 3


def loss_waterfall(diagnosis: Diagnosis, left_out: Sequence[str] = ()) -> go.Figure:
    """Draw the way from the reference's loss to the current one, cause by cause.

    Parameters
    ----------
    diagnosis : Diagnosis
        From `diagnose`.
    left_out : sequence of str
        Features that changed and that it does without: the title then speaks of no concept.

    Returns
    -------
    plotly.graph_objects.Figure
        Each step with its 95 % interval; terms without a number, for want of labels, are left out.

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
    title = diagnosis.headline
    if left_out:
        title = diagnosis.verdict_inputs.change_without(left_out)
    # The digits that the best known term deserves.
    spread = float((known["upper"] - known["lower"]).min())
    write = diagnosis.verdict_inputs.writer(spread)
    level = _root if diagnosis.loss == SQUARED else number_writer(spread)
    squared = diagnosis.loss == SQUARED
    scale = " and has roots, which stand as far apart as their squares" if squared else ""
    chart = figure(
        escape(title, most=None),
        caption=f"What each cause adds to the mean {loss} or takes from it, with 95 % intervals, "
        f"on the way from the reference's to the current one; the axis does not start at 0{scale}. "
        "A familiar input is one that both periods have.",
        alt=f"Waterfall of the mean {loss}: "
        + "; ".join(
            [
                f"reference {level(diagnosis.loss_reference)}",
                *(f"{plain_title(n)} {write(row.value, True)}" for n, row in known.iterrows()),
                f"current {level(diagnosis.loss_current)}",
            ]
        ).replace("nan", "not known")
        + ".",
        table=table,
        y=f"{'root ' if squared else ''}mean {escape(loss)}",
        height=400,
    )
    start = diagnosis.loss_reference
    steps = known["value"].to_numpy()
    base = start + np.append(0, np.cumsum(steps)[:-1])
    names = ["reference", *(TITLES[name] for name in known.index), "current"]
    last = len(names) - 1
    _level(chart, 0, start, level(start), "reference", style.REFERENCE)
    now = diagnosis.loss_current
    _level(chart, last, now, level(now), "current", style.CURRENT)
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
            error_y=error_bars(
                steps, known["lower"], known["upper"], color=style.INK, thickness=1.5, width=6
            ),
            customdata=known[["value", "lower", "upper"]].to_numpy().tolist(),
            hovertemplate="%{customdata[0]:+.4f} (%{customdata[1]:+.4f} to "
            "%{customdata[2]:+.4f})<extra></extra>",
            showlegend=False,
        )
    )
    tops = base + known["upper"].clip(lower=0).to_numpy()
    for place, top, value in zip(places, tops, steps, strict=True):
        _above(chart, place, top, write(value, True))
    # From the end of each step to the start of the next.
    ends = np.append(start, base + steps)
    for place, height in enumerate(ends.tolist()[: last if len(known) == len(COLORS) else -1]):
        chart.add_shape(
            type="line", x0=place + HALF, x1=place + 1 - HALF, y0=height, y1=height,
            line={"color": style.AXIS, "width": 1, "dash": "dot"},
        )  # fmt: skip
    lows = base + known["lower"].clip(upper=0).to_numpy()
    _fit(chart, [start, diagnosis.loss_current, *ends, *tops, *lows])
    if squared:
        _name_roots(chart)
    chart.update_xaxes(tickvals=list(range(len(names))), ticktext=names, range=[-0.6, last + 0.6])
    return chart


def _root(squared: float) -> str:
    """Write a mean of squares as its root, which has the unit of the labels."""
    return f"root {significant(float(np.sqrt(squared)))}"


def _level(chart: go.Figure, place: int, value: float, text: str, name: str, color: str) -> None:
    """Draw a period's own loss as a line over its place."""
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
        _above(chart, place, value, text)


def _above(chart: go.Figure, place: int, height: float, text: str) -> None:
    chart.add_annotation(x=place, y=float(height), text=text, showarrow=False, yshift=12)


def _fit(chart: go.Figure, values: list[float]) -> None:
    """Set the range of the y axis: what is drawn, and room for the numbers above it."""
    finite = [value for value in values if np.isfinite(value)]
    low, high = min(finite), max(finite)
    room = (high - low) or 0.1 * abs(high) or 0.1
    # A loss is never negative; a step's interval may be.
    floor = min(low, 0.0) if low < 0 else max(0.0, low - 0.15 * room)
    chart.update_yaxes(range=[floor, high + 0.2 * room])


def _name_roots(chart: go.Figure) -> None:
    """Put round roots on the axis of squares, so that it has the unit of the labels."""
    low, high = np.sqrt(np.clip(chart.layout.yaxis.range, 0, None)).tolist()
    size = 10.0 ** np.floor(np.log10((high - low) / 5))
    # The longest steps that leave three.
    steps = [
        np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
        for step in size * np.array([10, 5, 2, 1])
    ]
    roots = next(roots for roots in steps if len(roots) >= LEAST_TICKS)
    texts = [significant(float(root)) if root else "0" for root in roots]
    chart.update_yaxes(tickvals=(roots**2).tolist(), ticktext=texts)
