"""Curves and confusion counts: scikit-learn on random and tied scores, bounds, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from driftlib.errors import DataError
from driftlib.performance.curves import MOST_CLASSES, POINTS, confusion_counts, score_curves


def scored(rows: int, seed: int, decimals: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    proba = np.round(np.clip(rng.normal(0.35 + 0.2 * y, 0.2), 0, 1), decimals)
    return pd.DataFrame({"y_true": y, "y_pred": (proba > 0.5).astype(int), "y_proba": proba})


@pytest.mark.parametrize("decimals", [12, 1])
def test_curves_equal_scikit_learn(decimals):
    frame = scored(150, seed=3, decimals=decimals)
    table = score_curves(frame)
    fpr, tpr, thresholds = sk.roc_curve(frame["y_true"], frame["y_proba"], drop_intermediate=False)
    np.testing.assert_allclose(table["threshold"], thresholds[1:])
    np.testing.assert_allclose(table["false_positive_rate"], fpr[1:])
    np.testing.assert_allclose(table["recall"], tpr[1:])
    precision, recall, _ = sk.precision_recall_curve(frame["y_true"], frame["y_proba"])
    np.testing.assert_allclose(table["precision"], precision[:-1][::-1])
    np.testing.assert_allclose(table["recall"], recall[:-1][::-1])
    assert table["roc_auc"].iloc[0] == pytest.approx(
        sk.roc_auc_score(frame["y_true"], frame["y_proba"])
    )
    assert table["average_precision"].iloc[0] == pytest.approx(
        sk.average_precision_score(frame["y_true"], frame["y_proba"])
    )


def test_many_scores_are_thinned_to_points_of_the_same_curve():
    frame = scored(20_000, seed=1)
    table = score_curves(frame)
    assert POINTS / 2 < len(table) <= POINTS
    fpr, tpr, thresholds = sk.roc_curve(frame["y_true"], frame["y_proba"], drop_intermediate=False)
    place = len(thresholds) - 1 - np.searchsorted(thresholds[1:][::-1], table["threshold"])
    np.testing.assert_allclose(table["recall"], tpr[place])
    np.testing.assert_allclose(table["false_positive_rate"], fpr[place])
    assert table[["false_positive_rate", "recall"]].iloc[-1].tolist() == [1.0, 1.0]
    rows = np.diff([0, *(table["recall"] * frame["y_true"].sum())])
    assert rows.max() < 3 * len(frame) / POINTS, "the points are not even over the rows"


def test_reference_comes_first_and_keeps_its_own_area():
    reference, current = scored(400, seed=5), scored(300, seed=6)
    table = score_curves(current, reference)
    assert list(dict.fromkeys(table["period"])) == ["reference", "current"]
    areas = table.groupby("period")["roc_auc"].first()
    for period, frame in (("reference", reference), ("current", current)):
        assert areas[period] == pytest.approx(sk.roc_auc_score(frame["y_true"], frame["y_proba"]))


def test_more_classes_each_against_the_rest():
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([1, 1, 1], 300)
    y = np.array(list("abc"))[[rng.choice(3, p=row) for row in proba]]
    frame = pd.DataFrame({"y_true": y, "y_pred": np.array(list("abc"))[proba.argmax(1)]})
    for place, label in enumerate("abc"):
        frame[f"y_proba_{label}"] = proba[:, place]
    table = score_curves(frame).groupby("label")["roc_auc"].first()
    for place, label in enumerate("abc"):
        assert table[label] == pytest.approx(sk.roc_auc_score(y == label, proba[:, place]))


def test_rows_without_label_or_score_do_not_count():
    frame = scored(200, seed=2)
    holes = frame.astype({"y_true": "float"})
    holes.loc[:49, "y_true"] = np.nan
    holes.loc[50:79, "y_proba"] = np.nan
    table = score_curves(holes)
    rest = frame.loc[80:]
    assert table["n"].iloc[0] == 120
    assert table["roc_auc"].iloc[0] == pytest.approx(
        sk.roc_auc_score(rest["y_true"], rest["y_proba"])
    )


def test_a_period_without_both_classes_has_no_curve():
    one_class = scored(50, seed=1).assign(y_true=0)
    table = score_curves(one_class, scored(50, seed=2))
    assert set(table["period"]) == {"reference"}
    both = score_curves(one_class, one_class)
    assert both.empty
    assert "roc_auc" in both.columns


def test_confusion_equals_scikit_learn():
    current, reference = scored(300, seed=1), scored(200, seed=2)
    table = confusion_counts(current, reference)
    for period, frame in (("reference", reference), ("current", current)):
        rows = table[table["period"] == period]
        expected = sk.confusion_matrix(frame["y_true"], frame["y_pred"])
        np.testing.assert_array_equal(rows["n"].to_numpy().reshape(2, 2), expected)
        shares = expected / expected.sum(1, keepdims=True)
        np.testing.assert_allclose(rows["share"].to_numpy().reshape(2, 2), shares)


def test_many_classes_are_counted_together_as_other():
    rng = np.random.default_rng(0)
    y = rng.choice([f"c{i:02}" for i in range(20)], 4000, p=np.arange(20, 0, -1) / 210)
    frame = pd.DataFrame({"y_true": y, "y_pred": rng.permutation(y)})
    table = confusion_counts(frame)
    names = table["label"].unique().tolist()
    assert len(names) == MOST_CLASSES + 1
    assert names[-1] == "other"
    rare = ~frame["y_true"].isin(names)
    others = table[table["label"] == "other"]["n"].sum()
    assert others == rare.sum() > 0
    assert table["n"].sum() == len(frame)


def test_bad_input_gets_a_sentence():
    numbers = pd.DataFrame({"y_true": [0.5, 1.7, 2.2], "y_pred": [0.4, 1.5, 2.0]})
    with pytest.raises(DataError, match="needs classes"):
        confusion_counts(numbers)
    with pytest.raises(DataError, match="need probabilities"):
        score_curves(scored(20, seed=0).drop(columns="y_proba"))
