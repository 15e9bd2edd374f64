"""Add up what runs have of a window, compare it with the baseline, and keep what was found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import reduce
from operator import add

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftlib.drift.policy import DriftPolicy
from driftlib.drift.stored import EXCUSED, coarse_row, compare_alone
from driftlib.files import json_ready
from driftlib.history import schema
from driftlib.history.codec import (
    kept_text,
    pack_numbers,
    pack_table,
    unpack_counts,
    unpack_units,
)
from driftlib.history.pieces import Piece
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.text import join_notes

# What the comparison of a window depends on; the rest of a policy is about the run.
OF_WINDOWS = ("alpha", "psi_moderate", "psi_major", "share_moderate", "share_major")


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
        )
        held = {row.feature: row.counts for row in stored}
        columns = {
            name: unpack_counts(held[kept_text(name)], column)
            for name, column in content.columns.items()
        }
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
        if runs == 1 and piece.alone is not None:
            table, note = piece.alone, piece.unlike
        else:
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
