"""Real Dask clusters and a real local Spark session: the same counts, whatever goes wrong."""

import os
import shutil
import signal
import sys
import warnings
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data.opening import read_frame
from driftlib.profile import sketch
from tests.test_baseline import frame_of, same_counts

pytestmark = [
    pytest.mark.scale,
    pytest.mark.filterwarnings("ignore:::pyspark"),
]


@pytest.fixture(scope="module")
def frame():
    """5,000 rows with gaps, names that mean something to Spark, and a time."""
    frame = frame_of(np.random.default_rng(2013), 5000).rename(columns={"flag": "fl`ag"})
    frame["when"] = frame["when"].astype("datetime64[us]")
    frame["a.b"] = np.arange(5000) % 7
    frame.loc[3:400, "kind"] = None
    return frame


@pytest.fixture(scope="module")
def baseline(frame):
    return dl.Baseline.fit(frame)


@pytest.fixture
def files(frame, tmp_path):
    """The same rows in five Parquet files, one of them without any."""
    for number, start in enumerate((0, 1000, 2000, 3500)):
        end = (1000, 2000, 3500, 5000)[number]
        frame[start:end].to_parquet(tmp_path / f"m{number}.parquet", row_group_size=400)
    frame[:0].to_parquet(tmp_path / "m4.parquet")
    return tmp_path


@pytest.fixture(autouse=True)
def in_time():
    """A cluster without workers waits for them without end: no test does."""

    def late(*_):
        raise TimeoutError("no answer in 180 s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(180)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def cluster():
    """A Dask cluster of two processes."""
    with dask_cluster() as client:
        yield client


@pytest.fixture
def mortal():
    """One of its own for a test that kills workers, as Dask does not always replace both.

    So it gives a task up after two deaths.
    """
    with dask_cluster(allowed_failures=1) as client:
        yield client


@contextmanager
def dask_cluster(**scheduler):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
            scheduler_kwargs=scheduler,
        ) as local,
        Client(local) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def spark():
    """A local Spark session of two tasks at a time, each tried up to three times."""
    if not shutil.which("java"):
        pytest.skip("Spark needs Java 17: none was found")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[2,3]").appName("driftlib")
    for name, value in settings.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()


def dask_frame(path, **arguments):
    import dask.dataframe as dd

    return dd.read_parquet(path, **arguments)


def spark_frame(spark, path):
    return spark.read.parquet(*map(str, sorted(path.glob("*.parquet"))))


def same_tables(baseline, source, frame):
    """The verdict on a source is the verdict on its rows in memory."""
    ours, wanted = (dl.detect_drift(baseline, data).table for data in (source, frame))
    # Of floats, only sums over all rows depend on the order of adding: the Wasserstein distance.
    pd.testing.assert_frame_equal(
        ours.drop(columns="wasserstein"), wanted.drop(columns="wasserstein"), check_exact=True
    )
    assert ours["wasserstein"].to_numpy() == pytest.approx(wanted["wasserstein"], nan_ok=True)


@pytest.mark.parametrize("split", [False, True])
def test_dask_gives_the_counts_of_the_rows_in_memory(split, frame, baseline, files):
    data = dask_frame(files, split_row_groups=split)
    same_counts(baseline.profile(data), baseline.reference)
    assert dl.Baseline.fit(data).id == baseline.id
    current = frame.assign(x=frame["x"] + 1)
    current.to_parquet(files / "moved.parquet")
    same_tables(baseline, dask_frame(files / "moved.parquet"), current)


def test_a_dask_cluster_gives_the_counts_of_the_rows_in_memory(frame, baseline, files, cluster):
    data = dask_frame(files, split_row_groups=True)
    same_counts(baseline.profile(data), baseline.reference)
    assert dl.Baseline.fit(data).id == baseline.id
    same_tables(baseline, data, frame)


def test_spark_gives_the_counts_of_the_rows_in_memory(frame, baseline, files, spark):
    data = spark_frame(spark, files)
    same_counts(baseline.profile(data), baseline.reference)
    assert dl.Baseline.fit(data).id == baseline.id
    current = frame.assign(x=frame["x"] + 1)
    moved = spark.createDataFrame(current.drop(columns="when"))
    same_tables(baseline, moved.repartition(7), current.drop(columns="when"))


@pytest.mark.parametrize("cut", [{"window": "30D", "on": "when"}, {"window": "kind"}, {}])
def test_windows_on_clusters_are_those_in_memory(cut, frame, baseline, files, cluster, spark):
    wanted = dl.drift_trend(baseline, frame, **cut)
    for data in (dask_frame(files), spark_frame(spark, files)):
        trend = dl.drift_trend(baseline, data, **cut)
        places = ["start", "end", "wasserstein"]
        pd.testing.assert_frame_equal(
            trend.table.drop(columns=places), wanted.table.drop(columns=places), check_exact=True
        )
        assert trend.left_out == wanted.left_out
        assert [w.rows for w in trend.windows] == [w.rows for w in wanted.windows]
        with pytest.raises(dl.DriftlibError, match="has no order of rows"):
            dl.drift_trend(baseline, data, window=100)


def test_partitions_without_rows(frame, baseline, files, cluster, spark):
    data = dask_frame(files)
    nobody = data[data["x"] > 1e9]
    import dask.dataframe as dd

    same_counts(baseline.profile(dd.concat([nobody, data, nobody])), baseline.reference)
    here = spark_frame(spark, files)
    nowhere = here.where("x > 1e9")
    same_counts(baseline.profile(nowhere.union(here)), baseline.reference)
    for empty in (nobody, nowhere):
        with pytest.raises(dl.DriftlibError, match="has columns but no rows"):
            baseline.profile(empty)


def dies_once(frame, flag):
    """The first process to come here ends at once."""
    try:
        os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return frame
    os._exit(1)


def dies(frame):
    os._exit(1)


def test_a_dask_worker_that_dies_is_retried(baseline, files, mortal, tmp_path):
    flag = tmp_path / "dead"
    data = dask_frame(files)
    fragile = data.map_partitions(partial(dies_once, flag=str(flag)), meta=data._meta)
    same_counts(baseline.profile(fragile), baseline.reference)
    assert flag.exists()


def test_a_spark_worker_that_dies_is_retried(baseline, files, spark, tmp_path):
    flag = str(tmp_path / "dead")
    data = spark_frame(spark, files)

    # In the function itself: a worker process knows nothing of this file.
    def fragile(batches):
        import os

        for batch in batches:
            try:
                os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                yield batch
            else:
                os._exit(1)

    plain = data.select("x", "count", "kind")
    kept = plain.mapInArrow(fragile, plain.schema)
    counts = baseline.profile(kept)
    assert os.path.exists(flag)
    assert counts.rows == 5000
    expected = baseline.profile(plain.toPandas())
    same_counts(counts, expected)


def test_a_damaged_file_is_named(baseline, files, cluster, spark):
    frames = [dask_frame(files), dask_frame(files, filesystem="arrow"), spark_frame(spark, files)]
    victim = files / "m2.parquet"
    victim.write_bytes(victim.read_bytes()[:3000])
    for data in frames:
        with pytest.raises(dl.DriftlibError, match=r"m2\.parquet"):
            baseline.profile(data)


def test_a_file_unlike_the_others_is_named(baseline, frame, files, cluster):
    # Dask takes the schema of the first file; what it says of another names no file.
    changed = frame[1000:2000]
    (files / "m4.parquet").unlink()
    changed.drop(columns="kind").to_parquet(files / "m1.parquet")
    with pytest.raises(dl.DriftlibError, match=r"'kind', m1\.parquet has no such column and m0"):
        baseline.profile(dask_frame(files))
    halves = changed.assign(count=changed["count"] + 0.5)
    halves.to_parquet(files / "m1.parquet")
    with pytest.raises(dl.DriftlibError, match=r"'count', m1\.parquet has double and m0\.parquet"):
        baseline.profile(dask_frame(files, filesystem="arrow"))
    # By files of their own types, the numbers are what they are.
    together = frame.astype({"count": float})
    together.loc[1000:1999, "count"] += 0.5
    same_counts(baseline.profile(dask_frame(files)), baseline.profile(together))


def test_a_worker_that_always_dies_is_an_error(baseline, files, mortal):
    data = dask_frame(files)
    dying = data.map_partitions(dies, meta=data._meta)
    with pytest.raises(dl.DriftlibError, match=r"Dask DataFrame cannot be computed .*died"):
        baseline.profile(dying)


def test_a_series_is_no_table(baseline, files):
    with pytest.raises(dl.DriftlibError, match="is a Series, not a table"):
        baseline.profile(dask_frame(files)["x"])


def test_what_goes_wrong_on_a_cluster_is_one_sentence(baseline, frame, files, cluster, spark):
    def broken(frame):
        raise OSError("the disk is full. More of it")

    data = dask_frame(files)
    with pytest.raises(dl.DriftlibError, match=r"Dask DataFrame cannot .*disk is full\)"):
        baseline.profile(data.map_partitions(broken, meta=data._meta))

    def broken_batches(batches):
        raise OSError("the disk is full. More of it")

    data = spark_frame(spark, files).select("x", "count")
    with pytest.raises(dl.DriftlibError, match=r"Spark DataFrame cannot .*disk is full\)"):
        baseline.profile(data.mapInArrow(broken_batches, data.schema))
    for other in (dask_frame(files)[["y_true"]], spark_frame(spark, files).select("y_true")):
        with pytest.raises(dl.DriftlibError, match="has none of the baseline's features"):
            baseline.profile(other)
    for other in (dask_frame(files), spark_frame(spark, files)):
        with pytest.raises(dl.DriftlibError, match="needs its rows in memory"):
            read_frame(other, "current")


def test_a_sentence_of_ours_comes_through_from_a_worker(files, spark):
    data = spark_frame(spark, files).selectExpr("cast(`when` as string) as moment", "x")
    bad = data.selectExpr("if(x > 5, 'soon', moment) as moment", "x")
    baseline = dl.Baseline.fit(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(dl.DriftlibError, match=r"'moment' has 'soon' in row .*write times as"):
        dl.drift_trend(baseline, bad, window="7D", on="moment")


def test_out_of_core_baselines_of_clusters(frame, files, cluster, spark, monkeypatch):
    monkeypatch.setattr(sketch, "SAMPLE_ROWS", 2000)
    monkeypatch.setattr(sketch, "FEWEST_SAMPLE_ROWS", 2000)
    exact = dl.Baseline.fit(frame)
    for data in (dask_frame(files), spark_frame(spark, files)):
        baseline = dl.Baseline.fit(data)
        assert baseline.id == dl.Baseline.fit(data).id
        assert baseline.rows == 5000
        same_counts(baseline.profile(frame), baseline.reference)
        assert baseline.columns["count"].grid.tolist() == exact.columns["count"].grid.tolist()
        x = baseline.columns["x"]
        assert x.grid.tolist() != exact.columns["x"].grid.tolist()
        shares = np.cumsum(x.bins(x.reference)) / x.reference.present
        assert shares == pytest.approx(np.arange(1, 11) / 10, abs=0.005)
        assert not dl.detect_drift(baseline, data).drifted
