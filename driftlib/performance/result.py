"""Hold tracked or estimated performance: its table and its finding in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups, segment_columns
from driftlib.data.like_with_like import LikeWithLike, all_alike
from driftlib.data.predictions import Predictions
from driftlib.data.task import BINARY, Task
from driftlib.data.unit_words import UnitNumber, too_few, units_in_words
from driftlib.data.units import ROW, ROWS, UnitRule
from driftlib.data.windows import start_in_words
from driftlib.performance.alarms import NO_WINDOWS, ReferenceWindows
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import METRICS
from driftlib.performance.policy import AlertPolicy
from driftlib.results import Result

# What follows window, start, end and the segment columns in a table.
COLUMNS = (
    "n", "n_labelled", "metric", "value", "lower", "upper",
    "threshold", "breached", "degraded", "estimated", "note",
    "design_effect", "units_reference", "units_current", "held",
    "reference_value", "reference_lower", "reference_upper",
)  # fmt: skip
# And after those, see `driftlib.performance.alarms`.
ALARMS = ("evidence", "since", "over", "alarm")


@dataclass(frozen=True)
class Performance(Result):
    """Realised or estimated performance.

    Parameters
    ----------
    table : pandas.DataFrame
        Long: a row per segment, window and metric; see `track_performance`.
    task : {"binary", "multiclass", "regression"}
    classes : tuple of str
        Labels as text; of two, the positive one is last.
    reference : pandas.DataFrame or None
        The reference's own values, as one window, in the same columns.
    notes : tuple of str
        How the task was told, and whatever was left out.
    by : tuple of str
        Segment columns.
    unit_rule : UnitRule
        What a unit is.
    unit_numbers : mapping of str to UnitNumber
        How many units each side has, by what to call it.
    compared : tuple of str
        Names of the metrics that are compared with the reference.
    rule : str
        How alarms were raised, in a sentence.
    likes : tuple of LikeWithLike
        With a season, which of its cells were compared, of each segment and window in the table's
        order.
    policy : AlertPolicy
        With the budget that the alarms keep to.
    odd : tuple of str
        Why the labels of each segment and window look like no outcomes, in the table's order;
        empty where they do not, or that was not looked at.
    before : ReferenceWindows
        The reference in windows like those of the table, which a run of windows is held against.
    """

    table: pd.DataFrame
    task: str
    classes: tuple[str, ...]
    reference: pd.DataFrame | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    unit_rule: UnitRule = field(default=ROWS, repr=False)
    unit_numbers: Mapping[str, UnitNumber | None] = field(default_factory=dict, repr=False)
    compared: tuple[str, ...] = field(default=(), repr=False)
    rule: str = ""
    likes: tuple[LikeWithLike, ...] = field(default=(), repr=False)
    policy: AlertPolicy = field(default=AlertPolicy(), repr=False)
    odd: tuple[str, ...] = field(default=(), repr=False)
    before: ReferenceWindows = field(default=NO_WINDOWS, repr=False)

    @property
    def season(self) -> str:
        """What like is compared with like by, and what could not be; empty without a season."""
        like = all_alike(self.likes)
        return like.line if like else ""

    @property
    def unit(self) -> str:
        """What a unit is, how many there are, and how strongly rows of one belong together."""
        effect = float(self.table["design_effect"].dropna().median())
        return units_in_words(self.unit_rule, self.unit_numbers, effect, "metrics")

    @property
    def cannot_tell(self) -> str | None:
        """Why nothing can be told against the reference, and in how many windows; else None."""
        reasons = self._reasons
        untold = [reason for reason in reasons if reason]
        if not untold:
            return None
        groups = f"{len(untold):,} of {len(reasons):,} {self._groups}"
        return f"{untold[0]}, in {groups}" if len(reasons) > 1 else untold[0]

    @property
    def held(self) -> str:
        """Which windows are not judged, for what their labels are like; empty where all are."""
        each = self.table.drop_duplicates(["window", *self.by])["held"]
        if not each.any():
            return ""
        odd, waiting = sum(map(bool, self.odd)), "labels are still to come"
        suspect = f"not judged: {self.suspect}"
        if len(each) == 1:
            return suspect if odd else f"not judged, as {waiting}"
        many = f"{int(each.sum()):,} of {len(each):,} {self._groups} are"
        if odd and odd < each.sum():
            return f"{many} not judged, as {waiting}, or labels look like no outcomes"
        return f"{many} {suspect}" if odd else f"{many} not judged, as {waiting}"

    @property
    def suspect(self) -> str:
        """Why labels look like no outcomes, and in how many windows; empty where they do not."""
        found = [place for place, reason in enumerate(self.odd) if reason]
        if not found:
            return ""
        if len(self.odd) == 1:
            return self.odd[0]
        first = self.table.drop_duplicates(["window", *self.by]).iloc[found[0]]
        said = f"{_place(first, self.by, True)}: {self.odd[found[0]]}"
        if len(found) == 1:
            return said
        return f"{said}, and so on in {len(found):,} of {len(self.odd):,} {self._groups}"

    @property
    def untold(self) -> float:
        """Share of the windows with rows that cannot be told from the reference."""
        reasons = self._reasons
        return float(np.mean([bool(reason) for reason in reasons])) if reasons else 0.0

    @property
    def _reasons(self) -> list[str]:
        """Why no metric of a window can be compared, of every one with rows that is."""
        if self.reference is None or not self.compared:
            return []
        compared = self.table[self.table["metric"].isin(self.compared)]
        places = ["window", *self.by]
        numbers = compared.groupby(places, sort=False, dropna=False).ngroup()
        sides = compared.drop_duplicates(places)
        units = sides[["units_reference", "units_current"]].itertuples(index=False)
        unlike = [like.reason for like in self.likes] or [""] * len(sides)
        of_row = self.unit_rule.kind == ROW
        known = compared["value"].notna() & compared["reference_value"].notna()
        told = set(numbers[known | compared["held"]])
        nothing = [
            f"cannot tell: {note}" if number not in told and rows and note else ""
            for number, note, rows in zip(
                numbers[sides.index], sides["note"], sides["n"], strict=True
            )
        ]
        return [
            reason or ("" if of_row else self._reason(before, now)) or none
            for reason, none, (before, now), rows in zip(
                unlike, nothing, units, sides["n"], strict=True
            )
            if (rows if of_row else now == now and before == before and now) or reason or none
        ]

    def _reason(self, reference: float, current: float) -> str:
        """Why so many units cannot be told from so many of the reference; empty where they can."""
        return too_few(self.unit_rule, reference, current)

    @property
    def _groups(self) -> str:
        """What a value of a metric is of, in the plural."""
        if not self.by:
            return "windows"
        return "segments and windows" if self.table["window"].any() else "segments"

    @property
    def positive(self) -> str | None:
        """The positive label of a binary task."""
        return self.classes[1] if self.task == BINARY else None

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        return _headline(self)

    @property
    def unmeasured(self) -> list[str]:
        """Titles of the metrics that could not be computed in any window."""
        measured = self.table["value"].notna().groupby(self.table["metric"], sort=False).any()
        return [METRICS[self.task][str(name)].title for name in measured.index[~measured]]

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        return {
            "task": self.task,
            "positive": self.positive,
            "classes": list(self.classes),
            "by": list(self.by),
            "notes": list(self.notes),
            "unit": self.unit,
            "cannot_tell": self.cannot_tell,
            "held": self.held,
            "suspect": self.suspect,
            "rule": self.rule,
            "season": like.to_dict() if (like := all_alike(self.likes)) else None,
            "reference": self.reference,
        }


def _headline(perf: Performance) -> str:
    table, titles = perf.table, METRICS[perf.task]
    groups, times = len(table) // max(1, table["metric"].nunique()), table["window"].nunique()
    many = f"{groups:,} {perf._groups}" if groups > 1 else ""
    counts = table.groupby("metric", sort=False)[["breached", "alarm"]].sum()
    if not counts.to_numpy().any():
        return _values_in_words(perf, titles, many)
    counts = counts.sort_values(["alarm", "breached"], ascending=False, kind="stable")
    name, (breached, degraded) = counts.index[0], counts.iloc[0]
    if breached:
        side = "below" if titles[name].higher_is_better else "above"
        finding = f"is {side} its threshold" + (f" in {breached:,} of {many}" if many else "")
        calm = ", never beyond noise" if many else ", by no more than noise"
        calm = "" if perf.untold == 1 else calm
        finding += ", degraded beyond noise" if degraded else calm
        finding += f" in {degraded:,}" if degraded and many else ""
    else:
        finding = "is worse than in the reference, beyond noise"
        finding += f", in {degraded:,} of {many}" if many else ""
    if many:
        rows = table[table["metric"] == name]
        first = rows[rows["alarm" if degraded else "breached"]].iloc[0]
        lasts = degraded and first["since"] is not None and not np.isnan(first["evidence"])
        first = {**first, "start": first["since"]} if lasts else first
        finding += f" ({'since' if lasts else 'first'} {_place(first, perf.by, times > 1)})"
    others = [titles[other].title for other in counts.index[1:] if counts.loc[other].any()]
    also = f"; also {', '.join(others)}" if others else ""
    also += f"; {perf.cannot_tell}" if perf.cannot_tell else ""
    also += f"; {perf.held}" if perf.held else ""
    also += _not_measured(perf)
    return f"{titles[name].title} {finding}{also}"


def _values_in_words(perf: Performance, titles: Mapping[str, Metric[Any]], many: str) -> str:
    measured = perf.table["value"].notna()
    limited = perf.table["threshold"].notna() & measured
    verdict = "No metric is worse than in the reference: " if perf.reference is not None else ""
    verdict = "No metric is worse than its threshold: " if limited.any() else verdict
    untold = perf.cannot_tell
    rest = f"; {untold}" if untold and perf.untold < 1 else ""
    if untold and perf.untold == 1:
        verdict = f"{untold[:1].upper()}{untold[1:]}; "
    rest += f"; {perf.held}" if perf.held else ""
    if perf.table["held"].all():
        verdict = ""
    measured &= ~perf.table["held"] | bool(perf.table["held"].all())
    shown = limited if limited.any() else measured if measured.any() else slice(None)
    name = perf.table[shown]["metric"].iloc[0]
    judged = perf.table[~perf.table["held"]] if not perf.table["held"].all() else perf.table
    values = judged.loc[judged["metric"] == name, "value"].dropna()
    if values.empty:
        return f"{titles[name].title} cannot be computed: {perf.table['note'].iloc[0]}"
    write = titles[name].write
    span = f"{write(values.min())} to {write(values.max())} over {many}"
    value = span if many else write(values.iloc[0])
    return f"{verdict}{titles[name].title} {value}{rest}{_not_measured(perf)}"


def _not_measured(perf: Performance) -> str:
    """Name the metrics of which nothing is known, so that silence is no praise."""
    return f"; not measured: {', '.join(perf.unmeasured)}" if perf.unmeasured else ""


def _place(row: Mapping[Any, Any] | pd.Series, by: Sequence[str], windows: bool) -> str:
    start = start_in_words(row["start"], row["end"])
    return ", ".join([start] * windows + [f"{name} {row[name]}" for name in by])


def read_segments(by: str | Iterable[str] | None, columns: Iterable[str], where: str) -> list[str]:
    """Read the names of segment columns.

    Parameters
    ----------
    by : str, iterable of str or None
    columns : iterable of str
        Columns of the table.
    where : str
        What to call the table in an error.

    Returns
    -------
    list of str

    Raises
    ------
    ParameterError
        If there is no such column, or the result's table has one of that name for something
        else.

    Examples
    --------
    >>> read_segments("carrier", ["carrier", "dest"], "current")
    ['carrier']
    """
    return segment_columns(by, columns, where, {"window", "start", "end", *COLUMNS, *ALARMS})


def result_notes(
    task: Task,
    predictions: Sequence[Predictions],
    groups: WindowGroups,
    column: object,
    *more: str,
) -> tuple[str, ...]:
    """Say how the task was told, and whatever was left out.

    Parameters
    ----------
    task : Task
    predictions : sequence of Predictions
    groups : WindowGroups
    column : object
        Name of the column that windows follow.
    *more : str
        What else there is to say, after the task; empty ones are left out.

    Returns
    -------
    tuple of str
        A sentence each.
    """
    told = f"{task.kind}: {task.reason}"
    told += f"; the positive label is {task.positive!r}" if task.positive else ""
    left_out = f"{groups.left_out:,} rows without {column!r} are in no window"
    if any("from all other times" in note for note in groups.notes):
        left_out = f"{groups.left_out:,} rows are in no window: see the notes of the last one"
    of_columns = [note for part in predictions for note in part.notes]
    return (told, *filter(None, more), *[left_out] * bool(groups.left_out), *of_columns)
