"""Leaders of an epoch's heights and rounds."""

from collections.abc import Sequence
from itertools import pairwise

import attrs

from hyperion.rules import rule
from hyperion.sequencer.schedule.rotation import period
from hyperion.sequencer.schedule.slots import slots


@attrs.frozen
class Schedule:
    """The leaders of an epoch: made once from its set, asked for any height at the cost of an index."""

    first: int
    """The epoch's first height."""
    addresses: tuple[bytes, ...]
    order: tuple[int, ...] = attrs.field(repr=False)
    """Index of the leader in each election of a period."""


@attrs.frozen
class NoSchedule:
    """What no schedule can be made from, and why."""

    reason: str


@rule("SEQ-schedule-set", "A schedule is made from the epoch's fixed set and first height alone.")
def schedule(first: int, seats: Sequence[tuple[bytes, int]], most: int) -> Schedule | NoSchedule:
    """The schedule of validators (address, stake). Refused: none, no stake, an order that is not that of addresses."""
    addresses = tuple(address for address, _ in seats)
    if not seats:
        return NoSchedule("no validator")
    if first < 0:
        return NoSchedule("a first height below 0")
    if any(stake <= 0 for _, stake in seats):
        return NoSchedule("a stake that is not positive")
    if any(low >= high for low, high in pairwise(addresses)):
        return NoSchedule("addresses not in strict order")
    if most < len(seats):
        return NoSchedule("fewer slots than validators")
    return Schedule(first, addresses, period(slots([stake for _, stake in seats], most)))


@rule("SEQ-leader", "Round r of height h is led by the winner of election h - first + r, periods repeating.")
def leader(made: Schedule, height: int, round: int) -> bytes:
    """The leader's address: a function of the set alone, which no vote, round or restart changes.

    ``height`` is the epoch's first or later, ``round`` 0 or more.
    """
    return made.addresses[made.order[(height - made.first + round) % len(made.order)]]
