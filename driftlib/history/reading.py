"""Read trends of drift and of performance from what was recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from driftlib.data.calendar import calendar_edges
from driftlib.data.cutters import ByCalendar, Window
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.stored import EXCUSED, coarse_row, compare_alone, counted_windows
from driftlib.drift.stored import trend_of_windows as judge_windows
from driftlib.drift.trend_result import TrendResult
from driftlib.history import schema
from driftlib.history.codec import (
    kept_text,
    pack_numbers,
    pack_table,
    unpack_baseline,
    unpack_numbers,
    unpack_tables,
)
from driftlib.history.measures import OF_METRICS
from driftlib.history.pieces import Piece, read_time
from driftlib.history.windows import OF_WINDOWS, keep_windows, whole_window
from driftlib.performance.alarms import raise_alarms
from driftlib.performance.limits import Limit
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import COLUMNS, Performance
from driftlib.performance.tables import JudgedTable
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.text import join_notes

NUMBERS = (
    "value", "lower", "upper", "threshold", "reference_value", "reference_lower",
    "reference_upper",
)  # fmt: skip


def latest_baseline(connection: Connection, model: int) -> tuple[int, Baseline] | None:
    """Find the baseline that the model's latest run was compared with.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : int
        Its id.

    Returns
    -------
    tuple of int and Baseline, or None
        None without any run.
    """
    runs, table = schema.runs, schema.baselines
    asked = (
        sa.select(table.c.id, table.c.content)
        .join(runs, runs.c.baseline_id == table.c.id)
        .where(runs.c.model_id == model)
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    row = connection.execute(asked).one_or_none()
    return None if row is None else (int(row.id), unpack_baseline(row.content))


def stored_policy(rows: Sequence[Row]) -> DriftPolicy:
    """Read the policy that the latest window was judged by.

    Parameters
    ----------
    rows : sequence of sqlalchemy.engine.Row
        Of windows; at least one.

    Returns
    -------
    DriftPolicy
    """
    held = json.loads(rows[-1].policy)
    persistence = held.get("persistence")
    return DriftPolicy(**held | {"persistence": tuple(persistence) if persistence else None})


def window_rows(connection: Connection, baseline: int) -> list[Row]:
    """Read a baseline's windows, in order.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    baseline : int
        Its id.

    Returns
    -------
    list of sqlalchemy.engine.Row
    """
    table = schema.windows
    asked = sa.select(table).where(table.c.baseline_id == baseline).order_by(table.c.start)
    return list(connection.execute(asked).all())


def judge_again(
    connection: Connection, baseline: int, content: Baseline, policy: DriftPolicy
) -> None:
    """Compare windows again that were judged by another policy.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Within a transaction that writes.
    baseline : int
        Its id.
    content : Baseline
    policy : DriftPolicy
    """
    wanted = {name: getattr(policy, name) for name in OF_WINDOWS}
    nothing = Profile(content.id, 0, {})
    for row in window_rows(connection, baseline):
        held = json.loads(row.policy)
        if {name: held.get(name) for name in OF_WINDOWS} != wanted:
            piece = Piece(row.start, row.end, nothing)
            keep_windows(connection, baseline, content, [piece], policy)


def read_trend(
    connection: Connection,
    model: Row,
    baseline: int,
    content: Baseline,
    policy: DriftPolicy | None = None,
    with_profiles: bool = False,
) -> TrendResult | None:
    """Judge all windows of a model's history as one run.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : sqlalchemy.engine.Row
    baseline : int
        Its id.
    content : Baseline
    policy : DriftPolicy, optional
        Default: that of the latest run.
    with_profiles : bool
        Whether to read the windows' profiles, too, which takes longer.

    Returns
    -------
    TrendResult or None
        None without any window.
    """
    rows = window_rows(connection, baseline)
    if not rows:
        return None
    policy = policy or stored_policy(rows)
    cutter = _cutter(connection, model, baseline) if model.window else None
    windows = _windows(rows, model, cutter)
    held = {row.start: row for row in rows}
    places = [held.get(start) for start, _ in windows]
    empty, findings, coarse = None, b"", b""
    if None in places:
        empty = content.profile_frame(pd.DataFrame(columns=list(content.read), dtype=object))
        none, _ = compare_alone(content, empty, policy)
        findings = pack_table(none.assign(**{EXCUSED: False}))
        coarse = pack_numbers(coarse_row(content, empty))
    tables, sizes = unpack_tables([findings if p is None else p.findings for p in places])
    known = {kept_text(name): name for name in content.columns}
    names = [known.get(name, name) for name in tables.pop("feature")]
    tables = tables.set_index(pd.Index(names, dtype=object, name="feature"))
    counts = np.array([unpack_numbers(coarse if p is None else p.coarse) for p in places])
    profiles = []
    if with_profiles or content.season:
        for place in places:
            if place is not None:
                profiles.append(whole_window(connection, baseline, place.start, content)[0])
            elif empty is not None:
                profiles.append(empty)
    return judge_windows(
        content, [window for _, window in windows], tables, sizes,
        counted_windows(content, counts), policy, cutter, profiles,
    )  # fmt: skip


def _windows(
    rows: Sequence[Row], model: Row, cutter: ByCalendar | None
) -> list[tuple[str, Window]]:
    """Windows in order with what their rows are kept under; those of time without rows too."""
    if cutter is None:
        exact = pd.DatetimeIndex([pd.Timestamp(row.start).tz_localize(None) for row in rows])
        seconds = exact.floor("s")
        moments = seconds if seconds.is_unique else exact
        return [
            (row.start, Window(number, moment, moment, row.rows, row.note))
            for number, (row, moment) in enumerate(zip(rows, moments, strict=True))
        ]
    starts = {read_time(row.start, model.zone): row for row in rows}
    counts = {n: starts[start].rows for n, start in enumerate(cutter.edges[:-1]) if start in starts}
    found = []
    for window, _ in cutter.windows(counts):
        row = starts.get(window.start)
        note = row.note if row is not None else ""
        key = row.start if row is not None else ""
        found.append((key, replace(window, note=join_notes(window.note, note))))
    return found


def _cutter(connection: Connection, model: Row, baseline: int) -> ByCalendar:
    runs = schema.runs
    asked = sa.select(
        sa.func.min(runs.c.first), sa.func.max(runs.c.last), sa.func.count(),
        sa.func.sum(sa.cast(runs.c.dates, sa.Integer)),
    ).where(runs.c.baseline_id == baseline)  # fmt: skip
    first, last, number, dates = connection.execute(asked).one()
    ends = read_time(first, model.zone), read_time(last, model.zone)
    edges = calendar_edges(*ends, model.window)
    return ByCalendar(model.window, model.time, None, edges, *ends, dates == number)


def newest(connection: Connection, baseline: int, model: int) -> tuple[str, str]:
    """Tell the newest windows of a history.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    baseline, model : int
        Their ids.

    Returns
    -------
    tuple of two str
        Starts of the newest window compared with the baseline, and of the newest one that has
        metrics; empty for none.
    """
    windows, metrics = schema.windows, schema.metrics
    drift = sa.select(sa.func.max(windows.c.start)).where(windows.c.baseline_id == baseline)
    measured = sa.select(sa.func.max(metrics.c.start)).where(metrics.c.model_id == model)
    found = [connection.execute(asked).scalar_one_or_none() or "" for asked in (drift, measured)]
    return found[0], found[1]


def metric_table(connection: Connection, model: int, estimated: bool) -> pd.DataFrame:
    """Read the metrics of all runs.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : int
        Its id.
    estimated : bool
        Which: those estimated without labels, or the realised ones.

    Returns
    -------
    pandas.DataFrame
        A row a window and metric, in order of time; of windows of several runs the latest.
    """
    table = schema.metrics
    same = (table.c.model_id == model) & (table.c.estimated == estimated)
    found = connection.execute(sa.select(table).where(same).order_by(table.c.start, table.c.id))
    frame = pd.DataFrame(found.mappings().all(), columns=[c.name for c in table.c])
    return frame.drop_duplicates(["start", "segment", "metric"], keep="last")


def run_of_metrics(connection: Connection, model: Row, latest: Performance) -> Performance | None:
    """Judge the metrics of all runs as one run of windows.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model : sqlalchemy.engine.Row
    latest : Performance
        What the latest run measured: it says what metrics are judged by.

    Returns
    -------
    Performance or None
        With the windows of all runs; None where no window has metrics yet.
    """
    own = latest.table
    estimated = bool((own["estimated"] & ~own["held"].astype(bool)).any())
    frame = metric_table(connection, model.id, estimated)
    names = [name for name in METRICS[latest.task] if name in set(own["metric"])]
    frame = frame[(frame["task"] == latest.task) & frame["metric"].isin(names)]
    if frame.empty:
        return None
    starts = frame["start"].drop_duplicates().tolist()
    table = pd.DataFrame(index=range(len(frame)))
    table["window"] = pd.Index(starts).get_indexer(frame["start"])
    for side in ("start", "end"):
        times = [read_time(text, model.zone if model.window else "") for text in frame[side]]
        table[side] = times if model.window else [t.tz_localize(None) for t in times]
    for name in ("metric", "estimated", *OF_METRICS):
        table[name] = frame[name].to_numpy()
    for name in NUMBERS:
        table[name] = table[name].astype(float)
    for name in ("breached", "degraded", "estimated"):
        table[name] = table[name].astype(bool)
    for name in set(COLUMNS) - {*table.columns}:
        table[name] = False if own[name].dtype == bool else np.nan
    limited = own.dropna(subset=["threshold"]).drop_duplicates("metric")
    limits = {
        str(metric): Limit(float(limit), metric in latest.compared)
        for metric, limit in zip(limited["metric"], limited["threshold"], strict=True)
    }
    chosen = [METRICS[latest.task][name] for name in names]
    judged = JudgedTable(table, table)
    known = latest.reference is not None
    table, rule = raise_alarms(judged, chosen, limits, (), known, latest.before, latest.policy)
    return replace(latest, table=table, rule=rule, likes=())
