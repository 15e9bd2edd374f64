"""What every test module shares: version header, reproducible hypothesis, an offline browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import settings

from driftlib.domain.boosting import OF_FEW, OF_MANY
from tests.browser import faults_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Kernels and servers that tests start import the same packages again and again: what was
# compiled once is kept, whatever the shell says.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# As in the worker of a report: jsonschema would take 3 s to load it, in each process.
sys.modules["rfc3987_syntax"] = None

# Same examples on every run; no deadline, because the first example pays for late imports.
settings.register_profile("driftlib", derandomize=True, deadline=None)
settings.load_profile("driftlib")


def pytest_report_header() -> str:
    names = ("numpy", "pandas", "pyarrow", "scipy", "scikit-learn", "plotly")
    return "versions: " + ", ".join(f"{name} {version(name)}" for name in names)


def pytest_configure(config: pytest.Config) -> None:
    # Groups of tests are run in the order below, not by how many tests they have.
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a file in one process, which then makes their fixtures once.

    Files and groups with a slow test come first, so that no process is left with one at the end.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    slow = {group_of(item) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: group_of(item) not in slow)


def group_of(item: pytest.Item) -> str:
    """Name of the group of tests that one process runs."""
    return item.get_closest_marker("xdist_group").args[0]


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same on every run."""
    return np.random.default_rng(2013)


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models, where any will do: what is tested is that two ways give the same."""
    for options in (OF_FEW, OF_MANY):
        monkeypatch.setitem(options, "max_iter", 5)


# Not for the session: a running Playwright keeps an event loop in the thread, which the notebook
# tests that follow on the same worker must not find there.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; the test is skipped where there is none."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, filter(None, names))), None)
    if path is None:
        pytest.skip("no Chromium found: install it, or name it with CHROMIUM=/path")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    arguments += ["--disable-sync", "--disable-component-update"]
    # No request goes out: Playwright's own way, routes, would load every script anew.
    arguments.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()


# One for all pages of a module, which load the scripts of a server only once.
@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser's memory: what it was sent, and stored."""
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test if it asks anything of a network or logs a console error."""
    page = context.new_page()
    faults = faults_of(page)
    yield page
    page.close()
    assert not faults, faults
