"""Hold what is found of a batch's quality, and the rule of how much it matters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from driftlib.data.calendar import read_offset
from driftlib.errors import ParameterError
from driftlib.lazily import pd
from driftlib.severity import Severity, rank

NEW_COLUMN, GONE_COLUMN, COLUMN_ORDER = "new column", "column gone", "column order"
OTHER_TYPE, UNREADABLE, INFINITE = "other type", "unreadable values", "infinite values"
ONE_VALUE, ALL_DISTINCT, NO_TIME = "one value only", "all values distinct", "rows without a time"
DUPLICATES, ROW_VOLUME, GAP, AGE = "repeated rows", "number of rows", "gap in time", "age"
SENTINEL = "value outside the range"
SAME_ROWS = "rows of the reference"

# What a finding is about where it is about no column.
ROWS, COLUMNS = "(rows)", "(columns)"


@dataclass(frozen=True)
class Finding:
    """Hold one thing that is to be known of a batch's quality.

    Parameters
    ----------
    kind : str
        What it is, such as "column gone".
    column : str
        The column; "(rows)" or "(columns)" where it is about none.
    severity : str
        "none" is only to be known.
    value, reference : float or str
        What is found now, and what the reference has of it; shares are those of rows.
    sentence : str
        What, where, and how much; without the column's name and without a point.
    """

    kind: str
    column: str
    severity: str
    value: float | str
    reference: float | str
    sentence: str


@dataclass(frozen=True)
class QualityPolicy:
    """How much a finding of quality matters.

    Parameters
    ----------
    share_moderate, share_major : float
        Share of rows, beyond that of the reference, from which a finding is moderate or major.
    factor : float
        How many times as many rows, or so many times fewer, than in any day of the reference are
        far off.
    level : float
        Chance explains no finding with a smaller probability.
    max_age : str, optional
        Age of the newest row that is too old, such as "2D"; None asks for none.

    Examples
    --------
    >>> QualityPolicy().of_share(0.05).value
    'moderate'
    """

    share_moderate: float = 0.02
    share_major: float = 0.10
    factor: float = 2.0
    level: float = 0.001
    max_age: str | None = None

    def __post_init__(self) -> None:
        if self.max_age is not None and self.longest_age is None:
            raise ParameterError(
                f"max_age={self.max_age!r} is no length of time: use one such as '2D' or '6h'."
            )

    @property
    def longest_age(self) -> pd.Timedelta | None:
        """The age from which the newest row is too old."""
        offset = read_offset(self.max_age) if self.max_age else None
        if offset is None:
            return None
        start = pd.Timestamp("2000-01-01")
        return pd.Timedelta(start + offset - start)

    def of_share(self, share: float) -> Severity:
        """Judge a share of rows.

        Parameters
        ----------
        share : float
            Beyond that of the reference.

        Returns
        -------
        Severity
            Minor, moderate or major.
        """
        if share >= self.share_major:
            return Severity.MAJOR
        return Severity.MODERATE if share >= self.share_moderate else Severity.MINOR

    @property
    def table(self) -> pd.DataFrame:
        """What each kind of finding needs, and how much it then matters."""
        rows = [
            (GONE_COLUMN, "major for a feature, else minor"),
            (f"{NEW_COLUMN}, {COLUMN_ORDER}", "minor: nothing reads it"),
            (f"{UNREADABLE}, {INFINITE}, {NO_TIME}", "the share of rows beyond the reference's: "
             f"moderate from {self.share_moderate:.0%}, major from {self.share_major:.0%}"),
            (OTHER_TYPE, "half of the values or more cannot be what they were: major"),
            (ONE_VALUE, "the reference never is so by chance: moderate, major where the value was "
             "that of fewer than half of its rows"),
            (ALL_DISTINCT, "the reference never is so by chance: moderate"),
            (SENTINEL, "one value, far outside the range or such as -999, in half a percent of the "
             "values or more: the share of them, by the same limits"),
            (DUPLICATES, "the share of rows beyond what as many rows of the reference have, by "
             "the same limits"),
            (SAME_ROWS, "a hundredth of the rows or more, beyond those alike by chance: minor, for "
             "a copy is nothing wrong, but hides what changed"),
            (ROW_VOLUME, f"days with {self.factor:g} times fewer or more rows than any of the "
             "reference: minor, moderate from a tenth of the days, major from half of them; of a "
             "single day moderate"),
            (GAP, "longer than any of the reference by more than chance: minor, moderate from "
             "three times as long"),
            (AGE, "none, unless max_age says how old the newest row may be: then moderate"),
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["finding", "how much it matters"]).set_index("finding")


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """Tabulate findings, the worst first.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    pandas.DataFrame
        `kind`, `column`, `severity`, `value`, `reference`, `sentence`.

    Examples
    --------
    >>> finding = Finding("new column", "x", "minor", 0.0, 0.0, "is new")
    >>> findings_table([finding])["severity"].tolist()
    ['minor']
    """
    ordered = sorted(findings, key=lambda finding: -rank(finding.severity))
    names = list(Finding.__dataclass_fields__)
    return pd.DataFrame([asdict(finding) for finding in ordered], columns=names)
