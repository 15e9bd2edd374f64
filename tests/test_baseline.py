"""Baselines and profiles: grids, counts that add, saving and loading."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import driftlib as dl
from driftlib.profile import fitting
from driftlib.profile.grid import HISTOGRAM_BINS, MAX_LEVELS
from driftlib.profile.profile import CategoricalCounts, NumericCounts

floats = some.one_of(
    some.floats(-1e6, 1e6), some.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1.0])
)
texts = some.one_of(some.none(), some.sampled_from(["a", "b", "c", "<b>", "new", "é"]))


def frame_of(rng, rows=1000):
    return pd.DataFrame(
        {
            "x": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(5, 2, rows)),
            "count": rng.poisson(3, rows),
            "kind": rng.choice(["a", "b", "c"], rows),
            "flag": rng.random(rows) < 0.3,
            "when": pd.date_range("2013-01-01", periods=rows, freq="h"),
            "y_true": rng.integers(0, 2, rows),
            "y_proba": rng.random(rows),
        }
    )


def same_counts(one, other):
    assert one.rows == other.rows
    assert one.columns.keys() == other.columns.keys()
    for name, a in one.columns.items():
        b = other.columns[name]
        assert (a.rows, a.missing, a.absent) == (b.rows, b.missing, b.absent), name
        if isinstance(a, NumericCounts):
            assert a.below.tolist() == b.below.tolist()
            assert a.at_or_below.tolist() == b.at_or_below.tolist()
            assert (a.infinite, a.unreadable) == (b.infinite, b.unreadable)
            assert np.array_equal([a.minimum, a.maximum], [b.minimum, b.maximum], equal_nan=True)
            assert a.mean == pytest.approx(b.mean, rel=1e-9, abs=1e-6, nan_ok=True)
            assert a.squares == pytest.approx(b.squares, rel=1e-9, abs=1e-3)
            assert a.gaps == pytest.approx(b.gaps, rel=1e-6, abs=1e-3)
        if isinstance(a, CategoricalCounts):
            assert a.levels.tolist() == b.levels.tolist()
            assert a.unlisted_names == b.unlisted_names
            assert (a.unlisted, a.buckets.tolist()) == (b.unlisted, b.buckets.tolist())


@settings(max_examples=60, deadline=None)
@given(
    reference=some.lists(some.tuples(floats, texts), min_size=1, max_size=40),
    batch=some.lists(some.tuples(floats, texts), min_size=2, max_size=40),
    cut=some.integers(0, 40),
)
def test_profiles_of_parts_add_to_the_profile_of_the_whole(reference, batch, cut):
    frames = [
        pd.DataFrame(
            {
                "x": np.array([x for x, _ in rows], dtype=float),
                "c": pd.Series([c for _, c in rows], dtype=object),
            }
        )
        for rows in (reference, batch)
    ]
    baseline = dl.Baseline.fit(frames[0])
    cut = min(cut, len(batch))
    parts = baseline.profile_frame(frames[1][:cut]) + baseline.profile_frame(frames[1][cut:])
    same_counts(parts, baseline.profile(frames[1]))


def test_sum_of_many_profiles(rng):
    baseline = dl.Baseline.fit(frame_of(rng))
    batch = frame_of(rng, 900)
    parts = [baseline.profile(batch[start : start + 100]) for start in range(0, 900, 100)]
    same_counts(sum(parts), baseline.profile(batch))


def test_counts_are_those_of_the_data(rng):
    frame = frame_of(rng)
    baseline = dl.Baseline.fit(frame)
    batch = frame_of(rng, 300)
    column, counts = baseline.columns["x"], baseline.profile(batch).columns["x"]
    values = batch["x"].dropna().to_numpy()
    grid = column.grid
    assert counts.below.tolist() == [(values < point).sum() for point in grid]
    assert counts.at_or_below.tolist() == [(values <= point).sum() for point in grid]
    assert counts.missing == batch["x"].isna().sum()
    assert counts.mean == pytest.approx(values.mean(), rel=1e-12)
    assert counts.std == pytest.approx(values.std(ddof=1), rel=1e-12)
    levels = dict(
        zip(baseline.columns["kind"].levels, baseline.profile(batch).columns["kind"].levels,
            strict=True)
    )  # fmt: skip
    assert levels == batch["kind"].value_counts().to_dict()


def test_histogram_and_bins_hold_every_row(rng):
    frame = frame_of(rng)
    baseline = dl.Baseline.fit(frame)
    column = baseline.columns["x"]
    batch = pd.DataFrame({"x": [-1e6, 5.0, 1e6]})
    counts = baseline.profile_frame(batch).columns["x"]
    assert column.histogram(counts)[[0, -1]].tolist() == [1, 1]
    assert column.histogram(counts).sum() == column.bins(counts).sum() == 3
    expected, _ = np.histogram(frame["x"].dropna(), bins=HISTOGRAM_BINS)
    assert column.histogram(column.reference)[1:-1].tolist() == expected.tolist()


def test_psi_bins_are_deciles_of_continuous_data(rng):
    values = np.sort(rng.normal(size=1000))
    column = dl.Baseline.fit(pd.DataFrame({"x": values})).columns["x"]
    assert column.psi_edges == pytest.approx((values[99:-1:100] + values[100::100]) / 2)
    assert column.bins(column.reference).tolist() == [100] * 10
    assert column.quantile(column.reference, 0.5) == np.sort(values)[499]


@pytest.mark.parametrize(
    ("values", "bins"),
    [
        ([0] * 95 + [1] * 5, [95, 5]),
        ([0] * 5 + [1] * 95, [5, 95]),
        ([7] * 50, [50]),
        ([0, 1, 2, 3, 4] * 20, [20] * 5),
        ([1, 2], [1, 1]),
    ],
)
def test_ties_give_fewer_bins_and_none_empty_by_itself(values, bins):
    column = dl.Baseline.fit(pd.DataFrame({"x": values})).columns["x"]
    counts = column.bins(column.reference)
    assert counts[counts > 0].tolist() == bins


def test_every_distinct_value_is_on_the_grid_up_to_the_resolution(rng):
    values = rng.permutation(np.arange(2000) ** 1.5)
    grid = dl.Baseline.fit(pd.DataFrame({"x": values})).columns["x"].grid
    assert set(values) <= set(grid.tolist())
    coarse = dl.Baseline.fit(pd.DataFrame({"x": values}), resolution=50).columns["x"].grid
    assert len(coarse) <= 51 + 9 + HISTOGRAM_BINS + 1


def test_very_many_columns_have_coarser_grids_unless_it_is_said_otherwise(rng, monkeypatch):
    frame = pd.DataFrame(rng.normal(size=(3000, 4)), columns=list("abcd"))
    monkeypatch.setattr(fitting, "MOST_POINTS", 6000)
    several = dl.Baseline.fit(frame)
    assert several.resolution == 1500
    assert 1500 < len(several.columns["a"].grid) < 1500 + 9 + HISTOGRAM_BINS + 2
    assert dl.Baseline.fit(frame, resolution=2000).resolution == 2000
    assert dl.Baseline.fit(frame[["a", "b"]]).resolution == 2000
    monkeypatch.setattr(fitting, "MOST_POINTS", 6)
    assert dl.Baseline.fit(frame).resolution == 400


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "Int64", "Float64"])
def test_numbers_of_every_type_count_alike(dtype, rng):
    values = rng.integers(0, 50, 500)
    plain = dl.Baseline.fit(pd.DataFrame({"x": values.astype(float)}))
    typed = pd.DataFrame({"x": pd.Series(values).astype(dtype)})
    same_counts(plain.profile(typed), plain.reference)
    assert dl.Baseline.fit(typed).id == plain.id


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string"])
def test_text_of_every_type_counts_alike(dtype, rng):
    values = pd.Series(rng.choice(["a", "b", "c"], 500)).astype(object)
    values[::7] = None
    plain = dl.Baseline.fit(pd.DataFrame({"c": values}))
    typed = pd.DataFrame({"c": values.astype(dtype) if dtype != "str" else values})
    same_counts(plain.profile(typed), plain.reference)
    assert dl.Baseline.fit(typed).id == plain.id


def test_tables_of_every_library_count_alike(rng, tmp_path):
    import polars
    import pyarrow as pa

    frame = frame_of(rng)
    frame.loc[3, "kind"] = None
    baseline = dl.Baseline.fit(frame)
    csv, parquet = tmp_path / "f.csv", tmp_path / "f.parquet"
    frame.to_csv(csv, index=False)
    frame.to_parquet(parquet)
    table = pa.Table.from_pandas(frame)
    for other in (polars.from_arrow(table), table, str(csv), parquet):
        same_counts(baseline.profile(other), baseline.reference)
        assert dl.Baseline.fit(other).table.drop("when").equals(baseline.table.drop("when"))


def test_counters_are_told_by_all_of_their_values_in_whatever_order_columns_are_fitted(rng):
    number = np.arange(1000)
    frame = pd.DataFrame(
        {
            "kind": rng.choice(["a", "b"], 1000),
            "late": np.where(number < 300, np.nan, number),
            "until": np.where(number < 990, number, 0),
            "flag": number % 2 == 0,
            "x": rng.normal(size=1000),
        }
    )
    columns = dl.Baseline.fit(frame, unit="row").columns
    assert {name: column.kind for name, column in columns.items()} == {
        "kind": "categorical",
        "late": "identifier",
        "until": "numeric",
        "flag": "categorical",
        "x": "numeric",
    }
    assert list(columns) == list(frame)
    assert "from 300 to 999" in columns["late"].note


def test_many_levels_are_compared_by_hash(rng):
    levels = [f"level {i}" for i in range(MAX_LEVELS + 500)]
    frame = pd.DataFrame({"c": rng.choice(levels, 20_000)})
    column = dl.Baseline.fit(frame).columns["c"]
    assert len(column.levels) == MAX_LEVELS
    assert not column.complete
    assert column.bins(column.reference).sum() == 20_000
    assert "1,500 levels" in column.note


def test_saved_and_loaded_baseline_is_the_same(rng, tmp_path):
    frame = frame_of(rng)
    frame["constant"] = 3
    frame["gone"] = None
    baseline = dl.Baseline.fit(frame, categorical=["count"])
    path = baseline.save(tmp_path / "baseline.json")
    loaded = dl.Baseline.load(path)
    assert loaded.id == baseline.id
    assert loaded.to_dict() == baseline.to_dict()
    same_counts(loaded.reference, baseline.reference)
    batch = frame_of(rng, 500)
    ours = dl.detect_drift(frame, batch, categorical=["count"]).table
    pd.testing.assert_frame_equal(dl.detect_drift(loaded, batch).table, ours)
    pd.testing.assert_frame_equal(dl.detect_drift(path, batch).table, ours)


def test_what_a_baseline_remembers_is_not_pickled(rng):
    frame, batch = frame_of(rng), frame_of(rng, 500)
    baseline = dl.Baseline.fit(frame)
    before = pickle.dumps(baseline)
    table = dl.detect_drift(baseline, batch).table
    assert baseline.kept_sides
    after = pickle.dumps(baseline)
    assert len(after) == len(before)
    copy = pickle.loads(after)
    assert copy.to_dict() == baseline.to_dict()
    pd.testing.assert_frame_equal(dl.detect_drift(copy, batch).table, table)


def test_saved_file_has_the_statistics_in_plain_sight(rng, tmp_path):
    frame = frame_of(rng)
    content = json.loads(dl.Baseline.fit(frame).save(tmp_path / "b.json").read_text())
    entry = content["columns"]["x"]
    assert entry["mean"] == pytest.approx(frame["x"].mean())
    assert entry["std"] == pytest.approx(frame["x"].std())
    counts, edges = np.histogram(frame["x"].dropna(), bins=HISTOGRAM_BINS)
    assert entry["histogram"]["counts"] == counts.tolist()
    assert entry["histogram"]["edges"] == pytest.approx(edges)


def test_identifiers_leave_no_values_in_the_file(tmp_path):
    frame = pd.DataFrame({"id": [f"secret-{i}" for i in range(200)], "x": range(200)})
    path = dl.Baseline.fit(frame).save(tmp_path / "b.json")
    assert "secret" not in path.read_text()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a baseline"),
        ('{"format": "driftlib baseline", "version": 99}', "baseline format 99"),
        ('{"format": "driftlib baseline", "version": 1}', "is damaged"),
    ],
)
def test_files_that_are_no_baseline(content, message, tmp_path):
    path = tmp_path / "b.json"
    path.write_text(content)
    with pytest.raises(dl.DriftlibError, match=message):
        dl.Baseline.load(path)
    with pytest.raises(dl.DriftlibError, match="cannot be read"):
        dl.Baseline.load(tmp_path / "none.json")


def test_a_baseline_changed_by_hand_is_refused(rng, tmp_path):
    path = dl.Baseline.fit(frame_of(rng)).save(tmp_path / "b.json")
    content = json.loads(path.read_text())
    content["columns"]["x"]["grid"][0] -= 1
    path.write_text(json.dumps(content))
    with pytest.raises(dl.DriftlibError, match="changed by hand"):
        dl.Baseline.load(path)


def test_profiles_of_different_baselines_do_not_add(rng):
    frame = frame_of(rng)
    one, other = dl.Baseline.fit(frame), dl.Baseline.fit(frame[:500])
    with pytest.raises(dl.DriftlibError, match="different baselines"):
        one.profile(frame) + other.profile(frame)
    with pytest.raises(dl.DriftlibError, match="another baseline"):
        dl.detect_drift(one, other.profile(frame))


def test_labels_predictions_and_time_are_no_features(rng):
    frame = frame_of(rng)
    assert dl.Baseline.fit(frame, timestamp="when").features == ["x", "count", "kind", "flag"]
    renamed = frame.rename(columns={"y_true": "late", "y_proba": "risk"})
    baseline = dl.Baseline.fit(renamed, y_true="late", y_proba="risk")
    assert baseline.features == ["x", "count", "kind", "flag", "when"]
    with pytest.raises(dl.DriftlibError, match="is the target and so no feature"):
        dl.Baseline.fit(frame, features=["x", "y_true"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"features": ["y"]}, "has no column 'y'"),
        ({"features": "x"}, "one piece of text"),
        ({"categorical": ["kinds"]}, "Did you mean 'kind'"),
        ({"bins": 1}, "bins=1 must be"),
        ({"resolution": 2.5}, "resolution=2.5 must be"),
    ],
)
def test_arguments_that_cannot_be_used(arguments, message, rng):
    with pytest.raises(dl.DriftlibError, match=message):
        dl.Baseline.fit(frame_of(rng), **arguments)


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"timestamp": "when", "categorical": ["count"], "bins": 5},
        {"categorical": ["count", "kind", "flag"]},
        {"y_true": "y_true", "resolution": 2000, "seed": 3},
    ],
)
def test_a_baseline_takes_what_it_was_fitted_with(same, rng, tmp_path):
    fitted = dl.Baseline.fit(frame_of(rng), bins=5, timestamp="when", categorical=["count"])
    assert dl.as_baseline(fitted, **same) is fitted
    path = fitted.save(tmp_path / "b.json")
    assert dl.as_baseline(path, **same).id == fitted.id
    assert dl.as_baseline(path, features=["kind", "x"], **same).features == ["x", "kind"]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"bins": 20}, "bins=20 is given beside a baseline that was fitted with bins=5: leave"),
        ({"resolution": 50}, "resolution=50 .* resolution=2000"),
        ({"timestamp": "x"}, "timestamp='x' .* timestamp='when': .* fit a new baseline"),
        ({"y_true": "late"}, "y_true='late' .* y_true='y_true'"),
        ({"y_proba": "risk"}, "y_proba='risk' .* y_proba='y_proba'"),
        ({"categorical": ["kind", "x"]}, "categorical= names 'x' .* with 'x' as numeric"),
        ({"categorical": ["kinds"]}, "the baseline has no column 'kinds'.*Did you mean 'kind'"),
        ({"features": ["y_true"]}, "'y_true', which is the target"),
    ],
)
def test_arguments_that_contradict_a_baseline(other, message, rng, tmp_path):
    frame = frame_of(rng)
    baseline = dl.Baseline.fit(frame, bins=5, timestamp="when")
    for reference in (baseline, baseline.save(tmp_path / "b.json")):
        with pytest.raises(dl.DriftlibError, match=message):
            dl.as_baseline(reference, **other)
    if "bins" not in other and "resolution" not in other:
        with pytest.raises(dl.DriftlibError, match=message):
            dl.detect_drift(baseline, frame, **other)


def test_keywords_that_a_baseline_does_not_have(rng):
    frame = frame_of(rng)
    with pytest.raises(dl.DriftlibError, match=r"fit\(\) has no argument 'bin' .*mean 'bins'"):
        dl.Baseline.fit(frame, bin=5)
    for reference in (frame, dl.Baseline.fit(frame)):
        with pytest.raises(dl.DriftlibError, match=r"has no argument 'feature'.*mean 'features'"):
            dl.as_baseline(reference, feature=["x"])


def test_names_may_be_any_iterable(rng):
    names = {"features": iter(["count"]), "categorical": iter(["count"])}
    baseline = dl.Baseline.fit(frame_of(rng), **names)
    assert baseline.features == ["count"]
    assert baseline.columns["count"].kind == "categorical"
