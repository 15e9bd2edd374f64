"""Files larger than memory: memory, speed and accuracy; Dask and Spark; very wide tables.

Every line is measured in a process of its own, whose peak memory is its own. On a machine
with other work only CPU seconds and ratios mean something: what is compared is run in turn.
BENCH_ROWS sets the number of rows (default 5,000,000; 50,000,000 take 2 GB of disk),
BENCH_FOLDER where the files go.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import driftlib as dl

ROWS = int(os.environ.get("BENCH_ROWS", 5_000_000))
ROWS_OF_FILE = 500_000
CPU = time.process_time
CONTINUOUS = ["normal", "exponential", "heavy tail", "gamma", "price"]


def make(rng: np.random.Generator, rows: int, shift: float = 0.0) -> pa.Table:
    """Ten columns: continuous, rounded, with gaps, counts, and two of text."""
    few = np.array([f"level {i}" for i in range(20)])
    many = np.array([f"shop {i}" for i in range(500)])
    text = [
        pa.DictionaryArray.from_arrays(codes.astype(np.int32), names).cast(pa.string())
        for codes, names in (
            (rng.integers(0, 20, rows), few),
            (500 * rng.power(0.5 + shift, rows), many),
        )
    ]
    columns = {
        "normal": rng.normal(shift, 1, rows),
        "exponential": rng.exponential(1 + shift, rows),
        "heavy tail": rng.standard_t(3, rows) + shift,
        "gamma": (rng.gamma(2 + shift, size=rows)).astype(np.float32),
        "price": np.round(rng.lognormal(3 + shift, 1, rows), 2),
        "gaps": np.where(rng.random(rows) < 0.1, np.nan, np.round(rng.normal(20, 5, rows), 1)),
        "count": rng.poisson(3 + shift, rows),
        "hour": rng.integers(0, 24, rows),
        "level": text[0],
        "shop": text[1],
    }
    return pa.table(columns)


def write_files(folder: Path, rows: int) -> None:
    """The table in files of half a million rows each, a fifth of them in a folder `fifth`."""
    (folder / "fifth").mkdir(parents=True)
    for number in range(max(1, rows // ROWS_OF_FILE)):
        path = folder / f"part-{number:04}.parquet"
        table = make(np.random.default_rng([1, number]), min(rows, ROWS_OF_FILE))
        pq.write_table(table, path, compression="zstd", row_group_size=100_000)
        if number % 5 == 0:
            os.link(path, folder / "fifth" / path.name)
    dl.Baseline.fit(make(np.random.default_rng(2), 200_000)).save(folder / "baseline.json")


def timed(
    run: Callable[[], Any], clock: Callable[[], float] = time.perf_counter
) -> tuple[float, Any]:
    """Seconds, and what was returned."""
    start = clock()
    result = run()
    return clock() - start, result


def profiled(folder: Path, part: str) -> dict[str, Any]:
    """One pass over the files of `part` on a baseline that was saved."""
    baseline = dl.Baseline.load(folder / "baseline.json")
    path = folder / part / "part-*.parquet"
    seconds, (cpu, profile) = timed(lambda: timed(lambda: baseline.profile(path), CPU))
    return {"rows": profile.rows, "seconds": seconds, "cpu": cpu}


def fitted(folder: Path, part: str) -> dict[str, Any]:
    """A baseline fitted in two passes, and how far its edges are from the exact deciles."""
    path = folder / part / "part-*.parquet"
    seconds, (cpu, baseline) = timed(lambda: timed(lambda: dl.Baseline.fit(path), CPU))
    baseline.save(folder / "fitted.json")
    worst = 0.0
    for name in CONTINUOUS:
        column = baseline.columns[name]
        shares = np.cumsum(column.bins(column.reference))[:-1] / column.reference.present
        worst = max(worst, float(np.abs(shares - np.arange(1, 10) / 10).max()))
    return {"rows": baseline.rows, "seconds": seconds, "cpu": cpu, "rank": worst}


def efficiency(folder: Path, part: str) -> dict[str, Any]:
    """Streaming against counting one chunk in memory plus decoding the files, in turn."""
    from driftlib.data.opening import open_source

    baseline = dl.Baseline.load(folder / "baseline.json")
    path = folder / part / "part-*.parquet"
    chunk = make(np.random.default_rng(3), 1_000_000).to_pandas()
    source = open_source(path, "current", "files")

    def decode() -> int:
        return sum(
            len(batch.frame)
            for file in source.paths
            for batch in source._batches(file, list(baseline.columns), 0, file.name)
        )

    ratios, rows = [], decode()
    for _ in range(5):
        counting = timed(lambda: baseline.profile(chunk))[0] / len(chunk)
        decoding = timed(decode)[0] / rows
        streaming = timed(lambda: baseline.profile(path))[0] / rows
        ratios.append((counting + decoding) / streaming)
    return {"ratio": float(np.median(ratios)), "ratios": np.round(ratios, 2).tolist()}


def accuracy(folder: Path, part: str) -> dict[str, Any]:
    """Largest relative error of PSI on the fitted baseline, where the exact one is over 0.01."""
    ours = dl.Baseline.load(folder / "fitted.json")
    batches = [
        make(np.random.default_rng([4, i]), 200_000, shift).select(CONTINUOUS)
        for i, shift in enumerate((0.1, 0.2, 0.5, 1.0))
    ]
    errors = []
    for name in CONTINUOUS:
        tables = [
            pq.read_table(p, columns=[name]) for p in sorted((folder / part).glob("part-*.parquet"))
        ]
        exact = dl.Baseline.fit(pa.concat_tables(tables))
        for batch in batches:
            psi, wanted = (
                float(dl.detect_drift(b, batch, features=[name]).table.loc[name, "psi"])
                for b in (ours, exact)
            )
            if wanted > 0.01:
                errors.append(abs(psi / wanted - 1))
    return {"psi": max(errors), "cases": len(errors)}


def windows(folder: Path, part: str) -> dict[str, Any]:
    """CPU seconds of a pass, without windows, in 12 by row, and in 20 and 500 by value."""
    baseline = dl.Baseline.load(folder / "baseline.json")
    path = folder / part / "part-*.parquet"
    seconds, profile = timed(lambda: baseline.profile(path), CPU)
    return {
        "rows": profile.rows,
        "1": seconds,
        "12": timed(lambda: dl.drift_trend(baseline, path, window=-(-profile.rows // 12)), CPU)[0],
        "20": timed(lambda: dl.drift_trend(baseline, path, window="level"), CPU)[0],
        "500": timed(lambda: dl.drift_trend(baseline, path, window="shop"), CPU)[0],
    }


def dask(folder: Path, part: str) -> dict[str, Any]:
    """Rows per second of Dask with two worker processes, over those of plain streaming."""
    import dask.dataframe as dd
    from distributed import Client, LocalCluster

    baseline = dl.Baseline.load(folder / "baseline.json")
    path = folder / part
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as local,
        Client(local) as client,
    ):

        def cpu() -> float:
            return CPU() + sum(client.run(CPU).values())

        return _against_plain(baseline, path, lambda: dd.read_parquet(path / "part-*.parquet"), cpu)


def spark(folder: Path, part: str) -> dict[str, Any]:
    """The same for Spark on this machine."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for name in ("host", "bindAddress"):
        builder = builder.config(f"spark.driver.{name}", "127.0.0.1")
    session = builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    baseline = dl.Baseline.load(folder / "baseline.json")
    path = folder / part
    files = sorted(map(str, path.glob("part-*.parquet")))
    result = _against_plain(baseline, path, lambda: session.read.parquet(*files))
    few = session.read.parquet(files[0]).limit(1000)
    result["overhead"] = min(timed(lambda: baseline.profile(few))[0] for _ in range(3))
    return result


def _against_plain(
    baseline: dl.Baseline,
    path: Path,
    frame: Callable[[], Any],
    cpu: Callable[[], float] = lambda: np.nan,
) -> dict[str, Any]:
    for _ in range(2):
        baseline.profile(frame())
    ratios, costs, rows = [], [], 0
    for _ in range(5):
        plain, (plain_cpu, _profile) = timed(
            lambda: timed(lambda: baseline.profile(path / "part-*.parquet"), CPU)
        )
        spent, (spent_cpu, profile) = timed(lambda: timed(lambda: baseline.profile(frame()), cpu))
        ratios.append(plain / spent)
        costs.append(plain_cpu / spent_cpu)
        rows = profile.rows
    return {
        "rows": rows,
        "ratio": float(np.median(ratios)),
        "ratios": np.round(ratios, 2).tolist(),
        "cpu": float(np.median(costs)),
    }


def wide(folder: Path, part: str) -> dict[str, Any]:
    """CPU milliseconds a column of fitting, counting, comparing and drawing 10,000 rows."""
    from driftlib.visualization import drift_heatmap

    columns = int(part)
    rng = np.random.default_rng(5)
    path = folder / f"wide-{columns}.parquet"
    # Without a name of its own, as pandas takes a copy.
    frame = pd.DataFrame(rng.standard_normal((10_000, columns), dtype=np.float32)).add_prefix("x")
    found = {}
    found["fit"], baseline = timed(lambda: dl.Baseline.fit(frame), CPU)
    found["profile"], counts = timed(lambda: baseline.profile(frame), CPU)
    found["compare"], result = timed(lambda: dl.detect_drift(baseline, counts), CPU)
    needed = peak_memory()
    frame.to_parquet(path)
    found["streamed"], _ = timed(lambda: baseline.profile(path), CPU)
    found["draw"], chart = timed(lambda: drift_heatmap(result), CPU)
    path.unlink()
    return {name: 1000 * seconds / columns for name, seconds in found.items()} | {
        "seconds": sum(found.values()),
        "needed": needed,
        "rows drawn": len(chart.data[0].y),
    }


def peak_memory() -> float:
    """MB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


TASKS = (profiled, fitted, efficiency, accuracy, windows, dask, spark, wide)


def measured(task: Callable[..., dict[str, Any]], folder: Path, part: str = "") -> dict[str, Any]:
    """What a task returns, run in a process of its own, with that process's peak memory."""
    command = [sys.executable, "-m", "bench.scale", task.__name__, str(folder), part]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{task.__name__} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print what each part costs."""
    folder = Path(os.environ.get("BENCH_FOLDER") or tempfile.mkdtemp(prefix="driftlib-"))
    try:
        _report(folder / "bench-scale")
    finally:
        shutil.rmtree(folder / "bench-scale", ignore_errors=True)


def _report(folder: Path) -> None:
    write_files(folder, ROWS)
    size = sum(path.stat().st_size for path in folder.glob("part-*.parquet"))
    print(f"{ROWS:,} rows x 10 columns in {size / 1e9:.1f} GB of Parquet\n")
    print("pass                     rows    rows/s   CPU s per million   peak memory")
    for title, task in (("profile", profiled), ("fit (two passes)", fitted)):
        for part in ("fifth", ""):
            found = measured(task, folder, part)
            speed = found["rows"] / found["seconds"]
            cpu = found["cpu"] / found["rows"] * 1e6
            print(
                f"{title:18} {found['rows']:>11,} {speed:>9,.0f} {cpu:>19.2f} "
                f"{found['memory']:>10,.0f} MB"
            )
    print(f"\nlargest rank error of a decile: {found['rank']:.3%}")
    found = measured(accuracy, folder)
    print(f"largest relative error of a PSI over 0.01: {found['psi']:.2%} ({found['cases']} cases)")
    found = measured(efficiency, folder, "fifth")
    print(
        f"streaming / (one chunk in memory + decoding): {found['ratio']:.2f} x as fast "
        f"(runs: {found['ratios']})"
    )
    found = measured(windows, folder, "fifth")
    passes = ", ".join(f"{found[n] / found['1']:.2f} for {n}" for n in ("12", "20", "500"))
    print(f"CPU of windows, in passes without: {passes} (the latter two not in order of rows)")
    for title, package, task in (("Dask", "distributed", dask), ("Spark", "pyspark", spark)):
        if not find_spec(package):
            print(f"{title}: not installed here")
            continue
        found = measured(task, folder, "fifth")
        more = f"; {found['overhead']:.1f} s for 1,000 rows" if "overhead" in found else ""
        more += f"; by CPU seconds {found['cpu']:.2f}" if np.isfinite(found["cpu"]) else ""
        print(
            f"{title}, two workers: {found['ratio']:.2f} x as fast as plain streaming "
            f"(runs: {found['ratios']}){more}"
        )
    parts = ("fit", "profile", "streamed", "compare", "draw")
    print("\n10,000 rows, CPU milliseconds a column")
    heads = "".join(f"{part:>10}" for part in parts)
    print(f"columns {heads}  CPU s  rows drawn  peak memory")
    for columns in (1_000, 3_000, 10_000):
        found = measured(wide, folder, str(columns))
        print(
            f"{columns:>7,} "
            + "".join(f"{found[part]:>10.2f}" for part in parts)
            + f"{found['seconds']:>7.1f} {found['rows drawn']:>11} {found['needed']:>9,.0f} MB"
        )


if __name__ == "__main__":
    name, where, which = sys.argv[1:]
    chosen = {task.__name__: task for task in TASKS}[name]
    outcome = chosen(Path(where), which)
    outcome["memory"] = peak_memory()
    print(json.dumps(outcome))
