"""Tell whether only the share of positive rows changed, from scores alone or with labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincc, ndtr

# Bins of the scores, and steps of the search for the share.
BINS, STEPS = 20, 200
# Differences of scores are more than chance, and those from a mixture are not, at these levels.
DIFFERENT, ALIKE = 0.001, 0.002
# Odds of being positive must have changed by this factor, in logarithms.
LEAST_CHANGE = 0.25
LEAST_ROWS, MOST_ERRORS = 200, 4.0


@dataclass(frozen=True)
class PriorShift:
    """What scores say of the share of positive rows.

    Parameters
    ----------
    before, now : float
        Share in the reference; and the share under which the new scores are likeliest, each
        class having the scores that it had.
    p_same : float
        Of scores as in the reference.
    p_mixture : float
        Of scores as in the reference within each class.
    """

    before: float
    now: float
    p_same: float
    p_mixture: float

    @property
    def found(self) -> bool:
        """Whether another share of positives, and nothing else, explains the new scores."""
        odds = np.log(self.now * (1 - self.before)) - np.log(self.before * (1 - self.now))
        different = self.p_same < DIFFERENT and abs(odds) > LEAST_CHANGE
        return bool(different and self.p_mixture > ALIKE)


def prior_shift(
    score: np.ndarray, positive: np.ndarray, new: np.ndarray, bins: int = BINS
) -> PriorShift | None:
    """Hold new scores against mixtures of those that each class had.

    Parameters
    ----------
    score : float array, shape (rows,)
        Of the reference.
    positive : bool array, shape (rows,)
        Whether each of them is positive.
    new : float array
        Scores of new rows.
    bins : int
        Of about equal numbers of reference rows.

    Returns
    -------
    PriorShift or None
        None where a class has too few rows, or scores too few values.

    References
    ----------
    Saerens, Latinne and Decaestecker (2002), Neural Computation 14(1), 21-41. Lipton, Wang and
    Smola (2018), ICML.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y, late = rng.random(9000) < 0.1, rng.random(4000) < 0.3
    >>> found = prior_shift(rng.normal(2.0 * y), y, rng.normal(2.0 * late))
    >>> found.found, round(found.now, 1)
    (True, 0.3)
    """
    if min(positive.sum(), (~positive).sum(), len(new)) < LEAST_ROWS:
        return None
    edges = np.unique(np.quantile(score, np.arange(1, bins) / bins))
    place = np.searchsorted(edges, score, side="left")
    counts = class_counts(place, positive, np.searchsorted(edges, new, side="left"))
    if counts.shape[1] < 4:
        return None
    of_one, of_zero = ((x + 0.5) / (x + 0.5).sum() for x in counts[:2])
    found, before = counts[2], float(positive.mean())
    now = before
    for _ in range(STEPS):
        weight = now * of_one / (now * of_one + (1 - now) * of_zero)
        now = float(np.clip((found * weight).sum() / found.sum(), 1e-4, 1 - 1e-4))
    # The score test of an unchanged share, with the chance in both periods.
    worth = of_one / (before * of_one + (1 - before) * of_zero)
    sides = [(x / x.sum(), x.sum()) for x in (counts[0] + counts[1], found)]
    means = [float(share @ worth) for share, _ in sides]
    error = sum(
        (share @ worth**2 - mean**2) / rows
        for (share, rows), mean in zip(sides, means, strict=True)
    )
    z = abs(means[1] - means[0]) / np.sqrt(max(error, 1e-300))
    return PriorShift(before, now, float(2 * ndtr(-z)), mixture_p_value(counts, now, told=True))


def class_counts(place: np.ndarray, positive: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Count the rows of each bin, or level, by class and in the new rows.

    Parameters
    ----------
    place : int array, shape (rows,)
        Bin of each reference row.
    positive : bool array, shape (rows,)
        Whether each of them is positive.
    new : int array
        Bin of each new row.

    Returns
    -------
    float array, shape (3, bins)
        Of positive, negative and new rows, in the bins that have any.
    """
    size = int(max(place.max(initial=0), new.max(initial=0))) + 1
    sides = (place[positive], place[~positive], new)
    counts = np.array([np.bincount(side, minlength=size) for side in sides], dtype=float)
    return counts[:, counts.sum(axis=0) > 0]


def mixture_p_value(counts: np.ndarray, share: float, told: bool = False) -> float:
    """Test whether new rows are a mixture of those of the reference's classes.

    Parameters
    ----------
    counts : float array, shape (3, bins)
        As of `class_counts`.
    share : float
        Of the positive class in the mixture.
    told : bool
        Whether these counts told the share.

    Returns
    -------
    float
        Pearson's chi-square, with the chance in the reference; bins that expect fewer than 5
        rows are put together.
    """
    rows = counts[2].sum()
    mixed = share * counts[0] / counts[0].sum() + (1 - share) * counts[1] / counts[1].sum()
    small = rows * mixed < 5
    if small.any():
        counts = np.column_stack([counts[:, ~small], counts[:, small].sum(axis=1)])
    of_one, of_zero = ((x + 0.5) / (x + 0.5).sum() for x in counts[:2])
    mixed = share * of_one + (1 - share) * of_zero
    noise = share**2 * of_one * (1 - of_one) / counts[0].sum()
    noise += (1 - share) ** 2 * of_zero * (1 - of_zero) / counts[1].sum()
    gap = counts[2] - rows * mixed
    fit = (gap**2 / (rows * mixed + rows**2 * noise)).sum()
    # A feature gets the share that the scores told.
    return _tail(fit, max(1, counts.shape[1] - 1 - told))


def _tail(statistic: float, degrees: int) -> float:
    """Chance of a larger chi-square."""
    return float(gammaincc(degrees / 2, statistic / 2))
