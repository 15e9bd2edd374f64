"""Detect drift: compare a current batch with a reference, feature by feature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, reduce
from itertools import compress
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.arguments import known_keywords
from driftlib.data.by_rows import ByRows
from driftlib.data.groups import segment_columns
from driftlib.data.like_with_like import LikeWithLike, all_alike
from driftlib.drift.compare import COLUMNS, compare, pair_up, plain_psi
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.segments import (
    Segment,
    compared_baseline,
    profile_groups,
    segment_baselines,
    stack_segments,
    subjects_of,
)
from driftlib.drift.table import TableColumns, as_table, columns_of, table_rows
from driftlib.drift.unit_lines import first_reason, unit_line
from driftlib.errors import ParameterError
from driftlib.lazily import pd
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.profile.reference import as_baseline
from driftlib.quality.check import check_quality
from driftlib.quality.finding import Finding, QualityPolicy, findings_table
from driftlib.results import Result
from driftlib.severity import rank
from driftlib.text import counted, listed, shortened

if TYPE_CHECKING:
    from driftlib.drift.joint import JointDrift


@dataclass(frozen=True)
class DriftResult(Result):
    """What `detect_drift` found.

    Parameters
    ----------
    columns : mapping of str to array
        Of `table`, with `feature`: a frame is made of them when one is asked for.
    baseline : Baseline
        Its columns are compared.
    current : Profile
        Counts of the current batch on the baseline's grid.
    policy : DriftPolicy
        What severities were judged by.
    by : tuple of str
        The segment columns.
    pooled : bool
        Whether segments were compared with all of the reference, which knows of no segments.
    segments : mapping of tuple to DriftResult
        With segment columns, the result of each segment by its values:
        `result.segments["EU",]`.
    like : LikeWithLike, optional
        With a season, which of its cells were compared; `baseline` then holds the reference's
        rows of these, in the shares of `current`.
    seasonal_psi : mapping of str to float
        With a season, the PSI of each feature against all of the reference.
    quality : tuple of Finding
        What is wrong with the current data as data, the worst first; empty with segments.
    joint : JointDrift, optional
        How well all features together tell the periods apart, where that was asked for.
    """

    columns: TableColumns = field(repr=False)
    baseline: Baseline = field(repr=False)
    current: Profile = field(repr=False)
    policy: DriftPolicy
    by: tuple[str, ...] = ()
    pooled: bool = False
    segments: Mapping[Segment, DriftResult] = field(default_factory=dict, repr=False)
    like: LikeWithLike | None = None
    seasonal_psi: Mapping[str, float] = field(default_factory=dict, repr=False)
    quality: tuple[Finding, ...] = ()
    joint: JointDrift | None = None

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per column of the data in the baseline's order; see `detect_drift`."""
        return as_table(self.columns)

    @property
    def subjects(self) -> pd.Series:
        """What each row of the table is about: its feature, and with segments which of them."""
        return subjects_of(self.table, self.by)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The table row by row, by column, each with its `subject`: what it is about."""
        subjects = self.subjects.tolist() if self.by else self.columns["feature"]
        rows = zip(subjects, table_rows(self.columns), strict=True)
        return [row | {"subject": subject} for subject, row in rows]

    @property
    def drifted(self) -> list[str]:
        """Names of the features that drifted, in some segment: really, and enough to matter."""
        features = set(self.baseline.features)
        found = dict.fromkeys(compress(self.columns["feature"], self.columns["drifted"]))
        return [name for name in found if name in features]

    @cached_property
    def cannot_tell(self) -> str | None:
        """Why nothing can be told, in some segment; None where all can."""
        parts = self.segments.values() if self.by else [self]
        unlike = (part.like.reason for part in parts if part.like)
        return next(filter(None, unlike), None) or first_reason(self.columns, self.baseline.unit)

    @property
    def season(self) -> str:
        """What like is compared with like by, and what that leaves out; empty without a season."""
        if not self.like:
            return ""
        psi = self.table["psi"] if self.seasonal_psi else pd.Series(dtype=float)
        less = (pd.Series(self.seasonal_psi, dtype=float) - psi).dropna()
        if less.empty or less.max() < self.policy.psi_moderate:
            return self.like.line
        name = str(less.idxmax())
        return (
            f"{self.like.line} Held against all of the reference, {shortened(name)} would have a "
            f"PSI of {self.seasonal_psi[name]:.2g}; beyond the season {psi[name]:.2g} is left."
        )

    @property
    def unit(self) -> str:
        """What a unit is, how many there are, and how strongly rows of one belong together."""
        effects = np.asarray(self.columns["design_effect"], dtype=float)
        known = effects[~np.isnan(effects)]
        effect = float(np.median(known)) if len(known) else np.nan
        return unit_line(
            self.baseline.unit, (self.baseline.reference_units, self.current.units), effect
        )

    @property
    def quality_table(self) -> pd.DataFrame:
        """What is wrong with the current data as data, a row each, the worst first."""
        return findings_table(self.quality)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed when files were read."""
        return tuple(dict.fromkeys((*self.baseline.notes, *self.current.notes)))

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        features = set(self.baseline.features)
        rows = [row for row in self.rows if row["feature"] in features]
        pairs = f"pairs of a feature and one of {counted(len(self.segments), 'segment')}"
        total = f"{len(rows)} {pairs if self.by else 'features'}"
        rest = " (against all of the reference)" if self.pooled else ""
        if self.like and self.like.compared and self.like.missing:
            rest += f" ({self.like.missing})"
        if not self.drifted and self.cannot_tell and not self.by:
            return f"{self.cannot_tell[:1].upper()}{self.cannot_tell[1:]}{rest}"
        rest += f" ({self.cannot_tell})" if self.cannot_tell else ""
        if not self.drifted and self.joint and self.joint.severity.drifted:
            return f"None of {total} moved enough by itself; all together: {self.joint.note}{rest}"
        if not self.drifted:
            real = list(self.columns["severity"]).count("minor")
            rest += f"; {real} changed, but too little to matter" if real else ""
            return f"No drift: none of {total} moved enough to matter{rest}"
        rows = [row for row in rows if row["drifted"]]
        rows.sort(key=lambda row: (-rank(row["severity"]), -np.nan_to_num(row["psi"], nan=-1.0)))
        worst = [row["subject"] for row in rows]
        return f"{len(worst)} of {total} drifted: {listed(worst)}{rest}"

    @property
    def details(self) -> dict[str, Any]:
        """Which features drifted, in how many rows, and how it was judged."""
        return {
            "drifted": self.drifted,
            "rows_reference": self.baseline.rows,
            "rows_current": self.current.rows,
            "policy": asdict(self.policy),
            "unit": self.unit,
            "cannot_tell": self.cannot_tell,
            "notes": list(self.notes),
            "season": self.like.to_dict() if self.like else None,
            "data_quality": [asdict(finding) for finding in self.quality],
            "joint": self.joint.to_dict() if self.joint else None,
        } | ({"by": list(self.by), "pooled": self.pooled} if self.by else {})


@known_keywords()
def detect_drift(
    reference: Any,
    current: Any,
    by: str | Iterable[str] | None = None,
    policy: DriftPolicy = DriftPolicy(),
    *,
    features: Iterable[str] | None = None,
    exclude: Iterable[str] = (),
    categorical: Iterable[str] = (),
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
    unit: str = "auto",
    season: str | Iterable[str] | None = None,
    quality: QualityPolicy = QualityPolicy(),
    joint: Any = False,
) -> DriftResult:
    """Compare a current batch with a reference, feature by feature.

    What the numbers say: :doc:`/reading/index`; choices: :doc:`/guides/reference`.

    Parameters
    ----------
    reference : frame, table, dataset, path, Dask or Spark DataFrame, or Baseline
        A path that ends in .json is a saved baseline.
    current : frame, table, dataset, path, Dask or Spark DataFrame, or Profile
        What is not in memory is read some rows at a time.
    by : str or list of str, optional
        Segment columns: each segment is compared with the reference's own rows of that segment,
        or with all of a reference that has no such columns or is a saved baseline (`pooled`,
        and the headline says so). Segment columns are not compared.
    policy : DriftPolicy
        When a change is real, and when it matters.
    features, exclude, categorical, timestamp, time_format, y_true, y_pred, y_proba, unit, season
        See `Baseline.fit`. A baseline has them fixed, but for `features`, which picks some, and
        `exclude`.
    positive : label, optional
        Not used: see `Baseline.fit`.
    quality : QualityPolicy
        How much findings of data quality matter, and how old the newest row may be.
    joint : bool, or frame, table, dataset, path, Dask or Spark DataFrame
        Whether to ask as well if all features together tell the periods apart: a change of how
        they go with one another, too. It takes a classifier (scikit-learn's), fitted on at most
        10,000 rows a side; where the reference is a baseline, pass the rows of the reference.
        Not with `by`.

    Returns
    -------
    DriftResult
        Its table has a row per column, indexed by feature; with `by` one per segment and column,
        the segment columns first:

        - `kind`: numeric, categorical, prediction, target, or why it has no numbers
        - `n_reference`, `n_current`: rows with a value
        - `psi`, `ks`, `chi_square`, `jensen_shannon`, `hellinger`, `wasserstein` (in standard
          deviations of the reference): sizes of the change, see `driftlib.stats.distances`
        - `..._p_value`: the tests; `p_value` joins them, `q_value` (Benjamini and Hochberg) allows
          for the number of features and segments
        - `missing_reference`, `missing_current`, `unseen`: shares of all rows
        - `severity`: none (not real), minor (real, too small to matter), moderate or major
        - `drifted`: real and at least moderate
        - `note`: what changed, in words
        - `psi_expected`, `psi_critical`: the PSI that chance gives on average, and the smallest
          that one test can tell from chance; `psi_common`: that of the bins or levels that both
          sides have rows in, `one_sided`: the share of rows in all others, less what chance gives
        - `beyond`, `tails`, `spike`: the share of the values beyond the reference's range; by how
          much the share in its outermost half percents grew; the share at the value within the
          range whose share jumped most, `spike_reference` before. Each has a test. With units the
          first two are sizes only, and the outermost values are tested by units

    Raises
    ------
    DriftlibError
        If a side cannot be read, or they have no feature in common.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> reference = pd.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500)})
    >>> result = detect_drift(reference, reference.assign(x=reference["x"] + 1))
    >>> result.drifted
    ['x']
    >>> result.table.loc["x", "note"]
    'shifted up by 1 standard deviation'
    """
    baseline = as_baseline(
        reference,
        features=features,
        exclude=exclude,
        categorical=categorical,
        timestamp=timestamp,
        time_format=time_format,
        y_true=y_true,
        y_pred=y_pred,
        y_proba=y_proba,
        unit=unit,
        season=season,
    )
    names = [by] if isinstance(by, str) else list(by or ())
    asked = not isinstance(joint, bool)
    if names and (asked or joint):
        raise ParameterError("joint= asks of all rows together: leave by= out.")
    if names:
        return _by_segment(reference, current, names, baseline, policy)
    profile = current if isinstance(current, Profile) else baseline.profile(current)
    pair = pair_up(baseline, baseline.reference, profile)
    (columns,) = compare([pair], policy)
    plain = plain_psi(baseline, baseline.reference, pair.after) if pair.like else {}
    result = DriftResult(
        columns, pair.baseline, pair.after, policy, like=pair.like, seasonal_psi=plain,
        quality=check_quality(baseline, profile, quality),
    )  # fmt: skip
    if not asked and not joint:
        return result
    from driftlib.drift.joint import fit_joint

    rows = joint if asked else reference
    return replace(result, joint=fit_joint(baseline, rows, current, policy))


def _by_segment(
    reference: Any, current: Any, by: list[str], baseline: Baseline, policy: DriftPolicy
) -> DriftResult:
    if isinstance(current, Profile):
        raise ParameterError("a Profile has no segments: pass the current data, or no by=.")
    source = baseline.open(current)
    header = source.headers[0]
    names = segment_columns(by, header.names, header.where, {"feature", *COLUMNS})
    baseline = compared_baseline(baseline, names)
    found = profile_groups(baseline, source, ByRows(), names).segments
    profiles = {segment: windows[0][1] for segment, windows in found.items()}
    own = segment_baselines(reference, baseline, names, list(profiles))
    baselines = own or dict.fromkeys(profiles, baseline)
    pairs = {s: pair_up(baselines[s], baselines[s].reference, profiles[s]) for s in profiles}
    tables = dict(zip(profiles, compare(list(pairs.values()), policy), strict=True))
    pooled = own is None
    parts = {
        s: DriftResult(tables[s], pair.baseline, pair.after, policy, pooled=pooled, like=pair.like)
        for s, pair in pairs.items()
    }
    rows = {segment: as_table(columns).reset_index() for segment, columns in tables.items()}
    columns = columns_of(stack_segments(rows, names, 0))
    whole = reduce(add, profiles.values())
    like = all_alike([pair.like for pair in pairs.values()])
    return DriftResult(columns, baseline, whole, policy, tuple(names), pooled, parts, like)
