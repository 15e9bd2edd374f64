"""Take from a reference what is like a batch: the same cells of the season, in its shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from driftlib.lazily import pd
from driftlib.profile.baseline import Baseline
from driftlib.profile.profile import CategoricalCounts, Counts, NumericCounts, Profile


@dataclass(frozen=True)
class SeasonMatch:
    """Two profiles that hold the same cells of a season; made by `match_season`.

    Parameters
    ----------
    before : Profile
        Of the cells that both have, in the shares of `after`; its `cells` as they were counted.
    after : Profile
        Of the same cells.
    left_out : mapping of str to int
        Rows of `after` in each cell that `before` has no rows of.
    """

    before: Profile
    after: Profile
    left_out: Mapping[str, int]


def match_season(baseline: Baseline, before: Profile, after: Profile) -> SeasonMatch:
    """Bring the cells of a reference into the shares that a batch has of them.

    With M_c of the batch's M rows and N_c of the reference's rows in cell c, the rows of the
    cell are weighted by (M_c / M) / N_c. So many independent rows of the mixture would be as
    good: N = 1 / sum_c (M_c / M)^2 / N_c (Kish 1965), if the rows of all cells vary alike. Where
    those of a thinly filled cell vary more they are fewer, at the least min_c N_c / (M_c / M), and
    half as many are enough unless most cells are thin: the larger of the two is taken.

    Parameters
    ----------
    baseline : Baseline
        With a season.
    before, after : Profile
        Of its columns.

    Returns
    -------
    SeasonMatch
        Without rows where no cell is shared.

    Examples
    --------
    >>> sky = pd.DataFrame({"x": range(6), "sky": ["clear"] * 4 + ["cloud"] * 2})
    >>> baseline = Baseline.fit(sky, season="sky")
    >>> match = match_season(baseline, baseline.reference, baseline.profile(sky[3:6]))
    >>> match.before.rows, float(match.before.columns["x"].mean)
    (3, 3.5)
    """
    shared = [
        cell
        for cell, profile in after.cells.items()
        if profile.rows and cell in before.cells and before.cells[cell].rows
    ]
    left_out = {c: p.rows for c, p in after.cells.items() if p.rows and c not in shared}
    if not shared:
        frame = pd.DataFrame(columns=list(baseline.columns), dtype=object)
        nothing = baseline.profile_frame(frame)
        return SeasonMatch(nothing, nothing, left_out)
    now = replace(reduce(add, [after.cells[c] for c in shared]), cells=_pick(after, shared))
    own = np.array([before.cells[c].rows for c in shared], dtype=float)
    share = np.array([after.cells[c].rows for c in shared]) / now.rows
    rows = max(0.5 / (share**2 / own).sum(), (own / share).min())
    was = _mixture([before.cells[c] for c in shared], rows * share / own)
    return SeasonMatch(replace(was, cells=_pick(before, shared)), now, left_out)


def _pick(profile: Profile, cells: Sequence[str]) -> dict[str, Profile]:
    return {cell: profile.cells[cell] for cell in cells}


def _mixture(parts: Sequence[Profile], factors: np.ndarray) -> Profile:
    """Add profiles up, the counts of each times a factor; those of units as they are."""
    whole = reduce(add, parts)
    if np.allclose(factors, 1, rtol=1e-9):
        return whole
    columns = {}
    for name in whole.columns:
        scaled = [_times(p.columns[name], f) for p, f in zip(parts, factors, strict=True)]
        columns[name] = _rounded(reduce(add, scaled))
    rows = round(float(sum(p.rows * f for p, f in zip(parts, factors, strict=True))))
    return replace(whole, rows=rows, columns=columns)


_SUMS = (
    "rows", "missing", "absent", "infinite", "unreadable", "squares", "below", "at_or_below",
    "gaps", "levels", "unlisted", "buckets", "at_minimum", "at_maximum",
    "outside",
)  # fmt: skip


def _times(counts: Counts, factor: float) -> Counts:
    held = vars(counts)
    scaled: dict[str, Any] = {name: held[name] * factor for name in _SUMS if name in held}
    if isinstance(counts, CategoricalCounts):
        names = counts.unlisted_names.items()
        scaled["unlisted_names"] = {name: rows * factor for name, rows in names}
    return replace(counts, **scaled)


def _rounded(counts: Counts) -> Counts:
    """Whole numbers again, which fit one another as those of rows do."""
    present, missing = round(counts.present), round(counts.missing)
    held: dict[str, Any] = {"rows": present + missing, "missing": missing}
    held["absent"] = min(missing, round(counts.absent))
    if isinstance(counts, NumericCounts):
        for name in ("infinite", "unreadable", "at_minimum", "at_maximum"):
            held[name] = round(getattr(counts, name))
        held["outside"] = np.rint(counts.outside).astype(np.int64)
        for name in ("below", "at_or_below"):
            # A cumulative count stays one: rounding keeps order.
            upto = np.rint(getattr(counts, name)).astype(np.int64)
            held[name] = np.minimum(upto, present)
    elif isinstance(counts, CategoricalCounts):
        listed = _apportioned(np.append(counts.levels, counts.unlisted), present)
        held |= {"levels": listed[:-1], "unlisted": int(listed[-1])}
        held["buckets"] = _apportioned(counts.buckets, present)
        names = counts.unlisted_names.items()
        held["unlisted_names"] = {name: round(rows) for name, rows in names}
    return replace(counts, **held)


def _apportioned(counts: np.ndarray, total: int) -> np.ndarray:
    """Round counts so that their sum is as it should be."""
    upto = np.minimum(np.rint(np.cumsum(counts)), total).astype(np.int64)
    upto[-1:] = total
    return np.diff(upto, prepend=0)
