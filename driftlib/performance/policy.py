"""Hold what becomes an alert, and how often one may be false."""

from __future__ import annotations

from dataclasses import dataclass

from driftlib.errors import check_choice, check_persistence, check_share, check_whole
from driftlib.severity import Severity
from driftlib.stats.budget import BUDGET, RUN_WINDOWS


@dataclass(frozen=True)
class AlertPolicy:
    """Say what becomes an alert.

    Parameters
    ----------
    severity : str
        Least severity of drift: "minor", "moderate" or "major".
    performance : str
        "degraded": a metric is beyond its threshold by more than noise, within the budget of
        false alarms of its run. "breached": its value is beyond the threshold in some window,
        noise or not.
    persistence : (int, int), optional
        (k, n): only what is found in k of the last n windows, 1 <= k <= n.
    budget : float
        Share of runs of windows without any change in which there may be any alarm, in (0, 1):
        half of it for performance, half for drift, whose alarms go by `DriftPolicy.budget`. It
        is spent where alarms are raised: pass the policy to `track_performance` or
        `estimate_performance`.
    windows : int
        Windows of a run, such as the 52 weeks of a year; of longer ones, their own number.

    Raises
    ------
    ParameterError
        If a value is none of these.

    Examples
    --------
    >>> AlertPolicy(performance="breached").performance
    'breached'
    >>> AlertPolicy(budget=0.01, windows=12).of_performance
    0.005
    """

    severity: str = "moderate"
    performance: str = "degraded"
    persistence: tuple[int, int] | None = None
    budget: float = BUDGET
    windows: int = RUN_WINDOWS

    def __post_init__(self) -> None:
        check_choice("severity", self.severity, list(Severity)[1:])
        check_choice("performance", self.performance, ("degraded", "breached"))
        check_persistence(self.persistence)
        check_share("budget", self.budget)
        check_whole("windows", self.windows, of="windows")

    @property
    def of_performance(self) -> float:
        """The part of the budget that is for performance: half of it."""
        return self.budget / 2
