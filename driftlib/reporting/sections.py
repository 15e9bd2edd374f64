"""What the data do not allow: a sentence in place of a result, so that the rest still stands."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from driftlib.errors import DataError, DriftlibError
from driftlib.reporting.notebook import show

Maker = Callable[..., Any]


@dataclass(frozen=True)
class Unavailable:
    """A result that the data do not allow; it shows itself as the reason, in a sentence."""

    reason: str

    def _repr_html_(self) -> str:
        return f'<p class="note">{html.escape(self.reason)}</p>'


@dataclass(frozen=True)
class Sentences:
    """Words that were put together from results, in paragraphs; escaped where they are shown."""

    text: str

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(part)}</p>" for part in self.text.split("\n\n"))


def say(text: str | Unavailable) -> Sentences | Unavailable:
    """Words for the reader, from results; names from the data need no escaping."""
    return text if isinstance(text, Unavailable) else Sentences(text)


def attempt(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Result of a function, or `Unavailable` where it says that the data do not allow one.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> attempt(track_performance, pd.DataFrame({"x": [1.0]})).reason[:30]
    "current has no column 'y_true'"
    """
    given = (*arguments, *options.values())
    missing = next((item for item in given if isinstance(item, Unavailable)), None)
    if missing is not None:
        return missing
    try:
        return function(*arguments, **options)
    except DriftlibError as error:
        return Unavailable(str(error))


class Page:
    """What a notebook shows, in parts: those that have nothing to show are left out and listed.

    Attributes
    ----------
    lacking : dict of str to str
        By the title of each part that has nothing to show: why.

    Examples
    --------
    >>> page = Page()
    >>> with page.section("Curves"):
    ...     page.draw(len, Unavailable("There are no labels."))
    >>> page.lacking
    {'Curves': 'There are no labels.'}
    """

    def __init__(self) -> None:
        self.lacking: dict[str, str] = {}
        self._section: _Section | None = None

    def draw(self, makers: Maker | Sequence[Maker], *arguments: Any) -> None:
        """Show what one or more functions make of some results, or why there is nothing to show.

        Parameters
        ----------
        makers : callable or sequence of callable
            Each returns a figure, a table or anything else that a notebook can show.
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
            if self._section:
                self._section.begin()
            show(made) if type(made).__name__ == "Figure" else display(made)
        if self._section:
            self._section.reasons += reasons
        else:
            for reason in reasons:
                display(Unavailable(reason))

    @contextmanager
    def section(self, title: str, text: str = "", level: int = 2) -> Iterator[None]:
        """Part of the page: has a heading only if there is something below it.

        Parameters
        ----------
        title : str
        text : str
            What comes first in it; Markdown.
        level : int
            Of the heading: 2 or 3.
        """
        self._section = part = _Section(f"{'#' * level} {title}\n\n{text}".strip())
        try:
            yield
        finally:
            self._section = None
        self.lacking.pop(title, None)
        if part.reasons and not part.begun:
            self.lacking[title] = part.reasons[0]

    def missing(self) -> dict[str, str]:
        """Titles of the parts that have nothing to show, by the reason.

        Raises
        ------
        DataError
            If every part has something to show.
        """
        if not self.lacking:
            raise DataError("Every part of this report could be made.")
        titles: dict[str, list[str]] = {}
        for title, reason in self.lacking.items():
            titles.setdefault(reason, []).append(title)
        return {reason: ", ".join(parts) for reason, parts in titles.items()}


@dataclass
class _Section:
    heading: str
    begun: bool = False
    reasons: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Show the heading, if that has not been done."""
        from IPython.display import Markdown, display

        if not self.begun:
            self.begun = True
            display(Markdown(self.heading))
