"""Compare two profiles: statistics, tests, severity and a note for every column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.schema import COMPARABLE, EMPTY
from driftlib.drift.notes import describe_change
from driftlib.drift.policy import DriftPolicy
from driftlib.errors import DataError
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile
from driftlib.severity import Severity
from driftlib.stats import distances, significance


def feature_row(
    column: Column, reference: Counts, current: Counts, after_reference: bool = True
) -> dict[str, Any]:
    """Statistics and tests of one column between two counts on its grid.

    `after_reference` says that `reference` is the sample the levels were listed from, so
    that it foretells how many new ones to expect.
    """
    row = dict.fromkeys(STATISTICS, np.nan) | {
        "kind": column.kind if column.role == "feature" else column.role,
        "n_reference": reference.present,
        "n_current": current.present,
        "missing_reference": reference.missing_share,
        "missing_current": current.missing_share,
    }
    if column.kind not in COMPARABLE:
        return row
    enough = min(reference.present, current.present) >= 2
    if isinstance(reference, NumericCounts) and isinstance(current, NumericCounts):
        if enough:
            row |= _numeric_statistics(column, reference, current)
    elif isinstance(reference, CategoricalCounts) and isinstance(current, CategoricalCounts):
        row |= _categorical_statistics(column, reference, current, enough, after_reference)
    # Labels come late: their absence says nothing about the data.
    if (reference.missing or current.missing) and column.role != "target":
        row["missing_p_value"] = significance.fisher_exact(
            reference.missing, reference.rows, current.missing, current.rows
        )
    tests = [row[name] for name in TESTS if not np.isnan(row[name])]
    if tests and current.rows:
        row["p_value"] = min(1.0, len(tests) * min(tests))
    return row


STATISTICS = (
    "kind", "n_reference", "n_current", "psi", "psi_p_value", "ks", "ks_p_value", "chi_square",
    "chi_square_p_value", "jensen_shannon", "hellinger", "wasserstein", "missing_reference",
    "missing_current", "unseen", "p_value",
    "mann_whitney", "mann_whitney_p_value", "missing_p_value", "unseen_p_value", "unseen_expected",
    "psi_expected", "psi_critical",
)  # fmt: skip


TESTS = (
    "ks_p_value", "mann_whitney_p_value", "psi_p_value", "chi_square_p_value", "missing_p_value",
    "unseen_p_value",
)  # fmt: skip


COLUMNS = (
    "kind", "n_reference", "n_current", "psi", "psi_p_value", "ks", "ks_p_value", "chi_square",
    "chi_square_p_value", "jensen_shannon", "hellinger", "wasserstein", "missing_reference",
    "missing_current", "unseen", "p_value", "q_value", "severity", "drifted", "note",
    "mann_whitney", "mann_whitney_p_value", "missing_p_value", "unseen_p_value", "unseen_expected",
    "psi_expected", "psi_critical",
)  # fmt: skip


def _bin_statistics(p: np.ndarray, q: np.ndarray) -> dict[str, float]:
    if not (p.any() and q.any()):
        return {}
    occupied = int(((p > 0) | (q > 0)).sum())
    return {
        "psi": distances.psi(p, q),
        "jensen_shannon": distances.jensen_shannon(p, q),
        "hellinger": distances.hellinger(p, q),
        "psi_expected": (occupied - 1) * (1 / p.sum() + 1 / q.sum()),
    }


def _numeric_statistics(
    column: Column, reference: NumericCounts, current: NumericCounts
) -> dict[str, float]:
    p, q = column.bins(reference), column.bins(current)
    row = _bin_statistics(p, q)
    r, c = reference.cumulative, current.cumulative
    row["ks"] = distances.ks(r, c)
    scale = column.reference.std  # type: ignore[attr-defined]
    if scale > 0:
        area = distances.wasserstein(column.grid, r, c)
        row["wasserstein"] = area / scale
    constant = min(reference.minimum, current.minimum) == max(reference.maximum, current.maximum)
    if not constant:
        row["ks_p_value"] = significance.kolmogorov_p_value(row["ks"], r.rows, c.rows)
        rank = significance.mann_whitney(r, c)
        row |= {"mann_whitney": rank.statistic, "mann_whitney_p_value": rank.p_value}
        row["psi_p_value"] = significance.psi_p_value(p, q)
        row["psi_critical"] = significance.psi_critical(r.rows, c.rows, len(column.psi_edges) + 1)
    return row


def _categorical_statistics(
    column: Column,
    reference: CategoricalCounts,
    current: CategoricalCounts,
    enough: bool,
    after_reference: bool,
) -> dict[str, float]:
    row: dict[str, float] = {}
    unseen = (reference.unlisted, current.unlisted) if column.complete else (0, 0)
    if enough:
        p, q = column.bins(reference), column.bins(current)
        row |= _bin_statistics(p, q)
        test = significance.chi_square(p, q, unseen)
        row |= {"chi_square": test.statistic, "chi_square_p_value": test.p_value}
        row["psi_p_value"] = np.nan
        row["psi_critical"] = significance.psi_critical(reference.present, current.present, len(p))
    if column.complete and reference.present and current.rows:
        row |= _unseen(reference, current, after_reference)
    return row


def _unseen(
    reference: CategoricalCounts, current: CategoricalCounts, after_reference: bool
) -> dict[str, float]:
    row = {"unseen": current.unlisted / current.rows}
    if after_reference:
        once, twice = (int((reference.levels == times).sum()) for times in (1, 2))
        row["unseen_p_value"] = significance.unseen_p_value(
            current.unlisted, reference.present, current.present, once, twice
        )
        row["unseen_expected"] = (once + 1) / reference.present
    else:
        row["unseen_p_value"] = significance.fisher_exact(
            reference.unlisted, reference.rows, current.unlisted, current.rows
        )
        row["unseen_expected"] = reference.unlisted / reference.rows
    return row


def compare(
    baseline: Baseline,
    reference: Profile,
    current: Profile,
    policy: DriftPolicy,
) -> pd.DataFrame:
    """Table of every column's change between two profiles on one baseline's grid."""
    same = reference.baseline_id == current.baseline_id == baseline.id
    if not (same and baseline.columns.keys() <= current.columns.keys()):
        raise DataError(
            "the profile was counted against another baseline: profile the batch with the "
            "baseline that it is compared with."
        )
    after_reference = reference is baseline.reference
    rows = {}
    for name, column in baseline.columns.items():
        before, after = reference.columns[name], current.columns[name]
        if column.role != "feature" and not (before.present and after.present):
            continue
        rows[name] = feature_row(column, before, after, after_reference)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(STATISTICS))
    table.index.name = "feature"
    table["q_value"] = significance.benjamini_hochberg(table["p_value"])
    severities, notes = [], []
    for name, q_value in zip(rows, table["q_value"].tolist(), strict=True):
        column, row = baseline.columns[name], rows[name]
        before, after = reference.columns[name], current.columns[name]
        severity = _severity(column, row, after, q_value < policy.alpha, policy)
        severities.append(severity)
        notes.append(describe_change(column, before, after, row, severity, policy))
    table["severity"] = severities
    table["drifted"] = [Severity(severity).drifted for severity in severities]
    table["note"] = notes
    return table[list(COLUMNS)]


def _severity(
    column: Column, row: Mapping[str, Any], current: Counts, real: bool, policy: DriftPolicy
) -> str:
    gone = current.rows and not current.present and column.kind != EMPTY
    if gone and column.role == "feature":
        return "major"
    if not real:
        return "none"
    excess = np.fmax(0.0, row["psi"] - row["psi_expected"])
    missing = 0.0
    if not np.isnan(row["missing_p_value"]):
        missing = abs(row["missing_current"] - row["missing_reference"])
    unseen = (
        abs(row["unseen"] - row["unseen_expected"]) if row["unseen"] > row["unseen_expected"] else 0
    )
    return policy.severity_of(excess, max(missing, unseen))
