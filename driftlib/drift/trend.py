"""Detect drift window by window, in all rows or in each segment of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.cutters import ByCalendar, Cutter, Window
from driftlib.data.groups import segment_columns
from driftlib.data.like_with_like import LikeWithLike, all_alike
from driftlib.data.unit_choice import AUTO
from driftlib.data.units import part_of_unit
from driftlib.data.windows import choose_cutter, followed_time, start_in_words
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
    subjects_of,
)
from driftlib.drift.units import reasons_of, unit_line
from driftlib.errors import ParameterError, check_choice
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import as_baseline, is_baseline
from driftlib.results import Result
from driftlib.text import counted, join_notes

_ALARMS = ("evidence", "since", "over", "alarm_severity", "alarm")
_TAKEN = {"window", "start", "end", "feature", *_ALARMS, *COLUMNS}


@dataclass(frozen=True)
class TrendResult(Result):
    """What `drift_trend` found.

    Parameters
    ----------
    table : pandas.DataFrame
        Long: a row per segment, window and column; see `drift_trend`.
    baseline : Baseline
        Its columns are compared.
    windows : tuple of Window
        In order; with segments, those of one after those of the other.
    profiles : tuple of Profile
        One per window. Where windows do not overlap, their sum is the profile of all of them.
    policy : DriftPolicy
        What severities and alarms were judged by.
    against : str
        "baseline" or "previous".
    left_out : int
        Rows in no window, for want of a timestamp or value.
    by : tuple of str
        The segment columns.
    pooled : bool
        Whether segments were compared with all of the reference, which knows of no segments.
    rule : str
        How alarms were raised, in a sentence.
    segments : mapping of tuple to TrendResult
        With segment columns, the trend of each segment by its values: `trend.segments["EU",]`.
    likes : tuple of LikeWithLike
        With a season, which of its cells were compared in each of `windows`.
    cutter : Cutter, optional
        What cut the windows; by calendar, it knows the span of the data.
    alone : tuple of pandas.DataFrame
        Without segments, the comparison of each window by itself, before its run is judged.
    """

    table: pd.DataFrame
    baseline: Baseline = field(repr=False)
    windows: tuple[Window, ...] = field(repr=False)
    profiles: tuple[Profile, ...] = field(repr=False)
    policy: DriftPolicy
    against: str
    left_out: int = 0
    by: tuple[str, ...] = ()
    pooled: bool = False
    rule: str = ""
    segments: Mapping[Segment, TrendResult] = field(default_factory=dict, repr=False)
    likes: tuple[LikeWithLike, ...] = field(default=(), repr=False)
    cutter: Cutter | None = field(default=None, repr=False)
    alone: tuple[pd.DataFrame, ...] = field(default=(), repr=False)

    @property
    def subjects(self) -> pd.Series:
        """What each row of the table is about: its feature, and with segments which of them."""
        return subjects_of(self.table, self.by)

    @property
    def lasting(self) -> bool:
        """Whether alarms are for changes that last, and not for single windows."""
        return bool(self.table["evidence"].notna().any())

    @property
    def cannot_tell(self) -> str | None:
        """Why nothing can be told in some window, and in how many; None where all can."""
        reasons = [reason for reason in self._reasons if reason]
        windows = f"{len(reasons)} of {len(self._reasons)} windows"
        return f"{reasons[0]}, in {windows}" if reasons else None

    @property
    def untold(self) -> float:
        """Share of the windows with rows in which nothing can be told."""
        return float(np.mean([bool(reason) for reason in self._reasons])) if self._reasons else 0.0

    @property
    def _reasons(self) -> list[str]:
        """Why nothing can be told, of every window with rows; empty texts where it can."""
        windows = self.table.drop_duplicates(["window", *self.by])
        held = windows["units_current"].fillna(0) > 0
        held |= windows["units_current"].isna()
        reasons = reasons_of(windows, self.baseline.unit)
        if self.likes:
            reasons = [like.reason or own for like, own in zip(self.likes, reasons, strict=True)]
        return [reason for reason, there in zip(reasons, held, strict=True) if there]

    @property
    def season(self) -> str:
        """What like is compared with like by, and what could not be; empty without a season."""
        like = all_alike(self.likes)
        return like.line if like else ""

    @property
    def unit(self) -> str:
        """What a unit is, how many the reference has, and how strongly rows of one go together."""
        effect = self.table["design_effect"].median()
        return unit_line(self.baseline.unit, (self.baseline.reference_units,), effect)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed when files were read."""
        found = [note for profile in self.profiles for note in profile.notes]
        return tuple(dict.fromkeys((*self.baseline.notes, *found)))

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        table = self.table.assign(subject=self.subjects)
        alarms = table[table["alarm"] & table["feature"].isin(self.baseline.features)]
        since = "all of the reference" if self.pooled else "the reference"
        since = "the window before" if self.against == "previous" else since
        rest = f" ({self.left_out:,} rows are in no window)" if self.left_out else ""
        untold = self.cannot_tell
        like = all_alike(self.likes)
        if like and like.missing and not untold:
            rest += f" ({like.missing})"
        if untold and alarms.empty and self.untold == 1:
            return f"{untold[:1].upper()}{untold[1:]}{rest}"
        rest += f" ({untold})" if untold else ""
        several = "segments and windows" if table["window"].any() else "segments"
        many = f"{len(self.windows)} {several if self.by else 'windows'}"
        if alarms.empty:
            return f"No drift against {since} in any of {many}{rest}"
        often = alarms["subject"].value_counts(sort=True)
        names = ", ".join(
            f"{name} {_how_long(alarms[alarms['subject'] == name])}" for name in often.index[:3]
        )
        places = len(alarms.drop_duplicates(["window", *self.by]))
        return (
            f"Drift against {since} in {places} of {many}: {names}"
            f"{', ...' if len(often) > 3 else ''}{rest}"
        )

    @property
    def details(self) -> dict[str, Any]:
        """What was compared with what, and how it was judged."""
        return {
            "against": self.against,
            "left_out": self.left_out,
            "policy": asdict(self.policy),
            "rule": self.rule,
            "unit": self.unit,
            "cannot_tell": self.cannot_tell,
            "notes": list(self.notes),
            "season": like.to_dict() if (like := all_alike(self.likes)) else None,
        } | ({"by": list(self.by), "pooled": self.pooled} if self.by else {})


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
    dict[Segment, list[pd.DataFrame]],
]:
    """Compare the windows of each segment, each judged together with that of the others."""
    before = {segment: baseline.reference for segment, baseline in baselines.items()}
    tables: dict[Segment, list[pd.DataFrame]] = {segment: [] for segment in groups.segments}
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
        segment: place_table(windows[segment], pd.concat(found), [len(t) for t in found])
        for segment, found in tables.items()
    }
    return whole, likes, tables


def _how_long(alarms: pd.DataFrame) -> str:
    """Say since when a column has drifted, or in how many windows."""
    latest = alarms.iloc[-1]
    if pd.isna(latest["evidence"]) or latest["since"] is None:
        return f"in {len(alarms)}"
    return f"in {len(alarms)} (since {start_in_words(latest['since'], latest['end'])})"


def place_table(
    windows: Sequence[Window], table: pd.DataFrame, sizes: Sequence[int]
) -> pd.DataFrame:
    """Add to the comparisons of windows their places and notes.

    Parameters
    ----------
    windows : sequence of Window
    table : pandas.DataFrame
        Their comparisons under one another, indexed by feature.
    sizes : sequence of int
        How many rows of the table each window has.

    Returns
    -------
    pandas.DataFrame
        With `window`, `start`, `end` and `feature` before its columns; rows numbered anew.
    """
    table = table.reset_index()
    said = np.repeat([window.note or _few_rows(window) for window in windows], sizes)
    table["note"] = [join_notes(a, b) for a, b in zip(said.tolist(), table["note"], strict=True)]
    order = np.repeat(np.arange(len(windows)), sizes)
    place = pd.DataFrame([(w.number, w.start, w.end) for w in windows]).take(order)
    place.columns = pd.Index(["window", "start", "end"])
    return place.set_axis(table.index).join(table)


def _few_rows(window: Window) -> str:
    return f"only {counted(window.rows, 'row')}" if window.rows < 20 else ""
