"""Keep the list of the runs that wrote into a folder: `runs.json`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from driftlib.files import write_json
from driftlib.reporting.result import RunResult

RUNS = "runs.json"
FORMAT, VERSION = "driftlib runs", 1
KEPT_RUNS = 50


def read_runs(folder: Path) -> list[RunResult]:
    """Read the runs recorded in a folder.

    Parameters
    ----------
    folder : Path
        May have no list of runs, or not exist.

    Returns
    -------
    list of RunResult
        Newest first; empty where the list cannot be read.
    """
    try:
        content = json.loads((folder / RUNS).read_text(encoding="utf-8"))
        if (content["format"], content["version"]) != (FORMAT, VERSION):
            return []
        return [RunResult.from_details(details, folder) for details in content["runs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def add_run(run: RunResult) -> list[RunResult]:
    """Put a run into its folder's list, in place of what the list had under its id.

    Parameters
    ----------
    run : RunResult
        Its folder exists, and the caller holds the folder's lock.

    Returns
    -------
    list of RunResult
        The whole list as it was written, newest first.
    """
    others = [other for other in read_runs(run.output) if other.id != run.id]
    runs = sorted([run, *others], key=lambda one: one.started, reverse=True)[:KEPT_RUNS]
    details = [one.details for one in runs]
    write_json(run.output / RUNS, {"format": FORMAT, "version": VERSION, "runs": details})
    return runs


# The package filelock would leave a file of its own beside the reports.
@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder for one process at a time; the lock goes with the process.

    Parameters
    ----------
    folder : Path
        That exists.

    Yields
    ------
    None
        While the lock is held. Where the system knows no such locks, or the folder is on a
        network that has none, two runs at once may lose a line of the list.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
