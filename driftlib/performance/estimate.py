"""Estimate performance without labels: what they would show, were the world the same."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.arrow_frames import index_of
from driftlib.data.groups import window_groups
from driftlib.data.like_rows import read_cells
from driftlib.data.maturity import read_maturity
from driftlib.data.predictions import Period
from driftlib.data.read_predictions import name_tables, parse_predictions
from driftlib.data.schema import ColumnRoles, select_features
from driftlib.data.season import season_names
from driftlib.data.unit_choice import AUTO
from driftlib.data.unit_words import few_in_reference
from driftlib.data.units import ROW
from driftlib.data.windows import followed_time
from driftlib.domain.features import comparable_features
from driftlib.domain.result import Domain
from driftlib.domain.reuse import check_domains
from driftlib.errors import check_choice
from driftlib.performance.alarms import POLICY, raise_alarms
from driftlib.performance.assumptions import MixtureCheck
from driftlib.performance.error_size import size_inputs
from driftlib.performance.estimate_inputs import (
    check_labels,
    check_learnt,
    compared_kinds,
    has_label,
    is_regression,
    learnt_parts,
    probability_columns,
)
from driftlib.performance.estimated_values import Expectation, estimate_values
from driftlib.performance.evaluate import evaluate
from driftlib.performance.expected_classes import ClassExpectation
from driftlib.performance.expected_losses import LossExpectation
from driftlib.performance.late import only_mature
from driftlib.performance.limits import compared_metrics, read_thresholds
from driftlib.performance.metrics import Asked, select_metrics
from driftlib.performance.policy import AlertPolicy
from driftlib.performance.reference_calibration import Features, ReferenceCalibration
from driftlib.performance.reference_groups import labelled_sums, reference_groups
from driftlib.performance.reference_values import reference_values
from driftlib.performance.result import Performance, read_segments, result_notes
from driftlib.performance.tables import judged_table, long_table
from driftlib.performance.training_rows import read_holdout, training_words
from driftlib.performance.unit_effects import EstimateJudge, ResidualEffects
from driftlib.performance.unit_numbers import number_units
from driftlib.performance.units import UnitComparison, widened
from driftlib.stats.calibration import reliability

# Direct loss estimation: what a regression is estimated with.
DLE = "dle"
SAME_WORLD = "the relation between inputs and labels has not changed"
SAME_CHANCES = (
    f"This holds only if {SAME_WORLD}: rows with the same inputs must have the same chance of "
    "each label as in the reference."
)
ASSUMPTIONS = {
    "cbpe": (
        f"{SAME_CHANCES} If the mix of inputs has changed too, nothing is promised about the "
        "error; PAPE allows for such a change."
    ),
    "pape": (
        f"{SAME_CHANCES} A changed mix of inputs is allowed for, where the reference has rows "
        "like the new ones; in simulations with such changes the 95 % intervals held about 9 in "
        "10 realised values."
    ),
    DLE: (
        f"This holds only if {SAME_WORLD}: rows with the same inputs must have errors of the same "
        "size as in the reference. A changed mix of inputs is allowed for, where the reference "
        "has rows like the new ones."
    ),
}


@dataclass(frozen=True)
class Estimate(Performance):
    """Performance estimated without labels.

    Parameters
    ----------
    table, task, classes, reference, notes, by, unit_rule, unit_numbers, compared, rule
        As of `driftlib.Performance`; the reference's values are realised ones.
    likes, policy, odd, before
        As of `driftlib.Performance`.
    method : {"cbpe", "pape", "dle"}
    check : callable
        Makes `reliability`, which takes as long as a window and is looked at on pages only.
    warning : str
        Why the reference may not do for an estimate; empty where nothing is known against it.
    """

    method: str = "cbpe"
    check: Callable[[], pd.DataFrame] = field(default=pd.DataFrame, repr=False, compare=False)
    warning: str = ""

    @cached_property
    def reliability(self) -> pd.DataFrame:
        """The calibration check on the reference, cross-fitted.

        See `driftlib.stats.calibration.reliability`; of a regression, the errors that rows of
        the reference were expected to have and had.
        """
        return self.check()

    @property
    def assumption(self) -> str:
        """What must be true for the numbers to be, and what is promised then."""
        return ASSUMPTIONS[self.method]

    @property
    def headline(self) -> str:
        """The finding in one sentence, with its condition."""
        said = f"; {self.warning}" if self.warning else ""
        return f"Estimated without labels: {super().headline}; holds only if {SAME_WORLD}{said}"

    def _reason(self, reference: float, current: float) -> str:
        # What days do to labels only the reference's can tell.
        few = few_in_reference(self.unit_rule, reference)
        return few or super()._reason(reference, current)

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        return {
            **super().details,
            "method": self.method,
            "assumption": self.assumption,
            "warning": self.warning,
            "reliability": self.reliability,
        }

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{html.escape(self.assumption)}</p>"


@known_keywords(rows="pass a number of rows as window=")
def estimate_performance(
    reference: Any,
    current: Any,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    metrics: Iterable[Asked] | None = None,
    method: str = "cbpe",
    *,
    thresholds: Mapping[str, float | str] | None = None,
    threshold: float | None = None,
    task: str = "auto",
    seed: int = 0,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    unit: str = AUTO,
    season: str | Iterable[str] | None = None,
    policy: AlertPolicy = POLICY,
    label_time: str | None = None,
    matures: str | None = None,
    holdout: bool | None = None,
    domain: Domain | Sequence[Domain | None] | None = None,
) -> Estimate:
    """Estimate performance over windows before labels arrive.

    What it rests on, and where it misleads: :doc:`/reading/estimates`.

    A calibration learnt on the labelled reference turns each of a classifier's probabilities into
    the chance of each label; the metrics are what labels drawn from those chances would show. Of
    a regression, a model of the size of its errors, learnt on the labelled reference from the
    features and the prediction, says what errors new rows have.
    The interval is one for the value that labels will show: it holds both the chance in the
    labels and the error of what was learnt.

    Parameters
    ----------
    reference : frame, table, str or Path
        Labels, predictions and a classifier's probabilities from when the model was good; for
        "pape" and "dle" the features as well.
    current : frame, table, str or Path
        Predictions and probabilities, and for "pape" and "dle" the features. Labels, if there are
        any, are counted and not looked at. Rows without a prediction or probability are left out,
        and `note` counts them.
    window, step, on
        As for `driftlib.track_performance`.
    by : str or list of str, optional
        Segment columns: the same table for each segment, judged by the reference's values of
        the segment, and calibrated on its own reference rows where these are 50 or more with
        at least two labels; else on those of all segments, and `note` says so.
    metrics : list of str, optional
        As for `driftlib.track_performance`.
    method : {"cbpe", "pape", "dle"}
        How a classifier is estimated; a regression always is with "dle". "cbpe" uses all of the
        reference alike. "pape" weighs reference rows by how much commoner rows like them are in
        the window, which allows for a changed mix of inputs; it fits a classifier to each window:
        about two seconds for 50,000 reference rows and 20 features. "dle" learns the size of
        errors from inputs, which allows for such a change too.
    thresholds : dict, optional
        As for `driftlib.track_performance`. Without any, every metric is compared with the
        reference itself.
    threshold, task
        As for `driftlib.track_performance`.
    seed : int
        Of the draws that the intervals are made of, and of "pape"'s classifier.
    features : list of str, optional
        What "pape" compares and "dle" learns from; default every column that is no label,
        prediction or time, and that neither windows, segments nor units are made by.
    exclude : list of str
        Columns that neither of them takes.
    categorical : list of str
        Numeric features that are codes.
    timestamp, time_format, y_true, y_pred, y_proba : str
        See `Baseline.fit`. Names of the columns.
    positive : label, optional
        Default: the larger of two labels.
    unit : str
        As for `driftlib.track_performance`. The labels of a day (or customer) turn out better or
        worse together than its scores say; how far, the reference shows, and the interval
        holds it.
    season : str or list of str, optional
        As for `driftlib.track_performance`. Each window is also calibrated on the reference's
        rows of its own cells, where these are 50 or more with at least two labels.
    policy : AlertPolicy
        As for `driftlib.track_performance`.
    label_time, matures : str, optional
        As for `driftlib.track_performance`: rows of the reference of a time when labels are still
        to come teach nothing.
    holdout : bool, optional
        Whether the model was kept from the reference's rows when it was trained. By default that
        is not known, and `warning` says so where they look like training rows, from which
        estimates are too good; False says that they are, True that they are not.
    domain : Domain or sequence of (Domain or None), optional
        What tells the rows of the reference from those of each segment and window, for "pape",
        where that is fitted already: `driftlib.diagnose_windows(...).domains` of the same frames,
        windows, features, unit and season, or `driftlib.fit_domain(...)` where all of current is
        one window. Where there is none, or it cannot tell, one is fitted.

    Returns
    -------
    Estimate
        `table` as of `driftlib.track_performance`, `estimated` being True; `reliability`, the
        calibration check on the reference; `assumption`, what all of it rests on.

    Raises
    ------
    DriftlibError
        If the reference has no labels, either side has no probabilities, or columns hold
        values that cannot be used.

    Notes
    -----
    Under one assumption, that P(label | inputs) is that of the reference: without a change in
    the inputs the intervals hold the realised accuracy, roc_auc and f1 in 93 to 97 % of
    simulated windows. With one, "cbpe" promises nothing.

    References
    ----------
    Bialek and others (2024), Estimating model performance under covariate shift without
    labels, arXiv 2401.08348.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = rng.beta(1, 2, 6000)
    >>> rows = pd.DataFrame({"y_proba": score, "y_pred": (score > 0.5).astype(int)})
    >>> march = rows[:3000].assign(y_true=(rng.random(3000) < score[:3000]).astype(int))
    >>> april = rows[3000:]
    >>> estimate = estimate_performance(march, april, window=1000, metrics=["accuracy"])
    >>> estimate.headline
    'Estimated without labels: No metric is worse than in the reference: Accuracy 0.742 to 0.755
    over 3 windows; holds only if the relation between inputs and labels has not changed'
    """
    check_choice("method", method, ASSUMPTIONS)
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format)
    (name, before), (current_name, now) = name_tables(reference=reference, current=current)
    on = followed_time(window, on, timestamp, now.columns, current_name)
    segments = read_segments(by, now.columns, current_name)
    frames = {name: before, current_name: now}
    check_labels(name, before, roles)
    of_numbers = is_regression(task, name, before, roles)
    columns = [] if of_numbers else probability_columns(frames, roles)
    unlabelled = now[[column for column in (y_pred, *columns) if column in now.columns]]
    found, (known, new) = parse_predictions(
        [(name, before), (current_name, unlabelled)],
        roles,
        task,
        positive,
        [current_name],
        not of_numbers,
        threshold,
    )
    maturity = read_maturity(
        [(current_name, now), (name, before)], y_true, label_time, matures, on or timestamp,
        time_format,
    )  # fmt: skip
    past = Period(name, before, known)
    if maturity is not None:
        past = only_mature(past, maturity.sides[1], maturity.words)
        known = past.predictions
    chosen = select_metrics(found.kind, metrics, True, bool(new.predicted.any()))
    chosen = [metric.bound(found.classes) for metric in chosen]
    limits = read_thresholds(thresholds, found.kind, chosen, has_reference=True)
    groups = window_groups(now, window, step, on, segments, current_name, time_format)
    whole = window_groups(before, by=segments, where=name)
    past = Period(name, before, known)
    units = number_units(unit, Period(current_name, now, new), past, window, on, time_format)
    timed = replace(roles, timestamp=on or timestamp)
    cells = read_cells(season, (name, before), (current_name, now), timed)
    like = reference_groups(groups, whole, cells)
    rows = known.labelled & known.usable
    learnt = known.take(rows)
    check_learnt(name, learnt, found, roles)
    named = replace(roles, season=season_names(season))
    wanted = select_features(
        before.columns, named, features, categorical, name, exclude, index_of(before)
    )
    if features is None:
        followed = (window, on, units.rule.column, label_time, *segments)
        wanted = [column for column in wanted if column not in followed]
    shared, _ = comparable_features(before, now, [w for w in wanted if w in now], categorical)
    check = MixtureCheck(found, known, before, now, list(shared))
    surer = check.surer_of_reference(new, np.flatnonzero(new.usable))
    trained = training_words(known, new, surer, read_holdout(holdout))
    by_units = units.rule.kind != ROW
    parts = learnt_parts(like.groups, rows)
    left_out: tuple[str, ...] = ()
    expectation: Expectation
    own = units.reference[rows] if by_units else None
    if of_numbers:
        method = DLE
        inputs = size_inputs((before[rows], now), shared, (learnt.pred, new.pred))
        expectation = LossExpectation(
            learnt, inputs, chosen, parts, seed, own, units.current, units.rule.memory,
            cells is not None,
        )  # fmt: skip
        trust = expectation.reliability
    else:
        compared: Features | None = None
        if method == "pape":
            kinds, left_out = compared_kinds(frames, wanted, categorical)
            compared = Features(
                before.loc[rows, list(kinds)], now[list(kinds)], kinds, roles, seed,
                units.current if by_units else None, check_domains(domain, groups, list(kinds)),
                np.flatnonzero(rows),
            )  # fmt: skip
        learning = ReferenceCalibration(learnt, parts, compared, own, cells is not None)
        count = len(found.classes)
        effects = ResidualEffects(chosen, count, units.rule.memory) if by_units else None
        expectation = ClassExpectation(
            new, count, chosen, learning, seed, effects, units.current, check
        )
        known_labels = learnt.scores, learnt.pred, learnt.y
        trust = partial(reliability, *known_labels, found.classes, seed=seed)
    estimate = partial(
        estimate_values, expectation, new, has_label(now, roles), parts=like.places, metrics=chosen
    )
    made = estimate(groups=groups)
    part = estimate(groups=like.compared) if like.partly else None
    measured, judge, comparison = evaluate(known, found, whole, chosen), None, None
    if by_units:
        sides = [
            labelled_sums(known, own, units.reference, found, chosen)
            for own in (whole, like.groups)
        ]
        measured = widened(measured, UnitComparison(units, sides[0]).of_reference(), chosen)
        comparison = UnitComparison(units, (part or made).sums, sides[1], like.places)
        judge = EstimateJudge(comparison, made.as_rows).judge
    told = None if part is None else part.values  # noqa: PD011
    realised = reference_values(past, like, comparison, found, chosen, told)
    # What days do to a difference is judged by the intervals of both.
    realised = replace(realised, measured=realised.shown)
    column = window if window in now.columns else on
    calibrated = f"calibrated on {len(learnt.y):,} reference rows"
    judged = judged_table(groups, chosen, made.values, limits, realised, True, judge)
    of_reference = long_table(whole, chosen, measured)
    table, rule = raise_alarms(judged, chosen, limits, segments, True, policy=policy)
    return Estimate(
        table,
        found.kind,
        found.classes,
        of_reference,
        (*result_notes(found, (known, new), groups, column, calibrated, trained), *left_out),
        tuple(segments),
        units.rule,
        units.numbers,
        compared_metrics(chosen, limits),
        method=method,
        warning=trained,
        check=trust,
        rule=rule,
        likes=like.likes,
        policy=policy,
    )
