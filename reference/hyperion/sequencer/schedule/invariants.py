"""Bounds of priorities: what holds before and after every election of an epoch, for positive weights.

Let P be the total of n weights and H the harmonic sum 1 + 1/2 + … + 1/n. The last bound says that no validator waits
for longer than a number that grows as the logarithm of n.
"""

from collections.abc import Sequence
from math import prod


def sum_is_zero(priorities: Sequence[int]) -> bool:
    """What all gain is what the leader pays."""
    return sum(priorities) == 0


def above_minus_total(priorities: Sequence[int], weights: Sequence[int]) -> bool:
    """Nobody owes a whole total: the highest of n that add up to P is positive before it pays P."""
    return all(priority > -sum(weights) for priority in priorities)


def harmonic_excess(size: int, of: int) -> tuple[int, int]:
    """Numerator and denominator of 1/(size + 1) + … + 1/of."""
    denominator = prod(range(1, of + 1))
    return sum(denominator // index for index in range(size + 1, of + 1)), denominator


def top_is_bounded(priorities: Sequence[int], weights: Sequence[int], size: int) -> bool:
    """The highest ``size`` priorities average no more than P times 1/(size + 1) + … + 1/n."""
    numerator, denominator = harmonic_excess(size, len(priorities))
    highest = sorted(priorities, reverse=True)[:size]
    return sum(highest) * denominator <= size * sum(weights) * numerator
