"""Model Drift Monitor: has a deployed model degraded, is it the data or the concept, how sure.

The names below are imported when they are first used, so that `import driftlib` costs
next to nothing.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from driftlib.alerts import Alert, AlertPolicy, make_alerts
    from driftlib.baseline import Baseline
    from driftlib.diagnosis import Diagnosis, diagnose, diagnose_windows
    from driftlib.domain import Domain, fit_domain
    from driftlib.drift import DriftPolicy, DriftResult, detect_drift
    from driftlib.errors import DriftlibError
    from driftlib.estimation import Estimate, estimate_performance
    from driftlib.performance import Performance, track_performance
    from driftlib.profile import Profile
    from driftlib.synthetic import simulate
    from driftlib.trend import TrendResult, drift_trend

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
