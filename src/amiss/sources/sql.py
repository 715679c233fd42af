"""A table or a query of a database: SQLite, PostgreSQL, MariaDB, MySQL. Nothing is written, ever."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from amiss.errors import MissingExtraError, ParameterError, SourceError
from amiss.sources.base import Source, chosen_columns, counted
from amiss.sources.content import no_such_file
from amiss.sources.limits import Limits
from amiss.sources.typed import Columns, from_values

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import URL, Connection, Engine

_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_PRODUCTS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
_BLOCK = 10_000
_PATIENCE = 10
_READING = {20, 21, 31, 33}
"""What SQLite may do for a query: SQLITE_READ, SQLITE_SELECT, SQLITE_FUNCTION, SQLITE_RECURSIVE."""


class SqlSource(Source):
    """A table or a query of a database, read only.

    The session is read-only and takes one statement, which ends after ``timeout`` seconds. A table is read in
    the order of its primary key.

    Parameters
    ----------
    place : str
        ``sqlite:///shop.db?table=orders``, ``postgresql://user:password@host/shop?table=sales.orders``,
        ``mariadb://...`` or ``mysql://...``; ``?query=select ...`` instead of a table. The password is
        never shown.
    table : str, optional
        The table or view, where the URL does not name it; ``schema.table`` where it is not in the default
        one. Not needed where there is only one.
    query : str, optional
        One SELECT, where not a table is wanted.
    columns : list of str, optional
        The columns to read; all by default.
    timeout : float
        Seconds that the database may take for an answer.
    limits : Limits
        How much is read at most.
    """

    name: ClassVar[str] = "sql"
    endings: ClassVar[tuple[str, ...]] = (".db", ".sqlite", ".sqlite3")

    def __init__(
        self,
        place: str = "sqlite:///data.db",
        table: str | None = None,
        query: str | None = None,
        columns: Sequence[str] | None = None,
        timeout: float = 60.0,
        limits: Limits = Limits(),  # noqa: B008 - immutable
    ) -> None:
        self.place = place
        self.table = table
        self.query = query
        self.columns = columns
        self.timeout = timeout
        self.limits = limits

    def parameters(self) -> dict[str, Any]:
        """Return the parameters by name, the password masked."""
        return {**super().parameters(), "place": masked(self.place)}

    def read(self) -> Columns:
        """Return the columns by name."""
        if not (isinstance(self.timeout, int | float) and 0 < self.timeout < math.inf):
            raise ParameterError(
                f"Source 'sql': timeout={self.timeout!r} is not legal. Legal: seconds above 0."
            )
        try:
            import sqlalchemy
        except ImportError as error:
            raise MissingExtraError.of("Reading a database", "sqlalchemy", "sql") from error
        url, table, query = self._split()
        try:
            with _connected(url, self.timeout, self.limits) as connection:
                return self._read(connection, table, query)
        except sqlalchemy.exc.SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).strip()
            reason = _without(url, reason.splitlines()[0] if reason else type(error).__name__)
            secret = url.password and url.password in str(error)
            raise SourceError(
                f"{masked(self.place)} cannot be read: {reason}. Check address, account, table and query; "
                f"the query is one SELECT of at most {self.timeout:g} s."
            ) from (None if secret else error)

    def _split(self) -> tuple[URL, str | None, str | None]:
        """Return the URL of the database, and the table or the query."""
        from sqlalchemy import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(self.place)
            driver = _DRIVERS[url.get_backend_name()]
        except (ArgumentError, KeyError, ValueError) as error:
            raise SourceError(
                f"{masked(self.place)!r} is no database URL. Legal: sqlite:///file.db, "
                "postgresql://user:password@host/database, mariadb://..., mysql://..., each with ?table=name."
            ) from error
        asked = {"table": self.table, "query": self.query}
        for key in asked:
            if key in url.query:
                asked[key] = str(url.query[key])
        if asked["table"] and asked["query"]:
            raise ParameterError(
                "Both a table and a query are given. Legal: one of them. Leave the other out."
            )
        return url.difference_update_query(asked).set(drivername=driver), asked["table"], asked["query"]

    def _read(self, connection: Connection, table: str | None, query: str | None) -> Columns:
        what = "query"
        if query is None:
            statement, table = self._table(connection, table)
            query = str(statement.compile(dialect=connection.dialect))
            what = f"table {table}"
        if connection.dialect.name == "sqlite":
            _allow_reading_only(connection)
        streaming = connection.execution_options(
            stream_results=True, max_row_buffer=_BLOCK, no_parameters=True
        )
        with closing(streaming.exec_driver_sql(query)) as result:
            columns = self._columns(result, what)
        rows = len(next(iter(columns.values())))
        self.found_ = (
            _PRODUCTS[connection.dialect.name],
            what,
            f"{counted(rows, 'row')} x {counted(len(columns), 'column')}",
        )
        return columns

    def _table(self, connection: Connection, table: str | None) -> tuple[Any, str]:
        """Return the statement that reads the table, and its name: the only one where none was asked for."""
        import sqlalchemy as sa

        inspector = sa.inspect(connection)
        known = [*inspector.get_table_names(), *inspector.get_view_names()]
        if table is None:
            if len(known) != 1:
                raise SourceError(
                    f"{masked(self.place)} holds {len(known)} tables: {_listed(known)}. "
                    "Name one: ?table=NAME at the end of the URL."
                )
            table = known[0]
        schema, dot, name = table.rpartition(".")
        if inspector.has_table(table):
            schema, name = "", table
        elif not (dot and inspector.has_table(name, schema=schema)):
            raise SourceError(
                f"{masked(self.place)} has no table {table!r}. It has: {_listed(known)}. Name one of these."
            )
        key = inspector.get_pk_constraint(name, schema=schema or None)["constrained_columns"]
        chosen = sa.select(sa.text("*")).select_from(sa.table(name, schema=schema or None))
        return chosen.order_by(*map(sa.column, key)), table

    def _columns(self, result: Any, what: str) -> Columns:
        if not result.returns_rows:
            raise SourceError(f"The query on {masked(self.place)} gives no rows. Legal: one SELECT.")
        names = list(result.keys())
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SourceError(
                f"The query gives two columns named {twice!r}. Name one of them: {twice} AS other."
            )
        wanted = chosen_columns(what, self.columns, names)
        cells: dict[str, list[Any]] = {name: [] for name in wanted}
        rows = size = 0
        for block in result.partitions(_BLOCK):
            rows += len(block)
            self.limits.check_cells(masked(self.place), rows, len(wanted))
            for name, values in zip(names, zip(*block, strict=True), strict=True):
                lengths = [len(value) for value in values if isinstance(value, str | bytes)]
                size += sum(lengths)
                self.limits.check_length(f"Column {name!r}", max(lengths, default=0))
                if name in cells:
                    cells[name].extend(values)
            self.limits.check_bytes(masked(self.place), size)
        if not rows:
            raise SourceError(f"{masked(self.place)} gives no rows. Name a table or a query that has some.")
        return {name: from_values(values) for name, values in cells.items()}


@contextmanager
def _connected(url: URL, timeout: float, limits: Limits) -> Iterator[Connection]:
    """Open a session that cannot write and whose statements end after ``timeout`` seconds."""
    engine = _engine(url, timeout)
    try:
        with engine.connect() as connection:
            if engine.dialect.name in {"mysql", "mariadb"}:
                seconds, milliseconds = (
                    f"max_statement_time={timeout}",
                    f"max_execution_time={int(timeout * 1000)}",
                )
                limit = seconds if getattr(engine.dialect, "is_mariadb", False) else milliseconds
                # unread rows are read on closing: let there be no more of them than the limits allow
                connection.exec_driver_sql(f"SET SESSION {limit}, sql_select_limit={limits.cells + 1}")
                connection.rollback()
            yield connection
    finally:
        engine.dispose()


def _engine(url: URL, timeout: float) -> Engine:
    import sqlalchemy as sa

    if url.get_backend_name() == "sqlite":
        path = url.database or ""
        if not os.path.exists(path):
            raise SourceError(no_such_file(path))
        return sa.create_engine(
            "sqlite://", creator=lambda: _open_sqlite(path, timeout), poolclass=sa.NullPool
        )
    if url.get_backend_name() == "postgresql":
        milliseconds = max(1, int(timeout * 1000))
        settings: dict[str, Any] = {
            "options": f"-c default_transaction_read_only=on -c statement_timeout={milliseconds}",
            "prepare_threshold": 0,  # a prepared statement is one statement: nothing can follow a semicolon
        }
    else:
        settings = {
            "init_command": "SET SESSION TRANSACTION READ ONLY",
            "read_timeout": math.ceil(timeout) + 5,
        }
    try:
        return sa.create_engine(
            url, connect_args={"connect_timeout": _PATIENCE, **settings}, poolclass=sa.NullPool
        )
    except ImportError as error:
        raise MissingExtraError.of(f"Reading {url.get_backend_name()}", str(error.name), "sql") from error


def _open_sqlite(path: str, timeout: float) -> sqlite3.Connection:
    import sqlite3

    connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
    end = time.monotonic() + timeout
    connection.set_progress_handler(lambda: time.monotonic() > end, 100_000)
    return connection


def _allow_reading_only(connection: Connection) -> None:
    """Forbid all but reading: ATTACH would make a file."""
    import sqlite3

    raw: Any = connection.connection.dbapi_connection
    raw.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)


def masked(place: str) -> str:
    """Return a database URL without its password, for people to read.

    Examples
    --------
    >>> masked("postgresql://ann:secret@db/shop?table=orders&password=secret")
    'postgresql://ann:***@db/shop?table=orders&password=***'
    """
    place = re.sub(r"(://[^/?#]*?):.*@", r"\1:***@", place, count=1, flags=re.DOTALL)
    return re.sub(r"(?i)([?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=)[^&]*", r"\1***", place)


def _listed(names: list[str]) -> str:
    return ", ".join(sorted(names)[:20]) or "none"


def _without(url: URL, text: str) -> str:
    secrets = [url.password, *(v for k, v in url.query.items() if "pass" in k.lower())]
    for secret in filter(None, map(str, filter(None, secrets))):
        text = text.replace(secret, "***")
    return text
