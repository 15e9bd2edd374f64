"""What the data do not allow: a sentence in place of a result, so that the rest still stands."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from driftlib.errors import DriftlibError
from driftlib.reporting.display import show


@dataclass(frozen=True)
class Unavailable:
    """A result that the data do not allow; it shows itself as the reason, in a sentence."""

    reason: str

    def _repr_html_(self) -> str:
        return f'<p class="note">{html.escape(self.reason)}</p>'


@dataclass(frozen=True)
class Sentences:
    """Words that were put together from results; escaped where they are shown."""

    text: str

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.text)}</p>"


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


def draw(charts: Callable[..., Any] | Sequence[Callable[..., Any]], *arguments: Any) -> None:
    """Show what one or more charts make of some results, or once why there is nothing to show."""
    from IPython.display import display

    shown = set()
    for chart in [charts] if callable(charts) else charts:
        made = attempt(chart, *arguments)
        if not isinstance(made, Unavailable):
            show(made)
        elif made not in shown:
            display(made)
            shown.add(made)
