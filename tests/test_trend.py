"""Drift over windows, and the cutting of windows."""

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib import visualization as charts
from driftlib.data.windows import split
from driftlib.stats.significance import benjamini_hochberg


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
    assert cut[3].note == "partial: the data end at 2013-04-24"


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
        ({"window": ["7D"]}, "must be a number of rows, a length of time such as"),
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
    trend = dl.drift_trend(reference, current, window="MS", on="when")
    x = trend.table[trend.table["feature"] == "x"]
    assert x["window"].tolist() == [0, 1, 2]
    assert x["drifted"].tolist() == [False, True, False]
    assert x["start"].dt.month.tolist() == [4, 5, 6]
    assert not trend.table.loc[trend.table["feature"] == "c", "drifted"].any()
    assert trend.headline == "Drift against the reference in 1 of 3 windows: x in 1"
    assert "when" not in set(trend.table["feature"])


def test_each_window_is_what_detect_drift_says_of_it(frames):
    reference, current = frames
    trend = dl.drift_trend(reference, current, window=500)
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
    trend = dl.drift_trend(reference, current, window="MS", on="when", against="previous")
    x = trend.table[trend.table["feature"] == "x"]
    assert x["drifted"].tolist() == [False, True, True]
    assert x["n_reference"].tolist() == [2000, 720, 744]
    assert x["note"].iloc[1].startswith("shifted up")
    assert x["note"].iloc[2].startswith("shifted down")


def test_against_previous_rarely_alarms_without_drift():
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(30):
        reference = pd.DataFrame(rng.normal(size=(500, 10))).add_prefix("x")
        current = pd.DataFrame(rng.normal(size=(900, 10))).add_prefix("x")
        trend = dl.drift_trend(reference, current, window=300, against="previous")
        alarms += (trend.table["q_value"] < 0.05).groupby(trend.table["window"]).any().sum()
    assert alarms <= 11  # 5 % of 90 is 4.5; 12 or more have a chance of 0.2 %


def test_persistence_waits_for_the_second_window(frames):
    reference, current = frames
    policy = dl.DriftPolicy(persistence=(2, 3))
    trend = dl.drift_trend(reference, current, window="10D", on="when", policy=policy)
    x = trend.table[trend.table["feature"] == "x"]
    drifted = np.flatnonzero(x["drifted"]).tolist()
    assert np.flatnonzero(x["alarm"]).tolist() == drifted[1:]


def test_windows_by_a_column_leave_it_out_of_the_features(frames):
    reference, current = frames
    current["origin"] = np.where(np.arange(len(current)) % 3 == 0, "EWR", "JFK")
    current.loc[5, "origin"] = None
    reference["origin"] = "EWR"
    trend = dl.drift_trend(reference, current.drop(columns="when"), window="origin")
    assert [w.start for w in trend.windows] == ["EWR", "JFK"]
    assert trend.left_out == 1
    assert "(1 rows are in no window)" in trend.headline
    assert set(trend.table["feature"]) == {"x", "c"}


def test_empty_and_tiny_windows_say_so(frames):
    reference, current = frames
    gap = current[(current["when"].dt.month != 5)].iloc[: 720 + 3]
    trend = dl.drift_trend(reference, gap, window="MS", on="when")
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
    with pytest.raises(dl.DriftlibError, match=r"no argument 'rows': pass .* as window="):
        dl.drift_trend(baseline, current, rows=10)
    with pytest.raises(dl.DriftlibError, match="Did you mean 'window'"):
        dl.drift_trend(baseline, current, windows=10)
    for by, words in [
        ("7D", "by= takes segment columns.* a length of time goes into window="),
        ("wehn", "Did you mean 'when'"),
        (["c", "psi"], "names 'psi', which the table has a column of its own for"),
    ]:
        with pytest.raises(dl.DriftlibError, match=words):
            dl.drift_trend(baseline, current.assign(psi=1), by=by)
    with pytest.raises(dl.DriftlibError, match="no feature is left to compare: 'x', 'c' tells"):
        dl.drift_trend(baseline, current, window="x", by="c")
    with pytest.raises(dl.DriftlibError, match="'yesterday' is not known"):
        dl.drift_trend(baseline, current, window=10, against="yesterday")


def test_a_column_wins_over_an_offset_of_its_name(frames):
    reference, current = frames
    current["D"] = np.arange(len(current)) % 2
    trend = dl.drift_trend(reference, current, window="D", timestamp="when")
    assert [(window.start, window.rows) for window in trend.windows] == [(0, 1080), (1, 1080)]


def test_a_time_that_no_window_follows_is_an_error(frames):
    reference, current = frames
    current["shop"] = np.arange(len(current)) % 2
    labelled = current.assign(y_true=current["shop"], y_pred=0, y_proba=0.5)
    calls = [
        lambda **cut: dl.drift_trend(reference, current, **cut),
        lambda **cut: dl.track_performance(labelled, **cut),
        lambda **cut: dl.estimate_performance(labelled, labelled, **cut),
        lambda **cut: dl.diagnose_windows(labelled, labelled, **cut),
        lambda **cut: dl.outcome_rates(labelled, **cut),
    ]
    for call in calls:
        with pytest.raises(dl.DriftlibError, match=r"on='when' names .*, and there is no window="):
            call(on="when")
        with pytest.raises(dl.DriftlibError, match=r"window='shop' makes one for each value"):
            call(on="when", window="shop")
        with pytest.raises(dl.DriftlibError, match="no column 'wehn'"):
            call(on="wehn")


def test_rows_follow_the_timestamp_of_the_baseline(frames):
    reference, current = frames
    baseline = dl.Baseline.fit(reference.assign(when=pd.Timestamp("2013-01-01")), timestamp="when")
    shuffled = current.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        dl.drift_trend(baseline, shuffled, window=500).table,
        dl.drift_trend(reference, current, window=500, on="when").table,
    )
    assert len(dl.drift_trend(baseline, current.drop(columns="when"), window=500).windows) == 5
    with pytest.raises(dl.DriftlibError, match=r"needs a time column.*on= or timestamp="):
        dl.drift_trend(baseline, current.drop(columns="when"), window="7D")


@pytest.mark.parametrize("step", [100, 140, 200, 250])
def test_overlapping_windows_are_those_cut_one_by_one(step, frames):
    reference, current = frames
    current = current.drop(columns="when")[:1130]
    baseline = dl.Baseline.fit(reference)
    trend = dl.drift_trend(baseline, current, window=200, step=step)
    assert [window.start for window in trend.windows] == list(
        range(0, len(current) - max(0, 200 - step), step)
    )
    for window, profile in zip(trend.windows, trend.profiles, strict=True):
        alone = baseline.profile(current[window.start : window.end])
        assert profile.rows == alone.rows == window.rows
        for name, counts in alone.columns.items():
            assert profile.columns[name].present == counts.present
        assert (profile.columns["x"].below == alone.columns["x"].below).all()
        assert profile.columns["x"].mean == pytest.approx(alone.columns["x"].mean, rel=1e-12)
    gaps = sum(1 for row in range(1130) if row % step >= 200)
    assert trend.left_out == gaps


@pytest.fixture
def regions(rng):
    """Three regions that always differ; in May x moves in one of them."""
    frames = []
    for rows in (3000, 2160):
        region = rng.choice(["EU", "US", "AP"], rows)
        x = rng.normal(size=rows) + np.where(region == "AP", 3, 0)
        frames.append(pd.DataFrame({"x": x, "c": rng.choice(["a", "b"], rows), "region": region}))
    reference, current = frames
    current["when"] = pd.date_range("2013-04-01", periods=2160, freq="h")
    current.loc[(current["when"].dt.month == 5) & (current["region"] == "US"), "x"] += 1
    return reference, current


def test_each_segment_is_compared_with_its_own_rows_of_the_reference(regions):
    reference, current = regions
    trend = dl.drift_trend(reference, current, window="MS", on="when", by="region")
    assert trend.table.columns[:5].tolist() == ["window", "start", "end", "region", "feature"]
    assert trend.table["region"].drop_duplicates().tolist() == ["AP", "EU", "US"]
    assert len(trend.table) == 3 * 3 * 2
    found = trend.table[trend.table["alarm"]]
    assert found[["window", "region", "feature"]].to_numpy().tolist() == [[1, "US", "x"]]
    assert trend.headline == (
        "Drift against the reference in 1 of 9 segments and windows: x where region = US in 1"
    )
    assert (trend.by, trend.pooled) == (("region",), False)
    assert trend.to_dict()["by"] == ["region"]
    # Statistics are those of the segment alone, on the grid of all regions.
    baseline = dl.Baseline.fit(reference)
    own = baseline.profile(reference[reference["region"] == "US"])
    part = current[(current["region"] == "US") & (current["when"].dt.month == 5)]
    row = trend.table[(trend.table["region"] == "US") & (trend.table["window"] == 1)].iloc[0]
    assert (row["n_reference"], row["n_current"]) == (own.rows, len(part))
    assert row["ks"] == pytest.approx(
        dl.detect_drift(reference[reference["region"] == "US"][["x"]], part).table.loc["x", "ks"],
        abs=1 / 500,
    )
    assert sum(profile.rows for profile in trend.profiles) == len(current)
    assert trend.segments["US",].headline == "Drift against the reference in 1 of 3 windows: x in 1"


def test_q_values_allow_for_all_segments_of_a_window(regions):
    reference, current = regions
    table = dl.drift_trend(reference, current, window="MS", on="when", by="region").table
    for _, rows in table.groupby("window"):
        assert rows["q_value"].tolist() == benjamini_hochberg(rows["p_value"]).tolist()
        assert len(rows) == 6


def test_segments_of_a_saved_baseline_are_compared_with_all_of_it(regions):
    reference, current = regions
    trend = dl.drift_trend(dl.Baseline.fit(reference), current, by="region")
    assert trend.pooled
    assert trend.headline.startswith("Drift against all of the reference in")
    assert "x where region = AP in 1" in trend.headline
    assert set(trend.table["n_reference"]) == {3000}
    lacking = dl.drift_trend(reference.drop(columns="region"), current, by="region")
    pd.testing.assert_frame_equal(lacking.table, trend.table)


def test_each_segment_has_its_own_window_before(regions):
    reference, current = regions
    trend = dl.drift_trend(
        reference, current, window="MS", on="when", by="region", against="previous"
    )
    found = trend.table[trend.table["alarm"]]
    assert found[["window", "region", "feature"]].to_numpy().tolist() == [
        [1, "US", "x"], [2, "US", "x"],
    ]  # fmt: skip
    rows = trend.table[(trend.table["region"] == "US") & (trend.table["feature"] == "x")]
    assert rows["n_reference"].tolist()[1:] == rows["n_current"].tolist()[:-1]


def test_alarms_persist_by_segment(regions):
    reference, current = regions
    current.loc[(current["when"].dt.month == 4) & (current["region"] == "EU"), "x"] += 1
    policy = dl.DriftPolicy(persistence=(2, 2))
    trend = dl.drift_trend(reference, current, window="MS", on="when", by="region", policy=policy)
    # The same feature twice, but in two segments.
    assert trend.table["drifted"].sum() == 2
    assert not trend.table["alarm"].any()


def test_new_missing_and_empty_segments_say_so(regions):
    reference, current = regions
    current.loc[:40, "region"] = None
    current.loc[100:160, "region"] = "LA"
    trend = dl.drift_trend(reference, current, window="MS", on="when", by=["region"])
    table = trend.table[trend.table["feature"] == "x"].set_index(["region", "window"])
    assert table.loc[("LA", 0), "note"] == "the reference has no rows of this segment"
    assert table.loc[("LA", 0), "n_current"] == 61
    assert np.isnan(table.loc[("LA", 0), "p_value"])
    assert table.loc[("LA", 1), "note"] == "no rows of this segment"
    assert table["n_current"].tolist()[-3:] == [41, 0, 0]
    assert list(trend.segments)[-1] == (None,)


def test_windows_of_rows_count_the_rows_of_a_segment(regions):
    reference, current = regions
    trend = dl.drift_trend(reference, current, window=300, on="when", by="region")
    sizes = current["region"].value_counts().sort_index()
    for name, rows in sizes.items():
        windows = trend.segments[name,].windows
        assert [window.rows for window in windows[:-1]] == [300] * (rows // 300)
        assert windows[-1].note == f"partial: {rows % 300} of 300 rows"


def test_segments_in_order_of_a_category(regions):
    reference, current = regions
    order = pd.CategoricalDtype(["US", "EU", "AP", "LA"], ordered=True)
    trend = dl.drift_trend(reference, current.astype({"region": order}), by="region")
    assert list(trend.segments) == [("US",), ("EU",), ("AP",)]


def test_detect_drift_by_segment_is_a_trend_of_one_window(regions):
    reference, current = regions
    result = dl.detect_drift(reference, current, by=["region", "c"])
    trend = dl.drift_trend(reference, current, by=["region", "c"])
    pd.testing.assert_frame_equal(
        result.table.reset_index(),
        trend.table[["feature", "region", "c", *result.segments["US", "a"].table.columns]],
    )
    assert result.drifted == ["x"]
    pairs = "2 of 6 pairs of a feature and one of 6 segments drifted: x where region = US"
    assert result.headline.startswith(pairs)
    assert result.current.rows == len(current)
    baseline = dl.Baseline.fit(reference)
    with pytest.raises(dl.DriftlibError, match="a Profile has no segments"):
        dl.detect_drift(baseline, baseline.profile(current), by="region")


def test_alerts_and_charts_of_segments(regions):
    reference, current = regions
    trend = dl.drift_trend(reference, current, window="MS", on="when", by="region")
    (alert,) = dl.make_alerts(trend)
    assert (alert.subject, alert.window) == ("x where region = US", 1)
    assert alert.message.startswith("x where region = US drifted in 1 of 3 windows (2013-05-01; ")
    result = dl.detect_drift(reference, current, by="region")
    assert [alert.subject for alert in dl.make_alerts(result)] == ["x where region = US"]
    drawn = charts.drift_heatmap(trend)
    assert drawn.layout.title.text == "US drifted in May 2013"
    major = next(trace for trace in drawn.data if trace.name == "major")
    assert (major.y[0], major.x[1], major.text[0][1][0]) == ("US", "May 2013", "▲")
    assert charts.drift_heatmap(result).data[0].x == ("AP", "EU", "US")
    title = charts.drift_heatmap(trend.segments["US",]).layout.title.text
    assert title == "x drifted in May 2013"


def test_a_segment_is_found_whatever_type_the_reference_has_it_in(regions):
    reference, current = regions
    number = {"EU": 1, "US": 2, "AP": None}
    current["region"] = current["region"].map(number)
    wanted = dl.drift_trend(
        reference.assign(region=reference["region"].map(number)), current, by="region"
    )
    text = reference.assign(region=reference["region"].map({"EU": "1", "US": "2", "AP": None}))
    found = dl.drift_trend(text, current, by="region")
    assert wanted.table["n_reference"].tolist() == found.table["n_reference"].tolist()
    assert found.table["n_reference"].min() > 900


def test_a_year_of_weeks_alarms_for_a_lasting_change_and_for_nothing_else():
    """52 weeks after 26: single weeks look strange, one feature moves for good in week 20."""
    rng = np.random.default_rng(8)
    when = pd.Series(pd.date_range("2020-01-06", periods=78 * 7).repeat(8))
    week = (when - when.iloc[0]).dt.days.to_numpy() // 7
    day = rng.normal(0, 0.4, (78 * 7, 2)).repeat(8, axis=0)
    values = pd.DataFrame(day + rng.normal(size=(len(when), 2)), columns=list("ab"))
    frame = values.assign(when=when, a=values["a"] + 0.8 * (week >= 46))
    reference, current = frame[week < 26], frame[week >= 26]
    same = current.assign(a=values["a"][week >= 26])
    told = {"window": "7D", "timestamp": "when", "unit": "row"}
    calm, moved = (dl.drift_trend(reference, rows, **told) for rows in (same, current))
    assert len(calm.windows) == 52
    assert "26 windows of the reference" in calm.rule
    # Days have effects of their own: judged alone as rows, weeks drift now and then.
    assert calm.table["drifted"].any()
    assert not calm.table["alarm"].any()
    alarms = moved.table[moved.table["alarm"]]
    assert set(alarms["feature"]) == {"a"}
    # It takes some windows to tell, and says since when.
    assert 21 <= alarms["window"].min() <= 27
    assert alarms["window"].max() == 51
    assert abs((alarms["since"].iloc[-1] - pd.Timestamp("2020-11-23")).days) <= 7
    # A window that drifted by itself is drawn hollow until the run has an alarm.
    chart = charts.psi_trend(moved, ["a"])
    marks = next(trace for trace in chart.data if trace.name == "a").marker.symbol
    own = moved.table[moved.table["feature"] == "a"]
    hollow = [mark.endswith("-open") for mark in marks]
    assert own.loc[hollow, "drifted"].any()
    assert not own.loc[hollow, "alarm"].any()
    assert (own["drifted"] & own["alarm"]).any()
    assert "no alarm of the run" in chart.layout.meta["caption"]


def _seen(rng, first: str, days: list[int], per: int, mean: float = 0.0) -> pd.DataFrame:
    when = [pd.Timestamp(first) + pd.Timedelta(days=d + k / per) for d in days for k in range(per)]
    return pd.DataFrame({"when": when, "x": rng.normal(mean, 1, len(when))})


def test_windows_that_cannot_alarm_are_no_all_clear(rng):
    """One day among 22 has a rank of 1 in 22 at the best: no level of a run of windows is that."""
    reference = _seen(rng, "2024-01-01", [*range(21)], 60)
    current = _seen(rng, "2024-03-04", [0, 1, 2], 60, mean=1.5)
    found = dl.drift_trend(reference, current, window="1D", timestamp="when")
    assert not found.table["alarm"].any()
    assert (
        found.headline
        == "No alarm against the reference in any of 3 windows; taken alone, drift of x in 3"
    )
    same = dl.drift_trend(
        reference, _seen(rng, "2024-03-04", [0, 1, 2], 60), window="1D", timestamp="when"
    )
    assert same.headline == "No drift against the reference in any of 3 windows"


def test_windows_without_rows_do_not_hide_that_nothing_could_be_told(rng):
    reference = _seen(rng, "2024-01-01", [*range(10)], 5)
    current = _seen(rng, "2024-03-04", [0, 1, 5], 5, mean=3.0)
    found = dl.drift_trend(reference, current, window="1D", timestamp="when")
    why = "cannot tell: the current data have 1 day, and the reference only 10, in 3 of 3 windows"
    assert (len(found.windows), found.untold, found.cannot_tell) == (6, 1.0, why)
    assert found.headline == f"C{why[1:]}"


def test_a_column_without_values_in_a_partial_window_is_judged(rng):
    reference = _seen(rng, "2024-01-01", [*range(28)], 20)
    current = _seen(rng, "2024-03-04", [*range(10)], 20).assign(x=np.nan)
    found = dl.drift_trend(reference, current, window="W", timestamp="when", unit="row").table
    assert found["drifted"].tolist() == [True, True]
    assert found["note"].iloc[-1].startswith("partial")
