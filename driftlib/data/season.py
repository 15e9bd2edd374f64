"""Tell which cell of a season a row is in: its month, weekday or hour, or its value of a column.

Like is compared with like: rows of a March with those of other Marches. A rule says what the
season is; `season_cells` names the cell of each row of a table by it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from driftlib.data.batches import Batch, Source
from driftlib.data.levels import level_codes
from driftlib.data.schema import ColumnRoles
from driftlib.data.times import as_times
from driftlib.data.unit_choice import time_column
from driftlib.errors import DataError, ParameterError
from driftlib.lazily import pd
from driftlib.text import counted, quoted, unknown_name

MOST_CELLS = 100
COLUMNS = "columns"
# Cells of each season of the calendar, and the days after which it begins again.
_CELLS = {
    "hour": [f"{hour:02d}:00" for hour in range(24)],
    "weekday": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "month": [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ],
}  # fmt: skip
KINDS = (*_CELLS, COLUMNS)
_CYCLES = {"hour": (1, "day"), "weekday": (7, "week"), "month": (366, "year")}
_NO_TIME, _MISSING = "an unknown time", "missing"
# However a truth value is written, it is the same.
_TRUTHS = {"true": "1", "false": "0"}


@dataclass(frozen=True)
class SeasonRule:
    """What a season is.

    Parameters
    ----------
    kind : {"", "hour", "weekday", "month", "columns"}
        Empty without a season.
    columns : tuple of str
        The time column, or those whose values are the cells.
    time_format : str, optional
        How the time column is written: see `driftlib.data.times.as_times`.
    told : str
        What is compared with what, for a reader.
    once : bool
        The reference has no more than one cycle of a season of the calendar.

    Examples
    --------
    >>> SeasonRule("month", ("seen",)).counted(12), SeasonRule("columns", ("shop",)).counted(1)
    ('12 months', '1 value of shop')
    >>> SeasonRule("month", ("seen",)).names, SeasonRule("columns", ("shop",)).names
    (('month',), ('shop',))
    """

    kind: str = ""
    columns: tuple[str, ...] = ()
    time_format: str | None = field(default=None, compare=False)
    told: str = field(default="", compare=False)
    once: bool = field(default=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.kind)

    @property
    def names(self) -> tuple[str, ...]:
        """The `season` argument that makes it; empty without a season."""
        if self.kind == COLUMNS:
            return self.columns
        return (self.kind,) if self.kind else ()

    @property
    def caution(self) -> str:
        """What cannot be told because the reference has one cycle; else empty."""
        if not self.once:
            return ""
        cycle = _CYCLES[self.kind][1]
        return (
            f"the reference has no more than one {cycle}, so what belongs to the season cannot be "
            f"told from what was that {cycle}'s own"
        )

    @property
    def has_course(self) -> str:
        """Why what a cell foretells is not the same all through it; empty where it is.

        Over a month the season goes on, so that a week of it is not like the whole.
        """
        return "part of a month is not like the whole of it" if self.kind == "month" else ""

    @property
    def line(self) -> str:
        """What is compared with what, in a sentence; empty without a season."""
        told = "; ".join(filter(None, [self.told, self.caution]))
        return f"{told[:1].upper()}{told[1:]}." if told else ""

    def counted(self, number: int) -> str:
        """Write a number of cells.

        Parameters
        ----------
        number : int

        Returns
        -------
        str
        """
        if self.kind == COLUMNS:
            return f"{counted(number, 'value')} of {' and '.join(self.columns)}"
        return counted(number, self.kind) + (" of the day" if self.kind == "hour" else "")

    def ordered(self, cells: Iterable[str]) -> list[str]:
        """Bring cells in the order of the calendar, or of their text.

        Parameters
        ----------
        cells : iterable of str

        Returns
        -------
        list of str
        """
        known = {name: place for place, name in enumerate(_CELLS.get(self.kind, []))}
        return sorted(cells, key=lambda cell: (known.get(cell, len(known)), cell))


NO_SEASON = SeasonRule()


@dataclass(frozen=True)
class _Span:
    """Days in which some rows were seen; those of two batches add."""

    rows: int
    first: float
    last: float

    def __add__(self, other: _Span) -> _Span:
        first, last = np.fmin(self.first, other.first), np.fmax(self.last, other.last)
        return _Span(self.rows + other.rows, float(first), float(last))


def _span(batch: Batch, column: str, time_format: str | None) -> _Span:
    days = _moments(batch.frame[column], batch.where, time_format).dropna()
    ends = days.dt.normalize().agg(["min", "max"]).to_numpy().astype("datetime64[D]").astype(float)
    return _Span(batch.rows, *(ends if len(days) else (np.nan, np.nan)))


def _moments(series: pd.Series, where: str, time_format: str | None) -> pd.Series:
    """Read times by the clock of the place."""
    times = as_times(series, where, time_format=time_format)
    return times if times.dt.tz is None else times.dt.tz_localize(None)


def season_names(season: str | Iterable[str] | None) -> tuple[str, ...]:
    """Read a `season` argument.

    Parameters
    ----------
    season : str or list of str, optional
        As public functions take it.

    Returns
    -------
    tuple of str
        None of them without a season.

    Examples
    --------
    >>> season_names("month"), season_names(["shop", "shop"]), season_names("")
    (('month',), ('shop',), ())
    """
    names = (season,) if isinstance(season, str) else tuple(season or ())
    if not all(isinstance(name, str) for name in names):
        raise ParameterError(
            f"season={season!r} must be 'hour', 'weekday', 'month', or names of columns."
        )
    return tuple(dict.fromkeys(name for name in names if name))


def read_season(text: str | Iterable[str]) -> tuple[str, ...]:
    """Read a season that was typed: names between commas.

    Parameters
    ----------
    text : str or list of str

    Returns
    -------
    tuple of str
        None of them without a season.

    Examples
    --------
    >>> read_season("shop, till"), read_season("")
    (('shop', 'till'), ())
    """
    names = text.split(",") if isinstance(text, str) else text
    return season_names([name.strip() for name in names])


def choose_season(
    season: tuple[str, ...],
    reference: Source,
    roles: ColumnRoles,
    times: Iterable[str] | None = None,
) -> SeasonRule:
    """Tell what the season is, from the argument of a public function and the reference.

    Parameters
    ----------
    season : tuple of str
        "hour", "weekday" or "month" of the time column, or columns. A column's name wins.
    reference : Source
        For a season of the calendar read once more, its time column alone.
    roles : ColumnRoles
        With the time column; default the only column of dates and times.
    times : iterable of str, optional
        The columns that hold dates and times, where that is known; default those of a table in
        memory.

    Returns
    -------
    SeasonRule

    Raises
    ------
    DriftlibError
        If a name is neither column nor season, or there is no time column.

    Examples
    --------
    >>> from driftlib.data.sources import Memory
    >>> days = pd.DataFrame({"seen": pd.date_range("2013-03-01", periods=30)})
    >>> rule = choose_season(("weekday",), Memory("march", days), ColumnRoles())
    >>> rule.told, rule.once
    ("like is compared with like: by the weekday of 'seen', the only column of dates and times",
    False)
    """
    if not season:
        return NO_SEASON
    names = list(dict.fromkeys(name for header in reference.headers for name in header.names))
    if all(name in names for name in season):
        told = f"like is compared with like: by the value of {quoted(season)}"
        return SeasonRule(COLUMNS, season, told=told)
    wrong = next(name for name in season if name not in names)
    if len(season) > 1 and wrong in _CELLS:
        raise ParameterError(
            f"season={list(season)!r}: {wrong!r} of the time column does not go together with "
            "columns. Add a column of it to the data, and name that."
        )
    if wrong not in _CELLS:
        raise ParameterError(
            f"season= is 'hour', 'weekday', 'month', or columns: "
            f"{unknown_name('column', wrong, names, reference.name)}"
        )
    column, said = time_column(reference, roles.timestamp, times)
    if not column:
        raise ParameterError(
            f"season={wrong!r} needs a time column, but {said}: name it in timestamp=."
        )
    span = reference.total(partial(_span, column=column, time_format=roles.time_format), [column])
    return SeasonRule(
        wrong,
        (column,),
        roles.time_format,
        f"like is compared with like: by the {wrong} of {column!r}{said}",
        bool(span.last - span.first + 1 <= _CYCLES[wrong][0]),
    )


def season_cells(
    rule: SeasonRule, frame: pd.DataFrame, where: str = "the data"
) -> tuple[np.ndarray, list[str]]:
    """Tell the cell of each row.

    Parameters
    ----------
    rule : SeasonRule
        Of some kind.
    frame : pandas.DataFrame
        A column that it lacks is missing in all its rows.
    where : str
        What to call the frame in an error.

    Returns
    -------
    codes : int array, shape (rows,)
        Place of each row's cell among the names.
    cells : list of str
        Names of the cells that occur, in order.

    Raises
    ------
    DataError
        If the time column holds no times, or there are more than 100 cells.

    Examples
    --------
    >>> frame = pd.DataFrame({"seen": ["2013-03-01 10:00", "2013-01-01 12:00", None]})
    >>> codes, cells = season_cells(SeasonRule("month", ("seen",)), frame)
    >>> [cells[code] for code in codes]
    ['March', 'January', 'an unknown time']
    """
    rows = len(frame)
    if rule.kind != COLUMNS:
        (column,) = rule.columns
        known = [*_CELLS[rule.kind], _NO_TIME]
        numbers = np.full(rows, len(known) - 1)
        if column in frame and rows:
            times = _moments(frame[column], where, rule.time_format)
            field = "day_of_week" if rule.kind == "weekday" else rule.kind
            found = getattr(times.dt, field).to_numpy(dtype=float, na_value=np.nan)
            there = ~np.isnan(found)
            numbers[there] = found[there].astype(np.int64) - (rule.kind == "month")
        occurring, codes = np.unique(numbers, return_inverse=True)
        return codes, [known[number] for number in occurring]
    values = pd.DataFrame({name: _texts(frame, name) for name in rule.columns})
    numbers = values.groupby(list(rule.columns), sort=True).ngroup().to_numpy()
    _, first = np.unique(numbers, return_index=True)
    cells = [_name(row) for row in values.iloc[first].to_dict("records")]
    check_cells(len(cells), rule, where)
    return numbers, cells


def _texts(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Read a column's values as texts, the same word for every missing one."""
    if name not in frame:
        return np.full(len(frame), _MISSING, dtype=object)
    codes, texts = level_codes(frame[name])
    names = [_MISSING if pd.isna(text) else _TRUTHS.get(text.lower(), text) for text in texts]
    return np.array([*names, _MISSING], dtype=object)[codes]


def _name(values: Mapping[Hashable, str]) -> str:
    """Name a cell by its values."""
    if len(values) == 1:
        return next(iter(values.values()))
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def check_cells(number: int, rule: SeasonRule, where: str) -> None:
    """Raise where there are more cells than come again.

    Parameters
    ----------
    number : int
    rule : SeasonRule
    where : str
        What to call the table.

    Raises
    ------
    DataError
        If there are more than 100.
    """
    if number > MOST_CELLS:
        raise DataError(
            f"season= names {quoted(rule.columns)}, of which {where} has {number:,} values, more "
            f"than {MOST_CELLS}: name columns with few values that come again."
        )
