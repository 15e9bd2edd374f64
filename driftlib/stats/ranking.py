"""Rank rows by their scores: how well that orders one class above the rest, group by group."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np


def _unknown() -> np.ndarray:
    return np.array(np.nan)


@dataclass(frozen=True)
class Ranking:
    """How well a score orders one class above the rest, one value a group.

    Parameters
    ----------
    positives, negatives : array
        Rows of the class and of the others.
    auc, ap : float array
        Area under the ROC curve and average precision, 0 to 1; NaN without both classes, or
        without positives.
    auc_error, ap_error : float array
        Standard errors: DeLong's, and that of the influence function. NaN where unknown, as
        for expected values.
    ap_centre : float array
        Average precision with each positive counted as one half at its own score.
    """

    positives: np.ndarray
    negatives: np.ndarray
    auc: np.ndarray
    ap: np.ndarray
    auc_error: np.ndarray = field(default_factory=_unknown)
    ap_error: np.ndarray = field(default_factory=_unknown)
    ap_centre: np.ndarray = field(default_factory=_unknown)


def place_by_rank(positive: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, ...]:
    """Compute area under the ROC curve and average precision from tied blocks of rows.

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

    Examples
    --------
    >>> auc, ap, below, precision = place_by_rank(np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0]))
    >>> float(auc), round(float(ap), 6), below.tolist()
    (0.75, 0.833333, [0.5, 1.0, 1.5, 2.0])
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


@dataclass(frozen=True)
class RankSlopes:
    """How much the measures of a ranking change with one more row of each kind.

    Parameters
    ----------
    auc, ap : float array, shape (..., 2)
        With a row outside the class, and with one of it.
    """

    auc: np.ndarray
    ap: np.ndarray


def rank_slopes(positive: np.ndarray, negative: np.ndarray) -> RankSlopes:
    """Compute how area under the ROC curve and average precision change with a row.

    Of the area these are DeLong's placement values less their mean, over the rows of the kind.

    Parameters
    ----------
    positive, negative : array, shape (blocks,)
        Weight of each class in each block of equal scores, lowest score first.

    Returns
    -------
    RankSlopes
        By block. Weighted by the rows and added up they are 0; NaN where the measure is.

    References
    ----------
    Obuchowski (1997), Biometrics 53(2), 567-578.

    Examples
    --------
    >>> slopes = rank_slopes(np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0]))
    >>> slopes.auc.tolist()
    [[0.125, -0.25], [0.0, -0.125], [-0.125, 0.0], [-0.25, 0.125]]
    """
    auc, ap, below, precision = place_by_rank(positive, negative)
    pos, neg = positive.sum(), negative.sum()
    with np.errstate(all="ignore"):
        above = pos - np.cumsum(positive) + positive / 2
        area = np.stack([(above / pos - auc) / neg, (below / neg - auc) / pos], axis=-1)
        from_here = pos + neg - np.cumsum(positive + negative) + positive + negative
        # A row lowers the precision at every score up to its own, and one of the class adds to it.
        weight = np.where(from_here > 0, positive / from_here, 0)
        raised = np.cumsum(weight)
        lowered = np.cumsum(weight * np.where(from_here > 0, precision, 0))
        found = np.where(from_here > 0, precision, 0) + raised - lowered - ap
        mean = np.stack([-lowered, found], axis=-1) / pos
    return RankSlopes(area, mean)


def _dense_ranks(scores: np.ndarray) -> np.ndarray:
    """Rank scores from 0 up, equal scores alike.

    Parameters
    ----------
    scores : float array, shape (rows,)
        Without NaN.

    Returns
    -------
    uint32 array, shape (rows,)

    Examples
    --------
    >>> _dense_ranks(np.array([0.5, 0.1, 0.5])).tolist()
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
    """Measure how well scores rank the positive rows of each group above the others.

    Scores are ranked once; then each group sorts small integers.

    Parameters
    ----------
    positive : bool array, shape (rows,)
        Whether a row is of the class.
    scores : float array, shape (rows,)
        Without NaN.
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it; groups may overlap.

    Returns
    -------
    Ranking
        Arrays of shape (groups,).

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845.

    Examples
    --------
    >>> y, scores = np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> ranking = rank_groups(y, scores, np.array([0]), np.array([4]))
    >>> ranking.auc.tolist(), ranking.ap.round(6).tolist(), ranking.auc_error.round(6).tolist()
    ([0.75], [0.833333], [0.353553])
    """
    # The label rides in the lowest bit, so that one fast sort orders both.
    keys = _dense_ranks(scores) * np.uint32(2) + positive.astype(np.uint32)
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
    ap = float(p @ precision) / pos
    ap_centre = float(p @ ((true - 0.5) / (n - begin - 0.5))) / pos
    auc = auc_error = np.nan
    if neg:
        placed = (below + tied / 2) / neg
        auc = float(p @ placed) / pos
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
    """Measure how well each class's probability ranks its rows above the rest.

    Parameters
    ----------
    y : int array, shape (rows,)
        Number of each row's class.
    proba : float array, shape (rows, classes)
        Without NaN.
    lo, hi : int array, shape (groups,)
        First row of each group, and first row after it; groups may overlap.

    Returns
    -------
    rankings : list of Ranking
        One a class, without average precision.
    together : array, shape (groups,)
        Standard error of the mean AUC over what it would be for independent classes: the same
        rows make the AUC of every class, so DeLong's components of a row are summed over the
        classes before they are squared.
    """
    ranks = [_dense_ranks(column) for column in proba.T]
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
