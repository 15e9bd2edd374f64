"""Made-up faults of real rows: what a monitor is asked to see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.data.schema import CATEGORICAL, COMPARABLE, NUMERIC
from driftlib.profile.column import Column
from driftlib.profile.profile import NumericCounts

# A level that no data have.
NEW_LEVEL = "(a level never seen)"
# How many times too large a value in a wrong unit is: metres for kilometres.
WRONG_UNIT = 1000.0


@dataclass(frozen=True)
class Fault:
    """One kind of fault in a column, at growing sizes.

    Parameters
    ----------
    name : str
        What it is called in tables.
    kinds : tuple of str
        Which columns it is for: numeric, categorical.
    sizes : tuple of float
        From small to large.
    measure : str
        What a size is, after the number: "standard deviations", or empty for a share of rows.
    make : callable
        Takes the values, the column, the size and a random generator, and returns the values
        with the fault.
    """

    name: str
    kinds: tuple[str, ...]
    sizes: tuple[float, ...]
    measure: str
    make: Callable[[pd.Series, Column, float, np.random.Generator], pd.Series]

    def suits(self, column: Column) -> bool:
        """Tell whether a column can have the fault.

        Parameters
        ----------
        column : Column

        Returns
        -------
        bool
        """
        counts = column.reference
        constant = isinstance(counts, NumericCounts) and not counts.std > 0
        return column.kind in self.kinds and not constant


def size_in_words(size: float, measure: str) -> str:
    """Write the size of a fault.

    Parameters
    ----------
    size : float
    measure : str
        What it is; empty for a share of the rows.

    Returns
    -------
    str

    Examples
    --------
    >>> size_in_words(0.4, SHIFT.measure), size_in_words(0.02, MISSING.measure)
    ('0.4 standard deviations', '2 % of the rows')
    """
    return f"{size:.2g} {measure}" if measure else f"{100 * size:.2g} % of the rows"


def chosen(rows: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Choose some rows at random.

    Parameters
    ----------
    rows : int
        How many there are.
    share : float
        Chance of each, 0 to 1.
    rng : numpy.random.Generator

    Returns
    -------
    bool array, shape (rows,)
    """
    return rng.random(rows) < share


def _numeric(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values, errors="coerce").astype(float)


def _shift(values: pd.Series, column: Column, size: float, rng: np.random.Generator) -> pd.Series:
    assert isinstance(column.reference, NumericCounts)
    return _numeric(values) + size * column.reference.std


def _missing(values: pd.Series, column: Column, size: float, rng: np.random.Generator) -> pd.Series:
    return values.mask(chosen(len(values), size, rng))


def _sentinel(
    values: pd.Series, column: Column, size: float, rng: np.random.Generator
) -> pd.Series:
    assert isinstance(column.reference, NumericCounts)
    lowest = column.reference.minimum
    # Programs write -999 or -9999 where they have no number; data that hold it have another.
    value = -(10.0 ** max(3.0, np.ceil(np.log10(1.0 + abs(lowest))) + 1)) + 1
    return _numeric(values).mask(chosen(len(values), size, rng), value)


def _wrong_unit(
    values: pd.Series, column: Column, size: float, rng: np.random.Generator
) -> pd.Series:
    values = _numeric(values)
    return values.mask(chosen(len(values), size, rng), values * WRONG_UNIT)


def _new_level(
    values: pd.Series, column: Column, size: float, rng: np.random.Generator
) -> pd.Series:
    return values.astype(object).mask(chosen(len(values), size, rng), NEW_LEVEL)


SHARES = (0.003, 0.01, 0.03, 0.1, 0.3)
SHIFT = Fault("shift", (NUMERIC,), (0.05, 0.1, 0.2, 0.4, 0.8, 1.6), "standard deviations", _shift)
SENTINEL = Fault("sentinel values", (NUMERIC,), SHARES, "", _sentinel)
UNIT = Fault("wrong units (x 1000)", (NUMERIC,), SHARES, "", _wrong_unit)
LEVEL = Fault("new levels", (CATEGORICAL,), SHARES, "", _new_level)
MISSING = Fault("missing values", COMPARABLE, SHARES, "", _missing)
# Faults of features, in the order of tables.
FAULTS = (SHIFT, SENTINEL, UNIT, LEVEL, MISSING)


def detach_labels(
    frame: pd.DataFrame, label: str, share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Give some rows one another's labels: their predictions then mean nothing.

    Parameters
    ----------
    frame : pandas.DataFrame
    label : str
        Its column of labels, of classes or numbers.
    share : float
        Of the rows with a label, 0 to 1.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        A copy; the shares of the labels are what they were.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": range(8)})
    >>> moved = detach_labels(frame, "y", 1.0, np.random.default_rng(0))["y"]
    >>> sorted(moved) == list(range(8)), bool((moved == frame["y"]).all())
    (True, False)
    """
    labels = frame[label]
    rows = np.flatnonzero(labels.notna().to_numpy() & chosen(len(frame), share, rng))
    order = np.arange(len(frame))
    order[rows] = rng.permutation(rows)
    return frame.assign(**{label: labels.array.take(order)})
