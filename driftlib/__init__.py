"""Model Drift Monitor: has a deployed model degraded, is it the data or the concept, how sure."""

from driftlib.baseline import Baseline
from driftlib.drift import DriftPolicy, DriftResult, detect_drift
from driftlib.errors import DriftlibError
from driftlib.profile import Profile
from driftlib.trend import TrendResult, drift_trend

__all__ = [
    "Baseline",
    "DriftPolicy",
    "DriftResult",
    "DriftlibError",
    "Profile",
    "TrendResult",
    "detect_drift",
    "drift_trend",
]
__version__ = "0.1.0"
