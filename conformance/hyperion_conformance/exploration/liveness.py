"""What the graph of a complete search says about the end: that it can be reached from everywhere, and is reached.

*Never stranded*: from every reachable state some final state can be reached. This carries over from canonical states
to all of them, since what is merged can do the same.

*No fair cycle*: a run that never ends goes round in a strongly connected part of the graph for ever. It is weakly fair
when every actor that has a step available from some moment on takes one again and again. A part has no fair run when
some actor can step in each of its states and no edge within it is that actor's. For this question actors must keep
their names, so it is asked of a search without symmetry.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from hyperion_conformance.exploration.search import Search


def stranded(search: Search[Any]) -> list[int]:
    """The states of a complete search from which no final state can be reached, in the order of their discovery."""
    reached = bytearray(len(search.states))
    queue = list(search.finals)
    for number in queue:
        reached[number] = 1
    starts, sources = reversed_edges(search)
    while queue:
        target = queue.pop()
        for source in sources[starts[target] : starts[target + 1]]:
            if not reached[source]:
                reached[source] = 1
                queue.append(source)
    return [number for number, is_reached in enumerate(reached) if not is_reached]


def reversed_edges(search: Search[Any]) -> tuple[array[int], array[int]]:
    """For each state where its incoming edges begin, and their sources."""
    starts = array("Q", bytes(8 * (len(search.states) + 1)))
    for target in search.targets:
        starts[target + 1] += 1
    for number in range(len(search.states)):
        starts[number + 1] += starts[number]
    free = array("Q", starts)
    sources = array("I", bytes(4 * len(search.targets)))
    for source in range(len(search.offsets)):
        for _, target in search.edges(source):
            sources[free[target]] = source
            free[target] += 1
    return starts, sources


def fair_parts(search: Search[Any], actors: int) -> list[int]:
    """One state of each strongly connected part in which a weakly fair run can stay for ever."""
    component = components(search)
    inner: dict[int, set[int]] = {}
    """The actors with an edge within each part that has any."""
    for source in range(len(search.offsets)):
        for actor, target in search.edges(source):
            if component[source] == component[target]:
                inner.setdefault(component[source], set()).add(actor)
    rested: dict[int, set[int]] = {part: set() for part in inner}
    """The actors that have no step in some state of the part."""
    examples: dict[int, int] = {}
    for source in range(len(search.offsets)):
        part = component[source]
        if part in inner:
            examples.setdefault(part, source)
            rested[part] |= set(range(actors)) - {actor for actor, _ in search.edges(source)}
    return [examples[part] for part in inner if inner[part] | rested[part] == set(range(actors))]


def components(search: Search[Any]) -> array[int]:
    """The strongly connected part of each state, by Tarjan's algorithm (1972) with a stack of its own."""
    size = len(search.states)
    low, component = array("I", bytes(4 * size)), array("I", bytes(4 * size))
    open_states: list[int] = []
    visited = parts = 0
    for root in range(size):
        if low[root]:
            continue
        calls: list[tuple[int, int, Iterator[tuple[int, int]]]] = []
        entering = root
        while True:
            visited += 1
            low[entering] = visited
            open_states.append(entering)
            calls.append((entering, visited, search.edges(entering)))
            following = None
            while calls and following is None:
                state, order, edges = calls[-1]
                following = next_unvisited(state, edges, low, component)
                if following is None:
                    calls.pop()
                    if low[state] == order:
                        parts += 1
                        close(state, open_states, component, parts)
                    if calls:
                        lower(low, component, calls[-1][0], state)
            if following is None:
                break
            entering = following
    return component


def next_unvisited(
    state: int, edges: Iterator[tuple[int, int]], low: array[int], component: array[int]
) -> int | None:
    """The next target that was not visited; those that were, lower the state's mark."""
    for _, target in edges:
        if not low[target]:
            return target
        lower(low, component, state, target)
    return None


def lower(low: array[int], component: array[int], state: int, target: int) -> None:
    """A state reaches what its target reaches, as long as the target's part is open."""
    if not component[target] and low[target] < low[state]:
        low[state] = low[target]


def close(state: int, open_states: list[int], component: array[int], part: int) -> None:
    """The part of a state is complete: the open states from it on."""
    while True:
        member = open_states.pop()
        component[member] = part
        if member == state:
            return
