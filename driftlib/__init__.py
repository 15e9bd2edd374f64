"""Monitor deployed models: has one degraded, is it the data or the concept, how sure.

The names below are imported when they are first used, so that `import driftlib` costs
next to nothing.
"""

import typing as _typing
from importlib import import_module as _import_module

if _typing.TYPE_CHECKING:
    from driftlib.advising.advise import Decision as Decision
    from driftlib.advising.advise import advise as advise
    from driftlib.advising.choosing import Chosen as Chosen
    from driftlib.advising.choosing import choose_rows as choose_rows
    from driftlib.alerts import Alert as Alert
    from driftlib.alerts import make_alerts as make_alerts
    from driftlib.auditing.audit import Audit as Audit
    from driftlib.auditing.audit import audit as audit
    from driftlib.data.synthetic import simulate as simulate
    from driftlib.demo.what_if import WhatIf as WhatIf
    from driftlib.demo.what_if import what_if as what_if
    from driftlib.diagnosis.diagnose import diagnose as diagnose
    from driftlib.diagnosis.result import Diagnosis as Diagnosis
    from driftlib.diagnosis.windows import Timeline as Timeline
    from driftlib.diagnosis.windows import diagnose_windows as diagnose_windows
    from driftlib.domain.classifier import fit_domain as fit_domain
    from driftlib.domain.result import Domain as Domain
    from driftlib.drift.detect import detect_drift as detect_drift
    from driftlib.drift.policy import DriftPolicy as DriftPolicy
    from driftlib.drift.result import DriftResult as DriftResult
    from driftlib.drift.trend import drift_trend as drift_trend
    from driftlib.drift.trend_result import TrendResult as TrendResult
    from driftlib.errors import DriftlibError as DriftlibError
    from driftlib.files import write_csv as write_csv
    from driftlib.history.store import History as History
    from driftlib.performance.base_rates import outcome_rates as outcome_rates
    from driftlib.performance.curves import confusion_counts as confusion_counts
    from driftlib.performance.curves import score_curves as score_curves
    from driftlib.performance.custom import Cost as Cost
    from driftlib.performance.custom import Metric as Metric
    from driftlib.performance.estimate import Estimate as Estimate
    from driftlib.performance.estimate import estimate_performance as estimate_performance
    from driftlib.performance.gaps import segment_gaps as segment_gaps
    from driftlib.performance.policy import AlertPolicy as AlertPolicy
    from driftlib.performance.prediction_errors import PredictionErrors as PredictionErrors
    from driftlib.performance.prediction_errors import prediction_errors as prediction_errors
    from driftlib.performance.result import Performance as Performance
    from driftlib.performance.track import track_performance as track_performance
    from driftlib.profile.baseline import Baseline as Baseline
    from driftlib.profile.profile import Profile as Profile
    from driftlib.profile.reference import as_baseline as as_baseline
    from driftlib.quality.finding import Finding as Finding
    from driftlib.quality.finding import QualityPolicy as QualityPolicy
    from driftlib.reporting.tracking import log_to_mlflow as log_to_mlflow

__version__ = "0.1.0"

_MODULES = {
    "advising.advise": (
        "Decision",
        "advise",
    ),
    "advising.choosing": (
        "Chosen",
        "choose_rows",
    ),
    "alerts": (
        "Alert",
        "make_alerts",
    ),
    "auditing.audit": (
        "Audit",
        "audit",
    ),
    "data.synthetic": ("simulate",),
    "demo.what_if": ("WhatIf", "what_if"),
    "diagnosis.diagnose": ("diagnose",),
    "diagnosis.result": ("Diagnosis",),
    "diagnosis.windows": (
        "Timeline",
        "diagnose_windows",
    ),
    "domain.classifier": ("fit_domain",),
    "domain.result": ("Domain",),
    "drift.detect": ("detect_drift",),
    "drift.policy": ("DriftPolicy",),
    "drift.result": ("DriftResult",),
    "drift.trend": ("drift_trend",),
    "drift.trend_result": ("TrendResult",),
    "errors": ("DriftlibError",),
    "files": ("write_csv",),
    "history.store": ("History",),
    "performance.base_rates": ("outcome_rates",),
    "performance.curves": (
        "confusion_counts",
        "score_curves",
    ),
    "performance.custom": ("Cost", "Metric"),
    "performance.estimate": (
        "Estimate",
        "estimate_performance",
    ),
    "performance.gaps": ("segment_gaps",),
    "performance.policy": ("AlertPolicy",),
    "performance.prediction_errors": ("PredictionErrors", "prediction_errors"),
    "performance.result": ("Performance",),
    "performance.track": ("track_performance",),
    "profile.baseline": ("Baseline",),
    "profile.profile": ("Profile",),
    "profile.reference": ("as_baseline",),
    "quality.finding": (
        "Finding",
        "QualityPolicy",
    ),
    "reporting.tracking": ("log_to_mlflow",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> _typing.Any:
    if name not in _HOME:
        raise AttributeError(f"module 'driftlib' has no attribute {name!r}")
    value = getattr(_import_module(f"driftlib.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
