"""Compute intervals of mean losses where rows of one label are too few to show how they spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftlib.stats.aggregates import Moments
from driftlib.stats.intervals import Interval, Z, mean_loss

# Rows of a label below which their own spread says too little, and the share of all below which
# their number is about Poisson's.
FEW, RARE = 6, 0.2
# Rows that what the loss would be counts as.
WOULD = 0.5


@dataclass(frozen=True)
class RareLosses:
    """Losses of a label's rows, apart from those of the others; one value a group.

    Parameters
    ----------
    count, first, second : float array
        Rows of the label, and the sums of their losses and of the squares of these.
    would_first, would_second : float array
        Mean of what the loss of each row would be with that label, and of its square.
    others : Moments
        Of all rows, the label's with a loss of 0.
    """

    count: np.ndarray
    first: np.ndarray
    second: np.ndarray
    would_first: np.ndarray
    would_second: np.ndarray
    others: Moments

    @property
    def few(self) -> np.ndarray:
        """Whether the label's rows are few, of each group."""
        return (self.count < FEW) & (self.count <= RARE * self.others.n)


def mean_of_rare(losses: RareLosses) -> Interval:
    """Compute the interval of a mean loss to which few rows of a label give much.

    What these rows add up to is taken as a number of Poisson's times a size, which is learnt from
    their losses and, as half a row, from what the loss of any row would be with that label: so
    that a group without any such row does not pass for one in which there can be none. Its score
    interval and that of the others' mean are put together by recovered variances.

    Parameters
    ----------
    losses : RareLosses

    Returns
    -------
    lower : float array
    upper : float array

    References
    ----------
    Bohm and Zech (2014), Nuclear Instruments and Methods A 748, 1-6, on scaled Poisson counts. Zou
    and Donner (2008), Statistics in Medicine 27, 1693-1702.

    Examples
    --------
    >>> none, one = np.zeros(1), np.ones(1)
    >>> others = Moments(100 * one, 0.01 * one, 1e-6 * one, none)
    >>> lower, upper = mean_of_rare(RareLosses(none, none, none, 3 * one, 10 * one, others))
    >>> lower.round(3).tolist(), upper.round(3).tolist()
    ([0.01], [0.138])
    """
    others = losses.others
    with np.errstate(all="ignore"):
        rows = losses.count + WOULD
        first = (losses.first + WOULD * losses.would_first) / rows
        second = (losses.second + WOULD * losses.would_second) / rows
        size = np.where(first > 0, second / np.where(first > 0, first, 1), 1.0)
        hits = losses.first / size
        middle, half = hits + Z**2 / 2, Z * np.sqrt(hits + Z**2 / 4)
        lower, upper = (size * (middle + side * half) / others.n for side in (-1, 1))
        of_rare = losses.first / others.n
        of_others = others.mean
        low, high = mean_loss(others)
        down = np.hypot(of_rare - lower, of_others - low)
        up = np.hypot(upper - of_rare, high - of_others)
    mean = of_rare + of_others
    return mean - down, mean + up
