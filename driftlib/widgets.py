"""Give charts controls: live in a notebook, and computed in advance where a report is made.

A panel is a chart as a function of a few choices. In a live notebook the choices are
ipywidgets and the chart follows them; in a report they are the page's own sliders, which
work offline over the same charts. What is drawn is computed elsewhere.
"""

from __future__ import annotations

import html
import itertools
import json
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from driftlib.arguments import known_keywords
from driftlib.drift.trend_result import TrendResult
from driftlib.errors import DataError, DriftlibError, MissingExtraError
from driftlib.html import page
from driftlib.performance.result import Performance
from driftlib.visualization.style import CONFIG

if TYPE_CHECKING:
    import ipywidgets
    import pandas as pd
    import plotly.graph_objects as go

    from driftlib.reporting.notebook import Dials

CACHED_CHARTS = 256
# Charts in a report's panel: each is some kilobytes of its page.
MOST_STEPS = 40
MOST_THRESHOLDS = 17
# Positions of the demonstration's dials in a report.
DRIFTS, FLIPS = (0.0, 0.25, 0.5, 1.0, 1.5), (0.0, 0.05, 0.1, 0.2, 0.3)
# What a new layout takes away by not having it.
EMPTY: dict[str, list[Any]] = {"annotations": [], "shapes": []}

Chart = Callable[..., "go.Figure"]
Choices = Mapping[str, Mapping[str, Hashable]]


def panel(
    charts: Sequence[Chart], choices: Choices, start: Sequence[int] = ()
) -> ipywidgets.VBox | Dials:
    """Show a chart that follows some choices.

    Parameters
    ----------
    charts : sequence of callable
        Each takes a value for every choice, in order, and returns a figure; a later one
        shows more, and is drawn when it is ready. A report has the last one only.
    choices : dict of dict
        By the name of each choice: its values by label.
    start : sequence of int
        Position of each choice at first; 0 by default.

    Returns
    -------
    ipywidgets.VBox or driftlib.reporting.notebook.Dials
        The latter in a report.

    Raises
    ------
    MissingExtraError
        If ipywidgets is not installed, and this is no report.
    """
    from driftlib.reporting import dials, in_report

    places = list(start) or [0] * len(choices)
    if not in_report():
        return _Live(charts, choices, places).box
    values = [list(options.values()) for options in choices.values()]
    figures = [charts[-1](*chosen) for chosen in itertools.product(*values)]
    return dials(figures, {name: list(options) for name, options in choices.items()}, places)


class _Live:
    """Hold controls and a figure; a thread makes one chart at a time, the latest choice first."""

    def __init__(self, charts: Sequence[Chart], choices: Choices, start: Sequence[int]) -> None:
        try:
            import ipywidgets
            import plotly.graph_objects as go

            self.figure = go.FigureWidget()
        except ImportError as error:
            raise MissingExtraError("ipywidgets", "notebooks", "A live panel") from error
        self.charts = [lru_cache(CACHED_CHARTS)(chart) for chart in charts]
        self.controls = [
            _control(name, options, position)
            for (name, options), position in zip(choices.items(), start, strict=True)
        ]
        self.title, self.caption = ipywidgets.HTML(), ipywidgets.HTML()
        self.lock, self.asked, self.busy = threading.Lock(), 0, False
        self.figure._config = self.figure._config | CONFIG
        self._draw(self.charts[-1](*self.chosen))
        for control in self.controls:
            control.observe(self._on_choice, "value")
        row = ipywidgets.Layout(display="flex", flex_flow="row wrap")
        self.box = ipywidgets.VBox(
            [ipywidgets.Box(self.controls, layout=row), self.title, self.figure, self.caption]
        )

    @property
    def chosen(self) -> tuple[Any, ...]:
        """Value of every choice."""
        return tuple(control.value for control in self.controls)

    def _on_choice(self, _: Any) -> None:
        """Start a thread that draws, unless one is at it already."""
        with self.lock:
            self.asked += 1
            if self.busy:
                return
            self.busy = True
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        """Draw until nothing newer was asked for."""
        done = -1
        while True:
            with self.lock:
                if self.asked == done:
                    self.busy = False
                    return
                done = self.asked
            try:
                for chart in self.charts:
                    made = chart(*self.chosen)
                    if self.asked != done:
                        break
                    self._draw(made)
            except DriftlibError as error:
                self._say(str(error))

    def _draw(self, made: go.Figure) -> None:
        """Show a chart in place of the one that is shown."""
        # As JSON has it, because a browser does not take NaN.
        new = json.loads(made.to_json())
        traces, layout = new["data"], new["layout"]
        # The picture's own title does not wrap.
        title = html.escape(page.strip_tags(layout["title"].pop("text", "")))
        self.title.value = f"<p><strong>{title}</strong></p>"
        layout["title"]["text"] = ""
        shown = self.figure.data
        alike = [trace.type for trace in shown] == [trace["type"] for trace in traces]
        if alike:
            with self.figure.batch_update():
                for trace, content in zip(shown, traces, strict=True):
                    trace.update(content, overwrite=True)
                self.figure.layout.update(EMPTY | layout, overwrite=True)
        else:
            # The old ones go last, so that the figure is never empty.
            self.figure.add_traces(traces)
            self.figure.layout = layout
            self.figure.data = self.figure.data[len(shown) :]
        self._say((made.layout.meta or {}).get("caption", ""))

    def _say(self, text: str) -> None:
        self.caption.value = f"<p>{html.escape(text)}</p>"


def _control(
    name: str, options: Mapping[str, Hashable], position: int
) -> ipywidgets.Dropdown | ipywidgets.SelectionSlider:
    """Make a list to choose from where the options are names, else a slider over them."""
    import ipywidgets

    kind = ipywidgets.Dropdown if _are_names(options) else ipywidgets.SelectionSlider
    return kind(
        options=list(options.items()),
        index=position,
        description=name,
        style={"description_width": "initial"},
        layout=ipywidgets.Layout(width="22em", margin="0 2em 0 0"),
    )


def _are_names(options: Mapping[str, Hashable]) -> bool:
    return all(isinstance(value, str) for value in options.values())


@known_keywords()
def threshold_explorer(
    frame: pd.DataFrame,
    perf: Performance,
    *,
    window: int | str | None = None,
    step: int | None = None,
    on: str | None = None,
    by: str | Iterable[str] | None = None,
    timestamp: str | None = None,
    time_format: str | None = None,
    y_true: str = "y_true",
    y_pred: str = "y_pred",
    y_proba: str = "y_proba",
    positive: Any = None,
) -> ipywidgets.VBox | Dials:
    """Move the decision threshold: precision and recall by window, and where they are too low.

    Parameters
    ----------
    frame : pandas.DataFrame
        Labels, predictions and probabilities of two classes.
    perf : Performance
        Of the same frame as it was decided; its thresholds are what is tolerated.
    window, step, on, by, timestamp, time_format
        How to cut the frame: see `driftlib.track_performance`.
    y_true, y_pred, y_proba : str
        Names of the columns.
    positive : label, optional
        Taken as for `driftlib.track_performance`, and not used: `perf` has it.

    Returns
    -------
    ipywidgets.VBox or driftlib.reporting.notebook.Dials
        A chart with a slider; see `panel`.

    Raises
    ------
    DriftlibError
        If the task is not binary, or there is no column of probabilities.
    """
    from driftlib.performance.decision_threshold import own_threshold, performance_at
    from driftlib.visualization import metric_trend

    own = own_threshold(frame, perf, y_pred, y_proba)
    low, high = frame[y_proba].quantile([0.02, 0.98]).tolist()
    steps = np.unique(np.round(np.append(np.linspace(low, high, MOST_THRESHOLDS), own), 3))
    known = perf.table.groupby("metric")["threshold"].first().dropna()
    limits = {name: known[name] for name in ("precision", "recall") if name in known}

    def chart(threshold: float) -> go.Figure:
        moved = performance_at(
            threshold, frame, perf, thresholds=limits, window=window, step=step, on=on, by=by,
            timestamp=timestamp, time_format=time_format, y_true=y_true, y_pred=y_pred,
            y_proba=y_proba,
        )  # fmt: skip
        # What noise explains is told where the decision was made, against the reference's own.
        told = moved.table.assign(degraded=False, alarm=False)
        return metric_trend(replace(moved, table=told))

    choices = {"decision threshold": {f"{step:.3g}": float(step) for step in steps}}
    return panel([chart], choices, [int(np.abs(steps - own).argmin())])


def drift_explorer(trend: TrendResult) -> ipywidgets.VBox | Dials:
    """Choose a feature and a window: its values beside the reference's.

    Parameters
    ----------
    trend : TrendResult
        In a report the most drifted features and the latest windows can be chosen.

    Returns
    -------
    ipywidgets.VBox or driftlib.reporting.notebook.Dials
        A chart with its choices; see `panel`.

    Raises
    ------
    DataError
        If no column can be compared.
    """
    from driftlib.reporting import in_report
    from driftlib.text import shortened
    from driftlib.visualization import feature_distribution
    from driftlib.visualization.levels import change_table, most_drifted

    table, windows = change_table(trend)
    names, numbers = most_drifted(table), list(windows.labels)
    if not names:
        raise DataError("No column can be compared: there is nothing to look at.")
    if in_report():
        numbers = numbers[-12:]
        names = names[: MOST_STEPS // (len(numbers) + 1)]
    labels = [shortened(name) for name in names]
    features: dict[str, Hashable] = {
        label if labels.count(label) == 1 else name: name
        for label, name in zip(labels, names, strict=True)
    }
    if len(numbers) < 2:
        return panel([lambda name: feature_distribution(trend, name)], {"feature": features})
    when: dict[str, Hashable] = {"all": None}
    when |= {windows.labels[number]: number for number in numbers}
    return panel(
        [lambda name, number: feature_distribution(trend, name, number)],
        {"feature": features, windows.unit: when},
    )


def what_if_explorer(
    feature_drift: float = 0.5, label_flips: float = 0.1, rows: int = 5_000, seed: int = 0
) -> ipywidgets.VBox | Dials:
    """Put synthetic data under two dials: what changed the loss, accuracy, and drift.

    Live, the drift and the accuracy follow at once, and the cause when it is worked out.

    Parameters
    ----------
    feature_drift, label_flips : float
        Where the dials stand at first.
    rows, seed : int
        See `driftlib.data.synthetic.simulate`; in a live panel they can be changed as well.

    Returns
    -------
    ipywidgets.VBox or driftlib.reporting.notebook.Dials
        A chart with its dials; see `panel`.
    """
    from driftlib.demo.chart import what_if_panel
    from driftlib.demo.what_if import what_if
    from driftlib.reporting import in_report

    fixed = in_report()
    drifts = DRIFTS if fixed else tuple(np.arange(0, 2.01, 0.1).round(1))
    flips = FLIPS if fixed else tuple(np.arange(0, 0.51, 0.02).round(2))
    choices: dict[str, dict[str, Hashable]] = {
        "feature drift": {f"{drift:g} sd": float(drift) for drift in drifts},
        "label flips": {f"{100 * share:g} %": float(share) for share in flips},
    }
    start = [
        int(np.abs(np.subtract(drifts, feature_drift)).argmin()),
        int(np.abs(np.subtract(flips, label_flips)).argmin()),
    ]
    if fixed:
        return panel(
            [lambda drift, share: what_if_panel(what_if(drift, share, rows, seed))], choices, start
        )
    sizes = sorted({1_000, 2_000, 5_000, 10_000, 20_000, rows})
    seeds = sorted({*range(10), seed})
    choices |= {
        "rows": {f"{size:,}": size for size in sizes},
        "seed": {str(number): number for number in seeds},
    }
    stages = [
        lambda *chosen: what_if_panel(what_if(*chosen, whole=False)),
        lambda *chosen: what_if_panel(what_if(*chosen)),
    ]
    return panel(stages, choices, [*start, sizes.index(rows), seeds.index(seed)])
