"""What does a history cost, and does it say what all files at once would say?

Sixty nights, a file each, with a drift from night 30 to 44 and labels ten nights late; then a
thousand nights of 25 features: the size of the file and the time to judge all of them as a run.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

import driftlib as dl

# DRIFTLIB_BENCH_NIGHTS makes a smaller run.
NIGHTS = int(os.environ.get("DRIFTLIB_BENCH_NIGHTS", "1000"))
ROWS, FEATURES, LATE = 2_000, 25, 10
DAY = pd.Timestamp("2024-01-01")


def _night(rng: np.random.Generator, day: int, features: int, shift: float = 0.0) -> pd.DataFrame:
    """One night's rows; a third of the features are categories."""
    columns = {f"x{n}": rng.normal(shift * (n == 0), 1, ROWS) for n in range(features)}
    for number in range(0, features, 3):
        columns[f"x{number + 1}"] = rng.choice(list("abcdefgh"), ROWS)
    seconds = np.sort(rng.uniform(0, 86_400, ROWS))
    frame = pd.DataFrame(columns)
    frame["seen"] = DAY + pd.Timedelta(days=day) + pd.to_timedelta(seconds, unit="s")
    frame["y_true"] = rng.integers(0, 2, ROWS)
    wrong = rng.random(ROWS) < 0.1
    frame["y_pred"] = np.where(wrong, 1 - frame["y_true"], frame["y_true"])
    return frame


def _sixty(folder: str) -> None:
    rng = np.random.default_rng(0)
    before = pd.concat([_night(rng, day, 6) for day in range(-60, 0)])
    baseline = dl.Baseline.fit(before, timestamp="seen", exclude=["y_true", "y_pred"])
    nights = [_night(rng, day, 6, 1.0 * (30 <= day < 45)) for day in range(60)]
    path = Path(folder, "sixty.db")
    history, states, seconds = dl.History(path, "sixty"), Counter(), []
    for day, rows in enumerate(nights):
        start = time.perf_counter()
        found = dl.drift_trend(baseline, rows, window="D")
        states.update(a.state for a in history.record(found, source=str(day)).alerts)
        seconds.append(time.perf_counter() - start)
        if day >= LATE:
            old = nights[day - LATE]
            window = {"window": "D", "timestamp": "seen", "metrics": ["accuracy"]}
            perf = dl.track_performance(old, thresholds={"accuracy": 0.8}, **window)
            again = dl.drift_trend(baseline, old, window="D")
            assert not history.record(again, perf).fresh
    whole = dl.drift_trend(baseline, pd.concat(nights), window="D").table
    trend = history.trend().table
    pd.testing.assert_frame_equal(whole, trend, check_dtype=False)
    print(f"60 nights: alerts new {states['new']}, over {states['over']}, nights on "
          f"{states['continuing']}; {len(history.metrics())} metrics of late labels")  # fmt: skip
    print("  the trend is that of all files at once; a night takes "
          f"{np.median(seconds):.2f} s (the last {seconds[-1]:.2f} s)")  # fmt: skip


def _thousand(folder: str) -> None:
    rng = np.random.default_rng(1)
    before = pd.concat([_night(rng, day, FEATURES) for day in range(-60, 0)])
    baseline = dl.Baseline.fit(before, timestamp="seen", exclude=["y_true", "y_pred"])
    path = Path(folder, "thousand.db")
    history, step = dl.History(path, "thousand"), 50
    for first in range(0, NIGHTS, step):
        rows = pd.concat([_night(rng, day, FEATURES) for day in range(first, first + step)])
        history.record(dl.drift_trend(baseline, rows, window="D"))
    start, used = time.perf_counter(), time.process_time()
    trend = dl.History(path, "thousand").trend()
    opened, used = time.perf_counter() - start, time.process_time() - used
    start = time.perf_counter()
    history.record(dl.drift_trend(baseline, _night(rng, NIGHTS, FEATURES), window="D"))
    night = time.perf_counter() - start
    size = path.stat().st_size
    each = size / NIGHTS / FEATURES
    print(f"{NIGHTS:,} nights of {FEATURES} features, {ROWS:,} rows each: {size / 1e6:.1f} MB, "
          f"{each / 1e3:.1f} kB a feature and night")  # fmt: skip
    print(f"  read and judged as one run of {len(trend.windows):,} windows in {opened:.2f} s "
          f"({used:.2f} s of CPU); the "
          f"next night takes {night:.2f} s")  # fmt: skip


def main() -> None:
    """Print what was found."""
    with tempfile.TemporaryDirectory() as folder:
        _sixty(folder)
        _thousand(folder)
