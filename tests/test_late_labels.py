"""Labels that come late: what is held, what is filled in, and what is found all the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data.maturity import read_matures, read_maturity
from driftlib.errors import DataError, ParameterError
from driftlib.stats.late_signs import falls_off, label_selection
from driftlib.visualization import metric_trend

DAYS, LATE = 364, 180
METRICS = ["accuracy", "f1", "roc_auc", "brier"]
ON = {"window": "MS", "on": "timestamp"}


def loans(seed: int, flips: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Loans of a year: a default is known within 180 days, a good loan after 180."""
    rng = np.random.default_rng(seed)
    days, p = np.sort(rng.uniform(0, DAYS, 24_000)), rng.beta(1.2, 8, 24_000)
    seen = pd.Timestamp("2026-01-01") + pd.to_timedelta(days, unit="D")
    y = (rng.random(len(p)) < p).astype(float)
    y = np.where((days > 90) & (rng.random(len(p)) < flips), 1 - y, y)
    delay = np.where(y == 1, rng.uniform(0, LATE, len(p)), LATE)
    frame = pd.DataFrame({"timestamp": seen, "y_proba": p, "y_pred": (p > 0.3) * 1, "y_true": y})
    came = frame["timestamp"] + pd.to_timedelta(delay, unit="D")
    known = days + delay <= DAYS
    part = frame.assign(x=rng.random(len(p)), label_time=came.where(known))
    part["y_true"] = part["y_true"].where(known)
    return part[days < 90], part[days >= 90], frame.loc[days >= 90, "y_true"]


@pytest.fixture(scope="module")
def world() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    return loans(0)


def test_young_windows_get_the_value_that_their_labels_will_show(world):
    reference, current, truth = world
    full = dl.track_performance(current.assign(y_true=truth), metrics=METRICS, **ON).table
    held = {"reference": reference, "metrics": METRICS, **ON}
    found = dl.track_performance(current, label_time="label_time", **held)
    young = found.table["held"]
    assert young.groupby(found.table["window"]).all().tolist() == [False] * 3 + [True] * 6
    assert (found.table["estimated"] == young).all()
    assert not found.table.loc[young, ["degraded", "breached", "alarm"]].any(axis=None)
    assert "6 of 9 windows are not judged, as labels are still to come" in found.headline
    assert not dl.make_alerts(found)
    gap = (found.table["value"] - full["value"]).abs()[young]
    assert gap[found.table["metric"] == "accuracy"].mean() < 0.005
    inside = full["value"].between(found.table["lower"], found.table["upper"])[young]
    assert inside.mean() >= 0.85
    # Without arrival times there are the scores, and a wider interval.
    plain = dl.track_performance(current, matures="180D", **held).table
    assert (plain["held"] == young).all()
    width = (plain["upper"] - plain["lower"])[young].mean()
    assert width > 1.1 * (found.table["upper"] - found.table["lower"])[young].mean()
    chart = metric_trend(found, ["accuracy"])
    symbols = [trace.marker.symbol for trace in chart.data if trace.type == "scatter"]
    assert list(symbols[0]).count("circle-open") == 6
    assert "Hollow: not judged" in chart.layout.meta["caption"]


def test_with_nothing_said_windows_with_few_labels_are_held(world):
    reference, current, _ = world
    found = dl.track_performance(current, reference=reference, metrics=METRICS, **ON)
    assert found.table["held"].groupby(found.table["window"]).all().sum() == 6
    assert not dl.make_alerts(found)
    assert "label_time=" in found.table["note"].iloc[-1]
    # Labels that do not come late are judged as they are.
    told = dl.track_performance(current, reference=reference, metrics=METRICS, matures="0D", **ON)
    held = told.table["held"]
    assert told.table["degraded"].any()
    # But for those that are all of the one label that comes early.
    assert told.table["note"][held].str.contains("all its .* labels are '1'").all()
    assert held.groupby(told.table["window"]).any().sum() == 5


def test_a_true_fall_is_found_in_windows_that_are_mature():
    reference, current, _ = loans(1, flips=0.08)
    late = {"label_time": "label_time", "timestamp": "timestamp"}
    found = dl.track_performance(
        current, reference=reference, metrics=["accuracy"], window="MS", **late
    )
    alarms = found.table["alarm"].tolist()
    assert any(alarms[:3])
    assert not any(alarms[3:])
    why = dl.diagnose(reference, current, max_rows=2000, **late)
    assert why.verdict == "concept drift"
    assert "of a time when labels are still to come" in why.reason
    young = current[current["timestamp"] >= "2026-09-01"]
    why = dl.diagnose(reference, young, **late)
    assert why.verdict == "undetermined"
    assert "too young" in why.headline


def test_labels_that_stand_for_no_others_are_refused_by_the_diagnosis(world):
    reference, current, _ = world
    young = current[current["timestamp"] >= "2026-09-01"].drop(columns="label_time")
    why = dl.diagnose(reference, young, features=["x"])
    assert why.verdict == "undetermined"
    assert "other scores than those without" in why.reason
    assert why.terms["value"].isna().all()


def test_arrivals_that_are_not_as_before_give_no_value(world):
    reference, current, _ = world
    late = current["timestamp"] >= "2026-08-01"
    shock = current.assign(y_true=current["y_true"].mask(late & (current["label_time"].dt.day > 8)))
    found = dl.track_performance(
        shock, reference=reference, metrics=["accuracy"], label_time="label_time", **ON
    )
    last = found.table.iloc[4]
    assert np.isnan(last["value"])
    assert "faster or slower" in last["note"]


def test_the_reference_must_be_mature_itself(world):
    _, current, _ = world
    late = {"label_time": "label_time", **ON}
    found = dl.track_performance(current, reference=current, metrics=["accuracy"], **late)
    assert found.reference is not None
    assert found.reference["value"].iloc[0] == pytest.approx(0.85, abs=0.015)
    assert any("labels are still to come are left out" in note for note in found.notes)
    young = current[current["timestamp"] >= "2026-09-01"]
    with pytest.raises(DataError, match="too young to compare with"):
        dl.track_performance(young, reference=young, matures="180D", **ON)
    estimate = dl.estimate_performance(current, young, metrics=["accuracy"], **late)
    assert estimate.table["value"].iloc[0] == pytest.approx(0.85, abs=0.02)


def test_how_long_labels_take_is_learnt_or_said(world):
    reference, current, _ = world
    tables = [("current", current), ("reference", reference)]
    learnt = read_maturity(tables, "y_true", "label_time", None, "timestamp")
    assert learnt is not None
    assert learnt.matures == pytest.approx(LATE, abs=0.01)
    lengths = {"90D": 90, "12h": 0.5, "2W": 14, "": None, None: None}
    assert {text: read_matures(text) for text in lengths} == lengths
    for text in ("soon", "-3D"):
        with pytest.raises(ParameterError, match="no length of time"):
            read_matures(text)
    with pytest.raises(ParameterError, match="no column 'labelled'"):
        dl.track_performance(current, label_time="labelled", **ON)
    with pytest.raises(ParameterError, match="when each row was seen"):
        dl.track_performance(current.drop(columns="timestamp"), matures="3D")
    none = [("new", current.assign(label_time=pd.NaT))]
    with pytest.raises(DataError, match="how long labels take"):
        read_maturity(none, "y_true", "label_time", None, "timestamp")


def test_signs_of_late_labels_are_no_others():
    rows = np.full(6, 500)
    steady = np.array([300, 280, 310, 290, 305, 295])
    assert not falls_off(steady, rows).any()
    assert not falls_off(steady, rows, usual=1.0).any()
    falling = np.array([500, 500, 490, 350, 200, 50])
    assert falls_off(falling, rows).tolist() == [False] * 3 + [True] * 3
    rng = np.random.default_rng(0)
    aucs = [label_selection(rng.random(400) < 0.3, rng.normal(size=400)) for _ in range(200)]
    z = np.array([(auc - 0.5) / error for auc, error in aucs])
    assert z.std() == pytest.approx(1, abs=0.15)


def test_the_page_holds_young_windows(world):
    from driftlib.data.schema import ColumnRoles
    from driftlib.reporting.app import Columns, compare_periods

    reference, current, _ = world
    columns = Columns(ColumnRoles(timestamp="timestamp"), label_time="label_time")
    found = compare_periods(reference, current, columns, dl.DriftPolicy(), 0.02, "MS")
    assert found.performance is not None
    assert found.performance.held.startswith("6 of 9 windows")
    assert "label_time" not in found.drift.table.index
