"""Databases are read, never written; the password is never shown."""

from __future__ import annotations

import datetime
import decimal
import os
import pickle
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from amiss.errors import MissingExtraError, ParameterError, SourceError
from amiss.sources import Limits, SqlSource, open_source
from servers import database_urls, engine_of, table_in

TABLE = f"amiss_orders_{os.getpid()}"
COLUMNS = (
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("amount", sa.Float),
    sa.Column("price", sa.Numeric(20, 2)),
    sa.Column("country", sa.String(40)),
    sa.Column("day", sa.Date),
    sa.Column("at", sa.DateTime),
    sa.Column("serial", sa.Numeric(20, 0)),
)
ROWS: list[dict[str, Any]] = [
    {
        "id": 3 - k,
        "amount": None if k == 1 else k + 0.5,
        "price": decimal.Decimal("12.50") * k,
        "country": ["DE", None, "日本 '; DROP TABLE x; --"][k],
        "day": datetime.date(2026, 3, k + 1),
        "at": datetime.datetime(2026, 3, k + 1, 14, 5, k),
        "serial": decimal.Decimal(12345678901234567890 + k),
    }
    for k in range(3)
]


@pytest.fixture(scope="module", params=["sqlite", *database_urls()])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of a database with the table of orders in it, on every server at hand."""
    place = database_urls().get(request.param) or f"sqlite:///{tmp_path_factory.mktemp('sql') / 'shop.db'}"
    copies = [sa.Column(c.name, c.type, primary_key=c.primary_key) for c in COLUMNS]
    rows = [{**row, "serial": None} for row in ROWS] if request.param == "sqlite" else ROWS
    with table_in(place, TABLE, *copies, rows=rows):
        yield place


def with_query(url: str, **query: str) -> str:
    """Return the URL with more in its query."""
    return sa.make_url(url).update_query_dict(query).render_as_string(hide_password=False)


def test_a_table_is_read_in_the_order_of_its_key(url: str) -> None:
    """Numbers, money, text, dates and moments come typed, None is missing, long identifiers stay text."""
    source = open_source(with_query(url, table=TABLE))
    columns = source.read()
    assert isinstance(columns, dict)
    assert columns["id"].tolist() == [1, 2, 3]
    assert np.array_equal(columns["amount"], [2.5, np.nan, 0.5], equal_nan=True)
    assert columns["price"].tolist() == [25.0, 12.5, 0.0]
    assert columns["country"].tolist() == ["日本 '; DROP TABLE x; --", None, "DE"]
    if not url.startswith("sqlite"):  # SQLite keeps dates and long decimals as the text or float it was given
        assert columns["day"].dtype == columns["at"].dtype == np.dtype("datetime64[us]")
        assert columns["at"][0] == np.datetime64("2026-03-03T14:05:02")
        assert columns["serial"].tolist()[0] == "12345678901234567892"
    assert f"table {TABLE}, 3 rows x 7 columns" in source.describe()


def test_a_query_is_read(url: str) -> None:
    """As it is written: colons and per cent signs mean nothing special."""
    query = (
        f"SELECT id AS k, '12:30 :x 5%' AS t FROM {TABLE} WHERE country LIKE 'D%' OR id > 1 ORDER BY id DESC"
    )
    columns = open_source(url, query=query).read()
    assert {name: column.tolist() for name, column in columns.items()} == {  # type: ignore[union-attr]
        "k": [3, 2],
        "t": ["12:30 :x 5%"] * 2,
    }


def test_columns_are_chosen(url: str) -> None:
    """In the order asked for."""
    assert list(open_source(url, table=TABLE, columns=["country", "id"]).read()) == ["country", "id"]
    with pytest.raises(SourceError, match=r"has no column 'land'\. Its columns: id, amount"):
        open_source(url, table=TABLE, columns=["land"]).read()


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE {t}",
        "DELETE FROM {t}",
        "UPDATE {t} SET amount = 0",
        "CREATE TABLE {t}_new (a INT)",
        "SELECT 1; DROP TABLE {t}",
        "COMMIT; DROP TABLE {t}",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "ATTACH DATABASE '{t}.db' AS other",
        "PRAGMA user_version = 7",
        "",
    ],
)
def test_nothing_can_be_written(
    url: str, statement: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the query says, the table is as it was, and no file is made."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"cannot be read|gives? no rows|holds"):
        SqlSource(url, query=statement.format(t=TABLE) or " ").read()
    engine = engine_of(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text(f"SELECT count(*), max(amount) FROM {TABLE}")).one() == (3, 2.5)
        assert not sa.inspect(connection).has_table(f"{TABLE}_new")
    assert os.listdir(tmp_path) == []


def test_a_query_that_takes_too_long_is_stopped(url: str) -> None:
    """The timeout is the database's, so that it stops working as well."""
    slow = {
        "sqlite": "WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n) SELECT count(*) FROM n",
        "postgresql": "SELECT pg_sleep(30)",
        "mariadb": "SELECT a.k FROM (WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n "
        "WHERE k < 900) SELECT k FROM n) a, information_schema.columns b, information_schema.columns c "
        "ORDER BY rand()",
    }[sa.make_url(url).get_backend_name()]
    start = time.monotonic()
    with pytest.raises(SourceError, match=r"one SELECT of at most 0\.5 s"):
        open_source(url, query=slow, timeout=0.5).read()
    assert time.monotonic() - start < 20


def test_limits_stop_a_table_that_is_too_large(url: str) -> None:
    """Cells, length and bytes."""
    for limits, message in [
        (Limits(cells=20), "At most 20 cells"),
        (Limits(cell_length=5), "Column 'country' holds"),
        (Limits(bytes=10), "At most 10 are read"),
    ]:
        with pytest.raises(SourceError, match=message):
            open_source(url, table=TABLE, limits=limits).read()


def test_what_is_not_there_is_said(url: str) -> None:
    """A table that is not there, rows that are not there, two columns of one name, two questions at once."""
    with pytest.raises(SourceError, match=rf"has no table 'ordrs'\. It has: .*{TABLE}"):
        open_source(url, table="ordrs").read()
    with pytest.raises(SourceError, match="gives no rows"):
        open_source(url, query=f"SELECT * FROM {TABLE} WHERE id > 99").read()
    with pytest.raises(SourceError, match=r"two columns named 'id'\. Name one of them: id AS other"):
        open_source(url, query=f"SELECT a.id, b.id FROM {TABLE} a, {TABLE} b").read()
    with pytest.raises(ParameterError, match="Both a table and a query"):
        open_source(with_query(url, query="SELECT 1"), table=TABLE).read()


def test_a_table_whose_name_is_hostile_is_read(url: str) -> None:
    """Names are quoted, whatever is in them."""
    name = f'x"; DROP TABLE {TABLE}; --`'[:60]
    with table_in(url, name, sa.Column("a b", sa.Integer), rows=[{"a b": 7}]):
        assert open_source(url, table=name).read()["a b"].tolist() == [7]  # type: ignore[call-overload,union-attr]
    assert len(open_source(url, table=TABLE).read()["id"]) == 3  # type: ignore[call-overload,union-attr]


def test_sqlite_is_known_by_ending_and_by_content(tmp_path: Path) -> None:
    """A file needs no URL; its only table needs no name; the file is not changed."""
    for name in ("shop.db", "shop", "shop.sqlite3"):
        with sqlite3.connect(tmp_path / name) as connection:
            connection.execute("CREATE TABLE only_one (a, b)")
            connection.execute("INSERT INTO only_one VALUES (1, 'x'), (2, x'00ff'), (NULL, 3)")
        connection.close()
        before = (tmp_path / name).read_bytes()
        source = open_source(str(tmp_path / name))
        columns = source.read()
        assert isinstance(columns, dict)
        assert columns["b"].tolist() == ["x", "00ff", "3"]
        assert source.describe() == "SQLite, table only_one, 3 rows x 2 columns"
        assert (tmp_path / name).read_bytes() == before
    with pytest.raises(SourceError, match=r"There is no file '.*shp\.db'.*Did you mean"):
        open_source(f"sqlite:///{tmp_path}/shp.db").read()
    assert not (tmp_path / "shp.db").exists()
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)
    with pytest.raises(SourceError, match="cannot be read"):
        open_source(str(tmp_path / "bad.db")).read()


def test_several_tables_are_listed(tmp_path: Path) -> None:
    """So that one can be named."""
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE beta (a)")
        connection.execute("CREATE TABLE alpha (a)")
    connection.close()
    with pytest.raises(SourceError, match=r"holds 2 tables: alpha, beta\. Name one: \?table=NAME"):
        open_source(str(tmp_path / "a.db")).read()


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://ann:geheim@127.0.0.1:1/shop?table=orders",
        "mariadb://ann:geheim@127.0.0.1:1/shop?table=orders",
        "postgresql://ann@127.0.0.1:1/shop?table=orders&password=geheim",
        "postgresql://ann:geheim@127.0.0.1:port/shop",
        "postgresql://ann:geheim%40@127.0.0.1:1/geheim",
        "oracle://ann:geheim@127.0.0.1/shop",
    ],
)
def test_the_password_is_never_shown(place: str) -> None:
    """Neither in repr, nor in spec, nor in an error, nor in what it came from."""
    shown = []
    try:
        source = SqlSource(place)
        shown += [repr(source), source.spec(), source.describe()]
        source.read()
    except SourceError:
        shown.append(traceback.format_exc())
    assert len(shown) == 4
    assert "geheim" not in "".join(shown).replace("/geheim", "").replace('"geheim"', "")
    assert "***" in shown[-1]


def test_a_wrong_password_is_never_shown(url: str) -> None:
    """The server's own words are passed on without it."""
    wrong = sa.make_url(url).set(username="nobody_here", password="geheim", query={})
    if wrong.get_backend_name() == "sqlite":
        wrong = sa.make_url("postgresql://nobody_here:geheim@127.0.0.1:1/test")
    with pytest.raises(SourceError) as caught:
        SqlSource(wrong.render_as_string(hide_password=False), table="x").read()
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("module", "place", "names"),
    [
        ("sqlalchemy", "sqlite:///a.db", "sqlalchemy"),
        ("psycopg", "postgresql://a@127.0.0.1/x", "psycopg"),
        ("pymysql", "mariadb://a@127.0.0.1/x", "pymysql"),
    ],
)
def test_a_package_that_is_missing_is_named_with_the_pip_line(module: str, place: str, names: str) -> None:
    """In a process in which it cannot be imported."""
    code = (
        f"import sys, pickle; sys.modules[{module!r}] = None\n"
        "from amiss.sources import open_source\n"
        f"try: open_source({place!r}, table='x').read()\n"
        "except Exception as error: sys.stdout.buffer.write(pickle.dumps((type(error).__name__, str(error))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    kind, message = pickle.loads(done.stdout)
    assert kind == MissingExtraError.__name__
    assert f"needs {names}. Install: pip install 'amiss[sql]'." in message


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_the_timeout_is_seconds_above_zero(timeout: float) -> None:
    """Anything else would be no timeout."""
    with pytest.raises(ParameterError, match="Legal: seconds above 0"):
        SqlSource("sqlite:///a.db", timeout=timeout).read()
