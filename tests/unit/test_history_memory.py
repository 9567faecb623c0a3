"""Keeping every machine of a run costs a few small objects a step, whatever the size of the memory.

This is what the step-by-step traces, the dispute game and the explorer stand on. The bound is on bytes allocated a step
(``tracemalloc``) while a loop writes words all over its memory.
"""

import tracemalloc
from collections.abc import Callable
from typing import Final

import pytest

from hyperion.state.world import EMPTY_WORLD
from hyperion.vm.forks import PRAGUE
from hyperion.vm.machine import Machine
from hyperion.vm.memory import Memory
from hyperion_conformance.assembler import assemble
from hyperion_conformance.cli.vm_run import start
from hyperion_conformance.trace import machines

BYTES_A_STEP: Final = 400
"""A machine (13 words), a stack cell, two integers, and a twentieth of a page with the path to it. Measured: 246."""
SMALL: Final = 1024
LARGE: Final = 256 * 1024
ROUNDS: Final = 300


class CopiedMemory(Memory, frozen=True, gc=False):
    """The control: memory as a single run of bytes, copied whole for each word written."""

    def write(self, offset: int, data: bytes) -> Memory:
        root = bytes(self.root).ljust(self.size, b"\0")  # type: ignore[arg-type]
        return CopiedMemory(self.size, 0, root[:offset] + data + root[offset + len(data) :])

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.root[offset : offset + length]).ljust(length, b"\0")  # type: ignore[arg-type]

    def expand(self, size: int) -> Memory:
        return self if size <= self.size else CopiedMemory(size, 0, self.root)


def history_of(size: int, memory: Memory, rounds: int = ROUNDS) -> list[Machine]:
    """All machines of a loop that reads and writes words scattered over ``size`` bytes of memory."""
    source = f"""
        0 {size - 32} MSTORE {rounds}
    loop: DUP1 7919 MUL 32 MUL {size - 32} AND DUP1 MLOAD 1 ADD SWAP1 MSTORE
        1 SWAP1 SUB DUP1 @loop JUMPI STOP
    """
    first = start(assemble(source), EMPTY_WORLD, PRAGUE, 10_000_000, b"", 0, 0xC0DE, 0xCA11)
    first = Machine(
        first.pc, first.gas, first.stack, memory, first.returned, first.frame, first.world, first.substate,
        first.environment, first.steps, first.boundary,
    )  # fmt: skip
    return list(machines(first))


def bytes_a_step(size: int, memory: Callable[[], Memory]) -> float:
    """Bytes that keeping the history costs for each of its machines."""
    empty = memory()
    history_of(size, empty, rounds=1)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        history = history_of(size, empty)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert history[-1].halted
    return (after - before) / len(history)


@pytest.mark.rule("VM-step")
@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_a_step_of_history_costs_little(size: int) -> None:
    assert bytes_a_step(size, Memory) < BYTES_A_STEP


def test_the_size_of_memory_hardly_matters() -> None:
    """256 times the memory adds a level or two to the path to a page, to the one step in nineteen that writes."""
    assert bytes_a_step(LARGE, Memory) < 1.5 * bytes_a_step(SMALL, Memory)


def test_control_a_memory_that_is_copied_breaks_the_bound() -> None:
    assert bytes_a_step(LARGE, CopiedMemory) > 10 * BYTES_A_STEP


def test_control_the_copied_memory_is_otherwise_right() -> None:
    """The control differs in cost only: it ends with the same bytes and the same gas."""
    right, copied = history_of(SMALL, Memory(), 20)[-1], history_of(SMALL, CopiedMemory(), 20)[-1]
    assert right.gas == copied.gas
    assert right.memory.read(0, SMALL) == copied.memory.read(0, SMALL)


def test_earlier_machines_are_not_changed_by_later_ones() -> None:
    history = history_of(SMALL, Memory(), 20)
    assert history[0].memory.size == 0
    seen = [machine.memory.read(0, machine.memory.size) for machine in history]
    replayed = [machine.memory.read(0, machine.memory.size) for machine in machines(history[0])]
    assert seen == replayed
