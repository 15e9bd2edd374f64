"""Run `driftlib history`: what was kept of all runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from driftlib.cli.outcome import Outcome
from driftlib.errors import ParameterError

TABLES = ("runs", "trend", "metrics", "former_metrics", "alerts", "advices")


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "history",
        description="Show the models of a history, the worst first; or the runs of one model.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("history", metavar="HISTORY", help="file or database URL")
    parser.add_argument("--model", help="show this model's runs (default: all models)")
    parser.add_argument("--table", choices=TABLES, default="runs", help="what of it (default runs)")
    parser.add_argument("--export", metavar="FILE", help="write it to a .csv or .parquet file")
    parser.add_argument("--html", metavar="FILE", help="write a page of the model, or of all")
    parser.add_argument("--prune", metavar="DATE", help="forget windows before it, such as a year")


def run(
    history: str,
    model: str | None,
    table: str,
    export: str | None,
    html: str | None,
    prune: str | None,
) -> Outcome:
    """Show, export or prune a history.

    Parameters
    ----------
    history : str
        File or URL.
    model : str, optional
    table : str
        What to show of the model.
    export, html, prune : str, optional
        Files to write to; date before which to forget.

    Returns
    -------
    Outcome
    """
    from driftlib.cli.tables import export as write
    from driftlib.cli.tables import table_text
    from driftlib.history.store import History
    from driftlib.text import counted

    if html is not None:
        return Outcome(text=f"Written: {_write_page(history, model, html)}")
    if model is None:
        if prune is not None or table != TABLES[0]:
            raise ParameterError("name the --model that this is about.")
        from driftlib.history.overview import overview

        found = overview(History(history).database)
    else:
        kept = History(history, model)
        if prune is not None:
            return Outcome(text=f"{counted(kept.prune(prune), 'window')} forgotten.")
        found = kept.trend().table if table == "trend" else getattr(kept, table)()
    if export is not None:
        return Outcome(text=f"{counted(len(found), 'row')} written to {write(export, found)}")
    return Outcome(text=table_text(found, "There is nothing in this history yet."))


def _write_page(history: str, model: str | None, path: str) -> Path:
    """Write a page of all models, or of one."""
    from driftlib.files import write_whole
    from driftlib.history.store import History

    if model is None:
        from driftlib.history.page import overview_page

        return write_whole(path, overview_page(History(history).database))
    from driftlib.reporting.history_page import model_page

    return write_whole(path, model_page(History(history, model)))
