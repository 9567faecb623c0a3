"""The election: everyone gains its weight, the highest leads and pays the total (CometBFT, proposer selection).

CometBFT also centres and rescales priorities, which matters when sets change. Here each epoch starts from zero, so the
sum stays zero and there is nothing to centre; rescaling, which would break exact fairness, is not part of the rule.
"""

from collections.abc import Sequence
from typing import TypeAlias

from hyperion.rules import rule

Priorities: TypeAlias = tuple[int, ...]


def highest(priorities: Sequence[int]) -> int:
    """The index of the highest; of equals, the first."""
    best = 0
    for index in range(1, len(priorities)):
        if priorities[index] > priorities[best]:
            best = index
    return best


@rule(
    "SEQ-elect",
    "All priorities grow by their weights; the highest, of equals the lower address, leads and pays the total.",
)
def elect(priorities: Priorities, weights: Sequence[int]) -> tuple[int, Priorities]:
    """The index that leads, and the priorities after it. Validators stand in the order of their addresses."""
    grown = [priority + weight for priority, weight in zip(priorities, weights, strict=True)]
    leader = highest(grown)
    grown[leader] = grown[leader] - sum(weights)
    return leader, tuple(grown)


@rule("SEQ-period", "A period is as many elections as there is weight; it begins and ends with all priorities zero.")
def period(weights: Sequence[int]) -> tuple[int, ...]:
    """Who leads, by index, in each election of a period."""
    priorities: Priorities = (0,) * len(weights)
    order: list[int] = []
    for _ in range(sum(weights)):
        leader, priorities = elect(priorities, weights)
        order.append(leader)
    return tuple(order)
