"""A row a feature: its numbers are those of the results, its names are harmless, it stays small."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.html import page
from driftlib.html.feature_rows import heat_strip, write_feature_rows
from driftlib.reporting.feature_rows import FEATURES_MIME, feature_rows

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(0)
    reference = pd.DataFrame({"calm": rng.normal(size=600), "moved": rng.normal(size=600)})
    reference[HOSTILE] = rng.choice(["a", "b"], 600)
    current = reference.assign(moved=reference["moved"] + np.repeat([0.0, 2.0], 300), y_pred=1)
    current.loc[:99, "calm"] = np.nan
    result = dl.detect_drift(reference, current)
    trend = dl.drift_trend(reference, current, window=300)
    return result, trend, feature_rows(result, trend)


def test_rows_have_the_numbers_of_the_results_worst_first(found):
    result, trend, rows = found
    content = rows.content
    by_name = {row["name"]: row for row in content["rows"]}
    ranks = [row["severity"] for row in content["rows"]]
    assert ranks == sorted(ranks, key=["major", "moderate", "minor", "none"].index)
    moved = by_name["moved"]
    assert moved["psi"] == pytest.approx(result.table.loc["moved", "psi"], abs=1e-4)
    assert moved["note"] == result.table.loc["moved", "note"]
    assert by_name["calm"]["missing"] == [0.0, pytest.approx(1 / 6, abs=1e-4)]
    part = trend.table[trend.table["feature"] == "moved"]
    assert moved["severities"] == part["severity"].tolist()
    assert moved["psis"] == pytest.approx(part["psi"].tolist(), abs=1e-4)
    assert content["windows"] == ["1 to 300", "301 to 600"]
    assert sum(moved["current"]) == pytest.approx(1, abs=1e-3)
    halves = np.array(moved["by_window"], dtype=float)
    assert np.allclose(halves.mean(axis=0), moved["current"], atol=2e-4)


def test_names_from_the_data_are_no_markup_and_the_data_are_json(found):
    text = write_feature_rows(found[2].content, "features-1")
    assert "<img" not in text
    data = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)[1]
    pictures = json.loads(data)["pictures"]
    assert {"calm", "moved"} < {picture["name"] for picture in pictures}
    rows = re.findall(r'data-at="(\d+)" data-name="([^"]*)"', text)
    assert [int(at) for at, _ in rows] == list(range(len(pictures)))
    for name in re.findall(r'(?:for|list)="([^"]+)"', text):
        assert f'id="{name}"' in text
    bundle = found[2]._repr_mimebundle_()
    assert bundle[FEATURES_MIME] is found[2].content
    assert "<script" not in bundle["text/html"]


def test_a_strip_says_in_words_when_a_feature_moved():
    strip = heat_strip([0.1, None, 3.0], ["none", "none", "major"], ["a", "b", "<c>"])
    assert 'aria-label="drift in 1 of 3 windows, most in &lt;c&gt;"' in strip
    assert strip.count("<rect") == 3
    assert "alone" not in strip
    strip = heat_strip([3.0, 3.0], ["major", "major"], ["a", "b"], [True, False])
    assert "drift in 2 of 2 windows, most in a, 1 of them no alarm of the run" in strip
    assert strip.index('class="heat-major"') < strip.index('class="heat-major alone"')


def test_rows_are_searched_filtered_sorted_and_opened_in_a_browser(found, browser, tmp_path):
    path = tmp_path / "rows.html"
    body = f"<main><h1>Rows</h1>{write_feature_rows(found[2].content, 'features-1')}</main>"
    path.write_text(page.document("Rows", body, charts=True))
    sheet = browser.new_page()
    failures: list[str] = []
    sheet.on("pageerror", lambda error: failures.append(str(error)))
    sheet.goto(path.as_uri())
    shown = sheet.locator(".feature-table tbody tr:visible")
    count = shown.count()
    sheet.get_by_label("Search by name").fill("MOV")
    assert shown.count() == 1
    assert sheet.locator("output").inner_text() == f"1 of {count} shown"
    button = sheet.get_by_role("button", name="moved")
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    sheet.wait_for_selector(".picture-row .main-svg")
    assert sheet.locator(".picture-row option").all_inner_texts() == [
        "all",
        "1 to 300",
        "301 to 600",
    ]
    button.press("Enter")
    assert sheet.locator(".picture-row").count() == 0
    sheet.get_by_label("Search by name").fill("")
    sheet.get_by_label("Severity", exact=True).select_option("3")
    assert shown.count() < count
    sheet.get_by_label("Severity", exact=True).select_option("0")
    sheet.get_by_role("button", name="feature").click()
    names = [text.lower() for text in sheet.locator("tbody th").all_inner_texts()]
    assert names == sorted(names)
    assert not failures
    sheet.close()
