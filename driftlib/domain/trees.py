"""Judge rows by boosted trees, from tables of which leaves each code of a feature leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.domain.bins import MISSING

# A bit each in a mask.
MOST_LEAVES = 16
ALL = np.uint16(2**MOST_LEAVES - 1)
CODES = 256
# So many rows at once stay near the processor.
ROWS_AT_ONCE = 2_048
# Place of the exponent in a double, which is the place of the only bit of a whole number.
EXPONENT, BIAS = 52, 1023


@dataclass(frozen=True)
class Trees:
    """Hold boosted trees over codes of features.

    Each row ends in one leaf of a tree. A code of a feature rules out the leaves beyond the
    splits that it goes the other way at; the leaf that no feature rules out is the row's.

    Parameters
    ----------
    start : float
        What is predicted before the first tree.
    values : float array, shape (trees, MOST_LEAVES)
        What each leaf adds.
    leaves : uint16 array, shape (trees,)
        The leaves that each has, a bit each.
    tables : dict of int to uint16 array, shape (CODES, trees)
        By feature that any tree splits: the leaves that each code leaves open, a bit each.

    References
    ----------
    Lucchese et al. (2015), QuickScorer: a fast algorithm to rank documents with additive
    ensembles of regression trees, SIGIR, 73-82.
    """

    start: float
    values: np.ndarray
    leaves: np.ndarray
    tables: dict[int, np.ndarray]

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Add up what the trees say of each row.

        Parameters
        ----------
        codes : uint8 array, shape (rows, features)

        Returns
        -------
        float array, shape (rows,)
        """
        return np.concatenate([np.empty(0), *map(self._sum, self._said(codes))])

    def replaced(self, codes: np.ndarray, others: np.ndarray) -> Iterator[np.ndarray]:
        """Predict rows with the codes of one feature at a time replaced.

        Parameters
        ----------
        codes : uint8 array, shape (rows, features)
            What the rows have.
        others : uint8 array, shape (rows, features)
            What takes its place.

        Yields
        ------
        float array, shape (rows,)
            By feature: as of `predict`.
        """
        said = [*self._said(codes)]
        plain = np.concatenate([np.empty(0), *map(self._sum, said)])
        splits = {j: (table != ALL).any(axis=0) for j, table in self.tables.items()}
        mixed = codes.copy(order="F")
        for j in range(codes.shape[1]):
            if j not in splits:
                yield plain
                continue
            # Trees that do not ask for the feature say what they said.
            trees = splits[j]
            mixed[:, j] = others[:, j]
            asked = {
                i: self.tables[i][:, trees] for i, those in splits.items() if (those & trees).any()
            }
            some = Trees(0.0, self.values[trees], self.leaves[trees], asked)
            sums = [np.empty(0)]
            for part, other in zip(said, some._said(mixed), strict=True):
                now = part.copy()
                now[:, trees] = other
                sums.append(self._sum(now))
            mixed[:, j] = codes[:, j]
            yield np.concatenate(sums)

    def _said(self, codes: np.ndarray) -> Iterator[np.ndarray]:
        """Yield what each tree adds, by row and tree, some rows at a time."""
        offset = np.arange(len(self.values)) * MOST_LEAVES - BIAS
        for first in range(0, len(codes), ROWS_AT_ONCE):
            part = codes[first : first + ROWS_AT_ONCE]
            left = np.tile(self.leaves, (len(part), 1))
            for j, table in self.tables.items():
                left &= table.take(part[:, j].astype(np.intp), axis=0)
            place = left.astype(float).view(np.int64)
            place >>= EXPONENT
            place += offset
            yield self.values.ravel().take(place)

    def _sum(self, said: np.ndarray) -> np.ndarray:
        total: np.ndarray = self.start + said.sum(axis=1)
        return total


def read_trees(model: Any, seen: np.ndarray, order: np.ndarray) -> Trees:
    """Read the trees of a model that was fitted on codes.

    Parameters
    ----------
    model : HistGradientBoostingClassifier or HistGradientBoostingRegressor
        Of one value a row.
    seen : bool array, shape (features, CODES)
        By feature of the model: which codes it has seen.
    order : int array
        Column of the codes that is each feature of the model.

    Returns
    -------
    Trees
    """
    predictors = [each for (each,) in model._predictors]
    sizes = np.array([len(each.nodes) for each in predictors])
    # As bytes: numpy would compare the names and types of all fields again and again.
    kind = predictors[0].nodes.dtype
    nodes = np.concatenate([each.nodes.view(f"V{kind.itemsize}") for each in predictors]).view(kind)
    tree = np.repeat(np.arange(len(sizes)), sizes)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    is_leaf = nodes["is_leaf"].astype(bool)
    left, right = nodes["left"] + first, nodes["right"] + first
    number = np.cumsum(is_leaf) - 1
    number -= number[first] + ~is_leaf[first]
    values = np.zeros((len(sizes), MOST_LEAVES))
    values[tree[is_leaf], number[is_leaf]] = nodes["value"][is_leaf]
    # The leaves at or below each node.
    below = np.where(is_leaf, 1 << np.maximum(number, 0), 0).astype(np.uint16)
    for depth in range(int(nodes["depth"].max()) - 1, -1, -1):
        at = np.flatnonzero((nodes["depth"] == depth) & ~is_leaf)
        below[at] = below[left[at]] | below[right[at]]
    splits = np.flatnonzero(~is_leaf)
    goes_left = _goes_left(predictors, nodes, tree, splits, seen)
    allowed = ~np.where(goes_left, below[right[splits], None], below[left[splits], None])
    feature, at = np.unique(order[nodes["feature_idx"][splits]], return_inverse=True)
    pair = at * len(sizes) + tree[splits]
    by = np.argsort(pair, kind="stable")
    filled, starts = np.unique(pair[by], return_index=True)
    masks = np.full((len(feature) * len(sizes), CODES), ALL)
    if len(splits):
        masks[filled] = np.bitwise_and.reduceat(allowed[by], starts, axis=0)
    tables = np.ascontiguousarray(masks.reshape(len(feature), len(sizes), CODES).swapaxes(1, 2))
    return Trees(
        float(model._baseline_prediction[0, 0]),
        values,
        below[np.cumsum(sizes) - sizes],
        dict(zip(feature.tolist(), tables, strict=True)),
    )


def _goes_left(
    predictors: Sequence[Any],
    nodes: np.ndarray,
    tree: np.ndarray,
    at: np.ndarray,
    seen: np.ndarray,
) -> np.ndarray:
    """Tell which codes go to the left at each split."""
    codes = np.arange(CODES)
    splits = nodes[at]
    missing = splits["missing_go_to_left"].astype(bool)[:, None]
    # Some split off what is missing from all that is not.
    apart = np.isinf(splits["num_threshold"])[:, None]
    found = np.where(apart, ~missing, codes <= splits["bin_threshold"][:, None])
    named = np.flatnonzero(splits["is_categorical"])
    if len(named):
        split, apart = splits[named], apart[named]
        words = [each.binned_left_cat_bitsets for each in predictors]
        first = np.cumsum([0, *map(len, words)])[tree[at[named]]]
        # Where the only level is split from what is missing, there is no set of levels.
        inside = np.unpackbits(
            np.concatenate([*words, np.zeros((1, CODES // 32), np.uint32)]).view(np.uint8),
            axis=1,
            bitorder="little",
        )[first + split["bitset_idx"]]
        inside = np.where(apart, found[named], inside)
        found[named] = np.where(seen[split["feature_idx"]], inside, missing[named])
    return np.where(codes == MISSING, missing, found)
