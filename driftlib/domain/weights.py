"""Turn P(current | features) into density ratios and weights."""

from __future__ import annotations

import numpy as np

# Keeps density ratios finite where a fold model is all but sure.
CLIP = 0.001


def clipped(pi: np.ndarray) -> np.ndarray:
    """Keep probabilities away from 0 and 1, where a density ratio would run off.

    Parameters
    ----------
    pi : float array
        P(current | features), 0 to 1.

    Returns
    -------
    float array
        0.001 to 0.999.
    """
    return np.clip(pi, CLIP, 1 - CLIP)


def odds_ratio(pi: np.ndarray, share: float) -> np.ndarray:
    """Compute the density of the current period over that of the reference.

    Parameters
    ----------
    pi : float array
        P(current | features), above 0 and below 1.
    share : float
        Share of current rows among those that the probabilities were learnt from.

    Returns
    -------
    float array
        pi / (1 - pi) times (1 - share) / share.

    Examples
    --------
    >>> odds_ratio(np.array([0.2, 0.5]), share=0.2).tolist()
    [1.0, 4.0]
    """
    return pi / (1 - pi) * (1 - share) / share


def overlap_weights(
    pi_reference: np.ndarray, pi_current: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weight the rows of both periods to the density that they share.

    With p and q the two densities, the shared one is proportional to p q / (p + q): high only
    where both periods have rows.

    Parameters
    ----------
    pi_reference, pi_current : float array
        P(current | features) of the rows of either period, above 0 and below 1.
    share : float
        Share of current rows where the probabilities come from, which need not be those rows.

    Returns
    -------
    tuple of two float arrays
        Weights of reference and current rows, each of sum 1.

    References
    ----------
    Li, Morgan and Zaslavsky (2018), Balancing covariates via propensity score weighting,
    J. American Statistical Association 113, 390-400.

    Examples
    --------
    >>> before, now = overlap_weights(np.array([0.1, 0.5]), np.array([0.5, 0.9]), share=0.5)
    >>> before.round(3).tolist(), now.round(3).tolist()
    ([0.167, 0.833], [0.833, 0.167])
    """
    reference = pi_reference / (share * (1 - pi_reference) + (1 - share) * pi_reference)
    current = (1 - pi_current) / (share * (1 - pi_current) + (1 - share) * pi_current)
    return reference / reference.sum(), current / current.sum()
