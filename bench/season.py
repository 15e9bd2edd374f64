"""Does comparing like with like keep its promise: no alarm for the season, and all else found?

Twenty features, three quarters of them numbers and one quarter categories, with a season of
up to 2.5 standard deviations each and effects of days that last. "False" is a batch in which
any feature is called real although nothing but the season changed, with its 99 % interval;
"found" is the one feature that was shifted by half a standard deviation, called real, and
"matters" the same called drifted: its PSI is 0.1 and more beyond chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

import driftlib as dl
from bench.dependence import SEED, effects, table, wilson
from driftlib.data.season import SeasonRule, season_cells
from driftlib.drift.run import streams_of
from driftlib.drift.run_seasons import foretell
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.units import UnitColumn
from driftlib.stats.watch import watch

FEATURES, NUMBERS = 20, 15
Shape = Callable[[pd.Series, np.random.Generator], np.ndarray]


def yearly(when: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A wave of one year for each feature, each with its own phase and height."""
    phase = 2 * np.pi * (when.dt.day_of_year.to_numpy() + when.dt.hour.to_numpy() / 24) / 365.25
    return np.sin(phase[:, None] + rng.uniform(0, 2 * np.pi, FEATURES)) * np.linspace(
        0.1, 2.5, FEATURES
    )


def weekly(when: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A level for each weekday and feature."""
    return rng.normal(size=(7, FEATURES))[when.dt.day_of_week] * np.linspace(0.1, 2.5, FEATURES)


def daily(when: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A level for each hour of the day and feature."""
    return rng.normal(size=(24, FEATURES))[when.dt.hour] * np.linspace(0.1, 2.5, FEATURES)


@dataclass(frozen=True)
class World:
    """Rows of some days with a season, and effects of days.

    Parameters
    ----------
    name, season : str
    shape : callable
        Of the season.
    days, reference : int
        All days, and how many of them are the reference.
    rows : int
        In all.
    icc, ar : float
        Share of a row's variance that is its day's effect, and the effects' memory.
    window : str
        Of the current days.
    batch : callable, optional
        Which rows of the current data there are.
    unit : str
    repeats : int
        How often it is drawn.
    """

    name: str
    season: str
    shape: Shape
    days: int
    reference: int
    rows: int
    window: str
    icc: float = 0.0
    ar: float = 0.0
    batch: Callable[[pd.Series], np.ndarray] | None = None
    unit: str = "auto"
    repeats: int = 4

    def frame(self, rng: np.random.Generator) -> pd.DataFrame:
        """All rows in order of time."""
        at = np.sort(rng.uniform(0, self.days, self.rows))
        when = pd.Series(pd.Timestamp("2021-01-01") + pd.to_timedelta(at, unit="D"))
        u = effects(rng, (FEATURES,), self.days, self.ar, "normal").T[at.astype(int)]
        noise = np.sqrt(self.icc) * u + np.sqrt(1 - self.icc) * rng.normal(size=u.shape)
        values = self.shape(when, rng) + noise
        columns = {f"x{i}": values[:, i] for i in range(NUMBERS)}
        levels = np.array(list("abcdef"))
        columns |= {
            f"c{i}": levels[np.clip(np.rint(values[:, i] + 2.5), 0, 5).astype(int)]
            for i in range(NUMBERS, FEATURES)
        }
        return pd.DataFrame({"when": when, **columns})


def check(world: World, seasonal: bool = True) -> dict[str, object]:
    """Share of the windows that have a false finding, and in which the shift is found."""
    false, found, matters, windows, untold = 0, 0, 0, 0, 0
    for repeat in range(world.repeats if seasonal else 1):
        rng = np.random.default_rng([SEED, repeat, len(world.name)])
        frame = world.frame(rng)
        new = frame["when"] >= frame["when"].dt.normalize().min() + pd.Timedelta(
            days=world.reference
        )
        current = frame[new]
        if world.batch is not None:
            current = current[world.batch(current["when"])]
        told = {"season": world.season} if seasonal else {}
        baseline = dl.Baseline.fit(frame[~new], timestamp="when", unit=world.unit, **told)
        for shift in (0.0, 0.5):
            moved = current.assign(x7=current["x7"] + shift)
            trend = dl.drift_trend(baseline, moved, window=world.window, on="when").table
            if shift:
                own = trend[trend["feature"] == "x7"]
                found += int((own["severity"] != "none").sum())
                matters += int(own["drifted"].sum())
                continue
            real = (trend["severity"] != "none").groupby(trend["window"]).any()
            unable = trend["note"].str.startswith("cannot tell").groupby(trend["window"]).any()
            false += int(real.sum())
            windows += len(real)
            untold += int(unable.sum())
    return {
        "": world.name, "like with like": seasonal, "checks": windows,
        "false": wilson(false, windows), "found": wilson(found, windows),
        "matters": wilson(matters, windows), "cannot tell": untold,
    }  # fmt: skip


def first_days(when: pd.Series) -> np.ndarray:
    """The first ten days of each month."""
    return when.dt.day.to_numpy() <= 10


def afternoons(when: pd.Series) -> np.ndarray:
    """Only from noon on."""
    return when.dt.hour.to_numpy() >= 12


def most_weekends(when: pd.Series) -> np.ndarray:
    """Weekends, and one working day in three weeks."""
    day = (when - pd.Timestamp("2021-01-01")).dt.days.to_numpy()
    return (when.dt.day_of_week.to_numpy() >= 5) | (day % 15 == 0)


YEAR = {"season": "month", "shape": yearly, "days": 1095, "reference": 730, "rows": 60_000}
WEEK = {"season": "weekday", "shape": weekly, "days": 140, "reference": 84, "rows": 28_000}
HOUR = {"season": "hour", "shape": daily, "days": 60, "reference": 30, "rows": 24_000}
WORLDS = [
    World("yearly wave, months", window="MS", repeats=7, **YEAR),
    World("yearly wave, months, single rows", window="MS", unit="row", repeats=7, **YEAR),
    World("yearly wave, months, days alike", window="MS", icc=0.05, ar=0.4, repeats=7, **YEAR),
    World("yearly wave, first ten days", window="MS", icc=0.05, batch=first_days, **YEAR),
    World("yearly wave, 45 days", window="45D", icc=0.05, **YEAR),
    World("week, weeks", window="7D", icc=0.05, **WEEK),
    World("week, four weeks", window="28D", icc=0.05, ar=0.4, **WEEK),
    World("week, weekends", window="28D", icc=0.05, batch=most_weekends, **WEEK),
    World("hours, weeks", window="7D", icc=0.05, **HOUR),
    World("hours, afternoons", window="10D", icc=0.05, batch=afternoons, **HOUR),
    World("hours, afternoons, single rows", window="10D", unit="row", batch=afternoons, **HOUR),
]


def labelled(
    rng: np.random.Generator, season: str, days: int, start: str, flipped: float = 0.0
) -> pd.DataFrame:
    """Days of 40 rows; scores say more or less by the season, and each day has its own effect."""
    when = pd.Series(pd.date_range(start, periods=days)).repeat(40).reset_index(drop=True)
    when += pd.to_timedelta(rng.uniform(0, 24, len(when)), unit="h")
    slope = {
        "month": 1.5 + 1.2 * np.sin(2 * np.pi * when.dt.day_of_year / 365.25),
        "weekday": 1.6 + when.dt.day_of_week.map(dict(enumerate((0, 0.3, 0.6, 1, 1.2, -0.8, -1)))),
        "hour": 1.5 + 1.2 * np.sin(2 * np.pi * when.dt.hour / 24),
    }[season].to_numpy()
    x = rng.normal(size=len(when))
    chance = expit(slope * x + 0.5 * rng.normal(size=days).repeat(40))
    y = (rng.random(len(x)) < chance) ^ (rng.random(len(x)) < flipped)
    return pd.DataFrame(
        {"when": when, "x": x, "z": rng.normal(size=len(x)), "y_true": y.astype(int),
         "y_pred": (x > 0).astype(int), "y_proba": expit(1.5 * x)}
    )  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A reference and a run of windows in which the model is as good as the season lets it be."""

    name: str
    season: str
    reference: int
    days: int
    window: str
    batch: Callable[[pd.Series], np.ndarray] | None = None


RUNS = [
    Run("months of a year, against two", "month", 730, 365, "MS"),
    Run("weeks of a year, against two years", "month", 730, 365, "7D"),
    Run("weeks", "weekday", 140, 70, "7D"),
    Run("days", "weekday", 140, 70, "1D"),
    Run("weeks, weekends", "weekday", 140, 70, "7D", lambda when: when.dt.day_of_week >= 5),
    Run("four weeks, weekends", "weekday", 84, 56, "28D", most_weekends),
    Run("ten days, afternoons", "hour", 60, 40, "10D", afternoons),
]


def tracked(run: Run, repeats: int) -> list[dict[str, object]]:
    """Share of metrics called degraded, of runs that alarm, and of those with flips that do."""
    out = []
    for season in ("", run.season):
        counts = {"checks": 0, "degraded": 0, "runs that alarm": 0, "flips found": 0}
        for repeat in range(repeats if season else max(1, repeats // 4)):
            rng = np.random.default_rng([SEED, repeat, len(run.name)])
            reference = labelled(rng, run.season, run.reference, "2020-01-06")
            begins = str(reference["when"].max().normalize() + pd.Timedelta(days=1))
            for flipped in (0.0, 0.15):
                current = labelled(rng, run.season, run.days, begins, flipped)
                if run.batch is not None:
                    current = current[np.asarray(run.batch(current["when"]))]
                perf = dl.track_performance(
                    current, window=run.window, timestamp="when", reference=reference, season=season
                ).table
                if flipped:
                    counts["flips found"] += bool(perf["alarm"].any())
                    continue
                counts["checks"] += int(perf["value"].notna().sum())
                counts["degraded"] += int(perf["degraded"].sum())
                counts["runs that alarm"] += bool(perf["alarm"].any())
        runs = repeats if season else max(1, repeats // 4)
        out.append({
            "": run.name, "like with like": bool(season), "runs": runs,
            "degraded": wilson(counts["degraded"], counts["checks"]),
            "runs that alarm": wilson(counts["runs that alarm"], runs),
            "15 % flipped found": wilson(counts["flips found"], runs),
        })  # fmt: skip
    return out


def diagnosed(repeats: int = 3) -> list[dict[str, object]]:
    """Verdicts on the months of a year against two, as they are and with flips."""
    out = []
    for season, flipped in (("", 0.0), ("month", 0.0), ("month", 0.15)):
        found: list[str] = []
        differ: list[bool] = []
        for repeat in range(repeats):
            rng = np.random.default_rng([SEED, repeat])
            reference = labelled(rng, "month", 730, "2020-01-01")
            current = labelled(rng, "month", 365, "2022-01-01", flipped)
            told = dl.diagnose_windows(
                reference, current, window="MS", timestamp="when", season=season,
                features=["x", "z"],
            )  # fmt: skip
            found += told.verdicts.tolist()
            differ += [d.domain.p_value < 0.05 for d in told.diagnoses if d is not None]
        out.append({
            "like with like": bool(season), "labels flipped": flipped, "months": len(found),
            "stable": wilson(found.count("stable"), len(found)),
            "concept drift": wilson(found.count("concept drift"), len(found)),
            "inputs differ": wilson(sum(differ), len(differ)),
        })  # fmt: skip
    return out


def followed_run(
    rng: np.random.Generator, season: str, reference: int, size: float = 0.0, days: float = 1.0
) -> np.ndarray:
    """Whether each of 20 numbers is taken as changed, by window: 52 weeks after the reference.

    Days of 40 rows have effects that last and a level by the season; the first number moves by
    `size` in all weeks. A share of the days has rows: which they are changes from week to week.
    """
    weeks, cells = reference + 52, 20
    when = pd.Series(pd.date_range("2020-01-06", periods=7 * weeks))
    level = weekly(when, rng)
    u = effects(rng, (FEATURES,), len(when), 0.4, "normal").T
    middle = level + np.sqrt(0.05) * u
    middle[7 * reference :, 0] += size
    edges = np.quantile(middle, np.arange(1, cells) / cells, axis=0)
    below = ndtr((edges[None] - middle[:, None]) / np.sqrt(0.95))
    counts = rng.multinomial(40, np.diff(below.swapaxes(1, 2), axis=-1, prepend=0, append=1))
    counts[rng.random(len(when)) > days] = 0
    names = [f"x{k}" for k in range(FEATURES)]
    baseline = Baseline(0, {name: Column(name, "feature", "numeric") for name in names}, 10, 2000)
    rule = SeasonRule(season, ("when",))
    codes, known = season_cells(rule, when.to_frame("when"))
    week, none = np.arange(len(when)) // 7, np.zeros(len(when), dtype=int)
    sides: list[dict[str, dict[str, UnitColumn]]] = [{}, {}]
    for number, cell in enumerate(known):
        own = counts * (codes == number)[:, None, None]
        for k, name in enumerate(names):
            column = UnitColumn(own[:, k], none, none).summed(week, weeks)
            for side, part in zip(sides, (slice(reference), slice(reference, None)), strict=True):
                side.setdefault(cell, {})[name] = UnitColumn(
                    column.cells[part], column.missing[part], column.unlisted[part]
                )
    told = foretell(sides[0])
    streams = streams_of(baseline, *(told.less(side) for side in sides), alike=told.rows)
    return watch(streams, FEATURES, windows=52).changed


def followed_runs(repeats: int = 200) -> list[dict[str, object]]:
    """Runs of 52 weeks in which nothing but the season changes, and something is found."""
    out = []
    for season, reference, days in (("weekday", 26, 1.0), ("weekday", 26, 0.6)):
        wrong = found = 0
        for repeat in range(repeats):
            rng = np.random.default_rng([SEED, repeat, reference])
            wrong += bool(followed_run(rng, season, reference, days=days).any())
            found += bool(followed_run(rng, season, reference, 0.3, days)[:, 0].any())
        out.append({
            "season": season, "weeks of the reference": reference, "days with rows": days,
            "runs that alarm": wilson(wrong, repeats), "0.3 sd found": wilson(found, repeats),
        })  # fmt: skip
    return out


def main() -> None:
    """Print the shares of all worlds, like with like and all with all."""
    out = [line for run in RUNS for line in tracked(run, 20)]
    table("The model is as good as ever, but for the season: metrics and runs, in %", out)
    table("Verdicts on a year of months, in %", diagnosed())
    table("Drift of 20 numbers followed over 52 weeks, in %", followed_runs())
    out = [check(world) for world in WORLDS]
    out += [check(world, seasonal=False) for world in WORLDS]
    table("Nothing but the season changed, and half a standard deviation on top, in %", out)
