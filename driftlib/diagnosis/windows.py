"""Diagnose window after window, and segment by segment, against one reference."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.data.groups import WindowGroups, match_segments, segment_columns, window_groups
from driftlib.data.like_with_like import all_alike
from driftlib.data.schema import ColumnRoles
from driftlib.data.unit_choice import AUTO
from driftlib.data.windows import followed_time
from driftlib.diagnosis.decomposition import TERMS
from driftlib.diagnosis.diagnose import diagnose_periods
from driftlib.diagnosis.losses import Rows
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.setup import DiagnosisSetup, Periods
from driftlib.diagnosis.verdict import UNDETERMINED
from driftlib.domain.result import Domain
from driftlib.errors import DataError
from driftlib.results import Result
from driftlib.text import join_notes

ABOUT = ("verdict", "domain_auc", "effective_share", "loss_reference", "loss_current")
VALUES = ("value", "lower", "upper")
# What the table has besides the segment columns.
COLUMNS = ("window", "start", "end", "n", "term", *VALUES, *ABOUT, "note")


@dataclass(frozen=True)
class Timeline(Result):
    """Hold a diagnosis of each window, or segment and window, against the reference.

    Parameters
    ----------
    table : pandas.DataFrame
        Long: four rows a segment and window; see `diagnose_windows`.
    diagnoses : tuple of Diagnosis or None
        One a segment and window, in the table's order; None where there is none.
    left_out : int
        Rows in no window, for want of a timestamp or value.
    by : tuple of str
        Segment columns.
    unit : str
        What a unit is, and how many there are.
    season : str
        What like is compared with like by, and what could not be; empty without a season.
    """

    table: pd.DataFrame
    diagnoses: tuple[Diagnosis | None, ...] = field(repr=False)
    left_out: int = 0
    by: tuple[str, ...] = ()
    unit: str = ""
    season: str = ""

    @property
    def verdicts(self) -> pd.Series:
        """Verdict of each window, indexed by its start, after its segment where there are any."""
        each = self.table.drop_duplicates([*self.by, "window"])
        return each.set_index([*self.by, "start"])["verdict"]

    @property
    def domains(self) -> tuple[Domain | None, ...]:
        """The fitted classifier of each segment and window, to be used again."""
        return tuple(None if found is None else found.domain for found in self.diagnoses)

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        counts = self.verdicts.value_counts(sort=False)
        found = ", ".join(f"{verdict} in {count}" for verdict, count in counts.items())
        units = "segments and windows" if self.by else "windows"
        return f"Against the reference, of {len(self.verdicts)} {units}: {found}"

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        by = {"by": list(self.by)} if self.by else {}
        season = {"season": self.season} if self.season else {}
        return {"left_out": self.left_out, "unit": self.unit} | season | by

    def _repr_html_(self) -> str:
        return f"{super()._repr_html_()}<p>{html.escape(f'{self.unit} {self.season}'.strip())}</p>"


@known_keywords(rows="pass a number of rows as window=")
def diagnose_windows(
    reference: Any,
    current: Any,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    loss: str = "auto",
    minimum_effect: float = 0.01,
    seed: int = 0,
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
    task: str = "auto",
    unit: str = AUTO,
    season: str | Iterable[str] | None = None,
    label_time: str | None = None,
    matures: str | None = None,
    holdout: bool | None = None,
    max_rows: int = 20_000,
) -> Timeline:
    """Diagnose window after window against one reference.

    Parameters
    ----------
    reference, current : frame, table, str or Path
        As for `diagnose`.
    window : int or str, optional
        A number of rows; the name of a column, for a window a value; or a pandas offset such
        as "7D" or "MS" on the time column. Default: all rows are one window.
    step : int, optional
        Rows from one window's start to the next; only with a number of rows.
    on : str, optional
        The time column, default `timestamp`; windows of rows follow its order.
    by : str or list of str, optional
        Segment columns: the windows of each segment are diagnosed against the reference's rows
        of that segment. Windows by calendar or value are those of all of current; windows of a
        number of rows count the segment's own rows.
    loss, minimum_effect, seed
        As for `diagnose`.
    features : list of str, optional
        As for `diagnose`; the columns that windows and segments follow are no features unless
        they are named here.
    exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba, positive, task
        As for `diagnose`.
    unit : str
        As for `diagnose`. A window of fewer than 5 units is undetermined, and says so.
    season : str or list of str, optional
        As for `diagnose`: each window is compared with the reference's rows of its own cells. A
        window of cells that the reference lacks is undetermined, and says so.
    label_time, matures : str, optional
        As for `diagnose`. A window that is too young is undetermined, and says so.
    holdout : bool, optional
        As for `diagnose`.
    max_rows : int
        Rows used of the reference, and of each window.

    Returns
    -------
    Timeline
        Its table is long: window (from 0), start, end, the segment columns, n (rows used),
        term, value, lower, upper (95 %), verdict, domain_auc, effective_share, loss_reference,
        loss_current, note (the reason of the verdict).

    Raises
    ------
    DriftlibError
        If a side cannot be read, or the windows cannot be made. A window that cannot be
        diagnosed says so in `note` and costs the others nothing.

    Examples
    --------
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(rows=2000, feature_drift=0, label_flips=0.4, gradual=True)
    >>> found = diagnose_windows(data.reference, data.current, window=1000)
    >>> found.verdicts.tolist()
    ['concept drift', 'concept drift']
    """
    setup = DiagnosisSetup(
        loss=loss,
        minimum_effect=minimum_effect,
        seed=seed,
        features=features,
        exclude=exclude,
        categorical=categorical,
        roles=ColumnRoles(y_true, y_pred, y_proba, timestamp, time_format),
        positive=positive,
        task=task,
        unit=unit,
        season=season,
        max_rows=max_rows,
        label_time=label_time,
        matures=matures,
        holdout=holdout,
    )
    by = [by] if isinstance(by, str) else list(by or ())
    no_features = [name for name in (window, on or timestamp, *by) if isinstance(name, str)]
    periods = setup.read(reference, current, no_features, on)
    now, where = periods.current, periods.names[1]
    on = followed_time(window, on, timestamp, now.columns, where)
    by = segment_columns(by, now.columns, where, COLUMNS)
    groups = window_groups(now, window, step, on, by, where, time_format)
    rows = np.arange(len(now))[groups.rows]
    diagnoses, tables = [], []
    for number, known in enumerate(_reference_rows(periods, groups)):
        part = periods.take(known, rows[groups.lo[number] : groups.hi[number]])
        found: Diagnosis | None = None
        failure = ""
        try:
            found = _diagnose_part(part)
        except DataError as error:
            failure = str(error)
        diagnoses.append(found)
        tables.append(_table_of(found, join_notes(groups.notes[number], failure)))
    keys = groups.keys.loc[np.repeat(groups.keys.index, len(TERMS))].reset_index(drop=True)
    table = pd.concat([keys, pd.concat(tables, ignore_index=True)], axis=1)
    known_effects = [found.design_effect for found in diagnoses if found is not None]
    told = [effect for effect in known_effects if np.isfinite(effect)]
    unit_told = periods.units.describe(
        float(np.median(told)) if told else np.nan, "the change of the loss of a typical window"
    )
    like = all_alike([found.domain.like for found in diagnoses if found is not None])
    season_told = like.line if like else ""
    return Timeline(table, tuple(diagnoses), groups.left_out, tuple(by), unit_told, season_told)


def _reference_rows(periods: Periods, groups: WindowGroups) -> list[Rows]:
    """Find the reference's rows of each group's segment; without segments all of them."""
    columns = list(groups.segments.columns)
    if not columns:
        return [slice(None)] * len(groups.segment)
    before = window_groups(periods.reference, by=columns, where=periods.names[0])
    rows = np.arange(len(periods.reference))[before.rows]
    # A segment that the reference does not have is number -1, which has no rows.
    sides = [*(rows[lo:hi] for lo, hi in zip(before.lo, before.hi, strict=True)), rows[:0]]
    return [sides[number] for number in match_segments(groups, before)]


def _diagnose_part(periods: Periods) -> Diagnosis:
    if not len(periods.reference):
        raise DataError(f"{periods.names[0]} has no rows of this segment.")
    return diagnose_periods(periods)


def _table_of(found: Diagnosis | None, note: str) -> pd.DataFrame:
    """Write a diagnosis as rows of the table, or that there is none."""
    if found is None:
        terms = pd.DataFrame(np.nan, list(TERMS), list(VALUES))
        about = dict.fromkeys(ABOUT, np.nan) | {"verdict": UNDETERMINED}
        count = 0
    else:
        terms, count, note = found.terms, found.rows_current, join_notes(note, found.reason)
        about = {name: getattr(found, name) for name in ABOUT}
    table = terms.rename_axis("term").reset_index()
    table.insert(0, "n", count)
    return table.assign(**about, note=note)
