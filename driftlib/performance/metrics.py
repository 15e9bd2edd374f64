"""List the metrics of each task in one table, and choose among them.

No other module asks for a metric by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from driftlib.data.task import BINARY, MULTICLASS, REGRESSION
from driftlib.errors import ParameterError
from driftlib.performance import (
    calibrated,
    classification,
    custom,
    multiclass,
    of_counts,
    regression,
)
from driftlib.performance.metric import Metric as Metric
from driftlib.text import quoted, unknown_name

# Measured where they are asked for.
AGREEMENT: tuple[Metric[Any], ...] = (
    of_counts.CountMetric("mcc", "Matthews correlation", of_counts.matthews, low=-1, high=1),
    of_counts.CountMetric("kappa", "Cohen's kappa", of_counts.kappa, low=-1, high=1),
    of_counts.CountMetric("weighted_f1", "Weighted F1", of_counts.weighted_f1, low=0, high=1),
)
CALIBRATED: tuple[Metric[Any], ...] = (calibrated.CalibrationError(), calibrated.CalibrationSlope())
OF_CLASS = re.compile(r"(precision|recall):.+", re.DOTALL)


class MetricTable(dict[str, Metric[Any]]):
    """Metrics by name: the usual ones, and on request others that are not listed.

    Parameters
    ----------
    usual : iterable of Metric
        What is measured where nothing is asked for.
    others : iterable of Metric
        What can be asked for.
    by_class : bool
        Whether "precision:<label>" and "recall:<label>" can.
    """

    def __init__(
        self, usual: Iterable[Metric[Any]], others: Iterable[Metric[Any]], by_class: bool
    ) -> None:
        super().__init__({metric.name: metric for metric in usual})
        self._others = {metric.name: metric for metric in others}
        self._by_class = by_class

    def __missing__(self, name: str) -> Metric[Any]:
        """Find a metric that is not among the usual ones."""
        if name not in self._others and self._by_class and OF_CLASS.fullmatch(name):
            return of_counts.OfClass(name)
        return self._others[name]

    def __contains__(self, name: object) -> bool:
        """Tell whether there is such a metric."""
        if super().__contains__(name) or name in self._others:
            return True
        return self._by_class and isinstance(name, str) and bool(OF_CLASS.fullmatch(name))

    def add(self, metric: Metric[Any]) -> None:
        """Keep a metric of a user's own, so that results which have it can name it.

        Parameters
        ----------
        metric : Metric

        Raises
        ------
        ParameterError
            If one of the library's has that name.
        """
        built_in = {*self, *(other.name for other in (*AGREEMENT, *CALIBRATED))}
        if metric.name in built_in:
            raise ParameterError(f"metric {metric.name!r} has the name of another: rename it.")
        self._others[metric.name] = metric

    @property
    def known(self) -> list[str]:
        """Names of all that can be asked for."""
        return [*self, *self._others]


OTHERS = {BINARY: (*AGREEMENT, *CALIBRATED), MULTICLASS: AGREEMENT, REGRESSION: ()}
# By task and name, in the order in which tables show them.
METRICS: dict[str, MetricTable] = {
    task: MetricTable(metrics, OTHERS[task], task != REGRESSION)
    for task, metrics in {
        BINARY: (
            classification.Accuracy(),
            classification.Precision(),
            classification.Recall(),
            classification.Specificity(),
            classification.F1(),
            classification.RocAuc(),
            classification.AveragePrecision(),
            classification.LogLoss(),
            classification.Brier(),
        ),
        MULTICLASS: (
            classification.Accuracy(),
            multiclass.MacroPrecision(),
            multiclass.MacroRecall(),
            multiclass.MacroF1(),
            multiclass.MacroRocAuc(),
            classification.LogLoss(),
        ),
        REGRESSION: (
            regression.RootMeanSquaredError(),
            regression.MeanAbsoluteError(),
            regression.MeanAbsolutePercentageError(),
            regression.R2(),
        ),
    }.items()
}


# What `metrics=` may name.
Asked = str | custom.Metric | custom.Cost


def select_metrics(
    task: str, names: Iterable[Asked] | None, has_proba: bool, has_pred: bool = True
) -> list[Metric[Any]]:
    """Choose metrics of a task, in the order of the table.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        Whose metrics.
    names : iterable of str, Metric or Cost, optional
        Default: all that are usual and can be computed.
    has_proba : bool
        Whether there are probabilities.
    has_pred : bool
        Whether there are predictions.

    Returns
    -------
    list of Metric

    Raises
    ------
    ParameterError
        If a name is no metric of the task, or needs probabilities that are not there.

    Examples
    --------
    >>> chosen = select_metrics("binary", ["f1", "accuracy"], has_proba=False)
    >>> [metric.name for metric in chosen]
    ['accuracy', 'f1']
    """
    known = METRICS[task]
    if names is None:
        return [m for m in known.values() if (has_proba if m.needs_proba else has_pred)]
    asked = [names] if isinstance(names, str | custom.Metric | custom.Cost) else list(names)
    own = [given.of_task(task) for given in asked if not isinstance(given, str)]
    for metric in own:
        known.add(metric)
    chosen = [given if isinstance(given, str) else given.name for given in asked]
    for name in chosen:
        if name not in known:
            raise ParameterError(unknown_name("metric", name, known.known, f"the {task} task"))
    lacking = [name for name in chosen if known[name].needs_proba and not has_proba]
    if lacking:
        raise ParameterError(
            f"metrics={quoted(lacking)} need probabilities, and there is no column of them: name "
            'it with y_proba="...", or leave these metrics out.'
        )
    lacking = [name for name in chosen if not known[name].needs_proba and not has_pred]
    if lacking:
        raise ParameterError(
            f"metrics={quoted(lacking)} need predictions, and there are only probabilities: say "
            "with threshold= from which one on a row is predicted positive, or leave them out."
        )
    listed = list(known)
    usual = [metric for metric in known.values() if metric.name in chosen]
    return usual + [known[name] for name in dict.fromkeys(chosen) if name not in listed]
