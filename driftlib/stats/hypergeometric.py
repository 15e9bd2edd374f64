"""Sum the tails of the hypergeometric law, on which exact tests of counts rest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

# Terms that are added up at once.
MOST_TERMS = 100_000


def tail(observed: int, hits: int, rows: int, total: int, upper: bool = True) -> float:
    """Compute the probability of so many hits or more, or of so many or fewer, in a sample of rows.

    Parameters
    ----------
    observed : int
        Hits among the rows drawn.
    hits, total : int
        Hits among all rows, and how many rows there are.
    rows : int
        How many are drawn, without putting any back.
    upper : bool
        So many or more; False: so many or fewer.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> round(tail(1, 9, 6, 16), 6), round(tail(1, 9, 6, 16, upper=False), 6)
    (0.999126, 0.024476)
    >>> tail(1, 5000, 5000, 10_000)
    1.0
    """
    low, high = max(0, hits - (total - rows)), min(hits, rows)
    if observed <= low if upper else observed >= high:
        return 1.0
    if observed > high or observed < low:
        return 0.0
    others = total - rows
    # From the observed count outwards the terms only fall once they are beyond the mean; far
    # beyond twelve standard deviations of it they no longer matter.
    mean = hits * rows / total
    spread = math.sqrt(max(1.0, mean * (1 - rows / total) * (total - hits) / total))
    reach = abs(observed - mean) if (observed < mean if upper else observed > mean) else 0.0
    length = int(min((high - observed) if upper else (observed - low), reach + 12 * spread + 60))
    first = point(observed, hits, rows, total)
    if not length:
        return min(1.0, float(first))
    step = np.arange(length)
    k = (observed + step if upper else observed - step).astype(float)
    if upper:
        ratio = (hits - k) * (rows - k) / ((k + 1) * (others - hits + k + 1))
    else:
        ratio = k * (others - hits + k) / ((hits - k + 1) * (rows - k + 1))
    # Far on the near side of the mean the first term may be 0 and the others endless: all of it.
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(first * (1 + np.cumprod(ratio).sum()))
    return min(1.0, found) if np.isfinite(found) else 1.0


def lower_tails(
    observed: np.ndarray, hits: np.ndarray, rows: np.ndarray, total: np.ndarray
) -> np.ndarray:
    """Compute tails of so many hits or fewer, each as `tail` does.

    Parameters
    ----------
    observed, hits, rows, total : int array, shape (tests,)
        As for `tail`.

    Returns
    -------
    float array, shape (tests,)

    Examples
    --------
    >>> one = [np.array([number, number]) for number in (1, 9, 6, 16)]
    >>> lower_tails(*one).round(6).tolist()
    [0.024476, 0.024476]
    """
    low, high = np.maximum(0, hits - (total - rows)), np.minimum(hits, rows)
    found = np.where(observed < low, 0.0, 1.0)
    some = np.flatnonzero((low <= observed) & (observed < high))
    if not len(some):
        return found
    observed, hits, rows, total = (n[some].astype(float) for n in (observed, hits, rows, total))
    mean = hits * rows / total
    spread = np.sqrt(np.maximum(1.0, mean * (1 - rows / total) * (total - hits) / total))
    reach = np.maximum(0.0, observed - mean)
    longest = int(np.minimum(observed - low[some], reach + 12 * spread + 60).max())
    if longest * len(some) > MOST_TERMS:
        whole = zip(*(n.astype(int).tolist() for n in (observed, hits, rows, total)), strict=True)
        found[some] = [tail(k, h, r, t, upper=False) for k, h, r, t in whole]
        return found
    k = observed[:, None] - np.arange(longest)
    top = k * ((total - rows - hits)[:, None] + k)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        ratio = top / (((hits + 1)[:, None] - k) * ((rows + 1)[:, None] - k))
        first = np.exp(log_point(observed, hits, rows, total))
        tails = first * (1 + np.cumprod(ratio, axis=1).sum(axis=1))
    found[some] = np.where(np.isfinite(tails), np.minimum(1.0, tails), 1.0)
    return found


def point(observed: int, hits: int, rows: int, total: int) -> float:
    """Compute the probability of just so many hits, which no tail from there on is less than.

    Parameters
    ----------
    observed, hits, rows, total : int
        As for `tail`; so many hits are possible.

    Returns
    -------
    float

    Examples
    --------
    >>> round(point(1, 9, 6, 16), 6)
    0.023601
    """
    return math.exp(log_point(observed, hits, rows, total))


def log_point(
    observed: ArrayLike, hits: ArrayLike, rows: ArrayLike, total: ArrayLike
) -> np.ndarray:
    """Compute the logarithm of the probability of just so many hits, of any number of samples.

    Parameters
    ----------
    observed, hits, rows, total : int or int array
        As for `point`.

    Returns
    -------
    float array

    Examples
    --------
    >>> np.exp(log_point([1, 2], [9, 9], [6, 6], [16, 16])).round(6).tolist()
    [0.023601, 0.157343]
    """
    observed, hits, rows, total = map(np.asarray, (observed, hits, rows, total))
    drawn, chosen = (rows, total - rows, total), (observed, hits - observed, hits)
    rest = [n - k for n, k in zip(drawn, chosen, strict=True)]
    logs = special.gammaln(np.array([*drawn, *chosen, *rest], dtype=float) + 1)
    ways = logs[:3] - logs[3:6] - logs[6:]
    found: np.ndarray = ways[0] + ways[1] - ways[2]
    return found
