"""Keep the list of the runs that wrote into a folder: `runs.json`."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

from driftlib.errors import DataError
from driftlib.files import write_json
from driftlib.reporting.result import RunResult

RUNS, ASIDE = "runs.json", "runs.damaged"
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
        Newest first.

    Raises
    ------
    DataError
        If there is something of the list's name that is no list of runs, whatever is in it.
    """
    path = folder / RUNS
    try:
        if path.exists() and not path.is_file():
            raise ValueError("not a file")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        if (content["format"], content["version"]) != (FORMAT, VERSION):
            raise ValueError("another format")
        return [RunResult.from_details(details, folder) for details in content["runs"]]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{folder.name}/{RUNS} cannot be read: it is damaged, or of another version."
        ) from error


def add_run(run: RunResult) -> tuple[list[RunResult], Path | None]:
    """Put a run into its folder's list, in place of what the list had under its id.

    A list that cannot be read is set aside, and a new one is begun.

    Parameters
    ----------
    run : RunResult
        Its folder exists, and the caller holds the folder's lock.

    Returns
    -------
    runs : list of RunResult
        The whole list as it was written, newest first.
    aside : Path or None
        Where a list that could not be read is now.
    """
    aside = None
    try:
        others = [other for other in read_runs(run.output) if other.id != run.id]
    except DataError:
        others, aside = [], _set_aside(run.output)
    runs = sorted([run, *others], key=lambda one: one.started, reverse=True)[:KEPT_RUNS]
    details = [one.details for one in runs]
    write_json(run.output / RUNS, {"format": FORMAT, "version": VERSION, "runs": details})
    return runs, aside


def lists_set_aside(folder: Path) -> list[Path]:
    """Find the lists of runs in a folder that could not be read and were set aside.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Path
        By name.
    """
    return sorted(folder.glob(f"{ASIDE}*.json"))


def _set_aside(folder: Path) -> Path:
    taken = {path.name for path in folder.iterdir()}
    names = (f"{ASIDE}{f'-{number}' if number > 1 else ''}.json" for number in itertools.count(1))
    path = folder / next(name for name in names if name not in taken)
    try:
        (folder / RUNS).rename(path)
    except OSError as error:
        raise DataError(
            f"{folder / RUNS} cannot be read, and not be renamed either ({error.strerror}): "
            "remove it, or choose another folder."
        ) from error
    return path


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
