"""Find columns that are new, gone, in another order or of another type."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from driftlib.data.levels import MISSING_TEXTS
from driftlib.data.schema import ColumnRoles
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, NumericCounts, Profile
from driftlib.quality.finding import (
    COLUMN_ORDER,
    COLUMNS,
    GONE_COLUMN,
    INFINITE,
    NEW_COLUMN,
    OTHER_TYPE,
    UNREADABLE,
    Finding,
    QualityPolicy,
)
from driftlib.severity import Severity
from driftlib.stats.significance import fisher_exact
from driftlib.text import counted, quoted, shortened
from driftlib.written_numbers import percent

MOST = 0.5
_ROLES = ("target", "prediction")


def column_findings(baseline: Baseline, profile: Profile) -> Iterator[Finding]:
    """Find columns that are new, gone, or in another order than in the reference.

    Parameters
    ----------
    baseline : Baseline
    profile : Profile

    Yields
    ------
    Finding
        Labels and predictions may come late: their absence is none.
    """
    known, facts = baseline.reference_facts, profile.facts
    if known is None or facts is None or not facts.layouts:
        return
    layout, roles = known.layout, baseline.roles
    if facts.layouts == (layout,):
        return
    seen = dict.fromkeys(name for names in facts.layouts for name in names)
    for name in seen:
        if name not in layout and roles.of(name, layout) not in _ROLES:
            yield Finding(
                NEW_COLUMN, name, Severity.MINOR.value, np.nan, np.nan,
                "is new: the reference has no such column",
            )  # fmt: skip
    for name in layout:
        files = sum(name not in names for names in facts.layouts)
        if files and roles.of(name, layout) not in _ROLES:
            yield _gone(name, files, len(facts.layouts), baseline, roles)
    shared = [name for name in layout if name in seen]
    for names in facts.layouts:
        now = [name for name in names if name in shared]
        if now != [name for name in shared if name in now]:
            was = [name for name in shared if name in now]
            first = next(i for i, name in enumerate(now) if name != was[i])
            yield Finding(
                COLUMN_ORDER, COLUMNS, Severity.MINOR.value, now[first], was[first],
                f"are in another order: {quoted([now[first]])} stands where "
                f"{quoted([was[first]])} was; they are compared by their names",
            )  # fmt: skip
            return


def _gone(name: str, files: int, of: int, baseline: Baseline, roles: ColumnRoles) -> Finding:
    column = baseline.columns.get(name)
    feature = column is not None and column.role == "feature" and column.reference.present
    some = f"is gone from {counted(files, 'file')}" if files < of else "is gone"
    severity = Severity.MAJOR if feature and files == of else Severity.MINOR
    severity = Severity.MODERATE if feature and files < of else severity
    what = "" if feature else ", which is no feature"
    return Finding(
        GONE_COLUMN, name, severity.value, np.nan, np.nan, f"{some}: the reference has it{what}"
    )


def type_findings(baseline: Baseline, profile: Profile, policy: QualityPolicy) -> Iterator[Finding]:
    """Find values that cannot be read as what the reference has.

    Parameters
    ----------
    baseline : Baseline
    profile : Profile
    policy : QualityPolicy

    Yields
    ------
    Finding
    """
    for name, column in baseline.columns.items():
        was, now = column.reference, profile.columns[name]
        if isinstance(was, NumericCounts) and isinstance(now, NumericCounts):
            yield from _numbers(name, was, now, policy)
        elif isinstance(was, CategoricalCounts) and isinstance(now, CategoricalCounts):
            yield from _text(column, now)


def beyond_chance(was: int, was_rows: int, now: int, now_rows: int, policy: QualityPolicy) -> float:
    """Tell by how much a share of rows exceeds the reference's, if chance does not explain it.

    Parameters
    ----------
    was, was_rows, now, now_rows : int
        Rows that are so, and all, of the reference and now.
    policy : QualityPolicy

    Returns
    -------
    float
        0 where chance explains it. What the reference never has needs no test.
    """
    if not now or not now_rows or not was_rows:
        return 0.0
    more = now / now_rows - was / was_rows
    surely = not was or fisher_exact(was, was_rows, now, now_rows) < policy.level
    return more if more > 0 and surely else 0.0


def _numbers(
    name: str, was: NumericCounts, now: NumericCounts, policy: QualityPolicy
) -> Iterator[Finding]:
    more = beyond_chance(was.unreadable, was.rows, now.unreadable, now.rows, policy)
    share = now.unreadable / now.rows if now.rows else 0.0
    example = quoted([shortened(now.example)]) if now.example else "text"
    if more and now.unreadable >= MOST * (now.rows - now.absent):
        yield Finding(
            OTHER_TYPE, name, Severity.MAJOR.value, share, was.unreadable / was.rows,
            f"held numbers, and now {percent(share)} of its values are none, such as {example}",
        )  # fmt: skip
    elif more:
        yield Finding(
            UNREADABLE, name, policy.of_share(more).value, share, was.unreadable / was.rows,
            f"{percent(share)} of its values are no numbers, such as {example} "
            f"({_before(was.unreadable, was.rows)}); they count as missing",
        )  # fmt: skip
    if more := beyond_chance(was.infinite, was.rows, now.infinite, now.rows, policy):
        share = now.infinite / now.rows
        yield Finding(
            INFINITE, name, policy.of_share(more).value, share, was.infinite / was.rows,
            f"{percent(share)} of its values are infinite ({_before(was.infinite, was.rows)}); "
            "they count as missing",
        )  # fmt: skip


def _before(count: int, rows: int) -> str:
    return f"{percent(count / rows)} in the reference" if count else "none in the reference"


def _text(column: Column, now: CategoricalCounts) -> Iterator[Finding]:
    """Numbers where text was: most values are new, and all that are known of those are numbers."""
    new = now.unlisted_names
    if not new or now.unlisted < MOST * now.present or any(map(_is_number, column.levels)):
        return
    if all(map(_is_number, new)):
        share = now.unlisted / now.present
        yield Finding(
            OTHER_TYPE, column.name, Severity.MAJOR.value, share, 0.0,
            f"held text, and now {percent(share)} of its values are numbers, such as "
            f"{quoted([shortened(next(iter(new)))])}",
        )  # fmt: skip


def _is_number(text: str) -> bool:
    if text in MISSING_TEXTS:
        return False
    try:
        float(text)
    except ValueError:
        return False
    return True
