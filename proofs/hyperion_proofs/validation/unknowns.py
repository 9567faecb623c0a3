"""Terms over integers in which hard operators are unknown functions: what is computed alike is the same, by congruence.

Text and ``step`` compute the same products and the same bits, so their equality needs no more than that. A few facts
say what comparisons need; each is guarded, for the solver is told it without the conditions under which the term was
built.
What is proved with unknown functions holds of the real ones; where it fails, exact domains are asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import z3

from hyperion.symbolic.expression import Op, Term
from hyperion_proofs.translate import Formula, Integers, Untranslatable, known_value, mask_bits

WORD_BITS: Final = 256
COMMUTING: Final = (Op.AND, Op.OR, Op.XOR)


def unknown(op: Op, *arguments: Formula) -> Formula:
    """What the operator's unknown function gives."""
    return z3.Function(f"unknown!{op.value}", *[z3.IntSort()] * (len(arguments) + 1))(*arguments)


def natural(*formulas: Formula) -> Formula:
    """Whether none is negative."""
    return z3.And(*(formula >= 0 for formula in formulas))


def words(*formulas: Formula) -> Formula:
    """Whether all are words."""
    return z3.And(*(z3.And(formula >= 0, formula < 2**WORD_BITS) for formula in formulas))


class Congruent(Integers):
    """Integers with unknown products, quotients, remainders, bits and lengths in bits, unless a constant helps."""

    def product(self, term: Term, a: Formula, b: Formula) -> Formula:
        """A product; it commutes, and is natural if both are."""
        if any(part.is_constant for part in term.arguments):
            return a * b
        if a.get_id() > b.get_id():
            a, b = b, a
        result = unknown(Op.MUL, a, b)
        self.facts.extend([z3.Implies(z3.Or(a == 0, b == 0), result == 0), z3.Implies(natural(a, b), result >= 0)])
        self.facts.extend([z3.Implies(a == 1, result == b), z3.Implies(b == 1, result == a)])
        return result

    def division(self, term: Term, a: Formula, b: Formula) -> Formula:
        """Quotient or remainder; of naturals not above the dividend, and a remainder below the divisor."""
        if term.arguments[1].is_constant:
            return super().division(term, a, b)
        result = unknown(term.op, a, b)
        self.facts.append(z3.Implies(z3.And(natural(a), b > 0), z3.And(result >= 0, result <= a)))
        if term.op is Op.MOD:
            self.facts.append(z3.Implies(z3.And(natural(a), b > 0), result < b))
        return result

    def bit_length(self, term: Term, a: Formula) -> Formula:
        """A length in bits: of a word, 256 at most."""
        result = unknown(Op.BIT_LENGTH, a)
        self.facts.extend([result >= 0, z3.Implies(words(a), result <= WORD_BITS)])
        return result

    def bits(self, term: Term, a: Formula, b: Formula) -> Formula:
        """Masks and shifts by constants as arithmetic; other bits of naturals are natural, of words a word."""
        try:
            return super().bits(term, a, b)
        except Untranslatable:
            pass
        if term.op in COMMUTING and a.get_id() > b.get_id():
            a, b = b, a
        result = unknown(term.op, a, b)
        self.facts.extend(self.rounded(term, result))
        self.facts.append(z3.Implies(natural(a, b), result >= 0))
        if term.op in (Op.OR, Op.XOR):
            self.facts.append(z3.Implies(words(a, b), result < 2**WORD_BITS))
        if term.op in (Op.AND, Op.RSHIFT):
            self.facts.append(z3.Implies(natural(a, b), result <= a))
        if term.op is Op.AND:
            self.facts.append(z3.Implies(natural(a, b), result <= b))
        return result

    def rounded(self, term: Term, result: Formula) -> Iterator[Formula]:
        """Of a word without its lowest bits: that it is the word less what is in these bits."""
        for constant, other in (term.arguments, term.arguments[::-1]) if term.op is Op.AND else ():
            size = mask_bits(2**WORD_BITS - 1 - (known_value(constant) or 0))
            if size and constant.is_constant:
                formula = self.known[other]
                yield z3.Implies(words(formula), result == formula - formula % 2**size)
