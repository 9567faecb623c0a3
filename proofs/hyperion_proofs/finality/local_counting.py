"""Counting: sums stay sums, quorums are of those who voted so, and no evidence is against the honest."""

from __future__ import annotations

from typing import Any, Final, cast

import attrs
import msgspec
from immutables import Map

from hyperion.sequencer import rules as sequencer
from hyperion.sequencer.finality import certificates, votes
from hyperion.sequencer.finality.certificates import Certificate
from hyperion.sequencer.finality.types import NO_ROUND, Address, Proposal, Vote, VoteType
from hyperion.sequencer.finality.votes import SILENCE, Count, Event, Keeper, Reached, RoundVotes, Validators, count_of
from hyperion.sequencer.parameters import HYPERION
from hyperion.sequencer.stake import rules as stake
from hyperion.sequencer.stake.types import Account, Accuse, Evidence, Refused, Seat, Set, Stake
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion.symbolic.proxies import all_of, implies, negation
from hyperion_proofs.finality.local_counts import (
    Ballots,
    Events,
    Signed,
    Voters,
    Weighed,
    any_keeper,
    any_signed,
    any_validators,
    any_votes,
    code,
    ideals,
    is_among,
    is_first,
    is_there,
    other_type,
)
from hyperion_proofs.finality.local_state import any_choice, any_type, any_value, one_of
from hyperion_proofs.statement import Given, Statement


def weights_of(count: Count) -> Weighed:
    """The stand-in for its weights."""
    return cast(Weighed, count.weights)


def received_of(count: Count) -> Ballots:
    """The stand-in for what was received."""
    return cast(Ballots, count.received)


def counts_first_votes(given: Given) -> None:
    """For any value: its weight is that of those whose first vote it is; no less is that of all who voted for it."""
    validators = any_validators(given)
    votes_then = any_votes(given, validators)
    type, asked = any_type(given, "type"), any_choice(given, "asked about")
    before = count_of(votes_then, type)
    vote = Signed(type, cast(bytes, given.integer("sender", 0)), 0, 0, any_choice(given, "choice"))
    firsts, voters = weights_of(before).first(asked), weights_of(before).sum()
    most = given.integer("weight of all who voted for it", 0)
    given.assume(firsts <= most)
    with Idealized(ideals()):
        after = votes.add_vote(before, vote, validators.weights.get(vote.sender, 0))
    got, received = weights_of(after), received_of(after)
    given.note("weight of the value", (firsts, got.get(asked)))
    given.claim("first votes", got.get(asked) == firsts + received.change(is_first(asked)))
    given.claim("no more than all", got.get(asked) <= most + received.change(is_among(asked)))
    given.claim("all voters", got.sum() == voters + received.change(is_there))
    given.claim("no weight is lost", all_of(got.get(asked) >= firsts, got.sum() >= voters))
    kept = received.get(vote.sender, ())
    given.claim("the vote is kept", is_among(vote.value)(kept))


def no_votes_yet(given: Given) -> None:
    """At first nobody has voted, for nothing: all sums are zero."""
    total = given.integer("total", 1)
    first = votes.no_votes(total)
    given.claim("the total", all_of(first.prevotes.total == total, first.precommits.total == total))
    for count in (first.prevotes, first.precommits):
        given.claim("no voters", len(count.weights) == 0 and len(count.received) == 0)
    given.claim("nobody is heard", first.heard == 0 and len(first.voters) == 0 and len(first.events) == 0)


def tells_the_truth(votes_now: RoundVotes, vote: Vote, event: Event, round: int, total: int) -> Any:
    """What an event says, from the sums: a quorum of those whose first vote it is, of those who voted, or a third."""
    count = count_of(votes_now, vote.type)
    own = all_of(event.round == vote.round, 3 * weights_of(count).get(vote.value) > 2 * total)
    whose = vote.type == VoteType.PREVOTE
    some = all_of(event.round == vote.round, 3 * weights_of(count).sum() > 2 * total)
    value = event.value is not None and vote.value is not None and event.value == vote.value
    says = {
        Reached.NOTHING: True,
        Reached.POLKA_VALUE: all_of(own, whose, value),
        Reached.POLKA_NIL: all_of(own, whose, vote.value is None),
        Reached.POLKA_ANY: all_of(some, whose),
        Reached.PRECOMMIT_VALUE: all_of(own, not whose, value),
        Reached.PRECOMMIT_ANY: all_of(some, not whose),
        Reached.SKIP: all_of(event.round == vote.round, event.round > round, 3 * votes_now.heard > total),
    }
    return says[event.reached]


def counts_a_vote(first: bool) -> Statement:
    """The event is true and new; nothing else has changed, and what was reached before stays so.

    The first vote of a round is counted in what ``no_votes`` makes: any votes stand for it here, and the event, which
    does not depend on whose votes they are, is that of the other case.
    """

    def statement(given: Given) -> None:
        validators = any_validators(given)
        then = any_votes(given, validators)
        before = any_keeper(given, validators, None if first else then)
        vote, round = any_signed(given, before), given.integer("round of validator", NO_ROUND)
        empty = (
            Ideal(votes, "no_votes", lambda total: then, "FIN-count: no votes yet"),
            Ideal(votes, "threshold", lambda count, vote: SILENCE, "FIN-count: a vote is counted"),
        )
        with Idealized((*ideals(), *(empty if first else ()))):
            after, event = votes.apply_vote(before, vote, round)
        given.note("vote", (vote.type.name, vote.round, vote.value))
        given.note("event", (event.reached.name, event.round, event.value))
        written = cast(Any, after.rounds).writes
        given.claim("of its round alone", len(written) == 1 and written[0][0] == vote.round)
        now = cast(RoundVotes, written[0][1])
        given.claim("true", tells_the_truth(now, vote, event, round, validators.total))
        untouched = count_of(now, other_type(vote.type)) is count_of(then, other_type(vote.type))
        given.claim("the other votes stay", untouched)
        claim_heard(given, then, now, vote)
        claim_named(given, cast(Events, then.events), cast(Events, now.events), event)

    return statement


def claim_heard(given: Given, then: RoundVotes, now: RoundVotes, vote: Vote) -> None:
    """What was heard is the sum over the voters, and the vote's sender is one."""
    voters = cast(Voters, now.voters)
    given.claim("heard are voters", now.heard - then.heard == voters.change())
    given.claim("nobody is unheard", now.heard >= then.heard)
    given.claim("its sender is heard", vote.sender in voters)


def claim_named(given: Given, before: Events, after: Events, event: Event) -> None:
    """A threshold is named once. That a later round is begun may be named again: no validator goes there twice."""
    if event.reached not in {Reached.NOTHING, Reached.SKIP}:
        given.claim("new", negation(before.has(event)))
    if event.reached != Reached.NOTHING:
        given.claim("noted", after.has(event))
    asked = Event(Reached.POLKA_VALUE, given.integer("round asked", 0), any_value(given, "value asked"))
    given.claim("what was named stays named", implies(before.has(asked), after.has(asked)))


# --- who is honest ----------------------------------------------------------------------------------------------------


def honest_choice(given: Given, type: VoteType, round: int, epoch: int = 0) -> Any:
    """What the honest validator votes in a round and type, in an epoch: one choice, by FIN-votes-once."""
    number = given.result("honest choice", (epoch, round, int(type)), -1)
    return None if number == -1 else number


def any_signed_by_all(given: Given, type: VoteType, round: int, sender: Address, honest: Address, name: str) -> Any:
    """Any choice; of the honest validator its own, since nobody else signs for it."""
    choice = any_choice(given, name)
    if sender == honest:
        given.assume(code(choice) == code(honest_choice(given, type, round)))
    return choice


def assume_honest(given: Given, votes_then: RoundVotes, type: VoteType, round: int, honest: Address) -> None:
    """What was received of the honest validator is at most its one choice."""
    choices = received_of(count_of(votes_then, type)).get(honest, ())
    given.assume(len(choices) < 2)
    if choices:
        given.assume(code(choices[0]) == code(honest_choice(given, type, round)))


def claim_no_evidence(given: Given, after: Keeper, type: VoteType, round: int, honest: Address) -> None:
    """No evidence has a vote of the honest validator; what was received of it is at most its one choice.

    Votes of the other type are left as they are, by FIN-count.
    """
    for against in after.evidence:
        for vote in against:
            given.note("evidence", (vote.type.name, vote.sender, vote.round, vote.value))
            given.claim("against somebody else", vote.sender != honest)
    for _, now in cast(Any, after.rounds).writes:
        choices = received_of(count_of(now, type)).get(honest, ())
        given.claim("at most one choice", len(choices) < 2)
        if choices:
            given.claim("its own", code(choices[0]) == code(honest_choice(given, type, round)))


@attrs.frozen
class Everybody:
    """A snapshot and voters to whom everybody belongs: whom evidence is against does not depend on weights."""

    def __contains__(self, sender: Address) -> bool:
        return True

    def get(self, sender: Address, default: int = 0) -> int:
        """As of a map."""
        return 1


def any_received(given: Given) -> tuple[Validators, RoundVotes]:
    """Any votes of a round, of whatever weights."""
    validators = Validators(cast(Any, Everybody()), 4)
    return validators, msgspec.structs.replace(any_votes(given, validators), voters=cast(Any, Everybody()))


def vote_accuses_no_honest(given: Given) -> None:
    """Whatever vote is counted, the evidence is against those who voted twice."""
    honest = cast(bytes, given.integer("honest", 0))
    validators, then = any_received(given)
    before = any_keeper(given, validators, then)
    type, round = any_type(given, "type"), given.integer("round of vote", 0)
    sender = cast(bytes, given.integer("sender", 0))
    assume_honest(given, then, type, round, honest)
    choice = any_signed_by_all(given, type, round, sender, honest, "choice")
    vote = Signed(type, sender, before.height, round, choice)
    with Idealized((*ideals(), Ideal(votes, "threshold", lambda count, vote: SILENCE, "events are not looked at"))):
        after, _ = votes.apply_vote(before, vote, vote.round)
    claim_no_evidence(given, after, type, round, honest)


def certificate_accuses_no_honest(given: Given) -> None:
    """Whatever certificate is counted: a signer more does this to whatever the signers before it have left."""
    honest = cast(bytes, given.integer("honest", 0))
    validators, then = any_received(given)
    before = any_keeper(given, validators, then)
    type, round, value = any_type(given, "type"), given.integer("round", 0), any_value(given, "value")
    assume_honest(given, then, type, round, honest)
    signer = cast(bytes, given.integer("signer", 0))
    if signer == honest:
        given.assume(code(value) == code(honest_choice(given, type, round)))
    certificate = Certificate(type, before.height, round, value, (signer,))
    ideal = (
        Ideal(certificates, "refused", lambda certificate, validators: None, "any valid certificate"),
        Ideal(certificates, "weighed", lambda received, validators: None, "weights are not looked at"),
    )
    with Idealized((*ideals(), *ideal)):
        after, _ = certificates.apply_certificate(before, certificate)
    claim_no_evidence(given, after, type, round, honest)


HONEST: Final = b"h" * 20
EPOCH: Final = 5
PROPOSED: Final = ((b"x", -1), (b"x", 0))
"""Two proposals that contradict each other in one place."""
SEATED: Final = Stake(
    0, EPOCH, Map({HONEST: Account(bonded=10)}), Map({EPOCH: Set(EPOCH, (Seat(HONEST, 10),))}), Map(), 0, 10, 0, 0
)  # fmt: skip
"""A stake in which the honest validator has a seat, so evidence of a conflict would be judged."""


def two_votes_are_refused(signed_for_epoch: bool = True) -> Statement:
    """Evidence of any two votes or proposals of the honest validator, of one epoch, is refused by the stake."""

    def statement(given: Given) -> None:
        epochs = (EPOCH, EPOCH if signed_for_epoch else given.integer("another epoch", 0))
        halves = []
        for half, epoch in enumerate(epochs):
            round, height = given.integer(f"round {half}", 0), given.integer(f"height {half}", 0)
            kind = one_of(given, f"kind {half}", (*VoteType, None))
            about = (epoch, height, round, len(VoteType) if kind is None else int(kind))
            message: Vote | Proposal
            if kind is None:
                chosen = PROPOSED[0 if given.result("honest choice", about, -1) == -1 else 1]
                message = Proposal(HONEST, height, round, *chosen)
            else:
                number = given.result("honest choice", about, -1)
                message = Vote(kind, HONEST, height, round, None if number == -1 else cast(bytes, number))
            halves.append(sequencer.statement_of(message))
            given.note(f"signed {half}", (epoch, height, round, "proposal" if kind is None else kind.name))
        found = stake.accuse(HYPERION, SEATED, Accuse(Evidence(HONEST, EPOCH, *halves)))
        given.claim("refused", isinstance(found, Refused))

    return statement
