"""How many slots of a period each validator has."""

from collections.abc import Sequence
from math import gcd

from hyperion.rules import rule


@rule(
    "SEQ-slots",
    "Slots are the stakes divided by their greatest common divisor; where these are more than a period may have, each "
    "has its share of that many, rounded down, but one at least.",
)
def slots(stakes: Sequence[int], most: int) -> tuple[int, ...]:
    """A positive number of slots for each positive stake, in the same order; less than ``most`` + n together.

    Exact where the stakes allow it; otherwise within one slot of the share of ``most``. A function of the stakes
    alone: there is no remainder to hand out, and so no tie to break.
    """
    divisor, total = gcd(*stakes), sum(stakes)
    if total <= most * divisor:
        return tuple(stake // divisor for stake in stakes)
    return tuple(max(1, stake * most // total) for stake in stakes)
