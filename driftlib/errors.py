"""The errors a user can meet, each one sentence: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class DriftlibError(ValueError):
    """Something the user passed cannot be used; the message says what, where and what to do.

    Examples
    --------
    >>> issubclass(DriftlibError, ValueError)
    True
    """


class DataError(DriftlibError):
    """A file, frame or column cannot be used."""


class ParameterError(DriftlibError):
    """An argument has a value that cannot be used."""


class MissingExtraError(DriftlibError):
    """A feature needs a package that comes with an extra that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: "
            f"install it with  pip install 'driftlib[{extra}]'."
        )


def quoted(names: Iterable[object], most: int = 12) -> str:
    """Names for a sentence, cut where the list is long.

    Examples
    --------
    >>> quoted(["a", "b"])
    "'a', 'b'"
    >>> quoted("abcd", most=2)
    "'a', 'b' and 2 more"
    """
    names = [repr(str(name)) for name in names]
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raise a `ParameterError` unless `value` is one of `choices`."""
    choices = list(choices)
    if value not in choices:
        raise ParameterError(f"{name}={value!r} is not known: use one of {quoted(choices)}.")


def unknown_name(what: str, name: str, known: Iterable[str], where: str) -> str:
    """Sentence for a name that does not exist, with the nearest one that does.

    Examples
    --------
    >>> unknown_name("feature", "tmp", ["temp", "wind"], "the reference")
    "the reference has no feature 'tmp' (it has: 'temp', 'wind'). Did you mean 'temp'?"
    """
    known = [str(k) for k in known]
    sentence = f"{where} has no {what} {str(name)!r} (it has: {quoted(known)})."
    near = get_close_matches(str(name), known, n=1)
    return f"{sentence} Did you mean {near[0]!r}?" if near else sentence
