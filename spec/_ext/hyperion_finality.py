"""Directives of the chapter on finality: the rows of the algorithm, and pictures that are made from runs.

``{fin-rows}``               the rows of the algorithm, as data
``{bft-picture} SCENARIO``   a scenario as a sequence picture; one that is not as it says is a warning
"""

import json
from pathlib import Path
from typing import Final

from docutils import nodes
from hyperion_domain import HyperionDirective, code, row_of
from sphinx.application import Sphinx
from sphinx.util import logging

from hyperion.sequencer.finality.consensus import ALL, OPEN, TABLE, Row
from hyperion.sequencer.finality.types import Step
from hyperion_conformance.bft import scenario
from hyperion_conformance.bft.picture import picture_of

LOG: Final = logging.getLogger(__name__)
SCENARIOS: Final = Path(scenario.__file__).parent / "scenarios"


def steps_of(row: Row) -> str:
    """The steps in which a row is enabled, in words."""
    if row.steps == ALL:
        return "any"
    if row.steps == OPEN:
        return "any but commit"
    return ", ".join(step.name.lower() for step in Step if step in row.steps)


class Rows(HyperionDirective):
    """The rows of the algorithm."""

    def run(self) -> list[nodes.Node]:
        """The table, in the order of the model's."""
        rows = [
            row_of([
                code(row.kind.name.lower().replace("_", " ")), [self.link(row.id)], row.lines, steps_of(row),
                row.needs or "–",
            ])
            for row in TABLE
        ]  # fmt: skip
        heads = ["what has happened", "rule", "lines", "in steps", "further condition"]
        return [self.table(heads, [25, 25, 10, 18, 22], rows, "fin-rows")]


class Picture(HyperionDirective):
    """A scenario as a picture."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The drawing, within the page so that it follows its theme."""
        document = json.loads((SCENARIOS / f"{self.arguments[0]}.json").read_text(encoding="utf-8"))
        _, failures = scenario.played(document)
        for failure in failures:
            LOG.warning("%s is not as it says: %s", self.arguments[0], failure, location=self.get_location())
        return [nodes.raw("", f'<div class="stm-figure">{picture_of(document)}</div>', format="html")]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    app.add_directive("fin-rows", Rows)
    app.add_directive("bft-picture", Picture)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
