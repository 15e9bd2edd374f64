"""Collect from results what a status needs to know, in types that JSON has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Protocol

import pandas as pd

from driftlib.alerts import DATA_DRIFT, DATA_QUALITY, LABELS, OVER, PERFORMANCE, Alert
from driftlib.data.times import as_times
from driftlib.data.windows import start_in_words
from driftlib.drift.notes import TOGETHER
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import DriftlibError
from driftlib.performance.metrics import METRICS
from driftlib.performance.result import Performance

# Metrics of how well scores order rows, and of what scores are worth as probabilities.
RANKS, LEVELS = ("roc_auc", "average_precision"), ("brier", "log_loss")
PREDICTION, TARGET = "prediction drift", "target drift"


@dataclass(frozen=True)
class Side:
    """One of the two periods that are compared.

    Parameters
    ----------
    rows : int
    first, last : str
        The day of its earliest and of its latest row; empty without times.
    """

    rows: int
    first: str = ""
    last: str = ""

    @property
    def period(self) -> str:
        """From when to when; empty without times."""
        return self.first if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Value:
    """A metric now and before.

    Parameters
    ----------
    metric : str
        Its title.
    now, before : str
        In the latest window that has a value, and in the reference; empty where not known.
    at : str
        Where that window begins; empty where there is only one.
    estimated : bool
        Whether it was estimated without labels.
    """

    metric: str
    now: str
    before: str = ""
    at: str = ""
    estimated: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of a model; pages that know different things are put together by `joined`.

    Parameters
    ----------
    title : str
        The model's name.
    sides : mapping of str to Side
        "reference" and "current".
    value : Value or None
        The metric that tells most.
    labelled : bool or None
        Whether current has labels; None where no page looked.
    verdict, cause : str
        Of the diagnosis, and in a sentence; empty where there is none.
    culprits : tuple of str
        Columns because of which the periods cannot be compared.
    worse : tuple of str
        Names of the metrics that are worse now, by more than chance gives.
    ranked : bool or None
        Whether scores order rows as well as before; None where that was not measured.
    drifted, quality : tuple of str
        Features that drift now, and columns whose missing or new values do.
    shifted : tuple of str
        Predictions or labels that drift now.
    drift_known : bool
        Whether drift was looked for, and could be told.
    since : str
        Since when, as far as that is known.
    untold : tuple of str
        Why something cannot be told.
    past : tuple of str
        What alerts were about that are over.
    suspect : tuple of str
        Why labels or scores look wrong as data.
    """

    title: str = ""
    sides: Mapping[str, Side] = field(default_factory=dict)
    value: Value | None = None
    labelled: bool | None = None
    verdict: str = ""
    cause: str = ""
    culprits: tuple[str, ...] = ()
    worse: tuple[str, ...] = ()
    ranked: bool | None = None
    drifted: tuple[str, ...] = ()
    quality: tuple[str, ...] = ()
    shifted: tuple[str, ...] = ()
    drift_known: bool = False
    since: str = ""
    untold: tuple[str, ...] = ()
    past: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Put the facts into types that JSON has.

        Returns
        -------
        dict
            By the names of the attributes.
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Facts:
        """Read facts from JSON.

        Parameters
        ----------
        content : mapping
            As `to_dict` made it, lists in the place of tuples.

        Returns
        -------
        Facts
            Equal to those that were written.

        Examples
        --------
        >>> Facts.from_dict(Facts("churn", worse=("roc_auc",)).to_dict()).worse
        ('roc_auc',)
        """
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in content.items()
        }
        sides = {role: Side(**side) for role, side in values.pop("sides", {}).items()}
        value = values.pop("value", None)
        return cls(**values, sides=sides, value=Value(**value) if value else None)


def joined(parts: Iterable[Facts]) -> Facts:
    """Put together what several pages know; what an earlier one knows counts.

    Parameters
    ----------
    parts : iterable of Facts

    Returns
    -------
    Facts
        Lists of several are joined, and the earliest since is kept.

    Examples
    --------
    >>> joined([Facts(past=("x",)), Facts("churn", verdict="stable", past=("y",))]).past
    ('x', 'y')
    """
    whole = Facts()
    for part in parts:
        changes: dict[str, Any] = {}
        for name in (one.name for one in fields(Facts)):
            ours, theirs = getattr(whole, name), getattr(part, name)
            if isinstance(ours, tuple):
                changes[name] = tuple(dict.fromkeys((*ours, *theirs)))
            elif name in ("sides", "since"):
                continue
            else:
                changes[name] = theirs if ours in (None, "", False) and theirs is not None else ours
        since = min(filter(None, (whole.since, part.since)), default="")
        changes["sides"] = {**part.sides, **whole.sides}
        whole = replace(whole, **changes, since=since)
    return whole


def describe_side(data: Any, timestamp: str | None = None, time_format: str | None = None) -> Side:
    """Count the rows of a period and say from when to when they are.

    Parameters
    ----------
    data : pandas.DataFrame or Baseline
    timestamp : str, optional
        Column that says when a row was seen; what is no time counts as none.
    time_format : str, optional
        How its times are written: see `driftlib.data.times.as_times`.

    Returns
    -------
    Side

    Examples
    --------
    >>> days = pd.DataFrame({"day": pd.to_datetime(["2013-03-02", "2013-03-01"])})
    >>> describe_side(days, "day").period
    '2013-03-01 to 2013-03-02'
    """
    if not isinstance(data, pd.DataFrame):
        return Side(int(data.rows))
    if timestamp not in data.columns:
        return Side(len(data))
    try:
        times = as_times(data[timestamp], time_format=time_format).dropna()
    except DriftlibError:
        return Side(len(data))
    if times.empty:
        return Side(len(data))
    return Side(len(data), str(times.min().date()), str(times.max().date()))


def drift_facts(result: DriftResult, trend: TrendResult, alerts: Sequence[Alert]) -> Facts:
    """Collect what drift tells.

    Parameters
    ----------
    result : DriftResult
        All of the current data against the reference.
    trend : TrendResult
        The same window by window.
    alerts : sequence of Alert
        That were made of them.

    Returns
    -------
    Facts
    """
    alerts = [alert for alert in alerts if alert.subject != LABELS]
    open_alerts = [alert for alert in alerts if alert.state != OVER]
    subjects = {
        kind: tuple(_subject(alert) for alert in open_alerts if alert.kind == kind)
        for kind in (DATA_DRIFT, DATA_QUALITY, PREDICTION, TARGET)
    }
    untold = result.cannot_tell or trend.cannot_tell
    return Facts(
        drifted=subjects[DATA_DRIFT],
        quality=subjects[DATA_QUALITY],
        shifted=subjects[PREDICTION] + subjects[TARGET],
        drift_known=not untold,
        since=_since(trend.table, "feature", [alert.subject for alert in open_alerts]),
        untold=_why(untold),
        past=tuple(_subject(alert) for alert in alerts if alert.state == OVER),
    )


def _why(untold: str | None) -> tuple[str, ...]:
    """Why something cannot be told, as it reads within a sentence that says so."""
    return (untold.removeprefix("cannot tell: "),) if untold else ()


def _subject(alert: Alert) -> str:
    """Name what drifts, as it reads within a sentence."""
    return "how features go together" if alert.subject == TOGETHER else alert.subject


class Explained(Protocol):
    """What a diagnosis, whole or without its rows, says of the cause."""

    @property
    def verdict(self) -> str:
        """One of `driftlib.diagnosis.verdict.VERDICTS`."""

    @property
    def headline(self) -> str:
        """The verdict in a sentence."""

    @property
    def culprits(self) -> Sequence[str]:
        """Columns because of which the periods cannot be compared."""

    @property
    def suspect(self) -> str:
        """Why labels or scores look wrong as data; empty where they do not."""


def performance_facts(
    perf: Performance | None, why: Explained | None, alerts: Sequence[Alert]
) -> Facts:
    """Collect what performance and its diagnosis tell.

    Parameters
    ----------
    perf : Performance or None
        Of the watched metrics, the most telling first: measured, or else estimated.
    why : Diagnosis, its like, or None
        With all features.
    alerts : sequence of Alert
        That were made of `perf`.

    Returns
    -------
    Facts
    """
    facts = Facts()
    if why is not None:
        facts = replace(
            facts,
            verdict=why.verdict,
            cause=why.headline,
            culprits=tuple(why.culprits),
            suspect=(why.suspect,) if why.suspect else (),
        )
    if perf is None:
        return replace(facts, labelled=False)
    measured = [alert for alert in alerts if alert.kind == PERFORMANCE]
    still = [alert.subject for alert in measured if alert.state != OVER]
    estimated = bool(perf.table["estimated"].all())
    return replace(
        facts,
        value=_value(perf, still, estimated),
        labelled=not estimated,
        worse=tuple(still),
        ranked=_ranked(perf),
        since=_since(perf.table, "metric", still),
        untold=_why(perf.cannot_tell) if perf.untold == 1 else (),
        past=tuple(
            METRICS[perf.task][alert.subject].title
            for alert in measured
            if alert.state == OVER and alert.subject in METRICS[perf.task]
        ),
        suspect=(perf.suspect,) if perf.suspect else facts.suspect,
    )


def _ranked(perf: Performance) -> bool | None:
    """Tell whether scores order rows as well as before: in no window surely worse."""
    part = perf.table[perf.table["metric"].isin(RANKS) & perf.table["value"].notna()]
    if part.empty or part["estimated"].all() or perf.untold == 1:
        return None
    latest = part[part["window"] == part["window"].max()]
    return not bool(part["alarm"].any() or latest["degraded"].any())


def _value(perf: Performance, worse: Sequence[str], estimated: bool) -> Value | None:
    table = perf.table[perf.table["value"].notna()]
    if table.empty:
        return None
    wanted = [name for name in worse if name in set(table["metric"])]
    name = wanted[0] if wanted else str(table["metric"].iloc[0])
    row = table[table["metric"] == name].iloc[-1]
    before, metric = "", METRICS[perf.task][name]
    if perf.reference is not None:
        known = perf.reference.set_index("metric")["value"].get(name)
        before = "" if known is None or known != known else metric.write(float(known))
    several = len(perf.table["window"].unique()) > 1
    at = start_in_words(row["start"], row["end"]) if several else ""
    return Value(metric.title, metric.write(float(row["value"])), before, at, estimated)


def _since(table: pd.DataFrame, column: str, subjects: Sequence[str]) -> str:
    """Say since when the first of some subjects has changed; empty where that is not known."""
    alarms = table[table["alarm"].astype(bool) & table[column].isin(subjects)]
    if alarms.empty or table["window"].nunique() < 2:
        return ""
    # Where windows are not followed, it is the first alarm of those that still go on.
    followed = table["evidence"].notna().any()
    began = []
    for _, part in alarms.groupby(column):
        since, end = part["since"].iloc[-1], part["end"].iloc[-1]
        if not followed:
            on = part if pd.isna(since) else part[part["start"] >= since]
            since, end = on["start"].iloc[0], on["end"].iloc[0]
        if not pd.isna(since):
            began.append(start_in_words(since, end))
    return min(began, default="")
