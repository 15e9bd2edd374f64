"""Run `driftlib recipe`: print what runs a check every morning, or shows what checks found."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from driftlib.cli.outcome import Outcome

FOLDER = Path(__file__).parent / "recipes"
PLACES = ("cron", "systemd", "github")
DASHBOARD = "grafana"
# How a place has signs that mean something else to it.
ESCAPES = {"cron": {"%": r"\%"}, "systemd": {"%": "%%", "$": "$$"}}


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "recipe",
        description="Print what runs a check every morning, to be put where it says; or a "
        "dashboard of Grafana for what driftlib check --prometheus writes.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("place", choices=(*PLACES, DASHBOARD))
    parser.add_argument("--params", default="drift.yml", help="file of parameters (drift.yml)")


def run(place: str, params: str) -> Outcome:
    """Print a recipe.

    Parameters
    ----------
    place : {"cron", "systemd", "github", "grafana"}
    params : str
        Path of the file of parameters.

    Returns
    -------
    Outcome
    """
    text = (FOLDER / place).read_text(encoding="utf-8")
    if place == DASHBOARD:
        return Outcome(text=text.rstrip())
    path = Path(params)
    here = place != "github"
    command = shutil.which("driftlib") or f"{shlex.quote(sys.executable)} -m driftlib"
    words = {
        "params": shlex.quote(str(path.absolute() if here else path)),
        "folder": shlex.quote(str(path.absolute().parent)),
        "plain": str(path.absolute().parent),
        "driftlib": command,
    }
    escapes = str.maketrans(ESCAPES.get(place, {}))
    return Outcome(text=text.format(**{k: v.translate(escapes) for k, v in words.items()}).rstrip())
