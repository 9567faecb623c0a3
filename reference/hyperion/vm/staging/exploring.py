"""All paths of one step from a recorded state, and what a block takes for granted on them.

Some questions are not branches of a block. Whether gas or stack suffice, and what is the same for the whole block, is
asked once at its entry, for the dearest path; whether memory would have to grow, and whether an offset is odd, is asked
where it matters, and the instruction is left to ``step`` if so. All other questions are branches.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import Final

import attrs

from hyperion.symbolic.explore import Outcome, follow, next_prefix
from hyperion.symbolic.expression import Interval, Op, Term
from hyperion.symbolic.path import Decision, Escape, Infeasible, Path, TooManyDecisions
from hyperion.symbolic.terms import Key, Terms
from hyperion.vm.stack import STACK_LIMIT
from hyperion.vm.staging.recording import (
    ALIGNED,
    ASSUMED_FALSE,
    DEPTH,
    GAS,
    MEMORY_SIZE,
    Code,
    State,
    Successor,
    Unstaged,
    successor,
)

MOST_PATHS: Final = 64
MOST_DECISIONS: Final = 40


@attrs.frozen(eq=False)
class Facts:
    """What holds at a point of a block: questions that are answered, and intervals narrower than the terms' own."""

    settled: dict[Term, bool] = attrs.field(factory=dict)
    learned: dict[Term, Interval] = attrs.field(factory=dict)


@attrs.frozen
class Entry:
    """What must hold of the machine where a block is entered."""

    gas: int = 0
    """At least so much."""
    words: int = 0
    """At least so many on the stack."""
    most_words: int = STACK_LIMIT
    """At most so many."""
    false: tuple[str, ...] = ()
    """Truths of ``ASSUMED_FALSE`` that must not hold."""

    def both(self, other: Entry) -> Entry:
        """What holds if both do."""
        return Entry(
            max(self.gas, other.gas),
            max(self.words, other.words),
            min(self.most_words, other.most_words),
            (*self.false, *(name for name in other.false if name not in self.false)),
        )


def deductions(term: Term, terms: Terms) -> int | None:
    """The most by which ``term`` is below the gas at the block's entry; None if it is no rest of that gas."""
    match term.op:
        case Op.VARIABLE:
            return 0 if term.value == GAS else None
        case Op.ADD | Op.SUB:
            rest, other = term.arguments
            known = deductions(rest, terms)
            bound = terms.interval(other).high if term.op is Op.SUB else terms.interval(other).low
            if known is None or bound is None:
                return None
            return known + (bound if term.op is Op.SUB else -bound)
    return None


def is_magnitude_of_nonzero(term: Term) -> bool:
    """Whether the term is the absolute value of an integer whose interval excludes 0."""
    if term.op is not Op.ABS:
        return False
    inside = term.arguments[0].interval
    return (inside.low is not None and inside.low > 0) or (inside.high is not None and inside.high < 0)


@attrs.frozen(eq=False)
class Assumptions:
    """The oracle of one step: takes one side for granted where a block has it checked, and notes what it took."""

    terms: Terms
    asked: list[Entry] = attrs.field(factory=list)
    """What the entry of the block must ask for."""
    guards: list[tuple[Term, bool]] = attrs.field(factory=list)
    """Questions to be asked before the instruction, with the answer on which the block goes on."""
    branches: list[Term] = attrs.field(factory=list)
    """Questions that are branches."""

    @property
    def entry(self) -> Entry:
        """All that was asked for."""
        return reduce(Entry.both, self.asked, Entry())

    def feasible(self, conditions: tuple[Term, ...], further: Term) -> bool:
        """Whether the block follows this side."""
        positive = further.op is not Op.NOT
        atom = further if positive else further.arguments[0]
        for known in reversed(conditions):  # equal questions are equal terms, whichever way they were asked
            if known is atom or (known.op is Op.NOT and known.arguments[0] is atom):
                return (known is atom) is positive
        answer = self.answer(atom)
        if answer is None:
            self.branches.append(atom)
            return True
        return answer is positive

    def answer(self, atom: Term) -> bool | None:
        """The answer that is taken for granted; None if the question is a branch."""
        if atom.op is Op.APPLY and atom.value == ALIGNED:
            return self.guard(atom, True)
        if atom.op is Op.VARIABLE and atom.value in ASSUMED_FALSE:
            self.asked.append(Entry(false=(str(atom.value),)))
            return False
        if atom.op is Op.EQ and is_magnitude_of_nonzero(atom.arguments[0]) and atom.arguments[1].value == 0:
            return False
        if atom.op is not Op.LT:
            return None
        a, b = atom.arguments
        if a.op is Op.VARIABLE and a.value == MEMORY_SIZE:
            return self.guard(atom, False)
        if isinstance(b.value, int):
            return self.at_least(a, b.value)
        if isinstance(a.value, int):
            return self.at_most(a.value, b)
        return None

    def at_least(self, a: Term, bound: int) -> bool | None:
        """``a < bound`` is false of gas and depth."""
        if a.op is Op.VARIABLE and a.value == DEPTH:
            self.asked.append(Entry(words=bound))
            return False
        taken = deductions(a, self.terms)
        if taken is None:
            return None
        self.asked.append(Entry(gas=bound + taken))
        return False

    def at_most(self, bound: int, b: Term) -> bool | None:
        """``bound < b`` is false of depth, and true of gas."""
        if b.op is Op.VARIABLE and b.value == DEPTH:
            self.asked.append(Entry(most_words=bound))
            return False
        taken = deductions(b, self.terms)
        if taken is None:
            return None
        self.asked.append(Entry(gas=bound + 1 + taken))
        return True

    def guard(self, atom: Term, answer: bool) -> bool:
        """A question to be asked before the instruction. Behind a branch it could not be: its terms may not exist."""
        if (atom, answer) not in self.guards:
            if self.branches:
                raise Unstaged
            self.guards.append((atom, answer))
        return answer


@attrs.frozen(eq=False)
class Leaf:
    """A path of a step: its decisions, where it goes, and what holds there."""

    trail: tuple[Decision, ...]
    successor: Successor
    facts: Facts


@attrs.frozen(eq=False)
class Step:
    """All paths of a step, and what is taken for granted on them."""

    leaves: tuple[Leaf, ...]
    entry: Entry
    guards: tuple[tuple[Term, bool], ...]


def explore_step(code: Code, state: State, facts: Facts, known: dict[Key, Term]) -> Step:
    """All paths of the step from ``state``. Raises Unstaged if the instruction is not for blocks."""
    oracle = Assumptions(Terms(known))
    leaves: list[Leaf] = []
    prefix: tuple[Decision, ...] | None = ()
    run = partial(successor, code=code, state=state)
    while prefix is not None:
        if len(leaves) >= MOST_PATHS:
            raise Unstaged
        terms = Terms(known, dict(facts.learned))
        path = Path(terms, prefix, oracle, MOST_DECISIONS, settled=dict(facts.settled))
        try:
            leaves.append(leaf_of(path, follow(run, path)))
        except Infeasible:
            pass
        except (Escape, TooManyDecisions):
            raise Unstaged from None
        prefix = next_prefix(path.trail)
    if not leaves:
        raise Unstaged
    return Step(tuple(leaves), oracle.entry, tuple(oracle.guards))


def leaf_of(path: Path, outcome: Outcome[Successor]) -> Leaf:
    """The leaf at the end of a path; what was raised there is no part of a block."""
    if outcome.result is None:
        raise Unstaged
    return Leaf(tuple(path.trail), outcome.result, Facts(dict(path.settled), dict(path.terms.learned)))
