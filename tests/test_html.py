"""Executed notebooks rendered to pages: structure, escaping, failures, the page in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape

import nbformat
import pandas as pd
import plotly.graph_objects as go
import pytest

from driftlib.errors import ParameterError
from driftlib.html import page as pages
from driftlib.html import table as tables
from driftlib.html.table import mark_table, write_frame, write_table
from driftlib.reporting.export import export, failure_page, failure_sentence
from driftlib.reporting.notebook import DIALS_MIME, SUMMARY_MIME, dials, summarise
from driftlib.reporting.provenance import provenance
from driftlib.visualization import style
from tests.browser import assert_sound, headings, violations, visit

HOSTILE = "<img src=x onerror=window.hacked=1>"
HOSTILE_SCRIPT = "</script><script>window.hacked=2</script>"

Cell = nbformat.NotebookNode


def words(source: str) -> Cell:
    return nbformat.v4.new_markdown_cell(source)


def code(source: str, *outputs: Cell, tags: tuple[str, ...] = (), count: int | None = 1) -> Cell:
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), execution_count=count)
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def shown(**data: object) -> Cell:
    mimes = {"html": "text/html", "markdown": "text/markdown", "plain": "text/plain"}
    data = {mimes.get(name, name): content for name, content in data.items()}
    return nbformat.v4.new_output("display_data", data)


def displayed(thing: object) -> Cell:
    if isinstance(thing, go.Figure):
        bundle = {"application/vnd.plotly.v1+json": json.loads(thing.to_json())}
    else:
        bundle = thing._repr_mimebundle_()
    return nbformat.v4.new_output("display_data", json.loads(json.dumps(bundle)))


def error(name: str, message: str) -> Cell:
    trace = ["Traceback (most recent call last)", 'File "/home/someone/secret.py"', message]
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=trace)


def printed(text: str, stream: str = "stdout") -> Cell:
    return nbformat.v4.new_output("stream", name=stream, text=text)


def notebook(*cells: Cell) -> Cell:
    return nbformat.v4.new_notebook(cells=list(cells))


def bars(title: str = "Late flights rose", name: str = "June", late: float = 0.25):
    chart = style.figure(
        title,
        caption=f"Share late in {name}.",
        alt=f"One bar, for {name}.",
        table=pd.DataFrame({"month": [name], "late": [late]}),
    )
    return chart.add_bar(x=[style.escape(name)], y=[late], name=style.escape(name))


def body(html: str) -> str:
    """A page without the scripts and styles, which are not the notebook's."""
    return re.sub(r"<(script|style)>.*?</\1>", "", html, flags=re.DOTALL)


@pytest.fixture(scope="module")
def rich() -> str:
    """A page with everything on it, made from hostile names."""
    alerts = [
        {"kind": "drift", "subject": HOSTILE, "window": "June", "severity": severity}
        | {"message": f"{HOSTILE} drifted by {HOSTILE_SCRIPT}."}
        for severity in ("major", "moderate", "minor") * 4
    ]
    figures = [
        bars(f"Accuracy falls to {0.9 - flips / 10 - shift / 20:.2f}", f"{flips}, {shift}", flips)
        for flips in range(3)
        for shift in range(2)
    ]
    frame = pd.DataFrame({"feature": [HOSTILE, HOSTILE_SCRIPT], "psi": [0.123, 4.5]})
    wide = pd.DataFrame({f"a column of some width {i}": [i] for i in range(30)})
    cells = [
        words(f"# Drift of flights\n\nWhat moved since March: `{HOSTILE}`."),
        code("reference = 'a.parquet'  # path", tags=("parameters",)),
        code("import driftlib as dl", displayed(summarise(f"{HOSTILE} moved.", alerts=alerts))),
        words("## Which features\n\nText with `code`.\n\n- a\n- b"),
        code("chart", displayed(bars(style.escape(HOSTILE), HOSTILE))),
        words("#### Too deep\n\n```python\nx = 1  # comment\n```\n\n|a|b|\n|-|-|\n|1|2|"),
        code("frame", shown(html=frame._repr_html_(), plain="frame")),
        code("wide", shown(html=wide._repr_html_(), plain="wide")),
        code("text", shown(markdown=f"## Found {HOSTILE}\n\n[a](javascript:alert(1))")),
        code("print(1)", printed(f"{HOSTILE}\n")),
        words("# What if"),
        code(
            "dials(...)",
            displayed(
                dials(figures, {"label flips": ["0 %", "10 %", "20 %"], HOSTILE: [0, 1]}, [1, 1])
            ),
        ),
        words("## Provenance"),
        code("provenance(...)", displayed(provenance(frame, frame, {"alpha": HOSTILE}))),
    ]
    return export(notebook(*cells), "drift").html


def test_one_h1_and_headings_that_never_skip_a_level(rich: str) -> None:
    found = re.findall(r"<h([1-6])[^>]*>(.*?)</h\1>", body(rich), flags=re.DOTALL)
    assert [int(level) for level, _ in found] == [1, 2, 3, 2, 2, 2]
    assert found[0][1] == "Drift of flights"
    assert "<title>Drift of flights</title>" in rich
    assert '<html lang="en">' in rich


def test_contents_lead_to_every_section(rich: str) -> None:
    contents = re.search(r"<nav.*?</nav>", body(rich), flags=re.DOTALL)[0]
    links = re.findall(r'<a href="#([^"]+)">', contents)
    assert len(links) == 6
    assert links[-1] == "words"
    assert all(f' id="{link}"' in rich for link in links)
    assert len(set(re.findall(r' id="([^"]+)"', body(rich)))) == len(
        re.findall(r' id="([^"]+)"', body(rich))
    )


def test_verdict_and_alerts_come_before_everything_else(rich: str) -> None:
    text = body(rich)
    places = [text.index(part) for part in ("<h1>", "verdict-major", "alerts", "What moved since")]
    assert places == sorted(places)
    assert "4 more alerts" in text


def test_code_is_folded_but_there(rich: str) -> None:
    folded = re.findall(r'<details class="code">(.*?)</details>', rich, flags=re.DOTALL)
    assert "<summary>Parameters and their defaults</summary>" in folded[0]
    assert all("<summary>Code</summary>" in fold for fold in folded[1:])
    assert "import" in folded[1]
    assert len(folded) == 9


def test_figures_have_caption_name_and_table(rich: str) -> None:
    figure = rich.index('id="chart-1"')
    text = rich[figure : rich.index("</figure>", figure)]
    assert 'role="img" aria-label="One bar, for &lt;img' in text
    assert "Share late in &lt;img" in text
    assert "<summary>Numbers behind this figure</summary>" in text
    assert '<td class="number">0.25</td>' in text


def test_nothing_from_the_data_becomes_an_element(rich: str) -> None:
    assert "<img" not in body(rich)
    assert "<script>window" not in rich
    assert "javascript:alert" not in rich


def test_plotly_is_embedded_once_and_only_where_there_are_charts(rich: str) -> None:
    assert rich.count(pages.plotly_js()) == 1
    plain = export(notebook(words("# Title"), code("1", shown(plain="1"))), "x").html
    assert "<script" not in plain
    assert len(plain) < 30_000


def test_only_the_two_scripts_of_the_page_may_run(rich: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', rich)[1]
    scripts = re.findall(r"<script>(.*?)</script>", rich, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    assert len(scripts) == 2
    allowed = re.search(r"script-src ([^;]+)", policy)[1].split()
    assert allowed == [*(f"'sha256-{digest}'" for digest in hashes), "'unsafe-eval'"]
    assert policy.startswith("default-src 'none'")
    assert "connect-src" not in policy


def test_own_content_is_small(rich: str) -> None:
    assert len(rich.encode()) - len(pages.plotly_js().encode()) < 150_000


def test_no_address_of_another_host_outside_plotly(rich: str) -> None:
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", body(rich))
    assert "http" not in pages.asset("page.css") + pages.asset("page.js")


@pytest.mark.parametrize("name", ["DriftlibError", "DataError", "ParameterError"])
def test_own_errors_are_shown_as_their_sentence(name: str) -> None:
    message = "current.parquet has no column '<b>y_true</b>': name another."
    cells = [
        words("# Title\n\n## Before"),
        code("1", shown(plain="kept result")),
        code("2", error(name, message)),
        words("## After"),
        code("3", count=None),
        code("4", count=None),
        words("Words after."),
    ]
    page = export(notebook(*cells), "x")
    assert page.failure == message
    text = body(page.html)
    assert "kept result" in text
    assert text.count("current.parquet has no column &#x27;&lt;b&gt;y_true&lt;/b&gt;") == 2
    assert text.count("Not computed, because an earlier step failed.") == 1
    assert "Words after." in text
    assert "Traceback" not in text
    assert "secret" not in text


def test_other_errors_are_one_plain_sentence_without_traceback() -> None:
    page = export(notebook(code("1/0", error("ZeroDivisionError", "division\nby <zero>"))), "Demo")
    expected = "An unexpected error stopped the notebook (ZeroDivisionError: division by <zero>)."
    assert page.failure == expected
    assert "division by &lt;zero&gt;" in page.html
    assert "Traceback" not in page.html
    assert "<h1>Demo</h1>" in page.html


def test_long_messages_are_cut() -> None:
    sentence = failure_sentence("KeyError", "x" * 5000)
    assert len(sentence) < 400


def test_failure_without_a_failed_cell_is_said_on_top() -> None:
    cells = [code("1", shown(plain="one")), code("sleep", count=2), code("3", count=None)]
    page = export(notebook(*cells), "x", failure="A step took too long.")
    assert page.failure == "A step took too long."
    assert "A step took too long." in page.html
    assert page.html.count("Not computed") == 1


def test_failure_page_escapes_and_is_complete() -> None:
    page = failure_page(HOSTILE, HOSTILE_SCRIPT)
    assert page.html.endswith("</html>\n")
    assert page.html.count("<h1>") == 1
    assert HOSTILE not in page.html
    assert HOSTILE_SCRIPT not in page.html


def test_what_is_not_for_the_reader_stays_out() -> None:
    cells = [
        code("x = 1", tags=("parameters",)),
        code("x = '/home/someone/secret'", tags=("injected-parameters",)),
        words("secret banner"),
        code("warn", printed("/tmp/ipykernel_1/secret.py: UserWarning", "stderr")),
    ]
    cells[2].metadata["tags"] = ["papermill-error-cell-tag"]
    html = export(notebook(*cells), "x").html
    assert "secret" not in html


def test_same_notebook_gives_the_same_bytes_whatever_random_ids_pandas_makes() -> None:
    frame = pd.DataFrame({"x": [1.0]})

    def made() -> str:
        styled = shown(html=frame.style.format("{:.2f}")._repr_html_())
        return export(notebook(words("# T"), code("s", styled), code("c", displayed(bars()))), "x")

    assert made() == made()


def test_columns_of_numbers_stand_to_the_right() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "x": [1.5, None], "y": ["1", "b"]})
    table = mark_table(frame.to_html())
    cells = re.findall(r"<(t[hd])([^>]*)>([^<]*)</t[hd]>", table)
    numbers = [text for _, kind, text in cells if "number" in kind]
    assert numbers == ["x", "1.5", "NaN"]


def test_own_tables_mark_numbers_long_texts_and_gaps() -> None:
    rows = [
        [HOSTILE, 0.123456, None, 12345, True, tables.Cell("<a>x</a>", "number")],
        ["b", float("nan"), None, 7, False, tables.Cell("<a>y</a>", "number")],
    ]
    written = write_table(["name", "psi", "gap", "rows", "drifted", "size"], rows)
    assert mark_table(written) == written
    cells = re.findall(r"<t[hd]\b([^>]*)>(.*?)</t[hd]>", written)
    assert cells[:6] == [
        (' scope="col"', "name"),
        (' scope="col" class="number"', "psi"),
        (' scope="col" class="number"', "gap"),
        (' scope="col" class="number"', "rows"),
        (' scope="col"', "drifted"),
        (' scope="col" class="number"', "size"),
    ]
    assert cells[6] == (' scope="row" class="long"', escape(HOSTILE))
    number = ' class="number"'
    assert cells[7:12] == [
        (number, "0.1235"),
        (number, "—"),
        (number, "12,345"),
        ("", "yes"),
        (number, "<a>x</a>"),
    ]


def test_frames_name_their_rows_and_count_what_is_left_out() -> None:
    days = pd.date_range("2013-04-01", periods=3)
    frame = pd.DataFrame({"start": days, "psi": [0.1, 0.2, 30000.0]}, index=list("abc"))
    written = write_frame(frame.rename_axis("feature"), most=2)
    assert '<th scope="row">a</th><td>2013-04-01</td>' in written
    assert '<td class="number" style="text-align:right">0.1</td>' in written
    assert written.count("<tr>") == 3
    assert "1 more rows are not shown." in written
    assert "<th" in write_frame(frame.head(0))


def test_heads_that_span_columns_are_left_alone() -> None:
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    table = mark_table(frame.to_html())
    assert "colspan" in table
    assert "number" not in table


def test_the_notebook_itself_is_not_changed() -> None:
    original = notebook(words("# T"), code("s", displayed(summarise("Fine."))))
    before = json.dumps(original)
    export(original, "x")
    assert json.dumps(original) == before


def test_summary_takes_the_worst_severity_and_json_keeps_the_alerts() -> None:
    alert = {"kind": "drift", "subject": "x", "window": 3, "severity": "moderate", "message": "m"}
    alert["state"] = "new"
    summary = summarise("Moved.", alerts=[alert, alert | {"severity": "minor"}])
    assert summary.severity == "moderate"
    bundle = summary._repr_mimebundle_()
    assert json.loads(json.dumps(bundle[SUMMARY_MIME]))["alerts"][0] == alert
    page = export(notebook(code("s", displayed(summary))), "x")
    assert (page.verdict, page.severity) == ("Moved.", "moderate")
    with pytest.raises(ParameterError, match="'moderate'"):
        summarise("x", severity="dreadful")


def test_dials_need_a_figure_for_each_combination() -> None:
    with pytest.raises(ParameterError, match="3 figures and labels= 4 combinations"):
        dials([bars()] * 3, {"a": [1, 2], "b": [1, 2]})
    with pytest.raises(ParameterError, match="outside the sliders"):
        dials([bars()] * 2, {"a": [1, 2]}, start=[2])
    bundle = dials([bars()] * 2, {"a": [1, 2]})._repr_mimebundle_()
    assert bundle[DIALS_MIME]["dials"] == [["a", ["1", "2"]]]


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_draws_offline_and_is_accessible(page, tmp_path, rich: str, scheme: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(rich, encoding="utf-8")
    visit(page, path, scheme)
    assert_sound(page)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert violations(page) == {}
    assert page.locator("figure.chart").count() == 2
    assert page.evaluate("window.hacked") is None
    assert HOSTILE in page.locator("#chart-1 .xtick text").first.text_content()
    # Text of charts takes the reader's colour.
    ink = page.evaluate("getComputedStyle(document.body).color")
    tick = page.locator("#chart-1 .xtick text").first
    assert tick.evaluate("tick => getComputedStyle(tick).fill") == ink


@pytest.mark.browser
def test_sliders_answer_to_the_keyboard(page, tmp_path, rich: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(rich, encoding="utf-8")
    visit(page, path)
    chart = page.locator("#chart-2")
    assert chart.locator(".chart-title").text_content() == "Accuracy falls to 0.75"
    chart.get_by_label("label flips").focus()
    page.keyboard.press("ArrowRight")
    assert chart.locator(".chart-title").text_content() == "Accuracy falls to 0.65"
    assert chart.locator("output").first.text_content() == "20 %"
    assert chart.locator(".plot").get_attribute("aria-label") == "One bar, for 2, 1."
    chart.locator("input").nth(1).focus()
    page.keyboard.press("ArrowLeft")
    assert chart.locator(".chart-title").text_content() == "Accuracy falls to 0.70"
    page.wait_for_function("document.querySelector('#chart-2 .xtick text').textContent === '2, 0'")
    assert "2, 0" in chart.locator(".chart-table").text_content()


@pytest.mark.browser
def test_narrow_page_does_not_scroll_sideways(page, tmp_path, rich: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(rich, encoding="utf-8")
    page.set_viewport_size({"width": 360, "height": 640})
    visit(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.browser
def test_picture_can_be_saved(page, tmp_path, rich: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(rich, encoding="utf-8")
    visit(page, path)
    with page.expect_download() as download:
        page.locator("#chart-1 .save").press("Enter")
    assert download.value.suggested_filename == "chart-1.png"


@pytest.mark.browser
def test_script_that_slips_into_a_result_does_not_run(browser, tmp_path) -> None:
    careless = f"<p>{HOSTILE}{HOSTILE_SCRIPT}</p><a onclick='window.hacked=3' id='a'>x</a>"
    html = export(notebook(code("x", shown(html=careless)), code("c", displayed(bars()))), "x").html
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    page = browser.new_page()
    visit(page, path)
    page.click("#a")
    page.wait_for_timeout(200)
    assert page.locator("img").count() == 1
    assert page.evaluate("window.hacked") is None
    page.close()


@pytest.mark.browser
def test_one_chart_as_a_page_of_its_own(page, tmp_path) -> None:
    path = style.write_figure_html(bars(style.escape(HOSTILE), HOSTILE), tmp_path / "a.html", "PSI")
    visit(page, path)
    assert headings(page) == [1]
    assert_sound(page)
    assert page.locator(".chart-title").text_content() == HOSTILE
    assert page.locator("figure svg.main-svg").count() >= 1
