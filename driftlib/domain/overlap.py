"""Find the features to blame where two periods cannot be compared at the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from driftlib.domain.result import Domain

# Without the separating features the others must overlap well, not only just.
GOOD_AUC = 0.8
MOST_NAMED = 8


@dataclass(frozen=True)
class SeparatingFeatures:
    """Features that tell the periods apart.

    Parameters
    ----------
    features : list of str
        The strongest first.
    auc_alone, auc_without : float
        Of a classifier of these columns only, and of the others.
    settles : bool
        Whether the others overlap well.
    """

    features: list[str]
    auc_alone: float
    auc_without: float
    settles: bool


def find_separating_features(
    domain: Domain, refit: Callable[[list[str]], Domain]
) -> SeparatingFeatures:
    """Find the few features that tell the periods apart, and without which the others overlap.

    The strongest feature is set aside and the classifier fitted again on the others, until these
    overlap well.

    Parameters
    ----------
    domain : Domain
        One that does not overlap.
    refit : function
        Features to a `Domain` of just these, on as many rows as it likes.

    Returns
    -------
    SeparatingFeatures
        At most 8 features where the others overlap without them, else all that were tried.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from driftlib.domain.classifier import fit_domain
    >>> rng = np.random.default_rng(0)
    >>> march = pd.DataFrame({"x": rng.normal(size=600), "month": 3})
    >>> april = pd.DataFrame({"x": rng.normal(size=600), "month": 4})
    >>> def refit(features):
    ...     return fit_domain(march, april, features=features)
    >>> found = find_separating_features(refit(["x", "month"]), refit)
    >>> found.features, found.settles
    (['month'], True)
    """
    named: list[str] = []
    rest, remaining = list(domain.features), domain
    while len(rest) > 1 and len(named) < MOST_NAMED:
        named.append(remaining.strongest)
        rest.remove(named[-1])
        remaining = refit(rest)
        if remaining.auc <= GOOD_AUC and remaining.overlaps:
            return SeparatingFeatures(named, refit(named).auc, remaining.auc, True)
    return SeparatingFeatures(named or rest, domain.auc, remaining.auc, False)
