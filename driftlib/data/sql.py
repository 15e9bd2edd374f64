"""Stream tables and queries of Postgres and SQLite: their rows need not be in memory at once."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from driftlib.data.batches import Batch, Counted, add_up, progress, rows_at_once, with_rows
from driftlib.data.frames import unique_names
from driftlib.data.readers import Header, gather
from driftlib.data.sql_address import SQLITE, SqlAddress, sql_address
from driftlib.errors import DataError, DriftlibError, MissingExtraError
from driftlib.text import first_sentence

if TYPE_CHECKING:
    import pyarrow as pa

# One snapshot for all passes, that nothing can be written through, and rows in one order: a plan
# for other columns, on other workers or behind another scan would give them in another.
_OF_POSTGRES = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL enable_indexonlyscan = off",
)
# About what a cell takes on its way from Postgres.
BYTES_OF_CELL = 12
STORED = ("integer", "real", "text", "blob")
# What one SELECT of SQLite may have at most is 2,000.
MOST_ASKED = 400
# Types that Arrow has as something else.
_AS_TEXT = ("money", "oid")
_SAYS = re.compile(r"(?:(?:ERROR|FATAL): +|\[SQLite\] |Failed to [a-z]+ query: |[A-Z_]+: )+(.*)")
# How SQLite has values of several kinds in one column, and a value that tells a driver the kind.
_REAL = ("CAST({0} AS REAL)", "0.5")
# A whole number is the same level whatever its type.
_WHOLE = "typeof({0}) = 'real' AND {0} = CAST({0} AS INTEGER)"
_MIXED = f"CAST(CASE WHEN {_WHOLE} THEN CAST({{0}} AS INTEGER) ELSE {{0}} END AS TEXT)"
_KINDS: dict[frozenset[str], tuple[str, str]] = {
    frozenset(): _REAL,
    frozenset({"integer"}): ("{0}", "0"),
    frozenset({"real"}): _REAL,
    frozenset({"integer", "real"}): _REAL,
    frozenset({"text"}): ("{0}", "''"),
}


@dataclass(frozen=True, eq=False)
class Query:
    """Rows that a database gives, asked for anew for each pass, in one transaction.

    Parameters
    ----------
    address : SqlAddress
    connection : adbc_driver_manager.dbapi.Connection
        Closed when nothing uses the source any more.
    columns : dict of str to SqlColumn
        What to select, by the names of the columns.
    ordered : bool
        Rows have an order: the one in which the database gives them.
    notes : tuple of str
        What was assumed to read it: nothing.
    """

    address: SqlAddress
    connection: Any = field(repr=False)
    columns: dict[str, SqlColumn]
    ordered: bool = True
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.address.shown

    @property
    def headers(self) -> tuple[Header, ...]:
        """Columns that it has."""
        return (Header(self.name, tuple(self.columns)),)

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
        with progress(None) as advance:
            total = add_up(self.batches(columns), count, advance)
        return with_rows(total, self.name)

    def batches(self, columns: Iterable[str] | None = None) -> Iterator[Batch]:
        """Give the rows, some at a time.

        Parameters
        ----------
        columns : iterable of str, optional
            Default: all.

        Yields
        ------
        Batch
        """
        names, row = list(self.columns if columns is None else columns), 0
        for table in self._tables(names):
            yield Batch(table, row, self.name, row)
            row += len(table)

    def read(self) -> pa.Table:
        """Read all rows.

        Returns
        -------
        pyarrow.Table

        Raises
        ------
        DataError
            If the query fails.
        """
        import pyarrow as pa

        tables = list(self._tables(list(self.columns)))
        if not tables:
            raise DataError(f"{self.name} has no rows: ask for others.")
        return pa.concat_tables(tables)

    def _tables(self, names: list[str]) -> Iterator[pa.Table]:
        rows = rows_at_once(len(names))
        wanted = [self.columns[name] for name in names]
        asked = _select(((c.expression, name) for c, name in zip(wanted, names, strict=True)))
        asked = f"{asked} {_rows_of(self.address)}"
        if self.address.system == SQLITE:
            first = _select((c.example, name) for c, name in zip(wanted, names, strict=True))
            asked = f"{first} UNION ALL {asked}"
        with speaking(self.address), self.connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**_batch_size(self.address, rows, len(names)))
            cursor.execute(asked)
            stream = cursor.fetch_record_batch()
            yield from gather(_without_first(stream, self.address), rows)


@dataclass(frozen=True)
class SqlColumn:
    """How a column is selected.

    Parameters
    ----------
    expression : str
        Its value, of one type in all rows.
    example : str
        A value of that type.
    """

    expression: str
    example: str = ""


def open_sql(source: str) -> Query:
    """Connect to a database, and look at the columns that a table or query has.

    Parameters
    ----------
    source : str
        Such as "sql:postgresql://me@host/sales predictions": see
        `driftlib.data.sql_address.sql_address`.

    Returns
    -------
    Query

    Raises
    ------
    DataError
        If the database cannot be reached, or the query fails.
    MissingExtraError
        If the driver of the database is not installed.
    """
    address = sql_address(source)
    connection = _connect(address)
    found = _of_sqlite if address.system == SQLITE else _of_postgres
    try:
        with speaking(address):
            columns = found(connection, address)
    except BaseException:
        connection.close()
        raise
    query = Query(address, connection, columns)
    weakref.finalize(query, connection.close)
    return query


def _connect(address: SqlAddress) -> Any:
    try:
        if address.system == SQLITE:
            from adbc_driver_sqlite import dbapi
        else:
            from adbc_driver_postgresql import dbapi
    except ImportError as error:
        package = f"adbc-driver-{'sqlite' if address.system == SQLITE else 'postgresql'}"
        raise MissingExtraError(package, "sql", f"Reading from {address.system}") from error
    if address.system == SQLITE and not address.file.is_file():
        raise DataError(f"there is no SQLite file {str(address.file)!r}: check the path.")
    with speaking(address):
        return dbapi.connect(address.connection)


def _of_postgres(connection: Any, address: SqlAddress) -> dict[str, SqlColumn]:
    """Select columns so that Arrow has their values: decimals as floats, as pandas has them."""
    with connection.cursor() as cursor:
        for statement in _OF_POSTGRES:
            cursor.execute(statement)
        schema = cursor.adbc_execute_schema(f"SELECT * {_rows_of(address)}")
        names = unique_names(schema.names, address.shown)
        # Types are known without a row, too; of a domain the driver knows what it is of.
        types = ", ".join(f"pg_typeof({_quoted(name)})::text" for name in names)
        one = f"(SELECT * {_rows_of(address)} LIMIT 1) AS one"
        cursor.execute(f"SELECT {types} FROM (SELECT 1) AS always LEFT JOIN {one} ON true")
        (told,) = cursor.fetchall()
    return {
        column.name: SqlColumn(_quoted(column.name) + _cast(column, name))
        for column, name in zip(schema, told, strict=True)
    }


def _cast(column: pa.Field, told: str) -> str:
    """Cast what Arrow has no type for, or has as something else."""
    import pyarrow as pa

    kind, own = column.type, {told.encode(), *(column.metadata or {}).values()}
    if b"numeric" in own:
        return "::float8"
    if told in _AS_TEXT or isinstance(kind, pa.BaseExtensionType) or pa.types.is_interval(kind):
        return "::text"
    return "::text" if pa.types.is_binary(kind) and told != "bytea" else ""


def _of_sqlite(connection: Any, address: SqlAddress) -> dict[str, SqlColumn]:
    """Look at all values: each may have a type of its own, and the driver looks at the first."""
    with connection.cursor() as cursor:
        # Within another query, columns of one name would get names of their own.
        cursor.adbc_statement.set_options(**_batch_size(address, 1, 1))
        cursor.execute(address.query)
        names = unique_names(cursor.fetch_record_batch().schema.names, address.shown)
        held: dict[str, frozenset[str]] = {}
        # SQLite gives no more columns than that at a time.
        for first in range(0, len(names), MOST_ASKED):
            some = names[first : first + MOST_ASKED]
            tests = (f"max(typeof({_quoted(n)}) = '{kind}')" for n in some for kind in STORED)
            cursor.execute(f"SELECT {', '.join(tests)} {_rows_of(address)}")
            (found,) = cursor.fetchall()
            for place, name in enumerate(some):
                has = found[place * len(STORED) : (place + 1) * len(STORED)]
                held[name] = frozenset(kind for kind, yes in zip(STORED, has, strict=True) if yes)
    columns = {}
    for name, kinds in held.items():
        other = ("CAST({0} AS BLOB)", "x'00'") if "blob" in kinds else (_MIXED, "''")
        how, example = _KINDS.get(kinds, other)
        columns[name] = SqlColumn(how.format(_quoted(name)), example)
    return columns


def _batch_size(address: SqlAddress, rows: int, columns: int) -> dict[str, str]:
    if address.system == SQLITE:
        return {"adbc.sqlite.query.batch_rows": str(rows)}
    return {"adbc.postgresql.batch_size_hint_bytes": str(BYTES_OF_CELL * rows * columns)}


def _without_first(stream: Iterable[pa.RecordBatch], address: SqlAddress) -> Iterator[Any]:
    """Leave out the row that told the driver the types."""
    left = int(address.system == SQLITE)
    for batch in stream:
        rest = batch.slice(left)
        left = 0
        if len(rest):
            yield rest


def _rows_of(address: SqlAddress) -> str:
    # A line of its own, as the query may end in a comment.
    return f"FROM ({address.query}\n) AS driftlib_rows"


def _select(values: Iterable[tuple[str, str]]) -> str:
    return "SELECT " + ", ".join(f"{value} AS {_quoted(name)}" for value, name in values)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def speaking(address: SqlAddress) -> Iterator[None]:
    """Word what a driver raises, without what is secret.

    Parameters
    ----------
    address : SqlAddress

    Yields
    ------
    None

    Raises
    ------
    DataError
        In the place of an error of the driver.
    """
    try:
        yield
    except (DriftlibError, GeneratorExit):
        raise
    except Exception as error:
        # Drivers raise errors of their own, of any kind.
        said = _SAYS.search(str(error))
        reason = first_sentence(address.without_secrets(said[1] if said else str(error)))
        raise DataError(
            f"{address.shown} cannot be read ({reason}): run the query by itself."
        ) from None
