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

import driftlib as dl
from bench.dependence import SEED, effects, table, wilson

FEATURES, NUMBERS = 20, 15
Shape = Callable[[pd.Series, np.random.Generator], np.ndarray]


def yearly(when: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A wave of one year for each feature, each with its own phase and height."""
    phase = 2 * np.pi * (when.dt.dayofyear.to_numpy() + when.dt.hour.to_numpy() / 24) / 365.25
    return np.sin(phase[:, None] + rng.uniform(0, 2 * np.pi, FEATURES)) * np.linspace(
        0.1, 2.5, FEATURES
    )


def weekly(when: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A level for each weekday and feature."""
    return rng.normal(size=(7, FEATURES))[when.dt.weekday] * np.linspace(0.1, 2.5, FEATURES)


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
    return (when.dt.weekday.to_numpy() >= 5) | (day % 15 == 0)


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


def main() -> None:
    """Print the shares of all worlds, like with like and all with all."""
    out = [check(world) for world in WORLDS]
    out += [check(world, seasonal=False) for world in WORLDS]
    table("Nothing but the season changed, and half a standard deviation on top, in %", out)
