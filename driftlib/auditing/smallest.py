"""Read off a table of chances the smallest fault that is seen often enough."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftlib.auditing.faults import size_in_words


def smallest_seen(table: pd.DataFrame, wanted: float) -> pd.DataFrame:
    """Find the smallest size of each fault that is seen with the wanted chance.

    Parameters
    ----------
    table : pandas.DataFrame
        fault, feature, units, size, measure, share, lower, upper, metric and loss: see
        `driftlib.audit`.
    wanted : float
        The chance, in (0, 1).

    Returns
    -------
    pandas.DataFrame
        A row per fault, feature and units: `size` where the chance reaches `wanted`, on the
        straight line between two sizes on a logarithmic scale, NaN where none does; `lower` and
        `upper`, the same for the ends of the chances' intervals (NaN for an end that is not
        reached); `loss`, that of the metric at this size; `words`, the size in words.

    Examples
    --------
    >>> table = pd.DataFrame({"fault": "shift", "feature": "x", "units": 7, "size": [0.1, 0.4],
    ...                       "measure": "sd", "share": [0.6, 1.0], "lower": [0.5, 0.9],
    ...                       "upper": [0.7, 1.0], "metric": "", "loss": np.nan})
    >>> smallest_seen(table, 0.8)[["size", "lower", "upper", "words"]].round(3).values.tolist()
    [[0.2, 0.159, 0.283, '0.2 sd']]
    """
    keys = ["fault", "feature", "units"]
    rows = []
    for key, part in table.groupby(keys, sort=False):
        part = part.sort_values("size")
        sizes = part["size"].to_numpy(float)
        size, below, above = (
            _crossing(sizes, part[name].to_numpy(float), wanted)
            for name in ("share", "upper", "lower")
        )
        loss = float(np.interp(size, sizes, part["loss"]))
        words = "" if np.isnan(size) else size_in_words(size, part["measure"].iloc[0])
        if part["metric"].iloc[0] and words:
            words += f" ({part['metric'].iloc[0]} {loss:+.2g})"
        found = {"size": size, "lower": below, "upper": above, "loss": loss, "words": words}
        rows.append(dict(zip(keys, key, strict=True)) | found)
    return pd.DataFrame(rows, columns=[*keys, "size", "lower", "upper", "loss", "words"])


def typical_sizes(smallest: pd.DataFrame) -> dict[str, str]:
    """Say from what size on each fault is seen in the middle one of the features.

    Parameters
    ----------
    smallest : pandas.DataFrame
        From `smallest_seen`, of one length of window.

    Returns
    -------
    dict of str to str
        By fault; empty text where half of the features never show it often enough.
    """
    found = {}
    for fault, part in smallest.groupby("fault", sort=False):
        order = part.assign(size=part["size"].fillna(np.inf)).sort_values("size", kind="stable")
        # Of an even number the larger of the two in the middle.
        found[str(fault)] = str(order["words"].iloc[len(order) // 2])
    return found


def _crossing(sizes: np.ndarray, chances: np.ndarray, wanted: float) -> float:
    """Size where the chance first reaches what is wanted, between two that were tried."""
    # What is seen of a small fault is seen of a larger one.
    chances = np.maximum.accumulate(chances)
    place = int(chances.searchsorted(wanted))
    if place == len(sizes):
        return np.nan
    if place == 0:
        return float(sizes[0])
    part = (wanted - chances[place - 1]) / (chances[place] - chances[place - 1])
    return float(np.exp(np.interp(part, [0, 1], np.log(sizes[place - 1 : place + 1]))))
