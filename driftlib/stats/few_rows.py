"""Count columns of few rows on their grids, all in one: a call costs more than its work."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from driftlib.stats.counts import Cumulative
from driftlib.stats.precision import Claims, held_as_whole

# From so many rows on, it is quicker to look up each grid point among them than each of them.
MOST_ROWS = 4_000
_LOWEST = np.array([-np.inf])


def has_few_rows(grid: np.ndarray, ordered: np.ndarray, claims: Claims) -> bool:
    """Tell whether a column is one that `cumulative_few` counts.

    Parameters
    ----------
    grid, ordered : array
        Its grid, and its values from the smallest up.
    claims : Claims
        Which values count as which grid point.

    Returns
    -------
    bool
        Of up to 4,000 values that doubles hold, on a grid of points that can all be told apart.
    """
    return (
        0 < len(ordered) <= MOST_ROWS
        and grid.dtype.kind == "f"
        and claims.separate
        and not held_as_whole(ordered)
    )


def cumulative_few(
    grids: Sequence[np.ndarray], columns: Sequence[np.ndarray], claims: Sequence[Claims]
) -> list[Cumulative]:
    """Count columns as `driftlib.stats.counts.cumulative_columns` does, by looking up each value.

    Parameters
    ----------
    grids, columns : sequence of array
        Each column's grid and values, smallest first: see `has_few_rows`.
    claims : sequence of Claims
        Which values count as which grid point.

    Returns
    -------
    list of Cumulative

    Examples
    --------
    >>> from driftlib.stats.precision import claims
    >>> grid = np.array([1.0, 2.0])
    >>> (found,) = cumulative_few([grid], [np.array([0.0, 1.0, 1.5, 5.0])], [claims(grid, 53)])
    >>> found.below.tolist(), found.at_or_below.tolist(), found.gaps.tolist()
    ([1, 3], [2, 3], [1.0, 0.5, 3.0])
    """
    rows = np.array([len(values) for values in columns])
    firsts = [0, *accumulate(rows.tolist())]
    values = np.concatenate(columns).astype(float, copy=False)
    # A cell a grid point, which ends with it, and one for what lies above them all.
    sizes = np.array([len(grid) + 1 for grid in grids])
    places = [0, *accumulate(sizes.tolist())]
    starts, skipped = np.array(places[:-1]), np.repeat(firsts[:-1], sizes)
    cells = np.concatenate(
        [
            one.lower.searchsorted(values[first:last], "right")
            for one, first, last in zip(claims, firsts[:-1], firsts[1:], strict=True)
        ]
    )
    cells += np.repeat(starts, rows)
    below = np.bincount(cells, minlength=places[-1]).cumsum()
    below -= skipped
    # What is not above the point before its cell counts as that point.
    uppers = np.concatenate([part for one in claims for part in (_LOWEST, one.upper)])
    at, at_or_below = values <= uppers[cells], below
    if at.any():
        cells -= at
        at_or_below = np.bincount(cells, minlength=places[-1]).cumsum()
        at_or_below -= skipped
    ends = np.concatenate([part for grid in grids for part in (grid, grid[-1:])])
    # Moments are taken from the median, so that a feature far from zero loses no digits.
    middles = values[firsts[:-1] + rows // 2]
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = np.bincount(cells, weights=ends[cells] - values, minlength=places[-1])
        # Of what lies above a grid, distances are taken to its end below.
        gaps[starts + sizes - 1] *= -1
        np.maximum(gaps, 0.0, out=gaps)
        if not np.isfinite(gaps.sum()):
            np.nan_to_num(gaps, copy=False)
        values = values - np.repeat(middles, rows)
        offsets = np.add.reduceat(values, firsts[:-1]) / rows
        squares = np.add.reduceat(values * values, firsts[:-1])
        # The mean is within a standard deviation of the median, so little cancels here.
        spread = np.maximum(0.0, squares - rows * offsets**2)
    found = zip(
        places[:-1],
        places[1:],
        rows.tolist(),
        (middles + offsets).tolist(),
        np.where(np.isfinite(squares), spread, squares).tolist(),
        strict=True,
    )
    counted = []
    for start, end, number, *moments in found:
        own = below[start : end - 1]
        # One array where they are the same, as of numbers with many digits.
        upto = own if at_or_below is below else at_or_below[start : end - 1]
        counted.append(Cumulative(own, upto, number, gaps[start:end], *moments))
    return counted
