"""Test what a glance would show: rows beyond a range, in its outermost tails, at a single value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from driftlib.stats.counts import Cumulative
from driftlib.stats.gridded import Gridded
from driftlib.stats.hypergeometric import log_point, tail

# The outermost rows on either side: one half percent.
TAIL = 0.005
# A spike stands out from what is around it: as much of the reference as three quarters of the
# spike on each side, but no more than a twentieth. Where values were only written with fewer
# digits the rows at one are missing around it, and where all moved there are more around it, too.
AROUND, MOST_AROUND = 0.75, 0.05


def excess_p_value(within: int, n_reference: int, rows: int, n_current: int) -> float:
    """Test whether a part has more current rows than the reference foretells.

    The part is a value, or lies between two values of the reference with `within` of its rows
    between them. As no order of the rows of both samples is likelier than another, the rows of
    the part are drawn from all without looking at their sample: exact for continuous laws,
    conservative where values tie.

    Parameters
    ----------
    within, n_reference : int
        Rows of the reference strictly inside the part, or at the value, and all.
    rows, n_current : int
        The same of the current sample.

    Returns
    -------
    float
        Probability of so many current rows or more; 1 for no more than the mean.

    References
    ----------
    Wilks (1942), Annals of Mathematical Statistics 13(4), 400-409.

    Examples
    --------
    >>> round(excess_p_value(0, 1000, 3, 1000), 3), excess_p_value(20, 1000, 80, 1000) < 1e-8
    (0.125, True)
    """
    if rows * (n_reference + 1) <= (within + 1) * n_current:
        return 1.0
    # So many current rows or more are so few of the reference's or fewer, which is the shorter sum.
    return tail(within, within + rows, n_reference, n_reference + n_current, upper=False)


def beyond_p_value(below: int, above: int, n_reference: int, n_current: int) -> float:
    """Test the number of current rows below and above all of the reference.

    Parameters
    ----------
    below, above : int
        Current rows below the reference's least value, and above its greatest.
    n_reference, n_current : int
        Rows a side.

    Returns
    -------
    float
        0 to 1: twice that of the side that is less likely.

    Examples
    --------
    >>> round(beyond_p_value(0, 2, 1000, 1000), 3), beyond_p_value(30, 0, 1000, 1000) < 1e-8
    (0.5, True)
    """
    sides = [excess_p_value(0, n_reference, rows, n_current) for rows in (below, above)]
    return min(1.0, 2 * min(sides))


@dataclass(frozen=True)
class Tails:
    """Current rows in the outermost half percents of the reference.

    Parameters
    ----------
    lower, upper : float
        By how much the share of rows in each grew, from 0.
    p_value : float
        0 to 1; NaN where half a percent of the reference is less than two rows, or all of it is of
        the least and the greatest value: there is nothing then between them and the range's ends.
    """

    lower: float = 0.0
    upper: float = 0.0
    p_value: float = np.nan

    @property
    def growth(self) -> float:
        """Both together."""
        return self.lower + self.upper


def outer_tails(reference: Cumulative, current: Cumulative) -> Tails:
    """Test whether more rows lie in the reference's outermost half percents.

    Parameters
    ----------
    reference, current : Cumulative
        Counts on the same grid, at least one row a side.

    Returns
    -------
    Tails

    Examples
    --------
    >>> from driftlib.stats.counts import cumulative
    >>> grid = np.arange(1000.0)
    >>> tails = outer_tails(cumulative(grid, grid), cumulative(grid, 1.1 * grid))
    >>> tails.lower, round(tails.upper, 3), tails.p_value < 1e-6
    (0.0, 0.09, True)
    """
    n, m = reference.rows, current.rows
    rows = math.ceil(TAIL * n)
    if rows < 2:
        return Tails()
    # The reference's row whose rank is that, counted from either end, is at these grid points.
    low = int(reference.at_or_below.searchsorted(rows))
    high = int(reference.below.searchsorted(n - rows, "right")) - 1
    found, p_values = [], []
    sides = (
        (reference.below[min(low, len(reference.below) - 1)], low, "low"),
        (n - reference.at_or_below[max(high, 0)], high, "high"),
    )
    if not (sides[0][0] or sides[1][0]):
        return Tails()
    for inner, place, side in sides:
        outside = not 0 <= place < len(reference.below)
        if outside:
            # More than half a percent of these rows lie where the grid has no points.
            found.append(0.0)
            continue
        rank = max(rows, int(inner) + 1)
        now = current.below[place] if side == "low" else m - current.at_or_below[place]
        found.append(max(0.0, float(now) / m - rank / (n + 1)))
        p_values.append(excess_p_value(rank - 1, n, int(now), m))
    p_value = min(1.0, 2 * min(p_values)) if p_values else np.nan
    return Tails(found[0], found[1], p_value)


@dataclass(frozen=True)
class Spike:
    """The value, or narrow part between two grid points, whose share of the rows jumped most.

    Parameters
    ----------
    cell : int
        Which: twice the number of the grid point and 1, or of the one above the part.
    within, rows : int
        Rows of the reference and of the current sample in it.
    p_value : float
        0 to 1, for all values and parts together; 1 where none stands out, NaN where the reference
        has but one or two values.
    """

    cell: int = -1
    within: int = 0
    rows: int = 0
    p_value: float = 1.0


def find_spike(reference: Cumulative, current: Cumulative) -> Spike:
    """Find the value within the grid whose share of the rows jumped most, and test it.

    Parameters
    ----------
    reference, current : Cumulative
        Counts on the same grid, at least one row a side.

    Returns
    -------
    Spike

    Examples
    --------
    >>> from driftlib.stats.counts import cumulative
    >>> grid = np.arange(1000.0)
    >>> spike = find_spike(cumulative(grid, grid), cumulative(grid, np.append(grid, [7.3] * 30)))
    >>> spike.cell, spike.rows, spike.p_value < 1e-5
    (16, 30, True)
    """
    return find_spikes(Gridded.of([reference], [current]))[0]


def find_spikes(both: Gridded) -> list[Spike]:
    """Find the spike of each of some columns, as `find_spike` does.

    Parameters
    ----------
    both : Gridded

    Returns
    -------
    list of Spike
        One a column.
    """
    r, c = both.reference.cells, both.current.cells
    n, m = both.reference.rows, both.current.rows
    found = [
        Spike(p_value=np.nan) if few else Spike() for few in (both.reference.held <= 2).tolist()
    ]
    # Of values the shares of those that occur twice or more can differ; parts lie between any
    # two of the reference's rows. Each of the two kinds has half of the error budget.
    values = np.maximum(1, ((r[:, 1::2] + c[:, 1::2]) >= 2).sum(axis=1))
    columns, places = _likeliest(both)
    own, new = (side[columns, places] for side in (r, c))
    tests = 2 * np.where(places % 2 == 1, values[columns], n[columns] + 1)
    # Of most columns the first term is too much already.
    first = log_point(own, own + new, n[columns], n[columns] + m[columns])
    for k in np.flatnonzero(np.log(tests) + first < 0).tolist():
        column, place = int(columns[k]), int(places[k])
        counted = int(own[k]), int(n[column]), int(new[k]), int(m[column])
        p_value = min(1.0, float(tests[k]) * excess_p_value(*counted))
        if p_value < found[column].p_value and _stands_out(r[column], c[column], place):
            found[column] = Spike(place, counted[0], counted[2], p_value)
    return found


def _likeliest(both: Gridded) -> tuple[np.ndarray, np.ndarray]:
    """Find the value, and the part, of each column whose larger share is the least likely.

    By the likelihood ratio; its law is the exact one. What lies beyond the grid is not asked. The
    values come first.
    """
    r, c = both.reference.cells, both.current.cells
    n, m = both.reference.rows, both.current.rows
    width = r.shape[1]
    held = np.flatnonzero(c != 0)
    own, new = r.ravel()[held], c.ravel()[held]
    column, place = np.divmod(held, width)
    more = new * n[column] > own * m[column]
    more &= (place > 0) & (place < width - 1)
    own, new, column, place = own[more], new[more], column[more], place[more]
    whole = own + new
    expected = whole * (m / (n + m))[column]
    ratio = new * np.log(new / expected)
    # Where the reference has none the second term is 0, whatever it is multiplied by.
    ratio += own * np.log(np.where(own > 0, own, 1.0) / (whole - expected))
    columns, places = [], []
    for odd in (1, 0):
        kind = np.flatnonzero(place % 2 == odd)
        ends = column[kind].searchsorted(np.arange(len(n) + 1)).tolist()
        for start, end in pairwise(ends):
            if end > start:
                best = kind[start + int(ratio[kind[start:end]].argmax())]
                columns.append(int(column[best]))
                places.append(int(place[best]))
    asked = [few > 2 for few in both.reference.held[columns].tolist()]
    return np.array(columns, dtype=int)[asked], np.array(places, dtype=int)[asked]


def _stands_out(r: np.ndarray, c: np.ndarray, place: int) -> bool:
    """Whether rows at a place are neither missing around it nor part of a wider change."""
    upto_r, upto_c = np.cumsum(r), np.cumsum(c)
    n, m = upto_r[-1], upto_c[-1]
    own = c[place] / m - r[place] / n
    reach = min(AROUND * c[place] / m, MOST_AROUND) * n
    before, after = upto_r[place] - r[place] - reach, upto_r[place] + reach
    # What lies beyond the grid is around a part between grid points, not around a value.
    at = place % 2
    first = int(np.searchsorted(upto_r, before, "right")) if before > 0 else at
    last = min(int(np.searchsorted(upto_r, after)), len(r) - 1 - at)
    first, last = min(first, place), max(last, place)
    rows_r = upto_r[last] - upto_r[first] + r[first]
    rows_c = upto_c[last] - upto_c[first] + c[first]
    around = (rows_c - c[place]) / m - (rows_r - r[place]) / n
    return bool(abs(around) <= own / 2)
