"""Models that give scores and no predictions, and counts that are no classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

import driftlib as dl
from driftlib.errors import LackingError, ParameterError

OF_SCORES = ["roc_auc", "average_precision", "log_loss", "brier"]


@pytest.fixture
def scores(rng) -> pd.DataFrame:
    score = rng.random(3000)
    return pd.DataFrame({"y_proba": score, "y_true": (rng.random(3000) < score).astype(int)})


def test_scores_without_predictions_are_measured(scores):
    found = dl.track_performance(scores, reference=scores, window=1500)
    assert found.table["metric"].unique().tolist() == OF_SCORES
    assert any("there is no accuracy" in note and "threshold=" in note for note in found.notes)
    values = dl.track_performance(scores).table["value"].tolist()
    y, score = scores["y_true"], scores["y_proba"]
    expected = [
        sk.roc_auc_score(y, score),
        sk.average_precision_score(y, score),
        sk.log_loss(y, score),
        sk.brier_score_loss(y, score),
    ]
    assert values == pytest.approx(expected)
    with pytest.raises(ParameterError, match="threshold="):
        dl.track_performance(scores, metrics=["f1"])


def test_a_threshold_makes_predictions(scores):
    found = dl.track_performance(scores, threshold=0.6, metrics=["f1", "accuracy"])
    by_hand = scores.assign(y_pred=(scores["y_proba"] >= 0.6).astype(int))
    assert found.table["value"].tolist() == pytest.approx(
        [
            sk.accuracy_score(by_hand["y_true"], by_hand["y_pred"]),
            sk.f1_score(by_hand["y_true"], by_hand["y_pred"]),
        ]
    )
    # It replaces predictions, and says so.
    other = dl.track_performance(by_hand, threshold=0.5, metrics=["f1"])
    assert any("had another prediction" in note for note in other.notes)
    for wrong in (1.5, "half"):
        with pytest.raises(ParameterError, match="no probability"):
            dl.track_performance(scores, threshold=wrong)
    numbers = pd.DataFrame({"y_true": [0.5, 1.5], "y_pred": [0.4, 1.0]})
    with pytest.raises((ParameterError, LackingError)):
        dl.track_performance(numbers, threshold=0.5)


def test_scores_alone_are_estimated(scores):
    current = scores[["y_proba"]]
    found = dl.estimate_performance(scores, current)
    assert found.table["metric"].tolist() == OF_SCORES
    realised = dl.track_performance(scores).table["value"]
    assert found.table["value"].tolist() == pytest.approx(realised.tolist(), abs=0.01)
    cut = dl.estimate_performance(scores, current, threshold=0.6, metrics=["accuracy"])
    real = dl.track_performance(scores, threshold=0.6, metrics=["accuracy"]).table["value"]
    assert cut.table["value"].tolist() == pytest.approx(real.tolist(), abs=0.01)


def test_parameters_say_what_is_predicted(scores, tmp_path):
    from driftlib.reporting.inputs import read_inputs
    from driftlib.reporting.watched import set_limits

    scores = scores.assign(x=scores["y_proba"])
    data = read_inputs(scores, scores, task="binary", threshold="0.6", output=tmp_path)
    before = dl.track_performance(data.reference, **data.names, **data.measured)
    limits = set_limits(data.reference, before, ["f1"], 0.05, ["accuracy=0.99"])
    found = dl.track_performance(data.current, **data.tracked, **limits)
    assert found.table.set_index("metric")["degraded"].idxmax() == "accuracy"
    assert data.causes()["task"] == "binary"
    with pytest.raises(ParameterError, match="no number"):
        read_inputs(scores, scores, threshold="half", output=tmp_path)


def test_counts_with_whole_predictions_are_no_classes(rng):
    count = rng.poisson(3, 2000)
    near = np.clip(np.round(count + rng.normal(0, 1, 2000)), 0, count.max()).astype(int)
    found = dl.track_performance(pd.DataFrame({"y_true": count, "y_pred": near}))
    assert found.task == "regression"
    assert "as of counts" in found.notes[0]
    digit = rng.integers(0, 10, 2000)
    guess = np.where(rng.random(2000) < 0.8, digit, rng.integers(0, 10, 2000))
    assert (
        dl.track_performance(pd.DataFrame({"y_true": digit, "y_pred": guess})).task == "multiclass"
    )
