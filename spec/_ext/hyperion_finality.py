"""Directives of the chapter on finality: its state table and its pictures, made from the model.

``{bft-rows}``               the rows of the algorithm: in which step, on what condition, and what asking them shows
``{bft-sequence} SCENARIO``  a scenario of the project as a sequence picture

A scenario that is not as it says is a warning, and warnings are errors.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from docutils import nodes
from hyperion_domain import HyperionDirective, code, row_of
from sphinx.application import Sphinx
from sphinx.util import logging

from hyperion.sequencer.finality.types import Step
from hyperion_conformance.bft import scenario
from hyperion_conformance.bft.picture import picture_of
from hyperion_conformance.bft.rows import Effect, effects

LOG: Final = logging.getLogger(__name__)
FOLDER: Final = Path(scenario.__file__).parent / "scenarios"


def before(moves: Sequence[tuple[Step, Step]]) -> str:
    """The steps in which a row is enabled."""
    steps = {step for step, _ in moves}
    missing = [step.name.lower() for step in Step if step not in steps]
    if len(missing) > 1:
        return ", ".join(step.name.lower() for step in sorted(steps))
    return f"any but {missing[0]}" if missing else "any"


def after(moves: Sequence[tuple[Step, Step]]) -> str:
    """The step that follows, whichever was before."""
    if all(step == following for step, following in moves):
        return "the same"
    return ", ".join(dict.fromkeys(following.name.lower() for _, following in moves))


class Rows(HyperionDirective):
    """The state table."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        heads = ["input and rule", "lines", "in step", "if", "then step", "what may come of it"]
        return [self.table(heads, [28, 10, 14, 18, 12, 22], [self.row(effect) for effect in effects()], "bft-rows")]

    def row(self, effect: Effect) -> nodes.row:
        """What a row says of itself, and what it does."""
        row = effect.row
        name: list[nodes.Node] = [code(row.kind.name), nodes.Text(" "), self.link(row.id)]
        moves = effect.moves
        return row_of([name, row.lines, before(moves), row.needs, after(moves), "; ".join(effect.outcomes)])


class Sequences(HyperionDirective):
    """A picture of a run."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The picture, within the page so that it follows its theme."""
        path = FOLDER / f"{self.arguments[0]}.json"
        if not path.is_file():
            LOG.warning("no scenario %s", self.arguments[0], location=self.get_location())
            return []
        self.env.note_dependency(str(path))
        document = json.loads(path.read_text(encoding="utf-8"))
        for failure in scenario.played(document)[1]:
            LOG.warning("%s: %s", path.stem, failure, location=self.get_location())
        return [nodes.raw("", f'<div class="stm-figure">{picture_of(document)}</div>', format="html")]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    app.add_directive("bft-rows", Rows)
    app.add_directive("bft-sequence", Sequences)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
