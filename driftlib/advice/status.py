"""Sum a model up: now against before, what changed, since when, how sure, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from driftlib.advice.facts import Facts
from driftlib.advice.rules import Advice, advise_on
from driftlib.diagnosis.verdict import BOTH, CONCEPT, DATA, UNDETERMINED
from driftlib.severity import Severity
from driftlib.text import capital, counted, listed

NAMED = 5
DOUBT = "labels or scores look wrong as data"


@dataclass(frozen=True)
class Status:
    """The state of a model on one card.

    Parameters
    ----------
    title : str
        The model's name; empty where it has none.
    severity : str
        Of the worst alert that is open.
    finding : str
        The state in one sentence.
    lines : tuple of (str, str)
        What is said, and in which words: periods, now and before, what, since, how sure.
    advice : tuple of Advice
        What to do, in order.
    """

    title: str
    severity: str
    finding: str
    lines: tuple[tuple[str, str], ...]
    advice: tuple[Advice, ...]

    @property
    def mark(self) -> str:
        """A sign for the severity."""
        return Severity(self.severity).mark


def make_status(facts: Facts, severity: str = "none", failures: Iterable[str] = ()) -> Status:
    """Sum facts up.

    Parameters
    ----------
    facts : Facts
        Of all pages together.
    severity : str
        Of the worst alert that is open.
    failures : iterable of str
        What could not be made, and so is not known.

    Returns
    -------
    Status

    Examples
    --------
    >>> make_status(Facts("churn", labelled=True, drift_known=True)).finding
    'Nothing to act on: no alert is open.'
    """
    failed = list(failures)
    lines = {
        **{capital(role): _side(facts, role) for role in ("reference", "current")},
        "Now and before": _now(facts),
        "What": _what(facts),
        "Since": facts.since,
        "How sure": _sureness(facts, failed),
    }
    return Status(
        facts.title,
        severity,
        _finding(facts, failed),
        tuple((name, words) for name, words in lines.items() if words),
        advise_on(facts),
    )


def _side(facts: Facts, role: str) -> str:
    side = facts.sides.get(role)
    if side is None:
        return ""
    rows = counted(side.rows, "row")
    return f"{side.period}, {rows}" if side.period else rows


def _now(facts: Facts) -> str:
    value = facts.value
    if value is None:
        return ""
    at = f" (from {value.at})" if value.at else ""
    words = f"{value.metric} {value.now}{at}"
    if value.before:
        words += f", {value.before} in the reference"
    return f"{words}; estimated without labels" if value.estimated else words


def _what(facts: Facts) -> str:
    """Name what changed: data, concept, quality, labels."""
    parts = [DOUBT] if facts.suspect else []
    if facts.quality:
        parts.append(f"quality: {listed(facts.quality, NAMED)}")
    if facts.drifted or facts.verdict in (DATA, BOTH):
        named = f": {listed(facts.drifted, NAMED)}" if facts.drifted else ""
        parts.append(f"data{named}")
    if facts.verdict in (CONCEPT, BOTH):
        parts.append("concept: the same inputs have other outcomes")
    if facts.shifted:
        parts.append(f"predictions or labels: {listed(facts.shifted, NAMED)}")
    if facts.labelled is False:
        parts.append("labels: there are none in the current data")
    if not parts and facts.worse:
        parts.append("performance, the cause of which is not told")
    over = f"; over: {listed(facts.past, NAMED)}" if facts.past else ""
    return f"{'; '.join(parts) or 'nothing now that is told from chance'}{over}"


def _sureness(facts: Facts, failed: list[str]) -> str:
    parts = [f"{what} could not be made, so nothing is known of it" for what in failed]
    if facts.untold:
        parts.append(f"cannot tell, because {facts.untold[0]}")
    if facts.worse or facts.drifted or facts.quality or facts.shifted or facts.suspect:
        parts.append("told from chance, within the budget of false alarms that each page names")
    elif not facts.untold and not failed:
        parts.append("no alert; a change that is small beside chance may still be there")
    if facts.verdict == UNDETERMINED and facts.cause:
        parts.append(f"the cause is open: {facts.cause.partition(': ')[2]}")
    return "; ".join(parts)


def _moved(facts: Facts) -> str:
    """Name what changed: features, and apart from them what the model said or the labels."""
    features = [*facts.quality, *facts.drifted]
    return " as well as ".join(listed(part, 3) for part in (features, facts.shifted) if part)


def _finding(facts: Facts, failed: list[str]) -> str:
    """Say the state in one sentence."""
    moved = [*facts.quality, *facts.drifted, *facts.shifted]
    if facts.worse:
        sort = "is estimated to be worse" if facts.labelled is False else "is worse than tolerated"
        return f"The model {sort}{f', and {_moved(facts)} changed' if moved else ''}."
    if failed:
        return f"Not all is known: {listed(failed)} could not be made."
    if moved:
        if facts.labelled is None or facts.value is None or facts.suspect:
            known = "What that does to the model is not known"
        else:
            known = "The model is not surely worse"
            known += ", as far as can be estimated without labels" * (facts.labelled is False)
        odd = f" {capital(DOUBT)}." if facts.suspect else ""
        return f"The data changed: {_moved(facts)}. {known}.{odd}"
    if facts.suspect:
        return f"It cannot be told whether the model still works: {DOUBT}."
    if facts.untold:
        return f"It cannot be told: {facts.untold[0]}."
    past = f"; over: {listed(facts.past, 3)}" if facts.past else ""
    return f"Nothing to act on: no alert is open{past}."
