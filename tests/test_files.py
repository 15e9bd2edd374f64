"""Files that are written: no formulas, and nothing lost on the way back."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftlib.errors import DataError
from driftlib.files import read_text, safe_csv, write_csv, write_whole
from driftlib.reporting.runs import FORMAT, VERSION, read_runs


def test_no_cell_is_handed_out_as_a_formula(tmp_path):
    table = pd.DataFrame(
        {"=head": ["=1+1", "+a", "-b", "@c", "\td", "plain", None], "n": np.arange(-3.0, 4.0)},
        index=pd.Index(["=x", "y", "z", "u", "v", "w", "t"], name="feature"),
    )
    written = write_csv(tmp_path / "table.csv", table).read_text()
    assert written == safe_csv(table)
    lines = written.splitlines()
    assert lines[0] == "feature,'=head,n"
    assert lines[1] == "'=x,'=1+1,-3.0"
    assert [line.split(",")[1] for line in lines[2:]] == ["'+a", "'-b", "'@c", "'\td", "plain", ""]
    assert table.columns[0] == "=head"
    assert '"\'\r=1"' in safe_csv(pd.DataFrame({"a": ["\r=1"]}))


@pytest.mark.parametrize("kind", [object, "str", "category"])
def test_texts_come_back_as_they_were(kind):
    texts = [
        "=1",
        "'=1",
        "''=1",
        "'quoted'",
        "plain",
        "a\r=1",
        "\r=1",
        "-2.5e3",
        "-2.5e3+1",
        "@",
        "+",
        "",
    ]
    frame = pd.DataFrame({"a": pd.Series(texts, dtype=kind)})
    written = safe_csv(frame, index=False)
    read = pd.read_csv(io.StringIO(written), keep_default_na=False, dtype=str)["a"]
    assert read[read.str.match(r"[=+\-@\t\r]")].tolist() == ["-2.5e3"]
    back = read.str.replace(r"^'('*[=+\-@\t\r])", r"\1", regex=True)
    assert back.tolist() == texts


def test_numbers_and_times_are_written_as_before():
    frame = pd.DataFrame(
        {
            "int": [-1, 2],
            "float": [-0.1, np.nan],
            "bool": [True, False],
            "day": pd.to_datetime(["2013-03-01", None]),
            "span": pd.to_timedelta([-1, 1], unit="h"),
            "mixed": [-1, None],
        },
        index=pd.MultiIndex.from_tuples([("a", -1), ("b", -2)], names=["name", None]),
    )
    assert safe_csv(frame) == frame.to_csv(lineterminator="\n")
    assert safe_csv(frame, index=False) == frame.to_csv(index=False, lineterminator="\n")
    assert safe_csv(frame["int"].to_frame().reset_index(drop=True)) == ",int\n0,-1\n1,2\n"


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    before = write_whole(tmp_path / "target.txt", "old")
    link = tmp_path / "link.txt"
    link.symlink_to("target.txt")
    assert write_whole(link, "new") == link
    assert (link.is_symlink(), before.read_text()) == (True, "new")
    (tmp_path / "new.txt").symlink_to("folder/none.txt")
    write_whole(tmp_path / "new.txt", "text")
    assert (tmp_path / "folder" / "none.txt").read_text() == "text"
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".txt"}


def test_places_that_cannot_be_written_get_a_short_sentence(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for path, words in {
        tmp_path / "pipe": "a pipe or a device and not a file",
        tmp_path: "a folder, a pipe",
        tmp_path / "loop": "cannot be written",
        "a\0b": "null byte",
        "a" * 5000: "File name too long",
        "s3://bucket/a.json": "is no place on this machine",
        tmp_path / "pipe" / "a.csv": "cannot be written",
    }.items():
        with pytest.raises(DataError, match=words) as caught:
            write_whole(path, "text")
        assert len(str(caught.value)) < 500
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop", "pipe"]


def test_text_files_are_read_with_and_without_a_mark(tmp_path, monkeypatch):
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(tmp_path / "marked", "list") == "{}"
    (tmp_path / "runs.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps({"format": FORMAT, "version": VERSION, "runs": []}).encode()
    )
    assert read_runs(tmp_path) == []
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path, words in {
        tmp_path / "pipe": "a pipe or a device: name a file",
        tmp_path: "a folder: name a file",
        tmp_path / "bytes": "it is no text",
        tmp_path / "none": "No such file",
        "a\0b": "there is a NUL in it",
        "a" * 5000: "File name too long",
        "https://example.org/b.json": "download it",
    }.items():
        with pytest.raises(DataError, match=words) as caught:
            read_text(path, "list")
        assert len(str(caught.value)) < 500

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(DataError, match=r"^list '.*marked' cannot be read \(Permission denied\)"):
        read_text(tmp_path / "marked", "list")
