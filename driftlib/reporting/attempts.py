"""What the data do not allow: a sentence in place of a result, so that the rest still stands."""

from __future__ import annotations

import html
from collections.abc import Callable
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


def attempt(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Result of a function, or `Unavailable` where it says that the data do not allow one.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> attempt(track_performance, pd.DataFrame({"x": [1.0]})).reason[:30]
    "current has no column 'y_true'"
    """
    missing = next((item for item in arguments if isinstance(item, Unavailable)), None)
    if missing is not None:
        return missing
    try:
        return function(*arguments, **options)
    except DriftlibError as error:
        return Unavailable(str(error))


def draw(chart: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Show what a chart function makes of some results, or why there is nothing to show."""
    from IPython.display import display

    made = attempt(chart, *arguments, **options)
    if isinstance(made, Unavailable):
        display(made)
    else:
        show(made)
