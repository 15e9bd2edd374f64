"""Audit a monitor on its user's own data: false alarms without a change, and what it can see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.arguments import known_keywords
from driftlib.auditing.estimates import COLUMNS as OF_ESTIMATES
from driftlib.auditing.faults import FAULTS, Fault
from driftlib.auditing.label_faults import LABEL_FAULTS
from driftlib.auditing.lengths import units_of
from driftlib.auditing.smallest import smallest_seen, typical_sizes
from driftlib.auditing.trials import CHANGED, COUNTED, Bench, jobs
from driftlib.data.opening import read_frame
from driftlib.data.units import ROW, UnitRule, unit_codes
from driftlib.drift.policy import DriftPolicy
from driftlib.errors import ParameterError, check_whole
from driftlib.profile.baseline import Baseline
from driftlib.profile.reference import is_baseline
from driftlib.results import Result

# A window is compared with at least as many units as it has; longer ones are tried beside it.
LENGTHS = (1, 2, 4)


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
    estimates : pandas.DataFrame
        Where there are labels and probabilities: of estimates without labels, in how many windows
        the 95 % interval `held` what labels show, and half its mean width (`within`), a row a
        metric, for the shortest window.
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
    estimates: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(OF_ESTIMATES)), repr=False
    )

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
            "estimates": self.estimates,
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
    progress: Callable[[float], object] | None = None,
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

    How to use what it says: :doc:`/guides/thresholds`.

    The reference's own units are dealt to a window and the rest many times, so that nothing
    differs but by chance: what alarms is a false alarm, and estimates without labels are held
    against the labels. As in a check, the window's days follow one another, and with a season
    they are of the same cells as days that follow one another are. Then faults are put into the
    window's rows, one column at a time and at growing sizes, and it is counted how often they are
    seen.

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
        enough, and 6 where the next size tells the same.
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
    the reference, which is shorter than all of it: what is seen later is rather more. Days are
    dealt one by one: where their effects last for long, a deal has less of that than a check, and
    chances are known less well than their intervals say.

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
    take = units_of(window, baseline, frame, units)
    takes = [take * length for length in LENGTHS if take * length <= len(units.ids) // 2]
    bench = Bench(baseline, frame, units, policy, positive, np.random.default_rng(seed))
    rows: list[dict[str, Any]] = []
    work = jobs(bench, takes, list(faults), deals, tries)
    for done, job in enumerate(work):
        if progress:
            progress(done / (len(work) + 1))
        rows += job()
    estimates = pd.DataFrame(bench.estimates(take, tries), columns=list(OF_ESTIMATES))
    if progress:
        progress(1.0)
    return replace(_result(rows, bench, take, wanted), estimates=estimates)


def _result(rows: list[dict[str, Any]], bench: Bench, take: int, wanted: float) -> Audit:
    every = pd.DataFrame(rows, columns=[*COUNTED, *CHANGED])
    changed = every["fault"].notna()
    table = every.loc[changed, [*CHANGED, *COUNTED[1:]]]
    texts = ["measure", "metric"]
    table[texts] = table[texts].astype(object).fillna("")
    never = every.loc[~changed, [*COUNTED]].rename(columns={"tries": "deals", "seen": "alarms"})
    names = [fault.name for fault in (*FAULTS, *LABEL_FAULTS)]
    order = {name: place for place, name in enumerate(names)}
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
