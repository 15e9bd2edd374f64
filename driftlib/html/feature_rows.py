"""Write a row a feature: sorted, filtered and opened by the page's script, read without it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from driftlib.html.numbers import write_share, write_value
from driftlib.html.page import script_json
from driftlib.written_numbers import NOT_A_NUMBER

SEVERITIES = ("none", "minor", "moderate", "major")
MARKS = dict(zip(SEVERITIES, "○●◆▲", strict=True))
# Head of each column, and what it is sorted by; empty where it is not.
COLUMNS = (
    ("feature", "name"), ("severity", "rank"), ("what happened", ""), ("PSI", "psi"),
    ("values", ""), ("missing", "missing"), ("trend", ""),
)  # fmt: skip
CELL, HEIGHT = 8, 18


def write_feature_rows(content: Mapping[str, Any], name: str) -> str:
    """Write the rows with their search box, filter and buttons.

    Parameters
    ----------
    content : mapping
        `windows`: labels; `colors`: of reference and current; `rows`: a mapping a feature with
        name, kind, severity, psi, missing (before, now), note, sparkline (trusted SVG), levels
        (from 0 to 3, None where there is none) and severities by window, and the picture's
        `parts`, `reference`, `current` and `by_window`.
    name : str
        Id of the whole on its page.

    Returns
    -------
    str
        Escaped HTML. Without a script it is a table; with it, names are searched, rows sorted,
        and a picture is drawn where one is opened.
    """
    rows = content["rows"]
    pictures = [
        {
            key: row.get(key)
            for key in ("name", "parts", "reference", "current", "by_window", "psis")
        }
        for row in rows
    ]
    data = {"windows": content["windows"], "colors": content["colors"], "pictures": pictures}
    options = "".join(
        f'<option value="{place}">{words}</option>'
        for place, words in enumerate(
            ("all", "● minor and worse", "◆ moderate and worse", "▲ major")
        )
    )
    heads = "".join(
        f'<th scope="col"{" class=number" * (key in ("psi", "missing"))}'
        f"{f' data-key={key}' if key else ''}>{head}</th>"
        for head, key in COLUMNS
    )
    names = "".join(f"<option>{html.escape(row['name'])}</option>" for row in rows)
    windows = content["windows"]
    body = "".join(_row(row, place, windows, name) for place, row in enumerate(rows))
    return (
        f'<div class="features" id="{name}">\n<div class="feature-controls" hidden>'
        f'<div><label for="{name}-search">Search by name</label>'
        f'<input type="search" id="{name}-search" list="{name}-names" autocomplete="off">'
        f'<datalist id="{name}-names">'
        f"{names}</datalist></div>"
        f'<div><label for="{name}-least">Severity</label>'
        f'<select id="{name}-least">{options}</select></div>'
        f'<output aria-live="polite">{len(rows):,} of {len(rows):,} shown</output></div>\n'
        f'<div class="scroll" role="region" tabindex="0" aria-label="Features">'
        f'<table class="data feature-table"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>\n"
        f'<script type="application/json" id="{name}-data">{script_json(data)}</script>\n</div>'
    )


def _row(row: Mapping[str, Any], place: int, windows: Sequence[str], name: str) -> str:
    severity = row["severity"]
    was, now = row["missing"]
    psi = row["psi"]
    kind = f" ({row['kind']})" if row["kind"] else ""
    # What has nothing to draw cannot be opened.
    opens = "" if row["parts"] else ' data-closed="1"'
    values = {
        "at": place,
        "name": html.escape(str(row["name"]).lower()),
        "rank": SEVERITIES.index(severity),
        "psi": -1 if psi is None else f"{psi:.6g}",
        "missing": -1 if now is None else f"{now:.6g}",
    }
    keys = " ".join(f'data-{key}="{value}"' for key, value in values.items())
    cells = (
        ("severity", f"{MARKS[severity]} {severity}", f"badge-{severity}"),
        ("what happened", html.escape(row["note"] or "no change told from chance"), "long"),
        ("PSI", NOT_A_NUMBER if psi is None else write_value(psi), "number"),
        ("values", row["sparkline"] or NOT_A_NUMBER, ""),
        ("missing", _missing(was, now), "number"),
        ("trend", heat_strip(row["levels"], row["severities"], windows, row.get("alarms")), ""),
    )
    written = "".join(
        f'<td data-label="{label}" class="{look}">{words}</td>' for label, words, look in cells
    )
    return (
        f'<tr {keys}{opens}><th scope="row" class="long">{html.escape(row["name"])}{kind}</th>'
        f"{written}</tr>"
    )


def _missing(was: float | None, now: float | None) -> str:
    if now is None:
        return NOT_A_NUMBER
    before = "" if was is None or was == now else f" (was {write_share(was)})"
    return f"{write_share(now)}{before}"


def heat_strip(
    levels: Sequence[float | None],
    severities: Sequence[str],
    windows: Sequence[str],
    alarms: Sequence[bool] | None = None,
) -> str:
    """Draw how far a feature moved in each window, as a row of bars: higher and stronger is more.

    Parameters
    ----------
    levels : sequence of float or None
        From 0 to 3: 1 is the threshold of a moderate change, 2 that of a major one.
    severities : sequence of str
        As each window is judged.
    windows : sequence of str
        Their labels; plain text.
    alarms : sequence of bool, optional
        Whether drift of each is an alarm of the run, and not only of the window judged alone,
        which is drawn paler; by default all drift is.

    Returns
    -------
    str
        An `<svg>` element; a dash without any window.

    Examples
    --------
    >>> 'aria-label="drift in 1 of 2 windows, most in May"' in heat_strip(
    ...     [0, 2.5], ["none", "major"], ["April", "May"])
    True
    """
    if not levels:
        return NOT_A_NUMBER
    width = CELL * len(levels)
    bars = []
    drifted = [place for place, one in enumerate(severities) if one in SEVERITIES[2:]]
    alone = [place for place in drifted if alarms is not None and not alarms[place]]
    for place, (level, severity) in enumerate(zip(levels, severities, strict=True)):
        height = 2 if level is None else 2 + round(min(level, 3) / 3 * (HEIGHT - 2), 1)
        bars.append(
            f'<rect class="heat-{severity}{" alone" * (place in alone)}" x="{CELL * place}" '
            f'y="{HEIGHT - height:g}" width="{CELL - 1}" height="{height:g}"/>'
        )
    label = f"drift in {len(drifted)} of {len(levels)} windows"
    if drifted:
        worst = max(drifted, key=lambda place: levels[place] or 0)
        label += f", most in {windows[worst]}"
    if alone:
        label += f", {len(alone)} of them no alarm of the run"
    return (
        f'<svg class="heat" role="img" width="{width}" height="{HEIGHT}" '
        f'viewBox="0 0 {width} {HEIGHT}" aria-label="{html.escape(label)}">{"".join(bars)}</svg>'
    )
