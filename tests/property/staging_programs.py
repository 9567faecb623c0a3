"""Random programs for the staged executor, and the comparison of its blocks with ``step`` on the whole machine.

``python -m tests.property.staging_programs SEED COUNT [MACHINES]`` is the campaign: it runs so many programs, each from
so many machines, stops with the program at the first difference, and says what it has compared.
"""

import sys
from collections import Counter
from random import Random
from typing import Final

import attrs
import msgspec
from immutables import Map

from hyperion.state.world import Account
from hyperion.vm.fork import Fork
from hyperion.vm.forks import CANCUN, OSAKA, PARIS
from hyperion.vm.machine import Halt, Machine
from hyperion.vm.stack import stack_of
from hyperion.vm.staging.blocks import Blocks, eager
from hyperion.vm.staging.executing import run_staged
from hyperion.vm.step import run, step
from tests.support.machines import CONTRACT, machine_for

CALLEE: Final = 0xCA11EE
PLAIN: Final = (
    *range(0x01, 0x0C), *range(0x10, 0x1F), 0x30, *range(0x32, 0x37), 0x38, 0x3A, 0x3D, *range(0x41, 0x49), 0x4A, 0x50,
    *range(0x58, 0x5B), 0x5C, 0x5D, 0x20, 0x31, 0x5E, 0x3E, 0x37, 0xA0, 0xA1, 0xFD, 0xF3, 0xFF, 0xF0, 0xFE,
)  # fmt: skip
ABOUT_BYTES: Final = (
    0x20, 0x20, 0x35, 0x36, 0x37, 0x39, 0x3D, 0x3E, 0x5E, 0xA0, 0xA1, 0xA3, 0x5C, 0x5D, 0x31, 0x3B,
)  # fmt: skip
ARITHMETIC: Final = (*range(0x01, 0x0C), *range(0x10, 0x1F))
EDGES: Final = (2**256 - 1, 2**255, 2**255 - 1, 2**128, 2**160 - 1, 5, 7, CALLEE, CONTRACT)
MOST_STEPS: Final = 400
MACHINES: Final = 6
"""From which a program is run: its blocks are made once."""


@attrs.frozen
class Tried:
    """What the comparison of a machine's way went through."""

    exits: int
    instructions: int
    status: str


class Difference(Exception):
    """A block and ``step`` disagree."""


def constant(rng: Random) -> int:
    """A word: small, wide, or at an edge."""
    kind = rng.random()
    if kind < 0.55:
        return rng.choice((0, 1, 2, 3, 31, 32, 33, 64, 96, 255, 256))
    return rng.getrandbits(256) if kind < 0.7 else rng.choice(EDGES)


def push(word: int) -> bytes:
    """The instruction that pushes the word, with at least one byte: PARIS has no PUSH0."""
    size = max(1, (word.bit_length() + 7) // 8)
    return bytes([0x5F + size]) + word.to_bytes(size, "big")


def piece(rng: Random, labels: list[int], at: int) -> bytes:
    """A few instructions that belong together; a label is noted at the offset where it will stand."""
    kind = rng.random()
    if kind < 0.26:
        return push(constant(rng))
    if kind < 0.46:
        return bytes([rng.choice(ARITHMETIC)])
    if kind < 0.62:
        return bytes([rng.choice((0x80, 0x90)) + rng.choice((0, 0, 1, 1, 2, 3, 6, 15))])
    if kind < 0.67:
        labels.append(at)
        return b"\x5b"
    if kind < 0.76 and labels:
        target = rng.choice(labels) if rng.random() < 0.95 else rng.randrange(70)
        return push(target) + bytes([rng.choice((0x57, 0x57, 0x57, 0x56))])
    if kind < 0.81:
        offset = push(rng.choice((0, 32, 32, 64, 96, 1, 31, 1000, 5000)))
        return offset + bytes([rng.choice((0x51, 0x52, 0x52, 0x53))])
    if kind < 0.86:
        return about_bytes(rng)
    if kind < 0.92:
        return push(rng.choice((0, 1, 2))) + bytes([rng.choice((0x54, 0x55, 0x55))])
    if kind < 0.93:
        value = push(rng.choice((0, 0, 1))) if (opcode := rng.choice((0xF1, 0xF4, 0xFA))) == 0xF1 else b""
        return push(0) * 2 + push(rng.choice((0, 32))) + push(0) + value + push(CALLEE) + b"\x5a" + bytes([opcode])
    if kind < 0.97:
        return bytes([rng.choice(PLAIN)])
    return bytes([rng.choice((0x54, 0x55, 0x51, 0x52, 0x56, 0x57, 0x00, 0x0C, rng.randrange(256)))])


def about_bytes(rng: Random) -> bytes:
    """An instruction on a piece of memory, call data or code, on transient storage or another account; its operands are
    constants, or what happens to be on the stack.
    """
    opcode = rng.choice(ABOUT_BYTES)
    row = OSAKA.instructions[opcode]
    edges = (0, 0, 1, 4, 31, 32, 32, 64, 64, 96, 128, 200)
    known = rng.randint(0, row.pops) if rng.random() < 0.3 else row.pops
    masks = b"".join(push(rng.choice((0xFF, 0xE0, 0x1FF))) + b"\x16" for _ in range(rng.randrange(2)))
    operands = b"".join(push(rng.choice(edges)) for _ in range(known))
    if opcode in (0x31, 0x3B):
        operands = rng.choice((b"\x30", push(CALLEE), operands))
    return (operands if known else masks) + bytes([opcode])


def program(rng: Random, pieces: int) -> bytes:
    """A program; half of them are a loop that counts down, since blocks are about loops."""
    code, labels = bytearray(), list[int]()
    loops = rng.random() < 0.5
    if loops:
        code += push(rng.randint(2, 12))
        labels.append(len(code))
        code += b"\x5b"
    for _ in range(rng.randint(2, pieces)):
        code += piece(rng, labels, len(code))
    if loops:
        code += push(1) + b"\x90\x03\x80" + push(labels[0]) + b"\x57"
    if rng.random() < 0.2:
        code += push(32) + push(0) + bytes([rng.choice((0xFD, 0xFD, 0xF3))])
    return bytes(code)


@attrs.frozen
class Program:
    """Code, that of a contract that it may call, and the rules."""

    code: bytes
    callee: bytes
    fork: Fork


def program_of(rng: Random) -> Program:
    """A random program."""
    return Program(program(rng, 30), program(rng, 8), rng.choice((OSAKA, OSAKA, CANCUN, PARIS)))


def machine_of(rng: Random, about: Program) -> Machine:
    """A machine at the start of the program, with random gas, stack, call data, storage, and keys touched."""
    gas = rng.choice((60, 300, 1000, 3000, 9000, 26_000, 60_000, 200_000))
    others = {CALLEE: Account(1, 3, about.callee, Map({1: 5}))}
    calldata = rng.randbytes(rng.choice((0, 40)))
    machine = machine_for(about.code, gas, fork=about.fork, value=9, others=others, calldata=calldata)
    words = [constant(rng) for _ in range(rng.choice((0, 2, 5, 17, 17, 1010, 1023, 1024)))]
    world = machine.world
    for key in (0, 1, 2):
        world = world.with_storage(CONTRACT, key, rng.choice((0, 0, 1, 5)))
    initial = world if rng.random() < 0.6 else machine.environment.initial_world
    for key in (0, 1, 2):
        world = world.with_storage(CONTRACT, key, rng.choice((0, 1, 5))) if rng.random() < 0.3 else world
    substate = machine.substate.with_refund(rng.choice((0, 7)))
    for key in (0, 1, 2):
        substate = substate.with_accessed_slot((CONTRACT, key)) if rng.random() < 0.4 else substate
    if rng.random() < 0.05:
        substate = substate.with_created(CONTRACT)
    frame = msgspec.structs.replace(machine.frame, static=rng.random() < 0.05)
    environment = msgspec.structs.replace(machine.environment, initial_world=initial)
    return msgspec.structs.replace(
        machine, stack=stack_of(words), world=world, substate=substate, frame=frame, environment=environment
    )


def differing(ours: Machine, theirs: Machine) -> list[str]:
    """The fields in which two machines differ."""
    return [name for name in Machine.__struct_fields__ if getattr(ours, name) != getattr(theirs, name)]


def check_exit(before: Machine, after: Machine) -> None:
    """A block's machine is the one that ``step`` reaches in as many steps. Raises Difference if not."""
    machine = before
    for _ in range(after.steps - before.steps):
        machine = step(machine)
    if machine != after:
        raise Difference(f"entry {before.pc}, gas {before.gas}: {', '.join(differing(after, machine))}")


def check_every_exit(machine: Machine, tables: Blocks) -> Tried:
    """Compare each exit of each block on the way of ``machine`` to its halt; blocks are made for all entries."""
    exits, first = 0, machine.steps
    fresh: Machine | None = machine
    while not machine.halted and machine.steps - first < MOST_STEPS:
        if machine.boundary is None:
            table = tables.table(machine.frame, machine.environment.fork)
            entry = machine.pc
            if entry not in table.counts and (machine is fresh or machine.frame.program[entry] == 0x5B):
                table.make(entry)
            block = table.blocks.get(entry)
            after = machine if block is None else block(machine)
            if after.steps != machine.steps:
                check_exit(machine, after)
                exits += 1
                machine = after
                if machine.pc in table.blocks:
                    continue
                machine = fresh = step(machine)
                continue
            if after != machine:
                raise Difference(f"entry {entry}: no step taken, and yet {differing(after, machine)} changed")
        frame = machine.frame
        machine = step(machine)
        if machine.frame is not frame:
            fresh = machine
    status = machine.boundary.status.value if isinstance(machine.boundary, Halt) else "unfinished"
    return Tried(exits, machine.steps - first, status)


def check_run(machine: Machine, blocks: Blocks) -> None:
    """The whole run with blocks ends where ``run`` ends. Raises Difference if not."""
    ours, theirs = run_staged(machine, blocks), run(machine)
    if ours != theirs:
        raise Difference(f"run: {', '.join(differing(ours, theirs))}")


def campaign(seed: int, count: int, machines: int = MACHINES) -> str:
    """Compare ``count`` random programs, each from several machines; what was compared. Raises Difference."""
    totals: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for index in range(count):
        rng = Random(f"{seed}/{index}")
        about, tables = program_of(rng), eager()
        for number in range(machines):
            machine = machine_of(rng, about)
            try:
                tried = check_every_exit(machine, tables)
                if tried.status != "unfinished":
                    check_run(machine, tables if number % 2 else Blocks(2, 3, 0, 0))
            except Exception as error:
                raise Difference(f"seed {seed}/{index}, code {about.code.hex()}: {error!r}") from error
            totals.update(machines=1, exits=tried.exits, instructions=tried.instructions)
            statuses[tried.status] += 1
        totals.update(programs=1, blocks=sum(len(table.blocks) for table in tables.tables))
    return f"seed {seed}: {dict(totals)}, {dict(statuses.most_common())}"


if __name__ == "__main__":
    sys.stdout.write(campaign(*map(int, sys.argv[1:4])) + "\n")
