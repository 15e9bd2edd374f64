"""Season: like is compared with like, what has no like is said, and what is left is found."""

import json
import re

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.cli import main
from driftlib.data.like_rows import SeasonCells
from driftlib.data.season import SeasonRule, season_cells
from driftlib.profile.written import digest
from driftlib.stats.seasons import degrees_lost, without_season
from driftlib.visualization import feature_small_multiples, metric_trend


def yearly(rng, rows=9_000, years=3, amplitude=10.0, first="2021-01-01"):
    """Rows of a stable yearly wave, and a feature without one."""
    days = np.sort(rng.uniform(0, 365 * years, rows))
    when = pd.Timestamp(first) + pd.to_timedelta(days, unit="D")
    phase = 2 * np.pi * when.day_of_year.to_numpy() / 365.25
    return pd.DataFrame(
        {
            "when": when,
            "temp": 10 - amplitude * np.cos(phase) + rng.normal(0, 4, rows),
            "sky": np.where(rng.random(rows) < 0.5 + 0.4 * np.sin(phase), "clear", "cloud"),
            "flat": rng.normal(size=rows),
        }
    )


@pytest.fixture(scope="module")
def wave():
    return yearly(np.random.default_rng(5))


@pytest.fixture(scope="module")
def sides(wave):
    new = wave["when"] >= "2023-01-01"
    return wave[~new], wave[new]


@pytest.fixture(scope="module")
def baseline(sides):
    return dl.Baseline.fit(sides[0], season="month", resolution=200, timestamp="when")


def test_cells_are_named_by_the_clock_of_the_place():
    times = pd.Series(pd.to_datetime(["2024-02-29 23:30", "2024-03-01 00:30", None]))
    frame = pd.DataFrame({"t": times.dt.tz_localize("America/New_York"), "shop": [1, 2.0, None]})
    found = {}
    for kind in ("month", "weekday", "hour"):
        codes, cells = season_cells(SeasonRule(kind, ("t",)), frame)
        found[kind] = [cells[code] for code in codes]
    assert found == {
        "month": ["February", "March", "an unknown time"],
        "weekday": ["Thursday", "Friday", "an unknown time"],
        "hour": ["23:00", "00:00", "an unknown time"],
    }
    codes, cells = season_cells(SeasonRule("columns", ("shop",)), frame)
    assert [cells[code] for code in codes] == ["1", "2", "missing"]
    _, cells = season_cells(SeasonRule("columns", ("shop", "till")), frame)
    assert cells == ["shop = 1, till = missing", "shop = 2, till = missing",
                     "shop = missing, till = missing"]  # fmt: skip


@pytest.mark.parametrize(
    ("season", "said"),
    [
        ("day", r"season= is 'hour', 'weekday', 'month', or columns: .*no column 'day'"),
        (["month", "flat"], "does not go together with columns"),
        ("flat", "more than 100"),
        (7, "must be 'hour', 'weekday', 'month', or names of columns"),
    ],
)
def test_a_season_that_is_none_is_refused(wave, season, said):
    with pytest.raises(dl.DriftlibError, match=said):
        dl.Baseline.fit(wave[:2000], season=season if season != 7 else [7])


def test_a_season_of_the_calendar_needs_a_time(wave):
    with pytest.raises(dl.DriftlibError, match="season='month' needs a time column"):
        dl.Baseline.fit(wave[["temp"]], season="month")


def test_cells_add_up_save_and_stream(wave, sides, baseline, tmp_path):
    current = sides[1]
    whole = baseline.profile(current)
    parts = baseline.profile(current[:1000]) + baseline.profile(current[1000:])
    path = tmp_path / "current.parquet"
    current.to_parquet(path, row_group_size=700)
    loaded = dl.Baseline.load(baseline.save(tmp_path / "baseline.json"))
    streamed = loaded.profile(path)
    assert loaded.id == baseline.id
    assert loaded.season == baseline.season
    for other in (parts, streamed):
        assert list(other.cells) == list(whole.cells)
        for cell, counts in whole.cells.items():
            same = other.cells[cell]
            assert same.rows == counts.rows
            assert (same.columns["temp"].below == counts.columns["temp"].below).all()
            assert (same.columns["sky"].levels == counts.columns["sky"].levels).all()
            assert same.units.rows.tolist() == counts.units.rows.tolist()
    assert sum(part.rows for part in whole.cells.values()) == whole.rows == len(current)
    tables = [dl.detect_drift(b, p).table for b, p in ((baseline, whole), (loaded, streamed))]
    pd.testing.assert_frame_equal(*tables)
    assert sum(loaded.reference_cells.values()).rows == len(sides[0])


def test_one_month_is_compared_with_the_same_months(sides, baseline):
    reference, current = sides
    june = current[current["when"].dt.month == 6]
    found = dl.detect_drift(baseline, june)
    other = dl.detect_drift(reference[reference["when"].dt.month == 6], june, timestamp="when")
    assert found.table["n_reference"].tolist() == other.table["n_reference"].tolist()
    # The grid differs, the values do not.
    mean = found.baseline.reference.columns["temp"].mean
    assert mean == pytest.approx(other.baseline.reference.columns["temp"].mean)
    assert "1 of 12 months of the reference compared" in found.season
    assert found.to_dict()["season"]["compared"] == ["June"]


def test_without_a_change_the_mixture_is_the_reference(sides, baseline):
    found = dl.detect_drift(baseline, sides[0])
    assert found.baseline.rows == len(sides[0])
    assert (found.table["psi"].dropna() == 0).all()


def test_cells_have_the_shares_of_the_current_data():
    rng = np.random.default_rng(0)
    shop = rng.permutation(np.repeat(["a", "b"], [8000, 2000]))
    frame = pd.DataFrame({"shop": shop, "x": rng.normal(size=10_000) + 3 * (shop == "b")})
    frame["missing"] = np.where((shop == "b") & (rng.random(10_000) < 0.5), np.nan, 1.0)
    current = frame.groupby("shop").head(1500)
    plain = dl.detect_drift(frame.drop(columns="shop"), current)
    found = dl.detect_drift(frame, current, season="shop")
    assert plain.drifted == ["x", "missing"]
    assert found.drifted == []
    assert "shop" not in found.table.index
    by_hand = frame.groupby("shop")["x"].mean().mean()
    mixture = found.baseline.reference.columns["x"]
    assert mixture.mean == pytest.approx(by_hand)
    weights = frame["shop"].map({"a": 0.5 / 8000, "b": 0.5 / 2000})
    spread = (weights * (frame["x"] - by_hand) ** 2).sum()
    assert mixture.squares / mixture.present == pytest.approx(spread, rel=0.01)
    missing = found.baseline.reference.columns["missing"].missing_share
    assert missing == pytest.approx(frame["missing"].isna()[shop == "b"].mean() / 2, abs=1e-3)
    # As many rows as tell as much: 1 / (0.25 / 8000 + 0.25 / 2000), or the fewest of a cell.
    assert found.baseline.rows == 4000


def test_a_cell_that_the_reference_lacks_is_left_out_and_said(sides):
    reference, current = sides
    reference = reference[reference["when"].dt.month < 12]
    december = current["when"].dt.month == 12
    rows = f"{december.sum():,} rows of December cannot be compared: the reference has none"
    found = dl.detect_drift(reference, current, season="month")
    assert rows in found.headline
    assert found.table.loc["flat", "n_current"] == (~december).sum()
    only = dl.detect_drift(reference, current[december], season="month")
    assert only.headline == f"Cannot tell: {rows}"
    assert only.cannot_tell == f"cannot tell: {rows}"
    assert (only.table["severity"] == "none").all()
    assert "cannot tell" in only.table.loc["flat", "note"]
    late = current[current["when"].dt.month > 9].drop(columns="sky")
    trend = dl.drift_trend(reference, late, window="MS", season="month", timestamp="when")
    assert f"{rows}, in 1 of 3 windows" in trend.headline
    caption = feature_small_multiples(trend).layout.meta["caption"]
    assert "season and all" in caption


def test_a_current_side_without_the_time_cannot_be_compared(sides, baseline):
    found = dl.detect_drift(baseline, sides[1].drop(columns="when"))
    assert found.headline.startswith("Cannot tell")
    assert "an unknown time" in found.headline


def test_one_year_is_said_to_be_no_season_yet(wave):
    year = wave[wave["when"] < "2022-01-01"]
    baseline = dl.Baseline.fit(year, season="month", resolution=100)
    assert "no more than one year" in dl.detect_drift(baseline, year).season
    assert "no more than" not in dl.Baseline.fit(year, season="weekday", resolution=100).season.line


def test_a_stable_wave_does_not_alarm_and_a_shift_on_top_is_found(sides):
    reference, current = (side.drop(columns="sky") for side in sides)
    reference["more"], current["more"] = reference["temp"], current["temp"] + 4
    told = {"timestamp": "when", "resolution": 100}
    baseline = dl.Baseline.fit(reference, season="month", **told)
    found = dl.drift_trend(baseline, current, window="MS", timestamp="when").table
    drifted = found["drifted"].groupby(found["feature"]).mean()
    assert drifted[["temp", "flat"]].sum() == 0
    assert drifted["more"] >= 0.9
    assert found.loc[found["feature"] == "temp", "psi"].max() < 0.1
    plain = dl.Baseline.fit(reference[["when", "temp"]], unit="row", **told)
    found = dl.drift_trend(plain, current, window="MS", timestamp="when").table
    assert found["drifted"].sum() == 12


def test_half_a_month_is_held_against_its_place_in_the_month(sides, baseline):
    current = sides[1]
    early = current[(current["when"] >= "2023-04-01") & (current["when"] < "2023-04-11")]
    assert dl.detect_drift(baseline, early).drifted == []


def test_segments_are_compared_like_with_like(wave, sides):
    rng = np.random.default_rng(1)
    reference, current = (s.assign(region=rng.choice(["EU", "US"], len(s))) for s in sides)
    moved = (current["region"] == "US") & (current["when"].dt.month == 3)
    current.loc[moved, "temp"] += 8
    march = current[current["when"].dt.month == 3]
    found = dl.detect_drift(reference, march, by="region", season="month")
    assert found.subjects[found.table["drifted"]].tolist() == ["temp where region = US"]
    assert found.segments["EU",].like.compared == ["March"]


def test_a_baseline_keeps_its_season(baseline, sides, tmp_path):
    saved = baseline.save(tmp_path / "baseline.json")
    assert dl.as_baseline(saved, season="month").season == baseline.season
    with pytest.raises(dl.DriftlibError, match="fitted with season='month': leave it out"):
        dl.as_baseline(saved, season="hour")
    with pytest.raises(dl.DriftlibError, match="fitted with no season"):
        dl.as_baseline(dl.Baseline.fit(sides[0], resolution=100), season="hour")


def test_the_command_line_takes_a_season(sides, tmp_path, capsys):
    files = [tmp_path / name for name in ("reference.csv", "june.csv", "december.csv")]
    reference, current = sides
    reference[reference["when"].dt.month < 12][::2].to_csv(files[0], index=False)
    for file, month in zip(files[1:], (6, 12), strict=True):
        current[current["when"].dt.month == month].to_csv(file, index=False)
    saved = str(tmp_path / "baseline.json")
    told = ["--timestamp", "when", "--resolution", "100", "--season", "month"]
    assert main(["baseline", str(files[0]), "-o", saved, *told]) == 0
    assert "Like is compared with like: by the month of 'when'" in capsys.readouterr().out
    assert main(["check", saved, str(files[1])]) == 0
    said = capsys.readouterr().out
    assert "1 of 11 months of the reference compared" in said
    assert re.search(r"all of the reference, temp would have a PSI of [\d.]+; beyond", said)
    assert main(["check", saved, str(files[2]), "--season", "month"]) == 0
    assert re.match(r"Cannot tell: \d+ rows of December", capsys.readouterr().out)
    assert main(["check", saved, str(files[1]), "--season", "hour"]) == 2


def test_truth_values_are_one_cell_however_they_are_written(sides):
    reference, current = (s.assign(new=np.arange(len(s)) % 2 == 0) for s in sides)
    found = dl.detect_drift(reference, current.assign(new=current["new"].astype(int)), season="new")
    assert found.like.compared == ["0", "1"]
    assert found.like.left_out == {}
    gone = dl.detect_drift(reference, current.drop(columns="new"), season="new")
    assert "rows with new = missing cannot be compared" in gone.headline


def test_profiles_of_another_season_are_refused(sides, baseline):
    other = dl.Baseline.fit(sides[0], timestamp="when", resolution=200)
    with pytest.raises(dl.DriftlibError, match="against another baseline"):
        dl.detect_drift(baseline, other.profile(sides[1]))
    with pytest.raises(dl.DriftlibError, match="do not add"):
        baseline.profile(sides[1]) + other.profile(sides[1])


@pytest.mark.parametrize(
    "fault",
    [
        lambda c: c["cells"]["June"].update(rows=c["cells"]["June"]["rows"] + 1),
        lambda c: c["cells"].pop("June"),
        lambda c: c["cells"]["June"]["columns"]["temp"]["steps"].append(1),
        lambda c: c["cells"]["June"]["columns"]["sky"]["levels"].reverse(),
        lambda c: c["cells"]["June"]["units"]["rows"].reverse(),
        lambda c: c["cells"]["June"].pop("columns"),
        lambda c: c["season"].update(kind="moon"),
        lambda c: c["season"].update(columns=[]),
    ],
)
def test_cells_that_no_rows_can_have_are_refused(baseline, tmp_path, fault):
    content = json.loads(json.dumps(baseline.to_dict()))
    fault(content)
    path = tmp_path / "b.json"
    path.write_text(json.dumps(content | {"digest": digest(content)}))
    with pytest.raises(dl.DriftlibError, match=r"b\.json (is damaged|was changed by hand)"):
        dl.Baseline.load(path)


def test_part_of_a_month_by_customers_is_said(sides):
    rng = np.random.default_rng(2)
    reference, current = (s.assign(who=rng.integers(0, 60, len(s))) for s in sides)
    told = {"season": "month", "unit": "who", "timestamp": "when"}
    found = dl.detect_drift(reference, current, **told)
    assert "part of a month is compared with whole months" in found.season
    assert found.drifted == []


def test_what_cells_foretell_is_a_projection():
    rng = np.random.default_rng(0)
    rows = rng.multinomial(100, [0.2, 0.3, 0.5], size=12)
    cells = [np.where((np.arange(12) % 3 == c)[:, None], rows, 0) for c in range(3)]
    position = rng.normal(size=12)
    left = without_season(cells)
    assert degrees_lost([cell.sum(1) for cell in cells]) == 2
    assert left.sum(1) == pytest.approx(rows.sum(1))
    assert left.sum(0) == pytest.approx(rows.sum(0))
    for c in range(3):
        assert left[c::3].mean(0) == pytest.approx(rows.mean(0))
    twelve = without_season([rows], position)
    assert degrees_lost([rows.sum(1)], position) == 1
    assert np.polyfit(position, twelve, 1)[0] == pytest.approx(0, abs=1e-9)


# Performance: each window against the reference's rows of its own cells.


def _labelled(shop: list[str], wrong: list[int]) -> pd.DataFrame:
    """Rows of shops, the first few of each predicted wrongly."""
    rows = [(name, int(row >= bad)) for name, bad in zip(shop, wrong, strict=True)
            for row in range(100)]  # fmt: skip
    return pd.DataFrame(rows, columns=["shop", "y_true"]).assign(y_pred=1)


def test_a_window_is_held_against_the_reference_in_its_own_shares() -> None:
    """Of shop A 10 of 100 are wrong, of B 50; one row of A to three of B foretell 0.6."""
    reference = _labelled(["A", "B"], [10, 50])
    current = pd.concat([_labelled(["A"], [10]), *[_labelled(["B"], [50])] * 3])
    found = dl.track_performance(
        current, reference=reference, metrics=["accuracy"], season="shop", unit="row"
    ).table
    assert found["reference_value"].tolist() == [0.6]
    assert found["value"].tolist() == [0.6]
    assert not found["degraded"].any()
    # A month of one cell is compared with all rows of it, each once.
    only = dl.track_performance(
        _labelled(["B"], [50]), reference=reference, metrics=["accuracy"], season="shop", unit="row"
    ).table
    whole = dl.track_performance(_labelled(["B"], [50]), metrics=["accuracy"], unit="row").table
    ends = ["value", "lower", "upper"]
    assert only[[f"reference_{end}" for end in ends]].to_numpy() == pytest.approx(
        whole[ends].to_numpy()
    )


def test_performance_of_a_cell_that_the_reference_lacks_is_not_told() -> None:
    """Three windows: all of a known shop, half of a new one, and only of that."""
    reference = _labelled(["A"] * 3, [10, 12, 8])
    shops = [["A", "A"], ["A", "C"], ["C", "C"]]
    wrong = [[10, 10], [10, 90], [90, 90]]
    current = pd.concat([_labelled(s, w) for s, w in zip(shops, wrong, strict=True)])
    found = dl.track_performance(
        current, window=200, reference=reference, metrics=["accuracy"], season="shop", unit="row"
    )
    table = found.table
    # What is shown is of all rows; what is compared is of those of A.
    assert table["value"].tolist() == [0.9, 0.5, 0.1]
    assert table["reference_value"].tolist()[:2] == [0.9, 0.9]
    assert np.isnan(table["reference_value"].iloc[2])
    assert not table["degraded"].any()
    assert table["note"].tolist() == [
        "",
        "100 rows with shop = C cannot be compared: the reference has none",
        "cannot tell: 200 rows with shop = C cannot be compared: the reference has none",
    ]
    assert found.headline.endswith("reference has none, in 1 of 3 windows")
    assert "300 rows with shop = C cannot be compared" in found.season


def _weekly(rng: np.random.Generator, start: str, days: int) -> pd.DataFrame:
    """Days of 40 rows whose scores say more on some weekdays, with effects of their own."""
    when = pd.Series(pd.date_range(start, periods=days).repeat(40))
    z = rng.normal(size=len(when))
    slope = np.array([1.5, 1.8, 2.1, 2.5, 2.7, 0.7, 0.5])[when.dt.day_of_week]
    day = rng.normal(size=days).repeat(40)
    y = rng.random(len(z)) < 1 / (1 + np.exp(-slope * z - 0.5 * day))
    return pd.DataFrame(
        {"when": when, "y_true": y.astype(int), "y_pred": (z > 0).astype(int),
         "y_proba": 1 / (1 + np.exp(-1.5 * z))}
    )  # fmt: skip


def test_performance_of_weekends_is_told_from_other_weekends() -> None:
    """Nothing changes but the share of weekends: degraded without a season and not with it."""
    worse: dict[str, list[bool]] = {"": [], "weekday": []}
    spread: dict[str, list[float]] = {"": [], "weekday": []}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        reference, current = _weekly(rng, "2021-01-04", 56), _weekly(rng, "2021-03-01", 35)
        current = current[current["when"].dt.day_of_week >= 5]
        for season, found in worse.items():
            table = dl.track_performance(
                current, timestamp="when", reference=reference, season=season,
                metrics=["accuracy", "log_loss"],
            ).table  # fmt: skip
            found.append(bool(table["degraded"].any()))
            spread[season].append(float(table["design_effect"].median()))
    assert sum(worse[""]) == 8
    assert sum(worse["weekday"]) <= 1
    # Days of different weekdays are not unlike by chance: that is no part of the error.
    assert np.median(spread["weekday"]) < np.median(spread[""]) / 1.5


def test_a_run_of_weeks_is_followed_less_what_its_weekdays_foretell() -> None:
    """Weeks of five days now and then: the rule of the run holds, and says what it follows."""
    rng = np.random.default_rng(3)
    reference, current = _weekly(rng, "2021-01-04", 140), _weekly(rng, "2021-05-24", 70)
    odd = current["when"].dt.isocalendar().week.to_numpy() % 3 == 0
    current = current[~odd | (current["when"].dt.day_of_week >= 5)]
    found = {
        season: dl.track_performance(
            current, window="7D", timestamp="when", reference=reference, season=season,
            metrics=["accuracy"],
        )
        for season in ("", "weekday")
    }  # fmt: skip
    assert "less what the season foretells" in found["weekday"].rule
    assert not found["weekday"].table["alarm"].any()
    evidence = {season: perf.table["evidence"].max() for season, perf in found.items()}
    assert evidence["weekday"] < evidence[""] / 10


def test_estimates_compare_like_with_like() -> None:
    """Weekends are estimated and judged by weekends."""
    rng = np.random.default_rng(5)
    reference, current = _weekly(rng, "2021-01-04", 84), _weekly(rng, "2021-04-05", 70)
    current = current[current["when"].dt.day_of_week >= 5]
    real = dl.track_performance(current, metrics=["accuracy"], unit="row").table["value"].iloc[0]
    plain, like = (
        dl.estimate_performance(
            reference, current, timestamp="when", metrics=["accuracy"], season=season
        ).table.iloc[0]
        for season in ("", "weekday")
    )
    weekend = reference[reference["when"].dt.day_of_week >= 5]
    share = float((weekend["y_true"] == weekend["y_pred"]).mean())
    assert like["reference_value"] == pytest.approx(share, abs=0.005)
    assert like["lower"] < real < like["upper"]
    assert plain["lower"] > real
    assert not like["degraded"]


# Causes: the reference's rows in the shares that current has of their cells.


def _shops(rng: np.random.Generator, days: int, start: str, shares: tuple[float, ...]):
    """Rows of shops; in B values are larger and the model is worse, always."""
    when = pd.Series(pd.date_range(start, periods=days).repeat(40))
    shop = rng.choice(list("ABC")[: len(shares)], len(when), p=shares)
    x = rng.normal(size=len(when)) + (shop == "B")
    y = rng.random(len(x)) < 1 / (1 + np.exp(-x * np.where(shop == "B", 0.8, 4.0)))
    return pd.DataFrame({"when": when, "shop": shop, "x": x, "z": rng.normal(size=len(x)),
                         "y_true": y.astype(int), "y_pred": (x > 0).astype(int)})  # fmt: skip


def test_a_diagnosis_takes_what_cells_foretell_for_no_cause():
    """Only the shares of two shops change, and after that outcomes are turned as well."""
    rng = np.random.default_rng(2)
    reference = _shops(rng, 40, "2021-01-01", (0.7, 0.3))
    current = _shops(rng, 30, "2021-03-01", (0.2, 0.8))
    told = {"timestamp": "when", "features": ["x", "z"]}
    assert dl.diagnose(reference, current, **told).verdict != "stable"
    found = dl.diagnose(reference, current, season="shop", **told)
    assert found.verdict == "stable"
    assert "2 of 2 values of shop of the reference compared" in found.season
    assert found.rows_reference < len(reference) / 2
    turned = current.assign(y_true=current["y_true"] ^ (rng.random(len(current)) < 0.2))
    assert dl.diagnose(reference, turned, season="shop", **told).verdict == "concept drift"


def test_causes_in_cells_that_the_reference_lacks_are_not_told():
    """Shop C is new: what is known of it is left out, and a period of it alone is open."""
    rng = np.random.default_rng(2)
    reference = _shops(rng, 20, "2021-01-01", (0.5, 0.5))
    current = _shops(rng, 20, "2021-03-01", (0.4, 0.4, 0.2))
    new = int((current["shop"] == "C").sum())
    missing = f"{new} rows with shop = C cannot be compared: the reference has none"
    domain = dl.fit_domain(reference, current, timestamp="when", season="shop", exclude=["x"])
    # The season's column is no feature, and no row of the new shop is used.
    assert set(domain.features) == {"z"}
    sides = reference.iloc[domain.reference_rows], current.iloc[domain.current_rows]
    share = [side["shop"].eq("B").mean() for side in sides]
    assert set(sides[1]["shop"]) == {"A", "B"}
    assert share[0] == pytest.approx(share[1], abs=0.02)
    assert missing in domain.season
    only = current[current["shop"] == "C"]
    found = dl.diagnose_windows(
        reference, only, window=1000, timestamp="when", season="shop", features=["x"]
    )
    assert found.verdicts.tolist() == ["undetermined"]
    assert found.table["note"].iloc[0].endswith(f"Cannot tell: {missing}.")
    assert missing in found.season
    assert (
        "cannot tell"
        in dl.fit_domain(reference, only, season="shop", features=["x"]).headline.lower()
    )


def test_rows_that_are_taken_more_than_once_say_what_they_are_worth():
    """Ten rows of A and ninety of B for shares of a half: 1 / (.25 / 10 + .25 / 50) are 33."""
    rule = SeasonRule("columns", ("shop",))
    cells = SeasonCells(rule, ["A", "B"], np.repeat([0, 1], [10, 90]), np.repeat([0, 1], 20))
    found = cells.like(np.arange(100), np.arange(40), again=True)
    assert np.bincount(cells.reference[found.reference]).tolist() == [50, 50]
    assert len(np.unique(found.reference)) == 60
    assert found.excess == pytest.approx(100 * (0.25 / 10 + 0.25 / 50))
    # Without repeats the scarce cell decides, and may be short by a hundredth.
    once = cells.like(np.arange(100), np.arange(40))
    assert np.bincount(cells.reference[once.reference]).tolist() == [10, 10]
    assert len(once.current) == 40


def test_charts_draw_what_each_window_is_compared_with():
    """With a season the reference is a line of steps, and no band over all windows."""
    reference = _labelled(["A", "B"], [10, 50])
    current = pd.concat([_labelled(["A"], [10]), _labelled(["B"], [50])])
    found = dl.track_performance(
        current, window=100, reference=reference, metrics=["accuracy"], season="shop",
        thresholds={"accuracy": "-0.05"}, unit="row",
    )  # fmt: skip
    chart = metric_trend(found)
    lines = {trace.name: trace for trace in chart.data
             if trace.type == "scatter" and trace.line.shape == "hvh"}  # fmt: skip
    assert list(lines["threshold"].y) == pytest.approx([0.85, 0.45])
    assert list(lines["reference, what is like it"].y) == pytest.approx([0.9, 0.5])
    assert not chart.layout.shapes


@pytest.mark.parametrize("unit", ["auto", "row"])
def test_drift_is_followed_less_what_the_season_foretells(unit):
    """Two weeks of three have their weekend alone; then one number moves for good."""
    rng = np.random.default_rng(7)
    when = pd.Series(pd.date_range("2021-01-04", periods=7 * 30).repeat(20))
    level = np.array([0, 0, 1, 1, 0, 3, 3])[when.dt.day_of_week]
    frame = pd.DataFrame({"when": when, "x": level + rng.normal(size=len(when)),
                          "flat": rng.normal(size=len(when))})  # fmt: skip
    week = (when - when.iloc[0]).dt.days.to_numpy() // 7
    reference, current = frame[week < 18], frame[week >= 18]
    odd = week[week >= 18] % 3 < 2
    current = current[~odd | (current["when"].dt.day_of_week >= 5)]
    told = {"window": "7D", "timestamp": "when", "unit": unit}
    plain = dl.drift_trend(reference, current, **told).table
    assert set(plain.loc[plain["alarm"], "feature"]) == {"x"}
    like = dl.drift_trend(reference, current, season="weekday", **told)
    assert like.rule.startswith("Each window, less what the season foretells, is held against all")
    assert not like.table["alarm"].any()
    moved = current.assign(x=current["x"] + 0.5)
    found = dl.drift_trend(reference, moved, season="weekday", **told).table
    assert set(found.loc[found["alarm"], "feature"]) == {"x"}
    assert found.loc[found["alarm"], "since"].min() <= pd.Timestamp("2021-05-24")


def test_weeks_of_months_are_not_followed(wave, sides):
    """A week is not like the whole of its month: followed, the course within would look new."""
    reference, current = sides
    found = dl.drift_trend(reference, current, window="7D", timestamp="when", season="month",
                           unit="row", features=["flat"])  # fmt: skip
    assert "part of a month is not like the whole of it" in found.rule
    assert found.table["evidence"].isna().all()


@pytest.mark.parametrize(("days", "told"), [(3, False), (5, False), (7, True)])
def test_too_few_days_of_each_weekday_are_no_stability(days, told) -> None:
    """Days that are enough by themselves tell nothing where each has its own weekday."""
    rng = np.random.default_rng(0)

    def side(first: str, mean: float) -> pd.DataFrame:
        when = pd.date_range(first, periods=days * 20, freq="72min")
        return pd.DataFrame({"when": when, "x": rng.normal(mean, 1, len(when))})

    reference, current = side("2024-01-01", 0), side("2024-03-04", 1.5)
    options = {"timestamp": "when", "unit": "1D", "season": "weekday"}
    found = dl.detect_drift(reference, current, **options)
    trend = dl.drift_trend(reference, current, window=f"{days}D", **options)
    assert (found.drifted == ["x"]) is told
    assert bool(trend.table["drifted"].any()) is told
    if told:
        assert found.cannot_tell is None
        return
    why = {
        3: "cannot tell: the reference has 3 days",
        5: "cannot tell: 10 days of both sides together are too few to compare by 5 weekdays",
    }[days]
    assert found.cannot_tell == why
    assert found.headline.startswith(f"C{why[1:]}")
    assert found.table["note"].tolist() == [why]
    assert trend.headline.startswith(f"C{why[1:]}")
    two = [side.assign(g=np.arange(len(side)) % 2) for side in (reference, current)]
    by_segment = dl.detect_drift(*two, by="g", **options)
    assert by_segment.headline.startswith(f"C{why[1:]}, in 2 of 2 segments")
    # Without a season five days tell it.
    plain = dl.detect_drift(reference, current, timestamp="when", unit="1D")
    assert (plain.drifted == ["x"]) is (days == 5)
