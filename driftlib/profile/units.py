"""Count the rows of each unit (day, customer) coarsely: counts that add, save and stream.

A column's values are counted in about twenty cells a unit: what the tests need to know how
much rows of one unit have in common. What is counted in all rows together stays as fine as ever.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from driftlib.data.units import UnitCodes, UnitRule, fold_ids, least_fold

# Of so many levels each has a cell; of more the commonest have, and the others share some.
MOST_CELLS, OWN_CELLS, SHARED_CELLS = 40, 30, 10
# Of units with fewer rows, sorting is cheaper than a comparison an edge.
ROWS_TO_SORT = 6_000
# A level without rows, and one with rows in several units: see `UnitColumn.home`.
NOWHERE, SEVERAL = -(2**61), -(2**61) + 1


@dataclass(frozen=True)
class UnitColumn:
    """What is kept of one column, for each unit of a `ProfileUnits`.

    Parameters
    ----------
    cells : int array, shape (units, cells)
        Rows by cell: of numbers those between `Column.unit_edges`, of categories see
        `level_cells`.
    missing : int array, shape (units,)
        Rows without a usable value.
    unlisted : int array, shape (units,)
        Rows of levels that the baseline does not list.
    home : int array, shape (levels,)
        Of each listed level, the number of the only unit that has rows of it.
    """

    cells: np.ndarray
    missing: np.ndarray
    unlisted: np.ndarray
    home: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def summed(self, places: np.ndarray, units: int) -> UnitColumn:
        """Move and add up the counts of units.

        Parameters
        ----------
        places : int array
            Where each unit goes.
        units : int
            How many there will be.

        Returns
        -------
        UnitColumn
        """
        cells = np.zeros((units, self.cells.shape[1]), dtype=np.int64)
        np.add.at(cells, places, self.cells)
        missing, unlisted = np.zeros((2, units), dtype=np.int64)
        np.add.at(missing, places, self.missing)
        np.add.at(unlisted, places, self.unlisted)
        return replace(self, cells=cells, missing=missing, unlisted=unlisted)

    def __add__(self, other: UnitColumn) -> UnitColumn:
        a, b = self.home, other.home
        home = np.where(a == b, a, SEVERAL)
        home = np.where(a == NOWHERE, b, np.where(b == NOWHERE, a, home))
        return UnitColumn(
            self.cells + other.cells,
            self.missing + other.missing,
            self.unlisted + other.unlisted,
            home,
        )


@dataclass(frozen=True)
class ProfileUnits:
    """The rows of each unit of a batch; those of two batches add.

    Parameters
    ----------
    rule : UnitRule
        What a unit is.
    ids : int array, shape (units,)
        Their numbers, from the smallest up; at most 512.
    fold : int
        How often units were put together: see `driftlib.data.units.fold_ids`.
    rows : int array, shape (units,)
        Rows of each, missing ones too.
    outside : int
        Rows in no unit.
    columns : mapping of str to UnitColumn
        Of each column that is compared.
    """

    rule: UnitRule
    ids: np.ndarray
    fold: int
    rows: np.ndarray
    outside: int
    columns: Mapping[str, UnitColumn] = field(repr=False)

    def __add__(self, other: ProfileUnits) -> ProfileUnits:
        a, b = together(self, other)
        return ProfileUnits(
            a.rule,
            a.ids,
            a.fold,
            a.rows + b.rows,
            a.outside + b.outside,
            {name: column + b.columns[name] for name, column in a.columns.items()},
        )

    def only(self, names: Container[str]) -> ProfileUnits:
        """Keep some of the columns.

        Parameters
        ----------
        names : container of str

        Returns
        -------
        ProfileUnits
        """
        return replace(self, columns={n: c for n, c in self.columns.items() if n in names})

    def folded(self, fold: int) -> ProfileUnits:
        """Put units together.

        Parameters
        ----------
        fold : int
            At least the own one.

        Returns
        -------
        ProfileUnits
        """
        if fold <= self.fold:
            return self
        numbers = fold_ids(self.rule, self.ids, fold - self.fold)
        ids, places = np.unique(numbers, return_inverse=True)
        columns = {}
        for name, column in self.columns.items():
            home = column.home
            single = home > SEVERAL
            home = np.where(single, fold_ids(self.rule, home, fold - self.fold), home)
            columns[name] = replace(column.summed(places, len(ids)), home=home)
        rows = np.bincount(places, self.rows, len(ids)).astype(np.int64)
        return ProfileUnits(self.rule, ids, fold, rows, self.outside, columns)

    def on(self, ids: np.ndarray) -> ProfileUnits:
        """Write the counts on a longer list of units.

        Parameters
        ----------
        ids : int array
            From the smallest up; with all of the own.

        Returns
        -------
        ProfileUnits
            Without rows in the units that are not the own.
        """
        places = ids.searchsorted(self.ids)
        rows = np.zeros(len(ids), dtype=np.int64)
        rows[places] = self.rows
        columns = {name: column.summed(places, len(ids)) for name, column in self.columns.items()}
        return replace(self, ids=ids, rows=rows, columns=columns)


def together(a: ProfileUnits, b: ProfileUnits) -> tuple[ProfileUnits, ProfileUnits]:
    """Write two batches on one list of units.

    Parameters
    ----------
    a, b : ProfileUnits
        By the same rule.

    Returns
    -------
    tuple of two ProfileUnits
        Of the same ids: those of both, folded until there are at most 512.
    """
    fold = max(a.fold, b.fold)
    a, b = a.folded(fold), b.folded(fold)
    fold += least_fold(a.rule, np.union1d(a.ids, b.ids))
    a, b = a.folded(fold), b.folded(fold)
    ids = np.union1d(a.ids, b.ids)
    return a.on(ids), b.on(ids)


@dataclass(frozen=True)
class UnitRows:
    """The rows of a batch, in order of their units.

    Parameters
    ----------
    units : UnitCodes
        The unit of each row.
    order : int array, optional
        Positions of the rows by unit, those in no unit first; None where they are so already.
    bounds : list of int
        Where each unit starts in that order, and the last one ends.
    """

    units: UnitCodes
    order: np.ndarray | None
    bounds: list[int]

    @classmethod
    def of(cls, units: UnitCodes) -> UnitRows:
        """Bring rows in order of their units.

        Parameters
        ----------
        units : UnitCodes

        Returns
        -------
        UnitRows
        """
        codes = units.codes
        in_order = (codes[1:] >= codes[:-1]).all()
        # Small integers are sorted in one pass.
        order = None if in_order else np.argsort(codes.astype(np.int16), kind="stable")
        sizes = np.bincount(codes + 1, minlength=len(units.ids) + 1)
        return cls(units, order, sizes.cumsum().tolist())

    @property
    def rows(self) -> np.ndarray:
        """Rows of each unit."""
        return np.diff(self.bounds).astype(np.int64)

    def numbers(self, values: np.ndarray, edges: np.ndarray) -> UnitColumn:
        """Count the numbers of each unit between edges.

        Parameters
        ----------
        values : int or float array, shape (rows,)
            NaN and infinite ones are missing.
        edges : float array
            Sorted; each cell has its upper edge.

        Returns
        -------
        UnitColumn
        """
        if self.order is not None:
            values = values[self.order]
        units = len(self.units.ids)
        # Of each unit, the rows at or below each edge; then those of finite value.
        upto = np.zeros((units, len(edges) + 1), dtype=np.int64)
        whole = values.dtype.kind in "iu"
        if whole:
            ends = np.iinfo(values.dtype)
            low = edges < ends.min
            # As a float the greatest integer is one too great to be cast back.
            high = edges >= float(ends.max)
            floors = np.where(high, 0, np.maximum(np.floor(edges), ends.min)).astype(values.dtype)
            floors[high] = ends.max
        limits = floors if whole else edges
        for unit in range(units):
            part = values[self.bounds[unit] : self.bounds[unit + 1]]
            if not whole:
                finite = np.isfinite(part)
                part = part if finite.all() else part[finite]
            if len(part) < ROWS_TO_SORT:
                upto[unit, :-1] = np.sort(part).searchsorted(limits, "right")
            else:
                upto[unit, :-1] = [np.count_nonzero(part <= limit) for limit in limits]
            upto[unit, -1] = len(part)
        if whole and low.any():
            upto[:, :-1][:, low] = 0
        cells = np.diff(upto, axis=1, prepend=0)
        return UnitColumn(cells, self.rows - upto[:, -1], np.zeros(units, dtype=np.int64))

    def levels(self, places: np.ndarray, cells: np.ndarray, complete: bool) -> UnitColumn:
        """Count the levels of each unit.

        Parameters
        ----------
        places : int array, shape (rows,)
            Place of each row's level in the list; as many as `cells` has of one not listed, and
            -1 of a missing one.
        cells : int array, shape (levels,)
            The cell of each level.
        complete : bool
            Whether to tell which levels occur in one unit only.

        Returns
        -------
        UnitColumn
        """
        units, wide = len(self.units.ids), len(cells) + 2
        inside = self.units.codes >= 0
        codes, at = self.units.codes[inside], places[inside]
        table = np.bincount(codes * wide + at + 1, minlength=units * wide).reshape(units, wide)
        listed = table[:, 1:-1]
        counts = np.zeros((units, int(cells.max(initial=-1)) + 1), dtype=np.int64)
        np.add.at(counts.T, cells, listed.T)
        home = np.zeros(0, dtype=np.int64)
        if complete:
            found = listed > 0
            where = np.count_nonzero(found, axis=0)
            home = np.where(where > 1, SEVERAL, NOWHERE)
            if units:
                home = np.where(where == 1, self.units.ids[found.argmax(axis=0)], home)
        return UnitColumn(counts, table[:, 0].copy(), table[:, -1].copy(), home)

    def absent(self, cells: int, levels: int) -> UnitColumn:
        """Count a column that the batch does not have: every row is missing.

        Parameters
        ----------
        cells, levels : int
            How many the column has.

        Returns
        -------
        UnitColumn
        """
        units = len(self.units.ids)
        empty = np.zeros((units, cells), dtype=np.int64)
        nowhere = np.full(levels, NOWHERE)
        return UnitColumn(empty, self.rows, np.zeros(units, dtype=np.int64), nowhere)


def level_cells(levels: int) -> np.ndarray:
    """Tell the cell of each level: its own for the commonest, one of ten for many others.

    Parameters
    ----------
    levels : int
        How many there are, commonest first.

    Returns
    -------
    int array, shape (levels,)

    Examples
    --------
    >>> level_cells(3).tolist(), int(level_cells(1000).max())
    ([0, 1, 2], 39)
    """
    places = np.arange(levels)
    if levels <= MOST_CELLS:
        return places
    return np.where(places < OWN_CELLS, places, OWN_CELLS + (places - OWN_CELLS) % SHARED_CELLS)
