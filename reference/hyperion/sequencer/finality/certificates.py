"""Votes of a quorum for one value, as something that one validator shows to another.

Whether a certificate is valid depends on it and the snapshot alone; every reader of one uses the same votes of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

import msgspec
from immutables import Map

from hyperion.primitives import rlp
from hyperion.primitives.hashing import keccak256
from hyperion.rules import rule
from hyperion.sequencer.finality.types import Address, Value, Vote, VoteType
from hyperion.sequencer.finality.votes import (
    SILENCE,
    Count,
    Event,
    Keeper,
    Reached,
    Validators,
    count_of,
    is_quorum,
    no_votes,
    with_count,
)


class Certificate(msgspec.Struct, frozen=True, order=True):
    """That these validators voted for the value in this round. ``signers`` ascend, each once."""

    type: VoteType
    height: int
    round: int
    value: Value
    signers: tuple[Address, ...]


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """Why something is not accepted: the id of the rule it breaks."""

    rule: str


FIELDS: Final = 5
WORD_BYTES: Final = 8
"""Heights and rounds are words of 64 bits."""


class CertificateError(ValueError):
    """Bytes that are no certificate: which field, and what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


@rule("FIN-certificate-canonical", "A certificate has one form: its signers ascend, each of them once.")
def certificate_of(type: VoteType, height: int, round: int, value: Value, signers: Iterable[Address]) -> Certificate:
    """The certificate of some signers, in whatever order and however often they are named."""
    return Certificate(type, height, round, value, tuple(sorted(dict.fromkeys(signers))))


def votes_of(certificate: Certificate) -> tuple[Vote, ...]:
    """The votes that it stands for."""
    return tuple(
        Vote(certificate.type, signer, certificate.height, certificate.round, certificate.value)
        for signer in certificate.signers
    )


@rule("FIN-certificate-valid", "A certificate is valid if its signers, of the snapshot and once each, are a quorum.")
def refused(certificate: Certificate, validators: Validators) -> Rejected | None:
    """None for a valid certificate. Refused: signers out of order or named twice, strangers, too little weight."""
    signers = certificate.signers
    if any(first >= second for first, second in itertools.pairwise(signers)):
        return Rejected("FIN-certificate-canonical")
    if any(signer not in validators.weights for signer in signers):
        return Rejected("FIN-certificate-valid")
    weight = sum(validators.weights[signer] for signer in signers)
    return None if is_quorum(weight, validators.total) else Rejected("FIN-quorum")


class Handover(msgspec.Struct, frozen=True):
    """The last block of an epoch, agreed to by both sets: the one that leaves and the one that comes."""

    outgoing: Certificate
    incoming: Certificate


@rule("FIN-handover", "An epoch ends with a block that a quorum of the old set and a quorum of the new set precommit.")
def handover_refused(handover: Handover, outgoing: Validators, incoming: Validators) -> Rejected | None:
    """None if both certificates are precommits of the same height and value, each valid for its own snapshot.

    The rounds may differ: each set decides in its own. Without the old set's quorum the new set could replace the
    block; without the new set's, two epochs' sets could decide the same height.
    """
    old, new = handover.outgoing, handover.incoming
    if old.type != VoteType.PRECOMMIT or new.type != VoteType.PRECOMMIT:
        return Rejected("FIN-handover")
    if (old.height, old.value) != (new.height, new.value):
        return Rejected("FIN-handover")
    return refused(old, outgoing) or refused(new, incoming)


def encoded(certificate: Certificate) -> bytes:
    """RLP of type, height, round, value and signers. Equal certificates have equal bytes, and the other way round."""
    words = (certificate.type.value, certificate.height, certificate.round)
    return rlp.encode((*map(rlp.int_to_bytes, words), certificate.value, certificate.signers))


def digest(certificate: Certificate) -> bytes:
    """The name of a certificate: the hash of its bytes."""
    return keccak256(encoded(certificate))


def decoded(data: bytes) -> Certificate:
    """The certificate of some bytes. Refused with ``CertificateError``: any that ``encoded`` does not make."""
    try:
        items = rlp.decode_list(rlp.decode(data), FIELDS, "certificate")
        type = rlp.decode_int(items[0], WORD_BYTES, "type")
        height = rlp.decode_int(items[1], WORD_BYTES, "height")
        number = rlp.decode_int(items[2], WORD_BYTES, "round")
        value = rlp.decode_bytes(items[3], None, "value")
        signers = tuple(rlp.decode_bytes(item, None, "signer") for item in rlp.decode_list(items[4], None, "signers"))
    except rlp.RlpError as error:
        raise CertificateError(error.field, error.reason.value) from error
    if type not in tuple(VoteType):
        raise CertificateError("type", "neither prevote nor precommit")
    if any(first >= second for first, second in itertools.pairwise(signers)):
        raise CertificateError("signers", "not ascending")
    return Certificate(VoteType(type), height, number, value, signers)


# --- in a validator's count -----------------------------------------------------------------------------------------


@rule("FIN-certificate-count", "A valid certificate counts for its value whatever its signers voted for before.")
def apply_certificate(keeper: Keeper, certificate: Certificate) -> tuple[Keeper, Event]:
    """Count a certificate; one that is not valid changes nothing.

    A signer's earlier different vote stays counted for its own value too, and makes evidence. No value gains more
    than once from one validator, so a quorum for one value is still one; only the sum over values may be too large.
    """
    if certificate.height != keeper.height or refused(certificate, keeper.validators) is not None:
        return keeper, SILENCE
    votes = keeper.rounds.get(certificate.round)
    if votes is None:
        votes = no_votes(keeper.validators.total)
    before = count_of(votes, certificate.type)
    received, evidence = before.received, keeper.evidence
    for vote in votes_of(certificate):
        values = received.get(vote.sender, ())
        if any(value != vote.value for value in values):
            earlier = (Vote(vote.type, vote.sender, vote.height, vote.round, value) for value in values)
            evidence |= {frozenset((vote, *earlier))}
        if vote.value not in values:
            received = received.set(vote.sender, (*values, vote.value))
    count = Count(before.total, weighed(received, keeper.validators), received)
    rounds = keeper.rounds.set(certificate.round, with_count(votes, certificate.type, count))
    reached = Reached.POLKA_VALUE if certificate.type == VoteType.PREVOTE else Reached.PRECOMMIT_VALUE
    after = Keeper(keeper.height, keeper.validators, rounds, evidence)
    return after, Event(reached, certificate.round, certificate.value)


def weighed(received: Map[Address, tuple[Value | None, ...]], validators: Validators) -> Map[Value | None, int]:
    """The weight behind each value, every vote counted."""
    weights: Map[Value | None, int] = Map()
    for sender, values in sorted(received.items()):
        for value in values:
            weights = weights.set(value, weights.get(value, 0) + validators.weights.get(sender, 0))
    return weights


def certificate_for(keeper: Keeper, type: VoteType, round: int, value: Value) -> Certificate | None:
    """The certificate of all votes that were received for a value, or None where they are no quorum."""
    votes = keeper.rounds.get(round)
    if votes is None:
        return None
    received = count_of(votes, type).received
    signers = [sender for sender, values in sorted(received.items()) if value in values]
    inside = (signer for signer in signers if signer in keeper.validators.weights)
    certificate = certificate_of(type, keeper.height, round, value, inside)
    return None if refused(certificate, keeper.validators) else certificate


def certificate_of_event(keeper: Keeper, event: Event) -> Certificate | None:
    """The certificate that an event makes possible: of a polka or a commit for a value."""
    if event.value is None:
        return None
    type = VoteType.PREVOTE if event.reached == Reached.POLKA_VALUE else VoteType.PRECOMMIT
    return certificate_for(keeper, type, event.round, event.value)
