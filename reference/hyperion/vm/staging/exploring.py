"""All paths of one step from a recorded state, and what a block takes for granted on them.

Some questions are not branches of a block. Whether gas or stack suffice, and what is the same for the whole block, is
asked once at its entry, for the dearest path. Whether memory would have to grow beyond a page or two, whether an offset
is odd, a piece of memory empty or very long, an account untouched, is asked where it matters, and the instruction is
left to ``step`` if so. All other questions are branches.
"""

from __future__ import annotations

from functools import partial, reduce
from typing import Final

import attrs

from hyperion.symbolic.explore import Outcome, follow, next_prefix
from hyperion.symbolic.expression import Interval, Op, Term, postorder
from hyperion.symbolic.opaque import OpaqueError
from hyperion.symbolic.path import Decision, Escape, Infeasible, Path, TooManyDecisions
from hyperion.symbolic.terms import Key, Terms
from hyperion.vm.stack import STACK_LIMIT
from hyperion.vm.staging.recording import (
    ALIGNED,
    ASSUMED_FALSE,
    DEPTH,
    GAS,
    WARM_ACCOUNT,
    Code,
    State,
    Unstaged,
)  # fmt: skip
from hyperion.vm.staging.stepping import Successor, successor

MOST_PATHS: Final = 64
MOST_DECISIONS: Final = 40
MOST_MEMORY: Final = 4096
"""Bytes up to which memory grows within a block."""
MOST_FOR_PIECE: Final = 50_000
"""Gas that a block may ask for on account of one instruction. Above it, how much that is, is asked there."""
GAS_FOR_PIECE: Final = 2_000
"""The most gas for which a piece of memory is read or written within a block, where its length is not known before."""
PIECES: Final = (0x20, 0x37, 0x39, 0x3C, 0x3E, 0x5E, *range(0xA0, 0xA5))
"""Instructions on pieces of memory: whether a piece is empty is asked before them, and is no branch."""
TOTAL: Final = (
    Op.CONSTANT, Op.VARIABLE, Op.ADD, Op.SUB, Op.MUL, Op.AND, Op.OR, Op.XOR, Op.NEG, Op.ABS, Op.ITE, Op.LT, Op.EQ,
    Op.NOT,
)  # fmt: skip
"""Operations that have a value whatever their operands are."""


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


class Unbounded(BaseException):
    """What an instruction costs has no bound that a block could ask for at its entry: the term.

    Not an ``Exception``: it is no outcome of the step that is run.
    """

    def __init__(self, term: Term) -> None:
        super().__init__()
        self.term = term


def deductions(term: Term, terms: Terms) -> int | None:
    """The most by which ``term`` is below the gas at the block's entry; None if it is no rest of that gas."""
    match term.op:
        case Op.VARIABLE:
            return 0 if term.value == GAS else None
        case Op.ADD | Op.SUB:
            rest, other = term.arguments
            known = deductions(rest, terms)
            if known is None:
                return None
            bound = terms.interval(other).high if term.op is Op.SUB else terms.interval(other).low
            if term.op is Op.SUB and (bound is None or bound > MOST_FOR_PIECE):
                raise Unbounded(other)
            return None if bound is None else known + (bound if term.op is Op.SUB else -bound)
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
    size: Term
    """Of memory, without a constant that is added to it."""
    most_memory: int
    """Bytes up to which memory grows."""
    pieces: bool
    """Whether the instruction is about a piece of memory."""
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
        if atom.op is Op.APPLY and atom.value in (ALIGNED, WARM_ACCOUNT):
            return self.guard(atom, True)
        if atom.op is Op.VARIABLE and atom.value in ASSUMED_FALSE:
            self.asked.append(Entry(false=(str(atom.value),)))
            return False
        if atom.op is Op.EQ and is_magnitude_of_nonzero(atom.arguments[0]) and atom.arguments[1].value == 0:
            return False
        if atom.op is Op.EQ and self.pieces and atom.arguments[1].value == 0:
            return self.guard(atom, False)
        if atom.op is not Op.LT:
            return None
        a, b = atom.arguments
        if a is self.size:
            end = self.terms.interval(b).high
            return None if end is not None and end <= self.most_memory else self.guard(atom, False)
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
        """A question to be asked before the instruction. Behind a branch its terms need not exist."""
        if (atom, answer) not in self.guards:
            if self.branches and any(part.op not in TOTAL for part in postorder(atom)):
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


def explore_step(code: Code, state: State, facts: Facts, known: dict[Key, Term], most_memory: int) -> Step:
    """All paths of the step from ``state``. Raises Unstaged if the instruction is not for blocks."""
    bounds: tuple[tuple[Term, bool], ...] = ()
    while True:
        try:
            step = paths_of_step(code, state, facts, known, most_memory)
        except Unbounded as found:
            terms = Terms(known, dict(facts.learned))
            dear = terms.less(terms.integer(GAS_FOR_PIECE), found.term)
            if dear.is_constant or any(part.op is Op.APPLY for part in postorder(dear)):
                raise Unstaged from None
            terms.learn(dear, False)
            facts = Facts({**facts.settled, dear: False}, terms.learned)
            bounds = (*bounds, (dear, False))
            continue
        return attrs.evolve(step, guards=(*bounds, *step.guards))


def paths_of_step(code: Code, state: State, facts: Facts, known: dict[Key, Term], most_memory: int) -> Step:
    """As ``explore_step``. Raises Unbounded if there is something that has to be bounded before."""
    terms = Terms(known, dict(facts.learned))
    oracle = Assumptions(terms, terms.split(state.size)[0], most_memory, code.program[state.pc] in PIECES)
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
        except (Escape, TooManyDecisions, OpaqueError):
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
