"""Performance where rows belong together: influences of rows, intervals and `degraded` by units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, stdtrit

import driftlib as dl
from driftlib.advice.facts import performance_facts
from driftlib.advice.status import make_status
from driftlib.data.predictions import Predictions
from driftlib.data.task import Task
from driftlib.performance.decision_threshold import performance_at
from driftlib.performance.influence import UnitSums, add_by_unit, influences
from driftlib.performance.metrics import METRICS
from driftlib.stats.aggregates import GroupedClassification, GroupedRegression
from driftlib.stats.calibration import fit_calibrator
from driftlib.stats.expected import ExpectedClassification
from driftlib.stats.ranking import rank_groups

DATA = Path(__file__).resolve().parents[1] / "data"
START = pd.Timestamp("2013-03-01")
NUMBERS = ["value", "lower", "upper", "breached", "degraded", "note"]
TASKS = {
    "binary": Task("binary", ("0", "1"), ""),
    "multiclass": Task("multiclass", tuple("abcd"), ""),
    "regression": Task("regression", (), ""),
}


def days(rng, count, rows=60, effect=0.7, first=0):
    """Rows of days whose labels depend on a score and on the day."""
    day = np.repeat(np.arange(count), rows)
    z = rng.normal(size=len(day))
    y = rng.random(len(day)) < expit(2 * z + effect * rng.normal(size=count)[day])
    seen = START + pd.to_timedelta(first + day, unit="D")
    frame = pd.DataFrame({"y_true": y.astype(int), "y_pred": (z > 0).astype(int)})
    return frame.assign(y_proba=expit(2 * z), seen=seen)


def some_rows(rng, task, n=400):
    if task == "regression":
        y = rng.gamma(3, 1, n)
        return Predictions(y, y + rng.normal(size=n), None)
    classes = len(TASKS[task].classes)
    proba = rng.dirichlet(np.ones(classes), n).round(1)
    y = np.where(rng.random(n) < 0.5, proba.argmax(1), rng.integers(0, classes, n))
    return Predictions(y, proba.argmax(1), proba[:, 1] if classes == 2 else proba)


def value_of(metric, rows, task):
    lo, hi = np.array([0]), np.array([len(rows.y)])
    if task == "regression":
        return metric.value(GroupedRegression(rows.y, rows.pred, lo, hi))[0]
    many = len(TASKS[task].classes)
    return metric.value(GroupedClassification(rows.y, rows.pred, rows.proba, many, lo, hi))[0]


@pytest.mark.parametrize("task", METRICS)
def test_an_influence_is_what_one_more_such_row_does_to_the_value(rng, task):
    rows = some_rows(rng, task)
    metrics = list(METRICS[task].values())
    found = influences(rows, TASKS[task], metrics)
    assert np.abs(np.nanmean(found, axis=1)).max() < 1e-9
    n = len(rows.y)
    # Every row a hundred times, so that one more of them is a small step.
    whole = np.repeat(np.arange(n), 100)
    for row in rng.integers(0, n, 4):
        more, less = (rows.take(np.append(whole, [row] * 100)), rows.take(whole))
        for metric, own in zip(metrics, found[:, row], strict=True):
            step = value_of(metric, more, task) - value_of(metric, less, task)
            assert step * n == pytest.approx(own, rel=0.05, abs=0.02 * np.nanstd(found))


def test_the_influences_on_the_area_have_delongs_variance(rng):
    rows = some_rows(rng, "binary")
    (found,) = influences(rows, TASKS["binary"], [METRICS["binary"]["roc_auc"]])
    n = len(rows.y)
    ranking = rank_groups(rows.y == 1, rows.proba, np.array([0]), np.array([n]))
    assert np.sqrt((found**2).sum()) / n == pytest.approx(ranking.auc_error[0], rel=0.01)


def test_rows_that_do_not_count_and_rows_in_no_unit_are_left_out(rng):
    rows = Predictions(
        np.array([1, 0, -1, 1]), np.array([1, 1, 0, -1]), np.array([0.9, 0.2, 0.1, 0.4])
    )
    both = [METRICS["binary"][name] for name in ("accuracy", "brier")]
    found = influences(rows, TASKS["binary"], both)
    assert np.isnan(found).tolist() == [[False, False, True, True], [False, False, True, False]]
    sums = add_by_unit(found, np.array([4, -1, 4, 7]))
    assert (sums.units.tolist(), sums.rows.tolist()) == ([4, 7], [[1, 0], [1, 1]])
    none = influences(rows.take(slice(0, 0)), TASKS["binary"], both)
    assert none.shape == (2, 0)
    ones = UnitSums(np.array([0, 1, 2, 5]), *[np.arange(4.0)[None]] * 3)
    assert ones.folded(1).sums.tolist() == [[1, 2, 3]]
    assert ones.last(2).units.tolist() == [2, 5]


def test_rows_as_units_give_the_answers_of_independent_rows(rng):
    reference, current = days(rng, 20), days(rng, 20, first=20)
    for more in ({}, {"window": 300}, {"thresholds": {"accuracy": 0.75, "f1": "-0.02"}}):
        asked = dl.track_performance(
            current, reference=reference, timestamp="seen", unit="row", **more
        )
        plain = dl.track_performance(
            current.drop(columns="seen"), reference=reference.drop(columns="seen"), **more
        )
        pd.testing.assert_frame_equal(asked.table[NUMBERS], plain.table[NUMBERS])
        assert asked.table[["design_effect", "units_reference"]].isna().all(axis=None)
        assert asked.unit == "Rows are taken as independent, as asked."
        assert plain.unit.startswith("Rows are taken as independent: no timestamp is named")


def test_the_interval_of_a_share_is_that_of_its_unit_means(rng):
    # Shops of as many rows each: the variance of the mean is that of the shops' means.
    shop = np.repeat(np.arange(12), 50)
    right = rng.random(600) < rng.beta(4, 2, 12)[shop]
    frame = pd.DataFrame({"y_true": right.astype(int), "y_pred": 1, "shop": shop})
    perf = dl.track_performance(frame, metrics=["accuracy"], unit="shop")
    row = perf.table.iloc[0]
    means = frame.groupby("shop")["y_true"].mean()
    share = row["value"]
    effect = means.var() / 12 / (share * (1 - share) / 600)
    assert row["design_effect"] == pytest.approx(effect, rel=1e-6)
    plain = dl.track_performance(frame, metrics=["accuracy"]).table.iloc[0]
    times = np.sqrt(effect) * stdtrit(11, 0.975) / 1.959964
    for end in ("lower", "upper"):
        assert row[end] - share == pytest.approx(times * (plain[end] - share), rel=1e-3)
    assert row["units_current"] == 12
    assert np.isnan(row["units_reference"])
    assert "the data: 12 values of shop" in perf.unit


def test_intervals_are_never_narrower_by_units(rng):
    reference, current = days(rng, 20, effect=0), days(rng, 40, effect=0, first=20)
    tables = [
        dl.track_performance(
            current, reference=reference, timestamp="seen", window="10D", unit=unit
        ).table
        for unit in ("auto", "row")
    ]
    by_unit, by_row = tables
    assert by_unit["value"].equals(by_row["value"])
    assert (by_unit["lower"] <= by_row["lower"]).all()
    assert (by_unit["upper"] >= by_row["upper"]).all()
    assert (by_unit["design_effect"] >= 1).all()
    assert not (by_unit["degraded"] & ~by_row["degraded"]).any()
    assert set(by_unit["units_current"]) == {10.0}


def test_too_few_units_tell_nothing_and_say_so(rng):
    reference, current = days(rng, 3), days(rng, 12, first=3)
    first = current["seen"] < START + pd.Timedelta(days=9)
    current.loc[first & (np.arange(len(current)) % 10 > 0), "y_true"] = 0
    perf = dl.track_performance(
        current, reference=reference, timestamp="seen", unit="1D", window="6D"
    )
    assert not perf.table["degraded"].any()
    notes = perf.table["note"][perf.table["value"].notna()]
    assert notes.str.contains("cannot tell: the reference has 3 days").all()
    assert perf.cannot_tell == "cannot tell: the reference has 3 days, in 2 of 2 windows"
    assert perf.headline.startswith("Cannot tell: the reference has 3 days, in 2 of 2 windows; ")
    made = json.loads(json.dumps(perf.to_dict()))
    assert made["cannot_tell"] == perf.cannot_tell
    assert made["unit"].startswith("A unit is a day of 'seen', as asked; the reference: 3 days")
    by_rows = dl.track_performance(
        current, reference=reference, timestamp="seen", unit="row", window="6D"
    )
    assert by_rows.table["degraded"].any()
    # A number as limit needs no reference.
    limited = dl.track_performance(
        current, reference=reference, timestamp="seen", unit="1D", thresholds={"recall": 0.9}
    )
    assert limited.cannot_tell is None


def test_few_units_without_a_reference_are_said_to_be_taken_as_rows(rng):
    frame = days(rng, 12)
    few = dl.track_performance(frame, timestamp="seen", window="3D", metrics=["accuracy"])
    assert (
        few.table["note"].tolist()
        == ["the interval takes rows as independent: they are of 3 days"] * 4
    )
    assert dl.track_performance(frame, timestamp="seen", window="4D").table["note"].eq("").all()


def test_a_window_shorter_than_a_unit_is_one_unless_a_unit_is_named(rng):
    frame = pd.concat([days(rng, 30, rows=8).assign(hour=h) for h in range(0, 24, 6)])
    frame["seen"] += pd.to_timedelta(frame["hour"], unit="h")
    options = {"timestamp": "seen", "window": "6h", "metrics": ["accuracy"]}
    perf = dl.track_performance(frame[-200:], reference=frame, **options)
    assert perf.unit.startswith("A unit is a window, which is shorter than a day of 'seen'")
    assert perf.table["units_reference"].unique().tolist() == [120]
    named = dl.track_performance(frame[-200:], reference=frame, unit="1D", **options)
    assert named.cannot_tell.startswith("cannot tell: a window is shorter than a day, in ")


def test_one_odd_day_is_no_fall_and_a_lasting_one_is(rng):
    reference, current = days(rng, 30), days(rng, 30, first=30)
    flip = rng.random(len(current)) < 0.25
    current.loc[flip, "y_true"] = 1 - current.loc[flip, "y_true"]
    lasting = dl.track_performance(current, reference=reference, timestamp="seen")
    assert lasting.table.set_index("metric")["degraded"][["accuracy", "roc_auc", "brier"]].all()
    assert "rows near each other have much in common" in lasting.unit


def test_days_of_flights_dealt_at_random_are_no_fall():
    files = [pd.read_parquet(DATA / f"{name}.parquet") for name in ("reference", "current")]
    frame = pd.concat(files)[["timestamp", "y_true", "y_pred", "y_proba"]]
    rng = np.random.default_rng(3)
    stamp = pd.to_datetime(frame["timestamp"])
    found = {"auto": [], "row": []}
    for number in (3, 4, 7, 9, 12):
        month = frame[stamp.dt.month == number]
        day = stamp[stamp.dt.month == number]
        dates = day.dt.normalize()
        after = dates.isin(rng.permutation(dates.unique())[:15]).to_numpy()
        for unit, hits in found.items():
            perf = dl.track_performance(
                month[after], reference=month[~after], timestamp="timestamp", unit=unit
            )
            hits.append(perf.table["degraded"].mean())
    assert np.mean(found["auto"]) <= 0.06
    assert np.mean(found["row"]) > 0.2


# --- estimates without labels


def test_estimates_with_rows_as_units_are_those_of_independent_rows(rng):
    reference, current = days(rng, 12, rows=100), days(rng, 8, rows=60, first=12)
    made = [
        dl.estimate_performance(reference[names], current[names], window=160, **more).table
        for names, more in (
            (list(reference.columns), {"timestamp": "seen", "unit": "row"}),
            (list(reference.columns.drop("seen")), {}),
        )
    ]
    pd.testing.assert_frame_equal(made[0][NUMBERS], made[1][NUMBERS])
    assert made[0]["design_effect"].isna().all()


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_one_more_expected_row_moves_an_expected_value_as_its_slopes_say(rng, task):
    rows, classes = some_rows(rng, task, 100), len(TASKS[task].classes)
    chances = rng.dirichlet(np.ones(classes), 100)

    def given(weights, c):
        made = ExpectedClassification(rows.pred, rows.proba, classes, weights)
        return made.given(c[:, 1] if classes == 2 else c)

    one = np.ones(100)
    for metric in METRICS[task].values():
        slopes = metric.slopes(given(one, chances))
        assert (chances * slopes).sum() == pytest.approx(0, abs=1e-9)
        for row, label in zip(rng.integers(0, 100, 3), rng.integers(0, classes, 3), strict=True):
            values = []
            for step in (1e-5, -1e-5):
                weights, c = one.copy(), chances.copy()
                weights[row] += step
                c[row, label] += step
                c[row] /= weights[row]
                values.append(float(metric.value(given(weights, c))))
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(slopes[row, label], abs=1e-7)


def test_a_calibration_by_units_varies_as_refits_without_each_unit_do(rng):
    frame = days(rng, 20, rows=200)
    unit = np.repeat(np.arange(20), 200)
    arrays = [frame[name].to_numpy() for name in ("y_proba", "y_pred", "y_true")]
    whole = fit_calibrator(*arrays, units=unit)
    scores, pred = np.array([0.2, 0.5, 0.8]), np.array([0, 0, 1])
    at, refits = whole.designs(scores, pred), []
    for left in range(20):
        part = fit_calibrator(*(x[unit != left] for x in arrays))
        refits.append(part.probabilities(part.designs(scores, pred)))
    jackknife = np.sqrt(19 * np.var(refits, axis=0))
    drawn = whole.probabilities(at, whole.draw(4000, rng)).std(0)
    assert drawn == pytest.approx(jackknife, rel=0.25)
    by_rows = fit_calibrator(*arrays)
    assert (drawn > 1.5 * by_rows.probabilities(at, by_rows.draw(4000, rng)).std(0)).all()


def test_estimates_hold_what_labels_show_of_other_days(rng):
    held, by_rows = [], []
    for _ in range(8):
        both = days(rng, 36, rows=100, effect=1.0)
        before, after = both[: 30 * 100], both[30 * 100 :]
        real = dl.track_performance(after, metrics=["recall", "specificity"], unit="row").table[
            "value"
        ]
        for found, unit in ((held, "auto"), (by_rows, "row")):
            table = dl.estimate_performance(
                before, after, timestamp="seen", metrics=["recall", "specificity"], unit=unit
            ).table
            found += ((table["lower"] <= real) & (real <= table["upper"])).tolist()
    assert np.mean(held) >= 0.85
    assert np.mean(by_rows) < 0.7


def test_an_estimate_from_too_few_days_cannot_tell_and_says_so(rng):
    reference, current = days(rng, 3), days(rng, 30, first=3)
    made = dl.estimate_performance(
        reference, current, timestamp="seen", unit="1D", metrics=["accuracy"]
    )
    assert made.cannot_tell == "cannot tell: the reference has 3 days"
    assert made.table["note"].tolist() == [
        "cannot tell: the reference has 3 days; the interval takes rows as independent: the "
        "reference has too few units"
    ]
    assert "Cannot tell: the reference has 3 days; Accuracy" in made.headline
    assert made.to_dict()["unit"].startswith("A unit is a day of 'seen', as asked")


def test_weights_for_a_changed_mix_keep_whole_days_together(rng):
    reference, current = days(rng, 12, rows=80), days(rng, 12, rows=80, first=12)
    for frame in (reference, current):
        # A feature that tells the day, and nothing else.
        frame["weather"] = frame["seen"].dt.day_of_year.map(lambda d: (d * 7919) % 101)
    notes = {}
    for unit in ("auto", "row"):
        made = dl.estimate_performance(
            reference, current, timestamp="seen", metrics=["accuracy"], method="pape",
            features=["weather"], unit=unit,
        )  # fmt: skip
        notes[unit] = made.table["note"].iloc[0]
    assert "do not rely on it" in notes["row"]
    assert "do not rely on it" not in notes["auto"]
    with pytest.raises(dl.DriftlibError, match="share no feature"):
        # The column that says which rows belong together is none.
        dl.estimate_performance(
            reference, current, timestamp="seen", method="pape", unit="weather",
            metrics=["accuracy"],
        )  # fmt: skip


def test_the_page_says_that_it_cannot_tell(rng):
    from driftlib.reporting.performance_verdicts import performance_verdict
    from driftlib.reporting.sections import Unavailable
    from driftlib.reporting.tables import thresholds_table
    from driftlib.visualization import metric_trend

    none = Unavailable("no")
    reference, current = days(rng, 3), days(rng, 12, first=3)
    options = {"timestamp": "seen", "unit": "1D", "metrics": ["accuracy"]}
    few = dl.track_performance(current, reference=reference, **options)
    words = performance_verdict(few, none, none)
    assert words.startswith("Cannot tell: the reference has 3 days. Accuracy: ")
    title = metric_trend(few).layout.title.text
    assert title.startswith("Cannot tell: the reference has 3 days; Accuracy 0.")
    some = dl.track_performance(
        current[: 60 * 7], reference=pd.concat([reference, current]), window="4D", **options
    )
    words = performance_verdict(some, none, none)
    assert words.startswith("The watched metric is not worse than tolerated. Cannot tell: ")
    assert "3 days" in words
    assert "design effect" in thresholds_table(some)


def test_another_decision_threshold_is_judged_by_the_same_units(rng):
    frame = days(rng, 12)
    for unit in ("2D", "row"):
        perf = dl.track_performance(frame, timestamp="seen", unit=unit)
        moved = performance_at(0.4, frame, perf, timestamp="seen")
        assert moved.unit_rule == perf.unit_rule


def test_windows_of_which_nothing_can_be_compared_are_told(rng):
    labels = rng.integers(0, 2, 600)

    def side(right: float, segment: str) -> pd.DataFrame:
        pred = np.where(rng.random(600) < right, labels, 1 - labels)
        return pd.DataFrame({"y_true": labels.astype(float), "y_pred": pred, "s": segment})

    names = {"unit": "row", "metrics": ["accuracy"]}
    reference = side(0.9, "known")
    other = dl.track_performance(side(0.5, "new"), reference=reference, by="s", **names)
    why = "the reference has no value to compare with"
    assert other.headline.startswith(f"Cannot tell: {why}; Accuracy 0.")
    assert make_status(performance_facts(other, None, ())).finding == f"It cannot be told: {why}."
    late = side(0.9, "known")
    late.loc[200:299, "y_true"] = np.nan
    gap = dl.track_performance(late, reference=reference, window=100, **names)
    assert gap.headline.endswith("; cannot tell: no labelled rows, in 1 of 6 windows")
