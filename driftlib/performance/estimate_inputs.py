"""Check and choose what an estimate without labels is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from driftlib.data.groups import WindowGroups
from driftlib.data.predictions import Predictions
from driftlib.data.schema import ColumnRoles
from driftlib.data.task import REGRESSION, Task, class_columns, infer_task
from driftlib.domain.features import comparable_features
from driftlib.errors import DataError, LackingError
from driftlib.performance.reference_calibration import FEWEST_ROWS
from driftlib.text import counted, quoted, see_guide


def is_regression(task: str, name: str, reference: pd.DataFrame, roles: ColumnRoles) -> bool:
    """Tell whether numbers are predicted.

    Parameters
    ----------
    task : {"auto", "binary", "multiclass", "regression"}
    name : str
        What to call the reference.
    reference : pandas.DataFrame
    roles : ColumnRoles

    Returns
    -------
    bool
        Of "auto" only where there are predictions and no probabilities.
    """
    if task != "auto":
        return task == REGRESSION
    if roles.proba_columns(reference.columns) or roles.y_pred not in reference.columns:
        return False
    return infer_task([(name, reference)], roles)[0] == REGRESSION


def probability_columns(frames: Mapping[str, pd.DataFrame], roles: ColumnRoles) -> list[str]:
    """Find the columns of probabilities, which both frames must have.

    Parameters
    ----------
    frames : dict of pandas.DataFrame
        By what to call them; the reference is the first.
    roles : ColumnRoles

    Returns
    -------
    list of str

    Raises
    ------
    LackingError
        If one has none.
    """
    reference = next(iter(frames.values()))
    single = [roles.y_proba] if roles.y_proba in reference.columns else []
    columns = single or list(class_columns(reference, roles).values())
    for name, frame in frames.items():
        lacking = [column for column in columns or [roles.y_proba] if column not in frame.columns]
        if lacking:
            raise LackingError(
                f"{name} has no column {quoted(lacking)} (it has: {quoted(frame.columns)}): an "
                "estimate is made from a classifier's probabilities, in one column or one named "
                f'{roles.y_proba}_<class> for each class. Pass y_proba="..." if they are under '
                f"another name. {see_guide('kinds')}",
                "An estimate without labels is made from a classifier's probabilities, and "
                f"{name} has no column {quoted(lacking)}.",
            )
    return columns


def check_labels(name: str, reference: pd.DataFrame, roles: ColumnRoles) -> None:
    """Check that the reference has labels.

    Parameters
    ----------
    name : str
        What to call it.
    reference : pandas.DataFrame
    roles : ColumnRoles

    Raises
    ------
    LackingError
        If it has none.
    """
    if roles.y_true in reference.columns and reference[roles.y_true].notna().any():
        return
    raise LackingError(
        f"{name} has no labels in a column {roles.y_true!r} (it has: {quoted(reference.columns)}): "
        "an estimate learns from a labelled reference how good predictions are. Pass "
        f'y_true="..." if the labels are under another name. {see_guide("labels")}',
        "An estimate learns from a labelled reference how good predictions are, and "
        f"{name} has no labels in a column {roles.y_true!r}.",
    )


def check_learnt(name: str, learnt: Predictions, task: Task, roles: ColumnRoles) -> None:
    """Check that the rows to learn from can teach something.

    Parameters
    ----------
    name : str
        What to call the reference.
    learnt : Predictions
        Its rows with a label and a prediction.
    task : Task
    roles : ColumnRoles

    Raises
    ------
    DataError
        If there is one label only, or of a regression too few rows.
    """
    if task.kind == REGRESSION:
        if len(learnt.y) < FEWEST_ROWS:
            raise DataError(
                f"{name} has {counted(len(learnt.y), 'row')} with a label and a prediction: an "
                f"estimate learns the size of errors from at least {FEWEST_ROWS}."
            )
        return
    found = np.unique(learnt.y)
    if len(found) > 1:
        return
    holds = f"only the label {task.classes[found[0]]!r}" if len(found) else "no label"
    raise DataError(
        f"{name} column {roles.y_true!r} holds {holds} in the rows that have a prediction and a "
        "probability: an estimate needs a reference with at least two labels."
    )


def compared_kinds(
    frames: Mapping[str, pd.DataFrame], wanted: Sequence[str], categorical: Iterable[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Find the features that can be compared, and why others cannot.

    Parameters
    ----------
    frames : dict of pandas.DataFrame
        The reference and current, by what to call them.
    wanted : list of str
        Columns of the reference.
    categorical : list of str
        Those that are codes although they hold numbers.

    Returns
    -------
    kinds : dict of str
        "numeric" or "categorical", by column.
    left_out : tuple of str
        Why others are left out.

    Raises
    ------
    DataError
        If no feature can be compared.
    """
    reference, current = frames.values()
    kinds, skipped = comparable_features(reference, current, wanted, categorical)
    left_out = tuple(f"{name!r}: {why}" for name, why in skipped.items())
    if not kinds:
        raise DataError(
            f"{' and '.join(frames)} share no feature, and method='pape' compares features "
            f"({'; '.join(left_out[:5]) or 'there are none'}): add some, or use method='cbpe'."
        )
    return kinds, left_out


def learnt_parts(groups: WindowGroups, learnt: np.ndarray) -> list[np.ndarray]:
    """Find the rows of each group among those that are learnt from, each once.

    Parameters
    ----------
    groups : WindowGroups
        Of the reference.
    learnt : bool array, shape (rows,)
        Whether each row is learnt from.

    Returns
    -------
    list of int array
        Positions among the rows that are learnt from.
    """
    place = np.where(learnt, np.cumsum(learnt) - 1, -1)
    order = np.arange(len(learnt))[groups.rows]
    found = (
        np.unique(place[order[lo:hi]])
        for lo, hi in zip(groups.lo.tolist(), groups.hi.tolist(), strict=True)
    )
    return [own[own >= 0] for own in found]


def has_label(current: pd.DataFrame, roles: ColumnRoles) -> np.ndarray:
    """Tell whether each row has a label.

    Parameters
    ----------
    current : pandas.DataFrame
    roles : ColumnRoles

    Returns
    -------
    bool array, shape (rows,)
    """
    if roles.y_true not in current.columns:
        return np.zeros(len(current), bool)
    return current[roles.y_true].notna().to_numpy()
