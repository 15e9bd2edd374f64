"""Model Drift Monitor as a page: streamlit run streamlit_app.py"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

import driftlib as dl
from driftlib import visualization as charts
from driftlib.alerts import make_alerts
from driftlib.curves import confusion_counts
from driftlib.reporting.single import single_page
from driftlib.schema import COMPARABLE
from driftlib.sources import read_frame
from driftlib.uploads import LIMITS, read_upload, safe_csv
from driftlib.visualization.style import CONFIG, SEVERITY_MARKS
from driftlib.windows import fitting_window

HERE = Path(__file__).parent
SIMULATE, OWN, FLIGHTS = "Simulate", "Your own data", "Flights of 2013"
ROWS = (500, 1000, 2000, 5000, 10_000, 20_000)
SOURCES = {"simulate": SIMULATE, "own": OWN, "flights": FLIGHTS}
# The months before the label came are what the flights' features give away.
SEASON = ("temp", "humid", "pressure")


def main() -> None:
    st.set_page_config(page_title="Model Drift Monitor", page_icon="📉", layout="wide")
    st.title("Model Drift Monitor")
    st.caption("Has the model degraded, is it the data or the concept, and how sure are we?")
    settings = sidebar()
    names = ["Overview", "Drift", "Performance", "Why", "Upload"]
    overview, drift, performance, why, upload = st.tabs(names)
    with upload:
        guarded(upload_tab, settings["rules"]["tolerance"])
    data = guarded(load, settings)
    found = guarded(analyse, data, **settings["rules"]) if data else None
    if found is None:
        for tab in (overview, drift, performance, why):
            tab.info("Choose a reference and a current file in the sidebar to fill this tab.")
        return
    with overview:
        verdict = st.container()
        overview_tab(found)
    with drift:
        drift_tab(found)
    with performance:
        performance_tab(found)
    with why:
        reason = guarded(explain, data)
        why_tab(reason)
    with verdict:
        say_verdict(found, reason)


@dataclass(frozen=True)
class Data:
    """Two periods; `key` tells one pair from another without reading the frames."""

    key: tuple[Any, ...]
    reference: pd.DataFrame
    current: pd.DataFrame
    timestamp: str | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """What the library found in them."""

    drift: dl.DriftResult
    trend: dl.TrendResult
    performance: dl.Performance | None
    estimate: dl.Performance | None
    alerts: tuple[dl.Alert, ...]
    remarks: tuple[str, ...]


def guarded(run: Any, *arguments: Any, **named: Any) -> Any:
    """Result of a call; a `DriftlibError` is shown as its sentence, and None comes back."""
    try:
        return run(*arguments, **named)
    except dl.DriftlibError as error:
        st.error(plain(str(error)))
    return None


def plain(text: str) -> str:
    """Text from the data that Markdown must not read as its own."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>~$:&" else c for c in text)


def sidebar() -> dict[str, Any]:
    """What to look at and by which rules; the address bar holds it all, to share as a link."""
    query = st.query_params
    st.sidebar.header("Data")
    known = list(SOURCES)
    start = known.index(query["data"]) if query.get("data") in SOURCES else 0
    source = st.sidebar.radio("What to look at", list(SOURCES.values()), index=start)
    key = known[list(SOURCES.values()).index(source)]
    kept: dict[str, Any] = {"data": key}
    settings: dict[str, Any] = {"source": source}
    if source == SIMULATE:
        kept |= {
            "flips": st.sidebar.slider(
                "Label flips", 0.0, 0.5, number(query, "flips", 0.1, 0.0, 0.5), 0.01,
                help="Share of labels turned over: the same customers now decide differently.",
            ),
            "drift": st.sidebar.slider(
                "Feature drift", 0.0, 3.0, number(query, "drift", 0.5, 0.0, 3.0), 0.05,
                help="Shift of four of the eight features, in standard deviations.",
            ),
            "rows": st.sidebar.select_slider(
                "Rows", ROWS, value=int(number(query, "rows", 5000, 500, 20_000, ROWS)),
            ),
            "seed": int(st.sidebar.number_input(
                "Seed", 0, 9999, int(number(query, "seed", 0, 0, 9999)),
            )),
        }  # fmt: skip
        settings |= kept
    elif source == OWN:
        settings["files"] = [
            st.sidebar.file_uploader(f"{side} data", type=["csv", "parquet"], key=side)
            for side in ("Reference", "Current")
        ]
        st.sidebar.caption(LIMITS)
        settings["timestamp"] = st.sidebar.text_input(
            "Column with the time", "", help="Leave empty for windows of equal numbers of rows."
        )
    st.sidebar.header("Rules")
    kept |= {
        "alpha": st.sidebar.slider(
            "False-alarm rate", 0.001, 0.2, number(query, "alpha", 0.05, 0.001, 0.2), 0.001,
            format="%.3f", help="Share of checks without drift in which some feature alarms.",
        ),
        "psi": st.sidebar.slider(
            "PSI that matters", 0.0, 0.5, number(query, "psi", 0.1, 0.0, 0.5), 0.01,
            help="A real change is at least moderate from this PSI beyond chance on.",
        ),
        "tolerance": st.sidebar.slider(
            "Tolerated loss", 0.0, 0.2, number(query, "tolerance", 0.02, 0.0, 0.2), 0.005,
            format="%.3f", help="How far accuracy and ROC AUC may fall below the reference.",
        ),
    }  # fmt: skip
    settings["rules"] = {name: kept[name] for name in ("alpha", "psi", "tolerance")}
    st.query_params.from_dict({name: str(value) for name, value in kept.items()})
    return settings


def number(
    query: Any, name: str, default: float, least: float, most: float, among: Any = ()
) -> Any:
    """Number from the address bar; the default where it is none or out of range."""
    try:
        value = float(query.get(name, default))
    except ValueError:
        return default
    fits = least <= value <= most and (not among or value in among)
    return value if fits else default


def load(settings: dict[str, Any]) -> Data | None:
    """The two periods that the sidebar names; None where files are still to be chosen."""
    if settings["source"] == SIMULATE:
        key = tuple(settings[name] for name in ("rows", "drift", "flips", "seed"))
        data = simulated(*key)
        return Data(key, data.reference, data.current, "timestamp")
    if settings["source"] == FLIGHTS:
        frames = [read_file(side) for side in ("reference", "current")]
        return Data(("flights",), *frames, "timestamp", SEASON)
    if not all(settings["files"]):
        return None
    roles = ("reference", "current")
    ids = tuple(file.file_id for file in settings["files"])
    frames = [uploaded(i, f, r) for i, f, r in zip(ids, settings["files"], roles, strict=True)]
    timestamp = settings["timestamp"].strip() or None
    return Data((*ids, timestamp), *frames, timestamp)


@st.cache_resource(max_entries=16, show_spinner="Simulating ...")
def simulated(rows: int, drift: float, flips: float, seed: int) -> Any:
    return dl.simulate(rows, feature_drift=drift, label_flips=flips, seed=seed)


@st.cache_resource(max_entries=4, show_spinner="Reading ...")
def read_file(side: str) -> pd.DataFrame:
    return read_frame(HERE / "data" / f"{side}.parquet", side)


@st.cache_resource(max_entries=4, show_spinner="Reading ...", ttl=900)
def uploaded(file_id: str, _file: Any, role: str) -> pd.DataFrame:
    return read_upload(_file.getvalue(), role)


@st.cache_resource(max_entries=16, show_spinner="Comparing the two periods ...", ttl=3600)
def analysed(
    key: tuple[Any, ...], alpha: float, psi: float, tolerance: float, _data: Data
) -> Findings:
    reference, current, on = _data.reference, _data.current, _data.timestamp
    policy = dl.DriftPolicy(alpha=alpha, psi_moderate=psi, psi_major=max(psi, 0.25))
    baseline = dl.Baseline.fit(reference, timestamp=on)
    drift = dl.detect_drift(baseline, current, policy=policy)
    window = fitting_window(current, on)
    cut = {"by": window, "on": on} if on else {"rows": window}
    trend = dl.drift_trend(baseline, current, policy=policy, **cut)
    remarks: list[str] = []

    def attempt(run: Any, *arguments: Any, **named: Any) -> Any:
        # Without labels, predictions or probabilities there is still drift to be shown.
        try:
            return run(*arguments, **named)
        except dl.DriftlibError as error:
            remarks.append(str(error))
        return None

    limits = {name: f"-{tolerance}" for name in ("accuracy", "roc_auc") if tolerance is not None}
    performance = attempt(dl.track_performance, current, window=window, on=on, reference=reference)
    if performance is not None:
        names = set(performance.table["metric"])
        limits = {name: limit for name, limit in limits.items() if name in names}
        performance = dl.track_performance(
            current, window=window, on=on, reference=reference, thresholds=limits
        )
    estimate = attempt(dl.estimate_performance, reference, current, window=window, on=on)
    results = [result for result in (trend, performance) if result is not None]
    return Findings(drift, trend, performance, estimate, make_alerts(*results), tuple(remarks))


def analyse(data: Data, **rules: float) -> Findings:
    return analysed(data.key, **rules, _data=data)


@st.cache_resource(
    max_entries=16, show_spinner="Telling data drift from concept drift ...", ttl=3600
)
def explained(key: tuple[Any, ...], _data: Data) -> dl.Diagnosis:
    features = [
        name
        for name in dl.Baseline.fit(_data.reference, timestamp=_data.timestamp).features
        if name not in _data.without
    ]
    return dl.diagnose(_data.reference, _data.current, features=features)


def explain(data: Data) -> dl.Diagnosis:
    return explained(data.key, data)


def chart(figure: Any, key: str) -> None:
    """A chart with its caption; the words for those who cannot see it are in the alt text."""
    meta = figure.layout.meta or {}
    st.plotly_chart(
        figure, width="stretch", theme=None, config=CONFIG, key=key, alt=meta.get("alt")
    )
    if meta.get("caption"):
        st.caption(plain(meta["caption"]))


def say_verdict(found: Findings, reason: dl.Diagnosis | None) -> None:
    worst = found.alerts[0].severity if found.alerts else "none"
    lines = [found.drift.headline]
    if found.performance is not None:
        lines.append(found.performance.headline)
    if reason is not None:
        lines.insert(0, reason.headline)
    with st.container(border=True):
        st.markdown(f"### {SEVERITY_MARKS[worst]} {plain(lines[0])}")
        for line in lines[1:]:
            st.markdown(plain(line))


def overview_tab(found: Findings) -> None:
    table = found.drift.table
    columns = st.columns(4)
    columns[0].metric(
        "Features drifted", f"{len(found.drift.drifted)} of {len(found.drift.baseline.features)}"
    )
    columns[1].metric("Alerts", len(found.alerts))
    if found.performance is not None:
        for place, (label, value, before) in zip(columns[2:], key_numbers(found), strict=False):
            place.metric(label, f"{value:.3f}", f"{value - before:+.3f}")
    else:
        columns[2].metric("Rows compared", f"{found.drift.current.rows:,}")
    for alert in found.alerts:
        st.markdown(f"{SEVERITY_MARKS[alert.severity]} **{alert.severity}** {plain(alert.message)}")
    if not found.alerts:
        st.markdown("No alerts.")
    st.download_button(
        "Download alerts (JSON)",
        json.dumps([asdict(alert) for alert in found.alerts], indent=1),
        "alerts.json",
        "application/json",
    )
    before, after = found.drift.baseline.rows, found.drift.current.rows
    st.caption(f"{before:,} reference rows and {after:,} current rows, {len(table)} columns.")


def key_numbers(found: Findings) -> list[tuple[str, float, float]]:
    """Latest and reference values of the metrics that most people ask for first."""
    table, before = found.performance.table, found.performance.reference
    rows = []
    for metric, label in (
        ("accuracy", "Accuracy, latest window"),
        ("roc_auc", "ROC AUC, latest window"),
    ):
        values = table.loc[table["metric"] == metric, "value"].dropna()
        reference = before.loc[before["metric"] == metric, "value"]
        if len(values) and len(reference):
            rows.append((label, values.iloc[-1], reference.iloc[0]))
    return rows


def drift_tab(found: Findings) -> None:
    st.subheader(plain(found.trend.headline))
    chart(charts.drift_heatmap(found.trend), "heatmap")
    chart(charts.psi_trend(found.trend), "psi")
    names = [
        name
        for name in found.drift.table.index
        if found.drift.baseline.columns[name].kind in COMPARABLE
    ]
    ordered = found.drift.table.loc[names].sort_values("psi", ascending=False).index.tolist()
    if ordered:
        feature = st.selectbox("Feature", ordered)
        chart(charts.feature_distribution(found.drift, feature), "feature")
    st.dataframe(found.drift.table, width="stretch")
    st.download_button(
        "Download drift table (CSV)", safe_csv(found.drift.table), "drift_summary.csv", "text/csv"
    )


def performance_tab(found: Findings) -> None:
    for remark in found.remarks:
        st.info(plain(remark))
    if found.performance is not None:
        performance_parts(found.performance, "performance")
    if found.estimate is not None:
        if found.performance is not None and "accuracy" in set(found.performance.table["metric"]):
            chart(
                charts.realised_against_estimated(found.performance, found.estimate, "accuracy"),
                "estimated",
            )
        st.caption(plain(found.estimate.assumption))


def performance_parts(performance: dl.Performance, key: str) -> None:
    st.subheader(plain(performance.headline))
    present = list(dict.fromkeys(performance.table["metric"]))
    shown = st.multiselect("Metrics", present, present[:4], key=f"{key}-metrics")
    if shown:
        chart(charts.metric_trend(performance, metrics=shown), f"{key}-trend")
    st.dataframe(performance.table, width="stretch")
    st.download_button(
        "Download metrics (CSV)",
        safe_csv(performance.table, index=False),
        "metrics.csv",
        "text/csv",
        key=f"{key}-csv",
    )


def why_tab(reason: dl.Diagnosis | None) -> None:
    if reason is None:
        return
    st.subheader(plain(reason.headline))
    if reason.reason:
        st.info(plain(reason.reason))
    chart(charts.loss_waterfall(reason), "waterfall")
    st.dataframe(reason.terms, width="stretch")


def upload_tab(tolerance: float) -> None:
    st.subheader("Evaluate predictions")
    st.markdown(
        "A file with the columns `y_true`, `y_pred` and, where there is one, `y_proba` is "
        "evaluated at once."
    )
    file = st.file_uploader("Predictions (CSV)", type=["csv", "parquet"], key="predictions")
    st.caption(LIMITS)
    st.download_button(
        "Download a sample to try",
        (HERE / "data" / "predictions_sample.csv").read_bytes(),
        "predictions_sample.csv",
        "text/csv",
    )
    if file is None:
        return
    frame = guarded(uploaded, file.file_id, file, "predictions")
    if frame is None:
        return
    names = columns_of(frame)
    if names is None:
        return
    size = fitting_window(frame)
    left, right = st.columns(2)
    window = left.number_input("Rows a window", 1, max(size, len(frame)), size, key="window")
    least = right.number_input("Alert when accuracy falls below", 0.0, 1.0, 0.7, 0.01)
    key = (file.file_id, *names.values())
    performance = guarded(evaluated, key, int(window), least, names, _frame=frame)
    if performance is not None:
        upload_results(performance, frame, names)


def columns_of(frame: pd.DataFrame) -> dict[str, str] | None:
    """Names of the label, prediction and probability; asked for where they are not the usual."""
    usual = {"y_true": "y_true", "y_pred": "y_pred", "y_proba": "y_proba"}
    absent = [name for name in ("y_true", "y_pred") if name not in frame.columns]
    if not absent:
        return usual
    st.error(
        plain(
            f"The file has no column {' and no column '.join(absent)}. "
            "Say below which of its columns hold what."
        )
    )
    with st.form("mapping"):
        none = "(none)"
        choices = [none, *frame.columns]
        chosen = {
            name: st.selectbox(f"{label} ({name})", choices)
            for name, label in (
                ("y_true", "What happened"),
                ("y_pred", "What the model said"),
                ("y_proba", "How likely it thought it"),
            )
        }
        st.form_submit_button("Evaluate")
    if none in (chosen["y_true"], chosen["y_pred"]):
        return None
    return {name: usual[name] if column == none else column for name, column in chosen.items()}


@st.cache_resource(max_entries=8, show_spinner="Evaluating ...", ttl=900)
def evaluated(
    key: tuple[str, ...], window: int, least: float, names: dict[str, str], _frame: pd.DataFrame
) -> dl.Performance:
    whole = dl.track_performance(_frame, **names)
    limits = {"accuracy": least} if "accuracy" in set(whole.table["metric"]) else None
    return dl.track_performance(_frame, window=window, thresholds=limits, **names)


def upload_results(performance: dl.Performance, frame: pd.DataFrame, names: dict[str, str]) -> None:
    whole = dl.track_performance(frame, **names).table
    for place, (_, row) in zip(st.columns(4), whole.iterrows(), strict=False):
        place.metric(
            row["metric"],
            f"{row['value']:.3f}",
            help=f"95 %: {row['lower']:.3f} to {row['upper']:.3f}",
        )
    for note in performance.notes:
        st.caption(plain(note))
    for alert in make_alerts(performance):
        st.warning(plain(alert.message))
    performance_parts(performance, "upload")
    matrix = confusion_counts(frame, **names) if performance.task != "regression" else None
    figures = [charts.metric_trend(performance)]
    if matrix is not None:
        figures.append(charts.confusion_matrix(matrix))
        chart(figures[-1], "confusion")
    st.download_button(
        "Download results (JSON)",
        json.dumps(performance.to_dict(), indent=1),
        "performance.json",
        "application/json",
    )
    st.download_button(
        "Download report (HTML)",
        lambda: single_page(
            "Performance of the uploaded predictions",
            performance.headline,
            figures,
            {"All rows": whole, "Windows": performance.table},
        ),
        "performance.html",
        "text/html",
    )


if __name__ == "__main__":
    main()
