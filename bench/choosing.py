"""Do 1,000 chosen labels reach the verdict that all labels give? Beside 1,000 random ones.

Worlds of `bench.scenarios`: 20,000 rows a side, whose true terms are known. All labels of current
give the verdict that is to be reached. Chosen rows are drawn by `dl.choose_rows`, random ones with
even chances; both are judged by the same estimator, five draws of each a world. Where 1,000 labels
are enough either way, 250 and 100 show the difference.

Of rows of such worlds, even one who knew the chance of every label could not draw rows that are
worth more than so many drawn evenly ("most"): the bound of Godambe and Joshi (1965), the mean of
the squared spread of the losses over its squared mean. "ours" is what the chances come to.
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
from driftlib.advising.design import draw

ROWS, LABELS = 20_000, (1_000, 250, 100)
WORLDS, DRAWS = 50, 5
SEED = 7


def world(kind: str, number: int, rows: int = ROWS) -> list[dict[str, Any]]:
    """Label rows of one world many times over.

    Parameters
    ----------
    kind : str
        Of the scenario.
    number : int
        Of the world.
    rows : int
        A side.

    Returns
    -------
    list of dict
        A row a draw.
    """
    rng = np.random.default_rng((SEED, number))
    made = make_world(kind, ("logistic", "tree")[number % 2], int(rng.integers(3, 21)), rng)
    reference, current = made.sample(rows, rng)
    full = dl.diagnose(reference, current, unit="row")
    most = LABELS[0]
    chosen = dl.choose_rows(reference, current.drop(columns="y_true"), most, unit="row")
    rng = np.random.default_rng((SEED, number, 1))
    found, worth = [], _worth(chosen, current)
    for labels in LABELS:
        for name, every in (
            ("chosen", chosen.chance * labels / most),
            ("random", np.full(rows, labels / rows)),
        ):
            for _ in range(DRAWS):
                # In any order: neighbours are no nearer than others.
                order = rng.permutation(rows)
                places = np.sort(order[draw(every[order], rng)])
                chance = every[places]
                table = pd.DataFrame({"row": places, "chance": chance, "weight": 1 / chance})
                said = replace(chosen, table=table).diagnose(current)
                row: dict[str, Any] = {
                    "kind": kind, "world": number, "labels": labels, "rows": name,
                    "right": said.verdict == full.verdict, **worth,
                }  # fmt: skip
                for term in ("concept", "total"):
                    value, low, high = said.terms.loc[term]
                    row |= {
                        f"{term} error": value - made.truth[term],
                        f"{term} covered": low <= made.truth[term] <= high,
                        f"{term} width": high - low,
                    }
                found.append(row)
    return found


def _worth(chosen: dl.Chosen, current: pd.DataFrame) -> dict[str, float]:
    """Say how many evenly drawn rows one drawn row is worth, at the most and as they are drawn."""
    rows = chosen.domain.current_rows
    score, label = (current[name].to_numpy(float)[rows] for name in ("y_proba", "y_true"))
    # What scores mean now, by fiftieths of their order.
    part = np.argsort(np.argsort(score)) * 50 // len(score)
    share = (np.bincount(part, label) / np.bincount(part))[part]
    spread = np.abs(1 - 2 * score) * np.sqrt(share * (1 - share))
    shared = chosen.domain.overlap_weights[1] * len(rows)
    found = {}
    for term, size in (("total", spread), ("concept", spread * shared)):
        square, chance = float((size**2).mean()), chosen.chance
        found[f"most {term}"] = square / float(size.mean()) ** 2
        found[f"ours {term}"] = square / float((size**2 / chance).mean() * chance.mean())
    return found


def report(found: pd.DataFrame) -> None:
    """Print what came of the worlds.

    Parameters
    ----------
    found : pandas.DataFrame
        A row a draw.
    """
    worlds = found.groupby("kind")["world"].nunique().to_dict()
    print(f"\nworlds: {worlds}, {ROWS:,} rows a side, {DRAWS} draws each")
    print("\n% of draws that reach the verdict of all labels\n")
    shares = found.pivot_table(index=["kind", "labels"], columns="rows", values="right")
    print((100 * shares).round(1).to_string())
    print("\nevenly drawn rows that one chosen row is worth, at the most and as drawn\n")
    names = [f"{what} {term}" for term in ("total", "concept") for what in ("most", "ours")]
    print(found.groupby("kind")[names].mean().round(2).to_string())
    print("\nterms: bias with its standard error, by worlds; spread; coverage; width\n")
    lines = []
    for (name, labels), part in found.groupby(["rows", "labels"]):
        for term in ("concept", "total"):
            error = part[f"{term} error"]
            means = part.groupby(["kind", "world"])[f"{term} error"].mean()
            lines.append(
                (
                    name, labels, term, means.mean(), means.std() / np.sqrt(len(means)),
                    error.std(), part[f"{term} covered"].mean(), part[f"{term} width"].mean(),
                )
            )  # fmt: skip
    columns = ["rows", "labels", "term", "bias", "its error", "spread", "covered", "width"]
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
    rows: list[dict[str, Any]] = []
    for kind in ("concept", "data"):
        for number in range(options.first, options.first + options.worlds):
            rows += world(kind, number)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{kind}: {number + 1 - options.first} of {options.worlds}")
    found = pd.DataFrame(rows)
    report(found)
    if options.save:
        dl.write_csv(options.save, found, index=False)
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
