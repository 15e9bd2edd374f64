"""Last digits are no drift: the same values in another type, or computed in another way."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

import driftlib as dl

CODES = np.random.default_rng(7).integers(0, 50, 9000)
REFERENCE, CURRENT = CODES[:5000], CODES[5000:]


def tenths(codes):
    return codes / 10


def scored(codes):
    return (codes - 24.5037) / 14.43


def scored_in_single_precision(codes):
    return (codes.astype(np.float32) - np.float32(24.5037)) / np.float32(14.43)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (tenths, lambda codes: codes * 0.1),
        (tenths, lambda codes: tenths(codes).astype(np.float32)),
        (lambda codes: tenths(codes).astype(np.float32), tenths),
        (tenths, lambda codes: tenths(codes).astype(np.float32).astype(float)),
        (tenths, lambda codes: tenths(codes).astype(np.float16)),
        (tenths, lambda codes: pd.array(tenths(codes).astype(np.float32), dtype="Float32")),
        (scored, lambda codes: scored(codes).astype(np.float32)),
        (scored, scored_in_single_precision),
        (lambda codes: np.where(np.arange(len(codes)) % 2, codes / 10, codes * 0.1), tenths),
        (lambda codes: codes, lambda codes: codes.astype(np.float32)),
    ],
)
def test_last_digits_are_no_drift(before, after):
    result = dl.detect_drift(
        pd.DataFrame({"x": before(REFERENCE)}), pd.DataFrame({"x": after(CURRENT)})
    )
    row = result.table.loc["x"]
    expected = dl.detect_drift(pd.DataFrame({"x": REFERENCE}), pd.DataFrame({"x": CURRENT}))
    assert row["ks"] == pytest.approx(stats.ks_2samp(REFERENCE, CURRENT).statistic, abs=1e-12)
    assert row["psi"] == pytest.approx(expected.table.loc["x", "psi"], abs=1e-12)
    assert row["mann_whitney_p_value"] == pytest.approx(
        stats.mannwhitneyu(REFERENCE, CURRENT).pvalue, rel=1e-3
    )
    assert row["severity"] == expected.table.loc["x", "severity"]


def test_a_common_value_among_others_keeps_its_bin_in_another_type(rng):
    values = rng.normal(size=9000)
    values[rng.random(9000) < 0.4] = 0.1
    before, after = values[:5000], values[5000:].astype(np.float32)
    row = dl.detect_drift(pd.DataFrame({"x": before}), pd.DataFrame({"x": after})).table.loc["x"]
    rounded = stats.ks_2samp(before.astype(np.float32), after).statistic
    # The grid has 2,000 quantiles of the 3,000 other values.
    assert row["ks"] == pytest.approx(rounded, abs=2 / 2000)
    assert row["psi"] < 0.01


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0.0, 0.01),
        (1_000_000_000, 1_000_000_001),
        (1_000_000_000.0, 1_000_000_001.0),
        (np.float32(8_000_001), np.float32(8_000_002)),
        (np.float32(0.1), np.float32(0.1) + np.float32(1e-6)),
    ],
)
def test_more_than_the_last_digits_is_drift(before, after):
    frames = [pd.DataFrame({"x": np.full(500, value)}) for value in (before, after)]
    row = dl.detect_drift(*frames).table.loc["x"]
    assert (row["ks"], row["severity"]) == (1.0, "major")


def test_batches_of_two_types_add():
    baseline = dl.Baseline.fit(pd.DataFrame({"x": tenths(REFERENCE)}))
    parts = [tenths(CURRENT[:1500]), tenths(CURRENT[1500:]).astype(np.float32)]
    profiles = [baseline.profile(pd.DataFrame({"x": part})) for part in parts]
    apart = dl.detect_drift(baseline, profiles[0] + profiles[1]).table
    expected = dl.detect_drift(baseline, pd.DataFrame({"x": tenths(CURRENT)})).table
    assert apart.loc["x", "psi"] == expected.loc["x", "psi"]
    assert apart.loc["x", "ks"] == pytest.approx(stats.ks_2samp(REFERENCE, CURRENT).statistic)


def test_half_precision_sees_a_shift(rng):
    before, after = (rng.uniform(0.5, 1, 5000).astype(np.float16) for _ in range(2))
    after = (after * np.float16(0.9)).astype(np.float16)
    row = dl.detect_drift(pd.DataFrame({"x": before}), pd.DataFrame({"x": after})).table.loc["x"]
    assert row["ks"] == pytest.approx(stats.ks_2samp(before, after).statistic, abs=0.005)


def test_a_saved_baseline_compares_as_before(tmp_path):
    baseline = dl.Baseline.fit(pd.DataFrame({"x": tenths(REFERENCE).astype(np.float32)}))
    baseline.save(tmp_path / "baseline.json")
    current = pd.DataFrame({"x": tenths(CURRENT)})
    saved = dl.detect_drift(tmp_path / "baseline.json", current).table
    pd.testing.assert_frame_equal(saved, dl.detect_drift(baseline, current).table)


def test_a_classifier_does_not_see_last_digits(rng):
    codes = [rng.integers(0, 50, 1500) for _ in range(2)]
    others = [rng.normal(size=1500), rng.normal(size=1500).astype(np.float32)]
    frames = [
        pd.DataFrame({"tenths": codes[0] / 10, "score": scored(codes[0]), "z": others[0]}),
        pd.DataFrame(
            {
                "tenths": codes[1] * 0.1,
                "score": scored_in_single_precision(codes[1]),
                "z": others[1],
            }
        ),
    ]
    domain = dl.fit_domain(*frames)
    assert domain.lower < 0.5 < domain.upper
    assert domain.p_value > 0.01


def as_table(values, gaps):
    return pa.table({"x": pa.array(values, mask=gaps)})


@pytest.mark.parametrize(
    "make",
    [
        lambda values, gaps: pd.DataFrame({"x": pd.arrays.IntegerArray(values, gaps)}),
        as_table,
        lambda values, gaps: pl.from_arrow(as_table(values, gaps)),
    ],
)
@pytest.mark.parametrize("missing", [0.0, 0.01])
def test_codes_near_a_trillion_millions_are_told_apart(rng, make, missing):
    codes = [rng.integers(0, 40, 5000), rng.integers(10, 50, 4000)]
    gaps = [rng.random(len(side)) < missing for side in codes]
    frames = [make(10**18 + side, gap) for side, gap in zip(codes, gaps, strict=True)]
    small = [make(side, gap) for side, gap in zip(codes, gaps, strict=True)]
    row, expected = (dl.detect_drift(*pair).table.loc["x"] for pair in (frames, small))
    there = [side[~gap] for side, gap in zip(codes, gaps, strict=True)]
    assert row["ks"] == pytest.approx(stats.ks_2samp(*there).statistic, abs=1e-12)
    for name in ("psi", "wasserstein", "mann_whitney_p_value", "missing_current"):
        assert row[name] == pytest.approx(expected[name], rel=1e-9)
    assert row["severity"] == "major"
    assert "constant" not in row["note"]


def test_one_large_code_is_not_its_neighbour(tmp_path):
    frames = [pd.DataFrame({"x": np.full(500, 10**18 + step)}) for step in (0, 1)]
    assert dl.detect_drift(*frames).table.loc["x", "ks"] == 1.0
    assert "constant on both sides" in dl.detect_drift(frames[0], frames[0]).table.loc["x", "note"]
    dl.Baseline.fit(frames[0]).save(tmp_path / "baseline.json")
    assert dl.detect_drift(tmp_path / "baseline.json", frames[1]).table.loc["x", "ks"] == 1.0


UNSIGNED = np.uint64(2**63 + 10**6)


@pytest.mark.parametrize("first", [np.int64(-(10**18)), np.uint64(2**62), UNSIGNED])
@pytest.mark.parametrize("missing", [False, True])
def test_whole_numbers_of_either_sign_and_size_are_told_apart(rng, first, missing):
    codes = [rng.integers(0, 40, 3000), rng.integers(10, 50, 2000)]
    large = [pd.DataFrame({"x": side.astype(first.dtype) + first}) for side in codes]
    if missing:
        large[1] = large[1].astype({"x": first.dtype.name.replace("i", "I").replace("u", "U")})
        large[1].loc[::50, "x"] = None
    small = [pd.DataFrame({"x": pd.array(side, dtype="Int64")}) for side in codes]
    small[1] = small[1].mask(large[1].isna())
    row, expected = (dl.detect_drift(*pair, unit="row").table.loc["x"] for pair in (large, small))
    names = ["ks", "psi", "wasserstein", "mann_whitney_p_value", "missing_current"]
    assert row[names].tolist() == pytest.approx(expected[names].tolist(), rel=1e-9)
    same = dl.detect_drift(large[0], large[0].astype(object)).table.loc["x"]
    assert (same["psi"], same["ks"], same["severity"]) == (0.0, 0.0, "none")


def test_whole_numbers_beyond_both_types_keep_their_order():
    sides = np.array([-5, 7, 9]), np.array([8, 2**63, 2**64 - 1], dtype=np.uint64)
    frames = [pd.DataFrame({"x": side}) for side in sides]
    for pair in (frames, frames[::-1]):
        assert dl.detect_drift(*pair).table.loc["x", "ks"] == pytest.approx(2 / 3)


def test_large_whole_numbers_beside_floats_are_said_to_lose_digits(rng):
    codes = pd.DataFrame({"x": 10**18 + rng.integers(0, 40, 500)})
    for pair in ((codes, codes.astype(float)), (codes.astype(float), codes + 20)):
        row = dl.detect_drift(*pair).table.loc["x"]
        assert row["ks"] == 0.0
        assert "only the first 16 digits count" in row["note"]
    assert "to the 16 digits" in dl.detect_drift(*[codes.astype(float)] * 2).table.loc["x", "note"]


@pytest.mark.parametrize("first", [np.int64(10**18), UNSIGNED])
def test_a_classifier_takes_large_whole_numbers_as_codes(rng, first):
    def frame(low, high):
        codes = rng.integers(low, high, 600).astype(first.dtype)
        return pd.DataFrame({"x": codes + first, "z": rng.normal(size=600)})

    reference, same, moved = frame(0, 40), frame(0, 40), frame(10, 50)
    assert dl.fit_domain(reference, moved).lower > 0.5
    found = dl.fit_domain(reference, same)
    assert found.lower < 0.5 < found.upper
    for other in (frame(0, 1000), same.astype(float)):
        assert "floats do not have" in dl.fit_domain(reference, other).skipped["x"]


def test_means_of_large_numbers_differ_by_no_less_than_their_last_digits():
    values = 10**18 + 64 + np.tile(np.arange(-20, 21), 50)
    frame = pd.DataFrame({"x": values})
    baseline = dl.Baseline.fit(frame)
    total = baseline.profile(frame[:1000]) + baseline.profile(frame[1000:])
    assert total.columns["x"].std == pytest.approx(np.std(values - 10**18, ddof=1), rel=1e-3)


LARGEST = float(np.finfo(float).max)


@pytest.mark.parametrize("unit", [1e300, LARGEST / 8, 1e160, 1e-160, 1e-310, 5e-321])
@pytest.mark.filterwarnings("error")
def test_numbers_at_the_ends_of_the_floats_are_compared_or_the_note_says_so(rng, unit):
    before, after = rng.normal(size=300), rng.normal(1, 1, size=300)
    frames = [pd.DataFrame({"x": side * unit}) for side in (before, after)]
    row = dl.detect_drift(*frames, unit="row").table.loc["x"]
    assert row["severity"] == "major"
    assert row["ks"] == pytest.approx(stats.ks_2samp(*[f["x"] for f in frames]).statistic)
    expected = stats.wasserstein_distance(before, after) / before.std(ddof=1)
    if np.isnan(row["wasserstein"]):
        assert "squares are beyond the range of floats" in row["note"]
    else:
        assert row["wasserstein"] == pytest.approx(expected, rel=1e-3)
    assert np.isfinite(row["wasserstein"]) == (unit == 1e-160)


@pytest.mark.parametrize("size", [LARGEST, 1e17])
@pytest.mark.filterwarnings("error")
def test_the_largest_float_is_a_value_like_others(size):
    frames = [pd.DataFrame({"x": np.full(50, sign * size)}) for sign in (1, -1)]
    for pair in (frames, frames[::-1]):
        row = dl.detect_drift(*pair).table.loc["x"]
        assert (row["ks"], row["severity"]) == (1.0, "major")
    assert "constant on both sides" in dl.detect_drift(*frames[:1] * 2).table.loc["x", "note"]


@pytest.mark.parametrize("unit", [1e20, 1e-60])
@pytest.mark.filterwarnings("error")
def test_a_regression_in_any_unit_has_the_same_causes(rng, unit):
    def frame(noise, unit):
        pred = rng.normal(size=400)
        label = pred + rng.normal(size=400) * noise
        return pd.DataFrame({"y_true": label * unit, "y_pred": pred * unit, "x": pred})

    plain = [frame(1, 1.0), frame(2, 1.0)]
    scaled = [side.assign(y_true=side["y_true"] * unit, y_pred=side["y_pred"] * unit)
              for side in plain]  # fmt: skip
    of_plain, of_scaled = (dl.diagnose(*pair) for pair in (plain, scaled))
    assert of_plain.verdict == of_scaled.verdict == "concept drift"
    ratio = of_scaled.terms["value"] / of_plain.terms["value"]
    assert ratio.tolist() == pytest.approx([unit**2] * 4, rel=1e-6)


@pytest.mark.parametrize(
    ("unit", "said"), [(1e80, "beyond 1e+75 count as missing"), (1e-200, "below 1e-150")]
)
@pytest.mark.filterwarnings("error")
def test_errors_without_a_square_are_said_to_have_none(rng, unit, said):
    label, pred = rng.normal(size=(2, 60)) * unit
    frame = pd.DataFrame({"y_true": label, "y_pred": pred, "x": label / unit})
    result = dl.track_performance(frame, task="regression", metrics=["rmse", "r2"])
    assert np.isnan(result.table["value"][0])
    assert said in "; ".join([*result.notes, *result.table["note"]])
    with pytest.raises(dl.DriftlibError, match=said.replace("+", r"\+")):
        dl.diagnose(frame, frame)
