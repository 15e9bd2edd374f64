"""Uploaded files: what is taken, what is refused and with which words."""

import io

import pandas as pd
import pytest

from driftlib.data import uploads
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
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither CSV nor Parquet (it is binary)"),
        (b"PAR1 but no more", "starts like Parquet but cannot be read"),
        (b"PK\x03\x04 and a workbook", "an Excel workbook or a ZIP archive: save it as CSV"),
        ("y_true,y_pred\n1,1\n".encode("utf-16"), "is UTF-16 text: save it as CSV, in UTF-8"),
        ("y_tr\xfce,y_pred\n1,1\n".encode("latin-1"), "header that is not UTF-8 text"),
        (b"y_true;y_pred\n1;1\n0,5;1\n", "separated by semicolons"),
        ("y_true,y_pred\nja,n\xe9in\n".encode("latin-1"), "not UTF-8 text"),
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
