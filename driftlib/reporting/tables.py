"""Results as tables for people: few columns, plain heads, rounded numbers, the worst first."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.baseline import Baseline
from driftlib.describe import percent
from driftlib.drift import SEVERITIES, DriftPolicy, DriftResult
from driftlib.visualization.style import SEVERITY_MARKS

SHOWN_ROWS = 60
NOTHING = "—"


@dataclass(frozen=True)
class Table:
    """A table ready to be shown: escaped, numbers to the right, the first column as head."""

    frame: pd.DataFrame
    most: int = SHOWN_ROWS

    def _repr_html_(self) -> str:
        shown = self.frame.head(self.most)
        numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in shown.dtypes]
        head = "".join(
            f'<th scope="col"{_class(right)}>{html.escape(str(name))}</th>'
            for name, right in zip(shown.columns, numeric, strict=True)
        )
        lines = []
        for row in shown.itertuples(index=False, name=None):
            cells = [
                f"<td{_class(right)}>{html.escape(_text(value))}</td>"
                for value, right in zip(row[1:], numeric[1:], strict=True)
            ]
            first = html.escape(_text(row[0]))
            lines.append(f'<tr><th scope="row">{first}</th>{"".join(cells)}</tr>')
        body = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        more = len(self.frame) - len(shown)
        return body + (f'<p class="more">{more:,} more rows are not shown.</p>' if more else "")


def _class(right: bool) -> str:
    return ' class="number" style="text-align:right"' if right else ""


def _text(value: Any) -> str:
    """Value of a cell as a reader wants it.

    Examples
    --------
    >>> [_text(value) for value in (True, 2013, 27902, 0.123456, 1234.5, 1e-9, float("nan"))]
    ['yes', '2013', '27,902', '0.123', '1,234', '1e-09', '—']
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            return NOTHING
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return NOTHING if value is None or value is pd.NaT else str(value)


def _shares(shares: pd.Series) -> list[str]:
    return [percent(share) if share == share else NOTHING for share in shares]


def drift_table(result: DriftResult) -> Table:
    """Every column's change against the reference, the worst first."""
    table = result.table
    rank = table["severity"].map(SEVERITIES.index)
    order = pd.DataFrame({"rank": -rank, "psi": -table["psi"]})
    table = table.loc[order.sort_values(["rank", "psi"], kind="stable").index]
    return Table(
        pd.DataFrame(
            {
                "feature": table.index,
                "change": [f"{SEVERITY_MARKS[s]} {s}" for s in table["severity"]],
                "what happened": [note or "no change told from chance" for note in table["note"]],
                "PSI": table["psi"].to_numpy(),
                "KS": table["ks"].to_numpy(),
                "missing": _shares(table["missing_current"]),
                "was": _shares(table["missing_reference"]),
                "new values": _shares(table["unseen"]),
                "q": table["q_value"].to_numpy(),
            }
        )
    )


def settings_table(policy: DriftPolicy) -> Table:
    """The settings of a policy, each with a sentence."""
    return Table(policy.table.reset_index())


def baseline_table(baseline: Baseline) -> Table:
    """What each compared column of the reference looks like."""
    table = baseline.table
    kept = table[table["rows"].gt(0) & table["note"].eq("")]
    return Table(
        pd.DataFrame(
            {
                "column": kept.index,
                "kind": kept["kind"],
                "missing": _shares(kept["missing"]),
                **{name: kept[name].to_numpy() for name in ("mean", "std")},
                **{name: kept[name].to_numpy() for name in ("min", "q25", "median", "q75", "max")},
                "levels": kept["levels"].astype("Int64").astype(object).to_numpy(),
                "commonest": kept["commonest"].to_numpy(),
            }
        )
    )
