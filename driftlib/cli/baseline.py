"""Run `driftlib baseline`: fit a baseline and save it."""

from __future__ import annotations

import argparse
from typing import Any

from driftlib.cli.options import add_columns, add_roles
from driftlib.cli.outcome import Outcome, noted
from driftlib.text import printable


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "baseline",
        description="Fit a baseline to reference data and save it as one JSON file.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("reference", metavar="REFERENCE", help="Parquet or CSV file, or a glob")
    parser.add_argument("-o", "--output", default="baseline.json", help="default baseline.json")
    parser.add_argument("--bins", type=int, help="PSI bins (default 10)")
    parser.add_argument("--resolution", type=int, help="quantiles kept a feature (default 2000)")
    add_columns(parser)
    add_roles(parser)


def run(reference: str, output: str, **options: Any) -> Outcome:
    """Fit and save a baseline.

    Parameters
    ----------
    reference, output : str
        Paths.
    **options
        Arguments of `Baseline.fit`; None where not given.

    Returns
    -------
    Outcome
    """
    from driftlib.drift.unit_lines import unit_line
    from driftlib.profile.baseline import Baseline

    given = {name: value for name, value in options.items() if value is not None}
    baseline = Baseline.fit(reference, **given)
    path = baseline.save(output)
    lines = [f"{len(baseline.features)} features of {baseline.rows:,} rows saved to {path}"]
    lines.append(f"  {printable(unit_line(baseline.unit, (baseline.reference_units,)))}")
    lines += noted(baseline.notes, "  ")
    if baseline.season:
        lines.append(f"  {printable(baseline.season.line)}")
    for name, column in baseline.columns.items():
        if column.note:
            lines.append(f"  {printable(name)}: {printable(column.note)}")
    return Outcome(text="\n".join(lines))
