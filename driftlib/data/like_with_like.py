"""Say what like is compared with like by, how much was, and what could not be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftlib.data.season import COLUMNS, SeasonRule
from driftlib.text import capital, counted, join_notes, listed


@dataclass(frozen=True)
class LikeWithLike:
    """Which cells of a season a comparison is of.

    Parameters
    ----------
    rule : SeasonRule
    compared : sequence of str
        Cells that both sides have, in order.
    known : int
        Cells of what was compared with.
    left_out : mapping of str to int
        Rows of the current data in cells that it lacks.
    of_reference : bool
        It was compared with the reference, and not with the window before.
    by_time : bool
        What comes and goes within a month is taken off each of the units of time.
    few : str
        Why so few units as there are in these cells tell nothing; else empty.

    Examples
    --------
    >>> rule = SeasonRule("month", ("seen",), told="like is compared with like: by the month")
    >>> like = LikeWithLike(rule, ["June"], 11, {"December": 412})
    >>> like.missing
    '412 rows of December cannot be compared: the reference has none'
    """

    rule: SeasonRule
    compared: Sequence[str]
    known: int
    left_out: Mapping[str, int] = field(default_factory=dict)
    of_reference: bool = True
    by_time: bool = True
    few: str = ""

    @property
    def caution(self) -> str:
        """What the comparison cannot allow for; else empty."""
        whole = self.rule.kind == "month" and not self.by_time
        part = "part of a month is compared with whole months"
        return join_notes(self.rule.caution, part if whole else "")

    @property
    def missing(self) -> str:
        """What could not be compared; empty where all could."""
        if not self.left_out:
            return ""
        rows = sum(self.left_out.values())
        cells = f"of {listed(self.rule.ordered(self.left_out))}"
        if self.rule.kind == COLUMNS:
            one = f"{self.rule.columns[0]} = " if len(self.rule.columns) == 1 else ""
            cells = f"with {one}{listed(self.rule.ordered(self.left_out))}"
        whose = "the reference" if self.of_reference else "the window before"
        return f"{counted(rows, 'row')} {cells} cannot be compared: {whose} has none"

    @property
    def reason(self) -> str:
        """Why nothing can be told; empty where rows can be compared, or there are none."""
        why = self.few if self.compared else self.missing
        return f"cannot tell: {why}" if why else ""

    @property
    def line(self) -> str:
        """What is compared with what, in one line for a report."""
        whose = "the reference" if self.of_reference else "the window before"
        own = f"{len(self.compared)} of {self.rule.counted(self.known)} of {whose} compared"
        parts = [f"{capital(self.rule.told)}; {own}"]
        return "; ".join(filter(None, [*parts, self.missing, self.caution])) + "."

    def to_dict(self) -> dict[str, Any]:
        """Turn it into types that JSON has.

        Returns
        -------
        dict
        """
        return {
            "told": self.line,
            "compared": list(self.compared),
            "left_out": dict(self.left_out),
        }


def all_alike(likes: Sequence[LikeWithLike | None]) -> LikeWithLike | None:
    """Put the comparisons of several windows or segments together.

    Parameters
    ----------
    likes : sequence of LikeWithLike or None
        By the same rule; None without a season.

    Returns
    -------
    LikeWithLike or None
        None without a season.
    """
    held = [like for like in likes if like is not None]
    if not held:
        return None
    left_out: dict[str, int] = {}
    for like in held:
        for cell, rows in like.left_out.items():
            left_out[cell] = left_out.get(cell, 0) + rows
    rule = held[0].rule
    compared = rule.ordered({cell for like in held for cell in like.compared})
    known = max(len(compared), *(like.known for like in held))
    of_reference = all(like.of_reference for like in held)
    return LikeWithLike(rule, compared, known, left_out, of_reference, held[0].by_time)
