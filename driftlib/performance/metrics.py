"""The one table of metrics: direction, needs, value and interval of each.

A value function takes aggregates and gives an array, so the same function serves labels
(`GroupedClassification`: one value a group of rows) and expectations
(`ExpectedClassification`: one value a draw). No other module asks for a metric by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.task import BINARY, MULTICLASS, REGRESSION
from driftlib.errors import ParameterError
from driftlib.performance import formulas
from driftlib.stats import intervals
from driftlib.stats.aggregates import GroupedClassification, GroupedRegression
from driftlib.text import quoted, unknown_name


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

    def remarks(
        self, evidence: GroupedClassification | GroupedRegression, classes: Sequence[str]
    ) -> list[str]:
        """What is to be said of each group's value beside it."""
        groups = len(evidence.lo)
        return self.remark(evidence, classes) if self.remark else [""] * groups

    def worse(self, value: np.ndarray, limit: np.ndarray) -> np.ndarray:
        """Whether `value` is on the wrong side of `limit`; never where one is NaN."""
        return value < limit if self.higher_is_better else value > limit

    def measure(
        self, evidence: GroupedClassification | GroupedRegression
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value with its 95 % interval, which always holds it."""
        value = np.asarray(self.value(evidence), dtype=float)
        lower, upper = self.interval(evidence)
        lower = np.maximum(np.minimum(lower, value), self.low)
        upper = np.minimum(np.maximum(upper, value), self.high)
        return value, lower, upper


NO_ROWS = "no row has a label and a prediction"
ONE_CLASS = "the labels hold only one class"
LOWER = {"higher_is_better": False, "high": np.inf}

METRICS: dict[str, dict[str, Metric]] = {
    task: {metric.name: metric for metric in metrics}
    for task, metrics in {
        BINARY: (
            Metric(
                "accuracy", "Accuracy", **formulas.share_of(formulas.correct), undefined=NO_ROWS
            ),
            Metric(
                "precision",
                "Precision",
                **formulas.share_of(formulas.of_predicted),
                undefined="no row is predicted positive",
            ),
            Metric(
                "recall",
                "Recall",
                **formulas.share_of(formulas.of_positives),
                undefined="no label is positive",
            ),
            Metric(
                "specificity",
                "Specificity",
                **formulas.share_of(formulas.of_negatives),
                undefined="no label is negative",
            ),
            Metric(
                "f1",
                "F1",
                value=lambda e: formulas.f1_of(
                    formulas.ratio_of(*formulas.positive_either_way(e.cells))
                ),
                interval=formulas.f1_interval,
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
                **formulas.mean_of(formulas.log_loss),
                undefined=NO_ROWS,
                needs_proba=True,
                **LOWER,
            ),
            Metric(
                "brier",
                "Brier score",
                **formulas.mean_of(formulas.brier),
                undefined=NO_ROWS,
                higher_is_better=False,
                needs_proba=True,
            ),
        ),
        MULTICLASS: (
            Metric(
                "accuracy", "Accuracy", **formulas.share_of(formulas.correct), undefined=NO_ROWS
            ),
            Metric(
                "precision",
                "Precision",
                **formulas.macro_share_of(formulas.by_predicted),
                undefined=NO_ROWS,
            ),
            Metric(
                "recall", "Recall", **formulas.macro_share_of(formulas.by_label), undefined=NO_ROWS
            ),
            Metric(
                "f1",
                "F1",
                value=lambda e: formulas.mean_over_classes(formulas.f1_by_class(e.cells)),
                interval=formulas.macro_f1_interval,
                undefined=NO_ROWS,
                remark=formulas.undefined_classes(formulas.f1_by_class),
            ),
            Metric(
                "roc_auc",
                "ROC AUC",
                value=formulas.one_vs_rest_auc,
                interval=formulas.one_vs_rest_interval,
                undefined="the labels do not hold every class",
                needs_proba=True,
            ),
            Metric(
                "log_loss",
                "Log loss",
                **formulas.mean_of(formulas.log_loss),
                undefined=NO_ROWS,
                needs_proba=True,
                **LOWER,
            ),
        ),
        REGRESSION: (
            Metric(
                "mae",
                "Mean absolute error",
                **formulas.mean_of(formulas.absolute_error),
                undefined=NO_ROWS,
                **LOWER,
            ),
            Metric(
                "rmse",
                "Root mean squared error",
                value=lambda e: np.sqrt(e.moments(formulas.squared_error).mean),
                interval=formulas.rmse_interval,
                undefined=NO_ROWS,
                **LOWER,
            ),
            Metric(
                "mape",
                "Mean absolute percentage error",
                **formulas.mean_of(formulas.relative_error),
                undefined="every label is 0",
                remark=formulas.zero_labels,
                **LOWER,
            ),
            Metric(
                "r2",
                "R2",
                value=lambda e: 1 - e.unexplained[0],
                interval=formulas.r2_interval,
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
