"""Settings of the pages: `make docs` builds them, and nothing here asks a network."""

from __future__ import annotations

import sys
from pathlib import Path

import driftlib

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Model Drift Monitor"
author = "Model Drift Monitor contributors"
copyright = "Model Drift Monitor contributors, MIT licence"
version = release = driftlib.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "generated_pages",
    "house",
    "mathml",
    "pictures",
]
exclude_patterns = ["_build", "_ext", "reference/generated/extra"]
root_doc = "index"
nitpicky = True
# Types in docstrings are words for readers, not all of them names of pages.
nitpick_ignore_regex = [("py:.*", ".*")]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3
# Fences that only the tests tell apart.
myst_fence_as_directive = []

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "Model Drift Monitor"
html_static_path = ["_static"]
html_extra_path = ["reference/generated/extra"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
# A summary of each hit would be fetched, which pages from disk cannot do.
html_show_search_summary = False
html_sidebars = {"index": [], "coming-from": [], "tour": []}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 7,
    "show_prev_next": True,
    "navigation_depth": 1,
    "show_nav_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        # Tables with much to say take the room.
        "why/measured": [],
        "reference/generated/records": [],
        "guides/large": [],
        "reference/contributing": [],
    },
}
