"""When did the cause change: a diagnosis of each window against one reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.cutters import Window
from driftlib.data.schema import ColumnRoles
from driftlib.data.windows import split
from driftlib.diagnosis.decomposition import TERMS
from driftlib.diagnosis.diagnose import Diagnosis, diagnose_periods
from driftlib.diagnosis.setup import DiagnosisSetup
from driftlib.diagnosis.verdict import UNDETERMINED
from driftlib.errors import DataError, ParameterError
from driftlib.results import Result
from driftlib.text import join_notes

ABOUT = ("verdict", "domain_auc", "effective_share", "loss_reference", "loss_current")


@dataclass(frozen=True)
class Timeline(Result):
    """A diagnosis of each window against the reference.

    Attributes
    ----------
    table : pandas.DataFrame
        See `diagnose_windows`.
    diagnoses : tuple of Diagnosis or None
        One a window; None where a window could not be diagnosed.
    left_out : int
        Rows in no window, for want of a timestamp or value.
    """

    table: pd.DataFrame
    diagnoses: tuple[Diagnosis | None, ...] = field(repr=False)
    left_out: int = 0

    @property
    def verdicts(self) -> pd.Series:
        """Verdict of each window, indexed by its start."""
        return self.table.drop_duplicates("window").set_index("start")["verdict"]

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        counts = self.verdicts.value_counts(sort=False)
        found = ", ".join(f"{verdict} in {count}" for verdict, count in counts.items())
        return f"Against the reference, of {len(self.verdicts)} windows: {found}"

    @property
    def details(self) -> dict[str, Any]:
        return {"left_out": self.left_out}


def diagnose_windows(
    reference: Any,
    current: Any,
    by: str | None = None,
    on: str | None = None,
    rows: int | None = None,
    *,
    max_rows: int = 20_000,
    **options: Any,
) -> Timeline:
    """Diagnose window after window against one reference.

    Parameters
    ----------
    reference, current : frame, table, str or Path
    by : str, optional
        A column, one window per value; or with `on` a pandas offset such as "7D" or "MS".
    on : str, optional
        A datetime column.
    rows : int, optional
        Rows per window, in order of `on` where that is given.
    max_rows : int
        Rows used of the reference, and of each window.
    **options
        Any other keyword of `diagnose` but `domain`. The column that windows follow is no
        feature unless `features` names it.

    Returns
    -------
    Timeline
        Its table is long: window (from 0), start, end, n (rows used), term, value, lower,
        upper (95 %), verdict, domain_auc, effective_share, loss_reference, loss_current, note
        (the reason of the verdict).

    Raises
    ------
    DriftlibError
        If a side cannot be read, or the windows cannot be made. A window that cannot be
        diagnosed says so in `note` and costs the others nothing.

    Examples
    --------
    >>> from driftlib.data.synthetic import simulate
    >>> data = simulate(rows=6000, feature_drift=0, label_flips=0.4, gradual=True)
    >>> found = diagnose_windows(data.reference, data.current, rows=2000)
    >>> found.verdicts.tolist()
    ['concept drift', 'concept drift', 'concept drift']
    """
    if by is not None and rows is not None:
        raise ParameterError("by= and rows= both say how to cut windows: give one of them.")
    column = by if on is None else on
    names = ("y_true", "y_pred", "y_proba", "timestamp")
    roles = ColumnRoles(**{name: options.pop(name) for name in names if name in options})
    setup = DiagnosisSetup(roles=roles, max_rows=max_rows, **options)
    periods = setup.read(reference, current, [column] if column else [])
    frame = periods.current
    size = rows if rows is not None else on if by is None else by
    windows = split(frame, size, None, on, periods.names[1])
    diagnoses, tables = [], []
    for window in windows:
        try:
            found, failure = diagnose_periods(periods.take(current=window.index)), ""
        except DataError as error:
            found, failure = None, str(error)
        diagnoses.append(found)
        tables.append(_rows(window, found, failure))
    left_out = len(frame) - sum(window.rows for window in windows)
    return Timeline(pd.concat(tables, ignore_index=True), tuple(diagnoses), left_out)


def _rows(window: Window, found: Diagnosis | None, failure: str) -> pd.DataFrame:
    place = {"window": window.number, "start": window.start, "end": window.end}
    if found is None:
        terms = pd.DataFrame(np.nan, list(TERMS), ["value", "lower", "upper"])
        about = dict.fromkeys(ABOUT, np.nan) | {"verdict": UNDETERMINED}
        count, note = 0, failure
    else:
        terms, count, note = found.terms, found.rows_current, found.reason
        about = {name: getattr(found, name) for name in ABOUT}
    table = terms.rename_axis("term").reset_index()
    notes = join_notes(window.note, note)
    return pd.DataFrame(place | {"n": count}, table.index).join(table).assign(**about, note=notes)
