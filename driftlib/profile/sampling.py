"""Keep a sample in bounded memory: of a table's rows, and of a column's distinct values.

Both add: those of two parts of a table give that of the whole, whatever the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from driftlib.data.frames import stack
from driftlib.lazily import pd

ALL_HASHES = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class RunLengths:
    """Values in order that repeat: read like the long array they stand for.

    Parameters
    ----------
    points : float array, shape (distinct,)
        The distinct values, smallest first.
    ends : int array, shape (distinct,)
        Rows up to each value's last.

    Examples
    --------
    >>> runs = RunLengths(np.array([1.0, 5.0]), np.array([3, 4]))
    >>> len(runs), runs[np.array([0, 2, 3])].tolist(), runs.searchsorted(2.0, "right").tolist()
    (4, [1.0, 1.0, 5.0], 3)
    """

    points: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, ranks: np.ndarray | int) -> np.ndarray:
        return self.points[self.ends.searchsorted(ranks, "right")]

    def searchsorted(
        self, values: np.ndarray | float, side: Literal["left", "right"]
    ) -> np.ndarray:
        """Count the rows below some values, or at or below them.

        Parameters
        ----------
        values : float array or float
            In any order.
        side : {"left", "right"}
            "left" for the rows below each value, "right" for those at or below it.

        Returns
        -------
        int array
            One for each of `values`, as `numpy.searchsorted` gives it for the long array.
        """
        return np.append(0, self.ends)[self.points.searchsorted(values, side)]


@dataclass(frozen=True)
class DistinctSketch:
    """Distinct values and the rows of each; where there are too many, of a share of them.

    Parameters
    ----------
    items, counts : array, shape (distinct,)
        The values, and how many rows have each.
    most : int
        How many values are kept at most.
    thinned : int
        Only values whose hash ends in so many zero bits are kept: one of 2**thinned.

    References
    ----------
    Flajolet (1990), On adaptive sampling, Computing 43, 391-400.

    Examples
    --------
    >>> march = DistinctSketch(np.array([1.0, 5.0]), np.array([3, 1]), most=10)
    >>> april = DistinctSketch(np.array([5.0, 7.0]), np.array([2, 2]), most=10)
    >>> dict(zip((march + april).items.tolist(), (march + april).counts.tolist()))
    {1.0: 3, 5.0: 3, 7.0: 2}
    """

    items: np.ndarray
    counts: np.ndarray
    most: int
    thinned: int = 0

    @property
    def complete(self) -> bool:
        """Whether every distinct value is there."""
        return not self.thinned

    @property
    def number(self) -> int:
        """Number of distinct values: exact if complete, else an estimate."""
        return len(self.items) << self.thinned

    @property
    def in_order(self) -> RunLengths:
        """The values with their rows, smallest first."""
        order = np.argsort(self.items)
        return RunLengths(self.items[order], self.counts[order].cumsum())

    def __add__(self, other: DistinctSketch) -> DistinctSketch:
        thinned = max(self.thinned, other.thinned)
        mine, theirs = self.thin(thinned), other.thin(thinned)
        codes, items = pd.factorize(np.concatenate([mine.items, theirs.items]))
        counts = np.bincount(codes, np.concatenate([mine.counts, theirs.counts]), len(items))
        return DistinctSketch(items, counts.astype(np.int64), self.most, thinned).thin()

    def thin(self, least: int = 0) -> DistinctSketch:
        """Drop values until there are no more than `most`.

        Parameters
        ----------
        least : int
            Zero bits to thin to at least, from 0 to 64, although fewer would do.

        Returns
        -------
        DistinctSketch
            This one, if nothing is to be dropped.
        """
        if least <= self.thinned and len(self.items) <= self.most:
            return self
        zeros = _trailing_zeros(pd.util.hash_array(self.items, categorize=False))
        thinned = max(least, self.thinned)
        while np.count_nonzero(zeros >= thinned) > self.most:
            thinned += 1
        kept = zeros >= thinned
        return DistinctSketch(self.items[kept], self.counts[kept], self.most, thinned)


def _trailing_zeros(hashes: np.ndarray) -> np.ndarray:
    lowest = hashes & (~hashes + np.uint64(1))
    return np.where(hashes == 0, 64, np.log2(np.maximum(lowest, 1).astype(float))).astype(int)


def row_hash(rows: np.ndarray, seed: int) -> np.ndarray:
    """Hash row numbers: evenly spread over 64 bits, and different for each row.

    Parameters
    ----------
    rows : int array
        Numbers of rows, from 0.
    seed : int
        From 0 up; another one gives another order of the rows.

    Returns
    -------
    uint64 array, shape of `rows`

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA,
    453-472 (the finalizer).

    Examples
    --------
    >>> row_hash(np.array([0, 1]), seed=0).tolist()
    [16294208416658607535, 7960286522194355700]
    """
    with np.errstate(over="ignore"):
        z = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z ^= np.uint64(seed) * np.uint64(0xD1B54A32D192ED03)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@dataclass(frozen=True)
class RowSample:
    """Of all rows, the `size` ones with the smallest hash, and some more until it is cut.

    Parameters
    ----------
    size : int
        Rows to end with.
    limit : uint64
        The sample has every row whose hash is below it, and no other.
    parts : tuple of (hashes, frame)
        The rows and their hashes, batch by batch.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": range(1000)})
    >>> hashes = row_hash(np.arange(1000), seed=0)
    >>> halves = [RowSample(5, ALL_HASHES, ((hashes[i], frame[i]),))
    ...           for i in (slice(0, 500), slice(500, 1000))]
    >>> (halves[0] + halves[1]).frame["x"].tolist()
    [254, 366, 410, 503, 821]
    """

    size: int
    limit: np.uint64
    parts: tuple[tuple[np.ndarray, pd.DataFrame], ...] = field(repr=False)

    @classmethod
    def of_all(cls, frame: pd.DataFrame) -> RowSample:
        """Take every row of a table that is in memory anyway.

        Parameters
        ----------
        frame : pandas.DataFrame
            Not copied.

        Returns
        -------
        RowSample
        """
        unused = np.broadcast_to(np.uint64(0), len(frame))
        return cls(len(frame), ALL_HASHES, ((unused, frame),))

    def __add__(self, other: RowSample) -> RowSample:
        limit = min(self.limit, other.limit)
        mine, theirs = (part.below(limit).parts for part in (self, other))
        both = RowSample(self.size, limit, mine + theirs)
        # Cutting at twice the size keeps the cuts few.
        return both.cut() if both.rows > 2 * self.size else both

    @property
    def rows(self) -> int:
        """Rows held."""
        return sum(len(hashes) for hashes, _ in self.parts)

    def below(self, limit: np.uint64) -> RowSample:
        """Keep the rows with a small hash.

        Parameters
        ----------
        limit : uint64
            Above the hashes of the rows to keep.

        Returns
        -------
        RowSample
        """
        if limit >= self.limit:
            return self
        kept = []
        for hashes, frame in self.parts:
            chosen = hashes < limit
            kept.append((hashes[chosen], frame[chosen]))
        return RowSample(self.size, limit, tuple(kept))

    def cut(self) -> RowSample:
        """Keep no more rows than `size`.

        Returns
        -------
        RowSample
        """
        if self.rows <= self.size:
            return self
        hashes = np.concatenate([hashes for hashes, _ in self.parts])
        small = self.below(np.partition(hashes, self.size)[self.size])
        together = np.concatenate([hashes for hashes, _ in small.parts])
        return replace(small, parts=((together, small.frame),))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows, in the order in which they were added."""
        return stack([frame for _, frame in self.parts])
