"""The words under the theorems of finality, with their quantifiers, given to a solver; and what the theorems cover.

The prover's statements speak of any rounds, validators and quorums by name, and the induction that joins them is
prose. Here is that prose as first-order axioms over sorts of any size: a second encoding, of the joining only. The same
axioms say both things. If those who keep to them are the honest, it is agreement; if they are those against whom the
votes give no evidence, it is accountability: after two commits some two quorums have only the guilty in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs
import pytest
import z3

from hyperion.sequencer.finality.types import Kind
from hyperion_proofs.finality.guards import GUARDS
from hyperion_proofs.finality.history import INVARIANTS
from hyperion_proofs.prove import prove
from hyperion_proofs.solve import Answer
from hyperion_proofs.theorems.finality_agreement import AGREEMENT, BLAME, LOCKED
from hyperion_proofs.theorems.finality_decisions import VALIDITY

NODE, VALUE, QUORUM = (z3.DeclareSort(name) for name in ("Node", "Value", "Quorum"))
ROUND, TRUTH = z3.IntSort(), z3.BoolSort()
MILLISECONDS: Final = 60_000


@attrs.frozen(eq=False)
class Axioms:
    """Votes of any validators, each with what is true of it."""

    prevote: z3.FuncDeclRef = attrs.field(factory=lambda: z3.Function("prevote", NODE, ROUND, VALUE, TRUTH))
    precommit: z3.FuncDeclRef = attrs.field(factory=lambda: z3.Function("precommit", NODE, ROUND, VALUE, TRUTH))
    polka: z3.FuncDeclRef = attrs.field(factory=lambda: z3.Function("polka", ROUND, VALUE, TRUTH))
    commit: z3.FuncDeclRef = attrs.field(factory=lambda: z3.Function("commit", ROUND, VALUE, TRUTH))
    member: z3.FuncDeclRef = attrs.field(factory=lambda: z3.Function("member", NODE, QUORUM, TRUTH))
    keeps: z3.FuncDeclRef = attrs.field(factory=lambda: z3.Function("keeps to the rules", NODE, TRUTH))

    def by_name(self) -> Iterator[tuple[str, z3.BoolRef]]:
        """Name and axiom."""
        node, value, other = z3.Const("n", NODE), z3.Const("v", VALUE), z3.Const("w", VALUE)
        one, two = z3.Consts("q p", QUORUM)
        first, second, between = z3.Ints("r s t")
        for quorum, vote in ((self.polka, self.prevote), (self.commit, self.precommit)):
            voted = z3.ForAll([node], z3.Implies(self.member(node, one), vote(node, first, value)))
            made = z3.Implies(quorum(first, value), z3.Exists([one], voted))
            yield f"a {quorum.name()} is a quorum of votes", z3.ForAll([first, value], made)
        in_both = z3.And(self.member(node, one), self.member(node, two), self.keeps(node))
        yield "quorums meet", z3.ForAll([one, two], z3.Exists([node], in_both))
        # Of precommits the same holds, but nothing here needs it: two commits of a round have two polkas of it.
        twice = z3.And(self.keeps(node), self.prevote(node, first, value), self.prevote(node, first, other))
        yield "one prevote a round", z3.ForAll([node, first, value, other], z3.Implies(twice, value == other))
        alone = z3.And(self.keeps(node), self.precommit(node, first, value))
        yield "a precommit has a polka", z3.ForAll([node, first, value], z3.Implies(alone, self.polka(first, value)))
        changed = z3.And(alone, self.prevote(node, second, other), first < second, value != other)
        paid = z3.Exists([between], z3.And(first <= between, between < second, self.polka(between, other)))
        minds = z3.ForAll([node, first, second, value, other], z3.Implies(changed, paid))
        yield "a change of mind has a polka", minds

    def two_decisions(self) -> Iterator[z3.BoolRef]:
        """Two values have commits; and if later polkas are against the earlier one, one of them is the first."""
        value, other, against, some = z3.Consts("V W U w", VALUE)
        first, second, bad, between = z3.Ints("R S B t")
        yield z3.And(self.commit(first, value), self.commit(second, other), value != other, first >= 0, first <= second)
        later = z3.And(first < between, self.polka(between, some), some != value)
        none_before = z3.ForAll([between, some], z3.Implies(later, bad <= between))
        is_first = z3.And(first < bad, self.polka(bad, against), against != value, none_before)
        yield z3.Implies(z3.Exists([between, some], later), is_first)


NAMES: Final = tuple(name for name, _ in Axioms().by_name())


def two_decisions(*more: z3.BoolRef, without: str = "") -> z3.CheckSatResult:
    """Whether there can be two decisions, if one of the axioms is left out."""
    axioms, solver = Axioms(), z3.Solver()
    solver.set(timeout=MILLISECONDS)
    solver.add(*(axiom for name, axiom in axioms.by_name() if name != without), *axioms.two_decisions(), *more)
    return solver.check()


def test_agreement_and_accountability_follow_with_their_quantifiers() -> None:
    assert two_decisions() == z3.unsat


@pytest.mark.parametrize("name", NAMES)
def test_control_each_axiom_is_needed(name: str) -> None:
    """Without it two decisions are possible, with two values and one quorum: the others don't contradict each other."""
    value, one, other = z3.Consts("v a b", VALUE)
    quorum, only = z3.Consts("q o", QUORUM)
    few = z3.ForAll([value], z3.Or(value == one, value == other)), z3.ForAll([quorum], quorum == only)
    assert two_decisions(*few, without=name) == z3.sat


def test_every_kind_of_input_is_asked_about() -> None:
    for theorem in (LOCKED, VALIDITY):
        named = {one.name for one in theorem.obligations}
        assert {f"row {kind.name}" for kind in Kind} <= named
    assert set(GUARDS) <= set(Kind)


@pytest.mark.parametrize(
    ("words", "invariants"),
    [
        ("a new value is prevoted", {"who changes its mind has a polka"}),
        ("a polka of any round unlocks", {"who changes its mind has a polka"}),
        ("the valid round need not", {"who changes its mind has a polka"}),
        ("a polka for nil unlocks", {"a lock is kept"}),
        ("does not lock", {"a lock is kept"}),
        ("precommitted without a polka", {"a precommit has a polka", "a lock has a polka"}),
    ],
)
def test_a_control_is_refuted_at_its_invariants(words: str, invariants: set[str]) -> None:
    control = next(one for one in LOCKED.controls if words in one.weakening)
    found = prove(control.obligation)
    assert found.answer is Answer.REFUTED and found.counterexample is not None
    assert invariants <= set(INVARIANTS)
    assert found.counterexample.failed and set(found.counterexample.failed) <= invariants


@pytest.mark.parametrize("theorem", [AGREEMENT, BLAME], ids=lambda theorem: theorem.id)
def test_each_control_is_one_of_the_theorems_own_steps(theorem: object) -> None:
    """A control that weakens a step which the theorem does not take would show nothing about it."""
    assert isinstance(theorem, type(AGREEMENT))
    names = {one.name for one in theorem.obligations}
    assert {control.obligation.name for control in theorem.controls} <= names
