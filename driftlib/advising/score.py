"""Hold an advice against later rows: what each action gained there, and what was regretted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftlib.advising.actions import KEEP, MEND, WAIT
from driftlib.advising.halves import units_of_rows
from driftlib.advising.trial import Side
from driftlib.advising.worth import has_outputs
from driftlib.errors import DataError
from driftlib.results import Result

if TYPE_CHECKING:
    from driftlib.advising.advise import Decision

BORNE_OUT, OPEN, NOT_BORNE_OUT = "borne out", "open", "not borne out"


@dataclass(frozen=True)
class Score(Result):
    """What became of an advice.

    Parameters
    ----------
    table : pandas.DataFrame
        A row an action: `action`, `fitted_on`, `expected` gain, `gain` on the later rows with its
        95 % interval `lower` and `upper`, and `held`, whether the intervals of the advice and of
        the later rows meet.
    action : str
        What was advised.
    verdict : str
        "borne out" where the action turned out within `minimum_gain` of the best or better than
        keeping for sure; "not borne out" where another was surely better by more than that; else
        "open".
    best : str
        What turned out best, price included.
    regret : float
        How much better that was than what was advised; at least 0.
    rows : int
        Later rows with labels.
    minimum_gain : float
        Smallest gain that counts.
    """

    table: pd.DataFrame
    action: str
    verdict: str
    best: str
    regret: float
    rows: int
    minimum_gain: float = field(default=0.0, repr=False)

    @property
    def headline(self) -> str:
        """The finding in one sentence."""
        return (
            f"The advice to {self.action} is {self.verdict} by {self.rows:,} later rows: best was "
            f"to {self.best}, and the regret is {self.regret:.3g}"
        )

    @property
    def details(self) -> dict[str, Any]:
        """What the JSON form holds besides headline and table."""
        names = ("action", "verdict", "best", "regret", "rows")
        return {name: getattr(self, name) for name in names}


def score(decision: Decision, later: Any) -> Score:
    """Score an advice on later rows.

    Parameters
    ----------
    decision : Decision
        With what was tried.
    later : frame, table, str or Path

    Returns
    -------
    Score

    Raises
    ------
    DataError
        If the rows have no labels.
    """
    setup, judge = decision.setup, decision.judged_by
    assert setup is not None
    assert judge is not None
    periods = setup.read(decision.reference, later)
    losses, refused, _ = periods.state.settle(periods.losses, periods.names)
    if losses.rows is None:
        raise DataError("advice is scored by labels and predictions, not by a column of losses.")
    known = ~np.isnan(losses.current) & has_outputs(losses.rows.current, judge.metric)
    codes = periods.units.current.codes
    if len(codes):
        known &= codes >= 0
    if refused or not known.any():
        raise DataError(refused or "the later rows have no labels: there is nothing to score.")
    places = np.flatnonzero(known)
    side = Side(periods.current, losses.rows.current).take(places)
    units = None
    if len(codes):
        units = units_of_rows(periods.units.rule, periods.units.current, places)
    judge = replace(judge, units=units)
    price = decision.price / decision.horizon
    rows, nets = [], []
    for one in decision.tried:
        outputs = one.outputs(side.frame, side.rows)
        gain = judge.gain(outputs, side.rows)
        low, high = gain.interval() if one.action.name != KEEP else (0.0, 0.0)
        said = one.gain.interval()
        rows.append(
            (one.action.name, one.action.fitted_on, one.gain.value, gain.value, low, high,
             bool(low <= said[1] and said[0] <= high))
        )  # fmt: skip
        nets.append(gain.value - price * one.action.is_new_model)
    columns = ["action", "fitted_on", "expected", "gain", "lower", "upper", "held"]
    table = pd.DataFrame(rows, columns=columns)
    best = int(np.argmax(nets))
    taken = _taken(decision)
    regret = max(0.0, nets[best] - nets[taken])
    if regret <= decision.minimum_gain or (taken and table["lower"][taken] > 0):
        verdict = BORNE_OUT
    else:
        better, advised = (
            decision.tried[place].outputs(side.frame, side.rows) for place in (best, taken)
        )
        beyond = judge.gain(better, advised)
        verdict = NOT_BORNE_OUT if beyond.interval()[0] > decision.minimum_gain else OPEN
    name = decision.tried[best].action.name
    return Score(table, decision.action, verdict, name, regret, len(side), decision.minimum_gain)


def _taken(decision: Decision) -> int:
    """Place of the action advised; waiting and mending leave the model as it is."""
    if decision.action in (WAIT, MEND):
        return 0
    key = decision.action, decision.fitted_on
    names = [
        (one.action.name, one.action.fitted_on if one.action.is_new_model else "")
        for one in decision.tried
    ]
    return names.index(key)
