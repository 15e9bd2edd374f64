"""Turn mixed columns into the matrix that gradient boosting takes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from driftlib.data.counters import counter_note, is_counter
from driftlib.data.levels import KnownLevels, count_levels, level_codes
from driftlib.data.numbers import as_numbers, without_gaps, written_numbers
from driftlib.data.schema import CATEGORICAL, COMPARABLE, EMPTY, NUMERIC, column_kind
from driftlib.errors import DataError
from driftlib.stats.precision import Claims, alike, claims, held_as_whole, held_bits
from driftlib.text import quoted

# Scikit-learn's boosting refuses more than 255 categories: these and "other".
MOST_LEVELS = 254


def comparable_features(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    wanted: Sequence[str],
    categorical: Iterable[str],
    named: bool = False,
) -> tuple[dict[str, str], dict[str, str]]:
    """Find the columns that a model can use, and why it cannot use the others.

    Parameters
    ----------
    reference, current : pandas.DataFrame
        The two periods.
    wanted : list of str
        Columns of the reference.
    categorical : list of str
        Those that are codes although they hold numbers.
    named : bool
        Whether the user named the columns: then those that only count up are used as well.

    Returns
    -------
    kinds : dict of str to str
        "numeric" or "categorical", by the reference; by current where that has no value.
    skipped : dict of str to str
        The reason for each of the others.

    Examples
    --------
    >>> march = pd.DataFrame({"x": [1, 2], "sky": ["clear", "cloud"], "wind": [3, 4]})
    >>> comparable_features(march, march.drop(columns="wind"), ["x", "sky", "wind"], ())
    ({'x': 'numeric', 'sky': 'categorical'}, {'wind': 'absent from current'})
    """
    categorical = set(categorical)
    kinds, skipped = {}, {}
    for name in wanted:
        if name not in current.columns:
            skipped[name] = "absent from current"
            continue
        kind, note = column_kind(reference[name], name in categorical)
        if kind == EMPTY:
            kind, _ = column_kind(current[name], name in categorical)
        run_together = _run_together(reference[name], current[name]) if kind == NUMERIC else 0
        if kind == NUMERIC and not any(_has_numbers(side[name]) for side in (reference, current)):
            skipped[name] = "not compared: no value in either period is a finite number"
        elif kind == NUMERIC and not named and (counts := note_of_counter(reference[name])):
            skipped[name] = counts
        elif run_together > MOST_LEVELS:
            skipped[name] = (
                "not compared: large whole numbers that differ in digits which floats do not have; "
                "subtract a constant, or name it in categorical="
            )
        elif run_together:
            kinds[name] = CATEGORICAL
        elif kind in COMPARABLE:
            kinds[name] = kind
        else:
            skipped[name] = note
    return kinds, skipped


def note_of_counter(series: pd.Series) -> str:
    """Say why a column is not compared, if that is because it only counts up.

    Parameters
    ----------
    series : pandas.Series
        Numbers, in the order of the reference's rows.

    Returns
    -------
    str
        Empty where it is no counter.

    Examples
    --------
    >>> note_of_counter(pd.Series(range(1, 100))).partition(" (")[0]
    'not compared: only counts up'
    >>> note_of_counter(pd.Series(["a", "b"] * 50, dtype="category"))
    ''
    """
    named = isinstance(series.dtype, pd.CategoricalDtype)
    texts = pd.Series(series.cat.categories) if named else series
    if isinstance(texts.dtype, pd.StringDtype) and not written_numbers(texts):
        return ""
    values = as_numbers(series).values  # noqa: PD011
    values = values[np.isfinite(values)]
    return counter_note(values[0], values[-1]) if is_counter(values) else ""


def _run_together(*sides: pd.Series) -> int:
    """Count the distinct whole numbers of a column if floats run some together, else 0."""
    values = [as_numbers(without_gaps(side)).values for side in sides]  # noqa: PD011
    if not any(_may_run_together(side) for side in values):
        return 0
    values = [pd.unique(side) for side in values]
    found = {value for side in values for value in side.tolist()}
    if len({float(value) for value in found}) == len(found):
        return 0
    # Floats on one side are no codes: none of them is what it was.
    return len(found) if all(side.dtype.kind in "iu" for side in values) else sys.maxsize


def _may_run_together(values: np.ndarray) -> bool:
    if values.dtype.kind not in "iu" or not len(values):
        return False
    return held_as_whole(np.array([values.min(), values.max()]))


def _has_numbers(series: pd.Series) -> bool:
    return bool(np.isfinite(as_numbers(series).values).any())


def choose_levels(
    frames: Sequence[pd.DataFrame], categorical: Iterable[str]
) -> dict[str, np.ndarray]:
    """Choose the levels that keep a code of their own: the commonest 254 of each column.

    Parameters
    ----------
    frames : list of pandas.DataFrame
        Rows of both periods, counted together; the first one's way of writing a value is taken.
    categorical : list of str
        Columns of all of them.

    Returns
    -------
    dict of str to array of str
        The commonest first.

    Examples
    --------
    >>> frame = pd.DataFrame({"sky": ["clear", "cloud", "cloud"]})
    >>> choose_levels([frame, frame], ["sky"])["sky"].tolist()
    ['cloud', 'clear']
    """
    chosen = {}
    for name in categorical:
        counted = [count_levels(frames[0][name])]
        known = KnownLevels(tuple(counted[0].levels.tolist()))
        counted += [known.by_name(count_levels(frame[name])) for frame in frames[1:]]
        rows = pd.concat([pd.Series(c.counts, c.levels) for c in counted]).groupby(level=0).sum()
        commonest = rows.sort_values(ascending=False, kind="stable").index[:MOST_LEVELS]
        chosen[name] = commonest.to_numpy(dtype=object)
    return chosen


def encode(
    frame: pd.DataFrame, features: Sequence[str], levels: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Make the matrix for gradient boosting: numbers as they are, categories as codes.

    Parameters
    ----------
    frame : pandas.DataFrame
        Must have the `features`.
    features : list of str
        Columns of the matrix, in order.
    levels : dict of str to array
        Levels of the categorical features, code 0 first; any other level gets the next code.

    Returns
    -------
    float array, shape (rows, features)
        Missing and infinite values are NaN.

    Raises
    ------
    DataError
        If the frame does not have all features.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1.5, np.inf], "c": ["b", "new"]})
    >>> encode(frame, ["x", "c"], {"c": np.array(["a", "b"], dtype=object)}).tolist()
    [[1.5, 1.0], [nan, 2.0]]
    """
    absent = [name for name in features if name not in frame.columns]
    if absent:
        raise DataError(f"the data have no column {quoted(absent)}, which the classifier needs.")
    matrix = np.empty((len(frame), len(features)), order="F")
    for j, name in enumerate(features):
        if name in levels:
            matrix[:, j] = _codes(frame[name], levels[name])
        else:
            numbers = as_numbers(frame[name])
            matrix[:, j] = np.where(np.isfinite(numbers.values), numbers.values, np.nan)
    return matrix


def drop_last_digits(
    matrix: np.ndarray, features: Sequence[str], frames: Sequence[pd.DataFrame]
) -> np.ndarray:
    """Make numbers that differ in digits which one of the two periods does not have the same.

    Parameters
    ----------
    matrix : float array, shape (rows, features)
        Rows of the reference, then those of current, from `encode`.
    features : list of str
        Its columns.
    frames : list of two pandas.DataFrame
        What it was made from, for the types of the columns.

    Returns
    -------
    float array, shape (rows, features)
        A classifier tells 0.1 in single precision from 0.1 in double precision in every row.

    Examples
    --------
    >>> frames = [pd.DataFrame({"x": np.array([0.1, 0.2], dtype=t)}) for t in ("f8", "f4")]
    >>> matrix = np.concatenate([encode(frame, ["x"], {}) for frame in frames])
    >>> drop_last_digits(matrix, ["x"], frames)[:, 0].tolist()
    [0.1, 0.2, 0.1, 0.2]
    """
    split = len(frames[0])
    same = matrix.copy(order="F")
    for j, name in enumerate(features):
        points = [np.unique(side[np.isfinite(side)]) for side in np.split(matrix[:, j], [split])]
        bits = min(
            held_bits(side, as_numbers(frame[name].iloc[:0]).bits)
            for side, frame in zip(points, frames, strict=True)
        )
        if not all(map(len, points)):
            continue
        first = alike(points[0], bits)
        known = points[0] if first is None else np.unique(points[0][first])
        found = claims(known, bits)
        if first is None and not _changed(points[1], known, found):
            continue
        inside, place = _claimed(matrix[:, j], found)
        same[inside, j] = known[place]
    return same


def _changed(points: np.ndarray, known: np.ndarray, found: Claims) -> bool:
    """Tell whether any point counts as a known one that it is not: of most columns none does."""
    inside, place = _claimed(points, found)
    return bool((points[inside] != known[place]).any())


def _claimed(values: np.ndarray, found: Claims) -> tuple[np.ndarray, np.ndarray]:
    """Whether each value counts as a known point, and as which one those that do."""
    place = np.minimum(found.upper.searchsorted(values), len(found.upper) - 1)
    inside = (found.lower[place] <= values) & (values <= found.upper[place])
    return inside, place[inside]


def _codes(series: pd.Series, levels: np.ndarray) -> np.ndarray:
    codes, texts = level_codes(series)
    known = KnownLevels(tuple(levels.tolist()))
    names = known.names_of(texts)
    place = known.places(names).astype(float)
    place = np.where(pd.isna(names), np.nan, np.where(place < 0, len(levels), place))
    return np.append(place, np.nan)[codes]
