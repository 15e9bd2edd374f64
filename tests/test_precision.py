"""Last digits are no drift: the same values in another type, or computed in another way."""

import numpy as np
import pandas as pd
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
