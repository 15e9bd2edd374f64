"""Errors of predicted numbers: bias, spread, and where they lie; as numpy computes them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib import visualization as charts
from driftlib.errors import DataError


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(0)
    day = pd.date_range("2024-01-01", periods=120, freq="D")
    truth = rng.normal(300_000, 50_000, 120)
    frame = pd.DataFrame({"day": day, "y_true": truth, "y_pred": truth + rng.normal(0, 900, 120)})
    now = frame.assign(y_pred=frame["y_pred"] - np.where(day >= "2024-03-01", 28_431.0, 0))
    now.loc[3, "y_true"] = np.nan
    return frame, now


def test_bias_and_quantiles_are_those_of_the_labelled_rows(sides):
    reference, current = sides
    errors = dl.prediction_errors(current, reference, window="MS", on="day")
    apart = current["y_pred"] - current["y_true"]
    for (_, rows), row in zip(
        apart.groupby(current["day"].dt.month), errors.table.itertuples(), strict=True
    ):
        assert (row.n, row.n_labelled) == (len(rows), rows.notna().sum())
        assert row.bias == pytest.approx(rows.mean())
        quantiles = [row.q05, row.q25, row.median, row.q75, row.q95]
        assert quantiles == pytest.approx(rows.quantile([0.05, 0.25, 0.5, 0.75, 0.95]).tolist())
    groups = errors.groups
    assert groups.groupby("period")["n"].sum().to_dict() == {"reference": 120, "current": 119}
    now = groups[groups["period"] == "current"]
    total = (now["n"] * (now["predicted"] - now["actual"])).sum()
    assert total == pytest.approx(apart.sum())


def test_charts_say_where_predictions_were_furthest_off(sides):
    reference, current = sides
    errors = dl.prediction_errors(current, reference, window="MS", on="day")
    worst = errors.table.set_index("start")["bias"].abs().idxmax()
    assert worst >= pd.Timestamp("2024-03-01")
    title = charts.error_bands(errors).layout.title.text
    assert title.startswith("Predictions were 28,")
    assert f"00 too low on average in {worst:%b %Y}, " in title
    assert title.endswith(" in the reference")
    figure = charts.predicted_against_actual(errors)
    assert figure.layout.title.text.startswith("Where ")
    drawn = {trace.name: trace for trace in figure.data if trace.name}
    assert list(drawn) == ["reference", "current"]
    assert figure.layout.meta["table"]["rows"]


def test_what_has_no_errors_gets_a_sentence(sides):
    classes = pd.DataFrame({"y_true": [0, 1] * 9, "y_pred": [0, 1, 1] * 6})
    with pytest.raises(DataError, match="predicts classes"):
        dl.prediction_errors(classes)
    with pytest.raises(DataError, match="y_true"):
        dl.prediction_errors(sides[1].drop(columns="y_true"))
