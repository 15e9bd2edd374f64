"""Cut tables into windows by rows, by calendar, or by the values of a column.

A cutter numbers the rows of a batch, so that a table need not be in memory at once: `codes`
says which piece each row of a batch lies in, and `windows` makes the windows of the rows
counted in each piece. Windows are unions of pieces, because those of rows may overlap.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from driftlib.data.batches import Batch, Source
from driftlib.data.sources import Memory
from driftlib.data.times import Span, as_times, calendar_edges, span_of
from driftlib.errors import DataError, ParameterError

Rows = slice | np.ndarray


@dataclass(frozen=True)
class Window:
    """Some rows of a table, in order.

    Attributes
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
    """What cuts windows."""

    @property
    def on(self) -> str | None:
        """The column that windows follow, if any."""

    def over(self, source: Source) -> Cutter:
        """Learn of a source what the windows depend on: its first time, its order."""

    def codes(
        self, batch: Batch, segments: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[Hashable]]:
        """Tell the piece of each row as its place in a list of pieces; -1 for none.

        `segments` holds the segment's number of each row, for windows that count within them.
        """

    def windows(self, counts: Mapping[Any, int]) -> list[tuple[Window, list[Hashable]]]:
        """Make the windows, and name the pieces of each, from the number of rows in each piece."""


@dataclass(frozen=True)
class ByRows:
    """Windows of a number of rows.

    Attributes
    ----------
    size : int, optional
        Rows a window; None for a single window of all rows.
    step : int, optional
        Rows from one window's start to the next; default `size`, so that windows touch.
    on : str, optional
        A column whose order the rows are taken in; default the table's own order. Rows without
        a value of it are in no window.

    Examples
    --------
    >>> [(window.start, window.end, window.note) for window in ByRows(2).spans(5)]
    [(0, 2, ''), (2, 4, ''), (4, 5, 'partial: 1 of 2 rows')]
    """

    size: int | None = None
    step: int | None = None
    on: str | None = None

    def over(self, source: Source) -> ByRows:
        """Check that the rows have an order, unless all are one window.

        Parameters
        ----------
        source : Source

        Returns
        -------
        ByRows
            The same.

        Raises
        ------
        ParameterError
            If they have none, as on a cluster.
        """
        if self.size is not None and not source.ordered:
            raise ParameterError(
                f"{source.name} has no order of rows to cut windows of {self.size:,} by: cut them "
                'by time, such as window="7D" with on=, or by a column, with its name as window=.'
            )
        return self

    def order(self, frame: pd.DataFrame, where: str = "current") -> Rows:
        """Find the order in which the rows of a frame are taken.

        Parameters
        ----------
        frame : pandas.DataFrame
        where : str
            What to call it in an error.

        Returns
        -------
        slice or int array
            Positions of the rows that have a place in the order.

        Raises
        ------
        DataError
            If a value of the column is neither a time nor a number.
        """
        if self.on is None:
            return slice(0, len(frame))
        column = frame[self.on]
        numbers = pd.api.types.is_numeric_dtype(column.dtype)
        values = column if numbers else as_times(column, where)
        order = np.argsort(values.to_numpy(float if numbers else None), kind="stable")
        return order[: int(values.notna().sum())]

    def spans(self, rows: int) -> list[Window]:
        """Cut a number of rows that are in order.

        Parameters
        ----------
        rows : int
            From 0 up.

        Returns
        -------
        list of Window
            At least one. The last is partial where the rows do not divide evenly.
        """
        size, step = self._lengths(rows)
        # A window that starts inside the last full one's rows would only repeat them.
        starts = range(0, max(1, rows - max(0, size - step)), step)
        windows = []
        for number, start in enumerate(starts):
            end = min(start + size, rows)
            full = self.size is None or end - start == size
            note = "" if full else f"partial: {end - start:,} of {size:,} rows"
            windows.append(Window(number, start, end, end - start, note))
        return windows

    def codes(
        self, batch: Batch, segments: np.ndarray | None = None
    ) -> tuple[np.ndarray, list[Hashable]]:
        """Tell the piece of each row: what lies between the ends of two windows.

        Parameters
        ----------
        batch : Batch
            With `on` or segments, all rows of the table.
        segments : int array, optional
            Segment's number of each row: windows then count each segment's own rows.

        Returns
        -------
        codes : int array
            Place of each row's piece in `keys`; -1 where it is in no window.
        keys : list
            The pieces that occur, in order.
        """
        place = np.arange(batch.first, batch.first + len(batch.frame))
        if self.on is not None or segments is not None:
            place = self._places(batch, segments)
        if self.size is None:
            return _occurring(np.where(place < 0, -1, 0))
        size, step = self._lengths(0)
        block, rest = np.divmod(place, step)
        whole, part = divmod(size, step)
        if part and whole:
            block = 2 * block + (rest >= part)
        elif part:
            block = np.where(rest < part, block, -1)
        return _occurring(np.where(place < 0, -1, block))

    def windows(self, counts: Mapping[Any, int]) -> list[tuple[Window, list[Hashable]]]:
        """Make the windows of the rows counted in each piece.

        Parameters
        ----------
        counts : mapping of int to int

        Returns
        -------
        list of (Window, list)
            Each window, and the pieces that it is made of.
        """
        total = sum(counts.values())
        size, step = self._lengths(total)
        whole, part = divmod(size, step)
        if not whole and counts:
            # Rows between windows are not counted.
            total = max(key * step + rows for key, rows in counts.items())
        width, parts = (2, 2 * whole + 1) if part and whole else (1, max(1, whole))
        found = []
        for window in self.spans(total):
            first = width * window.number
            keys = [key for key in range(first, first + parts) if key in counts]
            found.append((window, list[Hashable](keys)))
        return found

    def _lengths(self, rows: int) -> tuple[int, int]:
        size = self.size or max(1, rows)
        return size, self.step or size

    def _places(self, batch: Batch, segments: np.ndarray | None) -> np.ndarray:
        """Place of each row in the order of its segment; -1 without one."""
        order = np.arange(len(batch.frame))[self.order(batch.frame, batch.where)]
        counted = np.arange(len(order))
        if segments is not None:
            order = order[np.argsort(segments[order], kind="stable")]
            sizes = np.bincount(segments[order])
            counted = counted - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place = np.full(len(batch.frame), -1)
        place[order] = counted
        return place


@dataclass(frozen=True)
class ByCalendar:
    """Windows of a length of time.

    Attributes
    ----------
    size : str
        A pandas offset such as "7D" or "MS".
    on : str
        The time column. Rows without a time are in no window.
    edges : pandas.DatetimeIndex
        Where the windows begin, and the last one ends: known once it was `over` a source.
    last : pandas.Timestamp
        The last time.
    """

    size: str
    on: str
    edges: pd.DatetimeIndex = field(default_factory=lambda: pd.DatetimeIndex([]), repr=False)
    last: pd.Timestamp | None = None

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
        span = source.total(_Spans(self.on), [self.on])
        if pd.isna(span.first):
            raise DataError(f"column {self.on!r} has no dates or times: there are no windows.")
        edges = calendar_edges(span.first, span.last, self.size)
        return replace(self, edges=edges, last=span.last)

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
            Place of each row's window in `keys`; -1 without a time.
        keys : list
            Numbers of the windows that occur.
        """
        times = as_times(batch.frame[self.on], batch.where, batch.row)
        codes = np.where(times.isna(), -1, self.edges.searchsorted(times, side="right") - 1)
        return _occurring(codes)

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
            last = number == len(self.edges) - 2
            if last and self.last is not None and (self.last - start) < 0.9 * (end - start):
                note = f"partial: the data end at {self.last}"
            window = Window(number, start, end, counts.get(number, 0), note)
            found.append((window, list[Hashable]([number] if number in counts else [])))
        return found


@dataclass(frozen=True)
class _Spans:
    """Spans of batches; a class, so that it can be sent to a cluster."""

    on: str

    def __call__(self, batch: Batch) -> Span:
        return span_of(batch, self.on)


@dataclass(frozen=True)
class ByValue:
    """A window for each value of a column, in order of the values.

    Attributes
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
        codes, values = pd.factorize(batch.frame[self.on])
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


def _occurring(numbers: np.ndarray) -> tuple[np.ndarray, list[Hashable]]:
    """Numbers as places in the list of those that occur; negative ones are -1."""
    occurring = np.unique(numbers[numbers >= 0])
    return np.where(numbers < 0, -1, occurring.searchsorted(numbers)), occurring.tolist()
