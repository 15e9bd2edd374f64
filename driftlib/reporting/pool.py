"""Processes that do the jobs of a run, and the one that watches them."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from driftlib.files import write_json, write_whole
from driftlib.reporting.environment import worker_environment
from driftlib.reporting.export import failure_page
from driftlib.reporting.index import DONE, FAILED, record
from driftlib.reporting.progress import Progress
from driftlib.reporting.result import RunResult
from driftlib.severity import rank

ALERTS = "alerts.json"
STOP_SECONDS = 5
# Temporary files as old as this are no longer being written.
STALE_SECONDS = 3600


def supervise(
    run: RunResult, jobs: list[dict[str, Any]], workers: int, progress: bool
) -> RunResult:
    """Do all jobs in some processes, and return what came of them.

    Parameters
    ----------
    run : RunResult
        With a report that waits for each job.
    jobs : list of dict
        Each with its `name`, its `page` in the run's folder, and what
        `driftlib.reporting.worker` needs.
    workers : int
        Processes at the same time.
    progress : bool
        Whether to report on standard error.
    """
    names = [job["name"] for job in jobs]
    return _Supervisor(run, jobs, Progress(names, progress)).run(workers)


class _Supervisor:
    """Hands out jobs to workers, follows their events, and keeps the folder's list of runs."""

    def __init__(self, run: RunResult, jobs: list[dict[str, Any]], progress: Progress) -> None:
        self.result = run
        # What takes longest goes first, so that it is not what everything waits for in the end.
        by_size = sorted(jobs, key=_size, reverse=True)
        self.waiting = deque({**job, "page": str(run.output / job["page"])} for job in by_size)
        self.progress = progress
        self.events: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
        self.alerts: dict[str, list[dict[str, Any]]] = {}

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
            write_json(folder / ALERTS, self._all_alerts())
            return self.result
        finally:
            for worker in pool:
                worker.stop()
            record(folder, self.result.details)

    def _next(self, worker: _Worker) -> None:
        worker.give(self.waiting.popleft() if self.waiting else None)

    def _update(self, name: str, **changes: Any) -> None:
        reports = tuple(
            replace(report, **changes) if report.name == name else report
            for report in self.result.reports
        )
        self.result = replace(self.result, reports=reports)

    def _done(self, event: Mapping[str, Any]) -> None:
        summary = event["summary"] or {}
        self.alerts[event["name"]] = list(summary.get("alerts", ()))
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

    def _all_alerts(self) -> list[dict[str, Any]]:
        """Alerts of all reports, the worst first, then in the reports' order.

        A report that failed is one, lest a short list be taken for good news.
        """
        alerts = []
        for report in self.result.reports:
            if report.state == FAILED:
                message = f"The report {report.name!r} failed: {report.failure}"
                names = ("kind", "subject", "window", "severity", "message")
                values = ("report", report.name, None, "major", message)
                alerts.append(dict(zip(names, values, strict=True)))
            alerts += self.alerts.get(report.name, [])
        return sorted(alerts, key=lambda alert: -rank(alert["severity"]))

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


def _size(job: Mapping[str, Any]) -> int:
    """Bytes of a job's notebook: the longer, the longer it takes."""
    return Path(job["notebook"]).stat().st_size if "notebook" in job else 0


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
            env=worker_environment(),
            text=True,
            encoding="utf-8",
            # Ctrl-C is for the parent, which then ends its workers in order.
            start_new_session=True,
        )
        threading.Thread(target=self._follow, args=(events,), daemon=True).start()

    def _follow(self, events: queue.Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
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


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed left of a file it was writing."""
    for path in folder.glob(".*.part"):
        try:
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
        except OSError:
            continue
