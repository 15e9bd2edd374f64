"""Fit every action on older rows and judge it on newer ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from driftlib.advising import corrections
from driftlib.advising.actions import (
    ACTIONS,
    BOTH,
    KEEP,
    OFFSET,
    RECALIBRATE,
    RETRAIN,
    THRESHOLD,
    Action,
)
from driftlib.advising.models import Trainer
from driftlib.advising.worth import Gain, Judge, weighed
from driftlib.data.predictions import Predictions
from driftlib.data.task import BINARY, REGRESSION
from driftlib.stats.unit_influence import RowUnits, UnitError

# Shares of the older rows that are tried, to tell how many labels an action needs.
SHARES = (0.125, 0.25, 0.5)
# An action has what it needs where it gains so much of what it gains from all rows.
MOST_OF_IT = 0.8
# Rows that a new model learns from at most.
MOST_ROWS = 50_000
# Fewer rows teach no new model.
LEAST_TO_LEARN = 50

Outputs = Callable[[pd.DataFrame, Predictions], Predictions]


@dataclass(frozen=True)
class Side:
    """Rows of a period with labels and outputs.

    Parameters
    ----------
    frame : pandas.DataFrame
    rows : Predictions
    """

    frame: pd.DataFrame
    rows: Predictions

    def take(self, places: np.ndarray) -> Side:
        """Take some rows.

        Parameters
        ----------
        places : int array

        Returns
        -------
        Side
        """
        return Side(self.frame.iloc[places], self.rows.take(places))

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.frame)


@dataclass(frozen=True)
class Tried:
    """An action, fitted and judged.

    Parameters
    ----------
    action : Action
    outputs : callable
        Gives any rows the outputs they would have.
    words : str
        What was fitted.
    judged : tuple of Predictions
        The rows it was judged on with those outputs: the newer ones, and the older ones where
        halves changed places.
    value : float
        The metric of these.
    gain : Gain
        Over keeping.
    labels_needed : float
        Labels with which the action gains most of it; NaN where it gains nothing for sure.
    correction : callable or None
        What is done to a model's own outputs; None for keeping and for a new model.
    """

    action: Action
    outputs: Outputs
    words: str
    judged: tuple[Predictions, ...]
    value: float
    gain: Gain
    labels_needed: float
    correction: corrections.Correction | None = None


@dataclass(frozen=True)
class Trial:
    """What actions are fitted on and judged by.

    Parameters
    ----------
    judge : Judge
    decider : Decider
    trainer : Trainer
    reference : Side
        Rows of the reference with labels; may be empty.
    older, newer : Side
        Of current.
    rng : numpy.random.Generator
        Of samples of more rows than a new model learns from.
    """

    judge: Judge
    decider: corrections.Decider
    trainer: Trainer
    reference: Side
    older: Side
    newer: Side
    rng: np.random.Generator

    @property
    def actions(self) -> list[Action]:
        """What can be done here."""
        task, metric = self.judge.task, self.judge.metric
        scored = self.older.rows.proba is not None or task.kind == REGRESSION
        able = {KEEP, RETRAIN} | ({OFFSET, RECALIBRATE} if scored else set())
        if task.kind == BINARY and scored and not metric.needs_proba and self.decider.cost is None:
            able.add(THRESHOLD)
        if task.kind == BINARY and scored and self.decider.cost is not None:
            able.add(THRESHOLD)
        return [
            action
            for action in ACTIONS
            if action.name in able and (action.fitted_on != BOTH or len(self.reference))
        ]

    def run(self) -> list[Tried]:
        """Fit and judge all.

        Returns
        -------
        list of Tried
            Keeping first.
        """
        return [self._try(action) for action in self.actions]

    def _try(self, action: Action) -> Tried:
        outputs, words, correction = self._fit(action, self.older)
        judged = outputs(self.newer.frame, self.newer.rows)
        value = self.judge.value(judged)
        if action.name == KEEP:
            gain = Gain(0.0, UnitError(0.0))
            return Tried(action, outputs, words, (judged,), value, gain, 0.0)
        gain = self.judge.gain(judged, self.newer.rows)
        needed = self._labels_needed(action, gain.value) if gain.interval()[0] > 0 else np.nan
        return Tried(action, outputs, words, (judged,), value, gain, needed, correction)

    def turned(self, units: RowUnits | None) -> Trial:
        """Let the halves change places.

        Parameters
        ----------
        units : RowUnits, optional
            Of the older rows; None where rows are units.

        Returns
        -------
        Trial
        """
        judge = replace(self.judge, units=units)
        return replace(self, older=self.newer, newer=self.older, judge=judge)

    def both_ways(self, first: Sequence[Tried], turned: Trial) -> list[Tried]:
        """Judge actions by all rows: fitted on either half, each is judged on the other one.

        Parameters
        ----------
        first : sequence of Tried
            From `run`.
        turned : Trial
            Of the same halves that changed places.

        Returns
        -------
        list of Tried
            Fitted as before, in the same order.
        """
        found = []
        sizes = len(self.newer), len(turned.newer)
        for one in first:
            outputs, *_ = turned._fit(one.action, turned.older)
            judged = outputs(turned.newer.frame, turned.newer.rows)
            value = np.average([one.value, turned.judge.value(judged)], weights=sizes)
            own = replace(one, judged=(*one.judged, judged), value=float(value))
            if one.action.name != KEEP:
                gain = weighed([one.gain, turned.judge.gain(judged, turned.newer.rows)], sizes)
                needed = one.labels_needed
                if np.isnan(needed) and gain.interval()[0] > 0:
                    needed = self._labels_needed(one.action, one.gain.value)
                own = replace(own, gain=gain, labels_needed=needed)
            found.append(own)
        return found

    def _labels_needed(self, action: Action, gain: float) -> float:
        for share in SHARES:
            count = int(share * len(self.older))
            if count < LEAST_TO_LEARN:
                continue
            places = np.sort(self.rng.choice(len(self.older), count, replace=False))
            outputs, *_ = self._fit(action, self.older.take(places))
            part = self.judge.sign * (
                self.judge.value(outputs(self.newer.frame, self.newer.rows))
                - self.judge.value(self.newer.rows)
            )
            if part >= MOST_OF_IT * gain:
                return float(count)
        return float(len(self.older))

    def _fit(
        self, action: Action, older: Side
    ) -> tuple[Outputs, str, corrections.Correction | None]:
        task = self.judge.task
        if action.name == KEEP:
            return (lambda frame, rows: rows), "", None
        if action.name == RETRAIN:
            sides = [older, self.reference] if action.fitted_on == BOTH else [older]
            return *self._retrain(sides), None
        fit: dict[str, Any] = {
            OFFSET: partial(corrections.offset, task, older.rows, self.decider),
            RECALIBRATE: partial(corrections.recalibrate, task, older.rows, self.decider),
            THRESHOLD: partial(
                corrections.move_threshold,
                older.rows,
                lambda rows: self.judge.sign * self.judge.value(rows),
            ),
        }
        correct, words = fit[action.name]()
        return (lambda frame, rows: correct(rows)), words, correct

    def _retrain(self, sides: Sequence[Side]) -> tuple[Outputs, str]:
        taken = []
        for side in sides:
            most = MOST_ROWS // len(sides)
            if len(side) > most:
                side = side.take(np.sort(self.rng.choice(len(side), most, replace=False)))
            taken.append(side)
        frame = pd.concat([side.frame for side in taken], ignore_index=True)
        y = np.concatenate([side.rows.y for side in taken])
        return self.trainer.fit(frame, y), f"{self.trainer.name}, fitted on {len(y):,} rows"
