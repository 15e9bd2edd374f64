"""Statistics against published figures and scipy."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from driftlib.errors import DriftlibError
from driftlib.profile.column_counts import SortedColumn
from driftlib.stats import bin_tests, distances, few_rows, significance
from driftlib.stats.bin_tests import LEAST_EXPECTED
from driftlib.stats.binned import Binned
from driftlib.stats.counts import cumulative_columns, cumulative_sorted
from driftlib.stats.excess import find_spike, find_spikes
from driftlib.stats.few_rows import (
    Cells,
    KeptCells,
    Ladder,
    Points,
    cumulative_few,
    has_few_rows,
)
from driftlib.stats.gridded import Gridded
from driftlib.stats.precision import DOUBLE, EXACT, SINGLE, Claims, claims

# Yurdakul (2018), table 1.
YURDAKUL = [253, 302, 204, 134, 72, 26, 8], [177, 262, 285, 158, 88, 25, 6]


def test_psi_of_a_published_example():
    assert distances.psi(*YURDAKUL) == pytest.approx(0.0676930, abs=5e-8)
    assert bin_tests.psi_p_value(*YURDAKUL, corrected=False) == pytest.approx(7.2026e-06, rel=1e-4)
    n, m = (sum(side) for side in YURDAKUL)
    assert bin_tests.psi_critical(n, m, 7) == pytest.approx(0.0251832, abs=5e-8)


@pytest.mark.parametrize(
    ("n", "m", "bins", "critical"),
    [
        (100, 100, 10, 0.338),
        (200, 200, 10, 0.169),
        (400, 400, 10, 0.085),
        (1000, 1000, 10, 0.034),
        (100, 1000, 10, 0.186),
        (100, 100, 20, 0.603),
        (400, 400, 20, 0.151),
        (1000, 1000, 20, 0.060),
    ],
)
def test_critical_psi_of_published_table(n, m, bins, critical):
    # Yurdakul and Naranjo (2020): the plain law's 95 % points.
    assert bin_tests.psi_critical(n, m, bins) == pytest.approx(critical, abs=5e-4)


def test_psi_is_symmetric_and_zero_for_equal_shares():
    assert distances.psi(*YURDAKUL) == pytest.approx(distances.psi(*YURDAKUL[::-1]))
    assert distances.psi([10, 20, 30], [1, 2, 3]) == pytest.approx(0)


def test_psi_takes_an_empty_bin_as_half_a_row():
    by_hand = (5 / 10 - 0.5 / 20) * np.log((5 / 10) / (0.5 / 20)) + (5 / 10 - 1) * np.log(0.5)
    assert distances.psi([5, 5, 0], [0, 20, 0]) == pytest.approx(by_hand)


def test_bins_must_match_and_have_rows():
    with pytest.raises(DriftlibError, match="the same bins"):
        distances.psi([1, 2], [1, 2, 3])
    with pytest.raises(DriftlibError, match="without rows"):
        distances.hellinger([0, 0], [1, 2])


def test_chi_square_of_known_examples():
    unpooled = bin_tests.chi_square([4, 2, 0], [1, 1, 4], pooled=False)
    assert unpooled.statistic == pytest.approx(6.1333333, abs=5e-8)
    assert unpooled.p_value == pytest.approx(0.04657615, abs=5e-9)
    assert unpooled.degrees_of_freedom == 2
    even = bin_tests.chi_square([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8])
    assert even.statistic == pytest.approx(1.6224090, abs=5e-8)
    assert even.p_value == pytest.approx(0.8985262, abs=5e-8)


def test_unpooled_chi_square_equals_scipy(rng):
    for _ in range(50):
        table = rng.integers(0, 30, size=(2, rng.integers(2, 9)))
        table = table[:, table.sum(axis=0) > 0]
        theirs = stats.chi2_contingency(table, correction=False)
        ours = bin_tests.chi_square(*table, pooled=False)
        assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-10)
        assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)


def test_pooling_keeps_every_row_and_leaves_no_small_column(rng):
    for _ in range(200):
        size = rng.integers(1, 30)
        reference, current = rng.poisson(rng.exponential(9, size), size=(2, size))
        unseen = (0, int(rng.integers(0, 12)))
        if not (reference.sum() and current.sum()):
            continue
        r, c = bin_tests.pool_small(reference, current, unseen)
        assert r.sum() == reference.sum()
        assert c.sum() == current.sum() + unseen[1]
        smaller = min(r.sum(), c.sum()) / (r.sum() + c.sum())
        assert len(r) == 1 or ((r + c) * smaller >= LEAST_EXPECTED).all()


def test_kolmogorov_survival_of_a_published_point():
    from scipy.special import kolmogorov

    assert kolmogorov(0.8) == pytest.approx(0.5441424, abs=5e-8)
    # From 20 effective rows on the corrected limit law is close to the exact one.
    for n, m in [(40, 40), (100, 100), (1000, 30), (5000, 5000), (100_000, 200)]:
        effective = round(n * m / (n + m))
        for p in (0.5, 0.1, 0.05, 0.01, 0.001):
            distance = stats.kstwo.isf(p, effective)
            assert significance.kolmogorov_p_value(distance, n, m) == pytest.approx(
                p, rel=0.05, abs=2e-4
            )


def test_small_sample_kolmogorov_law_is_scipys():
    assert significance.kolmogorov_p_value(0.6, 10, 10) == pytest.approx(
        stats.kstwo.sf(0.6, 5), rel=1e-12
    )


def test_fisher_is_twice_the_smaller_tail(rng):
    for n, m in rng.integers(1, 500, size=(300, 2)).tolist():
        a, b = int(rng.binomial(n, 0.05)), int(rng.binomial(m, 0.1))
        law = stats.hypergeom(n + m, a + b, m)
        assert significance.fisher_exact(a, n, b, m) == pytest.approx(
            min(1, 2 * min(law.cdf(b), law.sf(b - 1))), abs=1e-10
        )


def test_fisher_at_a_million_rows():
    law = stats.hypergeom(2_000_000, 600_700, 1_000_000)
    theirs = 2 * min(law.cdf(300_900), law.sf(300_899))
    assert significance.fisher_exact(299_800, 1_000_000, 300_900, 1_000_000) == pytest.approx(
        theirs, rel=1e-5
    )


def test_good_turing_law_is_a_negative_binomial_tail():
    singletons, doubletons, n, m, unseen = 30, 12, 500, 200, 20
    mean = m / n * (singletons + 1)
    k = (singletons + 1) ** 2 / (singletons + 1 + 2 * doubletons)
    theirs = stats.nbinom(k, k / (k + mean)).sf(unseen - 1)
    ours = significance.unseen_p_value(unseen, n, m, singletons, doubletons)
    assert ours == pytest.approx(theirs, rel=1e-9)
    assert significance.unseen_p_value(0, n, m, singletons, doubletons) == 1


def test_distances_equal_scipy(rng):
    for _ in range(50):
        p, q = rng.integers(0, 20, size=(2, 8))
        p[0] = q[1] = 3
        assert distances.jensen_shannon(p, q) == pytest.approx(
            jensenshannon(p / p.sum(), q / q.sum(), base=2), abs=1e-9
        )
        direct = np.linalg.norm(np.sqrt(p / p.sum()) - np.sqrt(q / q.sum())) / np.sqrt(2)
        assert distances.hellinger(p, q) == pytest.approx(direct, abs=1e-7)


def test_benjamini_hochberg_equals_scipy(rng):
    p = rng.random(40)
    assert significance.benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))
    with_gaps = np.insert(p, [3, 17], np.nan)
    q = significance.benjamini_hochberg(with_gaps)
    assert np.isnan(q[[3, 18]]).all()
    assert q[~np.isnan(q)] == pytest.approx(stats.false_discovery_control(p))


def test_corrected_psi_test_holds_its_level_at_a_hundred_rows():
    # 2,000 checks of 10 equally likely bins without drift; the error of the share is 0.5 %.
    rng = np.random.default_rng(20)
    for n, m in [(100, 100), (300, 100)]:
        counts = [rng.multinomial(size, [0.1] * 10, size=2000) for size in (n, m)]
        alarms = np.mean([bin_tests.psi_p_value(p, q) < 0.05 for p, q in zip(*counts, strict=True)])
        assert 0.02 < alarms < 0.065


def test_columns_together_give_what_each_gives_alone():
    rng = np.random.default_rng(5)
    grids = [np.unique(rng.normal(size=k).round(2)) for k in (3, 40, 41, 700, 0)]
    sides = []
    for n in (400, 60):
        values = [np.sort(rng.normal(size=n + k).round(2)) for k in range(len(grids))]
        values[3] = np.sort(np.append(values[3], [grids[3][200]] * 30 * (n == 60)))
        claimed = [Claims(grid, grid) for grid in grids]
        together = cumulative_columns(grids, values, claimed)
        for one, grid, own in zip(together, grids, values, strict=True):
            alone = cumulative_sorted(grid, own)
            assert one.at_or_below.tolist() == [int((own <= point).sum()) for point in grid]
            assert one.below.tolist() == [int((own < point).sum()) for point in grid]
            assert (one.mean, one.squares) == (alone.mean, alone.squares)
            assert one.mean == pytest.approx(own.mean(), abs=1e-12)
            assert one.squares == pytest.approx(((own - own.mean()) ** 2).sum(), rel=1e-12)
            np.testing.assert_array_equal(one.gaps, alone.gaps)
            beyond = own[own > grid[-1]] - grid[-1] if len(grid) else np.zeros(0)
            assert one.gaps[-1] == pytest.approx(beyond.sum(), abs=1e-12)
        sides.append(together[:4])
    both = Gridded.of(*sides)
    spikes, far, (rank, p_value) = find_spikes(both), both.wasserstein(grids[:4]), both.mann_whitney
    for k, (r, c) in enumerate(zip(*sides, strict=True)):
        assert both.ks[k] == distances.ks(r, c)
        assert far[k] == pytest.approx(distances.wasserstein(grids[k], r, c), rel=1e-12)
        alone = significance.mann_whitney(r, c)
        assert (rank[k], p_value[k]) == (alone.statistic, alone.p_value)
        assert spikes[k] == find_spike(r, c)
    assert spikes[3].cell == 401
    assert spikes[3].p_value < 1e-9
    bins = [[(20, 30, 40), (50, 1, 1, 60), (9, 9)], [(30, 30, 40), (40, 0, 9, 20), (9, 0)]]
    together = bin_tests.pool_columns(Binned.of(*([np.array(b) for b in side] for side in bins)))
    found, tests = bin_tests.psi_p_values(together), bin_tests.chi_squares(together)
    pooled = bin_tests.pool_small(bins[0][1], bins[1][1])
    assert len(pooled[0]) == 2
    assert found[1] == pytest.approx(bin_tests.psi_p_value(*pooled), rel=1e-12)
    for p, statistic, level, *counts in zip(found, *tests, *bins, strict=True):
        assert p == pytest.approx(bin_tests.psi_p_value(*counts), rel=1e-12, nan_ok=True)
        alone = bin_tests.chi_square(*counts)
        ours = pytest.approx((alone.statistic, alone.p_value), rel=1e-12, nan_ok=True)
        assert (statistic, level) == ours
    assert np.isnan(tests).tolist() == [[False, False, True]] * 2


@pytest.mark.parametrize("bits", [EXACT, DOUBLE, SINGLE])
@pytest.mark.parametrize("often", [False, True])
def test_columns_of_few_rows_are_counted_as_longer_ones_are(bits, often):
    rng = np.random.default_rng(6)
    grids = [np.unique(rng.normal(size=300).round(digits)) for digits in (1, 2, 3)]
    grids += [np.array([2.0]), 1e9 + 1e6 * grids[0]]
    claimed = [claims(grid, bits) for grid in grids]
    values = [
        np.sort(np.concatenate([rng.normal(size=40 * k + 1), grid[::3], [grid[0] - 9.0]]))
        for k, grid in enumerate(grids)
    ]
    values[2] = np.sort(np.append(values[2], [-1.7e308, 1.7e308]))
    values.append(np.array([-3, -3, 0, 5, 7]))
    grids.append(np.array([-3.0, 4.0, 5.0]))
    claimed.append(claims(grids[-1], bits))
    assert all(map(has_few_rows, grids, values, claimed))
    few = cumulative_few(Cells.of(grids, claimed, often), values)
    with np.errstate(over="ignore"):
        slowly = cumulative_columns(grids, values, claimed)
    for one, other in zip(few, slowly, strict=True):
        assert one.rows == other.rows
        np.testing.assert_array_equal(one.below, other.below)
        np.testing.assert_array_equal(one.at_or_below, other.at_or_below)
        np.testing.assert_allclose(one.gaps, other.gaps, rtol=1e-12, atol=1e-12)
        assert (one.mean, one.squares) == pytest.approx((other.mean, other.squares), rel=1e-12)


def test_columns_that_are_not_of_few_rows():
    grid, values = np.array([1.0, 2.0]), np.array([1.5])
    known = claims(grid, DOUBLE)
    assert has_few_rows(grid, values, known)
    assert not has_few_rows(grid, values[:0], known)
    assert not has_few_rows(grid, np.arange(5000.0), known)
    # Whole numbers that doubles would run together, and points that cannot be told apart.
    large = np.array([10**18, 10**18 + 1])
    assert not has_few_rows(grid, large, known)
    assert not has_few_rows(large, values, claims(large, EXACT))
    assert not has_few_rows(grid, values, claims(np.array([0.3, 0.1 * 3]), DOUBLE))
    # A value between two neighbouring floats counts as both.
    close = np.array([1.0, np.nextafter(1.0, 2)])
    assert not has_few_rows(close, values, Claims(close, np.nextafter(close, 2)))


def test_ladder_counts_the_points_up_to_each_value():
    rng = np.random.default_rng(9)
    normal = np.unique(rng.normal(size=500))
    columns = [
        normal,
        np.array([3.0]),
        np.exp(9 * normal),
        1e15 + normal,
        np.unique(normal * 1e-310),
        np.array([-1.7e308, -1.0, 0.0, 1e-300, 1.7e308]),
        np.array([-np.inf, 2.0]),
    ]
    ladder = Ladder.of(columns)
    # Every point, its neighbours, what lies between two, and what lies outside.
    values = [
        np.concatenate(
            [
                points,
                np.nextafter(points, -1.7e308),
                np.nextafter(points, 1.7e308),
                points[:-1] / 2 + points[1:] / 2,
                rng.permutation(points) * 0.9,
                [-1.75e308, 1.75e308],
            ]
        )
        for points in columns
    ]
    values = [own[np.isfinite(own)] for own in values]
    rows, starts = np.array([len(own) for own in values]), 1000 * np.arange(len(values))
    found = ladder.count(np.concatenate(values), rows, starts) - np.repeat(starts, rows)
    expected = [pts.searchsorted(own, "right") for pts, own in zip(columns, values, strict=True)]
    np.testing.assert_array_equal(found, np.concatenate(expected))
    # Where points lie evenly there are few to a slot, and so few steps.
    assert Ladder.of([np.arange(1000.0)]).steps == 1
    assert ladder.steps == 9


def test_cells_are_kept_for_the_same_columns(monkeypatch):
    grids = [np.array([1.0, 2.0]), np.array([5.0])]
    claimed = [claims(grid, DOUBLE) for grid in grids]
    kept = KeptCells()
    # A ladder is made at the second time: most frames are counted but once.
    assert isinstance(kept.of(grids, claimed).lower, Points)
    cells = kept.of(grids, claimed)
    assert isinstance(cells.lower, Ladder)
    assert kept.of(grids, claimed) is cells
    assert kept.of(grids[:1], claimed[:1]) is not cells
    other = kept.of(grids, [claimed[0], claims(grids[1], SINGLE)])
    assert other.upper[-1] > cells.upper[-1]
    assert kept.size == 5 + 3 + 5
    monkeypatch.setattr(few_rows, "MOST_KEPT", 15)
    kept.of(grids[1:], claimed[1:])
    assert kept.size == 15
    kept.of(grids[:1], claimed[:1])
    kept.of(grids, [claimed[0], claims(grids[1], 11)])
    assert kept.size == 5
    assert kept.of(grids, claimed) is not cells


def test_a_long_column_makes_no_room_for_many_short_ones():
    short = [np.arange(float(k), k + 40.0) for k in range(99)]
    ladder = Ladder.of([*short, np.arange(4040.0)])
    assert ladder.first.shape == (100, 81)
    found = ladder.count(np.repeat(7.5, 100), np.ones(100, dtype=int), np.zeros(100, dtype=int))
    assert found.tolist() == [8, 7, 6, 5, 4, 3, 2, 1, *[0] * 91, 8]


def test_distances_of_few_rows_are_numbers_and_not_below_zero():
    most = np.finfo(float).max
    grid = np.array([-1.5e308, 1.0, 1.5e308])
    values = [np.array([-1.4e308, -1.4e308, 2.0]), np.array([-most])]
    grids = [grid, np.array([-most])]
    claimed = [claims(one, DOUBLE) for one in grids]
    wide, low = cumulative_few(Cells.of(grids, claimed, often=True), values)
    assert wide.gaps.tolist() == [0.0, most, 1.5e308, 0.0]
    assert (low.at_or_below.tolist(), low.gaps.tolist()) == ([1], [0.0, 0.0])
    # A value that counts as a point may be above it by its last digits.
    grid = np.array([1.1, 2.2])
    values = [np.nextafter(grid, 3.0)]
    (found,) = cumulative_few(Cells.of([grid], [claims(grid, DOUBLE)]), values)
    assert found.at_or_below.tolist() == [1, 2]
    assert found.gaps.tolist() == [0.0, 0.0, 0.0]


def test_of_columns_read_together_each_is_read_as_if_alone():
    columns = [
        np.array([-np.inf, 0.1, 0.3]),
        np.array([0.5, 0.7, 1.1]),
        np.array([0.2, np.nan, np.inf]),
        np.array([0.5, 0.25, 0.75]),
        np.array([-0.9, 0.1, 0.3]),
    ]
    together = SortedColumn.of_each(columns)
    for one, values in zip(together, columns, strict=True):
        alone = SortedColumn.of(values)
        assert one.ordered.tolist() == alone.ordered.tolist()
        assert (one.missing, one.infinite, one.bits) == (alone.missing, alone.infinite, alone.bits)
    assert [one.bits for one in together] == [DOUBLE, DOUBLE, DOUBLE, SINGLE, DOUBLE]
    assert [one.infinite for one in together] == [1, 0, 1, 0, 0]


def test_levels_too_few_for_a_chi_square_are_tested_exactly(rng):
    assert np.isnan(bin_tests.chi_square([20, 20], [400, 0]).p_value)
    exact = stats.hypergeom(440, 20, 40).sf(19)
    assert bin_tests.commonest_p_value([20, 20], [400, 0]) == pytest.approx(2 * exact)
    unseen = bin_tests.commonest_p_value([40], [20], (0, 380))
    assert unseen == pytest.approx(bin_tests.commonest_p_value([0, 40], [380, 20]))
    for nothing in (([40], [400]), ([40], [0]), ([], [])):
        assert np.isnan(bin_tests.commonest_p_value(*nothing))
    few, many = (rng.multinomial(n, [0.9, 0.06, 0.04], 2000) for n in (20, 400))
    found = [bin_tests.commonest_p_value(*both) for both in zip(few, many, strict=True)]
    assert np.mean(np.array(found) < 0.05) <= 0.05
