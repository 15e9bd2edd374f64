"""Find columns with one value only, with no value twice, or with a code such as -999 as a value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driftlib.data.units import ROW
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column, written
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile
from driftlib.profile.row_hashes import RowHashes
from driftlib.profile.unusual import Sentinel, find_sentinel
from driftlib.quality.finding import ALL_DISTINCT, ONE_VALUE, SENTINEL, Finding, QualityPolicy
from driftlib.severity import Severity
from driftlib.text import counted, shortened
from driftlib.written_numbers import percent

FEWEST_ROWS = 20
# With units: chance that some of so many columns looks the same in all of them.
UNIT_LEVEL = 0.05


def value_findings(
    baseline: Baseline, profile: Profile, policy: QualityPolicy
) -> Iterator[Finding]:
    """Find columns with one value only, such with no value twice, and codes among the values.

    Parameters
    ----------
    baseline : Baseline
    profile : Profile
    policy : QualityPolicy

    Yields
    ------
    Finding
        Where chance, in as many rows of the reference, would hardly ever give it.
    """
    rows = profile.facts.row_hashes if profile.facts else None
    enough = -float(np.log(policy.level))
    for name, column in baseline.columns.items():
        now = profile.columns[name]
        if now.present < FEWEST_ROWS:
            continue
        if found := _one_value(column, now, baseline, profile, policy):
            yield found
        if column.role != "feature":
            continue
        if code := find_sentinel(column, column.reference, now):
            yield _code(column, code, policy)
        if rows and (found := _all_distinct(column, rows, enough)):
            yield found


def _code(column: Column, code: Sentinel, policy: QualityPolicy) -> Finding:
    """Tell of a value outside the range that stands for no number."""
    return Finding(
        SENTINEL, column.name, policy.of_share(code.current).value, code.current, code.reference,
        f"is {code.value} in {percent(code.current)} of its values, outside "
        f"{written(code.least)} to {written(code.greatest)}: perhaps a code for a missing value",
    )  # fmt: skip


def _one_value(
    column: Column, now: Counts, baseline: Baseline, profile: Profile, policy: QualityPolicy
) -> Finding | None:
    was = column.reference
    if isinstance(now, NumericCounts) and isinstance(was, NumericCounts):
        if now.minimum != now.maximum or was.minimum == was.maximum:
            return None
        value, share = f"{now.minimum:.6g}", _share_at(column, was, now.minimum)
    elif isinstance(now, CategoricalCounts) and isinstance(was, CategoricalCounts):
        found = np.flatnonzero(now.levels)
        if len(column.levels) < 2 or len(found) + bool(now.unlisted) != 1:
            return None
        if len(now.unlisted_names) > 1 or (now.unlisted and not column.complete):
            return None
        value = shortened(column.levels[found[0]] if len(found) else next(iter(now.unlisted_names)))
        share = int(was.levels[found[0]]) / was.present if len(found) else 0.0
    else:
        return None
    if not _rarely(column.name, share, now.present, baseline, profile, policy):
        return None
    severity = Severity.MAJOR if share < 0.5 else Severity.MODERATE
    return Finding(
        ONE_VALUE, column.name, severity.value, 1.0, share,
        f"is {value} in all {now.present:,} rows that have a value, and in {percent(share)} of "
        "those of the reference",
    )  # fmt: skip


def _share_at(column: Column, was: NumericCounts, value: float) -> float:
    """Share of the reference at a value; of one between grid points that of the cell at most."""
    place = int(column.grid.searchsorted(value))
    if place < len(column.grid) and column.grid[place] == value:
        return float(was.at_or_below[place] - was.below[place]) / was.present
    upper = was.below[place] if place < len(column.grid) else was.present
    lower = was.at_or_below[place - 1] if place else 0
    return float(upper - lower) / was.present


def _rarely(
    name: str, share: float, rows: int, baseline: Baseline, profile: Profile, policy: QualityPolicy
) -> bool:
    """Whether the reference would hardly ever show one value in so many rows, or units."""
    if rows * np.log(max(share, 1e-300)) >= np.log(policy.level):
        return False
    was, now = baseline.reference_units, profile.units
    if baseline.unit.kind == ROW or was is None or now is None or name not in was.columns:
        return True
    # A unit may have one value by itself, as a day has its month: how many of the reference do?
    cells, missing = was.columns[name].cells, was.columns[name].missing
    filled = was.rows - missing > 0
    alone = ((cells > 0).sum(axis=1) <= 1) & (was.columns[name].unlisted == 0) & filled
    units = int((now.rows > 0).sum())
    return bool(((alone.sum() + 1) / (filled.sum() + 1)) ** units < UNIT_LEVEL)


def _all_distinct(column: Column, rows: RowHashes, enough: float) -> Finding | None:
    # Pairs of rows that are alike, if two of the reference are so by `alike`: that there is none
    # has the chance exp(-pairs).
    alike = column.alike_share
    if rows.sampled * (rows.sampled - 1) / 2 * alike < enough or column.name not in rows.names:
        return None
    present = rows.present(column.name)
    # Counting comes last: it takes the longest, and few columns get here.
    foretold = present * (present - 1) / 2 * alike >= enough
    if present < FEWEST_ROWS or not foretold or not rows.all_distinct(column.name):
        return None
    return Finding(
        ALL_DISTINCT, column.name, Severity.MODERATE.value, 1.0, alike,
        f"has no value twice in {counted(present, 'row')}, as an identifier has; of the "
        f"reference two rows in {1 / alike:,.0f} are alike",
    )  # fmt: skip
