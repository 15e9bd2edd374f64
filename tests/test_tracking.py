"""What is logged to MLflow, on a local file store: metrics by window, tables, findings, report."""

import json

import pandas as pd
import pytest

import driftlib as dl
from driftlib.reporting.tracking import log_to_mlflow


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    found = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    found.set_tracking_uri(f"file://{tmp_path}/runs")
    return found


def test_results_are_metrics_tables_and_tags_of_the_active_run(mlflow, rng, tmp_path):
    rows = 400
    frame = pd.DataFrame({"x": rng.normal(size=rows), "x é": rng.normal(size=rows)})
    frame["x ü"], frame["y_true"] = frame["x é"], rng.integers(0, 2, rows)
    frame["y_pred"] = frame["y_true"]
    current = frame.assign(x=frame["x"] + 2)
    drift = dl.detect_drift(frame, current)
    trend = dl.drift_trend(frame, current, window=200)
    perf = dl.track_performance(current, window=200)
    why = dl.diagnose(frame, current)
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("<h1>here</h1>")
    with mlflow.start_run() as run:
        log_to_mlflow(drift, perf, why, report=tmp_path / "report")
    with mlflow.start_run() as other:
        log_to_mlflow(trend)
    client = mlflow.MlflowClient()
    data = client.get_run(run.info.run_id).data
    assert data.metrics["drift.psi.x"] == drift.table.loc["x", "psi"]
    assert (data.metrics["drift.drifted_features"], data.metrics["drift.worst_severity"]) == (1, 3)
    assert {"drift.psi.x _", "drift.psi.x __2"} <= set(data.metrics)
    steps = client.get_metric_history(run.info.run_id, "performance.accuracy.lower")
    assert [(m.step, m.value) for m in steps] == [
        (row.window, row.lower) for row in perf.table.query("metric == 'accuracy'").itertuples()
    ]
    assert data.metrics["diagnosis.total"] == why.terms.loc["total", "value"]
    assert data.tags["driftlib.drift"] == drift.headline
    files = {f.path for f in client.list_artifacts(run.info.run_id, "driftlib")}
    assert files == {
        f"driftlib/{n}" for n in ("drift.json", "performance.json", "report", "diagnosis.json")
    }
    path = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="driftlib/drift.json", dst_path=str(tmp_path)
    )
    with open(path) as stream:
        table = json.load(stream)
    assert table["columns"][:3] == ["feature", "kind", "n_reference"]
    assert [row[0] for row in table["data"]] == drift.table.index.tolist()
    steps = client.get_metric_history(other.info.run_id, "trend.psi.x")
    assert [(m.step, m.value) for m in steps] == [
        (row.window, row.psi) for row in trend.table.query("feature == 'x'").itertuples()
    ]


def test_what_cannot_be_logged_is_said(mlflow, tmp_path):
    frame = pd.DataFrame({"x": range(9)})
    drift = dl.detect_drift(frame, frame)
    for results, options, words in (
        ([3], {}, "a int is no result"),
        ([drift, drift], {}, "two results of one kind"),
        ([], {"report": tmp_path / "none"}, "there is no report"),
    ):
        with pytest.raises(dl.DriftlibError, match=words):
            log_to_mlflow(*results, **options)


def test_without_mlflow_a_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    with pytest.raises(dl.DriftlibError, match="mlflow"):
        log_to_mlflow()
