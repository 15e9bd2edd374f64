"""The Streamlit page: every tab, both sliders, uploads good and bad; no traceback, ever."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import driftlib as dl

pytest.importorskip("streamlit")
from streamlit.testing.v1 import AppTest

PAGE = Path(__file__).parent.parent / "streamlit_app.py"
SAMPLE = PAGE.parent / "data" / "predictions_sample.csv"


def opened(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=120)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def metric(app: AppTest, label: str) -> str:
    return next(item.value for item in app.metric if item.label == label)


def shared(app: AppTest, name: str) -> str:
    value = app.query_params[name]
    return value[0] if isinstance(value, list) else value


def uploaded(app: AppTest, content: bytes, name: str = "predictions.csv") -> AppTest:
    return app.file_uploader[0].upload(name, content, "text/csv").run()


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [item.value.replace("\\", "") for item in app.error]


def test_first_load_simulates_and_fills_every_tab():
    app = opened(rows="1000")
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["Overview", "Drift", "Performance", "Why", "Upload"]
    assert [s.label for s in app.sidebar.slider[:2]] == ["Label flips", "Feature drift"]
    assert len(app.file_uploader) == 1
    data = dl.simulate(1000, feature_drift=0.5, label_flips=0.1, seed=0)
    drift = dl.detect_drift(data.reference, data.current, timestamp="timestamp")
    assert metric(app, "Features drifted") == f"{len(drift.drifted)} of 8"
    assert all(len(tab.children) for tab in app.tabs)


def test_label_flips_lower_the_accuracy_and_leave_the_features_alone():
    app = opened(rows="2000", drift="0", flips="0")
    before = float(metric(app, "Accuracy, current"))
    app.sidebar.slider[0].set_value(0.4).run()
    assert not app.exception
    assert metric(app, "Features drifted") == "0 of 8"
    assert float(metric(app, "Accuracy, current")) < before - 0.2


def test_feature_drift_shows_in_the_features():
    app = opened(rows="2000", drift="0", flips="0")
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


def test_the_flights_are_a_choice():
    app = opened(data="Flights")
    assert not app.exception
    reference, current = (PAGE.parent / "data" / f"{s}.parquet" for s in ("reference", "current"))
    drift = dl.detect_drift(reference, current, timestamp="timestamp")
    assert metric(app, "Features drifted") == f"{len(drift.drifted)} of 15"


def test_upload_is_evaluated_at_once():
    app = uploaded(opened(rows="500"), SAMPLE.read_bytes())
    assert errors(app) == []
    expected = dl.track_performance(SAMPLE).table.set_index("metric")["value"]
    for name in ("accuracy", "precision", "recall"):
        assert metric(app, name.capitalize()) == f"{expected[name]:.3f}"


def test_upload_with_other_names_asks_which_is_which():
    frame = pd.read_csv(SAMPLE).rename(columns={"y_true": "late", "y_pred": "said"})
    app = uploaded(opened(rows="500"), frame.to_csv(index=False).encode())
    assert "no column y_true" in errors(app)[0]
    boxes = {box.label: box for box in app.selectbox}
    boxes["What happened (y_true)"].set_value("late")
    boxes["What the model said (y_pred)"].set_value("said")
    app.button[0].click().run()
    expected = dl.track_performance(SAMPLE).table.set_index("metric")["value"]
    assert metric(app, "Accuracy") == f"{expected['accuracy']:.3f}"


PREDICTIONS = "y_true,y_pred,y_proba\n"
BAD = {
    "empty": (b"", "is empty"),
    "binary": (bytes(range(256)) * 20, "it is binary"),
    "semicolons": (b"y_true;y_pred\n1;0\n0,5;1\n", "separated by semicolons"),
    "encoding": ("y_true,y_pred\nja,n\xe9in\n".encode("latin-1"), "not UTF-8"),
    "wide": (",".join(f"c{i}" for i in range(10_000)).encode() + b"\n1\n", "10,000 columns"),
    "twice": (b"y_true,y_true,y_pred\n1,1,1\n", "more than one column named 'y_true'"),
    "ragged": (b"y_true,y_pred\n1,1\n1\n", "cannot be read as CSV"),
    "range": ((PREDICTIONS + "1,1,0.5\n0,1,1.7\n").encode(), "1.7"),
    "infinite": ((PREDICTIONS + "1,1,0.5\n0,1,inf\n").encode(), "inf"),
    "strangers": (b"y_true,y_pred\n1,yes\n0,no\n", "share no label"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_get_a_sentence(kind):
    content, words = BAD[kind]
    app = uploaded(opened(rows="500"), content, "../../etc/<script>.csv")
    assert any(words in message for message in errors(app)), errors(app)
    shown = "".join(errors(app))
    assert "Traceback" not in shown
    assert "<script>" not in shown
    assert len(app.tabs) == 5


@pytest.mark.parametrize(
    "content",
    [
        "y_true,y_pred\n" + "1,1\n" * 30,
        'y_true,y_pred\n"a\nb",c\n"a\nb","a\nb"\nc,c\n',
        "y_true,y_pred\n=1+1,x\nx,=1+1\n=1+1,=1+1\n",
        PREDICTIONS + "1,1,\n0,,0.2\n,1,0.9\n1,1,0.8\n0,0,0.1\n",
    ],
    ids=["one class", "quoted newlines", "formulas", "gaps"],
)
def test_odd_files_are_evaluated(content):
    app = uploaded(opened(rows="500"), content.encode())
    assert errors(app) == []
    assert 0 <= float(metric(app, "Accuracy")) <= 1


def test_own_data_in_the_sidebar():
    app = opened(data="Own data", rows="500")
    assert not app.exception
    assert len(app.file_uploader) == 3
    rng = np.random.default_rng(1)
    sides = [pd.DataFrame({"x": rng.normal(s, 1, 400), "=y": rng.normal(size=400)}) for s in (0, 1)]
    for uploader, side in zip(app.sidebar.get("file_uploader"), sides, strict=True):
        uploader.upload("data.csv", side.to_csv(index=False).encode(), "text/csv")
    app.run()
    assert not app.exception
    assert metric(app, "Features drifted") == "1 of 2"
    assert any("y_true" in item.value.replace("\\", "") for item in app.info)
