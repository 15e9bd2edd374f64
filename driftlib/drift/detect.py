"""Has the data changed: every feature's statistics, tests, severity and a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from driftlib.data.schema import COMPARABLE, EMPTY
from driftlib.drift.notes import describe_change
from driftlib.errors import DataError, ParameterError
from driftlib.profile.baseline import Baseline, as_baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile
from driftlib.results import Result
from driftlib.stats import distances as st

SEVERITIES = ("none", "minor", "moderate", "major")


@dataclass(frozen=True)
class DriftPolicy:
    """When a change counts as drift: it must be real, and large enough to matter.

    Attributes
    ----------
    alpha : float
        Share of checks without any drift in which some feature is called real, in (0, 1).
    psi_moderate, psi_major : float
        PSI beyond what chance explains, from which a real change is moderate or major.
    share_moderate, share_major : float
        The same for the change in the share of missing values, and for the share of values
        that the reference does not have beyond what it foretells; in [0, 1].
    persistence : (int, int)
        (k, n): a trend alarms where k of the last n windows drifted.

    Examples
    --------
    >>> DriftPolicy(psi_major=0.3).severity_of(0.28, 0.0)
    'moderate'
    """

    alpha: float = 0.05
    psi_moderate: float = 0.1
    psi_major: float = 0.25
    share_moderate: float = 0.02
    share_major: float = 0.10
    persistence: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ParameterError(f"alpha={self.alpha!r} must lie between 0 and 1, such as 0.05.")
        for kind, most in (("psi", np.inf), ("share", 1.0)):
            moderate, major = getattr(self, f"{kind}_moderate"), getattr(self, f"{kind}_major")
            if not 0 <= moderate <= major <= most:
                raise ParameterError(
                    f"{kind}_moderate={moderate!r} and {kind}_major={major!r} must be in order and "
                    f"not negative{' nor above 1' if most == 1 else ''}."
                )
        k, n = self.persistence
        if not 1 <= k <= n:
            raise ParameterError(
                f"persistence={self.persistence!r} must be (k, n) with 1 <= k <= n."
            )

    def severity_of(self, psi_excess: float, share: float) -> str:
        """Severity of a real change from its PSI beyond chance and its change in a share."""
        level = 1
        for floors in (
            (self.psi_moderate, self.share_moderate),
            (self.psi_major, self.share_major),
        ):
            level += psi_excess >= floors[0] or share >= floors[1]
        return SEVERITIES[level]

    @property
    def table(self) -> pd.DataFrame:
        """Each setting, its value, and what it does in a sentence."""
        k, n = self.persistence
        rows = [
            ("alpha", self.alpha, "With no drift at all, at most this share of checks calls some "
             "feature's change real, however many features or rows there are."),
            ("psi_moderate", self.psi_moderate, "A real change is at least moderate from this PSI "
             "on, after taking off the PSI that chance alone gives."),
            ("psi_major", self.psi_major, "A real change is major from this PSI on."),
            ("share_moderate", self.share_moderate, "A real change is at least moderate when the "
             "share of missing or never-seen values moved by this much."),
            ("share_major", self.share_major, "A real change is major when such a share moved by "
             "this much."),
            ("persistence", f"{k} of {n}", "A trend raises an alarm when so many of the latest "
             "windows drifted."),
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["setting", "value", "what it does"]).set_index("setting")


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
        row["missing_p_value"] = st.fisher_exact(
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
        "psi": st.psi(p, q),
        "jensen_shannon": st.jensen_shannon(p, q),
        "hellinger": st.hellinger(p, q),
        "psi_expected": (occupied - 1) * (1 / p.sum() + 1 / q.sum()),
    }


def _numeric_statistics(
    column: Column, reference: NumericCounts, current: NumericCounts
) -> dict[str, float]:
    p, q = column.bins(reference), column.bins(current)
    row = _bin_statistics(p, q)
    r, c = reference.cumulative, current.cumulative
    row["ks"] = st.ks(r, c)
    scale = column.reference.std  # type: ignore[attr-defined]
    if scale > 0:
        area = st.wasserstein(column.grid, r, c)
        row["wasserstein"] = area / scale
    constant = min(reference.minimum, current.minimum) == max(reference.maximum, current.maximum)
    if not constant:
        row["ks_p_value"] = st.kolmogorov_p_value(row["ks"], r.rows, c.rows)
        rank = st.mann_whitney(r, c)
        row |= {"mann_whitney": rank.statistic, "mann_whitney_p_value": rank.p_value}
        row["psi_p_value"] = st.psi_p_value(p, q)
        row["psi_critical"] = st.psi_critical(r.rows, c.rows, len(column.psi_edges) + 1)
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
        test = st.chi_square(p, q, unseen)
        row |= {"chi_square": test.statistic, "chi_square_p_value": test.p_value}
        row["psi_p_value"] = np.nan
        row["psi_critical"] = st.psi_critical(reference.present, current.present, len(p))
    if column.complete and reference.present and current.rows:
        row |= _unseen(reference, current, after_reference)
    return row


def _unseen(
    reference: CategoricalCounts, current: CategoricalCounts, after_reference: bool
) -> dict[str, float]:
    row = {"unseen": current.unlisted / current.rows}
    if after_reference:
        once, twice = (int((reference.levels == times).sum()) for times in (1, 2))
        row["unseen_p_value"] = st.unseen_p_value(
            current.unlisted, reference.present, current.present, once, twice
        )
        row["unseen_expected"] = (once + 1) / reference.present
    else:
        row["unseen_p_value"] = st.fisher_exact(
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
    table["q_value"] = st.benjamini_hochberg(table["p_value"])
    severities, notes = [], []
    for name, q_value in zip(rows, table["q_value"].tolist(), strict=True):
        column, row = baseline.columns[name], rows[name]
        before, after = reference.columns[name], current.columns[name]
        severity = _severity(column, row, after, q_value < policy.alpha, policy)
        severities.append(severity)
        notes.append(describe_change(column, before, after, row, severity, policy))
    table["severity"] = severities
    table["drifted"] = [severity in ("moderate", "major") for severity in severities]
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


@dataclass(frozen=True)
class DriftResult(Result):
    """What `detect_drift` found.

    Attributes
    ----------
    table : pandas.DataFrame
        A row per column in the baseline's order; see `detect_drift`.
    baseline : Baseline
    current : Profile
    policy : DriftPolicy
    """

    table: pd.DataFrame
    baseline: Baseline = field(repr=False)
    current: Profile = field(repr=False)
    policy: DriftPolicy

    @property
    def drifted(self) -> list[str]:
        """Names of the features that drifted: really, and enough to matter."""
        features = set(self.baseline.features)
        return [name for name in self.table.index[self.table["drifted"]] if name in features]

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        total = len(self.baseline.features)
        if not self.drifted:
            real = int((self.table["severity"] == "minor").sum())
            rest = f"; {real} changed, but too little to matter" if real else ""
            return f"No drift: none of {total} features moved enough to matter{rest}"
        order = self.table.loc[self.drifted].assign(
            rank=lambda t: t["severity"].map(SEVERITIES.index)
        )
        worst = order.sort_values(["rank", "psi"], ascending=False).index
        names = ", ".join(worst[:3]) + (", ..." if len(worst) > 3 else "")
        return f"{len(worst)} of {total} features drifted: {names}"

    @property
    def details(self) -> dict[str, Any]:
        return {
            "drifted": self.drifted,
            "rows_reference": self.baseline.rows,
            "rows_current": self.current.rows,
            "policy": asdict(self.policy),
        }


def detect_drift(
    reference: Any,
    current: Any,
    features: Iterable[str] | None = None,
    categorical: Iterable[str] = (),
    policy: DriftPolicy = DriftPolicy(),
    **names: Any,
) -> DriftResult:
    """Compare a current batch with a reference, feature by feature.

    Parameters
    ----------
    reference : frame, table, path or Baseline
        A path that ends in .json is a saved baseline.
    current : frame, table, path or Profile
    features, categorical : list of str, optional
        See `Baseline.fit`. With a baseline, `features` picks some of its features and the
        kinds are the baseline's own.
    policy : DriftPolicy
    **names : str
        `y_true`, `y_pred`, `y_proba`, `timestamp`: names of the columns that are no features.

    Returns
    -------
    DriftResult
        Its table has a row per column, indexed by feature:

        - `kind`: numeric, categorical, prediction, target, or why it has no numbers
        - `n_reference`, `n_current`: rows with a value
        - `psi`, `ks`, `chi_square`, `jensen_shannon`, `hellinger`, `wasserstein` (in standard
          deviations of the reference): sizes of the change, see `driftlib.stats.distances`
        - `..._p_value`: the tests; `p_value` joins them, `q_value` allows for the
          number of features
        - `missing_reference`, `missing_current`, `unseen`: shares of all rows
        - `severity`: none (not real), minor (real, too small to matter), moderate or major
        - `drifted`: real and at least moderate
        - `note`: what changed, in words
        - `psi_expected`, `psi_critical`: the PSI that chance gives on average, and the smallest
          that one test can tell from chance

    Raises
    ------
    DriftlibError
        If a side cannot be read, or they have no feature in common.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)})
    >>> result = detect_drift(reference, reference.assign(x=reference["x"] + 1))
    >>> result.drifted
    ['x']
    >>> result.table.loc["x", "note"]
    'shifted up by 1 standard deviation'
    """
    baseline = as_baseline(reference, features, categorical, **names)
    profile = current if isinstance(current, Profile) else baseline.profile(current)
    table = compare(baseline, baseline.reference, profile, policy)
    return DriftResult(table, baseline, profile, policy)
