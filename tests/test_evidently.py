"""Evidently's reports beside ours: what it cannot handle is left out, what it runs is harmless."""

from __future__ import annotations

import importlib.util
import os
import sys

import numpy as np
import pandas as pd
import pytest

from driftlib.errors import DataError, MissingExtraError, ParameterError
from driftlib.reporting import evidently_report, run_report
from driftlib.reporting.evidently import _harmless, _larger
from tests.browser import visit

HOSTILE = "<img src=x onerror=window.hacked=1>"
HOSTILE_SCRIPT = "</script><script>window.hacked=2</script>"

needs_evidently = pytest.mark.skipif(
    importlib.util.find_spec("evidently") is None, reason="Evidently is not installed"
)


def batch(rng: np.random.Generator, shift: float, rows: int = 300) -> pd.DataFrame:
    """A batch with every column that is known to trouble Evidently."""
    true = rng.integers(0, 2, rows)
    return pd.DataFrame(
        {
            "moved": rng.normal(3 * shift, 1, rows),
            HOSTILE: rng.normal(0, 1, rows),
            HOSTILE_SCRIPT: rng.choice(["a", HOSTILE, HOSTILE_SCRIPT], rows),
            "col_empty": [None] * rows,
            "col_infinite": [np.inf] * rows,
            "nullable": pd.array(rng.integers(0, 5, rows), dtype="Int64"),
            "flag": rng.random(rows) < 0.5,
            "col_nested": [[1]] * rows,
            "col_when": pd.Timestamp("2013-01-01"),
            "y_true": pd.array(np.where(rng.random(rows) < 0.05, pd.NA, true), dtype="Int64"),
            "y_pred": (true + (rng.random(rows) < 0.2)) % 2,
            "y_proba": rng.random(rows),
        }
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    if importlib.util.find_spec("evidently") is None:
        pytest.skip("Evidently is not installed")
    rng = np.random.default_rng(7)
    sides = batch(rng, 0).assign(only_here=1.0), batch(rng, 1)
    more = {"col_id": np.arange(300.0), "col_customer": np.arange(300) % 30}
    reference, current = (side.assign(**more) for side in sides)
    folder = tmp_path_factory.mktemp("evidently")
    return evidently_report(reference, current, folder, exclude=["col_id"], unit="col_customer")


def test_one_sentence_where_evidently_is_not_installed(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "evidently", None)
    frame = pd.DataFrame({"x": [1.0, 2.0]})
    with pytest.raises(MissingExtraError, match=r"install it with  pip install .*\[evid"):
        evidently_report(frame, frame, tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "evidently" else find(name)
    )
    notebook = tmp_path / "drift.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    with pytest.raises(MissingExtraError, match="Evidently's report needs the package evidently"):
        run_report(output=tmp_path / "out", notebooks=notebook, evidently=True, progress=False)
    assert not (tmp_path / "out").exists()


@needs_evidently
def test_evidently_needs_to_know_the_data(tmp_path) -> None:
    notebook = tmp_path / "drift.ipynb"
    notebook.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    with pytest.raises(ParameterError, match="no notebook has the parameters 'reference'"):
        run_report(output=tmp_path / "out", notebooks=notebook, evidently=True, progress=False)


def test_names_are_harmless_and_still_distinct() -> None:
    names = _harmless(["<a>", "\u2039a\u203a", "a&b", "plain"])
    assert not set("<>&") & set("".join(names.values()))
    assert len(set(names.values())) == 4
    assert names["plain"] == "plain"


def test_the_larger_label_is_positive_by_number_where_labels_are_numbers() -> None:
    assert _larger(["9", "10"]) == "10"
    assert _larger(["no", "yes"]) == "yes"


@pytest.mark.xdist_group("evidently")
def test_both_pages_are_written(written) -> None:
    drift, classification = written
    assert drift.name == "evidently_drift.html"
    assert classification.name == "evidently_classification.html"
    text = drift.read_text(encoding="utf-8")
    for name in ("moved", "nullable", "flag"):
        assert name in text
    absent = ["only_here", "col_empty", "col_infinite", "col_nested", "col_when", "col_id"]
    for name in [*absent, "col_customer"]:
        assert name not in text
    assert "y_true" in classification.read_text(encoding="utf-8")
    assert os.environ["DO_NOT_TRACK"] == "1"


@pytest.mark.xdist_group("evidently")
@pytest.mark.browser
def test_no_name_runs_on_evidentlys_pages(page, written) -> None:
    for path in written:
        visit(page, path)
        page.wait_for_selector("h5, h4, h3, table", timeout=30_000)
        assert page.evaluate("window.hacked") is None
        assert page.locator("img[src=x]").count() == 0


@needs_evidently
def test_nothing_to_compare_is_one_sentence(tmp_path) -> None:
    left, right = pd.DataFrame({"x": [1.0, 2.0]}), pd.DataFrame({"z": [1.0, 2.0]})
    with pytest.raises(DataError, match="no column can be compared"):
        evidently_report(left, right, tmp_path)
