"""Uploaded files: what is taken, what is refused and with which words."""

import gzip
import io
import resource

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftlib.data import uploads
from driftlib.data.frames import notes_of
from driftlib.data.uploads import read_upload
from driftlib.errors import DriftlibError


def test_csv_and_parquet_are_told_by_their_content():
    frame = pd.DataFrame({"y_true": [1, 0], "y_pred": [1, 1]})
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    for content in (frame.to_csv(index=False).encode(), parquet.getvalue()):
        pd.testing.assert_frame_equal(read_upload(content), frame)


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    assert list(read_upload("\ufeffy_true,y_pred\n1,1\n".encode())) == ["y_true", "y_pred"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the predictions file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is no text (it is binary)"),
        (b"PAR1 but no more", "starts like Parquet but cannot be read"),
        (b"PK\x03\x04 and a workbook", "an Excel workbook or a ZIP archive: save its sheet as CSV"),
        ("y_true,да\n1,1\n".encode("cp1251"), "header that is not UTF-8 text"),
        (b"y_true;y_pred\n1;1\n0\n", "separated by semicolons"),
        ("y_true,y_pred\nja,нет\n".encode("cp1251"), "not UTF-8 text"),
        (b"y_true,y_pred,y_true\n1,1,1\n", "more than one column named 'y_true'"),
        (b"y_true,y_pred\n", "has a header but no rows"),
        (b"y_true,y_pred\n1,1,1\n", "cannot be read as CSV"),
        (",".join(f"c{i}" for i in range(10_000)).encode() + b"\n", "has 10,000 columns"),
    ],
)
def test_files_that_are_refused(content, words):
    with pytest.raises(DriftlibError) as error:
        read_upload(content, "predictions")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_what_was_assumed_of_a_file_is_said():
    frame = read_upload("a;b\n1,5;é\n2,5;x\n".encode("utf-16"), "current")
    assert frame.to_dict("list") == {"a": [1.5, 2.5], "b": ["é", "x"]}
    assert notes_of(frame) == (
        "the current file is read as UTF-16",
        "the current file has semicolons between its cells",
        "the current file has decimal commas",
    )


def test_messages_name_the_role_and_not_a_file_that_nobody_knows():
    with pytest.raises(DriftlibError, match=r"^the current file has more than one column"):
        read_upload(b"a,a\n1,2\n", "current")


def test_a_long_first_line_of_many_bytes_a_character_is_text():
    names = ["é" * 100 + str(number) for number in range(500)]
    content = ",".join(names) + "\n" + ",".join("1" for _ in names) + "\n"
    assert list(read_upload(content.encode())) == names


def test_limits_are_kept(monkeypatch):
    frame = pd.DataFrame({"a": range(20)})
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    monkeypatch.setattr(uploads, "MOST_ROWS", 10)
    for content in (frame.to_csv(index=False).encode(), parquet.getvalue()):
        with pytest.raises(DriftlibError, match="has 20 rows and the limit is 10"):
            read_upload(content)
    monkeypatch.setattr(uploads, "MOST_MEGABYTES", 0)
    with pytest.raises(DriftlibError, match="and the limit is 0 MB"):
        read_upload(b"a\n1\n")


def parquet_of(table: pa.Table, **options) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


@pytest.fixture
def unread(monkeypatch):
    """Fail where the rows of a file are read after all."""

    def read(*_):
        raise AssertionError("the rows were read")

    monkeypatch.setattr(uploads, "read_frame", read)


def test_few_bytes_that_repeat_a_long_text_are_refused_before_they_are_unpacked(unread):
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["b" * 27_000])
    content = parquet_of(pa.table({"x": text}), store_schema=False, compression="zstd")
    assert len(content) < 940
    assert pq.ParquetFile(io.BytesIO(content)).schema_arrow.field("x").type == pa.string()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DriftlibError, match=r"takes 2,576 MB or more in memory and the limit is"):
        read_upload(content)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_many_columns_that_pack_well_are_refused_by_what_the_file_says(unread, monkeypatch):
    zeros = pa.nulls(1_000_000, pa.int8())
    content = parquet_of(pa.table({f"c{i}": zeros for i in range(200)}), compression="zstd")
    assert len(content) < 900_000
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", uploads.read_frame)
    with pytest.raises(DriftlibError, match=r"takes 1,526 MB or more in memory"):
        read_upload(content)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1, 2]]),
        pa.array([{"a": 1}]),
        pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
        pa.FixedSizeListArray.from_arrays(pa.array([1, 2]), 2),
    ],
    ids=["list", "struct", "map", "fixed list"],
)
@pytest.mark.parametrize("store_schema", [True, False])
def test_nested_columns_are_refused_unread(column, store_schema, unread):
    content = parquet_of(pa.table({"x": [1], "tags": column}), store_schema=store_schema)
    with pytest.raises(DriftlibError, match=r"has nested columns \('tags'\): write it without"):
        read_upload(content)


def test_text_is_counted_as_long_as_it_is(monkeypatch):
    texts = [f"level {number % 7}" * 100 for number in range(5_000)]
    table = pa.table({"a.b": texts, "a": range(5_000)})
    for options in ({}, {"use_dictionary": False}, {"data_page_version": "2.0"}):
        monkeypatch.setattr(uploads, "MOST_UNPACKED_MEGABYTES", 4)
        assert read_upload(parquet_of(table, **options))["a.b"].tolist() == texts
        monkeypatch.setattr(uploads, "MOST_UNPACKED_MEGABYTES", 3)
        with pytest.raises(DriftlibError, match="takes 3 MB or more in memory"):
            read_upload(parquet_of(table, **options))


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"])
def test_text_that_is_stored_as_differences(encoding, monkeypatch):
    table = pa.table({"x": ["b" * 500] * 3_000})
    options = {"use_dictionary": False, "column_encoding": {"x": encoding}}
    content = parquet_of(table, **options)
    assert len(read_upload(content)) == 3_000
    monkeypatch.setattr(uploads, "MOST_UNPACKED_MEGABYTES", 2)
    if encoding == "DELTA_BYTE_ARRAY":
        with pytest.raises(DriftlibError, match="stores column 'x' as differences"):
            read_upload(content)
    else:
        assert len(read_upload(content)) == 3_000


def test_many_text_columns_are_no_reason_to_refuse(monkeypatch):
    monkeypatch.setattr(uploads, "MOST_UNPACKED_MEGABYTES", 10)
    levels = pa.array(["north", "south"] * 1_000)
    content = parquet_of(pa.table({f"c{i}": levels for i in range(300)}))
    assert read_upload(content).shape == (2_000, 300)


def test_compressed_csv_is_unpacked_no_further_than_the_limit(monkeypatch):
    text = b"y_true,y_pred\n" + b"1,0\n" * 100
    assert read_upload(gzip.compress(text)).shape == (100, 2)
    monkeypatch.setattr(uploads, "MOST_MEGABYTES", 1)
    content = gzip.compress(b"x\n" + b"1\n" * 2**20)
    assert len(content) < 10_000
    unpacked = []
    read = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda *a: unpacked.append(read(*a)) or unpacked[-1])
    with pytest.raises(DriftlibError, match="unpacks to more than the limit of 1 MB"):
        read_upload(content)
    assert sum(map(len, unpacked)) == 2**20 + 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"x\n1\n")[:-6], "compressed and cannot be unpacked: write it again"),
        (b"\x1f\x8b nonsense", "compressed and cannot be unpacked"),
        (gzip.compress(gzip.compress(b"x\n1\n")), "compressed more than once"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(b"PK\x03\x04 and a workbook"), "an Excel workbook"),
    ],
    # The bytes hold the time they were made at, which no two workers agree on.
    ids=["cut", "nonsense", "twice", "empty", "workbook"],
)
def test_damaged_and_strange_compressed_files(content, words):
    with pytest.raises(DriftlibError, match=words):
        read_upload(content)


def test_csv_of_many_short_cells_is_refused_unread(unread, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_UNPACKED_MEGABYTES", 1)
    with pytest.raises(DriftlibError, match="takes 2 MB or more in memory and the limit is 1 MB"):
        read_upload(b"a,b\n" + b",\n" * 100_000)


def test_the_limits_are_said():
    for words in ("200 MB", "5,000,000 rows", "without nested columns", "1,000 MB in memory"):
        assert words in uploads.LIMITS
