"""Tell labels that are no outcomes: all one label, or the model's own predictions.

A join that fails, or a default that is filled in, makes labels that look like a changed concept or
like a perfect model. What the reference's labels are like says how unlikely that is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.data.task import REGRESSION, Task
from driftlib.text import counted, percent, percents

# Labels count as no outcomes where independent rows of the reference would give them with less
# than this chance, and where so many of its units, if units are not rows, hardly ever do.
LEVEL, UNIT_LEVEL = 1e-6, 0.05
# Labels look swapped where each of two predictions, of so many rows, is as seldom right as it was
# wrong, which it was in less than so many of its rows.
MIRRORED_ROWS, MIRRORED_SHARE, MIRRORED_GAP, MIRRORED_ERRORS = 50, 0.6, 0.02, 3.0
CHECK = "check where labels come from"
NOT_JUDGED = f"not judged, {CHECK}"


@dataclass(frozen=True)
class UsualLabels:
    """How often rows of a reference have each label, and how often the one that was predicted.

    Parameters
    ----------
    classes : tuple of str
        Labels as text; none for a regression.
    share : float array, shape (classes + 1,)
        Of the rows with that label, and last of those whose label is the prediction; never 0.
    whole : float array, shape (classes + 1,), or None
        Of the units whose rows are all so; None where rows are units.
    right : float array, shape (2,), or None
        Of the rows with each of two predictions, those that are right; None of another number of
        classes, or where there are too few rows.
    """

    classes: tuple[str, ...]
    share: np.ndarray
    whole: np.ndarray | None
    right: np.ndarray | None = None

    def unlike(self, rows: Predictions, unit: np.ndarray | None = None) -> str:
        """Say why labels of some rows are no outcomes.

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
        known = rows.labelled
        count = int(known.sum())
        if not count:
            return ""
        units = 1 if unit is None else len(np.unique(unit[known]))
        y = rows.y[known]
        if self.classes and (y == y[0]).all() and self._hardly(int(y[0]), count, units):
            return (
                f"all its {counted(count, 'label')} are {self.classes[int(y[0])]!r}, as are "
                f"{percent(self.share[int(y[0])])} of the reference's"
            )
        if (y == rows.pred[known]).all() and self._hardly(-1, count, units):
            return (
                f"all its {counted(count, 'label')} are the model's own predictions, as are "
                f"{percent(self.share[-1])} of the reference's"
            )
        if not self._mirrored(y, rows.pred[known]):
            return ""
        shares = float((y == rows.pred[known]).mean()), 1 - float(self.share[-1])
        seldom, wrong = percents(*shares)
        return (
            f"its labels look swapped: predictions are right in {seldom} of "
            f"{counted(count, 'row')}, as they are wrong in {wrong} of the reference's"
        )

    def _mirrored(self, y: np.ndarray, pred: np.ndarray) -> bool:
        """Whether every prediction is as seldom right as it was wrong."""
        if self.right is None:
            return False
        right, counts = _right_by_prediction(y, pred)
        if right is None:
            return False
        error = np.sqrt(right * (1 - right) / counts + self.right * (1 - self.right) / counts)
        near = np.abs(right - (1 - self.right)) < MIRRORED_GAP + MIRRORED_ERRORS * error
        return bool((near & (right < 0.5) & (self.right > MIRRORED_SHARE)).all())

    def _hardly(self, place: int, rows: int, units: int) -> bool:
        if rows * np.log(self.share[place]) >= np.log(LEVEL):
            return False
        return self.whole is None or bool(self.whole[place] ** units < UNIT_LEVEL)


def _right_by_prediction(y: np.ndarray, pred: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """Share of the rows of each of two predictions that are right, and how many rows there are."""
    known = pred >= 0
    counts = np.bincount(pred[known], minlength=2)
    if counts.min() < MIRRORED_ROWS:
        return None, counts
    return np.bincount(pred[known], (y == pred)[known], minlength=2) / counts, counts


def usual_labels(task: Task, rows: Predictions, unit: np.ndarray | None = None) -> UsualLabels:
    """Count what the labels of a reference are like.

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
    classes = () if task.kind == REGRESSION else task.classes
    known = rows.labelled
    y = rows.y[known]
    so = np.stack([*(y == label for label in range(len(classes))), y == rows.pred[known]])
    # One more, so that what never occurred is not impossible.
    share = (so.sum(axis=1) + 1) / (so.shape[1] + 1)
    right = _right_by_prediction(y, rows.pred[known])[0] if len(classes) == 2 else None
    if unit is None:
        return UsualLabels(classes, share, None, right)
    own = unit[known]
    ids, place = np.unique(own[own >= 0], return_inverse=True)
    odd = np.stack([np.bincount(place, ~each[own >= 0], minlength=len(ids)) for each in so])
    return UsualLabels(classes, share, ((odd == 0).sum(axis=1) + 1) / (len(ids) + 1), right)


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
    sorted_rows = rows.take(groups.rows)
    units = None if unit is None else unit[groups.rows]
    return [
        usual.unlike(sorted_rows.take(slice(lo, hi)), None if units is None else units[lo:hi])
        for lo, hi in zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)
    ]
