"""Judge no window by the labels that came first: fill in what is still to come, or hold.

Labels that come early are not like those that come late. A window some of whose labels are still
to come gets the value that its labels are expected to show once they are all there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups
from driftlib.data.maturity import LabelTimes, Maturity
from driftlib.data.predictions import Period, Predictions
from driftlib.data.task import REGRESSION, Task
from driftlib.errors import DataError
from driftlib.performance.metric import Metric
from driftlib.performance.predictive import KnownLabels, UnitEffects, predictive_interval
from driftlib.performance.reference_calibration import FEWEST_ROWS, Calibration
from driftlib.performance.unit_effects import ResidualEffects
from driftlib.performance.unit_numbers import NumberedUnits
from driftlib.performance.unlikely_labels import NOT_JUDGED
from driftlib.stats.aggregates import group_sums
from driftlib.stats.arrival import ArrivalCurves, arrival_curves
from driftlib.stats.calibration import Calibrator, fit_calibrator
from driftlib.stats.few_units import FEW_UNITS
from driftlib.stats.late_signs import falls_off, label_selection, selected
from driftlib.text import counted, join_notes
from driftlib.written_numbers import percent

# What a prediction stands for where there is no probability.
SURE = 0.9
# Arrived labels are not what was expected where they differ by as many standard errors, and by
# this share.
MOST_ERRORS, MOST_SHARE = 4.0, 0.1
ADVICE = (
    'Say when labels are known with label_time= or matures="180D"; matures="0D" if no more come.'
)


@dataclass(frozen=True)
class HeldWindows:
    """Windows that are not judged, because labels are still to come or are not like the rest.

    Parameters
    ----------
    reasons : list of str
        Why each group is not judged; empty where it is.
    limits : float array, shape (3, groups, metrics), or None
        Value, lower and upper end that are expected of them, NaN where nothing is; None where the
        values of the labels that are there stay.
    """

    reasons: list[str]
    limits: np.ndarray | None = None

    def also(self, odd: Sequence[str]) -> HeldWindows:
        """Hold windows whose labels are no outcomes too.

        Parameters
        ----------
        odd : sequence of str, one a group
            What is odd about its labels; empty where nothing is.

        Returns
        -------
        HeldWindows
        """
        said = [f"{reason}: {NOT_JUDGED}" if reason else "" for reason in odd]
        return replace(self, reasons=[r or o for r, o in zip(self.reasons, said, strict=True)])

    def apply(self, table: pd.DataFrame) -> pd.DataFrame:
        """Take the judgement of held windows back, and say why.

        Parameters
        ----------
        table : pandas.DataFrame
            Judged; a row per group and metric.

        Returns
        -------
        pandas.DataFrame
            With `held`; values that are filled in are `estimated`.
        """
        each = len(table) // max(1, len(self.reasons))
        reasons = np.repeat(np.array(self.reasons, dtype=object), each)
        held = reasons != ""
        table = table.assign(
            breached=table["breached"] & ~held, degraded=table["degraded"] & ~held, held=held
        )
        if not held.any():
            return table
        notes = table["note"].to_numpy(dtype=object)
        if self.limits is not None:
            for name, limit in zip(("value", "lower", "upper"), self.limits, strict=True):
                table[name] = np.where(held, limit.ravel(), table[name])
            table["estimated"] = table["estimated"] | (held & table["value"].notna())
            table["design_effect"] = table["design_effect"].where(~held)
        table["note"] = [join_notes(*pair) for pair in zip(notes, reasons, strict=True)]
        return table


@dataclass(frozen=True)
class LateLabels:
    """What is needed to expect the labels of young rows.

    Parameters
    ----------
    maturity : Maturity
        Of the current rows, and of the reference's where there is one.
    task : Task
    metrics : sequence of Metric
        Of the task.
    now : Predictions
        Of the current rows.
    past : Predictions or None
        Of the reference.
    units : NumberedUnits
        Which unit each row of either is in.
    """

    maturity: Maturity
    task: Task
    metrics: Sequence[Metric[Any]]
    now: Predictions
    past: Predictions | None
    units: NumberedUnits

    def hold(self, groups: WindowGroups) -> HeldWindows:
        """Hold the windows that are too young, and expect their values.

        Parameters
        ----------
        groups : WindowGroups
            Of the current rows.

        Returns
        -------
        HeldWindows
        """
        times = self.maturity.sides[0]
        positions = np.arange(len(times.seen))[groups.rows]
        waiting = group_sums(times.pending[groups.rows].astype(np.int64), groups.lo, groups.hi)
        limits = np.full((3, len(groups.lo), len(self.metrics)), np.nan)
        reasons = [""] * len(groups.lo)
        windows = groups.keys["window"].tolist()
        for group in np.flatnonzero(waiting).tolist():
            rows = positions[groups.lo[group] : groups.hi[group]]
            rng = np.random.default_rng(windows[group])
            limits[:, group], said = self._expect(rows, rng)
            reasons[group] = (
                f"too young to judge: {waiting[group]:,} of {counted(len(rows), 'row')} may still "
                f"get a label, which takes up to {self.maturity.words}; {said}"
            )
        return HeldWindows(reasons, limits)

    def _expect(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, str]:
        """Value and interval of each metric once all labels of some rows are there."""
        unknown = np.full((3, len(self.metrics)), np.nan)
        if self.task.kind == REGRESSION:
            return unknown, "what numbers are still to come is not known"
        calibration = self._calibration
        if calibration is None:
            return unknown, "there are too few rows with all their labels to expect theirs by"
        new = _scored(self.now.take(rows), self.task)
        used = new.usable
        if not used.any():
            return unknown, "no row has a prediction"
        new, rows = new.take(used), rows[used]
        times, known = self.maturity.sides[0], None
        curves = self._curves
        said = "the value is what calibrated scores let expect, whatever labels are there"
        if curves is not None:
            y = np.where(times.labelled[rows], new.y, -1)
            # A label that never came by the time it should have says nothing.
            age = np.where(times.pending[rows], times.age[rows], 0.0)
            known = KnownLabels(y, np.nan_to_num(age), curves)
            odd = self._unexpected(calibration.calibrator, new, y, times.age[rows], curves)
            if odd:
                return unknown, odd
            said = "the value is of these labels and what is expected of the rest"
        effects = self._effects(calibration, rows)
        if effects is not None and known is not None:
            share = float((known.y < 0).mean())
            effects = UnitEffects(effects.error * share, effects.degrees)
        return predictive_interval(
            calibration.calibrator, new, len(self.task.classes), self.metrics, rng, effects, known
        ), said

    def _unexpected(
        self,
        calibrator: Calibrator,
        new: Predictions,
        y: np.ndarray,
        age: np.ndarray,
        curves: ArrivalCurves,
    ) -> str:
        """Say that the labels which are there are not those which should be by now, if so."""
        shares = calibrator.probabilities(calibrator.designs(new.scores, new.pred))
        chances = np.stack([1 - shares, shares], axis=1) if shares.ndim == 1 else shares
        here = chances * (1 - curves.pending(np.nan_to_num(age)))
        expected, spread = here.sum(0), np.sqrt((here * (1 - here)).sum(0))
        found = np.bincount(y[y >= 0], minlength=len(expected))
        gap = np.abs(found - expected)
        odd = (gap > MOST_ERRORS * np.maximum(spread, 1)) & (gap > MOST_SHARE * expected)
        if not odd.any():
            return ""
        worst = int(np.argmax(np.where(odd, gap, -1)))
        return (
            f"{found[worst]:,} labels {self.task.classes[worst]!r} are there where "
            f"{expected[worst]:,.0f} were expected by now: labels come faster or slower than they "
            "did, or the same scores have other outcomes, and no value is given until they are in"
        )

    @property
    def _pairs(self) -> list[tuple[LabelTimes, Predictions, np.ndarray]]:
        """Times, predictions and units of each side."""
        sides = [(self.maturity.sides[0], self.now, self.units.current)]
        if self.past is not None:
            sides.append((self.maturity.sides[1], self.past, self.units.reference))
        return sides

    @cached_property
    def _curves(self) -> ArrivalCurves | None:
        if not self.maturity.learns:
            return None
        known = [(times.delay, one.y, times.mature & one.labelled) for times, one, _ in self._pairs]
        delay, y = (np.concatenate([part[number][part[2]] for part in known]) for number in (0, 1))
        if len(delay) < FEWEST_ROWS:
            return None
        return arrival_curves(delay, y, len(self.task.classes))

    @cached_property
    def _calibration(self) -> Calibration | None:
        """Learn what scores mean from the rows of both sides that have all their labels."""
        parts, units = [], []
        for times, one, places in self._pairs:
            scored = _scored(one, self.task)
            rows = one.labelled & ~times.young & scored.usable
            parts.append(scored.take(rows))
            units.append(places[rows] if len(places) else np.zeros(0, int))
        y, pred = (np.concatenate([getattr(p, name) for p in parts]) for name in ("y", "pred"))
        if len(y) < FEWEST_ROWS or len(np.unique(y)) < 2:
            return None
        proba = np.concatenate([part.scores for part in parts])
        places = np.concatenate(units)
        own = places if len(places) and len(np.unique(places)) >= FEW_UNITS else None
        learnt = replace(parts[0], y=y, pred=pred, proba=proba)
        return Calibration(fit_calibrator(proba, pred, y, units=own), learnt, own)

    def _effects(self, calibration: Calibration, rows: np.ndarray) -> UnitEffects | None:
        if calibration.units is None:
            return None
        residuals = ResidualEffects(self.metrics, len(self.task.classes), self.units.rule.memory)
        return residuals.of_rows(calibration, self.units.current[rows])


def _scored(rows: Predictions, task: Task) -> Predictions:
    """Rows with scores: where there are none, the prediction stands for one."""
    if rows.proba is not None:
        return rows
    truth = np.eye(len(task.classes))[rows.pred]
    proba = truth * SURE + (1 - truth) * (1 - SURE) / (len(task.classes) - 1)
    if len(task.classes) == 2:
        proba = proba[:, 1]
    return replace(rows, proba=proba)


def only_mature(past: Period, times: LabelTimes, words: str) -> Period:
    """Leave labels of the reference out from the time on when some are still to come.

    Parameters
    ----------
    past : Period
        The reference.
    times : LabelTimes
        Of its rows.
    words : str
        After how long its rows are old enough.

    Returns
    -------
    Period

    Raises
    ------
    DataError
        If no row is old enough.
    """
    young = times.young & past.predictions.labelled
    if not young.any():
        return past
    kept = past.predictions.labelled & ~young
    if not kept.any():
        raise DataError(
            f"{past.name} is too young to compare with: all its labelled rows are younger than "
            f"{words}, and labels of such rows are still to come. Pass an older reference."
        )
    known = past.predictions
    missing = np.nan if known.y.dtype.kind == "f" else -1
    note = (
        f"{counted(int(young.sum()), 'labelled row')} of {past.name} of a time when labels are "
        "still to come are left out"
    )
    y = np.where(young, missing, known.y).astype(known.y.dtype)
    return replace(past, predictions=replace(known, y=y, notes=(*known.notes, note)))


def hold_by_signs(now: Predictions, groups: WindowGroups, past: Predictions | None) -> HeldWindows:
    """Hold windows whose labels look as if others were still to come, where nothing is said.

    Parameters
    ----------
    now : Predictions
        Of the current rows.
    groups : WindowGroups
    past : Predictions or None
        Of the reference.

    Returns
    -------
    HeldWindows
        With the values of the labels that are there.
    """
    reasons = [""] * len(groups.lo)
    labelled = now.labelled[groups.rows]
    if labelled.all():
        return HeldWindows(reasons)
    rows = groups.hi - groups.lo
    counts = group_sums(labelled.astype(np.int64), groups.lo, groups.hi)
    usual = None if past is None else float(past.labelled.mean())
    fallen = np.zeros(len(rows), bool)
    for segment in np.unique(groups.segment):
        own = groups.segment == segment
        fallen[own] = falls_off(counts[own], rows[own], usual)
    known = (0.5, 0.0)
    if past is not None and not past.labelled.all():
        scores = _score(past)
        told = ~np.isnan(scores)
        known = label_selection(past.labelled[told], scores[told])
    score = _score(now)[groups.rows]
    for group, (lo, hi) in enumerate(zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)):
        if not counts[group] or counts[group] == rows[group]:
            continue
        there, own = labelled[lo:hi], score[lo:hi]
        told = ~np.isnan(own)
        share = percent(counts[group] / rows[group])
        if fallen[group]:
            reasons[group] = (
                f"only {share} of its rows have a label, fewer than before, as if others were "
                f"still to come: not judged. {ADVICE}"
            )
        elif selected(there[told], own[told], known):
            reasons[group] = (
                f"the {share} of its rows that have a label have other scores than those without, "
                f"and do not speak for them: not judged. {ADVICE}"
            )
    return HeldWindows(reasons)


def _score(rows: Predictions) -> np.ndarray:
    """One number for each row that says what the model thinks of it, NaN where there is none."""
    if rows.proba is None:
        return np.where(rows.predicted, rows.pred, np.nan).astype(float)
    return rows.proba if rows.proba.ndim == 1 else rows.proba.max(axis=1)
