"""The transition of the stake: what each event does, and by which rule it is refused."""

from collections.abc import Mapping
from functools import reduce
from typing import Final

import attrs
from immutables import Map

from hyperion.rules import rule
from hyperion.sequencer.parameters import WHOLE, Parameters
from hyperion.sequencer.stake.sets import fixed_set
from hyperion.sequencer.stake.slashing import burn, conflicts, in_time, judged
from hyperion.sequencer.stake.types import (
    Account,
    Accuse,
    Address,
    Bond,
    Claim,
    Deposit,
    EndEpoch,
    Event,
    Exit,
    Fees,
    Reason,
    Refused,
    Reward,
    Set,
    Stake,
    Unbond,
    Unjail,
    Withdraw,
)

NOBODY: Final = Account()


def account_of(state: Stake, address: Address) -> Account:
    """The account; one of which nothing is known holds nothing."""
    return state.accounts.get(address, NOBODY)


def with_account(state: Stake, address: Address, account: Account) -> Stake:
    """The state in which the account is this."""
    return attrs.evolve(state, accounts=state.accounts.set(address, account))


@rule("SEQ-stake-genesis", "The first two epochs have the set that the first bonds make.")
def genesis(figures: Parameters, time: int, bonds: Mapping[Address, int]) -> Stake | Refused:
    """The first state. Refused: bonds that are not positive, or of which nobody is eligible."""
    if any(amount <= 0 for amount in bonds.values()):
        return Refused(Reason.AMOUNT)
    accounts = Map({address: Account(bonded=amount) for address, amount in bonds.items()})
    first = fixed_set(figures, 0, accounts)
    if not first.seats:
        return Refused(Reason.NO_SET)
    sets = Map({0: first, 1: attrs.evolve(first, epoch=1)})
    return Stake(time, 0, accounts, sets, Map(), 0, sum(bonds.values()), 0, 0)


@rule("SEQ-stake-deposit", "A deposit adds to what is free.")
def deposit(figures: Parameters, state: Stake, event: Deposit) -> Stake:
    """Deposited amounts."""
    account = account_of(state, event.account)
    moved = with_account(state, event.account, attrs.evolve(account, free=account.free + event.amount))
    return attrs.evolve(moved, received=state.received + event.amount)


@rule("SEQ-stake-funds", "Nobody bonds, unbonds or withdraws more than there is.")
def short_of(available: int, amount: int) -> Refused | None:
    """Refused if the amount is more than available."""
    return Refused(Reason.FUNDS, (amount, available)) if amount > available else None


@rule("SEQ-stake-least-bond", "A bond is zero, or the least bond at least, after any bonding and unbonding.")
def too_small(figures: Parameters, bonded: int) -> Refused | None:
    """Refused if it is neither."""
    if bonded == 0 or bonded >= figures.least_bond:
        return None
    return Refused(Reason.LEAST_BOND, (bonded, figures.least_bond))


@rule("SEQ-stake-bond", "Bonding moves free amounts into the bond; weight comes with the set that is fixed next.")
@rule("SEQ-stake-offended", "A validator that was proved to have equivocated bonds nothing, and is never let out.")
def bond(figures: Parameters, state: Stake, event: Bond) -> Stake | Refused:
    """Bonded amounts."""
    account = account_of(state, event.account)
    if account.offended:
        return Refused(Reason.OFFENDED)
    after = attrs.evolve(account, free=account.free - event.amount, bonded=account.bonded + event.amount)
    refused = short_of(account.free, event.amount) or too_small(figures, after.bonded)
    return refused or with_account(state, event.account, after)


@rule(
    "SEQ-stake-unbond",
    "Unbonded stake has weight until the end of the next epoch, whose set is fixed; its time runs from there.",
)
def unbond(figures: Parameters, state: Stake, event: Unbond) -> Stake | Refused:
    """Unbonded amounts. An offender may leave with whatever is left."""
    account = account_of(state, event.account)
    bonded = account.bonded - event.amount
    refused = short_of(account.bonded, event.amount)
    if refused is None and not account.offended:
        refused = too_small(figures, bonded)
    exits = (*account.exits, Exit(event.amount, state.epoch + 1))
    return refused or with_account(state, event.account, attrs.evolve(account, bonded=bonded, exits=exits))


@rule("SEQ-stake-release", "An exit is paid when the unbonding time has passed since the end of its last epoch.")
def released(part: Exit, time: int) -> bool:
    """Whether its time has come."""
    return part.release is not None and time >= part.release


@rule("SEQ-stake-frozen", "Exits of an offender are not paid while an offence could still be correlated with its own.")
def claim(figures: Parameters, state: Stake, event: Claim) -> Stake | Refused:
    """What is released becomes free. Refused: nothing is, or all is frozen."""
    account = account_of(state, event.account)
    due = sum(part.amount for part in account.exits if released(part, state.time))
    if due == 0:
        return Refused(Reason.RELEASE)
    if state.time <= account.frozen_until:
        return Refused(Reason.FROZEN, (account.frozen_until,))
    exits = tuple(part for part in account.exits if not released(part, state.time))
    return with_account(state, event.account, attrs.evolve(account, free=account.free + due, exits=exits))


@rule("SEQ-stake-withdraw", "Only what is free can be withdrawn.")
def withdraw(figures: Parameters, state: Stake, event: Withdraw) -> Stake | Refused:
    """Withdrawn amounts."""
    account = account_of(state, event.account)
    refused = short_of(account.free, event.amount)
    if refused is not None:
        return refused
    moved = with_account(state, event.account, attrs.evolve(account, free=account.free - event.amount))
    return attrs.evolve(moved, withdrawn=state.withdrawn + event.amount)


@rule("SEQ-stake-unjail", "A jailed validator is let out on its request once the time of its jail has passed.")
def unjail(figures: Parameters, state: Stake, event: Unjail) -> Stake | Refused:
    """Out of jail; in a set again from the second epoch after this."""
    account = account_of(state, event.account)
    if account.jailed_until is None or state.time < account.jailed_until:
        return Refused(Reason.JAIL, (account.jailed_until,))
    return with_account(state, event.account, attrs.evolve(account, jailed_until=None))


@rule("SEQ-evidence-once", "A validator is judged for equivocation once: evidence shown again changes nothing.")
def accuse(figures: Parameters, state: Stake, event: Accuse) -> Stake | Refused:
    """The offender punished. Refused: no conflict, an epoch too old or unknown, who had no seat, who was judged."""
    evidence = event.evidence
    if not conflicts(evidence):
        return Refused(Reason.EVIDENCE)
    known = state.offences.get(evidence.offender)
    if known is not None:
        return Refused(Reason.ONCE)
    found = state.sets.get(evidence.epoch)
    if found is None or evidence.epoch > state.epoch or not in_time(figures, found.ended, state.time):
        return Refused(Reason.KNOWN_EPOCH, (evidence.epoch, state.epoch))
    if found.stake_of(evidence.offender) == 0:
        return Refused(Reason.NOT_SEATED)
    return judged(figures, state, evidence, found)


@rule("SEQ-stake-seated", "Fees, evidence and misses name a validator of the epoch's set.")
def fees(figures: Parameters, state: Stake, event: Fees) -> Stake | Refused:
    """The fees of a block are the leader's, at once and whole."""
    if state.sets[state.epoch].stake_of(event.leader) == 0:
        return Refused(Reason.NOT_SEATED)
    return deposit(figures, state, Deposit(event.leader, event.amount))


def reward(figures: Parameters, state: Stake, event: Reward) -> Stake:
    """An amount for the pool."""
    return attrs.evolve(state, pool=state.pool + event.amount, received=state.received + event.amount)


@rule("SEQ-stake-misses", "Who missed more than the allowed share of an epoch's heights is jailed and pays an amount.")
def absent(figures: Parameters, state: Stake, address: Address, missed: int, heights: int) -> Stake:
    """The state after the misses of one validator are judged; one in jail already is not jailed again."""
    account = account_of(state, address)
    if missed * WHOLE <= figures.missed_share * heights or account.jailed_until is not None:
        return state
    after, taken = burn(account, figures.downtime_burn)
    after = attrs.evolve(after, jailed_until=state.time + figures.downtime_jail)
    return attrs.evolve(with_account(state, address, after), burned=state.burned + taken)


@rule(
    "SEQ-stake-reward",
    "Rewards are shared by stake over the epoch's set, rounded down; what the jailed and offenders would get, "
    "and what rounding leaves, stays in the pool.",
)
def shared(state: Stake, ended: Set) -> Stake:
    """The pool paid out."""
    accounts, left = state.accounts, state.pool
    for seat in ended.seats:
        account = accounts[seat.address]
        if account.offended or account.jailed_until is not None:
            continue
        share = state.pool * seat.stake // ended.total
        accounts = accounts.set(seat.address, attrs.evolve(account, free=account.free + share))
        left -= share
    return attrs.evolve(state, accounts=accounts, pool=left)


def stamped(figures: Parameters, account: Account, epoch: int, time: int) -> Account:
    """The account in which the time of exits that had weight until this epoch begins to run."""
    if all(part.last_epoch != epoch for part in account.exits):
        return account
    return attrs.evolve(
        account,
        exits=tuple(
            attrs.evolve(part, release=time + figures.unbonding) if part.last_epoch == epoch else part
            for part in account.exits
        ),
    )


def wrong_misses(ended: Set, event: EndEpoch) -> bool:
    """Whether misses are counted twice, or of who has no seat, or are more than there were heights."""
    names = [address for address, _ in event.missed]
    counts_fit = all(0 <= missed <= event.heights for _, missed in event.missed)
    return len(dict.fromkeys(names)) != len(names) or not counts_fit or not all(map(ended.stake_of, names))


@rule("SEQ-stake-no-set", "An epoch does not end as long as nobody is eligible for the set after the next.")
@rule("SEQ-set-fixed", "The set of epoch e is fixed at the end of epoch e - 2, and never changed.")
def end_epoch(figures: Parameters, state: Stake, event: EndEpoch) -> Stake | Refused:
    """The next epoch runs: misses are judged, rewards shared, the set after the next fixed, times of exits begun."""
    ended = attrs.evolve(state.sets[state.epoch], ended=state.time)
    if event.heights <= 0 or wrong_misses(ended, event):
        return Refused(Reason.MISSES)
    after = state
    for address, missed in event.missed:
        after = absent(figures, after, address, missed, event.heights)
    after = shared(after, ended)
    following = fixed_set(figures, state.epoch + 2, after.accounts)
    if not following.seats:
        return Refused(Reason.NO_SET)
    accounts = Map(
        {name: stamped(figures, account, state.epoch, state.time) for name, account in after.accounts.items()}
    )
    sets = {number: found for number, found in sorted(state.sets.items()) if in_time(figures, found.ended, state.time)}
    sets |= {state.epoch: ended, state.epoch + 2: following}
    return attrs.evolve(after, epoch=state.epoch + 1, accounts=accounts, sets=Map(sets))


def handled(figures: Parameters, state: Stake, event: Event) -> Stake | Refused:
    """The state after the event, by the rule for its kind."""
    match event:
        case Deposit():
            return deposit(figures, state, event)
        case Bond():
            return bond(figures, state, event)
        case Unbond():
            return unbond(figures, state, event)
        case Claim():
            return claim(figures, state, event)
        case Withdraw():
            return withdraw(figures, state, event)
        case Unjail():
            return unjail(figures, state, event)
        case Accuse():
            return accuse(figures, state, event)
        case Fees():
            return fees(figures, state, event)
        case Reward():
            return reward(figures, state, event)
        case EndEpoch():
            return end_epoch(figures, state, event)


@rule("SEQ-stake-clock", "Time does not go back.")
@rule("SEQ-stake-amount", "Amounts are positive.")
def step(figures: Parameters, state: Stake, time: int, event: Event) -> Stake | Refused:
    """The state after the event at the time, or why it is refused, in which case nothing has changed."""
    if time < state.time:
        return Refused(Reason.CLOCK, (time, state.time))
    amount = getattr(event, "amount", 1)
    if amount <= 0:
        return Refused(Reason.AMOUNT, (amount,))
    return handled(figures, attrs.evolve(state, time=time), event)


def run(figures: Parameters, state: Stake, events: tuple[tuple[int, Event], ...]) -> Stake:
    """The state after the events; those that are refused change nothing."""

    def next_state(state: Stake, timed: tuple[int, Event]) -> Stake:
        after = step(figures, state, *timed)
        return state if isinstance(after, Refused) else after

    return reduce(next_state, events, state)
