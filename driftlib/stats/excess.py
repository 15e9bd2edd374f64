"""Test what a glance would show: rows beyond a range, in its outermost tails, at a single value."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from driftlib.stats.counts import Cumulative
from driftlib.stats.gridded import Gridded
from driftlib.stats.hypergeometric import log_point, lower_tails, tail

# The outermost rows on either side: one half percent.
TAIL = 0.005
# A spike stands out from what is around it: as much of the reference as three quarters of the
# spike on each side, but no more than a twentieth. Where values were only written with fewer
# digits the rows at one are missing around it, and where all moved there are more around it, too.
AROUND, MOST_AROUND = 0.75, 0.05
# So many rows of a part are always looked at; what is taken for likely is so beyond rounding.
MOST_LIKELY, NO_DOUBT = 12, 1e-6


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


def excess_p_values(
    within: np.ndarray, n_reference: np.ndarray, rows: np.ndarray, n_current: np.ndarray
) -> np.ndarray:
    """Test some parts, each as `excess_p_value` does.

    Parameters
    ----------
    within, n_reference, rows, n_current : array, shape (parts,)
        Whole numbers.

    Returns
    -------
    float array, shape (parts,)

    Examples
    --------
    >>> excess_p_values(*np.array([[0, 20], [1000, 1000], [3, 20], [1000, 1000]])).round(3).tolist()
    [0.125, 1.0]
    """
    counts = (within, n_reference, rows, n_current)
    within, n_reference, rows, n_current = (side.astype(np.int64) for side in counts)
    found = np.ones(len(within))
    more = rows * (n_reference + 1) > (within + 1) * n_current
    own, n, new, m = (side[more] for side in (within, n_reference, rows, n_current))
    found[more] = lower_tails(own, own + new, n, n + m)
    return found


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
    return find_tails(Gridded.of([reference], [current]))[0]


def find_tails(both: Gridded) -> list[Tails]:
    """Find the tails of each of some columns, as `outer_tails` does.

    Parameters
    ----------
    both : Gridded

    Returns
    -------
    list of Tails
        One a column.
    """
    ends, m = both.reference.ends(TAIL), both.current.rows
    columns = np.arange(len(m))
    # Rows of the current sample below the lower end, and above the upper one.
    now = np.array(
        [
            both.current.below[columns, ends.low],
            m - both.current.at_or_below[columns, ends.high],
        ]
    )
    n = both.reference.rows
    growth = np.where(ends.known, np.maximum(0.0, now / m - ends.ranks / (n + 1)), 0.0)
    p_values = np.full(growth.shape, np.inf)
    _, asked = ends.known.nonzero()
    p_values[ends.known] = excess_p_values(
        ends.ranks[ends.known] - 1, n[asked], now[ends.known], m[asked]
    )
    least = np.minimum(1.0, 2 * p_values.min(axis=0))
    least[~ends.known.any(axis=0)] = np.nan
    return [Tails(*one) for one in zip(*growth.tolist(), least.tolist(), strict=True)]


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
    none, unasked = Spike(), Spike(p_value=np.nan)
    found = [unasked if few else none for few in (both.reference.held <= 2).tolist()]
    possible = may_have_spikes(both)
    if not len(possible):
        return found
    both = both.only(possible)
    r, c = both.reference.cells, both.current.cells
    n, m = both.reference.rows, both.current.rows
    columns, places = _likeliest(both)
    own, new = (side[columns, places] for side in (r, c))
    tests = 2 * np.where(places % 2 == 1, _values(both)[columns], n[columns] + 1)
    # Of most columns the first term is too much already.
    first = log_point(own, own + new, n[columns], n[columns] + m[columns])
    for k in np.flatnonzero(np.log(tests) + first < 0).tolist():
        column, place = int(columns[k]), int(places[k])
        counted = int(own[k]), int(n[column]), int(new[k]), int(m[column])
        p_value = min(1.0, float(tests[k]) * excess_p_value(*counted))
        known = int(possible[column])
        if p_value < found[known].p_value and _stands_out(r[column], c[column], place):
            found[known] = Spike(place, counted[0], counted[2], p_value)
    return found


def _values(both: Gridded) -> np.ndarray:
    """Count the values of each column whose shares can differ: those that occur twice or more.

    Parts lie between any two of the reference's rows. Each of the two kinds has half of the error
    budget.
    """
    twice = both.reference.at + both.current.at >= 2
    found: np.ndarray = np.maximum(1, twice.sum(axis=1))
    return found


def may_have_spikes(both: Gridded) -> np.ndarray:
    """Find the columns where so many rows are at a value, or in a part, that it may be a spike.

    In most columns there is none, which costs less to see than to find the likeliest.

    Parameters
    ----------
    both : Gridded

    Returns
    -------
    int array
        Their numbers, from the smallest up.
    """
    r, c = both.reference, both.current
    n, m = r.rows, c.rows
    found: set[int] = set()
    kinds = [(r.between[:, 1:-1], c.between[:, 1:-1], n + 1)]
    if c.is_on_points:
        kinds.append((r.at, c.at, r.twice))
    for before, after, tests in kinds:
        fewest = _fewest(2 * np.maximum(1, tests), n, m)
        places = np.flatnonzero(after >= fewest.min())
        if not len(places):
            continue
        column, place = np.divmod(places, after.shape[1])
        own, new = before[column, place], after[column, place]
        # No probability is less than this of a point.
        whole, n_of, m_of = own + new, n[column], m[column]
        rest = n_of + m_of - whole
        with np.errstate(divide="ignore", invalid="ignore"):
            least = new * np.log(whole / new * (m_of - new) / (rest + own))
            least += np.where(own > 0, own * np.log((n_of - own) / rest), 0.0)
        likely = np.log(2 * np.maximum(1, tests[column])) + least > NO_DOUBT
        found.update(column[~likely & (new >= fewest[column])].tolist())
    return np.array(sorted(found), dtype=int)


def _fewest(tests: np.ndarray, n: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Find how many current rows without one of the reference are unlikely for so many tests."""
    taken = np.arange(MOST_LIKELY)
    part = np.maximum(0.0, m[:, None] - taken) / np.maximum(1.0, (n + m)[:, None] - taken)
    likely = tests[:, None] * np.cumprod(part, axis=1) >= 1 + NO_DOUBT
    found: np.ndarray = likely.sum(axis=1) + 1.0
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
