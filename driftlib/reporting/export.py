"""Render an executed notebook as one page that opens offline: verdict first, code folded away."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftlib import errors
from driftlib.errors import MissingExtraError
from driftlib.html import page
from driftlib.html.feature_rows import write_feature_rows
from driftlib.html.table import mark_table, scroll_box
from driftlib.reporting.feature_rows import FEATURES_MIME
from driftlib.reporting.notebook import DIALS_MIME, PLOTLY_MIME, SUMMARY_MIME, alert_list
from driftlib.reporting.provenance import PROVENANCE_MIME
from driftlib.severity import Severity

if TYPE_CHECKING:
    from nbformat import NotebookNode

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
# The first of these that an output has is what the reader sees.
SHOWN = (
    DIALS_MIME,
    FEATURES_MIME,
    PLOTLY_MIME,
    WIDGET_MIME,
    "text/html",
    "text/markdown",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/plain",
)
# Papermill's own marks of failure, and the paths that it was given, which provenance names.
UNSHOWN_TAGS = {"papermill-error-cell-tag", "injected-parameters", "remove-cell"}
HEADING = re.compile(r"<h([1-6])(\s[^>]*)?>(.*?)</h\1\s*>", re.DOTALL | re.IGNORECASE)
TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL | re.IGNORECASE)
FRAME_STYLE = re.compile(r"<style scoped>.*?</style>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
STYLER_ID = re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)")
DEFAULT_ALT = "Picture without a description; the text around it says what it shows."


@dataclass(frozen=True)
class RenderedPage:
    """A page, and what the index says of it.

    Parameters
    ----------
    html : str
        The whole page.
    title : str
        Plain text.
    failure : str or None
        Why it is not complete, in one sentence.
    verdict, severity : str or None
        As the notebook summed itself up, if it did.
    alerts : tuple of dict
        What the notebook raised.
    fingerprints : dict
        Of the data, by role.
    facts : dict
        What the status card needs to know of it.
    tables : tuple of dict
        For the summary in Markdown.
    """

    html: str
    title: str
    failure: str | None = None
    verdict: str | None = None
    severity: str | None = None
    alerts: tuple[dict[str, Any], ...] = ()
    fingerprints: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    tables: tuple[dict[str, Any], ...] = ()


def export(notebook: NotebookNode, title: str, failure: str | None = None) -> RenderedPage:
    """Render an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed, wholly or up to an error; it is not changed.
    title : str
        Used where the notebook has no heading of level 1; plain text.
    failure : str, optional
        Why it is not complete, where no cell says so: a sentence.

    Returns
    -------
    RenderedPage
        Asks nothing of any network; runs no script but the page's own.

    Raises
    ------
    MissingExtraError
        If nbconvert is not installed.
    """
    exporter = _exporter()
    draft = _PageDraft(exporter.render_markdown, stopped=failure is not None)
    cells = list(draft.cells(notebook))
    failure = failure or draft.failure
    shown = type(notebook)(notebook)
    shown["cells"] = cells
    heading = draft.title or html.escape(title)
    summary = draft.summary
    resources = {
        "title": heading,
        "contents": draft.contents,
        "failure": failure,
        "summary": summary
        and {
            "severity": summary["severity"],
            "verdict": summary["verdict"],
            "mark": Severity(summary["severity"]).mark,
            "alerts": alert_list(summary["alerts"]),
        },
    }
    body, _ = exporter.from_notebook_node(shown, resources)
    plain = html.unescape(TAG.sub("", heading)).strip()
    return RenderedPage(
        html=page.document(plain, body.strip(), charts=draft.charts > 0),
        title=plain,
        failure=failure,
        verdict=summary["verdict"] if summary else None,
        severity=summary["severity"] if summary else None,
        alerts=tuple(summary["alerts"]) if summary else (),
        fingerprints=draft.fingerprints,
        facts=dict(summary.get("facts", {})) if summary else {},
        tables=tuple(summary.get("tables", ())) if summary else (),
    )


def failure_page(title: str, sentence: str) -> RenderedPage:
    """Render a page that stands for a report of which there is nothing else to show.

    Parameters
    ----------
    title, sentence : str
        Plain text.

    Returns
    -------
    RenderedPage
        Says that the report failed, and why.
    """
    body = (
        f'<main><header><h1>{html.escape(title)}</h1><section class="verdict verdict-failed" '
        'aria-label="Failure"><p class="finding"><span class="mark" aria-hidden="true">✕</span> '
        f"This report could not be made.</p><p>{html.escape(sentence)}</p></section></header>"
        "</main>"
    )
    return RenderedPage(page.document(title, body), title, sentence)


def failure_sentence(name: str, message: str) -> str:
    """Say in one plain sentence what an exception says.

    Parameters
    ----------
    name : str
        Of the exception's type.
    message : str
        Of the exception; may be empty.

    Returns
    -------
    str
        The message alone where it is one of the library's own, which are sentences.

    Examples
    --------
    >>> failure_sentence("ZeroDivisionError", "division by zero")
    'An unexpected error stopped the notebook (ZeroDivisionError: division by zero).'
    >>> failure_sentence("DataError", "a.csv is empty (0 bytes): write the file again.")
    'a.csv is empty (0 bytes): write the file again.'
    """
    words = " ".join(str(message).split())
    if name in _own_errors() and words:
        return words
    shown = words if len(words) <= 300 else f"{words[:299]}…"
    detail = f"{name}: {shown.rstrip('.')}" if shown else name
    return f"An unexpected error stopped the notebook ({detail})."


def _own_errors() -> set[str]:
    kinds = (value for value in vars(errors).values() if isinstance(value, type))
    return {kind.__name__ for kind in kinds if issubclass(kind, errors.DriftlibError)}


@dataclass
class _PageDraft:
    """One pass over the cells: what the page needs to know, and each cell made ready."""

    render_markdown: Any
    stopped: bool = False
    title: str = ""
    contents: list[dict[str, Any]] = field(default_factory=list)
    charts: int = 0
    tables: int = 0
    failure: str | None = None
    summary: dict[str, Any] | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    level: int = 1
    anchors: dict[str, int] = field(default_factory=dict)
    style_ids: dict[str, int] = field(default_factory=dict)

    def cells(self, notebook: Any) -> Iterator[Any]:
        """Find the cells to show; code that shows nothing goes with the next that does."""
        waiting: Any = None
        for original in notebook.cells:
            if UNSHOWN_TAGS & set(original.metadata.get("tags", ())):
                continue
            cell = _copy(original)
            if cell.cell_type == "markdown":
                if waiting is not None:
                    yield waiting
                waiting = None
                rendered = self.render_markdown(cell.source, attachments=cell.get("attachments"))
                cell.metadata["driftlib"] = {"html": self.structured(rendered)}
                yield cell
            elif cell.cell_type == "code":
                unreached = self.stopped and cell.get("execution_count") is None
                skipped = self.failure is not None or unreached
                outputs = [] if skipped else [o for o in map(self.output, cell.outputs) if o]
                settings = "parameters" in cell.metadata.get("tags", ())
                if waiting is not None:
                    cell.source = f"{waiting.source}\n\n{cell.source}".strip()
                    skipped = skipped or waiting.metadata["driftlib"]["skipped"]
                label = "Parameters and their defaults" if settings else "Code"
                cell.outputs = []
                cell.metadata["driftlib"] = {"skipped": skipped, "label": label, "outputs": outputs}
                waiting = cell
                if outputs or settings:
                    yield cell
                    waiting = None
        if waiting is not None:
            yield waiting

    def output(self, output: Any) -> Any:
        """Make an output ready for the template; None if it is not for the reader."""
        if output.output_type == "error":
            sentence = failure_sentence(output.ename, output.evalue)
            self.failure = self.failure or sentence
            return _shown("error", sentence)
        if output.output_type == "stream":
            printed = output.name == "stdout" and output.text.strip()
            return _shown("text", output.text) if printed else None
        data = output.data
        if PROVENANCE_MIME in data:
            self.fingerprints |= data[PROVENANCE_MIME].get("fingerprints", {})
        if SUMMARY_MIME in data and self.summary is None:
            self.summary = dict(data[SUMMARY_MIME])
            return None
        kind = next((name for name in SHOWN if name in data), None)
        if kind is None:
            return None
        content = data[kind]
        if kind in (PLOTLY_MIME, DIALS_MIME):
            return _shown("html", self.chart(kind, content))
        if kind == FEATURES_MIME:
            self.charts += 1
            return _shown("html", write_feature_rows(content, f"features-{self.charts}"))
        if kind == "text/html":
            return _shown("html", self.structured(content))
        if kind == "text/markdown":
            # What a notebook computes may hold names from the data, so no HTML in it counts.
            rendered = self.render_markdown(content, escape=True)
            return _shown("html", self.structured(rendered))
        if kind == WIDGET_MIME:
            return _shown("widget", "")
        if kind == "text/plain":
            return _shown("text", content)
        return _shown(kind, content, output.metadata.get("alt", DEFAULT_ALT))

    def chart(self, kind: str, content: Mapping[str, Any]) -> str:
        """Write a figure, numbered in the page's order."""
        self.charts += 1
        name = f"chart-{self.charts}"
        if kind == PLOTLY_MIME:
            return page.chart(content, name)
        return page.stepped_chart(content["figures"], content["dials"], name, content["start"])

    def structured(self, content: str) -> str:
        """Put headings in order, tables in boxes, and ids that never change."""
        content = STYLER_ID.sub(self.stable_id, FRAME_STYLE.sub("", content))
        return TABLE.sub(self.table, HEADING.sub(self.heading, content)).strip()

    def stable_id(self, match: re.Match[str]) -> str:
        """Give the same number to the same random id, counted in the page's order."""
        number = self.style_ids.setdefault(match[0], len(self.style_ids) + 1)
        return f"T_styled{number}"

    def table(self, match: re.Match[str]) -> str:
        """Put a table into a box of its own."""
        self.tables += 1
        return scroll_box(mark_table(match[0]), f"Table {self.tables}")

    def heading(self, match: re.Match[str]) -> str:
        """Keep a heading at most one level below the one before; the first h1 is the title."""
        level, text = int(match[1]), match[3].strip()
        if level == 1 and not self.title:
            self.title = text
            return ""
        level = min(max(level, 2), self.level + 1)
        self.level = level
        slug = re.sub(r"\W+", "-", html.unescape(TAG.sub("", text)).lower()).strip("-")
        slug = f"section-{slug or 'untitled'}"
        count = self.anchors[slug] = self.anchors.get(slug, 0) + 1
        anchor = slug if count == 1 else f"{slug}-{count}"
        if level <= 3:
            words = html.escape(html.unescape(TAG.sub("", text)))
            self.contents.append({"level": level, "id": anchor, "title": words})
        return f'<h{level} id="{anchor}">{text}</h{level}>'


def _shown(kind: str, content: str, alt: str = "") -> dict[str, str]:
    return {"kind": kind, "content": content, "alt": alt}


def _copy(cell: Any) -> Any:
    """Copy of a cell that leaves large outputs shared."""
    copied = type(cell)(cell)
    copied["metadata"] = type(cell)(cell.metadata)
    return copied


@lru_cache(maxsize=1)
def _exporter() -> Any:
    try:
        from nbconvert.exporters.templateexporter import TemplateExporter
        from nbconvert.filters.highlight import Highlight2HTML
        from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    except ImportError as error:
        raise MissingExtraError("nbconvert", "notebooks", "Rendering a report") from error

    class ReportExporter(TemplateExporter):
        """Notebook to the body of a page, by the template beside this module."""

        output_mimetype = "text/html"

        def default_filters(self) -> Iterator[Any]:
            yield from super().default_filters()
            yield "highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=self)

        def render_markdown(
            self, source: str, attachments: Any = None, escape: bool = False
        ) -> str:
            renderer = IPythonRenderer(
                escape=escape,
                allow_harmful_protocols=False,
                attachments=attachments or {},
                exclude_anchor_links=True,
            )
            return MarkdownWithMath(renderer=renderer).render(source)

    return ReportExporter(
        template_name="driftlib",
        template_file="index.html.j2",
        extra_template_basedirs=[str(Path(__file__).parent / "templates")],
    )
