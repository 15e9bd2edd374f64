"""The Streamlit page in a browser: what people see, do, upload and take away."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import driftlib as dl

pytest.importorskip("streamlit")
pytest.importorskip("playwright")
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    TimeoutError,
    expect,
)

from tests.browser import PATIENCE, assert_sound, faults_of, served, settled, visit

# In one process, so that there is one server.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("page")]

ROOT = Path(__file__).parent.parent
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"
SAMPLE = ROOT / "data" / "predictions_sample.csv"
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def address(browser: Browser, tmp_path_factory) -> Iterator[str]:
    """Where the page is served; whatever is done to it, its log must hold no traceback."""
    log = tmp_path_factory.mktemp("page") / "log"
    with served(ROOT, log) as address:
        yield address
    assert "Traceback" not in log.read_text()


def opened(page: Page, address: str, query: str) -> Page:
    """The page as an address opens it; it talks to nobody but its server."""
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{address}?{query}")
    settled(page)
    assert sockets
    assert all(url.startswith("ws://127.0.0.1:") for url in sockets)
    return page


# Most of a test's time is the page's first load.
@pytest.fixture(scope="module")
def app(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page with little data, which nothing happened to yet."""
    yield from kept(context, address, "rows=500&drift=0&flips=0")


@pytest.fixture(scope="module")
def own(context: BrowserContext, address: str) -> Iterator[Page]:
    """The page where nothing is simulated, and files are to be chosen."""
    yield from kept(context, address, "data=Your+two+files")


def kept(context: BrowserContext, address: str, query: str) -> Iterator[Page]:
    """A page for the tests that follow; none of them may make it ask a network or fail."""
    page = context.new_page()
    faults = faults_of(page)
    yield opened(page, address, query)
    page.close()
    assert not faults, faults


def tab(page: Page, name: str) -> Locator:
    page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel", name=name)


def metric(page: Page, label: str) -> Locator:
    shown = page.get_by_test_id("stMetric").filter(
        has=page.get_by_test_id("stMetricLabel").get_by_text(label, exact=True)
    )
    return shown.get_by_test_id("stMetricValue")


def choose_file(page: Page, content: bytes, name: str = "predictions.csv") -> None:
    panel = tab(page, "Predictions only")
    panel.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": content}
    )


def download(page: Page, label: str) -> Path:
    # A report is made when it is asked for: of the run that drew the button.
    settled(page)
    with page.expect_download(timeout=PATIENCE) as waiting:
        page.get_by_role("button", name=label).locator("visible=true").click()
    return Path(waiting.value.path())


def test_every_tab_can_be_read_on_a_phone_in_either_scheme(browser: Browser, address: str):
    phone = browser.new_context(user_agent=PHONE, viewport={"width": 390, "height": 844})
    page = phone.new_page()
    faults = faults_of(page)
    app = opened(page, address, "rows=500")
    expect(metric(app, "Features drifted")).to_have_text(re.compile(r"^\d of 8$"))
    expect(app.get_by_text(re.compile("drift: .*Brier score")).first).to_be_visible()
    for name, charts in {"Drift": 3, "Performance": 2, "Why": 2}.items():
        panel = tab(app, name)
        # A tab that is chosen is in the address, so that the page is answered anew: a click
        # meanwhile would have it begin again.
        settled(app)
        for scheme in ("light", "dark"):
            app.emulate_media(color_scheme=scheme)
            read(app, panel, charts, scheme)
    phone.close()
    assert not faults, faults


def read(app: Page, panel: Locator, charts: int, scheme: str) -> None:
    """Every word of a tab's charts stands out, and nothing reaches past the side."""
    app.wait_for_function(
        """dark => {
            const app = document.querySelector('[data-testid="stApp"]');
            const [red] = getComputedStyle(app).backgroundColor.match(/\\d+/);
            return (Number(red) < 128) === dark;
        }""",
        arg=scheme == "dark",
    )
    settled(app)
    expect(panel.get_by_test_id("stPlotlyChart").nth(charts - 1)).to_be_visible()
    texts = panel.locator('.main-svg [style*="fill: rgb(113, 118, 126)"]')
    expect(texts.first).to_be_visible()
    faint = texts.evaluate_all(
        """texts => {
            const light = colour => {
                const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => {
                    const c = part / 255;
                    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
                });
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
            };
            const app = document.querySelector('[data-testid="stApp"]');
            const ground = light(getComputedStyle(app).backgroundColor);
            return texts.map(text => light(getComputedStyle(text).fill)).map(ink =>
                (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05))
                .filter(contrast => contrast < 4.5);
        }"""
    )
    assert faint == []
    for drawn in panel.locator(".main-svg").all():
        assert drawn.bounding_box()["width"] <= 390
    assert app.evaluate("document.documentElement.scrollWidth") <= 390


def test_sliders_answer_to_the_keyboard_and_the_address_keeps_them(app: Page):
    expect(metric(app, "Features drifted")).to_have_text("0 of 8")
    before = float(metric(app, "Accuracy, current").inner_text())
    slider = app.get_by_role("slider", name="Label flips")
    slider.focus()
    slider.press("End")
    data = dl.simulate(500, feature_drift=0, label_flips=0.5, seed=0)
    table = dl.track_performance(data.current).table.set_index("metric")
    after = table.loc["accuracy", "value"]
    expect(metric(app, "Accuracy, current")).to_have_text(f"{after:.3f}")
    assert after < before - 0.2
    slider = app.get_by_role("slider", name="Feature drift")
    slider.focus()
    slider.press("End")
    expect(metric(app, "Features drifted")).to_have_text("4 of 8")
    assert "flips=0.5" in app.url
    assert "drift=3" in app.url
    app.reload()
    settled(app)
    expect(metric(app, "Features drifted")).to_have_text("4 of 8")


def test_the_sample_is_evaluated_and_its_results_can_be_taken_away(own: Page, page: Page):
    app = own
    panel = tab(app, "Predictions only")
    assert download(app, "Download a sample to try").read_bytes() == SAMPLE.read_bytes()
    choose_file(app, SAMPLE.read_bytes())
    expected = dl.track_performance(SAMPLE).table.set_index("metric")["value"]
    expect(metric(app, "Accuracy")).to_have_text(f"{expected['accuracy']:.3f}")
    expect(metric(app, "ROC AUC")).to_have_text(f"{expected['roc_auc']:.3f}")
    expect(panel.get_by_test_id("stPlotlyChart")).to_have_count(2)
    taken = json.loads(download(app, "Download results (JSON)").read_text())
    assert taken["task"] == "binary"
    table = pd.read_csv(download(app, "Download metrics (CSV)"))
    windows = dl.track_performance(SAMPLE, window=167, thresholds={"accuracy": 0.7}).table
    pd.testing.assert_series_equal(table["value"], windows["value"])
    report = download(app, "Download report (HTML)")
    copy = report.with_name("report.html")
    report.rename(copy)
    assert_sound(visit(page, copy))
    expect(page.locator("figure.chart")).to_have_count(2)


def test_the_report_on_two_periods_opens_by_itself(app: Page, page: Page):
    tab(app, "Overview")
    report = download(app, "Download report (HTML)")
    copy = report.with_name("both.html")
    report.rename(copy)
    assert_sound(visit(page, copy))
    assert page.locator("figure.chart").count() >= 4


BAD = {
    "../../etc/passwd.csv": (b"", "is empty"),
    "<img src=x onerror=alert(1)>.csv": (bytes(range(256)) * 20, "it is binary"),
    "semicolons.csv": (b"y_true;y_pred\n1;0\n0\n", "separated by semicolons"),
    "latin.csv": ("y_true,y_pred\nja,нет\n".encode("cp1251"), "not UTF-8"),
    "wide.csv": (",".join(f"c{i}" for i in range(10_000)).encode() + b"\n1\n", "10,000 columns"),
    "twice.csv": (b"y_true,y_true,y_pred\n1,1,1\n", "more than one column named 'y_true'"),
    "range.csv": (b"y_true,y_pred,y_proba\n1,1,0.5\n0,1,1.7\n", "1.7"),
    "markup.csv": (
        b"<img src=x onerror=alert(1)>,**$x^2$**\n1,2\n",
        "The file has no column y_true and no column y_pred",
    ),
}


def test_what_cannot_be_used_gets_one_sentence(own: Page):
    app = own
    panel = tab(app, "Predictions only")
    errors = panel.get_by_test_id("stAlertContentError")
    for name, (content, words) in BAD.items():
        choose_file(app, content, name)
        expect(errors.filter(has_text=words)).to_be_visible()
        settled(app)
        expect(errors).to_have_count(1)
        assert "Traceback" not in panel.inner_text()
    # The last one asks which column is which, in the file's own words.
    choice = panel.get_by_role("combobox", name=re.compile("What happened"))
    option = app.get_by_role("option", name="<img src=x onerror=alert(1)>")
    # The list closes where the page is answered anew: once seen is enough.
    seen = False
    for _ in range(4):
        choice.focus()
        choice.press("ArrowDown")
        with contextlib.suppress(TimeoutError):
            option.wait_for(timeout=15_000)
            seen = True
            break
    assert seen
    assert app.locator("img[src=x]").count() == 0
    # An open list hides all else from those who hear the page.
    app.keyboard.press("Escape")


def choose(app: Page, label: str, file: FilePayload) -> None:
    """Choose a file, again where Streamlit lost it while it answered an earlier choice."""
    uploader = tab(app, "Your two files").get_by_role("region", name=label)
    for wait in (10_000, 60_000):
        uploader.locator("input[type=file]").set_input_files(file)
        with contextlib.suppress(TimeoutError):
            uploader.get_by_text(file["name"]).wait_for(timeout=wait)
            break
    expect(uploader.get_by_text(file["name"])).to_be_visible()
    settled(app)


def test_own_data_with_hostile_names(own: Page):
    app = own
    rng = np.random.default_rng(0)
    shift, count = "<img src=x onerror=alert(1)>", 400
    names = [shift, "**bold** $x^2$ [a](http://example.com)", "=1+1"]
    sides = [
        pd.DataFrame({name: rng.normal(size=count) for name in names} | {"label": ["a", "b"] * 200})
        for _ in range(2)
    ]
    sides[1][shift] += 2
    for label, side in zip(("Reference data", "Current data"), sides, strict=True):
        content = side.to_csv(index=False).encode()
        choose(app, label, {"name": "<b>x</b>.csv", "mimeType": "text/csv", "buffer": content})
    expect(metric(app, "Features drifted")).to_have_text("1 of 4")
    settled(app)
    panel = tab(app, "Overview")
    expect(
        panel.get_by_text(f"1 of 4 features drifted against the reference: {shift}")
    ).to_be_visible()
    panel = tab(app, "Drift")
    expect(panel.get_by_test_id("stPlotlyChart")).to_have_count(3)
    table = pd.read_csv(download(app, "Download drift table (CSV)"))
    assert table["feature"].tolist() == [*names[:2], "'=1+1", "label"]
    panel.get_by_test_id("stDataFrame").hover()
    expect(panel.get_by_role("button", name="Fullscreen").last).to_be_visible()
    expect(panel.locator("button[aria-label='Download as CSV']")).to_be_hidden()
    tab(app, "Performance")
    tab(app, "Why")
    settled(app)
    assert app.locator("img[src=x]").count() == 0
    assert app.locator(".katex").count() == 0
    assert app.locator("a[href*='example.com']").count() == 0
