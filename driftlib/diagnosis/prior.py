"""Tell a changed share of positives from other changes of the concept, where there are labels."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftlib.data.levels import level_texts
from driftlib.data.numbers import as_numbers
from driftlib.data.schema import CATEGORICAL, ColumnRoles
from driftlib.domain.result import Domain
from driftlib.stats.prior_shift import (
    ALIKE,
    BINS,
    LEAST_CHANGE,
    LEAST_ROWS,
    MOST_ERRORS,
    class_counts,
    mixture_p_value,
)
from driftlib.written_numbers import percents


def prior_shift_words(
    reference: pd.DataFrame, current: pd.DataFrame, roles: ColumnRoles, domain: Domain
) -> str:
    """Say that only the share of positives changed, if rows of each label are as they were.

    Parameters
    ----------
    reference, current : pandas.DataFrame
        Rows with labels.
    roles : ColumnRoles
    domain : Domain
        For the features that are compared.

    Returns
    -------
    str
        A sentence, with what would put the model right; empty where it is not so, or cannot be
        told: labels are not two, or a class has too few rows.
    """
    sides = [frame.get(roles.y_true) for frame in (reference, current)]
    if any(side is None for side in sides):
        return ""
    labels = [level_texts(side).to_numpy() for side in sides if side is not None]
    found = sorted({str(text) for side in labels for text in pd.unique(side)})
    if len(found) != 2:
        return ""
    y, now = (side == found[1] for side in labels)
    if min(y.sum(), (~y).sum(), now.sum(), (~now).sum()) < LEAST_ROWS:
        return ""
    before, after = float(y.mean()), float(now.mean())
    odds = np.log(after * (1 - before)) - np.log(before * (1 - after))
    error = np.sqrt(sum(1 / count for count in (y.sum(), (~y).sum(), now.sum(), (~now).sum())))
    if abs(odds) < max(LEAST_CHANGE, MOST_ERRORS * error):
        return ""
    names = [*domain.features, *([roles.y_proba] if roles.y_proba in reference else [])]
    level = ALIKE / (2 * max(1, len(names)))
    for name in names:
        categorical = name in domain.levels
        place, new = _binned(reference[name], current[name], CATEGORICAL if categorical else "")
        for own, other in ((y, now), (~y, ~now)):
            counts = class_counts(place[own], np.ones(int(own.sum()), bool), new[other])
            pair = np.array([counts[0], counts[0], counts[2]])
            if mixture_p_value(pair, 1.0) < level:
                return ""
    shares = percents(before, after)
    return (
        f"Prior shift: the share of {found[1]!r} changed from {shares[0]} to {shares[1]}, and rows "
        "of either label look as they did. Then the same inputs have another chance, and no new "
        f"model is needed: adding {odds:+.2f} to the logit of each probability, or another "
        "threshold, would put it right."
    )


def _binned(reference: pd.Series, current: pd.Series, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Bin of each row, or its level; missing values are one."""
    if kind == CATEGORICAL:
        codes = pd.factorize(pd.concat([level_texts(reference), level_texts(current)]))[0] + 1
        return codes[: len(reference)], codes[len(reference) :]
    values, new = (as_numbers(side).values.astype(float) for side in (reference, current))  # noqa: PD011
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if len(known) else known
    return (
        np.where(np.isfinite(values), np.searchsorted(edges, values), len(edges) + 1),
        np.where(np.isfinite(new), np.searchsorted(edges, new), len(edges) + 1),
    )
