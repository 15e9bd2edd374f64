"""Find labels and scores that look wrong as data, before a cause is read into them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.diagnosis.decomposition import fit_loss
from driftlib.diagnosis.setup import Periods
from driftlib.domain.result import Domain
from driftlib.performance.assumptions import MixtureCheck
from driftlib.performance.training_rows import TRAINED, training_words
from driftlib.performance.unlikely_labels import CHECK, usual_labels
from driftlib.results import of_the_latest

# The same inputs have other scores where one regression for both periods leaves so many times as
# much over as one for each, and more by such a share of the variance. Of one model it left 0.40 to
# 0.96 times as much, over 36 samples of 400 or 1,500 rows with and without moved inputs; of another
# model 1.2 to 2.8 times, of one that is only less sure 0.8 to 1.5, of inputs of other rows 1.4 to
# 1.6 times.
GROWN, LEAST_GROWN = 1.2, 0.01
# Labels are those of other rows where scores rank them no more, within so many standard errors of
# a correlation of 0, though they did by so much, and both are distributed as before, within so
# large a distance.
LOST_ERRORS, LOST_LEAST, ALIKE = 3.0, 0.3, 0.1
# Rows of either side that such a regression learns from.
LEARNT = 10_000
# A glance by few quick trees tells whether to look closely, at one fold and then at two together:
# only where one regression leaves so many times as much over. Of 1,800 samples of 400 to 6,000 rows
# with eight kinds of change, or none, it missed none of the 383 in which a close look finds another
# model; in 1 % of those of one model a close look was taken (`python -m bench other_model`).
QUICK = {"max_iter": 15, "learning_rate": 0.3}
GLANCES = (0.95, 1.0)


def label_suspicion(periods: Periods) -> str:
    """Say why labels of current say nothing.

    Parameters
    ----------
    periods : Periods
        Rows of two periods.

    Returns
    -------
    str
        Empty where they look as they should, or the loss is a column of the user's.
    """
    rows = periods.losses.rows
    if rows is None or not periods.labelled or not len(periods.reference):
        return ""
    units, before, now = periods.units, rows.reference, rows.current
    if not rows.predicted:
        # Where there are scores alone labels stand in for predictions.
        before = replace(before, pred=np.full_like(before.pred, -1))
        now = replace(now, pred=np.full_like(now.pred, -1))
    usual = usual_labels(rows.task, before, None if units.by_row else units.reference.codes)
    odd = usual.unlike(now, None if units.by_row else units.current.codes)
    return f"{periods.names[1]}: {odd}: {CHECK}" if odd else ""


def suspicion(periods: Periods) -> str:
    """Say why labels or scores say nothing of what the model does.

    Parameters
    ----------
    periods : Periods
        Rows of two periods.

    Returns
    -------
    str
        Empty where they look as they should, or the loss is a column of the user's.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib.diagnosis.setup import DiagnosisSetup
    >>> frame = pd.DataFrame({"x": range(80), "y_true": [0, 1] * 40, "y_pred": [0, 1, 1, 1] * 20})
    >>> suspicion(DiagnosisSetup(unit="row").read(frame, frame.assign(y_true=1))).split(":")[1]
    " all its 80 labels are '1', as are 50 % of the reference's"
    """
    holdout = periods.setup.holdout
    odd = TRAINED if holdout is False else label_suspicion(periods)
    rows = periods.losses.rows
    if odd or rows is None or not periods.labelled or not len(periods.reference):
        return odd
    before, now = rows.reference, rows.current
    if now.proba is None:
        return ""
    if rows.predicted and not before.opposed and now.opposed:
        return f"in {periods.names[1]} {now.opposed}"
    check = MixtureCheck(rows.task, before, periods.reference, periods.current, periods.features)
    surer = check.surer_of_reference(now, np.flatnonzero(now.scored))
    return training_words(before, now, surer, holdout)


def lost_labels(domain: Domain, labels: np.ndarray, scores: np.ndarray) -> str:
    """Say that labels follow neither scores nor inputs any more, as those of other rows do.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    labels, scores : float array, shape (rows,)
        The label of each row of it, and what the model gave it.

    Returns
    -------
    str
        Empty where labels follow either, did not before, or are distributed otherwise, which is
        no matter of other rows.
    """
    cut = len(domain.reference_rows)
    now = slice(cut, None)
    after = spearman(labels[now], scores[now])
    chance = LOST_ERRORS / np.sqrt(len(labels) - cut)
    if abs(after) > chance:
        return ""
    before = spearman(labels[:cut], scores[:cut])
    moved = [ks_distance(side[:cut], side[now]) for side in (labels, scores)]
    if before < LOST_LEAST or max(moved) > ALIKE:
        return ""
    if spearman(labels[now], fit_loss(domain, labels, domain.is_current)[now]) > chance:
        return ""
    return (
        f"labels follow neither scores (correlation {after:.2f}, {before:.2f} in the reference) "
        "nor inputs, though they are distributed as before: they look joined to other rows"
    )


@of_the_latest
def other_scores(domain: Domain, scores: np.ndarray) -> str:
    """Say that the same inputs no longer have the same scores, so that it is not one model.

    A model's scores are made of its inputs. As long as the model and the way to its inputs are the
    same, whatever outcomes do and wherever inputs move, one regression of both periods' scores on
    the inputs leaves less over than one of each period, for it learns from more rows.

    Parameters
    ----------
    domain : Domain
        The fitted classifier of the two periods.
    scores : float array, shape (rows,)
        What the model gave each row of it.

    Returns
    -------
    str
        Empty where they look the same, or there are too few rows to tell.
    """
    return other_closely(domain, scores) if other_at_a_glance(domain, scores) else ""


def other_at_a_glance(domain: Domain, scores: np.ndarray) -> bool:
    """Tell whether `other_closely` may find another model.

    Parameters
    ----------
    domain, scores
        As for `other_scores`.

    Returns
    -------
    bool
    """
    seen = np.zeros(2)
    for fold, least in enumerate(GLANCES):
        seen += _left_over(domain, scores, fold, **QUICK)
        if seen[0] < least * seen[1]:
            return False
    return True


def other_closely(domain: Domain, scores: np.ndarray) -> str:
    """Say what `other_scores` says, without a glance before.

    Parameters
    ----------
    domain, scores
        As for `other_scores`.

    Returns
    -------
    str
    """
    one, each = _left_over(domain, scores).tolist()
    variance = scores[: len(domain.reference_rows)].var()
    if not one > GROWN * each or not one - each > LEAST_GROWN * variance:
        return ""
    by = 2 * np.sqrt(one - each)
    return (
        f"the same inputs have other scores than in the reference, by {by:.2g} as a rule: the "
        "model was changed, its inputs are computed or joined otherwise, or it takes some that are "
        "not here. Compare rows that one model has scored"
    )


def _left_over(
    domain: Domain, scores: np.ndarray, held: int | None = None, **options: Any
) -> np.ndarray:
    """Square what one regression for both periods leaves over, and what one for each does.

    Of the rows of one fold, or of all; with other options of the boosting, or without.
    """
    cut = len(domain.reference_rows)
    before, now = np.zeros((2, len(scores)), bool)
    before[: cut : -(-cut // LEARNT)] = True
    now[cut :: -(-(len(scores) - cut) // LEARNT)] = True
    sides = before | now, now, before
    fitted = [fit_loss(domain, scores, side, held, **options) for side in sides]
    apart = np.where(domain.is_current, fitted[1], fitted[2])
    weight = np.concatenate(domain.overlap_weights) / 2
    judged = np.isfinite(apart)
    over = [(scores - expected)[judged] ** 2 for expected in (fitted[0], apart)]
    left: np.ndarray = np.array(over) @ weight[judged]
    return left


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Compute Spearman's correlation; 0 where either side is constant.

    Parameters
    ----------
    first, second : float array, shape (rows,)

    Returns
    -------
    float

    Examples
    --------
    >>> round(spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 9, 4, 20])), 6)
    0.8
    """
    ranks = pd.DataFrame({"first": first, "second": second}).rank().to_numpy()
    if not ranks.std(axis=0).all():
        return 0.0
    return float(np.corrcoef(ranks, rowvar=False)[0, 1])


def ks_distance(before: np.ndarray, now: np.ndarray) -> float:
    """Compute the Kolmogorov-Smirnov distance of two samples.

    Parameters
    ----------
    before, now : float array

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> ks_distance(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, 5, 6]))
    0.5
    """
    sides = [np.sort(before), np.sort(now)]
    grid = np.concatenate(sides)
    shares = [side.searchsorted(grid, "right") / len(side) for side in sides]
    return float(np.abs(shares[0] - shares[1]).max())
