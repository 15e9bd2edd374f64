"""The errors a user can meet, each one sentence: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterable

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


class ParameterError(DriftlibError):
    """An argument has a value that cannot be used."""


class MissingExtraError(DriftlibError):
    """A feature needs a package that comes with an extra that is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: "
            f"install it with  pip install 'driftlib[{extra}]'."
        )


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raise a `ParameterError` unless `value` is one of `choices`."""
    choices = list(choices)
    if value not in choices:
        raise ParameterError(f"{name}={value!r} is not known: use one of {quoted(choices)}.")
