"""The real path from notebooks to a folder of pages: parameters, failures, kills, the index."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from driftlib.errors import DriftlibError, ParameterError
from driftlib.reporting import fingerprint, run_report, summarise
from driftlib.reporting.index import record, render
from driftlib.reporting.jobs import Job, longest_first
from driftlib.reporting.progress import Progress
from driftlib.reporting.result import ReportResult, RunResult, State
from driftlib.reporting.runs import read_runs
from tests.browser import assert_sound, visit

HOSTILE = "<img src=x onerror=window.hacked=1>"
HOSTILE_SCRIPT = "</script><script>window.hacked=2</script>"

PARAMETERS = """\
reference = ""  # path of the reference
output = "reports"  # folder for data files
alpha = 0.05  # false-alarm rate
rows = 3  # a whole number
features = []  # names of columns
fast = True  # whether to hurry
"""
GOOD = [
    "# Good drift\n\nA notebook that works.",
    """\
import os
import pandas as pd
from driftlib.files import write_csv
from driftlib.reporting import in_report, provenance, show, summarise
from driftlib.visualization.style import escape, figure
frame = pd.read_csv(reference)
name = frame.columns[0]
category = frame[name][0]
alerts = [dict(kind="drift", subject=name, window="June", severity="major",
               message=f"{name} moved to {category}.")]
summarise(f"{name} moved.", alerts=alerts)""",
    "## Data",
    """\
write_csv(f"{output}/drift_summary.csv", frame)
chart = figure(escape(name), caption=f"Of {name}.", alt=f"Bar of {category}.", table=frame)
show(chart.add_bar(x=[escape(category)], y=[1], name=escape(name)))""",
    "frame",
    """\
print(alpha, rows, features, fast, in_report(), os.environ["TQDM_DISABLE"],
      os.environ["OMP_NUM_THREADS"], os.path.isabs(output))""",
    "## Provenance",
    "provenance(reference, None, dict(alpha=alpha))",
]
BAD = [
    "# Bad drift",
    "print('before the failure')",
    "import driftlib\n"
    "raise driftlib.DriftlibError(f'{reference!r} lacks column {alpha}: <b>x</b>.')",
    "print('after the failure')",
]
DYING = ["# Dying", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "print('after')"]
# Writes one large file after another, so that a kill is likely to hit it at that.
BUSY = [
    "# Busy",
    """\
import json
from pathlib import Path
from driftlib.files import write_whole
text = json.dumps(list(range(1_000_000)))
for _ in range(rows):
    write_whole(Path(output, "metrics.json"), text)
    write_whole(Path(output, "baseline.json"), text)""",
]


def make(folder: Path, **notebooks: list[str]) -> Path:
    """Folder of notebooks; texts that begin with # are words, the others code."""
    folder.mkdir(exist_ok=True)
    for name, sources in notebooks.items():
        cells = [nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
        for source in sources:
            new = nbformat.v4.new_markdown_cell if source[0] == "#" else nbformat.v4.new_code_cell
            cells.append(new(source))
        cells = sorted(cells, key=lambda cell: cell.source[:2] != "# ")
        for number, cell in enumerate(cells):
            cell["id"] = f"{name}-{number}"
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "language": "python"}
        notebook.metadata["kernelspec"]["display_name"] = "Python 3"
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def kernels(folder: Path) -> list[int]:
    """Processes that run a notebook of the folder: their working directory is there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(entry / "cwd")) == folder.resolve():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def assert_whole(folder: Path) -> None:
    """Every file that a reader can see is complete."""
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert text.startswith("<!DOCTYPE html>")
            assert text.endswith("</html>\n")
        elif path.suffix == ".md":
            assert text.startswith("# Drift report\n")
        elif not path.name.startswith("."):
            json.loads(text)


# Tests of the one run below stay in one process, so that it is made once.
one_run = pytest.mark.xdist_group("report run")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run of three notebooks, of which two fail, on data with hostile names."""
    folder = tmp_path_factory.mktemp("ran")
    pd.DataFrame({HOSTILE: [HOSTILE_SCRIPT, "b"], "y": [1, 2]}).to_csv(folder / "a.csv")
    data = pd.read_csv(folder / "a.csv", index_col=0)
    data.to_csv(folder / "a.csv", index=False)
    notebooks = make(folder / "notebooks", drift=GOOD, bad=BAD, dying=DYING)
    given = {"reference": str(folder / "a.csv"), "alpha": "0.01", "features": "x, y", "fast": "no"}
    result = run_report(given, output=folder / "out", notebooks=notebooks, progress=False)
    return folder, notebooks, given, result


@one_run
def test_a_failure_leaves_the_others_alone(ran) -> None:
    folder, _, _, result = ran
    states = {report.name: report.state for report in result.reports}
    assert states == {"drift": "done", "bad": "failed", "dying": "failed"}
    assert set(result.failed) == {"bad", "dying"}
    assert result.alerts == 1
    assert result.severity == "major"
    assert "2 of 3 reports failed" in result.headline
    assert json.loads(json.dumps(result.to_dict()))["table"][0]["state"] == "done"
    assert {path.name for path in (folder / "out").iterdir()} == {
        *("index.html", "runs.json", "drift.html", "bad.html", "dying.html"),
        *("alerts.json", "drift_summary.csv", "report.html", "report.md"),
    }


@one_run
def test_alerts_of_all_reports_are_one_list_in_which_a_failure_counts(ran) -> None:
    alerts = json.loads((ran[0] / "out" / "alerts.json").read_text())
    assert {alert["kind"] for alert in alerts} == {"drift", "report"}
    assert {alert["subject"] for alert in alerts} == {HOSTILE, "bad", "dying"}
    assert all(
        set(alert) == {"kind", "subject", "window", "severity", "message", "state"}
        for alert in alerts
    )


@one_run
def test_failed_pages_say_why_in_one_sentence(ran) -> None:
    folder, _, given, result = ran
    bad = (folder / "out" / "bad.html").read_text()
    sentence = f"{given['reference']!r} lacks column 0.01: <b>x</b>."
    assert {report.name: report.failure for report in result.reports}["bad"] == sentence
    assert "before the failure" in bad
    assert "after the failure" in bad  # its code, folded
    assert "Not computed" in bad
    assert "Traceback" not in bad
    dying = (folder / "out" / "dying.html").read_text()
    assert "ended without a word" in dying
    assert "Not computed" in dying


@one_run
def test_notebooks_get_their_parameters_converted(ran) -> None:
    folder = ran[0]
    page = (folder / "out" / "drift.html").read_text()
    printed = re.search(r'<pre class="printed">(0.01 .*?)\n', page)[1]
    assert printed == "0.01 3 [&#39;x&#39;, &#39;y&#39;] False True 1 1 True"
    assert pd.read_csv(folder / "out" / "drift_summary.csv", index_col=0).columns[0] == HOSTILE


@one_run
def test_index_lists_failures_first_with_all_that_belongs(ran) -> None:
    folder, _, given, _ = ran
    index = (folder / "out" / "index.html").read_text()
    places = [index.index(f'href="{name}.html"') for name in ("bad", "dying", "drift")]
    assert places == sorted(places)
    assert "2 of 3 reports failed" in index
    assert fingerprint(given["reference"]) in index
    assert "1 open alert" in index
    assert "alpha" in index
    assert 'href="alerts.json"' in index
    assert "<img" not in index
    assert "<script" not in index
    assert index.count("<h1>") == 1


@one_run
def test_second_run_gives_the_same_bytes_but_for_provenance_and_is_listed(ran) -> None:
    folder, notebooks, given, _ = ran
    first = (folder / "out" / "drift.html").read_text()
    time.sleep(1.1)  # so that the times differ
    result = run_report(
        given, output=folder / "out", notebooks=notebooks / "drift.ipynb", progress=False
    )
    second = (folder / "out" / "drift.html").read_text()
    block = re.compile(r'<div class="provenance">.*?</div>', re.DOTALL)
    assert first != second
    assert block.sub("", first) == block.sub("", second)
    runs = read_runs(folder / "out")
    assert [len(run.reports) for run in runs] == [1, 3]
    assert runs[0].id == result.id
    index = (folder / "out" / "index.html").read_text()
    assert "Earlier runs in this folder" in index
    assert "from the run of" in index  # the pages that the second run left alone


@pytest.mark.browser
@pytest.mark.parametrize("name", ["drift", "bad", "dying", "index"])
@one_run
def test_hostile_names_reach_every_page_and_run_on_none(page, ran, name: str) -> None:
    visit(page, ran[0] / "out" / f"{name}.html", "dark")
    assert_sound(page)
    assert page.evaluate("window.hacked") is None
    if name == "drift":
        assert page.locator("figure.chart").count() == 1
        assert page.locator(".finding").text_content().strip().endswith(f"{HOSTILE} moved.")
        assert HOSTILE_SCRIPT in page.locator(".xtick text").text_content()


def test_file_of_parameters_and_a_step_that_takes_too_long(tmp_path) -> None:
    path = tmp_path / "my.yml"
    path.write_text(f"output: {tmp_path / 'out'}\nalpha: 0.01\nrows: 1\n")
    sources = ["# Slow", "print(alpha, rows)", "import time\ntime.left = 1\ntime.sleep(60)", "1"]
    after = ["import time\nprint(hasattr(time, 'left'))"]
    notebooks = make(tmp_path / "notebooks", slow=sources, after=after)
    result = run_report(
        {"rows": 2}, params=path, notebooks=notebooks, timeout=1, workers=1, progress=False
    )
    assert result.output == tmp_path / "out"
    assert result.failed == ("slow",)
    # Nothing of one notebook is left to the next of the same process.
    assert '<pre class="printed">False' in (tmp_path / "out" / "after.html").read_text()
    text = (tmp_path / "out" / "slow.html").read_text()
    assert '<pre class="printed">0.01 2' in text  # arguments win over the file
    failures = {report.name: report.failure for report in result.reports}
    assert failures["slow"].startswith("A step took longer than 1 seconds")
    assert "Not computed" in text


def test_two_runs_at_once_into_one_folder(tmp_path) -> None:
    notebooks = make(tmp_path / "notebooks", busy=BUSY)

    def run(rows: int):
        return run_report(
            {"rows": rows}, output=tmp_path / "out", notebooks=notebooks, progress=False
        )

    halves = []

    def read(stop: threading.Event) -> None:
        path = tmp_path / "out" / "baseline.json"
        while not stop.wait(0.001):
            content = path.read_bytes() if path.exists() else b"[]"
            if content[:1] + content[-1:] != b"[]":
                halves.append(len(content))

    stop = threading.Event()
    reader = threading.Thread(target=read, args=(stop,))
    reader.start()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, (20, 21)))
    stop.set()
    reader.join()
    assert halves == []
    assert [result.failed for result in results] == [(), ()]
    assert_whole(tmp_path / "out")
    assert {run.id for run in read_runs(tmp_path / "out")} == {run.id for run in results}
    assert not list((tmp_path / "out").glob(".*"))


def start(tmp_path: Path) -> tuple[subprocess.Popen, Path, Path]:
    """A run in a process of its own, seen to be writing files."""
    notebooks = make(tmp_path / "notebooks", busy=BUSY)
    # A shell's background jobs ignore Ctrl-C, and so does what they start.
    script = (
        "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from driftlib.reporting import run_report\n"
        f"run_report({{'rows': 10**6}}, output={str(tmp_path / 'out')!r}, "
        f"notebooks={str(notebooks)!r})"
    )
    root = str(Path(__file__).resolve().parents[1])
    environment = os.environ | {"PYTHONPATH": root}
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while not (tmp_path / "out" / "baseline.json").exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, notebooks, tmp_path / "out"


def wait_until_gone(notebooks: Path) -> None:
    deadline = time.monotonic() + 60
    while kernels(notebooks):
        assert time.monotonic() < deadline, "a kernel outlived its run"
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_at_a_random_moment_every_file_is_whole(tmp_path, rng) -> None:
    process, notebooks, out = start(tmp_path)
    time.sleep(rng.uniform(0, 1))
    process.kill()
    process.wait()
    wait_until_gone(notebooks)
    for path in out.glob(".*.part"):
        path.unlink()  # what a reader does not see
    assert_whole(out)
    assert [report.state for report in read_runs(out)[0].reports] == ["waiting"]
    assert "Not finished" in (out / "index.html").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_interrupted_run_leaves_no_process_and_no_half_file(tmp_path) -> None:
    process, notebooks, out = start(tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    wait_until_gone(notebooks)
    assert_whole(out)
    assert not list(out.glob(".*"))
    assert not (out / "busy.html").exists()


def run_of(
    folder: Path, identity: str, state: str = "done", started: str = "2026-01-01T00:00:00Z"
) -> RunResult:
    report = ReportResult(
        name="drift",
        title="Drift",
        page="drift.html",
        state=State(state),
        failure=HOSTILE_SCRIPT if state == "failed" else None,
        verdict=HOSTILE,
        severity="major",
        alerts=3,
        seconds=1.5,
        fingerprints={"reference": HOSTILE},
    )
    return RunResult(identity, folder, (report,), {HOSTILE: HOSTILE_SCRIPT}, started, 2.0)


def test_runs_recorded_at_the_same_time_are_all_kept(tmp_path) -> None:
    barrier = threading.Barrier(8)

    def note(number: int) -> None:
        barrier.wait()
        for _ in range(5):
            record(run_of(tmp_path, f"run-{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(note, range(8)))
    assert {run.id for run in read_runs(tmp_path)} == {f"run-{i}" for i in range(8)}
    assert (tmp_path / "index.html").read_text().count("1 of 1 reports failed") == 0


def test_index_escapes_and_puts_failed_runs_of_other_folders_first(tmp_path) -> None:
    record(run_of(tmp_path, "top"))
    record(run_of(tmp_path / HOSTILE.replace("/", ""), "fine", started="2026-03-01T00:00:00Z"))
    record(run_of(tmp_path / "broken", "x", "failed", "2026-02-01T00:00:00Z"))
    index = (tmp_path / "index.html").read_text()
    assert "<img" not in index
    assert "<script" not in index
    others = index[index.index("Runs in other folders") :]
    assert others.index("broken/index.html") < others.index("%3Cimg")
    assert "3 open alerts" in index


def test_a_recorded_run_is_read_as_it_was(tmp_path) -> None:
    run = run_of(tmp_path, "whole", "failed")
    record(run)
    assert read_runs(tmp_path) == [run]
    assert json.loads((tmp_path / "runs.json").read_text())["runs"][0]["reports"][0] == {
        "name": "drift",
        "title": "Drift",
        "page": "drift.html",
        "state": "failed",
        "failure": HOSTILE_SCRIPT,
        "verdict": HOSTILE,
        "severity": "major",
        "alerts": 3,
        "seconds": 1.5,
        "fingerprints": {"reference": HOSTILE},
        "facts": {},
    }


def test_what_takes_longest_is_started_first(tmp_path) -> None:
    folder = make(tmp_path / "notebooks", short=["1"], long=["1", "2"])
    jobs = [Job(name, "", {}, str(folder / f"{name}.ipynb")) for name in ("short", "long")]
    assert [job.name for job in longest_first([*jobs, Job("evidently", "", {})])] == [
        "evidently",
        "long",
        "short",
    ]


def details_with(folder: Path, **changed) -> str:
    """List of one run whose report, or else the run itself, has other values."""
    details = run_of(folder, "old").details
    for name, value in changed.items():
        (details["reports"][0] if name in details["reports"][0] else details)[name] = value
    return json.dumps({"format": "driftlib runs", "version": 1, "runs": [details]})


DAMAGED = {
    "half": '{"format": "driftlib runs", "version": 1, "runs"',
    "empty": "",
    "no object": "[]",
    "other version": '{"format": "driftlib runs", "version": 2, "runs": []}',
    "runs no list": '{"format": "driftlib runs", "version": 1, "runs": 7}',
    "run no object": '{"format": "driftlib runs", "version": 1, "runs": [null]}',
    "deep": "[" * 100_000,
    "digits": "9" * 5_000,
    **{
        f"{name} {value!r}": details_with(Path(), **{name: value})
        for name, value in [
            ("started", None), ("started", 7), ("started", "yesterday"), ("id", 7),
            ("seconds", "long"), ("seconds", float("nan")), ("parameters", []),
            ("parameters", {"x": float("inf")}), ("parameters", {"x": "\ud800"}),
            ("reports", {}), ("reports", [1]), ("title", None), ("page", "../../etc/passwd"),
            ("page", 3), ("state", "bogus"), ("state", []), ("alerts", "3"), ("alerts", None),
            ("severity", "bogus"), ("severity", []), ("verdict", {}), ("fingerprints", None),
            ("fingerprints", {"reference": 7}), ("bogus", 1),
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_list_of_runs_is_set_aside_and_started_anew(tmp_path, kind) -> None:
    (tmp_path / "runs.json").write_text(DAMAGED[kind])
    remarks = record(run_of(tmp_path, "new"))
    assert [run.id for run in read_runs(tmp_path)] == ["new"]
    assert (tmp_path / "runs.damaged.json").read_text() == DAMAGED[kind]
    assert len(remarks) == 1
    assert "could not be read: it is now runs.damaged.json, and a new list was begun" in remarks[0]
    assert remarks[0] in (tmp_path / "index.html").read_text()
    # It stays said on the index, where the file stays, and is said once only elsewhere.
    assert record(run_of(tmp_path, "newer")) == []
    assert remarks[0] in (tmp_path / "index.html").read_text()
    (tmp_path / "runs.json").write_text("")
    assert "it is now runs.damaged-2.json" in record(run_of(tmp_path, "newest"))[0]


def test_list_of_runs_that_is_no_file(tmp_path) -> None:
    (tmp_path / "runs.json").mkdir()
    assert len(record(run_of(tmp_path, "new"))) == 1
    os.mkfifo(tmp_path / "sub")
    (tmp_path / "runs.json").unlink()
    (tmp_path / "sub").rename(tmp_path / "runs.json")
    assert len(record(run_of(tmp_path, "newer"))) == 1
    assert [run.id for run in read_runs(tmp_path)] == ["newer"]


def test_damaged_list_of_a_neighbour_or_above_stops_nothing(tmp_path) -> None:
    record(run_of(tmp_path, "top"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "runs.json").write_text(DAMAGED["alerts '3'"])
    (remark,) = record(run_of(tmp_path / "live", "fine"))
    assert remark.startswith("broken/runs.json cannot be read: it is damaged")
    index = (tmp_path / "index.html").read_text()
    assert remark in index
    assert "live/index.html" in index
    assert (tmp_path / "broken" / "runs.json").read_text() == DAMAGED["alerts '3'"]
    (tmp_path / "runs.json").write_text("")
    (remark,) = record(run_of(tmp_path / "live", "fine"))
    assert remark.startswith(f"{tmp_path.name}/runs.json cannot be read")
    assert [run.id for run in read_runs(tmp_path / "live")] == ["fine"]


def test_what_is_said_of_a_run_is_said_once_and_in_no_control_characters(capsys) -> None:
    progress = Progress(["drift"], True)
    with progress:
        progress.say("a\x1b[31m list")
        progress.say("a\x1b[31m list")
    assert capsys.readouterr().err.count("list\n") == 1
    Progress(["drift"], False).say("a list")
    assert capsys.readouterr().err == ""


def test_a_folder_without_runs_has_an_index_that_says_so(tmp_path) -> None:
    assert "No runs" in render(tmp_path, [])


def test_unknown_parameter_is_an_error_that_lists_the_known_before_anything_runs(tmp_path) -> None:
    notebooks = make(tmp_path / "notebooks", drift=BAD)
    with pytest.raises(ParameterError, match="no notebook has a parameter 'aplha'") as caught:
        run_report({"aplha": 1}, output=tmp_path / "out", notebooks=notebooks, progress=False)
    for name in ("alpha", "fast", "features", "output", "reference", "rows"):
        assert repr(name) in str(caught.value)
    assert "Did you mean 'alpha'?" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_folder_that_cannot_be_written_is_one_sentence(tmp_path) -> None:
    notebooks = make(tmp_path / "notebooks", drift=BAD)
    (tmp_path / "file").write_text("")
    with pytest.raises(DriftlibError, match="cannot be written"):
        run_report(output=tmp_path / "file" / "out", notebooks=notebooks, progress=False)


def test_an_alert_that_is_over_colours_no_page():
    alert = {"kind": "data drift", "subject": "temp", "window": 6, "severity": "major"}
    alert["message"] = "temp drifted from April to October"
    over = summarise("Nothing drifts now.", alerts=[alert | {"state": "over"}])
    assert (over.severity, len(over.alerts)) == ("none", 1)
    both = [alert | {"state": "over"}, alert | {"state": "new", "severity": "moderate"}]
    assert summarise("One feature drifts.", alerts=both).severity == "moderate"
