"""Keep the history of models: record results, and read trends and alerts over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from driftlib.alerts import OVER, Alert, AlertPolicy, by_urgency, make_alerts
from driftlib.drift.policy import DriftPolicy
from driftlib.drift.result import DriftResult
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import DataError, ParameterError
from driftlib.performance.result import Performance
from driftlib.text import quoted

if TYPE_CHECKING:
    from driftlib.advising.advise import Decision
    from driftlib.history.memory import Remembered

DEFAULT_MODEL = "model"


@dataclass(frozen=True)
class Recorded:
    """What a history knows after a run was recorded.

    Parameters
    ----------
    run : int
        Its number.
    fresh : bool
        Whether it had not been recorded before.
    trend : TrendResult
        All windows of the model's history.
    performance : tuple of Performance
        Its metrics in all runs: realised, estimated, or both.
    remembered : tuple of Remembered
        Alerts with their states: new, worse, continuing, or over since this run.
    """

    run: int
    fresh: bool
    trend: TrendResult
    performance: tuple[Performance, ...]
    remembered: tuple[Remembered, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """What deserves attention, the worst first, what is over last."""
        return by_urgency(found.alert for found in self.remembered)

    @property
    def failed(self) -> bool:
        """Whether some alert is open that nobody has silenced."""
        return any(not f.silent and f.alert.state != OVER for f in self.remembered)


class History:
    """The history of models in a database; made once, it is there for every run.

    How to use one every day: :doc:`/guides/production`.

    Parameters
    ----------
    url : str or Path
        A file, for SQLite, or the URL of a database such as "postgresql+psycopg://host/name".
    model : str
        Whose history it is: one database holds any number of models.

    Raises
    ------
    DriftlibError
        If SQLAlchemy is not installed (the extra "history"), or the database cannot be used.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import driftlib as dl
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"x": rng.normal(size=4000)})
    >>> frame["day"] = pd.date_range("2024-01-01", periods=4000, freq="h")
    >>> baseline = dl.Baseline.fit(frame[:2400], timestamp="day")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = History(f"{folder}/drift.db", "churn")
    ...     for night in range(2400, 2472, 24):
    ...         found = dl.drift_trend(baseline, frame[night : night + 24], window="D")
    ...         recorded = history.record(found)
    ...     print(recorded.trend.headline, recorded.alerts, len(history.runs()))
    No drift against the reference in any of 3 windows () 3
    """

    def __init__(self, url: str | Path, model: str = DEFAULT_MODEL) -> None:
        from driftlib.history.schema import Database

        self.database = Database(str(url))
        self.model = model

    def record(
        self,
        found: DriftResult | TrendResult,
        *measured: Performance,
        also: Sequence[Alert] = (),
        source: str = "",
        policy: AlertPolicy | None = None,
        receivers: Sequence[str] = (),
    ) -> Recorded:
        """Record what was found of a batch: all of it in one transaction, or nothing.

        Rows that were recorded before change nothing, whatever file they come in. Where they
        have labels by now, their metrics are kept, and the former values too.

        Parameters
        ----------
        found : DriftResult or TrendResult
            Of `detect_drift`, for a window a batch; or of `drift_trend` with a window such as
            "D", "W", "MS", "6h" or "7D from 2024-01-01" against the baseline: rows of one window
            may come in several batches.
        *measured : Performance
            Of the same batch, realised or estimated.
        also : sequence of Alert
            What is wrong with the batch besides, such as with its data's quality.
        source : str
            What to call the batch, such as its file. Other rows of the same source and window
            take the place of the former ones; without a name they add.
        policy : AlertPolicy, optional
            What becomes an alert.
        receivers : sequence of str
            Names, without secrets, of those who are to be told what is new, worse or over.

        Returns
        -------
        Recorded

        Raises
        ------
        DriftlibError
            If the result is of another kind than the history, or the database fails.
        """
        from sqlalchemy.exc import SQLAlchemyError

        from driftlib.history import measures, memory, reading, recording, windows
        from driftlib.history.pieces import now, pieces_of

        moment = now()
        pieces = pieces_of(found, moment)
        if not pieces:
            raise DataError("the batch has no rows in any window: there is nothing to record.")
        if any(perf.by for perf in measured):
            raise ParameterError("a history knows of no segments: measure without by=.")
        try:
            with self.database.write() as connection:
                model = recording.model_row(connection, self.model, found)
                key = recording.baseline_row(connection, model.id, found.baseline, moment)
                reading.judge_again(connection, key, found.baseline, found.policy)
                kept = recording.keep_run(connection, model.id, key, found, pieces, source, moment)
                changed = kept.changed
                windows.keep_windows(connection, key, found.baseline, changed, found.policy)
                for perf in measured:
                    place = kept.pieces[0].start, kept.pieces[-1].end, moment
                    measures.keep_metrics(connection, model.id, kept.run, perf, *place)
                trend = reading.read_trend(connection, model, key, found.baseline, found.policy)
                if trend is None:
                    raise DataError("the history lost its windows: restore it from a copy.")
                every = [reading.run_of_metrics(connection, model, perf) for perf in measured]
                runs = tuple(perf for perf in every if perf is not None)
                remembered: list[Remembered] = []
                judged: dict[int, str] = {}
                newest = reading.newest(connection, key, model.id)
                made = [(memory.DRIFT, make_alerts(trend, policy=policy), newest[0])]
                if runs:
                    made.append((memory.METRICS, make_alerts(*runs, policy=policy), newest[1]))
                for about, alerts, window in (*made, (memory.QUALITY, tuple(also), newest[0])):
                    states = memory.remember(connection, model.id, about, alerts, window, moment)
                    judged |= dict.fromkeys((state.id for state in states), window)
                    remembered += states
                memory.queue(connection, model.id, remembered, receivers, judged, moment)
        except SQLAlchemyError as error:
            raise self.database.unusable(error) from None
        return Recorded(kept.run, kept.fresh, trend, runs, tuple(remembered))

    def trend(self, policy: DriftPolicy | None = None, profiles: bool = False) -> TrendResult:
        """Judge all windows that were recorded as one run.

        Parameters
        ----------
        policy : DriftPolicy, optional
            Budget and windows of the run; default: that of the latest run.
        profiles : bool
            Whether to read the windows' profiles too, which add up to longer periods.

        Returns
        -------
        TrendResult
            The same as `drift_trend` makes of all batches at once.

        Raises
        ------
        DataError
            If nothing was recorded of the model.
        """
        from driftlib.history import reading

        with self.database.read() as connection:
            model = self._model(connection)
            known = reading.latest_baseline(connection, model.id)
            trend = known and reading.read_trend(connection, model, *known, policy, profiles)
        if not trend:
            raise DataError(f"the history has no run of model {self.model!r}: record one.")
        return trend

    def _model(self, connection: Any) -> Any:
        import sqlalchemy as sa

        from driftlib.history.schema import models

        row = connection.execute(sa.select(models).where(models.c.name == self.model)).one_or_none()
        if row is None:
            names = connection.execute(sa.select(models.c.name)).scalars().all()
            raise DataError(
                f"the history has no model {self.model!r} (it has: {quoted(names) or 'none'}): "
                "name one of them."
            )
        return row

    def runs(self) -> pd.DataFrame:
        """List the runs of the model.

        Returns
        -------
        pandas.DataFrame
            A row a run, in the order in which they were recorded.
        """
        return self._table("runs", ("model_id", "baseline_id"))

    def metrics(self) -> pd.DataFrame:
        """List the metrics of the model.

        Returns
        -------
        pandas.DataFrame
            A row a run, window and metric.
        """
        return self._table("metrics", ("model_id",))

    def former_metrics(self) -> pd.DataFrame:
        """List the values that metrics had before late labels came.

        Returns
        -------
        pandas.DataFrame
            Each with the `metric_id` of the row of `metrics` that replaced it.
        """
        known = self.metrics()["id"]
        table = self._table("former_metrics", ())
        return table[table["metric_id"].isin(known)].reset_index(drop=True)

    def alerts(self) -> pd.DataFrame:
        """List the alerts of the model, open ones and others.

        Returns
        -------
        pandas.DataFrame
            A row an alert, with its state, the latest and the worst.
        """
        return self._table("alerts", ("model_id",))

    def _table(self, name: str, without: Sequence[str]) -> pd.DataFrame:
        import sqlalchemy as sa

        from driftlib.history import schema

        table = schema.TABLES.tables[f"driftlib_{name}"]
        asked = sa.select(table).order_by(table.c.id)
        with self.database.read() as connection:
            if "model_id" in table.c:
                asked = asked.where(table.c.model_id == self._model(connection).id)
            rows = connection.execute(asked).mappings().all()
        frame = pd.DataFrame(rows, columns=[column.name for column in table.c])
        return frame.drop(columns=[column for column in without if column in frame])

    def record_advice(self, decision: Decision) -> pd.DataFrame:
        """Keep an advice as a forecast; score earlier ones by the labels that this one has.

        Parameters
        ----------
        decision : Decision
            Of `advise`.

        Returns
        -------
        pandas.DataFrame
            All advices of the model, as of `advices`.

        Raises
        ------
        DataError
            If nothing was recorded of the model before, or the database fails.
        """
        from sqlalchemy.exc import SQLAlchemyError

        from driftlib.history import advices
        from driftlib.history.pieces import now

        moment = now()
        try:
            with self.database.write() as connection:
                model = self._model(connection).id
                advices.score_advices(connection, model, decision, moment)
                advices.keep_advice(connection, model, decision, moment)
        except SQLAlchemyError as error:
            raise self.database.unusable(error) from None
        return self.advices()

    def advices(self) -> pd.DataFrame:
        """List what was advised of the model, and what became of it.

        Returns
        -------
        pandas.DataFrame
            A row an advice: the gain `expected` with `lower` and `upper`, and once later rows had
            labels (`scored`) the gain `realised`, what was `best` of keeping and the corrections,
            the `regret`, and the `verdict`: "borne out", "open" or "not borne out". What a new
            model would have said later is not kept: an advice to retrain is "reached" where the
            model in use is by then as good as was foretold, else judged by a model fitted anew
            in the same way, and "not replayed" where none could be.
        """
        return self._table("advices", ("model_id", "corrections"))

    def acknowledge(self, alert: int, until: str | None = None, word: str = "") -> None:
        """Silence an alert: nobody is told of it, and no check fails for it.

        Parameters
        ----------
        alert : int
            Its id.
        until : str, optional
            A date or time (UTC), until which it is silent whatever comes. Default: until it gets
            worse or is over.
        word : str
            Why, for others.

        Raises
        ------
        DriftlibError
            If there is no such alert, or `until` is no time.
        """
        from driftlib.history import memory, schema
        from driftlib.history.pieces import written_time

        silent = memory.UNTIL_WORSE
        if until is not None:
            try:
                moment = pd.Timestamp(until)
            except ValueError:
                raise ParameterError(f"until={until!r} is no date, such as 2024-03-31.") from None
            silent = written_time(moment.tz_localize("UTC") if moment.tz is None else moment)
        table = schema.alerts
        with self.database.write() as connection:
            own = (table.c.id == alert) & (table.c.model_id == self._model(connection).id)
            values = {"silent_until": silent, "word": word}
            done = connection.execute(table.update().where(own).values(**values))
        if not done.rowcount:
            raise ParameterError(f"model {self.model!r} has no alert {alert}: list them.")

    def prune(self, before: str) -> int:
        """Forget the runs and windows before a time, and what is known of them alone.

        Parameters
        ----------
        before : str
            A date or time: of windows, by the data's own clock.

        Returns
        -------
        int
            How many windows are gone.

        Raises
        ------
        DriftlibError
            If it is no time.
        """
        from driftlib.history import pruning

        with self.database.write() as connection:
            gone = pruning.forget(connection, self._model(connection), before)
        with self.database.engine.connect() as connection:
            pruning.shrink(connection)
        return gone
