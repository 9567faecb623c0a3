"""Schedules for runs of Block-STM: random ones, unfair ones, and adversaries who look at the run.

An adversary chooses the worker whose step does the most harm. What it chose is a schedule like any other, so that a run
can be replayed by ``configuration.run``.
"""

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

import attrs

from hyperion.parallel.configuration import Configuration, advance, initial, is_final
from hyperion.parallel.counter import Worker
from hyperion.parallel.program import Block

Choice: TypeAlias = Callable[[Configuration, Random], int]
"""Whose step is wanted next."""

CHANCE: Final = 0.04
"""How often chance chooses instead, so that nobody waits for ever: a worker that finds nothing to do looks again."""
MOST_WORKERS: Final = 8
TURNS: Final = 200
"""Random turns for each transaction; behind them workers take turns."""


def transaction_of(worker: Worker) -> int:
    """The transaction that the worker works on; -1 while it looks for one."""
    version = getattr(worker, "version", None)
    return -1 if version is None else int(version.transaction)


def latest_first(configuration: Configuration, rng: Random) -> int:
    """Idle workers take all that there is; then the last one goes on: each reads before its writers have written."""
    at = [transaction_of(worker) for worker in configuration.workers]
    return max(range(len(at)), key=lambda worker: (at[worker] == -1, at[worker]))


def latest_finishes_first(configuration: Configuration, rng: Random) -> int:
    """As long as there are any, transactions are handed out; then the last is executed and validated first.

    It has read what all others still write, so that what can be aborted is aborted.
    """
    at = [transaction_of(worker) for worker in configuration.workers]
    scheduler = configuration.shared.scheduler
    if -1 in at and scheduler.execution_index < len(scheduler.status):
        return at.index(-1)
    return max(range(len(at)), key=lambda worker: at[worker])


def first_starves(configuration: Configuration, rng: Random) -> int:
    """Worker 0 hardly ever gets a turn, whatever it holds."""
    return rng.randrange(1, len(configuration.workers)) if len(configuration.workers) > 1 else 0


def bursts(configuration: Configuration, rng: Random) -> int:
    """One worker goes on until memory has one more location."""
    return len(configuration.shared.memory.cells) % len(configuration.workers)


ADVERSARIES: Final[dict[str, Choice]] = {
    "latest-first": latest_first,
    "latest-finishes-first": latest_finishes_first,
    "first-starves": first_starves,
    "bursts": bursts,
}


def turns_of(block: Block, workers: int, choice: Choice, seed: int) -> tuple[int, ...]:
    """The turns that an adversary gives, up to the end of the run."""
    rng, configuration = Random(seed), initial(block, workers)
    turns: list[int] = []
    while not is_final(configuration):
        turn = rng.randrange(workers) if rng.random() < CHANCE else choice(configuration, rng)
        following = advance(block, configuration, turn)
        if following is not None:
            configuration = following
            turns.append(turn)
    return tuple(turns)


@attrs.frozen
class Schedule:
    """How many workers, and who makes the next step."""

    workers: int
    turns: tuple[int, ...]


def schedule_of(block: Block, seed: int) -> Schedule:
    """The schedule of a seed for ``block``: round robin for 0, then adversaries and random ones, fair and unfair."""
    rng = Random(f"schedule {seed}")
    workers = rng.randint(2, MOST_WORKERS)
    if seed == 0:
        return Schedule(workers, ())
    names = sorted(ADVERSARIES)
    if seed % 2:
        return Schedule(workers, turns_of(block, workers, ADVERSARIES[names[seed // 2 % len(names)]], seed))
    weights = [rng.choice((1, 1, 20)) for _ in range(workers)]
    return Schedule(workers, tuple(rng.choices(range(workers), weights, k=TURNS * block.size)))
