"""The domain classifier: encoding, AUC, sizes, density ratios, overlap."""

from __future__ import annotations

from contextlib import nullcontext
from threading import get_ident

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from driftlib.domain import boosting
from driftlib.domain.bins import MISSING, fit_bins
from driftlib.domain.boosting import boosting_options, fit_folds
from driftlib.domain.classifier import fit_domain
from driftlib.domain.features import MOST_LEVELS, choose_levels, encode
from driftlib.domain.separation import auc
from driftlib.errors import DataError, ParameterError


def normal(rows: int, shift: float = 0.0, features: int = 3, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(rows, features))
    values[:, 0] += shift
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(features)])


def test_encoding_keeps_missing_infinite_and_unseen_apart():
    frame = pd.DataFrame(
        {
            "number": [1, np.inf, None, -2.5],
            "text": ["b", None, "a", "new"],
            "code": pd.Categorical([7, 7, None, 8]),
            "flag": pd.array([True, None, False, True], dtype="boolean"),
            "mixed": pd.Series([1, True, "1", None], dtype=object),
        }
    )
    levels = {
        "text": np.array(["a", "b"], dtype=object),
        "code": np.array(["8", "7"], dtype=object),
        "flag": np.array(["False", "True"], dtype=object),
        "mixed": np.array(["1", "True"], dtype=object),
    }
    expected = [
        [1.0, 1.0, 1.0, 1.0, 0.0],
        [np.nan, np.nan, 1.0, np.nan, 1.0],
        [np.nan, 0.0, np.nan, 0.0, 0.0],
        [-2.5, 2.0, 0.0, 1.0, np.nan],
    ]
    np.testing.assert_array_equal(encode(frame, list(frame), levels), expected)


def test_levels_beyond_the_limit_share_one_code():
    values = [f"v{i}" for i in range(400) for _ in range(400 - i)]
    frame = pd.DataFrame({"c": values})
    levels = choose_levels([frame, frame], ["c"])
    codes = encode(frame, ["c"], levels)[:, 0]
    assert len(levels["c"]) == MOST_LEVELS
    assert codes.max() == MOST_LEVELS
    assert (codes == MOST_LEVELS).sum() == sum(400 - i for i in range(MOST_LEVELS, 400))
    domain = fit_domain(frame.iloc[::40], frame.iloc[20::40], categorical=["c"])
    assert domain.features == ["c"]


@pytest.mark.parametrize("values", [0, 1, 2])
def test_columns_of_next_to_no_values_neither_fail_nor_matter(values, rng):
    def period(known):
        rare = np.full(400, np.nan)
        rare[:known] = range(known)
        endless = np.where(np.arange(400) % 2, np.inf, np.nan)
        return pd.DataFrame({"x": rng.normal(size=400), "rare": rare, "endless": endless})

    reference, current = period(values), period(0)
    domain = fit_domain(reference, current)
    assert "no value in either period is a finite number" in domain.skipped["endless"]
    assert domain.features == (["x", "rare"] if values else ["x"])
    alone = fit_domain(reference[["x"]], current[["x"]])
    np.testing.assert_allclose(domain.pi_current, alone.pi_current, atol=0.02)
    assert domain.table["auc_alone"].between(0.4, 0.6).all()


@pytest.mark.parametrize("seed", range(5))
def test_auc_equals_scikit_learn_and_its_variance_a_bootstrap(seed):
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(seed)
    current = rng.normal(0.8, 1, 150).round(1)
    reference = rng.normal(size=220).round(1)
    area, variance = auc(current, reference)
    labels = np.r_[np.ones(150), np.zeros(220)]
    assert area == pytest.approx(roc_auc_score(labels, np.r_[current, reference]), abs=1e-12)
    draws = [auc(rng.choice(current, 150), rng.choice(reference, 220))[0] for _ in range(800)]
    assert np.sqrt(variance) == pytest.approx(np.std(draws), rel=0.12)


def test_perfect_separation_still_has_a_variance():
    area, variance = auc(np.arange(10.0, 20), np.arange(10.0))
    assert area == 1
    assert 0.05 < np.sqrt(variance) < 0.1


def test_every_row_is_judged_by_a_model_that_has_not_seen_it():
    frame = normal(600, seed=1)
    frame["id"] = np.random.default_rng(2).permutation(600)
    domain = fit_domain(frame.iloc[:300], frame.iloc[300:])
    for fold, model in enumerate(domain.models):
        rows = domain.folds == fold
        expected = np.clip(expit(model.predict(domain.codes[rows])), 0.001, 0.999)
        pi = np.r_[domain.pi_reference, domain.pi_current]
        np.testing.assert_array_equal(pi[rows], expected)
    counts = [np.bincount(part) for part in np.split(domain.folds, [300])]
    assert all(np.ptp(part) <= 1 for part in counts)


def test_size_under_no_drift_and_power_under_drift():
    p_values = [
        fit_domain(normal(200, seed=2 * s), normal(200, seed=2 * s + 1), seed=s).p_value
        for s in range(24)
    ]
    assert np.sum(np.array(p_values) < 0.05) <= 4  # 5 or more have a chance of 0.6 %
    assert np.mean(np.array(p_values) < 0.5) > 0.25
    found = [
        fit_domain(normal(800, seed=2 * s), normal(800, 0.5, seed=2 * s + 1)).p_value < 0.05
        for s in range(5)
    ]
    assert sum(found) == 5


def test_density_ratio_of_a_shifted_normal():
    reference, current = normal(8000, seed=1), normal(4000, 0.7, seed=2)
    domain = fit_domain(reference, current)
    assert domain.share == pytest.approx(1 / 3)
    truth = np.exp(0.7 * reference["x0"] - 0.7**2 / 2)
    assert np.corrcoef(np.log(domain.reference_ratio), np.log(truth))[0, 1] > 0.93
    assert domain.reference_ratio.mean() == pytest.approx(1, abs=0.05)
    unseen = normal(5000, seed=3)
    truth = np.exp(0.7 * unseen["x0"] - 0.7**2 / 2)
    assert np.corrcoef(np.log(domain.density_ratio(unseen)), np.log(truth))[0, 1] > 0.93
    weights = np.average(reference["x0"], weights=domain.reference_ratio)
    assert weights == pytest.approx(current["x0"].mean(), abs=0.08)


def test_shared_weights_meet_in_the_middle():
    reference, current = normal(6000, seed=1), normal(6000, 1.0, seed=2)
    domain = fit_domain(reference, current)
    w_reference, w_current = domain.overlap_weights
    assert w_reference.sum() == pytest.approx(1)
    from_reference, from_current = w_reference @ reference["x0"], w_current @ current["x0"]
    assert from_reference == pytest.approx(0.5, abs=0.06)
    assert from_current == pytest.approx(0.5, abs=0.06)
    assert 0.5 < domain.effective_share < 1
    assert domain.overlaps


def test_a_timestamp_in_disguise_is_named_and_breaks_the_overlap():
    reference, current = normal(1500, seed=1), normal(1500, seed=2)
    reference["month"], current["month"] = 3, 4
    domain = fit_domain(reference, current)
    assert not domain.overlaps
    assert domain.auc > 0.99
    assert domain.lower < 1 <= domain.upper
    assert domain.strongest == "month"
    assert "table" not in vars(domain)  # the column alone answers it
    assert domain.table.index[0] == "month"
    assert domain.table.loc["month", "auc_alone"] == 1
    assert domain.table["auc_alone"].drop("month").max() < 0.55


def test_the_table_finds_shifts_that_only_a_pair_of_columns_shows():
    rng = np.random.default_rng(0)

    def pair(correlation):
        frame = pd.DataFrame(
            rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 3000),
            columns=["a", "b"],
        )
        return frame.assign(noise=rng.normal(size=3000))

    domain = fit_domain(pair(0.9), pair(-0.9))
    assert domain.auc > 0.8
    assert (domain.table["auc_alone"] < 0.55).all()
    assert domain.strongest == domain.table.index[0] != "noise"
    assert (domain.table.loc[["a", "b"], "auc_loss"] > 0.2).all()
    assert abs(domain.table.loc["noise", "auc_loss"]) < 0.02


def test_categories_and_missing_values_carry_drift():
    rng = np.random.default_rng(0)
    reference = pd.DataFrame({"c": rng.choice(["a", "b"], 1000), "x": rng.normal(size=1000)})
    current = reference.assign(c=rng.choice(["a", "c"], 1000))
    assert fit_domain(reference, current).table.index[0] == "c"
    current = reference.assign(x=reference["x"].where(rng.random(1000) < 0.6))
    assert fit_domain(reference, current).table.index[0] == "x"


def test_roles_and_columns_that_cannot_be_used_are_left_out():
    rng = np.random.default_rng(0)
    frame = normal(200).assign(
        y_true=1,
        y_proba_cat=0.5,
        seen=pd.Timestamp("2013-03-01"),
        tag=[f"id-{i}" for i in range(200)],
        nested=[[1]] * 200,
    )
    domain = fit_domain(frame, frame.drop(columns="x2"), seed=int(rng.integers(9)))
    assert domain.features == ["x0", "x1"]
    assert set(domain.skipped) == {"x2", "seen", "tag", "nested"}
    domain = fit_domain(frame, frame, features=["x1", "seen"], timestamp="x0")
    assert domain.features == ["x1"]


def test_sampling_is_seeded_and_without_replacement():
    reference, current = normal(900, seed=1), normal(500, seed=2)
    first = fit_domain(reference, current, max_rows=300, seed=5)
    again = fit_domain(reference, current, max_rows=300, seed=5)
    other = fit_domain(reference, current, max_rows=300, seed=6)
    assert len(np.unique(first.reference_rows)) == len(first.pi_reference) == 300
    np.testing.assert_array_equal(first.pi_current, again.pi_current)
    assert first.auc == again.auc != other.auc
    row = first.matrix[:300]
    np.testing.assert_array_equal(row, reference.to_numpy()[first.reference_rows])


def test_result_is_ready_for_json_and_html():
    import json

    frame = normal(300).rename(columns={"x0": "<b>x</b>"})
    domain = fit_domain(frame, frame)
    content = domain.to_dict()
    assert json.loads(json.dumps(content))["auc"] == domain.auc
    assert content["rows_current"] == 300
    assert "&lt;b&gt;x&lt;/b&gt;" in domain._repr_html_()
    assert "cannot be told apart" in domain.headline


def test_bad_input_gets_a_sentence():
    frame = normal(50)
    with pytest.raises(DataError, match="too few to tell the periods apart"):
        fit_domain(frame, frame.head(3))
    with pytest.raises(DataError, match="share no feature"):
        fit_domain(frame, frame.add_prefix("other_"))
    with pytest.raises(ParameterError, match="folds=1 must be"):
        fit_domain(frame, frame, folds=1)
    with pytest.raises(ParameterError, match="no column 'x9'"):
        fit_domain(frame, frame, features=["x9"])
    with pytest.raises(DataError, match="no column 'x2'"):
        fit_domain(frame, frame).probability(frame.drop(columns="x2"))
    with pytest.raises(ParameterError, match=r"fit_domain\(\) has no argument 'rows'"):
        fit_domain(frame, frame, rows=100)


def test_models_that_take_bins_as_they_are_equal_those_that_look_for_them(rng):
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=900),
            "few": rng.integers(0, 7, 900),
            "gaps": np.where(rng.random(900) < 0.2, np.nan, rng.normal(size=900)),
            "none": np.nan,
            "level": rng.choice([*"abcd", None], 900),
        }
    )
    features = list(frame)
    levels = choose_levels([frame], ["level"])
    matrix = encode(frame, features, levels)
    binning = fit_bins(matrix, features, levels)
    codes = binning.codes(matrix)
    # Bins keep the order of values, and few distinct values apart.
    assert [len(np.unique(codes[:, j])) for j in range(5)] == [255, 7, 256, 1, 5]
    order = np.argsort(matrix[:, 0])
    assert (np.diff(codes[order, 0].astype(int)) >= 0).all()
    assert ((codes == MISSING) == np.isnan(matrix)).all()
    target = (frame["x"] + frame["gaps"].fillna(1) > 0.4).to_numpy()
    folds = np.arange(900) % 2
    options = boosting_options(features, levels, seed=0)
    values = np.where(codes == MISSING, np.nan, codes)
    values[:, 3] = 0.0
    for kind, plain in (
        ("classifier", HistGradientBoostingClassifier),
        ("regressor", HistGradientBoostingRegressor),
    ):
        for fold, model in enumerate(fit_folds(kind, options, codes, target * 1.0, folds)):
            seen = folds != fold
            looked = plain(**options).fit(values[seen], target[seen] * 1.0)
            say = looked.decision_function if kind == "classifier" else looked.predict
            # Between two bins that it has seen, a model of its own bins may turn elsewhere.
            known, others = codes[seen], codes[seen][::-1]
            np.testing.assert_allclose(model.predict(known), say(values[seen]), rtol=0, atol=1e-9)
            for j, found in enumerate(model.replaced(known, others)):
                mixed = values[seen]
                mixed[:, j] = mixed[::-1, j]
                np.testing.assert_allclose(found, say(mixed), rtol=0, atol=1e-9)


def test_a_level_is_told_from_missing_where_it_is_the_only_one(rng):
    codes = np.column_stack([rng.choice([0, MISSING], 600), rng.integers(0, 5, 600)])
    folds, target = np.arange(600) % 2, (codes[:, 0] == 0) * 1.0
    options = boosting_options(["only", "other"], ["only", "other"], seed=0)
    models = fit_folds("regressor", options, codes.astype(np.uint8), target, folds)
    assert np.abs(models[0].predict(codes) - target).max() < 0.01


def test_small_models_are_fitted_on_the_thread_that_asks(monkeypatch):
    fitted: list[int] = []
    monkeypatch.setattr(boosting, "one_thread", lambda: fitted.append(get_ident()) or nullcontext())
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 255, (10_000, 8)).astype(np.uint8)
    options = boosting_options([f"x{j}" for j in range(8)], (), seed=0) | {"max_iter": 2}
    fit_folds("classifier", options, codes, codes[:, 0] > 99, np.arange(len(codes)) % 3)
    assert fitted == 3 * [get_ident()]
