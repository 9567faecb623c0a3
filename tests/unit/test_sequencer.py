"""Where stake, schedule and finality meet: a chain that validators decide, over epochs, with an offence and an exit."""

from typing import Final, get_args

import attrs
import pytest
from immutables import Map

from hyperion.sequencer.finality.acts import Decision
from hyperion.sequencer.finality.certificates import Certificate, Rejected, certificate_of
from hyperion.sequencer.finality.node import Begin, Deliver, Supply, gossip, node_of, step
from hyperion.sequencer.finality.types import Address, GetValue, Proposal, Vote, VoteType
from hyperion.sequencer.parameters import Parameters
from hyperion.sequencer.rules import (
    Accused,
    Decided,
    Event,
    Sequencer,
    decided_by,
    epoch_of,
    genesis,
    setting,
    validators_at,
)
from hyperion.sequencer.rules import step as sequenced
from hyperion.sequencer.schedule.leaders import leader
from hyperion.sequencer.stake.invariants import conserved, sets_are_sound
from hyperion.sequencer.stake.types import Accuse, Bond, Deposit, EndEpoch, Fees, Reason, Refused, Unbond

FIGURES: Final = Parameters(least_bond=10, downtime_burn=1)
NAMES: Final = tuple(bytes([number]) * 20 for number in (1, 2, 3, 4))
PREVOTE, PRECOMMIT = VoteType.PREVOTE, VoteType.PRECOMMIT
A: Final = b"A"
B: Final = b"B"


def begun() -> Sequencer:
    state = genesis(FIGURES, 0, Map(dict.fromkeys(NAMES, 100)), 3)
    assert isinstance(state, Sequencer)
    return state


def certificate(height: int, signers: tuple[Address, ...] = NAMES[:3], value: bytes = A, round: int = 0) -> Certificate:
    return certificate_of(PRECOMMIT, height, round, value, signers)


def block(state: Sequencer, fees: int = 0, handover: Certificate | None = None, round: int = 0) -> Decided:
    """The next height, decided by all but the last validator."""
    who = leader(state.schedule, state.height, round)
    return Decided(Proposal(who, state.height, round, A, -1), certificate(state.height, round=round), fees, handover)


def after(state: Sequencer, event: object, time: int = 1) -> Sequencer:
    outcome = sequenced(FIGURES, state, time, event)  # type: ignore[arg-type]
    assert isinstance(outcome, Sequencer), outcome
    return outcome


def an_epoch(state: Sequencer, time: int = 1) -> Sequencer:
    for _ in range(state.epoch_heights - 1):
        state = after(state, block(state), time)
    return after(state, block(state, handover=certificate(state.height)), time)


@pytest.mark.rule("SEQ-genesis")
def test_height_0_begins_epoch_0() -> None:
    state = begun()
    assert (state.height, state.stake.epoch, validators_at(state, 0).total) == (0, 0, 400)
    assert genesis(FIGURES, 0, Map(dict.fromkeys(NAMES, 100)), 0) == Rejected("SEQ-genesis")
    assert isinstance(genesis(FIGURES, 0, Map({NAMES[0]: 1}), 3), Refused)


@pytest.mark.rule("SEQ-decided", "SEQ-decided-fees", "SEQ-missed")
def test_a_decided_height_moves_on_and_pays_its_leader() -> None:
    state = begun()
    moved = after(state, block(state, fees=7))
    who = leader(state.schedule, 0, 0)
    assert moved.height == 1 and moved.stake.accounts[who].free == 7
    assert dict(moved.absences) == {NAMES[3]: 1}
    later = after(state, block(state, fees=7, round=2))
    assert later.stake.accounts[leader(state.schedule, 0, 2)].free == 7


@pytest.mark.rule("SEQ-decided")
def test_what_decides_nothing_is_refused() -> None:
    state = begun()
    good = block(state)
    other = next(name for name in NAMES if name != good.proposal.sender)
    wrong = (
        attrs.evolve(good, commit=certificate(0, value=B)),
        attrs.evolve(good, commit=certificate(1)),
        attrs.evolve(good, commit=certificate(0, round=1)),
        attrs.evolve(good, commit=certificate_of(PREVOTE, 0, 0, A, NAMES[:3])),
        attrs.evolve(good, proposal=Proposal(other, 0, 0, A, -1)),
        attrs.evolve(good, proposal=Proposal(good.proposal.sender, 1, 0, A, -1)),
    )
    assert [sequenced(FIGURES, state, 1, event) for event in wrong] == [Rejected("SEQ-decided")] * len(wrong)
    few = attrs.evolve(good, commit=certificate(0, NAMES[:2]))
    assert sequenced(FIGURES, state, 1, few) == Rejected("FIN-quorum")
    assert sequenced(FIGURES, after(state, good, 5), 4, block(after(state, good, 5))) == Refused(Reason.CLOCK, (4, 5))


@pytest.mark.rule("SEQ-epoch-end")
def test_an_epoch_ends_with_both_sets() -> None:
    state = begun()
    for _ in range(2):
        state = after(state, block(state))
    for handover in (None, certificate(1), certificate(2, NAMES[:2]), certificate(2, value=B)):
        assert isinstance(sequenced(FIGURES, state, 1, block(state, handover=handover)), Rejected)
    ended = after(state, block(state, handover=certificate(2, NAMES[1:])))
    assert (ended.stake.epoch, ended.height, ended.schedule.first, dict(ended.firsts)) == (1, 3, 3, {0: 0, 1: 3})
    assert ended.stake.accounts[NAMES[3]].jailed_until is not None, "who missed all heights of the epoch is jailed"
    assert dict(ended.absences) == {}


@pytest.mark.rule("SEQ-epoch-end")
def test_without_a_set_to_fix_the_epoch_goes_on() -> None:
    state = begun()
    for name in NAMES:
        state = after(state, Unbond(name, 100))
    for _ in range(5):
        state = after(state, block(state))
    assert (state.stake.epoch, state.height) == (0, 5)
    state = after(after(state, Deposit(NAMES[0], 50)), Bond(NAMES[0], 50))
    assert after(state, block(state, handover=certificate(5))).stake.epoch == 1


@pytest.mark.rule("SEQ-accused", "SEQ-signed-epoch")
def test_evidence_is_judged_in_the_epoch_it_was_signed_for() -> None:
    state = an_epoch(begun())
    two = (Vote(PREVOTE, NAMES[1], 1, 0, A), Vote(PREVOTE, NAMES[1], 1, 0, None))
    burned = after(state, Accused(0, *two))
    assert burned.stake.burned > state.stake.burned and burned.stake.accounts[NAMES[1]].offended
    assert sequenced(FIGURES, burned, 1, Accused(0, *reversed(two))) == Refused(Reason.ONCE)
    for wrong in (
        Accused(1, *two), Accused(0, two[0], Vote(PREVOTE, NAMES[0], 1, 0, None)),
        Accused(1, *(Vote(PREVOTE, NAMES[1], 9, 0, value) for value in (A, None))),
    ):
        assert sequenced(FIGURES, state, 1, wrong) == Rejected("SEQ-accused")
    # Height 2 ended epoch 0: both sets voted on it.
    last = (Vote(PRECOMMIT, NAMES[1], 2, 0, A), Vote(PRECOMMIT, NAMES[1], 2, 0, B))
    assert after(state, Accused(0, *last)).stake == after(state, Accused(0, *reversed(last))).stake
    assert after(state, Accused(1, *last)).stake.accounts[NAMES[1]].offended
    proposals = (Proposal(NAMES[1], 1, 0, A, -1), Proposal(NAMES[1], 1, 0, A, 0))
    assert after(state, Accused(0, *proposals)).stake.accounts[NAMES[1]].offended
    same = Accused(0, two[0], two[0])
    assert sequenced(FIGURES, state, 1, same) == Refused(Reason.EVIDENCE)


def test_an_epoch_of_a_height_is_known_as_long_as_evidence_may_come() -> None:
    state = begun()
    for _ in range(4):
        state = an_epoch(attrs.evolve(state, absences=Map()), time=1)
    assert [epoch_of(state, height) for height in (0, 2, 3, 12, 13)] == [0, 0, 1, 4, None]
    long = FIGURES.evidence_age + FIGURES.inclusion + 2
    state = an_epoch(state, time=long)
    state = an_epoch(state, time=2 * long)
    assert epoch_of(state, 0) is None and epoch_of(state, state.height) == state.stake.epoch


@pytest.mark.rule("SEQ-step")
def test_fees_and_ends_of_epochs_come_from_heights_only() -> None:
    state = begun()
    moved = after(state, Deposit(NAMES[0], 5))
    assert moved.stake.accounts[NAMES[0]].free == 5 and moved.height == 0
    assert isinstance(sequenced(FIGURES, state, 1, Bond(NAMES[0], 5)), Refused)
    assert not {Fees, EndEpoch, Accuse} & {*get_args(Event)}


@pytest.mark.rule("SEQ-setting", "SEQ-chain")
def test_what_validators_decide_the_sequencer_accepts() -> None:
    """Four validators run three heights by the state's own schedule; the state takes their decisions."""
    state = begun()
    validators = validators_at(state, 0)
    here = setting(state, lambda value: True)
    nodes = {name: node_of(name, validators) for name in NAMES}
    for height in range(3):
        asked = b""
        for name in NAMES:
            nodes[name], effects = step(nodes[name], Begin(validators), here)
            asked = name if any(isinstance(effect, GetValue) for effect in effects) else asked
        assert asked == leader(state.schedule, height, 0)
        nodes[asked], _ = step(nodes[asked], Supply(height, 0, b"%d" % height), here)
        for _ in range(3):
            for name in NAMES:
                for message in gossip(nodes[name]):
                    for other in NAMES:
                        nodes[other], _ = step(nodes[other], Deliver(message), here)
        decisions = {nodes[name].driver.chain[height].proposal.value for name in NAMES}
        assert decisions == {b"%d" % height}
        decision = nodes[NAMES[0]].driver.chain[height]
        assert decision.commit is not None
        # The next set is the same validators here, so their certificate serves for both.
        event = decided_by(decision, 1, decision.commit if height == 2 else None)
        assert isinstance(event, Decided)
        state = after(state, event)
        assert conserved(state.stake) and sets_are_sound(FIGURES, state.stake)
    assert (state.height, state.stake.epoch) == (3, 1)
    assert decided_by(Decision(Proposal(NAMES[0], 0, 0, A, -1), None)) == Rejected("SEQ-chain")
