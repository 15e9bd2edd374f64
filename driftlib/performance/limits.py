"""Read thresholds, and judge whether a value beyond one is more than noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.data.task import number_of
from driftlib.errors import ParameterError
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.metric import Metric
from driftlib.performance.metrics import METRICS
from driftlib.performance.units import UnitJudgement, widen, widened
from driftlib.stats import intervals
from driftlib.text import quoted, unknown_name

# A loss of quality of such a share of the value, or so many times what is tolerated, is large.
LARGE_LOSS, LARGE_TIMES = 0.2, 3.0


@dataclass(frozen=True)
class Limit:
    """A threshold of a metric.

    Parameters
    ----------
    number : float
        The worst value that is still good; or how much worse than the reference a value may be.
    relative : bool
        Which of the two.
    """

    number: float
    relative: bool


def read_thresholds(
    thresholds: Mapping[str, float | str] | None,
    task: str,
    metrics: Sequence[Metric[Any]],
    has_reference: bool,
) -> dict[str, Limit]:
    """Read thresholds by metric.

    Parameters
    ----------
    thresholds : dict or None
        By metric a number, or text with a sign for a distance from the reference: see
        `driftlib.track_performance`.
    task : {"binary", "multiclass", "regression"}
    metrics : sequence of Metric
        Those that are computed.
    has_reference : bool
        Whether there is a reference to keep a distance from.

    Returns
    -------
    dict of Limit
        By metric.

    Raises
    ------
    ParameterError
        If a name is no metric here, or a threshold is none.

    Examples
    --------
    >>> from driftlib.performance.metrics import METRICS
    >>> read_thresholds({"f1": "-0.05"}, "binary", list(METRICS["binary"].values()), True)
    {'f1': Limit(number=0.05, relative=True)}
    """
    chosen = {metric.name: metric for metric in metrics}
    limits: dict[str, Limit] = {}
    for name, given in (thresholds or {}).items():
        if name not in METRICS[task]:
            raise ParameterError(unknown_name("metric", name, METRICS[task], f"the {task} task"))
        if name not in chosen:
            raise ParameterError(
                f"thresholds= names {name!r}, which is not among the metrics here "
                f"({quoted(chosen)}): add it to metrics=, with the columns it needs, or drop it."
            )
        limits[name] = _read_limit(name, given, chosen[name])
        if limits[name].relative and not has_reference:
            raise ParameterError(
                f"thresholds={{{name!r}: {given!r}}} is relative to a reference: pass reference=, "
                "or give a number."
            )
    return limits


def _read_limit(name: str, given: float | str, metric: Metric[Any]) -> Limit:
    relative = isinstance(given, str) and given.strip()[:1] in ("-", "+")
    plain = isinstance(given, int | float | np.number) and not isinstance(given, bool)
    number = number_of(str(given)) if relative or plain else None
    if number is None or not math.isfinite(number):
        raise ParameterError(
            f"thresholds={{{name!r}: {given!r}}} is no threshold: give a number such as 0.8, or "
            "text with a sign such as '-0.05' for a distance from the reference."
        )
    if relative:
        return Limit(abs(number), True)
    if not metric.low <= number <= metric.high:
        raise ParameterError(
            f"thresholds={{{name!r}: {given!r}}} is outside the range of {name} ({metric.low:g} to "
            f"{metric.high:g}): for a distance from the reference write it as text, {str(given)!r}."
        )
    return Limit(number, False)


def limits_in_words(texts: Iterable[str]) -> dict[str, float | str]:
    """Read thresholds that are written as a name and a value.

    Parameters
    ----------
    texts : iterable of str
        Such as "accuracy=0.9", and "roc_auc=-0.05" for a distance from the reference.

    Returns
    -------
    dict
        As `driftlib.track_performance` takes them.

    Raises
    ------
    ParameterError
        If one is not written so.

    Examples
    --------
    >>> limits_in_words(["accuracy=0.9", "roc_auc = -0.05"])
    {'accuracy': 0.9, 'roc_auc': '-0.05'}
    """
    found: dict[str, float | str] = {}
    for text in texts:
        name, _, value = (part.strip() for part in str(text).partition("="))
        if not value:
            raise ParameterError(
                f"threshold {text!r} is none: write accuracy=0.9 for the worst value that is "
                "good, or accuracy=-0.05 for how far below the reference it may lie."
            )
        try:
            found[name] = value if value[0] in "+-" else float(value)
        except ValueError:
            raise ParameterError(f"threshold {text!r} has no number after the =.") from None
    return found


def is_compared(name: str, limits: Mapping[str, Limit]) -> bool:
    """Tell whether a metric is judged by the reference: all are where there are no limits at all.

    Parameters
    ----------
    name : str
        Of the metric.
    limits : dict of Limit
        By metric.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_compared("f1", {}), is_compared("f1", {"recall": Limit(0.05, True)})
    (True, False)
    """
    return limits[name].relative if name in limits else not limits


def compared_metrics(
    metrics: Sequence[Metric[Any]], limits: Mapping[str, Limit]
) -> tuple[str, ...]:
    """List the metrics that are judged by the reference.

    Parameters
    ----------
    metrics : sequence of Metric
    limits : dict of Limit
        By metric.

    Returns
    -------
    tuple of str
        Their names.
    """
    return tuple(metric.name for metric in metrics if is_compared(metric.name, limits))


@dataclass(frozen=True)
class Verdicts:
    """Verdicts on the values of some metrics in some groups of rows.

    Parameters
    ----------
    threshold : float array, shape (groups, metrics)
        NaN where there is none.
    breached : bool array, shape (groups, metrics)
        Whether the value is on the wrong side of the threshold.
    degraded : bool array, shape (groups, metrics)
        Whether that, or being worse than the reference, is more than noise.
    shows : float array, shape (groups, metrics)
        From which value on a loss of quality would be more than noise, where so little is known
        that a large one would not be; else NaN.
    """

    threshold: np.ndarray
    breached: np.ndarray
    degraded: np.ndarray
    shows: np.ndarray


def judge(
    values: MetricValues,
    metrics: Sequence[Metric[Any]],
    limits: Mapping[str, Limit],
    reference: MetricValues | None = None,
    units: UnitJudgement | None = None,
    compared: MetricValues | None = None,
) -> Verdicts:
    """Compare values with thresholds and with the reference.

    Parameters
    ----------
    values : MetricValues
    metrics : sequence of Metric
        The columns of `values`.
    limits : dict of Limit
        By metric.
    reference : MetricValues, optional
        The reference's values for each group of `values`; not needed where every limit is
        a number. Without any limits all metrics are compared with it at a tolerance of 0.
    units : UnitJudgement, optional
        What units say of the values, whose intervals are those of independent rows.
    compared : MetricValues, optional
        Of the rows that are compared with the reference; default those of all.

    Returns
    -------
    Verdicts
    """
    threshold, shows = (np.full(values.value.shape, np.nan) for _ in range(2))
    breached, degraded = (np.zeros(values.value.shape, bool) for _ in range(2))
    wide = values if units is None else widened(values, units.own, metrics)
    for column, metric in enumerate(metrics):
        limit = limits.get(metric.name)
        value, lower, upper = _column(values, column)
        sign = -1 if metric.higher_is_better else 1
        if limit is not None and not limit.relative:
            threshold[:, column] = limit.number
            _, lower, upper = _column(wide, column)
            worst = upper if metric.higher_is_better else lower
            degraded[:, column] = metric.worse(worst, limit.number)
            bad = lower if metric.higher_is_better else upper
            shows[:, column] = _shows(np.abs(bad - value), limit.number, sign, 0.0, metric)
        elif reference is not None and is_compared(metric.name, limits):
            value, lower, upper = _column(compared or values, column)
            known = _column(reference, column)
            if units is not None:
                least = np.broadcast_to(units.least, values.value.shape)[:, column]
                lower = np.minimum(lower, value - least)
                upper = np.maximum(upper, value + least)
            tolerance = limit.number if limit else 0.0
            if limit is not None:
                threshold[:, column] = known[0] + sign * tolerance
            low, high = intervals.difference(value, lower, upper, known)
            told = np.ones(len(value), bool)
            if units is not None:
                low, high = widen(value - known[0], low, high, units.gap[:, column])
                told = units.apart[:, column] & ~np.array(units.cannot_tell, bool)
            worst = high if metric.higher_is_better else low
            degraded[:, column] = metric.worse(worst, sign * tolerance) & told
            bad = low if metric.higher_is_better else high
            reach = np.abs(bad - (value - known[0]))
            shows[:, column] = _shows(reach, known[0], sign, tolerance, metric)
        breached[:, column] = metric.worse(value, threshold[:, column])
    return Verdicts(threshold, breached, degraded, np.where(degraded, np.nan, shows))


def _shows(
    reach: np.ndarray,
    limit: np.ndarray | float,
    sign: int,
    tolerance: float,
    metric: Metric[Any],
) -> np.ndarray:
    """From which value on a loss would show, where one of a fifth, or thrice tolerated, would not.

    Parameters
    ----------
    reach : float array
        From the value, or its difference, to the worse end of its interval, which is about how far
        the better end is from a worse value.
    limit : float array or float
        What it is compared with.
    sign : {-1, 1}
        Which way is worse.
    tolerance : float
    metric : Metric
    """
    large = np.maximum(LARGE_LOSS * np.abs(limit), LARGE_TIMES * tolerance)
    least = np.clip(limit + sign * (tolerance + reach), metric.low, metric.high)
    return np.where(tolerance + reach > large, least, np.nan)


def _column(values: MetricValues, column: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, lower and upper end of one metric in each group."""
    return values.value[:, column], values.lower[:, column], values.upper[:, column]
