"""Compare profiles: statistics, tests, severity and a note for every column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from driftlib.data.like_with_like import LikeWithLike
from driftlib.data.schema import COMPARABLE, EMPTY
from driftlib.data.units import TIME
from driftlib.drift.counter_columns import without_counters
from driftlib.drift.notes import describe_change, worth_words
from driftlib.drift.policy import MEASURED, DriftPolicy, effect_sizes, largest_share, told_sizes
from driftlib.drift.statistics import FURTHER, SHAPE, SIZES, Columns, column_statistics
from driftlib.drift.table import TableColumns, TableRow
from driftlib.drift.unit_lines import first_reason
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import NumericCounts, Profile
from driftlib.profile.reference import refer_to
from driftlib.profile.season import match_season
from driftlib.severity import Severity
from driftlib.stats import distances, significance
from driftlib.stats.few_units import RANK_SLACK
from driftlib.text import join_notes

_UNITS = ("design_effect", "units_reference", "units_current")
_JUDGED = ("q_value", "severity", "drifted", "note")
COLUMNS = (*SIZES, *_JUDGED, *FURTHER, *_UNITS)
# Of a run of windows, until its alarms are raised.
IN_RUN = ("size", "real_from")


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
    few = ""
    if match.before.units and match.after.units:
        from driftlib.drift.units import few_alike

        few = few_alike(match.before, match.after, part, baseline.season)
    like = LikeWithLike(
        baseline.season,
        baseline.season.ordered(match.after.cells),
        len(before.cells),
        match.left_out,
        before is baseline.reference,
        baseline.unit.kind == TIME,
        few,
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
) -> list[TableColumns]:
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
    list of dict of str to array
        A table a pair, by its columns (see `driftlib.drift.table.as_table`): `feature`, and those
        of `driftlib.detect_drift`. Predictions and the target have a row where both sides have
        values.

    Raises
    ------
    DataError
        If a profile was counted on another grid.
    """
    pairs = [_without_counters(pair) for pair in pairs]
    alone = beside is not None
    tables = [
        _by_units(pair, column_statistics(pair.baseline, pair.before, pair.after), alone)
        for pair in pairs
    ]
    p_values = np.concatenate([table["p_value"] for table in tables])
    q_values = (
        significance.benjamini_hochberg(p_values)
        if beside is None
        else np.minimum(1.0, p_values * (beside + 1))
    )
    rows = pairwise(accumulate((len(table["p_value"]) for table in tables), initial=0))
    return [
        _judged(pair, table | {"q_value": q_values[slice(*part)]}, policy, in_run)
        for pair, table, part in zip(pairs, tables, rows, strict=True)
    ]


def _without_counters(pair: Pair) -> Pair:
    baseline, before, after = without_counters(pair.baseline, pair.before, pair.after)
    return replace(pair, baseline=baseline, before=before, after=after)


def _by_units(pair: Pair, known: Columns, alone: bool) -> Columns:
    """Give the table p-values that know which rows belong together, where some do."""
    names = known["feature"].tolist()
    nothing = np.full(len(names), np.nan)
    judged = None
    if pair.before.units and pair.after.units and pair.before.rows and pair.after.rows:
        # Where rows are their own units, none of it is loaded.
        from driftlib.drift.units import judge_units

        columns = [pair.baseline.columns[name] for name in names]
        first, season = pair.before is pair.baseline.reference, pair.baseline.season
        sides = pair.before, pair.after
        judged = judge_units(columns, *sides, known, first, pair.part, season, alone)
    if judged is None:
        least = np.fmin.reduce([known[name] for name in SHAPE])
        told = {"rank_p_value": np.zeros(len(names)), "shape_p_value": least}
        return known | dict.fromkeys(_UNITS, nothing) | told
    effect = np.where(np.isnan(judged["design_effect"]), 1.0, judged["design_effect"])
    # Rows of a unit may well have one value in common.
    known |= dict.fromkeys(("spike", "spike_reference", "spike_p_value"), nothing)
    # What chance gives grows with what rows of a unit have in common.
    known |= {name: known[name] * effect for name in ("psi_expected", "psi_critical")}
    known["unseen_expected"] = np.fmax(known["unseen_expected"], judged.pop("unseen_expected"))
    return known | judged


def _judged(pair: Pair, columns: Columns, policy: DriftPolicy, in_run: bool) -> TableColumns:
    """Add severities and notes."""
    names = columns["feature"].tolist()
    sides = [
        (pair.baseline.columns[name], pair.before.columns[name], pair.after.columns[name])
        for name in names
    ]
    empty = np.flatnonzero(columns["n_current"] == 0).tolist()
    gone = [k for k in empty if sides[k][2].rows and sides[k][0].kind != EMPTY]
    lost = [k for k in gone if sides[k][0].role == "feature"]
    least = _least_levels(columns)
    least[lost] = -np.inf
    real = least < policy.alpha
    # How much a change would matter is of use where it is real; a run asks that later.
    asked = np.arange(len(names)) if in_run else np.flatnonzero(real)
    sizes = dict(zip(asked.tolist(), _if_real(columns, asked, policy), strict=True))
    sizes |= dict.fromkeys(lost, Severity.MAJOR)
    severities = [sizes[k] if one else Severity.NONE for k, one in enumerate(real.tolist())]
    notes = [""] * len(names)
    for k in worth_words(sides, columns, real, policy):
        row = TableRow(columns, k)
        notes[k] = describe_change(*sides[k], row, severities[k], policy, pair.baseline.unit)
    if reason := pair.cannot_tell or first_reason(columns, pair.baseline.unit):
        told = frozenset(gone)
        for k, (column, _, _) in enumerate(sides):
            if k not in told and column.kind in COMPARABLE:
                notes[k] = join_notes(reason, notes[k])
    found = columns | {
        "kind": columns["kind"].tolist(),
        "severity": [severity.value for severity in severities],
        "drifted": [one is not Severity.NONE and one.drifted for one in severities],
        "note": notes,
    }
    if not in_run:
        return {name: found[name] for name in ("feature", *COLUMNS)}
    found |= {"size": [sizes[k].value for k in range(len(names))], "real_from": least.tolist()}
    return {name: found[name] for name in ("feature", *COLUMNS, *IN_RUN)}


def _if_real(columns: Columns, places: np.ndarray, policy: DriftPolicy) -> list[Severity]:
    """Judge how much the changes of some columns matter if they are real."""
    if not len(places):
        return []
    some = {name: columns[name][places] for name in (*MEASURED, "shape_p_value")}
    sizes = told_sizes(effect_sizes(some), some)
    psis, shares = (
        np.where(np.isnan(size), 0.0, size).tolist()
        for size in (sizes["PSI"], largest_share(sizes))
    )
    return [policy.severity_of(*both) for both in zip(psis, shares, strict=True)]


def _least_levels(columns: Columns) -> np.ndarray:
    """Tell the level above which each change is real; NaN where there is none."""
    # The test by ranks of units has only so many values: it may lie on the level.
    by_rank = np.nextafter(columns["rank_p_value"] - RANK_SLACK, -np.inf)
    found: np.ndarray = np.maximum(columns["q_value"], by_rank)
    return found
