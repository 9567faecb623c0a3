"""What the published specification asserts of its functions alone, asserted of ours.

Its tests without variables leave traces without states, so that a replay compares nothing of them. Those of the count
of votes and of certificates are here, as facts; the others are of Quint's library of sets and maps.
"""

import pytest
from immutables import Map

from hyperion.sequencer.finality.certificates import apply_certificate, certificate_for, certificate_of, refused
from hyperion.sequencer.finality.types import Value, Vote, VoteType
from hyperion.sequencer.finality.votes import (
    SILENCE,
    Count,
    Event,
    Keeper,
    Reached,
    add_vote,
    apply_vote,
    is_quorum,
    is_skip,
    keeper_of,
    threshold,
    validators_of,
)

FOUR = validators_of({b"v1": 1, b"v2": 1, b"v3": 1, b"v4": 1})
PREVOTE, PRECOMMIT = VoteType


@pytest.mark.parametrize(("weight", "total", "quorum", "skip"), [
    (0, 0, False, False), (2, 6, False, False), (3, 6, False, True), (4, 6, False, True), (5, 6, True, True),
])
def test_more_than_two_thirds_and_more_than_a_third(weight: int, total: int, quorum: bool, skip: bool) -> None:
    assert (is_quorum(weight, total), is_skip(weight, total)) == (quorum, skip)


@pytest.mark.parametrize(("sender", "value", "weights"), [
    (b"john", b"third", {b"first": 30, b"second": 20, b"third": 10}),
    (b"john", b"second", {b"first": 30, b"second": 30}),
    (b"alice", b"third", {b"first": 30, b"second": 20}),
])
def test_a_vote_is_added_for_who_has_not_voted(sender: bytes, value: bytes, weights: dict[Value | None, int]) -> None:
    before = Count(100, Map({b"first": 30, b"second": 20}), Map({b"alice": (b"first",), b"bob": (b"second",)}))
    after = add_vote(before, Vote(PRECOMMIT, sender, 1, 10, value), 10)
    assert (after.total, after.weights) == (100, Map(weights))
    assert value in after.received[sender] and set(after.received) == {b"alice", b"bob", sender}


@pytest.mark.parametrize(("weights", "value", "reached"), [
    ({}, b"third", (Reached.NOTHING, Reached.NOTHING)),
    ({b"first": 67, b"second": 20}, b"first", (Reached.POLKA_VALUE, Reached.PRECOMMIT_VALUE)),
    ({b"first": 67, b"second": 20}, b"second", (Reached.POLKA_ANY, Reached.PRECOMMIT_ANY)),
    ({None: 70, b"second": 20}, None, (Reached.POLKA_NIL, Reached.PRECOMMIT_ANY)),
    ({None: 70, b"second": 20}, b"second", (Reached.POLKA_ANY, Reached.PRECOMMIT_ANY)),
    ({None: 20, b"second": 20}, b"first", (Reached.NOTHING, Reached.NOTHING)),
    ({None: 20, b"second": 20}, None, (Reached.NOTHING, Reached.NOTHING)),
])
def test_what_is_reached_and_what_it_is_called(
    weights: dict[Value | None, int], value: Value | None, reached: tuple[Reached, Reached]
) -> None:
    count = Count(100, Map(weights), Map())
    events = [threshold(count, Vote(type, b"john", 1, 10, value)) for type in VoteType]
    assert tuple(event.reached for event in events) == reached
    assert {event.round for event in events if event != SILENCE} <= {10}


def test_precommits_of_a_quorum_then_a_later_round_then_evidence() -> None:
    keeper = keeper_of(0, validators_of({b"a0": 1, b"a1": 1, b"a2": 1, b"a3": 1, b"a4": 3}))
    told: list[Event] = []
    for sender, round, value in (
        (b"a0", 0, None), (b"a1", 0, None), (b"a4", 0, None), (b"a3", 0, None), (b"a4", 1, None), (b"a4", 1, b"other"),
    ):  # fmt: skip
        keeper, event = apply_vote(keeper, Vote(PRECOMMIT, sender, 0, round, value), 0)
        told.append(event)
    assert told[:5] == [SILENCE, SILENCE, Event(Reached.PRECOMMIT_ANY, 0), SILENCE, Event(Reached.SKIP, 1)]
    assert keeper.evidence == {frozenset(Vote(PRECOMMIT, b"a4", 0, 1, value) for value in (None, b"other"))}


@pytest.mark.parametrize(("signers", "is_valid"), [
    ((b"v2", b"v3", b"v4"), True), ((b"v3", b"v4"), False), ((b"v2", b"v3", b"v5"), False),
])
def test_a_certificate_needs_a_quorum_of_the_snapshot(signers: tuple[bytes, ...], is_valid: bool) -> None:
    certificate = certificate_of(PREVOTE, 0, 0, b"red", signers)
    assert (refused(certificate, FOUR) is None) == is_valid
    assert (apply_certificate(keeper_of(0, FOUR), certificate)[1] == Event(Reached.POLKA_VALUE, 0, b"red")) == is_valid


def voted(*votes: tuple[bytes, Value | None]) -> Keeper:
    keeper = keeper_of(0, FOUR)
    for sender, value in votes:
        keeper, _ = apply_vote(keeper, Vote(PREVOTE, sender, 0, 0, value), 0)
    return keeper


def test_a_certificate_and_earlier_votes_are_counted_together() -> None:
    keeper = voted((b"v2", b"blue"), (b"v3", b"red"))
    after, _ = apply_certificate(keeper, certificate_of(PREVOTE, 0, 0, b"red", (b"v2", b"v3", b"v4")))
    count = after.rounds[0].prevotes
    assert (count.total, count.weights) == (4, Map({b"red": 3, b"blue": 1}))
    assert {sender: set(values) for sender, values in count.received.items()} == {
        b"v2": {b"blue", b"red"}, b"v3": {b"red"}, b"v4": {b"red"},
    }  # fmt: skip
    assert certificate_for(after, PREVOTE, 0, b"red") is not None


def test_a_certificate_makes_evidence_and_an_invalid_one_nothing() -> None:
    keeper = voted((b"v2", None), (b"v3", b"blue"), (b"v4", b"blue"))
    after, event = apply_certificate(keeper, certificate_of(PREVOTE, 0, 0, b"blue", (b"v2", b"v3", b"v4")))
    assert event == Event(Reached.POLKA_VALUE, 0, b"blue")
    assert after.evidence == {frozenset(Vote(PREVOTE, b"v2", 0, 0, value) for value in (None, b"blue"))}
    assert after.rounds[0].prevotes.weights[b"blue"] == 3
    assert apply_certificate(keeper, certificate_of(PREVOTE, 0, 0, b"blue", (b"v3", b"v4"))) == (keeper, SILENCE)
