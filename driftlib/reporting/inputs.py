"""Read what a notebook's parameters name: data, columns that are no features, windows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.data.masking import mask_rare
from driftlib.data.opening import read_frame, read_pair, source_name
from driftlib.data.schema import ColumnRoles
from driftlib.data.season import read_season
from driftlib.data.times import as_times, check_time_format, is_like_a_date, is_time
from driftlib.data.unit_choice import AUTO
from driftlib.data.windows import fitting_window
from driftlib.errors import ParameterError
from driftlib.performance.training_rows import UNKNOWN, read_holdout
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import CategoricalCounts
from driftlib.reporting.given import Inputs
from driftlib.reporting.parameters import project_path, project_source
from driftlib.text import unknown_name

# With fewer rows, windows would be too small to say anything.
FEWEST_ROWS = 200
DEFAULTS = {"timestamp": "timestamp", "y_true": "y_true", "y_pred": "y_pred", "y_proba": "y_proba"}


def read_inputs(
    reference: Any,
    current: Any,
    *,
    timestamp: str = "timestamp",
    time_format: str = "",
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: str = "",
    features: Iterable[str] = (),
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    unit: str = AUTO,
    season: str | Iterable[str] = "",
    label_time: str = "",
    matures: str = "",
    holdout: str | bool = UNKNOWN,
    task: str = "auto",
    threshold: str | float = "",
    window: str = "",
    mask_levels: int = 0,
    output: str | Path = "reports",
) -> Inputs:
    """Read the data that a notebook's parameters name.

    Parameters
    ----------
    reference, current : path, frame or table
        A reference that ends in .json is a saved baseline. Paths are looked for in the
        working directory, then in the project. What is text on one side is read as text from a
        CSV file on the other: see `driftlib.data.sources.read_pair`.
    timestamp, y_true, y_pred, y_proba : str
        Column names. A default name, or "", may be absent from the data; another may not.
    time_format : str
        How the timestamp is written: see `driftlib.data.times.as_times`; "" where it holds times,
        or text such as 2013-03-31 17:00.
    positive : str
        The positive label; "" for the larger of two.
    features, exclude, categorical : list of str
        Empty for all features, for none that is left out, and for none that are codes.
    unit : str
        What rows were drawn in: see `driftlib.Baseline.fit`.
    season : str or list of str
        What like is compared with like by: "hour", "weekday", "month", or columns, between commas;
        "" compares all with all.
    label_time, matures : str
        When labels became known, and how long a row waits for its own: see
        `driftlib.track_performance`; "" says neither.
    holdout : str or bool
        "yes" where the model was not trained on the reference's rows, "no" where it was;
        "unknown": see `driftlib.estimate_performance`.
    task : {"auto", "binary", "multiclass", "regression"}
        What is predicted.
    threshold : str or float
        Probability from which on a row is predicted positive; "" takes the predictions.
    window : str
        A number of rows, a pandas offset or the name of a column; "" picks hours, days, weeks,
        months or longer by the time that the data span, one window for each of the few values of
        a timestamp that is no time, and one for all where there is none.
    mask_levels : int
        Levels of text columns with fewer rows, on both sides, are called "(rare)" in all that is
        written; 0 names all. A saved baseline is masked when it is made.
    output : path
        Folder for data files.

    Returns
    -------
    Inputs
        The data, and the settings in the library's own words.

    Raises
    ------
    DriftlibError
        If data cannot be read, a named column does not exist, or the window is none.

    Examples
    --------
    >>> days = pd.DataFrame({"day": pd.date_range("2013-01-01", "2013-12-31"), "x": 1.0})
    >>> found = read_inputs(days, days, timestamp="day")
    >>> found.by_window
    {'window': 'MS', 'on': 'day'}
    """
    before, now = _found(reference), _found(current)
    known, frame = _read(before, now)
    names = {"timestamp": timestamp, "y_true": y_true, "y_pred": y_pred, "y_proba": y_proba}
    names = {role: name or DEFAULTS[role] for role, name in names.items()}
    for role, name in names.items():
        tables: dict[str, Iterable[str]] = {source_name(now, "current"): frame.columns}
        if role != "timestamp":
            tables |= {source_name(before, "reference"): known.columns}
        _check_column(role, name, tables)
    time = names.pop("timestamp")
    roles = ColumnRoles(
        **names,
        timestamp=time if time in frame.columns else None,
        time_format=check_time_format(time_format),
        unit=unit if unit not in ("", AUTO) else None,
        season=read_season(season),
    )
    # Labels, times and units are not shown level by level.
    apart = {*_with_roles(roles, frame.columns), roles.unit or "", label_time}
    known, frame = _masked(known, frame, mask_levels, apart)
    where = source_name(now, "current")
    on, size = _windows(str(window).strip(), roles, frame, where)
    return Inputs(
        reference=known,
        current=frame,
        sources=(before, now),
        roles=roles,
        features=list(features) or None,
        exclude=[*exclude, *[label_time] * (label_time in _columns_of(known))],
        label_time=label_time or None,
        matures=matures or None,
        holdout=read_holdout(holdout),
        task=task or "auto",
        threshold=_number("threshold", threshold),
        categorical=list(categorical),
        positive=positive or None,
        on=on,
        window=size,
        output=project_path(output),
    )


def _with_roles(roles: ColumnRoles, columns: Iterable[str]) -> set[str]:
    """Columns of labels, predictions and the time."""
    fixed = {roles.y_true, roles.y_pred, roles.timestamp or ""}
    return {*fixed, *roles.proba_columns(columns)}


def _masked(
    reference: pd.DataFrame | Baseline, current: pd.DataFrame, least: int, apart: set[str]
) -> tuple[pd.DataFrame | Baseline, pd.DataFrame]:
    """Keep the names of rare levels out of all that follows."""
    if not isinstance(reference, Baseline):
        before, now = mask_rare([reference, current], least, apart)
        return before, now
    known = {
        name: dict(zip(column.levels, column.reference.levels.tolist(), strict=False))
        for name, column in reference.columns.items()
        if isinstance(column.reference, CategoricalCounts)
    }
    return reference, mask_rare([current], least, apart, known)[0]


def read_reference(path: Any, mask_levels: int = 0, **names: Any) -> Any:
    """Read a reference where the names of rare levels are masked; else leave it to be streamed.

    Parameters
    ----------
    path : path, frame or Baseline
    mask_levels : int
        As for `read_inputs`.
    **names
        Roles of columns, as `driftlib.Baseline.fit` takes them.

    Returns
    -------
    object
        What `driftlib.as_baseline` takes.
    """
    if mask_levels < 2 or str(path).lower().endswith(".json"):
        return path
    frame = read_frame(path, "reference")
    roles = ColumnRoles(**{k: v for k, v in names.items() if v})
    apart = {*_with_roles(roles, frame.columns), str(names.get("unit") or "")}
    return mask_rare([frame], mask_levels, apart)[0]


def read_length(text: str) -> int | str | None:
    """Read how much one check sees.

    Parameters
    ----------
    text : str
        A number of rows, a length of time, or empty.

    Returns
    -------
    int, str or None

    Examples
    --------
    >>> read_length("500"), read_length("7D"), read_length("")
    (500, '7D', None)
    """
    text = text.strip()
    return int(text) if text.isdecimal() else text or None


def _read(reference: Any, current: Any) -> tuple[pd.DataFrame | Baseline, pd.DataFrame]:
    """Read both sides, each by what the other knows of its columns."""
    if isinstance(reference, Path) and reference.suffix.lower() == ".json":
        baseline = Baseline.load(reference)
        return baseline, read_frame(current, "current", baseline.as_written)
    return read_pair(reference, current)


def _columns_of(known: pd.DataFrame | Baseline) -> Iterable[str]:
    """Columns of a frame; what a saved baseline compares it says itself."""
    return () if isinstance(known, Baseline) else known.columns


def _number(name: str, text: str | float) -> float | None:
    if text == "":
        return None
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"parameter {name!r} is {text!r}, which is no number.") from None


def _found(source: Any) -> Any:
    return project_source(source) if isinstance(source, str | Path) else source


def _check_column(role: str, name: str, tables: dict[str, Iterable[str]]) -> None:
    """Insist that a column named on purpose exists in one of the tables."""
    present = [column for columns in tables.values() for column in columns]
    found = name in present
    if role == "y_proba":
        found = bool(ColumnRoles(y_proba=name).proba_columns(present))
    if not found and name != DEFAULTS[role]:
        where = " and ".join(tables)
        raise ParameterError(f"parameter {role!r}: {unknown_name('column', name, present, where)}")


def _windows(
    window: str, roles: ColumnRoles, frame: pd.DataFrame, where: str
) -> tuple[str | None, int | str | None]:
    """Column that windows follow, and their size."""
    time, time_format = roles.timestamp, roles.time_format
    if window.isdecimal() and int(window):
        return time, int(window)
    if window and time is None and window not in frame.columns:
        raise ParameterError(
            f"parameter 'window' is {window!r}, and there is no column that says when a row was "
            "seen: name it in 'timestamp', or give a number of rows or a column."
        )
    if window in frame.columns:
        return None, window
    if window or time is None:
        return time, window or None
    if time_format is None and not is_time(frame[time]):
        if is_like_a_date(frame[time]):
            # Refuses it, naming what says how to read it.
            as_times(frame[time], where)
        return None, time
    if len(frame) < FEWEST_ROWS:
        return None, None
    return time, fitting_window(frame, time, where, time_format, roles.unit)
