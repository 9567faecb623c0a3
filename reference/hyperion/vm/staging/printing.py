"""Terms as Python text. A term is an expression over Python's own integers, so each operation is printed as itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hyperion.symbolic.expression import Op, Term
from hyperion.symbolic.rewrites import rewriting
from hyperion.vm.staging.recording import Unstaged

INFIX: Final = (
    Op.ADD, Op.SUB, Op.MUL, Op.FLOORDIV, Op.MOD, Op.AND, Op.OR, Op.XOR, Op.LSHIFT, Op.RSHIFT, Op.LT, Op.EQ,
)  # fmt: skip
DECIMAL_BELOW: Final = 2**20
MOST_NODES: Final = 200
"""The largest expression that is printed."""


def number(value: int) -> str:
    """An integer as it is read best."""
    return str(value) if abs(value) < DECIMAL_BELOW else hex(value)


def nodes(term: Term, names: Mapping[Term, str], most: int = MOST_NODES) -> int:
    """How many nodes the text of the term has, shared ones counted each time; Unstaged beyond ``most``."""
    if term in names or not term.arguments:
        return 1
    count = 1
    for argument in term.arguments:
        count += nodes(argument, names, most - count)
        if count > most:
            raise Unstaged
    return count


@rewriting("sum-negative")
def text(term: Term, names: Mapping[Term, str]) -> str:
    """The term as an expression; ``names`` are those of values that are in variables already."""
    if term in names:
        return names[term]
    if term.is_constant:
        return str(term.value) if isinstance(term.value, bool) else number(int(str(term.value)))
    if term.op is Op.VARIABLE:
        return str(term.value)
    if term.op in (Op.NOT, Op.EQ, Op.LT):
        return condition(term, names)
    if term.op is Op.ADD and isinstance(term.arguments[1].value, int) and term.arguments[1].value < 0:
        return f"({text(term.arguments[0], names)} - {number(-term.arguments[1].value)})"
    if term.op is Op.ITE:
        test, then, otherwise = term.arguments
        return f"({text(then, names)} if {condition(test, names)} else {text(otherwise, names)})"
    parts = [text(argument, names) for argument in term.arguments]
    if term.op in INFIX:
        return f"({parts[0]} {term.op.value} {parts[1]})"
    match term.op:
        case Op.NEG:
            return f"(-{parts[0]})"
        case Op.ABS:
            return f"abs({parts[0]})"
        case Op.BIT_LENGTH:
            return f"({parts[0]}).bit_length()"
        case Op.ALL:
            return f"({' and '.join(parts)})"
        case Op.ANY:
            return f"({' or '.join(parts)})"
    raise Unstaged


@rewriting("condition-then", "condition-otherwise", "not-not", "not-equal", "not-less")
def condition(term: Term, names: Mapping[Term, str], holds: bool = True) -> str:
    """The term, or its opposite, as a condition. A comparison of ``1 if c else 0`` with 0 or 1 is ``c``, or not."""
    if term in names:
        return names[term] if holds else f"not {names[term]}"
    if term.op is Op.NOT:
        return condition(term.arguments[0], names, not holds)
    if term.op is Op.EQ:
        a, b = term.arguments
        if a.op is Op.ITE and a not in names and b.is_constant:
            test, then, otherwise = a.arguments
            differ = then.is_constant and otherwise.is_constant and then.value != otherwise.value
            if differ and b.value in (then.value, otherwise.value):
                return condition(test, names, holds is (b.value == then.value))
        return f"({text(a, names)} {'==' if holds else '!='} {text(b, names)})"
    if term.op is Op.LT:
        a, b = term.arguments
        return f"({text(a, names)} {'<' if holds else '>='} {text(b, names)})"
    return text(term, names) if holds else f"(not {text(term, names)})"
