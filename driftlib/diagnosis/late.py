"""Keep labels that came first from speaking for those that are still to come."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from driftlib.data.maturity import read_maturity
from driftlib.data.numbers import as_numbers
from driftlib.data.schema import ColumnRoles
from driftlib.diagnosis.losses import Losses, NamedFrame, Rows
from driftlib.stats.late_signs import label_selection, selected
from driftlib.text import counted
from driftlib.written_numbers import percent


@dataclass(frozen=True)
class LabelState:
    """Which rows may still get labels, or what their scores say where that is not told.

    Parameters
    ----------
    reference_young, current_young : bool array, shape (rows,), or None
        Whether each row was seen when some label is still to come; None where nothing is said.
    words : str
        After how long a row is old enough.
    reference_score, current_score : float array, shape (rows,), or None
        One number for each row that the model gave it.
    """

    reference_young: np.ndarray | None = None
    current_young: np.ndarray | None = None
    words: str = ""
    reference_score: np.ndarray | None = None
    current_score: np.ndarray | None = None

    def take(self, reference: Rows, current: Rows) -> LabelState:
        """Take some rows of either period.

        Parameters
        ----------
        reference, current : slice or array
            Positions, or whether each row is in.

        Returns
        -------
        LabelState
        """
        return LabelState(
            _some(self.reference_young, reference),
            _some(self.current_young, current),
            self.words,
            _some(self.reference_score, reference),
            _some(self.current_score, current),
        )

    def settle(self, losses: Losses, names: tuple[str, str]) -> tuple[Losses, str, list[str]]:
        """Leave out losses of young rows, or tell why current's cannot be used.

        Parameters
        ----------
        losses : Losses
            Of the same rows.
        names : (str, str)
            What to call the reference and current.

        Returns
        -------
        losses : Losses
            NaN where a row is too young.
        refused : str
            Why labels of current cannot be used; empty where they can.
        notes : list of str
            What is left out, a sentence each.
        """
        known = ~np.isnan(losses.current)
        if self.current_young is not None and self.reference_young is not None:
            kept = np.where(self.current_young, np.nan, losses.current)
            before = np.where(self.reference_young, np.nan, losses.reference)
            lost = int((known & self.current_young).sum())
            refused = (
                f"{names[1]} is too young: all its rows are of a time when labels are still to "
                f"come, which takes up to {self.words}"
            )
            told = known.any() and np.isnan(kept).all()
            note = (
                f"{counted(lost, 'row')} of {names[1]} are of a time when labels are still to "
                "come: their losses are left out."
            )
            settled = replace(losses, reference=before, current=kept)
            return settled, refused if told else "", [note] if lost and not told else []
        if self.current_score is None or self.reference_score is None or not known.any():
            return losses, "", []
        sides = []
        for loss, score in (
            (losses.reference, self.reference_score),
            (losses.current, self.current_score),
        ):
            told = ~np.isnan(score)
            sides.append((~np.isnan(loss[told]), score[told]))
        if not selected(*sides[1], label_selection(*sides[0])):
            return losses, "", []
        refused = (
            f"the {percent(known.mean())} of the rows of {names[1]} that have a label have other "
            "scores than those without, as if others were still to come, and do not speak for "
            'them; say when labels are known with label_time= or matures="180D" (matures="0D" if '
            "no more come)"
        )
        return losses.unlabelled(), refused, []


def _some(values: np.ndarray | None, rows: Rows) -> np.ndarray | None:
    return None if values is None else values[rows]


def read_label_state(
    reference: NamedFrame,
    current: NamedFrame,
    roles: ColumnRoles,
    label_time: str | None,
    matures: str | None,
    on: str | None,
) -> LabelState:
    """Read which rows may still get labels.

    Parameters
    ----------
    reference, current : (str, pandas.DataFrame)
        What to call the frame, and the frame.
    roles : ColumnRoles
    label_time : str or None
        Column that says when each row's label became known.
    matures : str or None
        After how long a row has its label.
    on : str or None
        The time column where the roles name none.

    Returns
    -------
    LabelState
    """
    maturity = read_maturity(
        [current, reference],
        roles.y_true,
        label_time,
        matures,
        roles.timestamp or on,
        roles.time_format,
    )
    if maturity is not None:
        now, before = maturity.sides
        return LabelState(before.young, now.young, maturity.words)
    scores = [_score(frame, roles) for _, frame in (reference, current)]
    return LabelState(reference_score=scores[0], current_score=scores[1])


def _score(frame: pd.DataFrame, roles: ColumnRoles) -> np.ndarray | None:
    """Take the probability, else the prediction, where it is a number."""
    for name in (roles.y_proba, roles.y_pred):
        if name in frame.columns:
            numbers = as_numbers(frame[name])
            if not numbers.unreadable:
                return numbers.values.astype(float)  # noqa: PD011
    return None
