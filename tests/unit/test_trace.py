"""Traces against those that EELS wrote for the same programs (``traces/eels.py`` says how), and on their own."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from immutables import Map

from hyperion.state.world import Account, World
from hyperion.vm.forks import PRAGUE
from hyperion.vm.machine import Halt, Machine
from hyperion_conformance.cli.vm_run import start
from hyperion_conformance.trace import Line, Summary, line_of, machines, summary_of, trace

Json: TypeAlias = dict[str, Any]

EELS: Final[dict[str, Json]] = json.loads((Path(__file__).parent / "traces" / "eels.json").read_text())

PY_EVM: Final[Json] = json.loads((Path(__file__).parent / "traces" / "py_evm.json").read_text())

SENDER: Final = 0xA94F5374FCE5EDBC8E2A8697C15331677E6EBF0B
TARGET: Final = 0xC0DE
OTHER: Final = 0xBAD
ETHER: Final = 10**18

ERRORS: Final = {
    "OutOfGasError": "out-of-gas",
    "StackUnderflowError": "stack-underflow",
    "InvalidOpcode": "invalid-opcode",
    "InvalidJumpDestError": "invalid-jump",
    "WriteInStaticContext": "static-violation",
    "OutOfBoundsRead": "return-data-out-of-bounds",
    "Revert": "revert",
}
DEPOSIT: Final = 200 * 32
"""Gas for the code that the program ``create`` deposits."""
NAMES: Final = {"KECCAK": "KECCAK256", "InvalidOpcode": "INVALID"}


def machine_of(program: Json, balance: int = ETHER) -> Machine:
    """The execution that the transaction of ``traces/eels.py`` starts; ``balance`` is that of the account called."""
    world = World(
        Map(
            {
                SENDER: Account(1, ETHER, b"", Map()),
                TARGET: Account(1, balance, b"", Map()),
                OTHER: Account(1, ETHER, bytes.fromhex(program["other"]), Map()),
            }
        )
    )
    return start(bytes.fromhex(program["code"]), world, PRAGUE, program["gas"], b"", 0, TARGET, SENDER)


def differences(expected: Json, line: Json) -> Iterator[str]:
    """Fields in which a line of ours differs from one of EELS, but for what is only shown differently.

    EELS shows the refund after an SSTORE was priced, where EIP-3155 has every value before the instruction. Where an
    instruction fails it shows as cost what was asked for last, where all gas is lost. The deposit of code is paid by
    the RETURN of initialisation code here, and between two instructions there.
    """
    given = dict(expected)
    given["opName"] = NAMES.get(given["opName"], given["opName"])
    if "error" in given:
        given["error"] = ERRORS[given["error"]]
    if given["opName"] == "SSTORE":
        given["refund"] = line["refund"]
    if "error" in given and given["error"] != "revert":
        given["gasCost"] = given["gas"]
    if given["opName"] == "RETURN" and given["depth"] == 2 and int(line["gasCost"], 16) == DEPOSIT:
        given["gasCost"] = line["gasCost"]
    for field in sorted({*given, *line}):
        if given.get(field) != line.get(field):
            yield f"{field}: {given.get(field)} != {line.get(field)}"


def disagreements(program: Json, ours: list[Json]) -> list[str]:
    """Every difference between the trace of EELS and ``ours``."""
    *expected, ending = program["lines"]
    *lines, summary = ours
    found = [] if len(expected) == len(lines) else [f"{len(expected)} lines of EELS, {len(lines)} of ours"]
    for number, (given, line) in enumerate(zip(expected, lines, strict=False)):
        found += [f"line {number}: {text}" for text in differences(given, line)]
    error = ERRORS[ending["error"]] if "error" in ending else None
    told = {"output": "0x" + ending["output"], "gasUsed": ending["gasUsed"], "pass": error is None}
    told |= {"fork": "PRAGUE"} if error is None else {"fork": "PRAGUE", "error": error}
    return found if told == summary else [*found, f"summary: {told} != {summary}"]


@pytest.mark.rule("VM-step", "VM-call", "VM-return-to-caller", "VM-63-64")
@pytest.mark.parametrize("name", EELS)
def test_the_trace_is_that_of_eels(name: str) -> None:
    program = EELS[name]
    assert disagreements(program, [entry.to_json() for entry in trace(machine_of(program))]) == []


@pytest.mark.rule("VM-step")
@pytest.mark.parametrize("name", EELS)
def test_the_steps_are_those_of_py_evm(name: str) -> None:
    """Counter, opcode, gas, depth, memory and stack, of every instruction."""
    lines = [entry for entry in trace(machine_of(EELS[name], 0)) if isinstance(entry, Line)]
    ours = [[x.pc, x.opcode, x.gas, x.depth, x.memory_size, [hex(word) for word in x.stack]] for x in lines]
    assert ours == PY_EVM[name]


@pytest.mark.parametrize("field", ["pc", "op", "gas", "gasCost", "memSize", "stack", "depth", "returnData", "opName"])
def test_control_a_wrong_field_is_seen(field: str) -> None:
    program = EELS["call"]
    ours = [entry.to_json() for entry in trace(machine_of(program))]
    ours[3] = {**ours[3], field: "wrong"}
    assert disagreements(program, ours) != []


def test_the_refund_of_an_sstore_shows_one_line_later() -> None:
    program = EELS["storage-and-refund"]
    ours = [entry.to_json() for entry in trace(machine_of(program))]
    stores = [number for number, line in enumerate(ours) if line.get("opName") == "SSTORE"]
    assert stores
    assert [program["lines"][number]["refund"] for number in stores] == [
        ours[number + 1]["refund"] for number in stores
    ]


@pytest.mark.parametrize("name", EELS)
def test_the_costs_add_up_in_each_frame(name: str) -> None:
    """Between two lines of the outermost frame gas falls by the cost; a callee gives back or, created, takes."""
    start = machine_of(EELS[name])
    outer = [entry for entry in trace(start) if isinstance(entry, Line) and entry.depth == 1]
    for before, after in pairwise(outer):
        if before.name in ("CALL", "DELEGATECALL", "STATICCALL"):
            assert before.gas - before.cost <= after.gas
        elif before.name in ("CREATE", "CREATE2"):
            assert before.gas - before.cost >= after.gas
        else:
            assert before.gas - before.cost == after.gas


def test_code_that_ends_without_stop_has_a_line_for_it() -> None:
    *_, last, summary = trace(machine_of(EELS["add"]))
    assert isinstance(last, Line)
    assert (last.name, last.opcode, last.pc) == ("STOP", 0, 5)
    assert isinstance(summary, Summary)
    assert summary.succeeds


def test_an_account_without_code_has_no_line() -> None:
    nothing = {"code": "", "other": "", "gas": 1000}
    assert [type(entry) for entry in trace(machine_of(nothing))] == [Summary]


def test_memory_is_shown_when_asked_for() -> None:
    lines = [entry.to_json() for entry in trace(machine_of(EELS["return"]), memory=True)]
    assert [line.get("memory") for line in lines[:5]] == [
        "0x",
        "0x",
        "0x",
        "0x" + "00" * 31 + "2a",
        "0x" + "00" * 31 + "2a",
    ]
    assert all("memory" not in entry.to_json() for entry in trace(machine_of(EELS["return"])))


def test_the_state_root_is_shown_where_it_is_known() -> None:
    *_, end = machines(machine_of(EELS["add"]))
    summary = summary_of(machine_of(EELS["add"]), end, bytes(range(32)))
    assert summary.to_json()["stateRoot"] == "0x" + bytes(range(32)).hex()


def test_no_line_for_a_boundary_and_no_summary_before_the_end() -> None:
    first, *_ = steps = list(machines(machine_of(EELS["call"])))
    crossings = [(before, after) for before, after in pairwise(steps) if isinstance(before.boundary, Halt)]
    assert crossings
    assert all(line_of(before, after) is None for before, after in crossings)
    with pytest.raises(ValueError, match="not halted"):
        summary_of(first, first)
