"""Panels: the chart follows the choices, live and in a report; the newest choice wins."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import ThreadpoolController

import driftlib as dl
from driftlib import widgets
from driftlib.data.synthetic import simulate
from driftlib.demo import what_if as steps
from driftlib.demo.what_if import what_if
from driftlib.errors import DataError
from driftlib.performance.decision_threshold import own_threshold, performance_at
from driftlib.reporting.notebook import Dials
from driftlib.visualization.style import figure

ipywidgets = pytest.importorskip("ipywidgets")

CHOICES = {"size": {"small": 1, "large": 2}, "place": {"left": 10, "middle": 20, "right": 30}}


def chart(size: int, place: int) -> Any:
    """A figure that says what it was made of."""
    made = figure(f"<b>{size}</b> at {place}", caption=f"{size} < {place}", alt="x", table=[])
    made.add_bar(x=["a"], y=[size * place])
    return made


@pytest.fixture
def report(monkeypatch):
    monkeypatch.setenv("DRIFTLIB_REPORT", "1")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("DRIFTLIB_REPORT", raising=False)


def controls(box) -> list[Any]:
    return list(box.children[0].children)


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_report_has_a_figure_for_every_combination(report):
    found = widgets.panel([chart], CHOICES, [1, 2])
    assert isinstance(found, Dials)
    assert found.labels == {"size": ("small", "large"), "place": ("left", "middle", "right")}
    assert [made.data[0].y[0] for made in found.figures] == [10, 20, 30, 20, 40, 60]
    assert found.start == (1, 2)


def test_a_report_has_only_the_last_stage(report):
    def quick(*_: int) -> Any:
        raise AssertionError("not for reports")

    assert len(widgets.panel([quick, chart], CHOICES).figures) == 6


def test_a_live_figure_follows_the_choices(live):
    box = widgets.panel([chart], CHOICES, [0, 1])
    size, place = controls(box)
    _, title, shown, caption = box.children
    assert shown.data[0].y == (20,)
    place.index = 2
    wait_for(lambda: shown.data[0].y == (30,))
    size.index = 1
    wait_for(lambda: shown.data[0].y == (60,))
    wait_for(lambda: "2 at 30" in title.value)
    # The caption is written last.
    wait_for(lambda: "2 &lt; 30" in caption.value)
    assert not shown.layout.title.text


def test_controls_are_labelled(live):
    box = widgets.panel([chart], CHOICES)
    assert [control.description for control in controls(box)] == list(CHOICES)
    assert [control.label for control in controls(box)] == ["small", "left"]


def test_the_newest_choice_wins_and_the_rest_is_skipped(live):
    gate, made = threading.Event(), []

    def slow(size: int, place: int) -> Any:
        made.append((size, place))
        if len(made) > 1:
            gate.wait(30)
        return chart(size, place)

    box = widgets.panel([slow], {"size": {"1": 1}, "place": {str(n): n for n in range(50)}})
    place = controls(box)[1]
    for number in range(1, 50):
        place.index = number
    gate.set()
    shown = box.children[2]
    wait_for(lambda: shown.data[0].y == (49,))
    assert made[0] == (1, 0)
    assert made[-1] == (1, 49)
    assert len(made) < 10


def test_a_later_stage_refines_the_first(live):
    stages = [chart, lambda size, place: chart(100 * size, place)]
    box = widgets.panel(stages, CHOICES)
    shown = box.children[2]
    assert shown.data[0].y == (1000,)
    controls(box)[1].index = 1
    wait_for(lambda: shown.data[0].y == (2000,))


def test_a_chart_that_cannot_be_made_says_why_and_the_panel_lives_on(live):
    def fails(size: int, place: int) -> Any:
        if place == 20:
            raise DataError("nothing <here>")
        return chart(size, place)

    box = widgets.panel([fails], CHOICES)
    place, caption, shown = controls(box)[1], box.children[3], box.children[2]
    place.index = 1
    wait_for(lambda: "nothing &lt;here&gt;" in caption.value)
    place.index = 2
    wait_for(lambda: shown.data[0].y == (30,))


def test_figures_of_another_shape_replace_each_other(live):
    def shapes(size: int, place: int) -> Any:
        made = chart(size, place)
        for _ in range(size - 1):
            made.add_scatter(x=[1, 2], y=[float("nan"), place])
        return made

    box = widgets.panel([shapes], CHOICES)
    shown = box.children[2]
    controls(box)[0].index = 1
    wait_for(lambda: len(shown.data) == 2)
    assert shown.data[1].y == (None, 10)
    controls(box)[0].index = 0
    wait_for(lambda: len(shown.data) == 1)


def test_drift_explorer_offers_features_by_name_and_windows_in_order(live):
    data = simulate(800, 1.0, 0.0)
    trend = dl.drift_trend(data.reference, data.current, on="timestamp", window="7D")
    box = widgets.drift_explorer(trend)
    features, weeks = controls(box)
    assert isinstance(features, ipywidgets.Dropdown)
    assert isinstance(weeks, ipywidgets.SelectionSlider)
    assert set(trend.baseline.features) <= {value for _, value in features.options}
    assert [value for _, value in weeks.options] == [None, 0, 1, 2, 3]
    title = box.children[1]
    features.value = "region"
    wait_for(lambda: "region" in title.value)


def test_drift_explorer_of_a_report_is_bounded(report):
    rows = 3000
    rng = np.random.default_rng(0)
    wide = pd.DataFrame({f"f{n}": rng.normal(size=rows) for n in range(30)})
    trend = dl.drift_trend(wide, wide, window=100)
    found = widgets.drift_explorer(trend)
    assert len(found.figures) <= widgets.MOST_STEPS
    assert len(found.labels["window"]) == 13


def test_threshold_explorer_shows_what_that_threshold_gives(report):
    data = simulate(3000, 0.0, 0.1)
    perf = dl.track_performance(data.current, reference=data.reference)
    found = widgets.threshold_explorer(data.current, perf)
    steps = [float(label) for label in found.labels["decision threshold"]]
    own = own_threshold(data.current, perf, "y_pred", "y_proba")
    assert steps == sorted(steps)
    assert abs(steps[found.start[0]] - own) < 0.001
    frame = data.current
    for place in (2, 9):
        called = frame["y_proba"] >= steps[place]
        recall = (called & (frame["y_true"] == 1)).sum() / (frame["y_true"] == 1).sum()
        precision = frame.loc[called, "y_true"].mean()
        table = found.figures[place].layout.meta["table"]
        drawn = sorted(row[table["columns"].index("value")] for row in table["rows"])
        assert drawn == pytest.approx(sorted([recall, precision]), abs=2e-3)


def test_threshold_explorer_needs_two_classes_and_probabilities(live):
    frame = simulate(500).current.drop(columns="y_proba")
    with pytest.raises(dl.DriftlibError, match="two classes and one column of probabilities"):
        widgets.threshold_explorer(frame, dl.track_performance(frame))


def test_rows_without_a_probability_have_no_decision():
    frame = pd.DataFrame(
        {"y_true": ["b", "a", "b"], "y_pred": ["b", "a", "a"], "y_proba": [0.9, 0.2, None]}
    )
    moved = performance_at(0.5, frame, dl.track_performance(frame), metrics=["accuracy"])
    assert moved.table["value"].tolist() == [1.0]
    assert "1 labelled row without a prediction" in moved.table["note"].iloc[0]


# What if


def test_what_if_equals_the_steps_done_by_hand(few_trees):
    found = what_if(0.7, 0.15, rows=1500, seed=4)
    data = simulate(1500, 0.7, 0.15, 4)
    why = dl.diagnose(data.reference, data.current, timestamp="timestamp")
    pd.testing.assert_frame_equal(found.why.terms, why.terms)
    right = (data.current["y_true"] == data.current["y_pred"]).mean()
    assert found.realised.table["value"].iloc[0] == pytest.approx(right)
    assert found.estimated.table["n"].iloc[0] == 1500


def test_label_flips_move_the_concept_and_nothing_else(few_trees):
    before, after = what_if(0.5, 0.0, rows=2000), what_if(0.5, 0.25, rows=2000)
    moved = after.why.terms["value"] - before.why.terms["value"]
    assert moved["concept"] > 0.05
    assert abs(moved["covariate_common"]) < 0.01
    pd.testing.assert_frame_equal(before.trend.table, after.trend.table)
    assert before.estimated is after.estimated


def test_feature_drift_moves_the_covariate_terms():
    before, after = what_if(0.0, 0.0, rows=2000), what_if(1.0, 0.0, rows=2000)
    value = after.why.terms["value"]
    assert value["covariate_common"] + value["covariate_unseen"] > 0.05
    assert abs(value["concept"]) < 0.03
    assert before.why.verdict == "stable"
    assert after.why.verdict == "data drift"


def test_what_if_leaves_the_other_threads_of_blas_alone(few_trees, monkeypatch):
    pools = ThreadpoolController().select(user_api="blas")

    def threads():
        return {pool["num_threads"] for pool in pools.info()}

    inside = []
    estimate = steps.estimate_performance
    monkeypatch.setattr(
        steps,
        "estimate_performance",
        lambda *args, **options: inside.append(threads()) or estimate(*args, **options),
    )
    with pools.limit(limits=2):
        before = threads()
        what_if(0.6, 0.0, rows=400, seed=9)
        assert threads() == before
    assert inside == [{1}]


def test_what_if_explorer_starts_where_it_is_told(report, monkeypatch, few_trees):
    monkeypatch.setattr(widgets, "DRIFTS", (0.0, 0.5))
    monkeypatch.setattr(widgets, "FLIPS", (0.0, 0.1))
    found = widgets.what_if_explorer(0.45, 0.11, rows=400)
    names = list(found.labels)
    start = [found.labels[name][at] for name, at in zip(names, found.start, strict=True)]
    assert start == ["0.5 sd", "10 %"]
    assert len(found.figures) == 4
