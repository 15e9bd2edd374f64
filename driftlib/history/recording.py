"""Record a run: its windows' profiles, their comparison with the baseline, and its metrics."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from driftlib.data.calendar import read_offset
from driftlib.data.cutters import ByCalendar
from driftlib.data.units import part_of_unit
from driftlib.drift.calendar_columns import NOT_JUDGED
from driftlib.drift.detect import DriftResult
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.stored import EXCUSED, coarse_row, compare_alone
from driftlib.drift.trend import TrendResult
from driftlib.errors import ParameterError
from driftlib.files import json_ready
from driftlib.history import schema
from driftlib.history.codec import (
    pack_baseline,
    pack_counts,
    pack_numbers,
    pack_table,
    pack_units,
    unpack_counts,
    unpack_units,
)
from driftlib.performance.result import Performance
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.severity import worst
from driftlib.text import join_notes

OF_METRICS = (
    "value", "lower", "upper", "threshold", "reference_value", "reference_lower",
    "reference_upper", "breached", "degraded", "n", "n_labelled", "note",
)  # fmt: skip
# What the comparison of a window depends on; the rest of a policy is about the run.
OF_WINDOWS = ("alpha", "psi_moderate", "psi_major", "share_moderate", "share_major")


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
    """

    start: str
    end: str
    profile: Profile
    excused: Mapping[str, str] = field(default_factory=dict)


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
            "whole batches, from detect_drift."
        )
    if part_of_unit(found.baseline.unit, cutter.size) < 1:
        raise ParameterError(
            f"windows of {cutter.size!r} are shorter than {found.baseline.unit.one}, which rows "
            "were drawn in: record longer ones."
        )
    offset = read_offset(cutter.size)
    if offset is None or offset.n != 1:
        raise ParameterError(
            f"windows of {cutter.size!r} begin where a batch begins, so that those of several "
            'batches do not fit one another: record "D", "W" or "MS".'
        )
    pieces = []
    for window, profile in zip(found.windows, found.profiles, strict=True):
        if profile.rows:
            own = found.table[found.table["window"] == window.number]
            calm = own[own["note"].str.endswith(NOT_JUDGED)]
            told = [note.rpartition("; ")[2] for note in calm["note"]]
            excused = dict(zip(calm["feature"], told, strict=True))
            start, end = written_time(window.start), written_time(window.end)
            pieces.append(Piece(start, end, profile, excused))
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
            digest.update(f"{name} {counts['missing']}".encode())
    return digest.hexdigest()


def model_row(connection: Connection, name: str, found: DriftResult | TrendResult | None) -> Row:
    """Find a model, or begin its history; other runs that record it wait from here on.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Within a transaction that writes.
    name : str
    found : DriftResult, TrendResult or None
        What is to be recorded: it says how long windows are.

    Returns
    -------
    sqlalchemy.engine.Row

    Raises
    ------
    ParameterError
        If its history is of other windows.
    """
    table = schema.models
    asked = sa.select(table).where(table.c.name == name).with_for_update()
    row = connection.execute(asked).one_or_none()
    if found is None and row is not None:
        return row
    cutter = found.cutter if isinstance(found, TrendResult) else None
    window = cutter.size if isinstance(cutter, ByCalendar) else ""
    time = (cutter.on or "") if cutter else ""
    if row is None:
        zone = ""
        if isinstance(cutter, ByCalendar) and cutter.edges.tz is not None:
            zone = str(cutter.edges.tz)
        values = {"name": name, "window": window, "time": time, "zone": zone}
        connection.execute(table.insert().values(**values))
        return connection.execute(asked).one()
    if row.window != window:
        have = f"of {row.window!r}" if row.window else "of whole batches"
        raise ParameterError(
            f"the history of model {name!r} is of windows {have}, and this result is not: record "
            "the same kind, or name another model."
        )
    return row


def baseline_row(connection: Connection, model: int, baseline: Baseline, moment: str) -> int:
    """Find a model's baseline, or keep it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : int
        Its id.
    baseline : Baseline
    moment : str

    Returns
    -------
    int
        The baseline's id.
    """
    table = schema.baselines
    key = hashlib.sha256(f"{baseline.id} {sorted(baseline.columns)}".encode()).hexdigest()
    asked = sa.select(table.c.id).where(table.c.model_id == model, table.c.fingerprint == key)
    known = connection.execute(asked).scalar_one_or_none()
    if known is not None:
        return int(known)
    content = pack_baseline(baseline)
    values = {"model_id": model, "fingerprint": key, "content": content, "recorded": moment}
    done = connection.execute(table.insert().values(rows=baseline.rows, **values))
    return schema.new_id(done)


@dataclass(frozen=True)
class Kept:
    """What became of a batch.

    Parameters
    ----------
    run : int
        The run that it is part of.
    fresh : bool
        Whether its rows had not been recorded before.
    pieces : tuple of Piece
        Its windows, by the places under which they are kept.
    changed : tuple of Piece
        Those of them that hold something new.
    """

    run: int
    fresh: bool
    pieces: tuple[Piece, ...]
    changed: tuple[Piece, ...]


def keep_run(
    connection: Connection,
    model: int,
    baseline: int,
    found: DriftResult | TrendResult,
    pieces: Sequence[Piece],
    source: str,
    moment: str,
) -> Kept:
    """Keep the profiles of a batch's windows, once.

    Rows that were kept before, of the same file or of another, are not kept again. Other rows of
    the same source and window take the place of the former ones; of another source, they add.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model, baseline : int
        Their ids.
    found : DriftResult or TrendResult
    pieces : sequence of Piece
    source : str
        What the batch is called; empty for one that replaces nothing.
    moment : str

    Returns
    -------
    Kept
    """
    timed = isinstance(found, TrendResult)
    content, parts, runs = found.baseline, schema.parts, schema.runs
    known: list[int] = []
    new: list[tuple[Piece, str]] = []
    placed: list[Piece] = []
    labelled: list[Piece] = []
    for piece in pieces:
        key = fingerprint(content, piece.profile)
        asked = (
            sa.select(parts.c.run_id, parts.c.start, parts.c.fingerprint, runs.c.source)
            .join(runs, runs.c.id == parts.c.run_id)
            .where(runs.c.baseline_id == baseline)
        )
        asked = asked.where(
            parts.c.start == piece.start if timed else parts.c.fingerprint == key
        ).distinct()
        there = connection.execute(asked).all()
        same = next((row for row in there if row.fingerprint == key), None)
        if same is not None:
            place = replace(piece, start=same.start, end=piece.end if timed else same.start)
            known.append(same.run_id)
            placed.append(place)
            if _has_more_labels(connection, same, content, piece.profile):
                _forget(connection, [same.run_id], same.start)
                _keep_piece(connection, same.run_id, place, key, content)
                labelled.append(place)
            continue
        if len(there) > 1:
            whole, _ = whole_window(connection, baseline, piece.start, content)
            if fingerprint(content, whole) == key:
                known.append(there[-1].run_id)
                placed.append(piece)
                continue
        former = [row.run_id for row in there if source and row.source == source]
        _forget(connection, former, piece.start)
        new.append((piece, key))
        placed.append(piece)
    if not new:
        return Kept(known[-1], False, tuple(placed), tuple(labelled))
    run = _begin_run(connection, model, baseline, found, [p for p, _ in new], source, moment)
    for piece, key in new:
        _keep_piece(connection, run, piece, key, content)
    return Kept(run, True, tuple(placed), (*labelled, *(piece for piece, _ in new)))


def _begin_run(
    connection: Connection,
    model: int,
    baseline: int,
    found: DriftResult | TrendResult,
    pieces: Sequence[Piece],
    source: str,
    moment: str,
) -> int:
    cutter = found.cutter if isinstance(found, TrendResult) else None
    span: dict[str, Any] = {}
    if isinstance(cutter, ByCalendar) and cutter.first is not None:
        span = {"first": written_time(cutter.first), "last": written_time(cutter.last)}
        span["dates"] = cutter.dates
    done = connection.execute(
        schema.runs.insert().values(
            model_id=model, baseline_id=baseline, recorded=moment, host=socket.gethostname(),
            source=source, windows=len(pieces), headline=found.headline,
            rows=sum(piece.profile.rows for piece in pieces),
            severity=worst(found.table["severity"]).value, **span,
        )
    )  # fmt: skip
    return schema.new_id(done)


def _forget(connection: Connection, runs: Sequence[int], start: str) -> None:
    parts = schema.parts
    own = parts.c.run_id.in_(runs) & (parts.c.start == start)
    connection.execute(parts.delete().where(own))


def _keep_piece(
    connection: Connection, run: int, piece: Piece, key: str, content: Baseline
) -> None:
    cells: Mapping[str, Profile] = piece.profile.cells or {"": piece.profile}
    for cell, profile in cells.items():
        _keep_part(connection, run, piece.start, cell, key, profile, content)


def _keep_part(
    connection: Connection,
    run: int,
    start: str,
    cell: str,
    key: str,
    profile: Profile,
    baseline: Baseline,
) -> None:
    units = None if profile.units is None else pack_units(profile.units)
    notes = json.dumps(list(profile.notes))
    done = connection.execute(
        schema.parts.insert().values(
            run_id=run, start=start, cell=cell, rows=profile.rows, notes=notes, units=units,
            fingerprint=key,
        )
    )  # fmt: skip
    part = schema.new_id(done)
    rows = [
        {"part_id": part, "feature": name, "counts": pack_counts(profile.columns[name], column)}
        for name, column in baseline.columns.items()
    ]
    connection.execute(schema.profiles.insert(), rows)


def _has_more_labels(connection: Connection, part: Row, baseline: Baseline, now: Profile) -> bool:
    targets = [name for name, column in baseline.columns.items() if column.role == "target"]
    if not targets:
        return False
    parts, profiles = schema.parts, schema.profiles
    asked = (
        sa.select(profiles.c.feature, profiles.c.counts)
        .join(parts, parts.c.id == profiles.c.part_id)
        .where(parts.c.run_id == part.run_id, parts.c.start == part.start)
        .where(profiles.c.feature.in_(targets))
    )
    known = sum(
        unpack_counts(counts, baseline.columns[name]).present
        for name, counts in connection.execute(asked)
    )
    return sum(now.columns[name].present for name in targets) > known


def whole_window(
    connection: Connection, baseline: int, start: str, content: Baseline
) -> tuple[Profile, int]:
    """Add up what all runs have of a window.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    baseline : int
        Its id.
    start : str
        Of the window.
    content : Baseline

    Returns
    -------
    profile : Profile
    runs : int
        Of how many runs.
    """
    parts, runs, profiles = schema.parts, schema.runs, schema.profiles
    asked = (
        sa.select(parts)
        .join(runs, runs.c.id == parts.c.run_id)
        .where(runs.c.baseline_id == baseline, parts.c.start == start)
        .order_by(parts.c.id)
    )
    found, seen = [], set()
    for row in connection.execute(asked).all():
        stored = connection.execute(
            sa.select(profiles.c.feature, profiles.c.counts).where(profiles.c.part_id == row.id)
        ).all()
        counts = {name: unpack_counts(packed, content.columns[name]) for name, packed in stored}
        columns = {name: counts[name] for name in content.columns}
        units = None if row.units is None else unpack_units(row.units, content.unit)
        profile = Profile(content.id, row.rows, columns, units, tuple(json.loads(row.notes)))
        found.append(replace(profile, cells={row.cell: profile}) if row.cell else profile)
        seen.add(row.run_id)
    return reduce(add, found), len(seen)


def keep_windows(
    connection: Connection,
    baseline: int,
    content: Baseline,
    pieces: Iterable[Piece],
    policy: DriftPolicy,
) -> None:
    """Compare windows that have new rows with the baseline, and keep the findings.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    baseline : int
        Its id.
    content : Baseline
    pieces : iterable of Piece
        Of the windows; other runs may have rows in them, too.
    policy : DriftPolicy
    """
    for piece in pieces:
        profile, runs = whole_window(connection, baseline, piece.start, content)
        # The counts as they were found are finer than those that were kept.
        profile = piece.profile if runs == 1 and piece.profile.columns else profile
        excused = piece.excused if runs == 1 else {}
        table, note = compare_alone(content, profile, policy)
        notes = [join_notes(n, excused.get(str(f), "")) for f, n in table["note"].items()]
        table = _excused(table.assign(note=notes, **{EXCUSED: table.index.isin([*excused])}))
        _keep_window(connection, baseline, piece, profile, table, note, content, policy)


def _excused(table: pd.DataFrame) -> pd.DataFrame:
    calm = table[EXCUSED].to_numpy()
    return table.assign(
        severity=table["severity"].where(~calm, "none"),
        drifted=table["drifted"] & ~calm,
        real_from=table["real_from"].where(~calm),
    )


def _keep_window(
    connection: Connection,
    baseline: int,
    piece: Piece,
    profile: Profile,
    table: pd.DataFrame,
    note: str,
    content: Baseline,
    policy: DriftPolicy,
) -> None:
    windows = schema.windows
    same = (windows.c.baseline_id == baseline) & (windows.c.start == piece.start)
    connection.execute(windows.delete().where(same))
    done = connection.execute(
        windows.insert().values(
            baseline_id=baseline, start=piece.start, end=piece.end, rows=profile.rows, note=note,
            policy=json.dumps(asdict(policy)), findings=pack_table(table),
            coarse=pack_numbers(coarse_row(content, profile)),
        )
    )  # fmt: skip
    window = schema.new_id(done)
    shown = ["kind", "severity", "drifted", "psi", "q_value", "missing_current", "note"]
    rows = json_ready(table[shown].rename_axis("feature"))
    if rows:
        connection.execute(schema.findings.insert(), [row | {"window_id": window} for row in rows])


def keep_metrics(
    connection: Connection, model: int, run: int, performance: Performance, start: str, end: str,
    moment: str,
) -> None:  # fmt: skip
    """Keep metrics; where late labels change one, its former value too.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model, run : int
        Their ids.
    performance : Performance
        Realised or estimated; windows that wait for labels are left out.
    start, end : str
        Of the run, for windows that are not of time.
    moment : str
    """
    table, former = schema.metrics, schema.former_metrics
    asked = sa.select(table).where(table.c.model_id == model)
    known = {
        (r.start, r.segment, r.metric, bool(r.estimated)): r for r in connection.execute(asked)
    }
    ripe = performance.table[~performance.table["held"].astype(bool)]
    for row in ripe.to_dict("records"):
        timed = isinstance(row["start"], pd.Timestamp)
        place = {
            "start": written_time(row["start"]) if timed else start,
            "end": written_time(row["end"]) if timed else end,
            "segment": "",
            "metric": row["metric"],
            "estimated": bool(row["estimated"]),
        }
        values = json_ready({name: row[name] for name in OF_METRICS})
        values |= {"recorded": moment, "task": performance.task}
        before = known.get((place["start"], "", place["metric"], place["estimated"]))
        if before is None:
            connection.execute(table.insert().values(model_id=model, run_id=run, **place, **values))
        elif (before.value, before.n_labelled) != (values["value"], values["n_labelled"]):
            connection.execute(
                former.insert().values(
                    metric_id=before.id, value=before.value, lower=before.lower,
                    upper=before.upper, n_labelled=before.n_labelled, recorded=before.recorded,
                    replaced=moment,
                )
            )  # fmt: skip
            changed = table.update().where(table.c.id == before.id)
            connection.execute(changed.values(run_id=run, **values))
