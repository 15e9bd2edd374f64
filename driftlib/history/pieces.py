"""Take results apart into what is kept of each window, and write and read times."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.calendar import anchored, window_length
from driftlib.data.cutters import ByCalendar
from driftlib.data.units import part_of_unit
from driftlib.drift.calendar_columns import NOT_JUDGED
from driftlib.drift.result import DriftResult
from driftlib.drift.table import as_table
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import ParameterError
from driftlib.history.codec import kept_text
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.text import see_guide


@dataclass(frozen=True)
class Piece:
    """The rows of a run in one window.

    Parameters
    ----------
    start, end : str
        Of the window.
    profile : Profile
    excused : mapping of str to str
        Columns that are not judged in it, as the window is partial, and why.
    alone : pandas.DataFrame, optional
        These rows compared with the baseline, before a run is judged.
    unlike : str
        With a season, what of them could not be compared.
    """

    start: str
    end: str
    profile: Profile
    excused: Mapping[str, str] = field(default_factory=dict)
    alone: pd.DataFrame | None = field(default=None, repr=False)
    unlike: str = ""


def now() -> str:
    """Write the present moment.

    Returns
    -------
    str
        In UTC.
    """
    return datetime.now(UTC).isoformat(timespec="microseconds")


def written_time(time: Any) -> str:
    """Write a time so that texts are in the order of times.

    Parameters
    ----------
    time : pandas.Timestamp

    Returns
    -------
    str
        A time with a zone in UTC.
    """
    stamp = pd.Timestamp(time)
    return (stamp.tz_convert("UTC") if stamp.tz is not None else stamp).isoformat()


def read_time(text: str, zone: str) -> pd.Timestamp:
    """Read what `written_time` wrote.

    Parameters
    ----------
    text : str
    zone : str
        Time zone of the data; empty for none.

    Returns
    -------
    pandas.Timestamp
    """
    stamp = pd.Timestamp(text)
    return stamp.tz_convert(zone) if zone else stamp


def pieces_of(found: DriftResult | TrendResult, moment: str) -> list[Piece]:
    """Take from a result what is kept of each of its windows.

    Parameters
    ----------
    found : DriftResult or TrendResult
        Of windows by the calendar against the baseline; or of one batch.
    moment : str
        Where the window of a batch without times begins.

    Returns
    -------
    list of Piece
        Of windows with rows.

    Raises
    ------
    ParameterError
        If it is of segments, of other windows, or of such as are shorter than a unit.
    """
    if found.by:
        raise ParameterError("a history knows of no segments: record a result without by=.")
    if isinstance(found, DriftResult):
        return [Piece(moment, moment, found.current)]
    cutter = found.cutter
    if not isinstance(cutter, ByCalendar) or found.against != "baseline":
        raise ParameterError(
            'a history keeps windows of time, such as window="D", compared with the baseline; or '
            f"whole batches, from detect_drift. {see_guide('production')}"
        )
    if part_of_unit(found.baseline.unit, cutter.size) < 1:
        raise ParameterError(
            f"windows of {cutter.size!r} are shorter than {found.baseline.unit.one}, which rows "
            "were drawn in: record longer ones."
        )
    length = window_length(cutter.size)
    if length is None or not length.alike:
        raise ParameterError(
            f"windows of {cutter.size!r} begin where a batch begins, so that those of several "
            f'batches do not fit one another: record "D", "W", "MS" or {anchored(cutter.size)!r}. '
            f"{see_guide('production')}"
        )
    pieces = []
    for window, profile in zip(found.windows, found.profiles, strict=True):
        if profile.rows:
            own = found.table[found.table["window"] == window.number]
            calm = own[own["note"].str.endswith(NOT_JUDGED)]
            told = [note.rpartition("; ")[2] for note in calm["note"]]
            excused = dict(zip(calm["feature"], told, strict=True))
            start, end = written_time(window.start), written_time(window.end)
            like = found.likes[window.number] if found.likes else None
            unlike = like.missing if like and not like.reason else ""
            alone = as_table(found.alone[window.number]) if found.alone else None
            pieces.append(Piece(start, end, profile, excused, alone, unlike))
    return pieces


def fingerprint(baseline: Baseline, profile: Profile) -> str:
    """Tell rows by their counts, whatever file and order they came in.

    Parameters
    ----------
    baseline : Baseline
    profile : Profile

    Returns
    -------
    str
        Labels do not enter it: they come late.
    """
    digest = hashlib.sha256(f"{baseline.id} {profile.rows}".encode())
    for name, column in baseline.columns.items():
        if column.role != "target":
            counts = vars(profile.columns[name])
            for value in counts.values():
                if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
                    digest.update(value.astype("<i8").tobytes())
            digest.update(f"{kept_text(name)} {counts['missing']}".encode())
    return digest.hexdigest()
