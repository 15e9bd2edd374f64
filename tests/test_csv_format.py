"""CSV files as people have them: read in the one way there is, whole and streamed, and said."""

import gzip

import pandas as pd
import pytest

import driftlib as dl
from driftlib.data import csv_files
from driftlib.data.frames import notes_of
from driftlib.data.opening import open_source, read_frame

SEMICOLONS, TABS = "has semicolons between its cells", "has tabs between its cells"
TITLE = "has a title above its header, left out ({!r})".format
NAMELESS = "has {} without a name, left out ({})".format
COMMAS = "has decimal commas"
MORE = "has 2 separators too many at the end of its rows"
WESTERN = "is not UTF-8, and is read as Windows-1252 (such as 'café')"
UTF_16 = "is read as UTF-16"
NUMBERS = {"a": [1, 3], "b": [2, 4]}
READ = {
    "plain": ("a,b\n1,2\n3,4\n", NUMBERS, ()),
    "semicolons": ("a;b\n1;2\n3;4\n", NUMBERS, (SEMICOLONS,)),
    "tabs": ("a\tb\n1\t2\n3\t4\n", NUMBERS, (TABS,)),
    "said by Excel": ("sep=;\na;b\n1;2\n3;4\n", NUMBERS, (SEMICOLONS,)),
    "old lines": ("a;b\r1;2\r3;4\r", NUMBERS, (SEMICOLONS,)),
    "semicolons inside": ('a,b\n"x;y",2\n"u;v",4\n', {"a": ["x;y", "u;v"], "b": [2, 4]}, ()),
    "blank first": ("\n  \n,\na,b\n1,2\n3,4\n", NUMBERS, ()),
    "blank between": ("a,b\n1,2\n\n3,4\n\n", NUMBERS, ()),
    "too many": ("a,b\n1,2,,\n3,4,,\n", NUMBERS, (MORE,)),
    "nameless": ("a,b,,\n1,2,,\n3,4,,x\n", NUMBERS, (NAMELESS("2 columns", "3 and 4"),)),
    "one nameless": ("a,,b\n1,9,2\n3,9,4\n", NUMBERS, (NAMELESS("1 column", "2"),)),
    "stored index": (",a,b\n0,1,2\n1,3,4\n", {"": [0, 1], **NUMBERS}, ()),
    "title": ("March 2024\n\na,b\n1,2\n3,4\n", NUMBERS, (TITLE("March 2024"),)),
    "wide title": (
        "March,,\n,,\na,b,c\n1,2,x\n3,4,y\n", {**NUMBERS, "c": ["x", "y"]}, (TITLE("March"),)
    ),
    "decimal commas": ("a;b\n1,5;2\n3,25;4\n", {**NUMBERS, "a": [1.5, 3.25]}, (SEMICOLONS, COMMAS)),
    "late commas": (
        "a;b\n" + "1;2\n" * 300 + "1,5;2\n",
        {"a": [1.0] * 300 + [1.5], "b": [2] * 301},
        (SEMICOLONS, COMMAS),
    ),
    "three decimals": (
        "a;b\n1,250;2\n3,500;4\n",
        {"a": [1.25, 3.5], "b": [2, 4]},
        (SEMICOLONS, "has decimal commas (1,250 is taken for less than a thousand)"),
    ),
    "dates": ("a;b\n1.2.24;2\n3.4.24;4\n", {**NUMBERS, "a": ["1.2.24", "3.4.24"]}, (SEMICOLONS,)),
    "Windows": ("a,b\ncafé,2\nx,4\n".encode("cp1252"), {**NUMBERS, "a": ["café", "x"]}, (WESTERN,)),
    "UTF-16": ("a,b\né,2\nx,4\n".encode("utf-16"), {**NUMBERS, "a": ["é", "x"]}, (UTF_16,)),
    "marked UTF-8": ("a,b\n1,2\n3,4\n".encode("utf-8-sig"), NUMBERS, ()),
}  # fmt: skip


class Rows(list):
    """Batches of a source, which add."""

    @property
    def rows(self):
        return sum(map(len, self))

    def __add__(self, other):
        return Rows([*self, *other])


def streamed(path):
    source = open_source(path, "current", "the data")
    parts = source.total(lambda batch: Rows([batch.frame]), source.headers[0].names)
    return pd.concat(parts, ignore_index=True), source.notes


@pytest.mark.parametrize("case", READ)
def test_a_file_is_read_whole_streamed_and_packed_alike(case, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "BLOCK_BYTES", 60)
    content, expected, notes = READ[case]
    content = content if isinstance(content, bytes) else content.encode()
    for name, data in {"f.csv": content, "f.csv.gz": gzip.compress(content)}.items():
        (tmp_path / name).write_bytes(data)
        whole = read_frame(tmp_path / name)
        for frame, said in ((whole, notes_of(whole)), streamed(tmp_path / name)):
            assert frame.to_dict("list") == expected
            assert said == tuple(f"{name} {note}" for note in notes)


def test_text_that_looks_like_decimal_commas_does_not_cost_a_file_of_tabs(tmp_path):
    (tmp_path / "f.tsv").write_text("price\ttags\n1.5\t3,12\n2.5\t4,7\n")
    frame = read_frame(tmp_path / "f.tsv")
    assert frame.to_dict("list") == {"price": [1.5, 2.5], "tags": ["3,12", "4,7"]}
    assert notes_of(frame) == ()


def test_what_was_assumed_is_in_every_answer(tmp_path, rng):
    frame = pd.DataFrame({"x": rng.normal(size=400).round(2), "y_true": rng.integers(0, 2, 400)})
    frame["y_pred"] = frame["y_true"]
    frame.to_csv(tmp_path / "a.csv", sep=";", decimal=",", index=False)
    for name in ("b1.csv", "b2.csv"):
        frame.to_csv(tmp_path / name, sep="\t", index=False)
    before, now = tmp_path / "a.csv", tmp_path / "b*.csv"
    own = (f"a.csv {SEMICOLONS}", "a.csv has decimal commas")
    notes = (*own, f"b1.csv, with 1 other file, {TABS}")
    result = dl.detect_drift(before, now)
    assert result.notes == notes
    assert result.to_dict()["notes"] == list(notes)
    assert result.table["psi"].eq(0).all()
    assert dl.drift_trend(before, now, window=300).notes == notes
    assert dl.detect_drift(read_frame(before), read_frame(now)).notes == notes
    assert set(dl.track_performance(now, reference=before).notes) > set(notes)
    assert dl.diagnose(before, now).reason.endswith(". ".join(["", *notes]) + ".")
    path = dl.Baseline.fit(before).save(tmp_path / "baseline.json")
    assert dl.Baseline.load(path).notes == own
    plain = dl.Baseline.fit(frame)
    assert "notes" not in plain.to_dict()
    assert dl.detect_drift(plain, frame).notes == ()
