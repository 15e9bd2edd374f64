"""Say what happened to a column, in words a reader understands without a textbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.data.schema import COMPARABLE
from driftlib.data.units import ROW, ROWS, UnitRule
from driftlib.drift.glance import numeric_changes
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts
from driftlib.stats.precision import EXACT, MOST_WHOLE
from driftlib.text import NAMES_SHOWN, cut, join_notes
from driftlib.written_numbers import percent, percents

if TYPE_CHECKING:
    from driftlib.drift.policy import DriftPolicy
    from driftlib.profile.column import Column

# What a finding of all features is about.
TOGETHER = "(all features together)"
# Of a column of one value, the same on both sides: that nothing differs is an answer.
CONSTANT = "not compared: constant on both sides"


def worth_words(
    sides: Sequence[tuple[Column, Counts, Counts]],
    columns: Mapping[str, np.ndarray],
    real: np.ndarray,
    policy: DriftPolicy,
) -> list[int]:
    """Find the columns that there may be something to say of: of most there is nothing.

    Parameters
    ----------
    sides : sequence of (Column, Counts, Counts)
        Of each column, what `describe_change` takes.
    columns : mapping of str to float array
        The table's, with `psi` and `psi_critical`.
    real : bool array, shape (columns,)
        Whether the change is real.
    policy : DriftPolicy

    Returns
    -------
    list of int
        Places of all columns that have a note, and of some that have none.
    """
    # Where it is known what chance gives, there are values on both sides, and not all the same.
    least = policy.psi_moderate
    as_ever = (columns["psi_critical"] <= least) & ~(columns["psi"] >= least) & ~real
    return [
        place
        for place, (told, side) in enumerate(zip(as_ever.tolist(), sides, strict=True))
        if not (told and _is_plain(*side))
    ]


def _is_plain(column: Column, before: Counts, after: Counts) -> bool:
    """Whether nothing is to be said of a column that was compared, whatever that found."""
    if column.note or not isinstance(before, NumericCounts) or not isinstance(after, NumericCounts):
        return not column.note
    left_out = before.infinite or after.infinite or before.unreadable or after.unreadable
    return not left_out and (before.bits >= EXACT) == (after.bits >= EXACT)


def describe_change(
    column: Column,
    before: Counts,
    after: Counts,
    row: Mapping[str, Any],
    severity: str,
    policy: DriftPolicy,
    unit: UnitRule = ROWS,
) -> str:
    """Say what changed in a column, what could not be compared, what was left out.

    Parameters
    ----------
    column : Column
        Its grid and levels, and the reference that shifts are measured by.
    before, after : Counts
        Rows of the two sides; without rows after there is nothing to say.
    row : mapping of str to value
        The column's row of `DriftResult.table`, up to `q_value`.
    severity : str
        As the policy judges it.
    policy : DriftPolicy
        Whose thresholds words such as "too small to matter" refer to.
    unit : UnitRule
        What a unit is.

    Returns
    -------
    str
        Parts joined by semicolons; empty where nothing is worth saying.
    """
    if after.rows == 0:
        return ""
    parts = [_availability(column, before, after)]
    real, few = severity != "none", False
    if not parts[0] and column.kind in COMPARABLE:
        if real:
            changes, few = _changes(column, before, after, row, policy)
            parts += changes
        else:
            parts.append(_noise(row, policy, unit))
        if severity == "minor":
            small = "real, but in too few rows to matter" if few else "real but too small to matter"
            parts.append(small)
    if not parts[0] and _is_exact(before) != _is_exact(after) and _is_rounded(before, after):
        parts.append("large whole numbers, floats on one side: only the first 16 digits count")
    parts += [_left_out(side, where) for side, where in ((before, "reference"), (after, "current"))]
    if column.kind in COMPARABLE:
        parts.append(column.note)
    return join_notes(*parts)


def _availability(column: Column, before: Counts, after: Counts) -> str:
    """Why a column has no comparison, empty where it has one."""
    if column.kind not in COMPARABLE:
        absent = "; absent from the current data" if after.absent == after.rows else ""
        return column.note + absent
    if after.absent == after.rows:
        return "absent from the current data"
    if not after.present:
        return "every value is missing in the current data"
    if not before.rows:
        return "the reference has no rows of this segment"
    if not before.present:
        return "every value is missing in what it is compared with"
    if min(before.present, after.present) < 2:
        return "too few values to compare (1 on a side)"
    if isinstance(before, NumericCounts) and isinstance(after, NumericCounts):
        if not column.constant(before, after):
            return ""
        digits = " to the 16 digits of a float" if _is_rounded(before, after) else ""
        return f"{CONSTANT} ({before.minimum:.6g}{digits})"
    if column.complete and len(column.levels) == 1 and not _unlisted(before) + _unlisted(after):
        return f"{CONSTANT} ({column.levels[0]!r})"
    return ""


def _is_exact(counts: Counts) -> bool:
    return isinstance(counts, NumericCounts) and counts.bits >= EXACT


def _is_rounded(before: Counts, after: Counts) -> bool:
    """Whether some numbers are so large that floats on a side may have lost their last digits."""
    if not isinstance(before, NumericCounts) or not isinstance(after, NumericCounts):
        return False
    sizes = [max(abs(side.minimum), abs(side.maximum)) for side in (before, after)]
    return min(sizes) > MOST_WHOLE and not (_is_exact(before) and _is_exact(after))


def _unlisted(counts: Counts) -> int:
    return counts.unlisted if isinstance(counts, CategoricalCounts) else 0


def _changes(
    column: Column, before: Counts, after: Counts, row: Mapping[str, Any], policy: DriftPolicy
) -> tuple[list[str], bool]:
    """Say what changed, and whether it is a change of few rows."""
    parts: list[str] = []
    level, few = policy.alpha, False
    if isinstance(before, NumericCounts) and isinstance(after, NumericCounts):
        if row["shape_p_value"] < level:
            words = numeric_changes(column, before, after, row, policy)
            parts += words.parts
            few = words.few
    elif isinstance(before, CategoricalCounts) and isinstance(after, CategoricalCounts):
        if row["unseen_p_value"] < level and row["unseen"] > row["unseen_expected"]:
            parts.append(_new_levels(after, row))
        if row["shape_p_value"] < level:
            gone = row["one_sided"] >= policy.share_moderate
            parts.append((gone and _gone(column, before, after)) or _moved(column, before, after))
    if row["missing_p_value"] < level:
        now, was = percents(row["missing_current"], row["missing_reference"])
        parts.append(f"{now} missing, was {was}")
    return parts, few


def _moved(column: Column, before: CategoricalCounts, after: CategoricalCounts) -> str:
    if not len(column.levels):
        return "the shares of its values changed"
    shares = [side.levels / side.present for side in (before, after)]
    moved = int(np.abs(shares[1] - shares[0]).argmax())
    was, now = percents(float(shares[0][moved]), float(shares[1][moved]))
    if was == now:
        return "the shares of its values changed"
    return f"{column.levels[moved]!r} is {now} of the values, was {was}"


def _gone(column: Column, before: CategoricalCounts, after: CategoricalCounts) -> str:
    """Say which listed levels have no rows any more."""
    gone = np.flatnonzero((before.levels > 0) & (after.levels == 0))
    if not len(gone) or not after.levels.any():
        return ""
    names = [repr(cut(column.levels[place])) for place in gone[:NAMES_SHOWN]]
    more = ", ..." if len(gone) > NAMES_SHOWN else ""
    share = percent(float(before.levels[gone].sum()) / before.present)
    return f"no rows of {', '.join(names)}{more} any more, were {share} of the values"


def _new_levels(after: CategoricalCounts, row: Mapping[str, Any]) -> str:
    names = [repr(cut(name)) for name in list(after.unlisted_names)[:NAMES_SHOWN]]
    more = ", ..." if len(after.unlisted_names) > NAMES_SHOWN else ""
    return (
        f"{percent(row['unseen'])} of rows have a value not seen in the reference "
        f"({', '.join(names)}{more})"
    )


def _noise(row: Mapping[str, Any], policy: DriftPolicy, unit: UnitRule) -> str:
    if np.isnan(row["q_value"]):
        return ""
    if row["psi"] >= policy.psi_moderate:
        if unit.kind != ROW:
            return f"PSI {row['psi']:.2g} is within what {unit.plural} differ by"
        if row["psi"] > row["psi_critical"]:
            return (
                f"PSI {row['psi']:.2g} is over the {row['psi_critical']:.2g} that chance gives in "
                "one check of twenty, but over all columns and tests it is not told from chance"
            )
        return (
            f"PSI {row['psi']:.2g} is within chance for so few rows "
            f"(up to {row['psi_critical']:.2g} is)"
        )
    if row["psi_critical"] > policy.psi_moderate:
        return (
            f"with so few {unit.plural} a PSI under {row['psi_critical']:.2g} could not be told "
            "from chance"
        )
    return ""


def _left_out(counts: Counts, where: str) -> str:
    if not isinstance(counts, NumericCounts):
        return ""
    parts = []
    if counts.infinite:
        parts.append(f"{counts.infinite:,} infinite")
    if counts.unreadable:
        parts.append(f"{counts.unreadable:,} not a number (first: {counts.example!r})")
    return f"{where}: {', '.join(parts)}, taken as missing" if parts else ""
