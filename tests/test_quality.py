"""Findings of data quality: what is found of made faults, and nothing where nothing differs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data.columns import fetch
from driftlib.profile import row_hashes
from driftlib.profile.row_hashes import hash_rows
from driftlib.profile.time_counts import count_times
from driftlib.quality.check import check_quality
from driftlib.quality.finding import AGE, SAME_ROWS, findings_table
from driftlib.quality.rows import repeated_share

ROOT = Path(__file__).parents[1]
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def march() -> pd.DataFrame:
    return pd.read_parquet(ROOT / "data" / "reference.parquet")


@pytest.fixture(scope="module")
def may() -> pd.DataFrame:
    frame = pd.read_parquet(ROOT / "data" / "current.parquet")
    return frame[frame["timestamp"].dt.month == 5].reset_index(drop=True)


@pytest.fixture(scope="module")
def baseline(march: pd.DataFrame) -> dl.Baseline:
    return dl.Baseline.fit(march, timestamp="timestamp")


def found(baseline: dl.Baseline, batch: pd.DataFrame) -> set[tuple[str, str, str]]:
    findings = check_quality(baseline, baseline.profile(batch))
    return {(f.kind, f.column, f.severity) for f in findings if f.kind != AGE}


def some(frame: pd.DataFrame, share: float) -> np.ndarray:
    return np.random.default_rng(1).random(len(frame)) < share


def without(frame: pd.DataFrame, *days: int, hours: tuple[int, int] = (0, 23)) -> pd.DataFrame:
    times = frame["timestamp"].dt
    return frame[~(times.day.isin(days) & times.hour.between(*hours))]


FAULTS = {
    "a column more": (
        lambda f: f.assign(fuel=1.0),
        {("new column", "fuel", "minor")},
    ),
    "a feature less": (
        lambda f: f.drop(columns=["temp", "y_true"]),
        {("column gone", "temp", "major")},
    ),
    "another order": (
        lambda f: f[list(f.columns[::-1])],
        {("column order", "(columns)", "minor")},
    ),
    "3 % text among numbers": (
        lambda f: f.assign(temp=f["temp"].astype(object).mask(some(f, 0.03), "n/a?")),
        {("unreadable values", "temp", "moderate")},
    ),
    "text for numbers": (
        lambda f: f.assign(temp="warm"),
        {("other type", "temp", "major")},
    ),
    "numbers for text": (
        lambda f: f.assign(carrier=np.arange(len(f)) % 9),
        {("other type", "carrier", "major")},
    ),
    "0.1 % infinite": (
        lambda f: f.assign(temp=f["temp"].mask(some(f, 0.001), np.inf)),
        {("infinite values", "temp", "minor")},
    ),
    "5 % of rows twice": (
        lambda f: pd.concat([f, f.sample(frac=0.05, random_state=1)]),
        {("repeated rows", "(rows)", "moderate")},
    ),
    "30 % of rows twice": (
        lambda f: pd.concat([f, f.sample(frac=0.3, random_state=1)]),
        {("repeated rows", "(rows)", "major")},
    ),
    "one carrier": (
        lambda f: f.assign(carrier="UA"),
        {("one value only", "carrier", "major")},
    ),
    "one wind, on one day": (
        lambda f: f[f["timestamp"].dt.day == 7].assign(wind_speed=5.0),
        {("one value only", "wind_speed", "major")},
    ),
    "ids for seats": (
        lambda f: f.assign(seats=np.random.default_rng(2).permutation(len(f))),
        {("all values distinct", "seats", "moderate")},
    ),
    "a day lost": (
        lambda f: without(f, 12),
        {("gap in time", "timestamp", "moderate")},
    ),
    "most of a day lost": (
        lambda f: f[~((f["timestamp"].dt.day == 12) & some(f, 0.7))],
        {("number of rows", "(rows)", "minor")},
    ),
    "half of the only day": (
        lambda f: f[(f["timestamp"].dt.day == 7) & (f["timestamp"].dt.hour < 9)],
        {("number of rows", "(rows)", "moderate")},
    ),
    "30 % of the rows": (
        lambda f: f.sample(frac=0.3, random_state=0),
        {("number of rows", "(rows)", "major")},
    ),
    "3 % without a time": (
        lambda f: f.assign(timestamp=f["timestamp"].mask(some(f, 0.03))),
        {("rows without a time", "timestamp", "moderate")},
    ),
    "no times": (
        lambda f: f.assign(timestamp="soon"),
        {("unreadable values", "timestamp", "major")},
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_made_faults_are_found_and_nothing_else(
    fault: str, baseline: dl.Baseline, may: pd.DataFrame
) -> None:
    make, expected = FAULTS[fault]
    assert found(baseline, make(may)) == expected


def test_nothing_is_found_where_nothing_differs(
    baseline: dl.Baseline, march: pd.DataFrame, may: pd.DataFrame
) -> None:
    assert found(baseline, may) == set()
    assert found(baseline, may[may["timestamp"].dt.day == 7]) == set()
    both = pd.concat([march, may]).reset_index(drop=True)
    days = both["timestamp"].dt.date
    for seed in range(3):
        rng = np.random.default_rng(seed)
        rows = rng.random(len(both)) < 0.5
        picked = days.isin(rng.permutation(days.unique())[:30])
        for side in (rows, picked):
            dealt = dl.Baseline.fit(both[side], timestamp="timestamp")
            assert found(dealt, both[~side]) == set()


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_nothing_is_found_in_known_data_dealt_by_rows(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    order = np.random.default_rng(3).permutation(len(frame))
    for cut in (len(frame) // 2, len(frame) * 4 // 5):
        fitted = dl.Baseline.fit(frame.iloc[order[:cut]])
        assert found(fitted, frame.iloc[order[cut:]]) == set()


def test_discrete_rows_repeat_as_often_as_the_reference_foretells() -> None:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(rng.integers(0, 8, size=(60_000, 4)).astype(float), columns=list("abcd"))
    # Of 4,096 kinds of rows half of 3,000 repeat, and nearly all of 60,000.
    fitted = dl.Baseline.fit(frame[:3_000])
    assert found(fitted, frame[3_000:]) == set()
    assert found(dl.Baseline.fit(frame[3_000:]), frame[:3_000]) == set()
    twice = pd.concat([frame[3_000:5_000], frame[3_000:5_000]])
    assert ("repeated rows", "(rows)", "major") in found(fitted, twice)


def test_rows_of_the_reference_are_known_again(
    baseline: dl.Baseline, march: pd.DataFrame, may: pd.DataFrame, tmp_path: Path
) -> None:
    mixed = pd.concat([march[:9_000], may[:18_000]], ignore_index=True)
    loaded = dl.Baseline.load(baseline.save(tmp_path / "baseline.json"))
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    # Labels come late, and files are other types: they are the same rows.
    for known, batch in (
        (baseline, mixed),
        (baseline, mixed.drop(columns=["y_true", "y_pred"])),
        (loaded, tmp_path / "mixed.csv"),
    ):
        (same,) = (f for f in dl.detect_drift(known, batch).quality if f.kind == SAME_ROWS)
        assert (same.column, same.severity) == ("(rows)", "minor")
        assert same.value == pytest.approx(1 / 3, abs=0.04)  # 2,000 rows of a sample: 4 errors
    # The same customers at another time are other rows; without a time they may be.
    later = march.assign(timestamp=march["timestamp"] + pd.Timedelta(days=31))
    assert SAME_ROWS not in {kind for kind, *_ in found(baseline, later)}
    timeless = dl.Baseline.fit(march.drop(columns="timestamp"))
    assert (SAME_ROWS, "(rows)", "minor") in found(timeless, mixed.drop(columns="timestamp"))
    # A copy is nothing to wake anyone for.
    assert dl.make_alerts(dl.detect_drift(baseline, march)) == ()


@pytest.mark.parametrize(
    ("seed", "least", "levels"),
    [(55, 2, (3, 30)), (174, 3, (20, 80))],
    ids=["half of the rows are alike anyway", "a few are by chance"],
)
def test_rows_that_are_alike_by_chance_are_not_the_references(seed, least, levels) -> None:
    # Worlds in which a laxer rule said that they were.
    rng = np.random.default_rng(seed)
    columns, many = int(rng.integers(least, 6)), int(rng.integers(*levels))
    rows, more = rng.integers(300, 20_000, 2)
    chances = rng.dirichlet(np.ones(many) * rng.choice([0.3, 1, 5]))
    values = rng.choice(many, p=chances, size=(rows + more, columns)).astype(float)
    frame = pd.DataFrame(values, columns=list("abcde")[:columns])
    fitted = dl.Baseline.fit(frame[:rows], unit="row")
    assert SAME_ROWS not in {kind for kind, *_ in found(fitted, frame[rows:])}


def test_what_is_kept_adds(baseline: dl.Baseline, may: pd.DataFrame, tmp_path: Path) -> None:
    whole = baseline.profile(may).facts
    halves = baseline.profile(may[:9_000]).facts + baseline.profile(may[9_000:]).facts
    may.to_parquet(tmp_path / "may.parquet", row_group_size=5_000)
    streamed = baseline.profile(tmp_path / "may.parquet").facts
    for facts in (halves, streamed):
        assert facts.rows == whole.rows
        assert facts.layouts == whole.layouts
        assert facts.times.to_dict() == whole.times.to_dict()
        assert facts.row_hashes.thinned == whole.row_hashes.thinned == 1
        assert facts.row_hashes.cells.tolist() == whole.row_hashes.cells.tolist()
    loaded = dl.Baseline.load(baseline.save(tmp_path / "baseline.json"))
    kept = loaded.reference_facts
    assert kept.repeats == baseline.reference_facts.repeats
    assert kept.times.to_dict() == baseline.reference_facts.times.to_dict()
    assert found(loaded, may[1:]) == set()


def test_repeated_rows_are_counted_exactly_in_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"x": np.arange(50_000.0), "s": "a"})
    rows = hash_rows(fetch(pd.concat([frame, frame[:10_000]])), ["x", "s"], ["x"], ["x"])
    assert rows.sampled <= 20_000
    assert set(rows.repeats()) == {1, 2}
    share = repeated_share(rows.repeats(), rows.sampled)
    assert share == pytest.approx(1 / 6, abs=4 * np.sqrt(1 / 6 / rows.sampled))
    # Of half of the rows, one pair in four is whole: 2,500 of 30,000.
    assert repeated_share(rows.repeats(), rows.sampled, 0.5) == pytest.approx(share / 2)
    # Of very many columns fewer rows are kept, and columns are hashed some at a time.
    monkeypatch.setattr(row_hashes, "MOST_CELLS", 10_000)
    monkeypatch.setattr(row_hashes, "CELLS_AT_ONCE", 1)
    fewer = hash_rows(fetch(pd.concat([frame, frame[:10_000]])), ["x", "s"], ["x"], ["x"])
    assert 2_000 < fewer.sampled <= 5_000
    assert fewer.cells.tolist() == rows.cells[np.isin(rows.keys, fewer.keys)].tolist()
    assert fewer.cells.tolist() == rows.thin().cells.tolist()


# Of the rows below, and of their cells.
KEYS = [10907910234478380925, 4585832769941797206, 911811087532731145, 12172095710820658079]
CELLS = [
    [35684135, 2058294578, 0, 353396417, 1747408835, 380963422],
    [1, 0, 0, 2057225219, 761894234, 0],
    [0, 1466465587, 0, 0, 0, 968115374],
    [0, 2058294578, 0, 1513803057, 1747408835, 708597367],
]


def test_hashes_of_rows_stay_those_that_older_baselines_keep() -> None:
    frame = pd.DataFrame(
        {
            "sky": ["fog", None, "clear", "fog"],
            "x": [0.5, -0.0, np.nan, -np.inf],
            "n": ["1", "2.5", "dry", "1,000"],
            "late": [True, False, None, True],
            "seen": pd.to_datetime(["2013-03-31", None, "2013-04-01", "2013-04-02"]),
        }
    )
    names, numeric = ["x", "sky", "gone", "n", "late", "seen"], ["x", "n"]
    found = hash_rows(fetch(frame), names, ["sky", "x", "n"], numeric)
    assert found.keys.tolist() == KEYS
    assert found.cells.tolist() == CELLS
    # However the same values are held.
    other = frame.assign(x=frame["x"].astype(np.float32), sky=frame["sky"].astype("category"))
    other = other.assign(n=[1.0, 2.5, np.nan, 1000.0], late=frame["late"].astype("boolean"))
    again = hash_rows(fetch(other), names, ["sky", "x", "n"], numeric)
    assert (again.keys.tolist(), again.cells.tolist()) == (KEYS, CELLS)


@pytest.mark.parametrize("few", [0, 5_000])
def test_repeated_rows_are_found_whatever_tells_rows_apart(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_hashes, "FEW_ROWS", few)
    rng = np.random.default_rng(3)
    whole = pd.DataFrame({"x": rng.normal(size=60), "s": rng.choice([*"abc"], 60)})
    gaps = whole.assign(x=whole["x"].where(whole["x"] > 0))
    gap = whole.assign(x=whole["x"].where(whole.index != 7))
    cases = {
        "apart": (whole, {1: 60}),
        "the same key": (whole.assign(x=np.arange(60) // 2, s=["a", "b"] * 30), {1: 60}),
        "twice": (pd.concat([whole, whole[:7]]), {1: 53, 2: 7}),
        "gaps in the key": (gaps, {1: int(gaps["x"].notna().sum())}),
        "one gap in the key": (gap, {1: 59}),
        "none": (whole[:0], {}),
    }
    for name, (frame, expected) in cases.items():
        found = hash_rows(fetch(frame), ["x", "s"], ["x"], ["x"]).repeats(["x"])
        assert found == expected, name


def test_rows_along_time_are_counted_in_stretches_that_grow() -> None:
    times = pd.Series(pd.date_range("2013-01-01", "2013-12-31 23:00", freq="h"))
    counts = count_times(times, len(times), "2013", None)
    assert counts.minutes == 360
    assert counts.counts.tolist() == [6] * (365 * 4)
    days = counts.longer(5)
    assert days.counts.tolist() == [24] * 365
    assert str(days.begins(days.ids[0])) == "2013-01-01 00:00:00"


def test_old_data_are_a_finding_only_where_a_limit_is_set(
    baseline: dl.Baseline, may: pd.DataFrame
) -> None:
    profile, now = baseline.profile(may), datetime(2013, 6, 4)
    (age,) = check_quality(baseline, profile, now=now)
    assert (age.kind, age.severity, age.column) == ("age", "none", "timestamp")
    (old,) = check_quality(baseline, profile, dl.QualityPolicy(max_age="2D"), now)
    assert old.severity == "moderate"
    assert old.sentence == (
        "the newest row is of 2013-05-31 23:59, 3 days old; it may be 2 days old"
    )
    with pytest.raises(dl.DriftlibError, match="max_age='soon' is no length of time"):
        dl.QualityPolicy(max_age="soon")


def test_findings_are_alerts_one_a_subject(baseline: dl.Baseline, may: pd.DataFrame) -> None:
    bad = may.drop(columns="temp").assign(
        humid=may["humid"].astype(object).mask(some(may, 0.2), "wet"), fuel=1
    )
    result = dl.detect_drift(baseline, bad)
    alerts = {alert.subject: alert for alert in dl.make_alerts(result)}
    assert "fuel" not in alerts
    assert (alerts["temp"].kind, alerts["temp"].severity) == ("data quality", "major")
    assert alerts["humid"].kind == "data quality"
    assert alerts["humid"].message.endswith(
        "20 % of its values are no numbers, such as 'wet' (none in the reference); they count as "
        "missing"
    )
    assert len(alerts) == len(dl.make_alerts(result))
    twice = dl.make_alerts(dl.detect_drift(baseline, pd.concat([may, may[:9_000]])))
    (rows,) = (alert for alert in twice if alert.subject == "(rows)")
    assert rows.message == "(rows): 24 % repeat another row in every column, 0 % in the reference"
    table = result.quality_table
    assert table["kind"].iloc[0] == "column gone"
    assert result.to_dict()["data_quality"][0]["kind"] == "column gone"
    assert list(findings_table([]).columns) == list(table.columns)


def test_some_columns_of_a_baseline_are_not_asked_for_whole_rows(
    baseline: dl.Baseline, may: pd.DataFrame
) -> None:
    # Rows that differ in other columns are alike in these.
    few = dl.detect_drift(baseline, may, features=["carrier", "origin"])
    assert [finding.kind for finding in few.quality] == ["age"]


NO_ROWS = {"thinned": 0, "lone": 1.0, "steps": []}


@pytest.mark.parametrize(
    "damage",
    [
        {"sampled": -1},
        {"repeats": [[1], [1]]},
        {"time": 3},
        {"known_rows": NO_ROWS | {"steps": [-1]}},
        {"known_rows": NO_ROWS | {"lone": 2.0}},
        {"known_rows": NO_ROWS | {"thinned": 64}},
    ],
)
def test_damaged_facts_are_refused(damage: dict, baseline: dl.Baseline) -> None:
    content = baseline.to_dict()
    content["facts"] |= damage
    with pytest.raises(ValueError, match=r"rows|names|sample"):
        dl.Baseline.from_dict(content)
