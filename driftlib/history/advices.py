"""Keep advices as forecasts, and score them by the labels of later rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from driftlib.advising.actions import KEEP, MEND, RETRAIN, WAIT
from driftlib.advising.advise import Decision
from driftlib.advising.corrections import Stored
from driftlib.advising.score import BORNE_OUT, NOT_BORNE_OUT, OPEN
from driftlib.advising.worth import Gain
from driftlib.history import schema

# "reached": the model in use is by now as good as the new one was to be.
UNSCORED, NOT_REPLAYED, REACHED = "", "not replayed", "reached"


def keep_advice(connection: Connection, model: int, decision: Decision, moment: str) -> None:
    """Keep an advice, with the corrections that were tried; the same one is kept once.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Within a transaction that writes.
    model : int
        Its id.
    decision : Decision
    moment : str
    """
    table = schema.advices
    corrections: dict[str, Any] = {}
    for one in decision.tried:
        if isinstance(one.correction, Stored):
            corrections[one.action.name] = one.correction.to_dict()
    advised = decision.table[
        (decision.table["action"] == decision.action)
        & (
            (decision.table["action"] != RETRAIN)
            | (decision.table["fitted_on"] == decision.fitted_on)
        )
    ]
    expected = advised.iloc[0] if len(advised) else None
    values = {
        "model_id": model, "start": decision.start, "end": decision.end,
        "action": decision.action, "fitted_on": decision.fitted_on, "metric": decision.metric,
        "why": decision.why, "rows": decision.older + decision.newer,
        "value": _number(decision.value), "minimum_gain": _number(decision.minimum_gain),
        "expected_value": None if expected is None else _number(expected["value"]),
        "expected": None if expected is None else _number(expected["gain"]),
        "lower": None if expected is None else _number(expected["lower"]),
        "upper": None if expected is None else _number(expected["upper"]),
        "corrections": json.dumps(corrections),
    }  # fmt: skip
    same = [table.c[name] == values[name] for name in ("model_id", "start", "end", "why")]
    if connection.execute(sa.select(table.c.id).where(*same)).first() is None:
        connection.execute(table.insert().values(recorded=moment, **values))


def score_advices(connection: Connection, model: int, later: Decision, moment: str) -> None:
    """Score the advices of earlier rows by the labels that a later decision has.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Within a transaction that writes.
    model : int
        Its id.
    later : Decision
    moment : str
    """
    if later.labelled is None or later.judged_by is None or not later.start:
        return
    table = schema.advices
    asked = sa.select(table).where(
        table.c.model_id == model, table.c.scored == UNSCORED, table.c.end < later.start,
        table.c.end != "", table.c.metric == later.metric,
    )  # fmt: skip
    for row in connection.execute(asked).all():
        values = _scored(row, later) | {"scored": moment}
        connection.execute(table.update().where(table.c.id == row.id).values(**values))


def _scored(row: Row, later: Decision) -> dict[str, Any]:
    """Tell what became of an advice, by the corrections that it was chosen among."""
    labelled, judge = later.labelled, later.judged_by
    assert labelled is not None
    assert judge is not None
    judge = replace(judge, units=later.labelled_units)
    outputs = {KEEP: labelled}
    outputs |= {
        name: Stored.from_dict(held)(labelled) for name, held in json.loads(row.corrections).items()
    }
    gains: dict[str, Gain] = {
        name: judge.gain(rows, labelled) for name, rows in outputs.items() if name != KEEP
    }
    values = {KEEP: 0.0} | {name: gain.value for name, gain in gains.items()}
    best = max(values, key=lambda name: values[name])
    found: dict[str, Any] = {"realised_value": judge.value(labelled), "best": best}
    if row.action == RETRAIN:
        return found | _scored_retraining(row, later, found["realised_value"], values[best])
    taken = KEEP if row.action in (WAIT, MEND) else row.action
    if taken in gains:
        low, high = gains[taken].interval()
        found |= {"realised": values[taken], "realised_lower": low, "realised_upper": high}
    regret = values[best] - values[taken]
    found["regret"] = regret
    sure = taken in gains and gains[taken].interval()[0] > 0
    if sure or regret <= (row.minimum_gain or 0.0):
        return found | {"verdict": BORNE_OUT}
    beyond = judge.gain(outputs[best], outputs[taken]).interval()[0]
    return found | {"verdict": NOT_BORNE_OUT if beyond > (row.minimum_gain or 0.0) else OPEN}


def _scored_retraining(row: Row, later: Decision, present: float, best: float) -> dict[str, Any]:
    """Tell what became of an advice to retrain: what that model would say now is not kept.

    Either the model in use is as good as was foretold; or a model fitted anew on the later rows,
    in the same way, shows what a retraining still gains.
    """
    judge = later.judged_by
    assert judge is not None
    grown = judge.sign * (present - (np.nan if row.value is None else row.value))
    if row.lower is not None and 0 < row.lower <= grown:
        return {"verdict": REACHED, "realised": grown}
    anew = [one for one in later.tried if one.action.name == RETRAIN]
    if not anew:
        return {"verdict": NOT_REPLAYED}
    alike = [one for one in anew if one.action.fitted_on == row.fitted_on]
    gain = (alike or anew)[0].gain
    low, high = gain.interval()
    found: dict[str, Any] = {
        "realised": gain.value, "realised_lower": low, "realised_upper": high,
    }  # fmt: skip
    found |= {"best": RETRAIN} if gain.value > best else {}
    least = row.minimum_gain or 0.0
    verdict = BORNE_OUT if low > 0 else NOT_BORNE_OUT if high < least else OPEN
    return found | {"verdict": verdict}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
