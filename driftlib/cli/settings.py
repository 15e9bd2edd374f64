"""Settle what a check is to do: arguments win over one flat YAML, which the report reads too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from driftlib.data.sql_address import secrets_in_environment
from driftlib.drift.policy import DriftPolicy
from driftlib.errors import ParameterError, check_choice
from driftlib.quality.finding import QualityPolicy

ESTIMATORS = ("pape", "cbpe", "none")
DEFAULT_MODEL = "model"
SEVERITIES = ("minor", "moderate", "major")
# Those of the policy of drift that a check can be given.
LIMITS = ("alpha", "psi_moderate", "psi_major", "share_moderate", "share_major", "budget")


@dataclass(frozen=True)
class Settings:
    """What a check is to do.

    Parameters
    ----------
    baseline, reference, current : str
        Paths: of a saved baseline or data to fit one to, of data with labels from when the model
        was good, and of the batch. Data may be in a database: "sql:URL table".
    timestamp, time_format, y_true, y_pred, y_proba, positive, task : str
        See `Baseline.fit` and `track_performance`; empty where they are told from the data.
    threshold : str
        Probability from which on a row is predicted positive; may be empty.
    label_time, matures : str
        When labels became known, and how long a row waits for its own; may be empty.
    holdout : str
        "yes" where the model was not trained on the reference's rows, "no" where it was; may be
        "unknown", or empty.
    features, exclude, categorical, season : tuple of str
    unit, window : str
        What rows were drawn in, and how long a window of the history is; may be empty.
    metrics, thresholds : tuple of str
        Metrics to measure; limits such as "accuracy=0.9" and "roc_auc=-0.05".
    tolerance : float
        How much worse than the reference's a metric may be, as a share of it.
    estimator : {"pape", "cbpe", "none"}
        How performance is estimated where there are no labels.
    alpha, psi_moderate, psi_major, share_moderate, share_major, budget : float
        See `DriftPolicy`.
    max_age : str
        How old the newest row may be, such as "2D"; empty for any age.
    joint : bool
        Whether to ask as well if all features together changed: it takes rows of the reference.
    fail_on : str
        Least severity of drift that is an alert.
    json, markdown, prometheus, history, model, link : str
        Files to write; database and name of the model; where a reader of alerts finds more.
    keep : str
        How long the history goes back from its newest window, such as "400D"; empty keeps all.
    quiet : bool
        Whether to print nothing.
    notify : tuple of str
        Apprise URLs, which hold secrets: from arguments or the environment, never from a file.
    """

    baseline: str = ""
    reference: str = ""
    current: str = ""
    timestamp: str = ""
    time_format: str = ""
    y_true: str = "y_true"
    y_pred: str = "y_pred"
    y_proba: str = "y_proba"
    positive: str = ""
    task: str = "auto"
    threshold: str = ""
    label_time: str = ""
    matures: str = ""
    holdout: str = "unknown"
    features: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    season: tuple[str, ...] = ()
    unit: str = "auto"
    window: str = ""
    metrics: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()
    tolerance: float = 0.05
    estimator: str = "pape"
    alpha: float = DriftPolicy.alpha
    psi_moderate: float = DriftPolicy.psi_moderate
    psi_major: float = DriftPolicy.psi_major
    share_moderate: float = DriftPolicy.share_moderate
    share_major: float = DriftPolicy.share_major
    budget: float = DriftPolicy.budget
    max_age: str = ""
    joint: bool = False
    fail_on: str = "moderate"
    json: str = ""
    markdown: str = ""
    prometheus: str = ""
    history: str = field(default="", repr=False)
    model: str = ""
    link: str = ""
    keep: str = ""
    quiet: bool = False
    notify: tuple[str, ...] = field(default=(), repr=False)

    @property
    def policy(self) -> DriftPolicy:
        """When a change is real, and when it matters."""
        return DriftPolicy(**{name: getattr(self, name) for name in LIMITS})

    @property
    def quality(self) -> QualityPolicy:
        """How much findings of data quality matter, by the same shares as drift."""
        return QualityPolicy(self.share_moderate, self.share_major, max_age=self.max_age or None)

    @property
    def columns(self) -> dict[str, Any]:
        """Arguments that say what each column is, for `as_baseline`."""
        return {
            "features": self.features or None,
            "exclude": self.exclude,
            "categorical": self.categorical,
            "timestamp": self.timestamp or None,
            "time_format": self.time_format or None,
            "y_true": self.y_true,
            "y_pred": self.y_pred,
            "y_proba": self.y_proba,
            "unit": self.unit or "auto",
            "season": self.season,
        }

    @property
    def limits(self) -> dict[str, float | str]:
        """Thresholds by metric, as `track_performance` takes them.

        Raises
        ------
        ParameterError
            If one is not written as a name and a value.
        """
        from driftlib.performance.limits import limits_in_words

        return limits_in_words(self.thresholds)


KNOWN = {item.name: item.default for item in fields(Settings) if item.name != "notify"}


def settle(given: Mapping[str, Any], params: str | None = None) -> Settings:
    """Put arguments, a file of parameters and defaults together.

    Parameters
    ----------
    given : mapping of str to object
        Arguments of the command line; None where not given.
    params : str, optional
        Path of a flat YAML file: the same that `driftlib report` takes.

    Returns
    -------
    Settings

    Raises
    ------
    DriftlibError
        If the file cannot be read or holds a name that neither a check nor a report knows, or
        a value is of the wrong type.
    """
    values: dict[str, Any] = {}
    if params is not None:
        values |= _from_file(params)
    values |= {name: value for name, value in given.items() if value is not None}
    tuples = ["notify", *(name for name, default in KNOWN.items() if default == ())]
    values |= {name: tuple(values[name]) for name in tuples if name in values}
    settings = Settings(**secrets_in_environment(values))
    check_choice("fail_on", settings.fail_on, SEVERITIES)
    check_choice("estimator", settings.estimator, ESTIMATORS)
    for name, what in (("baseline", "BASELINE, or reference:"), ("current", "CURRENT")):
        if not (getattr(settings, name) or (name == "baseline" and settings.reference)):
            where = f" or in {params}" if params else ""
            raise ParameterError(f"there is no {what} to check: name the file{where}.")
    return settings


def _from_file(params: str) -> dict[str, Any]:
    """Read what a check needs from the file that the notebooks read, too."""
    from driftlib.reporting.parameters import (
        convert,
        declared,
        find_notebooks,
        read_parameters,
        unknown_parameter,
    )

    found = read_parameters(params)
    notebooks = {name for path in find_notebooks().values() for name in declared(path)}
    known = sorted(notebooks | KNOWN.keys())
    values = {}
    for name, value in found.items():
        if name not in known:
            raise ParameterError(unknown_parameter(name, known))
        if name == "mask_levels" and value:
            raise ParameterError(
                "mask_levels is for reports, and a check would name rare levels: take it out of "
                f"{params} for a check."
            )
        if name in KNOWN and value is not None:
            default = KNOWN[name]
            if name == "thresholds" and isinstance(value, str):
                value = [part for part in value.split(",") if part.strip()]
            values[name] = convert(name, value, list(default) if default == () else default)
    return values
