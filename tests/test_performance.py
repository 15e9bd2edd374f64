"""Performance over windows and segments: values, thresholds, error rates, and what bad data get."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from driftlib.errors import DriftlibError
from driftlib.performance.metrics import METRICS
from driftlib.performance.track import track_performance

CONTRACT = [
    "window", "start", "end", "n", "n_labelled", "metric", "value", "lower", "upper",
    "threshold", "breached", "degraded", "estimated", "note",
    "design_effect", "units_reference", "units_current",
]  # fmt: skip
NUMBERS = ["value", "lower", "upper", "n", "n_labelled"]


def scored(rng, rows, good=2.0):
    """Binary labels, a probability that follows them as far as `good`, and its rounding."""
    y = (rng.random(rows) < 0.4).astype(int)
    proba = rng.beta(1 + good * y, 1 + good * (1 - y)).round(3)
    return pd.DataFrame({"y_true": y, "y_pred": (proba > 0.5).astype(int), "y_proba": proba})


def classed(rng, rows):
    y = rng.integers(0, 3, rows)
    proba = rng.dirichlet(np.ones(3), rows) + 0.4 * np.eye(3)[y]
    proba /= proba.sum(1, keepdims=True)
    names = np.array(["cat", "dog", "owl"])
    frame = pd.DataFrame(proba, columns=[f"y_proba_{name}" for name in names])
    return frame.assign(y_true=names[y], y_pred=names[proba.argmax(1)])


def numbers(rng, rows):
    y = rng.normal(3, 1, rows)
    return pd.DataFrame({"y_true": y, "y_pred": y + rng.normal(0, 0.5, rows)})


MAKERS = {"binary": scored, "multiclass": classed, "regression": numbers}


def value_of(table, metric, window=0, column="value"):
    row = table[(table["metric"] == metric) & (table["window"] == window)]
    assert len(row) == 1
    return row[column].item()


def fast(frame, **arguments):
    return track_performance(frame, metrics=["accuracy"], **arguments)


# --- windows


def test_table_has_the_agreed_columns_and_every_metric_of_the_task(rng):
    for task, make in MAKERS.items():
        perf = track_performance(make(rng, 300))
        assert perf.task == task
        assert perf.table.columns.tolist()[: len(CONTRACT)] == CONTRACT
        assert perf.table["metric"].tolist() == list(METRICS[task])
        assert not perf.table["estimated"].any()
        assert perf.table["value"].notna().all()


@pytest.mark.parametrize("task", MAKERS)
def test_sliding_windows_equal_each_window_on_its_own(task, rng):
    frame = MAKERS[task](rng, 1000)
    frame.loc[rng.random(1000) < 0.1, "y_true"] = None
    frame.loc[rng.random(1000) < 0.1, "y_pred"] = None
    perf = track_performance(frame, window=170, step=60, task=task)
    ends = perf.table.groupby("window")[["start", "end"]].first().to_numpy()
    assert ends.tolist() == [[a, min(a + 170, 1000)] for a in range(0, 900, 60)]
    for number, (start, end) in enumerate(ends):
        alone = track_performance(frame.iloc[start:end], task=task).table[NUMBERS]
        sliding = perf.table.loc[perf.table["window"] == number, NUMBERS].reset_index(drop=True)
        pd.testing.assert_frame_equal(sliding, alone, rtol=1e-9)


def test_last_window_is_partial_and_says_so(rng):
    table = fast(scored(rng, 250), window=100).table
    assert table["n"].tolist() == [100, 100, 50]
    assert table["note"].tolist() == ["", "", "partial: 50 of 100 rows"]


def test_calendar_windows_and_windows_by_value_hold_the_same_rows(rng):
    frame = scored(rng, 2000).assign(
        day=pd.Timestamp("2013-03-01") + pd.to_timedelta(rng.integers(0, 92, 2000), "D")
    )
    frame["month"] = frame["day"].dt.month
    months = track_performance(frame, window="MS", on="day").table
    values = track_performance(frame, window="month").table
    pd.testing.assert_frame_equal(months[["window", *NUMBERS]], values[["window", *NUMBERS]])
    assert months["start"].unique().tolist() == list(
        pd.date_range("2013-03-01", periods=3, freq="MS")
    )
    assert values["start"].unique().tolist() == [3, 4, 5]
    march = frame[frame["month"] == 3]
    expected = sk.roc_auc_score(march["y_true"], march["y_proba"])
    assert value_of(months, "roc_auc") == pytest.approx(expected)


def test_windows_follow_the_timestamp_unless_on_names_another_time(rng):
    frame = scored(rng, 200).assign(
        seen=pd.date_range("2020-01-01", periods=200, freq="D"),
        due=pd.date_range("2021-01-01", periods=200, freq="D"),
    )
    by_seen = fast(frame, window="YS", timestamp="seen").table
    assert by_seen["start"].tolist() == [pd.Timestamp("2020-01-01")]
    pd.testing.assert_frame_equal(by_seen, fast(frame, window="YS", on="seen").table)
    by_due = fast(frame, window="YS", on="due", timestamp="seen").table
    assert by_due["start"].tolist() == [pd.Timestamp("2021-01-01")]
    whole = fast(frame, timestamp="seen").table
    assert whole[["start", "end", "n"]].to_numpy().tolist() == [[0, 200, 200]]
    mixed = frame.sample(frac=1, random_state=2)
    pd.testing.assert_frame_equal(
        fast(mixed, window=50, timestamp="seen", unit="row").table, fast(frame, window=50).table
    )


def test_a_column_wins_over_an_offset_of_its_name(rng):
    frame = scored(rng, 90).assign(W=["a", "b", None] * 30)
    perf = fast(frame, window="W", timestamp=None)
    assert perf.table["start"].tolist() == ["a", "b"]
    assert "30 rows without 'W' are in no window" in perf.notes


def test_row_windows_follow_time_where_it_is_given(rng):
    frame = scored(rng, 300).assign(at=pd.date_range("2020", periods=300, freq="h"))
    mixed = pd.concat([frame, frame.head(3).assign(at=pd.NaT)]).sample(frac=1, random_state=1)
    perf = track_performance(mixed, window=100, on="at")
    pd.testing.assert_frame_equal(perf.table, track_performance(frame, window=100).table)
    assert "3 rows without 'at' are in no window" in perf.notes


def test_a_window_without_rows_or_without_one_class_says_why(rng):
    frame = scored(rng, 60).assign(at=pd.Timestamp("2020-01-01"))
    frame.loc[30:, "at"] = pd.Timestamp("2020-01-03")
    frame.loc[30:, ["y_true", "y_pred"]] = 0
    table = track_performance(frame, window="D", on="at").table
    assert table["n"].drop_duplicates().tolist() == [30, 0]
    empty = table[table["window"] == 1]
    assert empty["value"].isna().all()
    assert empty["note"].str.startswith("no labelled rows").all()
    assert value_of(table, "roc_auc", 2, "note").startswith("the labels hold only one class")
    assert value_of(table, "recall", 2, "note").startswith("no label is positive")
    assert value_of(table, "precision", 2, "note").startswith("no row is predicted positive")
    assert value_of(table, "accuracy", 2) == 1.0
    assert np.isfinite(value_of(table, "log_loss", 2, "upper"))


# --- segments


@pytest.mark.parametrize("windows", [{}, {"window": 150}, {"window": "MS", "on": "day"}])
def test_each_segment_has_the_table_of_its_rows_alone(windows, rng):
    frame = scored(rng, 1200).assign(
        carrier=rng.choice(["AA", "UA"], 1200),
        long=rng.random(1200) < 0.5,
        day=pd.date_range("2013-01-01", periods=1200, freq="2h"),
    )
    perf = track_performance(frame, by=["carrier", "long"], **windows)
    contract = [*CONTRACT[:3], "carrier", "long", *CONTRACT[3:]]
    assert perf.table.columns.tolist()[: len(contract)] == contract
    seen = perf.table.groupby(["carrier", "long"], sort=False)
    assert list(seen.groups) == [("AA", False), ("AA", True), ("UA", False), ("UA", True)]
    for (carrier, long), part in seen:
        alone = frame[(frame["carrier"] == carrier) & (frame["long"] == long)]
        expected = track_performance(alone, **windows).table[["window", "metric", *NUMBERS]]
        got = part[["window", "metric", *NUMBERS]].reset_index(drop=True)
        pd.testing.assert_frame_equal(got, expected, rtol=1e-9)


def test_a_failing_segment_shows_behind_a_healthy_average(rng):
    frame = scored(rng, 4000, good=8).assign(
        carrier=rng.choice(["AA", "UA", "ZZ"], 4000, p=[0.5, 0.45, 0.05])
    )
    bad = frame["carrier"] == "ZZ"
    frame.loc[bad, "y_pred"] = 1 - frame.loc[bad, "y_pred"]
    limit = {"accuracy": 0.8}
    assert not fast(frame, thresholds=limit).table["degraded"].any()
    perf = fast(frame, thresholds=limit, by="carrier")
    assert perf.table.set_index("carrier")["degraded"].to_dict() == {
        "AA": False, "UA": False, "ZZ": True,
    }  # fmt: skip
    assert perf.headline == (
        "Accuracy is below its threshold in 1 of 3 segments, degraded beyond noise in 1 "
        "(first carrier ZZ)"
    )


def test_rows_without_a_segment_are_one_of_their_own(rng):
    frame = scored(rng, 90).assign(carrier=["AA", None, "UA"] * 30)
    table = fast(frame, by="carrier").table
    assert table["carrier"].isna().tolist() == [False, False, True]
    assert table["n"].tolist() == [30, 30, 30]


def test_a_segment_is_compared_with_its_own_past(rng):
    reference = scored(rng, 3000, good=6).assign(carrier=rng.choice(["AA", "UA"], 3000))
    flipped = reference["carrier"] == "UA"
    reference.loc[flipped, "y_pred"] = 1 - reference.loc[flipped, "y_pred"]
    frame = reference.assign(carrier=reference["carrier"].replace("AA", "new"))
    perf = fast(frame, by="carrier", reference=reference, thresholds={"accuracy": "-0.05"})
    rows = perf.table.set_index("carrier")
    assert not rows["degraded"].any()
    own = perf.reference.set_index("carrier")["value"]
    assert rows.loc["UA", "threshold"] == pytest.approx(own["UA"] - 0.05)
    assert own["UA"] < 0.3 < 0.7 < own["AA"]
    assert np.isnan(rows.loc["new", "threshold"])
    assert rows.loc["new", "note"] == "the reference has no value to compare with"


# --- labels


@pytest.mark.parametrize(
    ("true", "pred"),
    [
        ({0: "no", 1: "yes"}, {0: "no", 1: "yes"}),
        ({0: False, 1: True}, {0: False, 1: True}),
        ({0: 0, 1: 1}, {0: 0.0, 1: 1.0}),
        ({0: 0, 1: 1}, {0: "0", 1: "1"}),
        ({0: 0, 1: 1}, {0: False, 1: True}),
        ({0: False, 1: True}, {0: "0", 1: "1"}),
        ({0: -1, 1: 1}, {0: -1.0, 1: 1.0}),
        ({0: 9, 1: 10}, {0: "9", 1: "10"}),
    ],
)
def test_labels_of_any_kind_give_the_same_numbers(true, pred, rng):
    frame = scored(rng, 200)
    plain = track_performance(frame)
    named = frame.assign(y_true=frame["y_true"].map(true), y_pred=frame["y_pred"].map(pred))
    for kind in (named, named.astype({"y_true": "category"}), named.convert_dtypes()):
        perf = track_performance(kind)
        pd.testing.assert_frame_equal(perf.table, plain.table)
        assert perf.task == "binary"
    last = true[1]
    other = track_performance(named, positive=last).table
    pd.testing.assert_frame_equal(other, plain.table)


def test_positive_says_which_label_recall_is_about(rng):
    frame = scored(rng, 300)
    names = {0: "late", 1: "on time"}
    named = frame.assign(y_true=frame["y_true"].map(names), y_pred=frame["y_pred"].map(names))
    default = track_performance(named)
    assert default.positive == "on time"
    assert "the positive label is 'on time'" in default.notes[0]
    late = track_performance(named, positive="late")
    assert late.positive == "late"
    assert value_of(late.table, "recall") == value_of(default.table, "specificity")
    area = value_of(default.table, "roc_auc")
    assert value_of(late.table, "roc_auc") == pytest.approx(1 - area)


def test_late_labels_are_counted_and_left_out(rng):
    frame = scored(rng, 400).astype({"y_true": float})
    frame.loc[300:, "y_true"] = np.nan
    table = track_performance(frame, window=200).table
    assert table.drop_duplicates("window")[["n", "n_labelled"]].to_numpy().tolist() == [
        [200, 200],
        [200, 100],
    ]
    known = track_performance(frame.iloc[200:300]).table
    assert table.loc[table["window"] == 1, "value"].tolist() == known["value"].tolist()


def test_rows_without_prediction_or_probability_are_left_out_and_said(rng):
    frame = scored(rng, 300).astype({"y_pred": float})
    frame.loc[:9, "y_pred"] = np.nan
    frame.loc[20:20, "y_proba"] = np.nan
    table = track_performance(frame).table
    part = frame.iloc[10:]
    assert value_of(table, "accuracy") == sk.accuracy_score(part["y_true"], part["y_pred"])
    assert value_of(table, "accuracy", column="note") == "10 labelled rows without a prediction"
    part = frame.drop(index=20)
    assert value_of(table, "brier") == pytest.approx(
        sk.brier_score_loss(part["y_true"], part["y_proba"])
    )
    assert value_of(table, "brier", column="note") == "1 labelled row without a probability"


def test_without_probabilities_the_metrics_that_need_them_are_left_out(rng):
    frame = scored(rng, 50).drop(columns="y_proba")
    perf = track_performance(frame)
    needing = [name for name, metric in METRICS["binary"].items() if metric.needs_proba]
    assert {"roc_auc", "average_precision", "log_loss", "brier"} <= set(needing)
    found = perf.table["metric"].tolist()
    assert found == [name for name in METRICS["binary"] if name not in needing]
    assert found[:3] == ["accuracy", "precision", "recall"]
    assert perf.notes[1] == f"without 'y_proba' there is no {', '.join(needing)}"
    with pytest.raises(DriftlibError, match="'roc_auc' need probabilities"):
        track_performance(frame, metrics=["accuracy", "roc_auc"])


def test_macro_averages_say_which_class_they_leave_out(rng):
    frame = classed(rng, 200)
    frame["y_pred"] = frame["y_pred"].replace("owl", "cat")
    table = track_performance(frame).table
    expected = sk.precision_score(
        frame["y_true"], frame["y_pred"], average="macro", zero_division=0
    )
    assert value_of(table, "precision") == pytest.approx(expected)
    assert value_of(table, "precision", column="note") == "'owl' never predicted: counts as 0"
    assert value_of(table, "recall", column="note") == ""


def test_rows_whose_label_is_zero_have_no_percentage_error(rng):
    frame = numbers(rng, 100)
    frame.loc[:2, "y_true"] = 0.0
    table = track_performance(frame).table
    part = frame.iloc[3:]
    assert value_of(table, "mape") == pytest.approx(
        sk.mean_absolute_percentage_error(part["y_true"], part["y_pred"])
    )
    assert value_of(table, "mape", column="note") == "3 rows with a label of 0 left out"


def test_infinite_numbers_count_as_missing_and_are_said(rng):
    frame = numbers(rng, 60)
    expected = track_performance(frame.iloc[1:]).table["value"].tolist()
    frame.loc[0, "y_pred"] = -np.inf
    perf = track_performance(frame)
    assert perf.table["value"].tolist() == pytest.approx(expected)
    assert "1 infinite value of 'y_pred' in current counts as missing" in perf.notes


@pytest.mark.parametrize(
    ("true", "pred", "task"),
    [
        ([0, 1, 1], [1, 1, 0], "binary"),
        ([0.0, 1.0, None], [1, 1, 0], "binary"),
        ([5], [4], "binary"),
        ([True, False, True], [True, True, True], "binary"),
        (["b", "a", "b"], ["b", "b", "b"], "binary"),
        (["a", "b", "c"], ["c", "b", "c"], "multiclass"),
        ([1, 2, 3, 1], [1, 1, 3, 2], "multiclass"),
        ([1, 2, 3, 1], [1.4, 1.1, 3.9, 2.0], "regression"),
        ([1, 2, 30, 1], [1, 1, 31, 2], "regression"),
        (list(range(50)), list(range(50)), "regression"),
        ([0.5, 1.5, 2.5], [0, 1, 2], "regression"),
        ([7.0], [6.8], "regression"),
    ],
)
def test_the_task_is_told_from_the_columns_by_the_documented_rules(true, pred, task):
    perf = track_performance(pd.DataFrame({"y_true": true, "y_pred": pred}))
    assert perf.task == task
    assert perf.notes[0].startswith(f"{task}: ")


def test_two_columns_by_class_are_a_binary_task(rng):
    frame = scored(rng, 100)
    both = frame.assign(y_proba_0=1 - frame["y_proba"], y_proba_1=frame["y_proba"])
    table = track_performance(both.drop(columns="y_proba")).table
    pd.testing.assert_frame_equal(table, track_performance(frame).table)


# --- thresholds


def test_breached_is_the_point_and_degraded_the_whole_interval():
    y = np.ones(100, int)
    frame = pd.DataFrame({"y_true": y, "y_pred": np.where(np.arange(100) < 20, 0, 1)})
    # 80 of 100: Wilson's 95 % interval is 0.7112 to 0.8666.
    for limit, breached, degraded in (
        (0.75, False, False),
        (0.82, True, False),
        (0.87, True, True),
    ):
        row = fast(frame, thresholds={"accuracy": limit}).table.iloc[0]
        assert (row["breached"], row["degraded"]) == (breached, degraded)
        assert row["threshold"] == limit


def test_absolute_threshold_of_a_loss_is_an_upper_one(rng):
    frame = numbers(rng, 500)
    value = track_performance(frame).table.set_index("metric")["value"]["mae"]
    for limit, breached in ((value * 0.7, True), (value * 1.3, False)):
        row = track_performance(frame, metrics=["mae"], thresholds={"mae": limit}).table.iloc[0]
        assert (row["breached"], row["degraded"]) == (breached, breached)


@pytest.mark.parametrize("sign", "+-")
def test_relative_threshold_is_a_tolerance_in_the_bad_direction(sign, rng):
    frame, reference = scored(rng, 900, good=1), scored(rng, 1100, good=6)
    limits = {"accuracy": f"{sign}0.03", "log_loss": f"{sign}0.02"}
    perf = track_performance(frame, reference=reference, thresholds=limits)
    own = perf.reference.set_index("metric")["value"]
    assert value_of(perf.table, "accuracy", column="threshold") == pytest.approx(
        own["accuracy"] - 0.03
    )
    assert value_of(perf.table, "log_loss", column="threshold") == pytest.approx(
        own["log_loss"] + 0.02
    )
    for metric in limits:
        assert value_of(perf.table, metric, column="breached")
        assert value_of(perf.table, metric, column="degraded")
    better = track_performance(reference, reference=frame, thresholds=limits).table
    assert not better[["breached", "degraded"]].to_numpy().any()


def test_without_threshold_a_metric_is_compared_with_the_reference_itself(rng):
    good, bad = scored(rng, 2000, good=6), scored(rng, 2000, good=1)
    table = track_performance(bad, reference=good).table
    assert table["threshold"].isna().all()
    assert not table["breached"].any()
    assert table["degraded"].all()
    assert not track_performance(good, reference=bad).table["degraded"].any()
    alone = track_performance(bad).table
    assert not alone[["breached", "degraded"]].to_numpy().any()
    named = track_performance(bad, reference=good, thresholds={"recall": 0.01}).table
    assert not named[["breached", "degraded"]].to_numpy().any()


def test_degraded_against_an_unchanged_reference_is_a_false_alarm_in_one_of_forty():
    rng = np.random.default_rng(3)
    alarms, windows = [], 40
    for _ in range(30):
        reference, frame = scored(rng, 400), scored(rng, 200 * windows)
        perf = track_performance(frame, window=200, reference=reference)
        alarms.append(perf.table.groupby("metric")["degraded"].mean())
    rates = pd.concat(alarms, axis=1).mean(axis=1)
    # 30 references: a rate of 2.5 % is known to about 1.1 points.
    assert rates.between(0.004, 0.05).all(), rates
    assert 0.012 < rates.mean() < 0.038


def test_degraded_at_a_threshold_that_is_just_met_is_a_false_alarm_in_one_of_forty():
    rng = np.random.default_rng(4)
    y = np.ones(300 * 4000, int)
    frame = pd.DataFrame({"y_true": y, "y_pred": (rng.random(len(y)) < 0.85).astype(int)})
    table = fast(frame, window=300, thresholds={"accuracy": 0.85}).table
    assert 0.015 < table["degraded"].mean() < 0.035
    assert 0.4 < table["breached"].mean() < 0.6


# --- what cannot be used


def broken(**columns):
    y = ["a", "b"] * 10
    frame = pd.DataFrame({"y_true": y, "y_pred": y, "y_proba": [0.2, 0.8] * 10})
    for name, (row, value) in columns.items():
        values = frame[name].tolist()
        frame[name] = pd.Series([*values[:row], value, *values[row + 1 :]], dtype=object)
    return frame


@pytest.mark.parametrize(
    ("frame", "arguments", "words"),
    [
        (broken(y_proba=(7, 1.5)), {}, ["'y_proba'", "1.5", "row 7"]),
        (broken(y_proba=(3, -0.1)), {}, ["'y_proba'", "-0.1", "row 3"]),
        (broken(y_proba=(3, np.inf)), {}, ["'y_proba'", "inf", "row 3"]),
        (broken(y_proba=(5, "high")), {}, ["'y_proba'", "'high'", "row 5"]),
        (broken(y_true=(4, "c")), {}, ["'y_true'", "'c'", "row 4", "third label"]),
        (broken(y_true=(4, "c")), {"task": "binary"}, ["'y_true'", "'c'", "row 4", "multiclass"]),
        (broken(y_pred=(6, "c")), {}, ["'y_pred'", "'c'", "row 6"]),
        (broken(y_true=(0, [1, 2])), {}, ["'y_true'", "[1, 2]", "row 0", "no label"]),
        (broken(), {"positive": "z"}, ["'z'", "'y_true'", "'a'", "'b'"]),
        (broken().assign(y_pred=[0, 1] * 10), {}, ["'y_true'", "share no label", "'0'"]),
        (broken().assign(y_true=pd.Timestamp("2020")), {}, ["'y_true'", "2020", "no label"]),
        (broken().assign(y_pred=[0.1, 0.9] * 10), {}, ["share no label", "y_proba"]),
        (broken().drop(columns="y_pred"), {"metrics": ["f1"]}, ["'f1'", "threshold="]),
        (broken().assign(y_pred=None), {"metrics": ["f1"]}, ["'f1'", "threshold="]),
        (broken().drop(columns=["y_pred", "y_proba"]), {}, ["'y_pred'", 'y_pred="..."']),
        (broken().drop(columns="y_true"), {}, ["'y_true'", "estimate_performance"]),
        (broken().assign(y_true=None), {}, ["'y_true'", "estimate_performance"]),
        (broken(), {"task": "regression"}, ["'y_true'", "'a'", "row 0", "no number"]),
        (broken(), {"task": "ranking"}, ["ranking", "'binary'"]),
        (broken(), {"metrics": ["acuracy"]}, ["Did you mean 'accuracy'"]),
        (broken(), {"metrics": ["mae"]}, ["'mae'", "binary"]),
        (broken(), {"thresholds": {"mae": 1}}, ["'mae'", "binary"]),
        (broken(), {"thresholds": {"accuracy": "-0.1"}}, ["relative", "reference="]),
        (broken(), {"thresholds": {"accuracy": "0.8"}}, ["'0.8'", "'-0.05'"]),
        (broken(), {"thresholds": {"accuracy": -0.05}}, ["-0.05", "range of accuracy"]),
        (broken(), {"thresholds": {"accuracy": np.nan}}, ["nan"]),
        (broken(), {"metrics": ["f1"], "thresholds": {"recall": 0.8}}, ["'recall'", "metrics="]),
        (broken(), {"by": "carrier"}, ["'carrier'", "'y_true'"]),
        (broken().assign(n=1), {"by": "n"}, ["'n'", "rename"]),
        (broken().assign(when=None), {"window": "when"}, ["'when'", "no value"]),
        (broken(), {"window": "7D"}, ["7D", "on=", "timestamp="]),
        (broken(), {"rows": 5}, ["'rows'", "window="]),
        (broken(), {"by": "7D"}, ["'7D'", "segment columns", "window="]),
        (broken(), {"treshold": 1}, ["'treshold'", "Did you mean 'threshold'"]),
        (broken(), {"timestamp": "when"}, ["'when'", "'y_true'"]),
        (broken().assign(x=[[1]] * 20), {"by": "x"}, ["'x'"]),
    ],
)  # fmt: skip
def test_what_cannot_be_used_gets_a_sentence_with_column_value_and_row(frame, arguments, words):
    with pytest.raises(DriftlibError) as error:
        track_performance(frame, **arguments)
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_class_without_a_column_of_its_probability_is_named(rng):
    frame = classed(rng, 30)
    frame.loc[11, "y_true"] = "yak"
    with pytest.raises(DriftlibError, match=r"'y_true' has 'yak' in row 11.*'cat', 'dog', 'owl'"):
        track_performance(frame)


def test_columns_have_other_names_and_messages_use_them(rng, tmp_path):
    frame = scored(rng, 40).set_axis(["label", "guess", "score"], axis=1)
    names = {"y_true": "label", "y_pred": "guess", "y_proba": "score"}
    assert track_performance(frame, **names).table["metric"].tolist() == list(METRICS["binary"])
    path = tmp_path / "march.parquet"
    frame.drop(columns="label").to_parquet(path)
    with pytest.raises(DriftlibError, match=r"march.parquet has no column 'label'"):
        track_performance(path, **names)


def test_probabilities_that_rank_opposite_to_predictions_draw_a_warning(rng):
    frame = scored(rng, 200)
    swapped = frame.assign(y_proba=1 - frame["y_proba"])
    table = track_performance(swapped).table.set_index("metric")
    assert "rank opposite to the predictions" in table.loc["roc_auc", "note"]
    assert table.loc["accuracy", "note"] == ""
    fine = track_performance(frame).table
    assert not fine["note"].str.contains("opposite").any()
    unrelated = frame.assign(y_proba=rng.random(200))
    assert not track_performance(unrelated).table["note"].str.contains("opposite").any()
    mixed = classed(rng, 300).rename(
        columns={"y_proba_cat": "y_proba_dog", "y_proba_dog": "y_proba_cat"}
    )
    assert track_performance(mixed).table["note"].str.contains("opposite").any()


# --- the result


def test_a_file_and_other_kinds_of_table_give_the_same_result(rng, tmp_path):
    frame = scored(rng, 120)
    expected = track_performance(frame, reference=frame).table
    for name in ("rows.parquet", "rows.csv"):
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
        got = track_performance(path, reference=path).table
        pd.testing.assert_frame_equal(got, expected, rtol=1e-9)
    polars = pytest.importorskip("polars")
    got = track_performance(polars.from_pandas(frame), reference=frame).table
    pd.testing.assert_frame_equal(got, expected)


def test_the_frame_is_left_as_it_was(rng):
    frame = scored(rng, 100).assign(g="x", at=pd.date_range("2020", periods=100)[::-1])
    before = frame.copy(deep=True)
    track_performance(frame, window=30, on="at", by="g", reference=frame)
    pd.testing.assert_frame_equal(frame, before)


def test_result_is_frozen_and_becomes_json_and_escaped_html(rng):
    name = "<script>alert(1)</script>"
    frame = scored(rng, 80).assign(**{name: rng.choice(["<b>", "b"], 80)})
    perf = track_performance(frame, by=name, window=30, reference=frame)
    content = json.loads(json.dumps(perf.to_dict(), allow_nan=False))
    assert content["positive"] == "1"
    assert content["table"][0]["metric"] == "accuracy"
    assert len(content["reference"]) == 2 * len(METRICS["binary"])
    assert "<script" not in perf._repr_html_()
    assert "<b>" not in perf._repr_html_()
    with pytest.raises(FrozenInstanceError):
        perf.task = "other"


def test_headline_says_what_is_worse_where_and_since_when(rng):
    good, bad = scored(rng, 1500, good=6), scored(rng, 500, good=0.5)
    frame = pd.concat([good, bad], ignore_index=True)
    frame["day"] = pd.date_range("2013-03-01", periods=2000, freq="h")
    limits = {"accuracy": 0.75, "recall": 0.7}
    perf = track_performance(frame, window="MS", on="day", thresholds=limits)
    assert perf.headline == (
        "Accuracy is below its threshold in 1 of 3 windows, degraded beyond noise in 1 "
        "(first 2013-05-01); also Recall"
    )
    perf = fast(frame, thresholds={"accuracy": 0.1}, window=500)
    assert perf.headline.startswith("No metric is worse than its threshold: Accuracy 0.")
    perf = track_performance(good, reference=bad, metrics=["f1", "recall"])
    assert perf.headline.startswith("No metric is worse than in the reference: Recall 0.")
    perf = track_performance(good, thresholds={"log_loss": 5})
    assert perf.headline.startswith("No metric is worse than its threshold: Log loss 0.")
    perf = fast(frame.tail(500), thresholds={"accuracy": 0.9})
    assert perf.headline == "Accuracy is below its threshold, degraded beyond noise"
    near = perf.table.set_index("metric")["value"]["accuracy"] + 0.001
    assert fast(frame.tail(500), thresholds={"accuracy": near}).headline == (
        "Accuracy is below its threshold, by no more than noise"
    )
    perf = fast(frame, window=500, reference=good)
    assert perf.headline == (
        "Accuracy is worse than in the reference, beyond noise, in 1 of 4 windows (first row 1,501)"
    )


def test_many_classes_are_measured_some_windows_at_a_time(rng, monkeypatch):
    frame = classed(rng, 500)
    expected = track_performance(frame, window=90, step=40).table
    monkeypatch.setattr("driftlib.performance.evaluate.MOST_CONFUSION_CELLS", 30)
    pd.testing.assert_frame_equal(track_performance(frame, window=90, step=40).table, expected)


def test_two_files_of_one_name_are_told_apart(rng, tmp_path):
    frame = scored(rng, 60)
    for folder in ("old", "new"):
        (tmp_path / folder).mkdir()
        frame.to_csv(tmp_path / folder / "rows.csv", index=False)
    frame.drop(columns="y_pred").to_csv(tmp_path / "old" / "rows.csv", index=False)
    with pytest.raises(DriftlibError, match=r"^reference rows\.csv has no column 'y_pred'"):
        track_performance(tmp_path / "new" / "rows.csv", reference=tmp_path / "old" / "rows.csv")


def test_what_a_small_window_could_have_shown_is_said(rng):
    y = np.arange(3000) % 2
    right = rng.permutation(np.arange(3000) < 2400)
    reference = pd.DataFrame({"y_true": y, "y_pred": np.where(right, y, 1 - y)})
    given = {"reference": reference, "metrics": ["accuracy"], "unit": "row"}

    def judged(rows: int, wrong: int) -> pd.Series:
        window = reference[:rows].assign(y_pred=y[:rows])
        window.loc[: wrong - 1, "y_pred"] = 1 - y[:wrong]
        return track_performance(window, **given).table.iloc[0]

    note = judged(30, 6)["note"]
    told = re.search(r"too little is known to show a fall that does not go below ([\d.]+)", note)
    least = float(told.group(1))
    assert 0.55 < least < 0.68
    # Well beyond that value a loss is found, and not before it.
    assert judged(30, 30 - int(30 * (least - 0.07)))["degraded"]
    assert not judged(30, 30 - int(30 * (least + 0.07)))["degraded"]
    assert "too little" not in judged(1000, 200)["note"]
