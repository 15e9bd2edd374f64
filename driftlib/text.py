"""Word findings: names, numbers and shares as a reader would say them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any


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


def percent(share: float) -> str:
    """A share for a sentence.

    Examples
    --------
    >>> [percent(share) for share in (0, 0.0004, 0.0312, 0.14, 0.9996, 1)]
    ['0 %', 'under 0.1 %', '3.1 %', '14 %', 'over 99.9 %', '100 %']
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.3g} %"


def percents(*shares: float) -> list[str]:
    """Shares for one sentence, with as many digits as it takes to tell them apart.

    Examples
    --------
    >>> percents(0.151, 0.149)
    ['15.1 %', '14.9 %']
    """
    texts = [percent(share) for share in shares]
    for digits in (3, 4):
        if len(set(texts)) == len(set(shares)):
            break
        texts = [f"{100 * share:.{digits}g} %" for share in shares]
    return texts


NAMES_SHOWN = 3


NAME_LENGTH = 32


def shortened(text: Any, most: int = NAME_LENGTH) -> str:
    """Name from the data on one line; a long one loses its middle. Plain text.

    Examples
    --------
    >>> shortened("abcdefghij", most=5)
    'ab…ij'
    """
    shown = " ".join(str(text).split())
    if len(shown) <= most:
        return shown
    tail = (most - 1) // 2
    return f"{shown[: most - 1 - tail]}…{shown[len(shown) - tail :]}"


def listed(names: Iterable[Any], most: int = NAMES_SHOWN) -> str:
    """Names in a sentence, the rest counted. Plain text.

    Examples
    --------
    >>> listed(["temp"]), listed(["temp", "humid"]), listed(["a", "b", "c", "d", "e"])
    ('temp', 'temp and humid', 'a, b, c and 2 more')
    """
    names = [shortened(name) for name in names]
    rest = len(names) - most
    shown, last = (names[:most], f"{rest:,} more") if rest > 0 else (names[:-1], names[-1:])
    last = last if isinstance(last, str) else "".join(last)
    return f"{', '.join(shown)} and {last}" if shown else last


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    Examples
    --------
    >>> counted(1, "feature"), counted(1200, "row")
    ('1 feature', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def brief(value: float, most: int = 3) -> str:
    """Number with about two digits that matter and at most so many decimals, for a label.

    Examples
    --------
    >>> [brief(value) for value in (0, 0.00123, 0.0468, 0.312, 2.16, 9.97, 1234.5)]
    ['0', '0.001', '0.05', '0.31', '2.2', '10', '1,234']
    >>> brief(0.00123, most=2)
    '0.00'
    """
    if value != value:
        return NOT_A_NUMBER
    size = abs(value)
    digits = 3 if size < 0.0095 else 2 if size < 0.995 else 1 if size < 9.95 else 0
    return f"{value:,.{min(digits, most)}f}" if value else "0"


def wrapped(text: str) -> list[str]:
    """Text in a few lines short enough for a tooltip.

    Examples
    --------
    >>> [len(line) for line in wrapped("word " * 20)]
    [59, 39]
    """
    return textwrap.wrap(text, 60, max_lines=6, placeholder=" ...")


def capital(text: str) -> str:
    """Sentence from a phrase."""
    return text[:1].upper() + text[1:]


def distinct(labels: list[str]) -> list[str]:
    """The same labels, numbered where one occurs twice: plotly would draw them as one."""
    seen: dict[str, int] = {}
    distinct = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        distinct.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return distinct


def number_writer(spread: float) -> Callable[..., str]:
    """Writes numbers with as many decimals as their uncertainty deserves.

    Examples
    --------
    >>> number_writer(0.005)(0.04512), number_writer(0.005)(0.04512, True)
    ('0.045', '+0.045')
    >>> number_writer(80)(1234.5)
    '1234'
    """
    usable = math.isfinite(spread) and spread > 0
    digits = min(max(-math.floor(math.log10(spread / 5)), 0), 9) if usable else 4

    def write(value: float, signed: bool = False) -> str:
        text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
        return text if float(text) else text.lstrip("+-")

    return write


def printable(text: str) -> str:
    """Text without control characters, which in names from the data could move the cursor.

    Examples
    --------
    >>> printable("a\\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def join_notes(*notes: str) -> str:
    """Notes that say something, in one.

    Examples
    --------
    >>> join_notes("partial", "", "no rows")
    'partial; no rows'
    """
    return "; ".join(note for note in notes if note)


NOT_A_NUMBER = "—"
