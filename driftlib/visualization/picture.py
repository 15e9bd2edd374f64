"""Draw any result by the chart that shows it best, alone or on a page of its own."""

from __future__ import annotations

import html
import json
import tempfile
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib import visualization as charts
from driftlib.errors import DriftlibError, ParameterError
from driftlib.files import write_whole
from driftlib.html import page
from driftlib.html.table import scroll_box, write_frame
from driftlib.results import Result

if TYPE_CHECKING:
    import plotly.graph_objects as go

# By the name of the result's class, or of one that it is a kind of.
PICTURES: dict[str, Callable[..., Any]] = {
    "DriftResult": charts.effect_sizes,
    "TrendResult": charts.drift_heatmap,
    "Performance": charts.metric_trend,
    "Diagnosis": charts.loss_waterfall,
    "Timeline": charts.diagnosis_over_windows,
    "BaseRates": charts.outcome_rates_trend,
    "PredictionErrors": charts.error_bands,
    "Audit": charts.power_curves,
    "Decision": charts.action_gains,
}


def draw(result: Result) -> go.Figure:
    """Draw a result.

    Parameters
    ----------
    result : Result
        Of detect_drift, drift_trend, track_performance, estimate_performance, diagnose,
        diagnose_windows, outcome_rates, prediction_errors, audit or advise.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ParameterError
        If such results have no picture, or one by segment is asked for as a whole.
    """
    kinds = [kind.__name__ for kind in type(result).__mro__]
    known = next((PICTURES[kind] for kind in kinds if kind in PICTURES), None)
    if known is None:
        raise ParameterError(f"There is no picture of a result of kind {kinds[0]}: see its table.")
    figure: go.Figure = known(result)
    return figure


def show(result: Result, path: str | Path | None = None) -> Path:
    """Write a page with a result's finding, picture and table, and open it in the browser.

    Parameters
    ----------
    result : Result
    path : str or Path, optional
        Of the page; by default one in the folder for temporary files, which is then opened.

    Returns
    -------
    Path
        The page, which opens offline.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    try:
        figure = draw(result)
    except DriftlibError as error:
        picture = f'<p class="note">{html.escape(str(error))}</p>'
    else:
        picture = page.chart(json.loads(figure.to_json()), name="chart-1")
    table = scroll_box(write_frame(result.main_table), "Table")
    title = type(result).__name__
    body = (
        f"<main><h1>{html.escape(result.headline)}</h1>{picture}<h2>In numbers</h2>{table}</main>"
    )
    if path is not None:
        return write_whole(path, page.document(title, body, charts="chart-1" in picture))
    target = Path(tempfile.mkdtemp(prefix="driftlib-")) / f"{title.lower()}.html"
    write_whole(target, page.document(title, body, charts="chart-1" in picture))
    webbrowser.open(target.as_uri())
    return target
