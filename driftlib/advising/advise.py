"""Advise what to do about a model: keep, correct, retrain, wait, or mend what feeds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.advising.actions import KEEP, MEND, RETRAIN, WAIT
from driftlib.advising.corrections import Decider, own_decider
from driftlib.advising.feed import feed_faults
from driftlib.advising.halves import Halves, span, split
from driftlib.advising.models import Trainer
from driftlib.advising.rule import Choice, Terms, choose, labels_to_settle
from driftlib.advising.score import Score, score
from driftlib.advising.trial import Side, Trial, Tried
from driftlib.advising.words import Case, reason
from driftlib.advising.worth import Judge, Jury, has_outputs, reach
from driftlib.arguments import known_keywords
from driftlib.data.predictions import Predictions
from driftlib.data.schema import CATEGORICAL, ColumnRoles
from driftlib.data.task import BINARY, MULTICLASS, REGRESSION, Task
from driftlib.data.unit_choice import AUTO
from driftlib.diagnosis.diagnose import diagnose_periods
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.setup import DiagnosisSetup, Periods
from driftlib.diagnosis.suspicion import label_suspicion
from driftlib.domain.features import choose_levels, comparable_features
from driftlib.drift.detect import detect_drift
from driftlib.errors import DataError, ParameterError
from driftlib.performance.custom import Cost
from driftlib.performance.custom import Metric as OwnMetric
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import select_metrics
from driftlib.results import Result
from driftlib.stats.unit_influence import RowUnits

# What actions are judged by where nothing is asked for, with probabilities and without.
USUAL = {BINARY: ("brier", "accuracy"), MULTICLASS: ("log_loss", "accuracy"),
         REGRESSION: ("rmse", "rmse")}  # fmt: skip
# The smallest gain that counts, as a share of the way to a perfect value.
MINIMUM = 0.02
COLUMNS = (
    "action", "fitted_on", "value", "gain", "lower", "upper", "net", "break_even",
    "labels_needed", "labels_to_settle", "note",
)  # fmt: skip


@dataclass(frozen=True)
class Decision(Result):
    """What to do about a model, and what each action is worth.

    Parameters
    ----------
    table : pandas.DataFrame
        A row an action; see `advise`.
    action : str
        "keep", "offset", "threshold", "recalibrate", "retrain", "wait" or "mend the feed".
    fitted_on : str
        Which rows a retraining is to learn from; empty for other actions.
    why : str
        The reason, what it rests on, and what to bear in mind.
    metric, metric_title : str
        What actions are judged by, in code and in words.
    value : float
        Its value on the newer rows as things are.
    older, newer : int
        Rows with labels that actions were fitted on, and judged on.
    both_ways : bool
        Whether each action was fitted on the newer rows and judged on the older ones, too.
    unit : str
        What a unit is, and how many there are on either side.
    verdict : str
        Of the diagnosis.
    model : str
        What a retraining fitted.
    price, minimum_gain : float
        Of a retraining, in all; and the smallest gain that counts, a row.
    horizon : int
        Rows until the next decision.
    more_labels : float
        Where the advice is to wait: labelled rows in all that would probably settle it, or with
        which anything can be tried; else NaN.
    diagnosis : Diagnosis or None
        What the advice goes by.
    tried : tuple of Tried
        The actions, fitted: each gives any rows the outputs they would have.
    setup, judged_by, reference
        What later rows are read with, compared by, and held against.
    start, end : str
        Times of the first and last row of current with a label; empty without a time.
    labelled : Predictions or None
        The rows of current with labels.
    labelled_units : RowUnits or None
        Theirs; None where rows are units.
    """

    table: pd.DataFrame
    action: str
    fitted_on: str
    why: str
    metric: str
    metric_title: str
    value: float
    older: int
    newer: int
    unit: str
    verdict: str
    model: str
    price: float
    minimum_gain: float
    horizon: int
    more_labels: float = np.nan
    diagnosis: Diagnosis | None = field(default=None, repr=False)
    tried: tuple[Tried, ...] = field(default=(), repr=False)
    setup: DiagnosisSetup | None = field(default=None, repr=False)
    judged_by: Judge | None = field(default=None, repr=False)
    reference: Any = field(default=None, repr=False)
    start: str = ""
    end: str = ""
    labelled: Predictions | None = field(default=None, repr=False)
    labelled_units: RowUnits | None = field(default=None, repr=False)
    both_ways: bool = False

    @property
    def headline(self) -> str:
        """The advice in one plain sentence, with numbers."""
        return self.why.partition(". ")[0].rstrip(".")

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        names = (
            "action", "fitted_on", "why", "metric", "metric_title", "value", "older", "newer",
            "unit", "verdict", "model", "price", "minimum_gain", "horizon", "more_labels",
            "both_ways",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def score(self, later: Any) -> Score:
        """Hold the advice against later rows with labels: say what each action gained there.

        Parameters
        ----------
        later : frame, table, str or Path
            With the columns of the current data.

        Returns
        -------
        Score
            What each action gained there, and the regret of the one advised.

        Raises
        ------
        DataError
            If nothing was tried, or the rows have no labels.
        """
        if self.setup is None or self.judged_by is None or not self.tried:
            raise DataError(f"no action was tried, so that there is nothing to score: {self.why}")
        return score(self, later)


@known_keywords(window="cut the current data, and advise on the part")
def advise(
    reference: Any,
    current: Any,
    model: Any = None,
    metric: str | OwnMetric | None = None,
    cost: Cost | None = None,
    price: float = 0.0,
    horizon: int | None = None,
    minimum_gain: float | None = None,
    seed: int = 0,
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    task: str = "auto",
    unit: str = AUTO,
    season: str | Iterable[str] | None = None,
    label_time: str | None = None,
    matures: str | None = None,
    holdout: bool | None = None,
    diagnosis: Diagnosis | None = None,
) -> Decision:
    """Advise what to do: keep the model, correct its scores, retrain it, wait, or mend the feed.

    How it decides: :doc:`/guides/deciding`.

    Each action is fitted on the older half of the labelled rows of current and judged on the newer
    half. Where that does not tell, halves change places as well. See the guide for the rule.

    Parameters
    ----------
    reference, current : frame, table, str or Path
        Features, labels and predictions of a period when the model was good, and of now.
    model : estimator, optional
        In the style of scikit-learn; copies of it are fitted on tables of the features and on
        class numbers (0 up, the positive label last; a regression's labels). Default: gradient
        boosting that stands in for the model, and is named as such.
    metric : str or Metric, optional
        What actions are judged by. Default: the Brier score (log loss of several classes) where
        there are probabilities, else accuracy; the root mean squared error of a regression.
    cost : Cost, optional
        What mistakes cost, in the place of a metric. Corrected and new scores then lead to the
        cheapest predictions.
    price : float
        Of a retraining, in the metric's unit added up over rows.
    horizon : int, optional
        Rows until the next decision; default as many as current has.
    minimum_gain : float, optional
        Smallest gain of the metric that counts. Default: 2 % of the way from its present value to
        a perfect one.
    seed : int
        Of the diagnosis, of samples, and of models.
    features, exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba
        See `diagnose`.
    positive, task, unit, season, label_time, matures, holdout
        See `diagnose`.
    diagnosis : Diagnosis, optional
        Made before of just these two periods.

    Returns
    -------
    Decision
        Its table has a row an action: `action`, `fitted_on`, `value` of the metric on the newer
        rows (or on all), `gain` over keeping (positive where it is better) with its 95 % interval
        `lower` and `upper`, `net` (less a retraining's price a row), `break_even` (below which
        price a retraining pays), `labels_needed` (with which it gains most of it),
        `labels_to_settle` (labelled rows in all that would tell whether it is worth it) and
        `note`.

    Raises
    ------
    DriftlibError
        If there is nothing to compare, or a parameter makes no sense.

    Examples
    --------
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(rows=3000, feature_drift=0, label_flips=0.2)
    >>> advise(data.reference, data.current, unit="row").action
    'recalibrate'
    """
    if metric is not None and cost is not None:
        raise ParameterError("metric= and cost= both say what to judge by: give one of them.")
    if horizon is not None and not horizon >= 1:
        raise ParameterError(f"horizon={horizon!r} must be a number of rows, at least 1.")
    for name, number in (("price", price), ("minimum_gain", minimum_gain)):
        if number is not None and not number >= 0:
            raise ParameterError(f"{name}={number!r} must be at least 0.")
    setup = DiagnosisSetup(
        seed=seed,
        features=features,
        exclude=exclude,
        categorical=categorical,
        roles=ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format),
        positive=positive,
        task=task,
        unit=unit,
        season=season,
        label_time=label_time,
        matures=matures,
        holdout=holdout,
    )
    periods = setup.read(reference, current)
    diagnosis = diagnosis or diagnose_periods(periods)
    losses, refused, _ = periods.state.settle(periods.losses, periods.names)
    outcomes = losses.rows
    if outcomes is None:
        raise DataError("advice needs labels and predictions, not a column of losses.")
    judged = select_metrics(
        outcomes.task.kind,
        [metric or cost or USUAL[outcomes.task.kind][outcomes.reference.proba is None]],
        outcomes.reference.proba is not None,
        outcomes.predicted,
    )[0].bound(outcomes.task.classes)
    horizon = horizon or len(periods.current)
    faults = _faults(periods, season)
    lost = bool(outcomes.current.labelled.any()) and np.isnan(losses.current).all()
    if lost and not refused:
        # More labels are of no use where what the model said is lost.
        faults = (*faults, losses.lacking)
    case = Case(judged, diagnosis, periods.units.rule, horizon, faults)
    used = [
        np.flatnonzero(~np.isnan(loss) & has_outputs(rows, judged))
        for loss, rows in (
            (losses.reference, outcomes.reference),
            (losses.current, outcomes.current),
        )
    ]
    known = used[1]
    start, end = span(periods.current, known, timestamp, time_format)
    base = Decision(
        pd.DataFrame(columns=list(COLUMNS)), WAIT, "", "", judged.name, judged.title, np.nan, 0, 0,
        diagnosis.unit, diagnosis.verdict, "", price, np.nan, horizon, np.nan, diagnosis,
        start=start, end=end,
    )  # fmt: skip
    halves = split(
        periods.current, known, periods.units.rule, periods.units.current,
        timestamp, time_format, seed,
    )  # fmt: skip
    # Odd scores are what actions correct; odd labels teach nothing.
    suspect = label_suspicion(replace(periods, losses=losses))
    lacking = refused or suspect or halves.lacking(periods.units.rule)
    if lacking:
        more = np.nan if suspect or lost else float(halves.needed)
        name = MEND if faults else WAIT
        why = reason(case, Choice(name, None), lacking, more)
        return replace(base, action=name, why=why, more_labels=more)
    matrix = None if cost is None else np.array(cost.matrix, dtype=float)
    trial = _trial(
        periods, outcomes.task, outcomes.reference, outcomes.current, halves, judged, matrix,
        used[0], model,
    )  # fmt: skip
    tried = trial.run()
    least = MINIMUM * reach(judged, tried[0].value) if minimum_gain is None else minimum_gain
    terms = Terms(price / horizon, least)
    choice = choose(tried, Jury((trial.judge,)), terms)
    both_ways = choice.name == WAIT and not faults
    if both_ways:
        turned = trial.turned(halves.older_units)
        tried = trial.both_ways(tried, turned)
        choice = choose(tried, Jury((trial.judge, turned.judge)), terms)
    settle = [labels_to_settle(one, terms, len(halves.rows)) for one in tried]
    more = np.nan
    if choice.name == WAIT:
        more = next(n for n, one in zip(settle, tried, strict=True) if one is choice.tried)
    if faults:
        choice = Choice(MEND, choice.tried)
    return replace(
        base,
        table=_table(tried, settle, terms, horizon),
        action=choice.name,
        fitted_on=choice.tried.action.fitted_on
        if choice.tried is not None and choice.name == RETRAIN
        else "",
        why=reason(case, choice, "", more, tried, halves, trial.trainer.name, terms, both_ways),
        value=tried[0].value,
        older=len(halves.older),
        newer=len(halves.newer),
        both_ways=both_ways,
        model=trial.trainer.name,
        minimum_gain=least,
        more_labels=more,
        tried=tuple(tried),
        setup=setup,
        judged_by=trial.judge,
        reference=periods.reference,
        labelled=outcomes.current.take(halves.rows),
        labelled_units=halves.all_units(periods.units.rule, periods.units.current),
    )


def _faults(periods: Periods, season: Any) -> tuple[str, ...]:
    setup = periods.setup
    roles = setup.roles
    drift = detect_drift(
        periods.reference,
        periods.current,
        features=periods.features,
        categorical=setup.categorical,
        timestamp=roles.timestamp,
        time_format=roles.time_format,
        y_true=roles.y_true,
        y_pred=roles.y_pred,
        y_proba=roles.y_proba,
        unit=setup.unit,
        season=season,
    )
    return feed_faults(drift, periods.features)


def _trial(
    periods: Periods,
    task: Task,
    before: Predictions,
    now: Predictions,
    halves: Halves,
    metric: Metric[Any],
    cost: np.ndarray | None,
    reference_rows: np.ndarray,
    model: Any,
) -> Trial:
    kinds, _ = comparable_features(
        periods.reference, periods.current, periods.features, periods.setup.categorical
    )
    older = Side(periods.current, now).take(halves.older)
    text = [name for name, kind in kinds.items() if kind == CATEGORICAL]
    levels = choose_levels([periods.reference, older.frame], text)
    decider = Decider(task.kind) if before.proba is None else own_decider(task, now, cost)
    trainer = Trainer(task, list(kinds), levels, model, decider, periods.setup.seed)
    return Trial(
        Judge(task, metric, halves.units),
        decider,
        trainer,
        Side(periods.reference, before).take(reference_rows),
        older,
        Side(periods.current, now).take(halves.newer),
        np.random.default_rng(periods.setup.seed),
    )


def _table(tried: list[Tried], settle: list[float], terms: Terms, horizon: int) -> pd.DataFrame:
    rows = []
    for one, labels in zip(tried, settle, strict=True):
        keep = one.action.name == KEEP
        low, high = one.gain.interval()
        gain = one.gain.value
        rows.append(
            (
                one.action.name, one.action.fitted_on, one.value, gain, low, high,
                gain - terms.of(one.action), gain * horizon if one.action.is_new_model else np.nan,
                one.labels_needed, np.nan if keep else labels, one.words,
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))
