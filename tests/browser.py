"""What a rendered page must be for its reader, asked of a real browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PATIENCE = 60_000


@contextmanager
def served(project: Path, log: Path = Path(os.devnull)) -> Iterator[str]:
    """Address of the project's Streamlit page, which a server of its own answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
    command += ["--server.headless", "true", "--server.port", str(port)]
    command += ["--server.address", "127.0.0.1"]
    environment = os.environ | {"PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=project, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").read()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait(timeout=20)


def faults_of(page: Page) -> list[str]:
    """A list that gets what the page asks of a network, and its errors, as they come."""
    faults: list[str] = []

    def local_only(request: Request) -> None:
        local = ("file:", "data:", "blob:", "http://localhost:", "http://127.0.0.1:")
        if not request.url.startswith(local):
            faults.append(f"asked for {request.url}")

    page.on("request", local_only)
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: faults.append(message.text) if message.type == "error" else None,
    )
    return faults


def settled(page: Page) -> None:
    """Wait until the Streamlit page has answered all that was asked so far."""
    page.wait_for_function(
        """() => {
            const app = document.querySelector('[data-testid="stApp"]');
            return app && app.dataset.testScriptState === "notRunning"
                && document.querySelector('[role="tab"]')
                && !document.querySelector('[data-testid="stSpinner"]');
        }""",
        timeout=PATIENCE,
    )


def visit(page: Page, path: Path, scheme: str = "light") -> Page:
    """Open a page and wait until its charts are drawn; each of them must be."""
    page.emulate_media(color_scheme=scheme)
    page.goto(path.resolve().as_uri())
    charts = page.locator("figure.chart").count()
    if charts:
        page.wait_for_selector("html[data-charts=drawn]", timeout=30_000, state="attached")
    drawn = page.locator("figure.chart").evaluate_all(
        "figures => figures.filter(figure => figure.querySelector('svg.main-svg')).length"
    )
    assert drawn == charts
    return page


def violations(page: Page, rules: list[str] | None = None) -> dict[str, list[str]]:
    """What axe-core finds wrong: rule, and the elements; by default of WCAG, levels A and AA."""
    from axe_playwright_python.sync_playwright import Axe

    # That nothing else is wanted spares axe the description of every element that is right.
    options: dict[str, Any] = {
        "runOnly": {"type": "rule", "values": rules}
        if rules
        else {"type": "tag", "values": LEVELS},
        "resultTypes": ["violations"],
        # Styles are in the page, or on disk, where no request gets them.
        "preload": False,
    }
    found = Axe().run(page, options=options).response["violations"]
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}


def headings(page: Page) -> list[int]:
    """Levels of the headings, in the page's order."""
    return page.locator("h1, h2, h3, h4, h5, h6").evaluate_all(
        "headings => headings.map(heading => Number(heading.tagName[1]))"
    )


def assert_sound(page: Page) -> None:
    """One h1 and no skipped level, a language, no violation of accessibility."""
    levels = headings(page)
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.locator("html").get_attribute("lang") == "en"
    assert violations(page) == {}


def assert_sound_in_the_dark(page: Page) -> None:
    """What was sound in the light is so in the dark: only its colours are others."""
    # A matter of style sheets alone: no script of the page asks for it.
    page.emulate_media(color_scheme="dark")
    assert violations(page, ["color-contrast", "link-in-text-block"]) == {}
