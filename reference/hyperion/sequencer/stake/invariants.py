"""What holds in every state of the stake."""

from hyperion.sequencer.parameters import Parameters
from hyperion.sequencer.stake.types import Stake


def conserved(state: Stake) -> bool:
    """Free, bonded, leaving, in the pool, withdrawn and burned add up to all that ever came in."""
    held = sum(account.held for account in state.accounts.values())
    return held + state.pool + state.withdrawn + state.burned == state.received


def non_negative(state: Stake) -> bool:
    """No amount is negative, and no exit is empty."""
    amounts = [state.pool, state.withdrawn, state.burned, state.received]
    for _, account in sorted(state.accounts.items()):
        amounts += [account.free, account.bonded, *(part.amount - 1 for part in account.exits)]
    return min(amounts) >= 0


def nobody_escapes(figures: Parameters, state: Stake, downtime: int) -> bool:
    """Stake of every epoch that evidence can be about is still slashable, or was burned.

    ``downtime`` is what each validator may have been burned for misses since the set was fixed, at most.
    """
    for _, found in sorted(state.sets.items()):
        open_yet = found.ended is None or state.time <= found.ended + figures.evidence_age + figures.inclusion
        for seat in found.seats if open_yet else ():
            account = state.accounts[seat.address]
            offence = state.offences.get(seat.address)
            slashed = 0 if offence is None else offence.burned
            if account.slashable + slashed + downtime < seat.stake:
                return False
    return True


def sets_are_sound(figures: Parameters, state: Stake) -> bool:
    """Running and next set are there; each has seats in order, each with weight, no more than allowed."""
    for _, found in sorted(state.sets.items()):
        names = [seat.address for seat in found.seats]
        if names != sorted(dict.fromkeys(names)) or not 0 < len(names) <= figures.most_seats:
            return False
        if any(seat.stake < figures.least_bond for seat in found.seats):
            return False
    return state.epoch in state.sets and state.epoch + 1 in state.sets


def penalties_are_bounded(state: Stake) -> bool:
    """No offence costs more than the stake that the offender had in its epoch."""
    return all(0 <= offence.burned <= offence.stake for offence in state.offences.values())
