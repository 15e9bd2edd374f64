"""Judge all features together: a change of how they go with one another, too.

Columns may each look as before and yet go together in another way. A classifier that tells the
rows of the two periods apart sees that; it is fitted on a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from driftlib.data.batches import Batch, Source
from driftlib.data.schema import CATEGORICAL, COMPARABLE
from driftlib.data.sources import Memory
from driftlib.data.units import ROW, unit_codes
from driftlib.domain.classifier import fit_periods
from driftlib.domain.result import Domain
from driftlib.domain.units import PeriodUnits
from driftlib.drift.correlations import COLUMNS, changed_pairs, name_pairs
from driftlib.drift.notes import TOGETHER
from driftlib.drift.policy import DriftPolicy
from driftlib.errors import DataError, ParameterError
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import is_baseline
from driftlib.profile.sampling import ALL_HASHES, RowSample, row_hash
from driftlib.severity import Severity
from driftlib.text import listed

SAMPLE_ROWS, FITTED_ROWS = 20_000, 10_000
# What a column shuffled costs the classifier, as a part of all that it can tell.
LEAST_PART = 0.1
MOST_NAMED = 3


@dataclass(frozen=True)
class JointDrift:
    """How well all features together tell the rows of the two periods apart.

    Parameters
    ----------
    policy : DriftPolicy
    domain : Domain, optional
        The classifier, to be used again: `driftlib.diagnose(..., domain=result.joint.domain)`.
    cannot_tell : str
        Why there is none, or why it tells nothing.

    Notes
    -----
    A change is real with a p-value below half of the policy's `alpha`. Its size is put on the
    scale of the PSI: a normal column that is shifted by d standard deviations has a PSI of about
    d**2, and tells rows apart with an AUC of Phi(d / sqrt(2)).
    """

    policy: DriftPolicy
    domain: Domain | None = field(default=None, repr=False)
    cannot_tell: str = ""

    @property
    def auc(self) -> float:
        """Area under the classifier's ROC curve: 0.5 where nothing can be told."""
        return self.domain.auc if self.domain else np.nan

    @property
    def p_value(self) -> float:
        """Of no change in any feature or combination of them."""
        return self.domain.p_value if self.domain else np.nan

    @property
    def size(self) -> float:
        """The PSI of one shifted column that would tell the rows apart as well."""
        return float(2 * ndtri(np.clip(self.auc, 0.5, 1 - 1e-9)) ** 2)

    @property
    def severity(self) -> Severity:
        """How much it matters, by the limits that the PSI of a column has."""
        if not self.p_value < self.policy.alpha / 2:
            return Severity.NONE
        return self.policy.severity_of(self.size, 0.0)

    @cached_property
    def features(self) -> list[str]:
        """Features that carry it, the strongest first: what the classifier misses when shuffled."""
        if self.domain is None or self.severity == Severity.NONE:
            return []
        loss = self.domain.table["auc_loss"].sort_values(ascending=False)
        return list(loss.index[loss >= LEAST_PART * (self.auc - 0.5)][:MOST_NAMED])

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Pairs of features whose correlation changed, the most changed first.

        See `driftlib.drift.correlations.changed_pairs`.
        """
        if self.domain is None or self.severity == Severity.NONE:
            return pd.DataFrame(columns=list(COLUMNS))
        return changed_pairs(self.domain)

    @property
    def note(self) -> str:
        """What is found, in words."""
        if self.domain is None or self.cannot_tell:
            return self.cannot_tell
        told = f"AUC {self.auc:.2f} ({self.domain.lower:.2f} to {self.domain.upper:.2f})"
        if self.severity == Severity.NONE:
            return f"rows of the two periods cannot be told apart: {told}"
        pairs = [
            f"{first} with {second}: correlation {was:.2f} before, {now:.2f} now"
            for first, second, was, now in name_pairs(self.pairs.head(MOST_NAMED))
        ]
        carried = f"carried by {listed(self.features)}" if self.features else ""
        parts = [f"rows of the two periods can be told apart, {told}", carried, *pairs]
        return "; ".join(filter(None, parts))

    def to_dict(self) -> dict[str, Any]:
        """Turn it into types that JSON has.

        Returns
        -------
        dict
        """
        names = ("auc", "p_value", "size", "features", "pairs", "note", "cannot_tell")
        severity = self.severity
        judged = {"severity": severity.value, "drifted": severity.drifted}
        return {"feature": TOGETHER, **judged} | {name: getattr(self, name) for name in names}


def fit_joint(baseline: Baseline, reference: Any, current: Any, policy: DriftPolicy) -> JointDrift:
    """Fit the classifier of all features on a bounded number of rows.

    Parameters
    ----------
    baseline : Baseline
        Which features there are, what they are, and which rows belong together.
    reference, current : frame, table, dataset, path, Dask or Spark DataFrame
        Of what is not in memory, 20,000 rows are chosen by a hash of their numbers.
    policy : DriftPolicy

    Returns
    -------
    JointDrift
        It says why where nothing can be told.
    """
    if is_baseline(reference) or isinstance(current, Profile):
        which = "a profile" if isinstance(current, Profile) else "a saved baseline"
        return JointDrift(policy, cannot_tell=f"cannot tell: {which} holds no rows")
    if baseline.season:
        return JointDrift(
            policy, cannot_tell="cannot tell: with a season, features are compared one by one"
        )
    names = [n for n in baseline.features if baseline.columns[n].kind in COMPARABLE]
    categorical = [n for n in names if baseline.columns[n].kind == CATEGORICAL]
    frames = []
    for data, role, name in (
        (reference, "reference", "the reference"),
        (current, "current", "current"),
    ):
        source = baseline.open(data, role, name)
        frames.append((source.name, sample_rows_of(source, [*names, baseline.unit.column])))
    wanted = [name for name in names if all(name in frame.columns for _, frame in frames)]
    try:
        domain = fit_periods(
            frames, wanted, categorical, _units(baseline, frames), named=False,
            max_rows=FITTED_ROWS,
        )  # fmt: skip
    except (DataError, ParameterError) as error:
        return JointDrift(policy, cannot_tell=f"cannot tell: {error}".rstrip("."))
    return JointDrift(policy, domain, domain.cannot_tell)


def _units(baseline: Baseline, frames: Sequence[tuple[str, pd.DataFrame]]) -> PeriodUnits:
    if baseline.unit.kind == ROW:
        return PeriodUnits(baseline.unit)
    return PeriodUnits(
        baseline.unit, *(unit_codes(baseline.unit, frame, name) for name, frame in frames)
    )


@dataclass(frozen=True)
class _Rows:
    """Some rows of a source, and how many there are."""

    rows: int
    sample: RowSample

    def __add__(self, other: _Rows) -> _Rows:
        return _Rows(self.rows + other.rows, self.sample + other.sample)


def sample_rows_of(source: Source, names: Sequence[str]) -> pd.DataFrame:
    """Choose rows of a source by a hash of their numbers.

    Parameters
    ----------
    source : Source
        Of one in memory all rows are taken.
    names : sequence of str
        Columns to read, as far as each part has them.

    Returns
    -------
    pandas.DataFrame
        At most 20,000 rows, in their order; the same however a table is cut into batches.
    """
    if isinstance(source, Memory):
        return source.frame
    known = {name for header in source.headers for name in header.names}
    wanted = [name for name in dict.fromkeys(names) if name in known]
    total: _Rows = source.total(partial(_some, size=SAMPLE_ROWS), wanted)
    return total.sample.cut().frame


def _some(batch: Batch, size: int) -> _Rows:
    rows = np.arange(batch.first, batch.first + batch.rows)
    sample = RowSample(size, ALL_HASHES, ((row_hash(rows, 0), batch.frame),)).cut()
    return _Rows(len(rows), sample)
