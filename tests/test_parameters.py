"""Parameters of notebooks, the notebooks themselves, and where a report came from."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from driftlib.errors import DataError, ParameterError
from driftlib.profile.baseline import Baseline
from driftlib.reporting import (
    find_notebooks,
    fingerprint,
    project_path,
    provenance,
    read_parameters,
)
from driftlib.reporting import parameters as settings
from driftlib.reporting.progress import Progress

HOSTILE = "<img src=x onerror=window.hacked=1>"
PARAMETERS = """\
reference = ""  # path of the reference
output = "reports"  # folder for data files
alpha = 0.05  # false-alarm rate
rows: int = 3  # a whole number
features = []  # names of columns
fast = True  # whether to hurry
"""


def make(folder: Path, *names: str) -> Path:
    """Folder of notebooks that declare the parameters above."""
    folder.mkdir(exist_ok=True)
    cell = nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    for name in names:
        notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


def test_declared_parameters_are_those_that_papermill_finds(tmp_path) -> None:
    import papermill

    path = make(tmp_path, "drift") / "drift.ipynb"
    ours = settings.declared(path)
    theirs = papermill.inspect_notebook(str(path))
    assert list(ours) == list(theirs)
    assert {name: found.help for name, found in ours.items()} == {
        name: found["help"] for name, found in theirs.items()
    }
    assert ours["alpha"].default == 0.05


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ("0.5", 0.1, 0.5),
        (1, 0.1, 1.0),
        ("7", 3, 7),
        (7.0, 3, 7),
        ("yes", False, True),
        (0, True, False),
        (7, "", "7"),
        ("a, b", [], ["a", "b"]),
        ("1, 2", [5], [1, 2]),
        ("a", ["x"], ["a"]),
        (["a"], [], ["a"]),
        (True, "unknown", "yes"),
        ("No", "unknown", "no"),
        ("unknown", "unknown", "unknown"),
    ],
)
def test_values_become_the_type_of_the_default(value, default, expected) -> None:
    converted = settings.convert("name", value, default)
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(
    ("value", "default", "said"),
    [
        ("much", 0.1, "a number"),
        (True, 3, "a whole number"),
        (2.5, 3, "a whole number"),
        (float("nan"), 0.1, "a number"),
        ("perhaps", True, "true or false"),
        ([1], "", "text"),
        (True, "y_pred", "text"),
        (["x"], [0.1], "a number"),
        ("maybe", "unknown", "yes, no or unknown"),
    ],
)
def test_values_of_another_type_are_one_sentence(value, default, said: str) -> None:
    with pytest.raises(ParameterError, match=f"parameter 'alpha' is .*: give {said}, such as"):
        settings.convert("alpha", value, default)


def test_relative_paths_start_where_the_caller_is(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebooks = find_notebooks(make(tmp_path / "notebooks", "drift"))
    found = settings.assign({"reference": "data/*.csv", "alpha": None}, notebooks)
    assert found == {"drift": {"reference": str(tmp_path / "data/*.csv")}}


def test_paths_in_notebooks_are_found_from_anywhere(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert project_path("pyproject.toml") == settings.project_root() / "pyproject.toml"
    (tmp_path / "part-1.csv").touch()
    assert project_path("part-*.csv") == Path("part-*.csv")
    assert project_path("reports") == settings.project_root() / "reports"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "not YAML .line"),
        ("- a\n- b", "not a list of settings"),
        ("a: {b: 1}", "nests settings under 'a'"),
    ],
)
def test_parameter_files_that_cannot_be_used(tmp_path, text: str, said: str) -> None:
    path = tmp_path / "my.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read_parameters(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_parameters(tmp_path / "none.yml")


def test_notebooks_that_cannot_be_found(tmp_path, monkeypatch) -> None:
    with pytest.raises(DataError, match="has no notebooks"):
        find_notebooks(tmp_path)
    with pytest.raises(DataError, match="does not exist"):
        find_notebooks(tmp_path / "a.ipynb")
    monkeypatch.setattr(settings, "project_root", lambda: tmp_path)
    with pytest.raises(DataError, match="DRIFTLIB_NOTEBOOKS"):
        find_notebooks()
    monkeypatch.setenv("DRIFTLIB_NOTEBOOKS", str(make(tmp_path / "own", "demo", "drift")))
    assert list(find_notebooks()) == ["drift", "demo"]
    (tmp_path / "x.ipynb").write_text("{}")
    with pytest.raises(DataError, match="not a notebook"):
        settings.declared(tmp_path / "x.ipynb")


def test_fingerprint_follows_the_content(tmp_path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, np.nan], "c": ["a", None, "b"], "l": [[1], [2], []]})
    found = fingerprint(frame)
    assert re.fullmatch("[0-9a-f]{16}", found)
    assert fingerprint(frame.copy()) == found
    assert fingerprint(frame[::-1]) != found
    assert fingerprint(frame.rename(columns={"x": "z"})) != found
    assert fingerprint(frame.assign(c=["a", None, "c"])) != found
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n")
    of_file = fingerprint(path)
    path.write_text("x\n2\n")
    assert fingerprint(path) != of_file
    baseline = Baseline.fit(frame[["x", "c"]])
    assert fingerprint(baseline) == fingerprint(Baseline.fit(frame[["x", "c"]]))


def test_provenance_names_versions_rows_and_parameters(tmp_path) -> None:
    frame = pd.DataFrame({"x": range(5)})
    frame.to_parquet(tmp_path / "a.parquet")
    found = provenance(tmp_path / "a.parquet", frame, {"features": [], "alpha": 0.1})
    values = found.table["value"]
    assert values["reference data"] == "a.parquet"
    assert values["reference rows"] == values["current rows"] == "5"
    assert values["features"] == "(none)"
    assert values["pandas"] == pd.__version__
    assert found.to_dict()["fingerprints"]["current"] == fingerprint(frame)
    assert "&lt;img" in provenance(frame, None, {HOSTILE: HOSTILE})._repr_html_()


def test_without_a_terminal_each_report_is_one_line(capsys) -> None:
    with Progress(["drift", "demo"], shown=True) as progress:
        progress.advance("drift", 1, 2)
        progress.finish("drift", 1.25, None, "Two features\x1b[2J drifted.")
        progress.finish("demo", 2.0, "No data.", None)
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["drift (1.2 s): Two features?[2J drifted.", "demo (2.0 s): failed: No data."]
    with Progress(["drift"], shown=False) as progress:
        progress.finish("drift", 1.0, None, None)
    assert capsys.readouterr().err == ""
