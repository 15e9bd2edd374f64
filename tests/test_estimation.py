"""Estimates against scikit-learn, against resampling, and against the labels that came later."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn import metrics as sk

from driftlib.data.predictions import Predictions
from driftlib.diagnosis.windows import diagnose_windows
from driftlib.errors import DriftlibError, ParameterError
from driftlib.performance.estimate import estimate_performance
from driftlib.performance.metrics import METRICS
from driftlib.performance.predictive import _cells, predictive_interval
from driftlib.performance.track import track_performance
from driftlib.stats.calibration import BENDS, fit_calibrator, reliability


def scored(rng: np.random.Generator, rows: int, power: float = 1.0) -> pd.DataFrame:
    """Binary rows whose label has the chance score ** power."""
    score = rng.beta(1.5, 2.0, rows)
    y = (rng.random(rows) < score**power).astype(int)
    return pd.DataFrame({"y_proba": score, "y_pred": (score > 0.5).astype(int), "y_true": y})


def three_classes(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Rows of three classes whose model is too sure of itself."""
    chance = rng.dirichlet([1.0, 1.5, 2.0], rows)
    y = (chance.cumsum(1) > rng.random((rows, 1))).argmax(1)
    score = chance**1.5 / (chance**1.5).sum(1, keepdims=True)
    names = np.array(["a", "b", "c"])
    frame = pd.DataFrame(score, columns=[f"y_proba_{name}" for name in names])
    return frame.assign(y_pred=names[score.argmax(1)], y_true=names[y])


def bent_world(rng: np.random.Generator, rows: int, shift: float) -> pd.DataFrame:
    """A model that does not know that its score means more where z is high."""
    x, z = rng.normal(size=rows), rng.normal(shift, 1, size=rows)
    frame = pd.DataFrame({"x": x, "z": z, "y_proba": expit(x)})
    chance = expit(1.5 * x * (1 + z))
    return frame.assign(y_pred=(x > 0).astype(int), y_true=(rng.random(rows) < chance).astype(int))


def values(result, name="value"):
    return result.table.set_index("metric")[name]


# --- calibration


def test_calibration_is_a_logistic_regression_held_to_the_scores(rng):
    frame = scored(rng, 20_000, power=1.7)
    proba, pred, y = (frame[name].to_numpy() for name in ("y_proba", "y_pred", "y_true"))
    weights = rng.uniform(0.2, 3, len(frame))
    calibrator = fit_calibrator(proba, pred, y, weights)
    (design,) = calibrator.designs(proba, pred)
    ours = calibrator.probabilities([design])
    assert np.abs(ours - proba**1.7).mean() < 0.01
    # At the highest penalised likelihood the slope of the likelihood is the pull of the prior.
    inputs = calibrator.inputs
    slope = design.T @ (weights * weights.sum() / (weights**2).sum() * (y - ours))
    (bend,) = [
        p for p in BENDS if np.isclose(p, (slope / (calibrator.coefficients - inputs.own))[5])
    ]
    pull = np.choose(inputs.kinds, [0.1, bend, 1.0]) * (calibrator.coefficients - inputs.own)
    assert slope == pytest.approx(pull, abs=1e-3)


def test_stiffness_follows_the_data(rng):
    score = rng.random(20_000)
    pred = (score > 0.5).astype(int)
    smooth, wavy = score**1.5, np.clip(score + 0.15 * np.sin(20 * score), 0, 1)
    chosen = {}
    for name, chance in (("smooth", smooth), ("wavy", wavy)):
        y = (rng.random(len(score)) < chance).astype(int)
        calibrator = fit_calibrator(score, pred, y)
        found = calibrator.probabilities(calibrator.designs(score, pred))
        chosen[name] = np.abs(found - chance).mean()
    assert chosen["smooth"] < 0.006
    assert chosen["wavy"] < 0.025
    # Scores of exactly 0 and 1 are told apart from those near them, few values from each other.
    score = rng.choice([0.0, 0.01, 0.5, 0.99, 1.0], 20_000)
    chance = np.select(
        [score == 0, score == 0.01, score == 0.5, score == 0.99], [0.1, 0, 0.3, 1], 0.8
    )
    y = (rng.random(len(score)) < chance).astype(int)
    calibrator = fit_calibrator(score, (score > 0.3).astype(int), y)
    found = calibrator.probabilities(calibrator.designs(score, (score > 0.3).astype(int)))
    assert np.abs(found - chance).max() < 0.03


def test_calibration_recovers_the_chances_of_three_classes(rng):
    frame = three_classes(rng, 20_000)
    score = frame.filter(like="y_proba").to_numpy()
    pred, y = (pd.factorize(frame[name], sort=True)[0] for name in ("y_pred", "y_true"))
    calibrator = fit_calibrator(score, pred, y)
    shares = calibrator.probabilities(calibrator.designs(score, pred))
    truth = score ** (1 / 1.5) / (score ** (1 / 1.5)).sum(1, keepdims=True)
    assert np.allclose(shares.sum(1), 1)
    assert np.abs(shares - truth).mean() < 0.01 < np.abs(score - truth).mean()


def test_covariance_is_that_of_refitting_on_resampled_references(rng):
    frame = scored(rng, 1500, power=1.5)
    proba, pred, y = (frame[name].to_numpy() for name in ("y_proba", "y_pred", "y_true"))
    weights = rng.uniform(0.1, 4, len(y))
    calibrator = fit_calibrator(proba, pred, y, weights)
    points = np.array([0.2, 0.4, 0.6, 0.8]), np.array([0, 0, 1, 1])
    drawn = calibrator.probabilities(calibrator.designs(*points), calibrator.draw(2000, rng))
    again = []
    for _ in range(200):
        rows = rng.integers(0, len(y), len(y))
        refit = fit_calibrator(proba[rows], pred[rows], y[rows], weights[rows])
        again.append(refit.probabilities(refit.designs(*points)))
    assert drawn.std(0) == pytest.approx(np.std(again, axis=0), rel=0.25)
    assert drawn.mean(0) == pytest.approx(np.mean(again, axis=0), abs=0.02)


@pytest.mark.parametrize("score", [[0.0, 1.0] * 40, [0.3] * 80, [0.2, 0.8] * 40, [1.0] * 80])
def test_calibration_of_scores_at_the_ends_or_without_spread(score):
    score = np.array(score)
    y = np.arange(80) % 4 // 3
    calibrator = fit_calibrator(score, (score > 0.5).astype(int), y)
    designs = calibrator.designs(score, (score > 0.5).astype(int))
    drawn = calibrator.probabilities(designs, calibrator.draw(50, np.random.default_rng(0)))
    assert calibrator.probabilities(designs).mean() == pytest.approx(y.mean(), abs=0.02)
    assert np.isfinite(drawn).all()
    assert drawn.std() > 0.01


def test_few_rows_leave_wide_doubt(rng):
    score, y = np.array([0.3, 0.4, 0.6, 0.7]), np.array([0, 1, 0, 1])
    calibrator = fit_calibrator(score, (score > 0.5).astype(int), y)
    designs = calibrator.designs(score, (score > 0.5).astype(int))
    assert (calibrator.probabilities(designs, calibrator.draw(500, rng)).std(0) > 0.15).all()


def test_prediction_that_the_score_does_not_determine_is_calibrated_as_well(rng):
    frame = scored(rng, 8000)
    # A better model decides; the score alone would put its accuracy far too low.
    wise = np.where(rng.random(8000) < 0.9, frame["y_true"], 1 - frame["y_true"])
    frame["y_pred"] = wise
    estimate = estimate_performance(frame[:4000], frame[4000:], metrics=["accuracy"])
    assert values(estimate)["accuracy"] == pytest.approx(0.9, abs=0.02)


def test_reliability_tells_a_calibrated_from_an_overconfident_model(rng):
    frame = scored(rng, 20_000, power=2.0)
    columns = [frame[name].to_numpy() for name in ("y_proba", "y_pred", "y_true")]
    table = reliability(*columns, ("0", "1"))
    assert len(table) == 20
    assert table["n"].sum() == 40_000
    assert table["label"].unique().tolist() == ["1"]
    gap = (table["predicted"] - table["observed"]).abs().groupby(table["calibration"]).max()
    assert gap["before"] > 0.2
    assert gap["after"] < 0.03
    inside = table["predicted"].between(table["lower"], table["upper"])
    assert inside[table["calibration"] == "after"].mean() >= 0.7
    truth = np.bincount(np.digitize(columns[0], np.quantile(columns[0], np.arange(1, 10) / 10)))
    assert table["n"][:10].tolist() == truth.tolist()


# --- values and intervals


def test_values_are_those_of_rows_weighted_by_the_chance_of_each_label(rng):
    frame = scored(rng, 700, power=1.4)
    frame["y_proba"] = frame["y_proba"].round(2)
    predictions = Predictions(*(frame[name].to_numpy() for name in ("y_true", "y_pred", "y_proba")))
    calibrator = fit_calibrator(predictions.proba, predictions.pred, predictions.y)
    chance = calibrator.probabilities(calibrator.designs(predictions.proba, predictions.pred))
    chosen = list(METRICS["binary"].values())
    found = predictive_interval(calibrator, predictions, 2, chosen, rng)[0]
    y = np.repeat([1, 0], len(frame))
    pred, score = np.tile(predictions.pred, 2), np.tile(predictions.proba, 2)
    weight = {"sample_weight": np.concatenate([chance, 1 - chance])}
    expected = {
        "accuracy": sk.accuracy_score(y, pred, **weight),
        "precision": sk.precision_score(y, pred, **weight),
        "recall": sk.recall_score(y, pred, **weight),
        "specificity": sk.recall_score(y, pred, pos_label=0, **weight),
        "f1": sk.f1_score(y, pred, **weight),
        "roc_auc": sk.roc_auc_score(y, score, **weight),
        "average_precision": sk.average_precision_score(y, score, **weight),
        "log_loss": sk.log_loss(y, score, **weight),
        "brier": sk.brier_score_loss(y, score, **weight),
    }
    assert found == pytest.approx([expected[metric.name] for metric in chosen], abs=1e-9)


def test_multiclass_values_are_those_of_weighted_rows(rng):
    frame = three_classes(rng, 900)
    score = frame.filter(like="y_proba").to_numpy()
    pred, y = (pd.factorize(frame[name], sort=True)[0] for name in ("y_pred", "y_true"))
    calibrator = fit_calibrator(score, pred, y)
    chance = calibrator.probabilities(calibrator.designs(score, pred))
    chosen = list(METRICS["multiclass"].values())
    found = predictive_interval(calibrator, Predictions(y, pred, score), 3, chosen, rng)[0]
    label, weight = np.repeat([0, 1, 2], len(y)), {"sample_weight": chance.T.ravel()}
    pred, score = np.tile(pred, 3), np.tile(score, (3, 1))
    macro = {"average": "macro", **weight}
    expected = [
        sk.accuracy_score(label, pred, **weight),
        sk.precision_score(label, pred, **macro),
        sk.recall_score(label, pred, **macro),
        sk.f1_score(label, pred, **macro),
        np.mean([sk.roc_auc_score(label == k, score[:, k], **weight) for k in range(3)]),
        sk.log_loss(label, score, **weight),
    ]
    assert found == pytest.approx(expected, abs=1e-9)


def test_cells_stand_for_all_rows_and_keep_ties(rng):
    proba = np.where(rng.random(20_000) < 0.3, 0.25, rng.random(20_000))
    pred = (proba > 0.5).astype(int)
    none = np.full(20_000, -1)
    cells = _cells(proba, pred, none)
    at, of, counts = cells.proba, cells.pred, cells.counts
    assert len(at) <= 502
    assert counts.sum() == 20_000
    assert counts[of == 1].sum() == pred.sum()
    assert counts[at == 0.25].sum() == pytest.approx(6000, rel=0.05)
    assert (counts * at).sum() == pytest.approx(proba.sum(), rel=1e-3)
    few = np.array([0.1, 0.9, 0.1, 0.5])
    cells = _cells(few, np.array([0, 1, 0, 1]), none[:4])
    at, of, counts = cells.proba, cells.pred, cells.counts
    assert (at.tolist(), of.tolist(), counts.tolist()) == ([0.1, 0.5, 0.9], [0, 1, 1], [2, 1, 1])


@pytest.mark.parametrize("classes", [2, 3])
def test_interval_of_cells_is_that_of_single_rows(rng, monkeypatch, classes):
    # A large reference, so that chance in the labels makes most of the width.
    frame = scored(rng, 30_000) if classes == 2 else three_classes(rng, 30_000)
    score = frame.filter(like="y_proba").to_numpy().squeeze()
    y, pred = (pd.factorize(frame[name], sort=True)[0] for name in ("y_true", "y_pred"))
    calibrator = fit_calibrator(score, pred, y)
    window = Predictions(y, pred, score).take(slice(2000))
    chosen = list(METRICS["binary" if classes == 2 else "multiclass"].values())
    cells = predictive_interval(calibrator, window, classes, chosen, rng)
    monkeypatch.setattr("driftlib.performance.predictive.MOST_SCORE_CELLS", 10**9)
    rows = predictive_interval(calibrator, window, classes, chosen, rng)
    assert (cells[0] == rows[0]).all()
    assert (np.abs(cells - rows) < 0.12 * (rows[2] - rows[1])).all()


def held(reference, current, **arguments) -> pd.DataFrame:
    """Whether each interval holds what the labels show, and how far the estimate is off."""
    names = ["accuracy", "roc_auc", "f1"]
    table = estimate_performance(reference, current, metrics=names, **arguments).table
    realised = values(track_performance(current, metrics=names)).to_numpy()
    return table.assign(
        held=(table["lower"] <= realised) & (realised <= table["upper"]),
        error=(table["value"] - realised).abs(),
    )


def test_intervals_hold_what_labels_show_without_a_shift(rng):
    pairs = [(scored(rng, 500, power), scored(rng, 400, power)) for power in [0.6, 1, 1.8] * 10]
    shares = pd.concat([held(*pair) for pair in pairs]).groupby("metric")["held"].mean()
    # Of 30 intervals that hold 95 %, fewer than 25 do once in 300 times.
    assert (shares >= 25 / 30).all(), shares
    assert 0.9 < shares.mean() < 0.995, shares


def test_intervals_hold_what_labels_show_for_three_classes(rng):
    pairs = [(three_classes(rng, 600), three_classes(rng, 400)) for _ in range(8)]
    table = pd.concat([held(*pair) for pair in pairs])
    assert table["held"].mean() > 0.86
    assert table["error"].mean() < 0.03


def test_pape_holds_under_a_shift_of_inputs_where_cbpe_does_not(rng):
    pairs = [(bent_world(rng, 3000, 0), bent_world(rng, 1500, z)) for z in (0.8, -0.8, 1, -1)]
    found = {
        method: pd.concat([held(*pair, method=method) for pair in pairs])
        for method in ("cbpe", "pape")
    }
    assert found["cbpe"]["held"].mean() < 0.2
    assert found["pape"]["held"].mean() > 0.8
    error = {method: table.groupby("metric")["error"].mean() for method, table in found.items()}
    assert (error["pape"] < 0.4 * error["cbpe"]).all(), error


def test_a_classifier_of_the_diagnosis_serves_the_estimate(rng, monkeypatch):
    reference, current = bent_world(rng, 2000, 0), bent_world(rng, 2000, 0.8)
    # Rows without a label are in no diagnosis; positions are those of the frame all the same.
    reference["y_true"] = reference["y_true"].astype(float).where(np.arange(2000) % 5 > 0)
    asked = {"metrics": ["accuracy", "roc_auc"], "window": 1000}
    fresh = estimate_performance(reference, current, method="pape", **asked).table
    domains = diagnose_windows(reference, current, window=1000, max_rows=1200).domains
    assert reference["y_true"].iloc[domains[1].reference_rows].notna().all()
    assert domains[1].current_rows.min() >= 1000
    monkeypatch.delattr("driftlib.performance.reference_calibration.fit_domain")
    again = partial(estimate_performance, reference, current, method="pape", **asked)
    table = again(domain=domains).table
    width = fresh["upper"] - fresh["lower"]
    assert ((table["value"] - fresh["value"]).abs() < 0.5 * width).all()
    realised = values(track_performance(current, **asked)).to_numpy()
    assert ((table["value"] - realised).abs() < width).all()
    with pytest.raises(ParameterError, match="holds 1 classifier for 2 windows"):
        again(domain=domains[:1])
    with pytest.raises(ParameterError, match="fitted on other rows"):
        again(domain=domains[::-1])


# --- the table


def test_table_has_the_columns_of_track_performance(rng):
    reference, current = scored(rng, 1000), scored(rng, 1050)
    estimate = estimate_performance(reference, current, window=500, step=250)
    realised = track_performance(current, window=500, step=250)
    assert estimate.table.columns.tolist() == realised.table.columns.tolist()
    same = ["window", "start", "end", "n", "n_labelled", "metric"]
    pd.testing.assert_frame_equal(estimate.table[same], realised.table[same])
    assert estimate.table["estimated"].all()
    assert estimate.table["note"].iloc[-1].startswith("partial")
    assert estimate.reference is not None
    assert values(track_performance(reference)).tolist() == estimate.reference["value"].tolist()


def test_limits_are_finite_and_hold_the_value_down_to_single_rows(rng):
    table = estimate_performance(scored(rng, 60), scored(rng, 40), window=1).table
    known = table["value"].notna()
    limits = table.loc[known, ["lower", "value", "upper"]].to_numpy()
    assert np.isfinite(limits).all()
    assert (np.diff(limits, axis=1) >= 0).all()
    assert set(table.loc[known, "metric"]) >= {"accuracy", "log_loss", "brier"}
    assert table.loc[table["metric"] == "roc_auc", "note"].str.contains("only one class").all()
    assert table.loc[~known, ["lower", "upper"]].isna().all(axis=None)


def test_labels_of_current_are_counted_and_not_looked_at(rng):
    reference, current = scored(rng, 800), scored(rng, 600)
    without = estimate_performance(reference, current.drop(columns="y_true"))
    strange = current.assign(y_true=np.where(np.arange(600) < 100, "unheard-of", None))
    estimate = estimate_performance(reference, strange)
    assert (estimate.table["n_labelled"] == 100).all()
    assert (without.table["n_labelled"] == 0).all()
    ignored = ["value", "lower", "upper", "note"]
    pd.testing.assert_frame_equal(estimate.table[ignored], without.table[ignored])


def test_same_seed_same_numbers_and_each_window_stands_alone(rng):
    reference, current = scored(rng, 800), scored(rng, 900)
    first, again, other = (
        estimate_performance(reference, current, window=300, seed=seed).table for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first, again)
    assert (first["value"] == other["value"]).all()
    assert (first["lower"] != other["lower"]).any()
    alone = estimate_performance(reference, current[300:600]).table
    assert alone["value"].tolist() == first.loc[first["window"] == 1, "value"].tolist()


@pytest.mark.filterwarnings("error")
def test_rows_without_prediction_or_probability_are_left_out_and_said(rng):
    reference, current = scored(rng, 800), scored(rng, 600)
    gaps = current.astype({"y_pred": float})
    gaps.loc[:9, "y_proba"], gaps.loc[10:14, "y_pred"] = np.nan, np.nan
    table = estimate_performance(reference, gaps).table
    assert table["note"].str.contains("15 rows without a prediction or probability").all()
    whole = estimate_performance(reference, current[15:]).table
    assert table["value"].tolist() == pytest.approx(whole["value"].tolist())
    nothing = estimate_performance(
        reference, gaps.assign(y_proba=np.nan).astype({"y_proba": float})
    )
    assert nothing.table["value"].isna().all()


def test_thresholds_are_judged_as_for_realised_performance(rng):
    reference, current = scored(rng, 4000), scored(rng, 3000)
    current.loc[current["y_proba"].between(0.2, 0.8), "y_proba"] = 0.5
    current["y_pred"] = (current["y_proba"] > 0.5).astype(int)
    given = {"accuracy": 0.99, "f1": 0.01, "roc_auc": "-0.01", "brier": "+0.5"}
    estimate = estimate_performance(reference, current, thresholds=given, window=1500)
    table = estimate.table[estimate.table["window"] == 0].set_index("metric")
    assert table["breached"][["accuracy", "f1", "brier"]].tolist() == [True, False, False]
    assert table["degraded"][["accuracy", "f1", "brier"]].tolist() == [True, False, False]
    expected = values(track_performance(reference))["roc_auc"] - 0.01
    assert table["threshold"]["roc_auc"] == pytest.approx(expected)
    assert "Accuracy is below its threshold in 2 of 2 windows" in estimate.headline
    assert estimate.headline.startswith("Estimated without labels: ")
    assert estimate.headline.endswith("the relation between inputs and labels has not changed")


def test_calendar_windows_without_rows_are_kept(rng):
    current = scored(rng, 400).assign(
        day=np.where(np.arange(400) < 200, "2024-01-02", "2024-03-05")
    )
    estimate = estimate_performance(
        scored(rng, 500), current, timestamp="day", window="MS", metrics=["brier"]
    )
    assert estimate.table["n"].tolist() == [200, 0, 200]
    assert estimate.table["value"].isna().tolist() == [False, True, False]
    assert "no rows" in estimate.table["note"][1]


# --- segments


def with_shops(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of two shops in turn; in B the model knows nothing."""
    shop = np.where(np.arange(len(frame)) % 2 == 0, "A", "B")
    y = np.where(shop == "B", np.random.default_rng(9).integers(0, 2, len(frame)), frame["y_true"])
    return frame.assign(shop=shop, y_true=y, x=np.random.default_rng(8).normal(size=len(frame)))


@pytest.mark.parametrize("method", ["cbpe", "pape"])
def test_each_segment_has_the_table_of_its_rows_alone(rng, method, few_trees):
    reference, current = with_shops(scored(rng, 1200)), with_shops(scored(rng, 600))
    asked = {"metrics": ["accuracy", "roc_auc"], "window": 200, "method": method}
    found = estimate_performance(reference, current, by="shop", **asked)
    assert found.by == ("shop",)
    assert found.table.columns.tolist()[:4] == ["window", "start", "end", "shop"]
    assert found.reference["shop"].tolist() == ["A", "A", "B", "B"]
    for shop, part in found.table.groupby("shop"):
        frames = [frame[frame["shop"] == shop] for frame in (reference, current)]
        alone = estimate_performance(*frames, features=["x"], **asked)
        got = part.drop(columns="shop").reset_index(drop=True)
        pd.testing.assert_frame_equal(got, alone.table)
        of_reference = found.reference[found.reference["shop"] == shop]
        assert of_reference["value"].tolist() == alone.reference["value"].tolist()


def test_a_segment_is_judged_by_its_own_past(rng):
    reference, current = with_shops(scored(rng, 6000)), with_shops(scored(rng, 3000))
    found = estimate_performance(
        reference, current, by=["shop"], metrics=["accuracy"], thresholds={"accuracy": "-0.1"}
    )
    rows, own = found.table.set_index("shop"), found.reference.set_index("shop")["value"]
    realised = track_performance(current, by="shop", metrics=["accuracy"])
    realised = realised.table.set_index("shop")["value"]
    assert rows.loc["B", "value"] == pytest.approx(0.5, abs=0.03)
    assert (rows["value"] - realised).abs().max() < 0.04
    assert rows["threshold"].tolist() == pytest.approx((own - 0.1).tolist())
    assert not rows["degraded"].any()
    assert found.headline.startswith("Estimated without labels: No metric is worse")


def test_a_segment_with_few_reference_rows_learns_from_all(rng):
    reference = with_shops(scored(rng, 1000))
    reference.loc[reference.index[:40], "shop"] = "C"
    current = with_shops(scored(rng, 300))
    current["shop"] = np.where(np.arange(300) < 100, "C", np.where(np.arange(300) < 200, "D", "A"))
    table = estimate_performance(reference, current, by="shop", metrics=["f1"]).table
    notes = table.set_index("shop")["note"]
    assert "calibrated" not in notes["A"]
    said = "the segment has 40 reference rows: calibrated on those of all segments"
    assert notes["C"].startswith(said)
    assert notes["D"].startswith(
        "the segment has 0 reference rows: calibrated on those of all segments; "
        "the reference has no value to compare with"
    )
    whole = estimate_performance(reference, current[current["shop"] == "D"], metrics=["f1"]).table
    assert table.set_index("shop").loc["D", "value"] == whole["value"][0]


# --- one column or two


def test_two_probability_columns_are_one(rng):
    reference, current = scored(rng, 800), scored(rng, 600)
    words = {0: "bad", 1: "good"}

    def by_class(frame):
        frame = frame.assign(y_proba_bad=1 - frame["y_proba"], y_proba_good=frame["y_proba"])
        for name in ("y_pred", "y_true"):
            frame[name] = frame[name].map(words)
        return frame.drop(columns="y_proba")

    single = estimate_performance(reference, current).table
    double = estimate_performance(by_class(reference), by_class(current)).table
    assert single["value"].tolist() == pytest.approx(double["value"].tolist(), abs=1e-12)


def test_pape_says_when_window_and_reference_do_not_overlap_or_rows_are_few(rng):
    reference = bent_world(rng, 1000, 0.0)
    far = bent_world(rng, 500, 9.0)
    note = estimate_performance(reference, far, method="pape", metrics=["f1"]).table["note"][0]
    assert "hardly any reference row is like these (AUC 1.0" in note
    assert "do not rely on it" in note
    few = bent_world(rng, 20, 0.0)
    estimate = estimate_performance(reference, few, method="pape", metrics=["f1"])
    assert estimate.table["note"][0].startswith("only 20 rows to learn the mix of inputs from")
    plain = estimate_performance(reference, few, metrics=["f1"])
    keyed = [frame.assign(key=[f"k{row}" for row in frame.index]) for frame in (reference, few)]
    named = estimate_performance(*keyed, method="pape", metrics=["f1"])
    assert any(note.startswith("'key': not compared: an identifier") for note in named.notes)
    assert estimate.table["value"].tolist() == plain.table["value"].tolist()


def test_result_becomes_json_and_escaped_html(rng, few_trees):
    frame = scored(rng, 600)
    for name in ("y_pred", "y_true"):
        frame[name] = frame[name].map({0: "<b>no</b>", 1: "<script>yes"})
    estimate = estimate_performance(frame, frame, positive="<script>yes")
    content = json.loads(json.dumps(estimate.to_dict(), allow_nan=False))
    assert content["method"] == "cbpe"
    assert content["assumption"] == estimate.assumption
    assert len(content["reliability"]) == 20
    assert "<script>" not in estimate._repr_html_()
    assert "nothing is promised" in estimate._repr_html_()
    assert (
        "nothing is promised"
        not in estimate_performance(
            frame.assign(x=rng.normal(size=600)), frame.assign(x=0.0), method="pape", window=300
        ).assumption
    )


# --- what cannot be used


def spoilt(frame: pd.DataFrame, **columns) -> pd.DataFrame:
    return frame.assign(**columns)


@pytest.mark.parametrize(
    ("reference", "current", "arguments", "sentence"),
    [
        (lambda f: f.drop(columns="y_true"), None, {}, "reference has no labels in a column"),
        (lambda f: f.assign(y_true=None), None, {}, "reference has no labels in a column 'y_true'"),
        (lambda f: f.drop(columns="y_proba"), None, {}, "reference has no column 'y_proba'"),
        (None, lambda f: f.drop(columns="y_proba"), {}, "current has no column 'y_proba'"),
        (None, lambda f: f.drop(columns="y_pred"), {}, "current has no column 'y_pred'"),
        (None, lambda f: f.assign(y_proba=1.5), {}, "current column 'y_proba' has 1.5 in row 0"),
        (lambda f: f.assign(y_true=1), None, {}, "holds only the label '1'"),
        (None, None, {"method": "magic"}, "method='magic' is not known"),
        (None, None, {"method": "pape"}, "share no feature, and method='pape' compares features"),
        (None, None, {"metrics": ["mae"]}, "no metric 'mae'"),
        (None, None, {"thresholds": {"f1": "much"}}, "is no threshold"),
        (None, None, {"rows": 50}, "has no argument 'rows': pass a number of rows as window="),
        (None, None, {"by": "MS"}, "by= takes segment columns"),
        (None, None, {"metric": ["f1"]}, "Did you mean 'metrics'"),
        (None, None, {"features": ["y_pred"], "method": "pape"}, "which is the prediction"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(rng, reference, current, arguments, sentence):
    frames = [scored(rng, 200), scored(rng, 100)]
    frames = [
        spoil(f) if spoil else f for spoil, f in zip((reference, current), frames, strict=True)
    ]
    with pytest.raises(DriftlibError) as raised:
        estimate_performance(*frames, **arguments)
    assert sentence in str(raised.value)
