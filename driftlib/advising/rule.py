"""Choose among actions that were tried, and say why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from driftlib.advising.actions import KEEP, WAIT, Action
from driftlib.advising.trial import Tried
from driftlib.advising.worth import Jury

LEVEL = 0.95
# Intervals must be so much shorter than what is to be told that 4 of 5 tell it: 1.96 and 0.84
# standard errors instead of 1.96, at which half of them do.
SURER = (1.96 + 0.84) / 1.96


@dataclass(frozen=True)
class Terms:
    """What an action has to be worth.

    Parameters
    ----------
    price : float
        Of a retraining, a row.
    minimum : float
        Smallest gain that counts.
    """

    price: float
    minimum: float

    def of(self, action: Action) -> float:
        """Tell what an action costs a row.

        Parameters
        ----------
        action : Action

        Returns
        -------
        float
        """
        return self.price if action.is_new_model else 0.0


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Parameters
    ----------
    name : str
        Of the action, or "wait".
    tried : Tried or None
        The action; for waiting the one that may turn out best. None where none was tried.
    """

    name: str
    tried: Tried | None


def choose(tried: Sequence[Tried], jury: Jury, terms: Terms) -> Choice:
    """Choose the simplest action that is not told from the best.

    Parameters
    ----------
    tried : sequence of Tried
        The simplest first; keeping is the first.
    jury : Jury
        Of the rows that actions were judged on.
    terms : Terms

    Returns
    -------
    Choice
    """
    sure = [one for one in tried[1:] if _is_sure(one, terms.of(one.action))]
    if not sure:
        return _without_evidence(tried, terms)
    best = max(sure, key=lambda one: one.gain.value - terms.of(one.action))
    if best.gain.value - terms.of(best.action) < terms.minimum:
        return Choice(KEEP, tried[0])
    found = next(one for one in sure if one is best or not _told_apart(best, one, jury, terms))
    return Choice(found.action.name, found)


def _is_sure(one: Tried, price: float) -> bool:
    """Tell whether an action is worth its price: judged on several sets of rows, on each."""
    return one.gain.interval(LEVEL)[0] > price and all(part > price for part in one.gain.parts)


def _told_apart(best: Tried, simpler: Tried, jury: Jury, terms: Terms) -> bool:
    gain = jury.gain(best.judged, simpler.judged)
    price = terms.of(best.action) - terms.of(simpler.action)
    return gain.value - price >= terms.minimum and gain.interval(LEVEL)[0] > price


def _without_evidence(tried: Sequence[Tried], terms: Terms) -> Choice:
    open_ones = [
        one
        for one in tried[1:]
        if one.gain.interval(LEVEL)[1] - terms.of(one.action) >= terms.minimum
    ]
    if not open_ones:
        return Choice(KEEP, tried[0])
    return Choice(WAIT, max(open_ones, key=lambda one: one.gain.value - terms.of(one.action)))


def labels_to_settle(one: Tried, terms: Terms, labels: int) -> float:
    """Tell how many labelled rows in all would tell whether an action is worth it.

    Parameters
    ----------
    one : Tried
    terms : Terms
    labels : int
        Labelled rows that there are.

    Returns
    -------
    float
        With which the gain is told from the price, or from the smallest gain that counts where
        it is nearer, with a chance of 80 %, if it is what it was seen to be.
    """
    low, high = one.gain.interval(LEVEL)
    distance = max(abs(one.gain.value - terms.of(one.action)), terms.minimum)
    if not distance > 0:
        return np.nan
    return float(np.ceil(labels * (SURER * (high - low) / 2 / distance) ** 2))
