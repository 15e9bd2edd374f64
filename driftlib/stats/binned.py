"""Measure changes of many binned columns at once: of few bins a call costs more than its work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from scipy import special


@dataclass(frozen=True)
class Binned:
    """Two samples of some columns, each counted over the same bins on both sides.

    Parameters
    ----------
    reference, current : float array
        Rows per bin, column after column; at least one row a column and side. Bins that are
        empty on both sides do not count.
    bins : int array, shape (columns,)
        How many there are of each column, at least one.

    Examples
    --------
    >>> both = Binned.of([np.array([1, 1]), np.array([2, 0])], [np.array([1, 3]), np.array([4, 0])])
    >>> both.hellinger.round(6).tolist(), both.occupied.tolist()
    ([0.184592, 0.0], [2, 1])
    """

    reference: np.ndarray
    current: np.ndarray
    bins: np.ndarray

    @classmethod
    def of(cls, reference: Sequence[np.ndarray], current: Sequence[np.ndarray]) -> Binned:
        """Put columns after one another.

        Parameters
        ----------
        reference, current : sequence of int array
            Rows per bin of each column, at least one column.

        Returns
        -------
        Binned
        """
        before, after = (np.concatenate(side).astype(float) for side in (reference, current))
        return cls(before, after, np.array([len(rows) for rows in reference]))

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.cumsum(self.bins) - self.bins

    def _sums(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, self._starts)

    @property
    def columns(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows per bin of each column on either side."""
        for start, end in pairwise([0, *accumulate(self.bins.tolist())]):
            yield self.reference[start:end], self.current[start:end]

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of each column on either side."""
        return self._sums(self.reference), self._sums(self.current)

    @cached_property
    def _each(self) -> tuple[np.ndarray, np.ndarray]:
        """The same once a bin."""
        n, m = self.rows
        return np.repeat(n, self.bins), np.repeat(m, self.bins)

    @cached_property
    def _shares(self) -> tuple[np.ndarray, np.ndarray]:
        return self.reference / self._each[0], self.current / self._each[1]

    @cached_property
    def _used(self) -> np.ndarray:
        return (self.reference > 0) | (self.current > 0)

    @cached_property
    def occupied(self) -> np.ndarray:
        """Bins of each column with a row on some side."""
        return self._sums(self._used.astype(int))

    @cached_property
    def common(self) -> np.ndarray:
        """Bins of each column with rows on both sides."""
        return self._sums(((self.reference > 0) & (self.current > 0)).astype(int))

    @property
    def psi(self) -> np.ndarray:
        """The population stability index: see `driftlib.stats.distances.psi`."""
        n, m = self._each
        p, q = np.maximum(self.reference, 0.5) / n, np.maximum(self.current, 0.5) / m
        return self._sums(np.where(self._used, (q - p) * np.log(q / p), 0.0))

    @property
    def chi_square(self) -> np.ndarray:
        """The statistic: see `driftlib.stats.bin_tests.chi_square`; 0 of a single bin."""
        n, m = self.rows
        combined = self.reference + self.current
        expected = combined * np.repeat(n / (n + m), self.bins)
        # For two rows the sum over both equals this single one: one subtraction per level.
        terms = (self.reference - expected) ** 2 / np.where(self._used, combined, 1.0)
        return self._sums(terms) * (n + m) ** 2 / (n * m)

    @property
    def half_row_psi(self) -> np.ndarray:
        """The PSI with half a row more in every bin: `driftlib.stats.bin_tests.psi_p_value`."""
        half = 0.5 * self.occupied
        n, m = (np.repeat(rows + half, self.bins) for rows in self.rows)
        p, q = (self.reference + 0.5) / n, (self.current + 0.5) / m
        return self._sums(np.where(self._used, (q - p) * np.log(q / p), 0.0))

    def any_fewer(self, least: float) -> np.ndarray:
        """Tell which columns have a bin of which too few rows are expected on the smaller side.

        Parameters
        ----------
        least : float
            How many are enough.

        Returns
        -------
        bool array, shape (columns,)
        """
        n, m = self.rows
        part = np.repeat(np.minimum(n, m) / (n + m), self.bins)
        few = self._used & ((self.reference + self.current) * part < least)
        return self._sums(few.astype(int)) > 0

    @property
    def jensen_shannon(self) -> np.ndarray:
        """The Jensen-Shannon distance: see `driftlib.stats.distances.jensen_shannon`."""
        p, q = self._shares
        middle = (p + q) / 2
        divergence = self._sums(special.rel_entr(p, middle)) + self._sums(
            special.rel_entr(q, middle)
        )
        return np.minimum(1.0, np.sqrt(np.maximum(0.0, divergence / 2 / np.log(2))))

    @property
    def hellinger(self) -> np.ndarray:
        """The Hellinger distance: see `driftlib.stats.distances.hellinger`."""
        p, q = self._shares
        # What is left of 1 shows the last digit: a column's terms are added as if alone.
        terms, ends = np.sqrt(p * q)[self._used], [0, *accumulate(self.occupied.tolist())]
        sums = [terms[start:end].sum() for start, end in pairwise(ends)]
        return np.sqrt(np.maximum(0.0, 1 - np.array(sums)))
