"""The stations of ``step``, the boundaries between frames, and what a halted machine does."""

from itertools import pairwise

import msgspec
import pytest
from immutables import Map

from hyperion.state.world import NO_STORAGE, Account
from hyperion.vm.fork import Eip
from hyperion.vm.forks import CANCUN, FORKS, OSAKA, PARIS, SHANGHAI, fork_named
from hyperion.vm.machine import Halt, Instruction, Machine, PrecompileCall, Status
from hyperion.vm.stack import STACK_LIMIT, stack_of
from hyperion.vm.step import run, step
from tests.support.machines import CALLER, CONTRACT, assemble, machine_for, world_of


def status_of(machine: Machine) -> Status | None:
    """Why the machine's frame ended, if it did."""
    return machine.boundary.status if isinstance(machine.boundary, Halt) else None


def at(row: Instruction, depth: int, gas: int = 10**6) -> Machine:
    """A machine at an instruction with a stack of ``depth`` ones."""
    machine = machine_for(bytes([row.opcode]), gas)
    return msgspec.structs.replace(machine, stack=stack_of([1] * depth))


KNOWN = [row for row in OSAKA.instructions if row.name != "INVALID"]


@pytest.mark.rule("VM-step")
@pytest.mark.parametrize("row", KNOWN, ids=lambda row: row.name)
def test_a_row_is_the_contract_of_its_operation(row: Instruction) -> None:
    if row.pops > 0:
        assert status_of(step(at(row, row.pops - 1))) is Status.STACK_UNDERFLOW
    assert status_of(step(at(row, row.pops))) not in (Status.STACK_UNDERFLOW, Status.STACK_OVERFLOW)
    if row.pushes > row.pops:
        assert status_of(step(at(row, STACK_LIMIT))) is Status.STACK_OVERFLOW
        assert status_of(step(at(row, STACK_LIMIT - 1))) is not Status.STACK_OVERFLOW
    if row.gas > 0:
        failed = step(at(row, row.pops, row.gas - 1))
        assert status_of(failed) is Status.OUT_OF_GAS and failed.gas == 0
    after = step(at(row, row.pops))
    if after.boundary is None and after.frame.depth == 0 and row.name not in ("JUMP", "JUMPI"):
        assert after.stack.depth == row.pushes
        assert after.pc == 1 + row.immediate


def test_every_opcode_without_a_row_is_invalid() -> None:
    known = {row.opcode for row in KNOWN} | {0xFE}
    for opcode in set(range(256)) - known:
        assert status_of(step(machine_for(bytes([opcode])))) is Status.INVALID_OPCODE


@pytest.mark.rule("VM-step")
def test_a_halted_machine_is_a_fixed_point() -> None:
    for source in ("STOP", "INVALID", "0 0 REVERT", "0 0 RETURN", "0 SELFDESTRUCT", "ADD"):
        end = run(machine_for(assemble(source)))
        assert end.halted and step(end) is end


def test_forks_are_sets_of_eips_and_tables_follow() -> None:
    assert PARIS.instructions[0x5F].name == "INVALID" and SHANGHAI.instructions[0x5F].name == "PUSH0"
    assert SHANGHAI.instructions[0x5C].name == "INVALID" and CANCUN.instructions[0x5C].name == "TLOAD"
    assert CANCUN.instructions[0x1E].name == "INVALID" and OSAKA.instructions[0x1E].name == "CLZ"
    for older, newer in pairwise(FORKS):
        assert older.eips <= newer.eips
    assert fork_named("prague") is not None and fork_named("tangerine") is None
    assert Eip.CLZ in OSAKA.eips and Eip.CLZ not in CANCUN.eips


CALLEE = 0xCA11EE


def calling(callee: bytes, source: str) -> Machine:
    """A machine for ``source`` in a world where CALLEE has the code ``callee``."""
    return machine_for(assemble(source), others={CALLEE: Account(1, 0, callee, NO_STORAGE)})


CALL = f"32 0 0 0 0 {CALLEE} 50000 CALL"


@pytest.mark.rule("VM-enter-call", "VM-return-to-caller")
def test_a_call_enters_and_leaves_by_steps_of_their_own() -> None:
    machine = calling(assemble("7 0 MSTORE 32 0 RETURN"), CALL + " 0 MLOAD")
    depths = []
    while not machine.halted:
        depths.append(machine.frame.depth)
        machine = step(machine)
    assert depths == [0] * 8 + [1] * 6 + [1] + [0] * 3
    assert list(machine.stack.words()) == [7, 1]
    assert machine.steps == len(depths)


@pytest.mark.rule("VM-return-to-caller")
@pytest.mark.parametrize(
    ("callee", "success"), [("1 0 SSTORE", 1), ("1 0 SSTORE 0 0 REVERT", 0), ("1 0 SSTORE INVALID", 0)]
)
def test_a_failed_callee_leaves_no_trace(callee: str, success: int) -> None:
    end = run(calling(assemble(callee), CALL))
    assert end.stack.top == success
    assert end.world.storage(CALLEE, 0) == success
    assert ((CALLEE, 0) in end.substate.accessed_slots) == bool(success)


@pytest.mark.rule("VM-precompile-call")
def test_a_precompile_runs_at_a_boundary_of_its_own() -> None:
    machine = machine_for(assemble("32 32 32 0 0 4 5000 CALL"))
    while machine.frame.depth == 0:
        machine = step(machine)
    assert isinstance(machine.boundary, PrecompileCall) and machine.boundary.precompile.address == 4
    after = step(machine)
    assert isinstance(after.boundary, Halt) and after.boundary.output == bytes(32) and machine.gas - after.gas == 18


@pytest.mark.rule("VM-63-64")
def test_a_caller_keeps_a_64th() -> None:
    source = f"32 0 0 0 0 {CALLEE} {2**256 - 1} CALL 0 MLOAD"
    end = run(calling(assemble("GAS 0 MSTORE 32 0 RETURN"), source))
    pushes, memory, cold_access, gas_instruction = 4 * 2 + 3 * 3, 3, 2600, 2
    available = 10**7 - pushes - memory - cold_access
    assert end.stack.top == available - available // 64 - gas_instruction


@pytest.mark.rule("VM-create-conditions", "VM-enter-create", "VM-code-deposit")
@pytest.mark.parametrize(
    ("initcode", "code"),
    [
        ("0x6001600c60003960016000f300", b"\x00"),
        ("0x60ef60005360016000f3", None),
        ("0x", b""),
        ("0xfe", None),
    ],
)
def test_create_deposits_what_initcode_returns(initcode: str, code: bytes | None) -> None:
    data = bytes.fromhex(initcode[2:])
    stored = "".join(f"{byte} {offset} MSTORE8 " for offset, byte in enumerate(data))
    end = run(machine_for(assemble(f"{stored} {len(data)} 0 0 CREATE")))
    address = end.stack.top
    assert (address != 0) == (code is not None)
    assert end.world.account(CONTRACT).nonce == 2
    if code is not None:
        assert end.world.account(address).code == code and end.world.account(address).nonce == 1


def test_static_frames_refuse_every_change() -> None:
    for source in ("1 0 SSTORE", "1 0 TSTORE", "0 0 LOG0", "0 0 0 CREATE", "0 0 0 0 CREATE2", "0 SELFDESTRUCT",
                   f"0 0 0 0 1 {CALLER} 5000 CALL"):  # fmt: skip
        assert status_of(run(machine_for(assemble(source), static=True))) is Status.STATIC_VIOLATION
    assert status_of(run(machine_for(assemble(f"0 0 0 0 0 {CALLER} 5000 CALL"), static=True))) is Status.STOP


@pytest.mark.rule("VM-selfdestruct")
def test_selfdestruct_deletes_only_what_this_transaction_created() -> None:
    end = run(machine_for(assemble(f"{CALLER} SELFDESTRUCT"), value=5))
    assert CONTRACT not in end.substate.destroyed and end.world.account(CONTRACT).balance == 0
    before = run(machine_for(assemble(f"{CALLER} SELFDESTRUCT"), value=5, fork=SHANGHAI))
    assert CONTRACT in before.substate.destroyed


@pytest.mark.rule("VM-jump-destinations")
def test_jumps_go_only_to_destinations() -> None:
    assert status_of(run(machine_for(bytes.fromhex("600456fe5b00")))) is Status.STOP
    assert status_of(run(machine_for(bytes.fromhex("600456605b00")))) is Status.INVALID_JUMP
    assert status_of(run(machine_for(bytes.fromhex("60ff56")))) is Status.INVALID_JUMP


def test_control_a_machine_that_ignores_the_row_is_caught() -> None:
    add = OSAKA.instructions[0x01]
    loose = msgspec.structs.replace(add, pops=0)
    table = (*OSAKA.instructions[:1], loose, *OSAKA.instructions[2:])
    machine = machine_for(b"\x01")
    machine = msgspec.structs.replace(machine, frame=msgspec.structs.replace(machine.frame, instructions=table))
    with pytest.raises(AttributeError):
        step(machine)


@pytest.mark.rule("VM-enter-create")
def test_a_creation_on_a_taken_address_is_one_step_and_costs_what_it_was_given() -> None:
    source = assemble("0 0 0 CREATE")
    taken = run(machine_for(source)).stack.top
    machine = machine_for(source, others={taken: Account(0, 0, b"\x00", NO_STORAGE)})
    while machine.frame.depth == 0:
        before, machine = machine, step(machine)
    assert status_of(machine) is Status.ADDRESS_COLLISION
    assert machine.steps == before.steps + 1 and machine.gas == 0
    assert step(machine).stack.top == 0


def test_paying_oneself_loses_nothing_even_from_an_account_of_balance_and_storage_only() -> None:
    world = world_of({CALLER: Account(0, 5, b"", Map({1: 2}))})
    assert world.transfer(CALLER, CALLER, 5) == world
