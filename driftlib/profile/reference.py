"""Take a reference as users pass it: a baseline, a saved one, or data to fit one to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from driftlib.arguments import known_keywords
from driftlib.data.calendar import read_offset
from driftlib.data.schema import IDENTIFIER, NUMERIC, ColumnRoles, select_features
from driftlib.data.season import COLUMNS, season_names
from driftlib.data.unit_choice import AUTO
from driftlib.data.units import ROW, TIME
from driftlib.errors import ParameterError
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.text import see_guide


@known_keywords()
def as_baseline(
    reference: Any,
    bins: int = 10,
    resolution: int | None = None,
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
    unit: str = "auto",
    season: str | Iterable[str] | None = None,
    seed: int = 0,
) -> Baseline:
    """Take a baseline as it is, load a saved one, or fit one to reference data.

    Parameters
    ----------
    reference : Baseline, path, frame, table, dataset, Dask or Spark DataFrame
        A path that ends in .json is a saved baseline; all else is as in `Baseline.fit`.
    features : list of str, optional
        Columns to compare; of a baseline, those of its features to keep.
    exclude : list of str
        Columns never to compare.
    bins, resolution, categorical, timestamp, time_format, y_true, y_pred, y_proba, unit, season
        See `Baseline.fit`. A baseline has them fixed: beside one, each may be left out or
        repeat what the baseline holds.
    positive : label, optional
        Not used: see `Baseline.fit`.
    seed : int
        Of the sample of a reference larger than memory; a baseline needs none.

    Returns
    -------
    Baseline

    Raises
    ------
    DriftlibError
        If the reference cannot be read or fitted, a name does not exist, or an argument
        contradicts the baseline.

    Examples
    --------
    >>> import pandas as pd
    >>> baseline = Baseline.fit(pd.DataFrame({"x": range(9), "day": "d"}), timestamp="day")
    >>> as_baseline(baseline, timestamp="day") is baseline
    True
    >>> as_baseline(baseline, timestamp="x")
    Traceback (most recent call last):
    driftlib.errors.ParameterError: timestamp='x' is given beside a baseline that was fitted with
    timestamp='day': leave it out, or fit a new baseline. See "Choosing a reference, a unit, a
    season" (docs/guides/reference.md).
    """
    if isinstance(reference, str | Path) and str(reference).lower().endswith(".json"):
        reference = Baseline.load(reference)
    names = {"y_true": y_true, "y_pred": y_pred, "y_proba": y_proba, "timestamp": timestamp}
    if isinstance(reference, Baseline):
        _check_beside(reference, {"bins": bins, "resolution": resolution} | names)
        _check_kinds(reference, categorical)
        _check_unit(reference, unit)
        _check_season(reference, season)
        if time_format is not None:
            # How times are written may change from file to file: the grid does not depend on it.
            written = replace(reference.unit, time_format=time_format)
            season_written = replace(reference.season, time_format=time_format)
            reference = replace(reference, unit=written, season=season_written)
        return reference.only(features, exclude)
    return Baseline.fit(
        reference,
        bins,
        resolution,
        features=features,
        exclude=exclude,
        categorical=categorical,
        seed=seed,
        y_true=y_true,
        y_pred=y_pred,
        y_proba=y_proba,
        timestamp=timestamp,
        time_format=time_format,
        unit=unit,
        season=season,
    )


def refer_to(baseline: Baseline, reference: Profile) -> Baseline:
    """Make the baseline of some rows of a reference, on the grid of all of it.

    Parameters
    ----------
    baseline : Baseline
    reference : Profile
        Counts of those rows.

    Returns
    -------
    Baseline
    """
    columns = {
        name: replace(column, reference=reference.columns[name])
        for name, column in baseline.columns.items()
    }
    return replace(
        baseline,
        rows=reference.rows,
        columns=columns,
        reference_units=reference.units,
        reference_cells=reference.cells,
    )


def is_baseline(reference: Any) -> bool:
    """Tell a baseline, saved or not, from reference data.

    Parameters
    ----------
    reference : object
        As of `as_baseline`.

    Returns
    -------
    bool
    """
    saved = isinstance(reference, str | Path) and str(reference).lower().endswith(".json")
    return saved or isinstance(reference, Baseline)


def _check_beside(baseline: Baseline, given: Mapping[str, Any]) -> None:
    """Raise unless each argument is its default or what the baseline was fitted with."""
    defaults: dict[str, Any] = {"bins": 10, "resolution": None} | vars(ColumnRoles())
    held = {"bins": baseline.bins, "resolution": baseline.resolution} | vars(baseline.roles)
    for name, value in given.items():
        if value not in (defaults[name], held[name]):
            raise ParameterError(
                f"{name}={value!r} is given beside a baseline that was fitted with "
                f"{name}={held[name]!r}: leave it out, or fit a new baseline. "
                f"{see_guide('reference')}"
            )


def _check_unit(baseline: Baseline, unit: str) -> None:
    """Raise unless the unit is left to be chosen, or what the baseline was fitted with."""
    if unit == AUTO:
        return
    rule = baseline.unit
    offset = read_offset(unit) if isinstance(unit, str) else None
    same = unit == rule.kind if rule.kind == ROW else unit == rule.column
    same |= rule.kind == TIME and offset is not None and offset == read_offset(rule.offset)
    if not same:
        held = rule.offset if rule.kind == TIME else rule.column or rule.kind
        raise ParameterError(
            f"unit={unit!r} is given beside a baseline that was fitted with unit={held!r}: leave "
            f"it out, or fit a new baseline. {see_guide('reference')}"
        )


def _check_season(baseline: Baseline, season: str | Iterable[str] | None) -> None:
    """Raise unless the season is left out, or what the baseline was fitted with."""
    names, rule = season_names(season), baseline.season
    held = rule.columns if rule.kind == COLUMNS else tuple(filter(None, [rule.kind]))
    if names and names != held:
        fitted = f"season={' and '.join(held)!r}" if held else "no season"
        raise ParameterError(
            f"season={' and '.join(names)!r} is given beside a baseline that was fitted with "
            f"{fitted}: leave it out, or fit a new baseline."
        )


def _check_kinds(baseline: Baseline, categorical: Iterable[str]) -> None:
    """Raise if a column is named categorical that the baseline takes as something else."""
    categorical = categorical if isinstance(categorical, str) else tuple(categorical)
    if not categorical:
        return
    select_features(baseline.columns, baseline.roles, None, categorical, "the baseline")
    for name in map(str, categorical):
        kind = baseline.columns[name].kind
        # The other kinds are not compared, with or without a word from the user.
        if kind in (NUMERIC, IDENTIFIER):
            raise ParameterError(
                f"categorical= names {name!r} beside a baseline that was fitted with {name!r} as "
                f"{kind}: leave it out, or fit a new baseline."
            )
