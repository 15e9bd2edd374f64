"""Audit a monitor on its user's own data: false alarms without a change, and what it can see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.auditing.deals import Deal, deal, repeat_columns
from driftlib.auditing.faults import FAULTS, Fault, detach_labels
from driftlib.auditing.smallest import smallest_seen, typical_sizes
from driftlib.data.calendar import calendar_edges, read_offset
from driftlib.data.opening import read_frame
from driftlib.data.times import as_times
from driftlib.data.units import ROW, TIME, UnitCodes, UnitRule, unit_codes
from driftlib.drift.compare import compare, pair_up
from driftlib.drift.detect import detect_drift
from driftlib.drift.policy import DriftPolicy
from driftlib.errors import DataError, ParameterError, check_whole
from driftlib.performance.track import track_performance
from driftlib.profile.baseline import Baseline
from driftlib.profile.reference import is_baseline
from driftlib.results import Result
from driftlib.stats.intervals import wilson

LEAST_UNITS = 8
# A window is compared with at least as many units as it has; longer ones are tried beside it.
LENGTHS = (1, 2, 4)
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
class Audit(Result):
    """What `audit` found.

    Parameters
    ----------
    table : pandas.DataFrame
        A row a fault, feature, size and length of window; see `audit`.
    false_alarms : pandas.DataFrame
        A row for drift and, with labels, one for performance, by length of window.
    smallest : pandas.DataFrame
        The smallest size that is seen with the wanted chance, a row a fault, feature and window.
    unit_rule : UnitRule
        What was dealt.
    units, take : int
        Units of the reference, and of the shortest window.
    rows : float
        Rows of the shortest window, on average.
    wanted : float
        The chance wanted.
    policy : DriftPolicy
        What drift was judged by.
    """

    table: pd.DataFrame
    false_alarms: pd.DataFrame
    smallest: pd.DataFrame = field(repr=False)
    unit_rule: UnitRule
    units: int
    take: int
    rows: float
    wanted: float
    policy: DriftPolicy = field(repr=False)

    @property
    def window(self) -> str:
        """How long the shortest window is, in words."""
        return self.unit_rule.counted(self.take)

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        first = self.false_alarms[self.false_alarms["units"] == self.take]
        counts = first[["of", "alarms", "deals", "upper"]].itertuples(index=False, name=None)
        alarms = " and ".join(
            f"{what} in {hits} of {deals} checks (at most {100 * most:.2g} %)"
            for what, hits, deals, most in counts
        )
        rows = "" if self.unit_rule.kind == ROW else f" (about {self.rows:,.0f} rows)"
        seen = [f"{fault} from {words} on" for fault, words in self.typical.items() if words]
        blind = [fault for fault, words in self.typical.items() if not words]
        parts = [
            f"A check of {self.window}{rows} alarms without any change for {alarms}",
            f"in half of the features it sees with a chance of {100 * self.wanted:.3g} %: "
            f"{', '.join(seen)}" if seen else "",
            f"it is blind to {' and '.join(blind)} of the sizes tried" if blind else "",
        ]  # fmt: skip
        return "; ".join(filter(None, parts))

    @property
    def typical(self) -> dict[str, str]:
        """From what size on half of the features show each fault, for the shortest window."""
        return typical_sizes(self.smallest[self.smallest["units"] == self.take])

    @property
    def details(self) -> dict[str, Any]:
        """False alarms, the smallest faults seen, and how it was audited."""
        return {
            "false_alarms": self.false_alarms,
            "smallest": self.smallest,
            "unit": self.unit_rule.told,
            "units": self.units,
            "window": self.window,
            "wanted": self.wanted,
            "policy": asdict(self.policy),
        }


@known_keywords(rows="pass a number of rows as window=")
def audit(
    reference: Any,
    window: int | str | None = None,
    deals: int = 200,
    tries: int = 40,
    wanted: float = 0.8,
    policy: DriftPolicy = DriftPolicy(),
    faults: Iterable[Fault] = FAULTS,
    progress: Callable[[float], None] | None = None,
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    unit: str = "auto",
    season: str | Iterable[str] | None = None,
    seed: int = 0,
) -> Audit:
    """Let the monitor examine itself on a reference: how often it errs, and what it can see.

    The reference's own units are dealt to a window and the rest many times, so that nothing
    differs but by chance: what alarms is a false alarm. Then faults are put into the window's
    rows, one column at a time and at growing sizes, and it is counted how often they are seen.

    Parameters
    ----------
    reference : frame, table, str or Path
        Rows in memory or a file of them; a saved baseline no longer has its rows.
    window : int or str, optional
        How much one check will see: a number of rows, or a length of time such as "7D" on the
        time column, of which the reference's whole windows tell how many units it holds. Default:
        7 units of time, or a tenth of other units. Windows of twice and four times as many units
        are tried beside it, up to half of the reference.
    deals : int
        How often nothing is changed, for each length of window.
    tries : int
        How often each fault is tried at each size, at the most: 15 tries of the same outcome are
        enough.
    wanted : float
        With which chance a fault is to be seen, in (0, 1): see `Audit.smallest`.
    policy : DriftPolicy
        When drift is real, and when it matters.
    faults : list of Fault
        Those of features; default all of `driftlib.auditing.faults`.
    progress : callable, optional
        Is told the share of the work that is done, from 0 to 1.
    features, exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba, unit, season
        See `Baseline.fit`. Where labels and predictions are there, performance is audited too.
    positive : label, optional
        See `track_performance`.
    seed : int
        Of every deal and fault, from 0 up.

    Returns
    -------
    Audit
        Its table has a row per fault, feature, size and length of window: `fault`, `feature`
        (empty for labels), `size`, `measure` (what the size is; empty for a share of the rows),
        `units` and `rows` (of the window), `tries`, `seen`, `share` with its 95 % interval
        `lower` and `upper`, and where labels were changed `metric` and `loss`, the mean change
        of the task's main metric.

    Raises
    ------
    DriftlibError
        If the reference cannot be read, has too few units, or the window is longer than half of
        it.

    Notes
    -----
    A fault of a feature is seen where the check calls that feature drifted (real, and at least
    moderate) at the level that the other features leave it where they do not change. One of
    performance is seen where any metric raises an alarm. Windows are compared with the rest of
    the reference, which is shorter than all of it: what is seen later is rather more.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=2000)})
    >>> found = audit(reference, window=200, deals=20, tries=10, unit="row")
    >>> found.false_alarms[["of", "rows", "deals", "alarms"]].values.tolist()[0]
    ['drift', 200.0, 20, 0]
    >>> shift = found.table[(found.table["fault"] == "shift") & (found.table["rows"] == 200)]
    >>> shift.set_index("size")["share"].loc[[0.05, 1.6]].tolist()
    [0.0, 1.0]
    """
    deals, tries = check_whole("deals", deals, 1), check_whole("tries", tries, 1)
    if not 0 < wanted < 1:
        raise ParameterError(f"wanted={wanted!r} must lie between 0 and 1, such as 0.8.")
    if is_baseline(reference):
        raise ParameterError(
            "a saved baseline has no rows to deal: pass the reference's data to audit()."
        )
    frame = read_frame(reference, "reference")
    baseline = Baseline.fit(
        frame,
        features=features,
        exclude=exclude,
        categorical=categorical,
        timestamp=timestamp,
        time_format=time_format,
        y_true=y_true,
        y_pred=y_pred,
        y_proba=y_proba,
        unit=unit,
        season=season,
    )
    units = unit_codes(baseline.unit, frame, "the reference")
    take = _units_of(window, baseline, frame, units)
    takes = [take * length for length in LENGTHS if take * length <= len(units.ids) // 2]
    bench = _Bench(baseline, frame, units, policy, positive, np.random.default_rng(seed))
    rows: list[dict[str, Any]] = []
    jobs = _jobs(bench, takes, list(faults), deals, tries)
    for done, job in enumerate(jobs):
        if progress:
            progress(done / len(jobs))
        rows += job()
    if progress:
        progress(1.0)
    return _result(rows, bench, take, wanted)


def _units_of(
    window: int | str | None, baseline: Baseline, frame: pd.DataFrame, units: UnitCodes
) -> int:
    """Tell how many units one window holds."""
    rule, number = baseline.unit, len(units.ids)
    if number < LEAST_UNITS:
        raise DataError(
            f"cannot tell: the reference has {rule.counted(number)}, and an audit deals at least "
            f"{LEAST_UNITS} (unit='row' takes rows as independent)."
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
    if read_offset(window) is None or column is None:
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


@dataclass(frozen=True)
class _Bench:
    """What every deal is made from."""

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

    def deals(self, take: int) -> Iterator[Deal]:
        """Deal windows of so many units."""
        return deal(self.baseline, self.frame, self.units, take, self.rng)

    def alarms(self, window: pd.DataFrame, rest: pd.DataFrame) -> tuple[bool, pd.Series]:
        """Judge a window's performance: whether any metric alarms, and each one's value."""
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
        roles, rule = self.baseline.roles, self.baseline.unit
        used = {roles.y_true, roles.y_pred, roles.y_proba, roles.timestamp, rule.column}
        return self.frame[
            [n for n in self.frame.columns if n in used or roles.of(n) == "prediction"]
        ]


def _jobs(
    bench: _Bench, takes: list[int], faults: list[Fault], deals: int, tries: int
) -> list[Callable[[], list[dict[str, Any]]]]:
    """List the work, in pieces."""
    found: list[Callable[[], list[dict[str, Any]]]] = []
    for take in takes:
        found.append(partial(_false_drift, bench, take, deals))
        found.append(partial(_seen_drift, bench, take, faults, tries))
        if bench.labelled:
            found.append(partial(_false_loss, bench, take, deals))
            found.append(partial(_seen_loss, bench, take, tries))
    return found


def _row(kind: str, bench: _Bench, take: int, hits: list[bool], **more: Any) -> dict[str, Any]:
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


def _false_drift(bench: _Bench, take: int, deals: int) -> list[dict[str, Any]]:
    hits = [
        bool(detect_drift(one.baseline, one.profile, policy=bench.policy).drifted)
        for one in islice(bench.deals(take), deals)
    ]
    return [_row(DRIFT, bench, take, hits)]


def _seen_drift(bench: _Bench, take: int, faults: list[Fault], tries: int) -> list[dict[str, Any]]:
    names = bench.baseline.features
    tried = [
        (name, fault)
        for name in names
        for fault in faults
        if fault.suits(bench.baseline.columns[name])
    ]
    variants = {
        f"{name} {fault.name} {size}": (name, fault, size)
        for name, fault in tried
        for size in fault.sizes
    }
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
        (table,) = compare([pair], bench.policy, beside=len(names) - 1)
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


def _false_loss(bench: _Bench, take: int, deals: int) -> list[dict[str, Any]]:
    judged = bench.judged
    hits = [
        bench.alarms(judged.iloc[one.window], judged.iloc[one.rest])[0]
        for one in islice(bench.deals(take), deals)
    ]
    return [_row(PERFORMANCE, bench, take, hits)]


def _seen_loss(bench: _Bench, take: int, tries: int) -> list[dict[str, Any]]:
    judged, label = bench.judged, bench.baseline.roles.y_true
    hits: dict[float, list[bool]] = {size: [] for size in DETACHED}
    losses: dict[float, list[pd.Series]] = {size: [] for size in DETACHED}
    for one in islice(bench.deals(take), tries):
        window, rest = judged.iloc[one.window], judged.iloc[one.rest]
        sizes = [size for size in DETACHED if not _is_settled(hits[size])]
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


def _result(rows: list[dict[str, Any]], bench: _Bench, take: int, wanted: float) -> Audit:
    every = pd.DataFrame(rows, columns=[*COUNTED, *CHANGED])
    changed = every["fault"].notna()
    texts = {"measure": "", "metric": ""}
    table = every.loc[changed, [*CHANGED, *COUNTED[1:]]].fillna(texts)
    never = every.loc[~changed, [*COUNTED]].rename(columns={"tries": "deals", "seen": "alarms"})
    order = {name: place for place, name in enumerate([*(fault.name for fault in FAULTS), LABELS])}
    table = table.sort_values("fault", key=lambda names: names.map(order), kind="stable")
    return Audit(
        table.reset_index(drop=True),
        never.reset_index(drop=True),
        smallest_seen(table, wanted),
        bench.baseline.unit,
        len(bench.units.ids),
        take,
        float(never["rows"].min()),
        wanted,
        bench.policy,
    )
