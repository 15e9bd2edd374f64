"""The same two frames given to other tools: seconds, peak memory, and what each answers.

Each tool runs in an environment of its own, which is made in a cache folder at the first run
(`BENCH_CACHE`, default ~/.cache/driftlib-bench), driftlib and Evidently in the one that runs
this. A run is a process of its own: it reads both frames from Parquet, then the clock starts.
Peak memory is the process's, frames included. Tools answer different questions: a column of
the table says which columns each calls drifted (x0, x1 and c0 are), and a line what it does.
`python -m bench.peers --rows 10000000` goes on from the default of 10,000 to 1,000,000 rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

NUMERIC, CATEGORICAL, LEVELS = 20, 5, 30
NUMBERS = [f"x{i}" for i in range(NUMERIC)]
TEXTS = [f"c{i}" for i in range(CATEGORICAL)]
ROWS = (10_000, 100_000, 1_000_000)
INSTALL_SECONDS, RUN_SECONDS = 600, 300
# A tool that took so long for a tenth of the rows is not asked for ten times as many.
PATIENCE = RUN_SECONDS / 10
ALPHA = 0.05
# popmon's traffic light.
RED = 2


def with_driftlib(reference: Any, current: Any) -> Iterable[str]:
    """All statistics and tests of this library, q-values, severities and notes."""
    import driftlib as dl

    return dl.detect_drift(reference, current).drifted


def with_baseline(reference: Any, current: Any) -> Iterable[str]:
    """The same from a fitted baseline: what a service does with each batch."""
    return BASELINE[0](current)


def with_scipy(reference: Any, current: Any) -> Iterable[str]:
    """KS and chi-square for each column, as most scripts do it."""
    from scipy.stats import chi2_contingency, ks_2samp

    for name in NUMBERS:
        if ks_2samp(reference[name], current[name], method="asymp").pvalue < ALPHA:
            yield name
    for name in TEXTS:
        counts = [side[name].value_counts().sort_index() for side in (reference, current)]
        if chi2_contingency(counts).pvalue < ALPHA:
            yield name


def with_evidently(reference: Any, current: Any) -> Iterable[str]:
    """The drift preset, KS and chi-square (which takes the reference's shares as exact)."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=NUMBERS, categorical_columns=TEXTS)
    sides = [Dataset.from_pandas(side, definition) for side in (current, reference)]
    found = Report([DataDriftPreset(num_method="ks", cat_method="chisquare")]).run(*sides)
    for metric in found.dict()["metrics"]:
        column = metric.get("config", {}).get("column")
        if column and float(metric["value"]) < ALPHA:
            yield column


def with_nannyml(reference: Any, current: Any) -> Iterable[str]:
    """Univariate drift, KS and chi-square, in ten chunks: those with an alert in most."""
    import nannyml as nml

    calculator = nml.UnivariateDriftCalculator(
        column_names=[*NUMBERS, *TEXTS],
        continuous_methods=["kolmogorov_smirnov"],
        categorical_methods=["chi2"],
        chunk_number=10,
    ).fit(reference)
    table = calculator.calculate(current).filter(period="analysis").to_df()
    for name in [*NUMBERS, *TEXTS]:
        method = "kolmogorov_smirnov" if name in NUMBERS else "chi2"
        if table[name, method, "alert"].mean() > 0.5:
            yield name


def with_whylogs(reference: Any, current: Any) -> Iterable[str]:
    """Sketches of both frames and drift scores of them (chi-square as Evidently's)."""
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    views = [why.log(pandas=side).view() for side in (current, reference)]
    scores = calculate_drift_scores(
        target_view=views[0], reference_view=views[1], with_thresholds=True
    )
    return [name for name, score in scores.items() if score and score["pvalue"] < ALPHA]


def with_popmon(reference: Any, current: Any) -> Iterable[str]:
    """Histograms over time against the reference; a traffic light a column and comparison."""
    import pandas as pd
    import popmon

    day = pd.Timestamp("2024-01-01")
    sides = [side.assign(day=day) for side in (reference, current)]
    counted = sides[0].pm_make_histograms(time_axis="day", time_width="1w")
    found = popmon.df_stability_metrics(
        sides[1], time_axis="day", reference_type="external", reference=counted
    )
    for name in [*NUMBERS, *TEXTS]:
        lights = found["traffic_lights"][name].filter(like="ref_")
        if bool((lights == RED).to_numpy().any()):
            yield name


def with_frouros(reference: Any, current: Any) -> Iterable[str]:
    """KS and chi-square for each column."""
    from frouros.detectors.data_drift import ChiSquareTest, KSTest

    for name in [*NUMBERS, *TEXTS]:
        detector = KSTest() if name in NUMBERS else ChiSquareTest()
        detector.fit(X=reference[name].to_numpy())
        found, _ = detector.compare(X=current[name].to_numpy())
        if found.p_value < ALPHA:
            yield name


def with_iyipada(reference: Any, current: Any) -> Iterable[str]:
    """PSI against thresholds that it simulates for the rows there are, numeric columns only."""
    import iyipada

    sides = [{name: side[name].to_numpy() for name in NUMBERS} for side in (reference, current)]
    return iyipada.Monitor(sides[0]).check(sides[1]).drifted


def with_datadriftx(reference: Any, current: Any) -> Iterable[str]:
    """Mean shift as a part of the mean, and PSI, a column at a time: those called high."""
    import datadriftx

    detector = datadriftx.DriftDetector()
    for name in [*NUMBERS, *TEXTS]:
        found = detector.detect_column(name, reference[name].tolist(), current[name].tolist())
        if found.status == "HIGH":
            yield name


@dataclass(frozen=True)
class Peer:
    """A tool: how it is asked, and what its environment is made of (nothing: the one here)."""

    run: Callable[[Any, Any], Iterable[str]]
    package: str
    needs: tuple[str, ...] = ()


PEERS = {
    "driftlib, two frames": Peer(with_driftlib, "driftlib"),
    "driftlib, baseline": Peer(with_baseline, "driftlib"),
    "scipy loop": Peer(with_scipy, "scipy"),
    "Evidently": Peer(with_evidently, "evidently"),
    "NannyML": Peer(with_nannyml, "nannyml", ("nannyml", "statsmodels")),
    "whylogs": Peer(with_whylogs, "whylogs", ("whylogs[viz]", "pandas<3", "numpy<2", "pyarrow<20")),
    "popmon": Peer(with_popmon, "popmon", ("popmon", "setuptools", "pandas<3")),
    "frouros": Peer(with_frouros, "frouros", ("frouros", "pandas")),
    "iyipada": Peer(with_iyipada, "iyipada", ("iyipada", "pandas")),
    "datadriftx": Peer(with_datadriftx, "datadriftx", ("datadriftx", "pandas")),
}
# What `with_baseline` compares with, fitted before the clock starts.
BASELINE: list[Callable[[Any], Iterable[str]]] = []


def write_frames(folder: Path, rows: int) -> None:
    """Write two frames; in the second, x0 is shifted, x1 is wider and a level of c0 commoner."""
    import numpy as np
    import pandas as pd

    names = np.array([f"level {i}" for i in range(LEVELS)])
    for seed, side in enumerate(("reference", "current")):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({name: rng.normal(size=rows) for name in NUMBERS})
        for name in TEXTS:
            frame[name] = rng.choice(names, rows)
        if side == "current":
            frame["x0"] += 0.5
            frame["x1"] *= 1.5
            frame.loc[rng.random(rows) < 0.15, "c0"] = names[0]
        frame.to_parquet(folder / f"{side}.parquet")


def environment(name: str) -> tuple[str, str]:
    """Make a tool's environment where there is none: its Python, or why there is none."""
    peer = PEERS[name]
    if not peer.needs:
        return sys.executable, ""
    cache = Path(os.environ.get("BENCH_CACHE") or Path.home() / ".cache" / "driftlib-bench")
    folder = cache / f"{peer.package}-{sys.version_info[0]}.{sys.version_info[1]}"
    python, ready = folder / "bin" / "python", folder / "ready"
    if ready.exists():
        return str(python), ""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Parquet is read in all of them; a tool that asks for an old NumPy names its own.
    arrow = [] if any(need.startswith("pyarrow") for need in peer.needs) else ["pyarrow"]
    install = [str(python), "-m", "pip", "install", "--quiet", *peer.needs, *arrow]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        done = subprocess.run(
            install, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"did not install in {INSTALL_SECONDS} s"
    if done.returncode:
        return "", f"did not install: {_last_line(done.stderr)}"
    ready.touch()
    return str(python), ""


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason given"])[-1][:160]


def measured(name: str, python: str, folder: Path) -> dict[str, Any]:
    """Ask a tool in a process of its own: seconds, peak memory, columns; or `failed`."""
    command = [python, str(Path(__file__).resolve()), "--ask", name, str(folder)]
    here = str(Path(__file__).resolve().parent.parent)
    path = {} if PEERS[name].needs else {"PYTHONPATH": here}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False,
            env=os.environ | {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"} | path,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {RUN_SECONDS} s"}
    if done.returncode:
        return {"failed": _last_line(done.stderr)}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def answer(name: str, folder: Path) -> dict[str, Any]:
    """Run a tool here on the frames of a folder."""
    import pandas as pd

    peer = PEERS[name]
    reference, current = (
        pd.read_parquet(folder / f"{side}.parquet") for side in ("reference", "current")
    )
    # Imports and caches of the first call are no part of what a check costs.
    small = reference.head(1_000), current.head(1_000)
    if peer.run is with_baseline:
        import driftlib as dl

        baseline = dl.Baseline.fit(reference)
        BASELINE.append(lambda batch: dl.detect_drift(baseline, batch).drifted)
    list(peer.run(*small))
    start = time.perf_counter()
    drifted = sorted(peer.run(reference, current))
    return {
        "seconds": time.perf_counter() - start,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "drifted": drifted,
        "version": version(peer.package),
        "pandas": pd.__version__,
    }


def main(arguments: list[str] | None = None) -> None:
    """Print a table of rows and tools."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS[-1], help="most rows of a frame")
    parser.add_argument("--only", nargs="*", choices=list(PEERS), help="some of the tools")
    options = parser.parse_args(arguments or [])
    pythons, told = {}, []
    for name in options.only or PEERS:
        python, reason = environment(name)
        if reason:
            told.append(f"{name}: {reason}")
        else:
            pythons[name] = python
    given_up: dict[str, str] = {}
    print(f"{'rows':>10}  {'tool':<22}{'seconds':>9}{'x driftlib':>12}{'memory':>11}  drifted")
    versions: dict[str, str] = {}
    rows = ROWS[0]
    while rows <= options.rows:
        with tempfile.TemporaryDirectory(prefix="driftlib-peers-") as folder:
            write_frames(Path(folder), rows)
            first: float | None = None
            for name, python in pythons.items():
                if name in given_up:
                    print(f"{rows:>10,}  {name:<22}  {given_up[name]}", flush=True)
                    continue
                found = measured(name, python, Path(folder))
                if "failed" in found:
                    given_up[name] = found["failed"]
                    print(f"{rows:>10,}  {name:<22}  {found['failed']}", flush=True)
                    continue
                versions[name] = f"{found['version']} (pandas {found['pandas']})"
                seconds = found["seconds"]
                first = seconds if first is None else first
                if seconds > PATIENCE:
                    given_up[name] = f"not asked: {seconds:.0f} s for {rows:,} rows"
                print(
                    f"{rows:>10,}  {name:<22}{seconds:>9.2f}{seconds / first:>12.1f}"
                    f"{found['memory']:>8,.0f} MB  {', '.join(found['drifted'])}",
                    flush=True,
                )
        rows *= 10
    print("\nWhat each does")
    for name in pythons:
        print(f"- {name} {versions.get(name, '')}: {(PEERS[name].run.__doc__ or '').strip()}")
    if told:
        print("\nNot here\n" + "\n".join(f"- {line}" for line in told))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        print(json.dumps(answer(sys.argv[2], Path(sys.argv[3]))))
    else:
        main(sys.argv[1:])
