"""What an estimate rests on, and what is said where that does not look true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import driftlib as dl
from driftlib.data.predictions import Predictions
from driftlib.performance.training_rows import too_good
from driftlib.reporting.inputs import read_inputs
from driftlib.stats.prior_shift import prior_shift


def rows(rng, count: int, odds: float = 1.0, moved: float = 0.0) -> pd.DataFrame:
    """Rows of a model that is right, the odds of positives so many times the usual."""
    x = rng.normal([moved, 0, 0], size=(10 * count, 3))
    chance = expit(x @ [1.0, 0.7, 0.0] - 1.5)
    y = rng.random(len(x)) < chance
    kept = np.flatnonzero(rng.random(len(x)) < np.where(y, odds, 1) / max(odds, 1))[:count]
    frame = pd.DataFrame(x[kept], columns=["a", "b", "c"])
    return frame.assign(
        y_proba=chance[kept], y_pred=(chance[kept] > 0.5).astype(int), y_true=y[kept].astype(int)
    )


def test_another_share_of_positives_is_said_with_its_remedy(rng):
    reference, current = rows(rng, 8000), rows(rng, 3000, odds=3.0)
    found = dl.estimate_performance(reference, current, metrics=["precision"])
    note = found.table["note"].iloc[0]
    assert "only the share of '1' had changed" in note
    offset = float(note.split("adding ")[1].split(" ")[0])
    assert offset == pytest.approx(np.log(3), abs=0.15)
    real = dl.track_performance(current, metrics=["precision"]).table["value"].iloc[0]
    assert real > found.table["upper"].iloc[0]


def test_other_changes_and_none_are_no_change_of_the_share(rng):
    reference = rows(rng, 8000)
    for current in (rows(rng, 3000), rows(rng, 3000, moved=0.7)):
        found = dl.estimate_performance(reference, current, metrics=["accuracy"])
        assert "only the share" not in found.table["note"].iloc[0]
        assert found.warning == ""


def test_the_share_of_positives_is_told_from_scores(rng):
    shares, found = np.array([0.05, 0.1, 0.2, 0.3]), []
    y = rng.random(20_000) < 0.1
    score = rng.normal(2.0 * y)
    for share in shares:
        late = rng.random(5000) < share
        found.append(prior_shift(score, y, rng.normal(2.0 * late)))
    assert [one.now for one in found] == pytest.approx(shares.tolist(), abs=0.015)
    assert [one.found for one in found] == [True, False, True, True]
    assert prior_shift(score[:50], y[:50], score) is None


def test_a_diagnosis_names_a_changed_share_of_positives(rng):
    reference = rows(rng, 4000)
    shifted = dl.diagnose(reference, rows(rng, 4000, odds=3.0))
    assert "concept drift" in shifted.verdict
    assert "Prior shift: the share of '1' changed from" in shifted.reason
    flipped = rows(rng, 4000)
    flipped["y_true"] = np.where(rng.random(4000) < 0.2, 1 - flipped["y_true"], flipped["y_true"])
    for current in (flipped, rows(rng, 4000, moved=0.7)):
        assert "Prior shift" not in dl.diagnose(reference, current, max_rows=2000).reason


def test_reference_rows_that_the_model_was_trained_on_are_told(rng):
    from sklearn.ensemble import RandomForestClassifier

    data = rows(rng, 8000)
    features = ["a", "b", "c"]
    forest = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
    forest.fit(data[features][:3000], data["y_true"][:3000])
    data["y_proba"] = forest.predict_proba(data[features])[:, 1]
    data["y_pred"] = (data["y_proba"] > 0.5).astype(int)
    trained, unseen, current = data[:3000], data[3000:5500], data[5500:]
    found = dl.estimate_performance(trained, current, metrics=["accuracy"])
    assert "as if it was trained on them" in found.warning
    assert "pass holdout=True if these are" in found.warning
    assert found.warning in found.headline
    told = dl.estimate_performance(trained, current, metrics=["accuracy"], holdout=True)
    assert "holdout=True says that it was not trained on them" in told.warning
    assert dl.diagnose(trained, current, holdout=True).suspect == told.warning
    real = dl.track_performance(current, metrics=["accuracy"]).table["value"].iloc[0]
    assert found.table["lower"].iloc[0] > real
    assert dl.estimate_performance(unseen, current, metrics=["accuracy"]).warning == ""
    bool_of_numpy: Any = np.False_
    for what in (
        dl.estimate_performance(unseen, current, holdout=bool_of_numpy).warning,
        dl.diagnose(unseen, current, loss="zero_one", holdout=bool_of_numpy).suspect,
        dl.diagnose_windows(
            unseen.assign(own=1.0), current.assign(own=1.0), loss="own", holdout=False
        )
        .table["note"]
        .iloc[0],
        dl.advise(unseen, current, holdout=False).diagnosis.suspect,
    ):
        assert "holdout=false says" in what.lower()


def test_labels_that_are_better_than_scores_can_say_are_told(rng):
    """As those that the model has learnt by heart: no input needs to be alike to see it."""
    reference, current = rows(rng, 3000), rows(rng, 3000, moved=1.0)
    y, score = (reference[name].to_numpy() for name in ("y_true", "y_proba"))
    assert too_good(Predictions(y, y, score)) is None
    knew = reference.assign(y_proba=0.2 + 0.6 * reference["y_true"])
    found = dl.estimate_performance(knew, current, metrics=["accuracy"])
    assert "log loss 0.22 where the scores alone say 0.5" in found.warning
    told = dl.estimate_performance(knew, current, metrics=["accuracy"], holdout=True)
    assert "its scores are no probabilities" in told.warning
    assert "log loss" in dl.diagnose(knew, current).suspect
    # A model whose scores are as modest now gives no probabilities, and knew nothing.
    modest = current.assign(y_proba=0.2 + 0.6 * current["y_true"])
    assert dl.diagnose(knew, modest, max_rows=1000).suspect == ""
    thirds = np.column_stack([1 - score, score / 2, score / 2])
    labels = np.where(y == 1, 1 + (rng.random(3000) < 0.5), 0)
    assert too_good(Predictions(labels, labels, thirds)) is None
    assert too_good(Predictions(labels, labels, 0.15 + 0.55 * np.eye(3)[labels])) == (0.357, 0.819)


SAID = [("yes", True), ("NO", False), (False, False), ("", None)]


@pytest.mark.parametrize(("text", "says"), SAID)
def test_the_holdout_parameter_is_yes_no_or_empty(text, says):
    reference = pd.DataFrame({"x": [1.0, 2.0], "y_true": [0, 1], "y_pred": [0, 1]})
    assert read_inputs(reference, reference, holdout=text).causes()["holdout"] is says
    with pytest.raises(dl.DriftlibError, match="must be yes where"):
        read_inputs(reference, reference, holdout="often")
