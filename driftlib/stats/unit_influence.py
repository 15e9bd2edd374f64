"""Judge an estimate from the influences of rows that come in units (days, customers).

Any estimate that compares two sides has an influence for every row, and its squared standard
error is the sum of their squares where rows are independent. Rows of a unit are not: here
influences are summed by unit, and what units have in common over time is allowed for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from driftlib.stats.unit_memory import pooled_memory
from driftlib.stats.units import Units, fit_units

# So many units of the reference tell their memory without the current side.
ENOUGH_UNITS = 20


@dataclass(frozen=True)
class RowUnits:
    """The unit of every row of two sides.

    Parameters
    ----------
    codes : int array, shape (rows,)
        Place of each row's unit in `position`.
    current : bool array, shape (rows,)
        True for rows of the current side.
    position : int array, shape (units,)
        Place of each unit in time.
    memory : bool
        Neighbours in time may be alike: True for days, False for customers.
    """

    codes: np.ndarray
    current: np.ndarray
    position: np.ndarray
    memory: bool = True

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of each unit on the reference side, then on the current one."""
        return self.sums(np.ones(len(self.codes)))

    @property
    def counts(self) -> tuple[int, int]:
        """Units with rows on the reference side, and on the current one."""
        reference, current = (self.rows > 0).sum(axis=1).tolist()
        return reference, current

    @cached_property
    def sides(self) -> tuple[Units, np.ndarray]:
        """The units of both sides with rows, and their places in the two rows of `sums`."""
        places = np.flatnonzero(self.rows.ravel() > 0)
        count = len(self.position)
        return Units(places >= count, self.position[places % count], self.memory), places

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sum values by side and unit.

        Parameters
        ----------
        values : float array, shape (rows,)

        Returns
        -------
        float array, shape (2, units)
            The reference side first.
        """
        count = len(self.position)
        where = self.codes + count * self.current
        return np.bincount(where, values, 2 * count).reshape(2, count)

    def take(self, rows: np.ndarray) -> RowUnits:
        """Take some rows.

        Parameters
        ----------
        rows : int or bool array
            Positions, or whether each row is in.

        Returns
        -------
        RowUnits
        """
        return RowUnits(self.codes[rows], self.current[rows], self.position, self.memory)


@dataclass(frozen=True)
class UnitError:
    """How well an estimate is known.

    Parameters
    ----------
    error : float
        Standard error, never below that of independent rows.
    degrees_of_freedom : float
        Of its t law; infinite for independent rows.
    design_effect : float
        How many times the variance is that of independent rows, at least 1.
    """

    error: float
    degrees_of_freedom: float = np.inf
    design_effect: float = 1.0

    def spread(self, level: float) -> float:
        """Give half the width of a two-sided interval.

        Parameters
        ----------
        level : float
            Confidence level, 0 to 1.

        Returns
        -------
        float

        Examples
        --------
        >>> round(UnitError(1.0).spread(0.95), 2), round(UnitError(1.0, 4).spread(0.95), 2)
        (1.96, 2.78)
        """
        from scipy.special import ndtri, stdtrit

        tail = (1 - level) / 2
        if np.isinf(self.degrees_of_freedom):
            return -float(ndtri(tail)) * self.error
        return -float(stdtrit(self.degrees_of_freedom, tail)) * self.error

    def above(self, distance: float) -> float:
        """Give the chance of an estimate so far above its true value, or farther.

        Parameters
        ----------
        distance : float
            Estimate less true value.

        Returns
        -------
        float
            0 to 1.
        """
        from scipy.special import ndtr, stdtr

        t = -distance / max(self.error, 1e-300)
        if np.isinf(self.degrees_of_freedom):
            return float(ndtr(t))
        return float(stdtr(self.degrees_of_freedom, t))


def influence_memory(units: RowUnits, influences: np.ndarray) -> float:
    """Estimate the lag-1 memory of what units do to some estimates.

    From the reference alone where it has 20 units: what changes bit by bit on the current side
    is the change that is looked for, and no memory that would excuse it.

    Parameters
    ----------
    units : RowUnits
    influences : float array, shape (estimates, rows)

    Returns
    -------
    float
        0 to 0.9, pooled over the estimates (see `driftlib.stats.unit_memory.unit_memory`).
    """
    if not units.memory or units.rows.max(initial=0) <= 1:
        return 0.0
    scores = np.array(influences, dtype=float)
    scores /= np.maximum(np.abs(scores).max(axis=1, keepdims=True), 1e-300)
    if units.counts[0] >= ENOUGH_UNITS:
        scores, units = scores[:, ~units.current], units.take(~units.current)
    sides, places = units.sides
    for side, sign in ((~units.current, -1), (units.current, 1)):
        # An effect moves the sides in opposite directions; each counts in its own spread.
        size = np.sqrt(np.sum(scores[:, side] ** 2, axis=1, keepdims=True) / max(1, side.sum()))
        scores[:, side] *= sign / np.where(size > 0, size, 1)
    sums, squares = (
        np.stack([units.sums(score).ravel()[places] for score in each])
        for each in (scores, scores**2)
    )
    fit = fit_units(sides, units.rows.ravel()[places], sums, squares)
    return float(pooled_memory(sides, [(fit, 1.0)]))


def influence_error(units: RowUnits | None, influence: np.ndarray, phi: float = 0.0) -> UnitError:
    """Compute the standard error of an estimate from the influences of its rows.

    On each side the influences of a unit's rows are summed. Their sum of squares is what rows
    within units explain, plus the units' own effects, of a variance estimated from it; effects
    are correlated by `phi` to the power of their distance in time, and never take anything off.
    A unit with rows on both sides is one: the product of its two sums is added. Sides need not
    vary alike: their variances have degrees of freedom of their own.

    Parameters
    ----------
    units : RowUnits, optional
        None for independent rows.
    influence : float array, shape (rows,)
        Sums to 0 on either side, and its squares to the squared standard error where rows are
        independent.
    phi : float
        The effects' lag-1 memory, see `influence_memory`.

    Returns
    -------
    UnitError

    References
    ----------
    Liang and Zeger (1986), Biometrika 73(1), 13-22, for influences summed by cluster;
    Satterthwaite (1946), Biometrics Bulletin 2(6), 110-114.

    Examples
    --------
    Ten days a side of which all rows are alike: ten observations, not a thousand.

    >>> codes, current = np.repeat(np.arange(20), 50), np.arange(1000) >= 500
    >>> effect = np.repeat(np.tile([-1.0, 1.0], 10), 50) / 500
    >>> found = influence_error(RowUnits(codes, current, np.arange(20)), effect)
    >>> round(found.error, 3), round(found.degrees_of_freedom), round(found.design_effect)
    (0.471, 18, 56)
    """
    if units is None or units.rows.max(initial=0) <= 1:
        return UnitError(float(np.sqrt(np.sum(influence**2))))
    size = float(np.abs(influence).max(initial=0.0))
    if not size > 0:
        return UnitError(size)
    # Squares of losses in any unit must stay within what floats hold.
    influence = influence / size
    plain = float(np.sum(influence**2))
    rows, sums, squares = units.rows, units.sums(influence), units.sums(influence**2)
    parts = [_side(units, *each, phi) for each in zip(rows, sums, squares, strict=True)]
    by_rows = sum(part.by_rows for part in parts)
    without = sum(part.effects * float(part.shares @ part.shares) for part in parts)
    effects = max(without, _lasting(units, parts, phi)) + _shared(sums, parts)
    variance = max(by_rows + effects, plain)
    own = [part.by_rows + part.effects * float(part.shares @ part.shares) for part in parts]
    freedom = [value**2 / part.degrees for value, part in zip(own, parts, strict=True)]
    degrees = sum(own) ** 2 / max(sum(freedom), 1e-300) if sum(own) else 1.0
    distinct = int((rows.sum(axis=0) > 0).sum())
    return UnitError(
        size * float(np.sqrt(variance)),
        float(np.clip(degrees, 1, max(1, distinct - 1))),
        float(variance / plain),
    )


@dataclass(frozen=True)
class _Side:
    """Share of the rows of each unit; variance by rows, of effects (with memory, too), degrees."""

    shares: np.ndarray
    by_rows: float
    effects: float
    effects_lasting: float
    degrees: float


def _side(
    units: RowUnits, rows: np.ndarray, sums: np.ndarray, squares: np.ndarray, phi: float
) -> _Side:
    held = rows > 0
    total, count = rows.sum(), int(held.sum())
    shares = rows / max(total, 1)
    within = squares.sum() - float((sums[held] ** 2 / rows[held]).sum())
    by_rows = max(0.0, within) * total / max(total - count, 1)
    observed = float((sums**2).sum())
    # What a unit variance of 1 among rows, or among effects, makes of the sum of squares.
    flat = _centred(np.diag(shares), shares)
    plain = _centred(np.diag(shares**2), shares)
    effects = max(0.0, observed - by_rows * np.trace(flat)) / max(np.trace(plain), 1e-300)
    lasting, moved = effects, plain
    if phi:
        moved = _centred(np.outer(shares, shares) * _correlation(units, phi), shares)
        lasting = effects * np.trace(plain) / max(np.trace(moved), 1e-3 * np.trace(plain), 1e-300)
    if count < 2:
        return _Side(shares, by_rows, 0.0, 0.0, 1.0)
    form = by_rows * flat + lasting * moved
    spread = float((form * form.T).sum())
    degrees = float(np.trace(form)) ** 2 / spread if spread > 0 else 1.0
    return _Side(shares, by_rows, effects, lasting, float(np.clip(degrees, 1, count - 1)))


def _centred(form: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Covariance of unit sums less their share of the side's, from the one of unit sums."""
    left = form - np.outer(shares, form.sum(axis=0))
    return np.asarray(left - np.outer(left.sum(axis=1), shares))


def _correlation(units: RowUnits, phi: float) -> np.ndarray:
    gaps = np.abs(units.position[:, None] - units.position[None, :])
    return np.asarray(phi**gaps)


def _lasting(units: RowUnits, parts: list[_Side], phi: float) -> float:
    """Variance of the estimate by effects with memory, sides moving in opposite directions."""
    if not phi:
        return 0.0
    reference, current = (np.sqrt(part.effects_lasting) * part.shares for part in parts)
    r = _correlation(units, phi)
    # What a unit on both sides has in common with itself is measured, not supposed.
    apart = r - np.eye(len(r))
    return float(
        reference @ r @ reference + current @ r @ current - 2 * reference @ apart @ current
    )


def _shared(sums: np.ndarray, parts: list[_Side]) -> float:
    """Tell what units on both sides add: twice the product of their two sums, within bounds."""
    both = (parts[0].shares > 0) & (parts[1].shares > 0)
    if not both.any():
        return 0.0
    whole = float((parts[0].shares[both] * parts[1].shares[both]).sum())
    bound = np.sqrt(parts[0].effects * parts[1].effects) * whole
    return 2 * float(np.clip((sums[0, both] * sums[1, both]).sum(), -bound, bound))
