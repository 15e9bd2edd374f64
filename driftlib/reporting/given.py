"""Hold what a notebook was given, and what follows for the functions that it calls."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.advice.facts import Facts, describe_side
from driftlib.data.arrow_frames import index_of
from driftlib.data.schema import CATEGORICAL, ColumnRoles, column_kind, select_features
from driftlib.data.unit_choice import AUTO
from driftlib.errors import ParameterError
from driftlib.profile.baseline import Baseline
from driftlib.text import quoted, unknown_name

MOST_SEGMENTS, MOST_SEGMENT_COLUMNS = 30, 2


@dataclass(frozen=True)
class Inputs:
    """Data and settings that the notebooks share: made by `read_inputs`.

    Parameters
    ----------
    reference : pandas.DataFrame or Baseline
        What to compare with.
    current : pandas.DataFrame
        What is judged.
    sources : tuple
        Where the two come from: the paths that were found, or what was given.
    roles : ColumnRoles
        Names of labels, predictions and time; `timestamp` is None where there is none.
    features : list of str or None
        None for all.
    exclude : list of str
        Columns that are not compared.
    categorical : list of str
        Columns of numbers that are codes.
    positive : str or None
        The positive label; None for the larger of two.
    on : str or None
        Column with the time that windows follow.
    window : int, str or None
        Rows, a pandas offset, a column for a window a value, or None for one window.
    output : Path
        Folder for data files.
    label_time : str or None
        Column that says when a row's label became known: no feature.
    matures : str or None
        How long a row waits for its label.
    holdout : bool or None
        Whether the model was kept from the reference's rows when it was trained.
    task : str
        What is predicted; "auto" to tell by the columns.
    threshold : float or None
        Probability from which on a row is predicted positive.
    """

    reference: pd.DataFrame | Baseline
    current: pd.DataFrame
    sources: tuple[Any, Any]
    roles: ColumnRoles
    features: list[str] | None
    exclude: list[str]
    categorical: list[str]
    positive: str | None
    on: str | None
    window: int | str | None
    output: Path
    label_time: str | None = None
    matures: str | None = None
    holdout: bool | None = None
    task: str = "auto"
    threshold: float | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Arguments that say what each column is, for `as_baseline` and `detect_drift`.

        A saved baseline holds the names of its own columns: `roles` are those of current.
        """
        kinds: dict[str, Any] = {"features": self.features, "exclude": self.exclude}
        kinds |= {"categorical": self.categorical, "unit": self.roles.unit or AUTO}
        kinds |= {"season": self.roles.season}
        return kinds if isinstance(self.reference, Baseline) else kinds | self.roles.keywords

    @property
    def by_window(self) -> dict[str, Any]:
        """Arguments that cut current into windows, for `drift_trend`."""
        written = self.roles.time_format
        cut = {"window": self.window, "on": self.on}
        return cut | {"time_format": written} if written else cut

    @property
    def names(self) -> dict[str, Any]:
        """Arguments that name labels and predictions, for `track_performance` and its kin."""
        return name_predictions(self.roles) | {"positive": self.positive}

    @property
    def labels(self) -> dict[str, Any]:
        """The same with windows."""
        return self.names | self.by_window

    @property
    def tracked(self) -> dict[str, Any]:
        """Arguments for `track_performance`: names, windows, unit, season, when labels come."""
        return self.labels | self.drawn | self.late | self.measured

    @property
    def measured(self) -> dict[str, Any]:
        """Arguments that say what is predicted, and from which probability on."""
        return {"task": self.task, "threshold": self.threshold}

    @property
    def late(self) -> dict[str, Any]:
        """Arguments that say when labels come."""
        return {"label_time": self.label_time, "matures": self.matures}

    @property
    def drawn(self) -> dict[str, Any]:
        """Arguments that say what rows were drawn in, and what they are like."""
        kinds = {"unit": self.roles.unit or AUTO, "season": self.roles.season}
        return {"timestamp": self.roles.timestamp} | kinds

    def known(self, title: str, facts: Facts) -> Facts:
        """Add to facts the model's name and what the two periods are.

        Parameters
        ----------
        title : str
            The model's name; may be empty.
        facts : Facts
            Of results.

        Returns
        -------
        Facts
        """
        time = self.roles.timestamp, self.roles.time_format
        sides = {
            "reference": describe_side(self.reference, *time),
            "current": describe_side(self.current, *time),
        }
        return replace(facts, title=title, sides=sides)

    def causes(self, without: Iterable[str] = ()) -> dict[str, Any]:
        """Give arguments for `diagnose` and its kin: names, unit, season, all features but some.

        Parameters
        ----------
        without : iterable of str
            Features to leave out.

        Returns
        -------
        dict
            By the names of the arguments.

        Raises
        ------
        ParameterError
            If one of `without` is no feature, or no feature is left.
        """
        possible = select_features(
            self.reference.columns,
            self.roles,
            self.features,
            self.categorical,
            exclude=self.exclude,
            index=() if isinstance(self.reference, Baseline) else index_of(self.reference),
        )
        left = set(without)
        for name in sorted(left - set(possible)):
            raise ParameterError(unknown_name("feature", name, possible, "the reference"))
        kept = [name for name in possible if name not in left]
        if not kept:
            raise ParameterError(f"without {quoted(left)} no feature is left: leave out fewer.")
        codes = [name for name in self.categorical if name in kept]
        time = {"time_format": self.roles.time_format}
        kinds = {"features": kept, "categorical": codes}
        told = {"task": self.task, "holdout": self.holdout}
        return self.names | time | self.drawn | kinds | self.late | told

    @property
    def segments(self) -> list[str]:
        """Columns of current that cut it into a few groups: the first two."""
        names = group_columns(self.current, self.causes()["features"], self.categorical)
        return names[:MOST_SEGMENT_COLUMNS]


def group_columns(
    frame: pd.DataFrame, features: Iterable[str], categorical: Iterable[str] = ()
) -> list[str]:
    """List the columns that cut a table into a few groups.

    Parameters
    ----------
    frame : pandas.DataFrame
    features : iterable of str
        Columns that may.
    categorical : iterable of str
        Columns of numbers that are codes.

    Returns
    -------
    list of str
        Categories of at most 30 levels.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [0.5, 1.5, 2.5], "shop": ["a", "b", "a"]})
    >>> group_columns(frame, ["x", "shop", "gone"])
    ['shop']
    """
    codes = set(categorical)
    kinds = {n: column_kind(frame[n], n in codes)[0] for n in features if n in frame.columns}
    return [n for n, k in kinds.items() if k == CATEGORICAL and frame[n].nunique() <= MOST_SEGMENTS]


def name_predictions(roles: ColumnRoles) -> dict[str, Any]:
    """Give the arguments that name labels and predictions.

    Parameters
    ----------
    roles : ColumnRoles
        Names of columns.

    Returns
    -------
    dict
        `y_true`, `y_pred` and `y_proba`.
    """
    return {"y_true": roles.y_true, "y_pred": roles.y_pred, "y_proba": roles.y_proba}
