"""Fit unit means on two sides: units are days or customers, whose rows share an effect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

# Memory over more units than this is nothing to speak of.
FARTHEST = 300


def near_positions(ids: np.ndarray) -> np.ndarray:
    """Tell the places of units in time, those far apart brought nearer.

    Parameters
    ----------
    ids : int array, shape (units,)
        Numbers of units, from the smallest up.

    Returns
    -------
    int array, shape (units,)
        From 0; neighbours that are over 300 units apart lie 300 apart.

    Examples
    --------
    >>> near_positions(np.array([10, 11, 5000])).tolist()
    [0, 1, 301]
    """
    return np.append(0, np.minimum(np.diff(ids), FARTHEST)).cumsum()[: len(ids)]


@dataclass(frozen=True)
class Units:
    """Where each unit lies; a unit with rows on both sides is listed once per side.

    Parameters
    ----------
    current : bool array, shape (units,)
        True for units of the current side.
    position : int array, shape (units,)
        Place in time. Units at the same position on both sides are one unit.
    memory : bool
        Neighbours in time may be alike: True for days, False for customers.
    lost : float
        Degrees of freedom that centring within the cells of a season took before: see
        `driftlib.stats.seasons`.
    """

    current: np.ndarray
    position: np.ndarray
    memory: bool = True
    lost: float = 0.0

    @property
    def n_reference(self) -> int:
        """Units with rows on the reference side."""
        return int((~self.current).sum())

    @property
    def n_current(self) -> int:
        """Units with rows on the current side."""
        return int(self.current.sum())

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Places of the units that lie on both sides: in the reference, in the current."""
        a, b = np.flatnonzero(~self.current), np.flatnonzero(self.current)
        _, i, j = np.intersect1d(self.position[a], self.position[b], return_indices=True)
        return a[i], b[j]

    @cached_property
    def gaps(self) -> np.ndarray:
        """Distance in time of every two units."""
        return np.abs(self.position[:, None] - self.position[None, :])

    def correlation(self, phi: np.ndarray) -> np.ndarray:
        """Correlation of the effects of every two units.

        Parameters
        ----------
        phi : float array, shape (...)
            Lag-1 memory, 0 to below 1.

        Returns
        -------
        float array, shape (..., units, units)
            phi to the power of the gap. What a unit on both sides has in common with itself
            is not part of it: `score_test` measures that.
        """
        powers = np.asarray(phi)[..., None] ** np.arange(self.gaps.max(initial=0) + 1)
        powers[..., 0] = 0
        return powers[..., self.gaps] + np.eye(len(self.position))


def units_of(
    reference: ArrayLike, current: ArrayLike, memory: bool = True
) -> tuple[Units, np.ndarray]:
    """Units of two sides that are counted on one list of positions.

    Parameters
    ----------
    reference, current : float array, shape (positions,)
        Rows of each unit on each side, in order of time.
    memory : bool
        See `Units`.

    Returns
    -------
    Units
        Those with rows.
    int array
        Their places in `np.concatenate([reference, current])`, which picks their counts.

    Examples
    --------
    >>> units, places = units_of([3, 3, 0], [0, 1, 4])
    >>> units.current.tolist(), units.position.tolist(), places.tolist()
    ([False, False, True, True], [0, 1, 1, 2], [0, 1, 4, 5])
    """
    rows = np.concatenate([np.asarray(reference), np.asarray(current)])
    places = np.flatnonzero(rows > 0)
    n = len(rows) // 2
    return Units(places >= n, places % n, memory), places


@dataclass(frozen=True)
class UnitFit:
    """Weighted unit means of both sides, which tests and memory are computed from.

    Parameters
    ----------
    weights, noise, residuals : float array, shape (..., scores, units)
        Inverse variance of each unit's mean, the part that rows give, and the mean less its
        side's.
    means, rows : float array, shape (..., scores, 2)
        Weighted mean and rows of the reference and of the current side.
    between : float array, shape (..., scores)
        Variance of the effects if they had no memory.
    degrees : float array, shape (..., scores)
        Units with rows, less one a side, and less what centring took.
    kept : float array, shape (..., scores)
        Share of the degrees that centring left.
    raw, raw_variance : float array, shape (..., scores)
        Difference of the rows' means, and its variance if rows were independent.
    row_variance : float array, shape (..., scores)
        Of a row's score, both sides together.
    single : bool array, shape (..., scores)
        No unit has more than one row.
    """

    weights: np.ndarray
    noise: np.ndarray
    residuals: np.ndarray
    means: np.ndarray
    rows: np.ndarray
    between: np.ndarray
    degrees: np.ndarray
    kept: np.ndarray
    raw: np.ndarray
    raw_variance: np.ndarray
    row_variance: np.ndarray
    single: np.ndarray


def fit_units(units: Units, rows: ArrayLike, sums: ArrayLike, squares: ArrayLike) -> UnitFit:
    """Fit what several tests of the same scores share (see `score_test`).

    Parameters
    ----------
    units, rows, sums, squares
        As for `score_test`.

    Returns
    -------
    UnitFit
        For `judge_scores`, `judge_shares` and `pooled_memory`.
    """
    s, s2 = np.asarray(sums, dtype=float), np.asarray(squares, dtype=float)
    n = np.broadcast_to(np.asarray(rows, dtype=float), s.shape)
    held = n > 0
    safe = np.where(held, n, 1)
    sides = np.stack([~units.current, units.current], axis=-1).astype(float)
    totals, counted = n @ sides, held @ sides
    degrees = np.maximum(counted - 1, 0).sum(-1)
    left = np.maximum(degrees - units.lost, np.minimum(degrees, 1))
    kept = left / np.maximum(degrees, 1) if units.lost else np.ones_like(degrees)
    spare = totals.sum(-1) - counted.sum(-1)
    within = np.maximum(0, (s2 - s**2 / safe).sum(-1)) / np.maximum(spare, 1)
    y = s / safe
    noise = np.where(held, within[..., None] / safe, 0)
    weights = n
    everything = np.maximum(totals.sum(-1), 1)
    for _ in range(2):
        between = _spread(weights, y, noise, sides, kept)[0]
        spread = noise + between[..., None]
        # With neither spread the weights only have to be in proportion to rows.
        size = (s2.sum(-1) / everything)[..., None]
        floor = 1e-12 * np.where(size > 0, size, 1)
        weights = np.where(held, 1 / np.maximum(spread, floor / safe), 0)
    between, means, residuals = _spread(weights, y, noise, sides, kept)
    grand = s.sum(-1) / everything
    around = np.maximum(0, s2.sum(-1) / everything - grand**2)
    per_row = np.where(totals > 0, 1 / np.maximum(totals, 1), 0).sum(-1)
    raw = (s @ sides) / np.maximum(totals, 1)
    row_variance = np.where(around > 0, around, 1)
    return UnitFit(
        weights, noise, residuals, means, totals, between, left, kept,
        raw[..., 1] - raw[..., 0], around * per_row, row_variance, n.max(-1) <= 1,
    )  # fmt: skip


def _spread(
    weights: np.ndarray, y: np.ndarray, noise: np.ndarray, sides: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variance of independent unit effects by moments, means a side, and residuals."""
    total = np.maximum(weights @ sides, 1e-300)
    means = (weights * y) @ sides / total
    # What centring took from the residuals is given back.
    residuals = (y - means @ sides.T) / np.sqrt(np.maximum(kept, 1e-300))[..., None]
    squares = (weights * residuals**2).sum(-1)
    trace = weights.sum(-1) - (weights**2 @ sides / total).sum(-1)
    by_rows = (weights * noise).sum(-1) - ((weights**2 * noise) @ sides / total).sum(-1)
    between = np.maximum(0, (squares - by_rows) / np.maximum(trace, 1e-300))
    return np.where(trace > 1e-200, between, 0), means, residuals


def side_vectors(units: Units, weights: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights of each side alone, and the directions that centring takes out.

    Parameters
    ----------
    units : Units
        The sides.
    weights : float array, shape (..., units)
        Not negative.

    Returns
    -------
    tuple of two lists, each (reference, current) of float arrays of the same shape
        The weights, zero on the other side; and their square roots at length 1.
    """
    alone = [np.where(side, weights, 0) for side in (~units.current, units.current)]
    return alone, [np.sqrt(w / np.maximum(w.sum(-1, keepdims=True), 1e-300)) for w in alone]
