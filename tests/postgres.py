"""A Postgres server of its own for tests: as a module, `python -m tests.postgres COMMAND`."""

from __future__ import annotations

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "DRIFTLIB_TEST_DATABASE"
USER, PASSWORD = "driftlib", "s3cr/t@word"


def programs() -> str:
    """Where initdb and postgres are; empty where there is no server."""
    found = shutil.which("initdb") or max(glob.glob("/usr/lib/postgresql/*/bin/initdb"), default="")
    return str(Path(found).resolve().parent) if found else ""


@contextmanager
def server() -> Iterator[str]:
    """Start a server on 127.0.0.1 whose only user has a password, and give its URL."""
    # Postgres refuses to run as root.
    as_user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        data, secret = Path(folder, "data"), Path(folder, "password")
        secret.write_text(PASSWORD)
        data.mkdir()
        if as_user:
            shutil.chown(data, **as_user)
        tools, quiet = Path(programs()), {"stdout": subprocess.DEVNULL, "check": True, "cwd": "/"}
        made = ["-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"]
        subprocess.run([tools / "initdb", *made], **quiet, **as_user)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
        options += " -c unix_socket_directories=''"
        control = [tools / "pg_ctl", "-D", data, "-w", "-l", data / "log"]
        subprocess.run([*control, "-o", options, "start"], **quiet, **as_user)
        try:
            quoted = PASSWORD.replace("/", "%2F").replace("@", "%40")
            yield f"postgresql+psycopg://{USER}:{quoted}@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **quiet, **as_user)


if __name__ == "__main__":
    if not programs():
        sys.exit("No Postgres server here (apt-get install postgresql): its tests are not run.")
    with server() as url:
        sys.exit(subprocess.run(sys.argv[1:], env=os.environ | {VARIABLE: url}).returncode)
