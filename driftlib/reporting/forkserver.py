"""Fork kernels from a process that has imported what notebooks need.

Every kernel begins as a copy of that process as it was before any notebook ran, so that
nothing of one notebook is left to the next, and the end of one is not felt by the others.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn

# What the notebooks import, and what that loads at its first use.
PRELOADED = (
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "pyarrow.parquet",
    "scipy.special",
    "plotly.graph_objects",
    "driftlib.widgets",
    *(f"driftlib.reporting.{name}" for name in ("inputs", "sections", "tables", "verdicts")),
    *(f"driftlib.reporting.{name}" for name in ("provenance", "watched")),
)
TABLES_OF_NAMES = ("driftlib", "driftlib.visualization")
# What only some need and takes a second, and the functions by which they are known.
LEARNERS = ("sklearn.ensemble",)
LEARNING = ("detect_drift", "diagnose", "estimate_performance", "what_if", "audit", "advise")


@dataclass(frozen=True)
class Request:
    """Ask for a kernel.

    Parameters
    ----------
    arguments : list of str
        Of `python -m ipykernel_launcher`.
    environment : dict of str
        The variables that it has.
    folder : str
        The folder that it works in.
    imports : tuple of str
        Modules that it needs besides, which later kernels then have as well.
    """

    arguments: Sequence[str]
    environment: dict[str, str]
    folder: str
    imports: tuple[str, ...] = ()


def further_imports(source: str) -> tuple[str, ...]:
    """Tell what a notebook needs that is not imported for all.

    Parameters
    ----------
    source : str
        Its code, or the whole file.

    Returns
    -------
    tuple of str
        Names of modules.

    Examples
    --------
    >>> further_imports("dl.diagnose(before, now)"), further_imports("print(1)")
    (('sklearn.ensemble',), ())
    """
    return LEARNERS if any(name in source for name in LEARNING) else ()


class ForkedProcess:
    """A process that another one forked, with the methods of `subprocess.Popen`.

    Parameters
    ----------
    pid : int
        Its number; it must not have been waited for.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self.returncode = 1  # it is gone already

    def poll(self) -> int | None:
        """Tell whether it has ended.

        Returns
        -------
        int or None
            A number if it has, which says nothing of how.
        """
        if self.returncode is None and select.select([self._descriptor], [], [], 0)[0]:
            os.close(self._descriptor)
            self.returncode = 1
        return self.returncode

    def wait(self) -> int:
        """Wait until it has ended.

        Returns
        -------
        int
            As of `poll`.
        """
        if self.returncode is None:
            select.select([self._descriptor], [], [])
        self.poll()
        return 1

    def send_signal(self, number: int) -> None:
        """Send a signal to it, if it has not ended.

        Parameters
        ----------
        number : int
            Of the signal.
        """
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The warm process, as the one that asks it for kernels sees it.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        Takes requests, and answers with the number of a process.
    pid : int
        Its own number.
    """

    def __init__(self, connection: Connection, pid: int) -> None:
        self._connection = connection
        self._pid = pid

    def fork(self, request: Request) -> ForkedProcess:
        """Start a kernel.

        Parameters
        ----------
        request : Request

        Returns
        -------
        ForkedProcess

        Raises
        ------
        OSError, EOFError
            If the warm process is no more.
        """
        self._connection.send(request)
        return ForkedProcess(self._connection.recv())

    def stop(self) -> None:
        """End the warm process, once the kernels have ended."""
        self._connection.close()
        os.waitpid(self._pid, 0)


def start() -> ForkServer | None:
    """Start a warm process, as a copy of this one, which goes on importing by itself.

    Returns
    -------
    ForkServer or None
        None where forking is not safe, or ends of processes cannot be seen.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return None
    # Of other threads a copy has the locks, and nobody who lets go of them.
    if threading.active_count() > 1:
        return None
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return None
    ours, theirs = Pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _serve(theirs)
    theirs.close()
    return ForkServer(ours, pid)


def _serve(connection: Connection) -> NoReturn:
    """Import, then fork a kernel for each request, until there is nobody to ask for more."""
    try:
        _let_go(connection.fileno())
        signal.signal(signal.SIGCHLD, _reap)
        # The parent of the kernels, whose end they are to follow: read when ipykernel is imported.
        os.environ["JPY_PARENT_PID"] = str(os.getpid())
        preload()
        gc.collect()
        gc.freeze()
        while True:
            request = connection.recv()
            _import(request.imports)
            pid = os.fork()
            if pid == 0:
                connection.close()
                _become_kernel(request)
            connection.send(pid)
    except (EOFError, OSError):
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)


def _reap(*_: object) -> None:
    """Take note of the kernels that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _let_go(kept: int) -> None:
    """Close what belongs to the process that this one is a copy of."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, kept)
    os.closerange(kept + 1, most)


def preload() -> None:
    """Import what notebooks need, as far as it is there."""
    _import(PRELOADED)
    for name in TABLES_OF_NAMES:
        module = importlib.import_module(name)
        for public in module.__all__:
            getattr(module, public)


def _import(names: Iterable[str]) -> None:
    for name in names:
        # What is not there is missed by the notebook that needs it, and said there.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _become_kernel(request: Request) -> NoReturn:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(request.folder)
        os.environ.clear()
        os.environ.update(request.environment)
        _forget()
        sys.argv = ["ipykernel_launcher", *request.arguments]
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance()
    except SystemExit:
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _forget() -> None:
    """Draw a seed of its own, as a process does that was not forked."""
    import numpy as np

    np.random.seed()  # noqa: NPY002 - the generator that notebooks share
