"""Bring the models of several folds to one scale, and take back what they are too sure of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

# Models of few units are all but sure now and then; a logit must stay finite.
INNER = 1e-6
STEPS = 25


@dataclass(frozen=True)
class FoldScale:
    """Move each fold's logits to the shares of all rows, and shrink them.

    Whole units make folds of unlike shares: a model that has seen fewer current rows finds all
    rows less likely to be current, just where more of them are held out, and the AUC would fall
    below 0.5. And a model of thirty days is as sure of the thirty-first as if it had seen it: a
    slope learnt from held-out rows takes that back.

    Parameters
    ----------
    offsets : float array, shape (folds,)
        Logit of the share of current rows that each model has seen.
    centre : float
        Logit of their share in all rows.
    slope : float
        0 to 1; what a model's logit is worth on units that it has not seen.
    """

    offsets: np.ndarray
    centre: float
    slope: float = 1.0

    def score(self, pi: np.ndarray, folds: np.ndarray) -> np.ndarray:
        """Compute how much a row's features speak for current, by any fold's model alike.

        Parameters
        ----------
        pi : float array, shape (rows,)
            P(current | features) by the model of each row's fold.
        folds : int array, shape (rows,)
            Fold of each row.

        Returns
        -------
        float array, shape (rows,)
            Logits, 0 where the features say nothing.
        """
        return np.asarray(logit(np.clip(pi, INNER, 1 - INNER)) - self.offsets[folds])

    def probability(self, pi: np.ndarray, folds: np.ndarray) -> np.ndarray:
        """Compute P(current | features) with the shares of all rows.

        Parameters
        ----------
        pi, folds
            As for `score`.

        Returns
        -------
        float array, shape (rows,)
        """
        return np.asarray(expit(self.centre + self.slope * self.score(pi, folds)))


def fit_scale(pi: np.ndarray, is_current: np.ndarray, folds: np.ndarray) -> FoldScale:
    """Learn the scale from held-out rows.

    Parameters
    ----------
    pi : float array, shape (rows,)
        Cross-fitted P(current | features).
    is_current : bool array, shape (rows,)
        Period of each row; each fold's others have rows of both.
    folds : int array, shape (rows,)
        Fold of each row.

    Returns
    -------
    FoldScale
        Its slope is that of a logistic regression of the period on the score.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression, Biometrika 45,
    562-565, for the slope.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> now, folds = rng.random(3000) < 0.5, np.arange(3000) % 3
    >>> bool(fit_scale(rng.random(3000), now, folds).slope < 0.1)
    True
    """
    seen = [is_current[folds != fold].mean() for fold in range(int(folds.max()) + 1)]
    scale = FoldScale(logit(np.array(seen)), float(logit(is_current.mean())))
    x = scale.score(pi, folds)
    columns = np.column_stack([np.ones_like(x), x])
    beta = np.array([scale.centre, 0.5])
    for _ in range(STEPS):
        p = expit(columns @ beta)
        weighed = columns * (p * (1 - p))[:, None]
        information = weighed.T @ columns + 1e-6 * np.eye(2)
        beta = beta + np.linalg.solve(information, columns.T @ (is_current - p))
    return FoldScale(scale.offsets, scale.centre, float(np.clip(np.nan_to_num(beta[1]), 0, 1)))
