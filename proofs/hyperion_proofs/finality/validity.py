"""What is decided was accepted: an honest validator votes only for a value that it has asked the application about.

First of the rows, then of what is asked of them, then of any quorum, in which there is somebody honest.
"""

from __future__ import annotations

from typing import Any, Final, cast

import attrs

from hyperion.sequencer.finality import consensus
from hyperion.sequencer.finality.types import CastVote, Decide, Kind, Propose, Value
from hyperion.symbolic.proxies import all_of, implies
from hyperion_proofs.finality.agreement import Everybody, Quorum
from hyperion_proofs.finality.local_asking import TRUE
from hyperion_proofs.finality.local_driver import any_driver, any_setting
from hyperion_proofs.finality.local_rows import any_turn, noted
from hyperion_proofs.finality.local_sets import Kept
from hyperion_proofs.finality.local_state import any_input, any_type
from hyperion_proofs.statement import Given, Statement

PROPOSED: Final = (Kind.PROPOSAL, Kind.PROPOSAL_POLKA_PREVIOUS, Kind.PROPOSAL_POLKA, Kind.PROPOSAL_COMMIT)
"""Inputs whose value the validator has from a proposal that it keeps."""


def was_accepted(given: Given, value: Value | None) -> Any:
    """Whether the application accepts it; nil needs nobody's leave."""
    return True if value is None else given.result("is valid", (cast(int, value),), 0, 1) == 1


def keeps_to_accepted(kind: Kind) -> Statement:
    """What is accepted goes in, so what comes out is: the vote, the decision, and what is remembered."""

    def statement(given: Given) -> None:
        state, told = any_turn(given, kind)
        given.assume(all_of(was_accepted(given, state.locked_value), was_accepted(given, state.valid_value)))
        if kind in PROPOSED:
            given.assume(was_accepted(given, told.value))
        after, output = consensus.advance(state, told)
        noted(given, state, after)
        remembered = all_of(was_accepted(given, after.locked_value), was_accepted(given, after.valid_value))
        given.claim("what is remembered was accepted", remembered)
        if isinstance(output, CastVote):
            given.note("votes", (output.vote.type.name.lower(), output.vote.value))
            given.claim("what is voted for was accepted", was_accepted(given, output.vote.value))
        if isinstance(output, Decide):
            given.claim("what is decided was accepted", was_accepted(given, output.value))
        if isinstance(output, Propose) and kind == Kind.NEW_ROUND_PROPOSER:
            given.claim("what is proposed again was accepted", was_accepted(given, output.proposal.value))

    return statement


def asks_of_accepted(kind: Kind, judged: bool = True) -> Statement:
    """A row that is rightly asked of a proposed value (FIN-guards) is asked of one that was accepted.

    Where proposals are not ``judged``, any are kept.
    """

    def statement(given: Given) -> None:
        setting = any_setting(given)
        driver = any_driver(given, setting)
        kept = cast(Kept, driver.proposals)
        (kept if judged else attrs.evolve(kept, proper=lambda one: True)).listed()
        told = any_input(given, kind)
        given.assume(told.value is not None)
        given.assume(TRUE[kind](driver, told))
        given.note("told of", told.value)
        given.claim("accepted", setting.is_valid(cast(Value, told.value)))

    return statement


def somebody_honest_accepts(most: int = 3) -> Statement:
    """A value for which there is a quorum was accepted by an honest validator."""

    def statement(given: Given) -> None:
        everybody = Everybody(given, most)
        quorum = Quorum(any_type(given, "type"), given.integer("round", 0), given.integer("value", 0))
        given.assume(everybody.has(quorum))
        given.assume(everybody.meet(quorum, quorum))
        honest = everybody.common(quorum, quorum)
        accepted = given.result("accepts", (honest, quorum.value), 0, 1) == 1
        vote = everybody.vote(honest, quorum.type, quorum.round)
        given.note("what somebody honest voted", vote)
        given.assume(implies(vote >= 0, given.result("accepts", (honest, vote), 0, 1) == 1))
        given.claim("it accepts the value", accepted)

    return statement
