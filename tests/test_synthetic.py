"""The data with dials: seeds, shapes, and that each dial moves what it says it moves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from driftlib.data.synthetic import CHANNELS, CONTRACTS, DRIFTING, REGIONS, make_data, simulate
from driftlib.errors import ParameterError

FEATURES = [name for name in make_data(1) if name not in ("timestamp", "y_true")]
ROWS = 40_000


def brier(frame: pd.DataFrame) -> float:
    return float(((frame["y_true"] - frame["y_proba"]) ** 2).mean())


def test_same_seed_same_data_another_seed_other_data():
    first, again, other = simulate(500, seed=3), simulate(500, seed=3), simulate(500, seed=4)
    pd.testing.assert_frame_equal(first.current, again.current)
    pd.testing.assert_frame_equal(first.reference, again.reference)
    assert not first.current["usage_hours"].equals(other.current["usage_hours"])
    assert not first.current["usage_hours"].equals(first.reference["usage_hours"])


def test_the_reference_does_not_depend_on_the_dials():
    calm, wild = simulate(500, 0, 0, seed=1), simulate(500, 1, 0.4, seed=1)
    pd.testing.assert_frame_equal(calm.reference, wild.reference)


def test_shape_and_types():
    data = simulate(1000)
    for frame in (data.reference, data.current):
        assert list(frame) == ["timestamp", *FEATURES, "y_true", "y_pred", "y_proba"]
        assert len(frame) == 1000
        assert frame.notna().all(axis=None)
        assert frame["timestamp"].is_monotonic_increasing
        assert frame["y_proba"].between(0, 1).all()
        assert set(frame["y_true"]) == {0, 1}
        assert (frame["y_pred"] == (frame["y_proba"] >= 0.5)).all()
        for name, levels in (("contract", CONTRACTS), ("channel", CHANNELS), ("region", REGIONS)):
            assert list(frame[name].cat.categories) == list(levels)
    assert data.reference["timestamp"].max() < data.current["timestamp"].min()


@pytest.mark.parametrize("seed", range(3))
def test_dials_at_zero_are_no_drift(seed):
    data = simulate(ROWS, 0, 0, seed=seed)
    for name in FEATURES:
        a, b = (frame[name] for frame in (data.reference, data.current))
        if isinstance(a.dtype, pd.CategoricalDtype):
            p = stats.chi2_contingency(pd.concat([a.value_counts(), b.value_counts()], axis=1))[1]
        else:
            p = stats.ks_2samp(a, b).pvalue
        assert p > 1e-4, name
    assert brier(data.current) == pytest.approx(brier(data.reference), abs=0.006)


def test_feature_drift_is_in_standard_deviations_and_leaves_the_rest():
    calm, moved = simulate(ROWS, 0, 0).current, simulate(ROWS, 0.5, 0).current
    shift = (moved["monthly_charge"].mean() - calm["monthly_charge"].mean()) / 18
    assert shift == pytest.approx(0.5, abs=0.02)
    shift = (np.log(moved["usage_hours"]).mean() - np.log(calm["usage_hours"]).mean()) / 0.6
    assert shift == pytest.approx(0.5, abs=0.02)
    assert moved["support_calls"].mean() == pytest.approx(np.exp(0.5 / 3), abs=0.03)
    share = (moved["contract"] == "monthly").mean()
    assert share / (1 - share) == pytest.approx(np.exp(0.25), abs=0.04)
    for name in set(FEATURES) - set(DRIFTING):
        a, b = (
            frame[name].cat.codes if frame[name].dtype == "category" else frame[name]
            for frame in (calm, moved)
        )
        assert a.mean() == pytest.approx(b.mean(), abs=4 * a.std() * np.sqrt(2 / ROWS)), name


def test_feature_drift_costs_loss_and_grows():
    losses = [brier(simulate(ROWS, drift, 0).current) for drift in (0, 0.1, 0.3, 0.6, 1)]
    rises = np.diff(losses)
    assert (rises > 0.005).all()
    assert losses[-1] - losses[0] > 0.08


def test_flips_turn_over_their_share_of_labels_and_touch_no_feature():
    calm, flipped = make_data(ROWS, 0.3, 0.0, seed=7), make_data(ROWS, 0.3, 0.2, seed=7)
    pd.testing.assert_frame_equal(calm[FEATURES], flipped[FEATURES])
    assert (calm["y_true"] != flipped["y_true"]).mean() == pytest.approx(0.2, abs=0.01)
    losses = [brier(simulate(ROWS, 0, flips).current) for flips in (0, 0.1, 0.3, 0.5)]
    assert (np.diff(losses) > 0.04).all()


def test_gradual_drift_rises_over_the_period():
    frame = simulate(ROWS, 1.0, 0.4, gradual=True).current
    quarters = np.array_split(frame["monthly_charge"].to_numpy(), 4)
    moved = (np.array([part.mean() for part in quarters]) - 60) / 18
    np.testing.assert_allclose(moved, [0.125, 0.375, 0.625, 0.875], atol=0.05)
    calm = make_data(ROWS, 1.0, 0.0, seed=2, gradual=True)
    flipped = make_data(ROWS, 1.0, 0.4, seed=2, gradual=True)
    turned = np.array_split((calm["y_true"] != flipped["y_true"]).to_numpy(), 4)
    np.testing.assert_allclose([t.mean() for t in turned], [0.05, 0.15, 0.25, 0.35], atol=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 0}, "rows=0 must be at least 1"),
        ({"feature_drift": -1}, "feature_drift=-1 must be between 0 and 3"),
        ({"label_flips": 0.6}, "label_flips=0.6 must be between 0 and 0.5"),
        ({"label_flips": float("nan")}, "label_flips=nan must be"),
        ({"seed": -1}, "seed=-1 must be at least 0"),
    ],
)
def test_dials_out_of_range(arguments, message):
    with pytest.raises(ParameterError, match=message):
        simulate(**arguments)
