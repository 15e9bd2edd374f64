"""Does an audit foretell what checks of fresh data do? Worlds whose law is known, and flights.

An audit of one reference says how often a check alarms without a change and how often it sees a
fault. Fresh references and windows of the same world, as many units as the audit dealt, show how
often that happens. Everything is foretold from six references: their mean is held against the fresh
data ("apart", in standard errors of both), and each one's interval ("held", of six).
Flights: audited in March, counted on days of April to June that are dealt as an audit deals them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import driftlib as dl
from driftlib.auditing.deals import Dealer
from driftlib.auditing.faults import MISSING, SHIFT, detach_labels
from driftlib.auditing.label_faults import DETACHED, LABELS
from driftlib.data.units import unit_codes

SEED = 20261125
# Twice as long a window would be more than half of the days: one length is audited.
DAYS, WINDOW, ROWS = 26, 7, 200
FRESH, REFERENCES = 200, 6
DATA = Path(__file__).resolve().parents[1] / "data"
World = Callable[[np.random.Generator, int], pd.DataFrame]
Key = tuple[str, str, float]
FAULTY = ((SHIFT, "x", (0.2, 0.4, 0.8)), (MISSING, "c", (0.01, 0.03)))


def _days(rng: np.random.Generator, days: int, effect: float, rare: bool = False) -> pd.DataFrame:
    day = np.repeat(np.arange(days), ROWS)
    own = rng.normal(size=(days, 3))[day] * np.sqrt(effect)
    x = own + rng.normal(size=own.shape) * np.sqrt(1 - effect)
    logit = x[:, 0] * 1.5 - (3.0 if rare else 0.0)
    score = 1 / (1 + np.exp(-logit))
    label = (rng.random(len(day)) < score).astype(int)
    return pd.DataFrame(
        {
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"),
            "x": x[:, 0],
            "skewed": np.exp(x[:, 1]),
            "c": np.array(list("abcd"))[np.clip(np.rint(x[:, 2] + 1.5), 0, 3).astype(int)],
            "y_true": label,
            "y_pred": (score > 0.5).astype(int),
            "y_proba": score,
        }
    )


def _season(rng: np.random.Generator, days: int) -> pd.DataFrame:
    frame = _days(rng, days, 0.05)
    weekend = frame["day"].dt.dayofweek >= 5
    return frame.assign(x=frame["x"] + 0.8 * weekend)


def _regression(rng: np.random.Generator, days: int) -> pd.DataFrame:
    frame = _days(rng, days, 0.05).drop(columns="y_proba")
    target = 10 + 2 * frame["x"] + rng.normal(size=len(frame))
    return frame.assign(y_true=target, y_pred=10 + 2 * frame["x"])


WORLDS: dict[str, World] = {
    "independent": lambda rng, days: _days(rng, days, 0.0),
    "days": lambda rng, days: _days(rng, days, 0.2),
    "season": _season,
    "rare": lambda rng, days: _days(rng, days, 0.05, rare=True),
    "regression": _regression,
}


def _keywords(world: str) -> dict[str, Any]:
    found: dict[str, Any] = {"timestamp": "day", "unit": "1D"}
    return found | {"season": "weekday"} if world == "season" else found


def _unlabelled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="y_true")


def _fresh(world: str, repeats: int) -> pd.DataFrame:
    """Check fresh data, without and with faults: a row a window, a column what was looked for."""
    counts, keywords = [], _keywords(world)
    for repeat in range(repeats):
        rng = np.random.default_rng((SEED, 1, repeat))
        whole = WORLDS[world](rng, DAYS)
        late = whole["day"] >= whole["day"].min() + pd.Timedelta(days=DAYS - WINDOW)
        reference, window = whole[~late], whole[late]
        baseline = dl.Baseline.fit(_unlabelled(reference), **keywords)
        plain = _unlabelled(window)
        row: dict[Key, bool] = {("drift", "", 0.0): bool(dl.detect_drift(baseline, plain).drifted)}
        for fault, name, sizes in FAULTY:
            for size in sizes:
                made = fault.make(window[name], baseline.columns[name], size, rng)
                found = dl.detect_drift(baseline, plain.assign(**{name: made}))
                row[fault.name, name, size] = name in found.drifted
        for size in (0.0, *DETACHED[2:4]):
            faulty = detach_labels(window, "y_true", size, rng) if size else window
            perf = dl.track_performance(faulty, reference=reference, **keywords)
            key = (LABELS if size else "performance", "", size)
            row[key] = bool(perf.table["alarm"].any())
        counts.append(row)
    return pd.DataFrame(counts)


def _foretold(found: dl.Audit) -> dict[Key, tuple[float, float, float, int]]:
    never = found.false_alarms[found.false_alarms["units"] == found.take]
    told = {(r.of, "", 0.0): (r.share, r.lower, r.upper, r.deals) for r in never.itertuples()}
    own = found.table[found.table["units"] == found.take]
    return told | {
        (r.fault, r.feature, r.size): (r.share, r.lower, r.upper, r.tries) for r in own.itertuples()
    }


def audited(world: str, references: int = REFERENCES, fresh: int = FRESH) -> pd.DataFrame:
    """Hold what audits of a world foretell against fresh data.

    Parameters
    ----------
    world : str
        Its name.
    references : int
        That are audited.
    fresh : int
        Windows that are checked.

    Returns
    -------
    pandas.DataFrame
        A row for each thing that was foretold.
    """
    keywords: dict[str, Any] = {"window": f"{WINDOW}D", **_keywords(world)}
    told: dict[Key, list[tuple[float, float, float, int]]] = {}
    for number in range(references):
        reference = WORLDS[world](np.random.default_rng((SEED, 0, number)), DAYS)
        features = dl.audit(
            _unlabelled(reference), deals=100, tries=60, faults=[SHIFT, MISSING], seed=number,
            **keywords,
        )  # fmt: skip
        labels = dl.audit(reference, deals=40, tries=24, faults=[], seed=number, **keywords)
        for key, one in (_foretold(labels) | _foretold(features)).items():
            told.setdefault(key, []).append(one)
    rows = []
    for key, share in _fresh(world, fresh).mean().items():
        each = told[key]
        shares = np.array([one[0] for one in each])
        said, tries = shares.mean(), sum(one[3] for one in each)
        error = np.sqrt(max(share * (1 - share), 0.25 / fresh) / fresh)
        # References that all foretell the same differ by chance, too.
        both = (fresh * share + tries * said) / (fresh + tries)
        least = np.sqrt(max(both * (1 - both), 0.25 / tries) / tries)
        own = max(shares.std(ddof=1) / np.sqrt(len(each)), least)
        slack = 1.96 * error
        held = sum(low - slack <= share <= high + slack for _, low, high, _ in each)
        rows.append(
            (*key, 100 * said, 100 * share, (said - share) / np.hypot(error, own),
             f"{held} of {len(each)}")
        )  # fmt: skip
    columns = ["what", "feature", "size", "foretold %", "fresh %", "apart", "held"]
    return pd.DataFrame(rows, columns=columns)


def flights(deals: int = 200, tries: int = 30, checks: int = 67) -> None:
    """Print what an audit of March foretells of days dealt from April to June.

    Parameters
    ----------
    deals, tries : int
        Of the audit.
    checks : int
        Of each month.
    """
    march = pd.read_parquet(DATA / "reference.parquet")
    later = pd.read_parquet(DATA / "current.parquet")
    names: dict[str, Any] = {"timestamp": "timestamp"}
    found = dl.audit(march, window="7D", deals=deals, tries=tries, faults=[SHIFT, MISSING], **names)
    print(f"\nMarch: {found.headline}")
    told = _foretold(found)
    keys: list[Key] = [("drift", "", 0.0), ("performance", "", 0.0)]
    keys += [(SHIFT.name, "distance", size) for size in (0.2, 0.4, 0.8)]
    keys += [(LABELS, "", size) for size in (0.1, 0.2)]
    rng, counts = np.random.default_rng((SEED, 2)), []
    for month in (4, 5, 6):
        rows = later[later["timestamp"].dt.month == month]
        whole = dl.Baseline.fit(rows, **names)
        dealer = Dealer(whole, rows, unit_codes(whole.unit, rows))
        for one in islice(dealer.deals(7, rng), checks):
            window, rest = one.sides(rows)
            baseline = dl.Baseline.fit(rest, **names)
            column = baseline.columns["distance"]
            row: dict[Any, Any] = {"month": month}
            row[keys[0]] = bool(dl.detect_drift(baseline, window).drifted)
            for key in keys[2:5]:
                made = SHIFT.make(window["distance"], column, key[2], rng)
                moved = dl.detect_drift(baseline, window.assign(distance=made))
                row[key] = "distance" in moved.drifted
            for key in (keys[1], *keys[5:]):
                faulty = detach_labels(window, "y_true", key[2], rng) if key[2] else window
                perf = dl.track_performance(faulty, reference=rest, **names)
                row[key] = bool(perf.table["alarm"].any())
            counts.append(row)
    table = pd.DataFrame(counts)
    lines = []
    for key in keys:
        share, low, high, _ = told[key]
        each = table.groupby("month")[[key]].mean()[key]
        every = float(table[key].mean())
        lines.append((*key, *(100 * np.array([share, low, high, *each, every]))))
    columns = ["what", "feature", "size", "foretold %", "from", "to", "April", "May", "June", "all"]
    print(f"\n{pd.DataFrame(lines, columns=columns).round(1).to_string(index=False)}")


def times() -> None:
    """Print what an audit of 25 features and 30 days takes, without labels and with them."""
    rng, days, rows = np.random.default_rng((SEED, 3)), 30, 1_000
    day = np.repeat(np.arange(days), rows)
    frame = pd.DataFrame(rng.normal(size=(len(day), 20))).add_prefix("x")
    frame = frame.assign(**{f"c{k}": rng.choice(list("abcd"), len(day)) for k in range(5)})
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
    score = rng.random(len(day))
    label = (rng.random(len(day)) < score).astype(int)
    labelled = frame.assign(y_true=label, y_pred=(score > 0.5).astype(int), y_proba=score)
    for words, data in (("drift alone", frame), ("with labels and estimates", labelled)):
        start = time.perf_counter()
        dl.audit(data, timestamp="day", window="7D", deals=200)
        print(f"25 features, {days} days, 200 deals, {words}: {time.perf_counter() - start:.1f} s")


def main(arguments: list[str] | None = None) -> None:
    """Print every table, or those of the worlds that are named."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    choices = f"{', '.join(WORLDS)}, flights, times"
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=choices)
    names = parser.parse_args(arguments or []).worlds or [*WORLDS, "flights"]
    print(f"{DAYS} days, checks of {WINDOW}, {REFERENCES} references, {FRESH} fresh checks")
    found = []
    for name in names:
        if name in ("flights", "times"):
            {"flights": flights, "times": times}[name]()
        else:
            found.append(audited(name))
            print(f"\n{name}\n{found[-1].round(2).to_string(index=False)}", flush=True)
    if found:
        apart = pd.concat(found)["apart"].abs()
        near = f"{(apart <= 2).sum()} of {len(apart)} forecasts within 2 standard errors"
        print(f"\n{near}, none beyond {np.ceil(10 * apart.max()) / 10:.1f}")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
