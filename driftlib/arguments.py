"""Refuse keywords that a public function does not have, in a sentence that helps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

from driftlib.errors import ParameterError
from driftlib.text import quoted

P = ParamSpec("P")
R = TypeVar("R")


def known_keywords(**renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function refuse keywords that it does not have.

    Python's own error names a function the user may never have called, and before 3.13 makes
    no suggestion. Signature, types and help stay those of the function.

    Parameters
    ----------
    **renamed : str
        A word that the function does not take, and what to say of it.

    Returns
    -------
    callable
        The decorator.

    Examples
    --------
    >>> @known_keywords(rows="pass a number of rows as window=")
    ... def cut(frame, window=None):
    ...     return window
    >>> cut([], windw=5)
    Traceback (most recent call last):
    driftlib.errors.ParameterError: cut() has no argument 'windw' (it has: 'frame', 'window').
    Did you mean 'window'?
    >>> cut([], rows=5)
    Traceback (most recent call last):
    driftlib.errors.ParameterError: cut() has no argument 'rows': pass a number of rows as window=.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        code = function.__code__
        known = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name not in known:
                    raise ParameterError(_refusal(function.__qualname__, name, known, renamed))
            return function(*args, **kwargs)

        return call

    return decorate


def _refusal(function: str, name: str, known: tuple[str, ...], renamed: dict[str, str]) -> str:
    if name in renamed:
        return f"{function}() has no argument {name!r}: {renamed[name]}."
    shown = [word for word in known if word not in ("self", "cls")]
    near = get_close_matches(name, shown, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{function}() has no argument {name!r} (it has: {quoted(shown, 40)}).{hint}"
