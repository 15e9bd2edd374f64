"""Take a quick look from the command line: python app.py --output artifacts.

Trains a logistic regression on synthetic data, makes a drifted batch, and writes what a
monitor of that model would have found: baseline.json, drift_summary.csv,
drift_heatmap.html and metrics.csv.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import driftlib as dl
from driftlib.data.synthetic import simulate
from driftlib.files import write_csv
from driftlib.visualization import drift_heatmap, write_figure_html

DESCRIPTION = "Write what a monitor finds in synthetic data: a baseline, drift, metrics, a heatmap."


def main(arguments: list[str] | None = None) -> int:
    """Write the four files.

    Parameters
    ----------
    arguments : list of str, optional
        Default: those of the process.

    Returns
    -------
    int
        The process's exit code: 0 when done, 2 when an option or the folder cannot be used.
    """
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    parser.add_argument("--output", default="artifacts", help="folder to write to (%(default)s)")
    parser.add_argument("--rows", type=int, default=5000, help="rows a period (%(default)s)")
    parser.add_argument(
        "--feature-drift",
        type=float,
        default=0.5,
        help="shift of the drifting features, in standard deviations, 0 to 3 (%(default)s)",
    )
    parser.add_argument(
        "--label-flips",
        type=float,
        default=0.1,
        help="share of labels turned over, 0 to 0.5 (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the data (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        run(**vars(options))
    except dl.DriftlibError as error:
        print(f"app.py: {error}", file=sys.stderr)
        return 2
    return 0


def run(output: str, rows: int, feature_drift: float, label_flips: float, seed: int) -> None:
    """Simulate, compare, write and say what was found.

    Parameters
    ----------
    output : str
        Folder to write to; made where it does not exist.
    rows : int
        Rows in each period.
    feature_drift, label_flips : float
        See `driftlib.simulate`.
    seed : int
        Of the data and the diagnosis.
    """
    data = simulate(rows, feature_drift, label_flips, seed)
    baseline = dl.Baseline.fit(data.reference, timestamp="timestamp")
    drift = dl.detect_drift(baseline, data.current)
    trend = dl.drift_trend(baseline, data.current, window="7D", on="timestamp")
    performance = dl.track_performance(
        data.current,
        window="7D",
        timestamp="timestamp",
        reference=data.reference,
        thresholds={"accuracy": "-0.05", "roc_auc": "-0.05"},
    )
    why = dl.diagnose(data.reference, data.current, timestamp="timestamp", seed=seed)

    folder = Path(output)
    written = [
        baseline.save(folder / "baseline.json"),
        write_csv(folder / "drift_summary.csv", drift.table),
        write_figure_html(drift_heatmap(trend), folder / "drift_heatmap.html", "Drift heatmap"),
        write_csv(folder / "metrics.csv", performance.table, index=False),
    ]
    features = len(baseline.features)
    print(f"Data         {rows:,} reference and {rows:,} current rows, {features} features")
    print(f"Drift        {drift.headline}")
    print(f"Performance  {performance.headline}")
    print(f"Why          {why.headline}")
    print("Files        " + "\n             ".join(str(path) for path in written))


if __name__ == "__main__":
    sys.exit(main())
