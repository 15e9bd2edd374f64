"""Tell broken data from changed data: what a feed did to a column, no new model heals."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from driftlib.drift.result import DriftResult
from driftlib.quality.finding import (
    GONE_COLUMN,
    INFINITE,
    ONE_VALUE,
    OTHER_TYPE,
    SENTINEL,
    UNREADABLE,
)
from driftlib.severity import Severity, rank
from driftlib.written_numbers import percents

BROKEN = (GONE_COLUMN, OTHER_TYPE, UNREADABLE, INFINITE, ONE_VALUE, SENTINEL)
# Beyond what the reference has; a tenth of the rows is more than customers change of themselves.
LEAST_SHARE = 0.10
# Numbers beyond the reference's range are of another unit where they are so many deviations away:
# a summer is three of March's warmer than March.
FAR = 10.0


def feed_faults(drift: DriftResult, features: Iterable[str]) -> tuple[str, ...]:
    """List what looks like a fault of what delivers the data.

    Parameters
    ----------
    drift : DriftResult
        Of the current data against the reference, with its findings of quality.
    features : iterable of str
        Columns that the model is taken to use.

    Returns
    -------
    tuple of str
        A sentence each, without a point; empty where the data look as they should.
    """
    used = set(features)
    found = {
        finding.column: f"{finding.column}: {finding.sentence}"
        for finding in drift.quality
        if finding.column in used
        and finding.kind in BROKEN
        and rank(finding.severity) >= rank(Severity.MODERATE)
    }
    table = drift.table[drift.table.index.isin(used) & drift.table["drifted"]]
    for name, row in table.iterrows():
        words = _shares(row)
        if words and name not in found:
            found[str(name)] = f"{name}: {words}"
    return tuple(found.values())


def _shares(row: pd.Series) -> str:
    missing = row["missing_reference"], row["missing_current"]
    if missing[1] - missing[0] >= LEAST_SHARE:
        return "missing in {1} of the rows, {0} in the reference".format(*percents(*missing))
    unseen = row["unseen"]
    if unseen - (row["unseen_expected"] or 0) >= LEAST_SHARE:
        return f"{percents(unseen)[0]} of the rows have values that the reference never has"
    if row["beyond"] >= LEAST_SHARE and row["wasserstein"] >= FAR:
        return (
            f"{percents(row['beyond'])[0]} of the values lie beyond the reference's, "
            f"{row['wasserstein']:.3g} of its standard deviations away, as of another unit"
        )
    return ""
