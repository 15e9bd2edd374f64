"""Split the change of a loss between two periods into covariate and concept.

Rows come as in a `Domain`: those of the reference first, then those of current.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import logit

from driftlib.domain.boosting import boosting_options, fit_folds, held_out
from driftlib.domain.result import Domain
from driftlib.stats.unit_influence import (
    RowUnits,
    UnitError,
    influence_error,
    influence_memory,
)

TERMS = ("covariate_common", "concept", "covariate_unseen", "total")
# What each term takes from a period's (expected loss on shared rows, loss beyond the expected
# on shared rows, mean loss): the reference's, then current's.
PARTS = (
    np.array([[0.5, 1, -1], [0, -1, 0], [-0.5, 0, 0], [0, 0, -1]]),
    np.array([[0.5, 0, 0], [0, 1, 0], [-0.5, -1, 1], [0, 0, 1]]),
)


@dataclass(frozen=True)
class Decomposition:
    """Hold the terms of a change, and how much each row has to do with their errors.

    Parameters
    ----------
    values : float array, shape (4,)
        In the order of `TERMS`; the last is the sum of the others.
    influence : float array, shape (4, rows)
        A term's squared standard error is the sum of its squared influences, where rows are
        independent; else see `driftlib.stats.unit_influence.influence_error`.
    loss_reference, loss_current : float
        Mean loss of either period; NaN where current has no labels.
    units : RowUnits, optional
        The unit of each row; None for independent rows.
    """

    values: np.ndarray
    influence: np.ndarray
    loss_reference: float
    loss_current: float
    units: RowUnits | None = None
    _errors: dict[tuple[float, ...], UnitError] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def error(self, weights: Sequence[float] | np.ndarray) -> UnitError:
        """Tell how well a sum of terms is known.

        Parameters
        ----------
        weights : sequence of float, length 4
            As for `combine`.

        Returns
        -------
        UnitError
        """
        weight = np.asarray(weights, dtype=float)
        key = tuple(weight.tolist())
        if key not in self._errors:
            self._errors[key] = self._error(weight)
        return self._errors[key]

    def _error(self, weight: np.ndarray) -> UnitError:
        used = weight != 0
        influence = weight[used] @ self.influence[used]
        if self.units is None or np.isnan(influence).any():
            return influence_error(None, influence)
        # What lasts in the sum itself and in the losses: in a small term it can be the folds'
        # doing, which says nothing of the others.
        lasting = np.stack([influence, self.influence[-1]])
        phi = influence_memory(self.units, lasting[~np.isnan(lasting).any(axis=1)])
        return influence_error(self.units, influence, phi)

    def combine(
        self, weights: Sequence[float] | np.ndarray, level: float = 0.95
    ) -> tuple[float, float, float]:
        """Add up the terms with weights, and give the sum a two-sided interval.

        Parameters
        ----------
        weights : sequence of float, length 4
            In the order of `TERMS`; a term of weight 0 may be NaN.
        level : float
            Confidence level, 0 to 1.

        Returns
        -------
        tuple of float
            The sum, and the lower and upper limit of its interval: normal for independent
            rows, else of the t law.

        Examples
        --------
        >>> influence = np.zeros((4, 2))
        >>> influence[1] = [0.03, 0.04]
        >>> parts = Decomposition(np.array([0.1, 0.2, 0.0, 0.3]), influence, 0.2, 0.5)
        >>> [round(number, 3) for number in parts.combine((0, 1, 0, 0))]
        [0.2, 0.102, 0.298]
        """
        weight = np.asarray(weights, dtype=float)
        used = weight != 0
        value = float(weight[used] @ self.values[used])
        spread = self.error(weight).spread(level)
        return value, value - spread, value + spread


def fit_loss(
    domain: Domain,
    loss: np.ndarray,
    rows: np.ndarray | None = None,
    held: int | None = None,
    **options: Any,
) -> np.ndarray:
    """Regress the loss on the features, cross-fitted, both periods together.

    The period is no feature: what is left of the loss then differs between periods only
    where the same inputs are judged differently.

    Parameters
    ----------
    domain : Domain
        Gives the codes of the features and the folds.
    loss : float array, shape (rows,)
        Loss of each row; may be NaN in rows that are not learnt from.
    rows : bool array, shape (rows,), optional
        Rows to learn from; default all.
    held : int, optional
        The only fold to judge; default all.
    **options
        Of the boosting, where they are not those of all models.

    Returns
    -------
    float array, shape (rows,)
        Expected loss of each row, by a model that has not seen it; NaN in folds not judged.
    """
    smaller = min(len(domain.reference_rows), len(domain.current_rows))
    options = boosting_options(domain.features, domain.levels, domain.seed, smaller) | options
    known = np.ones(len(loss), dtype=bool) if rows is None else rows
    # Scikit-learn adds up single precision: a power of two brings any unit near to 1.
    power = int(np.frexp(np.abs(loss[known]).max(initial=0.0))[1])
    models = fit_folds(
        "regressor", options, domain.codes[known], np.ldexp(loss[known], -power),
        domain.folds[known], held,
    )  # fmt: skip
    return np.ldexp(held_out(models, domain.codes, domain.folds), power)


def retarget(domain: Domain, loss: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Take what is left of the classifier's own direction out of the expected losses.

    Both models are shrunk and blind to the same chance likenesses of the periods. A weighted
    regression of the surplus on the logit of P(current | x), the period beside it, moves the
    expected losses along the one direction in which that would pass for a change of concept.
    Over 125 samples of 1,000 + 1,000 rows (five kinds of drift, true terms known) it takes the
    coverage of 95 % intervals from 91 to 94 % for the concept and from 87 to 95 % for the
    covariate part, and the concept's root mean squared error from 0.0122 to 0.0113.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    loss, expected : float array, shape (rows,)
        Loss of each row, and what `fit_loss` expects of it.

    Returns
    -------
    float array, shape (rows,)
        The expected losses, moved along the logit of P(current | x).

    References
    ----------
    Van der Laan and Rubin (2006), Targeted maximum likelihood learning, International
    Journal of Biostatistics 2(1).
    """
    direction = logit(np.concatenate([domain.pi_reference, domain.pi_current]))
    root = np.sqrt(np.concatenate(domain.overlap_weights))
    columns = np.column_stack([np.ones_like(direction), domain.is_current, direction])
    columns *= root[:, None]
    slope = np.linalg.lstsq(columns, (loss - expected) * root, rcond=None)[0][2]
    return expected + slope * direction


def expected_losses(domain: Domain, loss: np.ndarray) -> np.ndarray:
    """Tell what the features let one expect of the loss, in both periods alike.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    loss : float array, shape (rows,)
        NaN in current where that has no labels: then of the reference's rows.

    Returns
    -------
    float array, shape (rows,)
        NaN where the domain cannot tell.
    """
    if domain.cannot_tell:
        return np.full(len(loss), np.nan)
    if np.isnan(loss).any():
        return fit_loss(domain, loss, ~domain.is_current)
    return retarget(domain, loss, fit_loss(domain, loss))


def decompose(domain: Domain, loss: np.ndarray, expected: np.ndarray) -> Decomposition:
    """Split the change of the mean loss, doubly robust.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    loss, expected : float array, shape (rows,)
        Loss of each row, and what `fit_loss` and `retarget` expect of it.

    Returns
    -------
    Decomposition
        All four terms, with the influence of every row.

    References
    ----------
    Cai, Namkoong and Yadlowsky (2023), Diagnosing model performance under distribution
    shift, arXiv 2303.02011; here augmented by the loss model, so that the errors of the
    two models multiply.
    """
    cut = len(domain.reference_rows)
    values, influence, means = np.zeros(4), np.empty((4, len(loss))), []
    sides = slice(None, cut), slice(cut, None)
    for side, weight, parts in zip(sides, domain.overlap_weights, PARTS, strict=True):
        plain = np.full(len(weight), 1 / len(weight))
        estimates = (
            _weighted(expected[side], weight),
            _weighted(loss[side] - expected[side], weight),
            _weighted(loss[side], plain),
        )
        values += parts @ [value for value, _ in estimates]
        influence[:, side] = parts @ np.stack([each for _, each in estimates])
        means.append(estimates[2][0])
    return Decomposition(values, influence, means[0], means[1], domain.units)


def decompose_inputs(domain: Domain, loss: np.ndarray, expected: np.ndarray) -> Decomposition:
    """Estimate the covariate terms alone, for a current period without labels.

    Reference losses stand for those of current: concept and total are NaN, and
    `covariate_unseen` holds if outcomes still follow from inputs as they did.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    loss : float array, shape (rows,)
        NaN in current.
    expected : float array, shape (rows,)
        From `fit_loss` on the reference's rows.

    Returns
    -------
    Decomposition
        NaN for concept, total and the current loss.
    """
    cut = len(domain.reference_rows)
    w_reference, w_current = domain.overlap_weights
    ratio = domain.reference_ratio / domain.reference_ratio.sum()
    surplus = loss[:cut] - expected[:cut]
    here, there = _weighted(expected[:cut], w_reference), _weighted(expected[cut:], w_current)
    rest, beyond = _weighted(surplus, w_reference), _weighted(surplus, ratio)
    mean = _weighted(loss[:cut], np.full(cut, 1 / cut))
    now = _weighted(expected[cut:], np.full(len(w_current), 1 / len(w_current)))
    values, influence = np.full(4, np.nan), np.full((4, len(loss)), np.nan)
    for part, into in enumerate((values, influence)):
        a, b, r, x, e, n = (each[part] for each in (here, there, rest, beyond, mean, now))
        of_reference = a / 2 + r - e, x - r - a / 2
        of_current = b / 2, n - b / 2
        for term, left, right in zip((0, 2), of_reference, of_current, strict=True):
            into[term] = np.concatenate([left, right]) if part else left + right
    return Decomposition(values, influence, mean[0], np.nan, domain.units)


def _weighted(values: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the weighted mean, and the influence of each row on it."""
    mean = float(weight @ values)
    return mean, weight * (values - mean)


def unknown_parts(domain: Domain, loss: np.ndarray) -> Decomposition:
    """Hold the mean losses alone, where too few units tell nothing of their change.

    Parameters
    ----------
    domain : Domain
        Which cannot tell.
    loss : float array, shape (rows,)
        Loss of each row.

    Returns
    -------
    Decomposition
        NaN for every term.
    """
    before, now = np.split(loss, [len(domain.reference_rows)])
    unknown = np.full(4, np.nan), np.full((4, len(loss)), np.nan)
    return Decomposition(*unknown, float(before.mean()), float(now.mean()))
