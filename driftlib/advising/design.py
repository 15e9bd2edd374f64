"""Draw rows with chances that are known, so that what they tell of all rows has no bias."""

from __future__ import annotations

import numpy as np

# Chances are scaled again where some are cut off at 1.
ROUNDS = 50


def chances(sizes: np.ndarray, number: int, even: float) -> np.ndarray:
    """Give each row a chance to be drawn, in proportion to its size.

    Parameters
    ----------
    sizes : float array, shape (rows,)
        At least 0: how much a row's label would tell.
    number : int
        Rows to draw, at most as many as there are.
    even : float
        Share of the chance that all rows have alike, above 0 and at most 1: no row is left out,
        whatever its size.

    Returns
    -------
    float array, shape (rows,)
        Above 0, at most 1, adding up to `number`.

    Examples
    --------
    >>> chances(np.array([0.0, 1.0, 1.0, 8.0]), 2, 0.2).round(2).tolist()
    [0.16, 0.42, 0.42, 1.0]
    """
    rows = len(sizes)
    total = float(sizes.sum())
    shares = sizes / total if total > 0 else np.full(rows, 1 / rows)
    wanted = even / rows + (1 - even) * shares
    found = number * wanted
    for _ in range(ROUNDS):
        sure = found >= 1
        left = number - int(sure.sum())
        if not sure.any() or left <= 0:
            break
        scaled = np.where(sure, 1.0, left * wanted / wanted[~sure].sum())
        if np.array_equal(scaled >= 1, sure):
            found = scaled
            break
        found = scaled
    return np.minimum(found, 1.0)


def draw(chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw rows, each with its chance; as many as the chances add up to.

    Parameters
    ----------
    chance : float array, shape (rows,)
    rng : numpy.random.Generator

    Returns
    -------
    int array
        Positions, in order. Rows that follow one another are not drawn together more often than
        their chances make them, so that each stretch of time has its share.

    References
    ----------
    Madow (1949), Annals of Mathematical Statistics 20(3), 333-354: systematic sampling with
    unequal chances.

    Examples
    --------
    >>> draw(np.array([1.0, 0.5, 0.5, 1.0]), np.random.default_rng(0)).tolist()
    [0, 2, 3]
    """
    ends = np.cumsum(chance)
    number = round(float(ends[-1]))
    points = rng.random() + np.arange(number)
    # Sums of floats end a little off a whole number.
    ends *= number / ends[-1]
    return np.minimum(np.searchsorted(ends, points, side="right"), len(chance) - 1)
