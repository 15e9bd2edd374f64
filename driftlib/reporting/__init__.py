"""Run notebooks with parameters, render them to pages that open offline, and list those."""

from driftlib.reporting.environment import in_report
from driftlib.reporting.evidently import evidently_report
from driftlib.reporting.notebook import dials, show, summarise
from driftlib.reporting.parameters import (
    find_notebooks,
    project_path,
    project_source,
    read_parameters,
)
from driftlib.reporting.provenance import fingerprint, provenance
from driftlib.reporting.result import ReportResult, RunResult
from driftlib.reporting.run import run_report

__all__ = [
    "ReportResult",
    "RunResult",
    "dials",
    "evidently_report",
    "find_notebooks",
    "fingerprint",
    "in_report",
    "project_path",
    "project_source",
    "provenance",
    "read_parameters",
    "run_report",
    "show",
    "summarise",
]
