"""The Streamlit page: every tab, both sliders, uploads good and bad; no traceback, ever."""

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import driftlib as dl
from driftlib.data import opening
from driftlib.data.uploads import MOST_MEGABYTES
from driftlib.reporting.hosts import check_host

pytest.importorskip("streamlit")
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

# The page shows what the models say, whatever they are.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("few_trees")]

PAGE = Path(__file__).parent.parent / "streamlit_app.py"
SAMPLE = PAGE.parent / "data" / "predictions_sample.csv"
FILES = "Your two files"


@pytest.fixture(scope="module", autouse=True)
def scanned() -> Iterator[None]:
    """Read what all installed packages say of themselves once, not once a page: half a second."""
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


@pytest.fixture(scope="module")
def visited() -> AppTest:
    """A page that many files are uploaded to, one after another; it shows nothing else."""
    return opened(data=FILES)


def metric(app: AppTest, label: str) -> str:
    return next(item.value for item in app.metric if item.label == label)


def shared(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value[0] if isinstance(value, list) else value


def uploaded(app: AppTest, content: bytes, name: str = "predictions.csv") -> AppTest:
    uploader = next(one for one in app.file_uploader if one.key == "predictions")
    return uploader.upload(name, content, "text/csv").run()


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [item.value.replace("\\", "") for item in app.error]


def test_first_load_simulates_and_fills_every_tab(monkeypatch):
    monkeypatch.setattr("driftlib.reporting.app.DEALS", 6)
    monkeypatch.setattr("driftlib.reporting.app.TRIES", 2)
    app = opened(rows="500", advise="true")
    assert not app.exception
    assert [tab.label for tab in app.tabs] == [
        FILES,
        "Overview",
        "Drift",
        "Performance",
        "Why",
        "Predictions only",
    ]
    assert [s.label for s in app.sidebar.slider[:2]] == ["Label flips", "Feature drift"]
    assert len(app.file_uploader) == 3
    data = dl.simulate(500, feature_drift=0.5, label_flips=0.1, seed=0)
    drift = dl.detect_drift(data.reference, data.current, timestamp="timestamp")
    assert metric(app, "Features drifted") == f"{len(drift.drifted)} of 8"
    assert all(len(tab.children) for tab in app.tabs)
    advice = dl.advise(data.reference, data.current, timestamp="timestamp")
    (said,) = [one.value for one in app.markdown if "judged on the newer" in one.value]
    assert said.replace("\\", "").startswith(f"**{advice.headline}")
    audited = "A check of 7 days (about 125 rows) alarms without any change for drift in"
    for asked in (False, True):
        if asked:
            app.button(key="audit").click().run()
        assert errors(app) == []
        texts = [one.value.replace("\\", "") for one in app.markdown]
        assert any(text.startswith(f"**{audited}") for text in texts) == asked


def test_label_flips_lower_the_accuracy_and_leave_the_features_alone():
    app = opened(rows="500", drift="0", flips="0")
    before = float(metric(app, "Accuracy, current"))
    app.sidebar.slider[0].set_value(0.4).run()
    assert not app.exception
    assert metric(app, "Features drifted") == "0 of 8"
    assert float(metric(app, "Accuracy, current")) < before - 0.2


def test_feature_drift_shows_in_the_features():
    app = opened(rows="500", drift="0", flips="0")
    assert metric(app, "Features drifted") == "0 of 8"
    moved = app.sidebar.slider[1].set_value(2.0).run()
    assert metric(moved, "Features drifted") == "4 of 8"


def test_settings_come_from_the_address_and_nonsense_is_ignored():
    app = opened(rows="500", drift="1.5", flips="nonsense", alpha="9", seed="-4", psi="nan")
    assert not app.exception
    assert [s.value for s in app.sidebar.slider] == [0.1, 1.5, 0.05, 0.1, 0.02]
    assert app.sidebar.number_input[0].value == 0
    assert shared(app, "drift") == "1.5"
    assert shared(app, "rows") == "500"


def test_the_flights_are_a_choice(monkeypatch):
    whole = opening.read_frame
    monkeypatch.setattr(opening, "read_frame", lambda *asked: whole(*asked).iloc[::6])
    app = opened(data="Flights")
    assert not app.exception
    # Every sixth row. Those of which there is an alert: one over the whole period, one in a month.
    assert metric(app, "Features drifted") == "2 of 15"
    said = " ".join(item.value.replace("\\", "") for item in app.markdown)
    assert "temp drifted in 7 of 9 windows" in said
    assert "plane_year drifted in 1 of 9 windows" in said


def test_upload_is_evaluated_at_once(visited):
    app = uploaded(visited, SAMPLE.read_bytes())
    assert errors(app) == []
    expected = dl.track_performance(SAMPLE).table.set_index("metric")["value"]
    for name in ("accuracy", "precision", "recall"):
        assert metric(app, name.capitalize()) == f"{expected[name]:.3f}"


def test_upload_with_other_names_asks_which_is_which(visited):
    frame = pd.read_csv(SAMPLE).rename(columns={"y_true": "late", "y_pred": "said"})
    app = uploaded(visited, frame.to_csv(index=False).encode())
    assert "no column y_true" in errors(app)[0]
    boxes = {box.label: box for box in app.selectbox}
    boxes["What happened (y_true)"].set_value("late")
    boxes["What the model said (y_pred)"].set_value("said")
    next(one for one in app.button if one.label == "Evaluate").click().run()
    expected = dl.track_performance(SAMPLE).table.set_index("metric")["value"]
    assert metric(app, "Accuracy") == f"{expected['accuracy']:.3f}"


def test_scores_alone_are_evaluated_and_a_threshold_makes_predictions_of_them(visited):
    frame = pd.read_csv(SAMPLE).drop(columns="y_pred")
    app = uploaded(visited, frame.to_csv(index=False).encode(), "scores.csv")
    assert errors(app) == []
    known = dl.track_performance(frame, threshold=0.3).table.set_index("metric")["value"]
    assert metric(app, "ROC AUC") == f"{known['roc_auc']:.3f}"
    assert "Accuracy" not in [one.label for one in app.metric]
    boxes = [one for one in app.number_input if one.label.startswith("Probability from which")]
    boxes[-1].set_value(0.3)
    next(one for one in app.button if one.label == "Evaluate").click().run()
    assert metric(app, "Accuracy") == f"{known['accuracy']:.3f}"
    assert any("rows labelled 1" in item.value for item in app.markdown)


PREDICTIONS = "y_true,y_pred,y_proba\n"
BAD = {
    "empty": (b"", "is empty"),
    "binary": (bytes(range(256)) * 20, "it is binary"),
    "semicolons": (b"y_true;y_pred\n1;0\n0\n", "separated by semicolons"),
    "encoding": ("y_true,y_pred\nja,нет\n".encode("cp1251"), "not UTF-8"),
    "wide": (",".join(f"c{i}" for i in range(10_000)).encode() + b"\n1\n", "10,000 columns"),
    "twice": (b"y_true,y_true,y_pred\n1,1,1\n", "more than one column named 'y_true'"),
    "ragged": (b"y_true,y_pred\n1,1\n1\n", "cannot be read as CSV"),
    "range": ((PREDICTIONS + "1,1,0.5\n0,1,1.7\n").encode(), "1.7"),
    "infinite": ((PREDICTIONS + "1,1,0.5\n0,1,inf\n").encode(), "inf"),
    "strangers": (b"y_true,y_pred\n1,yes\n0,no\n", "share no label"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_get_a_sentence(visited, kind):
    content, words = BAD[kind]
    app = uploaded(visited, content, "../../etc/<script>.csv")
    assert any(words in message for message in errors(app)), errors(app)
    shown = "".join(errors(app))
    assert "Traceback" not in shown
    assert "<script>" not in shown
    assert len(app.tabs) == 6


@pytest.mark.parametrize(
    "content",
    [
        "y_true,y_pred\n" + "1,1\n" * 30,
        'y_true,y_pred\n"a\nb",c\n"a\nb","a\nb"\nc,c\n',
        "y_true;y_pred\n" + "1;1\n" * 20 + "0;0\n",
        "y_true,y_pred\n=1+1,x\nx,=1+1\n=1+1,=1+1\n",
        PREDICTIONS + "1,1,\n0,,0.2\n,1,0.9\n1,1,0.8\n0,0,0.1\n",
    ],
    ids=["one class", "quoted newlines", "semicolons", "formulas", "gaps"],
)
def test_odd_files_are_evaluated(visited, content):
    app = uploaded(visited, content.encode())
    assert errors(app) == []
    said = [text.value for text in app.caption if "semicolons between its cells" in text.value]
    assert bool(said) == (";" in content)
    assert 0 <= float(metric(app, "Accuracy")) <= 1


def own(*sides: bytes, **query: str) -> AppTest:
    app = opened(**{"data": FILES} | query)
    for side, content in zip(("reference", "current"), sides, strict=True):
        upload(app, side, "../../x.csv", content)
    return app.run()


def upload(app: AppTest, key: str, name: str, content: bytes) -> None:
    next(one for one in app.file_uploader if one.key == key).upload(name, content, "text/csv")


@pytest.mark.parametrize("kind", ["empty", "binary", "semicolons", "encoding", "wide", "twice"])
def test_bad_own_data_get_a_sentence_that_says_which(kind):
    content, words = BAD[kind]
    app = own(SAMPLE.read_bytes(), content)
    assert len(errors(app)) == 1
    assert words in errors(app)[0]
    assert "the current file" in errors(app)[0]
    assert len(app.file_uploader) == 3


@pytest.mark.parametrize("fault", ["infinite", "one class", "range", "text"])
def test_faults_in_labels_of_own_data_leave_the_drift_to_be_seen(fault):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=300), "y_proba": rng.random(300).round(3)})
    frame["y_true"] = frame["y_pred"] = (frame["y_proba"] > 0.5).astype(int)
    bad = frame.copy()
    if fault == "infinite":
        bad["x"] = [np.inf, -np.inf, np.nan] * 100
    elif fault == "one class":
        bad["y_true"] = 1
    else:
        bad["y_proba"] = 1.7 if fault == "range" else "high"
    app = own(*(side.to_csv(index=False).encode() for side in (frame, bad)))
    assert errors(app) == []
    assert metric(app, "Features drifted") == ("1 of 1" if fault == "infinite" else "0 of 1")


def test_names_of_columns_and_the_window_can_be_set_and_shared():
    data = dl.simulate(1000, feature_drift=0, label_flips=0.3, seed=1)
    names = {"y_true": "bought", "y_proba": "chance", "timestamp": "day"}
    sides = [
        side.drop(columns="y_pred").rename(columns=names).to_csv(index=False).encode()
        for side in (data.reference, data.current)
    ]
    query = {f"column_{role}": name for role, name in names.items() if role != "timestamp"}
    app = own(*sides, window="Week", **query)
    assert "Accuracy, current" not in [one.label for one in app.metric]
    # The only column of times is taken as the time, and shown.
    assert next(one for one in app.selectbox if one.label == "Time").value == "day"
    # Of scores alone a threshold makes predictions.
    app = own(*sides, window="Week", threshold="0.5", **query)
    assert errors(app) == []
    accuracy = dl.track_performance(data.current).table.set_index("metric")["value"]["accuracy"]
    assert metric(app, "Accuracy, current") == f"{accuracy:.3f}"
    assert metric(app, "Features drifted") == "0 of 8"
    assert all(shared(app, name) == value for name, value in query.items())


def test_the_dials_stay_where_they_were_while_other_data_are_shown():
    app = opened(rows="500", drift="1.5", flips="0.3")
    app.sidebar.radio[0].set_value(FILES).run()
    app.sidebar.radio[0].set_value("Simulate").run()
    assert not app.exception
    assert [s.value for s in app.sidebar.slider[:2]] == [0.3, 1.5]


def test_features_that_give_the_period_away_can_be_left_out_at_a_press():
    data = dl.simulate(1000, feature_drift=0, label_flips=0.4, seed=0)
    sides = [
        side.assign(month=float(number)).to_csv(index=False).encode()
        for number, side in enumerate((data.reference, data.current))
    ]
    app = own(*sides, column_timestamp="timestamp")
    assert any("month" in item.value for item in app.warning)
    press = next(button for button in app.button if button.label == "Compare without month")
    app = press.click().run()
    assert errors(app) == []
    assert len(app.warning) == 0
    assert any(item.value.startswith("Concept drift") for item in app.markdown)


def test_what_nobody_foresaw_is_no_traceback_and_leaves_the_rest_alone(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("secret path")

    monkeypatch.setattr("driftlib.diagnosis.setup.DiagnosisSetup.read", fail)
    app = opened(rows="500", seed="77")
    assert len(errors(app)) == 1
    assert "fault of this page" in errors(app)[0]
    assert metric(app, "Features drifted").endswith("of 8")
    assert not any("secret" in str(item.value) for item in (*app.error, *app.markdown))


def test_the_page_is_served_here_only_and_tells_nobody():
    settings = tomllib.loads((PAGE.parent / ".streamlit" / "config.toml").read_text())
    assert settings["server"]["address"] == "localhost"
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["server"]["maxUploadSize"] == MOST_MEGABYTES


def fill(app: AppTest, key: str, value: object) -> None:
    """Fill in one field of the form, and send it."""
    fields = (*app.selectbox, *app.multiselect, *app.text_input, *app.number_input)
    next(one for one in fields if one.key == key).set_value(value)
    next(one for one in app.button if one.label == "Compare").click().run()


def test_own_data_in_a_tab():
    app = opened(data=FILES, rows="500")
    assert not app.exception
    assert len(app.file_uploader) == 3
    rng = np.random.default_rng(1)
    sides = [pd.DataFrame({"x": rng.normal(s, 1, 400), "=y": rng.normal(size=400)}) for s in (0, 1)]
    for key, side in zip(("reference", "current"), sides, strict=True):
        upload(app, key, "data.csv", side.to_csv(index=False).encode())
    app.run()
    assert not app.exception
    assert metric(app, "Features drifted") == "1 of 2"
    assert any("y_true" in item.value.replace("\\", "") for item in app.info)
    # Without a time the rows are not cut into windows, as their order says nothing.
    assert any("x: shifted up by" in item.value.replace("\\", "") for item in app.markdown)
    fill(app, "season", ["months"])
    assert any("“like is compared with like by” is 'hour'" in one for one in errors(app))


def test_own_csv_is_read_by_the_parquet_beside_it_and_columns_can_be_left_out(rng, tmp_path):
    rows = 300
    code, late = rng.choice(["007", "010", "NA"], (2, rows)), rng.random((2, rows)) < 0.4
    before, now = (
        pd.DataFrame({"code": c, "late": flag, "batch": number, "x": rng.normal(size=rows)})
        for number, (c, flag) in enumerate(zip(code, late, strict=True))
    )
    before["x"], path = now["x"], tmp_path / "before.parquet"
    before.to_parquet(path)
    text = now.assign(late=now["late"].astype(int)).to_csv(index=False).encode()
    both = {"reference": ("a.parquet", path.read_bytes()), "current": ("b.csv", text)}
    for files in (both, {"reference": both["current"], "current": both["reference"]}):
        app = opened(data=FILES, exclude="batch")
        for key, file in files.items():
            upload(app, key, *file)
        app.run()
        assert not app.exception
        assert metric(app, "Features drifted") == "0 of 3"
        fill(app, "exclude", [])
        assert metric(app, "Features drifted") == "1 of 4"
        fill(app, "exclude", ["bacth"])
        assert any("no column 'bacth'" in error for error in errors(app))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8501", "127.0.0.1:80", "[::1]:8501", "localhost.", None]
)
def test_names_of_this_machine_are_served(host):
    check_host(host)


@pytest.mark.parametrize(
    "host",
    ["example.com", "localhost.example.com:8501", "127.0.0.1.example.com", "[::2]:8501", "", ":80",
     "example.com:8501:localhost", "localhost@example.com"],
)  # fmt: skip
def test_other_names_are_refused(host):
    with pytest.raises(dl.DriftlibError, match="not served under that name"):
        check_host(host)


def test_the_name_that_is_configured_is_served():
    check_host("Monitor.example.org:8501", "monitor.example.org")
    check_host("[2001:db8::1]:8501", "2001:db8::1")
    with pytest.raises(dl.DriftlibError, match="not served under that name"):
        check_host("example.com", "monitor.example.org")


def test_the_page_shows_nothing_under_another_name(monkeypatch):
    import streamlit as st

    monkeypatch.setattr(
        type(st.context), "headers", property(lambda _: {"Host": "evil.example:8501"})
    )
    app = opened(rows="500")
    assert len(errors(app)) == 1
    assert "not served under that name" in errors(app)[0]
    assert not app.metric
    assert not app.tabs
    assert not app.sidebar.children


def test_groups_and_unsound_data_are_shown():
    rng = np.random.default_rng(8)
    number = 2_400
    sides = {
        name: pd.DataFrame(
            {
                "x": rng.normal(size=number),
                "size": rng.gamma(2, 10, number).round(2) + 1,
                "region": rng.choice(["EU", "US"], number),
            }
        )
        for name in ("reference", "current")
    }
    now = sides["current"]
    now.loc[now["region"] == "US", "x"] += 1
    now.loc[::20, "size"] = -999.0
    app = own(*(frame.to_csv(index=False).encode() for frame in sides.values()))
    assert errors(app) == []
    assert any("is -999 in 5 % of its values" in table.value.to_string() for table in app.dataframe)
    (group,) = (box for box in app.selectbox if box.label == "Column with groups")
    assert group.options == ["region"]
    group.set_value("region").run()
    assert errors(app) == []
    tables = [item.value for item in app.dataframe if "feature and group" in item.value.columns]
    (moved,) = (table.set_index("feature and group")["change"] for table in tables)
    assert moved["x where region = US"].endswith("major")
    assert "x where region = EU" not in moved.index


def test_scores_by_class_are_mapped_and_alerts_sent_only_where_receivers_are(monkeypatch):
    rng = np.random.default_rng(9)
    rows = 400
    sides = []
    for shift in (0.0, 2.0):
        kind = rng.integers(0, 3, rows)
        scores = np.eye(3)[kind] * 0.6 + rng.dirichlet([1, 1, 1], rows) * 0.4
        frame = pd.DataFrame(scores, columns=["score_a", "score_b", "score_c"])
        frame["kind"], frame["said"] = np.array(list("abc"))[kind], "a"
        sides.append(frame.assign(x=rng.normal(shift, 1, rows)))
    texts = [frame.to_csv(index=False).encode() for frame in sides]
    monkeypatch.delenv("DRIFTLIB_NOTIFY", raising=False)
    app = own(*texts)
    assert "score" in next(box for box in app.selectbox if box.key == "column_y_proba").options
    for role, name in {"y_true": "kind", "y_pred": "said", "y_proba": "score"}.items():
        next(box for box in app.selectbox if box.key == f"column_{role}").set_value(name)
    next(one for one in app.button if one.label == "Compare").click().run()
    assert errors(app) == []
    assert metric(app, "Features drifted") == "1 of 1"
    assert metric(app, "ROC AUC, current") == "1.000"
    assert "Send alerts" not in [button.label for button in app.button]
    sent = []
    monkeypatch.setenv("DRIFTLIB_NOTIFY", "json://localhost:9/")
    monkeypatch.setattr("driftlib.alerts.sending.send", lambda *told: sent.append(told) or True)
    app.run()
    next(button for button in app.button if button.label == "Send alerts").click().run()
    assert errors(app) == []
    assert len(sent) == 1
    assert sent[0][2].startswith("[major] x: shifted up by 1.9 standard deviations")


def test_no_page_gives_advice_in_python():
    rng = np.random.default_rng(10)
    frame = pd.DataFrame({"x": rng.normal(size=300), "late": rng.integers(0, 2, 300)})
    # A file that is chosen is shown in place of the simulated data.
    app = own(*(frame.to_csv(index=False).encode() for _ in range(2)), data="Simulate", rows="500")
    assert errors(app) == []
    assert shared(app, "data") == FILES
    said = " ".join(
        str(one.value) for one in (*app.info, *app.warning, *app.markdown, *app.caption)
    )
    said = said.replace("\\", "")
    assert "no column 'y_true' with labels" in said
    assert "estimate_performance" not in said
    assert "Pass " not in said
