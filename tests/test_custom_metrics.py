"""Metrics on request and of a user's own: each against scikit-learn or a direct computation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

import driftlib as dl
from driftlib.errors import ParameterError

CLASSES = np.array(["cat", "dog", "owl"])
COST = [[0.0, 10.0], [100.0, -5.0]]


def two(rng, rows: int, share: float = 0.3) -> pd.DataFrame:
    y = (rng.random(rows) < share).astype(int)
    score = np.clip(rng.normal(0.3 + 0.3 * y, 0.2, rows), 0.01, 0.99)
    return pd.DataFrame({"y_true": y, "y_pred": (score > 0.45).astype(int), "y_proba": score})


def three(rng, rows: int) -> pd.DataFrame:
    y = rng.choice(3, rows, p=[0.5, 0.3, 0.2])
    pred = np.where(rng.random(rows) < 0.7, y, rng.choice(3, rows))
    return pd.DataFrame({"y_true": CLASSES[y], "y_pred": CLASSES[pred]})


def test_agreement_is_that_of_scikit_learn(rng):
    for frame in (two(rng, 500), three(rng, 500)):
        y, pred = frame["y_true"], frame["y_pred"]
        found = dl.track_performance(frame, metrics=["mcc", "kappa", "weighted_f1"]).table
        expected = [
            sk.matthews_corrcoef(y, pred),
            sk.cohen_kappa_score(y, pred),
            sk.f1_score(y, pred, average="weighted"),
        ]
        assert found["value"].tolist() == pytest.approx(expected)
        assert (found["lower"] < found["value"]).all()
        assert (found["value"] < found["upper"]).all()


def test_precision_and_recall_of_a_class(rng):
    frame = three(rng, 500)
    found = dl.track_performance(frame, metrics=["precision:owl", "recall:cat"]).table
    y, pred = frame["y_true"], frame["y_pred"]
    assert found["value"].tolist() == pytest.approx(
        [
            sk.precision_score(y, pred, labels=["owl"], average=None)[0],
            sk.recall_score(y, pred, labels=["cat"], average=None)[0],
        ]
    )
    with pytest.raises(ParameterError, match="'cow' is none of the labels"):
        dl.track_performance(frame, metrics=["recall:cow"])


def test_costs_are_told_a_row_and_in_all(rng):
    frame = two(rng, 400)
    cost = np.array(COST)[frame["y_true"], frame["y_pred"]]
    found = dl.track_performance(frame, metrics=["accuracy", dl.Cost(COST)]).table.iloc[1]
    assert found["value"] == pytest.approx(cost.mean())
    assert f"in all {round(cost.sum()):,} (" in found["note"]
    assert (found["upper"] - found["lower"]) / 3.92 == pytest.approx(cost.std() / 20, rel=0.1)
    estimate = dl.estimate_performance(two(rng, 6000), frame, metrics=[dl.Cost(COST)]).table.iloc[0]
    assert estimate["lower"] < found["value"] < estimate["upper"]
    assert "in all" in estimate["note"]
    with pytest.raises(ParameterError, match="3 labels"):
        dl.track_performance(three(rng, 100), metrics=[dl.Cost(COST)])


def test_metrics_of_ones_own(rng):
    frame = two(rng, 800)
    hits = dl.Metric("hits", of_counts=lambda c: np.trace(c, axis1=-2, axis2=-1) / c.sum((-2, -1)))
    focal = dl.Metric("focal", of_losses=lambda p: -((1 - p) ** 2) * np.log(p), title="Focal loss")
    found = dl.track_performance(frame, metrics=[hits, focal, "accuracy"], window=400)
    values = found.table.pivot_table("value", "window", "metric")
    assert values["hits"].tolist() == pytest.approx(values["accuracy"].tolist())
    p = np.where(frame["y_true"] == 1, frame["y_proba"], 1 - frame["y_proba"])[:400]
    assert values["focal"].iloc[0] == pytest.approx((-((1 - p) ** 2) * np.log(p)).mean())
    worse = frame.assign(y_pred=1 - frame["y_pred"])
    judged = dl.track_performance(worse, reference=frame, metrics=[hits])
    assert judged.table["degraded"].all()
    assert "hits is worse than in the reference" in judged.headline
    numbers = pd.DataFrame({"y_true": [1.5, 2.0, 4.5], "y_pred": [1.0, 3.0, 4.5]})
    pinball = dl.Metric("pinball", of_losses=lambda y, q: np.maximum(0.9 * (y - q), 0.1 * (q - y)))
    loss = dl.track_performance(numbers, metrics=[pinball]).table["value"].iloc[0]
    assert loss == pytest.approx((0.45 + 0.1 + 0) / 3)
    with pytest.raises(ParameterError, match="one of of_counts= and of_losses="):
        dl.Metric("nothing")
    with pytest.raises(ParameterError, match="name of another"):
        dl.track_performance(frame, metrics=[dl.Metric("f1", of_losses=lambda p: p)])


def test_intervals_of_agreement_and_costs_hold_the_truth(rng):
    # 100 rows, 15 of them positive, in windows of one stream.
    frame = two(rng, 60_000, share=0.15)
    whole = dl.track_performance(frame, metrics=["mcc", "kappa", dl.Cost(COST)]).table
    parts = dl.track_performance(frame, metrics=["mcc", "kappa", dl.Cost(COST)], window=100).table
    truth = parts["metric"].map(whole.set_index("metric")["value"])
    held = ((parts["lower"] <= truth) & (truth <= parts["upper"])).groupby(parts["metric"]).mean()
    assert held.between(0.92, 0.98).all(), held


def test_intervals_of_many_classes_are_as_wide_as_resampling_says(rng):
    y = rng.choice(8, 300)
    pred = np.where(rng.random(300) < 0.6, y, rng.choice(8, 300))
    frame = pd.DataFrame({"y_true": y, "y_pred": pred}).astype(str)
    names = ["mcc", "kappa", "weighted_f1"]
    found = dl.track_performance(frame, metrics=names).table
    draws = rng.integers(0, 300, (300, 300))
    metrics = (sk.matthews_corrcoef, sk.cohen_kappa_score)
    values = [[metric(y[rows], pred[rows]) for rows in draws] for metric in metrics]
    values.append([sk.f1_score(y[rows], pred[rows], average="weighted") for rows in draws])
    low, high = np.quantile(values, [0.025, 0.975], axis=1)
    np.testing.assert_allclose(found["lower"], low, atol=0.02)
    np.testing.assert_allclose(found["upper"], high, atol=0.02)


def test_gaps_between_segments_are_differences_with_intervals(rng):
    frame = two(rng, 6000).assign(shop=rng.choice(list("abc"), 6000))
    worse = frame["shop"].eq("c") & (rng.random(6000) < 0.2)
    frame["y_pred"] = np.where(worse, 1 - frame["y_pred"], frame["y_pred"])
    found = dl.track_performance(frame, by="shop", metrics=["accuracy"])
    gaps = dl.segment_gaps(found, "accuracy").set_index(["segment", "other"])
    hit = (frame["y_true"] == frame["y_pred"]).groupby(frame["shop"]).mean()
    assert gaps["gap"].tolist() == pytest.approx(
        [hit["a"] - hit["b"], hit["a"] - hit["c"], hit["b"] - hit["c"]]
    )
    assert gaps["told"].tolist() == [False, True, True]
    assert ((gaps["lower"] < gaps["gap"]) & (gaps["gap"] < gaps["upper"])).all()
    same = two(rng, 40_000).assign(shop=rng.choice(list("abcd"), 40_000))
    parts = dl.track_performance(same, by="shop", metrics=["accuracy"], window=400)
    gaps = dl.segment_gaps(parts, "accuracy")
    assert gaps.groupby("window")["told"].any().mean() < 0.12
    with pytest.raises(ParameterError, match="pass by="):
        dl.segment_gaps(dl.track_performance(frame), "accuracy")
