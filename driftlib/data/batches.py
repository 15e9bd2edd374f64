"""Count a table some rows at a time, adding up the counts of its batches as they come."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from driftlib.data.arrow_frames import arrow_to_pandas
from driftlib.data.columns import is_arrow
from driftlib.data.frames import no_rows
from driftlib.data.readers import Header
from driftlib.errors import DataError
from driftlib.lazily import pd

if TYPE_CHECKING:
    import pyarrow as pa

# Below so many cells, starting threads costs more than they save.
CELLS_WORTH_THREADS = 200_000
CELLS_AT_ONCE = 4_000_000
# Fewer rows than a grid has points would cost more for the grid than for the rows.
FEWEST_ROWS, MOST_ROWS = 4_096, 1_000_000

Item = TypeVar("Item")
Out = TypeVar("Out")


class _Addable(Protocol):
    """Counts of some rows: those of two batches add to those of both together."""

    @property
    def rows(self) -> int: ...
    def __add__(self, other: Any) -> Any: ...


Counted = TypeVar("Counted", bound=_Addable)


@dataclass(frozen=True)
class Batch:
    """Some rows of a table.

    Parameters
    ----------
    table : pandas.DataFrame or pyarrow.Table
        The rows.
    first : int
        Number of the first row, the same on every pass over the table.
    where : str
        The file or partition they come from.
    row : int
        Number of the first row in that file.
    threads : int, optional
        How many to count on; default one a core.
    columns : mapping of str to pandas.Series, optional
        The table's, where they were taken out: see `driftlib.data.frames.frame_and_columns`.
    """

    table: pd.DataFrame | pa.Table
    first: int = 0
    where: str = "the data"
    row: int = 0
    threads: int | None = None
    columns: Mapping[str, pd.Series] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.table)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a pandas frame."""
        return arrow_to_pandas(self.table) if is_arrow(self.table) else self.table


class Source(Protocol):
    """A table that can be counted without being in memory at once."""

    @property
    def name(self) -> str:
        """What to call it in a message."""

    @property
    def headers(self) -> tuple[Header, ...]:
        """What is known of its files, or of the table where it has none."""

    @property
    def ordered(self) -> bool:
        """Whether `Batch.first` counts the rows of the whole table from 0."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed to read it: sentences without their points."""

    def rows(self) -> int | None:
        """Tell how many rows there are, if that is known without reading them.

        Returns
        -------
        int or None
        """

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Add up what is counted of all rows.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts that add.
        columns : iterable of str
            Columns to read; a batch has those that its file knows.

        Returns
        -------
        counts
            Of at least one row.

        Raises
        ------
        DataError
            If the table cannot be read to its end, or has no rows.
        """


def rows_at_once(columns: int) -> int:
    """Choose the rows of a batch, so that its memory does not depend on the table's rows.

    Parameters
    ----------
    columns : int
        How many are read, at least 1.

    Returns
    -------
    int
        4,096 to a million.

    Examples
    --------
    >>> [rows_at_once(columns) for columns in (1, 10, 10_000)]
    [1000000, 400000, 4096]
    """
    return max(FEWEST_ROWS, min(MOST_ROWS, CELLS_AT_ONCE // columns))


def each(
    function: Callable[[Item], Out], items: list[Item], rows: int, threads: int | None = None
) -> list[Out]:
    """Apply a function to every column, on threads where the data are large.

    Parameters
    ----------
    function : callable
        Of one item; sorting and counting free the interpreter for other threads.
    items : list
        Such as columns.
    rows : int
        How long each is.
    threads : int, optional
        Default: one a core.

    Returns
    -------
    list
        What the function gave, in the items' order.

    Examples
    --------
    >>> each(len, ["a", "bcd"], rows=3)
    [1, 3]
    """
    worth = rows * len(items) >= CELLS_WORTH_THREADS
    threads = min(len(items), threads or os.cpu_count() or 1) if worth else 1
    if threads < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


def add_up(
    batches: Iterable[Batch],
    count: Callable[[Batch], Counted],
    advance: Callable[[int], Any] = lambda rows: None,
) -> Counted | None:
    """Count batches and add up their counts, in their order.

    Parameters
    ----------
    batches : iterable of Batch
        Each is made while the one before it is counted.
    count : callable
        From a batch to counts that add.
    advance : callable
        Told the rows of each batch once it is counted.

    Returns
    -------
    counts or None
        None without batches.
    """

    def counted() -> Iterator[Counted]:
        for batch in _ahead(batches):
            yield count(batch)
            advance(batch.rows)

    return add_counts(counted())


def add_counts(parts: Iterable[Counted]) -> Counted | None:
    """Add counts, in their order.

    Parameters
    ----------
    parts : iterable of counts

    Returns
    -------
    counts or None
        None without any.
    """
    parts = iter(parts)
    first = next(parts, None)
    return None if first is None else reduce(add, parts, first)


def _ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Make each item on a thread of its own while the one before it is used."""
    items = iter(items)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item


def with_rows(total: Counted | None, name: str) -> Counted:
    """Check that any row was counted.

    Parameters
    ----------
    total : counts or None
        None where there was no batch.
    name : str
        What to call the table.

    Returns
    -------
    counts
        The total.

    Raises
    ------
    DataError
        If there was no row.
    """
    if total is None or not total.rows:
        raise no_rows(name)
    return total


def check_rows(total: Counted | None, expected: int | None, name: str) -> None:
    """Check that as many rows were counted as were said to be there.

    Parameters
    ----------
    total : counts or None
        None where there was no batch.
    expected : int, optional
        None where nothing was said.
    name : str
        What to call the table.

    Raises
    ------
    DataError
        If there were more or fewer.
    """
    read = total.rows if total is not None else 0
    if expected not in (None, read):
        raise DataError(
            f"{name} had {expected:,} rows, but {read:,} were read: it changed meanwhile, so read "
            "it again when nobody writes to it."
        )


@contextmanager
def progress(rows: int | None) -> Iterator[Callable[[int], Any]]:
    """Show a progress bar in a terminal, for work that takes longer than two seconds.

    Parameters
    ----------
    rows : int or None
        How many there will be, if that is known.

    Yields
    ------
    callable
        To be told how many more rows are done.
    """
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
