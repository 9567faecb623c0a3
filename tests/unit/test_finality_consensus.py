"""The rows of the algorithm in every step: what each does where it is enabled, and that it does nothing elsewhere."""

from typing import Final

import msgspec
import pytest

from hyperion.sequencer.finality.consensus import ROWS, TABLE, Consensus, advance
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
    Refusal,
    SkipRound,
    StartTimeout,
    Step,
    Timeout,
    Value,
    Vote,
    VoteType,
)

ME: Final = b"me"
A: Final = b"A"
B: Final = b"B"
STATE: Final = Consensus(ME, height=7, round=3, step=Step.PROPOSE)
LOCKED: Final = msgspec.structs.replace(STATE, locked_round=1, locked_value=A, valid_round=2, valid_value=A)


def prevote(value: Value | None) -> CastVote:
    return CastVote(Vote(VoteType.PREVOTE, ME, 7, 3, value))


def precommit(value: Value | None) -> CastVote:
    return CastVote(Vote(VoteType.PRECOMMIT, ME, 7, 3, value))


def at(step: Step, state: Consensus = STATE) -> Consensus:
    return msgspec.structs.replace(state, step=step)


# Each line: the rule, the state, the input, the fields that change, the output. By hand, from the paper.
CASES: Final[tuple[tuple[str, Consensus, Input, dict[str, object], Output], ...]] = (
    ("FIN-lead-round", at(Step.UNSTARTED), Input(Kind.NEW_ROUND_PROPOSER, 4), {"round": 4, "step": Step.PROPOSE},
     GetValue(7, 4)),
    ("FIN-lead-round", at(Step.UNSTARTED, LOCKED), Input(Kind.NEW_ROUND_PROPOSER, 5),
     {"round": 5, "step": Step.PROPOSE}, Propose(Proposal(ME, 7, 5, A, 2))),
    ("FIN-follow-round", at(Step.NONE), Input(Kind.NEW_ROUND, 4), {"round": 4, "step": Step.PROPOSE},
     StartTimeout(4, Timeout.PROPOSE)),
    ("FIN-propose-value", STATE, Input(Kind.PROPOSE_VALUE, value=B), {}, Propose(Proposal(ME, 7, 3, B, -1))),
    ("FIN-prevote-new", STATE, Input(Kind.PROPOSAL, 3, B), {"step": Step.PREVOTE}, prevote(B)),
    ("FIN-prevote-new", LOCKED, Input(Kind.PROPOSAL, 3, A), {"step": Step.PREVOTE}, prevote(A)),
    ("FIN-prevote-new", LOCKED, Input(Kind.PROPOSAL, 3, B), {"step": Step.PREVOTE}, prevote(None)),
    ("FIN-prevote-old", LOCKED, Input(Kind.PROPOSAL_POLKA_PREVIOUS, 1, B), {"step": Step.PREVOTE}, prevote(B)),
    ("FIN-prevote-old", LOCKED, Input(Kind.PROPOSAL_POLKA_PREVIOUS, 0, B), {"step": Step.PREVOTE}, prevote(None)),
    ("FIN-prevote-old", LOCKED, Input(Kind.PROPOSAL_POLKA_PREVIOUS, 0, A), {"step": Step.PREVOTE}, prevote(A)),
    ("FIN-prevote-invalid", LOCKED, Input(Kind.PROPOSAL_INVALID), {"step": Step.PREVOTE}, prevote(None)),
    ("FIN-prevote-invalid", STATE, Input(Kind.PROPOSAL_POLKA_INVALID, value=A), {"step": Step.PREVOTE}, prevote(None)),
    ("FIN-polka-any", at(Step.PREVOTE), Input(Kind.POLKA_ANY), {}, StartTimeout(3, Timeout.PREVOTE)),
    ("FIN-precommit-lock", at(Step.PREVOTE, LOCKED), Input(Kind.PROPOSAL_POLKA, value=B),
     {"step": Step.PRECOMMIT, "locked_round": 3, "locked_value": B, "valid_round": 3, "valid_value": B}, precommit(B)),
    ("FIN-precommit-lock", at(Step.PRECOMMIT, LOCKED), Input(Kind.PROPOSAL_POLKA, value=B),
     {"valid_round": 3, "valid_value": B}, NOTHING),
    ("FIN-precommit-nil", at(Step.PREVOTE, LOCKED), Input(Kind.POLKA_NIL), {"step": Step.PRECOMMIT}, precommit(None)),
    ("FIN-precommit-any", at(Step.PROPOSE), Input(Kind.PRECOMMIT_ANY), {}, StartTimeout(3, Timeout.PRECOMMIT)),
    ("FIN-decide", at(Step.UNSTARTED), Input(Kind.PROPOSAL_COMMIT, 9, B), {"step": Step.COMMIT}, Decide(9, B)),
    ("FIN-skip-round", at(Step.PREVOTE, LOCKED), Input(Kind.ROUND_SKIP, 6), {"step": Step.UNSTARTED}, SkipRound(6)),
    ("FIN-timeout-propose", STATE, Input(Kind.TIMEOUT_PROPOSE, 3, height=7), {"step": Step.PREVOTE}, prevote(None)),
    ("FIN-timeout-prevote", at(Step.PREVOTE), Input(Kind.TIMEOUT_PREVOTE, 3, height=7), {"step": Step.PRECOMMIT},
     precommit(None)),
    ("FIN-timeout-precommit", at(Step.PRECOMMIT, LOCKED), Input(Kind.TIMEOUT_PRECOMMIT, 3, height=7),
     {"step": Step.UNSTARTED}, SkipRound(4)),
)

# Each line: an input that its row refuses, in a state in which the step is right, since its condition fails.
REFUSED: Final = (
    (at(Step.UNSTARTED), Input(Kind.NEW_ROUND_PROPOSER, 3)),
    (at(Step.UNSTARTED), Input(Kind.NEW_ROUND, 2)),
    (STATE, Input(Kind.PROPOSAL_POLKA_PREVIOUS, 3, A)),
    (STATE, Input(Kind.PROPOSAL_POLKA_PREVIOUS, -1, A)),
    (STATE, Input(Kind.ROUND_SKIP, 3)),
    (STATE, Input(Kind.TIMEOUT_PROPOSE, 2, height=7)),
    (STATE, Input(Kind.TIMEOUT_PROPOSE, 3, height=6)),
    (at(Step.PREVOTE), Input(Kind.TIMEOUT_PREVOTE, 4, height=7)),
    (STATE, Input(Kind.TIMEOUT_PRECOMMIT, 3, height=8)),
)

# The steps in which each kind of input does something, from the paper's lines and the published guards.
STEPS: Final = {
    Kind.NEW_ROUND: {Step.NONE, Step.UNSTARTED},
    Kind.NEW_ROUND_PROPOSER: {Step.NONE, Step.UNSTARTED},
    Kind.PROPOSE_VALUE: set(Step),
    Kind.PROPOSAL: {Step.PROPOSE},
    Kind.PROPOSAL_POLKA_PREVIOUS: {Step.PROPOSE},
    Kind.PROPOSAL_INVALID: {Step.PROPOSE},
    Kind.POLKA_NIL: {Step.PREVOTE},
    Kind.POLKA_ANY: {Step.PREVOTE},
    Kind.PROPOSAL_POLKA: {Step.PREVOTE, Step.PRECOMMIT},
    Kind.PROPOSAL_POLKA_INVALID: set(Step),
    Kind.PRECOMMIT_ANY: set(Step),
    Kind.PROPOSAL_COMMIT: set(Step) - {Step.COMMIT},
    Kind.ROUND_SKIP: set(Step),
    Kind.TIMEOUT_PROPOSE: {Step.PROPOSE},
    Kind.TIMEOUT_PREVOTE: {Step.PREVOTE},
    Kind.TIMEOUT_PRECOMMIT: set(Step),
}
ENABLING: Final = {
    Kind.NEW_ROUND: Input(Kind.NEW_ROUND, 4),
    Kind.NEW_ROUND_PROPOSER: Input(Kind.NEW_ROUND_PROPOSER, 4),
    Kind.PROPOSAL_POLKA_PREVIOUS: Input(Kind.PROPOSAL_POLKA_PREVIOUS, 1, A),
    Kind.ROUND_SKIP: Input(Kind.ROUND_SKIP, 4),
    **{
        kind: Input(kind, 3, height=7)
        for kind in (Kind.TIMEOUT_PROPOSE, Kind.TIMEOUT_PREVOTE, Kind.TIMEOUT_PRECOMMIT)
    },
}


@pytest.mark.parametrize(("id", "state", "given", "changes", "output"), CASES)
@pytest.mark.rule(
    "FIN-lead-round", "FIN-follow-round", "FIN-propose-value", "FIN-prevote-new", "FIN-prevote-old",
    "FIN-prevote-invalid", "FIN-polka-any", "FIN-precommit-lock", "FIN-precommit-nil", "FIN-precommit-any",
    "FIN-decide", "FIN-skip-round", "FIN-timeout-propose", "FIN-timeout-prevote", "FIN-timeout-precommit",
)
def test_a_row_does_what_the_paper_says(
    id: str, state: Consensus, given: Input, changes: dict[str, object], output: Output
) -> None:
    row = ROWS[given.kind]
    assert row is not None and row.id == id
    assert advance(state, given) == (msgspec.structs.replace(state, **changes), output)


@pytest.mark.parametrize(("state", "given"), REFUSED)
def test_a_condition_that_fails_leaves_the_state(state: Consensus, given: Input) -> None:
    row = ROWS[given.kind]
    assert row is not None
    assert advance(state, given) == (state, Refusal(row.id, by_step=False))


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_a_row_is_enabled_in_its_steps_only(kind: Kind) -> None:
    given = ENABLING.get(kind, Input(kind, 3, A))
    for step in Step:
        after, output = advance(at(step), given)
        if step in STEPS[kind]:
            assert not isinstance(output, Refusal)
        else:
            assert after == at(step) and isinstance(output, Refusal) and output.by_step


@pytest.mark.rule("FIN-no-input")
def test_what_has_no_row_changes_nothing() -> None:
    assert advance(STATE, Input(Kind.NONE)) == (STATE, Refusal("FIN-no-input", by_step=False))


def test_each_kind_has_one_row_and_each_row_its_rule() -> None:
    assert sorted(row.kind for row in TABLE) == sorted(set(Kind) - {Kind.NONE})
    carried = {row.id: {rule.id for rule in getattr(row.act, "__rules__", ())} for row in TABLE}
    assert all(id in rules for id, rules in carried.items())
