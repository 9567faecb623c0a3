"""All that there is of a run at one moment, as one value; and a run of it, with the schedule as input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count, islice
from typing import Final

import msgspec

from hyperion.parallel import mvmemory, scheduler
from hyperion.parallel.counter import Idle, Pc, Shared, Transition, Worker
from hyperion.parallel.mvmemory import Blocked
from hyperion.parallel.program import Block, Outcome
from hyperion.parallel.version import replaced
from hyperion.parallel.worker import TRANSITIONS, Grain, step
from hyperion.rules import rule


class Configuration(msgspec.Struct, frozen=True, cache_hash=True):
    """What workers share, and where each of them stands."""

    shared: Shared
    workers: tuple[Worker, ...]


def initial(block: Block, workers: int) -> Configuration:
    """Nothing done yet, and every worker at the head of its loop."""
    shared = Shared(scheduler.initial(block.size), mvmemory.empty(block.size))
    return Configuration(shared, (Idle(Pc.LOOP),) * workers)


def advance(
    block: Block,
    configuration: Configuration,
    worker: int,
    transitions: Mapping[Pc, Transition] = TRANSITIONS,
    grain: Grain = Grain.FINE,
) -> Configuration | None:
    """The configuration after a step of one worker; None when it waits for a lock, or has left."""
    move = step(block, configuration.shared, configuration.workers[worker], transitions, grain)
    return None if move is None else Configuration(move[0], replaced(configuration.workers, worker, move[1]))


def is_final(configuration: Configuration) -> bool:
    """Whether every worker has left."""
    return all(worker.pc is Pc.EXIT for worker in configuration.workers)


def outcome(block: Block, configuration: Configuration) -> Outcome | Blocked:
    """What a final configuration leaves; ``Blocked`` is no outcome at all, and comes of mutants only."""
    state = mvmemory.snapshot(configuration.shared.memory, block.base)
    return state if isinstance(state, Blocked) else Outcome(state, configuration.shared.memory.results)


class Run(msgspec.Struct, frozen=True):
    """A run to its end: the last configuration, and which worker made each step."""

    configuration: Configuration
    steps: tuple[int, ...]


class Stuck(msgspec.Struct, frozen=True):
    """A run that was not at its end when its patience was: of a fair schedule and the algorithm it never comes."""

    configuration: Configuration
    steps: tuple[int, ...]


PATIENCE: Final = 1_000_000
"""Items of the schedule that a run takes when nobody says otherwise."""


def completed(schedule: Iterable[int], workers: int) -> Iterator[int]:
    """The schedule, and round robin behind it, so that any sequence of integers is a schedule, and a fair one."""
    return (turn % workers for turn in chain(schedule, count()))


@rule("STM-schedule", "Whatever the schedule and the number of workers, a block ends as its serial execution does.")
def run(
    block: Block,
    workers: int,
    schedule: Iterable[int] = (),
    transitions: Mapping[Pc, Transition] = TRANSITIONS,
    patience: int = PATIENCE,
) -> Run | Stuck:
    """Run a block: item after item of the schedule names, modulo their number, the worker that makes the next step.

    An item whose worker waits for a lock or has left is passed over. Behind the end of the schedule the workers take
    turns. ``outcome`` of the last configuration is what the block leaves.
    """
    configuration = initial(block, workers)
    steps: list[int] = []
    for turn in islice(completed(schedule, workers), patience):
        if is_final(configuration):
            return Run(configuration, tuple(steps))
        following = advance(block, configuration, turn, transitions)
        if following is not None:
            configuration = following
            steps.append(turn)
    return Stuck(configuration, tuple(steps))
