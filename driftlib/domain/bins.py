"""Cut the columns of a matrix into bins once, for all models that are fitted on it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

# What scikit-learn's boosting has room for beside missing values.
MOST_BINS = 255
MISSING = 255
# So many values of a column tell where its bins are to end.
LOOKED_AT = 50_000


@dataclass(frozen=True)
class Binning:
    """Hold where the bins of each column end.

    Parameters
    ----------
    ends : tuple of (float array or None)
        By column: the highest value of each bin but the last. None for codes of levels, each
        of which is a bin.
    """

    ends: tuple[np.ndarray | None, ...]

    def codes(self, matrix: np.ndarray) -> np.ndarray:
        """Find the bin of each value.

        Parameters
        ----------
        matrix : float array, shape (rows, features)
            NaN is missing.

        Returns
        -------
        uint8 array, shape (rows, features)
            From 0; 255 where a value is missing.

        Examples
        --------
        >>> Binning((np.array([1.5]), None)).codes(np.array([[1, 3.0], [2, np.nan]])).tolist()
        [[0, 3], [1, 255]]
        """
        codes = np.empty(matrix.shape, dtype=np.uint8)
        for j, ends in enumerate(self.ends):
            column = matrix[:, j]
            missing = np.isnan(column)
            found = column if ends is None else ends.searchsorted(column)
            codes[:, j] = np.where(missing, MISSING, found)
        return codes


def fit_bins(matrix: np.ndarray, features: Sequence[str], levels: Container[str]) -> Binning:
    """Choose bins of about as many rows each; of few distinct values each gets its own.

    Parameters
    ----------
    matrix : float array, shape (rows, features)
        From `driftlib.domain.features.encode`.
    features : list of str
        Its columns, in order.
    levels : container of str
        Those that are codes of levels.

    Returns
    -------
    Binning

    Examples
    --------
    >>> fit_bins(np.array([[1.0], [2.0], [np.nan], [4.0]]), ["x"], ()).ends[0].tolist()
    [1.5, 3.0]
    """
    some = matrix[:: max(1, len(matrix) // LOOKED_AT)]
    return Binning(
        tuple(None if name in levels else _ends(some[:, j]) for j, name in enumerate(features))
    )


def _ends(values: np.ndarray) -> np.ndarray:
    ordered = np.sort(values[~np.isnan(values)])
    distinct = ordered[np.diff(ordered, prepend=-np.inf) > 0]
    if len(distinct) <= MOST_BINS:
        return distinct[:-1] / 2 + distinct[1:] / 2
    return np.unique(ordered[np.arange(1, MOST_BINS) * len(ordered) // MOST_BINS - 1])
