"""Counterexamples on real machines: built as they were proposed, real where the model is wrong, spurious elsewhere."""

from typing import Final

import attrs
import msgspec
import pytest

from hyperion.vm.forks import FORKS
from hyperion.vm.machine import Machine
from hyperion.vm.stack import Stack
from hyperion_proofs.concrete import NotBuilt, built
from hyperion_proofs.machines import unknown_machine
from hyperion_proofs.prove import prove
from hyperion_proofs.solve import Answer
from hyperion_proofs.statement import Given, Known
from hyperion_proofs.theorems import machine as theorems
from hyperion_proofs.theorems.machine import BY_NAME, Alone
from hyperion_proofs.translate import Model

PROPOSAL: Final = Model(
    {
        "pc": 3, "gas": 9, "stack depth": 2, "stack 0": 7, "stack 1": 8, "words of memory": 2, "code size": 6,
        "address": 5,
    },
    {
        "world exists": ({(5,): 1}, 0), "world nonce": ({(5,): 1}, 0), "world storage": ({(5, 7): 9}, 0),
        "accessed_slots": ({(5, 7): 1}, 0), "is a destination": ({(4,): 1}, 0),
    },
)  # fmt: skip


def test_the_machine_is_the_proposed_one() -> None:
    known = Known(PROPOSAL)
    asked = unknown_machine(known, BY_NAME["SLOAD"])
    assert asked.world.storage(5, 7) == 9 and (5, 7) in asked.substate.accessed_slots
    assert 4 in asked.frame.jump_destinations
    assert asked.stack.top == 7 and asked.stack.rest.top == 8
    real = built(known, BY_NAME["SLOAD"])
    assert (real.pc, real.gas, list(real.stack.words()), real.memory.size) == (3, 9, [7, 8], 64)
    assert real.frame.code == b"\0\0\0\x54\x5b\0" and real.frame.jump_destinations == {4}
    assert real.world.storage(5, 7) == 9 and real.world.account(5).nonce == 1
    assert dict(real.substate.accessed_slots) == {(5, 7): True}
    assert real.environment.fork.instructions == FORKS[-1].instructions


def test_a_fork_that_is_none_is_not_built() -> None:
    known = Known(attrs.evolve(PROPOSAL, values={**PROPOSAL.values, "SET_CODE is in force": True}))
    for name in ("SET_CODE", "INITCODE_LIMIT"):
        known.truth(f"{name} is in force")  # the second is not in force, and is older than the first
    unknown_machine(known, BY_NAME["ADD"])
    with pytest.raises(NotBuilt):
        built(known, BY_NAME["ADD"])


def read_twice(given: Given, row: object, before: Machine, after: Machine) -> None:
    """True of real memory, not of the stand-in, which gives another unknown for each read after a write."""
    memory = before.memory.store(0, 7)
    given.claim("the same word twice", memory.load(0) == memory.load(0))


def test_what_only_stand_ins_show_is_spurious_and_open() -> None:
    """The statement fails for the proposal, the real machine doesn't: no counterexample, and no proof."""

    def with_memory(given: Given, row: object, before: Machine, after: Machine) -> None:
        given.assume(before.memory.size >= 32)
        read_twice(given, row, before, after)

    finding = prove(Alone(with_memory, BY_NAME["ADD"]).obligation("read twice"))
    assert finding.answer is Answer.OPEN
    assert "spurious" in finding.reason


def wrong_order(machine: Machine, gas: int) -> Machine:
    """A SWAP1 that loses a word."""
    return machine.next(gas, Stack(machine.stack.rest.top, machine.stack.rest.rest, machine.stack.depth - 1))


def test_the_trace_is_that_of_the_real_machine() -> None:
    row = msgspec.structs.replace(BY_NAME["SWAP1"], operation=wrong_order)
    finding = prove(Alone(theorems.as_the_row_says, row).obligation("SWAP1"))
    assert finding.answer is Answer.REFUTED and finding.counterexample is not None
    lines = finding.counterexample.lines()
    assert any(line.startswith("real machine: goes on; pc 0 at 90") for line in lines)
    assert "fails: pops and pushes" in lines
