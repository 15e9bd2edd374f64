"""Say what the monitor finds in synthetic data, for every position of two dials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from driftlib.arguments import known_keywords
from driftlib.data.synthetic import Simulation, simulate
from driftlib.diagnosis.diagnose import diagnose
from driftlib.diagnosis.result import Diagnosis
from driftlib.domain.boosting import one_thread
from driftlib.domain.classifier import fit_domain
from driftlib.domain.result import Domain
from driftlib.drift.trend import drift_trend
from driftlib.drift.trend_result import TrendResult
from driftlib.performance.estimate import Estimate, estimate_performance
from driftlib.performance.result import Performance
from driftlib.performance.track import track_performance
from driftlib.profile.baseline import Baseline
from driftlib.written_numbers import percent

TIME, WEEK, METRIC = "timestamp", "7D", "accuracy"
REMEMBERED = 64
# Threads of BLAS are limited for all of a process, and let go of in the order that it was done.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class WhatIf:
    """Hold what was found at one position of the dials.

    Parameters
    ----------
    feature_drift, label_flips : float
        Where the dials stand: see `driftlib.data.synthetic.simulate`.
    trend : TrendResult
        Drift week by week.
    realised : Performance
        Accuracy with labels, all of current as one window.
    estimated : Estimate or None
        The same without labels; None while it is not worked out.
    why : Diagnosis or None
        The cause; None while it is not worked out.
    """

    feature_drift: float
    label_flips: float
    trend: TrendResult
    realised: Performance
    estimated: Estimate | None = None
    why: Diagnosis | None = None

    @property
    def headline(self) -> str:
        """What was done and what was found, in a sentence."""
        found = self.why.headline if self.why else "the cause is not worked out yet"
        moved = f"Inputs moved by {self.feature_drift:g} standard deviations"
        turned = f"{percent(self.label_flips)} of the labels turned over"
        return f"{moved}, {turned}. What the monitor finds: {found}"


@known_keywords()
def what_if(
    feature_drift: float,
    label_flips: float,
    rows: int = 5_000,
    seed: int = 0,
    *,
    whole: bool = True,
) -> WhatIf:
    """Simulate two periods, and say what changed between them.

    Parameters
    ----------
    feature_drift : float
        Shift of half the features, in standard deviations, 0 to 3.
    label_flips : float
        Share of the labels that are turned over, 0 to 0.5.
    rows : int
        Rows in each period.
    seed : int
        Same arguments, same data.
    whole : bool
        Whether to work out the estimate and the cause, which takes a little longer.

    Returns
    -------
    WhatIf
        Drift by week, accuracy with and without labels, and the cause.

    Notes
    -----
    Turning over labels moves no input, so that all that depends on inputs only is computed
    once for all values of `label_flips`.

    Examples
    --------
    >>> found = what_if(0.0, 0.2, rows=2000)
    >>> found.why.verdict, found.trend.headline
    ('concept drift', 'No drift against the reference in any of 4 windows')
    """
    data = simulate(rows, feature_drift, label_flips, seed)
    realised = track_performance(data.current, metrics=[METRIC], reference=data.reference)
    trend = _trend(feature_drift, rows, seed)
    if not whole:
        return WhatIf(feature_drift, label_flips, trend, realised)
    with _ONE_AT_A_TIME, one_thread("blas"):
        why = diagnose(
            data.reference, data.current, timestamp=TIME, domain=_domain(feature_drift, rows, seed)
        )
        estimated = _estimate(feature_drift, rows, seed)
    return WhatIf(feature_drift, label_flips, trend, realised, estimated, why)


@lru_cache(2)
def _inputs(feature_drift: float, rows: int, seed: int) -> Simulation:
    return simulate(rows, feature_drift, 0.0, seed)


@lru_cache(REMEMBERED)
def _baseline(rows: int, seed: int) -> Baseline:
    return Baseline.fit(_inputs(0.0, rows, seed).reference, timestamp=TIME)


@lru_cache(REMEMBERED)
def _trend(feature_drift: float, rows: int, seed: int) -> TrendResult:
    current = _inputs(feature_drift, rows, seed).current.drop(columns=["y_true", "y_pred"])
    return drift_trend(_baseline(rows, seed), current, window=WEEK, on=TIME)


@lru_cache(REMEMBERED)
def _domain(feature_drift: float, rows: int, seed: int) -> Domain:
    data = _inputs(feature_drift, rows, seed)
    return fit_domain(data.reference, data.current, timestamp=TIME)


@lru_cache(REMEMBERED)
def _estimate(feature_drift: float, rows: int, seed: int) -> Estimate:
    data = _inputs(feature_drift, rows, seed)
    current = data.current.drop(columns=["y_true", TIME])
    reference = data.reference.drop(columns=TIME)
    return estimate_performance(
        reference, current, metrics=[METRIC], method="pape",
        domain=_domain(feature_drift, rows, seed),
    )  # fmt: skip
