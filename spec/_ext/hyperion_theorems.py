"""``{theorem-ledger} [PATTERN]``: theorems in full: statement, rules, method, assumptions, controls, and results.

Results are those that ``hyperion prove`` kept for exactly this source: a theorem that was not run since the last change
says so, and shows no result of an older one.
"""

from fnmatch import fnmatchcase
from typing import ClassVar, Final

from docutils import nodes
from hyperion_domain import Cell, HyperionDirective, code, row_of
from sphinx.application import Sphinx

from hyperion_proofs import cache
from hyperion_proofs.ledger import Line, line_from_json
from hyperion_proofs.registry import Entry, registry

MANY: Final = 12
"""Functions named under a theorem; of more, only how many there are."""


def kept(entry: Entry) -> Line | None:
    """The kept result of the theorem as it stands."""
    document = cache.load(cache.default_folder(), cache.key_of(entry.theorem.id, entry.module))
    return None if document is None else line_from_json(entry.theorem, document)


class TheoremLedger(HyperionDirective):
    """A table of results, and a box for each theorem."""

    optional_arguments = 1
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """The table and the boxes."""
        pattern = self.arguments[0] if self.arguments else "*"
        chosen = [entry for id, entry in registry().items() if fnmatchcase(id, pattern)]
        lines = [kept(entry) for entry in chosen]
        rows = [self.row(entry, line) for entry, line in zip(chosen, lines, strict=True)]
        heads = ["theorem", "kind", "paths", "goals", "seconds", "decided by", "controls", "status"]
        table = self.table(heads, [24, 10, 7, 7, 8, 22, 8, 14], rows, "theorem-ledger")
        return [table, *(self.box(entry, line) for entry, line in zip(chosen, lines, strict=True))]

    def row(self, entry: Entry, line: Line | None) -> nodes.row:
        """The result of a theorem, or that there is none."""
        theorem = entry.theorem
        name = nodes.reference("", "", code(theorem.id), internal=True, refid=f"theorem-{theorem.id.lower()}")
        if line is None:
            cells: list[Cell] = ["", "", "", "", f"0/{len(theorem.controls)}", "not run on this source"]
        else:
            controls = f"{line.refuted_controls}/{len(theorem.controls)}"
            figures = [f"{line.paths:,}", f"{line.goals:,}", f"{line.seconds:.1f}"]
            cells = [*figures, ", ".join(line.deciders), controls, line.status]
        return row_of([name, theorem.kind.value, *cells])

    def box(self, entry: Entry, line: Line | None) -> nodes.Node:
        """A theorem in full."""
        theorem = entry.theorem
        box = nodes.container(ids=[f"theorem-{theorem.id.lower()}"], classes=["rule-box"])
        head = nodes.paragraph(classes=["rule-head"])
        head += nodes.strong("", theorem.id, classes=["rule-id"])
        head += nodes.inline("", theorem.kind.value, classes=["rule-level"])
        box += head
        box += nodes.paragraph("", theorem.statement, classes=["rule-statement"])
        about = nodes.paragraph("", "About ")
        for index, rule in enumerate(theorem.rules):
            about += [nodes.Text(", ")] * bool(index)
            about += self.link(rule)
        box += about
        texts = {
            "For": theorem.hypotheses,
            "Argument": theorem.argument,
            "Assumes": ", ".join(assumption.id for assumption in theorem.assumptions),
            "Executes": "" if line is None else functions(line),
        }
        for label, text in texts.items():
            if text:
                box += nodes.paragraph("", "", nodes.strong("", f"{label}: "), nodes.Text(text))
        for index, control in enumerate(theorem.controls):
            box += nodes.paragraph("", "", nodes.strong("", "Control: "), nodes.Text(control.weakening))
            found = None if line is None else line.controls[index].counterexample
            if found is not None:
                trace = "\n".join(found.lines())
                box += nodes.literal_block(trace, trace, language="text")
        return box


def functions(line: Line) -> str:
    """The functions of the model that were executed."""
    names = line.functions
    return ", ".join(names) if len(names) <= MANY else f"{len(names)} functions of the model"


class Assumptions(HyperionDirective):
    """``{theorem-assumptions}``: what theorems rest on, with their ids."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        users: dict[tuple[str, str], list[str]] = {}
        for id, entry in registry().items():
            for assumption in entry.theorem.assumptions:
                users.setdefault((assumption.id, assumption.statement), []).append(id)
        rows = [row_of([code(id), statement, ", ".join(named)]) for (id, statement), named in users.items()]
        return [self.table(["assumption", "what is assumed", "used by"], [14, 56, 30], rows, "theorem-assumptions")]


def setup(app: Sphinx) -> dict[str, object]:
    """Register the directives."""
    app.add_directive("theorem-ledger", TheoremLedger)
    app.add_directive("theorem-assumptions", Assumptions)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
