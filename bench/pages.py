"""How large pages are and how soon they open: many features, many rows, all in one file.

500 features over 12 windows in Chromium: megabytes beside plotly.js, seconds until the page can be
used, of a search and of a filter. Pages of 25,000 and of 1,000,000 rows, and report.html of the
flights.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftlib.reporting import run_report

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = re.compile(rb"<script[^>]*>.*?</script>", re.S)
# plotly.js is by far the largest script of a page.
PLOTLY = 1_000_000
FEATURES, WINDOWS, MANY_ROWS, FEW_ROWS = 500, 12, 1_000_000, 25_000


def main() -> None:
    """Print sizes in megabytes and seconds."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        page = _report(here, "wide", _wide(), ("drift",)) / "drift.html"
        print(f"{FEATURES} features x {WINDOWS} windows: drift.html {_size(page)}")
        _open(page)
        for rows in (FEW_ROWS, MANY_ROWS):
            found = _report(here, str(rows), _long(rows), ("baseline", "drift", "performance"))
            names = ("baseline.html", "drift.html", "performance.html", "report.html")
            sizes = ", ".join(f"{name} {_size(found / name)}" for name in names)
            print(f"{rows:,} rows a side: {sizes}")
        output = here / "flights"
        run_report(output=output, progress=False)
        whole = (output / "report.html").stat().st_size / 1e6
        print(f"flights: report.html {whole:.1f} MB, {_size(output / 'report.html')}")


def _wide() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw periods of many features, a tenth of which moves in the second half of current."""
    rng = np.random.default_rng(0)
    names = [f"feature_{number:03}" for number in range(FEATURES)]
    reference, current = (
        pd.DataFrame(rng.normal(size=(2400, FEATURES)), columns=names) for _ in "ab"
    )
    current.loc[1200:, names[::10]] += 1
    for frame, start in ((reference, "2023-01-01"), (current, "2024-01-01")):
        frame["when"] = pd.date_range(start, periods=len(frame), freq="3h40min")
    return reference, current


def _long(rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw periods of so many rows and eight features, with labels and scores."""
    rng = np.random.default_rng(0)
    frames = []
    for start, shift in (("2023-01-01", 0.0), ("2024-01-01", 0.5)):
        x = rng.normal(size=(rows, 6))
        x[:, 0] += shift
        frame = pd.DataFrame(x, columns=[f"x{number}" for number in range(6)])
        frame["group"] = rng.choice(list("abcde"), rows)
        frame["count"] = rng.poisson(3, rows)
        score = 1 / (1 + np.exp(-x[:, 0] - x[:, 1]))
        frame["y_proba"], frame["y_pred"] = score, (score > 0.5).astype(int)
        frame["y_true"] = (rng.random(rows) < score).astype(int)
        seconds = np.linspace(0, 364 * 86_400, rows).astype(int)
        frame["when"] = pd.Timestamp(start) + pd.to_timedelta(seconds, unit="s")
        frames.append(frame)
    return frames[0], frames[1]


def _report(
    folder: Path, name: str, sides: tuple[pd.DataFrame, pd.DataFrame], notebooks: tuple[str, ...]
) -> Path:
    """Write both periods as files and make a report of them."""
    parameters: dict[str, Any] = {"timestamp": "when", "window": "MS"}
    for role, frame in zip(("reference", "current"), sides, strict=True):
        path = folder / f"{name}_{role}.parquet"
        frame.to_parquet(path)
        parameters[role] = str(path)
    paths = [ROOT / "notebooks" / f"{notebook}.ipynb" for notebook in notebooks]
    run = run_report(parameters, output=folder / name, notebooks=paths, progress=False)
    assert not run.failed
    return folder / name


def _size(path: Path) -> str:
    """Megabytes of a page without plotly.js."""
    content = path.read_bytes()
    script = sum(len(found) for found in SCRIPT.findall(content) if len(found) > PLOTLY)
    return f"{(len(content) - script) / 1e6:.2f} MB of its own"


def _open(path: Path) -> None:
    """Open a page in Chromium and use its rows of features."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("No Chromium to open it in.")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        page.locator(".feature-controls").wait_for(state="visible")
        opened = time.perf_counter() - start
        page.wait_for_selector("html[data-charts=drawn]", state="attached")
        drawn = time.perf_counter() - start
        told = page.locator(".features output")
        seconds = {}
        for action in ("search", "filter", "scroll", "open a row"):
            start = time.perf_counter()
            if action == "search":
                page.get_by_label("Search by name").fill("feature_49")
                assert told.inner_text().startswith("10 of")
                page.get_by_label("Search by name").fill("")
            elif action == "filter":
                page.get_by_label("Severity", exact=True).select_option("3")
                assert not told.inner_text().startswith("500 of")
                page.get_by_label("Severity", exact=True).select_option("0")
            elif action == "scroll":
                for place in range(0, 30_000, 1000):
                    page.evaluate(
                        "y => new Promise(d => { scrollTo(0, y); requestAnimationFrame(d); })",
                        place,
                    )
            else:
                page.locator(".feature-table .opens").first.click()
                page.locator(".picture-row .main-svg").first.wait_for()
            seconds[action] = time.perf_counter() - start
        print(
            f"opens in {opened:.1f} s, all charts drawn in {drawn:.1f} s; "
            + ", ".join(f"{action} {value:.2f} s" for action, value in seconds.items())
        )
        browser.close()
