"""One file to mail and one of text: whole, small, with names of their own and nothing of markup."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from driftlib.advice.facts import Facts, Side, Value
from driftlib.html import page
from driftlib.reporting.bundle import bundle, status_card, summary_text
from driftlib.reporting.index import record
from driftlib.reporting.notebook import summarise
from driftlib.reporting.result import ReportResult, RunResult, State
from driftlib.reporting.runs import read_runs

HOSTILE = "<img src=x onerror=alert(1)>|`[x](y)"
FIGURE = {"data": [], "layout": {"title": {"text": "Wind"}}}
ALERTS = [
    {"kind": "data drift", "subject": "x", "window": 1, "severity": "major",
     "message": f"{HOSTILE} drifted", "state": "new"},
    {"kind": "data drift", "subject": "y", "window": 0, "severity": "major",
     "message": "y drifted", "state": "over"},
]  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> RunResult:
    facts = Facts(HOSTILE, {"current": Side(5)}, Value("ROC AUC", "0.6", "0.7"), labelled=True)
    reports = []
    for name, known in (("drift", replace(facts, drifted=(HOSTILE,))), ("performance", facts)):
        body = (
            "<main><header><h1>Page</h1>\n<!--status--><!--/status--></header>"
            '<nav class="contents"><a href="#section-a">A</a></nav>'
            f'<h2 id="section-a">A</h2><p><a href="#section-a">up</a></p>'
            f"{page.chart(FIGURE, 'chart-1')}<!--words-->w<!--/words--></main>"
        )
        (tmp_path / f"{name}.html").write_text(page.document("Page", body, charts=True))
        reports.append(
            ReportResult(
                name, name.capitalize(), f"{name}.html", State.DONE, verdict=f"{HOSTILE} moved",
                severity="major" if name == "drift" else "none", alerts=1, facts=known.to_dict(),
            )
        )  # fmt: skip
    return RunResult("1", tmp_path, tuple(reports), {}, "2026-01-01T00:00:00Z", 1.0)


def test_all_pages_are_in_one_file_with_plotly_once_and_names_of_their_own(run):
    bundle(run, ALERTS, {})
    text = (run.output / "report.html").read_text()
    assert text.endswith("</html>\n")
    assert text.count("<h1>") == 1
    assert "&lt;img src=x" in text.partition("<h1>")[2].partition("</h1>")[0]
    assert text.count(page.plotly_js()) == 1
    content = text.replace(page.plotly_js(), "").replace(page.asset("page.js"), "")
    names = re.findall(r'\sid="([^"]+)"', content)
    assert len(names) == len(set(names))
    assert {"drift-chart-1", "performance-chart-1", "drift-section-a"} <= set(names)
    for name in re.findall(r'(?:href="#|data-steps=")([^"]+)"', content):
        assert name in names
    assert content.count('class="status ') == 1
    assert content.count("<!--words-->") == 1
    assert "<img src=x" not in content
    assert 'href="drift.html' not in content


def test_the_card_is_on_top_of_every_page_and_of_the_index_once(run):
    for _ in range(2):
        bundle(run, ALERTS, {})
    record(run)
    for name in ("drift", "performance", "index"):
        text = (run.output / f"{name}.html").read_text()
        assert text.count('class="status status-major"') == 1
        assert text.index("What to do") < text.index("<h2")
        assert text.endswith("</html>\n")
        assert "<img src=x" not in text.replace(page.plotly_js(), "")
    assert "report.html" in text
    assert read_runs(run.output)[0].status == run.status


def test_the_summary_as_text_has_status_findings_and_tables_and_no_markup_of_the_data(run):
    frame = pd.DataFrame({"feature": [HOSTILE, "b"], "PSI": [0.123456, None]})
    summary = summarise("v", tables={"Features": lambda: frame})
    text = summary_text(run, ALERTS, {"drift": summary.tables}, "churn")
    assert text.startswith("# churn\n\n**▲ ")
    assert "ROC AUC 0.6, 0.7 in the reference" in text
    assert "## What to do\n\n1. Watch " in text
    assert "- 1 alert of the past, over now" in text
    assert "| feature | PSI |" in text
    assert "| 0.123 |" in text
    frame.attrs["note"] = "▼ an alarm."
    summary = summarise("v", tables={"Features": lambda: frame})
    told = summary_text(run, ALERTS, {"drift": summary.tables}, "churn")
    assert "## Features\n\n▼ an alarm.\n\n| feature" in told
    assert not re.search(r"(?<!\\)<img", text)
    assert not re.search(r"(?<!\\)\[x", text)


def test_the_summary_as_text_stays_small_and_counts_what_it_leaves_out(run):
    frame = pd.DataFrame({"feature": [f"{'é' * 200}{n}" for n in range(500)]})
    summary = summarise("v", tables={"Features": lambda: frame})
    many = [ALERTS[0] | {"message": f"{n} {'ü' * 100}"} for n in range(300)]
    text = summary_text(run, many, {"drift": summary.tables})
    assert len(text.encode()) < 10_000
    assert re.search(r"\d+ more alerts\.", text)
    assert re.search(r"4\d\d more rows\.", text)


def test_without_facts_there_is_no_card(tmp_path):
    assert status_card(None) == ""
    report = ReportResult("own", "Own", "own.html", State.DONE)
    assert RunResult("1", tmp_path, (report,), {}, "2026-01-01T00:00:00Z").status is None


def test_a_demo_that_an_earlier_run_left_is_not_among_the_results_of_own_data(tmp_path):
    demo = ReportResult("demo", "The demo", "demo.html", State.DONE)
    drift = ReportResult("drift", "Drift", "drift.html", State.DONE)
    record(RunResult("1", tmp_path, (drift, demo), {}, "2026-01-01T00:00:00Z", 1.0))
    assert "The demo" in (tmp_path / "index.html").read_text()
    own = {"reference": "a.csv"}
    record(RunResult("2", tmp_path, (drift,), own, "2026-01-02T00:00:00Z", 1.0))
    assert "The demo" not in (tmp_path / "index.html").read_text()
