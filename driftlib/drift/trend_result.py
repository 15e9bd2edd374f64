"""Hold drift in a run of windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.cutters import Cutter, Window
from driftlib.data.like_with_like import LikeWithLike, all_alike
from driftlib.data.windows import start_in_words
from driftlib.drift.notes import CONSTANT
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.segments import (
    Segment,
    subjects_of,
)
from driftlib.drift.table import TableColumns
from driftlib.drift.unit_lines import reasons_of, unit_line
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.results import Result
from driftlib.text import counted, join_notes, shortened


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
    alone : tuple of (dict of str to array)
        Without segments, the comparison of each window by itself, before its run is judged: the
        columns of a table (see `driftlib.drift.table.as_table`).
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
    alone: tuple[TableColumns, ...] = field(default=(), repr=False)

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
        places = ["window", *self.by]
        numbers = self.table.groupby(places, sort=False, dropna=False).ngroup()
        windows = self.table.drop_duplicates(places)
        reasons = reasons_of(windows, self.baseline.unit)
        if self.likes:
            reasons = [like.reason or own for like, own in zip(self.likes, reasons, strict=True)]
        features = self.table["feature"].isin(self.baseline.features)
        judged = self.table["q_value"].notna() | self.table["drifted"]
        judged = features & (judged | self.table["note"].str.contains(CONSTANT, regex=False))
        told = set(numbers[judged])
        nothing = [
            ""
            if number in told
            else note
            if note.startswith("cannot tell: ")
            else f"cannot tell: {shortened(feature)}: {note}"
            for number, feature, note in zip(
                numbers[windows.index], windows["feature"], windows["note"], strict=True
            )
        ]
        reasons = [reason or none for reason, none in zip(reasons, nothing, strict=True)]
        return [reason for reason, cut in zip(reasons, self.windows, strict=True) if cut.rows]

    @property
    def season(self) -> str:
        """What like is compared with like by, and what could not be; empty without a season."""
        like = all_alike(self.likes)
        return like.line if like else ""

    @property
    def unit(self) -> str:
        """What a unit is, how many the reference has, and how strongly rows of one go together."""
        effect = self.table["design_effect"].dropna().median()
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
        table = table[table["feature"].isin(self.baseline.features)]
        alarms = table[table["alarm"]]
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
        alone = table.loc[table["drifted"], "subject"].value_counts()
        if alarms.empty and not self.lasting and len(alone):
            # A run asks for more than a window of few units can ever show.
            names = ", ".join(f"{name} in {count}" for name, count in alone.iloc[:3].items())
            more = ", ..." if len(alone) > 3 else ""
            return (
                f"No alarm against {since} in any of {many}; taken alone, drift of {names}{more}"
                f"{rest}"
            )
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
