"""Record a run: the model, its baseline, and the profiles of the run's windows."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from driftlib.data.cutters import ByCalendar
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import ParameterError
from driftlib.history import schema
from driftlib.history.codec import (
    kept_text,
    pack_baseline,
    pack_counts,
    pack_units,
    unpack_counts,
)
from driftlib.history.pieces import Piece, fingerprint, written_time
from driftlib.history.windows import whole_window
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.severity import worst


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
    key = hashlib.sha256(
        f"{baseline.id} {sorted(baseline.columns)}".encode("utf-8", "backslashreplace")
    ).hexdigest()
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
        former = [row.run_id for row in there if source and row.source == kept_text(source)]
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
    columns = {kept_text(name): baseline.columns[name] for name in targets}
    known = sum(
        unpack_counts(counts, columns[name]).present for name, counts in connection.execute(asked)
    )
    return sum(now.columns[name].present for name in targets) > known
