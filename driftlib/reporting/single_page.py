"""Render one result as one page that opens offline: for the Streamlit page's downloads."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from driftlib.advice.status import Status
from driftlib.html import page
from driftlib.html.table import write_boxed_table
from driftlib.reporting.app import Cause, Findings, sum_up
from driftlib.reporting.bundle import status_card
from driftlib.reporting.drift_tables import drift_table
from driftlib.reporting.evaluation import Evaluation
from driftlib.reporting.tables import metrics_table
from driftlib.visualization.style import small_table

if TYPE_CHECKING:
    import plotly.graph_objects as go


def render_page(
    title: str,
    verdict: str,
    figures: Iterable[go.Figure],
    tables: Mapping[str, pd.DataFrame],
    status: Status | None = None,
) -> str:
    """Render a verdict, charts and tables.

    Parameters
    ----------
    title, verdict : str
        Plain text.
    figures : iterable of plotly.graph_objects.Figure
        As the functions of `driftlib.visualization` make them.
    tables : dict of str to pandas.DataFrame
        By heading; at most 60 rows of each are shown.
    status : Status, optional
        Of the model: its card comes first.

    Returns
    -------
    str
        A whole HTML page; texts are escaped.

    Examples
    --------
    >>> render_page("Drift", "All is <well>.", [], {}).count("All is &lt;well&gt;.")
    1
    """
    charts = [
        page.chart(json.loads(figure.to_json()), name=f"chart-{number}")
        for number, figure in enumerate(figures, start=1)
    ]
    parts = [
        f"<h2>{html.escape(heading)}</h2>{write_boxed_table(**small_table(table), label=heading)}"
        for heading, table in tables.items()
    ]
    body = (
        f"<main><h1>{html.escape(title)}</h1>{status_card(status)}"
        f"<p><strong>{html.escape(verdict)}</strong></p>"
        f"{''.join(charts)}{''.join(parts)}</main>"
    )
    return page.document(title, body, charts=bool(charts))


def render_findings(found: Findings, cause: Cause | None) -> str:
    """Render a page on two periods: verdict, causes, drift and performance.

    Parameters
    ----------
    found : Findings
        Of `driftlib.reporting.app.compare_periods`.
    cause : Cause or None
        Of `driftlib.reporting.app.explain_change`; None where it cannot be told.

    Returns
    -------
    str
        A whole HTML page.
    """
    from driftlib.visualization import drift_heatmap, metric_trend, psi_trend

    figures = [*(cause.figures if cause else ()), drift_heatmap(found.trend)]
    figures.append(psi_trend(found.trend))
    tables = {"Drift": drift_table(found.drift)}
    if found.performance is not None:
        figures.append(metric_trend(found.performance))
        tables["Performance"] = metrics_table(found.performance)
    verdict = cause.headline if cause else found.drift.headline
    return render_page("Model drift", verdict, figures, tables, sum_up(found, cause))


def render_evaluation(result: Evaluation) -> str:
    """Render a page on one file of predictions: metrics over windows and confusion matrix.

    Parameters
    ----------
    result : Evaluation
        Of `driftlib.reporting.evaluation.evaluate_predictions`.

    Returns
    -------
    str
        A whole HTML page.
    """
    from driftlib.visualization import confusion_matrix, metric_trend

    figures = [metric_trend(result.performance)]
    if result.confusion is not None:
        figures.append(confusion_matrix(result.confusion))
    tables = {
        "All rows": metrics_table(result.whole),
        "Windows": metrics_table(result.performance),
    }
    verdict = result.performance.headline
    return render_page("Performance of the uploaded predictions", verdict, figures, tables)
