"""Tables and queries of Postgres and SQLite: counted as pandas has them, and no secret told."""

import os
import sqlite3
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.cli import main
from driftlib.data import sql
from driftlib.data.opening import open_source, read_frame, source_name
from driftlib.data.sql_address import absolute_source, public_source, secrets_in_environment
from driftlib.profile.profile import Profile
from tests.postgres import PASSWORD, VARIABLE

SERVER = os.environ.get(VARIABLE, "")
postgres = pytest.mark.skipif(not SERVER, reason="no Postgres server: make test-postgres")
pytest.importorskip("adbc_driver_sqlite")


@pytest.fixture
def frame(rng):
    """Whole numbers, numbers with decimals, text and booleans, each with gaps."""
    rows = 4000
    found = pd.DataFrame(
        {
            "n": rng.integers(0, 50, rows), "x": rng.normal(size=rows),
            "price": np.round(rng.gamma(2, 10, rows), 2), "c": rng.choice(list("abcd"), rows),
            "t": pd.date_range("2024-01-01", periods=rows, freq="h"),
        }
    )  # fmt: skip
    for place, name in enumerate(("x", "price", "c")):
        found.loc[place::7, name] = None
    return found


def write_sqlite(path, frame):
    with sqlite3.connect(path) as connection:
        frame.assign(t=frame["t"].astype(str)).to_sql("seen", connection, index=False)
    return f"sql:sqlite:///{path} seen"


@pytest.fixture
def table(frame):
    """The address of a table in Postgres, with a decimal column and a NaN beside NULLs."""
    import psycopg

    url = SERVER.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        kinds = "n int8, x float8, price numeric(12, 2), c text, t timestamp"
        connection.execute(f"DROP TABLE IF EXISTS seen; CREATE TABLE seen ({kinds})")
        with connection.cursor().copy("COPY seen FROM STDIN") as copy:
            for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
                copy.write_row([None if v is None else str(v) for v in row])
    return f"sql:{url} seen"


def check_like_pandas(address, frame, monkeypatch):
    monkeypatch.setattr(sql, "rows_at_once", lambda columns: 500)
    names = {"timestamp": "t", "categorical": ["n"]}
    baseline = dl.Baseline.fit(frame[:3000], **names)
    found, expected = baseline.profile(address), baseline.profile(frame)
    assert isinstance(found, Profile)
    for name, counts in expected.columns.items():
        for item, value in vars(counts).items():
            other = getattr(found.columns[name], item)
            if item in ("mean", "squares", "gaps"):
                # Sums of batches differ from the sum of all in their last digits.
                np.testing.assert_allclose(other, value, rtol=1e-12, atol=1e-12)
            else:
                np.testing.assert_equal(other, value, f"{name} {item}")
    assert dl.Baseline.fit(address, **names).id == dl.Baseline.fit(frame, **names).id
    trend = dl.drift_trend(baseline, address, window="28D")
    expected = dl.drift_trend(baseline, frame, window="28D")
    pd.testing.assert_frame_equal(trend.table, expected.table, rtol=1e-12)


def test_sqlite_counts_like_pandas(frame, tmp_path, monkeypatch):
    address = write_sqlite(tmp_path / "a b.db".replace(" ", "_"), frame)
    check_like_pandas(address, frame.assign(t=frame["t"].astype(str)), monkeypatch)


@postgres
def test_postgres_counts_like_pandas(table, frame, monkeypatch):
    check_like_pandas(table, frame, monkeypatch)


@postgres
def test_postgres_values_are_those_of_pandas(frame, table):
    """Decimals are floats, NULL and NaN both missing, types that Arrow lacks are text."""
    import psycopg
    import sqlalchemy as sa

    columns = (
        "1.10::numeric(10, 2) AS d, 'NaN'::numeric AS dn, 'NaN'::float8 AS f, NULL::float8 AS g, "
        "9007199254740993::int8 AS big, NULL::int8 AS none, 0.1::float4 AS small, true AS yes, "
        "'ab'::char(3) AS padded, gen_random_uuid() AS id, 12.5::money AS money, "
        "interval '1 day' AS long, date '2024-01-02' AS day, now() AS moment, 'x'::xml AS xml, "
        "'infinity'::timestamp AS never, 'calm'::mood AS mood, 1.5::cost AS cost, 3::age AS age"
    )
    url, _, _ = table.removeprefix("sql:").partition(" ")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "DROP TYPE IF EXISTS mood, cost, age; CREATE TYPE mood AS ENUM ('calm', 'cross'); "
            "CREATE DOMAIN cost AS numeric; CREATE DOMAIN age AS int"
        )
    address = f"sql:{url} SELECT {columns}; "
    found = read_frame(address).iloc[0]
    engine = sa.create_engine(SERVER)
    expected = pd.read_sql(f"SELECT {columns}".replace("'infinity'::timestamp", "1"), engine).iloc[
        0
    ]
    engine.dispose()
    assert (found["d"], found["big"]) == (1.1, 9007199254740993)
    assert found[["dn", "f", "g", "none"]].isna().all()
    for name in ("d", "big", "yes", "padded", "day"):
        assert found[name] == expected[name], name
    assert found[["money", "long", "mood"]].tolist() == ["$12.50", "1 day", "calm"]
    assert (found["cost"], found["age"]) == (1.5, 3)
    assert read_frame(f"sql:{url} select 1.5 as x, null::numeric as y")["y"].dtype == float


@postgres
def test_all_passes_see_one_moment_and_nothing_is_written(frame, table):
    import psycopg

    source = open_source(table, "current", "the current data")
    url = table.removeprefix("sql:").partition(" ")[0]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO seen SELECT * FROM seen")
        assert sum(len(batch.frame) for batch in source.batches(["x"])) == len(frame)
        assert sum(len(b.frame) for b in open_source(table, "", "").batches()) == 2 * len(frame)
        connection.execute(
            "CREATE OR REPLACE FUNCTION wipe() RETURNS int LANGUAGE sql AS "
            "'DELETE FROM seen RETURNING 1'"
        )
    with pytest.raises(dl.DriftlibError, match="in a read-only transaction"):
        read_frame(f"sql:{url} select wipe() AS x")


@postgres
def test_no_secret_of_postgres_is_told(table, tmp_path, capsys, frame):
    url = table.removeprefix("sql:").partition(" ")[0]
    wrong = url.replace(quote(PASSWORD, safe=""), "an0ther-secret")
    for address in (f"sql:{wrong} seen", f"sql:{url} nothing", f"sql:{url} select 1/0 AS x"):
        with pytest.raises(dl.DriftlibError) as caught:
            read_frame(address)
        said = f"{caught.value} {caught.value.__cause__}"
        assert "seen of postgres" in said or "of postgres cannot be read" in said
        assert "secret" not in said
        assert PASSWORD not in said
    history, saved = str(tmp_path / "h.db"), str(tmp_path / "b.json")
    dl.Baseline.fit(frame, timestamp="t").save(saved)
    out = ["--json", str(tmp_path / "j"), "--markdown", str(tmp_path / "m")]
    assert main(["check", saved, table, "--history", history, *out]) == 0
    assert main(["init", table, "--output", str(tmp_path / "d.yml")]) == 0
    printed = "".join(capsys.readouterr())
    assert dl.History(history).runs()["source"].tolist() == [public_source(table)]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in printed
        assert secret.encode() not in kept


def test_columns_of_sqlite_whose_values_are_of_several_types(tmp_path):
    """A driver looks at the first rows; later ones may hold anything."""
    rows = 3000
    late = np.arange(rows) >= 2900
    found = pd.DataFrame({"whole_then_half": np.where(late, 0.5, 1.0)}, dtype=object)
    found["whole_then_half"] = [0.5 if is_late else 1 for is_late in late]
    found["empty_then_text"] = ["a" if is_late else None for is_late in late]
    found["number_then_text"] = ["7" if is_late else 7.0 for is_late in late]
    found["never"] = None
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        kinds = ", ".join(found.columns)
        connection.execute(f"CREATE TABLE odd ({kinds})")
        marks = ", ".join("?" * found.shape[1])
        connection.executemany(f"INSERT INTO odd VALUES ({marks})", found.to_numpy().tolist())
        seen = pd.read_sql("SELECT * FROM odd", connection)
    assert seen["whole_then_half"].dtype == float
    read = read_frame(f"sql:sqlite:///{path} select * from odd -- all of them")
    np.testing.assert_array_equal(read["whole_then_half"], seen["whole_then_half"])
    assert read["empty_then_text"].value_counts().to_dict() == {"a": 100}
    assert read["number_then_text"].value_counts().to_dict() == {"7": rows}
    assert read["never"].isna().all()


def test_sqlite_is_only_read_and_says_what_is_wrong(tmp_path, frame):
    address = write_sqlite(tmp_path / "seen.db", frame)
    assert source_name(address, "current") == "seen of seen.db"
    query = address.removesuffix("seen") + "select x, c from seen where n < 10"
    assert len(read_frame(query)) == (frame["n"] < 10).sum()
    cases = {
        address.replace("seen.db", "none.db"): "no SQLite file '.*none.db': check",
        f"{address}s": r"seens of seen.db cannot be read \(no such table: seens\)",
        address.removesuffix(" seen"): "names no table and no query: write sql:",
        query.replace("x, c", "x, x"): "more than one column named 'x'",
        query.replace("n < 10", "n < 0"): "has no rows",
        "sql:mysql://me:secret@host/db t": "neither of Postgres nor of SQLite",
        "sql:postgresql://me:sec ret@host/db t": "write a space as %20",
        "sql:postgresql://me:sec?ret@host/db t": "write a space as %20",
        "sql:postgresql://me:secret@host:port/db t": "cannot be read",
        "sql:postgresql://host/db?password=secret t": "among its options",
        "sql:postgresql://me:${NO_SUCH}@host/db t": "names the variable NO_SUCH",
    }
    for wrong, words in cases.items():
        with pytest.raises(dl.DriftlibError, match=words) as caught:
            read_frame(wrong)
        assert "secret" not in str(caught.value)
        assert "secret" not in public_source(wrong)
        assert "ret@" not in public_source(wrong)


def test_secrets_leave_addresses_for_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("DRIFTLIB_SQL_PASSWORD_CURRENT", "")
    given = {"current": "sql:postgresql://me:a%20b/c@h:5/db?sslmode=require t", "rows": 3}
    held = secrets_in_environment(given)
    assert held["current"] == (
        "sql:postgresql://me:${DRIFTLIB_SQL_PASSWORD_CURRENT}@h:5/db?sslmode=require t"
    )
    assert secrets_in_environment(held) == held
    connection = "postgresql://me:a%20b%2Fc@h:5/db?sslmode=require"
    assert sql.sql_address(held["current"]).connection == connection
    assert sql.sql_address(given["current"]).connection == connection
    assert "a b" not in repr(sql.sql_address(held["current"]))
    assert absolute_source("a.csv", tmp_path) == str(tmp_path / "a.csv")
    assert absolute_source(held["current"], tmp_path) == held["current"]
