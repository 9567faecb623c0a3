"""What a row does to a validator: it goes forward, and it votes where it never voted before."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hyperion.sequencer.finality import consensus
from hyperion.sequencer.finality.consensus import Consensus
from hyperion.sequencer.finality.types import CastVote, Input, Kind, Propose, SkipRound, Step, VoteType
from hyperion.symbolic.ideal import Ideal
from hyperion.symbolic.proxies import all_of, any_of, implies, negation
from hyperion_proofs.finality.local_state import any_consensus, any_input, is_orderly, place, rank
from hyperion_proofs.mutant import NoSuchCode, mutant
from hyperion_proofs.statement import Given, Statement

ENTERING: Final = (Kind.NEW_ROUND, Kind.NEW_ROUND_PROPOSER)
"""The only inputs before the first round."""
WITH_VALUE: Final = (Kind.PROPOSAL, Kind.PROPOSAL_POLKA, Kind.PROPOSAL_POLKA_PREVIOUS, Kind.PROPOSAL_COMMIT)


def is_asked_rightly(state: Consensus, given: Input) -> Any:
    """What a node sees to before it asks a row, as far as one validator's memory goes. FIN-guards shows that it does.

    The height is open, and begins with a round; what is said of a value names one; and an invalid proposal is told
    before the prevote only.
    """
    parts: list[Any] = [state.step != Step.COMMIT]
    if given.kind in WITH_VALUE:
        parts.append(given.value is not None)
    if given.kind == Kind.PROPOSAL_POLKA_INVALID:
        parts.append(state.step == Step.PROPOSE)
    if state.step == Step.NONE:
        parts.append(given.kind in ENTERING)
    return all_of(*parts)


def any_turn(given: Given, kind: Kind, rightly: bool = True) -> tuple[Consensus, Input]:
    """Any orderly state and an input of the kind, of which a row may be asked."""
    state = any_consensus(given)
    told = any_input(given, kind)
    given.assume(is_orderly(state))
    if rightly:
        given.assume(is_asked_rightly(state, told))
    return state, told


def same(one: Any, other: Any) -> Any:
    """Whether two choices, each a value or nil, are equal."""
    return one is other if one is None or other is None else one == other


def noted(given: Given, state: Consensus, after: Consensus) -> None:
    """Both states, for people."""
    for name, it in (("before", state), ("after", after)):
        locked, valid = (it.locked_round, it.locked_value), (it.valid_round, it.valid_value)
        given.note(name, (it.round, it.step.name.lower(), "locked", locked, "valid", valid))


def goes_forward(kind: Kind, rightly: bool = True) -> Statement:
    """The state after the row is no earlier one, orderly, and locks or values change in ``PROPOSAL_POLKA`` only."""

    def statement(given: Given) -> None:
        state, told = any_turn(given, kind, rightly)
        after, output = consensus.advance(state, told)
        noted(given, state, after)
        given.claim("one validator", after.validator == state.validator)
        given.claim("one height", after.height == state.height)
        given.claim("no rank is lost", rank(after) >= rank(state))
        given.claim("no round is lost", after.round >= state.round)
        given.claim("in order", is_orderly(after))
        given.claim("no lock of an earlier round", after.locked_round >= state.locked_round)
        locked = all_of(after.locked_round == state.locked_round, same(after.locked_value, state.locked_value))
        valid = all_of(after.valid_round == state.valid_round, same(after.valid_value, state.valid_value))
        if kind == Kind.PROPOSAL_POLKA:
            given.claim("a lock is of this round", any_of(locked, locks(state, after, told, output)))
            now = all_of(after.valid_round == state.round, same(after.valid_value, told.value))
            given.claim("what is valid is of this round", any_of(valid, now))
        else:
            given.claim("the lock stays", locked)
            given.claim("what is valid stays", valid)
        if isinstance(output, SkipRound):
            given.claim("the next round is later", output.round > after.round)
        if isinstance(output, CastVote | Propose):
            given.claim("who speaks leaves the height open", after.step != Step.COMMIT)

    return statement


def locks(state: Consensus, after: Consensus, told: Input, output: object) -> Any:
    """Whether the step locked the input's value in this round, with a precommit for it."""
    if not isinstance(output, CastVote):
        return False
    vote = output.vote
    return all_of(
        state.step == Step.PREVOTE, vote.type == VoteType.PRECOMMIT, same(vote.value, told.value),
        after.locked_round == state.round, same(after.locked_value, told.value),
    )  # fmt: skip


def votes_anew(kind: Kind, rightly: bool = True) -> Statement:
    """A vote is the validator's own, and its place is beyond those of all votes before it, and reached by it.

    ``earlier`` is the place of any vote that it has cast: by induction it is not beyond the rank.
    """

    def statement(given: Given) -> None:
        state, told = any_turn(given, kind, rightly)
        earlier = given.integer("place of an earlier vote", 0)
        given.assume(earlier <= rank(state))
        after, output = consensus.advance(state, told)
        noted(given, state, after)
        given.claim("earlier votes are not beyond the rank", earlier <= rank(after))
        if not isinstance(output, CastVote):
            return
        vote = output.vote
        given.note("vote", (vote.type.name.lower(), vote.round, vote.value))
        given.claim("its own", all_of(vote.sender == state.validator, vote.height == state.height))
        given.claim("of this round", vote.round == state.round)
        here = place(vote.type, vote.round)
        given.claim("no vote was cast there", negation(here == earlier))
        given.claim("not beyond the rank", here <= rank(after))

    return statement


def proposes_anew(kind: Kind) -> Statement:
    """A proposal is the validator's own, and of a round that it has just entered, or of the application's answer.

    A valid value stays one, so where the first is, the second is not: an answer is refused then.
    """

    def statement(given: Given) -> None:
        state, told = any_turn(given, kind)
        after, output = consensus.advance(state, told)
        noted(given, state, after)
        given.claim("a valid value stays one", state.valid_value is None or after.valid_value is not None)
        if kind == Kind.PROPOSE_VALUE:
            given.claim("the round stays", after.round == state.round)
        if not isinstance(output, Propose):
            return
        proposal = output.proposal
        given.note("proposal", (proposal.round, proposal.value, proposal.valid_round))
        given.claim("its own", all_of(proposal.sender == state.validator, proposal.height == state.height))
        given.claim("of this round", proposal.round == after.round)
        if kind != Kind.PROPOSE_VALUE:
            given.claim("of a round just entered", after.round > state.round)
            given.claim("where there is a valid value", after.valid_value is not None)

    return statement


def places_differ(given: Given) -> None:
    """Votes of one place are of one round and type: another round or type is another place."""
    rounds = given.integer("round", 0), given.integer("another round", 0)
    for one in VoteType:
        for other in VoteType:
            equal = place(one, rounds[0]) == place(other, rounds[1])
            given.claim("one place, one round and type", implies(equal, all_of(rounds[0] == rounds[1], one == other)))


def with_fault(kind: Kind, old: str, new: str) -> Ideal:
    """The rows with a piece exchanged in what that of a kind does."""
    row = consensus.ROWS[kind]
    if row is None:
        raise NoSuchCode(f"{kind!r} has no row")
    faulty = msgspec.structs.replace(row, act=mutant(row.act, old, new))
    rows = (*consensus.ROWS[:kind], faulty, *consensus.ROWS[kind + 1 :])
    return Ideal(consensus, "ROWS", rows, "seeded fault")
