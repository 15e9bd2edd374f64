"""When is a value too bad: thresholds, and whether a value beyond one is more than noise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from driftlib.data.task import number_of
from driftlib.errors import ParameterError
from driftlib.performance.evaluate import Measured
from driftlib.performance.metrics import METRICS, Metric
from driftlib.stats import intervals
from driftlib.text import quoted, unknown_name


@dataclass(frozen=True)
class Limit:
    """A threshold: a number, or how much worse than the reference a value may be."""

    number: float
    relative: bool


def read_thresholds(
    thresholds: Mapping[str, float | str] | None,
    task: str,
    metrics: Sequence[Metric],
    has_reference: bool,
) -> dict[str, Limit]:
    """Thresholds by metric; see `track_performance`.

    Examples
    --------
    >>> from driftlib.performance.metrics import METRICS
    >>> read_thresholds({"f1": "-0.05"}, "binary", list(METRICS["binary"].values()), True)
    {'f1': Limit(number=0.05, relative=True)}
    """
    chosen = {metric.name: metric for metric in metrics}
    limits = {}
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


def _read_limit(name: str, given: float | str, metric: Metric) -> Limit:
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


def is_compared(name: str, limits: Mapping[str, Limit]) -> bool:
    """Whether a metric is judged by the reference: all are where there are no limits at all."""
    return limits[name].relative if name in limits else not limits


@dataclass(frozen=True)
class Judged:
    """Thresholds and verdicts, arrays of shape (groups, metrics)."""

    threshold: np.ndarray
    breached: np.ndarray
    degraded: np.ndarray


def judge(
    measured: Measured,
    metrics: Sequence[Metric],
    limits: Mapping[str, Limit],
    reference: Measured | None = None,
) -> Judged:
    """Compare values with thresholds and with the reference.

    Parameters
    ----------
    measured : Measured
    metrics : sequence of Metric
        The columns of `measured`.
    limits : dict of Limit
        By metric.
    reference : Measured, optional
        The reference's values for each group of `measured`; not needed where every limit is
        a number. Without any limits all metrics are compared with it at a tolerance of 0.
    """
    none = np.full(measured.value.shape, np.nan)
    threshold, degraded = none.copy(), np.zeros(none.shape, bool)
    for column, metric in enumerate(metrics):
        limit = limits.get(metric.name)
        value, lower, upper = (
            array[:, column] for array in (measured.value, measured.lower, measured.upper)
        )
        if limit is not None and not limit.relative:
            threshold[:, column] = limit.number
            end = upper if metric.higher_is_better else lower
            degraded[:, column] = metric.worse(end, limit.number)
        elif reference is not None and is_compared(metric.name, limits):
            tolerance = limit.number if limit else 0.0
            sign = -1 if metric.higher_is_better else 1
            known = tuple(
                array[:, column] for array in (reference.value, reference.lower, reference.upper)
            )
            if limit is not None:
                threshold[:, column] = known[0] + sign * tolerance
            ends = intervals.difference(value, lower, upper, known)
            end = ends[1] if metric.higher_is_better else ends[0]
            degraded[:, column] = metric.worse(end, sign * tolerance)
    breached = np.stack(
        [m.worse(measured.value[:, j], threshold[:, j]) for j, m in enumerate(metrics)], axis=1
    )
    return Judged(threshold, breached, degraded)
