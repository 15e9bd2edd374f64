"""Track performance: metrics over windows and segments, with intervals and thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from driftlib.arguments import known_keywords
from driftlib.data.groups import WindowGroups, window_groups
from driftlib.data.like_rows import SeasonCells, read_cells
from driftlib.data.maturity import read_maturity
from driftlib.data.predictions import Period
from driftlib.data.read_predictions import read_predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import Task
from driftlib.data.unit_choice import AUTO
from driftlib.data.units import ROW
from driftlib.data.windows import followed_time
from driftlib.errors import DriftlibError
from driftlib.performance.alarms import NO_WINDOWS, POLICY, ReferenceWindows, goes_on, raise_alarms
from driftlib.performance.evaluate import evaluate
from driftlib.performance.late import LateLabels, hold_by_signs, only_mature
from driftlib.performance.limits import compared_metrics, read_thresholds
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import METRICS, Asked, select_metrics
from driftlib.performance.policy import AlertPolicy
from driftlib.performance.reference_groups import (
    ReferenceGroups,
    labelled_sums,
    like_sums,
    reference_groups,
)
from driftlib.performance.reference_values import reference_values
from driftlib.performance.result import Performance, read_segments, result_notes
from driftlib.performance.tables import judged_table, long_table
from driftlib.performance.unit_numbers import NumberedUnits, number_units
from driftlib.performance.units import UnitComparison, widened
from driftlib.performance.unlikely_labels import unlike_windows, usual_labels
from driftlib.stats.sequential import LEAST_WINDOWS
from driftlib.text import counted


@known_keywords(rows="pass a number of rows as window=")
def track_performance(
    frame: Any,
    task: str = "auto",
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    metrics: Iterable[Asked] | None = None,
    thresholds: Mapping[str, float | str] | None = None,
    reference: Any = None,
    *,
    threshold: float | None = None,
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
) -> Performance:
    """Track the performance of a model over windows, from labels and predictions.

    Labels that are late or lacking: :doc:`/guides/labels`; tasks: :doc:`/guides/kinds`.

    Parameters
    ----------
    frame : frame, table, str or Path
        Labels, predictions and, where there are any, probabilities: `y_proba` of the positive
        label, or `y_proba_<class>` for each class. Rows without a label are counted in `n` and
        enter no metric; rows without a prediction or probability do not enter the metrics that
        need one, and `note` counts them.
    task : {"auto", "binary", "multiclass", "regression"}
        "auto" infers it from the columns, see `driftlib.data.task.infer_task`; the
        result's `task`, `positive` and `notes` say what was told and why.
    window : int or str, optional
        A number of rows, in order of the time column where there is one; the name of a column,
        for a window a value; or a pandas offset such as "7D" or "MS" on the time column.
        Default: one window of all rows.
    step : int, optional
        Rows from the start of one window to the next; only with a number of rows.
    on : str, optional
        The time column; default `timestamp`.
    by : str or list of str, optional
        Segment columns: the same table for each segment. Windows by calendar or value are
        those of the whole frame; windows of a number of rows count the segment's own rows.
    metrics : list of str, optional
        Default: all of the task that can be computed. Binary: accuracy, precision, recall,
        specificity, f1, roc_auc, average_precision, log_loss, brier. Multiclass: accuracy;
        precision, recall and f1 averaged over the classes where they are defined; roc_auc
        (one against the rest, averaged); log_loss. Regression: mae, rmse, mape (over rows whose
        label is not 0), r2. On request, of classes: mcc, kappa, weighted_f1, "precision:<label>"
        and "recall:<label>"; and `driftlib.Metric` and `driftlib.Cost` of your own.
    thresholds : dict, optional
        By metric: a number, the worst value that is still good; or text such as "-0.05", how
        much worse than the reference a value may be. The number's sign does not matter, the
        metric's direction does: "-0.05" for accuracy is the reference's accuracy less 0.05,
        "+0.05" (or "-0.05") for log_loss is the reference's log loss plus 0.05.
    reference : frame, table, str or Path, optional
        Labels and predictions from when the model was good; with `by` it needs those columns
        too. Without any thresholds every metric is compared with the reference itself.
    threshold : float, optional
        The probability from which on a row of two classes is predicted positive; it makes the
        predictions, also where there are some. Without predictions or a threshold there are the
        metrics of probabilities.
    features, exclude, categorical : list of str, optional
        Taken so that the same keywords serve every function: metrics are of labels and
        predictions, whatever the features are.
    timestamp : str, optional
        The column that says when a row was seen.
    time_format : str, optional
        How the time column is written: see `Baseline.fit`.
    y_true, y_pred, y_proba : str
        Names of the columns.
    positive : label, optional
        Default: the larger of two labels.
    unit : str
        What rows were drawn in: see `Baseline.fit`. "auto" follows the reference's time column
        (`on`, else `timestamp`), without a reference the frame's own; a window shorter than a unit
        is one.
    season : str or list of str, optional
        "hour", "weekday" or "month" of the time column, or columns: what like is compared with
        like by. Each window is compared with the reference's rows of its own cells, in the shares
        that it has of them; rows of cells that the reference lacks are not compared, and a window
        of no others says that it cannot be told. Without a reference there is nothing to compare.
    policy : AlertPolicy
        Of its fields, `budget` and `windows`: how often a run of windows without any change may
        alarm.
    label_time : str, optional
        Column that says when each row's label became known. Windows in which labels are still to
        come are held: never breached or degraded. They get the value that is expected once all
        labels are there, from those that are, from what scores mean and from how long labels
        took, learnt from rows that are old enough. It needs a time column.
    matures : str, optional
        How long a row waits for its label, such as "180D". Default: with `label_time` the time in
        which 99 % of the labels of every class came. Alone, young windows get the value that
        their scores let expect, whatever labels are there. "0D" says that labels do not come
        late. With neither, windows are held where the share of rows with a label falls off
        towards the newest, or rows with a label have other scores than those without.

    Returns
    -------
    Performance
        Its table has a row per segment, window and metric: window (from 0), start, end, the
        segment columns, n (rows), n_labelled, metric, value, lower and upper (95 % interval),
        threshold, breached, degraded, estimated (False but for held windows), note, design_effect,
        units_reference, units_current, held (whether the window is not judged, for
        labels that are still to come; what is expected of it is `estimated`). `breached`: the
        value is on the wrong side of the threshold. `degraded`: that is more than noise; the
        whole interval is beyond an absolute threshold, or the 95 % interval of the difference
        from the reference is beyond the tolerance (0 without thresholds). Each window and
        metric is judged alone: with no change at all a comparison with the reference calls one
        in 40 degraded. Intervals know the units: `design_effect` says how many times the variance
        is what independent rows would give. Where there are too few units nothing is degraded
        against the reference, and `note` and the headline say that it cannot be told.

    Raises
    ------
    DriftlibError
        If columns are missing or hold values that cannot be used, naming the first.

    Notes
    -----
    Intervals: Wilson for shares, and through it for F1; DeLong on the logit scale or Newcombe's
    method 5 for the ROC AUC; influence function on the logit scale for average precision; Hall's
    transformation of Student's t for losses; jackknife for R2. In simulations from 100 rows with
    10 positives up they hold the true value in 93 to 97 % of windows, averaged over true values;
    the rmse of errors with heavy tails (Student's t with 5 degrees of freedom) in 92.5 to 94 %.

    Examples
    --------
    >>> import pandas as pd
    >>> predictions = [0, 1] * 50 + [1, 0] * 10 + [0, 1] * 40
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 100, "y_pred": predictions})
    >>> perf = track_performance(frame, window=100, thresholds={"accuracy": 0.9, "f1": 0.5})
    >>> perf.headline
    'Accuracy is below its threshold in 1 of 2 windows, degraded beyond noise in 1 (first row 101)'
    >>> perf = track_performance(frame, window=100, metrics=["f1"], thresholds={"f1": 0.9})
    >>> perf.table[["window", "value", "lower", "upper", "breached", "degraded"]].round(3)
       window  value  lower  upper  breached  degraded
    0       0    1.0  0.963  1.000     False     False
    1       1    0.8  0.702  0.872      True      True
    """
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format)
    found, now, past = read_predictions(
        frame,
        reference,
        roles=roles,
        task=task,
        positive=positive,
        scores_do=True,
        threshold=threshold,
    )
    on = followed_time(window, on, timestamp, now.frame.columns, now.name)
    segments = read_segments(by, now.frame.columns, now.name)
    has_proba = now.predictions.proba is not None
    # Predictions that are all out of range are there, too.
    has_pred = not has_proba or bool(now.predictions.predicted.any())
    chosen = select_metrics(found.kind, metrics, has_proba, has_pred)
    chosen = [metric.bound(found.classes) for metric in chosen]
    limits = read_thresholds(thresholds, found.kind, chosen, past is not None)
    groups = window_groups(now.frame, window, step, on, segments, now.name, time_format)
    maturity = read_maturity(
        [(one.name, one.frame) for one in (now, past) if one is not None],
        y_true,
        label_time,
        matures,
        on or timestamp,
        time_format,
    )
    if past is not None and maturity is not None:
        past = only_mature(past, maturity.sides[1], maturity.words)
    values = evaluate(now.predictions, found, groups, chosen)
    units = number_units(unit, now, past, window, on, time_format)
    cells, known, comparison, of_reference = None, None, None, None
    like = ReferenceGroups(groups, np.full(len(groups.lo), -1), groups)
    if past is not None:
        whole = window_groups(past.frame, by=segments, where=past.name)
        followed = replace(roles, timestamp=on or timestamp)
        cells = read_cells(season, (past.name, past.frame), (now.name, now.frame), followed)
        like = reference_groups(groups, whole, cells)
    if units.rule.kind != ROW:
        comparison = _by_units(units, now, past, groups, like, cells, found, chosen)
    if past is not None:
        part = evaluate(now.predictions, found, like.compared, chosen) if like.partly else None
        known = reference_values(past, like, comparison, found, chosen, part)
        measured = evaluate(past.predictions, found, whole, chosen)
        if comparison is not None:
            sums = labelled_sums(past.predictions, whole, units.reference, found, chosen)
            measured = widened(measured, UnitComparison(units, sums).of_reference(), chosen)
        of_reference = long_table(whole, chosen, measured)
    judged = judged_table(
        groups, chosen, values, limits, known, units=comparison.judge if comparison else None
    )
    if maturity is not None:
        late = LateLabels(
            maturity, found, chosen, now.predictions, past.predictions if past else None, units
        )
        held = late.hold(groups)
    else:
        held = hold_by_signs(now.predictions, groups, past.predictions if past else None)
    odd = [""] * len(groups.lo)
    # Labels of a segment may be all alike by nature.
    if past is not None and not segments:
        sides = (units.reference, units.current) if units.rule.kind != ROW else (None, None)
        usual = usual_labels(found, past.predictions, sides[0])
        odd = unlike_windows(usual, now.predictions, groups, sides[1])
        # Labels that are still to come are the better reason.
        odd = [o if not r else "" for o, r in zip(odd, held.reasons, strict=True)]
        held = held.also(odd)
    judged = replace(judged, table=held.apply(judged.table))
    before = NO_WINDOWS
    if past is not None and window is not None:
        # A history follows windows of which each run measures few.
        before = _in_windows(past, found, chosen, segments, window, step, on, time_format, cells)
        if window in now.frame.columns and not goes_on(before.table, judged.table):
            before = NO_WINDOWS
    table, rule = raise_alarms(judged, chosen, limits, segments, past is not None, before, policy)
    names = [metric.name for metric in chosen]
    absent = [name for name in METRICS[found.kind] if name not in names and metrics is None]
    notes = result_notes(
        found,
        [period.predictions for period in (now, past) if period],
        groups,
        window if window in now.frame.columns else on,
        _absent(absent, y_proba if has_pred else y_pred, has_pred),
    )
    return Performance(
        table,
        found.kind,
        found.classes,
        of_reference,
        notes,
        tuple(segments),
        units.rule,
        units.numbers,
        compared_metrics(chosen, limits) if known else (),
        rule,
        like.likes,
        policy,
        tuple(odd),
        before,
    )


def _by_units(
    units: NumberedUnits,
    now: Period,
    past: Period | None,
    groups: WindowGroups,
    like: ReferenceGroups,
    cells: SeasonCells | None,
    task: Task,
    metrics: Sequence[Metric[Any]],
) -> UnitComparison:
    """Compare groups by units, with a season those of like rows."""
    if past is not None and cells is not None:
        sides = like_sums(now.predictions, past.predictions, like, units, cells, task, metrics)
        if any(like.untold):
            # What can be compared with nothing still has an interval of its own.
            alone = labelled_sums(now.predictions, groups, units.current, task, metrics)
            told = zip(like.places.tolist(), sides.current, alone, strict=True)
            own = [found if place >= 0 else whole for place, found, whole in told]
            sides = replace(sides, current=own)
        return UnitComparison(units, sides.current, sides.reference, like.places)
    after = labelled_sums(now.predictions, like.compared, units.current, task, metrics)
    if past is None:
        return UnitComparison(units, after)
    before = labelled_sums(past.predictions, like.groups, units.reference, task, metrics)
    return UnitComparison(units, after, before, like.places)


def _absent(names: Sequence[str], column: str, has_pred: bool) -> str:
    """Say what cannot be measured for want of a column."""
    advice = "" if has_pred else ": threshold= makes predictions of probabilities"
    return f"without {column!r} there is no {', '.join(names)}{advice}" if names else ""


def _in_windows(
    past: Period,
    task: Task,
    metrics: Sequence[Metric[Any]],
    segments: Sequence[str],
    window: int | str | None,
    step: int | None,
    on: str | None,
    time_format: str | None,
    cells: SeasonCells | None,
) -> ReferenceWindows:
    """Measure the reference in windows as those of the data, if it has such."""
    if step is not None and isinstance(window, int) and step < window:
        return NO_WINDOWS
    try:
        groups = window_groups(past.frame, window, step, on, segments, past.name, time_format)
    except DriftlibError:
        return NO_WINDOWS
    values = evaluate(past.predictions, task, groups, metrics)
    if cells is None:
        return ReferenceWindows(long_table(groups, metrics, values))
    if why := cells.rule.has_course:
        return ReferenceWindows(why=f"each is compared with what is like it, and {why}")
    codes = cells.reference[groups.rows]
    windows = np.repeat(groups.keys["window"].to_numpy(), groups.hi - groups.lo)
    held = np.unique(np.stack([codes, windows]), axis=1)[0]
    number = np.bincount(held, minlength=len(cells.names))[np.unique(cells.current)]
    # Cells that the reference lacks are not compared at all.
    fewest = int(number[number > 0].min(initial=LEAST_WINDOWS))
    if fewest < LEAST_WINDOWS:
        return ReferenceWindows(
            why=f"each is compared with what is like it, and of some cells of the season "
            f"the reference has {counted(fewest, 'window')}, where it takes {LEAST_WINDOWS} to "
            "know how those vary"
        )
    own = replace(cells, current=cells.reference)
    whole = window_groups(past.frame, by=segments, where=past.name)
    like = reference_groups(groups, whole, own)
    told = evaluate(past.predictions, task, like.groups, metrics).take(like.places)
    return ReferenceWindows(long_table(groups, metrics, values, reference=told), seasonal=True)
