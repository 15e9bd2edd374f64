"""Measure how far every feature moved in every window, on the one scale that charts draw."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from driftlib.data.schema import COMPARABLE
from driftlib.drift.policy import DriftPolicy, measure_effects
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import ParameterError
from driftlib.results import of_the_latest
from driftlib.severity import rank
from driftlib.text import distinct, shortened, unknown_name
from driftlib.visualization.windows import WHOLE, WindowLabels, window_labels

# Beyond so many major thresholds, more is not drawn as more.
TOP = 4

NOT_FEATURES = ("prediction", "target")


@of_the_latest
def change_table(result: DriftResult | TrendResult) -> tuple[pd.DataFrame, WindowLabels]:
    """Make the table that drift charts draw, and the labels of its windows.

    Parameters
    ----------
    result : DriftResult or TrendResult
        A single result is one window.

    Returns
    -------
    table : pandas.DataFrame
        The result's own with a row per window and comparable column, and `level`, `driver`
        and `share`.
    windows : WindowLabels
        A label for each window.

    Notes
    -----
    `level` is the size of the change on the policy's own scale: 0 as before, 1 the
    threshold of a moderate change, 2 that of a major one, 3 four times that and beyond.
    `driver` is the effect of `measure_effects` that is largest there, and `share` its size where
    it is a share of the rows.
    """
    if result.by:
        one = next(iter(result.segments), ())
        raise ParameterError(
            f"the result is by segment ({', '.join(result.by)}), and a chart shows one: draw one "
            f"of its segments, such as .segments[{one!r}]."
        )
    table = result.table
    if isinstance(result, TrendResult):
        windows = window_labels(table)
    else:
        windows = WindowLabels({0: WHOLE})
        table = table.reset_index().assign(window=0, alarm=table["drifted"].to_numpy())
    kinds = {name: column.kind for name, column in result.baseline.columns.items()}
    compared = table["feature"].map(kinds).isin(COMPARABLE)
    return _with_levels(table[compared], result.policy), windows


def segment_table(result: DriftResult) -> tuple[pd.DataFrame, WindowLabels]:
    """Make the table that a chart of segments draws, a segment in the place of a window.

    Parameters
    ----------
    result : DriftResult
        With segments.

    Returns
    -------
    table : pandas.DataFrame
        As `change_table` gives it; `window` is the number of the segment.
    windows : WindowLabels
        A label for each segment.
    """
    parts = []
    for number, part in enumerate(result.segments.values()):
        table, _ = change_table(part)
        parts.append(table.assign(window=number))
    names = dict(enumerate(distinct([segment_label(segment) for segment in result.segments])))
    by = " and ".join(map(shortened, result.by))
    return pd.concat(parts, ignore_index=True), WindowLabels(names, "group", by)


def segment_course(trend: TrendResult) -> tuple[pd.DataFrame, WindowLabels]:
    """Make the table that a chart of segments over windows draws, a segment in a feature's place.

    Parameters
    ----------
    trend : TrendResult
        With segments.

    Returns
    -------
    table : pandas.DataFrame
        As `change_table` gives it, a row per segment and window: that of the feature which moved
        furthest there, named in `note`.
    windows : WindowLabels
        A label for each window.
    """
    labels = distinct([segment_label(segment) for segment in trend.segments])
    parts = []
    for label, part in zip(labels, trend.segments.values(), strict=True):
        table, _ = change_table(part)
        table = table[table["feature"].isin(trend.baseline.features)]
        order = table.assign(rank=table["severity"].map(rank)).sort_values(
            ["window", "rank", "level"], ascending=[True, False, False], kind="stable"
        )
        worst = order.drop_duplicates("window").drop(columns="rank")
        alarms = table.groupby("window")["alarm"].any()
        parts.append(
            worst.assign(
                note=[f"{f}: {n}" for f, n in zip(worst["feature"], worst["note"], strict=True)],
                alarm=worst["window"].map(alarms).to_numpy(),
                feature=label,
            )
        )
    return pd.concat(parts, ignore_index=True), window_labels(trend.table)


def segment_label(segment: Iterable[object]) -> str:
    """Write the values of a segment's columns as its name.

    Parameters
    ----------
    segment : iterable
        A value of each column; None where it is missing.

    Returns
    -------
    str
    """
    values = ["missing" if value is None else shortened(str(value)) for value in segment]
    return " and ".join(values)


def _with_levels(table: pd.DataFrame, policy: DriftPolicy) -> pd.DataFrame:
    effects = measure_effects(table)
    shares = (policy.share_moderate, policy.share_major)
    levels = pd.DataFrame(
        {name: on_scale(effects[name], *shares) for name in effects.columns}
        | {"PSI": on_scale(effects["PSI"], policy.psi_moderate, policy.psi_major)},
        index=table.index,
    )
    worst = levels.fillna(-1.0).idxmax(axis=1) if len(levels) else pd.Series(dtype=object)
    # A feature that is gone is major, though there is nothing to measure.
    gone = (table["severity"] == "major") & levels.isna().all(axis=1)
    return table.assign(
        level=levels.max(axis=1).mask(gone, 3.0),
        driver=worst,
        share=_picked(effects, worst),
    )


def _picked(effects: pd.DataFrame, names: pd.Series) -> pd.Series:
    """Take the effect that is named in each row; NaN of the PSI, which is no share."""
    share = pd.Series(np.nan, index=effects.index)
    for name in effects.columns.drop("PSI"):
        share = share.mask(names == name, effects[name])
    return share


def on_scale(effect: pd.Series, moderate: float, major: float) -> np.ndarray:
    """Put an effect on a scale from 0 to 3, linear between 0, moderate, major and four times that.

    Parameters
    ----------
    effect : pandas.Series
        From 0; NaN where it does not apply.
    moderate, major : float
        Where level 1 and level 2 are.

    Returns
    -------
    float array
        A level each.

    Examples
    --------
    >>> on_scale(pd.Series([0, 0.05, 0.1, 0.25, 1, 7]), 0.1, 0.25).tolist()
    [0.0, 0.5, 1.0, 2.0, 3.0, 3.0]
    """
    return np.interp(effect.to_numpy(float), [0, moderate, major, TOP * major], [0, 1, 2, 3])


def most_drifted(table: pd.DataFrame) -> list[str]:
    """Order columns by how far they drifted on average over the windows.

    Parameters
    ----------
    table : pandas.DataFrame
        As `change_table` gives it.

    Returns
    -------
    list of str
        Features, the most drifted first, then predictions and target.
    """
    real = table["level"].where(table["severity"] != "none", 0.0)
    ranks = (
        table.assign(real=real, other=table["kind"].isin(NOT_FEATURES))
        .groupby("feature", sort=False)
        .agg(other=("other", "first"), real=("real", "mean"), psi=("psi", "mean"))
        .sort_values(["other", "real", "psi"], ascending=[True, False, False], kind="stable")
    )
    return ranks.index.tolist()


def compared_with(result: DriftResult | TrendResult) -> str:
    """Say what the result's windows are compared with.

    Parameters
    ----------
    result : DriftResult or TrendResult
        Only a trend can be against the window before.

    Returns
    -------
    str
        For a sentence: "the reference" or "the window before".
    """
    previous = isinstance(result, TrendResult) and result.against == "previous"
    return "the window before" if previous else "the reference"


def column_label(name: str, kind: str) -> str:
    """Name a column on an axis, and say what it is where it is no feature.

    Parameters
    ----------
    name : str
        Of the column.
    kind : str
        As in the result's table.

    Returns
    -------
    str
        Plain text on one line.

    Examples
    --------
    >>> column_label("wind", "numeric"), column_label("y_pred", "prediction")
    ('wind', 'y_pred (prediction)')
    """
    return f"{shortened(name)} ({kind})" if kind in NOT_FEATURES else shortened(name)


def alarm_windows(table: pd.DataFrame) -> dict[str, list[int]]:
    """Say which features drifted in which windows.

    Parameters
    ----------
    table : pandas.DataFrame
        As `change_table` gives it.

    Returns
    -------
    dict of str to list of int
        Numbers of its windows for each feature that has an alarm, the most drifted first.
        Predictions and target are no features.
    """
    features = table[~table["kind"].isin(NOT_FEATURES)]
    alarms = features[features["alarm"].astype(bool)].groupby("feature")["window"].agg(list)
    return {name: alarms[name] for name in most_drifted(features) if name in alarms.index}


def chosen_features(
    table: pd.DataFrame, features: Iterable[str] | None, default: int, most: int
) -> list[str]:
    """Choose the features of a chart: the named ones, or the most drifted.

    Parameters
    ----------
    table : pandas.DataFrame
        As `change_table` gives it.
    features : str or list of str, optional
        Names.
    default : int
        How many to choose where none are named.
    most : int
        How many may be named.

    Returns
    -------
    list of str
        Names of columns that can be drawn.

    Raises
    ------
    ParameterError
        If a name is no comparable column of the result, or there are too many.
    """
    known = most_drifted(table)
    if features is None:
        kinds = table.drop_duplicates("feature").set_index("feature")["kind"]
        return [name for name in known if kinds[name] not in NOT_FEATURES][:default]
    names = [features] if isinstance(features, str) else list(features)
    for name in names:
        if name not in known:
            raise ParameterError(unknown_name("comparable feature", name, known, "the result"))
    if len(names) > most:
        raise ParameterError(
            f"{len(names)} features= are too many for one chart: name at most {most}."
        )
    return names
