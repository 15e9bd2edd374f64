"""Some rows at a time: batches of a table, counted and added up as they come."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, Protocol, TypeVar

import pandas as pd

from driftlib.data.readers import Header
from driftlib.data.schema import no_rows
from driftlib.errors import DataError

# Below so many cells, starting threads costs more than they save.
CELLS_WORTH_THREADS = 200_000
CELLS_AT_ONCE = 4_000_000
# Fewer rows than a grid has points would cost more for the grid than for the rows.
FEWEST_ROWS, MOST_ROWS = 4_096, 1_000_000

Item = TypeVar("Item")
Out = TypeVar("Out")


class Addable(Protocol):
    """Counts of some rows: those of two batches add to those of both together."""

    @property
    def rows(self) -> int: ...
    def __add__(self, other: Any) -> Any: ...


Counted = TypeVar("Counted", bound=Addable)


@dataclass(frozen=True)
class Batch:
    """Some rows of a table.

    Attributes
    ----------
    frame : pandas.DataFrame
    first : int
        Number of the first row, the same on every pass over the table.
    where : str
        The file or partition they come from.
    row : int
        Number of the first row in that file.
    threads : int, optional
        How many to count on; default one a core.
    """

    frame: pd.DataFrame
    first: int = 0
    where: str = "the data"
    row: int = 0
    threads: int | None = None


class Source(Protocol):
    """A table that can be counted without being in memory at once.

    Attributes
    ----------
    name : str
        What to call it in a message.
    headers : tuple of Header
        One for each file, or a single one.
    ordered : bool
        Whether `Batch.first` counts the rows of the whole table from 0.
    """

    @property
    def name(self) -> str: ...
    @property
    def headers(self) -> tuple[Header, ...]: ...
    @property
    def ordered(self) -> bool: ...
    def rows(self) -> int | None:
        """How many rows there are, if that is known without reading them."""

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Sum of `count(batch)` over all rows; a batch has those of `columns` that it knows."""


def rows_at_once(columns: int) -> int:
    """Rows of a batch, so that its memory does not depend on the table's rows.

    Examples
    --------
    >>> [rows_at_once(columns) for columns in (1, 10, 10_000)]
    [1000000, 400000, 4096]
    """
    return max(FEWEST_ROWS, min(MOST_ROWS, CELLS_AT_ONCE // columns))


def each(
    function: Callable[[Item], Out], items: list[Item], rows: int, threads: int | None = None
) -> list[Out]:
    """Function of every column, on threads where the data are large: sorting frees the GIL."""
    threads = min(len(items), threads or os.cpu_count() or 1)
    if threads < 2 or rows * len(items) < CELLS_WORTH_THREADS:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def add_up(
    batches: Iterable[Batch],
    count: Callable[[Batch], Counted],
    advance: Callable[[int], Any] = lambda rows: None,
) -> Counted | None:
    """Sum of the batches' counts, in their order; None without batches."""

    def counted() -> Iterator[Counted]:
        for batch in ahead(batches):
            yield count(batch)
            advance(len(batch.frame))

    return added(counted())


def added(parts: Iterable[Counted]) -> Counted | None:
    """Sum of counts, in their order; None without any."""
    parts = iter(parts)
    first = next(parts, None)
    return None if first is None else reduce(add, parts, first)


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The items, each being made on a thread of its own while the one before it is used."""
    items = iter(items)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def with_rows(total: Counted | None, name: str) -> Counted:
    """The total, if any row was counted."""
    if total is None or not total.rows:
        raise no_rows(name)
    return total


def check_rows(total: Counted | None, expected: int | None, name: str) -> None:
    """Raise a `DataError` unless as many rows were counted as were said to be there."""
    read = total.rows if total is not None else 0
    if expected not in (None, read):
        raise DataError(
            f"{name} had {expected:,} rows, but {read:,} were read: it changed meanwhile, so read "
            "it again when nobody writes to it."
        )


@contextmanager
def progress(rows: int | None) -> Iterator[Callable[[int], Any]]:
    """A progress bar in a terminal, for work that takes longer than two seconds."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda done: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        yield lambda done: None
        return
    with tqdm(total=rows, unit=" rows", unit_scale=True, delay=2, leave=False) as bar:
        yield bar.update
