"""The status of a model: each rule of what to do, the words of the card, and what they rest on."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.advice.facts import (
    Facts,
    Side,
    Value,
    describe_side,
    drift_facts,
    joined,
    performance_facts,
)
from driftlib.advice.rules import NOTHING, RULES, advise_on
from driftlib.advice.status import make_status
from driftlib.reporting.watched import make_drift_alerts

WELL = Facts(labelled=True, drift_known=True, verdict="stable", ranked=True)
CASES = [
    ("check the feed", replace(WELL, quality=("temp",)), "Check the feed of temp: the alerts"),
    (
        "check the labels",
        replace(WELL, worse=("roc_auc",), verdict="undetermined", suspect=("all are 1",)),
        "come from: all are 1.",
    ),
    ("choose another reference", replace(WELL, culprits=("season",)), "such values of season"),
    ("wait for more data", replace(WELL, untold=("3 days are too few",)), "3 days are too few."),
    ("wait for labels", replace(WELL, labelled=False), "Wait for labels, or have a sample"),
    ("wait for labels", replace(WELL, labelled=False, worse=("roc_auc",)), "estimated to be worse"),
    ("recalibrate", replace(WELL, worse=("brier",), since="2013-07-01"), "from 2013-07-01 on."),
    (
        "retrain",
        replace(WELL, worse=("roc_auc",), ranked=False, verdict="concept drift"),
        "neither",
    ),
    ("retrain", replace(WELL, worse=("mae",), ranked=None, verdict="data drift"), "the new ones."),
    ("look for the cause", replace(WELL, worse=("roc_auc",), ranked=False), "group by group"),
    ("watch", replace(WELL, drifted=("x",), shifted=("y_pred",)), "Watch x and y_pred: the model"),
    ("nothing", WELL, "Nothing is to be done now."),
]


@pytest.mark.parametrize(("action", "facts", "words"), CASES)
def test_each_rule_has_its_case_and_no_other_applies(action, facts, words):
    (advice,) = advise_on(facts)
    assert advice.action == action
    assert words in advice.words


def test_every_rule_is_tested_and_has_a_reason():
    assert {rule.action for rule in (*RULES, NOTHING)} == {action for action, _, _ in CASES}
    for rule in (*RULES, NOTHING):
        assert rule.why.endswith(".")
        assert 40 < len(rule.why) < 120


def test_no_model_is_retrained_on_a_cause_that_cannot_be_told():
    worse = replace(WELL, worse=("roc_auc", "brier"), ranked=False)
    for facts in (
        replace(worse, verdict="undetermined", culprits=("x",)),
        replace(worse, verdict="undetermined"),
        replace(worse, verdict=""),
        replace(worse, verdict="concept drift", labelled=False),
        replace(worse, verdict="concept drift", ranked=True),
    ):
        assert "retrain" not in [advice.action for advice in advise_on(facts)]


def test_the_feed_comes_before_the_model():
    facts = replace(WELL, quality=("a",), worse=("mae",), ranked=None, verdict="concept drift")
    assert [advice.action for advice in advise_on(facts)] == ["check the feed", "retrain"]


def test_the_card_says_now_before_what_since_and_how_sure():
    facts = replace(
        WELL,
        title="churn",
        sides={"reference": Side(100, "2013-03-01", "2013-03-31"), "current": Side(1)},
        value=Value("ROC AUC", "0.651", "0.7", "2013-07-01"),
        worse=("roc_auc",),
        ranked=False,
        drifted=("x",),
        verdict="concept drift",
        since="2013-06-01",
    )
    status = make_status(facts, "major")
    assert status.finding == "The model is worse than tolerated, and x changed."
    lines = dict(status.lines)
    assert lines["Reference"] == "2013-03-01 to 2013-03-31, 100 rows"
    assert lines["Current"] == "1 row"
    assert lines["Now and before"] == "ROC AUC 0.651 (from 2013-07-01), 0.7 in the reference"
    assert lines["What"] == "data: x; concept: the same inputs have other outcomes"
    assert (lines["Since"], status.title) == ("2013-06-01", "churn")
    open_cause = replace(facts, verdict="undetermined", cause="Undetermined: 'x' tells them apart")
    assert "the cause is open: 'x' tells" in dict(make_status(open_cause).lines)["How sure"]
    failed = make_status(WELL, failures=["drift"])
    assert failed.finding == "Not all is known: drift could not be made."
    assert make_status(Facts(drifted=("x",))).finding.endswith("to the model is not known.")
    estimated = replace(WELL, drifted=("x",), labelled=False, value=Value("ROC AUC", "0.9"))
    assert "as far as can be estimated without labels" in make_status(estimated).finding
    few = make_status(replace(WELL, untold=("3 days are too few",)))
    assert few.finding == "It cannot be told: 3 days are too few."
    three = replace(WELL, drifted=("a", "b", "c"), shifted=("y_proba", "y_pred"), worse=("brier",))
    moved = "a, b and c as well as y_proba and y_pred"
    assert make_status(three).finding == f"The model is worse than tolerated, and {moved} changed."
    past = make_status(replace(WELL, past=("temp",)))
    assert past.finding == "Nothing to act on: no alert is open; over: temp."


def test_facts_go_through_json_and_pages_are_put_together():
    first = replace(WELL, sides={"current": Side(3)}, value=Value("ROC AUC", "0.5"), since="b")
    assert Facts.from_dict(json.loads(json.dumps(first.to_dict()))) == first
    both = joined([Facts("churn", drifted=("x",), since="a"), first])
    assert (both.title, both.drifted, both.since, both.value) == ("churn", ("x",), "a", first.value)
    assert both.labelled is True


def test_facts_of_results(rng):
    days = pd.date_range("2013-01-01", periods=600, freq="h")
    reference = pd.DataFrame({"day": days, "x": rng.normal(size=600), "z": rng.normal(size=600)})
    reference["y_true"] = np.arange(600) % 2
    reference["y_pred"] = reference["y_true"]
    current = reference.assign(
        x=reference["x"] + 2,
        z=reference["z"].where(rng.random(600) < 0.6),
        y_pred=np.where(rng.random(600) < 0.4, 1 - reference["y_true"], reference["y_true"]),
    )
    names = {"unit": "row", "timestamp": "day"}
    result = dl.detect_drift(reference, current, **names)
    trend = dl.drift_trend(reference, current, **names)
    alerts = make_drift_alerts(result, trend)
    facts = drift_facts(result, trend, alerts)
    assert (facts.drifted, facts.quality, facts.past) == (("x",), ("z",), ())
    assert facts.drift_known
    perf = dl.track_performance(
        current, reference=reference, metrics=["accuracy"], thresholds={"accuracy": "-0.05"}
    )
    facts = performance_facts(perf, None, dl.make_alerts(perf))
    assert facts.worse == ("accuracy",)
    assert facts.value.before == "1"
    assert float(facts.value.now) == pytest.approx(perf.table["value"].iloc[0], abs=5e-4)
    assert (facts.labelled, facts.ranked) == (True, None)
    assert performance_facts(None, None, ()).labelled is False
    assert describe_side(reference, "day").period == "2013-01-01 to 2013-01-25"
    text = reference.assign(day=days.strftime("%d/%m/%Y"))
    assert describe_side(text, "day", "dayfirst").period == "2013-01-01 to 2013-01-25"
    assert describe_side(text, "x") == describe_side(text, "gone") == Side(600)
    assert describe_side(dl.Baseline.fit(reference)) == Side(600)


def test_what_cannot_be_told_is_said_once(rng):
    days = pd.date_range("2013-01-01", periods=240, freq="h")
    frame = pd.DataFrame({"day": days, "x": rng.normal(size=240), "y_true": np.arange(240) % 2})
    frame["y_pred"] = frame["y_true"]
    early, late = frame[:72], frame[72:]
    result, trend = (
        run(early, late, timestamp="day", unit="1D") for run in (dl.detect_drift, dl.drift_trend)
    )
    perf = dl.track_performance(
        late, reference=early, timestamp="day", unit="1D", metrics=["accuracy"]
    )
    for facts in (drift_facts(result, trend, ()), performance_facts(perf, None, ())):
        status = make_status(facts)
        assert status.finding.startswith("It cannot be told: the reference has 3 days")
        assert dict(status.lines)["How sure"].startswith(
            "cannot tell, because the reference has 3 days"
        )


def test_since_is_the_first_alarm_of_those_that_go_on_unless_windows_are_followed(rng):
    reference = pd.DataFrame({"x": rng.normal(size=2000)})
    current = pd.DataFrame({"x": rng.normal(size=2000)})
    trend = dl.drift_trend(reference, current, window=500)
    table = trend.table.assign(
        alarm=[False, True, False, True], since=trend.table["start"][0], evidence=np.nan
    )
    alerts = [dl.alerts.Alert("data drift", "x", 3, "major", "x drifted")]
    alone = replace(trend, table=table)
    facts = drift_facts(dl.detect_drift(reference, current), alone, alerts)
    assert facts.since == "row 501"
    followed = replace(trend, table=table.assign(evidence=1.0))
    facts = drift_facts(dl.detect_drift(reference, current), followed, alerts)
    assert facts.since == "row 1"
