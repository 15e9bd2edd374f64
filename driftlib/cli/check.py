"""Run `driftlib check`: judge a batch, write it down, tell people, and only then print."""

from __future__ import annotations

import argparse
import json
import os
from typing import TYPE_CHECKING, Any

from driftlib.cli.options import (
    RECEIVERS,
    add_columns,
    add_holdout,
    add_late,
    add_roles,
    add_task,
    names,
)
from driftlib.cli.outcome import FOUND, OK, Outcome
from driftlib.cli.settings import ESTIMATORS, KNOWN, LIMITS, SEVERITIES, settle

if TYPE_CHECKING:
    pass

_LIMITS = {
    "alpha": "share of checks without drift that may find some",
    "psi_moderate": "PSI beyond chance from which a change is moderate",
    "psi_major": "PSI beyond chance from which it is major",
    "share_moderate": "change of the missing share from which it is moderate",
    "share_major": "change of the missing share from which it is major",
    "budget": "share of runs of windows without a change that may alarm",
}


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "check",
        description="Compare a batch with a baseline. Exit code 0: no alert; 1: an alert; "
        "2: the input cannot be used. Files are written before anything is printed.",
        epilog=f"Receivers of alerts may also stand in the variable {RECEIVERS}.",
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "baseline", metavar="BASELINE", nargs="?",
        help="file written by driftlib baseline, or data to fit one to",
    )  # fmt: skip
    parser.add_argument(
        "current", metavar="CURRENT", nargs="?", help="Parquet or CSV file, or a glob"
    )
    parser.add_argument("--params", help="YAML file with these settings; driftlib report takes it")
    parser.add_argument(
        "--fail-on", choices=SEVERITIES, help="least severity that is an alert (default moderate)"
    )
    for name in LIMITS:
        default = f"(default {KNOWN[name]:g})"
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=float, help=f"{_LIMITS[name]} {default}"
        )
    add_columns(parser)
    add_roles(parser)
    add_late(parser)
    add_holdout(parser)
    parser.add_argument("--reference", help="data with labels from when the model was good")
    parser.add_argument("--positive", help="the positive label of two (default the larger)")
    add_task(parser)
    parser.add_argument("--metrics", type=names, help="metrics to measure: a,b,c")
    parser.add_argument(
        "--thresholds", type=names, help="accuracy=0.9,roc_auc=-0.05 (below the reference)"
    )
    parser.add_argument(
        "--tolerance", type=float, help="how much worse metrics may be, as a share (default 0.05)"
    )
    parser.add_argument(
        "--estimator", choices=ESTIMATORS, help="estimate without labels (default pape)"
    )
    parser.add_argument(
        "--joint", action="store_true", default=None,
        help="ask if all features together changed; needs data as BASELINE or --reference",
    )  # fmt: skip
    parser.add_argument("--max-age", help="how old the newest row may be: 2D, 6h (default any)")
    parser.add_argument("--json", metavar="FILE", help="write the result as JSON; - prints it")
    parser.add_argument("--markdown", metavar="FILE", help="write it as Markdown, under 10 kB")
    parser.add_argument(
        "--prometheus", metavar="FILE", help="write gauges for node_exporter's textfile collector"
    )
    parser.add_argument(
        "--history", metavar="FILE", help="file or database URL to keep what is found in"
    )
    parser.add_argument("--model", help="whose history it is (default model)")
    parser.add_argument("--window", help="how long its windows are: D, 6h, 2W, MS (default a day)")
    parser.add_argument(
        "--keep", metavar="TIME", help="how long the history goes back: 400D (default all)"
    )
    parser.add_argument("--link", help="where a reader of alerts finds more")
    parser.add_argument("--quiet", action="store_true", default=None, help="print nothing")
    parser.add_argument(
        "--notify", metavar="URL", action="append", help="Apprise URL to send alerts to"
    )


def run(params: str | None, **options: Any) -> Outcome:
    """Check a batch.

    Parameters
    ----------
    params : str, optional
        Path of a YAML file.
    **options
        See `driftlib.cli.settings.Settings`; None where not given.

    Returns
    -------
    Outcome
    """
    from driftlib.cli.judging import judge, send_alerts
    from driftlib.cli.markdown import markdown_text
    from driftlib.cli.prometheus import prometheus_text
    from driftlib.files import write_json, write_whole

    given = options["notify"] or []
    options["notify"] = [*given, *os.environ.get(RECEIVERS, "").split()]
    settings = settle(options, params)
    judged = judge(settings)
    if settings.json not in ("", "-"):
        write_json(settings.json, judged.to_dict())
    if settings.markdown:
        write_whole(settings.markdown, markdown_text(judged))
    if settings.prometheus:
        write_whole(settings.prometheus, prometheus_text(judged))
    complaints = send_alerts(judged)
    text = "" if settings.quiet else judged.to_text()
    if settings.json == "-":
        text = json.dumps(judged.to_dict(), indent=1, allow_nan=False)
    return Outcome(FOUND if judged.failed else OK, text, tuple(complaints))
