"""Share the covariate part of a diagnosis out among the features."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftlib.domain.result import Domain
from driftlib.domain.separation import area
from driftlib.domain.weights import overlap_weights

# Rows of either period that are used: shuffling each feature takes a prediction of all of them.
MOST_ROWS = 10_000


def attribute(domain: Domain, expected: np.ndarray) -> pd.DataFrame:
    """Measure the covariate part that is lost when a feature is hidden from the classifier.

    Reweighting with the classifier's probabilities moves the reference to the rows that both
    periods share and from there to current, and the expected loss with it. A feature's effect
    is how much less it moves when the feature's values are shuffled before the classifier
    judges a row.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    expected : float array, shape (rows,)
        Expected loss of each row of the domain, the same in both periods.

    Returns
    -------
    pandas.DataFrame
        Indexed by feature, the largest effect first: effect, in the unit of the loss, positive
        where the feature's change made the loss worse; auc_loss, how much of the classifier's
        AUC hangs on the feature. On at most 10,000 rows of either period.

    Notes
    -----
    The effects need not add up to the covariate part. Of features that carry the same news each
    looks dispensable; a combination that counts only together is found in all of its features.
    A large `auc_loss` with an effect near 0 is a feature that moved without harm. An effect is
    no cause: it says which change goes with the loss, not what would happen if it were undone.
    Nor does it tell noise from drift: where the covariate part is not significant, its shares
    are not either.
    """
    rows = domain.some_rows(MOST_ROWS)
    current = domain.is_current[rows]
    measured = [
        (_moved(pi, domain.share, current, expected[rows]), area(pi[current], pi[~current]))
        for pi in domain.shuffled(rows)
    ]
    table = np.array(measured)
    frame = pd.DataFrame(
        table[0] - table[1:],
        columns=["effect", "auc_loss"],
        index=pd.Index(domain.features, name="feature"),
    )
    order = frame["effect"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order]


def _moved(pi: np.ndarray, share: float, current: np.ndarray, loss: np.ndarray) -> float:
    """Return the change of the expected loss that reweighting with `pi` explains."""
    before, now = loss[~current], loss[current]
    w_reference, w_current = overlap_weights(pi[~current], pi[current], share)
    return float(w_reference @ before - before.mean() + now.mean() - w_current @ now)
