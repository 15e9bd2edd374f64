"""Try a check many times on dealt units: with nothing changed, and with faults of growing size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import compress, islice
from typing import Any

import numpy as np
import pandas as pd

from driftlib.auditing.deals import Deal, Dealer, repeat_columns
from driftlib.auditing.estimates import audit_estimates
from driftlib.auditing.faults import Fault
from driftlib.auditing.forecast import forecast_interval
from driftlib.auditing.label_faults import LABEL_FAULTS, LabelFault, delay_labels, has_two_labels
from driftlib.auditing.order import with_cells
from driftlib.data.schema import COMPARABLE
from driftlib.data.units import TIME, UnitCodes
from driftlib.drift.bounds import may_matter
from driftlib.drift.compare import Pair, compare, pair_up
from driftlib.drift.detect import detect_drift
from driftlib.drift.policy import DriftPolicy
from driftlib.performance.estimate import estimate_performance
from driftlib.performance.track import track_performance
from driftlib.profile.baseline import Baseline
from driftlib.stats.intervals import wilson

DRIFT, PERFORMANCE = "drift", "performance"
# Share of the second label's rows that wait for their label, and checks of that at the most.
LATE_SHARE, MOST_LATE = 0.2, 50
LATE = "performance while a fifth of one class's labels is late"
# Of these the first that the task has tells how much was lost.
MAIN_METRICS = ("roc_auc", "accuracy", "rmse")
# So many tries of the same outcome tell enough; fewer where the next size tells the same.
SETTLED, SETTLED_BESIDE = 15, 6
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
    rng : numpy.random.Generator
        Of every deal and fault.
    """

    baseline: Baseline
    frame: pd.DataFrame
    units: UnitCodes
    policy: DriftPolicy
    positive: Any
    rng: np.random.Generator

    @property
    def labelled(self) -> bool:
        """Whether there are labels and predictions."""
        roles = self.baseline.roles
        return {roles.y_true, roles.y_pred} <= set(self.frame.columns)

    @cached_property
    def dealer(self) -> Dealer:
        """What deals the reference's units."""
        return Dealer(self.baseline, self.frame, self.units)

    def deals(self, take: int) -> Iterator[Deal]:
        """Deal windows of so many units, without end.

        Parameters
        ----------
        take : int

        Returns
        -------
        iterator of Deal
        """
        return self.dealer.deals(take, self.rng)

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
        found = track_performance(window, reference=rest, **self.names)
        table = found.table.set_index("metric")
        return bool(table["alarm"].any()), table["value"]

    @property
    def names(self) -> dict[str, Any]:
        """Arguments that say what the columns are."""
        roles, rule = self.baseline.roles, self.baseline.unit
        return {
            "timestamp": roles.timestamp or (rule.column if rule.kind == TIME else None),
            "time_format": roles.time_format, "y_true": roles.y_true, "y_pred": roles.y_pred,
            "y_proba": roles.y_proba, "positive": self.positive, "unit": rule.keyword,
            "season": self._judged[1],
        }  # fmt: skip

    def estimates(self, take: int, tries: int) -> list[dict[str, Any]]:
        """Hold estimates without labels against the labels.

        Parameters
        ----------
        take, tries : int
            Units of a window, and how many windows.

        Returns
        -------
        list of dict
            See `driftlib.auditing.estimates.audit_estimates`; empty without labels.
        """
        if not self.labelled:
            return []
        names = self.names
        return audit_estimates(
            self.deals(take), tries, self.judged, take, self.baseline.roles.y_true,
            lambda rest, window: estimate_performance(rest, window, **names),
            lambda window, rest: self.alarms(window, rest)[1],
        )  # fmt: skip

    @property
    def told(self) -> set[str]:
        """The columns that tell units and seasons."""
        return set(filter(None, (self.baseline.unit.column, *self.baseline.season.columns)))

    @property
    def judged(self) -> pd.DataFrame:
        """The columns that performance is of."""
        return self._judged[0]

    @cached_property
    def _judged(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """These columns and the season, which a deal's order does not change."""
        roles = self.baseline.roles
        used = {roles.y_true, roles.y_pred, roles.y_proba, roles.timestamp} | self.told
        names = [n for n in self.frame.columns if n in used or roles.of(n) == "prediction"]
        return with_cells(self.frame[names], self.baseline.season)


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
            if has_two_labels(bench.frame[bench.baseline.roles.y_true]):
                found.append(partial(_late_labels, bench, take, deals))
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


def _seen_row(
    kind: str, bench: Bench, take: int, hits: list[bool], fault: Fault | LabelFault, feature: str,
    size: float, tested: int,
) -> dict[str, Any]:  # fmt: skip
    level = bench.policy.alpha / tested
    lower, upper = forecast_interval(sum(hits), len(hits), len(bench.units.ids), level)
    told = {"fault": fault.name, "feature": feature, "size": size, "measure": fault.measure}
    return _row(kind, bench, take, hits, lower=lower, upper=upper, **told)


def _false_drift(bench: Bench, take: int, deals: int) -> list[dict[str, Any]]:
    features = set(bench.baseline.features)
    hits = []
    for one in islice(bench.deals(take), deals):
        pair = pair_up(one.baseline, one.baseline.reference, one.profile)
        # Where no feature moved far enough, the tests need not be asked.
        hits.append(
            not features.isdisjoint(may_matter(pair, bench.policy))
            and bool(detect_drift(one.baseline, one.profile, policy=bench.policy).drifted)
        )
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
    of_fault: dict[tuple[str, str], list[str]] = {}
    for variant, (name, fault, _) in variants.items():
        of_fault.setdefault((name, fault.name), []).append(variant)
    origin = {variant: name for variant, (name, _, _) in variants.items()}
    for one in islice(bench.deals(take), tries):
        rows = bench.frame.iloc[one.window]
        faulty = {
            variant: fault.make(rows[name], bench.baseline.columns[name], size, bench.rng)
            for variant, (name, fault, size) in variants.items()
            if not _is_settled(hits, variant, of_fault[name, fault.name])
        }
        if not faulty:
            break
        baseline = repeat_columns(one.baseline, {variant: origin[variant] for variant in faulty})
        beside = rows[[name for name in rows.columns if name in bench.told]]
        profile = baseline.profile_frame(pd.concat([pd.DataFrame(faulty), beside], axis=1))
        profile = one.in_order(profile)
        drifted = _drifted(pair_up(baseline, baseline.reference, profile), bench.policy, tested)
        for variant in faulty:
            hits[variant].append(variant in drifted)
    return [
        _seen_row(DRIFT, bench, take, seen, fault, name, size, tested)
        for (name, fault, size), seen in zip(variants.values(), hits.values(), strict=True)
    ]


def _drifted(pair: Pair, policy: DriftPolicy, tested: int) -> set[str]:
    """Tell which columns drifted, each as beside others without a change."""
    names = may_matter(pair, policy)
    if not names:
        return set()
    columns = {name: pair.baseline.columns[name] for name in names}
    pair = replace(pair, baseline=replace(pair.baseline, columns=columns))
    (table,) = compare([pair], policy, beside=tested - 1)
    return set(compress(table["feature"], table["drifted"]))


def _is_settled(hits: Mapping[Any, list[bool]], key: Any, sizes: Sequence[Any]) -> bool:
    """Whether further tries of a size are not worth their time.

    So many had the same outcome; or some had, and all of the next size on the way to the other
    outcome had it as well: what is seen of a small fault is seen of a larger one.
    """
    own = hits[key]
    if len(set(own)) != 1 or len(own) < SETTLED_BESIDE:
        return False
    place = sizes.index(key) + (-1 if own[0] else 1)
    beside = hits[sizes[place]] if 0 <= place < len(sizes) else []
    agree = len(beside) >= SETTLED_BESIDE and set(beside) == set(own)
    return agree or len(own) >= SETTLED


def _false_loss(bench: Bench, take: int, deals: int) -> list[dict[str, Any]]:
    judged = bench.judged
    hits = [bench.alarms(*one.sides(judged))[0] for one in islice(bench.deals(take), deals)]
    return [_row(PERFORMANCE, bench, take, hits)]


def _late_labels(bench: Bench, take: int, deals: int) -> list[dict[str, Any]]:
    """Count alarms where nothing is wrong but that labels of one class are still to come."""
    judged, label = bench.judged, bench.baseline.roles.y_true
    hits = []
    for one in islice(bench.deals(take), min(deals, MOST_LATE)):
        window, rest = one.sides(judged)
        hits.append(bench.alarms(delay_labels(window, label, LATE_SHARE, bench.rng), rest)[0])
    return [_row(LATE, bench, take, hits)]


def _seen_loss(bench: Bench, take: int, tries: int) -> list[dict[str, Any]]:
    judged, label = bench.judged, bench.baseline.roles.y_true
    two = has_two_labels(judged[label])
    faults = [fault for fault in LABEL_FAULTS if two or not fault.two_labels]
    every = [(fault, size) for fault in faults for size in fault.sizes]
    hits: dict[tuple[str, float], list[bool]] = {(f.name, size): [] for f, size in every}
    losses: dict[tuple[str, float], list[pd.Series]] = {key: [] for key in hits}
    for one in islice(bench.deals(take), tries):
        window, rest = one.sides(judged)
        left = [
            (f, size)
            for f, size in every
            if not _is_settled(hits, (f.name, size), [(f.name, other) for other in f.sizes])
        ]
        if not left:
            break
        _, plain = bench.alarms(window, rest)
        for fault, size in left:
            found, value = bench.alarms(fault.make(window, label, size, bench.rng), rest)
            hits[fault.name, size].append(found)
            losses[fault.name, size].append(value - plain)
    rows = []
    for fault, size in every:
        seen = hits[fault.name, size]
        mean = pd.DataFrame(losses[fault.name, size]).mean()
        main = next(name for name in MAIN_METRICS if name in mean.index)
        row = _seen_row(PERFORMANCE, bench, take, seen, fault, "", size, len(mean))
        rows.append(row | {"metric": main, "loss": float(mean[main])})
    return rows
