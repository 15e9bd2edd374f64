"""The command line, as a cron job would call it."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from driftlib.cli import main


@pytest.fixture
def files(tmp_path, rng):
    frame = pd.DataFrame({"x": rng.normal(size=500), "c": rng.choice(["a", "b"], 500)})
    paths = {name: tmp_path / f"{name}.csv" for name in ("reference", "same", "moved", "nudged")}
    frame.to_csv(paths["reference"], index=False)
    frame.sample(frac=1, random_state=0).to_csv(paths["same"], index=False)
    frame.assign(x=frame["x"] + 1).to_csv(paths["moved"], index=False)
    frame.assign(x=frame["x"] + 0.25).to_csv(paths["nudged"], index=False)
    paths["baseline"] = tmp_path / "b.json"
    assert main(["baseline", str(paths["reference"]), "-o", str(paths["baseline"])]) == 0
    return paths


def test_exit_codes(files, capsys):
    def check(name, *options):
        return main(["check", str(files["baseline"]), str(files[name]), *options])

    assert check("same") == 0
    assert check("moved") == 1
    assert check("nudged") == 0
    assert check("nudged", "--fail-on", "minor") == 1
    assert check("moved", "--features", "c") == 0
    capsys.readouterr()
    assert main(["check", str(files["baseline"]), "none.csv"]) == 2
    assert main(["check", str(files["same"]), str(files["same"])]) == 2
    assert main(["check", str(files["baseline"]), str(files["same"]), "--alpha", "7"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith("driftlib: ") for line in errors)


def test_table_and_json(files, capsys, tmp_path):
    capsys.readouterr()
    out = tmp_path / "result.json"
    main(["check", str(files["baseline"]), str(files["moved"]), "--json", str(out)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 of 2 features drifted: x"
    assert lines[3].split()[0] == "x"
    assert "shifted up by 1 standard deviation" in lines[3]
    content = json.loads(out.read_text())
    first = content["alerts"][0]
    assert list(first) == ["kind", "subject", "window", "severity", "message", "state"]
    assert (first["window"], first["state"]) == (None, "new")
    assert content["drifted"] == ["x"]
    assert content["failed"] is True
    main(["check", str(files["baseline"]), str(files["same"]), "--json", "-"])
    same = json.loads(capsys.readouterr().out)
    assert same["failed"] is False
    assert same["alerts"] == []


def test_control_characters_do_not_reach_the_terminal(tmp_path, capsys):
    frame = pd.DataFrame({"\x1b[31mred": range(50), "x": range(50)})
    frame.to_parquet(tmp_path / "f.parquet")
    main(["baseline", str(tmp_path / "f.parquet"), "-o", str(tmp_path / "b.json")])
    main(["check", str(tmp_path / "b.json"), str(tmp_path / "f.parquet")])
    assert "\x1b" not in capsys.readouterr().out


def test_a_check_imports_nothing_heavy(files):
    code = (
        "import sys; from driftlib.cli import main; "
        f"main(['check', {str(files['baseline'])!r}, {str(files['moved'])!r}]); "
        "print([m for m in ('sklearn', 'plotly', 'evidently', 'scipy.stats') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


def test_module_and_help():
    run = subprocess.run(
        [sys.executable, "-m", "driftlib", "--help"], capture_output=True, text=True
    )
    assert run.returncode == 0
    for command in ("baseline", "check", "report"):
        assert command in run.stdout


def test_a_report_passes_on_what_is_named_and_no_more(monkeypatch, tmp_path):
    asked = []

    def run_report(parameters, **rest):
        asked.append(parameters)
        return SimpleNamespace(headline="Done.", output=tmp_path, failed=(), alerts=())

    monkeypatch.setattr("driftlib.reporting.run_report", run_report)
    assert main(["report", "--current", "a.csv", "--exclude", "id, a shop", "--unit", "7D"]) == 0
    assert main(["report", "--features", "x,y", "--time-format", "dayfirst"]) == 0
    assert asked == [
        {"current": "a.csv", "exclude": ["id", "a shop"], "unit": "7D"},
        {"features": ["x", "y"], "time_format": "dayfirst"},
    ]
