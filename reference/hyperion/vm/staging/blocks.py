"""The cache of blocks: which code and entries have one, and which are about to be worth one.

An entry that was noted often enough gets its block, if enough steps were taken to pay for making it. The cache changes
how long a run takes and nothing else.
"""

from __future__ import annotations

from typing import Final

import attrs

from hyperion.vm.fork import Fork
from hyperion.vm.machine import Frame, Machine
from hyperion.vm.staging.linking import Run, compiled
from hyperion.vm.staging.recording import Code
from hyperion.vm.staging.tracing import JUMPDEST, Block, trace_block

STRIDE: Final = 128
"""Steps that are taken in a row where there are no blocks."""
LONGEST_STRETCH: Final = 64
"""Instructions that are executed without a look for a block, at most."""

STEPS_BETWEEN_NOTES: Final = 997
"""Not a number that loops have often: notes in step with a loop would always be at the same place."""
NOTES_BEFORE_BLOCK: Final = 64
"""An entry that was noted so often has taken about as long as making its block takes."""
STEPS_FOR_INSTRUCTION: Final = 2_000
"""Making the block of an instruction takes as long as some six hundred steps (measured), so blocks take at most a
quarter of the time."""
LEAST_PAID: Final = 128
"""A block is begun when so many instructions are paid for. Most have fewer; one that has more is paid for later."""
LEAST_INSTRUCTIONS: Final = 6
"""Fewer are done as fast by ``step`` (measured)."""
MOST_INSTRUCTIONS: Final = 100_000
"""In all blocks together; each takes some hundred bytes of memory."""

JUMPS: Final = (0x00, 0x56, 0x57, *range(0xF0, 0x100))
"""Instructions after which the next one may be another than the one behind it."""

DUE: Final = "due"
"""At how many steps of the machine it is next noted where it is."""
BEFORE: Final = "before"
"""Steps of all runs, less those that the machine of this run has counted."""
RUNS: Final = "runs"
TRACED: Final = "traced"
"""Instructions of all blocks that were made."""
HELD: Final = "held"
"""Instructions of all blocks that are there."""


@attrs.frozen(eq=False)
class Table:
    """The blocks of one code under one fork."""

    code: Code
    blocks: dict[int, Run] = attrs.field(factory=dict)
    counts: dict[int, int] = attrs.field(factory=dict)
    """How often the machine was noted at an entry without a block; those that can't have one are far below zero."""
    stretches: dict[int, int] = attrs.field(factory=dict)
    """How many instructions from an offset on are executed without looking for a block."""
    texts: dict[int, Block] = attrs.field(factory=dict)
    frames: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    """Which frame was noted last: the number of the run, and at how many steps it was called."""

    def count(self, entry: int) -> int:
        """Count an entry; how often it was."""
        counted = self.counts.get(entry, 0) + 1
        self.counts[entry] = counted
        return counted

    def make(self, entry: int, least: int = 0) -> int:
        """Make the block of an entry, if it can have one of so many instructions; how many were traced."""
        self.counts[entry] = -(2**62)
        block = trace_block(self.code, entry)
        if block is None:
            return 1
        if block.instructions >= least:
            self.texts[entry] = block
            self.blocks[entry] = compiled(block.text, f"<block {entry}>")
        return block.traced

    def stretch(self, start: int) -> int:
        """How many instructions there are from ``start`` to the next jump, or before the next jump destination."""
        program, rows = self.code.program, self.code.fork.instructions
        at, count = start, 0
        while count < LONGEST_STRETCH and at < len(program):
            opcode = program[at]
            if count and opcode == JUMPDEST:
                break
            count += 1
            at += 1 + rows[opcode].immediate
            if opcode in JUMPS:
                break
        self.stretches[start] = count
        return count

    def is_new(self, run: int, frame: Frame) -> bool:
        """Whether another frame of this code was noted last; this one is now."""
        waiting = frame.caller_frame
        noted = (run, -1 if waiting is None else waiting.machine.steps)
        if self.frames.get("last") == noted:
            return False
        self.frames["last"] = noted
        return True

    @property
    def instructions(self) -> int:
        """How many instructions its blocks have."""
        return sum(block.instructions for block in self.texts.values())


@attrs.frozen(eq=False)
class Tables:
    """The tables of all codes under one fork."""

    fork: Fork
    codes: dict[bytes, Table] = attrs.field(factory=dict)
    """By code, oldest first."""
    hot: dict[bytes, Table] = attrs.field(factory=dict)
    """Those that have blocks."""

    def forget(self, code: bytes) -> int:
        """Drop a table; how many instructions its blocks had."""
        self.hot.pop(code, None)
        return self.codes.pop(code).instructions


@attrs.frozen(eq=False)
class Blocks:
    """A cache of blocks, by fork and code. Its presence, size and content can't be told from what a run gives."""

    enough: int = NOTES_BEFORE_BLOCK
    """So often an entry is noted before it gets a block."""
    pause: int = STEPS_BETWEEN_NOTES
    """So many steps are taken between two notes."""
    price: int = STEPS_FOR_INSTRUCTION
    """So many steps, in blocks or not, have to be taken for each instruction that is traced. At 0 nothing has to be."""
    least: int = LEAST_INSTRUCTIONS
    most_codes: int = 1024
    """Of a fork."""
    most_instructions: int = MOST_INSTRUCTIONS
    stride: int = STRIDE
    """So many steps are taken without a look where there are no blocks."""
    forks: dict[str, Tables] = attrs.field(factory=dict)
    clock: dict[str, int] = attrs.field(factory=lambda: {DUE: 0, BEFORE: 0, RUNS: 0, TRACED: 0, HELD: 0})

    @property
    def instructions(self) -> int:
        """How many instructions are in its blocks."""
        return self.clock[HELD]

    @property
    def tables(self) -> list[Table]:
        """All tables."""
        return [table for tables in self.forks.values() for table in tables.codes.values()]

    def of(self, fork: Fork) -> Tables:
        """The tables of a fork. A fork of the same name with other rules has others; those of the former go."""
        found = self.forks.get(fork.name)
        if found is None or found.fork is not fork:
            if found is not None:
                self.clock[HELD] -= sum(table.instructions for table in found.codes.values())
            found = self.forks[fork.name] = Tables(fork)
        return found

    def table(self, frame: Frame, fork: Fork) -> Table:
        """The table of the frame's code."""
        tables = self.of(fork)
        found = tables.codes.get(frame.code)
        if found is None:
            if len(tables.codes) >= self.most_codes:
                self.clock[HELD] -= tables.forget(next(iter(tables.codes)))
            found = Table(Code(fork, frame.code, frame.program, frame.jump_destinations))
            tables.codes[frame.code] = found
        return found

    def begin(self, machine: Machine) -> None:
        """A run begins."""
        clock = self.clock
        clock[DUE] += machine.steps
        clock[BEFORE] -= machine.steps
        clock[RUNS] += 1

    def end(self, machine: Machine) -> None:
        """A run has ended; the way to the next note goes on with the next one."""
        clock = self.clock
        clock[DUE] = max(0, clock[DUE] - machine.steps)
        clock[BEFORE] += machine.steps

    def note_frame(self, frame: Frame, machine: Machine) -> Table:
        """Note a frame in which the machine is or just was; the table of its code. It is counted once, at its start."""
        self.clock[DUE] = machine.steps + self.pause
        table = self.table(frame, machine.environment.fork)
        if table.is_new(self.clock[RUNS], frame) and 0 not in table.blocks:
            self.consider(table, 0, machine.steps)
        return table

    def note(self, machine: Machine, table: Table) -> bool:
        """Note that the machine is at an entry that has no block; whether a block was made there."""
        self.clock[DUE] = machine.steps + self.pause
        return self.consider(table, machine.pc, machine.steps)

    def consider(self, table: Table, entry: int, steps: int) -> bool:
        """Count an entry, and make its block if it was counted often enough and is paid for; whether it was made."""
        clock = self.clock
        if table.count(entry) < self.enough:
            return False
        if (clock[TRACED] + LEAST_PAID) * self.price > clock[BEFORE] + steps:
            return False
        clock[TRACED] += table.make(entry, self.least)
        if entry not in table.blocks:
            return False
        clock[HELD] += table.texts[entry].instructions
        self.of(table.code.fork).hot[table.code.code] = table
        self.shrink(table)
        return True

    def shrink(self, kept: Table) -> None:
        """Drop tables, the oldest first, but not ``kept``, until the blocks have no more instructions than they may."""
        for tables in self.forks.values():
            for code in [code for code, table in tables.codes.items() if table is not kept]:
                if self.clock[HELD] <= self.most_instructions:
                    return
                self.clock[HELD] -= tables.forget(code)


def eager(enough: int = 1, most_codes: int = 1024) -> Blocks:
    """Blocks that are made at the first chance, whether they pay or not: short runs go through them too."""
    return Blocks(enough, pause=0, price=0, least=0, most_codes=most_codes, stride=1)
