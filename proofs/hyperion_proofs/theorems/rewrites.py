"""Rewrites of terms, made from the registry of the engine itself.

Staged blocks are what is left of ``step`` when terms have been rewritten. An entry of the registry whose obligation is
not proved fails here, so no rewrite is used that is not a theorem.
"""

from collections.abc import Callable
from typing import Final

from hyperion.symbolic import intervals
from hyperion.symbolic.expression import ANY_INTEGER, BINARY, Interval, Op, Sort, Term, apply
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.rewrites import CONSTANTS, LAWS, ConstantRewrite, Law
from hyperion.symbolic.terms import Terms
from hyperion_proofs.solve import BITWISE, INTEGERS
from hyperion_proofs.statement import Given, Statement
from hyperion_proofs.theorem import Control, Kind, Obligation, Theorem
from hyperion_proofs.theorems.intervals import interval_around, number

WORD: Final = 2**256 - 1


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

THEOREMS: Final = (REGISTRY,)
