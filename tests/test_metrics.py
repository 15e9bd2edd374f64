"""Metrics against scikit-learn, their intervals against definitions, derivatives and simulation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy import stats
from scipy.special import expit, logit, ndtri
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from driftlib.errors import ParameterError
from driftlib.performance.metrics import METRICS, select_metrics
from driftlib.performance.multiclass import _overlap_of_f1
from driftlib.stats import intervals
from driftlib.stats.aggregates import (
    GroupedClassification,
    GroupedRegression,
    group_counts,
    group_sums,
    moments,
)
from driftlib.stats.expected import ExpectedClassification
from driftlib.stats.ranking import rank_classes, rank_groups

BINARY_REFERENCE = {
    "accuracy": lambda y, pred, p: sk.accuracy_score(y, pred),
    "precision": lambda y, pred, p: sk.precision_score(y, pred, zero_division=np.nan),
    "recall": lambda y, pred, p: sk.recall_score(y, pred, zero_division=np.nan),
    "specificity": lambda y, pred, p: sk.recall_score(y, pred, pos_label=0, zero_division=np.nan),
    "f1": lambda y, pred, p: sk.f1_score(y, pred, zero_division=np.nan),
    "roc_auc": lambda y, pred, p: sk.roc_auc_score(y, p) if 0 < y.mean() < 1 else np.nan,
    "average_precision": lambda y, pred, p: sk.average_precision_score(y, p) if y.any() else np.nan,
    "log_loss": lambda y, pred, p: sk.log_loss(y, p, labels=[0, 1]),
    "brier": lambda y, pred, p: sk.brier_score_loss(y, p),
}
MULTICLASS_REFERENCE = {
    "accuracy": lambda y, pred, p: sk.accuracy_score(y, pred),
    "precision": lambda y, pred, p: sk.precision_score(
        y, pred, average="macro", zero_division=np.nan
    ),
    "recall": lambda y, pred, p: sk.recall_score(y, pred, average="macro", zero_division=np.nan),
    "f1": lambda y, pred, p: sk.f1_score(y, pred, average="macro", zero_division=np.nan),
    "roc_auc": lambda y, pred, p: (
        np.mean([sk.roc_auc_score(y == k, p[:, k]) for k in set(y)]) if len(set(y)) > 1 else np.nan
    ),
    "log_loss": lambda y, pred, p: sk.log_loss(y, p, labels=range(p.shape[1])),
}
REGRESSION_REFERENCE = {
    "mae": sk.mean_absolute_error,
    "rmse": sk.root_mean_squared_error,
    "mape": sk.mean_absolute_percentage_error,
    "r2": sk.r2_score,
}


def one(y, pred, proba, classes=2):
    """Aggregates of all rows as one group."""
    return GroupedClassification(y, pred, proba, classes, np.array([0]), np.array([len(y)]))


def scored(rng, rows, share=0.4, decimals=9):
    y = (rng.random(rows) < share).astype(int)
    proba = np.round(rng.beta(1 + 2 * y, 3 - 2 * y), decimals)
    return y, (proba > 0.5).astype(int), proba


def classed(rng, rows, classes):
    y = rng.integers(0, classes, rows)
    proba = rng.dirichlet(np.ones(classes), rows)
    proba[np.arange(rows), y] += 0.4
    proba /= proba.sum(1, keepdims=True)
    return y, proba.argmax(1), proba


@pytest.mark.parametrize("decimals", [9, 1, 0])
@pytest.mark.parametrize("share", [0.02, 0.4, 1.0])
@pytest.mark.parametrize("rows", [1, 2, 7, 100, 3000])
def test_binary_metrics_equal_scikit_learn(rows, share, decimals, rng):
    y, pred, proba = scored(rng, rows, share, decimals)
    aggregates = one(y, pred, proba)
    for name, reference in BINARY_REFERENCE.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = reference(y, pred, proba)
        value = METRICS["binary"][name].value(aggregates)[0]
        assert value == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize(("rows", "classes"), [(1, 3), (5, 3), (60, 3), (40, 12), (2000, 5)])
def test_multiclass_metrics_equal_scikit_learn(rows, classes, rng):
    y, pred, proba = classed(rng, rows, classes)
    aggregates = one(y, pred, proba, classes)
    for name, reference in MULTICLASS_REFERENCE.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = reference(y, pred, proba)
        value = METRICS["multiclass"][name].value(aggregates)[0]
        assert value == pytest.approx(expected, rel=1e-12, nan_ok=True), name


@pytest.mark.parametrize("offset", [0.0, 1e6])
@pytest.mark.parametrize("rows", [1, 2, 50, 2000])
def test_regression_metrics_equal_scikit_learn(rows, offset, rng):
    y = rng.normal(offset, 1, rows)
    pred = y + rng.standard_t(4, rows)
    aggregates = GroupedRegression(y, pred, np.array([0]), np.array([rows]))
    for name, reference in REGRESSION_REFERENCE.items():
        expected = np.nan if name == "r2" and rows == 1 else reference(y, pred)
        value = METRICS["regression"][name].value(aggregates)[0]
        assert value == pytest.approx(expected, rel=1e-9, nan_ok=True), name


def test_a_metric_of_probabilities_needs_some():
    y = pred = np.array([0, 1, 1])
    expected = ExpectedClassification(pred, None).given(np.array([0.2, 0.7, 0.9]))
    accuracy = METRICS["binary"]["accuracy"].value
    assert accuracy(one(y, pred, None)).tolist() == [1]
    assert accuracy(expected) == pytest.approx(0.8)
    for rows in (one(y, pred, None), expected):
        for name in ("roc_auc", "brier"):
            with pytest.raises(ValueError, match="asked for without any"):
                METRICS["binary"][name].value(rows)


def test_log_loss_clips_as_scikit_learn_does_for_either_precision():
    y, pred = np.array([0, 1, 1]), np.array([0, 1, 1])
    for kind in (np.float32, np.float64):
        proba = np.array([1.0, 0.0, 0.3], kind)
        value = METRICS["binary"]["log_loss"].value(one(y, pred, proba))[0]
        assert value == pytest.approx(sk.log_loss(y, proba), rel=1e-6)


# --- sums over groups


@given(some.data())
def test_group_sums_equal_sums_of_slices(data):
    rows = data.draw(some.integers(1, 60))
    values = np.array(data.draw(some.lists(some.integers(-9, 9), min_size=rows, max_size=rows)))
    bounds = some.tuples(some.integers(0, rows), some.integers(0, rows)).map(sorted)
    lo, hi = np.array(data.draw(some.lists(bounds, min_size=1, max_size=20))).T
    assert group_sums(values, lo, hi).tolist() == [
        values[a:b].sum() for a, b in zip(lo, hi, strict=True)
    ]
    codes = values + 9
    counts = group_counts(codes, 19, lo, hi)
    for row, a, b in zip(counts, lo, hi, strict=True):
        assert row.tolist() == np.bincount(codes[a:b], minlength=19).tolist()


def test_a_huge_value_costs_other_groups_no_precision():
    values = np.array([1e18, 0.25, 0.5, 0.125])
    assert group_sums(values, np.array([0, 1, 2]), np.array([2, 4, 3])).tolist() == [
        1e18, 0.875, 0.5,
    ]  # fmt: skip


# --- expectations


@pytest.mark.parametrize("decimals", [9, 1])
def test_expected_values_of_known_labels_are_the_measured_ones(decimals, rng):
    y, pred, proba = scored(rng, 400, decimals=decimals)
    draws = ExpectedClassification(pred, proba).given(np.stack([y, 1 - y]).astype(float))
    for name, metric in METRICS["binary"].items():
        value = metric.value(draws)
        for got, labels in zip(value, (y, 1 - y), strict=True):
            assert got == pytest.approx(metric.value(one(labels, pred, proba))[0], rel=1e-12), name

    y, pred, proba = classed(rng, 300, 4)
    certain = ExpectedClassification(pred, proba, 4).given(np.eye(4)[y])
    for name, metric in METRICS["multiclass"].items():
        expected = metric.value(one(y, pred, proba, 4))[0]
        assert metric.value(certain) == pytest.approx(expected, rel=1e-12), name


def test_expected_accuracy_and_losses_are_means_over_all_possible_labels(rng):
    pred, proba, c = np.array([1, 0, 1, 1, 0]), rng.random(5), rng.random(5)
    labels = (np.arange(32)[:, None] >> np.arange(5)) & 1
    chance = np.where(labels == 1, c, 1 - c).prod(1)
    expected = ExpectedClassification(pred, proba).given(c)
    for name in ("accuracy", "log_loss", "brier"):
        metric = METRICS["binary"][name]
        values = [metric.value(one(row, pred, proba))[0] for row in labels]
        assert metric.value(expected) == pytest.approx(chance @ values, rel=1e-12), name


# --- intervals against their definitions


def test_wilson_equals_scipy():
    for successes, rows in ((0, 1), (3, 7), (50, 50), (123, 1000)):
        expected = stats.binomtest(successes, rows).proportion_ci(method="wilson")
        lower, upper = intervals.wilson(np.array(successes), np.array(rows))
        assert (lower, upper) == pytest.approx(tuple(expected), abs=1e-12)


def test_newcombe_limits_solve_his_equation():
    # Newcombe (2006), method 5, the variance in its other form, N* = (m + n) / 2:
    # theta (1 - theta) [2 N* - 1 - (3 N* - 3) / ((2 - theta)(1 + theta))] / (m n).
    auc, m, n = np.array([0.893, 0.5, 0.97]), np.array([51, 12, 10]), np.array([58, 90, 1000])
    middle = (m + n) / 2
    for limit in intervals.newcombe_auc(auc, m, n):
        variance = limit * (1 - limit) / (m * n)
        variance *= 2 * middle - 1 - (3 * middle - 3) / ((2 - limit) * (1 + limit))
        assert np.abs(auc - limit) == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-5)


@pytest.mark.parametrize("decimals", [9, 1])
def test_delong_error_equals_its_definition(decimals, rng):
    y, _, score = scored(rng, 150, decimals=decimals)
    above = score[y == 1][:, None] - score[y == 0][None, :]
    wins = (above > 0) + 0.5 * (above == 0)
    variance = wins.mean(1).var(ddof=1) / (y == 1).sum() + wins.mean(0).var(ddof=1) / (y == 0).sum()
    ranking = rank_groups(y == 1, score, np.array([0]), np.array([150]))
    assert ranking.auc_error[0] == pytest.approx(np.sqrt(variance), rel=1e-10)


@pytest.mark.parametrize("decimals", [9, 1])
def test_average_precision_error_is_that_of_its_derivatives(decimals, rng):
    y, _, score = scored(rng, 120, decimals=decimals)
    step, influence = 1e-5, []
    for row in range(len(y)):
        up, down = np.ones(len(y)), np.ones(len(y))
        up[row], down[row] = 1 + step, 1 - step
        ends = [sk.average_precision_score(y, score, sample_weight=weight) for weight in (up, down)]
        influence.append((ends[0] - ends[1]) / (2 * step))
    ranking = rank_groups(y == 1, score, np.array([0]), np.array([120]))
    assert ranking.ap_error[0] == pytest.approx(np.sqrt(np.square(influence).sum()), rel=1e-5)


def test_classes_overlap_as_much_as_their_derivatives_say(rng):
    y, pred, proba = classed(rng, 200, 3)
    step, rows = 1e-5, np.empty((len(y), 3))
    for row in range(len(y)):
        up, down = np.ones(len(y)), np.ones(len(y))
        up[row], down[row] = 1 + step, 1 - step
        ends = [sk.f1_score(y, pred, average=None, sample_weight=weight) for weight in (up, down)]
        rows[row] = (ends[0] - ends[1]) / (2 * step)
    expected = np.sqrt(np.square(rows.sum(1)).sum() / np.square(rows).sum())
    cells = one(y, pred, proba, 3).cells
    hits = np.diagonal(cells, axis1=1, axis2=2)
    wrong = cells.sum(1) + cells.sum(2) - 2 * hits
    f1 = 2 * hits / (2 * hits + wrong)
    assert _overlap_of_f1(cells, f1, hits, wrong)[0] == pytest.approx(expected, rel=1e-4)

    rounded = np.round(proba, 1)
    parts = np.empty((len(y), 3))
    for k in range(3):
        above = rounded[:, k][:, None] - rounded[:, k][None, :]
        wins, own = (above > 0) + 0.5 * (above == 0), y == k
        parts[own, k] = wins[own][:, ~own].mean(1) - wins[own][:, ~own].mean()
        parts[~own, k] = wins[own][:, ~own].mean(0) - wins[own][:, ~own].mean()
        parts[:, k] /= np.where(own, own.sum(), (~own).sum())
    expected = np.sqrt(np.square(parts.sum(1)).sum() / np.square(parts).sum())
    _, together = rank_classes(y, rounded, np.array([0]), np.array([200]))
    assert together[0] == pytest.approx(expected, rel=1e-10)


def test_two_classes_are_one_area_twice(rng):
    y, _, proba = classed(rng, 80, 2)
    _, together = rank_classes(y, proba, np.array([0]), np.array([80]))
    assert together[0] == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize("decimals", [9, 1])
def test_classes_are_ranked_as_each_is_alone(decimals, rng):
    y, _, proba = classed(rng, 300, 4)
    proba, bounds = proba.round(decimals), (np.array([0, 100]), np.array([150, 300]))
    rankings, _ = rank_classes(y, proba, *bounds)
    for label, ranking in enumerate(rankings):
        alone = rank_groups(y == label, proba[:, label], *bounds)
        assert ranking.auc == pytest.approx(alone.auc, rel=1e-12)
        assert ranking.auc_error == pytest.approx(alone.auc_error, rel=1e-12)
        assert ranking.positives.tolist() == alone.positives.tolist()


def test_r2_error_is_the_jackknifes(rng):
    y = rng.normal(5, 2, 40)
    pred = y + rng.normal(size=40)
    aggregates = GroupedRegression(y, pred, np.array([0]), np.array([40]))
    without = [np.log(1 - sk.r2_score(np.delete(y, i), np.delete(pred, i))) for i in range(40)]
    expected = np.sqrt(39 * np.var(without))
    assert aggregates.unexplained[1][0] == pytest.approx(expected, rel=1e-9)


def test_mean_of_a_symmetric_loss_has_students_interval():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    lower, upper = intervals.mean_loss(moments(values, np.array([0]), np.array([5])))
    expected = stats.t.interval(0.95, 4, loc=3, scale=stats.sem(values))
    assert (lower[0], upper[0]) == pytest.approx(expected, rel=1e-4)


def test_combined_interval_of_equal_classes_shrinks_with_their_number():
    value = np.array([[0.5, 0.5, 0.5, 0.5]])
    lower, upper = intervals.combined(value, value - 0.2, value + 0.1)
    assert (lower[0], upper[0]) == pytest.approx((0.4, 0.55))


@settings(max_examples=150)
@given(some.integers(0, 2**32 - 1), some.integers(1, 30), some.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_intervals_hold_their_finite_value(seed, rows, share):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(int)
    proba = rng.choice([0.0, 0.3, 0.3, 0.9, 1.0], rows)
    y3, pred3 = rng.integers(0, 3, (2, rows))
    proba3 = np.eye(3)[rng.integers(0, 3, rows)] * 0.7 + 0.1
    scale = 10.0 ** rng.integers(-8, 60)
    numbers = rng.choice([0.0, 1.0, 1.0, -2.0, 5e3], (2, rows)) * scale
    bounds = np.array([0]), np.array([rows])
    for task, aggregates in {
        "binary": one(y, (proba > 0.5).astype(int), proba),
        "multiclass": one(y3, pred3, proba3, 3),
        "regression": GroupedRegression(*numbers, *bounds),
    }.items():
        for name, metric in METRICS[task].items():
            value, lower, upper = (part[0] for part in metric.measure(aggregates))
            if np.isfinite(value):
                assert metric.low <= lower <= value <= upper <= metric.high, (task, name)
                assert np.isfinite([lower, upper]).all(), (task, name)


# --- coverage by simulation; `make bench` has the long one


def binormal(z, y, share, distance, slope, offset):
    """A model whose score is a distorted probability of two normal populations."""
    chance = logit(share) + distance * z - distance**2 / 2
    proba = expit(offset + slope * chance)
    return y, (proba > share).astype(int), proba


def exact(share, *model, rows=100_000):
    """Values in an endless sample: evenly spaced quantiles instead of random draws."""
    pos = round(share * rows)
    z = [ndtri((np.arange(n) + 0.5) / n) for n in (pos, rows - pos)]
    y = np.repeat([1, 0], [pos, rows - pos])
    aggregates = one(*binormal(np.concatenate([z[0] + model[0], z[1]]), y, share, *model))
    return {name: metric.value(aggregates)[0] for name, metric in METRICS["binary"].items()}


@pytest.mark.parametrize(("rows", "share"), [(100, 0.1), (500, 0.3)])
def test_intervals_cover_95_percent_averaged_over_true_values(rows, share):
    rng = np.random.default_rng(7)
    windows, held = 120, {name: [] for name in METRICS["binary"]}
    lo = np.arange(windows) * rows
    for distance in np.linspace(0.3, 2.8, 20):
        model = distance, rng.choice([0.6, 1.0, 1.6]), rng.choice([-0.7, 0.0, 0.7])
        true = exact(share, *model)
        y = (rng.random(windows * rows) < share).astype(int)
        z = rng.normal(size=len(y)) + distance * y
        aggregates = GroupedClassification(*binormal(z, y, share, *model), 2, lo, lo + rows)
        for name, metric in METRICS["binary"].items():
            value, lower, upper = metric.measure(aggregates)
            known = np.isfinite(value)
            held[name].append(((lower <= true[name]) & (true[name] <= upper))[known])
    for name, parts in held.items():
        assert 0.93 <= np.concatenate(parts).mean() <= 0.97, name


def test_loss_intervals_cover_skewed_losses():
    rng = np.random.default_rng(11)
    lo = np.arange(2000) * 100
    for draw, mean in ((rng.standard_exponential, 1.0), (lambda n: rng.normal(size=n) ** 2, 1.0)):
        lower, upper = intervals.mean_loss(moments(draw(200_000), lo, lo + 100))
        assert 0.93 <= ((lower <= mean) & (mean <= upper)).mean() <= 0.97


def test_few_positives_do_not_make_narrow_intervals():
    # Calibrated scores of about 1 %: most windows of 30 rows have no positive row at all.
    rng = np.random.default_rng(11)
    proba = rng.uniform(0.001, 0.02, 60_000)
    y = (rng.random(len(proba)) < proba).astype(int)
    lo = np.arange(0, len(y), 30)
    windows = GroupedClassification(y, y, proba, 2, lo, lo + 30)
    true = {
        "log_loss": -np.mean(proba * np.log(proba) + (1 - proba) * np.log1p(-proba)),
        "brier": np.mean(proba * (1 - proba)),
    }
    for name, value in true.items():
        _, lower, upper = METRICS["binary"][name].measure(windows)
        held = np.mean((lower <= value) & (value <= upper))
        assert 0.94 < held < 0.985, (name, held)


def test_calibration_slope_and_error_equal_direct_computations(rng):
    proba = rng.uniform(0.02, 0.98, 3000).round(2)
    y = (rng.random(3000) < expit(0.5 * logit(proba) + 0.3)).astype(int)
    rows = one(y, y, proba)
    slope = METRICS["binary"]["calibration_slope"]
    own = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(proba)[:, None], y)
    value, lower, upper = slope.measure(rows)
    assert value[0] == pytest.approx(own.coef_[0, 0], rel=1e-5)
    assert lower[0] < 0.5 < upper[0]
    bins = np.minimum((proba * 10).astype(int), 9)
    gaps = [abs(y[bins == k].mean() - proba[bins == k].mean()) * (bins == k).mean()
            for k in range(10)]  # fmt: skip
    ece = METRICS["binary"]["ece"]
    assert ece.value(rows)[0] == pytest.approx(sum(gaps))
    # Known labels are expected as they are, and one more row moves both as its influence says.
    given = ExpectedClassification(y, proba, 2).given(y.astype(float))
    for metric in (slope, ece):
        assert float(metric.value(given)) == pytest.approx(metric.value(rows)[0])
        more = one(np.append(y, 1), np.append(y, 1), np.append(proba, proba[0]))
        moved = metric.value(more)[0] - metric.value(rows)[0]
        assert metric.slopes(given)[0, 1] == pytest.approx(moved, rel=0.02)
    # A few rows that a model was quite sure of leave an error possible.
    sure = np.array([0, 0, 0, 1])
    upper = ece.measure(one(sure, sure, sure.astype(float)))[2][0]
    assert upper == pytest.approx(stats.binomtest(0, 4).proportion_ci(0.95, "exact").high)
    # Scores that part the labels wholly have no slope.
    assert np.isnan(slope.value(one(y, y, np.where(y == 1, 0.9, 0.2)))[0])


@pytest.mark.parametrize(("rows", "turn", "shift"), [(200, 0.7, 0.4), (100, 1.0, 0.0)])
def test_calibration_metrics_cover(rng, rows, turn, shift):
    count = 400
    proba = rng.uniform(0.02, 0.25 if turn == 1 else 0.6, count * rows)
    true = expit(turn * logit(proba) + shift)
    y = (rng.random(len(proba)) < true).astype(int)
    lo = np.arange(0, len(y), rows)
    windows = GroupedClassification(y, y, proba, 2, lo, lo + rows)
    bins = np.minimum((proba * 10).astype(int), 9)
    gaps = [np.where(bins == k, true - proba, 0).reshape(count, rows).sum(1) for k in range(10)]
    for name, value in (("ece", np.abs(gaps).sum(0) / rows), ("calibration_slope", turn)):
        _, lower, upper = METRICS["binary"][name].measure(windows)
        held = np.mean((lower <= value) & (value <= upper))
        # Binomial of 400 at 93 and 97.5 %, beyond which 0.5 % lie on either side.
        assert 0.8975 <= held <= 0.9925, (name, held)
        if name == "ece":
            # Where there is no error only the lower end can miss it: binomial at 97.5 %.
            assert (held < 0.98) if turn != 1 else (held >= 0.955)


def test_classes_that_no_label_is_are_left_out_of_the_area_and_said():
    y, proba = np.array([0, 1, 0, 1]), np.eye(3)[[0, 1, 1, 1]] * 0.8 + 0.05
    rows, metric = one(y, y, proba, 3), METRICS["multiclass"]["roc_auc"]
    value, lower, upper = metric.measure(rows)
    assert value[0] == 0.75
    assert lower[0] < 0.75 < upper[0]
    assert metric.remarks(rows, ["a", "b", "c"]) == ["no label is 'c': mean over the other classes"]
    assert np.isnan(metric.value(one(y * 0, y, proba, 3))[0])


def test_multiclass_and_regression_intervals_cover():
    rng = np.random.default_rng(5)
    rows, windows = 200, 300
    lo = np.arange(windows) * rows

    def draw(n):
        y = rng.choice(3, n, p=[0.5, 0.3, 0.2])
        scores = rng.normal(size=(n, 3)) + 1.2 * np.eye(3)[y]
        proba = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        return y, proba.argmax(1), proba

    def numbers(n):
        x = rng.normal(size=n)
        return 8 + x, 8 + 0.8 * x + rng.normal(0, 0.5, n)

    y, pred, proba = draw(windows * rows)
    true = one(*draw(400_000), 3)
    endless = GroupedRegression(*numbers(1_000_000), np.array([0]), np.array([1_000_000]))
    for task, whole, parts in (
        ("multiclass", true, GroupedClassification(y, pred, proba, 3, lo, lo + rows)),
        ("regression", endless, GroupedRegression(*numbers(windows * rows), lo, lo + rows)),
    ):
        for name, metric in METRICS[task].items():
            goal = metric.value(whole)[0]
            _, lower, upper = metric.measure(parts)
            # 300 windows: three standard errors are 3.8 points.
            assert 0.912 <= ((lower <= goal) & (goal <= upper)).mean() <= 0.988, (task, name)


# --- the table


def test_brier_is_a_loss_and_recall_is_not():
    assert METRICS["binary"]["brier"].worse(np.array([0.3]), np.array([0.2]))
    assert not METRICS["binary"]["recall"].worse(np.array([0.3]), np.array([0.2]))
    rows = one(np.array([1]), np.array([1]), np.array([0.9]))
    assert METRICS["binary"]["brier"].value(rows).round(12).tolist() == [0.01]


def test_select_names_what_is_unknown_or_needs_probabilities():
    found = select_metrics("binary", None, has_proba=False)
    assert found == [metric for metric in METRICS["binary"].values() if not metric.needs_proba]
    assert {"accuracy", "precision", "recall", "f1"} <= {metric.name for metric in found}
    with pytest.raises(ParameterError, match="Did you mean 'roc_auc'"):
        select_metrics("binary", ["rocauc"], has_proba=True)
    with pytest.raises(ParameterError, match="'brier' need probabilities"):
        select_metrics("binary", ["accuracy", "brier"], has_proba=False)


@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12])
def test_an_error_far_larger_than_its_spread_keeps_its_interval(rng, offset):
    error = np.round(rng.gamma(2, size=400), 3)
    rows = GroupedRegression(
        error + offset, np.zeros(400), np.array([0, 200]), np.array([200, 400])
    )
    value, lower, upper = METRICS["regression"]["mae"].measure(rows)
    parts = error.reshape(2, 200)
    np.testing.assert_allclose(value - offset, parts.mean(1), atol=1e-3)
    half = stats.t.ppf(0.975, 199) * parts.std(1, ddof=1) / np.sqrt(200)
    np.testing.assert_allclose(upper - lower, 2 * half, rtol=0.03)
