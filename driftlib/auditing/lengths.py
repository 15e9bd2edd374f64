"""Tell how much one check sees, in units of the reference."""

from __future__ import annotations

import pandas as pd

from driftlib.data.calendar import calendar_edges, window_length
from driftlib.data.times import as_times
from driftlib.data.units import TIME, UnitCodes
from driftlib.errors import DataError, ParameterError, check_whole
from driftlib.profile.baseline import Baseline
from driftlib.text import see_guide

LEAST_UNITS = 8


def units_of(
    window: int | str | None, baseline: Baseline, frame: pd.DataFrame, units: UnitCodes
) -> int:
    """Tell how many units one window holds.

    Parameters
    ----------
    window : int or str, optional
        A number of rows, or a length of time; by default 7 units of time or a tenth of others.
    baseline : Baseline
        Fitted to the frame.
    frame : pandas.DataFrame
    units : UnitCodes
        Of the frame's rows.

    Returns
    -------
    int

    Raises
    ------
    DriftlibError
        If there are too few units, or the window is none or longer than half of them.
    """
    rule, number = baseline.unit, len(units.ids)
    if number < LEAST_UNITS:
        raise DataError(
            f"cannot tell: the reference has {rule.counted(number)}, and an audit deals at least "
            f"{LEAST_UNITS} (unit='row' takes rows as independent). {see_guide('reference')}"
        )
    if window is None:
        take = min(7, number // 4) if rule.kind == TIME else max(1, number // 10)
    elif isinstance(window, str):
        take = _in_time(window, baseline, frame, units)
    else:
        each = (len(frame) - units.outside) / number
        take = max(1, round(check_whole("window", window, of="rows") / each))
    if take > number // 2:
        raise ParameterError(
            f"window={window!r} is {rule.counted(take)}, more than half of the "
            f"{rule.counted(number)} of the reference: take a shorter window, or more reference."
        )
    return take


def _in_time(window: str, baseline: Baseline, frame: pd.DataFrame, units: UnitCodes) -> int:
    """Count the units of the reference's windows of that length: their median."""
    column = baseline.unit.column if baseline.unit.kind == TIME else baseline.roles.timestamp
    if window_length(window) is None or column is None:
        raise ParameterError(
            f"window={window!r} must be a number of rows, or a length of time such as '7D' with "
            "timestamp= naming the time column."
        )
    times = pd.DatetimeIndex(as_times(frame[column], time_format=baseline.roles.time_format))
    known = times.notna() & (units.codes >= 0)
    times = times[known]
    edges = calendar_edges(times.min(), times.max(), window)
    places = edges.searchsorted(times, side="right") - 1
    held = pd.Series(units.codes[known]).groupby(places).nunique()
    whole = held.iloc[1:-1] if len(held) > 2 else held
    return max(1, int(whole.median()))
