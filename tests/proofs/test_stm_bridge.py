"""The proof of Block-STM and its model say the same, on every configuration that is explored.

Every configuration meets the proof's invariants, every step is what the proof's account of it says, and whatever that
account takes for granted is true. An unsound variant breaks an invariant; a wrong account is noticed.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.parallel.configuration import Configuration, advance, initial
from hyperion.parallel.counter import Pc
from hyperion.parallel.program import Block
from hyperion.symbolic.ideal import Idealized
from hyperion_conformance.exploration.mutants import SOUND, VARIANTS
from hyperion_conformance.exploration.stm import StmPlan, StmSystem
from hyperion_proofs.stm import bridge, transition
from hyperion_proofs.stm.bridge import disagreement, violated
from hyperion_proofs.stm.state import State
from tests.support.stm_trees import blocks

DEEP: Final = settings.get_current_profile_name() == "deep"
"""With HYPOTHESIS_PROFILE=deep every configuration is looked at; else a sample of the larger searches."""


def configurations(plan: StmPlan, most: int = 1_000_000) -> Iterator[Configuration]:
    """The configurations of a plan, the nearest first."""
    system = StmSystem(plan)
    found = {system.initial(): True}
    waiting = list(found)
    for state in waiting:
        yield system.configuration(state)
        for _, after in system.successors(state) if len(waiting) < most else ():
            if after not in found:
                found[after] = True
                waiting.append(after)


def trouble(block: Block, at: Configuration) -> Iterator[str]:
    """What the proof says of a configuration and of the steps from it that is not so."""
    broken = violated(block, at)
    if broken is not None:
        yield broken
    for worker, record in enumerate(at.workers):
        following = advance(block, at, worker) if record.pc is not Pc.EXIT else None
        if following is not None:
            with Idealized(transition.ideals()):
                wrong = disagreement(block, at, worker, following)
            if wrong is not None:
                yield f"{record.pc.name}: {wrong}"


@pytest.mark.parametrize(
    ("workload", "transactions", "stride"),
    [
        ("counter", 2, 5), ("remove", 2, 9), ("delta", 2, 11), ("counter", 3, 83), ("remove", 3, 89), ("aba", 3, 131),
        ("hole", 3, 101), ("branch", 3, 149),
    ],
)  # fmt: skip
def test_proof_and_model_agree_wherever_two_workers_come(workload: str, transactions: int, stride: int) -> None:
    plan = StmPlan(transactions, 2, workload)
    step = 1 if DEEP else stride
    looked_at = 0
    for index, at in enumerate(configurations(plan)):
        if index % step == 0:
            assert list(trouble(plan.block, at)) == []
            looked_at += 1
    assert looked_at > 200


@settings(max_examples=60, deadline=None)
@given(blocks(4), st.integers(1, 4), st.lists(st.integers(0, 3), max_size=120))
def test_proof_and_model_agree_on_any_block_and_schedule(block: Block, workers: int, schedule: list[int]) -> None:
    """60 examples; each looks at every eighth configuration of a run."""
    at = initial(block, workers)
    for index, turn in enumerate(schedule):
        at = advance(block, at, turn % workers) or at
        if index % 8 == 0:
            assert list(trouble(block, at)) == []


BROKEN: Final = {
    "validation-counted-late": (2, "counter", "CARD"),
    "execution-counted-late": (2, "counter", "CARD"),
    "no-active-check": (2, "counter", "D3"),
    "no-recheck": (2, "counter", "D3"),
    "count-before-lowering": (2, "counter", "P9"),
    "never-new": (2, "counter", "P9"),
    "new-to-the-memory": (2, "counter", "P9"),
    "skip-oneself": (2, "counter", "P9"),
    "no-estimates": (2, "counter", "P8"),
    "ready-before-estimates": (2, "counter", "P8"),
    "torn-status": (2, "counter", "P3"),
    "no-abort-wave": (3, "chain", "P9"),
    "wait-without-lock": (3, "counter", "P6"),
    "double-decrement": (4, "counter", "CARD"),
}
"""Unsound variants: how many transactions suffice for two workers, of which workload, and what breaks first."""

IN_CI: Final = ("validation-counted-late", "execution-counted-late", "no-active-check", "never-new", "no-estimates")


def first_broken(plan: StmPlan, most: int = 1_000_000) -> str | None:
    """The first invariant that some configuration breaks."""
    broken = (violated(plan.block, at) for at in configurations(plan, most))
    return next((name for name in broken if name is not None), None)


@pytest.mark.parametrize("variant", BROKEN if DEEP else IN_CI)
def test_an_unsound_variant_breaks_an_invariant_of_the_proof(variant: str) -> None:
    transactions, workload, name = BROKEN[variant]
    grain = "fine" if transactions < 4 else "coarse"
    assert first_broken(StmPlan(transactions, 2, workload, grain, variant)) == name


@pytest.mark.parametrize("variant", ["abort-any-incarnation", "always-new", "spurious-aborts", "lower-and-validate"])
def test_a_sound_variant_breaks_none(variant: str) -> None:
    assert variant in {one.name for one in SOUND}
    assert first_broken(StmPlan(2, 2, "counter", variant=variant), 100_000 if DEEP else 1_500) is None


# --- controls: a wrong account is noticed -----------------------------------------------------------------------------


def without_notes(own: Any, pc: Pc, after: State, record: Any) -> State:
    """Who has a transaction is not noted."""
    del own, pc, record
    return after


def always_valid(self: Any, same: Callable[[int], bool], kept: Callable[[int], bool]) -> Any:
    """An account in which nothing that is valid ever becomes invalid."""
    del same, kept
    return correct(self, lambda txn: False, lambda txn: True)


correct: Final = bridge.Observed.valid_after


def test_an_account_that_forgets_owners_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transition, "with_notes", without_notes)
    plan = StmPlan(2, 2, "counter")
    found = {wrong for at in configurations(plan, 400) for wrong in trouble(plan.block, at)}
    assert "EXECUTION_START: owner" in found


def test_an_account_in_which_entries_invalidate_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge.Observed, "valid_after", always_valid)
    plan = StmPlan(2, 2, "counter")
    at_write = (at for at in configurations(plan) if any(record.pc is Pc.WRITE for record in at.workers))
    assert any("WRITE: what stays valid" in trouble(plan.block, at) for at in at_write)


def test_a_step_of_another_algorithm_is_noticed() -> None:
    """A variant's steps, held against the account of the algorithm."""
    plan = StmPlan(2, 2, "counter")
    changed = VARIANTS["always-new"].transitions
    found: set[str | None] = set()
    for at in configurations(plan, 4_000):
        for worker, record in enumerate(at.workers):
            if record.pc is Pc.COMPARE:
                following = advance(plan.block, at, worker, changed)
                assert following is not None
                with Idealized(transition.ideals()):
                    found.add(disagreement(plan.block, at, worker, following))
    assert found - {None}
