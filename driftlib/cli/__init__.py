"""Run the commands `driftlib baseline`, `driftlib check`, `driftlib report` and their kin.

Nothing heavy is imported before it is needed, so that a check in cron starts at once. What a
command has to say is written after its files, see `driftlib.cli.outcome`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import driftlib
from driftlib.cli import alerts, audit, baseline, check, history, init, notebooks, recipe, report
from driftlib.cli.outcome import INTERRUPTED, UNUSABLE, complain, write_out
from driftlib.errors import DriftlibError

DESCRIPTION = "Has a deployed model degraded, is it the data or the concept, and how sure are we?"
COMMANDS = (init, baseline, check, report, audit, history, alerts, notebooks, recipe)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The process's exit code. 0: nothing found; 1: drift found, or a report failed; 2: the
        input cannot be used.
    """
    options = vars(_parser().parse_args(arguments))
    run = options.pop("run")
    try:
        return write_out(run(**options))
    except DriftlibError as error:
        complain(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        complain("interrupted.")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="driftlib", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"driftlib {driftlib.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser
