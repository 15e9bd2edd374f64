"""Learn how long labels take to arrive, and what that says of rows still without one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Labels that come later than so many of a class's do not keep a row young.
ARRIVED = 0.99
# Points of an arrival curve at which its error is drawn.
POINTS = 200
ROUNDS = 100


@dataclass(frozen=True)
class ArrivalCurves:
    """Share of each class's labels that have arrived, by the age of the row.

    Parameters
    ----------
    delays : tuple of float array
        Of each class, in order: how long its labels took, in days. A class without any is taken
        to arrive as all do.
    """

    delays: tuple[np.ndarray, ...]

    def pending(self, age: np.ndarray) -> np.ndarray:
        """Tell which share of each class's labels has not arrived yet.

        Parameters
        ----------
        age : float array, shape (rows,)
            Days since each row was seen.

        Returns
        -------
        float array, shape (rows, classes)

        Examples
        --------
        >>> curves = ArrivalCurves((np.array([10.0]), np.array([1.0, 3.0])))
        >>> curves.pending(np.array([2.0, 12.0])).tolist()
        [[1.0, 0.5], [0.0, 0.0]]
        """
        return np.stack(
            [1 - np.searchsorted(days, age, side="right") / len(days) for days in self._known],
            axis=1,
        )

    def draw(self, age: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """Draw the shares that other labels of the same kind would have given.

        Parameters
        ----------
        age : float array, shape (rows,)
            Days since each row was seen.
        count : int
            How many draws.
        rng : numpy.random.Generator

        Returns
        -------
        float array, shape (count, rows, classes)
        """
        edges = np.unique(np.quantile(age, np.linspace(0, 1, POINTS)))
        place = np.searchsorted(edges, age, side="right") - 1
        drawn = []
        for days, exact in zip(self._known, self.pending(age).T, strict=True):
            counts = np.histogram(days, np.concatenate([[-np.inf], edges, [np.inf]]))[0]
            shares = rng.multinomial(len(days), counts / len(days), size=count) / len(days)
            found = 1 - shares.cumsum(axis=1)[:, :-1]
            centre = 1 - counts.cumsum()[:-1] / len(days)
            drawn.append(exact + (found - centre)[:, place])
        return np.clip(np.stack(drawn, axis=-1), 0, 1)

    @property
    def _known(self) -> list[np.ndarray]:
        every = np.sort(np.concatenate(self.delays))
        return [days if len(days) else every for days in self.delays]


def arrival_curves(delay: np.ndarray, label: np.ndarray, classes: int) -> ArrivalCurves:
    """Learn arrival curves from rows old enough to have their labels.

    Parameters
    ----------
    delay : float array, shape (rows,)
        Days from row to label; at least one.
    label : int array, shape (rows,)
        Number of each row's class.
    classes : int

    Returns
    -------
    ArrivalCurves
    """
    return ArrivalCurves(tuple(np.sort(delay[label == k]) for k in range(classes)))


def time_to_mature(age: np.ndarray, delay: np.ndarray, label: np.ndarray) -> float | None:
    """Tell after how many days all but a few labels of every class have arrived.

    Young rows show only the labels that came fast. So the answer is asked of rows at least
    as old as itself: it grows until it is.

    Parameters
    ----------
    age, delay : float array, shape (rows,)
        Days since each row was seen, and until its label came; rows with a label.
    label : int array, shape (rows,)
        Number of each row's class.

    Returns
    -------
    float or None
        None where no rows are old enough to tell.

    Examples
    --------
    >>> age, label = np.arange(100.0), np.zeros(100, int)
    >>> time_to_mature(age[20:], np.full(80, 20.0), label[20:])
    20.0
    """
    found = 0.0
    for _ in range(ROUNDS):
        old = age >= found
        if not old.any():
            return None
        kinds, place = np.unique(label[old], return_inverse=True)
        slowest = max(
            float(np.quantile(delay[old][place == k], ARRIVED, method="higher"))
            for k in range(len(kinds))
        )
        if slowest <= found:
            return found
        found = slowest
    return found


def still_to_come(chances: np.ndarray, pending: np.ndarray) -> np.ndarray:
    """Tell the chance of each label of rows whose label has not arrived.

    Parameters
    ----------
    chances : float array, shape (..., rows, classes)
        Of each label, before anything is known of its arrival.
    pending : float array, shape (..., rows, classes)
        Which share of each class's labels comes later than the row's age.

    Returns
    -------
    float array, shape (..., rows, classes)
        By Bayes' rule; the chances themselves where no label comes so late.

    Examples
    --------
    >>> still_to_come(np.array([[0.8, 0.2]]), np.array([[1.0, 0.25]])).round(3).tolist()
    [[0.941, 0.059]]
    """
    weighed = chances * pending
    total = weighed.sum(axis=-1, keepdims=True)
    return np.where(total > 1e-12, weighed / np.maximum(total, 1e-12), chances)
