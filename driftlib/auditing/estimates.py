"""Audit estimates without labels: how often they hold what labels then show, and how near."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from driftlib.auditing.deals import Deal
from driftlib.errors import DriftlibError
from driftlib.performance.result import Performance
from driftlib.stats.intervals import wilson

COLUMNS = ("metric", "units", "rows", "tries", "held", "share", "lower", "upper", "within")
# An estimate draws labels many times over: so many tell enough.
MOST_TRIES = 40


def audit_estimates(
    deals: Iterator[Deal],
    tries: int,
    rows: pd.DataFrame,
    take: int,
    label: str,
    estimate: Callable[[pd.DataFrame, pd.DataFrame], Performance],
    realised: Callable[[pd.DataFrame, pd.DataFrame], pd.Series],
) -> list[dict[str, Any]]:
    """Hold estimates of dealt windows against the labels that they did not see.

    Parameters
    ----------
    deals : iterator of Deal
    tries : int
        Windows to estimate; at most 40 are.
    rows : pandas.DataFrame
        What windows and the rest are taken from.
    take : int
        Units of a window.
    label : str
        The column of labels.
    estimate : callable
        Of the rest and the window without labels.
    realised : callable
        Value of each metric, of the window and the rest.

    Returns
    -------
    list of dict
        A row a metric, of `COLUMNS`: `held` says in how many windows the 95 % interval holds
        the value, `within` half its mean width: what an estimate can tell apart. Empty where the
        data cannot be estimated.
    """
    held: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    sizes: list[int] = []
    for one in islice(deals, min(tries, MOST_TRIES)):
        window, rest = one.sides(rows)
        try:
            table = estimate(rest, window.drop(columns=label)).table
        except DriftlibError:
            return []
        values = realised(window, rest)
        sizes.append(len(window))
        for row in table.to_dict("records"):
            metric, value = row["metric"], values.get(row["metric"], np.nan)
            if np.isfinite([row["value"], value]).all():
                held.setdefault(metric, []).append(bool(row["lower"] <= value <= row["upper"]))
                widths.setdefault(metric, []).append((row["upper"] - row["lower"]) / 2)
    found = []
    for metric, hits in held.items():
        lower, upper = wilson(np.array([sum(hits)]), np.array([len(hits)]))
        values_of = (
            metric, take, float(np.mean(sizes)), len(hits), sum(hits), sum(hits) / len(hits),
            float(max(0.0, lower[0])), float(min(1.0, upper[0])), float(np.mean(widths[metric])),
        )  # fmt: skip
        found.append(dict(zip(COLUMNS, values_of, strict=True)))
    return found
