"""Tell, before any test, which columns of two profiles could have changed enough to matter."""

from __future__ import annotations

import numpy as np

from driftlib.data.schema import COMPARABLE
from driftlib.drift.compare import Pair
from driftlib.drift.policy import DriftPolicy
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.profile.unusual import Unusual
from driftlib.stats import distances
from driftlib.stats.binned import Binned


def may_matter(pair: Pair, policy: DriftPolicy) -> list[str]:
    """Tell which columns a comparison could call drifted, whatever its tests say.

    What is measured is never less than what is judged, from which is taken what chance gives. To
    measure costs a fraction of the tests: many comparisons are settled by it.

    Parameters
    ----------
    pair : Pair
    policy : DriftPolicy
        From what size on a change matters.

    Returns
    -------
    list of str
        Names of columns, in the baseline's order: all others are not drifted.
    """
    # Rows of a unit may well have one value in common: it is no spike.
    by_rows = pair.before.units is None or pair.after.units is None
    found, bins = {}, {}
    for name, column in pair.baseline.columns.items():
        if column.kind not in COMPARABLE:
            continue
        before, after = pair.before.columns[name], pair.after.columns[name]
        if not (before.present and after.present):
            found[name] = np.inf
            continue
        if isinstance(before, NumericCounts) and isinstance(after, NumericCounts):
            before, after = column.alike(before, after)
        found[name] = _share(column, before, after, by_rows)
        bins[name] = column.bins(before), column.bins(after)
    psi = dict.fromkeys(found, 0.0)
    filled = {name: both for name, both in bins.items() if both[0].any() and both[1].any()}
    if filled:
        both = Binned.of(*zip(*filled.values(), strict=True))
        same = (both.common == both.occupied).tolist()
        for name, value, alike in zip(filled, both.psi.tolist(), same, strict=True):
            psi[name] = value if alike else distances.psi_in_common(*filled[name])
            if not alike:
                found[name] = max(found[name], distances.one_sided(*filled[name]))
    return [name for name, share in found.items() if policy.severity_of(psi[name], share).drifted]


def _share(column: Column, before: Counts, after: Counts, by_rows: bool) -> float:
    """Take the largest share of rows that moved, but for those of one-sided bins."""
    missing = abs(after.missing_share - before.missing_share)
    if isinstance(before, NumericCounts) and isinstance(after, NumericCounts):
        unusual = Unusual(column, before, after)
        spike = unusual.spike_share - 2 * unusual.spike_before if by_rows else 0.0
        return float(max(missing, unusual.beyond, unusual.tails.growth, spike))
    if isinstance(after, CategoricalCounts) and column.complete:
        return float(max(missing, after.unlisted / after.rows))
    return float(missing)
