"""The documentation: its code runs, its pictures are fresh, and its pages are for everybody.

Blocks that take no time run here with all tests; `make docs` runs the rest on the built pages.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

import driftlib as dl
from driftlib.text import GUIDES
from tests.browser import violations
from tests.pages import RUN, blocks, follow, matches

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SITE = DOCS / "_build" / "html"
PAGES = sorted(
    path
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]
    if not {"_build", "generated"} & set(path.parts) and path.stem not in {"changelog"}
)
NAMES = {str(path.relative_to(ROOT)): path for path in PAGES}
WITH_CODE = [name for name, path in NAMES.items() if blocks(path)]
# What every newcomer follows; the other pages wait for `make docs`.
QUICK = [name for name in WITH_CODE if not name.startswith("docs/") or "/start/" in name]


@pytest.mark.parametrize("name", QUICK)
def test_code_does_what_the_page_says(name, tmp_path):
    follow(NAMES[name], tmp_path)


@pytest.mark.docs
@pytest.mark.parametrize("name", WITH_CODE)
def test_all_code_does_what_the_page_says(name, tmp_path):
    assert follow(NAMES[name], tmp_path, slow=True) or all(
        block.mark.startswith("not run: ") for block in blocks(NAMES[name])
    )


@pytest.mark.parametrize("name", ["README.md", "docs/why/measured.md"])
def test_speeds_are_those_of_the_record(name):
    record = (DOCS / "measured" / "speed.txt").read_text()
    rows = re.findall(r"^(\S.*?) {2,}([\d.]+) +[\d.]+ +([\d.]+)$", record, re.MULTILINE)
    seconds = {row: float(taken) for row, taken, _ in rows}
    times = {row: float(ratio) for row, _, ratio in rows}
    page = NAMES[name].read_text()
    (said,) = re.findall(r"\| ([^|]*a scipy loop takes[^|]*)", page)
    assert said.startswith(f"{seconds['two frames to decision']:.2f} s ")
    assert f"a scipy loop takes {times['scipy loop']:.1f} times" in said
    assert f"same tests {times['Evidently, KS and chi-square']:.0f} times" in said
    if "in turns" in said:
        (ratio,) = re.findall(r"two frames to decision, median of .*: ([\d.]+) x", record)
        assert f"in turns {ratio} times sorting" in said


def figures(text: str) -> set[float]:
    """All numbers of a text; those with commas are of thousands."""
    found = re.findall(r"(?<![\w.])\d{1,3}(?:,\d{3})+|(?<![\w.,])\d*\.?\d+(?![\w])", text)
    return {float(number.replace(",", "")) for number in found}


def rows_of(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def unrecorded(said: str, record: str) -> list[float]:
    """Numbers of a sentence that a record has neither as they are, rounded, nor as a share."""
    known = figures(record)
    known |= {round(100 * number, 6) for number in known}
    places = {number: len(f"{number:g}".partition(".")[2]) for number in figures(said)}
    return sorted(
        number
        for number, decimals in places.items()
        if not any(round(value, decimals) == number for value in known)
    )


def test_figures_are_those_of_the_records():
    records = {path.stem: path.read_text() for path in (DOCS / "measured").glob("*.txt")}
    left, checked = {}, set()
    for row in rows_of(DOCS / "why" / "measured.md"):
        name = re.fullmatch(r"`python -m bench (\w+)`", row[-1])
        if name and name[1] in records:
            checked.add(name[1])
            left[row[0]] = unrecorded(row[1], records[name[1]])
    assert {said: wrong for said, wrong in left.items() if wrong} == {}
    assert checked == records.keys()
    assert unrecorded("held in 93.8 %, of 1,000 rows", "93.81 of 1000") == []
    assert unrecorded("held in 93.9 %", "93.81") == [93.9]


def test_the_readme_claims_what_the_pages_say_was_measured():
    known = figures((DOCS / "why" / "measured.md").read_text())
    claims = [row for row in rows_of(ROOT / "README.md") if len(row) == 3 and row[0] != "claim"]
    assert len(claims) == 8
    assert {row[0]: figures(row[2]) - known for row in claims if figures(row[2]) - known} == {}


def test_every_block_has_a_kind():
    for name, path in NAMES.items():
        opened = re.findall(r"^```+(\S*)", path.read_text(), re.MULTILINE)[::2]
        kinds = {kind for kind in opened if not kind.startswith("{")}
        assert kinds <= {*RUN, "text", "yaml", "mermaid", "promql", "sql"}, name


def test_blocks_are_compared_with_what_they_print(tmp_path):
    for printed, fits in (("2", True), ("3", False)):
        made = tmp_path / "page.md"
        made.write_text(f"```python\n1 + 1\n```\n\n```text\n{printed}\n```\n")
        (block,) = blocks(made)
        assert block.prints == printed
        assert matches(printed, "2\n") is fits
    with pytest.raises(AssertionError, match=r"page\.md, line 1 prints:\n2"):
        follow(made, tmp_path)
    assert matches("a ... c", "a b b c")
    assert not matches("a ... c", "a b b d")


def test_every_public_name_is_in_the_reference():
    listed = set(
        re.findall(r"driftlib\.(?:\w+\.)*(\w+)$", (DOCS / "reference/api.md").read_text(), re.M)
    )
    assert set(dl.__all__) <= listed


def test_the_readme_leads_to_pages_that_exist():
    text = (ROOT / "README.md").read_text()
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert len(targets) > 20
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_sentences_send_to_guides_that_exist():
    titles = {page: (DOCS / page).read_text().partition("\n")[0] for page, _ in GUIDES.values()}
    said = {page: line.removeprefix("# ").strip('"') for page, line in titles.items()}
    assert said == dict(GUIDES.values())
    library = "".join(path.read_text() for path in (ROOT / "driftlib").rglob("*.py"))
    assert set(re.findall(r"see_guide\([\"']([\w ]+)", library)) == set(GUIDES)


def numbers(words: dict[str, str]) -> list[float]:
    return [float(number) for number in re.findall(r"\d+(?:\.\d+)?", str(words))]


@pytest.mark.docs
def test_pictures_have_the_numbers_that_the_library_has_now():
    from docs.draw import PICTURES, words

    kept = json.loads((DOCS / "pictures" / "pictures.json").read_text())
    assert kept.keys() == PICTURES.keys()
    for name, draw in PICTURES.items():
        said, now = numbers(kept[name]), numbers(words(draw()))
        # Classifiers differ in the last digits from machine to machine.
        assert said == pytest.approx(now, rel=0.05, abs=0.01), name
    assert {path.stem for path in (DOCS / "pictures").glob("*.svg")} == set(PICTURES)


# The built pages

# One of each kind: formulas, pictures, code, tables, signatures.
IN_THE_DARK = [
    *("index.html", "search.html", "why/statistics.html", "reading/psi.html"),
    *("start/own-data.html", "guides/large.html", "reference/contributing.html"),
    *("reference/generated/driftlib.diagnose.html", "reference/generated/parameters.html"),
]


def built() -> list[Path]:
    pages = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)
    assert pages, "make docs builds them first"
    return pages


@pytest.mark.docs
def test_the_site_is_small_and_names_no_other_host_to_load_from():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < 15e6
    loads = re.compile(
        r"<(?:script|img|iframe|source)[^>]+src=[\"']?(?:https?:)?//|<link[^>]+href=[\"']?(?:https?:)?//"
        r"|url\([\"']?(?:https?:)?//|@import"
    )
    for path in built():
        assert not loads.search(path.read_text()), path.relative_to(SITE)
    for path in SITE.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//", path.read_text()), path.name


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page without a network, on which neither errors nor requests go unseen."""
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.on(
        "console", lambda said: seen.append(f"error {said.text}") if said.type == "error" else None
    )
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    yield page
    assert [url for url in seen if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


@pytest.mark.docs
def test_search_finds_from_disk(page):
    page.goto((SITE / "search.html").as_uri() + "?q=season")
    page.wait_for_selector("ul.search li a", timeout=20_000)
    assert "Choosing a reference, a unit, a season" in page.inner_text("#search-results")


def to_look_at(scheme: str) -> list[Path]:
    """All pages that someone wrote, and a few of those made from docstrings; in the dark some."""
    generated = sorted((SITE / "reference" / "generated").glob("driftlib.*.html"))
    if scheme == "dark":
        return [SITE / name for name in IN_THE_DARK]
    chosen = [path for path in built() if path not in generated]
    return [
        *chosen,
        *(path for path in generated if path.stem in {"driftlib.diagnose", "driftlib.Baseline"}),
    ]


@pytest.mark.docs
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_can_be_used_by_everybody(page, scheme):
    page.emulate_media(color_scheme=scheme)
    wrong = {}
    for path in to_look_at(scheme):
        page.goto(path.as_uri())
        assert page.locator("h1").count() == 1, path.name
        if found := violations(page):
            wrong[str(path.relative_to(SITE))] = found
    assert wrong == {}
