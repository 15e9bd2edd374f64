"""Detect drift window by window, in all rows or in each segment of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.cutters import ByCalendar, Window
from driftlib.data.groups import segment_columns
from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.unit_choice import AUTO
from driftlib.data.units import part_of_unit
from driftlib.data.windows import choose_cutter, followed_time
from driftlib.drift.alarms import plan_alarms, raise_alarms
from driftlib.drift.calendar_columns import excuse_calendar_columns
from driftlib.drift.compare import COLUMNS, compare, pair_up
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.segments import (
    ProfileGroups,
    Segment,
    compared_baseline,
    ordered_source,
    profile_groups,
    segment_baselines,
    stack_segments,
)
from driftlib.drift.table import TableColumns, as_table, stack_columns
from driftlib.drift.trend_result import TrendResult, place_table
from driftlib.errors import ParameterError, check_choice
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import as_baseline, is_baseline
from driftlib.text import join_notes

_ALARMS = ("evidence", "since", "over", "alarm_severity", "alarm")
_TAKEN = {"window", "start", "end", "feature", *_ALARMS, *COLUMNS}


@known_keywords(rows="pass a number of rows as window=")
def drift_trend(
    reference: Any,
    current: Any,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    against: str = "baseline",
    policy: DriftPolicy = DriftPolicy(),
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    unit: str = "auto",
    season: str | Iterable[str] | None = None,
) -> TrendResult:
    """Detect drift window by window.

    How long windows should be: :doc:`/guides/thresholds`.

    Parameters
    ----------
    reference : frame, table, dataset, path, Dask or Spark DataFrame, or Baseline
        A path that ends in .json is a saved baseline.
    current : frame, table, dataset, path, Dask or Spark DataFrame
        What is not in memory is read some rows at a time; windows of a number of rows in the
        order of time, or within segments, take all rows into memory.
    window : int or str, optional
        A number of rows, in the order of the time column where there is one (rows on a cluster
        have no order); the name of a column, for a window per value; or a pandas offset such as
        "7D" or "MS" on the time column, "7D from 2024-01-01" to count from a day. A column's name
        wins over an offset. Default: one window
        of all rows.
    step : int, optional
        Rows from one window's start to the next, only with a number of rows. Default: `window`.
    on : str, optional
        The time column; default `timestamp`, or that of the baseline. Neither it nor the column
        of `window` is compared, unless `features` names it.
    by : str or list of str, optional
        Segment columns: a trend for each segment, compared with the reference's own rows of that
        segment. A saved baseline, or a reference without these columns, has no segments: each is
        then compared with all of it, and what always set a segment apart counts as drift
        (`pooled`, and the headline says so). Segment columns are not compared. Windows of a
        number of rows count each segment's own rows; all others are the same for all segments.
    against : {"baseline", "previous"}
        What each window is compared with: the reference (what has changed since training) or
        the window before it, of the same segment (what changed now). The first window is compared
        with the reference either way.
    policy : DriftPolicy
        When a change is real, when it matters, and in how many windows.
    features, exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba, unit, season
        See `Baseline.fit`. A baseline has them fixed, but for `features`, which picks some, and
        `exclude`.
    positive : label, optional
        Not used: see `Baseline.fit`.

    Returns
    -------
    TrendResult
        Its table has the columns of `DriftResult.table` after `window` (from 0), `start`, `end`,
        the segment columns and `feature`, and at last `alarm`, within one budget of false alarms
        for the run (`policy.budget`): `evidence` for a change that lasts, the start of the window
        in which it began (`since`), whether it ended with this window (`over`), and how much it
        matters (`alarm_severity`, of which `alarm` is at least moderate). That takes 13 windows
        of the reference; without them each window is checked by itself at a level that allows for
        their number, and `rule` says so. `q_value` (Benjamini and Hochberg), `severity` and
        `drifted` are of one window alone: of 12 windows without drift some one seems to have
        drifted 46 % of the time. In a window of the
        calendar that the data fill only in part, columns that say no more than when a row was seen
        (the weekday, say) are not judged, and `note` says so.

    Raises
    ------
    DriftlibError
        If a side cannot be read, or the windows or segments cannot be made.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=600)})
    >>> current = pd.DataFrame({"x": np.append(rng.normal(size=300), rng.normal(2, 1, size=300))})
    >>> drift_trend(reference, current, window=300).table[["window", "severity", "alarm"]]
       window severity  alarm
    0       0     none  False
    1       1    major   True
    >>> both = current.assign(region=np.tile(["EU", "US"], 300))
    >>> drift_trend(reference, both, window=150, by="region").headline
    'Drift against all of the reference in 2 of 4 segments and windows: x where region = EU in 1,
    x where region = US in 1'
    """
    check_choice("against", against, ("baseline", "previous"))
    if isinstance(current, Profile):
        raise ParameterError(
            "a Profile has no windows: pass the current data, or use detect_drift."
        )
    baseline = as_baseline(
        reference,
        features=features,
        exclude=exclude,
        categorical=categorical,
        timestamp=timestamp,
        time_format=time_format,
        y_true=y_true,
        y_pred=y_pred,
        y_proba=y_proba,
        unit=unit,
        season=season,
    )
    source = baseline.open(current)
    header = source.headers[0]
    time = followed_time(window, on, baseline.roles.timestamp, header.names, header.where)
    time = time if on or time in header.names else None
    names = segment_columns(by, header.names, header.where, _TAKEN)
    written = time_format or baseline.roles.time_format
    cutter = choose_cutter(window, step, time, header.names, header.where, written)
    part = part_of_unit(baseline.unit, cutter.size if isinstance(cutter, ByCalendar) else None)
    if part < 1 and unit == AUTO and not is_baseline(reference):
        # A window shorter than a unit makes the window the unit.
        column = baseline.unit.column
        baseline = as_baseline(
            reference,
            features=features,
            exclude=exclude,
            categorical=categorical,
            timestamp=timestamp if timestamp is not None else column,
            time_format=time_format,
            y_true=y_true,
            y_pred=y_pred,
            y_proba=y_proba,
            unit=str(window),
            season=season,
        )
        part = 1.0
    followed = {cutter.on, on} if features is None else set()
    baseline = compared_baseline(baseline, names, followed)
    source = ordered_source(source, baseline, current, cutter, names)
    groups = profile_groups(baseline, source, cutter, names)
    own = segment_baselines(reference, baseline, names, list(groups.segments)) if names else None
    baselines = own or dict.fromkeys(groups.segments, baseline)
    plan = plan_alarms(reference, baseline, cutter, names, groups, against, policy, part)
    tables, likes, alone = _compare_windows(groups, baselines, against, policy, part)
    excused = {}
    if isinstance(cutter, ByCalendar):
        (cut, *_) = groups.segments.values()
        windows = [window for window, _ in cut]
        for segment, table in tables.items():
            tables[segment] = excuse_calendar_columns(table, source, cutter, windows)
            excused[segment] = table[table["drifted"] & ~tables[segment]["drifted"]]
    starts = {s: [window.start for window, _ in found] for s, found in groups.segments.items()}
    after = plan.counted(baseline, groups)
    tables = raise_alarms(tables, plan, baseline, starts, after, policy, excused)
    pooled = bool(names) and own is None
    parts = {}
    for segment, found in groups.segments.items():
        cuts, profiles = (tuple(side) for side in zip(*found, strict=True))
        parts[segment] = TrendResult(
            tables[segment], baselines[segment], cuts, profiles, policy, against, pooled=pooled,
            rule=plan.rule, likes=likes[segment], cutter=groups.cutter,
            alone=tuple(alone[segment]),
        )  # fmt: skip
    if not names:
        (whole,) = parts.values()
        return replace(whole, left_out=groups.left_out)
    return TrendResult(
        stack_segments({segment: part.table for segment, part in parts.items()}, names, 3),
        baseline,
        tuple(window for part in parts.values() for window in part.windows),
        tuple(profile for part in parts.values() for profile in part.profiles),
        policy,
        against,
        groups.left_out,
        tuple(names),
        pooled,
        plan.rule,
        parts,
        tuple(like for part in parts.values() for like in part.likes),
        groups.cutter,
    )


def _compare_windows(
    groups: ProfileGroups,
    baselines: Mapping[Segment, Baseline],
    against: str,
    policy: DriftPolicy,
    part: float,
) -> tuple[
    dict[Segment, pd.DataFrame],
    dict[Segment, tuple[LikeWithLike, ...]],
    dict[Segment, list[TableColumns]],
]:
    """Compare the windows of each segment, each judged together with that of the others."""
    before = {segment: baseline.reference for segment, baseline in baselines.items()}
    tables: dict[Segment, list[TableColumns]] = {segment: [] for segment in groups.segments}
    windows: dict[Segment, list[Window]] = {segment: [] for segment in groups.segments}
    likes: dict[Segment, tuple[LikeWithLike, ...]] = dict.fromkeys(groups.segments, ())
    for number in range(max(len(found) for found in groups.segments.values())):
        now = {s: found[number] for s, found in groups.segments.items() if number < len(found)}
        pairs = [pair_up(baselines[s], before[s], now[s][1], part) for s in now]
        compared = compare(pairs, policy, in_run=True)
        for segment, pair, table in zip(now, pairs, compared, strict=True):
            window, profile = now[segment]
            if pair.like:
                likes[segment] += (pair.like,)
                if pair.like.missing and not pair.like.reason:
                    window = replace(window, note=join_notes(window.note, pair.like.missing))
            tables[segment].append(table)
            windows[segment].append(window)
            if against == "previous" and profile.rows:
                before[segment] = profile
    whole = {
        segment: place_table(
            windows[segment], as_table(stack_columns(found)), [len(t["feature"]) for t in found]
        )
        for segment, found in tables.items()
    }
    return whole, likes, tables
