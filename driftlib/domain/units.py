"""Tell which unit each row of two periods is in, and deal whole units to folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from driftlib.data.sources import Memory
from driftlib.data.unit_choice import choose_unit
from driftlib.data.unit_words import number_of, units_in_words
from driftlib.data.units import (
    COLUMN,
    ROW,
    ROWS,
    UnitCodes,
    UnitRule,
    common_units,
    unit_codes,
)
from driftlib.stats.unit_influence import RowUnits

# With fewer units a side nothing can be told of how much they differ.
LEAST_UNITS = 5
# Where so many units have their next on the other side, sides are no stretches of time.
ALTERNATING = 0.25
# Memory over more units than this is nothing to speak of.
FARTHEST = 300

NONE = UnitCodes(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))

# Rows of a frame: positions, or whether each is in.
Rows = slice | np.ndarray


@dataclass(frozen=True)
class PeriodUnits:
    """The unit of each row of two periods.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    reference, current : UnitCodes
        Of their rows; of none where rows are units.
    """

    rule: UnitRule = ROWS
    reference: UnitCodes = NONE
    current: UnitCodes = NONE

    @property
    def by_row(self) -> bool:
        """Whether rows are their own units."""
        return self.rule.kind == ROW

    @property
    def column(self) -> str | None:
        """The column of units, which is no feature; None for rows and units of time."""
        return self.rule.column if self.rule.kind == COLUMN else None

    @property
    def counts(self) -> tuple[int, int]:
        """Units of the reference, and of current."""
        reference, current = (len(_held(table)) for table in (self.reference, self.current))
        return reference, current

    def take(self, reference: Rows, current: Rows) -> PeriodUnits:
        """Take some rows of either period.

        Parameters
        ----------
        reference, current : slice or array
            Positions, or whether each row is in.

        Returns
        -------
        PeriodUnits
        """
        if self.by_row:
            return self
        return PeriodUnits(
            self.rule,
            replace(self.reference, codes=self.reference.codes[reference]),
            replace(self.current, codes=self.current.codes[current]),
        )

    def cannot_tell(self, names: Sequence[str] = ("the reference", "current")) -> str:
        """Say why too few units tell nothing.

        Parameters
        ----------
        names : (str, str)
            What to call the two periods.

        Returns
        -------
        str
            Empty where either has at least 5.

        Examples
        --------
        >>> days = pd.DataFrame({"seen": pd.date_range("2013-03-01", periods=12)})
        >>> read_units("1D", [("", days[:3]), ("", days)], "seen").cannot_tell()
        'cannot tell: the reference has 3 days; at least 5 are needed'
        """
        if self.by_row:
            return ""
        sides = zip(names, self.counts, (self.reference, self.current), strict=True)
        for name, count, table in sides:
            if number_of(table).absent:
                return (
                    f"cannot tell: {name} has no column {self.rule.column!r} to say which rows "
                    "belong together (unit='row' takes them as independent)"
                )
            if count < LEAST_UNITS:
                return (
                    f"cannot tell: {name} has {self.rule.counted(count)}; "
                    f"at least {LEAST_UNITS} are needed"
                )
        return ""

    def row_units(self, reference: np.ndarray, current: np.ndarray) -> RowUnits | None:
        """Give the units of the rows that are used.

        Parameters
        ----------
        reference, current : int array
            Their positions; each must be in a unit.

        Returns
        -------
        RowUnits or None
            The reference's rows, then those of current; None where rows are units.
        """
        if self.by_row:
            return None
        used = self.take(reference, current)
        ids, (before, after) = common_units(
            self.rule, _occurring(used.reference), _occurring(used.current)
        )
        # Units that are far apart are brought nearer.
        position = np.append(0, np.minimum(np.diff(ids), FARTHEST)).cumsum()
        side = np.arange(len(before) + len(after)) >= len(before)
        return RowUnits(np.concatenate([before, after]), side, position, self.rule.memory)

    def sample(self, current: int, rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
        """Sample the rows of a period; each unit keeps its share of them.

        Parameters
        ----------
        current : int
            Which period: 0 the reference, 1 current.
        rows : int
            How many it has.
        most : int
            Rows to sample at most.
        rng : numpy.random.Generator
            Source of the sample.

        Returns
        -------
        int array
            Positions, in order, of rows that are in a unit. A unit's share of the sample is
            that of all rows, to within a row, so that its rows stand for it.
        """
        if self.by_row or self.cannot_tell():
            if rows <= most:
                return np.arange(rows)
            return np.sort(rng.choice(rows, most, replace=False))
        codes = (self.current if current else self.reference).codes
        inside = np.flatnonzero(codes >= 0)
        if len(inside) <= most:
            return inside
        mixed = rng.permutation(inside)
        by_unit = mixed[np.argsort(codes[mixed], kind="stable")]
        steps = (np.arange(most) + rng.random()) * (len(inside) / most)
        return np.sort(by_unit[steps.astype(np.int64)])

    def describe(self, effect: float = np.nan, one: str = "the change of the loss") -> str:
        """Say in one line what a unit is, how many there are, and how much their rows share.

        Parameters
        ----------
        effect : float
            Design effect; NaN where there is none.
        one : str
            What it is of.

        Returns
        -------
        str
        """
        names, both = ("the reference", "current"), (self.reference, self.current)
        sides = {
            name: replace(number_of(table), units=count)
            for name, count, table in zip(names, self.counts, both, strict=True)
        }
        return units_in_words(self.rule, sides, effect, one=one)


def _held(table: UnitCodes) -> np.ndarray:
    """Return the places of units that have rows."""
    return np.flatnonzero(np.bincount(table.codes + 1, minlength=1)[1:])


def _occurring(table: UnitCodes) -> UnitCodes:
    """Leave units without rows out."""
    held = _held(table)
    places = np.full(len(table.ids) + 1, -1)
    places[held] = np.arange(len(held))
    return replace(table, codes=places[table.codes], ids=table.ids[held])


def read_units(
    unit: str,
    frames: Sequence[tuple[str, pd.DataFrame]],
    timestamp: str | None = None,
    time_format: str | None = None,
) -> PeriodUnits:
    """Tell the unit of each row of two periods.

    Parameters
    ----------
    unit : str
        As for `driftlib.data.unit_choice.choose_unit`.
    frames : sequence of (str, pandas.DataFrame)
        What to call the reference, and its rows; then current.
    timestamp, time_format : str, optional
        The time column, and how it is written.

    Returns
    -------
    PeriodUnits

    Raises
    ------
    ParameterError
        If `unit` is neither column nor offset, or an offset has no time column.

    Examples
    --------
    >>> march = pd.DataFrame({"seen": pd.date_range("2013-03-01", periods=31)})
    >>> read_units("auto", [("march", march), ("april", march)]).counts
    (31, 31)
    """
    rule = choose_unit(unit, Memory(*frames[0]), timestamp, None, time_format)
    if rule.kind == ROW:
        return PeriodUnits(rule)
    tables = [unit_codes(rule, frame, name) for name, frame in frames]
    return PeriodUnits(rule, *tables)


def deal_units(units: RowUnits, folds: int, rng: np.random.Generator) -> np.ndarray:
    """Deal units to folds, whole, so that both periods have about as many rows in each.

    At random, the largest first, each to the fold that it keeps most even. But where either
    period is a stretch of time of its own, days are dealt in stretches: what lasts makes
    neighbours alike, so that a model which has seen the days before and after one knows its
    period. Where the days of both alternate, neighbours tell nothing of the period, and stretches
    would only make folds unlike.

    Parameters
    ----------
    units : RowUnits
        At most some hundreds of them.
    folds : int
        How many folds.
    rng : numpy.random.Generator
        Tells units of as many rows apart.

    Returns
    -------
    int array, shape (rows,)
        Fold of each row, from 0.

    Examples
    --------
    >>> codes = np.repeat(np.arange(6), 10)
    >>> units = RowUnits(codes, codes >= 3, np.arange(6))
    >>> folds = deal_units(units, 3, np.random.default_rng(0))
    >>> np.bincount(folds[:30]).tolist(), np.bincount(folds[30:]).tolist()
    ([10, 10, 10], [10, 10, 10])
    """
    shares = (units.rows / np.maximum(units.rows.sum(axis=1, keepdims=True), 1)).T
    held = shares > 0
    # Units that are on both sides, or whose next is on the other.
    turns = (held.all(axis=1)[:-1] | (held[1:] != held[:-1]).any(axis=1)).mean()
    if units.memory and turns < ALTERNATING:
        # Middle of each unit in its side's rows; of one on both sides the mean of the two.
        middle = np.cumsum(shares, axis=0) - shares / 2
        place = (middle * held).sum(axis=1) / np.maximum(held.sum(axis=1), 1)
        return np.minimum((place * folds).astype(np.int64), folds - 1)[units.codes]
    order = rng.permutation(len(shares))
    order = order[np.argsort(-shares[order].sum(axis=1), kind="stable")]
    filled, fold_of = np.zeros((folds, 2)), np.zeros(len(shares), dtype=np.int64)
    for unit in order:
        fold_of[unit] = int(np.argmin(filled @ shares[unit]))
        filled[fold_of[unit]] += shares[unit]
    return fold_of[units.codes]
