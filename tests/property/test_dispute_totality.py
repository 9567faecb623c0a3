"""Settlement and the fault dispute game take any event: each is accepted, or refused with a reason of their own.

Examples: 150 lists of up to ten events for each. The edge game has its own test among the games.
"""

from typing import Any, Final

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperion.primitives.hashing import HASH_BYTES
from hyperion.settlement.dispute import events as moves
from hyperion.settlement.faultgame import events as faults
from hyperion.settlement.faultgame.invariants import violated as faults_violated
from hyperion.settlement.faultgame.parameters import bond_at
from hyperion.settlement.faultgame.rules import step as faults_step
from hyperion.settlement.faultgame.types import Game, MachineStatus
from hyperion.settlement.faultgame.types import Reason as FaultReason
from hyperion.settlement.finality import events as e
from hyperion.settlement.finality.invariants import violated
from hyperion.settlement.finality.types import Chain, Output, Reason
from hyperion.settlement.rejection import Rejected
from hyperion_conformance.dispute.faultplay import START as FAULT_START
from hyperion_conformance.dispute.faultplay import Chain as Outputs
from hyperion_conformance.dispute.faultplay import Match
from tests.support.dispute_settlement import RULES, Court, false_output, true_output

NAMES: Final = st.sampled_from([b"", b"x" * HASH_BYTES, b"y" * (HASH_BYTES + 1)])
VALUES: Final = st.sampled_from([b"", *(bytes([status]) + b"v" * 31 for status in MachineStatus)])
NUMBERS: Final = st.one_of(st.integers(-3, 130), st.sampled_from([1_001, 1_050, 2**256 - 1, 2**256, 10**90]))
PROOFS: Final = st.sampled_from([None, b"proof", b"start", (b"",), 7])
OUTPUTS: Final = st.one_of(
    st.builds(true_output, st.integers(990, 1_060)),
    st.builds(false_output, st.integers(990, 1_060), st.integers(0, 2)),
    st.builds(Output, NAMES, NAMES, NUMBERS, NUMBERS),
)
SETTLEMENT: Final = st.one_of(
    st.builds(e.Propose, NAMES, OUTPUTS, st.integers(-1, 130), NUMBERS, st.sampled_from([RULES.bond, 0])),
    st.builds(e.Play, NAMES, st.builds(moves.UpdateTimer, NAMES)),
    st.builds(e.Settle, NAMES),
    st.builds(e.Finalize, NAMES),
    st.builds(e.CloseGame, NAMES),
    st.builds(e.Void, NAMES),
    st.builds(e.VoidOrphans, NAMES),
    st.builds(e.Pause, NUMBERS),
    st.builds(e.ReturnBond, NAMES),
    st.builds(e.Deposit, NUMBERS),
    st.builds(e.Prove, NUMBERS, NUMBERS, NUMBERS, NAMES, PROOFS),
    st.builds(e.Pay, NUMBERS, NUMBERS, NUMBERS),
)
FAULTS: Final = st.one_of(
    st.builds(faults.Move, NUMBERS, VALUES, VALUES, st.booleans(), NUMBERS, NUMBERS),
    st.builds(faults.Step, NUMBERS, st.booleans(), st.sampled_from([b"", b"start"]), PROOFS, NUMBERS),
    st.builds(faults.ChallengeBlockNumber, st.sampled_from([None, 104, 105]), NUMBERS),
    st.builds(faults.ResolveClaim, st.integers(-1, 9), st.integers(-1, 3)),
    st.builds(faults.Resolve),
    st.builds(faults.Close, st.booleans(), st.booleans()),
    st.builds(faults.ClaimCredit, NUMBERS),
)


def aimed(event: Any, chain: Chain, pick: int) -> Any:
    """The event at something that exists, so that it gets past the first question."""
    names, questions = sorted(chain.assertions), sorted(chain.contests)
    changes: dict[str, bytes] = {}
    for field in ("parent", "assertion"):
        if hasattr(event, field) and pick % 4:
            changes[field] = names[pick % len(names)]
    if hasattr(event, "question") and questions and pick % 4:
        changes["question"] = questions[pick % len(questions)]
    return attrs.evolve(event, **changes)


@pytest.mark.rule("DIS-settlement-well-formed")
@settings(max_examples=150)
@given(st.lists(st.tuples(SETTLEMENT, st.integers(-2, 600), st.integers(0, 99)), max_size=10))
def test_settlement_takes_any_event(events: list[tuple[Any, int, int]]) -> None:
    court = Court()
    court.made(true_output(1_010))
    for event, delay, pick in events:
        court.later(delay)
        after = court.send(aimed(event, court.chain, pick))
        if isinstance(after, Rejected):
            assert isinstance(after.reason, Reason)
        else:
            court.chain = after
        assert violated(court.chain) == ()


@pytest.mark.rule("DIS-settlement-well-formed")
@pytest.mark.parametrize("number", [-1, 2**256])
def test_numbers_are_words(number: int) -> None:
    court = Court()
    court.refuse(e.Pay(number, 1, 1), Reason.MALFORMED)
    court.refuse(e.Prove(1, 1, number, court.chain.anchor, None), Reason.MALFORMED)
    court.refuse(court.propose(attrs.evolve(true_output(1_010), last_inclusion=number)), Reason.MALFORMED)
    court.refuse(court.propose(attrs.evolve(true_output(1_010), state=b"")), Reason.MALFORMED)


@pytest.mark.rule("DIS-fdg-well-formed")
@settings(max_examples=150)
@given(st.lists(st.tuples(FAULTS, st.integers(-2, 700), st.integers(0, 5)), max_size=10))
def test_the_fault_dispute_game_takes_any_event(events: list[tuple[Any, int, int]]) -> None:
    game, now, machine = Match().game, FAULT_START, Outputs().machine
    for event, delay, pick in events:
        now += delay
        if isinstance(event, faults.Move) and pick:
            index = pick % len(game.claims)
            claim = game.claims[index]
            paid = bond_at(game.parameters, claim.position.depth + 1) if pick % 2 else event.paid
            event = attrs.evolve(event, parent=index, disputed=claim.value, paid=paid)
        after = faults_step(game, event, now, machine)
        if isinstance(after, Rejected):
            assert isinstance(after.reason, FaultReason)
        else:
            game = after
        assert isinstance(game, Game)
        assert faults_violated(game) == ()


@pytest.mark.rule("DIS-fdg-well-formed")
def test_values_have_their_length() -> None:
    match = Match()
    match.refuse(match.move(0, True, b""), FaultReason.MALFORMED)
    match.refuse(match.move(0, True, b"v" * 33), FaultReason.MALFORMED)
