"""What a notebook's parameters mean: the data, the columns that are no features, the windows."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pandas.api import types

from driftlib.baseline import Baseline
from driftlib.errors import DriftlibError, ParameterError, unknown_name
from driftlib.reporting.parameters import project_path
from driftlib.schema import Roles
from driftlib.sources import read_frame, source_name
from driftlib.windows import as_times

DEFAULTS = {"timestamp": "timestamp", "y_true": "y_true", "y_pred": "y_pred", "y_proba": "y_proba"}
# Calendar windows from short to long, with their lengths: the longest of which there are a few is
# chosen, and one beyond a month only where there would be too many months to look at.
UNITS = {"h": "1h", "D": "1D", "W-MON": "7D", "MS": "30D", "QS": "91D", "YS": "365D"}
LONGER = ("QS", "YS")
FEWEST_WINDOWS, MOST_WINDOWS = 4, 60


@dataclass(frozen=True)
class Inputs:
    """Data and settings that the notebooks share: made by `read_inputs`.

    Attributes
    ----------
    reference : pandas.DataFrame or Baseline
    current : pandas.DataFrame
    sources : tuple
        Where the two come from: the paths that were found, or what was given.
    roles : Roles
        Names of labels, predictions and time; `timestamp` is None where there is none.
    features : list of str or None
    categorical : list of str
    positive : str or None
    window : int, str or None
        Rows, a pandas offset, or None for one window (or one for each value of the time column).
    output : Path
    """

    reference: Any
    current: pd.DataFrame
    sources: tuple[Any, Any]
    roles: Roles
    features: list[str] | None
    categorical: list[str]
    positive: str | None
    window: int | str | None
    output: Path

    @property
    def columns(self) -> dict[str, Any]:
        """Arguments that say what each column is, for `Baseline.fit` and `detect_drift`."""
        kinds = {"features": self.features, "categorical": self.categorical}
        return kinds | vars(self.roles)

    @property
    def by_window(self) -> dict[str, Any]:
        """Arguments that cut current into windows, for `drift_trend`."""
        size = "rows" if isinstance(self.window, int) else "by"
        return {"on": self.roles.timestamp} | ({size: self.window} if self.window else {})

    @property
    def labels(self) -> dict[str, Any]:
        """Arguments on labels and windows, for `track_performance`, and for its kin."""
        names = {name: getattr(self.roles, name) for name in ("y_true", "y_pred", "y_proba")}
        windows = {"window": self.window, "on": self.roles.timestamp}
        return names | windows | {"positive": self.positive}


def read_inputs(
    reference: Any,
    current: Any,
    *,
    timestamp: str = "timestamp",
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: str = "",
    features: Iterable[str] = (),
    categorical: Iterable[str] = (),
    window: str = "",
    output: str | Path = "reports",
    **_: Any,
) -> Inputs:
    """Read the data that a notebook's parameters name.

    Parameters
    ----------
    reference, current : path, frame or table
        A reference that ends in .json is a saved baseline. Paths are looked for in the
        working directory, then in the project.
    timestamp, y_true, y_pred, y_proba : str
        Column names. A default name, or "", may be absent from the data; another may not.
    positive : str
        The positive label; "" for the larger of two.
    features, categorical : list of str
        Empty for all features, and for none that are codes.
    window : str
        A number of rows or a pandas offset; "" picks hours, days, weeks or months by the time
        that the data span, or one window for all where there is no time.
    output : path
        Folder for data files.
    **_
        Further settings of the notebook, which are not about the data.

    Raises
    ------
    DriftlibError
        If data cannot be read, a named column does not exist, or the window is none.

    Examples
    --------
    >>> days = pd.DataFrame({"day": pd.date_range("2013-01-01", "2013-12-31"), "x": 1.0})
    >>> found = read_inputs(days, days, timestamp="day")
    >>> found.by_window
    {'on': 'day', 'by': 'MS'}
    """
    before, now = _found(reference), _found(current)
    frame = read_frame(now, "current")
    saved = isinstance(before, Path) and before.suffix.lower() == ".json"
    known = Baseline.load(before) if saved else read_frame(before, "reference")
    names = {"timestamp": timestamp, "y_true": y_true, "y_pred": y_pred, "y_proba": y_proba}
    names = {role: name or DEFAULTS[role] for role, name in names.items()}
    for role, name in names.items():
        tables = {source_name(now, "current"): frame.columns}
        if role != "timestamp":
            tables |= {source_name(before, "reference"): known.columns}
        _check_column(role, name, tables)
    time = names["timestamp"] if names["timestamp"] in frame.columns else None
    return Inputs(
        known,
        frame,
        (before, now),
        Roles(**names | {"timestamp": time}),
        list(features) or None,
        list(categorical),
        positive or None,
        _window(str(window).strip(), time, frame),
        project_path(output),
    )


def _found(source: Any) -> Any:
    return project_path(source) if isinstance(source, str | Path) else source


def _check_column(role: str, name: str, tables: dict[str, Iterable[str]]) -> None:
    """A column named on purpose must exist in one of the tables."""
    present = [column for columns in tables.values() for column in columns]
    found = name in present
    if role == "y_proba":
        found = bool(Roles(y_proba=name).proba_columns(present))
    if not found and name != DEFAULTS[role]:
        where = " and ".join(tables)
        raise ParameterError(f"parameter {role!r}: {unknown_name('column', name, present, where)}")


def _window(window: str, time: str | None, frame: pd.DataFrame) -> int | str | None:
    if window.isdecimal() and int(window):
        return int(window)
    if window and time is None:
        raise ParameterError(
            f"parameter 'window' is {window!r}, and there is no column that says when a row was "
            "seen: name it in 'timestamp', or give a number of rows."
        )
    return window or (natural_window(frame[time]) if time else None)


def _is_time(text: str) -> bool:
    return not pd.isna(pd.to_datetime(text, errors="coerce", format="ISO8601"))


def natural_window(times: pd.Series) -> str | None:
    """Calendar windows that suit the time a column spans; None where it is no time.

    Examples
    --------
    >>> spans = ["6h", "20D", "60D", "275D", "3000D"]
    >>> start = pd.Timestamp("2013-04-01")
    >>> [natural_window(pd.Series([start, start + pd.Timedelta(span)])) for span in spans]
    ['h', 'D', 'W-MON', 'MS', 'QS']
    """
    present = times.dropna()
    if not types.is_datetime64_any_dtype(times.dtype):
        readable = present.head(1).map(lambda value: isinstance(value, str) and _is_time(value))
        if not readable.all():
            return None
    present = as_times(present)
    span = present.max() - present.min() if len(present) else pd.Timedelta(0)
    counts = {unit: span / pd.Timedelta(length) for unit, length in UNITS.items()}
    fine = [unit for unit in UNITS if unit not in LONGER and counts[unit] >= FEWEST_WINDOWS]
    chosen = fine[-1] if fine else "h"
    for unit in LONGER:
        if counts[chosen] > MOST_WINDOWS:
            chosen = unit
    return chosen


@dataclass(frozen=True)
class Unavailable:
    """A result that the data do not allow; it shows itself as the reason, in a sentence."""

    reason: str

    def _repr_html_(self) -> str:
        return f'<p class="note">{html.escape(self.reason)}</p>'


def attempt(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Result of a function, or `Unavailable` where it says that the data do not allow one.

    Examples
    --------
    >>> from driftlib import track_performance
    >>> attempt(track_performance, pd.DataFrame({"x": [1.0]})).reason[:30]
    "current has no column 'y_true'"
    """
    missing = next((item for item in arguments if isinstance(item, Unavailable)), None)
    if missing is not None:
        return missing
    try:
        return function(*arguments, **options)
    except DriftlibError as error:
        return Unavailable(str(error))
