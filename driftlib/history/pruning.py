"""Forget what lies too far back."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from driftlib.errors import ParameterError
from driftlib.history import schema
from driftlib.history.pieces import written_time


def forget(connection: Connection, model: Row, before: str) -> int:
    """Delete windows that start before a time, and runs without any other.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Within a transaction that writes.
    model : sqlalchemy.engine.Row
    before : str

    Returns
    -------
    int
        How many windows are gone.
    """
    try:
        moment = pd.Timestamp(before)
    except ValueError:
        raise ParameterError(f"{before!r} is no date, such as 2024-03-31.") from None
    zone = model.zone if model.window else "UTC"
    if zone and moment.tz is None:
        moment = moment.tz_localize(zone)
    start = written_time(moment)
    runs, parts, windows = schema.runs, schema.parts, schema.windows
    own = sa.select(schema.baselines.c.id).where(schema.baselines.c.model_id == model.id)
    of_model = sa.select(runs.c.id).where(runs.c.model_id == model.id)
    gone = connection.execute(
        windows.delete().where(windows.c.baseline_id.in_(own), windows.c.start < start)
    ).rowcount
    connection.execute(parts.delete().where(parts.c.run_id.in_(of_model), parts.c.start < start))
    connection.execute(
        runs.delete().where(
            runs.c.model_id == model.id, runs.c.id.not_in(sa.select(parts.c.run_id))
        )
    )
    # What is left of the runs begins no earlier.
    cut = (runs.c.model_id == model.id) & (runs.c.first != "") & (runs.c.first < start)
    connection.execute(runs.update().where(cut).values(first=start))
    advices = schema.advices
    old = (advices.c.model_id == model.id) & (advices.c.end != "") & (advices.c.end < start)
    connection.execute(advices.delete().where(old))
    alerts = schema.alerts
    over = (alerts.c.model_id == model.id) & (alerts.c.closed != "") & (alerts.c.window < start)
    connection.execute(alerts.delete().where(over))
    return int(gone)


def shrink(connection: Connection) -> None:
    """Give the space of what is gone back, where the database is a file.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Outside of a transaction.
    """
    if connection.dialect.name == "sqlite":
        raw = connection.connection.driver_connection
        if raw is not None:
            raw.execute("VACUUM")
