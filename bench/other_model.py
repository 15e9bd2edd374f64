"""Is another model behind the scores found, and a quick glance enough where there is none?

Samples of 400 to 6,000 rows a side with moved inputs or without, scores that take an input which
is not there or not, rows by themselves or in units. Of current the scores are those of the same
model, or changed in one of eight ways, a little or much. The full look decides; the glance saves
it. What the glance misses is what the full look would have found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from driftlib.diagnosis.suspicion import other_at_a_glance, other_closely
from driftlib.domain.classifier import fit_domain
from driftlib.domain.result import Domain

SEED = 20240115
SAMPLES = 1_800
ROWS = (400, 800, 1_500, 2_500, 6_000)
SIZES = (0.1, 0.2, 0.3, 0.5, 1.0)


@dataclass(frozen=True)
class World:
    """Inputs, and a model's log odds of them: of `weights`, a bend and what is hidden."""

    x: np.ndarray
    weights: np.ndarray
    hidden: np.ndarray
    rng: np.random.Generator

    def score(self, x: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Log odds that the model gives some inputs."""
        weights = self.weights if weights is None else weights
        odds: np.ndarray = x @ weights + np.sin(2 * x[:, 1]) + self.hidden
        return odds


def _column(world: World, changed: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Log odds with the weightiest input computed otherwise."""
    place = int(np.abs(world.weights).argmax())
    x = world.x.copy()
    x[:, place] = changed(x[:, place])
    return world.score(x)


def _dealt(world: World, values: np.ndarray, size: float) -> np.ndarray:
    """Give a share of the rows the values of others."""
    return np.where(world.rng.random(len(values)) < size, world.rng.permutation(values), values)


CHANGES: dict[str, Callable[[World, float], np.ndarray]] = {
    "the same model": lambda world, size: world.score(world.x),
    "other weights": lambda world, size: world.score(
        world.x, world.weights + size * world.rng.normal(size=len(world.weights))
    ),
    "a bend": lambda world, size: (
        world.score(world.x) + size * np.std(world.score(world.x)) * np.sin(3 * world.x[:, -1])
    ),
    "less sure": lambda world, size: (1 - 0.8 * size) * world.score(world.x),
    "all higher": lambda world, size: world.score(world.x) + size * np.std(world.score(world.x)),
    "an input of other rows": lambda world, size: _column(
        world, lambda values: _dealt(world, values, size)
    ),
    "an input in another unit": lambda world, size: _column(
        world, lambda values: (1 + size) * values
    ),
    "scores of other rows": lambda world, size: _dealt(world, world.score(world.x), size),
    "noise on top": lambda world, size: (
        world.score(world.x)
        + size * np.std(world.score(world.x)) * world.rng.normal(size=len(world.x))
    ),
}


def sample(number: int, change: str) -> tuple[Domain, np.ndarray]:
    """The classifier of two periods, and the scores of its rows."""
    rng = np.random.default_rng([SEED, number])
    rows = rng.choice(ROWS, 2) if rng.random() < 0.5 else np.repeat(rng.choice(ROWS), 2)
    count, size = int(rng.integers(2, 13)), float(rng.choice(SIZES))
    before, now = (rng.normal(size=(n, count)) for n in rows)
    now[:, 0] += rng.choice([0, 0.3, 0.8])
    weights = rng.normal(size=count) * (rng.random(count) < 0.7) + (np.arange(count) == 0)
    noise = rng.choice([0, 0, 0.2, 0.5, 1])
    hidden = [noise * rng.normal(size=n) for n in rows]
    odds = [
        World(before, weights, hidden[0], rng).score(before),
        CHANGES[change](World(now, weights, hidden[1], rng), size),
    ]
    frames = [pd.DataFrame(x, columns=[f"x{k}" for k in range(count)]) for x in (before, now)]
    unit = "row" if rng.random() < 0.75 else "shop"
    if unit == "shop":
        frames = [frame.assign(shop=rng.integers(0, 40, len(frame))) for frame in frames]
    domain = fit_domain(*frames, unit=unit, seed=number)
    scores = expit(np.concatenate(odds))
    return domain, scores[np.r_[domain.reference_rows, rows[0] + domain.current_rows]]


def main(samples: int = SAMPLES) -> None:
    """Print how often, by kind of change."""
    lines = []
    for number in range(samples):
        change = list(CHANGES)[number % len(CHANGES)]
        domain, scores = sample(number, change)
        if domain.overlaps:
            looked = other_at_a_glance(domain, scores)
            lines.append((change, looked, bool(other_closely(domain, scores))))
    table = pd.DataFrame(lines, columns=["change", "looked at closely", "found by a close look"])
    groups = table.groupby("change", sort=False)
    print(groups.mean().round(3).assign(samples=groups.size()).to_string())
    looked, found = (table[name] for name in table.columns[1:])
    print(f"\nmissed by the glance: {int((found & ~looked).sum())} of {int(found.sum())}")


if __name__ == "__main__":
    main()
