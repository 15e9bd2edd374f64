"""What a glance at the data shows: beyond the range, tails, spikes, and small pictures."""

from itertools import product
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import driftlib as dl
from bench.glance import CHANGES, found, made_change
from driftlib.profile.outside import outside_edges
from driftlib.profile.storage import counts_from_dict, counts_to_dict
from driftlib.profile.unusual import Unusual, find_sentinel
from driftlib.stats.counts import cumulative
from driftlib.stats.excess import (
    beyond_p_value,
    excess_p_value,
    excess_p_values,
    find_spike,
    find_tails,
    may_have_spikes,
    outer_tails,
)
from driftlib.stats.gridded import Gridded
from driftlib.stats.hypergeometric import lower_tails, tail
from driftlib.visualization.sparkline import small_shares, sparkline


@pytest.mark.parametrize(
    ("hits", "rows", "total"), [(9, 6, 16), (300, 500, 2000), (40, 1000, 1010)]
)
def test_tails_of_the_hypergeometric_law_equal_scipy(hits, rows, total):
    law = stats.hypergeom(total, hits, rows)
    low, high = law.support()
    for observed in np.unique(np.linspace(low, high, 9).astype(int)).tolist():
        assert tail(observed, hits, rows, total) == pytest.approx(law.sf(observed - 1), rel=1e-5)
        assert tail(observed, hits, rows, total, upper=False) == pytest.approx(
            law.cdf(observed), rel=1e-5
        )


def test_rows_beyond_the_range_follow_the_beta_binomial_law():
    # Rows above all of the reference's: beta-binomial (M; 1, N).
    law = stats.betabinom(500, 1, 2000)
    for rows in (1, 3, 8):
        assert excess_p_value(0, 2000, rows, 500) == pytest.approx(law.sf(rows - 1), rel=1e-4)
        assert beyond_p_value(0, rows, 2000, 500) == pytest.approx(
            min(1, 2 * law.sf(rows - 1)), rel=1e-4
        )


@pytest.mark.parametrize(("n", "m"), [(300, 300), (1000, 250), (250, 1000)])
def test_without_drift_glances_find_nothing_more_often_than_they_say(n, m):
    # 99 % of the binomial law of 400 draws at 5 % lie at 32 or below.
    rng = np.random.default_rng([n, m])
    hits = np.zeros(3)
    for draw in range(400):
        values = rng.normal(size=n + m) if draw % 2 else np.round(rng.lognormal(size=n + m), 1)
        a, b = values[:n], values[n:]
        grid = np.unique(a)
        r, c = cumulative(grid, a), cumulative(grid, b)
        beyond = beyond_p_value(int((b < a.min()).sum()), int((b > a.max()).sum()), n, m)
        hits += np.array([beyond, outer_tails(r, c).p_value, find_spike(r, c).p_value]) < 0.05
    assert (hits <= 32).all(), hits


def test_flags_have_no_tails_and_no_spikes(rng):
    # A test that cannot apply takes nothing from the others.
    frame = pd.DataFrame({"x": rng.integers(0, 2, 2000)})
    row = dl.detect_drift(frame, frame[:1500]).table.loc["x"]
    assert np.isnan(row[["tails_p_value", "spike_p_value"]].to_numpy(float)).all()
    assert row["beyond_p_value"] == 1


def test_counts_of_ends_add_and_save(tmp_path, rng):
    frame = pd.DataFrame({"x": np.append(rng.normal(size=500), [-9.0, -9, 7])})
    baseline = dl.Baseline.fit(frame)
    baseline.save(tmp_path / "baseline.json")
    for held in (baseline, dl.Baseline.load(tmp_path / "baseline.json")):
        counts = held.reference.columns["x"]
        assert (counts.at_minimum, counts.at_maximum) == (2, 1)
    parts = [baseline.profile(frame[:501]), baseline.profile(frame[501:])]
    for whole in ((parts[0] + parts[1]), (parts[1] + parts[0])):
        assert (whole.columns["x"].at_minimum, whole.columns["x"].at_maximum) == (2, 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([-999.0] * 30, "2.9 % of the values are -999, outside 2.1 to 17.8"),
        ([0.0] * 30, "2.9 % of the values are 0, outside 2.1 to 17.8"),
        ([18.0] * 30, None),
        ([-999.0] * 3, None),
        ([9.07] * 30, "2.9 % of the values are about 9.07, 0 % before"),
        (np.linspace(30, 60, 30).tolist(), None),
    ],
)
def test_a_code_among_the_numbers_is_found(values, words):
    reference = pd.DataFrame({"x": np.round(np.linspace(2.1, 17.8, 1000) ** 1.0, 4)})
    baseline = dl.Baseline.fit(reference)
    profile = baseline.profile(pd.concat([reference, pd.DataFrame({"x": values})]))
    column = baseline.columns["x"]
    code = find_sentinel(column, column.reference, profile.columns["x"], independent=True)
    assert (code and code.message) == words
    dependent = find_sentinel(column, column.reference, profile.columns["x"])
    assert (dependent is None) == (words is None or "before" in words)


def test_what_lies_outside_adds_saves_and_streams(tmp_path, rng):
    baseline = dl.Baseline.fit(pd.DataFrame({"x": np.linspace(0, 10, 400)}))
    values = np.concatenate([rng.normal(5, 8, 500), [-999.0] * 20, [1e9, -1e300]])
    frame = pd.DataFrame({"x": values})
    whole = baseline.profile(frame).columns["x"]
    edges = outside_edges(0.0, 10.0)
    upto = np.append(edges[:20], np.nextafter(0, -1)), np.append(10, edges[20:])
    below = np.histogram(values[values < 0], [-np.inf, *upto[0]])[0]
    above = np.histogram(values[values > 10], [*upto[1], np.inf])[0]
    assert whole.outside.tolist() == [*below, *above]
    parts = baseline.profile(frame[:100]) + baseline.profile(frame[100:])
    assert parts.columns["x"].outside.tolist() == whole.outside.tolist()
    frame.to_csv(tmp_path / "x.csv", index=False)
    read = baseline.profile(tmp_path / "x.csv").columns["x"]
    assert read.outside.tolist() == whole.outside.tolist()
    assert counts_from_dict("numeric", counts_to_dict(whole)).outside.tolist() == [*below, *above]
    assert not baseline.reference.columns["x"].outside.any()


def test_a_sparkline_is_a_picture_with_a_name(rng):
    frame = pd.DataFrame({"a<b": rng.normal(size=400), "c": rng.choice(list("xyz"), 400)})
    current = frame.assign(**{"a<b": np.append(frame["a<b"][40:], [99.0] * 40), "c": "x"})
    result = dl.detect_drift(frame, current.assign(when=1))
    column = result.baseline.columns["a<b"]
    shares = small_shares(column, column.reference, result.current.columns["a<b"])
    assert len(shares.parts) == 22
    assert shares.reference.sum() == pytest.approx(1)
    assert shares.current[-1] == pytest.approx(0.1)
    for name, words in (("a<b", "a<b: 10 % outside the reference's range"), ("c", "c: x 100 %")):
        picture = ElementTree.fromstring(sparkline(result, name))
        assert picture.get("aria-label").startswith(words)


@pytest.mark.parametrize(("name", "make", "change", "meant"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_change_is_as_large_whatever_the_rows(name, make, change, meant):
    sizes = [2_000, 50_000] if meant == "none" or "1." not in name else [10_000, 50_000]
    rows = [made_change(make, change, size, seed=len(name)) for size in sizes]
    assert [row["severity"] for row in rows] == [meant] * 2
    if "-999" in name:
        share = name.split(" are")[0]
        for row in rows:
            assert row["note"].startswith(f"{share} of the values are -999, outside 2.")
            assert "; the rest did not move" in row["note"]
            assert "too small" not in row["note"]


def test_codes_and_spikes_in_one_of_twenty_features_are_found():
    # At 2,000 rows: 97 % expected of the first; 11 or fewer of 15 have a chance of 0.1 %.
    real, _, others = found(0.01, -999.0, 2_000, 15)
    assert real >= 12
    # 3 % within the range: always, and at least moderate where more than 2 % came.
    assert found(0.03, 0.5, 2_000, 3)[:2] == (3, 3)
    assert others <= 5


def test_a_smaller_change_says_so_of_its_rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=4000)})
    current = frame.assign(x=np.append(rng.normal(size=3970), [900.0] * 30))
    row = dl.detect_drift(frame, current).table.loc["x"]
    assert row["severity"] == "minor"
    assert row["note"].endswith("the rest did not move; real, but in too few rows to matter")
    assert row["beyond"] == pytest.approx(0.0075, abs=0.001)


def test_a_code_is_a_finding_of_quality_where_days_are_few():
    # A day against ten tells nothing of drift, but -999 is seen.
    rng = np.random.default_rng(0)
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(2200) // 200, unit="D")
    frame = pd.DataFrame({"x": rng.gamma(4, 2, 2200), "when": when})
    current = frame[2000:].assign(x=lambda f: f["x"].where(np.arange(200) >= 6, -999.0))
    result = dl.detect_drift(frame[:2000], current, timestamp="when", unit="1D")
    assert result.table.loc["x", "severity"] == "none"
    (found,) = [f for f in result.quality if f.kind == "value outside the range"]
    assert (found.column, found.severity, found.value) == ("x", "moderate", 0.03)
    assert found.sentence.startswith("is -999 in 3 % of its values, outside 0.")
    alert = next(a for a in dl.make_alerts(result) if a.subject == "x")
    assert (alert.kind, alert.severity) == ("data quality", "moderate")


@pytest.mark.parametrize("alpha", [0.05, 0.0005])
def test_a_spike_is_said_as_if_it_were_looked_for_in_every_column(monkeypatch, alpha):
    rng = np.random.default_rng(3)
    baseline = dl.Baseline.fit(pd.DataFrame({"x": rng.normal(size=4000)}), unit="row")
    values, policy = rng.normal(size=4000) + 0.1, dl.DriftPolicy(alpha=alpha)

    def notes():
        found = []
        for spike, far in product((0, 10, 16, 20, 24, 28, 80), (0, 40)):
            x = values.copy()
            x[:spike], x[spike : spike + far] = 2.5, -999.0
            result = dl.detect_drift(baseline, pd.DataFrame({"x": x}), policy=policy)
            found.append(result.table.loc["x", "note"])
        return found

    said = notes()
    monkeypatch.setattr("driftlib.drift.glance.Unusual", lambda *sides: Unusual(*sides[:3]))
    assert said == notes()
    assert said[-1].startswith(
        "1 % of the values are -999, outside -3.332 to 3.886; 2.1 % of the values are about 2.5, "
        "was under 0.1 %; the rest "
    )


def test_where_all_values_lie_outside_nothing_is_said_of_a_rest(rng):
    before = pd.DataFrame({"x": rng.normal(size=200)})
    note = dl.detect_drift(before, before + 40).table.loc["x", "note"]
    assert note.startswith("100 % of the values lie outside ")
    assert "rest" not in note


def test_tails_of_many_parts_are_those_of_each():
    rng = np.random.default_rng(4)
    n, m = rng.integers(1, 10 ** rng.integers(1, 7, 300)), rng.integers(1, 10**4, 300)
    within = rng.integers(0, n + 1) // rng.choice([1, 20, 1000], 300)
    rows = rng.integers(0, m + 1) // rng.choice([1, 20, 1000], 300)
    found = excess_p_values(within, n, rows, m)
    alone = [excess_p_value(*map(int, one)) for one in zip(within, n, rows, m, strict=True)]
    assert found == pytest.approx(np.array(alone), rel=1e-12)
    assert (found < 1).sum() > 50
    counts = [side[:9].tolist() for side in (within, within + rows, n, n + m)]
    few = lower_tails(*map(np.array, counts))
    one_by_one = [tail(*one, upper=False) for one in zip(*counts, strict=True)]
    assert few == pytest.approx(np.array(one_by_one), rel=1e-12)


def test_tails_of_many_columns_are_those_of_each():
    rng = np.random.default_rng(5)
    sides = []
    for number in (700, 90):
        columns = [rng.normal(size=number).round(digits) for digits in (0, 1, 6)]
        columns += [rng.normal(size=number) + 50 * (number == 700), np.full(number, 1.0)]
        grids = [np.unique(np.random.default_rng(5).normal(size=200).round(d)) for d in (0, 1, 6)]
        grids += [grids[2], np.array([1.0])]
        sides.append([cumulative(*one) for one in zip(grids, columns, strict=True)])
    together = find_tails(Gridded.of(*sides))
    alone = [outer_tails(*one) for one in zip(*sides, strict=True)]
    assert list(map(repr, together)) == list(map(repr, alone))
    # Beyond its grid nothing is known of a reference, and a constant has no tails.
    assert [np.isnan(one.p_value) for one in together] == [False, False, False, False, True]
    assert (together[3].growth, together[3].p_value, together[4].growth) == (0.0, 1.0, 0.0)


def test_no_column_with_a_spike_is_left_out():
    rng = np.random.default_rng(9)
    asked = 0
    for n, m in ((2000, 300), (300, 2000), (50, 50), (5000, 40)):
        grid = np.unique(rng.normal(size=200).round(2))
        for piled in range(1, 14):
            place = rng.choice(grid) + rng.choice([0, 1e-3])
            own = np.append(rng.normal(size=m), np.full(piled, place))
            r, c = cumulative(grid, rng.normal(size=n)), cumulative(grid, own)
            both = Gridded.of([r], [c])
            unlikely = _is_any_unlikely(both)
            asked += len(may_have_spikes(both))
            assert not unlikely or may_have_spikes(both).tolist() == [0]
    assert 10 < asked < 52


def _is_any_unlikely(both):
    """Whether any value or part has too many rows for chance, given how many there are."""
    before, after = both.reference, both.current
    n, m, r, c = int(before.rows[0]), int(after.rows[0]), before.cells[0], after.cells[0]
    values = max(1, int((r[1::2] + c[1::2] >= 2).sum()))
    return any(
        2 * (values if place % 2 else n + 1) * excess_p_value(int(r[place]), n, int(c[place]), m)
        < 1
        for place in range(1, len(r) - 1)
        if c[place]
    )
