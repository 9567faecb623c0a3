"""Local proofs of finality: a sample on every run, the stand-ins against what they stand for, and real validators.

``hyperion prove 'FIN-*'`` proves all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.sequencer.finality import driver, node
from hyperion.sequencer.finality.acts import Driver
from hyperion.sequencer.finality.certificates import Certificate, certificate_of
from hyperion.sequencer.finality.node import Begin, Deliver, Elapse, Event, Supply, node_of, step
from hyperion.sequencer.finality.types import CastVote, Input, Kind, Proposal, Timeout, Vote, VoteType
from hyperion.sequencer.finality.votes import Count, Keeper, add_vote, has_reached, has_reached_any, is_skip, no_votes
from hyperion.symbolic.ideal import Ideal, Idealized
from hyperion_proofs.finality.guards import NIL
from hyperion_proofs.finality.local_asking import TRUE, is_guarded
from hyperion_proofs.finality.local_counts import Ballots, Weighed, is_among, is_first, is_there
from hyperion_proofs.finality.local_state import is_orderly, place, rank
from hyperion_proofs.ledger import trouble
from hyperion_proofs.mutant import in_place
from hyperion_proofs.prove import prove
from hyperion_proofs.run import run
from hyperion_proofs.solve import Answer
from hyperion_proofs.statement import Known
from hyperion_proofs.theorems.finality_certificates import COUNT
from hyperion_proofs.theorems.finality_local import SENSIBLE
from hyperion_proofs.translate import Model
from tests.support.finality import BAD, FOUR, NAMES, SETTING, A, B, precommit, prevote, proposal, proposer

# --- a sample of the proofs -------------------------------------------------------------------------------------------


def test_the_driver_hands_on_what_is_true() -> None:
    found = prove(next(one for one in SENSIBLE.obligations if one.name == "a driver is asked: a vote"))
    assert (found.answer, found.reason) == (Answer.PROVED, "")
    assert "hyperion.sequencer.finality.driver.on_precommits" in found.functions


@pytest.mark.parametrize("words", ["precommits decide without a proposal", "what is owed is due in any round"])
def test_a_fault_of_the_driver_asks_what_is_not_true(words: str) -> None:
    found = prove(next(one for one in SENSIBLE.controls if one.weakening == words).obligation)
    assert found.answer is Answer.REFUTED
    assert found.counterexample is not None
    assert any("may be asked" in line for line in found.counterexample.failed)


def test_second_votes_that_count_break_the_sum() -> None:
    assert prove(COUNT.controls[0].obligation).answer is Answer.REFUTED


def test_agreement_follows() -> None:
    """It runs no function by itself, so it is not among those that ``test_theorems`` asks for one."""
    (line,) = run(["FIN-agreement"])
    assert trouble(line) == [] and line.holds


def test_every_kind_has_its_truth() -> None:
    assert set(TRUE) == set(Kind)


# --- stand-ins --------------------------------------------------------------------------------------------------------

NUMBERED: Final = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 2))
HEAVY: Final = (1, 2, 3, 5)


@settings(max_examples=200)
@given(st.lists(NUMBERED, max_size=8))
def test_a_count_of_stand_ins_is_the_count(cast_votes: list[tuple[int, int | None]]) -> None:
    """200 examples: with nothing in them, stand-ins count as maps do, and what they say of sums is true."""
    known = Known(Model({}, {}))
    ballots = Ballots(known, "prevotes", lambda sender: HEAVY[cast(int, sender)])
    made: Any = Count(11, cast(Any, Weighed(known, "prevotes")), cast(Any, ballots))
    real: Any = no_votes(11).prevotes
    for sender, value in cast_votes:
        vote: Any = Vote(VoteType.PREVOTE, cast(bytes, sender), 0, 0, cast(bytes, value))
        made, real = (add_vote(count, vote, HEAVY[sender]) for count in (made, real))
    for value in (None, 0, 1, 2):
        voters = [(HEAVY[sender], values) for sender, values in real.received.items()]
        assert made.weights.get(value) == real.weights.get(value, 0)
        assert made.received.change(is_first(value)) == sum(weight for weight, its in voters if its[0] == value)
        assert made.received.change(is_among(value)) == sum(weight for weight, its in voters if value in its)
    assert made.weights.values().sum() == sum(real.weights.values()) == made.received.change(is_there)
    assert [made.received.get(sender) for sender in range(4)] == [real.received.get(sender) for sender in range(4)]


# --- real validators --------------------------------------------------------------------------------------------------


@attrs.frozen
class Votes:
    """The votes of a real keeper, asked as the proof asks."""

    keeper: Keeper

    def has(self, round: int, type: VoteType, value: Any) -> bool:
        """Whether a quorum is for the value."""
        return has_reached(self.keeper, round, type, None if value == NIL else value)

    def has_any(self, round: int, type: VoteType) -> bool:
        """Whether a quorum voted."""
        return has_reached_any(self.keeper, round, type)

    def is_later_proven(self, round: int) -> bool:
        """Whether a quorum voted, or more than a third was heard."""
        heard = self.keeper.rounds[round].heard
        return any(self.has_any(round, type) for type in VoteType) or is_skip(heard, self.keeper.validators.total)


@attrs.frozen
class Kept:
    """The proposals of a real driver, all of them met."""

    seen: list[Proposal]


def is_sensible(it: Driver, told: Input) -> bool:
    """The proof's own guard, asked of a real driver."""
    asked = msgspec.structs.replace(
        it, keeper=cast(Any, Votes(it.keeper)), proposals=cast(Any, Kept(sorted(it.proposals)))
    )
    return bool(is_guarded(asked, told))


@contextmanager
def watched(told: list[Input], *faults: Ideal) -> Iterator[None]:
    """While it lasts, what is handed on is noted, and its guard must hold."""
    plain = driver.hand_on

    def hand_on(it: Driver, given: Input) -> Any:
        assert is_sensible(it, given), (given, it.consensus)
        told.append(given)
        return plain(it, given)

    with Idealized((*faults, *(Ideal(module, "hand_on", hand_on, "watched") for module in (driver, node)))):
        yield


ROUNDS: Final = st.integers(0, 3)
VALUES: Final = st.sampled_from((A, A, B, BAD))
VOTES: Final = st.builds(
    Vote, st.sampled_from(VoteType), st.sampled_from(NAMES), st.integers(0, 1), ROUNDS, st.none() | VALUES
)
PROPOSALS: Final = st.builds(
    lambda height, round, value, valid: Proposal(proposer(height, round), height, round, value, valid),
    st.integers(0, 1), ROUNDS, VALUES, st.integers(-1, 2),
)  # fmt: skip
CERTIFICATES: Final[st.SearchStrategy[Certificate]] = st.builds(
    certificate_of, st.sampled_from(VoteType), st.integers(0, 1), ROUNDS, VALUES,
    st.lists(st.sampled_from(NAMES), min_size=2),
)  # fmt: skip
TIMERS: Final = st.builds(Elapse, st.integers(0, 1), st.integers(-1, 3), st.sampled_from(Timeout))
ANSWERS: Final = st.builds(Supply, st.integers(0, 1), ROUNDS, VALUES)
MESSAGES: Final = (VOTES, VOTES, PROPOSALS, CERTIFICATES)
EVENTS: Final[st.SearchStrategy[Event]] = st.one_of(
    st.just(Begin(FOUR)), TIMERS, ANSWERS, *(st.builds(Deliver, them) for them in MESSAGES)
)
SINGLE: Final = EVENTS.map(lambda event: (event,))
FLURRIES: Final = st.builds(
    lambda type, height, round, value: tuple(Deliver(Vote(type, name, height, round, value)) for name in NAMES[:3]),
    st.sampled_from(VoteType), st.integers(0, 1), ROUNDS, st.none() | VALUES,
)  # fmt: skip
"""Votes of a quorum at once: single ones seldom meet."""


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.lists(SINGLE | FLURRIES, min_size=20, max_size=50))
def test_a_real_validator_asks_what_is_true_and_votes_once(me: bytes, parts: list[tuple[Event, ...]]) -> None:
    """200 examples of up to 150 events: guards, order, ranks and places are those of the proofs."""
    events = [event for part in parts for event in part]
    now, told, places = node_of(me, FOUR), list[Input](), list[tuple[int, int]]()
    with watched(told):
        for event in (Begin(FOUR), *events):
            before = now.driver.consensus
            now, effects = step(now, event, SETTING)
            after = now.driver.consensus
            assert is_orderly(after)
            assert (after.height, rank(after)) >= (before.height, rank(before))
            votes = [effect.vote for effect in effects if isinstance(effect, CastVote)]
            places += [(vote.height, place(vote.type, vote.round)) for vote in votes]
    assert places == sorted(set(places)), "each vote has a place of its own, beyond those before it"
    assert told


def test_an_invalid_proposal_with_a_polka_is_told_before_the_prevote() -> None:
    told, now = list[Input](), node_of(b"d", FOUR)
    events: list[Event] = [Begin(FOUR), *(prevote(name, BAD) for name in NAMES[:3])]
    events += [*(prevote(name, A, 1) for name in NAMES[:2]), proposal(BAD, 1, 0)]
    with watched(told):
        for event in events:
            now, _ = step(now, event, SETTING)
    assert Kind.PROPOSAL_POLKA_INVALID in {given.kind for given in told}


def test_a_real_validator_with_a_fault_is_noticed() -> None:
    fault = in_place(driver.on_precommits, "if proposes(driver, event.round, event.value)", "if event")
    now, _ = step(node_of(b"d", FOUR), Begin(FOUR), SETTING)
    with pytest.raises(AssertionError, match="PROPOSAL_COMMIT"), watched([], fault):
        for name in NAMES[:3]:
            now, _ = step(now, precommit(name, A), SETTING)
