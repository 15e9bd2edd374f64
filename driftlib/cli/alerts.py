"""Run `driftlib alerts`: list what is known, and silence it."""

from __future__ import annotations

import argparse
from typing import Any

from driftlib.cli.outcome import Outcome
from driftlib.cli.settings import DEFAULT_MODEL

SHOWN = ("id", "state", "severity", "worst", "opened", "silent_until", "message")


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "alerts",
        description="List the alerts of a model's history. driftlib alerts ack ID silences one "
        "until it gets worse, or until a date: nobody is told of it and no check fails for it.",
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list alerts, open ones first")
    listing.set_defaults(run=show)
    silence = actions.add_parser("ack", help="silence an alert")
    silence.set_defaults(run=acknowledge)
    silence.add_argument("alert", metavar="ID", type=int, help="number of the alert")
    silence.add_argument("--until", metavar="DATE", help="such as 2024-03-31 (default: worse)")
    silence.add_argument("--word", default="", help="why, for others")
    for action in (listing, silence):
        action.add_argument("--history", required=True, help="file or database URL")
        action.add_argument("--model", default=DEFAULT_MODEL, help="default model")


def show(history: str, model: str) -> Outcome:
    """List alerts.

    Parameters
    ----------
    history, model : str

    Returns
    -------
    Outcome
    """
    from driftlib.cli.tables import table_text
    from driftlib.history.store import History

    found = History(history, model).alerts()
    found = found.iloc[(found["closed"] != "").argsort(kind="stable")]
    found = found.assign(opened=found["opened"].str[:19])
    return Outcome(text=table_text(found[list(SHOWN)], "There are no alerts."))


def acknowledge(alert: int, until: str | None, word: str, history: str, model: str) -> Outcome:
    """Silence an alert.

    Parameters
    ----------
    alert : int
        Its id.
    until : str, optional
    word, history, model : str

    Returns
    -------
    Outcome
    """
    from driftlib.history.store import History

    History(history, model).acknowledge(alert, until, word)
    end = f"until {until}" if until else "until it gets worse or is over"
    return Outcome(text=f"Alert {alert} is silent {end}.")
