"""The rewrites of terms: what may stand for what, and when. Nothing else is ever put in a term's place.

Each is a value, written on Python's own integers and truth values, so that it can be read, run, and proved for all of
them: the theorem REWRITE-terms is made from this registry. Whoever rewrites names the entries that it uses with
``rewriting``, which refuses a name that is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import attrs

from hyperion.symbolic.expression import Interval, Op

F = TypeVar("F", bound=Callable[..., object])


@attrs.frozen
class ConstantRewrite:
    """``other op constant`` is ``other``, or 0, for constants and intervals of the other operand that it applies to."""

    id: str
    op: Op
    applies: Callable[[int, Interval], bool]
    """Of the constant, and what is known of the other operand."""
    keeps: bool
    """Whether the other operand is left, and not 0."""
    either: bool = True
    """Whether the constant may be the first operand as well."""


@attrs.frozen
class Law:
    """``before`` is ``after`` for all integers and truth values, named as the parameters, for which ``when`` holds."""

    id: str
    before: Callable[..., Any]
    after: Callable[..., Any]
    integers: tuple[str, ...] = ()
    truths: tuple[str, ...] = ()
    when: Callable[..., Any] | None = None


def same(a: object, b: object) -> bool:
    """Where both are one."""
    return a == b


def opposite(condition: object) -> bool:
    """What does not hold."""
    return not condition


def is_zero(constant: int, other: Interval) -> bool:
    """For 0, whatever the other operand is."""
    del other
    return constant == 0


def is_one(constant: int, other: Interval) -> bool:
    """For 1, whatever the other operand is."""
    del other
    return constant == 1


def is_mask(constant: int, other: Interval) -> bool:
    """For ``2**k - 1``, if the other operand is natural and not above it: the mask of a word is left out so."""
    if constant < 0 or constant & (constant + 1) != 0:
        return False
    return other.natural and other.high is not None and other.high <= constant


CONSTANTS: Final = (
    ConstantRewrite("multiply-zero", Op.MUL, is_zero, keeps=False),
    ConstantRewrite("multiply-one", Op.MUL, is_one, keeps=True),
    ConstantRewrite("divide-one", Op.FLOORDIV, is_one, keeps=True, either=False),
    ConstantRewrite("and-zero", Op.AND, is_zero, keeps=False),
    ConstantRewrite("and-mask", Op.AND, is_mask, keeps=True),
    ConstantRewrite("or-zero", Op.OR, is_zero, keeps=True),
    ConstantRewrite("xor-zero", Op.XOR, is_zero, keeps=True),
    ConstantRewrite("shift-left-zero", Op.LSHIFT, is_zero, keeps=True, either=False),
    ConstantRewrite("shift-right-zero", Op.RSHIFT, is_zero, keeps=True, either=False),
)
BY_OPERATION: Final[Mapping[Op, tuple[ConstantRewrite, ...]]] = {
    op: tuple(each for each in CONSTANTS if each.op is op) for op in Op
}

LAWS: Final = (
    # sums, with the constants of both sides gathered
    Law(
        "sum-constants", lambda a, p, b, q: (a + p) + (b + q), lambda a, p, b, q: (a + b) + (p + q),
        ("a", "p", "b", "q"),
    ),
    Law(
        "difference-constants", lambda a, p, b, q: (a + p) - (b + q), lambda a, p, b, q: (a - b) + (p - q),
        ("a", "p", "b", "q"),
    ),
    Law("sum-zero", lambda a, b: a + b, lambda a, b: a, ("a", "b"), when=lambda a, b: b == 0),
    Law("zero-sum", lambda a, b: a + b, lambda a, b: b, ("a", "b"), when=lambda a, b: a == 0),
    Law("difference-zero", lambda a, b: a - b, lambda a, b: a, ("a", "b"), when=lambda a, b: b == 0),
    Law("zero-difference", lambda a, b: a - b, lambda a, b: -b, ("a", "b"), when=lambda a, b: a == 0),
    Law("difference-same", lambda a, b: a - b, lambda a, b: 0, ("a", "b"), when=same),
    # the same operand twice
    Law("and-same", lambda a, b: a & b, lambda a, b: a, ("a", "b"), when=same),
    Law("or-same", lambda a, b: a | b, lambda a, b: a, ("a", "b"), when=same),
    Law("xor-same", lambda a, b: a ^ b, lambda a, b: 0, ("a", "b"), when=same),
    # magnitudes
    Law("magnitude-natural", lambda a: max(abs(a), 0), lambda a: a, ("a",), when=lambda a: a >= 0),
    Law("length-magnitude", lambda a: a.bit_length(), lambda a: abs(a).bit_length(), ("a",)),
    # comparisons: what is added on one side is taken off the other
    Law("less-constants", lambda a, p, b, q: a + p < b + q, lambda a, p, b, q: a < b + (q - p), ("a", "p", "b", "q")),
    Law("less-known", lambda p, b, q: p < b + q, lambda p, b, q: p - q < b, ("p", "b", "q")),
    Law("less-same", lambda a, b: a < b, lambda a, b: False, ("a", "b"), when=same),
    Law(
        "equal-constants", lambda a, p, b, q: a + p == b + q, lambda a, p, b, q: a == b + (q - p),
        ("a", "p", "b", "q"),
    ),
    Law("equal-sides", lambda a, b: a == b, lambda a, b: b == a, ("a", "b")),
    Law("equal-same", lambda a, b: a == b, lambda a, b: True, ("a", "b"), when=same),
    # truth values
    Law("not-not", lambda c: not opposite(c), lambda c: c, truths=("c",)),
    Law("choice-same", lambda a, b, c: a if c else b, lambda a, b, c: a, ("a", "b"), ("c",), lambda a, b, c: a == b),
    Law("choice-true", lambda a, b, c: a if c else b, lambda a, b, c: a, ("a", "b"), ("c",), lambda a, b, c: c),
    Law("choice-false", lambda a, b, c: a if c else b, lambda a, b, c: b, ("a", "b"), ("c",), lambda a, b, c: not c),
    Law(
        "choice-truths", lambda c, t, o: t if c else o, lambda c, t, o: (c and t) or (not c and o),
        truths=("c", "t", "o"),
    ),
    Law("equal-truths", lambda t, o: t == o, lambda t, o: o if t else not o, (), ("t", "o")),
    Law("all-neutral", lambda c, d: c and d, lambda c, d: c, truths=("c", "d"), when=lambda c, d: d),
    Law("any-neutral", lambda c, d: c or d, lambda c, d: c, truths=("c", "d"), when=lambda c, d: not d),
    Law("all-absorbed", lambda c, d: c and d, lambda c, d: False, truths=("c", "d"), when=lambda c, d: not d),
    Law("any-absorbed", lambda c, d: c or d, lambda c, d: True, truths=("c", "d"), when=lambda c, d: d),
    Law("all-twice", lambda c, d: c and d, lambda c, d: c, truths=("c", "d"), when=lambda c, d: c == d),
    Law("any-twice", lambda c, d: c or d, lambda c, d: c, truths=("c", "d"), when=lambda c, d: c == d),
    # as text: conditions of conditions, and sums of negative constants
    Law(
        "condition-then", lambda t, o, c: (t if c else o) == t, lambda t, o, c: c, ("t", "o"), ("c",),
        when=lambda t, o, c: t != o,
    ),
    Law(
        "condition-otherwise", lambda t, o, c: (t if c else o) == o, lambda t, o, c: not c, ("t", "o"), ("c",),
        when=lambda t, o, c: t != o,
    ),
    Law("not-equal", lambda a, b: opposite(a == b), lambda a, b: a != b, ("a", "b")),
    Law("not-less", lambda a, b: opposite(a < b), lambda a, b: a >= b, ("a", "b")),
    Law("sum-negative", lambda a, k: a + -k, lambda a, k: a - k, ("a", "k")),
)  # fmt: skip

FOLDING: Final = "folding"
"""An operation on known values is its value: not a rewrite but the meaning of the operation, ``expression.apply``."""
INTERVALS: Final = "intervals"
"""A comparison that intervals decide: the theorem REWRITE-intervals."""

KNOWN: Final = frozenset({*(each.id for each in CONSTANTS), *(law.id for law in LAWS), FOLDING, INTERVALS})


class UnknownRewrite(Exception):
    """Something would be rewritten by a rule that is not in the registry."""


def rewriting(*names: str) -> Callable[[F], F]:
    """The decorated function puts terms, or their text, in the place of others by these rewrites and no others."""
    for name in names:
        if name not in KNOWN:
            raise UnknownRewrite(name)

    return marked


def marked(function: F) -> F:
    """The function itself: the names stand in its source, where a reader and a test find them."""
    return function
