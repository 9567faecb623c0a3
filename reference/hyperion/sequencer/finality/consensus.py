"""The algorithm itself: one row for each thing that may happen, as data, and the function that applies a row.

A row knows nothing of messages and weights: who calls it has established that what its input says is true (``driver``
does). Source: arXiv 1807.04938, algorithm 1, with the inputs and steps of Malachite's ``consensus.qnt``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from hyperion.rules import rule
from hyperion.sequencer.finality.types import (
    NO_ROUND,
    NOTHING,
    Address,
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


class Consensus(msgspec.Struct, frozen=True, gc=False):
    """What one validator remembers of the algorithm at one height."""

    validator: Address
    height: int
    round: int = NO_ROUND
    step: Step = Step.NONE
    locked_round: int = NO_ROUND
    locked_value: Value | None = None
    valid_round: int = NO_ROUND
    valid_value: Value | None = None


Result: TypeAlias = tuple[Consensus, Output]
Act: TypeAlias = Callable[[Consensus, Input], Result]


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row of the algorithm: in which steps it is enabled, on what further condition, and what it does."""

    id: str
    kind: Kind
    lines: str
    """Lines of algorithm 1 in the paper; empty for what only an implementation needs."""
    steps: frozenset[Step]
    needs: str
    """The further condition in words; empty where there is none."""
    is_enabled: Callable[[Consensus, Input], bool]
    act: Act


def _evolved(
    state: Consensus,
    *,
    round: int | None = None,
    step: Step | None = None,
    lock: Value | None = None,
    valid: Value | None = None,
) -> Consensus:
    # One constructor call: half the time of a general copy with changes. A lock or valid value is of this round.
    return Consensus(
        state.validator,
        state.height,
        state.round if round is None else round,
        state.step if step is None else step,
        state.locked_round if lock is None else state.round,
        state.locked_value if lock is None else lock,
        state.valid_round if valid is None else state.round,
        state.valid_value if valid is None else valid,
    )


def _voted(state: Consensus, type: VoteType, value: Value | None, lock: Value | None = None) -> Result:
    after = _evolved(state, step=Step.PREVOTE if type == VoteType.PREVOTE else Step.PRECOMMIT, lock=lock, valid=lock)
    return after, CastVote(Vote(type, state.validator, state.height, state.round, value))


@rule("FIN-lead-round", "The leader of a round proposes its valid value, or asks the application where it has none.")
def lead_round(state: Consensus, given: Input) -> Result:
    """Enter a round as its leader (lines 11 and 14 to 19)."""
    after = _evolved(state, round=given.round, step=Step.PROPOSE)
    if state.valid_value is None:
        return after, GetValue(state.height, given.round)
    return after, Propose(
        Proposal(state.validator, state.height, given.round, state.valid_value, state.valid_round)
    )


@rule("FIN-propose-value", "A leader proposes what the application gave, with its own valid round.")
def propose_value(state: Consensus, given: Input) -> Result:
    """Propose the application's value (lines 18 and 19)."""
    value = given.value if given.value is not None else b""
    return state, Propose(Proposal(state.validator, state.height, state.round, value, state.valid_round))


@rule("FIN-follow-round", "A validator that does not lead a round waits for its proposal for a limited time.")
def follow_round(state: Consensus, given: Input) -> Result:
    """Enter a round that another validator leads (lines 11, 20 and 21)."""
    return _evolved(state, round=given.round, step=Step.PROPOSE), StartTimeout(given.round, Timeout.PROPOSE)


@rule("FIN-prevote-new", "A new value gets a prevote where nothing is locked, or the same value; otherwise nil does.")
def prevote_new(state: Consensus, given: Input) -> Result:
    """Prevote on a valid proposal without a valid round (lines 22 to 26)."""
    free = state.locked_round == NO_ROUND or state.locked_value == given.value
    return _voted(state, VoteType.PREVOTE, given.value if free else None)


@rule("FIN-prevote-invalid", "A proposal that is not valid gets a prevote for nil.")
def prevote_invalid(state: Consensus, given: Input) -> Result:
    """Prevote nil on an invalid proposal (lines 26 and 32)."""
    return _voted(state, VoteType.PREVOTE, None)


@rule(
    "FIN-prevote-old",
    "A value with a polka of an earlier round gets a prevote unless another one was locked after that round.",
)
def prevote_old(state: Consensus, given: Input) -> Result:
    """Prevote on a valid proposal with a polka in its valid round (lines 28 to 33)."""
    free = state.locked_round <= given.round or state.locked_value == given.value
    return _voted(state, VoteType.PREVOTE, given.value if free else None)


@rule("FIN-polka-any", "Prevotes of a quorum without one value start the timeout for prevotes.")
def wait_for_prevotes(state: Consensus, given: Input) -> Result:
    """Wait for more prevotes for a limited time (line 34)."""
    return state, StartTimeout(state.round, Timeout.PREVOTE)


@rule("FIN-precommit-lock", "A polka for a valid proposal locks its value, and gets a precommit; later it only counts.")
def precommit_value(state: Consensus, given: Input) -> Result:
    """Lock and precommit in step prevote; in step precommit only remember the valid value (lines 36 to 43)."""
    if state.step == Step.PREVOTE:
        return _voted(state, VoteType.PRECOMMIT, given.value, lock=given.value)
    return _evolved(state, valid=given.value), NOTHING


@rule("FIN-precommit-nil", "A polka for nil gets a precommit for nil.")
def precommit_nil(state: Consensus, given: Input) -> Result:
    """Precommit nil (line 44)."""
    return _voted(state, VoteType.PRECOMMIT, None)


@rule("FIN-precommit-any", "Precommits of a quorum start the timeout for precommits.")
def wait_for_precommits(state: Consensus, given: Input) -> Result:
    """Wait for more precommits for a limited time (line 47)."""
    return state, StartTimeout(state.round, Timeout.PRECOMMIT)


@rule("FIN-decide", "A valid proposal with precommits of a quorum in any round decides the height, once.")
def decide(state: Consensus, given: Input) -> Result:
    """Decide (line 49)."""
    value = given.value if given.value is not None else b""
    return _evolved(state, step=Step.COMMIT), Decide(given.round, value)


@rule("FIN-skip-round", "More than a third of the weight in a later round ends the present one.")
def skip_round(state: Consensus, given: Input) -> Result:
    """Leave for a later round (line 55)."""
    return _evolved(state, step=Step.UNSTARTED), SkipRound(given.round)


@rule("FIN-timeout-propose", "Where no proposal came in time, nil gets a prevote.")
def prevote_late(state: Consensus, given: Input) -> Result:
    """Prevote nil for want of a proposal (line 57)."""
    return _voted(state, VoteType.PREVOTE, None)


@rule("FIN-timeout-prevote", "Where no polka came in time, nil gets a precommit.")
def precommit_late(state: Consensus, given: Input) -> Result:
    """Precommit nil for want of a polka (line 61)."""
    return _voted(state, VoteType.PRECOMMIT, None)


@rule("FIN-timeout-precommit", "Where no decision came in time, the next round begins.")
def end_round(state: Consensus, given: Input) -> Result:
    """Go on to the next round (line 65)."""
    return _evolved(state, step=Step.UNSTARTED), SkipRound(state.round + 1)


def _always(state: Consensus, given: Input) -> bool:
    return True


def _is_later(state: Consensus, given: Input) -> bool:
    return given.round > state.round


def _is_earlier(state: Consensus, given: Input) -> bool:
    return 0 <= given.round < state.round


def _is_now(state: Consensus, given: Input) -> bool:
    return given.height == state.height and given.round == state.round


ALL: Final = frozenset(Step)
OUTSIDE: Final = frozenset({Step.NONE, Step.UNSTARTED})
PROPOSING: Final = frozenset({Step.PROPOSE})
PREVOTING: Final = frozenset({Step.PREVOTE})
VOTING: Final = frozenset({Step.PREVOTE, Step.PRECOMMIT})
OPEN: Final = ALL - {Step.COMMIT}

LATER: Final = "the round is later than the present one"
EARLIER: Final = "the valid round is earlier than the present one"
NOW: Final = "height and round are the present ones"

TABLE: Final[tuple[Row, ...]] = (
    Row("FIN-lead-round", Kind.NEW_ROUND_PROPOSER, "11, 14-19", OUTSIDE, LATER, _is_later, lead_round),
    Row("FIN-follow-round", Kind.NEW_ROUND, "11, 20-21", OUTSIDE, LATER, _is_later, follow_round),
    Row("FIN-propose-value", Kind.PROPOSE_VALUE, "18-19", ALL, "", _always, propose_value),
    Row("FIN-prevote-new", Kind.PROPOSAL, "22-26", PROPOSING, "", _always, prevote_new),
    Row("FIN-prevote-old", Kind.PROPOSAL_POLKA_PREVIOUS, "28-33", PROPOSING, EARLIER, _is_earlier, prevote_old),
    Row("FIN-prevote-invalid", Kind.PROPOSAL_INVALID, "22-26", PROPOSING, "", _always, prevote_invalid),
    # Without a step of its own, as published: the driver asks for it in step propose only.
    Row("FIN-prevote-invalid", Kind.PROPOSAL_POLKA_INVALID, "28-32", ALL, "", _always, prevote_invalid),
    Row("FIN-polka-any", Kind.POLKA_ANY, "34", PREVOTING, "", _always, wait_for_prevotes),
    Row("FIN-precommit-lock", Kind.PROPOSAL_POLKA, "36-43", VOTING, "", _always, precommit_value),
    Row("FIN-precommit-nil", Kind.POLKA_NIL, "44", PREVOTING, "", _always, precommit_nil),
    Row("FIN-precommit-any", Kind.PRECOMMIT_ANY, "47", ALL, "", _always, wait_for_precommits),
    Row("FIN-decide", Kind.PROPOSAL_COMMIT, "49-54", OPEN, "", _always, decide),
    Row("FIN-skip-round", Kind.ROUND_SKIP, "55", ALL, LATER, _is_later, skip_round),
    Row("FIN-timeout-propose", Kind.TIMEOUT_PROPOSE, "57", PROPOSING, NOW, _is_now, prevote_late),
    Row("FIN-timeout-prevote", Kind.TIMEOUT_PREVOTE, "61", PREVOTING, NOW, _is_now, precommit_late),
    Row("FIN-timeout-precommit", Kind.TIMEOUT_PRECOMMIT, "65", ALL, NOW, _is_now, end_round),
)
"""All rows. Each kind of input has one, except ``Kind.NONE``, which has none."""
ROWS: Final = tuple(next((row for row in TABLE if row.kind == kind), None) for kind in Kind)
"""The row of each kind, by its number."""


@rule("FIN-no-input", "What has no row changes nothing.")
def advance(state: Consensus, given: Input) -> Result:
    """The state after one input, and what it asks. A row that is not enabled leaves the state, with ``Refusal``."""
    row = ROWS[given.kind]
    if row is None:
        return state, Refusal("FIN-no-input", by_step=False)
    if state.step not in row.steps:
        return state, Refusal(row.id, by_step=True)
    if not row.is_enabled(state, given):
        return state, Refusal(row.id, by_step=False)
    return row.act(state, given)
