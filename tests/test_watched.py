"""Metrics that a report watches, what it says of them, and what it says when there are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib import visualization as charts
from driftlib.data.synthetic import simulate
from driftlib.html.table import write_frame
from driftlib.reporting import drift_tables, performance_verdicts, tables, watched
from driftlib.reporting.app import Findings
from driftlib.reporting.sections import Sections, Unavailable, attempt, say


@pytest.fixture(scope="module")
def data():
    return simulate(2000, 0.0, 0.25, seed=3)


@pytest.fixture(scope="module")
def perf(data):
    before = dl.track_performance(data.reference)
    judged = watched.set_limits(data.reference, before, watched.choose_metrics([before]), 0.05)
    return dl.track_performance(data.current, window=500, **judged)


def test_the_most_telling_metrics_are_watched(perf, data):
    assert watched.choose_metrics([perf]) == ["roc_auc", "brier", "precision", "recall"]
    assert watched.choose_metrics([perf], ["f1"]) == ["f1"]
    plain = dl.track_performance(data.current.drop(columns="y_proba"))
    assert watched.choose_metrics([Unavailable("no"), plain])[0] == "precision"
    assert watched.choose_metrics([Unavailable("no")]) == ["accuracy"]


def test_thresholds_are_a_share_of_the_reference_in_the_metrics_own_direction(perf):
    known = perf.reference.set_index("metric")["value"]
    limits = perf.table.groupby("metric")["threshold"].first()
    assert limits["roc_auc"] == pytest.approx(0.95 * known["roc_auc"], rel=1e-5)
    assert limits["brier"] == pytest.approx(1.05 * known["brier"], rel=1e-5)
    assert np.isnan(limits["f1"])


def test_focus_keeps_values_and_orders_them(perf):
    order = ["recall", "roc_auc"]
    main = watched.keep_metrics(perf, order)
    assert main.table["metric"].tolist() == order * 4
    assert main.reference["metric"].tolist() == order
    merged = main.table.merge(perf.table, on=["window", "metric"])
    assert (merged["value_x"] == merged["value_y"]).all()


def test_available_is_the_first_that_there_is(perf):
    gone = Unavailable("no labels")
    assert watched.pick_available(gone, perf) == [perf]
    assert watched.pick_available(gone, gone) == []


def test_the_verdict_names_metric_window_and_cause(perf, data):
    why = dl.diagnose(data.reference, data.current, timestamp="timestamp")
    main = watched.keep_metrics(perf, watched.choose_metrics([perf]))
    words = performance_verdicts.performance_verdict(main, Unavailable("no"), why)
    worst = main.table[main.table["metric"] == "roc_auc"]["value"].min()
    assert words.startswith("ROC AUC is worse than tolerated in all 4 windows")
    assert f"{worst:.3g} " in words
    assert "Concept drift: the Brier score rose by" in words


def test_the_verdict_says_when_nothing_is_worse(data):
    judged = watched.set_limits(
        data.reference, dl.track_performance(data.reference), ["roc_auc"], 0.05
    )
    same = watched.keep_metrics(dl.track_performance(data.reference, **judged), ["roc_auc"])
    words = performance_verdicts.performance_verdict(same, Unavailable("no"), Unavailable("no"))
    value = same.table["value"].iloc[0]
    sentence = "The watched metric is not worse than tolerated."
    assert words == f"{sentence} ROC AUC: {value:.3g}, {value:.3g} in the reference."


def test_the_verdict_says_noise_where_a_value_is_beyond_its_limit():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y_true": rng.normal(100, 50, 300)})
    frame["y_pred"] = frame["y_true"] + rng.normal(0, 20, 300)
    limits = {"mae": "+1"}
    worse = frame.assign(y_pred=frame["y_true"] + 1.1 * (frame["y_pred"] - frame["y_true"]))
    for now, words in ((worse, "tolerated by more than noise. Mean"), (frame, "tolerated. Mean")):
        perf = dl.track_performance(now, reference=frame, thresholds=limits, metrics=["mae"])
        verdict = performance_verdicts.performance_verdict(
            perf, Unavailable("no"), Unavailable("no")
        )
        assert f"The watched metric is not worse than {words} absolute error" in verdict


def test_the_verdict_without_labels_is_the_estimate_or_the_reason(data):
    unlabelled = data.current.drop(columns="y_true")
    estimate = dl.estimate_performance(data.reference, unlabelled, metrics=["accuracy"])
    gone = attempt(dl.track_performance, unlabelled)
    words = performance_verdicts.performance_verdict(gone, estimate, gone)
    assert words.startswith("There are no labels in the current data. Estimated without them:")
    words = performance_verdicts.performance_verdict(gone, gone, gone)
    assert words.startswith("Performance cannot be judged: current has no column 'y_true'")


def test_the_verdict_names_a_single_window_once():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"y_true": rng.normal(100, 50, 400)})
    frame["y_pred"] = frame["y_true"] + rng.normal(0, 20, 400)
    now = frame.copy()
    now.loc[100:199, "y_pred"] += 60
    perf = dl.track_performance(
        now, window=100, reference=frame, thresholds={"mae": "+1"}, metrics=["mae"]
    )
    words = performance_verdicts.performance_verdict(perf, Unavailable("no"), Unavailable("no"))
    assert words.count("rows 101 to 200") == 1
    assert words == (
        "No watched metric is worse now. Mean absolute error was worse than tolerated in rows 101 "
        "to 200: 58.3, 17.3 in rows 301 to 400, 16 in the reference."
    )


def test_reasons_on_a_page_are_brief_and_name_no_function(data):
    bare = data.current[["monthly_charge"]]
    half = data.current.drop(columns=["y_pred", "y_proba"])
    for call in (
        lambda: attempt(dl.track_performance, bare),
        lambda: attempt(dl.track_performance, half),
        lambda: attempt(dl.estimate_performance, data.reference, bare),
        lambda: attempt(dl.diagnose, bare, bare),
    ):
        reason = call().reason
        assert "has no column 'y_" in reason
        assert len(reason) < 110
        assert not [word for word in ("Pass", "estimate_", "it has") if word in reason]


def test_one_window_is_not_drawn_as_a_course(data):
    trend = dl.drift_trend(data.reference, data.current)
    assert "are one window" in attempt(watched.require_windows, trend).reason
    several = dl.drift_trend(data.reference, data.current, window=1000)
    assert watched.require_windows(several) is several


def test_inputs_that_do_not_differ_are_not_shared_out():
    same = simulate(1500, 0.0, 0.3, seed=8)
    why = dl.diagnose(same.reference, same.current, timestamp="timestamp")
    assert not why.verdict_inputs.inputs_differ
    assert "do not differ" in attempt(watched.require_overlap, why).reason
    title = charts.feature_attribution(why).layout.title.text
    assert "the loss most" not in title


def test_the_time_and_what_was_excluded_are_listed_as_no_features(data):
    baseline = dl.as_baseline(data.reference, timestamp="timestamp", exclude=["region"])
    table = tables.left_out_table(baseline, ["region"]).set_index("column")["why"]
    assert table["timestamp"] == "says when a row was seen: no feature"
    assert table["region"] == "left out by exclude"


def test_segments_are_judged_or_a_sentence_says_why_not(data):
    names = {"y_true": "y_true"}
    (found,) = watched.track_segments(data.current, ["region"], "accuracy", names)
    assert found.by == ("region",)
    (none,) = watched.track_segments(data.current, [], "accuracy", names)
    assert none.reason.startswith("No column of categories")
    (wrong,) = watched.track_segments(data.current, ["regoin"], "accuracy", names)
    assert "Did you mean 'region'" in wrong.reason


def test_what_is_unavailable_passes_through():
    gone = Unavailable("no labels")
    assert attempt(len, gone) is gone
    assert attempt(dict, x=gone) is gone
    assert say(gone) is gone
    assert attempt(len, "four") == 4


def test_errors_that_are_no_sentences_are_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        attempt(lambda: 1 / 0)


def test_words_are_escaped():
    for shown in (say("<b>x</b>"), Unavailable("<b>x</b>")):
        assert "<b>" not in shown._repr_html_()


def test_a_reason_is_shown_once(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    gone = Unavailable("no curves")
    Sections().draw([lambda table: None, lambda table: 1], gone)
    assert shown == [gone]


# Tables


def test_tables_escape_what_comes_from_the_data():
    frame = pd.DataFrame({"<script>": ["</td><script>alert(1)</script>"], "n": [1]})
    html = write_frame(frame)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_long_table_says_what_it_leaves_out():
    html = write_frame(pd.DataFrame({"n": range(100)}), most=10)
    assert html.count("<tr>") == 11
    assert "90 more rows are not shown." in html


def test_the_drift_table_has_the_worst_first_and_labels_last(data):
    moved = simulate(1000, 1.0, 0.0, seed=1)
    table = drift_tables.drift_table(dl.detect_drift(moved.reference, moved.current))
    severities = [text.split("\u00a0")[1] for text in table["change"]]
    rank = ["major", "moderate", "minor", "none"]
    features = [not name.endswith(")") for name in table["feature"]]
    first = severities[: sum(features)]
    assert features == sorted(features, reverse=True)
    assert first == sorted(first, key=rank.index)
    assert first[0] == "major"


def test_the_metrics_table_marks_what_is_worse(perf):
    table = tables.metrics_table(perf)
    assert table["window"].iloc[0] == "reference"
    assert table["rows"].tolist() == [2000, 500, 500, 500, 500]
    degraded = perf.table.query("metric == 'roc_auc'")["degraded"].to_numpy()
    assert [text.startswith("▼") for text in table["ROC AUC"][1:]] == degraded.tolist()
    assert table.attrs["note"].startswith("▼ an alarm of the run")
    assert "○" not in table.attrs["note"]


def test_headline_stays_undetermined_where_an_input_moved_away():
    """The law of y given x is fixed and x moves where the model is wrong: not a new concept."""
    rng = np.random.default_rng(0)

    def make(rows: int, center: float) -> pd.DataFrame:
        x, z = rng.normal(center, 1, rows), rng.normal(size=rows)
        chance = 1 / (1 + np.exp(-(0.8 * z + 1.5 * np.sin(x) - 1)))
        score = 1 / (1 + np.exp(-(0.8 * z + 0.6 * x - 1)))
        labels = (rng.random(rows) < chance).astype(int)
        columns = {"x": x, "z": z, "y_true": labels, "y_proba": score}
        return pd.DataFrame(columns | {"y_pred": (score > 0.5).astype(int)})

    reference, current = make(4000, 0), make(4000, 5)
    everything = dl.diagnose(reference, current)
    why = dl.diagnose(reference, current, features=["z"])
    gone = Unavailable("no")
    assert (everything.verdict, everything.culprits) == ("undetermined", ["x"])
    words = performance_verdicts.performance_verdict(gone, gone, everything, why, ["x"])
    assert "Undetermined: 'x' tells the two periods apart" in words
    assert "Leaving out x, which changed: the Brier score rose by 0.4" in words
    assert "may be the concept or that column" in words
    told = performance_verdicts.diagnosis_words(everything, why, ["x"])
    for text in (words, told):
        assert "Concept drift" not in text
        assert "with the same inputs" not in text


def test_no_alerts_does_not_hide_what_may_be_chance(perf):
    def said(performance: dl.Performance | None) -> str:
        return Findings(None, None, None, performance, (), ()).without_alerts

    assert perf.table["breached"].any()
    assert said(perf).endswith("no metric fell beyond what is tolerated by more than noise.")
    kept = perf.table.assign(breached=False)
    assert said(replace(perf, table=kept)).endswith("no metric fell beyond what is tolerated.")
    assert said(None) == "No alerts: nothing drifted."


def test_causes_without_labels_have_no_empty_columns(data):
    unlabelled = data.current.drop(columns="y_true")
    found = dl.diagnose_windows(data.reference, unlabelled, window=1000, max_rows=300)
    assert list(tables.causes_table(found)) == ["window", "verdict", "covariate", "domain AUC"]
    labelled = dl.diagnose_windows(data.reference, data.current, max_rows=300)
    assert "concept" in tables.causes_table(labelled)


def test_windows_that_are_worse_only_taken_alone_are_counted(perf):
    table = perf.table.assign(alarm=False)
    alone = watched.keep_metrics(replace(perf, table=table), ["roc_auc"])
    words = performance_verdicts.performance_verdict(alone, Unavailable("no"), Unavailable("no"))
    number = int(alone.table["degraded"].sum())
    assert number
    assert words.startswith(
        "The watched metric is not worse than tolerated by more than chance gives in 4 windows; "
        f"taken alone, ROC AUC in {number} of 4. ROC AUC: "
    )
