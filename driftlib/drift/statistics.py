"""Compute statistics and tests of all columns of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np

from driftlib.data.schema import COMPARABLE
from driftlib.errors import DataError
from driftlib.profile.baseline import Baseline
from driftlib.profile.column import Column
from driftlib.profile.profile import CategoricalCounts, NumericCounts, Profile
from driftlib.profile.unusual import Unusual
from driftlib.stats import bin_tests, distances, significance
from driftlib.stats.binned import Binned
from driftlib.stats.excess import find_spikes, find_tails
from driftlib.stats.gridded import Gridded, GridSide, blocks_of

# Parts of a column's error budget. What lies at the edge or at one value is told by few rows.
_TESTS = {
    "ks_p_value": 1.0, "mann_whitney_p_value": 1.0, "psi_p_value": 1.0, "chi_square_p_value": 1.0,
    "missing_p_value": 1.0, "unseen_p_value": 1.0, "beyond_p_value": 0.5, "tails_p_value": 0.5,
    "spike_p_value": 0.5,
}  # fmt: skip
# Of these, the tests of the values that there are and of their order.
SHAPE = (
    "ks_p_value", "mann_whitney_p_value", "psi_p_value", "chi_square_p_value", "beyond_p_value",
    "tails_p_value", "spike_p_value",
)  # fmt: skip
SIZES = (
    "kind", "n_reference", "n_current", "psi", "psi_p_value", "ks", "ks_p_value", "chi_square",
    "chi_square_p_value", "jensen_shannon", "hellinger", "wasserstein", "missing_reference",
    "missing_current", "unseen", "p_value",
)  # fmt: skip
FURTHER = (
    "mann_whitney", "mann_whitney_p_value", "missing_p_value", "unseen_p_value", "unseen_expected",
    "psi_expected", "psi_critical", "psi_common", "one_sided", "beyond", "beyond_p_value", "tails",
    "tails_p_value", "spike", "spike_reference", "spike_p_value",
)  # fmt: skip
# Cells of the reference that are kept as they are compared: at 89 bytes a grid point, 22 MB.
MOST_KEPT = 500_000
# Of a table, by name; as long as its rows.
Columns = dict[str, np.ndarray]


def column_statistics(baseline: Baseline, before: Profile, after: Profile) -> Columns:
    """Compute statistics and tests of every column, a row each.

    Columns are compared together: of few rows a call costs more than its work. And the table's
    columns come by themselves: to make a frame costs more than to compute them.

    Parameters
    ----------
    baseline : Baseline
        Its columns are compared.
    before, after : Profile
        Counted on its grid.

    Returns
    -------
    dict of str to array
        `SIZES`, `FURTHER` and "feature". Predictions and the target have a row where both sides
        have values.

    Raises
    ------
    DataError
        If a profile was counted on another grid.
    """
    same = before.baseline_id == after.baseline_id == baseline.id
    if not (same and baseline.columns.keys() <= after.columns.keys()):
        raise DataError(
            "the profile was counted against another baseline: profile the batch with the "
            "baseline that it is compared with."
        )
    sides = [
        (column, before.columns[name], after.columns[name])
        for name, column in baseline.columns.items()
    ]
    sides = [s for s in sides if s[0].role == "feature" or (s[1].present and s[2].present)]
    names = (*SIZES, *FURTHER)
    table: Columns = dict(zip(names, np.full((len(names), len(sides)), np.nan), strict=True))
    table["feature"] = np.array([column.name for column, _, _ in sides], dtype=object)
    kinds = [c.kind if c.role == "feature" else c.role for c, _, _ in sides]
    table["kind"] = np.array(kinds, dtype=object)
    befores, afters = [was for _, was, _ in sides], [now for _, _, now in sides]
    for side, counts in (("reference", befores), ("current", afters)):
        table[f"n_{side}"] = np.array([one.present for one in counts], dtype=np.int64)
        table[f"missing_{side}"][:] = [one.missing_share for one in counts]
    numeric: list[_Numeric] = []
    levels: list[int] = []
    bins: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for place, (column, was, now) in enumerate(sides):
        if column.kind not in COMPARABLE:
            continue
        enough = min(was.present, now.present) >= 2
        if isinstance(was, NumericCounts) and isinstance(now, NumericCounts):
            if enough:
                was, now = column.alike(was, now)
                numeric.append(_Numeric(place, column, was, now))
                bins[place] = column.bins(was), column.bins(now)
        elif isinstance(was, CategoricalCounts) and isinstance(now, CategoricalCounts):
            unseen = (was.unlisted, now.unlisted) if column.complete else (0, 0)
            if enough:
                bins[place] = column.bins(was), column.bins(now)
            if enough and any(unseen):
                test = bin_tests.chi_square(*bins[place], unseen)
                table["chi_square"][place] = test.statistic
                table["chi_square_p_value"][place] = (
                    bin_tests.commonest_p_value(*bins[place], unseen)
                    if np.isnan(test.p_value)
                    else test.p_value
                )
            elif enough:
                levels.append(place)
            if column.complete and was.present and now.rows:
                # Rows from which the levels were listed foretell how many new ones to expect.
                row = _unseen(column, was, now, before is baseline.reference)
                for name, value in row.items():
                    table[name][place] = value
        # Labels come late: their absence says nothing about the data.
        if (was.missing or now.missing) and was.rows and column.role != "target":
            table["missing_p_value"][place] = significance.fisher_exact(
                was.missing, was.rows, now.missing, now.rows
            )
    if bins:
        _compare_bins(table, bins, {one.place for one in numeric}, levels)
    for block in blocks_of([len(one.column.grid) for one in numeric]):
        _compare_numbers(baseline, table, [numeric[k] for k in block])
    if after.rows:
        table["p_value"][:] = _joined(table)
    return table


class _Numeric(NamedTuple):
    """A numeric column with at least two values a side, counted as of one type."""

    place: int
    column: Column
    before: NumericCounts
    after: NumericCounts


def _compare_numbers(baseline: Baseline, table: Columns, block: Sequence[_Numeric]) -> None:
    """Fill in what is read off the grids of some columns."""
    columns, places = [one.column for one in block], [one.place for one in block]
    now = GridSide.of([one.after.cumulative for one in block])
    both = Gridded(_reference_side(baseline, block), now)
    found = {"ks": both.ks}
    scales = np.array([column.scale for column in columns])
    with np.errstate(over="ignore", invalid="ignore"):
        far = both.wasserstein([column.grid for column in columns])
        found["wasserstein"] = np.where(scales > 0, far / np.where(scales > 0, scales, 1), np.nan)
    n, m = [one.before.present for one in block], [one.after.present for one in block]
    rank, rank_p_value = both.mann_whitney
    beyond = [Unusual(*one[1:]) for one in block]
    tails = find_tails(both)
    spikes = find_spikes(both)
    tested: dict[str, Any] = {
        "ks_p_value": significance.kolmogorov_p_values(found["ks"].tolist(), n, m),
        "mann_whitney": rank,
        "mann_whitney_p_value": rank_p_value,
        "psi_p_value": table["psi_p_value"][places],
        "psi_critical": table["psi_critical"][places],
        "beyond": [one.beyond for one in beyond],
        "beyond_p_value": [one.beyond_p_value for one in beyond],
        "tails": [one.growth for one in tails],
        "tails_p_value": [one.p_value for one in tails],
        "spike": [one.rows / rows for one, rows in zip(spikes, m, strict=True)],
        "spike_reference": [one.within / rows for one, rows in zip(spikes, n, strict=True)],
        "spike_p_value": [one.p_value for one in spikes],
    }
    constant = [one.column.constant(one.before, one.after) for one in block]
    if any(constant):
        tested = {name: np.where(constant, np.nan, values) for name, values in tested.items()}
    for name, values in (found | tested).items():
        table[name][places] = values


def _reference_side(baseline: Baseline, block: Sequence[_Numeric]) -> GridSide:
    """Put the reference's columns together; those of a few columns are kept for later batches."""
    if any(one.before is not one.column.reference for one in block):
        return GridSide.of([one.before.cumulative for one in block])
    kept, names = baseline.kept_sides, tuple(one.column.name for one in block)
    if names in kept:
        return kept[names]
    side = GridSide.of([one.before.cumulative for one in block])
    if side.below.size + sum(other.below.size for other in list(kept.values())) <= MOST_KEPT // 2:
        kept[names] = side
    return side


def _compare_bins(
    table: Columns,
    bins: Mapping[int, tuple[np.ndarray, np.ndarray]],
    numbers: Set[int],
    levels: Sequence[int],
) -> None:
    """Fill in what is read off the bins of columns, each with two values or more on both sides.

    Of those, `numbers` are tested by their PSI and `levels` by their chi-square.
    """
    places = list(bins)
    n, m = table["n_reference"][places], table["n_current"][places]
    size = [len(before) for before, _ in bins.values()]
    table["psi_critical"][places] = bin_tests.psi_critical(n, m, size)
    # On a side of which no row is of a listed level there are no shares of them.
    bins = {
        place: sides
        for place, sides in bins.items()
        if place in numbers or (sides[0].any() and sides[1].any())
    }
    if not bins:
        return
    places = list(bins)
    both = Binned.of(*zip(*bins.values(), strict=True))
    n, m = both.rows
    psi = both.psi
    found = {
        "psi": psi,
        "jensen_shannon": both.jensen_shannon,
        "hellinger": both.hellinger,
        "psi_common": psi,
        "one_sided": np.zeros(len(psi)),
        "psi_expected": (both.occupied - 1) * (1 / n + 1 / m),
    }
    for name, values in found.items():
        table[name][places] = values
    for k in np.flatnonzero(both.common != both.occupied).tolist():
        table["psi_common"][places[k]] = distances.psi_in_common(*bins[places[k]])
        table["one_sided"][places[k]] = distances.one_sided(*bins[places[k]])
    pooled = bin_tests.pool_columns(both)
    own = {place: k for k, place in enumerate(places)}
    if numbers:
        p_values = bin_tests.psi_p_values(pooled)
        table["psi_p_value"][[*numbers]] = p_values[[own[place] for place in numbers]]
    levels = [place for place in levels if place in own]
    if levels:
        rows = [own[place] for place in levels]
        statistic, p_values = bin_tests.chi_squares(pooled)
        table["chi_square"][levels] = statistic[rows]
        table["chi_square_p_value"][levels] = p_values[rows]
        for k in np.flatnonzero(np.isnan(p_values[rows])).tolist():
            # Too few rows for two levels of any size: an exact test tells what there is.
            place = levels[k]
            table["chi_square_p_value"][place] = bin_tests.commonest_p_value(*bins[place])


def _joined(table: Columns) -> np.ndarray:
    """Join the tests of each column, each by its part of the error budget."""
    parts = np.array(list(_TESTS.values()))[:, None]
    p_values = np.array([table[name] for name in _TESTS])
    tested = ~np.isnan(p_values)
    whole = (parts * tested).sum(axis=0)
    least = np.where(tested, whole / parts * p_values, np.inf).min(axis=0)
    return np.where(tested.any(axis=0), np.minimum(1.0, least), np.nan)


def _unseen(
    column: Column, before: CategoricalCounts, after: CategoricalCounts, of_reference: bool
) -> dict[str, float]:
    row = {"unseen": after.unlisted / after.rows}
    if of_reference:
        once, twice = column.rare_levels
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
