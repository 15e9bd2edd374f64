"""Hold a fitted domain classifier, which tells reference rows from current rows.

Cross-fitted once, it gives density ratios (how much commoner a row like this has become),
a drift test over all features together, and the columns that carry the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.opening import read_frame
from driftlib.domain.bins import Binning
from driftlib.domain.calibration import FoldScale
from driftlib.domain.features import MOST_LEVELS, encode
from driftlib.domain.separation import area, auc_alone
from driftlib.domain.trees import Trees
from driftlib.domain.units import PeriodUnits
from driftlib.domain.weights import clipped, odds_ratio, overlap_weights
from driftlib.results import Result
from driftlib.stats.unit_influence import RowUnits

# Beyond these the periods share too few rows to compare the model at the same inputs.
MOST_AUC = 0.98
LEAST_EFFECTIVE_SHARE = 0.1
SCREENED_ROWS = 5_000


@dataclass(frozen=True)
class Domain(Result):
    """How well the features tell the two periods apart, row by row and over all.

    Parameters
    ----------
    features : list of str
        What the classifier saw, in the reference's order.
    skipped : dict of str to str
        Columns that were left out, and why.
    levels : dict of str to array of str
        Levels of the categorical features: their places are the codes in `matrix`.
    reference_rows, current_rows : int array
        Positions of the rows used: all of them, or a sorted sample of `max_rows`.
    pi_reference, pi_current : float array
        P(current | features) of those rows, from models that did not see the row, nor any of
        its unit, 0.001 to 0.999, with the shares of the two periods as they are in the rows used.
    auc, lower, upper : float
        Cross-fitted area under the ROC curve and its 95 % interval: 0.5 when the periods
        look the same, 1 when every row gives its period away. NaN with too few units.
    p_value : float
        Of no drift in any feature or combination of them, one-sided.
    matrix : float array, shape (rows, features)
        The values: the reference rows, then the current ones.
    binning : Binning
        Where the bins of the columns end, the same for all models.
    codes : uint8 array, shape (rows, features)
        What the models saw: the bins of `matrix`.
    folds : int array, shape (rows,)
        Fold of each row, from 0.
    models : tuple
        The fitted classifiers, by the fold that they have not seen.
    seed : int
        Of the sample, the folds, the models and the shuffles.
    period_units : PeriodUnits
        What a unit is, and the unit of every row of both periods.
    units : RowUnits, optional
        The unit of each row of `matrix`; None where rows are independent.
    scale : FoldScale, optional
        What brings the models of folds of whole units to one scale.
    cannot_tell : str
        Why nothing can be told of the periods, where they have too few units or no cell of a
        season in common: then there are no models.
    like : LikeWithLike, optional
        With a season, which of its cells are compared.

    Notes
    -----
    With units, each lies in one fold: the rows of a day share its weather, so that a model
    which has seen some of them would know the others' period. The AUC's error then comes from
    the influence of each unit.

    Under no drift the folds' AUCs are not independent: a chance likeness of two folds helps
    the model of either one on the other. A sum over pairs of rows that counts each pair from
    both ends has up to twice the variance of one that counts it once, so variances are
    doubled; without that a nominal 5 % test rejects in 6 to 11 % of identical samples.

    References
    ----------
    Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests, ICLR.
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3), 837-845.
    """

    features: list[str]
    skipped: dict[str, str]
    levels: dict[str, np.ndarray] = field(repr=False)
    reference_rows: np.ndarray = field(repr=False)
    current_rows: np.ndarray = field(repr=False)
    pi_reference: np.ndarray = field(repr=False)
    pi_current: np.ndarray = field(repr=False)
    auc: float
    lower: float
    upper: float
    p_value: float
    matrix: np.ndarray = field(repr=False)
    binning: Binning = field(repr=False)
    codes: np.ndarray = field(repr=False)
    folds: np.ndarray = field(repr=False)
    models: tuple[Trees, ...] = field(repr=False)
    seed: int = 0
    period_units: PeriodUnits = field(default=PeriodUnits(), repr=False)
    units: RowUnits | None = field(default=None, repr=False)
    scale: FoldScale | None = field(default=None, repr=False)
    cannot_tell: str = ""
    like: LikeWithLike | None = field(default=None, repr=False)

    @property
    def share(self) -> float:
        """Share of current rows among the rows used."""
        return len(self.current_rows) / len(self.folds)

    @property
    def is_current(self) -> np.ndarray:
        """Period of each row of `matrix`: the reference rows first, then the current ones."""
        return np.arange(len(self.folds)) >= len(self.reference_rows)

    @property
    def reference_ratio(self) -> np.ndarray:
        """Density of the current period over that of the reference, at the reference rows."""
        return odds_ratio(self.pi_reference, self.share)

    def probability(self, frame: Any) -> np.ndarray:
        """Judge any rows, by the mean of the fold models.

        Rows that were used in the fit have cross-fitted values in `pi_reference` and
        `pi_current`; this is for rows that were not.

        Parameters
        ----------
        frame : frame, table or path
            With all `features`.

        Returns
        -------
        float array, shape (rows,)
            P(current | features), 0.001 to 0.999.

        Raises
        ------
        DataError
            If it cannot be read or lacks a feature.
        """
        codes = self.binning.codes(encode(read_frame(frame, "data"), self.features, self.levels))
        judged = [
            self._scaled(model.predict(codes), np.full(len(codes), fold))
            for fold, model in enumerate(self.models)
        ]
        return clipped(np.mean(judged, 0))

    def _scaled(self, log_odds: np.ndarray, folds: np.ndarray) -> np.ndarray:
        pi: np.ndarray = expit(log_odds)
        return pi if self.scale is None else self.scale.probability(pi, folds)

    def density_ratio(self, frame: Any) -> np.ndarray:
        """Compute the density of current over that of the reference at any rows.

        Parameters
        ----------
        frame : frame, table or path
            As `probability` takes it.

        Returns
        -------
        float array, shape (rows,)
            From 0 up; 1 where a row is as common in both periods.
        """
        return odds_ratio(self.probability(frame), self.share)

    @cached_property
    def overlap_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights that turn either side into the rows both periods share: `overlap_weights`."""
        return overlap_weights(self.pi_reference, self.pi_current, self.share)

    @property
    def effective_share(self) -> float:
        """1 / (n sum w^2) of the overlap weights, on the worse side, 0 to 1.

        Share of the rows that the shared density rests on. It says nothing where the AUC is
        near 1: then all weights are equal because all are next to nothing. NaN with too few
        units.
        """
        if self.cannot_tell:
            return float("nan")
        return min(float(1 / (len(w) * np.sum(w**2))) for w in self.overlap_weights)

    @property
    def overlaps(self) -> bool:
        """Whether the periods share enough rows to be compared at the same inputs."""
        return self.auc <= MOST_AUC and self.effective_share >= LEAST_EFFECTIVE_SHARE

    @cached_property
    def table(self) -> pd.DataFrame:
        """The features that carry the difference, the strongest first.

        `auc_alone` is how well the column tells the periods apart by itself;
        `auc_loss` is what the classifier loses when the column is shuffled among held-out
        rows: near 0 also for a column whose news other columns repeat. Both on at most
        5,000 rows a side. Empty with too few units.
        """
        if self.cannot_tell:
            return pd.DataFrame(columns=["auc_alone", "auc_loss"], dtype=float)
        rows = self.some_rows(SCREENED_ROWS)
        current, alone = self.is_current[rows], self._alone
        whole, *shuffled = (area(pi[current], pi[~current]) for pi in self.shuffled(rows))
        loss = whole - np.array(shuffled)
        table = pd.DataFrame(
            {"auc_alone": alone, "auc_loss": loss}, index=pd.Index(self.features, name="feature")
        )
        return table.iloc[np.argsort(-np.maximum(alone - 0.5, loss), kind="stable")]

    @cached_property
    def _alone(self) -> np.ndarray:
        """How well each column of some rows tells the periods apart by itself."""
        rows = self.some_rows(SCREENED_ROWS)
        current, folds = self.is_current[rows], self.folds[rows]
        return np.array(
            [
                auc_alone(self.matrix[rows, j], current, folds, _codes(name, self.levels))
                for j, name in enumerate(self.features)
            ]
        )

    @property
    def strongest(self) -> str:
        """The feature that leads `table`, which it takes only where a column alone is no answer."""
        rows, place = self.some_rows(SCREENED_ROWS), int(self._alone.argmax())
        current = self.is_current[rows]
        pi = np.concatenate([self.pi_reference, self.pi_current])[rows]
        # Shuffled, no column takes away more than what all together have beyond one half.
        if self._alone[place] >= area(pi[current], pi[~current]):
            return self.features[place]
        return str(self.table.index[0])

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        if self.cannot_tell:
            return f"{self.cannot_tell[:1].upper()}{self.cannot_tell[1:]}"
        interval = f"AUC {self.auc:.3f} ({self.lower:.3f} to {self.upper:.3f})"
        if self.p_value >= 0.05:
            return f"The periods cannot be told apart by their features: {interval}"
        return f"The periods can be told apart by their features: {interval}"

    @property
    def details(self) -> dict[str, Any]:
        """Numbers for the JSON form."""
        names = ("auc", "lower", "upper", "p_value", "share", "effective_share", "skipped")
        counts = {"rows_reference": len(self.reference_rows), "rows_current": len(self.pi_current)}
        told = {"unit": self.unit} | ({"cannot_tell": self.cannot_tell} if self.cannot_tell else {})
        season = {"season": self.like.to_dict()} if self.like else {}
        return {name: getattr(self, name) for name in names} | counts | told | season

    @property
    def season(self) -> str:
        """What like is compared with like by, and what could not be; empty without a season."""
        return self.like.line if self.like else ""

    @property
    def unit(self) -> str:
        """What a unit is, and how many there are."""
        return self.period_units.describe()

    def some_rows(self, most: int) -> np.ndarray:
        """Draw some rows of `matrix` with the seed.

        Parameters
        ----------
        most : int
            Rows of either period at most.

        Returns
        -------
        int array
            Positions, in order.
        """
        rng = np.random.default_rng(self.seed)
        sides = np.split(np.arange(len(self.folds)), [len(self.reference_rows)])
        return np.concatenate([side[sample_rows(len(side), most, rng)] for side in sides])

    def shuffled(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Judge some rows as they are, then with each feature shuffled.

        Values are shuffled among the rows of a fold, both periods together, so that the
        column carries no news of the period any more.

        Parameters
        ----------
        rows : int array
            Positions in `matrix`.

        Yields
        ------
        float array
            Cross-fitted P(current | features) of those rows: once more than there are features.
        """
        rng = np.random.default_rng(self.seed)
        codes, folds = self.codes[rows], self.folds[rows]
        inside = [folds == fold for fold in range(len(self.models))]
        mixed = codes.copy(order="F")
        for j in range(codes.shape[1]):
            for own in inside:
                mixed[own, j] = rng.permutation(codes[own, j])
        yield np.concatenate([self.pi_reference, self.pi_current])[rows]
        judged = [
            model.replaced(codes[own], mixed[own])
            for model, own in zip(self.models, inside, strict=True)
        ]
        log_odds = np.empty(len(rows))
        for each in zip(*judged, strict=True):
            for own, found in zip(inside, each, strict=True):
                log_odds[own] = found
            yield clipped(self._scaled(log_odds, folds))


def _codes(feature: str, levels: Mapping[str, Any]) -> int | None:
    """Return how many codes a categorical feature may have; None for a numeric one."""
    return MOST_LEVELS + 1 if feature in levels else None


def sample_rows(rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Sample rows without replacement.

    Parameters
    ----------
    rows : int
        How many there are.
    most : int
        How many to sample at most.
    rng : numpy.random.Generator
        Source of the sample.

    Returns
    -------
    int array
        Positions, in order.
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(rng.choice(rows, most, replace=False))
