"""Say how sure a forecast of chances is: tries are few, and so are the units dealt in them."""

from __future__ import annotations

import numpy as np

from driftlib.stats.intervals import Z, wilson


def forecast_interval(seen: int, tries: int, units: int, level: float) -> tuple[float, float]:
    """Bound the chance that a fault is seen in fresh data.

    Tries are many or few; but all deal the same units, and how much units differ by chance is
    known from these alone: a standard deviation of m units is off by 1 / sqrt(2 (m - 1)) of
    itself. A fault is seen where it is so many standard errors from nothing; that number is
    known as badly.

    Parameters
    ----------
    seen, tries : int
        How often the fault was seen, of how many.
    units : int
        Units of the reference.
    level : float
        p-value below which a change is real: the test's level.

    Returns
    -------
    tuple of two float
        A 95 % interval, which widens Wilson's by what the units leave open.

    Examples
    --------
    >>> [round(end, 2) for end in forecast_interval(51, 60, 28, 0.01)]
    [0.5, 0.98]
    >>> [round(end, 2) for end in forecast_interval(51, 60, 100_000, 0.01)]
    [0.74, 0.92]
    >>> [round(end, 2) for end in forecast_interval(0, 60, 28, 0.01)]
    [0.0, 0.06]
    """
    from scipy.special import ndtr, ndtri

    ends = [float(end[0]) for end in wilson(np.array([seen]), np.array([tries]))]
    # All or none of the tries put the chance not quite at its end.
    middle = float(ndtri(np.clip(seen / tries, 0.5 / (tries + 1), 1 - 0.5 / (tries + 1))))
    from_nothing = max(0.0, middle - float(ndtri(level / 2)))
    of_units = Z * from_nothing / np.sqrt(2 * max(1, units - 1))
    found = []
    for end, side, none in zip(ends, (-1, 1), (0.0, 1.0), strict=True):
        if not 0 < end < 1:
            found.append(none)
            continue
        of_tries = float(ndtri(end)) - middle
        found.append(float(ndtr(middle + side * np.hypot(of_tries, of_units))))
    share = seen / tries
    return min(found[0], share), max(found[1], share)
