"""One-step proofs against the step itself: every instruction, boundary, precompile and halt; and against tampering."""

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutables import Map

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.settlement.onestep import verify
from hyperion.settlement.onestep.nodes import Collected, Kind, Reason, Stored
from hyperion.settlement.onestep.octets import destinations_in, skips_of
from hyperion.settlement.rejection import Rejected
from hyperion.state.world import EMPTY_WORLD, Account
from hyperion.vm.code import analyse
from hyperion.vm.forks import FORKS, OSAKA
from hyperion.vm.machine import CALL_DEPTH_LIMIT, Halt, Machine, Status
from hyperion.vm.step import step
from tests.property.test_step import any_bytes, programs, started
from tests.support.machines import CONTRACT, assemble, machine_for
from tests.support.onestep import (
    CALLEE,
    OTHERS,
    at_precompile,
    disagreement,
    machine_at,
    machines_at,
    run_of,
    unbound,
    unsound,
)

# --- the verified step is the step -----------------------------------------------------------------------------------


@pytest.mark.rule("DIS-step-verify", "DIS-commit-machine")
@pytest.mark.parametrize("opcode", range(256))
def test_every_instruction(opcode: int) -> None:
    """10 machines for an opcode with meaning, 2 for one without."""
    known = OSAKA.instructions[opcode].name != "INVALID"

    @given(machines_at(opcode))
    @settings(max_examples=10 if known else 2)
    def agrees(machine: Machine) -> None:
        assert disagreement(machine) is None

    agrees()


@pytest.mark.rule("DIS-step-verify", "DIS-commit-frames")
@given(st.one_of(programs, any_bytes), programs, st.integers(0, 200_000), st.integers(0, len(FORKS) - 1))
@settings(max_examples=60)
def test_every_step_of_random_programs(code: bytes, callee: bytes, gas: int, fork_index: int) -> None:
    for machine in run_of(started(code, callee, gas, fork_index), 60):
        assert disagreement(machine) is None


def precompile_inputs() -> Iterator[tuple[int, bytes, int]]:
    """For each precompile: nothing, something, an input of its own length, with much gas and with little."""
    own = {1: 128, 2: 300, 3: 300, 4: 300, 5: 200, 6: 128, 7: 96, 8: 192, 9: 213, 0x100: 160}
    for address in sorted(OSAKA.precompiles):
        for size in (0, 33, own.get(address, 512)):
            data = b"\0\0\0\x0c" + bytes(size - 5) + b"\x01" if address == 9 and size == 213 else bytes(size)
            yield address, data, 500_000
            yield address, data, 30


@pytest.mark.parametrize(("address", "data", "gas"), list(precompile_inputs()))
def test_every_precompile(address: int, data: bytes, gas: int) -> None:
    for machine in run_of(at_precompile(address, data, gas), 20):
        assert disagreement(machine) is None


PROGRAMS = {
    "call with output": "9 0 MSTORE 64 3 40 1 0 13242862 GAS CALL RETURNDATASIZE 0 5 RETURNDATACOPY",
    "call with value": "0 0 0 0 7 2989 GAS CALL",
    "call without funds": "0 0 0 0 999 2989 GAS CALL",
    "call of nothing": "0 0 0 0 0 11 GAS CALL",
    "delegate call": "0 0 0 0 13242862 GAS DELEGATECALL",
    "call code": "0 0 0 0 3 13242862 GAS CALLCODE",
    "static call that writes": "0 0 0 0 13242862 GAS STATICCALL",
    "call of one that delegates": "0 0 0 0 0 3726535294 GAS CALL",
    "call that reverts": "9 3 0 0 0 78 GAS CALL",
    "call that runs out of gas": "0 0 0 0 0 13242862 20 CALL",
    "create": "0x7d600a600c600039600a6000f3602a60005260206000f30000000000000000 0 MSTORE 30 2 3 CREATE",
    "create again": "0x6360015ff3 0 MSTORE 9 4 28 0 CREATE2 9 4 28 0 CREATE2",
    "create that reverts": "0x635f5f5ffd 0 MSTORE 4 28 0 CREATE RETURNDATASIZE",
    "create that returns bad code": "0x6a60ef5f5360015ff3000000 0 MSTORE 11 21 0 CREATE",
    "self-destruct": "2989 SELFDESTRUCT",
    "jump over data": "5 JUMP 0x5b5b5b 1 0x6007 JUMPI",
    "jump into data": "3 JUMP 0x605b",
    "stop": "STOP",
    "invalid": "INVALID",
    "underflow": "ADD",
    "storage": "1 5 SSTORE 0 5 SSTORE 7 5 SSTORE 5 SLOAD 0 1 SSTORE 0 2 SSTORE",
    "transient": "1 5 TSTORE 5 TLOAD 0 5 TSTORE 5 TLOAD",
    "logs": "7 0 MSTORE 33 1 LOG0 0 0 9 LOG1 3 2 1 4 5 LOG3",
    "overlapping copy": "7 31 MSTORE 64 16 1 MCOPY 64 1 16 MCOPY",
    "code": "40 0 0 CODECOPY 40 3 1 13242862 EXTCODECOPY 13242862 EXTCODESIZE 13242862 EXTCODEHASH 11 EXTCODEHASH",
}


@pytest.mark.rule("DIS-commit-stack", "DIS-commit-world", "DIS-commit-substate", "DIS-commit-environment")
@pytest.mark.parametrize("name", PROGRAMS)
def test_boundaries(name: str) -> None:
    reached = run_of_program(name)
    assert [disagreement(machine) for machine in reached] == [None] * len(reached)


def run_of_program(name: str) -> list[Machine]:
    """All machines of one of the programs."""
    code = assemble(PROGRAMS[name])
    machine = machine_for(code, 10**6, value=9, storage={1: 1, 2: 1}, others=OTHERS, calldata=b"\x05" * 40)
    return list(run_of(machine, 200))


def test_the_programs_end_in_every_way() -> None:
    ends = {
        machine.boundary.status
        for name in PROGRAMS
        for machine in run_of_program(name)
        if isinstance(machine.boundary, Halt)
    }
    others = {
        Status.STACK_OVERFLOW,
        Status.RETURN_DATA_OUT_OF_BOUNDS,
        Status.INITCODE_TOO_LARGE,
        Status.CODE_TOO_LARGE,
    }
    assert ends == set(Status) - others


def test_a_full_stack_and_a_deep_frame() -> None:
    full = machine_at(0x5F, b"", [7] * 1024)
    assert disagreement(full) is None
    assert disagreement(machine_at(0x9F, b"", list(range(1024)))) is None
    deep = msgspec.structs.replace(
        machine_at(0xF1, b"", [0, 0, 0, 0, 0, CALLEE, 10**5]),
        frame=msgspec.structs.replace(machine_at(0xF1, b"", []).frame, depth=CALL_DEPTH_LIMIT),
    )
    assert disagreement(deep) is None


@pytest.mark.rule("DIS-commit-frames")
def test_a_thousand_callers() -> None:
    code = assemble("0 0 0 0 0 ADDRESS GAS CALL")
    machine = machine_for(code, 10**14)
    states = verify.committed(machine)
    while machine.frame.depth < 1000:
        machine = step(machine)
        states = verify.advance(states)
    assert verify.commit(machine) == states.root
    assert verify.verify_step(states.root, verify.witness(states)) == verify.commit(step(machine))


def test_the_halted_machine_is_its_own_successor() -> None:
    machine = machine_for(assemble("1 2 ADD"))
    while not machine.halted:
        machine = step(machine)
    halted = verify.committed(machine)
    assert verify.verify_step(halted.root, verify.witness(halted)) == halted.root == verify.advance(halted).root


# --- what a step costs -----------------------------------------------------------------------------------------------


def new_nodes(machine: Machine, steps: int) -> Iterator[int]:
    """How many nodes, and so hashes, each of the next steps makes."""
    states = verify.committed(machine)
    for _ in range(steps):
        collected = Collected()
        root = verify.after(states.root, Stored(states.nodes), collected)
        yield len(collected.made)
        states = verify.Committed(root, states.nodes.update(collected.made))


@pytest.mark.parametrize(
    ("source", "most"),
    [("1 2 ADD", 9), ("1 5 SSTORE", 22), ("5 SLOAD", 16), ("7 0 MSTORE", 16), ("0 0 0 0 7 2989 GAS CALL", 30)],
)
def test_a_step_makes_few_hashes_whatever_the_machine_holds(source: str, most: int) -> None:
    """With 1,000 accounts, 1,000 words of storage, and 100 KiB of memory."""
    small = machine_for(assemble(source), others=OTHERS, value=9)
    others = OTHERS | {10**6 + n: Account(1, n, b"", Map()) for n in range(1000)}
    large = machine_for(assemble(source), others=others, value=9, storage={1000 + n: n + 1 for n in range(1000)})
    large = msgspec.structs.replace(large, memory=large.memory.expand(100 * 1024))
    for machine in (small, large):
        assert max(new_nodes(machine, len(source.split()))) <= most


# --- nobody can show anything else -----------------------------------------------------------------------------------


@pytest.mark.rule("DIS-step-exact-witness", "DIS-step-verify")
@given(st.sampled_from(range(256)).flatmap(machines_at), st.integers(0, 99), st.integers(0, 5000))
@settings(max_examples=120)
def test_no_tampered_witness_gives_another_root(machine: Machine, at: int, bit: int) -> None:
    assert unsound(verify.committed(machine), verify.commit(step(machine)), at, bit) is None


@pytest.mark.rule("DIS-step-exact-witness")
def test_every_node_of_a_witness_flipped() -> None:
    machine = machine_at(0x55, b"", [1, 5], storage={5: 9, 6: 1})
    before, truth = verify.committed(machine), verify.commit(step(machine))
    for at in range(len(verify.witness(before))):
        for bit in range(0, 8 * 80, 37):
            assert unsound(before, truth, at, bit) is None


def test_a_witness_for_another_root_shows_nothing() -> None:
    first, second = machine_at(0x01, b"", [1, 2]), machine_at(0x01, b"", [1, 3])
    shown = verify.witness(verify.committed(first))
    assert verify.verify_step(verify.commit(second), shown) == Rejected(
        Reason.MISSING_NODE, verify.commit(second).hex()
    )


@pytest.mark.rule("DIS-commit-record")
@given(st.sampled_from(range(256)).flatmap(machines_at))
@settings(max_examples=25)
def test_different_machines_have_different_roots(machine: Machine) -> None:
    assert unbound(machine) == []


# --- bytes that no machine has ---------------------------------------------------------------------------------------

items = st.recursive(
    st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"\x01", bytes(32)])), st.lists, max_leaves=8
)


@given(st.binary(max_size=32), st.lists(st.binary(max_size=200), max_size=6))
@settings(max_examples=200)
def test_any_nodes_are_refused(root: bytes, nodes: list[bytes]) -> None:
    assert isinstance(verify.verify_step(root, tuple(nodes)), Rejected)


@pytest.mark.rule("DIS-commit-record")
@given(st.sampled_from(list(Kind)), st.lists(items, max_size=16))
@settings(max_examples=200)
def test_any_record_is_refused_or_a_machine(kind: Kind, fields: list[object]) -> None:
    record = rlp.encode((bytes([kind.value]), *map(as_item, fields)))
    answer = verify.verify_step(keccak256(record), (record,))
    assert isinstance(answer, Rejected) and answer.reason in {Reason.MALFORMED, Reason.MISSING_NODE}


def as_item(value: object) -> rlp.Item:
    """Lists as tuples."""
    return tuple(map(as_item, value)) if isinstance(value, list) else value  # type: ignore[return-value]


@pytest.mark.rule("DIS-step-verify")
@given(st.sampled_from(range(256)).flatmap(machines_at), st.data())
@settings(max_examples=300)
def test_a_machine_with_other_bytes_in_a_node_is_refused_or_stepped(machine: Machine, data: st.DataObject) -> None:
    """A node is changed and everything above it is hashed anew: roots that no machine has, with nodes that fit them."""
    before = verify.committed(machine)
    shown = verify.witness(before)
    at = data.draw(st.integers(0, len(shown) - 1))
    changed = bytearray(shown[at])
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    root, nodes = rehashed(before.root, list(shown), shown[at], bytes(changed))
    answer = verify.verify_step(root, tuple(nodes))
    assert isinstance(answer, Rejected | bytes)


def rehashed(root: bytes, nodes: list[bytes], old: bytes, new: bytes) -> tuple[bytes, list[bytes]]:
    """Root and nodes after ``old`` was replaced by ``new`` and so every hash above it."""
    renamed = {keccak256(old): keccak256(new)}
    current = {node: new if node == old else node for node in nodes}
    for _ in nodes:
        for node in nodes:
            if node == old:
                continue
            fresh = node
            for was, now in renamed.items():
                fresh = fresh.replace(was, now)
            if fresh != current[node]:
                current[node] = fresh
                renamed[keccak256(node)] = keccak256(fresh)
    return renamed.get(root, root), [current[node] for node in nodes]


# --- jump destinations from one word of code -------------------------------------------------------------------------


@pytest.mark.rule("DIS-commit-skips", "DIS-commit-bytes", "DIS-commit-words")
@given(
    st.one_of(st.binary(max_size=200), st.lists(st.sampled_from([0x5B, 0x60, 0x7F, 0x7E, 0]), max_size=200).map(bytes)),
    st.integers(0, 3),
)
@settings(max_examples=300)
def test_destinations_of_words_are_those_of_the_code(code: bytes, cut: int) -> None:
    skips = skips_of(code)
    found = {
        32 * index + offset
        for index, skip in enumerate(skips)
        for offset in destinations_in(code[32 * index : 32 * index + 32], skip)
    }
    assert found == analyse(code).jump_destinations
    assert len(skips) == -(-len(code) // 32)


def test_an_account_that_was_emptied_leaves_the_state() -> None:
    world = EMPTY_WORLD.with_account(7, Account(0, 5, b"", Map()))
    machine = msgspec.structs.replace(machine_at(0xFF, b"", [CALLEE]), world=world)
    machine = msgspec.structs.replace(machine, frame=msgspec.structs.replace(machine.frame, address=7))
    assert 7 not in step(machine).world.accounts
    assert disagreement(machine) is None
    assert CONTRACT not in machine.world.accounts
