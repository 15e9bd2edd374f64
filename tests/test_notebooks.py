"""The notebooks: as they are committed, and what comes of them on all kinds of data.

Here they go the whole way to pages and files; `tests/test_lab.py` runs them live, where
controls move.
"""

from __future__ import annotations

import ast
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data.synthetic import simulate
from driftlib.reporting import run_report
from driftlib.reporting.jobs import Job
from driftlib.reporting.parameters import NAMES, declared
from driftlib.reporting.pool import supervise
from driftlib.reporting.result import ReportResult, RunResult

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = {name: ROOT / "notebooks" / f"{name}.ipynb" for name in (*NAMES, "tour")}
SHARED = {
    *("reference", "current", "timestamp", "y_true", "y_pred", "y_proba", "positive"),
    *(
        "time_format",
        "features",
        "exclude",
        "categorical",
        "unit",
        "season",
        "alpha",
        "psi_moderate",
        "psi_major",
        "window",
        "output",
    ),
}
FLIGHTS = [
    *("timestamp", "y_true", "y_pred", "y_proba", "carrier", "distance", "hour", "temp", "humid"),
    *("wind_speed", "pressure", "plane_year"),
]


def read(name: str) -> Any:
    return nbformat.read(NOTEBOOKS[name], as_version=4)


# As they are committed


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_says_what_it_is_and_how_to_use_it_on_own_data(name):
    cells = [cell for cell in read(name).cells if cell.cell_type == "markdown"]
    heading, _, text = read(name).cells[0].source.partition("\n\n")
    assert cells[0] == read(name).cells[0]
    assert heading.startswith("# ")
    plain = re.sub(r"`[^`]*`", "code", text)
    # The demonstration's first cell has its own data as well.
    assert len(re.findall(r"[.!?](?=\s|$)", plain)) == (3 if name == "demo" else 1)
    words = "\n".join(cell.source for cell in cells)
    own = {"audit": "AUDIT=1", "advice": "ADVICE=1"}
    made = own.get(name, "REFERENCE=a.parquet CURRENT=b.csv TIMESTAMP=column")
    assert words.count("For your own data, ") == 1
    assert f"make report {made}" in words


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_headings_are_in_order_and_only_one_is_the_first(name):
    cells = read(name).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cells_are_thin(name):
    for cell in read(name).cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", ()):
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 18, cell.id
            tree = ast.parse(cell.source)
            made = [
                node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.While)
            ]
            assert not made, f"{cell.id} computes something of its own"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_parameters_are_the_schema(name):
    (cell,) = (c for c in read(name).cells if "parameters" in c.metadata.get("tags", ()))
    for line in cell.source.splitlines():
        assert re.fullmatch(r"[a-z_]+: (str|int|float|list|bool) = [^=#]+  # [^=]+", line), line
    found = declared(NOTEBOOKS[name])
    assert all(parameter.help for parameter in found.values())
    assert not any(parameter.default is None for parameter in found.values())


def test_notebooks_share_names_and_defaults():
    schemas = {name: declared(path) for name, path in NOTEBOOKS.items()}
    assert set().union(*schemas.values()) >= SHARED
    defaults: dict[str, set[str]] = {}
    for schema in schemas.values():
        for parameter in schema.values():
            defaults.setdefault(parameter.name, set()).add(repr(parameter.default))
    assert {name for name, found in defaults.items() if len(found) > 1} == set()


def test_papermill_reads_the_same_parameters():
    papermill = pytest.importorskip("papermill")
    for path in NOTEBOOKS.values():
        inspected = papermill.inspect_notebook(str(path))
        assert set(inspected) == set(declared(path))
        assert all(entry["help"] for entry in inspected.values())


# What comes of them


def write(folder: Path, **frames: pd.DataFrame) -> dict[str, str]:
    paths = {}
    for role, frame in frames.items():
        paths[role] = str(folder / f"{role}.csv")
        frame.to_csv(paths[role], index=False)
    return paths


def make(folder: Path, names: tuple[str, ...], **parameters: Any) -> Any:
    notebooks = [NOTEBOOKS[name] for name in names]
    # In one process, which imports what it takes to make pages only once.
    return run_report(parameters, output=folder, notebooks=notebooks, workers=1, progress=False)


def text_of(path: Path) -> str:
    """Words of a page, without its scripts and styles."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", path.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# Tests of the same reports run in one process, which makes them once.
of_flights = pytest.mark.xdist_group("flights")


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    """All four notebooks on a part of the flights."""
    folder = tmp_path_factory.mktemp("flights")
    paths = {}
    for role, step in (("reference", 16), ("current", 64)):
        paths[role] = str(folder / f"{role}.parquet")
        flights = pd.read_parquet(ROOT / f"data/{role}.parquet", columns=FLIGHTS)
        flights.iloc[::step].to_parquet(paths[role])
    result = make(
        folder / "out",
        NAMES,
        **paths,
        rows=500,
        estimator="cbpe",
        window="3MS",
        label_flips=0.3,
        deals=2,
        tries=2,
    )
    return folder / "out", result, paths


@pytest.mark.slow
@of_flights
def test_every_page_and_file_is_written(flights):
    folder, result, _ = flights
    assert result.failed == ()
    pages = {f"{name}.html" for name in (*NAMES, "index", "drift_heatmap")}
    files = {"baseline.json", "drift_summary.csv", "drift_trend.csv", "metrics.csv", "alerts.json"}
    files |= {"data_quality.csv", "report.html", "report.md"}
    assert {path.name for path in folder.iterdir()} == pages | files | {"runs.json"}


@pytest.mark.slow
@of_flights
def test_files_hold_what_the_library_says(flights):
    folder, _, paths = flights
    before, now = (pd.read_parquet(paths[role]) for role in ("reference", "current"))
    baseline = dl.Baseline.load(folder / "baseline.json")
    assert baseline.id == dl.Baseline.fit(before, timestamp="timestamp").id

    summary = pd.read_csv(folder / "drift_summary.csv", index_col="feature")
    expected = dl.detect_drift(baseline, now)
    np.testing.assert_allclose(summary["psi"], expected.table["psi"])
    assert summary["severity"].fillna("none").tolist() == expected.table["severity"].tolist()

    trend = pd.read_csv(folder / "drift_trend.csv")
    assert trend["window"].nunique() == 3
    assert set(trend["feature"]) == set(summary.index)

    metrics = pd.read_csv(folder / "metrics.csv")
    perf = dl.track_performance(now, window="3MS", on="timestamp", reference=before)
    np.testing.assert_allclose(metrics["value"], perf.table["value"])


@pytest.mark.slow
@of_flights
def test_alerts_of_drift_and_performance_are_in_one_list(flights):
    folder, result, _ = flights
    alerts = json.loads((folder / "alerts.json").read_text())
    assert sum(alert["state"] != "over" for alert in alerts) == result.alerts
    # By months of so few days no metric is surely worse: the page says so, and has no alert.
    assert {alert["kind"] for alert in alerts} <= {"data drift", "data quality"}
    assert "worse than tolerated by more than noise" in result.table.loc["performance", "verdict"]
    assert all(
        set(a) == {"kind", "subject", "window", "severity", "message", "state"} for a in alerts
    )
    order = ["major", "moderate", "minor"]
    places = [(a["state"] == "over", order.index(a["severity"])) for a in alerts]
    assert places == sorted(places)


@pytest.mark.slow
@of_flights
def test_pages_name_the_right_story(flights):
    folder, result, _ = flights
    verdicts = {report.name: report.verdict for report in result.reports}
    assert "temp" in verdicts["drift"]
    assert "wind_speed" in verdicts["drift"]
    performance = text_of(folder / "performance.html")
    # Days differ so much among themselves that 31 of them leave the change to chance.
    assert "is worse than tolerated by more than noise" in verdicts["performance"]
    assert "Stable: the Brier score changed by " in verdicts["performance"]
    assert "oncept drift" not in verdicts["performance"]
    assert "the reference: 31 days; the current data: 275 days; rows near each other" in performance
    assert "oncept drift" in verdicts["demo"]
    assert result.table.loc["demo", "alerts"] == 0


@pytest.mark.slow
@of_flights
def test_own_content_is_small(flights):
    folder, _, _ = flights
    for name in NAMES:
        html = (folder / f"{name}.html").read_text()
        scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
        assert len(html) - sum(map(len, scripts)) < 1_500_000, name


@pytest.mark.slow
@of_flights
@pytest.mark.browser
@pytest.mark.parametrize("name", NAMES)
def test_page_is_drawn_and_accessible(page, flights, name):
    from tests.browser import assert_sound, assert_sound_in_the_dark, visit

    folder, _, _ = flights
    assert_sound(visit(page, folder / f"{name}.html"))
    assert_sound_in_the_dark(page)


@pytest.mark.slow
@of_flights
@pytest.mark.browser
def test_the_demo_answers_to_its_dials_offline(page, flights):
    from tests.browser import visit

    folder, _, _ = flights
    visit(page, folder / "demo.html")
    bars = "document.querySelector('figure.chart .plot').data[0].y"
    sliders = page.locator("figure.chart").first.get_by_role("slider")
    before = page.evaluate(bars)
    sliders.nth(1).focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"{bars}[2] < {before[2]} - 0.05")
    none = page.evaluate(bars)
    sliders.nth(0).focus()
    page.keyboard.press("End")
    page.wait_for_function(f"{bars}[0] + {bars}[1] > {none[0]} + {none[1]} + 0.05")
    assert abs(page.evaluate(bars)[2] - none[2]) < 0.05


# Other people's data

HOSTILE, HOSTILE_VALUE = "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>"
of_odd_names = pytest.mark.xdist_group("odd names")


@pytest.fixture(scope="module")
def odd_names(tmp_path_factory):
    """Three notebooks on text labels and columns of other names, some of them hostile."""
    folder = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(2013)
    data, words = simulate(1200, 0.0, 0.3, 5), {0: "stays", 1: "leaves"}

    def renamed(frame: pd.DataFrame, share: float) -> pd.DataFrame:
        kept = frame[["timestamp", "tenure_months", "contract", "y_true", "y_pred"]]
        labels = {name: kept[name].map(words) for name in ("y_true", "y_pred")}
        kinds = rng.choice([HOSTILE_VALUE, "`*x*`"], len(frame), p=[share, 1 - share])
        odd = {HOSTILE: kinds, HOSTILE_VALUE: rng.normal(size=len(frame)), "empty": None}
        names = {"y_true": "left", "y_pred": "guess", "timestamp": "when"}
        return kept.assign(**labels, **odd).rename(columns=names)

    frames = {"reference": renamed(data.reference, 0.2), "current": renamed(data.current, 0.6)}
    result = make(
        folder / "out",
        ("baseline", "drift", "performance"),
        **write(folder, **frames),
        timestamp="when",
        y_true="left",
        y_pred="guess",
        positive="leaves",
        window="14D",
    )
    return folder / "out", result


@pytest.mark.slow
@of_odd_names
def test_text_labels_other_names_and_no_probabilities(odd_names):
    folder, result = odd_names
    assert result.failed == ()
    assert (
        "Concept drift: the share of wrong predictions rose"
        in result.table.loc["performance", "verdict"]
    )
    assert "labelled leaves" in text_of(folder / "performance.html")


@pytest.mark.slow
@of_odd_names
@pytest.mark.browser
def test_hostile_names_reach_the_pages_as_text(page, odd_names):
    from tests.browser import assert_sound, visit

    folder, _ = odd_names
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for notebook in ("baseline", "drift", "performance", "drift_heatmap", "index"):
        assert_sound(visit(page, folder / f"{notebook}.html"))
    assert HOSTILE in page.locator("body").inner_text()


Case = tuple[tuple[str, ...], dict[str, Any]]


def no_answers(folder: Path) -> Case:
    x = np.random.default_rng(2013).normal(size=600)
    frame = pd.DataFrame({"x": x, "empty": None})
    return ("performance",), {**write(folder, reference=frame, current=frame)}


def no_labels(folder: Path) -> Case:
    data = simulate(1200, 1.0, 0.0, 5)
    frames = {"reference": data.reference, "current": data.current.drop(columns="y_true")}
    return ("performance",), {**write(folder, **frames), "window": "600"}


def regression(folder: Path) -> Case:
    rng = np.random.default_rng(2013)

    def frame(shift: float) -> pd.DataFrame:
        x = rng.normal(shift, 1, 900)
        y = 3 * x + rng.normal(size=900) + 2 * shift
        return pd.DataFrame({"x": x, "shop": list("abc") * 300, "y_true": y, "y_pred": 3 * x})

    return ("performance",), write(folder, reference=frame(0), current=frame(0.5))


def saved_baseline(folder: Path) -> Case:
    _, paths = regression(folder)
    before = dl.Baseline.fit(pd.read_csv(paths["reference"]))
    return NAMES[:3], paths | {"reference": str(before.save(folder / "baseline.json"))}


def wrong_name(folder: Path) -> Case:
    data = simulate(300)
    paths = write(folder, reference=data.reference, current=data.current)
    return ("drift", "performance"), {**paths, "timestamp": "timestmap"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folder and result of each case; one process makes the pages of all, and starts once."""
    folders, jobs = {}, []
    for case in (no_answers, no_labels, regression, saved_baseline, wrong_name):
        folders[case] = folder = tmp_path_factory.mktemp(case.__name__)
        names, parameters = case(folder)
        for name in names:
            page = str(folder / f"{name}.html")
            own = {
                key: text for key, text in parameters.items() if key in declared(NOTEBOOKS[name])
            }
            own["output"] = str(folder)
            jobs.append(Job(f"{case.__name__} {name}", page, own, str(NOTEBOOKS[name])))
    reports = tuple(ReportResult(job.name, job.title, Path(job.page).name) for job in jobs)
    run = RunResult("cases", tmp_path_factory.mktemp("cases"), reports, {}, "2026-01-01T00:00:00Z")
    run = supervise(run, jobs, workers=1, progress=False)
    return {
        case: (
            folder,
            {
                report.name.removeprefix(f"{case.__name__} "): report
                for report in run.reports
                if report.name.startswith(f"{case.__name__} ")
            },
        )
        for case, folder in folders.items()
    }


@pytest.mark.slow
def test_without_labels_and_predictions_there_is_still_a_page(made):
    folder, reports = made[no_answers]
    assert reports["performance"].state == "done"
    assert "What could not be shown" in text_of(folder / "performance.html")
    assert not (folder / "metrics.csv").exists()


@pytest.mark.slow
def test_without_labels_the_page_has_estimates_and_says_what_is_missing(made):
    folder, reports = made[no_labels]
    report = reports["performance"]
    assert report.state == "done"
    assert report.verdict.startswith("There are no labels in the current data. Estimated without")
    assert "nothing is known of the concept" in report.verdict
    text = text_of(folder / "performance.html")
    assert "What could not be shown" in text
    assert "current has no column 'y_true'" in text.replace("&#x27;", "'")
    for gone in ("What the scores can do", "Where the same inputs have other outcomes"):
        assert not re.search(f"<h[23][^>]*>{gone}", (folder / "performance.html").read_text())
    metrics = pd.read_csv(folder / "metrics.csv")
    assert metrics["estimated"].all()


@pytest.mark.slow
def test_regression_a_saved_baseline_and_no_timestamp(made):
    _, reports = made[regression]
    assert reports["performance"].state == "done"
    verdict = reports["performance"].verdict
    assert verdict.startswith("Root mean squared error is worse than tolerated: ")
    assert "so are Mean absolute error and R2." in verdict
    assert "in the current data: " not in verdict
    assert "oncept drift" in verdict
    folder, reports = made[saved_baseline]
    assert {report.state for report in reports.values()} == {"done"}
    assert reports["baseline"].verdict == (
        "The reference has 900 rows and 2 features to compare later data with. Rows are taken as "
        "independent: no timestamp is named, and the reference has no column of dates and times."
    )
    assert "There is no reference" in reports["performance"].verdict
    assert pd.read_csv(folder / "drift_trend.csv")["window"].unique().tolist() == [0]


@pytest.mark.slow
def test_a_wrong_name_is_one_sentence_on_every_page(made):
    for report in made[wrong_name][1].values():
        assert report.state == "failed"
        assert report.failure.startswith(
            "parameter 'timestamp': current.csv has no column 'timestmap'"
        )
        assert report.failure.endswith("Did you mean 'timestamp'?")
