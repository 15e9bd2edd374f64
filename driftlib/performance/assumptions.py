"""Say of an estimate without labels where what it rests on does not look true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from driftlib.data.levels import level_texts
from driftlib.data.numbers import as_numbers
from driftlib.data.predictions import Predictions
from driftlib.data.schema import NUMERIC, column_kind
from driftlib.data.task import BINARY, Task
from driftlib.stats.prior_shift import (
    ALIKE,
    BINS,
    LEAST_ROWS,
    PriorShift,
    class_counts,
    mixture_p_value,
    prior_shift,
)
from driftlib.written_numbers import percents

MOST_LEVELS, MOST_FEATURES = 50, 50
# Scores of new rows are less sure by so much, as a share and in standard errors.
LEAST_GAP, MOST_ERRORS = 0.05, 4.0


class MixtureCheck:
    """Whether new rows are the reference's, with another share of positive ones.

    Under such a shift scores and every feature are the same mixture of what each class had.

    Parameters
    ----------
    task : Task
    known : Predictions
        Of the reference.
    reference, current : pandas.DataFrame
    features : sequence of str
        Columns of both.
    """

    def __init__(
        self,
        task: Task,
        known: Predictions,
        reference: pd.DataFrame,
        current: pd.DataFrame,
        features: Sequence[str] = (),
    ) -> None:
        self._of_two = task.kind == BINARY and known.proba is not None
        self._positive = task.positive
        if not self._of_two:
            return
        self._rows = known.labelled & known.scored
        self._y, self._score = known.y[self._rows] == 1, known.scores[self._rows]
        self._columns = [
            (reference[name], current[name]) for name in list(features)[:MOST_FEATURES]
        ]
        self._binned: list[tuple[np.ndarray, np.ndarray]] = []

    def _features(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Columns in bins: once for all windows, and only as far as one looks."""
        for place, (before, now) in enumerate(self._columns):
            if place == len(self._binned):
                self._binned.append(_binned(before[self._rows], now))
            yield self._binned[place]

    def shift(self, new: Predictions, rows: np.ndarray) -> PriorShift | None:
        """Tell whether only the share of positives changed in some new rows.

        Parameters
        ----------
        new : Predictions
            Of current.
        rows : int array
            Positions in current; each has a probability.

        Returns
        -------
        PriorShift or None
            None where that is not what the rows look like.
        """
        if not self._of_two:
            return None
        found = prior_shift(self._score, self._y, new.scores[rows])
        if found is None or not found.found:
            return None
        level = ALIKE / max(1, len(self._columns))
        for place, now in self._features():
            if mixture_p_value(class_counts(place, self._y, now[rows]), found.now) < level:
                return None
        return found

    def surer_of_reference(self, new: Predictions, rows: np.ndarray) -> bool:
        """Tell whether the model is surer of the reference's rows, though no input differs.

        Scores are made of inputs. Where no input is other than in the reference, and scores are
        all the same less sure, the model knew the reference's labels.

        Parameters
        ----------
        new, rows
            As for `shift`, all of current.

        Returns
        -------
        bool
            False as well where there are no features to tell by.
        """
        if not self._of_two or not self._columns or min(len(rows), len(self._y)) < LEAST_ROWS:
            return False
        score = new.scores[rows]
        surely = [float(_uncertainty(side).mean()) for side in (self._score, score)]
        if surely[0] > (1 - LEAST_GAP) * surely[1]:
            return False
        error = [_uncertainty(side).std() / np.sqrt(len(side)) for side in (self._score, score)]
        if surely[1] - surely[0] < MOST_ERRORS * np.hypot(*error):
            return False
        level = ALIKE / len(self._columns)
        return all(_same(place, now[rows]) >= level for place, now in self._features())

    def words(self, new: Predictions, rows: np.ndarray) -> str:
        """Say so, with what would be right.

        Parameters
        ----------
        new, rows
            As for `shift`.

        Returns
        -------
        str
            Empty where it is not what the rows look like.
        """
        found = self.shift(new, rows)
        return "" if found is None else shift_in_words(found, str(self._positive))


def shift_in_words(found: PriorShift, positive: str) -> str:
    """Say that the share of positives looks changed, and what to do.

    Parameters
    ----------
    found : PriorShift
    positive : str
        The label.

    Returns
    -------
    str
    """
    before, now = percents(found.before, found.now)
    return (
        f"these rows look as if only the share of {positive!r} had changed, from {before} to "
        f"{now}: then the same score has another chance now, and this estimate does not hold; "
        f"{offset_in_words(found.before, found.now)}"
    )


def offset_in_words(before: float, now: float) -> str:
    """Say how scores are put right for another share of positives.

    Parameters
    ----------
    before, now : float

    Returns
    -------
    str

    Examples
    --------
    >>> offset_in_words(0.1, 0.2)
    'adding +0.81 to the logit of each probability, or another threshold, would put it right'
    """
    odds = np.log(now * (1 - before)) - np.log(before * (1 - now))
    return (
        f"adding {odds:+.2f} to the logit of each probability, or another threshold, would put "
        "it right"
    )


def _uncertainty(score: np.ndarray) -> np.ndarray:
    """Variance of a label with such a chance."""
    return np.asarray(score * (1 - score), dtype=float)


def _same(place: np.ndarray, now: np.ndarray) -> float:
    """Chance of levels as different as these of two samples of one."""
    everything = class_counts(place, np.ones(len(place), bool), now)
    return mixture_p_value(np.array([everything[0], everything[0], everything[2]]), 1.0)


def _binned(reference: pd.Series, current: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Bin of each row of a column, or its level; missing values are one."""
    if column_kind(reference)[0] == NUMERIC:
        values, new = (as_numbers(side).values.astype(float) for side in (reference, current))  # noqa: PD011
        known = values[np.isfinite(values)]
        if not len(known):
            return np.zeros(len(values), int), np.zeros(len(new), int)
        edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
        return (
            np.where(np.isfinite(values), np.searchsorted(edges, values), len(edges) + 1),
            np.where(np.isfinite(new), np.searchsorted(edges, new), len(edges) + 1),
        )
    texts = [pd.Series(level_texts(side)).fillna("") for side in (reference, current)]
    levels = pd.Index(texts[0].value_counts().index[:MOST_LEVELS])
    places = [np.asarray(levels.get_indexer(pd.Index(side))) for side in texts]
    return np.where(places[0] < 0, len(levels), places[0]), np.where(
        places[1] < 0, len(levels), places[1]
    )
