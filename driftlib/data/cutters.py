"""Cut tables into windows by calendar or by the values of a column; `by_rows` by rows.

A cutter numbers the rows of a batch, so that a table need not be in memory at once: `codes`
says which piece each row of a batch lies in, and `windows` makes the windows of the rows
counted in each piece. Windows are unions of pieces, because those of rows may overlap.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from driftlib.data.batches import Batch, Source
from driftlib.data.calendar import Span, calendar_edges, span_of
from driftlib.data.levels import group_values
from driftlib.data.schema import UNSUPPORTED, declared_kind
from driftlib.data.sources import Memory
from driftlib.data.times import as_times, instants
from driftlib.errors import DataError, ParameterError
from driftlib.lazily import pd
from driftlib.text import join_notes

Rows = slice | np.ndarray


@dataclass(frozen=True)
class Window:
    """Some rows of a table, in order.

    Parameters
    ----------
    number : int
        Counts from 0.
    start, end : Timestamp, int or value
        Calendar: first instant in and first instant out. Rows: first row in and first row
        out. Column: its value, twice.
    rows : int
        How many rows it holds.
    note : str
        Says so where the window is partial or empty.
    index : slice or int array
        Row positions; empty where the rows are not in memory.
    """

    number: int
    start: Any
    end: Any
    rows: int
    note: str = ""
    index: Rows = field(default_factory=lambda: slice(0, 0), repr=False, compare=False)

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Take the window's rows.

        Parameters
        ----------
        frame : pandas.DataFrame
            The frame that was cut, or one with the same rows.

        Returns
        -------
        pandas.DataFrame
        """
        return frame.iloc[self.index]


class Cutter(Protocol):
    """What cuts windows: `ByRows`, `ByCalendar` or `ByValue`."""

    @property
    def on(self) -> str | None:
        """The column that windows follow, if any."""

    def over(self, source: Source) -> Cutter:
        """Learn of a source what its windows depend on.

        Parameters
        ----------
        source : Source

        Returns
        -------
        Cutter
            One that knows, for that source.
        """

    def codes(
        self, batch: Batch, segments: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[Hashable]]:
        """Tell the piece of each row of a batch.

        Parameters
        ----------
        batch : Batch
        segments : int array, optional
            Segment's number of each row, for windows that count within segments.

        Returns
        -------
        codes : int array
            Place of each row's piece in `keys`; -1 for rows in no window.
        keys : list
            The pieces that occur.
        """

    def windows(self, counts: Mapping[Any, int]) -> list[tuple[Window, list[Hashable]]]:
        """Make the windows of counted rows.

        Parameters
        ----------
        counts : mapping of piece to int
            Rows in each piece.

        Returns
        -------
        list of (Window, list)
            Each window, in order, and the pieces that it is made of.
        """


def occurring(numbers: np.ndarray) -> tuple[np.ndarray, list[Hashable]]:
    """Find the pieces that occur, and the place of each row among them.

    Parameters
    ----------
    numbers : int array
        Number of each row's piece; negative for none.

    Returns
    -------
    codes : int array
        Place of each row's piece in `keys`; -1 for none.
    keys : list of int
        The pieces that occur, in order.

    Examples
    --------
    >>> codes, keys = occurring(np.array([7, -1, 9, 7]))
    >>> codes.tolist(), keys
    ([0, -1, 1, 0], [7, 9])
    """
    known = numbers[numbers >= 0]
    # Counted rather than sorted: within a batch the numbers lie close together.
    first = int(known.min()) if len(known) else 0
    keys = np.flatnonzero(np.bincount(known - first)) + first
    return np.where(numbers < 0, -1, keys.searchsorted(numbers)), list[Hashable](keys.tolist())


@dataclass(frozen=True)
class ByCalendar:
    """Windows of a length of time.

    Parameters
    ----------
    size : str
        A pandas offset such as "7D" or "MS".
    on : str
        The time column. Rows without a time are in no window, nor are the few whose time lies
        far from all others.
    time_format : str, optional
        How it is written: see `driftlib.data.times.as_times`.
    edges : pandas.DatetimeIndex
        Where the windows begin, and the last one ends: known once it was `over` a source.
    first, last : pandas.Timestamp
        The first and the last time.
    dates : bool
        Whether all times are dates, so that the last day counts to its end.
    far : str
        Which rows lie far off, in words.
    """

    size: str
    on: str
    time_format: str | None = None
    edges: pd.DatetimeIndex = field(default_factory=lambda: pd.DatetimeIndex([]), repr=False)
    first: pd.Timestamp | None = field(default=None, repr=False)
    last: pd.Timestamp | None = field(default=None, repr=False)
    dates: bool = field(default=False, repr=False)
    far: str = field(default="", repr=False)

    def over(self, source: Source) -> ByCalendar:
        """Look at the time column of a source, to know where its windows start and end.

        Parameters
        ----------
        source : Source

        Returns
        -------
        ByCalendar
            With the edges.

        Raises
        ------
        DataError
            If the column holds no times.
        ParameterError
            If there would be more than 10,000 windows.
        """
        span = source.total(_Spans(self.on, self.time_format), [self.on])
        near = span.near
        if near is None:
            raise DataError(f"column {self.on!r} has no dates or times: there are no windows.")
        try:
            edges = calendar_edges(near.first, near.last, self.size)
        except ParameterError as error:
            if not span.apart:
                raise
            raise ParameterError(f"{error} {span.apart_in_words}.") from error
        return replace(
            self,
            edges=edges,
            first=near.first,
            last=near.last,
            dates=near.dates,
            far=f"{span.apart_in_words} and in no window" if span.far else "",
        )

    def codes(
        self, batch: Batch, segments: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[Hashable]]:
        """Tell the window of each row.

        Parameters
        ----------
        batch : Batch
        segments : int array, optional
            Changes nothing: the calendar is the same for all.

        Returns
        -------
        codes : int array
            Place of each row's window in `keys`; -1 without a time, or far from all others.
        keys : list
            Numbers of the windows that occur.
        """
        times = as_times(batch.frame[self.on], batch.where, batch.row, self.time_format)
        if (times.dt.tz is None) != (self.edges.tz is None):
            raise ParameterError(
                f"{batch.where} column {self.on!r} has times with a time zone in some files only: "
                "make them alike."
            )
        # Edges may be in seconds and times in microseconds, or beyond what the edges' unit holds.
        inside = ((times >= self.edges[0]) & (times < self.edges[-1])).to_numpy()
        edges = instants(self.edges.to_series())
        moments = instants(times)[inside].astype(edges.dtype)
        codes = np.full(len(times), -1)
        codes[inside] = edges.searchsorted(moments, side="right") - 1
        return occurring(codes)

    def windows(self, counts: Mapping[Any, int]) -> list[tuple[Window, list[Hashable]]]:
        """Make the windows from the rows counted in each; those without rows are kept.

        Parameters
        ----------
        counts : mapping of int to int

        Returns
        -------
        list of (Window, list)
            Each window and its number, if it has rows.
        """
        found = []
        for number, (start, end) in enumerate(zip(self.edges[:-1], self.edges[1:], strict=True)):
            note = "" if counts.get(number) else "no rows in this window"
            if number == 0 and self.first is not None and self.first - start > 0.1 * (end - start):
                note = f"partial: the data begin at {_moment(self.first)}"
            if number == len(self.edges) - 2:
                day = np.timedelta64(int(self.dates), "D")
                if self.last is not None and self.last + day - start < 0.9 * (end - start):
                    note = f"partial: the data end at {_moment(self.last)}"
                note = join_notes(note, self.far)
            window = Window(number, start, end, counts.get(number, 0), note)
            found.append((window, list[Hashable]([number] if number in counts else [])))
        return found


@dataclass(frozen=True)
class _Spans:
    """Spans of batches; a class, so that it can be sent to a cluster."""

    on: str
    time_format: str | None

    def __call__(self, batch: Batch) -> Span:
        return span_of(batch, self.on, self.time_format)


@dataclass(frozen=True)
class ByValue:
    """A window for each value of a column, in order of the values.

    Parameters
    ----------
    on : str
        The column. Rows without a value are in no window.
    levels : tuple
        The order of a pandas category; empty for the values' own order.
    """

    on: str
    levels: tuple[Any, ...] = ()

    def over(self, source: Source) -> ByValue:
        """Keep the order of a pandas category.

        Parameters
        ----------
        source : Source

        Returns
        -------
        ByValue
        """
        dtype = source.frame[self.on].dtype if isinstance(source, Memory) else None
        if isinstance(dtype, pd.CategoricalDtype):
            return replace(self, levels=tuple(dtype.categories))
        return self

    def codes(
        self, batch: Batch, segments: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[Hashable]]:
        """Tell the value of each row.

        Parameters
        ----------
        batch : Batch
        segments : int array, optional
            Changes nothing: the values are the same for all.

        Returns
        -------
        codes : int array
            Place of each row's value in `keys`; -1 without one.
        keys : list
            The values.
        """
        series = batch.frame[self.on]
        if declared_kind(series)[0] == UNSUPPORTED:
            raise DataError(
                f"{batch.where or 'the data'} column {self.on!r} holds no plain values, which "
                "windows could follow: name another as window=."
            )
        codes, values = pd.factorize(group_values(series))
        return codes, list(values)

    def windows(self, counts: Mapping[Any, int]) -> list[tuple[Window, list[Hashable]]]:
        """Make a window of each value, from its number of rows.

        Parameters
        ----------
        counts : mapping of value to int

        Returns
        -------
        list of (Window, list)
            Each window and its value.
        """
        known = [value for value in self.levels if value in counts]
        values = known if self.levels else pd.factorize(pd.Index(list(counts)), sort=True)[1]
        return [
            (Window(number, value, value, counts[value]), [value])
            for number, value in enumerate(values)
        ]


def _moment(time: pd.Timestamp) -> str:
    """Write a time, a midnight as the day that it begins."""
    clock = time.tz_localize(None)
    return str(time.date()) if clock == clock.normalize() else str(time)
