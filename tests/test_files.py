"""Files that are written: no formulas, and nothing lost on the way back."""

import io

import numpy as np
import pandas as pd
import pytest

from driftlib.files import safe_csv, write_csv


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
