"""Find repeated rows, days with far too few or too many of them, gaps in time, and old data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from driftlib.lazily import pd
from driftlib.profile.facts import Facts, ReferenceFacts
from driftlib.profile.time_counts import DAY, STEPS, TimeCounts
from driftlib.quality.columns import beyond_chance
from driftlib.quality.finding import (
    AGE,
    DUPLICATES,
    GAP,
    NO_TIME,
    ROW_VOLUME,
    ROWS,
    SAME_ROWS,
    UNREADABLE,
    Finding,
    QualityPolicy,
)
from driftlib.severity import Severity
from driftlib.text import counted
from driftlib.written_numbers import percent

# Repeated rows are counted in a sample; fewer in all are nothing to speak of.
LEAST_SHARE, NOISE = 0.001, 4.0
FEWEST_DAYS = 10
# Fewer rows of a sample tell nothing of rows of the reference, nor do rows of which more are alike
# anyway; a smaller share hides nothing.
FEWEST_KNOWN, MOST_ALIKE, LEAST_KNOWN = 5, 0.2, 0.01
# Roots of counts have a standard deviation of a half: so far apart they differ by far.
ROOTS_APART = 2.0
# Chance that a gap of the reference's own kind is so much longer than all of its gaps; how many
# times as long as the longest one that is to speak of, and moderate.
GAP_LEVEL, LONGER, LONG = 0.02, 1.5, 3.0


def repeat_findings(
    known: ReferenceFacts, facts: Facts, policy: QualityPolicy
) -> Iterator[Finding]:
    """Find rows that repeat another row in full, beyond what the reference foretells.

    Parameters
    ----------
    known : ReferenceFacts
    facts : Facts
    policy : QualityPolicy

    Yields
    ------
    Finding
    """
    hashes, names = facts.row_hashes, known.rule.names
    repeats = hashes.repeats(known.rule.keys) if names and hashes.names == names else {}
    rows = sum(times * number for times, number in repeats.items())
    if not (known.sampled and rows):
        return
    share = 1 - sum(repeats.values()) / rows
    if share < LEAST_SHARE:
        return
    before = repeated_share(known.repeats, known.sampled)
    expected = _expected_share(known, facts.rows)
    beyond = share - expected
    noise = NOISE * np.sqrt(expected * rows + 1) / rows
    if beyond < max(LEAST_SHARE, noise):
        return
    yield Finding(
        DUPLICATES, ROWS, policy.of_share(beyond).value, share, before,
        f"{percent(share)} repeat another row in every column, {percent(before)} in the reference",
    )  # fmt: skip


def same_row_findings(known: ReferenceFacts, facts: Facts) -> Iterator[Finding]:
    """Find rows that are rows of the reference, beyond those that are alike by chance.

    Parameters
    ----------
    known : ReferenceFacts
    facts : Facts

    Yields
    ------
    Finding
        Minor: a copy of the reference is nothing wrong, and what is told of the rest holds.
        Without a time they may be the same customers again.
    """
    rule, hashes = known.rule, facts.row_hashes
    if not rule.names or hashes.names != rule.names:
        return
    expected = 1 - known.known_rows.lone
    if expected > MOST_ALIKE:
        return
    rows, different, same = known.known_rows.found_in(hashes, rule.inputs, rule.keys)
    if rows < FEWEST_KNOWN:
        return
    share = same / rows
    beyond = share - expected
    if beyond < LEAST_KNOWN:
        return
    # Rows that are alike are in a sample together, and what is expected is known from a sample too.
    variance = 2 * expected * (1 - expected) * (1 / different + 1 / known.sampled) + rows**-2.0
    if beyond < NOISE * np.sqrt(variance):
        return
    timed = known.times is not None and known.times.present > 0
    alike = "every feature and their time" if timed else "every feature"
    yield Finding(
        SAME_ROWS, ROWS, Severity.MINOR.value, share, expected,
        f"{percent(share)} are rows of the reference, alike in {alike}: they hide what changed, so "
        "leave them out on one side",
    )  # fmt: skip


def repeated_share(repeats: Mapping[int, int], rows: int, part: float = 1.0) -> float:
    """Compute the share of rows that repeat another one, in a part of a sample.

    Parameters
    ----------
    repeats : mapping of int to int
        How many different rows occur so many times.
    rows : int
        Rows of the sample.
    part : float
        Share of its rows that is taken at random.

    Returns
    -------
    float
        Its expectation.

    Examples
    --------
    >>> repeated_share({1: 80, 2: 10}, 100), round(repeated_share({1: 80, 2: 10}, 100, 0.5), 3)
    (0.1, 0.05)
    """
    times = np.array(list(repeats), dtype=float)
    number = np.array(list(repeats.values()), dtype=float)
    distinct = float((number * (1 - (1 - part) ** times)).sum())
    return max(0.0, 1 - distinct / (part * rows))


def _expected_share(known: ReferenceFacts, rows: float) -> float:
    """Share of repeated rows in so many rows of the reference; of more rows, no more than this.

    With x rows of a kind expected, x - 1 + exp(-x) repeat another; divided by x**2 that falls, so
    the share grows at most as the rows do.
    """
    whole = repeated_share(known.repeats, known.sampled)
    size = known.rows
    if rows >= size:
        return min(1.0, whole * rows / size)
    return repeated_share(known.repeats, known.sampled, rows / size)


def time_findings(
    known: ReferenceFacts, facts: Facts, policy: QualityPolicy, now: datetime
) -> Iterator[Finding]:
    """Find what is wrong with a batch's times and with its rows along them.

    Parameters
    ----------
    known : ReferenceFacts
    facts : Facts
    policy : QualityPolicy
    now : datetime
        What ages are counted to.

    Yields
    ------
    Finding
    """
    was, times, column = known.times, facts.times, known.rule.time
    if was is None or times is None or column is None or not was.present:
        return
    if more := beyond_chance(was.unreadable, was.rows, times.unreadable, times.rows, policy):
        share = times.unreadable / times.rows
        yield Finding(
            UNREADABLE, column, policy.of_share(more).value, share, was.unreadable / was.rows,
            f"{percent(share)} of its values cannot be read as times",
        )  # fmt: skip
    if not times.present:
        return
    if more := beyond_chance(was.missing, was.rows, times.missing, times.rows, policy):
        share = times.missing / times.rows
        yield Finding(
            NO_TIME, column, policy.of_share(more).value, share, was.missing / was.rows,
            f"{percent(share)} of the rows have no time, {percent(was.missing / was.rows)} in the "
            "reference",
        )  # fmt: skip
    yield from _volume(was, times, policy)
    yield from _gap(was, times, column)
    yield _age(times, column, policy, now)


def _volume(was: TimeCounts, times: TimeCounts, policy: QualityPolicy) -> Iterator[Finding]:
    """Days, or other equal stretches, with far fewer or far more rows than any before."""
    day = STEPS.index(DAY)
    length, name = (day, "day") if _days(was, day) >= FEWEST_DAYS else (day - 2, "hour")
    step = max(length, was.step, times.step)
    name = name if step == length else "stretch of time"
    before, after = was.longer(step), times.longer(step)
    if len(before.ids) < FEWEST_DAYS:
        return
    usual = before.counts[1:-1]
    # The first and the last may be cut short, unless there is only one.
    whole = np.ones(len(after.ids), dtype=bool)
    if len(after.ids) > 1:
        whole[[0, -1]] = False
    low, high = int(usual.min()), int(usual.max())
    roots = np.sqrt(after.counts)
    few = after.counts * policy.factor < low
    few &= whole & (np.sqrt(low) - roots > ROOTS_APART)
    many = (after.counts > policy.factor * high) & (roots - np.sqrt(high) > ROOTS_APART)
    for found, limit, what in ((few, low, "fewer"), (many, high, "more")):
        if not found.any():
            continue
        share = float(found.mean())
        severity = Severity.MINOR
        if share >= 0.1:
            severity = Severity.MAJOR if share >= 0.5 and len(after.ids) > 2 else Severity.MODERATE
        extreme = after.counts[found].min() if what == "fewer" else after.counts[found].max()
        worst = int(np.flatnonzero(after.counts == extreme)[0])
        yield Finding(
            ROW_VOLUME, ROWS, severity.value, int(extreme), limit,
            f"{int(found.sum())} of {counted(len(after.ids), name)} {_has(found)} far {what} than "
            f"any {name} of the reference: {int(extreme):,} on {_begins(after, worst)}, "
            f"where the reference has at {'least' if what == 'fewer' else 'most'} {limit:,}",
        )  # fmt: skip


def _has(found: np.ndarray) -> str:
    return "has" if found.sum() == 1 else "have"


def _days(times: TimeCounts, day: int) -> int:
    return len(times.longer(day).ids) if times.step <= day else 0


def _begins(times: TimeCounts, place: int) -> str:
    moment = times.begins(int(times.ids[place]))
    return f"{moment:%Y-%m-%d}" if times.minutes >= DAY else f"{moment:%Y-%m-%d %H:%M}"


def _gap(was: TimeCounts, times: TimeCounts, column: str) -> Iterator[Finding]:
    """Find the longest time without rows, if chance hardly makes one so long.

    With k long gaps now and m before, whose lengths have an exponential tail, the longest of all
    lasts f times the longest of the reference with a chance of about k / (m + 1)**f. Long is half
    of the reference's longest: shorter ones, such as those within a day, tell nothing of it.
    """
    step = max(was.step, times.step)
    before, after = was.longer(step), times.longer(step)
    if len(before.ids) < FEWEST_DAYS or len(after.ids) < 2:
        return
    steps, now = np.diff(before.ids), np.diff(after.ids)
    longest, gap = int(steps.max()), int(now.max()) - 1
    factor = gap / longest
    long = longest / 2
    if factor < LONGER:
        return
    if (now >= long).sum() * ((steps >= long).sum() + 1.0) ** -factor >= GAP_LEVEL:
        return
    place = int(now.argmax())
    severity = Severity.MODERATE if factor >= LONG else Severity.MINOR
    yield Finding(
        GAP, column, severity.value, gap * after.minutes / DAY, longest * before.minutes / DAY,
        f"no rows for {_length(gap * after.minutes)} or more after {_begins(after, place)}; in the "
        f"reference for at most {_length(longest * before.minutes)}",
    )  # fmt: skip


def _length(minutes: int) -> str:
    for size, name in ((365 * DAY, "year"), (DAY, "day"), (60, "hour"), (1, "minute")):
        if minutes >= 2 * size or size == 1:
            return counted(round(minutes / size), name)
    return ""


def _age(times: TimeCounts, column: str, policy: QualityPolicy, now: datetime) -> Finding:
    age = pd.Timestamp(now) - times.newest
    most = policy.longest_age
    old = most is not None and age > most
    limit = f"; it may be {_length(int(most.total_seconds() // 60))} old" if most else ""
    ago = _length(max(0, int(age.total_seconds() // 60)))
    said = f"{ago} old" if age >= pd.Timedelta(0) else "later than now"
    return Finding(
        AGE, column, Severity.MODERATE.value if old else Severity.NONE.value,
        age.total_seconds() / 86_400, np.nan if most is None else most.total_seconds() / 86_400,
        f"the newest row is of {times.newest:%Y-%m-%d %H:%M}, {said}{limit}",
    )  # fmt: skip
