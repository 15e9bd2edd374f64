"""When did the data change: drift window by window."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.batches import Batch, Source
from driftlib.data.cutters import Cutter, Window
from driftlib.data.sources import Memory, open_source, read_frame
from driftlib.data.windows import choose_cutter, positions
from driftlib.drift.compare import Pair, compare
from driftlib.drift.policy import DriftPolicy, k_of_n
from driftlib.errors import ParameterError, check_choice
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import as_baseline
from driftlib.results import Result
from driftlib.text import join_notes, unknown_name

MOST_WINDOWS = 10_000


@dataclass(frozen=True)
class TrendResult(Result):
    """What `drift_trend` found.

    Attributes
    ----------
    table : pandas.DataFrame
        Long: a row per window and column; see `drift_trend`.
    baseline : Baseline
    windows : tuple of Window
    profiles : tuple of Profile
        One per window; their sum is the profile of all of them together.
    policy : DriftPolicy
    against : str
    left_out : int
        Rows in no window, for want of a timestamp or value.
    """

    table: pd.DataFrame
    baseline: Baseline = field(repr=False)
    windows: tuple[Window, ...] = field(repr=False)
    profiles: tuple[Profile, ...] = field(repr=False)
    policy: DriftPolicy
    against: str
    left_out: int = 0

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        alarms = self.table[
            self.table["alarm"] & self.table["feature"].isin(self.baseline.features)
        ]
        since = "the window before" if self.against == "previous" else "the reference"
        rest = f" ({self.left_out:,} rows are in no window)" if self.left_out else ""
        if alarms.empty:
            return f"No drift against {since} in any of {len(self.windows)} windows{rest}"
        often = alarms["feature"].value_counts(sort=True)
        names = ", ".join(f"{name} in {count}" for name, count in often.head(3).items())
        return (
            f"Drift against {since} in {alarms['window'].nunique()} of {len(self.windows)} "
            f"windows: {names}{', ...' if len(often) > 3 else ''}{rest}"
        )

    @property
    def details(self) -> dict[str, Any]:
        return {
            "against": self.against,
            "left_out": self.left_out,
            "policy": asdict(self.policy),
        }


def drift_trend(
    reference: Any,
    current: Any,
    by: str | None = None,
    on: str | None = None,
    rows: int | None = None,
    against: str = "baseline",
    policy: DriftPolicy = DriftPolicy(),
    *,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    **names: Any,
) -> TrendResult:
    """Drift window by window.

    Parameters
    ----------
    reference, current, features, categorical, policy, **names
        See `detect_drift`; a current `Profile` has no windows.
    by : str, optional
        A column, one window per value; or with `on` a pandas offset such as "7D" or "MS".
    on : str, optional
        A datetime column.
    rows : int, optional
        Rows per window, in order of `on` where that is given: then all rows are read into
        memory. Rows on a cluster have no order.
    against : {"baseline", "previous"}
        What each window is compared with: the reference (what has changed since training) or
        the window before it (what changed now). The first window is compared with the
        reference either way.

    Returns
    -------
    TrendResult
        Its table has the columns of `DriftResult.table` after `window` (from 0), `start`,
        `end` and `feature`, and at last `alarm`: the feature drifted in k of the last n windows
        (`policy.persistence`). `q_value` allows for the features of its window, not for the
        number of windows: of 12 windows without drift some one alarms 46 % of the time at 5 %.

    Raises
    ------
    DriftlibError
        If a side cannot be read, or the windows cannot be made.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=600)})
    >>> current = pd.DataFrame({"x": np.append(rng.normal(size=300), rng.normal(2, 1, size=300))})
    >>> drift_trend(reference, current, rows=300).table[["window", "severity", "alarm"]]
       window severity  alarm
    0       0     none  False
    1       1    major   True
    """
    check_choice("against", against, ("baseline", "previous"))
    if isinstance(current, Profile):
        raise ParameterError(
            "a Profile has no windows: pass the current data, or use detect_drift."
        )
    if by is not None and rows is not None:
        raise ParameterError("by= and rows= both say how to cut windows: give one of them.")
    window = rows if rows is not None else on if by is None else by
    source = open_source(current, "current", "the current data")
    if rows is not None and on is not None and not isinstance(source, Memory):
        # Windows of rows in the order of time take a sort of all rows.
        source = Memory(source.name, read_frame(current, "current"))
    header = source.headers[0]
    cutter = choose_cutter(window, None, on, header.names, header.where)
    baseline = as_baseline(reference, features=features, categorical=categorical, **names)
    if cutter.on in baseline.columns and features is None:
        baseline = baseline.only([name for name in baseline.features if name != cutter.on])
    windows, profiles, total = _profile_windows(baseline, source, cutter)
    tables, before = [], baseline.reference
    for cut, profile in zip(windows, profiles, strict=True):
        pair = Pair(before, profile, before is baseline.reference)
        table = compare(baseline, [pair], policy)[0].reset_index()
        table["note"] = [join_notes(cut.note or _few_rows(cut), note) for note in table["note"]]
        place = {"window": cut.number, "start": cut.start, "end": cut.end}
        tables.append(pd.DataFrame(place, index=table.index).join(table))
        if against == "previous" and profile.rows:
            before = profile
    table = pd.concat(tables, ignore_index=True)
    table["alarm"] = k_of_n(table["drifted"], table["feature"], *policy.persistence)
    left_out = total - sum(window.rows for window in windows)
    return TrendResult(table, baseline, tuple(windows), tuple(profiles), policy, against, left_out)


@dataclass(frozen=True)
class _Counted:
    """Profiles of the pieces that windows are made of; those of two batches add."""

    rows: int
    profiles: Mapping[Hashable, Profile]

    def __add__(self, other: _Counted) -> _Counted:
        profiles = dict(self.profiles)
        for key, profile in other.profiles.items():
            profiles[key] = profiles[key] + profile if key in profiles else profile
        _check_number(len(profiles))
        return _Counted(self.rows + other.rows, profiles)


def _profile_windows(
    baseline: Baseline, source: Source, cutter: Cutter
) -> tuple[list[Window], list[Profile], int]:
    """Windows of a source, the profile of each, and the rows of the source."""
    for header in source.headers:
        baseline.check_features(header.names, header.where)
        if cutter.on is not None and cutter.on not in header.names:
            raise ParameterError(unknown_name("column", cutter.on, header.names, header.where))
    known = {name for header in source.headers for name in header.names}
    columns = [name for name in baseline.columns if name in known]
    columns += [cutter.on] if cutter.on is not None and cutter.on not in columns else []
    cutter = cutter.over(source)
    counted = source.total(partial(_count, baseline=baseline, cutter=cutter), columns)
    nothing = pd.DataFrame(columns=columns, dtype=object)
    windows, profiles = [], []
    for window, pieces in cutter.windows({k: p.rows for k, p in counted.profiles.items()}):
        parts = [counted.profiles[piece] for piece in pieces]
        windows.append(window)
        profiles.append(reduce(add, parts) if parts else baseline.profile_frame(nothing))
    return windows, profiles, counted.rows


def _count(batch: Batch, baseline: Baseline, cutter: Cutter) -> _Counted:
    frame = batch.frame
    codes, keys = cutter.codes(batch)
    _check_number(len(keys))
    sizes = np.bincount(codes[codes >= 0], minlength=len(keys)).tolist()
    profiles = {}
    for key, rows, size in zip(keys, positions(codes, len(keys)), sizes, strict=True):
        if size:
            part = frame if size == len(frame) else frame.iloc[rows]
            profiles[key] = baseline.profile_frame(part, batch.where, batch.threads)
    return _Counted(len(frame), profiles)


def _check_number(windows: int) -> None:
    if windows > MOST_WINDOWS:
        raise ParameterError(
            f"there would be more than {MOST_WINDOWS:,} windows: use longer ones, or a column "
            "with fewer values."
        )


def _few_rows(window: Window) -> str:
    return f"only {window.rows} row{'s' if window.rows != 1 else ''}" if window.rows < 20 else ""
