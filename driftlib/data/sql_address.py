"""Read the address of a table in a database, and write it without its secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from driftlib.errors import DataError
from driftlib.files import home_path

PREFIX = "sql:"
POSTGRES, SQLITE = "Postgres", "SQLite"
SYSTEMS = {"postgresql": POSTGRES, "postgres": POSTGRES, "sqlite": SQLITE}
HOW = "write sql:postgresql://me@host/database table, or sql:sqlite:///file.db select x from seen"
# Names of variables that hold the passwords of a run.
HELD = "DRIFTLIB_SQL_PASSWORD"
_QUERY = re.compile(r"(select|with|values)\b|\(", re.IGNORECASE)
# A host, perhaps with a port, and a database.
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/@\[\]]*)(:\d+)?(/[^/]*)?")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class SqlAddress:
    """Where rows are: a database, and a table or a query of it.

    Parameters
    ----------
    system : {"Postgres", "SQLite"}
    database : str
        Its name, or that of its file.
    query : str
        What gives the rows.
    table : str
        The name of the table; empty of a query.
    connection : str
        What a driver takes, with secrets.
    file : Path
        Of SQLite.
    secrets : tuple of str
        What no message may hold.
    """

    system: str
    database: str
    query: str
    table: str
    connection: str = field(repr=False)
    file: Path = Path()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def shown(self) -> str:
        """What to call it in a message or on a page."""
        return f"{self.table or 'a query'} of {self.database}"

    def without_secrets(self, text: str) -> str:
        """Take secrets out of what a driver says.

        Parameters
        ----------
        text : str

        Returns
        -------
        str
        """
        for secret in filter(None, self.secrets):
            text = text.replace(secret, "***")
        return text


def is_sql(source: Any) -> bool:
    """Tell whether a source is the address of a table in a database.

    Parameters
    ----------
    source : object

    Returns
    -------
    bool

    Examples
    --------
    >>> is_sql("sql:sqlite:///april.db predictions"), is_sql("sql.csv")
    (True, False)
    """
    return isinstance(source, str) and source.startswith(PREFIX)


def sql_address(source: str) -> SqlAddress:
    """Read an address such as "sql:postgresql://me@host/sales predictions".

    Parameters
    ----------
    source : str
        After "sql:" a URL, a space, and a table, perhaps with its schema, or a query. ${NAME}
        in the URL stands for a variable of the environment, so that no file need hold a password.

    Returns
    -------
    SqlAddress

    Raises
    ------
    DataError
        If it is not such an address. It repeats nothing that could be a password.

    Examples
    --------
    >>> address = sql_address("sql:sqlite:////data/april.db select x from seen where x > 0;")
    >>> address.shown, address.query, address.connection
    ('a query of april.db', 'select x from seen where x > 0', 'file:/data/april.db?mode=ro')
    >>> sql_address("sql:postgresql://me:secret@host/sales shop.seen").query
    'SELECT * FROM "shop"."seen"'
    """
    parts = _take_apart(source)
    if not parts.asked:
        raise DataError(f"the address of a database names no table and no query: {HOW}.")
    table = "" if _QUERY.match(parts.asked) else parts.asked
    query = f"SELECT * FROM {_quoted_table(table)}" if table else parts.asked
    if parts.system == SQLITE:
        path = home_path(unquote(from_environment(parts.place)))
        connection = f"file:{quote(str(path.absolute()))}?mode=ro"
        return SqlAddress(SQLITE, path.name, query, table, connection, path)
    password = unquote(from_environment(parts.password))
    login = quote(unquote(from_environment(parts.user)), safe="")
    host, _, database = from_environment(parts.place).partition("/")
    database = unquote(database)
    written = f"{login}:{quote(password, safe='')}" if password else login
    connection = f"postgresql://{written}@" if written else "postgresql://"
    connection += f"{host}/{quote(database, safe='')}" + ("?" + parts.options) * bool(parts.options)
    secrets = (password, quote(password, safe=""))
    shown = database or host or POSTGRES
    return SqlAddress(POSTGRES, shown, query, table, connection, secrets=secrets)


@dataclass(frozen=True)
class _Parts:
    """An address as it is written; `place` is a path, or a host with a database."""

    scheme: str
    system: str
    user: str
    password: str = field(repr=False)
    place: str
    options: str
    asked: str

    def written(self) -> str:
        user = f"{self.user}:{self.password}" if self.password else self.user
        options = f"?{self.options}" if self.options else ""
        root = "/" if self.system == SQLITE else ""
        at = "@" if user else ""
        return f"{PREFIX}{self.scheme}://{root}{user}{at}{self.place}{options} {self.asked}".strip()


def _take_apart(source: str) -> _Parts:
    """Take an address apart; an error says nothing of what is in it, as it may be a password."""
    url, _, asked = source.removeprefix(PREFIX).strip().partition(" ")
    asked = asked.strip().rstrip(";").rstrip()
    scheme, colon, rest = url.partition("://")
    system = SYSTEMS.get(scheme.partition("+")[0].lower(), "")
    if not colon or not system:
        raise DataError(f"an address of a database is neither of Postgres nor of SQLite: {HOW}.")
    place, _, options = rest.partition("?")
    if system == SQLITE:
        return _Parts(scheme, system, "", "", place.removeprefix("/"), "", asked)
    # A password may hold a slash or an @, written as URLs want it or not.
    login, _, place = place.rpartition("@")
    user, _, password = login.partition(":")
    if not _PLACE.fullmatch(place):
        raise DataError(
            "the address of a Postgres database cannot be read (in a password, write a space as "
            f"%20 and a question mark as %3F): {HOW}."
        )
    if "password" in options.lower():
        raise DataError(
            "the address of a Postgres database has a password among its options: write it before "
            "the @, as ${NAME} to have it from the environment, or in PGPASSWORD."
        )
    return _Parts(scheme, system, user, password, place, options, asked)


def from_environment(text: str) -> str:
    """Put values of the environment into an address, written as URLs want them.

    Parameters
    ----------
    text : str
        With ${NAME} where a value goes.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If the environment does not have a name.
    """
    return _VARIABLE.sub(_value, text)


def _quoted_table(table: str) -> str:
    if '"' in table:
        return table
    return ".".join(f'"{part}"' for part in table.split("."))


def _value(found: re.Match[str]) -> str:
    value = os.environ.get(found[1])
    if value is None:
        raise DataError(
            f"the address of a database names the variable {found[1]}, which the environment does "
            "not have: set it."
        )
    return quote(value, safe="")


def public_source(source: str) -> str:
    """Write a source as pages, logs and histories may hold it.

    Parameters
    ----------
    source : str
        A path, or the address of a table in a database.

    Returns
    -------
    str
        Without a password, and without the options of a URL.

    Examples
    --------
    >>> public_source("sql:postgresql://me:a/b@c@host/sales?sslmode=require seen")
    'sql:postgresql://me@host/sales seen'
    >>> public_source("april.csv")
    'april.csv'
    """
    if not is_sql(source):
        return source
    try:
        return replace(_take_apart(source), password="", options="").written()
    except DataError:
        return f"{PREFIX}..."


def secrets_in_environment(values: Mapping[str, Any]) -> dict[str, Any]:
    """Put the passwords of sources into variables of the environment, for workers to read.

    Parameters
    ----------
    values : mapping of str to object
        Of which some may be addresses of tables.

    Returns
    -------
    dict of str to object
        The same, with names of variables where passwords were.

    Examples
    --------
    >>> secrets_in_environment({"current": "sql:postgresql://me:secret@host/sales seen"})
    {'current': 'sql:postgresql://me:${DRIFTLIB_SQL_PASSWORD_CURRENT}@host/sales seen'}
    """
    return {name: _held(name, value) if is_sql(value) else value for name, value in values.items()}


def _held(name: str, source: str) -> str:
    parts = _take_apart(source)
    if not parts.password or _VARIABLE.fullmatch(parts.password):
        return source
    variable = f"{HELD}_{name.upper()}"
    os.environ[variable] = unquote(parts.password)
    return replace(parts, password=f"${{{variable}}}").written()


def absolute_source(source: str, folder: Path) -> str:
    """Write a path, or the address of an SQLite file, so that it means the same everywhere.

    Parameters
    ----------
    source : str
    folder : Path
        What a relative path is relative to.

    Returns
    -------
    str

    Examples
    --------
    >>> absolute_source("sql:sqlite:///a.db seen", Path("/data"))
    'sql:sqlite:////data/a.db seen'
    """
    if not is_sql(source):
        return str(folder / home_path(source))
    parts = _take_apart(source)
    if parts.system != SQLITE or "${" in parts.place:
        return source
    path = folder.absolute() / home_path(unquote(parts.place))
    return replace(parts, place=quote(path.as_posix())).written()
