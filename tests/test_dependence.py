"""Rows in units: the mechanism against hand-made figures, scipy, and short simulations."""

import numpy as np
import pytest
from scipy import stats

from driftlib.stats.dependence import score_test, share_test
from driftlib.stats.few_units import cannot_tell, needs_rank
from driftlib.stats.significance import benjamini_hochberg
from driftlib.stats.unit_counts import UnitCounts, count_units, normal_scores, score_sums
from driftlib.stats.unit_drift import compare_units, pool_shares, weighted_bonferroni
from driftlib.stats.unit_memory import unit_memory
from driftlib.stats.units import Units, units_of

FEATURES = 20


def sides(a: int, b: int, memory: bool = True) -> Units:
    return Units(np.arange(a + b) >= a, np.arange(a + b), memory)


def judged(units, means, rows=1000, within=0.01, **options):
    means = np.atleast_2d(means)
    n = np.broadcast_to(rows, means.shape)
    squares = n * means**2 + within * np.maximum(n - 1, 0)
    return score_test(units, n, n * means, squares, **options)


def counts_of_normals(rng, units, repeats, rows, icc, shift=0.0, cells=20, memory=0.0):
    """Rows by cell of features whose units have normal effects; the first one is shifted."""
    count = len(units.position)
    u = rng.normal(size=(repeats, FEATURES, count))
    for i in range(1, count):
        u[..., i] = memory * u[..., i - 1] + np.sqrt(1 - memory**2) * u[..., i]
    mean = np.sqrt(icc) * u
    mean[:, 0] += shift * units.current
    edges = stats.norm.ppf(np.arange(1, cells) / cells)
    below = stats.norm.cdf((edges - mean[..., None]) / np.sqrt(1 - icc))
    p = np.diff(below, prepend=0, append=1)
    return rng.multinomial(np.broadcast_to(rows, u.shape), p / p.sum(-1, keepdims=True))


def real(drift):
    q = np.array([benjamini_hochberg(p) for p in drift.p_value])
    return drift.real(q)


def at_most(hits: int, of: int, promise: float) -> bool:
    """Whether the 99 % interval of a simulated share is not above the promise."""
    return stats.binomtest(hits, of, promise, alternative="greater").pvalue > 0.005


def test_equal_units_that_dominate_give_the_t_test_of_their_means(rng):
    means = rng.normal(size=(6, 18))
    test = judged(sides(10, 8), means, phi=0)
    theirs = stats.ttest_ind(means[:, :10], means[:, 10:], axis=1)
    assert test.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert test.degrees_of_freedom == pytest.approx(16)
    assert test.difference == pytest.approx(means[:, 10:].mean(1) - means[:, :10].mean(1))


def test_variance_of_equal_units_by_hand():
    # Means 0, 2 and 4, 8 of 10 rows, within-unit variance 5: noise of a mean .5; residual
    # squares 2 + 8 over 2 degrees, so effects 5 - .5 = 4.5, and V = (4.5 + .5)(1/2 + 1/2).
    test = judged(sides(2, 2), [0, 2, 4, 8], rows=10, within=5, phi=0)
    assert test.between == pytest.approx(4.5)
    assert test.variance == pytest.approx(5)
    assert test.p_value == pytest.approx(2 * stats.t.sf(5 / np.sqrt(5), 2))


def test_memory_widens_the_variance_as_its_matrices_say(rng):
    # The formulas written out with full matrices, for equal units that dominate.
    a, b, phi = 10, 8, 0.4
    centre = np.eye(a + b)
    centre[:a, :a] -= 1 / a
    centre[a:, a:] -= 1 / b
    r = phi ** np.abs(np.subtract.outer(np.arange(a + b), np.arange(a + b)))
    c = np.repeat([-1 / a, 1 / b], [a, b])
    factor = (a + b - 2) * (c @ r @ c) / ((c @ c) * np.trace(centre @ r))
    degrees = np.trace(centre @ r) ** 2 / np.trace(centre @ r @ centre @ r)
    means = rng.normal(size=(1, a + b))
    with_memory = judged(sides(a, b), means, phi=phi, within=1e-9)
    without = judged(sides(a, b), means, phi=0, within=1e-9)
    assert with_memory.variance / without.variance == pytest.approx(factor, rel=1e-6)
    assert with_memory.degrees_of_freedom == pytest.approx(degrees, rel=1e-6)


def test_memory_is_that_of_the_effects_not_of_the_means(rng):
    units = sides(30, 30)
    u = rng.normal(size=(40, FEATURES, 60))
    for i in range(1, 60):
        u[..., i] = 0.6 * u[..., i - 1] + 0.8 * u[..., i]
    # Half of the variance of a mean is noise: its own lag-1 correlation would be .3.
    y = u + rng.normal(size=u.shape)
    phi = unit_memory(units, 100, 100 * y, 100 * y * y + 100 * 99)
    assert phi.mean() == pytest.approx(0.6, abs=0.05)
    no_time = Units(units.current, units.position, memory=False)
    assert not unit_memory(no_time, 100, 100 * y, 100 * y * y + 100 * 99).any()


def test_units_of_one_row_are_rows(rng):
    x = rng.normal(size=(4, 200))
    units = sides(120, 80)
    test = score_test(units, 1, x, x * x)
    difference = x[:, 120:].mean(1) - x[:, :120].mean(1)
    variance = x.var(1) * (1 / 120 + 1 / 80)
    assert test.p_value == pytest.approx(2 * stats.norm.sf(abs(difference) / np.sqrt(variance)))
    cells = (x[..., None] > [-9, 0]).astype(float)
    cells[..., 0] -= cells[..., 1]
    todays = np.array([0.3, 0.01, 0.9, 0.5])
    assert (
        compare_units(units, cells, cells, row_p_value=todays).p_value.tolist() == todays.tolist()
    )


def test_features_without_missing_values_are_judged_as_if_none_was_asked_for(rng):
    units = sides(30, 3)
    counts = counts_of_normals(rng, units, 3, 200, 0.05)
    rows = counts.sum(-1)
    nothing, one = np.full(rows.shape[:-1], np.nan), np.full(rows.shape[:-1], np.nan)
    one[0, 0] = 0.5
    plain = compare_units(units, counts, counts)
    assert (plain.rank_p_value > 0).all()
    for row_p_value in (nothing, one):
        found = compare_units(units, counts, counts, missing=(rows * 0, rows, row_p_value))
        asked = np.isfinite(row_p_value)
        assert np.isnan(found.missing_p_value).tolist() == (~asked).tolist()
        assert found.p_value[~asked].tolist() == plain.p_value[~asked].tolist()
        assert found.rank_p_value.tolist() == plain.rank_p_value.tolist()
        assert found.phi.tolist() == plain.phi.tolist()


def test_never_below_independent_rows(rng):
    units = sides(12, 12)
    counts = counts_of_normals(rng, units, 3, 200, 0.05)
    by_units = compare_units(units, counts, counts)
    todays = np.full((3, FEATURES), 0.4)
    both = compare_units(units, counts, counts, row_p_value=todays)
    assert (both.p_value >= 0.4).all()
    assert both.p_value == pytest.approx(np.maximum(by_units.p_value, 0.4))


def test_order_matters_to_the_memory_alone(rng):
    means = rng.normal(size=(3, 20))
    order = np.concatenate([rng.permutation(12), 12 + rng.permutation(8)])
    customers = judged(sides(12, 8, memory=False), means)
    shuffled = judged(sides(12, 8, memory=False), means[:, order])
    assert shuffled.p_value == pytest.approx(customers.p_value)
    # Units listed in another order, each at its own place in time, are the same units.
    units = sides(12, 8)
    listed = Units(units.current[order], units.position[order])
    assert judged(listed, means[:, order]).p_value == pytest.approx(judged(units, means).p_value)


def test_units_without_rows_do_not_count(rng):
    means = rng.normal(size=(2, 14))
    rows = np.full((2, 14), 50)
    rows[1, [3, 12]] = 0
    together = judged(sides(8, 6), means, rows=rows, phi=0)
    kept = [i for i in range(14) if i not in (3, 12)]
    alone = judged(sides(7, 5), means[1, kept], rows=50, phi=0)
    assert together.p_value[1] == pytest.approx(alone.p_value[0])


def test_a_habit_on_both_sides_cancels():
    units = Units(np.repeat([False, True], 20), np.tile(np.arange(20), 2), memory=False)
    habit = np.linspace(-2, 2, 20)
    wobble = 0.1 * np.cos(np.arange(20))
    means = np.concatenate([habit, habit + 0.3 + wobble])
    paired = judged(units, means, rows=1000, within=1)
    apart = judged(sides(20, 20, memory=False), means, rows=1000, within=1)
    assert paired.p_value[0] < 1e-6 < 0.3 < apart.p_value[0]
    assert len(units.pairs[0]) == 20
    listed, places = units_of([5, 0, 2], [1, 3, 0])
    assert places.tolist() == [0, 2, 3, 4]
    assert listed.pairs[0].tolist(), listed.pairs[1].tolist() == ([0], [2])


def test_a_score_that_never_varies_is_no_change():
    test = score_test(sides(6, 6), 10, np.full((1, 12), 10.0), np.full((1, 12), 10.0))
    assert test.p_value.tolist() == [1.0]
    assert share_test(sides(6, 6), 10, np.zeros((1, 12))).p_value.tolist() == [1.0]


def test_normal_scores_are_those_of_the_ranks():
    scores = normal_scores([1] * 200)
    assert scores == pytest.approx(stats.norm.ppf((np.arange(200) + 0.5) / 200), abs=0.1)
    counts = np.array([3, 0, 5, 10, 2])
    assert (normal_scores(counts) * counts).sum() == pytest.approx(0, abs=1e-12)
    rows, sums, squares = score_sums(np.eye(5)[None] * counts[:, None], normal_scores(counts)[None])
    assert rows[0].tolist() == counts.tolist()
    assert squares * rows == pytest.approx(sums**2)


def test_unit_counts_add(rng):
    unit, cell = rng.integers(0, 40, 500), rng.integers(-1, 6, 500)
    whole = count_units(unit, cell, 6)
    parts = [count_units(unit[part], cell[part], 6) for part in np.array_split(np.arange(500), 7)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    for name in ("ids", "cells", "missing"):
        assert np.array_equal(getattr(total, name), getattr(whole, name))
    assert whole.rows.sum() == 500
    assert whole.missing.sum() == (cell < 0).sum()
    merged = whole.merged(12)
    assert isinstance(merged, UnitCounts)
    assert len(merged.ids) <= 12
    assert np.array_equal(merged.cells.sum(0), whole.cells.sum(0))


def test_weighted_bonferroni_gives_parts_to_those_that_apply():
    p = [[0.01, 0.2, np.nan], [0.5, np.nan, np.nan], [0.04, 0.4, np.nan]]
    # Parts 3, 1, 2: of six, then of five, then none.
    assert weighted_bonferroni(p, [3, 1, 2])[:2] == pytest.approx([0.02, 0.2 * 5 / 3])
    assert np.isnan(weighted_bonferroni(p, [3, 1, 2])[2])


def test_small_shares_are_pooled_as_their_sum(rng):
    units = sides(5, 5)
    counts = rng.multinomial(20, [0.5, 0.47, 0.01, 0.01, 0.01], size=10).astype(float)
    pooled = pool_shares(units, counts)
    assert pooled.shape == (10, 6)
    assert not pooled[:, 2:5].any()
    assert pooled.sum() in (counts.sum(), counts[:, :2].sum())


def test_too_few_units_cannot_be_told():
    # (reference, current): too few, and confirmed by rank.
    cases = {
        (3, 9): (True, False), (9, 3): (True, False), (4, 4): (False, False),
        (19, 1): (False, True), (18, 1): (True, False), (30, 4): (False, True),
        (4, 30): (False, True), (30, 7): (False, False), (30, 5): (False, True),
        (40, 0): (True, True),
    }  # fmt: skip
    for (a, b), expected in cases.items():
        assert (cannot_tell(sides(a, b)), needs_rank(sides(a, b))) == expected, (a, b)
    drift = compare_units(sides(3, 3), np.ones((2, 6, 4)), np.ones((2, 6, 4)))
    assert drift.cannot_tell
    assert np.isnan(drift.p_value).all()
    assert not drift.real(np.zeros(2)).any()


def test_one_unit_is_ranked_among_all(rng):
    # With one feature, equal units: the rank of |t| with each unit left out, by hand.
    units = sides(24, 1)
    counts = counts_of_normals(rng, units, 1, 500, 0.1)[0, 1:2]
    drift = compare_units(units, counts)
    rows, sums, _ = score_sums(counts, normal_scores(counts.sum(-2)))
    y = (sums / rows)[0]
    t = [
        abs(y[i] - np.delete(y, i).mean()) / np.delete(y, i).std(ddof=1) for i in range(25)
    ]  # fmt: skip
    assert drift.rank_p_value[0] == pytest.approx(np.mean(np.array(t) >= t[-1]))


def test_the_rank_keeps_one_odd_unit_from_being_drift(rng):
    units = sides(30, 1)
    mean = rng.exponential(size=(40, FEATURES, 31)) - 1
    edges = stats.norm.ppf(np.arange(1, 20) / 20)
    below = stats.norm.cdf((edges - 0.4 * mean[..., None]) / 0.9)
    p = np.diff(below, prepend=0, append=1)
    drift = compare_units(units, rng.multinomial(300, p / p.sum(-1, keepdims=True)))
    assert at_most(int(real(drift).any(-1).sum()), 40, 0.05)
    q = np.array([benjamini_hochberg(p) for p in drift.p_value])
    assert (q < 0.05).any(-1).mean() > 0.1


@pytest.mark.parametrize(
    ("a", "b", "icc", "memory"),
    [(30, 30, 0.0, 0), (30, 30, 0.05, 0), (30, 7, 0.2, 0), (30, 30, 0.1, 0.6), (30, 1, 0.05, 0)],
)
def test_false_alarms_keep_the_promise(rng, a, b, icc, memory):
    units = sides(a, b)
    counts = counts_of_normals(rng, units, 60, 200, icc, memory=memory)
    bins = counts.reshape(*counts.shape[:-1], 10, 2).sum(-1)
    assert at_most(int(real(compare_units(units, counts, bins)).any(-1).sum()), 60, 0.05)


def test_unequal_rows_keep_the_promise_under_skewed_effects(rng):
    # Weights by rows give 18-23 % here: the variance would come from one side alone.
    rows = np.repeat([2000, 100], 30)
    u = rng.exponential(size=(60, FEATURES, 60)) - 1
    means = 0.3 * u + rng.normal(size=u.shape) / np.sqrt(rows)
    units = sides(30, 30)
    test = score_test(units, rows, rows * means, rows * means**2 + rows - 1)
    q = np.array([benjamini_hochberg(p) for p in test.p_value])
    assert at_most(int((q < 0.05).any(-1).sum()), 60, 0.05)


def test_power(rng):
    units = sides(30, 30)
    counts = counts_of_normals(rng, units, 20, 300, 0.05, shift=0.5)
    found = real(compare_units(units, counts, counts.reshape(*counts.shape[:-1], 10, 2).sum(-1)))
    assert found[:, 0].mean() >= 0.95
    one = sides(30, 1)
    counts = counts_of_normals(rng, one, 40, 300, 0.05, shift=1.5)
    assert real(compare_units(one, counts, counts))[:, 0].mean() >= 0.7


@pytest.mark.parametrize(("share", "effect"), [(0.3, 0.5), (0.02, 0.5), (0.02, 0)])
def test_shares_keep_the_promise_and_are_found(rng, share, effect):
    units = sides(30, 30)
    logit = np.log(share / (1 - share)) + effect * rng.normal(size=(60, FEATURES, 60))
    hits = rng.binomial(300, 1 / (1 + np.exp(-logit)))
    q = np.array([benjamini_hochberg(p) for p in share_test(units, 300, hits).p_value])
    assert at_most(int((q < 0.05).any(-1).sum()), 60, 0.05)
    logit[:, 0, 30:] += 1
    hits = rng.binomial(300, 1 / (1 + np.exp(-logit)))
    q = np.array([benjamini_hochberg(p) for p in share_test(units, 300, hits).p_value])
    assert (q[:, 0] < 0.05).mean() >= 0.9


def test_levels_and_missing_values(rng):
    units = sides(20, 20)
    counts = rng.multinomial(100, [0.6, 0.3, 0.1], size=(4, 40)).astype(float)
    counts[1, 20:] = rng.multinomial(100, [0.3, 0.3, 0.4], size=20)
    missing = rng.binomial(3, 0.5, size=(4, 40))
    missing[2, 20:] += 20
    fisher = np.array([0.5, 0.5, 1e-9, np.nan])
    rows = counts.sum(-1) + missing
    drift = compare_units(units, levels=counts, missing=(missing, rows, fisher))
    assert (drift.p_value < 1e-4).tolist() == [False, True, True, False]
    assert (drift.design_effect[[0, 2, 3]] < 2).all()
    assert not drift.rank_p_value.any()
