"""Find pairs of features that go together in another way than before."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from driftlib.domain.result import Domain
from driftlib.stats.unit_influence import influence_error, influence_memory
from driftlib.text import shortened

COLUMNS = ("first", "second", "first_is", "second_is", "reference", "current", "change", "p_value")
# Of a category so many levels are held against other columns.
MOST_LEVELS = 6
# Smaller changes of a correlation carry nothing; of larger ones so many are looked at.
LEAST_CHANGE, MOST_PAIRS = 0.1, 40
LEVEL = 0.01


def changed_pairs(domain: Domain) -> pd.DataFrame:
    """Find pairs of features whose rank correlation is another than before.

    Parameters
    ----------
    domain : Domain
        Its rows are used, and their units: a correlation's error is that of its units'
        influences.

    Returns
    -------
    pandas.DataFrame
        `first` and `second`; `first_is` and `second_is`, of a category the level that is meant
        (1 where a row has it; the commonest six are looked at), else empty; the correlations of
        normal scores in `reference` and `current`, and their `change`; the `p_value` with all
        pairs allowed for. Only changes of 0.1 and more that chance does not explain. What goes
        together neither rising nor falling has no correlation: its change is not among them.

    Examples
    --------
    >>> from driftlib.domain.classifier import fit_domain
    >>> x, y = np.random.default_rng(0).normal(size=(2, 800))
    >>> before, now = pd.DataFrame({"x": x, "y": y}), pd.DataFrame({"x": x, "y": x})
    >>> changed_pairs(fit_domain(before, now))[["first", "second", "current"]].values.tolist()
    [['x', 'y', 1.0]]
    """
    spread = [
        (place, level, values)
        for place, name in enumerate(domain.features)
        for level, values in _columns(domain, name, place)
    ]
    owner = np.array([place for place, _, _ in spread])
    if len(set(owner.tolist())) < 2:
        return pd.DataFrame(columns=list(COLUMNS))
    scores = _scores(np.column_stack([values for _, _, values in spread]), domain.is_current)
    sides = [scores[~domain.is_current], scores[domain.is_current]]
    before, now = (side.T @ side / max(len(side), 1) for side in sides)
    apart = owner[:, None] < owner[None, :]
    change = np.where(apart, now - before, 0.0)
    order = np.argsort(-np.abs(change), axis=None, kind="stable")
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for flat in order[: int((np.abs(change) >= LEAST_CHANGE).sum())]:
        i, j = divmod(int(flat), len(owner))
        found.setdefault((int(owner[i]), int(owner[j])), (i, j))
    pairs = list(found.values())[:MOST_PAIRS]
    p_values = _p_values(domain, scores, pairs, before, now)
    rows = [
        (
            *(domain.features[spread[place][0]] for place in (i, j)),
            *(spread[place][1] for place in (i, j)),
            float(before[i, j]), float(now[i, j]), float(change[i, j]),
            min(1.0, p * int(apart.sum())),
        )
        for (i, j), p in zip(pairs, p_values, strict=True)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table[table["p_value"] < LEVEL].reset_index(drop=True)


def name_pairs(pairs: pd.DataFrame) -> list[tuple[str, str, float, float]]:
    """Name pairs of features for a reader, with the level that is meant of a category.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Of `changed_pairs`.

    Returns
    -------
    list of (str, str, float, float)
        The two, and their correlation in the reference and now.
    """
    return [
        (
            *(
                shortened(row[part]) + (f" = {row[f'{part}_is']}" if row[f"{part}_is"] else "")
                for part in ("first", "second")
            ),
            row["reference"],
            row["current"],
        )
        for row in pairs.to_dict("records")
    ]


def _columns(domain: Domain, name: str, place: int) -> list[tuple[str, np.ndarray]]:
    """Take a column of numbers as it is, one of categories as a column a level."""
    values, levels = domain.matrix[:, place], domain.levels.get(name)
    if levels is None:
        return [("", values)]
    known = values[np.isfinite(values)].astype(int)
    counts = np.bincount(known, minlength=len(levels))[: len(levels)]
    most = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    return [
        (shortened(str(levels[code])), (values == code).astype(float))
        for code in most.tolist()
        if counts[code]
    ]


def _scores(columns: np.ndarray, is_current: np.ndarray) -> np.ndarray:
    """Turn columns into normal scores of either side; a missing value is the middle one."""
    scores = np.zeros_like(columns)
    for side in (~is_current, is_current):
        part = columns[side]
        for place in range(part.shape[1]):
            known = np.isfinite(part[:, place])
            if not known.any():
                continue
            _, places, counts = np.unique(
                part[known, place], return_inverse=True, return_counts=True
            )
            middle = np.cumsum(counts) - counts / 2
            ranked = np.zeros(len(part))
            ranked[known] = ndtri(middle[places] / known.sum())
            ranked -= ranked.mean()
            size = np.sqrt((ranked**2).mean())
            scores[side, place] = ranked / size if size > 0 else 0.0
    return scores


def _p_values(
    domain: Domain,
    scores: np.ndarray,
    pairs: list[tuple[int, int]],
    before: np.ndarray,
    now: np.ndarray,
) -> list[float]:
    """Ask of each pair whether chance explains its change, from the influences of rows."""
    if not pairs:
        return []
    current = domain.is_current
    rows = np.where(current, current.sum(), -(~current).sum())
    influences = []
    for i, j in pairs:
        x, y = scores[:, i], scores[:, j]
        r = np.where(current, now[i, j], before[i, j])
        influences.append((x * y - r * (x**2 + y**2) / 2) / rows)
    phi = influence_memory(domain.units, np.array(influences)) if domain.units else 0.0
    errors = [influence_error(domain.units, influence, phi) for influence in influences]
    return [
        2 * error.above(abs(float(now[i, j] - before[i, j])))
        for error, (i, j) in zip(errors, pairs, strict=True)
    ]
