"""Write the history of one model as a page: all its windows, alerts, metrics and runs."""

from __future__ import annotations

import pandas as pd

from driftlib.history.store import History
from driftlib.reporting.single_page import render_page
from driftlib.visualization.heatmap import drift_heatmap

ALERTS = ["id", "state", "severity", "worst", "opened", "closed", "message"]
METRICS = ["start", "metric", "value", "lower", "upper", "threshold", "degraded", "n_labelled",
           "estimated"]  # fmt: skip
RUNS = ["recorded", "host", "source", "rows", "windows", "severity", "headline"]
MOMENTS = ("opened", "closed", "recorded", "start")


def model_page(history: History) -> str:
    """Write the page of a model.

    Parameters
    ----------
    history : History

    Returns
    -------
    str
        HTML that opens offline; of long tables the latest rows.

    Raises
    ------
    DataError
        If nothing was recorded of the model.
    """
    trend, alerts = history.trend(), history.alerts()
    metrics = history.metrics().sort_values("start", kind="stable")
    tables = {
        f"Alerts: {int((alerts['closed'] == '').sum())} open": alerts[ALERTS],
        "Metrics": metrics[METRICS],
        "Runs": history.runs()[RUNS],
    }
    shown = {title: _latest_first(table) for title, table in tables.items() if len(table)}
    verdict = f"{trend.headline}. {trend.rule}"
    return render_page(history.model, verdict, [drift_heatmap(trend)], shown)


def _latest_first(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.iloc[::-1].reset_index(drop=True)
    for name in set(MOMENTS).intersection(shown.columns):
        shown[name] = shown[name].str[:16].str.replace("T", " ")
    return shown
