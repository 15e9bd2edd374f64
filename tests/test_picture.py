"""Every result has a picture on request, and a page of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

import driftlib as dl


@pytest.fixture(scope="module")
def frames():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"<b>x</b>": rng.normal(size=400), "y_true": np.arange(400) % 2})
    frame["y_pred"] = frame["y_true"]
    return frame, frame.assign(**{"<b>x</b>": frame["<b>x</b>"] + 1, "y_pred": 1})


def test_results_draw_and_show_themselves(frames, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    results = [
        dl.detect_drift(*frames),
        dl.drift_trend(*frames, window=200),
        dl.track_performance(frames[1], reference=frames[0], window=200),
        dl.outcome_rates(frames[1], frames[0], window=200),
        dl.estimate_performance(*(side.assign(y_proba=0.5) for side in frames)),
    ]
    for result in results:
        assert isinstance(result.plot(), go.Figure)
        path = result.show(tmp_path / "page.html")
        text = path.read_text(encoding="utf-8")
        assert text.count("<h1>") == 1
        assert "<b>x" not in text
    assert not opened
    page = results[0].show()
    assert opened == [page.as_uri()]


def test_what_has_no_picture_says_so_and_still_has_a_page(frames, tmp_path):
    domain = dl.fit_domain(frames[0][["<b>x</b>"]], frames[1][["<b>x</b>"]])
    with pytest.raises(dl.DriftlibError, match="no picture of a result of kind Domain"):
        domain.plot()
    assert "no picture" in domain.show(tmp_path / "d.html").read_text(encoding="utf-8")
