"""Rows in DuckDB, SQLite and Postgres against the same rows in Parquet: time and peak memory.

Every line is measured in a process of its own, and is of ten columns; after a first pass, whose
peak memory is told, passes are in turn with those over Parquet, so that only their ratio matters.
BENCH_ROWS sets the number of rows (default 2,000,000), BENCH_FOLDER where the files go; a fifth of
them is counted too, as memory must not depend on how many there are. What is not installed here
(DuckDB, ADBC's drivers, a Postgres server) is left out, and said; BENCH_SYSTEMS chooses some.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import driftlib as dl
from bench.scale import CPU, timed, write_files
from tests import postgres

ROWS = int(os.environ.get("BENCH_ROWS", 2_000_000))
NEEDED = {"DuckDB": "duckdb", "SQLite": "adbc_driver_sqlite", "Postgres": "adbc_driver_postgresql"}
PASSES = 3
CHOSEN = os.environ.get("BENCH_SYSTEMS", ",".join(NEEDED)).split(",")


def fill(folder: Path, system: str, url: str) -> None:
    """Write the rows of all files, and of a fifth of them, into a database."""
    for part in ("", "fifth"):
        files = sorted((folder / part).glob("part-*.parquet"))
        if system == "DuckDB":
            import duckdb

            with duckdb.connect(str(folder / "rows.duckdb")) as connection:
                pattern = folder / part / "part-*.parquet"
                connection.execute(f"CREATE TABLE {_name(part)} AS FROM '{pattern}'")
            continue
        from importlib import import_module

        driver = import_module(f"{NEEDED[system]}.dbapi")
        place = str(folder / "rows.sqlite") if system == "SQLite" else url.replace("+psycopg", "")
        with driver.connect(place) as connection, connection.cursor() as cursor:
            for number, file in enumerate(files):
                mode = "append" if number else "create"
                cursor.adbc_ingest(_name(part), pq.read_table(file), mode=mode)
            connection.commit()


def _name(part: str) -> str:
    return "fifth" if part else "whole"


def opened(folder: Path, system: str, part: str, url: str) -> Any:
    """Name the rows as a user would."""
    if system == "Parquet":
        return folder / part / "part-*.parquet"
    if system == "DuckDB":
        import duckdb

        return duckdb.connect(str(folder / "rows.duckdb"), read_only=True).table(_name(part))
    if system == "SQLite":
        return f"sql:sqlite:///{folder / 'rows.sqlite'} {_name(part)}"
    return f"sql:{url} {_name(part)}"


def profiled(folder: Path, system: str, part: str, url: str) -> dict[str, Any]:
    """Passes on a saved baseline, in turn with passes over Parquet, and what was counted."""
    baseline = dl.Baseline.load(folder / "baseline.json")
    data, plain = opened(folder, system, part, url), opened(folder, "Parquet", part, url)
    profile = baseline.profile(data)
    found: dict[str, Any] = {"rows": profile.rows, "memory": _peak()}
    passes = []
    for _ in range(PASSES):
        sides = [timed(lambda d=d: timed(lambda: baseline.profile(d), CPU)) for d in (data, plain)]
        passes.append([(seconds, cpu) for seconds, (cpu, _) in sides])
    (own, cpu), (other, other_cpu) = np.median(passes, axis=0).tolist()
    counted = {
        name: getattr(counts, kind).tolist()
        for name, counts in profile.columns.items()
        for kind in ("below", "levels")
        if hasattr(counts, kind)
    }
    ratios = {"seconds": own, "ratio": own / other, "cpu": cpu / other_cpu}
    return found | ratios | {"counts": hash(json.dumps(counted))}


def _peak() -> float:
    """Megabytes: what getrusage says is at least what the process had that started this one."""
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
    return int(line.split()[1]) / 1000


def measured(*arguments: str) -> dict[str, Any]:
    """What `profiled` returns, run in a process of its own, with that process's peak memory."""
    command = [sys.executable, "-m", "bench.databases", *arguments]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print what each system costs."""
    folder = Path(tempfile.mkdtemp(prefix="driftlib-", dir=os.environ.get("BENCH_FOLDER")))
    try:
        with postgres.server() if postgres.programs() else nullcontext("") as url:
            _report(folder / "rows", url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _report(folder: Path, url: str) -> None:
    write_files(folder, ROWS)
    known: dict[str, dict[str, Any]] = {}
    print("rows in           rows    rows/s  Parquet's time    and CPU   peak memory")
    for system in ("Parquet", *CHOSEN):
        there = not (package := NEEDED.get(system)) or find_spec(package)
        if not there or (system == "Postgres" and not url):
            print(f"{system}: not installed here")
            continue
        if system != "Parquet":
            fill(folder, system, url)
        for part in ("fifth", ""):
            found = measured(str(folder), system, part, url)
            plain = known.setdefault(part, found)
            assert found["rows"] == plain["rows"]
            assert found["counts"] == plain["counts"], f"{system} counts otherwise"
            print(
                f"{system:10} {found['rows']:>11,} {found['rows'] / found['seconds']:>9,.0f} "
                f"{found['ratio']:>14.2f} x {found['cpu']:>8.2f} x {found['memory']:>10,.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    where, *rest = sys.argv[1:]
    outcome = profiled(Path(where), *rest)
    print(json.dumps(outcome))
