"""The command-line demo: its four files, their agreement with the library, its options."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import driftlib as dl

ROOT = Path(__file__).parent.parent


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "app.py"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


# Tests of the one run stay in one process, so that it is made once.
one_run = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = run("--output", "artifacts", "--rows", "1500", "--feature-drift", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "artifacts", done.stdout


@one_run
def test_files_and_summary(demo):
    folder, printed = demo
    names = ["baseline.json", "drift_heatmap.html", "drift_summary.csv", "metrics.csv"]
    assert sorted(path.name for path in folder.iterdir()) == names
    for word in ("Data ", "Drift ", "Performance ", "Why ", "Files ", *names):
        assert word in printed


@one_run
def test_files_hold_what_the_library_says(demo):
    folder, _ = demo
    data = dl.simulate(1500, feature_drift=1, label_flips=0.1, seed=0)
    baseline = dl.Baseline.load(folder / "baseline.json")
    drift = dl.detect_drift(baseline, data.current)
    summary = pd.read_csv(folder / "drift_summary.csv", index_col="feature")
    assert list(summary.columns) == list(drift.table.columns)
    assert summary["psi"].to_dict() == pytest.approx(drift.table["psi"].to_dict(), nan_ok=True)
    assert summary["drifted"].to_dict() == drift.table["drifted"].to_dict()
    entry = json.loads((folder / "baseline.json").read_text())["columns"]["monthly_charge"]
    assert entry["mean"] == pytest.approx(data.reference["monthly_charge"].mean())
    metrics = pd.read_csv(folder / "metrics.csv")
    assert {"accuracy", "precision", "recall", "roc_auc"} <= set(metrics["metric"])
    assert metrics["window"].min() == 0


@one_run
def test_heatmap_stands_alone(demo):
    page = (demo[0] / "drift_heatmap.html").read_text()
    assert page.count("<h1") == 1
    assert '<html lang="en"' in page


def test_no_dial_no_drift(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main = runpy.run_path(str(ROOT / "app.py"))["main"]
    assert main(["--rows", "1000", "--feature-drift", "0", "--label-flips", "0"]) == 0
    assert "No drift: none of 8 features" in capsys.readouterr().out
    assert (tmp_path / "artifacts" / "metrics.csv").exists()


def test_options_that_cannot_be_used(tmp_path, capsys):
    main = runpy.run_path(str(ROOT / "app.py"))["main"]
    for option in (["--label-flips", "0.9"], ["--rows", "0"], ["--feature-drift", "-1"]):
        assert main([*option, "--output", str(tmp_path)]) == 2
        assert capsys.readouterr().err.startswith("app.py: ")
    taken = tmp_path / "taken"
    taken.write_text("")
    assert main(["--rows", "300", "--output", str(taken)]) == 2
    assert "cannot be written" in capsys.readouterr().err
