"""Compare each segment of a batch with the reference's own rows of it."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

from driftlib.data.by_rows import ByRows
from driftlib.data.groups import segment_columns
from driftlib.data.like_with_like import all_alike
from driftlib.drift.compare import COLUMNS, compare, pair_up
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.result import DriftResult
from driftlib.drift.segments import (
    compared_baseline,
    profile_groups,
    segment_baselines,
    stack_segments,
)
from driftlib.drift.table import as_table, columns_of
from driftlib.errors import ParameterError
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile


def detect_by_segment(
    reference: Any, current: Any, by: list[str], baseline: Baseline, policy: DriftPolicy
) -> DriftResult:
    """Compare a current batch with a reference, segment by segment.

    Parameters
    ----------
    reference, current, policy
        As of `driftlib.detect_drift`.
    by : list of str
        Segment columns.
    baseline : Baseline
        Of the reference.

    Returns
    -------
    DriftResult
        With the result of each segment in `segments`.

    Raises
    ------
    DriftlibError
        If the current data is a profile, or cannot be read, or has no such columns.
    """
    if isinstance(current, Profile):
        raise ParameterError("a Profile has no segments: pass the current data, or no by=.")
    source = baseline.open(current)
    header = source.headers[0]
    names = segment_columns(by, header.names, header.where, {"feature", *COLUMNS})
    baseline = compared_baseline(baseline, names)
    found = profile_groups(baseline, source, ByRows(), names).segments
    profiles = {segment: windows[0][1] for segment, windows in found.items()}
    own = segment_baselines(reference, baseline, names, list(profiles))
    baselines = own or dict.fromkeys(profiles, baseline)
    pairs = {s: pair_up(baselines[s], baselines[s].reference, profiles[s]) for s in profiles}
    tables = dict(zip(profiles, compare(list(pairs.values()), policy), strict=True))
    pooled = own is None
    parts = {
        s: DriftResult(tables[s], pair.baseline, pair.after, policy, pooled=pooled, like=pair.like)
        for s, pair in pairs.items()
    }
    rows = {segment: as_table(columns).reset_index() for segment, columns in tables.items()}
    columns = columns_of(stack_segments(rows, names, 0))
    whole = reduce(add, profiles.values())
    like = all_alike([pair.like for pair in pairs.values()])
    return DriftResult(columns, baseline, whole, policy, tuple(names), pooled, parts, like)
