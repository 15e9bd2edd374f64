"""The directive `picture`: a picture that `python -m docs.draw` made, with its own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

INDEX = Path(__file__).resolve().parents[1] / "pictures" / "pictures.json"


class Picture(SphinxDirective):
    """A figure by its name; the content, if any, follows the library's caption."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make the figure."""
        name = self.arguments[0]
        words = json.loads(INDEX.read_text(encoding="utf-8"))[name]
        self.env.note_dependency(str(INDEX))
        image = nodes.image(uri=f"/pictures/{name}.svg", alt=words["alt"], classes=["chart"])
        caption = nodes.caption("", "", nodes.strong("", words["title"]), nodes.Text(". "))
        caption += nodes.Text(words["caption"])
        figure = nodes.figure("", image, caption)
        self.set_source_info(figure)
        said = nodes.container()
        self.state.nested_parse(self.content, self.content_offset, said)
        return [figure, *said.children]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
