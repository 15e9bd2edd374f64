"""One result as one page that opens offline: for the Streamlit page's download."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from driftlib.visualization import page
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
        f"<h2>{html.escape(heading)}</h2>{page.table(small_table(table), heading)}"
        for heading, table in tables.items()
    ]
    body = (
        f"<main><h1>{html.escape(title)}</h1><p><strong>{html.escape(verdict)}</strong></p>"
        f"{''.join(charts)}{''.join(parts)}</main>"
    )
    return page.document(title, body, charts=bool(charts))
