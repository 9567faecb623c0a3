"""Terms: immutable expressions over Python's integers and booleans, with sound intervals, and their value.

The meaning of each operation is Python's: integers are unbounded, division rounds down, a shift to the right copies the
sign, and bits are those of an infinite two's complement. A division by zero and a negative shift never become terms:
whoever builds one has split these cases off before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Final, TypeAlias

import attrs

Value: TypeAlias = int | bool


class Sort(Enum):
    """What a term stands for."""

    __hash__ = object.__hash__

    INTEGER = "integer"
    BOOLEAN = "boolean"


class Op(Enum):
    """The operations. ``<=``, ``>``, ``!=`` and the rest are said with these."""

    __hash__ = object.__hash__  # a member is one object; an Enum's own hash is computed by Python code

    CONSTANT = "constant"
    VARIABLE = "variable"
    APPLY = "apply"
    """An uninterpreted function, named by the term's value."""
    ADD = "+"
    SUB = "-"
    MUL = "*"
    FLOORDIV = "//"
    MOD = "%"
    AND = "&"
    OR = "|"
    XOR = "^"
    LSHIFT = "<<"
    RSHIFT = ">>"
    NEG = "neg"
    ABS = "abs"
    BIT_LENGTH = "bit_length"
    ITE = "ite"
    """The second argument if the first holds, else the third."""
    LT = "<"
    EQ = "=="
    NOT = "not"
    ALL = "all"
    ANY = "any"


@attrs.frozen
class Interval:
    """The integers from ``low`` to ``high``, both included; None is unbounded."""

    low: int | None = None
    high: int | None = None

    def meet(self, other: Interval) -> Interval:
        """The integers in both; empty if ``low`` exceeds ``high`` afterwards."""
        low, high = self.low, self.high
        if other.low is not None and (low is None or other.low > low):
            low = other.low
        if other.high is not None and (high is None or other.high < high):
            high = other.high
        return self if low is self.low and high is self.high else Interval(low, high)

    def hull(self, other: Interval) -> Interval:
        """The smallest interval around both."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Interval(low, high)

    @property
    def empty(self) -> bool:
        """Whether no integer is in it."""
        return self.low is not None and self.high is not None and self.low > self.high

    @property
    def natural(self) -> bool:
        """Whether no negative integer is in it."""
        return self.low is not None and self.low >= 0

    def ends(self) -> tuple[int, int] | None:
        """Both bounds, or None if one is missing."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def bits(self) -> int | None:
        """How many bits two's complement needs for every integer in it, the sign's included."""
        ends = self.ends()
        return None if ends is None else 1 + max(bit_size(end) for end in ends)


ANY_INTEGER: Final = Interval()


def bit_size(value: int) -> int:
    """The bits of ``value`` in two's complement, without the sign's."""
    return value.bit_length() if value >= 0 else (~value).bit_length()


@attrs.frozen(eq=False)
class Term:
    """A node of an expression graph. Terms of one exploration are equal exactly if they are the same object."""

    op: Op
    arguments: tuple[Term, ...]
    value: int | bool | str | None
    """Of a constant its value, of a variable or an application the name."""
    sort: Sort
    interval: Interval
    """Holds for every assignment that meets the conditions of the path on which the term was built."""

    @property
    def is_constant(self) -> bool:
        """Whether it is known."""
        return self.op is Op.CONSTANT


def postorder(*roots: Term) -> Iterator[Term]:
    """Every term below the roots once, arguments first. Without recursion: chains may be thousands of terms long."""
    seen: dict[Term, bool] = {}
    waiting = [(root, False) for root in reversed(roots)]
    while waiting:
        term, expanded = waiting.pop()
        if term in seen:
            continue
        if expanded:
            seen[term] = True
            yield term
        else:
            waiting.append((term, True))
            waiting.extend((argument, False) for argument in reversed(term.arguments) if argument not in seen)


# --- the value of a term ----------------------------------------------------------------------------------------------

BINARY: Final[Mapping[Op, Callable[[int, int], Value]]] = {
    Op.ADD: lambda a, b: a + b,
    Op.SUB: lambda a, b: a - b,
    Op.MUL: lambda a, b: a * b,
    Op.FLOORDIV: lambda a, b: a // b,
    Op.MOD: lambda a, b: a % b,
    Op.AND: lambda a, b: a & b,
    Op.OR: lambda a, b: a | b,
    Op.XOR: lambda a, b: a ^ b,
    Op.LSHIFT: lambda a, b: a << b,
    Op.RSHIFT: lambda a, b: a >> b,
    Op.LT: lambda a, b: a < b,
    Op.EQ: lambda a, b: a == b,
}
UNARY: Final[Mapping[Op, Callable[[int], Value]]] = {
    Op.NEG: lambda a: -a,
    Op.ABS: abs,
    Op.BIT_LENGTH: lambda a: a.bit_length(),
    Op.NOT: lambda a: not a,
}

Function: TypeAlias = Callable[..., int]


class Unassigned(Exception):
    """The assignment has no value for a variable or function that the term needs."""


def apply(op: Op, arguments: tuple[Value, ...]) -> Value:
    """The value of an operation on known arguments; it raises what Python raises."""
    if op in BINARY:
        return BINARY[op](*arguments)
    if op in UNARY:
        return UNARY[op](*arguments)
    if op is Op.ALL:
        return all(arguments)
    if op is Op.ANY:
        return any(arguments)
    return arguments[1] if arguments[0] else arguments[2]


def evaluate(term: Term, variables: Mapping[str, Value], functions: Mapping[str, Function] | None = None) -> Value:
    """The value of ``term`` where variables and functions have the values given, by name.

    Branches of an ITE are evaluated only if they are taken: the other one may divide by zero.
    """
    known: dict[Term, Value] = {}
    waiting = [term]
    while waiting:
        current = waiting[-1]
        needed = [argument for argument in needs(current, known) if argument not in known]
        if needed:
            waiting.extend(needed)
            continue
        waiting.pop()
        if current not in known:
            known[current] = value_of(current, known, variables, functions or {})
    return known[term]


def needs(term: Term, known: Mapping[Term, Value]) -> tuple[Term, ...]:
    """The arguments whose values the term's value depends on, as far as that is known."""
    if term.op is not Op.ITE:
        return term.arguments
    condition, then, otherwise = term.arguments
    if condition not in known:
        return (condition,)
    return (condition, then if known[condition] else otherwise)


def value_of(
    term: Term, known: Mapping[Term, Value], variables: Mapping[str, Value], functions: Mapping[str, Function]
) -> Value:
    """The value of a term whose needed arguments are known."""
    if term.op is Op.ITE:
        condition, then, otherwise = term.arguments
        return known[then if known[condition] else otherwise]
    if term.op is Op.CONSTANT and not isinstance(term.value, str) and term.value is not None:
        return term.value
    if term.op in (Op.VARIABLE, Op.APPLY):
        name = str(term.value)
        table: Mapping[str, object] = variables if term.op is Op.VARIABLE else functions
        if name not in table:
            raise Unassigned(name)
        if term.op is Op.VARIABLE:
            return variables[name]
        return functions[name](*(known[argument] for argument in term.arguments))
    return apply(term.op, tuple(known[argument] for argument in term.arguments))


def show(term: Term, limit: int = 400) -> str:
    """The term as text for people, cut off at ``limit`` characters; shared parts are written out each time."""
    if term.op in (Op.CONSTANT, Op.VARIABLE):
        return number(term.value) if isinstance(term.value, int) else str(term.value)
    if limit <= 0:
        return "…"
    parts: list[str] = []
    for argument in term.arguments:
        limit -= sum(map(len, parts[-1:])) + 2
        parts.append(show(argument, limit))
    if term.op in BINARY:
        return f"({f' {term.op.value} '.join(parts)})"
    head = str(term.value) if term.op is Op.APPLY else term.op.value
    return f"{head}({', '.join(parts)})"


def number(value: Value) -> str:
    """A value as people read it: small ones in decimal, words in hexadecimal."""
    return str(value) if isinstance(value, bool) or abs(value) < 2**20 else hex(value)
