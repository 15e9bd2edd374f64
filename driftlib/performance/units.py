"""Judge metrics whose rows come in units: days or customers that have something in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from driftlib.data.unit_words import too_few
from driftlib.data.units import MOST_UNITS
from driftlib.performance.evaluate import MetricValues
from driftlib.performance.influence import UnitSums
from driftlib.performance.metric import Metric
from driftlib.performance.unit_numbers import NumberedUnits
from driftlib.stats.few_units import FEW_UNITS, RANK_SLACK, lie_apart, needs_rank, rank_p_value
from driftlib.stats.unit_memory import pooled_memory
from driftlib.stats.unit_variance import EffectSpread, MeanSpread, effect_spread, mean_spread
from driftlib.stats.units import UnitFit, Units, fit_units

# A side of as many units tells by itself how long their effects last.
ENOUGH_UNITS = 100
AS_ROWS = "the interval takes rows as independent"
# A rank above this may be chance.
MOST_RANK = 0.05


@dataclass(frozen=True)
class UnitJudgement:
    """What units say of some metrics in some groups of rows.

    Parameters
    ----------
    own, gap : float array, shape (groups, metrics)
        How many times as wide as with independent rows the interval of a value is, and that of
        its difference from the reference.
    apart : bool array, shape (groups, metrics)
        Whether few units lie further from the others than all but a few would.
    design_effect : float array, shape (groups, metrics)
        How many times the variance is what independent rows would give, of the difference, or
        without a reference of the value. NaN where units tell nothing.
    n_reference, n_current : float array, shape (groups,)
        Units; below 1 where a window is only a part of one, NaN without a reference.
    cannot_tell : list of str
        Why a group cannot be compared with the reference; empty where it can.
    as_rows : list of str
        Why a group's intervals take rows as independent; empty where they do not.
    least : float array, shape (groups, metrics)
        How far an interval reaches at the least when it is compared with the reference's.
    """

    own: np.ndarray
    gap: np.ndarray
    apart: np.ndarray
    design_effect: np.ndarray
    n_reference: np.ndarray
    n_current: np.ndarray
    cannot_tell: list[str]
    as_rows: list[str]
    least: np.ndarray | float = 0.0


@dataclass(frozen=True)
class UnitComparison:
    """How groups of rows are compared by units.

    Parameters
    ----------
    numbered : NumberedUnits
    current : list of UnitSums
        What the rows of the units of each group add up to, all of the same metrics.
    reference : list of UnitSums
        The same of the reference's groups; empty without one.
    places : int array, shape (groups,), optional
        The reference's group that each of the current ones is compared with, -1 for none.
    """

    numbered: NumberedUnits
    current: list[UnitSums]
    reference: list[UnitSums] = field(default_factory=list)
    places: np.ndarray | None = None
    _memories: dict[int, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def judge(self, change: np.ndarray) -> UnitJudgement:
        """Judge every metric in every group of the current side.

        Parameters
        ----------
        change : float array, shape (groups, metrics)
            Value less that of the reference; NaN where there is none.

        Returns
        -------
        UnitJudgement
        """
        shape = change.shape
        own, gap, effect = np.ones(shape), np.ones(shape), np.full(shape, np.nan)
        apart = np.ones(shape, bool)
        n_reference, n_current = np.full(len(change), np.nan), np.zeros(len(change))
        cannot_tell, as_rows = [""] * len(change), [""] * len(change)
        rule, part = self.numbered.rule, self.numbered.part
        for group, (after, place) in enumerate(zip(self.current, self._places, strict=True)):
            before = self.reference[place] if self.reference and place >= 0 else None
            number = len(after.units)
            n_current[group] = number if part == 1 or not number else part
            if before is not None:
                n_reference[group] = len(before.units)
                cannot_tell[group] = too_few(rule, len(before.units), n_current[group])
            if before is None or not len(before.units) or not number or cannot_tell[group]:
                alone, as_rows[group] = self._alone(after, n_current[group])
                if alone is not None:
                    own[group], effect[group] = alone.widening, alone.design_effect
                continue
            before, after = self._bounded(before, after)
            units, fit, rows = self._fit(before, after)
            phi = self._memory(place, units, fit)
            both = mean_spread(units, fit, rows, phi)
            gap[group], effect[group] = both.widening, both.design_effect
            own[group] = mean_spread(units, fit, rows, phi, (False, True)).widening
            apart[group] = _ranked(units, fit, rows, phi, before, after, change[group])
        return UnitJudgement(
            own, gap, apart, effect, n_reference, n_current, cannot_tell, as_rows
        )  # fmt: skip

    def reach_of_effects(self) -> np.ndarray:
        """Tell how far the effects of as many units as each group has may move its values.

        Returns
        -------
        float array, shape (groups, metrics)
            Half of a 95 % interval, by how far the reference's units vary; 0 where that is not
            known.
        """
        reach = np.zeros((len(self.current), len(self.current[0].rows)))
        spreads: dict[int, EffectSpread] = {}
        for group, (after, place) in enumerate(zip(self.current, self._places, strict=True)):
            before = self.reference[place] if self.reference and place >= 0 else None
            if before is None or len(before.units) < FEW_UNITS or not len(after.units):
                continue
            if place not in spreads:
                before = before.last(MOST_UNITS)
                alone = self._units(np.zeros(len(before.units), bool), before.units)
                fit = fit_units(alone, before.rows, before.sums, before.squares)
                spreads[place] = effect_spread(alone, fit, pooled_memory(alone, [(fit, 1.0)]))
            units = self._units(np.ones(len(after.units), bool), after.units)
            reach[group] = spreads[place].reach_of(units, after.rows.max(axis=0))
        return reach

    @property
    def _places(self) -> list[int]:
        """Number of the reference's group for each of the current ones, -1 for none."""
        if self.places is None:
            return [-1] * len(self.current)
        return [int(place) for place in self.places]

    def _units(self, current: np.ndarray, places: np.ndarray) -> Units:
        return Units(current, places, self.numbered.rule.memory)

    def of_reference(self) -> np.ndarray:
        """Tell how many times as wide intervals of the reference's values are.

        Returns
        -------
        float array, shape (groups, metrics)
            1 where there are too few units to tell.
        """
        sides = self.reference or self.current
        spreads = [self._alone(sums, len(sums.units))[0] for sums in sides]
        none = np.ones(len(sides[0].rows))
        return np.array([none if spread is None else spread.widening for spread in spreads])

    def _alone(self, sums: UnitSums, number: float) -> tuple[MeanSpread | None, str]:
        """How far the values of a group vary by its own units alone, and why not."""
        rule, said = self.numbered.rule, AS_ROWS
        if not number:
            return None, f"{said}: no row is in a unit"
        if number < 1:
            return None, f"{said}: the window is shorter than {rule.one}"
        if number < FEW_UNITS:
            return None, f"{said}: they are of {rule.counted(len(sums.units))}"
        while self.numbered.rule.memory and len(sums.units) > MOST_UNITS:
            sums = sums.folded(1)
        units = self._units(np.ones(len(sums.units), bool), sums.units)
        fit = fit_units(units, sums.rows, sums.sums, sums.squares)
        phi = pooled_memory(units, [(fit, 1.0)])
        return mean_spread(units, fit, sums.rows, phi, (False, True)), ""

    def _bounded(self, before: UnitSums, after: UnitSums) -> tuple[UnitSums, UnitSums]:
        """Bring the units of time of both sides down to a number that is quickly compared.

        Of few current units against very many, the nearest of these say enough.
        """
        spare = MOST_UNITS - len(after.units)
        if not self.numbered.rule.memory or len(before.units) <= spare:
            return before, after
        if len(after.units) < spare:
            return before.last(spare), after
        while len(before.units) + len(after.units) > MOST_UNITS:
            before, after = before.folded(1), after.folded(1)
        return before, after

    def _fit(self, before: UnitSums, after: UnitSums) -> tuple[Units, UnitFit, np.ndarray]:
        """Both sides' units, their fit, and their rows."""
        places = np.concatenate([before.units, after.units])
        units = self._units(np.arange(len(places)) >= len(before.units), places)
        rows, sums, squares = (
            np.concatenate(pair, axis=1)
            for pair in (
                (before.rows, after.rows),
                (before.sums, after.sums),
                (before.squares, after.squares),
            )
        )
        return units, fit_units(units, rows, sums, squares), rows

    def _memory(self, place: int, units: Units, fit: UnitFit) -> np.ndarray:
        """How long effects last: of the reference where it has many units, else of both sides."""
        if units.n_reference < ENOUGH_UNITS or not self.reference:
            return pooled_memory(units, [(fit, 1.0)])
        if place not in self._memories:
            sums = self.reference[place]
            alone = self._units(np.zeros(len(sums.units), bool), sums.units)
            own = fit_units(alone, sums.rows, sums.sums, sums.squares)
            self._memories[place] = pooled_memory(alone, [(own, 1.0)])
        return self._memories[place]


def _ranked(
    units: Units,
    fit: UnitFit,
    rows: np.ndarray,
    phi: np.ndarray,
    before: UnitSums,
    after: UnitSums,
    change: np.ndarray,
) -> np.ndarray:
    """Whether few units lie apart from the others, each metric by itself."""
    if not needs_rank(units):
        return np.ones(len(rows), bool)
    means = np.concatenate([before.sums, after.sums], axis=1) / np.maximum(rows, 1)
    means = means + np.where(units.current, np.nan_to_num(change)[:, None], 0)
    apart = lie_apart(units, means, fit.noise, rows > 0)
    # One metric at a time: each has its own limit.
    ranks = rank_p_value(units, apart[:, None], np.broadcast_to(phi, len(rows)))[:, 0]
    return np.asarray(ranks <= MOST_RANK + RANK_SLACK)


def widened(
    values: MetricValues, factor: np.ndarray, metrics: Sequence[Metric[Any]]
) -> MetricValues:
    """Widen intervals by units.

    Parameters
    ----------
    values : MetricValues
        With intervals for independent rows.
    factor : float array, shape (groups, metrics)
        At least 1.
    metrics : sequence of Metric
        Whose ranges the limits keep to.

    Returns
    -------
    MetricValues
    """
    low = np.array([metric.low for metric in metrics])
    high = np.array([metric.high for metric in metrics])
    lower, upper = widen(values.value, values.lower, values.upper, factor)
    return replace(values, lower=np.maximum(lower, low), upper=np.minimum(upper, high))


def widen(
    value: np.ndarray, lower: np.ndarray, upper: np.ndarray, factor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Widen intervals, each side by itself.

    Parameters
    ----------
    value, lower, upper, factor : float array
        Of one shape.

    Returns
    -------
    lower : float array
    upper : float array
        To the last digit as they were where the factor is 1.
    """
    wide = factor > 1
    return (
        np.where(wide, value - factor * (value - lower), lower),
        np.where(wide, value + factor * (upper - value), upper),
    )
