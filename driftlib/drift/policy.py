"""Judge changes: when one is real, and when it is large enough to matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from driftlib.errors import ParameterError, check_persistence, check_share, check_whole
from driftlib.lazily import pd
from driftlib.severity import Severity
from driftlib.stats.budget import BUDGET, RUN_WINDOWS

# A size that chance makes large in few rows counts where its own test tells it from chance.
TOLD = 0.05
# Columns of a result's table that sizes are measured in.
MEASURED = (
    "missing_reference", "missing_current", "missing_p_value", "beyond", "beyond_p_value", "tails",
    "tails_p_value", "spike", "spike_reference", "spike_p_value", "psi_common",
    "psi_expected", "unseen", "unseen_expected", "one_sided",
)  # fmt: skip
# Effects on the values that there are.
OF_SHAPE = ("PSI", "beyond", "spike", "one_sided")


@dataclass(frozen=True)
class DriftPolicy:
    """When a change counts as drift: it must be real, and large enough to matter.

    How to choose limits: :doc:`/guides/thresholds`.

    How large a change is goes by how many rows it moved, not by how far: rows at -999 are as wrong
    as rows at -9999, and no number of rows makes a change larger. The PSI, less what chance gives,
    measures how rows moved among bins or levels that both sides have; what the bins cannot see, or
    would see the better the more rows there are, goes by its share of the rows: missing, never
    seen before, beyond the reference's range, in its outermost half percents, piled up at one
    value, in bins or levels that one side lacks. The worst of them is the severity. So a change of
    the mean or the spread counts by the rows that carry it.

    Parameters
    ----------
    alpha : float
        Share of checks without any drift in which some feature is called real, in (0, 1).
    psi_moderate, psi_major : float
        PSI beyond what chance explains, from which a real change is moderate or major.
    share_moderate, share_major : float
        The same for shares of rows: see `measure_effects`; in [0, 1].
    budget : float
        Share of runs of windows without any change in which there may be any alarm, in (0, 1):
        half of it for drift, half for performance.
    windows : int
        Windows of a run, such as the 52 weeks of a year; of longer ones, their own number.
    persistence : (int, int), optional
        (k, n): instead of the budget, a trend alarms where k of the last n windows drifted,
        each judged by `alpha` alone.

    Examples
    --------
    >>> DriftPolicy(psi_major=0.3).severity_of(0.28, 0.0).value
    'moderate'
    """

    alpha: float = 0.05
    psi_moderate: float = 0.1
    psi_major: float = 0.25
    share_moderate: float = 0.02
    share_major: float = 0.10
    budget: float = BUDGET
    windows: int = RUN_WINDOWS
    persistence: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_share("alpha", self.alpha)
        check_share("budget", self.budget)
        check_whole("windows", self.windows, of="windows")
        for kind, most in (("psi", np.inf), ("share", 1.0)):
            moderate, major = getattr(self, f"{kind}_moderate"), getattr(self, f"{kind}_major")
            if not 0 <= moderate <= major <= most:
                raise ParameterError(
                    f"{kind}_moderate={moderate!r} and {kind}_major={major!r} must be in order and "
                    f"not negative{' nor above 1' if most == 1 else ''}."
                )
        check_persistence(self.persistence)

    def severity_of(self, psi_excess: float, share: float) -> Severity:
        """Judge how much a real change matters.

        Parameters
        ----------
        psi_excess : float
            PSI beyond what chance explains, from 0.
        share : float
            The largest of the shares of rows that moved, 0 to 1.

        Returns
        -------
        Severity
            Minor, moderate or major; see `measure_effects` for the two sizes.
        """
        if psi_excess >= self.psi_major or share >= self.share_major:
            return Severity.MAJOR
        if psi_excess >= self.psi_moderate or share >= self.share_moderate:
            return Severity.MODERATE
        return Severity.MINOR

    @property
    def table(self) -> pd.DataFrame:
        """Each setting, its value, and what it does in a sentence."""
        run = (f"At most this share of runs of {self.windows} windows without any change has an "
               "alarm: half of it for drift, half for performance.")  # fmt: skip
        rows: list[tuple[str, float | str, str]] = [
            ("alpha", self.alpha, "With no drift at all, at most this share of checks calls some "
             "feature's change real, however many features or rows there are."),
            ("psi_moderate", self.psi_moderate, "A real change is at least moderate from this PSI "
             "on, after taking off the PSI that chance alone gives."),
            ("psi_major", self.psi_major, "A real change is major from this PSI on."),
            ("share_moderate", self.share_moderate, "A real change is at least moderate when this "
             "share of rows is newly missing, never seen before, beyond the reference's range, in "
             "its outermost half percents, at one value, or in levels that one side lacks."),
            ("share_major", self.share_major, "A real change is major from such a share on."),
            ("budget", self.budget, run),
        ]  # fmt: skip
        if self.persistence:
            rows[-1] = ("persistence", "{} of {}".format(*self.persistence), "A trend raises an "
                        "alarm when so many of the latest windows drifted.")  # fmt: skip
        return pd.DataFrame(rows, columns=["setting", "value", "what it does"]).set_index("setting")


def measure_effects(table: pd.DataFrame) -> pd.DataFrame:
    """Measure changes on the scales that severity is judged by.

    Parameters
    ----------
    table : pandas.DataFrame
        Rows of `DriftResult.table` or `TrendResult.table`.

    Returns
    -------
    pandas.DataFrame
        The same index. `PSI` among what both sides have, beyond what chance gives on average; all
        else are shares of rows. `missing` and `unseen`: by how much those shares moved. `beyond`:
        beyond the reference's range, or by how much its outermost half percents grew. `spike`: at
        the value whose share jumped, less twice what it was. `one_sided`: in bins or levels that
        the other side lacks. From 0; NaN where there is nothing to measure. The sizes of `beyond`
        and `spike` count where their own tests tell them from chance.

    Examples
    --------
    >>> row = {"psi_common": 0.31, "psi_expected": 0.01, "missing_p_value": 1e-9, "unseen": 0.0}
    >>> row |= {"missing_reference": 0.02, "missing_current": 0.07, "unseen_expected": 0.01}
    >>> row |= {"beyond": 0.05, "beyond_p_value": 1e-9, "tails": 0.04, "tails_p_value": 1e-6}
    >>> row |= {"spike": 0.2, "spike_reference": 0.05, "spike_p_value": 1e-9, "one_sided": 0.0}
    >>> measure_effects(pd.DataFrame([row])).round(3)
       PSI  missing  unseen  beyond  spike  one_sided
    0  0.3     0.05     0.0    0.05    0.1        0.0
    """
    sizes = effect_sizes({name: table[name].to_numpy(dtype=float) for name in MEASURED})
    return pd.DataFrame(sizes, index=table.index)


def told_sizes(
    sizes: Mapping[str, np.ndarray], columns: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Take the sizes of what the tests of one comparison tell from chance.

    A share of missing values that is real does not make a shift real that days differ by anyway.

    Parameters
    ----------
    sizes : mapping of str to float array
        From `effect_sizes`.
    columns : mapping of str to float array
        With `shape_p_value`, of all tests of the values that there are, and `missing_p_value`.

    Returns
    -------
    dict of str to float array
        With 0 for the rest.

    Examples
    --------
    >>> sizes = {"PSI": np.array([0.3]), "missing": np.array([0.05])}
    >>> columns = {"shape_p_value": np.array([0.4]), "missing_p_value": np.array([1e-9])}
    >>> told_sizes(sizes, columns)
    {'PSI': array([0.]), 'missing': array([0.05])}
    """
    untold = dict.fromkeys(OF_SHAPE, columns["shape_p_value"] >= TOLD)
    untold["missing"] = columns["missing_p_value"] >= TOLD
    return {name: np.where(untold.get(name, False), 0.0, size) for name, size in sizes.items()}


def effect_sizes(columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Measure changes as `measure_effects` does, without a frame.

    Parameters
    ----------
    columns : dict of str to float array
        Of a result's table, by name.

    Returns
    -------
    dict of str to float array
        By the names of `measure_effects`.
    """
    missing = np.abs(columns["missing_current"] - columns["missing_reference"])
    sizes = {
        "PSI": columns["psi_common"] - columns["psi_expected"],
        "missing": np.where(np.isnan(columns["missing_p_value"]), np.nan, missing),
        "unseen": columns["unseen"] - columns["unseen_expected"],
        "beyond": np.fmax(_told(columns, "beyond"), _told(columns, "tails")),
        "spike": _told(columns, "spike") - 2 * columns["spike_reference"],
        "one_sided": columns["one_sided"],
    }
    return {name: np.maximum(size, 0.0) for name, size in sizes.items()}


def _told(columns: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Take sizes that their own test tells from chance; 0 where it does not, NaN without one."""
    return np.where(columns[f"{name}_p_value"] >= TOLD, 0.0, columns[name])


def largest_share(sizes: Mapping[str, np.ndarray]) -> np.ndarray:
    """Take the largest of the shares of rows that moved.

    Parameters
    ----------
    sizes : dict of str to float array
        From `effect_sizes`.

    Returns
    -------
    float array
        NaN where there is none.
    """
    return np.fmax.reduce([size for name, size in sizes.items() if name != "PSI"])


def k_of_n(flags: pd.Series, subjects: pd.Series, k: int, n: int) -> pd.Series:
    """Tell which flags persist: at least k of the subject's last n rows are flagged.

    Parameters
    ----------
    flags : pandas.Series of bool
        A row per subject and window, windows in order.
    subjects : pandas.Series
        What each row is about.
    k, n : int
        From 1 up, k at most n.

    Returns
    -------
    pandas.Series of bool
        True for flagged rows that, with those before them, make k of n.

    Examples
    --------
    >>> flags = pd.Series([True, False, True, True])
    >>> k_of_n(flags, pd.Series(["x"] * 4), 2, 3).tolist()
    [False, False, True, True]
    """
    flags = flags.astype(bool)
    grouped = flags.astype(float).groupby(subjects)
    recent = grouped.transform(lambda column: column.rolling(n, min_periods=1).sum())
    return flags & (recent >= k)
