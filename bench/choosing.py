"""Do 1,000 chosen labels reach the verdict that all labels give? Beside 1,000 random ones.

Worlds of `bench.scenarios`: 20,000 rows a side, whose true terms are known. All labels of current
give the verdict that is to be reached. Chosen rows are drawn by `dl.choose_rows`; random ones with
even chances, judged once by the same estimator and once by `dl.diagnose` of those rows alone.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

import driftlib as dl
from bench.scenarios import make_world

ROWS, LABELS = 20_000, 1_000
WORLDS = 50
SEED = 7


def one(kind: str, number: int, rows: int = ROWS, labels: int = LABELS) -> dict[str, Any]:
    """Label rows of one world in three ways.

    Parameters
    ----------
    kind : str
        Of the scenario.
    number : int
        Of the world.
    rows, labels : int
        A side, and those to label.

    Returns
    -------
    dict
    """
    rng = np.random.default_rng((SEED, number))
    world = make_world(kind, ("logistic", "tree")[number % 2], int(rng.integers(3, 21)), rng)
    reference, current = world.sample(rows, rng)
    truth = world.truth
    full = dl.diagnose(reference, current, unit="row")
    row: dict[str, Any] = {"kind": kind, "world": number, "all": full.verdict}
    chosen = dl.choose_rows(
        reference, current.drop(columns="y_true"), labels, unit="row", seed=number
    )
    rng = np.random.default_rng((SEED, number, 1))
    places = np.sort(rng.choice(rows, labels, replace=False))
    table = pd.DataFrame({"row": places, "chance": labels / rows, "weight": rows / labels})
    for name, drawn in (("chosen", chosen), ("random", replace(chosen, table=table))):
        found = drawn.diagnose(current)
        row[name] = found.verdict == full.verdict
        for term in ("concept", "total"):
            value, low, high = found.terms.loc[term]
            row[f"{name} {term} error"] = value - truth[term]
            row[f"{name} {term} covered"] = low <= truth[term] <= high
            row[f"{name} {term} width"] = high - low
    alone = dl.diagnose(reference, current.iloc[places], unit="row")
    row["diagnose"] = alone.verdict == full.verdict
    row["diagnose concept error"] = alone.terms.loc["concept", "value"] - truth["concept"]
    return row


def report(found: pd.DataFrame) -> None:
    """Print what came of the worlds.

    Parameters
    ----------
    found : pandas.DataFrame
        A row a world.
    """
    print("\nshare that reaches the verdict of all labels\n")
    shares = found.groupby("kind")[["chosen", "random", "diagnose"]].mean()
    print(shares.assign(worlds=found["kind"].value_counts()).round(2).to_string())
    print("\nerrors of the terms: mean (bias), its standard error, spread; coverage; width\n")
    lines = []
    for name in ("chosen", "random"):
        for term in ("concept", "total"):
            error = found[f"{name} {term} error"]
            lines.append(
                (
                    name, term, error.mean(), error.std() / np.sqrt(len(error)), error.std(),
                    found[f"{name} {term} covered"].mean(), found[f"{name} {term} width"].mean(),
                )
            )  # fmt: skip
    columns = ["labels", "term", "bias", "its error", "spread", "covered", "width"]
    print(pd.DataFrame(lines, columns=columns).round(4).to_string(index=False))


def main(arguments: list[str] | None = None) -> None:
    """Run the worlds and print what came of them."""
    parser = argparse.ArgumentParser(prog="python -m bench choosing", description=__doc__)
    parser.add_argument("--worlds", type=int, default=WORLDS, help="worlds a kind (default 50)")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--save", help="CSV file for a row a world")
    parser.add_argument("--report", nargs="*", help="only report what such files hold")
    options = parser.parse_args(arguments or [])
    if options.report:
        return report(pd.concat(map(pd.read_csv, options.report), ignore_index=True))
    rows = []
    for kind in ("concept", "data"):
        for number in range(options.first, options.first + options.worlds):
            rows.append(one(kind, number))
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{kind}: {number + 1 - options.first} of {options.worlds}")
    found = pd.DataFrame(rows)
    report(found)
    if options.save:
        dl.write_csv(options.save, found, index=False)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
