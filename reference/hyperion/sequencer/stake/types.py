"""Records of the stake, and the events that change it.

Amounts are smallest units, times seconds. A validator's weight is its own bond: nobody delegates to another.
"""

from enum import Enum
from typing import TypeAlias

import attrs
from immutables import Map

Address: TypeAlias = bytes
"""20 bytes; addresses are ordered as numbers."""
Value: TypeAlias = bytes


@attrs.frozen
class Exit:
    """Stake on its way out: in weight until the end of ``last_epoch``, slashable until it is claimed."""

    amount: int
    last_epoch: int
    release: int | None = None
    """When it may be claimed; None as long as its last epoch has not ended."""


@attrs.frozen
class Account:
    """What is held for an address: free to withdraw, bonded, and on its way out."""

    free: int = 0
    bonded: int = 0
    exits: tuple[Exit, ...] = ()
    jailed_until: int | None = None
    """Jailed until it asks to be let out, which it may from this time on."""
    offended: bool = False
    """Proved to have equivocated: never in a set again."""
    frozen_until: int = 0
    """Until then nothing of its exits is paid, since what it did may yet cost more."""

    @property
    def slashable(self) -> int:
        """What an offence can take."""
        return self.bonded + sum(part.amount for part in self.exits)

    @property
    def held(self) -> int:
        """Everything that the account has here."""
        return self.free + self.slashable


@attrs.frozen
class Seat:
    """A validator's place in a set, with its weight."""

    address: Address
    stake: int


@attrs.frozen
class Set:
    """The validators of an epoch in the order of their addresses: a value that never changes once it is fixed."""

    epoch: int
    seats: tuple[Seat, ...]
    ended: int | None = None
    """When the epoch ended; None as long as it has not."""

    @property
    def total(self) -> int:
        """The weight of all."""
        return sum(seat.stake for seat in self.seats)

    def stake_of(self, address: Address) -> int:
        """The weight of the validator; 0 if it is not in the set."""
        return sum(seat.stake for seat in self.seats if seat.address == address)


@attrs.frozen
class Statement:
    """What a validator signed: for this height, round and kind of message, this value."""

    height: int
    round: int
    kind: str
    value: Value | None


@attrs.frozen
class Evidence:
    """Two authentic statements of one validator in one epoch."""

    offender: Address
    epoch: int
    first: Statement
    second: Statement


@attrs.frozen
class Offence:
    """A judged equivocation."""

    evidence: tuple[object, ...]
    """Identity of the evidence."""
    epoch: int
    stake: int
    """Weight of the offender in the epoch of the offence."""
    total: int
    """Weight of all in that epoch."""
    judged: int
    """When."""
    burned: int
    """What it has cost until now."""


@attrs.frozen
class Stake:
    """The state. ``sets`` holds the epochs about which evidence may still come, the running one and the next."""

    time: int
    epoch: int
    accounts: Map[Address, Account]
    sets: Map[int, Set]
    offences: Map[Address, Offence]
    pool: int
    """Rewards that are not yet shared."""
    received: int
    """All that ever came in: deposits, fees, rewards."""
    withdrawn: int
    burned: int


@attrs.frozen
class Deposit:
    """Anyone brings an amount for an account."""

    account: Address
    amount: int


@attrs.frozen
class Bond:
    """Free amounts become stake, which has weight from the second epoch after this."""

    account: Address
    amount: int


@attrs.frozen
class Unbond:
    """Stake starts on its way out."""

    account: Address
    amount: int


@attrs.frozen
class Claim:
    """Exits whose time has come become free."""

    account: Address


@attrs.frozen
class Withdraw:
    """Free amounts leave."""

    account: Address
    amount: int


@attrs.frozen
class Unjail:
    """A jailed validator wants to be in sets again."""

    account: Address


@attrs.frozen
class Accuse:
    """Anyone shows evidence."""

    evidence: Evidence


@attrs.frozen
class Fees:
    """The fees of a block go to who led it."""

    leader: Address
    amount: int


@attrs.frozen
class Reward:
    """An amount to be shared by the validators when the epoch ends."""

    amount: int


@attrs.frozen
class EndEpoch:
    """The epoch's last height is decided; of its heights each of these validators missed so many."""

    heights: int
    missed: tuple[tuple[Address, int], ...] = ()


Event: TypeAlias = Deposit | Bond | Unbond | Claim | Withdraw | Unjail | Accuse | Fees | Reward | EndEpoch


class Reason(Enum):
    """Why an event is refused: the rule that refuses it."""

    CLOCK = "SEQ-stake-clock"
    AMOUNT = "SEQ-stake-amount"
    FUNDS = "SEQ-stake-funds"
    LEAST_BOND = "SEQ-stake-least-bond"
    OFFENDED = "SEQ-stake-offended"
    RELEASE = "SEQ-stake-release"
    FROZEN = "SEQ-stake-frozen"
    JAIL = "SEQ-stake-unjail"
    NOT_SEATED = "SEQ-stake-seated"
    NO_SET = "SEQ-stake-no-set"
    MISSES = "SEQ-stake-misses"
    EVIDENCE = "SEQ-evidence-conflict"
    KNOWN_EPOCH = "SEQ-evidence-age"
    ONCE = "SEQ-evidence-once"


@attrs.frozen
class Refused:
    """An event that changes nothing: the rule that refuses it, and the figures that show it."""

    reason: Reason
    figures: tuple[int | None, ...] = ()
