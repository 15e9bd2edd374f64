"""Model Drift Monitor: has a deployed model degraded, is it the data or the concept, how sure.

The names below are imported when they are first used, so that `import driftlib` costs
next to nothing.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftlib.alerts import Alert as Alert
    from driftlib.alerts import AlertPolicy as AlertPolicy
    from driftlib.alerts import make_alerts as make_alerts
    from driftlib.baseline import Baseline as Baseline
    from driftlib.diagnosis import Diagnosis as Diagnosis
    from driftlib.diagnosis import diagnose as diagnose
    from driftlib.diagnosis import diagnose_windows as diagnose_windows
    from driftlib.domain import Domain as Domain
    from driftlib.domain import fit_domain as fit_domain
    from driftlib.drift import DriftPolicy as DriftPolicy
    from driftlib.drift import DriftResult as DriftResult
    from driftlib.drift import detect_drift as detect_drift
    from driftlib.errors import DriftlibError as DriftlibError
    from driftlib.estimation import Estimate as Estimate
    from driftlib.estimation import estimate_performance as estimate_performance
    from driftlib.performance import Performance as Performance
    from driftlib.performance import track_performance as track_performance
    from driftlib.profile import Profile as Profile
    from driftlib.synthetic import simulate as simulate
    from driftlib.trend import TrendResult as TrendResult
    from driftlib.trend import drift_trend as drift_trend

__version__ = "0.1.0"

_MODULES = {
    "alerts": ("Alert", "AlertPolicy", "make_alerts"),
    "baseline": ("Baseline",),
    "diagnosis": ("Diagnosis", "diagnose", "diagnose_windows"),
    "domain": ("Domain", "fit_domain"),
    "drift": ("DriftPolicy", "DriftResult", "detect_drift"),
    "errors": ("DriftlibError",),
    "estimation": ("Estimate", "estimate_performance"),
    "performance": ("Performance", "track_performance"),
    "profile": ("Profile",),
    "synthetic": ("simulate",),
    "trend": ("TrendResult", "drift_trend"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'driftlib' has no attribute {name!r}")
    value = getattr(_import_module(f"driftlib.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
