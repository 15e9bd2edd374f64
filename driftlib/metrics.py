"""The one table of metrics: direction, needs, value and interval of each.

A value function takes evidence and gives an array, so the same function serves labels
(`evidence.Labelled`: one value a group of rows) and expectations (`evidence.Expected`: one
value a draw). No other module asks for a metric by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib import intervals
from driftlib.errors import ParameterError, quoted, unknown_name
from driftlib.evidence import Labelled, LabelledNumbers

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
TASKS = (BINARY, MULTICLASS, REGRESSION)


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name, title : str
        In tables, and in sentences and charts.
    value : function
        Evidence to an array of values: NaN where the metric is undefined.
    interval : function
        Evidence from labels to 95 % limits, two arrays.
    undefined : str
        Why a value is NaN.
    higher_is_better, needs_proba : bool
    low, high : float
        Range of possible values.
    remark : function, optional
        Evidence and classes to a sentence for each group: what its value leaves out.
    """

    name: str
    title: str
    value: Callable[[Any], np.ndarray]
    interval: Callable[[Any], intervals.Interval]
    undefined: str
    higher_is_better: bool = True
    needs_proba: bool = False
    low: float = 0.0
    high: float = 1.0
    remark: Callable[[Any, Sequence[str]], list[str]] | None = None

    def remarks(self, evidence: Labelled | LabelledNumbers, classes: Sequence[str]) -> list[str]:
        """What is to be said of each group's value beside it."""
        groups = len(evidence.lo)
        return self.remark(evidence, classes) if self.remark else [""] * groups

    def worse(self, value: np.ndarray, limit: np.ndarray) -> np.ndarray:
        """Whether `value` is on the wrong side of `limit`; never where one is NaN."""
        return value < limit if self.higher_is_better else value > limit

    def measure(
        self, evidence: Labelled | LabelledNumbers
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value with its 95 % interval, which always holds it."""
        value = np.asarray(self.value(evidence), dtype=float)
        lower, upper = self.interval(evidence)
        lower = np.maximum(np.minimum(lower, value), self.low)
        upper = np.minimum(np.maximum(upper, value), self.high)
        return value, lower, upper


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def _share(
    parts: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> dict[str, Callable]:
    """Value and interval of a metric that is a share of some rows."""
    return {
        "value": lambda e: _ratio(*parts(e.cells)),
        "interval": lambda e: intervals.wilson(*parts(e.cells)),
    }


def _correct(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.trace(cells, axis1=-2, axis2=-1), cells.sum((-2, -1))


def _of_predicted(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return cells[..., 1, 1], cells[..., :, 1].sum(-1)


def _of_positives(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return cells[..., 1, 1], cells[..., 1, :].sum(-1)


def _of_negatives(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return cells[..., 0, 0], cells[..., 0, :].sum(-1)


def _f1_of(found: np.ndarray) -> np.ndarray:
    """F1 from the share of true positives among rows that are positive, predicted or true."""
    return 2 * found / (1 + found)


def _overlap(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    true = cells[..., 1, 1]
    return true, true + cells[..., 0, 1] + cells[..., 1, 0]


def _f1_interval(evidence: Labelled) -> intervals.Interval:
    lower, upper = intervals.wilson(*_overlap(evidence.cells))
    return _f1_of(lower), _f1_of(upper)


def _hits(cells: np.ndarray) -> np.ndarray:
    return np.diagonal(cells, axis1=-2, axis2=-1)


def _by_predicted(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _hits(cells), cells.sum(-2)


def _by_label(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _hits(cells), cells.sum(-1)


def _macro(values: np.ndarray) -> np.ndarray:
    """Mean over the classes where a value is defined."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0).sum(-1), known.sum(-1))


def _macro_share(
    parts: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> dict[str, Callable]:
    def interval(evidence: Labelled) -> intervals.Interval:
        hits, rows = parts(evidence.cells)
        return intervals.combined(_ratio(hits, rows), *intervals.wilson(hits, rows))

    return {
        "value": lambda e: _macro(_ratio(*parts(e.cells))),
        "interval": interval,
        "remark": _undefined_classes(lambda cells: _ratio(*parts(cells))),
    }


def _f1_by_class(cells: np.ndarray) -> np.ndarray:
    return _ratio(2 * _hits(cells), cells.sum(-2) + cells.sum(-1))


def _macro_f1_interval(evidence: Labelled) -> intervals.Interval:
    cells = evidence.cells.astype(float)
    return intervals.on_logit(_macro(_f1_by_class(cells)), _macro_f1_error(cells))


def _macro_f1_error(cells: np.ndarray) -> np.ndarray:
    """Standard error of macro F1 from the influence of each cell of the confusion matrix."""
    f1 = _f1_by_class(cells)
    weight = np.nan_to_num(f1) / np.maximum(cells.sum(-2) + cells.sum(-1), 1)
    gain = np.eye(cells.shape[-1]) * (2 / np.maximum(cells.sum(-2) + cells.sum(-1), 1))[..., None]
    influence = gain - weight[..., :, None] - weight[..., None, :]
    defined = np.maximum((~np.isnan(f1)).sum(-1), 1)
    return np.sqrt((cells * influence**2).sum((-2, -1))) / defined


def _undefined_classes(
    parts: Callable[[np.ndarray], np.ndarray],
) -> Callable[[Labelled, Sequence[str]], list[str]]:
    """Remark on the classes that a macro average leaves out."""

    def remark(evidence: Labelled, classes: Sequence[str]) -> list[str]:
        lacking = np.isnan(parts(evidence.cells))
        return [
            f"averaged without {quoted(np.array(classes)[row])}, where it is undefined"
            if row.any() and not row.all()
            else ""
            for row in lacking
        ]

    return remark


def _one_vs_rest_auc(evidence: Any) -> np.ndarray:
    return np.mean([evidence.ranking(k).auc for k in range(evidence.classes)], axis=0)


def _one_vs_rest_interval(evidence: Labelled) -> intervals.Interval:
    rankings = [evidence.ranking(k) for k in range(evidence.classes)]
    limits = [intervals.roc_auc(ranking) for ranking in rankings]
    return intervals.combined(
        np.array([ranking.auc for ranking in rankings]),
        np.array([lower for lower, _ in limits]),
        np.array([upper for _, upper in limits]),
        axis=0,
    )


def log_loss(of_true: np.ndarray) -> np.ndarray:
    """Log loss of a row from the probability given to its label, which is clipped to (0, 1)."""
    tiny = np.finfo(of_true.dtype).eps
    return -np.log(np.clip(of_true, tiny, 1 - tiny).astype(float))


def brier(of_true: np.ndarray) -> np.ndarray:
    """Squared error of the probability given to the label."""
    return (1 - of_true.astype(float)) ** 2


def _mean(loss: Callable) -> dict[str, Callable]:
    return {
        "value": lambda e: e.moments(loss).mean,
        "interval": lambda e: intervals.mean_loss(e.moments(loss)),
    }


def absolute_error(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Absolute difference."""
    return np.abs(y - pred)


def squared_error(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Squared difference."""
    return (y - pred) ** 2


def relative_error(y: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """Absolute difference as a share of the label; NaN where the label is 0."""
    return np.abs(y - pred) / np.where(y == 0, np.nan, np.abs(y))


def _zero_labels(evidence: LabelledNumbers, classes: Sequence[str]) -> list[str]:
    zero = (evidence.hi - evidence.lo) - evidence.moments(relative_error).n
    return [f"{int(rows):,} rows with a label of 0 left out" if rows else "" for rows in zero]


def _root_interval(evidence: LabelledNumbers) -> intervals.Interval:
    lower, upper = intervals.mean_loss(evidence.moments(squared_error))
    return np.sqrt(lower), np.sqrt(upper)


def _r2_interval(evidence: LabelledNumbers) -> intervals.Interval:
    lower, upper = intervals.unexplained(*evidence.unexplained)
    return 1 - upper, 1 - lower


NO_ROWS = "no row has a label and a prediction"
ONE_CLASS = "the labels hold only one class"
LOWER = {"higher_is_better": False, "high": np.inf}

METRICS: dict[str, dict[str, Metric]] = {
    task: {metric.name: metric for metric in metrics}
    for task, metrics in {
        BINARY: (
            Metric("accuracy", "Accuracy", **_share(_correct), undefined=NO_ROWS),
            Metric(
                "precision",
                "Precision",
                **_share(_of_predicted),
                undefined="no row is predicted positive",
            ),
            Metric("recall", "Recall", **_share(_of_positives), undefined="no label is positive"),
            Metric(
                "specificity",
                "Specificity",
                **_share(_of_negatives),
                undefined="no label is negative",
            ),
            Metric(
                "f1",
                "F1",
                value=lambda e: _f1_of(_ratio(*_overlap(e.cells))),
                interval=_f1_interval,
                undefined="no row is positive, by label or prediction",
            ),
            Metric(
                "roc_auc",
                "ROC AUC",
                value=lambda e: e.ranking(1).auc,
                interval=lambda e: intervals.roc_auc(e.ranking(1)),
                undefined=ONE_CLASS,
                needs_proba=True,
            ),
            Metric(
                "average_precision",
                "Average precision",
                value=lambda e: e.ranking(1).ap,
                interval=lambda e: intervals.average_precision(e.ranking(1)),
                undefined="no label is positive",
                needs_proba=True,
            ),
            Metric(
                "log_loss",
                "Log loss",
                **_mean(log_loss),
                undefined=NO_ROWS,
                needs_proba=True,
                **LOWER,
            ),
            Metric(
                "brier",
                "Brier score",
                **_mean(brier),
                undefined=NO_ROWS,
                higher_is_better=False,
                needs_proba=True,
            ),
        ),
        MULTICLASS: (
            Metric("accuracy", "Accuracy", **_share(_correct), undefined=NO_ROWS),
            Metric("precision", "Precision", **_macro_share(_by_predicted), undefined=NO_ROWS),
            Metric("recall", "Recall", **_macro_share(_by_label), undefined=NO_ROWS),
            Metric(
                "f1",
                "F1",
                value=lambda e: _macro(_f1_by_class(e.cells)),
                interval=_macro_f1_interval,
                undefined=NO_ROWS,
                remark=_undefined_classes(_f1_by_class),
            ),
            Metric(
                "roc_auc",
                "ROC AUC",
                value=_one_vs_rest_auc,
                interval=_one_vs_rest_interval,
                undefined="the labels do not hold every class",
                needs_proba=True,
            ),
            Metric(
                "log_loss",
                "Log loss",
                **_mean(log_loss),
                undefined=NO_ROWS,
                needs_proba=True,
                **LOWER,
            ),
        ),
        REGRESSION: (
            Metric(
                "mae", "Mean absolute error", **_mean(absolute_error), undefined=NO_ROWS, **LOWER
            ),
            Metric(
                "rmse",
                "Root mean squared error",
                value=lambda e: np.sqrt(e.moments(squared_error).mean),
                interval=_root_interval,
                undefined=NO_ROWS,
                **LOWER,
            ),
            Metric(
                "mape",
                "Mean absolute percentage error",
                **_mean(relative_error),
                undefined="every label is 0",
                remark=_zero_labels,
                **LOWER,
            ),
            Metric(
                "r2",
                "R2",
                value=lambda e: 1 - e.unexplained[0],
                interval=_r2_interval,
                undefined="fewer than two different labels",
                low=-np.inf,
            ),
        ),
    }.items()
}


def select(task: str, names: Iterable[str] | None, has_proba: bool) -> list[Metric]:
    """Metrics of a task, in the order of the table.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    names : iterable of str, optional
        Default: all that can be computed.
    has_proba : bool
        Whether there are probabilities.

    Raises
    ------
    ParameterError
        If a name is no metric of the task, or needs probabilities that are not there.

    Examples
    --------
    >>> [metric.name for metric in select("binary", ["f1", "accuracy"], has_proba=False)]
    ['accuracy', 'f1']
    """
    known = METRICS[task]
    if names is None:
        return [metric for metric in known.values() if has_proba or not metric.needs_proba]
    names = [names] if isinstance(names, str) else list(names)
    for name in names:
        if name not in known:
            raise ParameterError(unknown_name("metric", name, known, f"the {task} task"))
    lacking = [name for name in names if known[name].needs_proba and not has_proba]
    if lacking:
        raise ParameterError(
            f"metrics={quoted(lacking)} need probabilities, and there is no column of them: name "
            'it with y_proba="...", or leave these metrics out.'
        )
    return [metric for metric in known.values() if metric.name in names]
