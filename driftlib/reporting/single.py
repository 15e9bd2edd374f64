"""One result as one page that opens offline: for the Streamlit page's downloads."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from driftlib.html import page
from driftlib.html.table import write_boxed_table
from driftlib.reporting.app import Cause, Evaluation, Findings
from driftlib.reporting.tables import drift_table, metrics_table
from driftlib.visualization.style import small_table


def single_page(
    title: str, verdict: str, figures: Iterable[Any], tables: dict[str, pd.DataFrame]
) -> str:
    """HTML page with a verdict, charts and tables.

    Parameters
    ----------
    title, verdict : str
        Plain text.
    figures : iterable of plotly Figure
        As the functions of `driftlib.visualization` make them.
    tables : dict of str to DataFrame
        By heading; at most 60 rows of each are shown.

    Examples
    --------
    >>> single_page("Drift", "All is <well>.", [], {}).count("All is &lt;well&gt;.")
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
        f"<main><h1>{html.escape(title)}</h1><p><strong>{html.escape(verdict)}</strong></p>"
        f"{''.join(charts)}{''.join(parts)}</main>"
    )
    return page.document(title, body, charts=bool(charts))


def drift_page(found: Findings, cause: Cause | None) -> str:
    """Page on two periods: verdict, causes, drift and performance."""
    from driftlib.visualization import drift_heatmap, metric_trend, psi_trend

    figures = [*(cause.figures if cause else ()), drift_heatmap(found.trend)]
    figures.append(psi_trend(found.trend))
    tables = {"Drift": drift_table(found.drift).frame}
    if found.performance is not None:
        figures.append(metric_trend(found.performance))
        tables["Performance"] = metrics_table(found.performance).frame
    verdict = cause.headline if cause else found.drift.headline
    return single_page("Model drift", verdict, figures, tables)


def performance_page(result: Evaluation) -> str:
    """Page on one file of predictions: metrics over windows and the confusion matrix."""
    from driftlib.visualization import confusion_matrix, metric_trend

    figures = [metric_trend(result.performance)]
    if result.confusion is not None:
        figures.append(confusion_matrix(result.confusion))
    tables = {
        "All rows": metrics_table(result.whole).frame,
        "Windows": metrics_table(result.performance).frame,
    }
    verdict = result.performance.headline
    return single_page("Performance of the uploaded predictions", verdict, figures, tables)
