"""Counting votes, and certificates of them."""

from typing import Final

import pytest

from hyperion.sequencer.finality.certificates import (
    Certificate,
    CertificateError,
    Handover,
    Rejected,
    apply_certificate,
    certificate_for,
    certificate_of,
    decoded,
    digest,
    encoded,
    handover_refused,
    refused,
)
from hyperion.sequencer.finality.types import Value, Vote, VoteType
from hyperion.sequencer.finality.votes import (
    SILENCE,
    Event,
    Keeper,
    Reached,
    apply_vote,
    has_reached,
    has_reached_any,
    is_quorum,
    is_skip,
    keeper_of,
    validators_of,
)

WEIGHTS: Final = {b"a": 1, b"b": 1, b"c": 1, b"d": 1}
FOUR: Final = validators_of(WEIGHTS)
A: Final = b"A"
B: Final = b"B"


def vote(sender: bytes, value: Value | None, round: int = 0, type: VoteType = VoteType.PREVOTE) -> Vote:
    return Vote(type, sender, 5, round, value)


def counted(*votes: Vote, round: int = 0) -> tuple[Keeper, tuple[Event, ...]]:
    keeper, events = keeper_of(5, FOUR), []
    for each in votes:
        keeper, event = apply_vote(keeper, each, round)
        events.append(event)
    return keeper, tuple(events)


@pytest.mark.rule("FIN-quorum", "FIN-third")
@pytest.mark.parametrize(("weight", "total", "quorum", "third"), [
    (2, 3, False, True), (3, 3, True, True), (1, 3, False, False), (66, 99, False, True), (67, 99, True, True),
    (33, 99, False, False), (34, 99, False, True), (0, 0, False, False),
])
def test_two_thirds_are_no_quorum_and_one_third_is_no_reason(
    weight: int, total: int, quorum: bool, third: bool
) -> None:
    assert (is_quorum(weight, total), is_skip(weight, total)) == (quorum, third)


@pytest.mark.rule("FIN-threshold", "FIN-count-vote")
def test_thresholds_are_told_once_and_the_own_value_first() -> None:
    _, events = counted(vote(b"a", A), vote(b"b", B), vote(b"c", A), vote(b"d", A))
    assert events == (SILENCE, SILENCE, Event(Reached.POLKA_ANY, 0), Event(Reached.POLKA_VALUE, 0, A))
    _, events = counted(vote(b"a", A), vote(b"b", A), vote(b"c", A), vote(b"d", A))
    assert events[2:] == (Event(Reached.POLKA_VALUE, 0, A), SILENCE)
    _, events = counted(*(vote(sender, None) for sender in sorted(WEIGHTS)))
    assert events[2:] == (Event(Reached.POLKA_NIL, 0), SILENCE)
    _, events = counted(*(vote(sender, None, type=VoteType.PRECOMMIT) for sender in sorted(WEIGHTS)))
    assert events[2:] == (Event(Reached.PRECOMMIT_ANY, 0), SILENCE)


@pytest.mark.rule("FIN-count-vote")
def test_a_later_round_is_told_before_anything_else() -> None:
    later = (vote(b"a", A, 2), vote(b"b", A, 2, VoteType.PRECOMMIT), vote(b"c", A, 2))
    _, events = counted(*later)
    assert events == (SILENCE, Event(Reached.SKIP, 2), Event(Reached.SKIP, 2))
    _, events = counted(vote(b"a", A, 2), vote(b"a", A, 2, VoteType.PRECOMMIT))
    assert events == (SILENCE, SILENCE), "one validator is heard once"


@pytest.mark.rule("FIN-first-vote", "FIN-evidence")
def test_the_first_vote_counts_and_the_second_is_evidence() -> None:
    keeper, events = counted(vote(b"a", A), vote(b"a", B), vote(b"b", B), vote(b"c", B))
    assert events[-1] == Event(Reached.POLKA_ANY, 0)
    assert not has_reached(keeper, 0, VoteType.PREVOTE, B) and has_reached_any(keeper, 0, VoteType.PREVOTE)
    assert keeper.evidence == {frozenset({vote(b"a", A), vote(b"a", B)})}
    again, event = apply_vote(keeper, vote(b"a", B), 0)
    assert (again, event) == (keeper, SILENCE), "a repetition is no news"


def test_a_stranger_has_no_weight() -> None:
    keeper, events = counted(vote(b"x", A), vote(b"a", A), vote(b"b", A))
    assert events == (SILENCE,) * 3 and not has_reached_any(keeper, 0, VoteType.PREVOTE)


@pytest.mark.rule("FIN-certificate-canonical")
def test_a_certificate_has_one_form() -> None:
    one = certificate_of(VoteType.PRECOMMIT, 5, 0, A, (b"c", b"a", b"b", b"a"))
    other = certificate_of(VoteType.PRECOMMIT, 5, 0, A, (b"a", b"b", b"c"))
    assert one == other and digest(one) == digest(other) and decoded(encoded(one)) == one
    twice = Certificate(VoteType.PRECOMMIT, 5, 0, A, (b"a", b"a", b"b"))
    assert refused(twice, FOUR) == Rejected("FIN-certificate-canonical")
    with pytest.raises(CertificateError) as error:
        decoded(encoded(twice))
    assert (error.value.field, error.value.reason) == ("signers", "not ascending")


@pytest.mark.rule("FIN-certificate-valid")
def test_a_certificate_needs_a_quorum_of_the_snapshot() -> None:
    def of(*signers: bytes) -> Certificate:
        return certificate_of(VoteType.PRECOMMIT, 5, 0, A, signers)

    assert refused(of(b"a", b"b", b"c"), FOUR) is None
    assert refused(of(b"a", b"b"), FOUR) == Rejected("FIN-quorum")
    assert refused(of(b"a", b"b", b"c", b"x"), FOUR) == Rejected("FIN-certificate-valid")


@pytest.mark.rule("FIN-certificate-count")
def test_a_certificate_counts_for_its_value_and_makes_evidence() -> None:
    keeper, _ = counted(vote(b"a", B), vote(b"b", A))
    certificate = certificate_of(VoteType.PREVOTE, 5, 0, A, (b"a", b"b", b"c"))
    after, event = apply_certificate(keeper, certificate)
    assert event == Event(Reached.POLKA_VALUE, 0, A)
    assert dict(after.rounds[0].prevotes.weights) == {A: 3, B: 1}
    assert after.evidence == {frozenset({vote(b"a", A), vote(b"a", B)})}
    assert certificate_for(after, VoteType.PREVOTE, 0, A) == certificate
    short = certificate_of(VoteType.PREVOTE, 5, 0, A, (b"a", b"b"))
    assert apply_certificate(keeper, short) == (keeper, SILENCE)
    other = certificate_of(VoteType.PREVOTE, 6, 0, A, (b"a", b"b", b"c"))
    assert apply_certificate(keeper, other) == (keeper, SILENCE)


@pytest.mark.rule("FIN-handover")
def test_an_epoch_ends_with_both_sets() -> None:
    incoming = validators_of({b"c": 2, b"d": 2, b"e": 3})
    old = certificate_of(VoteType.PRECOMMIT, 5, 0, A, (b"a", b"b", b"c"))
    new = certificate_of(VoteType.PRECOMMIT, 5, 2, A, (b"c", b"e"))
    assert handover_refused(Handover(old, new), FOUR, incoming) is None
    for wrong, reason in (
        (Handover(old, old), "FIN-certificate-valid"),
        (Handover(new, old), "FIN-certificate-valid"),
        (Handover(old, certificate_of(VoteType.PRECOMMIT, 5, 2, B, (b"c", b"e"))), "FIN-handover"),
        (Handover(old, certificate_of(VoteType.PRECOMMIT, 6, 2, A, (b"c", b"e"))), "FIN-handover"),
        (Handover(old, certificate_of(VoteType.PREVOTE, 5, 2, A, (b"c", b"e"))), "FIN-handover"),
        (Handover(old, certificate_of(VoteType.PRECOMMIT, 5, 2, A, (b"e",))), "FIN-quorum"),
    ):
        assert handover_refused(wrong, FOUR, incoming) == Rejected(reason)
