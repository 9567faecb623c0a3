"""Executing a block for a dispute: all its machines, rightly or with one false result, and the points that they make.

What a header claims of the outcome is not read: on an L2 the block is derived, and everybody fills in what comes of it.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import attrs
import msgspec

from hyperion.execution.block import Block
from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.receipt import bloom, encode_receipt
from hyperion.execution.system import requests_hash
from hyperion.execution.transition import Chain, Executed, Tip, execute_body, facts_of, tip_of
from hyperion.execution.validate import Context
from hyperion.primitives.word import MAX_WORD
from hyperion.settlement.dispute.identity import Hash
from hyperion.settlement.trace import BlockTrace, Run, Standing, Trace, points_from, state_at, trace_of
from hyperion.state.commitment import ordered_root, state_root
from hyperion.vm.machine import Machine
from hyperion.vm.step import step

UNTOUCHED: Final = -1


@attrs.frozen(eq=False)
class Task:
    """What is to be executed: a block on a tip, by the rules of a chain."""

    name: str
    tip: Tip
    block: Block
    chain: Chain


@attrs.frozen(eq=False)
class Execution:
    """What somebody says that a block does."""

    trace: Trace
    points: tuple[Hash, ...] = attrs.field(repr=False)
    """The hash of each point."""
    fault: int = UNTOUCHED
    """The point whose step is false, if there is one."""

    @property
    def block(self) -> BlockTrace:
        """The one block of the trace."""
        return self.trace.blocks[0]

    def machine(self, index: int) -> Machine | None:
        """The machine at a point; None at the end of the block."""
        return state_at(self.trace, index)

    def is_step(self, index: int) -> bool:
        """Whether a step of a machine follows the point."""
        machine = self.machine(index) if 0 <= index < len(self.points) else None
        return machine is not None and not machine.halted


def executed(task: Task, fault: int = UNTOUCHED) -> Execution:
    """The execution of a block, in which the result of the step from the point ``fault`` is false."""
    runs: list[Run] = []

    def follow(machine: Machine) -> Machine:
        first, machines = sum(run.steps + 1 for run in runs), [machine]
        while not machines[-1].halted:
            after = step(machines[-1])
            machines.append(spoiled(after) if first + len(machines) - 1 == fault else after)
        runs.append(Run(len(machines) - 1, 1, tuple(machines), machines[-1]))
        return machines[-1]

    header, fork = task.block.header, task.chain.fork_at(task.block.header.timestamp)
    facts = facts_of(header, task.tip, fork)
    context = Context(fork, task.chain.profile, task.chain.chain_id, facts, executor=follow)
    result = execute_body(task.block, task.tip, context)
    if isinstance(result, InvalidBlock):
        block = BlockTrace(header.number, tuple(runs), Standing.INVALID, task.tip)
    else:
        block = BlockTrace(header.number, tuple(runs), Standing.VALID, filled_in(task, result))
    trace = trace_of((block,))
    return Execution(trace, hashes(trace, fault), fault)


def hashes(trace: Trace, fault: int) -> tuple[Hash, ...]:
    """The points' hashes; behind a false step the machine is committed to anew, since no step leads there."""
    if fault == UNTOUCHED:
        return points_from(trace, 0, trace.points)
    return points_from(trace, 0, fault + 1) + points_from(trace, fault + 1, trace.points - fault - 1)


def filled_in(task: Task, result: Executed) -> Tip:
    """The tip after the block, whose header says what came of it."""
    header = task.block.header
    claims: dict[str, Any] = {
        "gas_used": result.gas_used,
        "state_root": state_root(result.world),
        "receipts_root": ordered_root(map(encode_receipt, result.receipts)),
        "bloom": bloom(result.logs),
    }
    if header.requests_hash is not None:
        claims["requests_hash"] = requests_hash(result.requests)
    if header.blob_gas_used is not None:
        claims["blob_gas_used"] = result.blob_gas_used
    return tip_of(attrs.evolve(header, **claims), result.world, task.tip.hashes)


# --- faults ----------------------------------------------------------------------------------------------------------


def spoiled(machine: Machine) -> Machine:
    """The machine with a topmost word that is one too high."""
    stack = machine.stack
    return msgspec.structs.replace(machine, stack=stack.rest.push((stack.top + 1) & MAX_WORD))


def result_of(execution: Execution, index: int) -> str | None:
    """The instruction that the step from a point executes, if it ends with a word on the stack; None if not."""
    before, after = execution.machine(index), execution.machine(index + 1)
    if before is None or after is None or before.boundary is not None or after.boundary is not None:
        return None
    row = before.frame.instructions[before.frame.program[before.pc]]
    return row.name if row.pushes > 0 and after.frame.depth == before.frame.depth else None


def candidates(execution: Execution, wanted: str, seed: int) -> list[tuple[int, str]]:
    """Points whose step leaves a word, with the instruction's name, in an order that the seed chooses.

    ``wanted`` is the name of the instruction, or ``any``.
    """
    found = [(index, result_of(execution, index)) for index in range(len(execution.points) - 1)]
    named = [(index, name) for index, name in found if name is not None and wanted in ("any", name)]
    Random(seed).shuffle(named)
    return named


class NoFault(ValueError):
    """No step of the block can be spoiled as asked for, so that another outcome follows."""


def spoiling(
    task: Task, truth: Execution, wanted: str, seed: int, tried: Callable[[str], None] = lambda _: None
) -> tuple[Execution, str]:
    """An execution with one false result and another outcome, and the instruction that is wrong in it.

    A wrong word that is never used changes nothing that anybody asserts: there the next step is tried.
    """
    for index, name in candidates(truth, wanted, seed):
        false = executed(task, index)
        if false.points[-1] != truth.points[-1]:
            return false, name
        tried(name)
    raise NoFault(f"no result of {wanted} in this block changes its outcome")
