"""The figures of stake and schedule, and the inequalities without which they are unsafe."""

from collections.abc import Iterator
from typing import Final

import attrs

from hyperion.rules import rule

METIS: Final = 10**18
"""Smallest units in one token."""
DAY: Final = 86_400
"""Seconds."""
WHOLE: Final = 10_000
"""Basis points in a whole."""
FAULTY_SHARE: Final = 3
"""Agreement is lost only when more than one part in this many of the stake misbehaves."""


@attrs.frozen
class Unsafe(ValueError):
    """An inequality that the figures violate: in words, with the numbers of both sides."""

    inequality: str
    left: int
    right: int

    def __str__(self) -> str:
        """The inequality as a sentence."""
        return f"{self.inequality} does not hold: {self.left} against {self.right}"


@attrs.frozen
class Parameters:
    """Amounts in smallest units, times in seconds. Refused at construction with ``Unsafe``."""

    least_bond: int = 20_000 * METIS
    """Stake that a validator must have bonded of its own to be in a set."""
    most_seats: int = 21
    unbonding: int = 7 * DAY
    """From the end of the last epoch in which stake has weight until it may be claimed."""
    evidence_age: int = 5 * DAY
    """From the end of an epoch until evidence about it must be submitted."""
    inclusion: int = DAY
    """The longest that a submitted event may wait for its block."""
    correlation_window: int = 18 * DAY
    """Offences judged within it count as one attack."""
    equivocation_share: int = 500
    """Basis points of the stake that one equivocation costs at least."""
    correlation_factor: int = 3
    """By how much the share of stake that misbehaved together is multiplied to give the share that is burned."""
    downtime_burn: int = 10 * METIS
    downtime_jail: int = 2 * DAY
    missed_share: int = 5_000
    """Basis points of an epoch's heights that a validator may miss."""
    most_slots: int = 4_096
    """The longest period of the schedule, in heights."""

    def __attrs_post_init__(self) -> None:
        for inequality, left, right in violated(self):
            raise Unsafe(inequality, left, right)


@rule("SEQ-stake-parameters", "Parameters that violate one of their inequalities are refused when they are made.")
def violated(figures: Parameters) -> Iterator[tuple[str, int, int]]:
    """Each inequality that does not hold, with its sides: the left should exceed, or reach, the right.

    The third keeps stake from leaving before it is slashed; the fourth makes a fork cost all stake that forked; the
    one with the correlation window, that who attacks in turns pays as who attack together.
    """
    strict = (
        ("least bond > 0", figures.least_bond, 0),
        ("evidence age > 0", figures.evidence_age, 0),
        ("unbonding > evidence age + inclusion", figures.unbonding, figures.evidence_age + figures.inclusion),
    )
    reached = (
        ("correlation factor >= 3", figures.correlation_factor, FAULTY_SHARE),
        ("seats >= 1", figures.most_seats, 1),
        ("slots of a period >= seats", figures.most_slots, figures.most_seats),
        ("inclusion >= 0", figures.inclusion, 0),
        ("correlation window >= unbonding", figures.correlation_window, figures.unbonding),
        ("equivocation share >= 1 basis point", figures.equivocation_share, 1),
        ("10000 basis points >= equivocation share", WHOLE, figures.equivocation_share),
        ("10000 basis points >= missed share", WHOLE, figures.missed_share),
        ("missed share >= 0", figures.missed_share, 0),
        ("downtime jail >= 0", figures.downtime_jail, 0),
        ("downtime burn >= 0", figures.downtime_burn, 0),
        ("least bond > downtime burn", figures.least_bond, figures.downtime_burn + 1),
    )
    yield from (found for found in strict if found[1] <= found[2])
    yield from (found for found in reached if found[1] < found[2])


HYPERION: Final = Parameters()
"""The published amounts, with the windows that the inequalities need."""
