"""Measure how far means vary whose rows come in units: from rows, from effects, from memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from driftlib.stats.units import UnitFit, Units, side_vectors

# Of the upper end of a 95 % interval.
LEVEL = 0.975


@dataclass(frozen=True)
class MeanSpread:
    """How far means of rows vary with rows in units; arrays of shape (..., scores).

    Parameters
    ----------
    variance, degrees_of_freedom : float array
        Of the mean of one side, or of the difference of two, and of its t law.
    design_effect : float array
        How many times the variance is what independent rows would give, at least 1.
    """

    variance: np.ndarray
    degrees_of_freedom: np.ndarray
    design_effect: np.ndarray

    @property
    def widening(self) -> np.ndarray:
        """How many times as wide as with independent rows a 95 % interval is, at least 1."""
        from scipy.special import ndtri, stdtrit

        known = np.isfinite(self.degrees_of_freedom)
        reach = stdtrit(np.where(known, self.degrees_of_freedom, 1), LEVEL) / ndtri(LEVEL)
        return np.where(known, np.maximum(1, np.sqrt(self.design_effect) * reach), 1.0)


def mean_spread(
    units: Units,
    fit: UnitFit,
    rows: ArrayLike,
    phi: ArrayLike,
    sides: tuple[bool, bool] = (True, True),
) -> MeanSpread:
    """Measure how far plain means of rows vary, where every row counts alike.

    `judge_scores` weighs units by how well each is known, which finds more; here the value is
    given, such as a metric's, and only its spread is asked for.

    Parameters
    ----------
    units : Units
        The sides; one may be empty.
    fit : UnitFit
        Of the scores.
    rows : float array, shape (..., scores, units)
        Each unit's rows, of a shape that broadcasts.
    phi : float or float array, shape (...)
        The effects' lag-1 memory.
    sides : (bool, bool)
        Whether the reference and the current side enter: both for their difference. Either way
        both tell how far units vary.

    Returns
    -------
    MeanSpread
        Of every score; with units of one row, that of independent rows, whose law has no degrees
        of freedom (infinity).

    Examples
    --------
    >>> import numpy as np
    >>> from driftlib.stats.units import fit_units
    >>> units = Units(np.repeat([False, True], 4), np.arange(8))
    >>> means = np.array([[1.0, 2.0, 1.0, 2.0, 2.0, 3.0, 2.0, 3.0]])
    >>> fit = fit_units(units, 100, 100 * means, 100 * (means**2 + 0.01))
    >>> mean_spread(units, fit, 100, phi=0).variance.round(3).tolist()
    [0.167]
    """
    n = np.broadcast_to(np.asarray(rows, dtype=float), fit.weights.shape)
    signs = np.where(units.current, 1.0 * sides[1], -1.0 * sides[0])
    of_side = np.where(units.current, fit.rows[..., 1:], fit.rows[..., :1])
    contrast = signs * n / np.maximum(of_side, 1)
    variance, degrees, _ = contrast_variance(units, fit, phi, contrast)
    used = (fit.rows > 0) & np.array(sides)
    alone = fit.row_variance * np.where(used, 1 / np.maximum(fit.rows, 1), 0).sum(-1)
    effect = np.maximum(1, variance / np.where(alone > 0, alone, 1))
    return MeanSpread(
        np.where(fit.single, alone, variance),
        np.where(fit.single, np.inf, degrees),
        np.where(fit.single, 1.0, effect),
    )


@dataclass(frozen=True)
class EffectSpread:
    """How far the effects of units vary, of one side; arrays of shape (..., scores).

    Parameters
    ----------
    between, degrees_of_freedom : float array
        Variance of a unit's effect, and the degrees of freedom that it is known with.
    phi : float array, shape (...)
        The effects' lag-1 memory.
    """

    between: np.ndarray
    degrees_of_freedom: np.ndarray
    phi: np.ndarray

    def error_of(self, units: Units, rows: ArrayLike) -> np.ndarray:
        """Compute the standard error that the effects of other units give a mean of their rows.

        Parameters
        ----------
        units : Units
            Those whose rows the mean is of, as one side.
        rows : float array, shape (units,)
            Rows of each.

        Returns
        -------
        float array, shape (..., scores)
        """
        share = np.asarray(rows, dtype=float) / max(1, np.sum(rows))
        r = units.correlation(self.phi) if np.any(self.phi) else None
        together = np.maximum((share**2).sum(-1), (_mixed(share, r) * share).sum(-1))
        return np.sqrt(self.between * together[..., None])

    def reach_of(self, units: Units, rows: ArrayLike) -> np.ndarray:
        """Compute half of the 95 % interval that those effects give.

        Parameters
        ----------
        units, rows
            As for `error_of`.

        Returns
        -------
        float array, shape (..., scores)
        """
        from scipy.special import stdtrit

        return stdtrit(self.degrees_of_freedom, LEVEL) * self.error_of(units, rows)


def effect_spread(units: Units, fit: UnitFit, phi: ArrayLike) -> EffectSpread:
    """Measure how far the effects of units vary.

    Parameters
    ----------
    units : Units
    fit : UnitFit
        Of the scores.
    phi : float or float array, shape (...)
        The effects' lag-1 memory.

    Returns
    -------
    EffectSpread
        Of every score.
    """
    none = np.zeros_like(fit.weights)
    _, degrees, between = contrast_variance(units, fit, phi, none)
    return EffectSpread(between, degrees, np.asarray(phi, dtype=float))


def contrast_variance(
    units: Units, fit: UnitFit, phi: ArrayLike, contrast: np.ndarray, share: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the variance of a contrast of unit means.

    Parameters
    ----------
    units : Units
    fit : UnitFit
        Of the scores.
    phi : float or float array, shape (...)
        The effects' lag-1 memory.
    contrast : float array, shape (..., scores, units)
        What each unit's mean is multiplied by.
    share : bool
        Whether the scores are indicators.

    Returns
    -------
    variance : float array, shape (..., scores)
        Of the contrast.
    degrees : float array, shape (..., scores)
        Degrees of freedom of its t law.
    between : float array, shape (..., scores)
        Variance of an effect.
    """
    w = fit.weights
    alone, taken = side_vectors(units, w)
    total = [np.maximum(a.sum(-1), 1e-300) for a in alone]
    memory = np.asarray(phi, dtype=float)
    r = units.correlation(memory) if memory.any() else None
    root = np.sqrt(w)
    plain = w.sum(-1) - sum((a * a).sum(-1) / t for a, t in zip(alone, total, strict=True))
    moved = [root * _mixed(root * q, r) for q in taken]
    trace = w.sum(-1) - sum((moved[s] * taken[s]).sum(-1) for s in (0, 1))
    # Less is left of the effects around their own mean the longer they last.
    between = fit.between * plain / np.maximum(trace, 1e-300)
    lasting = np.where(trace > 1e-9 * w.sum(-1), between, 0) * (_mixed(contrast, r) * contrast).sum(
        -1
    )
    without = fit.between * (contrast**2).sum(-1)
    effects = np.maximum(without, lasting)
    effects = np.maximum(0, effects - _shared(units, fit, contrast))
    by_rows = (contrast**2 * fit.noise).sum(-1)
    if share:
        # A share bends the effect, so what lasts shows too little of itself within a side.
        by_rows = by_rows * np.maximum(1, _inflation(contrast, r, plain, trace))
    return by_rows + effects, _degrees(fit, r, between, moved, taken), between


def _mixed(x: np.ndarray, r: np.ndarray | None) -> np.ndarray:
    """Product with a correlation matrix, None for units that have nothing in common."""
    return x if r is None else np.asarray(x @ r)


def _inflation(
    contrast: np.ndarray, r: np.ndarray | None, plain: np.ndarray, trace: np.ndarray
) -> np.ndarray:
    """How many times the memory makes the variance of the difference."""
    lasting = (_mixed(contrast, r) * contrast).sum(-1) / np.maximum((contrast**2).sum(-1), 1e-300)
    return np.asarray(lasting * plain / np.maximum(trace, 1e-300))


def _shared(units: Units, fit: UnitFit, contrast: np.ndarray) -> np.ndarray:
    """Tell what units on both sides take off the variance: twice the product of their residuals.

    At least nothing, and at most what effects that never change would take off.
    """
    a, b = units.pairs
    if not len(a):
        return np.zeros(fit.between.shape)
    # Contrasts of the two sides have opposite signs.
    scale = -contrast[..., a] * contrast[..., b]
    product = (scale * fit.residuals[..., a] * fit.residuals[..., b]).sum(-1)
    # Residuals have lost what their sides' means took.
    one, other = -contrast[..., a], contrast[..., b]
    left = 1 - one - other + (one * other).sum(-1, keepdims=True)
    whole = scale.sum(-1)
    kept = (scale * left).sum(-1) / np.maximum(whole, 1e-300)
    return 2 * np.clip(product / np.maximum(kept, 0.1), 0, fit.between * whole)


def _degrees(
    fit: UnitFit,
    r: np.ndarray | None,
    between: np.ndarray,
    moved: list[np.ndarray],
    taken: list[np.ndarray],
) -> np.ndarray:
    """Degrees of freedom of the weighted residuals' sum of squares (Satterthwaite)."""
    w, rows_part = fit.weights, fit.weights * fit.noise
    t2 = between[..., None]
    mapped = [rows_part * taken[s] + t2 * moved[s] for s in (0, 1)]
    form = [[(mapped[s] * taken[t]).sum(-1) for t in (0, 1)] for s in (0, 1)]
    first = rows_part.sum(-1) + between * w.sum(-1) - form[0][0] - form[1][1]
    second = (
        (rows_part**2).sum(-1)
        + 2 * between * (rows_part * w).sum(-1)
        + between**2 * (_mixed(w, None if r is None else r * r) * w).sum(-1)
        - 2 * sum((m * m).sum(-1) for m in mapped)
        + sum(form[s][t] ** 2 for s in (0, 1) for t in (0, 1))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        nu = first**2 / second
    return np.where(np.isfinite(nu) & (second > 0), np.clip(nu * fit.kept, 1, fit.degrees), 1.0)
