"""Tell receivers in one message each what is new, worse or over; what fails is sent next time."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence
from typing import Any

from driftlib.alerts import OVER
from driftlib.alerts.sending import not_taken, receiver_names, send
from driftlib.history import memory, pieces, recording
from driftlib.history.schema import Database
from driftlib.history.store import Recorded


def write_digest(
    model: str, messages: Sequence[Any], recorded: Recorded, link: str = ""
) -> tuple[str, str]:
    """Write what a receiver is told.

    Parameters
    ----------
    model : str
    messages : sequence of rows
        Of `driftlib.history.memory.untold`.
    recorded : Recorded
        The run, for its period.
    link : str
        Where there is more to see.

    Returns
    -------
    title : str
    body : str
    """
    states = Counter(message.state for message in messages)
    title = f"{model}: " + ", ".join(f"{number} {state}" for state, number in states.items())
    windows = recorded.trend.windows
    first, last = windows[0].start, windows[-1].end
    lines = [
        f"Model {model} on {socket.gethostname()}, {first} to {last}, {len(windows)} windows:",
        "",
    ]
    for message in messages:
        worst = f", at worst {message.worst}" if message.worst != message.severity else ""
        state = message.state if message.state == OVER else f"{message.state}, {message.severity}"
        lines.append(f"[{state}{worst}] {message.message} (alert {message.alert})")
    lines += ["", link] if link else []
    return title, "\n".join(lines)


def tell(
    database: Database, model: str, recorded: Recorded, urls: Sequence[str], link: str = ""
) -> list[str]:
    """Send every receiver what it has not been told yet.

    Parameters
    ----------
    database : Database
    model : str
    recorded : Recorded
        The run that was recorded last.
    urls : sequence of str
        Apprise URLs.
    link : str
        Where there is more to see.

    Returns
    -------
    list of str
        A sentence for each receiver that failed: it is sent the same with the next run.
    """
    failures = []
    for name, url in zip(receiver_names(urls), urls, strict=True):
        with database.read() as connection:
            row = recording.model_row(connection, model, None)
            messages = memory.untold(connection, row.id, name)
        if not messages:
            continue
        taken = send(url, *write_digest(model, messages, recorded, link))
        ids = [message.id for message in messages]
        with database.write() as connection:
            memory.told(connection, ids, pieces.now(), taken)
        if not taken:
            failures.append(f"{not_taken(name)} It is sent again with the next run.")
    return failures
