"""Tracing a block: from an entry of a code, one step after the other, both ways at a branch, printed as Python.

A trace follows jumps whose destination is known. It ends at an instruction that is not for blocks, where it would go in
a circle that does not come back to the entry, and where it has become long; the way back to the entry is a loop, whose
words stay in local variables. Every end gives the whole machine as ``step`` would have made it.
"""

from __future__ import annotations

from typing import Final

import attrs

from hyperion.symbolic.expression import ANY_INTEGER, Op
from hyperion.symbolic.ideal import Idealized
from hyperion.symbolic.terms import Terms
from hyperion.vm.staging.accessing import grow, reads, warmth, write
from hyperion.vm.staging.draft import (
    GROWN,
    LOOP,
    STEPS,
    WARM_ACCOUNTS,
    Draft,
    Names,
)
from hyperion.vm.staging.exploring import MOST_MEMORY, Facts, Leaf, Step, explore_step
from hyperion.vm.staging.merging import divided, merge, plain, short, writes
from hyperion.vm.staging.octets import IDEALS
from hyperion.vm.staging.recording import (
    ALIGNED,
    FACT_TERMS,
    GAS,
    MEMORY_SIZE,
    NATURAL,
    REFUND,
    Code,
    State,
    Unstaged,
)

MOST_STEPS: Final = 400
"""Instructions of a block, all its branches together."""
MOST_BRANCHES: Final = 25
"""Branches within branches: Python nests no deeper than 100."""
MOST_GAS: Final = 200_000
"""Gas that a block may ask for at its entry. A block that asked for more would seldom be entered."""
JUMPDEST: Final = 0x5B


@attrs.frozen
class Block:
    """The residual Python of an entry, and how many instructions are in it."""

    entry: int
    text: str
    instructions: int
    traced: int
    """How many were traced in all, where the block was made in two ways."""


@attrs.frozen(eq=False)
class Trace:
    """The way through a code from one entry, and the draft in which it is written down."""

    code: Code
    root: int
    most_memory: int = MOST_MEMORY
    """Bytes up to which memory grows."""
    draft: Draft = attrs.field(factory=Draft)

    def start(self) -> State:
        """The state at the entry."""
        terms = Terms(self.draft.known)
        gas, refund = terms.variable(GAS, NATURAL), terms.variable(REFUND, ANY_INTEGER)
        return State(self.root, gas, (), 0, refund, FACT_TERMS[MEMORY_SIZE], 0, 0, 0, 0)

    def trace(self, state: State, facts: Facts, indent: int, seen: frozenset[int]) -> None:
        """Print everything from ``state`` on."""
        draft = self.draft
        while True:
            if state.pc == self.root and state.steps:
                draft.back(state, indent)
                return
            if draft.numbers[STEPS] >= MOST_STEPS or state.pc in seen:
                draft.leave(state, indent)
                return
            try:
                step = explore_step(self.code, state, facts, draft.known, self.most_memory)
                if draft.entry.both(step.entry).gas > MOST_GAS:
                    raise Unstaged
                if all(leaf.successor.halts for leaf in step.leaves):
                    raise Unstaged
                if not plain(step) and indent - 1 > MOST_BRANCHES:
                    raise Unstaged
            except Unstaged:
                draft.leave(state, indent)
                return
            if self.code.program[state.pc] == JUMPDEST:
                seen = seen | {state.pc}
            lines, entries = len(draft.lines), len(draft.entries)
            try:
                moved = self.instruction(state, facts, step, indent, seen)
            except Unstaged:
                draft.cut(lines, entries)
                draft.leave(state, indent)
                return
            if moved is None:
                return
            state, facts = moved

    def instruction(
        self, state: State, facts: Facts, step: Step, indent: int, seen: frozenset[int]
    ) -> tuple[State, Facts] | None:
        """Print one step; where it leads, or None if it was a branch, whose sides are printed."""
        draft = self.draft
        draft.ask(step.entry)
        draft.one_more(STEPS)
        names: Names = {}
        self.guards(state, facts, step, indent)
        if not plain(step):
            self.branch(state, step.leaves, 0, indent, seen)
            return None
        settled = {**facts.settled, **dict(step.guards), **warmth(draft, step, names, indent)}
        size = grow(draft, state, step.leaves, indent)
        reads(draft, step, settled, names, indent)
        reached = attrs.evolve(merge(draft, state, step.leaves, names, indent), size=size)
        for effect in writes(step.leaves[0]):
            write(draft, effect, names, indent)
        reached = short(draft, reached, names, indent)
        if len(step.leaves) == 1:
            return reached, step.leaves[0].facts
        return reached, Facts(settled, facts.learned)

    def guards(self, state: State, facts: Facts, step: Step, indent: int) -> None:
        """Print the questions whose wrong answer leaves the instruction to ``step``."""
        draft = self.draft
        for atom, answer in step.guards:
            if atom in facts.settled:
                continue
            if atom.op is Op.APPLY:
                what = draft.text(atom.arguments[0], {})
                if atom.value == ALIGNED:
                    draft.out(indent, f"if {what} & 31:")
                else:
                    draft.use(WARM_ACCOUNTS)
                    draft.out(indent, f"if {what} not in warm_accounts:")
            else:
                draft.out(indent, f"if {draft.condition(atom, {}, not answer)}:")
            draft.leave(state, indent + 1)

    def branch(self, state: State, leaves: tuple[Leaf, ...], depth: int, indent: int, seen: frozenset[int]) -> None:
        """Print both sides of a branch, each to its end."""
        draft = self.draft
        if len(leaves) == 1:
            reached = leaves[0].successor.state
            if reached is None:
                draft.leave(state, indent)
            elif leaves[0].successor.effects:
                raise Unstaged
            else:
                self.trace(short(draft, reached, {}, indent), leaves[0].facts, indent, seen)
            return
        test, yes, no = divided([(leaf, leaf) for leaf in leaves], depth)
        if yes and no:
            draft.out(indent, f"if {draft.condition(test, {})}:")
            self.branch(state, tuple(leaf for leaf, _ in yes), depth + 1, indent + 1, seen)
        self.branch(state, tuple(leaf for leaf, _ in no or yes), depth + 1, indent, seen)


def trace_block(code: Code, entry: int) -> Block | None:
    """The block for ``entry``; None if its first instruction is not for blocks.

    In a loop memory grows in the first round, if at all, so that a loop is made as if it did not.
    """
    draft = drafted(Trace(code, entry))
    count = draft.numbers[STEPS]
    if LOOP in draft.uses and GROWN in draft.uses:
        draft = drafted(Trace(code, entry, 0))
        count += draft.numbers[STEPS]
    return Block(entry, draft.render(), draft.numbers[STEPS], count) if draft.numbers[STEPS] else None


def drafted(trace: Trace) -> Draft:
    """The draft when it is complete. Where the gas at the entry may not do, the block leaves everything to ``step``."""
    draft, root = trace.draft, trace.start()
    draft.out(0, lambda: [f"if gas < {draft.entry.gas}:"] if draft.entry.gas > 0 else ["if False:"])
    draft.leave(root, 1)
    with Idealized(IDEALS):
        trace.trace(root, Facts(), 0, frozenset())
    return draft
