"""Performance of simulated days whose rows belong together: false and found changes of metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from bench.dependent_performance import SEED, degraded, share

START = pd.Timestamp("2013-03-01")


def clustered(
    rng: np.random.Generator, units: int, rows: int, effect: float, ar: float = 0.0,
    flipped: float = 0.0, first: int = 0, law: str = "normal",
) -> pd.DataFrame:  # fmt: skip
    """Rows of days whose labels depend on a score and on the day; some labels flipped at random."""
    draw = {
        "normal": lambda: rng.normal(size=units),
        "t4": lambda: rng.standard_t(4, size=units) / np.sqrt(2),
        "exponential": lambda: rng.exponential(size=units) - 1,
    }[law]()
    for i in range(1, units):
        draw[i] = ar * draw[i - 1] + np.sqrt(1 - ar * ar) * draw[i]
    day = np.repeat(np.arange(units), rows)
    z = rng.normal(size=len(day))
    y = rng.random(len(day)) < expit(2.0 * z + effect * draw[day])
    y ^= rng.random(len(day)) < flipped
    proba = expit(2.0 * z)
    return pd.DataFrame(
        {
            "timestamp": START + pd.to_timedelta(first + day, unit="D"),
            "y_true": y.astype(int), "y_pred": (proba > 0.5).astype(int), "y_proba": proba,
        }
    )  # fmt: skip


def simulated(repeats: int = 200) -> None:
    """Days with and without effects of their own; a fall of .05 in accuracy."""
    out = []
    # Accuracy is .805 without flips: so many lower it by .05.
    fall = 0.05 / (2 * 0.805 - 1)
    for a, b, rows, effect, ar, law in (
        (20, 20, 100, 0.0, 0.0, "normal"), (30, 30, 66, 0.0, 0.0, "normal"),
        (30, 7, 286, 0.0, 0.0, "normal"), (30, 1, 2000, 0.0, 0.0, "normal"),
        (30, 30, 300, 0.5, 0.0, "normal"), (30, 30, 300, 0.5, 0.4, "normal"),
        (30, 7, 300, 0.5, 0.0, "normal"), (30, 7, 300, 0.5, 0.0, "exponential"),
        (30, 7, 300, 1.0, 0.0, "t4"), (30, 3, 300, 0.5, 0.0, "normal"),
        (30, 1, 300, 0.5, 0.0, "exponential"), (90, 7, 300, 0.5, 0.4, "normal"),
        (6, 6, 300, 0.5, 0.0, "normal"),
    ):  # fmt: skip
        rng = np.random.default_rng([SEED, a, b, rows, int(10 * effect), int(10 * ar)])
        line: dict[str, object] = {"units": f"{a}+{b}", "rows a unit": rows, "effect": effect,
                                   "AR": ar, "law": law}  # fmt: skip
        for name, flipped in (("degraded", 0.0), ("accuracy -.05 found", fall)):
            found: dict[str, list[float]] = {"auto": [], "row": []}
            every: dict[str, list[float]] = {"auto": [], "row": []}
            for _ in range(repeats):
                both = clustered(rng, a + b, rows, effect, ar, law=law)
                cut = START + pd.Timedelta(days=a)
                before, after = (both[(both["timestamp"] >= cut) == s] for s in (False, True))
                flip = rng.random(len(after)) < flipped
                after = after.assign(y_true=after["y_true"] ^ flip)
                for unit in found:
                    hits = degraded(before, after, "D" if unit == "auto" else unit)
                    found[unit].append(hits["accuracy"])
                    every[unit].append(hits.mean())
            shown = found if flipped else every
            line[name] = share(sum(shown["auto"]), repeats)
            line[f"{name} by rows"] = f"{100 * np.mean(shown['row']):.0f}"
        out.append(line)
    print("\nSimulated days: degraded without a change, and a fall of accuracy found, in %\n")
    print(pd.DataFrame(out).to_string(index=False), flush=True)


def main() -> None:
    """Print the table."""
    simulated()


if __name__ == "__main__":
    main()
