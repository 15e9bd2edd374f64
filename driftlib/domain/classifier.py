"""Fit the domain classifier: a model that tells reference rows from current rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr, ndtri

from driftlib.arguments import known_keywords
from driftlib.data.arrow_frames import index_of
from driftlib.data.like_rows import read_cells
from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.opening import read_pair, source_name
from driftlib.data.schema import CATEGORICAL, ColumnRoles, select_features
from driftlib.data.season import season_names
from driftlib.data.unit_choice import AUTO
from driftlib.domain.bins import Binning, fit_bins
from driftlib.domain.boosting import MANY_ROWS, boosting_options, fit_folds, held_out
from driftlib.domain.calibration import fit_scale
from driftlib.domain.features import (
    choose_levels,
    comparable_features,
    drop_last_digits,
    encode,
)
from driftlib.domain.result import Domain
from driftlib.domain.separation import auc, auc_by_units
from driftlib.domain.units import PeriodUnits, deal_units, read_units
from driftlib.domain.weights import clipped
from driftlib.errors import DataError, check_whole
from driftlib.stats.unit_influence import RowUnits
from driftlib.text import counted


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
    unit: str = AUTO,
    season: str | Iterable[str] | None = None,
    max_rows: int = 50_000,
    folds: int | None = None,
    seed: int = 0,
) -> Domain:
    """Fit the classifier that tells reference rows from current rows.

    Parameters
    ----------
    reference, current : frame, table or path
        The two periods.
    features : list of str, optional
        Default: every column that both have and that is no label, prediction, timestamp, unit
        or stored index, and does not only count up.
    exclude : list of str
        Columns never to compare.
    categorical : list of str
        Numeric columns that are codes.
    timestamp, time_format, y_true, y_pred, y_proba : str
        Names of the columns that are no features.
    positive : label, optional
        Not used: see `Baseline.fit`.
    unit : str
        Which rows belong together: "auto", "row", an offset such as "1D" or a column; see
        `driftlib.Baseline.fit`. A unit lies in one fold, and rows in no unit are left out.
    season : str or list of str, optional
        "hour", "weekday" or "month" of the time column, or columns, which are then no features:
        what like is compared with like by. Rows of the reference are taken in the shares that
        cells have among the current rows; rows of cells that the reference lacks are left out.
    max_rows : int
        Rows used a side, from 10; a longer one is sampled without replacement, each unit
        keeping its share of the rows.
    folds : int, optional
        Parts for cross-fitting, from 2: each row is judged by a model that has not seen it.
        Default 3, or 2 where rows are independent and there are 20,000 a side: half of so many
        teach a model all that it can learn.
    seed : int
        Of the sample, the folds and the models, from 0.

    Returns
    -------
    Domain
        With fewer than 5 units a side, or no cell of the season in common, it has no models, and
        `cannot_tell` says why.

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
    names = source_name(reference, "the reference"), source_name(current, "current")
    reference, current = read_pair(reference, current)
    frames = ((names[0], reference), (names[1], current))
    units = read_units(unit, frames, timestamp, time_format)
    roles = ColumnRoles(
        y_true, y_pred, y_proba, timestamp, time_format, units.column, season_names(season)
    )
    cells = read_cells(season, *frames, roles)
    categorical = categorical if isinstance(categorical, str) else tuple(categorical)
    exclude = exclude if isinstance(exclude, str) else tuple(exclude)
    wanted = select_features(
        reference.columns,
        roles,
        features,
        categorical,
        names[0],
        exclude,
        index_of(reference),
    )
    fit = partial(
        fit_periods,
        wanted=wanted,
        categorical=categorical,
        named=features is not None,
        max_rows=max_rows,
        folds=folds,
        seed=seed,
    )
    if cells is None:
        return fit(frames, units=units)
    like = cells.like(np.arange(len(reference)), np.arange(len(current)))
    if like.like.reason:
        return fit(frames, units=units, like=like.like)
    rows = like.reference, like.current
    taken = [(name, frame.iloc[own]) for (name, frame), own in zip(frames, rows, strict=True)]
    found = fit(taken, units=units.take(*rows), like=like.like)
    return replace(
        found,
        reference_rows=like.reference[found.reference_rows],
        current_rows=like.current[found.current_rows],
    )


def fit_periods(
    frames: Sequence[tuple[str, pd.DataFrame]],
    wanted: Sequence[str],
    categorical: Iterable[str] = (),
    units: PeriodUnits | None = None,
    like: LikeWithLike | None = None,
    *,
    named: bool = True,
    max_rows: int = 50_000,
    folds: int | None = None,
    seed: int = 0,
    cannot_tell: str = "",
) -> Domain:
    """Fit the classifier of two periods that are read already.

    Parameters
    ----------
    frames : sequence of (str, pandas.DataFrame)
        What to call the reference, and its rows; then current.
    wanted : list of str
        Columns of the reference to compare.
    categorical : list of str
        Those that are codes although they hold numbers.
    units : PeriodUnits, optional
        The unit of each row; default rows by themselves.
    like : LikeWithLike, optional
        Which cells of a season these rows are of.
    named : bool
        Whether the user named the columns: then those that only count up are used as well.
    max_rows, folds, seed
        As for `fit_domain`.
    cannot_tell : str
        Why nothing can be told of the periods, where that is known before.

    Returns
    -------
    Domain

    Raises
    ------
    DataError, ParameterError
        As of `fit_domain`.
    """
    max_rows = check_whole("max_rows", max_rows, 10)
    folds = None if folds is None else check_whole("folds", folds, 2)
    seed = check_whole("seed", seed, 0)
    names, (reference, current) = zip(*frames, strict=True)
    units = PeriodUnits() if units is None else units
    rng = np.random.default_rng(seed)
    rows = [
        units.sample(side, len(frame), max_rows, rng)
        for side, frame in enumerate((reference, current))
    ]
    kinds, skipped = comparable_features(reference, current, wanted, categorical, named)
    if not kinds:
        why = "; ".join(f"{name}: {note}" for name, note in list(skipped.items())[:5])
        raise DataError(f"{names[0]} and {names[1]} share no feature to compare ({why or 'none'}).")
    smaller = min(len(part) for part in rows)
    if folds is None:
        # Two folds do where half of the rows are many.
        folds = 2 if units.by_row and smaller >= MANY_ROWS else 3
    if smaller < 2 * folds:
        raise DataError(
            f"{names[int(len(rows[1]) < len(rows[0]))]} has {counted(smaller, 'row')}, too few to "
            f"tell the periods apart: at least {2 * folds} a side are needed."
        )
    unlike = like.reason if like else ""
    if reason := cannot_tell or unlike or units.cannot_tell(names):
        return replace(_unfitted(list(kinds), skipped, rows, units, seed, reason), like=like)
    parts = [
        frame[list(kinds)].iloc[part]
        for frame, part in zip((reference, current), rows, strict=True)
    ]
    levels = choose_levels(parts, [name for name, kind in kinds.items() if kind == CATEGORICAL])
    matrix = np.concatenate([encode(part, list(kinds), levels) for part in parts])
    matrix = drop_last_digits(matrix, list(kinds), parts)
    drawn = units.row_units(*rows)
    if drawn is None:
        fold_of = np.concatenate([rng.permutation(len(part)) % folds for part in rows])
    else:
        fold_of = deal_units(drawn, folds, rng)
    is_current = np.arange(len(matrix)) >= len(rows[0])
    binning = fit_bins(matrix, list(kinds), levels)
    codes = binning.codes(matrix)
    options = boosting_options(list(kinds), levels, seed, smaller)
    models = fit_folds("classifier", options, codes, is_current, fold_of)
    raw = expit(held_out(models, codes, fold_of))
    scale = None if drawn is None else fit_scale(raw, is_current, fold_of)
    score = clipped(raw) if scale is None else scale.score(raw, fold_of)
    pi = score if scale is None else clipped(scale.probability(raw, fold_of))
    area, lower, upper, p_value = _judged(score, is_current, drawn)
    return Domain(
        features=list(kinds),
        skipped=skipped,
        levels=levels,
        reference_rows=rows[0],
        current_rows=rows[1],
        pi_reference=pi[~is_current],
        pi_current=pi[is_current],
        auc=area,
        lower=lower,
        upper=upper,
        p_value=p_value,
        matrix=matrix,
        binning=binning,
        codes=codes,
        folds=fold_of,
        models=models,
        seed=seed,
        period_units=units,
        units=drawn,
        scale=scale,
        like=like,
    )


def _judged(
    score: np.ndarray, is_current: np.ndarray, units: RowUnits | None
) -> tuple[float, float, float, float]:
    """Area under the curve with its interval, and the p-value of none.

    Variances are doubled: see `Domain`.
    """
    ahead, behind = score[is_current], score[~is_current]
    if units is None:
        area, variance = auc(ahead, behind)
        spread = float(-ndtri(0.025) * np.sqrt(2 * variance))
        null = float(np.sqrt(2 * (len(score) + 1) / (12.0 * len(ahead) * len(behind))))
        p_value = float(ndtr((0.5 - area) / null))
    else:
        area, error = auc_by_units(score, units)
        error = replace(error, error=float(np.sqrt(2)) * error.error)
        spread, p_value = error.spread(0.95), error.above(area - 0.5)
    return area, max(0.0, float(area - spread)), min(1.0, float(area + spread)), p_value


def _unfitted(
    features: list[str],
    skipped: dict[str, str],
    rows: Sequence[np.ndarray],
    units: PeriodUnits,
    seed: int,
    reason: str,
) -> Domain:
    """Make a domain without models: of too few units nothing could be told."""
    count = sum(map(len, rows))
    share = len(rows[1]) / count
    return Domain(
        features=features,
        skipped=skipped,
        levels={},
        reference_rows=rows[0],
        current_rows=rows[1],
        pi_reference=np.full(len(rows[0]), share),
        pi_current=np.full(len(rows[1]), share),
        auc=np.nan,
        lower=np.nan,
        upper=np.nan,
        p_value=np.nan,
        matrix=np.empty((count, 0)),
        binning=Binning(()),
        codes=np.empty((count, 0), dtype=np.uint8),
        folds=np.zeros(count, dtype=np.int64),
        models=(),
        seed=seed,
        period_units=units,
        cannot_tell=reason,
    )
