"""Leave out columns that go on counting where the reference ends, of rows that had no order."""

from __future__ import annotations

from dataclasses import replace

from driftlib.data.counters import goes_on, going_on_note
from driftlib.data.schema import IDENTIFIER
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Counts, NumericCounts, Profile


def without_counters(
    baseline: Baseline, before: Profile, after: Profile
) -> tuple[Baseline, Profile, Profile]:
    """Take columns that turn out to be counters as identifiers, which are not compared.

    Parameters
    ----------
    baseline : Baseline
        Its columns may be counters where the reference's rows had no order.
    before, after : Profile
        Counted on it.

    Returns
    -------
    Baseline, Profile, Profile
        The same where there is no counter.
    """
    notes = {}
    for name, column in baseline.columns.items():
        was, now = before.columns.get(name), after.columns.get(name)
        if not (column.may_count and isinstance(was, NumericCounts)):
            continue
        if isinstance(now, NumericCounts) and was.present and now.present:
            spans = (was.minimum, was.maximum), (now.minimum, now.maximum)
            if goes_on(*spans):
                notes[name] = going_on_note(*spans)
    if not notes:
        return baseline, before, after
    columns = {
        name: replace(column, kind=IDENTIFIER, note=notes[name], reference=_plain(column.reference))
        if name in notes
        else column
        for name, column in baseline.columns.items()
    }
    found = replace(baseline, columns=columns)
    plain = [
        replace(one, columns={n: _plain(c) if n in notes else c for n, c in one.columns.items()})
        for one in (before, after)
    ]
    return found, found.reference if before is baseline.reference else plain[0], plain[1]


def _plain(counts: Counts) -> Counts:
    """Keep of counts how many rows there are."""
    return Counts(counts.rows, counts.missing, counts.absent)
