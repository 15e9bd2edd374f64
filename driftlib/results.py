"""Give every result its finding in a sentence, a JSON form and a table to show."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from driftlib.files import json_ready
from driftlib.lazily import pd

if TYPE_CHECKING:
    import plotly.graph_objects as go

One = TypeVar("One")
Made = TypeVar("Made")
Arrays = ParamSpec("Arrays")


def of_the_latest(
    function: Callable[Concatenate[One, Arrays], Made],
) -> Callable[Concatenate[One, Arrays], Made]:
    """Remember what a function made of the result that it was given last.

    Charts of a report ask the same of one result again and again, and a result does not change.

    Parameters
    ----------
    function : callable
        Of one result, and of arrays if it takes some; nobody changes those, or what it makes.

    Returns
    -------
    callable
        The same function.

    Examples
    --------
    >>> asked = []
    >>> count = of_the_latest(lambda result: len(asked.append(result) or asked))
    >>> frame = pd.DataFrame()
    >>> count(frame), count(frame), count(pd.DataFrame())
    (1, 1, 2)
    >>> ask = of_the_latest(lambda result, array: len(asked.append(result) or asked))
    >>> ask(frame, [1.0]), ask(frame, [1.0]), ask(frame, [2.0])
    (3, 3, 4)
    """
    latest: tuple[weakref.ref[One], tuple[Any, ...], Made] | None = None

    @wraps(function)
    def made(result: One, /, *arrays: Arrays.args, **others: Arrays.kwargs) -> Made:
        nonlocal latest
        known = latest
        same = known is not None and known[0]() is result
        if known is None or not (same and _equal(known[1], arrays)):
            known = latest = weakref.ref(result), arrays, function(result, *arrays, **others)
        return known[2]

    return made


def _equal(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(some, others, strict=True))


class Result(ABC):
    """Base of the frozen result dataclasses.

    A subclass has a `table`, or overrides `main_table`, and says its finding in `headline`.
    """

    if TYPE_CHECKING:
        # A field of most and a property of some: at run time it would stand in a field's way.
        @property
        def table(self) -> pd.DataFrame:
            """The table that carries the result."""

    @property
    @abstractmethod
    def headline(self) -> str:
        """The finding in one plain sentence."""

    @property
    def main_table(self) -> pd.DataFrame:
        """The table that carries the result."""
        return self.table

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """Turn the result into types that JSON has.

        Returns
        -------
        dict
            The headline, the `details` and the rows of the main table as "table"; numbers
            that do not apply are None.
        """
        content = {"headline": self.headline, **self.details, "table": self.main_table}
        return json_ready(content)

    def plot(self) -> go.Figure:
        """Draw the result by the chart that shows it best.

        Returns
        -------
        plotly.graph_objects.Figure
            See `driftlib.visualization` for the others.

        Raises
        ------
        ParameterError
            If such results have no picture.
        """
        figure: go.Figure = _pictures().draw(self)
        return figure

    def show(self, path: str | Path | None = None) -> Path:
        """Write a page with finding, picture and table, and open it in the browser.

        Parameters
        ----------
        path : str or Path, optional
            Of the page, which is then not opened; by default a temporary one.

        Returns
        -------
        Path
            The page, which opens offline.

        Raises
        ------
        DataError
            If the file cannot be written.
        """
        page: Path = _pictures().show(self, path)
        return page

    def _repr_html_(self) -> str:
        from html import escape

        from driftlib.html.table import write_frame

        finding = f"<p><strong>{escape(self.headline)}</strong></p>"
        return f"{finding}{write_frame(self.main_table)}"


def _pictures() -> Any:
    """Look up what draws results, the only place where something below charts asks for one."""
    return import_module("driftlib.visualization.picture")
