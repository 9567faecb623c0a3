"""Building terms: each equal term once, constants folded, intervals as narrow as the path allows.

What a path has decided narrows the intervals of what it builds later: after ``size < 31`` holds, ``8 * size`` is at
most 240. So a term's interval holds under the conditions of its path, and the same operation may be two terms.
"""

from __future__ import annotations

from typing import TypeAlias

import attrs

from hyperion.symbolic import intervals
from hyperion.symbolic.expression import ANY_INTEGER, Interval, Op, Sort, Term, apply
from hyperion.symbolic.rewrites import BY_OPERATION, CONSTANTS, FOLDING, INTERVALS, rewriting

Key: TypeAlias = int | tuple[Op, tuple[Term, ...], int | bool | str | None, Sort, int | None, int | None]
"""What a term is found by: its structure and the ends of its interval; a known integer by itself."""


class Contradiction(Exception):
    """What is taken to hold can't: the path is impossible."""


@attrs.frozen(eq=False)
class Terms:
    """A workshop for terms: those of the exploration by structure, and what the current path has learned of them."""

    known: dict[Key, Term] = attrs.field(factory=dict)
    learned: dict[Term, Interval] = attrs.field(factory=dict)

    def make(
        self, op: Op, arguments: tuple[Term, ...], value: int | bool | str | None, sort: Sort, interval: Interval
    ) -> Term:
        """The term of this structure: the same object whenever it is asked for."""
        key = (op, arguments, value, sort, interval.low, interval.high)
        found = self.known.get(key)
        if found is None:
            found = Term(op, arguments, value, sort, interval)
            self.known[key] = found
        return found

    # --- leaves

    def integer(self, value: int) -> Term:
        """A known integer."""
        found = self.known.get(value)
        if found is None:
            found = Term(Op.CONSTANT, (), value, Sort.INTEGER, Interval(value, value))
            self.known[value] = found
        return found

    def boolean(self, value: bool) -> Term:
        """A known truth value."""
        return self.make(Op.CONSTANT, (), value, Sort.BOOLEAN, ANY_INTEGER)

    def variable(self, name: str, interval: Interval) -> Term:
        """An integer of which only an interval is known."""
        return self.make(Op.VARIABLE, (), name, Sort.INTEGER, interval)

    def proposition(self, name: str) -> Term:
        """A truth value that is not known."""
        return self.make(Op.VARIABLE, (), name, Sort.BOOLEAN, ANY_INTEGER)

    def application(self, name: str, arguments: tuple[Term, ...], interval: Interval) -> Term:
        """An integer that depends on the arguments in an unknown way, always the same."""
        return self.make(Op.APPLY, arguments, name, Sort.INTEGER, interval)

    # --- integers

    def interval(self, term: Term) -> Interval:
        """What is known of the term on this path."""
        learned = self.learned.get(term)
        return term.interval if learned is None else term.interval.meet(learned)

    @rewriting(FOLDING, "magnitude-natural", "length-magnitude")
    def unary(self, op: Op, a: Term) -> Term:
        """``-a``, ``abs(a)`` or ``a.bit_length()``."""
        if isinstance(a.value, int):
            return self.integer(int(apply(op, (a.value,))))
        if op is Op.ABS and self.interval(a).natural:
            return a
        if op is Op.BIT_LENGTH:
            a = self.unary(Op.ABS, a)  # Python counts the bits of the magnitude
        return self.make(op, (a,), None, Sort.INTEGER, intervals.UNARY[op](self.interval(a)))

    @rewriting(FOLDING)
    def binary(self, op: Op, a: Term, b: Term) -> Term:
        """An integer operation. The divisor is not 0, the shift not negative: the caller has seen to it."""
        if isinstance(a.value, int) and isinstance(b.value, int):
            return self.integer(int(apply(op, (a.value, b.value))))
        if op is Op.ADD or op is Op.SUB:
            return self.sum(op, a, b)
        simple = self.simpler(op, a, b)
        if simple is not None:
            return simple
        found = intervals.BINARY[op](self.interval(a), self.interval(b))
        return self.make(op, (a, b), None, Sort.INTEGER, found)

    @rewriting(
        "sum-constants",
        "difference-constants",
        "sum-zero",
        "difference-zero",
        "zero-sum",
        "zero-difference",
        "difference-same",
    )
    def sum(self, op: Op, a: Term, b: Term) -> Term:
        """Sum or difference, with the constants of both sides gathered in one: ``gas - 3 - 2`` is ``gas + -5``."""
        (a, plus), (b, other) = self.split(a), self.split(b)
        constant = plus + other if op is Op.ADD else plus - other
        if b.value == 0 and b.is_constant:
            rest = a
        elif a is b and op is Op.SUB:
            rest = self.integer(0)
        elif a.value == 0 and a.is_constant:
            rest = b if op is Op.ADD else self.unary(Op.NEG, b)
        else:
            found = intervals.BINARY[op](self.interval(a), self.interval(b))
            rest = self.make(op, (a, b), None, Sort.INTEGER, found)
        if constant == 0:
            return rest
        if isinstance(rest.value, int):
            return self.integer(rest.value + constant)
        found = intervals.add(self.interval(rest), Interval(constant, constant))
        return self.make(Op.ADD, (rest, self.integer(constant)), None, Sort.INTEGER, found)

    def split(self, term: Term) -> tuple[Term, int]:
        """The term without the constant added to it, and that constant."""
        if isinstance(term.value, int) and term.is_constant:
            return self.integer(0), int(term.value)
        if term.op is Op.ADD and isinstance(term.arguments[1].value, int):
            return term.arguments[0], int(term.arguments[1].value)
        return term, 0

    @rewriting(*(each.id for each in CONSTANTS), "and-same", "or-same", "xor-same")
    def simpler(self, op: Op, a: Term, b: Term) -> Term | None:
        """The result where a constant operand, or twice the same one, makes it plain."""
        for rewrite in BY_OPERATION[op]:
            for constant, other in ((b, a), (a, b)) if rewrite.either else ((b, a),):
                if isinstance(constant.value, int) and rewrite.applies(int(constant.value), self.interval(other)):
                    return other if rewrite.keeps else self.integer(0)
        if a is b and op in (Op.AND, Op.OR):
            return a
        return self.integer(0) if a is b and op is Op.XOR else None

    @rewriting("choice-true", "choice-false", "choice-same", "choice-truths")
    def choose(self, condition: Term, then: Term, otherwise: Term) -> Term:
        """``then if condition else otherwise``, of integers or of truth values."""
        if condition.is_constant:
            return then if condition.value else otherwise
        if then is otherwise:
            return then
        if then.sort is Sort.BOOLEAN:
            return self.any_of((self.all_of((condition, then)), self.all_of((self.negation(condition), otherwise))))
        found = self.interval(then).hull(self.interval(otherwise))
        return self.make(Op.ITE, (condition, then, otherwise), None, Sort.INTEGER, found)

    # --- truth values

    @rewriting(INTERVALS, "less-constants", "less-known", "less-same")
    def less(self, a: Term, b: Term) -> Term:
        """``a < b``."""
        (a, plus), (b, other) = self.split(a), self.split(b)
        # What is added on one side is taken off the constant on the other, so that equal questions are equal terms.
        if a.is_constant:
            a, plus = self.integer(plus - other), 0
        elif plus or other:
            b = self.binary(Op.ADD, b, self.integer(other - plus))
        decided = False if a is b else intervals.less(self.interval(a), self.interval(b))
        return self.make(Op.LT, (a, b), None, Sort.BOOLEAN, ANY_INTEGER) if decided is None else self.boolean(decided)

    @rewriting(INTERVALS, "equal-constants", "equal-sides", "equal-same", "equal-truths")
    def equal(self, a: Term, b: Term) -> Term:
        """``a == b``, of integers or of truth values."""
        if a.sort is Sort.BOOLEAN:
            return self.boolean(True) if a is b else self.choose(a, b, self.negation(b))
        (a, plus), (b, other) = self.split(a), self.split(b)
        if a.is_constant:
            (a, plus), (b, other) = (b, other), (a, plus)
        b = self.binary(Op.ADD, b, self.integer(other - plus))
        decided = True if a is b else intervals.equal(self.interval(a), self.interval(b))
        return self.make(Op.EQ, (a, b), None, Sort.BOOLEAN, ANY_INTEGER) if decided is None else self.boolean(decided)

    @rewriting(FOLDING, "not-not")
    def negation(self, a: Term) -> Term:
        """``not a``."""
        if a.is_constant:
            return self.boolean(not a.value)
        return a.arguments[0] if a.op is Op.NOT else self.make(Op.NOT, (a,), None, Sort.BOOLEAN, ANY_INTEGER)

    def all_of(self, conditions: tuple[Term, ...]) -> Term:
        """Whether all hold."""
        return self.junction(Op.ALL, conditions, True)

    def any_of(self, conditions: tuple[Term, ...]) -> Term:
        """Whether one holds."""
        return self.junction(Op.ANY, conditions, False)

    @rewriting("all-neutral", "any-neutral", "all-absorbed", "any-absorbed", "all-twice", "any-twice")
    def junction(self, op: Op, conditions: tuple[Term, ...], neutral: bool) -> Term:
        """``all`` or ``any`` of the conditions, without those that make no difference."""
        kept = tuple(dict.fromkeys(part for part in conditions if not (part.is_constant and part.value is neutral)))
        if any(part.is_constant for part in kept):
            return self.boolean(not neutral)
        if len(kept) < 2:
            return kept[0] if kept else self.boolean(neutral)
        return self.make(op, kept, None, Sort.BOOLEAN, ANY_INTEGER)

    # --- learning

    def decided(self, condition: Term) -> bool | None:
        """Whether the condition holds, as far as intervals tell; None if they don't."""
        if condition.is_constant:
            return bool(condition.value)
        match condition.op:
            case Op.LT | Op.EQ:
                a, b = (self.interval(argument) for argument in condition.arguments)
                return (intervals.less if condition.op is Op.LT else intervals.equal)(a, b)
            case Op.NOT:
                inner = self.decided(condition.arguments[0])
                return None if inner is None else not inner
            case Op.ALL | Op.ANY:
                parts = [self.decided(part) for part in condition.arguments]
                deciding = condition.op is Op.ANY
                if deciding in parts:
                    return deciding
                return None if None in parts else not deciding
        return None

    def learn(self, condition: Term, holds: bool) -> None:
        """Narrow the intervals of what the condition is about; a Contradiction if nothing is left."""
        match condition.op:
            case Op.NOT:
                self.learn(condition.arguments[0], not holds)
            case Op.ALL | Op.ANY if holds is (condition.op is Op.ALL):
                for part in condition.arguments:
                    self.learn(part, holds)
            case Op.LT:
                a, b = condition.arguments
                mine, its = self.interval(a), self.interval(b)
                if holds:
                    self.narrow(a, Interval(None, None if its.high is None else its.high - 1))
                    self.narrow(b, Interval(None if mine.low is None else mine.low + 1, None))
                else:
                    self.narrow(a, Interval(its.low, None))
                    self.narrow(b, Interval(None, mine.high))
            case Op.EQ:
                a, b = condition.arguments
                if holds:
                    self.narrow(a, self.interval(b))
                    self.narrow(b, self.interval(a))
                elif isinstance(b.value, int):
                    self.exclude(a, b.value)

    def exclude(self, term: Term, value: int) -> None:
        """The term is not ``value``, which narrows its interval if that is at its end."""
        known = self.interval(term)
        if known.low == value:
            self.narrow(term, Interval(value + 1, None))
        if known.high == value:
            self.narrow(term, Interval(None, value - 1))

    def narrow(self, term: Term, found: Interval) -> None:
        """Intersect what is known of the term with ``found``; what is added to it carries over to the rest of it."""
        interval = self.interval(term).meet(found)
        if interval.empty:
            raise Contradiction
        if term.is_constant:
            return
        self.learned[term] = interval
        rest, constant = self.split(term)
        if constant:
            self.narrow(rest, intervals.add(interval, Interval(-constant, -constant)))
