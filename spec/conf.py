"""Configuration of the document: MyST chapters, furo, and the extension that reads the model."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_ext"))

project = "Hyperion Spec"
author = "the Hyperion Spec contributors"
copyright = "the Hyperion Spec contributors, Apache-2.0"
version = release = "0.1.0"

extensions = ["myst_parser", "hyperion_domain", "hyperion_theorems", "hyperion_parallel", "hyperion_finality", "mathml"]
exclude_patterns = ["_ext", "_static"]
nitpicky = True
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
# MathJax would be fetched from the network by every reader; MathML is in the page itself.
html_math_renderer = "mathml"

html_theme = "furo"
html_title = "Hyperion Spec"
html_static_path = ["_static"]
html_css_files = ["hyperion.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0b6e69",
        "color-brand-content": "#0b6e69",
        "font-stack": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif",
        "font-stack--monospace": "ui-monospace, 'SFMono-Regular', Menlo, 'DejaVu Sans Mono', monospace",
    },
    "dark_css_variables": {"color-brand-primary": "#4fd1c5", "color-brand-content": "#4fd1c5"},
}
pygments_style = "friendly"
pygments_dark_style = "monokai"
