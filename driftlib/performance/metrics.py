"""List the metrics of each task in one table, and choose among them.

No other module asks for a metric by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from driftlib.data.task import BINARY, MULTICLASS, REGRESSION
from driftlib.errors import ParameterError
from driftlib.performance import classification, multiclass, regression
from driftlib.performance.metric import Metric as Metric
from driftlib.text import quoted, unknown_name

# By task and name, in the order in which tables show them.
METRICS: dict[str, dict[str, Metric[Any]]] = {
    task: {metric.name: metric for metric in metrics}
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
            regression.MeanAbsoluteError(),
            regression.RootMeanSquaredError(),
            regression.MeanAbsolutePercentageError(),
            regression.R2(),
        ),
    }.items()
}


def select_metrics(
    task: str, names: Iterable[str] | None, has_proba: bool, has_pred: bool = True
) -> list[Metric[Any]]:
    """Choose metrics of a task, in the order of the table.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        Whose metrics.
    names : iterable of str, optional
        Default: all that can be computed.
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
    lacking = [name for name in names if not known[name].needs_proba and not has_pred]
    if lacking:
        raise ParameterError(
            f"metrics={quoted(lacking)} need predictions, and there are only probabilities: say "
            "with threshold= from which one on a row is predicted positive, or leave them out."
        )
    return [metric for metric in known.values() if metric.name in names]
