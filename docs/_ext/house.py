"""Draw the flow chart of CONTRIBUTING.md as a picture, without any script in the page."""

from __future__ import annotations

import html
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, GAP, LEVEL, LINE = 210, 58, 26, 112, 30


def parse(text: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Nodes by name, and arrows, of a Mermaid flow chart."""
    nodes: dict[str, str] = {}
    arrows: list[tuple[str, str]] = []
    for line in text.splitlines()[1:]:
        line = re.sub(
            r'(\w+)\["([^"]*)"\]', lambda m: nodes.update({m[1]: m[2]}) or m[1], line.strip()
        )
        ends = [re.split(r"\s*&\s*", part) for part in re.split(r"\s*-\.?->\s*", line) if part]
        for sources, targets in pairwise(ends):
            arrows += [(source, target) for source in sources for target in targets]
        for name in (name for part in ends for name in part):
            nodes.setdefault(name, name)
    return nodes, arrows


def levels(nodes: dict[str, str], arrows: list[tuple[str, str]]) -> dict[str, int]:
    """Each node a line below the lowest that leads to it."""
    at = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in arrows:
            at[target] = max(at[target], at[source] + 1)
    return at


def wrapped(label: str) -> list[str]:
    """A label's lines: its name, then what it does."""
    name, _, rest = label.partition(":")
    lines, line = textwrap.wrap(name, LINE), ""
    for word in rest.replace("<br/>", " ").split():
        if len(line) + len(word) > LINE:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line] if line else lines


def draw(text: str) -> str:
    """The chart as SVG."""
    nodes, arrows = parse(text)
    at = levels(nodes, arrows)
    rows: dict[int, list[str]] = {}
    for name in nodes:
        rows.setdefault(at[name], []).append(name)
    widest = max(len(row) for row in rows.values())
    total = widest * (WIDTH + GAP)
    place = {}
    for level, row in rows.items():
        start = (total - len(row) * (WIDTH + GAP) + GAP) / 2
        place |= {
            name: (start + i * (WIDTH + GAP), level * LEVEL + 8) for i, name in enumerate(row)
        }
    drawn = []
    for source, target in arrows:
        (x0, y0), (x1, y1) = place[source], place[target]
        x0, x1, y0 = x0 + WIDTH / 2, x1 + WIDTH / 2, y0 + HEIGHT
        drawn.append(
            f'<path d="M{x0:.0f},{y0:.0f} C{x0:.0f},{y0 + 32:.0f} {x1:.0f},{y1 - 36:.0f} '
            f'{x1:.0f},{y1 - 4:.0f}" class="arrow" marker-end="url(#tip)"/>'
        )
    for name, (x, y) in place.items():
        lines = wrapped(nodes[name])
        top = y + HEIGHT / 2 - (len(lines) - 1) * 7.5 + 4
        words = "".join(
            f'<tspan x="{x + WIDTH / 2:.0f}" y="{top + i * 15:.0f}"'
            f"{' font-weight=&quot;bold&quot;'.replace('&quot;', chr(34)) if i == 0 else ''}>"
            f"{html.escape(line)}</tspan>"
            for i, line in enumerate(lines)
        )
        drawn.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
            f"<text>{words}</text>"
        )
    height = len(rows) * LEVEL - LEVEL + HEIGHT + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 0 {total + 8} {height}" role="img" '
        'aria-label="The packages in layers, with an arrow from each to those that use it" '
        'class="house"><defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" '
        'markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker>'
        f"</defs>{''.join(drawn)}</svg>"
    )


def replace(app: Any, relative: Path, parent: str, content: list[str]) -> None:
    """Put the drawing where an included text has the flow chart."""
    content[0] = re.sub(
        r"```mermaid\n(.*?)\n```",
        lambda found: (
            f'```{{raw}} html\n<div class="wide" tabindex="0">{draw(found[1])}</div>\n```'
        ),
        content[0],
        flags=re.DOTALL,
    )


def setup(app: Any) -> dict[str, bool]:
    """Register the replacement."""
    app.connect("include-read", replace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
