"""Rank few units among all: with so few, one odd unit can be the whole difference."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

from driftlib.stats.units import Units

# With fewer units a side, one of them can be the whole difference.
FEW_UNITS = 4
# Nor does the skewness of their effects cancel, where the sides are this uneven.
UNEVEN_UNITS, UNEVEN_RATIO = 10, 5
# So many units a rank of 1 needs to be at most 0.05.
RANKED_UNITS = 20
# So many subsets of the units are compared.
SUBSETS = 1000
# The least rank of 20 units is 0.05 to the last digit but one.
RANK_SLACK = 1e-12
# Differences this small, as parts of the scores, are those of sums of floats.
ROUNDING = 1e-9
# Effects with this memory last.
LASTING = 0.3


def needs_rank(units: Units) -> bool:
    """Whether a side has so few units that the rank must confirm a change.

    Parameters
    ----------
    units : Units
        The sides.

    Returns
    -------
    bool
        True with at most 4 units on a side, or at most 10 and five times as many on the other,
        and 20 altogether.
    """
    few, many = sorted([units.n_reference, units.n_current])
    odd = few <= FEW_UNITS or (few <= UNEVEN_UNITS and many >= UNEVEN_RATIO * few)
    return odd and few + many >= RANKED_UNITS


def cannot_tell(units: Units) -> bool:
    """Whether there are too few units to tell a change from one unit's whim.

    Parameters
    ----------
    units : Units
        The sides.

    Returns
    -------
    bool
        True below 4 units a side, unless there are 20 altogether.
    """
    few = min(units.n_reference, units.n_current)
    return few < 1 or (few < FEW_UNITS and not needs_rank(units))


@lru_cache(maxsize=16)
def _subsets(count: int, size: int) -> np.ndarray:
    """Which of `count` units belong to each subset.

    First the stretches of neighbours, the ends of the series joined; then all subsets if they
    are few enough, else as many at random, the same ones every time. The last of either kind
    is the last `size` units.
    """
    if comb(count, size) <= SUBSETS:
        chosen = np.array(list(combinations(range(count), size)))
    else:
        order = np.random.default_rng(0).random((SUBSETS - 1, count)).argsort(axis=1)
        chosen = np.concatenate([order[:, :size], [np.arange(count - size, count)]])
    ends = np.arange(count)[:, None]
    chosen = np.concatenate([(ends - np.arange(size)) % count, chosen])
    inside = np.zeros((len(chosen), count))
    np.put_along_axis(inside, chosen, 1, axis=1)
    inside.flags.writeable = False
    return inside


def lie_apart(
    units: Units, y: np.ndarray, noise: np.ndarray, held: np.ndarray, used: np.ndarray | None = None
) -> np.ndarray:
    """How far every subset of as many units as the smaller side has lies apart from the rest.

    Parameters
    ----------
    units : Units
        The sides.
    y, noise : float array, shape (..., features, units) or (..., features, shares, units)
        Mean score of each unit, and the part of its variance that its rows give.
    held : bool array, of the same shape
        Whether the unit has rows.
    used : bool array, shape (..., features, shares), optional
        Which shares count.

    Returns
    -------
    float array, shape (..., features, subsets)
        The t of each with its own units left out of the spread; of several shares the largest.
        Stretches of neighbours first, the smaller side the last of them, then any subsets, the
        smaller side the last again. Zeros if no rank is needed.
    """
    if not needs_rank(units):
        return np.zeros((*(y.shape[:-1] if used is None else used.shape[:-1]), 1))
    size = min(units.n_reference, units.n_current)
    small = units.current if units.n_current == size else ~units.current
    order = np.lexsort([units.position, small])
    y, noise, held = y[..., order], np.broadcast_to(noise, y.shape)[..., order], held[..., order]
    weights = np.where(held, 1 / np.maximum(noise + _common_spread(y, noise, held), 1e-12), 0)
    count = len(order)
    inside = _subsets(count, size)
    w_in, wy_in = weights @ inside.T, (weights * y) @ inside.T
    w_all, wy_all = weights.sum(-1, keepdims=True), (weights * y).sum(-1, keepdims=True)
    squares = weights * y * y
    w_out, wy_out = w_all - w_in, wy_all - wy_in
    rest = squares.sum(-1, keepdims=True) - squares @ inside.T
    rest = np.maximum(0, rest - wy_out**2 / np.maximum(w_out, 1e-300)) / (count - size - 1)
    difference = wy_in / np.maximum(w_in, 1e-300) - wy_out / np.maximum(w_out, 1e-300)
    error = rest * (1 / np.maximum(w_in, 1e-300) + 1 / np.maximum(w_out, 1e-300))
    # Of units that are all alike, only what rounding leaves differs.
    told = np.abs(difference) > ROUNDING * np.abs(y).max(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((w_in > 0) & told, np.abs(difference) / np.sqrt(error), 0)
    if used is None:
        return t
    return np.where(used[..., None], t, 0).max(-2)


def _common_spread(y: np.ndarray, noise: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Variance of the effects of all units as one side: the same whichever unit is current."""
    w = np.where(held, 1 / np.maximum(noise, 1e-12), 0)
    total = np.maximum(w.sum(-1, keepdims=True), 1e-300)
    mean = (w * y).sum(-1, keepdims=True) / total
    squares = (w * (y - mean) ** 2).sum(-1, keepdims=True)
    trace = total - (w * w).sum(-1, keepdims=True) / total
    return np.maximum(0, (squares - held.sum(-1, keepdims=True) + 1) / np.maximum(trace, 1e-300))


def rank_p_value(units: Units, apart: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Share of subsets that lie as far apart in any feature as the smaller side does in each.

    Against the largest of all features, so that naming one is as safe as naming any. Exact for
    units of equal rows in any order, of any law. Where effects last, only neighbours are like
    the side, which is one stretch of time itself.

    Parameters
    ----------
    units : Units
        The sides.
    apart : float array, shape (..., features, subsets)
        From `lie_apart`.
    phi : float array, shape (...)
        The effects' lag-1 memory.

    Returns
    -------
    float array, shape (..., features)
        0 to 1; 0 where no rank is needed.
    """
    if not needs_rank(units):
        return np.zeros(apart.shape[:-1])
    own = apart[..., -1:] * (1 - 1e-9)
    reached = apart.max(axis=-2, keepdims=True) >= own
    count = len(units.position)
    lasting = np.asarray(phi)[..., None] >= LASTING
    return np.where(lasting, reached[..., :count].mean(-1), reached[..., count:].mean(-1))
