"""Properties of ``step`` on random programs: total, paying, well formed, and blind to how its past is kept."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.state.world import NO_STORAGE, Account
from hyperion.vm.code import analyse
from hyperion.vm.forks import FORKS, OSAKA
from hyperion.vm.machine import Halt, Instruction, Machine
from hyperion.vm.stack import STACK_LIMIT
from hyperion.vm.step import run, step
from tests.support.machines import CONTRACT, machine_for

CALLEE = 0xCA11EE
small = st.integers(0, 40).map(lambda n: bytes([0x60, n]))
wide = st.sampled_from([2**256 - 1, 2**255, CALLEE, CONTRACT, 2**64]).map(lambda n: b"\x7f" + n.to_bytes(32, "big"))
opcodes = st.sampled_from([row.opcode for row in OSAKA.instructions if row.name != "INVALID"]).map(
    lambda op: bytes([op])
)
programs = st.lists(st.one_of(small, small, wide, opcodes), max_size=60).map(b"".join)
any_bytes = st.binary(max_size=80)


def started(code: bytes, callee: bytes, gas: int, fork_index: int = -1) -> Machine:
    """A machine for ``code`` that can call ``callee``."""
    others = {CALLEE: Account(1, 3, callee, NO_STORAGE)}
    return machine_for(code, gas, fork=FORKS[fork_index], value=9, others=others, calldata=b"\x05" * 40)


def well_formed(machine: Machine) -> bool:
    """Whether the machine is one that a client could hold: ranges of gas, stack, memory, program counter, depth."""
    return (
        machine.gas >= 0
        and 0 <= machine.stack.depth <= STACK_LIMIT
        and all(0 <= word < 2**256 for word in machine.stack.words())
        and machine.memory.size % 32 == 0
        and 0 <= machine.pc < len(machine.frame.program)
        and (machine.frame.caller_frame is None) == (machine.frame.depth == 0)
        and machine.substate.refund >= -(10**9)
    )


def total_gas(machine: Machine) -> int:
    """The gas of all frames: what the machine can still spend."""
    gas, suspended = machine.gas, machine.frame.caller_frame
    while suspended is not None:
        gas += suspended.machine.gas
        suspended = suspended.machine.frame.caller_frame
    return gas


@pytest.mark.rule("VM-step")
@given(st.one_of(programs, any_bytes), programs, st.integers(0, 200_000), st.integers(0, len(FORKS) - 1))
@settings(max_examples=300)
def test_step_is_total_and_keeps_machines_well_formed(code: bytes, callee: bytes, gas: int, fork_index: int) -> None:
    machine = started(code, callee, gas, fork_index)
    for _ in range(2000):
        if machine.halted:
            break
        after = step(machine)
        assert well_formed(after)
        assert after.steps == machine.steps + 1
        stipend = 2300 if after.frame.depth > machine.frame.depth else 0
        assert total_gas(after) <= total_gas(machine) + stipend
        if after.boundary is None and after.frame is machine.frame:
            assert after.gas < machine.gas
        machine = after


@given(programs, programs, st.integers(0, 100_000))
def test_a_run_is_its_steps_and_the_past_does_not_change(code: bytes, callee: bytes, gas: int) -> None:
    machine = started(code, callee, gas)
    history = [machine]
    while not history[-1].halted and len(history) < 300:
        history.append(step(history[-1]))
    for earlier, later in pairwise(history):
        assert step(earlier) == later
    if history[-1].halted:
        assert run(machine) == history[-1]


def naive_destinations(code: bytes) -> frozenset[int]:
    """Jump destinations by the Yellow Paper's recursion, one instruction at a time."""
    found, at = [], 0
    while at < len(code):
        if code[at] == 0x5B:
            found.append(at)
        at += code[at] - 0x5E if 0x60 <= code[at] <= 0x7F else 1
    return frozenset(found)


@pytest.mark.rule("VM-jump-destinations")
@given(
    st.one_of(
        st.binary(max_size=200), st.lists(st.sampled_from([0x5B, 0x60, 0x61, 0x7F, 0x0A, 0x00]), max_size=90).map(bytes)
    )
)
def test_jump_destinations_are_those_of_the_recursion(code: bytes) -> None:
    analysis = analyse(code)
    assert analysis.jump_destinations == naive_destinations(code)
    assert analysis.program[: len(code)] == code and analysis.program[len(code) :] == bytes(33)
    assert analyse.__wrapped__(code) == analysis


def test_control_an_operation_that_keeps_gas_is_caught() -> None:
    def free(machine: Machine, gas: int) -> Machine:
        return machine.next(machine.gas, machine.stack)

    jumpdest: Instruction = msgspec.structs.replace(OSAKA.instructions[0x5B], operation=free)
    table = tuple(jumpdest if row.opcode == 0x5B else row for row in OSAKA.instructions)
    machine = machine_for(b"\x5b\x5b")
    machine = msgspec.structs.replace(machine, frame=msgspec.structs.replace(machine.frame, instructions=table))
    after = step(machine)
    assert not after.gas < machine.gas and not isinstance(after.boundary, Halt)
