"""Pictures of a diagnosis show its numbers and say its verdict."""

import json
import re

import pandas as pd
import pytest

import driftlib as dl
from driftlib import visualization as charts
from driftlib.diagnosis.windows import diagnose_windows


@pytest.fixture(scope="module")
def data():
    return dl.simulate(1500, feature_drift=0.5, label_flips=0.2, seed=1)


@pytest.fixture(scope="module")
def why(data):
    return dl.diagnose(data.reference, data.current, timestamp="timestamp")


def complete(figure):
    meta = figure.layout.meta
    assert meta["caption"]
    assert meta["alt"]
    assert meta["table"]["rows"]
    assert len(json.dumps(figure.to_plotly_json()["layout"]["meta"])) < 20_000


def test_waterfall_steps_from_reference_to_current(why):
    figure = charts.loss_waterfall(why)
    complete(figure)
    reference, current, steps = figure.data[:3]
    assert reference.y[0] == why.loss_reference
    assert current.y[0] == why.loss_current
    assert list(steps.y) == pytest.approx(
        why.terms.loc[["covariate_common", "concept", "covariate_unseen"], "value"].tolist()
    )
    assert steps.base[0] == why.loss_reference
    assert steps.base[2] + steps.y[2] == pytest.approx(why.loss_current, abs=1e-6)
    assert figure.layout.title.text.startswith("Data and concept drift")


def test_waterfall_without_labels_leaves_the_concept_out(data, few_trees):
    why = dl.diagnose(data.reference, data.current.drop(columns="y_true"), timestamp="timestamp")
    figure = charts.loss_waterfall(why)
    complete(figure)
    assert not any("other outcomes" in str(x) for trace in figure.data for x in trace.x)


def test_windows_are_stacked_and_named_by_verdict(data, few_trees):
    timeline = diagnose_windows(
        data.reference, data.current, window="14D", on="timestamp", max_rows=1500
    )
    figure = charts.diagnosis_over_windows(timeline)
    complete(figure)
    concept = next(trace for trace in figure.data if "outcomes" in trace.name)
    table = timeline.table
    assert list(concept.y) == pytest.approx(table.loc[table["term"] == "concept", "value"].tolist())
    assert figure.layout.title.text.startswith("Each judged alone: ")
    assert "oncept drift" in figure.layout.title.text


def test_windows_of_segments_are_no_single_row_of_bars(data, few_trees):
    timeline = diagnose_windows(data.reference, data.current, by="contract", max_rows=500)
    with pytest.raises(
        dl.DriftlibError, match="has segments \\('contract'\\): pass one without by="
    ):
        charts.diagnosis_over_windows(timeline)


def test_features_and_segments(why):
    features = charts.feature_attribution(why)
    complete(features)
    effects = why.features["effect"]
    assert features.data[0].x[0] == effects[effects.abs().idxmax()]
    assert effects.abs().idxmax() in features.layout.title.text
    segments = charts.segment_effects(why)
    complete(segments)
    assert list(segments.data[0].x) == why.segments["effect"].tolist()


def test_names_from_the_data_are_escaped(data, few_trees):
    name = "<img src=x onerror=alert(1)>"
    frames = [side.rename(columns={"monthly_charge": name}) for side in vars(data).values()]
    why = dl.diagnose(*frames, timestamp="timestamp")
    for figure in (charts.feature_attribution(why), charts.segment_effects(why)):
        drawn = json.dumps([figure.layout.title.text, *(str(list(t.y)) for t in figure.data)])
        assert "<img" not in drawn


def test_a_squared_error_is_drawn_as_its_root_and_its_changes_in_per_cent(rng):
    frame = pd.DataFrame({"x": rng.normal(size=800), "y_true": rng.normal(100, 60, 800)})
    frame["y_pred"] = frame["y_true"] + rng.normal(0, 50, 800)
    figure = charts.loss_waterfall(dl.diagnose(frame[:400], frame[400:]))
    words = [note.text for note in figure.layout.annotations]
    root = ((frame["y_true"] - frame["y_pred"]) ** 2)[:400].mean() ** 0.5
    assert words[0] == f"root {root:.3g}"
    assert all(word.endswith(" %") for word in words[2:])
    assert f"reference root {root:.3g};" in figure.layout.meta["alt"]


def test_no_window_that_could_be_diagnosed_is_no_chart(data):
    timeline = diagnose_windows(
        data.reference, data.current[:6], window=1, features=["usage_hours"], max_rows=1500
    )
    with pytest.raises(dl.DriftlibError, match=r"In no window .*: current has 1 row,"):
        charts.diagnosis_over_windows(timeline)


def test_windows_without_labels_are_no_chart(data, few_trees):
    current = data.current.drop(columns="y_true")
    timeline = diagnose_windows(data.reference, current, features=["usage_hours"], max_rows=1500)
    with pytest.raises(dl.DriftlibError, match="In no window is it known how the loss changed"):
        charts.diagnosis_over_windows(timeline)


def test_effects_on_a_squared_error_are_in_per_cent_of_it(rng):
    frame = pd.DataFrame({"x": rng.normal(size=1200), "z": rng.normal(size=1200)})
    frame.loc[600:, "x"] += 1
    frame["y_true"], frame["y_pred"] = 100 * frame["x"] ** 2, 0.0
    why = dl.diagnose(frame[:600], frame[600:])
    first = why.features["effect"].sort_values(key=abs).iloc[-1]
    assert abs(first) > 1000
    share = f"({100 * first / why.loss_reference:+,.0f} %)"
    assert share in charts.feature_attribution(why).layout.title.text
    title = charts.segment_effects(why).layout.title.text
    assert title == "No group of rows stands out" or not re.search(r"\([+-][\d,]+\.", title)


def test_panels_side_by_side_have_names_that_fit(rng):
    frame = pd.DataFrame({"y_true": rng.normal(size=200)})
    frame["y_pred"] = frame["y_true"] + rng.normal(size=200)
    perf = dl.track_performance(frame, window=100)
    three = charts.metric_trend(perf, metrics=["mae", "rmse", "r2"])
    assert [note.text for note in three.layout.annotations] == [
        "<b>Mean absolute error ↓</b>",
        "<b>Root mean squared error ↓</b>",
        "<b>R2</b>",
    ]
    assert "↓: lower is better." in three.layout.meta["caption"]
    one = charts.metric_trend(perf, metrics=["rmse"])
    assert one.layout.yaxis.title.text == "Root mean squared error (lower is better)"
    assert "↓" not in one.layout.meta["caption"]


def test_without_columns_that_changed_the_title_speaks_of_no_concept(why):
    title = charts.loss_waterfall(why, ["tenure"]).layout.title.text
    assert title.startswith("Leaving out tenure, which changed: the Brier score ")
    assert "oncept" not in title
