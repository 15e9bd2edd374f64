"""A regression's errors without labels: what a model of them expects, and how sure that is."""

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.performance.error_size import fit_error_size, size_inputs
from driftlib.stats.log_linear import fit_log_linear, linear_inputs, log_linear
from driftlib.stats.loss_calibration import fit_loss_calibration
from driftlib.visualization import reliability_curve


def rows(count, rng, middle=0.0):
    """Errors that grow with x, of predictions that are right on average."""
    x = rng.normal(middle, 1, count)
    pred = 10 + 2 * x
    y = pred + np.exp(0.5 * x) * rng.normal(size=count)
    return pd.DataFrame({"x": x, "noise": rng.normal(size=count), "y_pred": pred, "y_true": y})


@pytest.fixture(scope="module")
def moved():
    """A reference, windows with other inputs, and the estimates of these."""
    rng = np.random.default_rng(3)
    reference, current = rows(3000, rng), rows(3000, rng, 0.8)
    current["month"] = np.repeat(["a", "b", "c"], 1000)
    metrics = ["mae", "rmse", "r2"]
    found = dl.estimate_performance(
        reference, current.drop(columns="y_true"), window="month", metrics=metrics, unit="row"
    )
    real = dl.track_performance(current, window="month", metrics=metrics, unit="row")
    return (
        reference,
        current,
        found,
        real.table.merge(found.table, on=["window", "metric"], suffixes=("_real", "")),
    )


def test_other_inputs_have_the_errors_that_labels_will_show(moved):
    reference, _, found, table = moved
    known = table[table["metric"] != "r2"]
    assert len(known) == 6
    assert found.method == "dle"
    assert known["estimated"].all()
    ratio = known["value"] / known["value_real"]
    assert ratio.between(0.92, 1.08).all(), ratio
    # The reference's own errors are far from them.
    before = np.abs(reference["y_true"] - reference["y_pred"]).mean()
    assert (known.loc[known["metric"] == "mae", "value_real"] > 1.25 * before).all()
    assert known["lower"].le(known["value_real"]).all()
    assert known["value_real"].le(known["upper"]).all()
    assert ((known["upper"] - known["lower"]) < 0.3 * known["value"]).all()
    # From exp(x / 2) over x of mean 0.8: the mean of its size is exp(0.4 + 1/8) sqrt(2 / pi).
    mae = known.loc[known["metric"] == "mae", "value"].mean()
    assert mae == pytest.approx(np.exp(0.525) * np.sqrt(2 / np.pi), rel=0.06)


def test_what_only_labels_tell_is_said(moved):
    *_, table = moved
    r2 = table[table["metric"] == "r2"]
    assert r2["value"].isna().all()
    assert r2["note"].str.contains("how far labels vary only labels tell").all()


def test_expected_errors_of_the_reference_are_those_that_it_had(moved):
    found = moved[2].reliability
    assert set(found["metric"]) == {"Mean absolute error", "Root mean squared error"}
    inside = (found["lower"] <= found["expected"]) & (found["expected"] <= found["upper"])
    assert inside.mean() >= 0.8
    mae = found[found["metric"] == "Mean absolute error"]
    assert mae["observed"].iloc[-1] > 3 * mae["observed"].iloc[0]
    chart = reliability_curve(found)
    assert chart.layout.title.text.startswith("Errors that were expected of the reference's rows")
    assert [trace.y[-1] for trace in chart.data if trace.name == "observed"] == pytest.approx(
        found.groupby("metric", sort=False)["observed"].last().tolist()
    )


def test_segments_learn_from_their_own_rows():
    rng = np.random.default_rng(5)
    reference = rows(1200, rng).assign(site=np.repeat(["near", "far"], 600))
    reference.loc[reference["site"] == "far", "y_true"] += 20
    current = rows(600, rng).assign(site=np.repeat(["near", "far", "new"], 200))
    found = dl.estimate_performance(
        reference, current, by="site", metrics=["mae"], unit="row"
    ).table.set_index("site")
    assert found.loc["far", "value"] == pytest.approx(20, rel=0.05)
    assert found.loc["near", "value"] == pytest.approx(0.9, rel=0.3)
    assert "the segment has 0 reference rows" in found.loc["new", "note"]


def test_days_that_err_together_widen_the_interval():
    rng = np.random.default_rng(7)
    days = np.repeat(np.arange(60), 40)
    frame = rows(len(days), rng)
    frame["seen"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D")
    scale = np.exp(0.6 * rng.normal(size=60))[days]
    frame["y_true"] = frame["y_pred"] + scale * (frame["y_true"] - frame["y_pred"])
    before, now = frame[days < 40], frame[days >= 40]
    widths = []
    for unit in ("1D", "row"):
        table = dl.estimate_performance(
            before, now, timestamp="seen", unit=unit, metrics=["mae"]
        ).table
        widths.append(float((table["upper"] - table["lower"]).iloc[0]))
    assert widths[0] > 2.5 * widths[1]


def test_losses_of_a_users_own_and_labels_of_zero():
    rng = np.random.default_rng(8)
    frame = rows(800, rng)
    frame.loc[:9, "y_true"] = 0.0
    own = dl.Metric("late", of_losses=lambda y, pred: np.maximum(y - pred, 0))
    found = dl.estimate_performance(frame[:500], frame[500:], metrics=[own, "mape"], unit="row")
    table = found.table.set_index("metric")
    real = np.maximum(frame["y_true"] - frame["y_pred"], 0)[500:].mean()
    assert table.loc["late", "value"] == pytest.approx(real, rel=0.25)
    assert 0.02 < table.loc["mape", "value"] < 0.5


def test_too_few_rows_and_predictions_without_an_error():
    frame = rows(100, np.random.default_rng(9))
    with pytest.raises(dl.DriftlibError, match="at least 50"):
        dl.estimate_performance(frame[:30], frame[30:], unit="row")
    exact = frame.assign(y_true=frame["y_pred"])
    table = dl.estimate_performance(exact, exact, metrics=["mae"], unit="row").table
    assert table["value"].tolist() == [0.0]
    with pytest.raises(dl.DriftlibError, match="no labels in a column 'y_true'"):
        dl.estimate_performance(frame.drop(columns="y_true"), frame, task="regression")


def test_calibrated_losses_agree_with_those_seen():
    rng = np.random.default_rng(1)
    size = np.exp(rng.normal(0, 0.5, 5000))
    squared = (size**1.5 * rng.normal(size=5000)) ** 2
    found = fit_loss_calibration(3 * size, squared, power=2)
    # Sizes three times too large, whose power is another one, are put right.
    at = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(found.losses(3 * at), at**3, rtol=0.15)
    assert found.losses(3 * size).mean() == pytest.approx(squared.mean(), rel=0.05)
    draws = found.draw_means(3 * size[:400], 400, rng)
    # What 400 labels alone vary: the variance of a squared normal number is 2.
    alone = np.sqrt(2 * (size[:400] ** 6).sum()) / 400
    assert alone * 0.8 < draws.std() < alone * 1.6


def test_a_log_linear_start_goes_on_beyond_what_was_seen():
    rng = np.random.default_rng(2)
    matrix = np.column_stack([rng.normal(size=2000), rng.integers(0, 2, 2000)])
    y = np.exp(0.5 * matrix[:, 0] + matrix[:, 1]) * rng.exponential(size=2000)
    inputs = linear_inputs(matrix, {1: 2})
    line = fit_log_linear(inputs.design(matrix), y)
    there = log_linear(inputs.design(np.array([[2.4, 1.0], [np.nan, 0.0]])), line)
    np.testing.assert_allclose(there, [np.exp(2.2), 1.0], rtol=0.2)


def test_no_row_is_judged_by_a_model_that_has_seen_it():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=600)})
    units = np.repeat(np.arange(60), 10)
    # Each unit has a size of its own, which nothing but having seen it could tell.
    frame["day"] = units
    size = np.exp(rng.normal(size=60))[units]
    inputs = size_inputs((frame, frame), {"x": "numeric", "day": "numeric"}, (size * 0, size * 0))
    by_unit = fit_error_size(inputs, size, units, 0)
    by_row = fit_error_size(inputs, size, None, 0)
    learnt = [np.corrcoef(np.log(m.held_out), np.log(size))[0, 1] for m in (by_unit, by_row)]
    assert learnt[0] < 0.15 < 0.4 < learnt[1]
