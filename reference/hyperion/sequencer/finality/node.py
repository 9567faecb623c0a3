"""What a validator runs: events in, messages and timers out.

A step hands the event to the driver and then everything that has become due, until nothing is. The published driver
leaves some rows of the paper unasked where messages come before their step; here none stays so (``due``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import msgspec

from hyperion.rules import rule
from hyperion.sequencer.finality.acts import (
    Act,
    Done,
    Driver,
    Expire,
    Provide,
    Receive,
    Reconsider,
    Setting,
    Settle,
    Start,
    driver_of,
)
from hyperion.sequencer.finality.certificates import Certificate, apply_certificate, certificate_for
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.driver import concluded, hand_on, leaders_proposals, replace, respond, stepped
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    Address,
    CastVote,
    Decide,
    GetValue,
    Input,
    Kind,
    Nothing,
    Output,
    Proposal,
    Propose,
    Refusal,
    SkipRound,
    StartTimeout,
    Step,
    Timeout,
    Value,
    Vote,
    VoteType,
)
from hyperion.sequencer.finality.votes import (
    Validators,
    apply_vote,
    has_quorum_of_any,
    has_reached,
    has_reached_any,
    is_skip,
)

Message: TypeAlias = Proposal | Vote | Certificate
HEIGHTS_AHEAD: Final = 1
"""Heights beyond the present one whose messages are kept. Who is further behind asks for decisions."""


class Begin(msgspec.Struct, frozen=True):
    """Begin the next height, which this snapshot decides."""

    validators: Validators


class Deliver(msgspec.Struct, frozen=True):
    """A message arrived."""

    message: Message


class Elapse(msgspec.Struct, frozen=True, gc=False):
    """A timer that was started for this height and round is over."""

    height: int
    round: int
    timeout: Timeout


class Supply(msgspec.Struct, frozen=True, gc=False):
    """The application's answer to ``GetValue`` of this height and round."""

    height: int
    round: int
    value: Value


Event: TypeAlias = Begin | Deliver | Elapse | Supply
Effect: TypeAlias = Propose | GetValue | CastVote | StartTimeout | Decide
Effects: TypeAlias = tuple[Effect, ...]


class Node(msgspec.Struct, frozen=True):
    """A validator: its driver, and messages of the next height, in the order of their arrival."""

    driver: Driver
    waiting: tuple[Message, ...] = ()


def node_of(validator: Address, validators: Validators, height: int = 0) -> Node:
    """A validator before its first height; ``Begin`` with the same snapshot starts it."""
    return Node(driver_of(validator, validators, height))


@rule("FIN-leads", "A validator enters a round as its leader exactly if the schedule names it for that round.")
def setting_of(proposer: Callable[[int, int], Address], is_valid: Callable[[Value], bool]) -> Setting:
    """The setting of a schedule and an application."""

    def enters_leading(state: Consensus, round: int) -> bool:
        return proposer(state.height, round) == state.validator

    return Setting(proposer, is_valid, enters_leading)


# --- what is due ----------------------------------------------------------------------------------------------------


def _in_any_step(driver: Driver) -> Iterator[Input]:
    keeper, here = driver.keeper, driver.consensus
    for proposal in sorted(driver.proposals):
        if has_reached(keeper, proposal.round, VoteType.PRECOMMIT, proposal.value):
            yield Input(Kind.PROPOSAL_COMMIT, proposal.round, proposal.value)
    if here.step == Step.COMMIT:
        return
    for later in sorted(keeper.rounds, reverse=True):
        votes = keeper.rounds[later]
        proven = has_quorum_of_any(votes.prevotes) or has_quorum_of_any(votes.precommits)
        if later > here.round and (proven or is_skip(votes.heard, keeper.validators.total)):
            yield Input(Kind.ROUND_SKIP, later)
    if has_reached_any(keeper, here.round, VoteType.PRECOMMIT):
        yield Input(Kind.PRECOMMIT_ANY)


def _in_this_step(driver: Driver, setting: Setting) -> Iterator[Input]:
    keeper, here = driver.keeper, driver.consensus
    for proposal in leaders_proposals(driver, setting):
        value, valid_round = proposal.value, proposal.valid_round
        if here.step == Step.PROPOSE and valid_round == NO_ROUND:
            yield Input(Kind.PROPOSAL, here.round, value)
        elif here.step == Step.PROPOSE and has_reached(keeper, valid_round, VoteType.PREVOTE, value):
            yield Input(Kind.PROPOSAL_POLKA_PREVIOUS, valid_round, value)
        elif here.step in {Step.PREVOTE, Step.PRECOMMIT} and has_reached(keeper, here.round, VoteType.PREVOTE, value):
            yield Input(Kind.PROPOSAL_POLKA, value=value)
    if here.step == Step.PREVOTE and has_reached(keeper, here.round, VoteType.PREVOTE, None):
        yield Input(Kind.POLKA_NIL)
    if here.step == Step.PREVOTE and has_reached_any(keeper, here.round, VoteType.PREVOTE):
        yield Input(Kind.POLKA_ANY)


@rule("FIN-due", "No row of the algorithm that is enabled stays unasked, whenever its messages came.")
def due(driver: Driver, setting: Setting) -> Input | None:
    """The first input that what was received makes true, and that was not handed on in this round and step."""
    here = driver.consensus
    for inputs in (_in_any_step(driver), _in_this_step(driver, setting)):
        for given in inputs:
            if Done(given, here.height, here.round, here.step) not in driver.done:
                return given
    return None


# --- a step ---------------------------------------------------------------------------------------------------------


def _effect(output: Output) -> Effects:
    return () if isinstance(output, Nothing | Refusal | SkipRound) else (output,)


def _follow(driver: Driver, act: Act | Input, setting: Setting) -> tuple[Driver, Effects]:
    """Do one thing, and hear of one's own messages at once: they need no network."""
    after, output = hand_on(driver, act) if isinstance(act, Input) else respond(driver, act, setting)
    after, output = concluded(after, output, setting)
    after, effects = stepped(driver, after), _effect(output)
    own = output.proposal if isinstance(output, Propose) else output.vote if isinstance(output, CastVote) else None
    if own is not None:
        changed = after.changed
        after, more = _follow(after, Receive(own), setting)
        if after.changed == Step.NONE:
            after = replace(after, changed=changed)
        return after, effects + more
    return after, effects


def _settled(driver: Driver, setting: Setting) -> tuple[Driver, Effects]:
    """Do what is due until nothing is. Each turn hands on an input that was not handed on before, so it ends."""
    effects: Effects = ()
    while driver.consensus.step != Step.COMMIT:
        given: Act | Input | None
        if driver.changed != Step.NONE:
            given = Reconsider()
        elif driver.owed:
            given = Settle(min(driver.owed))
        else:
            given = due(driver, setting)
        if given is None:
            return driver, effects
        driver, more = _follow(driver, given, setting)
        effects += more
    return driver, effects


@rule("FIN-known-sender", "Only votes and proposals of the snapshot's validators count; a certificate's signers too.")
def is_admissible(driver: Driver, message: Message) -> bool:
    """Whether a message can mean anything: senders of the snapshot, rounds from 0, a valid round before the round."""
    if isinstance(message, Certificate):
        return message.round >= 0
    if message.round < 0 or message.sender not in driver.keeper.validators.weights:
        return False
    return isinstance(message, Vote) or NO_ROUND <= message.valid_round < message.round


@rule("FIN-ahead", "Messages of the next height wait; of earlier heights, or later ones, none is kept.")
def heard(node: Node, message: Message) -> Node:
    """Keep a message of another height, if it is of the next."""
    ahead = message.height - node.driver.consensus.height
    if 0 < ahead <= HEIGHTS_AHEAD and message not in node.waiting:
        return replace(node, waiting=(*node.waiting, message))
    return node


@rule("FIN-stale", "A timer or an answer of another round than the present one changes nothing.")
def act_of(driver: Driver, event: Elapse | Supply) -> Act | None:
    """What a timer or the application's answer asks of the driver; None if it comes too late, or before the height."""
    here = driver.consensus
    if not driver.started or (event.height, event.round) != (here.height, here.round):
        return None
    if isinstance(event, Elapse):
        return Expire(event.timeout)
    # One answer a round: a second one would be a second proposal.
    asked = any(done.given.kind == Kind.PROPOSE_VALUE and done.round == here.round for done in driver.done)
    is_leader = any(done.given == Input(Kind.NEW_ROUND_PROPOSER, here.round) for done in driver.done)
    return Provide(event.value) if is_leader and not asked and here.valid_value is None else None


@rule("FIN-begin", "The next height begins after a decision, with what was kept for it.")
def begun(node: Node, validators: Validators, setting: Setting) -> tuple[Node, Effects]:
    """Begin the first height, or the one after a decision. A height that is not decided goes on."""
    driver = node.driver
    if driver.started:
        if driver.consensus.step != Step.COMMIT:
            return node, ()
        driver = driver_of(driver.consensus.validator, validators, driver.consensus.height + 1, driver.chain)
    driver, effects = _follow(driver, Start(), setting)
    driver, more = _settled(driver, setting)
    after, effects = Node(driver), effects + more
    for message in node.waiting:
        after, more = delivered(after, message, setting)
        effects += more
    return after, effects


@rule("FIN-decided", "After a decision votes of the height are kept as evidence, and nothing else happens in it.")
def witnessed(driver: Driver, message: Message) -> Driver:
    """Count a message that comes after the decision.

    The published rows go on: a timeout for precommits would enter another round, in which the height could be
    decided again.
    """
    if isinstance(message, Proposal):
        return driver
    if isinstance(message, Vote):
        return replace(driver, keeper=apply_vote(driver.keeper, message, driver.consensus.round)[0])
    return replace(driver, keeper=apply_certificate(driver.keeper, message)[0])


def delivered(node: Node, message: Message, setting: Setting) -> tuple[Node, Effects]:
    """A message: of this height to the driver, of the next to those that wait."""
    driver = node.driver
    if message.height != driver.consensus.height or not driver.started:
        return heard(node, message), ()
    if not is_admissible(driver, message):
        return node, ()
    if driver.consensus.step == Step.COMMIT:
        return replace(node, driver=witnessed(driver, message)), ()
    driver, effects = _follow(driver, Receive(message), setting)
    driver, more = _settled(driver, setting)
    return replace(node, driver=driver), effects + more


def step(node: Node, event: Event, setting: Setting) -> tuple[Node, Effects]:
    """One event: the validator afterwards, and what it sends, starts, asks or decides, in this order.

    Every event is possible in every state; one that means nothing has no effect.
    """
    if isinstance(event, Begin):
        return begun(node, event.validators, setting)
    if isinstance(event, Deliver):
        return delivered(node, event.message, setting)
    act = None if node.driver.consensus.step == Step.COMMIT else act_of(node.driver, event)
    if act is None:
        return node, ()
    driver, effects = _follow(node.driver, act, setting)
    driver, more = _settled(driver, setting)
    return replace(node, driver=driver), effects + more


@rule(
    "FIN-rebroadcast",
    "What others may lack is sent again: own votes and proposals, the polka, what ended the last round, the decision.",
)
def gossip(node: Node) -> tuple[Message, ...]:
    """Messages to send again from time to time; whoever has them already is not changed by them.

    The polka of the valid value lets others unlock (the hidden lock, malachite issue 956); the own votes of all rounds
    let a validator that is rounds behind come after; the last decision lets one that is a height behind decide it. All
    precommits of the round before: it may have ended by a liar's that nobody else has, and who is left in it would wait
    without a timer, too few to skip a round and too few to end one.
    """
    driver = node.driver
    here = driver.consensus
    messages: list[Message] = []
    for decision in driver.chain[-1:]:
        messages += [decision.proposal, *([decision.commit] if decision.commit is not None else [])]
    messages += [proposal for proposal in sorted(driver.proposals) if proposal.sender == here.validator]
    for number in sorted(driver.keeper.rounds):
        votes = driver.keeper.rounds[number]
        for type, count in ((VoteType.PREVOTE, votes.prevotes), (VoteType.PRECOMMIT, votes.precommits)):
            own = count.received.get(here.validator, ())
            messages += [Vote(type, here.validator, here.height, number, value) for value in own]
    left = driver.keeper.rounds.get(here.round - 1)
    for sender, values in sorted(left.precommits.received.items()) if left is not None else ():
        if sender != here.validator:
            messages += [Vote(VoteType.PRECOMMIT, sender, here.height, here.round - 1, value) for value in values]
    if here.valid_value is not None:
        polka = certificate_for(driver.keeper, VoteType.PREVOTE, here.valid_round, here.valid_value)
        messages += [polka] if polka is not None else []
    return tuple(messages)
