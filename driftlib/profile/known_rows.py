"""Know rows of the reference again in later batches, by hashes of what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from driftlib.profile.row_hashes import RowHashes, multiplicities

# Rows that are kept: 20 kB of a saved baseline.
MOST_KNOWN = 2_000
MOST_THINNED = 63


@dataclass(frozen=True)
class KnownRows:
    """Hold some rows of the reference as hashes; no value can be read back from them.

    Parameters
    ----------
    hashes : uint32 array, shape (rows,)
        Different rows, a hash each, from the smallest up.
    thinned : int
        Rows were chosen by a key that ends in so many zero bits.
    lone : float
        Share of the reference's rows that are like no other of it, from 0 to 1. A new row of the
        same kind is like one of the reference with a chance of about one less this share (Good
        1953).
    """

    hashes: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.uint32), repr=False)
    thinned: int = 0
    lone: float = 1.0

    @classmethod
    def of(cls, rows: RowHashes, names: Sequence[str], keys: Sequence[str]) -> KnownRows:
        """Choose rows of a reference to be known again.

        Parameters
        ----------
        rows : RowHashes
            Of the reference.
        names : sequence of str
            Columns in which rows are compared.
        keys : sequence of str
            Rows without a value in one of these are left out.

        Returns
        -------
        KnownRows
        """
        whole = rows.alike(names, keys)
        if not len(whole):
            return cls()
        times = multiplicities(whole)
        lone = float((times == 1).sum() / times.sum())
        kept, hashes = rows, _distinct(_short(whole))
        while len(hashes) > MOST_KNOWN and kept.thinned < MOST_THINNED:
            kept = kept.thin(kept.thinned + 1)
            hashes = _distinct(_short(kept.alike(names, keys)))
        return cls(hashes, kept.thinned, lone)

    def found_in(
        self, rows: RowHashes, names: Sequence[str], keys: Sequence[str]
    ) -> tuple[int, int, int]:
        """Count the rows of a batch that are rows of the reference.

        Parameters
        ----------
        rows : RowHashes
            Of the batch.
        names, keys : sequence of str
            As in `of`.

        Returns
        -------
        rows : int
            Rows of the batch that would be known.
        different : int
            So many of them are different from each other.
        known : int
            Those of the rows that are known.
        """
        whole = _short(rows.thin(self.thinned).alike(names, keys))
        return len(whole), len(_distinct(whole)), self._number_of(whole)

    def _number_of(self, hashes: np.ndarray) -> int:
        """Count the hashes that are known."""
        if not len(self.hashes):
            return 0
        nearest = self.hashes.take(self.hashes.searchsorted(hashes), mode="clip")
        return int((nearest == hashes).sum())

    def to_dict(self) -> dict[str, Any]:
        """Turn the rows into types that JSON has.

        Returns
        -------
        dict
        """
        steps = np.diff(self.hashes.astype(np.int64), prepend=0).tolist()
        return {"thinned": self.thinned, "lone": self.lone, "steps": steps}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> KnownRows:
        """Make known rows of what `to_dict` returns.

        Parameters
        ----------
        entry : mapping

        Returns
        -------
        KnownRows

        Raises
        ------
        KeyError, TypeError, ValueError
            If a part is missing or none of ours.
        """
        steps, thinned, lone = entry["steps"], entry["thinned"], float(entry["lone"])
        if not all(type(number) is int and number >= 0 for number in [*steps, thinned]):
            raise ValueError("hashes of rows are no whole numbers")
        if not 0 <= lone <= 1 or thinned > MOST_THINNED or sum(steps) >= 2**32:
            raise ValueError("hashes of rows are out of their range")
        return cls(np.cumsum(steps, dtype=np.int64).astype(np.uint32), thinned, lone)


def _short(hashes: np.ndarray) -> np.ndarray:
    return (hashes >> np.uint64(32)).astype(np.uint32)


def _distinct(hashes: np.ndarray) -> np.ndarray:
    """Keep each hash once, from the smallest up: of numbers that look random a sort is quickest."""
    ordered = np.sort(hashes)
    new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]
