"""Relations of DuckDB and Ibis are streamed, pass after pass, and counted like tables."""

import pandas as pd
import pyarrow as pa
import pytest

import driftlib as dl
from driftlib.data.opening import open_source
from driftlib.data.relations import Relation


class Told:
    """What a DuckDB relation has, for where there is none: columns, project and a stream."""

    __module__ = "duckdb"

    def __init__(self, table):
        self.table, self.columns = table, table.column_names

    def project(self, text):
        return Told(self.table.select([name.strip('" ') for name in text.split(",")]))

    select = project

    def to_arrow_reader(self, rows):
        if "fail" in self.columns:
            raise RuntimeError("no such file: part 3")
        return pa.RecordBatchReader.from_batches(
            self.table.schema, self.table.to_batches(max_chunksize=min(rows, 300))
        )

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.fixture
def table(rng):
    frame = pd.DataFrame({"x": rng.normal(size=1000), "c": rng.choice(list("abc"), 1000)})
    frame["t"] = pd.date_range("2024-01-01", periods=1000, freq="h")
    frame.loc[::7, "x"] = None
    return pa.Table.from_pandas(frame, preserve_index=False)


def test_a_relation_counts_like_its_table(table):
    assert isinstance(open_source(Told(table), "current", "current"), Relation)
    baseline, known = dl.Baseline.fit(Told(table)), dl.Baseline.fit(table)
    assert baseline.id == known.id
    late = table.slice(500)
    for function, options in ((dl.detect_drift, {}), (dl.drift_trend, {"window": "7D", "on": "t"})):
        found, expected = (function(known, data, **options) for data in (Told(late), late))
        pd.testing.assert_frame_equal(found.table, expected.table, check_dtype=False)


def test_a_query_that_fails_gets_a_sentence(table):
    failing = Told(table.rename_columns(["x", "fail", "t"]))
    with pytest.raises(dl.DriftlibError, match=r"cannot be read \(no such file: part 3\): run its"):
        dl.Baseline.fit(failing)


def test_a_query_that_fails_on_the_way_gets_a_sentence_and_a_fault_of_counting_none(table):
    class Broken(Told):
        __module__ = "duckdb"

        def project(self, text):
            return Broken(super().project(text).table)

        select = project

        def to_arrow_reader(self, rows):
            def batches():
                yield self.table.to_batches(max_chunksize=300)[0]
                raise RuntimeError("the connection is gone")

            return pa.RecordBatchReader.from_batches(self.table.schema, batches())

    with pytest.raises(dl.DriftlibError, match=r"cannot be read \(the connection is gone\)"):
        dl.Baseline.fit(Broken(table))

    def count(batch):
        raise TypeError("a fault of our own")

    with pytest.raises(TypeError, match="a fault of our own"):
        Relation("current", Told(table)).total(count, ["x"])


def test_duckdb_itself(table):
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.register("seen", table)
    relation = connection.sql("select * from seen")
    assert dl.Baseline.fit(relation).id == dl.Baseline.fit(table).id
