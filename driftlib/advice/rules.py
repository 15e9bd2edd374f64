"""Say what to do: one table of rules, each with the condition and the reason why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from driftlib.advice.facts import LEVELS, Facts
from driftlib.diagnosis.verdict import BOTH, CONCEPT, DATA
from driftlib.text import listed

NAMED = 5


@dataclass(frozen=True)
class Rule:
    """One thing that can be done.

    Parameters
    ----------
    action : str
        In a word or two.
    when : callable
        Whether it is to be done, by the facts.
    say : callable
        What exactly, in one sentence, by the facts.
    why : str
        One sentence that holds whatever the facts are.
    """

    action: str
    when: Callable[[Facts], bool]
    say: Callable[[Facts], str]
    why: str


@dataclass(frozen=True)
class Advice:
    """What a rule says of some facts.

    Parameters
    ----------
    action, words, why : str
        In a word or two, in a sentence, and the reason.
    """

    action: str
    words: str
    why: str


def _from(facts: Facts) -> str:
    return f" from {facts.since} on" if facts.since else " of the current period"


def _level_alone(facts: Facts) -> bool:
    """Tell whether only the level of scores is off: they order rows as well as before."""
    off = any(name in facts.worse for name in LEVELS)
    return bool(facts.labelled and off and facts.ranked and not facts.suspect)


def _retrain(facts: Facts) -> str:
    rows = f"Retrain on rows with labels{_from(facts)}"
    if facts.verdict == DATA:
        return f"{rows}, so that the model sees more inputs like the new ones."
    return f"{rows}, and compare with the old model on rows that neither has seen."


def _without_labels(facts: Facts) -> str:
    if facts.worse:
        return (
            "Have a sample of the rows labelled: the model is estimated to be worse, which holds "
            "only if the same inputs still have the same outcomes."
        )
    return "Wait for labels, or have a sample of the rows labelled."


RULES: tuple[Rule, ...] = (
    Rule(
        "check the feed",
        lambda facts: bool(facts.quality),
        lambda facts: (
            f"Check the feed of {listed(facts.quality, NAMED)}: the alerts of data quality say "
            "what is odd."
        ),
        "What a broken feed does looks like drift, and a model trained on it learns the break.",
    ),
    Rule(
        "check the labels",
        lambda facts: bool(facts.suspect),
        lambda facts: f"Check where labels and scores come from: {facts.suspect[0]}.",
        "What is filled in or joined wrongly says nothing of the model, neither good nor bad.",
    ),
    Rule(
        "choose another reference",
        lambda facts: bool(facts.culprits),
        lambda facts: (
            f"Compare with a reference that covers such values of "
            f"{listed(facts.culprits, NAMED)}: a longer one, or one of the same season."
        ),
        "Inputs that the reference never had cannot be compared with it, so that neither data nor "
        "concept can be told.",
    ),
    Rule(
        "wait for more data",
        lambda facts: bool(facts.untold),
        lambda facts: f"Wait for more data, or a longer reference: {facts.untold[0]}.",
        "Of too few days, or whatever belongs together, nothing can be told from chance.",
    ),
    Rule(
        "wait for labels",
        lambda facts: facts.labelled is False,
        _without_labels,
        "Without outcomes it is not known whether the same inputs still have the same outcomes.",
    ),
    Rule(
        "recalibrate",
        _level_alone,
        lambda facts: f"Recalibrate the scores on rows with labels{_from(facts)}.",
        "The scores' level is off, and no loss in how they order rows is beyond chance: that takes "
        "few labels.",
    ),
    Rule(
        "retrain",
        lambda facts: bool(
            facts.labelled
            and facts.worse
            and not facts.suspect
            and facts.verdict in (CONCEPT, DATA, BOTH)
            and not _level_alone(facts)
            and not facts.culprits
        ),
        _retrain,
        "The model is worse by more than chance and the cause is told: only what is learnt from "
        "new rows mends it.",
    ),
    Rule(
        "look for the cause",
        lambda facts: bool(
            facts.labelled
            and facts.worse
            and facts.verdict not in (CONCEPT, DATA, BOTH)
            and not facts.culprits
            and not facts.suspect
            and not _level_alone(facts)
        ),
        lambda facts: (
            "Look where the model is worse, group by group and window by window, before anything "
            "is retrained."
        ),
        "The model is worse and it is not told whether by its data or by a changed concept: a new "
        "model may be as bad.",
    ),
    Rule(
        "watch",
        lambda facts: bool(facts.labelled and not facts.worse and (facts.drifted or facts.shifted)),
        lambda facts: (
            f"Watch {listed([*facts.drifted, *facts.shifted], NAMED)}: the model is not surely "
            "worse for the change so far."
        ),
        "Drift by itself costs nothing: a model may do as well on the new inputs.",
    ),
)

NOTHING = Rule(
    "nothing",
    lambda facts: True,
    lambda facts: "Nothing is to be done now.",
    "No alert is open: nothing now is told from chance, or it is too small to matter.",
)


def advise_on(facts: Facts) -> tuple[Advice, ...]:
    """Say what to do.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    tuple of Advice
        By every rule that applies, in the order to do them in; "nothing" where none does.

    Examples
    --------
    >>> [advice.action for advice in advise_on(Facts(labelled=True, worse=("brier",), ranked=True))]
    ['recalibrate']
    >>> advise_on(Facts(labelled=True)) [0].words
    'Nothing is to be done now.'
    """
    found = [rule for rule in RULES if rule.when(facts)] or [NOTHING]
    return tuple(Advice(rule.action, rule.say(facts), rule.why) for rule in found)
