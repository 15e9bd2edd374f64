"""Drift over windows, and the cutting of windows."""

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data.windows import split


@pytest.fixture
def frames(rng):
    reference = pd.DataFrame({"x": rng.normal(size=2000), "c": rng.choice(["a", "b"], 2000)})
    hours = pd.date_range("2013-04-01", periods=2160, freq="h")
    current = pd.DataFrame({"x": rng.normal(size=2160), "c": rng.choice(["a", "b"], 2160)})
    current["when"] = hours
    # May is shifted, April and June are not.
    current.loc[hours.month == 5, "x"] += 1
    return reference, current


def test_windows_by_rows_keep_the_last_partial_one():
    frame = pd.DataFrame({"x": range(25)})
    cut = split(frame, 10)
    assert [(w.number, w.start, w.end, w.rows) for w in cut] == [
        (0, 0, 10, 10), (1, 10, 20, 10), (2, 20, 25, 5),
    ]  # fmt: skip
    assert [w.note for w in cut] == ["", "", "partial: 5 of 10 rows"]
    assert [w.start for w in split(frame, 10, step=5)] == [0, 5, 10, 15]
    assert [(w.start, w.rows) for w in split(frame, 10, step=4)][-1] == (16, 9)


def test_windows_by_rows_follow_the_clock(rng):
    frame = pd.DataFrame({"when": pd.date_range("2013", periods=30, freq="D"), "x": range(30)})
    shuffled = frame.iloc[rng.permutation(30)]
    shuffled.iloc[4, 0] = pd.NaT
    cut = split(shuffled, 10, on="when")
    assert sum(w.rows for w in cut) == 29
    assert np.concatenate([w.of(shuffled)["x"] for w in cut]).tolist() == sorted(
        shuffled.loc[shuffled["when"].notna(), "x"]
    )


@pytest.mark.parametrize(
    ("offset", "starts"),
    [
        ("MS", ["2013-01-01", "2013-02-01", "2013-03-01"]),
        ("ME", ["2013-01-01", "2013-02-01", "2013-03-01"]),
        ("QS", ["2013-01-01"]),
        ("YE", ["2013-01-01"]),
        ("30D", ["2013-01-05", "2013-02-04", "2013-03-06"]),
    ],
)
def test_calendar_windows_start_where_the_calendar_does(offset, starts):
    frame = pd.DataFrame({"when": pd.date_range("2013-01-05 06:00", "2013-03-30", freq="6h")})
    cut = split(frame, offset, on="when")
    assert [str(w.start.date()) for w in cut] == starts
    assert sum(w.rows for w in cut) == len(frame)
    for window in cut:
        times = window.of(frame)["when"]
        assert ((times >= window.start) & (times < window.end)).all()


def test_weeks_start_on_mondays_and_gaps_are_kept():
    when = pd.to_datetime(["2013-04-03", "2013-04-04", "2013-04-24"])
    cut = split(pd.DataFrame({"when": when}), "W", on="when")
    assert [w.start.day_name() for w in cut] == ["Monday"] * 4
    assert [w.rows for w in cut] == [2, 0, 0, 1]
    assert cut[1].note == "no rows in this window"
    assert cut[3].note == "partial: the data end at 2013-04-24 00:00:00"


def test_time_zones_and_text_are_times():
    zoned = pd.DataFrame(
        {"when": pd.date_range("2013-03-09", periods=96, freq="h", tz="US/Eastern")}
    )
    assert sum(w.rows for w in split(zoned, "1D", on="when")) == 96
    text = pd.DataFrame({"when": ["2013-03-01", "2013-03-02 17:00", "2013-03-03"]})
    assert [w.rows for w in split(text, "2D", on="when")] == [2, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": 0}, "window=0 must be"),
        ({"window": True}, "window=True must be"),
        ({"window": 2.5}, "window=2.5 must be"),
        ({"window": [7]}, r"window=\[7\] must be"),
        ({"window": "7D"}, "is a length of time and needs a time column"),
        (
            {"window": "wodr", "on": "when"},
            "neither a column of current nor a length of time: name one of its columns .*'word'",
        ),
        ({"window": "1us", "on": "when"}, "more than 10,000"),
        ({"window": 3, "step": -1}, "step=-1 must be"),
        ({"step": 3}, "step= goes with"),
        ({"window": "7D", "step": 3, "on": "when"}, "step= goes with"),
        ({"window": 3, "on": "then"}, "Did you mean 'when'"),
        ({"window": "7D", "on": "word"}, "'soon' in row 1, which is no date"),
        ({"window": "7D", "on": "number"}, "not dates and times"),
    ],
)
def test_windows_that_cannot_be_cut(arguments, message):
    frame = pd.DataFrame(
        {
            "when": pd.to_datetime(["2013-01-01", "2013-01-02"]),
            "word": ["2013-01-01", "soon"],
            "number": [1, 2],
        }
    )
    with pytest.raises(dl.DriftlibError, match=message):
        split(frame, **arguments)


def test_trend_finds_the_month_that_moved(frames):
    reference, current = frames
    trend = dl.drift_trend(reference, current, by="MS", on="when")
    x = trend.table[trend.table["feature"] == "x"]
    assert x["window"].tolist() == [0, 1, 2]
    assert x["drifted"].tolist() == [False, True, False]
    assert x["start"].dt.month.tolist() == [4, 5, 6]
    assert not trend.table.loc[trend.table["feature"] == "c", "drifted"].any()
    assert trend.headline == "Drift against the reference in 1 of 3 windows: x in 1"
    assert "when" not in set(trend.table["feature"])


def test_each_window_is_what_detect_drift_says_of_it(frames):
    reference, current = frames
    trend = dl.drift_trend(reference, current, rows=500)
    for number, window in enumerate(trend.windows):
        alone = dl.detect_drift(reference, current.drop(columns="when")[number * 500 :][:500])
        here = trend.table[trend.table["window"] == number].set_index("feature")
        pd.testing.assert_frame_equal(
            here.loc[["x", "c"], alone.table.columns].drop(columns="note"),
            alone.table.drop(columns="note"),
            check_names=False,
        ) if len(here) == 2 else None
        assert here.loc["x", "psi"] == alone.table.loc["x", "psi"]
        assert here.loc["x", "n_current"] == window.rows
    assert "partial: 160 of 500 rows" in here.loc["x", "note"]


def test_against_previous_sees_both_changes(frames):
    reference, current = frames
    trend = dl.drift_trend(reference, current, by="MS", on="when", against="previous")
    x = trend.table[trend.table["feature"] == "x"]
    assert x["drifted"].tolist() == [False, True, True]
    assert x["n_reference"].tolist() == [2000, 720, 744]
    assert x["note"].iloc[1].startswith("shifted up")
    assert x["note"].iloc[2].startswith("shifted down")


def test_against_previous_rarely_alarms_without_drift():
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(60):
        reference = pd.DataFrame(rng.normal(size=(500, 10))).add_prefix("x")
        current = pd.DataFrame(rng.normal(size=(900, 10))).add_prefix("x")
        trend = dl.drift_trend(reference, current, rows=300, against="previous")
        alarms += (trend.table["q_value"] < 0.05).groupby(trend.table["window"]).any().sum()
    assert alarms <= 18  # 5 % of 180 is 9; 18 or more has a chance of 0.5 %


def test_persistence_waits_for_the_second_window(frames):
    reference, current = frames
    policy = dl.DriftPolicy(persistence=(2, 3))
    trend = dl.drift_trend(reference, current, by="10D", on="when", policy=policy)
    x = trend.table[trend.table["feature"] == "x"]
    drifted = np.flatnonzero(x["drifted"]).tolist()
    assert np.flatnonzero(x["alarm"]).tolist() == drifted[1:]


def test_windows_by_a_column_leave_it_out_of_the_features(frames):
    reference, current = frames
    current["origin"] = np.where(np.arange(len(current)) % 3 == 0, "EWR", "JFK")
    current.loc[5, "origin"] = None
    reference["origin"] = "EWR"
    trend = dl.drift_trend(reference, current.drop(columns="when"), by="origin")
    assert [w.start for w in trend.windows] == ["EWR", "JFK"]
    assert trend.left_out == 1
    assert "(1 rows are in no window)" in trend.headline
    assert set(trend.table["feature"]) == {"x", "c"}


def test_empty_and_tiny_windows_say_so(frames):
    reference, current = frames
    gap = current[(current["when"].dt.month != 5)].iloc[: 720 + 3]
    trend = dl.drift_trend(reference, gap, by="MS", on="when")
    x = trend.table[trend.table["feature"] == "x"]
    assert x["n_current"].tolist() == [720, 0, 3]
    assert x["note"].iloc[1] == "no rows in this window"
    assert x["note"].iloc[2].startswith("partial")
    assert np.isnan(x["p_value"].iloc[1])
    assert not x["drifted"].iloc[1]


def test_trend_arguments_are_checked(frames):
    reference, current = frames
    baseline = dl.Baseline.fit(reference)
    with pytest.raises(dl.DriftlibError, match="has no windows"):
        dl.drift_trend(baseline, baseline.profile(current))
    with pytest.raises(dl.DriftlibError, match="give one of them"):
        dl.drift_trend(baseline, current, by="c", rows=10)
    with pytest.raises(dl.DriftlibError, match="'yesterday' is not known"):
        dl.drift_trend(baseline, current, rows=10, against="yesterday")
