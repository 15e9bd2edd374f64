"""Choose the rows of a reference that are like some others: of the same cells, in their shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.schema import ColumnRoles
from driftlib.data.season import SeasonRule, choose_season, season_cells, season_names
from driftlib.data.sources import Memory

# Cells of which the reference has few rows may fall short by this share of all of them.
SHORT = 0.01


@dataclass(frozen=True)
class LikeRows:
    """Rows of both sides that can be compared.

    Parameters
    ----------
    reference : int array
        Positions; where rows may be taken more than once, some are.
    current : int array
        Positions of those in cells that the reference has.
    excess : float
        How many times the variance of a mean over the reference's rows is that of as many rows
        of which each is taken once.
    like : LikeWithLike
        What is compared, in words.
    """

    reference: np.ndarray
    current: np.ndarray
    excess: float
    like: LikeWithLike


@dataclass(frozen=True)
class SeasonCells:
    """The cell of a season that each row of two tables is in.

    Parameters
    ----------
    rule : SeasonRule
    names : list of str
        Of the cells of both sides.
    reference, current : int array, shape (rows,)
        Place of each row's cell among the names.
    """

    rule: SeasonRule
    names: list[str]
    reference: np.ndarray
    current: np.ndarray

    def take(self, reference: slice | np.ndarray, current: slice | np.ndarray) -> SeasonCells:
        """Take some rows of either side.

        Parameters
        ----------
        reference, current : slice or array
            Positions, or whether each row is in.

        Returns
        -------
        SeasonCells
        """
        return SeasonCells(self.rule, self.names, self.reference[reference], self.current[current])

    def like(self, reference: np.ndarray, current: np.ndarray, again: bool = False) -> LikeRows:
        """Choose the rows of the reference that are like the current ones.

        They are spread evenly over the rows of each cell, which are taken in the shares that
        cells have among the current rows.

        Parameters
        ----------
        reference, current : int array
            Positions of the rows to choose from, and of those to be like.
        again : bool
            Whether rows of cells that the reference has few of are taken more than once, which
            gives every cell its share to within a row, and a larger `excess`. Otherwise there
            are as few rows as such cells allow, and of what is short of that by 1 % there are
            fewer current rows.

        Returns
        -------
        LikeRows

        Examples
        --------
        >>> rule = SeasonRule("columns", ("shop",), told="by the value of shop")
        >>> cells = SeasonCells(rule, ["A", "B", "C"], np.repeat([0, 1], 4), np.array([0, 0, 2]))
        >>> found = cells.like(np.arange(8), np.arange(3))
        >>> found.reference.tolist(), found.current.tolist(), found.like.missing
        ([0, 1, 2, 3], [0, 1], '1 row with shop = C cannot be compared: the reference has none')
        """
        count = len(self.names)
        known = np.bincount(self.reference[reference], minlength=count)
        wanted = np.bincount(self.current[current], minlength=count)
        lacking = (known == 0) & (wanted > 0)
        like = LikeWithLike(
            self.rule,
            [self.names[cell] for cell in np.flatnonzero((known > 0) & (wanted > 0))],
            int((known > 0).sum()),
            {self.names[cell]: int(wanted[cell]) for cell in np.flatnonzero(lacking)},
            by_time=False,
        )
        usable = np.where(known > 0, wanted, 0)
        if not usable.sum():
            return LikeRows(reference[:0], current[:0], 1.0, like)
        share = usable / usable.sum()
        rows = _rows_with_repeats(known, share) if again else _rows_once(known, share)
        chosen = np.maximum(np.rint(rows * share), share > 0).astype(int)
        kept = usable
        if not again:
            short = chosen > known
            chosen = np.minimum(chosen, known)
            most = np.maximum(1, np.floor(known * usable.sum() / rows)).astype(int)
            kept = np.where(short, np.minimum(usable, most), usable)
        held = share > 0
        least = np.minimum(known[held], chosen[held])
        excess = float(chosen.sum() * (share[held] ** 2 / least).sum())
        return LikeRows(
            _spread(self.reference, reference, chosen),
            _spread(self.current, current, kept),
            max(1.0, excess),
            like,
        )


def _rows_with_repeats(known: np.ndarray, share: np.ndarray) -> float:
    """How many rows hold what all rows of the cells tell."""
    held = share > 0
    return float(min(known[held].sum(), np.ceil((known[held] / share[held]).max())))


def _rows_once(known: np.ndarray, share: np.ndarray) -> float:
    """How many rows there are at the most, cells being hardly short of their shares."""
    held = share > 0
    low, high = 0.0, float(known[held].sum())
    for _ in range(60):
        middle = (low + high) / 2
        short = np.maximum(0, middle * share[held] - known[held]).sum()
        low, high = (middle, high) if short <= SHORT * middle else (low, middle)
    return max(1.0, high)


def _spread(cells: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Take so many rows of each cell, evenly over those there are."""
    order = rows[np.argsort(cells[rows], kind="stable")]
    own = np.bincount(cells[rows], minlength=len(counts))
    first = np.cumsum(own) - own
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    step = np.repeat(own / np.maximum(counts, 1), counts)
    inside = np.floor((place + 0.5) * step).astype(int)
    return np.sort(order[np.repeat(first, counts) + inside])


def read_cells(
    season: str | Iterable[str] | None,
    reference: tuple[str, pd.DataFrame],
    current: tuple[str, pd.DataFrame],
    roles: ColumnRoles,
) -> SeasonCells | None:
    """Tell the cell of each row of two tables.

    Parameters
    ----------
    season : str or list of str, optional
        As public functions take it.
    reference, current : (str, pandas.DataFrame)
        What to call a table in an error, and the table.
    roles : ColumnRoles
        With the time column; default the only column of dates and times.

    Returns
    -------
    SeasonCells or None
        None without a season.

    Raises
    ------
    DriftlibError
        If a name is neither column nor season, or there is no time column.

    Examples
    --------
    >>> days = pd.DataFrame({"seen": pd.date_range("2013-03-01", periods=60)})
    >>> cells = read_cells("month", ("march", days[:31]), ("april", days[31:]), ColumnRoles())
    >>> cells.names, cells.like(np.arange(31), np.arange(29)).like.reason
    (['March', 'April'], 'cannot tell: 29 rows of April cannot be compared: the reference has none')
    """
    names = season_names(season)
    if not names:
        return None
    rule = choose_season(names, Memory(*reference), roles)
    sides = [season_cells(rule, frame, where) for where, frame in (reference, current)]
    cells = rule.ordered({name for _, known in sides for name in known})
    place = {name: number for number, name in enumerate(cells)}
    codes = [np.array([place[n] for n in known], dtype=int)[own] for own, known in sides]
    return SeasonCells(rule, cells, codes[0], codes[1])
