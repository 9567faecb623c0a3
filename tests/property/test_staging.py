"""Blocks equal iterated ``step`` on the whole machine, at each of their exits; what is changed in them is caught."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.vm.machine import Machine
from hyperion.vm.stack import stack_of
from hyperion.vm.staging.blocks import Blocks, eager
from hyperion.vm.staging.executing import run_staged
from hyperion.vm.staging.linking import compiled
from hyperion.vm.step import run
from hyperion_conformance.assembler import assemble
from hyperion_conformance.fixtures.campaign import Selection, plan, planned
from hyperion_conformance.fixtures.source import Case
from hyperion_conformance.fixtures.staged import eager_blocks, run_all_staged
from hyperion_conformance.workers import ALONE
from tests.property.staging_programs import (
    Difference,
    campaign,
    check_every_exit,
    check_exit,
    check_run,
    machine_of,
    program_of,
)
from tests.support.machines import machine_for

SEED: Final = 2026


@pytest.mark.rule("VM-step")
@given(st.integers(0, 2**64))
@settings(max_examples=60)
def test_every_exit_of_every_block_is_a_machine_of_step(seed: int) -> None:
    rng = Random(seed)
    machine = machine_of(rng, program_of(rng))
    tables = eager()
    if check_every_exit(machine, tables).status != "unfinished":
        check_run(machine, tables)


@given(
    st.integers(0, 2**64),
    st.builds(
        Blocks, st.integers(1, 4), st.integers(0, 20), st.integers(0, 9), st.integers(0, 6), st.integers(1, 2),
        st.integers(1, 60), st.integers(1, 9),
    ),
)  # fmt: skip
@settings(max_examples=30)
def test_the_cache_does_not_show(seed: int, cache: Blocks) -> None:
    rng = Random(seed)
    machine = machine_of(rng, program_of(rng))
    if check_every_exit(machine, eager()).status == "unfinished":
        return
    ends = [run(machine), *(run_staged(machine, cache) for _ in range(3))]
    ends.append(run_staged(machine, Blocks(2**60)))
    assert all(end == ends[0] for end in ends)


def test_campaign_reaches_what_it_is_about() -> None:
    told = campaign(SEED, 60)
    for status in ("out-of-gas", "stack-underflow", "stack-overflow", "stop", "invalid-jump"):
        assert status in told
    assert "'programs': 60" in told


# --- controls ---------------------------------------------------------------------------------------------------------

LOOP: Final = assemble("""
    40 loop: DUP1 3 AND DUP1 SLOAD 7 ADD DUP1 0 MSTORE SWAP1 SSTORE
    DUP1 1 AND @odd JUMPI 32 MLOAD 5 MUL 32 MSTORE @next JUMP
    odd: 0 MLOAD 32 MLOAD XOR 32 MSTORE
    next: 1 SWAP1 SUB DUP1 @loop JUMPI STOP
""")
ENTRY: Final = 2

MUTATIONS: Final = {
    "gas off by one": (" - 109)", " - 108)"),
    "another constant": (" + 7)", " + 8)"),
    "a guard dropped": ("if gas < ", "if gas < 0 * "),
    "stack not checked": ("if depth < 1 or depth > 1020", "if depth < 0 or depth > 1025"),
    "static not refused": ("machine.frame.static", "False"),
    "storage not written back": ("with_slots(machine.world, address, stored)", "machine.world"),
    "memory not written back": ("with_words(machine.memory, written)", "machine.memory"),
    "key left cold": ("with_touched(machine.substate, address, touched)", "machine.substate"),
    "price of a first write": ("t8, t9 = 20000, 0", "t8, t9 = 2900, 0"),
    "step not counted": ("steps + 1", "steps + 2"),
    "price of a cold key": (" = 2100", " = 2000"),
    "branch turned": ("(1 & s0) == 0", "(1 & s0) != 0"),
    "memory not measured": ("memory_size < 64", "memory_size < 0"),
}


def block_text() -> str:
    """The text of the loop's block."""
    machine = machine_for(LOOP)
    table = Blocks().table(machine.frame, machine.environment.fork)
    table.make(ENTRY)
    return table.texts[ENTRY].text


def check_loop(text: str) -> None:
    """Compare the loop with the block ``text``, at all amounts of gas that matter, with short and with full stacks."""
    for gas in (*range(0, 400, 7), *range(22_000, 24_600, 53), 30_000, 60_000, 500_000):
        for height in (0, 1, 1020, 1022, 1024):
            check_from(entered(gas, height), text)
    for size in (0, 32):
        check_from(entered(60_000, 1, size), text)
    check_from(entered(60_000, 1, static=True), text)


def entered(gas: int, height: int, size: int = 64, static: bool = False) -> Machine:
    """A machine at the loop's entry, with a stack of some height and a memory of some size."""
    machine = machine_for(LOOP, gas, storage={1: 5, 2: 7}, static=static)
    memory = machine.memory.expand(size)
    stack = stack_of([*range(2, height + 1), 4][:height])
    return msgspec.structs.replace(machine, pc=ENTRY, stack=stack, memory=memory)


def check_from(machine: Machine, text: str) -> None:
    """Compare one entry of the block ``text``."""
    try:
        after = compiled(text, "<control>")(machine)
    except Exception as error:  # a block that raises is as wrong as one that differs
        raise Difference(repr(error)) from error
    check_exit(machine, after)
    if after.steps == machine.steps and after != machine:
        raise Difference("no step taken")


def test_the_loop_is_right_before_it_is_changed() -> None:
    check_loop(block_text())


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_control_changed_text_is_caught(mutation: str) -> None:
    text = block_text()
    old, new = MUTATIONS[mutation]
    assert old in text, "the control changes nothing: adapt it to the text"
    with pytest.raises(Difference):
        check_loop(text.replace(old, new))


# --- official cases ---------------------------------------------------------------------------------------------------

SAMPLE: Final = 300
LOOPS: Final = "vmArithmeticTest|stArithmetic|vmIOandFlow|eip2929|stWalletTest"


def cases_of(folder: Path, pattern: str, count: int) -> list[Case]:
    """Official state tests whose ids match."""
    source = folder / "evm" / "state_osaka.jsonl.xz"
    if not source.exists():
        pytest.skip("no state tests among the official cases")
    return list(planned(source, plan(source, Selection(pattern, count, SEED))))


@pytest.mark.official
@pytest.mark.slow
def test_official_cases_with_blocks(fixtures_dir: Path, count_official: Callable[[str, int], None]) -> None:
    results = list(run_all_staged(cases_of(fixtures_dir, "", SAMPLE), ALONE, None, eager=True))
    assert [result.id for result in results if not result.passed] == []
    assert eager_blocks().tables
    count_official("state tests with the staged executor (sample)", len(results))


@pytest.mark.official
@pytest.mark.parametrize("rule", ["VM-add", "VM-jumpdest", "VM-sload"])
def test_control_blocks_are_derived_from_the_rules_given(fixtures_dir: Path, rule: str) -> None:
    cases = cases_of(fixtures_dir, LOOPS, 60)
    assert all(result.passed for result in run_all_staged(cases, ALONE, None, eager=True))
    assert not all(result.passed for result in run_all_staged(cases, ALONE, rule, eager=True))
