"""Micro steps: iterated, they give what the step gives; each shows a bounded number of bytes."""

from collections.abc import Callable, Iterator

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.settlement.onestep import merkle, micro, tasks, verify
from hyperion.settlement.onestep.compression import CHAINS
from hyperion.settlement.onestep.micro import verify_micro_step, witness_bound
from hyperion.settlement.onestep.nodes import Collected, Hashed, Kind, Stored
from hyperion.settlement.onestep.octets import at_hand
from hyperion.settlement.onestep.tasks import Task
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.settlement.rejection import Rejected
from hyperion.vm.forks import CANCUN
from hyperion.vm.machine import Halt, Machine
from hyperion.vm.step import step
from tests.support.machines import assemble, machine_for
from tests.support.onestep import (
    CALLEE,
    OTHERS,
    at_precompile,
    machine_at,
    machines_at,
    micro_disagreement,
    micro_run,
    tampered,
)

BIG = bytes(range(256)) * 5
BLAKE = (1000).to_bytes(4, "big") + BIG[:208] + b"\x01"
PUSHES = bytes([0x7F, 0x60, 0x5B, 0x7E]) * 320
MODEXP = b"".join(n.to_bytes(32, "big") for n in (1024, 1024, 1024)) + BIG[:1024] * 3


def after_call(size: int) -> Machine:
    """A machine about to go back to a caller, with an output of which the caller takes ``size`` bytes."""
    machine = machine_for(assemble(f"{size} 5 1000 1 0 {CALLEE} GAS CALL"), 10**6, others=OTHERS, calldata=BIG)
    while not (isinstance(machine.boundary, Halt) and machine.frame.depth == 1):
        machine = step(machine)
    return machine


LONG: dict[str, tuple[Callable[[], Machine], int]] = {
    "KECCAK256": (lambda: machine_at(0x20, b"", [1000, 3], memory=BIG), 8),
    "KECCAK256 of whole blocks": (lambda: machine_at(0x20, b"", [136 * 3, 3], memory=BIG), 4),
    "CALLDATACOPY": (lambda: machine_at(0x37, b"", [1000, 3, 5], calldata=BIG), 4),
    "CALLDATACOPY of nothing": (lambda: machine_at(0x37, b"", [1000, 2**200, 5], calldata=BIG), 4),
    "CODECOPY": (lambda: machine_at(0x39, b"", [1000, 3, 5]), 4),
    "EXTCODECOPY": (lambda: machine_at(0x3C, b"", [1000, 3, 5, CALLEE]), 4),
    "RETURNDATACOPY": (lambda: machine_at(0x3E, b"", [1000, 3, 5], returned=BIG), 4),
    "MCOPY up": (lambda: machine_at(0x5E, b"", [1000, 3, 50], memory=BIG), 4),
    "MCOPY down": (lambda: machine_at(0x5E, b"", [1000, 50, 3], memory=BIG), 4),
    "EXP": (lambda: machine_at(0x0A, b"", [2**256 - 5, 7]), 8),
    "LOG2": (lambda: machine_at(0xA2, b"", [5, 6, 1000, 1], memory=BIG), 4),
    "RETURN": (lambda: machine_at(0xF3, b"", [1000, 1], memory=BIG), 4),
    "RETURN of code": (lambda: machine_at(0xF3, b"", [1000, 1], memory=BIG, creates=True), 12),
    "REVERT": (lambda: machine_at(0xFD, b"", [1000, 1], memory=BIG), 4),
    "CREATE": (lambda: machine_at(0xF0, b"", [1000, 1, 0], memory=PUSHES), 8),
    "CREATE2": (lambda: machine_at(0xF5, b"", [5, 1000, 1, 0], memory=PUSHES), 16),
    "CALL": (lambda: machine_at(0xF1, b"", [100, 7, 1000, 1, 0, CALLEE, 10**5], memory=BIG), 4),
    "back from a call": (lambda: after_call(900), 4),
    "SHA256": (lambda: at_precompile(2, BIG[:1000], 10**5), 4),
    "RIPEMD160": (lambda: at_precompile(3, BIG[:1000], 10**5), 4),
    "BLAKE2F": (lambda: at_precompile(9, BLAKE, 10**5), 8),
}
"""Long work, and how many units of it there are at least."""

SHORT: dict[str, Callable[[], Machine]] = {
    "ID": lambda: at_precompile(4, BIG, 10**5),
    "MODEXP": lambda: at_precompile(5, MODEXP, 9 * 10**6),
    "MODEXP that is refused": lambda: at_precompile(5, b"\xff" * 96, 10**5),
    "ECREC of much": lambda: at_precompile(1, BIG, 10**5),
    "P256VERIFY of much": lambda: at_precompile(0x100, BIG, 10**5),
    "BLAKE2F of much": lambda: at_precompile(9, BLAKE + b"\0", 10**5),
    "BLAKE2F with a flag": lambda: at_precompile(9, BLAKE[:-1] + b"\x02", 10**5),
    "SHA256 of little": lambda: at_precompile(2, BIG[:256], 10**5),
    "SHA256 without gas": lambda: at_precompile(2, BIG, 10),
    "KECCAK256 of little": lambda: machine_at(0x20, b"", [256, 3], memory=BIG),
    "KECCAK256 without gas": lambda: machine_at(0x20, b"", [10**9, 3], memory=BIG),
    "MODEXP of Cancun": lambda: at_precompile(5, MODEXP, 9 * 10**6, CANCUN),
}


def shown(machine: Machine) -> list[int]:
    """The bytes that each micro step of the next step shows."""
    return [sum(map(len, nodes)) for _, nodes in micro_run(machine)][:-1]


@pytest.mark.rule(
    "DIS-micro-step", "DIS-micro-begin", "DIS-micro-hash", "DIS-micro-copy", "DIS-micro-code", "DIS-micro-blake2",
    "DIS-micro-exp", "DIS-micro-bound",
)  # fmt: skip
@pytest.mark.parametrize("name", LONG)
def test_long_work_is_cut(name: str) -> None:
    make, units = LONG[name]
    machine = make()
    assert micro_disagreement(machine) is None
    sizes = shown(machine)
    assert len(sizes) > units
    assert max(sizes) <= min(witness_bound(4, 8), 2_600)


@pytest.mark.rule("DIS-micro-precompile")
@pytest.mark.parametrize("name", SHORT)
def test_bounded_work_is_one_micro_step(name: str) -> None:
    machine = SHORT[name]()
    assert micro_disagreement(machine) is None
    sizes = shown(machine)
    assert len(sizes) == 1 and sizes[0] <= witness_bound(4, 8)


@pytest.mark.rule("DIS-micro-step")
@given(st.sampled_from(range(256)).flatmap(machines_at))
@settings(max_examples=200)
def test_micro_steps_of_any_instruction(machine: Machine) -> None:
    assert micro_disagreement(machine) is None


@st.composite
def long_copies(draw: st.DrawFn) -> Machine:
    """Machines that move or hash many bytes, at any offsets."""
    opcode = draw(st.sampled_from([0x20, 0x37, 0x39, 0x3C, 0x3E, 0x5E, 0xA1, 0xF0, 0xF3, 0xF5, 0xFD, 0xF1, 0xFA]))
    places = st.integers(0, 700)
    memory = draw(st.binary(min_size=0, max_size=40)) * draw(st.integers(0, 40))
    operands = draw(st.lists(places, min_size=7, max_size=7))
    if opcode == 0x3C:
        operands[-1] = CALLEE
    if opcode in (0xF1, 0xFA):
        operands[-2:] = [CALLEE, 10**5]
        operands[-3] = 0 if opcode == 0xF1 else operands[-3]
    return machine_at(
        opcode, b"", operands, memory=memory, returned=BIG, calldata=BIG, creates=draw(st.booleans()), gas=10**7
    )


@pytest.mark.rule("DIS-micro-copy")
@given(long_copies())
@settings(max_examples=80)
def test_micro_steps_of_long_copies(machine: Machine) -> None:
    assert micro_disagreement(machine) is None
    assert max(shown(machine)) <= witness_bound(4, 8)


def test_the_end_is_its_own_successor() -> None:
    end = micro.leave(verify.commit(machine_at(0, b"", [])))
    node = bytes([0xC0 + 34, Kind.FINISHED.value, 0xA0]) + verify.commit(machine_at(0, b"", []))
    assert verify_micro_step(end, (node,)) == end


# --- tasks alone -----------------------------------------------------------------------------------------------------


def done(task: Task) -> bytes:
    """The result, one unit at a time, each from the hash of the one before."""
    collected = Collected()
    while not task.finished:
        task = tasks.opened_task(tasks.sealed_task(task, collected), Stored(collected.made), AT_ONCE)
        task = task.unit()
    return task.result(Hashed())


@given(st.binary(max_size=40), st.integers(0, 40), st.integers(0, 200), st.integers(1, 1500))
@settings(max_examples=80)
def test_tasks_give_what_is_done_at_once(stem: bytes, times: int, start: int, width: int) -> None:
    whole = at_hand(stem * times, AT_ONCE)
    source = whole[start : start + width].ljust(width, b"\0")
    data = (stem * times)[start : start + width].ljust(width, b"\0")
    assert bytes(source) == data
    assert done(tasks.hashing("keccak256", source)) == keccak256(data)
    level = merkle.level_for(width + 77)
    target = merkle.ZERO_TREES[level]
    at_once = merkle.sealed(AT_ONCE.copied(target, level, 77, source), level, Hashed())
    assert done(tasks.copying(target, level, 77, source)) == at_once
    skips = AT_ONCE.skips(source)
    assert done(tasks.skipping(source)) == merkle.sealed(skips.tree, skips.level, Hashed())


@given(st.integers(0, 2**256 - 1), st.integers(1, 2**256 - 1))
@settings(max_examples=80)
def test_powers(base: int, exponent: int) -> None:
    assert int.from_bytes(done(tasks.raising(base, exponent)), "big") == pow(base, exponent, 2**256)


# --- nobody can show anything else -----------------------------------------------------------------------------------


def middle_states() -> Iterator[tuple[verify.Committed, bytes]]:
    """Micro states of each kind, with the true one after them."""
    for name in ("KECCAK256", "MCOPY up", "CREATE2", "BLAKE2F", "EXP", "RETURN of code"):
        states = [state for state, _ in micro_run(LONG[name][0]())]
        for at in {0, 1, 2, len(states) // 2, len(states) - 2}:
            yield states[at], states[at + 1].root


def test_no_tampered_witness_of_a_micro_step_gives_another_state() -> None:
    for state, truth in middle_states():
        nodes = verify.witness(state, micro.micro_after)
        for at in range(len(nodes)):
            for bit in (3, 100, 499, 1001):
                for other in tampered(nodes, at, bit):
                    answer = verify_micro_step(state.root, other)
                    assert answer == truth if other == nodes else isinstance(answer, Rejected)


small = st.one_of(st.binary(max_size=6), st.binary(min_size=32, max_size=32), st.sampled_from([b"copy", b"exp", b""]))


@given(
    st.sampled_from([Kind.WORKING, Kind.FINISHED, Kind.TASK]),
    st.lists(st.one_of(small, st.lists(st.one_of(small, st.lists(small, max_size=3)), max_size=3)), max_size=9),
)
@settings(max_examples=300)
def test_any_record_is_refused_or_stepped(kind: Kind, fields: list[object]) -> None:
    record = rlp.encode((bytes([kind.value]), *map(as_item, fields)))
    assert isinstance(verify_micro_step(keccak256(record), (record,)), bytes | Rejected)


@pytest.mark.rule("DIS-micro-step")
@given(
    st.sampled_from([b"keccak256", b"sha256", b"copy", b"skips", b"blake2", b"exp"]),
    st.lists(st.one_of(small, st.integers(0, 2000).map(rlp.int_to_bytes), st.binary(min_size=200, max_size=213)),
             min_size=2, max_size=10),
)  # fmt: skip
@settings(max_examples=400)
def test_any_task_is_refused_or_worked_on(kind: bytes, fields: list[bytes]) -> None:
    task = rlp.encode((bytes([Kind.TASK.value]), kind, *fields))
    state = rlp.encode((bytes([Kind.WORKING.value]), bytes(32), (), (bytes(32), keccak256(task))))
    assert isinstance(verify_micro_step(keccak256(state), (state, task)), bytes | Rejected)


def as_item(value: object) -> rlp.Item:
    """Lists as tuples."""
    return tuple(map(as_item, value)) if isinstance(value, list) else value  # type: ignore[return-value]


# --- controls --------------------------------------------------------------------------------------------------------


def broken(name: str, patch: pytest.MonkeyPatch) -> None:
    """Put a fault into the micro steps."""
    if name == "a copy reads what it has written":
        patch.setattr(tasks.Copying, "unit", reading_the_target)
    elif name == "a unit of a hash is left out":
        patch.setattr(tasks.Hashing, "finished", property(lambda task: task.done >= task.source.width))
    elif name == "one result is taken for another":
        patch.setattr(micro, "name_of", lambda task: bytes(32))
    elif name == "operands are forgotten between units":
        unit = tasks.Skipping.unit
        patch.setattr(tasks.Skipping, "unit", lambda task: attrs.evolve(unit(task), pending=0))
    elif name == "the exponent is halved once too often":
        patch.setattr(tasks, "exp_step", lambda power, square, rest: (power, square * square % 2**256, rest >> 2))
    elif name == "the padding begins without its one bit":
        chain = CHAINS["keccak256"]
        wrong = {
            **CHAINS,
            "keccak256": attrs.evolve(chain, padding=lambda n: bytes(135 - n % 136) + b"\x80"),
        }
        patch.setattr(tasks, "CHAINS", wrong)
    else:
        patch.setattr(tasks, "blake2_round", lambda words, block, number: words)


def reading_the_target(task: tasks.Copying) -> tasks.Copying:
    """A unit that takes its bytes from the tree that it writes to."""
    end = min(task.done + tasks.UNIT, task.source.width)
    live = attrs.evolve(task.source, tree=task.tree)
    tree = merkle.write_bytes(task.tree, task.level, task.offset + task.done, live.part(task.done, end))
    return attrs.evolve(task, tree=tree, done=end)


MICRO_FAULTS = {
    "a copy reads what it has written": "MCOPY up",
    "a unit of a hash is left out": "KECCAK256 of whole blocks",
    "one result is taken for another": "RETURN of code",
    "operands are forgotten between units": "CREATE",
    "the exponent is halved once too often": "EXP",
    "the padding begins without its one bit": "KECCAK256",
    "a round of BLAKE2F does nothing": "BLAKE2F",
}


@pytest.mark.parametrize("name", MICRO_FAULTS)
def test_control_faults_of_micro_steps_are_caught(name: str) -> None:
    make, _ = LONG[MICRO_FAULTS[name]]
    assert micro_disagreement(make()) is None
    with pytest.MonkeyPatch.context() as patch:
        broken(name, patch)
        try:
            caught = micro_disagreement(make()) is not None
        except Exception:  # a fault may break the proof in any way; that it goes unseen is what must not be
            caught = True
    assert caught


def test_nodes_that_nobody_has() -> None:
    assert isinstance(verify_micro_step(bytes(32), ()), Rejected)
