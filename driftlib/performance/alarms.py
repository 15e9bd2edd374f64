"""Raise the alarms of tracked performance within one budget of false alarms for all windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from driftlib.performance.limits import Limit, is_compared
from driftlib.performance.metric import Metric
from driftlib.performance.policy import AlertPolicy
from driftlib.performance.tables import JudgedTable
from driftlib.stats.intervals import difference
from driftlib.stats.sequential import LEAST_WINDOWS
from driftlib.stats.watch import (
    LEAST_RUN,
    Streams,
    Watched,
    episodes,
    watch,
)
from driftlib.text import counted
from driftlib.written_numbers import percent

# Half the width of a 95 % interval, in standard errors.
HALF_WIDTH = 1.959964
# A metric is worse than tolerated by the median of its latest windows, so many at the most.
LATEST = 5


@dataclass(frozen=True)
class ReferenceWindows:
    """The reference's values in windows of the same kind, or why there are none.

    Parameters
    ----------
    table : pandas.DataFrame, optional
        As a result's table; with a season its `reference_value` is what the cells foretell.
    why : str
        Why it cannot be used; empty where it can.
    seasonal : bool
        Whether windows are held against what their cells foretell.
    """

    table: pd.DataFrame | None = None
    why: str = ""
    seasonal: bool = False


NO_WINDOWS, POLICY = ReferenceWindows(), AlertPolicy()


def raise_alarms(
    judged: JudgedTable,
    metrics: Sequence[Metric[Any]],
    limits: Mapping[str, Limit],
    by: Sequence[str] = (),
    reference: bool = False,
    before: ReferenceWindows = NO_WINDOWS,
    policy: AlertPolicy = POLICY,
) -> tuple[pd.DataFrame, str]:
    """Add to a table of performance which of its windows alarm.

    Parameters
    ----------
    judged : JudgedTable
    metrics : sequence of Metric
        Of the table.
    limits : dict of Limit
        By metric.
    by : sequence of str
        Segment columns.
    reference : bool
        Whether there is one.
    before : ReferenceWindows
        The reference's windows.
    policy : AlertPolicy
        With the budget.

    Returns
    -------
    table : pandas.DataFrame
        With `evidence`, `since`, `over` and `alarm`.
    rule : str
        How alarms were raised, in a sentence.
    """
    table, basis, windows = judged.table, judged.basis, before.table
    known = {metric.name: metric for metric in metrics}
    compared = {name: is_compared(name, limits) and reference for name in known}
    counted_in = [name for name in known if compared[name] or name in limits]
    held = table["held"]
    shown, values = table, ["value", "lower", "upper"]
    if held.any():
        # A window that is not judged says nothing.
        table, basis = (
            side.assign(**{name: side[name].where(~held) for name in values})
            for side in (table, basis)
        )
    numbers = np.unique(table["window"])
    length = len(numbers)
    subject, keys = _subjects(table, by)
    # Columns of the table as arrays of windows and subjects.
    places = (numbers.searchsorted(table["window"]), subject)
    shape = (length, len(keys))
    names = [key[-1] for key in keys]
    counts = np.array([name in counted_in for name in names])
    share = 1 / max(1, counts.sum())
    level = policy.of_performance / length
    beyond = _beyond(table, basis, known, compared, level * share)
    surely = _grid(table["degraded"] & beyond, places, shape, fill=False)
    quiet = _grid(~table["degraded"] & table["value"].notna(), places, shape, fill=False)
    since, over = episodes(surely, quiet)
    evidence = np.full(shape, np.nan)
    relative = np.array([compared[name] for name in names])
    followed = np.zeros(len(keys), dtype=bool)
    if length >= LEAST_RUN and windows is not None:
        streams, followed = _streams(basis, before, by, known, places, shape, keys)
        followed &= relative & counts
    if followed.any():
        watched = _watch(streams, followed, float(share * followed.sum()), policy)
        began = watched.since
        evidence[:, followed], over[:, followed] = watched.evidence, watched.over
        since[:, followed] = began
        tolerated = _within(basis, known, places, shape, since)
        surely[:, followed] = watched.changed & ~tolerated[:, followed]
    starts = table.drop_duplicates("window")["start"].tolist()
    first = np.array([*starts, None], dtype=object)
    table = shown.assign(
        evidence=evidence[places],
        since=pd.Series(first[since[places]], index=table.index, dtype=object),
        over=over[places],
        alarm=surely[places] & ~held.to_numpy(),
    )
    if not counted_in:
        return table, "There is nothing to compare metrics with, and no alarm."
    relative &= not (table["estimated"] & ~held).any()
    return table, _rule(length, level, followed, relative, before, policy)


def goes_on(before: pd.DataFrame | None, after: pd.DataFrame) -> bool:
    """Tell whether windows of values go on from those of the reference.

    Parameters
    ----------
    before, after : pandas.DataFrame
        With the `start` of every window; None without a reference's.

    Returns
    -------
    bool
        Values that occur on both sides, such as names of shops, are no run of windows.
    """
    try:
        return before is not None and bool(before["start"].max() < after["start"].min())
    except TypeError:
        return False


def _rule(
    length: int,
    level: float,
    followed: np.ndarray,
    relative: np.ndarray,
    before: ReferenceWindows,
    policy: AlertPolicy,
) -> str:
    share = percent(policy.of_performance)
    if length == 1:
        return (
            "The data are one window, and the check of all metrics in it alarms without any "
            f"change with a probability of at most {share}."
        )
    if followed.any():
        several = "" if followed.all() else " that are compared with the reference"
        like = " and less what the season foretells" if before.seasonal else ""
        return (
            f"Metrics{several} are held, window by window{like}, against all windows before and "
            f"those of the reference: in a run of up to {max(length, policy.windows)} windows "
            f"without any change some metric alarms with a probability of at most {share}. A "
            "change that lasts takes about four windows to be told from a strange one."
        )
    why = ""
    if relative.any() and length < LEAST_RUN:
        why = f"it takes {LEAST_RUN} windows to tell a change that lasts"
    elif relative.any():
        windows = before.table
        number = 0 if windows is None else windows["window"].nunique()
        why = before.why or (
            f"the reference has {counted(number, 'window')} of this kind, and it takes "
            f"{LEAST_WINDOWS} to know how windows vary"
        )
    because = f", because {why}" if why else ""
    return (
        f"Each of the {length} windows is checked by itself{because}; at a level of "
        f"{percent(level)} over all metrics, so that a run of them without any change has an "
        f"alarm with a probability of at most {share}."
    )


def _subjects(table: pd.DataFrame, by: Sequence[str]) -> tuple[np.ndarray, list[tuple[Any, ...]]]:
    """Give each row the number of its segment and metric, and list those."""
    columns = table[[*by, "metric"]].astype(object)
    columns = columns.where(columns.notna(), None)
    keys = list(columns.itertuples(index=False, name=None))
    found = list(dict.fromkeys(keys))
    place = {key: number for number, key in enumerate(found)}
    return np.array([place[key] for key in keys], dtype=int), found


def _grid(
    values: pd.Series | np.ndarray,
    places: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
    fill: Any,
) -> np.ndarray:
    found = np.full(shape, fill)
    found[places] = values
    return found


def _beyond(
    table: pd.DataFrame,
    basis: pd.DataFrame,
    metrics: Mapping[str, Metric[Any]],
    compared: Mapping[str, bool],
    level: float,
) -> pd.Series:
    """Whether values are beyond their limits at a level, from their 95 % intervals."""
    from scipy.special import ndtri

    stretch = float(-ndtri(level)) / HALF_WIDTH
    columns = ["value", "lower", "upper"]
    known = basis[[f"reference_{column}" for column in columns]].set_axis(columns, axis=1)
    own = table.reset_index(drop=True)
    found = np.zeros(len(own), dtype=bool)
    for name, metric in metrics.items():
        rows = (own["metric"] == name).to_numpy()
        there, back = _scale(metric)
        sides = []
        for frame in ((basis if compared[name] else table)[rows], known[rows]):
            value, lower, upper = (there(frame[c].to_numpy(float)) for c in columns)
            ends = np.sort([back(value + stretch * (end - value)) for end in (lower, upper)], 0)
            sides.append((frame["value"].to_numpy(float), ends[0], ends[1]))
        threshold = own.loc[rows, "threshold"].to_numpy(float)
        now, before = sides
        low, high = difference(*now, before)
        limit = threshold
        worst = now[2] if metric.higher_is_better else now[1]
        if compared[name]:
            limit = np.nan_to_num(threshold - before[0], nan=0.0)
            worst = high if metric.higher_is_better else low
        found[rows] = metric.worse(worst, limit)
    return pd.Series(found, index=table.index)


Transform = Callable[[np.ndarray], np.ndarray]


def _scale(metric: Metric[Any]) -> tuple[Transform, Transform]:
    """Give a scale on which a metric's variance hardly depends on its value, and the way back."""
    if (metric.low, metric.high) == (0.0, 1.0):
        return (
            lambda x: np.arcsin(np.sqrt(np.clip(x, 0, 1))),
            lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
        )
    if not np.isfinite(metric.high) and metric.low != 0:
        return lambda x: x, lambda x: x
    if metric.low == 0:
        return lambda x: np.sqrt(np.maximum(x, 0)), lambda x: np.maximum(x, 0) ** 2
    return (
        lambda x: np.sqrt(np.maximum(metric.high - x, 0)),
        lambda x: metric.high - np.maximum(x, 0) ** 2,
    )


def _streams(
    table: pd.DataFrame,
    reference: ReferenceWindows,
    by: Sequence[str],
    metrics: Mapping[str, Metric[Any]],
    places: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
    keys: Sequence[tuple[Any, ...]],
) -> tuple[Streams, np.ndarray]:
    """Score every window, larger being worse; and tell which subjects have enough of them."""
    windows = reference.table
    assert windows is not None
    number, found = _subjects(windows, by)
    index = {key: place for place, key in enumerate(keys)}
    subject = np.array([index.get(key, -1) for key in found], dtype=int)[number]
    own = windows[subject >= 0]
    order = np.unique(own["window"])
    before = (order.searchsorted(own["window"]), subject[subject >= 0])
    past = (len(order), len(keys))
    (known, past_rows), (scores, rows) = (
        (
            _grid(_scores(frame, metrics, "value"), at, size, fill=np.nan),
            _grid(frame["n_labelled"].to_numpy(float), at, size, fill=0.0),
        )
        for frame, at, size in ((own, before, past), (table, places, shape))
    )
    width = np.abs(_scores(own, metrics, "upper") - _scores(own, metrics, "lower"))
    noise = (width / (2 * HALF_WIDTH)) ** 2 * own["n_labelled"].to_numpy(float)
    if reference.seasonal:
        foretold = (
            _grid(_scores(frame, metrics, "reference_value"), at, size, fill=np.nan)
            for frame, at, size in ((own, before, past), (table, places, shape))
        )
        known, scores = (side - told for side, told in zip((known, scores), foretold, strict=True))
    held = ~np.isnan(known) & (past_rows > 0)
    noise = np.where(held, _grid(noise, before, past, fill=np.nan), np.nan)
    middle = np.array([np.nanmedian(c) if np.isfinite(c).any() else 0.0 for c in noise.T])
    each = len(keys)
    streams = Streams(
        known, scores, past_rows, rows, np.nan_to_num(middle), np.arange(each), np.ones(each)
    )
    return streams, held.sum(axis=0) >= LEAST_WINDOWS


def _scores(table: pd.DataFrame, metrics: Mapping[str, Metric[Any]], column: str) -> np.ndarray:
    values = table[column].to_numpy(float)
    names = table["metric"].to_numpy()
    scores = np.full(len(table), np.nan)
    for name, metric in metrics.items():
        rows = names == name
        there, _ = _scale(metric)
        # The root of what is missing from the best value falls where the value rises.
        falls = metric.higher_is_better and (metric.low == 0 or not np.isfinite(metric.high))
        scores[rows] = (-1 if falls else 1) * there(values[rows])
    return scores


def _watch(streams: Streams, followed: np.ndarray, share: float, policy: AlertPolicy) -> Watched:
    """Follow some of the subjects."""
    some = Streams(
        streams.reference[:, followed], streams.current[:, followed],
        streams.reference_rows[:, followed], streams.current_rows[:, followed],
        streams.within[followed], np.arange(followed.sum()), np.ones(followed.sum()),
    )  # fmt: skip
    return watch(
        some, int(followed.sum()), policy.windows, share * policy.of_performance, rise_only=True
    )


def _within(
    table: pd.DataFrame,
    metrics: Mapping[str, Metric[Any]],
    places: tuple[np.ndarray, np.ndarray],
    shape: tuple[int, int],
    since: np.ndarray,
) -> np.ndarray:
    """Whether changes that are on leave a metric within what is tolerated."""
    higher = table["metric"].map({name: m.higher_is_better for name, m in metrics.items()})
    gap = (table["threshold"] - table["value"]).where(higher, table["value"] - table["threshold"])
    beyond = _grid(gap, places, shape, fill=np.nan)
    found = np.zeros(shape, dtype=bool)
    for window, subject in zip(*np.nonzero(since >= 0), strict=True):
        latest = beyond[max(since[window, subject], window + 1 - LATEST) : window + 1, subject]
        known = latest[~np.isnan(latest)]
        # Without a threshold any change for the worse counts.
        found[window, subject] = len(known) > 0 and np.median(known) <= 0
    return found
