"""Raise alarms over a run of windows within one budget: a winsorised e-detector, a window a time.

Every window's score is held against all earlier ones; the evidence for a lasting change is a
bet that wins in step with the deviations and whose worth, without a change, grows by no more
than 1 a window. So it reaches `windows / alpha` anywhere in a run of so many windows with a
probability of at most alpha, whichever windows it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from driftlib.errors import DataError

# Fewer reference windows tell too little of how windows vary.
LEAST_WINDOWS = 13
# Deviations beyond this many standard deviations count as this many.
CLIP = 2.5
# And no window teaches more than one of so many standard deviations: a great change would soon
# look ordinary.
LEARNT = 3.0
STAKES = np.array([0.5, 1.0, 2.0, 3.0])
SIGNS = np.array([1.0, -1.0])
# Beyond that, more is no more certain, and would not stay finite.
MOST_EVIDENCE = 1e100
# A change is over when so many windows in a row lie this near to the reference.
CALM_WINDOWS, CALM_DEVIATION = 2, 1.5
# Allowance of the sums that date a change: half of a change of two standard deviations.
ALLOWANCE = 1.0


@dataclass(frozen=True)
class Detector:
    """What is kept of a run of windows: 21 numbers a feature, whatever its length.

    Parameters
    ----------
    windows : int
        Windows seen since the reference.
    weight, mean, squares, count : float array, shape (features,)
        Sum of weights, weighted mean and sum of squared deviations of the windows learnt from,
        and how many they are.
    reference : float array, shape (4, features)
        The same four of the reference alone.
    within, between : float array, shape (features,)
        Variance of one row's score, and of the windows' own effect: a window of n rows has the
        weight 1 / (within / n + between). Windows never count as steadier than their rows let
        them be.
    damping : float
        What the windows' memory takes off every deviation, 0 to 1.
    evidence : float array, shape (features, stakes, 2)
        Worth of each bet, for a rise and for a fall.
    sums : float array, shape (features, 2)
        Cumulative sums for a rise and for a fall, which date a change.
    onsets : int array, shape (features, 2)
        Window after which each sum was last 0.
    calm : int array, shape (features,)
        Latest windows in a row that lie near the reference.
    """

    windows: int
    weight: np.ndarray
    mean: np.ndarray
    squares: np.ndarray
    count: np.ndarray
    reference: np.ndarray
    within: np.ndarray
    between: np.ndarray
    damping: float
    evidence: np.ndarray
    sums: np.ndarray
    onsets: np.ndarray
    calm: np.ndarray

    @property
    def worth(self) -> np.ndarray:
        """Evidence of each feature: the mean over stakes and directions."""
        return np.asarray(self.evidence.mean((1, 2)))

    @property
    def rising(self) -> np.ndarray:
        """Whether the evidence of each feature is for a rise rather than a fall."""
        worth = self.evidence.mean(1)
        return np.asarray(worth[:, 0] >= worth[:, 1])

    @property
    def onset(self) -> np.ndarray:
        """Window (from 0) in which each feature's latest change began, if there was one."""
        return np.where(self.rising, self.onsets[:, 0], self.onsets[:, 1])

    @property
    def over(self) -> np.ndarray:
        """Whether the latest windows of each feature lie near the reference again."""
        return np.asarray(self.calm >= CALM_WINDOWS)


def start(scores: ArrayLike, rows: ArrayLike = 1, within: ArrayLike = 0) -> Detector:
    """Learn from the reference's windows how windows vary without a change.

    Parameters
    ----------
    scores : float array, shape (windows, features)
        Each window's mean score, in order of time; at least 13. NaN where there is none.
    rows : float array, shape (windows, features), optional
        Rows behind each, of a shape that broadcasts.
    within : float array, shape (features,), optional
        Variance of one row's score; 0 weighs all windows alike.

    Returns
    -------
    Detector
        That has seen no window yet.

    Raises
    ------
    DataError
        With fewer than 13 windows.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> detector = start(rng.normal(size=(26, 2)))
    >>> for window in rng.normal([0, 5], size=(9, 2)):
    ...     detector = update(detector, window)
    >>> alarms(detector, windows=52).tolist(), detector.onset.tolist()[1]
    ([False, True], 0)
    """
    a = np.asarray(scores, dtype=float)
    if len(a) < LEAST_WINDOWS:
        raise DataError(
            f"the reference has {len(a)} windows, and alarms over a run of windows need "
            f"{LEAST_WINDOWS}: use a longer reference, or shorter windows."
        )
    features = a.shape[1]
    n = np.broadcast_to(np.asarray(rows, dtype=float), a.shape)
    noise_of_row = np.broadcast_to(np.asarray(within, dtype=float), features).copy()
    held = ~np.isnan(a) & (n > 0)
    y, noise = np.where(held, a, 0), noise_of_row / np.where(held, n, 1)
    between = _between(y, noise, held)
    weights = np.where(held, _weights(noise, between), 0)
    total, count = weights.sum(0), held.sum(0).astype(float)
    mean = (weights * y).sum(0) / np.maximum(total, 1e-300)
    squares = (weights * (y - mean) ** 2).sum(0)
    apart = np.where(held, y - mean, 0)
    # What is only rounding has no memory.
    apart[:, (apart**2).sum(0) <= 1e-24 * (y**2).sum(0)] = 0
    return Detector(
        windows=0, weight=total, mean=mean, squares=squares, count=count,
        reference=np.stack([total, mean, squares, count]),
        within=noise_of_row, between=between, damping=_damping(apart),
        evidence=np.zeros((features, len(STAKES), 2)), sums=np.zeros((features, 2)),
        onsets=np.zeros((features, 2), dtype=int), calm=np.zeros(features, dtype=int),
    )  # fmt: skip


def _between(y: np.ndarray, noise: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Variance of the windows' own effect, by moments."""
    known = (noise > 0).all(0)
    w = np.where(held, 1 / np.where(known, noise, 1), 0)
    total = np.maximum(w.sum(0), 1e-300)
    squares = (w * (y - (w * y).sum(0) / total) ** 2).sum(0)
    trace = np.maximum(total - (w * w).sum(0) / total, 1e-300)
    # Without a variance of rows all of the spread is the windows' own.
    least = np.where(known, np.maximum(held.sum(0) - 1, 0), 0)
    return np.asarray(np.maximum(0, (squares - least) / trace))


def _weights(noise: np.ndarray, between: np.ndarray) -> np.ndarray:
    spread = noise + between
    return 1 / np.where(spread > 0, spread, 1)


def _damping(deviations: np.ndarray) -> float:
    """Factor for the memory of windows, from their lag-1 correlation over all features.

    From the reference alone: a change in the first windows of a run would cancel itself. To it
    is added one standard error of a single series, divided by how many series there are: metrics
    of the same predictions are hardly more than one, and many features need no such care.
    """
    squares = (deviations**2).sum(0)
    moving = deviations[:, squares > 0] / np.sqrt(squares[squares > 0])
    windows, features = moving.shape
    if not features:
        return 1.0
    r = float((moving[1:] * moving[:-1]).sum() / features)
    # A short series shows too little of its correlation.
    r += (1 + 3 * max(r, 0)) / windows
    # Mean squared correlation of features, less what chance gives: how many series there are.
    alike = ((moving.T @ moving) ** 2).sum() / features - 1
    chance = 1 / (windows - 1)
    alike = max(0.0, (alike - (features - 1) * chance) / (1 - chance))
    error = np.sqrt(max(0.0, 1 - r * r) / windows) * (1 + alike) / features
    r = float(np.clip(r + error, 0, 0.9))
    return float(np.sqrt((1 - r) / (1 + r)))


def update(detector: Detector, scores: ArrayLike, rows: ArrayLike = 1) -> Detector:
    """Take in the next window.

    Parameters
    ----------
    detector : Detector
        What is known so far; it is not changed.
    scores : float array, shape (features,)
        The window's mean scores. NaN where there is none: that feature stays as it is.
    rows : float array, shape (features,), optional
        Rows behind each.

    Returns
    -------
    Detector
        With the window in it.

    References
    ----------
    Shin, Ramdas and Rinaldo (2023), New England J. Statistics in Data Science 2(2), 229-260, for
    e-detectors; the bets are on recursive Student residuals, clipped at 2.5.
    """
    a = np.asarray(scores, dtype=float)
    n = np.broadcast_to(np.asarray(rows, dtype=float), a.shape)
    held = ~np.isnan(a) & (n > 0)
    y = np.where(held, a, detector.mean)
    weight = _weights(detector.within / np.where(held, n, 1), detector.between)
    learnt = np.stack([detector.weight, detector.mean, detector.squares, detector.count])
    spread = _spread(weight, learnt, detector.within)
    z = _deviation(y, learnt, spread)
    far = np.abs(z) > LEARNT
    taught = np.where(far, detector.mean + np.sign(z) * LEARNT * spread, y)
    z = np.clip(detector.damping * z, -CLIP, CLIP)
    bet = np.exp(STAKES[:, None] * SIGNS * z[:, None, None] - _log_moments()[:, None])
    evidence = np.minimum((1 + detector.evidence) * bet, MOST_EVIDENCE)
    evidence = np.where(held[:, None, None], evidence, detector.evidence)
    # Onset and end are judged against the reference: the running mean has learnt the change.
    known = detector.reference
    apart = _deviation(y, known, _spread(weight, known, detector.within))
    moved = np.maximum(0, detector.sums + SIGNS * apart[:, None] - ALLOWANCE)
    sums = np.where(held[:, None], moved, detector.sums)
    onsets = np.where(sums > 0, detector.onsets, detector.windows + 1)
    calm = np.where(np.abs(apart) <= CALM_DEVIATION, detector.calm + 1, 0)
    total = detector.weight + weight
    step = taught - detector.mean
    mean = detector.mean + step * weight / total
    squares = detector.squares + weight * step * (taught - mean)
    return replace(
        detector,
        windows=detector.windows + 1,
        weight=np.where(held, total, detector.weight),
        mean=mean,
        squares=np.where(held, squares, detector.squares),
        count=detector.count + held,
        evidence=evidence,
        sums=sums,
        onsets=onsets,
        calm=np.where(held, calm, detector.calm),
    )


def _spread(weight: np.ndarray, learnt: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Tell the standard deviation of a window's distance from the mean of others."""
    total, _, squares, count = learnt
    # A weight is 1 / variance where that of rows is known: no spread is below it.
    spread = np.maximum(squares / np.maximum(count - 1, 1), within > 0)
    return np.asarray(np.sqrt(spread * (1 / weight + 1 / np.maximum(total, 1e-300))))


def _deviation(y: np.ndarray, learnt: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Student residual of a window against others, as a normal deviate."""
    from scipy.special import ndtri, stdtr

    apart = y - learnt[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(apart == 0, 0, np.abs(apart) / spread)
    tail = np.clip(stdtr(np.maximum(learnt[3] - 1, 1), -t), 1e-300, 0.5)
    return np.asarray(-np.sign(apart) * ndtri(tail))


@cache
def _log_moments() -> np.ndarray:
    """Logarithm of E exp(stake x clipped normal deviate), for each stake."""
    from scipy.special import log_ndtr, ndtr

    inner = np.exp(STAKES**2 / 2) * (ndtr(CLIP - STAKES) - ndtr(-CLIP - STAKES))
    ends = np.exp(log_ndtr(-CLIP)) * (np.exp(STAKES * CLIP) + np.exp(-STAKES * CLIP))
    return np.asarray(np.log(inner + ends))


def alarms(detector: Detector, windows: int, alpha: float = 0.025) -> np.ndarray:
    """Features that are in alarm.

    There is an alarm where the mean evidence over features reaches `windows / alpha`; it is
    put down to the features that the e-version of Benjamini and Hochberg names, and to the one
    with most evidence in any case.

    Parameters
    ----------
    detector : Detector
        What is known so far.
    windows : int
        Windows in the run that the budget is for, such as 52.
    alpha : float
        Share of such runs without a change in which there may be any alarm; half of 0.05
        where drift and performance are watched side by side.

    Returns
    -------
    bool array, shape (features,)
        Whether each is in alarm.

    References
    ----------
    Wang and Ramdas (2022), J. Royal Statistical Society B 84(3), 822-852.
    """
    return named(detector.worth, windows, alpha)


def named(worth: ArrayLike, windows: int, alpha: float = 0.025) -> np.ndarray:
    """Name the features in alarm by their evidence: see `alarms`.

    Parameters
    ----------
    worth : float array, shape (features,)
        Evidence of each.
    windows, alpha
        See `alarms`.

    Returns
    -------
    bool array, shape (features,)

    Examples
    --------
    >>> named([5000, 0, 9000], windows=52).tolist()
    [True, False, True]
    """
    worth = np.asarray(worth, dtype=float)
    found = np.zeros(len(worth), dtype=bool)
    bar = windows / alpha
    if not len(worth):
        return found
    order = np.argsort(-worth)
    ranks = np.arange(1, len(worth) + 1)
    reached = np.flatnonzero(worth[order] * ranks >= len(worth) * bar)
    if len(reached):
        found[order[: reached[-1] + 1]] = True
    elif worth.mean() >= bar:
        found[order[0]] = True
    return found


def forget(detector: Detector, features: ArrayLike) -> Detector:
    """Begin anew with the features whose change is over.

    The evidence against them goes to 0, and what they learnt from the change is dropped: the
    return to the reference would look like the next change. Alarms stay within their budget,
    as less evidence only makes them rarer.

    Parameters
    ----------
    detector : Detector
        What is known so far; it is not changed.
    features : bool array, shape (features,)
        Those to begin anew with, such as those in alarm that are `over`.

    Returns
    -------
    Detector
        With their state of the start.
    """
    chosen = np.asarray(features, dtype=bool)
    learnt = np.stack([detector.weight, detector.mean, detector.squares, detector.count])
    weight, mean, squares, count = np.where(chosen, detector.reference, learnt)
    return replace(
        detector,
        weight=weight,
        mean=mean,
        squares=squares,
        count=count,
        evidence=np.where(chosen[:, None, None], 0, detector.evidence),
        sums=np.where(chosen[:, None], 0, detector.sums),
        onsets=np.where(chosen[:, None], detector.windows, detector.onsets),
        calm=np.where(chosen, 0, detector.calm),
    )
