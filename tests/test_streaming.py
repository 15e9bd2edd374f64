"""Tables larger than memory: streamed files give what whole ones give, and failures are told."""

import io
import subprocess
import sys
import tempfile
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import driftlib as dl
from driftlib.data import batches, csv_files, parquet_files, readers
from driftlib.data.batches import Batch, rows_at_once
from driftlib.data.frames import stack
from driftlib.data.opening import open_source, read_frame
from driftlib.profile import sketch
from driftlib.profile.column_counts import count_sorted
from driftlib.profile.grid import numeric_grid
from driftlib.profile.sampling import ALL_HASHES, DistinctSketch, row_hash
from driftlib.profile.sketch import sketch_reference
from driftlib.stats import counts
from tests.test_baseline import frame_of, same_counts


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Every file takes many batches, whatever its size."""
    monkeypatch.setattr(batches, "CELLS_AT_ONCE", 3_000)
    monkeypatch.setattr(batches, "FEWEST_ROWS", 100)
    monkeypatch.setattr(csv_files, "BLOCK_BYTES", 20_000)
    monkeypatch.setattr(parquet_files, "BUFFER_BYTES", 20_000)


@pytest.fixture
def small_sample(monkeypatch):
    monkeypatch.setattr(sketch, "SAMPLE_ROWS", 1_000)
    monkeypatch.setattr(sketch, "FEWEST_SAMPLE_ROWS", 1_000)


def changing(rng, rows=5000):
    """Columns whose type shows only late in the file, and all the usual ones."""
    frame = frame_of(rng, rows)
    early = np.arange(rows) < rows * 0.8
    return frame.assign(
        late_float=np.where(early, np.arange(rows), np.arange(rows) + 0.5),
        late_text=np.where(early, "7", "seven"),
        late_truth=np.where(early, "1", "true"),
        late_value=np.where(early, None, 3.0),
        never=None,
        code=rng.choice(["007", "08"], rows),
        id=[f"id {i}" for i in range(rows)],
    )


def written(frame, folder, kind, files=1, name="part"):
    """The frame in so many files of a kind, and the path or glob that names them."""
    size = -(-len(frame) // files)
    for number in range(files):
        part = frame[number * size : (number + 1) * size]
        path = folder / f"{name}{number}.{kind}"
        part.to_parquet(path, row_group_size=700) if kind == "parquet" else part.to_csv(
            path, index=False
        )
    return folder / f"{name}*.{kind}"


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_a_streamed_file_gives_what_the_whole_file_gives(kind, rng, tmp_path):
    path = written(changing(rng), tmp_path, kind)
    whole = dl.Baseline.fit(read_frame(path))
    assert dl.Baseline.fit(path).to_dict() == whole.to_dict()
    same_counts(whole.profile(path), whole.reference)
    chosen = dl.Baseline.fit(path, features=["x", "late_text"], categorical=["count"])
    assert (
        chosen.to_dict()
        == (
            dl.Baseline.fit(read_frame(path), features=["x", "late_text"], categorical=["count"])
        ).to_dict()
    )


@pytest.mark.parametrize("files", [1, 3])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_thousands_separators_are_told_wherever_they_are(kind, files, rng, tmp_path, small_sample):
    values = np.append(rng.normal(500, 90, 2900), rng.normal(5000, 90, 100)).round(2)
    text = pd.DataFrame({"x": [f"{value:,.2f}" for value in values], "y": rng.normal(size=3000)})
    path = written(text, tmp_path, kind, files)
    whole, streamed = dl.Baseline.fit(text).columns["x"], dl.Baseline.fit(path)
    found = streamed.columns["x"]
    assert (found.kind, found.note) == (whole.kind, whole.note)
    assert whole.note == "read as numbers with thousands separators"
    assert found.reference.mean == pytest.approx(values.mean())
    assert found.reference.maximum == values.max()
    assert dl.detect_drift(streamed, text.assign(x=values)).table.loc["x", "psi"] == 0
    one = text.assign(x=text["x"].where(text.index != 2950, "unknown"))
    other = written(one, tmp_path, kind, name="other")
    assert [dl.Baseline.fit(data).columns["x"].kind for data in (one, other)] == ["identifier"] * 2


cells = some.sampled_from(
    ["1", "0", "7", "007", "-3", "1.5", "1e3", "inf", "true", "False", "2013-01-01", "", "NA",
     "2013-01-01 10:00:00", "2013-01-01 10:00:00.5", "2013-01-01T10:00:00Z", "10:00:00", "word",
     "two\nlines", 'a "b", c', "é"]
)  # fmt: skip


@settings(max_examples=60)
@given(some.lists(some.lists(cells, min_size=1, max_size=2), min_size=1, max_size=3))
def test_types_of_a_csv_file_are_those_of_reading_it_whole(blocks):
    # Cells of one kind go on for longer than what is read at once.
    texts = [cell for kinds in blocks for cell in kinds * 300]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_files, "BLOCK_BYTES", 2_000)
        path = Path(folder) / "f.csv"
        pd.DataFrame({"a": texts, "b": "x"}).to_csv(path, index=False)
        whole = readers.read_table(path)
        assert csv_files.csv_types(path, ["a"])["a"] == whole.schema.field("a").type
        baseline = dl.Baseline.fit(pd.DataFrame({"a": texts, "b": "x"}), categorical=["a"])
        whole = read_frame(path, as_written=baseline.as_written)
        same_counts(baseline.profile(path), baseline.profile(whole))


def test_the_same_data_in_every_form_give_the_same_counts(rng, tmp_path):
    import polars

    frame = frame_of(rng, 3000)
    frame.loc[5:9, "kind"] = None
    baseline = dl.Baseline.fit(frame)
    table = dl.detect_drift(baseline, frame).table
    arrow = pa.Table.from_pandas(frame)
    files = [written(frame, tmp_path, kind, files=4) for kind in ("csv", "csv.gz", "parquet")]
    dataset = ds.dataset(sorted(tmp_path.glob("*.parquet")))
    for source in (arrow, polars.from_arrow(arrow), *files, dataset):
        same_counts(baseline.profile(source), baseline.reference)
        assert dl.Baseline.fit(source).id == baseline.id
        pd.testing.assert_frame_equal(dl.detect_drift(baseline, source).table, table, rtol=1e-9)


def test_batches_are_bounded_and_hold_every_row_once(rng, tmp_path):
    path = written(frame_of(rng), tmp_path, "parquet", files=3)
    source, seen = open_source(path, "current", "x"), []

    class Rows:
        def __init__(self, rows):
            self.rows = rows

        def __add__(self, other):
            return Rows(self.rows + other.rows)

    def count(batch):
        assert batch.frame.columns.tolist() == ["x", "kind"]
        seen.append((batch.where, batch.row, batch.first, len(batch.frame)))
        return Rows(len(batch.frame))

    assert source.total(count, ["x", "kind"]).rows == 1000
    assert max(rows for *_, rows in seen) <= rows_at_once(2)
    assert [first for _, _, first, _ in seen] == [0, 334, 668]
    assert rows_at_once(1) == 3_000


def test_a_row_group_larger_than_a_batch_is_read_in_parts(rng, tmp_path):
    path = tmp_path / "one.parquet"
    pq.write_table(pa.table({"x": rng.normal(size=20_000)}), path)
    parts = list(readers.stream_table(path, ["x"], 3_000))
    assert [len(part) for part in parts] == [3_000] * 6 + [2_000]


@settings(max_examples=50)
@given(
    some.lists(some.sampled_from([-3.5, -1, 0, 0.25, 1, 2, 7]), min_size=1, max_size=60),
    some.lists(some.integers(-3, 3), min_size=1, max_size=8, unique=True),
)
def test_sums_by_blocks_are_those_of_the_whole(values, grid):
    grid, values = np.sort(np.array(grid, dtype=float)), np.sort(np.array(values))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "BLOCK", 7)
        found = counts.cumulative_sorted(grid, values)
        spread = count_sorted(values, grid)
        points = numeric_grid(values, bins=2, resolution=10)[0]
    upper = np.append(grid, np.inf)
    lower = np.append(-np.inf, grid)
    inside = [values[(values > low) & (values < up)] for low, up in zip(lower, upper, strict=True)]
    wanted = [float(np.sum(up - part)) for up, part in zip(grid, inside[:-1], strict=True)]
    wanted.append(float(np.sum(inside[-1] - grid[-1])))
    assert found.gaps == pytest.approx(wanted, abs=1e-12)
    assert np.isin(np.unique(values), points).all()
    assert spread.mean == pytest.approx(values.mean())
    assert spread.squares == pytest.approx(float(((values - values.mean()) ** 2).sum()), abs=1e-9)


def test_a_spread_beyond_all_numbers_is_not_called_none():
    assert count_sorted(np.array([-1e200, 0.0, 1e200]), np.zeros(1)).squares == np.inf


# The first look at a reference and the grid that comes of it.


def parts_of(frame, cuts):
    edges = [0, *cuts, len(frame)]
    return [
        sketch._of_batch(
            Batch(frame[start:end], start, f"part {start}"),
            categorical=frozenset(), may_count=frozenset(), most=100, seed=1, size=300,
            limit=ALL_HASHES,
        )
        for start, end in pairwise(edges)
    ]  # fmt: skip


def same_sample(one, other):
    pd.testing.assert_frame_equal(
        one.cut().frame.sort_values("x", ignore_index=True),
        other.cut().frame.sort_values("x", ignore_index=True),
    )


@settings(max_examples=25)
@given(some.lists(some.integers(0, 2000), max_size=6), some.randoms(use_true_random=False))
def test_a_sketch_does_not_depend_on_how_rows_are_cut(cuts, random):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"x": rng.normal(size=2000), "n": rng.poisson(3, 2000)})
    frame["c"] = rng.choice(["a", "b", "c"], 2000)
    parts = parts_of(frame, sorted(cuts))
    whole = parts_of(frame, [])[0]
    random.shuffle(parts)
    total = reduce(add, parts)
    assert total.rows == 2000
    assert len(parts) == 1 or total.sample.rows <= 2 * 300
    same_sample(total.sample, whole.sample)
    for name, column in total.columns.items():
        other = whole.columns[name]
        assert (column.kind, column.present) == (other.kind, other.present)
        assert np.array_equal([column.low, column.high], [other.low, other.high], equal_nan=True)
        assert column.distinct.complete == other.distinct.complete == (name != "x")
        mine, theirs = (
            dict(zip(t.items, t.counts, strict=True)) for t in (column.distinct, other.distinct)
        )
        assert mine == theirs


def test_the_sample_is_the_smallest_hashes_and_nothing_else(rng, tmp_path, small_sample):
    frame = pd.DataFrame({"row": np.arange(12_000), "x": rng.normal(size=12_000)})
    smallest = np.sort(np.argsort(row_hash(frame["row"].to_numpy(), seed=3))[:1000])
    for kind, files in [("csv", 1), ("csv", 5), ("parquet", 3)]:
        path = written(frame, tmp_path, kind, files, name=f"{kind}{files}-")
        source = open_source(path, "reference", "x")
        drawn = sketch_reference(source, ["row", "x"], (), most=100, seed=3)
        assert drawn.rows == 12_000
        assert drawn.sample.frame["row"].tolist() == smallest.tolist()
    other = sketch_reference(source, ["row", "x"], (), most=100, seed=4)
    assert len(set(other.sample.frame["row"]) & set(smallest)) < 200
    # Evenly over the file: the chance of a larger distance is one in a thousand.
    from scipy.stats import kstest

    assert kstest(smallest / 12_000, "uniform").pvalue > 0.001


def test_a_distinct_sketch_keeps_all_values_or_a_share_that_tells_their_number(rng):
    values = pd.Series(rng.integers(0, 60_000, 200_000))
    counts = values.value_counts()
    distinct = DistinctSketch(counts.index.to_numpy(), counts.to_numpy(), 1000).thin()
    assert not distinct.complete
    assert len(distinct.items) <= 1000
    assert distinct.number == pytest.approx(len(counts), rel=0.15)
    assert distinct.counts.tolist() == counts[distinct.items].tolist()
    few = DistinctSketch(np.array(["a", "b"], dtype=object), np.array([1, 2]), 3)
    more = DistinctSketch(np.array(["b", "c"], dtype=object), np.array([4, 8]), 3)
    both = few + more
    assert both.complete
    assert dict(zip(both.items, both.counts, strict=True)) == {"a": 1, "b": 6, "c": 8}


def test_out_of_core_few_values_and_levels_are_exact(rng, tmp_path, small_sample):
    frame = changing(rng).drop(columns=["x", "y_proba", "late_float", "when"])
    frame["rare"] = np.where(np.arange(5000) == 4321, 99, frame["count"])
    frame["mostly zero"] = np.where(rng.random(5000) < 0.7, 0, rng.integers(0, 900, 5000))
    path = written(frame, tmp_path, "parquet", files=2)
    ours, exact = dl.Baseline.fit(path), dl.Baseline.fit(frame)
    assert ours.id == exact.id
    same_counts(ours.reference, exact.reference)
    pd.testing.assert_frame_equal(ours.table, exact.table, rtol=1e-9)


def test_out_of_core_quantiles_are_close_and_counts_exact(rng, tmp_path, monkeypatch):
    monkeypatch.setattr(sketch, "SAMPLE_ROWS", 100_000)
    rows = 500_000
    frame = pd.DataFrame({"x": rng.normal(size=rows), "tail": rng.standard_t(3, rows)})
    frame["zeros"] = np.where(rng.random(rows) < 0.35, 0, rng.exponential(size=rows))
    frame.loc[rng.random(rows) < 0.1, "x"] = np.nan
    monkeypatch.setattr(batches, "CELLS_AT_ONCE", 200_000)
    path = written(frame, tmp_path, "parquet", files=2)
    exact, ours = dl.Baseline.fit(frame), dl.Baseline.fit(path)
    assert (ours.id == exact.id, ours.rows) == (False, rows)
    same_counts(ours.profile(frame), ours.reference)
    for name, column in ours.columns.items():
        values = frame[name].dropna().to_numpy()
        counts = column.reference
        assert (counts.minimum, counts.maximum) == (values.min(), values.max())
        assert counts.mean == pytest.approx(values.mean(), abs=1e-9)
        assert column.histogram(counts)[[0, -1]].tolist() == [0, 0]
        ranks = [(values <= edge).mean() for edge in column.psi_edges]
        wanted = [(values <= edge).mean() for edge in exact.columns[name].psi_edges]
        assert ranks == pytest.approx(wanted, abs=0.001)
        deciles = [column.quantile(counts, share) for share in np.arange(1, 10) / 10]
        below = [(values < decile).mean() for decile in deciles]
        upto = [(values <= decile).mean() for decile in deciles]
        assert all(
            low - 0.005 <= share <= high + 0.005
            for low, share, high in zip(below, np.arange(1, 10) / 10, upto, strict=True)
        )
    for shift in (0.05, 0.2, 1):
        current = frame.sample(50_000, random_state=1) * (1 + shift) + shift
        psi, wanted = (dl.detect_drift(b, current).table["psi"] for b in (ours, exact))
        assert psi[wanted > 0.01].to_numpy() == pytest.approx(
            wanted[wanted > 0.01].to_numpy(), rel=0.02
        )


def test_out_of_core_identifiers_and_many_levels(rng, tmp_path, small_sample, monkeypatch):
    monkeypatch.setattr(sketch, "MOST_LEVELS", 1500)
    rows = 12_000
    frame = pd.DataFrame({"id": [f"id {i}" for i in range(rows)]})
    common = rng.random(rows) < 0.5
    frame["shop"] = np.where(
        common, rng.choice(["a", "b"], rows), [f"shop {i}" for i in rng.integers(0, 4000, rows)]
    )
    frame["x"] = 1
    path = written(frame, tmp_path, "parquet")
    baseline = dl.Baseline.fit(path)
    exact = dl.Baseline.fit(frame)
    kinds = [column.kind for column in baseline.columns.values()]
    assert kinds == [column.kind for column in exact.columns.values()]
    assert "an identifier (about 1" in baseline.columns["id"].note
    shop = baseline.columns["shop"]
    assert not shop.complete
    assert shop.levels[:2] == exact.columns["shop"].levels[:2]
    assert shop.reference.buckets.tolist() == exact.columns["shop"].reference.buckets.tolist()
    assert shop.reference.levels[:2].tolist() == [
        (frame["shop"] == x).sum() for x in shop.levels[:2]
    ]
    assert shop.reference.unlisted_names == {}
    result = dl.detect_drift(baseline, frame)
    assert result.table.loc["shop", "psi"] == 0
    assert not result.drifted


def test_pandas_categories_of_several_files_stay_categories(tmp_path):
    for number, levels in enumerate(["abcdefghijkl", "mnopqrstuvwx"]):
        frame = pd.DataFrame({"c": pd.Categorical(list(levels)), "x": range(12)})
        frame.to_parquet(tmp_path / f"c{number}.parquet")
    baseline = dl.Baseline.fit(tmp_path / "c*.parquet")
    assert baseline.columns["c"].kind == "categorical"
    assert len(baseline.columns["c"].levels) == 24
    whole = read_frame(tmp_path / "c*.parquet")
    assert isinstance(whole["c"].dtype, pd.CategoricalDtype)


def test_stacked_frames_keep_rows_and_types():
    frames = [
        pd.DataFrame({"a": [1, 2], "b": [None, None]}),
        pd.DataFrame({"a": [None], "b": pd.Series(["x"], dtype="string[pyarrow]")}),
        pd.DataFrame({"a": [0.5], "b": [None]}),
    ]
    together = stack(frames)
    assert together["a"].tolist()[:2] == [1, 2]
    assert together["a"].dtype == "float64"
    assert together["b"].isna().tolist() == [True, True, False, True]
    assert isinstance(together["b"].dtype, pd.StringDtype)


# What goes wrong among many files.


@pytest.fixture
def months(rng, tmp_path):
    frame = frame_of(rng, 3000)
    path = written(frame, tmp_path, "parquet", files=3, name="m")
    return frame, path, dl.Baseline.fit(frame)


def test_a_damaged_file_among_many_is_named(months):
    _, path, baseline = months
    victim = path.parent / "m1.parquet"
    whole = victim.read_bytes()
    for content in (whole[:4000], b"", b"x" * 5000):
        victim.write_bytes(content)
        for use in (baseline.profile, dl.Baseline.fit, lambda p: dl.drift_trend(baseline, p)):
            with pytest.raises(dl.DriftlibError, match=r"m1\.parquet"):
                use(path)
    table = pq.read_table(io.BytesIO(whole))
    pq.write_table(table, victim, write_page_checksum=True, compression="none")
    damaged = bytearray(victim.read_bytes())
    damaged[len(damaged) // 3] ^= 255
    victim.write_bytes(damaged)
    with pytest.raises(dl.DriftlibError, match=r"m1\.parquet cannot be read"):
        baseline.profile(path)


def test_csv_that_breaks_late_is_named(rng, tmp_path):
    frame = frame_of(rng, 2000)
    baseline = dl.Baseline.fit(frame)
    path = written(frame, tmp_path, "csv", files=2, name="m")
    good = (tmp_path / "m1.csv").read_bytes()
    for end, words in [
        (b"1,2\n", "cannot be read as CSV"),
        (b"1,1,\xcc\xee\xf1\xea,True,2013-01-01,1,0.5\n", "column 'kind' is not UTF-8"),
    ]:
        (tmp_path / "m1.csv").write_bytes(good + end)
        with pytest.raises(dl.DriftlibError, match=rf"m1\.csv.*{words}"):
            baseline.profile(path)


def test_files_without_rows_add_nothing_and_rows_add_up(months):
    frame, path, baseline = months
    frame[:0].to_parquet(path.parent / "m0a.parquet")
    profile = baseline.profile(path)
    assert profile.rows == 3000
    assert {counts.rows for counts in profile.columns.values()} == {3000}
    assert dl.Baseline.fit(path).id == baseline.id
    with pytest.raises(dl.DriftlibError, match=r"m0a\.parquet has columns but no rows"):
        baseline.profile(path.parent / "m0a.parquet")


def test_a_truncated_compressed_file_is_no_shorter_file(rng, tmp_path):
    frame = frame_of(rng, 5000)
    path = written(frame, tmp_path, "csv.gz")
    baseline = dl.Baseline.fit(frame)
    assert baseline.profile(path).rows == 5000
    whole = (tmp_path / "part0.csv.gz").read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-6]):
        (tmp_path / "part0.csv.gz").write_bytes(content)
        with pytest.raises(
            dl.DriftlibError, match=r"part0\.csv\.gz cannot be read.*write it again"
        ):
            baseline.profile(path)


def test_links_and_folders_among_files_are_not_passed_over(months):
    _, path, baseline = months
    link = path.parent / "m9.parquet"
    link.symlink_to(path.parent / "nowhere")
    with pytest.raises(dl.DriftlibError, match=r"m9\.parquet cannot be read \(No such file"):
        baseline.profile(path)
    link.unlink()
    # Spark and Dask write a table as a folder.
    link.mkdir()
    (path.parent / "m0.parquet").rename(link / "part-0.parquet")
    with pytest.raises(dl.DriftlibError, match=r"matches the folder m9\.parquet: name the files"):
        baseline.profile(path)
    assert baseline.profile(path.parent / "**" / "*.parquet").rows == 3000


def test_a_file_that_vanishes_between_passes_is_named(months):
    _, path, baseline = months
    source = open_source(path, "current", "x")
    (path.parent / "m1.parquet").unlink()
    with pytest.raises(dl.DriftlibError, match=r"m1\.parquet cannot be read \(No such file"):
        source.total(baseline.profile_batch, baseline.columns)


def test_files_of_one_name_are_told_apart_by_their_folders(months):
    frame, path, baseline = months
    for day, start in enumerate(range(0, 3000, 1000)):
        folder = path.parent / f"day={day}"
        folder.mkdir()
        frame[start : start + 1000].to_parquet(folder / "part-0.parquet")
    path = path.parent / "day=*" / "part-0.parquet"
    same_counts(baseline.profile(path), baseline.reference)
    assert len(read_frame(path)) == 3000
    text = frame[1000:2000].assign(when="soon")
    text.to_parquet(path.parents[1] / "day=1" / "part-0.parquet")
    with pytest.raises(dl.DriftlibError, match=r"^day=1/part-0\.parquet column 'when' has 'soon'"):
        dl.drift_trend(baseline, path, window="7D", on="when")
    (path.parents[1] / "day=1" / "part-0.parquet").write_bytes(b"PAR1")
    for use in (baseline.profile, dl.Baseline.fit, read_frame):
        with pytest.raises(dl.DriftlibError, match=r"^day=1/part-0\.parquet cannot be read"):
            use(path)


def test_times_with_a_zone_in_some_files_only(months):
    frame, path, baseline = months
    zoned = frame[1000:2000].assign(when=frame["when"].dt.tz_localize("UTC"))
    zoned.to_parquet(path.parent / "m1.parquet")
    with pytest.raises(
        dl.DriftlibError, match=r"m1\.parquet have a time zone and those in m0\.parquet have none"
    ):
        dl.drift_trend(baseline, path, window="7D", on="when")


@pytest.mark.parametrize("sample", [200_000, 1000])
def test_decimals_in_one_file_and_integers_in_another(sample, months, monkeypatch):
    frame, path, baseline = months
    monkeypatch.setattr(sketch, "SAMPLE_ROWS", sample)
    monkeypatch.setattr(sketch, "FEWEST_SAMPLE_ROWS", 1000)
    changed = frame[1000:2000].astype({"count": object})
    changed["count"] = [Decimal(int(value)) / 4 for value in frame["count"][1000:2000]]
    changed.to_parquet(path.parent / "m1.parquet")
    numbers = frame["count"].astype(float).copy()
    numbers[1000:2000] /= 4
    column = dl.Baseline.fit(path).columns["count"]
    assert column.kind == "numeric"
    assert column.reference.mean == pytest.approx(numbers.mean(), rel=1e-12)
    same_counts(baseline.profile(path), baseline.profile(frame.assign(count=numbers)))


def test_an_integer_that_becomes_a_float_is_one_column(months):
    frame, path, baseline = months
    changed = frame[1000:2000].astype({"count": float})
    changed.iloc[0, 1] = 2.5
    changed.to_parquet(path.parent / "m1.parquet")
    together = pd.concat([frame[:1000], changed, frame[2000:]])
    same_counts(baseline.profile(path), baseline.profile(together))
    assert dl.Baseline.fit(path).id == dl.Baseline.fit(together).id


def test_numbers_in_one_file_and_text_in_another(months):
    frame, path, baseline = months
    changed = frame[1000:2000].astype({"count": str})
    changed.iloc[0, 1] = "many"
    changed.to_parquet(path.parent / "m1.parquet")
    with pytest.raises(
        dl.DriftlibError, match=r"'count' holds numbers in m0\.parquet, but text .* m1\.parquet"
    ):
        dl.Baseline.fit(path)
    assert dl.Baseline.fit(path, categorical=["count"]).columns["count"].kind == "categorical"
    # A baseline knows that it wants numbers.
    counts = baseline.profile(path).columns["count"]
    assert (counts.rows, counts.unreadable, counts.example) == (3000, 1, "many")


def test_a_column_that_appears_later(months):
    frame, path, baseline = months
    frame[:1000].drop(columns="kind").to_parquet(path.parent / "m0.parquet")
    with pytest.raises(dl.DriftlibError, match=r"m1\.parquet and m0\.parquet .* 'kind'"):
        dl.Baseline.fit(path)
    with pytest.raises(dl.DriftlibError, match="has no column 'kind'"):
        dl.Baseline.fit(path, features=["x", "kind"])
    assert dl.Baseline.fit(path, features=["x", "flag"]).rows == 3000
    counts = baseline.profile(path).columns["kind"]
    assert (counts.rows, counts.missing, counts.absent) == (3000, 1000, 1000)
    pd.DataFrame({"other": [1]}).to_parquet(path.parent / "m3.parquet")
    with pytest.raises(dl.DriftlibError, match=r"m3\.parquet has none of the baseline's features"):
        baseline.profile(path)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_reference_that_changes_while_it_is_read(kind, rng, tmp_path, small_sample, monkeypatch):
    frame = frame_of(rng, 3000)
    path = written(frame, tmp_path, kind, files=3, name="m")
    first_pass = sketch.sketch_reference

    def meddled(*arguments):
        looked = first_pass(*arguments)
        written(frame[:10], tmp_path, kind, name="m")
        return looked

    monkeypatch.setattr("driftlib.profile.fitting.sketch_reference", meddled)
    # Parquet files say how many rows they have; of CSV files only the sum is known.
    changed = {
        "parquet": r"m0\.parquet had 1,000 rows, but 10",
        "csv": r"had 3,000 rows, but 2,010",
    }
    with pytest.raises(dl.DriftlibError, match=changed[kind]):
        dl.Baseline.fit(path)


def test_a_dataset_that_cannot_be_read(months):
    _, path, baseline = months
    dataset = ds.dataset(sorted(path.parent.glob("m*.parquet")))
    same_counts(baseline.profile(dataset), baseline.reference)
    (path.parent / "m1.parquet").write_bytes(b"PAR1")
    for use in (baseline.profile, read_frame):
        with pytest.raises(dl.DriftlibError, match=r"m1\.parquet"):
            use(dataset)


# Windows.


@pytest.mark.parametrize(
    "cut",
    [
        {"window": "7D", "on": "when"},
        {"window": "MS", "on": "when"},
        {"window": "kind"},
        {"window": "count"},
        {"window": 700},
        {"window": 700, "on": "when"},
        {"window": 700, "step": 300},
        {"window": 700, "step": 900},
        {},
        {"by": "shop"},
        {"window": "MS", "on": "when", "by": ["shop", "flag"]},
        {"window": "count", "by": "shop", "against": "previous"},
        {"window": 300, "by": "shop"},
    ],
)
def test_windows_while_streaming_are_those_in_memory(cut, rng, tmp_path):
    # Each group has windows of its own.
    frame = frame_of(rng, 1800 if "by" in cut else 4000)
    frame.loc[7, ["when", "kind"]] = None
    frame["shop"] = frame["kind"]
    frame = frame.sample(frac=1, random_state=1, ignore_index=True)
    if cut == {"window": "MS", "on": "when"}:
        # A month without rows.
        frame = frame[frame["when"].dt.month != 3]
    # Rows arrive by threes of files, whichever kind; a dataset is read as its own files are.
    kinds = ("csv", "parquet") if "by" in cut or cut == {} else ("csv",)
    sources: list[object] = [written(frame, tmp_path, kind, files=3) for kind in kinds]
    if "parquet" not in kinds:
        written(frame, tmp_path, "parquet", files=3)
        sources.append(ds.dataset(sorted(tmp_path.glob("*.parquet"))))
    # Units are counted the same way whatever the windows are.
    unit = "auto" if cut in ({}, {"window": "MS", "on": "when"}) else "row"
    baseline = dl.Baseline.fit(frame, unit=unit)
    wanted = dl.drift_trend(baseline, frame, **cut)
    for source in sources:
        ours = dl.drift_trend(baseline, source, **cut)
        pd.testing.assert_frame_equal(
            ours.table.drop(columns=["start", "end"]),
            wanted.table.drop(columns=["start", "end"]),
            rtol=1e-9,
        )
        for one, other in zip(ours.windows, wanted.windows, strict=True):
            assert (str(one.start), str(one.end)) == (str(other.start), str(other.end))
            assert (one.number, one.rows, one.note) == (other.number, other.rows, other.note)
        assert ours.left_out == wanted.left_out
        if cut.get("step", 700) >= 700:
            assert sum(profile.rows for profile in ours.profiles) + ours.left_out == len(frame)


def test_windows_that_cannot_be_cut_while_streaming(months):
    frame, path, baseline = months
    for cut, words in [
        ({"window": "7D", "on": "then"}, r"m0\.parquet has no column 'then'.*'when'"),
        ({"window": "7D", "on": "x"}, r"m0\.parquet column 'x' holds numbers"),
        ({"window": "lunar", "on": "when"}, "nor a length of time"),
        ({"window": 0}, "window=0 must be"),
    ]:
        with pytest.raises(dl.DriftlibError, match=words):
            dl.drift_trend(baseline, path, **cut)
    text = frame.assign(when=frame["when"].astype(str))
    text.loc[2500, "when"] = "soon"
    path = written(text, path.parent, "csv", files=2, name="t")
    with pytest.raises(dl.DriftlibError, match=r"t1\.csv column 'when' has 'soon' in row 1,000"):
        dl.drift_trend(baseline, path, window="7D", on="when")


def test_more_windows_than_anybody_reads(months, monkeypatch):
    _, path, baseline = months
    monkeypatch.setattr("driftlib.drift.segments.MOST_WINDOWS", 5)
    with pytest.raises(dl.DriftlibError, match="more than 5 windows"):
        dl.drift_trend(baseline, path, window="x")


# Around it.


def test_the_command_line_takes_globs(months, tmp_path, capsys):
    from driftlib.cli import main

    _, path, baseline = months
    assert main(["baseline", str(path), "-o", str(tmp_path / "b.json")]) == 0
    assert "3,000 rows" in capsys.readouterr().out
    assert dl.Baseline.load(tmp_path / "b.json").id == baseline.id
    assert main(["check", str(tmp_path / "b.json"), str(path)]) == 0
    (path.parent / "m2.parquet").write_bytes(b"PAR1")
    assert main(["check", str(tmp_path / "b.json"), str(path)]) == 2
    assert "m2.parquet cannot be read" in capsys.readouterr().err


def test_a_progress_bar_in_a_terminal_only(months, monkeypatch):
    _, path, baseline = months
    tqdm = pytest.importorskip("tqdm")
    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, **keywords | {"delay": 0})
            bars.append(self)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    baseline.profile(path)
    assert not bars
    monkeypatch.setattr(sys, "stderr", Terminal())
    baseline.profile(path)
    assert [(bar.n, bar.total) for bar in bars] == [(3000, 3000)]
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert baseline.profile(path).rows == 3000
    assert len(bars) == 1


def test_nothing_imports_dask_or_spark(months):
    _, path, _ = months
    code = (
        "import sys, driftlib as dl; b = dl.Baseline.fit(sys.argv[1]); b.profile(sys.argv[1]);"
        "print([m for m in sys.modules if m.partition('.')[0] in ('dask', 'pyspark')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("package", "method"), [("dask", "map_partitions"), ("pyspark", "mapInArrow")]
)
def test_a_cluster_frame_without_its_package_says_which_extra(package, method, months, monkeypatch):
    kind = type("DataFrame", (), {method: None, "columns": ["x"], "__module__": f"{package}.frame"})
    for name in [n for n in sys.modules if n.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    _, _, baseline = months
    for use in (baseline.profile, dl.Baseline.fit):
        with pytest.raises(dl.DriftlibError, match=r"pip install .*\[scale\]'"):
            use(kind())
    with pytest.raises(dl.DriftlibError, match=r"needs its rows in memory.*sample"):
        read_frame(kind(), "current")


def test_the_seed_is_checked(months):
    with pytest.raises(dl.DriftlibError, match="seed=-1 must be"):
        dl.Baseline.fit(months[0], seed=-1)
