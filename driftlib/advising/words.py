"""Say why an action is advised: what it is worth, what the diagnosis has to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from driftlib.advising.actions import KEEP, MEND, OFFSET, RETRAIN, WAIT
from driftlib.advising.halves import Halves
from driftlib.advising.rule import Choice, Terms
from driftlib.advising.trial import Tried
from driftlib.data.units import UnitRule
from driftlib.diagnosis.result import Diagnosis
from driftlib.diagnosis.verdict import BOTH, CONCEPT, DATA
from driftlib.performance.metric import Metric

NAMED = 3
# Names of people keep their capital.
NAMED_AFTER = ("Brier", "Cohen's", "Matthews")
PRIOR = "Prior shift"


@dataclass(frozen=True)
class Case:
    """What an advice is about.

    Parameters
    ----------
    metric : Metric
    diagnosis : Diagnosis
    rule : UnitRule
    horizon : int
    faults : tuple of str
        What looks like a fault of the feed.
    """

    metric: Metric[Any]
    diagnosis: Diagnosis
    rule: UnitRule
    horizon: int
    faults: tuple[str, ...]

    @property
    def title(self) -> str:
        """The metric's name within a sentence."""
        title = self.metric.title
        plain = title[1:2].islower() and title.split()[0] not in NAMED_AFTER
        return title[:1].lower() + title[1:] if plain else title

    @property
    def prior_shift(self) -> bool:
        """Whether only the share of positives changed."""
        return PRIOR in self.diagnosis.reason


def reason(
    case: Case,
    choice: Choice,
    lacking: str = "",
    more: float = np.nan,
    tried: Sequence[Tried] = (),
    halves: Halves | None = None,
    model: str = "",
    terms: Terms | None = None,
    both_ways: bool = False,
) -> str:
    """Word an advice.

    Parameters
    ----------
    case : Case
    choice : Choice
    lacking : str
        Why nothing could be tried; empty where it was.
    more : float
        Labelled rows in all that would probably settle it, or let something be tried.
    tried : sequence of Tried
    halves : Halves, optional
    model : str
        What a retraining fitted.
    terms : Terms, optional
    both_ways : bool
        Whether halves changed places.

    Returns
    -------
    str
        Sentences, the advice first.
    """
    said = [_first(case, choice, lacking, _enough(case, more, halves, bool(lacking)))]
    if halves is not None and tried and terms is not None:
        turned = ", and the other way round, as the newer ones alone could not tell"
        said.append(
            f"Actions were fitted on the older {len(halves.older):,} rows with labels and judged "
            f"on the newer {len(halves.newer):,} ({case.rule.counted(halves.counts[0])} and "
            f"{case.rule.counted(halves.counts[1])}, split {halves.by})"
            f"{turned if both_ways else ''}; the {case.title} of these is now "
            f"{tried[0].value:.4g}."
        )
        said.append(_retraining(case, choice, tried, model, terms))
    said.append(_cause(case, choice))
    return " ".join(filter(None, said))


def _enough(case: Case, more: float, halves: Halves | None, lacking: bool) -> str:
    """Say how many labels would probably settle it, or let it be tried; of units, how many."""
    if np.isnan(more):
        return ""
    if lacking:
        return f" From {more:,.0f} labelled rows in all on it can be tried what helps."
    units = ""
    if halves is not None and halves.units is not None:
        count = more * sum(halves.counts) / len(halves.rows)
        units = f", of {case.rule.counted(int(np.ceil(count)))} such as these,"
    return f" About {more:,.0f} labelled rows in all{units} would probably settle it."


def _first(case: Case, choice: Choice, lacking: str, enough: str) -> str:
    if choice.name == MEND:
        return (
            f"Mend the feed before anything is fitted: {'; '.join(case.faults[:NAMED])}. A model "
            "that learns from broken rows learns the break."
        )
    if lacking:
        return f"Wait: {lacking}.{enough}"
    one = choice.tried
    assert one is not None
    if choice.name == WAIT:
        return (
            f"Wait: labels cannot tell yet whether to {_lower(one)}, which gains {_gain(one)}"
            f".{enough}"
        )
    if choice.name == KEEP:
        return "Keep the model as it is: nothing that was tried is worth more."
    return f"{one.action.words}: the {case.title} gets better by {_gain(one)}."


def _lower(one: Tried) -> str:
    return one.action.words[:1].lower() + one.action.words[1:]


def _gain(one: Tried) -> str:
    low, high = one.gain.interval()
    return f"{one.gain.value:.3g} ({low:.3g} to {high:.3g})"


def _retraining(
    case: Case, choice: Choice, tried: Sequence[Tried], model: str, terms: Terms
) -> str:
    new = [one for one in tried if one.action.name == RETRAIN]
    if not new:
        return ""
    best = max(new, key=lambda one: one.gain.value)
    if best.gain.value <= 0:
        return f"Retraining ({model}) gains nothing: {_gain(best)}."
    worth = best.gain.value * case.horizon
    said = (
        f"Retraining ({model}) gains {_gain(best)}, so that it pays below a price of {worth:,.4g}"
    )
    said += f" over {case.horizon:,} rows"
    if choice.name not in (RETRAIN, WAIT, MEND, KEEP) and choice.tried is not None:
        over = best.gain.value - choice.tried.gain.value
        said += f"; beyond the simpler action it gains {over:.3g}"
    return said + "."


def _cause(case: Case, choice: Choice) -> str:
    """Say how the advice follows from what the diagnosis found."""
    verdict = case.diagnosis.verdict
    if case.prior_shift:
        own = " An offset is all that takes." if choice.name == OFFSET else ""
        return (
            "Only the share of positives changed: rows of either label look as they did, and no "
            f"new model is needed for that.{own}"
        )
    if verdict == DATA:
        return (
            "What got worse comes from other inputs (data drift): fitting again on the same inputs "
            "does not heal that part"
            + (
                ", and what the new model gains comes from more rows like the new ones."
                if choice.name == RETRAIN
                else "."
            )
        )
    if verdict in (CONCEPT, BOTH):
        rest = "; the part that comes from other inputs stays" if verdict == BOTH else ""
        return f"The same inputs have other outcomes (concept drift), which labels can teach{rest}."
    return f"The diagnosis: {verdict}."
