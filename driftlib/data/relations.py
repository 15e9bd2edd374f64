"""Stream DuckDB relations and Ibis tables: their rows need not be in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftlib.data.batches import (
    Batch,
    Counted,
    add_up,
    progress,
    rows_at_once,
    with_rows,
)
from driftlib.data.frames import unique_names
from driftlib.data.readers import Header, gather
from driftlib.errors import DataError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Relation:
    """A DuckDB relation or an Ibis table, run anew for each pass.

    Parameters
    ----------
    name : str
        What to call it in a message.
    data : DuckDBPyRelation or ibis.Table
    ordered : bool
        Rows have an order: the one in which they are streamed.
    notes : tuple of str
        What was assumed when it was read: nothing.
    """

    name: str
    data: Any
    ordered: bool = True
    notes: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[Header, ...]:
        """Columns that it says it has."""
        return (Header(self.name, tuple(unique_names(list(self.data.columns), self.name))),)

    def rows(self) -> None:
        """Tell nothing: to count the rows, they would have to be read.

        Returns
        -------
        None
        """

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Add up what is counted of all rows.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts that add.
        columns : iterable of str
            Columns to read.

        Returns
        -------
        counts

        Raises
        ------
        DataError
            If the query fails, or there are no rows.
        """
        wanted = list(columns)
        with progress(None) as advance:
            total = add_up(self._batches(wanted), count, advance)
        return with_rows(total, self.name)

    def _batches(self, names: list[str]) -> Iterator[Batch]:
        first, rows = 0, rows_at_once(len(names))
        for table in self._tables(names, rows):
            yield Batch(table, first, self.name, first)
            first += len(table)

    def _tables(self, names: list[str], rows: int) -> Iterator[pa.Table]:
        """Read tables of so many rows; what counting them raises does not pass here."""
        try:
            yield from gather(self._stream(names, rows), rows)
        except Exception as error:
            # Engines raise errors of their own, of any kind.
            reason = first_sentence(error)
            raise DataError(
                f"{self.name} cannot be read ({reason}): run its query by itself."
            ) from error

    def _stream(self, names: list[str], rows: int) -> pa.RecordBatchReader:
        import pyarrow as pa

        if hasattr(self.data, "project"):
            quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
            part = self.data.project(quoted)
            # Its name before DuckDB 1.4.
            read = getattr(part, "to_arrow_reader", None) or part.fetch_arrow_reader
            reader: pa.RecordBatchReader = read(rows)
            return reader
        return pa.RecordBatchReader.from_stream(self.data.select(names))
