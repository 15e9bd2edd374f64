"""Labels that are blank, unknown or written in two ways."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

import driftlib as dl
from driftlib.errors import DataError
from driftlib.reporting.tables import metrics_table, thresholds_table

WORDS = pd.DataFrame({"y_true": ["yes", "no"] * 100, "y_pred": ["yes", "no"] * 100})


def value(perf, metric, column="value"):
    return perf.table.set_index("metric").loc[metric, column]


@pytest.mark.parametrize(
    ("current", "other"),
    [
        ((WORDS == "yes").astype(int), "'0', '1'"),
        (WORDS == "yes", "'False', 'True'"),
        (WORDS.apply(lambda column: column.str.title()), "'No', 'Yes'"),
    ],
)
def test_labels_written_in_two_ways_are_one_sentence(current, other):
    with pytest.raises(DataError, match=f"holds {other} and reference .* holds 'no', 'yes'"):
        dl.track_performance(current, reference=WORDS)


def test_a_capital_does_not_make_a_label_negative():
    perf = dl.track_performance(WORDS.replace("yes", "Yes"))
    assert perf.classes == ("no", "Yes")
    assert "the positive label is 'Yes'" in perf.notes[0]


@pytest.mark.parametrize("truth", [("true", "false"), ("TRUE", "False"), (True, False), (1.0, 0.0)])
def test_a_truth_value_is_the_same_label_however_it_is_written(truth, rng):
    numbers = pd.DataFrame({"y_true": rng.integers(0, 2, 200)})
    numbers["y_pred"] = numbers["y_true"].where(rng.random(200) < 0.8, 1 - numbers["y_true"])
    words = numbers.apply(lambda column: column.map({1: truth[0], 0: truth[1]}).astype(object))
    mixed = words.assign(y_true=numbers["y_true"])
    expected = dl.track_performance(numbers, reference=numbers)
    for current, reference in ((words, numbers), (numbers, words), (mixed, numbers)):
        found = dl.track_performance(current, reference=reference)
        assert found.classes == ("0", "1")
        assert found.table["value"].equals(expected.table["value"])
    both = words.assign(y_true=(numbers["y_true"] == 1))
    assert (
        dl.track_performance(both)
        .table["value"]
        .equals(dl.track_performance(numbers).table["value"])
    )


def test_one_column_may_write_a_truth_value_in_two_ways():
    frame = pd.DataFrame({"y_true": ["true", "TRUE", "false", "False"] * 50})
    found = dl.track_performance(frame.assign(y_pred=frame["y_true"].str.title()))
    assert found.classes == ("False", "True")
    assert value(found, "accuracy") == 1


@pytest.mark.parametrize("blank", ["", " ", "nan", "NaN", "<NA>"])
def test_blank_labels_are_missing(blank):
    frame = WORDS.copy()
    frame.loc[[0, 4], "y_true"] = blank
    perf = dl.track_performance(frame)
    assert perf.classes == ("no", "yes")
    assert value(perf, "accuracy", "n_labelled") == 198
    assert "2 values of 'y_true' in current are blank and count as missing" in perf.notes


def test_a_handful_of_unknown_labels_is_counted_and_left_out():
    frame = WORDS.assign(y_proba=np.where(WORDS["y_pred"] == "yes", 0.9, 0.2))
    frame.loc[[7, 9], "y_true"] = "pending"
    perf = dl.track_performance(frame)
    rest = dl.track_performance(frame.drop([7, 9]))
    assert perf.table["value"].tolist() == rest.table["value"].tolist()
    told = "2 rows of current have the label 'pending' in 'y_true', which is no class (row 7)"
    assert any(note.startswith(told) for note in perf.notes)
    frame.loc[:20, "y_true"] = "pending"
    with pytest.raises(DataError, match="third label"):
        dl.track_performance(frame)


def test_a_handful_of_labels_without_a_probability_is_left_out(rng):
    names = ["cat", "dog", "owl"]
    proba = rng.dirichlet([2, 2, 2], 300)
    frame = pd.DataFrame(proba, columns=[f"y_proba_{name}" for name in names])
    frame["y_true"] = [names[rng.choice(3, p=p)] for p in proba]
    frame["y_pred"] = np.array(names)[proba.argmax(1)]
    rest = dl.track_performance(frame.drop(11))
    frame.loc[11, "y_true"] = "yak"
    perf = dl.track_performance(frame)
    assert perf.classes == ("cat", "dog", "owl")
    assert np.allclose(perf.table["value"], rest.table["value"])
    assert any("'yak'" in note and "row 11" in note for note in perf.notes)


def test_macro_precision_falls_when_a_class_dies(rng):
    truth = rng.choice(["a", "b", "c"], 600)
    alive = np.where(rng.random(600) < 0.7, truth, rng.choice(["a", "b", "c"], 600))
    dead = np.where(alive == "c", "a", alive)
    for predicted in (alive, dead):
        perf = dl.track_performance(pd.DataFrame({"y_true": truth, "y_pred": predicted}))
        expected = sk.precision_score(truth, predicted, average="macro", zero_division=0)
        assert value(perf, "precision") == pytest.approx(expected)
        assert value(perf, "precision", "lower") < expected < value(perf, "precision", "upper")
    assert "'c' never predicted: counts as 0" in value(perf, "precision", "note")


def test_what_was_never_measured_is_not_said_to_be_well():
    frame = pd.DataFrame({"y_true": 1, "y_pred": 1, "y_proba": [0.7] * 100})
    limits = {"accuracy": 0.5, "roc_auc": 0.6}
    perf = dl.track_performance(frame, positive=1, thresholds=limits, window=50)
    assert perf.unmeasured == ["Specificity", "ROC AUC"]
    assert perf.headline.endswith("; not measured: Specificity, ROC AUC")
    table = thresholds_table(perf).set_index("metric")
    assert (
        table.loc["ROC AUC", ["beyond it", "beyond it and noise"]].tolist() == ["not measured"] * 2
    )
    assert table.loc["Accuracy", "beyond it"] == "0 of 2"
    assert set(metrics_table(perf)["ROC AUC"]) == {"not measured"}


def test_an_alert_without_a_threshold_names_the_reference():
    frame = pd.DataFrame({"y_true": [0, 1] * 200, "y_pred": [0, 1] * 150 + [1, 0] * 50})
    perf = dl.track_performance(frame.iloc[200:], reference=frame.iloc[:200])
    (first, *_) = dl.make_alerts(perf)
    assert first.message.startswith("Accuracy is worse than in the reference by more than noise in")


@pytest.mark.parametrize(
    "odd", ["half \ud83d", "\x1b[2J", "a\nb", "\x00", "x" * 5000], ids=list("abcde")
)
@pytest.mark.filterwarnings("error")
def test_labels_that_cannot_be_printed_are_labels(rng, odd):
    codes = rng.integers(0, 2, (3, 120))
    odd_labels, plain = (np.array(two, dtype=object)[codes] for two in (["a", odd], ["a", "b"]))
    frames = []
    for true, pred, group in (odd_labels, plain):
        series = {"y_true": true, "y_pred": pred, "group": group}
        frame = pd.DataFrame({name: pd.Series(v, dtype=object) for name, v in series.items()})
        frames.append(frame.assign(x=np.arange(120) % 7))
    found, expected = (
        dl.track_performance(frame, by="group", positive="a").table for frame in frames
    )
    values = [
        table.groupby("metric")["value"].apply(sorted).to_dict() for table in (found, expected)
    ]
    assert values[0] == values[1]
    message = "positive='c' does not occur"
    with pytest.raises(dl.DriftlibError, match=message) as error:
        dl.track_performance(frames[0], positive="c")
    assert len(str(error.value).encode()) < 300
    odd_name = frames[0][["x"]].set_axis(pd.Index([odd], dtype=object), axis=1)
    assert dl.detect_drift(odd_name, odd_name).drifted == []


def test_a_column_named_after_no_class_is_no_class(rng):
    proba = rng.dirichlet([1, 1, 1], 200)
    frame = pd.DataFrame(proba, columns=[f"y_proba_{name}" for name in ("cat", "dog", "owl")])
    labels = rng.choice(["cat", "dog", "owl"], (2, 200))
    frame = frame.assign(y_true=labels[0], y_pred=labels[1])
    expected = dl.track_performance(frame).table["value"].to_numpy()
    extra = dl.track_performance(frame.assign(y_proba_model=rng.random(200)))
    np.testing.assert_array_equal(extra.table["value"], expected)
    # A class that no row has, but whose probabilities the others need, stays one.
    alive = frame[(frame["y_true"] != "owl") & (frame["y_pred"] != "owl")]
    assert "owl" in dl.track_performance(alive).classes


@pytest.mark.parametrize("name", ["y_proba_{}", "y_proba_{}.0"])
def test_columns_of_probabilities_may_be_named_after_floats(rng, name):
    proba, labels = rng.random(200), rng.integers(0, 2, 200).astype(float)
    frame = pd.DataFrame({name.format(0): 1 - proba, name.format(1): proba})
    frame = frame.assign(y_true=labels, y_pred=proba > 0.5)
    found = dl.track_performance(frame, metrics=["roc_auc"]).table["value"][0]
    assert found == pytest.approx(sk.roc_auc_score(labels, proba))


def test_categories_without_rows_are_no_labels(rng):
    labels = rng.integers(0, 2, (2, 200)).astype(str)
    frame = pd.DataFrame({"y_true": labels[0], "y_pred": labels[1]})
    three = pd.Categorical(labels[0], categories=["0", "1", "never"])
    tables = [dl.track_performance(f).table for f in (frame, frame.assign(y_true=three))]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("odd", ["?", -1, np.inf])
def test_a_handful_of_labels_never_predicted_is_said_to_be_one(rng, odd):
    labels = rng.integers(0, 2, (2, 400))
    true = pd.Series(labels[0], dtype=object if odd == "?" else float)
    true[:4] = odd
    frame = pd.DataFrame({"y_true": true, "y_pred": labels[1]})
    notes = "; ".join(dl.track_performance(frame).notes)
    assert "task='binary' leaves them out" in notes if odd != np.inf else "no class" in notes
    binary = dl.track_performance(frame, task="binary", metrics=["precision"]).table["value"][0]
    assert binary == pytest.approx(sk.precision_score(labels[0][4:], labels[1][4:]))
