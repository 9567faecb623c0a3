"""One step of the specification on recorded values: the machine before it, and what it made of it."""

from __future__ import annotations

from typing import Any

import attrs

from hyperion.symbolic.expression import Term
from hyperion.symbolic.path import Path
from hyperion.symbolic.proxies import SymbolicInt, integer, integer_term, unknown_truth
from hyperion.vm.machine import Block, Environment, Frame, Machine
from hyperion.vm.stack import Stack
from hyperion.vm.staging.containers import (
    Base,
    Cell,
    CreatedAccounts,
    RecordedLogs,
    RecordedMemory,
    RecordedSubstate,
    RecordedWorld,
    TransientWords,
    Unknown,
    WarmAccounts,
    WarmSlots,
)  # fmt: skip
from hyperion.vm.staging.octets import RecordedBytes
from hyperion.vm.staging.recording import (
    ADDRESS,
    CALLDATA,
    CALLDATA_SIZE,
    CODE,
    CURRENT,
    FACT_TERMS,
    LOAD,
    ORIGINAL,
    RETURNED,
    RETURNED_SIZE,
    TRANSIENT,
    WRITE,
    Code,
    Effect,
    State,
    Unstaged,
)  # fmt: skip
from hyperion.vm.step import step


@attrs.frozen(eq=False)
class Successor:
    """What one step made of a state on one path; ``halts`` if the frame ends or is left: then ``state`` is None."""

    state: State | None
    effects: tuple[Effect, ...] = ()

    @property
    def halts(self) -> bool:
        """Whether the step is for ``step``."""
        return self.state is None


def machine_of(path: Path, code: Code, state: State) -> Machine:
    """The recorded machine in ``state``. Its fields hold proxies, so the types are those of what they stand for."""
    unknown: Any = Unknown()

    def fact(name: str) -> Any:
        return SymbolicInt(path, FACT_TERMS[name])

    def octets(name: str, size: Any) -> Any:
        return RecordedBytes(path, FACT_TERMS[name], size)

    stack: Any = Base(path, state.below)
    base = stack
    for height, word in enumerate(reversed(state.words), 1):
        stack = Cell(integer(path, word), stack, base, height)
    static: Any = unknown_truth(path, "static")
    creates: Any = unknown_truth(path, "creates")
    frame = Frame(
        code.fork.instructions, code.program, code.jump_destinations, octets(CODE, len(code.code)), fact(ADDRESS),
        fact("caller"), fact("call_value"), octets(CALLDATA, fact(CALLDATA_SIZE)), static, creates, fact("call_depth"),
        unknown,
    )  # fmt: skip
    block = Block(
        fact("coinbase"), fact("block_number"), fact("timestamp"), fact("gas_limit"), fact("prevrandao"),
        fact("base_fee"), fact("blob_base_fee"), unknown,
    )  # fmt: skip
    initial: Any = RecordedWorld(path, ORIGINAL, 0)
    environment = Environment(code.fork, fact("chain_id"), block, fact("origin"), fact("gas_price"), unknown, initial)
    slots: Any = WarmSlots(path)
    accounts: Any = WarmAccounts(path)
    transient: Any = TransientWords(path, state.transient)
    created: Any = CreatedAccounts(path)
    logs: Any = RecordedLogs(path)
    refund: Any = integer(path, state.refund)
    substate = RecordedSubstate(accounts, slots, transient, created, unknown, logs, refund)
    gas: Any = integer(path, state.gas)
    memory: Any = RecordedMemory(path, state.memory, state.size)
    world: Any = RecordedWorld(path, CURRENT, state.storage)
    returned = octets(RETURNED, fact(RETURNED_SIZE))
    return Machine(state.pc, gas, stack, memory, returned, frame, world, substate, environment, state.steps, None)


def successor(path: Path, code: Code, state: State) -> Successor:
    """One step of the specification on the recorded machine."""
    before = machine_of(path, code, state)
    after = step(before)
    if after.boundary is not None or after.frame is not before.frame:
        return Successor(None)
    effects = effects_of(before, after)
    memory: Any = after.memory
    words: list[Term] = []
    stack: Any = after.stack
    while type(stack) in (Stack, Cell):
        words.append(integer_term(path, stack.top))
        stack = stack.rest
    if type(after.pc) is not int or after.steps != before.steps + 1 or type(stack) is not Base:
        raise Unstaged
    kinds = [effect[0] for effect in effects]
    reached = State(
        after.pc, integer_term(path, after.gas), tuple(words), stack.index,
        integer_term(path, after.substate.refund), memory.length,
        state.memory + kinds.count(LOAD) + kinds.count(WRITE), state.storage + kinds.count(CURRENT),
        state.transient + kinds.count(TRANSIENT), after.steps,
    )  # fmt: skip
    return Successor(reached, effects)


def effects_of(before: Machine, after: Machine) -> tuple[Effect, ...]:
    """What the step did to containers; Unstaged if it did anything to what a block does not carry."""
    mine, its = before.substate, after.substate
    parts: tuple[tuple[Any, Any], ...] = (
        (before.memory, after.memory), (before.world, after.world), (mine.accessed_slots, its.accessed_slots),
        (mine.transient, its.transient), (mine.logs, its.logs), (mine, its),
    )  # fmt: skip
    kept = (
        after.returned is before.returned
        and after.environment is before.environment
        and mine.accessed_addresses is its.accessed_addresses
        and mine.created is its.created
        and mine.destroyed is its.destroyed
    )
    if not kept or any(type(one) is not type(other) for one, other in parts):
        raise Unstaged
    effects: tuple[Effect, ...] = ()
    for _, part in parts[:-1]:
        effects += part.effects
    return effects
