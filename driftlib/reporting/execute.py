"""Execute a notebook with papermill, in a kernel that no other run can disturb."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib.reporting.export import failure_sentence
from driftlib.reporting.forkserver import ForkServer, Request, further_imports
from driftlib.reporting.jobs import Advanced, Event, Job

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager
    from nbformat import NotebookNode

START_TIMEOUT = 60
GRACE = 0.5
# A socket's path may have 107 characters; the connection file's name takes some of them.
LONGEST_SOCKET_FOLDER = 60


@dataclass(frozen=True)
class Workshop:
    """Where a worker does its jobs.

    Parameters
    ----------
    folder : Path
        For what nobody is to see.
    send : callable
        Tells the pool of an event.
    kernels : list of AsyncKernelManager
        All that were started, the newest last.
    answered : set of int
        Places in that list of the kernels that have begun to work.
    forkserver : ForkServer, optional
        Where kernels come from; by default each is started from nothing.
    """

    folder: Path
    send: Callable[[Event], None]
    kernels: list[AsyncKernelManager] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    forkserver: ForkServer | None = None


def end_kernels(kernels: Iterable[AsyncKernelManager]) -> None:
    """End the kernels that still run, each with the processes that it started.

    Parameters
    ----------
    kernels : iterable of AsyncKernelManager
        Running or ended.
    """
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


def execute(job: Job, path: str, workshop: Workshop) -> tuple[NotebookNode, str | None]:
    """Execute a notebook with parameters; try again if its kernel does not start.

    Parameters
    ----------
    job : Job
        Gives name, parameters and timeout.
    path : str
        Of the notebook, which is not changed; it runs in its own folder.
    workshop : Workshop
        Is told of each cell that is done.

    Returns
    -------
    tuple of (NotebookNode, str or None)
        The notebook, executed as far as it went, and why it is not complete where none of
        its cells says so.

    Raises
    ------
    Exception
        Of any kind, if nothing of the notebook could be executed.
    """
    import papermill
    from papermill.engines import papermill_engines

    executed: list[NotebookNode] = []
    failure = None
    for attempt in ("first", "second"):
        before = len(workshop.kernels)
        executed.clear()
        engine = _engine(workshop, job.name, executed, attempt == "first")
        papermill_engines.register("driftlib", engine)
        try:
            papermill.execute_notebook(
                path,
                # Written nowhere: with large figures, every cell would wait for it.
                None,
                job.parameters,
                engine_name="driftlib",
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=START_TIMEOUT,
                execution_timeout=job.timeout,
                cwd=str(Path(path).parent),
            )
        except papermill.PapermillExecutionError:
            pass  # the failed cell has the message
        except Exception as error:
            answered = any(place >= before for place in workshop.answered)
            if attempt == "first" and not answered:
                continue
            if not executed:
                raise
            failure = _stopped(error, job.timeout)
        break
    return executed[0], failure


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


def _engine(workshop: Workshop, name: str, executed: list[NotebookNode], quickly: bool) -> type:
    """Make papermill's engine for a job, which leaves the notebook in a list.

    Its kernel starts quickly, or else in the way that always works.
    """
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from jupyter_client.provisioning.local_provisioner import LocalProvisioner
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine

    class ForkProvisioner(LocalProvisioner):
        """Kernels that are forked, where others are started."""

        process: Any

        async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
            arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
            assert workshop.forkserver is not None
            self.cwd = options.get("cwd") or os.getcwd()
            imports = further_imports("\n".join(cell.source for cell in executed[0].cells))
            request = Request(arguments, dict(options["env"]), str(self.cwd), imports)
            self.process = workshop.forkserver.fork(request)
            self.pid = self.pgid = self.process.pid
            return self.connection_info

    class Kernel(AsyncKernelManager):
        """A kernel of this Python, whatever other kernels the user has installed."""

        def __init__(self, **settings: Any) -> None:
            # No folder to look in: "python3" is then the running interpreter's own.
            super().__init__(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]), **settings)
            workshop.kernels.append(self)
            if quickly and workshop.forkserver:
                self.kernel_id = uuid.uuid4().hex
                self.provisioner = ForkProvisioner(
                    kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
                )

    class SocketKernel(Kernel):
        """Talks through files only this user can open, and so needs no free port."""

        def __init__(self, **settings: Any) -> None:
            # Left to itself, the first part of the sockets' names is the same for all kernels.
            sockets = Path(os.environ["JUPYTER_RUNTIME_DIR"], f"k{len(workshop.kernels)}")
            super().__init__(transport="ipc", ip=str(sockets), **settings)

    class ReportEngine(Engine):
        """Papermill's way of running a notebook, with our kernels and events."""

        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            start_timeout: int,
            execution_timeout: int,
            **_: Any,
        ) -> None:
            executed.append(nb_man.nb)
            socket = quickly and _socket_possible(workshop.folder)
            total = sum(cell.cell_type == "code" for cell in nb_man.nb.cells)
            done = 0

            def started(**_: Any) -> None:
                workshop.answered.add(len(workshop.kernels) - 1)

            def advanced(**_: Any) -> None:
                nonlocal done
                done += 1
                workshop.send(Advanced(name, done, total))

            workshop.send(Advanced(name, 0, total))
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
