"""Judge a run of windows whose comparisons were kept, by the rule of `drift_trend`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from driftlib.data.cutters import ByCalendar, ByValue, Window
from driftlib.drift.alarms import plan_alarms, raise_alarms
from driftlib.drift.compare import compare, pair_up
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.run import Counted, count_windows
from driftlib.drift.segments import ProfileGroups
from driftlib.drift.table import as_table
from driftlib.drift.trend_result import TrendResult, place_table
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.units import UnitColumn

EXCUSED = "excused"


def compare_alone(
    baseline: Baseline, profile: Profile, policy: DriftPolicy
) -> tuple[pd.DataFrame, str]:
    """Compare a window with the reference, to be judged in a run later.

    Parameters
    ----------
    baseline : Baseline
    profile : Profile
        Of all rows of the window.
    policy : DriftPolicy

    Returns
    -------
    table : pandas.DataFrame
        Indexed by feature: the columns of `DriftResult.table`, with `size` and `real_from` (see
        `driftlib.drift.compare.compare`).
    note : str
        With a season, what could not be compared.
    """
    pair = pair_up(baseline, baseline.reference, profile)
    (columns,) = compare([pair], policy, in_run=True)
    return as_table(columns), pair.like.missing if pair.like and not pair.like.reason else ""


def coarse_row(baseline: Baseline, profile: Profile) -> np.ndarray:
    """Write the coarse counts of a window, which its run is followed by, as one row of numbers.

    Parameters
    ----------
    baseline : Baseline
    profile : Profile

    Returns
    -------
    int array
        What `counted_windows` takes.
    """
    counted = count_windows(baseline, [profile]).values()
    parts = [np.concatenate([c.cells[0], c.missing, c.unlisted]) for c in counted]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def counted_windows(baseline: Baseline, rows: np.ndarray) -> Counted:
    """Take apart rows of coarse counts.

    Parameters
    ----------
    baseline : Baseline
    rows : int array, shape (windows, numbers)
        Of `coarse_row`.

    Returns
    -------
    mapping of str to UnitColumn
        As of `driftlib.drift.run.count_windows`.
    """
    found, first = {}, 0
    for name, column in count_windows(baseline, [baseline.reference]).items():
        last = first + column.cells.shape[1]
        found[name] = UnitColumn(rows[:, first:last], rows[:, last], rows[:, last + 1])
        first = last + 2
    return found


def trend_of_windows(
    baseline: Baseline,
    windows: Sequence[Window],
    tables: pd.DataFrame,
    sizes: Sequence[int],
    counted: Counted,
    policy: DriftPolicy,
    cutter: ByCalendar | None = None,
    profiles: Sequence[Profile] = (),
) -> TrendResult:
    """Judge a run of windows that were compared one by one.

    Parameters
    ----------
    baseline : Baseline
    windows : sequence of Window
        In order.
    tables : pandas.DataFrame
        Their comparisons (`compare_alone`) under one another, with a column `excused`: what is
        not judged because its window is partial.
    sizes : sequence of int
        How many rows of it each window has.
    counted : mapping of str to UnitColumn
        Their coarse counts.
    policy : DriftPolicy
    cutter : ByCalendar, optional
        What cut the windows; None where each is a batch.
    profiles : sequence of Profile
        Theirs; needed with a season, whose cells they hold.

    Returns
    -------
    TrendResult
        As `drift_trend` would make of the same rows at once.
    """
    table = place_table(windows, tables, sizes)
    excused = table.loc[table.pop(EXCUSED).astype(bool), ["window", "feature"]]
    nothing = Profile(baseline.id, 0, {})
    held = profiles or [nothing] * len(windows)
    groups = ProfileGroups({(): list(zip(windows, held, strict=True))}, 0)
    followed = cutter or ByValue("batch")
    plan = plan_alarms(baseline, baseline, followed, (), groups, "baseline", policy, 1.0)
    after = plan.counted(baseline, groups) if baseline.season else {(): counted}
    starts = {(): [window.start for window in windows]}
    judged = raise_alarms({(): table}, plan, baseline, starts, after, policy, {(): excused})
    return TrendResult(
        judged[()], baseline, tuple(windows), tuple(profiles), policy, "baseline",
        rule=plan.rule, cutter=followed,
    )  # fmt: skip
