"""Say what a run, its pool of processes and each worker tell one another, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """One page to make.

    Parameters
    ----------
    name : str
        Of the report.
    page : str
        Path of the page to write.
    parameters : dict
        For the notebook, or for `driftlib.reporting.evidently_report`.
    notebook : str or None
        Path; None for Evidently's report.
    timeout : int
        Seconds that one cell of the notebook may take.
    """

    name: str
    page: str
    parameters: dict[str, Any]
    notebook: str | None = None
    timeout: int = 600

    @property
    def title(self) -> str:
        """What the page is called as long as it does not say so itself."""
        return self.name.capitalize()


@dataclass(frozen=True)
class Advanced:
    """Event: some cells of a job are done.

    Parameters
    ----------
    name : str
        Of the job.
    done, total : int
        Cells that are done, and all.
    """

    name: str
    done: int
    total: int


@dataclass(frozen=True)
class Finished:
    """Event: the page of a job is written.

    Parameters
    ----------
    name, title : str
        Of the job and of the page.
    seconds : float
        Time that it took.
    failure : str or None
        Why the page is not complete, in one sentence.
    verdict, severity : str or None
        As the notebook summed itself up, if it did.
    alerts : list of dict
        Each with the keys of `driftlib.alerts.Alert`.
    fingerprints : dict
        Of the data, by role.
    facts : dict
        What the status card needs to know of it.
    tables : list of dict
        For the summary in Markdown.
    """

    name: str
    title: str
    seconds: float
    failure: str | None = None
    verdict: str | None = None
    severity: str | None = None
    alerts: list[dict[str, Any]] = field(default_factory=list)
    fingerprints: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    tables: list[dict[str, Any]] = field(default_factory=list)


Event = Advanced | Finished


def write_line(message: Job | Event) -> str:
    r"""Write a job or an event as one line.

    Parameters
    ----------
    message : Job, Advanced or Finished
        Holds nothing but what JSON has.

    Returns
    -------
    str
        JSON, with a newline at its end and nowhere else.

    Examples
    --------
    >>> write_line(Advanced("drift", 1, 9))
    '{"Advanced": {"name": "drift", "done": 1, "total": 9}}\n'
    """
    return json.dumps({type(message).__name__: asdict(message)}) + "\n"


def read_job(line: str) -> Job:
    """Read the line of a job.

    Parameters
    ----------
    line : str
        As `write_line` made it.

    Returns
    -------
    Job
        Equal to the one that was written.

    Examples
    --------
    >>> read_job(write_line(Job("drift", "out/drift.html", {"alpha": 0.05}))).title
    'Drift'
    """
    return Job(**json.loads(line)["Job"])


def read_event(line: str) -> Event:
    """Read the line of an event.

    Parameters
    ----------
    line : str
        As `write_line` made it.

    Returns
    -------
    Advanced or Finished
        Equal to the one that was written.

    Examples
    --------
    >>> read_event(write_line(Finished("drift", "Drift", 1.5))).seconds
    1.5
    """
    content = json.loads(line)
    if "Advanced" in content:
        return Advanced(**content["Advanced"])
    return Finished(**content["Finished"])


def longest_first(jobs: Iterable[Job]) -> list[Job]:
    """Put jobs in the order to start them: what starts last should not be waited for.

    Parameters
    ----------
    jobs : iterable of Job
        In the order to list them.

    Returns
    -------
    list of Job
        Evidently's report, which is slow to import, then the larger notebooks before the
        smaller: the longer, the longer it takes.
    """

    def size(job: Job) -> float:
        return Path(job.notebook).stat().st_size if job.notebook else float("inf")

    return sorted(jobs, key=size, reverse=True)
