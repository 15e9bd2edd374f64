"""Made-up changes of labels: wrong ones, another share of positives, and those still to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.auditing.faults import chosen, detach_labels
from driftlib.data.levels import level_texts

Made = Callable[[pd.DataFrame, str, float, np.random.Generator], pd.DataFrame]


@dataclass(frozen=True)
class LabelFault:
    """One kind of change of the labels, at growing sizes.

    Parameters
    ----------
    name : str
        What it is called in tables.
    sizes : tuple of float
        From small to large.
    measure : str
        What a size is, after the number; empty for a share of rows.
    two_labels : bool
        Whether it needs labels of two classes.
    make : callable
        Takes rows, the column of labels, the size and a random generator; returns rows.
    """

    name: str
    sizes: tuple[float, ...]
    measure: str
    two_labels: bool
    make: Made


def shift_prior(
    frame: pd.DataFrame, label: str, odds: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Leave out rows of the first of two labels, so that the odds of the other grow.

    Parameters
    ----------
    frame : pandas.DataFrame
    label : str
        Its column of labels.
    odds : float
        How many times as large they become, at least 1.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Rows of either label look as they did.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [0, 1] * 500})
    >>> float(shift_prior(frame, "y", 3.0, np.random.default_rng(0))["y"].mean().round(1))
    0.8
    """
    return frame[~(_of(frame[label], 0) & ~chosen(len(frame), 1 / odds, rng))]


def delay_labels(
    frame: pd.DataFrame, label: str, share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Take away labels of the second of two classes, as if they were still to come.

    Parameters
    ----------
    frame : pandas.DataFrame
    label : str
        Its column of labels.
    share : float
        Of that class's rows.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        A copy.
    """
    late = _of(frame[label], 1) & chosen(len(frame), share, rng)
    return frame.assign(**{label: frame[label].mask(late)})


def has_two_labels(labels: pd.Series) -> bool:
    """Tell whether labels are of two classes.

    Parameters
    ----------
    labels : pandas.Series

    Returns
    -------
    bool
    """
    return labels.nunique() == 2


def _of(labels: pd.Series, place: int) -> np.ndarray:
    """Whether each row has the first, or the second, of the labels that occur."""
    texts = level_texts(labels).to_numpy(dtype=object)
    known = labels.notna().to_numpy()
    classes = sorted({str(text) for text in pd.unique(texts[known])})
    if len(classes) <= place:
        return np.zeros(len(labels), dtype=bool)
    return known & (texts == classes[place])


# Shares of rows whose labels are dealt anew.
DETACHED = (0.02, 0.05, 0.1, 0.2, 0.4)
LABELS = "wrong labels"
WRONG = LabelFault(LABELS, DETACHED, "", False, detach_labels)
PRIOR = LabelFault(
    "another share of positives", (1.25, 1.5, 2.0, 3.0), "times the odds", True, shift_prior
)
LABEL_FAULTS = (WRONG, PRIOR)
