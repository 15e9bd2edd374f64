"""Base rates: shares and means by window, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftlib.errors import DataError, ParameterError
from driftlib.performance.base_rates import outcome_rates


def test_shares_are_those_of_the_rows_that_have_a_value():
    frame = pd.DataFrame(
        {
            "y_true": ["no", "yes", None, "yes", "no", "no"],
            "y_pred": ["no", "no", "yes", "yes", None, "yes"],
            "y_proba": [0.1, 0.4, 0.7, np.nan, 0.2, 0.6],
        }
    )
    rates = outcome_rates(frame, frame, window=3)
    assert rates.positive == "yes"
    assert rates.table[["n", "n_labelled"]].to_numpy().tolist() == [[3, 2], [3, 3]]
    numbers = rates.table[["actual", "predicted", "expected"]]
    assert numbers.to_numpy() == pytest.approx(
        np.array([[1 / 2, 1 / 3, 1.2 / 3], [1 / 3, 1.0, 0.8 / 2]])
    )
    assert rates.reference is not None
    assert rates.reference["actual"].tolist() == pytest.approx([2 / 5])


def test_a_huge_label_costs_other_windows_no_precision():
    y = [1e17, 2.0, 0.25, 0.5, -1e17, 3.0]
    rates = outcome_rates(pd.DataFrame({"y_true": y, "y_pred": y}), window=2)
    assert rates.table["actual"].tolist() == [5e16, 0.375, -5e16]
    assert rates.table["predicted"].tolist() == [5e16, 0.375, -5e16]


def test_windows_may_overlap_and_follow_the_timestamp():
    frame = pd.DataFrame(
        {
            "y_true": [0, 1, 1, 0, 1],
            "y_pred": [1, 1, 1, 1, 0],
            "at": pd.to_datetime(["2020-05", "2020-01", "2020-04", "2020-02", "2020-03"]),
        }
    )
    sliding = outcome_rates(frame, window=3, step=1, timestamp="at").table
    assert sliding["actual"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    assert sliding["predicted"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3])
    months = outcome_rates(frame, window="MS", timestamp="at").table
    assert months["actual"].tolist() == [1.0, 0.0, 1.0, 1.0, 0.0]
    assert outcome_rates(frame, timestamp="at").table["n"].tolist() == [5]
    assert outcome_rates(frame, window="y_pred").table["actual"].tolist() == [1.0, 0.5]


def test_without_labels_there_are_still_predictions():
    rates = outcome_rates(pd.DataFrame({"y_pred": [0, 1, 1, 1], "y_proba": [0.2, 0.6, 0.7, 0.9]}))
    assert rates.table["n_labelled"].tolist() == [0]
    assert np.isnan(rates.table["actual"][0])
    assert rates.table["predicted"].tolist() == [0.75]
    assert rates.table["expected"].tolist() == pytest.approx([0.6])
    assert rates.headline == ("75 % were predicted to be 1; there are no labels")
    numbers = outcome_rates(pd.DataFrame({"y_pred": [0.5, 1.5, 4.0]}))
    assert numbers.positive is None
    assert numbers.table["predicted"].tolist() == [2.0]
    words = outcome_rates(pd.DataFrame({"y_pred": ["late", "on time", "late"]}))
    assert words.table["predicted"].tolist() == pytest.approx([1 / 3])


def test_what_cannot_be_used_gets_a_sentence():
    frame = pd.DataFrame({"y_true": ["a", "b", "c"], "y_pred": ["a", "b", "c"]})
    with pytest.raises(DataError, match="there are 3 classes"):
        outcome_rates(frame)
    with pytest.raises(ParameterError, match="'rows': pass a number of rows as window="):
        outcome_rates(frame, rows=2)
    with pytest.raises(ParameterError, match="Did you mean 'window'"):
        outcome_rates(frame, windows=2)
