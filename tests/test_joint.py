"""All features together: a change of how they go with one another, with unchanged margins."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data.opening import open_source
from driftlib.drift.correlations import changed_pairs, name_pairs
from driftlib.drift.joint import SAMPLE_ROWS, sample_rows_of
from driftlib.drift.notes import TOGETHER


def made(seed: int, correlation: float, rows: int = 2_000) -> pd.DataFrame:
    x, y, z, noise = np.random.default_rng(seed).normal(size=(4, rows))
    y = correlation * x + np.sqrt(1 - correlation**2) * y
    return pd.DataFrame({"x": x, "y": y, "z": z, "sky": np.where(noise > 0, "clear", "cloud")})


def test_a_correlation_with_unchanged_margins_is_found() -> None:
    result = dl.detect_drift(made(0, 0.0), made(1, 0.9), joint=True)
    assert result.drifted == []
    joint = result.joint
    assert joint.severity == "major"
    assert sorted(joint.features) == ["x", "y"]
    assert joint.pairs[["first", "second"]].to_numpy().tolist()[0] == ["x", "y"]
    first = joint.pairs.iloc[0]
    assert first["reference"] == pytest.approx(0.0, abs=0.07)
    assert first["current"] == pytest.approx(0.9, abs=0.02)
    (alert,) = dl.make_alerts(result)
    assert (alert.kind, alert.subject, alert.severity) == ("data drift", TOGETHER, "major")
    assert "x with y: correlation" in alert.message
    assert result.headline.startswith("None of 4 features moved enough by itself; all together:")
    assert result.to_dict()["joint"]["drifted"] is True


def test_nothing_is_found_without_a_change() -> None:
    results = [dl.detect_drift(made(s, 0.5), made(s + 50, 0.5), joint=True) for s in range(5)]
    assert [result.joint.severity.value for result in results] == ["none"] * 5
    assert [dl.make_alerts(result) for result in results] == [()] * 5


def test_sizes_are_on_the_scale_of_one_shifted_column() -> None:
    before = made(2, 0.0, 8_000)
    after = made(3, 0.0, 8_000).assign(x=lambda frame: frame["x"] + 0.5)
    result = dl.detect_drift(before, after, joint=True)
    # PSI of a shift by half a standard deviation: about 0.25.
    assert result.joint.size == pytest.approx(result.table.loc["x", "psi"], rel=0.25)
    # What carries it has its own alert.
    assert [alert.subject for alert in dl.make_alerts(result)] == ["x"]


def test_categories_are_told_by_their_levels() -> None:
    before, after = made(4, 0.0, 4_000), made(5, 0.0, 4_000)
    after["sky"] = np.where(after["z"] > 0, "clear", "cloud")
    (pair,) = name_pairs(changed_pairs(dl.fit_domain(before, after)))
    assert pair[0] == "z"
    assert pair[1] in ("sky = clear", "sky = cloud")
    assert abs(pair[3]) == pytest.approx(np.sqrt(2 / np.pi), abs=0.02)


def test_correlations_of_days_are_known_by_their_days() -> None:
    rng = np.random.default_rng(6)
    days = np.repeat(np.arange(60), 100)
    weather = rng.normal(size=(2, 60))[:, days]
    seen = pd.Timestamp("2013-01-01") + pd.to_timedelta(days, "D")
    frame = pd.DataFrame({"seen": seen, "a": weather[0], "b": weather[1]})
    frame[["a", "b"]] += rng.normal(size=(6_000, 2)) / 4
    sides = frame[days < 30], frame[days >= 30]
    drawn = changed_pairs(dl.fit_domain(*sides, timestamp="seen"))
    alone = changed_pairs(dl.fit_domain(*sides, timestamp="seen", unit="row"))
    assert (len(drawn), len(alone)) == (0, 1)


def test_rows_are_chosen_by_a_hash_that_no_cut_into_batches_changes(tmp_path) -> None:
    frame = pd.DataFrame({"x": np.arange(50_000.0)})
    frame.to_parquet(tmp_path / "whole.parquet")
    frame[:30_000].to_parquet(tmp_path / "part-0.parquet")
    frame[30_000:].to_parquet(tmp_path / "part-1.parquet")
    whole, parts = (
        sample_rows_of(open_source(str(tmp_path / name), "current", "current"), ["x"])
        for name in ("whole.parquet", "part-*.parquet")
    )
    assert len(whole) == SAMPLE_ROWS
    assert whole["x"].tolist() == parts["x"].tolist()


def test_what_has_no_rows_cannot_tell(tmp_path) -> None:
    frame = made(7, 0.0, 400)
    saved = dl.Baseline.fit(frame).save(tmp_path / "baseline.json")
    result = dl.detect_drift(str(saved), frame, joint=True)
    assert result.joint.note == "cannot tell: a saved baseline holds no rows"
    assert dl.make_alerts(result) == ()
    told = dl.detect_drift(str(saved), frame, joint=frame)
    assert told.joint.cannot_tell == ""
    assert (
        dl.diagnose(
            frame.assign(y_true=1, y_pred=1),
            frame.assign(y_true=1, y_pred=1),
            domain=told.joint.domain,
        ).domain
        is told.joint.domain
    )
    with pytest.raises(dl.DriftlibError, match="leave by= out"):
        dl.detect_drift(frame, frame, by="sky", joint=True)


def test_no_classifier_is_loaded_unless_asked_for() -> None:
    code = (
        "import sys, pandas as pd, driftlib as dl\n"
        "frame = pd.DataFrame({'x': [3.0, 1.0, 2.0] * 9})\n"
        "dl.detect_drift(frame, frame)\n"
        "print('sklearn' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "False"
