"""Estimate how long the effects of units last, pooled over scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from driftlib.stats.units import UnitFit, Units, fit_units, side_vectors

# Lag-1 memories of the unit effect that are tried.
MEMORIES = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


def unit_memory(units: Units, rows: ArrayLike, sums: ArrayLike, squares: ArrayLike) -> np.ndarray:
    """Lag-1 memory of the unit effects, pooled over scores.

    Of the effects, not of the unit means, whose rows hide it: the lagged products of residuals
    and their squares, both less what the rows explain, against what each memory would give.

    Parameters
    ----------
    units, rows, sums, squares
        As for `score_test`.

    Returns
    -------
    float array, shape (...)
        0 to 0.9.
    """
    return pooled_memory(units, [(fit_units(units, rows, sums, squares), 1.0)])


def pooled_memory(units: Units, fits: Sequence[tuple[UnitFit, ArrayLike]]) -> np.ndarray:
    """Lag-1 memory of unit effects, pooled over the scores of several fits.

    Parameters
    ----------
    units : Units
        The sides.
    fits : sequence of (UnitFit, float or float array of shape (..., scores))
        Fits, each with the weights of its scores: 1 / shares for the shares of one feature.

    Returns
    -------
    float array, shape (...)
        0 to 0.9 (see `unit_memory`).
    """
    shape = fits[0][0].between.shape[:-1]
    lag = (units.gaps == 1) / 2.0
    if not units.memory or not lag.any():
        return np.zeros(shape)
    above, below, floor = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    expected = np.zeros((*shape, len(MEMORIES), 2))
    for fit, share in fits:
        root = np.sqrt(fit.weights)
        taken = side_vectors(units, fit.weights)[1]
        lagged = [q @ lag for q in taken]
        cross = [[(lagged[s] * taken[t]).sum(-1) for t in (0, 1)] for s in (0, 1)]
        z, rows_part = root * fit.residuals, fit.weights * fit.noise
        own = [(rows_part * q * q).sum(-1) for q in taken]
        noise_lag = sum(
            cross[s][s] * own[s] - 2 * (lagged[s] * rows_part * taken[s]).sum(-1) for s in (0, 1)
        )
        noise_square = rows_part.sum(-1) - own[0] - own[1]
        # Weights hold each score's own spread, by which a ratio of sums would be biased.
        held = np.maximum((fit.weights > 0).sum(-1), 1)
        scale = share * held / np.maximum(fit.weights.sum(-1), 1e-300) / fit.row_variance
        above += (scale * (((z @ lag) * z).sum(-1) - noise_lag)).sum(-1)
        below += (scale * ((z * z).sum(-1) - noise_square)).sum(-1)
        noise = fit.noise.sum(-1) / held / fit.row_variance
        # Effects within three standard errors of none have no memory to speak of.
        count = np.broadcast_to(share, fit.between.shape).sum(-1)
        degrees = fit.degrees.max(-1)
        least = np.maximum(0.5 * degrees, 3 * np.sqrt(2 * degrees * count))
        floor = np.maximum(floor, least * noise.mean(-1))
        neighbours = (root @ lag * root).sum(-1)
        for k, phi in enumerate(MEMORIES):
            r = units.correlation(np.asarray(phi))
            moved = [root * ((root * q) @ r) for q in taken]
            form = [[(moved[s] * taken[t]).sum(-1) for t in (0, 1)] for s in (0, 1)]
            trace = fit.weights.sum(-1) - form[0][0] - form[1][1]
            step = phi * neighbours - 2 * sum((lagged[s] * moved[s]).sum(-1) for s in (0, 1))
            step = step + sum(cross[s][t] * form[s][t] for s in (0, 1) for t in (0, 1))
            expected[..., k, 0] += (scale * fit.between * step).sum(-1)
            expected[..., k, 1] += (scale * fit.between * trace).sum(-1)
    ratio = above / np.maximum(np.maximum(below, floor), 1e-300)
    known = expected[..., 0] / np.maximum(expected[..., 1], 1e-300)
    flat = zip(ratio.reshape(-1), known.reshape(-1, len(MEMORIES)), strict=True)
    phi = [
        np.interp(x, np.maximum.accumulate(k), MEMORIES) if k[-1] > k[0] else 0.0 for x, k in flat
    ]
    return np.array(phi).reshape(shape)
