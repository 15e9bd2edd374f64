"""Watch subjects (features, metrics) over a run of windows: when each changed, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from driftlib.stats import sequential
from driftlib.stats.sequential import CALM_WINDOWS, LEAST_WINDOWS

# A change takes about four windows to be told from a strange one; in fewer, each is checked.
LEAST_RUN = 4


@dataclass(frozen=True)
class Streams:
    """Scores of windows, several a subject: a mean and some shares of one feature, say.

    Parameters
    ----------
    reference, current : float array, shape (windows, streams)
        NaN where a window has none.
    reference_rows, current_rows : float array, shape (windows, streams)
        Rows behind each.
    within : float array, shape (streams,)
        Variance of one row's score; 0 where it is not known.
    subject : int array, shape (streams,)
        Which subject each is about, from 0.
    weight : float array, shape (streams,)
        Part of a subject's evidence that each makes up; those of a subject add up to at most 1.
    """

    reference: np.ndarray
    current: np.ndarray
    reference_rows: np.ndarray
    current_rows: np.ndarray
    within: np.ndarray
    subject: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Watched:
    """What a run of windows shows of every subject; arrays of shape (windows, subjects).

    Parameters
    ----------
    evidence : float array
        Worth of the bets on a change so far.
    changed : bool array
        Whether a change is taken as real, from its alarm to its end.
    over : bool array
        Whether a change ended with that window.
    since : int array
        Window in which the change began; -1 where there is none.
    """

    evidence: np.ndarray
    changed: np.ndarray
    over: np.ndarray
    since: np.ndarray


def join(parts: Sequence[Streams]) -> Streams:
    """Put streams of several groups of subjects side by side.

    Parameters
    ----------
    parts : sequence of Streams
        With the same number of windows; subjects are numbered on from part to part.

    Returns
    -------
    Streams
    """
    first, subjects = 0, []
    for part in parts:
        subjects.append(part.subject + first)
        first += int(part.subject.max(initial=-1)) + 1
    joined = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts], axis=-1)
        for item in fields(Streams)
        if item.name != "subject"
    }
    return Streams(**joined, subject=np.concatenate(subjects))


def watch(
    streams: Streams, subjects: int, windows: int, alpha: float = 0.025, rise_only: bool = False
) -> Watched:
    """Follow every subject window by window, within one budget of false alarms.

    Parameters
    ----------
    streams : Streams
    subjects : int
        How many there are.
    windows : int
        Windows of a run that the budget is for; at least those of this one count.
    alpha : float
        Share of such runs without a change in which any subject may alarm.
    rise_only : bool
        Whether a fall is no change, as of a loss.

    Returns
    -------
    Watched

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(size=(38, 2))
    >>> scores[30:, 1] += 6
    >>> rows = np.ones_like(scores)
    >>> streams = Streams(scores[:26], scores[26:], rows[:26], rows[26:], np.zeros(2),
    ...                   np.arange(2), np.ones(2))
    >>> found = watch(streams, 2, windows=52)
    >>> found.changed.any(axis=0).tolist(), int(found.since[-1, 1])
    ([False, True], 4)
    """
    scores, rows = _known(streams)
    length = len(scores)
    windows = max(windows, length)
    detector = sequential.start(streams.reference, streams.reference_rows, streams.within)
    evidence = np.zeros((length, subjects))
    changed, over = np.zeros((2, length, subjects), dtype=bool)
    since = np.full((length, subjects), -1)
    open_now, began = np.zeros(subjects, dtype=bool), np.full(subjects, -1)
    for number in range(length):
        detector = sequential.update(detector, scores[number], rows[number])
        bets = detector.evidence[:, :, 0] if rise_only else detector.evidence
        worth = streams.weight * bets.reshape(len(bets), -1).mean(1)
        total = np.bincount(streams.subject, worth, subjects)
        new = sequential.named(total, windows, alpha) & ~open_now
        leader = _leaders(streams.subject, worth, subjects)
        onset = detector.onsets[:, 0] if rise_only else detector.onset
        began = np.where(new, np.minimum(onset[leader], number), began)
        open_now |= new
        done = open_now & detector.over[leader]
        evidence[number], changed[number], over[number] = total, open_now & ~done, done
        since[number] = np.where(open_now, began, -1)
        if done.any():
            detector = sequential.forget(detector, done[streams.subject])
            open_now &= ~done
    return Watched(evidence, changed, over, since)


def level_of_checks(budget: float, windows: int) -> float:
    """Tell at which level drift is checked where windows are not followed one after the other.

    Parameters
    ----------
    budget : float
        Of the run; half of it is for drift.
    windows : int
        Each is a check, and all of them together are one more.

    Returns
    -------
    float

    Examples
    --------
    >>> level_of_checks(0.05, 9)
    0.0025
    """
    return budget / 2 / (windows + 1)


def episodes(found: np.ndarray, quiet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Put findings of windows that were checked one by one together to changes that last.

    Parameters
    ----------
    found : bool array, shape (windows, subjects)
        Whether the check of that window found a change.
    quiet : bool array, shape (windows, subjects)
        Whether it shows nothing at all.

    Returns
    -------
    since : int array, shape (windows, subjects)
        Window in which the change began that is still on; -1 where there is none.
    over : bool array, shape (windows, subjects)
        Whether a change ended with that window: the second quiet one in a row.

    Examples
    --------
    >>> found = np.array([[False], [True], [False], [False], [False]])
    >>> since, over = episodes(found, ~found)
    >>> since.ravel().tolist(), over.ravel().tolist()
    ([-1, 1, 1, 1, -1], [False, False, False, True, False])
    """
    since, over = np.full(found.shape, -1), np.zeros(found.shape, dtype=bool)
    began, calm = np.full(found.shape[1], -1), np.zeros(found.shape[1], dtype=int)
    for number, (now, nothing) in enumerate(zip(found, quiet, strict=True)):
        began = np.where(now & (began < 0), number, began)
        calm = np.where(now, 0, calm + nothing)
        since[number] = began
        over[number] = (began >= 0) & (calm >= CALM_WINDOWS)
        began = np.where(over[number], -1, began)
    return since, over


def _known(streams: Streams) -> tuple[np.ndarray, np.ndarray]:
    """Scores to bet on: none of streams whose ordinary changes are not known."""
    held = ~np.isnan(streams.reference) & (streams.reference_rows > 0)
    known = held.sum(axis=0) >= LEAST_WINDOWS
    return np.where(known, streams.current, np.nan), streams.current_rows


def _leaders(subject: np.ndarray, worth: np.ndarray, subjects: int) -> np.ndarray:
    """Find the stream of each subject that has most evidence."""
    order = np.lexsort((worth, subject))
    last = np.searchsorted(subject[order], np.arange(subjects), side="right") - 1
    return order[np.maximum(last, 0)]
