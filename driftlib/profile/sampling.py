"""What can be learnt of a column in bounded memory: a sample of rows, a tally of distinct values.

Both add: those of two parts of a table give that of the whole, whatever the order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from driftlib.data.sources import stack

ALL_HASHES = np.uint64(2**64 - 1)


def row_hash(rows: np.ndarray, seed: int) -> np.ndarray:
    """A number for each row number, evenly spread over 64 bits and different for each row.

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

    Attributes
    ----------
    size : int
    limit : uint64
        The sample has every row whose hash is below it, and no other.
    parts : tuple of (hashes, frame)
    """

    size: int
    limit: np.uint64
    parts: tuple[tuple[np.ndarray, pd.DataFrame], ...]

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
        """The rows with a hash below `limit`."""
        if limit >= self.limit:
            return self
        kept = []
        for hashes, frame in self.parts:
            chosen = hashes < limit
            kept.append((hashes[chosen], frame[chosen]))
        return RowSample(self.size, limit, tuple(kept))

    def cut(self) -> RowSample:
        """The sample with no more rows than `size`."""
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


@dataclass(frozen=True)
class DistinctSketch:
    """Distinct values and the rows of each; where there are too many, of a share of them.

    Attributes
    ----------
    items, counts : array, shape (distinct,)
    most : int
    thinned : int
        Only values whose hash ends in so many zero bits are kept: one of 2**thinned.

    References
    ----------
    Flajolet (1990), On adaptive sampling, Computing 43, 391-400.
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
    def distinct(self) -> int:
        """Number of distinct values: exact if complete, else an estimate."""
        return len(self.items) << self.thinned

    def __add__(self, other: DistinctSketch) -> DistinctSketch:
        thinned = max(self.thinned, other.thinned)
        mine, theirs = self.thin(thinned), other.thin(thinned)
        codes, items = pd.factorize(np.concatenate([mine.items, theirs.items]))
        counts = np.bincount(codes, np.concatenate([mine.counts, theirs.counts]), len(items))
        return DistinctSketch(items, counts.astype(np.int64), self.most, thinned).thin()

    def thin(self, least: int = 0) -> DistinctSketch:
        """The tally with no more values than `most`, thinned at least so often."""
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
