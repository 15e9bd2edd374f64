"""What headlines and alerts claim follows from the tables, in worlds drawn at random."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from bench.claims import look, make_world, unfounded
from driftlib.alerts import OVER, make_alerts
from driftlib.performance.base_rates import outcome_rates
from driftlib.performance.metrics import METRICS
from driftlib.reporting import performance_verdicts, verdicts
from driftlib.reporting.sections import Unavailable
from driftlib.reporting.watched import make_drift_alerts
from driftlib.stats.watch import episodes
from driftlib.visualization.windows import window_labels

WORLDS = 100
GONE = Unavailable("no")
NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"
ROWS = r"(?: in rows [\d,]+ to [\d,]+)"
# The worst window, the latest where that is another, and the reference.
CLAIM = (
    rf"(ROC AUC|Brier score|Recall) (?:is|was) worse than tolerated[^:]*: ({NUMBER}){ROWS}?, "
    rf"(?:({NUMBER}){ROWS}, )?({NUMBER}) in the reference"
)


def course(found):
    """Since when each change lasts and where it is over, as runs of checked windows have it."""
    since, over = episodes(found, ~found)
    return np.where(since < 0, None, since).ravel(), over.ravel()


@pytest.fixture(scope="module")
def tracked():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"y_true": np.arange(1200) % 2, "y_proba": rng.random(1200)})
    frame["y_pred"] = (frame["y_proba"] > 0.5).astype(int)
    limits = dict.fromkeys(("roc_auc", "brier", "recall"), "-0.05") | {"brier": "+0.05"}
    return dl.track_performance(
        frame, window=200, reference=frame, thresholds=limits, metrics=list(limits)
    )


def performance_world(perf, rng):
    """Draw values and alarms for the same windows."""
    table = perf.table.copy()
    count = table["metric"].nunique()
    breached = rng.random(len(table)) < rng.choice([0.0, 0.2, 0.7])
    degraded = breached & (rng.random(len(table)) < 0.7)
    alarm = (degraded & (rng.random(len(table)) < rng.choice([0.0, 1.0]))).reshape(-1, count)
    since, over = course(alarm)
    values = rng.random(len(table)).round(3)
    table = table.assign(
        value=values, lower=values - 0.01, upper=values + 0.01, breached=breached,
        degraded=degraded, alarm=alarm.ravel(), over=over, since=since,
    )  # fmt: skip
    return replace(perf, table=table)


def test_claims_of_the_performance_headline_follow_from_its_table(tracked):
    rng = np.random.default_rng(0)
    kinds, claims = {"now": 0, "past": 0, "calm": 0}, 0
    for _ in range(WORLDS):
        perf = performance_world(tracked, rng)
        words = performance_verdicts.performance_verdict(perf, GONE, GONE)
        table, titles = perf.table, {n: m.title for n, m in METRICS["binary"].items()}
        alerts = {alert.subject: alert for alert in make_alerts(perf)}
        assert set(alerts) == set(table.loc[table["alarm"], "metric"])
        now = {name for name, alert in alerts.items() if alert.state != OVER}
        kinds["now" if now else "past" if alerts else "calm"] += 1
        told = bool(re.search(r"^(?!None)[\w ]+ is worse than tolerated ", words))
        assert told == bool(now)
        assert ("None of 3 watched metrics is worse" in words) == (not alerts)
        assert ("No watched metric is worse now." in words) == (bool(alerts) and not now)
        for name, title in titles.items():
            if name in alerts:
                assert title in words
        for title, worst, latest, before in re.findall(CLAIM, words):
            metric = next(one for one in METRICS["binary"].values() if one.title == title)
            own = table.loc[table["metric"] == metric.name, "value"]
            extreme = own.min() if metric.higher_is_better else own.max()
            assert worst == metric.write(extreme), title
            assert latest in ("", metric.write(own.iloc[-1])), title
            assert (latest == "") == (own.iloc[-1] == extreme), title
            known = perf.reference.set_index("metric")["value"][metric.name]
            assert before == metric.write(known)
            claims += 1
        for name, count in re.findall(r"(ROC AUC|Brier score|Recall) in (\d) of 6", words):
            if not alerts:
                metric = next(key for key, title in titles.items() if title == name)
                part = table[table["metric"] == metric]
                column = "degraded" if "taken alone" in words else "breached"
                assert int(count) == part[column].sum()
    assert min(kinds.values()) >= 5, kinds
    assert claims >= 40


def test_alerts_pair_each_window_with_its_own_value(tracked):
    rng = np.random.default_rng(1)
    labels = window_labels(tracked.table).labels
    for _ in range(WORLDS):
        perf = performance_world(tracked, rng)
        for alert in make_alerts(perf):
            part = perf.table[perf.table["metric"] == alert.subject].set_index("window")
            higher = METRICS["binary"][alert.subject].higher_is_better
            found = part[part["alarm"]]["value"]
            assert alert.window == found.index.max()
            for which, row, value in re.findall(
                rf"(latest|worst) row ([\d,]+) ({NUMBER})", alert.message
            ):
                window = next(n for n, text in labels.items() if text.startswith(f"{row} to"))
                assert value == f"{part['value'][window]:.3f}"
                extreme = found.min() if higher else found.max()
                expected = extreme if which == "worst" else found[alert.window]
                assert value == f"{expected:.3f}"
            assert alert.message.endswith(
                f"; reference {perf.reference.set_index('metric')['value'][alert.subject]:.3f}"
            )


@pytest.fixture(scope="module")
def drifting():
    rng = np.random.default_rng(7)
    reference = pd.DataFrame(rng.normal(size=(900, 4)), columns=list("abcd"))
    current = pd.DataFrame(rng.normal(size=(900, 4)), columns=list("abcd"))
    return dl.detect_drift(reference, current), dl.drift_trend(reference, current, window=150)


def test_claims_of_the_drift_headline_follow_from_its_table(drifting):
    result, trend = drifting
    rng = np.random.default_rng(2)
    kinds = {"now": 0, "past": 0, "calm": 0}
    for _ in range(WORLDS // 4):
        table = trend.table.copy()
        alarm = (rng.random(len(table)) < rng.choice([0.0, 0.1, 0.5])).reshape(-1, 4)
        since, over = course(alarm)
        severity = np.where(alarm.ravel(), rng.choice(["moderate", "major"], len(table)), "none")
        table = table.assign(
            alarm=alarm.ravel(), over=over, since=since, severity=severity,
            alarm_severity=severity, note=[f"note {row}" for row in range(len(table))],
        )  # fmt: skip
        drawn = replace(trend, table=table)
        words = verdicts.drift_verdict(result, drawn)
        alerts = {alert.subject: alert for alert in make_drift_alerts(result, drawn)}
        now = [name for name, alert in alerts.items() if alert.state != OVER]
        kinds["now" if now else "past" if alerts else "calm"] += 1
        assert words.startswith("No drift") == (not alerts)
        assert words.startswith("None of 4 features drifts now") == (bool(alerts) and not now)
        assert ("Over:" in words) == (len(alerts) > len(now))
        if now:
            assert words.startswith(f"{len(now)} of 4 features drifted against the reference: ")
        past = words.partition("Over:")[2]
        for name, alert in alerts.items():
            assert bool(re.search(rf"\b{name}\b", past)) == (alert.state == OVER) or name == "a"
            # Each window's words are its own.
            for start, level, note in re.findall(
                r"row ([\d,]+) \((\w+)\): note (\d+)", alert.message
            ):
                row = table.iloc[int(note)]
                assert (row["feature"], row["severity"]) == (name, level)
                assert row["start"] + 1 == int(start.replace(",", ""))
    assert min(kinds.values()) >= 3, kinds


def test_a_brier_score_that_follows_the_share_is_said_to_and_is_no_improvement():
    rng = np.random.default_rng(3)

    def make(share):
        true = (rng.random(4000) < share).astype(int)
        # The same score of a label whatever its share, so that ranks are as good as before.
        score = 1 / (1 + np.exp(-rng.normal(2.0 * true - 2.0, 1.0)))
        frame = pd.DataFrame({"x": rng.normal(size=4000), "y_true": true, "y_proba": score})
        return frame.assign(y_pred=(score > 0.5).astype(int))

    reference, current = make(0.4), make(0.1)
    why = dl.diagnose(reference, current)
    assert why.verdict == "improved"
    rates = outcome_rates(current, reference)
    words = performance_verdicts.share_words(why, rates)
    assert words.startswith("That score follows how common 1 is, 10 % now and 4")
    base = current["y_true"].mean()
    apart = why.loss_current / (base * (1 - base)) - 1
    assert f"{abs(apart):.0%}".rstrip("%") + " % " + ("higher" if apart > 0 else "lower") in words
    worse = dl.track_performance(
        current.assign(y_proba=1 - current["y_proba"]), reference=reference,
        metrics=["roc_auc"], thresholds={"roc_auc": "-0.05"},
    )  # fmt: skip
    said = performance_verdicts.performance_verdict(worse, GONE, why, rates=rates)
    assert "Over all, the Brier score fell by" in said
    assert "Improved" not in said
    assert performance_verdicts.share_words(why, replace(rates, reference=None)) == ""


def test_a_concept_that_other_inputs_make_up_for_is_said_first():
    rng = np.random.default_rng(4)

    def make(rows, easy, noise):
        x = np.where(rng.random(rows) < easy, 0.0, 1.0) + rng.normal(0, 0.05, rows)
        spread = np.where(x > 0.5, 3.0, 1.0) + noise
        return pd.DataFrame({"x": x, "y_pred": 0.0, "y_true": rng.normal(0, spread)})

    why = dl.diagnose(make(4000, 0.3, 0.0), make(4000, 0.8, 0.3))
    assert why.verdict == "concept drift"
    assert why.terms.loc["total", "upper"] < 0
    assert why.headline.startswith("Concept drift: with the same inputs the squared error rose by")
    assert "so that over all it fell by" in why.headline


def test_a_loss_that_rose_is_not_called_stable_without_a_word_why():
    rng = np.random.default_rng(6)

    def make(noise):
        frame = pd.DataFrame({"x": rng.normal(size=2000), "y_pred": 0.0})
        return frame.assign(y_true=rng.normal(0, 1 + noise, 2000))

    why = dl.diagnose(make(0.0), make(0.3), minimum_effect=5.0)
    assert why.verdict == "stable"
    assert why.headline.startswith(
        "Stable: neither part is surely worse by enough to matter, though the squared error rose"
    )


@pytest.mark.parametrize("seed", [1, 2, 9, 184])
def test_claims_on_whole_worlds_follow_from_their_tables(seed):
    said = look(make_world(seed), diagnose=False)
    assert unfounded(said) == []
    # The checks see a claim that is not so.
    lie = "The data changed: c. The model is not surely worse."
    assert "card names c" in unfounded(replace(said, finding=lie))
