"""The committed flight data: what README.md says about it, and how build.py makes it."""

from __future__ import annotations

import importlib.util
import re
import tarfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

DATA = Path(__file__).parents[1] / "data"
WEATHER = ["temp", "humid", "wind_speed", "precip", "visib", "pressure"]
COLUMNS = [
    *["timestamp", "carrier", "origin", "dest", "distance", "sched_dep_time", "hour", "weekday"],
    *[*WEATHER, "plane_year", "seats", "y_true", "y_pred", "y_proba"],
]
THRESHOLD = 0.30


@pytest.fixture(scope="module")
def reference() -> pd.DataFrame:
    return pd.read_parquet(DATA / "reference.parquet")


@pytest.fixture(scope="module")
def current() -> pd.DataFrame:
    return pd.read_parquet(DATA / "current.parquet")


@pytest.fixture(scope="module")
def frame(reference: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([reference, current], ignore_index=True)


@pytest.fixture(scope="module")
def by_month(frame: pd.DataFrame) -> dict[int, pd.DataFrame]:
    return dict(list(frame.groupby(frame["timestamp"].dt.month)))


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(DATA / "predictions_sample.csv")


@pytest.fixture(scope="module")
def readme() -> str:
    return (DATA / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("data_build", DATA / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(readme: str, first: str) -> list[str]:
    """The cells of the README's table row that starts with `first`."""
    line = next(line for line in readme.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


# The files


def test_files_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in DATA.iterdir() if path.is_file()}
    assert sum(sizes.values()) <= 8 * 2**20
    assert max(sizes.values()) < 2 * 2**20, sizes


@pytest.mark.parametrize(
    ("name", "rows", "months"),
    [("reference", 27_902, [3]), ("current", 249_435, [4, 5, 6, 7, 8, 9, 10, 11, 12])],
)
def test_columns_rows_and_months(
    name: str, rows: int, months: list[int], request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(name)
    assert list(table.columns) == COLUMNS
    assert len(table) == rows
    assert sorted(table["timestamp"].dt.month.unique()) == months
    assert set(table["timestamp"].dt.year) == {2013}
    assert table["timestamp"].is_monotonic_increasing


def test_types_are_ordinary(reference: pd.DataFrame, current: pd.DataFrame) -> None:
    texts = ["carrier", "origin", "dest"]
    integers = ["distance", "sched_dep_time", "hour", "weekday", "y_true", "y_pred"]
    for table in (reference, current):
        kinds = table.dtypes
        assert all(pd.api.types.is_string_dtype(kinds[name]) for name in texts)
        assert {str(kinds[name]) for name in integers} == {"int64"}
        rest = set(COLUMNS) - {"timestamp", *texts, *integers}
        assert {str(kinds[name]) for name in rest} == {"float64"}
        assert kinds["timestamp"].kind == "M"
        assert table["timestamp"].dt.tz is None


def test_files_name_no_library_version_in_their_schema() -> None:
    for name in ("reference", "current"):
        assert pq.read_schema(DATA / f"{name}.parquet").metadata is None


def test_only_weather_and_planes_have_missing_values(frame: pd.DataFrame) -> None:
    missing = frame.isna().sum()
    assert set(missing[missing > 0].index) == {*WEATHER, "plane_year", "seats"}
    assert not np.isinf(frame.select_dtypes("number")).any(axis=None)


def test_values_lie_in_their_ranges(frame: pd.DataFrame) -> None:
    ranges = {
        "distance": (80, 4983),
        "hour": (0, 23),
        "weekday": (0, 6),
        "temp": (10, 101),
        "humid": (0, 100),
        "wind_speed": (0, 40),
        "precip": (0, 1.5),
        "visib": (0, 10),
        "pressure": (980, 1045),
        "plane_year": (1950, 2013),
        "seats": (2, 450),
        "y_proba": (0, 1),
    }
    for name, (low, high) in ranges.items():
        assert frame[name].dropna().between(low, high).all(), name
    assert set(frame["origin"]) == {"EWR", "JFK", "LGA"}
    assert set(frame["y_true"]) == set(frame["y_pred"]) == {0, 1}


# The join


def test_schedule_columns_agree_with_the_timestamp(frame: pd.DataFrame) -> None:
    time = frame["timestamp"].dt
    assert (frame["hour"] == time.hour).all()
    assert (frame["weekday"] == time.day_of_week).all()
    assert (frame["sched_dep_time"] == time.hour * 100 + time.minute).all()


def test_weather_is_one_observation_per_airport_and_hour(frame: pd.DataFrame) -> None:
    hours = frame.groupby(["origin", frame["timestamp"].dt.floor("h")])[WEATHER]
    assert hours.nunique(dropna=False).max().max() == 1


@pytest.mark.parametrize("months", [(3, 11, 12), (4, 5, 6, 7, 8, 9, 10)])
def test_weather_follows_the_local_clock(frame: pd.DataFrame, months: tuple[int, ...]) -> None:
    # An hour's shift, or UTC taken for local time, would move dawn and mid-afternoon.
    rows = frame[frame["timestamp"].dt.month.isin(months)]
    hourly = rows.drop_duplicates(["origin", "timestamp"]).groupby("hour")["temp"].mean()
    assert hourly.loc[5:23].idxmin() in (5, 6)
    assert hourly.idxmax() in (13, 14, 15)


# The predictions


def test_predictions_follow_the_documented_threshold(
    frame: pd.DataFrame, sample: pd.DataFrame, readme: str
) -> None:
    assert f"at least {THRESHOLD:.2f}" in cells(readme, "`y_pred`")[2]
    for table in (frame, sample):
        assert ((table["y_proba"] >= THRESHOLD) == table["y_pred"]).all()


# Found independently of build.py when the data set was chosen: two decimals.
@pytest.mark.parametrize(("month", "auc"), [(3, 0.71), (4, 0.64), (9, 0.63)])
def test_auc_is_as_found_before(by_month: dict[int, pd.DataFrame], month: int, auc: float) -> None:
    part = by_month[month]
    assert roc_auc_score(part["y_true"], part["y_proba"]) == pytest.approx(auc, abs=0.01)


def test_late_rate_and_brier_move_as_found_before(by_month: dict[int, pd.DataFrame]) -> None:
    late = {month: part["y_true"].mean() for month, part in by_month.items()}
    assert min(late, key=late.get) == 9
    assert late[9] == pytest.approx(0.13, abs=0.005)
    assert max(late, key=late.get) == 12
    assert late[12] == pytest.approx(0.33, abs=0.005)

    brier = {m: brier_score_loss(p["y_true"], p["y_proba"]) for m, p in by_month.items()}
    assert {month for month in brier if brier[month] > brier[3]} == {4, 6, 7, 8, 12}


def test_sample_is_two_hundred_flights_of_each_month(
    sample: pd.DataFrame, by_month: dict[int, pd.DataFrame]
) -> None:
    names = ["y_true", "y_pred", "y_proba"]
    assert list(sample.columns) == names
    assert len(sample) == 2000
    for position, part in enumerate(by_month.values()):
        rows = np.linspace(0, len(part) - 1, 200).astype(int)
        taken = sample.iloc[position * 200 : (position + 1) * 200]
        np.testing.assert_array_equal(taken, part[names].iloc[rows])


# The README


def test_readme_describes_every_column(
    readme: str, reference: pd.DataFrame, current: pd.DataFrame
) -> None:
    for name in COLUMNS:
        _, kind, meaning, in_reference, in_current = cells(readme, f"`{name}`")
        assert kind in {"datetime", "string", "integer", "float"}
        assert len(meaning) > 10
        assert in_reference == f"{reference[name].isna().mean():.2%}", name
        assert in_current == f"{current[name].isna().mean():.2%}", name


def test_readme_table_is_what_scikit_learn_measures(
    readme: str, by_month: dict[int, pd.DataFrame]
) -> None:
    for month, part in by_month.items():
        y_true, y_pred, y_proba = part["y_true"], part["y_pred"], part["y_proba"]
        measured = [
            f"{len(part):,}",
            *(f"{column.mean():.3f}" for column in (y_true, y_proba, y_pred)),
            f"{accuracy_score(y_true, y_pred):.3f}",
            f"{precision_score(y_true, y_pred):.3f}",
            f"{recall_score(y_true, y_pred):.3f}",
            f"{roc_auc_score(y_true, y_proba):.3f}",
            f"{brier_score_loss(y_true, y_proba):.4f}",
        ]
        assert cells(readme, f"2013-{month:02d}")[1:] == measured


def test_readme_prose_quotes_the_data(
    readme: str, reference: pd.DataFrame, current: pd.DataFrame
) -> None:
    prose = re.sub(r"\s+", " ", readme)
    new = current[~current["dest"].isin(reference["dest"])]["dest"]
    warmest = reference["temp"].max()
    warmer = (current["temp"] > warmest).sum() / current["temp"].count()
    assert f"{1 - reference['y_true'].mean():.1%} of March" in prose
    assert f"({len(new):,} flights: {', '.join(new.value_counts().index)})" in prose
    assert f"{warmer:.1%} of the current rows with a known temperature" in prose
    assert f"March ({warmest} °F)" in prose
    assert f"ROC AUC is {roc_auc_score(current['y_true'], current['y_proba']):.3f}" in prose
    assert "CC0" in prose


# The script


@pytest.fixture
def tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Five flights: on time, 15 and 16 minutes late, no arrival; the last two planes unknown."""
    flights = pd.DataFrame(
        {
            "year": 2013,
            "month": 11,
            "day": 3,
            "hour": [6, 1, 1, 1, 7],
            "minute": [5, 30, 30, 30, 0],
            "sched_dep_time": [605, 130, 130, 130, 700],
            "time_hour": [f"2013-11-03T{hour:02d}:00:00Z" for hour in (11, 5, 6, 6, 12)],
            "origin": ["JFK", "JFK", "JFK", "EWR", "JFK"],
            "dest": "LAX",
            "carrier": "DL",
            "flight": [1, 2, 3, 4, 5],
            "tailnum": ["N1", "N1", "N1", "N9", None],
            "distance": 2475,
            "arr_delay": [-3.0, 15.0, 16.0, np.nan, 120.0],
        }
    )
    weather = pd.DataFrame(
        {
            "origin": ["JFK", "JFK", "JFK", "EWR"],
            "hour": [1, 1, 6, 1],
            "time_hour": [f"2013-11-03T{hour:02d}:00:00Z" for hour in (5, 6, 11, 6)],
            **{name: [50.0, 51.0, 56.0, 99.0] for name in WEATHER},
        }
    )
    planes = pd.DataFrame({"tailnum": ["N1", "N2"], "year": [2000, 2001], "seats": [180, 20]})
    return flights, weather, planes


def test_join_keeps_known_arrivals_and_matches_the_utc_hour(
    build: ModuleType, tables: tuple[pd.DataFrame, ...]
) -> None:
    joined = build.join(*tables).set_index("flight")
    assert list(joined.index) == [2, 3, 1, 5]
    assert joined["y_true"].to_dict() == {1: 0, 2: 0, 3: 1, 5: 1}
    assert joined["temp"].dropna().to_dict() == {2: 50.0, 3: 51.0, 1: 56.0}
    assert joined["plane_year"].dropna().to_dict() == {2: 2000, 3: 2000, 1: 2000}
    assert joined.loc[1, "timestamp"] == pd.Timestamp("2013-11-03 06:05")
    assert set(joined["weekday"]) == {6}


def test_join_refuses_two_observations_for_one_hour(
    build: ModuleType, tables: tuple[pd.DataFrame, ...]
) -> None:
    flights, weather, planes = tables
    with pytest.raises(pd.errors.MergeError):
        build.join(flights, pd.concat([weather, weather]), planes)


def test_threshold_flags_the_base_rate(build: ModuleType) -> None:
    scores = np.arange(1, 101) / 100
    y_true = pd.Series(np.arange(100) < 23, dtype=int)
    threshold = build.threshold_at_base_rate(y_true, scores)
    assert (scores >= threshold).mean() == pytest.approx(y_true.mean(), abs=0.011)


def test_model_and_files_come_out_the_same_twice(
    build: ModuleType, reference: pd.DataFrame, tmp_path: Path
) -> None:
    rows = reference.iloc[:3000]
    outcome = [build.score(build.fit(rows), reference.iloc[3000:4000]) for _ in range(2)]
    np.testing.assert_array_equal(*outcome)
    assert np.ptp(outcome[0]) > 0.1

    for name in ("one", "two"):
        build.write_parquet(rows, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert pq.read_schema(tmp_path / "one").metadata is None
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "one"), rows)


def test_a_category_that_training_has_not_seen_is_scored(
    build: ModuleType, reference: pd.DataFrame
) -> None:
    model = build.fit(reference.iloc[:3000])
    rows = reference.iloc[:50].assign(carrier="??", dest="???")
    scores = build.score(model, rows)
    assert ((scores > 0) & (scores < 1)).all()


def test_another_archive_is_refused(build: ModuleType, tmp_path: Path) -> None:
    archive = tmp_path / "other.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(DATA / "README.md", "README.md")
    with pytest.raises(SystemExit, match=r"other\.tar\.gz is not the published archive"):
        build.read_source(archive)
