"""Diagnosis: terms, verdicts, losses, labels that lack, overlap, attribution, segments, windows."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from driftlib.data.synthetic import simulate
from driftlib.diagnosis import segments
from driftlib.diagnosis.decomposition import TERMS, decompose, fit_loss, retarget
from driftlib.diagnosis.diagnose import diagnose
from driftlib.diagnosis.losses import read_losses
from driftlib.diagnosis.segments import MISSING, Condition
from driftlib.diagnosis.verdict import VerdictInputs, describe_change
from driftlib.diagnosis.windows import diagnose_windows
from driftlib.domain.classifier import fit_domain
from driftlib.errors import DataError, DriftlibError, ParameterError
from driftlib.visualization import loss_waterfall
from driftlib.written_numbers import number_writer

FEATURES = [
    "tenure_months", "monthly_charge", "usage_hours", "support_calls", "late_payments",
    "contract", "channel", "region",
]  # fmt: skip


def noise(rows: int, seed: int, shift: float = 0.0, features: int = 4) -> pd.DataFrame:
    """Features of a normal distribution, and a loss that grows with the first of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    x[:, 0] += shift
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(features)])
    return frame.assign(cost=1 + 0.5 * frame["x0"] + rng.normal(0, 0.5, rows))


@pytest.fixture(scope="module")
def both():
    data = simulate(4000, feature_drift=0.5, label_flips=0.15, seed=3)
    return data, diagnose(data.reference, data.current)


@pytest.fixture(scope="module")
def by_row(both):
    data, _ = both
    return data, diagnose(data.reference, data.current, unit="row")


@pytest.fixture
def few(few_trees):
    """A small diagnosis, for tests of what leaves it as it is."""
    data = simulate(600, feature_drift=0.5, label_flips=0.15, seed=3)
    return data, diagnose(data.reference, data.current)


def test_terms_add_up_and_lie_in_their_intervals(both):
    data, why = both
    terms = why.terms
    assert list(terms.index) == list(TERMS)
    assert list(terms) == ["value", "lower", "upper"]
    parts = terms["value"].drop("total").sum()
    assert parts == pytest.approx(terms.loc["total", "value"], abs=1e-12)
    assert (terms["lower"] < terms["value"]).all()
    assert (terms["value"] < terms["upper"]).all()
    losses = [((f["y_true"] - f["y_proba"]) ** 2).mean() for f in (data.reference, data.current)]
    assert terms.loc["total", "value"] == pytest.approx(losses[1] - losses[0], abs=1e-12)
    assert [why.loss_reference, why.loss_current] == pytest.approx(losses, abs=1e-12)


def test_total_interval_is_that_of_two_means(by_row):
    data, why = by_row
    losses = [(f["y_true"] - f["y_proba"]) ** 2 for f in (data.reference, data.current)]
    error = np.sqrt(sum(loss.var(ddof=0) / len(loss) for loss in losses))
    total = why.terms.loc["total"]
    assert total["upper"] - total["value"] == pytest.approx(1.959964 * error, rel=1e-6)


def test_intervals_equal_a_bootstrap_with_both_models_fixed(by_row):
    _, why = by_row
    domain, loss, expected = why.domain, why.row_loss, why.row_expected
    cut = len(domain.reference_rows)
    raw = [
        domain.pi_reference / (0.5 * (1 - domain.pi_reference) + 0.5 * domain.pi_reference),
        (1 - domain.pi_current) / (0.5 * (1 - domain.pi_current) + 0.5 * domain.pi_current),
    ]
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(600):
        pick = [rng.integers(0, len(w), len(w)) for w in raw]
        sides = [(raw[k][pick[k]], pick[k] + k * cut) for k in (0, 1)]
        weighted = [
            (np.average(expected[r], weights=w), np.average(loss[r] - expected[r], weights=w))
            for w, r in sides
        ]
        mean = [loss[r].mean() for _, r in sides]
        shared = (weighted[0][0] + weighted[1][0]) / 2
        under = [shared + weighted[k][1] for k in (0, 1)]
        draws.append([under[0] - mean[0], under[1] - under[0], mean[1] - under[1]])
    table = why.terms.drop("total")
    errors = (table["upper"] - table["value"]) / 1.959964
    np.testing.assert_allclose(errors, np.std(draws, axis=0), rtol=0.12)
    np.testing.assert_allclose(table["value"], np.mean(draws, axis=0), atol=0.1 * errors.max())


@pytest.mark.parametrize(
    ("drift", "flips", "verdict"),
    [
        (0.0, 0.0, "stable"),
        (0.5, 0.0, "data drift"),
        (0.0, 0.2, "concept drift"),
        (0.5, 0.2, "data and concept drift"),
    ],
)
def test_each_dial_moves_its_own_term(drift, flips, verdict):
    data = simulate(4000, drift, flips, seed=5)
    why = diagnose(data.reference, data.current)
    assert why.verdict == verdict
    assert why.headline.startswith(verdict.capitalize())
    concept = why.terms.loc["concept", "value"]
    assert concept == pytest.approx(0.118 if flips else 0.0, abs=0.03)
    assert why.covariate[0] == pytest.approx(0.04 if drift else 0.0, abs=0.02)


def test_an_improvement_is_one():
    reference, current = noise(3000, 1), noise(3000, 2).assign(cost=lambda f: f["cost"] - 0.3)
    why = diagnose(reference, current, loss="cost")
    assert why.verdict == "improved"
    assert why.terms.loc["concept", "value"] == pytest.approx(-0.3, abs=0.04)
    assert "fell by" in why.headline


def test_a_pure_shift_is_no_concept_and_its_size_is_right():
    why = diagnose(noise(6000, 1), noise(6000, 2, shift=0.8), loss="cost")
    assert why.verdict == "data drift"
    concept = why.terms.loc["concept"]
    assert concept["lower"] < 0 < concept["upper"]
    # The loss rises by 0.5 for each unit of x0, and x0 by 0.8, half on either side of the middle.
    assert why.covariate[0] == pytest.approx(0.4, abs=0.04)
    halves = why.terms["value"][["covariate_common", "covariate_unseen"]]
    np.testing.assert_allclose(halves, [0.2, 0.2], atol=0.04)
    assert list(why.features.index[:1]) == ["x0"]
    assert why.features.loc["x0", "effect"] == pytest.approx(0.4, abs=0.06)
    assert (why.features["effect"].drop("x0").abs() < 0.03).all()


def test_identical_samples_are_stable_at_the_promised_rate():
    verdicts = [
        diagnose(noise(300, 2 * s), noise(300, 2 * s + 1), loss="cost", seed=s).verdict
        for s in range(10)
    ]
    assert verdicts.count("stable") >= 9


def test_concept_interval_covers_the_truth_where_features_explain_much_of_the_loss():
    hits = 0
    for s in range(10):
        reference, current = noise(500, 2 * s), noise(500, 2 * s + 1, shift=0.5)
        current["cost"] += 0.2
        concept = diagnose(reference, current, loss="cost", seed=s).terms.loc["concept"]
        hits += concept["lower"] <= 0.2 <= concept["upper"]
    assert hits >= 8  # of 95 %, fewer have a chance of 1 %


def test_targeting_takes_out_the_direction_of_the_classifier():
    frames = noise(800, 1), noise(800, 2, shift=0.6)
    domain = fit_domain(*(frame.drop(columns="cost") for frame in frames))
    loss = np.concatenate([frame["cost"] for frame in frames])
    pi = np.concatenate([domain.pi_reference, domain.pi_current])
    weights = np.concatenate(domain.overlap_weights)
    surplus = loss - retarget(domain, loss, np.zeros(1600))
    for is_current in (False, True):
        surplus[domain.is_current == is_current] -= np.average(
            surplus[domain.is_current == is_current],
            weights=weights[domain.is_current == is_current],
        )
    assert weights @ (surplus * np.log(pi / (1 - pi))) == pytest.approx(0, abs=1e-9)


def test_minimum_effect_decides_what_counts():
    reference, current = noise(4000, 1), noise(4000, 2).assign(cost=lambda f: f["cost"] + 0.1)
    assert diagnose(reference, current, loss="cost").verdict == "concept drift"
    why = diagnose(reference, current, loss="cost", minimum_effect=0.3)
    assert why.verdict == "stable"
    assert "less than the 0.3 that counts" in why.reason


def test_verdict_needs_inputs_that_differ_for_data_drift(both):
    _, why = both
    inputs = why.verdict_inputs
    assert inputs.verdict == "data and concept drift"
    same = VerdictInputs(
        inputs.parts, replaced(inputs.domain, p_value=0.2), inputs.minimum, inputs.loss
    )
    assert same.verdict == "concept drift"


@pytest.mark.parametrize(("errors", "word"), [(-1.5, "not worse"), (-3, "better")])
def test_better_is_said_only_of_what_is_surely_below_nought(both, errors, word):
    inputs = both[1].verdict_inputs
    _, lower, upper = inputs.parts.combine((1, 0, 1, 0), 0.975)
    error = (upper - lower) / 2 / 2.2414
    values = np.array([errors * error, 0.0, 0.0, errors * error])
    parts = replaced(inputs.parts, values=values)
    judged = VerdictInputs(parts, inputs.domain, error, inputs.loss).reason
    assert re.search(r"Changed inputs account for \S+ \(.*?\): ([a-z ]+)\.", judged)[1] == word


def replaced(thing, **changes):
    from dataclasses import replace

    return replace(thing, **changes)


@pytest.mark.parametrize("auc", [0.9799, 0.9801])
def test_the_limit_of_overlap(both, auc):
    inputs = both[1].verdict_inputs
    domain = replaced(inputs.domain, auc=auc)
    verdict = VerdictInputs(inputs.parts, domain, 0.01, "loss").verdict
    assert verdict == ("undetermined" if auc > 0.98 else "data and concept drift")


def test_periods_that_do_not_overlap_name_the_culprits():
    reference, current = noise(1500, 1), noise(1500, 2)
    reference["month"], current["month"] = 3.0, 4.0
    reference["season"], current["season"] = "cold", "warm"
    why = diagnose(reference, current, loss="cost")
    assert why.verdict == "undetermined"
    assert set(why.culprits) == {"month", "season"}
    assert "'month'" in why.reason
    assert "'season'" in why.headline
    assert why.terms.loc["total"].notna().all()
    assert why.terms.drop("total").isna().all(axis=None)
    error = 1.96 * np.sqrt(reference["cost"].var() / 1500 + current["cost"].var() / 1500)
    change = current["cost"].mean() - reference["cost"].mean()
    total = [change, change - error, change + error]
    assert why.terms.loc["total"].tolist() == pytest.approx(total, abs=1e-3 * error)
    assert why.known_expected is None  # no model of the loss is fitted for that
    assert why.features.index[0] in ("month", "season")
    assert why.segments.empty
    without = diagnose(reference, current, features=["x0", "x1"], loss="cost")
    assert without.verdict == "stable"


def test_many_small_shifts_have_no_few_culprits():
    rng = np.random.default_rng(0)

    def frame(shift):
        x = pd.DataFrame(rng.normal(shift, 1, (600, 12))).add_prefix("x")
        return x.assign(cost=rng.normal(size=600))

    why = diagnose(frame(0), frame(1.4), loss="cost")
    assert why.verdict == "undetermined"
    assert "many columns together" in why.reason


def test_without_labels_there_are_covariate_terms_and_a_reason():
    data = simulate(4000, 0.6, 0.2, seed=2)
    truth = simulate(4000, 0.6, 0.0, seed=2)
    full = diagnose(truth.reference, truth.current)
    for current in (
        data.current.drop(columns=["y_true", "y_pred"]),
        data.current.assign(y_true=np.nan),
    ):
        why = diagnose(data.reference, current)
        terms = why.terms
        assert terms.loc[["concept", "total"]].isna().all(axis=None)
        assert terms.loc[["covariate_common", "covariate_unseen"]].notna().all(axis=None)
        assert why.verdict == "data drift"
        assert "no labels" in why.reason
        assert "reweighting" in why.reason
        assert why.covariate[0] == pytest.approx(full.covariate[0], abs=0.015)
        parts = terms["value"][["covariate_common", "covariate_unseen"]].sum()
        assert why.covariate[0] == pytest.approx(parts, abs=1e-12)
        assert why.segments.empty
        assert json.dumps(why.to_dict())


def test_without_labels_and_without_drift_nothing_is_claimed():
    data = simulate(2000, 0, 0.3, seed=5)
    why = diagnose(data.reference, data.current.drop(columns="y_true"))
    assert why.verdict == "undetermined"
    assert "no labels" in why.headline


def test_rows_without_labels_are_left_out_and_counted(few_trees):
    data = simulate(2000, 0, 0.2, seed=1)
    current = data.current.copy()
    current["y_true"] = current["y_true"].astype(float).where(np.arange(2000) % 4 > 0)
    why = diagnose(data.reference, current)
    only = diagnose(data.reference, current[current["y_true"].notna()])
    assert why.rows_current == 1500
    assert "500 of 2,000 rows of current have no loss" in why.reason
    pd.testing.assert_frame_equal(why.terms, only.terms)


@pytest.mark.parametrize("kind", ["text", "boolean", "category"])
def test_labels_of_any_type_give_the_same_terms(few, kind):
    data, why = few
    convert = {
        "text": lambda s: s.map({0: "stays", 1: "zz leaves"}),
        "boolean": lambda s: s.astype(bool),
        "category": lambda s: s.map({0: "a", 1: "b"}).astype("category"),
    }[kind]
    frames = [
        f.assign(y_true=convert(f["y_true"]), y_pred=convert(f["y_pred"]))
        for f in (data.reference, data.current)
    ]
    pd.testing.assert_frame_equal(diagnose(*frames).terms, why.terms)


def test_renamed_columns_and_a_flipped_positive(few):
    data, why = few
    frames = [
        f.rename(columns={"y_true": "left", "y_pred": "said", "y_proba": "score"}).assign(
            left=lambda f: 1 - f["left"], said=lambda f: 1 - f["said"]
        )
        for f in (data.reference, data.current)
    ]
    named = diagnose(
        *frames, y_true="left", y_pred="said", y_proba="score", positive=0, timestamp="timestamp"
    )
    pd.testing.assert_frame_equal(named.terms, why.terms)


def test_probabilities_are_enough_for_a_brier_score(few):
    data, why = few
    bare = [f.drop(columns="y_pred") for f in (data.reference, data.current)]
    pd.testing.assert_frame_equal(diagnose(*bare).terms, why.terms)


def losses_of(frame: pd.DataFrame, loss: str = "auto"):
    return read_losses(("a", frame), ("b", frame), loss)


def test_losses_equal_scikit_learn():
    from sklearn.metrics import brier_score_loss, mean_squared_error, zero_one_loss

    data = simulate(800, seed=1).current
    told = losses_of(data)
    assert told.name == "brier"
    assert told.current.mean() == pytest.approx(brier_score_loss(data["y_true"], data["y_proba"]))
    told = losses_of(data.drop(columns="y_proba"))
    assert told.name == "zero_one"
    assert told.current.mean() == pytest.approx(zero_one_loss(data["y_true"], data["y_pred"]))
    rng = np.random.default_rng(0)
    numbers = pd.DataFrame({"y_true": rng.normal(size=500), "y_pred": rng.normal(size=500)})
    told = losses_of(numbers)
    assert told.name == "squared"
    assert told.relative
    expected = mean_squared_error(numbers["y_true"], numbers["y_pred"])
    assert told.current.mean() == pytest.approx(expected)


def test_multiclass_brier_score_by_hand():
    frame = pd.DataFrame(
        {
            "y_true": ["a", "c", "b"],
            "y_pred": ["a", "a", "b"],
            "y_proba_a": [0.7, 0.6, 0.1],
            "y_proba_b": [0.2, 0.3, 0.9],
            "y_proba_c": [0.1, 0.1, 0.0],
        }
    )
    told = losses_of(frame)
    assert told.title == "Brier score"
    expected = [0.3**2 + 0.2**2 + 0.1**2, 0.6**2 + 0.3**2 + 0.9**2, 0.1**2 + 0.1**2]
    np.testing.assert_allclose(told.current, expected)


def test_multiclass_and_regression_diagnoses():
    rng = np.random.default_rng(0)

    def classes(flips, rows=2500):
        x = rng.normal(size=rows)
        proba = np.exp(np.outer(x, [-1, 0, 1]))
        proba /= proba.sum(axis=1, keepdims=True)
        y = (rng.random((rows, 1)) > proba.cumsum(axis=1)).sum(axis=1)
        y = np.where(rng.random(rows) < flips, rng.integers(0, 3, rows), y)
        frame = pd.DataFrame(proba, columns=["y_proba_0", "y_proba_1", "y_proba_2"])
        return frame.assign(x=x, z=rng.normal(size=rows), y_true=y, y_pred=proba.argmax(axis=1))

    why = diagnose(classes(0), classes(0.4))
    assert (why.loss, why.verdict) == ("brier", "concept drift")

    def numbers(shift, offset, rows=2500):
        x = rng.normal(shift, 1, size=rows)
        y = 1000 * (x + 0.3 * x**2 + offset + rng.normal(size=rows))
        return pd.DataFrame({"x": x, "z": rng.normal(size=rows), "y_true": y, "y_pred": 1000 * x})

    why = diagnose(numbers(0, 0), numbers(0, 1.0))
    assert (why.loss, why.verdict) == ("squared", "concept drift")
    assert why.minimum_effect == pytest.approx(0.01 * why.loss_reference)
    assert diagnose(numbers(0, 0), numbers(1.0, 0)).verdict == "data drift"


def test_zero_one_can_be_asked_for(few):
    data, _ = few
    why = diagnose(data.reference, data.current, loss="zero_one")
    assert why.loss_title == "share of wrong predictions"
    wrong = [(f["y_true"] != f["y_pred"]).mean() for f in (data.reference, data.current)]
    assert why.terms.loc["total", "value"] == pytest.approx(wrong[1] - wrong[0], abs=1e-12)


def test_a_loss_column_is_no_feature_and_needs_no_labels():
    why = diagnose(noise(600, 1), noise(600, 2), loss="cost")
    assert why.domain.features == ["x0", "x1", "x2", "x3"]
    assert why.loss_title == "loss 'cost'"


def test_a_fitted_domain_is_used_again(few):
    data, why = few
    domain = fit_domain(data.reference, data.current)
    again = diagnose(data.reference, data.current, domain=domain)
    assert again.domain is domain
    pd.testing.assert_frame_equal(again.terms, why.terms)
    unlabelled = data.current.assign(y_true=lambda f: f["y_true"].where(f.index > 100))
    fresh = diagnose(data.reference, unlabelled, domain=domain)
    assert fresh.domain is not domain
    assert fresh.domain.current_rows.min() == 101
    assert diagnose(data.reference, unlabelled, domain=fresh.domain).terms.equals(fresh.terms)
    with pytest.raises(ParameterError, match="fitted on other frames"):
        diagnose(data.reference.head(100), data.current, domain=domain)


def test_same_seed_same_result_and_sampling(few):
    data, _ = few
    first = diagnose(data.reference, data.current, max_rows=400, seed=1)
    again = diagnose(data.reference, data.current, max_rows=400, seed=1)
    other = diagnose(data.reference, data.current, max_rows=400, seed=2)
    pd.testing.assert_frame_equal(first.terms, again.terms)
    assert first.rows_reference == first.rows_current == 400
    assert not first.terms.equals(other.terms)


def test_attribution_finds_what_moved_and_tells_harm_from_harmless():
    rng = np.random.default_rng(1)

    def frame(shift, rows=4000):
        x = pd.DataFrame(rng.normal(size=(rows, 4)), columns=["harm", "gain", "idle", "still"])
        x += shift * np.array([0.5, 0.5, 0.5, 0])
        return x.assign(cost=0.4 * x["harm"] - 0.2 * x["gain"] + rng.normal(0, 0.3, rows))

    why = diagnose(frame(0), frame(1), loss="cost")
    table = why.features
    assert table.loc["harm", "effect"] == pytest.approx(0.2, abs=0.05)
    assert table.loc["gain", "effect"] == pytest.approx(-0.1, abs=0.04)
    assert abs(table.loc["idle", "effect"]) < 0.03
    assert abs(table.loc["still", "effect"]) < 0.01
    assert table.loc["idle", "auc_loss"] > 0.02 > table.loc["still", "auc_loss"]
    assert table.index[0] == "harm"


def segment_world(rows, changed, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "hour": rng.integers(5, 24, rows),
            "origin": rng.choice(["EWR", "JFK", "LGA"], rows),
            "wind": np.where(rng.random(rows) < 0.1, np.nan, rng.gamma(2, 5, rows)),
            "noise": rng.normal(size=rows),
        }
    )
    hit = (frame["hour"] >= 17) & (frame["origin"] == "EWR")
    return frame.assign(cost=rng.normal(0.2, 0.2, rows) + 0.3 * (hit & changed)), hit


def test_segments_find_where_the_concept_changed():
    (reference, _), (current, hit) = segment_world(6000, False, 1), segment_world(6000, True, 2)
    why = diagnose(reference, current, loss="cost")
    assert why.verdict == "concept drift"
    table = why.segments
    best = table.iloc[0]
    assert set(best["rule"].split(" and ")) == {"hour >= 17", "origin = EWR"}
    assert best["lower"] < 0.3 < best["upper"]
    assert best["worse"]
    assert best["share_current"] == pytest.approx(hit.mean(), abs=1e-9)
    assert not table["worse"].iloc[1:].any()
    assert table["share_reference"].sum() == pytest.approx(1)
    assert table["share_current"].sum() == pytest.approx(1)


def test_no_segments_where_nothing_or_everything_changed():
    splits = 0
    for seed in range(6):
        frames = [segment_world(1500, False, 2 * seed + k)[0] for k in (0, 1)]
        frames[1]["cost"] += 0.2
        table = diagnose(*frames, loss="cost", seed=seed).segments
        splits += len(table) > 1
        if len(table) == 1:
            row = table.iloc[0]
            assert row["rule"] == "all rows"
            assert row["effect"] == pytest.approx(0.2, abs=0.05)
    assert splits <= 1


def test_effects_are_not_the_luck_of_the_search(monkeypatch):
    monkeypatch.setattr(segments, "LEAST_GAIN", 0.0)
    frames = noise(1500, 5, features=6), noise(1500, 6, features=6)
    domain = fit_domain(*(frame.drop(columns="cost") for frame in frames))
    rng = np.random.default_rng(0)
    effects, covered, leaves = [], 0, 0
    for seed in range(40):
        table = segments.find_segments(domain, rng.normal(size=3000), np.zeros(3000), seed)
        effects.append(table["effect"].iloc[0] - table["effect"].mean())
        covered += int(((table["lower"] < 0) & (table["upper"] > 0)).all())
        leaves += len(table)
    assert leaves > 40 * 5
    # Sorting by effect makes the first the luckiest of the measured half, and no more than that.
    spread = (table["upper"] - table["effect"]).mean() / 2.9
    assert np.mean(effects) < 2.0 * spread
    assert covered >= 36


def test_missing_values_can_be_a_segment():
    frames = []
    for seed in (3, 4):
        frame, _ = segment_world(5000, False, seed)
        frames.append(
            frame.assign(cost=frame["cost"] + (0.4 if seed == 4 else 0) * frame["wind"].isna())
        )
    table = diagnose(*frames, loss="cost").segments
    assert table["rule"].tolist() == ["wind is missing", "wind is known"]
    assert table["effect"].tolist() == pytest.approx([0.4, 0.0], abs=0.06)


def test_conditions_cover_every_row_once():
    values = np.array([1.0, 5.0, np.nan, 9.0])
    left, right = Condition(0, high=5.0, missing=False), Condition(0, low=5.0, missing=True)
    assert left.holds(values).tolist() == [True, True, False, False]
    np.testing.assert_array_equal(right.holds(values), ~left.holds(values))
    both_sides = Condition(0, low=1.0).joined(left)
    assert both_sides.holds(values).tolist() == [False, True, False, False]
    levels = Condition(0, codes=frozenset({1, MISSING}))
    assert levels.holds(np.array([0.0, 1.0, np.nan])).tolist() == [False, True, True]


def test_windows_follow_the_change():
    data = simulate(3000, 0.0, 0.0, seed=4)
    late = simulate(3000, 0.0, 0.25, seed=4).current
    half = data.current["timestamp"] >= data.current["timestamp"].iloc[1500]
    current = data.current.where(~half, late)
    current = current.astype(data.current.dtypes.to_dict())
    found = diagnose_windows(data.reference, current, "7D", on="timestamp")
    assert found.verdicts.tolist() == ["stable", "stable", "concept drift", "concept drift"]
    table = found.table
    assert list(table) == [
        "window", "start", "end", "n", "term", "value", "lower", "upper", "verdict",
        "domain_auc", "effective_share", "loss_reference", "loss_current", "note",
    ]  # fmt: skip
    assert len(table) == 16
    week = table[table["window"] == 2].set_index("term")["value"]
    alone = diagnose(
        data.reference, current.iloc[found_rows(current, 2)], features=FEATURES, max_rows=20_000
    )
    pd.testing.assert_series_equal(week, alone.terms["value"], check_names=False)
    assert "stable in 2" in found.headline
    assert json.dumps(found.to_dict())


def found_rows(frame, week):
    start = frame["timestamp"].min().normalize() + week * pd.Timedelta("7D")
    return np.flatnonzero(frame["timestamp"].between(start, start + pd.Timedelta("7D"), "left"))


def test_a_window_that_cannot_be_diagnosed_costs_the_others_nothing():
    data = simulate(1200, 0, 0.3, seed=4)
    current = data.current.assign(group=["a"] * 1197 + ["b"] * 3)
    reference = data.reference.assign(group="r")
    found = diagnose_windows(reference, current, window="group")
    assert found.verdicts.to_dict() == {"a": "concept drift", "b": "undetermined"}
    assert found.diagnoses[1] is None
    rows = found.table[found.table["window"] == 1]
    assert rows["value"].isna().all()
    assert rows["note"].str.contains("3 rows, too few").all()
    assert "group" not in found.diagnoses[0].domain.features


def test_windows_without_labels_keep_their_covariate_terms(few_trees):
    data = simulate(2000, 0.5, 0.0, seed=4)
    current = data.current.assign(y_true=lambda f: f["y_true"].astype(float))
    current.loc[1000:, "y_true"] = np.nan
    found = diagnose_windows(data.reference, current, window=1000)
    table = found.table.set_index(["window", "term"])["value"]
    assert table[0].notna().all()
    assert table[1].isna().tolist() == [False, True, False, True]


def test_results_are_ready_for_json_and_html():
    reference, current = (
        noise(400, seed).rename(columns={"x0": "<script>x</script>"}) for seed in (1, 2)
    )
    why = diagnose(reference, current, loss="cost")
    content = json.loads(json.dumps(why.to_dict()))
    assert content["verdict"] == why.verdict
    assert [row["term"] for row in content["table"]] == list(TERMS)
    assert "<script" not in why._repr_html_()


def test_hand_made_decomposition():
    """Uninformative classifier and loss model: the concept is the difference of means."""
    domain = fit_domain(noise(60, 1)[["x0"]], noise(40, 2)[["x0"]])
    domain = replaced(domain, pi_reference=np.full(60, 0.4), pi_current=np.full(40, 0.4))
    loss = np.concatenate([np.full(60, 1.0), np.linspace(1, 3, 40)])
    parts = decompose(domain, loss, np.zeros(100))
    np.testing.assert_allclose(parts.values, [0, 1, 0, 1], atol=1e-12)
    value, lower, upper = parts.combine((0, 1, 0, 0))
    error = loss[60:].std() / np.sqrt(40)
    np.testing.assert_allclose([lower, upper], [1 - 1.96 * error, 1 + 1.96 * error], atol=1e-4)
    assert fit_loss(domain, loss).shape == (100,)
    assert value == pytest.approx(1)


def test_numbers_in_sentences():
    write = number_writer(0.01)
    assert describe_change((0.0451, 0.0401, 0.0501), write) == "rose by 0.045 (0.040 to 0.050)"
    assert describe_change((-0.0451, -0.0501, -0.0401), write) == "fell by 0.045 (0.040 to 0.050)"
    assert describe_change((0.0004, -0.004, 0.005), write) == "changed by 0.000 (-0.004 to +0.005)"
    assert number_writer(float("nan"))(0.5) == "0.5000"


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"loss": "logloss"}, "neither one of 'auto', 'brier'"),
        ({}, {"loss": "squared"}, "loss='squared' does not go with a binary task"),
        ({}, {"minimum_effect": -1}, "minimum_effect=-1 must be at least 0"),
        ({}, {"features": ["nope"]}, "no column 'nope'"),
        ({}, {"positive": "x"}, "positive='x' does not occur"),
        ({"y_proba": 1.5}, {}, "1.5 in row 0, which is no probability"),
        ({"y_true": np.nan}, {}, "no label in any row"),
    ],
)
def test_bad_input_gets_a_sentence(change, arguments, message):
    data = simulate(100, seed=1)
    with pytest.raises(DriftlibError, match=message):
        diagnose(data.reference.assign(**change), data.current, **arguments)


def test_brier_without_probabilities_and_text_in_a_loss():
    data = simulate(100, seed=1)
    bare = [f.drop(columns="y_proba") for f in (data.reference, data.current)]
    with pytest.raises(DataError, match="loss='brier' needs probabilities"):
        diagnose(*bare, loss="brier")
    text = noise(50, 1).assign(cost="high")
    with pytest.raises(DataError, match="'high', which is no number"):
        diagnose(text, text, loss="cost")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 10}, "no argument 'rows': pass a number of rows as window="),
        ({"windw": 10}, "Did you mean 'window'"),
        ({"by": "7D"}, "no column '7D' .* a length of time goes into window="),
        ({"window": "7D"}, "needs a time column: name it in on= or timestamp="),
        ({"window": "7Days"}, "neither a column of current nor a length of time"),
        ({"step": 5}, "step= goes with a window of a number of rows"),
        ({"on": "when"}, "no column 'when'"),
        ({"by": ["region", "term"]}, "by= names 'term', which the table has"),
    ],
)
def test_windows_that_are_none_get_a_sentence(arguments, message):
    data = simulate(100, seed=1)
    frames = [side.assign(term="first") for side in (data.reference, data.current)]
    with pytest.raises(ParameterError, match=message):
        diagnose_windows(*frames, **arguments)


def test_segments_are_diagnosed_against_their_own_reference():
    data = simulate(3000, 0.0, 0.0, seed=5)
    turned = simulate(3000, 0.0, 0.4, seed=5).current
    phone = data.current["channel"] == "phone"
    current = data.current.where(~phone, turned).astype(data.current.dtypes.to_dict())
    current = current[current["channel"].isin(["phone", "web"])]
    found = diagnose_windows(
        data.reference, current, 600, by="channel", timestamp="timestamp", max_rows=1000
    )
    table = found.table
    assert list(table)[:6] == ["window", "start", "end", "channel", "n", "term"]
    assert found.by == ("channel",)
    verdicts = found.verdicts
    assert verdicts.index.names == ["channel", "start"]
    assert set(verdicts["phone"]) == {"concept drift"}
    concept = table[table["term"] == "concept"].groupby("channel", observed=True)["value"]
    assert concept.min()["phone"] > 0.15
    assert concept.max()["web"] < 0.05
    assert len(found.diagnoses) == len(verdicts) == len(table) / 4
    assert found.headline.startswith(f"Against the reference, of {len(verdicts)} segments and")
    assert found.to_dict()["by"] == ["channel"]
    first = table[(table["channel"] == "phone") & (table["window"] == 0)]
    rows = [side[side["channel"] == "phone"] for side in (data.reference, current)]
    features = [name for name in FEATURES if name != "channel"]
    alone = diagnose(rows[0], rows[1].head(600), features=features, max_rows=1000)
    np.testing.assert_array_equal(first["value"], alone.terms["value"])
    assert found.diagnoses[0].domain.features == features


def test_a_segment_that_the_reference_lacks_says_so(few_trees):
    data = simulate(600, 0, 0.3, seed=4)
    current = data.current.assign(shop=["old"] * 500 + ["new"] * 100)
    found = diagnose_windows(data.reference.assign(shop="old"), current, by="shop")
    assert found.verdicts.index.tolist() == [("new", 0), ("old", 0)]
    assert found.verdicts["new"].tolist() == ["undetermined"]
    assert found.diagnoses[0] is None
    note = found.table.loc[found.table["shop"] == "new", "note"]
    assert set(note) == {"the reference has no rows of this segment."}
    with pytest.raises(ParameterError, match="no column 'shop'"):
        diagnose_windows(data.reference, current, by="shop")


def test_windows_without_a_size_are_one_and_steps_overlap(few_trees):
    data = simulate(900, 0, 0.0, seed=4)
    frames = data.reference, data.current
    whole = diagnose_windows(*frames, timestamp="timestamp")
    assert len(whole.diagnoses) == 1
    alone = diagnose(*frames, timestamp="timestamp")
    np.testing.assert_array_equal(whole.table["value"], alone.terms["value"])
    stepped = diagnose_windows(*frames, 500, 200, timestamp="timestamp").table
    assert stepped["start"].unique().tolist() == [0, 200, 400]
    assert stepped["n"].unique().tolist() == [500]


def test_unknown_keywords_get_a_suggestion():
    frame = noise(50, 1)
    with pytest.raises(ParameterError, match="Did you mean 'features'"):
        diagnose(frame, frame, loss="cost", feature=["x0"])


def test_errors_with_heavy_tails_are_told_by_their_size(rng):
    x = rng.normal(size=4000)
    frames = {
        law: pd.DataFrame({"x": x, "y_pred": x, "y_true": x + np.exp(0.5 * x) * error})
        for law, error in (("normal", rng.normal(size=4000)), ("t2", rng.standard_t(2, 4000)))
    }
    found = {law: read_losses(("a", frame), ("b", frame)) for law, frame in frames.items()}
    assert {law: losses.name for law, losses in found.items()} == {
        "normal": "squared",
        "t2": "absolute",
    }
    error = (frames["t2"]["y_true"] - frames["t2"]["y_pred"]).to_numpy()
    np.testing.assert_allclose(found["t2"].current, np.abs(error))
    assert found["t2"].relative
    frame = frames["t2"]
    shifted = frame.assign(y_true=frame["y_true"] + 2.0 * (x > 0))
    why = diagnose(frame[:2000], shifted[2000:], unit="row")
    assert why.verdict == "concept drift"
    assert "absolute error" in why.reason
    # A squared error is drawn with its root, an absolute one as it is.
    assert "root " not in loss_waterfall(why).to_json()
    chart = loss_waterfall(diagnose(frame, shifted, loss="squared", unit="row"))
    assert "root " in chart.to_json()
    axis = chart.layout.yaxis
    assert axis.title.text == "root mean squared error"
    np.testing.assert_allclose([float(text) ** 2 for text in axis.ticktext], axis.tickvals)
    assert 3 <= len(axis.tickvals) <= 7
    assert axis.range[0] <= min(axis.tickvals) <= max(axis.tickvals) <= axis.range[1]
