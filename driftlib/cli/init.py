"""Run `driftlib init`: write a file of parameters from a look at the data."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from driftlib.cli.outcome import Outcome
from driftlib.errors import DataError
from driftlib.text import printable

# Of larger files, so many of the first rows are looked at.
MOST_ROWS = 50_000
HEAD = """\
# Parameters of `driftlib check --params {name}` and `driftlib report --params {name}`.
# Guessed from {reference}: look over what is not commented out.
"""
OPERATIONS = {
    "fail_on": "least severity that is an alert: minor, moderate or major",
    "history": "file or database URL to keep what checks find in: monitor.db",
    "model": "whose history it is: a name",
    "keep": "how long the history goes back: 400D",
    "json": "file to write a check's result to: check.json",
}


def add_to(commands: Any) -> None:
    """Declare the command.

    Parameters
    ----------
    commands : argparse's subparsers
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        "init",
        description="Look at your data and write a commented YAML file, which driftlib check and "
        "driftlib report take as --params. It says what was guessed, and why.",
    )
    parser.set_defaults(run=run)
    parser.add_argument("reference", metavar="REFERENCE", help="data from when the model was good")
    parser.add_argument("current", metavar="CURRENT", nargs="?", help="newer data, or a glob")
    parser.add_argument("-o", "--output", default="drift.yml", help="default drift.yml")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(reference: str, current: str | None, output: str, force: bool) -> Outcome:
    """Write a file of parameters.

    Parameters
    ----------
    reference : str
    current : str, optional
    output : str
        The file.
    force : bool
        Whether to write over one.

    Returns
    -------
    Outcome
        What was guessed.
    """
    from driftlib.cli.guessing import Guess, guess, guess_unit, likely_label
    from driftlib.data.opening import read_frame
    from driftlib.data.sql_address import public_source
    from driftlib.files import home_path, write_whole

    if home_path(output).exists() and not force:
        raise DataError(f"{output} exists already: name another file, or add --force.")
    frame = read_frame(reference, "reference")[:MOST_ROWS]
    found = guess(frame)
    unit = guess_unit(frame, found)
    reference, current = public_source(reference), current and public_source(current)
    given = [Guess("reference", reference, "as named")]
    given += [Guess("current", current, "as named")] if current else []
    text = HEAD.format(name=Path(output).name, reference=printable(reference))
    path = write_whole(output, text + _settings([*given, *found], unit))
    lines = [f"{path} written. Guessed from {len(frame):,} rows:"]
    lines += [f"  {one.name}: {_written(one.value)} ({one.why})" for one in found]
    for name in ("y_true", "y_pred"):
        if not any(one.name == name for one in found):
            like = likely_label(frame, found) if name == "y_true" else None
            hint = f" ({printable(repr(like))} agrees with the predictions)" if like else ""
            none = f"  {name}: none found by its name; if there is one{hint}, name it in {path}"
            lines.append(none)
    lines += [f"  {printable(unit[:1].upper() + unit[1:])}."] if unit else []
    check = f"driftlib check --params {path}" + ("" if current else f" {reference} CURRENT")
    lines.append(f"Look it over, then: {check}")
    return Outcome(text="\n".join(lines))


def _settings(found: list[Any], unit: str) -> str:
    """Write every setting: those that are known as they are, all others as comments."""
    from driftlib.reporting.parameters import declared, find_notebooks

    known = {one.name: one for one in found}
    notes = {"unit": f"; auto: {unit}" if unit else ""}
    lines, seen = [], set()
    for path in find_notebooks().values():
        for parameter in declared(path).values():
            if path.stem == "demo" or parameter.name in seen:
                continue
            seen.add(parameter.name)
            name, help_text = parameter.name, parameter.help + notes.get(parameter.name, "")
            if name in known:
                line = f"{name}: {_written(known[name].value)}  # {known[name].why}; {help_text}"
            else:
                line = f"# {name}: {_written(parameter.default)}  # {help_text}"
            lines.append(printable(line))
    lines += ["", "# For checks alone:"]
    lines += [f"# {name}:  # {text}" for name, text in OPERATIONS.items()]
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    # JSON is YAML.
    return json.dumps(value, ensure_ascii=False)
