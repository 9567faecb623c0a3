"""Rewrites of terms, made from the registry of the engine itself, and the intervals that their conditions rest on.

Staged blocks are what is left of ``step`` when terms have been rewritten. An entry of the registry whose obligation is
not proved fails here, so no rewrite is used that is not a theorem.
"""

from collections.abc import Callable
from typing import Any, Final

from hyperion.symbolic import intervals
from hyperion.symbolic.expression import ANY_INTEGER, BINARY, UNARY, Interval, Op, Sort, Term, apply
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of
from hyperion.symbolic.rewrites import CONSTANTS, LAWS, ConstantRewrite, Law
from hyperion.symbolic.terms import Terms
from hyperion_proofs.solve import ARITHMETIC, BITWISE, INTEGERS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem

WIDE: Final = 2**257
"""Integers from ``-WIDE`` to ``WIDE``: words, their sums, and gas."""
MOST_SHIFT: Final = 256
WORD: Final = 2**256 - 1


def number(given: Given, name: str) -> int:
    """An integer."""
    return given.integer(name, -WIDE, WIDE)


# --- terms without rewrites -------------------------------------------------------------------------------------------


def plain_unary(terms: Terms, op: Op, a: Term) -> Term:
    """The operation as it is."""
    if isinstance(a.value, int):
        return terms.integer(int(apply(op, (a.value,))))
    return terms.make(op, (a,), None, Sort.INTEGER, intervals.UNARY[op](terms.interval(a)))


def plain_sum(terms: Terms, op: Op, a: Term, b: Term) -> Term:
    """Sum or difference as it is."""
    return terms.make(op, (a, b), None, Sort.INTEGER, intervals.BINARY[op](terms.interval(a), terms.interval(b)))


def plain_comparison(op: Op) -> Callable[[Terms, Term, Term], Term]:
    """A comparison of integers as it is; of truth values it is the engine's."""
    rewritten = Terms.equal

    def compare(terms: Terms, a: Term, b: Term) -> Term:
        if a.sort is Sort.BOOLEAN:
            return rewritten(terms, a, b)
        if isinstance(a.value, int) and isinstance(b.value, int):
            return terms.boolean(bool(apply(op, (a.value, b.value))))
        return terms.make(op, (a, b), None, Sort.BOOLEAN, ANY_INTEGER)

    return compare


def plain_terms() -> tuple[Ideal, ...]:
    """No rewrite is applied to the terms by which it is proved: else it would prove itself."""
    plain: dict[str, object] = {
        "unary": plain_unary, "sum": plain_sum, "less": plain_comparison(Op.LT), "equal": plain_comparison(Op.EQ),
        "simpler": lambda terms, op, a, b: None,
    }  # fmt: skip
    return tuple(Ideal(Terms, name, function, "no rewrites") for name, function in plain.items())


# --- the registry -----------------------------------------------------------------------------------------------------


def law_holds(law: Law) -> Statement:
    """Both sides are one wherever the law applies."""

    def statement(given: Given) -> None:
        values = [*(number(given, name) for name in law.integers), *(given.truth(name) for name in law.truths)]
        named = dict(zip((*law.integers, *law.truths), values, strict=True))
        if law.when is not None:
            given.assume(bool(law.when(**named)))
        before, after = law.before(**named), law.after(**named)
        given.note("before", before)
        given.note("after", after)
        given.claim(law.id, before == after)

    return statement


def interval_around(given: Given, name: str, value: int) -> Interval:
    """Any interval that holds the value: either end, or both, may be missing."""
    low: Any = number(given, f"low of {name}") if given.truth(f"{name} has a low end") else None
    high: Any = number(given, f"high of {name}") if given.truth(f"{name} has a high end") else None
    if low is not None:
        given.assume(low <= value)
    if high is not None:
        given.assume(value <= high)
    return Interval(low, high)


def constant_rewrite_holds(rewrite: ConstantRewrite) -> Statement:
    """Where it applies to a constant and to what is known of the other operand, what it gives is the operation."""

    def statement(given: Given) -> None:
        constant, other = given.integer("constant", -1, WORD), number(given, "other")
        applies = rewrite.applies(constant, interval_around(given, "other", other))
        if not applies:
            return
        expected = other if rewrite.keeps else 0
        given.claim(f"{rewrite.id}, constant second", BINARY[rewrite.op](other, constant) == expected)
        if rewrite.either:
            given.claim(f"{rewrite.id}, constant first", BINARY[rewrite.op](constant, other) == expected)

    return statement


# --- intervals --------------------------------------------------------------------------------------------------------


def inside(value: int, interval: Interval) -> bool:
    """Whether the value is in the interval."""
    bounds = [True if interval.low is None else interval.low <= value]
    bounds.append(True if interval.high is None else value <= interval.high)
    return bool(all_of(*bounds)) if all(type(bound) is bool for bound in bounds) else all_of(*bounds)


def transfer_is_sound(op: Op) -> Statement:
    """The result is in the interval that is computed from the intervals of the operands."""

    def statement(given: Given) -> None:
        a = number(given, "a")
        mine = interval_around(given, "a", a)
        if op in UNARY:
            given.claim(f"{op.value}: result in its interval", inside(int_of(UNARY[op](a)), intervals.UNARY[op](mine)))
            return
        b = given.integer("b", 0, MOST_SHIFT) if op in (Op.LSHIFT, Op.RSHIFT) else number(given, "b")
        its = interval_around(given, "b", b)
        if op in (Op.FLOORDIV, Op.MOD):
            given.assume(b != 0)
        given.claim(
            f"{op.value}: result in its interval", inside(int_of(BINARY[op](a, b)), intervals.BINARY[op](mine, its))
        )

    return statement


def int_of(value: Any) -> int:
    """The value, typed."""
    return value  # type: ignore[no-any-return]


def comparison_is_sound(compare: Callable[[Interval, Interval], bool | None], op: Op) -> Statement:
    """What intervals decide is so."""

    def statement(given: Given) -> None:
        a, b = number(given, "a"), number(given, "b")
        decided = compare(interval_around(given, "a", a), interval_around(given, "b", b))
        if decided is not None:
            given.claim(f"{op.value} as decided", BINARY[op](a, b) == decided)

    return statement


def strict_remainder(given: Given) -> None:
    """A wrong bound on remainders: that they are below the dividend."""
    a, b = given.integer("a", 0, WIDE), given.integer("b", 1, WIDE)
    high = intervals.remainder(Interval(0, a), Interval(1, b)).high
    given.claim("below its interval's end", high is None or a % b < high)


def mask_of_any(constant: int, other: Interval) -> bool:
    """A mask that is left out although the other operand may be above it."""
    return constant >= 0 and constant & (constant + 1) == 0 and other.natural


PORTFOLIO: Final = (INTEGERS, *(method for method in BITWISE if method is not INTEGERS))

REGISTRY: Final = Theorem(
    "REWRITE-terms",
    "Each rewrite that the engine may apply to a term leaves its value what it was.",
    ("VM-step",),
    Kind.PATHS,
    (
        *(Obligation(law.id, law_holds(law), PORTFOLIO, plain_terms) for law in LAWS),
        *(Obligation(each.id, constant_rewrite_holds(each), PORTFOLIO, plain_terms) for each in CONSTANTS),
    ),
    (
        Control(
            "a mask is left out whatever is above it",
            Obligation(
                "and-mask",
                constant_rewrite_holds(ConstantRewrite("and-mask", Op.AND, mask_of_any, keeps=True)),
                PORTFOLIO,
            ),
        ),
        Control(
            "the constants of a comparison are added instead of taken off",
            Obligation(
                "less-constants",
                law_holds(
                    Law(
                        "less-constants", lambda a, p, b, q: a + p < b + q, lambda a, p, b, q: a < b + (q + p),
                        ("a", "p", "b", "q"),
                    )
                ),
                PORTFOLIO,
            ),
        ),
    ),
    hypotheses="integers from −2**257 to 2**257, which holds words, sums of two, and gas",

)  # fmt: skip

PROVED_TRANSFERS: Final = (Op.ADD, Op.SUB, Op.NEG, Op.ABS, Op.FLOORDIV, Op.MOD, Op.MUL)

INTERVALS_SOUND: Final = Theorem(
    "REWRITE-intervals",
    "The interval of a sum, difference, product, quotient, remainder, negative or magnitude holds it, whatever the "
    "operands in their intervals are, and comparisons are as intervals decide.",
    ("VM-step",),
    Kind.PATHS,
    (
        *(Obligation(op.value, transfer_is_sound(op), ARITHMETIC) for op in PROVED_TRANSFERS),
        Obligation("less", comparison_is_sound(intervals.less, Op.LT), ARITHMETIC),
        Obligation("equal", comparison_is_sound(intervals.equal, Op.EQ), ARITHMETIC),
    ),
    (
        Control(
            "a remainder is taken to be below its dividend, and not only not above it",
            Obligation(
                "%",
                strict_remainder,
                ARITHMETIC,
            ),
        ),
    ),
    hypotheses="integers from −2**257 to 2**257; divisors are not 0",
)


THEOREMS: Final = (REGISTRY, INTERVALS_SOUND)
