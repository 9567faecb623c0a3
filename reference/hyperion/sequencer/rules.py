"""Where stake, schedule and finality meet: a decided block moves the height, pays its leader, and may end the epoch.

The weights that decide a height are the set of its epoch, which was fixed two epochs before; who leads it is that set's
schedule; what finality proves against a validator is judged by the stake. Nothing else goes between the three.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import attrs
from immutables import Map

from hyperion.rules import rule
from hyperion.sequencer.finality.acts import Decision, Setting
from hyperion.sequencer.finality.certificates import Certificate, Handover, Rejected, handover_refused, refused
from hyperion.sequencer.finality.node import setting_of
from hyperion.sequencer.finality.types import Address, Proposal, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import Validators, validators_of
from hyperion.sequencer.parameters import Parameters
from hyperion.sequencer.schedule.leaders import NoSchedule, Schedule, leader, schedule
from hyperion.sequencer.stake import rules as stake_rules
from hyperion.sequencer.stake.types import (
    Accuse,
    Bond,
    Claim,
    Deposit,
    EndEpoch,
    Evidence,
    Fees,
    Reason,
    Refused,
    Reward,
    Stake,
    Statement,
    Unbond,
    Unjail,
    Withdraw,
)


@attrs.frozen
class Sequencer:
    """The state: the stake, the schedule of the running epoch, and the height that is decided next."""

    stake: Stake
    schedule: Schedule
    height: int
    epoch_heights: int
    """Heights after which an epoch ends, if there is a set to go on with."""
    firsts: Map[int, int]
    """First heights of the running epoch and of those about which evidence may still come."""
    absences: Map[Address, int]
    """Heights of the running epoch whose certificate lacks the validator."""


@attrs.frozen
class Decided:
    """The next height is decided; at the end of an epoch with both sets' certificates."""

    proposal: Proposal
    commit: Certificate
    fees: int = 0
    handover: Certificate | None = None
    """Precommits of the next epoch's set for the same block."""


@attrs.frozen
class Accused:
    """Anyone shows two messages of one validator that finality has found to contradict each other."""

    epoch: int
    """Whose set they were signed for: a signature covers it, so who shows them can't choose it."""
    first: Vote | Proposal
    second: Vote | Proposal


StakeEvent: TypeAlias = Deposit | Bond | Unbond | Claim | Withdraw | Unjail | Reward
Event: TypeAlias = Decided | Accused | StakeEvent
"""The stake's events except fees, evidence and ends of epochs, which only come from finality."""
Outcome: TypeAlias = Sequencer | Refused | Rejected


def validators_at(state: Sequencer, epoch: int) -> Validators:
    """The weights of an epoch. An epoch whose set is not known has none."""
    found = state.stake.sets.get(epoch)
    return validators_of({seat.address: seat.stake for seat in found.seats} if found is not None else {})


def scheduled(figures: Parameters, stake: Stake, first: int) -> Schedule | NoSchedule:
    """The schedule of the running epoch's set."""
    seats = tuple((seat.address, seat.stake) for seat in stake.sets[stake.epoch].seats)
    return schedule(first, seats, figures.most_slots)


@rule("SEQ-genesis", "Height 0 begins epoch 0 with the set of the first bonds.")
def genesis(figures: Parameters, time: int, bonds: Map[Address, int], epoch_heights: int) -> Outcome:
    """The first state. Refused: bonds of which nobody is eligible, an epoch without heights."""
    if epoch_heights <= 0:
        return Rejected("SEQ-genesis")
    stake = stake_rules.genesis(figures, time, bonds)
    if isinstance(stake, Refused):
        return stake
    made = scheduled(figures, stake, 0)
    if isinstance(made, NoSchedule):
        return Rejected("SEQ-genesis")
    return Sequencer(stake, made, 0, epoch_heights, Map({0: 0}), Map())


@rule("SEQ-setting", "The leaders of a height are those of its epoch's schedule; finality asks nobody else.")
def setting(state: Sequencer, is_valid: Callable[[Value], bool]) -> Setting:
    """What validators need to decide heights of the running epoch."""
    made = state.schedule
    return setting_of(lambda height, round: leader(made, height, round), is_valid)


def epoch_of(state: Sequencer, height: int) -> int | None:
    """The epoch of a height that has begun, or None for one that is not known any more, or not yet."""
    begun = [epoch for epoch, first in sorted(state.firsts.items()) if first <= height]
    return begun[-1] if begun and height <= state.height else None


@rule(
    "SEQ-signed-epoch",
    "A message counts in the epoch it was signed for: that of its height, or, for the last height, the next one.",
)
def is_of_epoch(state: Sequencer, epoch: int, height: int) -> bool:
    """Whether a message of the height may have been signed for the epoch.

    The last height of an epoch is decided by two sets. Who sits in both votes in two runs of the algorithm, and may
    vote differently in them: without the epoch in what is signed, an honest validator would contradict itself.
    """
    of_height = epoch_of(state, height)
    return of_height is not None and (epoch == of_height or state.firsts.get(epoch) == height + 1)


@rule("SEQ-decided", "A height is decided by a proposal of its leader with precommits of a quorum of its epoch's set.")
def undecided(state: Sequencer, event: Decided) -> Rejected | None:
    """None if the event decides the next height."""
    proposal, commit = event.proposal, event.commit
    subject = (commit.type, commit.height, commit.round, commit.value)
    if subject != (VoteType.PRECOMMIT, state.height, proposal.round, proposal.value) or proposal.round < 0:
        return Rejected("SEQ-decided")
    if proposal.height != state.height or proposal.sender != leader(state.schedule, state.height, proposal.round):
        return Rejected("SEQ-decided")
    return refused(commit, validators_at(state, state.stake.epoch))


@rule("SEQ-missed", "A height counts as missed by the validators of the set that its certificate lacks.")
def with_missed(state: Sequencer, commit: Certificate) -> Map[Address, int]:
    """The counts after a height. Who decides which precommits a certificate has may leave some out."""
    missed = state.absences
    for address in sorted(validators_at(state, state.stake.epoch).weights):
        if address not in commit.signers:
            missed = missed.set(address, missed.get(address, 0) + 1)
    return missed


@rule("SEQ-decided-fees", "The fees of a block are its leader's.")
def paid(figures: Parameters, state: Sequencer, time: int, event: Decided) -> Stake | Refused:
    """The stake at the time of the block, with its fees."""
    if event.fees:
        return stake_rules.step(figures, state.stake, time, Fees(event.proposal.sender, event.fees))
    # No event of the stake, but its clock moves all the same, and does not go back.
    if time < state.stake.time:
        return Refused(Reason.CLOCK, (time, state.stake.time))
    return attrs.evolve(state.stake, time=time)


def decided(figures: Parameters, state: Sequencer, time: int, event: Decided) -> Outcome:
    """The state after a decided height."""
    wrong = undecided(state, event)
    if wrong is not None:
        return wrong
    stake = paid(figures, state, time, event)
    if isinstance(stake, Refused):
        return stake
    after = attrs.evolve(state, stake=stake, height=state.height + 1, absences=with_missed(state, event.commit))
    if after.height - state.schedule.first < state.epoch_heights:
        return after
    return epoch_ended(figures, state, after, time, event)


@rule(
    "SEQ-epoch-end",
    "After its heights an epoch ends with a block that both sets have decided; without a set to fix it goes on.",
)
def epoch_ended(figures: Parameters, before: Sequencer, after: Sequencer, time: int, event: Decided) -> Outcome:
    """The next epoch, or one more height of this one. Refused: no hand-over by the next set, where there is one."""
    heights = after.height - before.schedule.first
    stake = stake_rules.step(figures, after.stake, time, EndEpoch(heights, tuple(sorted(after.absences.items()))))
    if isinstance(stake, Refused):
        return after
    epoch = before.stake.epoch
    if event.handover is None:
        return Rejected("FIN-handover")
    both = Handover(event.commit, event.handover)
    wrong = handover_refused(both, validators_at(before, epoch), validators_at(before, epoch + 1))
    if wrong is not None:
        return wrong
    made = scheduled(figures, stake, after.height)
    if isinstance(made, NoSchedule):
        return Rejected("SEQ-epoch-end")
    known = {number: first for number, first in sorted(before.firsts.items()) if number in stake.sets}
    firsts = Map({**known, stake.epoch: after.height})
    return Sequencer(stake, made, after.height, before.epoch_heights, firsts, Map())


def statement_of(message: Vote | Proposal) -> Statement:
    """What the message's sender has signed. Two proposals contradict each other by value or by valid round."""
    if isinstance(message, Proposal):
        value = b"%d:" % message.valid_round + message.value
        return Statement(message.height, message.round, "proposal", value)
    return Statement(message.height, message.round, message.type.name.lower(), message.value)


@rule("SEQ-accused", "What finality holds against a validator is evidence in the epoch that it was signed for.")
def accused(figures: Parameters, state: Sequencer, time: int, event: Accused) -> Outcome:
    """The state after evidence was judged. Refused: messages of two senders, of a height that is not known."""
    first, second = event.first, event.second
    if first.sender != second.sender or not is_of_epoch(state, event.epoch, first.height):
        return Rejected("SEQ-accused")
    evidence = Evidence(first.sender, event.epoch, statement_of(first), statement_of(second))
    stake = stake_rules.step(figures, state.stake, time, Accuse(evidence))
    return stake if isinstance(stake, Refused) else attrs.evolve(state, stake=stake)


@rule("SEQ-step", "Fees, evidence and ends of epochs reach the stake through decided heights and votes only.")
def step(figures: Parameters, state: Sequencer, time: int, event: Event) -> Outcome:
    """The state after an event at a time, or the rule that refuses it, in which case nothing has changed."""
    if isinstance(event, Decided):
        return decided(figures, state, time, event)
    if isinstance(event, Accused):
        return accused(figures, state, time, event)
    stake = stake_rules.step(figures, state.stake, time, event)
    return stake if isinstance(stake, Refused) else attrs.evolve(state, stake=stake)


@rule("SEQ-chain", "A chain that validators have decided is one that the sequencer accepts, height by height.")
def decided_by(decision: Decision, fees: int = 0, handover: Certificate | None = None) -> Decided | Rejected:
    """A validator's decision as an event. Refused: one without its certificate."""
    if decision.commit is None:
        return Rejected("SEQ-chain")
    return Decided(decision.proposal, decision.commit, fees, handover)
