"""Which validators are in an epoch's set."""

from immutables import Map

from hyperion.rules import rule
from hyperion.sequencer.parameters import Parameters
from hyperion.sequencer.stake.types import Account, Address, Seat, Set


@rule(
    "SEQ-set-eligible",
    "In a set are validators with the least bond, neither jailed nor proved to have equivocated when it is fixed.",
)
def eligible(figures: Parameters, account: Account) -> bool:
    """Whether the account may have a seat."""
    return account.bonded >= figures.least_bond and account.jailed_until is None and not account.offended


@rule(
    "SEQ-set-canonical",
    "A set is the eligible validators of most stake, the lower address first among equals, in the order of addresses.",
)
def fixed_set(figures: Parameters, epoch: int, accounts: Map[Address, Account]) -> Set:
    """The set, a function of the accounts alone: neither the order of events nor that of a container shows in it."""
    candidates = [
        Seat(address, found.bonded) for address, found in sorted(accounts.items()) if eligible(figures, found)
    ]
    chosen = sorted(candidates, key=lambda seat: (-seat.stake, seat.address))[: figures.most_seats]
    return Set(epoch, tuple(sorted(chosen, key=lambda seat: seat.address)))
