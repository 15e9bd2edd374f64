"""Try a check many times on dealt units: with nothing changed, and with faults of growing size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from driftlib.auditing.deals import Deal, deal, repeat_columns
from driftlib.auditing.faults import Fault, detach_labels
from driftlib.data.schema import COMPARABLE
from driftlib.data.units import TIME, UnitCodes
from driftlib.drift.compare import compare, pair_up
from driftlib.drift.detect import detect_drift
from driftlib.drift.policy import DriftPolicy
from driftlib.performance.track import track_performance
from driftlib.profile.baseline import Baseline
from driftlib.stats.intervals import wilson

# Shares of rows whose labels are dealt anew, in the audit of performance.
DETACHED = (0.02, 0.05, 0.1, 0.2, 0.4)
DRIFT, PERFORMANCE = "drift", "performance"
LABELS = "wrong labels"
# Of these the first that the task has tells how much was lost.
MAIN_METRICS = ("roc_auc", "accuracy", "rmse")
# So many tries of the same outcome tell enough.
SETTLED = 15
COUNTED = ("of", "units", "rows", "tries", "seen", "share", "lower", "upper")
CHANGED = ("fault", "feature", "size", "measure", "metric", "loss")


@dataclass(frozen=True)
class Bench:
    """What every deal is made from.

    Parameters
    ----------
    baseline : Baseline
        Fitted to the frame.
    frame : pandas.DataFrame
        The reference.
    units : UnitCodes
        Of its rows.
    policy : DriftPolicy
    positive : label, optional
        See `track_performance`.
    season : tuple of str
        As the user named it; may be empty.
    rng : numpy.random.Generator
        Of every deal and fault.
    """

    baseline: Baseline
    frame: pd.DataFrame
    units: UnitCodes
    policy: DriftPolicy
    positive: Any
    season: tuple[str, ...]
    rng: np.random.Generator

    @property
    def labelled(self) -> bool:
        """Whether there are labels and predictions."""
        roles = self.baseline.roles
        return {roles.y_true, roles.y_pred} <= set(self.frame.columns)

    def deals(self, take: int) -> Iterator[Deal]:
        """Deal windows of so many units, without end.

        Parameters
        ----------
        take : int

        Returns
        -------
        iterator of Deal
        """
        return deal(self.baseline, self.frame, self.units, take, self.rng)

    def alarms(self, window: pd.DataFrame, rest: pd.DataFrame) -> tuple[bool, pd.Series]:
        """Judge a window's performance.

        Parameters
        ----------
        window, rest : pandas.DataFrame

        Returns
        -------
        (bool, pandas.Series)
            Whether any metric alarms, and each one's value.
        """
        roles, rule = self.baseline.roles, self.baseline.unit
        found = track_performance(
            window,
            reference=rest,
            timestamp=roles.timestamp or (rule.column if rule.kind == TIME else None),
            time_format=roles.time_format,
            y_true=roles.y_true,
            y_pred=roles.y_pred,
            y_proba=roles.y_proba,
            positive=self.positive,
            unit=rule.keyword,
            season=self.season,
        )
        table = found.table.set_index("metric")
        return bool(table["alarm"].any()), table["value"]

    @property
    def told(self) -> set[str]:
        """The columns that tell units and seasons."""
        return set(filter(None, (self.baseline.unit.column, *self.baseline.season.columns)))

    @property
    def judged(self) -> pd.DataFrame:
        """The columns that performance is of."""
        roles = self.baseline.roles
        used = {roles.y_true, roles.y_pred, roles.y_proba, roles.timestamp} | self.told
        return self.frame[
            [n for n in self.frame.columns if n in used or roles.of(n) == "prediction"]
        ]


def jobs(
    bench: Bench, takes: list[int], faults: list[Fault], deals: int, tries: int
) -> list[Callable[[], list[dict[str, Any]]]]:
    """List the work, in pieces.

    Parameters
    ----------
    bench : Bench
    takes : list of int
        Units of each length of window.
    faults : list of Fault
    deals, tries : int
        How often nothing is changed, and each fault is tried.

    Returns
    -------
    list of callable
        Each returns rows with the columns `COUNTED` and, of faults, `CHANGED`.
    """
    found: list[Callable[[], list[dict[str, Any]]]] = []
    for take in takes:
        found.append(partial(_false_drift, bench, take, deals))
        found.append(partial(_seen_drift, bench, take, faults, tries))
        if bench.labelled:
            found.append(partial(_false_loss, bench, take, deals))
            found.append(partial(_seen_loss, bench, take, tries))
    return found


def _row(kind: str, bench: Bench, take: int, hits: list[bool], **more: Any) -> dict[str, Any]:
    each = (len(bench.frame) - bench.units.outside) / len(bench.units.ids)
    lower, upper = wilson(np.array([sum(hits)]), np.array([len(hits)]))
    return {
        "of": kind,
        "units": take,
        "rows": take * each,
        "tries": len(hits),
        "seen": sum(hits),
        "share": sum(hits) / len(hits),
        "lower": float(max(0.0, lower[0])),
        "upper": float(min(1.0, upper[0])),
    } | more


def _false_drift(bench: Bench, take: int, deals: int) -> list[dict[str, Any]]:
    hits = [
        bool(detect_drift(one.baseline, one.profile, policy=bench.policy).drifted)
        for one in islice(bench.deals(take), deals)
    ]
    return [_row(DRIFT, bench, take, hits)]


def _seen_drift(bench: Bench, take: int, faults: list[Fault], tries: int) -> list[dict[str, Any]]:
    names = bench.baseline.features
    tried = [
        (name, fault)
        for name in names
        for fault in faults
        if fault.suits(bench.baseline.columns[name])
    ]
    variants = {
        # No column has such a name.
        f"\0{name}\0{fault.name}\0{size}": (name, fault, size)
        for name, fault in tried
        for size in fault.sizes
    }
    tested = sum(column.kind in COMPARABLE for column in bench.baseline.columns.values())
    hits: dict[str, list[bool]] = {variant: [] for variant in variants}
    origin = {variant: name for variant, (name, _, _) in variants.items()}
    for one in islice(bench.deals(take), tries):
        rows = bench.frame.iloc[one.window]
        faulty = {
            variant: fault.make(rows[name], bench.baseline.columns[name], size, bench.rng)
            for variant, (name, fault, size) in variants.items()
            if not _is_settled(hits[variant])
        }
        if not faulty:
            break
        baseline = repeat_columns(one.baseline, {variant: origin[variant] for variant in faulty})
        beside = rows[[name for name in rows.columns if name in bench.told]]
        profile = baseline.profile_frame(pd.concat([pd.DataFrame(faulty), beside], axis=1))
        pair = pair_up(baseline, baseline.reference, profile)
        (table,) = compare([pair], bench.policy, beside=tested - 1)
        for variant, drifted in table["drifted"].items():
            hits[str(variant)].append(bool(drifted))
    return [
        _row(DRIFT, bench, take, seen, fault=fault.name, feature=name, size=size,
             measure=fault.measure)
        for (name, fault, size), seen in zip(variants.values(), hits.values(), strict=True)
    ]  # fmt: skip


def _is_settled(hits: list[bool]) -> bool:
    """Whether further tries are not worth their time: so many had the same outcome."""
    return len(hits) >= SETTLED and len(set(hits)) == 1


def _false_loss(bench: Bench, take: int, deals: int) -> list[dict[str, Any]]:
    judged = bench.judged
    hits = [
        bench.alarms(judged.iloc[one.window], judged.iloc[one.rest])[0]
        for one in islice(bench.deals(take), deals)
    ]
    return [_row(PERFORMANCE, bench, take, hits)]


def _seen_loss(bench: Bench, take: int, tries: int) -> list[dict[str, Any]]:
    judged, label = bench.judged, bench.baseline.roles.y_true
    hits: dict[float, list[bool]] = {size: [] for size in DETACHED}
    losses: dict[float, list[pd.Series]] = {size: [] for size in DETACHED}
    for one in islice(bench.deals(take), tries):
        window, rest = judged.iloc[one.window], judged.iloc[one.rest]
        sizes = [size for size in DETACHED if not _is_settled(hits[size])]
        if not sizes:
            break
        _, plain = bench.alarms(window, rest)
        for size in sizes:
            found, value = bench.alarms(detach_labels(window, label, size, bench.rng), rest)
            hits[size].append(found)
            losses[size].append(value - plain)
    rows = []
    for size, seen in hits.items():
        mean = pd.DataFrame(losses[size]).mean()
        main = next(name for name in MAIN_METRICS if name in mean.index)
        rows.append(_row(PERFORMANCE, bench, take, seen, fault=LABELS, feature="", size=size,
                         measure="", metric=main, loss=float(mean[main])))  # fmt: skip
    return rows
