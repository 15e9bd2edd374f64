"""Show the sections of a notebook; say in a sentence what the data do not allow."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from driftlib.errors import DataError, DriftlibError, LackingError
from driftlib.reporting.notebook import show

Made = TypeVar("Made")
Maker = Callable[..., object]


@dataclass(frozen=True)
class Unavailable:
    """A result that the data do not allow; it shows itself as the reason.

    Parameters
    ----------
    reason : str
        A sentence; plain text.
    """

    reason: str

    def _repr_html_(self) -> str:
        return f'<p class="note">{html.escape(self.reason)}</p>'


@dataclass(frozen=True)
class Sentences:
    """Words that were put together from results; escaped where they are shown.

    Parameters
    ----------
    text : str
        Paragraphs with an empty line between them; plain text.
    """

    text: str

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(part)}</p>" for part in self.text.split("\n\n"))


def say(text: str | Unavailable) -> Sentences | Unavailable:
    """Show words from results to the reader.

    Parameters
    ----------
    text : str or Unavailable
        Names from the data need no escaping.

    Returns
    -------
    Sentences or Unavailable
        Put it last in a cell, so that the notebook shows it.
    """
    return text if isinstance(text, Unavailable) else Sentences(text)


def attempt(function: Callable[..., Made], *arguments: Any, **options: Any) -> Made | Unavailable:
    """Call a function that may say that the data do not allow its result.

    Parameters
    ----------
    function : callable
        Raises DriftlibError where there is no result.
    *arguments, **options
        What it is given. If one is `Unavailable`, the function is not called.

    Returns
    -------
    object
        What the function returns, or `Unavailable` with the reason.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> attempt(track_performance, pd.DataFrame({"x": [1.0]})).reason
    "current has no column 'y_true' with labels."
    """
    given = (*arguments, *options.values())
    missing = next((item for item in given if isinstance(item, Unavailable)), None)
    if missing is not None:
        return missing
    try:
        return function(*arguments, **options)
    except LackingError as error:
        return Unavailable(error.brief)
    except DriftlibError as error:
        return Unavailable(str(error))


@dataclass
class Section:
    """A part of a notebook: its heading is shown with the first thing below it, or never.

    Parameters
    ----------
    heading : str
        Markdown, with whatever comes first below the heading.
    begun : bool
        Whether the heading has been shown.
    reasons : list of str
        Why something could not be shown.
    """

    heading: str
    begun: bool = False
    reasons: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Show the heading, if that has not been done."""
        from IPython.display import Markdown, display

        if not self.begun:
            self.begun = True
            display(Markdown(self.heading))


class Sections:
    """The sections of a notebook: those that have nothing to show are left out and listed.

    Attributes
    ----------
    lacking : dict of str to str
        By the title of each section that has nothing to show: why.

    Examples
    --------
    >>> sections = Sections()
    >>> with sections.open("Curves"):
    ...     sections.draw(len, Unavailable("There are no labels."))
    >>> sections.lacking
    {'Curves': 'There are no labels.'}
    """

    def __init__(self) -> None:
        self.lacking: dict[str, str] = {}
        self._open: Section | None = None

    def draw(self, makers: Maker | Sequence[Maker], *arguments: Any) -> None:
        """Show what one or more functions make of some results, or why there is nothing to show.

        Parameters
        ----------
        makers : callable or sequence of callable
            Each returns a figure, a frame or anything else that a notebook can show.
        *arguments
            What each is given. If one is `Unavailable`, its reason is what there is to show.
        """
        from IPython.display import display

        reasons: dict[str, None] = {}
        for maker in [makers] if callable(makers) else makers:
            made = attempt(maker, *arguments)
            if isinstance(made, Unavailable):
                reasons[made.reason] = None
                continue
            if self._open:
                self._open.begin()
            show(made)
        if self._open:
            self._open.reasons += reasons
        else:
            for reason in reasons:
                display(Unavailable(reason))

    @contextmanager
    def open(self, title: str, text: str = "", level: int = 2) -> Iterator[None]:
        """Open a section: it has a heading only if there is something below it.

        Parameters
        ----------
        title : str
            Of the heading.
        text : str
            What comes first in it; Markdown.
        level : int
            Of the heading: 2 or 3.

        Yields
        ------
        None
            While the section is open, `draw` draws in it.
        """
        self._open = section = Section(f"{'#' * level} {title}\n\n{text}".strip())
        try:
            yield
        finally:
            self._open = None
        self.lacking.pop(title, None)
        if section.reasons and not section.begun:
            self.lacking[title] = section.reasons[0]

    def list_lacking(self) -> dict[str, str]:
        """List the sections that have nothing to show.

        Returns
        -------
        dict of str to str
            By the reason: the titles.

        Raises
        ------
        DataError
            If every section has something to show.
        """
        if not self.lacking:
            raise DataError("Every part of this report could be made.")
        titles: dict[str, list[str]] = {}
        for title, reason in self.lacking.items():
            titles.setdefault(reason, []).append(title)
        return {reason: ", ".join(parts) for reason, parts in titles.items()}
