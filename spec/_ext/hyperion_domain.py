"""Directives and roles that put the model into the document, so that no chapter repeats what the code says.

``{rule-box} ID``      a rule: statement, level, the function that is the rule, its tests and vectors
``{rule}`ID` ``        a link to the box of a rule, or to its row in an index
``{opcode-table}``     the instruction table; options ``from`` and ``to`` (opcodes) cut it
``{precompile-table}`` the precompiled contracts
``{gas-table}``        the constants of ``hyperion.vm.gas`` (or of another module) with units and meaning
``{rule-index}``       all rules, or those that match a pattern
``{chapters}``         a ``{toctree}`` that leaves out chapters which are not written yet

An unknown id, or a box that stands twice, is a warning, and warnings are errors in our build.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator, Sequence, Set
from fnmatch import fnmatchcase
from itertools import dropwhile, pairwise
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias, cast

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.directives.other import TocTree
from sphinx.domains import Domain
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

from hyperion_conformance.registry import Entry, Pointer, Registry, gather

LOG: Final = logging.getLogger(__name__)

BOX, ROW, INDEX = 0, 1, 2
"""How well a place shows a rule: a link to the rule leads to the lowest."""


def registry_of(env: BuildEnvironment) -> Registry:
    """The registry, gathered once a build."""
    found = getattr(env.app, "hyperion_registry", None)
    if found is None:
        found = gather(Path(env.srcdir).parent)
        env.app.hyperion_registry = found  # type: ignore[attr-defined]
    return cast(Registry, found)


def target_of(id: str) -> str:
    """The HTML anchor of a rule."""
    return f"rule-{id.lower()}"


class HyperionDirective(SphinxDirective):
    """What the directives share: a way to render MyST, and the registry."""

    @property
    def registry(self) -> Registry:
        """All rules."""
        return registry_of(self.env)

    def domain(self) -> "RuleDomain":
        """Where targets are noted."""
        return cast(RuleDomain, self.env.get_domain("hyperion"))

    def inline(self, text: str) -> list[nodes.Node]:
        """Text as the parser of the chapter reads it, without a paragraph around it."""
        holder = nodes.Element()
        self.state.nested_parse(StringList([text], source=self.env.docname), 0, holder)
        paragraph = holder.children[0] if holder.children else nodes.paragraph()
        return list(paragraph.children) if isinstance(paragraph, nodes.paragraph) else list(holder.children)

    def link(self, id: str, text: str | None = None) -> nodes.Node:
        """A link to wherever the rule is shown."""
        reference = pending_xref("", refdomain="hyperion", reftype="rule", reftarget=id, refexplicit=text is not None)
        reference["refdoc"] = self.env.docname
        reference += nodes.literal("", text or id, classes=["rule-id"])
        return reference

    def table(self, heads: Sequence[str], widths: Sequence[int], rows: Sequence[nodes.row], kind: str) -> nodes.Node:
        """A table with fixed relative widths, in a frame that scrolls by itself on a narrow screen."""
        group = nodes.tgroup(cols=len(heads))
        group += [nodes.colspec(colwidth=width) for width in widths]
        head = nodes.row()
        head += [nodes.entry("", nodes.paragraph("", text)) for text in heads]
        group += nodes.thead("", head)
        group += nodes.tbody("", *rows)
        return nodes.table("", group, classes=["hyperion-table", "colwidths-given", kind])


Cell: TypeAlias = nodes.Node | str | list[nodes.Node]


def row_of(cells: Sequence[Cell], anchor: str | None = None) -> nodes.row:
    """A row of a table; ``anchor`` is where links to it lead."""
    row = nodes.row(ids=[anchor] if anchor else [])
    for cell in cells:
        if isinstance(cell, str):
            children: list[nodes.Node] = [nodes.Text(cell)]
        elif isinstance(cell, nodes.Node):
            children = [cell]
        else:
            children = list(cell)
        row += nodes.entry("", nodes.paragraph("", "", *children))
    return row


def code(text: str) -> nodes.literal:
    """Text in the type of code."""
    return nodes.literal("", text)


class RuleBox(HyperionDirective):
    """``{rule-box} ID``: the rule and the code that is the rule, included from the source."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"no-code": directives.flag}

    def run(self) -> list[nodes.Node]:
        """The box, or a warning."""
        id = self.arguments[0]
        entry = self.registry.entries.get(id)
        if entry is None:
            LOG.warning("no rule %s in the model", id, location=self.get_location())
            return []
        self.domain().note(id, self.env.docname, target_of(id), BOX, self.get_location())
        box = nodes.container(ids=[target_of(id)], classes=["rule-box", f"rule-{entry.rule.level.value.lower()}"])
        head = nodes.paragraph(classes=["rule-head"])
        head += nodes.strong("", id, classes=["rule-id"])
        head += nodes.inline("", entry.rule.level.value, classes=["rule-level"])
        box += head
        box += nodes.paragraph("", "", *self.inline(entry.rule.statement), classes=["rule-statement"])
        if self.content:
            self.state.nested_parse(self.content, self.content_offset, box)
        if "no-code" not in self.options:
            box += self.source(entry)
        box += self.checks(entry)
        return [box]

    def source(self, entry: Entry) -> nodes.Node:
        """The function's own text from the file, without the decorator that repeats the box, and where it stands."""
        path = Path(self.env.srcdir).parent / entry.source.file
        self.env.note_dependency(str(path))
        lines = path.read_text(encoding="utf-8").splitlines()[entry.source.first - 1 : entry.source.last]
        body = dropwhile(lambda line: not line.lstrip().startswith(("def ", "class ")), lines)
        text = inspect.cleandoc("\n".join(["", *body]))
        block = nodes.literal_block(text, text, language="python", linenos=False)
        place = nodes.paragraph("", "", code(f"{entry.source.file}:{entry.source.first}"), classes=["rule-place"])
        holder = nodes.container(classes=["rule-source"])
        holder += [place, block]
        return holder

    def checks(self, entry: Entry) -> nodes.Node:
        """What checks the rule: tests by file, vectors by number."""
        line = nodes.paragraph(classes=["rule-checks"])
        parts = [
            f"tests: {places(entry.tests)}" if entry.tests else "",
            f"vectors: {len(entry.vectors)} in {places(entry.vectors)}" if entry.vectors else "",
        ]
        line += nodes.Text("Checked by " + "; ".join(part for part in parts if part) if any(parts) else "Not checked")
        return line


def places(pointers: tuple[Pointer, ...]) -> str:
    """The files of the pointers, each once."""
    return ", ".join(dict.fromkeys(pointer.place for pointer in pointers))


class OpcodeTable(HyperionDirective):
    """``{opcode-table}``: what each opcode takes, leaves, costs and means, and which EIP brought it."""

    option_spec: ClassVar = {"from": directives.unchanged, "to": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """The table."""
        from hyperion.vm.instructions import INSTRUCTIONS

        first, last = int(self.options.get("from", "0x00"), 16), int(self.options.get("to", "0xff"), 16)
        rows = []
        for row in sorted(INSTRUCTIONS, key=lambda row: row.opcode):
            if not first <= row.opcode <= last:
                continue
            anchor = target_of(row.rule)
            self.domain().note(row.rule, self.env.docname, anchor, ROW)
            name = nodes.literal("", row.name, classes=["opcode-name"])
            since = f"EIP-{row.since.value}" if row.since else ""
            numbers = (str(row.pops), str(row.pushes), f"{row.gas:,}")
            rows.append(row_of([code(f"{row.opcode:02X}"), name, *numbers, self.inline(row.meaning), since], anchor))
        heads = ["op", "name", "in", "out", "gas", "meaning", "since"]
        return [self.table(heads, [5, 15, 4, 5, 7, 54, 10], rows, "opcode-table")]


class PrecompileTable(HyperionDirective):
    """``{precompile-table}``: address, name and the EIPs between which each precompiled contract is in force."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        from hyperion.vm.precompiles import PRECOMPILES

        rows = []
        for contract in sorted(PRECOMPILES, key=lambda contract: (contract.address, contract.until is None)):
            meaning = " ".join((inspect.getdoc(contract.run) or "").split("\n\n")[0].split())
            since = f"EIP-{contract.since.value}" if contract.since else ""
            until = f"EIP-{contract.until.value}" if contract.until else ""
            address = code(f"0x{contract.address:02x}")
            rows.append(row_of([address, code(contract.name), self.inline(meaning), since, until]))
        heads = ["address", "name", "meaning", "since", "until"]
        return [self.table(heads, [9, 20, 51, 10, 10], rows, "precompile-table")]


def constants_of(module: str) -> Iterator[tuple[str, object, str]]:
    """Name, value and docstring (the string below the assignment) of the constants of a module, in its order."""
    loaded = importlib.import_module(module)
    body = ast.parse(inspect.getsource(loaded)).body
    for node, after in pairwise(body):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ) if name.isupper():
                yield name, getattr(loaded, name), " ".join(text.split())


class GasTable(HyperionDirective):
    """``{gas-table} [MODULE]``: integer constants with their unit, which is gas unless option ``unit`` says other."""

    optional_arguments = 1
    option_spec: ClassVar = {"unit": directives.unchanged, "only": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """The table."""
        module = self.arguments[0] if self.arguments else "hyperion.vm.gas"
        only = self.options.get("only", "*").split()
        rows = [
            row_of([code(name), f"{value:,}", self.unit(name), self.inline(meaning)], f"const-{name.lower()}")
            for name, value, meaning in constants_of(module)
            if isinstance(value, int) and any(fnmatchcase(name, pattern) for pattern in only)
        ]
        return [self.table(["constant", "value", "unit", "meaning"], [28, 12, 10, 50], rows, "gas-table")]

    def unit(self, name: str) -> str:
        """Sizes are in bytes, divisors in nothing, the rest in gas."""
        if name.endswith("_SIZE"):
            return "bytes"
        return "–" if name.endswith("_DIVISOR") else str(self.options.get("unit", "gas"))


def short_name(entry: Entry) -> str:
    """The function with its module, without the packages around: enough to find it, short enough for a table."""
    module = Path(entry.source.file).stem
    return f"{module}.{entry.source.name.split(f'.{module}.')[-1]}"


class RuleIndex(HyperionDirective):
    """``{rule-index} [PATTERN]``: every rule with its function and what checks it."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table."""
        pattern = self.arguments[0] if self.arguments else "*"
        rows = []
        for id, entry in self.registry.entries.items():
            if fnmatchcase(id, pattern):
                anchor = f"index-{id.lower()}"
                self.domain().note(id, self.env.docname, anchor, INDEX)
                where = nodes.literal("", short_name(entry), classes=["rule-function"])
                checks = f"{len(entry.tests) or '–'} / {len(entry.vectors) or '–'}"
                cells = [self.link(id), entry.rule.level.value, self.inline(entry.rule.statement), where, checks]
                rows.append(row_of(cells, anchor))
        heads = ["rule", "level", "statement", "function", "checks"]
        return [self.table(heads, [24, 7, 37, 24, 8], rows, "rule-index")]


class Chapters(TocTree):
    """``{chapters}``: the chapters in the order of the protocol, as far as they are there."""

    def run(self) -> list[nodes.Node]:
        """The table of contents of the lines that name a document."""
        written = [line for line in self.content if line.strip() in self.env.found_docs]
        self.content = StringList(written, source=self.env.docname)
        return super().run()


class RuleDomain(Domain):
    """Where each rule is shown: a box before a table row, a table row before the index."""

    name = "hyperion"
    label = "Hyperion"
    roles: ClassVar = {"rule": XRefRole(innernodeclass=nodes.literal)}
    initial_data: ClassVar = {"places": {}}
    data_version = 1

    @property
    def shown(self) -> dict[str, list[tuple[int, str, str]]]:
        """For each rule: rank, document, anchor; the best first."""
        return cast(dict[str, list[tuple[int, str, str]]], self.data["places"])

    def note(self, id: str, document: str, anchor: str, rank: int, location: str | None = None) -> None:
        """Remember that a document shows a rule, in a box, a row or the index; a second box is one too many."""
        places = self.shown.setdefault(id, [])
        if rank == BOX and any(other == BOX for other, _, _ in places):
            LOG.warning("rule %s has a box already in %s", id, places[0][1], location=location)
        places.append((rank, document, anchor))
        places.sort()

    def clear_doc(self, docname: str) -> None:
        """Forget a document that is read anew."""
        for id, places in self.shown.items():
            self.shown[id] = [place for place in places if place[1] != docname]

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """Join what parallel readers have noted."""
        others = cast(dict[str, list[tuple[int, str, str]]], otherdata["places"])
        for id, places in others.items():
            self.shown.setdefault(id, []).extend(place for place in places if place[1] in docnames)
            self.shown[id].sort()

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """A link to the best place that shows the rule; from the index one does not land in the index."""
        del env, typ, node
        for _, document, anchor in self.shown.get(target, []):
            return make_refnode(builder, fromdocname, document, anchor, contnode, target)
        return None


def named_in_code(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    """``{py:func}`hyperion.vm.step.step` `` names something of the model: it must exist; it is shown as code."""
    del app, env
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py" or not target.startswith("hyperion"):
        return None
    return content if exists(target) else None


def exists(dotted: str) -> bool:
    """Whether a dotted name leads to a module, or to something in one."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            if not hasattr(value, name):
                return False
            value = getattr(value, name)
        return True
    return False


def setup(app: Sphinx) -> dict[str, object]:
    """Register everything."""
    app.add_domain(RuleDomain)
    app.connect("missing-reference", named_in_code)
    app.add_role("rule", XRefRole(innernodeclass=nodes.literal), override=True)
    for name, directive in {
        "rule-box": RuleBox,
        "opcode-table": OpcodeTable,
        "precompile-table": PrecompileTable,
        "gas-table": GasTable,
        "rule-index": RuleIndex,
        "chapters": Chapters,
    }.items():
        app.add_directive(name, directive)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
