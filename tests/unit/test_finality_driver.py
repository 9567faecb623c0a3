"""From messages to rows: one validator among four, driven by hand."""

from collections.abc import Sequence
from typing import Final

import msgspec
import pytest

from hyperion.sequencer.finality.acts import (
    Act,
    Driver,
    Expire,
    Owed,
    Provide,
    Receive,
    Reconsider,
    Setting,
    Settle,
    Start,
    driver_of,
)
from hyperion.sequencer.finality.certificates import certificate_of
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.driver import act
from hyperion.sequencer.finality.types import (
    NOTHING,
    CastVote,
    Decide,
    GetValue,
    Input,
    Kind,
    Output,
    Proposal,
    Propose,
    StartTimeout,
    Step,
    Timeout,
    Value,
    Vote,
    VoteType,
)
from hyperion.sequencer.finality.votes import validators_of

NAMES: Final = (b"a", b"b", b"c", b"d")
FOUR: Final = validators_of(dict.fromkeys(NAMES, 1))
A: Final = b"A"
B: Final = b"B"
BAD: Final = b"bad"


def proposer(height: int, round: int) -> bytes:
    return NAMES[(height + round) % 4]


def enters_leading(state: Consensus, round: int) -> bool:
    return proposer(state.height, round) == state.validator


SETTING: Final = Setting(proposer, lambda value: value != BAD, enters_leading)


def vote(sender: bytes, value: Value | None, round: int = 0, type: VoteType = VoteType.PREVOTE) -> Receive:
    return Receive(Vote(type, sender, 0, round, value))


def precommit(sender: bytes, value: Value | None, round: int = 0) -> Receive:
    return vote(sender, value, round, VoteType.PRECOMMIT)


def proposal(value: Value, round: int = 0, valid_round: int = -1) -> Receive:
    return Receive(Proposal(proposer(0, round), 0, round, value, valid_round))


def run(acts: Sequence[Act], validator: bytes = b"d") -> tuple[Driver, list[Output]]:
    driver, outputs = driver_of(validator, FOUR, 0), []
    for what in acts:
        driver, output, _ = act(driver, what, SETTING)
        outputs.append(output)
    return driver, outputs


def mine(type: VoteType, value: Value | None, round: int = 0) -> CastVote:
    return CastVote(Vote(type, b"d", 0, round, value))


@pytest.mark.rule("FIN-act", "FIN-on-prevotes", "FIN-on-precommits", "FIN-chain")
def test_a_round_without_trouble_decides() -> None:
    polka = [vote(sender, A) for sender in NAMES[:3]]
    commit = [precommit(sender, A) for sender in NAMES[:3]]
    owed = Settle(Owed(Input(Kind.PROPOSAL_POLKA, value=A), 0, 0))
    driver, outputs = run([Start(), proposal(A), *polka, owed, *commit])
    assert outputs == [
        StartTimeout(0, Timeout.PROPOSE), mine(VoteType.PREVOTE, A), NOTHING, NOTHING,
        StartTimeout(0, Timeout.PREVOTE), mine(VoteType.PRECOMMIT, A), NOTHING, NOTHING, Decide(0, A),
    ]
    [decision] = driver.chain
    assert decision.proposal == proposal(A).message
    assert decision.commit == certificate_of(VoteType.PRECOMMIT, 0, 0, A, NAMES[:3])


@pytest.mark.rule("FIN-on-precommits")
def test_a_commit_of_an_earlier_round_decides() -> None:
    commit = [precommit(sender, A) for sender in NAMES[:2]]
    skip = [vote(sender, None, 3) for sender in NAMES[:2]]
    driver, outputs = run([Start(), proposal(A), *commit, *skip, precommit(b"c", A)])
    assert driver.consensus.round == 3 and outputs[-1] == Decide(0, A)


@pytest.mark.rule("FIN-hand-on-once")
def test_an_input_is_handed_on_once() -> None:
    _, outputs = run([Start(), proposal(BAD), Reconsider(), Expire(Timeout.PROPOSE), Expire(Timeout.PROPOSE)])
    assert outputs[1] == mine(VoteType.PREVOTE, None) and outputs[-1] == NOTHING


@pytest.mark.rule("FIN-proposal-leader")
def test_a_proposal_of_another_than_the_leader_is_dropped() -> None:
    driver, outputs = run([Start(), Receive(Proposal(b"b", 0, 0, A, -1))])
    assert outputs[-1] == NOTHING and not driver.proposals


@pytest.mark.rule("FIN-valid-first")
def test_an_invalid_proposal_gets_nil_and_is_not_kept() -> None:
    driver, outputs = run([Start(), proposal(BAD)])
    assert outputs[-1] == mine(VoteType.PREVOTE, None) and not driver.proposals
    commit = [precommit(sender, BAD) for sender in NAMES[:3]]
    driver, outputs = run([Start(), proposal(BAD), *commit])
    assert outputs[-1] == StartTimeout(0, Timeout.PRECOMMIT), "a quorum of liars does not make it valid"


@pytest.mark.rule("FIN-valid-round")
def test_a_valid_round_waits_for_its_polka() -> None:
    polka = [vote(sender, A) for sender in NAMES[:3]]
    enter = [precommit(sender, None, 1) for sender in NAMES[:2]]
    _, outputs = run([Start(), *enter, proposal(A, 1, 0), *polka])
    assert outputs[3:] == [NOTHING, NOTHING, NOTHING, mine(VoteType.PREVOTE, A, 1)]
    _, outputs = run([Start(), *polka, *enter, proposal(A, 1, 0)])
    assert outputs[-1] == mine(VoteType.PREVOTE, A, 1)


@pytest.mark.rule("FIN-step-change")
def test_votes_that_came_early_count_when_the_step_is_entered() -> None:
    early = [vote(sender, None) for sender in NAMES[:3]]
    _, outputs = run([Start(), *early, Expire(Timeout.PROPOSE), Reconsider()])
    assert outputs[-2:] == [mine(VoteType.PREVOTE, None), mine(VoteType.PRECOMMIT, None)]
    early = [vote(sender, A) for sender in NAMES[:3]]
    _, outputs = run([Start(), *early, proposal(A), Reconsider()])
    assert outputs[-1] == mine(VoteType.PRECOMMIT, A)


@pytest.mark.rule("FIN-height")
def test_another_height_changes_nothing() -> None:
    before, _ = run([Start()])
    for message in (
        Vote(VoteType.PREVOTE, b"a", 1, 0, A), Proposal(b"b", 1, 0, A, -1),
        certificate_of(VoteType.PREVOTE, 1, 0, A, NAMES),
    ):
        after, output, certificate = act(before, Receive(message), SETTING)
        assert (output, certificate) == (NOTHING, None)
        assert after == msgspec.structs.replace(before, changed=Step.NONE)


def test_a_leader_asks_and_proposes() -> None:
    _, outputs = run([Start(), Provide(B)], b"a")
    assert outputs == [GetValue(0, 0), Propose(Proposal(b"a", 0, 0, B, -1))]


def test_a_certificate_can_be_shown_once_there_is_one() -> None:
    driver, _ = run([Start(), *(vote(sender, A) for sender in NAMES[:2])])
    _, _, certificate = act(driver, vote(b"c", A), SETTING)
    assert certificate == certificate_of(VoteType.PREVOTE, 0, 0, A, NAMES[:3])
