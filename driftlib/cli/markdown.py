"""Write what a check found as Markdown, for a pull request or a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftlib.alerts import OVER
from driftlib.cli.tables import worst_first
from driftlib.html.markdown import escaped, fitting, table_within
from driftlib.lazily import pd
from driftlib.severity import Severity, worst

if TYPE_CHECKING:
    from driftlib.cli.judging import Judged

MOST_BYTES = 9_500
COLUMNS = {"severity": "severity", "psi": "PSI", "missing_current": "missing", "note": "what"}


def markdown_text(judged: Judged) -> str:
    """Write what a check found as Markdown, under 10 kB.

    Parameters
    ----------
    judged : Judged

    Returns
    -------
    str
        Names from the data are escaped; what does not fit is counted.
    """
    drift, settings = judged.drift, judged.settings
    still = [alert for alert in judged.alerts if alert.state != OVER]
    mark = Severity(worst(alert.severity for alert in still)).mark
    blocks = [f"# {escaped(settings.model or 'Drift check')}"]
    blocks.append(f"**{mark} {escaped(drift.headline)}**")
    said = [drift.unit, drift.season, *drift.notes, *judged.remarks]
    if judged.performance is not None:
        said.insert(0, judged.performance.headline)
    blocks.append("\n".join(f"- {escaped(words)}" for words in said if words))
    if judged.alerts:
        lines = [
            f"- {Severity(alert.severity).mark} {alert.state}: {escaped(alert.message)}"
            for alert in judged.alerts
        ]
        blocks.append(fitting(["## Alerts", ""], lines, 3_500, "alert"))
    moved = drift.table[drift.table["severity"] != Severity.NONE]
    moved = moved.sort_values("severity", key=worst_first, kind="stable")
    rows = [
        [name, *(_cell(row[column]) for column in COLUMNS)]
        for name, row in moved[list(COLUMNS)].iterrows()
    ]
    table = {"title": "What changed", "columns": ["feature", *COLUMNS.values()], "rows": rows}
    room = MOST_BYTES - len("\n\n".join(blocks).encode())
    blocks.append(table_within(table, room) if rows else "")
    text = "\n\n".join(filter(None, blocks)).encode()[:MOST_BYTES]
    return text.decode("utf-8", "ignore") + "\n"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.3g}"
    return str(value)
