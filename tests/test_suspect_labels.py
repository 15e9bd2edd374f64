"""Labels and scores that are no outcomes: what looks like another concept, and is a broken join."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.advice.facts import performance_facts
from driftlib.advice.rules import advise_on
from driftlib.advice.status import make_status
from driftlib.diagnosis import suspicion


def _rows(seed: int, days: int, first: str) -> pd.DataFrame:
    """A good model: some 40 rows a day, half of them positive."""
    rng = np.random.default_rng(seed)
    n = days * 40
    x = rng.normal(size=(n, 2))
    chance = 1 / (1 + np.exp(-2 * x[:, 0] - x[:, 1]))
    return pd.DataFrame(
        {
            "when": pd.date_range(first, periods=n, freq="36min"),
            "a": x[:, 0],
            "b": x[:, 1],
            "y_true": (rng.random(n) < chance).astype(int),
            "y_pred": (chance > 0.5).astype(int),
            "y_proba": chance,
        }
    )


@cache
def _sides() -> tuple[pd.DataFrame, pd.DataFrame]:
    return _rows(0, 60, "2024-01-01"), _rows(1, 28, "2024-03-01")


def _other_class(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(y_proba=1 - current["y_proba"])


def _copied(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(y_true=current["y_pred"])


def _constant(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(y_true=1)


def _swapped(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(y_true=1 - current["y_true"])


def _stuck(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(y_pred=0, y_proba=0.13)


def _misjoined(current: pd.DataFrame) -> pd.DataFrame:
    return current.assign(y_true=current["y_true"].to_numpy()[::-1])


SAID = {
    _stuck: "all its 1,120 predictions are '0', as are 5",
    _misjoined: "they look joined to other rows",
    _constant: "all its 1,120 labels are '1', as are 5",
    _copied: "all its 1,120 labels are the model's own predictions, as are 8",
    _swapped: "its labels look swapped: predictions are right in 2",
    _other_class: "the probabilities of '1' rank opposite to the predictions",
}


@pytest.mark.parametrize("unit", ["auto", "row"])
@pytest.mark.parametrize("spoil", SAID)
def test_a_broken_feed_of_labels_is_no_concept_drift(spoil, unit) -> None:
    reference, current = _sides()
    found = dl.diagnose(reference, spoil(current), timestamp="when", unit=unit)
    assert found.verdict == "undetermined"
    assert SAID[spoil] in found.suspect
    assert found.suspect in found.headline
    assert np.isnan(found.terms.loc["concept", "value"])
    (advice,) = advise_on(performance_facts(None, found, ()))[:1]
    assert advice.action == "check the labels"
    assert found.suspect in advice.words


SAID_OF_SCORES = {
    _misjoined: "they look joined to other rows",
    _constant: "all its 1,120 labels are '1', as are 5",
    _copied: "all its 1,120 labels follow from scores, as are 8",
    _swapped: "its labels look swapped, or its scores are those of the other class: scores, cut at",
    _other_class: "or its scores are those of the other class",
}


@pytest.mark.parametrize("spoil", SAID_OF_SCORES)
def test_a_broken_feed_beside_scores_alone_is_no_concept_drift(spoil) -> None:
    reference, current = _sides()
    spoilt = spoil(current).drop(columns="y_pred")
    alone = reference.drop(columns="y_pred")
    found = dl.diagnose(alone, spoilt, timestamp="when")
    assert found.verdict == "undetermined"
    assert SAID_OF_SCORES[spoil] in found.suspect
    months = dl.track_performance(spoilt, reference=alone, window="MS", timestamp="when")
    assert spoil == _misjoined or SAID_OF_SCORES[spoil] in months.suspect
    rng = np.random.default_rng(2)
    flips = np.where(rng.random(len(current)) < 0.3, 1 - current["y_true"], current["y_true"])
    for honest in (current, current.assign(y_true=flips)):
        assert not dl.diagnose(alone, honest.drop(columns="y_pred"), timestamp="when").suspect


@pytest.mark.parametrize("unit", ["auto", "row"])
def test_labels_as_they_were_or_of_another_concept_are_no_suspects(unit, monkeypatch) -> None:
    looks, fit = [], suspicion.fit_loss
    monkeypatch.setattr(
        suspicion, "fit_loss", lambda *given, **more: looks.append(given) or fit(*given, **more)
    )
    reference, current = _sides()
    rng = np.random.default_rng(2)
    flipped = np.where(rng.random(len(current)) < 0.3, 1 - current["y_true"], current["y_true"])
    worse = dl.diagnose(reference, current.assign(y_true=flipped), timestamp="when", unit=unit)
    same = dl.diagnose(reference, current, timestamp="when", unit=unit)
    assert (worse.verdict, worse.suspect) == ("concept drift", "")
    assert (same.verdict, same.suspect) == ("stable", "")
    # A glance by three regressions told that there is no need to look closely.
    assert [given[3] for given in looks if len(given) > 3] == [0, 0, 0]


def test_a_model_that_knew_the_reference_is_compared_with_nothing() -> None:
    """Scores are made of inputs: where these are alike and scores are not, it is not one model."""
    reference, current = _sides()
    known = reference["y_true"] * 0.9 + 0.05
    sure = reference.assign(y_proba=known, y_pred=(known > 0.5).astype(int))
    found = dl.diagnose(sure, current, timestamp="when")
    assert found.verdict == "undetermined"
    assert "surer of the reference's rows" in found.suspect


def _other_model(current: pd.DataFrame, numbers: bool) -> pd.DataFrame:
    eta = current["b"] - 2 * current["a"] if numbers else 3 * current["b"] - 3 * current["a"]
    if numbers:
        return current.assign(y_pred=eta)
    chance = 1 / (1 + np.exp(-eta))
    return current.assign(y_proba=chance, y_pred=(chance > 0.5).astype(int))


@pytest.mark.parametrize("numbers", [False, True])
def test_another_model_is_no_concept_drift(numbers) -> None:
    reference, current = _sides()
    if numbers:
        rng = np.random.default_rng(5)
        reference, current = (
            side.drop(columns="y_proba").assign(
                y_pred=2 * side["a"] + side["b"],
                y_true=2 * side["a"] + side["b"] + rng.normal(size=len(side)),
            )
            for side in (reference, current)
        )
    turned = current["y_true"].where(current["b"] < 0, (not numbers) - current["y_true"])
    concept = dl.diagnose(reference, current.assign(y_true=turned), timestamp="when")
    assert (concept.verdict, concept.suspect) == ("concept drift", "")
    found = dl.diagnose(reference, _other_model(current, numbers), timestamp="when")
    assert found.verdict == "undetermined"
    assert "the same inputs have other scores than in the reference" in found.suspect
    assert "The model was changed" not in found.headline


def test_scores_are_looked_at_closely_only_where_a_glance_gives_cause(monkeypatch) -> None:
    """A glance must not take another model for the same one, nor cost a full look for nothing."""
    fits, fit = [], suspicion.fit_loss
    monkeypatch.setattr(
        suspicion,
        "fit_loss",
        lambda domain, scores, rows, held=None, **options: (
            fits.append(held) or fit(domain, scores, rows, held, **options)
        ),
    )
    looks = {True: [], False: []}
    for seed in range(4):
        reference, current = _rows(seed, 30, "2024-01-01"), _rows(100 + seed, 20, "2024-03-01")
        for other, features in ((False, ["a"]), (True, ["a", "b"])):
            # Scores that take an input which is not there follow the others less well.
            now = _other_model(current, numbers=False) if other else current
            domain = dl.fit_domain(reference[features], now[features], unit="row")
            fits.clear()
            scores = np.concatenate([reference["y_proba"], now["y_proba"]])
            assert ("other scores" in suspicion.other_scores(domain, scores)) is other
            looks[other].append(fits.count(None))
    assert looks == {False: [0] * 4, True: [3] * 4}


def test_windows_whose_labels_are_no_outcomes_are_held() -> None:
    reference, current = _sides()
    current = current.copy()
    newest = current["when"] >= "2024-03-22"
    current.loc[newest, "y_true"] = current.loc[newest, "y_pred"]
    found = dl.track_performance(
        current, window="7D", timestamp="when", reference=reference, metrics=["accuracy"]
    )
    assert found.table["held"].tolist() == [False, False, False, True]
    assert not found.table["degraded"].any()
    assert found.suspect.startswith(
        "2024-03-22: all its 280 labels are the model's own predictions"
    )
    assert "1 of 4 windows are not judged: 2024-03-22" in found.headline
    (alert,) = dl.make_alerts(found)
    assert (alert.kind, alert.subject, alert.severity) == ("data quality", "(labels)", "major")
    facts = performance_facts(found, None, (alert,))
    assert facts.worse == ()
    assert [advice.action for advice in advise_on(facts)] == ["check the labels"]


NUMBERS = {
    "the model's own predictions": lambda y, pred: (pred, pred),
    "prediction": lambda y, pred: (y, np.full_like(pred, 7.25)),
    "another unit: they spread": lambda y, pred: (y * 1000, pred),
}


def test_short_windows_in_a_row_are_held_together() -> None:
    """A day of 40 rows is all right by chance now and then; a week of such days is not."""
    reference, current = _sides()
    current = current.copy()
    newest = current["when"] >= "2024-03-22"
    current.loc[newest, "y_true"] = current.loc[newest, "y_pred"]
    kept = {"reference": reference, "timestamp": "when", "metrics": ["accuracy"]}
    found = dl.track_performance(current, window="1D", **kept)
    assert found.table["held"].tolist() == [False] * 21 + [True] * 7
    day = current[current["when"] < "2024-03-23"]
    assert dl.track_performance(day, window="1D", **kept).suspect == ""
    facts = performance_facts(found, None, dl.make_alerts(found))
    assert make_status(facts, "major").finding == (
        "It cannot be told whether the model still works: labels or scores look wrong as data."
    )


@pytest.mark.parametrize("said", NUMBERS)
def test_numbers_that_are_no_outcomes(said) -> None:
    rng = np.random.default_rng(3)

    def rows(count: int) -> pd.DataFrame:
        pred = rng.normal(size=count).round(1)
        return pd.DataFrame(
            {"x": pred, "y_true": pred + rng.normal(size=count) / 2, "y_pred": pred}
        )

    reference, current = rows(900), rows(600)
    fine = dl.track_performance(current, reference=reference, unit="row", metrics=["mae"])
    assert fine.suspect == ""
    y, pred = NUMBERS[said](current["y_true"].to_numpy(), current["y_pred"].to_numpy())
    spoilt = current.assign(y_true=y, y_pred=pred)
    found = dl.track_performance(spoilt, reference=reference, unit="row", metrics=["mae"])
    assert said in found.suspect
    assert not found.table["degraded"].any()
    why = dl.diagnose(reference, spoilt, unit="row")
    assert (why.verdict, found.suspect in why.suspect) == ("undetermined", True)


def test_units_that_are_all_alike_by_nature_are_no_suspects() -> None:
    """A machine fails or it does not: all its rows have one label, in the reference too."""
    rng = np.random.default_rng(4)

    def machines(count: int) -> pd.DataFrame:
        fails = np.repeat(rng.random(count) < 0.3, 50).astype(int)
        return pd.DataFrame(
            {"unit": np.repeat(np.arange(count), 50), "y_true": fails,
             "y_pred": np.where(rng.random(len(fails)) < 0.1, 1 - fails, fails)}
        )  # fmt: skip

    reference, one = machines(60), machines(1)
    kept = {"reference": reference, "metrics": ["accuracy"]}
    assert dl.track_performance(one, unit="unit", **kept).suspect == ""
    assert "all its 50 labels" in dl.track_performance(one, unit="row", **kept).suspect


def test_labels_and_predictions_of_one_value_are_findings() -> None:
    reference, current = _sides()
    found = dl.detect_drift(reference, current.assign(y_true=0, y_pred=1), timestamp="when")
    said = {(finding.kind, finding.column) for finding in found.quality}
    assert {("one value only", "y_true"), ("one value only", "y_pred")} <= said
