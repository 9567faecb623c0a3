"""Running with blocks: where an entry has one and the machine is of its kind, the block; everywhere else ``step``.

Every so many steps it is noted where the machine is; code without blocks pays for nothing else. Blocks are kept in
``Blocks``, an object that the caller makes and hands in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hyperion.vm.machine import Frame, Machine
from hyperion.vm.staging.blocks import DUE, Blocks, Table
from hyperion.vm.staging.tracing import JUMPDEST
from hyperion.vm.step import step

SHORT: Final = 16
"""Steps of a run before it is no short one."""
LONGEST_WAY: Final = 32
"""Steps to the next entry, at most."""


def run_staged(machine: Machine, blocks: Blocks) -> Machine:
    """The halted machine at the end of the execution: the one that ``run`` gives."""
    fork = machine.environment.fork
    hot = blocks.of(fork).hot
    blocks.begin(machine)
    while True:
        while machine.boundary is None:
            frame = machine.frame
            table = hot.get(frame.code)
            if table is None or frame.instructions is not fork.instructions:
                machine = run_without(machine, blocks, hot)
            else:
                machine = run_with(machine, frame, table, blocks)
        if machine.halted:
            blocks.end(machine)
            return machine
        machine = step(machine)


def run_without(machine: Machine, blocks: Blocks, hot: Mapping[bytes, Table]) -> Machine:
    """The machine some steps later, or when it has halted or come to code that is hot.

    While no code is hot, it asks less often than ``run`` does whether there is an end, once a run is no short one:
    steps of a halted machine change nothing. A frame that has a caller is left by a step of its own, so only the
    outermost is asked.
    """
    if not hot:
        for _ in range(min(SHORT, blocks.stride)):
            machine = step(machine)
            if machine.boundary is not None and machine.halted:
                break
        else:
            for _ in range(SHORT, blocks.stride, 4):
                machine = step(step(step(step(machine))))
                if machine.boundary is not None and machine.halted:
                    break
    else:
        frame = machine.frame
        outermost = frame.caller_frame is None
        for _ in range(blocks.stride):
            machine = step(machine)
            if machine.frame is not frame:
                left, frame = frame, machine.frame
                outermost = frame.caller_frame is None
                if frame.code in hot:
                    due = machine.steps >= blocks.clock[DUE]
                    if due and left.instructions is machine.environment.fork.instructions:
                        blocks.note_frame(left, machine)  # it is never met at another time
                    return machine
            elif outermost and machine.boundary is not None:
                break
    return machine if machine.steps < blocks.clock[DUE] else noted(machine, blocks)


def noted(machine: Machine, blocks: Blocks) -> Machine:
    """The machine, of which it is noted in which frame it is, and at which entry it arrives next if it does soon."""
    frame, fork = machine.frame, machine.environment.fork
    if frame.instructions is not fork.instructions:
        return machine
    table = blocks.note_frame(frame, machine)
    for _ in range(LONGEST_WAY):
        if machine.boundary is not None or machine.frame is not frame:
            break
        if frame.program[machine.pc] == JUMPDEST:
            if machine.pc not in table.blocks:
                blocks.note(machine, table)
            break
        machine = step(machine)
    return machine


def run_with(machine: Machine, frame: Frame, table: Table, blocks: Blocks) -> Machine:
    """The machine when it has left ``frame`` or reached a boundary, run with the blocks of ``table``.

    A block ends before an instruction that is not for blocks, which is executed, or at an entry; from there on, without
    a block, instructions up to the next jump are executed without a look.
    """
    made, stretches, program, clock = table.blocks, table.stretches, frame.program, blocks.clock
    while True:
        block = made.get(machine.pc)
        if block is not None:
            after = block(machine)
            if after.steps != machine.steps:
                machine = after
                if machine.pc in made:
                    continue
                if program[machine.pc] != JUMPDEST:
                    machine = step(machine)
                    if machine.boundary is not None or machine.frame is not frame:
                        return machine
                if machine.pc in made or (machine.steps >= clock[DUE] and blocks.note(machine, table)):
                    continue
        for _ in range(stretches.get(machine.pc) or table.stretch(machine.pc)):
            machine = step(machine)
        if machine.boundary is not None or machine.frame is not frame:
            return machine
        if machine.steps >= clock[DUE] and machine.pc not in made and program[machine.pc] == JUMPDEST:
            blocks.note_frame(frame, machine)
            blocks.note(machine, table)
