"""What to do about a model: actions fitted on older labels, judged on newer ones, and chosen."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

import driftlib as dl
from driftlib.advising.actions import ACTIONS, KEEP, MEND, OFFSET, RECALIBRATE, RETRAIN, WAIT
from driftlib.advising.corrections import Decider, move_threshold, offset, own_decider
from driftlib.advising.design import chances, draw
from driftlib.advising.feed import feed_faults
from driftlib.advising.halves import split
from driftlib.advising.models import Trainer
from driftlib.advising.rule import Terms, choose
from driftlib.advising.trial import Tried
from driftlib.advising.worth import Gain, Judge, Jury
from driftlib.cli import main
from driftlib.data.predictions import Predictions
from driftlib.data.synthetic import simulate
from driftlib.data.task import Task
from driftlib.data.units import UnitRule, unit_codes
from driftlib.errors import ParameterError
from driftlib.history.advices import keep_advice, score_advices
from driftlib.performance.metrics import METRICS
from driftlib.reporting import tables, verdicts
from driftlib.stats.unit_influence import UnitError
from driftlib.visualization import action_gains

SEED = 7
BINARY = Task("binary", ("no", "yes"), "")
BRIER = METRICS["binary"]["brier"]


def scored(rows: int, odds: float = 0.0, days: int = 20, seed: int = SEED) -> pd.DataFrame:
    """Rows of a model that was right until the odds of being positive were changed."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3 * rows, 2))
    line = 1.5 * x[:, 0] - 0.8
    y = (rng.random(len(x)) < expit(line)).astype(int)
    worth = np.exp(odds * y)
    kept = np.flatnonzero(rng.random(len(x)) < worth / worth.max())[:rows]
    score = expit(line[kept])
    day = np.arange(len(kept)) * days // len(kept)
    return pd.DataFrame(
        {
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "a": x[kept, 0],
            "b": x[kept, 1],
            "y_true": y[kept],
            "y_pred": (score >= 0.5).astype(int),
            "y_proba": score,
        }
    )


REFERENCE = scored(2_000, seed=1)


@pytest.fixture(scope="module")
def shifted() -> dl.Decision:
    return dl.advise(REFERENCE, scored(1_600, 1.2), timestamp="when")


def test_prior_shift_needs_an_offset_and_no_new_model(shifted):
    assert shifted.action == OFFSET
    assert "no new model is needed" in shifted.why
    table = shifted.table.set_index(["action", "fitted_on"])
    own = table.loc[(OFFSET, "current")]
    assert own["lower"] > 0
    # log(odds after / odds before), which is what the law of this world was changed by.
    assert float(own["note"].split()[1]) == pytest.approx(1.2, abs=0.3)
    assert own["value"] == pytest.approx(table.loc[(KEEP, ""), "value"] - own["gain"])
    assert own["labels_needed"] <= 800
    assert shifted.older + shifted.newer == 1_600
    assert table.loc[(RETRAIN, "current"), "break_even"] == pytest.approx(
        table.loc[(RETRAIN, "current"), "gain"] * 1_600
    )


def test_an_advice_is_scored_by_later_rows(shifted):
    later = scored(1_500, 1.2, seed=3)
    found = shifted.score(later.assign(when=later["when"] + pd.Timedelta(days=60)))
    assert found.verdict == "borne out"
    gains = found.table.set_index("action")["gain"]
    assert gains[OFFSET] > shifted.minimum_gain
    # By hand: the Brier scores of the scores as they are and moved by the offset.
    by = float(shifted.table.set_index("action").loc[OFFSET, "note"].split()[1])
    y, p = later["y_true"], later["y_proba"]
    moved = expit(logit(p) + by)
    assert gains[OFFSET] == pytest.approx(((p - y) ** 2 - (moved - y) ** 2).mean(), abs=2e-4)
    # Back in the old world the offset does harm.
    wrong = shifted.score(scored(1_500, seed=4))
    assert wrong.verdict == "not borne out"
    assert wrong.best == KEEP
    assert wrong.regret == pytest.approx(-wrong.table.set_index("action")["gain"][OFFSET])


def test_too_few_labels_are_a_reason_to_wait(shifted):
    few = scored(1_600, 1.2).assign(y_true=lambda f: f["y_true"].where(np.arange(len(f)) % 40 == 0))
    found = dl.advise(REFERENCE, few, timestamp="when", matures="0D", diagnosis=shifted.diagnosis)
    assert found.action == WAIT
    assert found.more_labels >= 100
    assert f"From {found.more_labels:.0f} labelled rows in all on it can be tried" in found.why
    json.dumps(found.to_dict(), allow_nan=False)
    action_gains(found)


def test_halves_change_places_where_the_newer_one_cannot_tell():
    current = scored(400, 0.9)
    found = dl.advise(REFERENCE, current, timestamp="when")
    assert (found.action, found.both_ways) == (OFFSET, True)
    assert "and the other way round" in found.why
    row = found.table.set_index("action").loc[OFFSET]
    assert row["lower"] > 0
    # Each half corrected by what the other one taught.
    late = (current["when"] >= current["when"].median()).to_numpy()
    y, score = current["y_true"].to_numpy(), current["y_proba"].to_numpy()
    rows, losses = Predictions(y, y, score), np.zeros(400)
    for half in (late, ~late):
        correct, _ = offset(BINARY, rows.take(np.flatnonzero(~half)), Decider("binary"))
        part = np.flatnonzero(half)
        losses[part] = (correct(rows.take(part)).scores - y[part]) ** 2
    assert row["value"] == pytest.approx(losses.mean())
    assert row["gain"] == pytest.approx(((score - y) ** 2 - losses).mean())
    assert "all 400 rows" in action_gains(found).layout.meta["caption"]


class Misfit(BaseEstimator):
    """A model that can be fitted, and goes wrong when it predicts."""

    def __init__(self, way: str = "raises") -> None:
        self.way = way

    def fit(self, inputs: pd.DataFrame, y: np.ndarray) -> "Misfit":
        if self.way != "no classes":
            self.classes_ = np.unique(y)
        return self

    def predict_proba(self, inputs: pd.DataFrame) -> np.ndarray:
        if self.way == "raises":
            raise KeyError("boom")
        shape = {"flat": (len(inputs),), "short": (3, 2)}.get(self.way, (len(inputs), 2))
        return np.full(shape, np.nan if self.way == "missing" else 0.5)


@pytest.mark.parametrize(
    ("way", "words"),
    [("raises", "KeyError: 'boom'"), ("no classes", "could not predict"),
     ("flat", "gave outputs of shape"), ("short", r"gave outputs of shape \(3, 2\)"),
     ("missing", "missing or infinite")],
)  # fmt: skip
def test_a_model_that_cannot_predict_is_named(way, words):
    trainer = Trainer(BINARY, ["x"], {}, Misfit(way), Decider("binary"), SEED)
    rows = pd.DataFrame({"x": np.arange(20.0)})
    y = np.arange(20) % 2
    with pytest.raises(ParameterError, match=words):
        trainer.fit(rows, y)(rows, Predictions(y, y, np.full(20, 0.5)))


def test_a_cost_moves_predictions_and_a_price_keeps_the_old_model(shifted):
    current = scored(1_600)
    cost = dl.Cost([[0, 1], [8, 0]])
    options = {"timestamp": "when", "diagnosis": shifted.diagnosis, "model": LogisticRegression()}
    found = dl.advise(REFERENCE, current, cost=cost, **options)
    gains = found.table.set_index("action")["gain"]
    # Probabilities are right, so that predicting positive from 1/9 on is best.
    newer = current.iloc[800:]
    mistakes = np.where(newer["y_true"] == 1, 8 * (newer["y_proba"] < 1 / 9),
                        newer["y_proba"] >= 1 / 9).mean()  # fmt: skip
    assert found.table.set_index("action").loc[OFFSET, "value"] == pytest.approx(mistakes, rel=0.1)
    assert gains["threshold"] > 0
    # Nothing but the threshold is wrong.
    assert found.action == "threshold"
    assert found.model == "LogisticRegression"
    dear = dl.advise(REFERENCE, current, cost=cost, price=1e6, **options)
    assert dear.action != RETRAIN
    assert (dear.table.set_index("action").loc[RETRAIN, "net"] < 0).all()


def test_lost_scores_are_no_lack_of_labels():
    reference, current = REFERENCE[:300], scored(300, 0.0)
    no_scores = current.assign(y_proba=np.nan)
    odd = current.index % 2 == 0
    apart = current.assign(
        y_proba=current["y_proba"].where(odd), y_true=current["y_true"].where(~odd)
    )
    for broken, lost in ((no_scores, "a probability"), (apart, "both a label and a probability")):
        found = dl.advise(reference, broken, unit="row")
        assert (found.action, np.isnan(found.more_labels)) == (MEND, True)
        assert f"no row of current has {lost}" in found.why
        assert f"no row of current has {lost}" in found.diagnosis.headline


def test_a_broken_feed_is_mended_first(shifted, tmp_path, capsys):
    current = scored(1_600, 1.2)
    current.loc[::3, "a"] = np.nan
    REFERENCE.to_parquet(tmp_path / "before.parquet")
    current.to_parquet(tmp_path / "now.parquet")
    paths = [str(tmp_path / f"{name}.parquet") for name in ("before", "now")]
    out = tmp_path / "advice.json"
    assert main(["advise", *paths, "--timestamp", "when", "--json", str(out)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Mend the feed before anything is fitted: a: ")
    assert "retrain on current" in text
    found = json.loads(out.read_text())
    assert found["action"] == MEND
    assert len(found["table"]) == len(ACTIONS) - 1


def test_what_looks_like_a_fault_of_the_feed_and_what_does_not():
    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame({"x": rng.normal(size=1_000), "c": rng.choice(list("ab"), 1_000)})
    for changed, word in (
        (frame.assign(x=frame["x"] * 1000), "as of another unit"),
        (frame.assign(x=frame["x"].where(np.arange(1_000) % 5 > 0)), "missing in 20 %"),
        (frame.assign(c=frame["c"].replace("a", "A")), "the reference never has"),
        (frame.assign(x=frame["x"].where(np.arange(1_000) % 3 > 0, -999)), "-999"),
        # Another season, and other customers.
        (frame.assign(x=frame["x"] + 3.5), ""),
        (frame.assign(c=np.where(np.arange(1_000) % 9 > 0, "a", "b")), ""),
    ):
        found = feed_faults(dl.detect_drift(frame, changed, unit="row"), ["x", "c"])
        assert len(found) == bool(word)
        assert word in "".join(found)


def made(name: str, gain: float, error: float, rows: Predictions, fitted_on: str = "current"):
    action = next(a for a in ACTIONS if a.name == name and a.fitted_on in ("", fitted_on))
    return Tried(action, lambda f, r: r, "", (rows,), 0.2, Gain(gain, UnitError(error)), np.nan)


def test_the_simplest_action_that_is_not_told_from_the_best_is_chosen():
    rng = np.random.default_rng(SEED)
    share = rng.random(4_000)
    y = (rng.random(4_000) < share).astype(int)
    good = Predictions(y, y, share)
    worse = replace(good, proba=np.clip(share + 0.2, 0, 1))
    jury = Jury((Judge(BINARY, BRIER, None),))
    terms = Terms(price=0.001, minimum=0.002)
    keep = made(KEEP, 0, 0, worse)
    curve, new = made(RECALIBRATE, 0.04, 0.002, good), made(RETRAIN, 0.041, 0.002, good)
    assert choose([keep, curve, new], jury, terms).name == RECALIBRATE
    # A new model that is told from the curve, on the same rows.
    poor = made(RECALIBRATE, 0.01, 0.002, worse)
    assert choose([keep, poor, new], jury, terms).name == RETRAIN
    assert choose([keep, made(OFFSET, 0.0, 0.0004, good)], jury, terms).name == KEEP
    assert choose([keep, made(OFFSET, 0.003, 0.003, good)], jury, terms).name == WAIT
    # What both halves together say for sure must be what each of them says.
    for parts, action in (((0.01, 0.03), RECALIBRATE), ((-0.001, 0.041), WAIT)):
        both = replace(curve, gain=replace(curve.gain, value=0.02, parts=parts))
        assert choose([keep, both], jury, terms).name == action
    # Sure, and not worth its price.
    assert choose([keep, new], jury, Terms(1.0, 0.002)).name == KEEP


def test_a_gain_is_that_of_the_same_rows_and_its_error_that_of_their_days():
    frame = scored(1_000, days=10)
    y, p = frame["y_true"].to_numpy(), frame["y_proba"].to_numpy()
    rows, half = Predictions(y, y, p), Predictions(y, y, np.full(len(y), 0.5))
    plain = Judge(BINARY, BRIER, None).gain(rows, half)
    difference = 0.25 - (p - y) ** 2
    assert plain.value == pytest.approx(difference.mean())
    assert plain.error.error == pytest.approx(difference.std() / np.sqrt(len(y)))
    codes = unit_codes(UnitRule("time", "when", "D"), frame)
    halves = split(frame, np.arange(1_000), UnitRule("time", "when", "D"), codes, "when", None, 0)
    assert halves.counts == (5, 5)
    assert frame["when"].iloc[halves.older].max() < frame["when"].iloc[halves.newer].min()
    # Days that are alike within: as many observations as there are days.
    day = np.repeat([0.3, -0.3, 0.3, -0.3, 0.3], 100)
    flat = Predictions(np.zeros(500, int), np.zeros(500, int), 0.5 + day)
    by_day = Judge(BINARY, BRIER, halves.units).gain(flat, replace(flat, proba=np.full(500, 0.5)))
    by_row = Judge(BINARY, BRIER, None).gain(flat, replace(flat, proba=np.full(500, 0.5)))
    assert by_day.error.error > 5 * by_row.error.error


def test_without_a_time_whole_units_are_dealt():
    frame = pd.DataFrame({"shop": np.repeat(list("abcdefgh"), 50)})
    rule = UnitRule("column", "shop")
    halves = split(frame, np.arange(400), rule, unit_codes(rule, frame), None, None, 1)
    sides = [set(frame["shop"].iloc[rows]) for rows in (halves.older, halves.newer)]
    assert not sides[0] & sides[1]
    assert halves.counts == (4, 4)
    assert halves.by.startswith("at random")


def test_corrections_of_numbers_and_of_three_classes():
    rng = np.random.default_rng(SEED)
    numbers = Predictions(rng.normal(size=500) + 3, rng.normal(size=500), None)
    correct, _ = offset(Task("regression", (), ""), numbers, Decider("regression"))
    assert correct(numbers).pred.mean() == pytest.approx(numbers.y.mean())
    three = Task("multiclass", ("a", "b", "c"), "")
    proba = rng.dirichlet(np.ones(3), 3_000)
    y = np.array([rng.choice(3, p=p * [1, 4, 1] / (p * [1, 4, 1]).sum()) for p in proba])
    moved, _ = offset(three, Predictions(y, y, proba), Decider("multiclass"))
    new = moved(Predictions(y, y, proba)).scores
    np.testing.assert_allclose(new.mean(axis=0), np.bincount(y) / len(y), atol=1e-3)
    assert new.argmax(axis=1).tolist() == moved(Predictions(y, y, proba)).pred.tolist()


def test_thresholds_are_found_and_moved():
    rng = np.random.default_rng(SEED)
    p = rng.random(2_000)
    y = (rng.random(2_000) < p).astype(int)
    rows = Predictions(y, (p >= 0.3).astype(int), p)
    assert own_decider(BINARY, rows, None).threshold == pytest.approx(0.3, abs=0.01)
    scrambled = replace(rows, pred=rng.permutation(rows.pred))
    assert own_decider(BINARY, scrambled, None).threshold == 0.5
    judge = Judge(BINARY, METRICS["binary"]["accuracy"], None)
    correct, words = move_threshold(rows, judge.value)
    assert float(words.split()[-2]) == pytest.approx(0.5, abs=0.06)
    assert judge.value(correct(rows)) >= judge.value(rows)


def test_what_an_advice_says_stands_in_tables_and_charts(shifted):
    assert shifted.headline.startswith("Add one number to every score: the Brier score gets better")
    said = verdicts.advice_verdict(shifted), verdicts.advice_reasons(shifted)
    assert " ".join(said) == shifted.why
    assert said[0].startswith("Add one number")
    table = tables.actions_table(shifted)
    assert table["action"].tolist() == [
        "keep", "offset", "recalibrate", "retrain on reference and current", "retrain on current",
    ]  # fmt: skip
    chart = shifted.plot()
    assert list(chart.data[0].y) == table["action"].tolist()[1:]
    assert chart.data[0].x[0] == shifted.table["gain"][1]
    assert chart.data[0].marker.color[1:] == ("rgba(0,0,0,0)",) * 3
    assert "<strong>Add one number" in shifted._repr_html_()


def test_arguments_that_make_no_sense_are_refused():
    for options, word in (
        ({"metric": "brier", "cost": dl.Cost([[0, 1], [1, 0]])}, "one of them"),
        ({"horizon": 0}, "at least 1"),
        ({"price": -1}, "at least 0"),
        ({"windw": 3}, "no argument"),
    ):
        with pytest.raises(dl.DriftlibError, match=word):
            dl.advise(REFERENCE, REFERENCE, **options)


def test_a_history_keeps_advices_and_scores_them_by_later_labels(shifted, tmp_path, capsys):
    place = tmp_path / "drift.db"
    history = dl.History(place, "churn")
    with pytest.raises(dl.DriftlibError, match="no model 'churn'"):
        history.record_advice(shifted)
    baseline = dl.Baseline.fit(REFERENCE, timestamp="when")
    history.record(dl.detect_drift(baseline, scored(400, 1.2)))
    history.record_advice(shifted)
    kept = history.record_advice(shifted)
    assert kept["action"].tolist() == [OFFSET]
    assert kept["verdict"].tolist() == [""]
    own = shifted.table.set_index("action").loc[OFFSET]
    assert kept["expected"][0] == pytest.approx(own["gain"])
    later = scored(1_500, 1.2, seed=3)
    later["when"] += pd.Timedelta(days=60)
    again = dl.advise(REFERENCE, later, timestamp="when", diagnosis=shifted.diagnosis)
    found = history.record_advice(again)
    assert found["verdict"].tolist() == ["borne out", ""]
    # The same as the decision itself says of those rows.
    mine = shifted.score(later).table.set_index("action").loc[OFFSET]
    assert found["realised"][0] == pytest.approx(mine["gain"])
    assert found["realised_lower"][0] == pytest.approx(mine["lower"])
    assert found["realised_value"][0] == pytest.approx(
        ((later["y_true"] - later["y_proba"]) ** 2).mean()
    )
    check_retrainings(history, shifted, again)
    assert main(["history", str(place), "--model", "churn", "--table", "advices"]) == 0
    assert "borne out" in capsys.readouterr().out
    history.prune("2024-02-15")
    assert history.advices()["start"].tolist() == [again.start]


def check_retrainings(history, earlier, later):
    """Hold advices to retrain against what can be seen of them later."""
    advised = replace(earlier, action=RETRAIN, fitted_on="current")
    own = later.table.set_index(["action", "fitted_on"]).loc[(RETRAIN, "current")]
    low, worse = earlier.table["gain"].abs().max() * 2, earlier.value * 1.5
    cases = {
        # A Brier score that has fallen by more than was foretold, at the least; one by less.
        "reached": replace(advised, value=worse, table=earlier.table.assign(lower=low / 1e3)),
        "anew": replace(advised, table=earlier.table.assign(lower=low)),
    }
    with history.database.write() as connection:
        for number, (why, one) in enumerate(cases.items()):
            keep_advice(connection, 1, replace(one, why=why), str(number))
        score_advices(connection, 1, later, "now")
        # With nothing fitted later there is nothing to score it by.
        keep_advice(connection, 1, replace(cases["anew"], why="nothing"), "3")
        score_advices(connection, 1, replace(later, tried=()), "now")
    found = history.advices().set_index("why")
    assert found.loc["reached", "verdict"] == "reached"
    assert found.loc["nothing", "verdict"] == "not replayed"
    assert found.loc["anew", "realised"] == pytest.approx(own["gain"])
    sure, none = own["lower"] > 0, own["upper"] < earlier.minimum_gain
    expected = "borne out" if sure else "not borne out" if none else "open"
    assert found.loc["anew", "verdict"] == expected


def test_chances_add_up_and_rows_are_drawn_with_them():
    rng = np.random.default_rng(SEED)
    sizes = rng.exponential(size=300) ** 2
    chance = chances(sizes, 60, 0.2)
    assert chance.sum() == pytest.approx(60)
    assert chance.max() <= 1
    assert chance.min() >= 0.2 * 60 / 300 * 0.9
    draws = [draw(chance, rng) for _ in range(3_000)]
    assert all(len(np.unique(rows)) == 60 for rows in draws)
    share = np.bincount(np.concatenate(draws), minlength=300) / 3_000
    # 300 shares: 5 standard errors leave 1 in 5,000 such tests.
    assert (np.abs(share - chance) <= 5 * np.sqrt(chance * (1 - chance) / 3_000) + 1e-9).all()


def test_labels_of_chosen_rows_tell_what_all_labels_tell():
    data = simulate(rows=3_000, feature_drift=0.5, label_flips=0.2)
    blind = data.current.drop(columns="y_true")
    chosen = dl.choose_rows(data.reference, blind, 400, unit="row")
    assert len(chosen.table) == 400
    y, p = data.current["y_true"], data.current["y_proba"]
    loss = ((y - p) ** 2).to_numpy()
    # Drawn many times the weighted mean and the total have the value of all rows.
    means, totals = [], []
    for number in range(120):
        rows = draw(chosen.chance, np.random.default_rng(number))
        table = pd.DataFrame({"row": rows, "chance": chosen.chance[rows]})
        again = replace(chosen, table=table.assign(weight=1 / table["chance"]))
        means.append(again.mean(loss[rows])[0])
        if number < 30:
            totals.append(again.diagnose(data.current).terms.loc["total"])
    error = np.std(means) / np.sqrt(len(means))
    assert np.mean(means) == pytest.approx(loss.mean(), abs=4 * error)
    of_all = loss.mean() - ((data.reference["y_true"] - data.reference["y_proba"]) ** 2).mean()
    found = pd.DataFrame(totals)
    assert found["value"].mean() == pytest.approx(of_all, abs=4 * found["value"].std() / 30**0.5)
    # The interval is of other rows, too, and no shorter than the draws alone make it.
    assert (found["upper"] - found["lower"]).mean() / 3.92 > 0.9 * found["value"].std()
    with pytest.raises(dl.DriftlibError, match="no label, such as row"):
        chosen.diagnose(data.current.assign(y_true=y.where(np.arange(3_000) % 2 == 0)))
    with pytest.raises(dl.DriftlibError, match="pass the same rows"):
        chosen.diagnose(data.current[:10])
