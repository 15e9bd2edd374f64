"""Fit the domain classifier: a model that tells reference rows from current rows.

Cross-fitted once, it gives density ratios (how much commoner a row like this has become),
a drift test over all features together, and the columns that carry the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from driftlib.arguments import known_keywords
from driftlib.data.opening import read_frame, read_pair, source_name
from driftlib.data.schema import CATEGORICAL, ColumnRoles, select_features
from driftlib.domain.boosting import boosting_options, fit_folds, held_out, one_thread
from driftlib.domain.features import (
    MOST_LEVELS,
    choose_levels,
    comparable_features,
    drop_last_digits,
    encode,
)
from driftlib.domain.separation import auc, auc_alone
from driftlib.domain.weights import clipped, odds_ratio, overlap_weights
from driftlib.errors import DataError, check_whole
from driftlib.results import Result
from driftlib.text import counted

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
        P(current | features) of those rows, from models that did not see the row,
        0.001 to 0.999, with the shares of the two periods as they are in the rows used.
    auc, lower, upper : float
        Cross-fitted area under the ROC curve and its 95 % interval: 0.5 when the periods
        look the same, 1 when every row gives its period away.
    p_value : float
        Of no drift in any feature or combination of them, one-sided.
    matrix : float array, shape (rows, features)
        What the models saw: the reference rows, then the current ones.
    folds : int array, shape (rows,)
        Fold of each row, from 0.
    models : tuple
        The fitted classifiers, by the fold that they have not seen.
    seed : int
        Of the sample, the folds, the models and the shuffles.

    Notes
    -----
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
    folds: np.ndarray = field(repr=False)
    models: tuple[Any, ...] = field(repr=False)
    seed: int = 0

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
        matrix = encode(read_frame(frame, "data"), self.features, self.levels)
        return clipped(np.mean([model.predict_proba(matrix)[:, 1] for model in self.models], 0))

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
        near 1: then all weights are equal because all are next to nothing.
        """
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
        5,000 rows a side.
        """
        rows = self.some_rows(SCREENED_ROWS)
        current, folds = self.is_current[rows], self.folds[rows]
        whole, *shuffled = (auc(*_by_period(pi, current))[0] for pi in self.shuffled(rows))
        alone = np.array(
            [
                auc_alone(self.matrix[rows, j], current, folds, _codes(name, self.levels))
                for j, name in enumerate(self.features)
            ]
        )
        loss = whole - np.array(shuffled)
        table = pd.DataFrame(
            {"auc_alone": alone, "auc_loss": loss}, index=pd.Index(self.features, name="feature")
        )
        return table.iloc[np.argsort(-np.maximum(alone - 0.5, loss), kind="stable")]

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        interval = f"AUC {self.auc:.3f} ({self.lower:.3f} to {self.upper:.3f})"
        if self.p_value >= 0.05:
            return f"The periods cannot be told apart by their features: {interval}"
        return f"The periods can be told apart by their features: {interval}"

    @property
    def details(self) -> dict[str, Any]:
        """Numbers for the JSON form."""
        names = ("auc", "lower", "upper", "p_value", "share", "effective_share", "skipped")
        counts = {"rows_reference": len(self.reference_rows), "rows_current": len(self.pi_current)}
        return {name: getattr(self, name) for name in names} | counts

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
        return np.concatenate([side[_sample(len(side), most, rng)] for side in sides])

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
        matrix, folds = self.matrix[rows], self.folds[rows]
        with one_thread():
            yield clipped(held_out(self.models, matrix, folds))
            for j in range(len(self.features)):
                column = matrix[:, j].copy()
                for fold in np.unique(folds):
                    inside = folds == fold
                    matrix[inside, j] = rng.permutation(column[inside])
                yield clipped(held_out(self.models, matrix, folds))
                matrix[:, j] = column


@known_keywords()
def fit_domain(
    reference: Any,
    current: Any,
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    max_rows: int = 50_000,
    folds: int = 3,
    seed: int = 0,
) -> Domain:
    """Fit the classifier that tells reference rows from current rows.

    Parameters
    ----------
    reference, current : frame, table or path
        The two periods.
    features : list of str, optional
        Default: every column that both have and that is no label, prediction, timestamp or
        stored index, and does not only count up.
    exclude : list of str
        Columns never to compare.
    categorical : list of str
        Numeric columns that are codes.
    timestamp, time_format, y_true, y_pred, y_proba : str
        Names of the columns that are no features.
    positive : label, optional
        Not used: see `Baseline.fit`.
    max_rows : int
        Rows used a side, from 10; a longer one is sampled without replacement.
    folds : int
        Parts for cross-fitting, from 2: each row is judged by a model that has not seen it.
    seed : int
        Of the sample, the folds and the models, from 0.

    Returns
    -------
    Domain

    Raises
    ------
    DataError
        If no column can be compared, or a side has fewer than 2 rows a fold.
    ParameterError
        If a named column does not exist, or a number is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> march = pd.DataFrame({"temp": rng.normal(5, 3, 800), "wind": rng.normal(size=800)})
    >>> july = pd.DataFrame({"temp": rng.normal(9, 3, 800), "wind": rng.normal(size=800)})
    >>> domain = fit_domain(march, july)
    >>> domain.table.index[0], bool(domain.p_value < 0.001)
    ('temp', True)
    """
    max_rows = check_whole("max_rows", max_rows, 10)
    folds = check_whole("folds", folds, 2)
    seed = check_whole("seed", seed, 0)
    categorical = categorical if isinstance(categorical, str) else tuple(categorical)
    roles = ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format)
    names = source_name(reference, "the reference"), source_name(current, "current")
    reference, current = read_pair(reference, current)
    exclude = exclude if isinstance(exclude, str) else tuple(exclude)
    wanted = select_features(reference.columns, roles, features, categorical, names[0], exclude)
    rng = np.random.default_rng(seed)
    rows = [_sample(len(frame), max_rows, rng) for frame in (reference, current)]
    named = features is not None
    kinds, skipped = comparable_features(reference, current, wanted, categorical, named)
    if not kinds:
        why = "; ".join(f"{name}: {note}" for name, note in list(skipped.items())[:5])
        raise DataError(f"{names[0]} and {names[1]} share no feature to compare ({why or 'none'}).")
    smaller = min(len(part) for part in rows)
    if smaller < 2 * folds:
        raise DataError(
            f"{names[int(len(rows[1]) < len(rows[0]))]} has {counted(smaller, 'row')}, too few to "
            f"tell the periods apart: at least {2 * folds} a side are needed."
        )
    frames = [
        frame[list(kinds)].iloc[part]
        for frame, part in zip((reference, current), rows, strict=True)
    ]
    levels = choose_levels(frames, [name for name, kind in kinds.items() if kind == CATEGORICAL])
    matrix = np.concatenate([encode(frame, list(kinds), levels) for frame in frames])
    matrix = drop_last_digits(matrix, list(kinds), frames)
    fold_of = np.concatenate([rng.permutation(len(part)) % folds for part in rows])
    is_current = np.arange(len(matrix)) >= len(rows[0])
    models = fit_folds(_classifier(list(kinds), levels, seed), matrix, is_current, fold_of)
    with one_thread():
        pi = clipped(held_out(models, matrix, fold_of))
    scores = _by_period(pi, is_current)
    area, variance = auc(*scores)
    spread = -ndtri(0.025) * np.sqrt(2 * variance)
    null_spread = np.sqrt(2 * (len(pi) + 1) / (12.0 * len(rows[0]) * len(rows[1])))
    return Domain(
        features=list(kinds),
        skipped=skipped,
        levels=levels,
        reference_rows=rows[0],
        current_rows=rows[1],
        pi_reference=scores[1],
        pi_current=scores[0],
        auc=area,
        lower=max(0.0, float(area - spread)),
        upper=min(1.0, float(area + spread)),
        p_value=float(ndtr((0.5 - area) / null_spread)),
        matrix=matrix,
        folds=fold_of,
        models=models,
        seed=seed,
    )


def _classifier(features: Sequence[str], levels: Mapping[str, Any], seed: int) -> Callable[[], Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return lambda: HistGradientBoostingClassifier(**boosting_options(features, levels, seed))


def _codes(feature: str, levels: Mapping[str, Any]) -> int | None:
    """Return how many codes a categorical feature may have; None for a numeric one."""
    return MOST_LEVELS + 1 if feature in levels else None


def _by_period(values: np.ndarray, is_current: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values[is_current], values[~is_current]


def _sample(rows: int, most: int, rng: np.random.Generator) -> np.ndarray:
    if rows <= most:
        return np.arange(rows)
    return np.sort(rng.choice(rows, most, replace=False))
