"""A run of Block-STM in simulated time: the worker whose clock is earliest makes the next transition of the model.

Nothing about the algorithm is here: who steps next is decided by time, what a step does by ``TRANSITIONS``. The order
of the steps is a schedule like any other, so that a simulated run can be repeated by ``configuration.run``.

A worker that finds nothing to do looks again and again. Rounds that would find what the one before found are left out:
it goes on when something that it looks at has changed.
"""

import heapq
from collections.abc import Mapping
from typing import Any, Final

import attrs

from hyperion.parallel.configuration import Configuration, initial
from hyperion.parallel.counter import Pc, Shared, Transition
from hyperion.parallel.version import replaced
from hyperion.parallel.worker import TRANSITIONS
from hyperion_conformance.stm_profile.costs import Costs, Lines, line_of
from hyperion_conformance.stm_profile.metered import MeteredBlock, gas_of

PATIENCE: Final = 20_000_000
"""Transitions after which a run is given up: only a variant of the algorithm comes there."""
COMPUTES: Final = frozenset({Pc.READ, Pc.TASK_EXECUTE, Pc.WAIT})
"""Behind these accesses a transaction computes, to its next read or to its end."""


@attrs.frozen
class Moment:
    """A transition: who made it when (ns), from where, and until when it and what follows it in private took."""

    worker: int
    begins: int
    ends: int
    before: Any
    """The worker's record as it was."""
    after: Pc


@attrs.frozen
class SimulatedRun:
    """A run to its end, transition by transition, in the order of time."""

    configuration: Configuration
    moments: tuple[Moment, ...]
    finished: bool
    """Whether every worker has left; a variant may never come there."""

    @property
    def makespan(self) -> int:
        """When the last worker left (ns)."""
        return max((moment.ends for moment in self.moments), default=0)

    @property
    def schedule(self) -> tuple[int, ...]:
        """The worker of each step."""
        return tuple(moment.worker for moment in self.moments)


@attrs.define
class Clocks:
    """Workers by the time at which they go on, and those that wait for a change."""

    queue: list[tuple[int, int, int]]
    waiting: list[tuple[int, int]] = attrs.Factory(list)
    """Who would look again, and from when on."""
    turns: int = 0

    def at(self, time: int, worker: int) -> None:
        """The worker goes on at a time; of two at the same time, the one that was put there first."""
        self.turns += 1
        heapq.heappush(self.queue, (time, self.turns, worker))

    def wake(self, time: int) -> None:
        """All that wait see the change."""
        for since, worker in self.waiting:
            self.at(max(since, time), worker)
        self.waiting.clear()


def is_quiet(shared: Shared, size: int) -> bool:
    """Whether a worker without a task finds that others are still at work, and nothing else."""
    at = shared.scheduler
    return at.execution_index >= size and at.validation_index >= size and at.active > 0 and not at.done


def computed(before: Any, after: Any) -> int:
    """The gas that a transaction used behind an access, until it wanted the next value or had ended."""
    if before.pc not in COMPUTES or after.pc is Pc.EXIT:
        return 0
    used = gas_of(before.program) if before.pc is Pc.READ else 0
    program = getattr(after, "program", None) or getattr(after, "result", None)
    return max(gas_of(program) - used, 0)


def simulate(
    block: MeteredBlock,
    workers: int,
    costs: Costs,
    transitions: Mapping[Pc, Transition] = TRANSITIONS,
    patience: int = PATIENCE,
) -> SimulatedRun:
    """Run a block on so many workers, all of which begin at time 0."""
    at, lines = initial(block, workers), Lines(costs)
    moments: list[Moment] = []
    clocks = Clocks([(0, 0, worker) for worker in range(workers)])
    while clocks.queue and len(moments) < patience:
        now, _, actor = heapq.heappop(clocks.queue)
        worker: Any = at.workers[actor]
        line = line_of(worker)
        if lines.free_at(line) > now:
            clocks.at(lines.free_at(line), actor)
            continue
        move = transitions[worker.pc](block, at.shared, worker)
        if move is None:
            clocks.at(now + costs.far, actor)
            continue
        shared, after = move
        writes = shared.scheduler is not at.shared.scheduler or shared.memory is not at.shared.memory
        then = now + lines.access(actor, line, writes, now) + costs.of_gas(computed(worker, after))
        moments.append(Moment(actor, now, then, worker, after.pc))
        at = Configuration(shared, replaced(at.workers, actor, after))
        place(clocks, actor, then, after.pc, is_quiet(shared, block.size))
        if clocks.waiting and not is_quiet(shared, block.size):
            clocks.wake(now + costs.far)
    return SimulatedRun(at, tuple(moments), not clocks.queue)


def place(clocks: Clocks, actor: int, time: int, pc: Pc, quiet: bool) -> None:
    """Where a worker goes after a step: on in time, or to those that wait, or away."""
    if pc is Pc.LOOP and quiet:
        clocks.waiting.append((time, actor))
    elif pc is not Pc.EXIT:
        clocks.at(time, actor)
