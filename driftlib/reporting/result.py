"""Hold what came of a run: its reports, as a table, a sentence, and a record for the folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.results import Result
from driftlib.severity import Severity, worst

INDEX = "index.html"


class State(StrEnum):
    """How far a report has come.

    Examples
    --------
    >>> State("failed").ended, State.WAITING.ended
    (True, False)
    """

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self is not State.WAITING


@dataclass(frozen=True)
class ReportResult:
    """What came of one page.

    Parameters
    ----------
    name, title, page : str
        Of the notebook, of its page, and the page's file name.
    state : State
        Waiting, done or failed.
    failure : str or None
        Why it failed, in one sentence.
    verdict, severity : str or None
        As the notebook summed itself up, if it did.
    alerts : int
        How many the notebook raised.
    seconds : float or None
        Time that it took.
    fingerprints : dict
        Of the data, by role.
    """

    name: str
    title: str
    page: str
    state: State = State.WAITING
    failure: str | None = None
    verdict: str | None = None
    severity: str | None = None
    alerts: int = 0
    seconds: float | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunResult(Result):
    """What came of a run: made by `run_report`.

    Parameters
    ----------
    id : str
        Tells the run from all others.
    output : Path
        Folder of the pages and data files.
    reports : tuple of ReportResult
        One a page, in the notebooks' order.
    parameters : dict
        As they were given.
    started : str
        Time in UTC, ISO 8601.
    seconds : float or None
        Time that it took; None while it runs, and where it was stopped.
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
        return tuple(report.name for report in self.reports if report.state is State.FAILED)

    @property
    def finished(self) -> bool:
        """Whether every report is done or failed."""
        return all(report.state.ended for report in self.reports)

    @property
    def alerts(self) -> int:
        """Alerts in all reports."""
        return sum(report.alerts for report in self.reports)

    @property
    def severity(self) -> Severity:
        """The worst severity among the reports."""
        return worst(report.severity for report in self.reports)

    @property
    def fingerprints(self) -> dict[str, str]:
        """Fingerprints of the data, by role, as the first page that names the role has them."""
        found: dict[str, str] = {}
        for report in self.reports:
            for role, value in report.fingerprints.items():
                found.setdefault(role, value)
        return found

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

    @classmethod
    def from_details(cls, details: Mapping[str, Any], output: Path) -> RunResult:
        """Read a run from a folder's list of runs.

        Parameters
        ----------
        details : mapping
            As the property `details` made it.
        output : Path
            Folder of the list.

        Returns
        -------
        RunResult
            Equal to the one whose `details` these are.

        Raises
        ------
        KeyError, TypeError, ValueError
            If these are no details of a run.
        """
        reports = tuple(
            ReportResult(**{**report, "state": State(report["state"])})
            for report in details["reports"]
        )
        return cls(**{**details, "output": output, "reports": reports})
