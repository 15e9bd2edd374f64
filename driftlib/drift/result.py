"""Hold what a check of drift found, and say it in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.data.like_with_like import LikeWithLike
from driftlib.drift.notes import CONSTANT
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.table import TableColumns, as_table, table_rows
from driftlib.drift.unit_lines import first_reason, unit_line
from driftlib.lazily import pd
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import Profile
from driftlib.quality.finding import Finding, findings_table
from driftlib.results import Result
from driftlib.severity import rank
from driftlib.text import counted, listed, shortened

if TYPE_CHECKING:
    from driftlib.drift.joint import JointDrift
    from driftlib.drift.segments import Segment


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

    def __repr__(self) -> str:
        shown = ["kind", "psi", "q_value", "severity", "note"]
        return f"{self.headline}\n{self.table[shown]}"

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per column of the data in the baseline's order; see `detect_drift`."""
        return as_table(self.columns)

    @property
    def subjects(self) -> pd.Series:
        """What each row of the table is about: its feature, and with segments which of them."""
        from driftlib.drift.segments import subjects_of

        return subjects_of(self.table, self.by)

    @property
    def named_rows(self) -> list[tuple[str, dict[str, Any]]]:
        """The table row by row: what it is about, and its values by column."""
        subjects = self.subjects.tolist() if self.by else self.columns["feature"]
        return list(zip(subjects, table_rows(self.columns), strict=True))

    @property
    def drifted(self) -> list[str]:
        """Names of the features that drifted, in some segment: really, and enough to matter."""
        features = set(self.baseline.features)
        found = dict.fromkeys(compress(self.columns["feature"], self.columns["drifted"]))
        return [name for name in found if name in features]

    @cached_property
    def cannot_tell(self) -> str | None:
        """Why nothing can be told, with segments in how many of them; None where all can."""
        if not self.by:
            unlike = self.like.reason if self.like else ""
            few = first_reason(self.columns, self.baseline.unit)
            return unlike or few or self._nothing_judged or None
        reasons = [part.cannot_tell for part in self.segments.values() if part.cannot_tell]
        return (
            f"{reasons[0]}, in {len(reasons)} of {len(self.segments)} segments" if reasons else None
        )

    @cached_property
    def _unjudged(self) -> dict[str, str]:
        """Notes of the features of which nothing is told, by name."""
        features = set(self.baseline.features)
        return {
            name: row["note"]
            for name, row in self.named_rows
            if row["feature"] in features
            and np.isnan(row["q_value"])
            and not row["drifted"]
            and not row["note"].startswith(CONSTANT)
        }

    @property
    def _nothing_judged(self) -> str:
        """Why no feature could be judged, where none was; else empty."""
        if not self._unjudged or len(self._unjudged) < len(self.baseline.features):
            return ""
        name, note = next(iter(self._unjudged.items()))
        return f"cannot tell: {shortened(name)}: {note}"

    @property
    def _told(self) -> bool:
        """Whether something can be told."""
        return any(not part.cannot_tell for part in (self.segments.values() if self.by else [self]))

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
        rows = [(name, row) for name, row in self.named_rows if row["feature"] in features]
        pairs = f"pairs of a feature and one of {counted(len(self.segments), 'segment')}"
        unjudged = len(self._unjudged)
        total = f"{len(rows) - unjudged * (not self.drifted)} {pairs if self.by else 'features'}"
        rest = " (against all of the reference)" if self.pooled else ""
        if self.like and self.like.compared and self.like.missing:
            rest += f" ({self.like.missing})"
        if not self.drifted and self.cannot_tell and not self._told:
            return f"{self.cannot_tell[:1].upper()}{self.cannot_tell[1:]}{rest}"
        rest += f" ({self.cannot_tell})" if self.cannot_tell else ""
        if not self.drifted and self.joint and self.joint.severity.drifted:
            return f"None of {total} moved enough by itself; all together: {self.joint.note}{rest}"
        if not self.drifted:
            real = list(self.columns["severity"]).count("minor")
            rest += f"; {real} changed, but too little to matter" if real else ""
            rest += f"; not judged: {listed([*self._unjudged])}" if unjudged else ""
            return f"No drift: none of {total} moved enough to matter{rest}"
        worst = [(name, row) for name, row in rows if row["drifted"]]
        worst.sort(key=_by_severity)
        names = [name for name, _ in worst]
        return f"{len(names)} of {total} drifted: {listed(names)}{rest}"

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


def _by_severity(named_row: tuple[str, dict[str, Any]]) -> tuple[float, float]:
    """Order rows: the worst first, of these the largest change."""
    _, row = named_row
    return -rank(row["severity"]), -np.nan_to_num(row["psi"], nan=-1.0)
