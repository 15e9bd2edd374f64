"""A year of windows under one budget: the e-detector against slow arithmetic and simulations."""

import numpy as np
import pytest
from scipy import stats

from driftlib.errors import DriftlibError
from driftlib.stats.sequential import CLIP, STAKES, alarms, forget, start, update


def run(scores, reference, **options):
    detector = start(scores[:reference], **options)
    for window in scores[reference:]:
        detector = update(detector, window)
    return detector


def first_alarm(scores, reference, windows=52):
    detector = start(scores[:reference])
    for i, window in enumerate(scores[reference:]):
        detector = update(detector, window)
        if alarms(detector, windows).any():
            return i
    return None


def at_most(hits: int, of: int, promise: float) -> bool:
    """Whether the 99 % interval of a simulated share is not above the promise."""
    return stats.binomtest(hits, of, promise, alternative="greater").pvalue > 0.005


def test_the_first_windows_by_slow_arithmetic(rng):
    a = rng.normal(size=(16, 1))
    detector = start(a[:14])
    centred = a[:14, 0] - a[:14, 0].mean()
    r = (centred[1:] * centred[:-1]).sum() / (centred**2).sum()
    r += (1 + 3 * max(r, 0)) / 14
    r = np.clip(r + np.sqrt((1 - r * r) / 14), 0, 0.9)
    assert detector.damping == pytest.approx(np.sqrt((1 - r) / (1 + r)))
    # E exp(stake x clipped normal), by numbers.
    x = np.linspace(-12, 12, 400_001)
    density = stats.norm.pdf(x) * (x[1] - x[0])
    moments = [(np.exp(s * np.clip(x, -CLIP, CLIP)) * density).sum() for s in STAKES]
    worth = np.zeros((len(STAKES), 2))
    for k in (14, 15):
        before = a[:k, 0]
        t = (a[k, 0] - before.mean()) / (before.std(ddof=1) * np.sqrt(1 + 1 / k))
        z = np.clip(stats.norm.ppf(stats.t.cdf(t, k - 1)) * detector.damping, -CLIP, CLIP)
        for i, (stake, moment) in enumerate(zip(STAKES, moments, strict=True)):
            for j, sign in enumerate((1, -1)):
                worth[i, j] = (1 + worth[i, j]) * np.exp(stake * sign * z) / moment
    assert run(a, 14).worth[0] == pytest.approx(worth.mean(), rel=1e-6)


def test_clipped_bets_are_fair():
    x = np.random.default_rng(0).normal(size=1_000_000)
    detector = start(np.random.default_rng(1).normal(size=(20, 1)))
    assert (update(detector, [0.0]).evidence > 0).all()
    moments = np.exp(STAKES[:, None] * np.clip(x, -CLIP, CLIP)).mean(1)
    flat = update(detector, detector.mean).evidence[0, :, 0]
    assert 1 / flat == pytest.approx(moments, rel=0.03)


def test_features_do_not_touch_each_other_but_for_the_memory(rng):
    a = rng.normal(size=(40, 3))
    together = run(a, 20)
    b = a.copy()
    b[20:, 0] += 9
    shifted = run(b, 20)
    assert shifted.worth[1:] == pytest.approx(together.worth[1:])
    assert shifted.worth[0] > 100 * together.worth[0]


def test_units_of_measure_and_direction_do_not_matter(rng):
    a = rng.normal(size=(40, 2))
    a[25:] += 3
    turned = run(7 - 1000 * a, 20)
    plain = run(a, 20)
    assert turned.worth == pytest.approx(plain.worth)
    assert plain.rising.all()
    assert not turned.rising.any()
    assert turned.onset.tolist() == plain.onset.tolist() == [5, 5]


def test_a_window_without_a_score_changes_nothing(rng):
    a = rng.normal(size=(30, 2))
    a[25, 0] = np.nan
    with_gap = run(a, 20)
    without = run(np.delete(a, 25, axis=0), 20)
    assert with_gap.worth[0] == pytest.approx(without.worth[0])
    assert with_gap.windows == 10
    assert with_gap.count.tolist() == [29, 30]


def test_larger_windows_weigh_more(rng):
    rows = np.where(np.arange(40) % 2, 4000, 40)[:, None]
    a = rng.normal(size=(40, 1)) / np.sqrt(rows)
    detector = start(a, rows, within=1)
    assert detector.mean[0] == pytest.approx(np.average(a[:, 0], weights=rows[:, 0]), abs=0.01)
    # Three standard errors of the larger kind are nothing for the smaller.
    small = update(detector, [3 / np.sqrt(4000)], 40).worth[0]
    large = update(detector, [3 / np.sqrt(4000)], 4000).worth[0]
    assert large > 3 * small


def test_an_alarm_names_the_features_that_changed(rng):
    a = rng.normal(size=(50, 20))
    a[30:, [2, 7]] += 6
    assert np.flatnonzero(alarms(run(a, 26), 52)).tolist() == [2, 7]
    assert not alarms(run(a[:30], 26), 52).any()
    assert not alarms(start(np.zeros((13, 0))), 52).size


def test_over_is_judged_against_the_reference_and_begins_anew(rng):
    a = rng.normal(size=(60, 5))
    a[30:45, 1] += 6
    detector, said = start(a[:26]), []
    for i, window in enumerate(a[26:]):
        detector = update(detector, window)
        alarmed = alarms(detector, 52)
        if (alarmed & detector.over).any():
            said.append(i)
            detector = forget(detector, alarmed & detector.over)
    # Back to normal from window 19 on; the long shift had become the running mean.
    assert len(said) == 1
    assert 19 < said[0] < 30
    assert not alarms(detector, 52).any()


def test_a_short_reference_is_refused():
    with pytest.raises(DriftlibError, match="12 windows"):
        start(np.zeros((12, 2)))


def test_scores_that_never_vary_raise_nothing():
    detector = run(np.ones((30, 2)), 20)
    assert np.isfinite(detector.worth).all()
    assert not alarms(detector, 52).any()


@pytest.mark.parametrize("law", ["normal", "t3", "exponential", "memory"])
def test_a_year_without_change_keeps_its_budget(rng, law):
    hits = 0
    for _ in range(60):
        a = rng.normal(size=(78, 20))
        if law == "t3":
            a = rng.standard_t(3, size=a.shape)
        elif law == "exponential":
            a = rng.exponential(size=a.shape)
        elif law == "memory":
            for i in range(1, 78):
                a[i] = 0.4 * a[i - 1] + np.sqrt(1 - 0.16) * a[i]
        hits += bool(first_alarm(a, 26) is not None)
    assert at_most(hits, 60, 0.05)


@pytest.mark.parametrize(("size", "at", "delay"), [(3, 0, 12), (3, 20, 7), (8, 0, 5), (8, 20, 5)])
def test_a_lasting_shift_is_found(rng, size, at, delay):
    delays = []
    for _ in range(20):
        a = rng.normal(size=(78, 20))
        a[26 + at :, 0] += size
        first = first_alarm(a, 26)
        if first is not None and first >= at:
            delays.append(first - at + 1)
    assert len(delays) >= 19
    assert np.median(delays) <= delay


def test_copies_of_one_series_tell_no_more_of_its_memory(rng):
    # Metrics of the same predictions: taken as nine series, 12 % false alarms at AR .6.
    for _ in range(20):
        a = rng.normal(size=(13, 1))
        copies = start(a * np.arange(1, 10)).damping
        assert copies == pytest.approx(start(a).damping, rel=0.02)
