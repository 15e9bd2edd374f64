"""Performance without labels: what labels would show, if the model still meets the same world."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups, window_groups
from driftlib.data.predictions import Predictions, read_predictions
from driftlib.data.schema import CATEGORICAL, ColumnRoles, select_features
from driftlib.data.sources import read_frame, source_name
from driftlib.data.task import Task, class_columns
from driftlib.domain.classifier import MOST_AUC, fit_domain
from driftlib.domain.features import comparable_features
from driftlib.errors import DataError, check_choice
from driftlib.performance.evaluate import Measured, measure
from driftlib.performance.limits import judge, read_thresholds
from driftlib.performance.metrics import Metric, select
from driftlib.performance.predictive import predictive_interval
from driftlib.performance.result import Performance, long_table
from driftlib.stats.aggregates import group_sums
from driftlib.stats.calibration import Calibrator, fit_calibrator, reliability
from driftlib.text import join_notes, quoted

SAME_WORLD = "the relation between inputs and labels has not changed"
SAME_CHANCES = (
    f"This holds only if {SAME_WORLD}: rows with the same inputs must have the same chance of "
    "each label as in the reference."
)
ASSUMPTIONS = {
    "cbpe": (
        f"{SAME_CHANCES} If the mix of inputs has changed too, nothing is promised about the "
        "error; PAPE (method='pape') allows for such a change."
    ),
    "pape": (
        f"{SAME_CHANCES} A changed mix of inputs is allowed for, where the reference has rows "
        "like the new ones; in simulations with such changes the 95 % intervals held about 9 in "
        "10 realised values."
    ),
}

# Fewer rows than this cannot teach the domain classifier anything.
LEAST_WEIGHED = 50
FEW_EFFECTIVE = 200

# Positions of a window's rows in the current frame to a calibrator and what is to be said of it.
Calibrate = Callable[[np.ndarray], tuple[Calibrator, str]]


@dataclass(frozen=True)
class Estimate(Performance):
    """Performance estimated without labels.

    Attributes
    ----------
    method : {"cbpe", "pape"}
    reliability : pandas.DataFrame
        The calibration check on the reference, cross-fitted: see
        `driftlib.stats.calibration.reliability`.
    """

    method: str = "cbpe"
    reliability: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    @property
    def assumption(self) -> str:
        """What must be true for the numbers to be, and what is promised then."""
        return ASSUMPTIONS[self.method]

    @property
    def headline(self) -> str:
        """The finding in one sentence, with its condition."""
        return f"Estimated without labels: {super().headline}; holds only if {SAME_WORLD}"

    @property
    def details(self) -> dict[str, Any]:
        return {
            **super().details,
            "method": self.method,
            "assumption": self.assumption,
            "reliability": self.reliability,
        }

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{html.escape(self.assumption)}</p>"


def estimate_performance(
    reference: Any,
    current: Any,
    features: Iterable[str] | None = None,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    metrics: Iterable[str] | None = None,
    method: str = "cbpe",
    *,
    thresholds: Mapping[str, float | str] | None = None,
    positive: Any = None,
    categorical: Iterable[str] = (),
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    seed: int = 0,
) -> Estimate:
    """Performance of a classifier over windows, from its probabilities, before labels arrive.

    A calibration learnt on the labelled reference turns each score into the chance of each
    label; the metrics are what labels drawn from those chances would show. The interval is
    one for the value that labels will show: it holds both the chance in the labels and the
    error of the calibration.

    Parameters
    ----------
    reference : frame, table, str or Path
        Labels, predictions and probabilities from when the model was good; for "pape" the
        features as well.
    current : frame, table, str or Path
        Predictions and probabilities, and for "pape" the features. Labels, if there are any,
        are counted and not looked at. Rows without a prediction or probability are left out,
        and `note` counts them.
    features : list of str, optional
        What "pape" compares; default every column that is no label, prediction or `on`.
    window, step, on, metrics, thresholds, positive, y_true, y_pred, y_proba
        As for `driftlib.track_performance`; a metric without a threshold is compared with
        the reference itself.
    method : {"cbpe", "pape"}
        "cbpe" uses all of the reference alike. "pape" weighs reference rows by how much
        commoner rows like them are in the window, which allows for a changed mix of inputs;
        it fits a classifier to each window: about two seconds for 50,000 reference rows and
        20 features.
    categorical : list of str
        Numeric features that are codes.
    seed : int
        Of the draws that the intervals are made of, and of "pape"'s classifier.

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
    'Estimated without labels: No metric is worse than in the reference: Accuracy 0.747 to 0.76
    over 3 windows; holds only if the relation between inputs and labels has not changed'
    """
    check_choice("method", method, ASSUMPTIONS)
    roles = ColumnRoles(y_true, y_pred, y_proba, on)
    names = _names(reference, current)
    reference, current = read_frame(reference, "reference"), read_frame(current, "current")
    columns = _probability_columns(names, reference, current, roles)
    _check_labels(names[0], reference, roles)
    unlabelled = current[[name for name in (y_pred, *columns) if name in current.columns]]
    problem, (known, new) = read_predictions(
        [(names[0], reference), (names[1], unlabelled)], roles, "auto", positive, [names[1]]
    )
    chosen = select(problem.task, metrics, has_proba=True)
    limits = read_thresholds(thresholds, problem.task, chosen, has_reference=True)
    size = on if window is None else window
    layout = window_groups(current, size, step, on, where=names[1])

    rows = known.labelled & _usable(known)
    learnt = known.take(rows)
    _check_classes(names[0], learnt, problem, roles)
    notes = _notes(problem, (known, new), layout, roles, int(rows.sum()))
    if method == "cbpe":
        calibrate = _alike(learnt)
    else:
        wanted = select_features(reference.columns, roles, features, categorical, names[0])
        kinds, left_out = _compared(names, reference, current, wanted, categorical)
        notes += left_out
        sides = reference.loc[rows, list(kinds)], current[list(kinds)]
        codes = [name for name, kind in kinds.items() if kind == CATEGORICAL]
        calibrate = _weighed(learnt, *sides, codes, roles, seed)
    labelled = _labelled(current, roles)
    measured = _estimate(new, labelled, problem, layout, chosen, calibrate, seed)
    whole = window_groups(reference, where=names[0])
    realised = measure(known, problem, whole, chosen)
    judged = judge(measured, chosen, limits, _repeated(realised, len(measured.n)))
    return Estimate(
        long_table(layout, chosen, measured, judged, estimated=True),
        problem.task,
        problem.classes,
        long_table(whole, chosen, realised),
        notes,
        method=method,
        reliability=reliability(learnt.proba, learnt.pred, learnt.y, problem.classes, seed=seed),
    )


def _names(reference: Any, current: Any) -> tuple[str, str]:
    names = source_name(reference, "reference"), source_name(current, "current")
    return names if names[0] != names[1] else (f"reference {names[0]}", f"current {names[1]}")


def _probability_columns(
    names: tuple[str, str], reference: pd.DataFrame, current: pd.DataFrame, roles: ColumnRoles
) -> list[str]:
    """Columns of probabilities, which both frames must have."""
    single = [roles.y_proba] if roles.y_proba in reference.columns else []
    columns = single or list(class_columns(reference, roles).values())
    for name, frame in zip(names, (reference, current), strict=True):
        lacking = [column for column in columns or [roles.y_proba] if column not in frame.columns]
        if lacking:
            raise DataError(
                f"{name} has no column {quoted(lacking)} (it has: {quoted(frame.columns)}): an "
                "estimate is made from a classifier's probabilities, in one column or one named "
                f'{roles.y_proba}_<class> for each class. Pass y_proba="..." if they are under '
                "another name."
            )
    return columns


def _check_labels(name: str, reference: pd.DataFrame, roles: ColumnRoles) -> None:
    if roles.y_true in reference.columns and reference[roles.y_true].notna().any():
        return
    raise DataError(
        f"{name} has no labels in a column {roles.y_true!r} (it has: {quoted(reference.columns)}): "
        "an estimate learns from a labelled reference what the probabilities mean. Pass "
        'y_true="..." if the labels are under another name.'
    )


def _check_classes(name: str, learnt: Predictions, problem: Task, roles: ColumnRoles) -> None:
    found = np.unique(learnt.y)
    if len(found) > 1:
        return
    holds = f"only the label {problem.classes[found[0]]!r}" if len(found) else "no label"
    raise DataError(
        f"{name} column {roles.y_true!r} holds {holds} in the rows that have a prediction and a "
        "probability: an estimate needs a reference with at least two labels."
    )


def _compared(
    names: tuple[str, str],
    reference: pd.DataFrame,
    current: pd.DataFrame,
    wanted: Sequence[str],
    categorical: Iterable[str],
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Kinds of the features that can be compared, and why others cannot."""
    kinds, skipped = comparable_features(reference, current, wanted, categorical)
    left_out = tuple(f"{name!r}: {why}" for name, why in skipped.items())
    if not kinds:
        raise DataError(
            f"{names[0]} and {names[1]} share no feature, and method='pape' compares features "
            f"({'; '.join(left_out[:5]) or 'there are none'}): add some, or use method='cbpe'."
        )
    return kinds, left_out


def _usable(outcomes: Predictions) -> np.ndarray:
    """Whether each row has a prediction and probabilities."""
    proba = outcomes.proba
    return outcomes.predicted & ~np.isnan(proba if proba.ndim == 1 else proba.sum(1))


def _labelled(current: pd.DataFrame, roles: ColumnRoles) -> np.ndarray:
    """Whether each row has a label."""
    if roles.y_true not in current.columns:
        return np.zeros(len(current), bool)
    return current[roles.y_true].notna().to_numpy()


def _repeated(measured: Measured, groups: int) -> Measured:
    """The one group of `measured`, as many times as there are groups to compare with it."""
    arrays = (measured.value, measured.lower, measured.upper, measured.n, measured.n_labelled)
    return Measured(*(np.repeat(array, groups, axis=0) for array in arrays), [])


def _notes(
    problem: Task,
    outcomes: Sequence[Predictions],
    layout: WindowGroups,
    roles: ColumnRoles,
    learnt: int,
) -> tuple[str, ...]:
    notes = [f"{problem.task}: {problem.reason}", f"calibrated on {learnt:,} reference rows"]
    if problem.positive:
        notes[0] += f"; the positive label is {problem.positive!r}"
    if layout.left_out:
        notes.append(f"{layout.left_out:,} rows without {roles.timestamp!r} are in no window")
    return (*notes, *(note for one in outcomes for note in one.notes))


def _alike(learnt: Predictions) -> Calibrate:
    """One calibration for all windows, from reference rows that count alike."""
    calibrator = fit_calibrator(learnt.proba, learnt.pred, learnt.y)
    return lambda rows: (calibrator, "")


def _weighed(
    learnt: Predictions,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    categorical: Sequence[str],
    roles: ColumnRoles,
    seed: int,
) -> Calibrate:
    """A calibration for each window, from reference rows weighed to look like it."""

    def calibrate(rows: np.ndarray) -> tuple[Calibrator, str]:
        smaller = min(len(rows), len(reference))
        if smaller < LEAST_WEIGHED:
            alike, _ = _alike(learnt)(rows)
            return alike, f"only {smaller} rows to learn the mix of inputs from: taken as unchanged"
        domain = fit_domain(
            reference, current.iloc[rows], categorical=categorical, seed=seed, roles=roles
        )
        part = learnt.take(domain.reference_rows)
        # A few huge weights cost more in variance than they save in bias (Ionides 2008).
        ratio = domain.reference_ratio
        weights = np.minimum(ratio, np.sqrt(len(ratio)) * ratio.mean())
        calibrator = fit_calibrator(part.proba, part.pred, part.y, weights)
        return calibrator, _support(weights, domain.auc)

    return calibrate


def _support(weights: np.ndarray, auc: float) -> str:
    """What is to be said where few reference rows are like the window's."""
    effective = weights.sum() ** 2 / (weights**2).sum()
    said = f"rests on about {effective:,.0f} of {len(weights):,} reference rows"
    if auc > MOST_AUC:
        return f"hardly any reference row is like these (AUC {auc:.3f}), {said}: do not rely on it"
    return said if effective < FEW_EFFECTIVE else ""


def _estimate(
    new: Predictions,
    labelled: np.ndarray,
    problem: Task,
    layout: WindowGroups,
    metrics: Sequence[Metric],
    calibrate: Calibrate,
    seed: int,
) -> Measured:
    """Values and intervals of each window, whose labels are only counted."""
    positions, usable = np.arange(len(new.pred))[layout.rows], _usable(new)
    limits = np.full((3, len(layout.lo), len(metrics)), np.nan)
    notes = []
    for group, (lo, hi) in enumerate(zip(layout.lo.tolist(), layout.hi.tolist(), strict=True)):
        rows = positions[lo:hi]
        used = rows[usable[rows]]
        lost = len(rows) - len(used)
        said = [layout.notes[group]]
        said.append(f"{lost:,} rows without a prediction or probability" if lost else "")
        reasons = [""] * len(metrics)
        if len(used):
            calibrator, remark = calibrate(used)
            part, rng = new.take(used), np.random.default_rng([seed, group])
            limits[:, group] = predictive_interval(
                calibrator, part, len(problem.classes), metrics, rng
            )
            said.append(remark)
            reasons = [
                "" if known else f"expected to be undefined: {metric.undefined}"
                for metric, known in zip(metrics, np.isfinite(limits[0, group]), strict=True)
            ]
        notes.append(
            [
                join_notes(reason, *said, new.opposed if m.needs_proba else "")
                for m, reason in zip(metrics, reasons, strict=True)
            ]
        )
    counted = group_sums(labelled[layout.rows].astype(np.int64), layout.lo, layout.hi)
    return Measured(*limits, layout.hi - layout.lo, counted, notes)
