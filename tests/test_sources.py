"""The gate: files and frames that can be read, and one sentence for those that cannot."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import driftlib as dl
from driftlib.data.arrow_frames import index_of
from driftlib.data.frames import as_frame
from driftlib.data.levels import count_levels
from driftlib.data.opening import read_frame
from driftlib.data.schema import ColumnRoles, column_kind
from driftlib.errors import MissingExtraError, ParameterError, check_whole, install_command
from driftlib.files import json_ready, write_json, write_whole


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", "", "empty.csv is empty (0 bytes)"),
        ("header.csv", "a,b\n", "header.csv has a header but no rows"),
        ("semicolons.csv", "a;b\n1;2\n3\n", "separated by semicolons, but not in every row"),
        ("both.csv", "a;x,b\n1;2,3\n", "with commas or with semicolons between its cells"),
        ("signs.csv", "a;b\n1,5;2.5\n", "with decimal commas and with decimal points"),
        ("dots.csv", "a;b\n1,5;1.234,50\n", "'1.234,50' in row 0, with points between"),
        ("more.csv", "a,b\n" + "1,2,\n" * 150 + "1,2,3\n", "than its header names in row 150"),
        ("names.csv", "a\n1,2\n3,4\n", "Row #2: Expected 1 columns, got 2"),
        ("ragged.csv", "a,b\n1,2\n3\n", "ragged.csv cannot be read as CSV"),
        ("twice.csv", "a,b,a\n1,2,3\n", "more than one column named 'a'"),
        ("cyrillic.csv", "a,b\n1,Москва\n".encode("cp1251"), "'b' is not UTF-8 text"),
        ("header.csv", "a,日本\n1,2\n".encode("shift-jis"), "header that is not UTF-8 text"),
        ("late.csv", ("a,b\n" + "1,x\n" * 70_000 + "1,é\n").encode("cp1252"), "'b' is not UTF-8"),
        ("sheet.csv", b"PK\x03\x04", "an Excel workbook or a ZIP archive: save its sheet as CSV"),
        ("binary.csv", b"a,b\n\x00\x01,2\n", "is no text (it is binary)"),
        ("bytes.parquet", b"PAR1 this is not Parquet", "cannot be read as Parquet"),
        ("text.parquet", "a,b\n1,2\n", "cannot be read as Parquet"),
        ("sheet.xlsx", b"PK", "is a spreadsheet, which is not read from here: save its sheet"),
        ("table.json", b"[]", "neither Parquet nor CSV by its ending"),
    ],
)
def test_files_that_cannot_be_used(name, content, words, tmp_path):
    path = write(tmp_path / name, content)
    with pytest.raises(dl.DriftlibError) as error:
        read_frame(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_paths_that_name_no_file(tmp_path):
    for path, words in [
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "*.csv", "does not exist"),
    ]:
        with pytest.raises(dl.DriftlibError, match=words):
            read_frame(path)


def test_globs_read_every_file_in_order(tmp_path):
    for month in (2, 1):
        pd.DataFrame({"month": [month] * month}).to_csv(tmp_path / f"m{month}.csv", index=False)
    assert read_frame(tmp_path / "m*.csv")["month"].tolist() == [1, 2, 2]
    write(tmp_path / "m3.csv", "day\n1\n")
    with pytest.raises(dl.DriftlibError, match=r"m3.csv and m1.csv do not have the same columns"):
        read_frame(tmp_path / "m*.csv")


def test_quoted_newlines_gaps_and_types(tmp_path):
    path = write(
        tmp_path / "q.csv", 'text,n,f,b\n"two\nlines",1,0.5,true\n,,,\n"c,d",3,1e3,false\n'
    )
    frame = read_frame(path)
    assert frame["text"].tolist()[0] == "two\nlines"
    assert frame.isna().sum().tolist() == [1, 1, 1, 1]
    assert [column_kind(frame[name])[0] for name in frame] == [
        "categorical", "numeric", "numeric", "categorical",
    ]  # fmt: skip
    assert count_levels(frame["b"]).levels.tolist() == ["True", "False"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([1, 2], "is a list, not a table"),
        (pd.DataFrame(), "has no columns"),
        (pd.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column named 'a'"),
        (pd.DataFrame([[1, 2]], columns=["1", 1]), "more than one column named '1'"),
    ],
)
def test_frames_that_cannot_be_used(data, words):
    with pytest.raises(dl.DriftlibError) as error:
        as_frame(data, "reference")
    assert words in str(error.value)
    assert str(error.value).startswith("reference ")


def test_frames_are_never_changed(rng):
    frame = pd.DataFrame({0: rng.normal(size=50), "c": ["a", "b"] * 25})
    before = frame.copy()
    dl.detect_drift(frame, frame)
    pd.testing.assert_frame_equal(frame, before)


def test_polars_lazy_frames_and_categories(rng):
    import polars

    frame = polars.DataFrame({"c": ["a", "b", None] * 20, "x": rng.normal(size=60)})
    lazy = frame.lazy().with_columns(polars.col("c").cast(polars.Categorical))
    result = dl.detect_drift(frame, lazy)
    assert result.table["kind"].tolist() == ["categorical", "numeric"]
    assert result.table.loc["c", ["missing_reference", "missing_current"]].tolist() == [1 / 3] * 2
    assert result.table["psi"].tolist() == [0, 0]


class Streamed:
    """What any library offers through the Arrow PyCapsule protocol, and nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def test_anything_that_streams_arrow_is_a_table():
    table = pa.table({"c": ["a", None, "b"], "flag": [True, None, False], "n": [1, 2, None]})
    views = table.set_column(0, "c", pa.array(["a", None, "b"], pa.string_view()))
    for data in (Streamed(table), Streamed(views), views, table.to_reader()):
        frame = as_frame(data)
        pd.testing.assert_frame_equal(frame, as_frame(table))
        assert [str(kind) for kind in frame.dtypes] == ["string", "boolean", "float64"]
        assert count_levels(frame["c"]).levels.tolist() == ["a", "b"]


@pytest.mark.parametrize("codes", [pa.uint8(), pa.uint32(), pa.uint64(), pa.int16()])
def test_categories_are_the_same_whatever_their_codes_are_held_as(codes):
    words = pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1], codes), ["b", "a"])
    table = pa.table({"c": words, "n": [1, 2, 3, 4]}, metadata={"kept": "yes"})
    in_pandas = pd.DataFrame({"c": pd.array(words, pd.ArrowDtype(words.type)), "n": [1, 2, 3, 4]})
    wanted = pd.DataFrame(
        {"c": pd.Categorical(["a", "b", None, "a"], ["b", "a"]), "n": [1, 2, 3, 4]}
    )
    for data in (table, table.to_batches()[0], Streamed(table), in_pandas):
        pd.testing.assert_frame_equal(as_frame(data), wanted, check_categorical=True)


def test_an_index_is_known_beside_text_views_and_categories():
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b"])}, index=pd.Index([7, 8], name="key"))
    table = pa.Table.from_pandas(frame)
    views = table.append_column("v", pa.array(["a", "b"], pa.string_view()))
    for data in (table, views):
        assert index_of(as_frame(data)) == ("key",)


def test_a_verdict_on_a_stream_is_that_on_its_rows(rng):
    frame = pd.DataFrame({"c": ["a", "b", None] * 40, "x": rng.normal(size=120)})
    moved = frame.assign(x=frame["x"] + 1)
    wanted = dl.detect_drift(frame, moved).table
    found = dl.detect_drift(*(Streamed(pa.Table.from_pandas(data)) for data in (frame, moved)))
    pd.testing.assert_frame_equal(found.table, wanted)
    assert found.drifted == ["x"]


def test_streams_that_are_no_tables_or_break_off():
    import polars

    for column in (pd.Series([1]), polars.Series([1]), pa.chunked_array([[1]])):
        with pytest.raises(dl.DriftlibError, match=rf"is a {type(column).__name__}, not a table"):
            as_frame(column)

    def batches():
        yield pa.record_batch({"x": [1]})
        raise RuntimeError("the server went away. Try again")

    broken = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), batches())
    with pytest.raises(dl.DriftlibError, match=r"^current is a Streamed that .*server went away\)"):
        as_frame(Streamed(broken), "current")

    class Refusing:
        def __arrow_c_stream__(self, requested_schema=None):
            raise KeyError("no such table")

    with pytest.raises(dl.DriftlibError, match=r"Refusing that cannot be read .*no such table"):
        as_frame(Refusing())


def test_whole_numbers_are_checked_once_for_all():
    for value in (3, 3.0, np.int64(3), np.float32(3)):
        assert check_whole("rows", value) == 3
        assert type(check_whole("rows", value)) is int
    for value in (0, -1, 2.5, True, np.True_, "3", None, np.nan, np.inf):
        with pytest.raises(ParameterError, match=r"^rows=.* must be a whole number, at least 1"):
            check_whole("rows", value)


def test_roles_of_columns():
    roles = ColumnRoles(y_true="late", timestamp="when")
    names = ["late", "y_pred", "y_proba", "y_proba_cat", "when", "y_probability"]
    assert [roles.of(name) for name in names] == [
        "target", "prediction", "prediction", "prediction", "timestamp", "feature",
    ]  # fmt: skip


def test_a_number_is_one_level_whatever_its_type():
    mixed = pd.Series([1, 1.0, "1", True, "True"], dtype=object)
    counts = count_levels(mixed)
    assert dict(zip(counts.levels, counts.counts, strict=True)) == {"1": 3, "True": 2}


def test_a_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "f.txt", "old")
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(dl.DriftlibError, match="cannot be written"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f.txt"]


def test_json_has_no_number_that_json_does_not_have(tmp_path):
    content = json_ready({"a": [np.nan, np.inf, np.int64(3)], "t": pd.NaT, "n": pd.NA})
    assert content == {"a": [None, None, 3], "t": None, "n": None}
    assert write_json(tmp_path / "x.json", content).read_text().endswith("}\n")


def test_missing_extra_says_how_to_get_it():
    sentence = str(MissingExtraError("evidently", "evidently", "The Evidently report"))
    assert install_command("evidently") in sentence


def test_a_category_that_no_row_has_does_not_count():
    series = pd.Series(pd.Categorical.from_codes([0, 1, -1], ["a", "b", "c", "d"]))
    counts = count_levels(series)
    assert dict(zip(counts.levels, counts.counts, strict=True)) == {"a": 1, "b": 1}
    assert counts.missing == 1
