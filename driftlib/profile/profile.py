"""Count a batch on a baseline's frozen grids: counts add, and everything is read off them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from driftlib.errors import DataError
from driftlib.profile.outside import add_outside
from driftlib.profile.units import ProfileUnits
from driftlib.stats.counts import Cumulative
from driftlib.stats.precision import EXACT, Claims, apart

if TYPE_CHECKING:
    from driftlib.profile.facts import Facts

UNLISTED_NAMES = 100


@dataclass(frozen=True)
class Counts:
    """Rows of a column, comparable or not; counts of two batches add.

    Parameters
    ----------
    rows : int
        Rows of the batch, missing ones too.
    missing : int
        Rows without a usable value: missing, infinite, unreadable or absent.
    absent : int
        Rows of batches that do not have the column at all.
    """

    rows: int = 0
    missing: int = 0
    absent: int = 0

    @property
    def present(self) -> int:
        """Rows with a usable value."""
        return self.rows - self.missing

    @property
    def missing_share(self) -> float:
        """Share of rows without a usable value."""
        return self.missing / self.rows if self.rows else np.nan

    def __add__(self, other: Self) -> Self:
        return replace(
            self,
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            absent=self.absent + other.absent,
        )


@dataclass(frozen=True)
class NumericCounts(Counts):
    """Counts of a numeric column on its grid.

    Parameters
    ----------
    rows, missing, absent : int
        See `Counts`.
    infinite, unreadable : int
        Rows that count as missing because they are infinite, or no numbers.
    example : str
        The first unreadable value.
    mean, squares : float
        Mean of the values, and the sum of their squared deviations from it.
    minimum, maximum : float
        Least and greatest value; NaN of none.
    below, at_or_below, gaps : array
        See `driftlib.stats.counts.Cumulative`.
    bits : int
        Significant bits of the coarsest values among them; 64 for whole numbers and for none.
    at_minimum, at_maximum : int
        Rows of the least and of the greatest value; 0 in what older versions saved.
    outside : int array
        Rows beyond the grid by how far away they lie: see `driftlib.profile.outside`.
    """

    infinite: int = 0
    unreadable: int = 0
    example: str = ""
    mean: float = np.nan
    squares: float = 0.0
    minimum: float = np.nan
    maximum: float = np.nan
    below: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    at_or_below: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    gaps: np.ndarray = field(default_factory=lambda: np.zeros(1))
    bits: int = EXACT
    at_minimum: int = 0
    at_maximum: int = 0
    outside: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def cumulative(self) -> Cumulative:
        """The counts as the statistics take them."""
        return Cumulative(
            self.below, self.at_or_below, self.present, self.gaps, self.mean, self.squares
        )

    @property
    def std(self) -> float:
        """Sample standard deviation; NaN with fewer than two values, or where floats have none."""
        if self.present < 2 or not self.has_spread:
            return np.nan
        return float(np.sqrt(self.squares / (self.present - 1)))

    @property
    def has_spread(self) -> bool:
        """Whether squares of the values are neither too large nor too small for floats."""
        return math.isfinite(self.squares) and (self.squares > 0 or self.minimum == self.maximum)

    def __add__(self, other: Self) -> Self:
        n, m = self.present, other.present
        if n and m:
            # Chan, Golub and LeVeque (1983): means and squares of two parts together.
            between = apart(self.mean, other.mean)
            mean = self.mean + between * (m / (n + m))
            squares = self.squares + other.squares + between * between * (n * m / (n + m))
        else:
            mean, squares = (self.mean, self.squares) if n else (other.mean, other.squares)
        least = float(np.fmin(self.minimum, other.minimum))
        greatest = float(np.fmax(self.maximum, other.maximum))
        return replace(
            super().__add__(other),
            infinite=self.infinite + other.infinite,
            unreadable=self.unreadable + other.unreadable,
            example=self.example or other.example,
            mean=mean,
            squares=squares,
            minimum=least,
            maximum=greatest,
            outside=add_outside(self.outside, other.outside),
            at_minimum=sum(p.at_minimum for p in (self, other) if p.minimum == least),
            at_maximum=sum(p.at_maximum for p in (self, other) if p.maximum == greatest),
            below=self.below + other.below,
            at_or_below=self.at_or_below + other.at_or_below,
            gaps=self.gaps + other.gaps,
            bits=min(self.bits, other.bits),
        )


@dataclass(frozen=True)
class CategoricalCounts(Counts):
    """Counts of a categorical column on its list of levels.

    Parameters
    ----------
    rows, missing, absent : int
        See `Counts`.
    levels : int array, shape (levels,)
        Rows of each listed level.
    unlisted : int
        Rows of levels that the list does not have.
    unlisted_names : mapping of str to int
        The commonest of those, with their rows.
    buckets : int array, shape (50,) or (0,)
        Rows by hash of the level's name; only where the list is not complete.
    """

    levels: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    unlisted: int = 0
    unlisted_names: Mapping[str, int] = field(default_factory=dict)
    buckets: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __add__(self, other: Self) -> Self:
        names = dict(self.unlisted_names)
        for name, count in other.unlisted_names.items():
            names[name] = names.get(name, 0) + count
        return replace(
            super().__add__(other),
            levels=self.levels + other.levels,
            unlisted=self.unlisted + other.unlisted,
            unlisted_names=commonest(names),
            buckets=self.buckets + other.buckets,
        )


def commonest(names: Mapping[str, int]) -> dict[str, int]:
    """Keep the commonest names, the first in order where counts tie.

    Parameters
    ----------
    names : mapping of str to int
        With their rows.

    Returns
    -------
    dict of str to int
        At most 100.
    """
    return dict(sorted(names.items(), key=lambda item: (-item[1], item[0]))[:UNLISTED_NAMES])


def merged(counts: NumericCounts, claims: Claims) -> NumericCounts:
    """Count grid points that a coarser type cannot tell apart as one.

    Parameters
    ----------
    counts : NumericCounts
        On the grid of the claims.
    claims : Claims
        For the coarser type.

    Returns
    -------
    NumericCounts
        The same where all points can be told apart.
    """
    if claims.first is None:
        return counts
    below, at_or_below = claims.merge(counts.below, counts.at_or_below)
    return replace(counts, below=below, at_or_below=at_or_below)


@dataclass(frozen=True)
class Profile:
    """Counts of a batch against one baseline; two profiles of the same baseline add.

    Parameters
    ----------
    baseline_id : str
        Fingerprint of the grids that it was counted on.
    rows : int
        Rows of the batch.
    columns : mapping of str to Counts
        Counts of each of the baseline's columns.
    units : ProfileUnits, optional
        Coarse counts of each unit; None where rows are their own units.
    notes : tuple of str
        What was assumed when the batch was read.
    cells : mapping of str to Profile
        With a season, the profile of each of its cells; they add up to this one.
    facts : Facts, optional
        What the batch is like beside its columns' values; None of parts of a batch.

    Examples
    --------
    >>> from driftlib.profile.baseline import Baseline
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, None]})
    >>> baseline = Baseline.fit(frame)
    >>> halves = baseline.profile(frame[:2]) + baseline.profile(frame[2:])
    >>> halves.rows, halves.columns["x"].missing, halves.columns["x"].mean
    (4, 1, 2.0)
    """

    baseline_id: str
    rows: int
    columns: Mapping[str, Counts]
    units: ProfileUnits | None = None
    notes: tuple[str, ...] = ()
    cells: Mapping[str, Profile] = field(default_factory=dict, repr=False)
    facts: Facts | None = field(default=None, repr=False)

    def __add__(self, other: Profile) -> Profile:
        if not isinstance(other, Profile):
            return NotImplemented
        if other.baseline_id != self.baseline_id or other.columns.keys() != self.columns.keys():
            raise DataError(
                "these two profiles were counted against different baselines and do not add: "
                "profile both batches with the same baseline."
            )
        columns = {name: counts + other.columns[name] for name, counts in self.columns.items()}
        units = self.units and other.units and self.units + other.units
        notes = tuple(dict.fromkeys((*self.notes, *other.notes)))
        cells = dict(self.cells)
        for cell, profile in other.cells.items():
            cells[cell] = cells[cell] + profile if cell in cells else profile
        facts = self.facts and other.facts and self.facts + other.facts
        rows = self.rows + other.rows
        return Profile(self.baseline_id, rows, columns, units, notes, cells, facts)

    def __radd__(self, other: Any) -> Profile:
        # sum() starts from 0.
        return self if other == 0 else NotImplemented
