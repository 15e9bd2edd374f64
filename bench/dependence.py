"""Does a check of rows in units keep its promise, and what does it still see?

Twenty features, days or customers whose rows share an effect. ICC is the share of a row's
variance that is its unit's effect, AR the effects' lag-1 memory. "False" is any feature called
real without a change, with its 99 % interval; "found" is the one feature that was changed.
"Rows" is the same check with rows taken as independent. Then the project's flights, days and
weeks of a month dealt to two sides, and a year of windows under one budget.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from driftlib.stats import sequential
from driftlib.stats.unit_counts import count_units
from driftlib.stats.unit_drift import UnitDrift, compare_units
from driftlib.stats.units import Units

FEATURES = 20
SEED = 20261201
REPEATS = 300
CHUNK = 50
DATA = Path(__file__).resolve().parents[1] / "data"
Rows = Callable[[np.random.Generator, int, int], np.ndarray]


def wilson(hits: float, of: int, z: float = 2.576) -> str:
    """Share in percent with its 99 % interval."""
    p = hits / of
    middle, half = p + z * z / 2 / of, z * np.sqrt(p * (1 - p) / of + (z / 2 / of) ** 2)
    low, high = ((middle + s * half) / (1 + z * z / of) for s in (-1, 1))
    return f"{100 * p:.1f} ({100 * max(0, low):.0f}-{100 * high:.0f})"


def adjusted(p: np.ndarray) -> np.ndarray:
    """Benjamini-Hochberg along the last axis."""
    count = p.shape[-1]
    order = np.argsort(p, -1)
    q = np.take_along_axis(p, order, -1) * count / np.arange(1, count + 1)
    q = np.minimum.accumulate(q[..., ::-1], -1)[..., ::-1]
    out = np.empty_like(q)
    np.put_along_axis(out, order, q, -1)
    return out


def real(drift: UnitDrift) -> np.ndarray:
    """Which changes are called real, each check by itself."""
    return drift.real(adjusted(np.nan_to_num(drift.p_value, nan=1.0)))


def effects(
    rng: np.random.Generator, shape: tuple[int, ...], units: int, ar: float, law: str
) -> np.ndarray:
    """Unit effects of variance 1, a first-order process along the last axis."""
    draw = {
        "normal": lambda: rng.normal(size=shape),
        "t4": lambda: rng.standard_t(4, size=shape) / np.sqrt(2),
        "exponential": lambda: rng.exponential(size=shape) - 1,
    }[law]
    u = np.empty((*shape, units))
    u[..., 0] = draw() if not ar else rng.normal(size=shape)
    for i in range(1, units):
        u[..., i] = ar * u[..., i - 1] + np.sqrt(1 - ar * ar) * draw()
    return u


def numbers(
    rng: np.random.Generator, u: np.ndarray, n: np.ndarray, icc: float, shift: np.ndarray, cells=20
) -> np.ndarray:
    """Counts of normal rows with unit effects u in cells of equal share."""
    from scipy.special import ndtr, ndtri

    edges = ndtri(np.arange(1, cells) / cells)
    below = ndtr((edges - (np.sqrt(icc) * u + shift)[..., None]) / np.sqrt(1 - icc))
    p = np.maximum(np.diff(below, prepend=0, append=1), 0)
    return rng.multinomial(np.broadcast_to(n, u.shape), p / p.sum(-1, keepdims=True)).astype(float)


def fixed(rows: int) -> Rows:
    """Units of as many rows each."""
    return lambda rng, a, b: np.full(a + b, rows)


def uneven(spread: float, rows: int = 300) -> Rows:
    """Log-normal rows."""
    return lambda rng, a, b: np.maximum(
        5, rows * np.exp(spread * rng.normal(size=a + b) - spread**2 / 2)
    ).astype(int)


def sides(reference: int, current: int) -> Rows:
    """Units of different size on the two sides."""
    return lambda rng, a, b: np.repeat([reference, current], [a, b])


def check_numbers(
    a: int, b: int, icc: float = 0.0, ar: float = 0.0, law: str = "normal", shift: float = 0.0,
    rows: Rows | None = None, cells: int = 20, memory: bool = True, repeats: int = REPEATS,
    as_rows: bool = False,
) -> float:  # fmt: skip
    """Share of checks with any false finding, or in which the changed feature is found."""
    rng = np.random.default_rng([SEED, a, b, int(1000 * icc), int(10 * ar), int(10 * shift)])
    units = Units(np.arange(a + b) >= a, np.arange(a + b), memory)
    by = np.zeros((FEATURES, a + b))
    by[0, a:] = shift
    hits = []
    for _ in range(max(1, repeats // CHUNK)):
        n = (rows or fixed(300))(rng, a, b)
        u = effects(rng, (CHUNK, FEATURES), a + b, ar, law)
        counts = numbers(rng, u, n, icc, by, cells)
        bins = counts.reshape(*counts.shape[:-1], 10, -1).sum(-1)
        if as_rows:
            found = adjusted(row_p_value(units, counts, bins)) < 0.05
        else:
            found = real(compare_units(units, counts, bins))
        hits.append(found[:, 0] if shift else found.any(-1))
    return float(np.mean(hits))


def row_p_value(units: Units, cells: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """The same two tests with rows as independent: every side one unit of many rows."""
    from scipy.special import chdtrc, erfc

    from driftlib.stats.unit_counts import normal_scores

    total = cells.sum(-2)
    score = normal_scores(total)
    rows = total.sum(-1)
    n = cells[..., units.current, :].sum((-1, -2))
    weight = 1 / n + 1 / (rows - n)
    current = (cells[..., units.current, :].sum(-2) * score).sum(-1) / n
    other = (cells[..., ~units.current, :].sum(-2) * score).sum(-1) / (rows - n)
    variance = (total * score**2).sum(-1) / rows * weight
    p_score = erfc(np.abs(current - other) / np.sqrt(2 * variance))
    q = bins[..., units.current, :].sum(-2) / n[..., None]
    p = bins[..., ~units.current, :].sum(-2) / (rows - n)[..., None]
    share = bins.sum(-2) / rows[..., None]
    chi = ((q - p) ** 2 / np.maximum(share, 1e-12)).sum(-1) / weight
    p_bins = chdtrc(bins.shape[-1] - 1, chi)
    return np.minimum(1, np.minimum(4 / 3 * p_score, 4 * p_bins))


def check_shares(
    kind: int | str, a: int, b: int, spread: float, ar: float = 0.0, law: str = "normal",
    shift: float = 0.0, rows: Rows | None = None, memory: bool = True, repeats: int = 200,
) -> float:  # fmt: skip
    """The same for categories with `kind` levels, or for the share of missing values."""
    from scipy.stats import hypergeom

    rng = np.random.default_rng([SEED, a, b, int(10 * spread), int(10 * ar), int(10 * shift)])
    units = Units(np.arange(a + b) >= a, np.arange(a + b), memory)
    hits = []
    for _ in range(max(1, repeats // 25)):
        n = (rows or fixed(300))(rng, a, b)
        if isinstance(kind, int):
            share = np.array([0.6, 0.3, 0.1]) if kind == 3 else np.arange(1, kind + 1) ** -0.7
            u = effects(rng, (25, FEATURES, kind), a + b, ar, law)
            logit = np.moveaxis(u, -1, 2) * spread + np.log(share)
            logit[:, 0, a:, 0] += shift
            p = np.exp(logit)
            p /= p.sum(-1, keepdims=True)
            counts = rng.multinomial(np.broadcast_to(n, p.shape[:-1]), p).astype(float)
            found = real(compare_units(units, levels=counts))
        else:
            share = float(kind)
            u = effects(rng, (25, FEATURES), a + b, ar, law)
            logit = u * spread + np.log(share / (1 - share))
            logit[:, 0, a:] += shift
            x = rng.binomial(n, 1 / (1 + np.exp(-logit))).astype(float)
            total, after, rest = n.sum(), x[..., a:].sum(-1), x.sum(-1)
            tails = [hypergeom.sf(after - 1, total, rest, n[a:].sum()),
                     hypergeom.cdf(after, total, rest, n[a:].sum())]  # fmt: skip
            fisher = np.minimum(1, 2 * np.minimum(*tails))
            # A number that never varies leaves the missing values as the only test.
            same = np.broadcast_to((n - x)[..., None], (*x.shape, 1))
            found = real(compare_units(units, levels=same, missing=(x, n, fisher)))
        hits.append(found[:, 0] if shift else found.any(-1))
    return float(np.mean(hits))


def table(title: str, rows: list[dict[str, object]]) -> None:
    """One table under its title."""
    print(f"\n{title}\n")
    print(pd.DataFrame(rows).to_string(index=False), flush=True)


SHAPES = ((30, 30), (30, 7), (30, 1), (90, 7))
SETTINGS = ((0, 0), (0.01, 0), (0.05, 0), (0.05, 0.4), (0.2, 0), (0.2, 0.4))


def false_numbers(repeats: int = REPEATS) -> None:
    """No change, numbers: by units, effects, memory, law and rows."""
    settings = [(icc, ar, "normal", 300) for icc, ar in SETTINGS]
    settings += [(0.05, 0, "t4", 300), (0.05, 0, "exponential", 300), (0.2, 0, "normal", 2000)]
    out, total = [], 0.0
    for icc, ar, law, n in settings:
        line: dict[str, object] = {"ICC": icc, "AR": ar, "effects": law, "rows": n}
        for a, b in SHAPES:
            share = check_numbers(a, b, icc, ar, law, rows=fixed(n), repeats=repeats)
            line[f"{a}+{b}"] = wilson(share * repeats, repeats)
            total += share
        line["rows 30+30"] = (
            f"{100 * check_numbers(30, 30, icc, ar, law, rows=fixed(n), repeats=100, as_rows=True):.0f}"  # noqa: E501
        )
        out.append(line)
    count = len(settings) * len(SHAPES) * repeats
    table("False alarms in %, numbers", out)
    print(f"all together {wilson(total * repeats, count)} in {count} checks")


def found_numbers(repeats: int = 200) -> None:
    """One of 20 features shifted by so many standard deviations."""
    out = []
    for icc, ar, shift in (
        (0, 0, 0.2), (0.01, 0, 0.5), (0.05, 0, 0.5), (0.05, 0.4, 0.5), (0.05, 0, 1), (0.2, 0, 1),
        (0.2, 0.4, 1), (0.2, 0, 2), (0.2, 0.4, 2),
    ):  # fmt: skip
        line: dict[str, object] = {"ICC": icc, "AR": ar, "shift": shift}
        for a, b in SHAPES:
            found = check_numbers(a, b, icc, ar, shift=shift, repeats=repeats)
            line[f"{a}+{b}"] = f"{100 * found:.0f}"
        out.append(line)
    table("Found in %, numbers, 300 rows a unit", out)


def few_and_many(repeats: int = 200) -> None:
    """Few units, long memory, unequal rows, customers."""
    out = []
    for name, a, b, options in (
        ("2 current", 30, 2, {}), ("3 current", 30, 3, {}), ("4 current", 30, 4, {}),
        ("5 current", 30, 5, {}), ("4 reference", 4, 30, {}), ("4+4", 4, 4, {}), ("6+6", 6, 6, {}),
        ("13+7", 13, 7, {}), ("AR .6", 30, 30, {"ar": 0.6, "law": "normal"}),
        ("AR .9", 30, 30, {"ar": 0.9, "law": "normal"}),
        ("AR .9", 30, 7, {"ar": 0.9, "law": "normal"}),
        ("log-normal rows, sd .5", 30, 30, {"rows": uneven(0.5)}),
        ("log-normal rows, sd .5", 30, 7, {"rows": uneven(0.5)}),
        ("log-normal rows, sd 1", 30, 30, {"rows": uneven(1)}),
        ("log-normal rows, sd 1", 30, 7, {"rows": uneven(1)}),
        ("2,000 and 100 rows", 30, 30, {"rows": sides(2000, 100)}),
        ("100 and 2,000 rows", 30, 30, {"rows": sides(100, 2000)}),
        ("100 and 2,000 rows", 30, 7, {"rows": sides(100, 2000)}),
        ("customers of 20 rows", 200, 100, {"rows": fixed(20), "memory": False}),
    ):  # fmt: skip
        options = {"icc": 0.1, "law": "exponential"} | options
        share = check_numbers(a, b, repeats=repeats, **options)
        found = check_numbers(a, b, repeats=100, shift=1, **options)
        out.append({"": name, "units": f"{a}+{b}", "effects": options["law"],
                    "false": wilson(share * repeats, repeats),
                    "found 1 sd": f"{100 * found:.0f}"})  # fmt: skip
    table("Few units, memory, unequal rows: numbers, ICC .1, in %", out)


def shares(repeats: int = 200) -> None:
    """Categories and missing values, the unit effect on the logit scale."""
    out = []
    for kind, shift in ((3, 0.5), (50, 0.5), ("0.02", 0.7), ("0.003", 1.0)):
        for a, b in SHAPES[:3]:
            for spread, ar, law in ((0, 0, "normal"), (0.3, 0, "normal"), (0.3, 0.4, "normal"),
                                    (0.5, 0, "exponential")):  # fmt: skip
                share = check_shares(kind, a, b, spread, ar, law, repeats=repeats)
                found = check_shares(kind, a, b, spread, ar, law, shift=shift, repeats=50)
                name = f"{kind} levels" if isinstance(kind, int) else f"missing {kind}"
                out.append({"": name, "units": f"{a}+{b}", "unit sd": spread, "AR": ar,
                            "effects": law, "false": wilson(share * repeats, repeats),
                            "found, logit +0.5 to 1": f"{100 * found:.0f}"})  # fmt: skip
    for name, rows, memory, a, b in (("customers of 20", fixed(20), False, 200, 100),
                                     ("log-normal rows", uneven(1), True, 30, 30)):  # fmt: skip
        for kind in (3, "0.02"):
            share = check_shares(kind, a, b, 0.5, 0, "normal", 0, rows, memory, repeats)
            found = check_shares(kind, a, b, 0.5, 0, "normal", 0.7, rows, memory, 50)
            label = f"{kind} levels" if isinstance(kind, int) else f"missing {kind}"
            out.append({"": f"{label}, {name}", "units": f"{a}+{b}", "unit sd": 0.5, "AR": 0,
                        "effects": "normal", "false": wilson(share * repeats, repeats),
                        "found, logit +0.5 to 1": f"{100 * found:.0f}"})  # fmt: skip
    table("Levels and missing values, 300 rows a unit, in %", out)


def both_sides(repeats: int = 300) -> None:
    """Customers with rows on both sides, whose habit lasts or does not."""
    from scipy.special import ndtr, ndtri

    out = []
    for lasting in (1.0, 0.5, 0.0):
        for shared in (200, 100):
            for shift in (0.0, 0.15):
                rng = np.random.default_rng([SEED, shared, int(10 * lasting)])
                a, b = np.arange(200), np.arange(200) + 200 - shared
                units = Units(np.arange(400) >= 200, np.concatenate([a, b]), memory=False)
                hits, effect = [], 0.0
                for _ in range(repeats // 10):
                    habit = rng.normal(size=(10, FEATURES, 400))
                    place = np.concatenate([a, b])
                    u = np.sqrt(lasting) * habit[..., place]
                    u = u + np.sqrt(1 - lasting) * rng.normal(size=u.shape)
                    by = np.zeros((FEATURES, 400))
                    by[0, 200:] = shift
                    edges = ndtri(np.arange(1, 20) / 20)
                    mean = (np.sqrt(0.3) * u + by)[..., None]
                    p = np.diff(ndtr((edges - mean) / np.sqrt(0.7)), prepend=0, append=1)
                    counts = rng.multinomial(20, p / p.sum(-1, keepdims=True)).astype(float)
                    drift = compare_units(units, counts)
                    effect = float(drift.design_effect.mean())
                    found = real(drift)
                    hits.append(found[:, 0] if shift else found.any(-1))
                share = float(np.mean(hits))
                out.append({"of 200 on both": shared, "habit lasts": lasting, "shift": shift,
                            "false or found": wilson(share * repeats, repeats),
                            "design effect": round(effect, 1)})  # fmt: skip
    table("Customers on both sides, 20 rows a side, ICC .3, in %", out)


def coarseness(repeats: int = 300) -> None:
    """How many cells a unit's counts need."""
    out = []
    for a, b, icc, shift in ((30, 30, 0, 0.1), (30, 30, 0.05, 0.25), (30, 7, 0.05, 0.4),
                             (30, 30, 0.2, 0.5)):  # fmt: skip
        line: dict[str, object] = {"units": f"{a}+{b}", "ICC": icc, "shift": shift}
        for cells in (10, 30, 60):
            share = check_numbers(a, b, icc, cells=cells, repeats=200, rows=fixed(100))
            found = check_numbers(a, b, icc, 0, "normal", shift, fixed(100), cells, True, repeats)
            line[f"{cells} cells: false, found"] = f"{100 * share:.1f}, {100 * found:.1f}"
        out.append(line)
    table("Coarseness: numbers, 100 rows a unit, in %", out)


WEATHER = ("temp", "humid", "wind_speed", "precip", "visib", "pressure")


def flights() -> pd.DataFrame:
    """All flights of the project's data, by day and month."""
    files = [pd.read_parquet(DATA / f"{name}.parquet") for name in ("reference", "current")]
    frame = pd.concat(files, ignore_index=True)
    stamp = pd.to_datetime(frame.pop("timestamp"))
    frame = frame.drop(columns=["y_true", "y_pred", "y_proba"])
    return frame.assign(day=(stamp - stamp.min().normalize()).dt.days, month=stamp.dt.month)


def by_day(month: pd.DataFrame, features: list[str]) -> tuple[np.ndarray, ...]:
    """Days, then counts of numbers in cells and bins, of levels, and of missing values."""
    days = np.unique(month["day"])
    cells, bins, levels, missing = [], [], [], []
    numeric = [f for f in features if pd.api.types.is_numeric_dtype(month[f])]
    for name in numeric:
        x = month[name].to_numpy(dtype=float)
        known = ~np.isnan(x)
        edges = np.unique(np.quantile(x[known], np.arange(1, 40) / 40))
        code = np.where(known, np.searchsorted(edges, x), -1)
        counts = count_units(month["day"], code, 40)
        cells.append(counts.cells)
        # Ten neighbouring groups of cells, by rows.
        share = np.cumsum(counts.cells.sum(0)) / max(1, counts.cells.sum())
        at = np.minimum((share * 10 - 1e-9).astype(int), 9)
        wide = np.zeros((len(days), 10))
        np.add.at(wide.T, at, counts.cells.T)
        bins.append(wide)
        missing.append(counts.missing)
    width = max(month[f].nunique() for f in features if f not in numeric)
    for name in (f for f in features if f not in numeric):
        counts = count_units(month["day"], pd.factorize(month[name])[0], width)
        levels.append(counts.cells)
        missing.append(counts.missing)
    return days, np.array(cells), np.array(bins), np.array(levels), np.array(missing)


def split(counts: tuple[np.ndarray, ...], current: np.ndarray) -> np.ndarray:
    """Which features differ between the chosen days and the others."""
    from driftlib.stats.significance import fisher_exact

    days, cells, bins, levels, missing = counts
    known = np.concatenate([cells.sum(-1), levels.sum(-1)])
    rows = known + missing
    fisher = np.array([
        fisher_exact(m[~current].sum(), n[~current].sum(), m[current].sum(), n[current].sum())
        if m.any() else np.nan
        for m, n in zip(missing, rows, strict=True)
    ])  # fmt: skip
    units = Units(current, days)
    drift = compare_units(units, cells, bins, levels, (missing, rows, fisher))
    return real(drift)


def flight_days(repeats: int = 40) -> None:
    """Days of a month dealt at random to two sides; a week against the rest of its month."""
    frame = flights()
    features = [c for c in frame.columns if c not in ("day", "month")]
    plain = [f for f in features if f not in WEATHER]
    rng = np.random.default_rng(SEED)
    kinds: dict[str, list[bool]] = {}
    names: list[str] = []
    for _, month in frame.groupby("month"):
        counts, calm = by_day(month, features), by_day(month, plain)
        numeric = [f for f in features if pd.api.types.is_numeric_dtype(month[f])]
        order = numeric + [f for f in features if f not in numeric]
        count = len(counts[0])
        for _ in range(repeats):
            side = np.zeros(count, dtype=bool)
            side[rng.permutation(count)[: count // 2]] = True
            found = split(counts, side)
            kinds.setdefault("days dealt, all features", []).append(bool(found.any()))
            names += [name for name, hit in zip(order, found, strict=True) if hit]
            few = np.zeros(count, dtype=bool)
            few[rng.permutation(count)[:7]] = True
            kinds.setdefault("7 days dealt, all features", []).append(
                bool(split(counts, few).any())
            )
            one = np.arange(count) == rng.integers(count)
            kinds.setdefault("one day, all features", []).append(bool(split(counts, one).any()))
        for first in range(0, count - 6, 3):
            week = (np.arange(count) >= first) & (np.arange(count) < first + 7)
            kinds.setdefault("a week, all features", []).append(bool(split(counts, week).any()))
            kinds.setdefault("a week, no weather", []).append(bool(split(calm, week).any()))
    table("Flights, no change by construction (a week: weather lasts), in %", [
        {"": name, "checks": len(hits), "false": wilson(sum(hits), len(hits))}
        for name, hits in kinds.items()
    ])  # fmt: skip
    print("days dealt, found in:", pd.Series(names, dtype=str).value_counts().to_dict())


def through_the_library(repeats: int = 20) -> None:
    """Days of each month of flights dealt at random to two sides, by units and by rows."""
    import driftlib as dl
    from driftlib.drift.compare import Pair, compare

    files = [pd.read_parquet(DATA / f"{name}.parquet") for name in ("reference", "current")]
    frame = pd.concat(files, ignore_index=True)
    stamp = pd.to_datetime(frame["timestamp"])
    rng = np.random.default_rng(SEED)
    policy = dl.DriftPolicy()
    found: dict[str, list[int]] = {}

    def check(name: str, pair: Pair) -> None:
        (judged,) = compare([pair], policy)
        judged = judged.loc[pair.baseline.features]
        hits = found.setdefault(name, [0, 0, 0])
        hits[0] += 1
        hits[1] += bool(judged["drifted"].any())
        hits[2] += bool((judged["severity"] != "none").any())

    for _, month in frame.groupby(stamp.dt.month):
        baseline = dl.Baseline.fit(month, timestamp="timestamp")
        by_rows = dl.Baseline.fit(month, timestamp="timestamp", unit="row")
        parts = [part for _, part in month.groupby(stamp[month.index].dt.day)]
        days = [baseline.profile(part) for part in parts]
        plain = [by_rows.profile(part) for part in parts]
        for size, label in ((len(days) // 2, "half of the days"), (7, "7 days"), (1, "1 day")):
            for _ in range(repeats):
                dealt = rng.permutation(len(days))
                for name, fitted, counts in (("units", baseline, days), ("rows", by_rows, plain)):
                    after, before = (
                        sum(counts[i] for i in part) for part in (dealt[:size], dealt[size:])
                    )
                    check(f"{label} against the others, by {name}", Pair(fitted, before, after))
    table("Flights through the library, days of a month dealt to two sides, in %", [
        {"": name, "checks": n, "drifted": wilson(drifted, n), "any real": wilson(real, n)}
        for name, (n, drifted, real) in found.items()
    ])  # fmt: skip


def cost() -> None:
    """What counting by units costs, as a ratio of one run."""
    from time import process_time

    import driftlib as dl

    rng = np.random.default_rng(SEED)
    frame = pd.DataFrame(rng.normal(size=(1_000_000, 25))).rename(columns="x{}".format)
    names = list(frame.columns)
    frame["60 days in order"] = pd.Timestamp("2013-01-01") + pd.to_timedelta(
        np.arange(len(frame)) * 60 // len(frame), unit="D"
    )
    frame["512 groups in any order"] = rng.integers(0, 512, len(frame))
    times = {}
    for unit in ("row", "60 days in order", "512 groups in any order"):
        baseline = dl.Baseline.fit(frame, features=names, unit=unit)
        spent = []
        for _ in range(4):
            start = process_time()
            baseline.profile(frame)
            spent.append(process_time() - start)
        times[unit] = min(spent)
    table("Profile of 1,000,000 x 25, processor time against that without units", [
        {"units": unit, "times": round(time / times["row"], 2)} for unit, time in times.items()
    ])  # fmt: skip


def windows(rng: np.random.Generator, count: int, features: int, law: str, ar: float) -> np.ndarray:
    """Window scores; metrics come last and have most of their noise in common."""
    draw = {
        "normal": rng.normal, "t3": lambda size: rng.standard_t(3, size=size),
        "exponential": lambda size: rng.exponential(size=size),
    }[law]  # fmt: skip
    a = draw(size=(count, features)) * np.sqrt(1 - ar * ar)
    a[0] /= np.sqrt(1 - ar * ar)
    for i in range(1, count):
        a[i] += ar * a[i - 1]
    return a


def year(repeats: int = 300) -> None:
    """Twenty features and nine metrics, each with half of the budget of a year."""
    out = []
    for reference in (13, 26):
        for length in (12, 52):
            for law, ar in (("normal", 0), ("t3", 0), ("exponential", 0), ("normal", 0.4),
                            ("normal", 0.6)):  # fmt: skip
                any_alarm = 0
                for repeat in range(repeats):
                    rng = np.random.default_rng([SEED, repeat, reference, length])
                    drift = windows(rng, reference + length, 20, law, ar)
                    own = windows(rng, reference + length, 9, law, ar)
                    metrics = 0.6 * own + 0.8 * windows(rng, reference + length, 1, law, ar)
                    any_alarm += any(
                        _first(x, reference, length) is not None for x in (drift, metrics)
                    )
                out.append({"reference": reference, "windows": length, "law": law, "AR": ar,
                            "any alarm": wilson(any_alarm, repeats)})  # fmt: skip
    table("A run of windows without a change, in %", out)
    out = []
    for reference in (13, 26):
        for size in (3, 8):
            for at in (0, 20):
                delays, ended, again = [], [], 0
                for repeat in range(100):
                    rng = np.random.default_rng([SEED, repeat, reference])
                    a = windows(rng, reference + 52, 20, "normal", 0)
                    a[reference + at :, 0] += size
                    first = _first(a, reference, 52)
                    if first is not None and first >= at:
                        delays.append(first - at + 1)
                    a = windows(rng, reference + 52, 20, "normal", 0)
                    a[reference + at : reference + at + 12, 0] += size
                    end, later = _end(a, reference, 52)
                    again += later
                    if end is not None:
                        ended.append(end - at - 12 + 1)
                out.append({"reference": reference, "shift, window sd": size, "at": at,
                            "found": len(delays), "median delay": np.median(delays),
                            "12 windows long: said over": len(ended),
                            "median windows after": np.median(ended) if ended else np.nan,
                            "too early": sum(e < 1 for e in ended),
                            "alarm again": again})  # fmt: skip
    table("A lasting shift of one of 20 features, 52 windows, of 100 runs", out)


def _first(a: np.ndarray, reference: int, length: int) -> int | None:
    """The first window in alarm."""
    state = sequential.start(a[:reference])
    for i, window in enumerate(a[reference:]):
        state = sequential.update(state, window)
        if sequential.alarms(state, length).any():
            return i
    return None


def _end(a: np.ndarray, reference: int, length: int) -> tuple[int | None, bool]:
    """The window in which the first alarm is over, and whether there is another later."""
    state = sequential.start(a[:reference])
    end, alarmed = None, np.zeros(a.shape[1], dtype=bool)
    for i, window in enumerate(a[reference:]):
        state = sequential.update(state, window)
        alarmed |= sequential.alarms(state, length)
        if end is not None and alarmed.any():
            return end, True
        done = alarmed & state.over
        if done.any():
            state, end = sequential.forget(state, done), i
            alarmed &= ~done
    return end, False


def main() -> None:
    """Print every table."""
    false_numbers()
    found_numbers()
    few_and_many()
    shares()
    both_sides()
    coarseness()
    flight_days()
    through_the_library()
    cost()
    year()


if __name__ == "__main__":
    main()
