"""How well scores order the rows of one class above the rest, for many groups of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """How well a score orders one class above the rest, with standard errors.

    `auc_error` is DeLong's, `ap_error` comes from the influence function; `ap_centre` is the
    average precision with each positive counted as one half at its own score. All three are
    NaN for expected values.
    """

    positives: np.ndarray
    negatives: np.ndarray
    auc: np.ndarray
    ap: np.ndarray
    auc_error: np.ndarray | float = np.nan
    ap_error: np.ndarray | float = np.nan
    ap_centre: np.ndarray | float = np.nan


def place_by_rank(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, ...]:
    """Area under the ROC curve and average precision from tied blocks of rows.

    Parameters
    ----------
    positive, negative : array, shape (..., blocks)
        Weight of each class in each block of equal scores, lowest score first.

    Returns
    -------
    auc, ap : array, shape (...)
        NaN without both classes, or without positives.
    below, precision : array, shape (..., blocks)
        Negatives below each block (half of those in it), and the precision of predicting
        positive from the block upwards.
    """
    pos, neg = positive.sum(-1), negative.sum(-1)
    with np.errstate(all="ignore"):
        below = np.cumsum(negative, -1) - negative / 2
        auc = (positive * below).sum(-1) / (pos * neg)
        true = pos[..., None] - np.cumsum(positive, -1) + positive
        false = neg[..., None] - np.cumsum(negative, -1) + negative
        precision = true / (true + false)
        ap = (positive * precision).sum(-1) / pos
    return auc, ap, below, precision


def dense_ranks(scores: np.ndarray) -> np.ndarray:
    """Rank of each score from 0, equal scores alike.

    Examples
    --------
    >>> dense_ranks(np.array([0.5, 0.1, 0.5])).tolist()
    [1, 0, 1]
    """
    order = np.argsort(scores)
    ordered = scores[order]
    ranks = np.empty(len(scores), np.uint32)
    ranks[order] = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
    return ranks


def rank_groups(
    positive: np.ndarray, scores: np.ndarray, lo: np.ndarray, hi: np.ndarray
) -> Ranking:
    """Ranking of each group: scores are ranked once, then each group sorts small integers."""
    # The label rides in the lowest bit, so that one fast sort orders both.
    keys = dense_ranks(scores) * np.uint32(2) + positive.astype(np.uint32)
    columns = np.array(
        [_rank(np.sort(keys[a:b])) for a, b in zip(lo.tolist(), hi.tolist(), strict=True)]
    )
    return Ranking(*columns.reshape(len(lo), 7).T)


def _rank(keys: np.ndarray) -> tuple[float, ...]:
    n, at = len(keys), np.flatnonzero(keys & 1)
    pos = len(at)
    neg = n - pos
    if not pos:
        return (pos, neg, *[np.nan] * 5)
    # One entry for each distinct score of a positive: everything is constant in between.
    block = keys >> 1
    new = np.concatenate([[True], block[1:] != block[:-1]])
    if new.all():
        before, p, begin = np.arange(pos), np.ones(pos), at
    else:
        score = block[at]
        before = np.flatnonzero(np.append(True, score[1:] != score[:-1]))
        p = np.diff(before, append=pos).astype(float)
        at = at[before]
        begin = np.maximum.accumulate(np.where(new, np.arange(n), 0))[at]
    upto = at - before
    tied = at - begin
    below = upto - tied
    between = below - np.concatenate([[0], upto[:-1]])
    rest = neg - upto[-1]
    true = pos - before

    precision = true / (n - begin)
    ap = p @ precision / pos
    ap_centre = p @ ((true - 0.5) / (n - begin - 0.5)) / pos
    auc = auc_error = np.nan
    if neg:
        placed = (below + tied / 2) / neg
        auc = p @ placed / pos
    if neg > 1 and pos > 1:
        by_pos = p @ (placed - auc) ** 2 / (pos - 1)
        by_neg = between @ (true / pos - auc) ** 2 + rest * auc**2
        by_neg += tied @ ((true - p / 2) / pos - auc) ** 2
        auc_error = math.sqrt(by_pos / pos + by_neg / (neg - 1) / neg)
    # Influence of a row on average precision: its own precision, and what it does to the
    # precision of every positive at or below its score.
    weight = p / (n - begin)
    raised, lowered = np.cumsum(weight), np.cumsum(weight * precision)
    passed = lowered**2
    squares = p @ (precision + raised - lowered - ap) ** 2
    squares += between[1:] @ passed[:-1] + tied @ passed + rest * passed[-1]
    return pos, neg, auc, ap, auc_error, math.sqrt(squares) / pos, ap_centre


def rank_classes(
    y: np.ndarray, proba: np.ndarray, lo: np.ndarray, hi: np.ndarray
) -> tuple[list[Ranking], np.ndarray]:
    """Ranking of each class against the rest, without average precision.

    Parameters
    ----------
    y : int array, shape (rows,)
    proba : array, shape (rows, classes)
    lo, hi : int array, shape (groups,)

    Returns
    -------
    rankings : list of Ranking
        One a class.
    together : array, shape (groups,)
        Standard error of the mean AUC over what it would be for independent classes: the same
        rows make the AUC of every class, so DeLong's components of a row are summed over the
        classes before they are squared.
    """
    ranks = [dense_ranks(column) for column in proba.T]
    areas = np.full((4, len(ranks), len(lo)), np.nan)
    together = np.ones(len(lo))
    for group, (a, b) in enumerate(zip(lo.tolist(), hi.tolist(), strict=True)):
        total, alone = np.zeros(b - a), 0.0
        for label, rank in enumerate(ranks):
            own = y[a:b] == label
            pos = int(np.count_nonzero(own))
            neg = b - a - pos
            areas[:2, label, group] = pos, neg
            if not pos or not neg:
                continue
            order, mine, won = _placements(rank[a:b], own, pos, neg)
            auc = won[mine].mean()
            part = (won - auc) / np.where(mine, pos, neg)
            total[order] += part
            squares = part * part
            alone += squares.sum()
            areas[2, label, group] = auc
            if pos > 1 and neg > 1:
                by_pos = squares[mine].sum()
                by_neg = squares.sum() - by_pos
                scale = pos / (pos - 1), neg / (neg - 1)
                areas[3, label, group] = math.sqrt(by_pos * scale[0] + by_neg * scale[1])
        if alone:
            together[group] = math.sqrt(total @ total / alone)
    none = np.full(len(lo), np.nan)
    rankings = [
        Ranking(pos, neg, auc, none, error) for pos, neg, auc, error in areas.swapaxes(0, 1)
    ]
    return rankings, together


def _placements(
    rank: np.ndarray, own: np.ndarray, pos: int, neg: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows by rank, which of them are of the class, and the share of the other kind each beats.

    A row of the class beats those below it, any other those above it; ties count one half.
    """
    order = np.argsort(rank)
    ordered, mine = rank[order], own[order]
    upto = np.cumsum(mine)
    new = ordered[1:] != ordered[:-1]
    if new.all():
        below, above = np.arange(1, len(rank) + 1) - upto, pos - upto
    else:
        last = np.append(np.flatnonzero(new), len(rank) - 1)
        size, tied = np.diff(last, prepend=-1), np.diff(upto[last], prepend=0)
        below = np.repeat(last + 1 - upto[last] - (size - tied) / 2, size)
        above = np.repeat(pos - upto[last] + tied / 2, size)
    return order, mine, np.where(mine, below / neg, above / pos)
