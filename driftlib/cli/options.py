"""Declare the options that several commands share."""

from __future__ import annotations

import argparse

# Apprise URLs hold secrets: the environment, unlike arguments and parameter files, is not shown.
RECEIVERS = "DRIFTLIB_NOTIFY"
UNITS = "what rows were drawn in: 1D, row or a column (default: told by the time column)"
SEASONS = "compare like with like: hour, weekday or month, or columns a,b (default: all with all)"
TIME_FORMATS = "how times are written: s or ms (since 1970), excel, dayfirst, or a strptime pattern"


def names(text: str) -> list[str]:
    """Read names between commas.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str

    Examples
    --------
    >>> names("id, a shop,")
    ['id', 'a shop']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which columns are compared, and how.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("--features", type=names, help="columns to compare: a,b,c (default all)")
    parser.add_argument("--exclude", type=names, help="columns never to compare: a,b,c")
    parser.add_argument("--categorical", type=names, help="columns to take as categories: a,b,c")
    parser.add_argument("--unit", help=UNITS)
    parser.add_argument("--season", type=names, help=SEASONS)


def add_roles(parser: argparse.ArgumentParser) -> None:
    """Add the options that name time, labels and predictions.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("--timestamp", help="column that says when a row was seen")
    parser.add_argument("--time-format", help=TIME_FORMATS)
    for name in ("y-true", "y-pred", "y-proba"):
        column = name.replace("-", "_")
        parser.add_argument(f"--{name}", help=f"column name (default {column})")


def add_late(parser: argparse.ArgumentParser) -> None:
    """Add the options that say when labels come.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("--label-time", help="column that says when a row's label became known")
    parser.add_argument("--matures", help="how long a row waits for its label, such as 180D")


def add_holdout(parser: argparse.ArgumentParser) -> None:
    """Add the option that says whether the model has seen the reference's rows.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument(
        "--holdout", help="yes if the model was not trained on the reference's rows, no if it was"
    )


def add_task(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is predicted, and from which probability on.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    """
    parser.add_argument("--task", help="binary, multiclass or regression (default: told)")
    parser.add_argument("--threshold", help="probability from which a row is predicted positive")
