"""What came of a run: its reports, as a table, a sentence, and a line in the folder's list."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.reporting.index import FAILED, INDEX
from driftlib.results import Result
from driftlib.severity import worst

WAITING = "waiting"


@dataclass(frozen=True)
class ReportResult:
    """What came of one page.

    Attributes
    ----------
    name, title, page : str
        Of the notebook, of its page, and the page's file name.
    state : {"waiting", "done", "failed"}
    failure : str or None
        Why it failed, in one sentence.
    verdict, severity : str or None
        As the notebook summed itself up, if it did.
    alerts : int
    seconds : float or None
    fingerprints : dict
        Of the data, by role.
    """

    name: str
    title: str
    page: str
    state: str = WAITING
    failure: str | None = None
    verdict: str | None = None
    severity: str | None = None
    alerts: int = 0
    seconds: float | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult(Result):
    """What came of a run: made by `run_report`.

    Attributes
    ----------
    output : Path
        Folder of the pages and data files.
    reports : tuple of ReportResult
    parameters : dict
        As they were given.
    started : str
        Time in UTC, ISO 8601.
    seconds : float or None
    """

    id: str
    output: Path
    reports: tuple[ReportResult, ...]
    parameters: dict[str, Any]
    started: str
    seconds: float | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row a report."""
        columns = ["name", "state", "severity", "alerts", "seconds", "verdict", "failure"]
        rows = [[getattr(report, column) for column in columns] for report in self.reports]
        return pd.DataFrame(rows, columns=columns).set_index("name")

    @property
    def index(self) -> Path:
        """The page to open first."""
        return self.output / INDEX

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the reports that failed."""
        return tuple(report.name for report in self.reports if report.state == FAILED)

    @property
    def alerts(self) -> int:
        """Alerts in all reports."""
        return sum(report.alerts for report in self.reports)

    @property
    def severity(self) -> str:
        """The worst severity among the reports."""
        return worst(report.severity for report in self.reports)

    @property
    def headline(self) -> str:
        """What came of the run, in one sentence."""
        count = len(self.reports)
        if self.failed:
            return f"{len(self.failed)} of {count} reports failed; see {self.index}"
        alerts = f"{self.alerts:,} alert{'s' if self.alerts != 1 else ''}"
        return f"{count} report{'s' if count != 1 else ''}, {alerts}: open {self.index}"

    @property
    def details(self) -> dict[str, Any]:
        """The run as the folder's list of runs has it."""
        return {
            "id": self.id,
            "started": self.started,
            "seconds": self.seconds,
            "parameters": self.parameters,
            "reports": [asdict(report) for report in self.reports],
        }
