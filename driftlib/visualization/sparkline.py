"""Draw a feature's reference and current values so small that they fit in a row of a table."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from driftlib.drift.result import DriftResult
from driftlib.html.sparkline import sparkline_svg
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.text import shortened
from driftlib.visualization import style
from driftlib.visualization.shares import HISTOGRAM, Shares, shares_of
from driftlib.written_numbers import percent

# Bars between the ends of the reference.
BARS = 20


def sparkline(result: DriftResult, feature: str) -> str:
    """Draw a feature's values in the reference and in the current data as an inline picture.

    Parameters
    ----------
    result : DriftResult
    feature : str
        One of its columns.

    Returns
    -------
    str
        An `<svg>` element: bars for the reference, a line for the current data, filled bars at
        the ends for what lies outside the reference's range. Empty where there is nothing to draw.

    Examples
    --------
    >>> import pandas as pd
    >>> from driftlib import detect_drift
    >>> reference = pd.DataFrame({"x": range(500)})
    >>> sparkline(detect_drift(reference, reference + 50, features=["x"]), "x")[:4]
    '<svg'
    """
    column = result.baseline.columns[feature]
    return sparkline_of(column, column.reference, result.current.columns[feature])


def sparkline_of(column: Column, reference: Counts, current: Counts) -> str:
    """Draw the counts of a column in two samples, see `sparkline`.

    Parameters
    ----------
    column : Column
    reference, current : Counts
        On its grid.

    Returns
    -------
    str
    """
    kinds = (NumericCounts, CategoricalCounts)
    if not (isinstance(reference, kinds) and isinstance(current, kinds)):
        return ""
    if not (reference.present and current.present):
        return ""
    shares = small_shares(column, reference, current)
    histogram = shares.drawn_as == HISTOGRAM
    label = f"{shortened(column.name)}: "
    if histogram and max(shares.current[0], shares.current[-1]) > 0:
        outside = float(shares.current[0] + shares.current[-1])
        label += f"{percent(outside)} outside the reference's range"
    else:
        moved = int(np.abs(shares.current - shares.reference).argmax())
        old, new = (percent(float(s[moved])) for s in (shares.reference, shares.current))
        label += f"{shortened(shares.parts[moved])} {new}, was {old}"
    colors = (style.REFERENCE, style.CURRENT)
    ends = (histogram, histogram)
    return sparkline_svg(shares.reference.tolist(), shares.current.tolist(), label, colors, ends)


def small_shares(column: Column, reference: Counts, current: Counts) -> Shares:
    """Compute the shares of two samples in at most 22 parts.

    Parameters
    ----------
    column : Column
    reference, current : Counts
        On its grid.

    Returns
    -------
    Shares
        In a histogram the first and last part are what lies outside the reference's range.
    """
    shares = shares_of(column, reference, current)
    if shares.drawn_as != HISTOGRAM:
        return shares
    starts = np.unique(np.linspace(0, len(shares.edges) - 1, BARS + 1).astype(int)[:-1])
    sides = []
    for side in (shares.reference, shares.current):
        inner = np.add.reduceat(side[1:-1], starts)
        sides.append(np.concatenate([side[:1], inner, side[-1:]]))
    edges = shares.edges[np.append(starts, len(shares.edges) - 1)]
    inner_parts = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)]
    parts = [shares.parts[0], *inner_parts, shares.parts[-1]]
    return Shares(parts, sides[0], sides[1], HISTOGRAM, edges)
