"""Write pages that open offline: the shell, the style sheet, charts with their words.

A page carries a content security policy that names its two scripts by their hashes: no
other script runs, whatever a column is called, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from driftlib.html.table import write_boxed_table

# A bar of buttons inside a picture cannot be reached by keyboard: the page has its own button.
CHART_CONFIG = {
    "displayModeBar": False,
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
}
TOP_MARGIN = 34


def document(title: str, body: str, charts: bool = False) -> str:
    """Write a whole HTML page around `body`, which holds its one h1.

    Parameters
    ----------
    title : str
        For the browser's tab; plain text.
    body : str
        Trusted HTML.
    charts : bool
        Whether the body has charts: plotly.js is embedded, once.

    Returns
    -------
    str
        The page, some kilobytes without charts and 4.5 MB with them.

    Examples
    --------
    >>> "default-src 'none'" in document("Drift", "<main><h1>Drift</h1></main>")
    True
    """
    scripts = (plotly_js(), asset("page.js")) if charts else ()
    hashes = [f"'sha256-{_digest(script)}'" for script in scripts]
    # Plotly compiles its WebGL charts; no text from a page ever gets there.
    allowed = " ".join([*hashes, "'unsafe-eval'"] if hashes else ["'none'"])
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )
    embedded = "".join(f"<script>{script}</script>\n" for script in scripts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{asset('page.css')}</style>\n</head>\n"
        f"<body>\n{body}\n{embedded}</body>\n</html>\n"
    )


@cache
def asset(name: str) -> str:
    """Read a file that lies beside this module.

    Parameters
    ----------
    name : str
        Of the file: page.css or page.js.

    Returns
    -------
    str
        Its text, lines ending alike on every system, for the hash of a script depends on them.
    """
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return text.replace("\r\n", "\n")


@cache
def plotly_js() -> str:
    """Read the script that draws charts, as plotly ships it.

    Returns
    -------
    str
        Some 4.5 MB of JavaScript.
    """
    from plotly.offline import get_plotlyjs

    return get_plotlyjs().replace("\r\n", "\n")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def chart(figure: Mapping[str, Any], name: str) -> str:
    """Write one figure with its title, caption, accessible name and folded table.

    Parameters
    ----------
    figure : dict
        A figure in its JSON form: `data`, `layout`; `layout.meta` as
        `driftlib.visualization.style.figure` makes it, or none.
    name : str
        Id of the figure on its page.

    Returns
    -------
    str
        HTML that `page.js` draws; for the body of a page with `charts`.

    Examples
    --------
    >>> drawn = chart({"data": [], "layout": {"title": {"text": "Wind <b>rose</b>"}}}, "chart-1")
    >>> '<strong class="chart-title">Wind rose</strong>' in drawn
    True
    """
    return stepped_chart([figure], [], name, [])


def stepped_chart(
    figures: Sequence[Mapping[str, Any]],
    dials: Sequence[tuple[str, Sequence[object]]],
    name: str,
    start: Sequence[int],
) -> str:
    """Write figures computed in advance, one shown at a time, chosen by sliders.

    Parameters
    ----------
    figures : list of dict
        One for each combination of positions, the last dial moving fastest.
    dials : list of (str, list of str)
        Name of each slider and the labels of its positions; plain text.
    name : str
        Id of the figure on its page.
    start : list of int
        Position of each slider at first.

    Returns
    -------
    str
        HTML that `page.js` draws; it works without a mouse.
    """
    at = 0
    for position, (_, labels) in zip(start, dials, strict=True):
        at = at * len(labels) + position
    steps = [_step(figure) for figure in figures]
    first = steps[at]
    controls = "".join(
        _slider(f"{name}-dial-{i}", label, [str(text) for text in labels], position)
        for i, ((label, labels), position) in enumerate(zip(dials, start, strict=True), start=1)
    )
    controls = f'<div class="dials">{controls}</div>' if controls else ""
    sizes = [len(labels) for _, labels in dials]
    data = script_json({"sizes": sizes, "steps": steps, "config": CHART_CONFIG})
    height = first["layout"].get("height", 450)
    title = f'<strong class="chart-title">{html.escape(first["title"])}</strong>'
    caption = f'<span class="chart-caption">{html.escape(first["caption"])}</span>'
    folded = (
        '<details class="chart-data"><summary>Numbers behind this figure</summary>'
        f'<div class="chart-table">{first["table"]}</div></details>'
        if first["table"]
        else ""
    )
    return (
        f'<figure class="chart" id="{name}">\n<figcaption>{title} {caption}</figcaption>\n'
        f"{controls}"
        f'<div class="plot" role="img" aria-label="{html.escape(first["alt"])}" '
        f'data-steps="{name}-steps" style="min-height:{height}px"></div>\n'
        f'<script type="application/json" id="{name}-steps">{data}</script>\n'
        f'<div class="chart-foot">{folded}<button type="button" class="save">Save as PNG</button>'
        "</div>\n</figure>\n"
    )


def _step(figure: Mapping[str, Any]) -> dict[str, Any]:
    layout = dict(figure["layout"])
    meta = layout.pop("meta", None)
    meta = meta if isinstance(meta, dict) else {}
    title = strip_tags(((layout.get("title") or {}).get("text")) or "")
    if title:
        # The page's own heading can wrap and be selected; the picture's cannot.
        layout["title"] = {**layout["title"], "text": ""}
        layout["margin"] = {**(layout.get("margin") or {}), "t": TOP_MARGIN}
        if layout.get("height"):
            layout["height"] = layout["height"] - TOP_MARGIN
    return {
        "data": figure["data"],
        "layout": layout,
        "title": title,
        "caption": str(meta.get("caption") or ""),
        "alt": str(meta.get("alt") or title or "Chart"),
        "table": write_boxed_table(**meta["table"], label=title) if meta.get("table") else "",
    }


def strip_tags(text: str) -> str:
    """Take the few tags that plotly understands out of a text.

    Parameters
    ----------
    text : str
        Plotly text, as a figure's title is.

    Returns
    -------
    str
        Plain text: to be escaped where it becomes HTML.

    Examples
    --------
    >>> strip_tags("<b>wind</b> &lt;b&gt;<br>rose")
    'wind <b> rose'
    """
    words = re.sub(r"<br\s*/?>", " ", text)
    return html.unescape(re.sub(r"</?(?:b|i|em|strong|sub|sup|span|a)(?:\s[^<>]*)?>", "", words))


def _slider(name: str, label: str, labels: list[str], position: int) -> str:
    return (
        f'<div class="dial"><label for="{name}">{html.escape(label)}</label>'
        f'<input type="range" id="{name}" min="0" max="{len(labels) - 1}" step="1" '
        f'value="{position}" data-labels="{html.escape(json.dumps(labels))}" '
        f'aria-valuetext="{html.escape(labels[position])}">'
        f'<output for="{name}">{html.escape(labels[position])}</output></div>'
    )


def script_json(content: Any) -> str:
    r"""Write JSON that cannot end the script element it stands in.

    Parameters
    ----------
    content : object
        Of types that JSON has.

    Returns
    -------
    str
        JSON without the characters that HTML would read.

    Examples
    --------
    >>> script_json("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = json.dumps(content, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
