"""Put the pages of a run together: a status card on each, one file to mail, one as text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib.advice.status import Status
from driftlib.alerts import OVER
from driftlib.errors import MissingExtraError
from driftlib.files import write_whole
from driftlib.html import page
from driftlib.html.markdown import escaped, fitting, table_within
from driftlib.reporting.result import OTHERS, ReportResult, RunResult, State
from driftlib.severity import Severity
from driftlib.text import counted

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
REPORT, SUMMARY = "report.html", "report.md"
TITLE = "Drift report"
# Bytes of the summary as text: what does not fit is counted.
MOST_BYTES = 9_500
CARD = re.compile(r"<!--status-->.*?<!--/status-->", re.DOTALL)
WORDS = re.compile(r"<!--words-->.*?<!--/words-->", re.DOTALL)
MAIN = re.compile(r"<main>(.*)</main>", re.DOTALL)
CONTENTS = re.compile(r'<nav class="contents".*?</nav>', re.DOTALL)
SECTION = re.compile(r'<h3 id="([^"]*)">(.*?)</h3>', re.DOTALL)
HEADING = re.compile(r"<(/?)h([1-6])(?=[\s>])")
# Names within one page; in the JSON of charts every quote is escaped, so none is met there.
NAMES = re.compile(r'(\s(?:id|for|list|data-steps|aria-labelledby|aria-controls)="|\shref="#)')
TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class _Part:
    """One page within the file that holds all: its body has names of its own."""

    name: str
    title: str
    body: str
    sections: tuple[tuple[str, str], ...]


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("jinja2", "notebooks", "Rendering a report") from error

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def templates(**filters: Callable[..., str]) -> Environment:
    """Give the templates of pages; names and values are escaped.

    Parameters
    ----------
    **filters : callable
        By the name that a template calls them.

    Returns
    -------
    jinja2.Environment

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.
    """
    environment = _environment()
    environment.filters |= filters
    return environment


def status_card(status: Status | None) -> str:
    """Write the status card.

    Parameters
    ----------
    status : Status or None

    Returns
    -------
    str
        Escaped HTML; empty without a status.
    """
    if status is None:
        return ""
    return templates().get_template("status_card.html.j2").render(status=status)


def bundle(
    run: RunResult,
    alerts: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
) -> None:
    """Put the status on every page of a run, and write `report.html` and `report.md`.

    Parameters
    ----------
    run : RunResult
        All of its reports are done or failed, and their pages written.
    alerts : sequence of dict
        Of all reports, the worst first.
    tables : mapping of str to sequence of dict
        By the name of the report: the tables of the summary as text.
    """
    status, parts = run.status, []
    card = status_card(status)
    for report in sorted(run.reports, key=_reading_order):
        path = run.output / report.page
        if report.name == "evidently" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        if card and report.name not in OTHERS:
            text = CARD.sub(lambda _: f"<!--status-->{card}<!--/status-->", text, count=1)
            write_whole(path, text)
        if (found := MAIN.search(text)) is not None:
            parts.append(_part(report, found[1]))
    title = f"{status.title}: {TITLE.lower()}" if status and status.title else TITLE
    body = templates().get_template("report_page.html.j2")
    whole = page.document(
        # The title names the model already.
        title,
        body.render(
            title=title, status=status_card(status and replace(status, title="")), parts=parts
        ),
        charts=bool(parts),
    )
    write_whole(run.output / REPORT, whole)
    write_whole(run.output / SUMMARY, summary_text(run, alerts, tables, title))


def _reading_order(report: ReportResult) -> int:
    """Put what a reader asks first first; pages of other names after those that are known."""
    known = ("performance", "drift", "", "baseline", *OTHERS)
    return known.index(report.name if report.name in known else "")


def _part(report: ReportResult, body: str) -> _Part:
    """Make the body of a page a part of another: one level down, its names its own."""
    for once in (CARD, CONTENTS, WORDS):
        body = once.sub("", body)
    body = HEADING.sub(lambda m: f"<{m[1]}h{min(6, int(m[2]) + 1)}", body)
    body = NAMES.sub(lambda m: f"{m[1]}{report.name}-", body)
    sections = SECTION.findall(body)
    named = [(name, html.escape(html.unescape(TAG.sub("", words)))) for name, words in sections]
    return _Part(report.name, report.title, body, tuple(named))


def summary_text(
    run: RunResult,
    alerts: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    title: str = TITLE,
) -> str:
    """Write the findings of a run as Markdown, under 10 kB.

    Parameters
    ----------
    run : RunResult
    alerts : sequence of dict
        Of all reports, the worst first.
    tables : mapping of str to sequence of dict
        By the name of the report.
    title : str
        Of the whole.

    Returns
    -------
    str
        Names from the data are escaped; what does not fit is counted.
    """
    status, blocks = run.status, [f"# {escaped(title)}"]
    if status:
        blocks.append(f"**{status.mark} {escaped(status.finding)}**")
        blocks.append("\n".join(f"- {name}: {escaped(words)}" for name, words in status.lines))
        does = (f"{n}. {escaped(a.words)} *{a.why}*" for n, a in enumerate(status.advice, 1))
        blocks.append("## What to do\n\n" + "\n".join(does))
    told = sorted((r for r in run.reports if r.name not in OTHERS), key=_reading_order)
    findings = [
        f"- **{escaped(report.title)}** {escaped(_said(report))}"
        for report in told
        if report.verdict or report.failure
    ]
    if findings:
        blocks.append("## Findings\n\n" + "\n".join(findings))
    still = [alert for alert in alerts if alert["state"] != OVER]
    over = len(alerts) - len(still)
    if alerts:
        lines = [f"- {Severity(a['severity']).mark} {escaped(a['message'])}" for a in still]
        lines += [f"- {counted(over, 'alert')} of the past, over now"] * bool(over)
        blocks.append(fitting(["## Alerts", ""], lines, 2_500, "alert"))
    for report in told:
        for table in tables.get(report.name, ()):
            room = MOST_BYTES - _size(blocks)
            blocks.append(table_within(table, room))
    text = "\n\n".join(filter(None, blocks)).encode()[:MOST_BYTES]
    return text.decode("utf-8", "ignore") + "\n"


def _size(blocks: Sequence[str]) -> int:
    return len("\n\n".join(blocks).encode()) + 2


def _said(report: ReportResult) -> str:
    if report.state is State.FAILED:
        return f"failed: {report.failure}"
    return report.verdict or ""
