"""Order severities: how much a change matters."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Severity(StrEnum):
    """How much a change matters, from `none` to `major`; ordered by that.

    `none` is not told from chance, `minor` is real but too small to matter, `moderate` and
    `major` are drift.

    Examples
    --------
    >>> Severity.MINOR < Severity.MAJOR, Severity("moderate").drifted
    (True, True)
    >>> [f"{severity.mark} {severity}" for severity in Severity]
    ['○ none', '● minor', '◆ moderate', '▲ major']
    """

    NONE = "none"
    MINOR = "minor"
    MODERATE = "moderate"
    MAJOR = "major"

    @property
    def rank(self) -> int:
        """Place in the order, 0 for `none`."""
        return _ORDER.index(self.value)

    @property
    def drifted(self) -> bool:
        """Whether a change of this severity counts as drift."""
        return self.rank >= Severity.MODERATE.rank

    @property
    def mark(self) -> str:
        """Sign that tells it without a colour."""
        return "○●◆▲"[self.rank]

    @property
    def open_mark(self) -> str:
        """The same sign hollow, for what is drift by itself and no alarm of the whole."""
        return "○○◇△"[self.rank]

    @property
    def words(self) -> str:
        """What it says of a change, for a legend."""
        said = ("not told from chance", "real but small", "moderate drift", "major drift")
        return said[self.rank]

    def __lt__(self, other: str) -> bool:
        return self.rank < Severity(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Severity(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Severity(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Severity(other).rank


# Equality and hash stay those of the text, so that a severity is its word in every table.
_ORDER = tuple(severity.value for severity in Severity)


def rank(severity: str) -> int:
    """Tell the place of a severity in the order, to sort and compare tables by.

    Parameters
    ----------
    severity : str
        A severity or its word.

    Returns
    -------
    int
        0 for `none` to 3 for `major`.

    Examples
    --------
    >>> sorted(["major", "none", "minor"], key=rank)
    ['none', 'minor', 'major']
    """
    return _ORDER.index(severity)


def worst(severities: Iterable[str | None]) -> Severity:
    """Find the worst of some severities.

    Parameters
    ----------
    severities : iterable of str or None
        Gaps are passed over.

    Returns
    -------
    Severity
        `none` where there are none.

    Examples
    --------
    >>> worst(["minor", None, "major"]).value, worst([]).value
    ('major', 'none')
    """
    return max((Severity(severity) for severity in severities if severity), default=Severity.NONE)
