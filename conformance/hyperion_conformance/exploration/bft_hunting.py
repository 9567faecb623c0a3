"""Searches of the stable phase: from many beginnings, how long its runs are, and one that goes deep."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from hyperion_conformance.exploration import liveness
from hyperion_conformance.exploration.bft import State
from hyperion_conformance.exploration.bft_ranks import Stable
from hyperion_conformance.exploration.bft_stable import OPENS, StablePlan, StableSystem
from hyperion_conformance.exploration.search import Search


def begun_from(plan: StablePlan, states: Sequence[State]) -> Search[Stable]:
    """A search that begins in many states at once: those of the rows, each as it is when the network is stable."""
    system = StableSystem(plan)
    numbers: dict[Stable, int] = {}
    for state in states:
        for stable in system.begun(state):
            numbers.setdefault(stable, len(numbers))
    size = len(numbers)
    search = Search(plan, system, list(numbers), numbers, array("I", bytes(4 * size)), bytearray(size))
    search.level_end = size
    return search


def most_rounds(search: Search[Stable]) -> int | None:
    """The most rounds that a run enters before all have decided; None if some run enters rounds for ever.

    Runs end in states without a successor; that these are decisions is what ``fault`` and ``stranded`` say.
    """
    parts = liveness.components(search)
    order = sorted(range(len(search.states)), key=parts.__getitem__)
    left = array("I", bytes(4 * len(search.states)))
    for number in order:
        for actor, target in search.edges(number):
            if parts[number] == parts[target]:
                return None
            left[number] = max(left[number], left[target] + (actor >= OPENS))
    return max(left, default=0)


def hunted(plan: StablePlan, start: Stable, limit: int) -> tuple[str | None, int]:
    """The first fault that a search finds which goes deep before it goes wide, and how many states it has looked at.

    It is for what never ends: a search in breadth comes to the eighth round only after all that is before. That it
    finds nothing says nothing, unless it has looked at all.
    """
    system, seen, stack = StableSystem(plan), {start}, [start]
    while stack and len(seen) < limit:
        state = stack.pop()
        fault = system.fault(state)
        if fault is not None:
            return fault, len(seen)
        for _, after in sorted(system.successors(state), key=lambda move: move[0]):
            if after not in seen:
                seen.add(after)
                stack.append(after)
    return None, len(seen)
