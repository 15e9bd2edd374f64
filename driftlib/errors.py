"""Tell users what is wrong in one sentence: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any

from driftlib.text import quoted


class DriftlibError(ValueError):
    """Something the user passed cannot be used; the message says what, where and what to do.

    Examples
    --------
    >>> issubclass(DriftlibError, ValueError)
    True
    """


class DataError(DriftlibError):
    """A file, frame or column cannot be used."""


class LackingError(DataError):
    """A column that a question needs is not there, or holds nothing.

    Parameters
    ----------
    message : str
        What, where and what to do, for those who call functions.
    brief : str
        The same for those who read a page: what is not there.

    Examples
    --------
    >>> error = LackingError("current has no column 'y' (it has: 'x'). Pass y='...'.", "No y.")
    >>> str(error), error.brief
    ("current has no column 'y' (it has: 'x'). Pass y='...'.", 'No y.')
    """

    def __init__(self, message: str, brief: str = "") -> None:
        super().__init__(message)
        self.brief = brief or message


class ParameterError(DriftlibError):
    """An argument has a value that cannot be used."""


class MissingExtraError(DriftlibError):
    """A feature needs a package that comes with an extra that is not installed.

    Parameters
    ----------
    package : str
        As Python imports it.
    extra : str
        The extra of driftlib that brings it.
    purpose : str
        What needs it: the beginning of the sentence.

    Examples
    --------
    >>> str(MissingExtraError("polars", "polars", "A polars frame")).partition(": ")[0]
    'A polars frame needs the package polars, which is not installed'
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: "
            f"install it with  {install_command(extra)}."
        )


def install_command(extra: str) -> str:
    """Write the command that installs an extra, as it works from here.

    Parameters
    ----------
    extra : str
        Of driftlib.

    Returns
    -------
    str
        In a checkout, from its own folder.
    """
    checkout = Path(__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return (
            f"pip install -e '{checkout}[{extra}]'"
            if checkout != Path.cwd()
            else (f"pip install -e '.[{extra}]'")
        )
    return f"pip install 'driftlib[{extra}]'"


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Check that an argument has one of the values it may have.

    Parameters
    ----------
    name : str
        The argument.
    value : object
        As the user passed it.
    choices : iterable
        Values it may have.

    Raises
    ------
    ParameterError
        If it has another.

    Examples
    --------
    >>> check_choice("task", "ranking", ("binary", "regression"))
    Traceback (most recent call last):
    driftlib.errors.ParameterError: task='ranking' is not known: use one of 'binary', 'regression'.
    """
    choices = list(choices)
    if value not in choices:
        raise ParameterError(f"{name}={value!r} is not known: use one of {quoted(choices)}.")


def check_whole(name: str, value: Any, least: int = 1, of: str = "") -> int:
    """Check that an argument is a whole number of some size.

    Parameters
    ----------
    name : str
        The argument.
    value : object
        As the user passed it: an integer of Python or numpy, or a float without a fraction.
    least : int
        The smallest number it may be.
    of : str
        What is counted, such as "rows".

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it is no number (True and False are none), not whole or too small.

    Examples
    --------
    >>> check_whole("window", 500.0, of="rows")
    500
    >>> check_whole("window", 0, of="rows")
    Traceback (most recent call last):
    driftlib.errors.ParameterError: window=0 must be a whole number of rows, at least 1.
    """
    whole = isinstance(value, Real) and not isinstance(value, bool) and value % 1 == 0
    if not whole or value < least:
        counted = f"a whole number of {of}" if of else "a whole number"
        raise ParameterError(f"{name}={value!r} must be {counted}, at least {least}.")
    return int(value)


def check_share(name: str, value: float) -> None:
    """Check that an argument is a share between 0 and 1, and neither of them.

    Parameters
    ----------
    name : str
        The argument.
    value : float
        As the user passed it.

    Raises
    ------
    ParameterError
        If it is not.

    Examples
    --------
    >>> check_share("alpha", 5)
    Traceback (most recent call last):
    driftlib.errors.ParameterError: alpha=5 must lie between 0 and 1, such as 0.05.
    """
    if not 0 < value < 1:
        raise ParameterError(f"{name}={value!r} must lie between 0 and 1, such as 0.05.")


def check_persistence(persistence: tuple[int, int] | None) -> None:
    """Check k of n.

    Parameters
    ----------
    persistence : (int, int) or None

    Raises
    ------
    ParameterError
        Unless 1 <= k <= n.
    """
    if persistence is None:
        return
    k, n = persistence
    if not 1 <= k <= n:
        raise ParameterError(f"persistence={persistence!r} must be (k, n) with 1 <= k <= n.")
