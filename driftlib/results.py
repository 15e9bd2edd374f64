"""What every result can do: say its finding in a sentence, become JSON, show itself."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from driftlib.files import json_ready
from driftlib.html.table import write_frame


class Result:
    """Base of the frozen result dataclasses.

    A subclass has a `table` (or overrides `main_table`) and a `headline`: the finding in
    one plain sentence. `details` holds whatever else belongs in the JSON form.
    """

    @property
    def main_table(self) -> pd.DataFrame:
        """The table that carries the result."""
        return self.table  # type: ignore[attr-defined]

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        return type(self).__name__

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        return {}

    def to_dict(self) -> dict[str, Any]:
        """The result in types that JSON has; numbers that do not apply are None."""
        content = {"headline": self.headline, **self.details, "table": self.main_table}
        return json_ready(content)

    def _repr_html_(self) -> str:
        finding = f"<p><strong>{html.escape(self.headline)}</strong></p>"
        return f"{finding}{write_frame(self.main_table)}"
