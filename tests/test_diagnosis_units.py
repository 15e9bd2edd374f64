"""Diagnosis and the domain classifier where rows come in units: days, customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftlib import diagnose, diagnose_windows, fit_domain
from driftlib.domain.calibration import fit_scale
from driftlib.domain.units import deal_units, read_units
from driftlib.stats.unit_influence import RowUnits, influence_error, influence_memory

DAY = pd.Timedelta("1D")


def days(count: int, rows: int, seed: int, effect: float = 0.0, shift: float = 0.0, first: int = 0):
    """Days whose weather all rows see, and whose fate the model does not know."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(count), rows)
    weather, fate = rng.normal(size=count)[day], effect * rng.normal(size=count)[day]
    x = rng.normal(size=len(day))
    cost = 1 + 0.3 * x + fate + shift + rng.normal(0, 0.5, len(day))
    return pd.DataFrame(
        {
            "seen": pd.Timestamp("2013-03-01") + (day + first) * DAY,
            "weather": weather,
            "x": x,
            "cost": cost,
        }
    )


def units_of(codes, current, memory=False):
    codes = np.asarray(codes)
    return RowUnits(codes, np.asarray(current), np.arange(codes.max() + 1), memory)


def mean_influence(values, current):
    """Of a difference of two means."""
    parts = [np.where(side, values - values[side].mean(), 0) / side.sum()
             for side in (current, ~current)]  # fmt: skip
    return parts[0] - parts[1]


def test_units_of_one_row_and_no_units_are_independent_rows(rng):
    values, current = rng.normal(size=300), np.arange(300) >= 100
    influence = mean_influence(values, current)
    plain = influence_error(None, influence)
    assert plain.error == pytest.approx(np.sqrt(np.sum(influence**2)), abs=0)
    assert influence_error(units_of(np.arange(300), current), influence) == plain
    assert plain.spread(0.95) == pytest.approx(1.959964 * plain.error)
    assert plain.above(plain.error * 1.644854) == pytest.approx(0.05, abs=1e-6)


def test_equal_units_without_noise_give_welchs_t(rng):
    from scipy.stats import ttest_ind

    means = rng.normal(size=20)
    codes, current = np.repeat(np.arange(20), 40), np.repeat(np.arange(20) >= 12, 40)
    influence = mean_influence(means[codes], current)
    found = influence_error(units_of(codes, current), influence)
    known = ttest_ind(means[12:], means[:12], equal_var=False)
    difference = means[12:].mean() - means[:12].mean()
    assert difference / found.error == pytest.approx(known.statistic)
    assert found.degrees_of_freedom == pytest.approx(known.df)
    assert 2 * found.above(abs(difference)) == pytest.approx(known.pvalue)
    assert found.design_effect > 40


def test_a_customer_on_both_sides_is_one_customer(rng):
    habit = rng.normal(size=60)
    codes = np.tile(np.repeat(np.arange(60), 20), 2)
    current = np.arange(2400) >= 1200
    values = habit[codes] + rng.normal(0, 0.5, 2400)
    both = influence_error(units_of(codes, current), mean_influence(values, current))
    others = influence_error(
        units_of(codes + 60 * current, current), mean_influence(values, current)
    )
    # Habits cancel: the rows' own noise is left, of which there is no less than by rows.
    assert both.design_effect == pytest.approx(1)
    assert both.error < 0.5 * others.error


def test_the_error_is_that_of_many_repeats_with_memory():
    rng = np.random.default_rng(5)
    codes, current = np.repeat(np.arange(60), 30), np.repeat(np.arange(60) >= 40, 30)
    units = units_of(codes, current, memory=True)
    differences, errors, beyond = [], [], 0
    for _ in range(150):
        u = rng.normal(size=60)
        for i in range(1, 60):
            u[i] = 0.5 * u[i - 1] + np.sqrt(0.75) * u[i]
        values = 0.4 * u[codes] + rng.normal(size=1800)
        influence = mean_influence(values, current)
        found = influence_error(units, influence, influence_memory(units, influence[None]))
        differences.append(values[current].mean() - values[~current].mean())
        errors.append(found.error)
        beyond += abs(differences[-1]) > found.spread(0.95)
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.2)
    assert beyond <= 0.1 * 150


def test_units_are_dealt_whole_and_evenly(rng):
    sizes = rng.integers(5, 200, 40)
    codes = np.repeat(np.arange(40), sizes)
    units = units_of(codes, codes >= 25)
    folds = deal_units(units, 3, np.random.default_rng(1))
    pairs = pd.DataFrame({"unit": codes, "fold": folds}).drop_duplicates()
    assert len(pairs) == 40
    for side in (codes < 25, codes >= 25):
        counts = np.bincount(folds[side], minlength=3)
        assert np.ptp(counts) < 0.15 * counts.mean()
    again = deal_units(units, 3, np.random.default_rng(1))
    np.testing.assert_array_equal(folds, again)


def test_days_are_dealt_in_stretches_of_either_side():
    codes = np.repeat(np.arange(36), 10)
    folds = deal_units(units_of(codes, codes >= 24, memory=True), 3, np.random.default_rng(0))
    np.testing.assert_array_equal(folds[::10], np.repeat([0, 1, 2, 0, 1, 2], [8, 8, 8, 4, 4, 4]))
    # Days that alternate are dealt at random.
    folds = deal_units(units_of(codes, codes % 2 == 1, memory=True), 3, np.random.default_rng(0))
    assert (np.diff(folds[::10]) != 0).sum() > 10
    # A day on both sides lies in one fold.
    both, now = np.r_[codes, codes], np.arange(720) >= 360
    folds = deal_units(units_of(both, now, memory=True), 3, np.random.default_rng(0))
    np.testing.assert_array_equal(folds[:360], folds[360:])


def test_lasting_weather_is_no_difference_of_the_inputs():
    hits = 0
    for seed in range(6):
        rng = np.random.default_rng([1, seed])
        u = rng.normal(size=40)
        for i in range(1, 40):
            u[i] = 0.5 * u[i - 1] + np.sqrt(0.75) * u[i]
        day = np.repeat(np.arange(40), 10)
        seen = pd.Timestamp("2013-03-01") + day * DAY
        frame = pd.DataFrame({"seen": seen, "temp": u[day] + rng.normal(size=400)})
        hits += fit_domain(frame[day < 25], frame[day >= 25]).p_value < 0.05
    assert hits <= 1


def test_folds_of_unlike_shares_do_not_pull_the_auc_below_one_half(rng):
    current = np.r_[np.zeros(300), np.ones(100), np.zeros(100), np.ones(300)].astype(bool)
    folds = np.repeat([0, 1], 400)
    # Models that know nothing but the shares of the other fold.
    seen = np.array([current[folds != fold].mean() for fold in (0, 1)])
    scale = fit_scale(seen[folds], current, folds)
    assert np.ptp(scale.score(seen[folds], folds)) == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(scale.probability(seen[folds], folds), 0.5)


def test_a_sample_keeps_each_units_share(rng):
    frame = pd.DataFrame({"shop": rng.choice(list("abcdefgh"), 5000, p=np.arange(1, 9) / 36)})
    frame.loc[::50, "shop"] = None
    units = read_units("shop", [("a", frame), ("b", frame)])
    rows = units.sample(0, len(frame), 1000, rng)
    assert len(np.unique(rows)) == 1000
    held = frame["shop"].value_counts()
    found = frame["shop"].iloc[rows].value_counts()
    assert ((found - held * 1000 / held.sum()).abs() <= 1).all()


def test_days_dealt_at_random_are_stable_by_day_and_not_by_row():
    month = days(30, 60, 0, effect=0.4)
    dealt = np.random.default_rng(0).permutation(30) < 15
    side = dealt[np.repeat(np.arange(30), 60)]
    why = diagnose(month[side], month[~side], loss="cost", timestamp="seen")
    assert why.verdict == "stable"
    assert (why.units_reference, why.units_current) == (15, 15)
    assert why.design_effect > 5
    assert "a unit is a day of 'seen'" in why.unit.lower()
    assert why.domain_auc < 0.85
    rows = diagnose(month[side], month[~side], loss="cost", timestamp="seen", unit="row")
    # Weather gives every day away, and with it its side.
    assert rows.domain_auc > 0.98
    assert rows.design_effect == 1


def test_a_true_change_is_found_by_days():
    before, after = days(20, 50, 1), days(20, 50, 2, shift=0.5, first=20)
    why = diagnose(before, after, loss="cost", timestamp="seen")
    assert why.verdict == "concept drift"
    content = why.to_dict()
    assert (content["units_reference"], content["units_current"]) == (20, 20)
    assert content["unit"] in why._repr_html_().replace("&#x27;", "'")
    assert set(why.segments["rule"]) == {"all rows"}


def test_too_few_units_cannot_tell():
    before, after = days(12, 40, 1), days(3, 40, 2, shift=3, first=12)
    why = diagnose(before, after, loss="cost", timestamp="seen")
    assert why.verdict == "undetermined"
    reason = "cannot tell: current has 3 days; at least 5 are needed"
    assert why.headline == f"Undetermined: {reason}"
    assert why.reason.startswith(f"{reason.capitalize()}. Rows of a unit share")
    assert why.terms.isna().all(axis=None)
    assert why.loss_current > why.loss_reference
    assert why.to_dict()["cannot_tell"] == reason
    assert why.features.empty
    assert why.segments.empty
    domain = fit_domain(before, after, features=["x"], timestamp="seen")
    assert np.isnan([domain.auc, domain.p_value]).all()
    assert domain.cannot_tell == reason
    assert domain.headline.startswith("Cannot tell")
    bare = diagnose(before, after.drop(columns="seen"), loss="cost", timestamp="seen")
    assert "current has no column 'seen'" in bare.headline


def test_segments_are_measured_by_units():
    def week(seed, late):
        frame = days(12, 60, seed, first=12 * (seed - 1))
        # One day alone has large values, and now they cost more.
        odd = (frame["seen"] == frame["seen"].iloc[0]).to_numpy()
        return frame.assign(x=frame["x"] + 9 * odd, cost=frame["cost"] + late * (frame["x"] > 0))

    same = {"loss": "cost", "timestamp": "seen", "exclude": ["weather"]}
    segments = diagnose(week(1, 0), week(2, 2.0), **same).segments
    assert segments.eval("lower <= effect <= upper").all()
    assert segments["worse"].any()


def test_windows_of_too_few_units_say_so():
    before, after = days(12, 30, 1), days(8, 30, 2, shift=0.6, first=12)
    found = diagnose_windows(before, after, window="6D", loss="cost", timestamp="seen")
    first, last = found.table.drop_duplicates("window").itertuples()
    assert first.verdict == "concept drift"
    assert last.verdict == "undetermined"
    assert "at least 5 are needed" in last.note
    assert last.n == 60
    assert "the reference: 12 days" in found.unit
    assert found.to_dict()["unit"] == found.unit


def test_the_column_of_units_is_no_feature_and_rows_in_none_are_left_out(rng):
    def shops(seed):
        frame = days(10, 30, seed)
        return frame.assign(shop=[f"shop {i}" for i in np.repeat(np.arange(10), 30)])

    before, after = shops(1), shops(2)
    after.loc[:9, "shop"] = None
    domain = fit_domain(before, after, unit="shop", exclude=["seen", "cost"])
    assert domain.features == ["weather", "x"]
    assert len(domain.current_rows) == 290
    assert domain.current_rows.min() == 10
    assert domain.unit.endswith("current: 10 values of shop, and 10 rows in none.")
    # A shop on both sides lies in one fold.
    pairs = pd.DataFrame({"unit": domain.units.codes, "fold": domain.folds}).drop_duplicates()
    assert len(pairs) == 10
    other = domain.probability(after)
    assert other.shape == (300,)
