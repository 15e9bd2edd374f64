"""What a rendered page must be for its reader, asked of a real browser."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


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


def violations(page: Page) -> dict[str, list[str]]:
    """What axe-core finds wrong by WCAG, levels A and AA: rule, and the elements."""
    from axe_playwright_python.sync_playwright import Axe

    options: dict[str, Any] = {"runOnly": {"type": "tag", "values": LEVELS}}
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
