"""Take the season out of what units hold: what is left is told from other units of its cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# A cell's course is told from no fewer units.
COURSE_UNITS = 8


def without_season(counts: Sequence[np.ndarray], position: np.ndarray | None = None) -> np.ndarray:
    """Take from the counts of units what the cells of a season foretell.

    A unit with n_c rows in cell c is foretold n_c q_c of a kind, q_c its share among all rows of
    the cell, both sides together; it is given n q of it instead, q the share among all rows. So
    units of all cells can be compared, as blocks of an experiment can (van Elteren 1960): what is
    left is what a projection leaves, so the difference of two sides varies no more than its
    variance says, and less where they hold the cells in different shares. A unit may lie in one
    cell, or in several. Where a cell has a course of its own (March grows warmer by the day), q_c
    is a straight line along it.

    Parameters
    ----------
    counts : sequence of array, shape (units, kinds)
        Rows of each unit by kind, of all units of both sides, in each cell of the season.
    position : float array, shape (units,), optional
        Where in the cycle each unit lies; None where cells have no course.

    Returns
    -------
    array, shape (units, kinds)
        With as many rows of each unit and of each kind as there are, some perhaps below zero; the
        counts themselves where there is one cell without a course.

    Examples
    --------
    >>> cold, warm = np.array([[8, 2], [6, 4], [0, 0]]), np.array([[0, 0], [0, 0], [1, 9]])
    >>> without_season([cold, warm]).round(2).tolist()
    [[6.0, 4.0], [4.0, 6.0], [5.0, 5.0]]
    """
    total = np.asarray(sum(counts))
    if len(counts) == 1 and position is None:
        return total
    foretold = np.zeros(total.shape)
    for part in counts:
        rows = part.sum(axis=1)
        share = part.sum(axis=0) / max(1, rows.sum())
        foretold += rows[:, None] * share
        along = _along(rows, position)
        if along is not None:
            slope = along @ part / (rows * along**2).sum()
            foretold += (rows * along)[:, None] * slope
    rows = total.sum(axis=1, keepdims=True)
    even = rows * (total.sum(axis=0) / max(1, total.sum()))
    return np.asarray(total - foretold + even)


def degrees_lost(rows: Sequence[np.ndarray], position: np.ndarray | None = None) -> float:
    """Tell how many degrees of freedom the cells' shares take from the units.

    Parameters
    ----------
    rows : sequence of array, shape (units,)
        Rows of each unit in each cell of the season.
    position : float array, shape (units,), optional
        As for `without_season`.

    Returns
    -------
    float
        Trace of the map from units' means to what the cells foretell, less 1 for the mean of all:
        the number of cells less 1 where each unit lies in one, and 0 where all units hold the
        same shares of all; one more for each course.

    Examples
    --------
    >>> degrees_lost([np.array([5, 5, 0]), np.array([0, 0, 5])])
    1.0
    >>> degrees_lost([np.array([2, 2, 2]), np.array([3, 3, 3])])
    0.0
    """
    total = np.maximum(np.asarray(sum(rows)), 1)
    trace = 0.0
    for part in rows:
        trace += float((part**2 / total).sum() / max(1, part.sum()))
        along = _along(part, position)
        if along is not None:
            trace += float((part**2 * along**2 / total).sum() / (part * along**2).sum())
    return max(0.0, round(trace - 1, 9))


def _along(rows: np.ndarray, position: np.ndarray | None) -> np.ndarray | None:
    """How far each unit lies from the middle of a cell; None where the cell has no course."""
    held = rows > 0
    if position is None or held.sum() < COURSE_UNITS:
        return None
    along = position - (rows * position).sum() / rows.sum()
    return along if (rows * along**2).sum() > 0 else None
