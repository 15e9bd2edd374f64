"""A run of windows within one budget, through the library: what alarms, and since when."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import driftlib as dl
from driftlib.alerts import make_alerts
from driftlib.data.cutters import ByCalendar
from driftlib.data.windows import split
from driftlib.drift.run import _column_streams, count_reference_windows, count_windows
from driftlib.profile.column import Column
from driftlib.profile.units import UnitColumn
from driftlib.stats.watch import Streams, episodes, join, watch


def weeks(rng, number, start="2020-01-06", features=4, rows=20, icc=0.1):
    """Days that share an effect; and a model whose probabilities are right."""
    days = pd.date_range(start, periods=7 * number, freq="D")
    effect = np.repeat(rng.normal(size=(len(days), features)), rows, axis=0)
    x = np.sqrt(icc) * effect + np.sqrt(1 - icc) * rng.normal(size=effect.shape)
    proba = 1 / (1 + np.exp(-2 * x[:, 0]))
    return pd.DataFrame(x).add_prefix("x").assign(
        c=rng.choice(["a", "b", "c"], len(x), p=[0.5, 0.3, 0.2]),
        when=np.repeat(days, rows),
        y_proba=proba,
        y_pred=(proba > 0.5).astype(int),
        y_true=(rng.random(len(x)) < proba).astype(int),
    )  # fmt: skip


@pytest.fixture(scope="module")
def year():
    rng = np.random.default_rng(3)
    reference, current = weeks(rng, 26), weeks(rng, 14, "2020-07-06")
    # From the fourth week on, to the tenth.
    changed = (current["when"] >= "2020-07-27") & (current["when"] < "2020-09-14")
    current["x1"] += 1.5 * changed
    current["x2"] = current["x2"].mask((current["when"] >= "2020-08-03") & (rng.random(1960) < 0.2))
    current["c"] = current["c"].mask(current["when"] >= "2020-08-31", "d")
    wrong = (current["when"] >= "2020-08-10") & (rng.random(1960) < 0.5)
    current["y_true"] = np.where(wrong, 1 - current["y_true"], current["y_true"])
    return reference, current


@pytest.fixture(scope="module")
def trend(year):
    return dl.drift_trend(*year, window="7D", timestamp="when", exclude=["y_true"])


def test_a_change_that_lasts_alarms_with_its_beginning_and_its_end(trend):
    assert trend.lasting
    assert "26 windows of the reference" in trend.rule
    x = trend.table[trend.table["feature"] == "x1"].set_index("window")
    on = np.flatnonzero(x["alarm"])
    assert on[0] in (5, 6)
    assert set(x.loc[on, "since"]) == {pd.Timestamp("2020-07-27")}
    assert np.flatnonzero(x["over"]).tolist() == [12]
    assert x.loc[13:, "since"].isna().all()
    assert x.loc[on, "alarm_severity"].isin(["moderate", "major"]).all()
    assert not trend.table.loc[trend.table["feature"].isin(["x0", "x3"]), "alarm"].any()


def test_alerts_say_since_when_and_how_it_goes_on(trend):
    alerts = {alert.subject: alert for alert in make_alerts(trend)}
    assert alerts.keys() == {"x1", "x2", "c"}
    assert alerts["x1"].state == "over"
    assert alerts["x1"].message.startswith("x1 drifted since 2020-07-27; over since 2020-09-28: ")
    assert alerts["x1"].kind == "data drift"
    assert (alerts["x2"].state, alerts["x2"].kind) == ("continuing", "data quality")
    assert alerts["x2"].message.startswith(
        "x2 drifted since 2020-08-03; continuing: latest 2020-10-05 (major): 25 % missing, was 0 %"
    )
    assert alerts["c"].severity == "major"
    assert [alert.state for alert in make_alerts(trend)][-1] == "over"
    assert "x1 in" in trend.headline
    assert "(since 2020-07-27)" in trend.headline


def test_an_alarm_in_the_newest_window_is_new(year):
    reference, current = year
    first = current[current["when"] < "2020-08-24"]
    found = []
    for weeks_more in range(1, 4):
        upto = first[first["when"] < pd.Timestamp("2020-08-03") + weeks_more * pd.Timedelta("7D")]
        trend = dl.drift_trend(
            reference, upto, window="7D", timestamp="when", features=["x1"], unit="1D"
        )
        found += [alert.state for alert in make_alerts(trend)]
    assert found in (["new", "continuing"], ["new", "worse"], ["new"])


def test_windows_of_the_reference_are_the_same_from_its_days_and_from_its_rows(year):
    reference, current = year
    baseline = dl.Baseline.fit(reference, timestamp="when")
    by_days = count_reference_windows(baseline, ByCalendar("7D", "when"))
    cut = [baseline.profile(window.of(reference)) for window in split(reference, "7D", on="when")]
    by_rows = count_windows(baseline, cut)
    for name in ("x1", "c"):
        assert (by_days[name].cells == by_rows[name].cells).all()
    saved = dl.drift_trend(baseline, current, window="7D", features=["x1"])
    assert saved.lasting


def test_days_that_were_put_together_make_no_windows_of_a_day(rng):
    days = pd.DataFrame({"x": rng.normal(size=1200)})
    days["when"] = np.repeat(pd.date_range("2019-01-01", periods=600), 2)
    baseline = dl.Baseline.fit(days, timestamp="when", unit="1D")
    assert baseline.reference_units.fold == 1
    assert count_reference_windows(baseline, ByCalendar("1D", "when")) is None
    weeks_of = count_reference_windows(baseline, ByCalendar("14D", "when"))
    assert weeks_of["x"].cells.sum(axis=1).tolist()[1:4] == [28, 28, 28]


def test_too_few_windows_are_checked_one_by_one_and_that_is_said(year):
    reference, current = year
    monthly = dl.drift_trend(reference, current, window="MS", timestamp="when")
    assert not monthly.lasting
    assert monthly.table["evidence"].isna().all()
    assert "5 whole windows of this kind, and it takes 13" in monthly.rule
    assert "at a level of 0.5 %" in monthly.rule
    found = monthly.table[monthly.table["alarm"]]
    assert {"x1", "c"} <= set(found["feature"])
    assert (found["q_value"] < 0.025 / 5).all()
    three = current[current["when"] < "2020-07-27"]
    rule = dl.drift_trend(reference, three, window="7D", timestamp="when").rule
    assert "it takes 4 windows to tell a change that lasts" in rule
    against = dl.drift_trend(
        reference, current, window="7D", timestamp="when", against="previous", features=["x1"]
    )
    assert "compared with the one before it" in against.rule


def test_windows_of_rows_follow_the_rows_of_the_reference(rng):
    reference = pd.DataFrame(rng.normal(size=(2600, 3))).add_prefix("x")
    current = pd.DataFrame(rng.normal(size=(1000, 3))).add_prefix("x")
    current.loc[300:, "x0"] += 1
    trend = dl.drift_trend(reference, current, window=100)
    assert trend.headline == (
        "Drift against the reference in 5 of 10 windows: x0 in 5 (since row 301)"
    )
    saved = dl.drift_trend(dl.Baseline.fit(reference), current, window=100)
    assert "a saved baseline does not know of such windows" in saved.rule
    old = dl.drift_trend(reference, current, window=100, policy=dl.DriftPolicy(persistence=(1, 1)))
    assert (old.table["alarm"] == old.table["drifted"]).all()


def test_a_feature_that_is_gone_alarms_at_once(rng):
    reference = pd.DataFrame(rng.normal(size=(1300, 2))).add_prefix("x")
    current = pd.DataFrame(rng.normal(size=(500, 2))).add_prefix("x")
    current.loc[400:, "x1"] = np.nan
    (alert,) = make_alerts(dl.drift_trend(reference, current, window=100))
    assert (alert.subject, alert.severity, alert.state) == ("x1", "major", "new")


def test_performance_is_followed_against_the_windows_of_the_reference(year):
    reference, current = year
    perf = dl.track_performance(
        current, window="7D", timestamp="when", reference=reference,
        metrics=["accuracy", "brier"], thresholds={"accuracy": "-0.05", "brier": "+0.01"},
    )  # fmt: skip
    accuracy = perf.table[perf.table["metric"] == "accuracy"].set_index("window")
    assert accuracy.index[accuracy["alarm"]][0] in (7, 8, 9)
    assert accuracy["evidence"].notna().all()
    (alert, _) = make_alerts(perf)
    assert alert.state == "continuing"
    assert "by more than noise since 2020-08-" in alert.message
    assert "(since 2020-08-" in perf.headline
    assert "those of the reference" in perf.rule
    sometimes = np.arange(len(current)) % 4 == 0
    better = current.assign(y_true=current["y_true"].where(sometimes, current["y_pred"]))
    perf = dl.track_performance(
        better, window="7D", timestamp="when", reference=reference, metrics=["accuracy"]
    )
    assert make_alerts(perf) == ()


def test_a_tolerance_is_what_matters(year):
    reference, current = year
    perf = dl.track_performance(
        current, window="7D", timestamp="when", reference=reference, metrics=["accuracy"],
        thresholds={"accuracy": "-0.4"},
    )  # fmt: skip
    assert perf.table["evidence"].max() > 2080
    assert not perf.table["alarm"].any()


def test_performance_without_such_windows_is_checked_window_by_window(rng):
    truth = np.tile([0, 1], 1000)
    wrong = rng.random(2000) < np.where(np.arange(2000) < 1500, 0.1, 0.3)
    frame = pd.DataFrame({"y_true": truth, "y_pred": np.where(wrong, 1 - truth, truth)})
    perf = dl.track_performance(frame, window=100, thresholds={"accuracy": 0.8})
    found = perf.table[perf.table["metric"] == "accuracy"]
    assert "Each of the 20 windows is checked by itself;" in perf.rule
    assert found["alarm"].sum() <= found["degraded"].sum()
    assert found["alarm"].sum() >= 1
    assert found.loc[found["alarm"], "window"].min() >= 15


def test_checks_of_single_windows_become_changes_that_last():
    found = np.array([[0, 1, 0, 0, 1, 0, 1]], dtype=bool).T
    since, over = episodes(found, ~found)
    assert since.ravel().tolist() == [-1, 1, 1, 1, 4, 4, 4]
    assert over.ravel().tolist() == [False, False, False, True, False, False, False]


def test_a_rise_only_watch_overlooks_a_fall(rng):
    scores = rng.normal(size=(46, 2))
    scores[26:] += [5, -5]
    rows = np.ones_like(scores)
    streams = Streams(
        scores[:26], scores[26:], rows[:26], rows[26:], np.zeros(2), np.arange(2), np.ones(2)
    )
    assert watch(streams, 2, 52).changed.any(axis=0).tolist() == [True, True]
    assert watch(streams, 2, 52, rise_only=True).changed.any(axis=0).tolist() == [True, False]


def test_runs_of_windows_without_a_change_keep_the_budget():
    """26 + 12 windows of 12 features with normal and with skewed day effects."""
    column, edges = Column("x", "feature", "numeric"), stats.norm.ppf(np.arange(1, 20) / 20)
    rng = np.random.default_rng(11)
    alarms = 0
    for run in range(40):
        effect = rng.normal(size=(38, 7, 12)) if run % 2 else rng.exponential(size=(38, 7, 12)) - 1
        shares = stats.norm.cdf(edges - 0.3 * effect[..., None])
        shares = np.diff(shares, axis=-1, prepend=0, append=1)
        cells = rng.multinomial(60, shares).sum(axis=1)
        none = np.zeros(38, dtype=int)
        parts = [
            _column_streams(
                column,
                UnitColumn(cells[:26, k], none[:26], none[:26]),
                UnitColumn(cells[26:, k], none[26:], none[26:]),
            )
            for k in range(12)
        ]
        alarms += watch(join(parts), 12, 52).changed.any()
    # 2.5 % of 40 is 1.
    assert stats.binomtest(int(alarms), 40, 0.025, alternative="greater").pvalue > 0.005
