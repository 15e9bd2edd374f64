"""Draw the index of a folder of reports: verdict first, a card a page, files, earlier runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from driftlib.errors import DataError
from driftlib.files import write_whole
from driftlib.html import page
from driftlib.reporting.bundle import status_card, templates
from driftlib.reporting.result import INDEX, ReportResult, RunResult, State
from driftlib.reporting.runs import RUNS, add_run, lists_set_aside, locked, read_runs
from driftlib.severity import Severity

if TYPE_CHECKING:
    from jinja2 import Template

TITLE = "Drift reports"
FURTHER = {
    "report.html": "all pages in one file, to be mailed",
    "report.md": "the findings as text, for a pull request, a chat or a mail",
}
DATA_FILES = {
    "drift_heatmap.html": "drift of every feature in every window, as one chart",
    "drift_summary.csv": "one row a feature: all of the current data against the reference",
    "drift_trend.csv": "one row a feature and window",
    "data_quality.csv": "what is wrong with the current data as data, one row a finding",
    "metrics.csv": "one row a metric and window",
    "alerts.json": "what crossed a threshold",
    "baseline.json": "the reference as counts, for later comparisons",
    "evidently_classification.html": "Evidently's own report on the predictions",
}


def record(run: RunResult) -> list[str]:
    """Put a run into its folder's list of runs, and draw the folder's index anew.

    Safe while another run does the same: both end up in the list. The index of the folder
    above is drawn anew as well, if it has one.

    Parameters
    ----------
    run : RunResult
        At its start, in its course or at its end; the newest state stays.

    Returns
    -------
    list of str
        A sentence for each list of runs that cannot be read, or was set aside just now.

    Raises
    ------
    DataError
        If the folder cannot be made.
    """
    folder = run.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written to ({error.strerror}): choose another folder."
        ) from error
    remarks = []
    with locked(folder):
        runs, aside = add_run(run)
        if aside:
            remarks.append(_words_aside(aside))
        remarks += _draw(folder, runs)
    above = folder.parent
    if (above / RUNS).is_file():
        with locked(above):
            try:
                remarks += _draw(above, read_runs(above))
            except DataError as error:
                # It is set aside by the next run into that folder, whose list it is.
                remarks.append(f"{error} The index of that folder stays as it was.")
    return remarks


def _draw(folder: Path, runs: list[RunResult]) -> list[str]:
    """Write the index of a folder; return a sentence for each list below that is damaged."""
    others, damaged = _runs_below(folder)
    remarks = [*map(_words_aside, lists_set_aside(folder)), *damaged]
    write_whole(folder / INDEX, render(folder, runs, others, remarks))
    return damaged


def _words_aside(path: Path) -> str:
    return (
        f"The list of runs {path.parent.name}/{RUNS} could not be read: it is now {path.name}, "
        "and a new list was begun. Earlier runs are missing from it; their pages are still there."
    )


def render(
    folder: Path,
    runs: list[RunResult],
    others: Iterable[RunResult] = (),
    remarks: Iterable[str] = (),
) -> str:
    """Render the index of a folder.

    Parameters
    ----------
    folder : Path
        Looked through for pages and data files.
    runs : list of RunResult
        The folder's own, newest first.
    others : iterable of RunResult
        The newest of each folder below.
    remarks : iterable of str
        What else is to be said, a sentence each.

    Returns
    -------
    str
        A whole HTML page; names and values from the data are escaped.

    Raises
    ------
    MissingExtraError
        If jinja2 is not installed.
    """
    body = _template().render(
        title=TITLE,
        index=INDEX,
        run=runs[0] if runs else None,
        verdict=_banner(runs[0]) if runs else None,
        cards=_cards(folder, runs),
        files=_files(folder),
        others=_ordered(others),
        earlier=_ordered(runs[1:]),
        remarks=list(remarks),
        finding=_finding,
        status=status_card(runs[0].status) if runs else "",
        further=[(name, words) for name, words in FURTHER.items() if (folder / name).is_file()],
    )
    return page.document(TITLE, body)


@dataclass(frozen=True)
class _Finding:
    """Words, and the tone that they are said in: a severity, or "failed"."""

    words: str
    tone: str

    @property
    def mark(self) -> str:
        return "✕" if self.tone == State.FAILED else Severity(self.tone).mark


@dataclass(frozen=True)
class _Card:
    """One page of the folder: `badge` stands beside its title, `facts` below its words."""

    report: ReportResult
    there: bool
    tone: str
    badge: _Finding | None
    words: str
    facts: tuple[str, ...]
    # The time of the run that left the page, where that is not the newest.
    since: str | None


@cache
def _template() -> Template:
    return templates(seconds=_seconds).get_template("index_page.html.j2")


def _finding(run: RunResult) -> _Finding:
    if run.failed:
        return _Finding(f"{len(run.failed)} of {len(run.reports)} reports failed", State.FAILED)
    if not run.finished:
        return _Finding("Not finished", Severity.NONE)
    return _Finding(_counted(run.alerts) or "No open alerts", run.severity)


def _banner(run: RunResult) -> _Finding:
    finding = _finding(run)
    alarmed = sum(report.alerts > 0 for report in run.reports)
    if not alarmed or finding.tone == State.FAILED:
        return finding
    return _Finding(f"{finding.words} in {alarmed} of {len(run.reports)} reports", finding.tone)


def _counted(alerts: int) -> str:
    return f"{alerts:,} open alert{'s' if alerts != 1 else ''}" if alerts else ""


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:,.1f} s"


def _cards(folder: Path, runs: list[RunResult]) -> list[_Card]:
    """Cards of the pages in the folder, each as its newest run left it; failures first."""
    newest: dict[str, tuple[RunResult, ReportResult]] = {}
    own = bool(runs) and any(runs[0].parameters.get(role) for role in ("reference", "current"))
    for run in runs:
        for report in run.reports:
            # A demo that an earlier run left is not among the results of a user's own data.
            if not (own and run is not runs[0] and report.name == "demo"):
                newest.setdefault(report.page, (run, report))
    order = sorted(newest.values(), key=lambda found: found[1].state is not State.FAILED)
    return [
        _card(report, (folder / report.page).is_file(), None if run is runs[0] else run.started)
        for run, report in order
    ]


def _card(report: ReportResult, there: bool, since: str | None) -> _Card:
    facts = [_seconds(report.seconds)]
    tone: str = Severity.NONE
    if report.state is State.FAILED:
        tone, label, words = State.FAILED, "failed", report.failure
    elif report.state is State.DONE:
        tone, words = report.severity or Severity.NONE, report.verdict
        label = "" if tone == Severity.NONE else tone
        facts = [_counted(report.alerts), *facts]
    else:
        label, words = "not finished", "This report was not finished."
    badge = _Finding(label, tone) if label else None
    return _Card(report, there, tone, badge, words or "", tuple(filter(None, facts)), since)


def _files(folder: Path) -> list[tuple[str, str, str]]:
    """Name, description and size of the data files that there are."""
    return [
        (name, words, f"{max((folder / name).stat().st_size / 1000, 0.1):,.1f} kB")
        for name, words in DATA_FILES.items()
        if (folder / name).is_file()
    ]


def _runs_below(folder: Path) -> tuple[list[RunResult], list[str]]:
    """Newest run of each folder below, and a sentence for each list that cannot be read."""
    runs, damaged = [], []
    for path in sorted(folder.glob(f"*/{RUNS}")):
        try:
            runs += read_runs(path.parent)[:1]
        except DataError as error:
            damaged.append(f"{error} It is left as it is until the next run into that folder.")
    return runs, damaged


def _ordered(runs: Iterable[RunResult]) -> list[RunResult]:
    """Failures first, and the newest first among either."""
    newest = sorted(runs, key=lambda run: run.started, reverse=True)
    return sorted(newest, key=lambda run: not run.failed)
