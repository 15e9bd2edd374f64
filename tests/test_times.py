"""Times however they are written, and periods of the calendar."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import driftlib as dl
from driftlib.data.batches import Batch
from driftlib.data.calendar import calendar_edges, read_offset
from driftlib.data.opening import open_source
from driftlib.data.times import as_times, time_columns
from driftlib.data.windows import choose_cutter, fitting_window, split
from driftlib.errors import DataError, DriftlibError, ParameterError
from driftlib.reporting.inputs import read_inputs

DAY = dt.date(2018, 10, 22)


@pytest.mark.parametrize(
    ("values", "time_format", "expected"),
    [
        (["2018-10-22", None], None, "2018-10-22"),
        ([DAY, None], None, "2018-10-22"),
        (pd.array([DAY, None], dtype=pd.ArrowDtype(pa.date32())), None, "2018-10-22"),
        (pd.array(["2018-10-22", None], dtype="category"), None, "2018-10-22"),
        (["2018-10-22 05:00:00 UTC", None], None, "2018-10-22 05:00:00+00:00"),
        (["2018-10-22T05:00+02:00", "2018-12-22T05:00+01:00"], None, "2018-10-22 03:00:00+00:00"),
        ([1540184400, None], "s", "2018-10-22 05:00:00"),
        (["1540184400", None], "s", "2018-10-22 05:00:00"),
        ([1540184400250], "ms", "2018-10-22 05:00:00.250000"),
        ([43395.75, None], "excel", "2018-10-22 18:00:00"),
        (["22/10/2018", None], "dayfirst", "2018-10-22"),
        (["1.2.18 05:00", None], "dayfirst", "2018-02-01 05:00:00"),
        ([20181022, None], "%Y%m%d", "2018-10-22"),
        (["Oct 22 2018", None], "%b %d %Y", "2018-10-22"),
    ],
)
def test_times_are_read_however_they_are_written(values, time_format, expected):
    values = values if hasattr(values, "dtype") else pd.Series(values, dtype=object)
    times = as_times(pd.Series(values, name="t"), time_format=time_format)
    assert times.iloc[0] == pd.Timestamp(expected)
    assert times.dtype.kind == "M"
    assert not isinstance(times.dtype, pd.ArrowDtype)
    assert times.isna().sum() == pd.isna(pd.Series(values)).sum()


@pytest.mark.parametrize(
    ("values", "time_format", "expected"),
    [
        (["2018-01-01", "9999-12-31", None], None, "9999-12-31"),
        (["2018-01-01", "1500-02-28 07:30"], None, "1500-02-28 07:30"),
        (["2018-01-01", "2400-02-29T05:00:00.25"], None, "2400-02-29 05:00:00.25"),
        (["2018-01-01", "22630101"], None, "2263-01-01"),
        (["2018-01-01 05:00+02:00", "9999-12-30 05:00+02:00"], None, "9999-12-30 05:00+02:00"),
        (["2018-01-01 05:00+02:00", "9999-12-30 05:00+01:00"], None, "9999-12-30 04:00+00:00"),
        (["2018-01-01 05:00 UTC", "9999-12-30 05:00 UTC"], None, "9999-12-30 05:00+00:00"),
        ([DAY, dt.date(9999, 12, 31)], None, "9999-12-31"),
        ([dt.datetime(2018, 1, 1), dt.datetime(9999, 12, 31, 5)], None, "9999-12-31 05:00"),
        (["01/01/2018", "31/12/9999"], "dayfirst", "9999-12-31"),
        (["2018_001", "9999_365", None], "%Y_%j", "9999-12-31"),
        (["1.1.2018 +0200", "31.12.2999 +0200"], "%d.%m.%Y %z", "2999-12-31 00:00+02:00"),
        ([0, 253402214400], "s", "9999-12-31"),
        ([0, -62135596800.0, None], "s", "0001-01-01"),
        ([1e12, 253402214400250.0], "ms", "9999-12-31 00:00:00.250"),
        ([1e15, 1e17], "us", "5138-11-16 09:46:40"),
        ([43395.75, 2958465.5], "excel", "9999-12-31 12:00"),
    ],
)
def test_years_far_from_ours_are_read_too(values, time_format, expected):
    dtype = object if isinstance(values[0], str | dt.date) else None
    column = pd.Series(values, range(5, 5 + len(values)), dtype=dtype, name="t")
    times = as_times(column, time_format=time_format)
    assert times.iloc[1] == pd.Timestamp(expected)
    assert times.index.tolist() == column.index.tolist()
    assert times.isna().tolist() == column.isna().tolist()


def test_arrow_times_keep_their_zone():
    kind = pd.ArrowDtype(pa.timestamp("us", "America/Santiago"))
    times = as_times(
        pd.Series([pd.Timestamp("2018-01-01", tz="America/Santiago"), None], dtype=kind)
    )
    assert str(times.dt.tz) == "America/Santiago"
    assert times.tolist()[0] == pd.Timestamp("2018-01-01 03:00", tz="UTC")


@pytest.mark.parametrize(
    ("values", "time_format", "words"),
    [
        ([1540184400], None, ["'t'", "1540184400", "row 0", "time_format", "'s'", "'excel'"]),
        (["22/10/2018"], None, ["'22/10/2018'", "row 0", "time_format", "'dayfirst'"]),
        (["10/22/2018"], "dayfirst", ["'10/22/2018'", "row 0"]),
        ([1540184400000], "s", ["row 0", "time_format='ms'"]),
        ([1540184400], "ms", ["wholly in 1970", "'s'"]),
        ([0], "excel", ["row 0", "Excel"]),
        (["x"], "%Y", ["'x'", "row 0", "'%Y'"]),
        (["x"], "%Y %Y", ["'%Y %Y'"]),
        (["x"], "iso", ["'iso'", "'dayfirst'", "'%d/%m/%Y %H:%M'"]),
        (["2018-01-01T00:00Z", "2018-01-01"], None, ["row 0", "row 1", "time zone"]),
        (["2018-01-01T00:00Z", "2018-01-01T00:00"], None, ["row 0", "row 1", "time zone"]),
        (["2018-01-01", "9999-12-31", "soon"], None, ["'soon'", "row 2"]),
        (["2018-01-01", "9999-02-29"], None, ["'9999-02-29'", "row 1"]),
        (["20180101", "99990230"], "%Y%m%d", ["'99990230'", "row 1"]),
        ([True], None, ["bool"]),
    ],
)  # fmt: skip
def test_what_is_no_time_gets_a_sentence(values, time_format, words):
    dtype = object if isinstance(values[0], str) else None
    with pytest.raises(DriftlibError) as error:
        as_times(pd.Series(values, name="t", dtype=dtype), time_format=time_format)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("YE-MAR", ["2012-04-01", "2013-04-01", "2014-04-01"]),
        ("QE-DEC", ["2013-01-01", "2013-04-01", "2013-07-01"]),
        ("QE-FEB", ["2013-03-01", "2013-06-01"]),
        ("2ME", ["2013-03-01", "2013-05-01", "2013-07-01"]),
        ("2M", ["2013-03-01", "2013-05-01", "2013-07-01"]),
        ("W", ["2013-03-25", "2013-04-01"]),
        ("2W", ["2013-03-25", "2013-04-08"]),
        ("W-THU", ["2013-03-28", "2013-04-04"]),
        ("SME", ["2013-03-16", "2013-04-01"]),
    ],
)
def test_periods_named_by_their_end_begin_the_day_after(size, expected):
    edges = calendar_edges(pd.Timestamp("2013-03-31 05:00"), pd.Timestamp("2013-05-01"), size)
    assert [str(edge.date()) for edge in edges][: len(expected)] == expected
    assert edges[0] <= pd.Timestamp("2013-03-31 05:00")
    assert edges[-1] > pd.Timestamp("2013-05-01")


@pytest.mark.parametrize("size", ["7D", "5D", "2W", "W-THU", "2MS", "3QS", "12h", "5h", "SMS"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_windows_that_are_counted_from_a_day_fit_whatever_the_data_are(size, zone):
    anchor = pd.Timestamp("2013-05-09")
    whole = calendar_edges(
        pd.Timestamp("2013-01-05 05:00", tz=zone), pd.Timestamp("2013-12-01", tz=zone),
        f"{size} from {anchor.date()}",
    )  # fmt: skip
    for day in ("2013-01-31 07:30", "2013-03-31 05:00", "2013-05-09", "2013-10-27 03:30"):
        first, last = (pd.Timestamp(day, tz=zone) + pd.Timedelta(d, "D") for d in (0, 20))
        edges = calendar_edges(first, last, f"{size} from {anchor.date()}")
        assert edges[0] <= first < edges[1]
        assert edges[-2] <= last < edges[-1]
        assert edges.isin(whole).all()
    begin = anchor if size[-1] in "Dh" else read_offset(size).rollback(anchor)
    assert begin.tz_localize(zone) in whole


@pytest.mark.parametrize(
    ("zone", "days", "begins"),
    [
        ("America/Santiago", ("2018-08-11", "2018-08-13"), "2018-08-12 01:00:00-03:00"),
        ("America/Havana", ("2018-03-10", "2018-03-12"), "2018-03-11 01:00:00-04:00"),
        # Midnight comes twice: the first one begins the day.
        ("America/Havana", ("2018-11-03", "2018-11-05"), "2018-11-04 00:00:00-04:00"),
    ],
)
def test_a_day_without_a_midnight_begins_at_its_first_instant(zone, days, begins):
    first, last = (pd.Timestamp(day, tz=zone) for day in days)
    edges = calendar_edges(first, last, "1D")
    assert str(edges[1]) == begins
    assert len(edges) == 4
    times = pd.DataFrame({"t": pd.date_range(first, last, freq="1h")})
    assert next(w.rows for w in split(times, "1D", on="t")) == 24
    assert dl.drift_trend(times.assign(x=1.0), times.assign(x=1.0), "1D", on="t").headline


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.integers(1_500_000_000, 1_560_000_000)), min_size=1, max_size=30
    ),
    st.sampled_from(["7D", "1D", "36h", "2W", "ME", "2MS", "QE-FEB", "YE-JUN", "SME", "W-WED"]),
    st.sampled_from([None, "UTC", "America/Santiago", "America/Havana", "Asia/Kathmandu"]),
)
def test_every_row_with_a_time_is_in_exactly_one_window(seconds, size, zone):
    times = pd.to_datetime(pd.Series(seconds, dtype="Int64"), unit="s")
    times = times if zone is None else times.dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"t": times})
    known = set(np.flatnonzero(times.notna()))
    if not known:
        return
    windows = split(frame, size, on="t")
    rows = [row for w in windows for row in np.arange(len(frame))[w.index].tolist()]
    assert sorted(rows) == sorted(known)
    for window in windows:
        inside = times.iloc[np.arange(len(frame))[window.index]]
        assert ((inside >= window.start) & (inside < window.end)).all()


def test_windows_of_rows_over_zoned_times_keep_the_newest_rows(rng):
    times = pd.date_range("2018-01-01", periods=10, freq="1D", tz="Europe/Berlin").to_series()
    frame = pd.DataFrame({"t": times.sample(frac=1, random_state=3).to_numpy(), "x": 1.0})
    frame["t"] = times.sample(frac=1, random_state=3).reset_index(drop=True)
    frame.loc[[2, 5], "t"] = pd.NaT
    expected = frame["t"].dropna().sort_values().index.tolist()
    windows = split(frame, 4, on="t")
    assert [row for w in windows for row in w.index.tolist()] == expected
    assert (
        dl.drift_trend(frame.assign(y=range(10)), frame.assign(y=range(10)), 4, on="t").left_out
        == 2
    )


def dated(extra, count=1, days=100):
    return pd.DataFrame(
        {"t": [*pd.date_range("2018-01-01", periods=days).astype(str), *[extra] * count], "x": 1.0}
    )


@pytest.mark.parametrize("extra", ["9999-12-31", "1970-01-01"])
@pytest.mark.parametrize("size", ["1D", "MS", "YS", "1h"])
@pytest.mark.parametrize("kind", [object, "datetime64[us]"])
def test_a_row_far_from_all_others_is_left_out_and_said(extra, size, kind):
    windows = split(dated(extra).astype({"t": kind}), size, on="t")
    assert sum(window.rows for window in windows) == 100
    assert len(windows) <= 24 * 100
    assert f"row 100 of current: {extra}" in windows[-1].note
    frame = dated(extra).assign(y_true=[0, 1] * 50 + [1], y_pred=0)
    perf = dl.track_performance(frame, window="MS", timestamp="t", metrics=["accuracy"])
    assert any("1 rows are in no window" in note for note in perf.notes)


def test_many_rows_far_off_are_named_where_windows_would_be_too_many():
    with pytest.raises(
        ParameterError, match=r"more than 10,000.*30 rows.*row 100 of current: 1970"
    ):
        split(dated("1970-01-01", 30), "1D", on="t")
    for size in ("2MS", "36h"):
        with pytest.raises(ParameterError, match=r"more than 10,000"):
            split(dated("9999-12-31", 30), size, on="t")


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_windows_counted_from_dates_hold_finer_times_of_other_batches(zone):
    days = pd.DataFrame({"t": pd.date_range("2018-01-01", periods=9, tz=zone).as_unit("s")})
    cutter = choose_cutter("2D", None, "t", ["t"]).over(open_source(days, "current", "days"))
    for unit in ("us", "ns"):
        exact = days["t"].dt.as_unit(unit) + pd.Timedelta(1, unit)
        codes, keys = cutter.codes(Batch(pd.DataFrame({"t": exact}), where="exact"))
        assert np.array(keys)[codes].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4]


def test_windows_of_years_far_from_ours():
    times = pd.DataFrame({"t": [f"{year}-03-01" for year in (2261, 2262, 2263)]})
    assert [str(w.start.date()) for w in split(times, "YS", on="t")] == [
        "2261-01-01", "2262-01-01", "2263-01-01",
    ]  # fmt: skip
    early = pd.DataFrame({"t": ["1500-01-01 05:00", "1500-01-02 05:00"]})
    assert [str(w.start) for w in split(early, "36h", on="t")] == ["1500-01-01 00:00:00"]
    assert [w.rows for w in split(early, "12h", on="t")] == [1, 0, 1]


def test_dates_of_a_csv_are_times_with_windows_of_a_sensible_length(tmp_path, rng):
    days = pd.date_range("2018-01-01", periods=300).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"day": days, "x": rng.normal(size=300)})
    path = tmp_path / "days.csv"
    frame.to_csv(path, index=False)
    assert read_inputs(path, path, timestamp="day").by_window == {"window": "MS", "on": "day"}
    assert fitting_window(frame.iloc[:3], "day") == "1D"
    hours = pd.DataFrame({"seen": pd.date_range("2024-01-01", periods=72, freq="h")})
    sizes = {None: "1h", "row": "1h", "shop": "1h", "30min": "1h", "6h": "6h", "1D": "1D"}
    for unit, size in sizes.items():
        assert fitting_window(hours, "seen", unit=unit) == size
    # The last day counts to its end.
    assert split(frame.iloc[:7], "W", on="day")[0].note == ""


def test_the_page_offers_columns_of_dates_and_what_is_written_as_said():
    frame = pd.DataFrame({"day": [DAY], "text": ["2018-10-22"], "eu": ["22/10/2018"], "n": [3.5]})
    assert time_columns(frame) == ["day", "text"]
    assert time_columns(frame, "dayfirst") == ["day", "text", "eu"]


def test_a_timestamp_that_cannot_be_read_is_refused_and_few_values_are_groups():
    epochs = pd.DataFrame({"t": range(1_500_000_000, 1_500_000_300), "x": 1.0})
    with pytest.raises(DataError, match="time_format"):
        read_inputs(epochs, epochs, timestamp="t")
    found = read_inputs(epochs, epochs, timestamp="t", time_format="s")
    assert found.by_window == {"window": "1h", "on": "t", "time_format": "s"}
    groups = pd.DataFrame({"t": [1, 2] * 150, "x": 1.0})
    assert read_inputs(groups, groups, timestamp="t").by_window == {"window": "t", "on": None}


def test_a_baseline_keeps_how_times_are_written(tmp_path):
    frame = pd.DataFrame({"t": range(1_500_000_000, 1_500_864_000, 3600), "x": 1.0})
    baseline = dl.Baseline.fit(frame, timestamp="t", time_format="s")
    baseline = dl.Baseline.load(baseline.save(tmp_path / "b.json"))
    assert len(dl.drift_trend(baseline, frame, "1D").windows) == 11
    other = frame.assign(t=pd.to_datetime(frame["t"], unit="s").dt.strftime("%d/%m/%Y"))
    trend = dl.drift_trend(baseline, other, "1D", time_format="dayfirst")
    assert [w.rows for w in trend.windows] == [
        w.rows for w in dl.drift_trend(baseline, frame, "1D").windows
    ]


def test_an_offset_in_capitals_is_corrected():
    with pytest.raises(ParameterError, match="did you mean '12h'"):
        choose_cutter("12H", None, "t", ["t"])
    assert read_offset("12H") is None


def test_columns_that_follow_the_calendar_do_not_alarm_in_a_partial_window():
    def hours(first, last, seed):
        when = pd.date_range(first, last, freq="1h", inclusive="left")
        x = np.random.default_rng(seed).normal(size=len(when))
        return pd.DataFrame({"t": when, "day": when.day, "weekend": when.day_of_week > 4, "x": x})

    reference = hours("2018-01-01", "2018-04-01", 0)
    current = hours("2018-04-01", "2018-05-09", 1)
    current.loc[current["t"] >= "2018-05-01", "x"] += 3
    table = dl.drift_trend(reference, current, "MS", timestamp="t", unit="row").table.set_index(
        "feature"
    )
    last = table[table["window"] == 1]
    assert last["alarm"].to_dict() == {"day": False, "weekend": False, "x": True}
    assert "follows the day of the month" in last.loc["day", "note"]
    # In a whole month a change of the day is a change.
    current["day"] = 1
    table = dl.drift_trend(reference, current, "MS", timestamp="t", unit="row").table.set_index(
        "feature"
    )
    assert table.loc["day", "alarm"].all()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("large", [np.uint64(2**63), 1e300, -1e300, 10**30])
def test_numbers_that_no_time_has_are_a_sentence(unit, large):
    with pytest.raises(dl.DriftlibError, match="row 1, which is no number of"):
        as_times(pd.Series([10**9, large], dtype=object), time_format=unit)


@pytest.mark.parametrize("time_format", ["%Y%m%d", "dayfirst"])
def test_dates_may_be_numbers(time_format):
    for numbers in ([20130331, 20130401], np.array([20130331, 20130401], dtype=object)):
        times = as_times(pd.Series(numbers), time_format=time_format)
        assert times.dt.strftime("%d %b").tolist() == ["31 Mar", "01 Apr"]


@pytest.mark.parametrize("missing", ["", " ", "NA", "NaT", "null"])
def test_text_that_says_there_is_no_time_is_missing_in_frames_as_in_files(tmp_path, missing):
    days = pd.date_range("2024-03-01", periods=40).strftime("%Y-%m-%d").to_series(index=range(40))
    frame = pd.DataFrame({"t": days.where(days.index % 10 != 0, missing), "x": np.arange(40) % 7})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    ends = [
        dl.drift_trend(frame, form, timestamp="t", window="7D", unit="row").table[
            ["end", "n_current"]
        ]
        for form in (frame, tmp_path / "rows.csv")
    ]
    pd.testing.assert_frame_equal(*ends, check_dtype=False)
    assert ends[0]["n_current"].sum() == 36
    assert time_columns(frame) == ["t"]


def test_timestamps_of_several_zones_are_one_time_line():
    naive = pd.date_range("2024-03-29", periods=4, freq="12h")
    zones = ["UTC", "Europe/Paris", "Asia/Tokyo", "UTC"]
    mixed = [
        time.tz_localize("UTC").tz_convert(zone) for time, zone in zip(naive, zones, strict=True)
    ]
    read = as_times(pd.Series(mixed, dtype=object))
    assert read.tolist() == naive.tz_localize("UTC").tolist()
    with pytest.raises(DataError, match="one without"):
        as_times(pd.Series([mixed[0], naive[1]], dtype=object))
