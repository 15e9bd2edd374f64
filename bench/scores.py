"""How well do estimates without labels do on scores that are hard to calibrate?

Scores of two decimals with a fifth, or 60 %, at exactly 0 or 1, scores of few values, and 0.3 %
positives; windows whose mass moves to the middle. "of sampling" is the mean error of the estimate
over that of the true chances, which only the drawing of labels keeps from being right; "held" the
share of windows whose 95 % interval holds the realised value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.data.predictions import Predictions
from driftlib.performance.estimate import estimate_performance
from driftlib.performance.metrics import select_metrics
from driftlib.performance.predictive import predictive_interval
from driftlib.stats.calibration import fit_calibrator
from driftlib.stats.expected import ExpectedClassification

SEED = 20240115
METRICS = ("accuracy", "f1", "roc_auc")


@dataclass(frozen=True)
class Kind:
    """Scores of one kind: rows of the reference and of a window, and where a score is positive."""

    name: str
    reference: int
    window: int
    cut: float = 0.5

    @property
    def sets(self) -> int:
        """How many are drawn: fewer where they are large."""
        return 200 if self.reference > 20_000 else 600


KINDS = (
    Kind("a fifth at 0 or 1", 50_000, 5_000),
    Kind("60 % at 0 or 1", 50_000, 5_000),
    Kind("eight values", 20_000, 5_000),
    Kind("0.3 % positives", 50_000, 20_000, 0.01),
    Kind("smooth", 1_000, 1_000),
)


def draw(
    kind: Kind, rows: int, rng: np.random.Generator, moved: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of some rows, and the true chance of each."""
    if "at 0 or 1" in kind.name:
        at_end = (0.2 if "fifth" in kind.name else 0.6) * (0.5 if moved else 1)
        inner = rng.beta(1.5, 1.5, rows) if moved else rng.beta(0.4, 0.5, rows)
        ends = (rng.random(rows) < 0.4).astype(float)
        score = np.where(rng.random(rows) < at_end, ends, inner.round(2))
        chance = 0.05 + 0.85 * score**1.4 + 0.04 * np.sin(7 * score)
        return score, np.where(score == 0, 0.01, np.where(score == 1, 0.985, chance))
    x = rng.normal(size=rows) * (0.8 if moved else 1)
    if kind.name == "eight values":
        score = np.clip((expit(2 * x) * 7).round() / 7, 0.02, 0.98)
        return score, expit(0.6 * np.log(score / (1 - score)) + 0.5 * np.sin(6 * score))
    if "positives" in kind.name:
        return expit(1.8 * x - 7), expit(1.5 * x - 7.2)
    return expit(2 * x), expit(1.2 * x - 0.5)


def summary(kind: Kind, count: int, moved: bool) -> dict[str, object]:
    """Error and coverage of CBPE over references drawn anew, each with a window."""
    chosen = select_metrics("binary", METRICS, True)
    errors, floors, held = [], [], []
    for number in range(count):
        rng = np.random.default_rng([SEED, number, len(kind.name), moved])
        score, chance = draw(kind, kind.reference, rng, False)
        pred, y = (score >= kind.cut).astype(int), (rng.random(len(score)) < chance).astype(int)
        calibrator = fit_calibrator(score, pred, y)
        score, chance = draw(kind, kind.window, rng, moved)
        pred, y = (score >= kind.cut).astype(int), (rng.random(len(score)) < chance).astype(int)
        rows = Predictions(y, pred, score)
        value, lower, upper = predictive_interval(calibrator, rows, 2, chosen, rng)
        expected = ExpectedClassification(pred, score, 2)
        real, best = (
            np.array([metric.value(expected.given(c)) for metric in chosen])
            for c in (y.astype(float), chance)
        )
        errors.append(np.abs(value - real))
        floors.append(np.abs(best - real))
        held.append((lower <= real) & (real <= upper))
    return _line(kind.name, moved, "cbpe", count, np.array(errors), np.array(floors), held)


def weighted(kind: Kind, references: int = 40, windows: int = 1) -> dict[str, object]:
    """Error and coverage of PAPE, whose classifier sees the score and a column of noise.

    Each reference has a window of its own: windows of one reference share its error, and a few
    references say next to nothing of how often intervals hold.
    """
    errors, floors, held = [], [], []
    for number in range(references):
        rng = np.random.default_rng([SEED, number])
        frames, chances = [], []
        for rows, moved in ((kind.reference, False), (kind.window * windows, True)):
            score, chance = draw(kind, rows, rng, moved)
            frame = pd.DataFrame({"y_proba": score, "y_pred": (score >= kind.cut).astype(int)})
            x = score + rng.normal(0, 0.05, rows)
            y = (rng.random(rows) < chance).astype(int)
            frames.append(frame.assign(x=x, noise=rng.normal(size=rows), y_true=y))
            chances.append(chance)
        found = estimate_performance(
            *frames, window=kind.window, metrics=METRICS, method="pape", unit="row"
        )
        chosen = select_metrics("binary", METRICS, True)
        for window, table in found.table.groupby("window"):
            part = slice(int(str(window)) * kind.window, (int(str(window)) + 1) * kind.window)
            rows = frames[1].iloc[part]
            expected = ExpectedClassification(
                rows["y_pred"].to_numpy(), rows["y_proba"].to_numpy(), 2
            )
            real, best = (
                np.array([metric.value(expected.given(c)) for metric in chosen])
                for c in (rows["y_true"].to_numpy(float), chances[1][part])
            )
            errors.append(np.abs(table["value"].to_numpy() - real))
            floors.append(np.abs(best - real))
            held.append((table["lower"] <= real) & (real <= table["upper"]))
    count = references * windows
    return _line(kind.name, True, "pape", count, np.array(errors), np.array(floors), held)


def _line(
    name: str,
    moved: bool,
    method: str,
    count: int,
    errors: np.ndarray,
    floors: np.ndarray,
    held: list[np.ndarray],
) -> dict[str, object]:
    line: dict[str, object] = {"scores": name, "moved": moved, "method": method, "sets": count}
    shares = 100 * np.mean(np.array(held, dtype=float), axis=0)
    ratios = errors.mean(0) / floors.mean(0)
    for metric, error, ratio, share in zip(METRICS, errors.mean(0), ratios, shares, strict=True):
        line |= {metric: error, f"{metric} of sampling": ratio, f"{metric} held %": share}
    return line


def main() -> None:
    """Print error and coverage of every kind."""
    lines = [summary(kind, kind.sets, moved) for kind in KINDS for moved in (False, True)]
    lines += [weighted(kind) for kind in KINDS[:2]]
    print(pd.DataFrame(lines).round(4).to_string(index=False), flush=True)


if __name__ == "__main__":
    main()
