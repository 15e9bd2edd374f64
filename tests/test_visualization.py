"""Charts draw the results' own numbers, say the finding, and stay small, whole and harmless."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib import visualization as charts
from driftlib.errors import ParameterError
from driftlib.files import write_whole
from driftlib.html import page as pages
from driftlib.html.table import write_boxed_table
from driftlib.performance.base_rates import BaseRates
from driftlib.performance.curves import confusion_counts, score_curves
from driftlib.reporting import drift_tables
from driftlib.severity import rank
from driftlib.stats.calibration import reliability
from driftlib.visualization import heatmap, style
from driftlib.visualization.levels import change_table, most_drifted
from driftlib.visualization.narrow import narrowed
from driftlib.visualization.windows import window_labels

HOSTILE = "<b>x</b><script>alert(1)</script>%{y}\"'&"
ROWS = 600


def month(number: int, rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp(2013, number, 1)
    return pd.DataFrame(
        {
            "when": start + pd.to_timedelta(np.sort(rng.integers(0, 28 * 24, rows)), unit="h"),
            "wind": rng.normal(10, 3, rows),
            "temp": rng.normal(50, 8, rows),
            "seats": rng.choice([50, 120, 180], rows),
            "origin": rng.choice(["EWR", "JFK", "LGA"], rows, p=[0.4, 0.35, 0.25]),
        }
    )


@pytest.fixture(scope="module")
def data():
    """Wind rises in June, July has new origins, temperature is often missing in August."""
    reference = month(3, 4000, seed=0)
    june, july, august = month(6, ROWS, 2), month(7, ROWS, 3), month(8, 200, 4)
    june["wind"] += 4
    july.loc[july.index[::5], "origin"] = "SWF"
    august.loc[august.index[::4], "temp"] = np.nan
    return reference, pd.concat([month(5, ROWS, 1), june, july, august], ignore_index=True)


@pytest.fixture(scope="module")
def trend(data):
    return dl.drift_trend(*data, on="when", window="MS", timestamp="when", unit="row")


@pytest.fixture(scope="module")
def result(data):
    return dl.detect_drift(*data, timestamp="when", unit="row")


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(7)
    y = rng.integers(0, 2, 1600)
    proba = np.clip(rng.normal(0.35 + 0.3 * y, 0.2), 0.001, 0.999)
    late = np.arange(1600) >= 1200
    proba[late] = rng.uniform(size=400)
    return pd.DataFrame(
        {
            "y_true": y,
            "y_pred": (proba > 0.5).astype(int),
            "y_proba": proba,
            "shop": rng.choice(["north", "south"], 1600),
            "half": np.repeat(["first half", "second half"], 800),
        }
    )


@pytest.fixture(scope="module")
def perf(predictions):
    return dl.track_performance(
        predictions,
        window=400,
        reference=predictions.head(1200),
        metrics=["accuracy", "roc_auc", "brier"],
        thresholds={"accuracy": 0.7, "roc_auc": "-0.05"},
    )


@pytest.fixture(scope="module")
def estimate(predictions):
    return dl.estimate_performance(
        predictions.head(1200), predictions, window=400, metrics=["accuracy"]
    )


@pytest.fixture(scope="module")
def segmented(predictions):
    return dl.track_performance(
        predictions, window="half", by="shop", metrics=["accuracy"], reference=predictions.head(800)
    )


def named(chart, name):
    return next(trace for trace in chart.data if trace.name == name)


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def test_on_a_narrow_screen_panels_stand_below_each_other_with_their_names(perf):
    go = pytest.importorskip("plotly.graph_objects")
    chart = charts.metric_trend(perf, metrics=["accuracy", "roc_auc", "brier"])
    narrow = narrowed(chart)
    ends = [axis.domain for axis in narrow.select_yaxes()]
    assert [axis.domain for axis in narrow.select_xaxes()] == [(0, 1)] * 3
    assert all(low >= next_top for (low, _), (_, next_top) in itertools.pairwise(ends))
    names = {note.text: note.y for note in narrow.layout.annotations if note.xref == "paper"}
    assert names["<b>Accuracy</b>"] == 1
    assert names["<b>ROC AUC</b>"] == pytest.approx(ends[1][1])
    assert narrow.layout.height > chart.layout.height
    assert [axis.domain for axis in chart.select_xaxes()] != [(0, 1)] * 3
    cells = go.Heatmap(z=[[1, 1, 1, 0, 1]], text=[["▲ 0.3", "0.1", "△ 2 %", "", "◆"]])
    assert narrowed(go.Figure(cells)).data[0].text == (["▲", "", "△", "", "◆"],)
    named = go.Figure(go.Bar(x=[1, 2], y=["a name of several words", "<b>" + "x" * 40]))
    named.update_yaxes(type="category")
    short = narrowed(named.update_layout(template=style.template())).layout.yaxis.ticktext
    assert short[0] == "a name of several<br>words"
    assert short[1].startswith("&lt;b&gt;x")
    assert "…" in short[1]


class TestHeatmap:
    def test_segments_stand_where_windows_stood(self, data):
        reference, current = data
        current = current[current["when"].dt.month < 7].copy()
        current.loc[current["origin"] == "EWR", "seats"] += 60
        result = dl.detect_drift(reference, current, by="origin", timestamp="when", unit="row")
        chart = charts.drift_heatmap(result)
        grids = [trace for trace in chart.data if trace.type == "heatmap"]
        assert list(grids[0].x) == ["EWR", "JFK", "LGA"]
        assert chart.layout.xaxis.title.text == "origin"
        assert chart.layout.title.text == result.headline
        assert "seats where origin = EWR" in result.headline
        assert chart.layout.meta["caption"].startswith(
            "Change against the reference's rows of the group"
        )
        rows = {row[0]: row[1:] for row in chart.layout.meta["table"]["rows"]}
        assert [cell[0] for cell in rows["seats"]] == ["▲", "○", "○"]
        assert [cell[0] for cell in rows["wind"]] == ["▲", "▲", "▲"]
        table = drift_tables.groups_table(result)
        assert table["feature and group"][0] == "seats where origin = EWR"
        assert not table["feature and group"].str.startswith("temp").any()

    def test_a_cell_says_how_far_a_feature_moved_and_how_severe_that_is(self, trend):
        chart = charts.drift_heatmap(trend)
        grids = [trace for trace in chart.data if trace.type == "heatmap"]
        features, windows = list(grids[0].y), list(grids[0].x)
        assert windows == ["May 2013", "Jun 2013", "Jul 2013", "Aug 2013"]
        marks = {"none": "", "minor": "", "moderate": "◆", "major": "▲"}
        for row in trend.table.to_dict("records"):
            place = features.index(row["feature"]), row["window"]
            drawn = [grid for grid in grids if grid.z[place[0]][place[1]] is not None]
            drawn = [g for g in drawn if np.isfinite(g.z[place[0]][place[1]])]
            assert len(drawn) == 1
            level, text = drawn[0].z[place[0]][place[1]], drawn[0].text[place[0]][place[1]]
            assert rank(row["severity"]) == (
                0 if row["severity"] == "none" else min(1 + int(level), 3)
            )
            assert text.strip("\xa0").startswith(marks[row["severity"]])
            assert drawn[0].hovertext[place[0]][place[1]].count(row["feature"]) >= 1
            if row["severity"] == "none":
                assert level == 0
        assert "Hollow" not in chart.layout.meta["caption"]
        quiet = replace(trend, table=trend.table.assign(alarm=False))
        chart = charts.drift_heatmap(quiet)
        drawn = "".join("".join(row) for grid in chart.data[:3] for row in grid.text)
        assert "△" in drawn
        assert "▲" not in drawn
        assert "Hollow, ◇ △: drift of a window judged alone" in chart.layout.meta["caption"]

    def test_numbers_in_cells_are_psi_or_the_share_that_moved_more(self, trend):
        chart = charts.drift_heatmap(trend)
        by_name = {trace.name: trace for trace in chart.data if trace.type == "heatmap"}
        row = trend.table.set_index(["feature", "window"])
        features = list(chart.data[0].y)
        wind = by_name["major"].text[features.index("wind")][1]
        assert wind.strip("\xa0") == f"▲ {row.loc[('wind', 1), 'psi']:.1f}"
        missing = by_name["major"].text[features.index("temp")][3]
        assert missing.strip("\xa0") == "▲ 25 %"
        unseen = row.loc[("origin", 2), "unseen"] - row.loc[("origin", 2), "unseen_expected"]
        new = by_name["major"].text[features.index("origin")][2]
        assert new.strip("\xa0") == f"▲ {100 * unseen:.0f} %"

    def test_title_says_what_drifted_and_when(self, trend, result):
        assert charts.drift_heatmap(trend).layout.title.text == (
            "wind drifted in Jun 2013; 2 other features in some"
        )
        assert charts.drift_heatmap(result).layout.title.text.startswith(
            f"{len(result.drifted)} of 4 features drifted: "
        )

    def test_no_drift_says_so(self, data):
        same = dl.detect_drift(data[0], data[0], timestamp="when")
        assert charts.drift_heatmap(same).layout.title.text == same.headline

    def test_the_most_drifted_features_are_on_top(self, trend):
        chart = charts.drift_heatmap(trend)
        table, _ = change_table(trend)
        real = table["level"].where(table["severity"] != "none", 0)
        means = real.groupby(table["feature"]).mean()
        assert list(chart.data[0].y) == most_drifted(table)
        assert means[list(chart.data[0].y)].is_monotonic_decreasing

    def test_one_window_has_the_notes_beside_it(self, result):
        chart = charts.drift_heatmap(result)
        notes = result.table["note"]
        shown = {note.y: note.text for note in chart.layout.annotations}
        assert set(shown) == set(result.table.index)
        for name, text in shown.items():
            assert text == style.escape(notes[name].split("; ")[0], most=90)

    def test_features_and_windows_are_capped_and_the_caption_says_so(self, trend, monkeypatch):
        assert (heatmap.MOST_FEATURES, heatmap.MOST_WINDOWS) == (40, 60)
        whole = charts.drift_heatmap(trend).data[0]
        monkeypatch.setattr(heatmap, "MOST_FEATURES", 2)
        monkeypatch.setattr(heatmap, "MOST_WINDOWS", 3)
        chart = charts.drift_heatmap(trend)
        assert np.shape(chart.data[0].z) == (2, 3)
        assert chart.data[0].y == whole.y[:2]
        assert chart.data[0].x == whole.x[1:]
        caption = chart.layout.meta["caption"]
        assert "The 2 most drifted of 4 columns" in caption
        assert "The latest 3 of 4 windows" in caption

    def test_size_does_not_grow_with_rows(self, data):
        reference, current = data
        few = charts.drift_heatmap(dl.detect_drift(reference, current, timestamp="when"))
        many = charts.drift_heatmap(
            dl.detect_drift(
                pd.concat([reference] * 20), pd.concat([current] * 20), timestamp="when"
            )
        )
        assert len(many.to_json()) < 1.1 * len(few.to_json())


@pytest.mark.parametrize("seed", range(6))
def test_levels_agree_with_the_policys_severity(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(300, 4000))
    frame = pd.DataFrame(
        {
            **{f"x{i}": rng.normal(size=rows) for i in range(6)},
            **{f"c{i}": rng.choice(list("abcdef"), rows) for i in range(6)},
            "gone": rng.normal(size=rows),
        }
    )
    current = frame.drop(columns="gone")
    for i in range(6):
        current[f"x{i}"] += i * rng.uniform(0, 0.3)
        current[f"x{i}"] = current[f"x{i}"].mask(
            rng.random(rows) < rng.choice([0, 0.01, 0.05, 0.2])
        )
        current[f"c{i}"] = current[f"c{i}"].mask(
            rng.random(rows) < rng.choice([0, 0.01, 0.05, 0.3]), "new"
        )
    policy = dl.DriftPolicy(psi_moderate=0.05, psi_major=0.2, share_moderate=0.03)
    result = dl.detect_drift(frame, current, policy=policy)
    table, _ = change_table(result)
    real = table[table["severity"] != "none"]
    assert len(real) > 4
    assert real.set_index("feature").loc["gone", "level"] == 3
    ranks = real["severity"].map(rank)
    assert (ranks == np.minimum(1 + real["level"].astype(int), 3)).all(), table


class TestPsiTrend:
    def test_lines_are_the_results_psi(self, trend):
        chart = charts.psi_trend(trend, ["wind", "origin"])
        table = trend.table.set_index(["feature", "window"])["psi"]
        for name in ("wind", "origin"):
            drawn = numbers(named(chart, name).y)
            floor = 10 ** chart.layout.yaxis.range[0]
            np.testing.assert_allclose(drawn, np.maximum(table[name], floor))

    def test_zones_follow_each_windows_size(self, trend):
        chart = charts.psi_trend(trend, ["wind"])
        rows = trend.table[trend.table["feature"] == "wind"]
        chance, moderate, major = (named(chart, zone) for zone in ("chance", "moderate", "major"))
        np.testing.assert_allclose(np.add(chance.base, chance.y), rows["psi_critical"], rtol=1e-12)
        np.testing.assert_allclose(
            moderate.base, np.maximum(rows["psi_critical"], rows["psi_expected"] + 0.1)
        )
        np.testing.assert_allclose(np.add(moderate.base, moderate.y), major.base)
        # August has a third of the rows, so that chance gives more there.
        assert np.add(chance.base, chance.y)[3] > 2 * np.add(chance.base, chance.y)[0]

    def test_with_few_rows_no_zone_begins_within_chance(self, data):
        few = dl.detect_drift(data[0].head(60), data[1].head(60), timestamp="when").table.loc[
            "wind"
        ]
        assert few["psi_critical"] > few["psi_expected"] + 0.1
        trend = dl.drift_trend(data[0].head(60), data[1].head(60), window=60, timestamp="when")
        moderate = named(charts.psi_trend(trend, ["wind"]), "moderate")
        assert list(moderate.base) == pytest.approx([few["psi_critical"]])

    def test_markers_are_the_severities(self, trend):
        drawn = named(charts.psi_trend(trend, "wind"), "wind")
        rows = trend.table[trend.table["feature"] == "wind"]
        assert list(drawn.marker.symbol) == [style.SEVERITY_SYMBOLS[s] for s in rows["severity"]]
        assert list(drawn.marker.color) == [style.SEVERITY_COLORS[s] for s in rows["severity"]]

    def test_title_names_feature_and_window(self, trend):
        assert charts.psi_trend(trend).layout.title.text == (
            "PSI of wind was above its threshold in Jun 2013"
        )
        assert charts.psi_trend(trend, ["seats"]).layout.title.text == (
            "PSI of seats stayed below the threshold"
        )

    def test_a_lasting_rise_says_so(self):
        rng = np.random.default_rng(0)
        reference = pd.DataFrame({"wind": rng.normal(size=2000)})
        current = pd.DataFrame({"wind": rng.normal(size=1600) + np.repeat([0, 0, 2, 2], 400)})
        chart = charts.psi_trend(dl.drift_trend(reference, current, window=400))
        assert chart.layout.title.text == (
            "PSI of wind rose above its threshold in rows 801 to 1,200 and stayed there"
        )

    def test_unknown_feature_gets_a_sentence(self, trend):
        with pytest.raises(ParameterError, match=r"'wnd'.*Did you mean 'wind'"):
            charts.psi_trend(trend, ["wnd"])
        with pytest.raises(ParameterError, match="at most 12"):
            charts.psi_trend(trend, ["wind"] * 13)


def test_effect_sizes_are_sorted_levels(result):
    chart = charts.effect_sizes(result)
    bars = chart.data[0]
    table = change_table(result)[0].set_index("feature")
    np.testing.assert_allclose(bars.x, table.loc[list(bars.y), "level"])
    real = table["severity"] != "none"
    order = [name for name in bars.y if real[name]]
    assert table.loc[order, "level"].is_monotonic_decreasing
    words = dict(zip(bars.y, bars.text, strict=True))
    assert words["wind"].endswith(f"PSI {result.table.loc['wind', 'psi']:.2f}")
    assert words["origin"] == f"◆ {100 * result.table.loc['origin', 'unseen']:.2g} % new values"
    drifted = len(result.drifted)
    assert chart.layout.title.text.startswith(f"{drifted} of 4 features moved far enough to matter")


class TestDistribution:
    def test_histogram_shares_equal_numpys(self, data, trend):
        reference, current = data
        chart = charts.feature_distribution(trend, "wind")
        edges = trend.baseline.columns["wind"].histogram_edges
        first, second = chart.data[:2]
        np.testing.assert_allclose(
            first.y, np.histogram(reference["wind"], edges)[0] / len(reference)
        )
        np.testing.assert_allclose(
            second.y[:-1], np.histogram(current["wind"], edges)[0] / len(current)
        )
        np.testing.assert_allclose(second.x, edges)

    def test_values_outside_the_references_range_are_drawn_and_named(self, data):
        reference, current = data
        moved = current.assign(wind=current["wind"] + 10)
        chart = charts.feature_distribution(
            dl.detect_drift(reference, moved, timestamp="when"), "wind"
        )
        outside = chart.data[2]
        above = (moved["wind"] > reference["wind"].max()).mean()
        # Each bar is as high as the histogram's bins would be there; together they are the share.
        shown = [float(label.split()[0]) / 100 for _, label in outside.customdata]
        assert sum(shown) == pytest.approx(above, abs=0.005)
        assert sum(
            float(label.split()[0]) for label in filter(None, outside.text)
        ) == pytest.approx(100 * above, rel=0.02)
        bins = np.diff(chart.data[1].x)[0]
        areas = np.array(outside.y) * np.array(outside.width) / bins
        assert areas.sum() == pytest.approx(above, abs=0.005)
        # They lie where the values do.
        middle = np.average(outside.x, weights=areas)
        beyond = moved["wind"][moved["wind"] > reference["wind"].max()]
        assert middle == pytest.approx(beyond.mean(), abs=0.3)
        assert chart.layout.title.text == (
            f"{100 * above:.2g} % of wind lies above the reference's range now"
        )

    def test_what_is_far_outside_has_a_place_of_its_own(self, data):
        reference, current = data
        moved = current.assign(wind=current["wind"].where(np.arange(len(current)) % 4 > 0, -999.0))
        chart = charts.feature_distribution(
            dl.detect_drift(reference, moved, timestamp="when"), "wind"
        )
        outside = chart.data[2]
        assert outside.y[0] == pytest.approx(0.25, abs=0.002)
        assert outside.customdata[0][0] == chart.layout.xaxis.ticktext[-1] == "-999"
        assert chart.layout.xaxis.tickvals[-1] == outside.x[0]
        low, high = chart.layout.xaxis.range
        wind = reference["wind"]
        # The picture of the reference keeps most of the room.
        assert low < outside.x[0] < wind.min()
        assert high - low < 2 * (wind.max() - wind.min())
        assert chart.layout.meta["table"]["rows"][0][0] == "-999"

    def test_a_window_has_its_own_counts_and_name(self, data, trend):
        chart = charts.feature_distribution(trend, "origin", window=2)
        july = data[1][data[1]["when"].dt.month == 7]
        current = chart.data[1]
        shares = july["origin"].value_counts(normalize=True)
        drawn = dict(zip(chart.layout.yaxis.ticktext, current.x, strict=True))
        assert drawn["EWR"] == pytest.approx(shares["EWR"])
        assert drawn["new values"] == pytest.approx(shares["SWF"])
        assert current.name == f"Jul 2013 ({len(july)} rows)"
        assert chart.layout.title.text == (
            "origin: 20 % of values in Jul 2013 are new values, 0 % in the reference"
        )

    def test_shares_are_of_the_values_that_are_there(self, data, trend):
        august = data[1][data[1]["when"].dt.month == 8]["temp"]
        chart = charts.feature_distribution(trend, "temp", window=3)
        edges = trend.baseline.columns["temp"].histogram_edges
        expected = np.histogram(august.dropna(), edges)[0] / august.notna().sum()
        np.testing.assert_allclose(chart.data[1].y[:-1], expected)
        assert "Missing: 25 % now, 0 % in the reference" in chart.layout.meta["caption"]

    def test_few_values_are_drawn_one_by_one(self, data, result):
        chart = charts.feature_distribution(result, "seats")
        assert list(chart.layout.xaxis.ticktext) == ["50", "120", "180"]
        for trace, frame in zip(chart.data, data, strict=True):
            shares = frame["seats"].value_counts(normalize=True).sort_index()
            np.testing.assert_allclose(trace.y, shares)

    def test_a_skewed_feature_is_drawn_in_tenths(self):
        rng = np.random.default_rng(0)
        reference = pd.DataFrame({"amount": np.exp(rng.normal(3, 2, 5000))})
        result = dl.detect_drift(reference, reference * 3)
        chart = charts.feature_distribution(result, "amount")
        np.testing.assert_allclose(chart.data[0].y, 0.1)
        counts = np.diff(
            [0, *((reference["amount"] * 3).to_numpy()[:, None]
                  <= result.baseline.columns["amount"].psi_edges).sum(0), 5000]
        )  # fmt: skip
        np.testing.assert_allclose(chart.data[1].y, counts / 5000)

    def test_many_levels_are_capped(self):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"code": rng.choice([f"c{i}" for i in range(200)], 5000)})
        chart = charts.feature_distribution(dl.detect_drift(frame, frame), "code")
        assert len(chart.data[0].x) == 16
        assert sum(chart.data[0].x) == pytest.approx(1)
        assert chart.layout.yaxis.ticktext[-1] == "185 other values"

    def test_unknown_names_get_a_sentence(self, trend, result):
        with pytest.raises(ParameterError, match="Did you mean 'wind'"):
            charts.feature_distribution(result, "wnd")
        with pytest.raises(ParameterError, match="windows 0 to 3"):
            charts.feature_distribution(trend, "wind", window=9)


class TestSmallMultiples:
    def test_quantiles_are_those_of_each_window(self, data, trend):
        chart = charts.feature_small_multiples(trend, ["wind"])
        groups = data[1].groupby(data[1]["when"].dt.month)["wind"]
        medians = numbers(chart.data[2].y)
        step = np.diff(trend.baseline.columns["wind"].grid)
        np.testing.assert_allclose(medians, groups.median(), atol=2 * np.quantile(step, 0.9))
        inner = numbers(chart.data[1].y).reshape(-1, 3)
        np.testing.assert_allclose(inner[:, 0], groups.quantile(0.25), atol=0.3)
        np.testing.assert_allclose(inner[:, 1], groups.quantile(0.75), atol=0.3)
        lines = [s for s in chart.layout.shapes if s.type == "line"]
        assert lines[0].y0 == pytest.approx(data[0]["wind"].median(), abs=0.05)
        assert chart.layout.title.text.startswith("wind moved furthest: median ")
        assert " in Jun 2013, " in chart.layout.title.text

    @pytest.mark.parametrize(("away", "words", "end"), [(100, "beyond ", 1), (-100, "below ", 0)])
    def test_quantiles_outside_the_references_range_are_not_invented(self, away, words, end):
        rng = np.random.default_rng(0)
        reference = pd.DataFrame({"x": rng.normal(100, 5, 3000)})
        current = pd.DataFrame({"x": rng.normal(100 + away, 2, 1000)})
        ends = reference["x"].min(), reference["x"].max()
        trend = dl.drift_trend(reference, current, window=1000)
        chart = charts.feature_small_multiples(trend)
        said = f"{words}{ends[end]:.4g}"
        (median,) = numbers(chart.data[2].y)
        assert median == ends[end]
        assert f"median {said} in the current data, 99" in chart.layout.title.text
        assert said in chart.data[2].text[0]
        assert said in str(chart.layout.meta["table"])

    @pytest.mark.parametrize(
        ("now", "move"),
        [([0] * 70 + [4] * 30, "75 % quantile 4 "), ([0] * 100, "95 % quantile 0 "),
         ([0] * 90 + [4] * 10, "median 0 "), ([4] * 100, "median 4 ")],
    )  # fmt: skip
    def test_a_quantile_that_moved_is_named_where_the_median_did_not(self, now, move):
        reference = pd.DataFrame({"x": [0.0] * 90 + [4.0] * 10})
        current = pd.DataFrame({"x": np.array(now, float)})
        chart = charts.feature_small_multiples(dl.drift_trend(reference, current, window=100))
        assert chart.layout.title.text.startswith(f"x moved furthest: {move}")

    def test_categories_show_the_shares_that_moved_furthest(self, data, trend):
        chart = charts.feature_small_multiples(trend, ["origin"])
        july = data[1][data[1]["when"].dt.month == 7]["origin"]
        new = chart.data[0]
        assert numbers(new.y)[2] == pytest.approx((july == "SWF").mean())
        assert "new values" in new.text[2]
        assert len(chart.data) == 3
        assert chart.layout.title.text == (
            "origin moved furthest: new values 20 % in Jul 2013, 0 % in the reference"
        )

    def test_the_most_drifted_features_are_chosen(self, trend):
        chart = charts.feature_small_multiples(trend)
        heads = [note.text for note in chart.layout.annotations]
        assert "wind" in heads[0] or "origin" in heads[0]
        assert len(heads) == 4


class TestMetricTrend:
    def test_lines_and_bands_are_the_results_values(self, perf):
        chart = charts.metric_trend(perf)
        for name, title in (("accuracy", "Accuracy"), ("roc_auc", "ROC AUC")):
            rows = perf.table[perf.table["metric"] == name]
            line = named(chart, title)
            np.testing.assert_allclose(numbers(line.y), rows["value"])
            band = next(
                trace for trace in chart.data if trace.type == "bar" and trace.yaxis == line.yaxis
            )
            np.testing.assert_allclose(band.base, rows["lower"])
            np.testing.assert_allclose(np.add(band.base, band.y), rows["upper"])

    def test_threshold_and_reference_lie_where_the_table_says(self, perf):
        chart = charts.metric_trend(perf, ["accuracy"])
        heights = [shape.y0 for shape in chart.layout.shapes if shape.type == "line"]
        own = perf.reference.set_index("metric")["value"]
        assert heights == pytest.approx([0.7, own["accuracy"]])
        assert len(charts.metric_trend(perf, ["accuracy"], reference=False).layout.shapes) == 1

    def test_what_is_worse_is_marked_and_in_the_title(self, perf):
        chart = charts.metric_trend(perf, ["roc_auc"])
        rows = perf.table[perf.table["metric"] == "roc_auc"]
        assert rows["degraded"].tolist() == [False, False, False, True]
        assert list(named(chart, "ROC AUC").marker.symbol) == [*["circle"] * 3, "triangle-down"]
        assert chart.layout.title.text == (
            f"ROC AUC was below its threshold beyond noise in rows 1,201 to 1,600 "
            f"({rows['value'].iloc[-1]:.2f})"
        )

    def test_a_loss_is_worse_above(self, perf):
        # Thresholds were given for other metrics: this one is not judged.
        values = perf.table.loc[perf.table["metric"] == "brier", "value"]
        assert charts.metric_trend(perf, ["brier"]).layout.title.text == (
            f"Brier score {values.min():.2f} to {values.max():.2f}"
        )
        above = dl.track_performance(
            pd.DataFrame({"y_true": [0, 1] * 50, "y_pred": [0, 1] * 50, "y_proba": 0.5}),
            metrics=["brier"],
            thresholds={"brier": 0.1},
        )
        assert charts.metric_trend(above).layout.title.text == (
            "Brier score was above its threshold beyond noise in the current data (0.25)"
        )

    def test_hundreds_of_windows_are_thinned_and_the_last_is_kept(self, predictions):
        perf = dl.track_performance(predictions, window=200, step=2, metrics=["accuracy"])
        chart = charts.metric_trend(perf)
        drawn = named(chart, "Accuracy")
        assert len(perf.table) == 701
        assert len(drawn.x) == 234
        assert drawn.x[-1] == "1,401 to 1,600"
        np.testing.assert_allclose(numbers(drawn.y), perf.table["value"][1::3])
        assert "234 of 701 windows" in chart.layout.meta["caption"]
        assert len(chart.to_json()) < 100_000

    def test_segments_are_lines(self, segmented):
        chart = charts.metric_trend(segmented)
        rows = segmented.table.set_index(["shop", "window"])["value"]
        for shop in ("north", "south"):
            np.testing.assert_allclose(numbers(named(chart, shop).y), rows[shop])
        assert "segments and windows" in chart.layout.title.text

    def test_unknown_metric_gets_a_sentence(self, perf):
        with pytest.raises(ParameterError, match="no metric 'auc'"):
            charts.metric_trend(perf, ["auc"])

    def test_nothing_to_judge_shows_the_span(self, predictions):
        chart = charts.metric_trend(dl.track_performance(predictions, metrics=["accuracy"]))
        value = (predictions["y_true"] == predictions["y_pred"]).mean()
        assert chart.layout.title.text == f"Accuracy {value:.2f}"


class TestRealisedAgainstEstimated:
    def test_both_lines_are_the_results_values(self, perf, estimate):
        chart = charts.realised_against_estimated(perf, estimate, "accuracy")
        for name, result in (("realised", perf), ("estimated", estimate)):
            rows = result.table[result.table["metric"] == "accuracy"]
            np.testing.assert_allclose(numbers(named(chart, name).y), rows["value"])

    def test_title_counts_the_windows_outside(self, perf, estimate):
        chart = charts.realised_against_estimated(perf, estimate, "accuracy")
        real = perf.table[perf.table["metric"] == "accuracy"]["value"].to_numpy()
        rows = estimate.table
        outside = (real < rows["lower"]) | (real > rows["upper"])
        assert outside.tolist()[-1]
        assert chart.layout.title.text == (
            f"Realised accuracy lies outside its estimate in {outside.sum()} of 4 windows: "
            f"{real[-1]:.2f} against {rows['value'].iloc[-1]:.2f} in rows 1,201 to 1,600"
        )
        assert "relation between inputs and labels" in chart.layout.meta["caption"]

    def test_segments_or_an_absent_metric_get_a_sentence(self, perf, estimate, segmented):
        with pytest.raises(ParameterError, match="has segments"):
            charts.realised_against_estimated(segmented, estimate, "accuracy")
        with pytest.raises(ParameterError, match="estimated result has no metric 'brier'"):
            charts.realised_against_estimated(perf, estimate, "brier")


class TestSegmentBars:
    def test_the_worst_segment_is_on_top_with_its_interval(self, segmented):
        chart = charts.segment_bars(segmented, "accuracy")
        rows = segmented.table[segmented.table["window"] == 1].sort_values("value")
        dots = named(chart, "second half")
        assert list(dots.y) == rows["shop"].tolist()
        np.testing.assert_allclose(dots.x, rows["value"])
        np.testing.assert_allclose(dots.error_x.array, rows["upper"] - rows["value"])
        np.testing.assert_allclose(dots.error_x.arrayminus, rows["value"] - rows["lower"])
        own = segmented.reference.set_index("shop")["value"]
        np.testing.assert_allclose(named(chart, "reference").x, own[rows["shop"]])
        assert chart.layout.title.text.startswith(
            f"Accuracy is lowest for shop {rows['shop'].iloc[0]} in second half"
        )

    def test_bad_arguments_get_a_sentence(self, perf, segmented):
        with pytest.raises(ParameterError, match="no segments"):
            charts.segment_bars(perf, "accuracy")
        with pytest.raises(ParameterError, match="no metric 'f1'"):
            charts.segment_bars(segmented, "f1")
        with pytest.raises(ParameterError, match="windows 0 to 1"):
            charts.segment_bars(segmented, "accuracy", window=5)


class TestCurves:
    def test_roc_and_precision_recall_are_the_tables_points(self, predictions):
        table = score_curves(predictions.tail(400), predictions.head(1200))
        areas = table.groupby("period")[["roc_auc", "average_precision"]].first()
        roc, pr = charts.roc_curves(table), charts.precision_recall_curves(table)
        for place, period in enumerate(("reference", "current")):
            rows = table[table["period"] == period]
            np.testing.assert_allclose(roc.data[place].x, [0, *rows["false_positive_rate"]])
            np.testing.assert_allclose(roc.data[place].y, [0, *rows["recall"]])
            np.testing.assert_allclose(pr.data[place].x, rows["recall"])
            np.testing.assert_allclose(pr.data[place].y, rows["precision"])
        old, new = areas.loc[["reference", "current"], "roc_auc"]
        assert roc.layout.title.text == f"ROC AUC fell from {old:.2f} to {new:.2f}"

    def test_confusion_shows_shares_of_each_label(self, predictions):
        table = confusion_counts(predictions.tail(400), predictions.head(1200))
        chart = charts.confusion_matrix(table)
        for trace in chart.data:
            rows = table[table["period"] == trace.name]
            np.testing.assert_allclose(np.ravel(trace.z), rows["share"])
            assert trace.text[0][1].endswith(f"<br>{rows['n'].iloc[1]:,}")
        right = table[table["label"] == table["predicted"]].pivot_table(
            index="label", columns="period", values="share"
        )
        label = (right["current"] - right["reference"]).abs().idxmax()
        assert chart.layout.title.text.startswith(f"Of the rows labelled {label}, ")

    def test_reliability_is_the_tables_points(self, predictions):
        rows = predictions.head(1200)
        table = reliability(
            rows["y_proba"].to_numpy(),
            rows["y_pred"].to_numpy(),
            rows["y_true"].to_numpy(),
            ("0", "1"),
        )
        chart = charts.reliability_curve(table)
        for stage in ("before", "after"):
            drawn, part = named(chart, f"{stage} calibration"), table[table["calibration"] == stage]
            np.testing.assert_allclose(drawn.x, part["predicted"])
            np.testing.assert_allclose(drawn.y, part["observed"])
            np.testing.assert_allclose(drawn.error_y.array, part["upper"] - part["observed"])
        after = table[table["calibration"] == "after"]
        worst = (after["observed"] - after["predicted"]).abs().max()
        assert f"within {100 * worst:.2g} points" in chart.layout.title.text


def hostile_results() -> SimpleNamespace:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            HOSTILE: rng.normal(size=400),
            f"category {HOSTILE}": rng.choice([HOSTILE, "b"], 400),
            "group": np.repeat([HOSTILE, "q"], 200),
        }
    )
    moved = frame.assign(**{HOSTILE: frame[HOSTILE] + 1})
    moved.loc[::4, f"category {HOSTILE}"] = f"new {HOSTILE}"
    labels = np.where(rng.random(400) < 0.5, HOSTILE, "fine")
    scores = pd.DataFrame(
        {
            "y_true": labels,
            "y_pred": rng.permutation(labels),
            "y_proba": rng.uniform(size=400),
            HOSTILE: frame["group"],
        }
    )
    keys = {"positive": HOSTILE}
    return SimpleNamespace(
        drift=dl.detect_drift(frame.drop(columns="group"), moved),
        trend=dl.drift_trend(frame, moved, window="group"),
        perf=dl.track_performance(scores, window=HOSTILE, reference=scores, metrics=["f1"], **keys),
        estimate=dl.estimate_performance(scores, scores, window=HOSTILE, metrics=["f1"], **keys),
        segments=dl.track_performance(scores, by=HOSTILE, reference=scores, **keys),
        curves=score_curves(scores, scores, **keys),
        confusion=confusion_counts(scores, scores, **keys),
    )


CHARTS = {
    "drift_heatmap": lambda r: charts.drift_heatmap(r.trend),
    "drift_heatmap of a result": lambda r: charts.drift_heatmap(r.drift),
    "psi_trend": lambda r: charts.psi_trend(r.trend),
    "effect_sizes": lambda r: charts.effect_sizes(r.drift),
    "feature_distribution of numbers": lambda r: charts.feature_distribution(r.trend, HOSTILE, 0),
    "feature_distribution of categories": lambda r: charts.feature_distribution(
        r.drift, f"category {HOSTILE}"
    ),
    "feature_small_multiples": lambda r: charts.feature_small_multiples(r.trend),
    "metric_trend": lambda r: charts.metric_trend(r.perf),
    "metric_trend of segments": lambda r: charts.metric_trend(r.segments),
    "realised_against_estimated": lambda r: charts.realised_against_estimated(
        r.perf, r.estimate, "f1"
    ),
    "segment_bars": lambda r: charts.segment_bars(r.segments, "f1"),
    "reliability_curve": lambda r: charts.reliability_curve(r.estimate.reliability),
    "roc_curves": lambda r: charts.roc_curves(r.curves),
    "precision_recall_curves": lambda r: charts.precision_recall_curves(r.curves),
    "confusion_matrix": lambda r: charts.confusion_matrix(r.confusion),
}
# These show no name of a column or category.
NAMELESS = {"reliability_curve", "roc_curves", "precision_recall_curves"}


@pytest.fixture(scope="module")
def hostile():
    return hostile_results()


def drawn_texts(chart) -> list[str]:
    """Every text that plotly sets as markup: titles, ticks, names, labels, what hovering says."""
    layout = chart.to_plotly_json()["layout"]
    texts = [layout["title"]["text"], *(note["text"] for note in layout.get("annotations", ()))]
    for name, part in layout.items():
        if name.startswith(("xaxis", "yaxis")):
            texts += [*part.get("ticktext", ()), (part.get("title") or {}).get("text") or ""]
    for trace in chart.to_plotly_json()["data"]:
        for key in ("name", "text", "hovertext", "hovertemplate", "customdata"):
            texts += np.ravel(np.array(trace.get(key, ""), dtype=object)).tolist()
    for trace in chart.data:
        # Categories without texts of their own are drawn as they are.
        for letter in "xy":
            axis = layout[f"{letter}axis{(getattr(trace, f'{letter}axis') or letter)[1:]}"]
            if axis.get("ticktext") is None and getattr(trace, letter) is not None:
                texts += [value for value in getattr(trace, letter) if isinstance(value, str)]
    return [str(text) for text in texts]


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_is_complete_small_and_harmless(name, hostile):
    chart = CHARTS[name](hostile)
    meta = chart.layout.meta
    assert meta.keys() >= {"caption", "alt", "table"}
    assert len(meta["caption"]) > 20
    assert len(meta["alt"]) > 10
    assert meta["table"]["rows"]
    assert len(meta["table"]["rows"]) <= style.MOST_ROWS
    json.dumps(meta, allow_nan=False)
    assert len(chart.to_json()) < 150_000
    title = chart.layout.title.text
    assert 5 < len(title) < 200
    texts = drawn_texts(chart)
    assert any("&lt;" in text for text in texts) or name in NAMELESS
    for text in [*texts, *drawn_texts(narrowed(chart))]:
        assert "<script" not in text
        assert "<b>x" not in text
        assert "%{y}" not in text.replace("%{y}%", "").replace("{%{y}", "")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1100, 400])
def test_every_chart_draws_without_a_fault_and_shows_names_as_text(page, tmp_path, hostile, width):
    figures = [json.loads(make(hostile).to_json()) for make in CHARTS.values()]
    body = "".join(pages.chart(figure, f"chart-{place}") for place, figure in enumerate(figures))
    path = write_whole(
        tmp_path / "charts.html",
        pages.document("Charts", f"<main><h1>All</h1>{body}</main>", charts=True),
    )
    page.set_viewport_size({"width": width, "height": 800})
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-charts=drawn]", timeout=60_000)
    drawn = page.locator(".plot").filter(has=page.locator(".main-svg")).count()
    assert drawn == len(CHARTS)
    ticks = page.locator("#chart-0 .ytick text").all_text_contents()
    # On a phone long names are shortened.
    name = "<b>x</b><script>" if width > 640 else "<b>x</b>"
    assert any(name in tick for tick in ticks)
    assert page.locator(".plot script").count() == 0


def empty_results() -> SimpleNamespace:
    """Columns that nothing can be said of, windows without rows, rows without labels."""
    times = pd.DataFrame({"t": pd.date_range("2020", periods=40), "u": pd.Timestamp("2020")})
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "when": pd.date_range("2020-01-01", periods=300, freq="6h"),
            "x": rng.normal(size=300),
            "gone": rng.normal(size=300),
            "constant": 1.0,
        }
    )
    late = frame.assign(when=frame["when"] + pd.Timedelta(days=200), x=np.nan).drop(columns="gone")
    current = pd.concat([frame.head(20).drop(columns="gone"), late])
    scores = pd.DataFrame({"y_true": np.nan, "y_pred": [0, 1] * 10, "y_proba": 0.5})
    scores.loc[:3, "y_true"] = [0, 1, 0, 1]
    return SimpleNamespace(
        nothing=dl.detect_drift(times, times),
        nothing_trend=dl.drift_trend(times, times, window=20),
        gaps=dl.drift_trend(frame, current, on="when", window="MS", timestamp="when"),
        one=dl.drift_trend(frame, frame, timestamp="when"),
        tiny=dl.drift_trend(frame.head(2), frame.head(2), window=1, timestamp="when"),
        few=dl.track_performance(scores, window=10),
        single=dl.track_performance(scores.head(1)),
    )


@pytest.fixture(scope="module")
def empty():
    return empty_results()


@pytest.mark.parametrize("trend", ["nothing_trend", "gaps", "one", "tiny"])
@pytest.mark.parametrize("make", ["drift_heatmap", "psi_trend", "feature_small_multiples"])
def test_nothing_to_draw_is_no_error(make, trend, empty):
    chart = getattr(charts, make)(getattr(empty, trend))
    assert chart.layout.title.text
    json.dumps(chart.layout.meta, allow_nan=False)


def test_empty_results_say_so(empty):
    assert charts.psi_trend(empty.nothing_trend).layout.title.text == "No feature to compare"
    assert charts.effect_sizes(empty.nothing).layout.meta["table"]["rows"] == []
    assert charts.feature_distribution(empty.gaps, "gone").layout.title.text == (
        "gone has no values now"
    )
    drawn = named(charts.metric_trend(empty.few, ["accuracy"]), "Accuracy")
    assert drawn.y[1] is None
    assert charts.metric_trend(empty.single).layout.title.text
    table = pd.DataFrame(columns=["period", "label", "threshold", "false_positive_rate", "recall",
                                  "precision", "n", "roc_auc", "average_precision"])  # fmt: skip
    assert charts.roc_curves(table).layout.title.text.startswith("No period has")


def test_a_window_without_rows_is_an_empty_column(empty):
    chart = charts.drift_heatmap(empty.gaps)
    place = list(chart.data[0].x).index("May 2020")
    for trace in chart.data[:3]:
        assert all(row[place] is None or np.isnan(row[place]) for row in trace.z)


def test_windows_are_named_as_a_reader_would():
    def labels(starts, ends):
        table = pd.DataFrame({"window": range(len(starts)), "start": starts, "end": ends})
        return window_labels(table)

    quarters = pd.date_range("2013-01-01", periods=3, freq="QS")
    assert list(labels(quarters[:2], quarters[1:]).labels.values()) == ["Q1 2013", "Q2 2013"]
    weeks = pd.date_range("2013-04-01", periods=3, freq="7D")
    found = labels(weeks[:2], weeks[1:])
    assert (found.unit, found.place(1)) == ("week", "in the week of 8 Apr 2013")
    hours = pd.date_range("2013-04-01 05:00", periods=3, freq="h")
    assert labels(hours[:2], hours[1:]).place(0) == "at 1 Apr 2013 05:00"
    # Two windows of one name would be drawn as one.
    names = ["n" * 50 + "x" + "n" * 50, "n" * 50 + "y" + "n" * 50]
    assert len(set(labels(names, names).labels.values())) == 2


@pytest.mark.parametrize(
    ("positive", "actual", "title"),
    [
        (
            "1",
            [0.1, 0.25],
            "Between 10 % and 25 % were 1; 20 % were predicted to be",
        ),
        ("1", [np.nan] * 2, "20 % were predicted to be 1; there are no labels"),
        (
            None,
            [1.5, 3.0],
            "Labels averaged between 1.5 and 3.0; predictions averaged 0.20",
        ),
        (None, [np.nan] * 2, "predictions averaged 0.20"),
    ],
)
def test_base_rates_are_said_once(positive, actual, title):
    table = pd.DataFrame({"window": [0, 1], "start": [0, 5], "end": [5, 9], "n": [5, 4]})
    table = table.assign(n_labelled=table["n"], actual=actual, predicted=0.2, expected=np.nan)
    rates = BaseRates(table, None, positive)
    assert rates.headline.startswith(title)
    assert charts.outcome_rates_trend(rates).layout.title.text == rates.headline


def test_groups_are_drawn_window_by_window():
    rng = np.random.default_rng(11)
    before, now = (
        pd.DataFrame(
            {"x": rng.normal(size=1200), "z": rng.normal(size=1200), "g": list("uv") * 600}
        )
        for _ in range(2)
    )
    late = (now.index >= 600) & (now["g"] == "v")
    now.loc[late, "z"] += 2
    trend = dl.drift_trend(before, now, window=300, by="g")
    chart = charts.drift_heatmap(trend)
    assert chart.layout.title.text == "v drifted in rows 301 to 600"
    one = charts.drift_heatmap(dl.drift_trend(before, now, window=600, by="g"))
    assert one.layout.title.text == "A feature drifted in 1 of 2 groups of g: v"
    table = chart.layout.meta["table"]
    cells = {row[0]: row[1:] for row in table["rows"]}
    assert cells["v"][1].startswith("▲")
    assert not any(cell.startswith(("▲", "◆")) for cell in (*cells["u"], cells["v"][0]))
    hovers = [text for trace in chart.data if trace.hovertext is not None
              for row in trace.hovertext for text in row if "z: shifted up" in text]  # fmt: skip
    assert len(hovers) == 1
    assert "Each cell is of the feature that moved furthest" in chart.layout.meta["caption"]


@pytest.mark.browser
def test_on_a_phone_panels_lie_below_one_another_and_wide_tables_are_cards(page, tmp_path):
    rng = np.random.default_rng(12)
    frame = pd.DataFrame({"y_true": np.arange(600) % 2, "y_proba": rng.random(600)})
    frame["y_pred"] = (frame["y_proba"] > 0.5).astype(int)
    chart = charts.metric_trend(dl.track_performance(frame, window=100, reference=frame))
    heads = [f"head {n}" for n in range(8)]
    wide = write_boxed_table(heads, [["x" * 20] * 8], label="wide")
    body = f"<main><h1>All</h1>{pages.chart(json.loads(chart.to_json()), 'chart-0')}{wide}</main>"
    path = write_whole(tmp_path / "phone.html", pages.document("All", body, charts=True))
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-charts=drawn]", timeout=60_000)
    domains = page.evaluate(
        """() => Object.entries(document.querySelector("#chart-0 .plot").layout)
            .filter(([key]) => /^[xy]axis/.test(key))
            .map(([key, axis]) => [key[0], ...axis.domain])"""
    )
    assert {tuple(ends) for letter, *ends in domains if letter == "x"} == {(0, 1)}
    rows = sorted(ends for letter, *ends in domains if letter == "y")
    assert len(rows) > 2
    assert all(low[1] < high[0] for low, high in itertools.pairwise(rows))
    assert page.locator("table.carded td").last.get_attribute("data-label") == "head 7"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
