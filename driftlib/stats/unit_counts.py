"""Count rows per unit (day, customer, batch) and cell: sums that add over batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

# More units than this are put together before anything is computed from them.
MOST_UNITS = 512


@dataclass(frozen=True)
class UnitCounts:
    """What one column keeps of each unit; everything that tests need is read off it.

    Parameters
    ----------
    ids : int array, shape (units,)
        Number of each unit, increasing: days since an epoch, or a hash's group.
    cells : int array, shape (units, cells)
        Rows with a known value by cell: quantile cells of the reference that subdivide the
        PSI bins for numbers, levels (the last one for all others) for categories.
    missing : int array, shape (units,)
        Rows without a usable value.

    Examples
    --------
    >>> monday = count_units([1, 1, 1], [0, 2, -1], cells=3)
    >>> more = count_units([2, 1], [1, 1], cells=3)
    >>> (monday + more).cells.tolist(), (monday + more).missing.tolist()
    ([[1, 1, 1], [0, 1, 0]], [1, 0])
    """

    ids: np.ndarray
    cells: np.ndarray
    missing: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """Rows of each unit, missing ones too."""
        return self.known + self.missing

    @property
    def known(self) -> np.ndarray:
        """Rows of each unit with a known value."""
        return self.cells.sum(axis=1)

    def __add__(self, other: UnitCounts) -> UnitCounts:
        ids = np.union1d(self.ids, other.ids)
        return _added(ids, [self.aligned(ids), other.aligned(ids)])

    def aligned(self, ids: np.ndarray) -> UnitCounts:
        """Write the same counts on another list of units that has all of these.

        Parameters
        ----------
        ids : int array
            Increasing, with every one of the own `ids`; units without rows get zeros.

        Returns
        -------
        UnitCounts
            Counts of `ids`.
        """
        at = np.searchsorted(ids, self.ids)
        cells = np.zeros((len(ids), self.cells.shape[1]), dtype=self.cells.dtype)
        missing = np.zeros(len(ids), dtype=self.missing.dtype)
        cells[at], missing[at] = self.cells, self.missing
        return UnitCounts(ids, cells, missing)

    def merged(self, most: int = MOST_UNITS) -> UnitCounts:
        """Neighbouring units put together until there are no more than `most`.

        For units of time, whose neighbours are alike; groups of customers come from a hash.

        Parameters
        ----------
        most : int
            Units to keep at the most, at least 1.

        Returns
        -------
        UnitCounts
            The same rows; a merged unit has the number of its first member.
        """
        size = -(-len(self.ids) // most)
        if size <= 1:
            return self
        first = np.arange(0, len(self.ids), size)
        return UnitCounts(
            self.ids[first],
            np.add.reduceat(self.cells, first, axis=0),
            np.add.reduceat(self.missing, first),
        )


def _added(ids: np.ndarray, parts: list[UnitCounts]) -> UnitCounts:
    cells = np.sum([part.cells for part in parts], axis=0)
    return UnitCounts(ids, cells, np.sum([part.missing for part in parts], axis=0))


def count_units(unit: ArrayLike, cell: ArrayLike, cells: int) -> UnitCounts:
    """Count the rows of every unit by cell.

    Parameters
    ----------
    unit : int array, shape (rows,)
        The number of each row's unit, in any order.
    cell : int array, shape (rows,)
        Each row's cell, 0 to `cells` - 1; negative where the value is missing.
    cells : int
        How many cells there are.

    Returns
    -------
    UnitCounts
        Of the units that occur.

    Examples
    --------
    >>> count_units([7, 7, 3], [0, 1, -1], cells=2).rows.tolist()
    [1, 2]
    """
    ids, code = np.unique(np.asarray(unit), return_inverse=True)
    at = np.asarray(cell)
    # Missing values are counted in a column of their own, at the front.
    flat = np.bincount(
        code * (cells + 1) + np.maximum(at, -1) + 1, minlength=len(ids) * (cells + 1)
    )
    table = flat.reshape(len(ids), cells + 1)
    return UnitCounts(ids, table[:, 1:], table[:, 0])


def normal_scores(counts: ArrayLike) -> np.ndarray:
    """Mean normal score of the rows of each cell, cells in order of their values.

    Parameters
    ----------
    counts : float array, shape (..., cells)
        Rows of both sides together. A cell without rows has the score at its place.

    Returns
    -------
    float array, shape (..., cells)
        In standard deviations; their mean over the rows is 0.

    References
    ----------
    van der Waerden (1952), Indagationes Mathematicae 14, 453-458.

    Examples
    --------
    >>> normal_scores([50, 50]).round(4).tolist()
    [-0.7979, 0.7979]
    """
    from scipy.special import ndtri

    rows = np.asarray(counts, dtype=float)
    upper = np.cumsum(rows, axis=-1)
    total = np.maximum(upper[..., -1:], 1)
    edges = np.concatenate([np.zeros_like(total), upper / total], axis=-1)
    z = ndtri(np.clip(edges, 0, 1))
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    share = np.diff(edges, axis=-1)
    filled = share > 0
    inside = -np.diff(density, axis=-1) / np.where(filled, share, 1)
    at = ndtri(np.clip(edges[..., 1:], 1e-9, 1 - 1e-9))
    return np.where(filled, inside, at)


def score_sums(cells: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, sum of scores and sum of their squares of every unit.

    Parameters
    ----------
    cells : float array, shape (..., units, cells)
        Rows by unit and cell.
    scores : float array, shape (..., cells)
        Each cell's score, of the same leading shape.

    Returns
    -------
    tuple of float arrays, each of shape (..., units)
        What `driftlib.stats.dependence.score_test` asks for.

    Examples
    --------
    >>> [x.tolist() for x in score_sums([[2, 1], [0, 3]], [-1.0, 1.0])]
    [[3.0, 3.0], [-1.0, 3.0], [3.0, 3.0]]
    """
    rows, score = np.asarray(cells, dtype=float), np.asarray(scores, dtype=float)[..., None]
    return rows.sum(-1), (rows @ score)[..., 0], (rows @ score**2)[..., 0]
