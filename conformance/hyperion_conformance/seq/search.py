"""How far priorities go: a search by hill climbing for the sets that drive them farthest, against what is proved."""

from collections.abc import Sequence

import attrs

from hyperion.sequencer.schedule.rotation import Priorities, elect
from hyperion_conformance.vectors.generators.assembly import Draw

MOST_WEIGHT = 200
CLIMB = 40
"""Changes of one weight that are tried from each random set."""


@attrs.frozen
class Reach:
    """In 10,000ths of the total weight: the highest priority, and the greatest distance of two; and the weights."""

    highest: int
    distance: int
    weights: tuple[int, ...]


def reach(weights: tuple[int, ...]) -> Reach:
    """How far priorities go in a period."""
    total, priorities = sum(weights), (0,) * len(weights)
    highest = distance = 0
    for _ in range(total):
        _, priorities = elect(priorities, weights)
        highest, distance = max(highest, *priorities), max(distance, span(priorities))
    return Reach(highest * 10_000 // total, distance * 10_000 // total, weights)


def span(priorities: Priorities) -> int:
    """The distance of the highest from the lowest."""
    return max(priorities) - min(priorities)


def climbed(draw: Draw, size: int) -> tuple[Reach, Reach]:
    """From one random set upwards: the farthest of highest priorities, and of distances."""
    start = reach(tuple(1 + draw.below(MOST_WEIGHT) for _ in range(size)))
    best, wide = start, start
    for _ in range(CLIMB):
        weights = list(best.weights)
        weights[draw.below(size)] = 1 + draw.below(MOST_WEIGHT)
        found = reach(tuple(weights))
        best = max(best, found, key=lambda one: one.highest + one.distance)
        wide = max(wide, found, key=lambda one: one.distance)
    return best, wide


def farthest(seed: int, size: int, sets: int) -> tuple[Reach, Reach]:
    """The same of so many random sets: a function of seed, size and number."""
    found = [climbed(Draw(seed, "seq.reach", size, index), size) for index in range(sets)]
    best: Sequence[Reach] = [pair[0] for pair in found]
    wide: Sequence[Reach] = [pair[1] for pair in found]
    return max(best, key=lambda one: one.highest), max(wide, key=lambda one: one.distance)
