"""A process that runs notebooks, one after another, and writes a page for each.

`driftlib.reporting.run` starts it, sends jobs as lines of JSON to its standard input and
reads events, again lines of JSON, from its standard output. When its input ends, the
run is over or was stopped: it takes the kernel it may have started with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from driftlib.errors import DriftlibError
from driftlib.files import write_whole
from driftlib.reporting.evidently import DRIFT_PAGE, evidently_report
from driftlib.reporting.export import Page, export, failure_page, failure_sentence

Send = Callable[..., None]

START_TIMEOUT = 60
GRACE = 0.5
WRITING = threading.Lock()
# A socket's path may have 107 characters; the connection file's name takes some of them.
LONGEST_SOCKET_FOLDER = 60


def main() -> None:
    """Serve jobs until the input ends."""
    # jsonschema would take 1.5 s to load it, for checks of addresses that no notebook needs.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    # Whatever a kernel prints must not come between the events.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(event: str, **content: Any) -> None:
        events.write(json.dumps({"event": event, **content}) + "\n")
        events.flush()

    kernels: list[Any] = []
    jobs: queue.Queue[dict[str, Any]] = queue.Queue()
    with tempfile.TemporaryDirectory(prefix="dl-", ignore_cleanup_errors=True) as folder:
        # Kernels of several runs share neither connection files nor IPython's history.
        os.environ |= {"JUPYTER_RUNTIME_DIR": folder, "IPYTHONDIR": folder}

        def read() -> None:
            for line in sys.stdin:
                jobs.put(json.loads(line))
            with WRITING:
                _end(kernels)
                shutil.rmtree(folder, ignore_errors=True)
                os._exit(0)

        threading.Thread(target=read, daemon=True).start()
        while True:
            run_job(jobs.get(), Path(folder), kernels, send)


def _end(kernels: list[Any]) -> None:
    """End the kernels that still run, each with the processes that it started."""
    processes = [getattr(kernel.provisioner, "process", None) for kernel in kernels]
    running = [process for process in processes if process and process.poll() is None]
    # First politely, so that a file that is being written is cleared away.
    for end in (signal.SIGINT, getattr(signal, "SIGKILL", signal.SIGTERM)):
        for process in running:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, end) if hasattr(os, "killpg") else process.kill()
        deadline = time.monotonic() + GRACE
        while time.monotonic() < deadline and any(p.poll() is None for p in running):
            time.sleep(0.02)


def run_job(job: dict[str, Any], folder: Path, kernels: list[Any], send: Send) -> None:
    """Run one notebook and write its page; never raises for what the notebook does."""
    name, began = job["name"], time.monotonic()
    try:
        if "notebook" in job:
            notebook, failure = execute(job, folder, kernels, send)
            page = export(notebook, name.capitalize(), failure)
        else:
            page = compare(job, folder, send)
    except Exception as error:
        sentence = failure_sentence(type(error).__name__, str(error))
        page = failure_page(name.capitalize(), sentence)
    with WRITING:
        write_whole(job["page"], page.html)
    send(
        "done",
        name=name,
        title=page.title,
        failure=page.failure,
        summary=page.summary,
        fingerprints=page.fingerprints,
        seconds=time.monotonic() - began,
    )


def compare(job: dict[str, Any], folder: Path, send: Send) -> Page:
    """Evidently's own page on drift; the others that it makes go beside it."""
    send("progress", name=job["name"], done=0, total=1)
    written, failure = folder / "evidently", None
    try:
        evidently_report(job["reference"], job["current"], written, **job["columns"])
    except DriftlibError as error:
        if not (written / DRIFT_PAGE).exists():
            raise
        failure = str(error)
    with WRITING:
        for path in written.glob("*.html"):
            write_whole(Path(job["page"]).with_name(path.name), path.read_bytes())
    page = (written / DRIFT_PAGE).read_text(encoding="utf-8")
    verdict = "Evidently's own report on the same data."
    summary = {"verdict": verdict, "severity": None, "alerts": []}
    return Page(page, "Evidently", failure, summary, {})


def execute(
    job: dict[str, Any], folder: Path, kernels: list[Any], send: Send
) -> tuple[Any, str | None]:
    """Executed notebook, and why it is not complete where none of its cells says so."""
    import nbformat
    import papermill
    from papermill.engines import papermill_engines

    papermill_engines.register("driftlib", _engine(kernels, send, job["name"]))
    executed = folder / f"{job['name']}.ipynb"
    failure = None
    for attempt in ("first", "second"):
        before = len(kernels)
        try:
            papermill.execute_notebook(
                job["notebook"],
                str(executed),
                job["parameters"],
                engine_name="driftlib",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=START_TIMEOUT,
                execution_timeout=job["timeout"],
                cwd=str(Path(job["notebook"]).parent),
                socket=_socket_possible(folder) and attempt == "first",
            )
        except papermill.PapermillExecutionError:
            pass  # the failed cell has the message
        except Exception as error:
            if attempt == "first" and not any(kernel.answered for kernel in kernels[before:]):
                continue
            if not executed.exists():
                raise
            failure = _stopped(error, job["timeout"])
        break
    return nbformat.read(executed, as_version=4), failure


def _socket_possible(folder: Path) -> bool:
    return os.name == "posix" and len(str(folder)) <= LONGEST_SOCKET_FOLDER


def _stopped(error: Exception, timeout: int) -> str:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    if isinstance(error, CellTimeoutError):
        return (
            f"A step took longer than {timeout:,} seconds and was stopped: "
            "use less data, or allow more time."
        )
    if isinstance(error, DeadKernelError):
        return (
            "The process that ran the notebook ended without a word, mostly for want of memory: "
            "use less data, or a machine with more memory."
        )
    return failure_sentence(type(error).__name__, str(error))


def _engine(kernels: list[Any], send: Send, name: str) -> type:
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine

    class Kernel(AsyncKernelManager):
        """A kernel of this Python, whatever other kernels the user has installed."""

        answered = False

        def __init__(self, **settings: Any) -> None:
            # No folder to look in: "python3" is then the running interpreter's own.
            super().__init__(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), **settings)
            kernels.append(self)

    class SocketKernel(Kernel):
        """Talks through files only this user can open, and so needs no free port."""

        def __init__(self, **settings: Any) -> None:
            # Left to itself, the first part of the sockets' names is the same for all kernels.
            sockets = Path(os.environ["JUPYTER_RUNTIME_DIR"], f"k{len(kernels)}")
            super().__init__(transport="ipc", ip=str(sockets), **settings)

    class ReportEngine(Engine):
        """Papermill's way of running a notebook, with our kernels and events."""

        @classmethod
        def execute_managed_notebook(  # type: ignore[override]
            cls,
            nb_man: Any,
            kernel_name: str,
            start_timeout: int,
            execution_timeout: int,
            socket: bool,
            **_: Any,
        ) -> None:
            total = sum(cell.cell_type == "code" for cell in nb_man.nb.cells)
            done = 0

            def started(**_: Any) -> None:
                kernels[-1].answered = True

            def advanced(**_: Any) -> None:
                nonlocal done
                done += 1
                send("progress", name=name, done=done, total=total)

            send("progress", name=name, done=0, total=total)
            PapermillNotebookClient(
                nb_man,
                kernel_name=kernel_name,
                kernel_manager_class=SocketKernel if socket else Kernel,
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                shutdown_kernel="immediate",
                on_cell_start=started,
                on_cell_complete=advanced,
            ).execute()

    return ReportEngine


if __name__ == "__main__":
    main()
