"""Do the jobs of a run in some processes, and watch over them."""

from __future__ import annotations

import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from driftlib.alerts import NEW, OVER
from driftlib.files import write_json, write_whole
from driftlib.reporting.bundle import bundle
from driftlib.reporting.environment import worker_environment
from driftlib.reporting.export import failure_page
from driftlib.reporting.index import record
from driftlib.reporting.jobs import Advanced, Event, Finished, Job, read_event, write_line
from driftlib.reporting.progress import Progress
from driftlib.reporting.result import ReportResult, RunResult, State
from driftlib.severity import Severity, rank

ALERTS = "alerts.json"
STOP_SECONDS = 5
# Temporary files as old as this are no longer being written.
STALE_SECONDS = 3600


def supervise(
    run: RunResult, jobs: Iterable[Job], workers: int, progress: bool = True
) -> RunResult:
    """Do all jobs in some processes, and return what came of them.

    Parameters
    ----------
    run : RunResult
        With a report that waits for each job.
    jobs : iterable of Job
        In the order to start them.
    workers : int
        Processes at the same time, at least 1.
    progress : bool
        Whether to report on standard error.

    Returns
    -------
    RunResult
        The run with all of its reports done or failed.

    Raises
    ------
    DataError
        If the run's folder cannot be written to.
    """
    queued = list(jobs)
    shown = Progress([job.name for job in queued], progress)
    return _Supervisor(run, queued, shown).run(workers)


class _Supervisor:
    """Hands out jobs to workers, follows their events, and keeps the folder's list of runs."""

    def __init__(self, run: RunResult, jobs: Iterable[Job], progress: Progress) -> None:
        self.result = run
        self.waiting = deque(jobs)
        self.progress = progress
        self.events: _Events = queue.Queue()
        self.alerts: dict[str, list[dict[str, Any]]] = {}
        self.tables: dict[str, list[dict[str, Any]]] = {}

    def run(self, workers: int) -> RunResult:
        """Run all jobs; whatever happens, no process is left behind."""
        began = time.monotonic()
        folder = self.result.output
        _sweep(folder)
        self._record()
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
                    elif isinstance(event, Advanced):
                        self.progress.advance(event.name, event.done, event.total)
                    else:
                        self._finish(event)
                        self._next(worker)
            self.result = replace(self.result, seconds=time.monotonic() - began)
            alerts = self._all_alerts()
            write_json(folder / ALERTS, alerts)
            bundle(self.result, alerts, self.tables)
            return self.result
        finally:
            for worker in pool:
                worker.stop()
            self._record()

    def _next(self, worker: _Worker) -> None:
        worker.give(self.waiting.popleft() if self.waiting else None)

    def _finish(self, event: Finished) -> None:
        """Enter what came of a job, and tell the terminal and the folder's readers."""
        self.alerts[event.name] = event.alerts
        self.tables[event.name] = event.tables
        reports = tuple(
            _updated(report, event) if report.name == event.name else report
            for report in self.result.reports
        )
        self.result = replace(self.result, reports=reports)
        self.progress.finish(event.name, event.seconds, event.failure, event.verdict)
        self._record()

    def _record(self) -> None:
        for remark in record(self.result):
            self.progress.say(remark)

    def _all_alerts(self) -> list[dict[str, Any]]:
        """Alerts of all reports, the worst first, then in the reports' order.

        A report that failed is one, lest a short list be taken for good news.
        """
        alerts: list[dict[str, Any]] = []
        for report in self.result.reports:
            if report.state is State.FAILED:
                alerts.append(
                    {
                        "kind": "report",
                        "subject": report.name,
                        "window": None,
                        "severity": Severity.MAJOR,
                        "message": f"The report {report.name!r} failed: {report.failure}",
                        "state": NEW,
                    }
                )
            alerts += self.alerts.get(report.name, [])
        return sorted(alerts, key=lambda alert: (alert["state"] == OVER, -rank(alert["severity"])))

    def _died(self, worker: _Worker) -> None:
        """Say on the page of a job that its worker ended in the middle of it."""
        job = worker.job
        if job is None:
            return
        sentence = worker.last_words()
        write_whole(job.page, failure_page(job.title, sentence).html)
        self._finish(Finished(job.name, job.title, worker.seconds, sentence))


def _updated(report: ReportResult, event: Finished) -> ReportResult:
    return replace(
        report,
        title=event.title,
        state=State.FAILED if event.failure else State.DONE,
        failure=event.failure,
        verdict=event.verdict,
        severity=event.severity,
        alerts=sum(alert["state"] != OVER for alert in event.alerts),
        seconds=event.seconds,
        fingerprints=event.fingerprints,
        facts=event.facts,
    )


class _Worker:
    """A process of `driftlib.reporting.worker`, and the job that it has."""

    def __init__(self, events: _Events) -> None:
        self.job: Job | None = None
        self.began = time.monotonic()
        self.messages = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "driftlib.reporting.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.messages,
            env=worker_environment(),
            text=True,
            encoding="utf-8",
            # Ctrl-C is for the parent, which then ends its workers in order.
            start_new_session=True,
        )
        threading.Thread(target=self._follow, args=(events,), daemon=True).start()

    def _follow(self, events: _Events) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                events.put((self, read_event(line)))
        events.put((self, None))

    def give(self, job: Job | None) -> None:
        """Start a job; None when there are no more."""
        self.job, self.began = job, time.monotonic()
        if job and self.process.stdin:
            try:
                self.process.stdin.write(write_line(job))
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


# An event and who sent it; None when a worker has ended.
_Events = queue.Queue[tuple[_Worker, Event | None]]


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed left of a file it was writing."""
    for path in folder.glob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
        except OSError:
            continue
