"""Detect drift: compare a current batch with a reference, feature by feature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from driftlib.drift.compare import Pair, compare
from driftlib.drift.policy import DriftPolicy
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import as_baseline
from driftlib.results import Result
from driftlib.severity import rank
from driftlib.text import listed


@dataclass(frozen=True)
class DriftResult(Result):
    """What `detect_drift` found.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per column in the baseline's order; see `detect_drift`.
    baseline : Baseline
    current : Profile
    policy : DriftPolicy
    """

    table: pd.DataFrame
    baseline: Baseline = field(repr=False)
    current: Profile = field(repr=False)
    policy: DriftPolicy

    @property
    def drifted(self) -> list[str]:
        """Names of the features that drifted: really, and enough to matter."""
        features = set(self.baseline.features)
        return [name for name in self.table.index[self.table["drifted"]] if name in features]

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        total = len(self.baseline.features)
        if not self.drifted:
            real = int((self.table["severity"] == "minor").sum())
            rest = f"; {real} changed, but too little to matter" if real else ""
            return f"No drift: none of {total} features moved enough to matter{rest}"
        order = self.table.loc[self.drifted].assign(rank=self.table["severity"].map(rank))
        worst = order.sort_values(["rank", "psi"], ascending=False).index
        return f"{len(worst)} of {total} features drifted: {listed(worst)}"

    @property
    def details(self) -> dict[str, Any]:
        return {
            "drifted": self.drifted,
            "rows_reference": self.baseline.rows,
            "rows_current": self.current.rows,
            "policy": asdict(self.policy),
        }


def detect_drift(
    reference: Any,
    current: Any,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    policy: DriftPolicy = DriftPolicy(),
    **names: Any,
) -> DriftResult:
    """Compare a current batch with a reference, feature by feature.

    Parameters
    ----------
    reference : frame, table, path or Baseline
        A path that ends in .json is a saved baseline.
    current : frame, table, path or Profile
    features, categorical : list of str, optional
        See `Baseline.fit`. With a baseline, `features` picks some of its features and the
        kinds are the baseline's own.
    policy : DriftPolicy
    **names : str
        `y_true`, `y_pred`, `y_proba`, `timestamp`: names of the columns that are no features.

    Returns
    -------
    DriftResult
        Its table has a row per column, indexed by feature:

        - `kind`: numeric, categorical, prediction, target, or why it has no numbers
        - `n_reference`, `n_current`: rows with a value
        - `psi`, `ks`, `chi_square`, `jensen_shannon`, `hellinger`, `wasserstein` (in standard
          deviations of the reference): sizes of the change, see `driftlib.stats.distances`
        - `..._p_value`: the tests; `p_value` joins them, `q_value` allows for the
          number of features
        - `missing_reference`, `missing_current`, `unseen`: shares of all rows
        - `severity`: none (not real), minor (real, too small to matter), moderate or major
        - `drifted`: real and at least moderate
        - `note`: what changed, in words
        - `psi_expected`, `psi_critical`: the PSI that chance gives on average, and the smallest
          that one test can tell from chance

    Raises
    ------
    DriftlibError
        If a side cannot be read, or they have no feature in common.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)})
    >>> result = detect_drift(reference, reference.assign(x=reference["x"] + 1))
    >>> result.drifted
    ['x']
    >>> result.table.loc["x", "note"]
    'shifted up by 1 standard deviation'
    """
    baseline = as_baseline(reference, features=features, categorical=categorical, **names)
    profile = current if isinstance(current, Profile) else baseline.profile(current)
    (table,) = compare(baseline, [Pair(baseline.reference, profile)], policy)
    return DriftResult(table, baseline, profile, policy)
