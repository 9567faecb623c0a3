"""Traces: which state is at an index of an execution, without keeping them all; and what is committed to at each.

A block's execution is a row of stages and runs: what is done between machines a piece at a time, and the machines of
its transactions and of the protocol's own calls, from the first to the halted one. Its points are numbered through, one
for each stage, for each machine of a run, and one for the end, which says whether the block is valid. A point's hash
binds where it is (``hyperion.settlement.points``). A run is kept as checkpoints: of n steps, at most ``most`` machines.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Final, TypeAlias

import attrs
from immutables import Map

from hyperion.execution.block import WITHDRAWAL, Block
from hyperion.execution.record import write_fields
from hyperion.execution.transition import Chain, Tip
from hyperion.primitives import rlp
from hyperion.rules import rule
from hyperion.settlement.between.blocks import begun
from hyperion.settlement.between.following import following
from hyperion.settlement.between.records import sealed_input
from hyperion.settlement.between.stages import Ended, Input, Pinned, Rules, Running, Stage, Standing, State
from hyperion.settlement.onestep import maps, verify
from hyperion.settlement.onestep.nodes import Collected, Hash, Hashed
from hyperion.settlement.onestep.work import AT_ONCE
from hyperion.settlement.points import At, sealed_point, step_of
from hyperion.state import trie
from hyperion.state.trie import Trie
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
    stage: Stage | None = attrs.field(default=None, repr=False)
    """The stage that waits for it, in a block."""


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

Segment: TypeAlias = Run | Stage


def length_of(segment: Segment) -> int:
    """How many points a segment has."""
    return segment.steps + 1 if isinstance(segment, Run) else 1


@attrs.frozen(eq=False)
class BlockTrace:
    """The stages and runs of a block, in their order, and how it ends."""

    number: int
    segments: tuple[Segment, ...]
    ended: Ended = attrs.field(repr=False)
    """For an invalid block, with the tip before it."""

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs alone."""
        return tuple(segment for segment in self.segments if isinstance(segment, Run))

    @property
    def standing(self) -> Standing:
        """What came of the block."""
        return self.ended.standing

    @property
    def tip(self) -> Tip:
        """After the block; for an invalid one, before it."""
        return self.ended.tip

    @property
    def points(self) -> int:
        """How many points there are: those of the segments, and the end."""
        return sum(map(length_of, self.segments)) + 1


def input_of(block: Block, size: int) -> Input:
    """What ``block``, whose encoding has ``size`` bytes, is as an input; its claims of the outcome do not count."""
    paid = block.withdrawals
    return Input(
        block.header, len(block.ommers), listing(block.transactions), len(block.transactions),
        listing(tuple(rlp.encode(write_fields(WITHDRAWAL, each)) for each in paid or ())),
        None if paid is None else len(paid), size,
    )  # fmt: skip


def listing(entries: tuple[bytes, ...]) -> Trie:
    """The trie from the encoded index, from zero, to the entry."""
    built: Trie = trie.EMPTY_TRIE
    for index, entry in enumerate(entries):
        built = trie.put(built, rlp.encode_int(index), entry)
    return built


def pinned_inputs(inputs: dict[int, Input], chain: Chain, inclusion: int) -> tuple[Pinned, verify.Committed]:
    """A question about blocks by their numbers, and the nodes of all that it pins."""
    collected = Collected()
    digests = Map({number: sealed_input(given, collected) for number, given in inputs.items()})
    root = maps.sealed(digests, maps.HASHES, collected)
    return Pinned(chain, root, inclusion), verify.Committed(root, Map(collected.made))


def traced_block(
    tip: Tip,
    given: Input,
    chain: Chain,
    most: int = MOST,
    follow: Callable[[Stage | Running, Rules], State] = following,
) -> BlockTrace:
    """The trace of the block derived as ``given`` after ``tip``: each machine that runs is followed.

    Its stages are taken by ``follow``; who wants to know what comes of a mistake hands in another function.
    """
    rules, segments = Rules(chain, AT_ONCE), list[Segment]()
    state = begun(Ended(Standing.VALID, tip), given, rules)
    while not isinstance(state, Ended):
        if isinstance(state, Running):
            run = attrs.evolve(followed(state.machine, most), stage=state.stage)
            segments.append(run)
            state = Running(state.stage, run.last)
        else:
            segments.append(state)
        state = follow(state, rules)
    return BlockTrace(given.header.number, tuple(segments), state)


# --- points ----------------------------------------------------------------------------------------------------------


@attrs.frozen
class Place:
    """Where a point is: the block's place in the trace, segment and step; one beyond the last is the block's end."""

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


@rule("DIS-trace-index", "Points are numbered through blocks, stages, runs, steps; after the last, the last repeats.")
def place_of(trace: Trace, index: int) -> Place:
    """Where the point ``index`` is. Refuses a negative index."""
    if index < 0:
        raise TraceError("index", "negative")
    index = min(index, trace.points - 1)
    which = bisect_right(trace.starts, index) - 1
    index -= trace.starts[which]
    segments = trace.blocks[which].segments
    for number, segment in enumerate(segments):
        if index < length_of(segment):
            return Place(which, number, index)
        index -= length_of(segment)
    return Place(which, len(segments), 0)


def index_of(trace: Trace, place: Place) -> int:
    """The index of the point at ``place``: the inverse of ``place_of``. Refuses a place that the trace has not."""
    if not 0 <= place.block < len(trace.blocks):
        raise TraceError("block", "out-of-range")
    segments = trace.blocks[place.block].segments
    if not 0 <= place.run <= len(segments):
        raise TraceError("run", "out-of-range")
    if not 0 <= place.step < (length_of(segments[place.run]) if place.run < len(segments) else 1):
        raise TraceError("step", "out-of-range")
    return trace.starts[place.block] + sum(map(length_of, segments[: place.run])) + place.step


def state_at(trace: Trace, index: int) -> State:
    """The state at the point ``index``."""
    place = place_of(trace, index)
    block = trace.blocks[place.block]
    if place.run == len(block.segments):
        return block.ended
    segment = block.segments[place.run]
    if isinstance(segment, Stage):
        return segment
    if segment.stage is None:
        raise TraceError("index", "a-run-of-no-block")
    return Running(segment.stage, machine_at(segment, place.step))


def at_of(trace: Trace, index: int) -> At:
    """Where the point ``index`` says that it is."""
    place = place_of(trace, index)
    return At(trace.blocks[place.block].number, place.run, place.step)


def committed_point(trace: Trace, index: int) -> verify.Committed:
    """The point ``index`` with the nodes behind it. Costs the size of its state."""
    collected = Collected()
    root = sealed_point(at_of(trace, index), state_at(trace, index), collected)
    return verify.Committed(root, Map(collected.made))


def point_at(trace: Trace, index: int) -> Hash:
    """The hash of the point ``index``."""
    return sealed_point(at_of(trace, index), state_at(trace, index), Hashed())


def points_from(trace: Trace, chain: Chain, index: int, count: int) -> tuple[Hash, ...]:
    """The hashes of ``count`` points from ``index`` on, at least one: the leaves of the history of a segment.

    Each costs what the step to it touches; the first one, and the first of each block, the size of its state.
    """
    within = step_of(Pinned(chain, trie.root(trie.EMPTY_TRIE), 0))
    carried = committed_point(trace, min(index, trace.points - 1))
    hashes = [carried.root]
    for at in range(index + 1, index + count):
        if at >= trace.points:
            return (*hashes, *hashes[-1:] * (index + count - at))
        place = place_of(trace, at)
        first = (place.run, place.step) == (0, 0)
        carried = committed_point(trace, at) if first else verify.advance(carried, within)
        hashes.append(carried.root)
    return tuple(hashes)
