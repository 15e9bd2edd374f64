"""Compare profiles: statistics, tests, severity and a note for every column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.schema import COMPARABLE, EMPTY
from driftlib.data.units import TIME
from driftlib.drift.counter_columns import without_counters
from driftlib.drift.notes import describe_change
from driftlib.drift.policy import DriftPolicy, effect_sizes, largest_share, told_sizes
from driftlib.drift.units import first_reason, judge_units
from driftlib.errors import DataError
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile
from driftlib.profile.reference import refer_to
from driftlib.profile.season import match_season
from driftlib.profile.unusual import Unusual
from driftlib.severity import Severity
from driftlib.stats import distances, significance
from driftlib.stats.binned import Binned
from driftlib.stats.few_units import RANK_SLACK
from driftlib.text import join_notes

# Parts of a column's error budget. What lies at the edge or at one value is told by few rows.
_TESTS = {
    "ks_p_value": 1.0, "mann_whitney_p_value": 1.0, "psi_p_value": 1.0, "chi_square_p_value": 1.0,
    "missing_p_value": 1.0, "unseen_p_value": 1.0, "beyond_p_value": 0.5, "tails_p_value": 0.5,
    "spike_p_value": 0.5,
}  # fmt: skip
# Of these, the tests of the values that there are and of their order.
_SHAPE = (
    "ks_p_value", "mann_whitney_p_value", "psi_p_value", "chi_square_p_value", "beyond_p_value",
    "tails_p_value", "spike_p_value",
)  # fmt: skip
_SIZES = (
    "kind", "n_reference", "n_current", "psi", "psi_p_value", "ks", "ks_p_value", "chi_square",
    "chi_square_p_value", "jensen_shannon", "hellinger", "wasserstein", "missing_reference",
    "missing_current", "unseen", "p_value",
)  # fmt: skip
_FURTHER = (
    "mann_whitney", "mann_whitney_p_value", "missing_p_value", "unseen_p_value", "unseen_expected",
    "psi_expected", "psi_critical", "psi_common", "one_sided", "beyond", "beyond_p_value", "tails",
    "tails_p_value", "spike", "spike_reference", "spike_p_value",
)  # fmt: skip
_TYPES = {"kind": object, "n_reference": np.int64, "n_current": np.int64}
_UNITS = ("design_effect", "units_reference", "units_current")
_JUDGED = ("q_value", "severity", "drifted", "note")
COLUMNS = (*_SIZES, *_JUDGED, *_FURTHER, *_UNITS)
# Of a run of windows, until its alarms are raised.
IN_RUN = ("size", "real_from")
# Of a table, by name; as long as its rows.
Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Pair:
    """Two profiles to compare.

    Parameters
    ----------
    baseline : Baseline
        On whose grid both were counted; its columns are compared.
    before, after : Profile
        `before` is the baseline's own reference, or other rows such as the window before.
    part : float
        Which part of a unit `after` can be at the most: 1, or less for short windows.
    like : LikeWithLike, optional
        With a season, which of its cells are compared.
    """

    baseline: Baseline
    before: Profile
    after: Profile
    part: float = 1.0
    like: LikeWithLike | None = None

    @property
    def cannot_tell(self) -> str:
        """Why nothing can be compared; empty where something can."""
        return self.like.reason if self.like else ""


def pair_up(baseline: Baseline, before: Profile, after: Profile, part: float = 1.0) -> Pair:
    """Put two profiles side by side: with a season, like with like.

    Parameters
    ----------
    baseline, before, after, part
        As of `Pair`. With a season those of the pair are what both sides have in common: rows of
        the same cells, in the shares of `after`.

    Returns
    -------
    Pair
    """
    # Profiles of another baseline are refused where they are compared.
    if not baseline.season or after.baseline_id != baseline.id:
        return Pair(baseline, before, after, part)
    match = match_season(baseline, before, after)
    like = LikeWithLike(
        baseline.season,
        baseline.season.ordered(match.after.cells),
        len(before.cells),
        match.left_out,
        before is baseline.reference,
        baseline.unit.kind == TIME,
    )
    if before is not baseline.reference:
        return Pair(baseline, match.before, match.after, part, like)
    baseline = refer_to(baseline, match.before)
    return Pair(baseline, baseline.reference, match.after, part, like)


def plain_psi(baseline: Baseline, before: Profile, after: Profile) -> dict[str, float]:
    """Compute the PSI of every feature as it is without a season.

    Parameters
    ----------
    baseline : Baseline
        On whose grid both were counted.
    before, after : Profile
        With a season of all cells, and of those that are compared.

    Returns
    -------
    dict of str to float
        Of features that have one.
    """
    found = {}
    for name in baseline.features:
        column, was, now = baseline.columns[name], before.columns[name], after.columns[name]
        if column.kind not in COMPARABLE:
            continue
        if isinstance(was, NumericCounts) and isinstance(now, NumericCounts):
            was, now = column.alike(was, now)
        p, q = column.bins(was), column.bins(now)
        if p.any() and q.any():
            found[name] = distances.psi(p, q)
    return found


def compare(
    pairs: Sequence[Pair],
    policy: DriftPolicy,
    in_run: bool = False,
    beside: int | None = None,
) -> list[pd.DataFrame]:
    """Compare pairs of profiles, column by column.

    Parameters
    ----------
    pairs : sequence of Pair
        At least one. A q-value allows for all columns of all pairs.
    policy : DriftPolicy
        When a change is real, and when it matters.
    in_run : bool
        Whether the pairs are of a run of windows: adds `size`, the severity of a change if it is
        real, and `real_from`, the level above which it is.
    beside : int, optional
        Judge every column by itself, as it would be beside so many others without a change.

    Returns
    -------
    list of pandas.DataFrame
        One a pair, indexed by feature; for the columns see `driftlib.detect_drift`. Predictions
        and the target have a row where both sides have values.

    Raises
    ------
    DataError
        If a profile was counted on another grid.
    """
    pairs = [_without_counters(pair) for pair in pairs]
    alone = beside is not None
    tables = [_by_units(pair, _statistics(pair), alone) for pair in pairs]
    p_values = np.concatenate([table["p_value"] for table in tables])
    q_values = (
        significance.benjamini_hochberg(p_values)
        if beside is None
        else np.minimum(1.0, p_values * (beside + 1))
    )
    ends = np.cumsum([len(table["p_value"]) for table in tables])
    return [
        _judged(pair, table | {"q_value": q}, policy, in_run)
        for pair, table, q in zip(pairs, tables, np.split(q_values, ends[:-1]), strict=True)
    ]


def _without_counters(pair: Pair) -> Pair:
    baseline, before, after = without_counters(pair.baseline, pair.before, pair.after)
    return replace(pair, baseline=baseline, before=before, after=after)


def _statistics(pair: Pair) -> Columns:
    """Compute statistics and tests of every column, a row each.

    The table's columns come by themselves: to make a frame costs more than to compute them.
    """
    baseline, before, after = pair.baseline, pair.before, pair.after
    same = before.baseline_id == after.baseline_id == baseline.id
    if not (same and baseline.columns.keys() <= after.columns.keys()):
        raise DataError(
            "the profile was counted against another baseline: profile the batch with the "
            "baseline that it is compared with."
        )
    # Rows from which the levels were listed foretell how many new ones to expect.
    of_reference = before is baseline.reference
    rows: dict[str, dict[str, Any]] = {}
    bins: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, column in baseline.columns.items():
        was, now = before.columns[name], after.columns[name]
        if column.role == "feature" or (was.present and now.present):
            rows[name] = _row(column, was, now, of_reference, bins)
    # Those of all columns at once: of few bins a call costs more than its work.
    if bins:
        for name, found in zip(bins, _bin_statistics(list(bins.values())), strict=True):
            rows[name] |= found
    table = {
        name: np.array([row[name] for row in rows.values()], dtype=_TYPES.get(name, float))
        for name in (*_SIZES, *_FURTHER)
    }
    return table | {"feature": np.array(list(rows), dtype=object)}


def _by_units(pair: Pair, known: Columns, alone: bool) -> Columns:
    """Give the table p-values that know which rows belong together, where some do."""
    names = known["feature"].tolist()
    columns = [pair.baseline.columns[name] for name in names]
    first = pair.before is pair.baseline.reference
    season = pair.baseline.season
    judged = judge_units(columns, pair.before, pair.after, known, first, pair.part, season, alone)
    nothing = np.full(len(names), np.nan)
    if judged is None:
        least = np.fmin.reduce([known[name] for name in _SHAPE])
        told = {"rank_p_value": np.zeros(len(names)), "shape_p_value": least}
        return known | dict.fromkeys(_UNITS, nothing) | told
    units = {name: judged.table[name].to_numpy() for name in judged.table.columns}
    effect = np.where(np.isnan(units["design_effect"]), 1.0, units["design_effect"])
    # Rows of a unit may well have one value in common.
    known |= dict.fromkeys(("spike", "spike_reference", "spike_p_value"), nothing)
    # What chance gives grows with what rows of a unit have in common.
    known |= {name: known[name] * effect for name in ("psi_expected", "psi_critical")}
    known["unseen_expected"] = np.fmax(known["unseen_expected"], units.pop("unseen_expected"))
    return known | units


def _judged(pair: Pair, columns: Columns, policy: DriftPolicy, in_run: bool) -> pd.DataFrame:
    """Add severities and notes."""
    sizes = told_sizes(effect_sizes(columns), columns)
    shares = largest_share(sizes)
    severities, if_real, real_from, notes = [], [], [], []
    reason = pair.cannot_tell or first_reason(columns, pair.baseline.unit)
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    rows = [dict(zip(columns, row, strict=True)) for row in values]
    for row, psi, share in zip(
        rows, np.nan_to_num(sizes["PSI"], nan=0.0), np.nan_to_num(shares, nan=0.0), strict=True
    ):
        name = row["feature"]
        column = pair.baseline.columns[name]
        before, after = pair.before.columns[name], pair.after.columns[name]
        gone = after.rows and not after.present and column.kind != EMPTY
        lost = gone and column.role == "feature"
        size = Severity.MAJOR if lost else policy.severity_of(psi, share)
        least = -np.inf if lost else _least_level(row)
        severity = size if least < policy.alpha else Severity.NONE
        severities.append(severity)
        if_real.append(size)
        real_from.append(least)
        said = describe_change(column, before, after, row, severity, policy, pair.baseline.unit)
        told = reason and not gone and column.kind in COMPARABLE
        notes.append(join_notes(reason or "", said) if told else said)
    found = columns | {
        "kind": columns["kind"].tolist(),
        "severity": [severity.value for severity in severities],
        "drifted": [severity.drifted for severity in severities],
        "note": notes,
        "size": [size.value for size in if_real],
        "real_from": real_from,
    }
    return pd.DataFrame(
        {name: found[name] for name in ([*COLUMNS, *IN_RUN] if in_run else COLUMNS)},
        index=pd.Index(columns["feature"].tolist(), name="feature"),
    )


def _least_level(row: Mapping[str, Any]) -> float:
    """Tell the level above which a change is real; NaN where there is none."""
    # The test by ranks of units has only so many values: it may lie on the level.
    by_rank = np.nextafter(row["rank_p_value"] - RANK_SLACK, -np.inf)
    return float(np.maximum(row["q_value"], by_rank))


def _row(
    column: Column,
    before: Counts,
    after: Counts,
    of_reference: bool,
    bins: dict[str, tuple[np.ndarray, np.ndarray]],
) -> dict[str, Any]:
    """Compute statistics and tests of one column between two counts on its grid.

    What is read off its bins alone comes later: they are put beside those of the others.
    """
    row: dict[str, Any] = dict.fromkeys((*_SIZES, *_FURTHER), np.nan) | {
        "kind": column.kind if column.role == "feature" else column.role,
        "n_reference": before.present,
        "n_current": after.present,
        "missing_reference": before.missing_share,
        "missing_current": after.missing_share,
    }
    if column.kind not in COMPARABLE:
        return row
    enough = min(before.present, after.present) >= 2
    if isinstance(before, NumericCounts) and isinstance(after, NumericCounts):
        if enough:
            before, after = column.alike(before, after)
            sides = column.bins(before), column.bins(after)
            row |= _numeric_statistics(column, before, after, sides)
            bins[column.name] = sides
    elif isinstance(before, CategoricalCounts) and isinstance(after, CategoricalCounts):
        sides = column.bins(before), column.bins(after)
        row |= _categorical_statistics(column, before, after, enough, of_reference, sides)
        if enough and sides[0].any() and sides[1].any():
            bins[column.name] = sides
    # Labels come late: their absence says nothing about the data.
    if (before.missing or after.missing) and before.rows and column.role != "target":
        row["missing_p_value"] = significance.fisher_exact(
            before.missing, before.rows, after.missing, after.rows
        )
    parts = {name: part for name, part in _TESTS.items() if not np.isnan(row[name])}
    if parts and after.rows:
        whole = sum(parts.values())
        row["p_value"] = min(1.0, *(whole / part * row[name] for name, part in parts.items()))
    return row


def _bin_statistics(
    columns: Sequence[tuple[np.ndarray, np.ndarray]],
) -> Iterator[dict[str, float]]:
    """Compute what is read off the bins of some columns, each with rows on both sides."""
    both = Binned.of(*zip(*columns, strict=True))
    n, m = both.rows
    found = zip(
        columns, both.psi.tolist(), both.jensen_shannon.tolist(), both.hellinger.tolist(),
        (both.common == both.occupied).tolist(), ((both.occupied - 1) * (1 / n + 1 / m)).tolist(),
        strict=True,
    )  # fmt: skip
    for (p, q), psi, jensen_shannon, hellinger, same, expected in found:
        yield {
            "psi": psi,
            "jensen_shannon": jensen_shannon,
            "hellinger": hellinger,
            "psi_common": psi if same else distances.psi_in_common(p, q),
            "one_sided": 0.0 if same else distances.one_sided(p, q),
            "psi_expected": expected,
        }


def _numeric_statistics(
    column: Column,
    before: NumericCounts,
    after: NumericCounts,
    bins: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    unusual = Unusual(column, before, after)
    r, c = unusual.sides
    row = {"ks": distances.ks(r, c)}
    scale = column.reference.std if isinstance(column.reference, NumericCounts) else np.nan
    if scale > 0:
        row["wasserstein"] = distances.wasserstein(column.grid, r, c) / scale
    if not column.constant(before, after):
        row["ks_p_value"] = significance.kolmogorov_p_value(row["ks"], r.rows, c.rows)
        rank = significance.mann_whitney(r, c)
        row |= {"mann_whitney": rank.statistic, "mann_whitney_p_value": rank.p_value}
        row["psi_p_value"] = significance.psi_p_value(*bins)
        row["psi_critical"] = significance.psi_critical(r.rows, c.rows, len(column.psi_edges) + 1)
        row |= _at_a_glance(unusual)
    return row


def _at_a_glance(unusual: Unusual) -> dict[str, float]:
    return {
        "beyond": unusual.beyond,
        "beyond_p_value": unusual.beyond_p_value,
        "tails": unusual.tails.growth,
        "tails_p_value": unusual.tails.p_value,
        "spike": unusual.spike_share,
        "spike_reference": unusual.spike_before,
        "spike_p_value": unusual.spike.p_value,
    }


def _categorical_statistics(
    column: Column,
    before: CategoricalCounts,
    after: CategoricalCounts,
    enough: bool,
    of_reference: bool,
    bins: tuple[np.ndarray, np.ndarray],
) -> dict[str, float]:
    row: dict[str, float] = {}
    unseen = (before.unlisted, after.unlisted) if column.complete else (0, 0)
    if enough:
        test = significance.chi_square(*bins, unseen)
        row |= {"chi_square": test.statistic, "chi_square_p_value": test.p_value}
        row["psi_critical"] = significance.psi_critical(before.present, after.present, len(bins[0]))
    if column.complete and before.present and after.rows:
        row |= _unseen(before, after, of_reference)
    return row


def _unseen(
    before: CategoricalCounts, after: CategoricalCounts, of_reference: bool
) -> dict[str, float]:
    row = {"unseen": after.unlisted / after.rows}
    if of_reference:
        once, twice = (int((before.levels == times).sum()) for times in (1, 2))
        row["unseen_p_value"] = significance.unseen_p_value(
            after.unlisted, before.present, after.present, once, twice
        )
        row["unseen_expected"] = (once + 1) / before.present
    else:
        row["unseen_p_value"] = significance.fisher_exact(
            before.unlisted, before.rows, after.unlisted, after.rows
        )
        row["unseen_expected"] = before.unlisted / before.rows
    return row
