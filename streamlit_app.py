"""Show Model Drift Monitor as a page: streamlit run streamlit_app.py."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, TypeVarTuple

import pandas as pd
import streamlit as st

import driftlib as dl
from driftlib import visualization as charts
from driftlib.alerts import OVER, Alert, deliver, receiver_names
from driftlib.cli.options import RECEIVERS
from driftlib.data.frames import notes_of
from driftlib.data.opening import read_frame
from driftlib.data.schema import ColumnRoles
from driftlib.data.season import read_season
from driftlib.data.times import check_time_format, time_columns
from driftlib.data.unit_choice import holds_moments
from driftlib.data.uploads import LIMITS, MOST_MEGABYTES, is_parquet, read_upload
from driftlib.data.windows import fitting_window
from driftlib.files import safe_csv
from driftlib.html.page import strip_tags
from driftlib.performance.metrics import METRICS
from driftlib.performance.training_rows import read_holdout
from driftlib.reporting.app import (
    Cause,
    Columns,
    Findings,
    advise_on,
    audit_on,
    compare_periods,
    explain_change,
    sum_up,
)
from driftlib.reporting.drift_tables import drift_table, groups_table, quality_table
from driftlib.reporting.evaluation import Evaluation, evaluate_predictions
from driftlib.reporting.given import group_columns
from driftlib.reporting.hosts import check_host
from driftlib.reporting.key_numbers import KeyNumber, pick_key_numbers
from driftlib.reporting.page_words import page_words
from driftlib.reporting.single_page import render_evaluation, render_findings
from driftlib.reporting.tables import (
    METRIC_MARKS,
    actions_table,
    audited_estimates_table,
    false_alarms_table,
    metrics_table,
    smallest_faults_table,
)
from driftlib.reporting.verdicts import (
    advice_reasons,
    audit_verdict,
    drift_verdict,
    quality_words,
    unit_and_season,
)
from driftlib.severity import Severity
from driftlib.visualization.narrow import narrowed
from driftlib.visualization.style import CONFIG

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.runtime.uploaded_file_manager import UploadedFile

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")

HERE = Path(__file__).parent
SAMPLE = HERE / "data" / "predictions_sample.csv"
SIMULATE, OWN, FLIGHTS = "Simulate", "Your two files", "Flights"
TABS = (OWN, "Overview", "Drift", "Performance", "Why", "Predictions only")
SIDES = ("reference", "current")
SOURCES = {OWN: "reference and current", SIMULATE: "turn two dials", FLIGHTS: "New York, 2013"}
ROWS = (500, 1000, 2000, 5000, 10_000, 20_000)
WINDOWS = {"Automatic": None, "Day": "1D", "Week": "7D", "Month": "MS", "Quarter": "QS"}
# Simulated data hold four weeks.
SIMULATED_WINDOW = "7D"
# They tell the months of the flights apart by themselves.
SEASON = ["temp", "humid", "pressure"]
COLUMNS = Columns(ColumnRoles(timestamp="timestamp"))
METHODS = {"CBPE": "inputs as before", "PAPE": "allows for changed inputs, slower"}
TASKS = {
    "auto": "What the columns look like",
    "binary": "One of two classes",
    "multiclass": "One of several classes",
    "regression": "A number",
}
HOLDOUT = {"": "Not known", "no": "Yes", "yes": "No, it has not seen them"}
NO_LABELS = (
    "There is no performance without labels and predictions: the tab Performance says what is "
    "missing, and what can be known all the same."
)
MOST_WINDOWS = 500
# Letters of a name that the first column of a table has room for by itself.
LONG = 30
# Charts have the page's own text colour. A table's own download would hand out formulas; the
# buttons below the tables do not.
STYLE = """<style>
.stElementContainer button[aria-label="Download as CSV"] { display: none; }
.stMultiSelect [data-tag], .stMultiSelect [data-tag] *,
[data-testid^="stBaseButton-primary"] * { color: light-dark(#fff, #0e1117) !important; }
[data-testid="stCaptionContainer"] { color: inherit !important; opacity: 0.8; }
.stPlotlyChart .main-svg [style*="fill: rgb(113, 118, 126)"] { fill: currentColor !important; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 3.5rem; }
}
</style>"""
# In the window of a desk that is as narrow as a phone, charts scroll rather than shrink.
SCROLL = """<style>
@media (max-width: 640px) {
  .stElementContainer:has(> div .stPlotlyChart) { overflow-x: auto; }
  .stElementContainer:has(> div .stPlotlyChart) > div { min-width: 36rem; }
}
</style>"""


# What the columns are called in the data, as the sidebar and the form ask for them.
ASKED = {
    "y_true": "What happened",
    "y_pred": "What the model said",
    "y_proba": "How likely it thought it",
}


@dataclass(frozen=True)
class Rules:
    """Say what counts as drift, and how much worse a metric may be."""

    alpha: float
    psi: float
    tolerance: float


@dataclass(frozen=True)
class Data:
    """Hold two periods; `key` tells one pair from another without reading the frames."""

    source: str
    key: tuple[Any, ...]
    reference: pd.DataFrame
    current: pd.DataFrame
    columns: Columns
    window: str | None


def main() -> None:
    """Fill the page from the top; what takes longer comes last."""
    st.set_page_config(page_title="Model Drift Monitor", page_icon="📉", layout="wide")
    st.html(STYLE if on_phone() else STYLE + SCROLL)
    st.title("Model Drift Monitor")
    try:
        check_host(st.context.headers.get("Host"), st.get_option("browser.serverAddress"))
    except dl.DriftlibError as error:
        st.error(plain(page_words(error)))
        return
    st.caption("Has the model degraded, is it the data or the concept, and how sure are we?")
    source, simulated = ask_source()
    window, rules = ask_rules()
    notices = st.container()
    files, overview, drift, performance, why, upload = st.tabs(
        TABS, default=TABS[0 if source == OWN else 1], key="tab", bind="query-params",
    )  # fmt: skip
    with files:
        own = guarded(files_tab, source, window)
    with notices:
        data = own if source == OWN else guarded(load, source, simulated, window)
        found = guarded(found_in, data.key, rules, data) if data else None
    if data is None or found is None:
        for tab in (overview, drift, performance, why):
            tab.info(f"Choose two files under “{TABS[0]}” to fill this tab.")
        with upload:
            guarded(upload_tab)
        return
    # What takes longer comes last, so that all else is there already.
    with overview:
        verdict = st.container(border=True)
        guarded(overview_tab, found)
        report = st.container()
    with drift:
        guarded(drift_tab, found)
        guarded(groups_part, data, found, rules, say=st.info)
        audited = st.container()
    with performance:
        guarded(performance_tab, found)
        estimated = st.container()
    with upload:
        guarded(upload_tab)
    with verdict, st.spinner("Telling data drift from concept drift ..."), why:
        cause = guarded(why_tab, data, found, say=st.info)
    with verdict:
        say_verdict(found, cause)
    with report:
        download(
            "Download report (HTML)", lambda: render_findings(found, cause), "model_drift.html"
        )
    with estimated:
        guarded(estimate_part, data, found, say=st.info)
    with audited:
        guarded(audit_part, data, rules, say=st.info)


def guarded(
    run: Callable[[*Arguments], R], *arguments: *Arguments, say: Callable[[str], object] = st.error
) -> R | None:
    """Call a function; where that fails show a sentence, and return None."""
    try:
        return run(*arguments)
    except dl.DriftlibError as error:
        say(plain(page_words(error)))
    except Exception:
        logging.getLogger(__name__).exception("a part of the page failed")
        st.error(
            "These data met a fault of this page, which is written to the server's log: the rest "
            "of the page is not affected."
        )
    return None


def on_phone() -> bool:
    """Tell whether the reader's browser says that it is a phone's: charts are laid out for it."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def plain(text: str) -> str:
    """Escape text from the data, on one line, that Markdown must not read as its own."""
    line = " ".join(text.split())
    # Addresses become links whether escaped or not, unless something stands in them.
    line = re.sub(r"(?i)(:(?=//)|www(?=\.)|(?=@))", "\\1\u2060", line)
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>~$:&@" else c for c in line)


# The address bar holds the tab and each setting under its key, to share as a link.


def ask_source() -> tuple[str, tuple[int, float, float, int] | None]:
    """Ask what to look at; of simulated data, how they are made."""
    side = st.sidebar
    side.header("Data")
    source = side.radio(
        "What to look at", list(SOURCES), list(SOURCES).index(SIMULATE),
        captions=list(SOURCES.values()), key="data", bind="query-params",
    )  # fmt: skip
    return source, ask_simulation() if source == SIMULATE else None


def ask_simulation() -> tuple[int, float, float, int]:
    """Ask for rows, drift, flips and seed of simulated data."""
    flips = dial(
        "Label flips", 0.0, 0.5, 0.1, 0.01, "flips",
        "Share of labels turned over: the same customers now decide differently.",
    )  # fmt: skip
    drift = dial(
        "Feature drift", 0.0, 3.0, 0.5, 0.05, "drift",
        "Shift of four of the eight features, in standard deviations.",
    )  # fmt: skip
    rows = st.sidebar.select_slider(
        "Rows", ROWS, 5000, key="rows", bind="query-params", persist_state="session"
    )
    seed = st.sidebar.number_input(
        "Seed", 0, 9999, 0, key="seed", bind="query-params", persist_state="session"
    )
    return rows, drift, flips, seed


def files_tab(source: str, window: str | None) -> Data | None:
    """Ask for two files and for what their columns are; None where one is still to be chosen."""
    st.markdown(
        "**Reference**: rows of a time when the model did well. **Current**: the rows to check. "
        "One row is one prediction; labels may be absent from the current file."
    )
    files = [
        place.file_uploader(
            f"{name.capitalize()} data", ["csv", "gz", "parquet"], key=name,
            max_upload_size=MOST_MEGABYTES, on_change=show_own,
        )
        for name, place in zip(SIDES, st.columns(2), strict=True)
    ]  # fmt: skip
    st.caption(LIMITS)
    # Every file is seen to, so that the frame of one that was taken away goes with it.
    before, now = frames_of(*files)
    if source != OWN:
        st.info("The other tabs show other data until a file is chosen here.")
    if before is None or now is None:
        return None
    with st.form("columns"):
        columns = ask_columns(before, now)
        st.form_submit_button("Compare", type="primary")
    st.caption("The other tabs show what was found.")
    key = (*(file.file_id for file in files if file is not None), columns, window)
    return Data(OWN, key, before, now, columns, window)


def show_own() -> None:
    """Show the reader's own data once there is a file of them."""
    if any(st.session_state.get(name) is not None for name in SIDES):
        st.session_state["data"] = OWN


def ask_columns(before: pd.DataFrame, now: pd.DataFrame) -> Columns:
    """Ask what the columns of two files are: any name will do, of the files' or typed."""
    names = list(dict.fromkeys(str(name) for frame in (before, now) for name in frame.columns))
    st.markdown("**What the columns are** (empty: there is none)")
    first, second, third = st.columns(3), st.columns(3), st.columns(3)
    y_true = pick(first[0], ASKED["y_true"], names, "column_y_true", usual="y_true")
    y_pred = pick(first[1], ASKED["y_pred"], names, "column_y_pred", usual="y_pred")
    y_proba = pick(
        first[2], ASKED["y_proba"], [*prefixes(names), *names], "column_y_proba", "y_proba",
        "The column of the positive class, or what the names of several begin with: score for "
        "score_cat and score_dog.",
    )  # fmt: skip
    times = [str(name) for name in before.columns if holds_moments(before[name])]
    only = times[0] if len(times) == 1 else ""
    timestamp = pick(second[0], "Time", names, "column_timestamp", usual=only)
    with second[1]:
        written = ask_time_format("written")
    positive = second[2].text_input(
        "Positive class (empty: the larger of two)", key="positive", bind="query-params",
        persist_state="session",
    )  # fmt: skip
    unit = pick(
        third[0], "Rows that belong together (empty: those of a day)", [*names, "row"], "unit",
        words="A column such as that of the customer, a length of time such as 7D, or row where "
        "rows have nothing in common.",
    )  # fmt: skip
    season = several(
        third[1], "Like is compared with like by", ["hour", "weekday", "month", *names], "season",
        "Hour, weekday or month of the time, or columns such as that of the shop.",
    )  # fmt: skip
    codes = several(third[2], "Numbers that are codes", names, "categorical")
    task, threshold = ask_task("task", "threshold", bind="query-params")
    holdout = st.selectbox(
        "Was the model trained on the reference's rows?", list(HOLDOUT),
        format_func=HOLDOUT.__getitem__, key="holdout", bind="query-params",
        persist_state="session",
        help="What the model was trained on it predicts better than other rows: estimates from "
        "them are too good.",
    )  # fmt: skip
    exclude = several(st, "Columns to leave out", names, "exclude", "Such as an id.")
    with st.expander("Labels that come late"):
        label_time = pick(
            st, "When what happened became known (empty: at once)", names, "label_time"
        )
        matures = st.text_input(
            "How long that takes (empty: told by that column)", key="matures",
            help="Such as 180D. Windows that are younger are not judged.",
        ).strip()  # fmt: skip
    roles = ColumnRoles(
        y_true or "y_true", y_pred or "y_pred", y_proba or "y_proba", timestamp, written, unit,
        read_season(season),
    )  # fmt: skip
    return Columns(
        roles, exclude, codes, positive.strip() or None, label_time, matures or None, task,
        threshold, read_holdout(holdout),
    )  # fmt: skip


def ask_task(
    task: str, threshold: str, bind: Literal["query-params"] | None
) -> tuple[str, float | None]:
    """Ask what is predicted, and from which probability on."""
    left, right = st.columns(2)
    chosen = left.selectbox(
        "What is predicted", list(TASKS), format_func=TASKS.__getitem__, key=task, bind=bind,
        persist_state="session",
    )  # fmt: skip
    least = right.number_input(
        "Probability from which on it is the positive class (empty: as predicted)", 0.0, 1.0, None,
        0.01, key=threshold, bind=bind, persist_state="session",
        help="Of two classes. Without a column of predictions they are made of it.",
    )  # fmt: skip
    return chosen, least


def pick(
    place: Any, label: str, names: list[str], key: str, usual: str = "", words: str | None = None,
    bind: Literal["query-params"] | None = "query-params",
) -> str | None:  # fmt: skip
    """Ask for a column: one of the files', or a name that is typed; None for none."""
    at = names.index(usual) if usual in names else None
    chosen = place.selectbox(
        label, names, at, key=key, help=words, accept_new_options=True, bind=bind,
        persist_state="session", placeholder="Choose a column or type its name",
    )  # fmt: skip
    return (chosen or "").strip() or None


def several(
    place: Any, label: str, names: list[str], key: str, words: str | None = None
) -> tuple[str, ...]:
    """Ask for any number of columns."""
    chosen = place.multiselect(
        label, names, key=key, help=words, accept_new_options=True, bind="query-params",
        persist_state="session", placeholder="Choose columns",
    )  # fmt: skip
    return tuple(name.strip() for name in chosen if name.strip())


def prefixes(names: list[str]) -> list[str]:
    """List what the names of several columns begin with, up to a last underline."""
    begun = [name.rpartition("_")[0] for name in names]
    return [text for text in dict.fromkeys(begun) if text and begun.count(text) > 1]


def ask_time_format(key: str) -> str | None:
    """Ask how times are written, and say so where the answer is none."""
    written = st.text_input(
        "How times are written (empty: as 2013-03-31)", key=key, bind="query-params",
        persist_state="session",
        help="s or ms for numbers since 1970, excel for Excel's day numbers, dayfirst for "
        "31/12/2013, or a pattern such as %Y%m%d",
    ).strip()  # fmt: skip
    try:
        return check_time_format(written)
    except dl.DriftlibError as error:
        st.error(plain(page_words(error)))
        return None


def ask_rules() -> tuple[str | None, Rules]:
    """Ask for the window, what counts as drift, and how much worse a metric may be."""
    st.sidebar.header("Rules")
    window = st.sidebar.selectbox(
        "Window", list(WINDOWS), key="window", bind="query-params",
        help="Without a column with the time all rows are one window.",
    )  # fmt: skip
    alpha = dial(
        "False-alarm rate", 0.001, 0.2, 0.05, 0.001, "alpha",
        "Share of checks without drift in which some feature alarms.", "%.3f",
    )  # fmt: skip
    psi = dial(
        "PSI that matters", 0.0, 0.5, 0.1, 0.01, "psi",
        "A real change is at least moderate from this PSI beyond chance on.",
    )  # fmt: skip
    tolerance = dial(
        "Tolerated loss", 0.0, 0.2, 0.02, 0.005, "tolerance",
        "How far accuracy, ROC AUC or R² may fall below the reference.", "%.3f",
    )  # fmt: skip
    return WINDOWS[window], Rules(alpha, psi, tolerance)


def dial(
    label: str, least: float, most: float, start: float, step: float, key: str, words: str,
    form: str = "%.2f",
) -> float:  # fmt: skip
    """Slider in the sidebar whose place stays while it is not shown."""
    return st.sidebar.slider(
        label, least, most, start, step, form, key, words, bind="query-params",
        persist_state="session",
    )  # fmt: skip


# Frames are never cached: results are, which hold no rows, and each session has its own.


def load(source: str, simulated: tuple[int, float, float, int] | None, window: str | None) -> Data:
    """Load the two periods of simulated data or of the flights."""
    if simulated is not None:
        data = dl.simulate(*simulated)
        window = window or SIMULATED_WINDOW
        key = (*simulated, window)
        return Data(source, key, data.reference, data.current, COLUMNS, window)
    before, now = (flights(name) for name in SIDES)
    return Data(source, (source, window), before, now, COLUMNS, window)


def frames_of(
    reference: UploadedFile | None, current: UploadedFile | None
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Read the two periods: Parquet has types, which rule a CSV file; else the reference's do."""
    plain, typed = (
        file is not None and is_parquet(file.getvalue()) is kind
        for file, kind in ((reference, False), (current, True))
    )
    if plain and typed:
        now = frame_of(current, "current")
        return frame_of(reference, "reference", current, now), now
    before = frame_of(reference, "reference")
    return before, frame_of(current, "current", reference, before)


def frame_of(
    file: UploadedFile | None,
    role: str,
    other: UploadedFile | None = None,
    known: pd.DataFrame | None = None,
) -> pd.DataFrame | None:
    """Read an uploaded file; a session holds one of each role and drops it with the file.

    `known` is what was read of the other period's file: a CSV file is read as that has it.
    """
    slot = f"frame of {role}"
    if file is None:
        st.session_state.pop(slot, None)
        return None
    key = (file.file_id, other.file_id if other else None)
    if st.session_state.get(slot, (None,))[0] != key:
        st.session_state.pop(slot, None)
        with st.spinner(f"Reading the {role} file ..."):
            try:
                read: pd.DataFrame | dl.DriftlibError = read_upload(file.getvalue(), role, known)
            except dl.DriftlibError as error:
                read = error
        st.session_state[slot] = (key, read)
    kept: pd.DataFrame | dl.DriftlibError = st.session_state[slot][1]
    if isinstance(kept, dl.DriftlibError):
        raise kept
    for note in notes_of(kept):
        st.caption(plain(f"{note[:1].upper()}{note[1:]}."))
    return kept


@st.cache_resource(show_spinner="Reading the flights ...")
def flights(side: str) -> pd.DataFrame:
    """Read the flights of one period, once for all sessions."""
    return read_frame(HERE / "data" / f"{side}.parquet", side)


@st.cache_resource(scope="session", max_entries=4, show_spinner="Comparing the two periods ...")
def found_in(key: tuple[Any, ...], rules: Rules, _data: Data) -> Findings:
    """Find drift, performance and alerts; kept by the key of the data and the rules."""
    asked = _data.columns, policy_of(rules), rules.tolerance, _data.window
    return compare_periods(_data.reference, _data.current, *asked)


def policy_of(rules: Rules) -> dl.DriftPolicy:
    """Make the policy of drift that the rules in the sidebar say."""
    return dl.DriftPolicy(rules.alpha, psi_moderate=rules.psi, psi_major=max(rules.psi, 0.25))


@st.cache_resource(scope="session", max_entries=4, show_spinner="Comparing group by group ...")
def groups_in(key: tuple[Any, ...], column: str, rules: Rules, _data: Data) -> dl.DriftResult:
    """Compare the groups of a column; kept by the key of the data, the column and the rules."""
    return dl.detect_drift(
        _data.reference,
        _data.current,
        by=column,
        policy=policy_of(rules),
        **_data.columns.kinds,
        **_data.columns.drawn,
        **_data.columns.roles.keywords,
    )


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Telling data drift from concept drift ..."
)
def cause_of(key: tuple[Any, ...], features: tuple[str, ...], _data: Data) -> Cause:
    """Diagnose the change of the loss; kept by the key of the data and the features."""
    return explain_change(_data.reference, _data.current, _data.columns, features)


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Trying what helps on the newer rows ..."
)
def advice_of(key: tuple[Any, ...], features: tuple[str, ...], _data: Data) -> dl.Decision:
    """Try what could be done about the model; kept by the key of the data and the features."""
    return advise_on(_data.reference, _data.current, _data.columns, features)


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Estimating performance without labels ..."
)
def estimate_of(key: tuple[Any, ...], method: str, _data: Data) -> dl.Estimate:
    """Estimate performance without labels; kept by the key of the data and the method."""
    columns = _data.columns
    return dl.estimate_performance(
        _data.reference,
        _data.current,
        method=method,
        timestamp=columns.roles.timestamp,
        **columns.cut(_data.current, _data.window),
        **columns.kinds,
        **columns.drawn,
        **columns.names,
        **columns.measured,
        holdout=columns.holdout,
    )


@st.cache_resource(scope="session", max_entries=4, show_spinner="Evaluating ...")
def evaluated(
    key: str,
    columns: Columns,
    window: int | str,
    on: str | None,
    least: float,
    _frame: pd.DataFrame,
) -> Evaluation:
    """Evaluate a file of predictions; kept by the key of the file and the other arguments."""
    return evaluate_predictions(_frame, columns, window, on, least)


def chart(figure: go.Figure, key: str) -> None:
    """Show a chart, its title and caption as text that wraps, its words for the blind in `alt`."""
    meta = figure.layout.meta or {}
    config = CONFIG
    if on_phone():
        # Its buttons, which a touch cannot make go away, would cover the legend.
        figure, config = narrowed(figure), CONFIG | {"displayModeBar": False}
    st.markdown(f"#### {plain(strip_tags(figure.layout.title.text or ''))}")
    bare = type(figure)(figure)
    # Room for a legend of one line; one of more makes its own.
    top = 48 if any(trace.name and trace.showlegend is not False for trace in figure.data) else 16
    spare = (figure.layout.margin.t or figure.layout.template.layout.margin.t or 80) - top
    bare.update_layout(
        title_text="", margin_t=top, height=max(200, (figure.layout.height or 450) - spare)
    )
    st.plotly_chart(
        bare, width="stretch", theme=None, config=config, key=f"chart-{key}", alt=meta.get("alt")
    )
    if meta.get("caption"):
        st.caption(plain(meta["caption"]))


def download(
    label: str, data: str | bytes | Callable[[], str | bytes], name: str, key: str = ""
) -> None:
    """Show a button for a file; what takes long to make is made when the button is pressed."""
    kind = {"csv": "text/csv", "json": "application/json", "html": "text/html"}[name.split(".")[1]]
    st.download_button(label, data, name, kind, key=f"{key} {name}", on_click="ignore")


def show_table(table: pd.DataFrame) -> None:
    """Show a table, a short one without a scroll bar of its own."""
    height = "content" if len(table) <= 20 else "auto"
    long = table.iloc[:, 0].astype(str).str.len().gt(LONG).any()
    width: Literal["large"] | None = "large" if long else None
    first = {table.columns[0]: st.column_config.Column(pinned=True, width=width)}
    st.dataframe(table, height=height, hide_index=True, placeholder="—", column_config=first)


def show_numbers(numbers: list[KeyNumber], suffix: str = "") -> None:
    """Show key numbers with their intervals and the change against the reference."""
    for number in numbers:
        change = None if number.reference is None else number.value - number.reference
        known = change is not None
        span = f"{number.lower:.3f} to {number.upper:.3f}"
        st.metric(
            f"{number.title}{suffix}",
            f"{number.value:.3f}",
            span if change is None else f"{change:+.3f}",
            delta_color=("normal" if number.higher_is_better else "inverse") if known else "off",
            delta_arrow="auto" if known else "off",
            help=f"95 % interval: {span}." if known else "With its 95 % interval.",
            width=150,
        )


def show_alerts(alerts: tuple[Alert, ...]) -> None:
    """Show alerts, the worst first."""
    for alert in alerts:
        mark = Severity(alert.severity).mark
        st.markdown(f"{mark} **{alert.severity}** · {plain(alert.message)}")


def say_verdict(found: Findings, cause: Cause | None) -> None:
    """Say what was found in a few sentences, the state of the model first, and what to do."""
    status = sum_up(found, cause)
    st.markdown(f"### {status.mark} {plain(status.finding)}")
    lines = [drift_verdict(found.drift, found.trend)]
    lines.append(found.performance.headline if found.performance else NO_LABELS)
    if cause is not None:
        lines.insert(0, cause.headline)
    for line in lines:
        st.markdown(plain(line))
    st.markdown("**What to do**")
    for advice in status.advice:
        st.markdown(f"- {plain(advice.words)}", help=plain(advice.why))


def overview_tab(found: Findings) -> None:
    """Show what drifted and how good the model is, in numbers, and the alerts."""
    drift = found.drift
    with st.container(horizontal=True):
        features = f"{len(found.drifted)} of {len(drift.baseline.features)}"
        st.metric("Features drifted", features, width=150)
        still = sum(alert.state != OVER for alert in found.alerts)
        st.metric("Open alerts", still, width=150)
        if found.whole is not None:
            show_numbers(pick_key_numbers(found.whole), ", current")
    st.caption(
        f"{drift.current.rows:,} current rows against {drift.baseline.rows:,} reference rows; "
        f"arrows: change since the reference. {plain(drift.season)}"
    )
    st.subheader("Alerts")
    show_alerts(found.alerts)
    if not found.alerts:
        st.markdown(plain(found.without_alerts))
    alerts = [asdict(alert) for alert in found.alerts]
    with st.container(horizontal=True):
        download("Download alerts (JSON)", json.dumps(alerts, indent=1), "alerts.json")
        send_part(found.alerts)


def send_part(alerts: tuple[Alert, ...]) -> None:
    """Offer to send alerts, where there are some and whoever started the page named receivers."""
    receivers = os.environ.get(RECEIVERS, "").split()
    if not alerts or not receivers:
        return
    names = ", ".join(receiver_names(receivers))
    if st.button("Send alerts", help=plain(f"To {names}.")):
        failures = deliver(alerts, receivers)
        for failure in failures:
            st.error(plain(failure))
        if not failures:
            st.success(plain(f"Sent to {names}."))


def drift_tab(found: Findings) -> None:
    """Show drift by feature and window, any feature's distribution, and the whole table."""
    chart(charts.drift_heatmap(found.trend), "heatmap")
    chart(charts.psi_trend(found.trend), "psi")
    if found.comparable:
        feature = st.selectbox(
            "Feature", found.comparable, key="feature", bind="query-params",
            persist_state="session",
        )  # fmt: skip
        chart(charts.feature_distribution(found.drift, feature), "distribution")
    st.markdown("#### Are the data sound?")
    if any(finding.severity != Severity.NONE for finding in found.drift.quality):
        show_table(quality_table(found.drift))
    st.markdown(plain(quality_words(found.drift) or "Nothing unsound was found."))
    st.markdown("#### Every column, all of current against the reference")
    show_table(drift_table(found.drift))
    st.caption(
        "q: p-value that allows for the number of columns. Drift is a q below the false-alarm "
        "rate and a change that is at least moderate."
    )
    table = found.drift.table
    download("Download drift table (CSV)", safe_csv(table), "drift_summary.csv")


def groups_part(data: Data, found: Findings, rules: Rules) -> None:
    """Show which groups of a column drifted, and in what; nothing where no column has groups."""
    names = group_columns(data.current, found.drift.baseline.features)
    if not names:
        return
    st.markdown("#### Group by group")
    column = st.selectbox(
        "Column with groups", names, index=None, key="group", bind="query-params",
        persist_state="session", placeholder="Choose a column to compare its groups",
    )  # fmt: skip
    if column:
        groups = groups_in(data.key, column, rules, data)
        chart(charts.drift_heatmap(groups), "groups")
        show_table(groups_table(groups))
        st.caption("Each group is compared with the reference's own rows of it; q allows for all.")


def audit_part(data: Data, rules: Rules) -> None:
    """Show, once it is asked for, what a check would see, and how often it would err."""
    st.subheader("What would a check see?")
    st.caption(
        "The reference's own days are dealt to two sides many times, so that nothing differs; then "
        "faults of growing size are put into real rows, and what is seen is counted."
    )
    labels = st.checkbox("Performance and estimates, too: takes minutes", key="audit-labels")
    asked = st.button("Audit the monitor", key="audit")
    key = (data.key, rules, data.window, labels)
    # Kept by hand: what shows progress cannot be shown again from a cache.
    kept, audit = st.session_state.get("audited", (None, None))
    if asked and kept != key:
        words = "Dealing the reference, and putting faults into it ..."
        bar = st.progress(0.0, words)
        try:
            audit = audit_on(
                data.reference,
                data.columns,
                policy_of(rules),
                data.window,
                labels,
                lambda share: bar.progress(share, words),
            )
        finally:
            bar.empty()
        kept, st.session_state["audited"] = key, (key, audit)
    if kept != key or audit is None:
        return
    st.markdown(f"**{plain(audit_verdict(audit))}**")
    show_table(false_alarms_table(audit))
    chart(charts.power_curves(audit), "power")
    show_table(smallest_faults_table(audit))
    if len(audit.estimates):
        show_table(audited_estimates_table(audit))
    download("Download audit (CSV)", safe_csv(audit.table, index=False), "audit.csv")


def performance_tab(found: Findings) -> None:
    """Show performance by window, or what is missing for it."""
    for remark in found.remarks:
        st.info(f"{plain(remark)} What the columns are can be said under “{TABS[0]}”.")
    if found.performance is not None:
        show_alerts(tuple(alert for alert in found.alerts if alert.kind == "performance"))
        performance_parts(found.performance, "performance")


def first_of(metrics: list[str]) -> list[str]:
    """Choose four metrics to start with."""
    chosen: list[str] = [name for name in ("accuracy", "roc_auc", "f1", "brier") if name in metrics]
    return chosen or metrics[:4]


def performance_parts(performance: dl.Performance, key: str) -> None:
    """Show the metrics that are chosen, and every window's."""
    titles = METRICS[performance.task]
    present = list(dict.fromkeys(performance.table["metric"]))
    shown = st.multiselect(
        "Metrics",
        present,
        first_of(present),
        format_func=lambda name: titles[name].title,
        key=f"{key}-metrics",
    )
    if shown:
        chart(charts.metric_trend(performance, metrics=shown), f"{key}-trend")
    st.markdown("#### Every window")
    show_table(metrics_table(performance))
    st.caption("; ".join(f"{sign} {words}" for sign, words in METRIC_MARKS.items()) + ".")
    st.caption(plain(unit_and_season(performance)))
    table = performance.table
    download("Download metrics (CSV)", safe_csv(table, index=False), "metrics.csv", key)


def estimate_part(data: Data, found: Findings) -> None:
    """Show what could have been known without labels."""
    st.subheader("What could be known without labels")
    method = st.radio(
        "Method", list(METHODS), captions=list(METHODS.values()), key="method",
        bind="query-params", horizontal=True,
    )  # fmt: skip
    estimate = estimate_of(data.key, method.lower(), data)
    realised = found.performance
    metrics = list(dict.fromkeys(estimate.table["metric"]))
    if realised is None:
        chart(charts.metric_trend(estimate, metrics=first_of(metrics)), "estimated")
        return
    titles = METRICS[estimate.task]
    shown = st.selectbox(
        "Metric", metrics, format_func=lambda name: titles[name].title, key="estimated-metric"
    )
    chart(charts.realised_against_estimated(realised, estimate, shown), "estimated")


def why_tab(data: Data, found: Findings) -> Cause:
    """Show why the loss changed, compared on the features that are chosen."""
    features = found.drift.baseline.features
    key = f"without_{data.source}"
    left_out = st.multiselect(
        "Features to leave out of the comparison", features,
        SEASON if data.source == FLIGHTS else [], key=key, bind="query-params",
        help="Those that only tell the date, such as the temperature in winter and in summer.",
    )  # fmt: skip
    kept = tuple(name for name in features if name not in left_out)
    cause = cause_of(data.key, kept, data)
    waterfall, *more = cause.figures
    chart(waterfall, "waterfall")
    (st.warning if cause.culprits else st.info)(plain(cause.reason))
    if cause.culprits:
        chosen = {key: [*left_out, *cause.culprits]}
        without = plain(", ".join(cause.culprits))
        st.button(f"Compare without {without}", on_click=st.session_state.update, args=(chosen,))
    st.caption(plain(cause.unit))
    show_table(cause.terms.round(4))
    for number, figure in enumerate(more):
        chart(figure, f"why-{number}")
    guarded(advice_part, data, kept, say=st.info)
    return cause


def advice_part(data: Data, features: tuple[str, ...]) -> None:
    """Show, once it is asked for, what could be done about the model and what each is worth."""
    st.subheader("Keep, recalibrate, retrain or wait?")
    st.caption("Each is fitted on the older labels of current, and judged on the newer ones.")
    if not st.toggle("Try what helps", key="advise", bind="query-params"):
        return
    advice = advice_of(data.key, features, data)
    st.markdown(f"**{plain(advice.headline)}.** {plain(str(advice_reasons(advice)))}")
    if advice.tried:
        chart(charts.action_gains(advice), "advice")
        show_table(actions_table(advice))


def upload_tab() -> None:
    """Ask for a file of predictions, and evaluate it."""
    st.subheader("Evaluate predictions")
    st.markdown(
        "A file with the columns `y_true` and `y_pred`, `y_proba` or both is evaluated at once; "
        "of one with other names you say which column is which."
    )
    file = st.file_uploader(
        "Predictions (CSV or Parquet)", ["csv", "gz", "parquet"], key="predictions",
        max_upload_size=MOST_MEGABYTES,
    )  # fmt: skip
    st.caption(LIMITS)
    download("Download a sample to try", SAMPLE.read_bytes(), SAMPLE.name)
    frame = frame_of(file, "predictions")
    if frame is None:
        return
    columns = columns_of(frame, file.file_id)
    if columns is None:
        return
    left, middle, right = st.columns(3)
    with st.expander("How times are written"):
        written = ask_time_format("upload_written")
    columns = replace(columns, roles=replace(columns.roles, time_format=written))
    times = time_columns(frame, written)
    on = left.selectbox("Windows follow", [None, *times], format_func=lambda n: n or "the rows")
    if on is None:
        size = fitting_window(frame)
        least_rows = max(1, len(frame) // MOST_WINDOWS)
        window = middle.number_input("Rows a window", least_rows, max(size, len(frame)), size)
    else:
        chosen = middle.selectbox("A window", list(WINDOWS))
        fitting = guarded(fitting_window, frame, on, "the file", written)
        if fitting is None:
            return
        window = WINDOWS[chosen] or fitting
    least = right.number_input(
        "Alert when accuracy is below", 0.0, 1.0, 0.7, 0.01,
        help="Of a regression R², of scores without predictions ROC AUC.",
    )  # fmt: skip
    upload_results(evaluated(file.file_id, columns, window, on, least, frame))


def columns_of(frame: pd.DataFrame, key: str) -> Columns | None:
    """Name the label, prediction and probability; ask where they are not the usual."""
    names = [str(name) for name in frame.columns]
    known = {*names, *prefixes(names)}
    absent = ["y_true"] * ("y_true" not in known)
    absent += ["y_pred"] * (not known & {"y_pred", "y_proba"})
    notice = st.empty()
    with (
        st.expander("What the columns are", expanded=bool(absent)),
        st.form(f"mapping_{key}", border=False),
    ):
        places = st.columns(4)
        chosen = {
            role: pick(
                place,
                f"{label} ({role})",
                [*prefixes(names), *names] if role == "y_proba" else names,
                f"upload_{role}_{key}",
                role,
                bind=None,
            )
            for place, (role, label) in zip(places, ASKED.items(), strict=False)
        }
        positive = places[3].text_input("Positive class (empty: the larger)", key=f"positive_{key}")
        task, threshold = ask_task(f"task_{key}", f"threshold_{key}", bind=None)
        st.form_submit_button("Evaluate")
    if chosen["y_true"] and (chosen["y_pred"] or chosen["y_proba"]):
        roles = ColumnRoles(
            chosen["y_true"], chosen["y_pred"] or "y_pred", chosen["y_proba"] or "y_proba"
        )
        return Columns(roles, positive=positive.strip() or None, task=task, threshold=threshold)
    lacks = f"The file has no column {' and no column '.join(absent)}."
    notice.error(plain(f"{lacks} Say below which of its columns hold what."))
    return None


def upload_results(result: Evaluation) -> None:
    """Show how good the predictions of a file are, by window, and who is taken for whom."""
    performance = result.performance
    with st.container(horizontal=True):
        show_numbers(pick_key_numbers(result.whole, None))
    for alert in result.alerts:
        st.warning(plain(alert.message))
    performance_parts(performance, "upload")
    if result.confusion is not None:
        chart(charts.confusion_matrix(result.confusion), "confusion")
    st.caption(plain(f"Read as {'; '.join(performance.notes)}."))
    with st.container(horizontal=True):
        found = performance.to_dict()
        download("Download results (JSON)", json.dumps(found, indent=1), "performance.json")
        download("Download report (HTML)", lambda: render_evaluation(result), "performance.html")


if __name__ == "__main__":
    main()
