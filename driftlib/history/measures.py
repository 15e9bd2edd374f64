"""Keep metrics, and the former values of those that late labels change."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftlib.files import json_ready
from driftlib.history import schema
from driftlib.history.pieces import written_time
from driftlib.performance.result import Performance

OF_METRICS = (
    "value", "lower", "upper", "threshold", "reference_value", "reference_lower",
    "reference_upper", "breached", "degraded", "n", "n_labelled", "note",
)  # fmt: skip


def keep_metrics(
    connection: Connection, model: int, run: int, performance: Performance, start: str, end: str,
    moment: str,
) -> None:  # fmt: skip
    """Keep metrics; where late labels change one, its former value too.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    model, run : int
        Their ids.
    performance : Performance
        Realised or estimated; windows that wait for labels are left out.
    start, end : str
        Of the run, for windows that are not of time.
    moment : str
    """
    table, former = schema.metrics, schema.former_metrics
    asked = sa.select(table).where(table.c.model_id == model)
    known = {
        (r.start, r.segment, r.metric, bool(r.estimated)): r for r in connection.execute(asked)
    }
    every = performance.table
    if performance.likes:
        # A part of the window was compared, whose values are not kept: nothing is told by it.
        whole = every.groupby("window", sort=False).ngroup()
        partly = whole.map({n: bool(like.left_out) for n, like in enumerate(performance.likes)})
        of_reference = ["reference_value", "reference_lower", "reference_upper"]
        every = every.assign(**{name: every[name].mask(partly) for name in of_reference})
    for row in every[~every["held"].astype(bool)].to_dict("records"):
        timed = isinstance(row["start"], pd.Timestamp)
        place = {
            "start": written_time(row["start"]) if timed else start,
            "end": written_time(row["end"]) if timed else end,
            "segment": "",
            "metric": row["metric"],
            "estimated": bool(row["estimated"]),
        }
        values = json_ready({name: row[name] for name in OF_METRICS})
        values |= {"recorded": moment, "task": performance.task}
        before = known.get((place["start"], "", place["metric"], place["estimated"]))
        if before is None:
            connection.execute(table.insert().values(model_id=model, run_id=run, **place, **values))
        elif (before.value, before.n_labelled) != (values["value"], values["n_labelled"]):
            connection.execute(
                former.insert().values(
                    metric_id=before.id, value=before.value, lower=before.lower,
                    upper=before.upper, n_labelled=before.n_labelled, recorded=before.recorded,
                    replaced=moment,
                )
            )  # fmt: skip
            changed = table.update().where(table.c.id == before.id)
            connection.execute(changed.values(run_id=run, **values))
