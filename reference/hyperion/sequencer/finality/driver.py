"""From messages to inputs of the algorithm: what a validator has received decides which rows are asked.

One call of ``act`` is one step of Malachite's ``driver.qnt``; ``node`` makes a validator of it. The order of the
checks is the published one, since it decides which of several enabled rows is taken.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from immutables import Map

from hyperion.rules import rule
from hyperion.sequencer.finality.acts import (
    Act,
    Decision,
    Done,
    Driver,
    Expire,
    Owed,
    Provide,
    Receive,
    Reconsider,
    Setting,
    Settle,
)
from hyperion.sequencer.finality.certificates import (
    Certificate,
    apply_certificate,
    certificate_for,
    certificate_of_event,
)
from hyperion.sequencer.finality.consensus import advance
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    NOTHING,
    Decide,
    Input,
    Kind,
    Output,
    Proposal,
    SkipRound,
    Step,
    Timeout,
    Value,
    Vote,
    VoteType,
)
from hyperion.sequencer.finality.votes import (
    SILENCE,
    Event,
    Reached,
    apply_vote,
    has_reached,
    has_reached_any,
)

Result: TypeAlias = tuple[Driver, Output]
replace = msgspec.structs.replace


@rule("FIN-hand-on-once", "An input is handed to the algorithm once in a round and step.")
def hand_on(driver: Driver, given: Input) -> Result:
    """Ask the row for an input, unless it has been asked in this round and step before."""
    before = driver.consensus
    if Done(given, before.height, before.round, before.step) in driver.done:
        return driver, NOTHING
    after, output = advance(before, given)
    done = Done(given, after.height, after.round, before.step)
    return replace(driver, consensus=after, done=(*driver.done, done)), output


def proposes(driver: Driver, round: int, value: Value) -> bool:
    """Whether the value was properly proposed in the round."""
    return any(proposal.round == round and proposal.value == value for proposal in sorted(driver.proposals))


def proposes_again(driver: Driver, round: int, value: Value, valid_round: int) -> bool:
    """Whether the value was properly proposed in the round with this valid round."""
    return any(
        (proposal.round, proposal.value, proposal.valid_round) == (round, value, valid_round)
        for proposal in sorted(driver.proposals)
    )


@rule("FIN-on-precommits", "Precommits for a proposed value decide in any round; others count in the present one only.")
def on_precommits(driver: Driver, event: Event) -> Result:
    """What the count of precommits leads to."""
    here = driver.consensus.round
    if event.reached == Reached.PRECOMMIT_VALUE and event.value is not None:
        if proposes(driver, event.round, event.value):
            return hand_on(driver, Input(Kind.PROPOSAL_COMMIT, event.round, event.value))
        if event.round == here:
            return hand_on(driver, Input(Kind.PRECOMMIT_ANY))
        if event.round > here:
            return hand_on(driver, Input(Kind.ROUND_SKIP, event.round))
    elif event.reached == Reached.PRECOMMIT_ANY and event.round == here:
        return hand_on(driver, Input(Kind.PRECOMMIT_ANY))
    elif event.reached == Reached.SKIP and event.round > here:
        return hand_on(driver, Input(Kind.ROUND_SKIP, event.round))
    return driver, NOTHING


@rule("FIN-on-prevotes", "A polka counts in its own round, or in a later one whose proposal names it.")
def on_prevotes(driver: Driver, event: Event) -> Result:
    """What the count of prevotes leads to."""
    here, value = driver.consensus.round, event.value
    if event.reached == Reached.POLKA_VALUE and value is not None:
        if event.round < here and proposes_again(driver, here, value, event.round):
            return hand_on(driver, Input(Kind.PROPOSAL_POLKA_PREVIOUS, event.round, value))
        if event.round == here:
            if proposes(driver, here, value):
                owed = Owed(Input(Kind.PROPOSAL_POLKA, value=value), driver.consensus.height, here)
                driver = replace(driver, owed=driver.owed | {owed})
            return hand_on(driver, Input(Kind.POLKA_ANY))
    elif event.reached == Reached.POLKA_ANY and event.round == here:
        return hand_on(driver, Input(Kind.POLKA_ANY))
    elif event.reached == Reached.POLKA_NIL and event.round == here:
        return hand_on(driver, Input(Kind.POLKA_NIL))
    elif event.reached == Reached.SKIP and event.round > here:
        return hand_on(driver, Input(Kind.ROUND_SKIP, event.round))
    return driver, NOTHING


TIMEOUTS: Map[Timeout, Kind] = Map(
    {
        Timeout.PROPOSE: Kind.TIMEOUT_PROPOSE,
        Timeout.PREVOTE: Kind.TIMEOUT_PREVOTE,
        Timeout.PRECOMMIT: Kind.TIMEOUT_PRECOMMIT,
    }
)


def on_timeout(driver: Driver, timeout: Timeout) -> Result:
    """A timeout of the present height and round is over."""
    here = driver.consensus
    return hand_on(driver, Input(TIMEOUTS[timeout], here.round, height=here.height))


@rule("FIN-proposal-leader", "A proposal counts only from the leader of its round.")
def on_proposal(driver: Driver, proposal: Proposal, setting: Setting) -> Result:
    """What a proposal leads to."""
    if proposal.sender != setting.proposer(proposal.height, proposal.round):
        return driver, NOTHING
    if not setting.is_valid(proposal.value):
        return on_invalid(driver, proposal)
    driver = replace(driver, proposals=driver.proposals | {proposal})
    if has_reached(driver.keeper, proposal.round, VoteType.PRECOMMIT, proposal.value):
        return hand_on(driver, Input(Kind.PROPOSAL_COMMIT, proposal.round, proposal.value))
    here = driver.consensus
    if (here.round, here.height) != (proposal.round, proposal.height):
        return driver, NOTHING
    if here.step == Step.PROPOSE:
        return on_valid_in_propose(driver, proposal)
    polka = has_reached(driver.keeper, here.round, VoteType.PREVOTE, proposal.value)
    if here.step in {Step.PREVOTE, Step.PRECOMMIT} and polka:
        return hand_on(driver, Input(Kind.PROPOSAL_POLKA, value=proposal.value))
    return driver, NOTHING


@rule("FIN-valid-first", "Validity is judged before the prevote; an invalid proposal is not kept.")
def on_invalid(driver: Driver, proposal: Proposal) -> Result:
    """A proposal that the application does not accept."""
    here = driver.consensus
    if (here.step, here.round, here.height) != (Step.PROPOSE, proposal.round, proposal.height):
        return driver, NOTHING
    if has_reached(driver.keeper, proposal.valid_round, VoteType.PREVOTE, proposal.value):
        return hand_on(driver, Input(Kind.PROPOSAL_POLKA_INVALID, value=proposal.value))
    return hand_on(driver, Input(Kind.PROPOSAL_INVALID))


@rule("FIN-valid-round", "A proposal with a valid round waits for the polka that it names.")
def on_valid_in_propose(driver: Driver, proposal: Proposal) -> Result:
    """A valid proposal of this round, before the prevote."""
    if proposal.valid_round == NO_ROUND:
        return hand_on(driver, Input(Kind.PROPOSAL, proposal.round, proposal.value))
    if has_reached(driver.keeper, proposal.valid_round, VoteType.PREVOTE, proposal.value):
        return hand_on(driver, Input(Kind.PROPOSAL_POLKA_PREVIOUS, proposal.valid_round, proposal.value))
    return driver, NOTHING


def leaders_proposals(driver: Driver, setting: Setting) -> tuple[Proposal, ...]:
    """Proposals of the present round, ascending: more than one if its leader equivocated."""
    here = driver.consensus
    leader = setting.proposer(here.height, here.round)
    return tuple(
        proposal
        for proposal in sorted(driver.proposals)
        if (proposal.sender, proposal.height, proposal.round) == (leader, here.height, here.round)
    )


@rule("FIN-step-change", "Where the step changes, what was received before is looked at again.")
def on_step_change(driver: Driver, chosen: Proposal | None, setting: Setting) -> Result:
    """A step was entered: the proposal first, then what needs none."""
    here, before = driver.consensus, driver
    if has_reached_any(driver.keeper, here.round, VoteType.PRECOMMIT):
        owed = Owed(Input(Kind.PRECOMMIT_ANY), here.height, here.round)
        driver = replace(driver, owed=driver.owed | {owed})
    proposals = leaders_proposals(driver, setting)
    if proposals:
        return on_proposal(driver, chosen if chosen in proposals else proposals[0], setting)
    # As published: without a proposal the precommits are not kept as owed.
    if before.changed == Step.PREVOTE:
        if has_reached(before.keeper, here.round, VoteType.PREVOTE, None):
            return hand_on(before, Input(Kind.POLKA_NIL))
        if has_reached_any(before.keeper, here.round, VoteType.PREVOTE):
            return hand_on(before, Input(Kind.POLKA_ANY))
    return before, NOTHING


def enter(driver: Driver, round: int, setting: Setting) -> Result:
    """Enter a round, leading it or not."""
    leads = setting.enters_leading(driver.consensus, round)
    return hand_on(driver, Input(Kind.NEW_ROUND_PROPOSER if leads else Kind.NEW_ROUND, round))


@rule("FIN-chain", "A decision is appended with its proposal and its certificate.")
def decided(driver: Driver, decision: Decide) -> Driver:
    """The driver with the decision at the end of its chain."""
    here = driver.consensus
    commit = certificate_for(driver.keeper, VoteType.PRECOMMIT, decision.round, decision.value)
    proposal = next(
        proposal
        for proposal in sorted(driver.proposals, reverse=True)
        if (proposal.height, proposal.round, proposal.value) == (here.height, decision.round, decision.value)
    )
    return replace(driver, chain=(*driver.chain, Decision(proposal, commit)))


def on_settle(driver: Driver, owed: Owed) -> Result:
    """Hand on what is owed, if the round is still the same."""
    here = driver.consensus
    driver = replace(driver, owed=driver.owed - {owed})
    if (owed.height, owed.round) == (here.height, here.round):
        return hand_on(driver, owed.given)
    return driver, NOTHING


@rule("FIN-height", "A message of another height changes nothing.")
def on_message(driver: Driver, message: Proposal | Vote | Certificate, setting: Setting) -> Result:
    """A message, which counts if it is of this height."""
    if message.height != driver.consensus.height:
        return replace(driver, event=SILENCE), NOTHING
    if isinstance(message, Proposal):
        return on_proposal(driver, message, setting)
    if isinstance(message, Vote):
        keeper, event = apply_vote(driver.keeper, message, driver.consensus.round)
    else:
        keeper, event = apply_certificate(driver.keeper, message)
    driver = replace(driver, keeper=keeper, event=event)
    return on_precommits(driver, event) if message.type == VoteType.PRECOMMIT else on_prevotes(driver, event)


def respond(driver: Driver, what: Act, setting: Setting) -> Result:
    """What an act leads to, before a decision is recorded or a round left."""
    if isinstance(what, Receive):
        return on_message(driver, what.message, setting)
    if isinstance(what, Settle):
        return on_settle(driver, what.owed)
    if isinstance(what, Reconsider):
        return on_step_change(driver, what.proposal, setting)
    if isinstance(what, Expire):
        return on_timeout(driver, what.timeout)
    if isinstance(what, Provide):
        return hand_on(driver, Input(Kind.PROPOSE_VALUE, value=what.value))
    return enter(replace(driver, started=True), 0, setting)


def concluded(driver: Driver, output: Output, setting: Setting) -> Result:
    """Record a decision, or enter the round that an output names."""
    if isinstance(output, Decide):
        return decided(driver, output), output
    if isinstance(output, SkipRound):
        return enter(driver, output.round, setting)
    return driver, output


def stepped(before: Driver, after: Driver) -> Driver:
    """Note in ``after`` which step was entered since ``before``."""
    step = after.consensus.step
    return replace(after, changed=Step.NONE if step == before.consensus.step else step)


@rule("FIN-act", "A decision is recorded, and a round that is over is left, in the step that finds it.")
def act(driver: Driver, what: Act, setting: Setting) -> tuple[Driver, Output, Certificate | None]:
    """One step of a validator: what it is afterwards, what it asks, and a certificate that it can show from now on.

    As published, a decision that ``Reconsider`` or ``Settle`` finds is told but not recorded; ``node`` records it.
    """
    after, output = respond(driver, what, setting)
    certificate = None
    if isinstance(what, Receive) and not isinstance(what.message, Proposal) and not isinstance(output, SkipRound):
        certificate = certificate_of_event(after.keeper, after.event)
    if isinstance(what, Receive | Expire):
        after, output = concluded(after, output, setting)
    return stepped(driver, after), output, certificate
