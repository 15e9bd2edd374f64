"""Check a batch's quality against what a baseline knows of its reference."""

from __future__ import annotations

from datetime import datetime

from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.quality.columns import column_findings, type_findings
from driftlib.quality.finding import GONE_COLUMN, ONE_VALUE, OTHER_TYPE, Finding, QualityPolicy
from driftlib.quality.rows import repeat_findings, same_row_findings, time_findings
from driftlib.quality.values import value_findings
from driftlib.severity import rank

# Without one of the columns rows are alike that were not.
_TELL_NO_ROWS_APART = (GONE_COLUMN, OTHER_TYPE, ONE_VALUE)


def check_quality(
    baseline: Baseline,
    profile: Profile,
    policy: QualityPolicy = QualityPolicy(),
    now: datetime | None = None,
) -> tuple[Finding, ...]:
    """Find what is wrong with a batch as data.

    Parameters
    ----------
    baseline : Baseline
        One saved by an older driftlib knows nothing of columns, whole rows and times.
    profile : Profile
        Of the batch.
    policy : QualityPolicy
        How much a finding matters.
    now : datetime, optional
        What ages are counted to; default the time now.

    Returns
    -------
    tuple of Finding
        The worst first. A batch like the reference has none but its age, which is only to be
        known.

    Examples
    --------
    >>> import pandas as pd
    >>> reference = pd.DataFrame({"x": [*range(99, -1, -1)], "sky": ["clear", "cloud"] * 50})
    >>> baseline = Baseline.fit(reference)
    >>> batch = reference.assign(sky="cloud", wind=1.0)
    >>> [(f.kind, f.column) for f in check_quality(baseline, baseline.profile(batch))]
    [('one value only', 'sky'), ('new column', 'wind')]
    """
    found = [
        *column_findings(baseline, profile),
        *type_findings(baseline, profile, policy),
        *value_findings(baseline, profile, policy),
    ]
    known, facts = baseline.reference_facts, profile.facts
    if known and facts:
        changed = {finding.column for finding in found if finding.kind in _TELL_NO_ROWS_APART}
        if not changed.intersection(known.rule.names):
            found += repeat_findings(known, facts, policy)
            found += same_row_findings(known, facts)
        found += time_findings(known, facts, policy, now or datetime.now())
    return tuple(sorted(found, key=lambda finding: -rank(finding.severity)))
