"""Tell from what rows have labels whether labels are still to come, or stand for others."""

from __future__ import annotations

import numpy as np

# A fall of the labelled share counts from so many standard errors and as large a share on.
MOST_ERRORS, LEAST_FALL = 4.0, 0.05
# And so does a difference of scores, as an AUC's distance from that of the reference.
LEAST_GAP, LEAST_UNLABELLED = 0.05, 0.02


def falls_off(labelled: np.ndarray, rows: np.ndarray, usual: float | None = None) -> np.ndarray:
    """Tell which of the newest windows have fewer labels than is usual.

    Parameters
    ----------
    labelled, rows : int array, shape (windows,)
        In order of time.
    usual : float, optional
        Share of the reference's rows that have a label. Default: the largest share of a window.

    Returns
    -------
    bool array, shape (windows,)
        True for the newest windows in a row whose share is below the usual one, where it still
        falls: a share that is low from the first window on is no sign of labels to come.

    Examples
    --------
    >>> rows = np.full(5, 1000)
    >>> falls_off(np.array([990, 995, 985, 600, 100]), rows).tolist()
    [False, False, False, True, True]
    >>> falls_off(np.array([300, 310, 305, 290, 300]), rows, usual=1.0).tolist()
    [False, False, False, False, False]
    """
    counts = np.maximum(rows, 1)
    share = labelled / counts
    held = rows > 0
    if held.sum() < 2:
        return np.zeros(len(rows), bool)
    level = float(share[held].max()) if usual is None else usual
    first, last = share[held][0], share[held][-1]
    newest = counts[held][-1]

    def below(found: np.ndarray | float, known: float, n: np.ndarray | int) -> np.ndarray:
        error = np.sqrt(known * (1 - known) / n + 1 / n**2)
        return np.asarray((found < known - LEAST_FALL) & (found < known - MOST_ERRORS * error))

    few = below(share, level, counts) | ~held
    run = np.logical_and.accumulate(few[::-1])[::-1]
    before = max(first, float(share[~run & held].max(initial=0.0)))
    return run & held if below(last, before, newest) else np.zeros(len(rows), bool)


def label_selection(labelled: np.ndarray, score: np.ndarray) -> tuple[float, float]:
    """Tell how much higher rows with a label score than rows without one.

    Parameters
    ----------
    labelled : bool array, shape (rows,)
    score : float array, shape (rows,)
        Without NaN.

    Returns
    -------
    auc : float
        Chance that a row with a label scores above one without; 0.5 where one side has no rows.
    error : float
        Its standard error where they do not differ.

    Examples
    --------
    >>> label_selection(np.array([True, True, False, False]), np.array([4.0, 3.0, 1.0, 2.0]))[0]
    1.0
    """
    n, m = int(labelled.sum()), int((~labelled).sum())
    if not n or not m:
        return 0.5, 0.0
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    auc = (ranks[labelled].sum() - n * (n + 1) / 2) / (n * m)
    return float(auc), float(np.sqrt((n + m + 1) / (12 * n * m)))


def selected(labelled: np.ndarray, score: np.ndarray, usual: tuple[float, float]) -> bool:
    """Tell whether rows with labels score otherwise than those without, and more so than usual.

    Parameters
    ----------
    labelled : bool array, shape (rows,)
    score : float array, shape (rows,)
        Without NaN.
    usual : (float, float)
        `label_selection` of the reference.

    Returns
    -------
    bool
    """
    if (~labelled).sum() < LEAST_UNLABELLED * len(labelled):
        return False
    auc, error = label_selection(labelled, score)
    gap = abs(auc - usual[0])
    return bool(error > 0 and gap > LEAST_GAP and gap > MOST_ERRORS * np.hypot(error, usual[1]))
