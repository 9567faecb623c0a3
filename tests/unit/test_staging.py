"""The staged executor's parts: what becomes a block and what stays with ``step``, its text, its cache, its command."""

from typing import Any, Final

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from immutables import Map
from typer.testing import CliRunner

from hyperion.execution.message import apply_transaction
from hyperion.execution.system import system_call
from hyperion.primitives.hashing import keccak256
from hyperion.state.world import Account
from hyperion.symbolic.expression import Interval
from hyperion.symbolic.opaque import length_of
from hyperion.symbolic.path import Escape, Path
from hyperion.symbolic.terms import Terms
from hyperion.vm.fork import Fork
from hyperion.vm.forks import OSAKA, PARIS
from hyperion.vm.machine import Halt, Machine, Status
from hyperion.vm.staging.blocks import TRACED, Blocks, Table, eager
from hyperion.vm.staging.containers import Unknown
from hyperion.vm.staging.executing import run_staged
from hyperion.vm.staging.linking import compiled
from hyperion.vm.staging.octets import IDEALS, RecordedBytes, RecordedIntegers, digest_of
from hyperion.vm.staging.recording import Unstaged
from hyperion.vm.staging.tracing import MOST_GAS, MOST_STEPS
from hyperion.vm.step import run
from hyperion_conformance.assembler import assemble
from tests.benchmark.programs import programs
from tests.benchmark.workers.model import start_of
from tests.support.machines import CONTRACT, machine_for
from tests.unit.test_transaction import FEE_MARKET, RICH, context, signed

COUNTDOWN: Final = assemble("200 loop: 1 SWAP1 SUB DUP1 @loop JUMPI STOP")
LEFT_TO_STEP: Final = {
    "STOP": "STOP", "RETURN": "0 0 RETURN", "REVERT": "0 0 REVERT", "INVALID": "INVALID", "CALL": "CALL",
    "DELEGATECALL": "DELEGATECALL", "STATICCALL": "STATICCALL", "CREATE": "CREATE", "SELFDESTRUCT": "SELFDESTRUCT",
    "EXP": "EXP", "BLOCKHASH": "BLOCKHASH", "BLOBHASH": "BLOBHASH", "EXTCODECOPY": "EXTCODECOPY",
    "RETURNDATACOPY": "RETURNDATACOPY", "EXTCODEHASH": "EXTCODEHASH", "MSTORE8": "MSTORE8", "CLZ": "CLZ",
    "unknown jump": "JUMP",
}  # fmt: skip
STAGED: Final = (
    "ADD", "MULMOD", "SDIV", "SMOD", "SIGNEXTEND", "BYTE", "SAR", "SLT", "ISZERO", "NOT", "DUP16", "SWAP16", "PC",
    "GAS", "ADDRESS", "CALLER", "TIMESTAMP", "CODESIZE", "MSIZE", "MLOAD", "MSTORE", "SLOAD", "SSTORE", "POP", "PUSH0",
    "CALLDATALOAD", "CALLDATASIZE", "CALLDATACOPY", "CODECOPY", "RETURNDATASIZE", "KECCAK256", "MCOPY", "LOG0", "LOG4",
    "TLOAD", "TSTORE", "BALANCE", "SELFBALANCE", "EXTCODESIZE",
)  # fmt: skip


def table_for(code: bytes, fork: Fork = OSAKA) -> Table:
    """An empty table for the code."""
    machine = machine_for(code, fork=fork)
    return Blocks().table(machine.frame, machine.environment.fork)


def text_of(code: bytes, entry: int = 0) -> str | None:
    """The text of the block at ``entry``; None if it has none."""
    table = table_for(code)
    table.make(entry)
    return table.texts[entry].text if entry in table.texts else None


@pytest.mark.parametrize("name", LEFT_TO_STEP)
def test_instructions_that_are_left_to_step(name: str) -> None:
    source = LEFT_TO_STEP[name]
    table = table_for(assemble(source))
    table.make(0)
    last = len(assemble(source)) - 1
    assert 0 not in table.texts or f"return Machine({last}, " in table.texts[0].text


@pytest.mark.parametrize("name", STAGED)
def test_instructions_that_become_part_of_a_block(name: str) -> None:
    text = text_of(assemble(name))
    assert text is not None
    assert "return Machine(1, " in text


def test_a_loop_stays_in_variables() -> None:
    text = text_of(COUNTDOWN, 2)
    assert text is not None
    assert "while True:" in text
    assert "s0, gas, steps = " in text


def test_known_jumps_are_followed_and_calls_within_the_code_inlined() -> None:
    code = assemble("@back 5 @double JUMP back: STOP double: 2 MUL SWAP1 JUMP")
    text = text_of(code)
    assert text is not None
    stop = code.index(bytes([0x5B, 0x00])) + 1
    assert f"return Machine({stop}, " in text and "Stack(10, base" in text


def test_blocks_are_bounded() -> None:
    table = table_for(assemble("1 ADD " * 3000))
    table.make(0)
    assert table.texts[0].instructions == MOST_STEPS
    dear = table_for(assemble("1 0 SSTORE " * 100))
    dear.make(0)
    assert f"if gas < {MOST_GAS}" not in dear.texts[0].text
    assert dear.texts[0].instructions < 30


def test_long_code_has_few_blocks() -> None:
    machine = machine_for(assemble(f"5 loop: {'JUMPDEST ' * 2000} 1 SWAP1 SUB DUP1 @loop JUMPI STOP"))
    blocks = eager(2)
    assert run_staged(machine, blocks) == run(machine)
    assert blocks.instructions < 5 * 2000  # and not 400 for each of the 2,000 entries


def test_a_block_that_can_not_be_is_tried_once() -> None:
    table = table_for(assemble("STOP"))
    for _ in range(5):
        eager().consider(table, 0, 0)
    assert table.blocks == {}
    assert table.counts[0] < 0


def test_blocks_are_made_when_an_entry_was_met_often_enough() -> None:
    machine = machine_for(COUNTDOWN)
    seldom, often = eager(1000), eager(50)
    assert run_staged(machine, seldom) == run_staged(machine, often) == run(machine)
    assert seldom.instructions == 0
    assert often.instructions > 0


def test_gas_near_exhaustion_is_exact() -> None:
    blocks = eager()
    for gas in range(400):
        machine = machine_for(COUNTDOWN, gas)
        assert run_staged(machine, blocks) == run(machine)


def test_a_revert_goes_back_to_the_world_before_the_call() -> None:
    callee = assemble("60 loop: DUP1 DUP1 SSTORE 1 SWAP1 SUB DUP1 @loop JUMPI 0 0 REVERT")
    code = assemble("9 loop: 1 DUP1 SSTORE 0 0 0 0 0 0xCA11EE GAS CALL POP 1 SWAP1 SUB DUP1 @loop JUMPI STOP")
    machine = machine_for(code, 10**8, others={0xCA11EE: Account(1, 0, callee, Map())})
    blocks = eager(2)
    end = run_staged(machine, blocks)
    assert end == run(machine)
    assert end.world.account(0xCA11EE).storage == Map()
    assert end.world.storage(CONTRACT, 1) == 1
    assert len(blocks.tables) == 2


def test_a_fork_of_the_same_name_with_other_rules_has_blocks_of_its_own() -> None:
    free = msgspec.structs.replace(OSAKA.instructions[0x01], gas=0)
    other = attrs.evolve(OSAKA, instructions=(*OSAKA.instructions[:1], free, *OSAKA.instructions[2:]))
    code = assemble("100 loop: 1 DUP1 ADD POP 1 SWAP1 SUB DUP1 @loop JUMPI STOP")
    blocks = eager()
    for fork in (OSAKA, other, PARIS, OSAKA):
        machine = machine_for(code, fork=fork)
        assert run_staged(machine, blocks) == run(machine)


def test_a_frame_with_a_table_of_its_own_is_left_to_step() -> None:
    machine = machine_for(COUNTDOWN)
    instructions = (*machine.frame.instructions[:255], machine.frame.instructions[255])
    frame = msgspec.structs.replace(machine.frame, instructions=instructions)
    machine = msgspec.structs.replace(machine, frame=frame)
    blocks = eager()
    assert run_staged(machine, blocks) == run(machine)
    assert blocks.tables == []


def test_the_cache_is_bounded() -> None:
    blocks = eager(most_codes=3)
    for count in range(1, 9):
        machine = machine_for(assemble(f"{count} loop: 1 SWAP1 SUB DUP1 @loop JUMPI STOP"))
        assert run_staged(machine, blocks) == run(machine)
        assert len(blocks.tables) <= 3


def test_the_cache_is_bounded_by_instructions() -> None:
    blocks = attrs.evolve(eager(), most_instructions=40)
    for count in range(1, 9):
        machine = machine_for(assemble(f"{count} loop: {'1 ADD ' * count} 1 SWAP1 SUB DUP1 @loop JUMPI STOP"))
        assert run_staged(machine, blocks) == run(machine)
        held = sum(table.instructions for table in blocks.tables)
        assert blocks.instructions == held
        assert held <= 40 or len(blocks.tables) == 1


def test_tracing_is_paid_for_by_steps() -> None:
    blocks, steps = attrs.evolve(Blocks(), enough=1, pause=50, price=20), 0
    for length in range(1, 40):
        code = assemble(f"40 loop: {'1 1 ADD POP ' * length} 1 SWAP1 SUB DUP1 @loop JUMPI STOP")
        end = run_staged(machine_for(code), blocks)
        steps += end.steps
        assert (blocks.clock[TRACED] - 2 * MOST_STEPS) * blocks.price <= steps
    assert 0 < blocks.clock[TRACED] < steps


def test_short_code_is_not_traced() -> None:
    blocks = Blocks()
    for _ in range(20):
        run_staged(machine_for(COUNTDOWN), blocks)
    assert blocks.clock[TRACED] == 0


def test_called_code_has_a_block_from_its_start() -> None:
    """However its steps and the notes fall together: notes in step with the calls would always see the same place."""
    callee = assemble("0 CALLDATALOAD 1 ADD 2 MUL 3 ADD 4 MUL 0 MSTORE 32 0 RETURN")
    code = assemble("9000 loop: 32 0 32 0 0 0xCA11EE GAS CALL POP 1 SWAP1 SUB DUP1 @loop JUMPI STOP")
    machine = machine_for(code, 10**8, others={0xCA11EE: Account(1, 0, callee, Map())})
    blocks = attrs.evolve(Blocks(), enough=3, price=1)
    assert run_staged(machine, blocks) == run(machine)
    assert [0 in table.blocks for table in blocks.tables if table.code.code == callee] == [True]


def test_transactions_and_system_calls_are_run_by_the_executor_of_their_context() -> None:
    seen: list[int] = []

    def noting(machine: Machine) -> Machine:
        seen.append(machine.frame.address)
        return run(machine)

    where = attrs.evolve(context(), executor=noting)
    assert apply_transaction(signed(FEE_MARKET), RICH, where) == apply_transaction(signed(FEE_MARKET), RICH, context())
    system_call(0xBEAC, b"", RICH, where)
    assert seen == [FEE_MARKET.to, 0xBEAC]


@given(st.binary(max_size=70))
def test_functions_that_stand_in_for_others_give_the_same_of_what_is_known(data: bytes) -> None:
    assert digest_of(data) == keccak256(data)
    assert RecordedIntegers().from_bytes(data, "big") == int.from_bytes(data, "big")
    assert length_of(data) == len(data)


def test_functions_are_put_back_after_tracing() -> None:
    before = [getattr(ideal.module, ideal.name, None) for ideal in IDEALS]
    assert text_of(assemble("64 0 KECCAK256 CALLDATASIZE 0 CALLDATALOAD")) is not None
    assert [getattr(ideal.module, ideal.name, None) for ideal in IDEALS] == before


def test_recorded_bytes_answer_no_question_but_their_length() -> None:
    path = Path(Terms(), (), None, 10)
    recorded: Any = RecordedBytes(path, path.terms.variable("calldata", Interval(0, None)), 7)
    assert length_of(recorded) == 7
    questions = (lambda data: data == b"", lambda data: 0 in data, lambda data: data[0])
    for question in (bool, len, hash, iter, bytes, *questions):
        with pytest.raises(Escape):
            question(recorded)


def test_a_block_can_reach_nothing_else() -> None:
    machine = machine_for(b"")
    for reach in ("open('x')", "__import__('os')", "print(1)", "globals()"):
        with pytest.raises((NameError, ImportError)):
            compiled(f"def block(machine):\n    return {reach}\n", "<reach>")(machine)


def test_questions_about_the_unknown_have_no_answer() -> None:
    unknown: Any = Unknown()
    for question in (bool, len, hash, iter):
        with pytest.raises(Unstaged):
            question(unknown)
    for ask in (lambda: unknown == 1, lambda: 1 in unknown, lambda: unknown[0], lambda: unknown.size):
        with pytest.raises(Unstaged):
            ask()


@pytest.mark.parametrize("name", [each["name"] for each in programs(0.1) if not each["filler"]])
def test_programs_of_the_benchmark_end_alike(name: str) -> None:
    machine = start_of(next({**each} for each in programs(0.1) if each["name"] == name))
    blocks = eager(5)
    assert run_staged(machine, blocks) == run(machine) == run_staged(machine, blocks)


def test_halted_machines_are_as_they_are() -> None:
    end = run(machine_for(b"\xfe"))
    assert run_staged(end, Blocks()) is end
    assert isinstance(end.boundary, Halt) and end.boundary.status is Status.INVALID_OPCODE


def test_command_shows_the_text_beside_the_code() -> None:
    from hyperion_conformance.cli.vm import app

    shown = CliRunner().invoke(app, ["stage", "0x" + COUNTDOWN.hex(), "--entry", "2"])
    assert shown.exit_code == 0, shown.output
    for part in ("JUMPDEST", "SWAP1", "JUMPI", "while True:", "gas"):
        assert part in shown.output
    assert CliRunner().invoke(app, ["stage", "0xzz"]).exit_code == 2
    assert CliRunner().invoke(app, ["stage", "0x6000", "--entry", "9"]).exit_code == 2
