"""Drift where rows belong together: counts of units add, and tests go by units."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.stats import binom

import driftlib as dl
from driftlib.profile.units import level_cells

DATA = Path(__file__).resolve().parents[1] / "data"
START = pd.Timestamp("2013-03-01")


def days(rng, count, rows=60, first=0, shift=0.0, features=3, effect=0.5):
    """Rows of days whose effects are drawn anew each day, half of a row's variance at most."""
    day = np.repeat(np.arange(count), rows)
    own = rng.normal(size=(count, features))[day] * effect
    values = own + rng.normal(size=(len(day), features)) * np.sqrt(1 - effect**2)
    frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(features)])
    frame["c"] = np.array(list("abc"))[np.clip(np.rint(values[:, 0] + 1), 0, 2).astype(int)]
    frame["x0"] += shift
    return frame.assign(seen=START + pd.to_timedelta(day + first, unit="D"))


def same_units(a, b):
    assert np.array_equal(a.ids, b.ids)
    assert (a.fold, a.outside) == (b.fold, b.outside)
    assert np.array_equal(a.rows, b.rows)
    for name, column in a.columns.items():
        for field in ("cells", "missing", "unlisted", "home"):
            assert np.array_equal(getattr(column, field), getattr(b.columns[name], field)), name


def test_a_units_counts_are_those_of_its_rows(rng):
    frame = days(rng, 12)
    frame.loc[::7, "x1"] = np.nan
    baseline = dl.Baseline.fit(frame)
    units = baseline.reference_units
    column, edges = units.columns["x1"], baseline.columns["x1"].unit_edges
    for number, (_, day) in enumerate(frame.groupby("seen")):
        counted = np.bincount(edges.searchsorted(day["x1"].dropna()), minlength=len(edges) + 1)
        assert column.cells[number].tolist() == counted.tolist()
        assert column.missing[number] == day["x1"].isna().sum()
        shares = day["c"].value_counts().reindex(baseline.columns["c"].levels, fill_value=0)
        assert units.columns["c"].cells[number].tolist() == shares.tolist()


@pytest.mark.parametrize("unit", ["auto", "2D", "c"])
def test_counts_of_units_add_in_any_order_and_from_files(rng, tmp_path, unit):
    frame = days(rng, 20)
    frame["c"] = rng.choice([f"level {i}" for i in range(30)], len(frame))
    frame.loc[5, ["seen", "c"]] = None
    baseline = dl.Baseline.fit(frame, unit=unit)
    whole = baseline.profile(frame).units
    assert whole.outside == 1
    shuffled = frame.sample(frac=1, random_state=0)
    parts = [baseline.profile(shuffled[i : i + 333]) for i in range(0, len(frame), 333)]
    same_units(sum(parts).units, whole)
    same_units(sum(parts[::-1]).units, whole)
    frame.to_parquet(tmp_path / "f.parquet", row_group_size=100)
    same_units(baseline.profile(tmp_path / "f.parquet").units, whole)
    same_units(dl.Baseline.fit(tmp_path / "f.parquet", unit=unit).reference_units, whole)


def test_more_than_512_units_fold_alike_whatever_the_batches(rng):
    frame = days(rng, 700, rows=3)
    baseline = dl.Baseline.fit(frame)
    parts = [baseline.profile(part) for _, part in frame.groupby(frame["seen"].dt.month)]
    same_units(sum(parts).units, baseline.reference_units)
    assert baseline.reference_units.fold == 1


def test_a_column_of_units_is_no_feature_and_its_values_are_not_kept(rng, tmp_path):
    frame = days(rng, 12).assign(shop=rng.integers(1000, 1040, 720).astype(str))
    baseline = dl.Baseline.fit(frame, unit="shop")
    assert "shop" not in baseline.features
    assert "1017" not in json.dumps(baseline.to_dict()["units"]["ids"])
    result = dl.detect_drift(baseline, frame)
    assert result.table["units_current"].iloc[0] == frame["shop"].nunique()
    assert "40 values of shop" in result.unit


def test_rows_as_units_keep_nothing_and_give_the_answers_of_old(rng):
    reference, current = days(rng, 20), days(rng, 20, first=20, shift=0.3)
    plain = [side.drop(columns="seen") for side in (reference, current)]
    baseline = dl.Baseline.fit(reference, unit="row")
    assert baseline.reference_units is None
    assert baseline.profile(current).units is None
    by_rows = dl.detect_drift(baseline, current).table.drop(index="seen")
    pd.testing.assert_frame_equal(by_rows, dl.detect_drift(*plain).table)
    assert by_rows["design_effect"].isna().all()


def test_units_of_one_row_give_the_answers_of_rows(rng):
    reference, current = days(rng, 150, rows=1), days(rng, 150, rows=1, first=150, shift=0.5)
    by_day = dl.detect_drift(reference, current).table.drop(index="seen")
    by_row = dl.detect_drift(reference, current, unit="row").table.drop(index="seen")
    assert by_day["p_value"].to_numpy() == pytest.approx(by_row["p_value"].to_numpy())
    assert by_day["severity"].tolist() == by_row["severity"].tolist()


def test_days_that_differ_raise_no_alarm_and_a_change_is_found():
    hits, found, by_rows = 0, 0, 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        reference, current = days(rng, 30, features=20), days(rng, 10, first=30, features=20)
        hits += bool(dl.detect_drift(reference, current).drifted)
        by_rows += bool(dl.detect_drift(reference, current, unit="row").drifted)
        moved = current.assign(x0=current["x0"] + 1.5)
        found += "x0" in dl.detect_drift(reference, moved).drifted
    assert binom.sf(hits - 1, 10, 0.05) > 0.005
    assert by_rows >= 8
    assert found >= 9


def test_days_of_a_month_of_flights_dealt_to_two_sides_show_no_drift():
    frame = pd.read_parquet(DATA / "reference.parquet").iloc[::4].reset_index(drop=True)
    stamp = pd.to_datetime(frame["timestamp"])
    day = stamp.dt.day_of_year.to_numpy()
    rng = np.random.default_rng(0)
    numbers = np.unique(day)
    # One grid for all splits; the counts of the days of either side are picked from it.
    baseline = dl.Baseline.fit(frame.assign(timestamp=stamp), timestamp="timestamp")
    by_day = {n: baseline.profile(frame[day == n]) for n in numbers}
    hits = 0
    for _ in range(40):
        dealt = rng.permutation(numbers)
        sides = [sum(by_day[n] for n in part) for part in (dealt[:15], dealt[15:])]
        hits += bool(compared(baseline, *sides)["drifted"].any())
    assert binom.sf(hits - 1, 40, 0.05) > 0.005


def compared(baseline, before, after):
    from driftlib.drift.compare import Pair, compare
    from driftlib.drift.table import as_table

    return as_table(compare([Pair(baseline, before, after)], dl.DriftPolicy())[0])


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (3, 7, "the reference has 3 days"),
        (12, 2, "the current data have 2 days, and the reference only 12"),
        (12, 7, None),
        (30, 1, None),
    ],
)
def test_too_few_units_tell_nothing_and_say_so(rng, before, after, said):
    reference = days(rng, before)
    result = dl.detect_drift(reference, days(rng, after, first=before, shift=3), unit="1D")
    assert result.cannot_tell == (said and f"cannot tell: {said}")
    assert result.to_dict()["cannot_tell"] == result.cannot_tell
    if said:
        assert result.drifted == []
        assert (result.table["severity"] == "none").all()
        assert result.table["q_value"].isna().all()
        assert result.headline == f"Cannot tell: {said}"
        assert said in result.table.loc["x0", "note"]
    else:
        assert "x0" in result.drifted


def test_a_column_that_is_gone_is_said_even_where_nothing_else_can_be_told(rng):
    reference, current = days(rng, 5), days(rng, 2, first=5).drop(columns="x1")
    result = dl.detect_drift(reference, current, unit="1D")
    assert result.drifted == ["x1"]
    assert "cannot tell" in result.headline


def test_levels_of_one_day_foretell_new_ones(rng):
    frame = days(rng, 40)
    # Every day has a level of its own: a new day has one too.
    own = "only " + frame["seen"].dt.day_of_year.astype(str)
    frame["c"] = np.where(rng.random(len(frame)) < 0.3, own, "common")
    result = dl.detect_drift(frame[: 30 * 60], frame[30 * 60 :])
    row = result.table.loc["c"]
    assert row["unseen"] == pytest.approx(0.3, abs=0.05)
    assert row["unseen_expected"] == pytest.approx(0.3, abs=0.05)
    assert row["severity"] in ("none", "minor")
    by_rows = dl.detect_drift(frame[: 30 * 60], frame[30 * 60 :], unit="row").table.loc["c"]
    assert by_rows["severity"] == "major"
    frame.loc[30 * 60 :, "c"] = np.where(rng.random(600) < 0.3, "new", "common")
    frame.loc[: 30 * 60, "c"] = "common"
    assert dl.detect_drift(frame[: 30 * 60], frame[30 * 60 :]).table.loc["c", "severity"] == "major"


def test_current_data_without_the_column_of_units_are_one_unit(rng):
    reference, current = days(rng, 30), days(rng, 10, first=30)
    result = dl.detect_drift(reference, current.drop(columns="seen"), timestamp="seen")
    assert result.table["units_current"].iloc[0] == 1
    assert "all rows are taken as one unit" in result.unit
    assert result.drifted == []


def test_a_window_shorter_than_a_unit_is_the_unit(rng):
    seen = START + pd.to_timedelta(np.arange(24 * 30 * 20) * 3, unit="min")
    frame = pd.DataFrame({"seen": seen, "x": rng.normal(size=len(seen))})
    reference, current = frame[: 20 * 480], frame[20 * 480 : 22 * 480]
    trend = dl.drift_trend(reference, current, window="6h", timestamp="seen")
    assert trend.baseline.unit.offset == "6h"
    assert trend.table["units_reference"].iloc[0] == 80
    assert trend.cannot_tell is None
    saved = dl.drift_trend(dl.Baseline.fit(reference, timestamp="seen"), current, window="6h")
    assert saved.cannot_tell == "cannot tell: a window is shorter than a day, in 8 of 8 windows"
    assert saved.headline.startswith("Cannot tell: a window is shorter")
    assert not saved.table["drifted"].any()


def test_the_unit_of_a_baseline_is_fixed(rng, tmp_path):
    frame = days(rng, 12)
    saved = dl.Baseline.fit(frame).save(tmp_path / "b.json")
    for unit in ("auto", "1D"):
        assert dl.detect_drift(saved, frame, unit=unit).baseline.unit.offset == "D"
    for unit in ("row", "7D", "c"):
        with pytest.raises(dl.DriftlibError, match="beside a baseline that was fitted with unit="):
            dl.detect_drift(saved, frame, unit=unit)


def test_a_saved_baseline_with_units_answers_as_before(rng, tmp_path):
    reference, current = days(rng, 30), days(rng, 8, first=30, shift=1)
    reference.loc[3, "c"] = "once"
    baseline = dl.Baseline.fit(reference)
    loaded = dl.Baseline.load(baseline.save(tmp_path / "b.json"))
    same_units(loaded.reference_units, baseline.reference_units)
    pd.testing.assert_frame_equal(
        dl.detect_drift(loaded, current).table, dl.detect_drift(baseline, current).table
    )


def test_a_year_of_days_at_most_doubles_the_file(rng):
    frame = days(rng, 365, rows=40, features=25)
    sizes = [
        len(json.dumps(dl.Baseline.fit(frame, unit=unit).to_dict())) for unit in ("auto", "row")
    ]
    assert sizes[0] < 2 * sizes[1]


def test_format_1_is_read_with_rows_as_its_units(rng, tmp_path):
    reference, current = days(rng, 20), days(rng, 20, first=20, shift=0.3)
    content = dl.Baseline.fit(reference, unit="row").to_dict()
    for key in ("digest", "unit"):
        content.pop(key)
    content["version"] = 1
    content["roles"].pop("unit")
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    old = dl.detect_drift(path, current)
    assert old.unit == "Rows are taken as independent."
    pd.testing.assert_frame_equal(old.table, dl.detect_drift(reference, current, unit="row").table)


@pytest.mark.parametrize(("levels", "cells"), [(0, 0), (3, 3), (40, 40), (41, 40), (1000, 40)])
def test_many_levels_share_cells(levels, cells):
    assert len(np.unique(level_cells(levels))) == cells


@pytest.mark.parametrize("side", ["reference", "current data"])
def test_rows_whose_units_cannot_be_read_tell_nothing(rng, side):
    hours = pd.date_range("2024-01-01", periods=960, freq="h")
    frames = {
        name: pd.DataFrame({"t": hours.strftime("%Y-%m-%d %H:%M"), "x": rng.normal(mean, 1, 960)})
        for name, mean in (("reference", 0), ("current data", 3))
    }
    frames[side].loc[959, "t"] = "soon"
    result = dl.detect_drift(*frames.values(), timestamp="t", unit="1D")
    assert result.drifted == []
    assert result.headline.startswith(f"Cannot tell: no row of the {side} has a time in 't'")
    by_rows = dl.detect_drift(*frames.values(), timestamp="t", unit="row")
    assert by_rows.drifted == ["x"]


@pytest.mark.parametrize("current", [5, 3])
def test_few_days_of_equal_rows_and_no_missing_value_show_a_large_change(rng, current):
    # The missing shares of such days are all alike, and what rounding leaves of them is no rank.
    reference = days(rng, 35, 100, effect=0.1)
    changed = days(rng, current, 100, first=35, shift=1.5, effect=0.1)
    table = dl.detect_drift(reference, changed).table
    assert table.loc["x0", "severity"] == "major"
    assert (table.drop("x0")["severity"] == "none").all()


def test_missing_values_do_not_make_a_shift_real_that_days_differ_by_anyway(rng):
    # Each day has a weekday of its own: a few days always lie apart from the rest.
    reference, current = days(rng, 42), days(rng, 8, first=42)
    number = (reference["seen"] - START).dt.days
    reference["weekday"] = (number % 7).astype(float)
    chosen = np.array([0, 1, 2, 0, 1, 2, 6, 5], dtype=float)
    current["weekday"] = chosen[(current["seen"] - START).dt.days - 42]
    quiet = dl.detect_drift(reference, current).table.loc["weekday"]
    assert quiet["severity"] == "none"
    assert quiet["psi"] - quiet["psi_expected"] > 0.25
    gone = current["weekday"].mask(rng.random(len(current)) < 0.015)
    table = dl.detect_drift(reference, current.assign(weekday=gone)).table
    assert table.loc["weekday", "severity"] == "minor"
    assert table.loc["weekday", "note"].endswith("missing, was 0 %; real but too small to matter")
    assert (table.drop("weekday")["severity"] == "none").all()


@pytest.mark.parametrize("unit", ["row", "1D"])
def test_levels_that_are_gone_are_found_beside_a_small_reference(unit):
    """Levels too few for a chi-square are no levels of which nothing is known."""
    before = pd.DataFrame({"c": list("aaabbbbccc") * 4, "flag": [True, False] * 20})
    now = pd.DataFrame({"c": ["a"] * 400, "flag": True})
    sides = [
        side.assign(t=pd.date_range(first, periods=len(side), freq="3h"))
        for side, first in ((before, "2024-03-04"), (now, "2024-05-04"))
    ]
    found = dl.detect_drift(*sides, timestamp="t", unit=unit)
    assert found.drifted == ["c", "flag"]
    new = dl.detect_drift(sides[0], sides[1].assign(c="new"), timestamp="t", unit=unit)
    assert new.drifted == ["c", "flag"]


@pytest.mark.parametrize(("days", "rows"), [((21, 3), 30), ((40, 6), 20)])
def test_a_rare_level_that_comes_in_days_is_no_drift(days, rows):
    rng = np.random.default_rng(1)

    def side(first: str, count: int) -> pd.DataFrame:
        share = rng.beta(0.15, 4.85, (count, 4))
        rare = rng.random((count, rows, 4)) < share[:, None]
        frame = pd.DataFrame(np.where(rare, "rare", "common").reshape(-1, 4), columns=list("abcd"))
        return frame.assign(t=np.repeat(pd.date_range(first, periods=count), rows))

    hits = 0
    for _ in range(40):
        both = side("2024-01-01", days[0]), side("2024-04-01", days[1])
        found = dl.detect_drift(*both, timestamp="t", unit="1D")
        hits += bool((found.table["severity"] != "none").any())
    assert stats.binomtest(hits, 40, 0.05, alternative="greater").pvalue > 0.005
