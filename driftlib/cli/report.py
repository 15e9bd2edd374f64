"""Run `driftlib report`: the notebooks, to HTML."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib.cli.options import (
    RECEIVERS,
    SEASONS,
    TIME_FORMATS,
    UNITS,
    add_holdout,
    add_late,
    add_task,
    names,
)
from driftlib.cli.outcome import FOUND, OK, Outcome
from driftlib.errors import MissingExtraError

if TYPE_CHECKING:
    from driftlib.cli.settings import Settings


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "report",
        description="Run the notebooks on your data and write HTML reports, an index and the data "
        f"files behind them. Alerts go to the Apprise URLs in the variable {RECEIVERS}, if any.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("--reference", help="Parquet or CSV file; default: the flights of March")
    parser.add_argument("--current", help="Parquet or CSV file; default: April to December")
    parser.add_argument("--timestamp", help="column that says when a row was seen")
    parser.add_argument("--time-format", help=TIME_FORMATS)
    parser.add_argument("--features", type=names, help="columns to compare: a,b,c (default all)")
    parser.add_argument("--exclude", type=names, help="columns never to compare: a,b,c")
    parser.add_argument("--unit", help=UNITS)
    parser.add_argument("--season", help=SEASONS)
    add_late(parser)
    add_holdout(parser)
    add_task(parser)
    parser.add_argument("--positive", help="the positive label of two (default the larger)")
    parser.add_argument("--thresholds", type=names, help="limits: accuracy=0.9,roc_auc=-0.05")
    parser.add_argument("--title", help="name of the model, for the head of each page")
    parser.add_argument("--params", help="YAML file with parameters of the notebooks")
    parser.add_argument(
        "--notebooks", help="folder of changed notebooks: see driftlib notebooks (default ours)"
    )
    parser.add_argument(
        "--history", metavar="FILE", help="keep what is found, and tell only what is new"
    )
    parser.add_argument("--model", help="whose history it is (default model)")
    parser.add_argument("--output", help="folder to write to (default reports)")
    parser.add_argument(
        "--evidently", action="store_true", help="write Evidently's report beside ours"
    )
    parser.add_argument(
        "--audit", action="store_true", help="audit the monitor on the reference, too"
    )
    parser.add_argument("--advice", action="store_true", help="say what to do about the model, too")
    parser.add_argument(
        "--fail-on-alert", action="store_true", help="exit code 1 when there is an alert"
    )


def run(
    params: str | None,
    notebooks: str | None,
    output: str | None,
    evidently: bool,
    audit: bool,
    advice: bool,
    fail_on_alert: bool,
    **options: Any,
) -> Outcome:
    """Run the notebooks, write the reports, and send the alerts to whoever is to have them.

    Parameters
    ----------
    params, notebooks, output : str, optional
        Paths.
    evidently, audit, advice, fail_on_alert : bool
    **options
        Parameters of the notebooks; None where not given.

    Returns
    -------
    Outcome
    """
    from driftlib.reporting import run_report

    kept = {name: options.pop(name) for name in ("history", "model")}
    chosen = {name: value for name, value in options.items() if value is not None}
    settings = _history_settings(chosen, kept, params)
    result = run_report(
        chosen,
        params=params,
        output=output,
        notebooks=notebooks,
        evidently=evidently,
        audit=audit,
        advice=advice,
    )
    if settings is None:
        failures, found = _send(result.output / "alerts.json"), bool(result.alerts)
    else:
        from driftlib.cli.judging import judge, send_alerts

        judged = judge(settings)
        failures, found = send_alerts(judged), judged.failed
    failed = result.failed or (fail_on_alert and found)
    return Outcome(FOUND if failed else OK, result.headline, tuple(failures))


def _history_settings(
    chosen: dict[str, Any], kept: dict[str, Any], params: str | None
) -> Settings | None:
    """Settle how the current data are judged, where there is a history to keep that in."""
    from driftlib.reporting.parameters import read_parameters

    named = kept["history"] or (read_parameters(params).get("history") if params else None)
    if not named:
        return None
    from driftlib.cli.settings import settle

    given = chosen | kept | {"notify": os.environ.get(RECEIVERS, "").split()}
    if chosen.get("season"):
        given["season"] = names(chosen["season"])
    return settle(given, params)


def _send(path: Path) -> list[str]:
    """Send what alerts.json holds to the receivers in the environment, if there are any."""
    urls = os.environ.get(RECEIVERS, "").split()
    if not urls or not path.exists():
        return []
    from driftlib.alerts import Alert, deliver

    alerts = [Alert(**entry) for entry in json.loads(path.read_text(encoding="utf-8-sig"))]
    try:
        return deliver(alerts, urls)
    except MissingExtraError as error:
        return [str(error)]
