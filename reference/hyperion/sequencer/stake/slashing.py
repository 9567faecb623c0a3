"""What is evidence, what an offence costs, and from where it is taken."""

import attrs

from hyperion.rules import rule
from hyperion.sequencer.parameters import WHOLE, Parameters
from hyperion.sequencer.stake.types import Account, Address, Evidence, Exit, Offence, Set, Stake, Statement


def order_of(statement: Statement) -> tuple[int, bytes]:
    """Statements of one place in order; nil comes first."""
    return (0, b"") if statement.value is None else (1, statement.value)


@rule(
    "SEQ-evidence-conflict",
    "Evidence is two statements of one validator for one height, round and kind with two values.",
)
def conflicts(evidence: Evidence) -> bool:
    """Whether the two statements contradict each other. An honest validator signs at most one of them."""
    one, other = evidence.first, evidence.second
    return (one.height, one.round, one.kind) == (other.height, other.round, other.kind) and one.value != other.value


@rule("SEQ-evidence-canonical", "The identity of evidence does not depend on the order of its statements.")
def identity(evidence: Evidence) -> tuple[object, ...]:
    """A tuple of fields, not a concatenation of them: two different things never have one identity."""
    low, high = sorted((evidence.first, evidence.second), key=order_of)
    return (evidence.offender, evidence.epoch, low.height, low.round, low.kind, low.value, high.value)


@rule(
    "SEQ-evidence-age",
    "Evidence about an epoch is judged until evidence age and inclusion time have passed since the epoch's end.",
)
def in_time(figures: Parameters, ended: int | None, time: int) -> bool:
    """Whether it is not too late, in seconds; ``ended`` is None while the epoch runs."""
    return ended is None or time <= ended + figures.evidence_age + figures.inclusion


@rule("SEQ-slash-correlated", "Offences of one epoch, or judged within the correlation window, count together.")
def correlated(figures: Parameters, one: Offence, other: Offence) -> bool:
    """Whether each makes the other dearer."""
    return one.epoch == other.epoch or abs(one.judged - other.judged) <= figures.correlation_window


@rule(
    "SEQ-slash-penalty",
    "An offence costs the equivocation share of the stake, or the correlation factor times the share that misbehaved "
    "together if that is more, rounded up, all of it at most.",
)
def penalty(figures: Parameters, stake: int, together: int, total: int) -> int:
    """Of the offender's ``stake`` in its epoch, where validators with stake ``together`` of ``total`` misbehaved."""
    least = -(-stake * figures.equivocation_share // WHOLE)
    shared = -(-stake * figures.correlation_factor * together // total)
    return min(stake, max(least, shared))


@rule("SEQ-slash-order", "What is burned is taken from the bond first, then from the exits that leave last.")
def burn(account: Account, amount: int) -> tuple[Account, int]:
    """The account without the amount, or without all that is slashable if that is less, and what was taken."""
    left = min(amount, account.slashable)
    taken = min(left, account.bonded)
    rest, exits = left - taken, list[Exit]()
    for part in reversed(account.exits):
        cut = min(rest, part.amount)
        rest -= cut
        if cut < part.amount:
            exits.append(attrs.evolve(part, amount=part.amount - cut))
    return attrs.evolve(account, bonded=account.bonded - taken, exits=tuple(reversed(exits))), left


@rule(
    "SEQ-slash-together",
    "When an offence is judged, each correlated one that costs more by it is brought to its new price.",
)
def brought_up(figures: Parameters, state: Stake, latest: Offence) -> Stake:
    """The state in which all offences cost what they should; nothing limits how many that are in a day."""
    accounts, offences, burned = state.accounts, state.offences, state.burned
    for offender, offence in sorted(state.offences.items()):
        if not correlated(figures, offence, latest):
            continue
        together = sum(other.stake for other in state.offences.values() if correlated(figures, offence, other))
        due = penalty(figures, offence.stake, together, offence.total)
        account, taken = burn(accounts[offender], max(due - offence.burned, 0))
        until = max(account.frozen_until, latest.judged + figures.correlation_window)
        accounts = accounts.set(offender, attrs.evolve(account, frozen_until=until))
        offences = offences.set(offender, attrs.evolve(offence, burned=offence.burned + taken))
        burned += taken
    return attrs.evolve(state, accounts=accounts, offences=offences, burned=burned)


def judged(figures: Parameters, state: Stake, evidence: Evidence, found: Set) -> Stake:
    """The state after the offence: the offender is out for good, and everyone correlated pays."""
    offender: Address = evidence.offender
    stake = found.stake_of(offender)
    offence = Offence(identity(evidence), evidence.epoch, stake, found.total, state.time, burned=0)
    account = attrs.evolve(state.accounts[offender], offended=True)
    return brought_up(
        figures,
        attrs.evolve(
            state,
            accounts=state.accounts.set(offender, account),
            offences=state.offences.set(offender, offence),
        ),
        offence,
    )
