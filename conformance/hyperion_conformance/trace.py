"""EIP-3155 traces: an execution as lines that clients' own tools can compare, one line an instruction.

A line is read off two machines, the one before the instruction and its successor; it shows the values before.
Boundaries between frames, precompiles and accounts without code have no line, since no instruction runs there.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import attrs

from hyperion.vm.machine import Halt, Machine, Status
from hyperion.vm.step import step

Json: TypeAlias = dict[str, Any]


@attrs.frozen
class Line:
    """One instruction: the values of the machine before it, what it cost, and how it failed if it did."""

    pc: int
    opcode: int
    name: str
    gas: int
    cost: int
    memory_size: int
    """Bytes."""
    memory: bytes | None
    """None unless asked for."""
    stack: tuple[int, ...]
    """The topmost word last."""
    returned: bytes
    depth: int
    """1 for the outermost frame."""
    refund: int
    """The refund counter of the whole transaction, before the instruction; some clients show it after an SSTORE."""
    error: str | None
    """Why the frame ended here without success."""

    def to_json(self) -> Json:
        """The line as EIP-3155 writes it: gas in hexadecimal, counters as numbers."""
        line: Json = {
            "pc": self.pc,
            "op": self.opcode,
            "gas": hex(self.gas),
            "gasCost": hex(self.cost),
            "memSize": self.memory_size,
            "stack": [hex(word) for word in self.stack],
            "depth": self.depth,
            "returnData": "0x" + self.returned.hex(),
            "refund": self.refund,
            "opName": self.name,
        }
        if self.memory is not None:
            line["memory"] = "0x" + self.memory.hex()
        if self.error is not None:
            line["error"] = self.error
        return line


@attrs.frozen
class Summary:
    """The end of an execution: the line after the last instruction."""

    output: bytes
    gas_used: int
    """Gas of the execution, refunds not taken off."""
    status: Status
    fork: str
    state_root: bytes | None = None
    """None where it was not computed."""

    @property
    def succeeds(self) -> bool:
        """Whether the changes of the execution are kept."""
        return self.status.succeeds

    def to_json(self) -> Json:
        """The line as EIP-3155 writes it."""
        line: Json = {} if self.state_root is None else {"stateRoot": "0x" + self.state_root.hex()}
        line |= {"output": "0x" + self.output.hex(), "gasUsed": hex(self.gas_used), "pass": self.succeeds}
        line["fork"] = self.fork
        return line if self.succeeds else line | {"error": self.status.value}


def machines(machine: Machine) -> Iterator[Machine]:
    """``machine`` and all its successors, the halted one last."""
    yield machine
    while not machine.halted:
        machine = step(machine)
        yield machine


def cost_of(before: Machine, after: Machine) -> int:
    """Gas of the instruction between two machines, as clients show it: with what a call forwards, but not a CREATE.

    A failure costs all gas. RETURN in initialisation code includes the deposit of the code.
    """
    caller = after.frame.caller_frame
    if after.frame is before.frame or caller is None:
        return before.gas - after.gas
    spent = before.gas - caller.machine.gas
    return spent - after.gas if after.frame.creates else spent


def error_of(before: Machine, after: Machine) -> str | None:
    """Why the instruction ended its frame without success; None if it did not."""
    halt = after.boundary
    if after.frame is not before.frame or not isinstance(halt, Halt) or halt.status.succeeds:
        return None
    return halt.status.value


def line_of(before: Machine, after: Machine, memory: bool = False) -> Line | None:
    """The line of the instruction between ``before`` and its successor; None if there is no instruction there."""
    frame = before.frame
    if before.boundary is not None or not frame.code:
        return None
    opcode = frame.program[before.pc]
    return Line(
        before.pc,
        opcode,
        frame.instructions[opcode].name,
        before.gas,
        cost_of(before, after),
        before.memory.size,
        before.memory.read(0, before.memory.size) if memory else None,
        tuple(before.stack.words())[::-1],
        before.returned,
        frame.depth + 1,
        before.substate.refund,
        error_of(before, after),
    )


def summary_of(start: Machine, end: Machine, state_root: bytes | None = None) -> Summary:
    """The summary of the execution from ``start`` to the halted machine ``end``."""
    halt = end.boundary
    if not isinstance(halt, Halt):
        raise ValueError("the machine has not halted")
    return Summary(halt.output, start.gas - end.gas, halt.status, start.environment.fork.name, state_root)


def trace(start: Machine, memory: bool = False) -> Iterator[Line | Summary]:
    """The lines of the execution of ``start``, then its summary."""
    end = start
    for before, after in pairwise(machines(start)):
        line = line_of(before, after, memory)
        if line is not None:
            yield line
        end = after
    yield summary_of(start, end)
