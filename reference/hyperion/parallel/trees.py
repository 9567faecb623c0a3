"""Transactions as decision trees: small adaptive programs over integers that can be written down as JSON.

A tree reads a location and gives its value a name, branches on a comparison, writes an expression, adds a number to a
location without reading it, requires that a location holds enough, reverts, or ends. A transaction that has written a
location reads its own write, as everywhere; what it has added to a location counts when it reads that afterwards.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from hyperion.parallel.program import Done, Location, Value


class Constant(msgspec.Struct, frozen=True, cache_hash=True, tag="constant"):
    """A number."""

    value: int


class Name(msgspec.Struct, frozen=True, cache_hash=True, tag="name"):
    """The value that was read under this name."""

    name: str


class Operation(msgspec.Struct, frozen=True, cache_hash=True, tag="operation"):
    """``+``, ``-``, ``*`` or ``%`` of two expressions, in the integers; a right side of ``%`` below 1 counts as 1."""

    operator: Literal["+", "-", "*", "%"]
    left: Expression
    right: Expression


Expression: TypeAlias = Constant | Name | Operation


class Stop(msgspec.Struct, frozen=True, cache_hash=True, tag="stop"):
    """The transaction ends; its writes and additions count. Its result is the expression."""

    result: Expression = Constant(0)


class Revert(msgspec.Struct, frozen=True, cache_hash=True, tag="revert"):
    """The transaction ends without effect. Its result says so."""


class ReadInto(msgspec.Struct, frozen=True, cache_hash=True, tag="read"):
    """Read a location and give the value a name."""

    location: str
    name: str
    then: Tree


class Branch(msgspec.Struct, frozen=True, cache_hash=True, tag="branch"):
    """Compare two expressions (``==``, ``<``, ``<=``) and go one of two ways."""

    comparison: Literal["==", "<", "<="]
    left: Expression
    right: Expression
    then: Tree
    otherwise: Tree


class Write(msgspec.Struct, frozen=True, cache_hash=True, tag="write"):
    """Write the value of an expression."""

    location: str
    value: Expression
    then: Tree


class Add(msgspec.Struct, frozen=True, cache_hash=True, tag="add"):
    """Add a number to a location that need not be read."""

    location: str
    amount: int
    then: Tree


class Require(msgspec.Struct, frozen=True, cache_hash=True, tag="require"):
    """Read a location; revert when it holds less than a number."""

    location: str
    least: int
    then: Tree


Tree: TypeAlias = Stop | Revert | ReadInto | Branch | Write | Add | Require

REVERTED: Final = "reverted"
"""The result of a transaction that ended without effect."""


Names: TypeAlias = tuple[tuple[str, int], ...]
Effects: TypeAlias = tuple[tuple[str, int], ...]
"""Pairs of a name, or of a location, and a number; each name or location once, in the order of their coming."""


class Running(msgspec.Struct, frozen=True, cache_hash=True):
    """A tree under execution, at a node that reads: the names known so far, and the effects so far, in order."""

    node: ReadInto | Require
    names: Names
    writes: Effects
    additions: Effects

    @property
    def location(self) -> str:
        """Where the value is to be read."""
        return self.node.location

    def resume(self, value: Value) -> Running | Done:
        """The transaction after it got the value, to which it adds what it has added itself."""
        whole = value + dict(self.additions).get(self.location, 0)
        return follow(*after_read(self.node, whole, self.names), self.writes, self.additions)


def after_read(node: ReadInto | Require, value: int, names: Names) -> tuple[Tree, Names]:
    """Where a reading node leads, and the names known there."""
    if isinstance(node, Require):
        return (node.then if value >= node.least else Revert()), names
    return node.then, bound(names, node.name, value)


def bound(pairs: Effects, key: str, value: int) -> Effects:
    """The pairs with the value of a key replaced where it stands, or put at the end."""
    if any(known == key for known, _ in pairs):
        return tuple((known, value if known == key else old) for known, old in pairs)
    return (*pairs, (key, value))


def evaluate(expression: Expression, names: Names) -> int:
    """The value of an expression. A name that nothing was read into stands for 0."""
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Name):
        return dict(names).get(expression.name, 0)
    left, right = evaluate(expression.left, names), evaluate(expression.right, names)
    match expression.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left % max(right, 1)


def compare(comparison: Literal["==", "<", "<="], left: int, right: int) -> bool:
    """Whether a comparison of two integers holds."""
    match comparison:
        case "==":
            return left == right
        case "<":
            return left < right
        case _:
            return left <= right


def follow(node: Tree, names: Names, writes: Effects, additions: Effects) -> Running | Done:
    """Run a tree until it wants a value of the shared state, or ends."""
    while True:
        match node:
            case ReadInto() | Require():
                own = dict(writes)
                if node.location not in own:
                    return Running(node, names, writes, additions)
                node, names = after_read(node, own[node.location], names)
            case Branch():
                holds = compare(node.comparison, evaluate(node.left, names), evaluate(node.right, names))
                node = node.then if holds else node.otherwise
            case Write():
                writes = bound(writes, node.location, evaluate(node.value, names))
                additions = tuple(pair for pair in additions if pair[0] != node.location)
                node = node.then
            case Add():
                writes, additions = added(node, writes, additions)
                node = node.then
            case Stop():
                return Done(writes, additions, evaluate(node.result, names))
            case Revert():
                return Done((), (), REVERTED)


def added(node: Add, writes: Effects, additions: Effects) -> tuple[Effects, Effects]:
    """The effects after an addition: it goes into the transaction's own write where there is one."""
    own = dict(writes)
    if node.location in own:
        return bound(writes, node.location, own[node.location] + node.amount), additions
    return writes, bound(additions, node.location, dict(additions).get(node.location, 0) + node.amount)


class Trees(msgspec.Struct, frozen=True, cache_hash=True):
    """A block of decision trees over integers; a location that ``before`` does not name holds 0."""

    programs: tuple[Tree, ...]
    before: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        """How many transactions there are."""
        return len(self.programs)

    def start(self, transaction: int) -> Running | Done:
        """A transaction that has read nothing yet."""
        return follow(self.programs[transaction], (), (), ())

    def base(self, location: Location) -> int:
        """The value of a location before the block."""
        return next((value for known, value in self.before if known == location), 0)
