"""The command line, as a cron job would call it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import driftlib
from driftlib.cli import COMMANDS, main, settings
from driftlib.reporting.parameters import (
    CHECK_ONLY,
    assign,
    declared,
    find_notebooks,
    read_parameters,
)


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
    (damaged := files["same"].with_suffix(".json")).write_text("{}")
    assert main(["check", str(damaged), str(files["same"])]) == 2
    assert main(["check", str(files["baseline"]), str(files["same"]), "--alpha", "7"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert all(line.startswith("driftlib: ") for line in errors)


def test_a_closed_pipe_changes_nothing(tmp_path, rng):
    """What `driftlib check ... | head -1` leaves: the file and the exit code."""
    out = tmp_path / "result.json"
    frame = pd.DataFrame(rng.normal(size=(60, 150))).add_prefix("x" * 600)
    frame.to_parquet(tmp_path / "wide.parquet")
    (frame + 100).to_parquet(tmp_path / "moved.parquet")
    sides = [str(tmp_path / name) for name in ("wide.parquet", "moved.parquet")]
    options = ["--unit", "row", "--json", str(out)]
    command = [sys.executable, "-m", "driftlib", "check", *sides, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        run.stdout.readline()
        run.stdout.close()
        assert run.wait() == 1
        assert run.stderr.read() == b""
    assert json.loads(out.read_text())["failed"] is True


def test_quiet_limits_and_version(files, capsys):
    pair = [str(files["baseline"]), str(files["nudged"])]
    capsys.readouterr()
    assert main(["check", *pair, "--psi-moderate", "0.01", "--quiet"]) == 1
    assert (
        main(["check", *pair, "--psi-moderate", "0.01", "--psi-major", "0.02", "--exclude", "x"])
        == 0
    )
    assert main(["check", *pair, "--quiet", "--psi-moderate", "2"]) == 2
    with pytest.raises(SystemExit):
        main(["--version"])
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == f"driftlib {driftlib.__version__}"
    assert "psi_moderate=2.0 and psi_major=0.25 must be in order" in err


def test_one_file_of_parameters_serves_check_and_report(files, tmp_path, capsys):
    pytest.importorskip("yaml")
    notebooks = {n for path in find_notebooks().values() for n in declared(path)}
    assert {*CHECK_ONLY} == {*settings.KNOWN} - notebooks
    path = tmp_path / "my.yml"
    path.write_text(
        f"reference: {files['reference']}\ncurrent: {files['moved']}\nexclude: [x]\noutput: there\n"
        "fail_on: minor\nquiet: true\nsegments: []\n"
    )
    assert main(["check", "--params", str(path)]) == 0
    assert main(["check", str(files["baseline"]), "--params", str(path)]) == 0
    assert main(["check", "--params", str(path), "--exclude", ""]) == 1
    path.write_text("fial_on: minor")
    assert main(["check", "--params", str(path)]) == 2
    err = capsys.readouterr().err
    assert "Did you mean 'fail_on'?" in err


def test_init_guesses_probabilities_of_classes_and_says_what_it_did_not_find(tmp_path, capsys):
    wines = pd.DataFrame({"body": [0.1, 0.7], "predicted": ["red", "white"]})
    wines["glass"], wines["grape"] = "red", wines["predicted"]
    wines[["p_red", "p_white"]] = [[0.8, 0.2], [0.3, 0.7]]
    wines.to_parquet(tmp_path / "a.parquet")
    assert main(["init", str(tmp_path / "a.parquet"), "-o", str(tmp_path / "d.yml")]) == 0
    said = capsys.readouterr().out
    assert 'y_pred: "predicted"' in said
    assert 'y_proba: "p" (its columns p_<class> add up to 1)' in said
    none = "y_true: none found by its name; if there is one ('grape' agrees with the predictions),"
    assert none in said


def test_init_knows_chances_of_classes_and_ways_to_write_dates():
    from driftlib.cli.guessing import guess

    days = pd.date_range("2024-01-01", periods=40)
    wines = pd.DataFrame({"grape": ["red", "white"] * 20, "hue_share": 0.5})
    wines[["y_proba_red", "y_proba_white"]] = [[0.8, 0.2], [0.3, 0.7]] * 20
    for written, way in (
        *(("%d/%m/%Y", "dayfirst"), ("%d.%m.%Y", "dayfirst")),
        *(("%m/%d/%Y", "%m/%d/%Y"), ("lot %d", None)),
    ):
        found = guess(wines.assign(sold=days.strftime(written)))
        known = {one.name: one.value for one in found}
        assert known.pop("y_proba") == "y_proba"
        dates = {} if way is None else {"timestamp": "sold", "time_format": way}
        assert known == dates
    # Of the first twelve days either number may be the month.
    early = pd.DataFrame({"sold": [*days[:10].strftime("%d/%m/%Y")] * 2})
    assert guess(early) == []
    assert guess(early.assign(sold="99/02/2020")) == []
    # Columns that do not add up are no chances of classes, and no label either.
    loose = guess(wines.assign(y_proba_white=0.9, y_pred=1.5)[["y_proba_white", "y_pred"]])
    assert "y_true" not in {one.name for one in loose}


def test_init_writes_what_it_guessed_for_check_and_report(tmp_path, rng, capsys):
    yaml = pytest.importorskip("yaml")
    rows = 400
    frame = pd.DataFrame(
        {
            "order_id": range(rows), "sold_at": pd.date_range("2024-01-01", periods=rows, freq="h"),
            "store_code": rng.integers(0, 5, rows), "price": rng.normal(size=rows),
            "Label": rng.choice(["no", "yes"], rows), "score": rng.uniform(size=rows),
        }
    )  # fmt: skip
    frame.to_csv(tmp_path / "then.csv", index=False)
    frame.assign(price=frame["price"] + 2).to_csv(tmp_path / "now.csv", index=False)
    names = [str(tmp_path / name) for name in ("then.csv", "now.csv", "my.yml")]
    assert main(["init", *names[:2], "-o", names[2]]) == 0
    assert "store_code" in capsys.readouterr().out
    assert yaml.safe_load((tmp_path / "my.yml").read_text()) == {
        "reference": names[0], "current": names[1], "timestamp": "sold_at", "y_true": "Label",
        "y_proba": "score", "positive": "yes", "exclude": ["order_id"],
        "categorical": ["store_code"],
    }  # fmt: skip
    assign(read_parameters(names[2]), find_notebooks())
    assert main(["check", "--params", names[2]]) == 1
    assert "price" in capsys.readouterr().out
    assert main(["init", *names[:2], "-o", names[2]]) == 2
    assert main(["notebooks", str(tmp_path / "mine")]) == 0
    assert (tmp_path / "mine" / "drift.ipynb").is_file()
    assert main(["notebooks", str(tmp_path / "mine")]) == 2


def test_a_check_measures_or_estimates_performance(tmp_path, rng, capsys):
    def rows(n, wrong):
        proba = rng.uniform(size=n)
        labels = rng.random(n) < np.where(rng.random(n) < wrong, 1 - proba, proba)
        return pd.DataFrame({"x": proba + rng.normal(size=n), "y_proba": proba,
                             "y_pred": (proba > 0.5) * 1, "y_true": labels * 1})  # fmt: skip

    sides = {"then": rows(2000, 0), "now": rows(2000, 0.4)}
    sides["late"] = sides["now"].drop(columns="y_true")
    for name, frame in sides.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    out = tmp_path / "r.json"
    then, now, late = (str(tmp_path / f"{name}.parquet") for name in sides)
    assert main(["check", then, now, "--json", str(out), "--quiet"]) == 1
    found = json.loads(out.read_text())
    assert {alert["kind"] for alert in found["alerts"]} == {"performance"}
    assert main(["baseline", then, "-o", str(tmp_path / "b.json")]) == 0
    options = ["--json", str(out), "--quiet", "--metrics", "accuracy"]
    assert main(["check", str(tmp_path / "b.json"), now, *options]) == 0
    assert (
        main(["check", str(tmp_path / "b.json"), now, *options, "--thresholds", "accuracy=0.9"])
        == 1
    )
    assert main(["check", then, late, *options, "--estimator", "cbpe"]) == 0
    (row,) = json.loads(out.read_text())["performance"]["table"]
    assert (row["metric"], row["estimated"]) == ("accuracy", True)
    main(["check", str(tmp_path / "b.json"), late, "--quiet", "--json", str(out)])
    assert "labelled data as --reference" in json.loads(out.read_text())["remarks"][0]


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


def test_markdown_and_prometheus(tmp_path, rng, capsys):
    parser = pytest.importorskip("prometheus_client.parser")
    hostile = 'a|"b"\\\n<x>'
    frame = pd.DataFrame({hostile: rng.normal(size=500), "y_pred": 1, "y_true": 1, "c": "a"})
    frame.to_parquet(tmp_path / "then.parquet")
    (frame.assign(**{hostile: frame[hostile] + 2})).to_parquet(tmp_path / "now.parquet")
    files = {kind: tmp_path / f"out.{kind}" for kind in ("md", "prom")}
    outputs = ["--markdown", str(files["md"]), "--prometheus", str(files["prom"])]
    sides = [str(tmp_path / f"{side}.parquet") for side in ("then", "now")]
    assert (
        main(["check", *sides, *outputs, "--quiet", "--model", "m", "--metrics", "accuracy"]) == 1
    )
    assert main(["check", sides[0], sides[0], "--markdown", str(files["md"]), "--quiet"]) == 0
    assert "## What changed" not in files["md"].read_text()
    assert (
        main(["check", *sides, *outputs, "--quiet", "--model", "m", "--metrics", "accuracy"]) == 1
    )
    text = files["md"].read_text()
    assert text.startswith("# m\n\n**")
    assert r"| a\|&quot;b".replace("&quot;", '"') in text
    assert "## Alerts" in text
    families = parser.text_string_to_metric_families(files["prom"].read_text())
    found = {(f.name, tuple(s.labels.values())): s.value for f in families for s in f.samples}
    assert found["driftlib_severity", ("m", hostile, "numeric")] == 3
    assert found["driftlib_alerts", ("m", "major")] == 1
    assert found["driftlib_metric", ("m", "accuracy", "false")] == 1
    assert found["driftlib_rows", ("m",)] == 500
    assert found["driftlib_check_failed", ("m",)] == 1


def test_recipes_run(files, tmp_path, capsys):
    """The lines that cron and the workflow run, run here."""
    yaml = pytest.importorskip("yaml")
    folder = tmp_path / "100% mine"
    folder.mkdir()
    params = folder / "my params.yml"
    params.write_text(f"reference: {files['baseline']}\ncurrent: {files['moved']}\n")
    texts = {}
    for place in ("cron", "systemd", "github"):
        capsys.readouterr()
        assert main(["recipe", place, "--params", str(params)]) == 0
        texts[place] = capsys.readouterr().out
    # Cron takes a bare % for the end of the command.
    line = texts["cron"].splitlines()[-1].removeprefix("15 6 * * * ")
    assert line.count("%") == line.count(r"\%") == 2
    line = line.replace(r"\%", "%")
    assert subprocess.run(["sh", "-c", line], capture_output=True).returncode == 1
    assert f"\nWorkingDirectory={str(folder).replace('%', '%%')}\n" in texts["systemd"]
    units = re.split("(?m)^# /etc/systemd/system/", texts["systemd"])[1:]
    for unit in units:
        head, _, body = unit.partition("\n")
        (tmp_path / re.split("[: ]", head)[0]).write_text(body)
    if shutil.which("systemd-analyze"):
        names = sorted(tmp_path.glob("driftlib-check.*"))
        assert len(names) == 2
        done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True)
        assert "driftlib-check" not in done.stderr
    steps = yaml.safe_load(texts["github"])["jobs"]["check"]["steps"]
    (run,) = (step["run"] for step in steps if step.get("name") == "check")
    out = str(tmp_path / "report.md")
    command = [out if word == "report.md" else word for word in shlex.split(run)[1:]]
    assert main(command) == 1
    assert (tmp_path / "report.md").read_text().startswith("# ")


def test_the_dashboard_asks_for_what_a_check_writes(files, tmp_path, capsys):
    parser = pytest.importorskip("prometheus_client.parser")
    labelled = pd.DataFrame({"x": range(90), "y_true": [0, 1] * 45, "y_pred": [0, 1] * 45})
    labelled.to_parquet(tmp_path / "l.parquet")
    out = str(tmp_path / "out.prom")
    side = str(tmp_path / "l.parquet")
    assert main(["check", side, side, "--prometheus", out, "--quiet"]) == 0
    families = parser.text_string_to_metric_families(Path(out).read_text())
    written = {f.name: set(f.samples[0].labels) for f in families}
    capsys.readouterr()
    assert main(["recipe", "grafana"]) == 0
    board = json.loads(capsys.readouterr().out)
    (asked,) = (v["query"]["query"] for v in board["templating"]["list"] if v["name"] == "model")
    texts = [t["expr"] for panel in board["panels"] for t in panel["targets"]] + [asked]
    seen = set()
    for text in texts:
        names = set(re.findall(r"driftlib_\w+", text))
        assert names
        assert names <= set(written)
        seen |= names
        known = set.union(*(written[name] for name in names))
        labels = re.findall(r'(\w+)=~?"', text) + re.findall(r"(?:by|on) \(([^)]*)\)", text)
        assert {one for label in labels for one in label.split(", ")} <= known
    assert seen == set(written)
    for panel in board["panels"]:
        for target in panel["targets"]:
            names = set(re.findall(r"driftlib_\w+", target["expr"]))
            legend = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert legend <= set.union(*(written[name] for name in names))
    places = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


def test_control_characters_do_not_reach_the_terminal(tmp_path, capsys):
    frame = pd.DataFrame({"\x1b[31mred": range(50), "x": range(50)})
    frame.to_parquet(tmp_path / "f.parquet")
    main(["baseline", str(tmp_path / "f.parquet"), "-o", str(tmp_path / "b.json")])
    main(["check", str(tmp_path / "b.json"), str(tmp_path / "f.parquet")])
    assert "\x1b" not in capsys.readouterr().out


def test_a_check_imports_nothing_heavy(files):
    # A check of features alone does without the modules of causes and of performance, too.
    unused = (
        "sklearn", "plotly", "evidently", "scipy.stats", "driftlib.diagnosis.result",
        "driftlib.domain.classifier", "driftlib.performance.metrics", "driftlib.drift.trend",
    )  # fmt: skip
    code = (
        "import sys; from driftlib.cli import main; "
        f"main(['check', {str(files['baseline'])!r}, {str(files['moved'])!r}]); "
        f"print([m for m in {unused} if m in sys.modules])"
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


def test_a_report_passes_on_what_is_named_and_no_more(monkeypatch, tmp_path, files):
    asked = []

    def run_report(parameters, **rest):
        asked.append(parameters)
        return SimpleNamespace(headline="Done.", output=tmp_path, failed=(), alerts=())

    monkeypatch.setattr("driftlib.reporting.run_report", run_report)
    assert main(["report", "--current", "a.csv", "--exclude", "id, a shop", "--unit", "7D"]) == 0
    assert main(["report", "--features", "x,y", "--time-format", "dayfirst"]) == 0
    sides = ["--reference", str(files["reference"]), "--current", str(files["moved"])]
    kept = ["--history", str(tmp_path / "h.db"), "--fail-on-alert"]
    assert main(["report", *sides, *kept]) == 1
    assert driftlib.History(tmp_path / "h.db").alerts()["subject"].tolist() == ["x"]
    assert asked.pop() == {"reference": sides[1], "current": sides[3]}
    assert asked == [
        {"current": "a.csv", "exclude": ["id", "a shop"], "unit": "7D"},
        {"features": ["x", "y"], "time_format": "dayfirst"},
    ]


def test_the_commands_of_every_day_run(tmp_path, monkeypatch, rng, capsys):
    """Those of the guide, literally, on files of the names that they have."""
    guide = Path(__file__).resolve().parents[1] / "docs/guides/production.md"
    section = guide.read_text().partition("## In short")[2]
    block = section.partition("```sh\n")[2].partition("```")[0]
    commands = [shlex.split(line, comments=True) for line in block.splitlines()]
    monkeypatch.chdir(tmp_path)
    Path("new").mkdir()
    seen = pd.date_range("2024-01-01", periods=40 * 24, freq="h")
    frame = pd.DataFrame({"seen": seen, "x": rng.normal(size=len(seen))})
    frame[: 30 * 24].to_parquet("train.parquet")
    frame[30 * 24 :].assign(x=9.0).to_parquet("new/1.parquet")
    codes = [main(words[1:]) for words in commands if words and words[0] == "driftlib"]
    assert codes == [0, 1, 0, 0, 0, 0, 0]
    assert "Alert 1 is silent until 2030-01-31." in capsys.readouterr().out
    python = section.partition("```python\n")[2].partition("```")[0]
    driftlib.Baseline.fit("train.parquet", timestamp="seen").save("baseline.json")
    frame[-24:].to_parquet("today.parquet")
    with pytest.raises(driftlib.DriftlibError, match="no model 'churn'"):
        driftlib.History("other.db", "churn").trend()
    exec(python.replace("monitor.db", "other.db"), {"dl": driftlib})


def test_help_loads_nothing_that_takes_time():
    code = (
        "import sys; from driftlib.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print({'pandas', 'numpy', 'scipy', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("set()\n")
    for name in COMMANDS:
        assert f"\n    {name} " in done.stdout or f"\n    {name}\n" in done.stdout
