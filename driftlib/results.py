"""Give every result its finding in a sentence, a JSON form and a table to show."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.files import json_ready
from driftlib.html.table import write_frame


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

    def _repr_html_(self) -> str:
        finding = f"<p><strong>{html.escape(self.headline)}</strong></p>"
        return f"{finding}{write_frame(self.main_table)}"
