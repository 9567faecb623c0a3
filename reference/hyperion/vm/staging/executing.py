"""Running with blocks: where an entry has one and the machine is of its kind, the block; everywhere else ``step``.

Blocks are made for entries that have been met often: making one costs as much as about three hundred executions of
what it replaces (measured). They are kept in ``Blocks``, an object that the caller makes and hands in, which changes
how long a run takes and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from hyperion.primitives.hashing import keccak256
from hyperion.primitives.word import Address, Word
from hyperion.state.world import World
from hyperion.vm.fork import Fork
from hyperion.vm.machine import Frame, Log, Machine, Substate
from hyperion.vm.memory import Memory
from hyperion.vm.stack import Stack
from hyperion.vm.staging.recording import Code
from hyperion.vm.staging.tracing import JUMPDEST, Block, trace_block
from hyperion.vm.step import step

ENTRIES_BEFORE_BLOCK: Final = 300
"""How often an entry is met before a block is made for it."""
UNSTAGED_STEPS: Final = 500
"""How many steps of a frame are taken before its entries are counted, if its code has no blocks yet."""

Run: TypeAlias = Callable[[Machine], Machine]


# --- what blocks are linked with --------------------------------------------------------------------------------------


def with_words(memory: Memory, written: Mapping[int, Word]) -> Memory:
    """The memory with the words written, by offset. It has the room for them."""
    for offset, word in written.items():
        memory = memory.store(offset, word)
    return memory


def with_slots(world: World, address: Address, stored: Mapping[Word, Word]) -> World:
    """The world with the words stored, by key."""
    for key, word in stored.items():
        world = world.with_storage(address, key, word)
    return world


def with_touched(substate: Substate, address: Address, touched: Mapping[Word, bool]) -> Substate:
    """The substate in which the keys touched are warm."""
    for key in touched:
        substate = substate.with_accessed_slot((address, key))
    return substate


def with_transients(substate: Substate, address: Address, moved: Mapping[Word, Word]) -> Substate:
    """The substate with the words in transient storage, by key."""
    for key, word in moved.items():
        substate = substate.with_transient((address, key), word)
    return substate


def with_logs(substate: Substate, logged: Sequence[Log]) -> Substate:
    """The substate with more logs."""
    for log in logged:
        substate = substate.with_log(log)
    return substate


def with_refund(substate: Substate, refund: int) -> Substate:
    """The substate whose refund is ``refund``."""
    return substate.with_refund(refund - substate.refund)


LINKS: Final[Mapping[str, object]] = {
    "__builtins__": {"abs": abs, "len": len},
    "from_bytes": int.from_bytes,
    "keccak256": keccak256,
    "Log": Log,
    "Machine": Machine,
    "Stack": Stack,
    "with_words": with_words,
    "with_slots": with_slots,
    "with_touched": with_touched,
    "with_transients": with_transients,
    "with_logs": with_logs,
    "with_refund": with_refund,
}
"""All names that the text of a block can use."""


def compiled(text: str, name: str) -> Run:
    """The function that a block's text is. The text is made of terms and offsets alone: no input's text gets in it."""
    names = dict(LINKS)
    exec(compile(text, name, "exec"), names)  # noqa: S102 - the text is our own, derived from the model
    block: Run = names["block"]  # type: ignore[assignment]
    return block


# --- the cache --------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Table:
    """The blocks of one code under one fork."""

    code: Code
    blocks: dict[int, Run] = attrs.field(factory=dict)
    counts: dict[int, int] = attrs.field(factory=dict)
    """How often an entry without a block was met; those that can't have one are far below zero."""
    texts: dict[int, Block] = attrs.field(factory=dict)

    def met(self, entry: int, enough: int) -> None:
        """Count an entry, and make its block when it has been met often enough."""
        count = self.counts.get(entry, 0) + 1
        self.counts[entry] = count
        if count >= enough:
            self.make(entry)

    def make(self, entry: int) -> None:
        """Make the block of an entry, if it can have one."""
        self.counts[entry] = -(2**62)
        block = trace_block(self.code, entry)
        if block is not None:
            self.texts[entry] = block
            self.blocks[entry] = compiled(block.text, f"<block {entry}>")


@attrs.frozen(eq=False)
class Blocks:
    """A cache of blocks, by code and fork. Its presence, size and content can't be told from what a run gives."""

    enough: int = ENTRIES_BEFORE_BLOCK
    patience: int = UNSTAGED_STEPS
    most_codes: int = 1024
    tables: dict[tuple[bytes, str], Table] = attrs.field(factory=dict)

    def table(self, frame: Frame, fork: Fork) -> Table:
        """The table of the frame's code. A fork of the same name with other rules has another table."""
        key = (frame.code, fork.name)
        found = self.tables.get(key)
        if found is None or found.code.fork is not fork:
            if self.tables and len(self.tables) >= self.most_codes:
                del self.tables[next(iter(self.tables))]
            found = Table(Code(fork, frame.code, frame.program, frame.jump_destinations))
            self.tables[key] = found
        return found

    @property
    def instructions(self) -> int:
        """How many instructions have been traced."""
        return sum(block.instructions for table in self.tables.values() for block in table.texts.values())


# --- running ----------------------------------------------------------------------------------------------------------


def run_staged(machine: Machine, blocks: Blocks) -> Machine:
    """The halted machine at the end of the execution: the one that ``run`` gives."""
    while not machine.halted:
        machine = step(machine)
        while machine.boundary is None:
            machine = run_frame(machine, blocks)
    return machine


def run_frame(machine: Machine, blocks: Blocks) -> Machine:
    """The machine when its frame has changed or reached a boundary."""
    frame, fork = machine.frame, machine.environment.fork
    if frame.instructions is not fork.instructions:
        return step(machine)
    table = blocks.tables.get((frame.code, fork.name))
    if table is None or not table.blocks or table.code.fork is not fork:
        for _ in range(blocks.patience):
            machine = step(machine)
            if machine.boundary is not None or machine.frame is not frame:
                return machine
        table = blocks.table(frame, fork)
    return run_with(machine, table, frame, blocks.enough)


def run_with(machine: Machine, table: Table, frame: Frame, enough: int) -> Machine:
    """As ``run_frame``, with the blocks of ``table``."""
    made, program = table.blocks, frame.program
    while True:
        block = made.get(machine.pc)
        if block is not None:
            after = block(machine)
            if after.steps != machine.steps:
                machine = after
                if machine.pc in made:
                    continue
                if program[machine.pc] == JUMPDEST:
                    table.met(machine.pc, enough)
                    if machine.pc in made:
                        continue
                machine = step(machine)
                if machine.boundary is not None or machine.frame is not frame:
                    return machine
                if machine.pc not in made:
                    table.met(machine.pc, enough)
                continue
        elif program[machine.pc] == JUMPDEST:
            table.met(machine.pc, enough)
            if machine.pc in made:  # it runs at once: what it covers is then not met on the way
                continue
        machine = step(machine)
        if machine.boundary is not None or machine.frame is not frame:
            return machine
