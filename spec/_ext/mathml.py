"""Formulas as MathML in the page: browsers draw it themselves, so the built document needs no script and no network."""

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOG = logging.getLogger(__name__)


LETTERS = re.compile(r'(?:<mi mathvariant="italic">\w</mi>){2,}')
"""A name in ``mathit``, which the library takes apart."""


def join_letters(match: re.Match[str]) -> str:
    """The name as one identifier, so that it is not set like a product of its letters."""
    return f'<mi style="font-style: italic">{re.sub("<[^>]*>", "", match[0])}</mi>'


def mathml(node: nodes.math | nodes.math_block, display: str) -> str:
    """The formula of a node; what cannot be read as TeX is a warning, and shown as it was written."""
    source = node.astext()
    try:
        return LETTERS.sub(join_letters, str(convert(source, display=display)))
    except Exception as error:  # the library raises a class of its own for each mistake, without a common base
        LOG.warning("formula %r: %s", source, type(error).__name__, location=node)
        return f"<code>{source}</code>"


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula in running text."""
    translator.body.append(mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on a line of its own."""
    translator.body.append(f'<div class="math-block">{mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, object]:
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_block, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
