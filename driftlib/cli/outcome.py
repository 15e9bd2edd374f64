"""Hold what a command found: its text is written last, so that no closed pipe can change it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from driftlib.quality.finding import Finding
from driftlib.severity import Severity, rank
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


def quality_lines(findings: Sequence[Finding]) -> list[str]:
    """Write findings of data quality, a line each, as a terminal can take them.

    Parameters
    ----------
    findings : sequence of Finding

    Returns
    -------
    list of str

    Examples
    --------
    >>> quality_lines([Finding("new column", "x", "minor", 0.0, 0.0, "is new")])
    ['● x: is new.']
    """
    return [
        printable(f"{Severity(found.severity).mark} {found.column}: {found.sentence}.")
        for found in findings
    ]


def worst_first(severities: pd.Series) -> pd.Series:
    """Give keys that bring the worst severities first.

    Parameters
    ----------
    severities : pandas.Series of str

    Returns
    -------
    pandas.Series of int

    Examples
    --------
    >>> worst_first(pd.Series(["none", "major"])).tolist()
    [0, -3]
    """
    return pd.Series([-rank(severity) for severity in severities], severities.index, dtype=int)


def drift_table(table: pd.DataFrame) -> str:
    """Write the columns of a drift table that fit a terminal, the worst first.

    Parameters
    ----------
    table : pandas.DataFrame
        Of a `DriftResult`.

    Returns
    -------
    str
    """
    shown = table[["kind", "n_current", "psi", "q_value", "severity", "note"]].copy()
    shown = shown.sort_values("severity", key=worst_first, kind="stable")
    # Control characters in names from the data must not reach the terminal.
    shown.index = [printable(name) for name in shown.index]
    shown["note"] = [printable(note) for note in shown["note"]]
    return shown.to_string(
        na_rep="-", float_format=lambda value: f"{value:.3g}", formatters={"note": str.strip}
    )
