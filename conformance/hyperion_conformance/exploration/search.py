"""Breadth-first search: every reachable state once, so the first fault found lies at the end of a shortest path.

The graph is kept as flat arrays: states by number in the order of their discovery, with the parent and the actor that
found each, and all edges by their source. Whoever works, the numbers are the same, since results are taken in order.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from time import process_time
from typing import Any, Final, Generic, TypeAlias

import attrs

from hyperion_conformance.exploration.system import Fault, Plan, S, Statistics, System
from hyperion_conformance.workers import ALONE, Workers, chunked, crew

BATCH: Final = 1_000
"""States that one task of a pool or a cluster expands."""
WORTH_SHARING: Final = 4_000
"""States of a level from which on handing them out costs less than it brings."""
BREATH: Final = 5_000
"""States between two looks at the clock, the limit and the interrupts."""

Expansion: TypeAlias = tuple[str | None, bool, Sequence[tuple[int, S]]]
"""What one state gives: its fault, whether it is final, and its successors with their actors."""

Watch: TypeAlias = Callable[["Search[Any]"], bool]
"""Looks at a search now and then; says whether to go on."""


@attrs.define
class Search(Generic[S]):
    """A search under way, or at its end."""

    plan: Plan[S]
    system: System[S]
    states: list[S]
    numbers: dict[S, int]
    parents: array[int]
    actors: bytearray
    offsets: array[int] = attrs.Factory(lambda: array("Q"))
    """Where the edges of each expanded state begin."""
    targets: array[int] = attrs.Factory(lambda: array("I"))
    movers: bytearray = attrs.Factory(bytearray)
    finals: array[int] = attrs.Factory(lambda: array("I"))
    expanded: int = 0
    depth: int = 0
    level_end: int = 1
    fault: Fault | None = None
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether every state that was found has been expanded."""
        return self.expanded == len(self.states)

    def statistics(self) -> Statistics:
        """Sizes and time so far."""
        return Statistics(len(self.states), len(self.targets), self.depth, len(self.finals), self.seconds)

    def edges(self, number: int) -> Iterator[tuple[int, int]]:
        """The actors and targets of an expanded state's edges."""
        begin = self.offsets[number]
        end = self.offsets[number + 1] if number + 1 < len(self.offsets) else len(self.targets)
        return zip(self.movers[begin:end], self.targets[begin:end], strict=True)

    def path(self, number: int) -> tuple[int, ...]:
        """The actors of a shortest path to a state."""
        actors: list[int] = []
        while number:
            actors.append(self.actors[number])
            number = self.parents[number]
        return tuple(reversed(actors))


def begin(plan: Plan[S]) -> Search[S]:
    """A search that has found the initial state and nothing else."""
    system = system_of(plan)
    first = system.initial()
    return Search(plan, system, [first], {first: 0}, array("I", [0]), bytearray([0]))


@lru_cache(maxsize=4)
def system_of(plan: Plan[Any]) -> System[Any]:
    """The system of a plan, built once in each process: what it remembers serves all tasks."""
    return plan.build()


def expand(system: System[S], state: S) -> Expansion[S]:
    """A state's fault, or its successors."""
    fault = system.fault(state)
    return fault, system.is_final(state), () if fault else system.successors(state)


def take(search: Search[S], expansions: Iterable[Expansion[S]]) -> None:
    """Enter what the next states give; stop behind the first that has a fault."""
    states, numbers, targets, movers = search.states, search.numbers, search.targets, search.movers
    parents, actors = search.parents, search.actors
    for fault, final, successors in expansions:
        number = search.expanded
        search.expanded += 1
        search.offsets.append(len(targets))
        if fault is not None:
            search.fault = Fault(fault, search.path(number))
            return
        if final:
            search.finals.append(number)
        for actor, state in successors:
            target = numbers.setdefault(state, len(states))
            if target == len(states):
                states.append(state)
                parents.append(number)
                actors.append(actor)
            targets.append(target)
            movers.append(actor)


def expand_packed(task: tuple[Plan[Any], Any]) -> tuple[list[tuple[str | None, bool, bytes]], Any]:
    """Expand states that another process packed: per state its fault, finality and actors; all successors packed."""
    system = system_of(task[0])
    expansions = [expand(system, state) for state in system.unpack(task[1])]
    successors = [state for _, _, following in expansions for _, state in following]
    rows = [(fault, final, bytes(actor for actor, _ in following)) for fault, final, following in expansions]
    return rows, system.pack(successors)


def unpacked(
    system: System[S], results: Iterable[tuple[list[tuple[str | None, bool, bytes]], Any]]
) -> Iterator[Expansion[S]]:
    """The expansions that come back from other processes, with states canonical here."""
    for rows, packed in results:
        successors = iter(system.unpack(packed))
        for fault, final, actors in rows:
            yield fault, final, [(actor, system.canonical(next(successors))) for actor in actors]


def explore(search: Search[S], workers: Workers = ALONE, watch: Watch = lambda search: True) -> Search[S]:
    """Go on with a search until it is complete, finds a fault, or ``watch`` says to stop.

    ``watch`` is asked every few thousand states. Counts, numbers and the fault found do not depend on ``workers``.
    """
    with crew(workers) as hand_out:
        while search.fault is None and not search.is_complete:
            started = process_time()
            level = range(search.expanded, search.level_end)
            alone = workers == ALONE or len(level) < WORTH_SHARING
            part = level[: BREATH if alone else BREATH * 20]
            if alone:
                take(search, (expand(search.system, search.states[number]) for number in part))
            else:
                batches = chunked((search.states[number] for number in part), BATCH)
                tasks = ((search.plan, search.system.pack(batch)) for batch in batches)
                take(search, unpacked(search.system, hand_out(expand_packed, tasks, 1)))
            if search.expanded == search.level_end and not search.is_complete:
                search.depth += 1
                search.level_end = len(search.states)
            search.seconds += process_time() - started
            if not watch(search):
                break
    return search
