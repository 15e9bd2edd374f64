"""Drift of a batch: statistics against scipy, the decision's rules, notes, bad columns."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats

import driftlib as dl

CONTRACT = [
    "kind", "n_reference", "n_current", "psi", "psi_p_value", "ks", "ks_p_value", "chi_square",
    "chi_square_p_value", "jensen_shannon", "hellinger", "wasserstein", "missing_reference",
    "missing_current", "unseen", "p_value", "q_value", "severity", "drifted", "note",
]  # fmt: skip


def table_of(reference, current, **arguments):
    return dl.detect_drift(pd.DataFrame(reference), pd.DataFrame(current), **arguments).table


def samples(rng, rows=1000, features=20, shift=0.0):
    return (
        pd.DataFrame(rng.normal(size=(rows, features)))
        .add_prefix("x")
        .assign(x0=lambda f: f["x0"] + shift)
    )


@pytest.mark.parametrize("decimals", [9, 1, 0])
@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 40), (200, 150), (1500, 3000), (2000, 10)])
def test_numeric_statistics_equal_scipy(n, m, decimals, rng):
    for shift in (0.0, 0.3, 20.0):
        a = np.round(rng.normal(size=n), decimals)
        b = np.round(rng.normal(size=m) + shift, decimals)
        if len(np.unique(np.append(a, b))) < 2:
            continue
        holes = np.append(b, [np.nan] * 5)
        row = table_of({"x": a}, {"x": rng.permutation(holes)}).loc["x"]
        assert row["ks"] == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-12)
        assert row["ks_p_value"] == pytest.approx(
            stats.ks_2samp(a, b, method="asymp").pvalue, rel=0.05, abs=2e-3
        )
        rank = stats.mannwhitneyu(b, a, method="asymptotic")
        assert row["mann_whitney"] == pytest.approx(rank.statistic / (n * m), abs=1e-12)
        if decimals == 9 or n >= 200:
            assert row["mann_whitney_p_value"] == pytest.approx(rank.pvalue, rel=5e-3)
        else:  # ties among values that no reference row has are not known, which is conservative
            assert row["mann_whitney_p_value"] >= rank.pvalue * (1 - 1e-9)
        if a.std() > 0:
            area = stats.wasserstein_distance(a, b) / a.std(ddof=1)
            assert row["wasserstein"] == pytest.approx(area, rel=0.01)
        assert (row["n_current"], row["missing_current"]) == (m, 5 / (m + 5))


def test_ks_of_a_long_reference_is_low_by_at_most_a_grid_cell(rng):
    for shift in (0.0, 0.02, 0.5):
        a, b = rng.normal(size=30_000), rng.normal(size=20_000) + shift
        row = table_of({"x": a}, {"x": b}).loc["x"]
        exact = stats.ks_2samp(a, b, method="asymp").statistic
        assert exact - 0.0005 <= row["ks"] <= exact + 1e-12
        area = stats.wasserstein_distance(a, b) / a.std(ddof=1)
        assert row["wasserstein"] == pytest.approx(area, rel=0.01)


def test_categorical_statistics_equal_scipy(rng):
    a, b = rng.choice(list("abcd"), 500), rng.choice(list("abcd"), 300, p=[0.4, 0.3, 0.2, 0.1])
    row = table_of({"c": a}, {"c": b}).loc["c"]
    table = [pd.Series(side).value_counts().sort_index() for side in (a, b)]
    theirs = stats.chi2_contingency(table, correction=False)
    assert row["chi_square"] == pytest.approx(theirs.statistic)
    assert row["chi_square_p_value"] == pytest.approx(theirs.pvalue)
    p, q = (side / side.sum() for side in table)
    assert row["psi"] == pytest.approx(((q - p) * np.log(q / p)).sum())
    assert np.isnan([row["ks"], row["wasserstein"], row["psi_p_value"]]).all()
    # Three tests apply at most: levels, unseen, and (not here) missing.
    assert row["p_value"] == pytest.approx(min(1, 2 * theirs.pvalue))


def test_table_keeps_its_contract(rng):
    frame = samples(rng, 200, 3).assign(
        c=rng.choice(["a", "b"], 200), when=pd.Timestamp("2013"), y_true=rng.integers(0, 2, 200)
    )
    result = dl.detect_drift(frame, frame)
    assert list(result.table.columns[: len(CONTRACT)]) == CONTRACT
    assert result.table.index.name == "feature"
    assert list(result.table.index) == ["x0", "x1", "x2", "c", "when", "y_true"]
    assert result.table["kind"].tolist() == [*["numeric"] * 3, "categorical", "datetime", "target"]
    assert not result.table["drifted"].any()
    numbers = ["psi", "ks", "chi_square", "p_value", "q_value"]
    assert result.table.loc["when", numbers].isna().all()
    assert "dates and times" in result.table.loc["when", "note"]
    json.dumps(result.to_dict(), allow_nan=False)


def test_decision_is_bonferroni_then_benjamini_hochberg(rng):
    table = table_of(samples(rng), samples(rng, shift=0.15))
    tests = table[["ks_p_value", "mann_whitney_p_value", "psi_p_value"]]
    # What lies at the edge or at one value has half the part of the error budget.
    half = table[["beyond_p_value", "tails_p_value", "spike_p_value"]]
    least = np.minimum(4.5 * tests.min(axis=1), 9 * half.min(axis=1))
    assert table["p_value"].to_numpy() == pytest.approx(np.minimum(1, least))
    assert table["q_value"].to_numpy() == pytest.approx(
        stats.false_discovery_control(table["p_value"])
    )


def test_severity_follows_psi_beyond_chance(rng):
    reference = {"x": rng.normal(size=5000)}
    severities = [
        table_of(reference, {"x": rng.normal(shift, size=5000)}).loc["x", "severity"]
        for shift in (0.0, 0.15, 0.4, 1.0)
    ]
    assert severities == ["none", "minor", "moderate", "major"]


def test_a_large_psi_of_few_rows_is_no_drift():
    # The rule of thumb alarms here: without drift, PSI over 0.1 is the rule at 60 rows a side.
    rng = np.random.default_rng(3)
    table = table_of(samples(rng, 60), samples(rng, 60))
    assert (table["psi"] > 0.1).mean() > 0.8
    assert not table["drifted"].any()
    within = table["note"].str.contains("within chance for so few rows")
    assert within.any()
    # A PSI over what chance gives is not said to be within it.
    assert (table["psi"] <= table["psi_critical"])[within].all()
    over = table["note"].str.contains("over all columns and tests it is not told from chance")
    assert over.tolist() == (table["psi"] > table["psi_critical"]).tolist()
    assert table["psi_critical"].iloc[0] == pytest.approx(stats.chi2.isf(0.05, 9) * 2 / 60)


def test_missing_and_unseen_values_are_part_of_the_verdict(rng):
    n = 2000
    reference = pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.01, np.nan, rng.normal(size=n)),
            "c": rng.choice(["a", "b"], n),
        }
    )
    current = pd.DataFrame(
        {
            "x": np.where(rng.random(n) < 0.05, np.nan, rng.normal(size=n)),
            "c": np.where(rng.random(n) < 0.14, "EWR", rng.choice(["a", "b"], n)),
        }
    )
    table = table_of(reference, current)
    assert table["severity"].tolist() == ["moderate", "major"]
    assert table["drifted"].all()
    assert table.loc["x", "note"] == "4.8 % missing, was 0.95 %"
    assert "of rows have a value not seen in the reference ('EWR')" in table.loc["c", "note"]
    assert table.loc["c", "unseen"] == pytest.approx((current["c"] == "EWR").mean())


def test_new_values_of_a_column_with_many_rare_ones_are_no_drift(rng):
    names = np.array([f"user {i}" for i in range(4000)])
    frames = [pd.DataFrame({"c": rng.choice(names, 2000)}) for _ in range(2)]
    row = table_of(*frames, categorical=["c"]).loc["c"]
    assert row["unseen"] > 0.3 or np.isnan(row["unseen"])
    assert row["severity"] == "none"


def test_an_absent_or_empty_feature_is_major_drift(rng):
    frame = samples(rng, 100, 3)
    result = dl.detect_drift(frame, frame.drop(columns="x1").assign(x2=np.nan))
    assert result.table["severity"].tolist() == ["none", "major", "major"]
    assert result.drifted == ["x1", "x2"]
    assert result.table.loc["x1", "note"] == "absent from the current data"
    assert result.table.loc["x2", "note"] == "every value is missing in the current data"


def test_a_feature_without_values_is_major_drift_however_few_rows_there_are(rng):
    frame = samples(rng, 300, 2)
    halved = frame.assign(x1=frame["x1"].where(np.arange(300) % 2 == 0))
    result = dl.detect_drift(halved, frame.head(3).assign(x1=np.nan))
    assert result.table["severity"].tolist() == ["none", "major"]


def test_a_batch_without_labels_raises_no_alarm(rng):
    frame = samples(rng, 300, 2).assign(y_true=rng.integers(0, 2, 300), y_pred=1)
    whole = dl.detect_drift(frame, frame)
    assert whole.table.loc["y_pred", "kind"] == "prediction"
    for batch in (frame.drop(columns=["y_true", "y_pred"]), frame.assign(y_true=np.nan)):
        result = dl.detect_drift(frame, batch)
        assert not result.table["drifted"].any()
        assert "y_true" not in result.table.index


def test_target_drift_has_a_row_and_is_not_a_feature(rng):
    frame = samples(rng, 1000, 2)
    result = dl.detect_drift(
        frame.assign(y_true=rng.random(1000) < 0.1), frame.assign(y_true=rng.random(1000) < 0.4)
    )
    assert result.table.loc["y_true", "drifted"]
    assert result.drifted == []
    assert "No drift" in result.headline


def test_a_constant_that_moves_is_major_drift():
    table = table_of({"x": [5] * 100, "y": [5] * 100}, {"x": [7] * 100, "y": [5] * 100})
    assert table["severity"].tolist() == ["major", "none"]
    assert table.loc["x", "note"] == "was constant (5), now 7"
    assert table.loc["y", "note"] == "not compared: constant on both sides (5)"
    assert np.isnan(table.loc["y", "p_value"])


def test_hard_columns_get_a_note_and_cost_the_others_nothing(rng):
    n = 200
    hard = pd.DataFrame(
        {
            "fine": rng.normal(size=n),
            "infinite": np.where(np.arange(n) < 12, np.inf, rng.normal(size=n)),
            "nested": [[1, 2]] * n,
            "dict": [{"a": 1}] * n,
            "mixed": [1, "two"] * (n // 2),
            "identifier": [f"id {i}" for i in range(n)],
            "all_missing": np.nan,
            "nothing": None,
            "constant": 1,
            "complex": [1j] * n,
            "when": pd.Timestamp("2013-03-01"),
            "bytes": [b"x"] * n,
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = table_of(hard, hard)
        shifted = table_of(hard, hard.assign(fine=hard["fine"] + 3))
    assert shifted.index[shifted["drifted"]].tolist() == ["fine"]
    assert not table["drifted"].any()
    expected = {
        "fine": "",
        "infinite": "12 infinite, taken as missing",
        "nested": "lists or other nested values",
        "dict": "lists or other nested values",
        "mixed": "mixed types (int, str), compared as text",
        "identifier": "an identifier (200 distinct values in 200 rows)",
        "all_missing": "every value is missing in the reference",
        "nothing": "every value is missing in the reference",
        "constant": "constant on both sides (1)",
        "complex": "complex numbers",
        "when": "dates and times are not features",
        "bytes": "values of type bytes are not supported",
    }
    for name, words in expected.items():
        assert words in table.loc[name, "note"], name


def test_text_in_a_numeric_column_counts_as_missing_and_is_said(rng):
    values = rng.normal(size=300)
    current = pd.Series(values.astype(str)).astype(object)
    current[10] = "n/a?"
    table = table_of({"x": values, "y": values}, {"x": current, "y": values})
    assert table.loc["x", "ks"] <= 1 / 299
    assert table.loc["x", "note"].endswith(
        "current: 1 not a number (first: 'n/a?'), taken as missing"
    )


def test_words_are_sought_of_every_column_that_has_some(monkeypatch, rng):
    rows = 4000
    large = 2**60 + 1000 * rng.integers(0, 500, rows)
    ends = np.where(np.arange(rows) < 2, np.inf, rng.normal(size=rows))
    text = pd.Series(rng.normal(size=rows).astype(str)).where(np.arange(rows) >= 2, "dry")
    reference = pd.DataFrame(
        {
            "fine": rng.normal(size=rows),
            "level": ["a", "b"] * (rows // 2),
            "infinite": ends,
            "infinite once": ends,
            "infinite now": rng.normal(size=rows),
            "unreadable": rng.normal(size=rows),
            "mixed": [1, "two"] * (rows // 2),
            "large": large,
            "constant": 1,
            "one level": "a",
            "moved": rng.normal(size=rows),
            "missing": rng.normal(size=rows),
            "new level": "a",
        }
    )
    current = reference.assign(
        **{"infinite once": reference["fine"], "infinite now": ends, "unreadable": text},
        **{"large": large.astype(float), "moved": reference["fine"] + 1, "new level": "b"},
        missing=reference["fine"].where(np.arange(rows) >= 40),
        level=["a"] * 2090 + ["b"] * 1910,
    )
    strict = dl.DriftPolicy(psi_moderate=0.002)

    def notes():
        checks = (current, {}), (current[:60], {}), (current, {"policy": strict})
        return [
            dl.detect_drift(reference, part, unit="row", **asked).table["note"].to_dict()
            for part, asked in checks
        ]

    told = notes()
    monkeypatch.setattr("driftlib.drift.compare.worth_words", lambda sides, *_: range(len(sides)))
    assert told == notes()
    assert [name for name, note in told[0].items() if not note] == ["fine", "level"]
    assert told[1]["fine"] != ""
    assert told[2]["level"].startswith("PSI 0.002 is over the 0.0019 that chance gives")


def test_no_common_column_is_one_sentence():
    with pytest.raises(dl.DriftlibError, match="none of the baseline's features"):
        table_of({"x": [1, 2]}, {"y": [1, 2]})


def test_one_row_a_side_says_so():
    row = table_of({"x": [1.0]}, {"x": [2.0]}).loc["x"]
    assert np.isnan(row["ks"])
    assert row["note"] == "too few values to compare (1 on a side)"
    assert table_of({"x": [1.0, 2.0]}, {"x": [2.0, 3.0]}).loc["x", "ks"] == 0.5


@settings(max_examples=25)
@given(
    seed=some.integers(0, 10_000),
    scale=some.sampled_from([1000.0, 0.001, 1.0]),
    offset=some.sampled_from([0.0, 273.15, -1e4]),
)
def test_units_order_and_names_change_nothing(seed, scale, offset):
    rng = np.random.default_rng(seed)
    reference, current = samples(rng, 150, 3), samples(rng, 120, 3, shift=0.4)
    for side in (reference, current):
        side["c"] = rng.choice(["a", "b", "c"], len(side))
    plain = table_of(reference, current)
    order = rng.permutation(len(current))
    names = {"x0": "temp", "c": "carrier"}

    def changed(frame):
        return frame.assign(x0=frame["x0"] * scale + offset)[["c", "x2", "x0", "x1"]].rename(
            columns=names
        )

    other = table_of(changed(reference), changed(current).iloc[order])
    other = other.rename(index={new: old for old, new in names.items()}).loc[plain.index]
    # A note may tell the range, in whatever unit it is.
    for table in (other, plain):
        table["note"] = table["note"].str.replace(r"-?\d[\d.e+]*", "#", regex=True)
    pd.testing.assert_frame_equal(other, plain, rtol=1e-6)


def test_policy_is_checked():
    with pytest.raises(dl.DriftlibError, match="alpha=2"):
        dl.DriftPolicy(alpha=2)
    with pytest.raises(dl.DriftlibError, match="must be in order"):
        dl.DriftPolicy(psi_moderate=0.3)
    with pytest.raises(dl.DriftlibError, match="1 <= k <= n"):
        dl.DriftPolicy(persistence=(3, 2))


def test_repr_escapes_names_from_the_data(rng):
    name = "<img src=x onerror=alert(1)>"
    frame = pd.DataFrame({name: rng.normal(size=50), "c": ["</script>"] * 50})
    shown = dl.detect_drift(frame, frame.assign(c="<script>x</script>"))._repr_html_()
    assert "<img" not in shown
    assert "<script" not in shown
    assert "&lt;img" in shown


def test_hostile_and_many_features_in_the_headline(rng):
    frame = samples(rng, 300, 6)
    result = dl.detect_drift(frame, frame + 2)
    assert result.headline.startswith("6 of 6 features drifted: ")
    assert result.headline.endswith(" and 3 more")


# Simulated error rates: each kind at one size. `python -m bench calibration` has six kinds at
# seven sizes, and up to 400 checks of each.
@pytest.mark.parametrize(
    ("kind", "n", "m"),
    [
        ("continuous", 100, 100),
        ("discrete", 1000, 200),
        ("categorical", 100, 100),
        ("missing", 1000, 200),
    ],
)
def test_checks_without_drift_rarely_find_any(kind, n, m):
    rng = np.random.default_rng([7, n, m])
    alarms = sum(
        (table_of(null(rng, n, kind), null(rng, m, kind))["q_value"] < 0.05).any()
        for _ in range(40)
    )
    assert alarms <= 6  # 5 % of 40 is 2; 7 or more have a chance of 0.3 %


def null(rng, rows, kind):
    if kind == "categorical":
        weights = 1 / np.arange(1, 31)
        values = rng.choice(30, size=(rows, 20), p=weights / weights.sum())
        return pd.DataFrame(values).astype(str).add_prefix("c")
    values = rng.poisson(2, size=(rows, 20)) if kind == "discrete" else rng.normal(size=(rows, 20))
    frame = pd.DataFrame(values).add_prefix("x")
    return frame.mask(rng.random(frame.shape) < 0.02) if kind == "missing" else frame


def test_a_small_shift_in_one_of_twenty_features_is_found():
    rng = np.random.default_rng(11)
    found = sum(
        table_of(samples(rng), samples(rng, shift=0.2)).loc["x0", "q_value"] < 0.05
        for _ in range(20)
    )
    assert found >= 12  # 83 % expected; 11 or fewer have a chance of 0.4 %


def test_features_that_are_not_judged_are_no_all_clear(rng):
    x = pd.DataFrame({"x": rng.normal(size=400)})
    one = dl.detect_drift(x, x.head(1))
    assert one.headline == "Cannot tell: x: too few values to compare (1 on a side)"
    assert one.cannot_tell == "cannot tell: x: too few values to compare (1 on a side)"
    ids = [x.assign(id=[f"{side}{k}" for k in range(400)]) for side in "uv"]
    some = dl.detect_drift(*ids)
    assert some.headline == "No drift: none of 1 features moved enough to matter; not judged: id"
    assert some.cannot_tell is None
    same = x.assign(k=1, c="a")
    for found in (dl.detect_drift(same, same), dl.detect_drift(same[["k"]], same[["k"]])):
        assert found.cannot_tell is None
        assert found.headline.startswith("No drift: none of")
        assert "not judged" not in found.headline
    assert dl.drift_trend(same[["k"]], same[["k"]], window=200).cannot_tell is None
    seen, new = x.assign(g="seen"), x.assign(x=x["x"] + 1.5, g="new")
    why = "cannot tell: x: the reference has no rows of this segment"
    assert dl.detect_drift(seen, new, by="g").cannot_tell == f"{why}, in 1 of 1 segments"
    both = dl.detect_drift(seen, pd.concat([seen, new]), by="g")
    assert both.cannot_tell == f"{why}, in 1 of 2 segments"
    assert both.headline.endswith("; not judged: x where g = new")
    windows = dl.drift_trend(x, x.head(4), window=1)
    assert windows.untold == 1
    assert windows.headline.startswith("Cannot tell: x: only 1 row; too few values to compare")
