"""Take the season out of the windows of a run: what is left is followed from window to window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from driftlib.data.cutters import ByCalendar
from driftlib.drift.run import Counted, WindowUnits, count_windows, window_units
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.units import UnitColumn
from driftlib.stats.sequential import LEAST_WINDOWS

# Of each cell of the season, the counts of every window.
CountedCells = Mapping[str, Counted]


@dataclass(frozen=True)
class Foretold:
    """What the cells of a season foretell of the windows of a run.

    Parameters
    ----------
    shares : mapping of str to mapping of str to float array
        By cell and column, the shares of its cells of values, of what is missing, and of what is
        in no list, among the reference's rows.
    even : mapping of str to float array
        The same of all rows.
    rows : mapping of str to float array
        By column, the reference's rows in its cells of values, a row for each cell of the season.
    """

    shares: Mapping[str, Mapping[str, np.ndarray]]
    even: Mapping[str, np.ndarray]
    rows: Mapping[str, np.ndarray]

    def less(self, windows: CountedCells) -> Counted:
        """Take what cells foretell from windows, and give them the shares of all rows instead.

        Parameters
        ----------
        windows : mapping of str to mapping of str to UnitColumn
            By cell and column, counts of every window.

        Returns
        -------
        mapping of str to UnitColumn
            Of the rows in cells that are known; some counts are perhaps below zero, by chance.
        """
        found = {}
        for name, even in self.even.items():
            total = np.zeros((len(next(iter(windows.values()))[name].missing), len(even)))
            foretold = np.zeros_like(total)
            for cell, shares in self.shares.items():
                if cell in windows:
                    counts = _kinds(windows[cell][name])
                    total += counts
                    foretold += counts.sum(axis=1, keepdims=True) * shares[name]
            rows = total.sum(axis=1, keepdims=True)
            left = total - foretold + rows * even
            found[name] = UnitColumn(left[:, :-2], left[:, -2], left[:, -1])
        return found


def foretell(windows: CountedCells) -> Foretold:
    """Learn from the reference's windows what the cells of a season foretell.

    Parameters
    ----------
    windows : mapping of str to mapping of str to UnitColumn
        By cell and column, counts of every window of the reference.

    Returns
    -------
    Foretold

    Examples
    --------
    Two shops of which one sells mostly the first thing: what is left of a window of that shop
    alone is no different from any other.

    >>> none = np.zeros(2, int)
    >>> shops = {"A": np.array([[8, 2], [9, 1]]), "B": np.array([[1, 9], [2, 8]])}
    >>> windows = {shop: {"x": UnitColumn(cells, none, none)} for shop, cells in shops.items()}
    >>> foretell(windows).less({"A": windows["A"]})["x"].cells.round(1).tolist()
    [[4.5, 5.5], [5.5, 4.5]]
    """
    names = list(next(iter(windows.values())))
    sums = {
        cell: {name: _kinds(columns[name]).sum(axis=0) for name in names}
        for cell, columns in windows.items()
    }
    even = {name: _share(np.sum([own[name] for own in sums.values()], axis=0)) for name in names}
    held = {
        cell: {name: _share(counts) for name, counts in own.items()}
        for cell, own in sums.items()
        if any(counts.sum() for counts in own.values())
    }
    rows = {name: np.array([own[name][:-2] for own in sums.values()]) for name in names}
    return Foretold(held, even, rows)


def count_cells(baseline: Baseline, profiles: Sequence[Profile]) -> CountedCells:
    """Count the windows of a run coarsely, by the cells of the season.

    Parameters
    ----------
    baseline : Baseline
        With a season.
    profiles : sequence of Profile
        One a window.

    Returns
    -------
    mapping of str to mapping of str to UnitColumn
        By cell; its units are the windows.
    """
    found: dict[str, Counted] = {}
    for cell in dict.fromkeys(cell for profile in profiles for cell in profile.cells):
        places = [place for place, profile in enumerate(profiles) if cell in profile.cells]
        own = count_windows(baseline, [profiles[place].cells[cell] for place in places])
        at = np.array(places)
        found[cell] = {name: column.summed(at, len(profiles)) for name, column in own.items()}
    return found


def count_reference_cells(baseline: Baseline, cutter: ByCalendar) -> CountedCells | None:
    """Count the reference's windows by cell, from what a baseline keeps of its units of time.

    Parameters
    ----------
    baseline : Baseline
        With a season.
    cutter : ByCalendar
        What cuts the current data.

    Returns
    -------
    mapping of str to mapping of str to UnitColumn, or None
        None where the baseline keeps no counts by units of that time.
    """
    units, windows = baseline.reference_units, window_units(baseline, cutter)
    if units is None or windows is None:
        return None
    found: dict[str, Counted] = {}
    for cell, profile in baseline.reference.cells.items():
        if profile.units is None:
            return None
        found[cell] = _in_windows(profile.units.folded(units.fold).on(units.ids).columns, windows)
    return found


def _in_windows(columns: Mapping[str, UnitColumn], windows: WindowUnits) -> Counted:
    return {name: windows.summed(column) for name, column in columns.items()}


def fewest_windows(reference: CountedCells, current: CountedCells) -> int:
    """Tell how many of the reference's windows hold the rarest of the cells that are compared.

    Parameters
    ----------
    reference, current : mapping of str to mapping of str to UnitColumn
        Counts of every window by cell.

    Returns
    -------
    int
        13 where no cell is on both sides, as nothing is compared then.
    """
    numbers = []
    for cell in current:
        if cell in reference:
            held = max(int((_kinds(own).sum(1) > 0).sum()) for own in reference[cell].values())
            numbers += [held] if held else []
    return min(numbers, default=LEAST_WINDOWS)


def _kinds(column: UnitColumn) -> np.ndarray:
    return np.column_stack([column.cells, column.missing, column.unlisted]).astype(float)


def _share(counts: np.ndarray) -> np.ndarray:
    return np.asarray(counts / max(1.0, counts.sum()))
