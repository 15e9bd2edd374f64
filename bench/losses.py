"""How well are a regression's errors estimated without labels, and do the intervals hold?

Two sets from a package (visits to doctors, affairs; statsmodels) with a model of our own, and three
simulated ones: errors that grow with an input, heavy-tailed ones, and a shift to where the model
misses a curve. Windows are like the reference or "moved", with other inputs. "error" is the mean
relative error of the estimate, "peers" that of NannyML, "worse by errors" the difference of both in
standard errors over draws, "held" the share of windows whose 95 % interval holds what labels show.
With NANNYML_PYTHON=/path/to/python of an environment that has NannyML its direct loss estimation is
measured on the same rows, about 15 seconds a draw; with BENCH_KEEP=/some/folder each draw is kept
there, for a run to go on from.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from driftlib.performance.estimate import estimate_performance
from driftlib.performance.track import track_performance

SEED = 20240115
# Rows of a window; of the simulated sets ten times as many are the reference.
SETS = {
    "heteroscedastic": 1_000,
    "heavy tails": 1_000,
    "shifted": 1_000,
    "randhie": 1_000,
    "fair": 400,
}
LABELS = {"randhie": "mdvis", "fair": "affairs"}
METRICS = ("mae", "rmse")
WINDOWS = 8

PEER = """
import sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
pd.options.future.infer_string = False
import nannyml
before, now = pd.read_csv("before.csv"), pd.read_csv("now.csv")
features = [name for name in before if name not in ("y_true", "y_pred")]
dle = nannyml.DLE(feature_column_names=features, y_pred="y_pred", y_true="y_true",
                  metrics=["mae", "rmse"], chunk_size=int(sys.argv[1]))
table = dle.fit(before).estimate(now).filter(period="analysis").to_df()
found = pd.concat({m: table[m]["value"] for m in ("mae", "rmse")}, axis=1)
found.to_csv("found.csv", index=False)
"""


def simulated(kind: str, rows: int, rng: np.random.Generator, moved: bool) -> pd.DataFrame:
    """Rows of a simulated set: features, labels, and predictions that are nearly right."""
    x = rng.normal(size=(rows, 5))
    if moved:
        x[:, 0] = 0.9 + 0.8 * x[:, 0]
        x[:, 1] -= 0.4
    code = rng.integers(0, 4, rows)
    mean = 3 * x[:, 0] + 2 * np.sin(1.5 * x[:, 1]) + x[:, 2] * x[:, 0] + 20
    pred = 3 * x[:, 0] + 1.2 * x[:, 1] + 0.9 * x[:, 2] * x[:, 0] + 20
    spread = np.exp(0.5 * x[:, 0] + 0.4 * (code == 2))
    if kind == "heavy tails":
        error = spread * rng.standard_t(3, rows) / np.sqrt(3)
    elif kind == "shifted":
        mean = mean + 0.8 * np.maximum(x[:, 0] - 0.5, 0) ** 2
        error = rng.normal(size=rows)
    else:
        error = spread * rng.normal(size=rows)
    frame = pd.DataFrame(x, columns=list("abcde"))
    return frame.assign(kind=np.array(list("wxyz"))[code], y_pred=pred, y_true=mean + error)


def packaged(name: str, rng: np.random.Generator, moved: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and windows of a set that statsmodels brings, with a model of a third of it."""
    import statsmodels.api as sm
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = getattr(sm.datasets, name).load_pandas().data.rename(columns={LABELS[name]: "y_true"})
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    third = len(rows) // 3
    features = [column for column in rows if column != "y_true"]
    model = HistGradientBoostingRegressor(max_iter=60, random_state=0)
    model.fit(rows[features][:third], rows["y_true"][:third])
    rows["y_pred"] = model.predict(rows[features])
    rest, windows = rows[2 * third :], []
    for window in range(WINDOWS):
        share = None
        if moved:
            rank = rest[features[window % len(features)]].rank(pct=True).to_numpy()
            share = np.exp(1.5 * rank) / np.exp(1.5 * rank).sum()
        windows.append(rest.iloc[rng.choice(len(rest), SETS[name], replace=False, p=share)])
    return rows[third : 2 * third].reset_index(drop=True), pd.concat(windows, ignore_index=True)


def draw(name: str, number: int, moved: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Reference and windows of a set."""
    rng = np.random.default_rng([SEED, number, len(name), moved])
    if name in LABELS:
        return packaged(name, rng, moved)
    rows = SETS[name]
    return simulated(name, 10 * rows, rng, False), simulated(name, WINDOWS * rows, rng, moved)


def measured(name: str, moved: bool, number: int) -> pd.DataFrame:
    """Estimates, realised values and those of the peer, a row a window and metric."""
    size, sides = SETS[name], draw(name, number, moved)
    given = {"window": size, "metrics": METRICS, "unit": "row"}
    found = estimate_performance(*sides, **given).table
    real = track_performance(sides[1], **given).table["value"]
    table = found[["window", "metric", "value", "lower", "upper"]].assign(real=real)
    return table.assign(peer=peer(*sides, size, table))


def kept(name: str, moved: bool, number: int) -> pd.DataFrame:
    """The same, read where a run before has kept it in the folder BENCH_KEEP."""
    folder = os.environ.get("BENCH_KEEP")
    if not folder:
        return measured(name, moved, number)
    path = Path(folder) / f"losses {name} {'moved' if moved else 'alike'} {number}.csv"
    if not path.exists():
        table = measured(name, moved, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
    return pd.read_csv(path)


def peer(before: pd.DataFrame, now: pd.DataFrame, size: int, table: pd.DataFrame) -> pd.Series:
    """The peer's estimates of the same windows; NaN without it."""
    python = os.environ.get("NANNYML_PYTHON")
    if not python:
        return pd.Series(np.nan, index=table.index)
    quiet = os.environ | {"NML_DISABLE_USAGE_LOGGING": "1"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "peer.py").write_text(PEER)
        before.to_csv(folder / "before.csv", index=False)
        now.to_csv(folder / "now.csv", index=False)
        command = [python, "-W", "ignore", "peer.py", str(size)]
        subprocess.run(command, check=True, env=quiet, capture_output=True, cwd=folder)
        found = pd.read_csv(folder / "found.csv")
    rows = zip(table["window"], table["metric"], strict=True)
    return pd.Series([found[metric][window] for window, metric in rows], index=table.index)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean errors and coverage by set and metric."""
    real = table["real"]
    table = table.assign(
        error=(table["value"] - real).abs() / real,
        peers=(table["peer"] - real).abs() / real,
        held=100.0 * ((table["lower"] <= real) & (real <= table["upper"])),
        width=(table["upper"] - table["lower"]) / real,
    )
    keys = ["set", "moved", "metric"]
    found = table.groupby(keys, sort=False)[["error", "peers", "held", "width"]].mean()
    # Windows of a draw share its reference.
    more = table["error"] - table["peers"]
    draws = more.groupby([*(table[key] for key in keys), table["number"]], sort=False).mean()
    by_cell = draws.groupby(keys, sort=False)
    worse = by_cell.mean() / (by_cell.std() / np.sqrt(by_cell.size()))
    return found.assign(ratio=found["error"] / found["peers"], **{"worse by errors": worse})


def main(names: list[str] | None = None, count: int = 5) -> None:
    """Print errors and coverage of every set, or of those named."""
    lines = [
        kept(name, moved, number).assign(set=name, moved=moved, number=number)
        for name in names or SETS
        for moved in (False, True)
        for number in range(count)
    ]
    table = pd.concat(lines, ignore_index=True)
    found = summary(table)
    print(found.round(4).to_string())
    real = table["real"]
    print(f"held in all: {((table['lower'] <= real) & (real <= table['upper'])).mean():.1%}")
    print(f"mean error {found['error'].mean():.2%}, of the peer {found['peers'].mean():.2%}")


if __name__ == "__main__":
    main(sys.argv[1:])
