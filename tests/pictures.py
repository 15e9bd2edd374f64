"""Takes the README's pictures from rendered reports: python tests/pictures.py reports"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "notebooks" / "pictures"
SIZE = {"width": 1120, "height": 700}
# Picture's name: page, and the heading that is to stand on top of it ("" for the page's start).
PICTURES = {
    "drift": ("drift.html", "Which features moved, and when"),
    "performance": ("performance.html", "Why it changed"),
    "demo": ("demo.html", ""),
    "index": ("index.html", ""),
}


def take(page: Page, reports: Path) -> None:
    """Save a picture of each page."""
    FOLDER.mkdir(exist_ok=True)
    for name, (file, heading) in PICTURES.items():
        page.goto((reports / file).resolve().as_uri())
        page.wait_for_timeout(2000)
        if heading:
            page.get_by_role("heading", name=heading, exact=True).first.evaluate(
                "element => element.scrollIntoView()"
            )
            page.wait_for_timeout(1000)
        page.screenshot(path=FOLDER / f"{name}.png")
        print(FOLDER / f"{name}.png")


def main() -> None:
    """Open the folder's pages in Chromium."""
    reports = Path(sys.argv[1] if len(sys.argv) > 1 else "reports")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        take(browser.new_page(viewport=SIZE), reports)
        browser.close()


if __name__ == "__main__":
    main()
