"""Word findings: names, numbers and shares as a reader would say them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

NAMES_SHOWN = 3
NAME_LENGTH = 32
# Pages in docs/ that a sentence sends its reader to, with their titles, by what they are about.
GUIDES = {
    "own data": ("start/own-data.md", "Your own data"),
    "page": ("start/page.md", "On the page"),
    "reference": ("guides/reference.md", "Choosing a reference, a unit, a season"),
    "windows": ("guides/thresholds.md", "Thresholds and windows"),
    "labels": ("guides/labels.md", "Labels that are late or never come"),
    "kinds": ("guides/kinds.md", "Regression, several classes, scores only"),
    "production": ("guides/production.md", "Every day in production"),
    "large": ("guides/large.md", "Larger than memory, larger than one machine"),
    "cannot tell": ("reading/cannot-tell.md", "Cannot tell"),
}


def see_guide(about: str) -> str:
    """Send the reader of a sentence to the page that has more to say.

    Parameters
    ----------
    about : str
        One of `GUIDES`.

    Returns
    -------
    str

    Examples
    --------
    >>> see_guide("labels")
    'See "Labels that are late or never come" (docs/guides/labels.md).'
    """
    page, title = GUIDES[about]
    return f'See "{title}" (docs/{page}).'


def quoted(names: Iterable[object], most: int = 12) -> str:
    """Write names in quotes for a sentence, cut where the list is long.

    Parameters
    ----------
    names : iterable
    most : int
        Names shown; the rest are counted.

    Returns
    -------
    str

    Examples
    --------
    >>> quoted(["a", "b"])
    "'a', 'b'"
    >>> quoted("abcd", most=2)
    "'a', 'b' and 2 more"
    """
    texts = [repr(cut(str(name))) for name in names]
    shown = ", ".join(texts[:most])
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def unknown_name(what: str, name: str, known: Iterable[str], where: str) -> str:
    """Word the error for a name that does not exist, with the nearest one that does.

    Parameters
    ----------
    what : str
        What the name is of, such as "column".
    name : str
        As the user wrote it.
    known : iterable of str
        Names that exist.
    where : str
        What should have it, such as "the reference".

    Returns
    -------
    str

    Examples
    --------
    >>> unknown_name("feature", "tmp", ["temp", "wind"], "the reference")
    "the reference has no feature 'tmp' (it has: 'temp', 'wind'). Did you mean 'temp'?"
    """
    known = [str(k) for k in known]
    sentence = f"{where} has no {what} {str(name)!r} (it has: {quoted(known)})."
    near = get_close_matches(str(name), known, n=1)
    return f"{sentence} Did you mean {near[0]!r}?" if near else sentence


def first_sentence(error: BaseException | str) -> str:
    r"""Take the start of a library's message, on one line, for a parenthesis.

    Parameters
    ----------
    error : exception or str

    Returns
    -------
    str
        At most 200 characters, without a full stop; the kind of error where it says nothing.

    Examples
    --------
    >>> first_sentence(OSError("the disk\nis full. More of it."))
    'the disk is full'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    return text.split(". ")[0].rstrip(".")[:200]


def shortened(text: Any, most: int = NAME_LENGTH) -> str:
    """Put a name from the data on one line; a long one loses its middle.

    Parameters
    ----------
    text : object
        Its `str` is taken.
    most : int
        Characters.

    Returns
    -------
    str
        Plain text, not yet escaped for HTML.

    Examples
    --------
    >>> shortened("abcdefghij", most=5)
    'ab…ij'
    """
    return cut(" ".join(str(text).split()), most)


def cut(text: str, most: int = 100) -> str:
    """Take the middle out of a very long text.

    Parameters
    ----------
    text : str
    most : int
        Characters.

    Returns
    -------
    str

    Examples
    --------
    >>> cut("abcdefghij", most=5)
    'ab…ij'
    """
    tail = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def listed(names: Iterable[Any], most: int = NAMES_SHOWN, *, whole: bool = False) -> str:
    """List names in a sentence, the rest counted.

    Parameters
    ----------
    names : iterable
        Each is `shortened`.
    most : int
        Names shown.
    whole : bool
        Whether they are words of ours, which are never shortened.

    Returns
    -------
    str
        Plain text, not yet escaped for HTML; empty without names.

    Examples
    --------
    >>> listed(["temp"]), listed(["temp", "humid"]), listed(["a", "b", "c", "d", "e"])
    ('temp', 'temp and humid', 'a, b, c and 2 more')
    """
    names = [str(name) if whole else shortened(name) for name in names]
    if not names:
        return ""
    rest = len(names) - most
    shown, last = (names[:most], f"{rest:,} more") if rest > 0 else (names[:-1], names[-1])
    return f"{', '.join(shown)} and {last}" if shown else last


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural unless it is 1.

    Parameters
    ----------
    number : int
    noun : str
        In the singular; the plural adds an s.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "feature"), counted(1200, "row")
    ('1 feature', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def wrapped(text: str) -> list[str]:
    """Break text into a few lines short enough for a tooltip.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of str
        At most 6 lines of at most 60 characters, the rest left out.

    Examples
    --------
    >>> [len(line) for line in wrapped("word " * 20)]
    [59, 39]
    """
    return textwrap.wrap(text, 60, max_lines=6, placeholder=" ...")


def capital(text: str) -> str:
    """Begin a phrase with a capital, as a sentence does.

    Parameters
    ----------
    text : str

    Returns
    -------
    str

    Examples
    --------
    >>> capital("two features of EWR drifted")
    'Two features of EWR drifted'
    """
    return text[:1].upper() + text[1:]


def within(title: str) -> str:
    """Write a title as it stands inside of a sentence.

    Parameters
    ----------
    title : str

    Returns
    -------
    str
        Without its capital, unless its first word is an abbreviation or one letter with a number.

    Examples
    --------
    >>> within("Root mean squared error"), within("ROC AUC"), within("F1"), within("Brier score")
    ('root mean squared error', 'ROC AUC', 'F1', 'Brier score')
    """
    first = title.split(" ")[0]
    keeps = not first[1:].islower() or first in ("Brier", "Cohen's")
    return title if keeps else title[:1].lower() + title[1:]


def sentence(text: str) -> str:
    """Make a phrase a sentence: a capital at its start, a full stop at its end.

    Parameters
    ----------
    text : str
        Without a full stop.

    Returns
    -------
    str

    Examples
    --------
    >>> sentence("cannot tell: the reference has 3 days")
    'Cannot tell: the reference has 3 days.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def distinct(labels: list[str]) -> list[str]:
    """Tell equal labels apart by a number: plotly would draw them as one.

    Parameters
    ----------
    labels : list of str

    Returns
    -------
    list of str
        In the same order.

    Examples
    --------
    >>> distinct(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    seen: dict[str, int] = {}
    numbered = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        numbered.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return numbered


def printable(text: str) -> str:
    r"""Replace control characters, which in names from the data could move the cursor.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Each of them as a question mark.

    Examples
    --------
    >>> printable("a\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def join_notes(*notes: str) -> str:
    """Join the notes that say something into one.

    Parameters
    ----------
    *notes : str
        Empty ones are left out.

    Returns
    -------
    str

    Examples
    --------
    >>> join_notes("partial", "", "no rows")
    'partial; no rows'
    """
    return "; ".join(note for note in notes if note)
