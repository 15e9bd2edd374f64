"""Show Model Drift Monitor as a page: streamlit run streamlit_app.py."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import pandas as pd
import streamlit as st

import driftlib as dl
from driftlib import visualization as charts
from driftlib.alerts import Alert
from driftlib.data.frames import notes_of
from driftlib.data.opening import read_frame
from driftlib.data.schema import ColumnRoles
from driftlib.data.season import read_season
from driftlib.data.times import check_time_format, time_columns
from driftlib.data.unit_choice import AUTO
from driftlib.data.uploads import LIMITS, MOST_MEGABYTES, is_parquet, read_upload
from driftlib.data.windows import fitting_window
from driftlib.files import safe_csv
from driftlib.html.page import strip_tags
from driftlib.performance.metrics import METRICS
from driftlib.reporting.app import (
    Cause,
    Evaluation,
    Findings,
    KeyNumber,
    check_host,
    compare_periods,
    evaluate_predictions,
    explain_change,
    pick_key_numbers,
    what_to_do,
)
from driftlib.reporting.drift_tables import drift_table, groups_table, quality_table
from driftlib.reporting.inputs import group_columns, name_predictions
from driftlib.reporting.single_page import render_evaluation, render_findings
from driftlib.reporting.tables import metrics_table
from driftlib.reporting.verdicts import drift_verdict, quality_words, unit_and_season
from driftlib.severity import Severity
from driftlib.visualization.style import CONFIG

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from streamlit.runtime.uploaded_file_manager import UploadedFile

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")

HERE = Path(__file__).parent
SAMPLE = HERE / "data" / "predictions_sample.csv"
SIMULATE, OWN, FLIGHTS = "Simulate", "Own data", "Flights"
SIDES = ("reference", "current")
SOURCES = {OWN: "your two files", SIMULATE: "turn two dials", FLIGHTS: "New York, 2013"}
ROWS = (500, 1000, 2000, 5000, 10_000, 20_000)
WINDOWS = {"Automatic": None, "Day": "1D", "Week": "7D", "Month": "MS", "Quarter": "QS"}
# Simulated data hold four weeks.
SIMULATED_WINDOW = "7D"
# They tell the months of the flights apart by themselves.
SEASON = ["temp", "humid", "pressure"]
COLUMNS = ColumnRoles(timestamp="timestamp")
METHODS = {"CBPE": "inputs as before", "PAPE": "allows for changed inputs, slower"}
NO_LABELS = (
    "There is no performance without labels and predictions: the tab Performance says what is "
    "missing, and what can be known all the same."
)
MOST_WINDOWS = 500
# Charts have the page's own text colour, and on a phone scroll rather than shrink. A table's own
# download would hand out formulas; the buttons below the tables do not.
STYLE = """<style>
.stElementContainer button[aria-label="Download as CSV"] { display: none; }
.stPlotlyChart .main-svg [style*="fill: rgb(117, 122, 130)"] { fill: currentColor !important; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 3.5rem; }
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
class Settings:
    """Hold what the sidebar says: what to look at, and by which rules.

    `simulated` has rows, drift, flips and seed; `files` are those of the reference and of
    current, None where one is still to be chosen.
    """

    source: str
    window: str | None
    rules: Rules
    simulated: tuple[int, float, float, int] | None = None
    files: tuple[UploadedFile | None, ...] = (None, None)
    roles: ColumnRoles = COLUMNS
    exclude: tuple[str, ...] = ()
    late: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True)
class Data:
    """Hold two periods; `key` tells one pair from another without reading the frames."""

    source: str
    key: tuple[Any, ...]
    reference: pd.DataFrame
    current: pd.DataFrame
    roles: ColumnRoles
    window: str | None
    exclude: tuple[str, ...] = ()
    late: tuple[str | None, str | None] = (None, None)


def main() -> None:
    """Fill the page from the top; what takes longer comes last."""
    st.set_page_config(page_title="Model Drift Monitor", page_icon="📉", layout="wide")
    st.html(STYLE)
    st.title("Model Drift Monitor")
    try:
        check_host(st.context.headers.get("Host"), st.get_option("browser.serverAddress"))
    except dl.DriftlibError as error:
        st.error(plain(str(error)))
        return
    st.caption("Has the model degraded, is it the data or the concept, and how sure are we?")
    settings = sidebar()
    notices = st.container()
    names = ["Overview", "Drift", "Performance", "Why", "Predictions only"]
    overview, drift, performance, why, upload = st.tabs(names)
    with notices:
        data = guarded(load, settings)
        found = guarded(compare, data, settings.rules) if data else None
    if data is None or found is None:
        for tab in (overview, drift, performance, why):
            tab.info("Choose a reference and a current file in the sidebar to fill this tab.")
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
        guarded(groups_part, data, found, settings.rules, say=st.info)
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


def guarded(
    run: Callable[[*Arguments], R], *arguments: *Arguments, say: Callable[[str], object] = st.error
) -> R | None:
    """Call a function; where that fails show a sentence, and return None."""
    try:
        return run(*arguments)
    except dl.DriftlibError as error:
        say(plain(str(error)))
    except Exception:
        logging.getLogger(__name__).exception("a part of the page failed")
        st.error(
            "These data met a fault of this page, which is written to the server's log: the rest "
            "of the page is not affected."
        )
    return None


def plain(text: str) -> str:
    """Escape text from the data, on one line, that Markdown must not read as its own."""
    line = " ".join(text.split())
    # Addresses become links whether escaped or not, unless something stands in them.
    line = re.sub(r"(?i)(:(?=//)|www(?=\.)|(?=@))", "\\1\u2060", line)
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>~$:&@" else c for c in line)


# The address bar holds each setting of the sidebar under its key, to share as a link.


def sidebar() -> Settings:
    """Ask what to look at and by which rules."""
    side = st.sidebar
    side.header("Data")
    source = side.radio(
        "What to look at", list(SOURCES), list(SOURCES).index(SIMULATE),
        captions=list(SOURCES.values()), key="data", bind="query-params",
    )  # fmt: skip
    simulated = ask_simulation() if source == SIMULATE else None
    none = ((None, None), COLUMNS, (), (None, None))
    files, roles, exclude, late = ask_files() if source == OWN else none
    side.header("Rules")
    window = side.selectbox(
        "Window", list(WINDOWS), key="window", bind="query-params",
        help="Without a column with the time: a twelfth of the rows.",
    )  # fmt: skip
    return Settings(source, WINDOWS[window], ask_rules(), simulated, files, roles, exclude, late)


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


def ask_files() -> tuple[
    tuple[UploadedFile | None, ...], ColumnRoles, tuple[str, ...], tuple[str | None, str | None]
]:
    """Ask for the reader's own files, what their columns are called, and which to leave out."""
    side = st.sidebar
    files = tuple(
        side.file_uploader(
            f"{name.capitalize()} data", ["csv", "gz", "parquet"], key=name,
            max_upload_size=MOST_MEGABYTES,
        )
        for name in SIDES
    )  # fmt: skip
    side.caption(LIMITS)
    with side.expander("Names of columns"):
        names = {
            role: st.text_input(
                label, "" if role == "timestamp" else role, key=f"column_{role}",
                bind="query-params", persist_state="session",
            ).strip()
            for role, label in {"timestamp": "Time (empty: none)", **ASKED}.items()
        }  # fmt: skip
        written = ask_time_format("written")
        unit = ask_unit()
        season = ask_season()
        exclude = ask_excluded()
        late = ask_late()
    timestamp = names.pop("timestamp") or None
    roles = {role: name or role for role, name in names.items()}
    columns = ColumnRoles(
        **roles, timestamp=timestamp, time_format=written, unit=unit, season=season
    )
    return files, columns, exclude, late


def ask_time_format(key: str) -> str | None:
    """Ask how times are written, and say so where the answer is none."""
    written = st.text_input(
        "How times are written (empty: as 2013-03-31 17:00)", "", key=key,
        help="s or ms for numbers since 1970, excel for Excel's day numbers, dayfirst for "
        "31/12/2013, or a pattern such as %Y%m%d",
    ).strip()  # fmt: skip
    try:
        return check_time_format(written)
    except dl.DriftlibError as error:
        st.error(plain(str(error)))
        return None


def ask_unit() -> str | None:
    """Ask what rows were drawn in; None to tell by the time column."""
    unit = st.text_input(
        "Rows that belong together (empty: those of a day)", "", key="unit",
        help="A column such as that of the customer, a length of time such as 7D, or row where "
        "rows have nothing in common.",
    ).strip()  # fmt: skip
    return unit or None


def ask_season() -> tuple[str, ...]:
    """Ask what like is compared with like by."""
    season = st.text_input(
        "Like is compared with like by (empty: all with all)", "", key="season",
        help="hour, weekday or month of the time, or columns such as that of the shop.",
    )  # fmt: skip
    return read_season(season)


def ask_late() -> tuple[str | None, str | None]:
    """Ask when labels became known, and how long a row waits for its own."""
    label_time = st.text_input(
        "When what happened became known (empty: at once)", "", key="label_time",
        help="The column of that time, where what happened is known late for some rows.",
    ).strip()  # fmt: skip
    matures = st.text_input(
        "How long that takes (empty: told by that column)", "", key="matures",
        help="Such as 180D. Windows that are younger are not judged.",
    ).strip()  # fmt: skip
    return label_time or None, matures or None


def ask_excluded() -> tuple[str, ...]:
    """Ask which columns are not to be compared."""
    text = st.text_input(
        "Columns to leave out (empty: none)", "", key="exclude", bind="query-params",
        persist_state="session", help="Names with commas between them, such as id, shop.",
    )  # fmt: skip
    return tuple(name.strip() for name in text.split(",") if name.strip())


def ask_rules() -> Rules:
    """Ask what counts as drift, and how much worse a metric may be."""
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
    return Rules(alpha, psi, tolerance)


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


def load(settings: Settings) -> Data | None:
    """Load the two periods that the sidebar names; None where files are still to be chosen."""
    # Every file is seen to, so that the frame of one that was taken away goes with it.
    before, now = frames_of(*settings.files)
    window = settings.window
    if settings.simulated is not None:
        data = dl.simulate(*settings.simulated)
        window = window or SIMULATED_WINDOW
        key = (*settings.simulated, window)
        return Data(SIMULATE, key, data.reference, data.current, COLUMNS, window)
    if settings.source == FLIGHTS:
        before, now = (flights(name) for name in SIDES)
        return Data(FLIGHTS, (FLIGHTS, window), before, now, COLUMNS, window)
    if before is None or now is None:
        return None
    files = [file.file_id for file in settings.files if file is not None]
    key = (*files, *vars(settings.roles).values(), window, settings.exclude, settings.late)
    return Data(OWN, key, before, now, settings.roles, window, settings.exclude, settings.late)


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
    arguments = _data.roles, policy_of(rules), rules.tolerance, _data.window, _data.exclude
    return compare_periods(_data.reference, _data.current, *arguments, *_data.late)


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
        exclude=_data.exclude,
        unit=_data.roles.unit or AUTO,
        season=_data.roles.season,
        **_data.roles.keywords,
    )


def compare(data: Data, rules: Rules) -> Findings:
    """Find drift, performance and alerts in the data."""
    return found_in(data.key, rules, data)


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Telling data drift from concept drift ..."
)
def cause_of(key: tuple[Any, ...], features: tuple[str, ...], _data: Data) -> Cause:
    """Diagnose the change of the loss; kept by the key of the data and the features."""
    return explain_change(_data.reference, _data.current, _data.roles, features, *_data.late)


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Estimating performance without labels ..."
)
def estimate_of(key: tuple[Any, ...], method: str, _data: Data) -> dl.Estimate:
    """Estimate performance without labels; kept by the key of the data and the method."""
    on = _data.roles.timestamp
    written = _data.roles.time_format
    fitting = fitting_window(_data.current, on, time_format=written)
    window = _data.window if on and _data.window else fitting
    return dl.estimate_performance(
        _data.reference,
        _data.current,
        window=window,
        on=on,
        time_format=written,
        method=method,
        exclude=_data.exclude,
        timestamp=on,
        unit=_data.roles.unit or AUTO,
        season=_data.roles.season,
        **name_predictions(_data.roles),
    )


@st.cache_resource(scope="session", max_entries=4, show_spinner="Evaluating ...")
def evaluated(
    key: str,
    roles: ColumnRoles,
    window: int | str,
    on: str | None,
    least: float,
    _frame: pd.DataFrame,
) -> Evaluation:
    """Evaluate a file of predictions; kept by the key of the file and the other arguments."""
    return evaluate_predictions(_frame, roles, window, on, least)


def chart(figure: go.Figure, key: str) -> None:
    """Show a chart, its title and caption as text that wraps, its words for the blind in `alt`."""
    meta = figure.layout.meta or {}
    st.markdown(f"#### {plain(strip_tags(figure.layout.title.text or ''))}")
    bare = type(figure)(figure)
    # Room for a legend of one line; one of more makes its own.
    top = 48 if any(trace.name and trace.showlegend is not False for trace in figure.data) else 16
    spare = (figure.layout.margin.t or figure.layout.template.layout.margin.t or 80) - top
    bare.update_layout(
        title_text="", margin_t=top, height=max(200, (figure.layout.height or 450) - spare)
    )
    st.plotly_chart(
        bare, width="stretch", theme=None, config=CONFIG, key=f"chart-{key}", alt=meta.get("alt")
    )
    if meta.get("caption"):
        st.caption(plain(meta["caption"]))


def download(label: str, make: Callable[[], str | bytes], name: str, key: str = "") -> None:
    """Show a button that makes its file when it is pressed."""
    kind = {"csv": "text/csv", "json": "application/json", "html": "text/html"}[name.split(".")[1]]
    st.download_button(label, make, name, kind, key=f"{key} {name}", on_click="ignore")


def show_table(table: pd.DataFrame) -> None:
    """Show a table, a short one without a scroll bar of its own."""
    height = "content" if len(table) <= 20 else "auto"
    first = {table.columns[0]: st.column_config.Column(pinned=True)}
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
    """Say what was found in a few sentences, the cause first."""
    worst = found.alerts[0].severity if found.alerts else "none"
    lines = [drift_verdict(found.drift, found.trend)]
    lines.append(found.performance.headline if found.performance else NO_LABELS)
    if cause is not None:
        lines.insert(0, cause.headline)
    st.markdown(f"### {Severity(worst).mark} {plain(lines[0])}")
    for line in lines[1:]:
        st.markdown(plain(line))
    st.markdown("**What to do**")
    for advice in what_to_do(found, cause):
        st.markdown(f"- {plain(advice.words)}", help=plain(advice.why))


def overview_tab(found: Findings) -> None:
    """Show what drifted and how good the model is, in numbers, and the alerts."""
    drift = found.drift
    with st.container(horizontal=True):
        features = f"{len(found.drifted)} of {len(drift.baseline.features)}"
        st.metric("Features drifted", features, width=150)
        st.metric("Alerts", len(found.alerts), width=150)
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
    download("Download alerts (JSON)", lambda: json.dumps(alerts, indent=1), "alerts.json")


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
    download("Download drift table (CSV)", lambda: safe_csv(table), "drift_summary.csv")


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


def performance_tab(found: Findings) -> None:
    """Show performance by window, or what is missing for it."""
    for remark in found.remarks:
        st.info(f"{plain(remark)} Names of columns can be set in the sidebar.")
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
    st.caption(
        "▼ an alarm of the run; ▽ beyond noise in a window alone; ◇ beyond it, perhaps by chance; "
        "○ not judged, as labels are still to come."
    )
    st.caption(plain(unit_and_season(performance)))
    table = performance.table
    download("Download metrics (CSV)", lambda: safe_csv(table, index=False), "metrics.csv", key)


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
    return cause


def upload_tab() -> None:
    """Ask for a file of predictions, and evaluate it."""
    st.subheader("Evaluate predictions")
    st.markdown(
        "A file with the columns `y_true`, `y_pred` and, where there is one, `y_proba` is "
        "evaluated at once."
    )
    file = st.file_uploader(
        "Predictions (CSV or Parquet)", ["csv", "gz", "parquet"], key="predictions",
        max_upload_size=MOST_MEGABYTES,
    )  # fmt: skip
    st.caption(LIMITS)
    download("Download a sample to try", SAMPLE.read_bytes, SAMPLE.name)
    frame = frame_of(file, "predictions")
    if frame is None:
        return
    roles = columns_of(frame)
    if roles is None:
        return
    left, middle, right = st.columns(3)
    with st.expander("How times are written"):
        roles = replace(roles, time_format=ask_time_format("upload_written"))
    times = time_columns(frame, roles.time_format)
    on = left.selectbox("Windows follow", [None, *times], format_func=lambda n: n or "the rows")
    if on is None:
        size = fitting_window(frame)
        least_rows = max(1, len(frame) // MOST_WINDOWS)
        window = middle.number_input("Rows a window", least_rows, max(size, len(frame)), size)
    else:
        chosen = middle.selectbox("A window", list(WINDOWS))
        fitting = guarded(fitting_window, frame, on, "the file", roles.time_format)
        if fitting is None:
            return
        window = WINDOWS[chosen] or fitting
    least = right.number_input("Alert when accuracy (or R²) is below", 0.0, 1.0, 0.7, 0.01)
    upload_results(evaluated(file.file_id, roles, window, on, least, frame))


def columns_of(frame: pd.DataFrame) -> ColumnRoles | None:
    """Name the label, prediction and probability; ask where they are not the usual."""
    absent = [name for name in ("y_true", "y_pred") if name not in frame.columns]
    if not absent:
        return ColumnRoles()
    notice = st.empty()
    none = "(none)"
    choices = [none, *frame.columns]
    with st.form("mapping"):
        chosen = {
            name: st.selectbox(
                f"{label} ({name})", choices, choices.index(name) if name in choices else 0
            )
            for name, label in ASKED.items()
        }
        st.form_submit_button("Evaluate")
    if none not in (chosen["y_true"], chosen["y_pred"]):
        return ColumnRoles(**{name: column for name, column in chosen.items() if column != none})
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
        download("Download results (JSON)", lambda: json.dumps(found, indent=1), "performance.json")
        download("Download report (HTML)", lambda: render_evaluation(result), "performance.html")


if __name__ == "__main__":
    main()
