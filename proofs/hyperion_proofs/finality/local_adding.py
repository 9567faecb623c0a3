"""Counting a certificate beside counting its votes one by one, among three validators of any weights."""

from __future__ import annotations

from typing import Final

from immutables import Map

from hyperion.sequencer.finality import certificates
from hyperion.sequencer.finality.certificates import Certificate, votes_of
from hyperion.sequencer.finality.types import Address, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import (
    Count,
    Event,
    Keeper,
    Reached,
    Validators,
    add_vote,
    count_of,
    evidence_of,
    has_quorum,
    no_votes,
    with_count,
)
from hyperion_proofs.finality.local_state import any_type, one_of
from hyperion_proofs.statement import Given

WHO: Final[tuple[Address, ...]] = (b"a", b"b", b"c")
X, Y = b"x", b"y"


def adds_as_votes(given: Given) -> None:
    """Each validator has no vote, or one for the value or another; any of them sign.

    What is received, and evidence, are as if the votes had come one by one. The value's weight is that of all who
    voted for it: no less than by the votes, and the same where no signer had voted otherwise. Others' weights stay.
    """
    weights = Map({who: given.integer(f"weight of {who.decode()}", 1) for who in WHO})
    validators, type = Validators(weights, sum(weights[who] for who in WHO)), any_type(given, "type")
    had: dict[Address, Value] = {}
    for who in WHO:
        choice = one_of(given, f"vote of {who.decode()}", ("", "x", "y"))
        if choice:
            had[who] = choice.encode()
    first = no_votes(validators.total)
    earlier = tuple(Vote(type, who, 0, 0, value) for who, value in had.items())
    count, _ = added(count_of(first, type), earlier, validators)
    rounds = Map({0: with_count(first, type, count)})
    before = Keeper(0, validators, rounds, frozenset())
    signers = tuple(who for who in WHO if given.truth(f"{who.decode()} signs"))
    certificate = Certificate(type, 0, 0, X, signers)
    after, event = certificates.apply_certificate(before, certificate)
    if certificates.refused(certificate, validators) is not None:
        given.claim("nothing", after is before and event.reached == Reached.NOTHING)
        return
    singly, evidence = added(count, votes_of(certificate), validators)
    claim_added(given, count_of(after.rounds[0], type), singly, weights, had)
    given.claim("evidence", after.evidence == evidence)
    reached = Reached.POLKA_VALUE if type == VoteType.PREVOTE else Reached.PRECOMMIT_VALUE
    given.claim("the event", event == Event(reached, 0, X))


def added(
    count: Count, them: tuple[Vote, ...], validators: Validators
) -> tuple[Count, frozenset[frozenset[Vote]]]:
    """The count and the evidence when the votes have come one by one."""
    evidence = frozenset[frozenset[Vote]]()
    for vote in them:
        count = add_vote(count, vote, validators.weights[vote.sender])
        evidence |= evidence_of(count, vote)
    return count, evidence


def claim_added(
    given: Given, got: Count, singly: Count, weights: Map[Address, int], had: dict[Address, Value]
) -> None:
    """What the certificate has done beside what its votes do."""
    most = sum(weights[who] for who, choices in sorted(got.received.items()) if X in choices)
    given.note("weight of the value, and by single votes", (got.weights.get(X, 0), singly.weights.get(X, 0)))
    given.claim("received", got.received == singly.received)
    given.claim("who voted for it, once each", got.weights.get(X, 0) == most)
    given.claim("no less than by votes", got.weights.get(X, 0) >= singly.weights.get(X, 0))
    if Y not in had.values():
        given.claim("as by votes", got.weights.get(X, 0) == singly.weights.get(X, 0))
    given.claim("others as they were", got.weights.get(Y, 0) == sum(weights[who] for who in had if had[who] == Y))
    given.claim("a quorum", has_quorum(got, X))
