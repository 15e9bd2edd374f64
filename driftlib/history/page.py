"""Write the models of a history as one page: a row each, the worst first, and their alerts."""

from __future__ import annotations

import html

import pandas as pd
import sqlalchemy as sa

from driftlib.history import schema
from driftlib.history.overview import overview
from driftlib.html.page import document
from driftlib.html.table import write_boxed_table
from driftlib.severity import Severity
from driftlib.text import counted

TITLE = "Models"
ALERTS = ("severity", "state", "opened", "message")


def overview_page(database: schema.Database) -> str:
    """Write the page.

    Parameters
    ----------
    database : Database

    Returns
    -------
    str
        HTML that opens offline and asks nothing of any network.
    """
    table = overview(database)
    troubled = int((table["open alerts"] > 0).sum())
    said = f"{counted(troubled, 'model')} of {len(table)} with open alerts."
    shown = table.assign(worst=[f"{Severity(level).mark} {level}" for level in table["worst"]])
    parts = [f"<h1>{TITLE}</h1>", f"<p>{said}</p>", _table(shown, "Models, the worst first")]
    for name in table.loc[table["open alerts"] > 0, "model"]:
        label = html.escape(name)
        parts += [f"<h2>{label}</h2>", _table(_open_alerts(database, name), f"Alerts of {name}")]
    return document(TITLE, f"<main>\n{chr(10).join(parts)}\n</main>")


def _open_alerts(database: schema.Database, model: str) -> pd.DataFrame:
    alerts, models = schema.alerts, schema.models
    asked = (
        sa.select(*(alerts.c[name] for name in ALERTS))
        .join(models, models.c.id == alerts.c.model_id)
        .where(models.c.name == model, alerts.c.closed == "")
        .order_by(alerts.c.id)
    )
    with database.read() as connection:
        rows = connection.execute(asked).mappings().all()
    frame = pd.DataFrame(rows, columns=list(ALERTS))
    return frame.assign(opened=frame["opened"].str[:10])


def _table(table: pd.DataFrame, label: str) -> str:
    rows = list(table.itertuples(index=False, name=None))
    return write_boxed_table(list(table.columns), rows, label)
