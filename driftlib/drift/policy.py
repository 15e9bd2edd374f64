"""Judge changes: when one is real, and when it is large enough to matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from driftlib.errors import ParameterError, check_whole
from driftlib.severity import Severity
from driftlib.stats.watch import BUDGET, RUN_WINDOWS


@dataclass(frozen=True)
class DriftPolicy:
    """When a change counts as drift: it must be real, and large enough to matter.

    Parameters
    ----------
    alpha : float
        Share of checks without any drift in which some feature is called real, in (0, 1).
    psi_moderate, psi_major : float
        PSI beyond what chance explains, from which a real change is moderate or major.
    share_moderate, share_major : float
        The same for the change in the share of missing values, and for the share of values
        that the reference does not have beyond what it foretells; in [0, 1].
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
        for name in ("alpha", "budget"):
            share = getattr(self, name)
            if not 0 < share < 1:
                raise ParameterError(f"{name}={share!r} must lie between 0 and 1, such as 0.05.")
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
            The larger change of the shares of missing and of never-seen values, 0 to 1.

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
            ("share_moderate", self.share_moderate, "A real change is at least moderate when the "
             "share of missing or never-seen values moved by this much."),
            ("share_major", self.share_major, "A real change is major when such a share moved by "
             "this much."),
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
        The same index; `PSI` beyond what chance gives on average, `missing` and `unseen`: by how
        much those shares moved. From 0; NaN where there is nothing to measure.

    Examples
    --------
    >>> row = {"psi": 0.31, "psi_expected": 0.01, "missing_p_value": 1e-9, "unseen": 0.0}
    >>> row |= {"missing_reference": 0.02, "missing_current": 0.07, "unseen_expected": 0.01}
    >>> measure_effects(pd.DataFrame([row])).round(3)
       PSI  missing  unseen
    0  0.3     0.05     0.0
    """
    missing = (table["missing_current"] - table["missing_reference"]).abs()
    return pd.DataFrame(
        {
            "PSI": (table["psi"] - table["psi_expected"]).clip(lower=0),
            "missing": missing.where(table["missing_p_value"].notna()),
            "unseen": (table["unseen"] - table["unseen_expected"]).clip(lower=0),
        }
    )


def check_persistence(persistence: tuple[int, int] | None) -> None:
    """Check k of n.

    Parameters
    ----------
    persistence : (int, int) or None

    Raises
    ------
    ParameterError
        Unless 1 <= k <= n.
    """
    if persistence is None:
        return
    k, n = persistence
    if not 1 <= k <= n:
        raise ParameterError(f"persistence={persistence!r} must be (k, n) with 1 <= k <= n.")


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
