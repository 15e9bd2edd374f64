"""The list of runs in a folder: `runs.json` for machines, `index.html` for readers."""

from __future__ import annotations

import contextlib
import html
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from driftlib.errors import DataError
from driftlib.files import write_json, write_whole
from driftlib.html import page
from driftlib.html.table import Cell, write_boxed_table
from driftlib.severity import Severity, worst

RUNS, INDEX = "runs.json", "index.html"
FORMAT, VERSION = "driftlib runs", 1
KEPT_RUNS = 50
DONE, FAILED = "done", "failed"
DATA_FILES = {
    "drift_heatmap.html": "drift of every feature in every window, as one chart",
    "drift_summary.csv": "one row a feature: all of the current data against the reference",
    "drift_trend.csv": "one row a feature and window",
    "metrics.csv": "one row a metric and window",
    "alerts.json": "what crossed a threshold",
    "baseline.json": "the reference as counts, for later comparisons",
    "evidently_classification.html": "Evidently's own report on the predictions",
}

Run = dict[str, Any]


def record(folder: Path, run: Run) -> None:
    """Put a run into the folder's list, in place of what the list had under its id.

    Safe while another run does the same: both end up in the list.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written to ({error.strerror}): choose another folder."
        ) from error
    with _locked(folder):
        others = [other for other in read_runs(folder) if other["id"] != run["id"]]
        runs = sorted([run, *others], key=lambda one: one["started"], reverse=True)[:KEPT_RUNS]
        write_json(folder / RUNS, {"format": FORMAT, "version": VERSION, "runs": runs})
        write_whole(folder / INDEX, render(folder, runs))
    parent = folder.parent
    if (parent / RUNS).is_file():
        with _locked(parent):
            write_whole(parent / INDEX, render(parent, read_runs(parent)))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; the lock goes with its process and leaves no file behind."""
    try:
        import fcntl
    except ImportError:  # not on this system, where two runs at once may lose a line
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # A folder on a network may know no locks.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_runs(folder: Path) -> list[Run]:
    """Runs recorded in a folder, newest first; none where the list cannot be read."""
    try:
        content = json.loads((folder / RUNS).read_text(encoding="utf-8"))
        known = content["format"] == FORMAT and content["version"] == VERSION
        return content["runs"] if known else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def render(folder: Path, runs: list[Run]) -> str:
    """The index page of a folder."""
    if not runs:
        return page.document("Drift reports", "<main><h1>Drift reports</h1><p>No runs.</p></main>")
    latest = runs[0]
    below = [(child, read_runs(child)) for child in _folders(folder)]
    others = [(child.name, found[0]) for child, found in below if found]
    body = (
        f"<main><header><h1>Drift reports</h1>{_banner(latest)}</header>"
        f"{_pages(folder, runs)}{_files(folder)}{_inputs(latest)}"
        f"{_runs('Runs in other folders', others)}"
        f"{_runs('Earlier runs in this folder', [('', run) for run in runs[1:]])}</main>"
    )
    return page.document("Drift reports", body)


def _folders(folder: Path) -> list[Path]:
    return sorted(child.parent for child in folder.glob(f"*/{RUNS}"))


def _failures(run: Run) -> list[Mapping[str, Any]]:
    return [report for report in run["reports"] if report["state"] == FAILED]


def _unfinished(run: Run) -> bool:
    return any(report["state"] not in (DONE, FAILED) for report in run["reports"])


def _finding(run: Run) -> tuple[str, str]:
    """What came of a run, in words, and the tone to say it in."""
    failed, reports = len(_failures(run)), run["reports"]
    alerts = sum(report["alerts"] for report in reports)
    if failed:
        return f"{failed} of {len(reports)} reports failed", FAILED
    if _unfinished(run):
        return "Not finished", "none"
    return _counted(alerts) or "No alerts", worst(report["severity"] for report in reports)


def _counted(alerts: int) -> str:
    return f"{alerts:,} alert{'s' if alerts != 1 else ''}" if alerts else ""


def _mark(tone: str) -> str:
    return "✕" if tone == FAILED else Severity(tone).mark


def _time(run: Run) -> str:
    shown = run["started"].replace("T", " ")[:16]
    return f'<time datetime="{html.escape(run["started"])}">{html.escape(shown)} UTC</time>'


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:,.1f} s"


def _banner(run: Run) -> str:
    words, tone = _finding(run)
    took = f", in {_seconds(run['seconds'])}" if run["seconds"] is not None else ""
    alarmed = sum(report["alerts"] > 0 for report in run["reports"])
    if alarmed and tone != FAILED:
        words += f" in {alarmed} of {len(run['reports'])} reports"
    return (
        f'<section class="verdict verdict-{tone}" aria-label="Verdict"><p class="finding">'
        f'<span class="mark" aria-hidden="true">{_mark(tone)}</span> {words}.</p>'
        f"<p>{len(run['reports'])} reports, {_time(run)}{took}.</p></section>"
    )


def _pages(folder: Path, runs: list[Run]) -> str:
    """The pages in the folder, each as its newest run left it; failures first."""
    newest: dict[str, tuple[Run, Mapping[str, Any]]] = {}
    for run in runs:
        for report in run["reports"]:
            newest.setdefault(report["page"], (run, report))
    order = sorted(newest.values(), key=lambda found: found[1]["state"] != FAILED)
    items = "".join(_card(folder, run, report, run is runs[0]) for run, report in order)
    return f'<h2>Reports</h2><ul class="cards">{items}</ul>'


def _card(folder: Path, run: Run, report: Mapping[str, Any], latest: bool) -> str:
    state, title = report["state"], html.escape(report["title"])
    there = (folder / report["page"]).is_file()
    link = f'<a href="{quote(report["page"])}">{title}</a>' if there else title
    facts = [_seconds(report["seconds"])] if report["seconds"] is not None else []
    if state == FAILED:
        tone, label, words = FAILED, "failed", report["failure"]
    elif state == DONE:
        tone = label = report["severity"] or "none"
        words = report["verdict"] or ""
        label = "" if label == "none" else label
        facts = [fact for fact in (_counted(report["alerts"]), *facts) if fact]
    else:
        tone, label, words = "none", "not finished", "This report was not finished."
    if not latest:
        facts.append(f"from the run of {_time(run)}")
    badge = f'<span class="badge badge-{tone}">{_mark(tone)} {label}</span>' if label else ""
    return (
        f'<li class="card card-{tone}"><p class="card-title">{link} {badge}</p>'
        f"<p>{html.escape(words)}</p>"
        f'<p class="note">{" · ".join(facts)}</p></li>'
    )


def _files(folder: Path) -> str:
    rows = []
    for name, words in DATA_FILES.items():
        path = folder / name
        if path.is_file():
            size = f"{max(path.stat().st_size / 1000, 0.1):,.1f} kB"
            link = Cell(f'<a href="{name}">{name}</a>')
            rows.append([link, Cell(words), Cell(size, "number")])
    return _table("Data files", ["File", "What it holds", "Size"], rows)


def _table(title: str, columns: list[str], rows: list[list[Any]]) -> str:
    return f"<h2>{title}</h2>{write_boxed_table(columns, rows, title)}" if rows else ""


def _inputs(run: Run) -> str:
    given = [
        *((f"{role} fingerprint", value) for role, value in _fingerprints(run).items()),
        *run["parameters"].items(),
    ]
    rows = [[name, Cell(html.escape(str(value)), "long")] for name, value in given]
    return _table("Data and parameters", ["Name", "Value"], rows)


def _fingerprints(run: Run) -> dict[str, str]:
    """Fingerprints of the data that most pages of a run name."""
    found: dict[str, str] = {}
    for report in run["reports"]:
        for role, value in report["fingerprints"].items():
            found.setdefault(role, value)
    return found


def _runs(title: str, runs: list[tuple[str, Run]]) -> str:
    rows = []
    # Newest first, and among them the failures first: both sorts keep what they need not move.
    ordered = sorted(runs, key=lambda found: found[1]["started"], reverse=True)
    for name, run in sorted(ordered, key=lambda found: not _failures(found[1])):
        words, tone = _finding(run)
        place = f'<a href="{quote(name)}/{INDEX}">{html.escape(name)}</a>' if name else _time(run)
        given = ", ".join(f"{key}={value}" for key, value in run["parameters"].items())
        prints = ", ".join(f"{role} {value}" for role, value in _fingerprints(run).items())
        rows.append(
            [
                Cell(place),
                *([Cell(_time(run))] if name else []),
                Cell(f'<span class="badge badge-{tone}">{_mark(tone)} {words}</span>'),
                Cell(_seconds(run["seconds"]), "number"),
                Cell(html.escape(prints)),
                Cell(html.escape(given), "long"),
            ]
        )
    first = ["Folder", "Started"] if runs and runs[0][0] else ["Started"]
    return _table(title, [*first, "Verdict", "Took", "Data fingerprint", "Parameters"], rows)
