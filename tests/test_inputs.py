"""What parameters mean: data found, columns checked, windows chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftlib.drift.detect import detect_drift
from driftlib.errors import DriftlibError
from driftlib.performance.track import track_performance
from driftlib.profile.baseline import Baseline
from driftlib.profile.reference import as_baseline
from driftlib.reporting.inputs import read_inputs


@pytest.fixture
def frame() -> pd.DataFrame:
    rows = 400
    return pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=rows, freq="D"),
            "x": np.arange(rows, dtype=float),
            "shop": list("abcd") * (rows // 4),
            "code": np.arange(rows) % 3,
            "y_true": np.arange(rows) % 2,
            "y_pred": np.arange(rows) % 2,
        }
    )


def test_paths_are_found_in_the_project_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = read_inputs("data/reference.parquet", "data/predictions_sample.csv")
    assert [path.name for path in data.sources] == ["reference.parquet", "predictions_sample.csv"]
    assert data.sources[0].is_absolute()
    assert len(data.reference) == 27_902


def test_a_time_column_gives_calendar_windows(frame):
    data = read_inputs(frame, frame, timestamp="when")
    assert data.by_window == {"window": "MS", "on": "when"}
    assert data.labels["window"] == "MS"


@pytest.mark.parametrize(("given", "expected"), [("7D", "7D"), ("50", 50), (50, 50)])
def test_a_window_may_be_named(frame, given, expected):
    data = read_inputs(frame, frame, timestamp="when", window=given)
    assert data.by_window == {"window": expected, "on": "when"}


def test_without_time_all_rows_are_one_window(frame):
    data = read_inputs(frame, frame)
    assert data.roles.timestamp is None
    assert data.by_window == {"window": None, "on": None}
    assert data.labels["window"] is None


def test_a_column_that_is_no_time_gives_a_window_for_each_value(frame):
    for name in ("code", "shop"):
        data = read_inputs(frame, frame, timestamp=name)
        assert data.by_window == {"window": name, "on": None}
        assert (data.labels["window"], data.labels["on"]) == (name, None)
    assert read_inputs(frame, frame, window="shop").labels["window"] == "shop"


def test_times_in_text_are_read(frame):
    text = frame.assign(when=frame["when"].astype(str))
    assert read_inputs(text, text, timestamp="when").window == "MS"


def test_a_default_name_may_be_absent_and_another_may_not(frame):
    assert read_inputs(frame, frame).roles.y_proba == "y_proba"
    for name in ("timestamp", "y_true", "y_pred", "y_proba"):
        with pytest.raises(DriftlibError, match=r"no column 'shpo'.*Did you mean 'shop'"):
            read_inputs(frame, frame, **{name: "shpo"})


def test_labels_may_be_in_the_reference_only(frame):
    known = frame.rename(columns={"y_true": "label"})
    data = read_inputs(known, known.drop(columns="label"), y_true="label")
    assert data.roles.y_true == "label"


def test_an_offset_needs_a_time(frame):
    with pytest.raises(DriftlibError, match=r"'window' is '7D'.*name it in 'timestamp'"):
        read_inputs(frame, frame, window="7D")


def test_a_saved_baseline_is_a_reference(frame, tmp_path):
    path = Baseline.fit(frame, timestamp="when").save(tmp_path / "baseline.json")
    data = read_inputs(path, frame, timestamp="when")
    assert isinstance(data.reference, Baseline)
    assert data.reference.features == ["x", "shop", "code"]


def test_a_csv_is_read_by_what_the_other_side_knows(tmp_path, rng):
    rows = 400
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=rows, freq="6h"),
            "code": rng.choice(["007", "010", "123"], rows),
            "country": rng.choice(["NA", "DE", "null"], rows),
            "truth": rng.random(rows) < 0.4,
            "amount": rng.normal(1500, 400, rows).round(2),
            "y_true": rng.random(rows) < 0.3,
            "y_pred": rng.random(rows) < 0.3,
        }
    )
    written = frame.assign(
        amount=[f"{value:,.2f}" for value in frame["amount"]],
        truth=frame["truth"].astype(int),
        y_true=frame["y_true"].map({True: "TRUE", False: "FALSE"}),
    )
    parquet, csv = tmp_path / "rows.parquet", tmp_path / "rows.csv"
    frame.to_parquet(parquet)
    written.to_csv(csv, index=False)
    saved = Baseline.fit(parquet, timestamp="when", unit="row").save(tmp_path / "baseline.json")
    drifts, measured = [], []
    for sides in ((parquet, parquet), (parquet, csv), (csv, parquet), (saved, csv)):
        data = read_inputs(*sides, timestamp="when", unit="row")
        baseline = as_baseline(data.reference, **data.columns)
        drifts.append(detect_drift(baseline, data.current).table)
        measured.append(track_performance(data.current, **data.labels).table)
        if sides[0] != saved:
            assert data.segments == ["code", "country"]
    for drift, performance in zip(drifts[1:], measured[1:], strict=True):
        # A note may say how a number was read.
        columns = drift.columns.drop("note")
        pd.testing.assert_frame_equal(drift[columns], drifts[0][columns], check_dtype=False)
        pd.testing.assert_frame_equal(performance, measured[0], check_dtype=False)
    assert drifts[0]["drifted"].sum() == 0
    assert set(drifts[0].loc[drifts[0]["n_current"] > 0, "unseen"].dropna()) == {0.0}


def test_excluded_columns_are_no_features_on_any_page(frame):
    data = read_inputs(frame, frame, timestamp="when", exclude=["shop"], categorical=["code"])
    assert as_baseline(data.reference, **data.columns).features == ["x", "code"]
    assert data.causes()["features"] == ["x", "code"]
    assert data.segments == ["code"]
    with pytest.raises(DriftlibError, match=r"no column 'shpo'.*Did you mean 'shop'"):
        as_baseline(frame, **read_inputs(frame, frame, exclude=["shpo"]).columns)


def test_causes_leave_out_what_is_named_and_only_features(frame):
    data = read_inputs(frame, frame, timestamp="when", categorical=["code"])
    assert data.causes()["features"] == ["x", "shop", "code"]
    kept = data.causes(["code"])
    assert kept["features"] == ["x", "shop"]
    assert kept["categorical"] == []
    with pytest.raises(DriftlibError, match="no feature 'y_true'"):
        data.causes(["y_true"])
    with pytest.raises(DriftlibError, match="no feature is left"):
        data.causes(["x", "shop", "code"])


def test_segments_are_categories_with_few_values(frame):
    many = frame.assign(id=[f"i{number}" for number in range(len(frame))])
    assert read_inputs(many, many, timestamp="when").segments == ["shop"]
    coded = read_inputs(many, many, timestamp="when", categorical=["code"])
    assert coded.segments == ["shop", "code"]
