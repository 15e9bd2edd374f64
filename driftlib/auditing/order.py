"""Let a deal look like a check: days in their order, and in the season as a check's are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from driftlib.data.season import COLUMNS, SeasonRule, season_cells
from driftlib.data.units import UnitCodes, UnitRule, unit_starts
from driftlib.profile.profile import Profile
from driftlib.profile.units import SEVERAL, ProfileUnits, UnitColumn

# Of the cells of a season; no column of data has such a name.
SEASON = "\0season"


@dataclass(frozen=True)
class Order:
    """Which unit of time stands where.

    A check compares neighbouring days with earlier ones. Days dealt from all over a reference
    have gaps between them, in which neighbours tell nothing of how long effects last: they are
    numbered anew, without gaps, each side in its own order.

    Parameters
    ----------
    rule : UnitRule
        Of kind "time".
    units : UnitCodes
        Of a frame's rows.
    places : int array, shape (units,)
        Where each unit stands.

    Examples
    --------
    >>> frame = pd.DataFrame({"seen": pd.date_range("2024-01-01", periods=3)})
    >>> from driftlib.data.units import unit_codes
    >>> rule = UnitRule("time", "seen", "D")
    >>> order = Order.of(rule, unit_codes(rule, frame), np.array([False, True, False]))
    >>> order.dated(frame, np.arange(3))["seen"].dt.day.tolist()
    [1, 3, 2]
    """

    rule: UnitRule
    units: UnitCodes
    places: np.ndarray

    @classmethod
    def of(cls, rule: UnitRule, units: UnitCodes, taken: np.ndarray) -> Order:
        """Put some units behind the others.

        Parameters
        ----------
        rule : UnitRule
        units : UnitCodes
        taken : bool array, shape (units,)
            Those of the window.

        Returns
        -------
        Order
        """
        places = np.empty(len(taken), dtype=np.int64)
        places[np.argsort(taken, kind="stable")] = np.arange(len(taken))
        return cls(rule, units, places)

    @property
    def ids(self) -> np.ndarray:
        """The new number of each unit."""
        return np.asarray(self.units.ids[0] + self.places)

    def counted(self, profile: Profile) -> Profile:
        """Give the units of counts their new numbers.

        Parameters
        ----------
        profile : Profile
            Of units of one side: their order stays as it was.

        Returns
        -------
        Profile
        """
        cells = {cell: self.counted(part) for cell, part in profile.cells.items()}
        units = profile.units and self._numbered(profile.units)
        return replace(profile, units=units, cells=cells)

    def _numbered(self, units: ProfileUnits) -> ProfileUnits:
        # Parts of a table may be put together less often than the whole.
        units = units.folded(self.units.fold)
        columns = {
            name: self._at_home(column) if len(column.home) else column
            for name, column in units.columns.items()
        }
        return replace(units, ids=self._new(units.ids), columns=columns)

    def _at_home(self, column: UnitColumn) -> UnitColumn:
        home = np.where(column.home > SEVERAL, self._new(column.home), column.home)
        return replace(column, home=home)

    def _new(self, ids: np.ndarray) -> np.ndarray:
        known = np.minimum(self.units.ids.searchsorted(ids), len(self.places) - 1)
        return self.ids[known]

    def dated(self, frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
        """Take rows, with times by which their units stand in order.

        Parameters
        ----------
        frame : pandas.DataFrame
            Of which the units were told.
        rows : int array
            Positions of rows that are in a unit.

        Returns
        -------
        pandas.DataFrame
            Each row's time is when its unit begins.
        """
        times = unit_starts(self.rule, self.ids).take(self.units.codes[rows])
        return frame.iloc[rows].assign(**{self.rule.column: times})


def cells_of_units(season: SeasonRule, frame: pd.DataFrame, units: UnitCodes) -> np.ndarray:
    """Tell the cell of the season of each unit.

    Parameters
    ----------
    season : SeasonRule
    frame : pandas.DataFrame
    units : UnitCodes
        Of its rows.

    Returns
    -------
    int array, shape (units,)
        The cell of more than half of its rows; -1 where there is none, as of a day with a season
        of hours, and without a season.

    Examples
    --------
    >>> frame = pd.DataFrame({"shop": list("aabbba")})
    >>> units = UnitCodes(np.array([0, 0, 0, 1, 1, 1]), np.arange(2))
    >>> cells_of_units(SeasonRule(COLUMNS, ("shop",)), frame, units).tolist()
    [0, 1]
    """
    number = len(units.ids)
    if not season:
        return np.full(number, -1)
    codes, names = season_cells(season, frame)
    inside = units.codes >= 0
    both, rows = np.unique(units.codes[inside] * len(names) + codes[inside], return_counts=True)
    unit, cell = np.divmod(both, len(names))
    most = rows > np.bincount(unit, rows, number)[unit] / 2
    cells = np.full(number, -1)
    cells[unit[most]] = cell[most]
    return cells


def with_cells(frame: pd.DataFrame, season: SeasonRule) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Write the cells of a season of the calendar into a column, before times are changed.

    Parameters
    ----------
    frame : pandas.DataFrame
    season : SeasonRule

    Returns
    -------
    (pandas.DataFrame, tuple of str)
        And the season by that column; both as they were where the season is no calendar's.
    """
    if not season or season.kind == COLUMNS:
        return frame, season.names
    codes, cells = season_cells(season, frame)
    return frame.assign(**{SEASON: np.array(cells, dtype=object)[codes]}), (SEASON,)
