"""Tell which numbers are the same but for their last digits.

The same value comes as 0.1 and as 0.10000000149 where one file holds single precision, and as
0.3 and 0.30000000000000004 where one was computed in another way. Numbers are compared in the
coarser of two types, and those within a few units in its last place are equal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

# Significant bits: of whole numbers, which are exact, and of floats in double and single precision.
EXACT, DOUBLE, SINGLE = 64, 53, 24
# Doubles hold whole numbers up to here; larger ones are counted as whole numbers.
MOST_WHOLE = 2**53
# So many values tell whether doubles are single precision in a wider type.
_LOOKED_AT = 64


@dataclass(frozen=True)
class Claims:
    """Which values count as which grid point, for values of some precision.

    Parameters
    ----------
    lower, upper : array, shape (points,)
        Values from `lower` to `upper` count as the point; neighbours do not overlap.
    first, last : int array, shape (points,), optional
        Numbers of the first and last point that cannot be told from each; None where all can.
    """

    lower: np.ndarray
    upper: np.ndarray
    first: np.ndarray | None = None
    last: np.ndarray | None = None

    @cached_property
    def separate(self) -> bool:
        """Whether there are points, and no value counts as two of them."""
        between = self.upper[:-1] < self.lower[1:]
        return self.first is None and len(self.lower) > 0 and bool(between.all())

    def merge(self, below: np.ndarray, at_or_below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Count the values of points that cannot be told apart as values of the first of them.

        Parameters
        ----------
        below, at_or_below : int array, shape (..., points)
            As in `driftlib.stats.counts.Cumulative`.

        Returns
        -------
        tuple of two int arrays
            `below` and `at_or_below`: the same where all points can be told apart.
        """
        if self.first is None or self.last is None:
            return below, at_or_below
        merged = at_or_below[..., self.last]
        inner = self.first < np.arange(len(self.first))
        return np.where(inner, merged, below), merged


def held_as_whole(ordered: np.ndarray) -> bool:
    """Tell whether values are whole numbers that doubles would run together.

    Parameters
    ----------
    ordered : array
        Smallest first.

    Returns
    -------
    bool

    Examples
    --------
    >>> held_as_whole(np.array([10**18, 10**18 + 1])), held_as_whole(np.array([1, 2]))
    (True, False)
    """
    if ordered.dtype not in (np.int64, np.uint64) or not len(ordered):
        return False
    return bool(ordered[0] < -MOST_WHOLE or ordered[-1] > MOST_WHOLE)


def positions(ordered: np.ndarray, points: np.ndarray, side: Literal["left", "right"]) -> Any:
    """Find where points belong among values, signed among unsigned whole numbers too.

    Parameters
    ----------
    ordered : array
        Smallest first.
    points : array
    side : str
        "left" for how many values lie below each point, "right" for at or below.

    Returns
    -------
    int array, shape of `points`

    Examples
    --------
    >>> positions(np.array([1, 2**63 - 1]), np.array([2**63], dtype=np.uint64), "left").tolist()
    [2]
    """
    if {ordered.dtype.kind, points.dtype.kind} != {"i", "u"}:
        return ordered.searchsorted(points, side)
    # No type of numpy has both; as doubles, large ones would run together.
    if ordered.dtype.kind == "u":
        found = ordered.searchsorted(np.maximum(points, 0).astype(np.uint64), side)
        return np.where(points < 0, 0, found)
    most = np.iinfo(np.int64).max
    found = ordered.searchsorted(np.minimum(points, most).astype(np.int64), side)
    return np.where(points > most, len(ordered), found)


def differences(values: np.ndarray, origin: Any) -> np.ndarray:
    """Take the distances of whole numbers, which may be large, from one of them.

    Parameters
    ----------
    values : int64 or uint64 array
    origin : int64 or uint64

    Returns
    -------
    float array

    Examples
    --------
    >>> differences(np.array([10**18 + 1, 5]), np.int64(10**18)).tolist()
    [1.0, -1e+18]
    """
    rough = values.astype(float) - float(origin)
    # Modulo 2**64 the two types are one, and a difference that fits is right.
    exact = (values.view(np.uint64) - origin.view(np.uint64)).view(np.int64)
    return np.where(np.abs(rough) < 2.0**62, exact.astype(float), rough)


def apart(first: float, second: float) -> float:
    """Take the difference of two means, as far as doubles can tell.

    Parameters
    ----------
    first, second : float

    Returns
    -------
    float
        `second - first`; 0 where that is no more than their last digits.

    Examples
    --------
    >>> apart(1.0, 3.0), apart(1e18, 1e18 + 128)
    (2.0, 0.0)
    """
    last = math.ulp(max(abs(first), abs(second)))
    return second - first if abs(second - first) > 4 * last else 0.0


def claims(grid: np.ndarray, bits: int) -> Claims:
    """Find the values that count as each point of a grid.

    Parameters
    ----------
    grid : array, shape (points,)
        Sorted, distinct.
    bits : int
        Significant bits of the coarser of the two types that are compared.

    Returns
    -------
    Claims

    Examples
    --------
    >>> found = claims(np.array([0.1, 0.3]), SINGLE)
    >>> bool(found.lower[0] < np.float32(0.1) < found.upper[0])
    True
    """
    if bits >= EXACT or not len(grid):
        return Claims(grid, grid)
    grid = grid.astype(float)
    with np.errstate(over="ignore"):
        apart = np.diff(grid)
        middle = grid[:-1] / 2 + grid[1:] / 2
        size = np.abs(grid)
        usual = np.median(size)
    nearest = np.zeros(len(grid))
    if len(grid) > 1:
        nearest = np.minimum(np.append(np.inf, apart), np.append(apart, np.inf))
    # Differences are as inexact as what they were taken from: near zero the size of the column's
    # values is the measure, as far as that leaves no doubt which value is meant.
    wide = np.maximum(unit(bits) * size, np.minimum(unit(bits) * usual, nearest / 1024))
    wide = _whole_are_exact(grid, wide, bits)
    with np.errstate(over="ignore"):
        lower, upper = grid - wide, grid + wide
    lower[1:] = np.maximum(lower[1:], middle)
    upper[:-1] = np.minimum(upper[:-1], np.nextafter(middle, -np.inf))
    # Two points so close that the middle rounds to one of them keep themselves.
    lower, upper = np.minimum(lower, grid), np.maximum(upper, grid)
    first = alike(grid, bits)
    if first is None:
        return Claims(lower, upper)
    return Claims(lower, upper, first, first.searchsorted(first, "right") - 1)


def alike(grid: np.ndarray, bits: int) -> np.ndarray | None:
    """Group the points of a grid that cannot be told apart.

    Parameters
    ----------
    grid : array, shape (points,)
        Sorted.
    bits : int
        Significant bits that count.

    Returns
    -------
    int array, shape (points,), or None
        For each point the number of the first that it cannot be told from; None where all can
        be told apart.

    Examples
    --------
    >>> alike(np.array([0.1, 0.3, 0.1 * 3]), DOUBLE).tolist()
    [0, 1, 1]
    """
    if bits >= EXACT:
        return None
    grid = grid.astype(float)
    reach = equal_within(grid, bits)
    with np.errstate(over="ignore"):
        close = np.diff(grid) <= reach[1:]
    if not close.any():
        return None
    first = np.arange(len(grid))
    for place in np.flatnonzero(close) + 1:
        start = first[place - 1]
        # No group is wider than what is equal, however many neighbours there are.
        if grid[place] - grid[start] <= reach[place]:
            first[place] = start
    return first


def equal_within(values: np.ndarray, bits: int) -> np.ndarray:
    """Say how far from each value another may lie that is equal to it.

    Parameters
    ----------
    values : float array
    bits : int
        Significant bits that count.

    Returns
    -------
    float array
        A few units in the last place; less than one half for whole numbers that the type holds.
    """
    return _whole_are_exact(values, unit(bits) * np.abs(values), bits)


def _whole_are_exact(values: np.ndarray, wide: np.ndarray, bits: int) -> np.ndarray:
    whole = (values == np.rint(values)) & (np.abs(values) < 2.0**bits)
    return np.where(whole, np.minimum(wide, 0.25), wide)


def unit(bits: int) -> float:
    """Share of a value that counts as its last digits.

    Parameters
    ----------
    bits : int
        Significant bits; 64 and more are exact.

    Returns
    -------
    float
        Four units in the last place; one of half precision, which has but three digits.
    """
    if bits >= EXACT:
        return 0.0
    return 2.0 ** ((3 if bits >= SINGLE else 1) - bits)


def held_bits(ordered: np.ndarray, bits: int) -> int:
    """Find the precision of values that may be of a coarser one than their type.

    Parameters
    ----------
    ordered : array
        Finite, smallest first.
    bits : int
        Of their type.

    Returns
    -------
    int
        24 for doubles that came from single precision: all of those looked at would fit.

    Examples
    --------
    >>> held_bits(np.float32([0.1, 0.2]).astype(float), 53), held_bits(np.array([0.1, 2]), 53)
    (24, 53)
    """
    if bits != DOUBLE or ordered.dtype.kind != "f" or not len(ordered):
        return bits
    return SINGLE if held_as_single(ordered) else bits


def held_as_single(ordered: np.ndarray) -> np.ndarray:
    """Tell whether doubles came from single precision.

    Parameters
    ----------
    ordered : float array, shape (..., values)
        Smallest first, at least one.

    Returns
    -------
    bool array, shape (...)
        Whether all of those looked at would fit.

    Examples
    --------
    >>> held_as_single(np.array([[0.5, 1.0], [0.1, 1.0]])).tolist()
    [True, False]
    """
    some = ordered[..., :: max(1, ordered.shape[-1] // _LOOKED_AT)]
    with np.errstate(over="ignore", under="ignore"):
        # Of most doubles the first fits no more than the others.
        first: np.ndarray = ordered[..., 0].astype(np.float32) == ordered[..., 0]
        if not first.any():
            return first
        fits = (some.astype(np.float32) == some).all(axis=-1)
    # Whole numbers fit into anything, and are told apart as far as they are held.
    found: np.ndarray = fits & (some != np.rint(some)).any(axis=-1)
    return found
