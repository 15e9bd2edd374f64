"""Hold what a command found: its text is written last, so that no closed pipe can change it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from driftlib.text import printable

OK, FOUND, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class Outcome:
    """What a command leaves behind once its files are written.

    Parameters
    ----------
    code : int
        The process's exit code.
    text : str
        For standard output.
    complaints : tuple of str
        For standard error: what did not work and is no reason to stop.
    """

    code: int = OK
    text: str = ""
    complaints: tuple[str, ...] = ()


def write_out(outcome: Outcome) -> int:
    """Write what a command has to say; whoever reads it may have gone.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    int
        Its exit code, whether or not all of the text was read.
    """
    for complaint in outcome.complaints:
        complain(complaint)
    if outcome.text:
        try:
            sys.stdout.write(f"{outcome.text}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of our output (head, say) has gone; Python would flush once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return outcome.code


def complain(sentence: str) -> None:
    """Write a sentence to standard error.

    Parameters
    ----------
    sentence : str
    """
    sys.stderr.write(f"driftlib: {printable(sentence)}\n")


def noted(notes: Sequence[str], indent: str = "") -> list[str]:
    """Write notes, a line each, as a terminal can take them.

    Parameters
    ----------
    notes : sequence of str
    indent : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> noted(["read as UTF-16"], "  ")
    ['  read as UTF-16.']
    """
    return [f"{indent}{printable(note)}." for note in notes]
