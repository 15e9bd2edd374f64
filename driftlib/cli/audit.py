"""Run `driftlib audit`: what a monitor would see, and how often it would err."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from driftlib.cli.options import add_columns, add_roles
from driftlib.cli.outcome import Outcome
from driftlib.text import printable


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "audit",
        description="Deal a reference's own days (or customers, or rows) to two sides, count false "
        "alarms, put faults of growing size into real rows, and say from what size on they are "
        "seen.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("reference", metavar="REFERENCE", help="Parquet or CSV file, or a glob")
    parser.add_argument(
        "--window", help="what one check sees: a length such as 7D, or a number of rows"
    )
    parser.add_argument("--deals", type=int, default=200, help="checks without a change (200)")
    parser.add_argument("--tries", type=int, default=40, help="tries of each fault and size (40)")
    parser.add_argument(
        "--wanted", type=float, default=0.8, help="chance with which a fault is to be seen (0.8)"
    )
    add_columns(parser)
    add_roles(parser)
    parser.add_argument(
        "--json", metavar="FILE", dest="output", help="write all of it to a JSON file, too"
    )


def run(reference: str, window: str | None, output: str | None, **options: Any) -> Outcome:
    """Audit, show how far it is, and write what was found.

    Parameters
    ----------
    reference : str
        Path.
    window, output : str, optional
        What one check sees, and the file to write to.
    **options
        Of `driftlib.audit`; None where not given.

    Returns
    -------
    Outcome
    """
    from driftlib.auditing.audit import audit
    from driftlib.files import write_whole
    from driftlib.reporting.inputs import read_length
    from driftlib.reporting.tables import (
        audited_estimates_table,
        false_alarms_table,
        smallest_faults_table,
    )

    given = {name: value for name, value in options.items() if value is not None}
    found = audit(reference, read_length(window or ""), progress=_show, **given)
    if output:
        write_whole(output, json.dumps(found.to_dict(), indent=1, allow_nan=False) + "\n")
    tables = [false_alarms_table(found), smallest_faults_table(found)]
    if len(found.estimates):
        tables.append(audited_estimates_table(found))
    shown = [table.to_string(index=False, na_rep="-") for table in tables]
    lines = "\n\n".join([f"{found.headline}.", *shown]).splitlines()
    return Outcome(text="\n".join(printable(line) for line in lines))


def _show(part: float) -> None:
    """Show how far the work is, where a terminal reads it."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\rauditing: {100 * part:3.0f} %" + "\n" * (part == 1))
        sys.stderr.flush()
