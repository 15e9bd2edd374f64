"""Raise the alarms of a trend within one budget of false alarms for all of its windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.by_rows import ByRows
from driftlib.data.cutters import ByCalendar, ByValue, Cutter
from driftlib.drift.calendar_columns import PARTIAL
from driftlib.drift.compare import IN_RUN
from driftlib.drift.policy import DriftPolicy, k_of_n, largest_share, measure_effects
from driftlib.drift.run import (
    Counted,
    count_reference_windows,
    count_windows,
    followed,
    streams_of,
    windows_of,
)
from driftlib.drift.run_seasons import (
    CountedCells,
    Foretold,
    count_cells,
    count_reference_cells,
    fewest_windows,
    foretell,
)
from driftlib.drift.segments import ProfileGroups, Segment, ordered_source, profile_groups
from driftlib.errors import DriftlibError
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import is_baseline
from driftlib.severity import Severity, rank
from driftlib.stats.sequential import LEAST_WINDOWS
from driftlib.stats.watch import LEAST_RUN, Streams, Watched, episodes, join, level_of_checks, watch
from driftlib.text import counted
from driftlib.written_numbers import percent

# The size of a change that lasts is that of so many windows at the most, the latest.
LATEST = 5
SEVERITIES = np.array([severity.value for severity in Severity])


@dataclass(frozen=True)
class Plan:
    """How the alarms of a trend are raised.

    Parameters
    ----------
    rule : str
        In a sentence.
    level : float
        At which the change of a single window is an alarm; 0 where it never is.
    before : mapping of tuple to windows of the reference
        By segment; empty where windows are checked by themselves.
    foretold : mapping of tuple to Foretold
        By segment, with a season: what is taken from each window before it is followed.
    """

    rule: str
    level: float
    before: Mapping[Segment, Counted] = field(default_factory=dict, repr=False)
    foretold: Mapping[Segment, Foretold] = field(default_factory=dict, repr=False)

    def counted(self, baseline: Baseline, groups: ProfileGroups) -> dict[Segment, Counted]:
        """Count the windows of a run as those of the reference are counted.

        Parameters
        ----------
        baseline : Baseline
        groups : ProfileGroups
            The windows of the current data.

        Returns
        -------
        dict of tuple to counts
            By segment; empty where windows are checked by themselves.
        """
        found = {}
        for segment, cut in groups.segments.items() if self.before else ():
            profiles = [profile for _, profile in cut]
            found[segment] = (
                self.foretold[segment].less(count_cells(baseline, profiles))
                if segment in self.foretold
                else count_windows(baseline, profiles)
            )
        return found


def plan_alarms(
    reference: Any,
    baseline: Baseline,
    cutter: Cutter,
    by: Sequence[str],
    groups: ProfileGroups,
    against: str,
    policy: DriftPolicy,
    part: float,
) -> Plan:
    """Choose how the alarms of a trend are raised.

    Parameters
    ----------
    reference : frame, table, dataset, path, Dask or Spark DataFrame, or Baseline
    baseline : Baseline
        Fitted to it.
    cutter : Cutter
        What cuts the current data, and would cut the reference.
    by : sequence of str
        Segment columns.
    groups : ProfileGroups
        The windows of the current data.
    against : str
        "baseline" or "previous".
    policy : DriftPolicy
        With the budget.
    part : float
        Which part of a unit a window is.

    Returns
    -------
    Plan
    """
    windows = max(len(found) for found in groups.segments.values())
    if policy.persistence:
        k, n = policy.persistence
        return Plan(f"A feature alarms where {k} of its last {n} windows drifted.", policy.alpha)
    if windows == 1:
        share = percent(policy.alpha)
        return Plan(
            "The current data are one window, and the check of it alarms without any drift with a "
            f"probability of at most {share}.",
            policy.alpha,
        )
    share = percent(policy.budget / 2)
    before: Mapping[Segment, Counted] = {}
    cells: Mapping[Segment, CountedCells] = {}
    if against == "previous":
        why = "each is compared with the one before it"
    elif windows < LEAST_RUN:
        why = f"it takes {LEAST_RUN} windows to tell a change that lasts"
    elif part < 1:
        why = f"they are shorter than {baseline.unit.one}"
    elif baseline.season:
        cells, why = _reference_cells(reference, baseline, cutter, by, groups)
    else:
        before, why = _reference_windows(reference, baseline, cutter, by, groups)
    if why:
        level = level_of_checks(policy.budget, windows)
        return Plan(
            f"Each of the {windows} windows is checked by itself, because {why}; at a level of "
            f"{percent(level)}, so that a run of them without any change, the check of "
            f"all windows together included, has an alarm of drift with a probability of at most "
            f"{share}.",
            level,
        )
    foretold = {segment: foretell(found) for segment, found in cells.items()}
    before = before or {s: foretold[s].less(found) for s, found in cells.items()}
    known = min(windows_of(found) for found in before.values())
    like = ", less what the season foretells," if foretold else ""
    return Plan(
        f"Each window{like} is held against all before it and {known} windows of the reference: "
        f"in a run of up to {max(windows, policy.windows)} windows without any change there is an "
        f"alarm of drift with a probability of at most {share}. A change that lasts takes about "
        "four windows to be told from a strange one.",
        0.0,
        before,
        foretold,
    )


def _reference_windows(
    reference: Any, baseline: Baseline, cutter: Cutter, by: Sequence[str], groups: ProfileGroups
) -> tuple[Mapping[Segment, Counted], str]:
    """Count the reference's windows by the same rule; or say why they tell nothing."""
    if isinstance(cutter, ByCalendar) and not by:
        found = count_reference_windows(baseline, cutter)
        if found is not None:
            return {(): found}, _too_few(windows_of(found))
    cut, why = _cut_reference(reference, baseline, cutter, by, groups)
    return {segment: count_windows(baseline, profiles) for segment, profiles in cut.items()}, why


def _reference_cells(
    reference: Any, baseline: Baseline, cutter: Cutter, by: Sequence[str], groups: ProfileGroups
) -> tuple[Mapping[Segment, CountedCells], str]:
    """Do the same by the cells of the season."""
    if why := baseline.season.has_course:
        return {}, f"each is compared with what is like it, and {why}"
    found: dict[Segment, CountedCells] = {}
    if isinstance(cutter, ByCalendar) and not by:
        cells = count_reference_cells(baseline, cutter)
        found = {(): cells} if cells else {}
    if not found:
        cut, why = _cut_reference(reference, baseline, cutter, by, groups)
        if why:
            return {}, why
        found = {segment: count_cells(baseline, profiles) for segment, profiles in cut.items()}
    for segment, windows in groups.segments.items():
        if any(profile.rows and not profile.cells for _, profile in windows):
            return {}, "each is compared with what is like it"
        current = count_cells(baseline, [profile for _, profile in windows])
        few = fewest_windows(found[segment], current)
        if few < LEAST_WINDOWS:
            return {}, (
                "each is compared with what is like it, and of some cells of the season the "
                f"reference has {counted(few, 'window')}, where it takes {LEAST_WINDOWS} to know "
                "how those vary"
            )
    return found, ""


def _cut_reference(
    reference: Any, baseline: Baseline, cutter: Cutter, by: Sequence[str], groups: ProfileGroups
) -> tuple[dict[Segment, list[Profile]], str]:
    """Cut the reference by the same rule; or say why its windows tell nothing."""
    if is_baseline(reference):
        return {}, "a saved baseline does not know of such windows"
    if isinstance(cutter, ByRows):
        if cutter.step is not None and cutter.step < (cutter.size or 0):
            return {}, "windows overlap"
        if few := _too_few(baseline.rows // (cutter.size or baseline.rows)):
            return {}, few
    try:
        source = baseline.open(reference, "reference", "the reference")
        source = ordered_source(source, baseline, reference, cutter, by)
        cut = profile_groups(baseline, source, cutter, by).segments
    except DriftlibError:
        return {}, "the reference cannot be cut into such windows"
    if isinstance(cutter, ByValue) and not _later(cut, groups):
        return {}, f"the values of {cutter.on!r} do not go on from those of the reference"
    found = {}
    for segment in groups.segments:
        windows = cut.get(segment, [])
        whole = [p for window, p in windows if not window.note.startswith(PARTIAL)]
        few = _too_few(sum(p.rows > 0 for p in whole))
        if few:
            return {}, few
        found[segment] = whole
    return found, ""


def _too_few(windows: int) -> str:
    if windows >= LEAST_WINDOWS:
        return ""
    return (
        f"the reference has {counted(windows, 'whole window')} of this kind, and it takes "
        f"{LEAST_WINDOWS} to know how windows vary"
    )


def _later(reference: Mapping[Segment, Sequence[tuple[Any, Any]]], groups: ProfileGroups) -> bool:
    """Whether all values of the current windows come after those of the reference."""
    sides = [
        [window.start for found in segments.values() for window, _ in found]
        for segments in (reference, groups.segments)
    ]
    try:
        return bool(max(sides[0]) < min(sides[1]))
    except TypeError:
        return False


def raise_alarms(
    tables: Mapping[Segment, pd.DataFrame],
    plan: Plan,
    baseline: Baseline,
    starts: Mapping[Segment, Sequence[Any]],
    after: Mapping[Segment, Counted],
    policy: DriftPolicy,
    excused: Mapping[Segment, pd.DataFrame],
) -> dict[Segment, pd.DataFrame]:
    """Add to the comparison of windows which of them alarm.

    Parameters
    ----------
    tables : mapping of tuple to pandas.DataFrame
        By segment; with `size` and `real_from` of single windows.
    plan : Plan
    baseline : Baseline
    starts : mapping of tuple to sequence
        Where the windows that were compared start, by segment.
    after : mapping of tuple to coarse counts
        Of these windows, see `count_windows`; not needed where each is checked by itself.
    policy : DriftPolicy
    excused : mapping of tuple to pandas.DataFrame
        window and feature of what is not judged, by segment.

    Returns
    -------
    dict of tuple to pandas.DataFrame
        With `evidence`, `since`, `over`, `alarm_severity` and `alarm`.
    """
    watched = _watch(plan, baseline, after, policy, excused) if plan.before else {}
    found = {}
    for segment, table in tables.items():
        alone = table["size"].where(table["real_from"] < plan.level, Severity.NONE.value)
        table = table.drop(columns=[*IN_RUN]).assign(alarm_severity=alone)
        if policy.persistence:
            alarm = k_of_n(table["drifted"], table["feature"], *policy.persistence)
            real = alarm | (table["severity"] == Severity.MINOR)
            table = table.assign(alarm_severity=table["severity"].where(real, "none"))
        found[segment] = _with_alarms(
            table, starts[segment], baseline, watched.get(segment), policy
        )
    return found


def _watch(
    plan: Plan,
    baseline: Baseline,
    after: Mapping[Segment, Counted],
    policy: DriftPolicy,
    excused: Mapping[Segment, pd.DataFrame],
) -> dict[Segment, Watched]:
    """Follow the columns of all segments within one budget."""
    parts = [
        streams_of(
            baseline, plan.before[s], after[s], excused.get(s),
            plan.foretold[s].rows if s in plan.foretold else None,
        )
        for s in after
    ]  # fmt: skip
    known = max(len(part.reference) for part in parts)
    length = max(len(part.current) for part in parts)
    each = len(followed(baseline))
    joined = join([_padded(part, known, length) for part in parts])
    every = watch(joined, each * len(parts), policy.windows, policy.budget / 2)
    found = {}
    for place, (segment, part) in enumerate(zip(after, parts, strict=True)):
        own = np.s_[: len(part.current), place * each : (place + 1) * each]
        found[segment] = Watched(
            every.evidence[own], every.changed[own], every.over[own], every.since[own]
        )
    return found


def _padded(streams: Streams, known: int, length: int) -> Streams:
    """Bring the windows of a segment to the number that others have."""
    before = ((known - len(streams.reference), 0), (0, 0))
    after = ((0, length - len(streams.current)), (0, 0))
    return replace(
        streams,
        reference=np.pad(streams.reference, before, constant_values=np.nan),
        reference_rows=np.pad(streams.reference_rows, before),
        current=np.pad(streams.current, after, constant_values=np.nan),
        current_rows=np.pad(streams.current_rows, after),
    )


def _with_alarms(
    table: pd.DataFrame,
    starts: Sequence[Any],
    baseline: Baseline,
    watched: Watched | None,
    policy: DriftPolicy,
) -> pd.DataFrame:
    names = pd.Index(table["feature"].unique())
    places = (table["window"].to_numpy(), names.get_indexer(table["feature"]))
    shape = len(starts), len(names)
    level = np.zeros(shape, dtype=int)
    level[places] = table["alarm_severity"].map(rank)
    quiet = np.zeros(shape, dtype=bool)
    quiet[places] = (table["severity"] == Severity.NONE) & table["q_value"].notna()
    since, over = episodes(level > 0, quiet)
    evidence = np.full(shape, np.nan)
    if watched is not None:
        # A feature that is gone alarms at once; all else when the evidence suffices.
        own = pd.Index(followed(baseline)).get_indexer(names)
        there = own >= 0
        began, changed = watched.since[:, own[there]], watched.changed[:, own[there]]
        evidence[:, there] = watched.evidence[:, own[there]]
        since[:, there] = np.where(began >= 0, began, since[:, there])
        over[:, there] = np.where(began >= 0, watched.over[:, own[there]], over[:, there])
        sized = _sizes(table, places, shape, since, policy)
        level[:, there] = np.maximum(level[:, there], np.where(changed, sized[:, there], 0))
    first = np.array([*starts, None], dtype=object)
    return table.assign(
        evidence=evidence[places],
        since=pd.Series(first[since[places]], index=table.index, dtype=object),
        over=over[places],
        alarm_severity=SEVERITIES[level[places]],
        alarm=level[places] >= rank(Severity.MODERATE),
    )


def _sizes(
    table: pd.DataFrame,
    places: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
    since: np.ndarray,
    policy: DriftPolicy,
) -> np.ndarray:
    """Severity of the changes that are on, by the median of their latest windows."""
    effects = measure_effects(table)
    sizes = np.full((2, *shape), np.nan)
    sizes[0][places] = table["psi_common"] - table["psi_expected"]
    shares = {str(name): size.to_numpy() for name, size in effects.items()}
    sizes[1][places] = largest_share(shares)
    level = np.zeros(shape, dtype=int)
    for window, subject in zip(*np.nonzero(since >= 0), strict=True):
        latest = slice(max(since[window, subject], window + 1 - LATEST), window + 1)
        own = np.nan_to_num(sizes[:, latest, subject], nan=0.0)
        psi, share = np.median(own, axis=1)
        level[window, subject] = rank(policy.severity_of(psi, share))
    return level
