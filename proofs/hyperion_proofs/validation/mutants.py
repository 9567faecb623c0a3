"""Mutants of a block's text: one fault each, of the kinds that a wrong rewrite or a wrong trace would make.

A mutant must be refuted. So the faults are such that a right block becomes wrong for some machine: a guard that is only
a little weaker, or an exit that no machine takes, would prove nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import attrs

Change: TypeAlias = Callable[[str], "str | None"]
"""A text with the fault, or None if it has no place for it."""


@attrs.frozen
class Mutant:
    """A kind of fault, and the text that has it."""

    kind: str
    text: str


def exits(text: str) -> list[re.Match[str]]:
    """The exits that give another machine than the one at entry: those with steps."""
    return list(re.finditer(r"return Machine\((\d+), (.*?), (steps \+ (\d+)), None\)", text))


def at_every_exit(text: str, pattern: str, change: Callable[[re.Match[str]], str]) -> str | None:
    """The text with the first match within each exit changed: of one exit alone it may be that no machine takes it."""
    changed = text
    for found in reversed(exits(text)):
        start, end = found.span()
        changed = changed[:start] + re.sub(pattern, change, text[start:end], count=1) + changed[end:]
    return changed if changed != text else None


def other_price(text: str) -> str | None:
    """One gas less is taken."""
    return at_every_exit(text, r"gas(?: - t\d+\)*)* - (\d+)", lessened)


def lessened(found: re.Match[str]) -> str:
    """The match with its number one less."""
    number = int(found[1])
    return found[0][: -len(found[1])] + str(number - 1 if number > 1 else number + 1)


def other_target(text: str) -> str | None:
    """The program counter is one too far."""
    return at_every_exit(text, r"Machine\((\d+)", lambda found: f"Machine({int(found[1]) + 1}")


def other_steps(text: str) -> str | None:
    """A step is not counted."""
    return at_every_exit(text, r"steps \+ (\d+)", lambda found: f"steps + {int(found[1]) - 1}")


def all_of_it(old: str, new: str) -> Change:
    """A piece of text exchanged wherever it stands."""
    return lambda text: text.replace(old, new) if old in text else None


def guard_of_gas(text: str) -> str | None:
    """Gas is not asked for."""
    found, count = re.subn(r"if gas < \d+:", "if False:", text)
    return found if count else None


def guard_of_stack(text: str) -> str | None:
    """Room on the stack is not asked for."""
    return re.sub(r"depth > (\d+)", "depth > 2000", text) if re.search(r"depth > (?!1024)\d", text) else None


def other_word(text: str) -> str | None:
    """The word on top is another."""
    return at_every_exit(text, r"Stack\((\w+), ", lambda found: f"Stack(({found[1]} ^ 1), ")


class Operator(ast.NodeTransformer):
    """Exchanges one arithmetic operator, the ``index``-th."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.seen: list[str] = []

    def visit_If(self, node: ast.If) -> ast.If:
        """What it asks for stays: to leave a block early is right as well."""
        node.body = [self.visit(part) for part in node.body]
        node.orelse = [self.visit(part) for part in node.orelse]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.BinOp:
        """An operator."""
        other = OPERATORS.get(type(node.op))
        if other is not None:
            if len(self.seen) == self.index:
                node.op = other()
            self.seen.append(ast.unparse(node))
        self.generic_visit(node)
        return node


OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitXor, ast.BitXor: ast.BitOr, ast.Mult: ast.Add, ast.RShift: ast.LShift,
}  # fmt: skip
"""What an operator is taken for."""


def other_operator(text: str) -> str | None:
    """The first operator on words is another."""
    tree = ast.parse(text)
    operator = Operator(0)
    changed = ast.unparse(ast.fix_missing_locations(operator.visit(tree)))
    return changed + "\n" if operator.seen else None


KINDS: Final[dict[str, Change]] = {
    "another price": other_price,
    "another target": other_target,
    "another count of steps": other_steps,
    "another word on the stack": other_word,
    "gas not asked for": guard_of_gas,
    "room on the stack not asked for": guard_of_stack,
    "static not asked about": all_of_it("machine.frame.static", "False"),
    "storage not written back": all_of_it("with_slots(machine.world, address, stored)", "machine.world"),
    "key left cold": all_of_it("touched[", "{}["),
    "memory not written back": all_of_it(" = written[", " = {}["),
    "price of a cold key": all_of_it(" = 2100", " = 2000"),
    "another operator": other_operator,
}


def mutants_of(text: str) -> Iterator[Mutant]:
    """A mutant of each kind for which the text has a place."""
    for kind, change in KINDS.items():
        changed = change(text)
        if changed is not None and changed != text:
            yield Mutant(kind, changed)
