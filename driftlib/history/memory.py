"""Remember alerts from run to run: which are new, and whom they are still to be told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from driftlib.alerts import CONTINUING, NEW, OVER, WORSE, Alert
from driftlib.alerts.alert import with_state
from driftlib.history import schema
from driftlib.history.codec import kept_text
from driftlib.severity import rank

TOLD = (NEW, WORSE, OVER)
DRIFT, METRICS, QUALITY = "drift", "performance", "quality"
# Silent until it is over, or worse.
UNTIL_WORSE = "worse"


@dataclass(frozen=True)
class Remembered:
    """An alert with what is known of it from earlier runs.

    Parameters
    ----------
    id : int
        What `driftlib alerts ack` takes.
    alert : Alert
        With its state.
    silent : bool
        Whether nobody wants to be told.
    """

    id: int
    alert: Alert
    silent: bool


def remember(
    connection: Connection,
    model: int,
    about: str,
    alerts: Iterable[Alert],
    window: str,
    moment: str,
) -> list[Remembered]:
    """Tell the state of alerts from what is known of them, and keep it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Within a transaction that writes.
    model : int
        Its id.
    about : {"drift", "performance", "quality"}
        What the alerts are about.
    alerts : iterable of Alert
        Of the whole run so far; what was over before this window is left out.
    window : str
        Start of the newest window. Judged again, it changes no state.
    moment : str

    Returns
    -------
    list of Remembered
    """
    table = schema.alerts
    own = (table.c.model_id == model) & (table.c.about == about)
    rows = connection.execute(sa.select(table).where(own).order_by(table.c.id)).all()
    latest = {row.subject: row for row in rows}
    found, seen = [], set()
    for alert in alerts:
        subject = kept_text(alert.subject)
        row = latest.get(subject)
        seen.add(subject)
        if alert.state == OVER:
            if row is not None and (not row.closed or row.window == window):
                found.append(_change(connection, row, alert, OVER, window, moment))
        elif row is None or row.closed:
            found.append(_open(connection, model, about, alert, window, moment))
        else:
            found.append(
                _change(connection, row, alert, _state(row, alert, window), window, moment)
            )
    for row in latest.values():
        if row.subject not in seen and not row.closed and row.window < window:
            gone = Alert(row.kind, row.subject, None, row.severity, f"{row.subject}: found no more")
            found.append(_change(connection, row, gone, OVER, window, moment))
    return found


def _state(row: Row, alert: Alert, window: str) -> str:
    if rank(alert.severity) > rank(row.worst):
        return WORSE
    return row.state if row.window == window else CONTINUING


def _open(
    connection: Connection, model: int, about: str, alert: Alert, window: str, moment: str
) -> Remembered:
    alert = with_state(alert, NEW)
    done = connection.execute(
        schema.alerts.insert().values(
            model_id=model, about=about, subject=alert.subject, kind=alert.kind, state=NEW,
            severity=alert.severity, worst=alert.severity, message=alert.message,
            worst_message=alert.message, window=window, opened=moment,
        )
    )  # fmt: skip
    return Remembered(schema.new_id(done), alert, False)


def _change(
    connection: Connection, row: Row, alert: Alert, state: str, window: str, moment: str
) -> Remembered:
    alert = with_state(alert, state)
    values: dict[str, Any] = {"state": state, "window": window, "message": alert.message}
    until = row.silent_until
    if state == OVER:
        values["closed"] = row.closed or moment
    else:
        values |= {"severity": alert.severity, "kind": alert.kind}
        if rank(alert.severity) > rank(row.worst):
            values |= {"worst": alert.severity, "worst_message": alert.message}
            if until == UNTIL_WORSE:
                values["silent_until"] = until = ""
    connection.execute(schema.alerts.update().where(schema.alerts.c.id == row.id).values(**values))
    silent = until == UNTIL_WORSE or until > moment
    return Remembered(int(row.id), alert, silent)


def queue(
    connection: Connection,
    model: int,
    alerts: Iterable[Remembered],
    receivers: Sequence[str],
    windows: dict[int, str],
    moment: str,
) -> None:
    """Put down what receivers are to be told, each thing once.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : int
        Its id.
    alerts : iterable of Remembered
        Those that are new, worse or over are told, unless they are silent.
    receivers : sequence of str
        Their names, which hold no secrets.
    windows : dict of int to str
        By the alert's id, the newest window that it was judged by.
    moment : str
    """
    table = schema.messages
    for found in alerts:
        if found.silent or found.alert.state not in TOLD:
            continue
        place = {"alert_id": found.id, "state": found.alert.state, "window": windows[found.id]}
        for receiver in receivers:
            same = [table.c[name] == value for name, value in place.items()]
            asked = sa.select(table.c.id).where(table.c.receiver == receiver, *same)
            if connection.execute(asked).first() is None:
                values = place | {"receiver": receiver, "created": moment, "model_id": model}
                connection.execute(table.insert().values(tries=0, **values))


def untold(connection: Connection, model: int, receiver: str) -> list[Row]:
    """List what a receiver is still to be told, whatever run found it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : int
        Its id.
    receiver : str

    Returns
    -------
    list of sqlalchemy.engine.Row
        With the alert's severity, message, worst and worst_message.
    """
    table, alerts = schema.messages, schema.alerts
    wanted = [alerts.c[n] for n in ("subject", "kind", "severity", "message", "worst")]
    asked = (
        sa.select(table.c.id, table.c.state, table.c.window, alerts.c.id.label("alert"), *wanted)
        .join(alerts, alerts.c.id == table.c.alert_id)
        .where(table.c.model_id == model, table.c.receiver == receiver, table.c.sent == "")
        .order_by(table.c.id)
    )
    return list(connection.execute(asked).all())


def told(connection: Connection, messages: Sequence[int], moment: str, taken: bool) -> None:
    """Put down that a receiver took messages, or did not.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    messages : sequence of int
        Their ids.
    moment : str
    taken : bool
    """
    table = schema.messages
    values: dict[str, Any] = {"tries": table.c.tries + 1}
    if taken:
        values["sent"] = moment
    connection.execute(table.update().where(table.c.id.in_(messages)).values(**values))
