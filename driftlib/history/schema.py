"""Lay out a history's tables, open its database, and bring an older one up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from driftlib.data.sql_address import from_environment
from driftlib.errors import DataError, MissingExtraError
from driftlib.files import home_path, is_address, short_path
from driftlib.history.codec import kept_text
from driftlib.text import first_sentence

try:
    import sqlalchemy as sa
    from sqlalchemy.engine import Connection, Engine
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError
except ImportError as error:
    raise MissingExtraError("sqlalchemy", "history", "Keeping a history") from error

VERSION = 1
# How long one run waits for another that is writing.
SECONDS_TO_WAIT = 60
# What those who write to one Postgres lock: any number that is ours.
LOCK = 0x6472696674

TABLES = sa.MetaData()


class _Words(sa.TypeDecorator[str]):
    """Text of any kind: what no database can hold is written as escapes."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else kept_text(value)


def _table(name: str, *columns: Any) -> sa.Table:
    return sa.Table(f"driftlib_{name}", TABLES, *columns)


def _key() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _of(name: str) -> sa.Column[int]:
    place = sa.ForeignKey(f"driftlib_{name}s.id", ondelete="CASCADE")
    return sa.Column(f"{name}_id", sa.Integer, place, nullable=False, index=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _Words, nullable=False, default="")


def _number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Float(53))


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, default=False)


meta = _table("meta", sa.Column("key", _Words, primary_key=True), _text("value"))
models = _table(
    "models", _key(), sa.Column("name", _Words, nullable=False, unique=True),
    _text("window"), _text("time"), _text("zone"),
)  # fmt: skip
baselines = _table(
    "baselines", _key(), _of("model"), _text("fingerprint"), _count("rows"), _text("recorded"),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("model_id", "fingerprint"),
)  # fmt: skip
runs = _table(
    "runs", _key(), _of("model"), _of("baseline"), _text("recorded"),
    _text("host"), _text("source"), _count("rows"), _count("windows"), _text("first"),
    _text("last"), _flag("dates"), _text("severity"), _text("headline"),
)  # fmt: skip
# The rows of a run that lie in one window, of one cell of the season.
parts = _table(
    "parts", _key(), _of("run"), _text("start"), _text("cell"), _count("rows"), _text("notes"),
    _text("fingerprint"), sa.Column("units", sa.LargeBinary),
    sa.UniqueConstraint("run_id", "start", "cell"),
)  # fmt: skip
profiles = _table(
    "profiles", _of("part"), sa.Column("feature", _Words, nullable=False),
    sa.Column("counts", sa.LargeBinary, nullable=False),
    sa.PrimaryKeyConstraint("part_id", "feature"),
)  # fmt: skip
# What all runs together have of a window, compared with the baseline.
windows = _table(
    "windows", _key(), _of("baseline"), _text("start"), _text("end"), _count("rows"),
    _text("note"), _text("policy"), sa.Column("findings", sa.LargeBinary, nullable=False),
    sa.Column("coarse", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("baseline_id", "start"),
)  # fmt: skip
# The same in columns, for whoever asks by SQL.
findings = _table(
    "findings", _of("window"), sa.Column("feature", _Words, nullable=False), _text("kind"),
    _text("severity"), _flag("drifted"), _number("psi"), _number("q_value"),
    _number("missing_current"), _text("note"), sa.PrimaryKeyConstraint("window_id", "feature"),
)  # fmt: skip
metrics = _table(
    "metrics", _key(), _of("model"), _of("run"), _text("start"), _text("end"), _text("segment"),
    _text("metric"), _flag("estimated"), _text("task"), _number("value"), _number("lower"),
    _number("upper"), _number("threshold"), _number("reference_value"),
    _number("reference_lower"), _number("reference_upper"), _flag("breached"),
    _flag("degraded"), _count("n"),
    _count("n_labelled"), _text("note"), _text("recorded"),
    sa.UniqueConstraint("model_id", "start", "segment", "metric", "estimated"),
)  # fmt: skip
# What labels that came late put another value in the place of.
former_metrics = _table(
    "former_metrics", _key(), _of("metric"), _number("value"), _number("lower"),
    _number("upper"), _count("n_labelled"), _text("recorded"), _text("replaced"),
)  # fmt: skip
alerts = _table(
    "alerts", _key(), _of("model"), _text("subject"), _text("about"), _text("kind"),
    _text("severity"), _text("state"), _text("message"), _text("worst"), _text("worst_message"),
    _text("window"), _text("opened"), _text("closed"), _text("silent_until"), _text("word"),
)  # fmt: skip
# What was advised, as a forecast, and what became of it by later labels.
advices = _table(
    "advices", _key(), _of("model"), _text("recorded"), _text("start"), _text("end"),
    _text("action"), _text("fitted_on"), _text("metric"), _text("why"), _count("rows"),
    _number("value"), _number("minimum_gain"), _number("expected_value"), _number("expected"),
    _number("lower"), _number("upper"), _text("corrections"), _text("scored"),
    _number("realised_value"), _number("realised"), _number("realised_lower"),
    _number("realised_upper"), _text("best"), _number("regret"), _text("verdict"),
)  # fmt: skip
# What receivers are to be told, and whether they were.
messages = _table(
    "messages", _key(), _of("model"), _of("alert"), _text("receiver"), _text("state"),
    _text("window"), _text("created"), _text("sent"), sa.Column("tries", sa.Integer, default=0),
    sa.UniqueConstraint("alert_id", "receiver", "state", "window"),
)  # fmt: skip

# What brings a database of a version to the next: statements by version.
MIGRATIONS: dict[int, tuple[str, ...]] = {}


class Database:
    """A database that holds the history of any number of models.

    Parameters
    ----------
    url : str
        A path, for a file of SQLite, or the URL of a database as SQLAlchemy takes it; ${NAME} in
        it stands for a variable of the environment.

    Raises
    ------
    DataError
        If it cannot be opened, or a newer driftlib wrote it.
    """

    def __init__(self, url: str) -> None:
        remote = is_address(url) or url.startswith("sqlite:")
        # Until it is read nobody knows where in it a password is.
        self.shown = short_path(f"{url.partition(':')[0]}:..." if remote else url)
        try:
            address = _remote(url) if remote else _local(url)
            self.shown = short_path(address.set(query={}).render_as_string(hide_password=True))
            self.engine = _engine(address)
            with self.write() as connection:
                _bring_up(connection, self.shown)
        except (SQLAlchemyError, ImportError, OSError, ValueError) as error:
            raise self.unusable(error) from None

    def unusable(self, error: BaseException) -> DataError:
        """Word an error of the database, without the secrets of its URL.

        Parameters
        ----------
        error : exception

        Returns
        -------
        DataError
        """
        reason = first_sentence(getattr(error, "orig", None) or error)
        return DataError(f"the history {self.shown} cannot be used ({reason}): check the path.")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Begin a transaction that writes: all of it is kept, or nothing.

        Yields
        ------
        sqlalchemy.engine.Connection
        """
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    # As in SQLite, one writes at a time: nothing is made or begun twice.
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Begin to read: what is read is of one moment.

        Yields
        ------
        sqlalchemy.engine.Connection
        """
        with self.engine.connect() as connection, connection.begin():
            yield connection


def new_id(done: sa.CursorResult[Any]) -> int:
    """Tell the id of a row that was inserted.

    Parameters
    ----------
    done : sqlalchemy.CursorResult

    Returns
    -------
    int
    """
    key = done.inserted_primary_key
    return int(key[0]) if key else 0


def _remote(url: str) -> sa.URL:
    try:
        address = sa.make_url(from_environment(url))
    except ValueError:
        raise ValueError("its port is no number") from None
    # Releases of SQLAlchemy of old put the whole of it into what they say.
    except ArgumentError:
        raise ValueError("it is not of the form postgresql://NAME:PASSWORD@HOST/NAME") from None
    if "@" in (address.host or ""):
        raise ValueError("in a password, write @ as %40, / as %2F and : as %3A")
    return address


def _local(url: str) -> sa.URL:
    path = home_path(url)
    path.parent.mkdir(parents=True, exist_ok=True)
    return sa.URL.create("sqlite", database=str(Path(path).absolute()))


def _engine(address: sa.URL) -> Engine:
    if address.get_backend_name() != "sqlite":
        return sa.create_engine(address, pool_pre_ping=True)
    engine = sa.create_engine(address, connect_args={"timeout": SECONDS_TO_WAIT})

    # sqlite3 begins no transaction before it writes; ours begin with the lock that they need.
    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _bring_up(connection: Connection, shown: str) -> None:
    """Make the tables, or those that a newer version has."""
    TABLES.create_all(connection)
    asked = sa.select(meta.c.value).where(meta.c.key == "version")
    found = connection.execute(asked).scalar_one_or_none()
    if found is None:
        connection.execute(meta.insert().values(key="version", value=str(VERSION)))
        return
    version = int(found)
    if version > VERSION:
        raise DataError(
            f"the history {shown} was written by a newer driftlib (format {version}, and this one "
            f"knows {VERSION}): use that one."
        )
    for number in range(version, VERSION):
        for statement in MIGRATIONS[number]:
            connection.exec_driver_sql(statement)
    if version < VERSION:
        connection.execute(meta.update().values(value=str(VERSION)).where(meta.c.key == "version"))
