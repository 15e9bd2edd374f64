"""Read what a diagnosis compares: frames, losses and features, once for all windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.arrow_frames import index_of
from driftlib.data.like_rows import SeasonCells, read_cells
from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.opening import read_pair, source_name
from driftlib.data.schema import ColumnRoles, select_features
from driftlib.data.season import season_names
from driftlib.data.unit_choice import AUTO as AUTO_UNIT
from driftlib.diagnosis.late import LabelState, read_label_state
from driftlib.diagnosis.losses import AUTO, Losses, Rows, read_losses
from driftlib.domain.classifier import fit_periods
from driftlib.domain.features import note_of_counter
from driftlib.domain.result import Domain
from driftlib.domain.units import PeriodUnits, read_units
from driftlib.errors import ParameterError
from driftlib.performance.training_rows import read_holdout

ALL = slice(None)


@dataclass(frozen=True)
class DiagnosisSetup:
    """Hold the options that `diagnose` and `diagnose_windows` share.

    Parameters
    ----------
    loss : str
        "auto", "brier", "zero_one", "squared", "absolute", or a column with the loss of each row.
    minimum_effect : float
        Smallest worsening that counts, at least 0.
    seed : int
        Of the folds and of the sample.
    features : list of str, optional
        Default: all columns but labels, predictions, the timestamp, the loss, stored indexes
        and columns that only count up.
    exclude : list of str
        Columns never to compare.
    categorical : list of str
        Numeric columns that are codes.
    roles : ColumnRoles
        Names of labels, predictions, probabilities and the timestamp.
    positive : label, optional
        Default: the larger of two labels.
    task : {"auto", "binary", "multiclass", "regression"}
        "auto" tells from the columns.
    unit : str
        Which rows belong together: "auto", "row", an offset or a column.
    season : str or list of str, optional
        What like is compared with like by.
    max_rows : int
        Rows used a side.
    label_time, matures : str, optional
        When labels became known, and after how long they all are.
    holdout : bool, optional
        Whether the model was kept from the reference's rows when it was trained.

    Raises
    ------
    ParameterError
        If the minimum effect is negative.
    """

    loss: str = AUTO
    minimum_effect: float = 0.01
    seed: int = 0
    features: Iterable[str] | None = None
    exclude: Iterable[str] = ()
    categorical: Iterable[str] = ()
    roles: ColumnRoles = field(default_factory=ColumnRoles)
    positive: Any = None
    task: str = "auto"
    unit: str = AUTO_UNIT
    season: str | Iterable[str] | None = None
    max_rows: int = 50_000
    label_time: str | None = None
    matures: str | None = None
    holdout: bool | None = None

    def __post_init__(self) -> None:
        if not self.minimum_effect >= 0:
            raise ParameterError(f"minimum_effect={self.minimum_effect!r} must be at least 0.")
        if not isinstance(self.categorical, str):
            object.__setattr__(self, "categorical", tuple(self.categorical))
        if not isinstance(self.exclude, str):
            object.__setattr__(self, "exclude", tuple(self.exclude))
        object.__setattr__(self, "holdout", read_holdout(self.holdout))

    def read(
        self,
        reference: Any,
        current: Any,
        no_features: Iterable[str] = (),
        on: str | None = None,
    ) -> Periods:
        """Read the frames, the losses of their rows, and the names of the features.

        Parameters
        ----------
        reference, current : frame, table, str or Path
            The two periods; current may be without labels.
        no_features : iterable of str
            Columns that are no features unless `features` names them: those that windows and
            segments follow.
        on : str, optional
            The time column of windows, which tells the units where no timestamp is named.

        Returns
        -------
        Periods
            All rows of both.

        Raises
        ------
        DriftlibError
            If a side cannot be read, or a name or the loss does not go with the columns.

        Examples
        --------
        >>> march = pd.DataFrame({"day": [1, 2], "x": [0.1, 0.3], "cost": [1.0, 2.0]})
        >>> DiagnosisSetup(loss="cost").read(march, march, no_features=["day"]).features
        ['x']
        """
        names = source_name(reference, "the reference"), source_name(current, "current")
        before, now = read_pair(reference, current)
        losses = read_losses(
            (names[0], before), (names[1], now), self.loss, self.roles, self.task, self.positive
        )
        units = read_units(
            self.unit,
            [(names[0], before), (names[1], now)],
            self.roles.timestamp or on,
            self.roles.time_format,
        )
        state = read_label_state(
            (names[0], before), (names[1], now), self.roles, self.label_time, self.matures, on
        )
        no_feature = (self.loss, self.label_time)
        columns = [name for name in before.columns if name not in no_feature]
        season = season_names(self.season)
        roles = replace(self.roles, unit=units.column, season=season)
        timed = replace(roles, timestamp=self.roles.timestamp or on)
        cells = read_cells(season, (names[0], before), (names[1], now), timed)
        usual = [name for name in columns if name not in set(no_features)]

        def chosen(asked: Iterable[str] | None, exclude: Iterable[str]) -> list[str]:
            found = select_features(
                usual if asked is None else columns,
                roles,
                asked,
                self.categorical,
                names[0],
                exclude,
                index_of(before),
            )
            if asked is not None:
                return found
            coded = set(self.categorical)
            return [name for name in found if name in coded or not note_of_counter(before[name])]

        features = chosen(self.features, self.exclude)
        whole = self.features is None and not self.exclude
        whole = whole or set(chosen(None, ())) <= set(features)
        return Periods(self, features, names, before, now, losses, units, state, cells, whole=whole)


@dataclass(frozen=True)
class Periods:
    """Hold two periods, the loss of each of their rows, and the features to compare them on.

    Parameters
    ----------
    setup : DiagnosisSetup
        The options they were read with.
    features : list of str
        What the classifier is to see, in the reference's order.
    names : (str, str)
        What to call the reference and current in a sentence.
    reference, current : pandas.DataFrame
        Rows of either period.
    losses : Losses
        One loss a row of either frame.
    units : PeriodUnits
        The unit of each row of either frame.
    state : LabelState
        Which rows may still get labels.
    cells : SeasonCells, optional
        The cell of a season of each row of either frame.
    like : LikeWithLike, optional
        Which cells these rows are of, where they were chosen to be alike.
    places : (int array, int array), optional
        Positions of these rows in the frames that were read; default all of them.
    whole : bool
        Whether the features are all that there are, and none was left out by name.
    """

    setup: DiagnosisSetup
    features: list[str]
    names: tuple[str, str]
    reference: pd.DataFrame
    current: pd.DataFrame
    losses: Losses
    units: PeriodUnits = field(default=PeriodUnits())
    state: LabelState = field(default=LabelState())
    cells: SeasonCells | None = None
    like: LikeWithLike | None = None
    places: tuple[np.ndarray, np.ndarray] | None = None
    whole: bool = True

    def take(self, reference: Rows = ALL, current: Rows = ALL) -> Periods:
        """Take some rows of either period.

        Parameters
        ----------
        reference, current : slice or array
            Positions, or whether each row is in; default all rows.

        Returns
        -------
        Periods
            The same with those rows only.
        """
        losses = self.losses.take(reference, current)
        before, now = self.reference.iloc[reference], self.current.iloc[current]
        units = self.units.take(reference, current)
        state = self.state.take(reference, current)
        cells = None if self.cells is None else self.cells.take(reference, current)
        whole = self.places or (np.arange(len(self.reference)), np.arange(len(self.current)))
        return replace(
            self, reference=before, current=now, losses=losses, units=units, state=state,
            cells=cells, places=(whole[0][reference], whole[1][current]),
        )  # fmt: skip

    def in_frames(self, domain: Domain) -> Domain:
        """Give the rows of a classifier of these periods by their positions in the frames read.

        Parameters
        ----------
        domain : Domain
            From `fit_domain`.

        Returns
        -------
        Domain
            To be used again with the frames.
        """
        if self.places is None:
            return domain
        reference, current = self.places
        return replace(
            domain,
            reference_rows=reference[domain.reference_rows],
            current_rows=current[domain.current_rows],
        )

    def alike(self) -> Periods:
        """Take rows of either period that are like those of the other.

        Returns
        -------
        Periods
            The same without a season, or where no row of current has its like: `like` says so.
        """
        if self.cells is None:
            return self
        found = self.cells.like(np.arange(len(self.reference)), np.arange(len(self.current)))
        part = self if found.like.reason else self.take(found.reference, found.current)
        return replace(part, like=found.like)

    @property
    def labelled(self) -> bool:
        """Whether any row of current has a loss."""
        return not np.isnan(self.losses.current).all()

    @property
    def usable(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether each row of the reference, and of current, can be used.

        Those that have a loss; all of current where none of its rows has one.
        """
        now = ~np.isnan(self.losses.current) if self.labelled else np.ones(len(self.current), bool)
        return ~np.isnan(self.losses.reference), now

    def fit_domain(
        self, features: Iterable[str] | None = None, most: int | None = None, refused: str = ""
    ) -> Domain:
        """Fit the classifier that tells the two periods apart.

        Parameters
        ----------
        features : iterable of str, optional
            Some of the features; default all.
        most : int, optional
            Rows used a side, where that is fewer than `setup.max_rows`.
        refused : str
            Why nothing can be told; then no classifier is fitted.

        Returns
        -------
        Domain
            Its rows count within these periods.

        Raises
        ------
        DataError
            If no feature can be compared, or a side has too few rows.
        """
        chosen = self.features if features is None else list(features)
        return fit_periods(
            [(self.names[0], self.reference), (self.names[1], self.current)],
            [name for name in self.features if name in set(chosen)],
            [name for name in self.setup.categorical if name in set(chosen)],
            self.units,
            self.like,
            max_rows=self.setup.max_rows if most is None else min(most, self.setup.max_rows),
            seed=self.setup.seed,
            cannot_tell=refused,
        )
