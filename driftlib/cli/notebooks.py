"""Run `driftlib notebooks`: copy the notebooks, to look at or to change them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from driftlib.cli.outcome import Outcome
from driftlib.errors import DataError
from driftlib.files import home_path, write_whole
from driftlib.text import quoted


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "notebooks",
        description="Copy the notebooks that reports are made of into a folder. To use changed "
        "ones: driftlib report --notebooks FOLDER.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("folder", metavar="FOLDER", help="where to; it is made if missing")
    parser.add_argument("--force", action="store_true", help="write over notebooks that are there")


def run(folder: str, force: bool) -> Outcome:
    """Copy the notebooks.

    Parameters
    ----------
    folder : str
    force : bool
        Whether to write over what is there.

    Returns
    -------
    Outcome
    """
    from driftlib.reporting.parameters import find_notebooks, project_root

    target = Path(home_path(folder))
    paths = find_notebooks(project_root() / "notebooks").values()
    taken = [path.name for path in paths if (target / path.name).exists()]
    if taken and not force:
        raise DataError(
            f"{folder} has {quoted(taken)} already: name another folder, or add --force."
        )
    for path in paths:
        write_whole(target / path.name, path.read_bytes())
    names = ", ".join(path.name for path in paths)
    return Outcome(
        text=f"{names} copied to {target}. Run them: driftlib report --notebooks {target}"
    )
