"""Machines at one instruction or boundary, and what must hold of the proof of their next step."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import strategies as st
from immutables import Map
from pyrsistent import pvector

from hyperion.settlement.onestep import micro, verify
from hyperion.settlement.onestep.verify import Committed, Witness
from hyperion.settlement.rejection import Rejected
from hyperion.state.world import Account
from hyperion.vm.code import analyse
from hyperion.vm.fork import Fork
from hyperion.vm.forks import OSAKA
from hyperion.vm.machine import Block, Halt, Log, Machine, PrecompileCall, Status, Suspended
from hyperion.vm.memory import EMPTY_MEMORY
from hyperion.vm.stack import stack_of
from hyperion.vm.step import step
from tests.support.machines import CONTRACT, assemble, machine_for

CALLEE = 0xCA11EE
DELEGATING = 0xDE1E6A7E
POOR = 0xBAD
REVERTING = 0x4E
OTHERS = {
    CALLEE: Account(1, 3, assemble("CALLDATASIZE 0 0 CALLDATACOPY 1 2 SSTORE CALLDATASIZE 0 RETURN"), Map({2: 7})),
    DELEGATING: Account(1, 0, b"\xef\x01\x00" + CALLEE.to_bytes(20, "big"), Map()),
    REVERTING: Account(1, 0, assemble("9 0 MSTORE 40 1 REVERT"), Map()),
    POOR: Account(0, 5, b"", Map()),
}
BLOCK = Block(0xC014, 300, 1000, 30_000_000, 7, 7, 1, Map({299: b"\x99" * 32, 298: b"\x98" * 32}))


def words() -> st.SearchStrategy[int]:
    """Words that reach something: sizes and offsets, addresses of accounts and precompiles, ends of the range."""
    return st.one_of(
        st.integers(0, 70),
        st.integers(0, 70),
        st.sampled_from([32, 64, 96, 127, 128, 299, 298, 100, 3000, 2**16, *range(1, 18), 0x100]),
        st.sampled_from([*OTHERS, CONTRACT, 0, 1, 2**32, 2**64 - 1, 2**255, 2**256 - 1]),
        st.integers(0, 2**256 - 1),
    )


def machine_at(
    opcode: int,
    operand: bytes,
    operands: list[int],
    *,
    gas: int = 10**6,
    memory: bytes = b"",
    returned: bytes = b"",
    calldata: bytes = b"",
    storage: dict[int, int] | None = None,
    static: bool = False,
    creates: bool = False,
    fork: Fork = OSAKA,
) -> Machine:
    """A machine about to execute ``opcode`` in the middle of code with jump destinations on both sides."""
    code = b"\x5b\x60\x5b" + bytes([opcode]) + operand + b"\x5b\x5b" * 20
    machine = machine_for(
        code, gas, fork=fork, calldata=calldata, value=9, storage=storage, others=OTHERS, static=static, block=BLOCK,
        blob_hashes=(2**255 + 5, 77),
    )  # fmt: skip
    size = -(-len(memory) // 32) * 32
    frame = msgspec.structs.replace(machine.frame, creates=creates)
    substate = msgspec.structs.replace(
        machine.substate,
        transient=Map({(CONTRACT, 1): 5}),
        refund=-3,
        logs=pvector([Log(CONTRACT, (1, 2), b"log")]),
        created=Map({CONTRACT: True}) if creates else Map(),
    )
    return msgspec.structs.replace(
        machine,
        pc=3,
        stack=stack_of(operands),
        memory=EMPTY_MEMORY.expand(size).write(0, memory.ljust(size, b"\0")),
        returned=returned,
        frame=frame,
        substate=substate,
        steps=11,
    )


@st.composite
def machines_at(draw: st.DrawFn, opcode: int, fork: Fork = OSAKA) -> Machine:
    """Random machines at an instruction, most of them with enough operands and gas."""
    row = fork.instructions[opcode]
    count = draw(st.integers(row.pops, row.pops + 2) if draw(st.integers(0, 9)) else st.integers(0, 18))
    return machine_at(
        opcode,
        draw(st.binary(max_size=row.immediate + 2)),
        draw(st.lists(words(), min_size=count, max_size=count)),
        gas=draw(st.sampled_from([10**6, 10**6, 10**6, 10**7, 40_000, 2_301, 30, 2])),
        memory=draw(st.binary(max_size=100)),
        returned=draw(st.binary(max_size=70)),
        calldata=draw(st.binary(max_size=70)),
        storage=draw(st.dictionaries(st.integers(0, 70), st.integers(1, 9), max_size=8)),
        static=draw(st.integers(0, 7)) == 0,
        creates=draw(st.integers(0, 4)) == 0,
        fork=fork,
    )


def at_precompile(address: int, data: bytes, gas: int, fork: Fork = OSAKA) -> Machine:
    """A machine about to cross into a precompile with ``data`` as its input."""
    code = assemble(f"CALLDATASIZE 0 0 CALLDATACOPY 64 0 CALLDATASIZE 0 0 {address} {gas} CALL POP RETURNDATASIZE 0 0 "
                    "RETURNDATACOPY")  # fmt: skip
    machine = machine_for(code, 10**7, fork=fork, calldata=data)
    while not isinstance(machine.boundary, PrecompileCall):
        machine = step(machine)
    return machine


def run_of(machine: Machine, limit: int) -> Iterator[Machine]:
    """The machine and its successors, the halted one twice, at most ``limit`` of them."""
    for _ in range(limit):
        yield machine
        if machine.halted:
            break
        machine = step(machine)


# --- what must hold --------------------------------------------------------------------------------------------------


def disagreement(machine: Machine) -> str | None:
    """How the proof of the next step of ``machine`` fails, if it does; ``commit`` sees whole machines only."""
    before = verify.committed(machine)
    if before.root != verify.commit(machine):
        return "the nodes have another root than the machine"
    expected = verify.commit(step(machine))
    shown = verify.witness(before)
    reached = verify.verify_step(before.root, shown)
    if reached != expected:
        return f"verified {reached!r}"
    if verify.advance(before).root != expected:
        return "advancing leads elsewhere"
    return None


def tampered(shown: Witness, at: int, bit: int) -> Iterator[Witness]:
    """The witness with one node flipped at a bit, cut, lengthened, left out, doubled, exchanged, and one too many."""
    at = at % len(shown)
    node = shown[at]
    flipped = bytearray(node)
    flipped[bit // 8 % max(len(node), 1)] ^= 1 << bit % 8
    for other in (bytes(flipped), node[:-1], node + b"\0", b"", node[::-1]):
        yield (*shown[:at], other, *shown[at + 1 :])
    yield (*shown[:at], *shown[at + 1 :])
    yield (*shown[: at + 1], *shown[at:])
    yield (*shown, b"node too many")
    yield (*shown[at:], *shown[:at])
    yield ()


def unsound(before: Committed, truth: bytes, at: int, bit: int) -> str | None:
    """The witness that leads to another root than the true one, or is not refused although it is not the one."""
    shown = verify.witness(before)
    for other in tampered(shown, at, bit):
        answer = verify.verify_step(before.root, other)
        if isinstance(answer, bytes) and answer != truth:
            return f"another root from {len(other)} nodes"
        if other != shown and not isinstance(answer, Rejected):
            return f"accepted {len(other)} nodes for {len(shown)}"
    return None


def variants(machine: Machine) -> Iterator[tuple[str, Machine]]:
    """Machines that differ from ``machine`` in one thing that a later step may see, one for each such thing."""
    set_ = msgspec.structs.replace
    frame, substate, environment, block = (
        machine.frame, machine.substate, machine.environment, machine.environment.block,
    )  # fmt: skip
    world = machine.world

    def in_frame(**changes: Any) -> Machine:
        return set_(machine, frame=set_(frame, **changes))

    def in_substate(**changes: Any) -> Machine:
        return set_(machine, substate=set_(substate, **changes))

    def in_environment(**changes: Any) -> Machine:
        return set_(machine, environment=set_(environment, **changes))

    def in_block(**changes: Any) -> Machine:
        return in_environment(block=set_(block, **changes))

    yield "pc", set_(machine, pc=machine.pc + 1)
    yield "gas", set_(machine, gas=machine.gas + 1)
    yield "steps", set_(machine, steps=machine.steps + 1)
    yield "stack top", set_(machine, stack=machine.stack.push(0))
    yield "stack below", set_(machine, stack=stack_of([1, *reversed([*machine.stack.words()])]))
    yield "memory size", set_(machine, memory=machine.memory.expand(machine.memory.size + 32))
    wider = machine.memory.expand(64)
    yield "memory content", set_(machine, memory=wider.write(40, bytes([wider.read(40, 1)[0] ^ 1])))
    yield "return data", set_(machine, returned=machine.returned + b"\0")
    yield "boundary", set_(machine, boundary=Halt(Status.STOP))
    yield "boundary status", set_(machine, boundary=Halt(Status.REVERT))
    yield "boundary output", set_(machine, boundary=Halt(Status.STOP, b"\0"))
    yield "boundary precompile", set_(machine, boundary=PrecompileCall(OSAKA.precompiles[2]))
    yield "boundary other precompile", set_(machine, boundary=PrecompileCall(OSAKA.precompiles[4]))
    for field in ("address", "caller", "value", "depth"):
        yield f"frame {field}", in_frame(**{field: getattr(frame, field) + 1})
    for field in ("static", "creates"):
        yield f"frame {field}", in_frame(**{field: not getattr(frame, field)})
    yield "frame calldata", in_frame(calldata=frame.calldata + b"\0")
    longer = frame.code + b"\0"
    yield "frame code", in_frame(code=longer, program=analyse(longer).program)
    yield "frame caller", in_frame(caller_frame=Suspended(machine, 0, 0))
    yield "frame caller offset", in_frame(caller_frame=Suspended(machine, 1, 0))
    yield "frame caller size", in_frame(caller_frame=Suspended(machine, 0, 1))
    yield "frame caller machine", in_frame(caller_frame=Suspended(set_(machine, gas=machine.gas + 1), 0, 0))
    for address in (CONTRACT, 0x12345):
        yield f"balance {address}", set_(machine, world=world.credit(address, 1))
        yield f"nonce {address}", set_(machine, world=world.increment_nonce(address))
        yield f"storage {address}", set_(machine, world=world.increment_nonce(address).with_storage(address, 99, 1))
        coded = world.account(address).with_code(b"\x01")
        yield f"code {address}", set_(machine, world=world.with_account(address, coded))
    yield "initial world", in_environment(initial_world=environment.initial_world.credit(0x12345, 1))
    yield "warm address", in_substate(accessed_addresses=substate.accessed_addresses.set(0x5555, True))
    yield "warm slot", in_substate(accessed_slots=substate.accessed_slots.set((5, 5), True))
    yield "transient", in_substate(transient=substate.transient.set((5, 5), 1))
    yield "created", in_substate(created=substate.created.set(0x5555, True))
    yield "destroyed", in_substate(destroyed=substate.destroyed.set(0x5555, True))
    yield "refund", in_substate(refund=substate.refund + 1)
    yield "refund sign", in_substate(refund=-substate.refund - 1)
    for log in (Log(1, (), b""), Log(2, (), b""), Log(1, (0,), b""), Log(1, (), b"\0"), Log(1, (0, 0), b"")):
        yield f"log {log}", in_substate(logs=substate.logs.append(log))
    yield "log order", in_substate(logs=substate.logs.append(Log(1, (), b"")).append(Log(2, (), b"")))
    yield "log order too", in_substate(logs=substate.logs.append(Log(2, (), b"")).append(Log(1, (), b"")))
    for field in ("chain_id", "origin", "gas_price"):
        yield field, in_environment(**{field: getattr(environment, field) + 1})
    yield "blob hashes", in_environment(blob_hashes=(*environment.blob_hashes, 0))
    for field in ("coinbase", "number", "timestamp", "gas_limit", "prevrandao", "base_fee", "blob_base_fee"):
        yield f"block {field}", in_block(**{field: getattr(block, field) + 1})
    yield "block hashes", in_block(hashes=block.hashes.set(1, b"\x01" * 32))


def unbound(machine: Machine) -> list[str]:
    """Pairs of different machines that have one root."""
    roots: dict[bytes, str] = {}
    shared = []
    for name, variant in (("itself", machine), *variants(machine)):
        root = verify.commit(variant)
        if root in roots:
            shared.append(f"{roots[root]} and {name}")
        roots[root] = name
    return shared


# --- micro steps -----------------------------------------------------------------------------------------------------


def micro_run(machine: Machine, limit: int = 10_000) -> Iterator[tuple[Committed, Witness]]:
    """The micro states of the next step, each but the last with the witness of its micro step."""
    state = micro.entered(verify.committed(machine))
    last = micro.leave(verify.commit(step(machine)))
    for _ in range(limit):
        if state.root == last:
            yield state, ()
            return
        yield state, verify.witness(state, micro.micro_after)
        state = verify.advance(state, micro.micro_after)


def micro_disagreement(machine: Machine) -> str | None:
    """How the micro steps of the next step of ``machine`` fail to give what the step gives, if they do."""
    states = list(micro_run(machine))
    if states[-1][0].root != micro.leave(verify.commit(step(machine))):
        return f"no end after {len(states)} micro steps"
    if states[0][0].root != micro.enter(verify.commit(machine)):
        return "another beginning"
    for (before, shown), (following, _) in pairwise(states):
        if micro.verify_micro_step(before.root, shown) != following.root:
            return "a micro step is not what it is verified as"
    return None
