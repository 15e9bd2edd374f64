"""Show several models side by side, the worst first."""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from driftlib.history import schema
from driftlib.severity import rank

COLUMNS = ("model", "worst", "open alerts", "runs", "windows", "last run", "last window", "latest")


def overview(database: schema.Database) -> pd.DataFrame:
    """List the models of a history.

    Parameters
    ----------
    database : Database

    Returns
    -------
    pandas.DataFrame
        A row a model, the worst first: the worst of its open alerts and their number, its runs
        and windows, when it was run last, and what the latest run said.
    """
    models, runs, alerts = schema.models, schema.runs, schema.alerts
    windows, baselines = schema.windows, schema.baselines
    rows: list[dict[str, Any]] = []
    with database.read() as connection:
        for model in connection.execute(sa.select(models)).all():
            own = runs.c.model_id == model.id
            asked = sa.select(sa.func.count()).select_from(runs).where(own)
            number = connection.execute(asked).scalar_one()
            last = connection.execute(
                sa.select(runs).where(own).order_by(runs.c.id.desc()).limit(1)
            ).one_or_none()
            held, newest = connection.execute(
                sa.select(sa.func.count(), sa.func.max(windows.c.start))
                .join(baselines, baselines.c.id == windows.c.baseline_id)
                .where(baselines.c.model_id == model.id)
            ).one()
            still = (alerts.c.model_id == model.id) & (alerts.c.closed == "")
            open_now = connection.execute(sa.select(alerts.c.severity).where(still)).scalars().all()
            worst = max(open_now, key=rank, default="none")
            values = (
                model.name, worst, len(open_now), number, held, last.recorded[:19] if last else "",
                newest or "", last.headline if last else "",
            )  # fmt: skip
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    rows.sort(key=lambda row: (-rank(row["worst"]), -row["open alerts"], row["model"]))
    return pd.DataFrame(rows, columns=list(COLUMNS))
