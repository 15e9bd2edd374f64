"""Columns as they lie in a file: counted as the same columns of a frame are, without pandas."""

import gc
import subprocess
import sys
import weakref
from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.util import hash_array

import driftlib as dl
from driftlib.data import columns, frames, text_hashes
from driftlib.data.arrow_frames import arrow_to_pandas
from driftlib.data.batches import Batch
from driftlib.data.columns import Text, count_missing, fetch, plain_array
from driftlib.data.frames import frame_and_columns
from driftlib.data.levels import KnownLevels, LevelCounts, count_levels, level_codes
from driftlib.data.text_hashes import hash_texts, mixed, siphash
from driftlib.stats.precision import DOUBLE

ROWS = 400


@pytest.fixture(scope="module")
def table():
    """Arrow columns of many types, some with gaps."""
    rng = np.random.default_rng(3)
    gap = rng.random(ROWS) < 0.1
    numbers = rng.normal(size=ROWS)
    words = rng.choice(["clear", "fog", "", "NA", "é" * 9, "7.0"], ROWS)
    large = 10**18 + rng.integers(0, 9, ROWS)
    return pa.table(
        {
            "double": pa.array(numbers, mask=gap),
            "single": pa.array(numbers.astype(np.float32)),
            "whole": pa.array(rng.integers(0, 9, ROWS), pa.int16()),
            "unsigned": pa.array(rng.integers(0, 99, ROWS), pa.uint64()),
            "whole with gaps": pa.array(rng.integers(0, 9, ROWS), mask=gap),
            "large with gaps": pa.array(large, mask=gap),
            "infinite": pa.array(np.where(gap, np.inf, numbers)),
            "text": pa.array(words, mask=gap),
            "large text": pa.array(words, mask=gap).cast(pa.large_string()),
            "numbers as text": pa.array([f"{n:.2f}" for n in numbers]),
            "no text": pa.array([None] * ROWS, pa.string()),
            "truth": pa.array(gap),
            "codes": pa.array(words).dictionary_encode(),
            "money": pa.array([Decimal(int(n)) for n in rng.integers(0, 9, ROWS)]),
            "when": pa.array([datetime(2026, 1, 1 + d) for d in rng.integers(0, 28, ROWS)]),
        }
    )


def test_a_column_of_a_file_counts_as_that_of_a_frame(table):
    frame = arrow_to_pandas(table)
    baseline = dl.Baseline.fit(frame.head(200), unit="row")
    want = baseline.profile_frame(frame.iloc[150:])
    found = baseline.profile_batch(Batch(table.slice(150)))
    for name, counts in want.columns.items():
        ours = found.columns[name]
        assert type(ours) is type(counts)
        for field, value in vars(counts).items():
            np.testing.assert_array_equal(getattr(ours, field), value, err_msg=f"{name}.{field}")


def test_rows_of_a_file_are_known_again_in_a_frame(table, tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(table, path)
    frame = arrow_to_pandas(table)
    baseline = dl.Baseline.fit(frame, unit="row")
    hashes = [baseline.profile(one).facts.row_hashes for one in (path, frame)]
    np.testing.assert_array_equal(hashes[0].keys, hashes[1].keys)
    np.testing.assert_array_equal(hashes[0].cells, hashes[1].cells)


def test_columns_of_a_file_that_are_other_than_the_baselines(tmp_path):
    """Text where numbers were, and numbers where text was."""
    words, numbers = [f"{n}" for n in range(300)], np.arange(300.0)
    reference = pd.DataFrame({"n": numbers[::-1], "w": np.where(numbers % 2, "1", "2.5")})
    current = pd.DataFrame({"n": words, "w": np.where(numbers % 2, 1, 2.5)})
    baseline = dl.Baseline.fit(reference, unit="row", categorical=["w"])
    current.to_parquet(tmp_path / "c.parquet")
    results = [dl.detect_drift(baseline, c) for c in (current, tmp_path / "c.parquet")]
    pd.testing.assert_frame_equal(results[0].table, results[1].table)
    assert results[1].drifted == []


def test_numbers_with_gaps_are_taken_from_where_they_lie():
    for kind in (pa.float32(), pa.float64()):
        whole = pa.array([1.5, None, 2.5, None, 4.5] * 5, kind)
        for part in (whole, whole.slice(3, 9), whole.slice(0, 1), whole.slice(25)):
            found = plain_array(part)
            np.testing.assert_array_equal(found, part.to_numpy(zero_copy_only=False))
            assert found.dtype == kind.to_pandas_dtype()
            assert count_missing(found) == part.null_count


def test_text_of_arrow_has_the_levels_of_pandas():
    text = pa.array(["b", None, "a", "b", "NA", None])
    series = pd.Series(["b", None, "a", "b", "NA", None], dtype=object)
    counts = [count_levels(one) for one in (Text(text), series)]
    assert [dict(zip(c.levels, c.counts, strict=True)) for c in counts] == [
        {"b": 2, "a": 1, "NA": 1}
    ] * 2
    assert [c.missing for c in counts] == [2, 2]
    codes, levels = level_codes(Text(text))
    assert [None if c < 0 else levels[c] for c in codes] == text.to_pylist()


def test_texts_are_hashed_as_pandas_does():
    lengths = [*range(20), 255, 256, 300]
    texts = np.array([*("x" * n for n in lengths), "ä€😀", "naïve", "\0", "a\0"], dtype=object)
    want = hash_array(texts, categorize=False)
    np.testing.assert_array_equal(mixed(siphash(texts)), want)
    np.testing.assert_array_equal(hash_texts(texts), want)
    assert hash_texts(texts[:0]).tolist() == []


def test_hashes_are_kept_of_few_short_texts(monkeypatch):
    """A service meets new texts for ever."""
    kept: dict[str, int] = {}
    monkeypatch.setattr(text_hashes, "_KEPT", kept)
    for batch in range(300):
        texts = np.array([f"{batch}-{n}" for n in range(50)] + [f"{batch}" + "w" * 100], object)
        np.testing.assert_array_equal(hash_texts(texts), hash_array(texts, categorize=False))
        assert len(kept) <= text_hashes.MOST_KEPT
        assert max(map(len, kept)) <= text_hashes.SHORT
    np.testing.assert_array_equal(hash_texts(texts), hash_array(texts, categorize=False))


def test_a_long_text_is_hashed_by_pandas_alone(monkeypatch):
    texts = np.array(["a", "z" * 300_000], dtype=object)
    want = hash_array(texts, categorize=False)
    # Its pandas is the one that is loaded, and is found from here on.
    assert text_hashes.pd.util.hash_array is hash_array
    monkeypatch.setattr(text_hashes, "siphash", None)
    monkeypatch.delitem(sys.modules, "pandas")
    np.testing.assert_array_equal(hash_texts(texts), want)


def test_a_time_column_is_called_by_its_name(tmp_path):
    days = pd.date_range("2026-01-01", periods=300).astype(str)
    reference = pd.DataFrame({"x": np.arange(300.0)[::-1], "ts": days})
    baseline = dl.Baseline.fit(reference, timestamp="ts", unit="row")
    for ts in ("soon", range(300)):
        batch = reference.assign(ts=ts)
        batch.to_parquet(tmp_path / "batch.parquet")
        for current in (batch, tmp_path / "batch.parquet"):
            assert "column 'ts'" in baseline.profile(current).facts.times.example


@pytest.mark.parametrize("name", ["subject", "day"])
def test_rows_of_segments_keep_the_segments_own_values(name):
    days = np.repeat(np.array(["2026-01-01", "2026-01-02"], "datetime64[ns]"), 100)
    frame = pd.DataFrame({name: days, "x": np.arange(200.0)[::-1]})
    named = dl.detect_drift(frame, frame, by=name, unit="row").named_rows
    assert [row[name] for _, row in named] == [*pd.to_datetime(["2026-01-01", "2026-01-02"])]
    assert [row["feature"] for _, row in named] == ["x", "x"]
    assert named[0][0].startswith(f"x where {name} = 2026-01-01")


def test_a_pickle_holds_and_takes_fields_alone():
    baseline = dl.Baseline.fit(pd.DataFrame({"x": np.arange(500.0)[::-1]}), unit="row")
    state = baseline.__getstate__() | {"kept_sides": "as an older release kept them"}
    again = object.__new__(dl.Baseline)
    again.__setstate__(state)
    assert "kept_sides" not in vars(again)
    assert dl.detect_drift(again, pd.DataFrame({"x": np.arange(500.0) + 400})).drifted == ["x"]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_a_check_of_a_file_does_without_pandas(tmp_path, ending, shift):
    rng = np.random.default_rng(0)

    def rows(shift: float) -> pd.DataFrame:
        numbers = rng.normal(loc=[shift, 0], size=(500, 2))
        words = rng.choice(["a", "b"], 500)
        return pd.DataFrame(numbers, columns=["x", "y"]).assign(word=words, n=range(500, 0, -1))

    dl.Baseline.fit(rows(0.0), unit="row").save(tmp_path / "baseline.json")
    current = tmp_path / f"current.{ending}"
    writers = {"parquet": pd.DataFrame.to_parquet, "csv": pd.DataFrame.to_csv}
    writers[ending](rows(shift), current, index=False)
    code = (
        "import sys; from driftlib.cli import main\n"
        f"code = main(['check', {str(tmp_path / 'baseline.json')!r}, {str(current)!r}])\n"
        "print('pandas' in sys.modules, 'sklearn' in sys.modules)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "False False", done.stdout + done.stderr
    assert ("x" in done.stdout.splitlines()[0]) == bool(shift)
    assert done.returncode == bool(shift)


def test_a_result_prints_its_finding_and_its_table_which_is_made_once():
    frame = pd.DataFrame({"x": np.arange(500.0)[::-1]})
    result = dl.detect_drift(frame, frame + 100, unit="row")
    assert "table" not in vars(result)
    assert repr(result).startswith(result.headline)
    assert "shifted up" in repr(result)
    assert result.table is result.table
    assert result.table["psi"].tolist() == list(result.columns["psi"])


@pytest.mark.parametrize("gap", [False, True])
def test_columns_of_a_narrow_frame_are_those_of_a_wide_one(gap, monkeypatch):
    rng = np.random.default_rng(8)
    numbers = rng.normal(size=(ROWS, 2)) + 5.0
    frame = pd.DataFrame(numbers, columns=["a", "b"])[::2]
    rest = {
        "own type": pd.array(numbers[::2, 0], dtype="Float64"),
        "sparse": pd.arrays.SparseArray(numbers[::2, 0].round()),
        "single": numbers[::2, 0].astype(np.float32),
        "whole": rng.integers(0, 9, ROWS // 2),
        "word": rng.choice(["clear", "fog"], ROWS // 2),
    }
    frame = frame.assign(**rest)
    if gap:
        frame.iloc[::5, :3] = np.nan
    quick = fetch(frame)
    values = {name: quick[name] for name in frame}
    assert isinstance(values["b"], np.ndarray)
    np.testing.assert_array_equal(values["b"], frame["b"].to_numpy())
    baseline = dl.Baseline.fit(frame, unit="row")
    small = baseline.profile(frame)
    for module in (frames, columns):
        monkeypatch.setattr(module, "FEW_COLUMNS", 0)
    large = baseline.profile(frame)
    for name in frame:
        assert repr(small.columns[name]) == repr(large.columns[name])
    assert small.facts.row_hashes.cells.tolist() == large.facts.row_hashes.cells.tolist()


def test_columns_that_were_taken_out_are_those_of_the_frame():
    text, decimal = pa.array(["a", "b"]).dictionary_encode(), [Decimal("sNaN"), Decimal(1)]
    frame = pd.DataFrame({"x": [1.5, 2.5], "word": ["a", None]})
    changed = [
        frame.set_axis([0, 1], axis="columns"),
        frame.assign(word=pd.arrays.ArrowExtensionArray(text)),
        frame.assign(word=pd.Series(decimal, dtype=object)),
    ]
    for table in (frame, *changed):
        whole, taken = frame_and_columns(table)
        assert list(taken) in ([], whole.columns.tolist())
        assert bool(taken) == (table is frame)
        found = fetch(whole, taken)
        assert found.names == set(whole.columns)
        assert count_levels(found[whole.columns[1]]).missing == whole.iloc[:, 1].isna().sum()
        assert found[whole.columns[0]].tolist() == [1.5, 2.5]
    assert len(fetch(frame, frame_and_columns(frame)[1]).take(np.array([1]))["word"]) == 1


def test_hashes_that_are_kept_are_those_of_pandas(monkeypatch):
    monkeypatch.setattr(text_hashes, "_KEPT", {})
    monkeypatch.setattr(text_hashes, "MOST_KEPT", 3)
    first, other = (np.array(list(word), dtype=object) for word in ("abc", "bad"))
    for _ in range(2):
        for texts in (first, other, first[:0]):
            expected = hash_array(texts, categorize=False)
            assert hash_texts(texts).tolist() == expected.tolist()
            # Those of the last batch, where there is no room for those of both.
            assert len(text_hashes._KEPT) == 3


def test_counts_of_a_column_are_the_same_whatever_stands_beside_it():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.lognormal(size=(400, 12)), columns=list("abcdefghijkl"))
    baseline = dl.Baseline.fit(frame, unit="row")
    whole = baseline.profile(frame[::-1])
    for name in frame:
        alone = baseline.profile(frame[[name]][::-1]).columns[name]
        assert (alone.mean, alone.squares) == (
            whole.columns[name].mean,
            whole.columns[name].squares,
        )


@pytest.mark.parametrize("text", [["b", None, "a", "b"], ["b", "a", "b"], [None], []])
def test_text_of_many_rows_is_counted_as_that_of_few(monkeypatch, text):
    few = Text(pa.array(text, pa.string())).counted
    monkeypatch.setattr(columns, "FEW", -1)
    many = Text(pa.array(text, pa.string()))
    for one, other in zip(few, many.counted, strict=True):
        assert one.tolist() == other.tolist()
    codes, levels = many.coded
    assert [None if code < 0 else levels[code] for code in codes] == text


def test_texts_that_are_no_level_are_counted_by_its_name_or_as_missing():
    texts = np.array(["NA", "c", "a", "1.0", "1"], dtype=object)
    found = KnownLevels(("a", "b", "1")).by_name(LevelCounts(texts, np.array([2, 1, 3, 4, 5]), 1))
    assert dict(zip(found.levels.tolist(), found.counts.tolist(), strict=True)) == {
        "c": 1, "a": 3, "1": 9,
    }  # fmt: skip
    assert found.missing == 3


def test_what_an_owner_noted_on_a_frame_is_not_copied_for_each_column():
    class Noted:
        copies = 0

        def __deepcopy__(self, memo):
            type(self).copies += 1
            return self

    reference = pd.DataFrame({f"x{k}": np.arange(90.0)[::-1] % (7 + k) for k in range(20)})
    baseline = dl.Baseline.fit(reference, unit="row")
    batch = reference.assign()
    batch.attrs["by"] = Noted()
    Noted.copies = 0
    assert dl.detect_drift(baseline, batch).drifted == []
    assert Noted.copies < 5
    assert list(batch.attrs) == ["by"]


def test_what_is_kept_of_a_baseline_goes_with_it():
    frame = pd.DataFrame({f"x{k}": np.arange(90.0)[::-1] % (7 + k) for k in range(3)})
    baseline = dl.Baseline.fit(frame, unit="row")
    baseline.profile(frame)
    (column, *_) = baseline.columns.values()
    ends = [weakref.ref(baseline), weakref.ref(column), weakref.ref(column.claims(DOUBLE))]
    assert baseline.kept_cells.size == sum(len(c.grid) + 1 for c in baseline.columns.values())
    gc.disable()
    try:
        del baseline, column, _
        assert [end() for end in ends] == [None, None, None]
    finally:
        gc.enable()
