"""Cut tables into windows of a number of rows, which may overlap."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.batches import Batch, Source
from driftlib.data.cutters import Rows, Window, occurring
from driftlib.data.numbers import as_numbers
from driftlib.data.times import as_times, instants
from driftlib.errors import ParameterError
from driftlib.lazily import pd
from driftlib.text import see_guide


@dataclass(frozen=True)
class ByRows:
    """Windows of a number of rows.

    Parameters
    ----------
    size : int, optional
        Rows a window; None for a single window of all rows.
    step : int, optional
        Rows from one window's start to the next; default `size`, so that windows touch.
    on : str, optional
        A column whose order the rows are taken in; default the table's own order. Rows without
        a value of it are in no window.
    time_format : str, optional
        How that column is written: see `driftlib.data.times.as_times`.

    Examples
    --------
    >>> [(window.start, window.end, window.note) for window in ByRows(2).spans(5)]
    [(0, 2, ''), (2, 4, ''), (4, 5, 'partial: 1 of 2 rows')]
    """

    size: int | None = None
    step: int | None = None
    on: str | None = None
    time_format: str | None = None

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
                'by time, such as window="7D" with on=, or by a column, with its name as window=. '
                f"{see_guide('large')}"
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
        if self.time_format is None and pd.api.types.is_numeric_dtype(column.dtype):
            values = as_numbers(column).values
        else:
            values = instants(as_times(column, where, time_format=self.time_format))
        # Rows without a value come last.
        return np.argsort(values, kind="stable")[: int(column.notna().sum())]

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
        if self.size is None:
            return occurring(np.zeros(batch.rows, dtype=int))
        place = np.arange(batch.first, batch.first + batch.rows)
        if self.on is not None or segments is not None:
            place = self._places(batch, segments)
        size, step = self._lengths(0)
        block, rest = np.divmod(place, step)
        whole, part = divmod(size, step)
        if part and whole:
            block = 2 * block + (rest >= part)
        elif part:
            block = np.where(rest < part, block, -1)
        return occurring(np.where(place < 0, -1, block))

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
        order = np.arange(batch.rows)[self.order(batch.frame, batch.where)]
        counted = np.arange(len(order))
        if segments is not None:
            order = order[np.argsort(segments[order], kind="stable")]
            sizes = np.bincount(segments[order])
            counted = counted - np.repeat(np.cumsum(sizes) - sizes, sizes)
        place = np.full(batch.rows, -1)
        place[order] = counted
        return place
