"""Make pages, one after another, in a process of their own.

`driftlib.reporting.pool` starts it, sends jobs as lines of JSON to its standard input and
reads events, again lines of JSON, from its standard output. When its input ends, the
run is over or was stopped: it takes the kernel it may have started with it.
"""

from __future__ import annotations

import os
import queue
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from driftlib.errors import DriftlibError
from driftlib.files import write_whole
from driftlib.reporting import forkserver
from driftlib.reporting.evidently import DRIFT_PAGE, evidently_report
from driftlib.reporting.execute import Workshop, end_kernels, execute
from driftlib.reporting.export import RenderedPage, export, failure_page, failure_sentence
from driftlib.reporting.jobs import Advanced, Event, Finished, Job, read_job, write_line

WRITING = threading.Lock()


def main() -> None:
    """Serve jobs until the input ends."""
    # jsonschema would take 1.5 s to load it, for checks of addresses that no notebook needs.
    # That None stands for "cannot be imported" is not in the type of sys.modules.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    # Whatever a kernel prints must not come between the events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(event: Event) -> None:
        events.write(write_line(event))
        events.flush()

    jobs: queue.Queue[Job] = queue.Queue()
    with tempfile.TemporaryDirectory(prefix="dl-", ignore_cleanup_errors=True) as folder:
        # Kernels of several runs share neither connection files nor IPython's history.
        os.environ |= {"JUPYTER_RUNTIME_DIR": folder, "IPYTHONDIR": folder}
        # Before there is a thread, which no copy would have.
        workshop = Workshop(Path(folder), send, forkserver=forkserver.start())

        def read() -> None:
            for line in sys.stdin:
                jobs.put(read_job(line))
            with WRITING:
                end_kernels(workshop.kernels)
                if workshop.forkserver:
                    workshop.forkserver.stop()
                shutil.rmtree(folder, ignore_errors=True)
                os._exit(0)

        threading.Thread(target=read, daemon=True).start()
        while True:
            run_job(jobs.get(), workshop)


def run_job(job: Job, workshop: Workshop) -> None:
    """Make the page of a job; never raise for what its notebook does.

    Parameters
    ----------
    job : Job
        For a notebook or for Evidently.
    workshop : Workshop
        Is told of the progress and of the end.
    """
    began = time.monotonic()
    try:
        if job.notebook:
            notebook, failure = execute(job, job.notebook, workshop)
            page = export(notebook, job.title, failure)
        else:
            page = _compare(job, workshop)
    except Exception as error:
        page = failure_page(job.title, failure_sentence(type(error).__name__, str(error)))
    with WRITING:
        write_whole(job.page, page.html)
    workshop.send(
        Finished(
            name=job.name,
            title=page.title,
            seconds=time.monotonic() - began,
            failure=page.failure,
            verdict=page.verdict,
            severity=page.severity,
            alerts=list(page.alerts),
            fingerprints=page.fingerprints,
            facts=page.facts,
            tables=list(page.tables),
        )
    )


def _compare(job: Job, workshop: Workshop) -> RenderedPage:
    """Evidently's own page on drift; the others that it makes go beside it."""
    workshop.send(Advanced(job.name, 0, 1))
    written, failure = workshop.folder / "evidently", None
    try:
        evidently_report(output=written, **job.parameters)
    except DriftlibError as error:
        if not (written / DRIFT_PAGE).exists():
            raise
        failure = str(error)
    with WRITING:
        for path in written.glob("*.html"):
            write_whole(Path(job.page).with_name(path.name), path.read_bytes())
    html = (written / DRIFT_PAGE).read_text(encoding="utf-8")
    verdict = "Evidently's own report on the same data."
    return RenderedPage(html, "Evidently", failure, verdict)


if __name__ == "__main__":
    main()
