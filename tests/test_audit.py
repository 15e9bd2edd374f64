"""The monitor examined on its user's own data: deals, faults, false alarms, what is seen."""

import json
from dataclasses import fields, is_dataclass, replace
from functools import reduce
from itertools import islice
from operator import add

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.auditing.deals import Dealer, repeat_columns
from driftlib.auditing.faults import FAULTS, MISSING, SENTINEL, SHIFT
from driftlib.auditing.label_faults import PRIOR, delay_labels, shift_prior
from driftlib.auditing.smallest import smallest_seen
from driftlib.auditing.trials import Bench, _is_settled
from driftlib.cli import main
from driftlib.data.units import unit_codes
from driftlib.drift.bounds import may_matter
from driftlib.drift.compare import compare, pair_up
from driftlib.drift.table import as_table
from driftlib.profile.stacked import Stack
from driftlib.reporting import tables, verdicts
from driftlib.reporting.sections import attempt
from driftlib.visualization import power_curves, smallest_faults

SEED = 5


def days_of(effect: float, rows: int = 60, days: int = 24) -> pd.DataFrame:
    rng = np.random.default_rng(SEED)
    number = days * rows
    day = np.repeat(np.arange(days), rows)
    x = rng.normal(size=number) + effect * rng.normal(size=days)[day]
    score = rng.random(number)
    return pd.DataFrame(
        {
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "x": x,
            "c": rng.choice(list("abcd"), number),
            "y_true": (rng.random(number) < score).astype(int),
            "y_pred": (score > 0.5).astype(int),
            "y_proba": score,
        }
    )


@pytest.fixture(scope="module")
def found() -> dl.Audit:
    frame = days_of(0.0).drop(columns="y_proba")
    return dl.audit(frame, timestamp="when", window="5D", deals=8, tries=4)


@pytest.mark.parametrize("season", [None, "hour"])
def test_both_sides_of_a_deal_are_what_counting_their_rows_gives(season):
    frame = days_of(0.3)
    frame["when"] += pd.to_timedelta(np.arange(len(frame)) % 2, unit="h")
    frame.loc[70, "c"] = "only here"
    baseline = dl.Baseline.fit(frame, timestamp="when", season=season)
    units = unit_codes(baseline.unit, frame)
    one = next(Dealer(baseline, frame, units).deals(7, np.random.default_rng(0)))
    assert len(np.unique(units.codes[one.window])) == 7
    assert not np.intersect1d(one.window, one.rest).size
    assert len(one.window) + len(one.rest) == len(frame)
    assert one.baseline.rows == len(one.rest)
    # The days of the window follow those of the rest without a gap, as those of a check do.
    window, rest = (side.assign(hour=frame["when"].dt.hour) for side in one.sides(frame))
    days = [side["when"].dt.normalize().drop_duplicates() for side in (rest, window)]
    assert (pd.concat(days).diff()[1:] == pd.Timedelta(days=1)).all()
    for side, rows in ((window, one.window), (rest, one.rest)):
        np.testing.assert_array_equal(side["x"], frame["x"].iloc[rows])
        side["when"] += pd.to_timedelta(side["hour"], unit="h")
    assert_alike(one.profile, baseline.profile_frame(window))
    assert_alike(one.baseline.reference, baseline.profile_frame(rest))


@pytest.mark.parametrize("season", [None, "weekday"])
def test_counts_of_units_add_up_at_once_to_what_they_add_up_to_one_by_one(season):
    frame = days_of(0.3, rows=30, days=21)
    levels = [f"level {k}" for k in range(40)]
    rng = np.random.default_rng(SEED)
    odd = np.where(rng.random(len(frame)) < 0.02, -999.0, frame["x"])
    frame = frame.assign(
        x=np.where(rng.random(len(frame)) < 0.1, np.nan, odd), c=rng.choice(levels, len(frame))
    )
    baseline = dl.Baseline.fit(frame[frame["x"] != -999], timestamp="when", season=season)
    codes = unit_codes(baseline.unit, frame).codes
    parts = [baseline.profile_frame(frame[codes == unit]) for unit in range(21)]
    chosen = np.array([0, 3, 4, 11, 20])
    at_once = Stack.of(parts).sum_of(chosen)
    one_by_one = reduce(add, [parts[unit] for unit in chosen])
    assert_alike(at_once, one_by_one)


def assert_alike(one, other):
    """Hold two of the library's dataclasses of arrays and numbers against one another."""
    if is_dataclass(one):
        for part in fields(one):
            assert_alike(getattr(one, part.name), getattr(other, part.name))
    elif isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            assert_alike(one[key], other[key])
    elif isinstance(one, float | np.ndarray):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    else:
        assert one == other


@pytest.mark.parametrize("unit", ["row", "1D"])
def test_what_did_not_move_far_enough_is_never_called_drifted(unit):
    # 2 % of the rows and a PSI of 0.1 matter: faults around these, in one column or the other.
    frame = days_of(0.1, rows=200)
    baseline = dl.Baseline.fit(frame, timestamp="when", unit=unit)
    rng = np.random.default_rng(SEED)
    kept, drifted = set(), set()
    for fault in FAULTS:
        for size in fault.sizes[1:4]:
            name = next(n for n in ("c", "x") if fault.suits(baseline.columns[n]))
            made = fault.make(frame[name], baseline.columns[name], size, rng)
            faulty = frame.assign(**{name: made})[2400:]
            found = dl.detect_drift(baseline, faulty)
            pair = pair_up(baseline, baseline.reference, baseline.profile(faulty))
            left = may_matter(pair, dl.DriftPolicy())
            assert set(found.drifted) <= set(left)
            if name in left:
                kept.add((fault.name, size))
            if name in found.drifted:
                drifted.add((fault.name, size))
    assert drifted
    assert len(kept) < 12


def test_faults_are_of_the_size_they_say():
    frame = days_of(0.0)
    column = dl.Baseline.fit(frame, timestamp="when").columns["x"]
    rng = np.random.default_rng(SEED)
    moved = SHIFT.make(frame["x"], column, 0.4, rng) - frame["x"]
    np.testing.assert_allclose(moved, 0.4 * frame["x"].std())
    gone = MISSING.make(frame["x"], column, 0.1, rng).isna()
    assert abs(gone.mean() - 0.1) < 4 * np.sqrt(0.09 / len(frame))
    marked = SENTINEL.make(frame["x"], column, 0.1, rng)
    assert (marked[marked < frame["x"].min()] == -999).all()
    assert abs((marked == -999).mean() - 0.1) < 4 * np.sqrt(0.09 / len(frame))
    assert not any(fault.suits(dl.Baseline.fit(frame.assign(x=1.0)).columns["x"])
                   for fault in FAULTS)  # fmt: skip


def test_labels_are_changed_as_said_and_seen_by_how_much(found):
    frame = days_of(0.0)
    rng = np.random.default_rng(SEED)
    odds = [side["y_true"].mean() / (1 - side["y_true"].mean())
            for side in (frame, shift_prior(frame, "y_true", 2.0, rng))]  # fmt: skip
    assert odds[1] / odds[0] == pytest.approx(2.0, rel=0.15)
    late = delay_labels(frame, "y_true", 0.3, rng)["y_true"]
    assert late[frame["y_true"] == 0].notna().all()
    assert late[frame["y_true"] == 1].isna().mean() == pytest.approx(0.3, abs=0.08)
    prior = found.table[found.table["fault"] == PRIOR.name].set_index(["units", "size"])
    assert prior["measure"].unique().tolist() == ["times the odds"]
    assert prior.loc[(5, 3.0), "share"] >= prior.loc[(5, 1.25), "share"]
    waits = found.false_alarms[found.false_alarms["of"].str.contains("late")]
    assert waits["units"].tolist() == [5, 10]


def test_estimates_are_held_against_labels_that_they_did_not_see():
    # Labels are drawn from the scores: estimates are right.
    frame = days_of(0.0)
    baseline = dl.Baseline.fit(frame, timestamp="when")
    units = unit_codes(baseline.unit, frame)
    bench = Bench(baseline, frame, units, dl.DriftPolicy(), None, np.random.default_rng(SEED))
    rows = pd.DataFrame(bench.estimates(5, 4)).set_index("metric")
    assert rows["tries"].unique().tolist() == [4]
    # Of 4 windows; less than 2 have a chance of one in 2,000 at 95 %.
    assert rows.loc["accuracy", "held"] >= 2
    # At least two standard errors of a share of 300 rows; more, for five days are few.
    assert 0.04 <= rows.loc["accuracy", "within"] <= 0.15
    wrong = bench.frame.assign(y_true=1 - frame["y_true"])
    one = next(bench.deals(5))
    broken = dl.estimate_performance(frame.iloc[one.rest], wrong.iloc[one.window].drop(
        columns="y_true"), **bench.names).table.set_index("metric")  # fmt: skip
    value = bench.alarms(wrong.iloc[one.window], frame.iloc[one.rest])[1]["accuracy"]
    assert not broken.loc["accuracy", "lower"] <= value <= broken.loc["accuracy", "upper"]


def test_small_faults_are_not_seen_and_large_ones_are(found):
    shares = found.table.set_index(["fault", "feature", "units", "size"])["share"]
    assert shares["shift", "x", 5, 0.05] == 0
    assert shares["shift", "x", 5, 1.6] == 1
    assert shares["missing values", "c", 5, 0.003] == 0
    assert shares["missing values", "c", 5, 0.3] == 1
    assert shares["wrong labels", "", 5, 0.4] > shares["wrong labels", "", 5, 0.02]
    size = found.smallest.set_index(["fault", "feature", "units"])["size"]
    assert 0.1 < size["shift", "x", 5] < 0.8
    # More rows show smaller faults.
    assert size["shift", "x", 10] <= size["shift", "x", 5] * 1.2


def test_an_audit_says_how_often_the_check_alarms_without_any_change(found):
    alarms = found.false_alarms.set_index(["of", "units"])
    # 16 deals: more than 4 alarms have a chance of 0.1 % where 5 % of checks alarm.
    assert alarms["deals"].unique().tolist() == [8]
    assert alarms.loc["drift", "alarms"].sum() <= 4
    assert alarms.loc["performance", "alarms"].sum() <= 4
    assert alarms.loc[("drift", 5), "rows"] == 300
    assert found.headline.startswith("A check of 5 days (about 300 rows) alarms")


def test_what_one_check_sees_is_what_fresh_data_show(found):
    # The audit's forecast for a shift of 0.4 standard deviations, against new data of the same
    # world that it never saw.
    forecast = found.table.set_index(["fault", "feature", "units", "size"]).loc[
        ("shift", "x", 5, 0.4)
    ]
    reference = days_of(0.0)
    baseline = dl.Baseline.fit(reference, timestamp="when", exclude=["c"])
    rng = np.random.default_rng(SEED + 1)
    seen = 0
    for _ in range(10):
        when = pd.Timestamp("2024-03-01") + pd.to_timedelta(np.repeat(np.arange(5), 60), unit="D")
        fresh = pd.DataFrame({"when": when, "x": rng.normal(size=300) + 0.4})
        seen += "x" in dl.detect_drift(baseline, fresh).drifted
    assert forecast["lower"] - 0.35 <= seen / 10 <= forecast["upper"] + 0.35


def test_the_smallest_size_lies_between_those_tried():
    table = pd.DataFrame(
        {"fault": "f", "feature": "x", "units": 1, "measure": "", "metric": "", "loss": np.nan,
         "size": [0.01, 0.1, 0.3], "share": [0.0, 0.5, 0.4], "lower": 0.0, "upper": 1.0}
    )  # fmt: skip
    # Nothing reaches it; by the upper ends of the intervals the first size already does.
    row = smallest_seen(table, 0.8).iloc[0]
    falling = smallest_seen(table.assign(share=[0.9, 0.5, 0.6]), 0.8).iloc[0]
    assert falling["size"] == 0.01
    assert np.isnan(row["size"])
    assert row["lower"] == 0.01
    assert np.isnan(row["upper"])
    assert row["words"] == ""
    half = smallest_seen(table.assign(share=[0.0, 1.0, 1.0]), 0.5).iloc[0]
    assert half["size"] == pytest.approx(np.sqrt(0.01 * 0.1))


@pytest.mark.parametrize("season", [None, "weekday"])
def test_performance_is_judged_like_with_like_where_there_is_a_season(season):
    # The model is as good as ever, but labels are harder to tell on weekends.
    frame = days_of(0.0, rows=60, days=84).drop(columns=["y_proba", "c"])
    rng = np.random.default_rng(SEED)
    weekend = frame["when"].dt.day_of_week >= 5
    guessed = weekend & (rng.random(len(frame)) < 0.8)
    frame["y_true"] = np.where(guessed, rng.integers(0, 2, len(frame)), frame["y_pred"])
    baseline = dl.Baseline.fit(frame, timestamp="when", season=season)
    bench = Bench(baseline, frame, unit_codes(baseline.unit, frame), dl.DriftPolicy(), None, rng)
    late = weekend & (frame["when"] >= frame["when"].max() - pd.Timedelta(days=34))
    # Whatever days they are put on, it is told which were weekends.
    deal = next(bench.deals(7))
    deal = replace(deal, window=np.flatnonzero(late), rest=np.flatnonzero(~late))
    assert bench.alarms(*deal.sides(bench.judged))[0] == (season is None)


def test_a_dealt_week_has_each_weekday_once():
    frame = days_of(0.0, rows=2)
    baseline = dl.Baseline.fit(frame, timestamp="when", season="weekday")
    dealer = Dealer(baseline, frame, unit_codes(baseline.unit, frame))
    dealt = list(islice(dealer.deals(7, np.random.default_rng(SEED)), 12))
    weeks = [frame["when"].iloc[one.window].drop_duplicates() for one in dealt]
    assert all(sorted(week.dt.day_of_week) == [*range(7)] for week in weeks)
    assert len({tuple(week) for week in weeks}) == 12


def test_faults_tried_at_once_do_not_stand_in_one_anothers_way():
    # Of three days in 24 ranks must confirm a change, among those of the other features: a large
    # fault beside a small one would drown it.
    frame = days_of(0.0)[["when", "x"]]
    baseline = dl.Baseline.fit(frame, timestamp="when")
    units = unit_codes(baseline.unit, frame)
    rng = np.random.default_rng(SEED)
    for one in islice(Dealer(baseline, frame, units).deals(3, np.random.default_rng(SEED)), 5):
        # Where they lie, days are too far from each other to tell of a memory of the values.
        one = replace(one, order=None)
        rows = frame.iloc[one.window]
        both = rows[["when"]].assign(small=rows["x"] + 0.45, large=rows["x"] + 9)
        together = repeat_columns(one.baseline, {"small": "x", "large": "x"})
        pair = pair_up(together, together.reference, together.profile_frame(both))
        table = as_table(compare([pair], dl.DriftPolicy(), beside=0)[0])
        alone = one.baseline.profile_frame(rows.assign(x=rows["x"] + 0.45))
        single = dl.detect_drift(one.baseline, alone).table.loc["x"]
        assert single["severity"] != "none"
        # How missing values go on from day to day is told of each fault by itself.
        few, many = (rows["x"].mask(rng.random(len(rows)) < share) for share in (0.05, 0.5))
        gaps = {"few": few, **{f"many {number}": many for number in range(4)}}
        several = repeat_columns(one.baseline, dict.fromkeys(gaps, "x"))
        pair = pair_up(several, several.reference,
                       several.profile_frame(rows[["when"]].assign(**gaps)))  # fmt: skip
        lost = as_table(compare([pair], dl.DriftPolicy(), beside=0)[0])
        own = dl.detect_drift(one.baseline, rows.assign(x=few)).table.loc["x"]
        assert lost.loc["few", "missing_p_value"] == pytest.approx(own["missing_p_value"])
        assert table.loc["small", ["severity", "p_value"]].tolist() == [
            single["severity"],
            pytest.approx(single["p_value"]),
        ]


def test_any_column_names_can_be_audited():
    frame = days_of(0.0, rows=20).drop(columns=["y_true", "y_pred", "y_proba", "c"])
    frame["x shift 0.05"] = np.arange(len(frame)) % 7 + 0.5
    told = {"timestamp": "when", "deals": 2, "tries": 1, "faults": FAULTS[:1]}
    assert set(dl.audit(frame, **told).table["feature"]) == {"x", "x shift 0.05"}


def test_an_audit_is_the_same_for_the_same_seed():
    frame = days_of(0.0, rows=20).drop(columns=["y_true", "y_pred", "y_proba"])
    one, other = (dl.audit(frame, timestamp="when", deals=3, tries=2, seed=2) for _ in range(2))
    pd.testing.assert_frame_equal(one.table, other.table)


def test_what_an_audit_cannot_do_is_said():
    frame = days_of(0.0, rows=20, days=20)
    with pytest.raises(dl.DriftlibError, match="more than half of the 20 days"):
        dl.audit(frame, window="MS", timestamp="when")
    with pytest.raises(dl.DriftlibError, match="no rows to deal"):
        dl.audit(dl.Baseline.fit(frame))
    with pytest.raises(dl.DriftlibError, match="the reference has 4 values of shop"):
        dl.audit(frame.rename(columns={"c": "shop"}), unit="shop")
    with pytest.raises(dl.DriftlibError, match="wanted=80"):
        dl.audit(frame, wanted=80)


def test_the_curves_are_drawn_with_their_words(found):
    chart = power_curves(found)
    assert chart.layout.title.text.startswith("A check of 5 days sees, in half of the features")
    assert {fault.name for fault in FAULTS} <= set(found.table["fault"])
    assert len(chart.layout.meta["table"]["rows"]) > 5


def test_the_page_says_what_the_audit_found_or_why_there_is_none(found):
    assert verdicts.audit_verdict(found) == f"{found.headline}."
    none = attempt(dl.audit, days_of(0.0, rows=20, days=5), timestamp="when", unit="1D")
    assert "cannot be audited on these data: cannot tell: the reference has 5 days" in (
        verdicts.audit_verdict(none)
    )
    alarms = tables.false_alarms_table(found)
    assert alarms["a check sees"].unique().tolist() == ["5 days", "10 days"]
    table = tables.smallest_faults_table(found).set_index("feature")
    assert table.index.tolist() == ["x", "c", "(labels)"]
    assert table.loc["x", "shift"].endswith("standard deviations")
    chart = smallest_faults(found)
    assert chart.layout.title.text in ("x is the hardest to watch", "c is the hardest to watch")


def test_the_command_writes_what_it_found(tmp_path, capsys):
    path, output = tmp_path / "reference.csv", tmp_path / "audit.json"
    days_of(0.0, rows=15)[["when", "x"]].to_csv(path, index=False)
    options = ["--timestamp", "when", "--window", "6D", "--deals", "3", "--tries", "2"]
    assert main(["audit", str(path), *options, "--json", str(output)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("A check of 6 days (about 90 rows) alarms without any change for drift")
    assert "a check sees" in shown
    content = json.loads(output.read_text())
    assert content["window"] == "6 days"
    assert {row["fault"] for row in content["table"]} >= {"shift", "missing values"}
    assert main(["audit", str(path), "--window", "9 parsecs"]) == 2
    assert "'9 parsecs' must be a number of rows, or a length of time" in capsys.readouterr().err


def test_no_time_is_spent_on_sizes_whose_neighbours_tell_the_same():
    hits = {1: [False] * 6, 2: [False] * 6, 3: [False, True] * 4, 4: [True] * 6, 5: [True] * 6}
    settled = [size for size in hits if _is_settled(hits, size, [1, 2, 3, 4, 5])]
    assert settled == [1, 5]
    assert _is_settled({4: [True] * 15, 3: [False] * 9}, 4, [3, 4])
    assert not _is_settled({4: [True] * 5, 3: [True] * 9}, 4, [3, 4])
