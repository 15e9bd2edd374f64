"""Pick the metrics that are shown first, with what they were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance

if TYPE_CHECKING:
    pass


# The metrics that people ask for first, of each task.
FIRST = ("accuracy", "roc_auc", "r2", "mae")


@dataclass(frozen=True)
class KeyNumber:
    """A metric's value with its 95 % interval, and where there is one the reference's.

    Parameters
    ----------
    title : str
        Of the metric.
    value, lower, upper : float
        Of the current data.
    reference : float or None
        Of the reference.
    higher_is_better : bool
        Which way is good.
    """

    title: str
    value: float
    lower: float
    upper: float
    reference: float | None
    higher_is_better: bool


def pick_key_numbers(whole: Performance, names: Iterable[str] | None = FIRST) -> list[KeyNumber]:
    """Pick some metrics of a performance that is one window.

    Parameters
    ----------
    whole : Performance
        Of one window.
    names : iterable of str, optional
        Metrics; those that it does not have are left out. None for all.

    Returns
    -------
    list of KeyNumber
        In the order of the names.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import track_performance
    >>> frame = pd.DataFrame({"y_true": [0, 1] * 50, "y_pred": [0, 1] * 40 + [1, 0] * 10})
    >>> [(number.title, number.value) for number in pick_key_numbers(track_performance(frame))]
    [('Accuracy', 0.8)]
    """
    before: dict[str, float] = {}
    if whole.reference is not None:
        before = dict(zip(whole.reference["metric"], whole.reference["value"], strict=True))
    rows = {row["metric"]: row for row in whole.table.to_dict("records")}
    numbers = []
    for name in rows if names is None else [name for name in names if name in rows]:
        metric, row = METRICS[whole.task][name], rows[name]
        numbers.append(
            KeyNumber(
                title=metric.title,
                value=float(row["value"]),
                lower=float(row["lower"]),
                upper=float(row["upper"]),
                reference=before.get(name),
                higher_is_better=metric.higher_is_better,
            )
        )
    return numbers
