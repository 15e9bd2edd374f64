"""Show in a notebook what its report treats specially: verdict, figures, frames and sliders.

Each object shows itself in JupyterLab as plain HTML and carries the same content as JSON
under a MIME type of its own, from which the report page and the index are made.
"""

from __future__ import annotations

import dataclasses
import html
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.advice.facts import Facts
from driftlib.alerts import OVER
from driftlib.errors import DriftlibError, ParameterError, check_choice
from driftlib.files import json_ready
from driftlib.html.numbers import is_number, write_value
from driftlib.html.table import write_frame
from driftlib.reporting.environment import in_report
from driftlib.severity import Severity, worst
from driftlib.text import counted
from driftlib.visualization.style import CONFIG, SEVERITY_COLORS

if TYPE_CHECKING:
    import plotly.graph_objects as go

PLOTLY_MIME = "application/vnd.plotly.v1+json"
SUMMARY_MIME = "application/vnd.driftlib.summary+json"
DIALS_MIME = "application/vnd.driftlib.dials+json"

ALERT_KEYS = ("kind", "subject", "window", "severity", "message", "state")
UNKNOWN = {"state": "new"}
SHOWN_ALERTS, TABLE_ROWS = 8, 12
# Characters of a title on one line of a notebook, and a line's height in pixels.
TITLE_WIDTH, TITLE_LINE = 90, 20


@dataclass(frozen=True)
class Summary:
    """The finding of one notebook: made by `summarise`, lifted to the top of its report.

    Parameters
    ----------
    verdict : str
        One or two plain sentences.
    severity : {"none", "minor", "moderate", "major"}
        How much it matters.
    alerts : tuple of dict
        What was raised, each with the keys of `driftlib.alerts.Alert`.
    facts : dict
        What the status card needs to know: see `driftlib.advice.facts.Facts`.
    tables : tuple of dict
        For the summary in Markdown: title, columns and rows of text each.
    """

    verdict: str
    severity: str
    alerts: tuple[dict[str, Any], ...] = field(default=())
    facts: dict[str, Any] = field(default_factory=dict)
    tables: tuple[dict[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Put verdict, severity and alerts into types that JSON has.

        Returns
        -------
        dict
            By the names of the attributes.
        """
        return json_ready(dataclasses.asdict(self))

    def _repr_html_(self) -> str:
        color = SEVERITY_COLORS[self.severity]
        return (
            f'<div style="border-left:4px solid {color};padding:0.2em 1em">'
            f"<p><strong>{Severity(self.severity).mark} {html.escape(self.verdict)}</strong></p>"
            f"{alert_list(self.to_dict()['alerts'])}</div>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": self.verdict,
            "text/html": self._repr_html_(),
            SUMMARY_MIME: self.to_dict(),
        }


def summarise(
    verdict: str,
    *,
    severity: str | None = None,
    alerts: Iterable[Any] = (),
    facts: Facts | None = None,
    tables: Mapping[str, Callable[[], pd.DataFrame]] | None = None,
) -> Summary:
    """Sum a notebook up, for the top of its report and for the index.

    Parameters
    ----------
    verdict : str
        One or two plain sentences; names from the data need no escaping.
    severity : {"none", "minor", "moderate", "major"}, optional
        By default the worst severity among the alerts that are not over.
    alerts : iterable of Alert or dict
        Each with `kind`, `subject`, `window`, `severity`, `message` and `state`.
    facts : Facts, optional
        What the status card, on top of every page, is made of.
    tables : dict of str to callable, optional
        By title: what makes the tables of the summary in Markdown, the first rows of which are
        shown; one that the data do not allow is left out.

    Returns
    -------
    Summary
        Put it last in a cell, so that the notebook shows it.

    Raises
    ------
    ParameterError
        If a severity is none of the four.

    Examples
    --------
    >>> summary = summarise("Two features drifted.", alerts=[
    ...     {"kind": "drift", "subject": "temp", "window": "June", "severity": "major",
    ...      "message": "temp drifted in June."}])
    >>> summary.severity
    'major'
    """
    records = tuple(_alert_record(alert) for alert in alerts)
    if severity is None:
        severity = worst(entry["severity"] for entry in records if entry["state"] != OVER)
    check_choice("severity", severity, list(Severity))
    known = json_ready(facts.to_dict()) if facts else {}
    found = tuple(_plain_tables(tables or {}))
    return Summary(str(verdict), str(severity), records, known, found)


def _plain_tables(tables: Mapping[str, Callable[[], pd.DataFrame]]) -> Iterator[dict[str, Any]]:
    """Turn the first rows of frames into text."""
    for title, make in tables.items():
        try:
            frame = make()
        except DriftlibError:
            continue
        rows = [[_plain(value) for value in row] for row in frame.head(TABLE_ROWS).to_numpy(object)]
        more = max(0, len(frame) - TABLE_ROWS)
        table = {"title": title, "columns": list(map(str, frame)), "rows": rows, "more": more}
        yield table | {"note": frame.attrs.get("note", "")}


def _plain(value: Any) -> str:
    return write_value(value, digits=3) if is_number(value) else "" if value is None else str(value)


def _alert_record(alert: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(alert) and not isinstance(alert, type):
        alert = dataclasses.asdict(alert)
    record = {key: json_ready(alert.get(key, UNKNOWN.get(key))) for key in ALERT_KEYS}
    check_choice("severity", record["severity"], list(Severity))
    return record


def alert_list(alerts: Sequence[Mapping[str, Any]]) -> str:
    """Write alerts as a list: the first few, the rest folded, and what is over by itself.

    Parameters
    ----------
    alerts : sequence of dict
        Each with a `severity` and a `message`.

    Returns
    -------
    str
        Escaped HTML; empty where there are none.
    """
    still = [_alert_item(alert) for alert in alerts if alert.get("state") != OVER]
    over = [_alert_item(alert) for alert in alerts if alert.get("state") == OVER]
    rest = still[SHOWN_ALERTS:]
    return (
        _as_list(still[:SHOWN_ALERTS])
        + _folded(rest, f"{counted(len(rest), 'more alert')}")
        + _folded(over, f"{counted(len(over), 'alert')} of the past, over now")
    )


def _alert_item(alert: Mapping[str, Any]) -> str:
    over, level = alert.get("state") == OVER, alert["severity"]
    look = Severity.NONE if over else level
    words = f"{Severity(look).mark} {OVER if over else level}"
    return (
        f'<li><span class="badge badge-{html.escape(look)}">{html.escape(words)}</span> '
        f"{html.escape(str(alert['message']))}</li>"
    )


def _as_list(items: Sequence[str]) -> str:
    return f'<ul class="alerts">{"".join(items)}</ul>' if items else ""


def _folded(items: Sequence[str], title: str) -> str:
    return f"<details><summary>{title}</summary>{_as_list(items)}</details>" if items else ""


@dataclass(frozen=True)
class Dials:
    """Figures computed in advance and the sliders that choose between them: see `dials`.

    Parameters
    ----------
    figures : tuple of plotly.graph_objects.Figure
        One for each combination of positions, the last slider moving fastest.
    labels : dict of str to tuple of str
        Name of each slider and the labels of its positions.
    start : tuple of int
        Position of each slider at first.
    """

    figures: tuple[go.Figure, ...]
    labels: dict[str, tuple[str, ...]]
    start: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """Put figures, labels and start into types that JSON has.

        Returns
        -------
        dict
            With `figures`, `dials` and `start`.
        """
        return {
            "figures": [json.loads(figure.to_json()) for figure in self.figures],
            "dials": [[name, list(labels)] for name, labels in self.labels.items()],
            "start": list(self.start),
        }

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": f"Figure with sliders: {', '.join(self.labels)}",
            DIALS_MIME: self.to_dict(),
        }


def dials(
    figures: Sequence[go.Figure], labels: Mapping[str, Sequence[object]], start: Sequence[int] = ()
) -> Dials:
    """Show figures one at a time in a report, chosen by sliders that a keyboard reaches.

    For reports, where no kernel answers; in a live notebook use widgets.

    Parameters
    ----------
    figures : sequence of plotly.graph_objects.Figure
        One for each combination of positions, the last slider moving fastest.
    labels : dict
        Name of each slider and the labels of its positions.
    start : sequence of int
        Position of each slider at first; 0 each by default.

    Returns
    -------
    Dials
        Put it last in a cell, so that the notebook shows it.

    Raises
    ------
    ParameterError
        If the number of figures is not the number of combinations.

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> dials([go.Figure(), go.Figure()], {"flipped labels": ["0 %", "10 %"]}).start
    (0,)
    """
    texts = {str(name): tuple(str(label) for label in given) for name, given in labels.items()}
    combinations = 1
    for given in texts.values():
        combinations *= len(given)
    if len(figures) != combinations or not combinations:
        raise ParameterError(
            f"figures= has {len(figures)} figures and labels= {combinations} combinations: "
            "pass one figure for each."
        )
    positions = tuple(start) or (0,) * len(texts)
    sizes = [len(given) for given in texts.values()]
    if len(positions) != len(sizes) or not all(
        0 <= at < size for at, size in zip(positions, sizes, strict=True)
    ):
        raise ParameterError(f"start={positions!r} is outside the sliders' positions {sizes}.")
    return Dials(tuple(figures), texts, positions)


def show(result: object) -> None:
    """Show a figure, a frame or anything else in a notebook.

    A figure has no logo and no button that sends it anywhere. The report's page sets title
    and caption by itself; in a live notebook a long title is broken into lines, and the
    caption comes below.

    Parameters
    ----------
    result : plotly.graph_objects.Figure, pandas.DataFrame or object
        A frame is shown up to its 60th row, numbers to the right.
    """
    from IPython.display import HTML, display

    if isinstance(result, pd.DataFrame):
        display(HTML(write_frame(result, digits=3)))
    elif hasattr(result, "to_plotly_json"):
        _show_figure(result)
    else:
        display(result)


def _show_figure(figure: go.Figure) -> None:
    from IPython.display import HTML, display

    if in_report():
        # As plotly would, without the second that it takes to import its ways of showing.
        display({PLOTLY_MIME: json.loads(figure.to_json())}, raw=True)
        return
    import plotly.io as pio

    # JupyterLab draws figures by itself; plotly's usual way would also put a copy of its whole
    # script into the notebook.
    own = "plotly_mimetype"
    renderer = own if own in pio.renderers.default else None
    _wrapped(figure).show(renderer=renderer, config=CONFIG)
    caption = (figure.layout.meta or {}).get("caption", "")
    if caption:
        display(HTML(f"<p>{html.escape(caption)}</p>"))


def _wrapped(figure: go.Figure) -> go.Figure:
    """Break the title of a figure into lines that fit a notebook."""
    lines = textwrap.wrap(figure.layout.title.text or "", TITLE_WIDTH, break_long_words=False)
    if len(lines) < 2:
        return figure
    more = TITLE_LINE * (len(lines) - 1)
    copy = type(figure)(figure)
    margin = figure.layout.margin.t or figure.layout.template.layout.margin.t or 80
    copy.update_layout(
        title_text="<br>".join(lines),
        margin_t=margin + more,
        height=(figure.layout.height or 450) + more,
    )
    return copy
