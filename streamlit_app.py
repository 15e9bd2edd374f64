"""Model Drift Monitor as a page: streamlit run streamlit_app.py"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

import driftlib as dl
from driftlib import visualization as charts
from driftlib.alerts import Alert
from driftlib.data.schema import ColumnRoles
from driftlib.data.sources import read_frame
from driftlib.data.uploads import LIMITS, MOST_MEGABYTES, read_upload, safe_csv
from driftlib.data.windows import fitting_window
from driftlib.html.page import strip_tags
from driftlib.performance.metrics import METRICS
from driftlib.reporting.app import (
    Cause,
    Evaluation,
    Findings,
    KeyNumber,
    compare_periods,
    evaluate_predictions,
    explain_change,
    pick_key_numbers,
)
from driftlib.reporting.inputs import name_predictions
from driftlib.reporting.single_page import render_evaluation, render_findings
from driftlib.reporting.tables import drift_table, metrics_table
from driftlib.severity import Severity
from driftlib.visualization.style import CONFIG

HERE = Path(__file__).parent
SAMPLE = HERE / "data" / "predictions_sample.csv"
SIMULATE, OWN, FLIGHTS = "Simulate", "Own data", "Flights"
SOURCES = {SIMULATE: "turn two dials", OWN: "from two files", FLIGHTS: "New York, 2013"}
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


@dataclass(frozen=True)
class Data:
    """Two periods; `key` tells one pair from another without reading the frames."""

    source: str
    key: tuple[Any, ...]
    reference: pd.DataFrame
    current: pd.DataFrame
    roles: ColumnRoles
    window: str | None


def main() -> None:
    st.set_page_config(page_title="Model Drift Monitor", page_icon="📉", layout="wide")
    st.html(STYLE)
    st.title("Model Drift Monitor")
    st.caption("Has the model degraded, is it the data or the concept, and how sure are we?")
    settings = sidebar()
    notices = st.container()
    names = ["Overview", "Drift", "Performance", "Why", "Upload"]
    overview, drift, performance, why, upload = st.tabs(names)
    with notices:
        data = guarded(load, settings)
        found = guarded(compare, data, settings["rules"]) if data else None
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


def guarded(run: Callable[..., Any], *arguments: Any, say: Callable[..., Any] = st.error) -> Any:
    """Result of a call; where that fails a sentence is shown, and None comes back."""
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
    """Text from the data, on one line, that Markdown must not read as its own."""
    line = " ".join(text.split())
    # Addresses become links whether escaped or not, unless something stands in them.
    line = re.sub(r"(?i)(:(?=//)|www(?=\.)|(?=@))", "\\1\u2060", line)
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>~$:&@" else c for c in line)


# The address bar holds each setting of the sidebar under its key, to share as a link.


def sidebar() -> dict[str, Any]:
    """What to look at and by which rules."""
    side = st.sidebar
    side.header("Data")
    settings: dict[str, Any] = {
        "source": side.radio(
            "What to look at", list(SOURCES), captions=list(SOURCES.values()), key="data",
            bind="query-params",
        )
    }  # fmt: skip
    if settings["source"] == SIMULATE:
        settings |= {
            "flips": dial(
                "Label flips", 0.0, 0.5, 0.1, 0.01, "flips",
                "Share of labels turned over: the same customers now decide differently.",
            ),
            "drift": dial(
                "Feature drift", 0.0, 3.0, 0.5, 0.05, "drift",
                "Shift of four of the eight features, in standard deviations.",
            ),
            "rows": side.select_slider(
                "Rows", ROWS, 5000, key="rows", bind="query-params", persist_state="session"
            ),
            "seed": side.number_input(
                "Seed", 0, 9999, 0, key="seed", bind="query-params", persist_state="session"
            ),
        }  # fmt: skip
    elif settings["source"] == OWN:
        settings["files"] = [
            side.file_uploader(
                f"{role.capitalize()} data", ["csv", "parquet"], key=role,
                max_upload_size=MOST_MEGABYTES,
            )
            for role in ("reference", "current")
        ]  # fmt: skip
        side.caption(LIMITS)
        with side.expander("Names of columns"):
            settings["names"] = {
                role: st.text_input(
                    label, "" if role == "timestamp" else role, key=f"column_{role}",
                    bind="query-params", persist_state="session",
                ).strip()
                for role, label in (
                    ("timestamp", "Time (empty: none)"),
                    ("y_true", "What happened"),
                    ("y_pred", "What the model said"),
                    ("y_proba", "How likely it thought it"),
                )
            }  # fmt: skip
    side.header("Rules")
    settings["window"] = side.selectbox(
        "Window", list(WINDOWS), key="window", bind="query-params",
        help="Without a column with the time: a twelfth of the rows.",
    )  # fmt: skip
    settings["rules"] = {
        "alpha": dial(
            "False-alarm rate", 0.001, 0.2, 0.05, 0.001, "alpha",
            "Share of checks without drift in which some feature alarms.", "%.3f",
        ),
        "psi": dial(
            "PSI that matters", 0.0, 0.5, 0.1, 0.01, "psi",
            "A real change is at least moderate from this PSI beyond chance on.",
        ),
        "tolerance": dial(
            "Tolerated loss", 0.0, 0.2, 0.02, 0.005, "tolerance",
            "How far accuracy, ROC AUC or R² may fall below the reference.", "%.3f",
        ),
    }  # fmt: skip
    return settings


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


def load(settings: dict[str, Any]) -> Data | None:
    """The two periods that the sidebar names; None where files are still to be chosen."""
    files = settings.get("files", (None, None))
    sides = ("reference", "current")
    frames = [frame_of(file, side) for file, side in zip(files, sides, strict=True)]
    window = WINDOWS[settings["window"]]
    if settings["source"] == SIMULATE:
        key = tuple(settings[name] for name in ("rows", "drift", "flips", "seed"))
        data = dl.simulate(*key)
        window = window or SIMULATED_WINDOW
        return Data(SIMULATE, (*key, window), data.reference, data.current, COLUMNS, window)
    if settings["source"] == FLIGHTS:
        frames = [flights(side) for side in sides]
        return Data(FLIGHTS, (FLIGHTS, window), *frames, COLUMNS, window)
    if any(frame is None for frame in frames):
        return None
    names = {role: name or role for role, name in settings["names"].items()}
    roles = ColumnRoles(**names | {"timestamp": settings["names"]["timestamp"] or None})
    key = (*(file.file_id for file in files), *vars(roles).values(), window)
    return Data(OWN, key, *frames, roles, window)


def frame_of(file: Any, role: str) -> pd.DataFrame | None:
    """Frame of an uploaded file; a session holds one of each role and drops it with the file."""
    slot = f"frame of {role}"
    if file is None:
        st.session_state.pop(slot, None)
        return None
    if st.session_state.get(slot, (None,))[0] != file.file_id:
        st.session_state.pop(slot, None)
        with st.spinner(f"Reading the {role} file ..."):
            try:
                read: Any = read_upload(file.getvalue(), role)
            except dl.DriftlibError as error:
                read = error
        st.session_state[slot] = (file.file_id, read)
    read = st.session_state[slot][1]
    if isinstance(read, dl.DriftlibError):
        raise read
    return read


@st.cache_resource(show_spinner="Reading the flights ...")
def flights(side: str) -> pd.DataFrame:
    return read_frame(HERE / "data" / f"{side}.parquet", side)


@st.cache_resource(scope="session", max_entries=4, show_spinner="Comparing the two periods ...")
def found_in(key: tuple[Any, ...], rules: dict[str, float], _data: Data) -> Findings:
    moderate = rules["psi"]
    policy = dl.DriftPolicy(rules["alpha"], psi_moderate=moderate, psi_major=max(moderate, 0.25))
    arguments = _data.roles, policy, rules["tolerance"], _data.window
    return compare_periods(_data.reference, _data.current, *arguments)


def compare(data: Data, rules: dict[str, float]) -> Findings:
    return found_in(data.key, rules, data)


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Telling data drift from concept drift ..."
)
def cause_of(key: tuple[Any, ...], features: tuple[str, ...], _data: Data) -> Cause:
    return explain_change(_data.reference, _data.current, _data.roles, features)


@st.cache_resource(
    scope="session", max_entries=4, show_spinner="Estimating performance without labels ..."
)
def estimate_of(key: tuple[Any, ...], method: str, _data: Data) -> Any:
    on = _data.roles.timestamp
    window = _data.window if on and _data.window else fitting_window(_data.current, on)
    return dl.estimate_performance(
        _data.reference,
        _data.current,
        window=window,
        on=on,
        method=method,
        **name_predictions(_data.roles),
    )


@st.cache_resource(scope="session", max_entries=4, show_spinner="Evaluating ...")
def evaluated(
    key: str, names: dict[str, str], window: int | str, on: str | None, least: float, _frame: Any
) -> Evaluation:
    return evaluate_predictions(_frame, ColumnRoles(**names), window, on, least)


def chart(figure: Any, key: str) -> None:
    """A chart with its title and caption as text that wraps; its words for the blind in `alt`."""
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
    """Button that makes its file when it is pressed."""
    kind = {"csv": "text/csv", "json": "application/json", "html": "text/html"}[name.split(".")[1]]
    st.download_button(label, make, name, kind, key=f"{key} {name}", on_click="ignore")


def show_table(table: pd.DataFrame) -> None:
    height = "content" if len(table) <= 20 else "auto"
    first = {table.columns[0]: st.column_config.Column(pinned=True)}
    st.dataframe(table, height=height, hide_index=True, placeholder="—", column_config=first)


def show_numbers(numbers: list[KeyNumber], suffix: str = "") -> None:
    """Key numbers with their intervals and the change against the reference."""
    for number in numbers:
        known = number.reference is not None
        span = f"{number.lower:.3f} to {number.upper:.3f}"
        st.metric(
            f"{number.title}{suffix}",
            f"{number.value:.3f}",
            f"{number.value - number.reference:+.3f}" if known else span,
            delta_color=("normal" if number.higher_is_better else "inverse") if known else "off",
            delta_arrow="auto" if known else "off",
            help=f"95 % interval: {span}." if known else "With its 95 % interval.",
            width=150,
        )


def show_alerts(alerts: tuple[Alert, ...]) -> None:
    """Alerts, the worst first."""
    for alert in alerts:
        mark = Severity(alert.severity).mark
        st.markdown(f"{mark} **{alert.severity}** · {plain(alert.message)}")


def say_verdict(found: Findings, cause: Cause | None) -> None:
    worst = found.alerts[0].severity if found.alerts else "none"
    lines = [found.drift.headline]
    lines.append(found.performance.headline if found.performance else NO_LABELS)
    if cause is not None:
        lines.insert(0, cause.headline)
    st.markdown(f"### {Severity(worst).mark} {plain(lines[0])}")
    for line in lines[1:]:
        st.markdown(plain(line))


def overview_tab(found: Findings) -> None:
    drift = found.drift
    with st.container(horizontal=True):
        features = f"{len(drift.drifted)} of {len(drift.baseline.features)}"
        st.metric("Features drifted", features, width=150)
        st.metric("Alerts", len(found.alerts), width=150)
        if found.whole is not None:
            show_numbers(pick_key_numbers(found.whole), ", current")
    st.caption(
        f"{drift.current.rows:,} current rows against {drift.baseline.rows:,} reference rows; "
        "arrows: change since the reference."
    )
    st.subheader("Alerts")
    show_alerts(found.alerts)
    if not found.alerts:
        st.markdown("No alerts: nothing drifted and no metric fell beyond what is tolerated.")
    alerts = [asdict(alert) for alert in found.alerts]
    download("Download alerts (JSON)", lambda: json.dumps(alerts, indent=1), "alerts.json")


def drift_tab(found: Findings) -> None:
    chart(charts.drift_heatmap(found.trend), "heatmap")
    chart(charts.psi_trend(found.trend), "psi")
    if found.comparable:
        feature = st.selectbox(
            "Feature", found.comparable, key="feature", bind="query-params",
            persist_state="session",
        )  # fmt: skip
        chart(charts.feature_distribution(found.drift, feature), "distribution")
    st.markdown("#### Every column, all of current against the reference")
    show_table(drift_table(found.drift))
    st.caption(
        "q: p-value that allows for the number of columns. Drift is a q below the false-alarm "
        "rate and a change that is at least moderate."
    )
    table = found.drift.table
    download("Download drift table (CSV)", lambda: safe_csv(table), "drift_summary.csv")


def performance_tab(found: Findings) -> None:
    for remark in found.remarks:
        st.info(f"{plain(remark)} Names of columns can be set in the sidebar.")
    if found.performance is not None:
        show_alerts(tuple(alert for alert in found.alerts if alert.kind == "performance"))
        performance_parts(found.performance, "performance")


def first_of(metrics: list[str]) -> list[str]:
    """Four metrics to start with."""
    chosen = [name for name in ("accuracy", "roc_auc", "f1", "brier") if name in metrics]
    return chosen or metrics[:4]


def performance_parts(performance: dl.Performance, key: str) -> None:
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
        "▼ beyond its threshold by more than noise explains; ◇ beyond it, perhaps by chance."
    )
    table = performance.table
    download("Download metrics (CSV)", lambda: safe_csv(table, index=False), "metrics.csv", key)


def estimate_part(data: Data, found: Findings) -> None:
    """What could have been known without labels."""
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
    show_table(cause.terms.round(4))
    for number, figure in enumerate(more):
        chart(figure, f"why-{number}")
    return cause


def upload_tab() -> None:
    st.subheader("Evaluate predictions")
    st.markdown(
        "A file with the columns `y_true`, `y_pred` and, where there is one, `y_proba` is "
        "evaluated at once."
    )
    file = st.file_uploader(
        "Predictions (CSV or Parquet)", ["csv", "parquet"], key="predictions",
        max_upload_size=MOST_MEGABYTES,
    )  # fmt: skip
    st.caption(LIMITS)
    download("Download a sample to try", SAMPLE.read_bytes, SAMPLE.name)
    frame = frame_of(file, "predictions")
    names = columns_of(frame) if frame is not None else None
    if names is None:
        return
    left, middle, right = st.columns(3)
    times = [name for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)]
    on = left.selectbox("Windows follow", [None, *times], format_func=lambda n: n or "the rows")
    if on is None:
        size = fitting_window(frame)
        least_rows = max(1, len(frame) // MOST_WINDOWS)
        window = middle.number_input("Rows a window", least_rows, max(size, len(frame)), size)
    else:
        chosen = middle.selectbox("A window", list(WINDOWS))
        window = WINDOWS[chosen] or fitting_window(frame, on)
    least = right.number_input("Alert when accuracy (or R²) is below", 0.0, 1.0, 0.7, 0.01)
    upload_results(evaluated(file.file_id, names, window, on, least, frame))


def columns_of(frame: pd.DataFrame) -> dict[str, str] | None:
    """Names of the label, prediction and probability; asked for where they are not the usual."""
    usual = name_predictions(COLUMNS)
    absent = [name for name in ("y_true", "y_pred") if name not in frame.columns]
    if not absent:
        return usual
    notice = st.empty()
    none = "(none)"
    choices = [none, *frame.columns]
    with st.form("mapping"):
        chosen = {
            name: st.selectbox(
                f"{label} ({name})", choices, choices.index(name) if name in choices else 0
            )
            for name, label in (
                ("y_true", "What happened"),
                ("y_pred", "What the model said"),
                ("y_proba", "How likely it thought it"),
            )
        }
        st.form_submit_button("Evaluate")
    if none not in (chosen["y_true"], chosen["y_pred"]):
        return {name: usual[name] if column == none else column for name, column in chosen.items()}
    lacks = f"The file has no column {' and no column '.join(absent)}."
    notice.error(plain(f"{lacks} Say below which of its columns hold what."))
    return None


def upload_results(result: Evaluation) -> None:
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
