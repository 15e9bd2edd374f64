"""Hold what came of a run: its reports, as a table, a sentence, and a record for the folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any

import pandas as pd

from driftlib.advice.facts import Facts, joined
from driftlib.advice.status import Status, make_status
from driftlib.results import Result
from driftlib.severity import Severity, worst

INDEX = "index.html"
# Reports that tell nothing of the model's state.
OTHERS = ("demo", "evidently")


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
        How many the notebook raised that are not over.
    seconds : float or None
        Time that it took.
    fingerprints : dict
        Of the data, by role.
    facts : dict
        What the status card needs to know of it: see `driftlib.advice.facts.Facts`.
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
    facts: dict[str, Any] = field(default_factory=dict)


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
        """Alerts in all reports that are not over."""
        return sum(report.alerts for report in self.reports)

    @property
    def severity(self) -> Severity:
        """The worst severity among the reports."""
        return worst(report.severity for report in self.reports)

    @property
    def status(self) -> Status | None:
        """The state of the model by all reports together; None where none knows of it."""
        told = [report for report in self.reports if report.facts]
        if not told:
            return None
        facts = joined(Facts.from_dict(report.facts) for report in told)
        missing = [name for name in self.failed if name not in OTHERS]
        return make_status(facts, worst(report.severity for report in told), missing)

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
        alerts = f"{self.alerts:,} open alert{'s' if self.alerts != 1 else ''}"
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
        # What JSON or UTF-8 does not have could not be written again.
        json.dumps(details, allow_nan=False, ensure_ascii=False).encode()
        _check_types(details, _RUN_TYPES)
        datetime.fromisoformat(details["started"])
        reports = tuple(map(_read_report, details["reports"]))
        return cls(**{**details, "output": output, "reports": reports})


_NUMBER = (int, float, NoneType)
_RUN_TYPES = {"id": str, "started": str, "seconds": _NUMBER, "parameters": dict, "reports": list}
_REPORT_TYPES = {
    **dict.fromkeys(("name", "title", "page", "state"), str),
    **dict.fromkeys(("failure", "verdict", "severity"), (str, NoneType)),
    "alerts": int,
    "seconds": _NUMBER,
    "fingerprints": dict,
    "facts": dict,
}


def _check_types(values: Any, types: Mapping[str, Any]) -> None:
    if not isinstance(values, dict) or set(values) != set(types):
        raise TypeError("other names than those of a run")
    for name, kind in types.items():
        if not isinstance(values[name], kind):
            raise TypeError(f"{name} is a {type(values[name]).__name__}")


def _read_report(details: Any) -> ReportResult:
    if isinstance(details, dict):
        # Lists of runs of before have none.
        details = {"facts": {}, **details}
    _check_types(details, _REPORT_TYPES)
    _check_types(details["fingerprints"], dict.fromkeys(details["fingerprints"], str))
    if Path(details["page"]).name != details["page"]:
        raise ValueError("a page in another folder")
    if details["severity"] is not None:
        Severity(details["severity"])
    Facts.from_dict(details["facts"])
    return ReportResult(**{**details, "state": State(details["state"])})
