"""Runs the notebooks in processes of their own and leaves pages, data files and an index."""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from driftlib.errors import MissingExtraError, ParameterError
from driftlib.files import json_ready, write_whole
from driftlib.reporting.html import failure_page
from driftlib.reporting.index import DONE, FAILED, INDEX, record, worst
from driftlib.reporting.parameters import (
    Parameter,
    assign,
    declared,
    find_notebooks,
    project_path,
    read_parameters,
)
from driftlib.reporting.progress import Progress
from driftlib.results import Result

REPORT_VARIABLE = "DRIFTLIB_REPORT"
WAITING, RUNNING = "waiting", "running"
STOP_SECONDS = 5
# Temporary files as old as this are no longer being written.
STALE_SECONDS = 3600
NEEDED = {"papermill": "papermill", "nbconvert": "nbconvert", "ipykernel": "ipykernel"}


def in_report() -> bool:
    """Whether this process runs a notebook for a report, where nobody can move a slider."""
    return os.environ.get(REPORT_VARIABLE) == "1"


@dataclass(frozen=True)
class ReportResult:
    """What came of one page.

    Attributes
    ----------
    name, title, page : str
        Of the notebook, of its page, and the page's file name.
    state : {"waiting", "running", "done", "failed"}
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


def run_report(
    parameters: Mapping[str, Any] | None = None,
    *,
    params: str | Path | None = None,
    output: str | Path | None = None,
    notebooks: str | Path | Iterable[str | Path] | None = None,
    evidently: bool = False,
    timeout: int = 600,
    workers: int = 2,
    progress: bool = True,
) -> RunResult:
    """Run the notebooks on some data; write a page each, their data files and an index.

    A notebook that fails leaves a page that says why, and the others go on. Every file is
    written whole or not at all, and two runs may write into one folder.

    Parameters
    ----------
    parameters : dict, optional
        Values by name, for the notebooks that declare them; they win over `params`.
        Relative paths in `reference`, `current` and `output` start at the working directory.
    params : path, optional
        Flat YAML file of further parameters.
    output : path, optional
        Folder to write to: by default the parameter `output`, or else "reports".
    notebooks : path or list of paths, optional
        A folder or files; by default the project's own.
    evidently : bool
        Whether to write Evidently's reports on the same data, too.
    timeout : int
        Seconds that one cell may take.
    workers : int
        Notebooks that run at the same time.
    progress : bool
        Whether to report progress on standard error.

    Returns
    -------
    RunResult

    Raises
    ------
    ParameterError
        If no notebook declares a parameter, or its value is of the wrong type.
    DataError
        If there are no notebooks, or the folder cannot be written.
    MissingExtraError
        If the packages for notebooks, or Evidently, are not installed.
    """
    for package, module in NEEDED.items():
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(package, "notebooks", "Making a report")
    if workers < 1 or timeout < 1:
        raise ParameterError("workers and timeout must be at least 1.")
    given = (read_parameters(params) if params else {}) | dict(parameters or {})
    folder = Path(output or given.pop("output", None) or "reports").expanduser().absolute()
    given.pop("output", None)
    found = find_notebooks(notebooks)
    schemas = {name: declared(path) for name, path in found.items()}
    assigned = assign(given, found)
    jobs = []
    for name, path in found.items():
        own = assigned[name] | ({"output": str(folder)} if "output" in schemas[name] else {})
        jobs.append({"name": name, "kind": "notebook", "notebook": str(path), "parameters": own})
    if evidently:
        jobs.append(_evidently_job(assigned, schemas, folder))
    for job in jobs:
        job |= {"page": str(folder / f"{job['name']}.html"), "timeout": timeout}

    run = RunResult(
        id=uuid.uuid4().hex[:12],
        output=folder,
        reports=tuple(
            ReportResult(job["name"], job["name"].capitalize(), Path(job["page"]).name)
            for job in jobs
        ),
        parameters=json_ready(given),
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    return _Supervisor(run, jobs, Progress([job["name"] for job in jobs], progress)).run(workers)


def _evidently_job(
    assigned: Mapping[str, Mapping[str, Any]],
    schemas: Mapping[str, Mapping[str, Parameter]],
    folder: Path,
) -> dict[str, Any]:
    """Job for Evidently, with the same data and columns as the notebooks have."""
    if importlib.util.find_spec("evidently") is None:
        raise MissingExtraError("evidently", "evidently", "Evidently's report")
    values: dict[str, Any] = {}
    for name, schema in schemas.items():
        for parameter in schema.values():
            values.setdefault(parameter.name, assigned[name].get(parameter.name, parameter.default))
    from driftlib.reporting.evidently import COLUMN_ARGUMENTS

    if not all(values.get(role) for role in ("reference", "current")):
        raise ParameterError(
            "no notebook has the parameters 'reference' and 'current', so there is no data for "
            "Evidently: leave evidently out."
        )
    return {
        "name": "evidently",
        "kind": "evidently",
        "reference": str(project_path(values["reference"])),
        "current": str(project_path(values["current"])),
        "output": str(folder),
        "columns": {name: values[name] for name in COLUMN_ARGUMENTS if values.get(name)},
    }


class _Supervisor:
    """Hands out jobs to workers, follows their events, and keeps the folder's list of runs."""

    def __init__(self, run: RunResult, jobs: list[dict[str, Any]], progress: Progress) -> None:
        self.result = run
        self.jobs = {job["name"]: job for job in jobs}
        self.waiting = deque(jobs)
        self.progress = progress
        self.events: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()

    def run(self, workers: int) -> RunResult:
        """Run all jobs; whatever happens, no process is left behind."""
        began = time.monotonic()
        folder = self.result.output
        _sweep(folder)
        record(folder, self.result.details)
        pool: list[_Worker] = []
        try:
            with self.progress:
                for _ in range(min(workers, len(self.waiting))):
                    pool.append(_Worker(self.events))
                    self._next(pool[-1])
                while any(worker.job for worker in pool):
                    worker, event = self.events.get()
                    if event is None:
                        pool.remove(worker)
                        self._died(worker)
                        if self.waiting:
                            pool.append(_Worker(self.events))
                            self._next(pool[-1])
                    elif event["event"] == "progress":
                        self.progress.advance(event["name"], event["done"], event["total"])
                    else:
                        self._done(event)
                        self._next(worker)
            self.result = replace(self.result, seconds=time.monotonic() - began)
            return self.result
        finally:
            for worker in pool:
                worker.stop()
            record(folder, self.result.details)

    def _next(self, worker: _Worker) -> None:
        job = self.waiting.popleft() if self.waiting else None
        worker.give(job)
        if job:
            self._update(job["name"], state=RUNNING)

    def _update(self, name: str, **changes: Any) -> None:
        reports = tuple(
            replace(report, **changes) if report.name == name else report
            for report in self.result.reports
        )
        self.result = replace(self.result, reports=reports)

    def _done(self, event: Mapping[str, Any]) -> None:
        summary = event["summary"] or {}
        self._update(
            event["name"],
            title=event["title"],
            state=FAILED if event["failure"] else DONE,
            failure=event["failure"],
            verdict=summary.get("verdict"),
            severity=summary.get("severity"),
            alerts=len(summary.get("alerts", ())),
            seconds=event["seconds"],
            fingerprints=event["fingerprints"],
        )
        self.progress.finish(
            event["name"], event["seconds"], event["failure"], summary.get("verdict")
        )
        record(self.result.output, self.result.details)

    def _died(self, worker: _Worker) -> None:
        """A worker ended in the middle of a job: its page says so."""
        if not worker.job:
            return
        name, sentence = worker.job["name"], worker.last_words()
        write_whole(worker.job["page"], failure_page(name.capitalize(), sentence).html)
        self._done(
            {
                "name": name,
                "title": name.capitalize(),
                "failure": sentence,
                "summary": None,
                "seconds": worker.seconds,
                "fingerprints": {},
            }
        )


class _Worker:
    """A process of `driftlib.reporting.worker`, and the job that it has."""

    def __init__(self, events: queue.Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        self.job: dict[str, Any] | None = None
        self.began = time.monotonic()
        self.messages = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "driftlib.reporting.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            env=_environment(),
            text=True,
            encoding="utf-8",
            # Ctrl-C is for the parent, which then ends its workers in order.
            start_new_session=True,
        )
        threading.Thread(target=self._follow, args=(events,), daemon=True).start()

    def _follow(self, events: queue.Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        for line in self.process.stdout or ():
            events.put((self, json.loads(line)))
        events.put((self, None))

    def give(self, job: dict[str, Any] | None) -> None:
        """Start a job; None when there are no more."""
        self.job, self.began = job, time.monotonic()
        if job and self.process.stdin:
            try:
                self.process.stdin.write(json.dumps(job) + "\n")
                self.process.stdin.flush()
            except OSError:
                pass  # it has ended, which its output will say

    @property
    def seconds(self) -> float:
        """Time since the job was given."""
        return time.monotonic() - self.began

    def last_words(self) -> str:
        """Why the process ended, as far as can be known, in one sentence."""
        code = self.process.wait()
        self.messages.seek(0)
        lines = self.messages.read().decode("utf-8", "replace").strip().splitlines()
        if code < 0 or not lines:
            return (
                f"The process that ran the notebook was ended from outside (code {code}), mostly "
                "for want of memory: use less data, or a machine with more memory."
            )
        return f"The process that ran the notebook could not go on ({lines[-1][:300]})."

    def stop(self) -> None:
        """End the process and the kernel that it may have started."""
        try:
            if self.process.stdin:
                self.process.stdin.close()
        except OSError:
            pass  # it had ended before
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.messages.close()


def _environment() -> dict[str, str]:
    """Environment of a worker, and so of its kernels."""
    library = str(Path(__file__).resolve().parents[2])
    paths = [library, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        REPORT_VARIABLE: "1",
        "DO_NOT_TRACK": "1",
        "OMP_NUM_THREADS": "1",
        "PLOTLY_RENDERER": "plotly_mimetype",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # The same data gives the same page, whatever order sets are walked in.
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(paths),
        "TQDM_DISABLE": "1",
    }


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed left of a file it was writing."""
    for path in folder.glob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
        except OSError:
            continue
