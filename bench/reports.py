"""How long a report of the flights takes, and how much of it a kernel's start is."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from driftlib.reporting import forkserver, run_report

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ("baseline", "drift", "performance", "demo")
# What a notebook imports before it can begin.
IMPORTS = "import ipykernel.kernelapp; from driftlib.reporting import forkserver as f; f.preload()"


def main() -> None:
    """Print seconds of a kernel's start from nothing and as a fork, of one report and of all."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, cwd=ROOT)
    fresh = time.perf_counter() - start
    server = forkserver.start()
    if server is None:
        print("Kernels are not forked here.")
    else:
        asked = [_seconds_of_fork(server) for _ in range(4)]
        server.stop()
        # The first of them waits for the imports.
        forked = min(asked[1:])
        print(f"imports of a kernel: {fresh:.2f} s from nothing, {forked:.3f} s as a fork")
    for names in (("drift",), NOTEBOOKS):
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            paths = [ROOT / "notebooks" / f"{name}.ipynb" for name in names]
            run = run_report(output=folder, notebooks=paths, progress=False)
        assert not run.failed
        each = ", ".join(f"{report.name} {report.seconds:.1f}" for report in run.reports)
        print(f"report of {len(names)}: {time.perf_counter() - start:.1f} s ({each})")


def _seconds_of_fork(server: forkserver.ForkServer) -> float:
    start = time.perf_counter()
    process = server.fork(forkserver.Request([], {}, str(ROOT)))
    seconds = time.perf_counter() - start
    process.kill()
    process.wait()
    return seconds
