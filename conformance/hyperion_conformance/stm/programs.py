"""Blocks of decision trees as JSON: read strictly, written canonically.

A program is a list of steps. ``read``, ``write``, ``add`` and ``require`` are followed by the next; ``stop``,
``revert`` and ``if`` are the last. An expression is a decimal number, a name that was read, or ``{"+": [left, right]}``
with one of ``+ - * %``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any, Final, Literal, cast

import msgspec

from hyperion.parallel.trees import (
    Add,
    Branch,
    Constant,
    Expression,
    Name,
    Operation,
    ReadInto,
    Require,
    Revert,
    Stop,
    Tree,
    Trees,
    Write,
)
from hyperion_conformance.protocol.messages import Json
from hyperion_conformance.vectors.input import InputError, items

IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9]{0,15}")
INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,9}")
"""A signed number in decimal; small, so that no sum or product of a small block leaves a machine's word."""
DEEPEST: Final = 8
"""Branches and operations within each other: a line of the protocol has a bound too."""
MOST_STEPS: Final = 64
MOST_TRANSACTIONS: Final = 64
Comparison = Literal["==", "<", "<="]
COMPARISONS: Final = ("==", "<", "<=")
OPERATORS: Final = ("+", "-", "*", "%")


def integer(value: Json, field: str) -> int:
    """A signed number of at most ten digits, as a canonical decimal string."""
    if not isinstance(value, str) or INTEGER.fullmatch(value) is None:
        raise InputError(field, "a canonical decimal string of at most ten digits is needed")
    return int(value)


def identifier(value: Json, field: str) -> str:
    """A location, or a name for a value."""
    if not isinstance(value, str) or IDENTIFIER.fullmatch(value) is None:
        raise InputError(field, "a name is a lower-case letter and up to 15 letters and digits")
    return value


def single(value: Json, field: str, known: Sequence[str]) -> tuple[str, Json]:
    """The only entry of an object."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise InputError(field, "an object of one key is needed")
    ((key, content),) = value.items()
    if key not in known:
        raise InputError(field, f"{key[:20]!r} is none of {' '.join(known)}")
    return key, content


def pair(value: Json, field: str, depth: int) -> tuple[Expression, Expression]:
    """Two expressions."""
    both = items(value, field, lambda item, at: expression(item, at, depth))
    if len(both) != 2:
        raise InputError(field, "two expressions are needed")
    return both[0], both[1]


def expression(value: Json, field: str, depth: int = 0) -> Expression:
    """An expression."""
    if depth > DEEPEST:
        raise InputError(field, f"nested deeper than {DEEPEST}")
    if isinstance(value, str):
        return Constant(integer(value, field)) if value[:1] in "-0123456789" else Name(identifier(value, field))
    operator, operands = single(value, field, OPERATORS)
    left, right = pair(operands, f"{field}.{operator}", depth + 1)
    return Operation(cast(Any, operator), left, right)


STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "read": ("as",),
    "write": ("value",),
    "add": ("amount",),
    "require": ("least",),
    "stop": (),
    "revert": (),
    "if": ("then", "else"),
}
"""Each step by its first key, with the further keys that it has."""
LAST: Final = frozenset({"stop", "revert", "if"})


def kind_of(step: Json, field: str) -> tuple[str, Mapping[str, Json]]:
    """What a step is."""
    if not isinstance(step, Mapping):
        raise InputError(field, "a step is an object")
    kinds = [kind for kind in STEPS if kind in step]
    if len(kinds) != 1 or sorted(step) != sorted((kinds[0], *STEPS[kinds[0]])):
        raise InputError(field, f"a step has one of {', '.join(STEPS)}, and its further keys")
    return kinds[0], step


def program(value: Json, field: str, depth: int = 0) -> Tree:
    """A program: a list of steps whose last one ends it."""
    steps = items(value, field, kind_of)
    if not 0 < len(steps) <= MOST_STEPS or depth > DEEPEST:
        raise InputError(field, f"a program has 1 to {MOST_STEPS} steps, nested at most {DEEPEST} deep")
    for place, (kind, _) in enumerate(steps):
        if (kind in LAST) != (place == len(steps) - 1):
            raise InputError(f"{field}[{place}]", "stop, revert or if comes last, and nothing else does")
    tree = ending(*steps[-1], f"{field}[{len(steps) - 1}]", depth)
    for place in reversed(range(len(steps) - 1)):
        tree = preceded(*steps[place], f"{field}[{place}]", tree)
    return tree


def ending(kind: str, step: Mapping[str, Json], field: str, depth: int) -> Tree:
    """The last step of a program."""
    if kind == "stop":
        return Stop(expression(step["stop"], f"{field}.stop"))
    if kind == "revert":
        if step["revert"] is not True:
            raise InputError(f"{field}.revert", "true is needed")
        return Revert()
    comparison, operands = single(step["if"], f"{field}.if", COMPARISONS)
    left, right = pair(operands, f"{field}.if", 1)
    return Branch(
        cast(Comparison, comparison), left, right,
        program(step["then"], f"{field}.then", depth + 1), program(step["else"], f"{field}.else", depth + 1),
    )  # fmt: skip


def preceded(kind: str, step: Mapping[str, Json], field: str, then: Tree) -> Tree:
    """A step with the rest of its program."""
    location = identifier(step[kind], f"{field}.{kind}")
    if kind == "read":
        return ReadInto(location, identifier(step["as"], f"{field}.as"), then)
    if kind == "write":
        return Write(location, expression(step["value"], f"{field}.value"), then)
    if kind == "add":
        return Add(location, integer(step["amount"], f"{field}.amount"), then)
    return Require(location, integer(step["least"], f"{field}.least"), then)


# --- the way back ----------------------------------------------------------------------------------------------------


def expression_json(value: Expression) -> Json:
    """An expression as JSON."""
    if isinstance(value, Constant):
        return str(value.value)
    if isinstance(value, Name):
        return value.name
    return {value.operator: [expression_json(value.left), expression_json(value.right)]}


def program_json(tree: Tree) -> list[Json]:
    """A program as JSON."""
    steps: list[Json] = []
    while True:
        match tree:
            case Stop():
                return [*steps, {"stop": expression_json(tree.result)}]
            case Revert():
                return [*steps, {"revert": True}]
            case Branch():
                condition: Json = {tree.comparison: [expression_json(tree.left), expression_json(tree.right)]}
                ways: dict[str, Json] = {"then": program_json(tree.then), "else": program_json(tree.otherwise)}
                return [*steps, {"if": condition, **ways}]
            case ReadInto():
                steps.append({"read": tree.location, "as": tree.name})
            case Write():
                steps.append({"write": tree.location, "value": expression_json(tree.value)})
            case Add():
                steps.append({"add": tree.location, "amount": str(tree.amount)})
            case Require():
                steps.append({"require": tree.location, "least": str(tree.least)})
        tree = tree.then


def block_json(block: Trees) -> dict[str, Json]:
    """A block as JSON."""
    return {
        "before": {location: str(value) for location, value in sorted(block.before)},
        "programs": [program_json(tree) for tree in block.programs],
    }


def block_of(given: Mapping[str, Json], field: str) -> Trees:
    """The block of an object with ``before`` and ``programs``."""
    before = given["before"]
    if not isinstance(before, Mapping):
        raise InputError(f"{field}.before", "an object of numbers by location is needed")
    values = tuple(
        (identifier(key, f"{field}.before"), integer(value, f"{field}.before.{key[:20]}"))
        for key, value in sorted(before.items())
    )
    programs = items(given["programs"], f"{field}.programs", program)
    if len(programs) > MOST_TRANSACTIONS:
        raise InputError(f"{field}.programs", f"more than {MOST_TRANSACTIONS} transactions")
    return Trees(programs, values)


def without_additions(block: Trees) -> Trees:
    """The block for engines without commutative additions: an addition reads, and writes the sum.

    Results and state are the same; only what is read differs.
    """
    used = {name for tree in block.programs for name in names_of(tree)}
    free = next(name for name in (f"sum{number}" for number in count()) if name not in used)
    return Trees(tuple(spelled_out(tree, free) for tree in block.programs), block.before)


def names_of(tree: Tree) -> Iterator[str]:
    """The names that a program reads into or, in an expression, takes."""
    match tree:
        case Stop():
            yield from names_in(tree.result)
        case Branch():
            for part in (tree.left, tree.right):
                yield from names_in(part)
            yield from names_of(tree.then)
            yield from names_of(tree.otherwise)
        case ReadInto():
            yield tree.name
            yield from names_of(tree.then)
        case Write():
            yield from names_in(tree.value)
            yield from names_of(tree.then)
        case Add() | Require():
            yield from names_of(tree.then)


def names_in(value: Expression) -> Iterator[str]:
    """The names in an expression."""
    if isinstance(value, Name):
        yield value.name
    elif isinstance(value, Operation):
        yield from names_in(value.left)
        yield from names_in(value.right)


def spelled_out(tree: Tree, free: str) -> Tree:
    """A program with its additions as reads into a free name, and writes."""
    match tree:
        case Stop() | Revert():
            return tree
        case Branch():
            then, otherwise = spelled_out(tree.then, free), spelled_out(tree.otherwise, free)
            return Branch(tree.comparison, tree.left, tree.right, then, otherwise)
        case Add():
            total = Operation("+", Name(free), Constant(tree.amount))
            return ReadInto(tree.location, free, Write(tree.location, total, spelled_out(tree.then, free)))
        case _:
            return msgspec.structs.replace(tree, then=spelled_out(tree.then, free))
