"""Count Dask and Spark DataFrames: each partition where it is, then the counts are added."""

from __future__ import annotations

import glob
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftlib.data.arrow_frames import arrow_to_pandas
from driftlib.data.batches import (
    Batch,
    Counted,
    Source,
    add_counts,
    add_up,
    rows_at_once,
    with_rows,
)
from driftlib.data.frames import unique_names
from driftlib.data.readers import (
    Header,
    first_damaged,
    first_unlike,
    gather,
)
from driftlib.errors import DataError, DriftlibError, MissingExtraError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import dask.dataframe as dd
    import pyarrow as pa
    import pyspark.sql as ps

# Rows are numbered within partitions; no partition has more than these.
ROWS_OF_PARTITION = 2**40
ADDED_AT_ONCE = 8


@dataclass(frozen=True)
class DaskFrame:
    """A Dask DataFrame; the work is done by whichever scheduler is in force.

    Parameters
    ----------
    name : str
        What to call it in a message.
    data : dask.dataframe.DataFrame
    ordered : bool
        Rows have no order over partitions.
    notes : tuple of str
        Nothing is assumed to read it.
    """

    name: str
    data: dd.DataFrame
    ordered: bool = False
    notes: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[Header, ...]:
        """Its columns."""
        return (Header(self.name, tuple(unique_names(map(str, self.data.columns), self.name))),)

    def rows(self) -> int:
        """Count the rows of all partitions; of Parquet files Dask knows them without reading.

        Returns
        -------
        int

        Raises
        ------
        DataError
            If the cluster cannot compute it.
        """
        return self._run(lambda: len(self.data))

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Add up what is counted of the partitions, in their order, in a tree.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts that add; goes to the workers, so it can be pickled.
        columns : iterable of str
            Columns to read, all of them the frame's.

        Returns
        -------
        counts

        Raises
        ------
        DataError
            If the cluster cannot compute it, or there are no rows.
        """
        from dask import delayed

        wanted = list(columns)
        known = {str(name): name for name in self.data.columns}
        chosen = self.data[[known[name] for name in wanted]]
        # One task holds what to count with; every partition's task refers to it.
        counter = delayed(partial(_of_partition, count, wanted, self.name))
        parts = [
            delayed(_apply)(counter, frame, number)
            for number, frame in enumerate(self._run(chosen.to_delayed))
        ]
        while len(parts) > 1:
            groups = range(0, len(parts), ADDED_AT_ONCE)
            parts = [delayed(add_counts)(parts[start : start + ADDED_AT_ONCE]) for start in groups]
        return with_rows(self._run(parts[0].compute), self.name)

    def _run(self, work: Callable[[], Any]) -> Any:
        import pyarrow as pa

        try:
            return work()
        except DriftlibError:
            raise
        except Exception as error:
            # Dask does not say which file it failed to read, nor which is unlike the others.
            unread = isinstance(error, OSError | pa.ArrowException)
            damaged = first_damaged(_files_of(self.data)) if unread else ""
            unlike = "" if damaged else first_unlike(_files_of(self.data))
            raise DataError(damaged or _reason(self.name, error, unlike)) from error


def _apply(counter: Callable[[pd.DataFrame, int], Counted], frame: Any, number: int) -> Counted:
    return counter(frame, number)


def _of_partition(
    count: Callable[[Batch], Counted], names: list[str], name: str, frame: Any, number: int
) -> Counted:
    frame = frame.set_axis(names, axis="columns")
    return count(Batch(frame, number * ROWS_OF_PARTITION, f"partition {number} of {name}", 0, 1))


@dataclass(frozen=True)
class SparkFrame:
    """A Spark DataFrame; its executors need driftlib, pandas and pyarrow.

    Parameters
    ----------
    name : str
        What to call it in a message.
    data : pyspark.sql.DataFrame
    ordered : bool
        Rows have no order over partitions.
    notes : tuple of str
        Nothing is assumed to read it.
    """

    name: str
    data: ps.DataFrame
    ordered: bool = False
    notes: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[Header, ...]:
        """Its columns."""
        return (Header(self.name, tuple(unique_names(self.data.columns, self.name))),)

    def rows(self) -> int:
        """Count the rows of all partitions; of Parquet files Spark knows them without reading.

        Returns
        -------
        int

        Raises
        ------
        DataError
            If the cluster cannot compute it.
        """
        return self._run(self.data.count)

    def total(self, count: Callable[[Batch], Counted], columns: Iterable[str]) -> Counted:
        """Add up what is counted of the partitions, on the executors and then here.

        Parameters
        ----------
        count : callable
            From a `Batch` to counts that add; goes to the executors, so it can be pickled.
        columns : iterable of str
            Columns to read, all of them the frame's.

        Returns
        -------
        counts

        Raises
        ------
        DataError
            If the cluster cannot compute it, or there are no rows.
        """
        wanted = list(columns)
        chosen = self.data.select(*("`" + name.replace("`", "``") + "`" for name in wanted))
        # To Spark, a dot or a backtick in a name means something.
        plain = chosen.toDF(*(f"c{place}" for place in range(len(wanted))))
        parts = plain.mapInArrow(partial(_of_batches, count, wanted, self.name), _PARTS)
        # Shuffled by their own size, so that no machine holds the counts of all partitions.
        table = self._run(parts.repartition("part").mapInArrow(_added, _PARTS).toArrow)
        parts = sorted(table.to_pylist(), key=itemgetter("part"))
        return with_rows(add_counts(pickle.loads(row["counts"]) for row in parts), self.name)

    def _run(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except Exception as error:
            raise DataError(_reason(self.name, error)) from error


_PARTS = "part long, counts binary"


def _of_batches(
    count: Callable[[Batch], Counted], names: list[str], name: str, batches: Iterator[Any]
) -> Iterator[pa.RecordBatch]:
    from pyspark import TaskContext

    number = TaskContext.get().partitionId()
    where = f"partition {number} of {name}"

    def numbered() -> Iterator[Batch]:
        row = 0
        for table in gather(batches, rows_at_once(len(names))):
            frame = arrow_to_pandas(table.rename_columns(names))
            yield Batch(frame, number * ROWS_OF_PARTITION + row, where, row, 1)
            row += len(table)

    yield from _packed(number, add_up(numbered(), count))


def _added(batches: Iterator[Any]) -> Iterator[pa.RecordBatch]:
    rows = sorted((row for batch in batches for row in batch.to_pylist()), key=itemgetter("part"))
    if rows:
        yield from _packed(rows[0]["part"], add_counts(pickle.loads(row["counts"]) for row in rows))


def _packed(number: int, total: Any) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    if total is not None:
        yield pa.RecordBatch.from_pydict({"part": [number], "counts": [pickle.dumps(total)]})


_SYSTEMS: dict[str, tuple[str, type[DaskFrame] | type[SparkFrame]]] = {
    "Dask": ("dask", DaskFrame),
    "Spark": ("pyspark", SparkFrame),
}


def cluster_source(system: str, data: Any) -> Source:
    """Open a Dask or Spark DataFrame, to be counted where its rows are.

    Parameters
    ----------
    system : {"Dask", "Spark"}
    data : dask.dataframe.DataFrame or pyspark.sql.DataFrame

    Returns
    -------
    Source

    Raises
    ------
    MissingExtraError
        If the package cannot be imported.
    """
    package, kind = _SYSTEMS[system]
    try:
        import_module(package)
    except ImportError as error:
        raise MissingExtraError(package, "scale", f"A {system} DataFrame") from error
    return kind(f"the {system} DataFrame", data)


def _reason(name: str, error: Exception, known: str = "") -> str:
    """Word what is wrong: a worker's own sentence if it had one, else what the cluster says."""
    text = str(error)
    own = re.search(r"driftlib\.errors\.\w+: (.+)", text)
    if own:
        return own[1]
    if "No module named 'driftlib'" in text:
        return f"{name} cannot be computed: its workers need driftlib, so install it there too."
    # Both wrap what happened in what it stopped; Spark puts its sentences behind a label.
    for telling in (r"\[[A-Z_.]+\] .+", r"(?m)^[\w.]*(?:Error|Exception): .+"):
        if found := re.search(telling, text):
            text = found[0]
            break
    known = known or "check what it is read from"
    return f"{name} cannot be computed ({first_sentence(text)}): {known}."


def _files_of(data: Any) -> Iterator[Path]:
    """Find the files that a Dask DataFrame is read from, as far as it says."""
    named = [node.operand("path") for node in data.expr.walk() if "path" in node._parameters]
    for name in (str(name) for given in named for name in np.atleast_1d(given)):
        for found in map(Path, sorted(glob.glob(name))):
            yield from sorted(found.rglob("*.parquet")) if found.is_dir() else [found]
