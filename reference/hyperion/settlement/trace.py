"""Traces: which machine is at an index of an execution, without keeping them all; and what is committed to at each.

An execution is a row of runs: the machines of a block's transactions and of the protocol's own calls, one after the
other, block after block. Its points are numbered through: for each run the machines from the first to the halted one,
and after the runs of a block one point for its end, which says whether the block is valid. A point's hash binds the
block's number, run, step, status and the root of the machine (at the end of a block, of the state), so that nobody can
speak of a step without saying where it is. A run is kept as checkpoints: of n steps, at most ``most`` machines.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import IntEnum
from typing import Final

import attrs

from hyperion.execution.block import Block
from hyperion.execution.invalid import InvalidBlock
from hyperion.execution.transition import BlockResult, Chain, Tip, apply_block
from hyperion.primitives.hashing import keccak256
from hyperion.rules import rule
from hyperion.settlement.onestep import verify
from hyperion.settlement.onestep.maps import sealed_world
from hyperion.settlement.onestep.nodes import Hash, Hashed, Kind, encode_record, number_item
from hyperion.vm.machine import Machine
from hyperion.vm.step import step

MOST: Final = 1_024
"""Machines kept of a run. They share what is alike, so a checkpoint costs what changed since the one before it."""


class TraceError(ValueError):
    """An index that no trace has: the argument in ``field`` and what is wrong with it in ``reason``."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


# --- one run ---------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Run:
    """A run from its first machine to the halted one, by some machines on the way."""

    steps: int
    distance: int
    """Steps from one checkpoint to the next."""
    checkpoints: tuple[Machine, ...] = attrs.field(repr=False)
    last: Machine = attrs.field(repr=False)


def followed(machine: Machine, most: int = MOST) -> Run:
    """The run of ``machine``, with at most ``most`` checkpoints, at least 2: when they are full, every second one goes.

    So of n steps at most ``most + 1`` machines are kept, and any other is at most ``2 n / most + 1`` steps after one.
    """
    kept, distance, steps = [machine], 1, 0
    while not machine.halted:
        machine, steps = step(machine), steps + 1
        if steps % distance == 0:
            kept.append(machine)
            if len(kept) > most:
                kept, distance = kept[::2], 2 * distance
    return Run(steps, distance, tuple(kept), machine)


@rule("DIS-state-at", "The machine at an index is the one after so many steps; after the end it is the halted one.")
def machine_at(run: Run, index: int) -> Machine:
    """The machine after ``index`` steps, from the last checkpoint before it. Refuses a negative index."""
    if index < 0:
        raise TraceError("index", "negative")
    if index >= run.steps:
        return run.last
    machine = run.checkpoints[index // run.distance]
    for _ in range(index % run.distance):
        machine = step(machine)
    return machine


# --- blocks ----------------------------------------------------------------------------------------------------------


class Standing(IntEnum):
    """What is known of a block at a point."""

    RUNNING = 0
    VALID = 1
    INVALID = 2


@attrs.frozen(eq=False)
class BlockTrace:
    """The runs of a block, in their order, and what came of it."""

    number: int
    runs: tuple[Run, ...]
    standing: Standing
    tip: Tip = attrs.field(repr=False)
    """After the block; for an invalid one, before it."""

    @property
    def points(self) -> int:
        """How many points there are: of each run one more than steps, and the end."""
        return sum(run.steps + 1 for run in self.runs) + 1


def traced_block(tip: Tip, block: Block, chain: Chain, size: int, most: int = MOST) -> BlockTrace:
    """The trace of ``block``, whose encoding has ``size`` bytes, after ``tip``: each machine that runs is followed."""
    runs: list[Run] = []

    def follow(machine: Machine) -> Machine:
        runs.append(followed(machine, most))
        return runs[-1].last

    result: BlockResult | InvalidBlock = apply_block(tip, block, attrs.evolve(chain, executor=follow), size)
    if isinstance(result, InvalidBlock):
        return BlockTrace(block.header.number, tuple(runs), Standing.INVALID, tip)
    return BlockTrace(block.header.number, tuple(runs), Standing.VALID, result.tip)


# --- points ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Place:
    """Where a point is: the block's place in the trace, and run and step; a run beyond the last is the block's end."""

    block: int
    run: int
    step: int


@attrs.frozen(eq=False)
class Trace:
    """The traces of blocks, one after the other, at least one, and the index of each one's first point."""

    blocks: tuple[BlockTrace, ...]
    starts: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many points there are in all."""
        return self.starts[-1] + self.blocks[-1].points


def trace_of(blocks: tuple[BlockTrace, ...]) -> Trace:
    """The trace of blocks that follow each other. Refuses none."""
    if not blocks:
        raise TraceError("blocks", "none")
    starts = [0]
    for block in blocks[:-1]:
        starts.append(starts[-1] + block.points)
    return Trace(blocks, tuple(starts))


@rule("DIS-trace-index", "Points are numbered through blocks, runs and steps; after the last, the last repeats.")
def place_of(trace: Trace, index: int) -> Place:
    """Where the point ``index`` is. Refuses a negative index."""
    if index < 0:
        raise TraceError("index", "negative")
    index = min(index, trace.points - 1)
    which = bisect_right(trace.starts, index) - 1
    index -= trace.starts[which]
    runs = trace.blocks[which].runs
    for number, run in enumerate(runs):
        if index <= run.steps:
            return Place(which, number, index)
        index -= run.steps + 1
    return Place(which, len(runs), 0)


def index_of(trace: Trace, place: Place) -> int:
    """The index of the point at ``place``: the inverse of ``place_of``. Refuses a place that the trace has not."""
    if not 0 <= place.block < len(trace.blocks):
        raise TraceError("block", "out-of-range")
    runs = trace.blocks[place.block].runs
    if not 0 <= place.run <= len(runs):
        raise TraceError("run", "out-of-range")
    if not 0 <= place.step <= (runs[place.run].steps if place.run < len(runs) else 0):
        raise TraceError("step", "out-of-range")
    return trace.starts[place.block] + sum(run.steps + 1 for run in runs[: place.run]) + place.step


def state_at(trace: Trace, index: int) -> Machine | None:
    """The machine at the point ``index``; None at the end of a block."""
    place = place_of(trace, index)
    runs = trace.blocks[place.block].runs
    return machine_at(runs[place.run], place.step) if place.run < len(runs) else None


@rule("DIS-commit-point", "A point is committed to with its block's number, its run and step, and what is known of it.")
def point_hash(number: int, run: int, step_number: int, standing: Standing, root: Hash) -> Hash:
    """The hash of a point: ``root`` is that of the machine, or of the state at the end of a block."""
    return keccak256(point_node(number, run, step_number, standing, root))


def point_node(number: int, run: int, step_number: int, standing: Standing, root: Hash) -> bytes:
    """The record of a point."""
    numbers = (number, run, step_number, standing)
    return encode_record(Kind.POINT, (*map(number_item, numbers), root))


def point_at(trace: Trace, index: int) -> Hash:
    """The hash of the point ``index``."""
    return points_from(trace, index, 1)[0]


def points_from(trace: Trace, index: int, count: int) -> tuple[Hash, ...]:
    """The hashes of ``count`` points from ``index`` on, at least one: the leaves of the history of a segment.

    Each step of a run costs what it touches; the first point, and that of each new run, the size of its machine.
    """
    hashes: list[Hash] = []
    carried: verify.Committed | None = None
    for at in range(index, index + count):
        if at >= trace.points and hashes:
            return (*hashes, *hashes[-1:] * (index + count - at))
        place = place_of(trace, at)
        block = trace.blocks[place.block]
        if place.run == len(block.runs):
            state_root = sealed_world(block.tip.world, Hashed())
            hashes.append(point_hash(block.number, place.run, 0, block.standing, state_root))
            carried = None
            continue
        if carried is None or place.step == 0:
            carried = verify.committed(machine_at(block.runs[place.run], place.step))
        else:
            carried = verify.advance(carried)
        hashes.append(point_hash(block.number, place.run, place.step, Standing.RUNNING, carried.root))
    return tuple(hashes)
