"""Run the commands `driftlib baseline`, `driftlib check`, `driftlib report` and their kin.

Nothing is imported before it is needed, so that help comes at once and a check in cron starts soon.
What a command has to say is written after its files, see `driftlib.cli.outcome`.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

import driftlib
from driftlib.cli.outcome import INTERRUPTED, UNUSABLE, complain, write_out
from driftlib.errors import DriftlibError

OBJECTS_BETWEEN_COLLECTIONS = 50_000
DESCRIPTION = "Has a deployed model degraded, is it the data or the concept, and how sure are we?"
COMMANDS = {
    "init": "look at your data and write a file of parameters",
    "baseline": "fit a baseline to reference data and save it",
    "check": "compare a batch with a baseline; exit code 1 on drift",
    "report": "run the notebooks and write HTML reports",
    "audit": "say how often a check errs on your data, and what it can see",
    "advise": "say whether to keep, recalibrate or retrain a model, and what each is worth",
    "history": "show, export or prune what checks with --history kept",
    "alerts": "list the alerts of a history, and silence one",
    "notebooks": "copy the notebooks that reports are made of",
    "recipe": "print what runs a check every morning: cron, systemd or a GitHub workflow",
}


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
    given = sys.argv[1:] if arguments is None else list(arguments)
    with _few_collections():
        return _run(given)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage seldom: what a command loads and reads it keeps to its end."""
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(given: Sequence[str]) -> int:
    options = vars(_parser(given).parse_args(given))
    run = options.pop("run")
    try:
        return write_out(run(**options))
    except DriftlibError as error:
        complain(str(error))
        return UNUSABLE
    except KeyboardInterrupt:
        complain("interrupted.")
        return INTERRUPTED


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser; of the commands only the one that is given is loaded."""
    parser = argparse.ArgumentParser(prog="driftlib", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"driftlib {driftlib.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        if name in given[:1]:
            import_module(f"driftlib.cli.{name}").add_to(commands)
        else:
            commands.add_parser(name, help=summary)
    return parser
