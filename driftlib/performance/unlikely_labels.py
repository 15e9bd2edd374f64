"""Tell labels and predictions that are no outcomes of a model: filled in, swapped or scaled.

What a join that fails or a default that is filled in leaves behind looks like a changed concept or
like a perfect model. What the reference's rows are like says how unlikely that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.data.task import BINARY, REGRESSION, Task
from driftlib.text import counted
from driftlib.written_numbers import percent, percents

# Values count as filled in where independent rows of the reference would give them with less than
# this chance, and so many of its units, if units are not rows, hardly ever.
LEVEL, UNIT_LEVEL = 1e-6, 0.05
# A model may well predict nothing but what it predicts nearly always.
MOST_USUAL = 0.9
# Whatever compares shares or ranks asks for so many rows.
FEWEST_ROWS = 50
# Labels look swapped where each of two predictions is as seldom right as it was wrong, within so
# much and so many standard errors, and was right in more than so many of its rows.
MIRRORED_GAP, MIRRORED_ERRORS, MIRRORED_SHARE = 0.02, 3.0, 0.6
# Labels look to be in another unit where their spread has changed so many times, and that of
# predictions less than so many.
OTHER_UNIT, SAME_UNIT = 20.0, 2.0
CHECK = "check where labels and predictions come from"
NOT_JUDGED = f"not judged, {CHECK}"


@dataclass(frozen=True)
class UsualLabels:
    """Labels and predictions of a reference, which others should not be unlike.

    Parameters
    ----------
    task : Task
    rows : Predictions
        Of the reference's rows that have a label and a prediction.
    unit : int array, shape (rows,), or None
        The unit of each row; None where rows are units.
    cut : float, optional
        Score from which on a row counts as predicted positive, where there are scores alone.
    """

    task: Task
    rows: Predictions
    unit: np.ndarray | None
    cut: float | None = None

    def unlike(self, rows: Predictions, unit: np.ndarray | None = None) -> str:
        """Say why labels of some rows, or their predictions, are no outcomes.

        Parameters
        ----------
        rows : Predictions
        unit : int array, shape (rows,), optional
            The unit of each row; needed where the reference has units.

        Returns
        -------
        str
            What is odd about them; empty where nothing is.

        Examples
        --------
        >>> task = Task("binary", ("no", "yes"), "")
        >>> y, pred = np.array([0, 1] * 50), np.array([0, 1, 1, 1] * 25)
        >>> usual = usual_labels(task, Predictions(y, pred, None))
        >>> usual.unlike(Predictions(y[:40] * 0, pred[:40], None))
        "all its 40 labels are 'no', as are 50 % of the reference's"
        >>> usual.unlike(Predictions(y[:20] * 0, pred[:20], None))
        ''
        """
        if self.cut is not None:
            rows = _predicted_from(rows, self.cut)
        known = rows.labelled & rows.predicted
        if not known.any() or not len(self.rows.y):
            return ""
        units = 1 if unit is None else len(np.unique(unit[known]))
        return next(self._odd(rows.take(known), units), "")

    def _odd(self, now: Predictions, units: int) -> Iterator[str]:
        """Say whatever is odd, the surest first."""
        was, count = self.rows, len(now.y)
        sides = [("label", now.y, was.y, 1.0), ("prediction", now.pred, was.pred, MOST_USUAL)]
        # Scores that are all on one side may well be, and labels may be made of them.
        for name, values, usual, most in sides if self.cut is None else sides[:1]:
            if not (values == values[0]).all():
                continue
            so = usual == values[0]
            share = float(so.mean())
            if share <= most and self._hardly(so, count, units):
                yield (
                    f"all its {counted(count, name)} are {self._named(values[0])}, as are "
                    f"{percent(share)} of the reference's"
                )
        if self._copied(now) and self._hardly(was.y == was.pred, count, units):
            own = "are the model's own predictions" if self.cut is None else "follow from scores"
            yield (
                f"all its {counted(count, 'label')} {own}, as are "
                f"{percent(float((was.y == was.pred).mean()))} of the reference's"
            )
        if count < FEWEST_ROWS or len(was.y) < FEWEST_ROWS:
            return
        if self.task.kind == BINARY and self._mirrored(now):
            shares = float((now.y == now.pred).mean()), float((was.y != was.pred).mean())
            seldom, wrong = percents(*shares)
            what, told = "its labels look swapped", "predictions"
            if self.cut is not None:
                what += ", or its scores are those of the other class"
                told = f"scores, cut at {self.cut:.2g},"
            yield (
                f"{what}: {told} are right in {seldom} of "
                f"{counted(count, 'row')}, as they are wrong in {wrong} of the reference's"
            )
        if self.task.kind == REGRESSION:
            times, same = _spread(now.y) / self._spreads[0], _spread(now.pred) / self._spreads[1]
            if max(times, 1 / times) > OTHER_UNIT and max(same, 1 / same) < SAME_UNIT:
                yield (
                    f"its labels look to be in another unit: they spread {times:.3g} times as far "
                    f"as the reference's, predictions {same:.2g} times"
                )

    # Of the reference, whose rows are looked at once and not for every window.
    @cached_property
    def _spreads(self) -> tuple[float, float]:
        return _spread(self.rows.y), _spread(self.rows.pred)

    @cached_property
    def _right(self) -> tuple[np.ndarray, np.ndarray]:
        return _right_by_prediction(self.rows)

    def _named(self, value: float) -> str:
        if self.task.kind == REGRESSION:
            return f"{value:.6g}"
        return repr(self.task.classes[int(value)])

    def _hardly(self, so: np.ndarray, rows: int, units: int) -> bool:
        """Whether so many rows and units of the reference would hardly ever all be so."""
        # One more, so that what never occurred is not impossible.
        if rows * np.log((so.sum() + 1) / (len(so) + 1)) >= np.log(LEVEL):
            return False
        if self.unit is None:
            return True
        own = self.unit >= 0
        ids, place = np.unique(self.unit[own], return_inverse=True)
        whole = int((np.bincount(place, ~so[own], minlength=len(ids)) == 0).sum())
        return bool(((whole + 1) / (len(ids) + 1)) ** units < UNIT_LEVEL)

    def _copied(self, now: Predictions) -> bool:
        """Whether each label is the prediction, or is on its own side of all scores."""
        if self.cut is None or self.task.kind != BINARY:
            return bool((now.y == now.pred).all())
        one = now.y == 1
        if one.all() or not one.any():
            return False
        return bool(now.scores[one].min() > now.scores[~one].max())

    def _mirrored(self, now: Predictions) -> bool:
        """Whether each prediction is as seldom right as it was wrong."""
        (before, rows), (right, count) = self._right, _right_by_prediction(now)
        if min(rows.min(), count.min()) < FEWEST_ROWS:
            return False
        error = np.sqrt(right * (1 - right) / count + before * (1 - before) / rows)
        near = np.abs(right - (1 - before)) < MIRRORED_GAP + MIRRORED_ERRORS * error
        return bool((near & (right < 0.5) & (before > MIRRORED_SHARE)).all())


def usual_labels(task: Task, rows: Predictions, unit: np.ndarray | None = None) -> UsualLabels:
    """Keep what the labels of a reference are like.

    Parameters
    ----------
    task : Task
    rows : Predictions
        Of the reference.
    unit : int array, shape (rows,), optional
        The unit of each row; rows below 0 are in none. None where rows are units.

    Returns
    -------
    UsualLabels
    """
    cut = None
    if rows.proba is not None and not rows.predicted.any():
        scored = rows.take(rows.labelled & rows.scored)
        # As many rows as are positive; of several classes the likeliest.
        share = scored.y.mean() if task.kind == BINARY and len(scored.y) else 0.0
        cut = float(np.quantile(scored.scores, 1 - share)) if share else 0.0
        rows = _predicted_from(rows, cut)
    known = rows.labelled & rows.predicted
    return UsualLabels(task, rows.take(known), None if unit is None else unit[known], cut)


def _predicted_from(rows: Predictions, cut: float) -> Predictions:
    """Predict positive from a score on; of several classes the likeliest."""
    if rows.proba is None:
        return rows
    pred = rows.scores >= cut if rows.scores.ndim == 1 else rows.scores.argmax(axis=1)
    return replace(rows, pred=np.where(rows.scored, pred, -1).astype(rows.pred.dtype))


def unlike_windows(
    usual: UsualLabels, rows: Predictions, groups: WindowGroups, unit: np.ndarray | None = None
) -> list[str]:
    """Say in which windows labels are no outcomes.

    Parameters
    ----------
    usual : UsualLabels
        Of the reference.
    rows : Predictions
        Of the frame that the groups were made from.
    groups : WindowGroups
    unit : int array, shape (rows,), optional
        The unit of each row of that frame.

    Returns
    -------
    list of str
        What is odd about each group; empty where nothing is.
    """
    rows, unit = rows.take(groups.rows), None if unit is None else unit[groups.rows]

    def odd(first: int, last: int) -> str:
        some = slice(int(groups.lo[first]), int(groups.hi[last]))
        return usual.unlike(rows.take(some), None if unit is None else unit[some])

    places = range(len(groups.lo))
    found = [odd(place, place) for place in places]
    # What a short window has by chance, some in a row do not.
    for first, last in _runs(rows, groups):
        if not all(found[first : last + 1]):
            together = odd(first, last)
            for place in range(first, last + 1):
                found[place] = found[place] or together
    return found


def _runs(rows: Predictions, groups: WindowGroups) -> list[tuple[int, int]]:
    """Find neighbouring windows all of whose rows have one label, or their prediction as label."""
    one, copied = [], []
    for lo, hi in zip(groups.lo.tolist(), groups.hi.tolist(), strict=True):
        y = rows.y[lo:hi][rows.labelled[lo:hi]]
        one.append(float(y[0]) if len(y) and (y == y[0]).all() else np.nan)
        pred = rows.pred[lo:hi][rows.labelled[lo:hi]]
        copied.append(1.0 if len(y) and (y == pred).all() else np.nan)
    runs = []
    for marks in (np.array(one), np.array(copied)):
        # Not a number is unlike its neighbour too, which ends a run.
        ends = np.flatnonzero(~(marks[1:] == marks[:-1]))
        firsts, lasts = np.append(0, ends + 1), np.append(ends, len(marks) - 1)
        runs += [
            (first, last)
            for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
            if first < last
        ]
    return runs


def _right_by_prediction(rows: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Count the rows of each of two predictions, and the share that is right."""
    counts = np.bincount(rows.pred, minlength=2)
    return np.bincount(rows.pred, rows.y == rows.pred, minlength=2) / np.maximum(counts, 1), counts


def _spread(values: np.ndarray) -> float:
    """Take the distance between quartiles; tiny, not 0, where half of the values are one."""
    low, high = np.quantile(values, [0.25, 0.75])
    return max(float(high - low), 1e-300)
