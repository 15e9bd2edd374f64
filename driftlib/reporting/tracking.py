"""Log what was found to the active run of MLflow: metrics, tables, findings and the report."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.diagnosis.result import Diagnosis
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import DataError, MissingExtraError, ParameterError
from driftlib.files import json_ready
from driftlib.performance.result import Performance
from driftlib.severity import rank

FOLDER = "driftlib"
# What MLflow takes in the name of a metric.
_OTHER = re.compile(r"[^\w\-. :/]", re.ASCII)
# What of a feature is a metric of the run.
OF_FEATURES = ("psi", "missing_current")
Samples = Iterable[tuple[str, Any, int]]


def log_to_mlflow(
    *results: DriftResult | TrendResult | Performance | Diagnosis,
    report: str | Path | None = None,
) -> None:
    """Log results to the active run of MLflow; without one MLflow begins a run.

    Numbers are metrics, with the window as their step: of drift (or "trend" in its place)
    `drift.drifted_features`, `drift.worst_severity` (0 none to 3 major), `drift.psi.<feature>`,
    `drift.missing_current.<feature>`; of performance (or "estimated") `performance.<metric>`, with
    `.lower` and `.upper`; of a diagnosis `diagnosis.<term>`. Tables are artifacts in the folder
    "driftlib", findings are tags. A name is written with signs that MLflow takes.

    Parameters
    ----------
    *results : DriftResult, TrendResult, Performance or Diagnosis
    report : str or Path, optional
        Folder or file of a report to keep beside them.

    Raises
    ------
    MissingExtraError
        If MLflow is not installed (the extra "mlflow").
    DriftlibError
        If something else is given, or there is no such report.
    """
    try:
        import mlflow
    except ImportError as error:
        raise MissingExtraError("mlflow", "mlflow", "Logging to MLflow") from error
    logged = [(_kind(result), result) for result in results]
    kinds = [kind for kind, _ in logged]
    if len(set(kinds)) < len(kinds):
        raise ParameterError("two results of one kind would share metrics: log them in two runs.")
    folder = None if report is None else Path(report)
    if folder is not None and not folder.exists():
        raise DataError(f"there is no report {str(folder)!r}: make one first.")
    for kind, result in logged:
        for step, metrics in _by_step(_samples(result)).items():
            mlflow.log_metrics(metrics, step=step)
        mlflow.set_tag(f"{FOLDER}.{kind}", result.headline)
        table = pd.DataFrame(json_ready(result.main_table))
        mlflow.log_table(table.astype(object).where(table.notna(), None), f"{FOLDER}/{kind}.json")
    if folder is not None and folder.is_dir():
        mlflow.log_artifacts(str(folder), f"{FOLDER}/report")
    elif folder is not None:
        mlflow.log_artifact(str(folder), f"{FOLDER}/report")


def _kind(result: Any) -> str:
    if isinstance(result, Performance):
        return "estimated" if result.table["estimated"].any() else "performance"
    for kind, what in {"drift": DriftResult, "trend": TrendResult, "diagnosis": Diagnosis}.items():
        if isinstance(result, what):
            return kind
    raise ParameterError(f"a {type(result).__name__} is no result that MLflow is told of.")


def _samples(result: Any) -> Samples:
    """Name numbers, with the windows that they are of."""
    kind = _kind(result)
    if isinstance(result, Diagnosis):
        for term, value in result.terms["value"].items():
            yield f"{kind}.{term}", value, 0
        return
    table = result.table
    if isinstance(result, Performance):
        columns = [*result.by, "metric"]
        for row in table.to_dict("records"):
            name = ".".join([kind, *(str(row[column]) for column in columns)])
            yield name, row["value"], row["window"]
            yield f"{name}.lower", row["lower"], row["window"]
            yield f"{name}.upper", row["upper"], row["window"]
        return
    flat = table.reset_index() if "feature" not in table else table
    windows = flat["window"] if "window" in flat else pd.Series(0, index=flat.index)
    severities = flat["severity"].map(rank)
    for window, rows in flat.groupby(windows):
        yield f"{kind}.drifted_features", rows["drifted"].sum(), window
        yield f"{kind}.worst_severity", severities[rows.index].max(), window
    for window, row in zip(windows, flat.to_dict("records"), strict=True):
        place = [str(row[column]) for column in (*result.by, "feature")]
        for column in OF_FEATURES:
            yield ".".join([kind, column, *place]), row[column], window


def _by_step(samples: Samples) -> Mapping[int, dict[str, float]]:
    """Put samples into what is logged at a time, with names that MLflow takes."""
    names: dict[str, str] = {}
    steps: dict[int, dict[str, float]] = {}
    for name, value, window in samples:
        if not math.isfinite(value):
            continue
        if name not in names:
            own = taken = _OTHER.sub("_", name)
            number = 2
            while own in names.values():
                own, number = f"{taken}_{number}", number + 1
            names[name] = own
        steps.setdefault(int(window), {})[names[name]] = float(value)
    return steps
