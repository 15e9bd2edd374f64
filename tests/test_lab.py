"""Every notebook in a real JupyterLab: runs top to bottom, charts are drawn, controls work."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("lab")]

ROOT = Path(__file__).resolve().parents[1]
# The tour has no controls: `make docs` runs it.
NOTEBOOKS = sorted({path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} - {"tour"})
STARTED, RUN = 120, 240
FEATURES = ["distance", "carrier", "temp", "wind_speed"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the notebooks, set to small data, in a folder of their own."""
    folder = tmp_path_factory.mktemp("lab")
    data = folder / "data"
    data.mkdir()
    for name, step in (("reference", 20), ("current", 80)):
        frame = pd.read_parquet(ROOT / f"data/{name}.parquet").iloc[::step]
        frame.to_parquet(data / f"{name}.parquet")
    for name in NOTEBOOKS:
        path = folder / f"{name}.ipynb"
        shutil.copy(ROOT / "notebooks" / path.name, path)
        notebook = json.loads(path.read_text())
        (cell,) = (c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", ()))
        small = {
            f'"data/{side}.parquet"': f'"{data}/{side}.parquet"'
            for side in ("reference", "current")
        }
        small |= {'"reports"': f'"{folder}/reports"', 'window: str = ""': 'window: str = "3MS"'}
        small |= {'"pape"': '"cbpe"', "rows: int = 5000": "rows: int = 1000"}
        small |= {"deals: int = 100": "deals: int = 2", "tries: int = 30": "tries: int = 2"}
        few = FEATURES[:2] if name == "audit" else FEATURES
        small["features: list = []"] = f"features: list = {few}"
        source = "".join(cell["source"])
        for old, new in small.items():
            source = source.replace(old, new)
        cell["source"] = source
        path.write_text(json.dumps(notebook))
    return folder


@pytest.fixture(scope="module")
def lab(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab with settings of its own."""
    home = tmp_path_factory.mktemp("home")
    settings = home / "settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    # Otherwise only what is in view is drawn.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # See tests/conftest.py.
    (home / "quick").mkdir()
    (home / "quick/rfc3987_syntax.py").write_text("raise ImportError")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(home / "quick")]),
    }
    environment.pop("DRIFTLIB_REPORT", None)
    options = [
        *("--no-browser", "--allow-root", "--expose-app-in-browser", f"--port={port}"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", "--LabApp.news_url="),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.disable_check_xsrf=True",
    ]
    with (home / "log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + STARTED
            while not _answers(address):
                assert server.poll() is None, (home / "log").read_text()
                assert time.monotonic() < deadline, (home / "log").read_text()
                time.sleep(0.5)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api", timeout=5):
            return True
    except OSError:
        return False


def ask(lab: str, what: str, **content: Any) -> Any:
    """Let the server make something, and return what it says of it."""
    request = urllib.request.Request(f"{lab}/api/{what}", json.dumps(content).encode())
    with urllib.request.urlopen(request, timeout=STARTED) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def desk(context, lab: str):
    """JupyterLab, opened once; a fault of it fails the test at hand."""
    from tests.browser import faults_of

    page = context.new_page()
    faults = faults_of(page)
    page.set_viewport_size({"width": 1400, "height": 1000})
    page.set_default_timeout(1000 * RUN)
    page.goto(f"{lab}/lab?reset")
    page.wait_for_function("window.jupyterapp?.shell.widgets('main').next().value")
    yield page, faults
    page.close()


def run(page, lab: str, name: str):
    """Open a notebook alone, run all of it in a kernel of its own, return its panel."""
    path = f"{name}.ipynb"
    kernel = ask(lab, "kernels", name="python3")["id"]
    ask(lab, "sessions", path=path, name=path, type="notebook", kernel={"id": kernel})
    # Closing it would ask whether to save what ran.
    page.evaluate("[...window.jupyterapp.shell.widgets('main')].forEach(shown => shown.dispose())")
    page.evaluate(
        "path => { window.jupyterapp.commands.execute('docmanager:open', {path}); }", path
    )
    page.wait_for_function(
        "id => { const kernel = window.jupyterapp.shell.currentWidget?.sessionContext?.session"
        "?.kernel; return kernel?.id === id && kernel.status === 'idle'; }",
        arg=kernel,
        timeout=1000 * STARTED,
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    state = """() => {
      const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
      const code = [...cells].filter(cell => cell.type === 'code');
      return code.every(cell => cell.executionCount !== null);
    }"""
    page.wait_for_function(state)
    return page.locator(".jp-NotebookPanel")


def move(page, slider, keys: int = 1) -> str:
    """Move a slider by keyboard, as anyone without a mouse would; its new value."""
    slider.get_by_role("slider").focus()
    for _ in range(keys):
        page.keyboard.press("ArrowRight")
    return slider.locator(".widget-readout").text_content()


def live(panel):
    """Figure and sliders of the notebook's panel."""
    plot = panel.locator(".jupyter-widgets .js-plotly-plot")
    plot.scroll_into_view_if_needed()
    return plot, panel.locator(".widget-slider")


def check_drift(page, panel) -> None:
    """The explorer shows the feature and window that are chosen."""
    plot, sliders = live(panel)
    title = panel.locator(".jupyter-widgets strong").first
    features = panel.get_by_label("feature", exact=True)
    options = features.locator("option").all_inner_texts()
    playwright.expect(title).to_contain_text(options[0])
    features.select_option(options[1])
    playwright.expect(title).to_contain_text(options[1])
    window = move(page, sliders.first, 2)
    playwright.expect(plot.locator(".legendtext").filter(has_text=window)).to_be_visible()


def check_performance(page, panel) -> None:
    """A higher decision threshold calls fewer rows positive, so that recall falls."""
    _, sliders = live(panel)
    recall = "() => document.querySelector('.jupyter-widgets .js-plotly-plot').data"
    recall += ".filter(trace => trace.mode === 'lines+markers').at(-1).y[0]"
    before = page.evaluate(recall)
    move(page, sliders.first, 3)
    page.wait_for_function(f"({recall})() < {before}")


def check_demo(page, panel) -> None:
    """The first dial moves the covariate bars and the heatmap, the second the concept bar."""
    _, sliders = live(panel)
    bars = "() => document.querySelector('.jupyter-widgets .js-plotly-plot').data[0].y"
    shared, _, concept, _ = page.evaluate(bars)
    turned = move(page, sliders.nth(1), 5)
    assert turned == "20 %"
    page.wait_for_function(f"({bars})()[2] > {concept} + 0.03")
    same, _, concept, _ = page.evaluate(bars)
    assert abs(same - shared) < 0.01
    move(page, sliders.nth(0), 5)
    page.wait_for_function(f"({bars})()[0] > {same} + 0.02")


CHECKS = {"drift": check_drift, "performance": check_performance, "demo": check_demo}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_runs_and_its_charts_and_controls_work(desk, lab, name):
    page, faults = desk
    panel = run(page, lab, name)
    errors = panel.locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedError")
    assert errors.all_inner_texts() == []
    page.wait_for_function(
        "document.querySelectorAll('.jp-NotebookPanel .js-plotly-plot').length > 0"
    )
    plots = panel.locator(".js-plotly-plot")
    drawn = plots.evaluate_all("all => all.filter(p => p.querySelector('svg.main-svg')).length")
    assert drawn == plots.count() >= 2
    try:
        CHECKS.get(name, lambda page, panel: None)(page, panel)
    finally:
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/lab-{name}.png")
    theirs = (
        # Controls of the notebook before, whose kernel's line went down with it, may still call.
        "widget sync message Error: Cannot send",
        # JupyterLab before 4.6 looks new headings of its table of contents up among the old.
        "properties of undefined (reading 'isRunning')",
        "properties of undefined (setting 'isRunning')",
    )
    own = [fault for fault in faults if not any(words in fault for words in theirs)]
    assert not own, own
