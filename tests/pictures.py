"""Takes the README's pictures from rendered reports: python -m tests.pictures reports"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser import served, settled, visit

FOLDER = Path(__file__).parents[1] / "notebooks" / "pictures"
SIZE = {"width": 1120, "height": 760}
# Picture's name: report, and what is to stand on top of it.
PICTURES = {
    "drift": ("drift.html", "//h2[.='Which features moved, and when']"),
    "performance": ("performance.html", "//h2[.='Why it changed']/following::figure[1]"),
    "demo": ("demo.html", "//h2[.='Two dials']/following::figure[1]"),
    "index": ("index.html", "//h1"),
}


def take(page: Page, name: str, top: str) -> None:
    """Save what a page shows from an element down."""
    page.locator(top).first.evaluate("element => element.scrollIntoView()")
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"{name}.png")
    print(FOLDER / f"{name}.png")


def main() -> None:
    """Open the folder's reports and the Streamlit page in Chromium."""
    reports = Path(sys.argv[1] if len(sys.argv) > 1 else "reports")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, served(FOLDER.parents[1]) as address:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport=SIZE)
        for name, (file, top) in PICTURES.items():
            take(visit(page, reports / file), name, top)
        page.goto(address)
        settled(page)
        take(page, "page", "h1")
        browser.close()


if __name__ == "__main__":
    main()
