"""Counting votes: weights by round, type and value, and what a vote brings about when it is counted.

The first vote of a validator in a round and type counts; further different ones are evidence against it. Source:
Malachite's ``votekeeper.qnt``, whose counts these are, one for one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

import msgspec
from immutables import Map

from hyperion.rules import rule
from hyperion.sequencer.finality.types import NO_ROUND, Address, Value, Vote, VoteType

Weights: TypeAlias = "Map[Address, int]"


class Validators(msgspec.Struct, frozen=True):
    """The snapshot of weights that decides one height; ``total`` is their sum."""

    weights: Weights
    total: int


def validators_of(weights: dict[Address, int] | Weights) -> Validators:
    """A snapshot from weights by address. The order of the addresses does not matter."""
    return Validators(Map(weights), sum(weights.values()))


class Reached(IntEnum):
    """What counting a vote may bring about."""

    NOTHING = 0
    POLKA_ANY = 1
    POLKA_NIL = 2
    POLKA_VALUE = 3
    PRECOMMIT_ANY = 4
    PRECOMMIT_VALUE = 5
    SKIP = 6


class Event(msgspec.Struct, frozen=True, gc=False):
    """What was reached, in which round, and for which value."""

    reached: Reached
    round: int = NO_ROUND
    value: Value | None = None


SILENCE: Final = Event(Reached.NOTHING)


class Count(msgspec.Struct, frozen=True):
    """The votes of one round and type."""

    total: int
    """Weight of all validators."""
    weights: Map[Value | None, int]
    """Weight counted for each value, nil among them."""
    received: Map[Address, tuple[Value | None, ...]]
    """All different values that each validator voted for, in the order of their arrival."""


class RoundVotes(msgspec.Struct, frozen=True):
    """The votes of one round."""

    prevotes: Count
    precommits: Count
    events: frozenset[Event]
    """What single votes have brought about, so that it is told once."""
    voters: Weights
    """The weight of each validator from which a single vote of the round came, of either type."""
    heard: int
    """The sum of ``voters``."""


class Keeper(msgspec.Struct, frozen=True):
    """All votes of one height."""

    height: int
    validators: Validators
    rounds: Map[int, RoundVotes]
    evidence: frozenset[frozenset[Vote]]
    """Different votes of one validator in one round and type."""


def keeper_of(height: int, validators: Validators) -> Keeper:
    """A keeper without votes."""
    return Keeper(height, validators, Map(), frozenset())


def no_votes(total: int) -> RoundVotes:
    """A round without votes."""
    count = Count(total, Map(), Map())
    return RoundVotes(count, count, frozenset(), Map(), 0)


@rule("FIN-quorum", "A quorum is more than two thirds of the weight, not two thirds.")
def is_quorum(weight: int, total: int) -> bool:
    """Whether a weight is a quorum of a total: two of them share more than a third."""
    return 3 * weight > 2 * total


@rule("FIN-third", "More than a third of the weight is sure to contain an honest validator.")
def is_skip(weight: int, total: int) -> bool:
    """Whether a weight in a later round is reason enough to go there."""
    return 3 * weight > total


def has_quorum(count: Count, value: Value | None) -> bool:
    """Whether a quorum voted for the value, or for nil."""
    return is_quorum(count.weights.get(value, 0), count.total)


def has_quorum_of_any(count: Count) -> bool:
    """Whether a quorum voted for anything."""
    return is_quorum(sum(count.weights.values()), count.total)


def count_of(votes: RoundVotes, type: VoteType) -> Count:
    """The prevotes or the precommits."""
    return votes.prevotes if type == VoteType.PREVOTE else votes.precommits


def with_count(votes: RoundVotes, type: VoteType, count: Count) -> RoundVotes:
    """The round with its prevotes or its precommits replaced."""
    if type == VoteType.PREVOTE:
        return RoundVotes(count, votes.precommits, votes.events, votes.voters, votes.heard)
    return RoundVotes(votes.prevotes, count, votes.events, votes.voters, votes.heard)


@rule("FIN-first-vote", "Of a validator's votes in a round and type the first counts.")
def add_vote(count: Count, vote: Vote, weight: int) -> Count:
    """Count a vote, or, where its sender has voted before, only keep it."""
    before = count.received.get(vote.sender)
    if before is None:
        weights = count.weights.set(vote.value, count.weights.get(vote.value, 0) + weight)
        return Count(count.total, weights, count.received.set(vote.sender, (vote.value,)))
    if vote.value in before:
        return count
    return Count(count.total, count.weights, count.received.set(vote.sender, (*before, vote.value)))


@rule("FIN-evidence", "Different votes of one validator in one round and type are evidence against it.")
def evidence_of(count: Count, vote: Vote) -> frozenset[frozenset[Vote]]:
    """The sender's votes beside this one, if there are different ones; empty where there are none."""
    values = count.received.get(vote.sender, ())
    if len(values) < 2:
        return frozenset()
    votes = (Vote(vote.type, vote.sender, vote.height, vote.round, value) for value in values)
    return frozenset((frozenset(votes),))


@rule("FIN-threshold", "A quorum for the vote's own value is named before a quorum for any.")
def threshold(count: Count, vote: Vote) -> Event:
    """What the votes of the same round and type have reached, seen from this vote's value."""
    if has_quorum(count, vote.value):
        if vote.value is None:
            nil = Reached.POLKA_NIL if vote.type == VoteType.PREVOTE else Reached.PRECOMMIT_ANY
            return Event(nil, vote.round)
        one = Reached.POLKA_VALUE if vote.type == VoteType.PREVOTE else Reached.PRECOMMIT_VALUE
        return Event(one, vote.round, vote.value)
    if has_quorum_of_any(count):
        some = Reached.POLKA_ANY if vote.type == VoteType.PREVOTE else Reached.PRECOMMIT_ANY
        return Event(some, vote.round)
    return SILENCE


@rule("FIN-count-vote", "A later round with more than a third of the weight is named first; a threshold is named once.")
def apply_vote(keeper: Keeper, vote: Vote, round: int) -> tuple[Keeper, Event]:
    """Count a vote as a validator in ``round`` does. A sender outside of the snapshot has no weight."""
    weight = keeper.validators.weights.get(vote.sender, 0)
    votes = keeper.rounds.get(vote.round)
    if votes is None:
        votes = no_votes(keeper.validators.total)
    count = add_vote(count_of(votes, vote.type), vote, weight)
    voters, heard = votes.voters, votes.heard
    if vote.sender not in voters:
        voters, heard = voters.set(vote.sender, weight), heard + weight
    if vote.round > round and is_skip(heard, keeper.validators.total):
        event = Event(Reached.SKIP, vote.round)
    else:
        event = threshold(count, vote)
        if event in votes.events:
            event = SILENCE
    events = votes.events if event.reached == Reached.NOTHING else votes.events | {event}
    counted = with_count(votes, vote.type, count)
    after = RoundVotes(counted.prevotes, counted.precommits, events, voters, heard)
    evidence = keeper.evidence | evidence_of(count, vote)
    return Keeper(keeper.height, keeper.validators, keeper.rounds.set(vote.round, after), evidence), event


def has_reached(keeper: Keeper, round: int, type: VoteType, value: Value | None) -> bool:
    """Whether a quorum of the round's votes of a type is for the value, or for nil."""
    votes = keeper.rounds.get(round)
    return votes is not None and has_quorum(count_of(votes, type), value)


def has_reached_any(keeper: Keeper, round: int, type: VoteType) -> bool:
    """Whether a quorum has voted in the round, with votes of a type, for anything."""
    votes = keeper.rounds.get(round)
    return votes is not None and has_quorum_of_any(count_of(votes, type))
