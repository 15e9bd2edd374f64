"""Diagnosis on data whose truth is known: verdicts (confusion table) and interval coverage.

A scenario is a population that drifts: correlated numeric and categorical features, a
labelling rule with interactions, a model trained on rows of its own. The density ratio and
P(y | x) of both periods are known in closed form, so the true terms come from a large sample
without label noise. `python -m bench.scenarios --quick` runs a tenth.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from driftlib.files import write_csv

KINDS = ("none", "harmless", "data", "concept", "both")
TRUE_VERDICT = {
    "none": "stable",
    "harmless": "stable",
    "data": "data drift",
    "concept": "concept drift",
    "both": "data and concept drift",
}
ROWS = (1_000, 2_000, 5_000, 10_000, 20_000)
TRUTH_ROWS = 100_000
# True effects: a real one is at least this large, an absent one at most as small.
REAL, ABSENT = 0.03, 0.004


@dataclass(frozen=True)
class Population:
    """Where rows come from.

    Features are functions of a latent normal vector (unit variances, correlation `factor`)
    and of independent categories; current shifts the latent mean and tilts the categories.
    """

    mix: np.ndarray
    shift: np.ndarray
    weights: np.ndarray
    bend: np.ndarray
    pairs: np.ndarray
    intercept: float
    shares: list[np.ndarray]
    tilts: list[np.ndarray]
    effects: list[np.ndarray]
    flips: float
    turn: float

    def latent(self, rows: int, current: bool, rng: np.random.Generator) -> tuple:
        """Latent numbers and category codes."""
        z = rng.normal(size=(rows, len(self.shift))) + (self.shift if current else 0)
        codes = [
            rng.choice(len(p), rows, p=softmax(np.log(p) + t) if current else p)
            for p, t in zip(self.shares, self.tilts, strict=True)
        ]
        return z, codes

    def log_ratio(self, z: np.ndarray, codes: list[np.ndarray]) -> np.ndarray:
        """Log density of current over reference."""
        total = z @ self.shift - self.shift @ self.shift / 2
        for p, t, code in zip(self.shares, self.tilts, codes, strict=True):
            total = total + (np.log(softmax(np.log(p) + t)) - np.log(p))[code]
        return total

    def eta(self, z: np.ndarray, codes: list[np.ndarray], current: bool) -> np.ndarray:
        """P(y = 1 | x)."""
        x = z @ self.mix
        score = self.intercept + x @ self.weights + (x**2 - 1) @ self.bend
        score = score + x[:, self.pairs[0]] * x[:, self.pairs[1]] * 0.5
        for effect, code in zip(self.effects, codes, strict=True):
            score = score + effect[code]
        if current and self.turn:
            # The first feature's effect turns over for part of the rows.
            score = score - self.turn * self.weights[0] * x[:, 0] * (x[:, 1] > -0.5)
        p = expit(score)
        return self.flips + (1 - 2 * self.flips) * p if current else p

    def frame(self, z: np.ndarray, codes: list[np.ndarray]) -> pd.DataFrame:
        """Features as a user has them: skewed, rounded or plain numbers, and text."""
        x = z @ self.mix
        columns: dict[str, Any] = {}
        for j in range(x.shape[1]):
            shape = (lambda v: v, np.exp, lambda v: np.round(v, 1))[j % 3]
            columns[f"x{j}"] = shape(x[:, j])
        for j, code in enumerate(codes):
            columns[f"c{j}"] = pd.Categorical.from_codes(
                code, [f"level {i}" for i in range(len(self.shares[j]))]
            )
        return pd.DataFrame(columns)


def random_population(kind: str, numeric: int, categorical: int, rng: Any) -> Population:
    """A population of a kind before its inputs drift."""
    loading = rng.uniform(-0.7, 0.7, numeric)
    # The last latent number is a common factor: features are correlated.
    mix = np.vstack([np.diag(np.sqrt(1 - loading**2)), loading])
    active = rng.permutation(numeric)[: max(2, min(numeric, 6))]
    weights, bend = np.zeros(numeric), np.zeros(numeric)
    weights[active] = rng.choice([-1, 1], len(active)) * rng.uniform(0.4, 1.0, len(active))
    bend[active[1:3]] = rng.normal(0, 0.15, len(active[1:3]))
    levels = rng.integers(2, 12, categorical)
    shares = [rng.dirichlet(np.full(k, 3.0)) + 0.02 for k in levels]
    concept = kind in ("concept", "both")
    flip = concept and rng.random() < 0.5
    return Population(
        mix=mix,
        shift=np.zeros(numeric + 1),
        weights=weights,
        bend=bend,
        pairs=rng.choice(active, 2, replace=False),
        intercept=rng.uniform(-2.5, -1),
        shares=[p / p.sum() for p in shares],
        tilts=[np.zeros(k) for k in levels],
        effects=[rng.normal(0, 0.4, k) for k in levels],
        flips=rng.uniform(0.08, 0.2) if flip else 0.0,
        turn=rng.uniform(1.0, 2.5) if concept and not flip else 0.0,
    )


def drifted(population: Population, harmful: bool, rng: np.random.Generator) -> Population:
    """The same with inputs that move: at random, or towards labels that are hard to predict."""
    numeric = len(population.weights)
    shift = np.zeros(numeric + 1)
    moved = rng.permutation(numeric)[: rng.integers(1, min(numeric, 5) + 1)]
    if harmful:
        likely = np.flatnonzero(population.weights)
        moved = np.union1d(moved, rng.permutation(likely)[: rng.integers(1, 4)])
    shift[moved] = rng.normal(size=len(moved))
    if harmful:
        towards = population.weights[moved] != 0
        signs = np.sign(population.weights[moved]) * np.sign(shift[moved])
        shift[moved] *= np.where(towards, signs, 1)
    shift *= rng.uniform(0.5, 1.3) / np.linalg.norm(shift)
    tilts = [rng.normal(0, 0.5, len(p)) * (rng.random() < 0.5) for p in population.shares]
    return replace(population, shift=shift, tilts=tilts)


def train(population: Population, model: str, rng: np.random.Generator) -> Any:
    """A model of the reference, trained on 3,000 rows of its own."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    z, codes = population.latent(3_000, False, rng)
    labels = rng.random(len(z)) < population.eta(z, codes, False)
    frame = population.frame(z, codes)
    text = [name for name in frame if name.startswith("c")]
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), text), remainder=StandardScaler()
    )
    learner = (
        LogisticRegression(max_iter=200)
        if model == "logistic"
        else DecisionTreeClassifier(max_leaf_nodes=20, min_samples_leaf=30, random_state=0)
    )
    return make_pipeline(columns, learner).fit(frame, labels)


def true_terms(
    population: Population, model: Any, rng: np.random.Generator, rows: int = TRUTH_ROWS
) -> dict[str, float]:
    """Terms of the Brier score with the true densities and P(y | x)."""

    def expected(frame: pd.DataFrame, eta: np.ndarray) -> np.ndarray:
        f = model.predict_proba(frame)[:, 1]
        return eta * (1 - f) ** 2 + (1 - eta) * f**2

    losses, shared = {}, {}
    # The same draws for both periods: what differs between them is the drift and nothing else.
    seed = rng.integers(2**32)
    for current in (False, True):
        z, codes = population.latent(rows, current, np.random.default_rng(seed))
        frame, pi = population.frame(z, codes), expit(population.log_ratio(z, codes))
        weight = 1 - pi if current else pi
        for labels in (False, True):
            loss = expected(frame, population.eta(z, codes, labels))
            losses[current, labels] = loss.mean()
            shared[current, labels] = np.average(loss, weights=weight)
    under = [(shared[False, labels] + shared[True, labels]) / 2 for labels in (False, True)]
    concept, total = under[1] - under[0], losses[True, True] - losses[False, False]
    return {"concept": concept, "covariate": total - concept, "total": total}


@dataclass(frozen=True)
class World:
    """A population, a model of it, and the true terms."""

    kind: str
    learner: str
    features: int
    population: Population
    model: Any
    truth: dict[str, float]

    def sample(self, rows: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Reference and current with labels and predictions."""
        frames = []
        for current in (False, True):
            z, codes = self.population.latent(rows, current, rng)
            labels = rng.random(rows) < self.population.eta(z, codes, current)
            frame = self.population.frame(z, codes)
            proba = self.model.predict_proba(frame)[:, 1]
            predicted = (proba >= 0.5).astype(int)
            frames.append(frame.assign(y_true=labels.astype(int), y_pred=predicted, y_proba=proba))
        return tuple(frames)


def make_world(kind: str, learner: str, features: int, rng: np.random.Generator) -> World:
    """A world of a kind whose true effects are clearly real or clearly absent."""
    categorical = int(rng.integers(1, max(2, features // 3 + 1)))
    while True:
        population = random_population(kind, max(2, features - categorical), categorical, rng)
        if kind in ("harmless", "data", "both"):
            population = drifted(population, kind != "harmless", rng)
        model = train(population, learner, rng)
        # Most draws are turned down: a small sample is enough to see that.
        if _as_wanted(kind, true_terms(population, model, rng, TRUTH_ROWS // 20)):
            truth = true_terms(population, model, rng)
            if _as_wanted(kind, truth):
                return World(kind, learner, features, population, model, truth)


def _as_wanted(kind: str, truth: dict[str, float]) -> bool:
    concept, covariate = truth["concept"], truth["covariate"]
    if kind == "none":
        return True
    if kind == "harmless":
        return abs(covariate) <= ABSENT
    right_concept = concept >= REAL if kind in ("concept", "both") else abs(concept) <= 0.001
    right_covariate = covariate >= REAL if kind in ("data", "both") else abs(covariate) <= ABSENT
    return right_concept and right_covariate


def run(worlds: int, seed: int = 0) -> pd.DataFrame:
    """One row a diagnosis: what it said and whether its intervals hold the truth."""
    from driftlib.diagnosis.diagnose import diagnose

    rng = np.random.default_rng(seed)
    found = []
    for number in range(worlds):
        kind, learner = KINDS[number % len(KINDS)], ("logistic", "tree")[number // 5 % 2]
        world = make_world(kind, learner, int(rng.integers(3, 31)), rng)
        for rows in (1_000, 5_000, rng.choice(ROWS)):
            reference, current = world.sample(int(rows), rng)
            start = time.perf_counter()
            why = diagnose(reference, current, seed=number)
            row = {
                "world": number,
                "kind": kind,
                "learner": learner,
                "features": world.features,
                "rows": int(rows),
                "verdict": why.verdict,
                "auc": why.domain_auc,
                "true_concept": world.truth["concept"],
                "true_covariate": world.truth["covariate"],
                "seconds": time.perf_counter() - start,
            }
            terms = why.terms.loc[["concept", "total"]].T.to_dict("list")
            terms["covariate"] = why.covariate
            for name, (value, lower, upper) in terms.items():
                row |= {name: value, f"{name}_covered": lower <= world.truth[name] <= upper}
            found.append(row)
    return pd.DataFrame(found)


def report(found: pd.DataFrame) -> None:
    """Print the confusion table, the three shares that matter, and the coverage."""
    table = pd.crosstab(found["kind"], found["verdict"]).reindex(KINDS).fillna(0).astype(int)
    print(f"Verdicts in {found['world'].nunique()} worlds, three data sets of each, "
          f"{found['rows'].min():,} to {found['rows'].max():,} rows a side\n")  # fmt: skip
    print(table.to_string())
    right = found["verdict"] == found["kind"].map(TRUE_VERDICT)
    # Inputs may move to where the model is slightly better.
    right |= (found["kind"] == "harmless") & (found["verdict"] == "improved")
    shifted = found["kind"].isin(("data", "harmless"))
    accused = found["verdict"].isin(("concept drift", "data and concept drift"))
    same = found["kind"] == "none"
    print(f"\nright                                  {_share(right)}  (wanted: 90 % or more)")
    print(f"feature shift called concept drift     {_share(accused[shifted])}  (5 % or less)")
    print(f"identical samples called stable        {_share(right[same])}  (95 % or more)")
    print("\nCoverage of 95 % intervals\n")
    sized = found.assign(sample=np.where(found["rows"] < 5_000, "2,000 rows", "from 5,000 rows"))
    sized.loc[sized["rows"] == 1_000, "sample"] = "1,000 rows"
    columns = [f"{name}_covered" for name in ("concept", "covariate", "total")]
    coverage = sized.groupby("sample")[columns].mean().mul(100).round(1)
    print(coverage.assign(samples=sized["sample"].value_counts()).to_string())
    print("\nby kind, concept\n")
    print(sized.pivot_table(index="kind", columns="sample", values="concept_covered")
          .mul(100).round(1).reindex(KINDS).to_string())  # fmt: skip
    print(f"\nseconds a diagnosis: median {found['seconds'].median():.2f}, "
          f"longest {found['seconds'].max():.2f}")  # fmt: skip


def _share(hits: pd.Series) -> str:
    return f"{100 * hits.mean():5.1f} %  ({int(hits.sum())} of {len(hits)})"


def main(arguments: list[str] | None = None) -> None:
    """Run the scenarios and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.scenarios", description=__doc__)
    parser.add_argument("--worlds", type=int, default=200, help="worlds (default 200)")
    parser.add_argument("--quick", action="store_true", help="a tenth of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save", help="CSV file for the row of each diagnosis")
    options = parser.parse_args(arguments or [])
    found = run(options.worlds // 10 if options.quick else options.worlds, options.seed)
    report(found)
    if options.save:
        write_csv(options.save, found, index=False)


if __name__ == "__main__":
    main(sys.argv[1:])
