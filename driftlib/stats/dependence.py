"""Test for a change when rows come in units (days, customers) that share an effect and a memory.

Every score goes through one mechanism: the mean of unit means, weighted by how well each is
known, and its variance from the rows within units, the units' own spread and their memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from driftlib.stats.unit_memory import pooled_memory
from driftlib.stats.unit_variance import contrast_variance
from driftlib.stats.units import UnitFit, Units, fit_units, side_vectors


@dataclass(frozen=True)
class UnitTest:
    """A change of a mean score, judged with rows in units; arrays of shape (..., scores).

    Parameters
    ----------
    difference : float array
        Current less reference, unit means weighted by how well each is known.
    variance : float array
        Of `difference` without a change.
    degrees_of_freedom : float array
        Of its t law.
    p_value : float array
        Never below what independent rows would give.
    design_effect : float array
        How many times the variance is what independent rows would give, at least 1.
    between : float array
        Variance of the unit effect.
    """

    difference: np.ndarray
    variance: np.ndarray
    degrees_of_freedom: np.ndarray
    p_value: np.ndarray
    design_effect: np.ndarray
    between: np.ndarray


def score_test(
    units: Units, rows: ArrayLike, sums: ArrayLike, squares: ArrayLike, phi: ArrayLike | None = None
) -> UnitTest:
    """Test whether the mean of a score changed, rows of a unit sharing an effect.

    Let y_i = S_i / n_i with within-unit variance s2 / n_i, and effects of variance t2 and
    correlation R. Weights w_i = 1 / (s2 / n_i + t2) make T the difference of weighted means
    with contrast c; its variance is sum c^2 s2 / n + t2 c'Rc, where t2 comes from the weighted
    residuals, less what rows and the memory explain; a unit on both sides adds the product of
    its two residuals. The degrees of freedom are those of the residuals' sum of squares.

    Parameters
    ----------
    units : Units
        The sides.
    rows, sums, squares : float array, shape (..., scores, units)
        Each unit's rows, sum of the score and sum of its squares. `rows` may be of a shape
        that broadcasts. Units without rows do not count.
    phi : float or float array, shape (...), optional
        The effects' lag-1 memory; by default estimated from these scores together.

    Returns
    -------
    UnitTest
        Of every score; with units of one row, that of independent rows.

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7(3), 177-188, for t2 from weighted
    residuals; Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114.

    Examples
    --------
    >>> import numpy as np
    >>> from driftlib.stats.units import Units
    >>> units = Units(np.repeat([False, True], 4), np.arange(8))
    >>> means = np.array([[1.0, 2.0, 1.0, 2.0, 2.0, 3.0, 2.0, 3.0]])
    >>> test = score_test(units, 100, 100 * means, 100 * (means**2 + 0.01), phi=0)
    >>> test.difference.round(3).tolist(), test.p_value.round(3).tolist()
    ([1.0], [0.05])
    """
    fit = fit_units(units, rows, sums, squares)
    return judge_scores(units, fit, pooled_memory(units, [(fit, 1.0)]) if phi is None else phi)


def share_test(
    units: Units, rows: ArrayLike, counts: ArrayLike, phi: ArrayLike | None = None
) -> UnitTest:
    """Test whether shares changed: the largest p of three ways to look at the difference.

    The difference of the weighted shares, with the variance that `score_test` gives the
    indicator; the difference of their arcsines with that variance; and the difference of the
    units' own arcsines. Of rare shares the first is skewed where the current side is small, the
    second where the reference is, and both are too sure of themselves where effects last long.
    The third is dull where a unit has less than one row of the share, and left out there.

    Parameters
    ----------
    units : Units
        The sides.
    rows : float array, shape (..., shares, units)
        Each unit's rows, of a shape that broadcasts.
    counts : float array, shape (..., shares, units)
        Rows that have the property.
    phi : float or float array, shape (...), optional
        As for `score_test`.

    Returns
    -------
    UnitTest
        Of every share.

    References
    ----------
    Anscombe (1948), Biometrika 35, 246-254, for the arcsine and its 3/8.

    Examples
    --------
    >>> import numpy as np
    >>> from driftlib.stats.units import Units
    >>> units = Units(np.repeat([False, True], 6), np.arange(12))
    >>> hits = [[10, 14, 8, 12, 9, 13, 30, 25, 33, 28, 27, 31]]
    >>> share_test(units, 100, hits, phi=0).difference.round(2).tolist()
    [0.18]
    """
    fit = fit_units(units, rows, counts, counts)
    return judge_shares(
        units, fit, rows, counts, pooled_memory(units, [(fit, 1.0)]) if phi is None else phi
    )


def judge_scores(units: Units, fit: UnitFit, phi: ArrayLike) -> UnitTest:
    """`score_test` from a fit.

    Parameters
    ----------
    units : Units
        The sides.
    fit : UnitFit
        Of the scores.
    phi : float or float array, shape (...)
        The effects' lag-1 memory.

    Returns
    -------
    UnitTest
        Of every score.
    """
    return _judge(units, fit, phi, _moved(fit))


def judge_shares(
    units: Units, fit: UnitFit, rows: ArrayLike, counts: ArrayLike, phi: ArrayLike
) -> UnitTest:
    """`share_test` from a fit of indicators, whose sums and squares are both the counts.

    Parameters
    ----------
    units, fit, phi
        As for `judge_scores`.
    rows, counts
        As for `share_test`.

    Returns
    -------
    UnitTest
        Of every share.
    """
    plain = _judge(units, fit, phi, _moved(fit), share=True)
    share = np.clip(fit.means, 0, 1)
    stable = np.arcsin(np.sqrt((share * fit.rows + 0.375) / (fit.rows + 0.75)))
    pooled = (share * fit.rows).sum(-1) / np.maximum(fit.rows.sum(-1), 1)
    # Back on the scale of shares, where the variance is.
    slope = 2 * np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12))
    angle = _p_value(
        fit, (stable[..., 1] - stable[..., 0]) * slope, plain.variance, plain.degrees_of_freedom
    )
    x = np.asarray(counts, dtype=float)
    n = np.broadcast_to(np.asarray(rows, dtype=float), x.shape)
    y = arcsine(x, n)
    # The variance of an arcsine is known: 1/4 a row.
    own = fit_units(units, n, n * y, n * y * y + 0.25 * np.maximum(n - 1, 0))
    turned = _judge(units, own, phi, _moved(own), share=True)
    common = np.minimum(x.sum(-1), (n - x).sum(-1)) >= (n > 0).sum(-1)
    each = np.where(common, turned.p_value, 0)
    p_value = np.maximum(np.maximum(plain.p_value, angle), each)
    return replace(plain, p_value=np.where(fit.single, plain.p_value, p_value))


def arcsine(hits: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Arcsine of the root of a share, whose variance hardly depends on the share.

    Parameters
    ----------
    hits, rows : float array
        Of a shape that broadcasts; hits below none, or above all, count as none and all.

    Returns
    -------
    float array
        0 to pi / 2, with a variance of about 1 / (4 rows).

    Examples
    --------
    >>> float(arcsine(50, 100).round(4)) == round(np.pi / 4, 4)
    True
    """
    hits = np.clip(hits, 0, rows)
    return np.asarray(np.arcsin(np.sqrt((hits + 0.375) / (rows + 0.75))))


def _moved(fit: UnitFit) -> np.ndarray:
    """Mean of the current side less that of the reference."""
    return np.asarray(fit.means[..., 1] - fit.means[..., 0])


def _judge(
    units: Units, fit: UnitFit, phi: ArrayLike, difference: np.ndarray, share: bool = False
) -> UnitTest:
    alone, _ = side_vectors(units, fit.weights)
    before, after = (a / np.maximum(a.sum(-1, keepdims=True), 1e-300) for a in alone)
    variance, degrees, between = contrast_variance(units, fit, phi, after - before, share)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.maximum(1, variance / fit.raw_variance)
    p_value = _p_value(fit, difference, variance, degrees)
    return UnitTest(difference, variance, degrees, p_value, effect, between)


def _p_value(
    fit: UnitFit, difference: np.ndarray, variance: np.ndarray, degrees: np.ndarray
) -> np.ndarray:
    """p-value of a difference, never below that of independent rows."""
    from scipy.special import erfc, stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(difference == 0, 0, np.abs(difference) / np.sqrt(variance))
        rows_z = np.where(fit.raw == 0, 0, np.abs(fit.raw) / np.sqrt(2 * fit.raw_variance))
    p_rows = erfc(rows_z)
    return np.where(fit.single, p_rows, np.maximum(2 * stdtr(degrees, -t), p_rows))
