"""Worlds drawn at random: what headlines, cards and alerts claim, held against the tables.

200 worlds, with and without time, labels and a change of data, concept or values; of classes and
of numbers. `python -m bench claims` prints every claim that no table bears out: there is to be
none.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

import driftlib as dl
from driftlib.advice.facts import drift_facts, joined, performance_facts
from driftlib.advice.status import make_status
from driftlib.alerts import OVER, PERFORMANCE
from driftlib.performance.metrics import METRICS
from driftlib.reporting import performance_verdicts, verdicts
from driftlib.reporting.sections import Unavailable, attempt
from driftlib.reporting.watched import (
    choose_metrics,
    keep_metrics,
    make_drift_alerts,
    pick_available,
    set_limits,
)
from driftlib.text import within

WORLDS = 200
CHANGES = ("none", "data", "concept", "both", "values", "past")
NUMBER = r"[+-]?\d[\d,]*(?:\.\d+)?"


@dataclass(frozen=True)
class World:
    """Two periods and how they are to be read."""

    change: str
    task: str
    timed: bool
    labelled: bool
    reference: pd.DataFrame
    current: pd.DataFrame

    @property
    def name(self) -> str:
        """Its kind in words."""
        times, labels = "dated" if self.timed else "undated", "labels" if self.labelled else "none"
        return f"{self.change}, {self.task}, {times}, {labels}"


def make_world(seed: int, rows: int = 900) -> World:
    """Draw a world.

    Parameters
    ----------
    seed : int
    rows : int
        Of each period.

    Returns
    -------
    World
    """
    rng = np.random.default_rng(seed)
    change = CHANGES[seed % len(CHANGES)]
    task = ("binary", "regression")[seed // len(CHANGES) % 2]
    timed, labelled = bool(rng.random() < 0.7), bool(rng.random() < 0.85)
    scale = 10.0 ** int(rng.integers(-2, 6)) if task == "regression" else 1.0
    size = rng.uniform(0.2, 1.5)

    def side(current: bool) -> pd.DataFrame:
        moved = np.full(rows, current and change != "none")
        if current and change == "past":
            moved &= np.arange(rows) < rows // 3
        data = moved & (change in ("data", "both", "past"))
        concept = moved & (change in ("concept", "both"))
        x = rng.normal(size=(rows, 3))
        x[:, 0] += size * data
        signal = x[:, 0] + 0.5 * x[:, 1] - 1.5 * size * concept * x[:, 0]
        frame = pd.DataFrame(x, columns=["a", "b", "c"])
        frame["d"] = rng.choice(["u", "v", "w"], rows)
        if change == "values" and current:
            frame.loc[rng.random(rows) < 0.05, "b"] = -999.0
        if task == "regression":
            frame["y_true"] = scale * (signal + rng.normal(0, 0.4, rows))
            frame["y_pred"] = scale * (frame["a"] + 0.5 * x[:, 1])
        else:
            frame["y_true"] = (rng.random(rows) < 1 / (1 + np.exp(-signal))).astype(int)
            frame["y_proba"] = 1 / (1 + np.exp(-(frame["a"] + 0.5 * x[:, 1])))
            frame["y_pred"] = (frame["y_proba"] > 0.5).astype(int)
        if timed:
            start = "2024-07-01" if current else "2024-01-01"
            frame["when"] = pd.date_range(start, periods=rows, freq="4h")
        if current and not labelled:
            frame = frame.drop(columns="y_true")
        return frame

    return World(change, task, timed, labelled, side(False), side(True))


@dataclass(frozen=True)
class Said:
    """Everything that is found in a world, and said of it."""

    drift: dl.DriftResult
    trend: dl.TrendResult
    drift_alerts: tuple[dl.Alert, ...]
    perf: dl.Performance | None
    perf_alerts: tuple[dl.Alert, ...]
    why: dl.Diagnosis | None
    drift_words: str
    words: str
    finding: str


def look(world: World, diagnose: bool = True) -> Said:
    """Find and say what a report would.

    Parameters
    ----------
    world : World
    diagnose : bool
        Whether to ask for the cause, which takes a second.

    Returns
    -------
    Said
    """
    time = "when" if world.timed else None
    cut = {"window": "MS", "on": time} if time else {"window": 300}
    roles = {"timestamp": time}
    drift = dl.detect_drift(world.reference, world.current, **roles)
    trend = dl.drift_trend(world.reference, world.current, **cut, **roles)
    alerts = make_drift_alerts(drift, trend)
    before = attempt(dl.track_performance, world.reference, **roles)
    watch = choose_metrics([before])
    limits = set_limits(world.reference, before, watch, 0.05)
    perf = attempt(dl.track_performance, world.current, **cut, **roles, **limits)
    main, expected = keep_metrics(perf, watch), Unavailable("not asked")
    if not world.labelled and world.task == "binary":
        thresholds = limits.get("thresholds")
        both = world.reference, world.current
        estimate = attempt(dl.estimate_performance, *both, thresholds=thresholds, **cut, **roles)
        expected = keep_metrics(estimate, watch)
    judged = next(iter(pick_available(main, expected)), None)
    told = tuple(dl.make_alerts(judged)) if judged is not None else ()
    why = Unavailable("not asked")
    if diagnose:
        why = attempt(dl.diagnose, world.reference, world.current, max_rows=2_000, **roles)
    cause = next(iter(pick_available(why)), None)
    facts = joined([performance_facts(judged, cause, told), drift_facts(drift, trend, alerts)])
    return Said(
        drift, trend, tuple(alerts), judged, told, cause,
        verdicts.drift_verdict(drift, trend),
        performance_verdicts.performance_verdict(main, expected, why),
        make_status(facts).finding,
    )  # fmt: skip


def unfounded(said: Said) -> list[str]:
    """List the claims that the tables do not bear out.

    Parameters
    ----------
    said : Said

    Returns
    -------
    list of str
        Empty where all is well.
    """
    return [*_card(said), *_drift(said), *_performance(said), *_cause(said)]


def _card(said: Said) -> list[str]:
    open_drift = [alert.subject for alert in said.drift_alerts if alert.state != OVER]
    worse = any(a.state != OVER and a.kind == PERFORMANCE for a in said.perf_alerts)
    wrong = []
    if ("The model is" in said.finding and "worse" in said.finding) and "not surely" not in (
        said.finding
    ):
        wrong += [] if worse else [f"card: {said.finding}"]
    elif worse:
        wrong.append(f"card is silent of a worse metric: {said.finding}")
    if said.finding.startswith("Nothing to act on") and (open_drift or worse):
        wrong.append(f"card: {said.finding} beside {open_drift}")
    named = re.search(r"data changed: (.*?)\. ", said.finding)
    if named:
        subjects = re.split(r", | and | as well as ", named[1])
        known = {*open_drift, "how features go together", "1 more", "2 more", "3 more"}
        wrong += [f"card names {name}" for name in subjects if name not in known]
    return wrong


def _drift(said: Said) -> list[str]:
    features = said.drift.baseline.features
    still = [a.subject for a in said.drift_alerts if a.state != OVER and a.subject in features]
    past = [a.subject for a in said.drift_alerts if a.state == OVER and a.subject in features]
    wrong = []
    found = re.match(r"(\d+) of (\d+) features? drifted", said.drift_words)
    if found and (int(found[1]), int(found[2])) != (len(still), len(features)):
        wrong.append(f"drift: {said.drift_words} beside {still}")
    if said.drift_words.startswith("No drift") and (still or past):
        wrong.append(f"drift: {said.drift_words} beside {still + past}")
    wrong += [f"drift does not name {n}: {said.drift_words}" for n in still[:1]
              if not re.search(rf"\b{n}\b", said.drift_words)]  # fmt: skip
    for alert in said.drift_alerts:
        own = said.trend.table[said.trend.table["feature"] == alert.subject]
        if alert.subject in features:
            count = re.search(r"drifted in (\d+) of (\d+) windows", alert.message)
            if count and int(count[1]) > int((own["severity"].isin(["moderate", "major"])).sum()):
                wrong.append(f"alert counts too many windows: {alert.message}")
    return wrong


def _performance(said: Said) -> list[str]:
    if said.perf is None:
        return []
    titles, table = METRICS[said.perf.task], said.perf.table
    alarmed = {alert.subject for alert in said.perf_alerts} & set(titles)
    now = {alert.subject for alert in said.perf_alerts if alert.state != OVER} & set(titles)
    wrong = []
    claims = re.findall(r"(?:^|[.:] )((?!None)\w[\w ]*?) (is|are) worse than tolerated", said.words)
    if bool(claims) != bool(now):
        wrong.append(f"performance: {said.words} beside {sorted(now)}")
    if "watched metrics is worse than tolerated" in said.words and alarmed:
        wrong.append(f"performance: {said.words} beside {sorted(alarmed)}")
    for name, metric in titles.items():
        own = table[table["metric"] == name]
        written = {metric.write(value) for value in own["value"].dropna()}
        for number in re.findall(
            rf"{re.escape(metric.title)} (?:is|was) worse than tolerated[^:.]*: ({NUMBER}(?: %)?)",
            said.words,
        ):
            if number not in written:
                wrong.append(f"performance: {metric.title} {number} is in no window")
        listed = rf"(?:, | and ){re.escape(within(metric.title))} in (\d+) of (\d+)"
        for count, _ in re.findall(listed, said.words):
            column = "degraded" if "taken alone" in said.words else "breached"
            if int(count) != int(own[column].sum()):
                wrong.append(f"performance: {metric.title} in {count}, {own[column].sum()} are")
    for alert in said.perf_alerts:
        if alert.subject not in titles:
            continue
        own = table[table["metric"] == alert.subject]
        if not own["alarm"].any():
            wrong.append(f"alert without an alarm: {alert.message}")
        value = own[own["window"] == alert.window]["value"]
        metric = titles[alert.subject]
        text = f"{float(value.iloc[0]):.3f}" if metric.bounded else metric.write(value.iloc[0])
        if text not in alert.message:
            wrong.append(f"alert of another window's value: {alert.message}, not {text}")
    return wrong


def _cause(said: Said) -> list[str]:
    if said.why is None or said.why.verdict == "undetermined":
        return []
    why, words, wrong = said.why, said.why.headline, []
    terms = why.terms
    total = terms.loc["total"]
    sure = "lower"
    if (
        re.search(r"(?:score|loss|error) rose by", words)
        and "with the same inputs the" not in words
    ):
        wrong += [] if total[sure] > 0 else [f"cause: {words} beside {total.to_dict()}"]
    if re.search(r"over all it fell by", words) and not total["upper"] < 0:
        wrong.append(f"cause: {words} beside {total.to_dict()}")
    if why.verdict in ("concept drift", "data and concept drift"):
        concept = terms.loc["concept"]
        if not concept["value"] > 0:
            wrong.append(f"cause: {words} beside {concept.to_dict()}")
    if why.verdict in ("data drift", "data and concept drift") and not why.covariate[0] > 0:
        wrong.append(f"cause: {words} beside {why.covariate}")
    if why.verdict == "improved" and not total["upper"] < 0:
        wrong.append(f"cause: {words} beside {total.to_dict()}")
    for unit, number in (("same inputs", terms.loc["concept", "value"]),
                         ("changed inputs", why.covariate[0])):  # fmt: skip
        said_number = re.search(rf"({NUMBER})(?: %)? (?:with the|from) {unit}", words)
        if said_number and np.sign(float(said_number[1].replace(",", ""))) not in (
            0,
            np.sign(number),
        ):
            wrong.append(f"cause: {said_number[0]} beside {number}")
    return wrong


def main() -> None:
    """Print how many worlds there were of each kind, and each claim without ground."""
    kinds: Counter[str] = Counter()
    findings: Counter[str] = Counter()
    broken = 0
    for seed in range(WORLDS):
        world = make_world(seed)
        said = look(world)
        kinds[f"{world.change}, {world.task}"] += 1
        findings[re.split(r"[:,.]", said.finding)[0]] += 1
        for claim in unfounded(said):
            broken += 1
            print(f"world {seed} ({world.name}): {claim}", flush=True)
    print(pd.Series(kinds, name="worlds").to_string())
    print(pd.Series(findings, name="cards that begin so").to_string())
    print(f"{broken} claims without ground in {WORLDS} worlds")


if __name__ == "__main__":
    main()
